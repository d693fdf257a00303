"""All announcements (Jam alerts), the newest first, each whole."""

from __future__ import annotations

from collections.abc import Callable
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
from jamtui.host_rows import AnnouncementRow
from jamtui.lately import Undos
from jamtui.model import Undo
from jamtui.session import Session
from screens.dialogs import Confirm
from screens.messages import JamChanged
from widgets.drawn import drawn
from widgets.forum_head import plain_words
from widgets.key_line import key_line
from widgets.list_dialog import LETTERS, ListDialog, TallList
from widgets.rows import BADGES, WAITING, Ages

ROOM, ROOM_LOW = 10, 6  # lines around the list, and on a terminal of a few lines


class AnnouncementsDialog(ListDialog[str | None]):
    """What stands here when one leaves has been seen. Answers the id of the one that its host wants to change."""

    CSS_PATH = ["../widgets/dialog.tcss", "announcements.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        *LETTERS,
        Binding("g,home", "to(0)", show=False, id="dialog.first"),
        Binding("G,end", "to(-1)", show=False, id="dialog.last"),
        Binding("y", "copy", show=False, id="dialog.copy"),
        Binding("D", "withdraw", show=False),
        Binding("e", "change", show=False),
        Binding("z", "undo", show=False),
    ]

    def __init__(self, session: Session, ages: Ages, here: str = "", verb: str = "") -> None:
        """``here``: the id of the one to begin with. ``verb``: what is to be done with it at once: withdraw."""
        super().__init__()
        self._here = here
        self._verb = verb
        self._session = session
        self._ages = ages
        self._rows: list[AnnouncementRow] = []
        self._width = 0
        self._undos = Undos()
        self._told = ""  # what was just done: it stands where the keys do until one goes on

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(id="announcements-head", classes="question")
            yield TallList(id="announcements-list")
            yield Static(id="announcements-keys")

    def on_mount(self) -> None:
        self.fit_list(ROOM, ROOM_LOW)
        self._fill()
        self.query_one(OptionList).focus()
        if self._verb:
            self.action_withdraw()

    def on_resize(self) -> None:
        self.fit_list(ROOM, ROOM_LOW)
        self._fill()

    @on(JamChanged)
    def changed(self, message: JamChanged) -> None:
        if message.changed.everything or message.changed.records or message.changed.outbox:
            self._fill()

    def _fill(self) -> None:
        """Reads them anew; the cursor stays on its own, and what was new at opening stays marked."""
        rows = self._session.announcements()
        width = max(24, min(92, self.app.size.width - 8) - 6)
        if rows == self._rows and width == self._width:
            return
        options = self.query_one(OptionList)
        at = options.highlighted
        here = self._rows[at].id if at is not None and at < len(self._rows) else self._here
        self._rows, self._width = rows, width
        options.clear_options()
        options.add_options(Option(self._drawn(row, width)) for row in rows)
        options.display = bool(rows)
        if rows:
            options.highlighted = next((index for index, row in enumerate(rows) if row.id == here), 0)
        new = sum(not row.seen for row in rows)
        head = Content.assemble(
            ("Announcements", "bold"),
            (f"   {new:,} new" if new else "", "bold $accent"),
            (f"   {len(rows):,} in all" if rows else "", "$text-muted"),
        )
        self.query_one("#announcements-head", Static).update(head)
        if not self._told:
            self._tell_keys()

    @property
    def row(self) -> AnnouncementRow | None:
        at = self.query_one(OptionList).highlighted
        return self._rows[at] if at is not None and at < len(self._rows) else None

    def _tell_keys(self) -> None:
        row = self.row
        changes = "   e changes" if row is not None and self._session.changes(row) else ""
        withdraws = "   D withdraws" if row is not None and self._session.withdraws(row) else ""
        keys = f"j k go through them   y copies{changes}{withdraws}   Esc leaves"
        nothing = "Nothing was announced yet. What hosts announce stands here.\nEsc leaves"
        self.query_one("#announcements-keys", Static).update(key_line(keys if self._rows else nothing))
        self._told = ""

    @on(OptionList.OptionHighlighted)
    def highlighted(self) -> None:
        if not self._told:
            self._tell_keys()

    def _say(self, words: str, style: str = "$success") -> None:
        self._told = words
        told = Content.styled(words, style)
        leaves = Content("") if self._rows else Content.styled("   Esc leaves", "$text-muted")
        self.query_one("#announcements-keys", Static).update(Content.assemble(told, leaves))

    def _drawn(self, row: AnnouncementRow, width: int) -> Content:
        badge = BADGES.get(row.role, "")
        to = f" to {row.forum or 'one forum'}" if row.forum_id else ""
        state, style = WAITING[row.send] if row.send else ("", "")
        colour = {"bad": "$error", "accent": "$accent"}.get(style, "$text-muted")
        return Content.assemble(
            ("  " if row.seen else "● ", "$accent"),
            (row.author or f"@{row.handle}", "bold $primary"),
            (f" {badge}" if badge else "", "$warning"),
            (f" ≠ {row.alike}" if row.alike else "", "$error"),
            (f"{to} · {self._ages(row.created_at, self._session.now())}", "$text-muted"),
            (f" · changed {self._ages(row.edited_at, self._session.now())}" if row.edited_at else "", "$text-muted"),
            (f"  {state}{f': {row.reason}' if row.reason else ''}" if state else "", colour),
            "\n",
            Content("\n").join(Content.assemble("  ", line) for line in drawn(row.body, width - 2).split("\n")),
            "\n",
        )

    def action_to(self, at: int) -> None:
        if self._rows:
            self._told = ""
            self.query_one(OptionList).highlighted = at % len(self._rows)

    def action_copy(self) -> None:
        if self.row is not None:
            self.app.copy_to_clipboard(self.row.body)
            self._say("Text copied")

    def action_change(self) -> None:
        row = self.row
        if row is None:
            return
        try:
            self._session.announcement_draft(row.id)  # says why not
        except JamError as error:
            self._complain(error)
            return
        self._leave(row.id)

    def action_withdraw(self) -> None:
        row = self.row
        if row is None:
            return
        if not self._session.withdraws(row):
            self._do(lambda: self._session.withdraw(row.id))  # says why not
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._do(lambda: self._session.withdraw(row.id))

        begin = plain_words(row.body)[:200]
        detail = f"{begin}\n\nIts text goes from every screen, for good."
        self.app.push_screen(Confirm("Withdraw this announcement?", detail, "Withdraw", danger=True), answered)

    def _do(self, what: Callable[[], str | Undo]) -> None:
        try:
            done = what()
        except JamError as error:
            self._complain(error)
            return
        self._fill()
        if isinstance(done, str):
            self._say("Withdrawn")
        else:  # it was not sent yet
            self._undos.add(done.what, partial(self._session.undo, done))
            self._say("Withdrawn before it was sent; z brings it back")

    def action_undo(self) -> None:
        try:
            undone = self._undos.take_back()
        except JamError as error:
            self._complain(error)
            return
        if undone is not None:
            self._told = ""
            self._fill()

    def _complain(self, error: JamError) -> None:
        self._say(f"{sentence(error.title)}. {error.hint}".strip(), "$error")

    def action_leave(self) -> None:
        self._leave(None)

    def _leave(self, answer: str | None) -> None:
        self._session.see_announcements([row.id for row in self._rows if not row.seen])
        self.dismiss(answer)
