"""Signing in to a Jam server and out again, and the client that a signed-in Jam uses.

A sign-in asks the server who answers there (discovery), takes a token by one of the ways that it offers, keeps the
secret in a credential store, and writes down the Jam (`jamtui.store.registry`). Secrets are bound to the origin: a
client is made for one origin and its store's entry bears that origin's name. ``JAMTUI_TOKEN`` bears none, so a digest
of both stands in ``jam.json``: it goes to the Jam that was signed in to with it, and to no other.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from api_client import errors
from api_client.client import JamClient
from api_client.models import Discovery, Token
from api_client.origin import parse_origin
from api_client.tokens import AskedToken, FixedToken, RefreshingToken, TokenProvider
from api_client.transport import Bounds
from jamtui.archive import Person
from jamtui.credentials import TOKEN_VARIABLE, CredentialStore, NoStore, Secret, environment_secret, open_store
from jamtui.errors import JamError, NotSignedIn, UsageError
from jamtui.paths import Home, make_private_dir
from jamtui.safe_text import safe_line
from jamtui.store import registry
from jamtui.store.registry import KnownJam
from jamtui.sync.holder import Holder

_PATIENCE = 20.0  # seconds that another process may take to renew the sign-in: a call and its storing
_LOOK = 0.05  # seconds between looks at whether it is done
_GOODBYE = Bounds(call_seconds=5.0)  # who signs out does not wait longer for a server that is down


class Offer(Struct, frozen=True):
    """What answers at an address: the Jam there, and ``ways`` to sign in (guest, password, invite, oidc)."""

    origin: str
    discovery: Discovery

    @property
    def ways(self) -> tuple[str, ...]:
        return tuple(way.type for way in self.discovery.sign_in)

    @property
    def title(self) -> str:
        return self.discovery.jam.title

    def require(self, way: str) -> None:
        """Raises `JamError` when the server does not offer ``way``, naming what it does."""
        if way not in self.ways:
            raise JamError(
                f"this Jam does not offer to sign in by {way}", f"It offers: {', '.join(self.ways) or 'nothing'}."
            )


async def discover(address: str) -> Offer:
    """Asks the server at ``address`` who it is. `UsageError` for a bad address, `ApiError` when no Jam answers.

    An address in letters that may look like others is not asked before it was typed as what it is.
    """
    origin = parse_origin(address)
    if not address.isascii():
        raise UsageError(f"that address is {origin}, in letters that may look like others", f"If you mean it: {origin}")
    async with JamClient(origin) as client:
        return Offer(origin, await client.discovery())


async def guest(home: Home, offer: Offer) -> KnownJam:
    """Reads without an account; nothing secret is kept."""
    offer.require("guest")
    async with _choosing(home):
        jam = _jam(home, offer, "").changed(handle="guest", name="Guest", role="guest", store="none", account="")
        registry.remember(home, jam)
    return jam


async def password(
    home: Home, offer: Offer, handle: str, secret: str, *, store: str, environ: Mapping[str, str]
) -> KnownJam:
    """Exchanges handle and password for tokens and keeps those in ``store`` (keyring or file)."""
    offer.require("password")
    keep = checked(home, store, environ)
    async with JamClient(offer.origin) as client:
        return await kept(home, offer, keep, await client.password(handle, secret), environ)


async def invite(
    home: Home,
    offer: Offer,
    code: str,
    handle: str,
    *,
    name: str | None = None,
    secret: str | None = None,
    store: str,
    environ: Mapping[str, str],
) -> KnownJam:
    """Spends an invite code on a new account."""
    offer.require("invite")
    keep = checked(home, store, environ)
    async with JamClient(offer.origin) as client:
        new = await client.invite(code, handle, name=name, password=secret)
    return await kept(home, offer, keep, new, environ)


async def token(home: Home, offer: Offer, text: str, *, store: str, environ: Mapping[str, str]) -> KnownJam:
    """Signs in with a token that somebody printed (``jamserver person token``)."""
    text = text.strip()
    if not text:
        raise NotSignedIn("the token is empty", "Give it on standard input: jamtui login URL --token-stdin < FILE.")
    keep = checked(home, store, environ)
    me = await _owner_of(offer, text, "Ask whoever runs the Jam for another: jamserver person token prints it.")
    return await _remember(home, offer, me, keep, Secret(text, None, None), environ)


async def environment_token(home: Home, offer: Offer, text: str, environ: Mapping[str, str]) -> KnownJam:
    """Signs in with JAMTUI_TOKEN, which is never stored."""
    text = text.strip()
    me = await _owner_of(offer, text, f"{TOKEN_VARIABLE} holds one of another Jam, or one that has ended.")
    return await _remember(home, offer, me, None, Secret(text), environ)


async def command_token(home: Home, offer: Offer, environ: Mapping[str, str]) -> KnownJam:
    """Signs in with what the person's own command prints (`jamtui.token_command`), which is never stored."""
    from jamtui import token_command

    secret = await asyncio.to_thread(token_command.secret_for, home, offer.origin, environ)
    hint = "The token_command of config.toml prints one of another Jam, or one that has ended."
    me = await _owner_of(offer, secret.access_token, hint)
    return await _remember(home, offer, me, None, secret, environ, store=token_command.STORE)


