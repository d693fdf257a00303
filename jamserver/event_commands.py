"""The commands of an organiser about the Jam itself: made, opened, closed, archived, and its phases.

Each says what it changed, and changes nothing when all is so already; a running server and its readers follow within
half a second.
"""

from __future__ import annotations

import argparse
import contextlib
import re
from datetime import datetime, timedelta
from typing import Any

import msgspec

from jamserver import app, db, objects
from jamserver.db import Connection, value
from jamserver.log import Tx
from jamserver.objects import Fields
from jamserver.terminal import RNG, say, show, told, write
from jamserver.wire import MAX_TITLE, clean_name, clean_text
from jamserver.writer import write_once
from jamtui import event
from jamtui.archive import Jam, Phase, rfc3339
from jamtui.errors import JamError, NotFound, UsageError
from jamtui.event import MAX_GRACE, PHASED, State

_JUST, _SHORT, _LONG = (
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(days=366),
)  # of hours that are warned about
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LENGTH = re.compile(r"(?:\d{1,9}[smhd])+")
_PIECE = re.compile(r"(\d+)([smhd])")


class Unfit(JamError):
    """The Jam is not in the state that the command is for (exit 1)."""


# -- words of the command line


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
    if span > MAX_GRACE:
        raise UsageError("this grace is too long", f"{MAX_GRACE.days} days at most")
    return int(span.total_seconds())


def add_words(jam: Any, file: argparse.ArgumentParser, rows: argparse.ArgumentParser) -> None:
    """The commands of ``jamserver jam``."""

    def command(name: str, text: str, do: Any) -> Any:
        words = jam.add_parser(name, parents=[file, rows], help=text)
        words.set_defaults(do=do)
        return words

    new = command("create", "make a Jam in a new database", create)
    new.add_argument("--title", required=True, metavar="T")
    new.add_argument("--slug", required=True, metavar="S", help="its short name, such as ideas-2026")
    new.add_argument("--summary", default="", metavar="S", help="what it is about, in a few sentences")
    new.add_argument(
        "--opens", required=True, type=moment, metavar="TIME", help="RFC 3339, such as 2026-02-08T14:00:00Z, or now"
    )
    new.add_argument("--closes", required=True, type=moment, metavar="TIME", help="RFC 3339")
    _grace_word(new, timedelta(0))
    new.add_argument("--guests", choices=("yes", "no"), help="whether people without an account may read (yes)")
    command("show", "how the Jam stands, its hours and phases", show_jam)
    start = command("open", "open the Jam now", open_now)
    start.add_argument("--for", dest="lasts", type=length, metavar="LENGTH", help="and close it so much later: 72h, 3d")
    stop = command("close", "close the Jam now, or in a while", close)
    when = stop.add_mutually_exclusive_group()
    when.add_argument("--in", dest="within", type=length, metavar="LENGTH", help="so much later: 30m, 2h")
    when.add_argument("--at", type=moment, metavar="TIME", help="at a time (RFC 3339)")
    _grace_word(stop, None)
    keep = command("archive", "make a closed Jam read only for good", archive)
    when = keep.add_mutually_exclusive_group()
    when.add_argument("--in", dest="within", type=length, metavar="LENGTH", help="so much later: 30d")
    when.add_argument("--at", type=moment, metavar="TIME", help="at a time (RFC 3339)")
    when.add_argument("--undo", action="store_true", help="it is archived no more, nor later")
    _phase_words(jam, file, rows)


def _grace_word(to: Any, default: timedelta | None) -> None:
    to.add_argument(
        "--grace", type=length, default=default, metavar="LENGTH",
        help="for how long after the end what arrives late is still taken: 30m, 2h (0)" if default is not None
        else "and change for how long what arrives late is still taken: 30m, 2h",
    )  # fmt: skip


