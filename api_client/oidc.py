"""A client of an OpenID Connect issuer: discovery, authorization code with PKCE, device grant, revocation.

What is taken of an issuer is bounded as what is taken of a Jam (`api_client.transport`), and much less of it: an
answer is at most 256 KiB, a call 15 s, no redirect is followed. All its addresses are https, or this machine's own.
Its tokens are held while they are exchanged for the Jam's own, and never stored.

    issuer = await Issuer.discover("https://id.example", "jamtui")
    grant = await issuer.device()                   RFC 8628; then `poll`
    code = issuer.code(redirect_uri)                RFC 7636; `url` goes into the browser, `spend` makes tokens of it
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import math
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlencode

import msgspec

from api_client.errors import (
    ApiError,
    BadAnswer,
    RateLimited,
    ServerFault,
    Unreachable,
    plain,
)
from api_client.oidc_answers import (
    MEND,
    DeviceGrant,
    Grant,
    Metadata,
    Tokens,
    audience_of,
    claims_of,
    date_of,
    described,
    error_of,
    expired,
    is_user_code,
    no_document,
    read,
    refused,
    taken_apart,
    wait_of,
)
from api_client.origin import is_local
from api_client.tokens import Guest
from api_client.transport import Answer, Bounds, Transport
from jamtui.errors import JamError

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - its name in RFC 8693
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"

_LONGEST_SEEN = 600  # characters of an address that people are shown; most have fewer than 100
_MOST = 256 << 10  # bytes of an answer
_DOWN = ("the server cannot be reached", "the connection broke off", "the connection was lost")  # words of `transport`
_FAREWELL = 5.0  # seconds for a revocation, which nobody should wait for
_INTERVAL = 5.0  # seconds between two questions when the issuer names none (RFC 8628, 3.2)
_SLOWER = 5.0  # seconds more after slow_down (3.5)
_LEAST_INTERVAL = 1.0  # whatever the issuer says: less asks it, and keeps this machine, busy
_LONGEST_INTERVAL = 60.0
_LONGEST_DEVICE = 3600  # seconds that a device code is waited for, whatever the issuer says
_PUT_OFF = 4.0  # times the interval: no longer is a wait after a fault


def _down(host: str, error: Unreachable) -> Unreachable:
    """An issuer that cannot be asked who it is. The address is the Jam's: the person cannot have typed it wrong."""
    if error.brief not in _DOWN and not error.brief.startswith("no answer"):
        return error  # a certificate, a proxy, a portal: that says itself what is wrong
    return Unreachable(
        f"The sign-in of the organisation at {host} is down or out of reach ({error.brief})",
        "The Jam itself answers. Try again later, or another way to sign in; tell your organisation if it lasts.",
        brief="the organisation's sign-in is down",
    )


