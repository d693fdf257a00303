"""Signing in to a Jam server and out again, and the client that a signed-in Jam uses.

A sign-in asks the server who answers there (discovery), takes a token by one of the ways that it offers, keeps the
secret in a credential store, and writes down the Jam (`jamtui.store.registry`). Secrets are bound to the origin: a
client is made for one origin and its store's entry bears that origin's name.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from api_client import errors
from api_client.client import JamClient
from api_client.models import Discovery, Token
from api_client.origin import parse_origin
from api_client.tokens import FixedToken, RefreshingToken, TokenProvider
from api_client.transport import Bounds
from jamtui.archive import Person
from jamtui.credentials import TOKEN_VARIABLE, CredentialStore, NoStore, Secret, environment_secret, open_store
from jamtui.errors import JamError, NotSignedIn
from jamtui.paths import Home
from jamtui.store import registry
from jamtui.store.registry import KnownJam
from jamtui.sync.holder import Holder

_PATIENCE = 20.0  # seconds that another process may take to renew the sign-in: a call and its storing
_LOOK = 0.05  # seconds between looks at whether it is done


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
    """Asks the server at ``address`` who it is. `UsageError` for a bad address, `ApiError` when no Jam answers."""
    origin = parse_origin(address)
    async with JamClient(origin) as client:
        return Offer(origin, await client.discovery())


async def guest(home: Home, offer: Offer) -> KnownJam:
    """Reads without an account; nothing secret is kept."""
    offer.require("guest")
    jam = _jam(home, offer).changed(person_id="", handle="guest", name="Guest", role="guest", store="none")
    registry.remember(home, jam)
    return jam


async def password(
    home: Home, offer: Offer, handle: str, secret: str, *, store: str, environ: Mapping[str, str]
) -> KnownJam:
    """Exchanges handle and password for tokens and keeps those in ``store`` (keyring or file)."""
    offer.require("password")
    keep = _checked(home, store, environ)
    async with JamClient(offer.origin) as client:
        return await _keep(home, offer, keep, store, await client.password(handle, secret))


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
    keep = _checked(home, store, environ)
    async with JamClient(offer.origin) as client:
        return await _keep(home, offer, keep, store, await client.invite(code, handle, name=name, password=secret))


async def token(home: Home, offer: Offer, text: str, *, store: str, environ: Mapping[str, str]) -> KnownJam:
    """Signs in with a token that somebody printed (``jamserver person token``)."""
    text = text.strip()
    if not text:
        raise NotSignedIn("the token is empty", "Give it on standard input: jamtui login URL --token-stdin < FILE.")
    keep = _checked(home, store, environ)
    async with JamClient(offer.origin, tokens=FixedToken(text)) as client:
        me = await client.me()
    jam = _signed_in(home, offer, me, store)
    keep.save(jam.account, Secret(text, None, None))
    registry.remember(home, jam)
    return jam


async def environment_token(home: Home, offer: Offer, text: str) -> KnownJam:
    """Signs in with JAMTUI_TOKEN, which is never stored."""
    async with JamClient(offer.origin, tokens=FixedToken(text.strip())) as client:
        me = await client.me()
    jam = _signed_in(home, offer, me, "env")
    registry.remember(home, jam)
    return jam


async def sign_out(home: Home, jam: KnownJam, environ: Mapping[str, str]) -> str:
    """Revokes the token where the server can be reached, forgets the secret, and removes the Jam's folder.

    Returns "" or, in words, what could not be done on the server. The caller asks first when texts were not sent.
    """
    left: list[str] = []
    if jam.store in ("keyring", "file"):
        try:
            keep = open_store(jam.store, home=home, environ=environ)
            secret = keep.load(jam.account)
            keep.delete(jam.account)  # also what could not be read as a secret
        except NoStore as error:
            secret = None
            left.append(f"the secret could not be taken out of the {jam.store} ({error.title})")
        if secret is not None:
            try:
                async with JamClient(jam.origin) as client:
                    await client.revoke(secret.refresh_token or secret.access_token)
            except errors.ApiError as error:
                left.append(f"the server could not be told ({error.title}); the token ends by itself")
    registry.forget(home, jam)
    return "; ".join(left)


def client_for(home: Home, jam: KnownJam, environ: Mapping[str, str], bounds: Bounds | None = None) -> JamClient:
    """A client of the Jam with the reader's token. Raises `NotSignedIn` when there should be one and is none."""
    return JamClient(jam.origin, tokens=_tokens(home, jam, environ), bounds=bounds)


def _tokens(home: Home, jam: KnownJam, environ: Mapping[str, str]) -> TokenProvider | None:
    from_environment = environment_secret(environ)
    if from_environment is not None:
        return FixedToken(from_environment.access_token)
    if jam.store == "none":
        return None
    if jam.store == "env":
        raise NotSignedIn(f"{TOKEN_VARIABLE} is not set", "Set it again, or sign in with jamtui login.")
    keep = open_store(jam.store, home=home, environ=environ)
    secret = keep.load(jam.account)
    if secret is None:
        raise NotSignedIn(f"no token for {jam.where} in the {keep.name}", "Sign in again with jamtui login.")
    if not secret.refresh_token:
        return FixedToken(secret.access_token)

    async def refresh(old: str) -> Token:
        async with JamClient(jam.origin) as client:
            return await client.refresh(old)

    def stored() -> tuple[str, str] | None:
        now = keep.load(jam.account)
        return (now.access_token, now.refresh_token or "") if now is not None else None

    return RefreshingToken(
        secret.access_token,
        secret.refresh_token,
        refresh=refresh,
        keep=lambda new: keep.save(jam.account, _secret(new)),
        stored=stored,
        alone=lambda: _alone(jam.folder / "sign-in.lock"),
    )


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


def _checked(home: Home, store: str, environ: Mapping[str, str]) -> CredentialStore:
    """The store, tried before a password or a code that works once is sent."""
    keep = open_store(store, home=home, environ=environ)
    keep.check()
    return keep


def _jam(home: Home, offer: Offer) -> KnownJam:
    jam, limits = offer.discovery.jam, offer.discovery.limits
    return registry.for_server(home, offer.origin, jam.slug, jam.title).changed(
        title_limit=limits.title, body_limit=limits.body, tag_limit=limits.tag, tags_limit=limits.tags
    )


def _signed_in(home: Home, offer: Offer, me: Person, store: str) -> KnownJam:
    return _jam(home, offer).changed(person_id=me.id, handle=me.handle, name=me.name, role=me.role, store=store)


async def _keep(home: Home, offer: Offer, keep: CredentialStore, store: str, new: Token) -> KnownJam:
    jam = _signed_in(home, offer, new.person, store)
    keep.save(jam.account, _secret(new))
    registry.remember(home, jam)
    return jam


def _secret(new: Token) -> Secret:
    ends = datetime.now(UTC) + timedelta(seconds=new.expires_in) if new.expires_in is not None else None
    return Secret(new.access_token, new.refresh_token, ends)
