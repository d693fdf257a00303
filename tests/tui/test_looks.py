"""Who imitates somebody is marked wherever a name stands, and nothing that people write passes for a word of ours.

The Jam has a host, people who look like her, namesakes, claims, and posts that imitate the line above a post.
"""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from jamtui.app import JamApp
from jamtui.paths import Home
from jamtui.plain.console import Ended
from jamtui.plain.pipe import Pipe
from jamtui.plain.program import Plain
from jamtui.session import Session, open_session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from widgets.post_lines import READ, UNREAD
from widgets.rows import author as who
from widgets.strips import Span, line_width
from widgets.thread_reader import ThreadReader

NOW = datetime(2026, 1, 2, 14, tzinfo=UTC)
PEOPLE = [
    ("p", "me", "Me", "participant"),
    ("ana", "ana.lopez", "Ana López", "host"),
    ("fake", "ana.l0pez", "Аna López", "participant"),  # a Cyrillic letter, and a zero in the handle
    ("same", "alopez", "Ana López", "participant"),
    ("ben", "ben", "Ben Carter", "participant"),
    ("ben2", "bcarter", "Ben Carter", "participant"),
    ("mod", "mod-team", "Good Moderator", "participant"),
    ("sign", "eva", "● Eva [host] ★ 3 new │", "participant"),
    ("long", "long", "x" * 500, "expert"),
    ("hon", "zoe", "Zoë Host", "participant"),
]
FORGED = """The end of what I say.

**Ana López** `[host]` @ana.lopez · 5 min ago

I take all of it back.

│ Ana López [host] · 5 min ago

*(removed by a moderator)*

● Ana López [host] @ana.lopez · 1 min ago

Ana López [host], reply to Ben Carter, level 1. 5 votes, just now. Post 2 of 9."""
THREADS = [
    ("fake", "An idea of mine"), ("same", "Another idea"), ("ben", "Tea"), ("ben2", "Coffee"), ("mod", "Read this"),
    ("sign", "Signs"), ("long", "Long"), ("hon", "Honest"),
    ("ana", "A title" + " " * 90 + "Ana López [host] · 5 min ↩ 3 ▲ 9 5 new"),
]  # fmt: skip


FORGED_ID = f"00000000-0000-7000-8000-{len(THREADS) + 1:012d}"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path / "home")})
    jam = registry.for_server(home, "http://127.0.0.1:9", "looks", "Looks").changed(
        person_id="p", handle="me", name="Me"
    )
    registry.remember(home, jam)
    prepare(jam, NOW)
    db = connection.connect(jam.mirror, mirror.SCHEMA)
    loading = Loading(Mirror(db), "1-aaaa")
    records: list[tuple[str, dict[str, Any]]] = [
        ("jam", {"format": 1, "id": "j", "slug": "looks", "title": "Looks", "opens_at": "2026-01-01T00:00:00Z",
                 "closes_at": "2026-01-04T00:00:00Z"}),
        *(("person", dict(zip(("id", "handle", "name", "role"), one, strict=True))) for one in PEOPLE),
        ("forum", {"id": "f", "slug": "f", "title": "Ideas"}),
    ]  # fmt: skip
    number = 0

    def post(author: str, body: str, title: str | None = None, parent: str | None = None, thread: str = "") -> str:
        nonlocal number
        number += 1
        one = f"00000000-0000-7000-8000-{number:012d}"
        data = {"id": one, "forum_id": "f", "thread_id": thread or one, "author_id": author, "body": body,
                "created_at": f"2026-01-02T10:{number:02d}:00Z", "parent_id": parent, "title": title}  # fmt: skip
        records.append(("post", data))
        return one

    for author, title in THREADS:
        post(author, f"Words about zebras by {author}.", title)
    opener = post("ben", FORGED, "Forged")
    for author, *_ in PEOPLE[1:]:
        post(author, f"A reply of {author}.", parent=opener, thread=opener)
    for kind, data in records:
        loading.feed(json.dumps({"type": kind, "data": data}).encode())
    loading.finish("2026-01-02T14:00:00.000Z")
    db.close()
    one = open_session(home, registry.find(home, None), clock=lambda: NOW, rng=random.Random(1), environ={})
    one.start = lambda on_change: None  # type: ignore[method-assign] # off line: no server is meant here
    yield one
    one.close()