def _phase_words(jam: Any, file: argparse.ArgumentParser, rows: argparse.ArgumentParser) -> None:
    phase = jam.add_parser("phase", help="the phases of the Jam").add_subparsers(metavar="COMMAND", required=True)
    for name, text, do in (
        ("add", "add a phase", phase_add),
        ("set", "change what is named of a phase", phase_set),
        ("remove", "take a phase away", phase_remove),
    ):
        words = phase.add_parser(name, parents=[file, rows], help=text)
        words.add_argument("id", metavar="ID", help="its short name, such as refining")
        words.set_defaults(do=do)
        if name == "remove":
            continue
        words.add_argument("--title", required=name == "add", metavar="T", help="its name for people")
        words.add_argument(
            "--starts", required=name == "add", type=moment, metavar="TIME",
            help="when it begins, and the one before it ends (RFC 3339, or now)",
        )  # fmt: skip
        words.add_argument("--guidance", metavar="TEXT", help="what it is for, in Markdown")
        words.add_argument(
            "--closed-to", metavar="ACTS", type=acts_of,
            help=f"what it does not take, with commas: {', '.join(PHASED)}; or none",
        )  # fmt: skip
    words = phase.add_parser("list", parents=[file, rows], help="the phases in their order")
    words.set_defaults(do=phase_list)


def acts_of(text: str) -> tuple[str, ...]:
    """``threads,votes``, or ``none``; for argparse."""
    names = [] if text == "none" else [name.strip() for name in text.split(",")]
    for name in names:
        if name not in PHASED:
            raise argparse.ArgumentTypeError(f"{name or 'nothing'} is none of {', '.join(PHASED)}; or none")
    return tuple(act.value for act in PHASED if act.value in names)


# -- the Jam


def _change(arguments: argparse.Namespace, changes: Any) -> tuple[Fields, Fields, datetime]:
    """(before, after, now). ``changes(jam, now)`` says what is to be otherwise; nothing is written when nothing is."""

    def job(tx: Tx) -> tuple[Fields, Fields, datetime]:
        before = objects.decode(objects.jam_json(tx.db) or b"{}")
        wanted = changes(objects.jam(tx.db), tx.now)
        after = {name: given for name, given in (before | wanted).items() if given is not None}
        if after != before:
            _check(after)
            objects.put_jam(tx, after)
        return before, after, tx.now

    _read(arguments)
    found = write(arguments.db, job, create=False)
    _warn(*found)
    return found


def _check(fields: Fields) -> None:
    """Hours that cannot be, with what to do about them. Raises `UsageError`."""
    opens, closes = (datetime.fromisoformat(str(fields[name])) for name in ("opens_at", "closes_at"))
    if closes <= opens:
        raise UsageError(
            f"a Jam closes after it opens; this one would close {rfc3339(closes)}, and open only {rfc3339(opens)}",
            "Let it close later, or open earlier: --opens TIME --closes TIME",
        )
    objects.check_jam(fields)


def _read(arguments: argparse.Namespace) -> Fields:
    """The Jam's object; nothing here makes a Jam by the way. Raises `NotFound`."""
    db.prepare(arguments.db, create=False)
    with told(arguments.db), contextlib.closing(db.connect(arguments.db)) as reading:
        raw = objects.jam_json(reading)
    if raw is None:
        raise NotFound(f"{arguments.db} has no Jam yet", "Make one: jamserver jam create --help")
    return objects.decode(raw)


def _warn(before: Fields, fields: Fields, now: datetime) -> None:
    """What of a changed Jam can never be, or is hardly meant, though nothing is wrong with its form; and what to do."""
    if all(before.get(name) == fields.get(name) for name in ("opens_at", "closes_at", "phases")):
        return
    jam = _jam(fields)
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
    was_open = bool(before) and _jam(before).opens_at <= now  # then it was closed, and that is meant
    if jam.closes_at < now - _JUST and not was_open:
        say(f"warning: the Jam is over already: it closed {rfc3339(jam.closes_at)}, and nobody can write")
        say("  give it other hours: jamserver jam set --opens TIME --closes TIME")
        say("  or open it now: jamserver jam open --for 72h")
    lasts = jam.closes_at - jam.opens_at
    if lasts > _LONG:
        say(f"warning: the Jam is open for {lasts.days:,} days: is that the year that you mean?")
    elif lasts < _SHORT and not was_open:
        say(f"warning: the Jam is open for {_span(lasts)} only: is that the time that you mean?")


def _jam(fields: Fields) -> Jam:
    return msgspec.json.decode(objects.encode(fields), type=Jam)


def _tell(arguments: argparse.Namespace, before: Fields, after: Fields, now: datetime) -> None:
    """The object, or a line each for what is otherwise, and how the Jam stands now."""
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if arguments.json:
        show(arguments, _standing(after, now) | {"changed": changed}, "")
        return
    for name in changed:
        show(arguments, {}, f"{name}: {_said(before.get(name))} -> {_said(after.get(name))}")
    if not changed:
        show(arguments, {}, "nothing was changed: it is so already")
    show(arguments, {}, _sentence(after, now))


