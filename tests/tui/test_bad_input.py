"""An archive of what nobody should have written: forty levels, endless titles and lines, odd tags; at every size, while
the size and the clock change."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jamtui import archive
from jamtui.app import JamApp
from jamtui.archive import rfc3339
from jamtui.paths import Home
from jamtui.session import Session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from screens.jam import JamScreen

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
SIZES = [(40, 10), (80, 24), (100, 30), (160, 45), (44, 14), (220, 60), (120, 40)]
TITLE = "".join(f"title{n:03} " for n in range(50)) + "x" * 49 + "."  # 500 characters, of which 50 are one word
LINE = "".join(f"w{n:05} " for n in range(2_000)) + "y" * 5_999 + "."  # 20,000 characters, of which 6,000 are one word
TAG = "a tag with spaces"


def uid(n: int) -> str:
    return str(uuid.UUID(int=(7 << 76) | (8 << 60) | n + 1))


def records() -> Iterator[dict[str, Any]]:
    forum, ana = uid(900), uid(901)
    jam = {"format": 1, "id": uid(902), "slug": "odd", "title": "Odd", "opens_at": rfc3339(NOW - timedelta(1))}
    yield {"type": "jam", "data": {**jam, "closes_at": rfc3339(NOW + timedelta(1))}}
    yield {"type": "person", "data": {"id": ana, "handle": "ana", "name": "Ana"}}
    yield {"type": "forum", "data": {"id": forum, "slug": "one", "title": "One", "brief": "", "position": 1}}

    def post(n: int, thread: int, parent: int | None, **more: Any) -> dict[str, Any]:
        ids = {"id": uid(n), "thread_id": uid(thread), "parent_id": None if parent is None else uid(parent)}
        data = {"forum_id": forum, "author_id": ana, "created_at": rfc3339(NOW + timedelta(seconds=n - 600))}
        return {"type": "post", "data": {**data, **ids, "title": "", "body": "b", "tags": [], "votes": {}, **more}}

    yield post(0, 0, None, title="Deep")
    for n in range(1, 41):
        yield post(n, 0, n - 1, body=f"level {n}.")
    yield post(100, 100, None, title=TITLE, body="Short.", tags=[TAG])
    yield post(200, 200, None, title="Long line", body=LINE)
    for n in range(300, 330):
        yield post(n, n, None, title=f"Other {n}")


@pytest.fixture
def jam(tmp_path: Path) -> registry.KnownJam:
    """The archive is read as a file is: what is no archive would be refused."""
    file = tmp_path / "odd.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records()), "utf-8")
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "odd", "Odd")
    registry.remember(home, jam)
    prepare(jam, NOW)
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db, file.open("rb") as lines:
        loading = Loading(Mirror(db), "1-aaaa")
        for record in archive.read(lines):
            loading.feed_record(record)
        loading.finish(rfc3339(NOW))
    return jam


class Clock:
    """Set forwards and backwards, by hours and by years."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def app_of(jam: registry.KnownJam, folder: Path, clock: Clock) -> tuple[JamApp, Session]:
    session = Session(jam, clock=clock, rng=random.Random(1), new_client=None)
    return JamApp(session, reports=folder / "reports", frozen=True, clock=clock), session


def text_of(screen: JamScreen) -> list[str]:
    return [strip.text.rstrip() for strip in screen._compositor.render_strips(screen.size)]


