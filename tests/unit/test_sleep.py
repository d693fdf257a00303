"""A sleep of the machine is noticed by its clocks, and nothing else is taken for one."""

from __future__ import annotations

import time

from jamtui.sync.sleep import ASLEEP, STOPPED, SleepWatch, clocks


class Hands:
    """Clocks that a test sets."""

    def __init__(self) -> None:
        self.timers, self.boot, self.wall = 1000.0, 5000.0, 1.7e9
        self.watch = SleepWatch(1.0, [lambda: self.wall, lambda: self.boot], lambda: self.timers)

    def awake(self, seconds: float) -> None:
        self.timers += seconds
        self.boot += seconds
        self.wall += seconds

    def asleep(self, seconds: float) -> None:
        self.boot += seconds
        self.wall += seconds


def test_an_hour_with_the_lid_closed_is_noticed_once() -> None:
    hands = Hands()
    hands.awake(1.0)
    assert hands.watch.slept() == 0
    hands.asleep(3600.0)
    hands.awake(1.0)
    assert hands.watch.slept() == 3600
    hands.awake(1.0)
    assert hands.watch.slept() == 0


def test_a_machine_that_only_its_wall_clock_knows_to_have_stood_still() -> None:
    hands = Hands()
    hands.awake(1.0)
    hands.wall += 600  # set right by the network after a virtual machine was paused
    assert hands.watch.slept() == 600


def test_a_busy_machine_a_second_that_was_mended_and_a_clock_set_back_are_no_sleep() -> None:
    hands = Hands()
    hands.awake(STOPPED / 2)
    assert hands.watch.slept() == 0
    hands.awake(1.0)
    hands.wall += ASLEEP / 2
    assert hands.watch.slept() == 0
    hands.awake(1.0)
    hands.wall -= 86_400
    assert hands.watch.slept() == 0
    hands.awake(1.0)
    assert hands.watch.slept() == 0


def test_a_process_that_was_stopped_is_noticed_by_its_late_look() -> None:
    hands = Hands()
    hands.awake(STOPPED + 2)  # timers went on, as did the connections' other ends
    assert hands.watch.slept() == STOPPED + 1


def test_the_clocks_of_this_machine_go() -> None:
    going = clocks()
    assert len(going) >= 1 + hasattr(time, "CLOCK_BOOTTIME")
    before = [clock() for clock in going]
    assert all(clock() >= then for clock, then in zip(going, before, strict=True))
    assert SleepWatch(1.0).slept() == 0
