"""Drawing without the terminal: what happens in lists and threads that no key asks for, and the slowest hostile post.

    python benchmarks/bench_drawing.py

A call of the widget and then all the lines of its view, 120 x 40. Keys are timed on a real pty, in bench_lists.py and
bench_threads.py.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from hostile_posts import TEXTS, cases, slow_posts
from rich.console import Console
from textual.app import App, ComposeResult
from textual.widget import Widget

from benchmarks.figures import Figure, Ground, percentile, table
from jamtui.model import PostRow, ThreadIndex
from jamtui.safe_text import safe_block, safe_body, safe_line
from widgets.markdown_lines import BUDGET, BUDGET_ALL, layout, parse
from widgets.row_list import RowList
from widgets.strips import Line, Span, fit, pad
from widgets.thread_reader import ThreadReader

NOW = datetime(2011, 2, 9, 12, 0, tzinfo=UTC)
PROSE = (
    "A form that *nobody* reads helps nobody. What if the box were a **conversation**, open to everyone for days? "
    "There is more in [the proposal](https://example.org/p)."
)


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


async def lists() -> list[Figure]:
    large, huge = range(50_000), range(1_000_000)
    rows = RowList[int, Row](fetch, draw)
    async with Bench(rows).run_test(size=(120, 40)) as pilot:
        rows.focus()
        rows.set_rows(large)
        await pilot.pause()
        grown = [[*range(-extra, 0), *large] for extra in range(1, 40)]
        arrives = [measured(rows, partial(rows.update_rows, keys, ())) for keys in grown]
        opened = measured(rows, lambda: rows.set_rows(huge))
        down = [measured(rows, lambda: rows.move(1)) for _ in range(300)]
    return [
        Figure("drawing", "a row arrives above those on the screen, list of 50,000, p95", percentile(arrives, 0.95)),
        Figure("drawing", "list of 1,000,000: open", opened),
        Figure("drawing", "list of 1,000,000: down, p95", percentile(down, 0.95)),
    ]


async def thread() -> list[Figure]:
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
        reader.set_thread(index)
        await pilot.pause()
        for _ in range(40):
            measured(reader, lambda: reader.page(1))
        changed = [measured(reader, lambda: reader.update_thread(index, (reader.cursor_key or 1,))) for _ in range(60)]
        ends = [measured(reader, act) for act in (reader.last, reader.first) * 10]
    return [
        Figure("drawing", "one post of the screen changes, thread of 3,000, p95", percentile(changed, 0.95)),
        Figure("drawing", "to the end of a thread of 3,000 and back, p95", percentile(ends, 0.95)),
    ]


def hostile() -> Figure:
    """From the bytes that came to lines; a record of the wire may have a mebibyte."""
    posts = {case["id"]: case["payload"] for case in cases(*TEXTS)}
    posts |= {
        f"{name}, {length:,} characters": body
        for length in (20_000, 1_000_000)
        for name, body in slow_posts(length).items()
    }
    took: list[tuple[float, str]] = []
    for name, text in posts.items():
        for budget, everything in ((BUDGET, False), (BUDGET_ALL, True)):
            start = time.thread_time()  # a busy machine's pauses are not the post's
            layout(parse(safe_body(text), budget), 80, everything=everything)
            took.append(((time.thread_time() - start) * 1000, f"{name}{' (all)' if everything else ''}"))
    slowest, name = max(took)
    return Figure("drawing", f"the slowest of {len(posts)} hostile posts", slowest, note=name)


def figures(_: Ground) -> list[Figure]:
    gc.freeze()  # as the application does when it has started
    return [*asyncio.run(lists()), *asyncio.run(thread()), hostile()]


if __name__ == "__main__":
    Console().print(table(figures(Ground(Path(), Path()))))
