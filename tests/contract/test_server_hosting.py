"""What hosts do over the wire: briefs of forums, quick polls, and the ballots of everybody."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import random
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from jamserver import importer, objects, polls
from jamserver.app import random_id
from jamserver.db import connect, prepare, value
from jamserver.log import Tx
from jamserver.polls import Choice
from jamserver.posts import Actor
from jamserver.votes import VoteJoin
from jamserver.wire import NewPoll
from jamserver.writer import Writer, write_once
from jamtui import archive
from jamtui.archive import rfc3339

Json = dict[str, Any]


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def me(client: httpx.Client) -> str:
    return str(client.get("/me").json()["id"])


def brief(client: httpx.Client, forum: Json, version: int | str = 1, **fields: Any) -> httpx.Response:
    headers = {} if version == "" else {"If-Match": f'"{version}"'}
    return client.patch(f"/forums/{forum['id']}", json=fields or {"brief": "Which of them?"}, headers=headers)


def ask(client: httpx.Client, poll_id: str = "", **fields: Any) -> httpx.Response:
    content = {"question": "When?", "choices": ["Now", "Later", "Never"]} | fields
    return client.put(f"/polls/{poll_id or uuid.uuid4()}", json=content)


def choose(client: httpx.Client, poll: Json, choice: object, key: str = "") -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return client.put(f"/polls/{poll['id']}/ballot", json={"choice": choice}, headers=headers)


# -- briefs


def test_what_a_brief_said_before_is_kept_and_only_the_last_of_it(jam: Any, figure: Callable[..., None]) -> None:
    first = str(jam.forum["brief"])
    texts = [first, *(f"Text {at} of a quagga" for at in range(2, 14))]
    for version, text in enumerate(texts[1:], 1):
        brief(jam.host, jam.forum, version, brief=text).raise_for_status()
    brief(jam.mod, jam.forum, 13, title="Another title").raise_for_status()  # is no change of the brief
    lines = [json.loads(line) for line in jam.guest.get("/snapshot").text.splitlines()]
    kept = [line["data"] for line in lines if line["type"] == "brief" and "gone" not in line["data"]]
    assert [(one["forum_id"], one["version"], one["brief"]) for one in kept] == [
        (jam.forum["id"], version, texts[version - 2]) for version in range(4, 14)
    ]
    assert {one["edited_by"] for one in kept} == {me(jam.host)}, "not who changed the title since"
    assert all(one["edited_at"] for one in kept)
    records = [item["data"] for item in jam.changes() if item["type"] == "brief"]
    assert {one["id"] for one in records if "gone" in one} == {f"{jam.forum['id']}.{at}" for at in (2, 3)}
    left = sum(texts[1] == one.get("brief") for one in records)
    figure(f"briefs: 10 earlier ones of 12 are kept, {left} copies of an older one in records of the log")
    assert left == 0


def test_a_brief_is_changed_upon_the_version_that_was_seen(jam: Any) -> None:
    done = brief(jam.host, jam.forum)
    assert (done.status_code, done.headers["etag"]) == (200, '"2"')
    by = {"edited_by": me(jam.host), "edited_at": done.json()["edited_at"]}
    assert done.json() == jam.forum | {"brief": "Which of them?", "version": 2} | by
    assert by["edited_at"] >= jam.guest.get("/jam").json()["opens_at"]
    assert jam.changes()[-1]["data"] == done.json()
    assert jam.guest.get(f"/forums/{jam.forum['slug']}").json() == done.json()
    again = brief(jam.mod, jam.forum, 1, brief="Other words")
    assert refused(again) == (412, "version_conflict")
    assert again.headers["etag"] == '"2"'
    assert refused(brief(jam.mod, jam.forum, "")) == (428, "if_match_required")
    same = brief(jam.mod, jam.forum, 2, brief=" Which of them? \n").json()
    assert (same["version"], same["edited_by"]) == (2, me(jam.host))  # nothing is different
    assert brief(jam.mod, jam.forum, 2, title="  New   name ").json()["title"] == "New name"
    for wrong in (
        {"title": " "},
        {"brief": "x" * 20_001},
        {"slug": "other"},
        {"host_ids": ["nobody"]},
        {"brief": None},
    ):
        assert refused(brief(jam.mod, jam.forum, 3, **wrong)) == (422, "invalid"), wrong
    assert refused(jam.mod.patch(f"/forums/{jam.forum['id']}", json={}, headers={"If-Match": "*"})) == (422, "invalid")
    assert refused(brief(jam.mod, {"id": "none"})) == (404, "not_found")


def test_a_repeat_after_a_lost_answer_gets_the_first_answer(jam: Any) -> None:
    headers = {"If-Match": '"1"', "Idempotency-Key": "k"}
    first = jam.host.patch(f"/forums/{jam.forum['id']}", json={"brief": "One"}, headers=headers)
    brief(jam.mod, jam.forum, 2, brief="Two").raise_for_status()
    again = jam.host.patch(f"/forums/{jam.forum['id']}", json={"brief": "One"}, headers=headers)
    assert (again.json(), again.headers["jam-seq"]) == (first.json(), first.headers["jam-seq"])
    assert jam.guest.get(f"/forums/{jam.forum['id']}").json()["brief"] == "Two"


def test_a_forum_that_names_its_hosts_is_theirs(jam: Any) -> None:
    assert brief(jam.mod, jam.forum, host_ids=[me(jam.mod)]).status_code == 200
    assert refused(brief(jam.host, jam.forum, 2)) == (403, "forbidden")
    assert refused(ask(jam.host, forum_id=jam.forum["id"])) == (403, "forbidden")
    assert refused(brief(jam.mod, jam.forum, 2, host_ids=[me(jam.bob)])) == (422, "invalid")
    assert brief(jam.mod, jam.forum, 2, host_ids=[me(jam.host), me(jam.host)]).json()["host_ids"] == [me(jam.host)]
    assert brief(jam.host, jam.forum, 3, brief="Mine").status_code == 200
    host = me(jam.host)
    jam.server.write(lambda tx: objects.set_role(tx, host, "participant"))  # to be named alone gives nothing
    assert refused(brief(jam.host, jam.forum, 4)) == (403, "forbidden")


# -- polls


def test_a_poll_is_asked_answered_changed_and_withdrawn(jam: Any) -> None:
    made = ask(jam.host, forum_id=jam.forum["id"])
    assert made.status_code == 201, made.text
    poll = made.json()
    assert (poll["counts"], poll["author_id"], "closes_at" in poll) == ([0, 0, 0], me(jam.host), False)
    assert ask(jam.host, poll["id"], forum_id=jam.forum["id"]).json() == poll
    assert refused(ask(jam.host, poll["id"])) == (409, "id_taken")
    answer = choose(jam.ada, poll, 2)
    assert answer.json() == {"poll_id": poll["id"], "choice": 2, "counts": [0, 0, 1]}
    assert choose(jam.ada, poll, 0).json()["counts"] == [1, 0, 0]  # one ballot a person
    assert choose(jam.bob, poll, 0).json()["counts"] == [2, 0, 0]
    seq = choose(jam.bob, poll, 0).headers["jam-seq"]
    assert jam.changes()[-1]["data"]["counts"] == [2, 0, 0]
    assert int(seq) <= jam.changes()[-1]["seq"]  # the same again is no change
    assert jam.bob.delete(f"/polls/{poll['id']}/ballot").json()["counts"] == [1, 0, 0]
    assert jam.ada.get("/me/desk").json()["ballots"] == {poll["id"]: 0}
    assert "ballots" not in jam.bob.get("/me/desk").json()
    assert jam.guest.get("/polls").json()["items"] == [poll | {"counts": [1, 0, 0]}]
    assert me(jam.ada) not in str(jam.changes()[-4:])


def test_what_is_wrong_with_one_ballot_is_told_to_that_one_alone(start_jam: Callable[..., Any]) -> None:
    """All that come within two seconds are written together; nobody can spoil the others'."""
    jam = start_jam(vote_join=1.0)
    poll = ask(jam.host).json()
    choose(jam.bob, poll, 0, key="k").raise_for_status()  # written at once: the next ones wait for one another
    with ThreadPoolExecutor(4) as pool:
        asked = [
            pool.submit(choose, jam.bob, poll, 1, "k"),  # another one under a key that was used
            pool.submit(choose, jam.ada, poll, 2, "new"),
            pool.submit(choose, jam.mod, poll, 1, ""),
        ]
        answers = [one.result() for one in asked]
    assert [answer.status_code for answer in answers] == [422, 200, 200]
    assert jam.guest.get("/polls").json()["items"][0]["counts"] == [1, 1, 1]


