"""Syncing: a real server in a process of its own, a real client, an empty mirror; then one that was away for a week.

    python benchmarks/bench_sync.py [--posts 46000] [--archive FILE] [--runs 3]

Told are the time until the first posts can be read, until the mirror is whole, beside pages of 200 with triggers
(without any network, see bench_load.py), and the requests and the time of a mirror that comes back.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import random
import resource
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import apsw
import httpx
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from api_client.client import JamClient
from benchmarks.bench_load import (
    WEEK,
    pages_with_triggers,
    posts_of,
    read_lines,
    table_alone,
    taken,
    used,
    week,
)
from benchmarks.figures import Beside, Figure, Goal, Ground, middle, table
from jamtui.model import Changed
from jamtui.paths import Home
from jamtui.store import connection, mirror, registry
from jamtui.store.opening import prepare
from jamtui.store.registry import KnownJam
from jamtui.sync.once import once

SHARED = 5.0  # seconds for which a server shares a snapshot: a cold sync waits until it is made anew


def now() -> datetime:
    return datetime.now(UTC)


class Counting(httpx.AsyncBaseTransport):
    """The real transport, which counts what is asked for."""

    def __init__(self) -> None:
        self.count = 0
        # Trusts nobody, as the client does on the way to this machine: certificates take longer to read than an answer.
        self._inner = httpx.AsyncHTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def known(folder: str, origin: str) -> KnownJam:
    home = Home.from_env({"JAMTUI_HOME": folder})
    jam = registry.for_server(home, origin, "bench", "Bench")
    registry.remember(home, jam)
    prepare(jam, now())
    return jam


class Synced(NamedTuple):
    """One sync: milliseconds to the first rows and in all, of processor time in all, requests."""

    first: float
    wall: float
    cpu: float
    asked: int


def synced(jam: KnownJam, origin: str) -> Synced:
    first: list[float] = []
    counting = Counting()
    begin, used = time.perf_counter(), time.process_time()

    def notify(changed: Changed) -> None:
        if changed.everything and not first:
            first.append((time.perf_counter() - begin) * 1000)

    async def run() -> None:
        async with JamClient(origin, transport=counting) as client:
            await once(jam, client, now=now, rng=random.Random(1), progress=lambda *_: None, notify=notify)

    asyncio.run(run())
    whole, cpu = (time.perf_counter() - begin) * 1000, (time.process_time() - used) * 1000
    return Synced(first[0] if first else whole, whole, cpu, counting.count)


@contextlib.contextmanager
def serving(archive: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    db = folder / "server.sqlite"
    subprocess.run([sys.executable, "-m", "jamserver", "import", str(archive), "--db", str(db)], check=True)
    words = [sys.executable, "-m", "jamserver", "run", "--db", str(db), "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[-1], db
        finally:
            server.terminate()


def cold(origin: str) -> Synced:
    with tempfile.TemporaryDirectory() as folder:
        return synced(known(folder, origin), origin)


def returning(origin: str, lines: Sequence[bytes], missing: int, db: Path) -> Synced:
    """A mirror without the last ``missing`` objects of the server's log, which are posts."""
    with tempfile.TemporaryDirectory() as folder:
        jam = known(folder, origin)
        with contextlib.closing(apsw.Connection(str(db), flags=apsw.SQLITE_OPEN_READONLY)) as server:
            seq, mark = next(iter(server.execute("SELECT seq, mark FROM changes ORDER BY seq DESC LIMIT 1")))
            seq = int(seq) - missing  # type: ignore[arg-type]
            mark = next(iter(server.execute("SELECT mark FROM changes WHERE seq = ?", (seq,))))[0]
        with contextlib.closing(connection.connect(jam.mirror, mirror.SCHEMA)) as local:
            load = mirror.Loading(mirror.Mirror(local), f"{seq}-{mark}")
            for line in lines[: len(lines) - missing]:
                load.feed(line)
            load.finish("2026-01-01T00:00:00.000Z")
        gc.collect()
        return synced(jam, origin)


def figures(ground: Ground) -> list[Figure]:
    lines = read_lines(ground.archive)
    posts = posts_of(lines)
    gc.freeze()
    colds, nothing, weeks, alone, paged, inserted = ([] for _ in range(6))
    with serving(ground.archive, ground.folder) as (origin, db):
        cold(origin)  # httpx is imported, and the server's pages are in the system's cache
        for _ in range(ground.runs):
            time.sleep(SHARED)
            colds.append(cold(origin))
            alone += taken(lambda at: table_alone(at, posts))
            paged += taken(lambda at: pages_with_triggers(at, posts))
            nothing.append(returning(origin, lines, 0, db))
            inserted += taken(lambda at: week(at, lines, False))
            weeks.append(returning(origin, lines, WEEK, db))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    def beside(name: str, took: Sequence[tuple[float, float]]) -> Beside:
        return Beside(name, middle(wall for wall, _ in took), used(took))

    def both(took: Sequence[Synced]) -> list[tuple[float, float]]:
        return [(one.wall, one.cpu) for one in took]

    pages, apart = beside("pages of 200 with triggers", paged), beside("rows and words alone", inserted)
    whole, week_of = middle(one.wall for one in colds), middle(one.wall for one in weeks)
    return [
        Figure(
            "sync", f"cold sync of {len(posts):,} posts", whole, "ms", (Goal.times(0.3, pages),),
            (beside("table alone", alone),), (pages,), f"{used(both(colds))}, {memory:.0f} MiB with the Jam in memory",
        ),
        Figure("sync", "its first posts can be read", middle(one.first for one in colds), "ms", (Goal(50),)),
        Figure("sync", "back, nothing is new: requests", max(one.asked for one in nothing), "", (Goal(1),)),
        Figure("sync", "back, nothing is new", middle(one.wall for one in nothing), note=used(both(nothing))),
        Figure("sync", f"back, {WEEK:,} new posts: requests", max(one.asked for one in weeks), "", (Goal(1),)),
        Figure(
            "sync", f"back, {WEEK:,} new posts", week_of, "ms", (Goal.times(1.5, apart),), (apart,),
            note=used(both(weeks)),
        ),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=46_000)
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive = words.archive or Path(folder) / "generated.jsonl"
        if not words.archive:
            make = [sys.executable, "-m", "jamserver", "generate", "--posts", str(words.posts), "--seed", "1"]
            subprocess.run([*make, "-o", str(archive)], check=True)
        Console().print(table(figures(Ground(Path(folder), archive, words.runs))))


if __name__ == "__main__":
    main()