def _said(given: object) -> str:
    if isinstance(given, list):
        return ", ".join(str(one.get("id")) for one in given if isinstance(one, dict)) or "none"
    return "none" if given is None or given == "" else str(given)


def _standing(fields: Fields, now: datetime) -> Fields:
    """The Jam's own fields, its state, phase, and what comes next."""
    jam = _jam(fields)
    phase, after = event.phase_at(jam, now), event.next_of(jam, now)
    return fields | {
        "state": event.state_at(jam, now).value,
        "phase": phase.id if phase is not None else None,
        "next": {"what": after.what, "at": rfc3339(after.at)} if after is not None else None,
    }


def _sentence(fields: Fields, now: datetime) -> str:
    jam = _jam(fields)
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
    return f"{words}; {named} {until}{rfc3339(after.at)} (in {_span(after.at - now)})"


def _span(left: timedelta) -> str:
    seconds = max(0, round(left.total_seconds()))
    whole = (seconds + 30) // 60
    days, hours, minutes = whole // 1_440, whole // 60 % 24, whole % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{seconds} s"


def create(arguments: argparse.Namespace) -> None:
    """A Jam in a new file; or in one whose Jam nobody has touched yet, as ``jamserver run`` makes it."""
    wanted: Fields = {
        "slug": slug_of(arguments.slug),
        "title": title_of(arguments.title),
        "summary": clean_text(arguments.summary),
        "opens_at": rfc3339(arguments.opens),
        "closes_at": rfc3339(arguments.closes),
        "grace_seconds": grace_of(arguments.grace),
    }
    if arguments.guests is not None:
        wanted["guests"] = arguments.guests == "yes"
    _check(wanted)

    def job(tx: Tx) -> tuple[Fields, Fields, datetime]:
        raw = objects.jam_json(tx.db)
        before = objects.decode(raw) if raw is not None else {}
        if raw is not None and all(before.get(name) == given for name, given in wanted.items()):
            return before, before, tx.now
        if raw is not None and not _untouched(tx.db, before):
            raise Unfit(
                f"{arguments.db} has a Jam already: {before.get('title')}",
                "Change it with jamserver jam set, or name another file: --db FILE",
            )
        fields = {"format": 1, "id": str(app.random_id(RNG))} | before | wanted
        objects.put_jam(tx, fields)
        return before, fields, tx.now

    db.prepare(arguments.db)
    with told(arguments.db):
        before, after, now = write_once(arguments.db, app.system_clock(), RNG, job)
    _warn({} if before != after else after, after, now)
    if arguments.json:
        show(arguments, _standing(after, now), "")
        return
    show(arguments, {}, f"{'made' if before != after else 'nothing was changed; there is'} {after['title']}")
    show(arguments, {}, _sentence(after, now))


def _untouched(reading: Connection, jam: Fields) -> bool:
    return jam.get("slug") == "new-jam" and not any(
        value(reading, f"SELECT count(*) FROM {table}") for table in ("forums", "posts", "others")
    )


def show_jam(arguments: argparse.Namespace) -> None:
    """How it stands."""
    fields = _read(arguments)
    now = app.system_clock()
    if arguments.json:
        show(arguments, _standing(fields, now), "")
        return
    jam = _jam(fields)
    grace = event.grace_of(jam)
    lines = [
        _sentence(fields, now),
        f"slug      {jam.slug}",
        f"opens     {rfc3339(jam.opens_at)}",
        f"closes    {rfc3339(jam.closes_at)}",
        f"grace     {f'{_span(grace)}, until {rfc3339(event.grace_ends(jam))}' if grace else 'none'}",
        f"archived  {rfc3339(jam.archived_at) if jam.archived_at is not None else 'never'}",
        f"guests    {'may read' if jam.guests else 'may not read'}",
    ]
    for line in [*lines, *(_phase_line(jam, phase, now) for phase in event.phases_of(jam))]:
        show(arguments, {}, line)


