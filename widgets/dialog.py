"""What all dialogs have in common: each is answered once.

A second click of a double click, or a key typed ahead, reaches a dialog that has been answered already. Textual
would take the screen below it away for that, or end the program where there is none.
"""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

Answer = TypeVar("Answer")
LOW = 16  # lines of a terminal below which there is no air: the class -short of styles (`jamtui.app`)


class Dialog(ModalScreen[Answer]):
    """See the module."""

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        if self not in self.app.screen_stack:
            return AwaitComplete()
        return super().dismiss(result)
