"""A random walk of keys, changes, restarts and a second reader, against a model of unread, lists and place.

Every list is compared with what the model says must stand in it, in that order: sorted, narrowed, hot,
followed, a plan.

`JAMTUI_WALK=10000 pytest tests/tui/test_walk.py -s` (or ``make soak``) walks 10,000 steps; without it, some hundred.
The seed is printed with every difference and can be given as JAMTUI_WALK_SEED.
"""

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual import constants
from textual.pilot import Pilot
from textual.widgets import Input
from walk_model import CLOSES, FORUMS, NOW, OPENS, PEOPLE, Model, Post, words_of

from jamtui.app import JamApp
from jamtui.archive import rfc3339
from jamtui.model import Changed, ForumRow, Mark, PostRow, ThreadRow
from jamtui.paths import Home
from jamtui.session import Session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from screens.dialogs import Confirm
from screens.jam import JamScreen
from screens.messages import JamChanged
from widgets.status_line import HintLine

STEPS = int(os.environ.get("JAMTUI_WALK", "240"))
SEED = int(os.environ.get("JAMTUI_WALK_SEED", "1"))
LIFE = 60  # steps between two starts at most
SIZES = [(80, 24), (120, 40), (160, 45), (44, 14), (40, 10), (220, 50)]
TAGS = ["tea", "coffee", "open space"]
LANGS = ["", "", "de", "de-CH", "en"]
SORTED = {"a": "active", "n": "new", "v": "votes", "r": "replies", "u": "unanswered"}
FILTERS = [
    *("tag:tea", "#coffee", 'tag:"open space"', "author:p1", "@P2", "author:p0", "lang:de", "lang:en", "is:unread"),
    *("has:code", "since:2h", "since:300d", "before:2026-11-23T10:00:30Z", "since:2026-11-23T10:00:20Z"),
]
KEYS = ["space"] * 8 + [
    *"jjjkknnpbgGuAmFzhlJK12346THixxs",
    "enter",
    "enter",
    "enter",
    "escape",
    "escape",
    "tab",
    "right_square_bracket",
]


class Walk:
    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder = folder
        self.rng = rng
        self.model = Model()
        self.time = NOW
        self.done: list[Callable[[], None]] = []  # what z takes back, the last one first
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
        code = "and `code`\n\n" if self.rng.random() < 0.15 else ""
        return code + "\n\n".join("Some words that go on." * 3 for _ in range(self.rng.choice([1, 1, 1, 2, 4, 40])))

    def some_tags(self) -> list[str]:
        return self.rng.sample(TAGS, self.rng.choice([1, 1, 2])) if self.rng.random() < 0.25 else []

    def new_thread(self) -> Post:
        one = self.new_id()
        post = Post(one, one, None, self.rng.randrange(3), self.rng.choice(PEOPLE), self.body(), self.some_tags(),
                    self.rng.choice(LANGS))  # fmt: skip
        self.model.posts[one] = post
        return post

    def new_reply(self) -> Post:
        parent = self.rng.choice(list(self.model.posts.values()))
        forum = self.model.posts[parent.thread].forum
        post = Post(self.new_id(), parent.thread, parent.id, forum, self.rng.choice(PEOPLE), self.body(),
                    self.some_tags(), self.rng.choice(LANGS))  # fmt: skip
        self.model.posts[post.id] = post
        return post

    def changed_posts(self) -> list[Post]:
        rng, posts = self.rng, list(self.model.posts.values())
        match rng.randrange(9):
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
            case 7:
                voted = rng.sample(posts, 3)
                for post in voted:
                    post.up = max(0, post.up + rng.choice([-1, 1, 2]))
                return voted
            case _:
                thread, forum = rng.choice(posts).thread, rng.randrange(3)
                moved = [post for post in posts if post.thread == thread]
                for post in moved:
                    post.forum = forum
                return moved

    def apply(self) -> Changed:
        posts = self.changed_posts()
        db = connection.connect(self.jam.mirror, mirror.SCHEMA)
        self.model.seq += len(posts)
        changed = Mirror(db).apply(
            [("post", post.raw(self.model.order(post.id))) for post in posts], f"{self.model.seq}-aaaa"
        )
        db.close()
        return changed

    def fetch_anew(self) -> Changed:
        db = connection.connect(self.jam.mirror, mirror.SCHEMA)
        loading = Loading(Mirror(db), f"{self.model.seq}-aaaa")

        def record(kind: str, **data: object) -> None:
            loading.feed(json.dumps({"type": kind, "data": data}).encode())

        record("jam", format=1, id="j", slug="tea", title="Tea", opens_at=rfc3339(OPENS),
               closes_at=rfc3339(CLOSES))  # fmt: skip
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
        assert session.muted().tags == model.muted_tags, what
        assert session.muted().people == model.muted_people, what
        assert session.followed().tags == model.followed_tags, what
        assert session.followed().people == model.followed_people, what
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


