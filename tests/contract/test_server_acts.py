"""Acts that meet: limits that hold for moderators too, undoing in an order that is none, what happens while a post is
hidden, and threads near the limit."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import apsw
import httpx
import pytest
from acts import Json, act, code, done, undone

from jamserver import accounts, moderation_desk, objects, threads


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


# -- undoing, in an order that is none

LATER, SOONER = ((datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (2, 1))


def post_of(jam: Any, post: Json | str) -> Json:
    return dict(jam.guest.get(f"/posts/{post['id'] if isinstance(post, dict) else post}").json())


def me(client: httpx.Client) -> str:
    return str(client.get("/me").json()["id"])


def role(jam: Any, client: httpx.Client, name: str) -> None:
    person_id = me(client)
    jam.server.write(lambda tx: objects.set_role(tx, person_id, name))


def hosted(jam: Any, forum_id: str, *people: httpx.Client) -> None:
    ids = json.dumps([me(one) for one in people])
    sql = "UPDATE forums SET data = json_set(data, '$.host_ids', json(?)) WHERE id = ?"
    jam.server.write(lambda tx: tx.db.execute(sql, (ids, forum_id)))


@pytest.mark.parametrize("kind", ["hide", "lock", "move", "merge", "suspend"])
def test_an_older_act_is_not_undone_over_a_newer_one(jam: Any, kind: str, figure: Callable[..., None]) -> None:
    """Of two moderators' acts on the same thing the first one's undo took the second one's away."""
    role(jam, jam.bob, "moderator")
    thread, ada = jam.thread(), me(jam.ada)
    places = [forum(jam, f"f{number}")["id"] for number in range(2)]
    target = jam.thread()["id"]
    fields: list[Json] = {
        "move": [{"to": places[0]}, {"to": places[1]}],
        "suspend": [{"person_id": ada, "until": SOONER}, {"person_id": ada, "until": LATER}],
    }.get(kind, [{}, {}])
    if kind == "merge":
        first = done(jam.mod, "move", thread, to=places[0])
        second = done(jam.bob, "merge", thread, to=target)
    else:
        first = done(jam.mod, kind, thread, **fields[0])
        second = done(jam.bob, kind, thread, **fields[1])
    before = post_of(jam, thread), jam.ada.get("/me/desk").json().get("suspended")
    refused = act(jam.mod, "undo", of=first["id"])
    assert code(refused) == (409, "act_overtaken")
    assert second["act"] in refused.json()["detail"]
    assert (post_of(jam, thread), jam.ada.get("/me/desk").json().get("suspended")) == before
    undone(jam.mod, second)
    undone(jam.mod, first)
    after = post_of(jam, thread)
    assert after.get("state") is after.get("locked") is after["parent_id"] is None
    assert after["forum_id"] == jam.forum["id"]
    assert "suspended" not in jam.ada.get("/me/desk").json()
    figure(f"{kind}: the older act undone over the newer one 0 of 1 times, both in order")


def test_an_act_that_was_overtaken_by_its_opposite_stays(jam: Any) -> None:
    thread = jam.thread()
    first = done(jam.mod, "lock", thread)
    second = done(jam.mod, "unlock", thread)
    assert code(act(jam.mod, "undo", of=first["id"])) == (409, "act_overtaken")
    other = done(jam.mod, "hide", thread)  # another thing of the same post
    undone(jam.mod, second)
    assert post_of(jam, thread)["locked"] is True
    undone(jam.mod, first)
    assert post_of(jam, thread)["state"] == "hidden"
    undone(jam.mod, other)


def test_each_warning_is_taken_back_by_itself_but_not_by_who_was_warned(jam: Any) -> None:
    ada = me(jam.ada)
    first, second = (done(jam.mod, "warn", person_id=ada, reason=f"For {n}.") for n in range(2))
    role(jam, jam.ada, "moderator")
    assert code(act(jam.ada, "undo", of=first["id"])) == (403, "forbidden")
    undone(jam.mod, first)
    undone(jam.mod, second)


