"""What the list and the thread have in common: a widget that draws whole lines itself.

It overrides `render_lines` and hands back cached strips, as wide as itself. That passes by what Textual does for
other widgets, so it is done here: line filters (NO_COLOR), marking of selected text, copying it. The strips carry no
meta, so nothing in them can be an action. No border and no padding: the container may have them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self
from weakref import WeakKeyDictionary, ref

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App
from textual.errors import NoWidget
from textual.geometry import Region, Size
from textual.message import Message
from textual.screen import Screen
from textual.selection import Selection
from textual.strip import Strip

from widgets.at_once import AtOnce
from widgets.steady import steady_line
from widgets.strips import Line, Span, line_width, paint, restyle, wrap

WHEEL_LINES = 3

# For each app and kind of view the theme and the view whose palette the others share.
_leaders: WeakKeyDictionary[App[object], dict[str, tuple[str, ref[LineView]]]] = WeakKeyDictionary()


class LineView(AtOnce, can_focus=True, inherit_bindings=False):
    """Base of widgets that draw line by line: a palette from component classes, and an own slim scroll bar."""

    PREFIX: ClassVar[str] = ""  # of the component classes: PREFIX--NAME

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(name=name, id=id, classes=classes)
        self._styles: dict[str, Style] = {}
        self._home: Screen[Any] | None = None
        self._said: tuple[object, list[Line]] = (None, [])  # the lines of a text that stands alone
        self._seen: tuple[object, ...] = ()
        self._as_seen: tuple[object, ...] = ()
        self._dragging = False
        self.on_moved: Callable[[], None] | None = None  # called when the view, or the cursor in it, moved
        self._painted: dict[int, Strip] = {}  # what stands on the lines of the view, as they were painted last
        self._whole: tuple[object, list[Strip]] | None = None  # all lines as they go out, until something changes

    # where it stands

    def _on_mount(self, event: events.Mount) -> None:
        self._home = self.screen

    @property
    def size(self) -> Size:
        """As in Textual, which goes up to the screen each time, and so do views, many times a key."""
        if self._home is None:
            return super().size
        try:
            region = self._home.find_widget(self).region
        except NoWidget:
            return Size(0, 0)
        gutter = self.styles.gutter
        return region.shrink(gutter).size if any(gutter) else region.size

    def tell(self, message: Message) -> None:
        """To the screen, without the way up through the containers, which costs more than what is done about it."""
        (self.screen if self.is_attached else self).post_message(message)

    def warm(self, strip: Strip) -> None:
        """Makes what goes to the terminal for a strip that is likely to be shown next."""
        background = self.background_colors[1]
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, background)
        steady_line(strip.render(self.app.console))

    # what a subclass draws

    def strip_at(self, y: int) -> Strip:
        """The strip of line ``y`` of the view, as wide as the widget."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Called before strips are asked for, once a paint."""

    def forget_strips(self) -> None:
        """The colours or the width changed: what was painted is of no use."""
        raise NotImplementedError

    def bar(self) -> tuple[int, int]:
        """First line and length of the scroll bar's thumb; length 0 shows no bar."""
        raise NotImplementedError

    def drag_to(self, part: float) -> None:
        """The bar was dragged: 0.0 is the start, 1.0 the end."""
        raise NotImplementedError

    def wheel(self, lines: int) -> None:
        """The mouse wheel was turned: down is positive."""
        raise NotImplementedError

    def focus_changed(self) -> None:
        """The cursor has to look otherwise."""
        raise NotImplementedError

    def _place_changed(self) -> None:
        if self.on_moved is not None:
            self.on_moved()

    # colours

    def palette(self, names: str) -> Style:
        """The style of one or more names, separated by spaces; later ones win. Unknown names raise KeyError."""
        style = self._styles.get(names)
        if style is None:
            # Asked for several classes at once, Textual gives the style of the last alone.
            style = self.rich_style
            for name in names.split():
                style += self.get_component_rich_style(f"{self.PREFIX}--{name}", partial=True)
            if self.app.native_ansi_color:
                style += _ansi_stress(self.PREFIX, names)
            self._styles[names] = style
        return style

    def _get_component_classes(self) -> frozenset[str]:  # type: ignore[override] # Textual asks its nodes, never the class
        """The palette's classes, once a theme for all views of one kind.

        Textual styles each of them anew, as a node of its own, whenever a class of the screen or the focus changes:
        16 for each list and 47 for the thread came to three quarters of the 20 ms that one such change took.
        """
        leaders = _leaders.setdefault(self.app, {})
        theme, leader = leaders.get(self.PREFIX, ("", None))
        first = leader() if leader is not None and theme == self.app.theme else None
        if first is None or not first._component_styles:
            leaders[self.PREFIX] = (self.app.theme, ref(self))
            return super()._get_component_classes()
        if first is not self:
            self._component_styles = dict(first._component_styles)
        return frozenset()

    def bar_segment(self, y: int, style: str = "") -> Segment:
        """The last cell of line ``y``."""
        first, length = self.bar()
        if first <= y < first + length:
            return Segment("▐", self.palette(f"{style} thumb".strip()))
        return Segment(" ", self.palette(style))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._seen = self._as_seen = ()

    def _check(self) -> None:
        """Forgets the strips when what they were painted with is no longer so."""
        size = self.size
        # How often styles changed, not what they are: worked out, one of them is a tenth of what a key costs.
        changes = tuple([node.styles._cache_key for node in self.ancestors_with_self])
        if (size, changes, self.app.theme) == self._as_seen:
            return
        seen = (size.width, self.rich_style, self.app.current_theme.name, *map(self.palette, self.watched_styles))
        if seen != self._seen:
            self._styles.clear()
            self.forget_strips()
            self._seen = seen
        self._as_seen = (size, changes, self.app.theme)

    watched_styles: ClassVar[tuple[str, ...]] = ()  # names whose change means that strips are stale

    # drawing

    def text_strip(self, y: int, text: str, style: str) -> Strip:
        """Line ``y`` of a view that shows nothing but ``text``, in the upper third, each line in the middle."""
        width, height = self.size
        if self._said[0] != (text, style, width):
            whole = [line for part in text.split("\n") for line in wrap([Span(part, style)], max(1, width - 4))]
            self._said = ((text, style, width), whole)
        lines = self._said[1]
        start = max(0, (height - len(lines)) // 3)
        if not text or not start <= y < start + len(lines):
            return Strip.blank(width, self.palette(""))
        line = lines[y - start]
        return paint(
            (Span(" " * max(0, (width - line_width(line)) // 2)), *line), width, self.palette, self.palette("")
        )

    def render_line(self, y: int) -> Strip:
        """One line, with the offsets by which Textual finds what the mouse selects."""
        self._check()
        self.prepare()
        if not 0 <= y < self.size.height:
            return Strip.blank(self.size.width, self.palette(""))
        return self.strip_at(y).apply_offsets(0, y)

    def render_lines(self, crop: Region) -> list[Strip]:
        width, height = self.size
        if not self._component_styles:  # removed since the last layout, which still has it
            return [Strip.blank(crop.width, self.rich_style)] * crop.height
        self._check()
        filters = self.get_line_filters()
        if self._whole is not None and self._whole[0] == (width, height, filters):
            return self._cropped(self._whole[1], crop)
        self.prepare()
        strips = [self.strip_at(y) for y in range(height)]
        self._painted = dict(enumerate(strips))
        selection = self.text_selection
        if selection is not None:
            style = self.selection_style
            for y in range(height):
                span = selection.get_span(y)
                if span is not None:
                    strips[y] = restyle(strips[y], *span, style)
        if filters:
            background = self.background_colors[1]
            for line_filter in filters:
                strips = [strip.apply_filter(line_filter, background) for strip in strips]
        self._whole = ((width, height, filters), strips)
        return self._cropped(strips, crop)

    def _cropped(self, strips: list[Strip], crop: Region) -> list[Strip]:
        width, height = self.size
        if crop.y >= 0 and crop.bottom <= height:
            lines = strips[crop.y : crop.bottom]
        else:
            blank = Strip.blank(width, self.palette(""))
            lines = [strips[y] if 0 <= y < height else blank for y in crop.line_range]
        if crop.column_span != (0, width):
            lines = [line.crop(*crop.column_span) for line in lines]
        return lines

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """As in Textual; other widgets on the screen are often painted without this one, which is then as it was."""
        self._whole = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def repaint(self) -> None:
        """After what is shown may have changed: paints the lines that look otherwise than they did, and no other."""
        width, height = self.size
        if not (self.is_attached and self.display and self._component_styles and self._painted and width and height):
            self.refresh()
            return
        self._check()
        self.prepare()
        before = [self._painted.get(y) for y in range(height)]
        now = [self.strip_at(y) for y in range(height)]
        other = [y for y in range(height) if now[y] is not before[y] and now[y] != before[y]]
        if other:
            self.refresh(*(Region(0, y, width, 1) for y in other))

    # selection: what can be seen can be copied, as it is seen

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        self._check()
        self.prepare()
        lines = [self.strip_at(y).crop(0, self.size.width - 1).text.rstrip() for y in range(self.size.height)]
        return selection.extract("\n".join(lines)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()

    def unselect(self) -> None:
        """The lines moved: a selection no longer stands where it was made."""
        if self.is_attached and self.screen.selections:
            self.screen.clear_selection()

    @property
    def has_selected_text(self) -> bool:
        selection = self.text_selection
        return selection is not None and selection.start != selection.end

    # events

    def on_focus(self) -> None:
        self.focus_changed()

    def on_blur(self) -> None:
        self.focus_changed()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.wheel(WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.wheel(-WHEEL_LINES)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button == 1 and event.x == self.size.width - 1 and self.bar()[1]:
            event.stop()
            event.prevent_default()
            self._dragging = True
            self.capture_mouse()
            self._drag(event.y)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragging:
            event.stop()
            self._drag(event.y)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._dragging:
            event.stop()
            self._dragging = False
            self.release_mouse()

    def _drag(self, y: int) -> None:
        length = self.bar()[1]
        room = max(1, self.size.height - length)
        self.drag_to(min(1.0, max(0.0, (y - length // 2) / room)))


def _ansi_stress(prefix: str, names: str) -> Style:
    """What tells a style from others where all grounds are the terminal's own: the row of a list's cursor and
    badges are reversed, quiet text is dim."""
    words = names.split()
    if prefix == "row-list" and "cursor" in words:  # in one piece: colours would become a patchwork of grounds
        return Style(color="default", bgcolor="default", reverse=True)
    return Style(
        reverse=True if "badge" in words else None,
        bold=True if prefix == "row-list" and "blurred" in words else None,
        dim=True if not {"muted", "faint", "guide", "votes"}.isdisjoint(words) and "cursor" not in words else None,
    )


def thumb(start: float, end: float, height: int) -> tuple[int, int]:
    """First line and length of a thumb for a view of ``start`` to ``end`` (0.0 to 1.0) of the whole; length 0 when all
    is seen. It touches an end of the bar only when there is nothing beyond."""
    if height < 2 or (start <= 0 and end >= 1):
        return 0, 0
    length = max(1, min(height - 1, round((end - start) * height)))
    room = height - length
    if start <= 0:
        return 0, length
    if end >= 1:
        return room, length
    top = round(room * start / (1 - (end - start)))
    return (min(max(top, 1), room - 1) if room > 2 else min(top, room)), length
