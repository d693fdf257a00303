"""A server whose changes hold what no Jam has: bad rows are passed over, the others shown, and no command stumbles."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from proxy import PASS, Answer, Call, Fault

FORUM = "00000000-0000-4000-8000-0000000000f0"
HOST = "00000000-0000-4000-8000-00000000000a"
BEFORE, JSON = 4, (("Content-Type", "application/json"),)

# What stands last in the JSON of a post, and whether that is still a post.
FIELDS: dict[str, bool] = {
    '"x":' + "[" * 200 + "]" * 200: True,
    '"x":' + "[" * 900 + "]" * 900: True,
    '"x":1e308': True,
    '"x":0.' + "1" * 5000: True,
    '"x":"\\ud800"': True,
    '"x":"\\u0000\\u001b[2J"': True,
    '"lang":"\\u001b[2J"': True,
    '"state":"weird"': True,
    '"edited_at":"0001-01-01T00:00:00Z"': True,
    '"edited_at":"9999-12-31T23:59:59.999Z"': True,
    '"lang":7': False,
    '"tags":[1]': False,
    '"version":99999999999999999999': False,
    '"votes":{"up":1e30}': False,
    '"written_at":"x"': True,
    '"id":null,"body":{"a":1},"author_id":[1],"votes":"9999999","created_at":"0000-99-99T99:99:99Z"': False,
}


def post(n: int, field: str) -> str:
    post_id = f"00000000-0000-7000-8000-0000000001{n:02x}"
    return (
        f'{{"id":"{post_id}","thread_id":"{post_id}","forum_id":"{FORUM}","parent_id":null,"author_id":"{HOST}",'
        f'"title":"Hostile {n}","body":"a word","created_at":"2026-01-01T10:00:00Z","tags":[],'
        f'"votes":{{"up":0}},{field}}}'
    )


@pytest.fixture
def home(new_server: Callable[..., Any], new_proxy: Callable[..., Any], new_home: Callable[..., Any]) -> Any:
    """A mirror that has taken all of `FIELDS`, each as a change of its own."""
    server = new_server()
    proxy = new_proxy(server)
    one = new_home().login(proxy.url, "ana")
    one.jamtui("sync")
    seq = httpx.get(f"{server.url}/api/v1/changes").json()["items"][-1]["seq"]
    head = f"{seq + len(FIELDS)}-abcd"
    items = ",".join(
        f'{{"seq":{seq + n},"mark":"abcd","type":"post","data":{post(n, field)}}}' for n, field in enumerate(FIELDS, 1)
    )

    def decide(call: Call, _: random.Random) -> Fault:
        if call.streams:
            return Answer(404)
        if "/changes" in call.path:
            news = items if f"after={seq}-" in call.path else ""
            return Answer(200, f'{{"items":[{news}],"head":"{head}"}}'.encode(), JSON)
        return PASS

    proxy.decide = decide
    assert f"{len(FIELDS)} changes" in one.jamtui("sync").stdout
    return one


def test_bad_rows_are_passed_over_and_the_others_shown(home: Any, figure: Callable[[str], None]) -> None:
    rows = home.rows("threads", "ideas")
    shown = {row["title"] for row in rows} - {f"Thread {n}" for n in range(BEFORE)}
    assert shown == {f"Hostile {n}" for n, good in enumerate(FIELDS.values(), 1) if good}
    assert len(rows) == BEFORE + len(shown)
    words = [("forums",), ("threads", "ideas"), ("search", "word"), ("tags",), ("people",), ("hot",), ("plan",)]
    words += [("show", row["id"]) for row in rows]
    for one in [*words, ("export", "--format", "markdown"), ("export", "--format", "jam")]:
        told = home.jamtui(*one).stdout  # fails at an exit code or a traceback
        assert one[-1] == "jam" or "\x1b" not in told, one
    for one in words:
        home.rows(*one)
    figure(
        f"promise 11: {len(FIELDS)} hostile rows, {len(FIELDS) - len(shown)} passed over, {len(shown)} shown, 0 crashes"
    )
