"""Text in cells: measuring, cutting, wrapping, and painting lines of spans into Textual's strips.

A `Line` is a tuple of `Span`; a span is a run of text with the name of its style (a key of a palette, several names
separated by spaces) and the number of the link it belongs to (-1: none). Lines know no colours and no widget, so
they can be kept across themes; `paint` gives them both, and refuses control codes once more on the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size, split_graphemes
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip
from textual.style import Style as VisualStyle

from jamtui.safe_text import refuse_controls


class Span(NamedTuple):
    """A run of text in one style. ``link`` is an index into the links of a post, or -1."""

    text: str
    style: str = ""
    link: int = -1


Line = tuple[Span, ...]
Palette = Callable[[str], Style]

_ELLIPSIS = "…"

# Characters between which a line may be broken without a space: ideographs, kana, bopomofo, full-width forms.
_WIDE = (
    "\u2e80-\u2fff\u3000-\u303f\u3040-\u33ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003fffd"
)
# ...with the marks that hang on them, and without a closing mark at the start of a line or an opening one at its end.
_CLOSING = (
    "、。，．・：；？！゛゜ヽヾゝゞ々ー’”）〕］｝〉》」』】！），．：；？］｝～ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ"
)
_OPENING = "‘“（〔［｛〈《「『【（［｛"
_MARKS = "\u3099\u309a\u302a-\u302f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_PIECE = re.compile(
    f"(?P<space>[ \u3000]+)|[{_OPENING}]*[{_WIDE}][{_MARKS}{_CLOSING}]*|[^ \u3000{_WIDE}{_OPENING}]+|[{_OPENING}]+"
)
_HAS_WIDE = re.compile(f"[{_WIDE}{_OPENING}]")
_WORDS = re.compile(" +|[^ ]+")


def cell_width(text: str) -> int:
    """How many cells of a terminal ``text`` takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, cells: int, ellipsis: str = _ELLIPSIS) -> str:
    """``text`` in at most ``cells`` cells; what is cut off is told by an ellipsis."""
    if cell_width(text) <= cells:
        return text
    room = cells - cell_width(ellipsis)
    if room < 0:
        return set_cell_size(text, max(cells, 0))
    return set_cell_size(text, room).rstrip() + ellipsis


def pad(text: str, cells: int, right: bool = False) -> str:
    """``text`` in exactly ``cells`` cells, cut or filled with spaces; ``right`` moves it to the right end."""
    text = fit(text, cells)
    gap = " " * (cells - cell_width(text))
    return gap + text if right else text + gap


def line_width(line: Iterable[Span]) -> int:
    return sum(cell_width(span[0]) for span in line)


def cut(line: Iterable[Span], cells: int, ellipsis: str = _ELLIPSIS) -> Line:
    """``line`` in at most ``cells`` cells, with an ellipsis in the style of the place where it was cut."""
    spans = tuple(line)
    if line_width(spans) <= cells:
        return spans
    kept: list[Span] = []
    room = cells
    for span in spans:
        width = cell_width(span.text)
        if width >= room:
            text = fit(span.text, room, "") if width == room else span.text
            kept.append(span._replace(text=fit(f"{text}{ellipsis}" if width == room else text, room, ellipsis)))
            break
        kept.append(span)
        room -= width
    return tuple(kept)


