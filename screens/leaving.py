"""The end of one's account: what goes, what becomes of the posts, and the handle typed before anything happens."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from jamtui.errors import UsageError, sentence
from jamtui.safe_text import safe_line
from jamtui.session import Session
from widgets.dialog import Dialog
from widgets.fields import Field
from widgets.key_line import key_line

_POSTS = ("keep", "remove")
_FEW_WORDS = {"keep": "Your posts stay, nameless", "remove": "Your posts go, too"}
_TALL = 18  # lines from which all that goes has room
_SHORT = "Profile, votes, sign-ins, and all on this device go for good."
_KEYS, _FEW = (
    "Tab changes what becomes of your posts   Enter deletes   Esc leaves",
    "Tab posts   Enter deletes   Esc back",
)
_WORDS = {"keep": "Your posts stay, without your name", "remove": "Your posts go, too"}


class LeavingDialog(Dialog[str]):
    """Answers keep or remove, what becomes of the posts; "" leaves everything as it is."""

    CSS_PATH = ["../widgets/dialog.tcss", "leaving.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("tab,shift+tab,up,down", "other", show=False, priority=True),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._posts = _POSTS[0]

    def compose(self) -> ComposeResult:
        handle, jam = safe_line(self._session.me.handle), safe_line(self._session.known.title)
        with Vertical(classes="dialog"):
            yield Static(
                Content.assemble(("Delete your account ", "bold"), (f"@{handle}, {jam}", "$text-muted")),
                classes="question",
            )
            yield Static(id="leaving-posts")
            yield Static(id="leaving-goes")
            yield Field(placeholder="type your handle to delete it all", id="leaving-handle", compact=True)
            yield Static(id="leaving-keys")

    def on_mount(self) -> None:
        self._draw()
        self.query_one(Field).focus()

    def _draw(self) -> None:
        short = self.app.size.height < _TALL
        choices = [
            (f"{'◉' if posts == self._posts else '○'} {words}   ", "bold" if posts == self._posts else "$text-muted")
            for posts, words in (_FEW_WORDS if short else _WORDS).items()
            if posts == self._posts or not short
        ]
        self.query_one("#leaving-posts", Static).update(Content.assemble(*choices))
        goes = [f"• {line}\n" for line in self._session.what_goes(self._posts)]
        more = "For good, and at once. :my-data keeps a copy first; your handle goes to nobody else for half a year."
        told = Content(_SHORT) if short else Content.assemble("What goes:\n", *goes, "\n", (more, "$text-muted"))
        self.query_one("#leaving-goes", Static).update(told)
        self._say()

    def on_resize(self) -> None:
        self._draw()

    @on(Input.Changed)
    def _say(self, words: str | Input.Changed = "") -> None:
        told = (
            Content.styled(words, "bold $error")
            if isinstance(words, str) and words
            else key_line(_FEW if self.app.size.height < _TALL else _KEYS)
        )
        self.query_one("#leaving-keys", Static).update(told)

    def action_other(self) -> None:
        self._posts = _POSTS[1 - _POSTS.index(self._posts)]
        self._draw()

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        try:
            self._session.need_my_handle(event.value)
        except UsageError as error:
            self._say(f"{sentence(error.title)}. {error.hint}")
            return
        self.dismiss(self._posts)

    def action_leave(self) -> None:
        self.dismiss("")
