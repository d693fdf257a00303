"""What is muted and what is followed, in one list: Enter takes a mark off, and puts it on again."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from jamtui.model import Mark, MarkRow, Undo
from jamtui.session import Session
from widgets.key_line import key_line
from widgets.list_dialog import LETTERS, ListDialog
from widgets.rows import age, one_line


class MarksDialog(ListDialog[None]):
    """The rows stay until one leaves, so that what was taken off by mistake is still there to be put on again."""

    CSS_PATH = ["../widgets/dialog.tcss", "marks.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        *LETTERS,
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._marks = [*session.mark_rows(Mark.MUTED), *session.mark_rows(Mark.FOLLOWED)]
        self._off: dict[int, Undo] = {}  # what was taken off here, by its row

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Muted and followed", "bold"), classes="question")
            yield OptionList(*(Option(self._drawn(at, row)) for at, row in enumerate(self._marks)))
            keys = "Enter takes off, and puts on again   Esc leaves"
            nothing = "Nothing is muted, and nothing is followed.\nEsc leaves"
            yield Static(key_line(keys if self._marks else nothing), id="marks-keys")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.display = bool(self._marks)
        options.highlighted = 0 if self._marks else None
        options.focus()

    def _drawn(self, at: int, row: MarkRow) -> Content:
        off = at in self._off
        colour = "$text-disabled" if off else "$accent" if row.mark is Mark.FOLLOWED else "$text-muted"
        return Content.assemble(
            ("  " if off else "\u2713 ", "$accent"),
            (f"{row.mark:<10}", colour),
            (f"{row.kind:<8}", "$text-disabled"),
            (one_line(row.name), "$text-disabled" if off else "$foreground"),
            (f"  {age(row.at, self._session.now())}", "$text-disabled"),
        )

    @on(OptionList.OptionSelected)
    def toggled(self, event: OptionList.OptionSelected) -> None:
        at = event.option_index
        if at in self._off:
            self._session.undo(self._off.pop(at))
        else:
            self._off[at] = self._session.take_off(self._marks[at])
        self.query_one(OptionList).replace_option_prompt_at_index(at, self._drawn(at, self._marks[at]))
