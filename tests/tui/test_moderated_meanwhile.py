"""Acts of moderators that reach the very post that is read, answered or selected, by a real server's stream: nothing
jumps, nothing crashes, what was typed stays, and it is told in words."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import Server

from jamtui.app import JamApp
from jamtui.archive import rfc3339
from jamtui.credentials import FileStore, Secret
from jamtui.model import DraftKind, Link
from jamtui.paths import Home
from jamtui.session import open_session
from jamtui.store import registry
from jamtui.store.opening import prepare
from jamtui.sync.once import once
from jamtui.sync.sign_in import client_for

LIMIT = 60.0  # seconds after which what was waited for is taken for lost
FORUMS = [f"00000000-0000-4000-8000-0000000000f{n}" for n in range(2)]
HOST = "00000000-0000-4000-8000-00000000000a"


def now() -> datetime:
    return datetime.now(UTC)


def post_id(thread: int, n: int) -> str:
    """The ``n``-th post of a thread; 0 opens it."""
    return f"00000000-0000-7000-8000-0000000{thread:02x}0{n:02x}"


def word(thread: int, n: int) -> str:
    """What stands in that post and nowhere else."""
    return f"word{thread}x{n}"


def archive() -> str:
    records: list[tuple[str, dict[str, Any]]] = [
        ("jam", {"format": 1, "id": "00000000-0000-4000-8000-000000000001", "slug": "small", "title": "A small Jam",
                 "opens_at": "2026-01-01T00:00:00Z", "closes_at": "2026-01-02T00:00:00Z"}),
        ("person", {"id": HOST, "handle": "old-hand", "name": "Old Hand"}),
        *(("forum", {"id": name, "slug": f"f{n}", "title": f"Forum {n}", "position": n})
          for n, name in enumerate(FORUMS)),
    ]  # fmt: skip
    for thread in range(5):
        for n in range(8):
            opener = post_id(thread, 0)
            records.append(("post", {
                "id": post_id(thread, n), "thread_id": opener, "forum_id": FORUMS[0], "author_id": HOST, "tags": [],
                "parent_id": None if n == 0 else opener, "title": f"Thread {thread}" if n == 0 else "",
                "body": f"{word(thread, n)} is said here", "created_at": f"2026-01-01T1{thread}:00:{n:02}Z",
                "votes": {"up": 0},
            }))  # fmt: skip
    return "".join(json.dumps({"type": kind, "data": data}) + "\n" for kind, data in records)


def signed_in(url: str, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=f"{url}/api/v1", headers=headers, verify=False, trust_env=False)


class Live:
    """The program on a screen, connected; and a moderator somewhere else."""

    def __init__(self, t: Any, moderator: httpx.Client) -> None:
        self.t = t
        self.acts = 0
        self._api = moderator

    async def act(self, act: str, **fields: Any) -> str:
        """Does it, and waits until the mirror has it; the screen shows it soon after."""
        name = str(uuid.uuid4())
        body = {"act": act, "reason": "Off the topic", **fields} if act != "undo" else {"act": act, **fields}
        answer = await asyncio.to_thread(self._api.put, f"/moderation/{name}", json=body)
        assert answer.is_success, answer.text
        await self.arrived()
        self.acts += 1
        return name

    async def arrived(self) -> None:
        """Until the mirror has all that the server has."""
        page = await asyncio.to_thread(self._api.get, "/changes", params={"limit": 1})
        head = page.json()["head"]
        await self.until(lambda: self.t.session._meta("cursor") == head, f"the head {head}")

    async def until(self, what: Callable[[], bool], why: str) -> None:
        end = time.monotonic() + LIMIT
        while not what():
            assert time.monotonic() < end, f"never came: {why}\n{self.t.text}"
            await asyncio.sleep(0.02)
            await self.t.settle()

    async def shown(self, text: str, why: str) -> None:
        await self.until(lambda: text in self.t.text.replace("\n", " "), f"{why}: {text}")

    def line_of(self, text: str) -> int:
        """The line of the screen on which it stands; -1: on none."""
        return next((n for n, line in enumerate(self.t.text.split("\n")) if text in line), -1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, str]]]:
    """One for all tests: each acts on a thread of its own, and undoes what it did to others."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "jam.jsonl").write_text(archive())
    one = Server(folder / "jam.sqlite")
    one.admin("import", str(folder / "jam.jsonl"), "--reopen")
    one.admin("person", "add", "ana")
    one.admin("person", "add", "mod", "--role", "moderator")
    one.start()
    yield one, {name: one.admin("person", "token", name).strip() for name in ("ana", "mod")}
    one.stop()


@pytest.fixture
def live(server: Any, tmp_path: Path, driven: Any) -> Callable[..., AbstractAsyncContextManager[Live]]:
    @contextlib.asynccontextmanager
    async def start(size: tuple[int, int] = (120, 40)) -> AsyncIterator[Live]:
        one, tokens = server
        home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
        with signed_in(one.url, tokens["ana"]) as api:
            me = (await asyncio.to_thread(api.get, "/me")).json()
        jam = registry.for_server(home, one.url, "small", "A small Jam").changed(
            person_id=me["id"], handle="ana", name="Ana", role="participant", store="file"
        )
        registry.remember(home, jam)
        prepare(jam, now())
        FileStore(home).save(jam.account, Secret(tokens["ana"]))
        environ: dict[str, str] = {}
        session = open_session(home, jam, clock=now, rng=random.Random(1), environ=environ)
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.closing(session))
            async with client_for(home, jam, environ) as client:
                await once(jam, client, now=now, rng=random.Random(1), progress=lambda _d, _t: None)
            app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=now)
            async with app.run_test(size=size) as pilot:
                found = Live(driven(app, pilot, session), stack.enter_context(signed_in(one.url, tokens["mod"])))
                await found.until(lambda: session.link is Link.LIVE, "live")
                yield found
        assert not (tmp_path / "reports").exists(), "it stopped on an error of its own"

    return start


