"""Curated tags and their merging: what the routes answer, what becomes of the posts, who is let through meanwhile."""

from __future__ import annotations

import contextlib
import io
import json
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jamserver import db, importer, objects, posts, tag_names, tags
from jamserver import records as server_records
from jamserver.log import Tx
from jamserver.posts import Actor
from jamserver.wire import NewPost
from jamserver.writer import write_once
from jamtui import archive


def records(jam: Any) -> dict[str, dict[str, Any]]:
    """The tag records of the log as they now are."""
    found = {item["data"]["id"]: item["data"] for item in jam.changes() if item["type"] == "tag"}
    return {name: data for name, data in found.items() if not data.get("gone")}


def test_hosts_say_what_a_tag_means(jam: Any) -> None:
    jam.thread(tags=["tea"])
    answer = jam.mod.put("/tags/Tea", json={"about": " Hot,\0 and green. "})
    assert answer.json() == {"id": "tea", "about": "Hot,\ufffd and green.", "curated": True}
    assert int(answer.headers["Jam-Seq"]) == jam.changes()[-1]["seq"]
    again = jam.mod.put("/tags/tea", json={"about": "Hot,\ufffd and green."})
    assert (again.json(), again.headers["Jam-Seq"]) == (answer.json(), "0"), "the same again is no change"
    jam.mod.put("/tags/pilot", json={"about": "Where we try it first.", "curated": True})
    assert jam.guest.get("/tags").json()["items"] == [
        {"name": "tea", "count": 1, "about": "Hot,\ufffd and green.", "curated": True},
        {"name": "pilot", "count": 0, "about": "Where we try it first.", "curated": True},
    ]
    assert set(records(jam)) == {"tea", "pilot"}
    assert jam.mod.delete("/tags/tea").json() == {"id": "tea", "gone": True}
    assert jam.mod.delete("/tags/nothing").json() == {"id": "nothing", "gone": True}
    assert set(records(jam)) == {"pilot"}
    assert jam.guest.get("/posts", params={"tag": "tea"}).json()["items"], "posts keep it"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tags/a%2Cb", {"about": "x"}),
        ("/tags/tea", {"about": "x" * 301}),
        ("/tags/tea", {"about": "x", "colour": "red"}),
        ("/tags/tea/merged", {}),
        ("/tags/tea/merged", {"into": "tea"}),
        ("/tags/tea/merged", {"into": "a,b"}),
        ("/tags/" + "x" * 41, {"about": ""}),
    ],
)
def test_what_does_not_fit_is_refused(jam: Any, path: str, body: dict[str, Any]) -> None:
    assert jam.mod.put(path, json=body).status_code == 422
    assert records(jam) == {}


