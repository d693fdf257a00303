"""Posts, tags and votes over the wire."""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from jamserver import objects
from jamserver.db import connect

NIL = "00000000-0000-0000-0000-000000000000"


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document: dict[str, Any] = answer.json()
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code), document
    assert document["type"] == f"urn:jam:problem:{code}"
    assert document["title"]
    assert document["detail"]
    return document


def put(client: httpx.Client, post_id: str, **content: Any) -> httpx.Response:
    return client.put(f"/posts/{post_id}", json=content)


def test_a_new_thread_is_answered_with_the_post_and_its_change(jam: Any) -> None:
    post_id = str(uuid.uuid4())
    answer = put(jam.ada, post_id, forum_id=jam.forum["id"], title="Why?", body="Because.", tags=["#Ideas", "ideas "])
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    post = answer.json()
    assert post["thread_id"] == post["id"] == post_id
    assert post["parent_id"] is None
    assert post["tags"] == ["ideas"]
    assert post["votes"] == {"up": 0}
    assert post["created_at"].endswith("Z")
    last = jam.changes()[-1]
    assert last["seq"] == int(answer.headers["jam-seq"])
    assert (last["type"], last["data"]) == ("post", post)
    assert jam.guest.get(f"/posts/{post_id}").json() == post


def test_the_same_again_answers_the_post_as_it_is_after_edits(jam: Any) -> None:
    content = {"forum_id": jam.forum["id"], "title": "Why?", "body": "First."}
    post_id = str(uuid.uuid4())
    first = put(jam.ada, post_id, **content, written_at="2026-01-01T00:00:00Z")
    jam.ada.patch(f"/posts/{post_id}", json={"body": "Second."}, headers={"If-Match": '"1"'}).raise_for_status()
    jam.bob.put(f"/posts/{post_id}/tags/x").raise_for_status()
    head = jam.head()
    again = put(jam.ada, post_id, **content, written_at="2026-02-02T00:00:00Z")
    assert again.status_code == 200
    assert (again.json()["body"], again.json()["tags"], again.headers["etag"]) == ("Second.", ["x"], '"2"')
    assert again.headers["jam-seq"] == first.headers["jam-seq"]
    assert jam.head() == head


def test_other_content_or_another_person_under_the_id_is_a_conflict(jam: Any) -> None:
    post = jam.thread(body="One")
    content = {"forum_id": jam.forum["id"], "title": "A title", "body": "One"}
    assert put(jam.ada, post["id"], **content).status_code == 200
    problem(put(jam.ada, post["id"], **content | {"body": "Two"}), 409, "id_taken")
    problem(put(jam.ada, post["id"], **content, tags=["t"]), 409, "id_taken")
    problem(put(jam.ada, post["id"], **content, lang="de"), 409, "id_taken")
    problem(put(jam.bob, post["id"], **content), 409, "id_taken")


def test_the_same_reply_again_is_answered_when_its_parent_is_gone(jam: Any) -> None:
    parent = jam.thread()
    reply = jam.reply(parent)
    jam.ada.delete(f"/posts/{parent['id']}", headers={"If-Match": '"1"'}).raise_for_status()
    assert put(jam.bob, reply["id"], parent_id=parent["id"], body="An answer").status_code == 200
    problem(put(jam.bob, str(uuid.uuid4()), parent_id=parent["id"], body="Late"), 409, "parent_gone")


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ({"title": "T", "body": "B", "boddy": 1}, "/boddy"),
        ({"title": "T"}, "/body"),
        ({"title": "T", "body": 5}, "/body"),
        ({"title": "T", "body": "x" * 20_001}, "/body"),
        ({"title": "x" * 201, "body": "B"}, "/title"),
        ({"title": " ", "body": "B"}, "/title"),
        ({"body": "B"}, "/title"),
        ({"title": "T", "body": "B", "forum_id": NIL}, "/forum_id"),
        ({"title": "T", "body": "B", "thread_id": NIL}, "/thread_id"),
        ({"title": "T", "body": "B", "tags": ["a", 3]}, "/tags/1"),
        ({"title": "T", "body": "B", "tags": ["a", "b,c"]}, "/tags/1"),
        ({"title": "T", "body": "B", "tags": ["t" * 41]}, "/tags/0"),
        ({"title": "T", "body": "B", "tags": [f"t{n}" for n in range(13)]}, "/tags"),
        ({"title": "T", "body": "B", "written_at": "2026-01-01T00:00:00"}, "/written_at"),
        ({"title": "T", "body": "B", "lang": "not a language"}, "/lang"),
        ({"parent_id": NIL, "body": "B"}, "/parent_id"),
    ],
)
def test_what_does_not_fit_names_its_place(jam: Any, content: dict[str, Any], pointer: str) -> None:
    if "parent_id" not in content:
        content = {"forum_id": jam.forum["id"]} | content
    document = problem(jam.ada.put(f"/posts/{uuid.uuid4()}", json=content), 422, "invalid")
    assert [error["pointer"] for error in document["errors"]] == [pointer]


