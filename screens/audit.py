"""The audit log: what was done, by whom and why; each act can be undone from here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content

from jamtui.errors import JamError
from jamtui.mod_rows import AuditRow
from jamtui.session import Session
from screens.messages import JamChanged
from widgets.row_dialog import RowDialog
from widgets.rows import WAITING, Ages, one_line
from widgets.wrapping import hanging

_ONE_LINE = 60  # cells from which on what was done has one line


class AuditDialog(RowDialog[AuditRow]):
    CSS_PATH = ["../widgets/dialog.tcss", "../widgets/row_dialog.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "undo", show=False),
        Binding("z", "undo", show=False, id="dialog.undo"),
        Binding("o", "open", show=False),
    ]
    head = "Audit log"
    keys = "u undoes   Enter goes to the post   Esc leaves"
    nothing = "Nothing was done yet: what moderators do stands here, and can be undone."

    def __init__(self, session: Session, ages: Ages) -> None:
        super().__init__()
        self._session = session
        self._ages = ages

    @on(JamChanged)
    def changed(self, message: JamChanged) -> None:
        if message.changed.desk or message.changed.outbox:
            self.fill()

    def read(self) -> Sequence[AuditRow]:
        return self._session.audit()

    def drawn(self, row: AuditRow, width: int) -> Content:
        off = row.undone or not row.changed
        state, style = WAITING[row.send] if row.send else ("", "")
        tail = f"  {state}{f': {row.why}' if row.why else ''}" if state else "  undone" if row.undone else ""
        colour = "$error" if style == "bad" else "$accent" if state else "$text-disabled"
        when = Content.styled(f"{self._ages(row.at, self._session.now()):>8}  ", "$text-disabled")
        what = Content.assemble(
            (f"{one_line(row.by)} ", "$text-muted"),
            (one_line(row.words), "$text-disabled" if off else "bold $error" if row.act == "remove" else "bold"),
        )
        if width >= _ONE_LINE:
            what = what.truncate(max(16, width - when.cell_length - len(tail)), ellipsis=True)
        told = Content.assemble(
            what, (tail, colour), (f"\n{one_line(row.reason)}" if row.reason else "", "$text-muted")
        )
        return hanging(when, told, width)

    def keys_of(self, row: AuditRow) -> str:
        keys = super().keys_of(row)
        return keys if row.undoable else keys.replace("u undoes   ", "")

    def post_of(self, row: AuditRow) -> str:
        return row.post_id

    def action_undo(self) -> None:
        row = self.row
        if row is None:
            return
        try:
            self._session.undo_act(row.id)
        except JamError as error:
            self.complain(error)
            return
        self.fill()
        self.tell(f"Undone: {one_line(row.words)}")
