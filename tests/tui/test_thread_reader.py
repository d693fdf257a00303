"""The reader of a thread: what a person sees, presses and has read; live posts; strangers' text."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.app import App, ComposeResult
from textual.color import Color

from jamtui.model import PostRow, SendState, ThreadIndex
from jamtui.safe_text import safe_block, safe_line
from widgets import thread_view
from widgets.colours import MIN_CONTRAST, author_colours, contrast
from widgets.rows import post_row
from widgets.thread_reader import ThreadReader
from widgets.thread_view import LOAD_AT_ONCE

HOSTILE = json.loads((Path(__file__).parents[1] / "data" / "hostile" / "corpus.json").read_text("utf-8"))
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

NOW = datetime(2011, 2, 9, 12, 0, tzinfo=UTC)


def post(key: int, body: str = "Some words.", parent: int | None = None, **fields: object) -> PostRow:
    """A post of thread ``id-1``; ``parent`` is a key."""
    row = PostRow(
        key=key,
        id=f"id-{key}",
        forum_id="forum",
        thread_id="id-1",
        parent_id=None if parent is None else f"id-{parent}",
        author=f"Author {key % 7}",
        handle=f"author{key % 7}",
        role="participant",
        author_id=f"person-{key % 7}",
        title="A title" if parent is None else "",
        body=body,
        created_at=NOW - timedelta(minutes=5000 - key),
        edited_at=None,
        version=1,
        up=0,
        voted=False,
        tags=(),
        unread=False,
        mine=False,
        saved=False,
        gone="",
    )
    return replace(row, **fields)  # type: ignore[arg-type] # fields by name


def index_of(posts: Sequence[PostRow]) -> ThreadIndex:
    """The index of posts in the order given; a parent stands before its replies."""
    places = {row.id: place for place, row in enumerate(posts)}
    parents = [places.get(row.parent_id or "", -1) for row in posts]
    depths: list[int] = []
    for parent in parents:
        depths.append(0 if parent < 0 else depths[parent] + 1)
    unread = frozenset(row.key for row in posts if row.unread)
    return ThreadIndex("id-1", tuple(row.key for row in posts), tuple(depths), tuple(parents), unread)


def flat(count: int, body: str = "Some words.", unread: bool = False) -> list[PostRow]:
    """An opener and ``count - 1`` replies to it."""
    return [
        post(1, body, unread=unread),
        *(post(key, f"{body} {key}", 1, unread=unread) for key in range(2, count + 1)),
    ]


class ReaderApp(App[None]):
    """A reader of posts that a test may change, and what it told."""

    def __init__(self, posts: Sequence[PostRow]) -> None:
        super().__init__()
        self.posts = {row.key: row for row in posts}
        self.loaded: list[int] = []
        self.told: list[object] = []
        self.time = NOW
        self.reader = ThreadReader(self.load, lambda: self.time)

    def load(self, keys: Sequence[int]) -> list[PostRow]:
        self.loaded += keys
        return [self.posts[key] for key in keys if key in self.posts]

    def index(self) -> ThreadIndex:
        return index_of(list(self.posts.values()))

    def compose(self) -> ComposeResult:
        yield self.reader

    def on_thread_reader_moved(self, event: ThreadReader.Moved) -> None:
        self.told.append(event.key)

    def on_thread_reader_seen(self, event: ThreadReader.Seen) -> None:
        self.told.append(("seen", set(event.keys)))

    def on_thread_reader_link_clicked(self, event: ThreadReader.LinkClicked) -> None:
        self.told.append(("link", event.link.url))

    @property
    def lines(self) -> list[str]:
        """What is on the screen, without the bar and the spaces at the ends."""
        return [self.reader.render_line(y).text[:-1].rstrip() for y in range(self.reader.size.height)]


async def test_a_thread_as_a_person_sees_it() -> None:
    posts = [
        post(1, "We *start*.", title="An idea", tags=("jam", "two words"), up=3, author="Ada", role="host"),
        post(2, "I agree.", 1, author="Grace", unread=True, edited_at=NOW),
        post(3, "Me too.", 2, author="Linus", mine=True, send=SendState.SENDING),
        post(4, "", 1, author="Bob", gone="deleted"),
        post(5, "No.", 1, author="Zoe", mine=True, send=SendState.REFUSED, reason="the Jam closed"),
    ]
    app = ReaderApp(posts)
    async with app.run_test(size=(60, 24)) as pilot:
        app.reader.set_thread(app.index())
        await pilot.pause()
        seen = [" ".join(line.split()) for line in app.lines]
        assert seen[:6] == ["▌· An idea", "▌ Ada [host] · 3 d ago ▲ 3", "▌ #jam #two words", "▌", "▌ We start.", ""]
        assert seen[5:9] == ["", "● │ Grace · 3 d ago · edited", "│ I agree.", "│"]
        assert seen[9:12] == ["· │ │ Linus you · 3 d ago ↑ sending", "│ │ Me too.", "│"]
        assert seen[12:14] == ["· │ Bob · 3 d ago", "› │ (taken back by its author)"]
        assert seen[15:18] == ["· │ Zoe you · 3 d ago ✗ refused", "› │ ✗ refused: the Jam closed", "│ No."]


@pytest.mark.parametrize(
    ("title", "body", "first"),
    [
        ("One sentence that says it all.", "One sentence that says it all.", "▌· Author 1"),
        ("One sentence that is…", "One  sentence\nthat is longer than its title.", "▌· Author 1"),
        ("One sentence", "Another text.", "▌· One sentence"),
        ("One sentence", "", "▌· One sentence"),
    ],
)
async def test_a_title_that_only_repeats_the_text_is_not_shown_twice(title: str, body: str, first: str) -> None:
    app = ReaderApp([post(1, body, title=title)])
    async with app.run_test(size=(60, 12)) as pilot:
        app.reader.set_thread(app.index())
        await pilot.pause()
        assert app.lines[0].replace("  ", " ").startswith(first)
        assert sum("sentence" in line for line in app.lines) <= 1 + body.count("\n")


@pytest.mark.parametrize(
    ("title", "body", "told"),
    [
        ("One sentence that says it all.", "One sentence that says it all.", "One sentence that says it all."),
        ("One sentence that is…", "One  sentence\nthat is long.", "One sentence that is long."),
        ("One sentence", "Another text.", "One sentence  Another text."),
        ("", "An answer.", "↳ An answer."),
    ],
)
def test_in_a_list_of_posts_one_sentence_stands_once(title: str, body: str, told: str) -> None:
    lines = post_row(post(1, body, title=title), 80, NOW)
    assert "".join(span.text for span in lines[1]).strip() == told


async def test_a_long_thread_loads_only_what_is_seen() -> None:
    app = ReaderApp(flat(3000))
    async with app.run_test(size=(80, 24)) as pilot:
        app.reader.set_thread(app.index())
        await pilot.pause()
        assert len(app.loaded) <= 2 * LOAD_AT_ONCE
        app.reader.last()
        await pilot.pause()
        assert app.lines[-1].endswith("Some words. 3000")
        assert len(app.loaded) <= 5 * LOAD_AT_ONCE
        assert app.told == [1, 3000]


async def test_a_page_is_drawn_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page down will show is drawn, down to what the terminal is told, while the page before it is read."""
    app = ReaderApp(flat(300))
    async with app.run_test(size=(80, 24)) as pilot:
        app.reader.focus()
        app.reader.set_thread(app.index())
        await pilot.pause()
        app.reader.page(1)
        await pilot.pause()
        drawn: list[str] = []
        draw, paint = thread_view.draw_post, thread_view.paint
        monkeypatch.setattr(thread_view, "draw_post", lambda *all_of: (drawn.append("post"), draw(*all_of))[1])
        monkeypatch.setattr(thread_view, "paint", lambda *all_of: (drawn.append("line"), paint(*all_of))[1])
        app.reader.page(1)
        app.reader.render_lines(app.reader.size.region)
        assert drawn.count("post") == 0
        assert drawn.count("line") <= 3  # where the bar is: that depends on the height of what is not drawn yet


