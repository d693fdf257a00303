"""Where the browser comes back to: one port on 127.0.0.1 that takes one answer (RFC 8252, 7.3), and then is closed.

Everything else is refused: other paths, methods and hosts (a name that resolves to this machine is a trick), an answer
that does not bear our ``state``. A refusal does not end the wait, or any page could end it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import html
from collections.abc import AsyncGenerator
from urllib.parse import parse_qsl

from api_client.errors import NotSignedIn, Unreachable

PATH = "/callback"
_HEAD = 16 << 10  # bytes of a request; a code is a few hundred
_SLOW = 5.0  # seconds for a request to come
_AT_ONCE = 8  # connections; the others wait
_REFUSALS = 200  # and then it is over: something on this machine tries to guess

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
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._refused = 0
        self._given = False  # the one answer, whose page may still be on its way
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    def expect(self, state: str) -> None:
        self._state = state

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
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            async with self._slots, asyncio.timeout(_SLOW):
                status, title, text, query = self._judged(await reader.readuntil(b"\r\n\r\n"))
                writer.write(_reply(status, title, text))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            writer.close()
        if query is not None:
            with contextlib.suppress(OSError):
                await writer.wait_closed()  # the page is out before the program may end
            if not self._answer.done():
                self._answer.set_result(query)

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
            return self._no("404 Not Found", "Here is nothing.", count=False)  # browsers ask for icons
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

    def _no(self, status: str, text: str, *, count: bool = True) -> tuple[str, str, str, None]:
        self._refused += count
        if self._refused > _REFUSALS and not self._answer.done():
            self._answer.set_exception(
                NotSignedIn("Something on this machine sends false answers to the sign-in", "Try --device.")
            )
        return status, status.partition(" ")[2], text, None


def _reply(status: str, title: str, text: str) -> bytes:
    body = _PAGE.format(title=html.escape(title), text=html.escape(text)).encode()
    return f"HTTP/1.1 {status}\r\n{_HEADERS}Content-Length: {len(body)}\r\n\r\n".encode() + body