def change(arguments: argparse.Namespace) -> None:
    """Changes what is named of the Jam."""
    named: Fields = {}
    if arguments.title is not None:
        named["title"] = title_of(arguments.title)
    if arguments.slug is not None:
        named["slug"] = slug_of(arguments.slug)
    if arguments.summary is not None:
        named["summary"] = clean_text(arguments.summary)
    for given, name in ((arguments.opens, "opens_at"), (arguments.closes, "closes_at")):
        if given is not None:
            named[name] = rfc3339(given)
    if arguments.grace is not None:
        named["grace_seconds"] = grace_of(arguments.grace)
    if arguments.guests is not None:
        named["guests"] = arguments.guests == "yes"
    if not named:
        raise UsageError("nothing to change was named", "For example: jamserver jam set --title 'Our Jam'")

    def job(tx: Tx) -> tuple[Fields, Fields, datetime]:
        before = objects.decode(objects.jam_json(tx.db) or b"{}")
        if before:
            _check(before | named)
        return before, objects.decode(objects.change_jam(tx, named)), tx.now

    before, after, now = write(arguments.db, job)
    _warn(before, after, now)
    _tell(arguments, before, after, now)


def open_now(arguments: argparse.Namespace) -> None:
    """Opens it; one that is over needs to be told until when."""

    def changes(jam: Jam, now: datetime) -> Fields:
        state, found = event.state_at(jam, now), Fields()
        if state is State.SCHEDULED:
            found["opens_at"] = rfc3339(now)
        elif state is not State.OPEN and arguments.lasts is None:
            raise Unfit(
                f"the Jam closed at {rfc3339(jam.closes_at)}",
                "Say for how long it is to be open again: jamserver jam open --for 24h",
            )
        if arguments.lasts is not None:
            found["closes_at"] = rfc3339(_later(now, arguments.lasts))
        if jam.archived_at is not None and (state is State.ARCHIVED or arguments.lasts is not None):
            found["archived_at"] = None  # what is open is not archived; the organiser sets it anew
        return found

    _tell(arguments, *_change(arguments, changes))


def close(arguments: argparse.Namespace) -> None:
    """Closes it now, or later; what is closed stays so."""

    def changes(jam: Jam, now: datetime) -> Fields:
        found: Fields = {} if arguments.grace is None else {"grace_seconds": grace_of(arguments.grace)}
        state, at = event.state_at(jam, now), _when(arguments, now)
        if state is State.SCHEDULED and at <= jam.opens_at:
            raise Unfit(
                f"the Jam has not opened: it opens at {rfc3339(jam.opens_at)}",
                "Put its hours off, or make it shorter: jamserver jam set --opens TIME --closes TIME",
            )
        if state in (State.SCHEDULED, State.OPEN):
            return found | {"closes_at": rfc3339(at)}
        if at > now:
            hint = "To open it again: jamserver jam open --for LENGTH"
            raise Unfit(f"the Jam closed at {rfc3339(jam.closes_at)}", hint)
        return found

    _tell(arguments, *_change(arguments, changes))


def archive(arguments: argparse.Namespace) -> None:
    """Read only from now on, or later."""

    def changes(jam: Jam, now: datetime) -> Fields:
        if arguments.undo:
            return {"archived_at": None}
        state, at = event.state_at(jam, now), _when(arguments, now)
        if state is State.ARCHIVED and at >= (jam.archived_at or at) and arguments.within is None and not arguments.at:
            return {}
        if at < jam.closes_at:
            raise Unfit(
                f"the Jam is not closed before {rfc3339(jam.closes_at)}",
                "Close it first: jamserver jam close; or archive it later: --in LENGTH, --at TIME",
            )
        if now < event.grace_ends(jam) and at < event.grace_ends(jam):
            ends = rfc3339(event.grace_ends(jam))
            say(f"what waits in outboxes is taken no longer, though the grace ends at {ends}")
        return {"archived_at": rfc3339(at)}

    _tell(arguments, *_change(arguments, changes))


def _when(arguments: argparse.Namespace, now: datetime) -> datetime:
    if arguments.within is not None:
        return _later(now, arguments.within)
    found: datetime = arguments.at or now
    return found


def _later(now: datetime, span: timedelta) -> datetime:
    try:
        return now + span
    except OverflowError:
        raise UsageError("this is too long", "A few days or weeks are meant") from None


# -- phases


def _phases(jam: Jam) -> list[Fields]:
    return [_phase_fields(phase) for phase in event.phases_of(jam)]


