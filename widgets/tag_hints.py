"""One line of tags that may be meant, below a field of tags: curated ones with a star, and why another stands there."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from jamtui.tag_book import TagChoice
from widgets.strips import Span, line_width


class TagHints(Widget):
    """Hidden until something is shown."""

    DEFAULT_CSS = "TagHints { height: 1; width: 1fr; padding: 0 1; display: none; }"

    def __init__(self) -> None:
        super().__init__(id="tag-hints")
        self._warning = ""
        self._choices: Sequence[TagChoice] = ()

    def show(self, warning: str, choices: Sequence[TagChoice]) -> None:
        """``warning`` (another spelling, what a tag became) comes before all choices."""
        self._warning, self._choices = warning, choices
        self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        if self._warning:
            return Content.assemble((f"! {self._warning}", "$warning"), ("   ↓ takes it", "$text-disabled"))
        if not self._choices:
            return Content.styled("A new tag", "$text-disabled")
        pieces: list[tuple[str, str]] = [("↓ ", "bold $primary")]
        taken = 2
        for at, one in enumerate(self._choices):
            curated = one.why == "curated"
            why = f" {one.why}" if one.why and not curated and not at else ""
            text = f"{'★ ' if curated else ''}#{one.name}"
            cells = line_width([Span(text + why)]) + (3 if at else 0)
            if taken + cells > width:
                break
            taken += cells
            pieces += [
                ("   " if at else "", ""),
                (text, "bold $secondary" if curated else "bold $foreground" if not at else "$text-muted"),
                (why, "$text-disabled"),
            ]
        return Content.assemble(*pieces)