def wrap(spans: Iterable[Span], width: int) -> list[Line]:
    """``spans`` as lines of at most ``width`` cells, broken between words, or between ideographs.

    A word longer than a line is broken between graphemes. Spaces at a break are dropped. There is always one line.
    """
    width = max(width, 1)
    lines: list[Line] = []
    line: list[Span] = []
    used = 0
    space: Span | None = None  # spaces seen after the last word, drawn only if another word follows on this line
    word: list[Span] = []  # pieces of the word in hand: it may go on in the next span

    def flush(end: bool = True) -> None:
        """Puts the word in hand on this line, or on the next."""
        nonlocal line, used, space, word
        if not word:
            return
        length = line_width(word)
        gap = cell_width(space.text) if space is not None else 0
        if used and used + gap + length > width:
            lines.append(tuple(line))
            line, used, space, gap = [], 0, None, 0
        if space is not None and (used or not lines):
            line.append(space)
            used += gap
        space = None
        if used + length <= width:
            line += word
            used += length
        else:
            for piece in word:
                for part in _chop(piece.text, width, used):
                    if used and used + cell_width(part) > width:
                        lines.append(tuple(line))
                        line, used = [], 0
                    line.append(Span(part, piece.style, piece.link))
                    used += cell_width(part)
        word = []

    for text, style, link in spans:
        wide = not text.isascii() and _HAS_WIDE.search(text) is not None
        for match in (_PIECE if wide else _WORDS).finditer(text):
            piece = match[0]
            if piece[0] in " \u3000":
                flush()
                space = Span(piece if space is None else space.text + piece, style, link)
                if cell_width(space.text) > width:
                    space = Span(" ", style, link)
            elif wide and _HAS_WIDE.match(piece):
                if word and not _HAS_WIDE.search(word[-1].text):
                    flush()
                word.append(Span(piece, style, link))
                if piece[-1] not in _OPENING:
                    flush()
            else:
                word.append(Span(piece, style, link))
    flush()
    lines.append(tuple(line))
    return lines


def _chop(text: str, width: int, used: int) -> list[str]:
    """``text`` in parts that fit, the first into what is left of the line after ``used`` cells."""
    first = width - used
    if text.isascii():
        head, rest = text[:first], text[first:]
        return [part for part in (head, *(rest[at : at + width] for at in range(0, len(rest), width))) if part]
    parts: list[str] = []
    start = size = 0
    room = first
    for begin, _end, cells in split_graphemes(text)[0]:
        if size + cells > room:
            if begin > start:
                parts.append(text[start:begin])
            start, size, room = begin, 0, width
        size += cells
    if start < len(text):
        parts.append(text[start:])
    return parts


def paint(line: Iterable[Span], width: int, style: Palette, fill: Style) -> Strip:
    """``line`` as a strip of exactly ``width`` cells. No control code passes, whoever made the line."""
    segments: list[Segment] = []
    room = width
    for text, name, _link in line:
        if not text.isprintable():
            text = refuse_controls(text)
        cells = cell_width(text)
        if cells > room:
            text, cells = set_cell_size(text, room), room
        if text:
            segments.append(Segment(text, style(name)))
            room -= cells
        if room <= 0:
            break
    if room > 0:
        segments.append(Segment(" " * room, fill))
    return Strip(segments, width)


def paint_content(content: Content, width: int, base: VisualStyle, fill: Style) -> Strip:
    """One line of Textual's `Content` as a strip of exactly ``width`` cells, under the same guard, without meta."""
    line = ((text, style.rich_style) for text, style in content.render(base, end=""))
    segments: list[Segment] = []
    room = width
    for text, style in line:
        text = refuse_controls(text)
        cells = cell_width(text)
        if cells > room:
            text, cells = set_cell_size(text, room), room
        if text:
            segments.append(Segment(text, style.clear_meta_and_links() if style.meta or style.link else style))
            room -= cells
        if room <= 0:
            break
    if room > 0:
        segments.append(Segment(" " * room, fill))
    return Strip(segments, width)


def restyle(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """The strip with ``style`` laid over its characters from ``start`` to ``end`` (-1: to the end)."""
    segments: list[Segment] = []
    place = 0
    for text, own, _control in strip:
        stop = place + len(text)
        low = max(start, place) - place
        high = (stop if end < 0 else min(end, stop)) - place
        if low >= high:
            segments.append(Segment(text, own))
        else:
            for part, over in ((text[:low], False), (text[low:high], True), (text[high:], False)):
                if part:
                    segments.append(Segment(part, (own + style if own else style) if over else own))
        place = stop
    return Strip(segments, strip.cell_length)


def link_at(line: Sequence[Span], column: int) -> int:
    """The link under a cell of a line, or -1."""
    place = 0
    for text, _style, link in line:
        place += cell_width(text)
        if column < place:
            return link
    return -1
