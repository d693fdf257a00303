"""Hidden posts with their text: of moderators all of them, of others their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content

from jamtui.errors import JamError
from jamtui.mod_rows import HiddenRow
from jamtui.moderating import Act
from jamtui.session import Session
from screens.messages import JamChanged
from widgets.drawn import drawn
from widgets.row_dialog import RowDialog
from widgets.rows import Ages, one_line


class HiddenDialog(RowDialog[HiddenRow]):
    CSS_PATH = ["../widgets/dialog.tcss", "../widgets/row_dialog.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u,h", "show", show=False),
        Binding("o", "open", show=False),
    ]
    head = "Hidden posts"

    def __init__(self, session: Session, ages: Ages) -> None:
        super().__init__()
        self._session = session
        self._ages = ages
        may = session.moderates
        self.keys = f"{'u shows it again   ' if may else ''}Enter goes to its place   Esc leaves"
        self.nothing = "Nothing is hidden." if may else "No post of yours is hidden."

    @on(JamChanged)
    def changed(self, message: JamChanged) -> None:
        if message.changed.desk:
            self.fill()

    def read(self) -> Sequence[HiddenRow]:
        return self._session.hidden()

    def drawn(self, row: HiddenRow, width: int) -> Content:
        return Content.assemble(
            (row.author or f"@{row.handle}", "bold $primary"),
            (" you" if row.mine else "", "$text-muted"),
            (f" · {self._ages(row.at, self._session.now())}", "$text-muted"),
            (f"\n{one_line(row.title)}" if row.title else "", "bold"),
            "\n",
            drawn(row.body[:2_000], width),
            "\n",
        )

    def post_of(self, row: HiddenRow) -> str:
        return row.post_id

    def action_show(self) -> None:
        row = self.row
        if row is None:
            return
        try:
            self._session.act(Act("unhide", post_id=row.post_id))
        except JamError as error:
            self.complain(error)
            return
        self.tell("It can be read again as soon as the Jam has it; the audit log takes that back")
