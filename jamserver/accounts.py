"""Accounts: passwords, invites, tokens. All of it private: never in the log, never in an archive.

Tokens are opaque random texts of which the file holds SHA-256 alone. Those of one sign-in belong together. A refresh
token that comes a second time was copied, and ends the whole sign-in (RFC 9700, section 4.14.2); unless nothing that
the first time gave was ever used: then the answer was lost on its way, and the pair that nobody has is replaced. A
sign-in that stands in ``ends`` is over at a time of its own, however often it was refreshed.

What ``tokens.spent`` holds: 0 while a token was never used. Of an access token the time of its first use, in
milliseconds. Of a refresh token the time when it was spent, or `_IN_USE` when the access token beside it was used. A
refresh token of the kind ``void`` was replaced before it was used; whoever comes with it has a copy.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import argon2

from jamserver import objects, standing
from jamserver.db import Connection, row, rows, value
from jamserver.log import Tx
from jamserver.problems import Problem
from jamtui.event import ROLES

ACCESS = timedelta(hours=1)
REFRESH = timedelta(days=30)
INVITE = timedelta(days=30)
_MS_ACCESS, _MS_REFRESH = (int(lifetime.total_seconds() * 1000) for lifetime in (ACCESS, REFRESH))
_LATER = _MS_REFRESH - _MS_ACCESS  # how much later the refresh token of an answer ends than its access token
_IN_USE = -1
_INVITE_NAME = 4  # bytes of the digest

# OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks; a guest has an empty ``person_id``. ``expires`` is the end of the token; ``first`` says that it was
    never used before, which `first_use` has to note. ``joined`` (ms) is there of people who made an account."""

    person_id: str = ""
    role: str = ""
    expires: datetime | None = None
    first: bool = False
    joined: int = 0


GUEST = Caller()


