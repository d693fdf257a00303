"""An OpenID Connect issuer: its keys, and what a token of it says once it is known to be good.

Imported with the first sign-in that needs it: what it brings (httpx, joserfc, cryptography) is not for the start.

What is asked of the issuer is bounded: two requests (discovery document, JWKS; OpenID Connect Discovery 1.0, RFC 7517)
without redirects, at most `MAX_DOCUMENT` bytes each and `FETCH_WITHIN` seconds together, one at a time, and never more
often than every ``pause`` seconds, whatever key ids a flood of made-up tokens names. Keys are asked for again when
they are older than `FRESH`, or when a token names one that is not known. While the issuer is down, the keys that it
had are believed for `KEEP` more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
from joserfc import errors, jws, jwt
from joserfc.jwk import JWKRegistry, Key, RSAKey

from jamserver.oidc import Config, ConfigError, is_loopback, issuer_url
from jamserver.problems import Problem, later
from jamtui.archive import rfc3339

_LOG = logging.getLogger("jamserver")

# Signatures with a public key alone: with "none" or an HMAC, whoever knows the public keys could make tokens.
ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA",
)  # fmt: skip
LEEWAY = 60  # seconds by which the issuer's clock may differ from ours
MAX_DOCUMENT = 256 << 10
MAX_KEYS = 100
MIN_RSA_BITS = 2_048
FETCH_WITHIN = 10.0
FRESH = 600.0
KEEP = 86_400.0

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  RFC 8693's name
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105
_ACCESS_TYPES = ("at+jwt", "application/at+jwt")  # RFC 9068, section 4
_ID_TYPES = ("", "jwt", "application/jwt")

Claims = dict[str, Any]


class IssuerError(Exception):
    """The issuer gave no keys; the words are for the server's log."""


def refused(detail: str) -> Problem:
    """401 ``issuer_token_refused``. ``detail`` holds nothing of the token."""
    return Problem("issuer_token_refused", detail)