def _phase_fields(phase: Phase) -> Fields:
    fields: Fields = {"id": phase.id, "title": phase.title, "starts_at": rfc3339(phase.starts_at)}
    if phase.guidance:
        fields["guidance"] = phase.guidance
    if phase.closed_to:
        fields["closed_to"] = list(phase.closed_to)
    return fields


def _named(arguments: argparse.Namespace) -> Fields:
    """The fields of a phase that the command names."""
    given: Fields = {"id": slug_of(arguments.id)}
    if arguments.title is not None:
        given["title"] = title_of(arguments.title)
    if arguments.starts is not None:
        given["starts_at"] = rfc3339(arguments.starts)
    if arguments.guidance is not None:
        given["guidance"] = clean_text(arguments.guidance).strip()
    if arguments.closed_to is not None:
        given["closed_to"] = list(arguments.closed_to)
    return given


def _fit(phase: Fields) -> Fields:
    """Without what says nothing."""
    return {name: given for name, given in phase.items() if given not in ("", [])}


def phase_add(arguments: argparse.Namespace) -> None:
    """A new phase; the same again is no error."""
    given = _fit(_named(arguments))

    def changes(jam: Jam, now: datetime) -> Fields:
        there = next((one for one in _phases(jam) if one["id"] == given["id"]), None)
        if there is None:
            return {"phases": _in_order([*_phases(jam), given])}
        if there != given:
            raise Unfit(
                f"there is a phase {arguments.id} already", f"Change it: jamserver jam phase set {arguments.id}"
            )
        return {}

    _tell_phases(arguments, *_change(arguments, changes))


def phase_set(arguments: argparse.Namespace) -> None:
    """Another title, time, guidance, or what it does not take."""
    given = _named(arguments)
    if len(given) == 1:
        raise UsageError("nothing to change was named", "For example: jamserver jam phase set refining --starts TIME")

    def changes(jam: Jam, now: datetime) -> Fields:
        phases = _phases(jam)
        if given["id"] not in [one["id"] for one in phases]:
            raise _no_phase(arguments.id, phases)
        return {"phases": _in_order([_fit(one | given) if one["id"] == given["id"] else one for one in phases])}

    _tell_phases(arguments, *_change(arguments, changes))


def phase_remove(arguments: argparse.Namespace) -> None:
    """Takes it away; the one before it goes on."""

    def changes(jam: Jam, now: datetime) -> Fields:
        left = [one for one in _phases(jam) if one["id"] != arguments.id]
        return {"phases": left or None} if len(left) != len(jam.phases) else {}

    _tell_phases(arguments, *_change(arguments, changes))


def _no_phase(name: str, phases: list[Fields]) -> NotFound:
    known = ", ".join(str(one["id"]) for one in phases)
    hint = f"There is {known}." if known else "There is none yet: jamserver jam phase add --help"
    return NotFound(f"there is no phase {name}", hint)


def _in_order(phases: list[Fields]) -> list[Fields]:
    return sorted(phases, key=lambda one: datetime.fromisoformat(str(one["starts_at"])))


def phase_list(arguments: argparse.Namespace) -> None:
    """A row each, in the order in which they begin."""
    fields, now = _read(arguments), app.system_clock()
    jam = _jam(fields)
    for phase in event.phases_of(jam):
        current = event.phase_at(jam, now) == phase
        show(arguments, _phase_fields(phase) | {"current": current}, _phase_line(jam, phase, now))
    if not jam.phases:
        say("this Jam has no phases; add one: jamserver jam phase add --help")


def _phase_line(jam: Jam, phase: Phase, now: datetime) -> str:
    mark = "*" if event.phase_at(jam, now) == phase else " "
    closed = f"  not: {', '.join(phase.closed_to)}" if phase.closed_to else ""
    return f"{mark} {phase.id:<12} from {rfc3339(phase.starts_at)}  {phase.title}{closed}"


def _tell_phases(arguments: argparse.Namespace, before: Fields, after: Fields, now: datetime) -> None:
    if arguments.json:
        _tell(arguments, before, after, now)
        return
    if before == after:
        show(arguments, {}, "nothing was changed: it is so already")
    jam = _jam(after)
    for phase in event.phases_of(jam):
        show(arguments, {}, _phase_line(jam, phase, now))
    if not jam.phases:
        show(arguments, {}, "the Jam has no phases now")
