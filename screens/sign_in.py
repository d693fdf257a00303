"""Into a Jam: its address first, then the ways that its server offers. Errors are shown where they happen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button, Input, Select, Static
from textual.worker import Worker, WorkerState

from jamtui.errors import JamError, sentence
from jamtui.safe_text import safe_block, safe_line
from jamtui.session import Session
from screens.doors import Choice, Credentials, Doors, Offer, address, choices
from widgets.fields import Field, Tick

WAYS = {
    "oidc": "{}",
    "password": "Handle and password",
    "invite": "Invitation code",
    "token": "Token",
    "command": "Token of your token_command",
    "guest": "Read only, as a guest",
}
ROOMY = 28  # lines from which on the form has empty ones between its fields
_OPEN = ("guest", "oidc", "command")  # ways that need no secret here
_NOT_KEPT = ("guest", "command")
_BY_COMMAND = "A token_command in config.toml gives one by itself."
_SECRETS = {"password": "password", "invite": "invitation code", "token": "token"}


class SignIn(Screen[None]):
    """Two steps on one page. Posts `SignIn.Entered` with the open session; Esc goes back to the welcome."""

    CSS_PATH = "sign_in.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("enter", "next_field", show=False, priority=True),
    ]

    class Entered(Message):
        """The person is in; the session is open and not started."""

        def __init__(self, session: Session) -> None:
            super().__init__()
            self.session = session

    class Again(Message):
        """The person has signed in again, and the session goes on."""

    def __init__(
        self, doors: Doors, *, read_only: bool = False, again: Session | None = None, colours: bool = True
    ) -> None:
        """``read_only`` goes in as a guest at once where the server allows it; ``again`` is signed out, or a guest's,
        and goes on after this; ``colours`` False draws no QR code."""
        super().__init__()
        self._doors = doors
        self._read_only = read_only
        self._again = again
        self._url = again.known.origin if again is not None else ""
        self._colours = colours
        self._offer: Offer | None = None
        self._choices: list[Choice] = []  # the ways of the offer; an option's value is its place here
        self._asked = ""  # the address as it was typed when its server was asked

    def compose(self) -> ComposeResult:
        anew = self._again is None or self._again.me.guest
        title = "Read a Jam" if self._read_only else "Sign in to a Jam" if anew else "Sign in again"
        with Center(), Vertical(id="sign-in"):
            yield Static(Content.styled(title, "bold $primary"), id="sign-in-title")
            yield Static(Content("Address of the Jam"), classes="label")
            yield Field(self._url, placeholder="https://jam.example.org", id="url", compact=True)
            with Vertical(id="ways"):
                yield Static(id="offer")
                yield Static(Content("How"), classes="label")
                yield Select[str]([("", "")], id="way", compact=True, allow_blank=False)
                yield Static(Content("Handle"), classes="label handle")
                yield Field(id="handle", classes="handle", compact=True)
                yield Static(id="secret-label", classes="label secret")
                yield Field(id="secret", classes="secret", password=True, compact=True)
                yield Static(Content(_BY_COMMAND), id="by-command")
                yield Tick(Content("keep the token in a file (0600)"), id="in-file", compact=True)
            yield Static(id="sign-in-note")
            yield Button(Content("Continue"), id="go", variant="primary")
            yield Static(
                Content.assemble(("Enter", "bold $primary"), " goes on   ", ("Esc", "bold $primary"), " back"),
                id="sign-in-keys",
            )

    def on_mount(self) -> None:
        self.query_one("#ways").display = False
        self.query_one("#url", Input).focus()
        if self._again is not None:
            if not self._again.me.guest:
                self.query_one("#handle", Input).value = safe_line(self._again.me.handle)
                self.query_one("#in-file", Tick).value = self._again.known.store == "file"
            self.go()

    def on_resize(self) -> None:
        self.set_class(self.app.size.height < ROOMY, "-low")

    def _note(self, text: Content) -> None:
        note = self.query_one("#sign-in-note", Static)
        note.update(text)
        if text:
            self.call_after_refresh(note.scroll_visible, animate=False)  # a small terminal does not hold the whole form

    def _fail(self, error: JamError) -> None:
        self._note(
            Content.assemble(
                (f"✗ {sentence(safe_line(error.title))}", "bold $error"),
                ("\n  ", ""),
                (safe_line(error.hint), "$text-muted"),
            )
        )

    @on(Input.Changed, "#url")
    def other_server(self) -> None:
        if self._offer is not None:
            self._offer = None
            self.query_one("#ways").display = False

    def action_next_field(self) -> None:
        """Enter goes to the next field that is still empty, so that no password is typed where it can be read.

        An action that comes before the field's own, since the keys behind it may be here already.
        """
        here = self.focused
        if not isinstance(here, Field):
            raise SkipAction
        fields = [field for field in self.query(Field) if field.display] if self._offer is not None else [here]
        empty = next((field for field in fields[fields.index(here) + 1 :] if not field.value), None)
        if empty is not None and here.value.strip():
            self.set_focus(empty)
        else:
            self.go()

    @on(Button.Pressed, "#go")
    def go(self) -> None:
        url = self.query_one("#url", Input).value.strip()
        if not url:
            self._fail(JamError("An address is needed", "For example https://jam.example.org"))
            return
        url = address(url)
        if self._offer is None:
            doors, self._asked = self._doors, self.query_one("#url", Input).value
            self._work("offer", f"asking {safe_line(url)} …", lambda: doors.offer(url))
        else:
            self._enter(self._offer)

    def _enter(self, offer: Offer) -> None:
        choice = self._choices[int(str(self.query_one("#way", Select).value))]
        way = choice.way
        if way == "oidc":
            in_file = self.query_one("#in-file", Tick).value
            how = Credentials(offer.url, way, in_file=in_file, by=choice.by, issuer=choice.issuer)
            self._by_organisation(how, offer)
            return
        how = Credentials(
            url=offer.url,
            way=way,
            handle=self.query_one("#handle", Input).value.strip(),
            secret="" if way in _OPEN else self.query_one("#secret", Input).value.strip("\r\n"),
            in_file=self.query_one("#in-file", Tick).value,
        )
        if way in ("password", "invite") and not how.handle:
            self._fail(JamError("A handle is needed", "The name by which people know you in this Jam."))
            self.query_one("#handle").focus()
        elif way not in _OPEN and not how.secret:
            self._fail(JamError(f"The {_SECRETS[way]} is needed"))
            self.query_one("#secret").focus()
        else:
            doors, again = self._doors, self._again
            call = (lambda: doors.again(again, how)) if again is not None else (lambda: doors.enter(how))
            self._work("enter", "going in …", call)

    def _by_organisation(self, how: Credentials, offer: Offer) -> None:
        from screens.organisation import Organisation

        def done(result: Session | str | JamError | None) -> None:
            if isinstance(result, JamError):
                self._fail(result)
            elif result is not None:
                self._entered(result)

        self._note(Content(""))
        title = safe_line(offer.title, 60) or offer.url
        doors, again = self._doors, self._again
        enter = doors.organisation if again is None else partial(doors.again, again)
        self.app.push_screen(Organisation(enter, how, title, colours=self._colours), done)

    def _entered(self, result: Session | str) -> None:
        self.post_message(self.Entered(result) if isinstance(result, Session) else self.Again())

    def _work(self, name: str, words: str, call: Callable[[], object]) -> None:
        """Calls a door on a thread. Not exclusive: what was sent is never cancelled half way."""
        self._note(Content.styled(f"◐ {words}", "$secondary"))
        self.query_one("#go", Button).disabled = True

        def work() -> object:
            try:
                return call()
            except JamError as error:
                return error

        self.run_worker(work, name=name, thread=True)

    @on(Worker.StateChanged)
    def done(self, event: Worker.StateChanged) -> None:
        if event.state is not WorkerState.SUCCESS:
            return
        self.query_one("#go", Button).disabled = False
        result = event.worker.result
        if isinstance(result, JamError):
            self._fail(result)
        elif isinstance(result, Offer):
            if self.query_one("#url", Input).value == self._asked:
                self._show_offer(result)
            else:  # typed on meanwhile: a password is for the server that stands there, and no other
                self._note(Content(""))
        elif isinstance(result, Session | str):
            self._entered(result)

    def _show_offer(self, offer: Offer) -> None:
        self._offer = offer
        self._note(Content(""))
        if self._read_only and "guest" in offer.ways:
            doors = self._doors
            self._work("enter", "going in …", lambda: doors.enter(Credentials(offer.url, "guest")))
            return
        self.query_one("#ways").display = True
        summary = safe_block(offer.summary).strip()
        self.query_one("#offer", Static).update(
            Content.assemble(
                ("◆ ", "$accent"),
                (safe_line(offer.title), "bold"),
                (f"\n  {summary}" if summary else "", "$text-muted"),
            )
        )
        self._choices = choices(offer, WAYS, guest=self._again is None)  # who reads as a guest has another folder
        select = self.query_one("#way", Select)
        select.set_options([(Content(one.label), str(number)) for number, one in enumerate(self._choices)])
        select.value = "0"
        if self._read_only:
            self._fail(JamError("This Jam does not let guests read", "Sign in to read it."))
        self._fields(self._choices[0].way)

    @on(Select.Changed, "#way")
    def way_chosen(self, event: Select.Changed) -> None:
        if self._offer is not None and str(event.value).isdecimal():  # the empty one goes when there is an offer
            self._fields(self._choices[int(str(event.value))].way)

    def _fields(self, way: str) -> None:
        self.query(".handle").set(display=way in ("password", "invite"))
        self.query(".secret").set(display=way not in _OPEN)
        commanded = self._offer is not None and "command" in self._offer.ways
        self.query_one("#by-command").display = way == "token" and not commanded
        self.query_one("#in-file").display = way not in _NOT_KEPT
        self.query_one("#secret-label", Static).update(Content(_SECRETS.get(way, "").capitalize()))
        named = way not in ("password", "invite") or bool(self.query_one("#handle", Input).value)
        first = self.query_one("#go" if way in _OPEN else "#secret" if named else "#handle")
        first.focus()
        self.call_after_refresh(first.scroll_visible, animate=False)  # what has just come has its place only then

    def action_leave(self) -> None:
        self.app.pop_screen()
