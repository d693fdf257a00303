"""The small dialogs: a question with two answers, a link before it is opened, a choice among links, trusted hosts.

They show strangers' text (titles, addresses) as `Content`, never as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from widgets.dialog import Dialog
from widgets.key_line import key_line
from widgets.links import Link
from widgets.list_dialog import LETTERS, ListDialog


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
    """Asks before a link leaves the terminal; answers "open", "always" (for this host), "copy" or "".

    The real host is shown apart: a text that looks like another site deceives nobody.
    """

    CSS_PATH = "../widgets/dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "answer('open')", show=False),
        Binding("a", "answer('always')", show=False),
        Binding("y,c", "answer('copy')", show=False),
        Binding("n,escape", "answer('')", show=False),
        Binding("q", "answer('')", show=False, id="dialog.leave"),
        Binding("left,h", "app.focus_previous", show=False, id="dialog.fold"),
        Binding("right,l", "app.focus_next", show=False, id="dialog.unfold"),
    ]

    def __init__(self, link: Link, missing: str = "") -> None:
        """``missing``: why there is no browser here; then the address can only be copied."""
        super().__init__()
        self._link = link
        self._missing = missing

    def compose(self) -> ComposeResult:
        link = self._link
        question = f"There is {self._missing}" if self._missing else "Open this link in the browser?"
        with Vertical(classes="dialog"):
            yield Static(Content.styled(question, "bold"), classes="question")
            yield Static(Content.styled(link.url, "$text-muted"), classes="detail")
            if link.warning:
                yield Static(Content.styled(f"! Careful: {link.warning}", "bold $warning"), classes="host")
            # Last, and its end right above the buttons: what is seen of it in any case.
            yield Static(Content.assemble(("Host  ", "$text-muted"), (link.told_host, "bold $accent")), classes="host")
            with Horizontal(classes="buttons"):
                if not self._missing:
                    yield Button(Content("Open (o)"), id="open", variant="primary")
                yield Button(Content("Copy (y)"), id="copy")
                yield Button(Content("Cancel (n)"), id="cancel")
            if self._may_always:
                always = "a opens it and asks no more for this host"
                yield Static(Content.styled(always, "$text-disabled"), classes="always")

    @property
    def _may_always(self) -> bool:
        return not self._missing and not self._link.warning

    def on_mount(self) -> None:
        self.query_one("#cancel", Button).focus()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        self.action_answer("" if event.button.id == "cancel" else event.button.id or "")

    def action_answer(self, answer: str) -> None:
        if (answer == "open" and self._missing) or (answer == "always" and not self._may_always):
            return
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
            (link.told_host, "$accent"),
            (link.url.partition(link.host)[2], "$text-muted"),
            (f"\n  ! {link.warning}" if link.warning else "", "$warning"),
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


class Hosts(ListDialog[None]):
    """The hosts whose links open without a question: Enter asks again for one, and takes that back."""

    CSS_PATH = "../widgets/dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*LETTERS]

    def __init__(self, hosts: Sequence[str], trust: Callable[[str, bool], None]) -> None:
        super().__init__()
        self._hosts = tuple(hosts)
        self._trust = trust
        self._off: set[int] = set()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Hosts that open without a question", "bold"), classes="question")
            yield OptionList(*(Option(self._drawn(at)) for at in range(len(self._hosts))))
            keys = "Enter asks again, and no more   Esc leaves"
            nothing = "None: each link is asked about. In that question, a is for always.\nEsc leaves"
            yield Static(key_line(keys if self._hosts else nothing), classes="host")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.display = bool(self._hosts)
        options.focus()

    def _drawn(self, at: int) -> Content:
        off = at in self._off
        return Content.assemble(
            ("  " if off else "✓ ", "$accent"), (self._hosts[at], "$text-disabled" if off else "$foreground")
        )

    @on(OptionList.OptionSelected)
    def toggled(self, event: OptionList.OptionSelected) -> None:
        at = event.option_index
        self._off ^= {at}
        self._trust(self._hosts[at], at not in self._off)
        self.query_one(OptionList).replace_option_prompt_at_index(at, self._drawn(at))
