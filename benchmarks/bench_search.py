"""Search: raw queries on a mirror of 46,000 posts, key to frame while typing, peers beside it.

    python benchmarks/bench_search.py [--posts 46000] [--archive FILE]

A key is a character typed into the line of the search screen on a real pty of 120 x 40: from there to the last frame
before 30 ms of silence, which has the hits (the thread beside them comes after a rest of 60 ms). Raw queries are those
of the threads, one after the other. Times in ms.
"""

from __future__ import annotations

import argparse
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
from benchmarks.programs import Stand, jamtui, keep
from benchmarks.pty_timing import Took
from jamtui.model import Found
from jamtui.paths import Home
from jamtui.store import registry, rows, search
from jamtui.store.searcher import AT_ONCE, PAGE, WHOLE

TYPED = ("pilot project", "the team", "what about customers", "a", "tag:gov idea", "coffee -tea", "social business")
RESTED = 0.03  # seconds of silence after which the hits of a key are there; the thread beside them comes later
BACKSPACE = "\x7f"
COMMON, RARE = "the ", "pilot "


def now() -> datetime:
    return datetime.now(UTC)


def both(what: str, times: Sequence[float], goal: Goal | None = None, peers: tuple[Beside, ...] = ()) -> list[Figure]:
    """Median and 95th percentile of some times; the goal is about the latter."""
    return [
        Figure("search", f"{what}, p50", percentile(times, 0.5), peers=peers),
        Figure("search", f"{what}, p95", percentile(times, 0.95), goals=(goal,) if goal else ()),
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


def typing(home: Path) -> dict[str, list[float]]:
    """Milliseconds of each key of some typing, to the last frame that it brings about: the hits are there then."""
    program = jamtui(home, "--explore", ready="Forums")
    took: list[Took] = []
    with program.start() as terminal:
        terminal.wait_for(program.ready)
        terminal.settle(1)
        terminal.key("/")
        terminal.settle(0.5)
        for text in (*TYPED, *TYPED * 3):  # the first time warms
            for character in text:
                took.append(terminal.key(character, quiet=RESTED))
                terminal.settle(0.1)
            for _ in text:
                terminal.key(BACKSPACE, quiet=RESTED)
    took = took[sum(map(len, TYPED)) :]
    return {"wall clock": [one.all for one in took], "processor time": [one.cpu for one in took]}


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
    home = ground.folder / "search"
    jam = keep(Home.from_env({"JAMTUI_HOME": str(home / "jamtui")}), ground.archive)
    beside: tuple[Beside, ...] = (ripgrep(ground.archive, ground.runs), neomutt(ground))
    told: list[Figure] = []
    for what, times in typing(home).items():
        told += both(f"key to frame while typing, {what}", times, Goal(10), beside)
        beside = ()
    return [*told, *raw(jam)]


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
