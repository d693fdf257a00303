"""``jamtui jam``: how the Jam stands, its phases, what one may do now, and its hours all over the world."""

from __future__ import annotations

import argparse
import textwrap
from contextlib import closing
from datetime import datetime, timedelta

from jamtui import countdown, event
from jamtui.archive import rfc3339
from jamtui.commands.context import Context
from jamtui.event import PHASED
from jamtui.output import BOLD, DIM, Output
from jamtui.session import Session
from jamtui.timing import Standing

_WIDEST = 76  # columns of the bar


def run(context: Context, _: argparse.Namespace) -> None:
    """``--json``: the Jam's object with ``state``, ``phase``, ``next`` and ``may``."""
    out = context.out
    with closing(context.session()) as session:
        standing, now = session.standing(), session.event_now()
        if standing is None:
            return  # `context.session` has looked
        if out.json:
            out.row(_fields(session, standing, now))
            return
        jam = standing.jam
        out.line(out.style(jam.title, BOLD))
        if out.table_wanted:
            _bar(out, standing, now)
        for told in countdown.told(jam, now, standing.refused, session.only_reads(), span):
            for line in textwrap.wrap(told, max(20, out.columns)) if out.table_wanted else [told]:
                out.line(line)
        if out.table_wanted:
            out.line()
        rows = [
            (
                row.place,
                f"{row.now:%a %H:%M}",
                countdown.day_and_time(row.opens, now),
                countdown.day_and_time(row.closes, now),
            )
            for row in countdown.hours(jam, now)
        ]
        out.table(["", "now", "opens", "closes"], rows, give=0)


def _bar(out: Output, standing: Standing, now: datetime) -> None:
    """The picture of the time, where somebody looks at it."""
    found = countdown.pieces(standing.jam, now, min(out.columns, _WIDEST))
    if found:
        drawn = [countdown.drawn(piece) for piece in found]
        out.line("".join(f"{past}{out.style(here, BOLD)}{out.style(future, DIM)}" for past, here, future in drawn))


def _fields(session: Session, standing: Standing, now: datetime) -> dict[str, object]:
    after = event.next_of(standing.jam, now)
    follows = None if after is None else {"what": after.what, "at": rfc3339(after.at)}
    if follows is not None and after is not None and after.phase is not None:
        follows["phase"] = after.phase.id
    reads = bool(session.only_reads())
    return session.jam_object() | {
        "state": standing.state.value,
        "phase": standing.phase.id if standing.phase is not None else None,
        "next": follows,
        "may": [] if reads else [act.value for act in PHASED if act not in standing.refused],
        "clock_error": round(session.clock_error().total_seconds()),
    }


def span(length: timedelta) -> str:
    """A length of time in two units at most."""
    minutes = max(0, int(length.total_seconds() // 60))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else "under a minute"
