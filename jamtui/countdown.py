"""How the Jam stands in time, in words and rows for people: what comes next and when, the phases, the hours everywhere.

Screens, plain mode and `jamtui jam` tell it in the same words. Pure; the texts of a `JamRow` are harmless already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from msgspec import Struct

from jamtui import event
from jamtui.archive import Phase
from jamtui.event import PHASED, Act, Event, Part, Refusal, State

_TITLE = 24  # characters of a phase's title in a line with other things

# A city for each part of the world, from west to east.
CITIES = (
    ("Honolulu", "Pacific/Honolulu"),
    ("Los Angeles", "America/Los_Angeles"),
    ("Mexico City", "America/Mexico_City"),
    ("New York", "America/New_York"),
    ("São Paulo", "America/Sao_Paulo"),
    ("London", "Europe/London"),
    ("Lagos", "Africa/Lagos"),
    ("Berlin", "Europe/Berlin"),
    ("Johannesburg", "Africa/Johannesburg"),
    ("Nairobi", "Africa/Nairobi"),
    ("Dubai", "Asia/Dubai"),
    ("Delhi", "Asia/Kolkata"),
    ("Singapore", "Asia/Singapore"),
    ("Shanghai", "Asia/Shanghai"),
    ("Tokyo", "Asia/Tokyo"),
    ("Sydney", "Australia/Sydney"),
    ("Auckland", "Pacific/Auckland"),
)
_AWAKE = range(7, 23)  # hours


class Hours(Struct, frozen=True):
    """The Jam's hours at one place, in its own time; a change of clocks in between is in them."""

    place: str
    now: datetime
    opens: datetime
    closes: datetime
    next: datetime | None  # of what happens next

    @property
    def awake(self) -> bool:
        """Whether most people there are up."""
        return self.now.hour in _AWAKE


def hours(jam: Event, now: datetime) -> list[Hours]:
    """Here, UTC, and the cities of which the machine knows the zone."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # it looks where Python was built: not at every start

    found = [_hours("here", None, jam, now), _hours("UTC", UTC, jam, now)]
    for city, name in CITIES:
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError, ValueError):
            continue  # a machine without these zones tells the others
        found.append(_hours(city, zone, jam, now))
    return found


def _hours(place: str, zone: tzinfo | None, jam: Event, now: datetime) -> Hours:
    after = event.next_of(jam, now)
    moments = [now, jam.opens_at, jam.closes_at, *([after.at] if after is not None else [])]
    there = [_there(moment, zone) for moment in moments]
    if zone is None and (name := there[0].tzname()):
        place = f"{place} ({name[:6]})"
    return Hours(place, there[0], there[1], there[2], there[3] if after is not None else None)


def _there(moment: datetime, zone: tzinfo | None) -> datetime:
    try:
        return moment.astimezone(zone)
    except (OverflowError, OSError, ValueError):  # at the very ends of the calendar
        return moment


def day_and_time(moment: datetime, now: datetime) -> str:
    """``Sun 8 Feb 14:00``, as the moment's own zone has it; of another year ``8 Feb 2011 14:00``."""
    if moment.year != now.year:
        return f"{moment.day} {moment:%b} {moment.year} {moment:%H:%M}"
    return f"{moment:%a} {moment.day} {moment:%b %H:%M}"


def here(moment: datetime, now: datetime) -> str:
    """The same in the reader's zone."""
    return day_and_time(_there(moment, None), now)


def short_title(phase: Phase) -> str:
    """The title of a phase in one line, cut to `_TITLE` characters; its id where it has none."""
    title = " ".join(phase.title.split()) or phase.id
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"


def standing(jam: Event, now: datetime, length: Callable[[timedelta], str]) -> list[str]:
    """Where the Jam stands, the most words first: ``Ideas for 5 h · 2 d 4 h left``, ``2 d 4 h left``."""
    state = event.state_at(jam, now)
    if state is State.SCHEDULED:
        return [f"opens in {length(jam.opens_at - now)}"]
    if state is State.OPEN:
        left = f"{length(jam.closes_at - now)} left"
        phase = event.phase_at(jam, now)
        if phase is None:
            return [left]
        title, after = short_title(phase), event.next_of(jam, now)
        whole = (
            [f"{title} for {length(after.at - now)} · {left}"] if after is not None and after.what == "phase" else []
        )
        return [*whole, f"{title} · {left}", left]
    if state is State.GRACE:
        left = length(event.grace_ends(jam) - now)
        return [f"closed; outboxes are taken for {left} more", f"closed; outbox {left}", "closed"]
    return [state.value]


def coming(jam: Event, now: datetime) -> tuple[str, datetime] | None:
    """What comes next, to stand before a time: (``Refining begins``, when); None when nothing more does."""
    after = event.next_of(jam, now)
    if after is None:
        return None
    words = {
        "opens": "The Jam opens",
        "closes": "The Jam closes",
        "grace": "Outboxes are taken for the last time",
        "archived": "The Jam is archived",
    }
    told = f"“{short_title(after.phase)}” begins" if after.phase is not None else words[after.what]
    return told, after.at


