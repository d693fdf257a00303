"""A few lines above a list: who a page is about, what a list is narrowed to, how far a plan is."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Banner(Static):
    """Shown only when there is something to say; texts are harmless."""

    DEFAULT_CSS = """
    Banner { height: auto; max-height: 8; padding: 0 1 0 2; background: $surface; color: $text-muted; display: none; }
    """

    def __init__(self) -> None:
        super().__init__(id="banner", markup=False)
        self._said = Content("")

    def say(self, text: Content) -> None:
        if text != self._said:
            self._said = text
            self.update(text)
        self.display = bool(text.plain)
