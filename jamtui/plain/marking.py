"""Handlers of the action table in plain mode: read or not, votes, tags, saving, links, copying, undo."""

from __future__ import annotations

from collections.abc import Callable

from jamtui import opener
from jamtui.errors import JamError, UsageError, sentence
from jamtui.event import Act
from jamtui.model import ForumRow, Mark, PostRow, ThreadRow, Undo
from jamtui.notice import InboxRow
from jamtui.plain import words
from jamtui.plain.markdown import spoken
from jamtui.plain.moving import Moving
from jamtui.reading import ASK_ABOVE
from jamtui.safe_text import safe_line
from widgets.links import Link


class Marking(Moving):
    """Methods named ``do_...`` are those of the action table."""

    # -- undo

    def offer(self, what: str, take_back: Callable[[], None]) -> None:
        self.undos.add(what, take_back)
        self.message(f"{words.sentence(sentence(what))} {self.with_keys('{undo}')} takes it back.")

    def offer_undo(self, undo: Undo) -> None:
        if undo.nothing:
            self.say(words.sentence(undo.what))
        else:
            self.offer(undo.what, lambda: self.session.undo(undo))

    def do_undo(self) -> None:
        what = self.undos.take_back()
        if what is None:
            self.say("Nothing to take back.")
            return
        self.news.dropped(self.session)
        self.reload()
        self.message(f"Taken back: {words.sentence(sentence(what))}")
        if self.undos:
            self.say(f"{self.with_keys('{undo}')} takes back more ({len(self.undos)}).")

    # -- read or not

    def _may_mark(self) -> None:
        if self.session.explore:
            raise UsageError("nothing is marked while exploring", "Start jamtui without --explore to mark.")

    def do_toggle_read(self) -> None:
        self._may_mark()
        row = self.row
        if isinstance(row, InboxRow):
            self.offer_undo(self.session.toggle_inbox(row))
            self.reload()
            return
        if not isinstance(row, ThreadRow | PostRow):
            self.say(self.with_keys("Only threads and posts are marked; {all-read} marks a whole forum."))
            return
        self.offer_undo(self.session.toggle_read(row))
        if isinstance(row, PostRow):
            self._told.discard(row.key)
            if not row.unread:
                self.end = 0  # marked by hand: it stays so when one goes on
        self.reload()

    def do_all_read(self) -> None:
        self._may_mark()
        row = self.row
        session = self.session
        if self.spot.reading:
            found = session.all_unread(thread_id=self.spot.thread)
        elif isinstance(row, ForumRow):
            found = session.all_unread(forum_id=row.id)
        elif self.spot.kind == "threads":
            found = session.listed_unread(threads=[int(key) for key in self.keys])
        elif self.spot.kind == "posts":
            found = session.listed_unread(posts=[int(key) for key in self.keys])
        elif self.spot.kind == "inbox":
            keys = [str(key) for key in self.keys if session.inbox().unread(str(key))]
            things = sum(map(session.inbox().unread, keys))
            if things > ASK_ABOVE:
                self.flush()
                if not self.console.choose(f"Mark {things:,} as read? y does, any other key leaves it.", "y"):
                    self.say("Nothing marked.")
                    return
            self.offer_undo(session.read_inbox(keys))
            self.reload()
            return
        else:
            raise UsageError("nothing is read or unread here", "Open a forum or a thread first.")
        if len(found) > ASK_ABOVE:
            self.flush()
            if not self.console.choose(f"Mark {len(found):,} posts as read? y does, any other key leaves it.", "y"):
                self.say("Nothing marked.")
                return
        self.offer_undo(session.mark_found(found))
        self.reload()

    # -- votes, tags, saving

    def do_vote(self) -> None:
        post = self.need_post()
        if post.voted:
            self.say(self.with_keys("You voted for this already; {unvote} takes it back."))
            return
        self.session.vote(post.id)
        self.reload()
        votes = words.count(self.session.post(post.id).up, "vote")
        self.offer(f"voted for the post of {post.author}, {votes} now", lambda: self._vote_again(post.id, False))

    def do_unvote(self) -> None:
        post = self.need_post()
        if not post.voted:
            self.say("You have not voted for this.")
            return
        self.session.unvote(post.id)
        self.reload()
        self.offer("vote taken back", lambda: self._vote_again(post.id, True))

    def _vote_again(self, post_id: str, voted: bool) -> None:
        (self.session.vote if voted else self.session.unvote)(post_id)

    def do_save(self) -> None:
        post = self.need_post()
        self.session.save(post.id, not post.saved)
        self.reload()
        told = "No longer saved" if post.saved else self.with_keys("Saved; {saved} lists what you saved")
        self.offer(told, lambda: self.session.save(post.id, post.saved))

    def do_mute(self, what: str = "") -> None:
        self._mark(what, Mark.MUTED)

    def do_follow(self, what: str = "") -> None:
        self._mark(what, Mark.FOLLOWED)

    def _mark(self, what: str, mark: Mark) -> None:
        """``what`` is ``#tag``, ``@handle`` or a post; without it, the thread where one is is meant."""
        self.offer_undo(self.session.set_mark(what or self.need_post().thread_id, mark))
        self.reload()

    def may_write(self, act: Act) -> None:
        if reason := self.session.refusal(act):
            raise UsageError(reason)

    def do_tags(self) -> None:
        """Asks for tags, one a line, until there is none; each is put on, or taken off when it is on."""
        self.may_write(Act.TAGS)
        post = self.session.there(self.need_post().id)
        book, text = self.session.tag_book(post.forum_id), f"{post.title}\n{post.body}"
        on = list(post.tags)
        self.say(f"Tags: {', '.join(on) or 'none'}. Type one to put it on or take it off; Tab completes, Enter ends.")
        offered = book.suggest("", text, on, 8)
        if likely := [one.name for one in offered if one.why]:
            self.say(f"Likely: {', '.join(likely)}.")
        while True:
            self.flush()
            typed = self.console.line(
                "Tag: ", complete=lambda begin: [one.name for one in book.suggest(begin, text)] if begin else []
            )
            name = " ".join(typed.text.lower().strip().lstrip("#").split())
            if typed.key == "escape" or not name:
                break
            try:
                if name in on:
                    self.session.untag(post.id, name)
                    on.remove(name)
                else:
                    self.session.tag(post.id, name)
                    now = book.became(name)
                    if warning := book.warning((name,)):
                        self.say(f"{warning[:1].upper()}{warning[1:]}.")
                    name = now or name
                    on.append(name)
            except JamError as error:
                self.complain(error)
            else:
                self.say(f"{'On' if name in on else 'Off'}: {safe_line(name)}.")
        self.reload()
        told = f"Tags: {', '.join(map(safe_line, on)) or 'none'}"
        taken, put = [one for one in post.tags if one not in on], [one for one in on if one not in post.tags]
        if not taken and not put:
            self.say(f"{told}.")
            return

        def again() -> None:
            for name in put:
                self.session.untag(post.id, name)
            for name in taken:
                self.session.tag(post.id, name)

        self.offer(told, again)

    # -- links and copies

    def do_link(self) -> None:
        """Nothing of a stranger's is opened without a question that names the real host."""
        links = spoken(self.need_post().body).links
        if not links:
            raise UsageError("no link in this post")
        link = links[0] if len(links) == 1 else self._one_of(links)
        if link is None:
            self.say("No link opened.")
            return
        why = opener.missing(self.environ)
        if not why and not link.warning and self.session.trusts(link.host):
            self._browse(link)
            return
        self.say(f"Address: {link.url}")
        if link.warning:
            self.say(f"Careful: {link.warning}.")
        if why:
            self.say(f"There is {why}.")
        self.flush()
        if why:
            question, keys = f"Host {link.told_host}. y copies the address, any other key leaves it.", "y"
        elif link.warning:
            question, keys = (
                f"Open host {link.told_host} in the browser? o opens, y copies, any other key leaves it.",
                "oy",
            )
        else:
            question = (
                f"Open host {link.told_host} in the browser? o opens, a opens and asks no more for this host, "
                "y copies, any other key leaves it."
            )
            keys = "oay"
        answer = self.console.choose(question, keys)
        if answer == "a":
            self.session.trust(link.host)
        if answer in ("o", "a"):
            self._browse(link)
        elif answer == "y":
            self._copied(link.url, "Address of the link")
        else:
            self.say("No link opened.")

    def _browse(self, link: Link) -> None:
        """The very address that was told."""
        with self.console.released():
            self.browse(link.url)
        self.say(f"Opened {link.host}.")

    def do_hosts(self) -> None:
        """Tells whose links open without a question; the one that is typed is asked about again."""
        hosts = self.session.trusted_hosts()
        if not hosts:
            self.say("Each link is asked about. In that question, a opens and asks no more for its host.")
            return
        for number, host in enumerate(hosts, 1):
            self.say(f"{number}. {host}")
        picked = self.number(f"Ask again for which, {words.numbers(len(hosts))}; Enter leaves all: ", len(hosts))
        if picked is None:
            self.say("All left as it is.")
        else:
            chosen = hosts[picked - 1]
            self.session.trust(chosen, False)
            self.offer(f"links to {chosen} are asked about again", lambda: self.session.trust(chosen))

    def _one_of(self, links: tuple[Link, ...]) -> Link | None:
        for link in links:
            self.say(f"{link.number}. {link.text}, host {link.told_host}{', careful' if link.warning else ''}")
        picked = self.number(f"Which link, {words.numbers(len(links))}: ", len(links))
        return next((link for link in links if link.number == picked), None)

    def _copied(self, text: str, what: str) -> None:
        if self.console.copy(text):
            self.say(f"{what} copied.")
        else:
            self.say(f"There is no clipboard here. {what}:")
            for line in text.split("\n"):
                self.say(line)

    def do_copy(self) -> None:
        post = self.need_post()
        self._copied(f"{post.title}\n\n{post.body}" if post.title else post.body, "Text")

    def do_copy_address(self) -> None:
        address = self.session.address(self.need_post().id)
        self._copied(address, f"Address {address}" if self.console.keyed else "Address")
