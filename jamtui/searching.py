"""Searching, as part of a session: answers as one types, whole answers for commands, completion, earlier queries.

`jamtui.store.query` says what can be asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime

from jamtui.model import Completion, Found, SearchHit
from jamtui.store import completion, rows
from jamtui.store import search as searching
from jamtui.store.marks import MarkStore
from jamtui.store.registry import KnownJam
from jamtui.store.searcher import Searcher

REMEMBERED = 50  # queries kept


class Searching:
    """One Jam's search. ``fresh`` gives rows of the calling thread, with the outbox laid over them."""

    def __init__(
        self, jam: KnownJam, clock: Callable[[], datetime], fresh: Callable[[], rows.Rows], places: MarkStore
    ) -> None:
        self._jam = jam
        self._clock = clock
        self._fresh = fresh
        self._places = places
        self._searcher: Searcher | None = None
        self.here = ""  # the id of the thread that is open: what ``thread:here`` means

    def search(self, text: str, limit: int = 200) -> tuple[list[SearchHit], tuple[str, ...]]:
        """Hits, best first, and what of the query could not be understood, in words."""
        return searching.search(self._rows(), text, limit, self._clock())

    def ranked(self, text: str, limit: int | None) -> searching.Ranked:
        """The same as keys, with how many hits there are; ``limit`` None gives all."""
        return searching.ranked(self._rows(), text, limit, self._clock())

    def ask(self, text: str, order: str, deliver: Callable[[Found], None]) -> None:
        """Returns at once and drops what was asked before. ``order`` is "newest" or "best". ``deliver`` is called from
        another thread, each time with more, until `Found.total` is not -1."""
        if self._searcher is None:
            self._searcher = Searcher(self._connect)
        fresh = self._fresh()
        self._searcher.ask(text, order, self._clock(), fresh.overlay, fresh.silence, deliver, self.here)

    def _rows(self) -> rows.Rows:
        fresh = self._fresh()
        fresh.here = self.here
        return fresh

    def _connect(self) -> rows.Rows:
        return rows.Rows(rows.connect(self._jam.mirror, self._jam.own), self._jam.me)

    def hits(self, keys: Sequence[int], marks: Sequence[str], ranks: dict[int, float] | None = None) -> list[SearchHit]:
        """The rows of some keys of a `Found`, in their order; those that vanished are left out."""
        return searching.hits(self._fresh(), keys, marks, ranks)

    def complete(self, text: str) -> Completion | None:
        """What the end of a query may become; None when nothing is offered."""
        return completion.complete(self._fresh, text)

    def recent(self) -> list[str]:
        """Queries that led somewhere, the latest first."""
        try:
            kept = json.loads(self._places.place("searches") or "[]")
        except ValueError:  # torn, or written by another version
            return []
        return [str(one) for one in kept] if isinstance(kept, list) else []

    def remember(self, text: str) -> None:
        text = text.strip()
        if text:
            kept = [text, *(one for one in self.recent() if one != text)]
            self._places.set_place("searches", json.dumps(kept[:REMEMBERED], ensure_ascii=False))

    def close(self) -> None:
        """Nothing is delivered once this returned."""
        if self._searcher is not None:
            self._searcher.close()
            self._searcher = None
