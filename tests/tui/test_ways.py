"""Ways through the demo Jam with keys: orders, filters, hot, people, a plan that is walked."""

from __future__ import annotations

import re
import uuid
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from jamtui.app import JamApp
from jamtui.model import Changed
from jamtui.session import Session
from jamtui.store import connection, mirror
from jamtui.store.mirror import Loading, Mirror
from screens.jam import JamScreen
from screens.messages import JamChanged
from widgets.banner import Banner
from widgets.pane_head import PaneHead
from widgets.status_line import HintLine

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)


class Person:
    """Presses keys and looks."""

    def __init__(self, pilot: Pilot[object]) -> None:
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.app.workers.wait_for_complete()
            await self.pilot.pause()

    async def type(self, line: str) -> None:
        names = {" ": "space", ":": "colon", "-": "minus", "_": "underscore"}
        await self.press(*(names.get(char, char) for char in line))

    @property
    def screen(self) -> JamScreen:
        screen = self.pilot.app.screen_stack[0] if len(self.pilot.app.screen_stack) == 1 else self.pilot.app.screen
        assert isinstance(screen, JamScreen)
        return screen

    @property
    def head(self) -> str:
        head = self.screen.query_one("#left-head", PaneHead)
        return " ".join(head.render().plain.split())

    @property
    def banner(self) -> str:
        banner = self.screen.query_one(Banner)
        return banner._said.plain if banner.display else ""

    @property
    def said(self) -> str:
        return self.screen.query_one(HintLine).toast


@pytest.fixture
def app(session: Session, tmp_path: Path) -> JamApp:
    return JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW)


async def test_orders_by_a_key_and_a_letter(app: JamApp, session: Session) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        person = Person(pilot)
        await person.press("enter", "S", "u")
        forum = person.screen.spot.forum
        assert list(person.screen.list_now.keys) == session.thread_keys(forum, "unanswered")
        assert "by unanswered" in person.head
        rows = session.threads(person.screen.list_now.keys)
        assert [row.replies for row in rows] == sorted(row.replies for row in rows)
        await person.press("S", "j", "escape")
        assert person.screen.spot.sort == "unanswered"
        await person.press("1", "2", "S")
        assert "no threads" in person.said.lower()


async def test_a_filter_is_typed_completed_shown_and_cleared(app: JamApp, session: Session) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        person = Person(pilot)
        await person.press("enter", "f")
        await person.type("is:u")
        await person.press("tab")
        await person.type("since:1h")
        await person.press("enter")
        spot = person.screen.spot
        assert spot.filter == "is:unread since:1h"
        assert list(person.screen.list_now.keys) == session.thread_keys(
            spot.forum, "active", session.filter("is:unread since:1h")
        )
        assert 0 < len(person.screen.list_now.keys) < len(session.thread_keys(spot.forum))
        assert "unread" in person.banner
        assert "since 1h" in person.banner
        await person.press("x")
        assert len(person.screen.list_now.keys) == len(session.thread_keys(spot.forum))
        assert person.banner == ""
        await person.press("z")
        assert person.screen.spot.filter == "is:unread since:1h"
        await person.press("escape")  # first out of the filter, then out of the forum
        assert (person.screen.spot.filter, person.screen.spot.kind) == ("", "threads")
        await person.press("escape")
        assert person.screen.spot.kind == "forums"


async def test_a_filter_from_the_forums_goes_over_the_whole_jam(app: JamApp, session: Session) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        person = Person(pilot)
        await person.press("f")
        await person.type("has:code")
        await person.press("enter")
        assert person.head.startswith("All forums")
        assert list(person.screen.list_now.keys) == session.thread_keys(None, "active", session.filter("has:code"))
        await person.screen.perform("filter", "author:nobody-at-all")
        assert "Nobody is called" in person.said
        await person.screen.perform("filter", "is:loud")
        assert "No such filter" in person.said


async def test_reading_on_keeps_to_the_order_of_the_list(app: JamApp, session: Session) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        person = Person(pilot)
        await person.press("T", "S", "v")
        keys = list(person.screen.list_now.keys)
        assert keys == session.thread_keys(None, "votes")
        await person.press("enter")
        assert person.screen.spot.thread == session.threads(keys[:1])[0].id
        session.mark_all_read(thread_id=person.screen.spot.thread)
        person.screen.reload()
        await person.press("n")
        ahead = next(row for row in session.threads(keys[1:]) if row.unread)
        assert (person.screen.spot.thread, person.screen.spot.place) == (ahead.id, "all")


