"""How a post stands to another: a kind of link, and the post that is meant, found as one types."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from jamtui.archive import LINKS
from jamtui.model import LINK_WORDS, Similar
from screens.type_ahead import hold_keys, nowhere, release_keys
from widgets.fields import Field
from widgets.key_line import key_line
from widgets.list_dialog import ListDialog
from widgets.rows import one_line

Deliver = Callable[[str, tuple[Similar, ...]], object]


class ConnectDialog(ListDialog[tuple[str, str] | None]):
    """Answers (kind of link, id of the other post), or None when it was left."""

    class Answered(Message):
        """What is called as was typed."""

        def __init__(self, text: str, found: tuple[Similar, ...]) -> None:
            super().__init__()
            self.text = text
            self.found = found

    CSS_PATH = ["../widgets/dialog.tcss", "connect.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("tab", "kind(1)", show=False, priority=True),
        Binding("shift+tab", "kind(-1)", show=False, priority=True),
    ]

    def __init__(self, about: str, post_id: str, ask: Callable[[str, Deliver], None], kind: str = "") -> None:
        """``about`` is the post in a harmless line; ``ask`` looks for posts off the screen's thread."""
        super().__init__()
        self._about = about
        self._post_id = post_id
        self._ask = ask
        self._kind = kind if kind in LINKS else LINKS[0]
        self._found: tuple[Similar, ...] = ()
        self._answered = ""  # the line that the list is for
        self._entered = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self._about, "bold $primary"), id="connect-about")
            yield Static(id="connect-kinds")
            yield Field(placeholder="the other post: its title or id", id="connect-find", compact=True)
            yield OptionList(id="connect-rows")
            yield Static(id="connect-note")
            yield Static(id="connect-keys")

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self.query_one(Field).focus()
        self._show_kinds()
        self._fill(())

    def _show_kinds(self) -> None:
        pieces: list[tuple[str, str]] = []
        if self.app.size.width < 50:  # one at a time
            pieces = [("◂ ", "$text-muted"), (LINK_WORDS[self._kind][0], "bold $accent"), (" ▸", "$text-muted")]
        for kind in LINKS if not pieces else ():
            chosen = kind == self._kind
            pieces += [(f" {LINK_WORDS[kind][0]} ", "bold reverse $accent" if chosen else "$text-muted"), (" ", "")]
        self.query_one("#connect-kinds", Static).update(Content.assemble(*pieces))

    def action_kind(self, step: int) -> None:
        self._kind = LINKS[(LINKS.index(self._kind) + step) % len(LINKS)]
        self._show_kinds()

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        self._entered = False  # who types on, since no answer came, chooses anew
        if event.value.strip():
            # From another thread, perhaps when this dialog has been left.
            self._ask(event.value, lambda text, found: self.post_message(self.Answered(text, found)))
        else:
            self._answered = event.value
            self._fill(())

    @on(Answered)
    def answered(self, event: Answered) -> None:
        if event.text == self.query_one(Field).value:
            self._fill(event.found)
            self._answered = event.text
            if self._entered:
                self._entered = False
                release_keys(self.app, nowhere)
                self._choose(self.query_one(OptionList).highlighted)

    def _fill(self, found: tuple[Similar, ...]) -> None:
        self._found = tuple(one for one in found if one.post.id != self._post_id)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(_row(one)) for one in self._found])
        options.highlighted = 0 if self._found else None
        typed = self.query_one(Field).value.strip()
        note = "" if self._found or len(typed) < 2 else "No post is called so."
        said = self.query_one("#connect-note", Static)
        said.update(Content.styled(note, "$warning"))
        said.display = bool(note)
        links = "   Enter links" if self._found else ""
        self.query_one("#connect-keys", Static).update(key_line(f"Tab kind{links}   Esc leaves"))

    @on(Input.Submitted)
    def entered(self, event: Input.Submitted) -> None:
        """What was typed last is what is meant: its answer is waited for, and so do the keys behind."""
        if self._answered == event.value:
            self._choose(self.query_one(OptionList).highlighted)
        else:
            self._entered = True
            hold_keys(self.app, nowhere)

    @on(OptionList.OptionSelected)
    def clicked(self, event: OptionList.OptionSelected) -> None:
        self._choose(event.option_index)

    def _choose(self, at: int | None) -> None:
        if at is not None and at < len(self._found):
            self.dismiss((self._kind, self._found[at].post.id))


def _row(one: Similar) -> Content:
    post = one.post
    return Content.assemble(
        ("↳ " if post.parent_id else "", "$text-muted"),
        (one_line(post.title) or one_line(post.body[:200]) or "(no title)", "$foreground"),
        (f"  {post.author} · {one.forum}", "$text-muted"),
    )
