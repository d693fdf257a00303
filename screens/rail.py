"""The third pane: on very wide terminals the forums stay at the left of an open forum. It never has the keys itself.

`tab` goes round forums, threads, thread; while the forums have the keys, their own list stands in the rail's place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from jamtui.model import ForumRow
from widgets.lists import ForumList
from widgets.pane_head import PaneHead


class RailList(ForumList, can_focus=False):
    """The forums beside what is read. A click opens one; the wheel scrolls."""

    class Clicked(Message):
        """A forum was clicked."""

        def __init__(self, forum_id: str) -> None:
            super().__init__()
            self.forum_id = forum_id

    def on_click(self, event: events.Click) -> None:
        super().on_click(event)
        if self.cursor_key is not None:
            self.post_message(self.Clicked(self.cursor_key))


class Rail(Vertical):
    """Head and list of the forums. Shown by `jam.tcss` alone; a click is told by the list's own message."""

    def __init__(self, forums: Callable[[], Sequence[ForumRow]]) -> None:
        super().__init__(id="rail")
        self._forums = forums

    def compose(self) -> ComposeResult:
        yield PaneHead(id="rail-head")
        yield RailList(self._forums)

    def show(self, forum_id: str, active: Mapping[str, Sequence[int]]) -> None:
        """The forums as they are now, the cursor on the one that is open; nothing while the rail is not seen."""
        if not self.display:
            return
        forums = self._forums()
        rows = self.query_one(RailList)
        rows.update_rows([row.id for row in forums])
        rows.show_activity(active)
        rows.go_to(forum_id)
        self.query_one(PaneHead).show(Content("Forums"), Content(f"{len(forums):,}"), active=False)
