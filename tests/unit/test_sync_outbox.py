"""Which writes go one after the other, which wait for a person, and how long a failed one waits."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from jamtui.store.own import Payload, Queued
from jamtui.sync.backoff import LONGEST, Backoff
from jamtui.sync.outbox import chains, next_rows

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def row(n: int, kind: str, post: str, thread: str = "t", state: str = "queued", parent: str | None = None) -> Queued:
    return Queued(n, f"o{n}", kind, post, thread, "f", Payload(parent), state, "", "", 0, NOW, None, 0)


def ids(found: list[list[Queued]]) -> list[list[str]]:
    return [[one.id for one in chain] for chain in found]


def test_writes_of_a_thread_are_a_chain_and_threads_go_side_by_side() -> None:
    rows = [row(1, "post", "a"), row(2, "post", "b", "u"), row(3, "post", "c", parent="a")]
    assert ids(chains(rows)) == [["o1", "o3"], ["o2"]]


def test_a_vote_goes_alone_unless_its_post_is_not_sent_yet() -> None:
    rows = [row(1, "post", "a"), row(2, "vote", "a"), row(3, "vote", "b"), row(4, "unvote", "b")]
    assert ids(chains(rows)) == [["o1", "o2"], ["o3", "o4"]]


def test_a_refused_post_holds_back_what_answers_it_and_nothing_else() -> None:
    rows = [
        row(1, "post", "a", state="refused"),
        row(2, "post", "b", parent="a"),
        row(3, "tag", "b"),
        row(4, "post", "c", parent="x"),
        row(5, "edit", "x", state="refused"),
        row(6, "post", "d", parent="x"),
    ]
    assert [one.id for one in next_rows(rows[:3])] == []  # until a person decides
    assert [one.id for one in next_rows(rows)] == ["o4"]
    assert [one.id for one in next_rows([*rows[:3], *rows[4:]])] == ["o6"]


def test_what_stands_behind_a_write_that_was_put_off_is_not_due_before_it() -> None:
    rows = [row(1, "post", "a", "t"), row(2, "post", "b", "t"), row(3, "post", "c", "u")]
    assert [one.id for one in next_rows(rows)] == ["o1", "o3"]


def test_backoff_grows_with_full_jitter_between_one_second_and_two_minutes() -> None:
    waits = [[Backoff(random.Random(seed)).next() for seed in range(50)]]
    one = [Backoff(random.Random(seed)) for seed in range(50)]
    waits.extend([backoff.next() for backoff in one] for _ in range(9))
    assert all(1 <= wait <= LONGEST for step in waits for wait in step)
    assert max(waits[-1]) > 60
    assert max(waits[0]) <= 2
    assert len(set(waits[-1])) == 50  # jitter: no two clients come back together


def test_backoff_honours_what_the_server_asks_and_forgets_after_a_steady_hour() -> None:
    backoff = Backoff(random.Random(1))
    assert backoff.next(600) == 600
    for _ in range(8):
        backoff.next()
    backoff.worked(1)
    assert backoff.failures == 9
    backoff.worked(3600)
    assert backoff.failures == 0


def test_a_connection_that_ends_without_an_error_is_never_asked_for_at_once() -> None:
    for seed in range(50):
        steady, brief = Backoff(random.Random(seed)), Backoff(random.Random(seed))
        assert 1 <= steady.ended(3600.0) <= 2
        assert steady.failures == 0
        waits = [brief.ended(0.1) for _ in range(9)]
        assert all(1 <= wait <= LONGEST for wait in waits)
        assert brief.failures == 9  # a stream that ends at once is a fault, and is put off longer and longer
    assert max(waits) > 2