def test_what_came_out_of_a_forum_goes_back_with_the_rights_over_both(jam: Any) -> None:
    """The host of where a thread was merged or moved to does not send it back alone."""
    role(jam, jam.bob, "host")
    there = forum(jam, "there")
    hosted(jam, jam.forum["id"], jam.bob)
    hosted(jam, there["id"], jam.host)
    target = jam.thread(by=jam.ada, forum_id=there["id"])
    for kind, to in (("merge", target["id"]), ("move", there["id"])):
        one = done(jam.mod, kind, jam.thread(), to=to)
        for client in (jam.host, jam.bob):
            assert code(act(client, "undo", of=one["id"])) == (403, "forbidden"), kind
        hosted(jam, there["id"], jam.host, jam.bob)
        undone(jam.bob, one)
        hosted(jam, there["id"], jam.host)


# -- text that is gone


def test_a_removed_text_leaves_the_disk_when_a_long_read_is_over(jam: Any) -> None:
    """It waited for the next write, which may come the day after."""
    post = jam.thread(body="CANARY")
    files = [jam.server.db, jam.server.db.with_name(f"{jam.server.db.name}-wal")]

    def there() -> bool:
        return any(b"CANARY" in one.read_bytes() for one in files if one.exists())

    reader = apsw.Connection(str(jam.server.db), flags=apsw.SQLITE_OPEN_READONLY)
    with contextlib.closing(reader):
        reader.execute("BEGIN; SELECT count(*) FROM posts")
        done(jam.mod, "remove", post)
        assert there()
        reader.execute("ROLLBACK")
        end = time.monotonic() + 30
        while there() and time.monotonic() < end:
            time.sleep(0.02)
        assert not there()


# -- what happens while a post is hidden


@pytest.mark.parametrize("order", ["hums", "hmus", "hmsu", "mhus", "mhsu", "mshu"])
def test_an_idea_that_is_hidden_and_merged_is_the_same_idea_afterwards(
    jam: Any, order: str, figure: Callable[..., None]
) -> None:
    """Hidden, unhidden, merged and split in every order: its kind and state come again, and a reply has none."""
    idea, target = jam.thread(kind="idea", tags=["tea"]), jam.thread(by=jam.bob, kind="question")
    reply = jam.reply(idea)
    jam.mod.put(f"/posts/{idea['id']}/idea-state", json={"idea_state": "chosen"}).raise_for_status()
    jam.mod.put(f"/posts/{idea['id']}/featured", json={"reason": "Read this"}).raise_for_status()
    before, other = post_of(jam, idea), post_of(jam, target)
    acts: dict[str, Json] = {}
    for step in order:
        if step in "hm":
            acts[step] = done(
                jam.mod, {"h": "hide", "m": "merge"}[step], idea, **({"to": target["id"]} if step == "m" else {})
            )
        else:
            undone(jam.mod, acts[{"u": "h", "s": "m"}[step]])
        now = post_of(jam, idea)
        if now["parent_id"] is not None or now.get("state") == "hidden":
            assert "kind" not in now
            assert "idea_state" not in now
    now = post_of(jam, idea)
    assert now.pop("version") == before.pop("version") + 2
    assert now == before
    assert post_of(jam, reply)["thread_id"] == idea["id"]
    assert post_of(jam, target) == other
    figure(f"an idea hidden and merged in the order {order}: 0 fields differ")


def test_a_hidden_post_is_told_of_where_it_stands(jam: Any) -> None:
    """In a thread that was moved and merged since."""
    thread, target = jam.thread(), jam.thread()
    reply = jam.reply(thread, by=jam.ada)
    done(jam.mod, "hide", reply)
    done(jam.mod, "merge", thread, to=target["id"])
    there = forum(jam, "there")["id"]
    done(jam.mod, "move", target, to=there)
    for client in (jam.ada, jam.mod):
        (one,) = client.get("/me/desk").json()["hidden"]
        assert (one["body"], one["thread_id"], one["forum_id"]) == (reply["body"], target["id"], there)
        assert one["parent_id"] == thread["id"]


def test_a_removed_idea_is_nothing_when_its_thread_is_split(jam: Any) -> None:
    idea, target = jam.thread(kind="idea"), jam.thread()
    merged = done(jam.mod, "merge", idea, to=target["id"])
    done(jam.mod, "remove", idea)
    undone(jam.mod, merged)
    assert "kind" not in post_of(jam, idea)


