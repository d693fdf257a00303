"""Acts that meet: limits that hold for moderators too, undoing in an order that is none, what happens while a post is
hidden, and threads near the limit."""

from __future__ import annotations

import concurrent.futures
import json
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from jamserver import objects

Json = dict[str, Any]


def act(client: httpx.Client, kind: str, post: Json | str = "", **fields: Any) -> httpx.Response:
    post_id = post["id"] if isinstance(post, dict) else post
    body = {"act": kind, "reason": "Because.", **({"post_id": post_id} if post_id else {}), **fields}
    return client.put(f"/moderation/{uuid.uuid4()}", json=body)


def done(client: httpx.Client, kind: str, post: Json | str = "", **fields: Any) -> Json:
    answer = act(client, kind, post, **fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def undone(client: httpx.Client, one: Json) -> Json:
    return done(client, "undo", of=one["id"])


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def forum(jam: Any, slug: str) -> Json:
    raw = jam.server.write(lambda tx: objects.add_forum(tx, uuid.uuid4(), slug, slug.title(), ""))
    return objects.decode(raw)


# -- limits


@pytest.mark.parametrize("kind", ["one by one", "at once", "a tag"])
def test_an_act_counts_for_the_day_by_all_that_it_changes(
    start_jam: Callable[..., Any], kind: str, figure: Callable[..., None]
) -> None:
    """A thread that is moved, and a tag that is merged, is a change for each of its posts."""
    jam = start_jam(vote_join=0.0, day_bytes=20_000, day_of_hosts=3)
    thread = jam.thread(tags=["t0"])
    posts = [thread, *(jam.reply(thread, body="x" * 1_000, tags=["t0"]) for _ in range(7))]
    places = [forum(jam, f"f{number}")["id"] for number in range(12)]
    cursor = jam.head()

    def once(number: int) -> httpx.Response:
        if kind == "a tag":
            return jam.mod.put(f"/tags/t{number}/merged", json={"into": f"t{number + 1}"})  # type: ignore[no-any-return]
        return act(jam.mod, "move", thread, to=places[number])

    if kind == "at once":
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(once, range(12)))
    else:
        answers = [once(number) for number in range(12)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert code(refused[0]) == (429, "rate_limited")
    grown = len(json.dumps(jam.changes(cursor)).encode())
    assert 60_000 * 0.8 < grown < 60_000 + 20_000
    assert jam.ada.put(f"/posts/{posts[1]['id']}/tags/mine").status_code == 200  # another person's day
    figure(f"acts {kind}: {12 - len(refused)} of 12 taken, {grown / 60_000:.2f} of what a moderator's day allows")


def test_reports_and_acts_count_as_writes(start_jam: Callable[..., Any]) -> None:
    jam = start_jam(vote_join=0.0, day_writes=4, day_of_hosts=1)
    posts = [jam.thread(by=jam.ada) for _ in range(3)] + [jam.thread(by=jam.host) for _ in range(3)]
    report = [jam.bob.put(f"/reports/{uuid.uuid4()}", json={"post_id": post["id"], "reason": "spam"}) for post in posts]
    assert [one.status_code for one in report] == [201] * 4 + [429] * 2
    assert [act(jam.mod, "lock", post).status_code for post in posts] == [201] * 4 + [429] * 2
