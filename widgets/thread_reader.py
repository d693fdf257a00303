"""A thread of thousands of posts, read from top to end: draws what is seen, knows the height of nothing else.

The view is anchored at (post, line), so a thread of 3,000 posts opens as fast as one of three. Bodies are loaded
`LOAD_AT_ONCE` at a time, `POSTS_KEPT` drawn posts are kept. When posts arrive or change, the post that is read stays
on the line of the screen where it is.

A post counts as seen when its last line has been on the screen and the reader moves on (as in slrn); what was jumped
over is not.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import ClassVar, TypeAlias

from rich.style import Style
from textual import events
from textual.strip import Strip

from jamtui.model import PostRow, ThreadIndex
from widgets import reader_messages
from widgets.colours import ansi_author, author_colours
from widgets.line_view import LineView, thumb
from widgets.links import Link
from widgets.markdown_lines import word_pattern
from widgets.post_lines import Drawn, View, ago, draw_post, overflow_of, parse_post, plain_text, vanished
from widgets.rows import Ages, age
from widgets.strips import Span, link_at, paint
from widgets.thread_order import ThreadOrder
from widgets.thread_style import CSS, STYLE_NAMES

LOAD_AT_ONCE = 8
POSTS_KEPT = 512
SHIFT = 16  # cells that tables and code move at a key
OVERLAP = 2  # lines of a page that are still there on the next


class ThreadReader(LineView):
    """The reader of a thread. ``load`` gives the posts of some keys, in their order, without those that vanished;
    ``now`` is the clock that ages are told by."""

    PREFIX = "thread-reader"
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"thread-reader--{name}" for name in STYLE_NAMES}
    DEFAULT_CSS = CSS
    watched_styles = ("muted", "link", "thumb", "code", "cursor", "blurred")

    # What it tells.
    Moved: TypeAlias = reader_messages.Moved
    Seen: TypeAlias = reader_messages.Seen
    LinkClicked: TypeAlias = reader_messages.LinkClicked

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

    def set_thread(
        self, index: ThreadIndex, *, cursor: int | None = None, line: int = 0, words: Sequence[str] = ()
    ) -> None:
        """Another thread. ``cursor`` and ``line`` are what `place` gave; ``words`` are marked in the text."""
        self._report_seen()
        self._order = ThreadOrder(index)
        self._expanded.clear()
        self._shifts.clear()
        self._told.clear()
        self._pending.clear()
        self._drawn.clear()
        self._rows.clear()
        self.words = tuple(words)
        self._clock = self._now()
        place = self._order.find(cursor) if cursor is not None else -1
        self._cursor = max(place, 0)
        self._anchor = (self._cursor, line if place >= 0 else 0)
        self._moved()
        if self._order:
            self.post_message(self.Moved(self, self._key(self._cursor)))

    def update_thread(self, index: ThreadIndex, changed: Collection[int] | None = None) -> int:
        """The same thread later; how many posts arrived where they cannot be seen. ``changed``: keys of the posts whose
        rows changed; None: any of them may have.

        The post under the cursor stays on its line of the screen if it is seen, else the first post of the view does.
        """
        if not self._order:
            self.set_thread(index)
            return 0
        held = self._held()
        old, seen = self._order, {self._key(at) for at, _ in self._lines_in_view()}
        cursor_key = self._key(self._cursor)
        there = set(index.keys)
        vanished = {key for key in (held[0], cursor_key, *old.folded, *self._expanded) if key not in there}
        follow = self._renamed(index, vanished)
        if changed is None:
            changed = list(self._rows)
        for key in changed:
            self._rows.pop(key, None)
        self._order = ThreadOrder(index, frozenset(follow.get(key, key) for key in old.folded))
        self._expanded = {follow.get(key, key) for key in self._expanded}
        self._pending.clear()
        self._clock = self._now()
        near = min(self._cursor, max(0, len(self._order) - 1))
        place = self._order.find(follow.get(cursor_key, cursor_key))
        self._cursor = place if place >= 0 else near
        place = self._order.find(follow.get(held[0], held[0]))
        self._anchor = (place, held[1]) if place >= 0 else (self._cursor, 0)
        self._view = []
        self.repaint()
        if self._order and self._key(self._cursor) != cursor_key:
            self.post_message(self.Moved(self, self._key(self._cursor)))
        new = set(index.keys) - set(old.index.keys) - set(follow.values())
        if not new or not self._laid_out:
            return 0
        return len(new - {self._key(at) for at, _ in self._lines_in_view()} - seen)

    def _held(self) -> tuple[int, int]:
        """The post that must not move, and the line of it that is on the first line of the view."""
        view = self._lines_in_view()
        for y, (at, line) in enumerate(view):
            if at == self._cursor:
                return self._key(at), line - y
        return self._key(self._anchor[0]), self._anchor[1]

    def _renamed(self, index: ThreadIndex, vanished: Collection[int]) -> dict[int, int]:
        """The new keys of posts that have another key now: what was in the outbox and is confirmed, and everything
        when the mirror was fetched anew."""
        known = {row.id: key for key in vanished if (row := self._rows.get(key)) is not None}
        if not known:
            return {}
        if self.find_key is not None:
            found = {key: self.find_key(post_id) for post_id, key in known.items()}
            return {key: new for key, new in found.items() if new is not None}
        new = [key for key in index.keys if key not in set(self.index.keys)]
        return {known[row.id]: row.key for row in self._load(new[-64:]) if row.id in known}

    @property
    def words(self) -> tuple[str, ...]:
        """Words marked in the text, as those of a search."""
        return self._words

    @words.setter
    def words(self, words: Sequence[str]) -> None:
        if tuple(words) != self._words:
            self._words = tuple(words)
            self._pattern = word_pattern(self._words)
            self._moved(by_reader=False)

    def redraw(self) -> None:
        """The time went on: ages are told anew."""
        self._clock = self._now()
        self._view = []
        self.repaint()

    @property
    def ended(self) -> bool:
        """Whether the last line of the post under the cursor is on the screen, or above it."""
        if not self._order or not self._laid_out:
            return False
        lines = [line for at, line in self._lines_in_view() if at == self._cursor]
        return not lines or max(lines) >= self._draw(self._cursor).post.end - 1

    # moving

    def move(self, delta: int) -> bool:
        """Moves the cursor by posts and shows the post; whether it moved."""
        return self._go(self._cursor + delta)

    def first(self) -> bool:
        return self._go(0)

    def last(self) -> bool:
        return self._go(len(self._order) - 1)

    def go_to(self, key: int, line: int = 0) -> bool:
        """Moves to a post, out of any fold, and puts it at the top of the view; False when it is not in the thread."""
        if key not in self.index.keys:
            return False
        self._report_seen()
        hiding = self._order.folds_above(key)
        if hiding:
            self._order = ThreadOrder(self.index, self._order.folded - hiding)
        self._set_cursor(self._order.find(key))
        self._anchor = (self._cursor, line)
        self._moved()
        return True

    def wheel(self, lines: int) -> None:
        self.scroll_lines(lines)

    def scroll_lines(self, delta: int) -> bool:
        """Moves the view by lines; the cursor stays unless it would leave the view. Whether it moved."""
        if not self._order or not self._laid_out:
            return False
        self._report_seen()
        before = self._settled()
        at, line = before
        self._anchor = (at, line + delta)
        self._view = []
        if self._settled() == before:
            return False
        self._moved()
        view = self._lines_in_view()
        if not any(at == self._cursor for at, _ in view):
            self._set_cursor(self._first_whole(view, delta))
        return True

    def page(self, direction: int = 1) -> bool:
        """Moves by a screenful; False when the end (or the start) is already on the screen."""
        if not self._order or not self._laid_out:
            return False
        before = self._lines_in_view()
        step = max(1, self.size.height - OVERLAP) * (1 if direction > 0 else -1)
        if not self.scroll_lines(step):
            self._report_seen()
            return False
        view = self._lines_in_view()
        if direction > 0:
            # On to the first post that was not there in full before.
            done = {at for at, line in before if line >= self._draw(at).post.end - 1}
            fresh = next((at for at, line in view if line == 0 and at not in done), None)
            self._set_cursor(fresh if fresh is not None else view[0][0])
        else:
            self._set_cursor(self._first_whole(view, 1))
        return True

    def next_unread(self, direction: int = 1) -> bool:
        """Moves to the next unread post (the one before with -1), out of any fold; forwards also to those above when
        there is none below. False when there is none."""
        self._report_seen()
        key = self._order.next_unread(self._cursor, direction, self._pending)
        return key is not None and self.go_to(key)

    def _go(self, place: int) -> bool:
        if not self._order:
            return False
        place = min(max(place, 0), len(self._order) - 1)
        moved = place != self._cursor
        self._report_seen()
        self._set_cursor(place)
        self._show_cursor()
        return moved

    def _set_cursor(self, place: int) -> None:
        if place != self._cursor:
            self._cursor = place
            self.post_message(self.Moved(self, self._key(place)))
            self.refresh()

    def _show_cursor(self) -> None:
        """Scrolls as little as shows the post under the cursor; a post longer than the view from its first line on."""
        if not self._laid_out:
            self._anchor = (self._cursor, 0)
            return
        height = self.size.height
        at, line = self._settled()
        if self._cursor < at or (self._cursor == at and line > 0) or self._cursor - at > height:
            self._anchor = (self._cursor, 0)
        else:
            end = self._draw(self._cursor).post.end
            top = sum(self._height(one) for one in range(at, self._cursor)) - line
            if top + end > height:
                self._anchor = (self._cursor, -max(0, height - end))
        self._moved()

    def _first_whole(self, view: Sequence[tuple[int, int]], direction: int) -> int:
        """The first (moving down) or last post of ``view`` whose first line is in it."""
        heads = [at for at, line in view if line == 0]
        if not heads:
            return view[0][0] if view else 0
        return heads[0] if direction > 0 else heads[-1]

    # folding

    def fold(self) -> bool:
        """Hides the replies of the post under the cursor, or, when it is folded, those of its parent's."""
        if not self._order:
            return False
        key: int | None = self._key(self._cursor)
        if key in self._order.folded:
            key = self._order.parent(self._cursor)
        return key is not None and self._change_folds(self._order.folded | {key}, key)

    def unfold(self) -> bool:
        """Shows the replies of the post under the cursor again; whether it was folded."""
        key = self.cursor_key
        if key is None or key not in self._order.folded:
            return False
        return self._change_folds(self._order.folded - {key}, key)

    def _change_folds(self, folded: frozenset[int], key: int) -> bool:
        self._report_seen()
        _, line = self._held()
        self._order = ThreadOrder(self.index, folded)
        self._set_cursor(self._order.find(key))
        self._anchor = (self._cursor, min(0, line))
        self._moved()
        return True

    # the post under the cursor

    def toggle_all(self) -> bool:
        """Shows all of a post that was cut, or cuts it again; False when there is nothing to show."""
        if not self._order:
            return False
        key = self._key(self._cursor)
        if key not in self._expanded and not self._draw(self._cursor).post.more:
            return False
        self._expanded ^= {key}
        self._moved(by_reader=False)
        return True

    def shift(self, direction: int) -> bool:
        """Moves wide tables and code of the post under the cursor by `SHIFT` cells; whether they moved."""
        if not self._order or not self._laid_out:
            return False
        key, drawn = self._key(self._cursor), self._draw(self._cursor)
        most = overflow_of(drawn.doc, drawn.view) if drawn.view is not None else 0
        before = self._shifts.get(key, 0)
        self._shifts[key] = max(0, min(before + SHIFT * direction, most))
        if self._shifts[key] != before:
            self._moved(by_reader=False)
        return self._shifts[key] != before

    def links(self) -> tuple[Link, ...]:
        """The links of the post under the cursor that may be opened, numbered as in the text."""
        if not self._order or self._row(self._cursor) is None:
            return ()
        return self._draw(self._cursor).doc.links

    def text(self) -> str:
        """The post under the cursor as text to copy: its title and body as they were written, made harmless."""
        row = self.cursor_row
        return "" if row is None else plain_text(row)

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
        key = self._key(place)
        row = self._row(place) or vanished(key, self._clock)
        everything = key in self._expanded
        drawn = self._drawn.get(key)
        if drawn is None or drawn.everything != everything or drawn.row.body != row.body or drawn.row.gone != row.gone:
            drawn = self._drawn[key] = Drawn(row, parse_post(row, everything), everything)
            if len(self._drawn) > POSTS_KEPT:
                self._drawn.popitem(last=False)
        view = View(
            width=max(1, self.size.width - 2),
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

    def _report_seen(self) -> None:
        """Tells which unread posts have been on the screen to their last line."""
        if not self._view or self.previewing:
            return
        seen = {self._key(at) for at, line in self._view if line == self._in_view[at].post.end - 1}
        new = frozenset(seen & self.index.unread - self._told)
        if new:
            self._told |= new
            self._pending |= new
            self.tell_seen(new)
        again = [key for key in seen if (row := self._rows.get(key)) is not None and row.changed]
        if again and not new.issuperset(again):
            self.tell_seen(frozenset(again))

    def tell_seen(self, keys: frozenset[int]) -> None:
        """Tells that posts were read; `mark` has noted it before the message comes, however the program ends."""
        if self.mark is not None:
            self.mark(keys)
        self.post_message(self.Seen(self, keys))

    def leave(self) -> None:
        """The reader turns to something else: what has been on the screen to its last line is seen."""
        self._report_seen()

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

    def drag_to(self, part: float) -> None:
        if self._order:
            self._report_seen()
            self._anchor = (min(len(self._order) - 1, int(part * len(self._order))), 0)
            self._moved()
            view = self._lines_in_view()
            if not any(at == self._cursor for at, _ in view):
                self._set_cursor(self._first_whole(view, 1))

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
        strip = drawn.strips.get((line, current, barred))
        if strip is None:
            mark = Span("▌", "cursor" if self.has_focus else "blurred") if current else Span(" ")
            width = self.size.width
            strip = paint((mark, *drawn.post.lines[line]), width - 1, self.palette, self.rich_style)
            strip = Strip([*strip, self.bar_segment(y)], width)
            drawn.strips[line, current, barred] = strip
        return strip

    # events

    def on_resize(self) -> None:
        """The first line stays where it was, as far as its post is as long as before, and the cursor stays in sight."""
        if not self._order or not self._laid_out:
            return
        self._moved()
        settled = bool(self._in_view)  # else this is the first size: the place asked for is not looked at yet
        if not any(at == self._cursor for at, _ in self._lines_in_view()) and settled:
            self._show_cursor()

    def focus_changed(self) -> None:
        if self._order and self._laid_out:
            self._draw(self._cursor).strips.clear()
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        event.prevent_default()  # Textual would select the whole thread on a double click
        if event.x >= self.size.width - 1 or event.y >= len(self._view) or self.has_selected_text:
            return
        event.stop()
        at, number = self._view[event.y]
        drawn = self._draw(at)
        line = drawn.post.lines[number]
        link = link_at(line, event.x - 1)
        self._set_cursor(at)
        if 0 <= link < len(drawn.doc.links):
            self.post_message(self.LinkClicked(self, drawn.doc.links[link]))
        elif any(span.style == "more" for span in line):
            if drawn.view is not None and drawn.view.fold is not None:
                self.unfold()
            else:
                self.toggle_all()
