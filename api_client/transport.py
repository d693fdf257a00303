"""One request and its answer, bounded: the part of the client that knows httpx.

What a hostile or broken server can do ends here (`Bounds`): time and decoded bytes of a call, bytes of a record, quiet
time of the long answers, the size of a snapshot told first. No redirect is followed, no cookie kept, and the token goes
to the one origin that the transport was made for.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from api_client import errors, trust
from api_client.errors import ApiError, BadAnswer, NotSignedIn, Refused, Unreachable
from api_client.lean_httpx import httpx
from api_client.lookups import Lookups
from api_client.models import is_cursor, tidy
from api_client.origin import is_local, proxy_of
from api_client.tokens import TokenProvider
from api_client.unpack import ACCEPTED, unpacker

_ERROR_BYTES = 1 << 16  # of a problem document; a longer one is no problem document
_PACKING = 1 << 20  # bytes that packed data may be longer than what it holds
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]{1,4096}=*\Z")  # RFC 6750, 2.1
_STALE = ("token_expired", "token_unknown", "not_signed_in")  # 401 that another token may mend


class Bounds(Struct, frozen=True):
    """What a server may take of us. Seconds, and bytes as decoded."""

    call_seconds: float = 15.0  # a whole call, from connecting to the last byte
    call_bytes: int = 8 << 20  # what is kept as it came: a page of changes
    # Text takes four times the room where one character is rare, so what is taken apart at once has to be shorter:
    list_bytes: int = 4 << 20
    record_bytes: int = 1 << 20  # a line of the snapshot, an event of the stream, any answer that is one object
    quiet_seconds: float = 15.0  # without a byte of the snapshot
    stream_quiet_seconds: float = 45.0  # without a byte of the stream: three heartbeats
    snapshot_bytes: int = 2 << 30
    connect_seconds: float = 10.0  # of a call's: until there is a connection


class Answer(Struct, frozen=True):
    """A whole answer; ``body`` is tidied JSON (`api_client.models.tidy`), of `Transport.ask` what came."""

    status: int
    headers: httpx.Headers
    body: bytes

    def seq(self) -> int:
        """The change that a write became (``Jam-Seq``)."""
        text = self.headers.get("Jam-Seq", "")
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise BadAnswer("The server does not say which change the write became", "It is asked again later.")
        return int(text)


class Transport:
    """Requests to one origin (as `api_client.origin.parse_origin` gives it)."""

    def __init__(
        self,
        origin: str,
        *,
        tokens: TokenProvider,
        user_agent: str,
        now: Callable[[], datetime],
        bounds: Bounds,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self.origin = origin
        self.bounds = bounds
        self.clock_error: timedelta | None = None  # how far ahead of the server's our clock is; None: not heard yet
        # Addresses of the long answer that began last, here and there; None: not known, or there was none.
        self.ends: tuple[str, tuple[str, int]] | None = None
        self._tokens = tokens
        self._loop: asyncio.AbstractEventLoop | None = None  # that looks names up without anybody waiting for it
        self._now = now
        try:
            # Without TLS a context trusts nobody: reading the certificates of the world takes longer than a call.
            plain_http = origin.startswith("http:")
            trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain_http else trust.context()
            if transport is None and is_local(origin):
                # A transport of our own asks no proxy of the environment: none is wanted on the way to this machine.
                transport = httpx.AsyncHTTPTransport(verify=trusted)
            self._http = httpx.AsyncClient(
                headers={"User-Agent": user_agent, "Accept-Encoding": ACCEPTED},
                follow_redirects=False,
                # httpx bounds single reads; every wait here is under asyncio.timeout. But for connecting: what found no
                # connection cannot have arrived, and it is worth to know that.
                timeout=httpx.Timeout(None, connect=bounds.connect_seconds),
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                transport=transport,
                verify=trusted,
            )
        except ImportError:
            raise Unreachable(
                "The environment names a SOCKS proxy, and the package for these is not there",
                "Install socksio beside jamtui, or let HTTPS_PROXY name an HTTP proxy.",
            ) from None
        except (ValueError, OSError, httpx.InvalidURL) as error:
            # The words of the others quote a proxy's address, in which a password may be.
            why = errors.plain(str(error)) if isinstance(error, OSError) else "the address of a proxy"
            raise Unreachable(
                f"The proxy or certificate settings of the environment cannot be used ({why})",
                "Look at HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
            ) from None

    async def aclose(self) -> None:
        await self._http.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        token: bool = True,
        limit: int | None = None,
    ) -> Answer:
        """One request and its whole answer. ``token``: send one, if there is one. ``limit``: bytes of the answer, those
        of a record by default."""
        limit = self.bounds.record_bytes if limit is None else limit
        content = None if json is None else _encoded(json)
        head = {"Accept": "application/json", **(headers or {})}
        if content is not None:
            head["Content-Type"] = "application/merge-patch+json" if method == "PATCH" else "application/json"
        bearer = await self._tokens.token() if token else None
        while True:
            with self._faults(self.bounds.call_seconds):
                async with asyncio.timeout(self.bounds.call_seconds):
                    response = await self._begin(method, path, head, bearer, content)
                    try:
                        if self._good(response, head):
                            body = await self._body(response, limit)
                            if body[:64].lstrip()[:1] == b"<":
                                raise errors.not_a_jam("A web page", response.status_code)
                            return Answer(response.status_code, response.headers, tidy(body))
                        error = await self._error(response)
                    finally:
                        await response.aclose()
            bearer = await self._other_token(error, bearer)

    async def ask(self, method: str, path: str, *, form: Mapping[str, str] | None = None, limit: int) -> Answer:
        """One request to a server that is no Jam, and its answer as it came: what its status means is the caller's to
        say. No token of ours goes along."""
        head = {"Accept": "application/json"}
        content = None
        if form is not None:
            content = urlencode(form).encode("ascii")
            head["Content-Type"] = "application/x-www-form-urlencoded"
        with self._faults(self.bounds.call_seconds):
            async with asyncio.timeout(self.bounds.call_seconds):
                response = await self._begin(method, path, head, None, content)
                try:
                    return Answer(response.status_code, response.headers, await self._body(response, limit))
                finally:
                    await response.aclose()

    @contextlib.asynccontextmanager
    async def open(
        self, path: str, *, accept: str, headers: Mapping[str, str] | None = None
    ) -> AsyncGenerator[httpx.Response]:
        """A long answer, its body still to come (read it with `pieces`)."""
        head = {"Accept": accept, **(headers or {})}
        bearer = await self._tokens.token()
        while True:
            with self._faults(self.bounds.call_seconds):
                async with asyncio.timeout(self.bounds.call_seconds):
                    response = await self._begin("GET", path, head, bearer, None)
                    good = False
                    try:
                        good = self._good(response, head)
                        if not good:
                            error = await self._error(response)
                    finally:
                        if not good:
                            await response.aclose()
            if good:
                self.ends = _ends(response)
                break
            bearer = await self._other_token(error, bearer)
        try:
            yield response
        finally:
            await response.aclose()

    async def pieces(
        self, response: httpx.Response, quiet: float, raw_limit: int | None = None
    ) -> AsyncGenerator[bytes]:
        """The decoded body as it comes. `Unreachable` after ``quiet`` seconds without a byte.

        ``raw_limit``: bytes on the wire; packed data that never becomes anything would be endless else.
        """
        unpack = unpacker(response.headers.get("Content-Encoding", ""))
        raw = aiter(response.aiter_raw())
        taken = 0
        while True:
            with self._faults(quiet, "sent nothing for"):
                async with asyncio.timeout(quiet):
                    chunk = await anext(raw, None)
            if chunk is None:
                return
            taken += len(chunk)
            if raw_limit is not None and taken > raw_limit:
                raise _too_big(raw_limit)
            for piece in unpack.feed(chunk):
                yield piece

    # -- the steps

    async def _begin(
        self, method: str, path: str, headers: Mapping[str, str], bearer: str | None, content: bytes | None
    ) -> httpx.Response:
        """Sends the request; the answer's status and headers are there, its body is not."""
        head = dict(headers)
        if bearer is not None:
            if not _BEARER.match(bearer):
                raise NotSignedIn("The token holds characters that no token has", "Sign in again with `jamtui login`.")
            head["Authorization"] = f"Bearer {bearer}"
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            loop.set_default_executor(Lookups())
        # ``path`` starts with "/", so nothing in it can change the origin.
        request = self._http.build_request(method, self.origin + path, headers=head, content=content)
        return await self._http.send(request, stream=True)

    def _good(self, response: httpx.Response, sent: Mapping[str, str]) -> bool:
        """Whether the body is what was asked for; anything else becomes an error."""
        if response.status_code == 304:
            return "If-None-Match" in sent
        if not response.is_success:
            return False
        if _web_page(response):
            raise errors.not_a_jam("A web page", response.status_code)
        there = errors.http_date(response.headers.get("Date", ""))
        if there is not None and "Age" not in response.headers:  # an answer that a cache kept has the time of the first
            self.clock_error = self._now() - there
        return True

    async def _body(self, response: httpx.Response, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        # The time limit of the whole call is around this.
        async with contextlib.aclosing(self.pieces(response, self.bounds.call_seconds, limit + _PACKING)) as pieces:
            async for piece in pieces:
                size += len(piece)
                if size > limit:
                    raise _too_big(limit)
                parts.append(piece)
        return b"".join(parts)

    async def _error(self, response: httpx.Response) -> ApiError:
        try:
            body = await self._body(response, _ERROR_BYTES)
        except BadAnswer:
            body = b""  # the status says enough
        return errors.from_answer(
            response.status_code,
            body,
            retry_after=response.headers.get("Retry-After"),
            web_page=_web_page(response),
            now=self._now(),
            server=self.origin,
            date=response.headers.get("Date"),
        )

    async def _other_token(self, error: ApiError, bearer: str | None) -> str:
        """Another token to try after ``error``, else raises it."""
        if isinstance(error, NotSignedIn) and bearer is not None and error.code in _STALE:
            other = await self._tokens.refreshed(bearer)
            if other is not None and other != bearer:
                return other
        raise error

    @contextlib.contextmanager
    def _faults(self, seconds: float, late: str = "did not answer within") -> Iterator[None]:
        """What goes wrong on the way, as `Unreachable`. Only around our own waits, never around a caller's code."""
        try:
            yield
        except TimeoutError:
            raise Unreachable(
                f"{self.origin} {late} {seconds:g} seconds", "Check the network.", brief=f"no answer for {seconds:g} s"
            ) from None
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> Unreachable:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ssl.SSLError):
            cause = cause.__cause__ or cause.__context__
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _unsent(trust.refusal(self.origin, cause))
        if isinstance(cause, ssl.SSLError):
            return Unreachable(
                f"{self.origin} does not speak TLS as it should",
                "Check the address and its port.",
                brief="the server speaks no TLS",
            )
        proxy = "" if is_local(self.origin) else proxy_of(self.origin)
        if isinstance(error, httpx.ConnectError):
            if proxy:  # it is the proxy that was not reached: of the server nothing is known
                return _unsent(
                    Unreachable(
                        f"The proxy that {proxy} names cannot be reached",
                        "Look at HTTPS_PROXY, ALL_PROXY and NO_PROXY.",
                        brief="the proxy cannot be reached",
                    )
                )
            return _unsent(
                Unreachable(
                    f"{self.origin} cannot be reached",
                    "Check the network and the address.",
                    brief="the server cannot be reached",
                )
            )
        if isinstance(error, httpx.ConnectTimeout):
            seconds = self.bounds.connect_seconds
            what = f"The proxy that {proxy} names" if proxy else self.origin
            return _unsent(
                Unreachable(
                    f"{what} took no connection within {seconds:g} seconds",
                    "Check the network.",
                    brief=f"no answer for {seconds:g} s",
                )
            )
        if isinstance(error, httpx.ProxyError):
            return _unsent(
                Unreachable(
                    "The proxy did not let the call through",
                    "Look at HTTPS_PROXY and ALL_PROXY.",
                    brief="the proxy lets nothing through",
                )
            )
        if isinstance(error, httpx.RemoteProtocolError):
            return Unreachable(
                f"{self.origin} broke off, or does not speak HTTP",
                "Check the address and its port.",
                brief="the connection broke off",
            )
        return Unreachable(
            f"The connection to {self.origin} was lost", "Check the network.", brief="the connection was lost"
        )


