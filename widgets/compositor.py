"""Textual's compositor, for screens of a few large widgets: what is covered is not drawn, nor what did not change.

Textual's own draws, when two lines of a list changed, all lines of the list and of everything behind it, each container
up to the screen, and then throws away what is behind. Here a widget is asked only for the lines that changed, and for
none of them when another widget, in front of it, has them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import TYPE_CHECKING

from textual import events, messages
from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.screen import Screen, ScreenResultType
from textual.strip import Strip

if TYPE_CHECKING:
    from rich.console import Console


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

    def render_partial_update(self) -> ChopsUpdate | None:
        update = super().render_partial_update()
        return None if update is None else SparingUpdate(update.chops, update.spans, update.chop_ends)


PAIR = 1 / 60  # seconds in which no more than two frames are painted


class SparingScreen(Screen[ScreenResultType]):
    """A screen that is drawn so, and as soon as it has nothing else to do.

    Textual paints at the beats of a clock. What changes shortly after a frame waits for the beat after the next, 17 to
    33 ms: the hits of a search, which come a few after the letter that was typed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._compositor = SparingCompositor()
        self._painted = (0.0, 0.0)  # when the last two frames were

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
        if monotonic() - self._painted[0] >= PAIR:
            event.prevent_default()  # Textual's own waits for the beat
            self._on_timer_update()

    def _on_timer_update(self) -> None:
        self._painted = (self._painted[1], monotonic())
        super()._on_timer_update()
