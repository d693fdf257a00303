"""A thread of 3,000 posts: opening it, a line, a page; on a real pty, beside neomutt's pager on the same posts.

    python benchmarks/bench_threads.py [--peers] [--runs 5]

Opening is from Enter on the thread in the list, before its preview is drawn, to the frame with its first post. Keys go
to jamtui, a bare Textual app and neomutt in turn. In neomutt's pager a page at the end of a post goes on to the next
post, so both read on through a thread.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import peers
from benchmarks.bench_lists import SMALL, beside, big_forum, keys_in_turn
from benchmarks.figures import Beside, Figure, Goal, Ground, middle, table
from benchmarks.programs import Program, Stand, bare, jamtui
from benchmarks.pty_timing import Terminal, Took

DOWN, PAGE, BACK = "j", "\x1b[6~", "\x1b"


def longest(archive: Path) -> dict[str, Any]:
    """The post that opens the thread with the most posts."""
    with archive.open(encoding="utf-8") as lines:
        posts = [record["data"] for record in map(json.loads, lines) if record["type"] == "post"]
    thread = Counter(post["thread_id"] for post in posts).most_common(1)[0][0]
    return next(post for post in posts if post["id"] == thread)


def reading(home: Path, archive: Path, thread: dict[str, Any]) -> Program:
    """jamtui with the thread open."""
    program = jamtui(home, "open", str(archive), "--explore", ready="Forums")

    def opened(terminal: Terminal) -> None:
        terminal.settle(0.5)
        for key in f":post {thread['id']}\r":
            terminal.key(key)
        terminal.wait_for(first_words(thread))
        terminal.settle(0.5)

    return replace(program, open=opened)


def first_words(post: dict[str, Any]) -> str:
    """The beginning of a post, as it stands on a line."""
    return " ".join(post["body"].split()[:3])


def opening(program: Program, thread: dict[str, Any], runs: int) -> list[Took]:
    """Enter on the thread in its list, to the frame with its first post."""
    found = []
    wanted = first_words(thread)
    with program.start() as terminal:
        terminal.wait_for(program.ready)
        program.open(terminal)
        terminal.key(BACK)
        terminal.settle(0.5)
        for _ in range(runs + 1):
            terminal.key("j")
            terminal.wait_for(lambda screen: wanted not in screen)
            terminal.settle(0.5)
            terminal.send("k")
            terminal.pump(0.05)  # its frame; the preview comes 60 ms after the cursor rests
            begin = terminal.now()
            terminal.send("\r")
            found.append(terminal.wait_for(wanted, since=begin))
            terminal.settle(0.5)
            terminal.key(BACK)
            terminal.settle(0.5)
    return found[1:]


def figures(ground: Ground) -> list[Figure]:
    ground.folder.mkdir(exist_ok=True)
    archive = big_forum(ground.folder, SMALL)
    thread = longest(archive)
    mine, key = "thread of 3,000", "a bare key"
    program = reading(ground.folder / "thread", archive, thread)
    programs = {mine: program, key: bare(ground.folder)}
    neomutt = Stand(ground, archive).neomutt()
    if neomutt is not None:

        def in_pager(terminal: Terminal) -> None:
            terminal.settle()
            terminal.key("\r")
            terminal.settle()

        programs["neomutt"] = replace(neomutt, open=in_pager)
    lines, memory = keys_in_turn(programs, {mine: DOWN, key: "j", "neomutt": "\r"})
    pages, _ = keys_in_turn(programs, {mine: PAGE, key: "j", "neomutt": " "})
    opened = opening(program, thread, ground.runs)

    def peer(seen: dict[str, list[Took]], part: float, what: str) -> Beside:
        return beside("neomutt", seen, part, what) if neomutt is not None else ground.missing("neomutt")

    told: list[Figure] = []
    for what, words in (("wall", "to frame"), ("cpu", "processor time")):
        floor = beside(key, lines, 0.5, what)
        took = middle(getattr(one, what) for one in opened)
        told += [
            Figure("threads", f"open the {mine}, {words}", took, "ms", (Goal(30),)),
            Figure(
                "threads", f"line, {mine}, {words}, p50", beside(mine, lines, 0.5, what).value, "ms", (), (floor,),
                (peer(lines, 0.5, what),),
            ),
            Figure("threads", f"line, {mine}, {words}, p95", beside(mine, lines, 0.95, what).value, "ms"),
            Figure(
                "threads", f"page, {mine}, {words}, p50", beside(mine, pages, 0.5, what).value, "ms",
                (Goal.times(2.5, beside("neomutt", pages, 0.5, what)),), (floor,), (peer(pages, 0.5, what),),
            ),
            Figure("threads", f"page, {mine}, {words}, p95", beside(mine, pages, 0.95, what).value, "ms"),
        ]  # fmt: skip
    floor = Beside("bare Textual", memory.get(key))
    other = Beside("neomutt", memory["neomutt"]) if "neomutt" in memory else ground.missing("neomutt")
    goals = (Goal.times(1.15, floor),)
    told.append(Figure("threads", f"memory (PSS), {mine}", memory.get(mine), "MiB", goals, (floor,), (other,)))
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", action="store_true", help="beside the peers that are installed")
    parser.add_argument("--runs", type=int, default=5)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ground = Ground(Path(folder), Path(), words.runs, peers.find() if words.peers else {})
        Console(width=None if sys.stdout.isatty() else 200).print(table(figures(ground)))


if __name__ == "__main__":
    main()
