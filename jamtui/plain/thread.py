"""The thread that is read in plain mode: the post one is on, and how much of it was told."""

from __future__ import annotations

import contextlib

from jamtui.errors import NotFound
from jamtui.keys import Keymap
from jamtui.model import GONE, PostRow, ThreadIndex, begins
from jamtui.plain import words
from jamtui.plain.console import Console
from jamtui.plain.markdown import lines_of, spoken
from jamtui.plain.wrap import wrap
from jamtui.session import Session
from screens.spot import Spot

NO_THREAD = ThreadIndex("", (), (), (), frozenset())


class Thread:
    """What `jamtui.plain.view.View` is where ``spot`` is reading."""

    def __init__(self, session: Session, console: Console, keymap: Keymap, ages: words.Ages) -> None:
        self.session = session
        self.console = console
        self.keymap = keymap
        self.ages = ages
        self.spot = Spot()
        self.index = NO_THREAD
        self.folded: frozenset[int] = frozenset()
        self.post_key = 0  # of the post one is on
        self.top = 0  # the first of its lines that was told last, and the line after the last one
        self.end = 0
        self._post_id = ""
        self._told: set[int] = set()  # posts that were read in this visit of the thread
        self._lines: list[str] = []  # of the post one is on
        self._said: list[str] = []
        self._item: list[str] = []

    def say(self, text: str) -> None:
        """A message, told before the row or post that comes with it."""
        self._said += wrap(text, self.console.columns)

    def with_keys(self, text: str) -> str:
        """Our own words with ``{undo}`` and the like filled in, as it is called for the ear. See `Keymap.fill`."""
        return words.fill(text, self.keymap)

    @property
    def post(self) -> PostRow | None:
        return next(iter(self.session.posts([self.post_key])), None) if self.post_key else None

    @property
    def order(self) -> list[int]:
        """Keys of the thread that no fold hides, in reading order."""
        if not self.folded:
            return list(self.index.keys)
        shown: list[int] = []
        limit = -1
        for key, depth in zip(self.index.keys, self.index.depths, strict=True):
            if 0 <= limit < depth:
                continue
            limit = depth if key in self.folded else -1
            shown.append(key)
        return shown

    @property
    def unread(self) -> frozenset[int]:
        """Posts of the thread that were not read, those of this visit left out."""
        return self.index.unread - self._told

    def below(self, key: int) -> tuple[int, ...]:
        """Keys of everything that hangs under a post."""
        at = self.index.keys.index(key)
        end = at + 1
        while end < len(self.index) and self.index.depths[end] > self.index.depths[at]:
            end += 1
        return self.index.keys[at + 1 : end]

    def parent(self, key: int) -> int | None:
        at = self.index.parents[self.index.keys.index(key)]
        return self.index.keys[at] if at >= 0 else None

    def turn_to(self, key: int, *, line: int = 0) -> None:
        """Goes to a post of the thread, unfolding what hides it. ``line`` is where its telling begins."""
        above = self.parent(key)
        while above is not None:
            self.folded -= {above}
            above = self.parent(above)
        self.post_key, self.top = key, line
        self.show_post()

    def leave_post(self) -> None:
        """A post counts as read when its last line was told and one reads on; so it is on the full screen. Going back,
        jumping and folding count nothing."""
        key = self.post_key
        if key in self.unread and self.end >= len(self._lines):
            self.session.mark_read([key])  # nothing, while exploring: there it is told, and no more
            self._told.add(key)

    def show_post(self) -> None:
        """The post one is on, from the line ``top`` on, as much as a page holds."""
        row = self.post
        if row is None:
            self._item = wrap("This post is gone.", self.console.columns)
            return
        self._post_id = row.id
        self._lines = self._post_lines(row)
        page = self.console.page
        self.top = max(0, min(self.top, len(self._lines) - 1))
        self.end = len(self._lines)
        if self.end - self.top > page:
            self.end = self.top + page - 1
        self._item = self._lines[self.top : self.end]
        if more := len(self._lines) - self.end:
            self._item = [*self._item, f"More: {words.count(more, 'line')}. {self.with_keys('{read-on}')} reads on."]
        self.session.set_place(f"thread:{self.spot.thread}", f"{row.id}:0")

    def _post_lines(self, row: PostRow) -> list[str]:
        columns, at = self.console.columns, self.index.keys.index(row.key)
        above = self.parent(row.key)
        answered = next(iter(self.session.posts([above])), None) if above is not None else None
        told = words.head(
            row,
            answers="" if answered is None else "you" if answered.mine else answered.author,
            depth=self.index.depths[at],
            unread=row.key in self.unread,
            now=self.session.now(),
            index=at,
            total=len(self.index),
            ages=self.ages,
        )
        lines = wrap(f"{words.sentence(words.one_line(row.title, 600))} {told}" if _says_more(row) else told, columns)
        if row.gone:
            lines += wrap(f"This post was {GONE[row.gone]}.", columns)
        else:
            lines += lines_of(spoken(row.body), columns)
            for text in words.links(row):
                lines += wrap(text, columns)
        if row.key in self.folded and (hidden := self.below(row.key)):
            unread = len(self.unread.intersection(hidden))
            lines += wrap(
                f"Folded: {words.count(len(hidden), 'reply', 'replies')}{f', {unread:,} unread' if unread else ''}. "
                f"{self.with_keys('{unfold}')} unfolds.",
                columns,
            )
        return lines

    def _enter_thread(self, post: str, *, unread: bool, quiet: bool) -> None:
        self.index = self.session.thread_index(self.spot.thread)
        self.folded, self._told = frozenset(), set()
        key = self.session.key(post) if post else None
        first = next((one for one in self.index.keys if one in self.index.unread), None)
        if key is None and unread:
            key = first
        if key is None:
            kept = self.session.place(f"thread:{self.spot.thread}").partition(":")[0]
            key = self.session.key(kept) if kept else None
        if key is None or key not in self.index.keys:
            key = self.index.keys[0]
        if not quiet and len(self.index) > 1:
            total, new = len(self.index), len(self.index.unread)
            tail = f", {new:,} unread" if new else ""
            if unread and key == first and key != self.index.keys[0]:
                tail += ". From the first unread one"
            title = "" if key == self.index.keys[0] else f"{words.one_line(self.thread_title(), 300)}: "
            self.say(f"{title}{words.count(total, 'post')}{tail}.")
        self.post_key = 0
        self.turn_to(key)

    def thread_title(self) -> str:
        with contextlib.suppress(NotFound):
            return begins(self.session.post(self.spot.thread))
        return "(not here any more)"


def _says_more(row: PostRow) -> bool:
    """Whether the title holds what the text does not begin with: nothing is told twice."""
    title = row.title.rstrip("… .")
    return bool(title) and not " ".join(row.body.split()).startswith(title)