def compare_list(walk: Walk, screen: JamScreen, what: str) -> None:
    """The list at the left, and the store's answer behind it, against the model."""
    model, spot = walk.model, screen.spot
    newest = [post for post in reversed(model.posts.values()) if not post.gone]
    others = [post for post in newest if post.author != PEOPLE[0]]
    expected: list[str]
    if spot.place in ("people", "outbox", "hot") or spot.kind == "forums":
        return  # compared where one comes to them
    if spot.place == "plan":
        assert screen._plan is not None, what
        assert ids(screen, screen.list_now.keys) == [step.post.id for step in screen._plan.steps], what
        return
    if spot.kind == "threads":
        expected = model.threads(spot.forum, spot.sort, words_of(spot.filter), walk.time)
    elif spot.place == "live":
        expected = [post.id for post in newest]
    elif spot.place == "mentions":
        expected = [p.id for p in others if p.parent and model.posts[p.parent].author == PEOPLE[0]]
    elif spot.place == "followed":
        expected = [post.id for post in others if model.followed(post) and not model.muted(post)]
    elif spot.place == "person":
        expected = [post.id for post in newest if post.author == spot.about]
    else:  # by when they were saved: the clock of the walk jumps
        expected = sorted(model.saved)
    stored = ids(screen, screen._keys())
    assert (sorted(stored) if spot.place == "saved" else stored) == expected, what
    if not spot.reading:  # what is read in a thread leaves a list of what is unread when one comes back to it
        assert ids(screen, screen.list_now.keys) == stored, what


def ids(screen: JamScreen, keys: Sequence[Any]) -> list[str]:
    fetch = screen.session.threads if screen.spot.kind == "threads" else screen.session.posts
    return [row.id for row in fetch(keys)]


def compare_plan(walk: Walk, screen: JamScreen, minutes: int, what: str) -> None:
    """A plan just made: nothing but what is unread, within the time, each post worth it after what it answers."""
    plan, posts = screen._plan, walk.model.posts
    assert plan is not None, what
    unread = {post.id for post in walk.model.unread()}
    steps = [step.post.id for step in plan.steps]
    assert plan.unread == len(unread), what
    assert len(set(steps)) == len(steps), what
    assert set(steps) <= unread, what
    assert plan.seconds <= 60 * minutes, what
    for at, step in enumerate(plan.steps):
        post = posts[step.post.id]
        needs = {one for one in (post.thread, post.parent) if one in unread}
        assert step.context or needs <= set(steps[: at + 1]), what  # what is there for another alone needs nothing
    threads = [posts[one].thread for one in steps]
    assert len(list(itertools.groupby(threads))) == len(set(threads)), what
    assert ids(screen, screen.list_now.keys) == steps, what


def finished(screen: JamScreen, session: Session) -> set[str]:
    """The posts whose last line is on the screen: those are read when the reader pages on or leaves the thread."""
    reader = screen.reader
    if not screen.spot.reading:
        return set()
    keys = [reader._key(at) for at, line in reader._lines_in_view() if line == reader._draw(at).post.end - 1]
    return {row.id for row in session.posts(keys)}


