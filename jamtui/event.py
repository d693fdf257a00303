"""A Jam as an event: how it stands at a time, what may be done in it then, and what comes next. Pure; server and client
both ask it, so that they cannot disagree.

What is allowed is one table, `TABLE`: state × act × role. Phases narrow it (`Phase.closed_to`). The server goes by the
time at which a write arrives, and still takes what could have been written within the last ``grace_seconds``, since it
may come late out of somebody's outbox; a client begins nothing new that the Jam takes no more. Run
``python -m jamtui.event`` to print the table as `docs/event.md` has it.

All of it looks at times and words that an archive or a server may have wrong: phases in any order, outside of the
Jam's hours, with acts that nobody knows. Nothing here raises for that.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from msgspec import Struct

from jamtui.archive import Phase

ROLES = ("participant", "expert", "host", "moderator")
HOSTS = ("host", "moderator")  # a moderator may do all that a host may
MAX_GRACE = timedelta(days=30)  # more than that is not believed


class Event(Protocol):
    """What of a Jam is asked for: `jamtui.archive.Jam` has it, and `jamtui.model.JamRow`."""

    @property
    def opens_at(self) -> datetime: ...
    @property
    def closes_at(self) -> datetime: ...
    @property
    def grace_seconds(self) -> int: ...
    @property
    def archived_at(self) -> datetime | None: ...
    @property
    def phases(self) -> Sequence[Phase]: ...


class State(enum.StrEnum):
    """How the Jam stands at a time; see `state_at`."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    GRACE = "in grace"  # closed; what was written before and comes late is taken
    CLOSED = "closed"
    ARCHIVED = "archived"


class Act(enum.StrEnum):
    """What people do, as ``closed_to`` and the table name it."""

    THREADS = "threads"
    REPLIES = "replies"
    EDITS = "edits"  # of one's own posts, taking back included
    VOTES = "votes"
    TAGS = "tags"
    LINKS = "links"
    POLLS = "polls"  # choosing; for hosts and moderators also asking
    REPORTS = "reports"
    ANNOUNCEMENTS = "announcements"
    STEERING = "steering"  # briefs, curated tags, states of ideas, what is featured
    MODERATION = "moderation"  # all but removal; a host's reaches as far as the forums of that host
    REMOVAL = "removal"


class Cell(enum.StrEnum):
    """What a cell of `TABLE` says to a role."""

    YES = "yes"
    LATE = "late"  # taken when it arrives, but nothing new is begun
    NO = "no"


_ALL = frozenset(ROLES)
_HOSTS = frozenset(HOSTS)
_MODERATORS = frozenset(("moderator",))
_NOBODY: frozenset[str] = frozenset()
_Row = tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str], frozenset[str]]

# Who may, in each state: scheduled, open, in grace (late only), closed, archived.
_WRITTEN: _Row = (_HOSTS, _ALL, _ALL, _NOBODY, _NOBODY)
_STEERED: _Row = (_HOSTS, _HOSTS, _HOSTS, _HOSTS, _NOBODY)
_WHO: dict[Act, _Row] = {
    Act.THREADS: _WRITTEN,
    Act.REPLIES: _WRITTEN,
    Act.EDITS: _WRITTEN,
    Act.VOTES: (_NOBODY, _ALL, _ALL, _NOBODY, _NOBODY),
    Act.TAGS: _WRITTEN,
    Act.LINKS: _WRITTEN,
    Act.POLLS: _WRITTEN,
    Act.REPORTS: (_ALL, _ALL, _ALL, _ALL, _ALL),
    Act.ANNOUNCEMENTS: _STEERED,
    Act.STEERING: _STEERED,
    Act.MODERATION: _STEERED,
    Act.REMOVAL: (_MODERATORS, _MODERATORS, _MODERATORS, _MODERATORS, _MODERATORS),
}
_LATE = frozenset((Act.THREADS, Act.REPLIES, Act.EDITS, Act.VOTES, Act.TAGS, Act.LINKS, Act.POLLS))
# What a phase can be closed to: the same acts. Hosts and moderators sort and prepare in any phase; a vote of theirs
# counts like another.
PHASED = tuple(act for act in Act if act in _LATE)


def _cell(state: State, act: Act, role: str) -> Cell:
    if role not in _WHO[act][list(State).index(state)]:
        return Cell.NO
    return Cell.LATE if state is State.GRACE and act in _LATE else Cell.YES


TABLE: dict[tuple[State, Act, str], Cell] = {
    (state, act, role): _cell(state, act, role) for state in State for act in Act for role in ROLES
}