def test_tags_of_a_hidden_post_come_again_as_they_are_called_now(jam: Any) -> None:
    post = jam.thread(tags=["coffees", "tea"])
    for client, name in ((jam.bob, "coffees"), (jam.bob, "cake"), (jam.host, "coffee")):
        client.put(f"/posts/{post['id']}/tags/{name}").raise_for_status()
    hidden = done(jam.mod, "hide", post)
    jam.mod.put("/tags/coffees/merged", json={"into": "coffee"}).raise_for_status()
    bob = me(jam.bob)
    jam.bob.delete("/me", params={"posts": "keep"}).raise_for_status()
    undone(jam.mod, hidden)
    assert post_of(jam, post)["tags"] == ["cake", "coffee", "tea"]
    who = jam.server.write(lambda tx: list(tx.db.execute("SELECT tag, person_id FROM post_tags")))
    assert bob not in {person for _, person in who}
    assert ("cake", "") in who
    assert "coffees" not in {tag for tag, _ in who}


# -- threads near the limit


@pytest.mark.parametrize("kind", ["merge", "move"])
def test_a_thread_near_the_limit_is_put_back_however_large_it_has_become(
    jam: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "MAX_POSTS", 4)
    thread, target = jam.thread(), jam.thread()
    for post in (thread, thread, target, target):
        jam.reply(post)
    to = forum(jam, "there")["id"] if kind == "move" else target["id"]
    one = done(jam.mod, kind, thread, to=to)
    for _ in range(3):
        jam.reply(thread)
    undone(jam.mod, one)
    shown = jam.guest.get("/posts", params={"limit": 200}).json()["items"]
    assert sum(post["thread_id"] == thread["id"] for post in shown) == 6
    assert sum(post["thread_id"] == target["id"] for post in shown) == 3
    assert {post["forum_id"] for post in shown} == {jam.forum["id"]}
    assert code(act(jam.mod, "move", thread, to=forum(jam, "other")["id"])) == (422, "invalid")


def test_a_reply_that_names_its_thread_is_answered_again_after_a_merge(jam: Any) -> None:
    thread, target = jam.thread(), jam.thread()
    post_id = str(uuid.uuid4())
    content = {"parent_id": thread["id"], "thread_id": thread["id"], "forum_id": jam.forum["id"], "body": "Yes"}
    first = jam.bob.put(f"/posts/{post_id}", json=content)
    done(jam.mod, "merge", thread, to=target["id"])
    again = jam.bob.put(f"/posts/{post_id}", json=content)
    assert (first.status_code, again.status_code) == (201, 200), again.text
    assert int(again.headers["jam-seq"]) >= int(first.headers["jam-seq"])
    assert code(jam.bob.put(f"/posts/{post_id}", json=content | {"body": "No"})) == (422, "invalid")
    assert code(jam.bob.put(f"/posts/{uuid.uuid4()}", json=content)) == (422, "invalid")


# -- reports


def report(client: httpx.Client, post: Json) -> httpx.Response:
    return client.put(f"/reports/{uuid.uuid4()}", json={"post_id": post["id"], "reason": "spam"})


def test_one_person_with_many_reports_hides_nobody_elses(
    start_jam: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, figure: Callable[..., None]
) -> None:
    monkeypatch.setattr(moderation_desk, "QUEUE", 4)
    monkeypatch.setattr(moderation_desk, "OF_POST", 1)
    jam = start_jam(vote_join=0.0)
    mine, both = jam.thread(), jam.thread()
    flood = [jam.thread(title=f"Flood {number}") for number in range(12)]
    for client, post in ((jam.host, mine), (jam.host, both), (jam.bob, both), *((jam.bob, post) for post in flood)):
        report(client, post).raise_for_status()
    queue = jam.mod.get("/me/desk").json()["queue"]
    assert [one["post_id"] for one in queue][:3] == [both["id"], flood[-1]["id"], mine["id"]]
    assert [one["people"] for one in queue] == [2, 1, 1, 1]
    assert [one["of_person"] for one in queue][1:3] == [13, 2]
    assert jam.mod.get("/me/desk").json()["queue_size"] == 14
    pages, after = [], None  # all of them, a page after the other
    while True:
        page = jam.mod.get("/reports", params={"limit": 4, **({"after": after} if after else {})}).json()
        pages.append([one["post_id"] for one in page["items"]])
        if (after := page["next"]) is None:
            break
    assert [len(one) for one in pages] == [4, 4, 4, 3]
    assert [one for page in pages for one in page] == [one["id"] for one in (mine, both, both, *flood)]
    while queue:  # what is decided makes room for what comes next, until none is left
        answer = jam.mod.patch(f"/reports/{queue[0]['id']}", json={"state": "dismissed"})
        assert answer.status_code == 200
        flood.append(queue[0])
        queue = jam.mod.get("/me/desk").json()["queue"]
    assert len(flood) == 12 + 14
    assert "queue_size" not in jam.mod.get("/me/desk").json()
    figure("13 reports of one person: what another reported is third of 14, 4 are listed, all are come to")