def read_by(walk: Walk, screen: JamScreen, key: str) -> set[str]:
    """The posts that this key reads: all that the screen shows to its end, the one that is left, or none."""
    reader, spot, row = screen.reader, screen.spot, screen.reader.cursor_row
    if not spot.reading or row is None:
        return set()
    seen = finished(screen, screen.session)
    at, last = reader._cursor, len(reader._order) - 1
    if key == "space" and (branch := branch_ahead(walk, screen)) is not None:
        return {row.id for row in screen.session.posts([reader._key(one) for one in branch])} & seen
    if key == "space" or key in (*"12346THi", "escape", "tab") or (key == "x" and spot.filter):
        return seen
    if (key == "j" and at < last) or (key == "k" and at > 0):
        return seen & {row.id}
    if key in "np" and spot.place == "plan" and screen._plan is not None:
        step, steps, here = (1 if key == "n" else -1), screen._plan.steps, screen.list_now.cursor_index
        if not 0 <= here + step < len(steps):
            return seen if step > 0 else set()
        if steps[here + step].post.thread_id != spot.thread:
            return seen
        return seen & {row.id} if step > 0 else set()
    if key == "n":
        keys = screen.session.thread_index(spot.thread).keys
        told = {post.id for post in screen.session.posts([*reader._pending])}
        unread = {post.id for post in walk.model.unread()} - told
        if unread & {post.id for post in screen.session.posts(keys)} - {row.id}:
            return seen & {row.id}
        return seen if leads_out(walk, screen) else set()
    if key in "JK":
        keys, at = list(screen.list_now.keys), screen.list_now.cursor_index
        ahead = keys[at + 1 :] if key == "J" else keys[: max(at, 0)]
        rows = screen.session.threads(ahead) if spot.kind == "threads" else screen.session.posts(ahead)
        others = {row.id if isinstance(row, ThreadRow) else row.thread_id for row in rows} - {spot.thread}
        return seen if others else set()
    if key == "right_square_bracket":
        forums = screen.session.forums()
        beside = screen.list_now.cursor_row
        here = spot.forum or getattr(beside, "forum_id", "") or getattr(beside, "id", "")
        return seen if any(forum.unread and forum.id != here for forum in forums) else set()
    return set()


def branch_ahead(walk: Walk, screen: JamScreen) -> list[int] | None:
    """The places down to the first fold in the view that hides what is unread and is not passed yet; None for none."""
    reader = screen.reader
    told = {post.id for post in screen.session.posts([*reader._pending])}
    unread = {post.id for post in walk.model.unread()} - told
    ended = dict.fromkeys(at for at, line in reader._lines_in_view() if line == reader._draw(at).post.end - 1)
    for at in ended:
        if at >= reader._cursor and reader._key(at) in reader._order.folded:
            hidden = {post.id for post in screen.session.posts(reader._order.below(at))}
            if hidden & unread and screen.spot.place != "plan":
                return [one for one in ended if one <= at]
    return None


def leads_out(walk: Walk, screen: JamScreen) -> bool:
    """Whether reading on from the end of a thread leads to another one."""
    spot, rows = screen.spot, screen.list_now
    others = {post.thread for post in walk.model.unread()} - {spot.thread}
    if spot.place in ("all", "hot") or spot.filter:
        return bool(others & set(ids(screen, rows.keys)))
    if spot.kind == "posts":
        keys, at = list(rows.keys), rows.cursor_index
        listed = screen.session.posts(keys[at + 1 :] + keys[: max(at, 0)])
        first = next((row for row in listed if row.unread), None)
        if first is not None:
            return first.thread_id != spot.thread
    return bool(others)


def place(screen: JamScreen) -> tuple[object, ...]:
    row = screen.list_now.cursor_row
    at: tuple[object, ...] = ()
    if screen.spot.reading and screen.reader.cursor_row is not None:
        at = (screen.reader.cursor_row.id, screen.reader.cursor_line)
    spot = screen.spot
    return (spot.place, spot.forum, spot.reading, (spot.sort, spot.filter, spot.about), getattr(row, "id", None), *at)


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
        if walk.done:
            walk.done.pop()()
    elif (model.explore and key in ("A", "u")) or (key == "A" and spot.kind in ("people", "outbox")):
        return
    elif key == "s":
        target = screen.reader.cursor_row if spot.reading else row
        if isinstance(target, ThreadRow | PostRow):
            was, here = target.id in model.saved, target.id

            def saved_again() -> None:
                (model.saved.add if was else model.saved.discard)(here)

            model.saved ^= {here}
            walk.done.append(saved_again)
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
            walk.done.append(lambda: unread_again([p.id for p in scope]))
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
            walk.done.append(marked_again)
    elif isinstance(row, ThreadRow):
        if here := [p.id for p in unread if p.thread == row.id]:
            model.read |= dict.fromkeys(here, 0)
            walk.done.append(lambda: unread_again(here))
        else:
            inside = [p.id for p in model.posts.values() if p.thread == row.id]
            versions = {one: model.read.pop(one) for one in inside if one in model.read}
            walk.done.append(lambda: read_again(versions))
    elif isinstance(row, PostRow):
        post = model.posts[row.id]
        if post in unread:
            model.read[post.id] = post.version
            walk.done.append(lambda: unread_again([post.id]))
        else:
            before = {post.id: model.read.pop(post.id)} if post.id in model.read else {}
            walk.done.append(lambda: read_again(before))


