"""The brief of a forum on a page of its own: where the list has no room for it, and for briefs that are long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from jamtui.model import ForumRow, PersonRow
from widgets.card import Card
from widgets.dialog import Dialog
from widgets.drawn import drawn
from widgets.key_line import key_line
from widgets.rows import BADGES


class BriefDialog(Dialog[None]):
    """To be read; any of the keys that leave it leaves it."""

    CSS_PATH = ["../widgets/dialog.tcss", "brief.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,space", "leave", show=False),
        Binding("q", "leave", show=False, id="dialog.leave"),
        Binding("j,down", "scroll(1)", show=False, id="dialog.down"),
        Binding("k,up", "scroll(-1)", show=False, id="dialog.up"),
    ]

    def __init__(self, row: ForumRow, hosts: Sequence[PersonRow], changed: str = "") -> None:
        """``changed``: since when and by whom it is as it is, in words."""
        super().__init__()
        self._changed = changed
        self._row = row
        self._hosts = hosts

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self._row.title, "bold $primary"), classes="question")
            yield Static(self._who(), id="brief-hosts")
            with VerticalScroll(id="brief-text", can_focus=True):
                card = Card()
                card.show(lambda width: drawn(self._row.brief, width))
                yield card
            yield Static(key_line("Esc leaves"), id="brief-keys")

    def _who(self) -> Content:
        if not self._hosts:
            return Content.styled(f"Hosted by every host of the Jam{self._since}", "$text-muted")
        pieces: list[tuple[str, str]] = []
        for host in self._hosts:
            pieces += [
                (", " if pieces else "Hosts: ", "$text-muted"),
                (host.name, "$foreground"),
                (f" {BADGES[host.role]}" if host.role in BADGES else "", "$warning"),
                (f" ≠ {host.alike}" if host.alike else "", "$error"),
            ]
        return Content.assemble(*pieces, (self._since, "$text-muted"))

    @property
    def _since(self) -> str:
        return f" · {self._changed}" if self._changed else ""

    def on_mount(self) -> None:
        self.query_one("#brief-text").focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._tell_keys)

    def _tell_keys(self) -> None:
        scrolls = self.query_one("#brief-text", VerticalScroll).max_scroll_y > 0
        keys = "j k go through it   Esc leaves" if scrolls else "Esc leaves"
        self.query_one("#brief-keys", Static).update(key_line(keys))

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_scroll(self, step: int) -> None:
        self.query_one("#brief-text", VerticalScroll).scroll_relative(y=step, animate=False)