@dataclass(frozen=True, slots=True)
class Grant:
    """Fresh tokens in clear: they are told once."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    person: bytes
    suspended: standing.Suspension | None = None


def new_secret() -> str:
    """256 random bits as text for an address, a header, and a command line, which takes what begins with a dash for an
    option."""
    while (made := secrets.token_urlsafe(32)).startswith("-"):
        pass
    return made


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def hash_password(password: str) -> str:
    """Slow by design: call it off the event loop."""
    return HASHER.hash(unicodedata.normalize("NFC", password))


def password_fits(stored: str, password: str) -> bool:
    """Slow by design: call it off the event loop."""
    try:
        return HASHER.verify(stored, unicodedata.normalize("NFC", password))
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def stored_password(db: Connection, handle: str) -> tuple[str, str] | None:
    """(person id, hash) of a handle, None when nobody has it or who has it has no password."""
    person = objects.find_person(db, handle)
    found = row(db, "SELECT person_id, hash FROM passwords WHERE person_id = ?", (person[0],)) if person else None
    return (found[0], found[1]) if found else None


def whose(db: Connection, handle: str) -> str:
    """What sign-ins with a handle are counted by: one for all the ways to write it, and for who is nobody, too."""
    person = objects.find_person(db, handle)
    return f"person {person[0]}" if person else f"handle {unicodedata.normalize('NFC', handle).casefold()}"


def set_password(tx: Tx, person_id: str, hashed: str) -> None:
    """Gives a person a password, or another one."""
    tx.db.execute(
        "INSERT INTO passwords VALUES (?, ?) ON CONFLICT DO UPDATE SET hash = excluded.hash", (person_id, hashed)
    )


def authenticate(db: Connection, token: str, now: datetime) -> Caller:
    """The person of an access token. Raises 401 ``token_unknown`` or ``token_expired``."""
    found = row(
        db,
        "SELECT tokens.person_id, role, expires, spent, coalesce(joined.at, 0) FROM tokens"
        " JOIN people ON people.id = tokens.person_id LEFT JOIN joined ON joined.person_id = tokens.person_id"
        " WHERE digest = ? AND kind = 'access'",
        (digest(token),),
    )
    if found is None:
        raise Problem("token_unknown", "Sign in again.", headers=_challenge("invalid_token"))
    if found[2] <= millis(now):
        raise Problem("token_expired", "Refresh it, or sign in again.", headers=_challenge("invalid_token"))
    return Caller(found[0], found[1], now + timedelta(milliseconds=found[2] - millis(now)), not found[3], found[4])


def token_stands(db: Connection, token: str) -> bool:
    """Whether an access token is still there: nobody ended its sign-in, neither its owner nor a copy of a token."""
    return row(db, "SELECT 1 FROM tokens WHERE digest = ? AND kind = 'access'", (digest(token),)) is not None


def first_use(tx: Tx, token: str) -> None:
    """Notes that an access token has arrived at its owner, and with it the refresh token of the same answer."""
    found = row(
        tx.db,
        "UPDATE tokens SET spent = ? WHERE digest = ? AND kind = 'access' AND spent = 0 RETURNING sign_in, expires",
        (millis(tx.now), digest(token)),
    )
    if found is not None:
        sign_in, expires = found
        tx.db.execute(
            "UPDATE tokens SET spent = ? WHERE sign_in = ? AND kind = 'refresh' AND expires = ? AND spent = 0",
            (_IN_USE, sign_in, expires + _LATER),
        )


def _challenge(error: str) -> dict[str, str]:
    return {"WWW-Authenticate": f'Bearer error="{error}"'}


def _insert_token(tx: Tx, secret: str, kind: str, sign_in: str, person_id: str, lifetime: timedelta) -> None:
    tx.db.execute(
        "INSERT INTO tokens(digest, kind, sign_in, person_id, expires) VALUES (?, ?, ?, ?, ?)",
        (digest(secret), kind, sign_in, person_id, millis(tx.now + lifetime)),
    )


def grant(tx: Tx, person_id: str, secret: Callable[[], str] = new_secret, sign_in: str = "") -> Grant:
    """An access and a refresh token, of a new sign-in unless one is named."""
    sign_in = sign_in or secret()
    # Kept a day past their end, so that their owner is told "expired" and not "unknown".
    tx.db.execute("DELETE FROM tokens WHERE expires < ?", (millis(tx.now - timedelta(days=1)),))
    access, refresh = secret(), secret()
    _insert_token(tx, access, "access", sign_in, person_id, ACCESS)
    _insert_token(tx, refresh, "refresh", sign_in, person_id, REFRESH)
    person: bytes = value(tx.db, "SELECT data FROM people WHERE id = ?", (person_id,))
    return Grant(access, refresh, person, standing.suspension(tx.db, person_id, tx.now))


def end_at(tx: Tx, sign_in: str, end: datetime) -> None:
    """Sets when a sign-in cannot be refreshed any more."""
    # Kept until the last refresh token of it is over by itself.
    tx.db.execute("DELETE FROM ends WHERE at < ?", (millis(tx.now - REFRESH - timedelta(days=2)),))
    tx.db.execute("INSERT INTO ends VALUES (?, ?)", (sign_in, millis(end)))


def long_token(tx: Tx, person_id: str, lifetime: timedelta, secret: Callable[[], str] = new_secret) -> str:
    """An access token without a refresh token, for scripts. Returns it in clear."""
    token = secret()
    _insert_token(tx, token, "access", secret(), person_id, lifetime)
    return token


def refresh(tx: Tx, token: str, secret: Callable[[], str] = new_secret) -> Grant | None:
    """New tokens for a refresh token, which is spent by it.

    None when it is not known, over, or a copy; then the sign-in may have ended with it, and the write must be
    kept: hence no exception. Spent, but nothing of that answer used, it gives a new pair in place of the lost one.
    """
    found = row(
        tx.db,
        "SELECT sign_in, person_id, expires, spent, kind FROM tokens WHERE digest = ? AND kind IN ('refresh', 'void')",
        (digest(token),),
    )
    if found is None or found[2] <= millis(tx.now):
        return None
    sign_in, person_id, _, spent, kind = found
    end = value(tx.db, "SELECT at FROM ends WHERE sign_in = ?", (sign_in,))
    over = end is not None and end <= millis(tx.now)
    if over or kind == "void" or (spent > 0 and not _take_back(tx, sign_in, digest(token), spent)):
        tx.db.execute("DELETE FROM tokens WHERE sign_in = ?", (sign_in,))
        return None
    if spent <= 0:
        tx.db.execute("UPDATE tokens SET spent = ? WHERE digest = ?", (millis(tx.now), digest(token)))
    return grant(tx, person_id, secret, sign_in)


def _take_back(tx: Tx, sign_in: str, spent_token: bytes, spent: int) -> bool:
    """Makes void what a spending gave; False, and nothing is changed, when some of it was used."""
    since = {"sign_in": sign_in, "but": spent_token, "access": spent + _MS_ACCESS, "refresh": spent + _MS_REFRESH}
    given = (
        " FROM tokens WHERE sign_in = :sign_in AND digest <> :but"
        " AND ((kind = 'access' AND expires >= :access) OR (kind = 'refresh' AND expires >= :refresh))"
    )
    if value(tx.db, f"SELECT count(*){given} AND spent <> 0", since):
        return False
    tx.db.execute(f"DELETE{given} AND kind = 'access'", since)
    tx.db.execute(f"UPDATE tokens SET kind = 'void' WHERE digest IN (SELECT digest{given})", since)
    return True


def sign_in_of(db: Connection, token: str) -> str | None:
    """What the tokens of one sign-in have in common, None for a token that is not known."""
    found: str | None = value(db, "SELECT sign_in FROM tokens WHERE digest = ?", (digest(token),))
    return found


def revoke(tx: Tx, token: str) -> None:
    """Ends the sign-in of an access or refresh token; an unknown one is no error."""
    tx.db.execute("DELETE FROM tokens WHERE sign_in = (SELECT sign_in FROM tokens WHERE digest = ?)", (digest(token),))


def sign_out(tx: Tx, person_id: str) -> int:
    """Ends all sign-ins of a person, and tokens for scripts. Returns how many there were."""
    count: int = value(tx.db, "SELECT count(DISTINCT sign_in) FROM tokens WHERE person_id = ?", (person_id,))
    tx.db.execute("DELETE FROM tokens WHERE person_id = ?", (person_id,))
    return count


def new_invite(tx: Tx, role: str, lifetime: timedelta = INVITE, secret: Callable[[], str] = new_secret) -> str:
    """A code that lets one person in. Returns it in clear."""
    code = secret()
    tx.db.execute(
        "INSERT INTO invites(digest, role, created, ends) VALUES (?, ?, ?, ?)",
        (digest(code), role, millis(tx.now), millis(tx.now + lifetime)),
    )
    return code


def invite_name(code: str) -> str:
    """What a code is called in `invites`, from which nobody finds the code."""
    return digest(code)[:_INVITE_NAME].hex()


def invites(db: Connection) -> list[tuple[str, str, int, int | None]]:
    """(name, role, when it was made, when it ends) of the codes that nobody has used; times in milliseconds."""
    return [
        (bytes(key)[:_INVITE_NAME].hex(), role, created, end)
        for key, role, created, end in rows(db, "SELECT digest, role, created, ends FROM invites ORDER BY created")
    ]


def withdraw_invite(tx: Tx, name: str) -> bool:
    """Takes a code back; False when none has this name."""
    found = rows(
        tx.db, "DELETE FROM invites WHERE lower(hex(substr(digest, 1, ?))) = ? RETURNING 1", (_INVITE_NAME, name)
    )
    return bool(list(found))


def require_invite(db: Connection, code: str, now: datetime) -> None:
    """Raises 401 ``invite_unknown`` unless the code lets somebody in."""
    found = row(db, "SELECT ends FROM invites WHERE digest = ?", (digest(code),))
    if found is None or (found[0] is not None and found[0] <= millis(now)):
        raise Problem("invite_unknown", "Ask for another code.")


def accept_invite(
    tx: Tx, code: str, handle: str, name: str, hashed: str | None, secret: Callable[[], str] = new_secret
) -> Grant:
    """A new person and their tokens; the code is spent. Raises 401 ``invite_unknown``, 409 ``handle_taken``, 422."""
    require_invite(tx.db, code, tx.now)
    role: str = value(tx.db, "DELETE FROM invites WHERE digest = ? RETURNING role", (digest(code),))
    free = objects.new_handle(tx.db, handle, tx.now)
    person_id = objects.add_person(tx, uuid.UUID(int=tx.rng.getrandbits(128), version=4), free, name=name, role=role)
    if role == ROLES[0]:  # an invite that gives a role is of somebody who is known
        standing.came(tx, person_id)
    if hashed is not None:
        set_password(tx, person_id, hashed)
    return grant(tx, person_id, secret)
