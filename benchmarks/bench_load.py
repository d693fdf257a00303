"""Bulk load: a snapshot into an empty mirror, beside the plainest table and beside pages of 200 with triggers.

    python benchmarks/bench_load.py [--posts 46000] [--archive FILE] [--runs 5]

Nothing of the network. Each run measures all in turn, in a folder of its own; the table alone is one table of
(id, JSON) in one transaction. Times in ms.
"""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import apsw
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.figures import Beside, Figure, Goal, Ground, middle, table
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


def loading(folder: Path, lines: Sequence[bytes]) -> Iterator[None]:
    """A snapshot from its lines, as the network's thread loads it: whole, then with its log folded back as well."""
    db = connection.connect(folder / "mirror.sqlite", mirror.SCHEMA)
    yield
    load = Loading(Mirror(db), "1-aaaa", beside=True)
    for line in lines:
        load.feed(line)
    load.finish("2026-01-01T00:00:00.000Z")
    yield
    db.execute("PRAGMA wal_checkpoint(PASSIVE)")
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


def taken(make: Callable[[Path], Iterator[None]], steps: int = 1) -> list[tuple[float, float]]:
    """(milliseconds, milliseconds of processor time) from the first yield of what ``make`` gives to each of the next
    ``steps``."""
    with tempfile.TemporaryDirectory() as folder:
        made = make(Path(folder))
        next(made)
        gc.collect()
        begin, used = time.perf_counter(), time.process_time()
        found = []
        for _ in range(steps):
            next(made)
            found.append(((time.perf_counter() - begin) * 1000, (time.process_time() - used) * 1000))
        next(made, None)
        return found


def used(values: Sequence[tuple[float, float]]) -> str:
    """Processor time in the middle of several (wall clock, processor time)."""
    return f"processor time {middle(cpu for _, cpu in values):,.0f} ms"


def read_lines(archive: Path) -> list[bytes]:
    with open_archive(archive) as stream:
        return [line.rstrip(b"\n") for line in stream]


def posts_of(lines: Sequence[bytes]) -> list[tuple[Post, bytes]]:
    return [(r.data, r.raw) for r in (parse_line(line, 1) for line in lines) if isinstance(r.data, Post)]


def figures(ground: Ground) -> list[Figure]:
    lines = read_lines(ground.archive)
    posts = posts_of(lines)
    gc.freeze()
    alone, whole, folded, paged, rows, applied = ([] for _ in range(6))
    for _ in range(ground.runs):
        alone += taken(lambda at: table_alone(at, posts))
        first, second = taken(lambda at: loading(at, lines), 2)
        whole.append(first)
        folded.append(second)
        paged += taken(lambda at: pages_with_triggers(at, posts))
        rows += taken(lambda at: week(at, lines, False))
        applied += taken(lambda at: week(at, lines, True))

    def walls(values: Sequence[tuple[float, float]]) -> float:
        return middle(wall for wall, _ in values)

    base = Beside("table alone", walls(alone), used(alone))
    apart = Beside("rows and words alone", walls(rows), used(rows))
    peers = (Beside("pages of 200 with triggers", walls(paged), used(paged)),)
    what = f"bulk load of {len(posts):,} posts with full text"
    return [
        Figure("load", what, walls(whole), "ms", (Goal.times(2.5, base),), (base,), peers, used(whole)),
        Figure("load", "the same, its log folded back", walls(folded), "ms", note=used(folded)),
        Figure(
            "load", f"{WEEK:,} new posts applied to that mirror", walls(applied), "ms", (Goal.times(1.5, apart),),
            (apart,), note=used(applied),
        ),
    ]  # fmt: skip


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
        Console().print(table(figures(Ground(Path(folder), path, words.runs))))


if __name__ == "__main__":
    main()
