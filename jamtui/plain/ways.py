"""Handlers of the action table in plain mode: filters, what is hot, people, a plan, what is followed and muted."""

from __future__ import annotations

from msgspec.structs import replace

from jamtui.errors import UsageError
from jamtui.model import Mark, PersonRow, PostRow, SearchHit, ThreadRow
from jamtui.plain import words
from jamtui.plain.writing import Writing
from jamtui.ways import complete_filter, minutes_of
from screens.spot import Spot

_MOST = 20  # marks that are told at once


class Ways(Writing):
    """Methods named ``do_...`` are those of the action table."""

    # -- orders and filters

    def do_threads(self) -> None:
        self._to_place("all")

    def do_filter(self, line: str = "") -> None:
        """Narrows the list; without words, asks for them, with those that are set to go on from."""
        session = self.session
        if not line:
            tags = [tag.name for tag in session.tags()]
            people = [row.handle for row in session.people() if row.posts]
            langs = [name for name, _ in session.languages()]
            self.flush()
            typed = self.console.line(
                "Show only: ", self.spot.filter, complete=lambda text: complete_filter(text, tags, people, langs)
            )
            if typed.key == "escape":
                self.show()
                return
            line = typed.text
        line = line.strip()
        session.filter(line)
        spot = self.spot
        if spot.kind != "threads" or spot.place in (
            "hot",
            "unanswered",
        ):  # from anywhere else: the threads of all forums
            spot = Spot("all", sort=spot.sort)
        self.enter(replace(spot, filter=line, thread="", reading=False))

    def do_filter_clear(self) -> None:
        line = self.spot.filter
        if not line:
            raise UsageError("nothing is narrowed here", self.with_keys("{filter} sets a filter."))
        self._narrow("")
        self.offer("all threads again", lambda: self._narrow(line))

    def _narrow(self, line: str) -> None:
        self.go(replace(self.spot, filter=line, thread="", reading=False))

    # -- hot, people

    def do_hot(self) -> None:
        self._to_place("hot")

    def do_people(self) -> None:
        self._to_place("people")

    def do_person(self, handle: str = "") -> None:
        """The page of a person: the one named, else the author of the post where one is."""
        row = self.row
        if not handle:
            match row:
                case PersonRow():
                    handle = row.id
                case ThreadRow() | PostRow():
                    handle = row.author_id
                case SearchHit():
                    handle = row.post.author_id
                case _:
                    raise UsageError("nobody is chosen here", "Go to a post, or type :person HANDLE.")
        page = self.session.person(handle)
        back = "people" if self.spot.kind == "people" else ""
        self.enter(Spot("person", sort=self.spot.sort, about=page.person.id, back=back))

    # -- the plan

    def do_plan(self, minutes: str = "") -> None:
        wanted = minutes_of(minutes)
        self.plan = self.session.plan(wanted)
        self.session.set_place("list:plan", "")
        self.keys = ()
        self._to_place("plan")

    # -- what is followed and muted

    def do_followed(self) -> None:
        self._to_place("followed")

    def do_muted(self) -> None:
        """Tells what is muted and what is followed, with numbers; those that are typed are taken off."""
        marks = [*self.session.mark_rows(Mark.MUTED), *self.session.mark_rows(Mark.FOLLOWED)]
        if not marks:
            self.say(
                self.with_keys(
                    "Nothing is muted, and nothing is followed. {mute} mutes a thread, {follow} follows one."
                )
            )
            return
        for number, mark in enumerate(marks[:_MOST], 1):
            self.say(f"{number}. {str(mark.mark).capitalize()}: {mark.kind} {words.one_line(mark.name, 100)}")
        if len(marks) > _MOST:
            self.say(f"And {len(marks) - _MOST:,} more; jamtui muted and jamtui followed list all.")
        shown = min(_MOST, len(marks))
        picked = self.number(f"Which one no longer, {words.numbers(shown)}; Enter leaves all: ", shown)
        if picked is None:
            self.say("All left as it is.")
        else:
            self.offer_undo(self.session.take_off(marks[picked - 1]))
        self.reload()
