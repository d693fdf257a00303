"""Signing in by an organisation's own OpenID Connect issuer: what the Jam is told of it, and claims to people.

The issuer and the ``sub`` of a token are who somebody is. That pair, and the role that the issuer gave last, stand in
a table of their own, never in the log nor in an archive. Nobody gets an account that exists because a handle or an
address is equal: those are not what the issuer vouches for.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec

from jamserver import accounts, objects, standing
from jamserver.accounts import Grant, millis
from jamserver.db import Connection, row, value
from jamserver.log import Tx
from jamserver.problems import Problem, later
from jamserver.wire import MAX_HANDLE, MAX_NAME, clean_name
from jamtui.archive import rfc3339
from jamtui.errors import UsageError
from jamtui.event import ROLES

HOURS = 24.0
KEPT = 120  # seconds beyond its end that a token is remembered: more than by which clocks may differ
_FOREVER = 10**11  # seconds since 1970, for a token that says more
_HANDLES = ("preferred_username", "nickname", "name")  # the first that says something becomes the handle
SCOPES = ("openid", "profile")


class ConfigError(UsageError):
    """What was said of the issuer cannot be (exit 2)."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim that has to have a value: be it, or hold it in a list. ``role`` is what that gives; empty in a
    requirement."""

    claim: str
    value: str
    role: str = ""

    def holds(self, claims: dict[str, Any]) -> bool:
        return self.value in _values(claims, self.claim)


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``jamserver oidc set`` keeps. ``hours`` is how long a sign-in can be refreshed before the issuer is asked
    again."""

    issuer: str
    client_id: str
    audience: str | None = None
    name: str | None = None
    scopes: tuple[str, ...] = SCOPES
    roles: tuple[Rule, ...] = ()
    require: tuple[Rule, ...] = ()
    hours: float = HOURS

    def way(self) -> dict[str, object]:
        """What discovery says of it. A resource indicator (RFC 8707) is an absolute URI; an audience need not be."""
        said: dict[str, object] = {"type": "oidc", "issuer": self.issuer, "client_id": self.client_id}
        if self.name:
            said["name"] = self.name
        said["scopes"] = self.scopes
        if self.audience and re.match(r"[A-Za-z][A-Za-z0-9+.-]*:[^#]+$", self.audience):
            said["resource"] = self.audience
        return said


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def issuer_url(text: str, *, query: bool = False) -> str:
    """The address as it is, when it is https, or http to this machine. Raises `ConfigError`."""
    try:
        parts = urlsplit(text)
        bad = not parts.hostname or parts.username is not None or (parts.port or 1) < 1
    except ValueError:
        bad, parts = True, urlsplit("")
    if bad or parts.fragment or (parts.query and not query) or not text.isascii() or not text.isprintable():
        raise ConfigError(
            f"{text} is no address of an issuer", "Write it as its metadata has it: https://id.example.com"
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(text)):
        raise ConfigError(f"{text} is not https", "Plain http is for an issuer on this machine only")
    return text


def rule(text: str, *, with_role: bool) -> Rule:
    """``CLAIM=VALUE``, or ``CLAIM=VALUE:ROLE``. Raises `ConfigError`."""
    wanted = "CLAIM=VALUE:ROLE" if with_role else "CLAIM=VALUE"
    pair, colon, role = text.rpartition(":") if with_role else (text, ":", "")
    claim, equals, found = pair.partition("=")
    if not (claim and equals and found and colon) or (with_role and role not in ROLES):
        roles = f"; roles are {', '.join(ROLES)}" if with_role else ""
        raise ConfigError(
            f"{text} is not {wanted}", f"For example: groups=jam-team{':host' if with_role else ''}{roles}"
        )
    return Rule(claim, found, role)


def stored(db: Connection) -> Config | None:
    """The issuer of this Jam, None when it has none."""
    raw = value(db, "SELECT data FROM oidc")
    return None if raw is None else _config(raw)


def _config(raw: bytes) -> Config:
    return msgspec.json.decode(raw, type=Config)


