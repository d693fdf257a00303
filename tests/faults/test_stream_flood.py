"""A stream that brings more than the mirror can write: what waits is bounded, so memory is, too."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from raw_server import MIB, RawServer

ROOT = Path(__file__).resolve().parents[2]

# Follows the stream into a mirror; prints how far memory rose, and the cursor at the end.
CHILD = """
import asyncio, random, sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from raw_server import Memory
from api_client.client import JamClient
from jamtui.paths import Home
from jamtui.store import connection, mirror, own, registry
from jamtui.store.opening import prepare
from jamtui.sync.engine import Engine

async def main():
    now = lambda: datetime.now(UTC)
    home = Home.from_env({"JAMTUI_HOME": sys.argv[2]})
    jam = registry.for_server(home, sys.argv[1], "jam", "Jam")
    registry.remember(home, jam)
    prepare(jam, now())
    with (
        closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db,
        closing(connection.connect(jam.own, own.SCHEMA)) as own_db,
    ):
        one = mirror.Mirror(db)
        async with JamClient(sys.argv[1]) as client:
            engine = Engine(one, own.Own(own_db), client, now=now, notify=lambda _: None, progress=lambda *_: None)
            memory = Memory()
            await engine.follow(lambda: None, behind=False)
            print(memory.risen(), one.cursor, flush=True)

asyncio.run(main())
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the high-water mark needs Linux")
async def test_a_flood_of_changes(
    tmp_path: Path, figure: Callable[[str, float], None], many: Callable[[str, int], int]
) -> None:
    count = many("FLOOD", 60)  # changes of 0.9 MB each

    async def flood(request: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        writer.write(b": head 0-0\n\n")
        for seq in range(1, count + 1):
            body = b"y" * 900_000
            writer.write(b'data: {"seq":%d,"mark":"abcd","type":"tomorrow","data":{"b":"%s"}}\n\n' % (seq, body))
            await writer.drain()
        writer.close()

    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")])}
    async with RawServer(flood).running() as server:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, server.origin, str(tmp_path), env=env, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await asyncio.wait_for(child.communicate(), 120)
    risen, cursor = said.split()
    words = (
        f"promise 11: memory rose by at most {{:.1f}} MiB at a stream of {count * 9 // 10} MB, in a process of its own"
    )
    figure(words, int(risen) / MIB)
    assert cursor == f"{count}-abcd".encode()
    assert int(risen) < 32 * MIB
