"""A choice among a few things that have a letter each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec import Struct
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from widgets.key_line import key_line
from widgets.list_dialog import LETTERS, ListDialog


class Choice(Struct, frozen=True):
    """``about`` says in a few words what ``name`` means; all of it is ours."""

    id: str
    letter: str
    name: str
    about: str


class LetterPicker(ListDialog[str]):
    """Answers the id of a choice, or "" or None when it was left."""

    CSS_PATH = ["dialog.tcss", "letter_picker.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [*LETTERS]

    def __init__(self, question: str, about: str, choices: Sequence[Choice], now: str) -> None:
        """``about`` is harmless text of a stranger: what the choice is for. ``now`` is what is chosen already."""
        super().__init__()
        self._question = question
        self._about = about
        self._choices = choices
        self._now = now

    def compose(self) -> ComposeResult:
        width = max(len(choice.name) for choice in self._choices) + 2
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self._question, "bold"), classes="question")
            yield Static(Content.styled(self._about, "$text-muted"), id="picker-about")
            yield OptionList(
                *(
                    Option(
                        Content.assemble(
                            ("● " if choice.id == self._now else "  ", "$accent"),
                            (f"{choice.letter}  ", "bold $primary"),
                            (f"{choice.name:<{width}}", "bold"),
                            (choice.about, "$text-muted"),
                        ),
                        id=choice.id,
                    )
                    for choice in self._choices
                )
            )
            yield Static(key_line("its letter chooses   Esc leaves"), id="picker-keys")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        ids = [choice.id for choice in self._choices]
        options.highlighted = ids.index(self._now) if self._now in ids else 0
        options.focus()

    def on_key(self, event: events.Key) -> None:
        found = next((choice for choice in self._choices if choice.letter == event.character), None)
        if found is not None:
            event.stop()
            event.prevent_default()
            self.dismiss(found.id)

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id or "")
