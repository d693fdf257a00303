"""A Jam in fast-forward, from scheduled to archived: who may write what in each state, by the time of arrival."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from jamserver import accounts, objects
from jamserver.app import random_id
from jamserver.log import Tx
from jamtui.archive import rfc3339

Json = dict[str, Any]
BASE = datetime.now(UTC).replace(microsecond=0)  # tokens live from now; the test looks at no clock
MINUTE = timedelta(minutes=1)
ROLES = ("participant", "expert", "host", "moderator")

# The Jam: opens at 60, refining from 120, closes at 180, 30 of grace, archived at 300.
MOMENTS = {"scheduled": 0, "ideas": 70, "late for ideas": 130, "refining": 160, "in grace": 190, "closed": 220,
           "archived": 310}  # fmt: skip

# Who is let, by first letters of the roles; o: forbidden to the others in any state, p: the phase does not take it.
EXPECTED = """
              scheduled ideas    late    refining in-grace closed archived
threads       hm        pehm     pehm    hm/p     hm/p     -      -
replies       hm        pehm     pehm    pehm     pehm     -      -
edits         hm        pehm     pehm    pehm     pehm     -      -
votes         -         -/p      pehm    pehm     pehm     -      -
tags          hm        pehm     pehm    pehm     pehm     -      -
announcements hm/o      hm/o     hm/o    hm/o     hm/o     hm/o   -/o
removal       m/o       m/o      m/o     m/o      m/o      m/o    m/o
ballots       -         pehm     pehm    pehm     pehm     -      -
polls         hm/o      hm/o     hm/o    hm/o     hm/o     -/o    -/o
steering      hm/o      hm/o     hm/o    hm/o     hm/o     hm/o   -/o
moderation    hm/o      hm/o     hm/o    hm/o     hm/o     hm/o   -/o
reports       pehm      pehm     pehm    pehm     pehm     pehm   pehm
"""
# Those who may do it in some state hear that it is not the time for it, the others that it is not for them.
EVER = {"announcements": "hm", "removal": "m", "polls": "hm", "steering": "hm", "moderation": "hm"}
CODES = {"": "jam_closed", "o": "forbidden", "p": "phase_closed"}


class Clock:
    """The server's clock, wherever the test puts it."""

    def __init__(self) -> None:
        self.at = BASE

    def __call__(self) -> datetime:
        return self.at


def phased(tx: Tx) -> None:
    def at(minutes: int) -> str:
        return rfc3339(BASE + minutes * MINUTE)

    phases = [
        {"id": "ideas", "title": "Ideas", "starts_at": at(60), "closed_to": ["votes"]},
        {
            "id": "refining",
            "title": "Refining",
            "starts_at": at(120),
            "guidance": "Now better.",
            "closed_to": ["threads"],
        },
    ]
    fields: Json = {"opens_at": at(60), "closes_at": at(180), "archived_at": at(300), "grace_seconds": 1800}
    objects.change_jam(tx, {**fields, "phases": phases})


