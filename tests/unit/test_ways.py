"""Ways through a Jam by the session: narrowed lists against a plain reckoning, heat, pages, plans, old mirrors."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from jamtui.archive import rfc3339
from jamtui.errors import NotFound, UsageError
from jamtui.model import Mark
from jamtui.paths import Home
from jamtui.session import Session, open_session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from jamtui.ways import Filter, Interests, chips, complete_filter, moment, parse_filter, reading_seconds

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
OPENS = NOW - timedelta(hours=60)
PEOPLE = ["me", "ana", "Bo", "chen", "dee"]
TAGS = ["tea", "two words", "büro"]


def uid(n: int) -> str:
    return f"00000000-0000-7000-8000-{n:012x}"


@dataclass
class World:
    """The objects, as the tests reckon with them, and a session over their mirror."""

    posts: list[dict[str, Any]]
    session: Session
    folder: Path


def objects(seed: int = 3, count: int = 240) -> list[tuple[str, dict[str, Any]]]:
    rng = random.Random(seed)
    found: list[tuple[str, dict[str, Any]]] = [
        ("jam", {"format": 1, "id": "j", "slug": "tea", "title": "Tea", "opens_at": rfc3339(OPENS),
                 "closes_at": rfc3339(OPENS + timedelta(hours=72))}),
        *(("person", {"id": uid(900 + n), "handle": name, "name": name.title() + " \x9b[b]", "country": "DE",
                      "org": "Works", "role": "expert" if n == 3 else "participant"}) for n, name in enumerate(PEOPLE)),
        *(("forum", {"id": uid(800 + n), "slug": f"f{n}", "title": f"Forum {n}", "position": n}) for n in range(3)),
    ]  # fmt: skip
    posts: list[dict[str, Any]] = []
    for n in range(1, count + 1):
        parent = rng.choice(posts) if posts and rng.random() < 0.7 else None
        body = rng.choice(
            ["Plain words.", "Run `make tea` now.", "```\nx = 1\n```", "Then:\n\n    indented()", "很好的茶"]
        )
        post = {
            "id": uid(n), "forum_id": parent["forum_id"] if parent else uid(800 + rng.randrange(3)),
            "thread_id": parent["thread_id"] if parent else uid(n), "parent_id": parent["id"] if parent else None,
            "author_id": uid(900 + rng.randrange(5)), "title": None if parent else f"Idea {n}",
            "body": body + " word" * rng.randrange(200), "created_at": rfc3339(OPENS + timedelta(minutes=15 * n)),
            "tags": rng.sample(TAGS, rng.randrange(3)), "votes": {"up": rng.choice([0, 0, 1, 3, 20])},
        }  # fmt: skip
        if rng.random() < 0.4:
            post["lang"] = rng.choice(["de", "zh-Hant", "EN_us"])
        if rng.random() < 0.08:
            post |= {"state": "deleted", "body": "", "tags": []}
        posts.append(post)
    return found + [("post", post) for post in posts]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = objects()
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea").changed(
        person_id=uid(900), handle="me", name="Me", role="participant", store="file"
    )
    registry.remember(home, jam)
    prepare(jam, NOW)
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "1-aaaa")
        for kind, data in found:
            loading.feed(json.dumps({"type": kind, "data": data}).encode())
        loading.finish(rfc3339(NOW))
    session = open_session(home, jam, clock=lambda: NOW, rng=random.Random(1), environ={})
    yield World([data for kind, data in found if kind == "post"], session, jam.folder)
    session.close()


def openers(world: World, keys: list[int]) -> list[str]:
    return [row.id for row in world.session.threads(keys)]


def read(world: World, share: float = 0.5) -> set[str]:
    """Marks a part of the posts as read; their ids."""
    ids = {post["id"] for post in random.Random(5).sample(world.posts, int(share * len(world.posts)))}
    world.session.mark_read([key for one in ids if (key := world.session.key(one)) is not None])
    return ids


FILTERS = [
    "", "tag:tea", 'tag:"two words" tag:tea', "tag:büro", "author:ana", "author:ANA author:bo", "lang:zh",
    "lang:en lang:de",
    "has:code", "is:unread", "since:12h", "before:2026-11-22", "since:1d before:6h", "tag:tea has:code author:chen",
    "is:unread lang:de since:30h", "tag:nothing", "#tea @dee",
]  # fmt: skip


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_gives_the_threads_with_a_post_that_fits(world: World, text: str) -> None:
    seen = read(world)
    only = world.session.filter(text)

    def fits(post: dict[str, Any]) -> bool:
        created = datetime.fromisoformat(post["created_at"])
        author = PEOPLE[int(post["author_id"][-4:], 16) - 900]
        lang = post.get("lang", "").lower().replace("_", "-").split("-")[0]
        return (
            post.get("state") is None
            and set(only.tags) <= set(post["tags"])
            and (not only.authors or author.lower() in [one.lower() for one in only.authors])
            and (not only.langs or lang in only.langs)
            and (only.since is None or created >= only.since)
            and (only.before is None or created < only.before)
            and (not only.code or any(mark in post["body"] for mark in ("`", "    ")))
            and (not only.unread or (post["id"] not in seen and author != "me"))
        )

    for forum in (uid(801), None):
        there = [post for post in world.posts if forum in (None, post["forum_id"])]
        wanted = {post["thread_id"] for post in there if fits(post) or not only}
        assert set(openers(world, world.session.thread_keys(forum, "new", only))) == wanted
    assert text in ("", "tag:nothing") or wanted


def test_orders_of_all_forums(world: World) -> None:
    def rows(sort: str) -> list[Any]:
        return world.session.threads(world.session.thread_keys(None, sort))

    assert [row.up for row in rows("votes")] == sorted((row.up for row in rows("votes")), reverse=True)
    assert [row.last_at for row in rows("active")] == sorted((row.last_at for row in rows("active")), reverse=True)
    waiting = rows("unanswered")
    assert [(row.replies, row.created_at) for row in waiting] == sorted((r.replies, r.created_at) for r in waiting)
    gone = {post["id"] for post in world.posts if post.get("state")}
    assert not {row.id for row in waiting} & gone
    assert {row.id for row in waiting} | gone >= {row.id for row in rows("new")}
    with pytest.raises(UsageError, match="no such order"):
        world.session.thread_keys(None, "loudest")


def test_an_edit_changes_what_fits(world: World) -> None:
    post = next(one for one in world.posts if "`" in one["body"] and not one.get("state"))
    with closing(connection.connect(world.session.known.mirror, mirror.SCHEMA)) as db:
        edited = post | {"body": "No more.", "lang": "sv", "version": 2}
        Mirror(db).apply([("post", json.dumps(edited).encode())], "2-aaaa")
    assert ("sv", 1) in world.session.languages()
    swedish = world.session.filter("lang:sv")
    assert len(world.session.thread_keys(None, "new", swedish)) == 1
    assert not world.session.thread_keys(None, "new", replace(swedish, code=True))


def test_heat_is_what_the_formula_says(world: World) -> None:
    half, last = 3.0, datetime.fromisoformat(world.posts[-1]["created_at"])
    scores: dict[str, float] = {}
    times: dict[tuple[str, str], int] = {}
    for post in reversed(world.posts):
        hours = (last - datetime.fromisoformat(post["created_at"])) / timedelta(hours=1)
        if hours < 8 * half and not post.get("state"):
            who = post["thread_id"], post["author_id"]
            times[who] = times.get(who, 0) + 1
            worth = 2 ** (-hours / half) * (1 + math.log2(1 + post["votes"]["up"])) / times[who]
            scores[post["thread_id"]] = scores.get(post["thread_id"], 0.0) + worth
    gone = {post["id"] for post in world.posts if post.get("state")}
    wanted = [one for one in sorted(scores, key=lambda one: -scores[one]) if one not in gone]
    hot = world.session.hot()
    assert [row.thread.id for row in hot] == wanted
    top = max(scores.values())
    assert [row.heat for row in hot] == pytest.approx([scores[one] / top for one in wanted])
    assert all(1 <= row.people <= row.posts for row in hot)
    assert world.session.hot() == hot


def test_a_persons_page(world: World) -> None:
    page = world.session.person("@BO")
    mine = [post for post in world.posts if post["author_id"] == uid(902) and not post.get("state")]
    assert (page.person.handle, page.person.org, page.person.country) == ("Bo", "Works", "DE")
    assert "\x9b" not in page.person.name
    assert page.votes == sum(post["votes"]["up"] for post in mine)
    assert page.threads == sum(post["parent_id"] is None for post in mine)
    assert [row.id for row in world.session.posts(page.keys)] == [post["id"] for post in reversed(mine)]
    assert sum(number for _, number in page.forums) == page.person.posts == len(mine)
    with pytest.raises(NotFound, match="nobody is called"):
        world.session.person("nobody")


@pytest.mark.parametrize("minutes", [1, 5, 15, 600])
def test_a_plan_keeps_to_its_time_and_has_what_its_posts_need(world: World, minutes: int) -> None:
    seen = read(world)
    plan = world.session.plan(minutes)
    ids = [step.post.id for step in plan.steps]
    assert plan.seconds <= 60 * minutes
    assert ids
    assert len(set(ids)) == len(ids)
    by_id = {post["id"]: post for post in world.posts}
    unread = {one for one, post in by_id.items() if one not in seen and post["author_id"] != uid(900)} - {
        one for one, post in by_id.items() if post.get("state")
    }
    assert plan.unread == len(unread)
    assert set(ids) <= unread
    for step in plan.steps:
        assert step.seconds == reading_seconds(f"{step.post.title} {step.post.body}")
        needed = {by_id[step.post.id]["parent_id"], step.post.thread_id} & unread
        assert step.context or needed <= set(ids)
    for thread in {step.post.thread_id for step in plan.steps}:  # one after the other, each in its reading order
        keys = [step.post.key for step in plan.steps if step.post.thread_id == thread]
        order = world.session.thread_index(thread).keys
        assert keys == [key for key in order if key in keys]
        first = next(at for at, step in enumerate(plan.steps) if step.post.thread_id == thread)
        assert all(step.post.thread_id == thread for step in plan.steps[first : first + len(keys)])
    if minutes == 600:
        assert set(ids) == unread


def test_a_plan_takes_what_is_followed_and_leaves_what_is_muted(world: World) -> None:
    votes = {post["thread_id"]: post["votes"]["up"] for post in world.posts}
    thread = min(votes, key=lambda one: votes[one])
    loved = world.session.plan(
        3, Interests(threads=frozenset([thread]), people=frozenset(uid(900 + n) for n in range(5)))
    )
    assert any(step.why == "followed" for step in loved.steps)
    muted = Interests(muted_people=frozenset([uid(901)]), muted_tags=frozenset(["tea"]))
    steps = [step for step in world.session.plan(600, muted).steps if not step.context]
    assert steps
    assert not [step for step in steps if step.post.author_id == uid(901) or "tea" in step.post.tags]
    with pytest.raises(UsageError):
        world.session.plan(0)


def test_a_plan_goes_by_what_is_followed_and_muted_on_this_device(world: World) -> None:
    votes = {post["thread_id"]: post["votes"]["up"] for post in world.posts}
    thread = min(votes, key=lambda one: votes[one])
    assert not [step for step in world.session.plan(600).steps if step.why == "followed"]
    world.session.set_mark(thread, Mark.FOLLOWED)
    assert {step.post.thread_id for step in world.session.plan(600).steps if step.why == "followed"} == {thread}
    world.session.set_mark("#tea", Mark.MUTED)
    world.session.set_mark(f"@{world.session.person(uid(901)).person.handle}", Mark.MUTED)
    plan = world.session.plan(600)
    assert {step.post.id for step in plan.steps} == {
        row.id for row in world.session.posts(world.session.live_keys()) if row.unread
    }  # a thread whose opener has a muted tag is muted as a whole, in a plan as in the lists
    assert plan.unread == world.session.status().unread == len(plan.steps)


def test_what_is_muted_is_not_unread_for_a_filter(world: World) -> None:
    session = world.session
    session.mark_all_read()
    others = [post for post in world.posts if post["author_id"] != uid(900) and not post.get("state")]
    tagged = [post for post in others if post["thread_id"] == post["id"] and "tea" in post["tags"]]
    session.mark_read([session.key(tagged[0]["id"]) or 0], False)
    assert openers(world, session.thread_keys(None, "new", session.filter("is:unread"))) == [tagged[0]["id"]]
    session.set_mark("#tea", Mark.MUTED)
    assert session.thread_keys(None, "new", session.filter("is:unread")) == []


def test_a_mirror_of_version_1_gets_what_is_new_from_its_json(world: World, tmp_path: Path) -> None:
    """Made with the statements of version 1, then opened as any mirror is."""
    old = connection.Schema("mirror", mirror.SCHEMA.application_id, mirror.SCHEMA.migrations[:1], "NORMAL")
    path = tmp_path / "old.sqlite"
    with (
        closing(connection.connect(path, old)) as db,
        closing(connection.connect(world.session.known.mirror, mirror.SCHEMA)) as new,
    ):
        for table in ("jam", "people", "forums", "threads", "tags", "meta"):
            columns = ", ".join(str(row[1]) for row in db.execute(f"PRAGMA table_info({table})"))
            for row in new.execute(f"SELECT {columns} FROM {table}"):
                db.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
        columns = "n, id, h, forum, thread, parent, author, created, up, gone, raw"
        for row in new.execute(f"SELECT {columns} FROM posts"):
            db.execute(f"INSERT INTO posts({columns}) VALUES ({','.join('?' * len(row))})", row)
        wanted = list(new.execute("SELECT n, lang, code, featured FROM posts ORDER BY n"))
        indexes = list(new.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name"))
    with closing(connection.connect(path, mirror.SCHEMA)) as db:
        assert list(db.execute("SELECT n, lang, code, featured FROM posts ORDER BY n")) == wanted
        assert list(db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name")) == indexes
    assert {row[1] for row in wanted} == {"", "de", "zh", "en"}
    assert {row[2] for row in wanted} == {0, 1}


def test_lists_are_answered_by_indexes(world: World) -> None:
    with closing(connection.connect(world.session.known.mirror, mirror.SCHEMA)) as db:
        for order in ("last DESC", "n DESC", "up DESC, n DESC", "replies DESC, n DESC", "replies, n"):
            sql = f"EXPLAIN QUERY PLAN SELECT n FROM threads t WHERE t.forum = 1 ORDER BY {order}"
            plan = " ".join(str(row[3]) for row in db.execute(sql))
            assert "COVERING INDEX" in plan
            assert "TEMP B-TREE" not in plan
        sql = "EXPLAIN QUERY PLAN SELECT thread FROM posts p WHERE p.gone = 0 AND p.forum = 1 AND p.code = 1"
        assert "COVERING INDEX posts_filter" in " ".join(str(row[3]) for row in db.execute(sql))


def test_times_and_words_of_a_filter() -> None:
    assert moment("90min", NOW) == NOW - timedelta(minutes=90)
    assert moment("2w", NOW) == NOW - timedelta(weeks=2)
    assert moment("2026-11-20T08:00:00Z", NOW) == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert moment("yesterday", NOW) == moment("today", NOW) - timedelta(days=1)
    assert moment("2026-10", NOW) == moment("2026-10-01", NOW)
    assert parse_filter("from:ana after:2h", NOW) == parse_filter("author:ana since:2h", NOW)
    assert parse_filter('tag:"two words" @ana LANG:De has:code', NOW) == Filter(
        ("two words",), ("ana",), ("de",), code=True
    )
    assert chips('tag:tea author:ana since:2h is:unread tag:"a\x9bb"') == [
        "#tea",
        "@ana",
        "since 2h",
        "unread",
        "#a\ufffdb",
    ]
    for bad in ("teapot", "tag:", "since:", "has:tea", "since:noon", "since:0000", "kind:new"):
        with pytest.raises(UsageError):
            parse_filter(bad, NOW)
    assert complete_filter("is:unread ta", ["tea"], [], []) == ["is:unread tag:"]
    assert complete_filter("tag:t", ["tea", "two words"], [], []) == ["tag:tea", 'tag:"two words"']


def test_reading_time_counts_words_and_characters() -> None:
    assert reading_seconds("word " * 240) == pytest.approx(62)
    assert reading_seconds("茶" * 400) == pytest.approx(62)
    assert reading_seconds("") == 2


def test_a_filter_counts_back_from_now_and_from_the_end_when_the_jam_is_over(world: World) -> None:
    session, end = world.session, OPENS + timedelta(hours=72)
    assert session.filter("since:2h").since == NOW - timedelta(hours=2)
    session._clock = lambda: NOW + timedelta(days=400)
    assert session.filter("since:2h").since == end - timedelta(hours=2)
    assert session.thread_keys(None, "active", session.filter("since:12h"))