async def test_hot_people_and_pages(app: JamApp, session: Session) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        person = Person(pilot)
        await person.press("H")
        assert list(person.screen.list_now.keys) == [row.thread.key for row in session.hot()]
        await person.press("enter")
        author = person.screen.reader.cursor_row
        assert author is not None
        await person.press("i")
        page = session.person(author.handle)
        assert list(person.screen.list_now.keys) == list(page.keys)
        assert author.author in person.banner
        assert f"@{author.handle}" in person.banner
        await person.press("enter")
        assert person.screen.spot.reading
        await person.press("escape", "escape")
        assert (person.screen.spot.place, person.screen.reader.cursor_row.id) == ("hot", author.id)
        await person.press("escape", "escape")
        assert person.screen.spot.kind == "forums"
        await person.screen.perform("people")
        await pilot.pause()
        first = session.people()[0]
        assert person.screen.list_now.cursor_key == first.id
        await person.press("enter")
        assert person.screen.spot.about == first.id
        await person.press("escape")
        assert person.screen.spot.place == "people"


async def test_asking_again_for_what_is_hot_and_for_people_shows_them_as_they_are_now(
    app: JamApp, session: Session
) -> None:
    """They are not sorted anew under the reader more than every twenty seconds, unless the reader wants it."""
    async with app.run_test(size=(120, 40)) as pilot:
        person = Person(pilot)
        await person.press("H")
        before = list(person.screen.list_now.keys)
        last = session.threads(before[-1:])[0]
        with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
            changed = Mirror(db).apply([("votes", b'{"post_id":"%s","up":900000000}' % last.id.encode())], "2-aaaa")
        pilot.app.screen.post_message(JamChanged(changed))
        await pilot.pause()
        assert list(person.screen.list_now.keys) == before  # nothing moves by itself
        await person.press("H")
        now = list(person.screen.list_now.keys)
        assert now == [row.thread.key for row in session.hot()]
        assert now != before
        assert set(person.screen.hot_rows()) == set(now)
        await person.screen.perform("people")
        await pilot.pause()
        named = session.people()[-1]
        with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
            one = {"id": named.id, "handle": named.handle, "name": "Renamed", "role": "participant"}
            changed = Mirror(db).apply([("person", msgspec.json.encode(one))], "3-aaaa")
        pilot.app.screen.post_message(JamChanged(changed))
        await pilot.pause()
        await person.screen.perform("people")
        await pilot.pause()
        assert "Renamed" in [row.name for row in person.screen.people_rows([named.id])]


@pytest.mark.parametrize(
    ("lines", "place"),
    [(["threads"], "all"), (["hot"], "hot"), (["person demo"], "person"), (["filter is:unread"], "all")],
)
async def test_a_way_is_a_place_to_come_back_to(session: Session, tmp_path: Path, lines: list[str], place: str) -> None:
    left = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW)
    async with left.run_test(size=(120, 40)) as pilot:
        person = Person(pilot)
        for line in lines:
            await person.type(f":{line}")
            await person.press("enter", "j", "j")
        spot, row = person.screen.spot, person.screen.list_now.cursor_row.id
        assert spot.place == place
        left.exit(0)
    again = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW)
    async with again.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        person = Person(pilot)
        assert replace(person.screen.spot, thread="") == replace(spot, thread="")
        assert person.screen.list_now.cursor_row.id == row


async def test_a_plan_is_walked_to_its_end(app: JamApp, session: Session) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        person = Person(pilot)
        await person.screen.perform("plan", "5")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        steps = session.plan(5).steps
        assert list(person.screen.list_now.keys) == [step.post.key for step in steps]
        assert person.head.startswith("Plan for 5 minutes")
        assert person.banner.startswith(f"Post 1 of {len(steps)} · about ")
        await person.press("space")
        for at, step in enumerate(steps):
            assert person.screen.reader.cursor_key == step.post.key, at
            await person.press("n")
        assert person.said == "The plan is done"
        await person.press("escape", "escape")
        assert person.screen.spot.place == "forums"
        unread = [row.id for row in session.posts([step.post.key for step in steps]) if row.unread]
        assert len(unread) < len(steps)
        await person.screen.perform("plan", "many")
        assert "Not a number" in person.said


async def test_space_pages_a_long_post_of_the_plan_before_it_goes_on(app: JamApp, session: Session) -> None:
    async with app.run_test(size=(80, 12)) as pilot:
        person = Person(pilot)
        await person.screen.perform("plan", "15")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        steps = session.plan(15).steps
        await person.press("space")
        presses = 0
        while person.said != "The plan is done" and presses < 400:
            await person.press("space")
            presses += 1
        assert person.said == "The plan is done"
        assert presses > len(steps)  # some posts are longer than ten lines
        left = [row.id for row in session.posts([step.post.key for step in steps]) if row.unread]
        assert left == []