async def read_through(pilot: Any, screen: JamScreen) -> str:
    """All that the open thread shows, from its first line to its last."""
    reader, seen = screen.reader, []
    await pilot.press("g")
    while True:
        await pilot.pause()
        assert all(strip.cell_length == reader.size.width for strip in reader.render_lines(reader.size.region))
        seen += [strip.text for strip in reader.render_lines(reader.size.region)]
        if not reader.page(1):
            return "\n".join(seen)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_nobody_should_have_written_is_read_whole(
    jam: registry.KnownJam, tmp_path: Path, size: tuple[int, int]
) -> None:
    app, session = app_of(jam, tmp_path, Clock())
    async with app.run_test(size=size) as pilot:
        screen = app.screen
        assert isinstance(screen, JamScreen)
        await pilot.press("enter", *"j" * 31)
        for strip in screen.list_now.render_lines(screen.list_now.size.region):
            assert strip.cell_length == screen.list_now.size.width
        screen.open_post(uid(0))
        text = await read_through(pilot, screen)
        assert [int(n) for n in dict.fromkeys(re.findall(r"level (\d+)\.", text))] == list(range(1, 41))
        assert "⋯40" in text or size[0] > 150  # where there is no room for guides the depth is told
        screen.open_post(uid(100))
        text = await read_through(pilot, screen)
        assert list(dict.fromkeys(re.findall(r"title\d{3}", text))) == TITLE.split()[:-1]
        assert text.count("x") >= 49
        assert f"#{TAG}" in text.replace("\u00a0", " ")
        screen.open_post(uid(200))
        await pilot.press("enter")  # all of it, where it was cut
        text = await read_through(pilot, screen)
        assert list(dict.fromkeys(re.findall(r"w\d{5}", text))) == [f"w{n:05}" for n in range(2_000)]
        app.exit(0)
    session.close()
    assert not (tmp_path / "reports").exists()


async def test_the_size_and_the_clock_change_during_everything(
    jam: registry.KnownJam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each step another size and another time; where one is stays, and what is unread is what was not read."""
    monkeypatch.setattr("screens.view.PREVIEW_AFTER", 3600.0)  # no step but those below
    clock = Clock()
    app, session = app_of(jam, tmp_path, clock)
    steps = [
        ("enter",), ("j",), ("enter",), ("pagedown",), ("space",), ("q",), ("f",), tuple("is:unread"), ("enter",),
        ("x",), ("S",), ("n",), ("slash",), tuple("w00001"), ("enter",), ("n",), ("escape",), ("escape",),
        ("question_mark",), ("q",), ("colon",), tuple("people"), ("enter",), ("enter",), ("H",), ("P",), ("space",),
        ("n",), ("ctrl+p",), ("escape",), ("2",), ("G",), ("enter",), ("m",), ("z",), ("1",),
    ]  # fmt: skip
    rng = random.Random(7)
    async with app.run_test(size=SIZES[0]) as pilot:
        for keys in steps:
            await pilot.press(*keys)
            await app.workers.wait_for_complete()
            top, spot = app.screen, getattr(app.screen, "spot", None)
            unread = session.status().unread
            for size in rng.sample(SIZES, 3):
                clock.now = NOW + timedelta(days=rng.randrange(-4_000, 4_000), minutes=rng.randrange(1_000))
                await pilot.resize_terminal(*size)
                await pilot.pause()
                assert app.screen is top
                assert getattr(app.screen, "spot", None) == spot, keys
                assert [strip.cell_length for strip in top._compositor.render_strips(app.size)] == [size[0]] * size[1]
            if isinstance(top, JamScreen):
                top._tick()
                await pilot.pause()
            assert session.status().unread == unread, keys
        app.exit(0)
    session.close()
    assert not (tmp_path / "reports").exists(), "it stopped on an error of its own"


async def test_a_tag_with_spaces_is_found_filtered_muted_and_followed(jam: registry.KnownJam, tmp_path: Path) -> None:
    app, session = app_of(jam, tmp_path, Clock())
    async with app.run_test(size=(100, 30)) as pilot:
        screen = app.screen
        assert isinstance(screen, JamScreen)
        await screen.perform("filter", f'tag:"{TAG}"')
        await pilot.pause()
        assert [row.id for row in session.threads(screen.list_now.keys)] == [uid(100)]
        assert f" #{TAG} " in "\n".join(text_of(screen))
        await screen.perform("mute", f"#{TAG}")
        assert session.muted().tags == {TAG}
        assert not session.post(uid(100)).unread
        await screen.perform("follow", f"#{TAG}")
        assert not session.muted().tags
        assert session.followed().tags == {TAG}
        assert [hit.post.id for hit in session.search(f'tag:"{TAG}"')] == [uid(100)]
        app.exit(0)
    session.close()
