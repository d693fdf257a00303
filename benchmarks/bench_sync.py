"""Cold sync: a real server, a real client, an empty mirror.

    python benchmarks/bench_sync.py [--posts 46000] [--archive FILE] [--runs 3]

Prints, for the generated Jam and for an archive if one is given: seconds until the first posts can be read, seconds
until the mirror is whole, the same beside the plain table alone and beside pages of 200 with triggers (both without any
network, see bench_load.py), and the memory of the process.
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

sys.path.insert(0, str(Path(__file__).parents[1]))

from api_client.client import JamClient
from benchmarks.bench_load import measured, pages_with_triggers, table_alone
from jamtui.archive import Post, open_archive, read
from jamtui.model import Changed
from jamtui.paths import Home
from jamtui.session import prepare
from jamtui.store import registry
from jamtui.sync.network import once


def now() -> datetime:
    return datetime.now(UTC)


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
            rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        finally:
            server.terminate()
            server.wait()
    with open_archive(archive) as stream:
        posts = [(record.data, record.raw) for record in read(stream) if isinstance(record.data, Post)]
    table = statistics.median(measured(lambda at: table_alone(at, posts)) for _ in range(runs)) / 1000
    pages = statistics.median(measured(lambda at: pages_with_triggers(at, posts)) for _ in range(runs)) / 1000
    first, whole = (statistics.median(column) for column in zip(*samples, strict=True))
    print(
        f"{name}: first rows {first * 1000:.0f} ms, whole mirror {whole:.2f} s, "
        f"table alone {table:.2f} s (ratio {whole / table:.1f}), "
        f"pages of 200 with triggers {pages:.2f} s (ratio {whole / pages:.2f}), peak memory {rss:.0f} MiB"
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