def test_limits_count_code_points(jam: Any) -> None:
    post = jam.thread(title="😀" * 200, body="語" * 20_000, tags=["é" * 40])
    assert (len(post["title"]), len(post["body"])) == (200, 20_000)


def test_a_reply_must_agree_with_its_parent(jam: Any) -> None:
    first, second = jam.thread(), jam.thread()
    reply = jam.reply(first, thread_id=first["thread_id"], forum_id=first["forum_id"])
    assert (reply["thread_id"], reply["forum_id"]) == (first["id"], first["forum_id"])
    assert "title" not in reply
    for wrong, pointer in (
        ({"thread_id": second["id"]}, "/thread_id"),
        ({"forum_id": NIL}, "/forum_id"),
        ({"title": "T"}, "/title"),
        ({"body": " "}, "/body"),
    ):
        content = {"parent_id": first["id"], "body": "B"} | wrong
        document = problem(jam.bob.put(f"/posts/{uuid.uuid4()}", json=content), 422, "invalid")
        assert document["errors"][0]["pointer"] == pointer


def test_an_id_is_a_uuid(jam: Any) -> None:
    content = {"forum_id": jam.forum["id"], "title": "T", "body": "B"}
    for wrong in ("1", "zz", str(uuid.uuid4()).replace("-", "")):
        problem(put(jam.ada, wrong, **content), 422, "invalid")
    post_id = str(uuid.uuid4())
    assert put(jam.ada, post_id.upper(), **content).json()["id"] == post_id


def test_requests_that_are_no_json(jam: Any) -> None:
    address = f"/posts/{uuid.uuid4()}"
    typed = {"Content-Type": "application/json"}
    problem(jam.ada.put(address, content=b'{"body":', headers=typed), 400, "bad_request")
    problem(jam.ada.put(address, content=b'{"body":"\xff"}', headers=typed), 400, "bad_request")
    problem(jam.ada.put(address, content=b"[" * 100_000, headers=typed), 422, "invalid")
    problem(jam.ada.put(address, content=b"body=x"), 415, "unsupported_media_type")
    problem(jam.ada.put(address, content=b" " * (128 * 1024 + 1), headers=typed), 413, "too_large")

    def pieces() -> Any:
        for _ in range(200):
            yield b" " * 1024

    problem(jam.ada.put(address, content=pieces(), headers=typed), 413, "too_large")


