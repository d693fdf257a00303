"""The tag picker: the tags of a post, and those to choose from as one types: curated ones first, then those of the
forum, then those whose words stand in the post."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from jamtui.archive import split_tags
from jamtui.errors import JamError
from jamtui.tag_book import TagBook, TagChoice
from widgets.fields import Field
from widgets.key_line import key_line
from widgets.list_dialog import ListDialog
from widgets.rows import one_line

SHOWN = 60  # rows of the list; more are found by typing


class TagPicker(ListDialog[None]):
    """Enter puts the tag on or takes it off at once; Esc leaves. Errors are shown in place."""

    CSS_PATH = ["dialog.tcss", "tag_picker.tcss"]  # noqa: RUF012 - as Textual declares it

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("tab", "complete", show=False, priority=True),
    ]

    def __init__(
        self,
        about: str,
        on_post: Sequence[str],
        book: TagBook,
        text: str,
        put: Callable[[str], object],
        take: Callable[[str], object],
    ) -> None:
        """``about`` names the post, ``text`` is what it says; ``put`` and ``take`` change one tag and raise
        `JamError`."""
        super().__init__()
        self._about = about
        self._on_post = list(on_post)
        self._book = book
        self._text = text
        self._put = put
        self._take = take
        self._rows: list[str] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="tag-picker"):
            yield Static(Content.styled("Tags", "bold $primary"), classes="question")
            yield Static(Content.styled(self._about, "$text-muted"), id="tag-about")
            yield Field(placeholder="find a tag, or write a new one", id="tag-find", compact=True)
            yield OptionList(id="tag-rows")
            yield Static(id="tag-note")

    def on_mount(self) -> None:
        self.query_one("#tag-rows", OptionList).can_focus = False
        self.query_one(Field).focus()
        self._fill("")
        self._hint()

    def _hint(self) -> None:
        self.query_one("#tag-note", Static).update(key_line("Enter on or off   Tab completes   Esc done"))

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        self._fill(event.value)
        wanted = "".join(split_tags(event.value)[-1:])
        warning = self._book.warning((wanted,)) if wanted else ""
        if warning:
            self.query_one("#tag-note", Static).update(Content.styled(f"! {warning}", "$warning"))
        else:
            self._hint()

    def _fill(self, typed: str) -> None:
        wanted = "".join(split_tags(typed)[-1:])
        mine = [TagChoice(name, self._book.count(name)) for name in self._on_post if wanted in name]
        others = self._book.suggest(wanted, self._text, self._on_post, SHOWN)
        rows = [*mine, *others][:SHOWN]
        if wanted and wanted not in [row.name for row in rows] and not self._book.became(wanted):
            rows.append(TagChoice(wanted, 0, why="new tag"))
        self._rows = [row.name for row in rows]
        options = self.query_one("#tag-rows", OptionList)
        options.clear_options()
        options.add_options(Option(self._row(row)) for row in rows)
        options.highlighted = 0 if rows else None

    def _row(self, row: TagChoice) -> Content:
        chosen, curated = row.name in self._on_post, row.why == "curated"
        style = "bold $secondary" if chosen or curated else "$foreground"
        beside = row.about or ("" if curated else row.why)
        return Content.assemble(
            ("✓ " if chosen else "★ " if curated else "  ", "bold $success" if chosen else "$warning"),
            (f"#{row.name}", style),
            (f"  {row.count:,}" if row.count else "", "$text-muted"),
            (f"  {one_line(beside)}" if beside and not chosen else "", "$text-muted"),
        )

    @on(Input.Submitted)
    def entered(self) -> None:
        self._toggle(self.query_one("#tag-rows", OptionList).highlighted)

    @on(OptionList.OptionSelected)
    def clicked(self, event: OptionList.OptionSelected) -> None:
        self._toggle(event.option_index)

    def _toggle(self, row: int | None) -> None:
        if row is None:
            return
        name = self._rows[row]
        try:
            if name in self._on_post:
                self._take(name)
                self._on_post.remove(name)
            else:
                self._put(name)
                self._on_post.append(name)
        except JamError as error:
            self.query_one("#tag-note", Static).update(
                Content.assemble(
                    (f"✗ {error.title}", "bold $error"), (f". {error.hint}" if error.hint else "", "$text-muted")
                )
            )
            return
        field = self.query_one(Field)
        if field.value:
            field.value = ""
        else:
            self._fill("")
            options = self.query_one("#tag-rows", OptionList)
            options.highlighted = min(row, len(self._rows) - 1)

    def action_complete(self) -> None:
        row = self.query_one("#tag-rows", OptionList).highlighted
        if row is not None:
            field = self.query_one(Field)
            field.value = self._rows[row]
            field.cursor_position = len(field.value)
