"""Widgets that tell the screen at once what is to be painted, so that what changed together is one frame."""

from __future__ import annotations

from textual.widget import Widget


class AtOnce(Widget):
    """As a widget of Textual, but what is to be painted is told to the screen at once, not when the widget comes to
    rest: that takes two messages to itself, with each key, and what several widgets show of one change comes in
    several frames."""

    def check_idle(self) -> None:
        if self._repaint_required and self._is_mounted and self.display and not self._next_callbacks:
            self._check_refresh()
        else:
            super().check_idle()
