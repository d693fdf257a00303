"""Why a post is featured: asked of a host in one line."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from jamtui.ideas import MAX_REASON
from widgets.dialog import Dialog
from widgets.fields import Field
from widgets.key_line import key_line


class FeatureDialog(Dialog[str | None]):
    """Answers the reason, "" to feature it no longer, or None when it was left."""

    CSS_PATH = ["../widgets/dialog.tcss", "featuring.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("ctrl+d", "take_off", show=False, priority=True),
    ]

    def __init__(self, about: str, reason: str, *, featured: bool) -> None:
        """``about`` is the post in a harmless line; ``reason`` that which it has."""
        super().__init__()
        self._about = about
        self._reason = reason
        self._featured = featured

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Why is it worth everybody's time?", "bold"), classes="question")
            yield Static(Content.styled(self._about, "$text-muted"), id="feature-about")
            yield Field(self._reason, placeholder="in a line, beside the post", id="reason", compact=True)
            yield Static(id="feature-note")
            off = "   Ctrl-D features it no longer" if self._featured else ""
            yield Static(key_line(f"Enter features it{off}   Esc leaves"), id="feature-keys")

    def on_mount(self) -> None:
        self.query_one(Field).focus()

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        over = len(" ".join(event.value.split())) - MAX_REASON
        self._say(f"✗ {over:,} characters too long" if over > 0 else "")

    def _say(self, words: str) -> None:
        self.query_one("#feature-note", Static).update(Content.styled(words, "$error"))

    @on(Input.Submitted)
    def entered(self, event: Input.Submitted) -> None:
        words = " ".join(event.value.split())
        if not words:
            self._say("✗ Say in a few words why")
        elif len(words) <= MAX_REASON:
            self.dismiss(words)

    def action_take_off(self) -> None:
        if self._featured:
            self.dismiss("")

    def action_leave(self) -> None:
        self.dismiss(None)
