"""Acts of moderators over the wire, for tests of the server."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

Json = dict[str, Any]


def act(client: httpx.Client, kind: str, post: Json | str = "", **fields: Any) -> httpx.Response:
    """Asks for an act on a post, with a reason unless ``fields`` has another."""
    post_id = post["id"] if isinstance(post, dict) else post
    body = {"act": kind, "reason": "Because.", **({"post_id": post_id} if post_id else {}), **fields}
    return client.put(f"/moderation/{uuid.uuid4()}", json=body)


def done(client: httpx.Client, kind: str, post: Json | str = "", **fields: Any) -> Json:
    """The act that was made of it."""
    answer = act(client, kind, post, **fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def undone(client: httpx.Client, one: Json) -> Json:
    return done(client, "undo", of=one["id"])


def code(answer: httpx.Response) -> tuple[int, str]:
    """(status, problem code) of a refusal."""
    return answer.status_code, answer.json()["code"]
