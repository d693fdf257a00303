"""The doors of the server: how many connections are open at once, how long a request may take to arrive, and how much
may wait for those who read slowly.

A connection that sends its request a byte at a time costs its sender nothing and the server a place. So places are
counted, in all and for an address, and a request that is not there in time is answered 408 and loses its place.
One that asks for megabytes and takes a few bytes a minute costs the server their memory: what waits is counted, too,
and where it becomes too much, the connection with most of it is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Collection
from typing import Any, Literal, Protocol

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from jamserver.problems import MEDIA_TYPE, Problem, later

_Part = Literal["head", "body"]
_TRIM_AFTER = 1.0  # s


def _give_back() -> None:
    """Memory that is free goes back to the system: the C library keeps it in holes between what small things need, ten
    times as much as is in use after a thousand answers of a megabyte that nobody took."""
    import ctypes  # not for a start

    with contextlib.suppress(AttributeError, OSError, TypeError):  # not the library of GNU
        ctypes.CDLL(None).malloc_trim(0)


class Doors:
    """The places for connections. ``apart`` are addresses that stand for many people (a proxy): they may have all."""

    def __init__(
        self,
        most: int,
        per_address: int,
        head_within: float,
        body_within: float,
        apart: Collection[str] = (),
        unread: int = 256 << 20,
        unread_per_address: int = 32 << 20,
        bodies: int = 2_000,
        bodies_per_address: int = 500,
    ) -> None:
        """``unread``: bytes of answers that may wait for their readers, in all and for an address; ``bodies``: requests
        that may be on their way here at once."""
        self._bodies = bodies
        self._bodies_per_address = bodies_per_address
        self._coming: Counter[str] = Counter()
        self._unread = unread
        self._unread_per_address = unread_per_address
        self._waiting: dict[str, dict[Slow, int]] = {}  # by address: what waits for whom
        self._waits: Counter[str] = Counter()  # the same of all there
        self._trimming: asyncio.TimerHandle | None = None
        self._most = most
        self._per_address = per_address
        self.head_within = head_within
        self.body_within = body_within
        self._apart = frozenset(apart)
        self._open: Counter[str] = Counter()

    def enter(self, address: str) -> None:
        """A place for one connection; `leave` gives it back.

        Raises 503 when the server or the address has none left.
        """
        if self._open.total() >= self._most:
            raise later("unavailable", "The server has no room for one more connection.", 15)
        if address not in self._apart and self._open[address] >= self._per_address:
            raise later("unavailable", "Your address has as many connections open as it may.", 15)
        self._open[address] += 1

    def leave(self, address: str) -> None:
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]

    def begin_body(self, address: str) -> None:
        """A place for one request whose body is not all here yet: most are here at once, and what has come of the
        others is kept, whoever sends it. `end_body` gives the place back.

        Raises 503 when the server or the address has none left.
        """
        here = self._coming[address] >= self._bodies_per_address and address not in self._apart
        if here or self._coming.total() >= self._bodies:
            raise later("unavailable", "Too many requests are on their way at once.", 15)
        self._coming[address] += 1

    def end_body(self, address: str) -> None:
        self._coming[address] -= 1
        if not self._coming[address]:
            del self._coming[address]

    def wait_for(self, address: str, reader: Slow, size: int) -> None:
        """So many bytes wait for a reader who is slow; with 0, none any more. Where it is too much by then, the
        connection for which most waits is closed; of several the one for which it has waited longest."""
        self._note(address, reader, size)
        here = self._waiting.get(address, {})
        if self._waits[address] > self._unread_per_address and address not in self._apart:
            self._drop([(size, address, one) for one, size in here.items()])
        elif self._waits.total() > self._unread:
            self._drop([(size, at, one) for at, sizes in self._waiting.items() for one, size in sizes.items()])

    def _note(self, address: str, reader: Slow, size: int) -> None:
        here = self._waiting.setdefault(address, {})
        self._waits[address] += size - here.pop(reader, 0)
        if size:
            here[reader] = size
        if not here:
            del self._waiting[address], self._waits[address]

    def _drop(self, waiting: list[tuple[int, str, Slow]]) -> None:
        _, address, reader = max(waiting, key=lambda one: one[0])
        self._note(address, reader, 0)
        reader.drop()
        if self._trimming is None:
            self._trimming = asyncio.get_running_loop().call_later(_TRIM_AFTER, self._trim)

    def _trim(self) -> None:
        self._trimming = None
        asyncio.get_running_loop().run_in_executor(None, _give_back)


class Slow(Protocol):
    """A connection that reads slower than it is answered."""

    def drop(self) -> None:
        """Closes it at once; what waited for it goes."""


def _answer(problem: Problem) -> bytes:
    """A whole HTTP/1.1 answer, where no request has come that could be answered."""
    body = problem.body()
    headers = {
        **problem.headers,
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {problem.status} {problem.title}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def http_of(doors: Doors) -> type[asyncio.Protocol]:
    """uvicorn's HTTP/1.1 with these doors before it."""

    class Guarded(H11Protocol):
        _address: str | None = None  # whose place it has
        _awaited: _Part | None = None
        _due: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)  # type: ignore[arg-type]
            address = self.client[0] if self.client else ""
            try:
                doors.enter(address)
            except Problem as problem:
                self._refuse(problem)
                return
            self._address = address
            self._await("head")

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self._await(None)
            if self._address is not None:
                doors.wait_for(self._address, self, 0)
                doors.leave(self._address)
                self._address = None

        def pause_writing(self) -> None:
            super().pause_writing()
            if self._address is not None:
                doors.wait_for(self._address, self, self.transport.get_write_buffer_size())

        def resume_writing(self) -> None:
            super().resume_writing()
            if self._address is not None:
                doors.wait_for(self._address, self, 0)

        def drop(self) -> None:
            self.transport.abort()

        def data_received(self, data: bytes) -> None:
            if self._address is None:
                return  # it was refused
            super().data_received(data)
            self._watch()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._watch()

        def _watch(self) -> None:
            """Between two requests uvicorn's own alarm runs (`timeout_keep_alive`), to the first byte of the next."""
            theirs = self.conn.their_state
            if theirs is h11.SEND_BODY:
                self._await("body")
            elif theirs is h11.IDLE and (self.conn.trailing_data[0] or self.cycle is None):
                self._await("head")
            else:
                self._await(None)

        def _await(self, part: _Part | None) -> None:
            if part == self._awaited:
                return
            if self._due is not None:
                self._due.cancel()
            if self._address is not None and self._awaited == "body":
                doors.end_body(self._address)
            self._awaited = part
            if self._address is not None and part == "body":
                try:
                    doors.begin_body(self._address)
                except Problem as problem:
                    self._awaited = None
                    self._refuse(problem)
                    return
            seconds = {"head": doors.head_within, "body": doors.body_within, None: None}[part]
            self._due = None if seconds is None else self.loop.call_later(seconds, self._too_late)

        def _too_late(self) -> None:
            if self._awaited == "head":
                self._refuse(Problem("too_slow", "The request did not arrive in time."))
            else:  # somebody waits for the body, and learns that it does not come
                self.transport.close()

        def _refuse(self, problem: Problem) -> None:
            self.transport.write(_answer(problem))
            self.transport.close()

    return Guarded


def trusted(proxies: Collection[str]) -> dict[str, Any]:
    """uvicorn's settings by which the address of a client is the one that these proxies name (X-Forwarded-For)."""
    return {"proxy_headers": bool(proxies), "forwarded_allow_ips": sorted(proxies)}
