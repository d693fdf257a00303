"""The links of a post in both directions: Enter goes to the other post, D takes a link away, z puts it back."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from jamtui.errors import JamError, sentence
from jamtui.lately import Undos
from jamtui.model import LINK_WORDS, LinkRow
from jamtui.session import Session
from widgets.key_line import key_line
from widgets.list_dialog import LETTERS, ListDialog


class ConnectionsDialog(ListDialog[str | None]):
    """Answers the id of the post that is gone to, or None."""

    CSS_PATH = ["../widgets/dialog.tcss", "connections.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        *LETTERS,
        Binding("D", "take_away", show=False),
        Binding("z", "undo", show=False),
    ]

    def __init__(self, session: Session, post_id: str, about: str, link_key: str) -> None:
        """``about`` is the post in a harmless line; ``link_key`` the key that makes a link."""
        super().__init__()
        self._session = session
        self._post_id = post_id
        self._about = about
        self._link_key = link_key
        self._links: tuple[LinkRow, ...] = ()
        self._undos = Undos()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self._about, "bold $primary"), id="connections-about")
            yield OptionList()
            yield Static(id="connections-keys")

    def on_mount(self) -> None:
        self._fill()
        self.query_one(OptionList).focus()

    def _fill(self, at: int = 0) -> None:
        self._links = self._session.links(self._post_id)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(_row(link)) for link in self._links])
        options.display = bool(self._links)
        options.highlighted = min(at, len(self._links) - 1) if self._links else None
        self._say()

    def _say(self, words: str = "", style: str = "") -> None:
        undo = "   z puts it back" if self._undos else ""
        keys = f"Enter goes there   D takes the link away{undo}   Esc leaves"
        nothing = f"No links yet. {self._link_key} on a post says how it stands to another.\nEsc leaves"
        told = Content.styled(words, style) if words else key_line(keys if self._links else nothing)
        self.query_one("#connections-keys", Static).update(told)

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        link = self._links[event.option_index]
        if link.gone:
            self._say(f"This is {link.title}", "$warning")
        else:
            self.dismiss(link.post_id)

    def action_take_away(self) -> None:
        at = self.query_one(OptionList).highlighted
        if at is None or at >= len(self._links):
            return
        try:
            undo = self._session.disconnect(self._post_id, self._links[at])
        except JamError as error:
            self._say(f"{sentence(error.title)}. {error.hint}", "$error")
            return
        self._undos.add(undo.what, partial(self._session.undo, undo))
        self._fill(at)
        self._say("Taken away; z puts it back", "$success")

    def action_undo(self) -> None:
        try:
            self._undos.take_back()
        except JamError as error:
            self._say(f"{sentence(error.title)}. {error.hint}", "$error")
            return
        self._fill()


def _row(link: LinkRow) -> Content:
    return Content.assemble(
        ("→ " if link.out else "← ", "$accent"),
        (f"{LINK_WORDS[link.kind][0 if link.out else 1]}  ", "$text-muted"),
        (link.title, "$text-disabled" if link.gone else "$foreground"),
        ("  ↑ queued" if link.waits else "", "$accent"),
    )
