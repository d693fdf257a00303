"""kill -9 of the server at random moments while people write: what was answered is there, once, and in order."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import apsw
import httpx
from processes import Server

FORUM = "00000000-0000-4000-8000-0000000000f0"
PEOPLE = 8  # each of their own rate limit


class Writer(threading.Thread):
    """One person: posts, edits, tags, votes and takes back, until the server is gone. ``wrote`` is what was answered:
    (post, version, body, tags, gone) as the last answer said; ``asked`` are ids of posts that were sent at all."""

    def __init__(self, url: str, token: str, seed: str, wrote: dict[str, dict[str, Any]], asked: set[str]) -> None:
        super().__init__()
        self._url, self._token, self._rng = url, token, random.Random(seed)
        self.wrote, self.asked = wrote, asked
        self.answers = 0

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        with httpx.Client(base_url=f"{self._url}/api/v1", headers=headers, timeout=30, trust_env=False) as client:
            try:
                while self._one(client):
                    self.answers += 1
            except httpx.TransportError:
                return  # killed

    def _one(self, client: httpx.Client) -> bool:
        rng = self._rng
        mine = [post_id for post_id, post in self.wrote.items() if not post["open"] and post["state"] is None]
        what = rng.choice(["post", "post", "post", "edit", "tag", "delete"]) if mine else "post"
        post_id = str(uuid.UUID(int=rng.getrandbits(128), version=4)) if what == "post" else rng.choice(mine)
        known = self.wrote.get(post_id, {})
        if known:
            known["open"] = True  # until it is answered, either state may be the one on the disk
        if what == "post":
            self.asked.add(post_id)
            body = {"forum_id": FORUM, "title": "T", "body": f"first {rng.random()}"}
            answer = client.put(f"/posts/{post_id}", json=body)
        elif what == "edit":
            match = {"If-Match": f'"{known["version"]}"', "Idempotency-Key": str(uuid.UUID(int=rng.getrandbits(128)))}
            answer = client.patch(f"/posts/{post_id}", json={"body": f"then {rng.random()}"}, headers=match)
        elif what == "tag":
            answer = client.put(f"/posts/{post_id}/tags/t{rng.randrange(5)}")
        else:
            match = {"If-Match": f'"{known["version"]}"', "Idempotency-Key": str(uuid.UUID(int=rng.getrandbits(128)))}
            answer = client.delete(f"/posts/{post_id}", headers=match)
        if answer.status_code == 429:
            return False
        answer.raise_for_status()
        self._note(client, post_id, answer)
        return True

    def _note(self, client: httpx.Client, post_id: str, answer: httpx.Response) -> None:
        post = answer.json() if answer.content else client.get(f"/posts/{post_id}").raise_for_status().json()
        self.wrote[post_id] = {
            "version": post["version"], "body": post["body"], "tags": sorted(post["tags"]),
            "state": post.get("state"), "open": False,
        }  # fmt: skip


def test_kill_9_of_the_server_loses_nothing_that_was_answered(
    new_server: Callable[..., Server], many: Callable[[str, int], int], figure: Callable[..., None]
) -> None:
    server = new_server()
    names = [f"writer{number}" for number in range(PEOPLE)]
    for name in names:
        server.admin("person", "add", name)
    tokens = [server.admin("person", "token", name).strip() for name in names]
    kills, rng = many("SERVER_KILLS", 5), random.Random(many("SERVER_KILLS_SEED", 1))
    wrote: list[dict[str, dict[str, Any]]] = [{} for _ in names]
    asked: list[set[str]] = [set() for _ in names]
    answers = 0
    for number in range(kills):
        writers = [
            Writer(server.url, token, f"{number} {name}", wrote[at], asked[at])
            for at, (name, token) in enumerate(zip(names, tokens, strict=True))
        ]
        for writer in writers:
            writer.start()
        some = rng.randrange(1, 60)  # answers of one of them; then at any moment of what is under way
        while writers[0].answers < some and writers[0].is_alive():
            time.sleep(0.001)
        time.sleep(rng.random() * 0.02)
        server.kill()
        for writer in writers:
            writer.join()
        answers += sum(writer.answers for writer in writers)
        _look(server)
        server.start()
    server.stop()
    _look(server)
    db = apsw.Connection(str(server.db), flags=apsw.SQLITE_OPEN_READONLY)
    there = {str(row[0]) for row in db.execute("SELECT id FROM posts")}
    lost = 0
    for at, posts in enumerate(wrote):
        for post_id, post in posts.items():
            lost += post_id not in there
            if post["open"] or post_id not in there:
                continue
            found = next(iter(db.execute("SELECT version, state, data FROM posts WHERE id = ?", (post_id,))))
            assert (found[0], found[1]) == (post["version"], post["state"]), post_id
        assert {post_id for post_id in there if post_id in asked[at]} >= set(posts)
    db.close()
    confirmed = sum(len(posts) for posts in wrote)
    assert lost == 0
    figure(
        f"server: {lost} lost of {confirmed} confirmed posts in {kills} kills "
        f"({answers} answers: posts, edits, tags, deletions)"
    )


def _look(server: Server) -> None:
    """The file as the kill left it: whole, the log without gaps, and every post as its last change says."""
    db = apsw.Connection(str(server.db))
    try:
        assert list(db.execute("PRAGMA integrity_check")) == [("ok",)]
        seqs = [row[0] for row in db.execute("SELECT seq FROM changes ORDER BY seq")]
        assert seqs == list(range(1, len(seqs) + 1))
        head = next(iter(db.execute("SELECT seq, mark FROM log")))
        assert head == next(iter(db.execute("SELECT seq, mark FROM changes ORDER BY seq DESC LIMIT 1")))
        torn = "SELECT count(*) FROM posts p JOIN changes c ON c.seq = p.changed AND c.type = 'post' "
        assert next(iter(db.execute(torn + "WHERE instr(c.item, p.data) = 0")))[0] == 0
        # The first content and the post are one write; a kept answer and the change that it answers, too.
        assert next(iter(db.execute("SELECT count(*) FROM answers WHERE seq > (SELECT seq FROM log)")))[0] == 0
    finally:
        db.close()
