"""The first fetch of a Jam: how far it is, or why it does not come."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from jamtui.session import Session
from screens.messages import JamChanged
from widgets.status_line import link_words


class Cold(Screen[None]):
    """Shown while the mirror is empty. Posts `Cold.Ready` when there is something to read."""

    DEFAULT_CSS = """
    Cold { align: center middle; background: $background; }
    Cold Vertical { width: 62; max-width: 96%; height: auto; padding: 1 2; background: $surface; }
    Cold Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape", "app.quit", show=False),
        Binding("space,enter", "again", show=False),
    ]

    class Ready(Message):
        """The mirror holds the Jam."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def compose(self) -> ComposeResult:
        with Center(), Vertical():
            yield Static(id="cold")

    def on_mount(self) -> None:
        self._draw()

    @on(JamChanged)
    def changed(self) -> None:
        if self._session.mirrored:
            self.post_message(self.Ready())
        else:
            self._draw()

    def _draw(self) -> None:
        status = self._session.status()
        words, colour = link_words(status, self._session.now())
        done, total = status.progress or (0, 0)
        width = 40
        filled = width * done // total if total else 0
        bar = Content.assemble(("━" * filled, "$primary"), ("━" * (width - filled), "$panel"))
        size = f"  {done / 1e6:.1f} of {total / 1e6:.1f} MB" if total else ""
        self.query_one("#cold", Static).update(
            Content.assemble(
                ("Fetching the Jam\n\n", "bold"),
                (words, colour),
                ("\n", ""),
                bar,
                (size, "$text-muted"),
                (f"\n\n{status.detail}" if status.detail else "", "$text-muted"),
                ("\n\nSpace", "bold $primary"),
                (" tries again   ", "$text-muted"),
                ("q", "bold $primary"),
                (" leaves", "$text-muted"),
            )
        )

    def action_again(self) -> None:
        self._session.reconnect()
