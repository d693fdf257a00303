"""The session's half that tells what is for the reader: the inbox, and what came into it.

Mixed into `jamtui.session.Session`. All of it is made on this device from the mirror and from what was read here; the
server is asked for nothing. The inbox is not looked into before somebody asks for it: a start has no time for that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from jamtui.model import ForumRow, Marks, Undo
from jamtui.notice import Came, InboxRow, Reason
from jamtui.store.marks import Followed, MarkStore
from jamtui.store.own import Own
from jamtui.store.rows import Rows

if TYPE_CHECKING:
    from jamtui.store.digest import Busy, Featured, Moved
    from jamtui.store.inbox import Inbox


class Noticing:
    """What `Session` gives."""

    explore: bool
    _marks: MarkStore
    _own: Own
    _rows: Rows
    _seen: tuple[int, int]
    _stamp: tuple[int, int]
    _inbox: Inbox | None = None
    _inbox_of: tuple[object, ...] = ()  # the mirror, and one's own, that it was made of
    _inbox_mine: tuple[Followed, Marks, bytes]
    _turn = -1
    _known: frozenset[int | str] = frozenset()
    _came_for: tuple[object, ...] = ()

    def now(self) -> datetime:
        raise NotImplementedError

    def _fresh(self) -> Rows:
        raise NotImplementedError

    def forums(self) -> list[ForumRow]:
        raise NotImplementedError

    def muted(self) -> Marks:
        raise NotImplementedError

    def followed(self) -> Marks:
        raise NotImplementedError

    def inbox(self) -> Inbox:
        """As it is now."""
        rows = self._fresh()
        if self._inbox is None:
            from jamtui.store.inbox import Inbox  # not for a start

            self._inbox = Inbox()
        of = self._seen[1], self._stamp
        if of != self._inbox_of:
            if self._inbox_of[1:] != of[1:]:  # while posts come by the hundred, nothing of one's own is another
                self._inbox_mine = self._marks.followed_since(), self.muted(), self._own.desk()[0]
            followed, muted, desk = self._inbox_mine
            self._inbox.refresh(rows, followed, muted, desk, self._marks.all_seen, self._stamp)
            self._inbox_of = of
        return self._inbox

    def for_me(self) -> int:
        """Rows with something unread; 0 until somebody looked into the inbox."""
        return self.inbox().unread_rows if self._inbox is not None else 0

    def inbox_keys(self, reasons: Collection[Reason] = (), *, unread: bool = False) -> list[str]:
        """Of the rows with one of these reasons (all, when none are named), the newest first."""
        inbox = self.inbox()
        return [
            key
            for key in inbox.keys
            if (not reasons or not set(inbox.reasons(key)).isdisjoint(reasons)) and (not unread or inbox.unread(key))
        ]

    def inbox_rows(self, keys: Sequence[str]) -> list[InboxRow]:
        """The rows of these keys in their order, harmless; keys that are gone are left out."""
        return self.inbox().rows(self._rows, keys)

    # -- what came

    def came_in(self) -> list[Came]:
        """What came for the reader since this was asked last; nothing the first time, and nothing because other things
        are followed or muted now. A post counts once, also when the mirror is fetched anew."""
        inbox = self.inbox()
        if inbox.turn == self._turn:
            return []
        first, self._turn = self._turn < 0, inbox.turn
        of = self.followed(), self.muted()
        known, self._known = self._known, inbox.known()
        came = [] if first or of != self._came_for else inbox.news(known)
        self._came_for = of
        return inbox.told(self._rows, came)

    # -- what happened since

    def featured_since(self, since: datetime) -> list[Featured]:
        """What hosts featured since then, the latest first."""
        from jamtui.store import digest

        return digest.featured(self._fresh(), since)

    def idea_states(self) -> dict[str, str]:
        """The ideas that are further than new, by id."""
        from jamtui.store import digest

        return digest.states(self._fresh())

    def moved_ideas(self, before: dict[str, str] | None, since: datetime) -> list[Moved]:
        """Ideas in another state than ``before`` (as `idea_states` told it); None: it is not known."""
        from jamtui.store import digest

        return digest.moved(self._fresh(), before, since)

    def busy_since(self, since: datetime) -> list[Busy]:
        """What came into each forum."""
        from jamtui.store import digest

        return digest.busy(self._fresh(), since, {row.id: row.unread for row in self.forums()})

    # -- read

    def read_inbox(self, keys: Iterable[str]) -> Undo:
        """Marks all that is for the reader in these rows as read: of a thread, those posts of it and no others."""
        inbox, keys = self.inbox(), list(keys)
        hashes = [] if self.explore else inbox.unread_hashes(keys)
        things = [] if self.explore else self._things(key for key in keys if inbox.unread(key))
        if not hashes and not things:
            return Undo("Nothing unread here", ("inbox", hashes, things), nothing=True)
        self._marks.mark_hashes(hashes, True)
        self._marks.see_all(things, self.now())
        rows = len(keys)
        return Undo(f"{rows:,} {'row' if rows == 1 else 'rows'} marked as read", ("inbox", hashes, things))

    def unread_inbox(self, key: str) -> Undo:
        """Marks what is for the reader in this row as unread again."""
        inbox, rows = self.inbox(), self._rows
        before = [] if self.explore else rows.read_versions(inbox.posts(key))
        things = [] if self.explore else self._things([key])
        self._marks.mark_hashes([h for h, _ in before], False)
        self._marks.see_all(things, self.now(), seen=False)
        return Undo("Marked unread", ("inbox again", before, things))

    def toggle_inbox(self, row: InboxRow) -> Undo:
        """Reads what is unread in a row, or makes it unread again."""
        return self.read_inbox([row.key]) if row.unread else self.unread_inbox(row.key)

    def _things(self, keys: Iterable[str]) -> list[str]:
        """What is kept as seen of rows that are no threads."""
        things = self.inbox().things
        return [kept for key in keys for kept in things.kept_as(self._rows, key)]

    def undo_notice(self, token: object) -> bool:
        """Takes back what `read_inbox` or `unread_inbox` did; False when the token is of another kind."""
        match token:
            case ("inbox", list() as hashes, list() as things):
                self._marks.mark_hashes(hashes, False)
                self._marks.see_all(things, self.now(), seen=False)
            case ("inbox again", list() as before, list() as things):
                self._marks.mark_versions(before)
                self._marks.see_all(things, self.now())
            case _:
                return False
        return True
