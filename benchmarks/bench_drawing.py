"""Drawing: key to strips in list and thread, opening a thread, the slowest hostile post. Prints, judges nothing.

    python benchmarks/bench_drawing.py

A key is a call of the widget and then all the lines of its view, 120 x 40, without the terminal. Times in ms.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from textual.app import App, ComposeResult
from textual.widget import Widget

from jamtui.model import PostRow, ThreadIndex
from jamtui.safe_text import safe_block, safe_line
from widgets.markdown_lines import BUDGET, BUDGET_ALL, layout, parse
from widgets.row_list import RowList
from widgets.strips import Line, Span, fit, pad
from widgets.thread_reader import ThreadReader

NOW = datetime(2011, 2, 9, 12, 0, tzinfo=UTC)
PROSE = (
    "A form that *nobody* reads helps nobody. What if the box were a **conversation**, open to everyone for days? "
    "There is more in [the proposal](https://example.org/p)."
)
CORPUS = Path(__file__).parents[1] / "tests" / "data" / "hostile" / "corpus.json"


@dataclass(frozen=True)
class Row:
    key: int
    title: str


def draw(row: Row, width: int, cursor: bool, focused: bool) -> Sequence[Line]:
    right = f"{row.key % 50:>4} ↩  ▲ {row.key % 9}  {row.key % 23} h"
    return [(Span("● ", "accent"), Span(pad(fit(row.title, width - 24), width - 22), "title"), Span(right, "muted"))]


def fetch(keys: Sequence[int]) -> list[Row]:
    return [Row(key, safe_line(f"Title {key} of a thread with words enough to fill a line of a list")) for key in keys]


def post(key: int) -> PostRow:
    parent = None if key == 1 else f"id-{max(1, key - 1 - key % 5)}"
    return PostRow(
        key=key, id=f"id-{key}", forum_id="f", thread_id="id-1", parent_id=parent, author=f"Author {key % 40}",
        handle=f"a{key % 40}", role="participant", author_id=f"p{key % 40}", title="Title" if key == 1 else "",
        body=safe_block("\n\n".join([PROSE] * (1 + key % 3))), created_at=NOW - timedelta(minutes=key), edited_at=None,
        version=1, up=key % 9, voted=False, tags=(), unread=key % 2 == 0, mine=False, saved=False, gone="",
    )  # fmt: skip


class Bench(App[None]):
    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        yield self.widget


def measured(widget: Widget, act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    widget.render_lines(widget.size.region)
    return (time.perf_counter() - start) * 1000


def told(name: str, times: Sequence[float]) -> None:
    ordered = sorted(times)
    p50, p95 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    print(f"{name:<42} p50 {p50:7.2f}   p95 {p95:7.2f}   max {ordered[-1]:7.2f}")


async def lists() -> None:
    for count in (1000, 50_000, 1_000_000):
        await one_list(count)


async def one_list(count: int) -> None:
    rows = RowList[int, Row](fetch, draw)
    keys = range(count)
    async with Bench(rows).run_test(size=(120, 40)) as pilot:
        rows.focus()
        print(f"{f'list of {count:,}: open':<42}     {measured(rows, lambda: rows.set_rows(keys)):7.2f}")
        await pilot.pause()
        told(f"list of {count:,}: down", [measured(rows, lambda: rows.move(1)) for _ in range(300)])
        told(f"list of {count:,}: page", [measured(rows, lambda: rows.page(1)) for _ in range(20)])
        if count <= 50_000:
            times = []
            for extra in range(1, 40):
                grown = [*range(-extra, 0), *keys]
                times.append(measured(rows, partial(rows.update_rows, grown, ())))
            told(f"list of {count:,}: a row arrives above", times)


async def thread() -> None:
    posts = [post(key) for key in range(1, 3001)]
    rows = {row.key: row for row in posts}
    places = {row.id: place for place, row in enumerate(posts)}
    parents = [places[row.parent_id] if row.parent_id else -1 for row in posts]
    depths: list[int] = []
    for parent in parents:
        depths.append(depths[parent] + 1 if parent >= 0 else 0)
    unread = frozenset(row.key for row in posts if row.unread)
    index = ThreadIndex("id-1", tuple(rows), tuple(depths), tuple(parents), unread)
    reader = ThreadReader(lambda keys: [rows[key] for key in keys], lambda: NOW)
    async with Bench(reader).run_test(size=(120, 40)) as pilot:
        reader.focus()
        await pilot.pause()
        times = [measured(reader, lambda: reader.set_thread(index)) for _ in range(15)]
        print(f"{'thread of 3,000: first open':<42}     {times[0]:7.2f}")
        told("thread of 3,000: open", times)
        told("thread of 3,000: line", [measured(reader, lambda: reader.scroll_lines(1)) for _ in range(300)])
        told("thread of 3,000: post", [measured(reader, lambda: reader.move(1)) for _ in range(200)])
        told("thread of 3,000: page", [measured(reader, lambda: reader.page(1)) for _ in range(60)])
        told("thread of 3,000: page back, drawn before", [measured(reader, lambda: reader.page(-1)) for _ in range(60)])
        told("thread of 3,000: one post changed", [
            measured(reader, lambda: reader.update_thread(index, (reader.cursor_key or 1,))) for _ in range(60)
        ])  # fmt: skip
        told("thread of 3,000: the end", [measured(reader, act) for act in (reader.last, reader.first) * 10])


def hostile() -> None:
    took: list[tuple[float, str]] = []
    for case in json.loads(CORPUS.read_text("utf-8")):
        for budget, everything in ((BUDGET, False), (BUDGET_ALL, True)):
            start = time.perf_counter()
            layout(parse(safe_block(case["payload"]), budget), 80, everything=everything)
            took.append(((time.perf_counter() - start) * 1000, f"{case['id']}{' (all)' if everything else ''}"))
    for milliseconds, name in sorted(took, reverse=True)[:5]:
        print(f"{'hostile: ' + name:<42}     {milliseconds:7.2f}")


if __name__ == "__main__":
    gc.freeze()  # as the application does when it has started
    asyncio.run(lists())
    asyncio.run(thread())
    hostile()
