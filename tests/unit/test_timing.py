"""How a session tells the Jam's hours: what is begun, what is refused and why, and the words for people."""

from __future__ import annotations

import contextlib
import io
import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jamtui import countdown
from jamtui.archive import rfc3339
from jamtui.errors import Refused
from jamtui.event import PHASED, Act, State
from jamtui.model import Draft, DraftKind
from jamtui.paths import Home
from jamtui.plain.console import Ended
from jamtui.plain.pipe import Pipe
from jamtui.plain.program import Plain
from jamtui.session import Session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from widgets.status_line import span, time_left

NOW = datetime(2026, 2, 8, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ME, FORUM = "me-0001", "forum-1"
OPENS, REFINING, CLOSES, ARCHIVED = NOW + 2 * HOUR, NOW + 50 * HOUR, NOW + 74 * HOUR, NOW + 300 * HOUR
PHASES = [
    {"id": "ideas", "title": "Ideas", "starts_at": rfc3339(OPENS), "guidance": "Say *what*.\n\nAll of it."},
    {"id": "refine", "title": "Re\x1b[2Jfining", "starts_at": rfc3339(REFINING), "closed_to": ["threads", "votes"]},
]


def records(role: str, **jam: object) -> list[tuple[str, dict[str, object]]]:
    event = {"format": 1, "id": "j", "slug": "tea", "title": "Tea", "opens_at": rfc3339(OPENS),
             "closes_at": rfc3339(CLOSES), "grace_seconds": 1800, "archived_at": rfc3339(ARCHIVED),
             "phases": PHASES}  # fmt: skip
    post = {"id": "post-0001", "forum_id": FORUM, "thread_id": "post-0001", "author_id": ME, "parent_id": None,
            "title": "Tea", "body": "Green", "created_at": rfc3339(NOW), "tags": []}  # fmt: skip
    return [
        ("jam", event | jam), ("person", {"id": ME, "handle": "me", "name": "Me", "role": role}),
        ("forum", {"id": FORUM, "slug": "one", "title": "One", "position": 1}), ("post", post),
    ]  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_as(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Session]]:
    """A session whose reader signed in as a participant and is ``role`` by now."""
    opened: list[Session] = []

    def make(role: str = "participant", *, guest: bool = False, **jam: object) -> Session:
        home = Home.from_env({"JAMTUI_HOME": str(tmp_path / f"home{len(opened)}")})
        known = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea")
        if not guest:
            known = known.changed(person_id=ME, handle="me", name="Me", role="participant", store="file")
        registry.remember(home, known)
        prepare(known, NOW)
        db = connection.connect(known.mirror, mirror.SCHEMA)
        loading = Loading(Mirror(db), "12-aaaa")
        for kind, data in records(role, **jam):
            loading.feed(json.dumps({"type": kind, "data": data}).encode())
        loading.finish(rfc3339(NOW))
        db.close()
        opened.append(Session(known, clock=clock, rng=random.Random(1), new_client=None))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def thread() -> Draft:
    return Draft(DraftKind.THREAD, FORUM, "A title", "A text")


def test_nothing_new_is_begun_that_the_jam_does_not_take(open_as: Callable[..., Session], clock: Clock) -> None:
    session = open_as()
    with pytest.raises(Refused, match="The Jam opens on 08 February") as caught:
        session.send(thread())
    assert (caught.value.code, caught.value.hint) == ("jam_closed", "Your text is kept as a draft.")
    kept = session.draft(DraftKind.THREAD, FORUM)
    assert kept is not None
    assert kept.body == "A text"
    clock.now = OPENS
    sent = session.send(thread())
    clock.now = REFINING
    with pytest.raises(Refused, match=r"phase “Re.*fining” does not take new threads") as caught:
        session.send(thread())
    assert caught.value.code == "phase_closed"
    assert "\x1b" not in str(caught.value)
    with pytest.raises(Refused, match="does not take votes") as caught:
        session.vote("post-0001")
    assert caught.value.hint == "Nothing was sent."
    session.send(Draft(DraftKind.REPLY, "post-0001", body="Still answered"))
    clock.now = CLOSES  # in grace: nothing new, but what waits goes on waiting to be sent
    with pytest.raises(Refused, match="The Jam closed on 11 February"):
        session.send(Draft(DraftKind.REPLY, "post-0001", body="Too late"))
    assert sent in [row.post_id for row in session.outbox()]
    assert [row.state.value for row in session.outbox()] == ["queued", "queued"]
    clock.now = ARCHIVED
    assert session.refusal(Act.REPLIES).startswith("The Jam was archived on")


