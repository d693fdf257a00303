"""The first run: three doors, chosen by key, arrow or click."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

LOGO = (
    ("     ██  █████  ███    ███", "$primary"),
    ("     ██ ██   ██ ████  ████", "$primary 90%"),
    ("     ██ ███████ ██ ████ ██", "$secondary"),
    ("██   ██ ██   ██ ██  ██  ██", "$secondary 90%"),
    (" █████  ██   ██ ██      ██", "$accent"),
)

CHOICES = (
    ("demo", "Try the demo", "A live Jam on this machine. No account, no network."),
    ("read", "Read only", "Give the address of a Jam and read as a guest."),
    ("sign-in", "Sign in", "Take part: organisation, password, invitation, token."),
)


class Welcome(Screen[None]):
    """What a person sees who has no Jam yet. Posts `Welcome.Chosen`; the app opens the door."""

    CSS_PATH = "welcome.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "choose('demo')", show=False),
        Binding("r", "choose('read')", show=False),
        Binding("s", "choose('sign-in')", show=False),
        Binding("j", "move('down')", show=False),
        Binding("k", "move('up')", show=False),
        Binding("l,space", "move('select')", show=False),
        Binding("q,escape", "app.quit", show=False),
    ]

    class Chosen(Message):
        """``choice`` is demo, read or sign-in."""

        def __init__(self, choice: str) -> None:
            super().__init__()
            self.choice = choice

    def compose(self) -> ComposeResult:
        with Vertical(id="welcome"):
            with Center():
                yield Static(_logo(), id="logo")
            with Center():
                yield Static(
                    Content.styled("Thousands of people, one question, a few days. From your terminal.", "$text-muted"),
                    id="motto",
                )
            with Center():
                yield OptionList(
                    *(Option(_choice(title, detail), id=name) for name, title, detail in CHOICES), id="doors"
                )
            with Center():
                yield Static(id="welcome-note")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.query_one(OptionList).highlighted = 0
        self.say("")

    def say(self, text: str, failed: bool = False) -> None:
        """The line below the doors: what is going on, or what went wrong."""
        note = self.query_one("#welcome-note", Static)
        if text:
            note.update(Content.styled(text, "$error" if failed else "$secondary"))
        else:
            note.update(Content.assemble(("Enter", "bold $primary"), " chooses   ", ("q", "bold $primary"), " leaves"))
        self.query_one(OptionList).disabled = bool(text) and not failed
        if failed:
            self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        self.action_choose(event.option.id or "")

    def action_choose(self, choice: str) -> None:
        if not self.query_one(OptionList).disabled:
            self.post_message(self.Chosen(choice))

    def action_move(self, how: str) -> None:
        options = self.query_one(OptionList)
        {"down": options.action_cursor_down, "up": options.action_cursor_up, "select": options.action_select}[how]()


def _logo() -> Content:
    return Content("\n").join([Content.styled(line, colour) for line, colour in LOGO])


def _choice(title: str, detail: str) -> Content:
    return Content.assemble((title[0], "bold underline $primary"), (title[1:], "bold"), "\n", (detail, "$text-muted"))