async def test_paging_reads_on_to_the_end_and_tells_what_was_seen() -> None:
    app = ReaderApp(flat(30, unread=True))
    async with app.run_test(size=(60, 20)) as pilot:
        app.reader.set_thread(app.index())
        await pilot.pause()
        pages = 0
        while app.reader.page(1):
            pages += 1
            assert pages < 20
        await pilot.pause()
        told = [set(one[1]) for one in app.told if isinstance(one, tuple) and one[0] == "seen"]
        assert set().union(*told) == set(range(1, 31))
        assert sum(map(len, told)) == 30
        assert pages == 4  # 91 lines, 18 at a time
        assert not app.reader.page(1)
        while app.reader.page(-1):
            pass
        assert app.reader.cursor_key == 1


async def test_a_post_is_seen_when_its_last_line_was_on_the_screen() -> None:
    app = ReaderApp([post(1, "word\n\n" * 30, unread=True), post(2, "Short.", 1, unread=True)])
    async with app.run_test(size=(60, 20)) as pilot:
        app.reader.set_thread(app.index())
        await pilot.pause()
        app.reader.scroll_lines(3)
        await pilot.pause()
        assert app.told == [1]
        while app.reader.page(1):
            pass
        app.reader.leave()
        await pilot.pause()
        assert ("seen", {1, 2}) in app.told


