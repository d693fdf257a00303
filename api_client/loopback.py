"""Where the browser comes back to: one port on 127.0.0.1 that takes one answer (RFC 8252, 7.3), and then is closed.

Everything else is refused: other paths, methods and hosts (a name that resolves to this machine is a trick), an answer
that does not bear our ``state``. A refusal does not end the wait, or any page could end it.

The browser also starts here (`Loopback.start`): what it is given stands in the list of processes, which other accounts
read. An address of the issuer would tell them the state, so it is given one that leads there once.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import html
import os
import secrets
import socket
import struct
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import parse_qsl

from api_client.errors import NotSignedIn, Unreachable

PATH = "/callback"
_HEAD = 16 << 10  # bytes of a request; a code is a few hundred
_SLOW = 5.0  # seconds for a request to come
_AT_ONCE = 64  # connections that have said nothing yet; one more, and the oldest is dropped
# Of Linux: which account holds which end. A socket of IPv6 that speaks with an address of IPv4 stands in the second.
_CONNECTIONS = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_MAPPED = bytes(10) + b"\xff\xff"  # before an address of IPv4 in one of IPv6
_NOBODY = -1

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>jamtui</title><meta name="viewport" content="width=device-width">
</head><body><h1>{title}</h1><p>{text}</p></body></html>
"""
_HEADERS = (
    "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close\r\n"
    "Content-Security-Policy: default-src 'none'\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
)


