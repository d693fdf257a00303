"""The text about what is under the cursor of a list: the brief of a forum, a person, a write that waits."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget


class Fitted(Widget):
    """Text that is made for the width it gets, so that the first layout is also the last."""

    DEFAULT_CSS = "Fitted { width: 1fr; height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self._make: Callable[[int], Content] = lambda _: Content("")
        self._made: tuple[int, Content] | None = None

    def show(self, make: Callable[[int], Content]) -> None:
        """``make`` gives the text, harmless, for a width in cells. Nothing is laid out for a text that is the same."""
        before = self._made
        self._make, self._made = make, None
        if before is not None:
            now = self._text(before[0])
            if (now.plain, now.spans) == (before[1].plain, before[1].spans):
                return
        self.refresh(layout=True)

    def _text(self, width: int) -> Content:
        if self._made is None or self._made[0] != width:
            self._made = (width, self._make(width))
        return self._made[1]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._text(width).get_height({}, width)

    def render(self) -> Content:
        return self._text(self.content_size.width)


class Card(Fitted):
    """The one beside a list."""

    DEFAULT_CSS = "Card { max-width: 76; }"