class Issuer:
    """One issuer and this client of it. Use it as ``async with``; `discover` makes one."""

    def __init__(
        self, metadata: Metadata, client_id: str, scopes: tuple[str, ...], resource: str, bounds: Bounds | None = None
    ) -> None:
        self.metadata = metadata
        self.client_id = client_id
        self.scopes = scopes
        self.resource = resource
        self.host = _host(metadata.issuer)
        self._bounds = bounds or Bounds()
        self._wires: dict[str, Transport] = {}

    def __repr__(self) -> str:
        return f"Issuer({self.metadata.issuer!r}, {self.client_id!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for wire in self._wires.values():
            await wire.aclose()

    @classmethod
    async def discover(
        cls,
        issuer: str,
        client_id: str,
        *,
        scopes: tuple[str, ...] = ("openid",),
        resource: str = "",
        bounds: Bounds | None = None,
    ) -> Self:
        """Asks the issuer who it is. Raises `ApiError`, with words for whoever has to mend what is wrong."""
        origin, path = taken_apart(issuer, "address of the issuer")
        if "?" in path or "#" in path:
            raise BadAnswer("The Jam names an issuer with a question in its address", f"{MEND}.")
        path = path.rstrip("/")
        found = cls(Metadata(issuer), client_id, scopes, resource, bounds)
        try:
            try:
                answer = await found._discovery(origin, f"{path}/.well-known/openid-configuration")
            except Unreachable as error:
                raise _down(found.host, error) from None
            if answer.status == 404:  # of OAuth alone, with another place for it
                answer = await found._discovery(origin, f"/.well-known/oauth-authorization-server{path}")
        finally:
            await found.__aexit__()
        if answer.status != 200:
            raise no_document(found.host, answer)
        metadata = read(answer, Metadata, found.host, "discovery document")
        if metadata.issuer != issuer:
            raise BadAnswer(
                f"The issuer at {found.host} calls itself {plain(metadata.issuer)}, the Jam calls it {plain(issuer)}",
                f"{MEND}: both have to be the same to the letter, with or without the slash at the end.",
            )
        return cls(metadata, client_id, scopes, resource, bounds)

    async def _discovery(self, origin: str, path: str) -> Answer:
        return await self._wire(origin).ask("GET", path, limit=_MOST)

    # -- what it can do

    @property
    def has_device(self) -> bool:
        return bool(self.metadata.device_authorization_endpoint)

    @property
    def other_hosts(self) -> tuple[str, ...]:
        """Hosts of the endpoints that are not the issuer's own: allowed, and shown."""
        urls = (
            self.metadata.authorization_endpoint,
            self.metadata.token_endpoint,
            self.metadata.device_authorization_endpoint,
        )
        hosts: dict[str, None] = {}
        for url in urls:
            with contextlib.suppress(BadAnswer):  # refused when it is to be called
                hosts[_host(url or "")] = None
        return tuple(host for host in hosts if host != self.host)

    def _endpoint(self, name: str, what: str) -> tuple[str, str]:
        """Origin and path of an endpoint of the document. An issuer elsewhere may not name this machine's own."""
        url = getattr(self.metadata, name)
        if not url:
            raise BadAnswer(f"The issuer {self.host} has no {what}", f"{MEND}, or choose another way to sign in.")
        return self._elsewhere(url, what)

    def _elsewhere(self, url: str, what: str) -> tuple[str, str]:
        origin, path = taken_apart(url, what)
        if is_local(origin) and not is_local(taken_apart(self.metadata.issuer, "issuer")[0]):
            raise BadAnswer(f"The issuer {self.host} names {origin}, which is this machine, as its {what}", f"{MEND}.")
        return origin, path

    def _seen(self, url: str, what: str, longest: int = _LONGEST_SEEN) -> tuple[str, str]:
        """...of one that a person is shown: a longer one would push its own host out of sight."""
        if len(url) > longest:
            raise BadAnswer(f"The {what} of {self.host} has an address of {len(url):,} characters", f"{MEND}.")
        return self._elsewhere(url, what)

    # -- authorization code with PKCE

    def code(self, redirect_uri: str) -> CodeGrant:
        """A sign-in in a browser. Raises when the issuer says that it cannot do it safely."""
        self._endpoint("authorization_endpoint", "sign-in page")
        self._endpoint("token_endpoint", "token endpoint")
        methods = self.metadata.code_challenge_methods_supported
        if methods is not None and "S256" not in methods:
            raise BadAnswer(
                f"The issuer {self.host} cannot protect a sign-in by browser (it lists no PKCE with S256)",
                f"Try --device. {MEND}, too.",
            )
        grant = CodeGrant(self, redirect_uri)
        self._seen(grant.url, "sign-in page", 2 * _LONGEST_SEEN)  # with all that is asked
        return grant

    # -- device grant

    async def device(self, clock: Callable[[], float] = time.monotonic) -> DeviceGrant:
        """Begins a sign-in on another device."""
        self._endpoint("token_endpoint", "token endpoint")
        answer = await self._post(
            "device_authorization_endpoint",
            "device endpoint (RFC 8628)",
            {"client_id": self.client_id, **self._scope(), **self._resource()},
        )
        if answer.status != 200:
            raise self._refusal(answer, "begin a sign-in on another device")
        given = read(answer, Grant, self.host, "answer")
        code = given.user_code.strip()
        if not is_user_code(code):  # a person reads it as what jamtui says: it must not be a sentence
            raise BadAnswer(f"{self.host} gives a code that nobody could type", f"{MEND}.")
        page = given.verification_uri or given.verification_url or ""
        origin, _ = self._seen(page, "page for the code")
        complete = given.verification_uri_complete or ""
        if complete:
            try:
                there, _ = self._seen(complete, "page for the code")
            except JamError:
                there = ""
            if there != origin:  # a QR code must not lead elsewhere than the address that is read beside it
                complete = ""  # the other one is good, and the code can be typed
        interval = given.interval or _INTERVAL
        if not (math.isfinite(interval) and math.isfinite(given.expires_in)):
            raise BadAnswer(f"{self.host} says of its code no time that is one", f"{MEND}.")
        lifetime = min(max(given.expires_in, 0.0), _LONGEST_DEVICE)
        return DeviceGrant(
            code, page, complete, clock() + lifetime,
            min(max(interval, _LEAST_INTERVAL), _LONGEST_INTERVAL), given.device_code,
        )  # fmt: skip

    async def poll(
        self,
        grant: DeviceGrant,
        *,
        tell: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> Tokens:
        """Waits until the person has decided. ``tell`` hears in words what holds it up, "" when nothing does."""
        interval = grant.interval
        wait = interval
        held = False
        fields = {"grant_type": _DEVICE, "device_code": grant.device_code, "client_id": self.client_id}
        while True:
            left = grant.ends - clock()
            if left <= 0:
                raise expired()
            await sleep(min(wait, left))
            if clock() >= grant.ends:
                raise expired()
            try:
                answer = await self._post("token_endpoint", "token endpoint", fields | self._resource())
                error = error_of(answer)
                if answer.status == 429 or answer.status >= 500:
                    raise self._refusal(answer, "answer")
            except (Unreachable, ServerFault, RateLimited) as fault:
                # RFC 8628, 3.5: the wait doubles while the issuer cannot be reached.
                wait = max(min(2 * wait, _PUT_OFF * interval), fault.retry_after or 0.0)
                held = True
                tell(fault.title)
                continue
            if held:
                held = False
                tell("")
            wait = interval
            if answer.status == 200:
                return self._tokens(answer)
            match error:
                case "authorization_pending":
                    pass
                case "slow_down":
                    interval = wait = interval + _SLOWER
                case "expired_token":
                    raise expired()
                case _:
                    raise self._refusal(answer, "sign you in")

    # -- both

    def _scope(self) -> dict[str, str]:
        return {"scope": " ".join(self.scopes)} if self.scopes else {}

    def _resource(self) -> dict[str, str]:
        return {"resource": self.resource} if self.resource else {}

    def _tokens(self, answer: Answer) -> Tokens:
        tokens = read(answer, Tokens, self.host, "answer")
        if tokens.id_token:
            self._check_id_token(tokens.id_token)
        return msgspec.structs.replace(tokens, at=date_of(answer))

    def _check_id_token(self, token: str, nonce: str = "") -> None:
        """OpenID Connect Core, 3.1.3.7, but for signature and lifetime: the token comes from the issuer itself over
        TLS, and the Jam, which it is for, checks both."""
        claims = claims_of(token)
        if claims is None:
            raise BadAnswer(f"The ID token of {self.host} cannot be read", f"{MEND}.")
        audience = audience_of(claims)
        party = claims.get("azp", self.client_id)
        if claims.get("iss") != self.metadata.issuer or self.client_id not in audience or party != self.client_id:
            raise BadAnswer(f"The ID token of {self.host} is for somebody else", "It was not used. Sign in again.")
        if nonce and claims.get("nonce") != nonce:
            raise BadAnswer(
                f"The ID token of {self.host} belongs to another sign-in", "It was not used. Sign in again."
            )

    async def revoke(self, tokens: Tokens) -> bool:
        """Ends what the issuer gave, as far as it can (RFC 7009); whether it said yes. Never raises: the sign-in with
        the Jam is done, and these tokens end by themselves."""
        if not self.metadata.revocation_endpoint:
            return False
        token, hint = tokens.access_token, "access_token"
        if tokens.refresh_token:
            token, hint = tokens.refresh_token, "refresh_token"
        fields = {"token": token, "token_type_hint": hint, "client_id": self.client_id}
        try:
            async with asyncio.timeout(_FAREWELL):
                answer = await self._post("revocation_endpoint", "revocation endpoint", fields)
        except (JamError, TimeoutError):
            return False
        return answer.status == 200

    async def _post(self, endpoint: str, what: str, fields: dict[str, str]) -> Answer:
        origin, path = self._endpoint(endpoint, what)
        return await self._wire(origin).ask("POST", path, form=fields, limit=_MOST)

    def _wire(self, origin: str) -> Transport:
        if origin not in self._wires:
            self._wires[origin] = Transport(
                origin,
                tokens=Guest(),
                user_agent="jamtui",
                now=lambda: datetime.now(UTC),
                bounds=self._bounds,
                transport=None,
            )
        return self._wires[origin]

    def _refusal(self, answer: Answer, to_do: str) -> ApiError:
        """What an answer that is none of the good ones means, in words."""
        error, said = error_of(answer), described(answer)
        if answer.status == 429:
            return RateLimited(f"{self.host} asks to slow down", "Try again in a minute.", retry_after=wait_of(answer))
        if answer.status >= 500:
            title = f"{self.host} failed (status {answer.status})"
            return ServerFault(title, "Try again later.", status=answer.status, retry_after=wait_of(answer))
        if 300 <= answer.status < 400:
            return BadAnswer(f"{self.host} leads elsewhere instead of answering", f"{MEND}: it names the address.")
        return refused(self.host, self.client_id, error, said, to_do)


class CodeGrant:
    """One sign-in by browser: ``url`` is what the browser opens, ``state`` what its answer has to bear."""

    def __init__(self, issuer: Issuer, redirect_uri: str) -> None:
        self._issuer = issuer
        self._redirect_uri = redirect_uri
        self._verifier = secrets.token_urlsafe(48)  # 64 characters; RFC 7636 wants 43 to 128
        self.state = secrets.token_urlsafe(24)
        self.nonce = secrets.token_urlsafe(24)

    def __repr__(self) -> str:
        return f"CodeGrant({self._issuer.host!r}, secrets hidden)"

    @property
    def url(self) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self._verifier.encode()).digest()).rstrip(b"=").decode()
        fields = {
            "response_type": "code",
            "client_id": self._issuer.client_id,
            "redirect_uri": self._redirect_uri,
            **self._issuer._scope(),
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **self._issuer._resource(),
        }
        origin, path = self._issuer._endpoint("authorization_endpoint", "sign-in page")
        return f"{origin}{path}{'&' if '?' in path else '?'}{urlencode(fields)}"

    def check(self, given: dict[str, str]) -> str:
        """The code in the query that the browser brought back. Raises what the issuer refused, or what is wrong."""
        issuer = self._issuer
        named = given.get("iss")
        wanted = bool(issuer.metadata.authorization_response_iss_parameter_supported)
        if (named is None and wanted) or (named is not None and named != issuer.metadata.issuer):
            raise BadAnswer(  # RFC 9207: else one issuer could pass on the code of another
                f"The answer in the browser is not from {issuer.host}", "It was not used. Sign in again."
            )
        if "error" in given:
            said = plain(given.get("error_description", ""))
            raise refused(issuer.host, issuer.client_id, plain(given["error"]), said, "sign you in")
        if not given.get("code"):
            raise BadAnswer(f"The answer of {issuer.host} in the browser has no code", "Sign in again.")
        return given["code"]

    async def spend(self, code: str) -> Tokens:
        """Exchanges the code, which works once, for tokens."""
        issuer = self._issuer
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": issuer.client_id,
            "code_verifier": self._verifier,
            **issuer._resource(),
        }
        answer = await issuer._post("token_endpoint", "token endpoint", fields)
        if answer.status != 200:
            raise issuer._refusal(answer, "sign you in")
        tokens = issuer._tokens(answer)
        if tokens.id_token:
            issuer._check_id_token(tokens.id_token, self.nonce)
        return tokens


def _host(url: str) -> str:
    """As people should see it, in ASCII. `BadAnswer` for what is no address that may be called."""
    return taken_apart(url, "address of the issuer")[0].partition("://")[2]
