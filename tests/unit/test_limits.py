"""What one caller may ask in a time, in a Jam of many people."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jamserver import limits
from jamserver.limits import Day, Tries
from jamserver.problems import Problem

MANY = 300
LITTLE = 100


class CountedDay(Day):
    looks = 0

    def _recent(self, person: str) -> dict[int, tuple[int, int]]:
        self.looks += 1
        return super()._recent(person)


def test_a_write_costs_the_same_however_many_people_wrote_that_day(
    monkeypatch: pytest.MonkeyPatch, figure: Callable[..., None]
) -> None:
    """It is counted in the writing thread, so that all writes would wait for a look at everybody."""
    monkeypatch.setattr(limits, "_MAX_KEYS", LITTLE)
    at = [1_000 * 3_600.0]
    day = CountedDay(lambda: at[0], 2, 1_000, "Tomorrow.")
    for n in range(MANY):
        day.add(f"person-{n}", 10)
    before = day.looks
    day.add("person-0", 10)
    cost = day.looks - before
    assert cost <= 2
    with pytest.raises(Problem):
        day.begin("person-0")
    at[0] += 25 * 3_600
    day.add("person-1", 10)
    assert set(day._grown) == {"person-1"}, "whose day is over is kept no longer"
    day.begin("person-0")
    figure(f"a write after those of {MANY} people: {cost} looks at what somebody wrote")


def test_tries_are_looked_through_seldom_and_forgotten_when_they_are_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MAX_KEYS", LITTLE)
    at = [0.0]
    tries = Tries(lambda: at[0], 1, 60.0, "Wait.")
    swept = 0
    for n in range(MANY):
        held = tries._tries
        tries.begin(f"key-{n}")
        swept += tries._tries is not held
    assert swept <= 2, "and not at each try from the first too many on"
    with pytest.raises(Problem):
        tries.begin("key-0")
    at[0] = 61.0
    for n in range(MANY, 4 * MANY):
        tries.begin(f"key-{n}")
    assert "key-0" not in tries._tries