def store(tx: Tx, config: Config | None) -> None:
    """Keeps it in place of what was there; None takes it away. People who came by it stay."""
    tx.db.execute("DELETE FROM oidc")
    if config is not None:
        tx.db.execute("INSERT INTO oidc VALUES (1, ?)", (msgspec.json.encode(config),))


def _values(claims: dict[str, Any], name: str) -> set[str]:
    """What a claim says, as texts. ``realm_access.roles`` finds a claim within one where none has the whole name."""
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for step in name.split("."):
            found = found.get(step) if isinstance(found, dict) else None
    several = found if isinstance(found, list) else [found]
    return {
        one if isinstance(one, str) else str(one).lower() for one in several if isinstance(one, (str, bool, int, float))
    }


def _role(config: Config, claims: dict[str, Any]) -> str | None:
    """The highest role that the claims give; None when the Jam has no rules for it."""
    if not config.roles:
        return None
    given = [rule.role for rule in config.roles if rule.holds(claims)]
    return max(given, key=ROLES.index, default="participant")


def _require(config: Config, claims: dict[str, Any]) -> None:
    """Raises 403 unless each claim that is required has one of the values that were named for it."""
    for claim in {rule.claim for rule in config.require}:
        if not any(rule.holds(claims) for rule in config.require if rule.claim == claim):
            raise Problem("forbidden", "Your organisation's sign-in does not say that you may come to this Jam.")


def _name(claims: dict[str, Any]) -> str:
    name = claims.get("name")
    if not isinstance(name, str):
        return ""
    whole = name.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")  # half pairs become U+FFFD
    return clean_name(whole)[:MAX_NAME].rstrip()


def link(tx: Tx, issuer: str, subject: str, person_id: str) -> None:
    """Says by hand who somebody of an issuer is: a person who was here before. Raises `ConfigError` when it is said of
    another person already."""
    found = row(tx.db, "SELECT person_id FROM identities WHERE issuer = ? AND subject = ?", (issuer, subject))
    if found is not None and found[0] != person_id:
        other = value(tx.db, "SELECT handle FROM people WHERE id = ?", (found[0],))
        raise ConfigError(f"{subject} of {issuer} is {other} already", "See that the subject is the right one")
    if found is None:
        role = value(tx.db, "SELECT role FROM people WHERE id = ?", (person_id,))
        # A role above the lowest was given by hand: it is not to be what the issuer gave last.
        given = role if role == ROLES[0] else ""
        tx.db.execute("INSERT INTO identities VALUES (?, ?, ?, ?)", (issuer, subject, person_id, given))


def free_handle(db: Connection, wanted: str, digits: Callable[[], int]) -> str:
    """A handle that nobody has, after the one that is wanted: cleaned, and with a number when it is taken."""
    text = unicodedata.normalize("NFC", wanted).lower().partition("@")[0].strip()
    if objects.mixes_alphabets(text):  # a name that nobody could tell from another: its ASCII is kept
        text = "".join(letter for letter in text if letter.isascii())
    kept = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in text)
    base = re.sub(r"^[._-]+|[._-]+$", "", re.sub(r"-{2,}", "-", kept))[:MAX_HANDLE] or "person"
    for number in range(1, 100):
        found = _free(db, base, "" if number == 1 else str(number))
        if found:
            return found
    while True:
        found = _free(db, base, str(digits()))
        if found:
            return found


def _free(db: Connection, base: str, number: str) -> str | None:
    try:
        return objects.new_handle(db, base[: MAX_HANDLE - len(number)] + number)
    except Problem as problem:
        if problem.code != "handle_taken":
            raise
        return None


