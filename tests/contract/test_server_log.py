"""The change log, its cursors, the snapshot, and what a removal leaves."""

from __future__ import annotations

import gzip
import io
import json
import random
import shutil
import uuid
from typing import Any

import httpx
import msgspec
import pytest
import zstandard

from jamserver import objects, posts, wire
from jamserver.db import value
from jamserver.log import Tx
from jamtui import archive

Records = list[tuple[str, dict[str, Any]]]


def snapshot(client: httpx.Client, encoding: str = "identity") -> tuple[str, Records, httpx.Response]:
    """(cursor, records, answer) of a snapshot, decoded by hand."""
    with client.stream("GET", "/snapshot", headers={"Accept-Encoding": encoding}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == len(raw)
    if encoding == "zstd":
        raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    elif encoding == "gzip":
        raw = gzip.decompress(raw)
    assert len(raw) == int(answer.headers["jam-snapshot-size"])
    records = [
        (record.type, msgspec.json.decode(record.raw)) for record in archive.check(archive.read(io.BytesIO(raw)))
    ]
    return answer.headers["jam-cursor"], records, answer


def test_seq_starts_at_one_and_has_no_gaps(jam: Any) -> None:
    jam.reply(jam.thread())
    items = jam.changes()
    assert [item["seq"] for item in items] == list(range(1, len(items) + 1))
    assert [item["type"] for item in items] == ["jam", "person", "person", "person", "forum", "post", "post"]
    assert all(len(item["mark"]) == 4 for item in items)
    assert jam.head() == f"{items[-1]['seq']}-{items[-1]['mark']}"


def test_pages_are_limited_and_join_without_gap(jam: Any) -> None:
    whole = jam.changes()
    page = jam.guest.get("/changes", params={"limit": 2}).json()
    assert page["items"] == whole[:2]
    cursor = f"{whole[1]['seq']}-{whole[1]['mark']}"
    assert jam.guest.get("/changes", params={"after": cursor, "limit": 5_000}).json()["items"] == whole[2:]
    for wrong in ("0", "-1", "x", "1e3"):
        assert jam.guest.get("/changes", params={"limit": wrong}).status_code == 422


def test_a_page_has_at_most_four_mebibytes(jam: Any) -> None:
    for _ in range(60):
        jam.thread(body="語" * 20_000)
    raw = jam.guest.get("/changes").content
    assert 3 << 20 < len(raw) <= (4 << 20) + 100
    assert sum(item["type"] == "post" for item in jam.changes()) == 60


def test_pages_end_at_four_mebibytes_wherever_long_posts_begin(jam: Any) -> None:
    """Short posts, then long ones, then short ones: pages of any length have all of them in their order."""

    def job(tx: Tx) -> None:
        author = posts.Actor(value(tx.db, "SELECT id FROM people LIMIT 1"), "participant")
        for n in range(600):
            body = "語" * 20_000 if 230 <= n < 330 else f"Body {n}"
            new = wire.NewPost(forum_id=jam.forum["id"], title=f"T {n}", body=body)
            posts.create(tx, author, str(uuid.uuid4()), new)

    jam.server.write(job)
    for limit in (1_000, 450, 200, 7):
        items: list[dict[str, Any]] = []
        after = "0-0"
        while True:
            raw = jam.guest.get("/changes", params={"after": after, "limit": limit}).content
            found = json.loads(raw)["items"]
            if not found:
                break
            assert len(raw) <= (4 << 20) + 100
            assert len(found) <= limit
            items += found
            after = f"{found[-1]['seq']}-{found[-1]['mark']}"
        assert [item["seq"] for item in items] == list(range(1, 606))
        titles = [item["data"]["title"] for item in items if item["type"] == "post"]
        assert titles == [f"T {n}" for n in range(600)]
    first = json.loads(jam.guest.get("/changes").content)["items"]
    assert 235 < len(first) < 330  # cut among the long ones, behind more than is joined at once


def test_pages_of_posts_have_all_once_and_say_where_the_next_begins(jam: Any) -> None:
    made = [jam.thread(title=f"T {n}")["id"] for n in range(6)]
    seen: list[str] = []
    after: str | None = "0"
    sizes = []
    while after is not None:
        page = jam.guest.get("/posts", params={"after": after, "limit": 3, "forum": "ideas"}).json()
        sizes.append(len(page["items"]))
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
    assert (seen, sizes) == (made, [3, 3])
    assert jam.guest.get("/posts", params={"tag": "none"}).json() == {"items": [], "next": None}


def test_an_unchanged_page_is_304(jam: Any) -> None:
    first = jam.guest.get("/changes", params={"after": jam.head()})
    again = jam.guest.get("/changes", params={"after": jam.head()}, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    post = jam.thread()
    page = jam.guest.get("/changes", headers={"If-None-Match": jam.guest.get("/changes").headers["etag"]})
    assert page.status_code == 304
    jam.ada.delete(f"/posts/{post['id']}", headers={"If-Match": '"1"'}).raise_for_status()
    assert jam.guest.get("/changes", headers={"If-None-Match": page.headers["etag"]}).status_code == 200


@pytest.mark.parametrize("wrong", ["x", "1", "-", "1-", "1-ABCD", "01-abcd", "1-abcd-2", "1_0-abcd", "１-abcd"])
@pytest.mark.parametrize("route", ["/changes", "/stream"])
def test_what_is_no_cursor_is_refused(jam: Any, route: str, wrong: str) -> None:
    answer = jam.guest.get(route, params={"after": wrong})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("route", ["/changes", "/stream"])
def test_a_cursor_that_the_log_does_not_have_is_gone(jam: Any, route: str) -> None:
    last = jam.changes()[-1]
    other = "aaaa" if last["mark"] != "aaaa" else "bbbb"
    for wrong in (f"{last['seq']}-{other}", "99999-abcd", "0-abcd"):
        answer = jam.guest.get(route, params={"after": wrong})
        assert (answer.status_code, answer.json()["code"]) == (410, "log_replaced")


def test_a_restored_backup_is_noticed(start_jam: Any, start_server: Any, client: Any, tmp_path: Any) -> None:
    """After the backup comes back the log has other changes under the same numbers: 410, not silence."""
    jam = start_jam()
    before = jam.head()
    backup = tmp_path / "backup.sqlite"
    jam.server.stop()
    shutil.copy(jam.server.db, backup)
    server = start_server(jam.server.db)
    server.write(lambda tx: objects.change_jam(tx, {"title": "Lost"}))
    lost = client(server.url).get("/changes", params={"after": before}).json()["head"]
    server.stop()
    restored = start_server(backup)
    restored.write(lambda tx: objects.change_jam(tx, {"title": "Other"}))
    reader = client(restored.url)
    assert reader.get("/changes", params={"after": before}).json()["items"][0]["data"]["title"] == "Other"
    assert reader.get("/changes", params={"after": lost}).status_code == 410


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
def test_the_snapshot_is_an_archive_of_what_there_is(jam: Any, encoding: str) -> None:
    jam.reply(jam.thread())
    cursor, records, answer = snapshot(jam.guest, encoding)
    assert cursor == jam.head()
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert [kind for kind, _ in records] == ["jam", "person", "person", "person", "forum", "post", "post"]
    etag = answer.headers["etag"]
    again = jam.guest.get("/snapshot", headers={"Accept-Encoding": encoding, "If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_the_snapshot_is_shared_until_a_removal(start_jam: Any) -> None:
    jam = start_jam(snapshot_shared=3600.0)
    post = jam.thread(body="not for ever")
    first, _, _ = snapshot(jam.guest)
    jam.thread()
    assert snapshot(jam.guest)[0] == first
    jam.mod.delete(f"/posts/{post['id']}", headers={"If-Match": '"1"'}).raise_for_status()
    cursor, records, _ = snapshot(jam.guest)
    assert cursor == jam.head()
    assert "not for ever" not in str(records)


def test_a_snapshot_that_is_not_shared_is_new(start_jam: Any) -> None:
    jam = start_jam(snapshot_shared=0.0)
    snapshot(jam.guest)
    jam.thread()
    assert snapshot(jam.guest)[0] == jam.head()


def test_a_removal_blanks_the_log_in_place(jam: Any) -> None:
    secret = "this must go"
    post = jam.thread(title=secret, body=secret, tags=["this-must-go"])
    reply = jam.reply(post, body="stays")
    jam.ada.patch(
        f"/posts/{post['id']}", json={"body": f"{secret} too"}, headers={"If-Match": '"1"'}
    ).raise_for_status()
    jam.bob.put(f"/posts/{post['id']}/vote").raise_for_status()
    before = jam.changes()
    jam.mod.delete(f"/posts/{post['id']}", headers={"If-Match": '"2"'}).raise_for_status()
    after = jam.changes()
    assert [(item["seq"], item["mark"], item["type"]) for item in after[:-1]] == [
        (item["seq"], item["mark"], item["type"]) for item in before
    ]
    blanked = [item["data"] for item in after if item["type"] == "post" and item["data"]["id"] == post["id"]]
    assert len(blanked) == 3
    assert all(data == blanked[0] for data in blanked)
    assert (blanked[0]["state"], blanked[0]["title"], blanked[0]["body"], blanked[0]["tags"]) == ("removed", "", "", [])
    assert blanked[0]["votes"] == {"up": 1}
    for address in ("/changes", "/posts", "/snapshot", "/tags", f"/posts/{post['id']}", f"/posts/{post['id']}/tags"):
        assert "must" not in jam.guest.get(address).text
    assert jam.guest.get(f"/posts/{reply['id']}").json()["body"] == "stays"


def test_removed_text_leaves_the_file(jam: Any) -> None:
    """Neither the database nor its write-ahead log holds the bytes once a write has followed the removal."""
    post = jam.thread(body="remove-me-" * 50)
    assert b"remove-me-remove-me" in files(jam)
    jam.ada.delete(f"/posts/{post['id']}", headers={"If-Match": '"1"'}).raise_for_status()
    jam.thread()
    assert b"remove-me-remove-me" not in files(jam)


def files(jam: Any) -> bytes:
    db = jam.server.db
    return b"".join(path.read_bytes() for path in db.parent.iterdir() if path.name.startswith(db.name))


def test_folding_the_changes_gives_the_snapshot_at_every_cursor(jam: Any, fold: Any) -> None:
    """Random writes; after each the fold of the log is what the snapshot of that moment would be."""
    rng = random.Random(4)
    people = [jam.ada, jam.bob, jam.mod]
    posts = [jam.thread(), jam.thread(by=jam.bob)]
    states: list[dict[tuple[str, str], Any]] = []
    for _ in range(60):
        who, post = rng.choice(people), rng.choice(posts)
        address = f"/posts/{post['id']}"
        version = jam.guest.get(address).headers["etag"]
        match rng.randrange(7):
            case 0:
                if "state" not in jam.guest.get(address).json():
                    posts.append(jam.reply(post, by=who))
            case 1:
                who.patch(address, json={"body": f"edit {rng.random()}"}, headers={"If-Match": version})
            case 2:
                who.put(f"{address}/tags/t{rng.randrange(4)}")
            case 3:
                who.delete(f"{address}/tags/t{rng.randrange(4)}")
            case 4:
                who.put(f"{address}/vote")
            case 5:
                who.delete(f"{address}/vote")
            case _:
                if rng.random() < 0.3:
                    who.delete(address, headers={"If-Match": version})
        objects_now = {("post", item["id"]): item for item in jam.guest.get("/posts").json()["items"]}
        folded = fold(jam.changes())
        assert {key: data for key, data in folded.items() if key[0] == "post"} == objects_now
        states.append(folded)
    assert len({str(state) for state in states}) > 20
    assert any("state" in data for data in states[-1].values())
    _, records, _ = snapshot(jam.guest)
    assert {(kind, data["id"]): data for kind, data in records} == fold(jam.changes())


def test_what_another_process_writes_is_in_the_log(jam: Any) -> None:
    def add(tx: Tx) -> None:
        objects.add_person(tx, uuid.uuid4(), "eve")

    jam.server.write(add)
    assert jam.changes()[-1]["data"]["handle"] == "eve"