MARKED = {
    "Аna López": "≠ @ana.lopez",
    "Good Moderator": "≠ moderator",
}


@pytest.mark.parametrize("size", [(60, 40), (120, 60), (160, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_who_imitates_is_marked_in_lists_and_threads(tui: Any, size: tuple[int, int]) -> None:
    async with tui(size=size) as t:
        await t.press("enter")
        for name, sign in MARKED.items():
            lines = [line for line in t.text.split("\n") if name[:8] in line]
            assert lines
            assert all("≠" in line for line in lines), (name, sign, lines)
        lopez = [line for line in t.text.split("\n") if "Ana López" in line]
        assert any("[host]" in line and "≠" not in line for line in lopez)
        assert any("[host]" not in line and "≠" in line for line in lopez)
        assert any("@ben" in line for line in t.text.split("\n"))
        assert any("@bcarter" in line for line in t.text.split("\n"))
        assert not any("≠" in line for line in t.text.split("\n") if "Zoë Host" in line or "Ben Carter" in line)
        await t.command("forum f")
        await t.press("enter")
        text = thread_text(t)
        assert "Аna López" in text
        for name, sign in MARKED.items():
            assert all(sign in line for line in text.split("\n") if line.lstrip("·● │").startswith(name))


def thread_text(t: Any) -> str:
    reader = t.screen.query_one(ThreadReader)
    return "\n".join(reader.render_line(y).text.rstrip() for y in range(reader.size.height))


def test_where_both_have_no_room_a_handle_stands_for_the_name(session: Session) -> None:
    """Namesakes are not told apart by the beginning of a name and the beginning of a handle."""
    rows = {row.title: row for row in session.threads(session.thread_keys("f", "new"))}
    ben = rows["Coffee"]
    assert ben.namesake
    assert text_of(who(ben, 20)) == "Ben Carter @bcarter"
    assert text_of(who(ben, 19)) == "Ben Carter @bcarter"
    assert text_of(who(ben, 18)) == "@bcarter"
    assert text_of(who(ben, 8)) == "@bcarter"
    assert text_of(who(ben, 7)) == "@bcart…"
    both = replace(rows["Another idea"], namesake=True)  # of one, while she looks like a third
    assert text_of(who(both, 31)) == "Ana López @alopez ≠ @ana.lopez"
    assert text_of(who(both, 24)) == "@alopez ≠ @ana.lopez"
    assert text_of(who(both, 10)) == "@alopez ≠"
    assert text_of(who(rows["Honest"], 6)) == "Zoë H…"  # nobody else is called so
    for row in (*rows.values(), both):
        for room in range(12, 60):
            assert line_width(who(row, room)) <= room


def text_of(spans: Iterable[Span]) -> str:
    return "".join(span.text for span in spans)


async def test_the_margin_is_ours_alone(tui: Any, figure: Callable[..., None]) -> None:
    """Every post begins with a mark in the margin, and no line that somebody wrote has one."""
    async with tui(size=(100, 90)) as t:
        await t.press("enter", "enter")
        assert t.session.post(t.row.id).title == "Forged"
        lines = thread_text(t).split("\n")
        marked = [line for line in lines if line[1:3] in (UNREAD, READ)]
        forged = [line for line in lines if "Ana López" in line and ("5 min ago" in line or "1 min ago" in line)]
        assert len(forged) == 3
        assert [line for line in forged if line[1:3].strip()] == []
        assert len(marked) == len(PEOPLE)  # the opener and a reply of everybody but oneself
        assert not any("removed by a moderator" in line for line in lines if line[1:3].strip())
        figure(f"badges: 0 of {len(forged)} lines that imitate the head of a post have the mark of one", 0)


async def test_names_of_signs_and_of_500_letters_do_not_move_a_column(tui: Any) -> None:
    async with tui(size=(160, 40)) as t:
        await t.press("enter")
        assert "� Eva (host) � 3 new �" in t.text
        assert "● Eva" not in t.text
        await t.command("people")
        for line in t.text.split("\n"):
            assert len(line) <= 160
        assert "[expert]" in t.text
        assert "xxxx… [expert]" in t.text
        assert "≠ moderator" in t.text


async def test_who_imitates_is_marked_among_hits_and_on_their_page(tui: Any) -> None:
    async with tui(size=(120, 40)) as t:
        await t.press("slash")
        await t.type("zebras")
        await t.press("enter")
        for name in MARKED:
            assert all("≠" in line for line in t.text.split("\n") if name in line and "zebras" not in line)
        await t.press("escape", "escape")
        await t.command("person ana.l0pez")
        assert "Аna López  ≠ @ana.lopez" in t.text
        await t.command("person alopez")
        assert "Ana López  ≠ @ana.lopez" in t.text
        await t.press("slash")
        await t.type("author:al")
        assert "≠ @ana.lopez" in t.text


def test_plain_mode_says_it_in_words(session: Session) -> None:
    out = io.StringIO()
    lines = ["people", *["j"] * 9, "forums", "open", *["j"] * 9, "open", f"post {FORGED_ID}", "person ana.l0pez"]
    console = Pipe(io.StringIO("".join(f"{line}\n" for line in lines)), out, columns=400)
    with pytest.raises(Ended):
        Plain(session, console, edit=str, browse=str).run()
    told = out.getvalue()
    assert "Аna López [careful: looks like @ana.lopez, is @ana.l0pez] -- " in told
    assert "Ana López [careful: looks like @ana.lopez, is @alopez] -- " in told
    assert "Good Moderator [careful: no moderator, only called so], " in told
    assert "Ana López [host] -- " in told
    assert "Ben Carter @ben, " in told
    assert "Eva (host) " in told
    # A body that goes on as if the next post were told.
    assert "\nIn the text: Ana López [host], reply to Ben Carter, level 1. 5 votes, just now. Post 2 of 9." in told
    assert "[host] ★" not in told
    assert "Аna López [careful: looks like @ana.lopez, is @ana.l0pez], @ana.l0pez." in told


@pytest.mark.parametrize("form", ["60x24", "120x40", "ascii", "no-colour"])
def test_pictures(
    form: str, session: Session, tmp_path: Path, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list with people who look like others, and beside it the thread that imitates heads of posts."""
    if form == "no-colour":
        monkeypatch.setenv("NO_COLOR", "1")
    size = (60, 24) if form == "60x24" else (120, 40)

    async def show(pilot: Pilot[object]) -> None:
        await pilot.press("enter", "enter")
        await pilot.pause()

    app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW, ascii_only=form == "ascii")
    assert snap_compare(app, terminal_size=size, run_before=show)


HOSTILE = "a\x1b[201~rm -rf ~\n\x9b31mb\u202ec\ud800\td\x07"


async def test_what_is_copied_drives_no_terminal_that_it_is_pasted_into(tui: Any) -> None:
    async with tui() as t:
        t.app.copy_to_clipboard(HOSTILE)
        assert t.app.clipboard == "a␛[201~rm -rf ~\n\ufffd31mb\ufffdc\ufffd\td␇"
        await t.press("enter", "enter", "y")
        assert t.app.clipboard.startswith("Forged\n\nThe end")
        await t.press("Y")
        assert re.fullmatch(r"http://127\.0\.0\.1:9/api/v1/posts/[0-9a-f-]{36}", t.app.clipboard)


def test_an_address_is_one_line_whatever_an_archive_calls_its_posts(session: Session) -> None:
    assert session.address("x\nrm -rf ~\n\x1b[201~") == "http://127.0.0.1:9/api/v1/posts/x%0Arm%20-rf%20~%0A%1B%5B201~"
    session.known = session.known.changed(origin="", file="/tmp/a\nb.jsonl")
    assert session.address("x\ny") == "/tmp/a b.jsonl#x%0Ay"
