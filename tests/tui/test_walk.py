"""A random walk of keys, changes, restarts and a second reader, against a simple model of unread and place.

`JAMTUI_WALK=10000 pytest tests/tui/test_walk.py -s` (or ``make soak``) walks 10,000 steps; without it, some hundred.
The seed is printed with every difference and can be given as JAMTUI_WALK_SEED.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual import constants
from textual.pilot import Pilot

from jamtui.app import JamApp
from jamtui.archive import rfc3339
from jamtui.model import Changed, ForumRow, Mark, MarkKind, PostRow, ThreadRow
from jamtui.paths import Home
from jamtui.session import Session, prepare
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from screens.jam import JamScreen
from screens.messages import JamChanged

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
STEPS = int(os.environ.get("JAMTUI_WALK", "240"))
SEED = int(os.environ.get("JAMTUI_WALK_SEED", "1"))
LIFE = 60  # steps between two starts at most
SIZES = [(80, 24), (120, 40), (160, 45), (44, 14)]
PEOPLE = [f"0a000000-0000-4000-8000-{n:012x}" for n in range(4)]  # the first is the reader
FORUMS = [f"0f000000-0000-4000-8000-{n:012x}" for n in range(3)]
TAGS = ["tea", "coffee"]
KEYS = ["space"] * 8 + [
    *"jjjkknnpbgGuAmFzhl12346THi",
    "enter",
    "enter",
    "enter",
    "escape",
    "escape",
    "tab",
    "right_square_bracket",
]


@dataclass
class Post:
    id: str
    thread: str
    parent: str | None
    forum: int
    author: str
    body: str
    tags: list[str]
    version: int = 1
    gone: bool = False

    def raw(self, order: int) -> bytes:
        data: dict[str, Any] = {
            "id": self.id, "forum_id": FORUMS[self.forum], "thread_id": self.thread, "parent_id": self.parent,
            "author_id": self.author, "title": f"T {self.id[-4:]}" if self.parent is None and not self.gone else "",
            "body": "" if self.gone else self.body, "created_at": rfc3339(NOW + timedelta(seconds=order)),
            "tags": [] if self.gone else self.tags, "votes": {"up": 0}, "version": self.version,
        }  # fmt: skip
        if self.gone:
            data["state"] = "deleted"
        return json.dumps(data).encode()


@dataclass
class Model:
    """What unread is: posts by others, there, not muted, not read."""

    posts: dict[str, Post] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)  # id → version read; 0: marked without a look
    muted_threads: set[str] = field(default_factory=set)
    followed_threads: set[str] = field(default_factory=set)
    muted_tags: set[str] = field(default_factory=set)
    muted_people: set[str] = field(default_factory=set)
    seq: int = 1
    explore: bool = False  # what is on the screen does not count as read

    def muted(self, post: Post) -> bool:
        opener = self.posts[post.thread]
        # A removed opener has no tags any more, so its thread is not muted by them.
        opener_tags = set() if opener.gone or post.thread in self.followed_threads else set(opener.tags)
        own_tags = (
            set() if post is opener else set(post.tags)
        )  # a followed thread is not muted by tags, so nor its opener
        return bool(
            post.thread in self.muted_threads
            or post.author in self.muted_people
            or self.muted_tags & (opener_tags | own_tags)
        )

    def unread(self) -> list[Post]:
        return [p for p in self.posts.values() if not p.gone and p.author != PEOPLE[0] and p.id not in self.read
                and not self.muted(p)]  # fmt: skip

    def see(self, ids: set[str]) -> None:
        for one in () if self.explore else ids:
            post = self.posts[one]
            if one in self.read:
                if 0 < self.read[one] < post.version:
                    self.read[one] = post.version
            elif not post.gone and post.author != PEOPLE[0] and not self.muted(post):
                self.read[one] = post.version


class Walk:
    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder = folder
        self.rng = rng
        self.model = Model()
        self.time = NOW
        self.take_back: Callable[[], None] = lambda: None  # what z does
        home = Home.from_env({"JAMTUI_HOME": str(folder)})
        self.jam = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea").changed(
            person_id=PEOPLE[0], handle="p0", name="P 0", role="participant", store="file"
        )
        registry.remember(home, self.jam)
        prepare(self.jam, NOW)
        for _ in range(6):
            self.new_thread()
            for _ in range(rng.randrange(8)):
                self.new_reply()
        self.fetch_anew()

    def clock(self) -> datetime:
        return self.time  # set forwards and backwards as the walk goes

    def session(self, *, explore: bool = False) -> Session:
        return Session(self.jam, clock=self.clock, rng=random.Random(1), new_client=None, explore=explore)

    # -- changes, as a network would write them

    def new_id(self) -> str:
        return f"00000000-0000-7000-8000-{len(self.model.posts) + 1:012x}"

    def body(self) -> str:
        return "\n\n".join("Some words that go on." * 3 for _ in range(self.rng.choice([1, 1, 1, 2, 4, 40])))

    def some_tags(self) -> list[str]:
        return self.rng.sample(TAGS, 1) if self.rng.random() < 0.2 else []

    def new_thread(self) -> Post:
        one = self.new_id()
        post = Post(one, one, None, self.rng.randrange(3), self.rng.choice(PEOPLE), self.body(), self.some_tags())
        self.model.posts[one] = post
        return post

    def new_reply(self) -> Post:
        parent = self.rng.choice(list(self.model.posts.values()))
        forum = self.model.posts[parent.thread].forum
        post = Post(
            self.new_id(), parent.thread, parent.id, forum, self.rng.choice(PEOPLE), self.body(), self.some_tags()
        )
        self.model.posts[post.id] = post
        return post

    def changed_posts(self) -> list[Post]:
        rng, posts = self.rng, list(self.model.posts.values())
        match rng.randrange(8):
            case 0:
                return [self.new_thread()]
            case 1 | 2 | 3:
                return [self.new_reply() for _ in range(rng.randrange(1, 4))]
            case 4 | 5:
                post = rng.choice(posts)
                if not post.gone:
                    post.body, post.version = self.body(), post.version + 1
                return [post]
            case 6:
                post = rng.choice(posts)
                post.gone, post.version = True, post.version + 1
                return [post]
            case _:
                thread, forum = rng.choice(posts).thread, rng.randrange(3)
                moved = [post for post in posts if post.thread == thread]
                for post in moved:
                    post.forum = forum
                return moved

    def order(self, post: Post) -> int:
        return list(self.model.posts).index(post.id)

    def apply(self) -> Changed:
        posts = self.changed_posts()
        db = connection.connect(self.jam.mirror, mirror.SCHEMA)
        self.model.seq += len(posts)
        changed = Mirror(db).apply([("post", post.raw(self.order(post))) for post in posts], f"{self.model.seq}-aaaa")
        db.close()
        return changed

    def fetch_anew(self) -> Changed:
        db = connection.connect(self.jam.mirror, mirror.SCHEMA)
        loading = Loading(Mirror(db), f"{self.model.seq}-aaaa")

        def record(kind: str, **data: object) -> None:
            loading.feed(json.dumps({"type": kind, "data": data}).encode())

        record("jam", format=1, id="j", slug="tea", title="Tea", opens_at=rfc3339(NOW - timedelta(hours=5)),
               closes_at=rfc3339(NOW + timedelta(hours=5)))  # fmt: skip
        for n, person in enumerate(PEOPLE):
            record("person", id=person, handle=f"p{n}", name=f"P {n}", role="participant")
        for n, forum in enumerate(FORUMS):
            record("forum", id=forum, slug=f"f{n}", title=f"Forum {n}", brief="b", position=n)
        for n, post in enumerate(self.model.posts.values()):
            loading.feed(b'{"type":"post","data":' + post.raw(n) + b"}")
        changed = loading.finish(rfc3339(NOW))
        db.close()
        return changed

    # -- comparing

    def compare(self, session: Session, what: str) -> None:
        model, unread = self.model, self.model.unread()
        assert session.muted().threads == model.muted_threads, what
        assert session.followed().threads == model.followed_threads, what
        keys = [key for post in model.posts if (key := session.key(post)) is not None]
        assert {row.id for row in session.posts(keys) if row.unread} == {post.id for post in unread}, what
        assert session.status().unread == len(unread), what
        for n, forum in enumerate(FORUMS):
            assert session.forum(forum).unread == sum(p.forum == n for p in unread), what
            rows = session.threads(session.thread_keys(forum))
            assert {r.id: r.unread for r in rows if r.unread} == {
                r.id: here for r in rows if (here := sum(p.thread == r.id for p in unread))
            }, what
            assert {r.id for r in rows} == {p.id for p in model.posts.values() if p.parent is None and p.forum == n}, (
                what
            )
        some = self.rng.choice(list(model.posts.values()))
        row, read = session.post(some.id), model.read.get(some.id, 0)
        assert row.unread == (some in unread), what
        assert row.changed == (0 < read < some.version and not some.gone), what


def finished(screen: JamScreen, session: Session) -> set[str]:
    """The posts whose last line is on the screen: those are read when the reader moves on."""
    reader = screen.reader
    if not screen.spot.reading:
        return set()
    keys = [reader._key(at) for at, line in reader._lines_in_view() if line == reader._draw(at).post.end - 1]
    return {row.id for row in session.posts(keys)}


def moves_on(screen: JamScreen, key: str) -> bool:
    """Whether the key turns the reader to something else."""
    reader = screen.reader
    folded = reader.cursor_key in reader._order.folded
    if key in ("l", "enter"):
        return folded
    if key == "h":
        return not folded or reader._order.parent(reader._cursor) is not None
    if key == "right_square_bracket":
        forums, row = screen.session.forums(), screen.list_now.cursor_row
        here = screen.spot.forum or getattr(row, "forum_id", "") or getattr(row, "id", "")
        return any(forum.unread and forum.id != here for forum in forums)
    return key not in ("A", "u", "m", "F", "z")


def place(screen: JamScreen) -> tuple[object, ...]:
    row = screen.list_now.cursor_row
    at: tuple[object, ...] = ()
    if screen.spot.reading and screen.reader.cursor_row is not None:
        at = (screen.reader.cursor_row.id, screen.reader.cursor_line)
    return (screen.spot.place, screen.spot.forum, screen.spot.reading, screen.spot.sort, getattr(row, "id", None), *at)


def predict(walk: Walk, screen: JamScreen, key: str) -> None:
    """What the model says about a key that marks. z takes back the last one that did something."""
    model, spot, row = walk.model, screen.spot, screen.list_now.cursor_row
    unread = model.unread()

    def unread_again(ids: list[str]) -> None:
        for one in ids:
            model.read.pop(one, None)

    def read_again(before: dict[str, int]) -> None:
        for one, version in before.items():
            model.read[one] = max(model.read.get(one, 0), version)

    if key == "z":
        walk.take_back()
        walk.take_back = lambda: None
    elif model.explore and key in ("A", "u"):
        return
    elif key == "A":
        if spot.reading:
            scope = [p for p in unread if p.thread == spot.thread]
        elif spot.kind == "forums":
            scope = [p for p in unread if isinstance(row, ForumRow) and FORUMS[p.forum] == row.id]
        else:  # what is listed, and nothing else
            listed = {one.id for one in screen.session.posts(screen.list_now.keys)}
            scope = [p for p in unread if (p.thread if spot.kind == "threads" else p.id) in listed]
        model.read |= {p.id: 0 for p in scope}
        if scope:
            walk.take_back = lambda: unread_again([p.id for p in scope])
    elif key in ("m", "F"):
        target = screen.reader.cursor_row if spot.reading else row
        if isinstance(target, ThreadRow | PostRow):
            one = {model.posts[target.id].thread}
            this, that = model.muted_threads, model.followed_threads
            if key == "F":
                this, that = that, this
            were = this & one, that & one

            def marked_again() -> None:
                for marks, before in ((this, were[0]), (that, were[1])):
                    marks -= one
                    marks |= before

            this ^= one
            that -= one
            walk.take_back = marked_again
    elif isinstance(row, ThreadRow):
        if here := [p.id for p in unread if p.thread == row.id]:
            model.read |= dict.fromkeys(here, 0)
            walk.take_back = lambda: unread_again(here)
        else:
            inside = [p.id for p in model.posts.values() if p.thread == row.id]
            versions = {one: model.read.pop(one) for one in inside if one in model.read}
            walk.take_back = lambda: read_again(versions)
    elif isinstance(row, PostRow):
        post = model.posts[row.id]
        if post in unread:
            model.read[post.id] = post.version
            walk.take_back = lambda: unread_again([post.id])
        else:
            before = {post.id: model.read.pop(post.id)} if post.id in model.read else {}
            walk.take_back = lambda: read_again(before)


async def step(walk: Walk, pilot: Pilot[Any], screen: JamScreen, session: Session) -> str:
    """One thing that happens; the model is told what must have come of it."""
    rng, model = walk.rng, walk.model
    chance = rng.random()
    if chance < 0.16:
        before, line = place(screen), screen.reader.cursor_line
        seen = {row.id for row in session.posts(screen.reader.visible_keys())} if screen.spot.reading else set()
        changed = walk.fetch_anew() if chance < 0.03 else walk.apply()
        screen.post_message(JamChanged(changed))
        await pilot.pause()
        what = f"fetched anew {changed.everything}"
        if screen.spot.reading:
            reader = screen.reader
            assert reader.cursor_row is not None, what
            assert reader.cursor_row.id == before[5], what
            last = len(reader._order) - 1
            # What is on the screen may itself have been edited. A post that became shorter may leave less than a view:
            # then the thread ends at the end of the view.
            ends = reader._lines_in_view()[-1] == (last, reader._height(last) - 1) and reader.cursor_line < line
            if not ends and not seen & changed.posts:
                assert reader.cursor_line == line, what
        elif before[4] in {row.id for row in map(screen.list_now._row, range(len(screen.list_now.keys))) if row}:
            assert place(screen)[:5] == before[:5], what
        return what
    if chance < 0.20:
        other = walk.session()  # a second jamtui on this mirror
        some = rng.choice(list(model.posts.values()))
        key = other.key(some.id)
        assert key is not None
        other.mark_read([key])
        if some.id not in model.read or model.read[some.id] < some.version:
            model.read[some.id] = some.version
        other.close()
        screen.look()
        await pilot.pause()
        return "second reader"
    if chance < 0.23:
        kind, target = rng.choice([(MarkKind.TAG, TAGS), (MarkKind.PERSON, PEOPLE[1:])])
        one = rng.choice(target)
        sets = model.muted_tags if kind is MarkKind.TAG else model.muted_people
        sets ^= {one}
        session.set_mark(f"#{one}" if kind is MarkKind.TAG else f"@p{PEOPLE.index(one)}", Mark.MUTED)
        screen.reload()
        await pilot.pause()
        return f"mute {one}"
    if chance < 0.24:
        screen._preview()  # the cursor of the list has rested
        await pilot.pause()
        return "rest"
    if chance < 0.25:
        walk.time += timedelta(days=rng.randrange(-300, 300))
        return "clock"
    key = rng.choice(KEYS)
    if key == "u" and screen.spot.reading:
        key = "space"  # what is marked by hand in the thread that is read: see test_marks
    if key == "escape" and not screen.spot.reading and screen.spot.place == "forums" and not screen.spot.forum:
        key = "enter"  # it would leave; restarts are chosen apart
    if screen.spot.reading and moves_on(screen, key):
        model.see(finished(screen, session))
    keys = [key, "z"] if key == "A" and rng.random() < 0.7 else [key]
    for one in keys:
        if one in ("A", "u", "m", "F", "z"):
            predict(walk, screen, one)
        await pilot.press(one)
        await pilot.pause()
    return " ".join(keys)


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setattr("screens.view.PREVIEW_AFTER", 3600.0)  # a step of the walk, not of the clock: a seed repeats


async def test_a_random_walk_agrees_with_the_model(tmp_path: Path, figure: Callable[[str], None]) -> None:
    rng = random.Random(SEED)
    walk = Walk(tmp_path, rng)
    left, starts, kept, explored = STEPS, 0, None, False
    while left > 0:
        explored = walk.model.explore
        walk.model.explore = rng.random() < 0.15
        session = walk.session(explore=walk.model.explore)
        app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=walk.clock)
        done: list[str] = []
        async with app.run_test(size=rng.choice(SIZES)) as pilot:
            await pilot.pause()
            screen = app.screen
            assert isinstance(screen, JamScreen)
            starts += 1
            walk.take_back = lambda: None
            if kept is not None:
                # A terminal of another width has other lines: post and list are the same, the line may not be. What is
                # hot is another list at another time, and what changed while exploring, which keeps no place, may have
                # taken the row from its list.
                same = [0, 1, 2, 3] if explored else [0, 1, 2, 3, 5] if kept[0] == "hot" else range(6)
                here = place(screen)
                assert [here[n] for n in same if n < len(here)] == [kept[n] for n in same if n < len(kept)], (
                    f"seed {SEED}, start {starts}: not where one was"
                )
            for _ in range(min(left, rng.randrange(1, LIFE))):
                left -= 1
                done.append(await step(walk, pilot, screen, session))
                walk.compare(session, f"seed {SEED}, start {starts}, after {done}")
            if not walk.model.explore:
                kept = place(screen)
            walk.model.see(finished(screen, session))
            app.exit(0)
        session.close()
        fresh = walk.session()
        walk.compare(fresh, f"seed {SEED}, after the end of start {starts}: {done}")
        fresh.close()
        if rng.random() < 0.3:
            walk.fetch_anew()
    figure(f"walk: {STEPS:,} steps, {starts} starts, {len(walk.model.posts)} posts, seed {SEED}: no difference")
