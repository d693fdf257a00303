"""The four lists of the main screen and the list of hits: `RowList` with the rows drawn that each needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from textual.binding import BindingType

from jamtui.actions import Where
from jamtui.model import ForumRow, OutboxRow, PostRow, SearchHit, ThreadRow
from widgets.bindings import bindings
from widgets.row_list import RowList
from widgets.rows import COLUMNS_FROM, Ages, age, forum_row, hit_row, outbox_row, post_row, thread_row

Now = Callable[[], datetime]

SHORT = 9  # lines; a list of threads no higher than this has one line a thread


class ForumList(RowList[str, ForumRow]):
    """The forums of the Jam; keys are their ids."""

    def __init__(self, forums: Callable[[], Sequence[ForumRow]]) -> None:
        self.active: Mapping[str, Sequence[int]] = {}
        super().__init__(
            lambda keys: [row for row in forums() if row.id in keys],
            lambda row, width, _at, _focused: forum_row(row, width, self.active.get(row.id, ()), self._top_count),
            row_height=3,
            empty="This Jam has no forums yet.",
            key_of=lambda row: row.id,
        )

    @property
    def _top_count(self) -> int:
        return max((max(counts, default=0) for counts in self.active.values()), default=0)

    def show_activity(self, active: Mapping[str, Sequence[int]]) -> None:
        """How busy each forum was, by its id, for the sparklines."""
        if active != self.active:
            self.active = active
            self.redraw()

    def on_resize(self) -> None:
        super().on_resize()
        self._fit()

    def set_rows(self, keys: Sequence[str], *, cursor: str | None = None, above: int | None = None) -> None:
        super().set_rows(keys, cursor=cursor, above=above)
        self._fit()

    def update_rows(
        self, keys: Sequence[str], changed: Collection[str] | None = None, *, cursor: str | None = None
    ) -> None:
        super().update_rows(keys, changed, cursor=cursor)
        self._fit()

    def _fit(self) -> None:
        """A line between the forums, where all of them have room then."""
        if self.size.height:
            self.row_height = 3 if self.size.height >= 3 * len(self.keys) else 2


class ThreadList(RowList[int, ThreadRow]):
    """The threads of a forum: columns when wide, else two lines a thread, one on very low terminals."""

    def __init__(
        self, threads: Callable[[Sequence[int]], Sequence[ThreadRow]], now: Now, *, opens: str = "c", ages: Ages = age
    ) -> None:
        """``opens`` is the key that opens a new thread."""
        super().__init__(
            threads,
            lambda row, width, _at, _focused: thread_row(row, width, now(), self.row_height, ages),
            row_height=2,
            empty=f"No threads here yet.\n{opens} opens the first.",
        )

    def on_resize(self) -> None:
        super().on_resize()
        self.row_height = 1 if self.size.width > COLUMNS_FROM or self.size.height <= SHORT else 2


class PostList(RowList[int, PostRow]):
    """Posts of many threads: live, mentions, saved. ``forum_title`` names a forum by its id."""

    def __init__(
        self,
        posts: Callable[[Sequence[int]], Sequence[PostRow]],
        now: Now,
        forum_title: Callable[[str], str],
        ages: Ages = age,
    ) -> None:
        super().__init__(
            posts,
            lambda row, width, _at, _focused: post_row(row, width, now(), forum_title(row.forum_id), ages),
            row_height=2,
        )


class OutboxList(RowList[str, OutboxRow]):
    """What waits to be sent; keys are the ids of the outbox. While it has the keys, r e D are its own."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.OUTBOX, only_here=True, target="screen.")

    def __init__(self, outbox: Callable[[], Sequence[OutboxRow]], now: Now, ages: Ages = age) -> None:
        super().__init__(
            lambda keys: [row for row in outbox() if row.id in keys],
            lambda row, width, _at, _focused: outbox_row(row, width, now(), ages),
            row_height=2,
            empty="Nothing waits: the server has everything that you wrote.",
            key_of=lambda row: row.id,
        )


class HitList(RowList[int, SearchHit]):
    """What a search found; keys are those of the posts."""

    window = 16  # a hit costs more than other rows: its text is looked through
    always_barred = True  # the line above it has the keys

    def __init__(self, hits: Callable[[Sequence[int]], Sequence[SearchHit]], now: Now, ages: Ages = age) -> None:
        super().__init__(
            hits,
            lambda hit, width, _at, _focused: hit_row(hit, width, now(), ages),
            row_height=2,
            empty="",
            key_of=lambda hit: hit.post.key,
        )
