"""Search over everything, as one types: hits with the words around them, best first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from jamtui.model import SearchHit
from jamtui.session import Session
from widgets.fields import Field
from widgets.lists import HitList
from widgets.row_list import RowList

Found = tuple[str, list[SearchHit], int]


class Search(ModalScreen[Found | None]):
    """Answers the query, its hits and which of them was opened; None when it was left."""

    CSS_PATH = "search.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("down,ctrl+n", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
    ]

    def __init__(self, session: Session, query: str = "") -> None:
        super().__init__()
        self._session = session
        self._query = query
        self._hits: list[SearchHit] = []
        self._answered = ""  # the query that the hits belong to

    def compose(self) -> ComposeResult:
        with Vertical(id="search"):
            with Horizontal(id="search-line"):
                yield Static(Content("/"), id="search-slash")
                yield Field(
                    self._query, placeholder='words, "a phrase", tag:name, author:handle', id="query", compact=True
                )
                yield Static(id="search-count")
            yield HitList(self._rows, self._session.now)
            yield Static(
                Content.assemble(
                    *(("Enter", "bold $primary"), (" opens   ", "$text-muted")),
                    *(("↑ ↓", "bold $primary"), (" move   ", "$text-muted")),
                    *(("n p", "bold $primary"), (" then go through the hits   ", "$text-muted")),
                    *(("Esc", "bold $primary"), (" leaves", "$text-muted")),
                ),
                id="search-keys",
            )

    def on_mount(self) -> None:
        self.query_one(HitList).can_focus = False
        self.query_one(HitList).empty = "Type to search every post of the Jam."
        self.query_one(Field).focus()

    def _rows(self, keys: Sequence[int]) -> list[SearchHit]:
        wanted = {hit.post.key: hit for hit in self._hits}
        return [wanted[key] for key in keys if key in wanted]

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        query = event.value
        self.run_worker(lambda: self._find(query), name="search", exclusive=True, thread=True)

    def _find(self, query: str) -> None:
        """On a thread of its own: a common word may take longer than a frame."""
        hits = self._session.search(query)
        self.app.call_from_thread(self._show, query, hits)

    def _show(self, query: str, hits: list[SearchHit]) -> None:
        if not self.is_attached or query != self.query_one(Field).value:
            return  # something else was typed meanwhile
        self._hits, self._answered = hits, query
        rows = self.query_one(HitList)
        rows.empty = "Nothing found." if query.strip() else "Type to search every post of the Jam."
        rows.set_rows([hit.post.key for hit in hits])
        self.query_one("#search-count", Static).update(
            Content(f"{len(hits):,} {'hit' if len(hits) == 1 else 'hits'}" if query.strip() else "")
        )

    @on(Input.Submitted)
    def entered(self) -> None:
        self._open()

    @on(RowList.Opened)
    def opened(self, message: RowList.Opened) -> None:
        message.stop()
        self._open()

    @on(RowList.Highlighted)
    def moved(self, message: RowList.Highlighted) -> None:
        message.stop()

    def _open(self) -> None:
        at = self.query_one(HitList).cursor_index
        if at >= 0:
            self.dismiss((self._answered, self._hits, at))

    def action_move(self, step: int) -> None:
        self.query_one(HitList).move(step)

    def action_page(self, direction: int) -> None:
        self.query_one(HitList).page(direction)

    def action_leave(self) -> None:
        self.dismiss(None)
