"""What a hostile server costs: each attack on each call, in a process of its own that tells how far its memory rose.

The client there is the real one with the bounds that people have, but for the time limits, which are shorter.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from raw_server import BOMBS, MIB, Handler, RawServer, always, endless, response

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 32 * MIB

# Reads the name of an attack a line, does every call, prints for each: how it ended, and how far memory rose.
CHILD = """
import asyncio, contextlib, gc, json, sys
from pathlib import Path
from raw_server import Memory
from api_client.client import JamClient
from api_client.errors import ApiError
from api_client.transport import Bounds

async def stream(client):
    async with contextlib.aclosing(client.stream("0-0")) as events:
        async for _ in events:
            pass

async def snapshot(client):
    async with client.snapshot() as lines:
        async for _ in lines:
            pass

seconds = float(sys.argv[2])
CALLS = {
    "changes": lambda c: c.changes(), "put": lambda c: c.put_post("x", body="x"), "votes": lambda c: c.my_votes(),
    "snapshot": snapshot, "stream": stream,
}
if seconds > 2:
    CALLS |= {
        "discovery": lambda c: c.discovery(), "me": lambda c: c.me(), "vote": lambda c: c.put_vote("x"),
        "password": lambda c: c.password("ana", "x"),
    }

async def main():
    bounds = Bounds(call_seconds=seconds, quiet_seconds=seconds / 2, stream_quiet_seconds=seconds / 2)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        told = {}
        for name, use in CALLS.items():
            gc.collect()
            memory = Memory()
            try:
                # The long answers may go on for ever: they are left after so long, which is no fault.
                most = 1.5 * seconds if name in ("snapshot", "stream") else 60.0
                async with JamClient(sys.argv[1], bounds=bounds) as client, asyncio.timeout(most):
                    await use(client)
                end = "worked"
            except ApiError as error:
                end = type(error).__name__
            except TimeoutError:
                end = "went on"
            told[name] = (end, memory.risen())
        print(json.dumps(told), flush=True)

