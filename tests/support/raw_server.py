"""A server of the tests' own that answers whatever it likes: floods, bombs, silence; and how much memory it costs.

async with RawServer(always(response(b"{}"))).running() as server:     every request is answered the same
    server.origin, server.requests
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import zstandard

MIB = 1 << 20
Handler = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


class RawServer:
    """Accepts connections and lets ``handler`` write what it likes after the head (and body) of each request came."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[str] = []
        self.origin = ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next(
                    (
                        int(line.split(":")[1])
                        for line in head.split("\r\n")
                        if line.lower().startswith("content-length:")
                    ),
                    0,
                )
                self.requests.append(head + (await reader.readexactly(length)).decode("utf-8", "replace"))
                await self.handler(self.requests[-1], writer)
                await writer.drain()
                if writer.is_closing():
                    break
        writer.close()

    @contextlib.asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        self.origin = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)


def response(
    body: bytes = b"{}", status: str = "200 OK", kind: str = "application/json", length: bool = True, **headers: str
) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}"] if length else ["Connection: close"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def always(data: bytes, close: bool = False) -> Handler:
    async def handler(request: str, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        if close:
            await writer.drain()
            writer.close()

    return handler


def endless(start: bytes, chunk: bytes, pause: float | None = None) -> Handler:
    """``start``, then ``chunk`` for ever: as fast as it is taken, or one every ``pause`` seconds."""

    async def handler(request: str, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(chunk)
            await writer.drain()
            if pause is not None:
                await asyncio.sleep(pause)  # this is the slowness under test

    return handler


class Memory:
    """How far the resident memory of this process rose above where it was at first."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # sets the high-water mark back
        self.before = self._read("VmRSS")

    def risen(self) -> int:
        return self._read("VmHWM") - self.before

    @staticmethod
    def _read(name: str) -> int:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        raise AssertionError(name)


@functools.cache
def gzip_bomb(block: bytes) -> bytes:
    """512 MiB made of ``block`` (1 MiB) in some 0.5 MiB of gzip."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return b"".join([packer.compress(block) for _ in range(512)] + [packer.flush()])


@functools.cache
def zstd_bomb(block: bytes) -> bytes:
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    return b"".join([packer.compress(block) for _ in range(512)] + [packer.flush()])


BOMBS = {"gzip": gzip_bomb, "zstd": zstd_bomb}
