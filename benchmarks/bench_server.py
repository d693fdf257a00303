"""The server's figures: durable posts a second, grouped beside one by one; pages of 200; deliveries of the stream.

    python benchmarks/bench_server.py [--posts 2000] [--runs 5] [--streams 200]

Each the median of the runs; the order of the two kinds of commit is shuffled.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.figures import Beside, Figure, Goal, Ground, middle, shuffled, table
from jamserver import accounts, objects, posts
from jamserver.app import Settings, random_id, serve, system_clock
from jamserver.db import prepare
from jamserver.log import Tx
from jamserver.posts import Actor
from jamserver.wire import NewPost
from jamserver.writer import Writer, write_once

CONNECTIONS = 64


def make_jam(path: Path, count: int = 0) -> tuple[Actor, str, str]:
    """A database with a forum, a person and ``count`` posts; (person, token, forum id)."""
    prepare(path)

    def job(tx: Tx) -> tuple[Actor, str, str]:
        objects.found_jam(tx, random_id(tx.rng))
        forum = objects.decode(objects.add_forum(tx, random_id(tx.rng), "ideas", "Ideas", ""))
        person = objects.add_person(tx, random_id(tx.rng), "ada")
        actor = Actor(person, "participant")
        for _ in range(count):
            posts.create(tx, actor, str(random_id(tx.rng)), new_post(str(forum["id"])))
        return actor, accounts.long_token(tx, person, timedelta(days=1)), str(forum["id"])

    return write_once(path, system_clock(), random.Random(1), job)


def new_post(forum: str) -> NewPost:
    return NewPost(forum_id=forum, title="A title of a thread", body="Seventy-five words or so. " * 18)


async def commits(path: Path, count: int, *, grouped: bool) -> float:
    """Posts a second, each durable before it is answered, from 64 writers that each wait for theirs."""
    actor, _, forum = make_jam(path)
    writer = Writer(path, clock=system_clock, rng=random.Random(2), on_commit=lambda _: None, grouped=grouped)

    async def one(share: int) -> None:
        for _ in range(share):
            post_id = str(uuid.uuid4())
            await writer.run(lambda tx: posts.create(tx, actor, post_id, new_post(forum)))  # noqa: B023  run before the next

    begin = time.perf_counter()
    await asyncio.gather(*(one(count // CONNECTIONS) for _ in range(CONNECTIONS)))
    seconds = time.perf_counter() - begin
    await writer.close()
    return count // CONNECTIONS * CONNECTIONS / seconds


@contextlib.asynccontextmanager
async def running(path: Path, settings: Settings) -> AsyncIterator[tuple[str, int]]:
    """A server in a process of its own would not share its core with us; this one does, as in the demo."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(path, on_ready=ready.set_result, settings=settings))
    url = await ready
    host, _, port = url.removeprefix("http://").rpartition(":")
    try:
        yield host, int(port)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes) -> int:
    """Sends a request on an open connection; the length of the answer's body."""
    writer.write(raw)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: "))
    await reader.readexactly(length)
    return length


async def pages(path: Path, seconds: float = 2.0) -> float:
    """Pages of 200 changes a second over HTTP, four connections; client and server share the machine."""
    async with running(path, Settings(writes=10**9)) as (host, port):
        raw = b"GET /api/v1/changes?limit=200 HTTP/1.1\r\nHost: x\r\n\r\n"
        count = 0
        end = time.perf_counter() + seconds

        async def one() -> None:
            nonlocal count
            reader, writer = await asyncio.open_connection(host, port)
            while time.perf_counter() < end:
                await request(reader, writer, raw)
                count += 1
            writer.close()

        await asyncio.gather(*(one() for _ in range(4)))
        return count / seconds


async def deliveries(path: Path, token: str, forum: str, streams: int, count: int = 50) -> tuple[float, float]:
    """(p50, p99) in milliseconds from before a post is sent until the last of ``streams`` readers has it."""
    async with running(path, Settings(streams_per_person=streams, writes=10**9)) as (host, port):
        readers = []
        for _ in range(streams):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b": head ")
            readers.append((reader, writer))
        reader, writer = await asyncio.open_connection(host, port)
        times = []
        body = b'{"forum_id":"%s","title":"T","body":"%s"}' % (forum.encode(), b"word " * 90)
        for _ in range(count):
            raw = (
                b"PUT /api/v1/posts/%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            ) % (str(uuid.uuid4()).encode(), token.encode(), len(body), body)
            begin = time.perf_counter()
            waiting = asyncio.gather(*(stream.readuntil(b"\ndata: ") for stream, _ in readers))
            await request(reader, writer, raw)
            await waiting
            times.append((time.perf_counter() - begin) * 1000)
        for _, closing in [*readers, (reader, writer)]:
            closing.close()
    times.sort()
    return times[len(times) // 2], times[int(len(times) * 0.99)]


def start_up(path: Path) -> float:
    """Milliseconds of `jamserver run`, from nothing to "listening"."""
    words = [sys.executable, "-m", "jamserver", "run", "--db", str(path), "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter()
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seconds = time.perf_counter() - begin
        process.terminate()
    return seconds * 1000


def figures(ground: Ground, count: int = 2_000, streams: int = 200) -> list[Figure]:
    rates: dict[str, list[float]] = {"grouped": [], "alone": []}
    for run, kind in enumerate(shuffled(rates, ground.runs)):
        path = ground.folder / f"{run}.sqlite"
        rates[kind].append(asyncio.run(commits(path, count, grouped=kind == "grouped")))
    alone = Beside("one by one", middle(rates["alone"]))
    path = ground.folder / "pages.sqlite"
    _, token, forum = make_jam(path, 1_000)
    rate = middle(asyncio.run(pages(path)) for _ in range(ground.runs))
    p50, p99 = asyncio.run(deliveries(path, token, forum, streams))
    assert alone.value is not None
    return [
        Figure(
            "server", f"durable posts a second, {CONNECTIONS} writers", middle(rates["grouped"]), "/s",
            (Goal(2 * alone.value, "2 x one by one", at_least=True),), (alone,),
        ),
        Figure("server", "pages of 200 posts a second over HTTP", rate, "/s"),
        Figure("server", f"post to the last of {streams} streams, p50", p50),
        Figure("server", f"post to the last of {streams} streams, p99", p99),
        Figure("server", "start to listening", middle(start_up(path) for _ in range(ground.runs))),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--streams", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        ground = Ground(Path(name), Path(), options.runs)
        Console().print(table(figures(ground, options.posts, options.streams)))


if __name__ == "__main__":
    main()
