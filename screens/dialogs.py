"""The small dialogs: a question with two answers, a link before it is opened, a choice among links.

They show strangers' text (titles, addresses) as `Content`, never as markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from widgets.dialog import Dialog
from widgets.links import Link
from widgets.list_dialog import ListDialog


class Confirm(Dialog[bool]):
    """A question; y or Enter on the button does it, n or Esc leaves things as they are."""

    CSS_PATH = "../widgets/dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", show=False),
        Binding("n,escape", "answer(False)", show=False),
        Binding("q", "answer(False)", show=False, id="dialog.leave"),
        Binding("left,h", "app.focus_previous", show=False, id="dialog.fold"),
        Binding("right,l", "app.focus_next", show=False, id="dialog.unfold"),
    ]

    def __init__(self, question: str, detail: str, yes: str, *, no: str = "Cancel", danger: bool = False) -> None:
        """``question`` one line; ``detail`` what it is about (harmless text); ``yes`` and ``no`` are on the buttons."""
        super().__init__()
        self._question = question
        self._detail = detail
        self._yes = yes
        self._no = no
        self._danger = danger

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self._question, "bold"), classes="question")
            yield Static(Content(self._detail), classes="detail")
            with Horizontal(classes="buttons"):
                yield Button(Content(f"{self._yes} (y)"), id="yes", variant="error" if self._danger else "primary")
                yield Button(Content(f"{self._no} (n)"), id="no")

    def on_mount(self) -> None:
        self.query_one("#no" if self._danger else "#yes", Button).focus()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class OpenLink(Dialog[str]):
    """Asks before a link leaves the terminal; answers "open", "copy" or "".

    The real host is shown apart: a text that looks like another site deceives nobody.
    """

    CSS_PATH = "../widgets/dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "answer('open')", show=False),
        Binding("y,c", "answer('copy')", show=False),
        Binding("n,escape", "answer('')", show=False),
        Binding("q", "answer('')", show=False, id="dialog.leave"),
        Binding("left,h", "app.focus_previous", show=False, id="dialog.fold"),
        Binding("right,l", "app.focus_next", show=False, id="dialog.unfold"),
    ]

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Open this link in the browser?", "bold"), classes="question")
            yield Static(Content.assemble(("Host  ", "$text-muted"), (self._link.host, "bold $accent")), classes="host")
            if self._link.deceptive:
                yield Static(
                    Content.styled(f"! The text of the link names another: {self._link.text}", "bold $warning"),
                    classes="host",
                )
            yield Static(Content.styled(self._link.url, "$text-muted"), classes="detail")
            with Horizontal(classes="buttons"):
                yield Button(Content("Open (o)"), id="open", variant="primary")
                yield Button(Content("Copy (y)"), id="copy")
                yield Button(Content("Cancel (n)"), id="cancel")

    def on_mount(self) -> None:
        self.query_one("#cancel", Button).focus()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        self.dismiss("" if event.button.id == "cancel" else event.button.id or "")

    def action_answer(self, answer: str) -> None:
        self.dismiss(answer)


class Links(ListDialog[Link | None]):
    """The links of a post, numbered; answers the one chosen, or None."""

    CSS_PATH = "../widgets/dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("q", "leave", show=False, id="dialog.leave"),
        Binding("j,down", "move(1)", show=False, id="dialog.down"),
        Binding("k,up", "move(-1)", show=False, id="dialog.up"),
        *(Binding(str(number), f"take({number})", show=False) for number in range(1, 10)),
    ]

    def __init__(self, links: Sequence[Link]) -> None:
        """``links`` may all be opened."""
        super().__init__()
        self._links = tuple(links)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Links of this post", "bold"), classes="question")
            yield OptionList(*(Option(self._row(link)) for link in self._links))

    @staticmethod
    def _row(link: Link) -> Content:
        return Content.assemble(
            (f"{link.number} ", "bold $primary"),
            (link.text, "bold"),
            "\n  ",
            (link.host, "$accent"),
            (link.url.partition(link.host)[2], "$text-muted"),
        )

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._links[event.option_index])

    def action_take(self, number: int) -> None:
        for link in self._links:
            if link.number == number:
                self.dismiss(link)
