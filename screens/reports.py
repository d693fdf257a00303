"""Reports: for moderators the queue of reported posts, each in context, decided by one key; for others their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from jamtui.errors import JamError, NotFound, sentence
from jamtui.lately import Undos
from jamtui.mod_rows import QueueRow, ReportRow
from jamtui.model import GONE, PostRow
from jamtui.moderating import Act
from jamtui.session import Session
from screens.messages import JamChanged
from widgets.drawn import drawn
from widgets.key_line import key_line
from widgets.list_dialog import LETTERS, ListDialog
from widgets.row_dialog import RowDialog
from widgets.rows import Ages, count, one_line
from widgets.wrapping import hanging

_COLOURS = {"acted": "$success", "waiting": "$accent", "refused": "$error"}

_NAMED = 40  # characters of a post in what is told of it
_NARROW = 70  # columns below which a row and the keys are short


class MyReportsDialog(RowDialog[ReportRow]):
    """One's own reports and what became of them."""

    CSS_PATH = ["../widgets/dialog.tcss", "../widgets/row_dialog.tcss"]  # noqa: RUF012 - as Textual declares it
    head = "Your reports"
    keys = "Enter goes to the post   Esc leaves"

    def __init__(self, session: Session, ages: Ages, key: str) -> None:
        """``key`` is that of reporting."""
        super().__init__()
        self._session = session
        self._ages = ages
        self.nothing = f"You reported nothing. {key} on a post tells the moderators of it."

    @on(JamChanged)
    def changed(self, message: JamChanged) -> None:
        if message.changed.desk or message.changed.outbox:
            self.fill()

    def read(self) -> Sequence[ReportRow]:
        return self._session.my_reports()

    def drawn(self, row: ReportRow, width: int) -> Content:
        told = Content.assemble(
            (one_line(row.about), "bold"),
            (f"\n{self._ages(row.at, self._session.now())} · ", "$text-muted"),
            (row.became, _COLOURS.get(row.state, "$text-muted")),
            (f"\n{one_line(row.note)}" if row.note else "", "$text-muted"),
        )
        return hanging(Content.styled(f"{row.reason:<11}", "$accent"), told, width)

    def post_of(self, row: ReportRow) -> str:
        return row.post_id


