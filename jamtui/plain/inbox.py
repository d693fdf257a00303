"""The inbox in plain mode: what is for the reader, a row a thread."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from jamtui.errors import NotFound, UsageError
from jamtui.notice import REASONS, UNREAD, WORDS, InboxRow, Reason, asked, wanted
from jamtui.plain import words
from jamtui.plain.markdown import lines_of, spoken
from jamtui.plain.ways import Ways
from jamtui.safe_text import safe_line
from screens.spot import Spot


class Inboxing(Ways):
    """Methods named ``do_...`` are those of the action table."""

    def _keys(self) -> Sequence[int] | Sequence[str]:
        if self.spot.kind != "inbox":
            return super()._keys()
        reasons, unread = wanted(self.spot.about)
        keys = self.session.inbox_keys(reasons, unread=unread)
        here = str(self.keys[self.at]) if self.spot.reading and self.at < len(self.keys) else ""
        if unread and here and here not in keys:  # what is read now stays until one goes on
            order = {key: at for at, key in enumerate(self.session.inbox_keys())}
            keys = sorted([*keys, *([here] if here in order else [])], key=lambda key: order[key])
        return keys

    def list_words(self) -> str:
        if self.spot.place != "inbox":
            return super().list_words()
        about = [word if word == UNREAD else WORDS[Reason(word)] for word in self.spot.about.split()]
        new = len(self.session.inbox_keys(unread=True))
        only = f", only {' and '.join(about)}" if about else ""
        return f"Inbox: {words.count(len(self.keys), 'row')}{only}{f', {new:,} with something new' if new else ''}."

    def do_inbox(self, reasons: str = "") -> None:
        self.hits, self._trail = [], []
        self.go(Spot("inbox", sort=self.spot.sort, about=asked(*wanted(reasons))))

    def do_notify(self, what: str = "") -> None:
        """What is used to tell of what came; ``test`` sends one."""
        if what not in ("", "test"):
            raise UsageError(f"notify does not take {safe_line(what, 40)}", ":notify tells what is used.")
        for line in [self.notices.try_one()] if what else self.notices.told():
            self.say(line)

    def do_filter(self, line: str = "") -> None:
        """In the inbox, by reasons; elsewhere as ever."""
        if self.spot.kind != "inbox":
            super().do_filter(line)
            return
        if not line:
            names = [UNREAD, *REASONS]
            for name in names:
                reasons, unread = wanted(name)
                rows = len(self.session.inbox_keys(reasons, unread=unread))
                self.say(f"{name}: {words.count(rows, 'row')}{f', {WORDS[Reason(name)]}' if name != UNREAD else ''}.")
            self.flush()
            typed = self.console.line(
                "Show only: ", self.spot.about,
                complete=lambda text: [f"{text.rpartition(' ')[0]} {name}".strip() for name in names
                                       if name.startswith(text.rpartition(" ")[2])],
            )  # fmt: skip
            if typed.key == "escape":
                self.show()
                return
            line = typed.text
        self.do_inbox(line)

    def do_filter_clear(self) -> None:
        if self.spot.kind != "inbox":
            super().do_filter_clear()
        elif not self.spot.about:
            raise UsageError("nothing is narrowed here", self.with_keys("{filter} shows a part of the inbox."))
        else:
            before = self.spot.about
            self.do_inbox()
            self.offer("all of the inbox again", lambda: self.do_inbox(before))

    def open_inbox_row(self, row: InboxRow) -> None:
        if row.thread_id:
            with contextlib.suppress(NotFound):
                self.go(Spot("inbox", "", row.thread_id, True, self.spot.sort, about=self.spot.about), post=row.post_id)
                if row.key.startswith("links:"):
                    self.session.read_inbox([row.key])
                return
        self.session.read_inbox([row.key])
        self.reload()
        self.say(
            f"{WORDS[row.reasons[0]].capitalize()}{f' from {row.names}{words.role(row.role)}' if row.who else ''}."
        )
        self._said += lines_of(spoken(row.body), self.console.columns)
        if row.post_id:
            with contextlib.suppress(NotFound):
                self.session.post(row.post_id)
                self.say(f"It is about a post: :post {row.post_id[:13]} goes there.")
