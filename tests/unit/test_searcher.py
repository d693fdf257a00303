"""The threads that search: the latest query is always answered, however it meets the ones before it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import apsw
import pytest

from jamtui.model import Found, PostRow, Similar
from jamtui.store import searcher
from jamtui.store.latest import Latest
from jamtui.store.likeness import Likeness
from jamtui.store.overlay import Overlay
from jamtui.store.rows import Rows
from jamtui.store.silence import Silence

NOW = datetime(2011, 2, 9, tzinfo=UTC)
COUNT = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT ?) SELECT x FROM c"


def connect() -> Rows:
    alone = SimpleNamespace(db=apsw.Connection(":memory:"), overlay=None, silence=None, renew=lambda: None)
    return cast("Rows", alone)


def asked(text: str, deliver: Callable[[Found], None]) -> Any:
    return searcher._Asked(text, "newest", NOW, cast("Overlay", None), cast("Silence", None), deliver)


@pytest.fixture
def lane(request: pytest.FixtureRequest) -> Any:
    def make(answer: Any, rest: float = 0.0) -> Latest[Any]:
        made = Latest[Any]("search", connect, partial(searcher._answer, answer), rest)
        request.addfinalizer(made.close)
        return made

    return make


def test_an_interruption_that_comes_late_does_not_lose_the_query_it_meets(lane: Any) -> None:
    tries: list[str] = []

    def answer(rows: Rows, query: Any) -> Generator[Found, None, None]:
        tries.append(query.text)
        if len(tries) == 1:
            raise apsw.InterruptError("meant for the one before")
        yield Found(query.text, "newest", (), total=0)

    answered = threading.Event()
    lane(answer).ask(asked("only", lambda _: answered.set()))
    assert answered.wait(30)
    assert tries == ["only", "only"]


def test_an_interruption_that_comes_late_does_not_make_a_title_like_nothing(request: pytest.FixtureRequest) -> None:
    tries: list[str] = []
    post = Similar(cast("PostRow", None), "Ideas", 0, 1.0)

    def find(rows: Rows, text: str) -> tuple[Similar, ...]:
        tries.append(text)
        if len(tries) == 1:
            raise apsw.InterruptError("meant for the one before")
        return (post,)

    likeness = Likeness(connect)
    request.addfinalizer(likeness.close)
    found: list[tuple[Similar, ...]] = []
    answered = threading.Event()

    def deliver(text: str, similar: tuple[Similar, ...]) -> None:
        found.append(similar)
        answered.set()

    likeness.ask("Quiet hours", find, deliver)
    assert answered.wait(30)
    assert (found, tries) == ([(post,)], ["Quiet hours", "Quiet hours"])


def test_a_query_that_comes_just_when_the_rest_is_over_is_not_lost(lane: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(rows: Rows, query: Any) -> Generator[Found, None, None]:
        yield Found(query.text, "newest", (), total=0)

    one = lane(answer, 0.001)
    answered = threading.Event()
    rest, came = one._told.wait, []

    def over(timeout: float | None = None) -> bool:
        """The time is over, and before the lane has its lock back the next query is there."""
        if timeout is not None and not came:
            came.append("second")
            one._wanted = asked("second", lambda found: answered.set())
            return False
        return bool(rest(timeout))

    monkeypatch.setattr(one._told, "wait", over)
    one.ask(asked("first", lambda found: None))
    assert answered.wait(30)


@pytest.mark.parametrize("rest", [0.0, 0.001])
def test_the_last_of_many_queries_is_answered(lane: Any, rest: float) -> None:
    def answer(rows: Rows, query: Any) -> Generator[Found, None, None]:
        for number, _ in enumerate(rows.db.execute(COUNT, (3_000,))):
            if number % 100 == 0:
                yield Found(query.text, "newest", ())
        yield Found(query.text, "newest", (), total=0)

    one = lane(answer, rest)
    for number in range(60):
        last = f"query {number}"
        ended = threading.Event()
        for text in (*(f"{number} typed {letter}" for letter in range(12)), last):
            one.ask(
                asked(
                    text, lambda found, ended=ended, last=last: found.total == 0 and found.text == last and ended.set()
                )
            )
        assert ended.wait(30), last
