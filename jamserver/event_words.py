"""What an organiser types of the hours of a Jam, and what is said of them: times, lengths, warnings, how it stands."""

from __future__ import annotations

import argparse
import re
from datetime import datetime, timedelta

import msgspec

from jamserver import app, objects
from jamserver.objects import Fields
from jamserver.terminal import say
from jamserver.wire import MAX_TITLE, clean_name
from jamtui import event
from jamtui.archive import Jam, rfc3339
from jamtui.errors import UsageError
from jamtui.event import MAX_GRACE, PHASED, State

_JUST, _SHORT, _LONG = (
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(days=366),
)  # of hours that are warned about
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LENGTH = re.compile(r"(?:\d{1,9}[smhd])+")
_PIECE = re.compile(r"(\d+)([smhd])")


# -- what is typed


def length(text: str) -> timedelta:
    """``90s``, ``30m``, ``2h``, ``1d12h``; for argparse."""
    if text == "0":
        return timedelta(0)
    if not _LENGTH.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text} is no length of time: write it as 90s, 30m, 2h or 1d12h")
    try:
        return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in _PIECE.findall(text)))
    except OverflowError:
        raise argparse.ArgumentTypeError(f"{text} is too long") from None


def moment(text: str) -> datetime:
    """``now``, or a time with its zone; for argparse."""
    if text == "now":
        return app.system_clock()
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            clock = found.isoformat(timespec="minutes")
            raise argparse.ArgumentTypeError(
                f"{text} is no time, since it has no time zone: write {clock}Z for UTC, or {clock}+01:00"
            )
        rfc3339(found)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text} is no time: write it as 2026-02-08T14:00:00Z, or now") from None
    return found


def slug_of(text: str) -> str:
    """A short name for addresses and folders. Raises `UsageError`."""
    if not (text and text == text.lower() and text.replace("-", "").isalnum() and len(text) <= 60):
        raise UsageError(f"{text} cannot be a slug", "Take lower-case letters, digits and hyphens, such as new-ideas")
    return text


def title_of(text: str) -> str:
    """Raises `UsageError`."""
    title = clean_name(text)
    if not title or len(title) > MAX_TITLE:
        raise UsageError("this cannot be a title", f"A title has 1 to {MAX_TITLE} characters")
    return title


def grace_of(span: timedelta) -> int:
    """Seconds. Raises `UsageError`."""
    if span > MAX_GRACE:
        raise UsageError("this grace is too long", f"{MAX_GRACE.days} days at most")
    return int(span.total_seconds())


def acts_of(text: str) -> tuple[str, ...]:
    """``threads,votes``, or ``none``; for argparse."""
    names = [] if text == "none" else [name.strip() for name in text.split(",")]
    for name in names:
        if name not in PHASED:
            raise argparse.ArgumentTypeError(f"{name or 'nothing'} is none of {', '.join(PHASED)}; or none")
    return tuple(act.value for act in PHASED if act.value in names)


# -- what is said


def check(fields: Fields) -> None:
    """Hours that cannot be, with what to do about them. Raises `UsageError`."""
    opens, closes = (datetime.fromisoformat(str(fields[name])) for name in ("opens_at", "closes_at"))
    if closes <= opens:
        raise UsageError(
            f"a Jam closes after it opens; this one would close {rfc3339(closes)}, and open only {rfc3339(opens)}",
            "Let it close later, or open earlier: --opens TIME --closes TIME",
        )
    objects.check_jam(fields)


def warn(before: Fields, fields: Fields, now: datetime) -> None:
    """What of a changed Jam can never be, or is hardly meant, though nothing is wrong with its form; and what to do."""
    if all(before.get(name) == fields.get(name) for name in ("opens_at", "closes_at", "phases")):
        return
    jam = jam_of(fields)
    if before.get("closes_at") != fields.get("closes_at") or before.get("opens_at") != fields.get("opens_at"):
        _warn_of_hours(before, jam, now)
    mend = "jamserver jam phase set"
    for phase in event.phases_of(jam):
        if phase.starts_at >= jam.closes_at:
            say(f"warning: phase {phase.id} would begin when the Jam has closed: {rfc3339(phase.starts_at)}")
            say(f"  let it begin before {rfc3339(jam.closes_at)}: {mend} {phase.id} --starts TIME")
    begun = [phase for phase in event.phases_of(jam) if phase.starts_at <= jam.opens_at]
    for phase in begun[:-1]:
        say(f"warning: phase {phase.id} is over before the Jam opens: {rfc3339(phase.starts_at)}")
        say(f"  let the next begin after {rfc3339(jam.opens_at)}: {mend} {begun[-1].id} --starts TIME")


def _warn_of_hours(before: Fields, jam: Jam, now: datetime) -> None:
    """Hours in the past, and such as a year or a day that was mistyped gives."""
    was_open = bool(before) and jam_of(before).opens_at <= now  # then it was closed, and that is meant
    if jam.closes_at < now - _JUST and not was_open:
        say(f"warning: the Jam is over already: it closed {rfc3339(jam.closes_at)}, and nobody can write")
        say("  give it other hours: jamserver jam set --opens TIME --closes TIME")
        say("  or open it now: jamserver jam open --for 72h")
    lasts = jam.closes_at - jam.opens_at
    if lasts > _LONG:
        say(f"warning: the Jam is open for {lasts.days:,} days: is that the year that you mean?")
    elif lasts < _SHORT and not was_open:
        say(f"warning: the Jam is open for {span(lasts)} only: is that the time that you mean?")


def jam_of(fields: Fields) -> Jam:
    """The Jam of its object."""
    return msgspec.json.decode(objects.encode(fields), type=Jam)


def said(given: object) -> str:
    """A field of the Jam; of its phases their ids."""
    if isinstance(given, list):
        return ", ".join(str(one.get("id")) for one in given if isinstance(one, dict)) or "none"
    return "none" if given is None or given == "" else str(given)


def standing(fields: Fields, now: datetime) -> Fields:
    """The Jam's own fields, its state, phase, and what comes next."""
    jam = jam_of(fields)
    phase, after = event.phase_at(jam, now), event.next_of(jam, now)
    return fields | {
        "state": event.state_at(jam, now).value,
        "phase": phase.id if phase is not None else None,
        "next": {"what": after.what, "at": rfc3339(after.at)} if after is not None else None,
    }


def sentence(fields: Fields, now: datetime) -> str:
    """How the Jam stands, and what comes next."""
    jam = jam_of(fields)
    state, phase, after = event.state_at(jam, now), event.phase_at(jam, now), event.next_of(jam, now)
    shown = "closed" if state is State.GRACE else state.value
    words = f"{jam.title} is {shown}" + (f", phase {phase.title}" if phase is not None else "")
    if after is None:
        return words
    what = {
        "opens": "it opens",
        "closes": "it closes",
        "grace": "what waits in outboxes is taken",
        "archived": "it is archived",
    }
    until = "until " if after.what == "grace" else ""
    named = f"phase {after.phase.title} begins" if after.phase is not None else what[after.what]
    return f"{words}; {named} {until}{rfc3339(after.at)} (in {span(after.at - now)})"


def span(left: timedelta) -> str:
    """A length of time, to the minute."""
    seconds = max(0, round(left.total_seconds()))
    whole = (seconds + 30) // 60
    days, hours, minutes = whole // 1_440, whole // 60 % 24, whole % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{seconds} s"