class Refusal(Struct, frozen=True):
    """Why something may not be done. ``code`` is that of the wire: ``jam_closed``, ``phase_closed``, or ``forbidden``
    for what this role never may."""

    code: str
    act: Act
    state: State
    phase: Phase | None = None  # that does not take it
    since: datetime | None = None  # closed, archived
    again: datetime | None = None  # from when it is taken, as far as that is set


class Next(Struct, frozen=True):
    """What happens next."""

    what: str  # opens, phase, closes, grace, archived
    at: datetime
    phase: Phase | None = None


class Part(Struct, frozen=True):
    """A piece of the Jam's time. ``phase`` is None for what no phase names."""

    start: datetime
    end: datetime
    state: State
    phase: Phase | None = None


def grace_of(event: Event) -> timedelta:
    """For how long after the end the Jam takes what was written before it: none to `MAX_GRACE`."""
    return timedelta(seconds=min(max(event.grace_seconds, 0), int(MAX_GRACE.total_seconds())))


def grace_ends(event: Event) -> datetime:
    """When that is over; the last moment there is, where the sum would lie beyond it."""
    return _plus(event.closes_at, grace_of(event))


def state_at(event: Event, now: datetime) -> State:
    """The state at ``now``; each begins with its moment, so a Jam that closes at 12:00 is closed then."""
    if event.archived_at is not None and now >= event.archived_at:
        return State.ARCHIVED
    if now < event.opens_at:
        return State.SCHEDULED
    if now < event.closes_at:
        return State.OPEN
    return State.GRACE if now < grace_ends(event) else State.CLOSED


def phases_of(event: Event) -> list[Phase]:
    """In the order in which they begin."""
    return sorted(event.phases, key=lambda phase: phase.starts_at)


def _in_force(event: Event, at: datetime) -> Phase | None:
    begun = [phase for phase in phases_of(event) if phase.starts_at <= at]
    return begun[-1] if begun else None


def phase_at(event: Event, now: datetime) -> Phase | None:
    """The phase that the Jam is in; None while it is not open, and before its first phase begins."""
    return _in_force(event, now) if state_at(event, now) is State.OPEN else None


def may(event: Event, now: datetime, role: str, act: Act) -> Refusal | None:
    """Whether something new may be begun: what a client asks."""
    state = state_at(event, now)
    role = role if role in ROLES else ROLES[0]
    if TABLE[state, act, role] is not Cell.YES:
        return _closed(event, now, state, role, act)
    phase = _in_force(event, now) if state is State.OPEN else None
    return _phase_closed(event, now, phase, act) if phase is not None and _held(phase, role, act) else None


def taken(event: Event, now: datetime, role: str, act: Act) -> Refusal | None:
    """Whether what arrives now is taken: what the server asks. That is what may be begun, and what could have been
    within the last ``grace_seconds``: before the Jam closed, or in a phase that has just ended."""
    refusal = may(event, now, role, act)
    if refusal is None or late_until(event, now, role, act) is not None:
        return None
    if refusal.state is State.GRACE:  # what the last phase did not take, and nothing before it for as long
        begun = [phase for phase in phases_of(event) if phase.starts_at < event.closes_at]
        return _phase_closed(event, now, begun[-1], act) if begun and _held(begun[-1], role, act) else refusal
    return refusal


def late_until(event: Event, now: datetime, role: str, act: Act) -> datetime | None:
    """Until when something that may no longer be begun is still taken because it was written before; None when it is
    not."""
    state = state_at(event, now)
    role = role if role in ROLES else ROLES[0]
    grace = grace_of(event)
    if not grace or state not in (State.OPEN, State.GRACE) or TABLE[State.OPEN, act, role] is Cell.NO:
        return None
    if act not in PHASED:
        return None
    begun = [phase for phase in phases_of(event) if phase.starts_at <= now and phase.starts_at < event.closes_at]
    starts = [event.opens_at, *(max(phase.starts_at, event.opens_at) for phase in begun)]
    ends = [*starts[1:], event.closes_at]
    found = [
        end
        for phase, start, end in zip([None, *begun], starts, ends, strict=True)
        if start < end <= now and now - end < grace and not (phase is not None and _held(phase, role, act))
    ]
    return _plus(max(found), grace) if found else None


def _plus(moment: datetime, span: timedelta) -> datetime:
    try:
        return moment + span
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _held(phase: Phase, role: str, act: Act) -> bool:
    return act in PHASED and act.value in phase.closed_to and (role not in _HOSTS or act is Act.VOTES)


