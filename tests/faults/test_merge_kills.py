"""kill -9 of the server in the middle of a merge of 1,000 posts: it is done whole or not at all, and once when asked
again."""

from __future__ import annotations

import contextlib
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import apsw
import httpx
from processes import Server

POSTS = 1_000


def uid(number: int) -> str:
    return str(uuid.UUID(int=number, version=4))


A, B = uid(10_000), uid(20_000)


def records() -> list[tuple[str, dict[str, Any]]]:
    """Two threads: A, the older one, of 1,000 posts, a few levels deep, and B."""
    rng = random.Random(1)

    def post(number: int, thread: str, parent: str | None, **more: Any) -> tuple[str, dict[str, Any]]:
        fields = {"id": uid(number), "forum_id": uid(2), "thread_id": thread, "parent_id": parent, "author_id": uid(3),
                  "body": f"Text {number} " * 8, "created_at": "2026-01-01T00:00:00.000Z", "tags": [],
                  "votes": {"up": 0}, **more}  # fmt: skip
        return "post", fields

    ids = [10_000]
    made = [post(10_000, A, None, title="A")]
    for number in range(10_001, 10_000 + POSTS):
        made.append(post(number, A, uid(rng.choice(ids[-20:]))))
        ids.append(number)
    jam = {"format": 1, "id": uid(1), "slug": "j", "title": "J", "opens_at": "2026-01-01T00:00:00Z",
           "closes_at": "2026-01-02T00:00:00Z"}  # fmt: skip
    person = {"id": uid(3), "handle": "ann", "name": "Ann", "role": "participant"}
    forum = {"id": uid(2), "slug": "f", "title": "F", "brief": "", "position": 0}
    return [("jam", jam), ("person", person), ("forum", forum), *made, post(20_000, B, None, title="B")]


def shape(server: Server) -> tuple[str, int]:
    """("one" or "two" threads, acts in the audit log), read from the file that the kill left; whatever else is there is
    a torn merge."""
    db = apsw.Connection(str(server.db))
    with contextlib.closing(db):
        assert list(db.execute("PRAGMA integrity_check")) == [("ok",)]
        seqs = [row[0] for row in db.execute("SELECT seq FROM changes ORDER BY seq")]
        assert seqs == list(range(1, len(seqs) + 1))
        torn = "SELECT count(*) FROM posts p JOIN changes c ON c.seq = p.changed WHERE instr(c.item, p.data) = 0"
        assert next(iter(db.execute(torn)))[0] == 0
        early = "SELECT count(*) FROM posts p JOIN posts q ON q.id = p.parent_id WHERE q.seq > p.seq"
        assert next(iter(db.execute(early)))[0] == 0  # an archive has each post behind the one that it answers
        threads = Counter(row[0] for row in db.execute("SELECT thread_id FROM posts"))
        acts = int(next(iter(db.execute("SELECT count(*) FROM moderation")))[0])
    assert threads in (Counter({A: POSTS, B: 1}), Counter({B: POSTS + 1})), "a torn merge"
    return "one" if len(threads) == 1 else "two", acts


def test_kill_9_in_the_middle_of_a_merge(
    new_server: Callable[..., Server], many: Callable[[str, int], int], figure: Callable[..., None]
) -> None:
    server = new_server(records())
    server.admin("person", "add", "mod", "--role", "moderator")
    token = server.admin("person", "token", "mod").strip()
    rng = random.Random(many("MERGE_KILLS_SEED", 1))
    kills = many("MERGE_KILLS", 3)
    ends: Counter[str] = Counter()
    took = 0.1
    for number in range(kills):
        merged = number % 2 == 1
        act_id = uid(30_000 + number)
        undoes = uid(30_000 + number - 1)
        act = {"act": "undo", "of": undoes} if merged else {"act": "merge", "post_id": A, "to": B, "reason": "R"}
        before = shape(server)
        answers: list[int] = []
        asking = threading.Thread(target=_ask, args=(server.url, token, act_id, act, answers))
        asking.start()
        time.sleep(rng.random() * took)
        server.kill()
        asking.join()
        after = shape(server)
        done = after[1] > before[1]
        assert not answers or done, "an act that was answered is not there"
        assert (after[0] == ("two" if merged else "one")) == done
        ends["whole" if done else "not at all"] += 1
        server.start()
        again: list[int] = []
        begun = time.perf_counter()
        _ask(server.url, token, act_id, act, again)
        took = took if done else time.perf_counter() - begun  # so that the next kill falls within it
        assert again == [200 if done else 201]
        assert shape(server) == ("two" if merged else "one", before[1] + 1)
    figure(
        f"kill -9 in {kills} merges (and splits) of {POSTS:,} posts: 0 torn, {ends['whole']} whole, "
        f"{ends['not at all']} not at all; each done once when asked again"
    )


def _ask(url: str, token: str, act_id: str, act: dict[str, str], answers: list[int]) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    with (
        contextlib.suppress(httpx.TransportError),
        httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=30, trust_env=False) as client,
    ):
        answers.append(client.put(f"/moderation/{act_id}", json=act).status_code)
