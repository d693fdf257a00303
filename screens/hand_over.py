"""The hand-over of a host's shift: what waits, what got heated, what was reported, said by experts, promised."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from jamtui.errors import JamError, sentence
from jamtui.handing_over import MAX_NOTE, markdown, waited
from jamtui.host_rows import Handed, HandOver
from jamtui.model import Undo
from jamtui.session import Session
from screens.messages import JamChanged
from widgets.area import Area
from widgets.dialog import LOW, Dialog
from widgets.key_line import key_line
from widgets.list_dialog import LETTERS, ListDialog
from widgets.rows import Ages, count, one_line

_STYLES = {"unanswered": "$accent", "heated": "$warning", "reported": "$error", "experts": "$success"}


SHOWN = 6  # posts of a part; copied and printed are all of them
ROOM, ROOM_LOW = 17, 6  # lines around the list, and on a terminal of a few lines


class HandOverDialog(ListDialog[str]):
    """Answers the id of the post to go to."""

    CSS_PATH = ["../widgets/dialog.tcss", "hand_over.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        *LETTERS,
        Binding("n", "note", show=False),
        Binding("y", "copy", show=False),
        Binding("E", "end_shift", show=False),
        Binding("z", "undo", show=False),
    ]

    def __init__(self, session: Session, ages: Ages) -> None:
        super().__init__()
        self._session = session
        self._ages = ages
        self._found: HandOver | None = None
        self._posts: dict[int, Handed] = {}  # by the index of their row
        self._undo: Undo | None = None
        self._width = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(id="hand-over-head", classes="question")
            yield Static(id="hand-over-note")
            yield OptionList(id="hand-over-list")
            yield Static(id="hand-over-told")

    def on_mount(self) -> None:
        self.fit_list(ROOM, ROOM_LOW)
        self._fill()
        self._say_keys()
        self.query_one(OptionList).focus()

    def on_resize(self) -> None:
        self.fit_list(ROOM, ROOM_LOW)
        self._fill()

    @on(JamChanged)
    def changed(self, message: JamChanged) -> None:
        """What came meanwhile is told when one looks anew: nothing moves under the cursor."""
        if message.changed.everything or message.changed.new_posts:
            self._say("More has come since; Esc and :hand-over look anew", "$text-muted")

    def _fill(self) -> None:
        found = self._session.hand_over()
        width = max(24, min(100, round(self.app.size.width * 0.96)) - 10)
        if found == self._found and width == self._width:
            return
        self._found, self._width = found, width
        where = "the whole Jam" if found.everything else ", ".join(found.forums) or "no forum"
        since = f"since {self._ages(found.since, found.until)}"
        low = self.app.size.height < LOW
        guess = "  (no shift has ended here yet)" if found.first and not low else ""
        self.query_one("#hand-over-head", Static).update(
            Content.assemble(
                ("Hand-over ", "bold"), (since + guess, "$accent"), " · " if low else "\n",
                (one_line(where), "$text-muted"),
            )
        )  # fmt: skip
        note = self.query_one("#hand-over-note", Static)
        note.update(Content.assemble(("✎ ", "$accent"), (found.note.strip(), "italic $foreground")))
        note.set_class(not found.note.strip(), "-none")
        self._list(found, width)

    def _list(self, found: HandOver, width: int) -> None:
        options = self.query_one(OptionList)
        rows: list[Option] = []
        self._posts = {}
        for name, heading, posts in found.sections():
            style = _STYLES.get(name, "$primary") if posts else "$text-disabled"
            bars = Content.assemble((f"{heading} ", f"bold {style}"), (f"{len(posts):,}", style))
            rows.append(
                Option(bars if posts else Content.assemble(bars, ("  nothing", "$text-disabled")), disabled=True)
            )
            for one in posts[:SHOWN]:
                self._posts[len(rows)] = one
                rows.append(Option(self._drawn(one, found, width)))
            if len(posts) > SHOWN:
                more = f"  {len(posts) - SHOWN:,} more" + ("; :unanswered lists them" if name == "unanswered" else "")
                rows.append(Option(Content.styled(more, "$text-disabled"), disabled=True))
        options.clear_options()
        options.add_options(rows)
        options.highlighted = next(iter(self._posts), None)

    def _drawn(self, one: Handed, found: HandOver, width: int) -> Content:
        begin = one_line(one.title) or one_line(one.post.body[:200])
        wait = waited(one.post.created_at, found.until)
        facts = " · ".join(filter(None, (one.why, f"@{one.post.handle}", one.forum)))
        head = Content.assemble("  ", (begin, "$foreground")).truncate(
            max(8, width - len(wait) - 2), ellipsis=True, pad=True
        )
        below = Content.assemble("    ", (one_line(facts), "$text-muted")).truncate(width, ellipsis=True)
        return Content.assemble(head, "  ", (wait, "$accent"), "\n", below)

    def _say(self, words: str, style: str = "$success") -> None:
        self.query_one("#hand-over-told", Static).update(Content.styled(words, style))

    def _say_keys(self) -> None:
        low = "Enter opens   n note   y copies   E ends   Esc leaves"
        keys = "Enter opens   n note   y copies Markdown   E ends the shift   Esc leaves"
        told = low if self.app.size.height < LOW else keys
        self.query_one("#hand-over-told", Static).update(key_line(told))

    def complain(self, error: JamError) -> None:
        self._say(f"{sentence(error.title)}{f'. {error.hint}' if error.hint else ''}", "$error")

    @on(OptionList.OptionSelected)
    def opened(self, event: OptionList.OptionSelected) -> None:
        one = self._posts.get(event.option_index)
        if one is not None:
            self.dismiss(one.post.id)

    def action_copy(self) -> None:
        if self._found is not None:
            session = self._session
            who = session.me.name or session.me.handle
            self.app.copy_to_clipboard(markdown(self._found, session.jam, who, session.address))
            posts = sum(len(posts) for _, _, posts in self._found.sections())
            self._say(
                f"Copied as Markdown: {count(posts, 'post', 'posts')}. jamtui hand-over --format markdown prints it."
            )

    def action_note(self) -> None:
        def written(text: str | None) -> None:
            if text is not None:
                self._session.write_shift_note(text)
                self._fill()
                self._say("Note kept on this device; y copies it with the rest")

        self.app.push_screen(NoteDialog(self._session.shift_note()), written)

    def action_end_shift(self) -> None:
        self._undo = self._session.end_shift()
        self._say("Shift ended: the next hand-over begins here. z takes that back")

    def action_undo(self) -> None:
        if self._undo is not None:
            undo, self._undo = self._undo, None
            self._session.undo(undo)
            self._say("The shift goes on")


class NoteDialog(Dialog[str]):
    """A note for the next host; answers it, also when it is left: nothing that was typed is lost."""

    CSS_PATH = ["../widgets/dialog.tcss", "hand_over.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+s", "leave", show=False, priority=True),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Note for the next host", "bold"), classes="question")
            yield Area(
                self._text, placeholder="What the next host should know …", soft_wrap=True, tab_behavior="focus",
                compact=True, highlight_cursor_line=False, id="shift-note",
            )  # fmt: skip
            yield Static(
                key_line(f"Esc keeps it, on this device (at most {MAX_NOTE:,} characters)"),
                id="hand-over-told",
            )

    def on_mount(self) -> None:
        area = self.query_one(Area)
        area.move_cursor(area.document.end)
        area.focus()

    def action_leave(self) -> None:
        self.dismiss(self.query_one(Area).text)
