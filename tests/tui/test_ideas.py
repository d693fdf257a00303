"""Ideas that converge, with keys: kinds, links, what is featured, how ideas stand, threads that are like a new one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from jamtui.app import JamApp
from jamtui.model import DraftKind, Similar
from jamtui.session import Session
from jamtui.store import connection, mirror
from jamtui.store.mirror import Mirror
from screens.connect import ConnectDialog
from screens.connections import ConnectionsDialog
from screens.featuring import FeatureDialog
from screens.ideas_board import IdeasBoard
from screens.similar import SimilarDialog
from widgets.composer import Composer
from widgets.letter_picker import LetterPicker


@pytest.fixture
def asked(session: Session, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when an answer about posts that are like, or called like, what was typed is on the screen."""
    there = threading.Event()

    def wrapped(ask: Callable[..., None]) -> Callable[..., None]:
        def instead(text: str, deliver: Callable[[str, tuple[Similar, ...]], None]) -> None:
            there.clear()

            def delivered(title: str, found: tuple[Similar, ...]) -> None:
                deliver(title, found)
                there.set()

            ask(text, delivered)

        return instead

    monkeypatch.setattr(session, "ask_similar", wrapped(session.ask_similar))
    monkeypatch.setattr(session, "ask_titled", wrapped(session.ask_titled))
    return there


async def answered(asked: threading.Event) -> None:
    assert await asyncio.to_thread(asked.wait, 30)


def become(session: Session, role: str) -> Session:
    """The reader has this role from now on, as the Jam says; a host hosts every forum."""
    session._own.put_desk(msgspec.json.encode({"role": role}), '"e"')
    me = next(person for person in session.stored().people() if person["id"] == session.me.person_id)
    del me["posts"]
    forums = [
        {name: value for name, value in forum.items() if name not in ("threads", "posts", "unread")}
        | {"host_ids": [*forum.get("host_ids", ()), *([me["id"]] if role == "host" else ())]}
        for forum in session.stored().forums()
    ]
    with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        said = [("person", msgspec.json.encode(me | {"role": role}))]
        Mirror(db).apply(said + [("forum", msgspec.json.encode(forum)) for forum in forums], "2-aaaa")
    return session


@pytest.fixture
def host(session: Session) -> Session:
    return become(session, "host")


def link_of(session: Session) -> tuple[str, str]:
    """(post, other) of the first link that the mirror has."""
    link = session.records("link")[0]
    return str(link["from_id"]), str(link["to_id"])


async def test_how_ideas_stand_is_a_picture_and_each_bar_a_list(tui: Any, session: Session) -> None:
    total = session.stages().total
    async with tui() as t:
        await t.press("I")
        assert isinstance(t.screen, IdeasBoard)
        assert all(f"{number:,}" in t.text for number in total)
        assert "█" in t.text
        await t.press("j", "j", "j", "enter")
        assert (t.screen.spot.filter, len(t.screen.list_now.keys)) == ("state:chosen", total[3])
        await t.press("escape", "I", "j", "j", "j", "j", "enter")  # over the heading to the first forum
        assert t.screen.spot.forum == session.forums()[0].id
        assert t.screen.spot.filter == "kind:idea"


async def test_the_kind_is_chosen_by_a_letter_and_taken_back(tui: Any, session: Session) -> None:
    mine = next(row for row in session.threads(session.thread_keys(session.forums()[0].id)) if row.kind == "idea")
    async with tui() as t:
        await t.command(f"post {mine.id[:13]}")
        await t.command("kind")
        assert "somebody else's" in t.told
        become(session, "moderator")
        await t.command("kind")
        assert isinstance(t.screen, LetterPicker)
        await t.press("question_mark")
        assert session.post(mine.id).kind == "question"
        assert "?\u00a0question" in t.text
        await t.press("z")
        assert session.post(mine.id).kind == "idea"
        await t.command("idea-state")
        await t.press("c")
        assert "✓\u00a0idea,\u00a0chosen" in t.text
        await t.command("idea-state poem")
        assert "No such state" in t.told


async def test_a_host_features_a_post_with_a_reason_and_no_longer(tui: Any, host: Session) -> None:
    async with tui() as t:
        await t.press("enter", "enter", "asterisk")
        assert isinstance(t.screen, FeatureDialog)
        await t.press("enter")
        assert "Say in a few words why" in t.text  # nothing is featured without one
        await t.type("Small [b]enough[/b]")
        await t.press("enter")
        post = host.post(t.screen._post().id)
        assert post.featured_for == "Small [b]enough[/b]"
        assert "◆ featured: Small [b]enough[/b]" in t.text
        await t.press("asterisk", "ctrl+d")
        assert not host.post(post.id).featured
        await t.press("z")
        assert host.post(post.id).featured
        await t.command("featured")
        assert t.screen.spot.place == "featured"
        assert len(t.screen.list_now.keys) == len(host.featured_keys())


async def test_who_does_not_host_is_told_so(tui: Any) -> None:
    async with tui() as t:
        await t.press("enter", "enter", "asterisk")
        assert "Only hosts of this forum and moderators feature posts" in t.told
        await t.command("idea-state new")
        assert "nly hosts of this forum and moderators" in t.told
        await t.press("I", "escape")
        assert t.screen.spot.reading


async def test_a_host_of_an_archived_jam_is_told_before_being_asked(tui: Any, host: Session) -> None:
    host._clock = lambda: datetime(2031, 1, 1, tzinfo=UTC)
    with closing(connection.connect(host.known.mirror, mirror.SCHEMA)) as db:
        jam = host._rows.jam_object() | {"archived_at": "2030-01-01T00:00:00Z"}
        Mirror(db).apply([("jam", msgspec.json.encode(jam))], "9-aaaa")
    async with tui() as t:
        await t.press("enter", "enter")
        for line in ("feature", "idea-state", "kind"):
            await t.command(line)
            assert len(t.app.screen_stack) == 1, line
            assert "archived" in t.told, line