async def test_in_the_list_of_people_space_pages_and_n_stops_nothing(app: JamApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        person = Person(pilot)
        await person.press("colon", *"people", "enter", "n")
        assert person.said == "Nothing unread further on"
        await person.press("p")
        assert person.said == "Nothing unread before this"
        await person.press("space")
        assert person.screen.spot.kind == "people"
        assert person.screen.list_now.cursor_index > 5


async def test_reading_on_in_a_narrowed_list_begins_again_at_its_top_and_then_says_so(
    app: JamApp, session: Session
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        person = Person(pilot)
        await person.press("T", "colon")
        await person.type("filter tag:roi")
        await person.press("enter", "G")
        listed = [row.id for row in session.threads(person.screen.list_now.keys)]
        assert len(listed) > 2
        opened: list[str] = []
        for _ in range(500):
            if person.said.startswith("All read"):
                break
            await person.press("space")
            if person.screen.spot.thread not in opened[-1:]:
                opened.append(person.screen.spot.thread)
        assert opened == [listed[-1], *listed[:-1]]
        assert person.said == "All read in this list"
        assert session.status().unread > 0


async def test_the_head_of_a_plan_fits_the_smallest_terminal(app: JamApp) -> None:
    async with app.run_test(size=(40, 10)) as pilot:
        person = Person(pilot)
        await person.press("P")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        banner = app.screen.query_one(Banner)
        assert banner.size.height == 1
        assert re.fullmatch(r"1 of \d+ · 15 min left( · .*)?", str(banner.content))
        assert len(str(banner.content)) <= banner.content_size.width
        assert app.screen.list_now.rows_per_page >= 5 // app.screen.list_now.row_height  # type: ignore[attr-defined]


async def test_reading_on_in_a_sorted_forum_goes_to_the_next_forum(app: JamApp, session: Session) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        person = Person(pilot)
        await person.press("enter", "S", "v", "A", "enter", "space")
        forums = session.forums()
        assert (person.screen.spot.forum, person.screen.spot.reading) == (forums[1].id, True)
        assert person.said == f"On in {forums[1].title}"


async def test_taking_back_a_cleared_filter_leads_to_its_list(app: JamApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        person = Person(pilot)
        await person.press("T", "colon")
        await person.type("filter tag:roi")
        await person.press("enter")
        before = person.screen.spot
        await person.press("x", "2", "z")
        assert (person.screen.spot.place, person.screen.spot.filter) == (before.place, "tag:roi")


async def test_a_mirror_fetched_anew_leaves_hits_and_plan_what_they_are(
    app: JamApp, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        person = Person(pilot)
        await person.press("P", "space", "n")
        plan = [row.id for row in session.posts(person.screen.list_now.keys)]
        read = person.screen.reader.text()
        fetched_anew(session)
        pilot.app.screen.post_message(JamChanged(Changed(everything=True)))
        await person.press("k", "j")
        assert [row.id for row in session.posts(person.screen.list_now.keys)] == plan
        assert person.screen.reader.text() == read
        await person.press("1", "slash", *"pilot", "enter", "n")
        hits = person.screen.hits
        assert hits is not None
        ids = [row.id for row in session.posts(hits.found.keys)]
        fetched_anew(session)
        pilot.app.screen.post_message(JamChanged(Changed(everything=True)))
        while (now := person.screen.hits) is hits:
            await pilot.pause()
        assert now is not None
        assert now.found.keys != hits.found.keys
        assert [row.id for row in session.posts(now.found.keys)] == ids
        await person.press("n")
        assert person.screen.reader.cursor_key == session.key(ids[2])


def fetched_anew(session: Session) -> None:
    """The same posts with other keys: as many more stand before them in the file."""
    lines = [(kind, raw) for kind, raw in session.export()]
    db = connection.connect(session.known.mirror, mirror.SCHEMA)
    cursor = Mirror(db).cursor
    loading = Loading(Mirror(db), cursor)
    posts = [raw for kind, raw in lines if kind == "post"]
    for kind, raw in lines:
        if kind != "post":
            loading.feed(b'{"type":"%s","data":%s}' % (kind.encode(), raw))
    first = msgspec.json.decode(posts[0])
    one = str(uuid.uuid5(uuid.NAMESPACE_OID, cursor + str(len(posts))))
    extra = first | {"id": one, "thread_id": one, "parent_id": None, "title": "Zero", "body": "Zero"}
    for raw in (msgspec.json.encode(extra), *posts):
        loading.feed(b'{"type":"post","data":%s}' % raw)
    loading.finish("2011-02-09T14:00:00.000Z")
    db.close()