async def _owner_of(offer: Offer, token: str, hint: str) -> Person:
    """Who somebody is by a token of their own. ``hint`` is for one that the server does not take."""
    try:
        async with JamClient(offer.origin, tokens=FixedToken(token)) as client:
            return await client.me()
    except errors.NotSignedIn as error:
        raise errors.NotSignedIn(
            f"{offer.origin} does not take this token", hint, status=error.status, code=error.code, detail=error.detail
        ) from None


async def sign_out(home: Home, jam: KnownJam, environ: Mapping[str, str], *, give_up: bool = False) -> str:
    """Revokes the token where the server can be reached, forgets the secret, and removes the Jam's folder.

    Returns "" or, in words, what could not be done on the server. The caller asks first when texts were not sent, and
    sees to it that nobody else has the Jam open. Killed at any moment, signing out again ends it: what is needed for a
    step goes after the step. Raises `NoStore` when a store does not give the secret away: all else is removed then, and
    the Jam stays known, so that it can be tried again; ``give_up`` forgets it all the same.
    """
    left: list[str] = []
    refused: list[tuple[str, NoStore]] = []
    async with _alone(jam.folder / "sign-in.lock") if jam.folder.is_dir() else contextlib.nullcontext():
        for kind, account in jam.secrets:
            try:
                left += await _end(open_store(kind, home=home, environ=environ), account, jam.origin)
            except NoStore as error:
                refused.append((kind, error))
                left.append(f"the secret could not be taken out of the {kind} ({error.title})")
        if refused and not give_up:
            registry.wipe(jam)
            name = registry.short_name(jam, registry.known(home))
            where, why = refused[0]
            raise NoStore(
                f"what was on this machine is removed, but the token is still in the {where}. {why.title}",
                f"When it can be used again, jamtui logout {name} ends it; with --discard it is left there.",
            )
        registry.forget(home, jam)
    return "; ".join(dict.fromkeys(left))


async def _end(keep: CredentialStore, account: str, origin: str) -> list[str]:
    """Revokes what the store has, then takes it out; what could not be done, in words."""
    secret = keep.load(account)
    try:
        if secret is not None:
            async with JamClient(origin, bounds=_GOODBYE) as client:
                await client.revoke(secret.refresh_token or secret.access_token)
    except errors.ApiError as error:
        return [f"the server could not be told ({error.title}); the token ends by itself"]
    finally:
        keep.delete(account)  # also what could not be read as a secret, and when somebody is tired of waiting
    return []


def environment_secret_of(home: Home, jam: KnownJam, environ: Mapping[str, str]) -> Secret | None:
    """The token of ``JAMTUI_TOKEN`` when this Jam was signed in to with it; None for guests, when there is none, and
    when it is another Jam's. Raises `NotSignedIn` for one that nobody signed in with: it could be anybody's."""
    secret = environment_secret(environ)
    if secret is None or jam.me.guest:
        return None
    if jam.entry.token == _mark(jam.origin, secret):
        return secret
    if any(other.entry.token == _mark(other.origin, secret) for other in registry.known(home)):
        return None
    raise NotSignedIn(
        f"{TOKEN_VARIABLE} is set, but nobody signed in to {jam.where} with it",
        f"jamtui login {jam.origin} takes it for this Jam; unset it to use the token that is stored.",
    )