async def test_links_are_followed_taken_away_and_put_back(tui: Any, session: Session) -> None:
    from_id, to_id = link_of(session)
    async with tui() as t:
        await t.command(f"post {from_id}")
        assert "› → " in t.text
        await t.press("C")
        assert isinstance(t.screen, ConnectionsDialog)
        await t.press("D")
        assert "others said this" in t.text.lower()  # nothing was done
        await t.press("enter")
        assert t.row.id == to_id
        await t.press("C")
        shown = [link.post_id for link in session.links(to_id)]
        assert from_id in shown
        become(session, "host")
        await t.press("D")
        assert len(session.links(to_id)) == len(shown) - 1
        await t.press("z", "escape")
        assert len(session.links(to_id)) == len(shown)


async def test_a_link_is_made_with_a_post_that_is_found_as_one_types(
    tui: Any, session: Session, asked: threading.Event
) -> None:
    other = session.threads(session.thread_keys(session.forums()[1].id))[0]
    async with tui() as t:
        await t.press("enter", "enter")
        here = t.row.id
        await t.press("L", "tab")
        assert isinstance(t.screen, ConnectDialog)
        await t.type(other.title[:24])
        await answered(asked)
        await t.settle()
        await t.press("enter")
        (made,) = [link for link in session.links(here) if link.waits]
        assert (made.kind, made.post_id) == ("duplicates", other.id)
        assert "→ duplicates" in t.text
        await t.press("z")
        assert not [link for link in session.links(here) if link.waits]
        await t.command(f"connect answers {other.id[:13]}")
        assert [link.kind for link in session.links(here) if link.waits] == ["answers"]
        await t.command("connect likes 0192f3a4")
        assert "No such link" in t.told


async def test_what_is_like_a_new_thread_is_read_and_linked_and_the_draft_stays(
    tui: Any, session: Session, asked: threading.Event
) -> None:
    async with tui() as t:
        await t.press("enter", "c")
        await t.type("Failure stories of ours")
        await answered(asked)
        await t.settle()
        composer = t.screen.query_one(Composer)
        assert "Failure stories" in composer.similar[0].post.title
        assert "Is it there already?" in t.text
        await t.press("ctrl+g")
        assert isinstance(t.screen, SimilarDialog)
        assert "Conferences are full of success" in t.text  # the text of it, and what was answered
        await t.press("b")
        assert "→ builds on Failure stories" in t.text
        await t.press("ctrl+t")
        assert "question" in t.text
        await t.press("ctrl+g", "enter")  # there, and the draft is kept
        assert "Draft kept" in t.told
        assert t.row.id == composer.similar[0].post.id
        draft = session.draft(DraftKind.THREAD, session.forums()[0].id)
        assert draft is not None
        assert (draft.title, draft.thread_kind) == ("Failure stories of ours", "question")
        assert draft.links == (("builds_on", t.row.id),)
        await t.press("escape", "c")
        assert "→ builds on Failure stories" in t.text
        await t.type("Ours.")
        await t.press("ctrl+s")
        assert (t.row.kind, t.row.links[0].kind) == ("question", "builds_on")


async def test_nothing_like_it_is_said_in_words(tui: Any, asked: threading.Event) -> None:
    async with tui() as t:
        await t.press("enter", "c")
        await t.type("Xylophones in zeppelins")
        await answered(asked)
        await t.press("ctrl+g")
        assert "No thread is like it" in t.text


def app_of(session: Session, tmp_path: Path) -> JamApp:
    return JamApp(session, reports=tmp_path / "reports", frozen=True, clock=session.now)


SCREENS: dict[str, list[str]] = {
    "board": ["I"],
    "featured": [*":featured", "enter"],
    "links": ["enter", "enter", "C"],
    "connect": ["enter", "enter", "L", "tab"],
    "feature": ["enter", "enter", "asterisk"],
    "kind": ["enter", *":kind", "enter"],
    "filtered": [*":filter kind:idea state:chosen", "enter"],
}
_NAMES = {" ": "space", ":": "colon"}


async def pressed(pilot: Pilot[Any], *keys: str) -> None:
    """Keys, everything settled after each, the thread beside a list drawn as when one rests for a moment."""
    await pilot.pause()
    for key in keys:
        await pilot.press(_NAMES.get(key, key))
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
    if soon := [task for task in asyncio.all_tasks() if task.get_name() in ("preview", "save-draft")]:
        await asyncio.wait(soon)
        await pilot.pause()


@pytest.mark.parametrize("size", [(120, 40), (40, 10)], ids=["120x40", "40x10"])
@pytest.mark.parametrize("name", SCREENS)
def test_pictures(
    name: str, size: tuple[int, int], host: Session, tmp_path: Path, snap_compare: Callable[..., bool]
) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await pressed(pilot, *SCREENS[name])

    assert snap_compare(app_of(host, tmp_path), terminal_size=size, run_before=steps)


@pytest.mark.parametrize("size", [(120, 40), (40, 10)], ids=["120x40", "40x10"])
def test_pictures_of_what_is_like_it(
    size: tuple[int, int], session: Session, tmp_path: Path, snap_compare: Callable[..., bool], asked: threading.Event
) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await pressed(pilot, "enter", "c", *"Failure stories")
        await answered(asked)
        await pressed(pilot, "ctrl+g")

    assert snap_compare(app_of(session, tmp_path), terminal_size=size, run_before=steps)
