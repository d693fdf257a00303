"""What keys do, below the list or the field of a dialog: the keys stand out, and a line never ends between a key and
what it does."""

from __future__ import annotations

import re
from typing import Final

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual

_KEY: Final = r"(?:Enter|Esc|Space|Tab|Home|End|PgUp|PgDn|(?:Ctrl|Shift|Alt)-\S+|F\d\d?|\d-\d|[^\W_]|[^\w\s])"
_KEYS: Final = re.compile(rf"{_KEY}(?: {_KEY})*(?= |$)")
_GAP, _NARROW_GAP = 3, 2  # cells between one thing and the next
_NARROW = 50


class KeyLine(Visual):
    """``text`` names things between two spaces or more: ``Enter opens   Esc leaves``. Lines above the last one are
    prose, and ``said`` stands above it all. Where not all has room, what comes last, the way out, is still shown."""

    def __init__(self, text: str, said: Content | None = None) -> None:
        *prose, keys = text.split("\n")
        self._prose = [*([said] if said is not None else []), *(Content.styled(line, "$text-muted") for line in prose)]
        self._things = [_drawn(one) for one in re.split(r"\s{2,}", keys.strip()) if one]

    @property
    def plain(self) -> str:
        return "\n".join([*(line.plain for line in self._prose), " ".join(one.plain for one in self._things)])

    def lines(self, width: int, height: int | None = None) -> list[Content]:
        """At most ``height`` lines of ``width`` cells at most."""
        prose = [line for one in self._prose for line in one.wrap(max(1, width))]
        things = list(self._things)
        lines = _laid(things, width)
        while height is not None and len(prose) + len(lines) > height and len(things) > 1:
            del things[-2]
            lines = _laid(things, width)
        return [*(prose if height is None else prose[: max(0, height - len(lines))]), *lines][:height]

    # -- as Textual asks

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return max((line.cell_length for line in (*self._prose, *_laid(self._things, 10_000))), default=0)

    def get_height(self, rules: RulesMap, width: int) -> int:
        return len(self.lines(width))

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        whole = Content("\n").join(self.lines(width, height))
        return whole.render_strips(width, height, style, options)


def key_line(text: str, said: Content | None = None) -> Visual:
    """See `KeyLine`."""
    return KeyLine(text, said)


def _drawn(thing: str) -> Content:
    keys = _KEYS.match(thing)
    at = keys.end() if keys else 0
    return Content.assemble((thing[:at], "bold $primary"), (thing[at:], "$text-muted"))


def _laid(things: list[Content], width: int) -> list[Content]:
    gap = " " * (_NARROW_GAP if width < _NARROW else _GAP)
    lines: list[Content] = []
    for thing in things:
        joined = Content.assemble(lines[-1], gap, thing) if lines else thing
        if not lines or joined.cell_length <= width:
            lines[-1:] = [joined]
        else:
            lines.append(thing)
    return [piece for line in lines for piece in line.wrap(max(1, width))]