class Snapshot:
    """The Jam as an archive on its way; ``cursor`` and ``size`` (bytes when decoded) are told before the first line."""

    def __init__(self, transport: Transport, response: httpx.Response) -> None:
        headers, bounds = response.headers, transport.bounds
        self.cursor: str = headers.get("Jam-Cursor", "")
        if not is_cursor(self.cursor):
            raise BadAnswer("The server's snapshot has no cursor", "It was not used.")
        size = headers.get("Jam-Snapshot-Size", "")
        if not (size.isascii() and size.isdigit() and len(size) < 16):
            raise BadAnswer("The server's snapshot does not tell its size", "It was not used.")
        self.size = int(size)
        if self.size > bounds.snapshot_bytes:
            raise BadAnswer(
                f"The server's snapshot has {self.size:,} bytes; at most {bounds.snapshot_bytes:,} are taken",
                "It was not used.",
            )
        self._transport = transport
        self._response = response

    async def batches(self) -> AsyncGenerator[list[bytes]]:
        """The lines in the lists in which they arrive, without line ends; `BadAnswer` when one is longer than a record
        may be, or when there is more or less than was told."""
        limit = self._transport.bounds.record_bytes
        rest: list[bytes] = []  # of the line that has not ended
        rest_size = total = 0
        quiet = self._transport.bounds.quiet_seconds
        async with contextlib.aclosing(self._transport.pieces(self._response, quiet, self.size + _PACKING)) as pieces:
            async for piece in pieces:
                total += len(piece)
                if total > self.size:
                    raise BadAnswer("The server's snapshot is longer than it said", "It was not used.")
                lines = piece.split(b"\n")
                rest.append(lines.pop(0))
                rest_size += len(rest[-1])
                if lines:
                    lines.insert(0, b"".join(rest))
                    rest = [lines.pop()]
                    longest, rest_size = max(map(len, lines)), len(rest[0])
                else:
                    longest = rest_size
                if longest > limit or rest_size > limit:
                    raise BadAnswer(
                        f"The server's snapshot has a record of more than {limit:,} bytes", "It was not used."
                    )
                if b"" in lines:
                    raise BadAnswer("The server's snapshot has empty records", "It was not used.")
                if lines:
                    yield lines
        if total != self.size:
            raise Unreachable(
                "The snapshot was cut off on its way", "It is fetched again.", brief="the connection broke off"
            )
        if rest_size:
            yield [b"".join(rest)]

    async def lines(self) -> AsyncGenerator[bytes]:
        """The lines one by one."""
        async with contextlib.aclosing(self.batches()) as batches:
            async for batch in batches:
                for line in batch:
                    yield line

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.lines()


def _ends(response: httpx.Response) -> tuple[str, tuple[str, int]] | None:
    stream = response.extensions.get("network_stream")
    if stream is None:
        return None
    here, there = stream.get_extra_info("client_addr"), stream.get_extra_info("server_addr")
    return (here[0], there[:2]) if here and there else None


def _unsent(error: Unreachable) -> Unreachable:
    """No connection came about, so nothing can have arrived."""
    error.unsent = True
    return error


def _too_big(limit: int) -> BadAnswer:
    return BadAnswer(f"The server's answer has more than {limit:,} bytes", "It was not read on.")


def _web_page(response: httpx.Response) -> bool:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml")


def _encoded(fields: Mapping[str, object]) -> bytes:
    try:
        return msgspec.json.encode(fields)
    except UnicodeEncodeError:
        raise Refused(
            "The text holds half of a character, which cannot be sent", "Type it again.", code="invalid"
        ) from None