def test_what_is_refused_is_worked_out_once_for_a_stretch_of_time(
    open_as: Callable[..., Session], clock: Clock
) -> None:
    session = open_as()
    seen = []
    for now in (NOW, NOW + HOUR, OPENS, REFINING, REFINING + HOUR, CLOSES, CLOSES + HOUR, ARCHIVED, NOW):
        clock.now = now
        standing = session.standing()
        assert standing is session.standing()
        assert standing is not None
        seen.append((standing.state, len(set(PHASED) & set(standing.refused))))
    assert seen == [
        (State.SCHEDULED, 7), (State.SCHEDULED, 7), (State.OPEN, 0), (State.OPEN, 2), (State.OPEN, 2), (State.GRACE, 7),
        (State.CLOSED, 7), (State.ARCHIVED, 7), (State.SCHEDULED, 7),
    ]  # fmt: skip
    clock.now = REFINING
    assert session.refusal() == ""  # something can be written
    assert session.refused() is None


def test_within_a_moment_the_hours_are_read_once_and_after_it_anew(
    open_as: Callable[..., Session], clock: Clock, figure: Callable[[str], None]
) -> None:
    session = open_as()
    clock.now = OPENS
    asked: list[str] = []
    session.readable().db.exec_trace = lambda _, sql, __: bool(asked.append(sql)) or True
    with session.at_once():
        assert session.refusal(Act.THREADS) == ""
        first = len(asked)
        for _ in range(20):
            assert session.refusal(Act.THREADS) == ""
            assert session.jam.title == "Tea"
            assert session.mirrored
        assert len(asked) == first
        with contextlib.closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
            jam = dict(records("participant"))["jam"] | {"closes_at": rfc3339(OPENS), "title": "Coffee", "phases": []}
            Mirror(db).apply([("jam", json.dumps(jam).encode())], "13-aaaa")
        assert session.jam.title == "Tea"
        assert session.refusal(Act.THREADS) == ""
    assert session.jam.title == "Coffee"
    assert session.refusal(Act.THREADS) != ""
    with session.at_once():
        assert session.jam.title == "Coffee"
    figure("hours asked 20 times within a frame: 0 questions to the mirror after the first")


def test_the_role_is_the_one_that_the_jam_has_by_now(open_as: Callable[..., Session]) -> None:
    """Somebody who signed in as a participant was made a host since: the screen need not be started anew."""
    host = open_as("host")
    assert host.me.role == "participant"
    assert host.refusal(Act.THREADS) == ""
    assert "votes" not in host.refusal(Act.THREADS)
    assert host.refusal(Act.VOTES) != ""
    assert host.refusal() == ""


@pytest.mark.parametrize(
    ("role", "moment", "who", "news"),
    [
        ("participant", CLOSES + HOUR, "reading only", "it can still be read"),
        ("host", CLOSES + HOUR, "as Me, still hosting", "it can still be read; you still announce, sort and moderate"),
        ("moderator", CLOSES + HOUR, "as Me, still moderating", "you still announce, sort and moderate"),
        ("host", ARCHIVED, "reading only", "The Jam is archived"),
        ("moderator", ARCHIVED, "as Me, removing only", "The Jam is archived"),
        ("host", NOW, "as Me", ""),
        ("participant", NOW, "reading only", ""),
        ("participant", OPENS, "as Me", ""),
    ],
)
def test_who_hosts_is_told_what_is_left_to_do(
    open_as: Callable[..., Session], clock: Clock, role: str, moment: datetime, who: str, news: str
) -> None:
    session = open_as(role)
    clock.now = moment - HOUR if moment is ARCHIVED else OPENS
    session.hours_news()
    clock.now = moment
    assert session.who_words() == who
    if news:
        assert news in session.hours_news()
    out = io.StringIO()
    with pytest.raises(Ended):
        Plain(session, Pipe(io.StringIO(""), out, columns=400), edit=str, browse=str, environ={}).run()
    assert ("You read only" in out.getvalue()) == (who == "reading only")
    assert (session.still_does() in out.getvalue()) or not session.still_does()