def people(tx: Tx) -> dict[str, str]:
    found = {}
    for role in ROLES:
        person = objects.add_person(tx, random_id(tx.rng), f"a-{role}", role=role)
        found[role] = accounts.long_token(tx, person, timedelta(days=1))
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_each_role_in_each_state(
    start_jam: Callable[..., Any], client: Callable[..., httpx.Client], clock: Clock, figure: Callable[..., None]
) -> None:
    jam = start_jam(vote_join=0.0, clock=clock, writes=10**6)
    jam.server.write(phased)
    clients = {role: client(jam.url, token) for role, token in jam.server.write(people).items()}
    clock.at = BASE + MOMENTS["ideas"] * MINUTE
    base = jam.thread()
    lines = [line.split() for line in EXPECTED.strip().splitlines()[1:]]
    own = {role: [jam.thread(by=one)["id"] for _ in MOMENTS] for role, one in clients.items()}
    reported = [jam.thread()["id"] for _ in MOMENTS]
    locked = [jam.thread()["id"] for _ in range(len(MOMENTS) * len(ROLES))]
    poll = str(uuid.uuid4())
    question = {"question": "Which?", "choices": ["this", "that"]}
    clients["host"].put(f"/polls/{poll}", json=question).raise_for_status()
    taken_away = [jam.thread()["id"] for _ in range(len(MOMENTS) * len(ROLES))]

    def ask(act: str, role: str, n: int) -> httpx.Response:
        who, new = clients[role], str(uuid.uuid4())
        match act:
            case "threads":
                return who.put(f"/posts/{new}", json={"forum_id": jam.forum["id"], "title": "T", "body": "B"})
            case "replies":
                written = "2020-01-01T00:00:00Z" if n % 2 else "2040-01-01T00:00:00Z"  # what the writer's clock says
                return who.put(f"/posts/{new}", json={"parent_id": base["id"], "body": "B", "written_at": written})
            case "edits":
                return who.patch(f"/posts/{own[role][n]}", json={"body": "other"}, headers={"If-Match": '"1"'})
            case "votes":
                return who.put(f"/posts/{base['id']}/vote")
            case "tags":
                return who.put(f"/posts/{own[role][n]}/tags/a")
            case "announcements":
                return who.put(f"/announcements/{new}", json={"body": "Hear"})
            case "ballots":
                return who.put(f"/polls/{poll}/ballot", json={"choice": n % 2})
            case "polls":
                return who.put(f"/polls/{new}", json={"question": "Which?", "choices": ["this", "that"]})
            case "steering":
                return who.put(f"/tags/t{n}", json={"about": "Of it", "curated": True})
            case "moderation":
                return who.put(f"/moderation/{new}", json={"act": "lock", "post_id": locked.pop(), "reason": "enough"})
            case "reports":
                return who.put(f"/reports/{new}", json={"post_id": reported[n], "reason": "spam"})
            case _:
                return who.delete(f"/posts/{taken_away.pop()}", headers={"If-Match": "*"})

    cells = refused = 0
    for n, (moment, minutes) in enumerate(MOMENTS.items()):
        clock.at = BASE + minutes * MINUTE
        for act, *row in lines:
            letters, _, code = row[n].partition("/")
            for role in ROLES:
                answer = ask(act, role, n)
                cells += 1
                if role[0] in letters:
                    assert answer.status_code in (200, 201), (moment, act, role, answer.text)
                    continue
                refused += 1
                never = code == "o" and role[0] not in EVER[act]
                expected = CODES["o"] if never else CODES[code if code == "p" else ""]
                assert (answer.status_code, answer.json().get("code")) == (403, expected), (
                    moment,
                    act,
                    role,
                    answer.text,
                )
    assert cells == 7 * 12 * 4
    figure(
        f"a Jam in fast-forward: {cells} cells of state x act x role over the wire, {refused} refused, all as written"
    )


def test_the_state_and_the_phase_are_told_in_words(start_jam: Callable[..., Any], clock: Clock) -> None:
    jam = start_jam(vote_join=0.0, clock=clock)
    jam.server.write(phased)

    def said(minutes: int) -> str:
        clock.at = BASE + minutes * MINUTE
        answer = jam.ada.put(f"/posts/{uuid.uuid4()}", json={"forum_id": jam.forum["id"], "title": "T", "body": "B"})
        assert answer.status_code == 403
        return str(answer.json()["detail"])

    assert said(0) == f"The Jam opens at {rfc3339(BASE + 60 * MINUTE)}."
    assert said(160) == "The phase “Refining” does not take new threads."
    assert said(220) == f"The Jam closed at {rfc3339(BASE + 180 * MINUTE)}; it can still be read."
    assert said(310).startswith("The Jam was archived at ")
    clock.at = BASE + 70 * MINUTE
    vote = jam.ada.put(f"/posts/{jam.thread()['id']}/vote").json()
    again = f"they are taken again at {rfc3339(BASE + 120 * MINUTE)}."
    assert vote["code"] == "phase_closed"
    assert vote["detail"] == f"The phase “Ideas” does not take votes; {again}"


def test_what_was_taken_is_answered_again_in_any_state(start_jam: Callable[..., Any], clock: Clock) -> None:
    """A lost answer is no refusal: the same write under its id is the same post, though the Jam is archived."""
    jam = start_jam(vote_join=0.0, clock=clock)
    jam.server.write(phased)
    clock.at = BASE + 190 * MINUTE  # in grace
    opener = {"forum_id": jam.forum["id"], "title": "T", "body": "B"}
    clock.at = BASE + 70 * MINUTE
    thread = jam.thread()
    clock.at = BASE + 190 * MINUTE
    new = str(uuid.uuid4())
    reply = {"parent_id": thread["id"], "body": "From the train"}
    assert jam.bob.put(f"/posts/{new}", json=reply).status_code == 201
    clock.at = BASE + 310 * MINUTE
    assert jam.bob.put(f"/posts/{new}", json=reply).status_code == 200
    assert jam.bob.put(f"/posts/{uuid.uuid4()}", json=opener).json()["code"] == "jam_closed"
