"""All drafts, the latest first, and below them what was thrown away: Enter goes on writing where it was written."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from jamtui.errors import JamError, sentence
from jamtui.lately import Undos
from jamtui.model import Draft, DraftRow
from jamtui.refusals import ACT_OF
from jamtui.session import Session
from widgets.key_line import key_line
from widgets.list_dialog import LETTERS, ListDialog
from widgets.rows import age, one_line

_WHY = {"discarded": "thrown away", "dropped": "dropped", "replaced": "gave way to another window"}


class DraftsDialog(ListDialog[Draft | None]):
    """Answers the draft that is to be gone on with, or None. What was thrown away is brought back by Enter."""

    CSS_PATH = ["../widgets/dialog.tcss", "drafts.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        *LETTERS,
        Binding("D", "throw", show=False, id="dialog.drop"),
        Binding("z", "undo", show=False, id="dialog.undo"),
        Binding("y", "copy", show=False, id="dialog.copy"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rows: list[DraftRow] = []
        self._undos = Undos()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Drafts", "bold"), classes="question")
            yield OptionList()
            yield Static(id="drafts-keys")

    def on_mount(self) -> None:
        self._fill()
        self.query_one(OptionList).focus()

    def _fill(self, at: int = 0) -> None:
        self._rows = [*self._session.draft_rows(), *self._session.thrown_rows()]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._drawn(row)) for row in self._rows])
        options.display = bool(self._rows)
        options.highlighted = min(at, len(self._rows) - 1) if self._rows else None
        self._say()

    def _say(self, words: str = "", style: str = "$error") -> None:
        told = Content.styled(words, style) if words else key_line(self._keys())
        self.query_one("#drafts-keys", Static).update(told)

    def _keys(self) -> str:
        """What the keys do with the row under the cursor, as the Jam is now."""
        found = self._row()
        undo = "   z takes that back" if self._undos else ""
        if found is None:
            return f"No drafts: what you write stands here until it is sent.\nEsc leaves{undo}"
        row = found[1]
        refusal = self._session.refusal(ACT_OF[row.draft.kind])
        if row.why:
            does = "Enter brings it back"
        else:
            does = f"{refusal}.\nD throws away" if refusal else "Enter goes on writing   D throws away"
        return f"{does}   y copies the text{undo}   Esc leaves"

    @on(OptionList.OptionHighlighted)
    def moved(self) -> None:
        self._say()

    def _drawn(self, row: DraftRow) -> Content:
        gone = _WHY.get(row.why, row.why) if row.why else "" if row.there else "its place is gone"
        return Content.assemble(
            ("  " if row.why else "✎ ", "$accent"),
            (f"{gone}  " if gone else "", "$warning"),
            (one_line(row.place), "$text-disabled" if row.why else "bold"),
            "\n  ",
            (f"{age(row.at, self._session.now())}  ", "$text-disabled"),
            (one_line(row.summary), "$text-muted"),
        )

    def _row(self) -> tuple[int, DraftRow] | None:
        at = self.query_one(OptionList).highlighted
        return (at, self._rows[at]) if at is not None and at < len(self._rows) else None

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        row = self._rows[event.option_index]
        if not row.why:
            self.dismiss(row.draft)
            return
        try:
            self.dismiss(self._session.bring_back(int(row.id)))
        except JamError as error:
            self._say(f"{sentence(error.title)}. {error.hint}")

    def action_copy(self) -> None:
        """The text can be taken along also where it can be written to no more."""
        found = self._row()
        if found is not None:
            draft = found[1].draft
            self.app.copy_to_clipboard(f"{draft.title}\n\n{draft.body}".strip())
            self._say("Text copied", "$success")

    def action_throw(self) -> None:
        found = self._row()
        if found is not None and not found[1].why:
            draft = found[1].draft
            undo = self._session.discard_draft(draft.kind, draft.target)
            self._undos.add(undo.what, partial(self._session.undo, undo))
            self._fill(found[0])

    def action_undo(self) -> None:
        try:
            self._undos.take_back()
        except JamError as error:
            self._say(f"{sentence(error.title)}. {error.hint}")
            return
        self._fill()


class PlaceDialog(ListDialog[Draft | None]):
    """Where a text goes whose place is gone: answers the draft at the place that was chosen, or None."""

    CSS_PATH = ["../widgets/dialog.tcss", "drafts.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [*LETTERS]

    def __init__(self, places: list[tuple[Draft, str]]) -> None:
        super().__init__()
        self._places = places

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Its place is gone. Where does the text go?", "bold"), classes="question")
            yield OptionList(*(Option(Content(one_line(words))) for _, words in self._places))
            yield Static(key_line("Enter chooses   Esc keeps it as a draft"), id="drafts-keys")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._places[event.option_index][0])
