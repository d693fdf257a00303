"""All keys, from the action table, grouped; typing narrows them."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from jamtui.actions import grouped


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
        self._draw()

    @on(Input.Changed)
    def narrowed(self) -> None:
        self._draw()

    @on(Input.Submitted)
    def found(self) -> None:
        self.query_one("#help-rows").focus()

    def _draw(self) -> None:
        wide = self.size.width >= 72
        pieces: list[Content] = []
        for group, actions in grouped(self.query_one(Input).value):
            pieces.append(Content.styled(f"{group.value}\n", "bold $accent"))
            for action in actions:
                keys = Content.styled((action.shown or f":{action.id}").ljust(14), "bold $primary")
                label = Content.styled(action.label.ljust(17 if wide else 0), "$foreground")
                detail = Content.styled(action.help, "$text-muted") if wide else Content("")
                pieces += [Content("  "), keys, Content(" "), label, Content(" "), detail, Content("\n")]
            pieces.append(Content("\n"))
        self.query_one("#help-text", Static).update(
            Content.assemble(*pieces) if pieces else Content.styled("No action is called that.", "$text-muted")
        )

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
