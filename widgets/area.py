"""The field of many lines, apart from the others: its editor takes long to import, and only who writes needs it."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import TextArea

from widgets.fields import CONTROLS, blinks


class Area(TextArea):
    """A `TextArea` that keeps what was pasted and draws it harmless."""

    def on_mount(self) -> None:
        self.cursor_blink = blinks(self)

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        line.plain = line.plain.translate(CONTROLS)
        return line