def further_on(walk: Walk, screen: JamScreen, key: str) -> tuple[str, str] | None:
    """Where Space or n leads when it leads to another thread of a forum; None where it does something else."""
    model, spot, row = walk.model, screen.spot, screen.list_now.cursor_row
    if model.explore or key not in ("space", "n") or spot.place != "forums" or spot.filter or screen.hits is not None:
        return None
    if spot.reading:
        return model.next_thread(spot.forum, spot.thread, walk.time)
    if isinstance(row, ForumRow):
        return model.next_thread(row.id, "", walk.time)
    if not isinstance(row, ThreadRow):
        return model.next_thread(spot.forum, "", walk.time)
    here = any(post.thread == row.id for post in model.unread())
    return (spot.forum, row.id) if here else model.next_thread(spot.forum, row.id, walk.time)


async def step(walk: Walk, pilot: Pilot[Any], screen: JamScreen, session: Session, done: list[str]) -> str:
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
        number = other.key(some.id)
        assert number is not None
        other.mark_read([number])
        if some.id not in model.read or model.read[some.id] < some.version:
            model.read[some.id] = some.version
        other.close()
        screen.look()
        await pilot.pause()
        return "second reader"
    if chance < 0.23:
        tags = rng.random() < 0.5
        name, mark = rng.choice(TAGS if tags else PEOPLE[1:]), rng.choice(list(Mark))
        sets = [model.muted_tags, model.followed_tags] if tags else [model.muted_people, model.followed_people]
        this, that = sets if mark is Mark.MUTED else reversed(sets)
        this ^= {name}
        that -= {name}
        session.set_mark(f"#{name}" if tags else f"@p{PEOPLE.index(name)}", mark)
        screen.reload()
        await pilot.pause()
        return f"{mark} {name}"
    if chance < 0.24:
        screen._preview()  # the cursor of the list has rested
        await pilot.pause()
        return "rest"
    if chance < 0.26:
        walk.time += rng.choice([timedelta(days=rng.randrange(-300, 300)), timedelta(hours=rng.randrange(-3, 3))])
        if rng.random() < 0.2:
            walk.time = NOW + timedelta(minutes=rng.randrange(200))
        screen._tick()
        await pilot.pause()
        return f"clock {walk.time}"
    if chance < 0.28:
        before, size = place(screen), rng.choice(SIZES)
        await pilot.resize_terminal(*size)
        await pilot.pause()
        assert place(screen)[:6] == before[:6], f"resize to {size}"
        return f"resize to {size}"
    if chance < 0.35:
        return await go_a_way(walk, pilot, screen)
    key = rng.choice(KEYS)
    if key == "u" and screen.spot.reading:
        key = "space"  # what is marked by hand in the thread that is read: see test_marks
    if key == "escape" and not screen.spot.reading and screen.spot.place == "forums" and not screen.spot.forum:
        key = "enter"  # it would leave; restarts are chosen apart
    model.see(read_by(walk, screen, key))
    further, was_at = further_on(walk, screen, key), (screen.spot.forum, screen.spot.thread)
    keys = [key, "z"] if key in ("A", "x") and rng.random() < 0.7 else [key]
    spot, narrowed = screen.spot, screen.spot.filter
    hint_line = screen.query_one(HintLine)
    hint_line.quiet()
    for one in keys:
        if one in ("A", "u", "m", "F", "z", "s"):
            predict(walk, screen, one)
        await pilot.press(one)
        await pilot.pause()
        if isinstance(pilot.app.screen, Confirm):  # more than 200 posts are marked
            await pilot.press("enter")
            await pilot.pause()
        if narrowed and not screen.spot.filter and (one == "x" or (one in ("escape", "h") and spot.place == "forums")):
            walk.done.append(lambda: None)  # z narrows it again before it takes back what was marked
    what = " ".join(keys)
    if further is not None and screen.spot.place == "forums" and screen.spot.reading:
        assert (screen.spot.forum, screen.spot.thread) in (further, was_at), f"{what} after {done}"
    if keys[-1] == "x" or (key == "x" and narrowed):
        assert screen.spot.filter == (narrowed if keys[-1] == "z" else ""), what
    if key == "H":
        assert ids(screen, screen.list_now.keys) == model.hot(walk.time), what
    if hint_line.toast.startswith("All read") and not model.explore:
        why = f"{what} in {screen.spot} after {done}"
        unread = {post.thread for post in model.unread()}
        if screen.spot.place in ("all", "hot") or screen.spot.filter:
            assert not unread & set(ids(screen, screen.list_now.keys)), why
        elif screen.spot.kind != "outbox":
            assert not unread, why
    return what