class Loopback:
    """Use `listening`. ``expect`` says which state is ours; before that every answer is refused."""

    def __init__(self) -> None:
        self.port = 0
        self._state = ""
        self._answer: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
        self._silent: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._start = ""  # the path that leads to the issuer
        self._leads = ""
        self._started = False
        self._given = False  # the one answer, whose page may still be on its way
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    def expect(self, state: str) -> None:
        self._state = state

    def start(self, url: str) -> str:
        """An address of ours that leads to ``url``, once. Asked for a second time it ends the sign-in: one of the two
        was not the person's browser, and knows the state."""
        self._start, self._leads = f"/{secrets.token_urlsafe(24)}", url
        return f"http://127.0.0.1:{self.port}{self._start}"

    async def answer(self, seconds: float) -> dict[str, str]:
        """The query of the one answer. Raises `NotSignedIn` when none came in time."""
        try:
            async with asyncio.timeout(seconds):
                return await self._answer
        except TimeoutError:
            minutes = f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
            raise NotSignedIn(
                f"Nobody signed in within {minutes}",
                "Sign in again; with --device the browser may be on another machine.",
                code="expired_token",
            ) from None

    @classmethod
    @contextlib.asynccontextmanager
    async def listening(cls, port: int = 0) -> AsyncGenerator[Loopback]:
        """Listens on a free port until left."""
        found = cls()
        try:
            server = await asyncio.start_server(found._serve, "127.0.0.1", port, limit=_HEAD)
        except OSError as error:
            raise Unreachable(
                f"Port {port or 'for the browser'} of 127.0.0.1 cannot be listened on ({error.strerror or error})",
                "Try another one, or --device.",
            ) from None
        found.port = server.sockets[0].getsockname()[1]
        try:
            yield found
        finally:
            server.close()
            for task in list(found._tasks):
                task.cancel()
            await asyncio.gather(*found._tasks, return_exceptions=True)
            if found._answer.done() and not found._answer.cancelled():
                found._answer.exception()  # nobody may have waited for it

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served by a task")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if len(self._silent) >= _AT_ONCE:
            self._silent.pop(next(iter(self._silent))).transport.abort()
        self._silent[task] = writer
        try:
            async with asyncio.timeout(_SLOW):
                head = await reader.readuntil(b"\r\n\r\n")
                self._silent.pop(task, None)
                query = None
                if self._starts(head):
                    writer.write(self._led(*writer.get_extra_info("peername")))
                else:
                    status, title, text, query = self._judged(head)
                    writer.write(_reply(status, title, text))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            self._silent.pop(task, None)
            writer.close()
        if query is not None:
            with contextlib.suppress(OSError):
                await writer.wait_closed()  # the page is out before the program may end
            if not self._answer.done():
                self._answer.set_result(query)

    def _starts(self, head: bytes) -> bool:
        """Whether a request asks for the start page, as a browser does."""
        lines = head.decode("latin-1").split("\r\n")
        hosts = [line.partition(":")[2].strip() for line in lines[1:] if line[:5].lower() == "host:"]
        words = lines[0].split(" ")
        asked = self._start and words[:1] == ["GET"] and len(words) == 3 and hosts == [f"127.0.0.1:{self.port}"]
        return bool(asked) and hmac.compare_digest(words[1].encode(), self._start.encode())

    def _led(self, host: str, port: int) -> bytes:
        account = _account_of((host, port), ("127.0.0.1", self.port))
        if account is not None and account not in (os.geteuid(), 0):  # root passes connections on (WSL), and may all
            return _reply("403 Forbidden", "Forbidden", "This page is for somebody else on this machine.")
        if not self._started:
            self._started = True
            return _reply("303 See Other", "See Other", "The sign-in is there.", f"Location: {self._leads}\r\n")
        if not self._answer.done():
            self._answer.set_exception(
                NotSignedIn(
                    "The sign-in page was opened twice, and the second time may have been your browser",
                    "Nobody was signed in. Sign in again; with --device nothing of it can be taken on this machine.",
                )
            )
        return _reply("410 Gone", "Gone", "This page was opened before. Look into jamtui.")

    def _judged(self, head: bytes) -> tuple[str, str, str, dict[str, str] | None]:
        """Status, title and text of the page for a request; its query when it is the answer that is waited for."""
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        hosts = [line.partition(":")[2].strip() for line in lines[1:] if line[:5].lower() == "host:"]
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return self._no("400 Bad Request", "That is no request.")
        path, _, query = words[1].partition("?")
        if hosts != [f"127.0.0.1:{self.port}"]:
            return self._no("421 Misdirected Request", "This page has another address.")
        if path != PATH:
            return self._no("404 Not Found", "Here is nothing.")  # browsers ask for icons
        if words[0] != "GET":
            return self._no("405 Method Not Allowed", "Only GET is taken here.")
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=32, encoding="utf-8", errors="replace")
        except ValueError:
            return self._no("400 Bad Request", "That is no answer to a sign-in.")
        given = dict(pairs)
        if len(given) != len(pairs):
            return self._no("400 Bad Request", "The answer says things twice.")
        if not self._state or not hmac.compare_digest(given.get("state", "").encode(), self._state.encode()):
            return self._no("400 Bad Request", "This answer belongs to another sign-in. Begin again in jamtui.")
        if self._given:
            return self._no("410 Gone", "The answer was given already. Look into jamtui.")
        self._given = True
        if "error" in given:
            return "200 OK", "The sign-in did not work", "Go back to jamtui, which says why.", given
        return "200 OK", "Go back to jamtui", "It has the answer. You can close this page.", given

    def _no(self, status: str, text: str) -> tuple[str, str, str, None]:
        return status, status.partition(" ")[2], text, None


def _reply(status: str, title: str, text: str, more: str = "") -> bytes:
    body = _PAGE.format(title=html.escape(title), text=html.escape(text)).encode()
    return f"HTTP/1.1 {status}\r\n{_HEADERS}{more}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _account_of(theirs: tuple[str, int], ours: tuple[str, int]) -> int | None:
    """Whose the other end of a connection is; None where the system does not tell, `_NOBODY` where it tells of all but
    this one: whoever hides is not the person's browser."""
    rows: list[list[str]] = []
    for table in _CONNECTIONS:
        with contextlib.suppress(OSError):  # no Linux, or no IPv6
            rows += [line.split() for line in table.read_text().splitlines()[1:]]
    accounts = {(row[1], row[2]): int(row[7]) for row in rows if len(row) > 7}
    for prefix in (b"", _MAPPED):
        found = accounts.get((_end(prefix, theirs), _end(prefix, ours)))
        if found is not None:
            return found
    return _NOBODY if accounts else None


def _end(prefix: bytes, end: tuple[str, int]) -> str:
    """One end as the table has it: each four bytes of the address as a number of this machine, and the port."""
    address = prefix + socket.inet_aton(end[0])
    numbers = struct.unpack(f"={len(address) // 4}I", address)
    return f"{''.join(f'{number:08X}' for number in numbers)}:{end[1]:04X}"
