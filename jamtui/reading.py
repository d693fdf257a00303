"""The reading half of the session's facade that is kept on this device: read, saved, places, muted and followed.

Mixed into `jamtui.session.Session`. While exploring, nothing of reading is written: marks of what was read are not
made, and places are kept for this run alone. What a person does by name (save, mute, follow) is done all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from jamtui.actions import SORTS
from jamtui.errors import NotFound, UsageError
from jamtui.model import JamRow, Mark, MarkKind, MarkRow, Marks, PostRow, ThreadRow, Undo, begins
from jamtui.safe_text import safe_line
from jamtui.store.marks import MarkStore
from jamtui.store.places import Places
from jamtui.store.rows import Rows

if TYPE_CHECKING:
    from jamtui.store import state

ASK_ABOVE = 200  # posts that are marked as read at once without a question
_PAST = {Mark.MUTED: "muted", Mark.FOLLOWED: "followed"}


class Reading:
    """What `Session` gives: its rows, its marks, its clock."""

    explore: bool
    _marks: MarkStore
    _rows: Rows
    _places: Places
    _explored: dict[str, str]

    @property
    def jam(self) -> JamRow:
        raise NotImplementedError

    def now(self) -> datetime:
        raise NotImplementedError

    def event_now(self) -> datetime:
        raise NotImplementedError

    def _fresh(self) -> Rows:
        raise NotImplementedError

    def _marking(self, threads: Callable[[], Collection[int]]) -> AbstractContextManager[None]:
        raise NotImplementedError

    def post(self, post_id: str) -> PostRow:
        raise NotImplementedError

    # -- read

    def mark_read(self, keys: Iterable[int], read: bool = True) -> None:
        """Posts that were read as they stand now, or unread again. Does nothing while exploring."""
        stored = [key for key in keys if key > 0]
        if self.explore or not stored:
            return
        with self._marking(lambda: self._rows.threads_of(stored)):
            if read:
                self._marks.mark_versions(self._rows.versions(stored))
            else:
                self._marks.mark_hashes(self._rows.hashes(stored), False)

    def mark_all_read(self, forum_id: str | None = None, thread_id: str | None = None) -> Undo:
        """Every post of a thread, of a forum, or of the Jam."""
        return self.mark_found(self.all_unread(forum_id, thread_id))

    def all_unread(self, forum_id: str | None = None, thread_id: str | None = None) -> list[int]:
        """The unread posts of a thread, of a forum, or of the Jam, for `mark_found`; none while exploring."""
        return [] if self.explore else self._fresh().unread_hashes(forum_id, thread_id)

    def listed_unread(self, *, posts: Sequence[int] = (), threads: Sequence[int] = ()) -> list[int]:
        """The unread ones of these posts, and of every post of these threads, by their keys, for `mark_found`."""
        return [] if self.explore else self._fresh().unread_hashes_of(posts, threads)

    def mark_found(self, hashes: list[int]) -> Undo:
        """Marks what `all_unread` or `listed_unread` found as read: that, and no post that came since."""
        if not hashes:
            return Undo("Nothing unread here", ("read", hashes), nothing=True)
        self._marks.mark_hashes(hashes, True)
        return Undo(f"{len(hashes):,} marked as read", ("read", hashes))

    def toggle_read(self, row: PostRow | ThreadRow) -> Undo:
        """A post, or all of a thread, read; unread again when nothing in it is unread.

        What takes it back names posts by what reading state is kept by: their keys are others when the mirror was
        fetched anew meanwhile.
        """
        rows = self._fresh()
        if row.unread and isinstance(row, ThreadRow):
            return self.mark_all_read(thread_id=row.id)
        if row.unread:
            hashes = rows.hashes([row.key])
            self.mark_read([row.key])
            return Undo("Marked as read", ("read", hashes))
        keys = rows.thread_index(row.id).keys if isinstance(row, ThreadRow) else [row.key]
        before = [] if self.explore else rows.read_versions([key for key in keys if key > 0])
        self._marks.mark_hashes([h for h, _ in before], False)
        return Undo("Marked unread", ("unread", before))

    def save(self, post_id: str, saved: bool) -> None:
        self._marks.save(post_id, saved, self.now())

    # -- to another device

    def export_state(self) -> Iterator[str]:
        """The lines of ``jamtui state export``."""
        self._places.flush()
        jam = self.jam
        from jamtui.store import state

        return state.export(self._marks.db, jam.id, jam.slug)

    def import_state(self, lines: Iterable[bytes]) -> state.Merged:
        """Merges them. Raises `jamtui.store.state.StateBroken` before anything is changed."""
        from jamtui.store import state

        return state.merge(self._marks.db, state.parse(lines, self.jam.id))

    # -- places

    def place(self, name: str) -> str:
        return self._explored[name] if name in self._explored else self._places.place(name)

    def set_place(self, name: str, value: str) -> None:
        """Returns at once; a moment later it is on the disk (`jamtui.store.places`)."""
        if self.explore:
            self._explored[name] = value
        else:
            self._places.set_place(name, value)

    def order_of(self, forum_id: str) -> str:
        """The order of `jamtui.actions.SORTS` in which the threads of a forum are shown; of all forums for ""."""
        kept = self.place(f"sort:{forum_id}")
        return kept if kept in SORTS else SORTS[0]

    def keep_order(self, forum_id: str, order: str) -> None:
        self.set_place(f"sort:{forum_id}", order)

    # -- links

    def trusts(self, host: str) -> bool:
        """Whether links to this host are opened without a question: a choice of this device, for this Jam."""
        return self._explored.get(f"host:{host}", "") != "" if self.explore else self._marks.trusts(host)

    def trust(self, host: str, on: bool = True) -> None:
        if self.explore:
            self._explored[f"host:{host}"] = "1" if on else ""
        else:
            self._marks.trust(host, on, self.now())

    def trusted_hosts(self) -> list[str]:
        if self.explore:
            return sorted(name[5:] for name, value in self._explored.items() if name.startswith("host:") and value)
        return self._marks.hosts()

    # -- muted and followed

    def muted(self) -> Marks:
        return self._marks.marks(Mark.MUTED)

    def followed(self) -> Marks:
        return self._marks.marks(Mark.FOLLOWED)

    def mark_rows(self, mark: Mark) -> list[MarkRow]:
        """What is muted, or followed, with names for people."""
        return [row.named(self._name_of(row.kind, row.target)) for row in self._marks.mark_rows(mark)]

    def target(self, words: str) -> tuple[MarkKind, str]:
        """``#tag``, ``@handle``, or a post (its thread is meant). Raises `NotFound`, `UsageError`."""
        words = words.strip()
        if words.startswith("#"):
            name = " ".join(words[1:].split())
            if not name:
                raise UsageError("a tag has a name", "Write it like #energy.")
            return MarkKind.TAG, self._rows.tag_named(name)
        if words.startswith("@"):
            person = self._rows.person_named(words[1:].strip())
            if person is None:
                raise NotFound(
                    f"nobody here is called {safe_line(words)}",
                    "Everybody: jamtui people, or :people.",
                )
            return MarkKind.PERSON, person
        return MarkKind.THREAD, self.post(words).thread_id

    def set_mark(self, words: str, mark: Mark, on: bool | None = None) -> Undo:
        """Mutes or follows what ``words`` name (see `target`), or no longer; None: the other way round."""
        kind, target = self.target(words)
        before = self._marks.mark_of(kind, target)
        if before is None and kind is MarkKind.TAG:
            before = self._follow_merged(target)
        on = before is not mark if on is None else on
        now = mark if on else None if before is mark else before
        since = self._marks.since(kind, target)
        self._marks.set_mark(kind, target, now, self.now(), self._newest())
        done = _PAST[mark] if on else f"no longer {_PAST[mark]}"
        unknown = kind is MarkKind.TAG and on and not self._rows.tagged(target)
        words = f"{done}: {self._name_of(kind, target)}{', which no post carries yet' if unknown else ''}"
        return Undo(words, ("mark", kind, target, before, since))

    def _newest(self) -> int:
        """The time of the newest post that is here: who follows something now is told of what is newer. Posts of next
        year, which an archive may bring, are none of them."""
        return self._rows.newest(self.event_now() + timedelta(days=1))

    def _follow_merged(self, name: str) -> Mark | None:
        """A mark that was set on a tag which became this one since: it is kept under this one's name from now on."""
        now = self._rows.merged_tags
        for mark in Mark:
            for row in self._marks.mark_rows(mark):
                if row.kind is MarkKind.TAG and now.get(row.target) == name:
                    since = self._marks.since(row.kind, row.target)
                    self._marks.set_mark(row.kind, row.target, None, self.now())
                    self._marks.set_mark(row.kind, name, mark, self.now(), since)
                    return mark
        return None

    def take_off(self, row: MarkRow) -> Undo:
        """Takes a mark off, also from what is no longer in the mirror."""
        since = self._marks.since(row.kind, row.target)
        self._marks.set_mark(row.kind, row.target, None, self.now())
        return Undo(f"no longer {_PAST[row.mark]}: {row.name}", ("mark", row.kind, row.target, row.mark, since))

    def undo_reading(self, token: object) -> bool:
        """Takes back what `mark_all_read`, `toggle_read` or `set_mark` did; False when the token is of another kind."""
        match token:
            case ("read", list() as hashes):
                self._marks.mark_hashes(hashes, False)
            case ("unread", list() as before):
                self._marks.mark_versions(before)
            case ("mark", MarkKind() as kind, str() as target, before, since):
                mark = before if isinstance(before, Mark) else None
                self._marks.set_mark(kind, target, mark, self.now(), since if isinstance(since, int) else None)
            case _:
                return False
        return True

    def _name_of(self, kind: MarkKind, target: str) -> str:
        """A harmless name for people; the bare target when the mirror does not know it."""
        if kind is MarkKind.TAG:
            now = self._rows.merged_tags.get(target, target)
            return f"#{safe_line(now)}" if now == target else f"#{safe_line(now)} (#{safe_line(target)} before)"
        if kind is MarkKind.PERSON:
            return f"@{safe_line(self._rows.handle_of(target) or target)}"
        try:
            return begins(self.post(target))
        except NotFound:
            return target
