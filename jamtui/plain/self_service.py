"""Handlers of the action table in plain mode: one's own profile, who is from where, and, for hosts, the tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jamtui.errors import UsageError, sentence
from jamtui.plain import words
from jamtui.plain.console import Leaving
from jamtui.plain.ways import Ways
from jamtui.profiles import own_data_file, write_new
from jamtui.safe_text import safe_line

_ASKED = {
    "name": "Name: ",
    "org": "Organisation: ",
    "country": "Country: ",
    "languages": "Languages, commas between them: ",
    "about": "About you, in a line: ",
}
_MOST = 12  # rows that are told of each list


class SelfService(Ways):
    """Methods named ``do_...`` are those of the action table."""

    def do_profile(self, handle: str = "") -> None:
        """Asks for each field, with what stands there to go on from; Escape leaves all as it was."""
        session = self.session
        if handle and handle.lstrip("@").casefold() != session.me.handle.casefold():
            self.do_person(handle)
            return
        now = session.profile()
        self.say("Your profile, which everybody can read. Enter keeps a line; Escape leaves all as it was.")
        typed: dict[str, str] = {}
        for name, label in _ASKED.items():
            self.flush()
            before = now.field(name)
            if "\n" in before:  # of several lines: not to be changed a line at a time
                self.say(f"{label.rstrip(': ')} has several lines; jamtui profile --set about=... changes it.")
                continue
            line = self.console.line(label, before, complete=_complete(name))
            if line.key == "escape":
                self.say("Nothing was changed.")
                return
            typed[name] = line.text
        _, undo, notes = session.change_profile(typed)
        self.offer_undo(undo)
        for note in notes:
            self.say(sentence(note) if note.endswith("?") else f"{sentence(note)}.")

    def do_my_data(self, file: str = "") -> None:
        """Asks the Jam now: it takes as long as the network takes."""
        session = self.session
        session.need_name("data of yours")
        import asyncio  # not for a start

        target = own_data_file(session.known, file)
        write_new(target, session.own_data(asyncio.run(session.fetch_own_data())))
        self.say(f"All that is yours is in {safe_line(str(target))}.")

    def do_delete_account(self) -> None:
        """What goes is told before the handle is typed; then the conversation ends, and the account with it."""
        session = self.session
        session.need_name("account of yours")
        if self.again is None:
            raise UsageError("nothing is kept of this Jam", "Your name in it goes when you leave.")
        self.flush()
        answer = self.console.choose("Your posts: k keeps them without your name, r removes them.", "kr")
        if not answer:
            self.say("Nothing was deleted.")
            return
        posts = "keep" if answer == "k" else "remove"
        self.say(f"This deletes {safe_line(session.me.handle)} from {safe_line(session.known.title)}, for good:")
        for line in session.what_goes(posts):
            self.say(f"{sentence(line)}.")
        self.say("Your handle goes to nobody else for half a year. :my-data keeps a copy first.")
        self.flush()
        typed = self.console.line("Type your handle to delete it all; Escape leaves: ")
        if typed.key == "escape":
            self.say("Nothing was deleted.")
            return
        session.need_my_handle(typed.text)
        raise Leaving(posts)

    def do_where_from(self) -> None:
        """The lists in words: a row a line, the most people first."""
        found = self.session.where_from()
        lists = (
            (("country", "countries"), found.countries),
            (("organisation", "organisations"), found.organisations),
            (("language", "languages"), found.languages),
        )
        if not any(row.name for _, rows in lists for row in rows):
            self.say("Nobody tells where they are from yet. :profile says it of you.")
            return
        self.say(f"Who is from where, of {words.count(found.people, 'person', 'people')}.")
        for names, rows in lists:
            told = [row for row in rows if row.name]
            silent = sum(row.people for row in rows if not row.name)
            if not told:
                continue
            self.say(f"{words.count(len(told), *names)}:")
            for row in told[:_MOST]:
                self.say(f"{words.one_line(row.name, 60)}: {row.people:,}, {words.count(row.posts, 'post')}")
            if len(told) > _MOST:
                self.say(f"And {len(told) - _MOST:,} more; jamtui people --where lists them.")
            if silent:
                self.say(f"{silent:,} do not tell.")

    def _which(self, label: str, start: str = "") -> str:
        """A tag that is typed; "" when it was left."""
        book = self.session.tag_book()
        self.flush()
        typed = self.console.line(
            label, start, complete=lambda text: [one.name for one in book.suggest(text)] if text else []
        )
        return "" if typed.key == "escape" else typed.text.strip().lstrip("#")

    def do_tag_curate(self, tag: str = "") -> None:
        """Tells the curated tags, then asks for one and what it means; an empty meaning asks whether to take it off."""
        self.session.need_tags()
        session = self.session
        if not tag:
            rows = session.curated_tags()
            self.say(f"Curated: {', '.join(f'{row.name}, {row.about}' if row.about else row.name for row in rows)}."
                     if rows else "No tag is curated yet.")  # fmt: skip
            tag = self._which("Tag: ")
        if not tag:
            self.say("Nothing was changed.")
            return
        row = session.tag_row(tag)
        if other := session.tag_book().variant(tag):
            self.say(f"There is {safe_line(other)}; :tag-merge makes them one.")
        self.flush()
        if row.curated and self.console.choose("It is curated. o takes it off, any other key goes on.", "o"):
            self.offer_undo(session.forget_tag(tag)[1])
            return
        typed = self.console.line("It means: ", row.about)
        if typed.key == "escape":
            self.say("Nothing was changed.")
            return
        self.offer_undo(session.curate_tag(tag, typed.text)[1])

    def do_tag_merge(self, tag: str = "") -> None:
        """Asks for the tag that goes and the one that stays, says what happens, and does it."""
        self.session.need_tags()
        session = self.session
        tag = tag or self._which("The tag that goes: ")
        into = self._which("The tag that stays: ", session.tag_book().variant(tag)) if tag else ""
        if not into:
            self.say("Nothing was changed.")
            return
        posts = words.count(session.tag_row(tag).count, "post")
        self.flush()
        question = f"{safe_line(tag)} becomes {safe_line(into)} on {posts}. y does it, any other key leaves it."
        if not self.console.choose(question, "y"):
            self.say("Nothing was changed.")
            return
        self.offer_undo(session.merge_tag(tag, into)[1])
        self.reload()


def _complete(name: str) -> Callable[[str], Sequence[str]] | None:
    from jamtui.countries import countries

    if name != "country":
        return None
    names = sorted(countries().values())
    return lambda text: [one for one in names if text and one.casefold().startswith(text.casefold())]
