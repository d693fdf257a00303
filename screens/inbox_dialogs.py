"""The two small dialogs of the inbox: which reasons it shows, and the text of what is no post."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from jamtui.notice import WORDS, Reason
from widgets.card import Card
from widgets.dialog import Dialog
from widgets.key_line import key_line
from widgets.list_dialog import LETTERS, ListDialog


class ReasonPicker(ListDialog[str]):
    """Answers what the inbox is to show: "" for everything, ``unread``, or a reason; None when it was left."""

    CSS_PATH = ["../widgets/dialog.tcss", "inbox_dialogs.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [*LETTERS]

    def __init__(self, now: str, counts: Sequence[tuple[str, int, int]]) -> None:
        """``counts`` are (what is shown, rows, rows with something unread); ``now`` is what is shown."""
        super().__init__()
        self._now = now
        self._counts = list(counts)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Show in the inbox", "bold"), classes="question")
            yield OptionList(*(Option(self._drawn(*one), id=one[0] or "all") for one in self._counts))
            yield Static(key_line("Enter shows it   Esc leaves"), id="inbox-keys")

    def _drawn(self, name: str, rows: int, unread: int) -> Content:
        words = {"": "everything", "unread": "what is unread"}
        label = words.get(name) or WORDS[Reason(name)]
        return Content.assemble(
            ("● " if name == self._now else "  ", "$accent"),
            (f"{label:<17}", "bold" if rows else "$text-disabled"),
            (f"{rows:>5,}", "$text-muted"),
            (f"  {unread:,} new" if unread else "", "$accent"),
        )

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        names = [name for name, _, _ in self._counts]
        options.highlighted = names.index(self._now) if self._now in names else 0
        options.focus()

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._counts[event.option_index][0])


class ThingDialog(Dialog[None]):
    """An announcement, a poll, a notice of moderators: its whole text."""

    CSS_PATH = ["../widgets/dialog.tcss", "inbox_dialogs.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,space", "leave", show=False),
        Binding("q", "leave", show=False, id="dialog.leave"),
        Binding("j,down", "scroll(1)", show=False, id="dialog.down"),
        Binding("k,up", "scroll(-1)", show=False, id="dialog.up"),
    ]

    def __init__(self, text: Callable[[int], Content], tail: str = "") -> None:
        """``text`` draws it for a width."""
        super().__init__()
        self._text: Callable[[int], Content] = text
        self._tail = tail

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            with VerticalScroll(id="thing", can_focus=False):
                yield Card()
            yield Static(key_line(f"Esc leaves{self._tail}"), id="inbox-keys")

    def on_mount(self) -> None:
        self.query_one(Card).show(self._text)

    def action_scroll(self, step: int) -> None:
        self.query_one("#thing").scroll_relative(y=step, animate=False)

    def action_leave(self) -> None:
        self.dismiss(None)