async def go_a_way(walk: Walk, pilot: Pilot[Any], screen: JamScreen) -> str:
    """Sorts, narrows, makes a plan, or shows the people; the terminal may change its size while a dialog is open."""
    rng, model = walk.rng, walk.model

    async def dialog(key: str) -> bool:
        await pilot.press(key)
        await pilot.pause()
        if (open_now := pilot.app.screen is not screen) and rng.random() < 0.3:
            await pilot.resize_terminal(*rng.choice(SIZES))
            await pilot.pause()
        return open_now

    match rng.randrange(4):
        case 0:
            letter = rng.choice(list(SORTED))
            if await dialog("S"):
                await pilot.press(letter)
                await pilot.pause()
                assert screen.spot.sort == SORTED[letter]
                if not model.explore:  # which keeps no order for the next start
                    model.orders[screen.spot.forum] = SORTED[letter]
            return f"S{letter}"
        case 1:
            line = " ".join(rng.sample(FILTERS, rng.choice([1, 1, 2, 3])))
            before = f"{screen.spot.filter} " if screen.spot.filter and screen.spot.kind == "threads" else ""
            if await dialog("f"):
                pilot.app.screen.query_one(Input).value = before + line
                await pilot.pause()
                model.see(finished(screen, screen.session))  # the thread is left for the list
                await pilot.press("enter")
                await pilot.pause()
                assert screen.spot.filter == before + line
            return f"f {before + line}"
        case 2:
            if screen.spot.reading:
                model.see(finished(screen, screen.session))
            minutes = rng.choice([1, 2, 5, 15])
            await screen.perform("plan", str(minutes))
            await pilot.app.workers.wait_for_complete()
            await pilot.pause()
            compare_plan(walk, screen, minutes, f"plan {minutes}")
            return f"plan {minutes}"
        case _:
            if screen.spot.reading:
                model.see(finished(screen, screen.session))
            await screen.perform("people")
            await pilot.pause()
            return "people"


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setattr("screens.view.PREVIEW_AFTER", 3600.0)  # a step of the walk, not of the clock: a seed repeats


async def test_a_random_walk_agrees_with_the_model(tmp_path: Path, figure: Callable[[str], None]) -> None:
    rng = random.Random(SEED)
    walk = Walk(tmp_path, rng)
    left, starts, kept, explored, size = STEPS, 0, None, False, SIZES[0]
    while left > 0:
        explored = walk.model.explore
        walk.model.explore = rng.random() < 0.15
        session = walk.session(explore=walk.model.explore)
        app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=walk.clock)
        done: list[str] = []
        before, size = size, size if rng.random() < 0.5 else rng.choice(SIZES)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            screen = app.screen
            assert isinstance(screen, JamScreen)
            starts += 1
            walk.done.clear()
            if kept is not None:
                # A terminal of another width has other lines: post and list are the same, the line may not be. What is
                # hot is another list at another time, and what changed while exploring, which keeps no place, may have
                # taken the row from its list. What was read to its end has left a list of what is unread.
                unsure = kept[0] == "hot" or "is:unread" in str(kept[3]) or "since:" in str(kept[3])
                same = [0, 1, 2, 3] if explored else [0, 1, 2, 3, 5] if unsure else range(7 if size == before else 6)
                here = place(screen)
                if kept[0] == "plan":  # which is for now: what was read stands in its forum, with that forum's order
                    same = [2, 5]
                assert [here[n] for n in same if n < len(here)] == [kept[n] for n in same if n < len(kept)], (
                    f"seed {SEED}, start {starts}: not where one was"
                )
            for _ in range(min(left, rng.randrange(1, LIFE))):
                left -= 1
                done.append(await step(walk, pilot, screen, session, done))
                what = f"seed {SEED}, start {starts}, after {done}"
                assert screen.is_current, what
                walk.compare(session, what)
                compare_list(walk, screen, what)
            if not walk.model.explore:
                kept = place(screen)
            size = (app.size.width, app.size.height)
            walk.model.see(finished(screen, session))
            app.exit(0)
        session.close()
        fresh = walk.session()
        walk.compare(fresh, f"seed {SEED}, after the end of start {starts}: {done}")
        fresh.close()
        if rng.random() < 0.3:
            walk.fetch_anew()
    figure(f"walk: {STEPS:,} steps, {starts} starts, {len(walk.model.posts)} posts, seed {SEED}: no difference")
