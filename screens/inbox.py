"""The main screen's inbox: what is for the reader, a row a thread, the newest first.

It is a place like the others (`Spot.place` ``inbox``; `Spot.about` is what it shows of itself: "" for all, ``unread``,
or reasons). Live, mentions and followed list each post; the inbox has one row for forty answers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace
from textual.content import Content

from jamtui.errors import NotFound, UsageError
from jamtui.model import Changed
from jamtui.notice import REASONS, UNREAD, WORDS, InboxRow, Reason, asked, wanted
from jamtui.reading import ASK_ABOVE
from screens.messages import JamChanged
from screens.moving import Moving
from screens.spot import Spot
from widgets.banner import Banner
from widgets.card import Card


class Inboxing(Moving, part=True):
    """Mixed into `screens.jam.JamScreen`, over `Ways`."""

    def on_mount(self) -> None:
        self.call_after_refresh(self._look_into_inbox)  # not before the first frame

    def _look_into_inbox(self) -> None:
        """From here on the line at the top says how much is for the reader."""
        with self.in_words():
            self.session.inbox()
            self._refresh_lines()

    # -- what stands in it

    def _remembered(self) -> Spot:
        spot = super()._remembered()
        if spot.place == "inbox":
            try:
                wanted(spot.about)
            except UsageError:  # of another version
                return replace(spot, about="")
        return spot

    def _keys(self) -> Sequence[str] | Sequence[int]:
        if self.spot.kind != "inbox":
            return super()._keys()
        reasons, unread = wanted(self.spot.about)
        keys = self.session.inbox_keys(reasons, unread=unread)
        rows, here = self.list_now, self.list_now.cursor_key
        if unread and here is not None and here not in keys and here in rows.keys and self.session.inbox_rows([here]):
            keys = self._kept_in(keys, here)
        return keys

    def _kept_in(self, keys: list[str], here: str) -> list[str]:
        """What is read now stays under the cursor until one goes on: nothing moves away under the reader."""
        order = {key: at for at, key in enumerate(self.session.inbox_keys())}
        return sorted([*keys, here], key=lambda key: order.get(key, 0))

    def _fill_list(self) -> None:
        super()._fill_list()
        if self.spot.kind == "inbox":
            self.list_now.empty = self._nothing()

    def _nothing(self) -> str:
        if self.spot.about:
            return f"Nothing here.\n{self.keymap.name('filter-clear')} shows all of the inbox."
        words = "Nothing is for you yet."
        if self.session.me.guest:
            words = "Answers and mentions come to those who are signed in."
        return (
            f"{words}\n{self.keymap.fill('{follow} follows a thread, :follow #tag a tag, :follow @person a person.')}"
        )

    @property
    def _row_here(self) -> InboxRow | None:
        row = self.list_now.cursor_row if self.spot.kind == "inbox" and not self.spot.reading else None
        return row if isinstance(row, InboxRow) else None

    def _carded(self) -> bool:
        """What is no post has a card beside the list; a thread stands there itself."""
        row = self._row_here if self.is_mounted and self.spot.kind == "inbox" else None
        return (row is not None and not row.thread_id) or super()._carded()

    def _draw_card(self) -> None:
        row = self._row_here
        if row is not None and not row.thread_id:
            from widgets.inbox_list import thing_card

            self.query_one(Card).show(lambda width: thing_card(row, width, self.session.now(), self.ages))
        else:
            super()._draw_card()

    def _left_head(self) -> tuple[Content, Content]:
        if self.spot.kind != "inbox":
            return super()._left_head()
        unread = self.session.for_me()
        return Content("Inbox"), Content(f"{unread:,} new · {len(self.list_now.keys):,}" if unread else
                                         f"{len(self.list_now.keys):,}")  # fmt: skip

    def _right_head(self) -> tuple[Content, Content]:
        row = self._row_here
        if row is not None and not row.thread_id:
            return Content("What it says"), Content("")
        return super()._right_head()

    def _refresh_heads(self) -> None:
        super()._refresh_heads()
        if self.spot.kind == "inbox" and self.spot.about:
            names = [UNREAD if word == UNREAD else WORDS[Reason(word)] for word in self.spot.about.split()]
            chips = [part for name in names for part in ((f" {name} ", "reverse $accent"), " ")]
            tail = (f"  {self.keymap.name('filter-clear')} clears", "$text-disabled")
            self.query_one(Banner).say(Content.assemble(*chips, tail))

    def reads(self, thread_id: str) -> bool:
        """Whether this thread stands here to be read."""
        return self.spot.reading and self._shown == thread_id

    def action_notify(
        self, message: str = "", title: str = "", severity: str = "information", markup: bool = False
    ) -> None:
        """What will be used to tell of what came; ``test`` sends one. (Textual has an action of this name, and so
        arguments that nothing of ours gives.)"""
        from screens.inbox_dialogs import ThingDialog

        notices = getattr(self.app, "notices", None)
        if notices is None:
            raise UsageError("nothing is told yet", "The program has only begun.")
        if message not in ("", "test"):
            raise UsageError(f"notify does not take {message}", ":notify shows what is used, :notify test tries it.")
        if message:
            self.say(notices.try_one())
            return
        lines = [part for line in notices.told() for part in ((line, "$foreground"), "\n")]
        tail = ("\n[notify] in config.toml changes it; docs/config.md has all.", "$text-muted")
        text = Content.assemble(("What came for you is told like this", "bold $primary"), "\n\n", *lines, tail)
        self.app.push_screen(ThingDialog(lambda _: text, "   :notify test sends one"))

    # -- going there, and from there

    def action_inbox(self, words: str = "") -> None:
        about = asked(*wanted(words))
        self.session.inbox()
        self.forget_hits()
        self.go(Spot("inbox", self.spot.forum, sort=self.spot.sort, about=about))

    def to_place(self, place: str) -> None:
        if place == "inbox":
            self.action_inbox()
        else:
            super().to_place(place)

    def back(self) -> bool:
        if self.spot.kind != "inbox" or self.spot.reading or self.hits is not None:
            return super().back()
        self.go(Spot("forums", sort=self.spot.sort))
        return True

    def open_row(self) -> None:
        row = self.list_now.cursor_row
        if isinstance(row, InboxRow):
            self._open_inbox_row(row)
        else:
            super().open_row()

    def _open_inbox_row(self, row: InboxRow) -> None:
        if not row.thread_id:
            self._open_thing(row)
            return
        try:
            self.go(replace(self.spot, thread=row.thread_id, reading=True), post=row.post_id)
        except NotFound:
            self._open_thing(row)
            return
        if row.key.startswith("links:"):
            self.session.read_inbox([row.key])

    def _open_thing(self, row: InboxRow) -> None:
        """The whole text, and it is read; from there on to the post that it is about, if there is one."""
        from screens.inbox_dialogs import ThingDialog
        from widgets.inbox_list import thing_card

        self.session.read_inbox([row.key])
        self._marked()

        def left(_: None) -> None:
            if row.post_id:
                with contextlib.suppress(NotFound):  # a moderator may have taken it away
                    self.open_post(row.post_id)

        tail = "   then the post that it is about" if row.post_id else ""
        self.app.push_screen(
            ThingDialog(lambda width: thing_card(row, width, self.session.now(), self.ages), tail), left
        )

    def open_next_unread(self) -> bool:
        """From a row of the inbox to the next with something unread, below or above; then on in the Jam."""
        if self.spot.kind != "inbox":
            return super().open_next_unread()
        rows, inbox = self.list_now, self.session.inbox()
        keys, at = list(rows.keys), max(rows.cursor_index, 0)
        begin = at + 1 if self.spot.reading else at
        for key in keys[begin:] + keys[:begin]:
            if inbox.unread(key) and key not in self._passed:
                self._passed |= {key} if self.session.explore else set()
                rows.go_to(key)
                self.open_row()
                return True
        return False

    def open_beside(self, direction: int) -> bool:
        if self.spot.kind != "inbox":
            return super().open_beside(direction)
        rows, at = self.list_now, self.list_now.cursor_index + direction
        while 0 <= at < len(rows.keys):
            if self.session.inbox().posts(rows.keys[at]):
                rows.go_to_index(at)
                self.open_row()
                return True
            at += direction
        return False

    def nothing_unread(self) -> str:
        return "Nothing else is new in the inbox" if self.spot.kind == "inbox" else super().nothing_unread()

    def unread_in_inbox(self) -> list[int]:
        """Where in the list rows with something unread stand."""
        inbox = self.session.inbox()
        return [at for at, key in enumerate(self.list_now.keys) if inbox.unread(key)]

    # -- narrowing it

    def action_filter(self, words: str = "") -> None:
        if self.spot.kind != "inbox":
            super().action_filter(words)  # type: ignore[misc] # of `Ways`
            return
        if words:
            self.action_inbox(words)
            return
        from screens.inbox_dialogs import ReasonPicker

        session = self.session
        counts = [("", len(session.inbox_keys()), session.for_me()), (UNREAD, session.for_me(), 0)]
        counts += [
            (reason.value, len(keys), len(session.inbox_keys([reason], unread=True)))
            for reason in REASONS
            if (keys := session.inbox_keys([reason]))
        ]

        def chosen(name: str | None) -> None:
            if name is not None:
                self.action_inbox(name)

        self.app.push_screen(ReasonPicker(self.spot.about, counts), chosen)

    def action_filter_clear(self) -> None:
        if self.spot.kind != "inbox":
            super().action_filter_clear()  # type: ignore[misc] # of `Ways`
        elif not self.spot.about:
            raise UsageError("nothing is narrowed here", self.keymap.fill("{filter} shows a part of the inbox."))
        else:
            before = self.spot.about
            self.action_inbox()
            self.offer_undo("All of the inbox again", lambda: self.action_inbox(before))

    def offer_undo(self, what: str, take_back: Any) -> None:
        raise NotImplementedError

    def read_all_of_inbox(self) -> None:
        """All rows that are listed: of each thread what is for the reader, and nothing else."""
        inbox = self.session.inbox()
        keys = [key for key in self.list_now.keys if inbox.unread(key)]
        things = sum(map(inbox.unread, keys))

        def mark() -> None:
            self.offer(self.session.read_inbox(keys))
            self._marked()

        if things <= ASK_ABOVE:
            mark()
            return
        from screens.dialogs import Confirm

        def answered(yes: bool | None) -> None:
            if yes:
                with self.in_words():
                    mark()

        detail = f"What is for you, and no more. {self.keymap.name('undo')} takes it back."
        self.app.push_screen(Confirm(f"Mark {things:,} as read?", detail, "Mark"), answered)

    def _marked(self) -> None:
        """An alert about an announcement, or what moderators tell, goes with its row."""
        self.reload()
        self.post_message(JamChanged(Changed(records=True, desk=True)))

    def toggle_row(self, row: InboxRow) -> None:
        self.offer(self.session.toggle_inbox(row))
        self._marked()

    def offer(self, undo: Any) -> None:
        raise NotImplementedError
