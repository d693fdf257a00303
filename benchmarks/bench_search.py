"""Search: raw queries on a mirror of 46,000 posts, key to frame while typing, ripgrep beside it where it is installed.

    python benchmarks/bench_search.py [--posts 46000] [--archive FILE]

A key is a character put into the line of the search screen, 120 x 40, without the terminal: from there until the list
of its hits is drawn. Raw queries are those of the threads, one after the other. Times in ms.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.figures import Beside, Figure, Goal, Ground, percentile, table
from benchmarks.programs import Stand, keep
from jamtui.app import JamApp
from jamtui.model import Found
from jamtui.paths import Home
from jamtui.session import Session
from jamtui.store import registry, rows, search
from jamtui.store.searcher import AT_ONCE, PAGE, WHOLE
from screens.search import Search
from widgets.fields import Field
from widgets.lists import HitList

TYPED = ("pilot project", "the team", "what about customers", "a", "tag:gov idea", "coffee -tea", "social business")
COMMON, RARE = "the ", "pilot "


def now() -> datetime:
    return datetime.now(UTC)


def both(what: str, times: Sequence[float], goal: Goal | None = None, peers: tuple[Beside, ...] = ()) -> list[Figure]:
    """Median and 95th percentile of some times; the goal is about the latter."""
    return [
        Figure("search", f"{what}, p50", percentile(times, 0.5)),
        Figure("search", f"{what}, p95", percentile(times, 0.95), goals=(goal,) if goal else (), peers=peers),
    ]


def measured(act: Callable[[], object]) -> float:
    begin = time.perf_counter()
    act()
    return (time.perf_counter() - begin) * 1000


def raw(jam: registry.KnownJam) -> list[Figure]:
    reader = rows.Rows(rows.connect(jam.mirror, jam.own), jam.me)
    moment = now()
    typed = [text[:end] for text in TYPED for end in range(1, len(text) + 1)]

    def first(text: str) -> Found:
        return next(search.first(reader, text, moment, AT_ONCE, PAGE))

    def best(text: str) -> Found:
        return search.whole(reader, text, moment, "best", WHOLE, PAGE)

    for text in typed:  # warm
        first(text)
    told = both(
        "query alone, each key of some typing: first page", [measured(partial(first, text)) for text in typed * 3]
    )
    for name, text in (("common", COMMON), ("rare", RARE)):
        told += both(
            f"query alone, {name} word: newest first, a page", [measured(partial(first, text)) for _ in range(30)]
        )
        told += both(f"query alone, {name} word: all, best first", [measured(partial(best, text)) for _ in range(15)])
    reader.db.close()
    return told


async def typing(jam: registry.KnownJam, peers: tuple[Beside, ...]) -> list[Figure]:
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
    session.close()
    return [
        *both("key to frame while typing, without the terminal", times, Goal(10), peers),
        *both("meanwhile the event loop is behind by", behind),
    ]


def ripgrep(archive: Path, runs: int) -> Beside:
    """One word looked for in the archive by a program of its own."""
    program = shutil.which("rg")
    if not program:
        return Beside("ripgrep over the archive", None, "not installed")
    command = [program, "-c", "-i", "-w", "pilot", str(archive)]
    times = [measured(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=False)) for _ in range(runs)]
    return Beside("ripgrep over the archive", percentile(times, 0.5))


def neomutt(ground: Ground) -> Beside:
    """The same word looked for in all bodies of the same posts."""
    program = Stand(ground, ground.archive).neomutt()
    name = "neomutt, all bodies"
    if program is None:
        return replace(ground.missing("neomutt"), name=name)
    with program.start() as terminal:
        terminal.wait_for(program.ready, 120)
        terminal.settle()
        begin = terminal.now()
        terminal.send("l~b pilot\r")
        took = terminal.wait_for(lambda screen: re.search(r"Msgs:\d+/\d+", screen) is not None, 300, since=begin)
    return Beside(name, took.wall)


def figures(ground: Ground) -> list[Figure]:
    jam = keep(Home.from_env({"JAMTUI_HOME": str(ground.folder / "search")}), ground.archive)
    queries = raw(jam)
    return [*asyncio.run(typing(jam, (ripgrep(ground.archive, ground.runs), neomutt(ground)))), *queries]


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
        Console().print(table(figures(Ground(Path(folder), archive))))


if __name__ == "__main__":
    main()
