"""The commands about coming in: invite codes, and the OpenID Connect issuer of the Jam."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from jamserver import accounts, db, oidc
from jamserver.accounts import millis
from jamserver.log import Tx
from jamserver.terminal import say, show, write
from jamtui.archive import rfc3339
from jamtui.errors import JamError, NotFound, UsageError


class IssuerUnusable(JamError):
    """The issuer did not answer as it has to (exit 1)."""


def _time(milliseconds: int) -> str:
    return rfc3339(datetime.fromtimestamp(milliseconds / 1000, UTC))


def invite(arguments: argparse.Namespace) -> None:
    """A code in clear, told once."""
    lifetime = timedelta(days=arguments.days)

    def job(tx: Tx) -> tuple[str, str]:
        return accounts.new_invite(tx, arguments.role, lifetime), rfc3339(tx.now + lifetime)

    code, end = write(arguments.db, job)
    fields = {"code": code, "name": accounts.invite_name(code), "role": arguments.role, "expires_at": end}
    show(arguments, fields, code)


def invites(arguments: argparse.Namespace) -> None:
    """The codes that wait, by name; or one of them is taken back."""
    path: Path = arguments.db
    if arguments.withdraw is not None:
        name: str = arguments.withdraw
        if not write(path, lambda tx: accounts.withdraw_invite(tx, name), create=False):
            raise NotFound(f"no invite code has the name {name}", "See them: jamserver invites")
        show(arguments, {"name": name}, f"{name} lets nobody in any more")
        return
    db.prepare(path, create=False)
    with contextlib.closing(db.connect(path)) as reading:
        waiting = accounts.invites(reading)
    now = millis(datetime.now(UTC))
    for name, role, created, end in waiting:
        ends = None if end is None else _time(end)
        over = end is not None and end <= now
        fields: dict[str, object] = {"name": name, "role": role, "created_at": _time(created), "expires_at": ends}
        show(arguments, fields, f"{name}  {role}  {'expired' if over else 'until'} {ends or 'used'}")
    if not waiting:
        say("no invite code waits for somebody")


def config_of(arguments: argparse.Namespace) -> oidc.Config | None:
    """What the options say of an issuer, None when they say nothing. Raises `UsageError`."""
    if arguments.oidc_issuer is None and arguments.oidc_client_id is None:
        if arguments.oidc_audience or arguments.oidc_name or arguments.oidc_role or arguments.oidc_require:
            raise UsageError("these options need an issuer", "Name it with --oidc-issuer and --oidc-client-id")
        return None
    if not (arguments.oidc_issuer and arguments.oidc_client_id):
        raise UsageError("an issuer needs its address and a client id", "Give --oidc-issuer and --oidc-client-id")
    scopes = tuple(dict.fromkeys(("openid", *arguments.oidc_scope))) if arguments.oidc_scope else oidc.SCOPES
    return oidc.Config(
        oidc.issuer_url(arguments.oidc_issuer),
        arguments.oidc_client_id,
        arguments.oidc_audience or None,
        arguments.oidc_name or None,
        scopes,
        tuple(oidc.rule(text, with_role=True) for text in arguments.oidc_role),
        tuple(oidc.rule(text, with_role=False) for text in arguments.oidc_require),
        arguments.oidc_hours,
    )


def oidc_set(arguments: argparse.Namespace) -> None:
    """Keeps the issuer; running servers use it from the next request."""
    config = config_of(arguments)
    if config is None:
        raise UsageError("no issuer was named", "Give --issuer and --client-id")
    write(arguments.db, lambda tx: oidc.store(tx, config))
    show(arguments, msgspec.to_builtins(config), f"people of {config.issuer} may sign in")


def stored(path: Path) -> oidc.Config:
    """The issuer that the file keeps. Raises `NotFound`."""
    db.prepare(path, create=False)
    with contextlib.closing(db.connect(path)) as reading:
        config = oidc.stored(reading)
    if config is None:
        raise NotFound("this Jam has no issuer", "Name one: jamserver oidc set --issuer URL --client-id ID")
    return config


def oidc_show(arguments: argparse.Namespace) -> None:
    """What is kept of it."""
    config = stored(arguments.db)
    fields = msgspec.to_builtins(config)
    if arguments.json:
        show(arguments, fields, "")
        return
    for name, found in fields.items():
        if name in ("roles", "require"):
            found = ", ".join(
                f"{rule.claim}={rule.value}{rule.role and ':' + rule.role}" for rule in getattr(config, name)
            )
        elif name == "scopes":
            found = " ".join(found)
        show(arguments, {}, f"{name:10} {'' if found is None else found}")


def oidc_check(arguments: argparse.Namespace) -> None:
    """Asks the issuer as the server would."""
    from jamserver import issuer  # brings httpx and the cryptography

    config = stored(arguments.db)
    try:
        metadata, keys = asyncio.run(asyncio.wait_for(issuer.fetch(config.issuer), issuer.FETCH_WITHIN))
    except (issuer.IssuerError, TimeoutError) as error:
        words = str(error) or "it is too slow"
        raise IssuerUnusable(f"{config.issuer} cannot be used: {words}", "See its address, and its metadata") from None
    browser = "S256" in metadata.get("code_challenge_methods_supported", ())
    device = "device_authorization_endpoint" in metadata
    fields: dict[str, object] = {"issuer": config.issuer, "keys": len(keys), "pkce": browser, "device": device}
    show(
        arguments,
        fields,
        f"{config.issuer} has {len(keys)} keys; in a browser: {'yes' if browser else 'without PKCE, see its metadata'};"
        f" with a code on another device: {'yes' if device else 'no'}",
    )


def oidc_off(arguments: argparse.Namespace) -> None:
    """Nobody new comes by it; who is signed in stays until the sign-in ends."""
    write(arguments.db, lambda tx: oidc.store(tx, None), create=False)
    say("nobody signs in by an issuer any more")
