"""What the last line said lately: whole, since that line cuts what is long, and with its time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from jamtui.lately import Said
from jamtui.session import Session
from widgets.row_dialog import RowDialog
from widgets.rows import clock_time
from widgets.status_line import reasons
from widgets.wrapping import hanging

_MARKS = {"": ("✓ ", "$success"), "fact": ("  ", ""), "warning": ("! ", "$warning"), "error": ("✗ ", "$error")}


class LastMessages(RowDialog[Said]):
    CSS_PATH = ["../widgets/dialog.tcss", "../widgets/row_dialog.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", show=False, id="dialog.copy"),
        Binding("w", "leave", show=False, id="dialog.messages"),
        Binding("ctrl+l", "leave", show=False, id="dialog.said"),
    ]
    head = "Last messages"
    keys = "y copies   Esc leaves"
    nothing = "No messages yet. What is said in the last line can be read here again."

    def __init__(self, session: Session, key: str = "") -> None:
        """``key`` is the one that tries to connect."""
        super().__init__()
        self._key = key
        self._session = session

    def read(self) -> Sequence[Said]:
        """The first is how the connection is, where something is wrong with it: the top line may have no room."""
        session = self._session
        why = reasons(session.status(), session.now(), self._key)
        return [*(Said(session.now(), one, "warning") for one in why[:1]), *session.said.newest_first]

    def drawn(self, row: Said, width: int) -> Content:
        mark, colour = _MARKS.get(row.kind, _MARKS["fact"])
        time = f"{clock_time(row.at, self._session.now())}  "
        return hanging(
            Content.assemble((time, "$text-muted"), (mark, f"bold {colour}".strip())),
            Content.styled(row.text, "$foreground"),
            width,
        )

    def action_copy(self) -> None:
        if self.row is not None:
            self.app.copy_to_clipboard(self.row.text)
            self.tell("Message copied")
