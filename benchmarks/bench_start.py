"""Start: until the last place stands on a real pty of 120 x 40, beside bare Textual and the peers on the same posts.

    python benchmarks/bench_start.py [ARCHIVE] [--peers] [--runs 5]

ARCHIVE is a Jam of any size; without it 46,000 posts are generated. Its mirror is made before anything is measured, and
was left at its longest thread: that is what a start shows. The live frame is the first that Textual has
finished with the place on it, the first paint is when the place could first be read. Peers that need a server have
none: what their first frame shows stands beside their figure. The runs are shuffled, since a fixed order flatters.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import peers
from benchmarks.bench_threads import first_words, longest
from benchmarks.figures import Beside, Figure, Goal, Ground, middle, shuffled, table
from benchmarks.programs import ROOT, Program, Stand, bare, jamtui, keep
from benchmarks.pty_timing import Took, environment
from jamtui.paths import Home

MINE, PAINT, BARE = "jamtui", "jamtui's first paint", "bare Textual"
PYPI = ("toot", "tooi", "posting", "harlequin")


def at_last_place(home: Path, archive: Path) -> Program:
    """jamtui as it is started with no words, on a Jam whose server is away; it was left at its longest thread."""
    keep(Home.from_env({"JAMTUI_HOME": str(home / "jamtui")}), archive)
    thread = longest(archive)
    program = jamtui(home, ready=first_words(thread))
    with program.start() as terminal:
        terminal.wait_for("Forums", 180)
        terminal.settle(1)
        for key in f":post {thread['id']}\r":
            terminal.key(key)
        terminal.wait_for(program.ready)
        terminal.settle(0.5)
        terminal.send("\x11")  # ctrl+q
        terminal.wait_for_end()
    return program


def started(name: str, program: Program) -> tuple[Took, float]:
    """One start, and the memory once it has come to rest."""
    with program.start() as terminal:
        took = terminal.wait_for(program.ready, 120, frame=name in (MINE, BARE))
        terminal.settle(0.5)
        memory = terminal.memory()
        if name in (MINE, PAINT):  # whoever leaves keeps the screen that the next start paints first
            terminal.send("\x11")  # ctrl+q
            terminal.wait_for_end()
        return took, memory


def spent(argv: list[str], env: Mapping[str, str]) -> float:
    """Milliseconds of processor time of a command."""
    pid = os.posix_spawn(argv[0], argv, dict(env), file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{argv} ended with {os.waitstatus_to_exitcode(status)}")
    return (usage.ru_utime + usage.ru_stime) * 1000


def command_line(program: Program, runs: int) -> Figure:
    """`jamtui forums --json`, its mirror there, beside Python that does nothing."""
    env = environment(program.home, **program.more)
    ways = {"python -c pass": [sys.executable, "-c", "pass"], "mine": [*program.argv, "forums", "--json"]}
    for argv in ways.values():
        spent(argv, env)
    took: dict[str, list[float]] = {name: [] for name in ways}
    for name in shuffled(ways, runs):
        took[name].append(spent(ways[name], env))
    floor = Beside("python -c pass", middle(took["python -c pass"]))
    what = "jamtui forums --json, processor time"
    return Figure("start", what, middle(took["mine"]), "ms", (Goal.times(4, floor),), (floor,))


def figures(ground: Ground) -> list[Figure]:
    ground.folder.mkdir(exist_ok=True)
    program = at_last_place(ground.folder / "start", ground.archive)
    programs = {MINE: program, PAINT: program, BARE: bare(ground.folder)}
    stand = Stand(ground, ground.archive)
    others = {
        "neomutt": stand.neomutt(),
        "neomutt, cached": stand.neomutt(cached=True),
        "newsboat": stand.newsboat(),
        "slrn": stand.slrn(),
        **{name: stand.textual(name) for name in PYPI},
    }
    programs |= {name: other for name, other in others.items() if other is not None}
    failed: dict[str, str] = {}
    for name, there in programs.items():
        try:
            started(name, there)  # writes bytecode and caches
        except RuntimeError as error:
            if name in (MINE, PAINT, BARE):
                raise
            failed[name] = str(error).splitlines()[0]
            print(f"{name} cannot be measured: {error}", file=sys.stderr)
    seen: dict[str, list[tuple[Took, float]]] = {name: [] for name in programs if name not in failed}
    for name in shuffled(seen, ground.runs):
        seen[name].append(started(name, programs[name]))

    def one(name: str, what: str) -> Beside:
        other = others.get(name)
        if name in failed:
            return Beside(name, None, failed[name])
        if name not in seen:
            return replace(ground.missing(name.partition(",")[0]), name=name)
        column = [memory if what == "memory" else getattr(took, what) for took, memory in seen[name]]
        return Beside(name, middle(column), other.note if other else "")

    told = []
    for what, words, unit in (
        ("cpu", "processor time", "ms"),
        ("wall", "wall clock", "ms"),
        ("memory", "memory (PSS)", "MiB"),
    ):
        floor, mutt = one(BARE, what), one("neomutt", what)
        goals = (Goal.times(1.15, floor), Goal.times(0.45 if what == "memory" else 0.25, mutt))
        along = tuple(one(name, what) for name in others)
        told.append(Figure("start", f"live frame, {words}", one(MINE, what).value, unit, goals, (floor,), along))
    floor = one(BARE, "cpu")
    paint = one(PAINT, "cpu").value
    told.append(Figure("start", "first paint, processor time", paint, "ms", (Goal.times(0.10, floor),), (floor,)))
    return [*told, command_line(program, ground.runs * 2)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", nargs="?", type=Path)
    parser.add_argument("--peers", action="store_true", help="beside the peers that are installed")
    parser.add_argument("--runs", type=int, default=5)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive = words.archive or Path(folder) / "jam.jsonl"
        if not words.archive:
            generate = ["generate", "--posts", "46000", "--big-thread", "3000", "--seed", "1", "-o", str(archive)]
            subprocess.run([sys.executable, "-m", "jamserver", *generate], check=True, cwd=ROOT)
        ground = Ground(Path(folder), archive.resolve(), words.runs, peers.find() if words.peers else {})
        Console(width=None if sys.stdout.isatty() else 200).print(table(figures(ground)))


if __name__ == "__main__":
    main()