class Issuer:
    """One issuer and its keys. ``seconds`` is a clock that never goes back."""

    def __init__(self, url: str, seconds: Callable[[], float], *, pause: float = 5.0) -> None:
        self.url = url
        self._seconds = seconds
        self._pause = pause
        self._keys: tuple[Key, ...] = ()
        self._keys_at: float | None = None
        self._asked_at: float | None = None
        self._failed = False  # the last time
        self._fetching: asyncio.Task[None] | None = None

    async def claims(self, token: str, kind: str, config: Config, nonce: str | None, now: datetime) -> Claims:
        """What a good token says. Raises 401 ``issuer_token_refused`` or 503 ``issuer_unreachable``."""
        header = _header(token, kind)
        key = await self._key(str(header["alg"]), header.get("kid"))
        return _checked(token, kind, key, config, nonce, now)

    async def close(self) -> None:
        """Ends a request that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._fetching

    async def _key(self, alg: str, kid: object) -> Key:
        found = self._known(alg, kid)
        soon = 0.0
        if found is None or self._age() > FRESH:
            soon = await self._refresh()
            found = self._known(alg, kid)
        if self._age() > KEEP or (found is None and self._failed):
            raise later("issuer_unreachable", "The issuer of the sign-in cannot be reached now.", self._pause)
        if found is None:
            unknown = refused("The issuer does not know the key that signed the token.")
            if soon:  # a key that is new just now: the keys are asked for again then
                unknown.headers["Retry-After"] = str(int(soon) + 1)
            raise unknown
        return found

    def _age(self) -> float:
        return float("inf") if self._keys_at is None else self._seconds() - self._keys_at

    def _known(self, alg: str, kid: object) -> Key | None:
        fitting = [key for key in self._keys if _fits(key, alg) and (kid is None or key.kid == kid)]
        # A token without a key id is of the one key there is; which one of several is nobody's guess.
        return fitting[0] if fitting and (kid is not None or len(fitting) == 1) else None

    async def _refresh(self) -> float:
        """Asks for the keys, or waits for whoever does at this moment. Leaves what there was when that fails. The
        seconds after which they may be asked for again, when that was a moment ago; else 0."""
        if self._fetching is None or self._fetching.done():
            if self._asked_at is not None and (since := self._seconds() - self._asked_at) < self._pause:
                return self._pause - since
            self._asked_at = self._seconds()
            self._fetching = asyncio.create_task(self._fetch())
        task = self._fetching
        await asyncio.shield(task)  # others may wait for it, too
        return 0.0

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(FETCH_WITHIN):
                _, self._keys = await fetch(self.url)
            self._keys_at = self._seconds()
            self._failed = False
        except (IssuerError, TimeoutError, OSError) as error:
            self._failed = True
            _LOG.warning("no keys from the issuer %s: %s", self.url, str(error) or "too slow")
        # The pause begins with the answer: an issuer that hangs does not hold up each sign-in in turn.
        self._asked_at = self._seconds()


def _fits(key: Key, alg: str) -> bool:
    kind = {"R": "RSA", "P": "RSA", "ES": "EC", "Ed": "OKP"}
    return key.key_type == kind.get(alg[:2], kind.get(alg[:1])) and key.alg in (None, alg)


def _header(token: str, kind: str) -> Claims:
    """The header of a token that may be good, before any key is asked for. Raises 401."""
    if token.count(".") != 2:
        raise refused("This is no JWT: an opaque token says nothing to this server. Send the ID token.")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (errors.JoseError, ValueError, RecursionError):
        raise refused("This is no JWT.") from None
    if header.get("alg") not in ALGORITHMS:
        raise refused("The token is not signed by an algorithm with public keys that this server takes.")
    if "crit" in header or "b64" in header:
        raise refused("The token's header asks for an extension that no token of an issuer has.")
    typ = header.get("typ", "")
    if str(typ).lower() not in (_ACCESS_TYPES if kind == ACCESS_TOKEN else _ID_TYPES):
        words = "an access token for an API (typ at+jwt, RFC 9068)" if kind == ACCESS_TOKEN else "an ID token"
        raise refused(f"The token's header does not say that it is {words}.")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise refused("The token names its key by something that is no text.")
    return header


def _checked(token: str, kind: str, key: Key, config: Config, nonce: str | None, now: datetime) -> Claims:
    """The claims, when signature, issuer, audience and times are good. Raises 401."""
    audience = config.audience if kind == ACCESS_TOKEN else config.client_id
    if audience is None:
        raise refused("This Jam takes no access tokens of its issuer. Send the ID token.")
    wanted: dict[str, jwt.ClaimsOption] = {
        "iss": {"essential": True, "value": config.issuer},
        "aud": {"essential": True, "value": audience},
        "sub": {"essential": True},
        "exp": {"essential": True},
        "iat": {"essential": True},
    }
    try:
        with warnings.catch_warnings():
            # EdDSA is the older name of Ed25519 (RFC 9864), by which issuers still sign.
            warnings.simplefilter("ignore", errors.SecurityWarning)
            claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
        jwt.JWTClaimsRegistry(int(now.timestamp()), LEEWAY, **wanted).validate(claims)
    except errors.ExpiredTokenError:
        raise refused(f"The token's time is over: here it is {_clock(now)}.") from None
    except errors.MissingClaimError as error:
        raise refused(f"The token does not say all that it has to: {error.claim}.") from None
    except errors.InvalidClaimError as error:
        raise refused(_wrong_claim(error.claim, now)) from None
    except (errors.JoseError, ValueError, RecursionError):
        raise refused("The token's signature is not good.") from None
    if kind == ID_TOKEN:
        _check_id_token(claims, config, nonce)
    elif claims["sub"] == claims.get("client_id"):
        raise refused("The token is a program's own, not a person's.")
    if not claims["sub"].isascii() or len(claims["sub"]) > 255:
        raise refused("The token's sub is not one of at most 255 ASCII characters.")
    return claims


def _check_id_token(claims: Claims, config: Config, nonce: str | None) -> None:
    """OpenID Connect Core 1.0, section 3.1.3.7."""
    azp = claims.get("azp")
    if azp not in (None, config.client_id) or (azp is None and isinstance(claims["aud"], list) and claims["aud"][1:]):
        raise refused("The ID token was given to another program.")
    if nonce is not None and claims.get("nonce") != nonce:
        raise refused("The ID token's nonce is not that of this sign-in.")


def _wrong_claim(claim: str, now: datetime) -> str:
    words = {
        "iss": "The token is of another issuer.",
        "aud": "The token is for somebody else than this Jam (aud).",
        "iat": f"The token is from the future: here it is {_clock(now)}.",
        "nbf": f"The token is from the future: here it is {_clock(now)}.",
    }
    return words.get(claim, "A claim of the token is not what it has to be.")


def _clock(now: datetime) -> str:
    return rfc3339(now.astimezone(UTC))


async def fetch(url: str) -> tuple[Claims, tuple[Key, ...]]:
    """The discovery document of an issuer and its keys. Raises `IssuerError`."""
    local = is_loopback(url)
    # The system's trust store, which has a company's own authorities. The environment's proxy, but not to this machine.
    context = False if url.startswith("http:") else await asyncio.to_thread(ssl.create_default_context)
    async with httpx.AsyncClient(verify=context, follow_redirects=False, trust_env=not local) as client:
        metadata = await _document(client, url.rstrip("/") + "/.well-known/openid-configuration")
        if metadata.get("issuer") != url:
            raise IssuerError("its discovery document names another issuer")
        try:
            keys_at = issuer_url(str(metadata.get("jwks_uri", "")), query=True)
        except ConfigError as error:
            raise IssuerError(f"jwks_uri: {error.title}") from None
        if is_loopback(keys_at) != local or urlsplit(keys_at).scheme != urlsplit(url).scheme:
            raise IssuerError("jwks_uri is on another side of the network than the issuer, or less safe")
        listed = (await _document(client, keys_at)).get("keys")
    keys = _keys(listed if isinstance(listed, list) else [])
    if not keys:
        raise IssuerError("its JWKS has no key that this server can use")
    return metadata, keys


async def _document(client: httpx.AsyncClient, url: str) -> Claims:
    """A JSON object. Nothing packed is taken, so that its size is what came over the wire."""
    raw = bytearray()
    try:
        async with client.stream(
            "GET", url, headers={"Accept": "application/json", "Accept-Encoding": "identity"}
        ) as got:
            if got.status_code != 200 or got.headers.get("content-encoding", "identity") != "identity":
                raise IssuerError(f"{url} answered {got.status_code}")
            async for piece in got.aiter_raw():
                raw += piece
                if len(raw) > MAX_DOCUMENT:
                    raise IssuerError(f"{url} has more than {MAX_DOCUMENT:,} bytes")
        return msgspec.json.decode(bytes(raw), type=Claims)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise IssuerError(f"{url}: {type(error).__name__}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise IssuerError(f"{url} is no JSON object") from None


def _keys(listed: list[Any]) -> tuple[Key, ...]:
    """The keys that can check signatures. One that is of no use here, or broken, does not spoil the others."""
    found: list[Key] = []
    for one in listed[:MAX_KEYS]:
        if not isinstance(one, dict) or one.get("kty") not in ("RSA", "EC", "OKP") or one.get("use", "sig") != "sig":
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", errors.SecurityWarning)  # of short keys, which are left out here
                key = JWKRegistry.import_key(one)
            size = key.raw_value.key_size if isinstance(key, RSAKey) else MIN_RSA_BITS
        except (errors.JoseError, ValueError, TypeError, KeyError):
            continue
        if size >= MIN_RSA_BITS:
            found.append(key)
    return tuple(found)