async def test_who_reads_the_very_post_stays_where_they_are_and_is_told(
    live: Any, figure: Callable[[str], None]
) -> None:
    there, beside, opener = post_id(0, 3), word(0, 4), post_id(0, 0)
    async with live() as one:
        t = one.t
        await t.command(f"post {there}")
        line, moved = one.line_of(beside), 0
        assert line > 0

        async def after(act: str, said: str, **fields: Any) -> str:
            nonlocal moved
            done: str = await one.act(act, **fields)
            await one.shown(said, act)
            moved += one.line_of(beside) != line
            assert t.row.id == there, act
            return done

        await after("hide", "(hidden by a moderator for now)", post_id=there)
        await after("unhide", word(0, 3), post_id=there)
        await after("lock", "This thread is locked now: it takes no more replies", post_id=opener)
        await after("unlock", "This thread takes replies again", post_id=opener)
        await after("move", "This thread was moved to Forum 1", post_id=opener, to=FORUMS[1])
        merged = await after(
            "merge", "was merged into another: you are where you were", post_id=opener, to=post_id(4, 0)
        )
        assert t.screen.spot.thread == post_id(4, 0)
        await after("undo", "This thread is apart again: you are where you were", of=merged)
        assert t.screen.spot.thread == opener
        await after("remove", "(removed by a moderator)", post_id=there)
        await t.press("j", "k", "escape")
        figure(f"{one.acts} acts on the post that is read: {moved} times it moved")
        assert moved == 0


async def test_who_answers_the_very_post_keeps_the_draft_and_is_told(live: Any) -> None:
    there, opener = post_id(1, 3), post_id(1, 0)
    async with live((80, 24)) as one:
        t, typed = one.t, ""

        async def type_on() -> None:
            """The keys go to the text still."""
            nonlocal typed
            await t.type("more ")
            typed += "more "
            assert t.screen.composer.draft.body == typed

        async def after(act: str, said: str, **fields: Any) -> str:
            done: str = await one.act(act, **fields)
            await one.shown(said, act)
            await type_on()
            return done

        await t.command(f"post {there}")
        await t.press("r")
        await type_on()
        await after("hide", "What you answer was hidden by a moderator for now   your text is kept", post_id=there)
        await after("unhide", "", post_id=there)
        await after("lock", "This thread is locked now: it takes no more replies   your text is kept", post_id=opener)
        await t.press("ctrl+s")
        assert "locked" in t.text
        assert t.screen.writing
        await type_on()
        await after("unlock", "This thread takes replies again", post_id=opener)
        await after("move", "This thread was moved to Forum 1", post_id=opener, to=FORUMS[1])
        merged = await after("merge", "was merged into another", post_id=opener, to=post_id(4, 0))
        await after("undo", "This thread is apart again", of=merged)
        person = t.session.me.person_id
        suspended = await one.act("suspend", person_id=person, until=rfc3339(now() + timedelta(days=1)))
        t.session.look_at_desk()
        await one.until(lambda: t.session.suspended() is not None, "the suspension")
        await one.shown("suspended", "the suspension")
        await type_on()
        await t.press("ctrl+s")
        assert t.screen.writing
        draft = t.session.draft(DraftKind.REPLY, there)
        assert draft is not None
        assert draft.body == typed
        await one.act("undo", of=suspended)
        t.session.look_at_desk()
        await one.until(lambda: t.session.suspended() is None, "the end of the suspension")
        await t.press("ctrl+s")
        await one.until(lambda: not t.session.outbox() and not t.screen.writing, "the answer on its way")
        await one.arrived()
        replies = [post for post in t.session.posts(t.session.thread_index(opener).keys) if post.mine]
        assert [(post.parent_id, post.body) for post in replies] == [(there, typed.strip())]
        await one.act("remove", post_id=there)
        assert t.row.mine


async def test_who_has_the_row_of_it_selected_goes_on_there(live: Any) -> None:
    opener = post_id(2, 0)
    async with live() as one:
        t = one.t
        await t.command("forum f0")
        await t.press("j")
        t.screen.list_now.go_to(t.session.key(opener))
        await t.settle()
        line = one.line_of("Thread 2")
        for act, fields, said in (
            ("hide", {"post_id": opener}, "(hidden by a moderator for now)"),
            ("unhide", {"post_id": opener}, "Thread 2"), ("lock", {"post_id": opener}, "locked Thread 2"),
            ("unlock", {"post_id": opener}, "Thread 2"),
        ):  # fmt: skip
            await one.act(act, **fields)
            await one.until(lambda said=said: said in t.text.split("\n")[line], f"{act}: {said}")
            assert t.row.id == opener
        for act, fields in (("move", {"to": FORUMS[1]}), ("merge", {"to": post_id(4, 0)})):
            done = await one.act(act, post_id=opener, **fields)
            await one.until(lambda: t.row is not None and t.row.id != opener, "another one stands there")
            await one.act("undo", of=done)
            await one.shown("Thread 2", "undo")
            t.screen.list_now.go_to(t.session.key(opener))
            await t.settle()
        await t.press("enter", "escape")
        await t.press("2")
        at = t.screen.list_now.keys.index(t.session.key(post_id(2, 5)))
        t.screen.list_now.go_to_index(at)
        await t.settle()
        await one.act("hide", post_id=post_id(2, 5))
        await one.until(lambda: t.row is not None and t.row.id == post_id(2, 4), "the next one stands there")
        assert t.screen.list_now.keys.index(t.row.key) == at
