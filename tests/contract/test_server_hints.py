"""Who is told on their stream to look at their desk: whom something concerns, nobody else, and nothing but that."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from acts import done, undone

from jamserver import hints, notices, objects
from jamserver.db import connect


def report(by: httpx.Client, post: dict[str, Any]) -> None:
    answer = by.put(f"/reports/{uuid.uuid4()}", json={"post_id": post["id"], "reason": "spam"})
    assert answer.status_code == 201, answer.text


class Everyone:
    """Whom `Desks` names, by handle, when all are connected. Each question is asked so much later that all are due."""

    def __init__(self, jam: Any) -> None:
        self._db = connect(jam.server.db)
        self._names = {one["id"]: one["handle"] for one in jam.guest.get("/people").json()["items"]}
        self._desks = hints.Desks(self._db)
        self._now = 0.0

    def told(self, after: float = hints.APART) -> set[str]:
        self._now += after
        return {self._names[who] for who in self._desks.due(self._now, self._names)}

    def close(self) -> None:
        self._db.close()


@pytest.fixture
def eve(jam: Any) -> None:
    """A second moderator."""
    jam.server.write(lambda tx: objects.add_person(tx, uuid.uuid4(), "eve", role="moderator"))


@pytest.fixture
def everyone(jam: Any, eve: None) -> Iterator[Everyone]:
    assert jam.host
    with contextlib.closing(Everyone(jam)) as found:
        yield found


def test_those_are_told_whom_it_concerns(jam: Any, everyone: Everyone, figure: Callable[..., None]) -> None:
    wrong = 0

    def check(*expected: str) -> None:
        nonlocal wrong
        told = everyone.told()
        assert told == set(expected)
        wrong += len(told ^ set(expected))

    post = jam.thread()
    jam.reply(post)
    jam.bob.put(f"/posts/{post['id']}/vote")
    jam.bob.put(f"/posts/{post['id']}/tags/new")
    check()
    report(jam.bob, post)
    check("mod", "eve")
    hidden = done(jam.mod, "hide", post)
    check("ada", "bob", "mod", "eve")  # the author, who reported, the moderators
    undone(jam.mod, hidden)
    check("ada", "bob", "mod", "eve")
    done(jam.mod, "warn", person_id=jam.bob.get("/me").json()["id"])
    check("bob", "mod", "eve")
    lock = done(jam.host, "lock", post)
    check("ada", "host", "mod", "eve")
    undone(jam.host, lock)
    check("ada", "host", "mod", "eve")
    check()
    figure("promise 15: {:.0f} people told of what does not concern them, over 6 kinds of acts", wrong)


def test_a_moderator_does_not_learn_that_they_were_reported(jam: Any, everyone: Everyone) -> None:
    report(jam.bob, jam.thread(by=jam.mod))
    assert everyone.told() == {"eve"}


def test_a_thousand_reports_are_one_look(jam: Any, everyone: Everyone) -> None:
    posts = [jam.thread(title=f"T {n}") for n in range(5)]
    told = []
    for post in posts:
        report(jam.bob, post)
        told.append(everyone.told(after=hints.APART / 10))
    # The first at once (it has been quiet), the others together when its time is over.
    assert told == [{"mod", "eve"}, set(), set(), set(), set()]
    assert everyone.told() == {"mod", "eve"}
    assert everyone.told() == set()


def events(client: httpx.Client, happen: Callable[[], None]) -> Iterator[str]:
    """Lines of a stream that are no comments; ``happen`` once it is open."""
    with client.stream("GET", "/stream") as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith(": head")
        happen()
        yield from (line for line in lines if line and not line.startswith(":"))


def test_on_the_stream_it_says_nothing_and_others_hear_nothing(start_jam: Callable[..., Any]) -> None:
    jam = start_jam(poll=0.02)
    post = jam.thread()
    with contextlib.ExitStack() as stack:
        quiet = {
            name: stack.enter_context(getattr(jam, name).stream("GET", "/stream")).iter_lines()
            for name in ("ada", "bob", "guest")
        }
        for lines in quiet.values():
            assert next(lines).startswith(": head")
        mod = events(jam.mod, lambda: report(jam.bob, post))
        assert (next(mod), next(mod)) == ("event: desk", "data: {}")
        jam.thread(title="What all see")
        for lines in (*quiet.values(), mod):
            said = [next(line for line in lines if line and not line.startswith(":")) for _ in range(2)]
            assert said[0].startswith("id: ")
            assert json.loads(said[1].removeprefix("data: "))["data"]["title"] == "What all see"


def test_all_streams_of_a_person_are_told_and_who_comes_later_is_not(start_jam: Callable[..., Any]) -> None:
    jam = start_jam(poll=0.02)
    person = jam.ada.get("/me").json()["id"]

    def warn() -> None:
        done(jam.mod, "warn", person_id=person)

    with contextlib.ExitStack() as stack:
        first, second = (stack.enter_context(jam.ada.stream("GET", "/stream")).iter_lines() for _ in range(2))
        assert next(first).startswith(": head")
        assert next(second).startswith(": head")
        warn()
        for lines in (first, second):
            assert next(line for line in lines if line and not line.startswith(":")) == "event: desk"
        later = events(jam.ada, lambda: jam.thread(title="New"))
        assert next(later).startswith("id: ")


def test_what_another_process_writes_is_told_too(start_jam: Callable[..., Any]) -> None:
    jam = start_jam(poll=0.02)
    person = jam.ada.get("/me").json()["id"]

    def other() -> None:
        jam.server.write(lambda tx: notices.tell(tx, person, "warn", reason="R"))

    assert next(events(jam.ada, other)) == "event: desk"
