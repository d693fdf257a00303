"""Lists: from a key to the end of its frame in a forum of 50,000 threads and in one of 1,000, on a real pty.

    python benchmarks/bench_lists.py [--peers]

Beside it a bare Textual app in which a key changes one line, Textual's own lists of 50,000 rows, and the peers on the
posts of the same Jam. All programs run at the same time and are given keys in turn, 20 at a time, in no order: what
disturbs the machine disturbs them all. The list of jamtui scrolls a line with each key once its cursor is at the end
of the view; that is part of the figures.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import peers
from benchmarks.figures import Beside, Figure, Goal, Ground, percentile, table
from benchmarks.programs import OPTIONS, ROOT, TABLE, Program, Stand, bare, jamtui
from benchmarks.pty_timing import Terminal, Took, environment

BURST, ROUNDS = 20, 10
LARGE, SMALL = 50_000, 1_000


def big_forum(folder: Path, threads: int) -> Path:
    """A Jam with ``threads`` threads of one post in a forum, some more with answers, and one thread of 3,000."""
    path = folder / f"forum-of-{threads}.jsonl"
    if not path.exists():
        words = ["--posts", str(threads + 4_000), "--big-forum", str(threads), "--big-thread", "3000", "--seed", "1"]
        generate = [sys.executable, "-m", "jamserver", "generate", *words, "-o", str(path)]
        subprocess.run(generate, check=True, cwd=ROOT)
    return path


def in_forum(home: Path, archive: Path) -> Program:
    """jamtui, which keeps nothing of what is read, with a key from the list of threads of the first forum. The archive
    was indexed by another process before: what that needs would be counted to the memory of the list."""
    program = jamtui(home, "open", str(archive), "--explore", ready="Forums")
    home.mkdir(parents=True, exist_ok=True)
    index = [*program.argv[:-1], "--index-only"]
    subprocess.run(index, env=environment(home, **program.more), check=True, stdout=subprocess.DEVNULL)

    def opened(terminal: Terminal) -> None:
        terminal.settle(0.5)
        terminal.send("\r")
        terminal.wait_for("↩")
        terminal.settle(0.5)

    return Program(program.argv, home, program.ready, program.more, open=opened)


def keys_in_turn(
    programs: Mapping[str, Program], keys: Mapping[str, str]
) -> tuple[dict[str, list[Took]], dict[str, float]]:
    """Each program with many times its key; what each took, and what memory it had then. Programs that do not start,
    or do nothing on a key, are not in the answer."""
    took: dict[str, list[Took]] = {}
    with contextlib.ExitStack() as stack:
        terminals: dict[str, Terminal] = {}
        for name, program in programs.items():
            terminal = stack.enter_context(program.start())
            try:
                terminal.wait_for(program.ready, 120)
                program.open(terminal)
                for _ in range(BURST):  # what only the first keys cost is no part of the figures
                    terminal.key(keys[name])
            except RuntimeError as error:
                print(f"{name} cannot be measured: {error}", file=sys.stderr)
                continue
            terminals[name], took[name] = terminal, []
        for _ in range(ROUNDS):
            for name in random.sample(list(terminals), len(terminals)):
                took[name] += [terminals[name].key(keys[name]) for _ in range(BURST)]
        memory = {name: terminal.memory() for name, terminal in terminals.items()}
    return took, memory


def beside(name: str, took: Mapping[str, list[Took]], part: float, what: str, note: str = "") -> Beside:
    if name not in took:
        return Beside(name, None, note or "could not be measured")
    return Beside(name, percentile([getattr(one, what) for one in took[name]], part), note)


def figures(ground: Ground) -> list[Figure]:
    ground.folder.mkdir(exist_ok=True)
    archives = {count: big_forum(ground.folder, count) for count in (LARGE, SMALL)}
    stand = Stand(ground, archives[LARGE])
    mine, few, key = f"list of {LARGE:,}", f"list of {SMALL:,}", "a bare key"
    programs = {
        mine: in_forum(ground.folder / "large", archives[LARGE]),
        few: in_forum(ground.folder / "small", archives[SMALL]),
        key: bare(ground.folder),
        "OptionList": bare(ground.folder, OPTIONS, LARGE, "row-5 "),
        "DataTable": bare(ground.folder, TABLE, LARGE, "row-5 "),
    }
    others = {"neomutt": stand.neomutt(), "newsboat": stand.newsboat(), "slrn": stand.slrn()}
    programs |= {name: program for name, program in others.items() if program is not None}
    absent = {name: ground.missing(name) for name, program in others.items() if program is None}
    took, memory = keys_in_turn(programs, {name: program.down for name, program in programs.items()})
    paged, _ = keys_in_turn(
        {name: programs[name] for name in (mine, "neomutt") if name in programs},
        {name: program.page for name, program in programs.items()},
    )

    def along(seen: Mapping[str, list[Took]], part: float, what: str) -> tuple[Beside, ...]:
        names = [name for name in ("OptionList", "DataTable", *others) if name in programs or name in absent]
        return tuple(absent.get(name) or beside(name, seen, part, what) for name in names)

    told: list[Figure] = []
    for what, words in (("wall", "key to frame"), ("cpu", "processor time of a key")):
        floor, mutt = beside(key, took, 0.5, what), beside("neomutt", took, 0.5, what)
        small = beside(few, took, 0.5, what)
        goals = (Goal.times(1.2, floor), Goal.times(2, mutt))
        value = beside(mine, took, 0.5, what).value
        told += [
            Figure("lists", f"{words}, {mine}, p50", value, "ms", goals, (floor,), along(took, 0.5, what)),
            Figure(
                "lists", f"{words}, {mine}, p95", beside(mine, took, 0.95, what).value, "ms", (Goal(6),),
                (beside(key, took, 0.95, what),), along(took, 0.95, what),
            ),
            Figure(
                "lists", f"{words}, {LARGE:,} threads against {SMALL:,}, p50",
                value / small.value if value and small.value else None, "x", (Goal(1.3),),
            ),
        ]  # fmt: skip
    told.append(
        Figure(
            "lists", f"page to frame, {mine}, p50", beside(mine, paged, 0.5, "wall").value, "ms", (),
            (beside(key, took, 0.5, "wall"),), (absent.get("neomutt") or beside("neomutt", paged, 0.5, "wall"),),
        )
    )  # fmt: skip
    told.append(
        Figure(
            "lists", f"memory (PSS), {mine}", memory.get(mine), "MiB", (), (Beside("bare Textual", memory.get(key)),),
            tuple(absent.get(name) or Beside(name, memory.get(name)) for name in ("OptionList", "DataTable", *others)),
        )
    )  # fmt: skip
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", action="store_true", help="beside the peers that are installed")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Console(width=None if sys.stdout.isatty() else 200).print(
            table(figures(Ground(Path(folder), Path(), peers=peers.find() if words.peers else {})))
        )


if __name__ == "__main__":
    main()
