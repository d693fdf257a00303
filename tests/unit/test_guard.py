"""The last place before the terminal: whatever draws, and whatever was forgotten before, no control code passes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from hostile_posts import cases
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.strip import Strip
from textual.widgets import DataTable, Input, Label, OptionList, Static, TextArea, Tree

from widgets import guard as guarding
from widgets.guard import guard, harmless

TEXTS = [case["payload"] for case in cases("esc", "c0", "c1", "uni", "markup", "md")]
# What our own drawing may hold: moves, colours, and the cursor kept around what has no certain width.
OWN = re.compile(r"\x1b(?:\[[0-9;]*[HmCJ]|[78])")
FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
CONSOLE = Console(force_terminal=True, color_system="truecolor", width=100)


@pytest.fixture(autouse=True)
def guarded() -> Iterator[None]:
    guard()
    yield
    Strip.render = guarding._textuals_own  # type: ignore[method-assign] # as the other tests have it


def drawn(text: str, **style: str) -> str:
    return OWN.sub("", Strip([Segment(text, Style(bold=True, **style))]).render(CONSOLE))  # type: ignore[arg-type]


def test_no_strip_carries_a_control_code() -> None:
    for text in TEXTS:
        assert not FORBIDDEN.search(drawn(text))
        assert "\n" not in drawn(text)


def test_a_strip_stays_as_wide_as_it_was() -> None:
    for text in TEXTS:
        strip = Strip([Segment(text), Segment("|")])
        assert harmless(strip).cell_length == strip.cell_length
        assert sum(cell_len(part) for part, *_ in harmless(strip)) == strip.cell_length


def test_what_is_harmless_is_drawn_as_ever() -> None:
    strip = Strip([Segment("مرحبا naïve 漢字\u3000x\u00a0y ", Style(color="red")), Segment("rest")])
    assert harmless(strip) is strip
    assert strip.render(CONSOLE) == guarding._textuals_own(Strip(list(strip)), CONSOLE)


def test_no_link_is_made_of_a_style() -> None:
    assert drawn("click", link="https://evil.example/\x1b]0;x") == "click"


class Everything(App[None]):
    """Textual's own widgets, fed by somebody who never heard of `safe_text`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def compose(self) -> ComposeResult:
        yield Static(self.text, markup=False)
        yield Label(self.text, markup=False)
        yield Input(self.text, placeholder=self.text)
        yield TextArea(self.text)
        yield OptionList(self.text, markup=False)
        yield DataTable[str]()
        yield Tree[None]("root")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns("a")
        table.add_row(self.text.replace("[", "("))
        self.query_one(Tree).root.add_leaf(self.text.replace("[", "("))
        self.query_one(Tree).root.expand()
        self.notify(self.text, markup=False)


async def frames(show: Callable[[App[None]], None] = lambda _: None) -> str:
    app = Everything("".join(TEXTS)[:1500])
    async with app.run_test(size=(120, 60)) as pilot:
        show(app)
        await pilot.pause()
        return app.screen._compositor.render_full_update().render_segments(app.console)


async def test_no_widget_of_textual_gets_past_it() -> None:
    assert not FORBIDDEN.search(OWN.sub("", await frames()))


async def test_without_it_they_would() -> None:
    """What the test above can see: Textual itself lets every one of these through."""
    Strip.render = guarding._textuals_own  # type: ignore[method-assign]
    assert {"\x1b", "\x9b", "\u202e"} <= set(FORBIDDEN.findall(OWN.sub("", await frames())))
