"""The commands of an organiser about the Jam itself: made, opened, closed, archived, and its phases.

Each says what it changed, and changes nothing when all is so already; a running server and its readers follow within
half a second.
"""

from __future__ import annotations

import argparse
import contextlib
from datetime import datetime, timedelta
from typing import Any

from jamserver import app, db, event_words, objects
from jamserver.db import Connection, value
from jamserver.log import Tx
from jamserver.objects import Fields
from jamserver.terminal import RNG, say, show, told, write
from jamserver.wire import clean_text
from jamserver.writer import write_once
from jamtui import event
from jamtui.archive import Jam, Phase, rfc3339
from jamtui.errors import JamError, NotFound, UsageError
from jamtui.event import PHASED, State


class Unfit(JamError):
    """The Jam is not in the state that the command is for (exit 1)."""


# -- the command line


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
        "--opens",
        required=True,
        type=event_words.moment,
        metavar="TIME",
        help="RFC 3339, such as 2026-02-08T14:00:00Z, or now",
    )
    new.add_argument("--closes", required=True, type=event_words.moment, metavar="TIME", help="RFC 3339")
    _grace_word(new, timedelta(0))
    new.add_argument("--guests", choices=("yes", "no"), help="whether people without an account may read (yes)")
    command("show", "how the Jam stands, its hours and phases", show_jam)
    start = command("open", "open the Jam now", open_now)
    start.add_argument(
        "--for", dest="lasts", type=event_words.length, metavar="LENGTH", help="and close it so much later: 72h, 3d"
    )
    stop = command("close", "close the Jam now, or in a while", close)
    when = stop.add_mutually_exclusive_group()
    when.add_argument("--in", dest="within", type=event_words.length, metavar="LENGTH", help="so much later: 30m, 2h")
    when.add_argument("--at", type=event_words.moment, metavar="TIME", help="at a time (RFC 3339)")
    _grace_word(stop, None)
    keep = command("archive", "make a closed Jam read only for good", archive)
    when = keep.add_mutually_exclusive_group()
    when.add_argument("--in", dest="within", type=event_words.length, metavar="LENGTH", help="so much later: 30d")
    when.add_argument("--at", type=event_words.moment, metavar="TIME", help="at a time (RFC 3339)")
    when.add_argument("--undo", action="store_true", help="it is archived no more, nor later")
    _phase_words(jam, file, rows)


def _grace_word(to: Any, default: timedelta | None) -> None:
    to.add_argument(
        "--grace", type=event_words.length, default=default, metavar="LENGTH",
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
            "--starts", required=name == "add", type=event_words.moment, metavar="TIME",
            help="when it begins, and the one before it ends (RFC 3339, or now)",
        )  # fmt: skip
        words.add_argument("--guidance", metavar="TEXT", help="what it is for, in Markdown")
        words.add_argument(
            "--closed-to", metavar="ACTS", type=event_words.acts_of,
            help=f"what it does not take, with commas: {', '.join(PHASED)}; or none",
        )  # fmt: skip
    words = phase.add_parser("list", parents=[file, rows], help="the phases in their order")
    words.set_defaults(do=phase_list)


# -- the Jam


def _change(arguments: argparse.Namespace, changes: Any) -> tuple[Fields, Fields, datetime]:
    """(before, after, now). ``changes(jam, now)`` says what is to be otherwise; nothing is written when nothing is."""

    def job(tx: Tx) -> tuple[Fields, Fields, datetime]:
        before = objects.decode(objects.jam_json(tx.db) or b"{}")
        wanted = changes(objects.jam(tx.db), tx.now)
        after = {name: given for name, given in (before | wanted).items() if given is not None}
        if after != before:
            event_words.check(after)
            objects.put_jam(tx, after)
        return before, after, tx.now

    _read(arguments)
    found = write(arguments.db, job, create=False)
    event_words.warn(*found)
    return found


def _read(arguments: argparse.Namespace) -> Fields:
    """The Jam's object; nothing here makes a Jam by the way. Raises `NotFound`."""
    db.prepare(arguments.db, create=False)
    with told(arguments.db), contextlib.closing(db.connect(arguments.db)) as reading:
        raw = objects.jam_json(reading)
    if raw is None:
        raise NotFound(f"{arguments.db} has no Jam yet", "Make one: jamserver jam create --help")
    return objects.decode(raw)


