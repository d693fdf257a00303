"""The tag picker: the tags of a post, and the Jam's tags to choose from as one types."""

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
from jamtui.model import TagRow
from widgets.fields import Field
from widgets.list_dialog import ListDialog

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
        known: Sequence[TagRow],
        put: Callable[[str], object],
        take: Callable[[str], object],
    ) -> None:
        """``about`` names the post; ``put`` and ``take`` change one tag and raise `JamError`."""
        super().__init__()
        self._about = about
        self._on_post = list(on_post)
        self._known = known
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
        self.query_one("#tag-note", Static).update(
            Content.assemble(
                *(("Enter", "bold $primary"), (" on or off   ", "$text-muted")),
                *(("Tab", "bold $primary"), (" completes   ", "$text-muted")),
                *(("Esc", "bold $primary"), (" done", "$text-muted")),
            )
        )

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        self._hint()
        self._fill(event.value)

    def _fill(self, typed: str) -> None:
        wanted = "".join(split_tags(typed)[-1:])
        counts = {tag.name: tag.count for tag in self._known}
        mine = [name for name in self._on_post if wanted in name]
        others = [tag.name for tag in self._known if wanted in tag.name and tag.name not in self._on_post]
        if wanted:
            others.sort(key=lambda name: (not name.startswith(wanted), -counts.get(name, 0)))
        rows = [*mine, *others][:SHOWN]
        if wanted and wanted not in rows:
            rows.append(wanted)
        self._rows = rows
        options = self.query_one("#tag-rows", OptionList)
        options.clear_options()
        options.add_options(Option(self._row(name, counts.get(name, 0), name not in counts)) for name in rows)
        options.highlighted = 0 if rows else None

    def _row(self, name: str, count: int, new: bool) -> Content:
        chosen = name in self._on_post
        return Content.assemble(
            ("✓ " if chosen else "  ", "bold $success"),
            (f"#{name}", "bold $secondary" if chosen else "$foreground"),
            (f"  {count:,}" if count else "  new tag" if new and not chosen else "", "$text-muted"),
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
