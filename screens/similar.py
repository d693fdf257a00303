"""Threads that are like one that is being written: read there and then, linked to, or gone to; the draft stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.visual import Visual
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from jamtui.model import LINK_WORDS, PostRow, Similar
from widgets.drawn import drawn
from widgets.key_line import key_line
from widgets.list_dialog import LETTERS, ListDialog
from widgets.rows import count, one_line

READ = 30  # posts of a thread that are shown here


class SimilarDialog(ListDialog[tuple[str, str] | None]):
    """Answers (kind of link, post id), ("open", post id), or None when it was left."""

    CSS_PATH = ["../widgets/dialog.tcss", "similar.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        *LETTERS,
        Binding("b", "answer('builds_on')", show=False),
        Binding("d", "answer('duplicates')", show=False),
        Binding("o", "answer('open')", show=False),
        Binding("space,pagedown", "scroll(1)", show=False, priority=True),
        Binding("pageup", "scroll(-1)", show=False, priority=True),
    ]

    def __init__(self, found: tuple[Similar, ...], thread: Callable[[str], list[PostRow]]) -> None:
        """``thread`` gives the first posts of a thread, by the id of its opener."""
        super().__init__()
        self._found = found
        self._thread = thread

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Is it there already?", "bold"), classes="question")
            yield OptionList(*(Option(similar_line(one)) for one in self._found))
            with VerticalScroll(id="similar-text", can_focus=False):
                yield Static(id="similar-posts")
            yield Static(self._keys(), id="similar-keys")

    def _keys(self) -> Visual:
        if self.app.size.width < 60:
            return key_line("b builds on   d duplicates   Enter there   Space on   Esc back")
        return key_line(
            "b mine builds on it   d mine duplicates it   Enter goes there, the draft stays   Space on   Esc writes on"
        )

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = 0
        options.focus()

    @on(OptionList.OptionHighlighted)
    def highlighted(self) -> None:
        self.call_after_refresh(self._show)  # when it is known how wide the text may be

    def _show(self) -> None:
        """The thread of the row that is chosen, as far as it is shown here."""
        at = self.query_one(OptionList).highlighted
        if at is None:
            return
        text = self.query_one("#similar-text", VerticalScroll)
        width = max(20, text.size.width - 4)
        pieces: list[Content] = []
        for row in self._thread(self._found[at].post.id)[:READ]:
            head = Content.assemble((row.author, "bold"), (f"  ▲ {row.up:,}" if row.up else "", "$text-muted"))
            pieces += [head, drawn(row.body, width) if row.body.strip() else Content(""), Content("")]
        self.query_one("#similar-posts", Static).update(Content("\n").join(pieces))
        text.scroll_home(animate=False)

    def action_scroll(self, pages: int) -> None:
        text = self.query_one("#similar-text", VerticalScroll)
        text.scroll_relative(y=pages * max(1, text.size.height - 1), animate=False)

    @on(OptionList.OptionSelected)
    def chosen(self) -> None:
        self.action_answer("open")

    def action_answer(self, what: str) -> None:
        at = self.query_one(OptionList).highlighted
        if at is not None and at < len(self._found):
            self.dismiss((what, self._found[at].post.id))


def similar_line(one: Similar) -> Content:
    """A thread that is like the one that is written: its title, where it is, and how much was said."""
    return Content.assemble(
        (one_line(one.post.title) or "(no title)", "bold"),
        (f"  {one.forum} · {count(one.replies, 'reply', 'replies')} · ▲ {one.post.up:,}", "$text-muted"),
    )


def link_line(kind: str, title: str) -> Content:
    """A link that the new thread will have."""
    return Content.assemble((f"→ {LINK_WORDS[kind][0]} ", "$accent"), (title, "$foreground"))
