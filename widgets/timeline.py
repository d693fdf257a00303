"""The time of a Jam as a picture: its phases as pieces of a bar, and where it is now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from textual.content import Content

from jamtui.countdown import Piece, drawn, pieces, short_title
from jamtui.event import Event, Part, State
from widgets.strips import cell_width, pad

_LONG = timedelta(days=60)  # of a longer time the days are told with the year
_CUT = 6  # cells of a piece from which on half a title says something
_COLOURS = ("$primary", "$secondary", "$accent")


def timeline(jam: Event, now: datetime, width: int) -> Content:
    """Three lines: the titles of the phases, the bar with ``◆`` at now, the days. Nothing where there is no room."""
    found = pieces(jam, now, width)
    titles: list[Content] = []
    bar: list[tuple[str, str]] = []
    for index, piece in enumerate(found):
        colour = "$warning" if piece.part.state is State.GRACE else _COLOURS[index % len(_COLOURS)]
        title = _title(piece.part)
        title = pad(title if cell_width(title) < piece.cells or piece.cells > _CUT else "", piece.cells - 1) + " "
        titles.append(Content.styled(title, f"bold {colour}" if piece.here else "$text-muted"))
        past, here, future = drawn(piece)
        bar += [(past, colour), (here, "bold $warning"), (future, "$text-disabled")]
    if not found:
        return Content("")
    return Content("\n").join([Content.assemble(*titles), Content.assemble(*bar), _days(found, width)])


def _title(part: Part) -> str:
    if part.state is State.GRACE:
        return "late"
    return short_title(part.phase) if part.phase is not None else "open"


def _days(found: Sequence[Piece], width: int) -> Content:
    """The beginnings of the pieces under them and the end at the right, as many as have room."""
    line, at = "", 0
    long = found[-1].part.end - found[0].part.start >= _LONG
    end = _day(found[-1].part.end, long=long)
    for piece in found:
        told = _day(piece.part.start, long=long)
        if (not line or len(line) + 2 <= at) and at + len(told) + 2 <= width - len(end):
            line = f"{line:<{at}}{told}"
        at += piece.cells
    return Content.styled(f"{line:<{max(0, width - len(end))}}{end}"[:width], "$text-disabled")


def _day(moment: datetime, *, long: bool) -> str:
    try:
        there = moment.astimezone()
    except (OverflowError, OSError, ValueError):  # at the very ends of the calendar
        there = moment
    return f"{there.day} {there:%b} {there.year}" if long else f"{there.day} {there:%b %H:%M}"
