"""Dialogs on the smallest terminal: each names the key that leaves it, none has to be moved to see that, and no field
says half a sentence. Dialogs in which colours say something, on light ground."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from jamserver.demo_jam import DemoJam
from jamtui.app import JamApp
from jamtui.archive import rfc3339
from jamtui.model import Conflict
from jamtui.session import Session
from jamtui.store import connection, mirror
from screens.conflict import ConflictDialog
from screens.dialogs import Confirm

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
Start = Callable[..., AbstractAsyncContextManager[Any]]

OPENED = {  # by the name of an action and what it is given, or by a key
    "announcements": "", "polls": "", "poll": "", "hand-over": "", "ideas": "", "connections": "", "connect": "",
    "kind": "", "idea-state": "", "feature": "", "reports": "", "audit": "", "hidden": "", "notices": "",
    "moderate": "", "report": "", "profile": "", "tags": "", "tag-curate": "", "tag-merge": "pilots", "muted": "",
    "drafts": "", "hosts": "", "S": "", "f": "", "jam": "", "where-from": "", "help": "",
}  # fmt: skip


def moderated(session: Session, *, full: bool) -> None:
    """The reader is a moderator; ``full``: with something in every list."""
    me = next(one for one in session.stored().people() if one["id"] == session.me.person_id)
    records = [("person", {name: me[name] for name in ("id", "handle", "name")} | {"role": "moderator"})]
    desk: dict[str, Any] = {"role": "moderator"}
    if full:
        records += [one for one in DemoJam(1, NOW).records() if one[0] in ("poll", "announcement", "tag")]
        post, other = session.posts(session.thread_keys(session.forums()[0].id)[:2])
        at = rfc3339(NOW - timedelta(minutes=5))
        common = {"post_id": post.id, "created_at": at, "reason": "Nothing to do with what is asked here."}
        desk |= {
            "queue": [common | {"id": "r", "reason": "spam", "state": "open", "person_id": other.author_id}],
            "audit": [common | {"id": "a", "act": "lock", "by_id": other.author_id}],
            "hidden": [{"id": other.id, "forum_id": other.forum_id, "thread_id": other.id, "author_id": other.author_id,
                        "created_at": at, "title": "What was hidden", "body": "Its text.", "parent_id": None}],
            "notices": [common | {"id": f"n{number}", "kind": "warn", "at": at} for number in range(4)],
        }  # fmt: skip
    with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        mirror.Mirror(db).apply(
            [(kind, msgspec.json.encode(data)) for kind, data in records], f"{1 + len(records)}-bbbb"
        )
    session._own.put_desk(msgspec.json.encode(desk), '"e"')


def cut(screen: Any) -> list[str]:
    """What empty fields say and do not show to the end."""
    empty = [field for field in screen.query(Input) if not field.value and field.display]
    return [str(one.placeholder) for one in empty if len(str(one.placeholder)) > one.content_size.width]


@pytest.mark.parametrize("full", [True, False], ids=["full", "empty"])
async def test_dialogs_fit(tui: Start, session: Session, full: bool) -> None:
    moderated(session, full=full)
    wrong: list[str] = []
    async with tui(size=(40, 10)) as t:
        await t.press("enter")
        main = t.screen
        for name, argument in OPENED.items():
            await (t.press(name) if len(name) == 1 else main.perform(name, argument))
            await t.settle()
            assert t.screen is not main, f"{name} opens nothing: {t.told}"
            if "Esc" not in t.text:
                wrong.append(f"{name} does not say how to leave")
            wrong += [
                f"{name} is too high by {one.max_scroll_y}" for one in t.screen.query(".dialog") if one.max_scroll_y
            ]
            wrong += [f"{name} cuts {words!r}" for words in cut(t.screen)]
            while t.screen is not main:
                await t.press("escape")
        await t.press("c")
        assert cut(t.screen) == []
        await t.press("escape")
        text = "\n".join(f"A line that is rather long for this terminal, number {number}" for number in range(20))
        conflict = Conflict("1", "edit", "A title", text, 3, NOW, False, "A title", text.replace("rather", "too"))
        t.app.push_screen(ConflictDialog(conflict, NOW))
        await t.settle()
        assert "Esc later" in t.text
        for _ in range(60):
            await t.press("j")
        assert "too long" in t.text
        await t.press("escape")
        # What one dialog looks like says nothing of others.
        t.app.push_screen(Confirm("Take this post back?", "A title", "Take back"))
        await t.settle()
        assert any("Take back (y)" in line and "Cancel (n)" in line for line in t.text.split("\n"))
        await t.press("escape")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["polls", "ideas", "reports", "hand-over", "where-from", "jam"])
def test_light(name: str, session: Session, tmp_path: Path, snap_compare: Callable[..., bool]) -> None:
    moderated(session, full=True)

    async def show(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await cast("Any", pilot.app.screen).perform(name)
        await pilot.pause()  # what counts begins with its screen
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    app = JamApp(session, reports=tmp_path / "reports", theme="light", frozen=True, clock=lambda: NOW)
    assert snap_compare(app, terminal_size=(80, 24), run_before=show)
