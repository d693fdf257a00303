"""Who is from where as bars: countries, organisations and languages, beside each other where there is room."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from jamtui.countries import flag
from jamtui.ways import Origin, Origins
from widgets.rows import count, one_line
from widgets.strips import Span, cut, line_width

_PART = " ▏▎▍▌▋▊▉█"
_GAP = 3  # cells between two lists
_COLUMN = 44  # cells that a list wants to stand beside another
_MOST = {"country": 260, "org": 40, "language": 200}  # rows; organisations are many, and most of them have one person
_HEADS = {"country": "Countries", "org": "Organisations", "language": "Languages"}
_NOT = {"country": "no country told", "org": "no organisation told", "language": "no language told"}

Lines = list[list[tuple[str, str]]]  # pieces of (text, style)


def where_chart(found: Origins, width: int, *, flags: bool = True) -> Content:
    """All of it for ``width`` cells. ``flags`` False leaves them out, where only ASCII is drawn."""
    lists = {"country": found.countries, "org": found.organisations, "language": found.languages}
    told = {kind: rows for kind, rows in lists.items() if any(row.name for row in rows)}
    if not told:
        return Content.styled(
            "Nobody tells where they are from yet.\n:profile says it of you: country, organisation, languages.",
            "$text-muted",
        )
    beside = max(1, min(len(told), (width + _GAP) // (_COLUMN + _GAP)))
    cells = (width - _GAP * (beside - 1)) // beside
    drawn = [_list(kind, rows, found.people, cells, flags=flags and kind == "country") for kind, rows in told.items()]
    if beside == 1:
        lines: Lines = [line for one in drawn for line in [*one, []]][:-1]
    elif beside == 2 and len(drawn) == 3:
        lines = _beside([drawn[0], [*drawn[2], [], *drawn[1]]], cells)  # languages are few: above the organisations
    else:
        lines = _beside(drawn, cells)
    return Content("\n").join(Content.assemble(*line) for line in lines)


def _beside(columns: Sequence[Lines], cells: int) -> Lines:
    lines: Lines = []
    for at in range(max(map(len, columns))):
        line: list[tuple[str, str]] = []
        for number, column in enumerate(columns):
            piece = column[at] if at < len(column) else []
            line += piece
            if number + 1 < len(columns):
                taken = line_width([Span(text) for text, _ in piece])
                line.append((" " * (cells - taken + _GAP), ""))
        lines.append(line)
    return lines


def _list(kind: str, rows: Sequence[Origin], people: int, cells: int, *, flags: bool) -> Lines:
    named = [row for row in rows if row.name]
    silent = sum(row.people for row in rows if not row.name)
    shown = named[: _MOST.get(kind, len(named))]
    rest = named[len(shown) :]
    top = max(row.people for row in shown)
    telling = max(1, people - silent)  # who speaks several languages tells once
    number = max(len(f"{top:,}"), 3)
    mark = 3 if flags else 0
    room = cells - mark - number - 8
    name = min(max(line_width([Span(one_line(row.name))]) for row in shown), max(8, room // 2, room - 14))
    bar = room - name
    lines: Lines = [
        [(f"{_HEADS[kind]}", "bold $primary"), (f"  {len(named):,}", "$text-muted")],
    ]
    for row in shown:
        share = 100 * row.people / telling
        percent = f"{share:.0f}%" if share >= 1 else "<1%"
        lines.append(
            [
                *([(_flag(row.code), "")] if flags else []),
                (_fit(one_line(row.name), name), "$foreground"),
                (f" {_bar(row.people / top, max(0, bar))}", "$secondary"),
                (f" {row.people:>{number},}", "bold"),
                (f" {percent:>4}", "$text-muted"),
            ]
        )
    if rest:
        others = count(sum(row.people for row in rest), "person", "people")
        lines.append([(f"and {len(rest):,} more, with {others}", "$text-muted")])
    if silent:
        lines.append([(f"{count(silent, 'person', 'people')}: {_NOT[kind]}", "$text-disabled")])
    return lines


def _flag(code: str) -> str:
    return f"{flag(code) or '  '} "


def _bar(part: float, cells: int) -> str:
    """``part`` (0 to 1) of ``cells``, to an eighth; what is there at all is seen."""
    eighths = max(1, round(part * cells * 8)) if cells else 0
    full, rest = divmod(eighths, 8)
    text = "█" * full + (_PART[rest] if rest else "")
    return text + " " * (cells - len(text))


def _fit(text: str, cells: int) -> str:
    pieces = cut([Span(text)], cells)
    kept = "".join(piece.text for piece in pieces)
    return kept + " " * max(0, cells - line_width(list(pieces)))
