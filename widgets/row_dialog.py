"""A list of rows of several lines with a head, and keys that do something with the row under the cursor.

A subclass names `row_dialog.tcss` in its own CSS_PATH, which Textual reads from where the subclass stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from jamtui.errors import JamError, sentence
from widgets.dialog import LOW
from widgets.key_line import key_line
from widgets.list_dialog import LETTERS, ListDialog, TallList

Row = TypeVar("Row")
_TO_POST = "Enter goes to the post   "


class RowDialog(ListDialog[str], Generic[Row]):
    """Answers the id of a post to go to, or "". ``head``, ``keys`` and ``nothing`` are the words around the rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *LETTERS,
        Binding("g,home", "to(0)", show=False, id="dialog.first"),
        Binding("G,end", "to(-1)", show=False, id="dialog.last"),
    ]
    head = ""
    keys = ""
    nothing = ""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._keys_stand = True  # and not what was done last

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog row-dialog"):
            yield Static(id="rows-head", classes="question")
            yield TallList(id="rows-list")
            yield Static(id="rows-keys")

    def on_mount(self) -> None:
        self.fill()
        self.query_one(OptionList).focus()

    def on_resize(self) -> None:
        self.fill()

    # -- what a list is of

    def read(self) -> Sequence[Row]:
        """The rows as they are now."""
        raise NotImplementedError

    def drawn(self, row: Row, width: int) -> Content:
        raise NotImplementedError

    def post_of(self, row: Row) -> str:
        """The post that Enter goes to; "" for none."""
        return ""

    # -- drawing

    @property
    def room(self) -> int:
        """Cells of a row."""
        width, height = self.app.size
        return max(24, min(100, width * 98 // 100) - (6 if height < LOW else 8))

    def fill(self) -> None:
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        self.rows = list(self.read())
        options.clear_options()
        options.add_options(Option(self.drawn(row, self.room)) for row in self.rows)
        options.display = bool(self.rows)
        options.highlighted = min(at, len(self.rows) - 1) if self.rows else None
        count = f"   {len(self.rows):,}" if self.rows else ""
        self.query_one("#rows-head", Static).update(Content.assemble((self.head, "bold"), (count, "$text-muted")))
        self.tell()

    def tell(self, words: str = "", colour: str = "$success") -> None:
        """``words`` in place of the keys."""
        low = self.app.size.height < LOW
        first = self.nothing.split(": ")[0].split(". ")[0].rstrip(".")  # there is one line for it
        nothing = f"{first}." if low else self.nothing
        row = self.row if self.rows else None
        keys = self.keys_of(row) if row is not None else f"{nothing}\nEsc leaves"
        self._keys_stand = not words
        self.query_one("#rows-keys", Static).update(Content.styled(words, colour) if words else key_line(keys))

    def keys_of(self, row: Row) -> str:
        """What can be done with this row: no key that does nothing to it."""
        return self.keys if self.post_of(row) else self.keys.replace(_TO_POST, "")

    @on(OptionList.OptionHighlighted)
    def on_another_row(self) -> None:
        if self._keys_stand:
            self.tell()

    def complain(self, error: JamError) -> None:
        self.tell(f"{sentence(error.title)}. {error.hint}".strip(), "$error")

    @property
    def row(self) -> Row | None:
        at = self.query_one(OptionList).highlighted
        return self.rows[at] if at is not None and at < len(self.rows) else None

    # -- keys

    def action_to(self, at: int) -> None:
        if self.rows:
            self.query_one(OptionList).highlighted = at % len(self.rows)

    def on_option_list_option_selected(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        if self.row is not None and (post := self.post_of(self.row)):
            self.dismiss(post)

    def action_leave(self) -> None:
        self.dismiss("")
