"""Colours that must be told from their ground: WCAG contrast, and a stable colour for each author."""

from __future__ import annotations

import zlib
from functools import lru_cache

from rich.color import Color as RichColor
from textual.color import Color

MIN_CONTRAST = 4.5  # WCAG AA for text
AUTHOR_HUES = 12


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of WCAG 2: 1.0 for the same colour, 21.0 for black on white."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = color.normalized
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


@lru_cache(maxsize=16)
def author_colours(ground: Color) -> tuple[Color, ...]:
    """One colour for each of `AUTHOR_HUES`, each with `MIN_CONTRAST` on ``ground`` at least."""
    dark = _luminance(ground) < 0.25
    colours: list[Color] = []
    for number in range(AUTHOR_HUES):
        lightness = 0.72 if dark else 0.36
        color = Color.from_hsl(number / AUTHOR_HUES, 0.55, lightness)
        while contrast(color, ground) < MIN_CONTRAST and 0.05 < lightness < 0.97:
            lightness += 0.02 if dark else -0.02
            color = Color.from_hsl(number / AUTHOR_HUES, 0.55, lightness)
        colours.append(color)
    return tuple(colours)


def ansi_author(hue: int) -> RichColor:
    """The colour of an author in the terminal's own palette: neither black nor white, which may be its ground."""
    return RichColor.from_ansi((1, 2, 3, 4, 5, 6)[hue % 6])


def author_hue(author_id: str) -> int:
    """Which of the colours an author has, the same everywhere and always."""
    return zlib.crc32(author_id.encode("utf-8", "surrogatepass")) % AUTHOR_HUES
