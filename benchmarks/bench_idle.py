"""Idle: the client is connected, a thread is on the screen, and nothing happens in the Jam.

    python benchmarks/bench_idle.py [ARCHIVE] [--seconds 60]

ARCHIVE is a Jam of any size; without it 46,000 posts are generated. A real server, the real program on a real pty. Told
are the share of a core and the bytes sent to the terminal while nothing had to change (the server's heartbeats come
every 15 s), and, since that would be cheap with a clock that stands, how old a new post was when its age had become
"1 min". An age of hours or days that turns within the 60 s costs the bytes of its line.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.bench_live import Jam, Writers
from benchmarks.figures import Figure, Goal, Ground, table
from benchmarks.live_stage import Stage, Terminal, spent


@contextlib.contextmanager
def with_terminal(stage: Stage) -> Iterator[tuple[Jam, Terminal]]:
    jam = Jam(stage.archive)  # before the program asks its terminal what it can do: nobody would answer meanwhile
    with Terminal(stage.client(), stage.env) as terminal:
        yield jam, terminal


def measured(archive: Path | None, seconds: int = 60) -> list[Figure]:
    with Stage(archive) as stage, with_terminal(stage) as (jam, terminal):
        terminal.wait_for("● live")
        terminal.settle()
        terminal.type(f":post {jam.longest}\r")
        terminal.settle(3)
        first, sent, cpu = time.monotonic(), len(terminal.chunks), spent(terminal.pid).cpu
        terminal.pump_until(first + seconds)
        share = (spent(terminal.pid).cpu - cpu) / (time.monotonic() - first)
        drawn = sum(len(data) for _, _, data in terminal.chunks[sent:])

        post = str(uuid.uuid4())
        writers = Writers(stage, [(0, post, {"parent_id": jam.longest, "body": "What time is it?"})], 1)
        terminal.wait_for("1 unread")
        terminal.type(f":post {post}\r")
        terminal.wait_for("· now")
        written, _ = writers.wait()[0]
        turned = terminal.wait_for("· 1 min", 120).at - written
    return [
        Figure("idle", "share of one core", share * 100, "%", (Goal(0.3),)),
        Figure("idle", "bytes to the terminal", drawn, "", (Goal(0),), note=f"in {seconds} s"),
        Figure("idle", "age of a post when it was called 1 min", turned, "s"),
    ]


def figures(ground: Ground) -> list[Figure]:
    return measured(ground.archive)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, nargs="?")
    parser.add_argument("--seconds", type=int, default=60)
    words = parser.parse_args()
    Console().print(table(measured(words.archive, words.seconds)))


if __name__ == "__main__":
    main()
