"""The inbox of somebody with 2,000 posts for them, of 46,000: what it costs at first, and after each kind of change.

    python benchmarks/bench_inbox.py [--archive FILE] [--posts 46000] [--hits 2000] [--runs 20]

The Jam is generated (or FILE); the reader is who got the most answers there, and follows people until the hits are
reached. Processor time in ms, of one process; the medians of all runs.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from jamserver import cli as jamserver
from jamtui.model import Mark, MarkKind
from jamtui.paths import Home
from jamtui.session import Session, open_session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def objects(archive: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with archive.open("rb") as file:
        for line in file:
            record = json.loads(line)
            yield record["type"], record["data"]


def of(archive: Path, folder: Path, hits: int) -> tuple[Session, dict[str, Any]]:
    """A session of who got the most answers, and one of their posts."""
    people = {data["id"]: data for kind, data in objects(archive) if kind == "person"}
    posts = {data["id"]: data for kind, data in objects(archive) if kind == "post"}
    answers = Counter(posts[post["parent_id"]]["author_id"] for post in posts.values() if post["parent_id"])
    me = answers.most_common(1)[0][0]
    home = Home.from_env({"JAMTUI_HOME": str(folder)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "j", "J").changed(
        person_id=me, handle=people[me]["handle"], name=people[me]["name"], role="participant", store="file"
    )
    prepare(jam, NOW)
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db, archive.open("rb") as file:
        loading = Loading(Mirror(db), "1-aaaa")
        for line in file:
            loading.feed(line)
        loading.finish("2026-11-26T00:00:00.000Z")
    session = open_session(home, jam, clock=lambda: NOW, rng=random.Random(1), environ={})
    for author, _ in Counter(post["author_id"] for post in posts.values()).most_common():
        inbox = session.inbox()
        if sum(len(inbox.posts(key)) for key in inbox.keys) >= hits:
            break
        if author != me:
            # As somebody who followed them before they wrote anything: what was there is not in the inbox, else.
            session._marks.set_mark(MarkKind.PERSON, author, Mark.FOLLOWED, NOW, since=0)
    return session, next(post for post in posts.values() if post["author_id"] == me)


def taken(session: Session) -> float:
    """Milliseconds of the inbox alone: what it is made from is there already."""
    session.forums()
    begin = time.process_time()
    session.inbox()
    return 1e3 * (time.process_time() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--posts", type=int, default=46_000)
    parser.add_argument("--hits", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = options.archive or folder / "jam.jsonl"
        if options.archive is None:
            jamserver.main(["generate", "--posts", str(options.posts), "--seed", "1", "-o", str(archive)])
        session, mine = of(archive, folder / "home", options.hits)
        with closing(session):
            measure(session, mine, options.runs)


def measure(session: Session, mine: dict[str, Any], runs: int) -> None:
    inbox = session.inbox()
    found = sum(len(inbox.posts(key)) for key in inbox.keys)
    print(f"{found:,} posts for the reader in {len(inbox.keys):,} rows")
    seq = 1_000_000

    def post(for_me: bool) -> None:
        nonlocal seq
        seq += 1
        data = mine | {"id": f"00000000-0000-7000-8000-{seq:012x}", "title": "", "body": "text", "version": 1}
        other = next(row.author_id for row in session.posts(session.live_keys(50)) if not row.mine)
        data |= {"author_id": other if for_me else mine["author_id"], "parent_id": mine["id"]}
        with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
            Mirror(db).apply([("post", json.dumps(data).encode())], f"{seq}-aaaa")

    def mark() -> None:
        session.toggle_inbox(session.inbox_rows(session.inbox_keys()[:1])[0])

    def anew() -> None:
        session._inbox, session._inbox_of = None, ()

    kinds: list[tuple[str, Callable[[], object]]] = [
        ("at first", anew), ("nothing changed", lambda: None), ("a post for the reader", lambda: post(True)),
        ("a post for others", lambda: post(False)), ("something was read", mark),
    ]  # fmt: skip
    for words, change in kinds:
        times = []
        for _ in range(runs):
            change()
            times.append(taken(session))
        print(f"{words:<24}{statistics.median(times):8.2f} ms   (the most {max(times):.2f})")
    keys = session.inbox_keys()[:32]
    times = []
    for _ in range(runs):
        begin = time.process_time()
        session.inbox_rows(keys)
        times.append(1e3 * (time.process_time() - begin))
    print(f"{'32 rows of a list':<24}{statistics.median(times):8.2f} ms")


if __name__ == "__main__":
    main()
