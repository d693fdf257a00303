"""A proxy that stands between a client and a Jam server and does what networks do: it loses, delays, cuts and lies.

    with Proxy(server.port, seed=1) as proxy:
        proxy.decide = lottery({DropAnswer(): 1 / 3})      one call in three is done, but nobody hears of it
        proxy.decide = lambda call, rng: Answer(502) if call.path.endswith("/stream") else PASS
        home.login(proxy.url, "ana")                       clients know the proxy as the Jam's origin
        proxy.reset()                                      every connection is gone, as when a lid is closed
        proxy.freeze() … proxy.thaw()                      half open: nothing moves, and nobody is told
        proxy.done                                         each call, with what was done to it, in order

Each call gets a connection of its own (``Connection: close``), so that what is done to one touches no other. Calls are
decided in the order in which they arrive, by one generator of the given seed.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from pty_terminal import LIMIT

_MOST = 1 << 20  # bytes of a request
_ENOUGH = 10.0  # seconds in which the proxy must have started and stopped


@dataclass(frozen=True)
class Call:
    """One request as it came."""

    n: int  # counted from 0
    method: str
    path: str  # with its query
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def writes(self) -> bool:
        return self.method in ("PUT", "POST", "PATCH", "DELETE")

    @property
    def streams(self) -> bool:
        return self.path.partition("?")[0].endswith("/stream")


@dataclass(frozen=True)
class Pass:
    """Nothing is done to it."""


@dataclass(frozen=True)
class DropRequest:
    """The server never sees it; the client's connection breaks."""


@dataclass(frozen=True)
class DropAnswer:
    """The server has done it, when the client's connection breaks without a byte of the answer."""


@dataclass(frozen=True)
class Delay:
    """The request waits so many seconds, then goes on."""

    seconds: float


@dataclass(frozen=True)
class Twice:
    """A write reaches the server twice, one after the other; the client gets the second answer."""


@dataclass(frozen=True)
class Cut:
    """The connection breaks after so many bytes of the answer, head included."""

    after: int


@dataclass(frozen=True)
class Stall:
    """After so many bytes of the answer nothing more comes, and the connection stays."""

    after: int = 0