def test_nul_and_lone_surrogates_are_mended(jam: Any) -> None:
    answer = jam.ada.put(
        f"/posts/{uuid.uuid4()}",
        content=b'{"forum_id":"%s","title":"a\\u0000b","body":"\\ud83d \\ud83d\\ude00 \\u0000"}'
        % jam.forum["id"].encode(),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 201
    assert (answer.json()["title"], answer.json()["body"]) == ("a\ufffdb", "\ufffd 😀 \ufffd")


def test_edit_needs_the_version_that_was_seen(jam: Any) -> None:
    post = jam.thread()
    address = f"/posts/{post['id']}"
    problem(jam.ada.patch(address, json={"body": "New"}), 428, "if_match_required")
    problem(jam.ada.patch(address, json={"body": "New"}, headers={"If-Match": '"7"'}), 412, "version_conflict")
    edited = jam.ada.patch(address, json={"body": "New"}, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.headers["etag"]) == (200, '"2"')
    assert (edited.json()["body"], edited.json()["title"], edited.json()["version"]) == ("New", "A title", 2)
    assert edited.json()["edited_at"]
    stale = jam.ada.patch(address, json={"body": "Newer"}, headers={"If-Match": '"1"'})
    problem(stale, 412, "version_conflict")
    assert stale.headers["etag"] == '"2"'
    problem(jam.bob.patch(address, json={"body": "Mine"}, headers={"If-Match": '"2"'}), 403, "forbidden")
    problem(jam.mod.patch(address, json={"body": "Mine"}, headers={"If-Match": '"2"'}), 403, "forbidden")
    problem(jam.guest.patch(address, json={"body": "Mine"}, headers={"If-Match": '"2"'}), 401, "not_signed_in")
    problem(jam.ada.patch(address, json={}, headers={"If-Match": '"2"'}), 422, "invalid")
    problem(jam.ada.patch(address, json={"title": None}, headers={"If-Match": '"2"'}), 422, "invalid")
    problem(jam.ada.patch(f"/posts/{NIL}", json={"body": "B"}, headers={"If-Match": '"1"'}), 404, "not_found")


def test_an_edit_that_changes_nothing_is_no_change(jam: Any) -> None:
    post = jam.thread()
    head = jam.head()
    same = jam.ada.patch(f"/posts/{post['id']}", json={"body": post["body"]}, headers={"If-Match": '"1"'})
    assert (same.status_code, same.json()["version"], jam.head()) == (200, 1, head)


def test_an_idempotency_key_gets_the_first_answer_again(jam: Any) -> None:
    post = jam.thread()
    address, once = f"/posts/{post['id']}", {"If-Match": '"1"', "Idempotency-Key": "k1"}
    first = jam.ada.patch(address, json={"body": "Two"}, headers=once)
    jam.ada.patch(address, json={"body": "Three"}, headers={"If-Match": '"2"'}).raise_for_status()
    again = jam.ada.patch(address, json={"body": "Two"}, headers=once)
    assert again.status_code == 200
    assert again.json() == first.json()
    assert again.headers["jam-seq"] == first.headers["jam-seq"]
    assert jam.guest.get(address).json()["body"] == "Three"
    problem(jam.ada.patch(address, json={"body": "Four"}, headers=once), 422, "idempotency_key_reused")
    gone = {"If-Match": '"3"', "Idempotency-Key": "k2"}
    deleted = jam.ada.delete(address, headers=gone)
    repeated = jam.ada.delete(address, headers=gone)
    assert (deleted.status_code, repeated.status_code, repeated.json()) == (200, 200, deleted.json())
    # The answer that was kept for the edit has lost the text as well.
    assert jam.ada.patch(address, json={"body": "Two"}, headers=once).json()["body"] == ""


def test_who_may_take_a_post_back(jam: Any) -> None:
    post, other = jam.thread(), jam.thread()
    address = f"/posts/{post['id']}"
    match = {"If-Match": '"1"'}
    problem(jam.bob.delete(address, headers=match), 403, "forbidden")
    problem(jam.ada.delete(address), 428, "if_match_required")
    problem(jam.ada.delete(address, headers={"If-Match": '"2"'}), 412, "version_conflict")
    deleted = jam.ada.delete(address, headers=match)
    assert deleted.status_code == 200
    assert (deleted.json()["state"], deleted.json()["title"], deleted.json()["body"]) == ("deleted", "", "")
    assert deleted.json()["version"] == 2
    removed = jam.mod.delete(f"/posts/{other['id']}", headers=match)
    assert removed.json()["state"] == "removed"
    problem(jam.ada.patch(address, json={"body": "x"}, headers={"If-Match": '"2"'}), 409, "post_gone")
    problem(jam.bob.put(f"{address}/tags/x"), 409, "post_gone")
    problem(jam.bob.put(f"{address}/vote"), 409, "post_gone")
    assert jam.ada.delete(address, headers=match).status_code == 200


def test_tags_remember_who_put_them(jam: Any) -> None:
    post = jam.thread(tags=["own"])
    address = f"/posts/{post['id']}/tags"
    people = {name: getattr(jam, name).get("/me").json()["id"] for name in ("ada", "bob")}
    put_tag = jam.bob.put(f"{address}/%23Big%20%20Idea")
    assert put_tag.json()["tags"] == ["big idea", "own"]
    assert put_tag.json()["version"] == 1
    assert int(put_tag.headers["jam-seq"]) == jam.changes()[-1]["seq"]
    head = jam.head()
    again = jam.bob.put(f"{address}/big%20idea")
    assert (again.status_code, again.headers["jam-seq"], jam.head()) == (200, put_tag.headers["jam-seq"], head)
    assert jam.guest.get(address).json() == {
        "items": [{"name": "big idea", "by": [people["bob"]]}, {"name": "own", "by": [people["ada"]]}]
    }
    problem(jam.bob.delete(f"{address}/own"), 403, "forbidden")
    problem(jam.guest.put(f"{address}/x"), 401, "not_signed_in")
    assert jam.bob.delete(f"{address}/big%20idea").json()["tags"] == ["own"]
    assert jam.bob.delete(f"{address}/big%20idea").status_code == 200
    jam.bob.put(f"{address}/theirs").raise_for_status()
    assert jam.ada.delete(f"{address}/theirs").json()["tags"] == ["own"]
    assert jam.mod.delete(f"{address}/own").json()["tags"] == []
    problem(jam.ada.put(f"{address}/a%2Cb"), 422, "invalid")
    problem(jam.ada.put(f"{address}/%1b"), 422, "invalid")
    problem(jam.ada.put(f"/posts/{NIL}/tags/x"), 404, "not_found")


def test_tags_and_votes_asked_for_again_get_the_first_answer_whatever_came_in_between(jam: Any) -> None:
    """What arrived and whose answer was lost is never refused when it is asked for again."""
    post = jam.thread()
    tag, vote = f"/posts/{post['id']}/tags/ours", f"/posts/{post['id']}/vote"
    calls = [
        ("PUT", tag, "k1"), ("DELETE", tag, "k2"), ("PUT", vote, "k3"), ("DELETE", vote, "k4"), ("PUT", vote, "k5"),
    ]  # fmt: skip

    def told(method: str, address: str, key: str) -> tuple[int, Any, str | None]:
        answer = jam.bob.request(method, address, headers={"Idempotency-Key": key})
        return answer.status_code, answer.json(), answer.headers.get("jam-seq")

    first = [told(*call) for call in calls]
    assert [status for status, *_ in first] == [200] * 5
    jam.mod.put(tag).raise_for_status()  # bob could not take off this one
    problem(jam.bob.delete(tag), 403, "forbidden")
    head = jam.head()
    assert [told(*call) for call in calls] == first
    assert jam.head() == head
    jam.server.write(
        lambda tx: objects.change_jam(tx, {"closes_at": "2026-01-02T00:00:00Z", "opens_at": "2026-01-01T00:00:00Z"})
    )
    problem(jam.bob.delete(vote), 403, "jam_closed")
    assert [told(*call) for call in calls] == first
    assert jam.mod.delete(f"/posts/{post['id']}", headers={"If-Match": '"1"'}).status_code == 200
    again = [told(*call) for call in calls]
    assert [(status, seq) for status, _, seq in again] == [(status, seq) for status, _, seq in first]
    assert again[2:] == first[2:]
    assert "A body" not in str(again)  # the kept answers have lost the text, too
    problem(jam.bob.delete(vote, headers={"Idempotency-Key": "k" * 256}), 422, "invalid")
    problem(jam.mod.put(tag, headers={"Idempotency-Key": "k1"}), 409, "post_gone")  # another person's key is another


def test_a_vote_that_is_asked_for_again_while_votes_are_joined_counts_once(start_jam: Any) -> None:
    jam = start_jam(vote_join=0.2)
    post = jam.thread()
    address = f"/posts/{post['id']}/vote"
    jam.ada.put(address).raise_for_status()
    answers: list[httpx.Response] = []

    def vote(key: str) -> None:
        answers.append(jam.bob.put(address, headers={"Idempotency-Key": key}))

    for keys in (["k", "k", "other"], ["k"]):
        threads = [threading.Thread(target=vote, args=(key,)) for key in keys]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        jam.mod.put(address).raise_for_status()
    assert [answer.json()["up"] for answer in answers] == [2] * 4
    assert len({answer.headers["jam-seq"] for answer in answers}) == 1


def test_a_tag_stays_while_somebody_else_put_it_too(jam: Any) -> None:
    post = jam.thread()
    for who in (jam.bob, jam.mod):
        who.put(f"/posts/{post['id']}/tags/shared").raise_for_status()
    assert jam.bob.delete(f"/posts/{post['id']}/tags/shared").json()["tags"] == ["shared"]


def test_a_post_has_at_most_twelve_tags(jam: Any) -> None:
    post = jam.thread(tags=[f"t{n}" for n in range(12)])
    problem(jam.bob.put(f"/posts/{post['id']}/tags/one-more"), 422, "invalid")
    assert jam.bob.put(f"/posts/{post['id']}/tags/t3").status_code == 200
    assert jam.guest.get("/tags").json()["items"][0]["count"] == 1


def test_nobody_fills_all_places_for_tags_of_anothers_post(jam: Any) -> None:
    post = jam.thread(tags=["own"])
    address = f"/posts/{post['id']}/tags"
    for number in range(5):
        jam.bob.put(f"{address}/b{number}").raise_for_status()
    detail = problem(jam.bob.put(f"{address}/b5"), 422, "invalid")["detail"]
    assert "at most 5" in detail
    jam.bob.put(f"{address}/b4").raise_for_status()  # there already
    jam.bob.put(f"{address}/own").raise_for_status()  # adds nothing to the post
    jam.bob.delete(f"{address}/b4").raise_for_status()
    problem(jam.bob.put(f"{address}/b5"), 422, "invalid")  # of one's five one is the author's, too
    for number in range(6):
        jam.mod.put(f"{address}/m{number}").raise_for_status()
    jam.ada.put(f"{address}/a0").raise_for_status()
    assert len(jam.guest.get(f"/posts/{post['id']}").json()["tags"]) == 12


def test_a_day_bounds_by_how_much_a_person_lets_the_log_grow(start_jam: Any, figure: Callable[..., None]) -> None:
    """Tagging, editing and voting to and fro: each change holds the whole post."""
    seconds = [7_200.0]
    jam = start_jam(vote_join=0.0, day_bytes=1 << 20, seconds=lambda: seconds[0])
    post = jam.thread(body="\N{SNOWMAN}" * 20_000)
    address = f"/posts/{post['id']}"
    before = len(json.dumps(jam.changes(), ensure_ascii=False).encode())
    refused = None
    for number in range(40):
        answer = jam.bob.request("PUT" if number % 2 == 0 else "DELETE", f"{address}/tags/x")
        if answer.status_code != 200:
            refused = answer
            break
    assert refused is not None
    problem(refused, 429, "rate_limited")
    assert 3_600 * 23 < int(refused.headers["retry-after"]) <= 3_600 * 24
    grown = len(json.dumps(jam.changes(), ensure_ascii=False).encode()) - before
    figure("a person lets the log grow by at most {:.2f} of what a day allows", grown / (1 << 20))
    assert grown < (1 << 20) + 70_000
    problem(jam.bob.put(f"{address}/vote"), 429, "rate_limited")
    assert jam.ada.put(f"{address}/tags/y").status_code == 200
    assert jam.bob.get(address).status_code == 200
    seconds[0] += 3_600 * 24
    assert jam.bob.put(f"{address}/tags/x").status_code == 200


def test_a_day_bounds_how_often_a_person_writes(start_jam: Any) -> None:
    seconds = [0.0]
    jam = start_jam(vote_join=0.0, day_writes=6, writes=5, writes_in=60.0, seconds=lambda: seconds[0])
    address = f"/posts/{jam.thread()['id']}/vote"
    codes = []
    for number in range(9):
        seconds[0] += 600.0
        codes.append(jam.bob.request("DELETE" if number % 2 else "PUT", address).status_code)
    assert codes == [200] * 6 + [429] * 3
    seconds[0] += 3_600 * 23
    assert jam.bob.put(address).status_code == 200


def test_votes_count_a_person_once(jam: Any) -> None:
    post = jam.thread()
    address = f"/posts/{post['id']}/vote"
    first = jam.ada.put(address)
    assert first.json() == {"post_id": post["id"], "up": 1, "voted": True}
    last = jam.changes()[-1]
    assert (last["type"], last["data"]) == ("votes", {"post_id": post["id"], "up": 1})
    assert int(first.headers["jam-seq"]) == last["seq"]
    again = jam.ada.put(address)
    assert (again.json()["up"], again.headers["jam-seq"]) == (1, first.headers["jam-seq"])
    assert jam.bob.put(address).json()["up"] == 2
    assert jam.ada.get("/me/votes").json() == {"items": [post["id"]]}
    assert jam.ada.delete(address).json() == {"post_id": post["id"], "up": 1, "voted": False}
    assert jam.ada.delete(address).json()["up"] == 1
    assert jam.guest.get(f"/posts/{post['id']}").json()["votes"] == {"up": 1}
    assert jam.guest.get(f"/posts/{post['id']}").json()["version"] == 1
    problem(jam.guest.put(address), 401, "not_signed_in")
    problem(jam.ada.put(f"/posts/{NIL}/vote"), 404, "not_found")


def test_votes_that_come_together_are_one_change(start_jam: Any) -> None:
    """The first is written at once; the others of the period, together at its end, and each knows its change."""
    jam = start_jam(vote_join=2.0)
    post = jam.thread()
    first = jam.ada.put(f"/posts/{post['id']}/vote")
    answers: dict[str, httpx.Response] = {}

    def vote(name: str) -> None:
        answers[name] = getattr(jam, name).put(f"/posts/{post['id']}/vote")

    threads = [threading.Thread(target=vote, args=(name,)) for name in ("bob", "mod")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tallies = [item for item in jam.changes() if item["type"] == "votes"]
    assert [item["data"]["up"] for item in tallies] == [1, 3]
    assert int(first.headers["jam-seq"]) == tallies[0]["seq"]
    assert {answer.headers["jam-seq"] for answer in answers.values()} == {str(tallies[1]["seq"])}
    assert all(answer.json()["up"] == 3 for answer in answers.values())


def test_a_closed_jam_refuses_writes_and_is_read(jam: Any) -> None:
    post = jam.thread()
    jam.server.write(
        lambda tx: objects.change_jam(tx, {"closes_at": "2026-01-02T00:00:00Z", "opens_at": "2026-01-01T00:00:00Z"})
    )
    address = f"/posts/{post['id']}"
    match = {"If-Match": '"1"'}
    for answer in (
        put(jam.ada, str(uuid.uuid4()), forum_id=jam.forum["id"], title="T", body="B"),
        jam.ada.patch(address, json={"body": "x"}, headers=match),
        jam.ada.delete(address, headers=match),
        jam.ada.put(f"{address}/tags/x"),
        jam.ada.delete(f"{address}/tags/x"),
        jam.ada.put(f"{address}/vote"),
        jam.ada.delete(f"{address}/vote"),
    ):
        problem(answer, 403, "jam_closed")
    # What was sent before it closed is still answered; a moderator can still remove.
    assert put(jam.ada, post["id"], forum_id=jam.forum["id"], title="A title", body="A body").status_code == 200
    assert jam.guest.get(address).status_code == 200
    assert jam.mod.delete(address, headers=match).json()["state"] == "removed"


def test_no_answer_that_is_kept_names_a_tag_of_a_removed_post(jam: Any, figure: Callable[..., None]) -> None:
    """A tag is somebody's text. A repeat is still answered, and the same key is good for another tag."""
    post = jam.thread()
    address, key = f"/posts/{post['id']}", {"Idempotency-Key": "k"}
    jam.bob.put(f"{address}/tags/quagga", headers=key).raise_for_status()
    jam.bob.put(f"{address}/tags/zebu", headers=key).raise_for_status()
    jam.bob.delete(f"{address}/tags/quagga", headers=key).raise_for_status()
    jam.mod.delete(address, headers={"If-Match": "*"}).raise_for_status()
    for path in ("quagga", "zebu"):
        assert jam.bob.put(f"{address}/tags/{path}", headers=key).json()["state"] == "removed"
    with contextlib.closing(connect(jam.server.db)) as db:
        kept = str(list(db.execute("SELECT * FROM answers"))) + str(list(db.execute("SELECT * FROM changes")))
    found = sum(kept.count(name) for name in ("quagga", "zebu"))
    figure(f"removed text: {found} names of tags of a removed post in kept answers and changes")
    assert found == 0


def test_a_jam_that_has_not_opened_refuses_too(jam: Any) -> None:
    jam.server.write(
        lambda tx: objects.change_jam(tx, {"closes_at": "9999-01-02T00:00:00Z", "opens_at": "9998-01-01T00:00:00Z"})
    )
    answer = put(jam.ada, str(uuid.uuid4()), forum_id=jam.forum["id"], title="T", body="B")
    assert "opens at 9998" in problem(answer, 403, "jam_closed")["detail"]


def test_a_flood_of_writes_is_put_off_for_its_writer_alone(start_jam: Any) -> None:
    jam = start_jam(vote_join=0.0, writes=6, writes_in=300.0)
    post = jam.thread()
    address = f"/posts/{post['id']}"
    match = {"If-Match": '"1"'}
    head = jam.changes()[-1]["seq"]
    written = 0
    for _ in range(5):  # the thread was the first
        assert jam.ada.put(f"{address}/tags/t{written}").status_code == 200
        written += 1
    for answer in (
        put(jam.ada, str(uuid.uuid4()), forum_id=jam.forum["id"], title="T", body="B"),
        jam.ada.patch(address, json={"body": "x"}, headers=match),
        jam.ada.delete(address, headers=match),
        jam.ada.put(f"{address}/tags/x"),
        jam.ada.delete(f"{address}/tags/x"),
        jam.ada.put(f"{address}/vote"),
        jam.ada.delete(f"{address}/vote"),
    ):
        problem(answer, 429, "rate_limited")
        assert 1 <= int(answer.headers["retry-after"]) <= 300
    assert jam.changes()[-1]["seq"] == head + written
    assert jam.ada.get(address).status_code == 200
    assert jam.bob.put(f"{address}/vote").status_code == 200


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_does_not_exist_in_utc_is_refused(jam: Any, moment: str) -> None:
    answer = put(
        jam.ada, str(uuid.uuid4()), forum_id=jam.forum["id"], title="T", body="B", written_at=moment
    )  # fmt: skip
    problem(answer, 422, "invalid")


def test_answers_that_are_kept_count_for_the_day(start_jam: Any, figure: Callable[..., None]) -> None:
    """A tag that is there already, under a new key each time: no change, but a whole post is kept for a week."""
    jam = start_jam(day_bytes=1 << 20)
    post = jam.thread(body="\N{SNOWMAN}" * 20_000)
    address = f"/posts/{post['id']}/tags/x"
    assert jam.bob.put(address).status_code == 200
    for number in range(40):
        answer = jam.bob.put(address, headers={"Idempotency-Key": f"key {number}"})
        if answer.status_code != 200:
            problem(answer, 429, "rate_limited")
            break
    with contextlib.closing(connect(jam.server.db)) as db:
        kept = db.execute("SELECT sum(length(body)) FROM answers").fetchone()[0]
    figure("a person lets kept answers grow by at most {:.2f} of what a day allows", kept / (1 << 20))
    assert kept < (1 << 20) + 70_000