def enter(
    tx: Tx, config: Config, claims: dict[str, Any], secret: Callable[[], str], once: str | None = None
) -> Grant | None:
    """The person of these claims, made with the first sign-in, and fresh tokens. Raises 403 ``forbidden``, and 429
    for who deleted their account less than a day ago: a new one would be without what the old one had used up.

    ``once`` is a token that gives one sign-in. None when it gave one before: that one is ended, since nobody knows
    which of the two is whose (as RFC 6749, section 4.1.2, has it for a code).
    """
    _require(config, claims)
    # Without the signature: of ECDSA, anybody can make another good one from it.
    mark = None if once is None else accounts.digest(once.rpartition(".")[0])
    before = value(tx.db, "SELECT sign_in FROM exchanged WHERE digest = ?", (mark,))
    if before is not None:
        tx.db.execute("DELETE FROM tokens WHERE sign_in = ?", (before,))
        return None
    subject = str(claims["sub"])
    found = row(
        tx.db, "SELECT person_id, role FROM identities WHERE issuer = ? AND subject = ?", (config.issuer, subject)
    )
    if found is not None and _is_over(tx, found[0]):
        found = None
    if found is None:
        _require_gone_for_long(tx, config, subject)
        person_id = _welcome(tx, config, claims, subject)
    else:
        person_id, given = found
        _follow(tx, config, claims, subject, person_id, given)
    sign_in = secret()
    granted = accounts.grant(tx, person_id, secret, sign_in)
    accounts.end_at(tx, sign_in, tx.now + timedelta(hours=config.hours))
    if mark is not None:
        tx.db.execute("DELETE FROM exchanged WHERE expires < ?", (millis(tx.now),))
        last = min(_FOREVER, claims["exp"])  # in this order, also for what is no number
        tx.db.execute("INSERT INTO exchanged VALUES (?, ?, ?)", (mark, sign_in, int(last + KEPT) * 1_000))
    return granted


def _require_gone_for_long(tx: Tx, config: Config, subject: str) -> None:
    sql = "SELECT until FROM left_handles WHERE digest = ?"
    until = value(tx.db, sql, (objects.identity_digest(config.issuer, subject),))
    if until is not None and until > millis(tx.now):
        at = rfc3339(standing.moment(until))
        words = f"You deleted your account here. You can have a new one from {at} on."
        raise later("rate_limited", words, (until - millis(tx.now)) / 1_000)


def _is_over(tx: Tx, person_id: str) -> bool:
    """Whether somebody left while suspended, and that has ended: then nothing leads to that account any more."""
    person = objects.decode(value(tx.db, "SELECT data FROM people WHERE id = ?", (person_id,)))
    if person.get("state") != "left" or standing.suspension(tx.db, person_id, tx.now) is not None:
        return False
    for table in ("identities", "suspensions", "joined"):
        tx.db.execute(f"DELETE FROM {table} WHERE person_id = ?", (person_id,))
    return True


def _welcome(tx: Tx, config: Config, claims: dict[str, Any], subject: str) -> str:
    role = _role(config, claims) or ROLES[0]
    wanted = next((claims[name] for name in _HANDLES if isinstance(claims.get(name), str) and claims[name].strip()), "")
    handle = free_handle(tx.db, wanted, lambda: tx.rng.randrange(10**3, 10**9))
    new_id = uuid.UUID(int=tx.rng.getrandbits(128), version=4)
    person_id = objects.add_person(tx, new_id, handle, name=_name(claims), role=role)
    tx.db.execute("INSERT INTO identities VALUES (?, ?, ?, ?)", (config.issuer, subject, person_id, role))
    if role == ROLES[0]:
        standing.came(tx, person_id)
    return person_id


def _follow(tx: Tx, config: Config, claims: dict[str, Any], subject: str, person_id: str, given: str) -> None:
    """Name and role as the issuer now has them. A role that was given by hand, which is one that differs from what the
    issuer gave last, stays, and so does a name that the person chose."""
    person = objects.decode(value(tx.db, "SELECT data FROM people WHERE id = ?", (person_id,)))
    if person.get("state") == "left":  # while suspended: they may read, and nothing of them comes back
        return
    changes: objects.Fields = {}
    name, role = _name(claims), _role(config, claims)
    chosen = value(tx.db, "SELECT 1 FROM own_names WHERE person_id = ?", (person_id,))
    if name and name != person["name"] and not chosen:
        changes["name"] = name
    if role is not None and person["role"] == given:
        tx.db.execute("UPDATE identities SET role = ? WHERE issuer = ? AND subject = ?", (role, config.issuer, subject))
        if role != given:
            changes["role"] = role
    if changes:
        objects.change_person(tx, person_id, changes)
