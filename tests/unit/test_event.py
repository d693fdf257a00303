"""The Jam as an event: state, phase, what is allowed to whom, and what comes next."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamtui import event
from jamtui.archive import Jam, Phase
from jamtui.event import PHASED, ROLES, TABLE, Act, Cell, State

OPENS = datetime(2026, 2, 8, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLOSES = OPENS + 72 * HOUR
REFINING = OPENS + 48 * HOUR
ARCHIVED = CLOSES + 240 * HOUR


def a_jam(**fields: object) -> Jam:
    phases = (
        Phase("refine", "Refining", REFINING, closed_to=("threads", "flying")),
        Phase("ideas", "Ideas", OPENS, closed_to=("votes",)),
    )
    given = {"grace_seconds": 3600, "archived_at": ARCHIVED, "phases": phases} | fields
    return Jam(format=1, id="j", slug="j", title="J", opens_at=OPENS, closes_at=CLOSES, **given)  # type: ignore[arg-type]


# Who may, written down a second time: p, e, h, m for the roles; small letters in grace are late.
EXPECTED = """
              scheduled open  grace closed archived
threads       hm        pehm  pehm  -      -
replies       hm        pehm  pehm  -      -
edits         hm        pehm  pehm  -      -
votes         -         pehm  pehm  -      -
tags          hm        pehm  pehm  -      -
links         hm        pehm  pehm  -      -
polls         hm        pehm  pehm  -      -
reports       pehm      pehm  pehm  pehm   pehm
announcements hm        hm    hm    hm     -
steering      hm        hm    hm    hm     -
moderation    hm        hm    hm    hm     -
removal       m         m     m     m      m
"""
MOMENTS = {
    State.SCHEDULED: OPENS - HOUR,
    State.OPEN: OPENS + HOUR,
    State.GRACE: CLOSES + HOUR / 2,
    State.CLOSED: CLOSES + 2 * HOUR,
    State.ARCHIVED: ARCHIVED + HOUR,
}


def test_the_table_in_full(figure: Callable[..., None]) -> None:
    lines = [line.split() for line in EXPECTED.strip().splitlines()[1:]]
    jam = a_jam(phases=())
    looked = 0
    assert [line[0] for line in lines] == [act.value for act in Act]
    for name, *cells in lines:
        for state, letters in zip(State, cells, strict=True):
            for role in ROLES:
                act, now = Act(name), MOMENTS[state]
                allowed = role[0] in letters
                late = state is State.GRACE and act in PHASED
                cell = Cell.NO if not allowed else Cell.LATE if late else Cell.YES
                assert TABLE[state, act, role] is cell, (state, act, role)
                assert event.state_at(jam, now) is state
                assert (event.taken(jam, now, role, act) is None) == allowed, (state, act, role)
                assert (event.may(jam, now, role, act) is None) == (allowed and not late), (state, act, role)
                looked += 1
    assert looked == len(TABLE) == 240
    figure(f"states of a Jam: {looked} cells of state x act x role are as written down")


def test_the_page_has_the_table_that_the_code_has() -> None:
    project = Path(__file__).parents[2]
    assert event.markdown() in (project / "docs" / "event.md").read_text()
    printed = subprocess.run(
        [sys.executable, "-m", "jamtui.event"], check=True, capture_output=True, text=True, cwd=project
    )
    assert printed.stdout.strip() == event.markdown()


@pytest.mark.parametrize("role", ROLES)
def test_a_vote_counts_alike_whoever_gives_it(role: str) -> None:
    """The server joins votes of several people, and asks for all of them at once."""
    for state in State:
        assert TABLE[state, Act.VOTES, role] is TABLE[state, Act.VOTES, "participant"]


def test_a_role_that_nobody_knows_may_what_a_participant_may() -> None:
    assert event.may(a_jam(), OPENS + HOUR, "emperor", Act.THREADS) is None
    refused = event.may(a_jam(), OPENS + HOUR, "emperor", Act.ANNOUNCEMENTS)
    assert refused is not None
    assert refused.code == "forbidden"


def test_a_phase_closes_acts_to_all_but_those_who_steer() -> None:
    jam, ideas, refining = a_jam(), OPENS + HOUR, REFINING + 2 * HOUR
    assert [phase.id for phase in event.phases_of(jam)] == ["ideas", "refine"]
    refused = event.may(jam, ideas, "participant", Act.VOTES)
    assert refused is not None
    assert (refused.code, refused.again) == ("phase_closed", REFINING)
    assert event.taken(jam, ideas, "moderator", Act.VOTES) == refused  # a vote of theirs counts like another
    for role, allowed in zip(ROLES, (False, False, True, True), strict=True):
        assert (event.taken(jam, refining, role, Act.THREADS) is None) == allowed
        assert (event.may(jam, refining, role, Act.THREADS) is None) == allowed
    assert event.may(jam, refining, "participant", Act.REPLIES) is None


@pytest.mark.parametrize(
    ("after", "begun", "taken"),
    [(-1, True, True), (0, False, True), (3599, False, True), (3600, False, False)],
)
def test_what_the_phase_before_took_is_taken_within_the_grace(after: int, begun: bool, taken: bool) -> None:
    jam, now = a_jam(), REFINING + timedelta(seconds=after)
    assert (event.may(jam, now, "participant", Act.THREADS) is None) == begun
    assert (event.taken(jam, now, "participant", Act.THREADS) is None) == taken
    assert (event.taken(a_jam(grace_seconds=0), now, "participant", Act.THREADS) is None) == begun


def test_late_is_by_the_phase_that_was_last() -> None:
    jam, late = a_jam(), CLOSES + HOUR / 2
    assert event.taken(jam, late, "participant", Act.REPLIES) is None
    refused = event.taken(jam, late, "participant", Act.THREADS)  # the phase of refining took none for a day
    assert refused is not None
    assert refused.code == "phase_closed"
    short = a_jam(phases=(Phase("a", "A", OPENS), Phase("b", "B", CLOSES - HOUR / 2, closed_to=("threads",))))
    assert event.taken(short, CLOSES + HOUR / 4, "participant", Act.THREADS) is None  # written before b, an hour late
    assert event.taken(short, CLOSES + HOUR * 3 / 4, "participant", Act.THREADS) is not None


def test_until_when_what_was_written_before_is_taken() -> None:
    jam, role = a_jam(), "participant"
    late = {now: event.late_until(jam, now, role, Act.THREADS) for now in (OPENS, REFINING, CLOSES)}
    assert late == {OPENS: None, REFINING: REFINING + HOUR, CLOSES: None}
    assert event.late_until(jam, CLOSES, role, Act.REPLIES) == CLOSES + HOUR
    assert event.late_until(jam, CLOSES, role, Act.ANNOUNCEMENTS) is None
    assert event.late_until(jam, CLOSES + HOUR, role, Act.REPLIES) is None
    assert event.late_until(a_jam(archived_at=CLOSES), CLOSES, role, Act.REPLIES) is None


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(-5, 80), st.sets(st.sampled_from(["threads", "votes"]))), max_size=4),
    st.integers(0, 6),
    st.integers(-300, 5_000),
    st.sampled_from(ROLES),
    st.sampled_from([Act.THREADS, Act.VOTES, Act.REPLIES]),
)
def test_taken_is_what_could_have_been_begun_within_the_grace(
    phases: list[tuple[int, set[str]]], grace: int, minute: int, role: str, act: Act
) -> None:
    """The rule itself, minute by minute, against the one that reckons with the beginnings and ends of phases."""
    jam = a_jam(
        phases=tuple(
            Phase(str(n), "P", OPENS + hour * HOUR, closed_to=tuple(sorted(closed)))
            for n, (hour, closed) in enumerate(phases)
        ),
        grace_seconds=grace * 600,
        archived_at=None,
    )
    now = OPENS + minute * timedelta(minutes=1)
    earlier = [now - n * timedelta(minutes=1) for n in range(1, grace * 10 + 1)]
    could = event.may(jam, now, role, act) is None or any(
        event.state_at(jam, then) is State.OPEN and event.may(jam, then, role, act) is None for then in earlier
    )
    assert (event.taken(jam, now, role, act) is None) == could


def test_before_the_first_phase_nothing_is_closed() -> None:
    jam = a_jam(phases=(Phase("b", "B", OPENS + 2 * HOUR, closed_to=("threads",)),))
    assert event.phase_at(jam, OPENS + HOUR) is None
    assert event.may(jam, OPENS + HOUR, "participant", Act.THREADS) is None
    assert event.taken(jam, OPENS + 2.5 * HOUR, "participant", Act.THREADS) is None
    assert event.taken(jam, OPENS + 3.5 * HOUR, "participant", Act.THREADS) is not None


def test_what_comes_next() -> None:
    jam = a_jam()
    seen = []
    now = OPENS - HOUR
    while (after := event.next_of(jam, now)) is not None:
        seen.append((after.what, after.at))
        now = after.at
    assert seen == [
        ("opens", OPENS), ("phase", REFINING), ("closes", CLOSES), ("grace", CLOSES + HOUR), ("archived", ARCHIVED),
    ]  # fmt: skip
    assert [what for what, _ in seen if what == "grace"] == ["grace"]
    assert event.next_of(a_jam(archived_at=None), CLOSES + 2 * HOUR) is None


def test_the_time_of_the_jam_in_parts_has_no_gap() -> None:
    parts = event.parts_of(a_jam())
    assert [(part.start, part.end, part.state) for part in parts] == [
        (OPENS, REFINING, State.OPEN), (REFINING, CLOSES, State.OPEN), (CLOSES, CLOSES + HOUR, State.GRACE),
    ]  # fmt: skip
    late = event.parts_of(
        a_jam(phases=(Phase("b", "B", OPENS + HOUR), Phase("c", "C", CLOSES + HOUR)), grace_seconds=0)
    )
    assert [(part.phase.id if part.phase else "", part.end) for part in late] == [("", OPENS + HOUR), ("b", CLOSES)]
    early = event.parts_of(a_jam(phases=(Phase("a", "A", OPENS - HOUR), Phase("b", "B", OPENS - HOUR / 2))))
    assert [part.phase.id for part in early if part.phase] == ["b"]


def test_times_that_make_no_sense_raise_nothing() -> None:
    far = datetime(9999, 12, 31, 23, tzinfo=UTC)
    jam = a_jam(
        grace_seconds=2**53 - 1, archived_at=OPENS - HOUR, phases=(Phase("x", "X", far), Phase("y", "Y", OPENS))
    )
    odd = Jam(
        format=1, id="j", slug="j", title="J", opens_at=far, closes_at=far, grace_seconds=2**53 - 1, phases=jam.phases
    )
    for one in (jam, odd):
        for now in (OPENS, CLOSES, far, datetime(1, 1, 2, tzinfo=UTC)):
            event.state_at(one, now)
            event.next_of(one, now)
            event.parts_of(one)
            for act in Act:
                for role in ROLES:
                    event.may(one, now, role, act)
                    event.taken(one, now, role, act)
    assert event.state_at(jam, OPENS) is State.ARCHIVED
    assert event.grace_of(jam) == timedelta(days=30)


def test_refusals_in_words() -> None:
    def words(now: datetime, role: str, act: Act) -> str:
        refusal = event.may(a_jam(), now, role, act)
        assert refusal is not None
        return event.reason(refusal, lambda at: f"on {at:%d.%m. %H:%M}")

    assert words(OPENS - HOUR, "expert", Act.REPLIES) == "The Jam opens on 08.02. 14:00"
    assert (
        words(OPENS, "participant", Act.VOTES)
        == "The phase “Ideas” does not take votes; they are taken again on 10.02. 14:00"
    )
    assert words(REFINING, "participant", Act.THREADS) == "The phase “Refining” does not take new threads"
    assert words(CLOSES, "participant", Act.VOTES) == "The Jam closed on 11.02. 14:00; it can still be read"
    archived = words(ARCHIVED, "host", Act.STEERING)
    assert archived == "The Jam was archived on 21.02. 14:00: it can be read, and nothing in it changes any more"
    assert words(OPENS, "participant", Act.STEERING) == "Your role does not let you do this: what hosts sort"
    assert event.things(("votes", "nonsense", "threads", "tags")) == "new threads, votes and tags"
    assert event.things(()) == ""
