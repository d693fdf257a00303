"""Search: raw queries on a mirror of 46,000 posts, key to frame while typing, ripgrep beside it where it is installed.

    python benchmarks/bench_search.py [--posts 46000] [--archive FILE]

A key is a character put into the line of the search screen, 120 x 40, without the terminal: from there until the list
of its hits is drawn. Raw queries are those of the threads, one after the other. Times in ms.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from jamtui.app import JamApp
from jamtui.archive import open_archive, read
from jamtui.model import Found
from jamtui.paths import Home
from jamtui.session import Session, prepare
from jamtui.store import connection, mirror, registry, rows, search
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.searcher import AT_ONCE, PAGE, WHOLE
from screens.search import Search
from widgets.fields import Field
from widgets.lists import HitList

TYPED = ("pilot project", "the team", "what about customers", "a", "tag:gov idea", "coffee -tea", "social business")
COMMON, RARE = "the ", "pilot "


def now() -> datetime:
    return datetime.now(UTC)


@contextlib.contextmanager
def mirrored(archive: Path) -> Iterator[registry.KnownJam]:
    with tempfile.TemporaryDirectory() as folder:
        home = Home.from_env({"JAMTUI_HOME": folder})
        jam = registry.for_server(home, "http://127.0.0.1:9", "bench", "Bench")
        registry.remember(home, jam)
        prepare(jam, now())
        db = connection.connect(jam.mirror, mirror.SCHEMA)
        loading = Loading(Mirror(db), "1-aaaa")
        begin = time.perf_counter()
        with open_archive(archive) as stream:
            for record in read(stream):
                loading.feed_record(record)
        loading.finish("2026-01-01T00:00:00.000Z")
        print(f"{'load with full text':<46}     {(time.perf_counter() - begin) * 1000:8.0f}")
        db.close()
        yield jam


def told(name: str, times: Sequence[float]) -> None:
    ordered = sorted(times)
    p50, p95 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    print(f"{name:<46} p50 {p50:7.2f}   p95 {p95:7.2f}   max {ordered[-1]:7.2f}")


def measured(act: Callable[[], object]) -> float:
    begin = time.perf_counter()
    act()
    return (time.perf_counter() - begin) * 1000


def raw(jam: registry.KnownJam) -> None:
    reader = rows.Rows(rows.connect(jam.mirror, jam.own), jam.me)
    moment = now()
    typed = [text[:end] for text in TYPED for end in range(1, len(text) + 1)]

    def first(text: str) -> Found:
        return next(search.first(reader, text, moment, AT_ONCE, PAGE))

    def best(text: str) -> Found:
        return search.whole(reader, text, moment, "best", WHOLE, PAGE)

    for text in typed:  # warm
        first(text)
    told("query, each key of some typing: first page", [measured(lambda: first(text)) for text in typed * 3])  # noqa: B023
    for name, text in (("common word", COMMON), ("rare word", RARE)):
        told(f"query, {name}: newest first, a page", [measured(lambda: first(text)) for _ in range(30)])  # noqa: B023
        told(f"query, {name}: all, best first (bm25)", [measured(lambda: best(text)) for _ in range(15)])  # noqa: B023
    reader.db.close()


async def typing(jam: registry.KnownJam) -> None:
    session = Session(jam, clock=now, rng=random.Random(1), new_client=None)
    app = JamApp(session, reports=jam.folder, frozen=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = Search(session)
        app.call_later(app.push_screen, screen)
        await pilot.pause()
        await pilot.pause()
        gc.freeze()
        times: list[float] = []
        behind: list[float] = []

        async def heartbeat() -> None:
            while True:
                begin = time.perf_counter()
                await asyncio.sleep(0.005)
                behind.append((time.perf_counter() - begin) * 1000 - 5)

        field, shown = screen.query_one(Field), screen.query_one(HitList)
        answered = asyncio.Event()
        tell = screen._tell_count

        def told_count() -> None:
            tell()
            answered.set()

        screen._tell_count = told_count  # type: ignore[method-assign] # the last that an answer does
        beating = asyncio.create_task(heartbeat())
        for text in TYPED * 3:
            field.value = ""
            await pilot.pause()
            for end, character in enumerate(text, 1):
                begin = time.perf_counter()
                field.insert_text_at_cursor(character)
                while screen._found.text != text[:end]:
                    answered.clear()
                    await answered.wait()
                shown.render_lines(shown.size.region)
                times.append((time.perf_counter() - begin) * 1000)
                await asyncio.sleep(0.05)  # fingers
        beating.cancel()
        told("key to frame while typing", times)
        told("the event loop is behind by", behind)
    session.close()


def ripgrep(archive: Path) -> None:
    program = shutil.which("rg") or shutil.which("grep")
    if program:
        command = [program, "-c", "-i", "-w", "pilot", str(archive)]
        times = [measured(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=False)) for _ in range(7)]
        told(f"beside it: {Path(program).name} over the archive", times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=46_000)
    parser.add_argument("--archive", type=Path)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive = words.archive or Path(folder) / "generated.jsonl"
        if not words.archive:
            make = [sys.executable, "-m", "jamserver", "generate", "--posts", str(words.posts), "--seed", "1"]
            subprocess.run([*make, "-o", str(archive)], check=True)
        with mirrored(archive) as jam:
            raw(jam)
            asyncio.run(typing(jam))
        ripgrep(archive)


if __name__ == "__main__":
    main()
