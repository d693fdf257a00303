"""The ``:`` line: the name of an action and its argument, completed as one types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from widgets.fields import Field, Lines


class CommandField(Field):
    """The field of the line. ``ending`` is called when Enter was pressed, before the next key is let out."""

    ending: Callable[[], None]

    async def action_submit(self) -> None:
        self.ending()
        await super().action_submit()


class CommandLine(Horizontal):
    """One line at the foot of the screen, over the hints. Tab goes through completions, Enter does it, Esc leaves."""

    DEFAULT_CSS = """
    CommandLine { height: 1; width: 1fr; background: $panel; padding: 0 1; }
    CommandLine #colon { width: 1; height: 1; color: $accent; text-style: bold; }
    CommandLine Field { width: 1fr; height: 1; border: none; padding: 0; background: $panel; }
    CommandLine #matches { width: auto; max-width: 50%; height: 1; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("tab", "complete(1)", show=False, priority=True),
        Binding("shift+tab", "complete(-1)", show=False, priority=True),
    ]

    class Entered(Message):
        """A whole line, as typed."""

        def __init__(self, line: str) -> None:
            super().__init__()
            self.line = line

    class Left(Message):
        """Nothing is to be done."""

    def __init__(
        self, complete: Callable[[str], Sequence[str]], line: str = "", ending: Callable[[], None] = lambda: None
    ) -> None:
        """``complete`` gives whole lines, best first; ``line`` is what stands there at first; ``ending`` is called as
        soon as the line is over, before anything is told: what is typed from then on is not meant for it."""
        super().__init__(id="command-line")
        self._ending = ending
        self._line = line
        self._complete = complete
        self._stem = ""  # what was typed before Tab was pressed
        self._turn = -1

    def compose(self) -> ComposeResult:
        yield Static(Content(":"), id="colon")
        field = CommandField(
            self._line, suggester=Lines(self._complete), id="command", select_on_focus=False, compact=True
        )
        field.ending = self._ending
        yield field
        yield Static(id="matches")

    def on_mount(self) -> None:
        self.query_one(Field).focus()

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        event.stop()
        found = self._complete(event.value) if event.value else []
        if not (0 <= self._turn < len(self._matches()) and event.value == self._matches()[self._turn]):
            self._stem, self._turn = event.value, -1
            words = [line.rpartition(" ")[2] for line in found[:6]]
            self.query_one("#matches", Static).update(Content("  ".join(words)))

    def _matches(self) -> Sequence[str]:
        return self._complete(self._stem) if self._stem else []

    def action_complete(self, step: int) -> None:
        found = self._matches()
        if found:
            self._turn = (self._turn + step) % len(found)
            field = self.query_one(Field)
            field.value = found[self._turn]
            field.cursor_position = len(field.value)

    @on(Input.Submitted)
    def entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Entered(event.value.strip()))

    def action_leave(self) -> None:
        self._ending()
        self.post_message(self.Left())