asyncio.run(main())
"""


def packed(status: str, coding: str, block: bytes) -> Handler:
    size = str(512 * MIB)
    body = BOMBS[coding](block)
    return always(response(body, status, Content_Encoding=coding, Jam_Cursor="5-abcd", Jam_Snapshot_Size=size))


def body(start: bytes, chunk: bytes, **headers: str) -> Handler:
    """An answer of good head and no end."""
    return endless(
        response(start, length=False, Jam_Cursor="5-abcd", Jam_Snapshot_Size=str(900 * MIB), **headers), chunk
    )


def whole(data: bytes) -> Handler:
    return always(response(data, Jam_Cursor="5-abcd", Jam_Snapshot_Size=str(len(data))), close=True)


HEAD = b"HTTP/1.1 200 OK\r\nJam-Cursor: 5-abcd\r\nJam-Snapshot-Size: 9\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LONG = b"y" * (7 * MIB) + "\U0001f389".encode()
ATTACKS: dict[str, Callable[[], Handler]] = {
    "a gzip bomb": lambda: packed("200 OK", "gzip", bytes(MIB)),
    "a zstd bomb": lambda: packed("200 OK", "zstd", bytes(MIB)),
    "a gzip bomb as an error": lambda: packed("500 No", "gzip", bytes(MIB)),
    "a zstd bomb as an error": lambda: packed("500 No", "zstd", bytes(MIB)),
    "a gzip bomb of lines": lambda: packed("200 OK", "gzip", b"{}\n" * (MIB // 3)),
    "a zstd bomb of lines": lambda: packed("200 OK", "zstd", b"{}\n" * (MIB // 3)),
    "a body without end": lambda: body(b"", b" " * 65536),
    "a line without end": lambda: body(b'{"type":"post","data":"', b"y" * 65536),
    "an event without end": lambda: body(b"data: ", b"y" * 65536),
    "events without end": lambda: body(b"", b"data: 7\n" * 8192),
    "comments without end": lambda: body(b"", b": x\n\n" * 8192),
    "headers without end": lambda: endless(b"HTTP/1.1 200 OK\r\n", b"X-Y: " + b"z" * 4000 + b"\r\n"),
    "a header without end": lambda: endless(b"HTTP/1.1 200 OK\r\nX-Y: ", b"z" * 65536),
    "interim answers without end": lambda: endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "a status line without end": lambda: endless(b"HTTP/1.1 200 ", b"O" * 65536),
    "a chunk that says it is enormous": lambda: endless(CHUNKED + b"ffffffffffffffff\r\n", b" " * 65536),
    "a chunk size without end": lambda: endless(CHUNKED, b"0" * 65536),
    "chunks of one byte": lambda: endless(CHUNKED, b"1\r\n \r\n" * 8192),
    "trailers without end": lambda: endless(CHUNKED + b"0\r\n", b"X: y\r\n" * 8192),
    "a length of petabytes": lambda: endless(HEAD + b"Content-Length: 999999999999999\r\n\r\n", b" " * 65536),
    "a length that is no number": lambda: always(b"HTTP/1.1 200 OK\r\nContent-Length: 1e9\r\n\r\n{}", close=True),
    "two lengths": lambda: always(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 99\r\n\r\n{}", close=True),
    "less than was said": lambda: always(response(b"x" * 99)[:-9], close=True),
    "more than was said": lambda: always(response(b"{}") + b"y" * MIB, close=True),
    "deep JSON": lambda: whole(b"[" * (7 * MIB)),
    "deep objects": lambda: whole(b'{"a":' * MIB),
    "a huge number": lambda: whole(b'{"items":[' + b"9" * (7 * MIB) + b'],"head":"1-abcd"}'),
    "a number of huge power": lambda: whole(b'{"items":[{"seq":1e999999999}],"head":"1-abcd"}'),
    "millions of small things": lambda: whole(b'{"items":[' + b"[]," * (2 * MIB) + b'[]],"head":"1-abcd"}'),
    "a key many times": lambda: whole(b"{" + b'"items":[],' * 600_000 + b'"items":7}'),
    "seven MiB of quotes": lambda: whole(b'"' + b'\\"' * (3 * MIB) + b'"'),
    "seven MiB of half characters": lambda: whole(b'{"items":["' + b"\\ud800" * MIB + b'"]}'),
    "a long text with one emoji": lambda: whole(b'{"id":"' + LONG + b'","items":7}'),
    "a long name with one emoji": lambda: whole(b'{"items":["' + LONG + b'"],"head":7}'),
    "broken UTF-8": lambda: whole(b'{"items":["' + b"\xff" * (7 * MIB) + b'"]}'),
}  # fmt: skip


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the high-water mark needs Linux")
async def test_no_answer_costs_more_than_32_mib(
    figure: Callable[[str, float], None], many: Callable[[str, int], int]
) -> None:
    seconds = many("ATTACK_MS", 500) / 1000
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")])}
    risen: dict[str, int] = {}
    async with RawServer(always(response())).running() as server:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, server.origin, str(seconds), env=env,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None

        async def attack(name: str) -> dict[str, tuple[str, int]]:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(f"{name}\n".encode())
            told: dict[str, tuple[str, int]] = json.loads(await asyncio.wait_for(child.stdout.readline(), 600))
            return told

        await attack("warm up: what is imported and compiled once")
        for name, make in ATTACKS.items():
            server.handler = make()
            for call, (end, more) in (await attack(name)).items():
                # Of the long answers the client takes apart lines and events; what is in them, the mirror looks at.
                assert end not in ("worked", "went on") or call in ("stream", "snapshot"), (name, call, end)
                risen[f"{name}, {call}"] = more
        child.stdin.close()
        assert await child.wait() == 0
    worst = max(risen, key=lambda one: risen[one])
    figure(
        f"promise 11: memory rose by at most {{:.1f}} MiB, in a process of its own, {len(risen)} attacks ({worst})",
        risen[worst] / MIB,
    )
    assert risen[worst] < LIMIT
