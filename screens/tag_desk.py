"""Hosts look after the tags: what a tag means, and which becomes another. Two dialogs of fields over a list of tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from jamtui.archive import tag_form
from jamtui.errors import JamError, sentence
from jamtui.model import TagRow, Undo
from jamtui.safe_text import safe_line
from jamtui.tag_book import TagBook, TagChoice
from widgets.fields import Field, StepField
from widgets.key_line import key_line
from widgets.list_dialog import ListDialog
from widgets.rows import count, one_line

SHOWN = 40
_TAKES = "↓ Enter or Tab takes a row"


class _TagDialog(ListDialog[Undo | None]):
    """A field for a tag with those that fit below, and a second field. Enter goes on, and does it in the second."""

    CSS_PATH = ["../widgets/dialog.tcss", "tag_desk.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("tab", "next", show=False, priority=True),
        Binding("shift+tab", "back", show=False, priority=True),
    ]
    question = ""
    labels = ("", "")
    hints = ("", "")

    def __init__(self, book: TagBook, tag: str = "") -> None:
        super().__init__()
        self._book = book
        self._tag = tag_form(tag)
        self._rows: list[TagChoice] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="tag-desk"):
            yield Static(Content.styled(self.question, "bold"), classes="question")
            for at, label in enumerate(self.labels):
                with Horizontal(classes="row"):
                    yield Static(Content.styled(label, "$text-muted"), classes="label")
                    field = StepField(
                        "" if at else self._tag,
                        placeholder=self.hints[at],  # markup: our own words, and an Input draws it as text
                        id=("desk-tag", "desk-more")[at],
                        select_on_focus=False,
                        compact=True,
                    )
                    field.step = (self._to_second, self._finish)[at]
                    yield field
            yield OptionList(id="desk-rows")
            yield Static(id="desk-note")

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self.set_focus(self._fields()[1 if self._tag else 0])
        if self._tag:
            self._chosen()
        self._fill()

    def _fields(self) -> tuple[Field, Field]:
        return self.query_one("#desk-tag", Field), self.query_one("#desk-more", Field)

    @property
    def _lists_for(self) -> Field:
        """The field whose tags are listed."""
        return self._fields()[0]

    @property
    def _left_out(self) -> tuple[str, ...]:
        """Tags that are not offered."""
        return ()

    def _fill(self) -> None:
        self.pointed = False
        self._rows = self._book.suggest(self._lists_for.value, leave_out=self._left_out, limit=SHOWN)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._drawn(row)) for row in self._rows])
        options.highlighted = 0 if self._rows else None
        self._note()

    @staticmethod
    def _drawn(row: TagChoice) -> Content:
        return Content.assemble(
            ("★ " if row.why == "curated" else "  ", "$warning"),
            (f"#{row.name}", "bold $secondary" if row.why == "curated" else "$foreground"),
            (f"  {row.count:,}", "$text-muted"),
            (f"  {one_line(row.about)}" if row.about else "", "$text-muted"),
        )

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        if event.input is self._lists_for:
            self._fill()
        else:
            self._note()

    def _take(self, at: int | None) -> None:
        """The highlighted tag into the field that lists."""
        if at is not None and at < len(self._rows):
            field = self._lists_for
            field.value = self._rows[at].name
            field.cursor_position = len(field.value)

    def action_next(self) -> None:
        first, second = self._fields()
        if self.focused is first:
            self._take(self.query_one(OptionList).highlighted)
            self._chosen()
            self.set_focus(second)  # at once: keys that were typed ahead are for it
            self._fill()
        else:
            self._tab_in_second()

    def _tab_in_second(self) -> None:
        self.action_back()

    def action_back(self) -> None:
        self.set_focus(self._fields()[0])
        self._fill()

    @on(OptionList.OptionSelected)
    def clicked(self, event: OptionList.OptionSelected) -> None:
        self._take(event.option_index)
        if self.focused is self._fields()[0]:
            self.action_next()

    def _to_second(self) -> None:
        first, second = self._fields()
        if self.pointed or not tag_form(first.value):
            self._take(self.query_one(OptionList).highlighted)
        if tag_form(first.value):
            self._chosen()
            self.set_focus(second)
            self._fill()

    def _finish(self) -> None:
        if self.pointed and self._lists_for is self._fields()[1]:
            self.pointed = False
            self._take(self.query_one(OptionList).highlighted)  # what becomes of it is told; the next Enter does it
            return
        try:
            self.dismiss(self._do())
        except JamError as error:
            self._tell(f"✗ {sentence(error.title)}. {error.hint}", "bold $error")

    def _tell(self, words: str, style: str = "") -> None:
        note = self.query_one("#desk-note", Static)
        note.update(Content.styled(words, style) if style else key_line(words))
        if "error" in style:
            self.call_after_refresh(note.scroll_visible, animate=False)

    def _chosen(self) -> None:
        """A tag was chosen in the first field."""

    def _note(self) -> None:
        raise NotImplementedError

    def _do(self) -> Undo:
        raise NotImplementedError


class TagCurate(_TagDialog):
    """Says what a tag means and takes it into the curated set; Ctrl-D takes it out."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+d", "off", show=False, priority=True)]
    question = "The curated tags: suggested first to everybody who tags"
    labels = ("Tag", "It means")
    hints = ("find one, or a new one", "in a sentence")

    def __init__(
        self,
        book: TagBook,
        row: Callable[[str], TagRow],
        save: Callable[[str, str], Undo],
        off: Callable[[str], Undo],
        tag: str = "",
    ) -> None:
        super().__init__(book, tag)
        self._row = row
        self._save = save
        self._off = off

    def _chosen(self) -> None:
        first, second = self._fields()
        second.value = self._row(tag_form(first.value)).about
        second.cursor_position = len(second.value)

    def _note(self) -> None:
        name = tag_form(self._fields()[0].value)
        row = self._row(name) if name else None
        if other := self._book.variant(name) if name else "":
            self._tell(f"There is #{safe_line(other)}; :tag-merge makes them one", "$warning")
        elif row is not None and row.curated:
            self._tell("Enter saves   Ctrl-D takes it out of the set   Esc leaves")
        else:
            self._tell(f"{_TAKES}   Enter saves   Esc leaves")

    def _do(self) -> Undo:
        first, second = self._fields()
        return self._save(first.value, second.value)

    def action_off(self) -> None:
        try:
            self.dismiss(self._off(self._fields()[0].value))
        except JamError as error:
            self._tell(f"✗ {sentence(error.title)}. {error.hint}", "bold $error")