def test_two_ballots_under_one_new_key_are_one(start_jam: Callable[..., Any], client: Any) -> None:
    jam = start_jam(vote_join=1.0)
    poll = ask(jam.host).json()
    choose(jam.bob, poll, 0).raise_for_status()
    token = jam.ada.headers["Authorization"].removeprefix("Bearer ")
    again = client(jam.url, token)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(choose, jam.ada, poll, 1, "k"), pool.submit(choose, again, poll, 2, "k")]
        assert sorted(one.result().status_code for one in both) == [200, 422]
    assert sum(jam.guest.get("/polls").json()["items"][0]["counts"]) == 2


def test_a_poll_or_ballot_that_is_none_is_refused_with_its_place(jam: Any) -> None:
    wrong: list[Json] = [
        {"choices": ["one"]}, {"choices": [str(n) for n in range(9)]}, {"choices": ["Now", "now"]},
        {"choices": ["", "b"]}, {"choices": ["x" * 101, "b"]}, {"question": " \n"}, {"question": "x" * 301},
        {"forum_id": "none"}, {"closes_at": "2001-01-01T00:00:00Z"}, {"closes_at": "noon"}, {"counts": [5, 0, 0]},
    ]  # fmt: skip
    for fields in wrong:
        answer = ask(jam.mod, **fields)
        assert refused(answer) == (422, "invalid"), answer.text
        assert answer.json()["errors"], fields
    assert jam.guest.get("/polls").json()["items"] == []
    poll = ask(jam.mod).json()
    for choice in (-1, 3, 8, 10**9, "0", None, True, 1.5):
        assert refused(choose(jam.ada, poll, choice)) == (422, "invalid"), choice
    assert refused(choose(jam.ada, {"id": "none"}, 0)) == (404, "not_found")
    assert jam.guest.get("/polls").json()["items"] == [poll]