def test_a_merged_tag_is_the_other_on_all_posts_and_from_then_on(jam: Any, figure: Callable[..., None]) -> None:
    both = jam.thread(tags=["pilots", "pilot"])
    old = jam.thread(by=jam.bob, tags=["pilots", "tea"])
    jam.bob.put(f"/posts/{both['id']}/tags/pilots")
    gone = jam.thread(tags=["pilots"])
    jam.ada.delete(f"/posts/{gone['id']}", headers={"If-Match": '"1"'}).raise_for_status()
    before = len(jam.changes())
    answer = jam.mod.put("/tags/pilots/merged", json={"into": "#Pilot"}).raise_for_status()
    assert answer.json() == {"id": "pilots", "curated": False, "merged_into": "pilot"} | {"about": ""}
    assert [item["type"] for item in jam.changes()[before:]] == ["tag", "post", "post"], "the record first"
    assert int(answer.headers["Jam-Seq"]) == jam.changes()[-1]["seq"], "the last post that was retagged"

    def get(post: dict[str, Any]) -> dict[str, Any]:
        return dict(jam.guest.get(f"/posts/{post['id']}").json())

    assert (get(both)["tags"], get(old)["tags"]) == (["pilot"], ["pilot", "tea"])
    assert get(old)["version"] == 1, "content is as it was"
    by = {item["name"]: item["by"] for item in jam.guest.get(f"/posts/{both['id']}/tags").json()["items"]}
    people = {handle: jam.guest.get(f"/people/{handle}").json()["id"] for handle in ("ada", "bob")}
    assert sorted(by["pilot"]) == sorted(people.values()), "who tagged stays recorded"
    # From then on the old one is the new one: on a new post, on a post that is there, and when it is taken off.
    assert jam.thread(tags=["pilots", "pilot"])["tags"] == ["pilot"]
    plain = jam.thread()
    assert jam.bob.put(f"/posts/{plain['id']}/tags/pilots").json()["tags"] == ["pilot"]
    assert jam.bob.delete(f"/posts/{plain['id']}/tags/pilots").json()["tags"] == []
    repeat = {"forum_id": jam.forum["id"], "title": "Again", "body": "B", "tags": ["pilots"]}
    assert [jam.ada.put("/posts/01990000-0000-7000-8000-000000000001", json=repeat).status_code for _ in "12"] == [
        201,
        200,
    ], "a repeat after a lost answer is the same, though the post has the other tag"
    # A chain ends where it ends; a ring is refused.
    jam.mod.put("/tags/pilot/merged", json={"into": "trial"}).raise_for_status()
    assert jam.thread(tags=["pilots"])["tags"] == ["trial"]
    assert jam.mod.put("/tags/trial/merged", json={"into": "pilots"}).status_code == 422
    assert jam.mod.put("/tags/pilot", json={"about": "x"}).status_code == 422, "what became another is not curated"
    # Undone for what is new.
    jam.mod.delete("/tags/pilots/merged").raise_for_status()
    assert jam.thread(tags=["pilots"])["tags"] == ["pilots"]
    assert get(old)["tags"] == ["tea", "trial"]
    figure("tags: 0 posts with a merged tag, 0 recorded taggers lost, 0 later uses that gave the old one")


def test_a_merge_that_was_broken_off_goes_on_when_it_is_asked_for_again(jam: Any) -> None:
    """As after a kill of the server between two pieces: the record stands, and some posts have the old tag."""
    made = [jam.thread(tags=["pilots"]) for _ in range(3)]
    host = Actor("x", "host")
    jam.server.write(lambda tx: tags.merge(tx, host, "pilots", "pilot"))
    assert jam.thread(tags=["pilots"])["tags"] == ["pilot"]
    assert jam.guest.get(f"/posts/{made[0]['id']}").json()["tags"] == ["pilots"]
    assert jam.ada.delete(f"/posts/{made[0]['id']}/tags/pilots").json()["tags"] == [], "it can be taken off meanwhile"
    jam.mod.put("/tags/pilots/merged", json={"into": "pilot"}).raise_for_status()
    assert [jam.guest.get(f"/posts/{post['id']}").json()["tags"] for post in made] == [[], ["pilot"], ["pilot"]]


def test_a_merge_that_began_is_brought_to_its_end_whatever_is_left_of_the_day(
    start_jam: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, figure: Callable[..., None]
) -> None:
    jam = start_jam(day_writes=30, day_of_hosts=2, writes=1_000)
    old = [jam.thread(tags=["pilots"])["id"] for _ in range(3)]
    for at in range(57):  # of 60 writes that a moderator has in a day
        jam.mod.put(f"/tags/t{at}", json={"about": "x", "curated": True}).raise_for_status()
    monkeypatch.setattr(tags, "PIECE", 1)
    jam.mod.put("/tags/pilots/merged", json={"into": "pilot"}).raise_for_status()
    found = [jam.guest.get(f"/posts/{one}").json()["tags"] for one in old]
    assert found == [["pilot"]] * 3
    assert jam.mod.put("/tags/pilot/merged", json={"into": "trial"}).json()["code"] == "rate_limited", "they counted"
    figure("tags: 0 posts of 3 left with a merged tag where the day ended in the middle")