async def test_a_preview_reads_nothing() -> None:
    app = ReaderApp(flat(30, unread=True))
    async with app.run_test(size=(60, 20)) as pilot:
        app.reader.previewing = True
        app.reader.set_thread(app.index())
        await pilot.pause()
        app.reader.page(1)
        app.reader.leave()
        await pilot.pause()
        assert not any(isinstance(one, tuple) for one in app.told)


async def test_what_is_marked_unread_by_hand_stays_unread() -> None:
    app = ReaderApp(flat(3, unread=True))
    async with app.run_test(size=(60, 24)) as pilot:
        app.reader.set_thread(app.index())
        await pilot.pause()
        app.reader.page(1)
        app.reader.move(1)
        await pilot.pause()
        assert ("seen", {1, 2, 3}) in app.told
        index = app.index()
        app.reader.update_thread(replace(index, unread=frozenset()), [])
        app.reader.update_thread(replace(index, unread=frozenset({2})), [])
        app.told.clear()
        app.reader.move(1)
        await pilot.pause()
        assert app.told == [3]
        assert app.reader.next_unread()
        assert app.reader.cursor_key == 2


READ_BY = {
    "j": (lambda reader: reader.move(1), {3}),
    "k": (lambda reader: reader.move(-1), {3}),
    "n": (lambda reader: reader.next_unread(1), {3}),
    "a page on": (lambda reader: reader.page(1), {1, 2, 3, 4, 5, 6}),
    "out of the thread": (lambda reader: reader.leave(), {1, 2, 3, 4, 5, 6}),
    "the wheel": (lambda reader: reader.wheel(7), {1, 2}),
    "p": (lambda reader: reader.next_unread(-1), set()),
    "g": (lambda reader: reader.first(), set()),
    "G": (lambda reader: reader.last(), set()),
    "h": (lambda reader: reader.fold(), set()),
    "l": (lambda reader: (reader.fold(), reader.unfold()), set()),
    "a jump": (lambda reader: reader.go_to(20), set()),
    "the bar": (lambda reader: reader.drag_to(0.5), set()),
    "the wheel back": (lambda reader: reader.wheel(-3), set()),
}


@pytest.mark.parametrize("act", READ_BY)
async def test_only_reading_on_marks_as_read(act: str) -> None:
    """Of six posts that the screen shows to their end, the third is under the cursor."""
    app = ReaderApp(flat(30, unread=True))
    async with app.run_test(size=(60, 20)) as pilot:
        app.reader.set_thread(app.index())
        app.reader.move(0)
        await pilot.pause()
        y = next(y for y, line in enumerate(app.lines) if line.endswith("words. 3"))
        await pilot.click(ThreadReader, offset=(10, y))
        assert app.reader.cursor_key == 3
        assert app.reader._ended_in_view() == {1, 2, 3, 4, 5, 6}
        assert not any(isinstance(one, tuple) for one in app.told)  # a click reads nothing either
        do, seen = READ_BY[act]
        do(app.reader)
        await pilot.pause()
        assert set().union(*(one[1] for one in app.told if isinstance(one, tuple))) == seen


async def test_a_move_that_goes_nowhere_reads_nothing() -> None:
    app = ReaderApp(flat(3, unread=True))
    async with app.run_test(size=(60, 24)) as pilot:
        app.reader.set_thread(app.index())
        await pilot.pause()
        assert not app.reader.move(-1)
        assert app.reader.last()
        assert not app.reader.move(1)
        assert not app.reader.last()
        assert app.reader.first()
        await pilot.pause()
        assert not any(isinstance(one, tuple) for one in app.told)


async def test_next_unread_takes_the_posts_of_a_screen_one_by_one_and_moves_no_text() -> None:
    app = ReaderApp(flat(5, unread=True))
    async with app.run_test(size=(60, 24)) as pilot:
        app.reader.set_thread(app.index(), cursor=2)
        await pilot.pause()
        before = [line.lstrip("▌ ") for line in app.lines]
        app.told.clear()
        while app.reader.next_unread(1):
            await pilot.pause()
        assert app.told == [("seen", {2}), 3, ("seen", {3}), 4, ("seen", {4}), 5, ("seen", {5}), 1]
        assert [line.lstrip("▌ ") for line in app.lines] == before


