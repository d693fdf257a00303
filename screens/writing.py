"""The main screen, writing half: the composer, votes, tags, saving, links, copying."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from textual import on
from textual.app import SuspendNotSupported
from textual.widget import AwaitMount

from jamtui import model
from jamtui.errors import JamError, NotFound, UsageError
from jamtui.event import Act
from jamtui.model import Draft, DraftKind, PostRow, ThreadRow, Undo, begins
from jamtui.notice import InboxRow
from jamtui.refusals import ACT_OF
from jamtui.safe_text import safe_block
from screens.moving import Moving
from screens.type_ahead import holds_keys
from widgets.bindings import rebind
from widgets.links import Link
from widgets.markdown_lines import parse
from widgets.rows import count, one_line
from widgets.status_line import HintLine
from widgets.thread_reader import ThreadReader

if TYPE_CHECKING:
    from widgets.composer import Composer

_CONNECTED = (model.Link.LIVE, model.Link.READER, model.Link.SYNCING)


class Writing(Moving, part=True):
    """Actions that change the Jam or take something along. Mixed into `screens.jam.JamScreen`.

    The composer and the dialogs are imported when one opens: most who start only read.
    """

    def offer_undo(self, what: str, take_back: Callable[[], None]) -> None:
        raise NotImplementedError

    def offer(self, undo: Undo) -> None:
        raise NotImplementedError

    if TYPE_CHECKING:  # `screens.hosting` has it; a body here would stand before that

        def write_as_host(self, kind: DraftKind, target: str) -> None: ...

    def on_mount(self) -> None:
        """Who comes back, after a crash perhaps, hears of what was not sent."""
        if waiting := len(self.session.drafts()):
            self.say(
                f"{count(waiting, 'draft', 'drafts')} not sent yet; {self.keymap.name('drafts')} lists them", "fact"
            )

    # -- what is meant

    def _post(self) -> PostRow:
        """The post that an action is about: under the cursor of the thread, or of the list."""
        row: Any = self.reader.cursor_row if self.spot.reading else self.list_now.cursor_row
        if isinstance(row, PostRow):
            return self.session.post(row.id)
        if isinstance(row, ThreadRow):
            return self.session.post(row.id)
        if isinstance(row, InboxRow) and row.post_id:
            return self.session.post(row.post_id)
        raise UsageError("no post is chosen here", "Open a forum, then a thread.")

    def _may_write(self, act: Act) -> None:
        if reason := self.session.refusal(act):
            raise UsageError(reason)

    def leave(self) -> None:
        """What was typed last, too: the composer itself saves when one rests."""
        if self.writing:
            self.composer.save_now()
        super().leave()

    def unsaved(self) -> tuple[JamError, str] | None:
        """Why what is being written cannot be put on the disk, and the text of it, harmless."""
        if not self.writing:
            return None
        draft = self.composer.save_now()
        why = self.composer.unsaved
        return (why, safe_block(f"{draft.title}\n\n{draft.body}".strip())) if why is not None else None

    def _check_own(self, post: PostRow, verb: str) -> None:
        if not post.mine:
            raise UsageError(f"this post is not yours to {verb}")
        if post.gone:
            raise UsageError(f"this post was {model.GONE[post.gone]}")

    # -- the composer

    @property
    def composer(self) -> Composer:
        """The one that is open."""
        from widgets.composer import Composer

        return self.query_one(Composer)

    def _write(self, draft: Draft, heading: str, *, titled: bool) -> None:
        if self.writing:
            self.composer.focus_body()
            return
        from widgets.composer import Composer, Desk

        session = self.session
        forum_id = draft.target if draft.kind is DraftKind.THREAD else ""
        desk = Desk(
            save=session.save_draft,
            send=session.send,
            tags=lambda: session.tag_book(forum_id),
            title_limit=session.limits.title,
            body_limit=session.body_limit(draft.kind),
            phase=self._guidance(draft.kind),
            similar=session.ask_similar,
            title_of=self._title_of,
            look_words=f"  {self.keymap.name('similar')} looks",
        )
        self._answered = draft.target if draft.kind is DraftKind.REPLY else ""
        self._stood = None
        self.set_class(draft.kind not in (DraftKind.REPLY, DraftKind.EDIT), "-new-thread")
        self.query_one(HintLine).quiet()  # the keys of the composer stand there now
        composer = Composer(draft, heading, desk, titled=titled)
        rebind(composer, self.keymap)
        answered = self.session.key(draft.target) if draft.kind is not DraftKind.THREAD else None
        release = holds_keys(self.app)
        self.call_later(self._open_beside, self.query_one("#right").mount(composer), answered, release)

    async def _open_beside(self, composer: AwaitMount, answered: int | None, release: Callable[[], None]) -> None:
        """Once the composer is there, and the thread as high as it leaves room for: what is answered is at its top.

        Before any key that leads elsewhere: behind the sending it would take the cursor off what was sent."""
        await composer
        self._arrange()
        self._tell_meanwhile()  # from how it stands now on
        if answered is not None:
            self._when_laid_out(self.reader.go_to, answered)
        self._when_laid_out(release)

    def _guidance(self, kind: DraftKind) -> str:
        """What the phase is for, above what participants write; an announcement or a brief is no idea."""
        return "" if kind in (DraftKind.BRIEF, DraftKind.ANNOUNCEMENT) else self.session.phase_line()

    def idle_in_composer(self) -> frozenset[str]:
        return self.composer.idle

    def _refresh_lines(self) -> None:
        super()._refresh_lines()
        if self.writing and self.composer.is_mounted:
            self.composer.tell_state(
                self._guidance(self.composer.kind), self.session.refusal(ACT_OF[self.composer.kind])
            )

    def on_composer_alike(self) -> None:
        self._refresh_hints()

    def _title_of(self, post_id: str) -> str:
        try:
            post = self.session.post(post_id)
        except NotFound:
            return "a post that is not here"
        return begins(post)

    def action_new_thread(self) -> None:
        self._may_write(Act.THREADS)
        spot = self.spot
        row: Any = self.list_now.cursor_row
        forum_id = spot.forum if spot.kind == "threads" else row.id if spot.kind == "forums" and row else ""
        if not forum_id:
            raise UsageError("a thread belongs to a forum", "Open a forum first.")
        forum = self.session.forum(forum_id)
        if spot.kind == "forums":
            self.go(replace(spot, forum=forum.id, thread="", reading=False))
        draft = self.session.draft(DraftKind.THREAD, forum.id) or Draft(DraftKind.THREAD, forum.id)
        self._write(draft, f"New thread in {one_line(forum.title)}", titled=True)

    def action_reply(self) -> None:
        self._reply("")

    def action_quote(self) -> None:
        from widgets.composer import quoted

        post = self._post()
        self._reply(quoted(post.body, post.author))

    def _reply(self, quote: str) -> None:
        self._may_write(Act.REPLIES)
        post = self._post()
        if post.gone:
            raise UsageError(f"this post was {model.GONE[post.gone]}", "It can no longer be answered.")
        self.session.need_open_thread(post)
        self._read(post)
        draft = self.session.draft(DraftKind.REPLY, post.id) or Draft(DraftKind.REPLY, post.id)
        if quote:
            before = f"{draft.body.rstrip()}\n\n" if draft.body.strip() else ""
            draft = replace(draft, body=before + quote)
            self.session.save_draft(draft)
        begin = one_line(post.title) or one_line(post.body[:200])
        self._write(draft, f"Reply to {post.author}: {begin}", titled=False)

    def _read(self, post: PostRow) -> None:
        """The thread of ``post``, at it, with the keys: what is written stands under what it answers."""
        if not self.spot.reading:
            self.go(replace(self.spot, thread=post.thread_id, reading=True), post=post.id)

    def action_edit(self) -> None:
        self._may_write(Act.EDITS)
        post = self._post()
        self._check_own(post, "change")
        self.session.need_open_thread(post)
        if post.key < 0:
            outbox, reopen = self.keymap.name("outbox"), self.keymap.name("reopen")
            raise UsageError(
                "this post is not sent yet", f"{outbox} opens the outbox; {reopen} takes it back to change it."
            )
        self._read(post)
        self._write(self.session.edit_draft(post.id), "Change your post", titled=not post.parent_id)

    def action_discard(self) -> None:
        """Throws the draft away that belongs here: the reply to this post, or the new thread of this forum."""
        kind, target = DraftKind.THREAD, self.spot.forum
        if self.writing:
            open_now = self.composer.save_now()  # or it could not be brought back
            if self.composer.unsaved is not None:
                raise self.composer.unsaved
            undo = self.session.discard_draft(open_now.kind, open_now.target)
            self.composer.abandon()
            self.before_more_keys(self._close_composer(), "close-composer")
            self.offer(undo)
            return
        if self.spot.reading:
            post = self._post()
            kind = DraftKind.EDIT if self.session.draft(DraftKind.EDIT, post.id) else DraftKind.REPLY
            target = post.id
        undo = self.session.discard_draft(kind, target)
        self.offer(undo)

    # The handlers of the composer are named, not decorated: that would import it.

    async def on_composer_sent(self, message: Composer.Sent) -> None:
        await self._close_composer()
        self._when_laid_out(holds_keys(self.app))
        draft, post_id = message.draft, message.outbox_id
        if draft.kind is DraftKind.EDIT:
            post_id = draft.target
        with self.in_words(), self.session.at_once():  # it may arrive meanwhile, and have another key then
            self.reload()
            if draft.kind not in (DraftKind.BRIEF, DraftKind.ANNOUNCEMENT):
                post = self.session.post(post_id)
                self.go(replace(self.spot, thread=post.thread_id, reading=True), post=post.id)
                self._point_at(post)
        self.say(
            "On its way"
            if self.session.status().link in _CONNECTED
            else "Queued: it goes out when the connection is back"
        )

    def _point_at(self, post: PostRow) -> None:
        """The row of what was written is that of the cursor, and seen, where the list has it: one comes back to it."""
        listed = {"threads": self.session.key(post.thread_id), "posts": post.key}.get(self.spot.kind)
        if listed is not None and listed in self.list_now.keys:
            self.list_now.go_to(listed)

    async def on_composer_closed(self, message: Composer.Closed) -> None:
        await self._close_composer()
        self._when_laid_out(holds_keys(self.app))
        self.say(*(("Draft kept",) if message.kept else ("Nothing was written", "fact")))

    def before_more_keys(self, work: Coroutine[None, None, None], name: str) -> None:
        """Does it beside what is done now; keys wait until it is over: they are meant for what it leads to."""
        release = holds_keys(self.app)

        async def done() -> None:
            try:
                await work
            finally:
                self._when_laid_out(release)

        self.run_worker(done(), name=name)

    def _when_laid_out(self, do: Callable[..., object], *given: Any) -> None:
        """When the thread is as high as it will be: keys and what else moves in it are meant for that."""
        self.call_after_refresh(self.reader.call_later, do, *given)

    async def _close_composer(self) -> None:
        await self.query("#composer").remove()
        self._answered, self._stood = "", None
        self.remove_class("-new-thread")
        self._arrange()
        self._tell_meanwhile()

    def on_composer_editor(self, message: Composer.Editor) -> None:
        from screens.editor import write_outside

        composer = self.composer
        with self.in_words():
            folder = self.session.known.writing
            composer.replace_body(write_outside(self.app, composer.draft.body, folder, self.editor))

    # -- changes of a post

    def action_delete(self) -> None:
        from screens.dialogs import Confirm

        self._may_write(Act.EDITS)
        post = self._post()
        self._check_own(post, "take back")

        def answered(yes: bool | None) -> None:
            if yes:
                with self.in_words():
                    done = self.session.delete(post.id)
                    self.reload()
                    if isinstance(done, Undo):  # it was not sent yet
                        self.offer(done)
                    else:
                        self.say("Taken back")

        begin = one_line(post.title) or one_line(post.body)
        self.app.push_screen(
            Confirm(
                "Take this post back?",
                f"{begin[:160]}\n\nIts text goes for everybody; replies stay.",
                "Take back",
                danger=True,
            ),
            answered,
        )

    def action_vote(self) -> None:
        post = self._post()
        if post.voted:
            self.say(f"You voted for this already; {self.keymap.name('unvote')} takes it back", "fact")
            return
        self.session.vote(post.id)
        self.reload()
        self.offer_undo(f"Voted for {post.author}'s post", lambda: self._vote_again(post.id, False))

    def action_unvote(self) -> None:
        post = self._post()
        if not post.voted:
            self.say("You have not voted for this", "fact")
            return
        self.session.unvote(post.id)
        self.reload()
        self.offer_undo("Vote taken back", lambda: self._vote_again(post.id, True))

    def _vote_again(self, post_id: str, voted: bool) -> None:
        (self.session.vote if voted else self.session.unvote)(post_id)

    def action_tags(self) -> None:
        from widgets.tag_picker import TagPicker

        self._may_write(Act.TAGS)
        post = self.session.there(self._post().id)
        self.session.need_open_thread(post)
        about = one_line(post.title) or one_line(post.body[:200])

        done: dict[str, bool] = {}  # what was put on (True) or taken off in all

        def put(name: str) -> None:
            self.session.tag(post.id, name)
            done[name] = True

        def take(name: str) -> None:
            self.session.untag(post.id, name)
            done[name] = False

        def answered(_: object) -> None:
            self.reload()
            before = frozenset(post.tags)
            changed = {name: there for name, there in done.items() if there != (name in before)}
            if changed:
                what = ", ".join(f"{'on' if there else 'off'}: #{name}" for name, there in changed.items())
                self.offer_undo(f"Tags {what}", lambda: self._tag_again(post.id, changed))

        book, text = self.session.tag_book(post.forum_id), f"{post.title}\n{post.body}"
        self.app.push_screen(TagPicker(about, post.tags, book, text, put, take), answered)

    def _tag_again(self, post_id: str, changed: dict[str, bool]) -> None:
        for name, put in changed.items():
            (self.session.untag if put else self.session.tag)(post_id, name)

    # -- taking along

    def action_save(self) -> None:
        post = self._post()
        self.session.save(post.id, not post.saved)
        self.reload()
        told = "No longer saved" if post.saved else f"Saved; {self.keymap.name('saved')} lists what you saved"
        self.offer_undo(told, lambda: self.session.save(post.id, post.saved))

    def action_link(self) -> None:
        links = [link for link in parse(self._post().body).links if link.openable]
        if not links:
            raise UsageError("no link in this post")
        if len(links) == 1:
            self._ask(links[0])
        else:
            from screens.dialogs import Links

            self.app.push_screen(Links(links), self._ask)

    def _ask(self, link: Link | None) -> None:
        """Nothing of a stranger's is opened without a question: for each link, or once for a host that was chosen."""
        if link is None or not link.openable:
            return
        from jamtui import opener  # most who start open none

        why = opener.missing(os.environ)
        if not why and not link.warning and self.session.trusts(link.host):
            self._open(link)
            return
        from screens.dialogs import OpenLink

        self.app.push_screen(OpenLink(link, why), lambda answer: self._follow(link, answer or ""))

    @on(ThreadReader.LinkClicked)
    def link_clicked(self, message: ThreadReader.LinkClicked) -> None:
        self._ask(message.link)

    def _follow(self, link: Link, answer: str) -> None:
        if answer == "always":
            with self.in_words():
                self.session.trust(link.host)
        if answer in ("open", "always"):
            self._open(link)
        elif answer == "copy":
            self.app.copy_to_clipboard(link.url)
            self.say("Address of the link copied")

    def _open(self, link: Link) -> None:
        """The very address that was shown. A browser of the terminal has it while it runs; no key waits for others."""
        from jamtui import opener

        found = opener.find(os.environ)
        if found is not None and found.here:
            with self.in_words():
                try:
                    opener.open_url(link.url, os.environ, self.app.suspend())
                except SuspendNotSupported:
                    raise JamError(f"this terminal cannot be handed to {found.name}", "Copy the address.") from None
            return

        def hand_over() -> None:
            try:
                opener.open_url(link.url, os.environ)
            except JamError as error:
                self.app.call_from_thread(self.complain, error)

        self.say(f"Opening {link.host}")
        self.run_worker(hand_over, name="browser", thread=True)

    def action_hosts(self) -> None:
        """The hosts whose links open without a question."""
        from screens.dialogs import Hosts

        self.app.push_screen(Hosts(self.session.trusted_hosts(), self.session.trust))

    def action_copy(self) -> None:
        if selected := self.get_selected_text():
            self.app.copy_to_clipboard(selected)
            self.clear_selection()
            self.say("Selection copied")
            return
        post = self._post()
        self.app.copy_to_clipboard(f"{post.title}\n\n{post.body}" if post.title else post.body)
        self.say("Text copied")

    def action_copy_address(self) -> None:
        self.app.copy_to_clipboard(self.session.address(self._post().id))
        self.say("Address copied")
