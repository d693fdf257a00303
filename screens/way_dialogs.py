"""The two small dialogs of lists: the order, and what a list is narrowed to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from jamtui.errors import JamError
from widgets.fields import Field, Lines
from widgets.key_line import key_line
from widgets.list_dialog import ListDialog

ORDERS = {
    "active": ("a", "the latest post first"),
    "new": ("n", "the latest thread first"),
    "votes": ("v", "the most votes first"),
    "replies": ("r", "the most replies first"),
    "state": ("s", "ideas that came furthest first"),
    "unanswered": ("u", "no reply yet, the longest waiting first"),
}

_HELP = {
    "is:unread": "that you have not read",
    "tag:": "that carries a tag",
    "kind:": "of a kind: idea, question, discussion",
    "state:": "of an idea: new, discussed, refined, chosen",
    "is:featured": "that a host features",
    "author:": "by somebody",
    "since:": "since a time: 2h, 3d, today, 2026-11-23",
    "has:code": "that holds code",
    "lang:": "in a language: de, zh",
    "before:": "before a time",
}


class SortPicker(ListDialog[str]):
    """Answers one of `ORDERS`, or "" when it was left. Each has a letter."""

    CSS_PATH = ["../widgets/dialog.tcss", "way_dialogs.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "choose('')", show=False),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
        *(Binding(key, f"choose('{order}')", show=False) for order, (key, _) in ORDERS.items()),
    ]

    def __init__(self, now: str) -> None:
        super().__init__()
        self._now = now

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Sort the threads by", "bold"), classes="question")
            yield OptionList(
                *(
                    Option(
                        Content.assemble(
                            ("● " if order == self._now else "  ", "$accent"),
                            (f"{key}  ", "bold $primary"),
                            (f"{order:<12}", "bold"),
                            (about, "$text-muted"),
                        ),
                        id=order,
                    )
                    for order, (key, about) in ORDERS.items()
                )
            )
            yield Static(key_line("its letter chooses   Esc leaves"), id="filter-keys")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = list(ORDERS).index(self._now) if self._now in ORDERS else 0
        options.focus()

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id or "")

    def action_choose(self, order: str) -> None:
        self.dismiss(order)


class FilterPicker(ListDialog[str | None]):
    """A line of filters, with what may come next below it and how many threads are left beside it.

    Answers the line ("" narrows nothing), or None when it was left.
    """

    CSS_PATH = ["../widgets/dialog.tcss", "way_dialogs.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("tab", "complete", show=False, priority=True),
    ]

    def __init__(
        self, where: str, line: str, complete: Callable[[str], Sequence[str]], found: Callable[[str], str]
    ) -> None:
        """``where`` names the list; ``found`` says in words how many threads a line leaves, or raises `JamError`."""
        super().__init__()
        self._where = where
        self._line = line
        self._complete = complete
        self._found = found
        self._rows: list[str] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Show only threads with a post that fits", "bold"), classes="question")
            yield Static(Content.styled(f"in {self._where}", "$text-muted"), id="filter-where")
            yield Field(
                self._line,
                placeholder="tag:… author:… lang:… since:2h has:code is:unread"
                if self.app.size.width >= 60
                else "tag:… since:2h is:unread",
                suggester=Lines(self._complete),
                select_on_focus=False,
                compact=True,
                id="filter-line",
            )
            yield Static(id="filter-found")
            yield OptionList(id="filter-rows")
            yield Static(key_line("Enter shows them   Tab completes   Esc leaves"), id="filter-keys")

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self.query_one(Field).focus()
        self._fill(self._line)

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        self._fill(event.value)

    def _fill(self, line: str) -> None:
        self.pointed = False
        self._rows = [one for one in self._complete(line) if one != line][:50]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(Option(self._row(one)) for one in self._rows)
        options.highlighted = 0 if self._rows else None
        self._tell(line)

    @staticmethod
    def _row(line: str) -> Content:
        word = line.rpartition(" ")[2] if '"' not in line else line
        help_ = _HELP.get(word, "")
        return Content.assemble((f"{word:<14}" if help_ else word, "bold" if help_ else ""), (help_, "$text-muted"))

    def _tell(self, line: str) -> bool:
        """Says what the line leaves; whether it is a filter."""
        try:
            left = self._found(line)
            said, good = Content.styled(left, "$warning" if left.startswith("0 ") else "$success"), True
        except JamError as error:
            unfinished = line.endswith(":") or self._rows
            said = Content.styled("" if unfinished else f"✗ {error.title}. {error.hint}", "$error")
            good = False
        self.query_one("#filter-found", Static).update(said)
        return good

    @on(Input.Submitted)
    def entered(self, event: Input.Submitted) -> None:
        line = event.value.strip()
        if not self.pointed and self._tell(line):
            self.dismiss(line)
        else:
            self.action_complete()

    @on(OptionList.OptionSelected)
    def clicked(self, event: OptionList.OptionSelected) -> None:
        self._put(event.option_index)

    def _put(self, row: int | None) -> None:
        if row is not None and row < len(self._rows):
            field = self.query_one(Field)
            field.value = self._rows[row] + ("" if self._rows[row].endswith(":") else " ")
            field.cursor_position = len(field.value)

    def action_complete(self) -> None:
        self._put(self.query_one(OptionList).highlighted)