def test_a_poll_ends_by_its_hosts_or_by_its_time(start_jam: Callable[..., Any]) -> None:
    later = [timedelta()]
    jam = start_jam(vote_join=0.0, clock=lambda: datetime.now(UTC) + later[0])
    mine = ask(jam.host).json()
    timed = ask(jam.mod, closes_at=rfc3339(datetime.now(UTC) + timedelta(minutes=5))).json()
    assert refused(jam.bob.patch(f"/polls/{mine['id']}", json={"closed": True})) == (403, "forbidden")
    assert refused(jam.host.patch(f"/polls/{timed['id']}", json={"closed": True})) == (403, "forbidden")
    assert refused(jam.host.patch(f"/polls/{mine['id']}", json={"closed": False})) == (422, "invalid")
    done = jam.host.patch(f"/polls/{mine['id']}", json={"closed": True})
    assert done.json() == mine | {"closed_at": done.json()["closed_at"]}
    assert jam.mod.patch(f"/polls/{mine['id']}", json={"closed": True}).json() == done.json()
    assert refused(choose(jam.ada, mine, 0)) == (409, "poll_closed")
    key = "lost"
    counted = choose(jam.ada, timed, 1, key).json()
    later[0] = timedelta(minutes=6)
    assert refused(choose(jam.ada, timed, 0)) == (409, "poll_closed")
    assert refused(jam.ada.delete(f"/polls/{timed['id']}/ballot")) == (409, "poll_closed")
    assert choose(jam.ada, timed, 1, key).json() == counted  # it had arrived, and its answer was lost


def test_what_a_poll_said_goes_from_everywhere_when_it_is_taken_away(jam: Any) -> None:
    poll = ask(jam.host, question="CANARY-Q?", choices=["CANARY-A", "CANARY-B"]).json()
    choose(jam.ada, poll, 0).raise_for_status()
    assert refused(jam.bob.delete(f"/polls/{poll['id']}")) == (403, "forbidden")
    left = jam.host.delete(f"/polls/{poll['id']}")
    assert left.json() == {
        "id": poll["id"], "author_id": poll["author_id"], "created_at": poll["created_at"], "gone": True,
    }  # fmt: skip
    assert jam.host.delete(f"/polls/{poll['id']}").json() == left.json()
    everything = str(jam.changes()) + jam.guest.get("/snapshot").text + jam.guest.get("/polls").text
    assert "CANARY" not in everything
    assert "ballots" not in jam.ada.get("/me/desk").json()
    assert refused(choose(jam.ada, poll, 0)) == (404, "not_found")
    assert refused(ask(jam.host, poll["id"], question="CANARY-Q?", choices=["CANARY-A", "CANARY-B"]))[0] == 409
    jam.server.stop()
    raw = jam.server.db.read_bytes()
    assert b"CANARY" not in raw


def test_outside_of_the_jams_hours_nobody_chooses(jam: Any) -> None:
    poll = ask(jam.host).json()
    times = {"opens_at": "2001-01-01T00:00:00Z", "closes_at": "2001-01-02T00:00:00Z"}
    jam.server.write(lambda tx: objects.change_jam(tx, times))
    assert refused(choose(jam.ada, poll, 0)) == (403, "jam_closed")
    assert refused(ask(jam.host)) == (403, "jam_closed")
    assert jam.host.patch(f"/polls/{poll['id']}", json={"closed": True}).status_code == 200


