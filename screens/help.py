"""All keys, from the action table, grouped; typing narrows them."""

from __future__ import annotations

import textwrap
from collections.abc import Collection
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from jamtui.actions import Action
from jamtui.keys import AS_DELIVERED, Keymap, grouped
from widgets.dialog import Dialog
from widgets.fields import Field

_KEYS = 14  # cells of the columns of keys and names
_NAME = 18
_WIDE = 72  # cells from which on what an action does stands beside its name


class Help(Dialog[None]):
    """The help screen. Esc or q leaves; / goes to the field that narrows it."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        # The ids end in those of the actions that these are here, so that they follow the person's keys.
        Binding("escape", "leave", show=False, id="help.back"),
        Binding("q", "leave", show=False, id="help.leave"),
        Binding("question_mark", "leave", show=False, id="help.help"),
        Binding("slash", "find", show=False, id="help.search"),
        Binding("j,down", "scroll('down')", show=False, id="help.down"),
        Binding("k,up", "scroll('up')", show=False, id="help.up"),
        Binding("space", "scroll('page_down')", show=False, id="help.read-on"),
        Binding("pagedown", "scroll('page_down')", show=False, id="help.page-down"),
        Binding("b", "scroll('page_up')", show=False, id="help.read-back"),
        Binding("pageup", "scroll('page_up')", show=False, id="help.page-up"),
        Binding("g,home", "scroll('home')", show=False, id="help.first"),
        Binding("G,end", "scroll('end')", show=False, id="help.last"),
    ]

    def __init__(self, keymap: Keymap = AS_DELIVERED, idle: Collection[str] = frozenset(), why: str = "") -> None:
        """``idle``: ids of actions that can do nothing for who reads, and ``why``."""
        super().__init__()
        self._keymap = keymap
        self._idle = idle
        self._why = why

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield Static(
                Content.assemble(
                    ("Keys", "bold $primary"),
                    (f"   {self._keymap.name('search')} narrows, {self._keymap.name('back')} leaves", "$text-muted"),
                ),
                id="help-title",
            )
            yield Field(placeholder="what do you want to do?", id="help-find", compact=True)
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
        width = self.query_one("#help-rows").scrollable_content_region.width
        lines: list[Content] = []
        for group, actions in grouped(self.query_one(Input).value, self._keymap):
            if lines:
                lines.append(Content(""))
            lines.append(Content.styled(group.value, "bold $accent"))
            for action in actions:
                drawn = _lines(action, self._keymap, width)
                if action.id in self._idle:
                    drawn = [Content.styled(line.plain, "$text-disabled") for line in drawn]
                lines += drawn
        if self._why and self._idle and lines:
            told = textwrap.wrap(f"Dimmed: {self._why}.", max(20, width))
            lines = [*(Content.styled(line, "$warning") for line in told), Content(""), *lines]
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


def _lines(action: Action, keymap: Keymap, width: int) -> list[Content]:
    """An action as lines: its keys, its name, what it does beside them, or below if it must."""
    keys = Content.styled((keymap.shown(action.id) or f":{action.id}").ljust(_KEYS), "bold $primary")
    if width >= _WIDE:
        left = _KEYS + _NAME
        first, *others = textwrap.wrap(keymap.help(action), max(20, width - left - 2))
        head = Content.assemble("  ", keys, (action.label.ljust(_NAME), "$foreground"), (first, "$text-muted"))
        return [head, *(Content.styled(" " * (left + 2) + line, "$text-muted") for line in others)]
    below = textwrap.wrap(keymap.help(action), max(20, width - 4))
    return [
        Content.assemble("  ", keys, (action.label, "$foreground")),
        *(Content.styled(f"    {line}", "$text-muted") for line in below),
    ]
