"""For terminals that show ASCII alone: what jamtui itself draws, spelled in ASCII, one character for one.

It is a line filter, the last thing before the terminal, so that nothing can be forgotten: our marks, guides, bars and
ellipses, Textual's borders and scroll bars. It knows no text from chrome: a symbol of the table that stands in a post
is spelled in ASCII as well. Letters of any script pass as they are.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_MARKS = {
    "●○◐◌•◉": "*oooo@",
    "▮▯": "#.",
    "\u00a0": " ",
    "◆■▣◦▪": "*##-+",
    "★▲△▼▾▸▹▶◂◀": "*^^vv>>><<",
    "✦◔◑≈≡": "*oO~=",
    "↑↓←→↩↳↵⏎": "^v<><>><",
    "‹›": "<>",
    "✓✗✎⚠≠": "+x>!!",
    "…⋯·‥": "~~-.",
    "—–‘’“”": "--''\"\"",
    "▁▂▃▄▅▆▇█": "_.-=+*%#",
}


def _table() -> dict[int, str]:
    table = dict.fromkeys(range(9472, 9600), "+")  # box drawing: corners and crossings
    table |= dict.fromkeys(range(0x2580, 0x25A0), "#")  # block elements
    table |= dict.fromkeys(map(ord, "─┄┅┈┉╌═╴╶╸╺╼╾▔"), "-")
    table |= dict.fromkeys(map(ord, "━╍"), "=")  # what is over, on the bar of a Jam's time
    table |= dict.fromkeys(map(ord, "│┃┆┇┊┋╎╏║╵╷╹╻╽╿▎▏▌▍▊▋▉▕"), "|")
    for marks, spelled in _MARKS.items():
        table |= dict(zip(map(ord, marks), spelled, strict=True))
    return table


ASCII = _table()


class AsciiOnly(LineFilter):
    """Spells the symbols of the table in ASCII; every one is one cell wide before and after."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment
            if segment.text.isascii()
            else Segment(segment.text.translate(ASCII), segment.style, segment.control)
            for segment in segments
        ]
