"""A post of one's own that was changed meanwhile, on another device say: both versions, and which is to stay."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from jamtui.model import Conflict
from widgets.dialog import Dialog
from widgets.key_line import key_line
from widgets.rows import age


class ConflictDialog(Dialog[str]):
    """Answers "mine", "theirs", "edit" (a third one, made of mine) or "" for later."""

    CSS_PATH = ["../widgets/dialog.tcss", "conflict.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "answer('mine')", show=False),
        Binding("t", "answer('theirs')", show=False),
        Binding("e", "answer('edit')", show=False),
        Binding("escape", "answer('')", show=False),
        Binding("q", "answer('')", show=False, id="dialog.leave"),
        Binding("j,down", "scroll(1)", show=False, id="dialog.down"),
        Binding("k,up", "scroll(-1)", show=False, id="dialog.up"),
    ]

    def __init__(self, conflict: Conflict, now: datetime) -> None:
        super().__init__()
        self._conflict = conflict
        self._now = now

    def compose(self) -> ComposeResult:
        one = self._conflict
        with Vertical(classes="dialog"):
            yield Static(Content.styled("It was changed meanwhile", "bold"), classes="question")
            with Horizontal(id="versions"):
                with VerticalScroll(classes="version"):
                    yield Static(self._theirs())
                with VerticalScroll(classes="version", id="my-version"):
                    yield Static(self._mine())
            with Horizontal(classes="buttons"):
                if one.version and not one.gone:
                    yield Button(Content("Mine goes over it (m)"), id="mine")
                if one.kind != "delete":
                    yield Button(Content("A third (e)"), id="edit")
                yield Button(Content("Theirs stays (t)"), id="theirs")
                yield Button(Content("Later (Esc)"), id="later", variant="primary")
            mine = "m mine   " if one.version and not one.gone else ""
            third = "e a third   " if one.kind != "delete" else ""
            yield Static(key_line(f"{mine}{third}t theirs   Esc later"), id="conflict-keys")

    def _theirs(self) -> Content:
        one = self._conflict
        if not one.version:
            return Content.assemble(("Theirs\n\n", "bold"), ("It has not come in yet.", "$text-muted"))
        if one.gone:
            return Content.assemble(("Theirs\n\n", "bold"), (one.why_gone, "$warning"))
        at = f", {age(one.edited_at, self._now)}" if one.edited_at else ""
        return self._text(f"Theirs: version {one.version}{at}", one.title, one.body, one.my_body)

    def _mine(self) -> Content:
        one = self._conflict
        if one.kind == "delete":
            return Content.assemble(("Mine\n\n", "bold"), ("The post is to be taken back.", "$warning"))
        return self._text("Mine", one.my_title, one.my_body, one.body)

    @staticmethod
    def _text(head: str, title: str, body: str, other: str) -> Content:
        """Lines that the other version does not have are marked."""
        there = set(other.split("\n"))
        lines = [
            Content.styled(f"{line}\n", "$foreground" if line in there else "$accent") for line in body.split("\n")
        ]
        return Content.assemble((f"{head}\n\n", "bold"), (f"{title}\n\n" if title else "", "bold $primary"), *lines)

    def on_mount(self) -> None:
        self.query_one("#later", Button).focus()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        self.action_answer("" if event.button.id == "later" else event.button.id or "")

    def action_answer(self, answer: str) -> None:
        one = self._conflict
        if answer == "mine" and (not one.version or one.gone):
            return
        if answer == "edit" and one.kind == "delete":
            return
        self.dismiss(answer)

    def action_scroll(self, step: int) -> None:
        for pane in (self.query_one("#versions"), *self.query(VerticalScroll)):
            pane.scroll_relative(y=step, animate=False)