def _phase_closed(event: Event, now: datetime, phase: Phase, act: Act) -> Refusal:
    later = (one for one in phases_of(event) if now < one.starts_at < event.closes_at)
    again = next((one.starts_at for one in later if act.value not in one.closed_to), None)
    return Refusal("phase_closed", act, state_at(event, now), phase, again=again)


def _closed(event: Event, now: datetime, state: State, role: str, act: Act) -> Refusal:
    if all(TABLE[any_state, act, role] is Cell.NO for any_state in State):
        return Refusal("forbidden", act, state)
    if state is State.SCHEDULED:
        return Refusal("jam_closed", act, state, again=event.opens_at)
    return Refusal("jam_closed", act, state, since=event.archived_at if state is State.ARCHIVED else event.closes_at)


def next_of(event: Event, now: datetime) -> Next | None:
    """What happens next; None when nothing more does."""
    if state_at(event, now) is State.ARCHIVED:
        return None
    found = [Next("opens", event.opens_at), Next("closes", event.closes_at)]
    found += [
        Next("phase", phase.starts_at, phase)
        for phase in phases_of(event)
        if event.opens_at < phase.starts_at < event.closes_at
    ]
    if grace_of(event):
        found.append(Next("grace", grace_ends(event)))
    if event.archived_at is not None:
        found.append(Next("archived", event.archived_at))
    return min((one for one in found if one.at > now), key=lambda one: one.at, default=None)


def parts_of(event: Event) -> list[Part]:
    """The time from opening to closing, phase by phase, and the grace after it."""
    begins = [phase for phase in phases_of(event) if phase.starts_at < event.closes_at]
    found: list[Part] = []
    for index, phase in enumerate([None, *begins]):
        start = event.opens_at if phase is None else max(phase.starts_at, event.opens_at)
        end = begins[index].starts_at if index < len(begins) else event.closes_at
        if start < end:
            found.append(Part(start, end, State.OPEN, phase))
    if grace_of(event):
        found.append(Part(event.closes_at, grace_ends(event), State.GRACE))
    return found


# -- words

_THINGS = {
    Act.THREADS: "new threads",
    Act.REPLIES: "replies",
    Act.EDITS: "changes of posts",
    Act.VOTES: "votes",
    Act.TAGS: "tags",
    Act.LINKS: "links between posts",
    Act.POLLS: "choices in polls",
    Act.REPORTS: "reports",
    Act.ANNOUNCEMENTS: "announcements",
    Act.STEERING: "what hosts sort",
    Act.MODERATION: "moderation",
    Act.REMOVAL: "removals",
}


def thing(act: Act) -> str:
    """What an act is about, in words: "new threads"."""
    return _THINGS[act]


def things(names: Sequence[str]) -> str:
    """ "new threads and votes" for ``closed_to``; words that nobody knows are left out."""
    known = [_THINGS[act] for act in PHASED if act.value in names]
    return " and ".join([", ".join(known[:-1]), known[-1]] if len(known) > 1 else known)


def reason(refusal: Refusal, when: Callable[[datetime], str]) -> str:
    """A refusal in a sentence without a full stop; ``when`` writes a time as ``at 14:00``."""
    if refusal.code == "forbidden":
        return f"Your role does not let you do this: {thing(refusal.act)}"
    if refusal.phase is not None:
        again = f"; they are taken again {when(refusal.again)}" if refusal.again is not None else ""
        return f"The phase “{refusal.phase.title}” does not take {thing(refusal.act)}{again}"
    if refusal.again is not None:
        return f"The Jam opens {when(refusal.again)}"
    since = f" {when(refusal.since)}" if refusal.since is not None else ""
    if refusal.state is State.ARCHIVED:
        return f"The Jam was archived{since}: it can be read, and nothing in it changes any more"
    return f"The Jam closed{since}; it can still be read"


def markdown() -> str:
    """The table for people: a row an act, a column a state."""
    lines = [
        "| act | " + " | ".join(State) + " |",
        "|---|" + "---|" * len(State),
    ]
    lines += [f"| {act} | " + " | ".join(_cell_words(state, act) for state in State) + " |" for act in Act]
    return "\n".join(lines)


def _cell_words(state: State, act: Act) -> str:
    who = [role for role in ROLES if TABLE[state, act, role] is not Cell.NO]
    late = ", late" if any(TABLE[state, act, role] is Cell.LATE for role in who) else ""
    names = {ROLES: "everybody", HOSTS: "hosts, moderators", ("moderator",): "moderators"}
    return f"{names[tuple(who)]}{late}" if who else "–"


if __name__ == "__main__":
    print(markdown())
