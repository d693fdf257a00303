"""kill -9 at every single statement of a write: post, id, answer, tags, change are on the disk together, or none is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest
from processes import ROOT, Server, environment

FORUM = "00000000-0000-4000-8000-0000000000f0"

# Serves in a child for each line "STATEMENT" that it reads: the child kills itself before that statement of its writing
# thread's next transaction, counted from BEGIN (0: never).
SERVER = """
import asyncio, os, signal, sys
from pathlib import Path
import jamserver.writer
from jamserver.app import Settings, serve
real, ready = jamserver.writer.connect, []
def say(url):
    ready.append(url)
    print(url, os.getpid(), flush=True)
for line in sys.stdin:
    at = int(line)
    child = os.fork()
    if child == 0:
        def traced(path):
            db, done, within, over = real(path), [0], [False], []
            def step(_cursor, sql, _values):
                within[0] = within[0] or bool(ready) and sql.startswith("BEGIN") and not over
                done[0] += within[0]
                if at and within[0] and done[0] == at:
                    os.kill(os.getpid(), signal.SIGKILL)
                if within[0] and sql.startswith("COMMIT"):
                    within[0] = False
                    over.append(True)
                return True
            db.exec_trace = step
            return db
        jamserver.writer.connect = traced
        asyncio.run(serve(Path(sys.argv[1]), on_ready=say, settings=Settings(vote_join=0.0)))
        os._exit(0)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""


class Dying:
    """A server that dies before a statement of its first write."""

    def __init__(self, db: Path) -> None:
        words = (sys.executable, "-c", SERVER, str(db))
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(), cwd=ROOT
        )

    def start(self, statement: int) -> tuple[str, int]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{statement}\n")
        self.process.stdin.flush()
        url, pid = self.process.stdout.readline().split()
        return url, int(pid)

    def ended(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ended\n"

    def close(self) -> None:
        self.process.communicate()


@pytest.fixture
def dying(new_server: Callable[..., Server]) -> Iterator[tuple[Dying, Server, str]]:
    server = new_server()
    token = server.admin("person", "token", "ana").strip()
    server.stop()
    one = Dying(server.db)
    yield one, server, token
    one.close()


def everything(path: Path) -> dict[str, list[Any]]:
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        assert list(db.execute("PRAGMA integrity_check")) == [("ok",)]
        names = [str(row[0]) for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: sorted(db.execute(f"SELECT * FROM {name}"), key=repr) for name in names}
    finally:
        db.close()


WRITES: dict[str, Callable[[httpx.Client, str], httpx.Response]] = {
    "post": lambda client, post_id: client.put(
        f"/posts/{uuid.uuid5(uuid.NAMESPACE_OID, post_id)}",
        json={"forum_id": FORUM, "title": "T", "body": "B", "tags": ["a", "b"]},
    ),
    "edit": lambda client, post_id: client.patch(
        f"/posts/{post_id}", json={"body": "changed"}, headers={"If-Match": '"1"', "Idempotency-Key": "edit-1"}
    ),
    "tag": lambda client, post_id: client.put(f"/posts/{post_id}/tags/green", headers={"Idempotency-Key": "tag-1"}),
    "vote": lambda client, post_id: client.put(f"/posts/{post_id}/vote", headers={"Idempotency-Key": "vote-1"}),
    "delete": lambda client, post_id: client.delete(
        f"/posts/{post_id}", headers={"If-Match": '"1"', "Idempotency-Key": "delete-1"}
    ),
}


@pytest.mark.parametrize("kind", WRITES)
def test_a_write_that_dies_at_any_statement_is_there_whole_or_not_at_all(
    kind: str, dying: tuple[Dying, Server, str], figure: Callable[..., None]
) -> None:
    one, server, token = dying
    url, pid = one.start(0)
    with client_of(url, token) as client:
        post_id = str(uuid.uuid4())
        made = client.put(f"/posts/{post_id}", json={"forum_id": FORUM, "title": "Old", "body": "as it was"})
        assert made.status_code == 201
    os.kill(pid, signal.SIGKILL)
    one.ended()
    before = everything(server.db)
    answered = None
    statement = 0
    while answered is None:
        statement += 1
        url, pid = one.start(statement)
        with client_of(url, token) as client:
            try:
                answered = WRITES[kind](client, post_id)
            except httpx.TransportError:
                one.ended()
                assert everything(server.db) == before, f"killed before statement {statement}: half a {kind} is there"
                continue
            # Once more, as after an answer that was lost: the same, and nothing twice.
            after = json.loads(answered.content) if answered.content else None
            again = WRITES[kind](client, post_id)
            assert again.headers.get("Jam-Seq") == answered.headers.get("Jam-Seq")
            assert after is None or again.json() == after
        os.kill(pid, signal.SIGKILL)
        one.ended()
    assert answered.is_success, answered.text
    now = everything(server.db)
    assert len(now["changes"]) == len(before["changes"]) + 1
    assert len(now["answers"]) == len(before["answers"]) + (kind != "post")
    assert statement > 4
    figure(f"server: a {kind} killed before each of its {statement - 1} statements: 0 halves on the disk")


def client_of(url: str, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=30, trust_env=False)