def state_words(state: State) -> str:
    """How the Jam stands, and what that means."""
    return {
        State.SCHEDULED: "scheduled: it has not opened yet",
        State.OPEN: "open",
        State.GRACE: "closed: nothing new is written, but what waits in an outbox is still taken",
        State.CLOSED: "closed: it can be read",
        State.ARCHIVED: "archived: it can be read, and nothing in it changes any more",
    }[state]


def does_not_take(phase: Phase) -> str:
    """``no new threads, no votes``; "" when it takes everything."""
    known = [event.thing(act) for act in PHASED if act.value in phase.closed_to]
    return ", ".join(f"no {one}" for one in known)


def allowed(refused: dict[Act, Refusal]) -> list[tuple[str, Refusal | None]]:
    """What the reader's role does in a Jam, in words, with what is said against it now."""
    found = ((event.thing(act), refused.get(act)) for act in Act)
    return [(words, refusal) for words, refusal in found if refusal is None or refusal.code != "forbidden"]


def where_in(phases: Sequence[Phase], jam: Event, now: datetime) -> list[tuple[Phase, datetime, str]]:
    """(phase, its end, ``over`` | ``now`` | ``later``), in the order in which they begin; without those that would
    begin when the Jam has closed."""
    found = []
    phases = [phase for phase in phases if phase.starts_at < jam.closes_at]
    state, current = event.state_at(jam, now), event.phase_at(jam, now)
    for index, phase in enumerate(phases):
        end = phases[index + 1].starts_at if index + 1 < len(phases) else jam.closes_at
        if phase is current:
            place = "now"
        else:
            place = "over" if state not in (State.SCHEDULED, State.OPEN) or end <= now else "later"
        found.append((phase, min(end, jam.closes_at), place))
    return found


class Piece(Struct, frozen=True):
    """A part of the Jam's time on a bar: so many cells, of which ``done`` are over; with ``here``, now is in the cell
    after these."""

    part: Part
    cells: int
    done: int
    here: bool


_LEAST = 2  # cells of a piece


def pieces(jam: Event, now: datetime, width: int) -> list[Piece]:
    """The bar in ``width`` cells; [] where there is no room for all its pieces."""
    parts = event.parts_of(jam)
    if not parts or width < max(16, _LEAST * len(parts)):
        return []
    found = []
    for part, cells in zip(parts, shares([(one.end - one.start).total_seconds() for one in parts], width), strict=True):
        here = part.start <= now < part.end
        part_done = min(cells - 1, int(cells * ((now - part.start) / (part.end - part.start)))) if here else 0
        found.append(Piece(part, cells, part_done if here else cells if now >= part.end else 0, here))
    return found


def shares(lengths: Sequence[float], width: int) -> list[int]:
    """``width`` cells shared out by length, `_LEAST` for each at least."""
    spare, whole = width - _LEAST * len(lengths), sum(lengths) or 1.0
    exact = [spare * length / whole for length in lengths]
    found = [_LEAST + int(one) for one in exact]
    by_rest = sorted(range(len(found)), key=lambda at: int(exact[at]) - exact[at])
    for at in by_rest[: width - sum(found)]:
        found[at] += 1
    return found


def drawn(piece: Piece) -> tuple[str, str, str]:
    """What is over, ``◆`` where now is, what is still to come."""
    past, future = ("╍", "┄") if piece.part.state is State.GRACE else ("━", "─")
    return past * piece.done, "◆" if piece.here else "", future * (piece.cells - piece.done - piece.here)


def told(
    jam: Event, now: datetime, refused: dict[Act, Refusal], only_reads: str, length: Callable[[timedelta], str]
) -> list[str]:
    """All of it in lines of words, each a sentence or two. ``only_reads``: why the reader writes nothing at all."""
    lines = [f"The Jam is {state_words(event.state_at(jam, now))}."]
    after = coming(jam, now)
    lines.append(
        f"{after[0]} in {length(after[1] - now)}, {here(after[1], now)}." if after else "Nothing more is planned."
    )
    for phase, end, place in where_in(event.phases_of(jam), jam, now):
        closed = does_not_take(phase)
        about = " ".join(phase.guidance.split())
        lines.append(
            f"Phase {short_title(phase)}, {place}: {here(phase.starts_at, now)} to {here(end, now)}."
            f"{f' It takes {closed}.' if closed else ''}{f' {about}' if about else ''}"
        )
    lines += may_words(refused, only_reads, now)
    return lines


def may_words(refused: dict[Act, Refusal], only_reads: str, now: datetime) -> list[str]:
    """What the reader may do now, and what not."""
    if only_reads:
        return [f"{only_reads}."]
    found = allowed(refused)
    yes = [words for words, refusal in found if refusal is None]
    no = [
        f"{words} (from {here(refusal.again, now)})" if refusal.again is not None else words
        for words, refusal in found
        if refusal is not None
    ]
    lines = [f"You may do now: {', '.join(yes)}."] if yes else []
    return [*lines, f"Not now: {', '.join(no)}."] if no else lines
