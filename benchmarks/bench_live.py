"""Live: 200 new posts a second for 20 s while somebody reads a thread. A real server, the real program on a real pty.

    python benchmarks/bench_live.py [ARCHIVE] [--rate 200] [--seconds 20]

ARCHIVE is a Jam of any size; without it 46,000 posts are generated. The reader is signed in, has read everything, and
reads the longest thread, the cursor in its middle. One post in ten goes into that thread, half of these above what is
read and half below; nine go to all forums, one of these in ten as a new thread. Keys (j, k, Space, b) come as from a
quick person, 5 to 12 a second. What comes through the pty is stamped as it is read and drawn afterwards.

Before the posts come the same keys are pressed once, one by one: so it is known how the pane of the thread has to look
after each. A key's frame is the first that looks so; a look that no key leads to is counted as moved under the reader;
a key whose look never came is lost. A post is on the screen when the counter of what is unread
has passed it; it was confirmed when the server had answered its writer. Times are by the wall clock; beside them the
same without what the program's main thread was waiting for a processor, which a machine with other work adds.
The gap is measured in a second run, through `live_client.py`: how long the loop was away from waiting for keys.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import subprocess
import sys
import threading
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.figures import Figure, Goal, Ground, percentile, table
from benchmarks.live_stage import Frame, Stage, Terminal, memory, spent

KEYS = ("j", "j", "k", " ", "j", "b", "k", "j", "k", "k", "j", "k")
PACE = (0.08, 0.2)  # seconds between two keys
WRITES = 200  # of one person; the server stops a person at 300 in five minutes


class Jam:
    """What the posts of an archive hang together by; only what is there and has a text."""

    def __init__(self, archive: Path) -> None:
        self.posts: dict[str, dict[str, Any]] = {}
        self.children: defaultdict[str, list[str]] = defaultdict(list)
        self.threads: defaultdict[str, list[str]] = defaultdict(list)
        with archive.open(encoding="utf-8") as lines:
            for record in map(json.loads, lines):
                if record["type"] == "post":
                    post = record["data"]
                    self.posts[post["id"]] = post
                    self.threads[post["thread_id"]].append(post["id"])
                    if post.get("parent_id"):
                        self.children[post["parent_id"]].append(post["id"])
        self.longest = max(self.threads, key=lambda thread: len(self.threads[thread]))

    def order(self, thread: str) -> list[str]:
        """As it is read: each reply under its parent."""
        found, stack = [], [thread]
        while stack:
            found.append(post := stack.pop())
            stack += reversed(self.children[post])
        return found

    def plan(self, count: int, tokens: int, rng: random.Random) -> tuple[list[tuple[int, str, dict[str, str]]], int]:
        """What is written, as (number of the token, id, content); how many of these go into the longest thread."""
        there = [post for post in self.posts.values() if post.get("body") and not post.get("state")]
        order = [post for post in self.order(self.longest) if not self.posts[post].get("state")]
        above, below = order[1 : len(order) // 4], order[-len(order) // 4 :]
        elsewhere = [post["id"] for post in there if post["thread_id"] != self.longest]
        forums = sorted({post["forum_id"] for post in there})
        plan = []
        for number in range(count):
            body = rng.choice(there)["body"]
            if number % 10 == 5:
                content = {"parent_id": rng.choice(above if number % 20 == 5 else below), "body": body}
            elif number % 10 == 0:
                content = {"forum_id": rng.choice(forums), "title": f"What comes of {number}?", "body": body}
            else:
                content = {"parent_id": rng.choice(elsewhere), "body": body}
            plan.append((number % tokens, str(uuid.UUID(int=rng.getrandbits(128), version=4)), content))
        return plan, sum(number % 10 == 5 for number in range(count))


class Writers:
    """`live_writer.py` with a plan. ``done`` says whether it has ended, `wait` gives its answers."""

    def __init__(self, stage: Stage, plan: object, rate: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "benchmarks/live_writer.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=stage.env, cwd=Path(__file__).parents[1],
        )  # fmt: skip
        self._answers: list[tuple[float, int]] = []
        self.done = False
        words = json.dumps({"url": stage.url, "tokens": stage.tokens, "rate": rate, "posts": plan})
        self._thread = threading.Thread(target=self._run, args=(words,))
        self._thread.start()

    def _run(self, words: str) -> None:
        answers, _ = self._process.communicate(words)
        if self._process.returncode == 0:
            self._answers = json.loads(answers)
        self.done = True

    def wait(self) -> list[tuple[float, int]]:
        """When each post was confirmed, and its place in the log."""
        self._thread.join()
        if not self._answers:
            raise SystemExit("the writers failed")
        return self._answers


@dataclass
class Run:
    """What one run saw; times in seconds of the one clock that all processes share."""

    keys: list[tuple[float, float]]  # pressed, what the main thread had waited by then
    looks: list[str]  # of the thread's pane after each of `KEYS`
    frames: list[Frame]
    before: Frame
    answers: list[tuple[float, int]]
    burst: tuple[float, float]
    cpu: float
    rss: tuple[float, float]
    unread: int
    in_thread: int
    gaps: list[tuple[float, float, float]]


def run(stage: Stage, jam: Jam, rate: int, seconds: int, seed: int, *, watched: bool = False) -> Run:
    rng = random.Random(seed)
    plan, to_thread = jam.plan(rate * seconds, len(stage.tokens), rng)
    before_in_thread, before_unread = stage.posts_in(jam.longest), stage.unread()
    order = jam.order(jam.longest)
    gaps = Path(stage.env["JAMTUI_HOME"]) / "gaps.json"
    client = [sys.executable, "benchmarks/live_client.py", str(gaps)] if watched else stage.client()
    with Terminal(client, stage.env) as terminal:
        terminal.wait_for("● live")
        terminal.settle()
        terminal.type(f":post {order[len(order) // 2]}\r")
        terminal.settle(1.5)
        looks = rehearsed(terminal)
        start = terminal.now()
        if f"{before_in_thread:,} posts" not in start.head or start.unread != before_unread:
            raise SystemExit("not where the run begins:\n" + "\n".join(start.lines))
        rss, cpu = memory(terminal.pid), spent(terminal.pid)
        writers, keys = Writers(stage, plan, rate), []
        begin = time.monotonic()
        while not writers.done:
            terminal.pump_until(time.monotonic() + rng.uniform(*PACE))
            keys.append((terminal.press(KEYS[len(keys) % len(KEYS)]), terminal.waited()))
        end, used = time.monotonic(), spent(terminal.pid).cpu - cpu.cpu
        answers = writers.wait()
        terminal.settle(1.5)
        frames = list(terminal.frames())
        figures = Run(
            keys, looks, frames, start, answers, (begin, end), used / (end - begin), (rss, memory(terminal.pid)),
            stage.unread(), before_in_thread + to_thread, [],
        )  # fmt: skip
        terminal.press("\x11")  # ctrl+q
        try:
            while terminal.process.poll() is None:
                terminal.pump(0.05)
        except OSError:  # it has closed the terminal
            terminal.process.wait()
    if watched:
        figures.gaps = [gap for gap in json.loads(gaps.read_text()) if begin <= gap[0] <= end]
    return figures


def rehearsed(terminal: Terminal) -> list[str]:
    """How the thread looks after each of `KEYS`, which in the end lead back to where they began."""
    before: list[str] = []
    for _ in range(8):
        looks: list[str] = []
        for key in KEYS:
            terminal.press(key)
            terminal.settle(0.15)
            looks.append(terminal.now().thread)
        if looks == before and all(one != two for one, two in zip(looks, [*looks[1:], looks[0]], strict=True)):
            return looks
        before = looks
    raise SystemExit("the keys do not lead back to where they began, or one has no effect")


def key_times(seen: Run) -> tuple[list[tuple[float, float]], int, int]:
    """Of each key (seconds to its frame, of these waiting); how many never had theirs; looks that no key leads to."""
    times: list[tuple[float, float]] = []
    moved = 0
    look = seen.before.thread
    for frame in seen.frames:
        if frame.thread == look:
            continue
        look = frame.thread
        due = [number for number in range(len(times), len(seen.keys)) if seen.keys[number][0] <= frame.at]
        found = next((number for number in due if seen.looks[number % len(KEYS)] == look), None)
        if found is None:
            moved += 1
            continue
        for pressed, waited in seen.keys[len(times) : found + 1]:
            times.append((frame.at - pressed, frame.waited - waited))
    if look == seen.looks[(len(seen.keys) - 1) % len(KEYS)]:  # one back and forth within a frame is not seen
        return times, 0, moved
    return times, len(seen.keys) - len(times), moved


def post_times(seen: Run) -> list[tuple[float, float]]:
    """Of each post (seconds from its confirmation to the counter that has it, of these waiting at most)."""
    times: list[tuple[float, float]] = []
    confirmed = [at for at, _ in sorted(seen.answers, key=lambda answer: answer[1])]
    shown = 0
    frames = [seen.before, *seen.frames]
    for last, frame in itertools.pairwise(frames):
        while shown < min(frame.unread - seen.before.unread, len(confirmed)):
            times.append((frame.at - confirmed[shown], frame.waited - last.waited))
            shown += 1
    return times


def told(seen: Run, watched: Run) -> list[Figure]:
    keys, lost, moved = key_times(seen)
    posts = post_times(seen)
    more = key_times(watched)
    last = seen.frames[-1]
    whole = f"{seen.in_thread:,} posts" in last.head and last.unread == seen.unread
    gaps = [(length, max(0.0, length - waited)) for _, length, waited in watched.gaps] or [(0.0, 0.0)]

    def figure(what: str, value: float, unit: str = "", goal: float | None = None, note: str = "") -> Figure:
        return Figure("live", what, value, unit, () if goal is None else (Goal(goal),), note=note)

    def ms(what: str, pairs: list[tuple[float, float]], part: float, goal: float | None = None) -> Figure:
        wall = percentile([one for one, _ in pairs], part) * 1000
        free = percentile([max(0.0, one - waited) for one, waited in pairs], part) * 1000
        return figure(what, free, "ms", goal, f"by the wall clock {wall:.0f}")

    wall = max(one for one, _ in gaps) * 1000
    return [
        figure("share of one core", seen.cpu * 100, "%", 15),
        figure(
            "longest gap of the loop", max(one for _, one in gaps) * 1000, "ms", 50, f"by the wall clock {wall:.0f}"
        ),
        ms("post to screen, p50", posts, 0.5),
        ms("post to screen, p95", posts, 0.95, 45),
        ms("key to frame, p50", keys, 0.5),
        ms("key to frame, p95", keys, 0.95, 16),
        figure("keys lost", lost + more[1], "", 0, f"of {len(seen.keys) + len(watched.keys)}"),
        figure("times that lines moved under the reader", moved + more[2], "", 0),
        figure("counters that are wrong in the end", float(not whole), "", 0),
        figure(
            "posts that never came on the screen", len(seen.answers) - len(posts), "", 0, f"of {len(seen.answers):,}"
        ),
        figure("frames a second", len(seen.frames) / (seen.burst[1] - seen.burst[0])),
        figure("memory after it", seen.rss[1], "MiB", note=f"before it {seen.rss[0]:.0f}"),
    ]


def measured(archive: Path | None, rate: int = 200, seconds: int = 20) -> list[Figure]:
    with Stage(archive, writers=2 * rate * seconds // WRITES + 1) as stage:
        jam = Jam(stage.archive)
        return told(run(stage, jam, rate, seconds, 1), run(stage, jam, rate, seconds, 2, watched=True))


def figures(ground: Ground) -> list[Figure]:
    return measured(ground.archive)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, nargs="?")
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=20)
    words = parser.parse_args()
    Console().print(table(measured(words.archive, words.rate, words.seconds)))


if __name__ == "__main__":
    main()