def test_guests_and_files_are_told_that_they_read(open_as: Callable[..., Session], clock: Clock) -> None:
    guest = open_as(guest=True)
    clock.now = OPENS
    assert "guest" in guest.refusal(Act.REPLIES)
    assert guest.only_reads() == guest.refusal()


def test_a_clock_that_is_wrong_does_not_close_the_jam(
    open_as: Callable[..., Session], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_as()
    clock.now = CLOSES + 5 * HOUR
    assert session.refusal(Act.REPLIES) != ""
    monkeypatch.setattr(session, "clock_error", lambda: 10 * HOUR)  # the server's Date told
    assert session.event_now() == CLOSES - 5 * HOUR
    assert session.refusal(Act.REPLIES) == ""


def test_changes_of_the_hours_are_news_once(open_as: Callable[..., Session], clock: Clock) -> None:
    session = open_as()
    told = []
    for now in (NOW, NOW + HOUR, OPENS, OPENS + HOUR, REFINING, REFINING, CLOSES - 4 * MINUTE, CLOSES - MINUTE, CLOSES,
                CLOSES + HOUR, ARCHIVED, ARCHIVED + HOUR):  # fmt: skip
        clock.now = now
        told.append(session.hours_news())
    assert [line.partition(" on ")[0] for line in told] == [
        "", "", "The Jam is open: Ideas: Say *what*. All of it.", "", told[4], "", "The Jam closes", "",
        told[8], "The Jam has closed; it can still be read",
        "The Jam is archived", "",
    ]  # fmt: skip
    waits = []
    for now in (NOW, OPENS, REFINING, CLOSES - 4 * MINUTE, CLOSES, ARCHIVED):
        clock.now = now
        waits.append(session.hours_change_in())
    minutes = [
        120,
        48 * 60,
        24 * 60 - 5,
        4,
        30,
    ]  # to the opening, refining, near the end, the end, the end of the grace
    assert waits == [60.0 * one + 1.0 for one in minutes] + [None]
    assert told[4].startswith("Re")
    ends = (CLOSES + 30 * MINUTE).astimezone()
    assert told[8] == f"The Jam has closed; what waits in your outbox is taken until {ends:%d %B %H:%M}"
    assert told[6].endswith(": send what you are writing")


# -- words


def test_where_the_jam_stands_in_words(open_as: Callable[..., Session]) -> None:
    jam = open_as().jam

    def said(now: datetime) -> list[str]:
        return time_left(jam, now)

    assert said(NOW) == ["opens in 2 h"]
    assert said(OPENS) == ["Ideas for 2 d · 3 d left", "Ideas · 3 d left", "3 d left"]
    assert said(CLOSES - HOUR)[-1] == "1 h left"
    assert said(CLOSES) == ["closed; outboxes are taken for 30 min more", "closed; outbox 30 min", "closed"]
    assert said(CLOSES + HOUR) == ["closed"]
    assert said(ARCHIVED) == ["archived"]


def test_a_phase_that_would_begin_when_the_jam_has_closed_is_not_told(open_as: Callable[..., Session]) -> None:
    """An organiser closed it early: it was told to be over, from a time to come until one that had passed."""
    jam = open_as(closes_at=rfc3339(REFINING)).jam
    told = countdown.told(jam, REFINING, {}, "", span)
    assert [line.partition(",")[0] for line in told if line.startswith("Phase")] == ["Phase Ideas"]
    assert told[1].startswith("Outboxes are taken for the last time in 30 min, ")


def test_the_hours_are_told_everywhere_with_the_change_of_clocks() -> None:
    event = records("participant", opens_at="2026-03-28T12:00:00Z", closes_at="2026-03-30T12:00:00Z")[0][1]
    from jamtui.archive import Jam, decode

    jam = decode("jam", json.dumps(event).encode())
    assert isinstance(jam, Jam)
    rows = {row.place: row for row in countdown.hours(jam, datetime(2026, 3, 28, 12, tzinfo=UTC))}
    assert {"UTC", "Berlin", "Tokyo", "Honolulu", "Auckland"} <= set(rows)
    assert next(iter(rows)).startswith("here (")
    berlin = rows["Berlin"]  # clocks go forward in the night between
    assert tuple(countdown.day_and_time(one, berlin.now) for one in (berlin.opens, berlin.closes)) == (
        "Sat 28 Mar 13:00", "Mon 30 Mar 14:00",
    )  # fmt: skip
    assert countdown.day_and_time(rows["Tokyo"].opens, berlin.now) == "Sat 28 Mar 21:00"
    assert countdown.day_and_time(berlin.opens, datetime(2027, 1, 1, tzinfo=UTC)) == "28 Mar 2026 13:00"
    assert not rows["Honolulu"].awake


@pytest.mark.parametrize("width", range(16, 160, 7))
def test_the_bar_is_as_wide_as_it_is_to_be(open_as: Callable[..., Session], width: int) -> None:
    jam = open_as().jam
    for now in (NOW, OPENS, OPENS + HOUR, REFINING, CLOSES - timedelta(seconds=1), CLOSES, ARCHIVED):
        pieces = countdown.pieces(jam, now, width)
        drawn = ["".join(countdown.drawn(piece)) for piece in pieces]
        assert sum(map(len, drawn)) == width
        assert "".join(drawn).count("◆") == (OPENS <= now < CLOSES + HOUR / 2)
    assert countdown.pieces(jam, NOW, 15) == []


def test_times_without_end_break_no_page() -> None:
    from jamtui.archive import Jam, Phase

    end = datetime.max.replace(tzinfo=UTC)
    phases = tuple(Phase(str(n), "x" * 300, NOW + n * HOUR, "g", ("threads", "?")) for n in range(40))
    begin = datetime.min.replace(tzinfo=UTC)
    jam = Jam(1, "j", "j", "J", begin, end, grace_seconds=2**53 - 1, phases=phases)
    for now in (NOW, NOW + 100 * HOUR, end):
        assert countdown.told(jam, now, {}, "", span)
        assert countdown.hours(jam, now)
        countdown.pieces(jam, now, 200)


# -- plain mode


def test_plain_mode_tells_the_page_of_the_jam(open_as: Callable[..., Session], clock: Clock) -> None:
    session = open_as()
    clock.now = REFINING + HOUR
    out = io.StringIO()
    with pytest.raises(Ended):
        Plain(session, Pipe(io.StringIO("jam\n"), out, columns=200), edit=str, browse=str, environ={}).run()
    said = out.getvalue()
    assert "The Jam is open." in said
    assert "The Jam closes in 23 hours" in said
    assert "Phase Ideas, over: " in said
    assert "It takes no new threads, no votes." in said
    assert "You may do now: replies, changes of posts, tags" in said
    assert "Not now: new threads, votes." in said
    assert "Tokyo: now " in said
    assert "\x1b" not in said
    assert "Re" in said


def test_plain_mode_tells_what_has_changed_of_the_hours(open_as: Callable[..., Session], clock: Clock) -> None:
    session = open_as()
    clock.now = OPENS
    out = io.StringIO()

    class Later(io.StringIO):
        """Time goes by between two lines."""

        def readline(self, *size: int) -> str:  # type: ignore[override]
            clock.now = REFINING if clock.now == OPENS else CLOSES
            return super().readline(*size)

    with pytest.raises(Ended):
        Plain(
            session, Pipe(Later("forums\nforums\nforums\n"), out, columns=200), edit=str, browse=str, environ={}
        ).run()
    assert out.getvalue().count("fining.") == 1
    assert out.getvalue().count("The Jam has closed; what waits in your outbox is taken until ") == 1


def test_plain_mode_says_why_not(open_as: Callable[..., Session], clock: Clock) -> None:
    session = open_as()
    clock.now = REFINING + HOUR
    out = io.StringIO()
    with pytest.raises(Ended):
        Plain(
            session, Pipe(io.StringIO("open\nnew-thread\nvote\n"), out, columns=200), edit=str, browse=str, environ={}
        ).run()
    assert "does not take new threads" in out.getvalue()
    assert "does not take votes" in out.getvalue()
