"""The page of the Jam: how it stands, the countdown, its phases and what they are for, what may be done now, and its
hours all over the world. What stands here is read from the mirror; it is looked at again every minute."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Digits, Static

from jamtui.keys import AS_DELIVERED, Keymap
from jamtui.session import Session
from jamtui.timing import Standing
from screens.messages import JamChanged
from widgets.dialog import Dialog
from widgets.event_page import coming_line, counts_to, digits, event_body, event_head

MINUTE = 60.0
_TALL = 24  # lines from which on the countdown is large


class EventPage(Dialog[None]):
    """Esc or q leaves; it scrolls like the help."""

    CSS_PATH = "event.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        # The ids end in those of the actions that these are here, so that they follow the person's keys.
        Binding("escape", "leave", show=False, id="event.back"),
        Binding("q", "leave", show=False, id="event.leave"),
        Binding("j,down", "scroll('down')", show=False, id="event.down"),
        Binding("k,up", "scroll('up')", show=False, id="event.up"),
        Binding("space", "scroll('page_down')", show=False, id="event.read-on"),
        Binding("pagedown", "scroll('page_down')", show=False, id="event.page-down"),
        Binding("b", "scroll('page_up')", show=False, id="event.read-back"),
        Binding("pageup", "scroll('page_up')", show=False, id="event.page-up"),
        Binding("g,home", "scroll('home')", show=False, id="event.first"),
        Binding("G,end", "scroll('end')", show=False, id="event.last"),
    ]

    def __init__(self, session: Session, *, frozen: bool = False, keymap: Keymap = AS_DELIVERED) -> None:
        """``frozen``: the clock stands."""
        super().__init__()
        self._session = session
        self._frozen = frozen
        self._keymap = keymap
        self._drawn: Standing | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="event"), VerticalScroll(id="event-rows", can_focus=True):
            yield Static(id="event-head")
            yield Digits(id="event-digits")
            yield Static(id="event-coming")
            yield Static(id="event-body")

    def on_mount(self) -> None:
        self.query_one("#event-rows").focus()
        if not self._frozen:
            self.set_interval(MINUTE, self.draw, name="event")

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    @on(JamChanged)
    def jam_changed(self) -> None:
        """An organiser may have changed the hours: not looked at a minute later."""
        if self._session.standing() is not self._drawn:
            self.draw()

    def draw(self) -> None:
        """What it says now."""
        session = self._session
        standing = self._drawn = session.standing()
        width = self.query_one("#event-rows").scrollable_content_region.width - 2
        if standing is None or width < 10:
            return
        jam, now = standing.jam, session.event_now()
        figures, words = digits(jam, now)
        large = bool(figures) and self.app.size.height >= _TALL and len(figures) * 3 <= width
        keys = Content.assemble((self._keymap.name("back"), "bold $primary"), (" leaves", "$text-muted"))
        self.query_one("#event-head", Static).update(event_head(jam, now, width, keys))
        self.query_one(Digits).display = large
        self.query_one(Digits).update(figures)  # markup: digits and a colon
        self.query_one("#event-coming", Static).update(counts_to(words) if large else coming_line(jam, now))
        self.query_one("#event-body", Static).update(
            event_body(jam, now, standing.refused, width, only_reads=session.only_reads())
        )

    def action_scroll(self, how: str) -> None:
        getattr(self.query_one("#event-rows", VerticalScroll), f"scroll_{how}")(animate=False)

    def action_leave(self) -> None:
        self.dismiss()
