"""Bulk load: a snapshot into an empty mirror, beside the plainest table and beside pages of 200 with triggers.

    python benchmarks/bench_load.py [--posts 46000] [--archive FILE] [--runs 5]

Nothing of the network. Each run measures all in turn, in a folder of its own; printed are medians and their ratio to
the table alone, which is one table of (id, JSON) in one transaction. Times in ms.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import apsw

sys.path.insert(0, str(Path(__file__).parents[1]))

from jamtui.archive import Post, open_archive, parse_line
from jamtui.store import columns, connection, mirror
from jamtui.store.mirror import Loading, Mirror

PAGE, WEEK = 200, 2_000

_PEER = """
CREATE TABLE posts(n INTEGER PRIMARY KEY, id TEXT UNIQUE, forum TEXT, thread TEXT, title TEXT, body TEXT, raw BLOB);
CREATE INDEX posts_thread ON posts(thread); CREATE INDEX posts_forum ON posts(forum);
CREATE VIRTUAL TABLE words USING fts5(title, body, content=posts, content_rowid=n);
CREATE TRIGGER added AFTER INSERT ON posts BEGIN
    INSERT INTO words(rowid, title, body) VALUES (new.n, new.title, new.body); END;
"""


def table_alone(folder: Path, posts: Sequence[tuple[Post, bytes]]) -> Iterator[None]:
    db = apsw.Connection(str(folder / "table.sqlite"))
    db.pragma("journal_mode", "WAL")
    db.execute("CREATE TABLE posts(id TEXT PRIMARY KEY, raw BLOB)")
    rows = [(data.id, raw) for data, raw in posts]
    yield
    with db:
        db.executemany("INSERT INTO posts VALUES (?, ?)", rows)
    yield
    db.close()


def pages_with_triggers(folder: Path, posts: Sequence[tuple[Post, bytes]]) -> Iterator[None]:
    db = apsw.Connection(str(folder / "pages.sqlite"))
    db.pragma("journal_mode", "WAL")
    db.execute(_PEER)
    rows = [(post.id, post.forum_id, post.thread_id, post.title, post.body, raw) for post, raw in posts]
    yield
    for at in range(0, len(rows), PAGE):
        with db:
            db.executemany(
                "INSERT INTO posts(id, forum, thread, title, body, raw) VALUES (?, ?, ?, ?, ?, ?)", rows[at : at + PAGE]
            )
    yield
    db.close()


def loading(folder: Path, lines: Sequence[bytes], parsed: bool) -> Iterator[None]:
    db = connection.connect(folder / "mirror.sqlite", mirror.SCHEMA)
    records = [parse_line(line, at) for at, line in enumerate(lines, 1)] if parsed else []
    yield
    load = Loading(Mirror(db), "1-aaaa")
    for line in () if parsed else lines:
        load.feed(line)
    for record in records:
        load.feed_record(record)
    load.finish("2026-01-01T00:00:00.000Z")
    yield
    db.close()


def week(folder: Path, lines: Sequence[bytes], apply: bool) -> Iterator[None]:
    """The last 2,000 posts arrive at a mirror that has the others; beside it their rows and words put in by two
    statements a page, into the same tables with the same indexes."""
    db = connection.connect(folder / "mirror.sqlite", mirror.SCHEMA)
    load = Loading(Mirror(db), "1-aaaa")
    for line in lines[:-WEEK]:
        load.feed(line)
    load.finish("2026-01-01T00:00:00.000Z")
    records = [parse_line(line, 1) for line in lines[-WEEK:]]
    posts = [(n, r.data, r.raw) for n, r in enumerate(records, 10_000_000) if isinstance(r.data, Post)]
    rows = [(n, *columns.of_post(data, raw, 1, n, None, 1)) for n, data, raw in posts]
    texts = [(n, *columns.words(data)) for n, data, _ in posts]
    marks = ", ".join("?" * len(rows[0]))
    yield
    for at in range(0, WEEK, 1_000):
        if apply:
            changes = [("post", record.raw) for record in records[at : at + 1_000]]
            Mirror(db).apply(changes, f"{at + 2}-aaaa")
            continue
        with connection.transaction(db):
            db.executemany(
                "INSERT INTO posts(n, id, h, forum, thread, parent, author, created, up, gone, raw, lang, code, "
                f"featured) VALUES ({marks})",
                rows[at : at + 1_000],
            )
            db.executemany("INSERT INTO words(rowid, title, body, tags) VALUES (?, ?, ?, ?)", texts[at : at + 1_000])
    yield
    db.close()


def measured(make: Callable[[Path], Iterator[None]]) -> float:
    """Milliseconds between the two yields of what ``make`` gives."""
    with tempfile.TemporaryDirectory() as folder:
        steps = make(Path(folder))
        next(steps)
        gc.collect()
        begin = time.perf_counter()
        next(steps)
        taken = time.perf_counter() - begin
        next(steps, None)
        return taken * 1000


def told(names: Sequence[str], runs: Sequence[Sequence[float]]) -> None:
    base = statistics.median(run[0] for run in runs)
    for at, name in enumerate(names):
        middle = statistics.median(run[at] for run in runs)
        print(f"{name:<46} {middle:8.0f} ms   {middle / base:6.2f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=46_000)
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = words.archive or Path(folder) / "generated.jsonl"
        if not words.archive:
            make = [sys.executable, "-m", "jamserver", "generate", "--posts", str(words.posts), "--seed", "1"]
            subprocess.run([*make, "-o", str(path)], check=True)
        with open_archive(path) as stream:
            lines = [line.rstrip(b"\n") for line in stream]
    posts = [(r.data, r.raw) for r in (parse_line(line, 1) for line in lines) if isinstance(r.data, Post)]
    gc.freeze()
    print(f"{len(posts):,} posts, {sum(map(len, lines)) / 1e6:.0f} MB of JSON")
    told(
        ("table alone", "load, records parsed already", "load, from the lines", "beside it: pages of 200, triggers"),
        [
            (
                measured(lambda at: table_alone(at, posts)),
                measured(lambda at: loading(at, lines, True)),
                measured(lambda at: loading(at, lines, False)),
                measured(lambda at: pages_with_triggers(at, posts)),
            )
            for _ in range(words.runs)
        ],
    )
    told(
        (f"{WEEK:,} posts: rows and words alone", f"{WEEK:,} posts applied as changes"),
        [(measured(lambda at: week(at, lines, False)), measured(lambda at: week(at, lines, True))) for _ in range(3)],
    )


if __name__ == "__main__":
    main()
