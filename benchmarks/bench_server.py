"""The server's figures: durable posts a second, grouped beside one by one; pages of 200; deliveries of the stream.

    python benchmarks/bench_server.py [--posts 2000] [--runs 5] [--streams 200]

Each the median of the runs; the order of the two kinds of commit is shuffled.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.figures import Beside, Figure, Goal, Ground, middle, shuffled, table
from jamserver import accounts, objects, posts
from jamserver.app import Settings, random_id, serve, system_clock
from jamserver.db import connect, prepare
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


# A client that costs next to nothing: it keeps some connections busy, and reads no more of an answer than its length.
_CLIENT = """
import socket, sys, time
host, port, seconds, connections, path = sys.argv[1:]
port, seconds, connections = int(port), float(seconds), int(connections)
ask = f"GET {path} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n".encode()
socks = [socket.create_connection((host, port)) for _ in range(connections)]
room, count = bytearray(1 << 20), 0
for sock in socks:
    sock.sendall(ask)
end = time.perf_counter() + seconds
while time.perf_counter() < end:
    for sock in socks:
        head = b""
        while b"\\r\\n\\r\\n" not in head:
            head += sock.recv(1 << 18)
        head, _, body = head.partition(b"\\r\\n\\r\\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(head.decode())
        left = int(head.lower().partition(b"content-length: ")[2].split(b"\\r\\n")[0]) - len(body)
        while left:
            left -= sock.recv_into(room, left)
        sock.sendall(ask)
        count += 1
print(count / seconds)
"""


# The floor: the same framework, server and encoder, and one page that is in memory.
_BARE = """
import asyncio, pathlib, socket, sys
import msgspec, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
body = pathlib.Path(sys.argv[1]).read_bytes()
async def page(request):
    return Response(body, media_type="application/json")
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(f"listening on http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)
sock = socket.socket()
sock.bind(("127.0.0.1", 0))
app = Starlette(routes=[Route("/page", page)])
config = uvicorn.Config(app, http="h11", loop="asyncio", ws="none", lifespan="off", log_config=None, access_log=False)
asyncio.run(Server(config).serve(sockets=[sock]))
"""


def served(path: Path) -> list[str]:
    """The words that start a server."""
    return [sys.executable, "-m", "jamserver", "run", "--db", str(path), "--port", "0"]


def bare(page: Path) -> list[str]:
    """The words that start the floor."""
    return [sys.executable, "-c", _BARE, str(page)]


@contextlib.contextmanager
def apart(words: list[str]) -> Iterator[tuple[str, str]]:
    """(host, port) of a server in a process of its own."""
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            host, _, port = server.stdout.readline().split()[-1].removeprefix("http://").rpartition(":")
            yield host, port
        finally:
            server.terminate()


def answers(host: str, port: str, path: str, seconds: float = 2.0) -> float:
    """Answers a second to a client in a third process, over four connections that stay open."""
    words = [sys.executable, "-c", _CLIENT, host, port, str(seconds), "4", path]
    return float(subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout)


def built(path: Path) -> float:
    """Pages of 200 a second, without HTTP, when each is decoded to objects and encoded anew: what stored JSON saves."""
    with contextlib.closing(connect(path)) as db:
        begin, count = time.perf_counter(), 0
        while time.perf_counter() - begin < 1:
            found = list(db.execute("SELECT data FROM posts ORDER BY seq LIMIT 200"))
            msgspec.json.encode({"items": [json.loads(row[0]) for row in found]})  # type: ignore[arg-type]
            count += 1
        return count / (time.perf_counter() - begin)


async def deliveries(path: Path, token: str, forum: str, streams: int, count: int = 50) -> tuple[float, float]:
    """(p50, p99) in milliseconds from before a post is sent until the last of ``streams`` readers has it."""
    async with running(path, Settings(streams_per_person=streams, writes=10**9, day_writes=10**9)) as (host, port):
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


def start_up(words: list[str]) -> float:
    """Milliseconds of a server, from nothing to "listening"."""
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
    page = ground.folder / "page.json"
    with apart(served(path)) as (host, port):
        page.write_bytes(urllib.request.urlopen(f"http://{host}:{port}/api/v1/posts?limit=200").read())
        changes = middle(answers(host, port, "/api/v1/changes?limit=200") for _ in range(ground.runs))
        listed = middle(answers(host, port, "/api/v1/posts?limit=200") for _ in range(ground.runs))
    with apart(bare(page)) as (host, port):
        memory = middle(answers(host, port, "/page") for _ in range(ground.runs))
    decoded = Beside("decoded and encoded, without HTTP", middle(built(path) for _ in range(ground.runs)))
    floor = Beside("bare Starlette, the page in memory", memory)
    starts: dict[str, list[float]] = {"bare": [], "jamserver": []}
    for kind in shuffled(starts, ground.runs):
        starts[kind].append(start_up(bare(page) if kind == "bare" else served(path)))
    bare_start = Beside("bare Starlette, uvicorn and msgspec", middle(starts["bare"]))
    p50, p99 = asyncio.run(deliveries(path, token, forum, streams))
    assert alone.value is not None
    return [
        Figure(
            "server", f"durable posts a second, {CONNECTIONS} writers", middle(rates["grouped"]), "/s",
            (Goal(2 * alone.value, "2 x one by one", at_least=True),), (alone,),
        ),
        Figure(
            "server", "pages of 200 posts a second over HTTP, stored JSON", listed, "/s",
            (Goal(5_100, "on the machine of the budgets", at_least=True),), (floor,), (decoded,),
        ),
        Figure("server", "pages of 200 changes a second over HTTP", changes, "/s"),
        Figure("server", f"post to the last of {streams} streams, p50", p50),
        Figure("server", f"post to the last of {streams} streams, p99", p99),
        Figure(
            "server", "start to listening", middle(starts["jamserver"]), "ms", (Goal.times(1.5, bare_start),),
            (bare_start,),
        ),
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
