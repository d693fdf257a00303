"""Signing in with an organisation (OpenID Connect): in a browser here, or on another device.

What the issuer gives is exchanged with the Jam at once (`JamClient.oidc`) and revoked; only the Jam's own tokens are
kept. What a Jam names may be chosen to rob: an access token goes to it only when it is meant for the Jam's own address
and nobody else, and no other is asked for (neither by resource nor by scope), so that no Jam gathers tokens of other
services; else the ID token does, which is good for nothing but saying who one is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from api_client import errors
from api_client.client import JamClient
from api_client.loopback import Loopback
from api_client.models import SignInWay, Token
from api_client.oidc import ACCESS_TOKEN, ID_TOKEN, Issuer
from api_client.oidc_answers import Tokens, audience_of, claims_of, shown
from api_client.origin import is_local, parse_origin
from jamtui.browser import Place, place
from jamtui.device_page import BROWSER, DEVICE, NewAccount, Page, Shows
from jamtui.errors import JamError, NotSignedIn, UsageError
from jamtui.opener import open_page
from jamtui.paths import Home
from jamtui.safe_text import safe_line
from jamtui.store import registry
from jamtui.store.registry import KnownJam
from jamtui.sync.sign_in import Offer, checked, given_back, kept

BROWSER_SECONDS = 300.0  # for the whole dance in the browser
_TRIES = 4  # of the exchange: the person has done their part already
_APART = 60.0  # seconds between two clocks that may explain a refusal
_NO_TIME = 2.0**40  # seconds since 1970 that no clock shows; a number of a token has as many digits as it likes
SCOPES = ("openid", "profile", "email")  # who somebody is; others give access to what is no Jam's business
_NO_QUOTES = str.maketrans(dict.fromkeys('“”„‟″"', "'"))  # a name does not end its own quotes


def organisations(offer: Offer) -> list[SignInWay]:
    """The issuers that the Jam names. Raises `JamError` when there is none."""
    offer.require("oidc")
    return [way for way in offer.discovery.sign_in if way.type == "oidc"]


def organisation(offer: Offer, named: str = "") -> SignInWay:
    """The issuer with this address, else the one with this name or host; the first one for "". Raises `JamError` when
    there is none, `UsageError` when none is called so, or several are."""
    ways = organisations(offer)
    if not named:
        return ways[0]
    wanted = named.strip().casefold()
    fits = [way for way in ways if way.issuer == named] or [
        way for way in ways if wanted in (safe_line(way.name, 60).strip().casefold(), _host_of(way).casefold())
    ]
    if len(fits) != 1:
        what = "more than one organisation goes by" if fits else "this Jam names no organisation"
        listed = "; ".join(f"{name_of(way)} at {safe_line(way.issuer, 80)}" for way in (fits or ways)[:8])
        raise UsageError(f"{what} {safe_line(named, 60)}", f"Say which, by name, host or address: {listed}.")
    return fits[0]


def _host_of(way: SignInWay) -> str:
    try:
        return parse_origin(_origin_part(way.issuer)).partition("://")[2]
    except UsageError:
        return safe_line(way.issuer, 60)


def name_of(way: SignInWay) -> str:
    """The issuer's host, which nobody can choose, and in quotes what the Jam calls it."""
    name = safe_line(way.name, 60).strip().translate(_NO_QUOTES)
    return f"{_host_of(way)} (“{name}”)" if name else _host_of(way)


