"""Links between posts as they are read: what is held of them says the same as all of them read anew."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from jamtui.archive import LINKS
from jamtui.store import connection, mirror
from jamtui.store.links import Links
from jamtui.store.mirror import Loading, Mirror

POSTS = [f"00000000-0000-7000-8000-{n:012x}" for n in range(100, 140)]
FROM, TO = POSTS[0], POSTS[1]


def link(origin: str, kind: str, to: str, **more: Any) -> dict[str, Any]:
    return {"id": f"{origin}.{kind}.{to}", "from_id": origin, "kind": kind, "to_id": to, "author_id": "a"} | more


def lines(links: Sequence[dict[str, Any]]) -> Iterator[bytes]:
    jam = {"format": 1, "id": "j", "slug": "j", "title": "J"}
    jam |= {"opens_at": "2026-11-20T00:00:00Z", "closes_at": "2026-11-30T00:00:00Z"}
    post = {"forum_id": "f", "thread_id": FROM, "author_id": "a", "created_at": "2026-11-21T00:00:00Z"}
    records = [
        ("jam", jam),
        ("person", {"id": "a", "handle": "ada", "name": "Ada"}),
        ("forum", {"id": "f", "slug": "f", "title": "F", "brief": "", "position": 0}),
        *(
            ("post", post | {"id": name, "title": f"Title {n}" if not n else None, "body": f"body {n}",
                             "parent_id": FROM if n else None})
            for n, name in enumerate(POSTS)
        ),
        *(("link", one) for one in links),
    ]  # fmt: skip
    for kind, data in records:
        yield json.dumps({"type": kind, "data": data}).encode()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[apsw.Connection]:
    with closing(connection.connect(tmp_path / "mirror.sqlite", mirror.SCHEMA)) as db:
        yield db


def load(db: apsw.Connection, links: Sequence[dict[str, Any]]) -> None:
    loading = Loading(Mirror(db), "1-aaaa")
    for line in lines(links):
        loading.feed(line)
    loading.finish("2026-11-21T00:00:00.000Z")


def shown(links: Links, *posts: str, most: int = 40) -> dict[str, list[tuple[str, bool, str]]]:
    found = links.of(posts, (), "", lambda _: None, most)
    return {post: [(row.kind, row.out, row.post_id) for row in rows] for post, rows in found.items()}


@pytest.mark.parametrize("seed", [1, 2])
def test_posts_have_the_links_that_all_of_them_read_one_by_one_give(db: apsw.Connection, seed: int) -> None:
    rng = random.Random(seed)
    kinds = (*LINKS, "of_tomorrow")
    ends = {(rng.choice(POSTS), rng.choice(kinds), rng.choice(POSTS)) for _ in range(300)}
    made = [link(*one, **({"gone": True} if rng.random() < 0.2 else {})) for one in sorted(ends)]
    rng.shuffle(made)
    broken = [{"id": "x", "from_id": 7}, {"id": "y", "kind": "answers"}]
    load(db, [*made[:150], *broken, *made[150:]])
    links = Links(db)
    there = [one for one in made if not one.get("gone")]
    for post in POSTS:
        expected = [
            (one["kind"], out, one["to_id"] if out else one["from_id"])
            for one in there
            if one["kind"] in LINKS and one["from_id"] != one["to_id"]
            for out in (True, False)
            if (one["from_id"] if out else one["to_id"]) == post
        ]
        assert shown(links, post).get(post, []) == expected
        raws = [json.loads(raw)["id"] for raw in links.records([post])]
        assert raws == [one["id"] for one in there if post in (one["from_id"], one["to_id"])]
    every = [json.loads(raw)["id"] for raw in links.records(POSTS)]
    assert every == [one["id"] for one in there]
    print(f"links of {len(POSTS)} posts: {len(there)} of {len(made)} there, each as its ends have it")


def test_of_a_post_with_very_many_links_the_first_are_read_whatever_else_there_is(db: apsw.Connection) -> None:
    unknown = [link(FROM, f"kind_{n}", TO) for n in range(200)]
    known = [link(FROM, kind, to) for to in POSTS[1:] for kind in LINKS]
    load(db, [*unknown, *known])
    rows = shown(Links(db), FROM, most=12)[FROM]
    assert rows == [(one["kind"], True, one["to_id"]) for one in known[:12]]


def test_what_changed_is_read_anew_after_it_was_told_and_does_no_harm_before(db: apsw.Connection) -> None:
    load(db, [link(FROM, "answers", TO), link(TO, "objects", POSTS[2])])
    links = Links(db)
    assert shown(links, TO) == {TO: [("answers", False, FROM), ("objects", True, POSTS[2])]}
    load(db, [link(POSTS[3], "builds_on", POSTS[4])])  # the numbers of before are others' now, or nobody's
    assert shown(links, TO, FROM) == {}
    assert links.records([TO, FROM]) == []
    links.forget()
    assert shown(links, TO, POSTS[3], POSTS[4]) == {
        POSTS[3]: [("builds_on", True, POSTS[4])],
        POSTS[4]: [("builds_on", False, POSTS[3])],
    }
