"""What ends a wait before its time, and how often it may: a held key, a flapping network, a script that writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from jamtui.sync import backoff, patience
from jamtui.sync.patience import Patience
from jamtui.sync.sleep import SleepWatch


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_what_wants_a_try_all_the_time_gets_few(figure: Callable[..., None]) -> None:
    """Thirty times a second for a minute; a try takes no time and fails."""
    clock = Clock()
    one = Patience(clock)
    begun: list[float] = []
    while clock.now < 1_060:
        clock.now += one.hurry()
        begun.append(clock.now - 1_000)
        clock.now += 1 / 30
    assert max(begun[: patience.FREE]) < 0.1  # a person's key is answered at once
    gaps = [round(after - before) for before, after in pairwise(begun)][2:]
    assert gaps == [2, 4, 8, 16, 20, 20]
    figure("promise 10: something that wants a try all the time gets {:.0f} in a minute", len(begun) - 1)


def test_who_rests_a_minute_is_answered_at_once_again() -> None:
    clock = Clock()
    one = Patience(clock)
    waited = []
    for _ in range(patience.FREE + 2):
        waited.append(one.hurry())
        clock.now += waited[-1]
    assert waited[: patience.FREE] == [0] * patience.FREE
    assert min(waited[patience.FREE :]) > 0
    assert one.tired
    clock.now += patience.CALM
    assert not one.tired
    assert one.hurry() == 0


async def test_a_wait_that_is_ended_too_often_says_when_it_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "SHORTEST", 0.01)
    clock = Clock()
    one, key, told = Patience(clock), asyncio.Event(), list[float]()
    key.set()
    for _ in range(patience.FREE):
        await one.wait(900.0, [key], tell=told.append)
    assert told == []
    await one.wait(900.0, [key], tell=told.append)
    assert told == [pytest.approx(0.02)]


async def test_nothing_ends_what_the_server_asked_for_but_time() -> None:
    clock = Clock()
    one, key, told = Patience(clock), asyncio.Event(), list[float]()
    key.set()
    waiting = asyncio.create_task(one.wait(900.0, [key], 600.0, told.append))
    for _ in range(9):
        await asyncio.sleep(0)
    assert not waiting.done()
    assert told == [600.0]  # the key is heard: it is tried when the server's time is over
    clock.now += 599.0  # the machine slept
    one.slept.set()
    for _ in range(9):
        await asyncio.sleep(0)
    assert not waiting.done()
    clock.now += 1.0
    one.slept.set()
    await waiting
    assert one.hurry() == 0  # such a try was not before its time


def test_the_clock_of_a_wait_goes_on_in_a_sleep() -> None:
    timers, wall = Clock(), Clock()
    watch = SleepWatch(1.0, [wall], timers)
    timers.now += 1
    wall.now += 301
    assert watch.slept() == 300
    assert watch.clock() == 1_301
    timers.now += 60  # stopped: timers went on, nobody looked
    wall.now += 60
    assert watch.slept() == 59
    assert watch.clock() == 1_361