def _origin_part(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


async def enter(
    home: Home,
    offer: Offer,
    shows: Shows,
    *,
    way: str = "",
    store: str,
    environ: Mapping[str, str],
    port: int = 0,
    issuer: str = "",
    opening: Callable[[str, Mapping[str, str]], bool] = open_page,
) -> KnownJam:
    """Signs in; ``way`` is `BROWSER`, `DEVICE`, or "" for the one that fits where jamtui runs. ``port`` is where the
    browser comes back to, 0 for any: some issuers know one only, against RFC 8252. ``issuer`` is as `organisation` has
    it."""
    asked = organisation(offer, issuer)
    keep = checked(home, store, environ)
    where = place(environ)
    if is_local(_origin_part(asked.issuer)) and not is_local(offer.origin):
        raise errors.BadAnswer(
            "The Jam names this machine itself as the organisation to sign in with",
            "Whoever runs the Jam can mend this.",
        )
    scopes = tuple(one for one in SCOPES if one == "openid" or one in asked.scopes)
    resource = asked.resource if _is_jam(asked.resource, offer) else ""
    found = await Issuer.discover(asked.issuer, asked.client_id, scopes=scopes, resource=resource)
    async with found as asks:
        notes = _notes(asks, asked)
        tokens, nonce = await _dance(asks, name_of(asked), shows, way, where, environ, opening, notes, port)
        shows.tell("Signing in to the Jam.")
        try:
            async with JamClient(offer.origin) as client:
                new = await _exchanged(client, asks, tokens, nonce, offer, shows)
        finally:
            await asks.revoke(tokens)
    await _theirs(home, offer, new, shows)
    return await kept(home, offer, keep, new, environ)


async def _theirs(home: Home, offer: Offer, new: Token, shows: Shows) -> None:
    """Asks about an account that is new beside another one, before anything is kept of it. Raises `NotSignedIn` when it
    is not the person's; it is signed out then, and when nobody answers."""
    known = [jam.me for jam in registry.known(home) if jam.origin == offer.origin and not jam.me.guest]
    if not known or any(me.person_id == new.person.id for me in known):
        return
    handle = f"@{safe_line(new.person.handle, 80)}"
    others = ", ".join(f"@{safe_line(me.handle, 80)}" for me in known[:3])
    sure = False
    try:
        sure = await shows.is_you(NewAccount(handle, others))
    finally:
        if not sure:
            await given_back(offer.origin, new)
    if not sure:
        raise NotSignedIn(
            f"signed out again: {handle} is not you", "Sign in again, and look who the page says you are."
        )


async def _dance(
    issuer: Issuer,
    who: str,
    shows: Shows,
    way: str,
    where: Place,
    environ: Mapping[str, str],
    opening: Callable[[str, Mapping[str, str]], bool],
    notes: tuple[str, ...],
    port: int,
) -> tuple[Tokens, str]:
    """The part that the person does; the tokens of the issuer and the nonce that is in its ID token."""
    if way == DEVICE or (not way and not where.has_browser and issuer.has_device):
        if not issuer.has_device:
            raise errors.BadAnswer(
                f"{issuer.host} cannot sign you in on another device: it has no device endpoint (RFC 8628)",
                "Use --browser, which also shows the address to copy and, over SSH, how to bring the answer back here.",
            )
        return await _on_device(issuer, who, shows, notes), ""
    async with Loopback.listening(port) as loopback:
        grant = issuer.code(loopback.redirect_uri)
        loopback.expect(grant.state)
        ends = time.monotonic() + BROWSER_SECONDS
        opened = where.has_browser and await asyncio.to_thread(opening, loopback.start(grant.url), environ)
        if not opened and not way and issuer.has_device:
            return await _on_device(issuer, who, shows, (*notes, "No browser could be opened here.")), ""
        if not opened:
            notes = (*notes, *_way_back(issuer, where, loopback.port, way))
        shows.page(Page(BROWSER, who, issuer.host, shown(grant.url), ends, opened=opened, notes=notes))
        code = grant.check(await loopback.answer(ends - time.monotonic()))
        return await grant.spend(code), grant.nonce


async def _on_device(issuer: Issuer, who: str, shows: Shows, notes: tuple[str, ...]) -> Tokens:
    grant = await issuer.device()
    page, complete = shown(grant.page), shown(grant.complete) if grant.complete else ""
    code = safe_line(grant.user_code, 64)
    host = _origin_part(page).partition("://")[2]
    if host not in (issuer.host, *issuer.other_hosts):  # those are told already
        notes = (*notes, f"The page for the code is at {host}, not at {issuer.host}.")
    shows.page(Page(DEVICE, who, issuer.host, page, grant.ends, code=code, qr=complete or page, notes=notes))
    return await issuer.poll(grant, tell=shows.tell)


def _notes(issuer: Issuer, asked: SignInWay) -> tuple[str, ...]:
    notes = []
    if issuer.other_hosts:
        notes.append(f"{issuer.host} signs in at {', '.join(issuer.other_hosts)}.")
    more = [safe_line(one, 60) for one in dict.fromkeys(asked.scopes) if one not in SCOPES]
    if asked.resource and not issuer.resource:
        more.insert(0, safe_line(asked.resource, 80))
    if more:
        others = f" and {len(more) - 3} more" if len(more) > 3 else ""
        notes.append(f"The Jam wants access to {', '.join(more[:3])}{others}: it is not asked for.")
    return tuple(notes)


def _is_jam(named: str, offer: Offer) -> bool:
    """Whether an audience, or a resource, is the Jam itself: its origin, or its host (with the port)."""
    return named.removesuffix("/") in (offer.origin, offer.origin.partition("://")[2])


def _way_back(issuer: Issuer, where: Place, port: int, way: str) -> tuple[str, ...]:
    """How the answer of a browser elsewhere comes back to this machine."""
    notes = []
    if not way and not issuer.has_device:
        notes.append(
            f"{issuer.host} has no device endpoint (RFC 8628), so the answer has to come back to this machine."
        )
    if where.ssh:
        notes.append(f"First, on the machine where your browser is: ssh -N -L {port}:127.0.0.1:{port} {where.ssh}")
    elif where.container:
        notes.append(f"The browser has to reach port {port} on 127.0.0.1 of this container.")
    return tuple(notes)


async def _exchanged(
    client: JamClient, issuer: Issuer, tokens: Tokens, nonce: str, offer: Offer, shows: Shows
) -> Token:
    """The Jam's own tokens for those of the issuer."""
    refusal: errors.NotSignedIn | None = None
    for token, kind in _to_show(tokens, offer):
        try:
            return await _sent(client, token, kind, nonce if kind == ID_TOKEN and nonce else None, shows)
        except errors.NotSignedIn as error:
            if error.code != "issuer_token_refused":
                raise
            refusal = error
    if refusal is None:
        raise errors.BadAnswer(
            f"{issuer.host} gave nothing that says who you are: no ID token, and no access token for this Jam",
            "Whoever runs the Jam can mend this: the scope openid brings an ID token.",
        )
    raise _explained(refusal, issuer, tokens)


def _to_show(tokens: Tokens, offer: Offer) -> list[tuple[str, str]]:
    """What the Jam may get, in the order in which it gets it."""
    claims = claims_of(tokens.access_token)
    audience = audience_of(claims) if claims is not None else ()
    both = []
    if audience and all(_is_jam(one, offer) for one in audience):  # with another one it would open that, too
        both.append((tokens.access_token, ACCESS_TOKEN))
    if tokens.id_token:
        both.append((tokens.id_token, ID_TOKEN))
    return both


async def _sent(client: JamClient, token: str, kind: str, nonce: str | None, shows: Shows) -> Token:
    """Asks again for a while when the Jam, or the Jam's way to the issuer, is down."""
    for number in range(_TRIES):
        try:
            return await client.oidc(token, kind, nonce=nonce)
        except errors.ApiError as error:
            # A key that the issuer signs with since a moment ago is refused until the Jam may ask for the keys again.
            again = error.transient or (error.code == "issuer_token_refused" and error.retry_after is not None)
            if not again or number == _TRIES - 1:
                raise _not_let_in(error) from None
            shows.tell(f"{error.title}; it is tried again.")
            await asyncio.sleep(min(error.retry_after or 2.0**number, 10.0))
    raise AssertionError("the last try returns or raises")


def _not_let_in(error: errors.ApiError) -> JamError:
    if error.code != "forbidden":
        return error
    said = f"It says: {error.detail}" if error.detail else "Ask whoever runs the Jam."
    return errors.Refused("This Jam does not let you in", said, status=error.status, code=error.code)


def _explained(refusal: errors.NotSignedIn, issuer: Issuer, tokens: Tokens) -> errors.NotSignedIn:
    """A refusal; when two clocks are far apart, that is the likely reason, and told."""
    issued = (claims_of(tokens.id_token or tokens.access_token) or {}).get("iat", tokens.at)
    if not isinstance(issued, (int, float)) or not 0 < issued < _NO_TIME or refusal.moment is None:
        return refusal
    apart = issued - refusal.moment.timestamp()
    if abs(apart) < _APART:
        return refusal
    ahead = "ahead of" if apart > 0 else "behind"
    return errors.NotSignedIn(
        f"{refusal.title}: the clock of {issuer.host} is {_long(abs(apart))} {ahead} that of the Jam",
        f"Whoever runs them has to set the clocks. {refusal.hint}",
        status=refusal.status,
        code=refusal.code,
        detail=refusal.detail,
    )


def _long(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"
