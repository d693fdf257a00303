"""The last place before the terminal: text of a strip becomes bytes here, and no control code passes.

Whatever is drawn, by widgets of ours or Textual's own (fields, lists, notices, the palette), for a whole frame or a
part of one, is a `Strip` whose `render` makes the bytes. All that a strip's segments hold is text; a control code in it
is somebody's, and so is a link (OSC 8), which nothing of ours makes. `app.py` puts this guard there before it draws.
It trusts none of the guards before it, and has nothing to do when those have done their work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip

from jamtui.safe_text import refuse_controls

if TYPE_CHECKING:
    from rich.console import Console

_textuals_own = Strip.render


def guard() -> None:
    """From now on, for the whole process; again is the same as once."""
    Strip.render = _render  # type: ignore[method-assign] # the one door, whoever made the strip


def harmless(strip: Strip) -> Strip:
    """The strip without control codes (they become visible) and without links, as wide as it was."""
    for text, style, _ in strip:
        if (not text.isprintable() and refuse_controls(text) != text) or (style is not None and style.link):
            break
    else:
        return strip
    kept = [
        Segment(refuse_controls(text), style.update_link(None) if style is not None and style.link else style)
        for text, style, _ in strip
    ]
    return Strip(kept).adjust_cell_length(strip.cell_length)  # what became visible takes cells


def _render(self: Strip, console: Console) -> str:
    if self._render_cache is None:
        self._render_cache = _textuals_own(harmless(self), console)
    return self._render_cache