def _mark(origin: str, secret: Secret) -> str:
    """A token and the server that it is for, as what can be written down."""
    return hashlib.sha256(f"{origin} {secret.access_token}".encode()).hexdigest()[:32]


def client_for(
    home: Home,
    jam: KnownJam,
    environ: Mapping[str, str],
    bounds: Bounds | None = None,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> JamClient:
    """A client of the Jam with the reader's token; ``now`` is the clock that the server's is held against. Raises
    `NotSignedIn` when there should be a token and is none."""
    jam = registry.again(jam)  # somebody may have signed in again since, into another store
    return JamClient(jam.origin, tokens=_tokens(home, jam, environ), bounds=bounds, now=now)


def _tokens(home: Home, jam: KnownJam, environ: Mapping[str, str]) -> TokenProvider | None:
    from_environment = environment_secret_of(home, jam, environ)
    if from_environment is not None:
        return FixedToken(from_environment.access_token)
    if jam.store == "none":
        return None
    if jam.store == "env":
        what = "holds the token of another Jam" if environment_secret(environ) is not None else "is not set"
        raise NotSignedIn(f"{TOKEN_VARIABLE} {what}", "Set it again, or sign in with jamtui login.")
    if jam.store == "command":
        return AskedToken(lambda: _commanded(home, jam, environ))
    keep = open_store(jam.store, home=home, environ=environ)
    secret = keep.load(jam.account)
    if secret is None:
        raise NotSignedIn(f"no token for {jam.where} in the {keep.name}", "Sign in again with jamtui login.")
    if not secret.refresh_token:
        return FixedToken(secret.access_token)

    async def refresh(old: str) -> Token:
        async with JamClient(jam.origin) as client:
            return await client.refresh(old)

    def stored() -> tuple[str, str]:
        now = keep.load(jam.account)
        if now is None:  # a new one must not come back to a machine that was wiped
            raise errors.NotSignedIn("you were signed out meanwhile", "Sign in again with jamtui login.")
        return now.access_token, now.refresh_token or ""

    return RefreshingToken(
        secret.access_token,
        secret.refresh_token,
        refresh=refresh,
        keep=lambda new: keep.save(jam.account, _secret(new)),
        stored=stored,
        alone=lambda: _alone(jam.folder / "sign-in.lock"),
    )


def _commanded(home: Home, jam: KnownJam, environ: Mapping[str, str]) -> str:
    """What the token_command prints, when it is of the person whose folder this is. A failure of it is told as a
    sign-in that does not hold."""
    from jamtui import token_command

    try:
        token = token_command.secret_for(home, jam.origin, environ).access_token
    except JamError as error:
        raise errors.NotSignedIn(error.title, error.hint) from None
    try:
        who = asyncio.run(_whose(jam.origin, token))
    except errors.NotSignedIn:
        return token  # the call that needs it is told so, and the command is asked once more
    if who.id != jam.entry.person_id:
        raise errors.NotSignedIn(
            f"the token_command gives the token of @{safe_line(who.handle, 40)}, not of @{safe_line(jam.me.handle)}",
            f"Nothing was sent. Change it, or jamtui login {jam.origin}, which keeps a folder for each.",
        )
    return token


async def _whose(origin: str, token: str) -> Person:
    async with JamClient(origin, tokens=FixedToken(token)) as client:
        return await client.me()


@contextlib.asynccontextmanager
async def _alone(path: Path) -> AsyncGenerator[None]:
    """Inside, this process is the only one of this account that renews the sign-in."""
    lock = Holder(path)
    end = time.monotonic() + _PATIENCE
    while not lock.take():
        if time.monotonic() > end:
            raise errors.Unreachable("another jamtui on this machine is renewing the sign-in", "It is tried again.")
        await asyncio.sleep(_LOOK)
    try:
        yield
    finally:
        lock.release()


@contextlib.asynccontextmanager
async def _choosing(home: Home) -> AsyncGenerator[None]:
    """Inside, this process alone says whose which folder is: two people who sign in at once may not both take that of
    the guest, nor a guest one that somebody has just taken. The lock is on the folder of folders: no file is left."""
    make_private_dir(home.jams)
    folder = os.open(home.jams, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        end = time.monotonic() + _PATIENCE
        while not _locked(folder):
            if time.monotonic() > end:
                raise JamError("another jamtui on this machine is signing in", "Try again when it is done.")
            await asyncio.sleep(_LOOK)
        yield
    finally:
        os.close(folder)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def checked(home: Home, store: str, environ: Mapping[str, str]) -> CredentialStore:
    """The store, tried before a password or a code that works once is sent."""
    keep = open_store(store, home=home, environ=environ)
    keep.check()
    return keep


def _jam(home: Home, offer: Offer, person_id: str) -> KnownJam:
    jam, limits = offer.discovery.jam, offer.discovery.limits
    return registry.for_server(home, offer.origin, jam.slug, jam.title, person_id).changed(
        title_limit=limits.title, body_limit=limits.body, tag_limit=limits.tag, tags_limit=limits.tags
    )


async def kept(home: Home, offer: Offer, keep: CredentialStore, new: Token, environ: Mapping[str, str]) -> KnownJam:
    """What every way in ends with: the tokens are stored, and the Jam is written down for their person."""
    return await _remember(home, offer, new.person, keep, _secret(new), environ)


async def given_back(origin: str, new: Token) -> None:
    """Ends a sign-in of which nothing was kept."""
    await _ended(origin, [_secret(new)])


async def _remember(
    home: Home,
    offer: Offer,
    me: Person,
    keep: CredentialStore | None,
    secret: Secret,
    environ: Mapping[str, str],
    *,
    store: str = "env",
) -> KnownJam:
    """``keep`` None: the secret is kept elsewhere, which ``store`` names; of JAMTUI_TOKEN a digest is written down."""
    async with _choosing(home):
        before = _jam(home, offer, me.id)
        async with _alone(before.folder / "sign-in.lock") if before.folder.is_dir() else contextlib.nullcontext():
            replaced = [old for place in before.secrets if (old := _stored(home, *place, environ)) is not None]
            jam = _written(home, before, offer, me, keep, secret, environ, store)
    await _ended(offer.origin, [old for old in replaced if old.access_token != secret.access_token])
    return jam


def _written(
    home: Home,
    before: KnownJam,
    offer: Offer,
    me: Person,
    keep: CredentialStore | None,
    secret: Secret,
    environ: Mapping[str, str],
    store: str,
) -> KnownJam:
    # A jamtui that runs goes on with the name under which it finds its secret.
    account = before.account if before.secrets else f"{offer.origin} {me.handle} {me.id}"
    jam = before.changed(handle=me.handle, name=me.name, role=me.role, account=account)
    if keep is None:
        jam = jam.changed(store=store, token=_mark(offer.origin, secret) if store == "env" else "")
    else:
        keep.save(account, secret)
        jam = jam.changed(store=keep.name, token="")
    over = [place for place in before.secrets if place != (jam.store, jam.account)]
    jam = jam.changed(elsewhere=tuple(over))
    registry.remember(home, jam)
    left = [place for place in over if not _wiped(home, *place, environ)]
    if left != over:
        jam = jam.changed(elsewhere=tuple(left))
        registry.remember(home, jam)
    return jam


def _stored(home: Home, kind: str, account: str, environ: Mapping[str, str]) -> Secret | None:
    try:
        return open_store(kind, home=home, environ=environ).load(account)
    except NoStore:
        return None  # what cannot be read cannot be ended; signing out tries it again


async def _ended(origin: str, replaced: list[Secret]) -> None:
    """Revokes sign-ins that another one took the place of. Nobody waits long for that, or is told: they end by
    themselves, and the new one holds."""
    for old in replaced:
        with contextlib.suppress(errors.ApiError, TimeoutError):
            async with asyncio.timeout(_GOODBYE.call_seconds), JamClient(origin, bounds=_GOODBYE) as client:
                await client.revoke(old.refresh_token or old.access_token)


def _wiped(home: Home, kind: str, account: str, environ: Mapping[str, str]) -> bool:
    """Whether a sign-in that was replaced is out of the store where it was; if not, signing out tries it again."""
    try:
        open_store(kind, home=home, environ=environ).delete(account)
    except NoStore:
        return False
    return True


def _secret(new: Token) -> Secret:
    ends = datetime.now(UTC) + timedelta(seconds=new.expires_in) if new.expires_in is not None else None
    return Secret(new.access_token, new.refresh_token, ends)
