"""Start: processor time and memory until the first text of the Jam is on a real pty, beside a bare Textual app.

    python benchmarks/bench_start.py [ARCHIVE]

ARCHIVE is a Jam of any size; without it 46,000 posts are generated. It is indexed once, before anything is measured.
The terminal is 120 x 40. The runs are shuffled, since a fixed order flatters; medians of five.
The place is the one that a new mirror opens with, the list of forums, not a thread: the last place is not measured.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

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


def started(argv: list[str], env: dict[str, str], marker: bytes) -> tuple[float, float]:
    """Processor ms of all living threads, and PSS in MiB, when `marker` has come through the pty."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    child = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=ROOT, start_new_session=True)
    os.close(slave)
    seen, end = b"", time.monotonic() + 60
    try:
        while marker not in seen:
            if time.monotonic() > end or not select.select([master], [], [], 60)[0]:
                raise SystemExit(f"no {marker!r} from {argv}; the last of it: {seen[-400:]!r}")
            seen += os.read(master, 65536)
        proc = Path("/proc") / str(child.pid)
        spent = sum(int((task / "schedstat").read_text().split()[0]) for task in (proc / "task").iterdir())
        lines = (proc / "smaps_rollup").read_text().splitlines()
        return spent / 1e6, next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        os.close(master)


def figures(ground: Ground) -> list[Figure]:
    archive = ground.archive
    env = {**os.environ, "JAMTUI_HOME": str(ground.folder / "home"), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    with archive.open(encoding="utf-8") as lines:
        jam = next(lines)
        forum = next(record for record in map(json.loads, lines) if record["type"] == "forum")
    marker = forum["data"]["title"].split()[0].encode()
    assert json.loads(jam)["type"] == "jam"
    ways = {
        "bare Textual": ([sys.executable, "-c", BARE], b"ready-frame"),
        "jamtui": ([sys.executable, "-m", "jamtui", "open", str(archive)], marker),
    }
    for argv, wanted in ways.values():
        started(argv, env, wanted)  # indexes, and writes the bytecode
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for name in shuffled(ways, ground.runs):
        argv, wanted = ways[name]
        seen[name].append(started(argv, env, wanted))
    told = []
    for at, (what, unit) in enumerate((("processor time", "ms"), ("memory (PSS)", "MiB"))):
        bare = Beside("bare Textual", middle(one[at] for one in seen["bare Textual"]))
        value = middle(one[at] for one in seen["jamtui"])
        told.append(Figure("start", f"to the first text: {what}", value, unit, (Goal.times(1.15, bare),), (bare,)))
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