@dataclass(frozen=True)
class Answer:
    """The server never sees it; the proxy answers by itself."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html"),)


@dataclass(frozen=True)
class Raw:
    """The server never sees it; these bytes are the answer, whatever they are. ``close`` False keeps it open."""

    data: bytes
    close: bool = True


Fault = Pass | DropRequest | DropAnswer | Delay | Twice | Cut | Stall | Answer | Raw
Decide = Callable[[Call, random.Random], Fault]
PASS = Pass()


def lottery(shares: Mapping[Fault, float], only: Callable[[Call], bool] = lambda _: True) -> Decide:
    """Each fault happens to its share of the calls that ``only`` says; nothing happens to the others."""

    def decide(call: Call, rng: random.Random) -> Fault:
        if not only(call):
            return PASS
        drawn = rng.random()
        for fault, share in shares.items():
            drawn -= share
            if drawn < 0:
                return fault
        return PASS

    return decide


@dataclass
class Proxy:
    """On a port of its own on loopback, in a thread of its own. ``decide`` may be changed at any time."""

    target: int  # the server's port on 127.0.0.1
    seed: int = 1
    decide: Decide = field(default=lambda _call, _rng: PASS)
    done: list[tuple[Call, Fault]] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._called = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._moving = asyncio.Event()
        self._moving.set()
        self._live: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def count(self, kind: type[Fault]) -> int:
        """How many calls this was done to."""
        return sum(isinstance(fault, kind) for _, fault in tuple(self.done))

    # -- the test's side

    def wait_for_call(self, path: str, since: int = 0) -> None:
        """Until it was asked for a path, behind the ``since``-th call."""
        with self._called:
            asked = self._called.wait_for(lambda: any(call.path == path for call, _ in self.done[since:]), LIMIT)
        assert asked, f"never asked: {path}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._ask(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ask(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_ENOUGH)
        self._loop.close()

    def reset(self) -> None:
        """Breaks every connection that there is, with a RST."""
        self._ask(self._break_all())

    def freeze(self) -> None:
        """From now on nothing moves in either direction; connections stay, and new ones are taken and not answered."""
        self._loop.call_soon_threadsafe(self._moving.clear)

    def thaw(self) -> None:
        self._loop.call_soon_threadsafe(self._moving.set)

    def _ask(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(_ENOUGH)

    # -- the proxy's side

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=_MOST)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._break_all()

    async def _break_all(self) -> None:
        tasks = list(self._live)
        for task in tasks:
            for writer in self._live[task]:
                _break(writer)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._live[task] = [writer]
        try:
            await self._call(task, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            _break(writer)  # one of the two ends went away, or the test ended: that is what this is about
        finally:
            del self._live[task]
            with contextlib.suppress(OSError):
                writer.close()

    async def _call(self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = await _read(reader, len(self.done))
        fault = self.decide(call, self._rng)
        with self._called:
            self.done.append((call, fault))
            self._called.notify_all()
        await self._moving.wait()
        match fault:
            case DropRequest():
                _break(writer)
                return
            case Answer(status, body, headers):
                lines = [f"{name}: {value}" for name, value in (*headers, ("Content-Length", str(len(body))))]
                writer.write("\r\n".join([f"HTTP/1.1 {status} Fault", *lines, "Connection: close", "", ""]).encode())
                writer.write(body)
                await writer.drain()
                return
            case Raw(data, close):
                writer.write(data)
                await writer.drain()
                if not close:
                    await reader.read()  # until the client has had enough
                return
            case Delay(seconds):
                await asyncio.sleep(seconds)
        if isinstance(fault, Twice) and call.writes:
            first, asked = await self._ask_server(task, call)
            await first.read()  # until it has answered
            asked.close()
        from_server, to_server = await self._ask_server(task, call)
        try:
            if isinstance(fault, DropAnswer):
                await from_server.readuntil(b"\r\n\r\n")  # an answer: what was asked for is done
                _break(writer)
                return
            await self._carry(from_server, reader, writer, fault)
        finally:
            _break(to_server)

    async def _ask_server(
        self, task: asyncio.Task[None], call: Call
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
        self._live[task].append(to_server)
        head = [f"{call.method} {call.path} HTTP/1.1"]
        head += [f"{name}: {value}" for name, value in call.headers.items() if name != "connection"]
        to_server.write("\r\n".join([*head, "connection: close", "", ""]).encode("latin-1") + call.body)
        await to_server.drain()
        return from_server, to_server

    async def _carry(
        self,
        from_server: asyncio.StreamReader,
        from_client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        fault: Fault,
    ) -> None:
        """The answer as it comes, as far as ``fault`` lets it; until either end goes away."""
        gone = asyncio.ensure_future(from_client.read())
        left = fault.after if isinstance(fault, Cut | Stall) else None
        try:
            while True:
                piece = asyncio.ensure_future(from_server.read(1 << 16))
                await asyncio.wait({piece, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not piece.done():
                    piece.cancel()
                    return
                data = piece.result()
                await self._moving.wait()
                if left is not None and len(data) >= left:
                    to_client.write(data[:left])
                    await to_client.drain()
                    if isinstance(fault, Stall):
                        await gone
                    _break(to_client)
                    return
                if not data:
                    return
                left = None if left is None else left - len(data)
                to_client.write(data)
                await to_client.drain()
        finally:
            gone.cancel()


async def _read(reader: asyncio.StreamReader, n: int) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Call(n, method, path, headers, body)


def _break(writer: asyncio.StreamWriter) -> None:
    """Ends a connection with a RST: what was written and not read is lost, as on a network that went away."""
    made: socket.socket | None = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        if made is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
