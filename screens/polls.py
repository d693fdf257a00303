"""Quick polls with their results as they come in, and the form in which a host asks one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from jamtui.errors import JamError, sentence
from jamtui.host_rows import PollRow
from jamtui.lately import Undos
from jamtui.model import SendState, Undo
from jamtui.session import Session
from screens.dialogs import Confirm
from screens.messages import JamChanged
from widgets.area import Area
from widgets.chart import poll_bars
from widgets.dialog import LOW, Dialog
from widgets.fields import Field
from widgets.key_line import key_line
from widgets.list_dialog import LETTERS, ListDialog, TallList
from widgets.rows import BADGES, WAITING, Ages, clock_time, count

ROOM, ROOM_LOW = 10, 6  # lines around the list, and on a terminal of a few lines


class PollsDialog(ListDialog[str]):
    """Answers "ask" when a host wants to ask another one. A number chooses in the poll under the cursor."""

    CSS_PATH = ["../widgets/dialog.tcss", "polls.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        *LETTERS,
        *(Binding(str(number), f"choose({number})", show=False) for number in range(1, 10)),
        Binding("0,minus,backspace", "choose(0)", show=False),
        Binding("c", "close_poll", show=False),
        Binding("D", "remove_poll", show=False),
        Binding("n", "ask", show=False),
        Binding("z", "undo", show=False),
    ]

    def __init__(self, session: Session, ages: Ages, here: str = "", verb: str = "") -> None:
        """``here``: the id of the poll to begin with. ``verb``: what is to be done with it at once, close or remove."""
        super().__init__()
        self._session = session
        self._ages = ages
        self._rows: list[PollRow] = []
        self._width = 0
        self._here = here
        self._verb = verb
        self._undos = Undos()
        self._tells_keys = True

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(id="polls-head", classes="question")
            yield TallList(id="polls-list")
            yield Static(id="polls-told")

    def on_mount(self) -> None:
        self.fit_list(ROOM, ROOM_LOW)
        self._fill()
        self.query_one(OptionList).focus()
        if self._verb:
            {"close": self.action_close_poll, "remove": self.action_remove_poll}[self._verb]()

    def on_resize(self) -> None:
        self.fit_list(ROOM, ROOM_LOW)
        self._fill()

    @on(JamChanged)
    def changed(self, message: JamChanged) -> None:
        changed = message.changed
        if changed.everything or changed.records or changed.outbox or changed.desk:
            self._fill()

    @property
    def row(self) -> PollRow | None:
        at = self.query_one(OptionList).highlighted
        return self._rows[at] if at is not None and at < len(self._rows) else None

    def _fill(self) -> None:
        """Reads them anew. The cursor stays on its poll; where these are the same, only what changed is drawn anew."""
        rows = self._session.polls()
        width = max(24, min(92, round(self.app.size.width * 0.96)) - 10)
        if rows == self._rows and width == self._width:
            return
        options, before = self.query_one(OptionList), self._rows
        here = self.row.id if self.row is not None else self._here
        self._rows = rows
        if [row.id for row in rows] == [row.id for row in before] and width == self._width:
            for at, (old, new) in enumerate(zip(before, rows, strict=True)):
                if old != new:
                    options.replace_option_prompt_at_index(at, self._drawn(new, width))
        else:
            self._width = width
            options.clear_options()
            options.add_options(Option(self._drawn(row, width)) for row in rows)
            options.display = bool(rows)
            if rows:
                options.highlighted = next((at for at, row in enumerate(rows) if row.id == here), 0)
        going = sum(row.open for row in rows)
        self.query_one("#polls-head", Static).update(
            Content.assemble(
                ("Polls", "bold"), (f"   {going:,} open" if going else "", "bold $accent"),
                (f"   {count(len(rows), 'poll', 'polls')}" if rows else "", "$text-muted"),
            )
        )  # fmt: skip
        if self._tells_keys:  # what was just done stays until one goes on
            self._tell_keys()

    def _tell_keys(self) -> None:
        row, hosts = self.row, self._session.hosts()
        keys = []
        if row is not None and row.open:
            keys.append(f"1-{len(row.choices)} choose")
            if row.chosen >= 0:
                keys.append("0 takes back")
        if row is not None and row.steers:
            keys += [*(["c closes"] if row.open else []), "D takes away"]
        keys += ["n asks one"] if hosts else []
        more = "" if self.app.size.height < LOW else " What hosts ask stands here."
        nothing = "" if self._rows else f"Nothing was asked yet.{more}\n"
        self.query_one("#polls-told", Static).update(key_line(nothing + "   ".join([*keys, "Esc leaves"])))
        self._tells_keys = True

    @on(OptionList.OptionHighlighted)
    def highlighted(self) -> None:
        self._tell_keys()

    def _say(self, words: str, style: str = "$success") -> None:
        told = Content.styled(words, style)
        leaves = Content("") if self._rows else Content.styled("   Esc leaves", "$text-muted")
        self.query_one("#polls-told", Static).update(Content.assemble(told, leaves))
        self._tells_keys = False

    def _drawn(self, row: PollRow, width: int) -> Content:
        now = self._session.now()
        if not row.open:
            state = f"closed · {self._ages(row.closed_at, now)}" if row.closed_at else "closed"
        elif row.closes_at is not None:
            state = f"open until {clock_time(row.closes_at, now)}"
        else:
            state = "open"
        waiting = WAITING[row.send][0] if row.send else ""
        refused = row.send is SendState.REFUSED
        facts = Content.assemble(
            "  ",
            (state, "$success" if row.open else "$text-muted"),
            (f" · {count(row.total, 'ballot', 'ballots')}", "$text-muted"),
            (f"  {waiting}" if waiting else "", "$error" if refused else "$accent"),
            (" · ", "$text-muted"),
            (row.author or f"@{row.handle}", "$primary"),
            (f" {BADGES[row.role]}" if row.role in BADGES else "", "$warning"),
            (f" ≠ {row.alike}" if row.alike else "", "$error"),
            (f" · {self._ages(row.created_at, now)}{f' in {row.forum}' if row.forum else ''}", "$text-muted"),
        )
        return Content.assemble(
            ("? " if row.open else "  ", "bold $accent"),
            (row.question, "bold" if row.open else "$text-muted"),
            "\n",
            facts.truncate(width, ellipsis=True),
            (f"\n  {row.reason}" if refused and row.reason else "", "$error"),
            "\n",
            Content("\n").join(Content.assemble("  ", line) for line in poll_bars(row, width - 2).split("\n")),
            "\n",
        )

    # -- what is done

    def _here_now(self) -> PollRow | None:
        row = self.row
        if row is None:
            self._say("No poll is chosen", "$warning")
        return row

    def complain(self, error: JamError) -> None:
        self._say(f"{sentence(error.title)}{f'. {error.hint}' if error.hint else ''}", "$error")

    def action_choose(self, number: int) -> None:
        row = self._here_now()
        if row is None:
            return
        try:
            self._session.choose(row.id, number - 1 if number else None)
        except JamError as error:
            self.complain(error)
            return
        self._fill()
        self._say(f"Chosen: {row.choices[number - 1]}" if number else "Your ballot is taken back")

    @on(OptionList.OptionSelected)
    def opened(self) -> None:
        self._tell_keys()

    def action_close_poll(self) -> None:
        row = self._here_now()
        if row is None:
            return

        def close(yes: bool | None) -> None:
            if yes:
                self._do(lambda: self._session.close_poll(row.id), "Closed: it takes no more ballots")

        self._asked("close", row, close, f"It takes no more ballots. {count(row.total, 'ballot', 'ballots')} so far.")

    def action_remove_poll(self) -> None:
        row = self._here_now()
        if row is None:
            return

        def remove(yes: bool | None) -> None:
            if yes:
                self._do(lambda: self._session.remove_poll(row.id), "Taken away")

        self._asked("take away", row, remove, f"With {count(row.total, 'ballot', 'ballots')}, for everybody, for good.")

    def _asked(self, verb: str, row: PollRow, answered: Callable[[bool | None], None], detail: str) -> None:
        try:
            self._session.need_to_end(row.id, verb)
        except JamError as error:
            self.complain(error)
            return
        question = f"{verb.capitalize()} this poll?"
        self.app.push_screen(
            Confirm(question, f"{row.question}\n\n{detail}", verb.capitalize(), danger=True), answered
        )  # fmt: skip

    def _do(self, what: Callable[[], str | Undo], words: str) -> None:
        try:
            done = what()
        except JamError as error:
            self.complain(error)
            return
        self._fill()
        if isinstance(done, str):
            self._say(words)
        else:  # it was not sent yet
            self._undos.add(words, partial(self._session.undo, done))
            self._say(f"{words}; z brings it back")

    def action_undo(self) -> None:
        try:
            self._undos.take_back()
        except JamError as error:
            self.complain(error)
            return
        self._fill()

    def dismiss(self, result: str | None = None) -> AwaitComplete:
        """What was listed has been looked at."""
        self._session.see_polls([row.id for row in self._rows])
        return super().dismiss(result)

    def action_ask(self) -> None:
        try:
            self._session.need_host("ask polls")
        except JamError as error:
            self.complain(error)
            return
        self.dismiss("ask")


class PollForm(Dialog[tuple[str, list[str], str] | None]):
    """A question, its choices a line each, and when it ends. Answers them once ``send`` took them."""

    CSS_PATH = ["../widgets/dialog.tcss", "polls.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("ctrl+s", "send", show=False, priority=True, id="composer.send"),
        Binding("tab", "field(1)", show=False, priority=True),
        Binding("shift+tab", "field(-1)", show=False, priority=True),
    ]

    def __init__(
        self, where: str, kept: tuple[str, str, str], send: Callable[[str, list[str], str], None],
        keep: Callable[[tuple[str, str, str]], None],
    ) -> None:  # fmt: skip
        """``where`` says for whom, in harmless words; ``kept`` is what was typed before (question, choices, end), and
        ``keep`` keeps it; ``send`` asks the poll or raises `JamError`."""
        super().__init__()
        self._where = where
        self._kept = kept
        self._send = send
        self._keep = keep

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.assemble(("Ask ", "bold"), (self._where, "bold $primary")), classes="question")
            wide = "Ends in: 30min, 2h, 1d (empty: when you close it)"
            yield Field(
                self._kept[0], placeholder="Question, on one line", id="poll-question", compact=True,
                select_on_focus=False,
            )  # fmt: skip
            yield Area(
                self._kept[1], placeholder="Choices, one a line (2 to 8)", soft_wrap=True, tab_behavior="focus",
                compact=True, highlight_cursor_line=False, id="poll-choices",
            )  # fmt: skip
            yield Field(
                self._kept[2], placeholder="Ends in 30min, 2h, 1d (or by hand)" if self._narrow else wide,
                id="poll-ends", compact=True, select_on_focus=False,
            )  # fmt: skip
            yield Static(id="polls-told")

    def on_mount(self) -> None:
        area = self.query_one(Area)
        area.move_cursor(area.document.end)
        self.set_focus(self.query_one("#poll-question", Field))
        keys = (
            "Tab on   Ctrl-S asks   Esc keeps it"
            if self._narrow
            else "Ctrl-S asks   Tab goes on   Esc keeps it and leaves"
        )
        self.query_one("#polls-told", Static).update(key_line(keys))

    @property
    def _narrow(self) -> bool:
        return self.app.size.width < 50

    def _say(self, words: str, style: str) -> None:
        self.query_one("#polls-told", Static).update(Content.styled(words, style))

    @property
    def typed(self) -> tuple[str, str, str]:
        question, ends = self.query_one("#poll-question", Field), self.query_one("#poll-ends", Field)
        return question.value, self.query_one(Area).text, ends.value

    @on(Input.Submitted)
    def next_field(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_field(1)

    def action_field(self, step: int) -> None:
        fields = [self.query_one("#poll-question"), self.query_one(Area), self.query_one("#poll-ends")]
        here = next((at for at, one in enumerate(fields) if one.has_focus), 0)
        self.set_focus(fields[(here + step) % len(fields)])  # at once: the next key may be here already

    def action_send(self) -> None:
        question, choices, ends = self.typed
        asked = question, [line for line in choices.split("\n") if line.strip()], ends.strip()
        try:
            self._send(*asked)
        except JamError as error:
            self._keep(self.typed)
            self._say(f"✗ {sentence(error.title)}{f'. {error.hint}' if error.hint else ''}", "$error")
            return
        self._keep(("", "", ""))
        self.dismiss(asked)

    def action_leave(self) -> None:
        self._keep(self.typed)
        self.dismiss(None)
