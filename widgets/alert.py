"""A line about the newest announcement. It stands in the place of the tabs, so that nothing moves when it comes."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Alert(Static):
    """Shown only while there is something to say; texts are harmless."""

    DEFAULT_CSS = """
    Alert { height: 1; padding: 0 1 0 2; background: $surface; }
    """

    def __init__(self) -> None:
        super().__init__(id="alert", markup=False)
        self._said = Content("")

    def say(self, head: Content, text: str, keys: str) -> None:
        """``head`` who and when, ``text`` the announcement on one line, ``keys`` what can be done, never cut."""
        width = max(0, self.app.size.width - 3)
        room = width - head.cell_length - len(keys) - 5
        body = Content.styled(text, "$foreground").truncate(max(0, room), ellipsis=True) if room >= 8 else Content("")
        line = Content.assemble(head, "  ", body)
        line = line.truncate(max(0, width - len(keys) - 2), ellipsis=True, pad=True)
        said = Content.assemble(line, "  ", (keys, "$text-disabled"))
        if said != self._said:
            self._said = said
            self.update(said)
        self.display = True
