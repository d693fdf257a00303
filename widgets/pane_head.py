"""The line above a pane: what is in it, and a few figures at its right end. Bright when the pane has the keys."""

from __future__ import annotations

from textual.content import Content

from widgets.at_once import AtOnce


class PaneHead(AtOnce):
    """One line of two texts; the left one is cut when they meet."""

    DEFAULT_CSS = """
    PaneHead { height: 1; width: 1fr; padding: 0 1 0 2; background: $surface; color: $text-muted; }
    PaneHead.-active { background: $panel; color: $primary; text-style: bold; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 # Textual's own name for it
        super().__init__(id=id)
        self._left = Content("")
        self._right = Content("")

    def show(self, left: Content, right: Content, *, active: bool) -> None:
        """Harmless texts; ``active`` says that the pane below has the keys."""
        self.set_class(active, "-active")
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        right = self._right.truncate(max(0, width), ellipsis=True)
        room = max(0, width - right.cell_length - 1)
        left = self._left.truncate(room, ellipsis=True)
        return Content.assemble(left, " " * (width - left.cell_length - right.cell_length), right)
