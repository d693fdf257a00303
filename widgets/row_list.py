"""A list of up to a million rows: draws what is seen, fetches rows in windows, keeps strips of what was drawn.

The list holds keys only. Rows come through ``fetch`` in windows of `WINDOW`, lines through ``draw``; both belong to
the screen. A row is ``row_height`` lines. When rows arrive or vanish, the row under the cursor and the first visible
row stay where they are: nothing moves under the reader.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from widgets.line_view import LineView, thumb
from widgets.strips import Line, paint, paint_content

WINDOW = 32  # rows fetched at once: a screen or two, since the names in them are looked up
ROWS_KEPT = 2048
STRIPS_KEPT = 1024
_NEAR = 256  # how far around its old place a key is looked for before all keys are

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")


class RowList(LineView, Generic[Key, Row]):
    """A virtual list. See the module for what it promises.

    ``fetch`` gets keys and gives their rows in that order, leaving out those that vanished; ``key_of`` names the key
    of a row (by default its attribute ``key``). ``draw`` gets a row, the width in cells, and whether the row is under
    the cursor and the list focused; it gives at most ``row_height`` lines: tuples of `Span` whose style names are those
    of `COMPONENT_CLASSES` without their prefix (the faster way), or `Content` of one line.
    """

    PREFIX = "row-list"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-list--cursor",
        "row-list--blurred",
        "row-list--title",
        "row-list--unread",
        "row-list--muted",
        "row-list--faint",
        "row-list--author",
        "row-list--accent",
        "row-list--badge",
        "row-list--tag",
        "row-list--vote",
        "row-list--hit",
        "row-list--good",
        "row-list--bad",
        "row-list--thumb",
        "row-list--empty",
    }
    DEFAULT_CSS = """
    RowList {
        width: 1fr; height: 1fr; background: $background; color: $foreground;
        & > .row-list--title { color: $foreground; }
        & > .row-list--unread { color: $foreground; text-style: bold; }
        & > .row-list--muted { color: $text-muted; }
        & > .row-list--faint { color: $text-disabled; }
        & > .row-list--author { color: $secondary; }
        & > .row-list--accent { color: $accent; }
        & > .row-list--badge { color: $accent; background: $panel; }
        & > .row-list--tag { color: $primary; }
        & > .row-list--vote { color: $success; }
        & > .row-list--hit { color: $warning; text-style: bold; }
        & > .row-list--good { color: $success; }
        & > .row-list--bad { color: $error; }
        & > .row-list--thumb { color: $scrollbar; }
        & > .row-list--empty { color: $text-muted; }
        & > .row-list--cursor { background: $block-cursor-background; }
        & > .row-list--blurred { background: $block-cursor-blurred-background; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open_row", "Open", show=False, id="list.open")]
    window = WINDOW  # rows fetched at once
    always_barred = False  # True: also without the keys; else an edge that two panes share would have two bars
    watched_styles = ("cursor muted", "blurred muted", "accent", "thumb")

    class Highlighted(Message):
        """The cursor came to stand on another row. ``key`` is None when there is no row."""

        def __init__(self, row_list: RowList[Any, Any], key: Any) -> None:
            super().__init__()
            self.row_list = row_list
            self.key = key

        @property
        def control(self) -> RowList[Any, Any]:
            return self.row_list

    class Opened(Message):
        """A row was opened: Enter, or a double click."""

        def __init__(self, row_list: RowList[Any, Any], key: Any) -> None:
            super().__init__()
            self.row_list = row_list
            self.key = key

        @property
        def control(self) -> RowList[Any, Any]:
            return self.row_list

    def __init__(
        self,
        fetch: Callable[[Sequence[Key]], Sequence[Row]],
        draw: Callable[[Row, int, bool, bool], Sequence[Line | Content]],
        *,
        row_height: int = 1,
        empty: str = "Nothing here yet.",
        key_of: Callable[[Row], Key] | None = None,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's own name
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._fetch = fetch
        self._draw = draw
        self._row_height = row_height
        self._empty = empty
        self._key_of: Callable[[Row], Key] = key_of if key_of is not None else lambda row: row.key  # type: ignore[attr-defined]
        self._keys: Sequence[Key] = ()
        self._cursor = 0
        self._top = 0  # index of the first visible row
        self._rows: OrderedDict[Key, Row | None] = OrderedDict()
        self._strips: OrderedDict[tuple[Key, int, bool], tuple[Strip, ...]] = OrderedDict()
        self._sized = False  # whether there was a size at the last look
        self._above: int | None = None  # rows to be above the cursor's as soon as there is a size
        self._told: Key | None = None
        self._bar = (0, 0)  # of this paint
        self._lit = False  # whether the list has the keys, in this paint

    # what is in the list

    @property
    def keys(self) -> Sequence[Key]:
        return self._keys

    @property
    def row_height(self) -> int:
        return self._row_height

    @row_height.setter
    def row_height(self, lines: int) -> None:
        if lines != self._row_height:
            self._row_height = lines
            self._strips.clear()
            self._show_cursor()
            self.refresh()

    @property
    def empty(self) -> str:
        """What is said when there are no rows."""
        return self._empty

    @empty.setter
    def empty(self, text: str) -> None:
        if text != self._empty:
            self._empty = text
            self.refresh()

    @property
    def cursor_index(self) -> int:
        """The place of the cursor; -1 when there are no rows."""
        return self._cursor if self._keys else -1

    @property
    def cursor_key(self) -> Key | None:
        return self._keys[self._cursor] if self._keys else None

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor; None when there is none, or when it vanished."""
        return self._row(self._cursor) if self._keys else None

    @property
    def top_index(self) -> int:
        """The index of the first visible row: how many rows are above the view."""
        return self._top

    @property
    def rows_per_page(self) -> int:
        return max(1, self.size.height // self._row_height)

    @property
    def rows_above(self) -> int:
        """How many rows of the view stand above that of the cursor; what `set_rows` takes to come back exactly here."""
        return self._cursor - self._top if self._above is None else self._above

    def set_rows(self, keys: Sequence[Key], *, cursor: Key | None = None, above: int | None = None) -> None:
        """Another list: the cursor goes to the row with the key ``cursor``, or to the first; ``above`` (see
        `rows_above`) says on which line of the view, else the view shows it with some rows before it."""
        self._keys = keys
        self._rows.clear()
        self._strips.clear()
        self._top = 0
        place = -1 if cursor is None else _find(keys, cursor, 0)
        self._cursor = max(place, 0)
        self._above = above if place >= 0 else None
        if self._above is None or not self._put_cursor():
            self._show_cursor(middle=True)
        self.unselect()
        self.refresh()
        self._tell(anew=True)  # the same key in another list is another place

    def update_rows(
        self, keys: Sequence[Key], changed: Collection[Key] | None = None, *, cursor: Key | None = None
    ) -> None:
        """The same list later: rows came, went or changed (``changed``; None: any of them may have).

        The cursor stays on its row, and as many rows as can stay on their lines; rows that vanished give way to the
        next. A cursor whose row went elsewhere is followed only while the list has the keys.
        ``cursor`` is the key of the cursor's row when that has another one now: then the row stays on its line.
        """
        old = self._keys
        if changed is None:
            self._rows.clear()
            self._strips.clear()
        else:
            self._drop(changed)
        self._keys = keys
        if not keys:
            self._cursor = self._top = 0
        elif old:
            place = -1 if cursor is None else _find(keys, cursor, self._cursor)
            at = place if place >= 0 else _follow(old, keys, self._cursor)
            held = at - (self._cursor - self._top)  # leaves the cursor on its line
            page = self.rows_per_page
            top = _steadiest(old[self._top : self._top + page], keys, held)
            self._top = held if self.has_focus and not top <= at < top + page else top
            self._cursor = at
            self._clamp()
        self.repaint()
        self._tell()

    def refresh_rows(self, keys: Iterable[Key]) -> None:
        """These rows changed: they are fetched and drawn again if they are seen."""
        self._drop(keys)
        self.repaint()

    def redraw(self) -> None:
        """What ``draw`` looks at beside the row changed (the time, for one): rows stay, lines are drawn again."""
        self._strips.clear()
        self.repaint()

    def _drop(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._rows.pop(key, None)
            for state in (0, 1, 2):
                self._strips.pop((key, state, False), None)
                self._strips.pop((key, state, True), None)

    # moving

    def move(self, delta: int) -> bool:
        """Moves the cursor by rows; whether it moved."""
        return self.go_to_index(self._cursor + delta)

    def page(self, direction: int) -> bool:
        """Moves by a screenful, one row kept in sight; ``direction`` is 1 or -1."""
        return self._step(max(1, self.rows_per_page - 1) * direction)

    def half_page(self, direction: int) -> bool:
        return self._step(max(1, self.rows_per_page // 2) * direction)

    def _step(self, rows: int) -> bool:
        """Moves the view and the cursor in it."""
        if not self._keys:
            return False
        self._scroll_top_to(self._top + rows)
        return self.go_to_index(self._cursor + rows)

    def first(self) -> bool:
        return self.go_to_index(0)

    def last(self) -> bool:
        return self.go_to_index(len(self._keys) - 1)

    def go_to(self, key: Key) -> bool:
        """Moves the cursor to the row with ``key``; False when there is no such row."""
        place = _find(self._keys, key, self._cursor)
        if place < 0:
            return False
        self.go_to_index(place)
        return True

    def go_to_index(self, index: int) -> bool:
        if not self._keys:
            return False
        index = min(max(index, 0), len(self._keys) - 1)
        if index == self._cursor:
            self._show_cursor()
            return False
        before, self._cursor = self._cursor, index
        self._place_changed()
        if not self._show_cursor():
            self.refresh(self._region_of(before), self._region_of(index))
        self._tell()
        return True

    def scroll_rows(self, delta: int) -> None:
        """Moves the view and leaves the cursor, unless it would leave the view."""
        self._scroll_top_to(self._top + delta)
        low, high = self._top, self._top + self.rows_per_page - 1
        if self._keys and not low <= self._cursor <= high:
            self._cursor = min(max(self._cursor, low), high, len(self._keys) - 1)
            self._tell()

    def _region_of(self, index: int) -> Region:
        y = (index - self._top) * self._row_height
        return Region(0, y, self.size.width, self._row_height)

    def _scroll_top_to(self, top: int) -> bool:
        top = max(0, min(top, len(self._keys) - self.rows_per_page))
        if top == self._top:
            return False
        self._top = top
        self.unselect()
        self.refresh()
        self._place_changed()
        return True

    def _show_cursor(self, middle: bool = False) -> bool:
        """Scrolls so that the cursor is seen; whether it had to. Not before there is a size: then it is looked for."""
        if not self.size.height:
            return False
        page = self.rows_per_page
        if self._top <= self._cursor < self._top + page:
            return self._scroll_top_to(self._top)
        if middle:
            return self._scroll_top_to(self._cursor - page // 3)
        return self._scroll_top_to(self._cursor if self._cursor < self._top else self._cursor - page + 1)

    def _put_cursor(self) -> bool:
        """Puts the cursor's row where it was asked to be; False while there is no size to do it in."""
        if self._above is None or not self.size.height:
            return False
        self._top, self._above = max(0, self._cursor - self._above), None
        self._show_cursor(middle=True)
        self.refresh()
        return True

    def _clamp(self) -> None:
        self._cursor = min(max(self._cursor, 0), max(len(self._keys) - 1, 0))
        self._top = max(0, min(self._top, len(self._keys) - self.rows_per_page))

    def _tell(self, *, anew: bool = False) -> None:
        key = self.cursor_key
        if anew or key != self._told:
            self._told = key
            self.tell(self.Highlighted(self, key))

    # drawing

    def forget_strips(self) -> None:
        self._strips.clear()

    def prepare(self) -> None:
        self._clamp()
        self._bar = self.bar()
        self._lit = self.has_focus

    def bar(self) -> tuple[int, int]:
        total = max(1, len(self._keys))
        return thumb(self._top / total, (self._top + self.rows_per_page) / total, self.size.height)

    def drag_to(self, part: float) -> None:
        self.scroll_rows(round(part * max(0, len(self._keys) - self.rows_per_page)) - self._top)

    def strip_at(self, y: int) -> Strip:
        if not self._keys:
            return self.text_strip(y, self._empty, "empty")
        at, line = divmod(y, self._row_height)
        index = self._top + at
        if index >= len(self._keys):
            return Strip.blank(self.size.width, self.palette(""))
        key = self._keys[index]
        state = 0 if index != self._cursor else 1 if self._lit else 2
        first, length = self._bar
        barred = first <= y < first + length and (self._lit or self.always_barred)
        strips = self._strips.get((key, state, barred))
        if strips is None:
            strips = self._paint(index, state, barred)
            self._strips[key, state, barred] = strips
            if len(self._strips) > STRIPS_KEPT:
                self._strips.popitem(last=False)
        return strips[line]

    def _paint(self, index: int, state: int, barred: bool) -> tuple[Strip, ...]:
        width = self.size.width - 1
        row = self._row(index)
        lines = () if row is None else self._draw(row, width, state > 0, self._lit)
        ground = ("", "cursor ", "blurred ")[state]
        fill = self.palette(ground.strip())
        end = Segment("▐", self.palette(f"{ground}thumb")) if barred else Segment(" ", fill)
        strips: list[Strip] = []
        for number in range(self._row_height):
            line = lines[number] if number < len(lines) else ()
            if isinstance(line, Content):
                base = self.get_visual_style(*(f"{self.PREFIX}--{name}" for name in ground.split()))
                strip = paint_content(line, width, base, fill)
            else:
                strip = paint(line, width, lambda name: self.palette(ground + name), fill)
            strips.append(Strip([*strip, end], width + 1))
        return tuple(strips)

    def _row(self, index: int) -> Row | None:
        key = self._keys[index]
        if key not in self._rows:
            start = index - index % self.window
            wanted = [one for one in self._keys[start : start + self.window] if one not in self._rows]
            self._rows.update(dict.fromkeys(wanted))
            for row in self._fetch(wanted):
                self._rows[self._key_of(row)] = row
            while len(self._rows) > ROWS_KEPT:
                self._rows.popitem(last=False)
        return self._rows[key]

    # events

    def focus_changed(self) -> None:
        if self._keys:
            self._show_cursor(middle=True)  # it may have gone elsewhere meanwhile
        self.refresh()

    def on_resize(self) -> None:
        if not self._put_cursor():
            self._show_cursor(middle=not self._sized)
        self._sized = bool(self.size.height)

    def wheel(self, lines: int) -> None:
        self.scroll_rows(max(1, abs(lines) // self._row_height) * (1 if lines > 0 else -1))

    def on_click(self, event: events.Click) -> None:
        event.prevent_default()  # Textual would select the whole list on a double click
        index = self._top + event.y // self._row_height
        if event.x >= self.size.width - 1 or index >= len(self._keys) or self.has_selected_text:
            return
        event.stop()
        self.go_to_index(index)
        if event.chain == 2:
            self.action_open_row()

    def action_open_row(self) -> None:
        key = self.cursor_key
        if key is not None:
            self.post_message(self.Opened(self, key))


def _find(keys: Sequence[Key], key: Key, near: int) -> int:
    """The index of ``key``, looked for around ``near`` first; -1 when it is not there."""
    low = max(0, near - _NEAR)
    try:
        return low + keys[low : near + _NEAR].index(key)
    except ValueError:
        pass
    try:
        return keys.index(key)
    except ValueError:
        return -1


def _steadiest(seen: Sequence[Key], keys: Sequence[Key], held: int) -> int:
    """Which row has to be the first of the view, so that as many of those that are ``seen`` as can stay on their lines.
    Where that is undecided it is ``held``, or what is nearest to it."""
    low = max(0, held - _NEAR)
    places = {key: place for place, key in enumerate(keys[low : held + len(seen) + _NEAR], low)}
    tops = Counter(places[key] - line for line, key in enumerate(seen) if key in places)
    return max(tops, key=lambda top: (tops[top], -abs(top - held)), default=held)


def _follow(old: Sequence[Key], new: Sequence[Key], place: int) -> int:
    """Where in ``new`` the row is that stood at ``place`` in ``old``; if it vanished, the next that did not, else the
    one before, else the same place."""
    found = _find(new, old[place], place)
    if found >= 0:
        return found
    there = set(new[max(0, place - _NEAR) : place + _NEAR])
    for index in (*range(place + 1, min(len(old), place + _NEAR)), *range(place - 1, max(-1, place - _NEAR), -1)):
        if old[index] in there:
            return _find(new, old[index], place)
    return min(place, len(new) - 1)