async def test_next_unread_goes_down_then_round_and_out_of_folds() -> None:
    posts = [
        post(1),
        post(2, parent=1, unread=True),
        post(3, parent=2),
        post(4, parent=3, unread=True),
        post(5, parent=1),
    ]
    app = ReaderApp([*posts, *(post(key, parent=1) for key in range(6, 60))])
    app.reader.previewing = True
    async with app.run_test(size=(60, 12)) as pilot:
        app.reader.set_thread(app.index(), cursor=3)
        await pilot.pause()
        app.reader.go_to(2)
        assert app.reader.fold()
        await pilot.pause()
        assert "▸ 2 replies, 1 unread" in "\n".join(app.lines)
        assert app.reader.next_unread()
        assert app.reader.cursor_key == 4
        assert app.reader.next_unread()
        assert app.reader.cursor_key == 2
        assert app.reader.next_unread(1)
        assert app.reader.next_unread(-1)
        assert app.reader.cursor_key == 2
        assert not app.reader.next_unread(-1)


async def test_folding_and_unfolding() -> None:
    posts = [post(1), post(2, parent=1), post(3, parent=2), post(4, parent=3), post(5, parent=1)]
    app = ReaderApp(posts)
    async with app.run_test(size=(60, 40)) as pilot:
        app.reader.set_thread(app.index())
        await pilot.pause()
        assert app.reader.visible_keys() == (1, 2, 3, 4, 5)
        app.reader.move(2)
        assert app.reader.fold()
        assert app.reader.visible_keys() == (1, 2, 3, 5)
        assert app.reader.fold()  # again: the parent's
        assert app.reader.cursor_key == 2
        assert app.reader.visible_keys() == (1, 2, 5)
        assert app.reader.move(1)
        assert app.reader.cursor_key == 5
        assert not app.reader.unfold()
        assert app.reader.go_to(4)
        assert app.reader.visible_keys() == (1, 2, 3, 4, 5)
        assert not app.reader.go_to(99)


@pytest.mark.parametrize("scrolled", [0, 7, 40])
async def test_posts_that_arrive_do_not_move_what_is_read(scrolled: int) -> None:
    posts = flat(40)
    app = ReaderApp(posts)
    async with app.run_test(size=(60, 20)) as pilot:
        app.reader.set_thread(app.index(), cursor=20)
        await pilot.pause()
        app.reader.scroll_lines(scrolled - 20)
        await pilot.pause()
        key = app.reader.cursor_key
        before = app.lines
        late = {50 + n: post(50 + n, "Late.", 1) for n in range(6)}
        order = [posts[0], late[50], late[51], *posts[1:], late[52], late[53], late[54], late[55]]
        app.posts = {row.key: row for row in order}
        arrived = app.reader.update_thread(app.index(), [])
        await pilot.pause()
        assert app.lines == before
        assert app.reader.cursor_key == key
        assert arrived == 6


async def test_a_reply_of_mine_keeps_its_place_when_it_is_confirmed() -> None:
    posts = [*flat(30), post(-7, "Mine.", 1, mine=True, send=SendState.SENDING)]
    app = ReaderApp(posts)
    async with app.run_test(size=(60, 20)) as pilot:
        app.reader.set_thread(app.index(), cursor=-7)
        await pilot.pause()
        confirmed = replace(posts[-1], key=31, send=None)
        app.posts = {row.key: row for row in [*posts[:-1], confirmed]}
        app.told.clear()
        app.reader.update_thread(app.index(), [31])
        await pilot.pause()
        assert app.reader.cursor_key == 31
        assert app.told == [31]
        assert "sending" not in "\n".join(app.lines)


async def test_a_post_that_changes_is_drawn_again_and_nothing_else_moves() -> None:
    app = ReaderApp(flat(30))
    async with app.run_test(size=(60, 20)) as pilot:
        app.reader.set_thread(app.index(), cursor=10)
        await pilot.pause()
        before = app.lines
        app.posts[10] = replace(app.posts[10], up=5, version=2)
        app.reader.update_thread(app.index(), [10])
        await pilot.pause()
        assert [y for y in range(20) if app.lines[y] != before[y]] == [0]
        assert app.lines[0].endswith("▲ 5")


