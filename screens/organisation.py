"""Signing in with an organisation: address, code and QR code, while jamtui waits for what is done elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from jamtui import device_page
from jamtui.device_page import NewAccount, Page, Shows
from jamtui.errors import JamError
from jamtui.safe_text import safe_line
from jamtui.session import Session
from screens.dialogs import Confirm
from screens.doors import Answer, Credentials, Stop

_WORDS = 36  # columns that the words keep beside a QR code
_FRAME = 6  # columns and lines that are neither words nor code: margins, title, keys
_LINES = 4
_SHORT = 16  # lines below which only what is needed is said
_NARROW = 60  # columns


class Organisation(Screen["Session | str | JamError | None"]):
    """Ends with what ``enter`` gave, with what went wrong, or with None when the person gave up."""

    CSS_PATH = "organisation.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", show=False),
        Binding("c,y", "copy", show=False),
        Binding("b", "other('browser')", show=False),
        Binding("d", "other('device')", show=False),
    ]

    class Shown(Message):
        """The sign-in has come to where the person is needed."""

        def __init__(self, run: Stop, page: Page) -> None:
            super().__init__()
            self.run, self.page = run, page

    class Told(Message):
        """What holds it up, or goes on."""

        def __init__(self, run: Stop, text: str) -> None:
            super().__init__()
            self.run, self.text = run, text

    class Asked(Message):
        """The account is new beside another one: is it the person's?"""

        def __init__(self, run: Stop, new: NewAccount, answer: Answer) -> None:
            super().__init__()
            self.run, self.new, self.answer = run, new, answer

    def __init__(
        self,
        enter: Callable[[Credentials, Shows, Stop], Session | str],
        how: Credentials,
        title: str,
        *,
        colours: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``enter`` signs in, on a thread of its own. ``title`` is the Jam's, harmless. ``colours`` False leaves out
        the QR code and the large letters."""
        super().__init__()
        self._enter = enter
        self._how = how
        self._jam = title
        self._drawn = colours and not os.environ.get("NO_COLOR")
        self._clock = clock
        self._page: Page | None = None
        self._held = ""
        self._stop = Stop()  # of the sign-in that is under way; another one has another

    def compose(self) -> ComposeResult:
        yield Static(Content.styled(f"Sign in to {self._jam}", "bold $primary"), id="organisation-title")
        with Horizontal(id="organisation"):
            yield Static(id="qr")
            with VerticalScroll(id="organisation-words", can_focus=False):
                yield Static(Content.styled("◐ asking the organisation …", "$secondary"), id="organisation-text")
                yield Static(id="organisation-left")
        yield Static(id="organisation-keys")

    def on_mount(self) -> None:
        self.query_one("#qr").display = False
        self._keys()
        self._begin(self._how.by)
        self.set_interval(1.0, self._tick)

    def on_unmount(self) -> None:
        self._stop.stop()

    def on_resize(self) -> None:
        self._draw()

    # -- the sign-in, on a thread of its own

    def _begin(self, by: str) -> None:
        self._stop.stop()
        self._stop = stop = Stop()
        self._page = None
        how = Credentials(self._how.url, "oidc", in_file=self._how.in_file, by=by, issuer=self._how.issuer)
        shows = _Shows(self, stop)
        enter = self._enter

        def work() -> tuple[Stop, Session | str | JamError]:
            try:
                entered = enter(how, shows, stop)
            except JamError as error:
                return stop, error
            if stop.stopped and isinstance(entered, Session):  # in the moment in which it was done
                entered.close()
                return stop, JamError("the sign-in was given up")
            return stop, entered

        self.run_worker(work, name="organisation", thread=True)

    @on(Worker.StateChanged)
    def done(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.SUCCESS and event.worker.result is not None:
            stop, result = event.worker.result
            if stop is self._stop and not stop.stopped:
                self.dismiss(result)
            elif isinstance(result, Session):  # it was given up in the moment in which it was done
                result.close()

    @on(Shown)
    def shown(self, event: Shown) -> None:
        if event.run is self._stop:
            self._page = event.page
            self._draw()
            self._tick()
            self._keys()

    @on(Told)
    def told(self, event: Told) -> None:
        if event.run is self._stop:
            self._held = event.text
            self._tick()

    @on(Asked)
    def asked(self, event: Asked) -> None:
        if event.run is not self._stop:
            return
        new = event.new
        detail = f"{new.why} What you write as {new.handle} is read by whoever has that account."
        question = Confirm(new.question, detail, "Yes, go on", no="No, sign out", danger=True)
        self.app.push_screen(question, lambda yes: event.answer.give(bool(yes)))

    # -- what is shown

    def _draw(self) -> None:
        page = self._page
        if page is None or not self.is_mounted:
            return
        columns, lines = self.app.size
        drawing = self._qr(page, columns, lines)
        code = self.query_one("#qr", Static)
        code.display = bool(drawing)
        if drawing:
            dark, light = device_page.DARK_ON_LIGHT
            code.update(Content.styled("\n".join(drawing), f"{dark} on {light}"))
        room = columns - _FRAME - (len(drawing[0]) if drawing else 0)
        words = self._few_words(page) if lines < _SHORT else self._words(page, room, scan=bool(drawing))
        self.query_one("#organisation-text", Static).update(words)
        self._keys()

    def _qr(self, page: Page, columns: int, lines: int) -> list[str]:
        if not self._drawn:
            return []
        return device_page.qr(page.qr, columns - _WORDS - _FRAME, lines - _LINES)

    def _few_words(self, page: Page) -> Content:
        """All that is needed, where there are few lines."""
        said = "It is in your browser. If not, open:" if page.opened else "Open in a browser:"
        if page.code:
            said = "Open, and give the code if you have begun this yourself:"
        code = [("\nCode: ", "$text-muted"), (page.code, "bold")] if page.code else []
        notes = [(f"\n{note}", "$text-muted") for note in page.notes]
        return Content.assemble((page.who, "bold"), f"\n{said}", (f"\n{page.url}", "$accent"), *code, *notes)

    def _words(self, page: Page, room: int, *, scan: bool) -> Content:
        parts: list[tuple[str, str]] = []
        if page.way == device_page.BROWSER:
            said = "Your browser has the page of" if page.opened else "Open this page in a browser:"
            parts += [(f"{said} ", ""), (page.who, "bold"), (".\n", "")] if page.opened else [(f"{said}\n", "")]
            parts += [("If none came up, open:\n" if page.opened else "", "$text-muted"), (f"{page.url}\n", "$accent")]
        else:
            parts += [("With ", ""), (page.who, "bold"), ("\n\n", "")]
            parts += [(f"Open this page on any device{', or scan it' if scan else ''}:\n", "")]
            parts += [(f"{page.url}\n\n", "bold $accent"), ("and give it this code:\n\n", "")]
            large = device_page.letters(page.code, room) if self._drawn else [page.code]
            parts += [("\n".join(large), "bold"), ("\n", "")]
            if len(large) > 1:
                parts += [(f"\n{page.code}\n", "")]
            parts += [("\nOnly if you have begun this yourself.\n", "$text-muted")]
        for note in page.notes:
            parts.append((f"\n{note}\n", "$text-muted"))
        return Content.assemble(*parts)

    def _tick(self) -> None:
        words = self._held
        if self._page is not None:
            words = f"Waiting for you: {device_page.clock(self._page.ends - self._clock())} left\n{words}"
        self.query_one("#organisation-left", Static).update(Content.styled(words, "$secondary"))

    def _keys(self) -> None:
        pairs = [("Esc", "gives up")]
        if self._page is not None:
            narrow = self.app.size.width < _NARROW
            pairs.append(("c", "copies" if narrow else "copies the address"))
            if self._page.way == device_page.BROWSER:
                pairs.append(("d", "by code" if narrow else "on another device"))
            else:
                pairs.append(("b", "browser" if narrow else "in the browser"))
        parts = [part for key, said in pairs for part in ((key, "bold $primary"), (f" {said}   ", ""))]
        self.query_one("#organisation-keys", Static).update(Content.assemble(*parts))

    # -- keys

    def action_give_up(self) -> None:
        self._stop.stop()
        self.dismiss(None)

    def action_copy(self) -> None:
        if self._page is not None:
            self.app.copy_to_clipboard(self._page.url)
            self._held = "The address was copied."
            self._tick()

    def action_other(self, way: str) -> None:
        if self._page is not None and self._page.way != way:
            self._held = ""
            self._begin(way)


class _Shows:
    """`jamtui.device_page.Shows` on the thread of the sign-in."""

    def __init__(self, screen: Organisation, stop: Stop) -> None:
        self._screen, self._stop = screen, stop

    def page(self, page: Page) -> None:
        self._screen.post_message(Organisation.Shown(self._stop, page))

    def tell(self, text: str) -> None:
        self._screen.post_message(Organisation.Told(self._stop, safe_line(text)))

    async def is_you(self, new: NewAccount) -> bool:
        answer = Answer()
        self._screen.post_message(Organisation.Asked(self._stop, new, answer))
        return await answer.given()
