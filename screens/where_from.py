"""Who is from where: countries, organisations and languages as bars, over the whole screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Static

from jamtui.ways import Origins
from widgets.dialog import Dialog
from widgets.key_line import key_line
from widgets.rows import count
from widgets.where_chart import where_chart


class Chart(Widget):
    """Drawn for the width that it gets."""

    DEFAULT_CSS = "Chart { width: 1fr; height: auto; }"

    def __init__(self, *, flags: bool) -> None:
        super().__init__()
        self._found: Origins | None = None
        self._flags = flags
        self._made: tuple[int, Content] = (0, Content(""))

    def show(self, found: Origins) -> None:
        self._found = found
        self._made = (0, Content(""))
        self.refresh(layout=True)

    def _text(self, width: int) -> Content:
        if self._found is None:
            return Content.styled("Counting …", "$text-muted")
        if self._made[0] != width:
            self._made = (width, where_chart(self._found, width, flags=self._flags))
        return self._made[1]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._text(width).get_height({}, width)

    def render(self) -> Content:
        return self._text(self.content_size.width)


class WhereFrom(Dialog[None]):
    """Nothing is chosen here: it is looked at, and left."""

    CSS_PATH = "where_from.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("q", "leave", show=False, id="dialog.leave"),
        Binding("j,down", "scroll(1)", show=False, id="dialog.down"),
        Binding("k,up", "scroll(-1)", show=False, id="dialog.up"),
        Binding("space,pagedown", "page(1)", show=False),
        Binding("b,pageup", "page(-1)", show=False),
        Binding("g,home", "end(-1)", show=False),
        Binding("G,end", "end(1)", show=False),
    ]

    def __init__(self, count_people: Callable[[], Origins], *, flags: bool = True) -> None:
        """``count_people`` may take longer than a frame: it is called on a thread."""
        super().__init__()
        self._count_people = count_people
        self._flags = flags

    def compose(self) -> ComposeResult:
        with Vertical(id="where-page"):
            yield Static(Content.styled("Who is from where", "bold"), id="where-head")
            with VerticalScroll(id="where-scroll"):
                yield Chart(flags=self._flags)
            yield Static(key_line("Space page on   Esc leaves"), id="where-keys")

    def on_mount(self) -> None:
        self._scroll.focus()
        self.run_worker(self._work, name="where-from", thread=True)

    def _work(self) -> None:
        found = self._count_people()
        self.app.call_from_thread(self._show, found)

    def _show(self, found: Origins) -> None:
        if not self.is_attached:  # it was left meanwhile
            return
        people = count(found.people, "person", "people")
        head = Content.assemble(("Who is from where", "bold"), (f"  {people}", "$text-muted"))
        self.query_one("#where-head", Static).update(head)
        self.query_one(Chart).show(found)

    @property
    def _scroll(self) -> VerticalScroll:
        return self.query_one("#where-scroll", VerticalScroll)

    def action_scroll(self, step: int) -> None:
        self._scroll.scroll_relative(y=step, animate=False)

    def action_page(self, step: int) -> None:
        self._scroll.scroll_relative(y=step * max(1, self._scroll.size.height - 1), animate=False)

    def action_end(self, direction: int) -> None:
        if direction > 0:
            self._scroll.scroll_end(animate=False)
        else:
            self._scroll.scroll_home(animate=False)

    def action_leave(self) -> None:
        self.dismiss(None)
