"""Writes that are done once, however often they are asked for under one ``Idempotency-Key``.

The first answer is kept in the commit of what it answers. A repeat, after an answer that was lost, gets it again,
whatever has happened since: the Jam closed, somebody else put the same tag, the post was taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from jamserver import accounts, objects, standing
from jamserver.db import row
from jamserver.log import Tx
from jamserver.problems import Problem

KEPT = timedelta(days=7)  # how long the answer to an Idempotency-Key is remembered
MAX_KEY = 255  # characters


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks to be done once: ``path`` of what is written, ``request`` the digest of what is sent."""

    person_id: str
    key: str
    method: str
    path: str
    request: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """What a write answers: the object as it now is, its version, and the change that the write became."""

    post: bytes
    version: int
    seq: int
    created: bool = False


def answered(tx: Tx, asked: Asked) -> Written | None:
    """The first answer, None when it was not asked for before. Raises 422 ``idempotency_key_reused``."""
    tx.db.execute("DELETE FROM answers WHERE created < ?", (accounts.millis(tx.now - KEPT),))
    found = row(
        tx.db,
        "SELECT request, body, version, seq FROM answers WHERE person_id = ? AND key = ? AND method = ? AND path = ?",
        (asked.person_id, asked.key, asked.method, asked.path),
    )
    if found is None:
        held = standing.suspension(tx.db, asked.person_id, tx.now)
        if held is not None:  # let in as somebody who may ask for an answer again: this is another write
            raise held.problem()
        return None
    if found[0] != asked.request:
        raise _reused()
    return Written(found[1], found[2], found[3])


def _reused() -> Problem:
    return Problem("idempotency_key_reused", "Take a new key for another request.")


def each(tx: Tx, wanted: Iterable[tuple[str, Asked | None]]) -> list[Written | Problem | None]:
    """`answered` for writes of several people (each with their id) that are done together: what is wrong with one is
    told to that one."""
    found: list[Written | Problem | None] = []
    first: dict[tuple[str, str, str, str], Asked] = {}
    for person_id, asked in wanted:
        try:
            objects.require_account(tx.db, person_id)
            answer: Written | Problem | None = None if asked is None else answered(tx, asked)
        except Problem as problem:
            answer = problem
        if asked is None:
            found.append(answer)
            continue
        there = first.setdefault((asked.person_id, asked.key, asked.method, asked.path), asked)
        found.append(_reused() if answer is None and there.request != asked.request else answer)
    return found


def keep(tx: Tx, asked: Asked, post_id: str, done: Written) -> None:
    """Keeps the first answer; with a ``post_id`` it is blanked when that post is removed, or deleted with that poll."""
    tx.kept += len(done.post)  # a whole post each time, also where the write changes nothing
    tx.db.execute(
        "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (asked.person_id, asked.key, asked.method, asked.path, asked.request,
         post_id, done.seq, done.version, done.post, accounts.millis(tx.now)),
    )  # fmt: skip


def run(tx: Tx, asked: Asked | None, post_id: str, write: Callable[[Tx], Written]) -> Written:
    """The write's answer, or the one that it got when it was ``asked`` for first."""
    if asked is None:
        return write(tx)
    found = answered(tx, asked)
    if found is None:
        found = write(tx)
        keep(tx, asked, post_id, found)
    return found
