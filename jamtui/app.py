"""The TUI as a whole: which screen is first, the themes, the one live subscription, and how it ends.

The app owns no data. It starts the session's network thread, joins what that tells into one message a frame, and hands
it to the screens, which read again what they show. Screens other than the first are imported when they are opened.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import constants
from textual.binding import Binding, BindingType
from textual.screen import Screen

from jamtui import themes
from jamtui.actions import BY_ID
from jamtui.errors import JamError, UsageError
from jamtui.keys import AS_DELIVERED, Keymap
from jamtui.model import Changed, Link
from jamtui.paths import PathError
from jamtui.reports import stopped, write_report
from jamtui.safe_text import leaving, safe_block, safe_line
from jamtui.session import Session
from screens.messages import JamChanged
from screens.performs import Complains, Holds, Leaves, Speaks
from screens.type_ahead import TypeAhead
from widgets.bindings import rebind
from widgets.dialog import LOW
from widgets.guard import guard
from widgets.steady import steadied, steady

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.app import App
    from textual.await_complete import AwaitComplete
    from textual.command import Provider
    from textual.dom import DOMNode
    from textual.geometry import Size
    from textual.notifications import SeverityLevel

    from jamtui.config import Entry
    from jamtui.first_paint import Painted
    from screens.cold import Cold
    from screens.doors import Doors
    from screens.notifying import Notifying
    from screens.sign_in import SignIn
    from screens.signed_out import SignedOut
    from screens.welcome import Welcome

FRAME = 1 / 30  # seconds between two messages to the screens
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)  # Ctrl-C is a key here: SIGINT comes from elsewhere
_ROUNDS = 3  # layouts that a key which leaves waits for


def _tell_no_log(app: App[Any]) -> None:
    """Textual's logs hold every key and every paste, those of a password too, and go to whoever listens on a port:
    neither TEXTUAL_LOG nor TEXTUAL=devtools has one here."""
    vars(constants).update(LOG_FILE=None, DEBUG=False)
    app.devtools = app._devtools_redirector = None


def _commands() -> type[Provider]:
    from screens.palette import ActionCommands

    return ActionCommands


def check_theme(name: str) -> None:
    """Raises `UsageError` when no theme has this name, short or whole."""
    import difflib

    from textual.theme import BUILTIN_THEMES

    known = {*themes.SHORT_NAMES, *(theme.name for theme in themes.OWN), *BUILTIN_THEMES}
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        best = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(f"no theme is called {name}", f"{best}There are dark, light, high-contrast and ansi.")


class JamApp(TypeAhead[int]):
    """One run of the TUI. ``session`` is open, not started; without one the welcome is shown, which needs ``doors``."""

    TITLE = "jamtui"
    COMMANDS: ClassVar[set[Any]] = {_commands}
    BINDINGS: ClassVar[list[BindingType]] = [
        # Ids end in the action's, by which `rebind` finds them.
        Binding(",".join(BY_ID["palette"].keys), "command_palette", show=False, priority=True, id="app.palette"),
        Binding(",".join(BY_ID["suspend"].keys), "suspend_process", show=False, id="app.suspend"),
        Binding(",".join(BY_ID["quit"].keys), "quit", show=False, priority=True, id="app.quit"),
        Binding("<theme>", "screen.theme", show=False, id="app.theme"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (150, "-very-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (LOW, "-tall")]  # noqa: RUF012 - as Textual declares it

    def __init__(
        self,
        session: Session | None,
        *,
        doors: Doors | None = None,
        again: Callable[[], Doors] | None = None,
        reports: Path,
        theme: str = "dark",
        keep_theme: Callable[[str], str] | None = None,
        frozen: bool = False,
        ascii_only: bool = False,
        keymap: Keymap = AS_DELIVERED,
        editor: str = "",
        absolute_times: bool = False,
        painted: Painted | None = None,
        keep_screen: Callable[[str, int, int], None] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        notify: Sequence[Entry] | None = None,
    ) -> None:
        """``again`` gives the doors by which one signs in again, if that can be;
        ``reports`` is the private folder for crash reports; ``keep_theme`` stores the theme that was chosen and
        answers what there is to know about that ("": nothing);
        ``frozen`` says that the session's clock stands, so that nothing moves or blinks for the sake of time;
        ``ascii_only`` spells every mark of our own in ASCII;
        ``editor`` is the command behind Ctrl-O, "" for $VISUAL or $EDITOR;
        ``absolute_times`` tells hours instead of ages;
        ``painted`` is the last screen, where it stands on the terminal already; ``keep_screen`` takes what draws the
        screen at the end, its columns and its lines."""
        super().__init__()
        _tell_no_log(self)
        if painted is not None:
            from jamtui.overpaint import over

            self.driver_class = over(self.driver_class, painted)
        self.driver_class = steadied(self.driver_class)
        guard()
        self._keep_screen = keep_screen
        self.ascii_only = ascii_only
        if ascii_only:
            from widgets.ascii_only import AsciiOnly

            self._filters.append(AsciiOnly())
        self.keymap = keymap
        self._editor = editor
        self._absolute_times = absolute_times
        rebind(self, keymap)
        self.session = session
        self.frozen = frozen
        if frozen:
            self.animation_level = "none"
        self._doors = doors
        self._again = again
        self.leaving = ""  # what becomes of the posts (keep, remove), when the account is to end with the program
        self._signed_out: SignedOut | None = None
        self._reports = reports
        self._keep_theme = keep_theme
        self._clock = clock
        self._notify = notify
        self.notices: Notifying | None = None
        self._joining = threading.Lock()
        self._pending: Changed | None = None
        self._last_frame = 0.0
        self._drawn_at: Size | None = None  # the terminal's size at its last word about it
        self.ended_early = 0  # the signal that came while this was starting
        self._in_jam = False
        self._resting = False  # the network was let go before the program was stopped
        for own in themes.OWN:
            self.register_theme(own)
        self.theme = self._theme_name(theme) or themes.DARK.name

    def get_default_screen(self) -> Screen[Any]:
        if self.session is None:
            from screens.welcome import Welcome

            screen: Screen[Any] = Welcome()
        else:
            screen = self._first_screen(self.session)
        rebind(screen, self.keymap)
        for path in screen.css_path:  # Textual reads these for screens that are pushed, not for the first
            self.stylesheet.read(path)
        return screen

    def _first_screen(self, session: Session) -> Screen[Any]:
        if not session.mirrored:
            from screens.cold import Cold

            return Cold(session)
        from screens.jam import JamScreen

        return JamScreen(
            session, frozen=self.frozen, keymap=self.keymap, editor=self._editor, absolute_times=self._absolute_times
        )

    def on_mount(self) -> None:
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            for number in _ENDING:
                loop.add_signal_handler(number, self.exit, 128 + number)
            if self.ended_early:
                self.exit(128 + self.ended_early)
        self.app_resume_signal.subscribe(self, lambda _: self._come_back())
        # Back from the shell (`fg`): its terminal has forgotten what stood there.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        if self.session is not None:
            self.call_after_refresh(self._start, self.session)

    def _check_resize(self) -> None:
        """As in Textual, which draws nothing for a terminal that was of another size for a moment only: what that size
        cut off, the terminal has forgotten."""
        event = self._resize_event
        super()._check_resize()
        if event is not None:
            if event.size == self._drawn_at and self._dom_ready:
                self.screen.refresh()
            self._drawn_at = event.size

    # -- ways in; the handlers are named, not decorated, so that these screens are imported only when they are shown

    def on_welcome_chosen(self, message: Welcome.Chosen) -> None:
        from screens.sign_in import SignIn

        doors = self._doors
        if doors is None:
            raise RuntimeError("the welcome was shown without doors")
        if message.choice != "demo":
            self.push_screen(SignIn(doors, read_only=message.choice == "read", colours=not self.ascii_only))
            return
        self._welcome().say("◐ starting the demo …")

        def demo() -> None:
            try:
                session = doors.demo()
            except JamError as error:
                self.call_from_thread(self._welcome().say, f"✗ {safe_line(str(error))}", True)
            else:
                self.call_from_thread(self._enter, session)

        self.run_worker(demo, name="demo", thread=True)

    def _welcome(self) -> Welcome:
        from screens.welcome import Welcome

        return next(screen for screen in self.screen_stack if isinstance(screen, Welcome))

    def on_sign_in_entered(self, message: SignIn.Entered) -> None:
        if self.session is None:
            self._enter(message.session)
        else:
            self.run_worker(self._change_to(message.session, self.session), name="another person")

    def on_cold_ready(self, message: Cold.Ready) -> None:
        if self.session is not None and not self._in_jam:
            self._in_jam = True  # more of these may be on their way
            self._show(self._first_screen(self.session))

    def _enter(self, session: Session) -> None:
        self.session = session
        self._show(self._first_screen(session))
        self._start(session)

    async def _change_to(self, session: Session, before: Session) -> None:
        """Goes on as somebody else, in a folder of theirs; what is written in that of ``before`` stays there."""
        from screens.doors import other_person

        try:
            self._leave()
        except JamError as error:
            session.close()
            self.notify(safe_line(f"{error.title}. {error.hint}"), severity="error", markup=False, timeout=30)
            return
        self._signed_out = None
        self._in_jam = False
        session.said = before.said
        self.session = session
        await self._show(self._first_screen(session))
        await asyncio.to_thread(before.close)  # the network's thread may take a moment to end
        self._start(session)
        self.notify(other_person(before, session), markup=False, timeout=30)

    def _leave(self) -> None:
        """Every screen puts on the disk what it holds. Raises the `JamError` of the one that cannot."""
        for screen in self.screen_stack:
            if isinstance(screen, Holds) and screen.is_mounted and (held := screen.unsaved()) is not None:
                raise held[0]
            if isinstance(screen, Leaves) and screen.is_mounted:
                screen.leave()

    def _show(self, screen: Screen[Any]) -> AwaitComplete:
        """``screen`` instead of everything that is on the stack."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        bottom = self.screen
        if not bottom._result_callbacks:
            # Textual gives one to every screen but the first of all, and takes one off whenever it switches.
            bottom._push_result_callback(bottom, None)
        return self.switch_screen(screen)

    def get_screen(self, screen: Any, screen_class: Any = None) -> Any:
        """As in Textual, which asks it for every screen that is pushed or switched to; its keys are the person's."""
        found = super().get_screen(screen, screen_class)
        rebind(found, self.keymap)
        return found

    # -- the live subscription

    def _start(self, session: Session) -> None:
        if self.signs_in:
            session.signs_in = ":sign-in"
        gc.freeze()  # what the start made stays to the end: no collection has to look at it again
        gc.enable()
        loop = asyncio.get_running_loop()

        def on_change(changed: Changed) -> None:
            """Called from the network's thread after each commit."""
            with self._joining:
                first = self._pending is None
                self._pending = changed if self._pending is None else self._pending | changed
            if first:
                # The loop ends before the network's thread does: what it tells then, nobody waits for.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(self._next_frame, loop)

        if self._notify is not None:
            self.call_after_refresh(self._begin_to_notify, session, self._notify)
        session.start(on_change)
        for text in session.told:  # on the terminal, too, which the screen covered at once
            self.notify(safe_line(text), severity="warning", markup=False, timeout=30)

    def _begin_to_notify(self, session: Session, entries: Sequence[Entry]) -> None:
        """When the first screen is there: what is imported for it has time."""
        if session is self.session and session.mirrored:
            from jamtui.notify import settings
            from screens.notifying import Notifying

            chosen, environ = settings(entries)[0], dict(os.environ)
            self.notices = Notifying(self, session, chosen, environ, ascii_only=self.ascii_only)

    def _next_frame(self, loop: asyncio.AbstractEventLoop) -> None:
        wait = self._last_frame + FRAME - loop.time()
        loop.call_later(max(0.0, wait), self._deliver, loop)

    def _deliver(self, loop: asyncio.AbstractEventLoop) -> None:
        self._last_frame = loop.time()
        with self._joining:
            changed, self._pending = self._pending, None
        if changed is not None and self.is_running:
            for screen in self.screen_stack:
                screen.post_message(JamChanged(changed))
            if self.notices is not None:
                self.notices.look()
            elif changed.everything and self._notify is not None and self.session is not None:
                self._begin_to_notify(self.session, self._notify)  # what was empty is there
            if changed.status:
                self.call_later(self._look_at_sign_in)  # as one of the app's own messages: a screen may be made

    # -- the sign-in that ends

    def _look_at_sign_in(self) -> None:
        """Asks, when nobody is typing, where the server does not take the sign-in any more."""
        session = self.session
        if session is not None and (self._signed_out is not None or session.link is Link.SIGNED_OUT):
            asks = self._asks(session)
            if asks is not None:
                asks.look(free=len(self.screen_stack) == 1 and not getattr(self.screen, "writing", False))

    def _asks(self, session: Session) -> SignedOut | None:
        """Who asks; made when there is first something to ask."""
        if self._signed_out is None and self._again is not None:
            from screens.signed_out import SignedOut

            self._signed_out = SignedOut(self, session, self._again, colours=not self.ascii_only)
        return self._signed_out

    def on_ask_to_sign_in(self) -> None:
        asks = self._asks(self.session) if self.session is not None else None
        if asks is not None:
            asks.ask()
        else:
            self.notify("You are signed out: jamtui login signs in again", severity="warning", markup=False)

    def on_sign_in_again(self, _: SignIn.Again) -> None:
        asks = self._asks(self.session) if self.session is not None else None
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if asks is not None:
            self.notify(asks.done(), markup=False)

    # -- colours

    def _theme_name(self, name: str) -> str:
        full = themes.SHORT_NAMES.get(name, name)
        return full if full in self.available_themes else ""

    def choose_theme(self, name: str) -> bool:
        """Changes the colours and keeps the choice; "" goes from dark to light and back. False: no such theme."""
        other = themes.LIGHT.name if self.current_theme.dark else themes.DARK.name
        full = self._theme_name(name) if name else other
        if full:
            self.theme = full
            note = self._keep_theme(full) if self._keep_theme is not None else ""
            if note:
                self.notify(safe_line(note), markup=False)
        return bool(full)

    def action_command_palette(self) -> None:
        from screens.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def notify(
        self, message: str, *, severity: SeverityLevel = "information", markup: bool = False, **more: Any
    ) -> None:
        """As in Textual, but never markup, whatever it is called with; what was said can be read again."""
        if self.session is not None:
            self.session.said.add(self.session.now(), message, "fact" if severity == "information" else severity)
        super().notify(message, severity=severity, markup=False, **more)

    # -- what leaves

    def copy_to_clipboard(self, text: str) -> None:
        """As in Textual, without what would drive a terminal into which it is pasted (``ESC [201~`` ends the brackets
        of a paste, and what follows is typed); tabs stay, since one's own text has them."""
        super().copy_to_clipboard(leaving(text))

    # -- what cannot be done

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """As in Textual; an action that cannot be done here (`JamError`) is told in words and ends nothing. What was
        said before an action is gone after it."""
        screen: Any = self.screen  # asked for its class: a protocol asks the screen itself, which looks for its line
        speaks: Speaks | None = screen if hasattr(type(screen), "key_done") and screen.is_mounted else None
        spoken = speaks.spoken if speaks is not None else 0
        try:
            done = await super().run_action(action, default_namespace, namespaces)
            if done and speaks is not None:
                speaks.key_done(spoken)
            self._look_at_sign_in()  # the key may have ended what held the question back
            return done
        except JamError as error:
            if isinstance(self.screen, Complains):
                self.screen.complain(error)
            else:
                self.notify(safe_line(f"{error.title}. {error.hint}"), severity="error", markup=False)
            return True

    # -- the end

    def exit(self, result: int | None = None, return_code: int = 0, message: Any | None = None) -> None:
        """Ends the run after every screen has put on the disk what it holds. One that is not there yet comes first: a
        key or a signal may be faster than the start."""
        top = self.screen_stack[-1] if self.screen_stack else None
        if top is not None and not top.is_mounted and top.call_later(self.exit, result, return_code, message):
            return
        for screen in self.screen_stack:
            if isinstance(screen, Leaves) and screen.is_mounted:
                try:
                    screen.leave()
                except JamError as error:  # a full disk is no reason to stay for ever
                    self._exit_renderables.append(Text(safe_line(f"Not kept where you were: {error}")))
            if isinstance(screen, Holds) and screen.is_mounted and (held := screen.unsaved()) is not None:
                why, text = held
                words = f"What you wrote could not be saved ({safe_line(why.title)}). It was:\n\n{text}"
                self._exit_renderables.insert(0, Text(words))
        if self._keep_screen is not None:
            self._keep_last(self._keep_screen)
        super().exit(result, return_code, message)

    @property
    def signs_in(self) -> bool:
        """Whether one can sign in here."""
        return self._again is not None

    @property
    def may_delete(self) -> bool:
        """Whether an account can be ended here: a demo keeps nothing."""
        return self._again is not None

    def leave_jam(self, posts: str) -> None:
        """Ends the program, and then the account: while this is open nothing on this device can go."""
        self.leaving, self._keep_screen = posts, None
        self.exit(0)

    def _keep_last(self, keep: Callable[[str, int, int], None]) -> None:
        """Hands on what the next start can begin with: the main screen, with nothing over it."""
        from screens.jam import JamScreen

        screen = self.screen
        if not isinstance(screen, JamScreen) or screen.writing or self.is_headless:
            return
        if not screen._layout_required:  # else one left between two layouts, and half of each would be kept
            frame = screen._compositor.render_full_update()
            # Without it the next start shows nothing until it is ready: no reason to trouble anybody.
            with contextlib.suppress(PathError, OSError):
                keep(steady(frame.render_segments(self.console)), *screen.size)

    async def action_quit(self) -> None:
        """Leaves; where something is written that cannot be put on the disk, after a question."""
        screens = [screen for screen in self.screen_stack if isinstance(screen, Holds) and screen.is_mounted]
        held = next((found for screen in screens if (found := screen.unsaved()) is not None), None)
        if held is None:
            self._leave_whole()
            return
        from screens.dialogs import Confirm

        why, text = held
        detail = f"It cannot be saved: {safe_line(str(why))}\n\n{text[:600]}"

        def answered(yes: bool | None) -> None:
            if yes:
                self.exit(0)

        self.push_screen(Confirm("Leave without what you wrote?", detail, "Leave", danger=True), answered)

    def _leave_whole(self, rounds: int = _ROUNDS) -> None:
        """A key that leaves may come between two layouts: the screen is whole a moment later, and can be kept then."""
        if rounds and self.screen._layout_required:
            self.screen.call_after_refresh(self._leave_whole, rounds - 1)
        else:
            self.exit(0)

    def action_suspend_process(self) -> None:
        """To the shell. Meanwhile another jamtui may have the network: who is stopped holds up nobody."""
        if self._driver is not None and self._driver.can_suspend and self.session is not None:
            self._resting = self.session.rest()
        super().action_suspend_process()

    def _come_back(self) -> None:
        if self._resting and self.session is not None:
            self._resting = False
            self._start(self.session)

    def action_help_quit(self) -> None:
        """Ctrl-C copies the selection or says how to leave; it never ends the program by accident."""
        keymap = self.keymap
        self.notify(
            f"{keymap.name('leave')} goes back and leaves, {keymap.name('quit')} leaves at once",
            markup=False,
            timeout=3,
        )

    def _handle_exception(self, error: Exception) -> None:
        """An error of our own: a report on the disk and one clean paragraph, never locals, which may hold secrets."""
        self._return_code = 1
        if self.session is not None:
            self.session.suspect()
        if self._exception is None:
            where = write_report(self._reports, error, self._clock())
            self._exit_renderables.append(Text(stopped(error, where)))
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        """The last words, when the screen is given back: what does not go through the driver is harmless, too."""
        self._exit_renderables[:] = [Text(safe_block(str(one))) for one in self._exit_renderables]
        super()._print_error_renderables()

    def _fatal_error(self) -> None:
        """Textual calls this where it has no error at hand; its own would print local variables."""
        error = sys.exc_info()[1]
        self._handle_exception(error if isinstance(error, Exception) else RuntimeError("stopped"))


def run(app: JamApp, *, mouse: bool = True) -> int:
    """Runs the TUI until the person leaves; returns the exit code.

    ``mouse`` False leaves the mouse to the terminal. The session that is open at the end (the one given, or the one
    made through ``doors``) is closed here.
    """

    def early(number: int, _: FrameType | None) -> None:
        """Before the app is there: it ends as soon as it can, and gives back what it has taken of the terminal."""
        app.ended_early = number

    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, early) for number in _ENDING}
    try:
        result = app.run(mouse=mouse)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        gc.enable()
        if app.session is not None:
            app.session.close()
    return app.return_code or result or 0
