"""Thousands of posts arrive while somebody reads: a real server, people who write from forty connections, the TUI.

Nothing moves under the reader, every key does what it does in quiet times, and what is told of the new posts is exact.
"""

from __future__ import annotations

import asyncio
import io
import json
import random
import uuid
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from textual import events

from jamserver import accounts, objects
from jamserver.app import random_id
from jamserver.lifelike import main_generate
from jamserver.log import Tx
from jamserver.writer import write_once
from jamtui.app import JamApp
from jamtui.model import Link
from jamtui.paths import Home as Folders
from jamtui.session import Session, open_session
from jamtui.store import registry

WRITERS = 40
POSTS = 2_000
KEYS = ("j", "j", "k", "space", "j", "b", "k", "j", "k", "k", "j", "k")
LIMIT = 120.0  # seconds after which what was waited for is taken for lost
EDGE = 51  # the column from which on the thread stands


@dataclass
class Jam:
    """What the posts of the server hang together by."""

    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    children: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, records: list[tuple[str, dict[str, Any]]]) -> Jam:
        jam = cls()
        for post in (data for kind, data in records if kind == "post"):
            jam.posts[post["id"]] = post
            if post.get("parent_id"):
                jam.children[post["parent_id"]].append(post["id"])
        return jam

    def order(self, thread: str) -> list[str]:
        found, stack = [], [thread]
        while stack:
            found.append(post := stack.pop())
            stack += reversed(self.children[post])
        return found

    @property
    def longest(self) -> list[str]:
        """The longest thread, as it is read."""
        return max((self.order(one) for one, post in self.posts.items() if not post.get("parent_id")), key=len)


