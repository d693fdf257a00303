"""A thread as it is drawn: which post and line stands where, at what height, in which colours.

The view is anchored at (post, line), so a thread of 3,000 posts opens as fast as one of three. Bodies are loaded
`LOAD_AT_ONCE` at a time, `POSTS_KEPT` drawn posts are kept; the height of what is not near is not known.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from jamtui.model import PostRow, ThreadIndex
from widgets.colours import ansi_author, author_colours
from widgets.line_view import LineView, thumb
from widgets.markdown_lines import word_pattern
from widgets.post_lines import Drawn, View, ago, draw_post, parse_post, vanished
from widgets.rows import Ages, age
from widgets.strips import Span, paint
from widgets.thread_order import ThreadOrder

LOAD_AT_ONCE = 8
POSTS_KEPT = 512


class ThreadView(LineView):
    """What is where. ``load`` gives the posts of some keys, in their order, without those that vanished; ``now`` is the
    clock that ages are told by. `widgets.thread_reader.ThreadReader` moves through it."""

    PREFIX = "thread-reader"

    def __init__(
        self,
        load: Callable[[Sequence[int]], Sequence[PostRow]],
        now: Callable[[], datetime],
        *,
        ages: Ages = age,
        empty: str = "",
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's own name
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._load = load
        self._now = now
        self._ages = ages
        self._empty = empty
        self._order = ThreadOrder()
        self._cursor = 0  # a place in the order, as is the first of the anchor
        self._anchor = (0, 0)  # the post and the line of it on the first line of the view
        self._expanded: set[int] = set()
        self._shifts: dict[int, int] = {}  # cells by which wide tables and code of a post are moved
        self._words: tuple[str, ...] = ()
        self._pattern = word_pattern(())
        self._told: set[int] = set()  # keys that Seen has named: what is marked unread by hand later stays so
        self._pending: set[int] = set()  # those of them that the index still calls unread
        self._drawn: OrderedDict[int, Drawn] = OrderedDict()
        self._now_drawn: dict[int, Drawn] = {}  # by place, as long as nothing changes of what they depend on
        self._drawn_for: tuple[object, ...] = (None, None, None, 0)
        self._ahead = object()  # the last look ahead
        self._rows: OrderedDict[int, PostRow | None] = OrderedDict()
        self._view: list[tuple[int, int]] = []  # what stands on each line of the view; empty: to be found
        self._in_view: dict[int, Drawn] = {}
        self._thumb = (0, 0)
        self._clock = now()
        self.find_key: Callable[[str], int | None] | None = None  # the key that a post has now, by its id
        self.mark: Callable[[frozenset[int]], None] | None = None  # notes at once what was read, whatever comes after
        self.previewing = False  # True: what is on the screen does not count as seen

    # the thread

    @property
    def index(self) -> ThreadIndex:
        return self._order.index

    @property
    def cursor_key(self) -> int | None:
        """The key of the post under the cursor; None without a thread."""
        return self._key(self._cursor) if self._order else None

    @property
    def cursor_row(self) -> PostRow | None:
        """The post under the cursor; None without a thread, or when it vanished."""
        return self._row(self._cursor) if self._order else None

    @property
    def cursor_line(self) -> int:
        """Where the view begins, in lines from the first line of the post under the cursor (negative: above it)."""
        return self.place()[1]

    def place(self) -> tuple[int | None, int]:
        """What `set_thread` needs to come back exactly here: the cursor's key and `cursor_line`."""
        if not self._order:
            return None, 0
        at, line = self._anchor
        if not 0 <= self._cursor - at <= self.size.height or not self._laid_out:
            return self._key(at), line
        return self.cursor_key, line - sum(self._height(one) for one in range(at, self._cursor))

    def visible_keys(self) -> tuple[int, ...]:
        """The keys of the posts on the screen, from top to bottom."""
        return tuple(dict.fromkeys(self._key(at) for at, _ in self._lines_in_view()))

    # what is where

    def _key(self, place: int) -> int:
        return self._order.key(place)

    def _row(self, place: int) -> PostRow | None:
        key = self._key(place)
        if key not in self._rows:
            start = place - place % LOAD_AT_ONCE
            wanted = [self._key(at) for at in range(start, min(start + LOAD_AT_ONCE, len(self._order)))]
            wanted = [one for one in wanted if one not in self._rows]
            self._rows.update(dict.fromkeys(wanted))
            self._rows.update((row.key, row) for row in self._load(wanted))
            while len(self._rows) > POSTS_KEPT:
                self._rows.popitem(last=False)
        return self._rows[key]

    def _draw(self, place: int) -> Drawn:
        """The post at ``place`` as it has to look now, drawn before if it can be."""
        width = self.size.width
        order, clock, pattern, before = self._drawn_for
        if not (order is self._order and clock is self._clock and pattern is self._pattern and before == width):
            self._drawn_for = (self._order, self._clock, self._pattern, width)
            self._now_drawn.clear()
        drawn = self._now_drawn.get(place)
        if drawn is None:
            if len(self._now_drawn) > POSTS_KEPT:
                self._now_drawn.clear()
            drawn = self._now_drawn[place] = self._draw_anew(place, width)
        return drawn

    def _draw_anew(self, place: int, width: int) -> Drawn:
        key = self._key(place)
        row = self._row(place) or vanished(key, self._clock)
        everything = key in self._expanded
        drawn = self._drawn.get(key)
        if drawn is None or drawn.everything != everything or drawn.row.body != row.body or drawn.row.gone != row.gone:
            drawn = self._drawn[key] = Drawn(row, parse_post(row, everything), everything)
            if len(self._drawn) > POSTS_KEPT:
                self._drawn.popitem(last=False)
        view = View(
            width=max(1, width - 2),
            depth=self._order.depth(place),
            below=self._order.depth(place + 1),
            unread=key in self.index.unread,
            ago=ago(row, self._clock, self._ages),
            fold=self._order.hidden(place),
            everything=everything,
            words=self._pattern,
            shift=self._shifts.get(key, 0),
        )
        if drawn.view != view or drawn.row != row:
            drawn.row, drawn.view = row, view
            drawn.post = draw_post(row, drawn.doc, view)
            drawn.strips.clear()
        return drawn

    def _height(self, place: int) -> int:
        return len(self._draw(place).post.lines)

    @property
    def _laid_out(self) -> bool:
        return self.size.width > 2 and self.size.height > 0

    def _settled(self) -> tuple[int, int]:
        """The anchor with its line inside its post, and no view that goes past the end of the thread."""
        at, line = self._anchor
        last = len(self._order) - 1
        at = min(max(at, 0), last)
        while line < 0 and at > 0:
            at -= 1
            line += self._height(at)
        line = max(line, 0)
        while at < last and line >= (height := self._height(at)):
            line -= height
            at += 1
        line = min(line, self._height(at) - 1)
        # From the anchor to the end must fill the view, unless the thread is shorter.
        left, one = -line, at
        while one <= last and left < self.size.height:
            left += self._height(one)
            one += 1
        line -= max(0, self.size.height - left)
        while line < 0 and at > 0:
            at -= 1
            line += self._height(at)
        self._anchor = (at, max(line, 0))
        return self._anchor

    def _lines_in_view(self) -> list[tuple[int, int]]:
        """The place of the post and the line of it on each line of the view, as far as there are posts."""
        if not self._view and self._order and self._laid_out:
            at, line = self._settled()
            view: list[tuple[int, int]] = []
            while len(view) < self.size.height and at < len(self._order):
                view += [(at, one) for one in range(line, self._height(at))]
                at, line = at + 1, 0
            self._view = view[: self.size.height]
            self._in_view = {at: self._draw(at) for at in dict.fromkeys(at for at, _ in self._view)}
            (first, top), (last, bottom) = self._view[0], self._view[-1]
            start, end = first + top / self._height(first), last + (bottom + 1) / self._height(last)
            self._thumb = thumb(start / len(self._order), end / len(self._order), self.size.height)
        return self._view

    def _moved(self, *, by_reader: bool = True) -> None:
        self._view = []
        if by_reader:
            self.unselect()
        self.refresh()
        self._place_changed()

    # drawing

    def palette(self, names: str) -> Style:
        """As always, and ``author-N`` is the colour N of authors."""
        style = self._styles.get(names)
        if style is None and names.startswith("author-"):
            hue = int(names.removeprefix("author-"))
            ansi = self.app.native_ansi_color
            color = ansi_author(hue) if ansi else author_colours(self.background_colors[1])[hue].rich_color
            style = self._styles[names] = super().palette("author") + Style(color=color)
        return style if style is not None else super().palette(names)

    def forget_strips(self) -> None:
        for drawn in self._drawn.values():
            drawn.strips.clear()
        self._view = []

    def prepare(self) -> None:
        self._lines_in_view()

    def bar(self) -> tuple[int, int]:
        return self._thumb if self._view else (0, 0)

    def strip_at(self, y: int) -> Strip:
        view = self._view
        if y >= len(view):
            return self.text_strip(y, "" if self._order else self._empty, "muted")
        at, line = view[y]
        first, length = self._thumb
        barred = first <= y < first + length
        drawn = self._in_view[at]
        # Beside a list the thread has no cursor to be mistaken for that of the list.
        current = at == self._cursor and line < drawn.post.end and (self.has_focus or not self.previewing)
        return drawn.strips.get((line, current, barred)) or self._paint(drawn, line, current, barred)

    def _paint(self, drawn: Drawn, line: int, current: bool, barred: bool) -> Strip:
        mark = Span("▌", "cursor" if self.has_focus else "blurred") if current else Span(" ")
        width = self.size.width
        strip = paint((mark, *drawn.post.lines[line]), width - 1, self.palette, self.palette(""))
        end = Segment("▐", self.palette("thumb")) if barred else Segment(" ", self.palette(""))
        strip = drawn.strips[line, current, barred] = Strip([*strip, end], width)
        return strip

    # what comes next

    def look_ahead(self) -> None:
        """Draws what a page down will show, after what is shown now, a post at a time, so that no key waits for it."""
        self._ahead = now = object()
        if view := self._lines_in_view():
            at, line = view[-1]
            place = at + (line >= self._in_view[at].post.end - 1)  # where the cursor will be
            self.call_later(self._draw_ahead, now, place, self.size.height, True)

    def _draw_ahead(self, asked: object, place: int, lines: int, first: bool) -> None:
        if asked is not self._ahead or lines <= 0 or place >= len(self._order) or not self._laid_out:
            return
        drawn = self._draw(place)
        for line in range(min(len(drawn.post.lines), self.size.height)):
            for current in (False, True) if first and line < drawn.post.end else (False,):
                strip = drawn.strips.get((line, current, False))
                if strip is None:
                    self.warm(self._paint(drawn, line, current, barred=False))
        self.call_later(self._draw_ahead, asked, place + 1, lines - len(drawn.post.lines), False)
