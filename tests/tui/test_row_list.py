"""The list of rows: what a person sees and presses, up to a million rows, and strangers' text in it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.content import Content
from textual.geometry import Region
from textual.pilot import Pilot

from jamtui.safe_text import safe_line
from widgets.row_list import WINDOW, RowList
from widgets.strips import Line, Span, fit, pad

HOSTILE = json.loads((Path(__file__).parents[1] / "data" / "hostile" / "corpus.json").read_text("utf-8"))
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@dataclass(frozen=True)
class Row:
    key: int
    title: str


def draw(row: Row, width: int, cursor: bool, focused: bool) -> Sequence[Line]:
    mark = ">" if cursor else " "
    return [
        (Span(mark, "accent"), Span(fit(row.title, width - 1), "title")),
        (Span(pad(f"  row {row.key}", width), "muted"),),
    ]


class ListApp(App[None]):
    """A list and what it told."""

    def __init__(self, titles: dict[int, str] | None = None, row_height: int = 1) -> None:
        super().__init__()
        self.titles = titles or {}
        self.fetched: list[int] = []
        self.told: list[tuple[str, int | None]] = []
        self.rows = RowList[int, Row](self.fetch, draw, row_height=row_height, empty="No threads here")

    def fetch(self, keys: Sequence[int]) -> list[Row]:
        self.fetched.append(len(keys))
        return [Row(key, self.titles.get(key, f"title {key}")) for key in keys if key != 666]

    def compose(self) -> ComposeResult:
        yield self.rows

    def on_row_list_highlighted(self, event: RowList.Highlighted) -> None:
        self.told.append(("highlighted", event.key))

    def on_row_list_opened(self, event: RowList.Opened) -> None:
        self.told.append(("opened", event.key))


def screen_text(rows: RowList[int, Row]) -> list[str]:
    """The lines of the list as they are on the screen."""
    return [rows.render_line(y).text for y in range(rows.size.height)]


async def settle(pilot: Pilot[None]) -> None:
    await pilot.pause()


async def test_only_a_window_of_a_million_rows_is_fetched() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.rows.set_rows(range(1_000_000))
        await settle(pilot)
        assert app.fetched == [WINDOW]
        assert screen_text(app.rows)[0].startswith(">title 0")
        app.rows.last()
        await settle(pilot)
        assert screen_text(app.rows)[9].startswith(">title 999999")
        assert sum(app.fetched) <= 3 * WINDOW
        assert app.told == [("highlighted", 0), ("highlighted", 999_999)]


async def test_moving_paging_and_opening() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.rows.set_rows(range(100), cursor=50)
        app.rows.focus()
        await settle(pilot)
        assert app.rows.cursor_key == 50
        assert any(line.startswith(">title 50") for line in screen_text(app.rows))
        app.rows.move(1)
        assert app.rows.cursor_index == 51
        app.rows.page(1)
        assert app.rows.cursor_index == 60
        app.rows.page(-1)
        assert app.rows.cursor_index == 51
        assert app.rows.first()
        assert not app.rows.move(-1)
        assert app.rows.last()
        assert not app.rows.move(1)
        await pilot.press("enter")
        assert app.told[-1] == ("opened", 99)
        assert app.rows.go_to(3)
        assert not app.rows.go_to(1000)
        assert app.rows.cursor_key == 3


async def test_rows_that_arrive_above_do_not_move_what_is_read() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.rows.set_rows(list(range(1000, 1100)), cursor=1050)
        await settle(pilot)
        before = screen_text(app.rows)
        app.rows.update_rows(list(range(900, 1100)), [])
        await settle(pilot)
        assert [line[:-1] for line in screen_text(app.rows)] == [line[:-1] for line in before]
        assert app.rows.cursor_key == 1050
        assert ("highlighted", 1050) in app.told
        assert len(app.told) == 1


@pytest.mark.parametrize("answered", [47, 49, 52])  # the first row of the view; one above the cursor, one below it
@pytest.mark.parametrize("focused", [True, False])
async def test_a_row_that_goes_to_the_top_leaves_the_others_on_their_lines(answered: int, focused: bool) -> None:
    app = ListApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.rows.set_rows(range(100), cursor=50)
        if focused:
            app.rows.focus()
        await settle(pilot)
        before = [line[:-1] for line in screen_text(app.rows)]
        place = before.index(next(line for line in before if line[1:].startswith(f"title {answered} ")))
        app.rows.update_rows([answered, *(key for key in range(100) if key != answered)], [answered])
        after = [line[:-1] for line in screen_text(app.rows)]
        assert app.rows.cursor_key == 50
        # The rows at one side of it close up.
        above, below = before[:place], before[place + 1 :]
        closed_up = after[place + 1 :] == below if len(above) <= len(below) else after[:place] == above
        assert closed_up, (before, after)
        assert any(line.startswith(">title 50") for line in after)


async def test_a_cursor_whose_row_goes_elsewhere_is_followed_by_who_has_the_keys() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.rows.set_rows(range(100), cursor=50)
        app.set_focus(None)
        await settle(pilot)
        before = screen_text(app.rows)
        line = next(y for y, text in enumerate(before) if text.startswith(">title 50"))
        app.rows.update_rows([50, *(key for key in range(100) if key != 50)], [50])
        after = screen_text(app.rows)
        assert app.rows.cursor_key == 50
        assert sum(one == two for one, two in zip(before, after, strict=True)) == max(line, 9 - line)
        app.rows.focus()
        await settle(pilot)
        assert screen_text(app.rows)[0].startswith(">title 50")
        app.rows.update_rows([*range(1, 100), 0], [50])
        assert any(text.startswith(">title 50") for text in screen_text(app.rows))
        assert app.rows.cursor_key == 50


async def test_only_lines_that_look_otherwise_are_painted_again() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.rows.set_rows(range(1000), cursor=50)
        await settle(pilot)
        painted: list[Region] = []
        refresh = app.rows.refresh
        app.rows.refresh = lambda *regions, **options: painted.extend(regions) or refresh(*regions, **options)  # type: ignore[func-returns-value, method-assign]
        app.titles[52] = "other"
        app.rows.update_rows(range(1000))
        await settle(pilot)
        line = next(y for y, text in enumerate(screen_text(app.rows)) if "other" in text)
        assert painted == [Region(0, line, 40, 1)]
        app.rows.update_rows([*range(2000, 2500), *range(1000)], [52])
        app.rows.redraw()
        await settle(pilot)
        assert all(region.height == 1 for region in painted)
        assert len({region.y for region in painted}) <= 3  # of these two for the scroll bar


@pytest.mark.parametrize("gone", [{50}, {50, 51}, {44, 45, 50}, set(range(50, 100))])
async def test_a_row_that_vanishes_gives_way_to_its_neighbour(gone: set[int]) -> None:
    app = ListApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.rows.set_rows(list(range(100)), cursor=50)
        await settle(pilot)
        app.rows.update_rows([key for key in range(100) if key not in gone], gone)
        await settle(pilot)
        assert app.rows.cursor_key == (next((key for key in range(50, 100) if key not in gone), 49))
        assert any(line.startswith(f">title {app.rows.cursor_key}") for line in screen_text(app.rows))


async def test_a_changed_row_is_drawn_again() -> None:
    app = ListApp({5: "before"})
    async with app.run_test(size=(40, 10)) as pilot:
        app.rows.set_rows(range(100))
        await settle(pilot)
        assert "before" in screen_text(app.rows)[5]
        app.titles[5] = "after"
        await settle(pilot)
        assert "before" in screen_text(app.rows)[5]
        app.rows.refresh_rows([5])
        await settle(pilot)
        assert "after" in screen_text(app.rows)[5]
        app.titles[6] = "new"
        app.rows.update_rows(range(100), [6])
        assert "new" in screen_text(app.rows)[6]


async def test_no_rows_say_so_and_rows_that_vanished_stay_blank() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 10)) as pilot:
        await settle(pilot)
        assert "No threads here" in "".join(screen_text(app.rows))
        assert app.rows.cursor_key is None
        assert not app.rows.move(1)
        app.rows.action_open_row()
        app.rows.set_rows([666, 667])
        await settle(pilot)
        assert screen_text(app.rows)[0].strip() == ""
        assert "title 667" in screen_text(app.rows)[1]
        app.rows.update_rows([])
        await settle(pilot)
        assert app.rows.cursor_index == -1
        assert app.told == [("highlighted", 666), ("highlighted", None)]


async def test_two_lines_a_row() -> None:
    app = ListApp(row_height=2)
    async with app.run_test(size=(40, 9)) as pilot:
        app.rows.set_rows(range(50))
        await settle(pilot)
        lines = screen_text(app.rows)
        assert "title 3" in lines[6]
        assert "row 3" in lines[7]
        app.rows.go_to_index(4)
        await settle(pilot)
        assert "title 4" in screen_text(app.rows)[6]


async def test_mouse_wheel_click_and_double_click() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.rows.set_rows(range(100))
        await settle(pilot)
        await pilot.click(RowList, offset=(5, 4))
        assert app.rows.cursor_key == 4
        await pilot.click(RowList, offset=(5, 6), times=2)
        assert app.told[-1] == ("opened", 6)
        app.rows.scroll_rows(20)
        assert app.rows.top_index == 20
        assert app.rows.cursor_key == 20
        await pilot.click(RowList, offset=(39, 9))
        assert app.rows.top_index == 90
        assert screen_text(app.rows)[9].endswith("▐")


async def test_every_line_is_as_wide_as_the_list_in_any_script() -> None:
    app = ListApp(
        dict(enumerate(["漢字" * 40, "e\u0301" * 90, "👩‍👩‍👧‍👦" * 40, "مرحبا " * 20, "a", "", "\ufdfd" * 60]))
    )
    async with app.run_test(size=(41, 10)) as pilot:
        app.rows.set_rows(range(7))
        await settle(pilot)
        for y in range(10):
            strip = app.rows.render_line(y)
            assert strip.cell_length == 41
            assert sum(segment.cell_length for segment in strip) == 41


async def test_text_can_be_selected_and_copied() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.rows.set_rows(range(100))
        await settle(pilot)
        await pilot.mouse_down(RowList, offset=(1, 2))
        await pilot.hover(RowList, offset=(8, 3))
        await pilot.mouse_up(RowList, offset=(8, 3))
        await settle(pilot)
        assert app.screen.get_selected_text() == "title 2\n title 3"
        assert app.rows.cursor_key == 0
        app.rows.last()
        await settle(pilot)
        assert app.screen.get_selected_text() is None


async def test_no_color_reaches_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = ListApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.rows.set_rows(range(10))
        await settle(pilot)
        for strip in app.rows.render_lines(app.rows.size.region):
            for segment in strip:
                color = segment.style.color.triplet if segment.style and segment.style.color else None
                assert color is None or len(set(color)) == 1


async def test_colours_follow_the_theme() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.rows.set_rows(range(10))
        await settle(pilot)
        dark = list(app.rows.render_line(3))
        app.theme = "textual-light"
        await settle(pilot)
        assert list(app.rows.render_line(3)) != dark


def controls(text: str) -> list[str]:
    return [char for char in text if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in BIDI]


@pytest.mark.parametrize("made_safe", [True, False])
async def test_hostile_titles_never_reach_the_strips(made_safe: bool) -> None:
    """Once as rows are built, and once raw: the drawing layer trusts no row."""
    payloads = [case["payload"] for case in HOSTILE]
    app = ListApp({n: safe_line(text) if made_safe else text for n, text in enumerate(payloads)})
    async with app.run_test(size=(60, 24)) as pilot:
        app.rows.set_rows(range(len(payloads)))
        for start in range(0, len(payloads), 20):
            app.rows.go_to_index(start)
            await settle(pilot)
            for strip in app.rows.render_lines(app.rows.size.region):
                assert controls(strip.text) == []
                assert strip.cell_length == 60
                assert not any(segment.style and segment.style.meta for segment in strip)


async def test_lines_may_be_content_and_are_guarded_too() -> None:
    app = ListApp()
    marked = Content.assemble(("漢字 \x1b[2J", "bold $accent"), " [b]plain[/b] " * 9)
    rows = RowList[int, Row](app.fetch, lambda _row, _width, _cursor, _focused: [marked])
    app.rows = rows
    async with app.run_test(size=(40, 10)) as pilot:
        rows.set_rows(range(3))
        await settle(pilot)
        strip = rows.render_lines(rows.size.region)[1]
        assert strip.text.startswith("漢字 ␛[2J [b]plain[/b]  [b]plain")
        assert sum(segment.cell_length for segment in strip) == 40


class TwoLists(App[None]):
    """Two lists of one kind: the second one has the palette of the first."""

    def compose(self) -> ComposeResult:
        for name in ("one", "two"):
            yield RowList[int, int](lambda keys: list(keys), lambda *_: [()], id=name)


def colours(app: App[None], name: str) -> list[Style]:
    return [app.query_one(f"#{name}", RowList).palette(style) for style in ("cursor muted", "badge", "hit")]


@pytest.mark.parametrize("leaves", ["", "one", "two"])
async def test_lists_of_one_kind_share_a_palette_and_follow_the_theme(leaves: str) -> None:
    wanted = {}
    for theme in ("textual-dark", "textual-light"):
        fresh = TwoLists()
        fresh.theme = theme
        async with fresh.run_test():
            wanted[theme] = colours(fresh, "one")
    app = TwoLists()
    async with app.run_test() as pilot:
        assert colours(app, "two") == wanted["textual-dark"]
        app.query_one("#two").display = False
        app.theme = "textual-light"
        await pilot.pause()
        app.query_one("#two").display = True
        await pilot.pause()
        assert [colours(app, "one"), colours(app, "two")] == [wanted["textual-light"]] * 2
        if leaves:
            await app.query_one(f"#{leaves}").remove()
        await app.mount(RowList[int, int](lambda keys: list(keys), lambda *_: [()], id="three"))
        assert colours(app, "three") == wanted["textual-light"]
        app.theme = "textual-dark"
        await pilot.pause()
        assert colours(app, "three") == wanted["textual-dark"]


async def test_a_list_that_was_removed_since_the_last_layout_is_painted_empty() -> None:
    app = TwoLists()
    async with app.run_test() as pilot:
        rows = app.query_one("#one", RowList)
        await pilot.pause()
        await rows.remove()
        strips = rows.render_lines(Region(0, 0, rows.size.width, 3))
        assert [strip.text.strip() for strip in strips] == ["", "", ""]