class QueueDialog(ListDialog[str]):
    """Answers the id of a post to go to, or "". What is decided leaves the list at once, and the next one is there."""

    CSS_PATH = ["../widgets/dialog.tcss", "reports.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        *LETTERS,
        Binding("x", "dismiss_reports", show=False),
        Binding("h", "decide('hide')", show=False),
        Binding("l", "decide('lock')", show=False),
        Binding("w", "decide('warn')", show=False),
        Binding("d", "more('remove')", show=False),
        Binding("s", "more('suspend')", show=False),
        Binding("m", "more('')", show=False),
        Binding("o", "open", show=False),
        Binding("z", "take_back", show=False, id="dialog.undo"),
        Binding("space,pagedown", "scroll(1)", show=False),
        Binding("b,pageup", "scroll(-1)", show=False),
    ]

    def __init__(
        self, session: Session, ages: Ages, moderate: Callable[[PostRow, str, Callable[[str, str], None]], None]
    ) -> None:
        """``moderate`` opens the dialog of acts for a post, at one of them or at the first step, and tells the act's id
        and what was done."""
        super().__init__()
        self._session = session
        self._ages = ages
        self._moderate = moderate
        self._rows: list[QueueRow] = []
        self._undos = Undos()  # of what was decided here
        self._told = ("", "", "")  # what was done last, its colour, its key: it stands until one goes to another post
        self._here = ""  # the post under the cursor

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(id="queue-head", classes="question")
            yield OptionList(id="queue-list")
            with VerticalScroll(id="queue-post", can_focus=False):
                yield Static(id="queue-text")
            yield Static(id="queue-keys")

    def on_mount(self) -> None:
        self._fill()
        self.query_one(OptionList).focus()

    def on_resize(self) -> None:
        self._fill()

    @on(JamChanged)
    def changed(self, message: JamChanged) -> None:
        if message.changed.desk or message.changed.outbox or message.changed.posts:
            self._fill()

    # -- drawing

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        here = self._rows[at].post_id if at < len(self._rows) else ""
        self._rows = self._session.queue()
        options.clear_options()
        options.add_options(Option(self._drawn(row)) for row in self._rows)
        options.display = bool(self._rows)
        found = next((index for index, row in enumerate(self._rows) if row.post_id == here), at)
        options.highlighted = min(found, len(self._rows) - 1) if self._rows else None
        self._here = self._row.post_id if self._row is not None else ""
        posts = count(self._session.waiting_reports(), "post", "posts")
        waiting = f"   {posts} to decide on" if self._rows else ""
        self.query_one("#queue-head", Static).update(Content.assemble(("Reports", "bold"), (waiting, "$text-muted")))
        self._draw_post()

    def _drawn(self, row: QueueRow) -> Content:
        times = row.people
        if self.app.size.width < _NARROW:
            return Content.assemble(
                (f"{times}× ", "$warning" if times > 1 else "$text-muted"),
                (f"{row.reasons} ", "$accent"),
                (one_line(row.about), "bold"),
            )
        return Content.assemble(
            (
                f"{'▮' * min(times, 5)}{'▯' * max(0, 5 - times)} {times:>2}× ",
                "$warning" if times > 1 else "$text-muted",
            ),
            (f"{row.reasons[:22]:<23}", "$accent"),
            (one_line(row.about), "bold" if not row.gone else "$text-disabled"),
            (f"  {self._ages(row.reports[0].at, self._session.now())}", "$text-disabled"),
        )

    @on(OptionList.OptionHighlighted)
    def moved(self) -> None:
        """Also told when the list was filled anew: then what was done stays there."""
        here = self._row.post_id if self._row is not None else ""
        if here != self._here:
            self._here, self._told = here, ("", "", "")
        self._draw_post()

    def _tell(self, words: str, colour: str = "$success", undo: str = "") -> None:
        self._told = words, colour, undo
        self._draw_post()

    def _draw_post(self) -> None:
        row = self._row
        width = max(24, self.query_one("#queue-post").size.width - 3)
        self.query_one("#queue-post").display = row is not None
        self.query_one("#queue-text", Static).update(Content("") if row is None else self._in_context(row, width))
        more = "   l locks   w warns   d removes   s suspends   m more   o goes there   z undoes   Esc leaves"
        many, few = f"x leaves it   h hides{more}", "x leaves it   h hides   m more   Esc"
        keys = few if self.app.size.width < _NARROW else many
        if row is None:
            keys = "Nothing waits: what people report stands here.\nEsc leaves"
        told, colour, undo = self._told
        line = self.query_one("#queue-keys", Static)
        line.set_class(row is None, "-alone")  # where nothing waits, all of it has room
        short = row is not None and self.has_class("-short")  # room for one of them: what is done with the rest is told
        said = Content.styled(told if short or not undo else f"{told}   {undo}", f"bold {colour}") if told else None
        if said is not None and short and undo:
            line.update(key_line(f"{undo}   Esc leaves", said.truncate(line.size.width or width, ellipsis=True)))
        else:
            line.update(said if said is not None and short else key_line(keys, said))

    def _in_context(self, row: QueueRow, width: int) -> Content:
        """Who reported and why; the post, under what it answers."""
        parts: list[Content | tuple[str, str]] = []
        for one in row.reports:
            often = f" ({one.times} open reports)" if one.times > 1 else ""
            parts += [
                (f"{one.reason}  ", "bold $accent"),
                (f"{one_line(one.name)} @{one.handle}{often}", "$text-muted"),
                (f" · {self._ages(one.at, self._session.now())}", "$text-disabled"),
                (f"\n  {one_line(one.note)}" if one.note else "", "$foreground"),
                ("\n", ""),
            ]
        if more := row.people - len(row.reports):
            parts.append((f"and {count(more, 'other person', 'other people')}\n", "$text-muted"))
        parts.append((f"\n{one_line(row.forum)} › {one_line(row.thread)}\n", "$text-disabled"))
        try:
            post = self._session.post(row.post_id)
        except NotFound:
            return Content.assemble(*parts, ("The post is not in the mirror yet.", "$text-muted"))
        if post.parent_id:
            try:
                above = self._session.post(post.parent_id)
                begin = one_line(above.title) or one_line(above.body[:200])
                parts.append((f"↳ {one_line(above.author)}: {begin}\n", "$text-muted"))
            except NotFound:
                pass
        parts += [
            (one_line(post.author), "bold $primary"),
            (f" @{post.handle} · {self._ages(post.created_at, self._session.now())}\n", "$text-muted"),
        ]
        if post.gone:
            parts.append((f"({GONE[post.gone]})", "$text-muted"))
        else:
            if post.title:
                parts.append((f"{one_line(post.title)}\n", "bold"))
            parts.append(drawn(post.body[:8_000], width))
        return Content.assemble(*parts)

    @property
    def _row(self) -> QueueRow | None:
        at = self.query_one(OptionList).highlighted
        return self._rows[at] if at is not None and at < len(self._rows) else None

    def action_scroll(self, direction: int) -> None:
        pane = self.query_one("#queue-post")
        if direction > 0:
            pane.scroll_page_down(animate=False)
        else:
            pane.scroll_page_up(animate=False)

    # -- deciding

    def _complain(self, error: JamError) -> None:
        self._tell(f"{sentence(error.title)}. {error.hint}".strip(), "$error")

    def _did(self, words: str, take_back: Callable[[], None] | None) -> None:
        """``take_back``: None for what is final."""
        if take_back is not None:
            self._undos.add(words, take_back)
        self._fill()
        self._tell(words, undo="z takes it back" if take_back is not None else "")

    def action_dismiss_reports(self) -> None:
        row = self._row
        if row is None:
            return
        try:
            done = self._session.dismiss(row)
        except JamError as error:
            self._complain(error)
            return
        self._did(
            f"Left as it is: {one_line(row.about)[:_NAMED]}", lambda: self._session.undo_dismissal(done, row.post_id)
        )

    def action_decide(self, act: str) -> None:
        """At once, with what was reported as the reason; the dialog of acts asks for another."""
        row = self._row
        if row is None:
            return
        reason = row.as_reason
        target = row.thread_id if act == "lock" else row.post_id
        person = row.author_id if act == "warn" else ""
        try:
            done = self._session.act(Act(act, reason, target, person))
        except JamError as error:
            self._complain(error)
            return
        done_to = {"hide": "Hidden: ", "lock": "Locked the thread: ", "warn": f"{one_line(row.author)} is warned for: "}
        self._did(f"{done_to[act]}{one_line(row.about)[:_NAMED]}", lambda: self._take_back(done))

    def action_more(self, act: str) -> None:
        row = self._row
        if row is None:
            return
        try:
            post = self._session.post(row.post_id)
        except JamError as error:
            self._complain(error)
            return

        def told(done: str, words: str) -> None:
            self._did(words, (lambda: self._take_back(done)) if done else None)

        self._moderate(post, act, told)

    def _take_back(self, act_id: str) -> None:
        self._session.undo_act(act_id)

    def action_take_back(self) -> None:
        if not self._undos:
            self._tell("Nothing to take back; the audit log has what was done before", "$warning")
            return
        try:
            words = self._undos.take_back()
        except JamError as error:
            self._complain(error)
            return
        self._fill()
        self._tell(f"Taken back: {words}", undo="z takes back the one before" if self._undos else "")

    def action_open(self) -> None:
        if self._row is not None:
            self.dismiss(self._row.post_id)

    def on_option_list_option_selected(self) -> None:
        self.action_more("")

    def action_leave(self) -> None:
        self.dismiss("")
