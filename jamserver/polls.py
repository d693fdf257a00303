"""Quick polls: asked by hosts, one ballot a person, counts published like votes.

A poll is a record (`jamserver.records`); who chose what is private, in the table ``ballots``. It takes ballots until a
host closes it or its time is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from jamserver import forums, moderation, once, records
from jamserver.allowed import Act, require_allowed
from jamserver.db import Connection, rows, value
from jamserver.log import Tx
from jamserver.objects import Fields, decode, encode
from jamserver.once import Asked, Written
from jamserver.posts import ANYBODY, Actor
from jamserver.problems import Problem, invalid
from jamserver.wire import MAX_CHOICE, NewPoll, Poll, clean_name, utc
from jamtui.archive import rfc3339

TYPE = "poll"
MAX_OPEN = 100  # polls of a Jam that take ballots at the same time
MOST = 2**53 - 1  # ballots that a count of an archive stands for: beyond, readers of JSON differ
_DECODE = msgspec.json.Decoder(Poll).decode


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chooses in a poll; None takes the ballot back."""

    person_id: str
    choice: int | None
    asked: Asked | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """How a poll stands after a ballot, and the change that it became."""

    counts: tuple[int, ...]
    seq: int


def get(db: Connection, poll_id: str) -> Poll:
    """Raises 404, also for one that was taken away."""
    raw = records.find(db, TYPE, poll_id)
    if raw is not None:
        try:
            return _DECODE(raw)
        except msgspec.ValidationError:  # what is left of one that was taken away; what an archive calls a poll
            pass
    raise Problem("not_found", "There is no such poll.")


def listed(db: Connection, after: int, limit: int) -> list[tuple[int, bytes]]:
    """(seq, object), the first asked first."""
    return records.first(records.listed(db, TYPE, _DECODE, after), limit)


def closed(poll: Poll, now: datetime) -> bool:
    """Whether it takes no more ballots at ``now``: closed by a host, or by its time."""
    return poll.closed_at is not msgspec.UNSET or (poll.closes_at is not msgspec.UNSET and now >= poll.closes_at)


def make(tx: Tx, actor: Actor, poll_id: str, new: NewPoll) -> tuple[bytes, int, bool]:
    """(object, seq, whether it is new). The same again of the same person answers the poll as it now is.

    Raises 403, 409 ``id_taken``, 422.
    """
    question, choices = clean_name(new.question), tuple(clean_name(choice) for choice in new.choices)
    _check(question, choices)
    if new.forum_id is not None:
        forum_id = new.forum_id
        if not value(tx.db, "SELECT 1 FROM forums WHERE id = ?", (forum_id,)):
            raise invalid("/forum_id", "There is no such forum.")
        forums.require_host(tx.db, actor, forum_id)
    elif not actor.hosts:
        raise Problem("forbidden", "Hosts and moderators ask.")
    closes = utc(new.closes_at, "/closes_at")
    there = records.find(tx.db, TYPE, poll_id)
    if there is not None:
        fields = decode(there)
        same = (fields.get("author_id"), fields.get("question"), fields.get("choices")) == (
            actor.person_id, question, list(choices),
        )  # fmt: skip
        if same and (fields.get("forum_id"), fields.get("closes_at")) == (new.forum_id, closes):
            return there, _seq(tx.db, poll_id), False
        raise Problem("id_taken", "Another poll has this id. Take a new one.")
    require_allowed(tx, actor, Act.POLLS)
    if new.closes_at is not None and new.closes_at <= tx.now:
        raise invalid("/closes_at", "A poll closes in the future.")
    if sum(not closed(poll, tx.now) for _, _, poll in records.listed(tx.db, TYPE, _DECODE)) >= MAX_OPEN:
        raise invalid("", f"At most {MAX_OPEN} polls are open at the same time. Close one first.")
    made: Fields = {
        "id": poll_id,
        "author_id": actor.person_id,
        "question": question,
        "choices": list(choices),
        "created_at": rfc3339(tx.now),
        "counts": [0] * len(choices),
    }
    if new.forum_id is not None:
        made["forum_id"] = new.forum_id
    if closes is not None:
        made["closes_at"] = closes
    return *records.put(tx, TYPE, poll_id, made), True


def _check(question: str, choices: tuple[str, ...]) -> None:
    if not question:
        raise invalid("/question", "A poll asks something.")
    seen: set[str] = set()
    for index, choice in enumerate(choices):
        if not 0 < len(choice) <= MAX_CHOICE:
            raise invalid(f"/choices/{index}", f"A choice has 1 to {MAX_CHOICE} characters.")
        if choice.casefold() in seen:
            raise invalid(f"/choices/{index}", "Two choices are the same.")
        seen.add(choice.casefold())


def _require_steering(tx: Tx, actor: Actor, poll: Poll, act: Act = Act.STEERING) -> None:
    """Who asked, the hosts of its forum, moderators. Raises 403."""
    forum_id = poll.forum_id
    hosts = actor.moderates or (actor.hosts and poll.author_id == actor.person_id)
    if not hosts and isinstance(forum_id, str):
        hosts = actor.hosts and forums.hosted_by(actor, forums.find(tx.db, forum_id)[0])
    if not hosts:
        raise Problem("forbidden", "Who asked, the hosts of its forum and moderators do that.")
    require_allowed(tx, actor, act)


def close(tx: Tx, actor: Actor, poll_id: str) -> tuple[bytes, int]:
    """Takes no more ballots; one that is closed stays as it is. Raises 404, 403."""
    poll = get(tx.db, poll_id)
    _require_steering(tx, actor, poll)
    raw = records.find(tx.db, TYPE, poll_id) or b"{}"
    if closed(poll, tx.now):
        return raw, _seq(tx.db, poll_id)
    return records.put(tx, TYPE, poll_id, decode(raw) | {"closed_at": rfc3339(tx.now)})