async def test_the_place_comes_back_exactly() -> None:
    app = ReaderApp([post(1), *(post(key, "long words " * 40, 1) for key in range(2, 40))])
    async with app.run_test(size=(60, 20)) as pilot:
        app.reader.set_thread(app.index())
        await pilot.pause()
        for _ in range(3):
            app.reader.page(1)
        for lines in (0, 3, -4, 9):
            app.reader.scroll_lines(lines)
            await pilot.pause()
            before, (key, line) = app.lines, app.reader.place()
            app.reader.set_thread(app.index(), cursor=key, line=line)
            await pilot.pause()
            assert app.lines == before
            assert app.reader.cursor_key == key


async def test_the_place_is_kept_when_it_is_asked_for_before_there_is_a_size() -> None:
    app = ReaderApp([post(1), *(post(key, "long words " * 40, 1) for key in range(2, 40))])
    app.reader.set_thread(app.index(), cursor=20, line=4)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert app.reader.place() == (20, 4)
        await pilot.resize_terminal(50, 16)
        await pilot.pause()
        assert 20 in app.reader.visible_keys()


async def test_a_place_that_was_kept_on_a_larger_terminal_shows_its_post() -> None:
    app = ReaderApp([post(1, "long words " * 200), post(2, "a", 1), post(3, "b", 1), post(4, "c " * 900, 1)])
    app.reader.set_thread(app.index(), cursor=3, line=-33)  # asked for before there is a size
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert 3 in app.reader.visible_keys()
        place = app.reader.place()
        assert place[0] == 3
        app.reader.set_thread(app.index(), cursor=3, line=-33)
        await pilot.pause()
        assert app.reader.place() == place
        app.reader.set_thread(app.index(), cursor=place[0], line=place[1])
        await pilot.pause()
        assert app.reader.place() == place


async def test_deep_threads_stay_readable_at_forty_columns() -> None:
    app = ReaderApp([post(1), *(post(key, "some words to wrap " * 5, key - 1) for key in range(2, 42))])
    async with app.run_test(size=(40, 10)) as pilot:
        app.reader.set_thread(app.index(), cursor=41)
        await pilot.pause()
        assert any("⋯40 Author" in line for line in app.lines)
        texts = [line.lstrip("▌ │") for line in app.lines]
        assert max(map(len, texts)) >= 20
        assert all(len(line) < 40 for line in app.lines)


async def test_a_body_of_one_line_of_20000_characters() -> None:
    app = ReaderApp([post(1, "x" * 20_000)])
    async with app.run_test(size=(60, 20)) as pilot:
        app.reader.set_thread(app.index())
        await pilot.pause()
        assert app.reader.toggle_all()
        app.reader.last()
        while app.reader.page(1):
            pass
        await pilot.pause()
        assert "xxx" in app.lines[-1]


async def test_show_all_of_a_post_that_was_cut() -> None:
    app = ReaderApp([post(1, "\n\n".join(f"line {n}" for n in range(500)))])
    async with app.run_test(size=(60, 20)) as pilot:
        app.reader.set_thread(app.index())
        await pilot.pause()
        while app.reader.page(1):
            pass
        assert "… show all (799 more lines)" in app.lines[-1]
        y = len(app.lines) - 1
        await pilot.click(ThreadReader, offset=(8, y))
        while app.reader.page(1):
            pass
        assert app.lines[-1].endswith("line 499")
        assert app.reader.toggle_all()


async def test_links_are_numbered_and_a_click_tells_which() -> None:
    app = ReaderApp([post(1, "See [here](https://example.org/a) or [evil](ssh://h).")])
    async with app.run_test(size=(60, 20)) as pilot:
        app.reader.set_thread(app.index())
        await pilot.pause()
        y = next(y for y, line in enumerate(app.lines) if "here[1]" in line)
        assert [link.url for link in app.reader.links()] == ["https://example.org/a"]
        await pilot.click(ThreadReader, offset=(app.lines[y].index("here") + 1, y))
        assert ("link", "https://example.org/a") in app.told
        app.told.clear()
        for x in range(app.lines[y].index("evil") - 1, 59):
            await pilot.click(ThreadReader, offset=(x, y))
        assert not any(isinstance(one, tuple) for one in app.told)


