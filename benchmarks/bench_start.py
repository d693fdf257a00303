"""Start: until the last screen is painted, and until the first frame is live, on a real pty, beside a bare Textual app.

    python benchmarks/bench_start.py [ARCHIVE]

ARCHIVE is a Jam of any size; without it 46,000 posts are generated. A real server has it, a guest has mirrored it and
is off line when jamtui is started without words, as one starts it each day. The terminal is 120 x 40. The runs are
shuffled, since a fixed order flatters; medians of five. Two places are started in: the list of forums, and the middle
of a thread. A frame is live when the program has the terminal and the place is drawn; processor time is that of all
its threads, wall time is that of a busy machine. Each run is left by a key, so that the next finds a screen to paint.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.figures import Beside, Figure, Goal, Ground, middle, shuffled, table

ROOT = Path(__file__).parents[1]
BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("ready-frame")
Bare().run()
"""
TAKEN = b"\x1b[?1004h"  # the full screen has the terminal: it asks to be told of the focus
LEAVE = b"\x11"


class Run(NamedTuple):
    """Of one start: ms of wall time until something was seen, ms of processor and MiB (PSS) until it was live."""

    seen: float
    live: float
    memory: float


class Program:
    """A program on a pty of its own."""

    def __init__(self, argv: list[str], env: dict[str, str]) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.output = b""
        self.begin = time.perf_counter()
        self.child = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=ROOT, start_new_session=True
        )
        os.close(slave)

    def wait_for(self, text: bytes, after: int = 0) -> float:
        """Ms since the start when ``text`` had come; what came before the byte ``after`` does not count."""
        end = time.monotonic() + 60
        while text not in self.output[after:]:
            if time.monotonic() > end or not select.select([self.master], [], [], 60)[0]:
                raise SystemExit(f"no {text!r}; the last of it: {self.output[-400:]!r}")
            self.output += os.read(self.master, 65536)
        return (time.perf_counter() - self.begin) * 1000

    def wait_live(self, text: bytes) -> None:
        self.wait_for(TAKEN)
        self.wait_for(text, self.output.index(TAKEN))

    def spent(self) -> tuple[float, float]:
        """Ms of processor of all living threads, and PSS in MiB."""
        proc = Path("/proc") / str(self.child.pid)
        spent = sum(int((task / "schedstat").read_text().split()[0]) for task in (proc / "task").iterdir())
        lines = (proc / "smaps_rollup").read_text().splitlines()
        return spent / 1e6, next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024

    def press(self, *keys: bytes) -> None:
        for key in keys:
            os.write(self.master, key)

    def leave(self) -> None:
        self.press(LEAVE)
        with contextlib.suppress(OSError):  # it is gone
            while os.read(self.master, 65536):
                pass
        self.child.wait(60)
        os.close(self.master)


def started(argv: list[str], env: dict[str, str], marker: bytes) -> Run:
    program = Program(argv, env)
    seen = program.wait_for(marker)
    program.wait_live(marker)
    run = Run(seen, *program.spent())
    program.leave()
    return run


@contextlib.contextmanager
def guest(ground: Ground, name: str) -> Iterator[dict[str, str]]:
    """The environment of a guest whose home has the Jam; the server is gone by then."""
    env = {**os.environ, "JAMTUI_HOME": str(ground.folder / name), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    db = ground.folder / f"{name}.sqlite"

    def run(*words: str) -> None:
        subprocess.run([sys.executable, "-m", *words], check=True, env=env, cwd=ROOT, capture_output=True)

    run("jamserver", "import", str(ground.archive), "--db", str(db))
    server = subprocess.Popen(
        [sys.executable, "-m", "jamserver", "run", "--db", str(db), "--port", "0"],
        stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        origin = server.stdout.readline().split()[-1]
        run("jamtui", "login", origin, "--guest")
        run("jamtui", "sync")
    finally:
        server.terminate()
        server.communicate()
    yield env


def figures(ground: Ground) -> list[Figure]:
    jamtui = [sys.executable, "-m", "jamtui"]
    forums, thread = b"Forums", b"Participant"
    with guest(ground, "start-forums") as at_forums, guest(ground, "start-thread") as at_thread:
        first = Program(jamtui, at_thread)
        first.wait_live(forums)
        first.press(b"\r")
        first.wait_for(b"threads")
        first.press(b"\r")
        first.wait_for(b"back", len(first.output))
        first.leave()
        opened = Program(jamtui, at_thread)  # finds the words that this thread shows
        opened.wait_live(b"new")
        opened.leave()
        thread = b"posts"
        ways = {
            "bare Textual": ([sys.executable, "-c", BARE], at_forums, b"ready-frame"),
            "the forums": (jamtui, at_forums, forums),
            "a thread": (jamtui, at_thread, thread),
        }
        for way in ways.values():
            started(*way)  # writes the bytecode, and the screen to paint
        runs: dict[str, list[Run]] = {name: [] for name in ways}
        for name in shuffled(ways, ground.runs):
            runs[name].append(started(*ways[name]))

    def beside(field: str) -> Beside:
        return Beside("bare Textual", middle(getattr(run, field) for run in runs["bare Textual"]))

    seen, live, memory = (beside(field) for field in Run._fields)
    told = []
    for place in ("the forums", "a thread"):
        told.append(
            Figure(
                "start", f"{place}: painted, wall time", middle(run.seen for run in runs[place]), "ms",
                (Goal.times(0.10, seen),), (seen,),
            )
        )  # fmt: skip
        told.append(
            Figure(
                "start", f"{place}: first live frame, processor", middle(run.live for run in runs[place]), "ms",
                (Goal.times(1.15, live),), (live,),
            )
        )  # fmt: skip
        told.append(
            Figure(
                "start", f"{place}: memory (PSS)", middle(run.memory for run in runs[place]), "MiB",
                (Goal.times(1.15, memory),), (memory,),
            )
        )  # fmt: skip
    return told


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(sys.argv[1] if sys.argv[1:] else f"{folder}/jam.jsonl")
        if not sys.argv[1:]:
            generate = ["generate", "--posts", "46000", "--seed", "1", "-o", str(archive)]
            subprocess.run([sys.executable, "-m", "jamserver", *generate], check=True, cwd=ROOT)
        Console().print(table(figures(Ground(Path(folder), archive.resolve()))))


if __name__ == "__main__":
    main()
