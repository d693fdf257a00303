"""Textual's compositor, for screens of a few large widgets: what is covered is not drawn, nor what did not change.

Textual's own draws, when two lines of a list changed, all lines of the list and of everything behind it, each container
up to the screen, and then throws away what is behind. Here a widget is asked only for the lines that changed, and for
none of them when another widget, in front of it, has them all. Where what changed is a widget's alone, as with each key
in a list, its lines go out as they are, whatever else stands on the screen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import TYPE_CHECKING, Any

from textual import events, messages
from textual._compositor import ChopsUpdate, Compositor, CompositorUpdate
from textual.geometry import Region
from textual.screen import Screen, ScreenResultType
from textual.strip import Strip

from widgets.steady import Steady, steady_line

if TYPE_CHECKING:
    from rich.console import Console
    from textual.widget import Widget


class SparingUpdate(ChopsUpdate):
    """The same bytes, without an object for each move of the cursor, and without a move before nothing."""

    def render_segments(self, console: Console) -> str:
        parts: list[str] = []
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= x2 or end <= x1:
                    continue
                shown = strip if end <= x2 else strip.crop(0, x2 - x)
                parts.append(f"\x1b[{y + 1};{x + 1}H{shown.render(console)}")
        return "".join(parts)


class LinesUpdate(CompositorUpdate):
    """Whole strips, each at its place (column, line)."""

    def __init__(self, lines: list[tuple[int, int, Strip]]) -> None:
        self._lines = lines

    def render_segments(self, console: Console) -> str:
        return Steady(
            "".join([f"\x1b[{y + 1};{x + 1}H{steady_line(strip.render(console))}" for x, y, strip in self._lines])
        )


class SparingCompositor(Compositor):
    """See the module."""

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        if crop is None:
            yield from super()._get_renders(crop)
            return
        lines = Region(0, crop.y, self.size.width, crop.height)
        drawn: list[Region] = []
        for widget, (region, clip) in self.visible_widgets.items():  # from front to back
            there = region.intersection(clip).intersection(lines)
            wanted = there.intersection(crop)
            if not wanted or any(one.contains_region(wanted) for one in drawn):
                continue
            drawn.append(there)
            yield region, clip.intersection(lines), widget.render_lines(there.translate(-region.offset))

    def render_partial_update(self) -> CompositorUpdate | None:  # type: ignore[override] # as it is used
        owned = self._owners()
        if owned is not None:
            self._dirty_regions.clear()
            return LinesUpdate([line for widget, changed in owned.items() for line in self._lines_of(widget, *changed)])
        update = super().render_partial_update()
        return None if update is None else SparingUpdate(update.chops, update.spans, update.chop_ends)

    def _owners(self) -> dict[Widget, tuple[Region, list[Region]]] | None:
        """Where the widgets stand that changed, and their regions that did; None where something lies over a part of
        one. Widgets that are drawn may make the next layout necessary, and are no longer where they are drawn then."""
        owned: dict[Widget, tuple[Region, list[Region]]] = {}
        for dirty in self._dirty_regions:
            changed = dirty.intersection(self.size.region)
            for widget, (region, clip) in self.visible_widgets.items():  # from front to back
                there = region.intersection(clip)
                if there.overlaps(changed):
                    if not there.contains_region(changed):
                        return None
                    owned.setdefault(widget, (region, []))[1].append(changed)
                    break
        return owned or None

    def _lines_of(self, widget: Widget, place: Region, regions: list[Region]) -> Iterator[tuple[int, int, Strip]]:
        """What a widget shows in some regions of the screen, as strips with their columns and lines."""
        crop = Region.from_union(regions)
        strips = widget.render_lines(crop.translate(-place.offset))
        spans = (
            self._regions_to_spans(regions) if len(regions) > 1 else [(y, *crop.column_span) for y in crop.line_range]
        )
        for y, x1, x2 in spans:
            strip = strips[y - crop.y]
            whole = (x1, x2) == crop.column_span
            yield x1, y, strip if whole else strip.crop(x1 - crop.x, x2 - crop.x)


PAIR = 1 / 60  # seconds in which no more than two frames are painted


class SparingScreen(Screen[ScreenResultType]):
    """A screen that is drawn so, and as soon as it has nothing else to do.

    Textual paints at the beats of a clock. What changes shortly after a frame waits for the beat after the next, 17 to
    33 ms: the hits of a search, which come a few after the letter that was typed.
    """

    def __init_subclass__(cls, *, part: bool = False, **more: Any) -> None:
        """``part``: of a screen, never shown by itself. Textual goes through all attributes of all bases of each class,
        and makes all their bindings anew; of a screen in twelve parts once is enough."""
        if not part:
            super().__init_subclass__(**more)

    def __init__(self) -> None:
        super().__init__()
        self._compositor = SparingCompositor()
        self._painted = (0.0, 0.0)  # when the last two frames were
        self._beat: asyncio.TimerHandle | None = None  # when the next may be

    def after_frame(self, callback: Callable[[], None]) -> None:
        """Called when what is to be painted now has been, from the handler of a message to the screen."""
        self._callbacks.append((callback, self))

    async def _on_update(self, message: messages.Update) -> None:
        """As in Textual, which also sends itself a message to come to rest: it will, after this one."""
        message.stop()
        message.prevent_default()
        if self in self._compositor:
            self._dirty_widgets.add(message.widget)

    async def _on_idle(self, event: events.Idle) -> None:
        later = self._layout_required or self._scroll_required or self._repaint_required or self._recompose_required
        if later or not self._dirty_widgets or self.app._batch_count or not self.is_current:
            return
        if self._pending_message is not None:  # taken from the queue to be looked at: it may be part of this frame
            event.prevent_default()
            return
        event.prevent_default()  # Textual's own waits for the beat
        wait = self._painted[0] + PAIR - monotonic()
        if wait <= 0:
            self._on_timer_update()
        elif self._beat is None:
            self._beat = asyncio.get_running_loop().call_later(wait, self._on_beat)

    def _on_beat(self) -> None:
        self._beat = None
        self.check_idle()

    def on_unmount(self) -> None:
        if self._beat is not None:
            self._beat.cancel()

    def _on_timer_update(self) -> None:
        self._painted = (self._painted[1], monotonic())
        super()._on_timer_update()