HOURS = {
    "opens_at": "2020-01-01T00:00:00Z",
    "closes_at": "2020-01-02T00:00:00Z",
    "archived_at": "2020-01-03T00:00:00Z",
}


def test_an_archived_jam_takes_no_curating(jam: Any) -> None:
    jam.server.write(lambda tx: objects.change_jam(tx, HOURS))
    for answer in (
        jam.mod.put("/tags/tea", json={"about": "x"}),
        jam.mod.put("/tags/tea/merged", json={"into": "coffee"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "jam_closed")
    assert records(jam) == {}
    assert jam.ada.patch("/me", json={"org": "Later"}).status_code == 200


def test_5000_posts_are_retagged_and_others_write_in_between(jam: Any, figure: Callable[..., None]) -> None:
    count = 5_000

    def fill(tx: Tx) -> None:
        person = tx.db.execute("SELECT id FROM people WHERE handle = 'ada'").fetchone()[0]
        for number in range(count):
            new = NewPost("A body", forum_id=jam.forum["id"], title=f"T {number}", tags=("pilots", f"t{number % 7}"))
            posts.create(tx, Actor(person, "participant"), f"01990000-0000-7000-8000-{number:012x}", new)

    jam.server.write(fill)
    done = threading.Event()
    waits: list[float] = []
    seqs: list[int] = []

    def others() -> None:
        post = jam.thread(by=jam.bob)
        while not done.is_set() and len(seqs) < 250:
            begin = time.perf_counter()
            up = jam.bob.put if len(seqs) % 2 else jam.bob.delete
            answer = up(f"/posts/{post['id']}/tags/tea")
            waits.append(time.perf_counter() - begin)
            seqs.append(int(answer.headers["Jam-Seq"]))

    thread = threading.Thread(target=others)
    thread.start()
    begin = time.perf_counter()
    answer = jam.mod.put("/tags/pilots/merged", json={"into": "pilot"})
    took = time.perf_counter() - begin
    done.set()
    thread.join()
    assert answer.status_code == 200
    first = next(item["seq"] for item in jam.changes() if item["type"] == "tag")
    between = [seq for seq in seqs if first < seq < int(answer.headers["Jam-Seq"])]
    assert len(between) >= 5, "somebody else is written while it goes on"
    counts = {item["name"]: item["count"] for item in jam.guest.get("/tags").json()["items"]}
    assert (counts.get("pilots", 0), counts["pilot"]) == (0, count)
    retagged = [item for item in jam.changes() if item["seq"] > first and item["data"].get("tags", [])[:1] == ["pilot"]]
    assert len(retagged) == count, "a change each"
    figure(
        f"tags: {count:,} posts retagged in {took:.1f} s; {len(between)} writes of others in between, "
        f"the longest waited {1000 * max(waits):.0f} ms"
    )


def test_a_chain_of_merges_is_one_step_and_is_undone_where_it_was_made(jam: Any) -> None:
    for old, new in (("a", "b"), ("z", "b"), ("b", "c"), ("c", "d")):
        jam.mod.put(f"/tags/{old}/merged", json={"into": new}).raise_for_status()

    def became() -> dict[str, str]:
        return {name: record["merged_into"] for name, record in records(jam).items() if "merged_into" in record}

    assert became() == dict.fromkeys("azbc", "d"), "whoever tags walks no chain"
    assert records(jam)["a"]["merged_as"] == "b"
    assert "merged_as" not in records(jam)["c"]
    jam.mod.put("/tags/b", json={"about": "Bees.", "curated": False}).raise_for_status()
    assert records(jam)["b"]["merged_as"] == "c", "another word about a tag does not touch it"
    jam.mod.delete("/tags/b/merged").raise_for_status()
    assert became() == {"a": "b", "z": "b", "c": "d"}, "what was merged into it is with it"
    assert jam.thread(tags=["a"])["tags"] == ["b"]
    jam.mod.put("/tags/b/merged", json={"into": "c"}).raise_for_status()
    jam.mod.put("/tags/b/merged", json={"into": "e"}).raise_for_status()
    assert became() == {"a": "e", "z": "e", "b": "e", "c": "d"}


def test_no_order_of_merges_goes_in_a_circle_or_leaves_a_chain(jam: Any) -> None:
    """A tag that is merged anew into one that was merged into it: both leave the other, where they end goes on."""

    def merge(old: str, new: str) -> int:
        status: int = jam.mod.put(f"/tags/{old}/merged", json={"into": new}).status_code
        return status

    def became() -> dict[str, str]:
        return {name: record["merged_into"] for name, record in records(jam).items() if "merged_into" in record}

    assert [merge("a", "b"), merge("b", "c"), merge("b", "a"), merge("c", "d")] == [200, 200, 200, 200]
    assert became() == {"a": "d", "b": "d", "c": "d"}
    assert merge("d", "b") == 422
    jam.mod.delete("/tags/c/merged").raise_for_status()
    assert became() == {"a": "c", "b": "c"}, "undone where it was made"
    assert jam.thread(tags=["a", "b"])["tags"] == ["c"]


def test_merged_tags_of_an_archive_lead_to_where_they_end(tmp_path: Path) -> None:
    merged = {"a": "b", "b": "c", "c": "d", "r1": "r2", "r2": "r1", "to-ring": "r1", "self": "self", "bad": "x,y"}
    merged |= {f"long{n}": f"long{n + 1}" for n in range(2_000)}
    at = "2026-01-01T00:00:00Z"
    found: list[tuple[str, dict[str, Any]]] = [
        ("jam", {"format": 1, "id": "j", "slug": "s", "title": "T", "opens_at": at, "closes_at": at}),
        ("person", {"id": "p1", "handle": "ada", "name": "Ada"}),
        ("forum", {"id": "f1", "slug": "ideas", "title": "Ideas"}),
        ("post", {
            "id": "t1", "forum_id": "f1", "thread_id": "t1", "author_id": "p1", "title": "T", "body": "B",
            "created_at": at, "tags": ["a", "r1", "long0"],
        }),
    ]  # fmt: skip
    found += [("tag", {"id": old, "about": "", "curated": False, "merged_into": new}) for old, new in merged.items()]
    lines = io.BytesIO(b"\n".join(json.dumps({"type": kind, "data": data}).encode() for kind, data in found))
    path = tmp_path / "jam.sqlite"
    db.prepare(path)
    write_once(path, datetime.now(UTC), random.Random(1), lambda tx: importer.import_records(tx, archive.read(lines)))
    with contextlib.closing(db.connect(path)) as there:
        now = {tag.id: tag.merged_into for tag in tag_names.all_of(there) if tag.merged_into}
        assert {name: end for name, end in now.items() if "long" not in name} == {"a": "d", "b": "d", "c": "d"}
        assert {end for name, end in now.items() if "long" in name} == {"long2000"}
        assert posts.tags_of(there, "t1") == ["d", "long2000", "r1"]


def test_a_way_that_an_archive_made_up_keeps_no_tag_from_where_it_ends(jam: Any) -> None:
    def put(tx: Tx) -> None:
        for name, by_way_of in (("a", "b"), ("b", "a"), ("e", "nowhere")):
            fields: dict[str, Any] = {"id": name, "merged_into": "c", "merged_as": by_way_of}
            server_records.put(tx, "tag", name, fields)

    jam.server.write(put)
    jam.mod.put("/tags/c/merged", json={"into": "d"}).raise_for_status()
    assert {record["merged_into"] for name, record in records(jam).items() if "merged_into" in record} == {"d"}
