"""What moderators tell this person: warnings, what became of posts and reports. What stands here when one leaves has
been seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content

from jamtui.mod_rows import NoticeRow
from jamtui.moderating import LOCAL
from jamtui.session import Session
from screens.messages import JamChanged
from widgets.row_dialog import RowDialog
from widgets.rows import Ages, one_line
from widgets.wrapping import hanging


class NoticesDialog(RowDialog[NoticeRow]):
    CSS_PATH = ["../widgets/dialog.tcss", "../widgets/row_dialog.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "open", show=False),
    ]
    head = "Notices"
    keys = "Enter goes to the post   Esc leaves"
    nothing = "No notices. What moderators decide about your posts and your reports is told here."

    def __init__(self, session: Session, ages: Ages) -> None:
        super().__init__()
        self._session = session
        self._ages = ages
        self._new: frozenset[str] | None = None  # what was new when it was opened stays marked

    @on(JamChanged)
    def changed(self, message: JamChanged) -> None:
        if message.changed.desk:
            self.fill()

    def fill(self) -> None:
        super().fill()
        suspended = self._session.suspended()
        if suspended is not None:
            keys = self.keys_of(self.row) if self.row is not None else "Esc leaves"
            until = f"{suspended.until.astimezone():{LOCAL}}"
            self.tell(f"You are suspended until {until}. Reading goes on, drafts are kept.   {keys}", "$warning")

    def read(self) -> Sequence[NoticeRow]:
        rows = self._session.notices()
        if self._new is None:
            self._new = frozenset(row.id for row in rows if not row.seen)
        return rows

    def drawn(self, row: NoticeRow, width: int) -> Content:
        new = self._new is not None and row.id in self._new
        told = Content.assemble(
            (one_line(row.words), "bold $warning" if row.grave else "bold"),
            (f" · {self._ages(row.at, self._session.now())}", "$text-muted"),
            (f"\n{one_line(row.reason)}" if row.reason else "", "$foreground"),
        )
        return hanging(Content.styled("● " if new else "  ", "$accent"), told, width)

    def post_of(self, row: NoticeRow) -> str:
        return row.post_id

    def dismiss(self, result: str | None = None):  # type: ignore[no-untyped-def]  # as `Dialog` has it
        self._session.see_notices([row.id for row in self.rows if not row.seen])
        return super().dismiss(result)