async def test_a_popular_poll_costs_a_change_every_while_and_not_one_a_ballot(
    tmp_path: Path, figure: Callable[..., None]
) -> None:
    """2,000 people choose in the same moment: the first is told at once, all others together two seconds later."""
    db, ballots = tmp_path / "jam.sqlite", 2_000
    prepare(db)
    rng, clock = random.Random(1), lambda: datetime.now(UTC)
    poll_id = str(uuid.uuid4())

    def found(tx: Tx) -> None:
        objects.found_jam(tx, random_id(tx.rng))
        new = NewPoll("When?", ("Now", "Later", "Never"))
        polls.make(tx, Actor(objects.add_person(tx, random_id(tx.rng), "mod"), "moderator"), poll_id, new)

    write_once(db, clock(), rng, found)
    writer = Writer(db, clock=clock, rng=rng, on_commit=lambda *_: None)
    join = VoteJoin(writer, polls.cast, 2.0, asyncio.get_running_loop().time)
    try:
        answers = await asyncio.gather(*(join.cast(poll_id, Choice(f"p{n}", n % 3)) for n in range(ballots)))
        changed = await asyncio.gather(*(join.cast(poll_id, Choice(f"p{n}", 0)) for n in range(100)))
    finally:
        await join.close()
        await writer.close()
    with contextlib.closing(connect(db)) as there:
        changes = value(there, "SELECT count(*) FROM changes WHERE type = 'poll'") - 1  # the question itself
        counts = polls.get(there, poll_id).counts
    assert sum(counts) == ballots
    assert max(answers, key=lambda one: one.seq).counts == (667, 667, 666)
    assert changed[-1].counts == counts == (667 + 67 - 1, 667 - 33, 666 - 33)
    assert changes <= 4
    figure(f"polls: {ballots:,} ballots of {ballots:,} people and 100 changed ones became {changes} changes")


def test_nothing_says_what_was_chosen_in_a_poll_that_was_taken_away(jam: Any) -> None:
    """Also not the answers that are kept for a repeat: by its digest such a one tells which choice it was."""
    poll = ask(jam.host).json()
    choose(jam.ada, poll, 1, key="k").raise_for_status()
    jam.host.delete(f"/polls/{poll['id']}").raise_for_status()
    with contextlib.closing(connect(jam.server.db)) as db:
        for table in ("answers", "ballots", "counted"):
            assert value(db, f"SELECT count(*) FROM {table}") == 0, table
    assert refused(choose(jam.ada, poll, 1, key="k")) == (404, "not_found")


def test_a_poll_of_an_archive_counts_on(start_jam: Callable[..., Any], tmp_path: Path) -> None:
    """Who chose is in no archive: what was counted stays, and a first ballot is one more."""
    jam = start_jam(vote_join=0.0)
    poll = ask(jam.host).json()
    choose(jam.ada, poll, 1).raise_for_status()
    found = [line for line in jam.guest.get("/snapshot").text.splitlines() if line]
    odd = {"id": "odd", "author_id": "x", "question": "?", "choices": ["a", "b"], "created_at": poll["created_at"]}
    for number, counts in enumerate(([5], [1, 2, 3], [-4, 7])):
        found.append(json.dumps({"type": "poll", "data": odd | {"id": f"odd{number}", "counts": counts}}))
    copy = tmp_path / "copy.sqlite"
    prepare(copy)
    lines = io.BytesIO("\n".join(found).encode())
    write_once(copy, datetime.now(UTC), random.Random(1), lambda tx: importer.import_records(tx, archive.read(lines)))
    with contextlib.closing(connect(copy)) as db:
        counts = [polls.get(db, poll_id).counts for poll_id in (poll["id"], "odd0", "odd1", "odd2")]
    assert counts == [(0, 1, 0), (5, 0), (1, 2), (0, 7)]

    def cast(tx: Tx, person: str, choice: int | None) -> tuple[int, ...]:
        done = polls.cast(tx, poll["id"], [Choice(person, choice)])[0]
        assert isinstance(done, polls.Counted)
        return done.counts

    def job(tx: Tx) -> list[tuple[int, ...]]:
        return [cast(tx, "kim", 1), cast(tx, "kim", 0), cast(tx, "kim", None)]

    assert write_once(copy, datetime.now(UTC), random.Random(1), job) == [(0, 2, 0), (1, 1, 0), (0, 1, 0)]
