"""How the brief of a forum changed: who changed what, and when, the latest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content

from jamtui.host_rows import BriefChange
from jamtui.session import Session
from screens.messages import JamChanged
from widgets.row_dialog import RowDialog
from widgets.rows import BADGES, Ages
from widgets.wrapping import hanging

_STYLES = {"-": "$error", "+": "$success", "…": "$text-disabled"}


class BriefHistoryDialog(RowDialog[BriefChange]):
    """What went has a minus before it, what came a plus."""

    CSS_PATH = ["../widgets/dialog.tcss", "../widgets/row_dialog.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "copy", show=False, id="dialog.copy")]
    head = "Changes of the brief"
    keys = "j k go through them   y copies what it said before   Esc leaves"
    nothing = "Its brief was not changed yet."

    def __init__(self, session: Session, ages: Ages, forum_id: str) -> None:
        super().__init__()
        self._session = session
        self._ages = ages
        self._forum = forum_id

    @on(JamChanged)
    def changed(self, message: JamChanged) -> None:
        if message.changed.records or message.changed.everything:
            self.fill()

    def read(self) -> Sequence[BriefChange]:
        return self._session.brief_changes(self._forum)

    def drawn(self, row: BriefChange, width: int) -> Content:
        when = f" · {self._ages(row.at, self._session.now())}" if row.at else ""
        lines = [
            Content.assemble(
                (row.by or "the organiser", "bold $primary"),
                (f" {BADGES[row.role]}" if row.role in BADGES else "", "$warning"),
                (f" ≠ {row.alike}" if row.alike else "", "$error"),
                (f"{when} · version {row.version}", "$text-muted"),
            )
        ]
        for sign, text in row.lines:
            style = _STYLES.get(sign, "$text-muted")
            lines.append(hanging(Content.styled(f"{sign} ", style), Content.styled(text, style), width))
        return Content("\n").join([*lines, Content("")])

    def action_copy(self) -> None:
        if self.row is not None:
            self.app.copy_to_clipboard(self.row.before)
            self.tell(f"Copied: what it said before version {self.row.version}")