def test_a_person_reports_so_much_a_day_and_a_new_account_less(start_jam: Callable[..., Any], client: Any) -> None:
    ahead = [timedelta(0)]
    jam = start_jam(vote_join=0.0, day_reports=3, new_reports=2, clock=lambda: datetime.now(UTC) + ahead[0])
    posts = [jam.thread() for _ in range(5)]
    codes = [report(jam.bob, post) for post in posts]
    assert [one.status_code for one in codes] == [201, 201, 201, 429, 429]
    assert 86_000 < int(codes[-1].headers["retry-after"]) <= 86_400
    invite = jam.server.write(lambda tx: accounts.new_invite(tx, "participant"))
    token = jam.guest.post("/auth/invite", json={"code": invite, "handle": "eve"}).json()["access_token"]
    answers = [report(client(jam.url, token), post) for post in posts[:3]]
    assert [one.status_code for one in answers] == [201, 201, 429]
    assert int(answers[-1].headers["retry-after"]) <= 3_600
    bob = me(jam.bob)
    token = jam.server.write(lambda tx: accounts.long_token(tx, bob, timedelta(days=3)))
    ahead[0] = timedelta(hours=25)
    assert report(client(jam.url, token), posts[3]).status_code == 201


# -- sorting, in one's own forums


def test_hosts_sort_ideas_in_the_forums_that_they_host(jam: Any) -> None:
    elsewhere = forum(jam, "elsewhere")
    hosted(jam, elsewhere["id"], jam.bob)
    there = jam.thread(forum_id=elsewhere["id"], kind="idea")
    here = jam.thread(kind="idea")
    done(jam.mod, "lock", here)
    for post, status in ((there, 403), (here, 200)):
        for method, address, body in (
            ("PUT", "idea-state", {"idea_state": "refined"}),
            ("PUT", "featured", {"reason": "Read this"}),
            ("DELETE", "featured", None),
            ("PATCH", "", {"kind": "question"}),
        ):
            path = f"/posts/{post['id']}/{address}".rstrip("/")
            assert jam.mod.request(method, path, json=body).status_code == 200
            if address == "idea-state":
                assert jam.ada.request(method, path, json=body).status_code == 403
            assert jam.host.request(method, path, json=body).status_code == status, address
    assert jam.ada.patch(f"/posts/{there['id']}", json={"kind": "idea"}).status_code == 200  # who opened it
    for post, ends in ((there, there), (there, here)):
        other = jam.thread(by=jam.bob, forum_id=post["forum_id"])["id"]
        to = other if ends is post else here["id"]
        link = f"/posts/{post['id']}/links/builds_on/{to}"
        jam.ada.put(link).raise_for_status()
        assert jam.host.delete(link).status_code == (403 if ends is post else 200)


def test_what_is_no_longer_featured_is_not_so_again_with_its_text(jam: Any) -> None:
    post = jam.thread()
    jam.mod.put(f"/posts/{post['id']}/featured", json={"reason": "Read this"}).raise_for_status()
    hidden = done(jam.mod, "hide", post)
    jam.mod.delete(f"/posts/{post['id']}/featured").raise_for_status()
    undone(jam.mod, hidden)
    assert "featured" not in post_of(jam, post)