def _tell(arguments: argparse.Namespace, before: Fields, after: Fields, now: datetime) -> None:
    """The object, or a line each for what is otherwise, and how the Jam stands now."""
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if arguments.json:
        show(arguments, event_words.standing(after, now) | {"changed": changed}, "")
        return
    for name in changed:
        show(arguments, {}, f"{name}: {event_words.said(before.get(name))} -> {event_words.said(after.get(name))}")
    if not changed:
        show(arguments, {}, "nothing was changed: it is so already")
    show(arguments, {}, event_words.sentence(after, now))


def create(arguments: argparse.Namespace) -> None:
    """A Jam in a new file; or in one whose Jam nobody has touched yet, as ``jamserver run`` makes it."""
    wanted: Fields = {
        "slug": event_words.slug_of(arguments.slug),
        "title": event_words.title_of(arguments.title),
        "summary": clean_text(arguments.summary),
        "opens_at": rfc3339(arguments.opens),
        "closes_at": rfc3339(arguments.closes),
        "grace_seconds": event_words.grace_of(arguments.grace),
    }
    if arguments.guests is not None:
        wanted["guests"] = arguments.guests == "yes"
    event_words.check(wanted)

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
    event_words.warn({} if before != after else after, after, now)
    if arguments.json:
        show(arguments, event_words.standing(after, now), "")
        return
    show(arguments, {}, f"{'made' if before != after else 'nothing was changed; there is'} {after['title']}")
    show(arguments, {}, event_words.sentence(after, now))


def _untouched(reading: Connection, jam: Fields) -> bool:
    return jam.get("slug") == "new-jam" and not any(
        value(reading, f"SELECT count(*) FROM {table}") for table in ("forums", "posts", "others")
    )


def show_jam(arguments: argparse.Namespace) -> None:
    """How it stands."""
    fields = _read(arguments)
    now = app.system_clock()
    if arguments.json:
        show(arguments, event_words.standing(fields, now), "")
        return
    jam = event_words.jam_of(fields)
    grace = event.grace_of(jam)
    lines = [
        event_words.sentence(fields, now),
        f"slug      {jam.slug}",
        f"opens     {rfc3339(jam.opens_at)}",
        f"closes    {rfc3339(jam.closes_at)}",
        f"grace     {f'{event_words.span(grace)}, until {rfc3339(event.grace_ends(jam))}' if grace else 'none'}",
        f"archived  {rfc3339(jam.archived_at) if jam.archived_at is not None else 'never'}",
        f"guests    {'may read' if jam.guests else 'may not read'}",
    ]
    for line in [*lines, *(_phase_line(jam, phase, now) for phase in event.phases_of(jam))]:
        show(arguments, {}, line)


def change(arguments: argparse.Namespace) -> None:
    """Changes what is named of the Jam."""
    named: Fields = {}
    if arguments.title is not None:
        named["title"] = event_words.title_of(arguments.title)
    if arguments.slug is not None:
        named["slug"] = event_words.slug_of(arguments.slug)
    if arguments.summary is not None:
        named["summary"] = clean_text(arguments.summary)
    for given, name in ((arguments.opens, "opens_at"), (arguments.closes, "closes_at")):
        if given is not None:
            named[name] = rfc3339(given)
    if arguments.grace is not None:
        named["grace_seconds"] = event_words.grace_of(arguments.grace)
    if arguments.guests is not None:
        named["guests"] = arguments.guests == "yes"
    if not named:
        raise UsageError("nothing to change was named", "For example: jamserver jam set --title 'Our Jam'")

    def job(tx: Tx) -> tuple[Fields, Fields, datetime]:
        before = objects.decode(objects.jam_json(tx.db) or b"{}")
        if before:
            event_words.check(before | named)
        return before, objects.decode(objects.change_jam(tx, named)), tx.now

    before, after, now = write(arguments.db, job)
    event_words.warn(before, after, now)
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
        found: Fields = {} if arguments.grace is None else {"grace_seconds": event_words.grace_of(arguments.grace)}
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
    given: Fields = {"id": event_words.slug_of(arguments.id)}
    if arguments.title is not None:
        given["title"] = event_words.title_of(arguments.title)
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
    jam = event_words.jam_of(fields)
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
    jam = event_words.jam_of(after)
    for phase in event.phases_of(jam):
        show(arguments, {}, _phase_line(jam, phase, now))
    if not jam.phases:
        show(arguments, {}, "the Jam has no phases now")
