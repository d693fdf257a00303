"""Text in cells: measuring, cutting, wrapping, and painting lines of spans into Textual's strips.

A `Line` is a tuple of `Span`; a span is a run of text with the name of its style (a key of a palette, several names
separated by spaces) and the number of the link it belongs to (-1: none). Lines know no colours and no widget, so
they can be kept across themes; `paint` gives them both, and refuses control codes once more on the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
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


@cache  # made for the first text that needs it: classes of so many characters take milliseconds
def _pieces() -> re.Pattern[str]:
    return re.compile(
        f"[ \u3000]+|[{_OPENING}]*[{_WIDE}][{_MARKS}{_CLOSING}]*|[^ \u3000{_WIDE}{_OPENING}]+|[{_OPENING}]+"
    )


# Characters of one cell, none of them wide, combining or joining: text of these alone is cut by counting.
_NARROW = re.compile(
    "[\x20-\x7e\xa0-\xac\xae-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]*"
)


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


def window(line: Iterable[Span], start: int, cells: int) -> Line:
    """The ``cells`` cells of ``line`` from the cell ``start`` on; ``‹`` and ``›`` stand where there is more. A wide
    character that an edge would halve is a space."""
    spans = tuple(line)
    total = line_width(spans)
    before, after = start > 0, start + cells < total
    low, high = start + before, start + cells - after
    kept: list[Span] = [Span("‹", "faint")] if before else []
    place = 0
    for span in spans:
        width = cell_width(span.text)
        if place < high and (place + width > low or (not width and place >= low)):
            text = _cells_of(span.text, max(0, low - place), min(width, high - place))
            kept.append(span._replace(text=text))
        place += width
    if after:
        kept.append(Span("›", "faint"))
    return tuple(kept)


def _cells_of(text: str, low: int, high: int) -> str:
    if text.isascii():
        return text[low:high]
    out: list[str] = []
    place = 0
    for begin, end, wide in split_graphemes(text)[0]:
        if low <= place and place + wide <= high:
            out.append(text[begin:end])
        else:
            out.append(" " * max(0, min(high, place + wide) - max(low, place)))
        place += wide
    return "".join(out)


def wrap(spans: Iterable[Span], width: int) -> list[Line]:
    """``spans`` as lines of at most ``width`` cells, broken between words, or between ideographs.

    A word longer than a line is broken between graphemes. Spaces at a break are dropped. There is always one line.
    """
    kept = [span for span in spans if span[0]]
    text = kept[0][0] if len(kept) == 1 else "".join([span[0] for span in kept])
    width = max(width, 1)
    if not text:
        return [()]
    cuts = _narrow_cuts(text, width) if text.isascii() or _NARROW.fullmatch(text) else _cuts(text, width)
    if len(kept) == 1:
        _, style, link = kept[0]
        return [(Span(text[start:end], style, link),) if end > start else () for start, end in cuts]
    return _sliced(kept, cuts)


def _sliced(spans: Sequence[Span], cuts: Iterable[tuple[int, int]]) -> list[Line]:
    """The pieces of ``spans`` between the indices of ``cuts``, which go upwards."""
    lines: list[Line] = []
    at = base = 0  # the span in hand, and where its text begins
    for start, end in cuts:
        while base + len(spans[at].text) <= start and at + 1 < len(spans):
            base += len(spans[at].text)
            at += 1
        line: list[Span] = []
        here, place = at, base
        while here < len(spans) and place < end:
            text, style, link = spans[here]
            part = text[max(0, start - place) : end - place]
            if part:
                line.append(Span(part, style, link))
            place += len(text)
            here += 1
        lines.append(tuple(line))
    return lines


def _narrow_cuts(text: str, width: int) -> list[tuple[int, int]]:
    """Where to cut text of which every character is one cell."""
    cuts: list[tuple[int, int]] = []
    start, total = 0, len(text)
    if text[0] == " ":
        lead = total - len(text.lstrip(" "))
        word_end = text.find(" ", lead)
        if (word_end if word_end >= 0 else total) > width:
            start = lead
    while total - start > width:
        end = text.rfind(" ", start, start + width + 1)
        if end <= start:
            end = start + width
        stop = end
        while stop > start and text[stop - 1] == " ":
            stop -= 1
        cuts.append((start, stop))
        start = end
        while start < total and text[start] == " ":
            start += 1
    if start < total or not cuts:
        cuts.append((start, start + len(text[start:].rstrip(" "))))
    return cuts


def _cuts(text: str, width: int) -> list[tuple[int, int]]:
    """Where to cut text of any script."""
    cuts: list[tuple[int, int]] = []
    start = end = used = 0  # the line in hand: from, to, cells
    for first, last, cells, gap in _units(text):
        if end > start and used + gap + cells > width:
            cuts.append((start, end))
            start, used, gap = first, 0, 0
        elif end <= start:  # nothing in the line yet; a combining mark is something, though it takes no cell
            start, gap = (0, gap) if not cuts and gap + cells <= width else (first, 0)
        if cells <= width:
            end = last
            used += gap + cells
            continue
        size = 0
        start = first
        for begin, _stop, wide in split_graphemes(text[first:last])[0]:
            if size + wide > width and size:
                cuts.append((start, first + begin))
                start, size = first + begin, 0
            size += wide
        end, used = last, size
    cuts.append((start, end))
    return cuts


def _units(text: str) -> Iterator[tuple[int, int, int, int]]:
    """What must not be broken: where it begins and ends, its cells, and the cells of the spaces before it."""
    first = last = cells = gap = space = 0
    open_end = False
    for match in _pieces().finditer(text):
        piece = match[0]
        wide = cell_width(piece)
        if piece[0] in " \u3000":
            space += wide
            open_end = False
            continue
        if last and not space and (open_end or piece[0] in _CLOSING):
            last = match.end()
            cells += wide
        else:
            if last:
                yield first, last, cells, gap
            first, last, cells, gap = match.start(), match.end(), wide, space
        space = 0
        open_end = piece[-1] in _OPENING
    if last:
        yield first, last, cells, gap


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
