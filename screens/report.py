"""Reports a post to the moderators: why, and a note if one wants."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from jamtui.mod_rows import MAX_NOTE, REASONS
from widgets.dialog import LOW
from widgets.fields import Field
from widgets.key_line import key_line
from widgets.list_dialog import ListDialog

_REASONS = tuple(REASONS)


class ReportDialog(ListDialog[tuple[str, str] | None]):
    """Answers (reason, note), or None. A number and Enter are enough; the note may stay empty but for *other*."""

    CSS_PATH = ["../widgets/dialog.tcss", "report.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        *(Binding(str(at), f"take({at - 1})", show=False) for at in range(1, len(_REASONS) + 1)),
    ]

    def __init__(self, about: str, author: str) -> None:
        """``about`` is how the post begins, harmless and on one line."""
        super().__init__()
        self._about = about
        self._author = author

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Report to the moderators", "bold"), classes="question")
            yield Static(
                Content.assemble((self._author, "bold $primary"), (f"  {self._about}", "$text-muted")),
                id="report-about",
            )
            yield OptionList(
                *(
                    Option(
                        Content.assemble(
                            (f"{at}  ", "bold $primary"), (f"{reason:<11}", "bold"), (about, "$text-muted")
                        )
                    )
                    for at, (reason, about) in enumerate(REASONS.items(), 1)
                ),
                id="report-reasons",
            )
            yield Field(placeholder="a note (may stay empty)", id="report-note", compact=True)
            yield Static(id="report-keys")

    def on_mount(self) -> None:
        self.query_one(Field).max_length = MAX_NOTE
        options = self.query_one(OptionList)
        options.highlighted = 0
        options.focus()
        self._say()

    def _say(self, problem: str = "") -> None:
        noting = self.query_one(Field).has_focus
        low = self.app.size.height < LOW
        chooses = "1-5 choose" if low else "Enter or its number chooses"
        keys = f"{'Enter sends' if noting else chooses}   Esc leaves"
        told = "" if low else "Only moderators see who reported. You are told what becomes of it.\n"
        self.query_one("#report-keys", Static).update(
            Content.assemble((told, "$text-muted"), (problem, "$error")) if problem else key_line(told + keys)
        )

    def action_take(self, at: int) -> None:
        if not self.query_one(Field).has_focus:
            self.query_one(OptionList).highlighted = at
            self._note()

    @on(OptionList.OptionSelected)
    def chosen(self) -> None:
        self._note()

    def _note(self) -> None:
        self.query_one(Field).focus()
        self.call_after_refresh(self._say)

    @on(Input.Submitted)
    def written(self, event: Input.Submitted) -> None:
        reason = _REASONS[self.query_one(OptionList).highlighted or 0]
        note = event.value.strip()
        if reason == "other" and not note:
            self._say("With this reason, say what it is.")
            return
        self.dismiss((reason, note))