class TagMerge(_TagDialog):
    """Says which tag becomes which; the posts follow."""

    question = "Merge a tag into another"
    labels = ("This tag", "becomes")
    hints = ("the one that goes", "the one that stays")

    def __init__(self, book: TagBook, merge: Callable[[str, str], Undo], tag: str = "") -> None:
        super().__init__(book, tag)
        self._merge = merge

    @property
    def _lists_for(self) -> Field:
        first, second = self._fields()
        return second if self.focused is second else first  # that is so at once; `has_focus` is a message later

    @property
    def _left_out(self) -> tuple[str, ...]:
        first, second = self._fields()
        return (tag_form(first.value),) if self.focused is second else ()

    def _chosen(self) -> None:
        first, second = self._fields()
        if not second.value:
            second.value = self._book.variant(first.value)
            second.cursor_position = len(second.value)

    def _tab_in_second(self) -> None:
        self._take(self.query_one(OptionList).highlighted)

    def _note(self) -> None:
        first, second = (tag_form(field.value) for field in self._fields())
        second = self._book.became(second) or second
        posts = self._book.count(first)
        on = f"#{safe_line(first)} is on {count(posts, 'post', 'posts') if posts else 'no post'}"
        if first and second and first != second:
            they = "they get" if posts > 1 else "it gets"
            new = "" if self._book.known(second) else ", a new tag"
            then = (
                f"{they} #{safe_line(second)}{new}, and so does who tags with it later"
                if posts
                else (f"who tags with it later gets #{safe_line(second)}{new}")
            )
            self._tell(f"{on}: {then}.\n{_TAKES}   Enter does it   Esc leaves")
        elif first and second:
            self._tell(f"That is #{safe_line(first)} itself: name the tag that stays.", "$warning")
        elif first:
            self._tell(f"{on}.\n{_TAKES}   Enter goes on   Esc leaves")
        else:
            self._tell(f"{_TAKES}   Enter goes on   Esc leaves")

    def _do(self) -> Undo:
        first, second = self._fields()
        return self._merge(first.value, second.value)
