"""Profiles, who is from where, tags that are suggested and looked after: on the screen, and as pictures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from jamtui.app import JamApp
from jamtui.model import DraftKind
from jamtui.session import Session
from jamtui.store import connection, mirror
from jamtui.store.mirror import Mirror
from jamtui.ways import Origin, Origins
from screens.profile import ProfileDialog
from screens.tag_desk import TagCurate, TagMerge
from screens.where_from import WhereFrom
from widgets.composer import Composer
from widgets.strips import Span, line_width
from widgets.tag_hints import TagHints
from widgets.tag_picker import TagPicker
from widgets.where_chart import where_chart

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
EVIL = "[@click=app.quit]bold[/]"


def arrives(session: Session, *changes: tuple[str, dict[str, Any]]) -> None:
    with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        mirrored = Mirror(db)
        seq = int(mirrored.cursor.partition("-")[0])
        mirrored.apply([(kind, json.dumps(data).encode()) for kind, data in changes], f"{seq + len(changes)}-aaaa")


def peopled(session: Session) -> None:
    """The people of the demo with languages, texts about them, and a guest of honour; tags that hosts chose."""
    people = list(session.stored().people())
    langs = [["en"], ["en", "de"], ["hi", "en"], ["ja"], [], ["es", "en"], ["pt-BR"], ["zh"]]
    changes = [
        ("person", {name: value for name, value in one.items() if name != "posts"} | {"languages": langs[at % 8]})
        for at, one in enumerate(people)
    ]
    changes[0][1]["about"] = "Twenty years in process work. Ask me about [brackets] and tea."
    changes[0][1]["honour"] = "wrote the book on it"
    changes[0][1]["role"] = "expert"
    changes[1][1]["org"] = EVIL
    changes[2][1]["country"] = "Atlantis"
    tags = session.tags()
    records = [
        ("tag", {"id": tags[2].name, "about": "What could be done otherwise.", "curated": True}),
        ("tag", {"id": "pilot-projects", "about": "Where we try it first.", "curated": True}),
        ("tag", {"id": tags[1].name + " old", "about": "", "curated": False, "merged_into": tags[1].name}),
    ]
    arrives(session, *changes, *records)


def hosts(session: Session) -> None:
    me = next(one for one in session.stored().people() if one["id"] == session.me.person_id)
    arrives(session, ("person", {name: value for name, value in me.items() if name != "posts"} | {"role": "host"}))


# -- the profile


async def test_a_profile_is_typed_and_saved_at_once(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        before = t.session.profile()
        await t.command("profile")
        assert isinstance(t.screen, ProfileDialog)
        await t.type(" the First")
        await t.press("tab", "ctrl+u")
        await t.type("Tea [b]House")
        await t.press("enter", "ctrl+u")
        await t.type("Germny")
        assert "Germany?" in t.text
        await t.press(*["backspace"] * 2)
        await t.type("any")
        assert "DE" in t.text
        await t.press("tab")
        await t.type("english, klingon")
        await t.press("ctrl+s")
        assert "Not a language: klingon" in t.text
        await t.press(*["backspace"] * 7)
        await t.type("de")
        await t.press("tab")
        await t.type("I pour.")
        await t.press("ctrl+s")
        now = t.session.profile()
        assert (now.org, now.country, now.languages, now.about) == ("Tea [b]House", "DE", ("en", "de"), "I pour.")
        assert now.name.endswith(" the First")
        assert "takes it back" in t.told
        await t.press("z")
        assert t.session.profile() == before


async def test_what_was_typed_into_a_profile_is_not_lost_by_one_key(tui: Callable[..., Any]) -> None:
    async with tui(size=(40, 10)) as t:
        await t.command("profile")
        await t.type("x")
        await t.press("escape")
        assert isinstance(t.screen, ProfileDialog)
        assert "Not saved yet" in t.text, "on ten lines, too"
        await t.press("escape")
        assert not isinstance(t.screen, ProfileDialog)
        assert t.session.waiting_rows() == []


async def test_a_field_that_nobody_touched_stays_to_the_letter(tui: Callable[..., Any], session: Session) -> None:
    me = next(one for one in session.stored().people() if one["id"] == session.me.person_id)
    odd = {"org": "A\x1b[31m\tB", "about": "a\u202eb\r\nc", "languages": ["x!"], "country": "Atl\x07antis"}
    arrives(session, ("person", {name: value for name, value in me.items() if name != "posts"} | odd))
    async with tui() as t:
        await t.command("profile")
        assert "\x1b" not in t.text
        await t.press("escape")
        assert not isinstance(t.screen, ProfileDialog), "nothing was typed, so nothing is asked"
        await t.command("profile")
        await t.type("x")
        await t.press("ctrl+s")
        assert list(t.session.waiting_rows()[0].payload.data) == ["name"]


async def test_keys_that_are_typed_ahead_reach_the_next_field(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        await t.command("profile")
        await t.pilot.press("tab", "ctrl+u", "O", "r", "g", "tab", "ctrl+u", "J", "P", "enter", "e", "n")
        await t.settle()
        typed = t.screen.typed
        assert (typed["org"], typed["country"], typed["languages"]) == ("Org", "JP", "en")


async def test_a_guest_is_told_why_there_is_no_profile(tui: Callable[..., Any], session: Session) -> None:
    session.known = session.known.changed(person_id="", handle="")
    async with tui() as t:
        await t.command("profile")
        assert not isinstance(t.screen, ProfileDialog)
        assert "guest" in t.told


# -- where from


async def test_who_is_from_where_is_looked_at_and_left(tui: Callable[..., Any], session: Session) -> None:
    peopled(session)
    for size in ((120, 40), (40, 10), (160, 45)):
        async with tui(size=size) as t:
            await t.command("where-from")
            assert isinstance(t.screen, WhereFrom)
            assert "Countries" in t.text
            top = t.text
            await t.press("G")
            assert t.text != top or size == (160, 45)
            await t.press("g", "space", "b", "q")
            assert not isinstance(t.screen, WhereFrom)


@pytest.mark.parametrize("width", [36, 40, 61, 80, 100, 120, 160, 240])
def test_the_plot_keeps_to_its_width(width: int, figure: Callable[..., None]) -> None:
    found = Origins(
        4_000,
        (
            Origin("IN", "India", 2_000, 9),
            Origin("", "Atlantis " * 9, 999, 1),
            Origin("DE", EVIL, 1, 1),
            Origin("", "日本語の国の名前", 1, 1),
            Origin("", "", 999, 0),
        ),
        tuple(Origin("", f"Organisation number {n}", 1_000 - n, n) for n in range(60)),
        (Origin("", "English", 3_000, 9), Origin("", "", 1_000, 3)),
    )
    for flags in (True, False):
        lines = where_chart(found, width, flags=flags).plain.split("\n")
        assert max(line_width([Span(line)]) for line in lines) <= width
        assert ("🇮🇳" in "".join(lines)) == flags
        assert "and 20 more" in "\n".join(lines)
        assert not [span for line in where_chart(found, width).spans for span in [line] if "click" in str(span.style)]
    figure(f"where from: {len(lines)} lines at {width} columns, none wider")


def test_nobody_tells_where_they_are_from() -> None:
    assert ":profile" in where_chart(Origins(3, (Origin("", "", 3, 1),), (), ()), 80).plain


# -- tags


async def test_the_picker_offers_curated_tags_first_and_warns_of_spellings(
    tui: Callable[..., Any], session: Session
) -> None:
    peopled(session)
    async with tui() as t:
        await t.press("enter", "t")
        assert isinstance(t.screen, TagPicker)
        assert "★ #pilot-projects" in t.text
        assert "Where we try it first." in t.text
        await t.type("pilot project")
        assert "there is #pilot-projects" in t.text
        await t.press("enter")
        assert "pilot-projects" in t.session.post(t.app.screen_stack[-2]._row().id).tags


async def test_the_composer_suggests_tags_below_the_field(tui: Callable[..., Any], session: Session) -> None:
    peopled(session)
    old = session.tags()[1].name
    async with tui() as t:
        await t.press("enter", "c")
        await t.type("Our pilot projects")
        hints = t.screen.query_one(TagHints)
        assert not hints.display
        await t.press("tab")
        assert hints.display
        assert "★ #pilot-projects" in t.text
        await t.press("down")
        await t.type("pilotproject")
        assert "there is #pilot-projects" in t.text
        await t.type(f", {old} old")
        assert f"#{old} old is #{old} now" in t.text or "there is #pilot-projects" in t.text
        await t.press("tab")
        assert not hints.display
        draft = t.screen.query_one(Composer).draft
        assert draft.tags[0] == "pilot-projects"
        await t.type("text")
        await t.press("ctrl+s")
        sent = [row for row in t.session.waiting_rows() if row.kind == "post"]
        assert old in sent[0].payload.tags, "what a merged tag became is sent"
        assert t.session.draft(DraftKind.THREAD, sent[0].forum_id) is None


async def test_a_host_curates_and_merges_tags(tui: Callable[..., Any], session: Session) -> None:
    peopled(session)
    hosts(session)
    first = session.tags()[0]
    async with tui() as t:
        await t.command("tag-curate")
        assert isinstance(t.screen, TagCurate)
        await t.type(first.name)
        await t.press("enter")
        await t.type("What it is about")
        await t.press("enter")
        assert f"#{first.name} is curated" in t.told
        await t.command("tag-merge pilot-project")
        assert isinstance(t.screen, TagMerge)
        assert "#pilot-project is on no post: who tags" in t.text
        await t.press("enter")
        kinds = [(row.kind, row.payload.data) for row in t.session.waiting_rows()]
        assert kinds == [
            ("tag-curate", {"about": "What it is about", "curated": True}),
            ("tag-merge", {"into": "pilot-projects"}),
        ]
        await t.press("z")
        assert t.session.waiting_rows()[-1].kind == "tag-unmerge"
        await t.command("tag-curate pilot-projects")
        await t.press("ctrl+d")
        assert t.session.waiting_rows()[-1].kind == "tag-forget"


async def test_who_hosts_nothing_is_told_so(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        for line in ("tag-curate", "tag-merge tea"):
            await t.command(line)
            assert "hosts and moderators look after the tags" in t.told.lower()


# -- pictures

_PICTURES: dict[str, tuple[str, ...]] = {
    "where-from": ("colon", *"where-from", "enter"),
    "profile": ("colon", *"profile", "enter"),
    "person": ("colon", *"people", "enter", "enter"),
    "people": ("colon", *"people", "enter"),
    "tags": ("enter", "t"),
    "tag-merge": ("colon", *"tag-merge", "space", *"pilots", "enter"),
    "composer": ("enter", "c", *"Pilots", "tab"),
    "leaving": ("colon", *"delete-account", "enter"),
}


@pytest.mark.parametrize(
    ("name", "size"),
    [
        *(("where-from", size) for size in ("40x10", "80x24", "160x45")),
        *(("profile", size) for size in ("40x10", "80x24")),
        ("person", "120x40"),
        ("people", "160x45"),
        ("tags", "80x24"),
        ("tag-merge", "80x24"),
        ("composer", "80x24"),
        *(("leaving", size) for size in ("40x10", "80x24")),
    ],
)
def test_pictures(name: str, size: str, session: Session, tmp_path: Path, snap_compare: Callable[..., bool]) -> None:
    peopled(session)
    hosts(session)
    # Threads like the title come when they come, from a thread of their own: test_ideas has their pictures.
    session.ask_similar = lambda title, deliver: None  # type: ignore[method-assign]

    async def show(pilot: Pilot[object]) -> None:
        await pilot.pause()
        for key in _PICTURES[name]:
            await pilot.press({"-": "minus"}.get(key, key))
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        # The thread beside a list is drawn when one rests for a moment.
        if soon := [task for task in asyncio.all_tasks() if task.get_name() in ("preview", "save-draft")]:
            await asyncio.wait(soon)
            await pilot.pause()

    app = JamApp(
        session,
        reports=tmp_path / "reports",
        frozen=True,
        clock=lambda: NOW,
        again=lambda: pytest.fail("nobody signs in"),
    )
    columns, lines = map(int, size.split("x"))
    assert snap_compare(app, terminal_size=(columns, lines), run_before=show)


# -- all that is one's own, and the end of an account


async def test_an_account_ends_only_with_its_handle_typed_and_with_the_program(tui: Callable[..., Any]) -> None:
    async with tui(again=lambda: None) as t:
        await t.command("delete-account")
        assert "your votes, ballots, reports and notices, and every sign-in" in t.text
        assert "◉ Your posts stay, without your name" in t.text
        await t.type("somebody")
        await t.press("enter")
        assert "That is not your handle: nothing was deleted. Yours is demo." in t.text
        await t.press("escape")
        assert t.app.leaving == ""
        await t.command("delete-account")
        await t.press("tab")
        assert "◉ Your posts go, too" in t.text
        await t.pilot.press(*"@Demo", "enter")
    assert t.app.leaving == "remove"
    assert t.app.return_code in (None, 0)


@pytest.mark.parametrize("size", [(40, 10), (80, 24)])
async def test_what_goes_is_seen_on_small_screens_too(tui: Callable[..., Any], size: tuple[int, int]) -> None:
    async with tui(size=size, again=lambda: None) as t:
        await t.command("delete-account")
        for words in ("Your posts stay", "for good", "type your handle", "Enter deletes"):
            assert words.lower() in " ".join(t.text.lower().split()), words


async def test_in_a_demo_there_is_no_account_to_end(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        await t.command("delete-account")
        assert "Nothing is kept of this Jam" in t.told


async def test_no_file_is_written_when_the_jam_does_not_answer(tui: Callable[..., Any], tmp_path: Path) -> None:
    async with tui() as t:
        await t.command(f"my-data {tmp_path}/mine.json")
        await t.settle()
        assert not (tmp_path / "mine.json").exists()
        assert t.told.startswith("✗ ")
        (tmp_path / "mine.json").write_text("kept")
        await t.command(f"my-data {tmp_path}/mine.json")
        assert "already" in t.told
        assert (tmp_path / "mine.json").read_text() == "kept"
