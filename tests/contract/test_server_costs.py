"""What somebody who means harm makes a request cost the server: work, memory, disk."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import tracemalloc
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest

from jamserver import desk, objects, posts
from jamserver.cli import main
from jamserver.db import Readers, connect, made_once, prepare
from jamserver.posts import Actor
from jamserver.problems import Problem
from jamserver.votes import VoteJoin
from jamserver.writer import Writer, write_once


def _steps(db: Any, job: Callable[[], Any]) -> int:
    """How many instructions SQLite's machine runs for it."""
    count = 0

    def step() -> bool:
        nonlocal count
        count += 1
        return False

    db.set_progress_handler(step, 1)
    job()
    db.set_progress_handler(None)
    return count


def test_a_desk_costs_as_much_in_a_large_jam_as_in_a_small_one(
    tmp_path: Path, figure: Callable[..., None], capsys: Any
) -> None:
    """Everybody asks for theirs once a minute."""
    costs = []
    for size in (100, 1_500):
        archive, file = tmp_path / f"{size}.jsonl", tmp_path / f"{size}.sqlite"
        assert main(["generate", "--posts", str(size), "--seed", "1", "-o", str(archive)]) == 0
        assert main(["import", str(archive), "--db", str(file)]) == 0
        with contextlib.closing(connect(file)) as db:
            costs.append(
                [
                    _steps(db, lambda r=role: desk.of(db, Actor("p", r), datetime.now(UTC)))
                    for role in ("host", "moderator")
                ]
            )
    small, large = map(sum, costs)
    assert large < 1.5 * small
    figure(f"promise 15: a desk in a Jam of 15 times as many posts costs {large / small:.2f} x")


def test_a_token_that_nobody_has_is_revoked_without_a_write(jam: Any) -> None:
    """Anybody may send it, without end; who writes does not wait for that."""
    with contextlib.closing(apsw.Connection(str(jam.server.db))) as other:
        other.execute("BEGIN IMMEDIATE")  # no write gets through
        answer = jam.guest.post("/auth/revoke", json={"token": "no token of anybody"}, timeout=5)
        assert answer.status_code == 204
        other.execute("ROLLBACK")


async def test_pages_of_nothing_leave_little_in_memory(tmp_path: Path) -> None:
    """Pages are kept until something is written, and an address may ask for authors of 60,000 letters."""
    file = tmp_path / "jam.sqlite"
    prepare(file)
    readers = Readers(file)
    tracemalloc.start()
    try:
        for number in range(400):
            await readers.run(functools.partial(made_once, key=("posts", f"{number:060000}"), make=lambda: b"{}"))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        await asyncio.to_thread(readers.close)
    assert held < 12 << 20  # 2 MiB for each of four threads, of 24


async def test_votes_for_what_is_no_post_leave_nothing_in_memory(tmp_path: Path) -> None:
    """The id stands in the address, and may have 60,000 letters."""
    file = tmp_path / "jam.sqlite"
    prepare(file)
    write_once(file, datetime.now(UTC), random.Random(1), lambda tx: objects.found_jam(tx, uuid.UUID(int=1)))
    writer = Writer(file, clock=lambda: datetime.now(UTC), rng=random.Random(1), on_commit=lambda done: None)
    votes = VoteJoin(writer, posts.vote, 2.0, asyncio.get_running_loop().time)
    tracemalloc.start()
    try:
        for number in range(100):
            with pytest.raises(Problem, match="no such post"):
                await votes.cast(f"{number:060000}", posts.Ballot("p", wanted=True))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        await votes.close()
        await writer.close()
    assert held < 3 << 20  # of 6
