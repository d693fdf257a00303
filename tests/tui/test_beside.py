"""While a thread is read, the list beside it follows a few times a second; who goes to it finds it as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from jamtui.app import JamApp
from jamtui.session import Session
from jamtui.store import connection, mirror
from jamtui.store.mirror import Mirror, seq_of
from screens import view
from screens.messages import JamChanged


async def test_a_list_beside_a_thread_that_is_read_is_not_read_with_each_batch(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "monotonic", lambda: 1_000.0)
    app = JamApp(session, reports=tmp_path / "reports", clock=session.now)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("enter", "enter")
        screen: Any = app.screen
        assert screen.spot.reading
        later: list[Callable[[], None]] = []
        monkeypatch.setattr(screen, "set_timer", lambda wait, what, name: later.append(what))
        thread, forum = screen.spot.thread, screen.spot.forum
        number = 0

        async def arrive(**more: Any) -> str:
            nonlocal number
            number += 1
            author = session.posts(session.live_keys(1))[0].author_id
            post = {
                "id": f"11111111-0000-7000-8000-{number:012x}", "thread_id": f"11111111-0000-7000-8000-{number:012x}",
                "forum_id": forum, "author_id": author, "title": f"New {number}", "body": "Body", "tags": [],
                "created_at": "2011-02-09T14:00:00Z", "votes": {"up": 0}, **more,
            }  # fmt: skip
            with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
                writer = Mirror(db)
                cursor = f"{seq_of(writer.cursor) + 1}-aaaa"
                screen.post_message(JamChanged(writer.apply([("post", json.dumps(post).encode())], cursor)))
            await pilot.pause()
            return str(post["id"])

        def listed() -> list[str]:
            return [row.id for row in session.threads(screen.list_now.keys)]

        screen._list_read = 0.0
        first = await arrive()
        assert first in listed()
        assert not later
        second, third = await arrive(), await arrive(thread_id=thread, parent_id=thread, title="")
        assert second not in listed()
        assert session.key(third) in screen.reader.index.keys  # what is read has it at once
        assert len(later) == 1
        later.pop()()
        assert {first, second} <= set(listed())

        fourth = await arrive()
        assert fourth not in listed()
        screen.open_post(fourth)
        assert screen.list_now.cursor_key == session.key(fourth)
        fourth = await arrive()
        assert fourth not in listed()
        await pilot.press("escape")
        await pilot.pause()
        assert not screen.spot.reading
        assert fourth in listed()
        assert await arrive() in listed()  # who moves in the list sees it at once