async def test_mouse_wheel_click_selection_and_bar() -> None:
    app = ReaderApp(flat(60))
    async with app.run_test(size=(60, 20)) as pilot:
        app.reader.set_thread(app.index())
        await pilot.pause()
        y = next(y for y, line in enumerate(app.lines) if line.endswith("words. 3"))
        await pilot.click(ThreadReader, offset=(10, y))
        assert app.reader.cursor_key == 3
        app.reader.wheel(3)
        await pilot.pause()
        assert app.lines[y - 3].endswith("words. 3")
        x = app.lines[y - 3].index("Some")
        await pilot.mouse_down(ThreadReader, offset=(x, y - 3))
        await pilot.hover(ThreadReader, offset=(x + 3, y - 3))
        await pilot.mouse_up(ThreadReader, offset=(x + 3, y - 3))
        await pilot.pause()
        assert app.screen.get_selected_text() == "Some"
        await pilot.click(ThreadReader, offset=(59, 19))
        await pilot.pause()
        assert app.lines[-1].endswith("words. 60")


async def test_searched_words_are_marked_and_the_text_can_be_copied() -> None:
    app = ReaderApp([post(1, "An **Apple** a day", title="Apples")])
    async with app.run_test(size=(60, 10)) as pilot:
        app.reader.set_thread(app.index(), words=("apple",))
        await pilot.pause()
        background = app.reader.palette("hit").bgcolor
        marked = [
            segment.text
            for y in range(10)
            for segment in app.reader.render_line(y)
            if segment.style is not None and segment.style.bgcolor == background
        ]
        assert marked == ["Apple", "Apple"]
        assert app.reader.text() == "Apples\n\nAn **Apple** a day"


async def test_ages_are_told_anew_when_asked() -> None:
    app = ReaderApp([post(1, created_at=NOW)])
    async with app.run_test(size=(60, 10)) as pilot:
        app.reader.set_thread(app.index())
        await pilot.pause()
        assert "· now" in app.lines[1]
        app.time = NOW + timedelta(hours=3)
        app.reader.redraw()
        await pilot.pause()
        assert "· 3 h ago" in app.lines[1]


async def test_no_thread_and_posts_that_vanished() -> None:
    app = ReaderApp([post(1), post(2, parent=1)])
    async with app.run_test(size=(60, 10)) as pilot:
        reader = app.reader
        await pilot.pause()
        assert (reader.cursor_key, reader.cursor_row, reader.links(), reader.text()) == (None, None, (), "")
        acts = [reader.move(1), reader.page(), reader.last(), reader.next_unread(), reader.fold(), reader.unfold()]
        assert not any([*acts, reader.toggle_all(), reader.scroll_lines(1)])
        index = app.index()
        del app.posts[2]
        reader.set_thread(index, cursor=2)
        await pilot.pause()
        assert reader.cursor_row is None
        assert any("removed by a moderator" in line for line in app.lines)
        reader.update_thread(app.index())
        await pilot.pause()
        assert reader.cursor_key == 1


@pytest.mark.parametrize("ground", ["#10141b", "#fbfaf7", "#121212", "#ffffff", "#1e3a5f"])
def test_author_colours_can_be_read(ground: str) -> None:
    colours = author_colours(Color.parse(ground))
    assert all(contrast(color, Color.parse(ground)) >= MIN_CONTRAST for color in colours)
    assert len(set(colours)) == len(colours)


def controls(text: str) -> list[str]:
    return [char for char in text if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in BIDI]


@pytest.mark.parametrize("made_safe", [True, False])
@pytest.mark.parametrize("width", [40, 100])
async def test_hostile_posts_never_reach_the_strips(made_safe: bool, width: int) -> None:
    """In every field; once as rows are built and once raw, since the drawing layer trusts no row."""
    line, block = (safe_line, safe_block) if made_safe else (str, str)
    posts = [
        post(
            number,
            block(case["payload"]),
            1 if number > 1 else None,
            title=line(case["payload"]),
            author=line(case["payload"]),
            handle=line(case["payload"]),
            tags=(line(case["payload"]),),
            send=SendState.REFUSED if number % 5 == 0 else None,
            reason=line(case["payload"]),
        )
        for number, case in enumerate(HOSTILE, 1)
    ]
    app = ReaderApp(posts)
    async with app.run_test(size=(width, 30)) as pilot:
        app.reader.set_thread(app.index())
        for key in range(1, len(posts) + 1):
            app.reader.go_to(key)
            if key % 3 == 0:
                app.reader.toggle_all()
            for strip in app.reader.render_lines(app.reader.size.region):
                assert controls(strip.text) == []
                assert sum(segment.cell_length for segment in strip) == width
                assert not any(segment.style and segment.style.meta for segment in strip)
        await pilot.pause()
