"""Cold sync: a real server, a real client, an empty mirror.

    python benchmarks/bench_sync.py [--posts 46000] [--archive FILE] [--runs 3]

Prints, for the generated Jam and for an archive if one is given: seconds until the first posts can be read, seconds
until the mirror is whole, the same beside loading the plain table alone, and the memory of the process.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import apsw

from api_client.client import JamClient
from jamtui.archive import Post, open_archive, read
from jamtui.model import Changed
from jamtui.paths import Home
from jamtui.session import prepare
from jamtui.store import registry
from jamtui.sync.network import once


def now() -> datetime:
    return datetime.now(UTC)


def table_alone(archive: Path) -> float:
    """Seconds to put the posts into one table without any index, from records that are parsed already."""
    with open_archive(archive) as stream:
        rows = [(r.data.id, r.raw) for r in read(stream) if isinstance(r.data, Post)]
    with tempfile.TemporaryDirectory() as folder:
        db = apsw.Connection(str(Path(folder) / "t.sqlite"))
        db.pragma("journal_mode", "WAL")
        db.execute("CREATE TABLE posts(id TEXT PRIMARY KEY, raw BLOB)")
        begin = time.perf_counter()
        with db:
            db.executemany("INSERT INTO posts VALUES (?, ?)", rows)
        return time.perf_counter() - begin


def cold(origin: str) -> tuple[float, float]:
    """(seconds to the first rows, seconds to the whole mirror) of one cold sync."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home.from_env({"JAMTUI_HOME": folder})
        jam = registry.for_server(home, origin, "bench", "Bench")
        registry.remember(home, jam)
        prepare(jam, now())
        first: list[float] = []
        begin = time.perf_counter()

        def notify(changed: Changed) -> None:
            if changed.everything and not first:
                first.append(time.perf_counter() - begin)

        async def run() -> None:
            async with JamClient(origin) as client:
                await once(jam, client, now=now, rng=random.Random(1), progress=lambda *_: None, notify=notify)

        asyncio.run(run())
        return first[0], time.perf_counter() - begin


def measure(name: str, archive: Path, runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = Path(folder) / "jam.sqlite"
        subprocess.run([sys.executable, "-m", "jamserver", "import", str(archive), "--db", str(db)], check=True)
        server = subprocess.Popen(
            [sys.executable, "-m", "jamserver", "run", "--db", str(db), "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            origin = server.stdout.readline().split()[-1]
            samples = [cold(origin) for _ in range(runs)]
        finally:
            server.terminate()
            server.wait()
    table = statistics.median(table_alone(archive) for _ in range(runs))
    first, whole = (statistics.median(column) for column in zip(*samples, strict=True))
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: first rows {first * 1000:.0f} ms, whole mirror {whole:.2f} s, "
        f"table alone {table:.2f} s (ratio {whole / table:.1f}), peak memory {rss:.0f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=46_000)
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    words = parser.parse_args()
    if words.archive:
        measure(words.archive.name, words.archive, words.runs)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "generated.jsonl"
        subprocess.run(
            [
                sys.executable,
                "-m",
                "jamserver",
                "generate",
                "--posts",
                str(words.posts),
                "--seed",
                "1",
                "-o",
                str(made),
            ],
            check=True,
        )
        measure(f"{words.posts:,} generated posts", made, words.runs)


if __name__ == "__main__":
    main()
