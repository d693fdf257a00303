"""The one question when the server does not take the sign-in any more: sign in again? Nothing that was written is lost
over it, and nothing on the screen moves."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import App
from textual.widgets import Input, TextArea

from jamtui.model import Link
from jamtui.safe_text import safe_line
from jamtui.session import Session
from screens.dialogs import Confirm
from screens.doors import Doors, elsewhere, without_command
from screens.sign_in import SignIn


class SignedOut:
    """Asks once each time that the sign-in ends, when nobody is typing; `ask` asks whenever a person wants."""

    def __init__(self, app: App[int], session: Session, doors: Callable[[], Doors], *, colours: bool) -> None:
        self._app = app
        self._session = session
        self._doors = doors
        self._colours = colours
        self._asked = False
        self._question: Confirm | None = None

    def look(self, *, free: bool) -> None:
        """The link may have changed. ``free``: the main screen has the keys, and nobody types there."""
        if self._session.link is not Link.SIGNED_OUT:
            self._asked = False
            question, self._question = self._question, None
            if question is not None and self._app.screen is question:
                question.dismiss(False)  # somebody has signed in elsewhere
        elif free and not self._asked and not isinstance(self._app.focused, Input | TextArea):
            self.ask()

    def ask(self) -> None:
        session = self._session
        if session.me.guest:  # who asked for it: nothing has ended
            self._answered(True)
            return
        self._asked = True
        me = safe_line(session.me.handle)
        status = session.status()
        waits = [f"{status.queued} in the outbox"] if status.queued else []
        waits += [f"{drafts} drafts"] if (drafts := len(session.drafts())) > 1 else ["a draft"] if drafts else []
        kept = f"What you wrote is kept ({' and '.join(waits)})" if waits else "What you write is kept"
        why = status.detail if status.link is Link.SIGNED_OUT else "The server does not take the sign-in any more."
        why = without_command(why)  # this question does it
        detail = (
            f"{why}\n\n{kept}, and is sent when you, @{me}, have signed in again. You can go on reading and writing."
        )
        if note := elsewhere(session):
            detail += f"\n\n{note}"
        self._question = Confirm("You are signed out. Sign in again?", detail, "Sign in", no="Later")
        self._app.push_screen(self._question, self._answered)

    def _answered(self, yes: bool | None) -> None:
        self._question = None
        if yes:
            self._app.push_screen(SignIn(self._doors(), again=self._session, colours=self._colours))

    def done(self) -> str:
        """A sign-in of the same person has ended well; what to say about it."""
        self._session.reconnect()
        return f"Signed in again as @{safe_line(self._session.me.handle)}"