@dataclass
class Writing:
    """What the writers do, a list for each of them, and what of it is new for who reads."""

    jobs: list[list[tuple[str, str, dict[str, Any]]]] = field(default_factory=lambda: [[] for _ in range(WRITERS)])
    into_thread: int = 0
    new: int = 0  # posts that are still there in the end

    @classmethod
    def planned(cls, jam: Jam, count: int, rng: random.Random) -> Writing:
        """One post in ten goes into the longest thread, above and below what is read of it; some of the others are
        edited, voted for and taken back by who wrote them."""
        plan, order = cls(), jam.longest
        margins = [*order[1 : len(order) // 6], *order[-len(order) // 6 :]]
        elsewhere = [post for post in jam.posts if post not in set(order)]
        forums = sorted({post["forum_id"] for post in jam.posts.values()})
        for number in range(count):
            jobs, post = plan.jobs[number % WRITERS], str(uuid.UUID(int=rng.getrandbits(128), version=4))
            body = f"What comes of *{number}*? " + "Words and words. " * rng.randrange(1, 30)
            plan.new += 1
            if number % 10 == 5:
                jobs.append(("PUT", post, {"parent_id": rng.choice(margins), "body": body}))
                plan.into_thread += 1
                continue
            if number % 10 == 0:
                jobs.append(("PUT", post, {"forum_id": rng.choice(forums), "title": f"Number {number}", "body": body}))
            else:
                jobs.append(("PUT", post, {"parent_id": rng.choice(elsewhere), "body": body}))
            if number % 10 == 1:
                jobs.append(("PATCH", post, {"body": f"{body} Edited."}))
            elif number % 10 == 2:
                jobs.append(("VOTE", rng.choice(elsewhere), {}))
            elif number % 10 == 3:
                jobs.append(("DELETE", post, {}))
                plan.new -= 1
        return plan

    def done_by(self, number: int, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{url}/api/v1/posts", headers=headers, timeout=60, trust_env=False) as client:
            for what, post, content in self.jobs[number]:
                if what == "PUT":
                    answer = client.put(f"/{post}", json=content)
                elif what == "VOTE":
                    answer = client.put(f"/{post}/vote")
                else:
                    match = {"If-Match": '"1"', "Idempotency-Key": post}
                    answer = client.request(what, f"/{post}", headers=match, json=content or None)
                assert answer.is_success, answer.text


def people(tx: Tx) -> list[str]:
    """A token for each of those who write."""
    made = [objects.add_person(tx, random_id(tx.rng), f"writer-{n}") for n in range(WRITERS)]
    return [accounts.long_token(tx, person, timedelta(days=1)) for person in made]


class Reader:
    """The TUI on the Jam, looked at and waited for."""

    def __init__(self, app: JamApp, pilot: Any, session: Session) -> None:
        self.app = app
        self.pilot = pilot
        self.session = session
        self._told = asyncio.Event()
        deliver = app._deliver

        def delivered(loop: asyncio.AbstractEventLoop) -> None:
            deliver(loop)
            self._told.set()

        app._deliver = delivered  # type: ignore[method-assign]

    async def until(self, what: Callable[[], bool]) -> None:
        """Until ``what`` holds, looked at after each message to the screens."""
        async with asyncio.timeout(LIMIT):
            while not what():
                await self._told.wait()
                self._told.clear()
                await self.pilot.pause()

    @property
    def screen(self) -> Any:
        return self.app.screen

    def lines(self, start: int, end: int) -> list[str]:
        strips = self.screen._compositor.render_strips(self.app.size)
        return [strip.crop(start, end).text for strip in strips]

    @property
    def thread(self) -> tuple[str | None, list[str]]:
        """The post under the cursor, and the pane of the thread without its scroll bar."""
        row = self.screen.reader.cursor_row
        return row and row.id, self.lines(EDGE, self.app.size.width - 1)[3:-1]

    @property
    def head(self) -> str:
        return self.lines(EDGE, self.app.size.width)[2].strip()

    @property
    def counter(self) -> str:
        return self.lines(0, self.app.size.width)[0]

    async def press(self, key: str) -> tuple[str | None, list[str]]:
        """A key, as the terminal gives it, and what is seen once it moved something; nothing else is waited for."""
        event = events.Key("space", " ") if key == "space" else events.Key(key, key)
        event.set_sender(self.app)
        before = self.screen.reader.place()
        assert self.app._driver is not None
        self.app._driver.send_message(event)
        async with asyncio.timeout(LIMIT):
            while self.screen.reader.place() == before:  # noqa: ASYNC110 - not one turn of the loop later
                await asyncio.sleep(0)
        return self.thread


async def rehearsed(reader: Reader) -> list[tuple[str | None, list[str]]]:
    """What is seen after each of `KEYS`, which in the end lead back to where they began."""
    before: list[tuple[str | None, list[str]]] = []
    for _ in range(8):
        seen = [await reader.press(key) for key in KEYS]
        if seen == before:
            assert all(one != two for one, two in zip(seen, [*seen[1:], seen[0]], strict=True)), "a key does nothing"
            return seen
        before = seen
    raise AssertionError("the keys do not lead back to where they began")


def objects_of(lines: list[str]) -> dict[tuple[str, str], Any]:
    found = [json.loads(line) for line in lines]
    return {(one["type"], one["data"].get("id", "")): one["data"] for one in found}


def texts_of(found: dict[tuple[str, str], Any]) -> dict[str, tuple[Any, ...]]:
    """What posts say, and whether they are there; not how many voted for them."""
    return {
        post_id: (post.get("version", 1), post.get("state"), post["body"])
        for (kind, post_id), post in found.items()
        if kind == "post"
    }


async def test_nothing_moves_and_all_is_counted_while_thousands_arrive(
    new_server: Any, new_home: Callable[..., Any], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    made = io.BytesIO()
    main_generate(3_000, 2, made, datetime.now(UTC))
    lines = (json.loads(line) for line in made.getvalue().splitlines())
    records = [(one["type"], one["data"]) for one in lines]
    server = new_server(records)
    tokens = write_once(server.db, datetime.now(UTC), random.SystemRandom(), people)
    home = new_home().login(server.url, "ana")
    home.jamtui("sync")
    folders = Folders.from_env({"JAMTUI_HOME": str(home.path)})
    session = open_session(
        folders, registry.find(folders, None), clock=lambda: datetime.now(UTC), rng=random.Random(1), environ={}
    )
    session.mark_all_read()
    rng, jam = random.Random(5), Jam.of(records)
    order = jam.longest

    def written(plan: Writing) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        jobs = [loop.run_in_executor(pool, plan.done_by, n, server.url, tokens[n]) for n in range(WRITERS)]
        return asyncio.gather(*jobs)

    def held() -> dict[tuple[str, str], Any]:
        return objects_of([json.dumps({"type": kind, "data": json.loads(raw)}) for kind, raw in session.export()])

    app = JamApp(session, reports=tmp_path / "reports")
    with ThreadPoolExecutor(WRITERS) as pool:
        async with app.run_test(size=(120, 40)) as pilot:
            reader = Reader(app, pilot, session)
            await reader.until(lambda: session.status().link is Link.LIVE)
            reader.screen.open_post(order[len(order) // 2])
            seen = await rehearsed(reader)

            first = Writing.planned(jam, POSTS, rng)
            writing = written(first)
            pressed = 0
            while not writing.done():
                assert await reader.press(KEYS[pressed % len(KEYS)]) == seen[pressed % len(KEYS)], pressed
                pressed += 1
            await writing
            await reader.until(lambda: session.status().unread == first.new)
            assert reader.thread == seen[(pressed - 1) % len(KEYS)]
            assert pressed > 3 * len(KEYS)

            while pressed % len(KEYS):
                await reader.press(KEYS[pressed % len(KEYS)])
                pressed += 1
            second = Writing.planned(jam, 300, rng)
            await written(second)
            total = first.new + second.new
            # Not the total alone: it is met on the way, too, with one post still to come and one still to go. The
            # mirror has a change a moment before the screen is told of it.
            exported = objects_of(server.admin("export").splitlines())
            await reader.until(lambda: texts_of(held()) == texts_of(exported))
            await reader.until(lambda: session.status().unread == total and f"{total:,} unread" in reader.counter)
            assert reader.thread == seen[-1]
            posts = len(order) + first.into_thread + second.into_thread
            assert reader.head.endswith(f"↓ {second.into_thread} new · {posts:,} posts"), reader.head
            index = reader.screen.reader.index
            assert (len(index), len(index.unread)) == (posts, first.into_thread + second.into_thread)

            # Of each forum, one post after the other.
            unread: defaultdict[str, int] = defaultdict(int)
            for row in session.posts(session.live_keys(limit=100_000)):
                unread[row.forum_id] += row.unread
            assert {row.id: row.unread for row in session.forums()} == {
                row.id: unread[row.id] for row in session.forums()
            }
            # The tallies are told some seconds later, joined.
            wanted = objects_of(server.admin("export").splitlines())
            await reader.until(lambda: held() == wanted)
    session.close()
    assert not (tmp_path / "reports").exists(), "it stopped on an error of its own"
    figure(f"{total:,} posts arrived while {pressed} keys were pressed: nothing moved, no key lost, every count right")