def take_away(tx: Tx, actor: Actor, poll_id: str) -> tuple[bytes, int]:
    """The frame stays; question, choices, counts and ballots go from everywhere. One that is gone is no error.
    Moderators do it at any time: what must not be read can be taken out of an archived Jam as well.

    Raises 404, 403.
    """
    raw = records.find(tx.db, TYPE, poll_id)
    fields = decode(raw) if raw is not None else {}
    if raw is not None and fields.get("gone") is True:
        if not actor.hosts:
            raise Problem("forbidden", "Hosts and moderators do that.")
        return raw, _seq(tx.db, poll_id)
    poll = get(tx.db, poll_id)
    _require_steering(tx, actor, poll, Act.REMOVAL if actor.moderates else Act.STEERING)
    frame: Fields = {name: fields[name] for name in ("id", "author_id", "created_at", "forum_id") if name in fields}
    frame["gone"] = True
    # The answers that are kept go, too: each says that somebody chose, and by its digest what.
    tx.db.execute("DELETE FROM answers WHERE post_id = ?", (poll_id,))
    for table in ("ballots", "counted"):
        tx.db.execute(f"DELETE FROM {table} WHERE poll_id = ?", (poll_id,))
    tx.blank_record(TYPE, poll_id, encode(frame))
    gone, seq = records.put(tx, TYPE, poll_id, frame)
    moderation.log_record(tx, actor, "remove-poll", poll.author_id, poll_id, seq)
    return gone, seq


def cast(tx: Tx, poll_id: str, ballots: list[Choice]) -> list[Counted | Problem]:
    """Ballots of several people in one poll, with one change for all. How it stands, or what is wrong, for each.

    Raises 404, 409 ``poll_closed``, 403 as `require_allowed`.
    """
    before = once.each(tx, [(ballot.person_id, ballot.asked) for ballot in ballots])
    fresh = [ballot for ballot, answer in zip(ballots, before, strict=True) if answer is None]
    done = _count(tx, poll_id, fresh) if fresh else Counted((), 0)
    for asked in {ballot.asked for ballot in fresh if ballot.asked is not None}:
        once.keep(tx, asked, poll_id, Written(msgspec.json.encode(done.counts), 0, done.seq))
    return [done if answer is None else _told(answer) for answer in before]


def _told(answer: Written | Problem) -> Counted | Problem:
    if isinstance(answer, Problem):
        return answer
    return Counted(msgspec.json.decode(answer.post, type=tuple[int, ...]), answer.seq)


def _count(tx: Tx, poll_id: str, ballots: list[Choice]) -> Counted:
    poll = get(tx.db, poll_id)
    require_allowed(tx, ANYBODY, Act.POLLS)
    if closed(poll, tx.now):
        raise Problem("poll_closed", "The poll takes no more ballots.")
    for ballot in ballots:
        if ballot.choice is None:
            tx.db.execute("DELETE FROM ballots WHERE (poll_id, person_id) = (?, ?)", (poll_id, ballot.person_id))
        elif ballot.choice < len(poll.choices):
            values = (poll_id, ballot.person_id, ballot.choice)
            tx.db.execute("INSERT OR REPLACE INTO ballots VALUES (?, ?, ?)", values)
    counts = _counts(tx.db, poll_id, len(poll.choices))
    if counts == tuple(poll.counts):
        return Counted(counts, _seq(tx.db, poll_id))
    fields = decode(records.find(tx.db, TYPE, poll_id) or b"{}")
    return Counted(counts, records.put(tx, TYPE, poll_id, fields | {"counts": list(counts)})[1])


def _counts(db: Connection, poll_id: str, choices: int) -> tuple[int, ...]:
    """The ballots for each choice: those that are here, and those that came as numbers with an archive."""
    sql = (
        "SELECT choice, sum(n) FROM (SELECT choice, count(*) AS n FROM ballots WHERE poll_id = ?1 GROUP BY choice "
        "UNION ALL SELECT choice, ballots FROM counted WHERE poll_id = ?1) GROUP BY choice"
    )
    found = dict(rows(db, sql, (poll_id,)))
    return tuple(int(found.get(index, 0)) for index in range(choices))


def came(tx: Tx) -> None:
    """After an import: what was chosen before is counted from then on, though nobody knows by whom. A poll whose counts
    do not fit its choices gets such as do."""
    for _, data, poll in list(records.listed(tx.db, TYPE, _DECODE)):
        given = [*poll.counts, *[0] * len(poll.choices)][: len(poll.choices)]
        counts = [max(0, min(count, MOST)) for count in given]
        values = [(poll.id, choice, count) for choice, count in enumerate(counts) if count]
        tx.db.executemany("INSERT OR REPLACE INTO counted VALUES (?, ?, ?)", values)
        if counts != list(poll.counts):
            records.put(tx, TYPE, poll.id, decode(data) | {"counts": counts})


def of_person(db: Connection, actor: Actor, now: datetime) -> object:
    """A section of the desk: what one chose, by the poll."""
    found = rows(db, "SELECT poll_id, choice FROM ballots WHERE person_id = ? ORDER BY poll_id", (actor.person_id,))
    return dict(found) or None


def _seq(db: Connection, poll_id: str) -> int:
    """The change that made the poll: what is known of one that is as it was."""
    seq: int = value(db, "SELECT seq FROM others WHERE (type, id) = (?, ?) ORDER BY seq LIMIT 1", (TYPE, poll_id))
    return seq
