"""All keys, from the action table, grouped; typing narrows them."""

from __future__ import annotations

import textwrap
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from jamtui.actions import Action, grouped

_KEYS = 14  # cells of the columns of keys and names
_NAME = 18
_WIDE = 72  # cells from which on what an action does stands beside its name


class Help(ModalScreen[None]):
    """The help screen. Esc or q leaves; / goes to the field that narrows it."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("q,question_mark", "leave", show=False),
        Binding("slash", "find", show=False),
        Binding("j,down", "scroll('down')", show=False),
        Binding("k,up", "scroll('up')", show=False),
        Binding("space,pagedown", "scroll('page_down')", show=False),
        Binding("b,pageup", "scroll('page_up')", show=False),
        Binding("g,home", "scroll('home')", show=False),
        Binding("G,end", "scroll('end')", show=False),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield Static(
                Content.assemble(("Keys", "bold $primary"), ("   / narrows, Esc leaves", "$text-muted")),
                id="help-title",
            )
            yield Input(placeholder="what do you want to do?", id="help-find", compact=True)
            with VerticalScroll(id="help-rows", can_focus=True):
                yield Static(id="help-text")

    def on_mount(self) -> None:
        self.query_one("#help-rows").focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    @on(Input.Changed)
    def narrowed(self) -> None:
        self._draw()

    @on(Input.Submitted)
    def found(self) -> None:
        self.query_one("#help-rows").focus()

    def _draw(self) -> None:
        width = self.query_one("#help-rows").content_size.width
        lines: list[Content] = []
        for group, actions in grouped(self.query_one(Input).value):
            if lines:
                lines.append(Content(""))
            lines.append(Content.styled(group.value, "bold $accent"))
            for action in actions:
                lines += _lines(action, width)
        if not lines:
            lines.append(Content.styled("No action is called that.", "$text-muted"))
        self.query_one("#help-text", Static).update(Content("\n").join(lines))

    def action_find(self) -> None:
        self.query_one(Input).focus()

    def action_scroll(self, how: str) -> None:
        rows = self.query_one("#help-rows", VerticalScroll)
        getattr(rows, f"scroll_{how}")(animate=False)

    def action_leave(self) -> None:
        field = self.query_one(Input)
        if field.has_focus and field.value:
            field.value = ""
            return
        self.dismiss()


def _lines(action: Action, width: int) -> list[Content]:
    """An action as lines: its keys, its name, what it does beside them, or below where there is no room."""
    keys = Content.styled((action.shown or f":{action.id}").ljust(_KEYS), "bold $primary")
    if width >= _WIDE:
        left = _KEYS + _NAME
        first, *others = textwrap.wrap(action.help, max(20, width - left - 2))
        head = Content.assemble("  ", keys, (action.label.ljust(_NAME), "$foreground"), (first, "$text-muted"))
        return [head, *(Content.styled(" " * (left + 2) + line, "$text-muted") for line in others)]
    below = textwrap.wrap(action.help, max(20, width - 4))
    return [
        Content.assemble("  ", keys, (action.label, "$foreground")),
        *(Content.styled(f"    {line}", "$text-muted") for line in below),
    ]
