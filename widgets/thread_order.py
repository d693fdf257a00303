"""Which posts of a thread are shown, in which order: the index of the thread with what is folded. Knows no widget.

A *place* counts the posts that no fold hides, from 0; it is what the reader moves by.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from jamtui.model import ThreadIndex
from widgets.post_lines import Fold

NO_THREAD = ThreadIndex("", (), (), (), frozenset())


class ThreadOrder:
    """The places of a thread. ``folded`` holds keys of posts whose replies are hidden."""

    def __init__(self, index: ThreadIndex = NO_THREAD, folded: frozenset[int] = frozenset()) -> None:
        self.index = index
        self.folded = folded & frozenset(index.keys) if folded else folded
        self._at: Sequence[int] = self._unhidden() if self.folded else range(len(index))

    def _unhidden(self) -> list[int]:
        shown: list[int] = []
        limit = -1  # depth of the fold that we are in
        for at, (key, depth) in enumerate(zip(self.index.keys, self.index.depths, strict=True)):
            if 0 <= limit < depth:
                continue
            limit = depth if key in self.folded else -1
            shown.append(at)
        return shown

    def __len__(self) -> int:
        return len(self._at)

    def key(self, place: int) -> int:
        return self.index.keys[self._at[place]]

    def depth(self, place: int) -> int:
        """The depth of the post there; -1 past the end."""
        return self.index.depths[self._at[place]] if place < len(self._at) else -1

    def parent(self, place: int) -> int | None:
        """The key of the post that the one at ``place`` answers."""
        at = self.index.parents[self._at[place]]
        return self.index.keys[at] if at >= 0 else None

    def find(self, key: int) -> int:
        """The place of a post, or that of the fold that hides it; -1 when it is not in the thread."""
        try:
            return bisect_right(self._at, self.index.keys.index(key)) - 1
        except ValueError:
            return -1

    def hidden(self, place: int) -> Fold | None:
        """What the fold at ``place`` hides; None when there is no fold."""
        if self.key(place) not in self.folded:
            return None
        below = self.below(place)
        return Fold(len(below), sum(key in self.index.unread for key in below))

    def below(self, place: int) -> Sequence[int]:
        """The keys of everything that hangs under the post there."""
        index, at = self.index, self._at[place]
        end = at + 1
        while end < len(index) and index.depths[end] > index.depths[at]:
            end += 1
        return index.keys[at + 1 : end]

    def folds_above(self, key: int) -> frozenset[int]:
        """The folds that hide a post of the thread."""
        at = self.index.keys.index(key)
        above: set[int] = set()
        while (at := self.index.parents[at]) >= 0:
            above.add(self.index.keys[at])
        return self.folded & above

    def next_unread(self, place: int, direction: int, told: set[int]) -> int | None:
        """The key of the next unread post that is not in ``told``, forwards also from the top on; None for none."""
        keys, unread = self.index.keys, self.index.unread - told
        if not unread or not keys:
            return None
        here = self._at[place]
        order = [*range(here + 1, len(keys)), *range(here)] if direction > 0 else range(here - 1, -1, -1)
        return next((keys[at] for at in order if keys[at] in unread), None)
