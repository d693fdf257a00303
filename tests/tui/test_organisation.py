"""Signing in with an organisation on the screen: what a person sees while jamtui waits, and every way it ends."""

from __future__ import annotations

import asyncio
import random
import shutil
import threading
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest
from textual.pilot import Pilot
from textual.widgets import Select, Static

from jamtui.app import JamApp
from jamtui.device_page import NewAccount, Page, Shows
from jamtui.errors import JamError, NotSignedIn
from jamtui.paths import Home
from jamtui.session import Session, open_session
from jamtui.store import registry
from screens.dialogs import Confirm
from screens.doors import Credentials, Offer, Stop
from screens.doors import Organisation as Organisations
from screens.jam import JamScreen
from screens.organisation import Organisation
from screens.sign_in import SignIn

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
WHO = "Example Corp (id.example.org)"
PAGES = {
    "device": Page(
        "device", WHO, "id.example.org", "https://id.example.org/device", time.monotonic() + 10**6, "WDJB-MJHT",
        "https://id.example.org/device?user_code=WDJB-MJHT",
    ),
    "browser": Page(
        "browser", WHO, "id.example.org", "https://id.example.org/auth?response_type=code&state=s", 0.0, opened=True,
        notes=("id.example.org signs in at login.example.net.",),
    ),
}  # fmt: skip


class Door:
    """Shows its page, and waits until the test decides, or the person gives up."""

    def __init__(self) -> None:
        self.asked: list[Credentials] = []
        self.ended = threading.Event()
        self.outcome: Session | JamError | None = None
        self.other: Session | None = None  # who signed in, when it was somebody else
        self.new: NewAccount | None = None  # who is asked about before that
        self.stopped = 0
        self.ways: tuple[str, ...] = ("oidc", "guest")
        self.issuers = [("https://id.example.org", WHO)]

    def demo(self) -> Session:
        raise AssertionError

    enter = demo

    def offer(self, url: str) -> Offer:
        return Offer(url, "Corporate Jam", "", self.ways, tuple(Organisations(*one) for one in self.issuers))

    def organisation(self, how: Credentials, shows: Shows, stop: Stop) -> Session:
        self.asked.append(how)
        end = self.ended = threading.Event()
        stop.when_stopped(end.set)
        shows.page(PAGES[how.by or "device"])
        assert end.wait(30)
        if self.new is not None and not asyncio.run(asyncio.wait_for(shows.is_you(self.new), 60)):
            raise NotSignedIn(f"signed out again: {self.new.handle} is not you")
        if self.outcome is None:
            self.stopped += 1
            raise NotSignedIn("the sign-in was given up")
        if isinstance(self.outcome, JamError):
            raise self.outcome
        return self.outcome

    def again(
        self, session: Session, how: Credentials, shows: Shows | None = None, stop: Stop | None = None
    ) -> Session | str:
        assert shows is not None
        assert stop is not None
        assert self.organisation(how, shows, stop) is session
        return self.other or ""


def app_of(door: Door, tmp_path: Path, **more: Any) -> JamApp:
    return JamApp(None, doors=door, reports=tmp_path / "reports", frozen=True, **more)


async def until(pilot: Pilot[Any], seen: Callable[[], bool]) -> None:
    """The door answers on a thread of its own, which the pilot does not know."""
    end = time.monotonic() + 60  # then it is taken for hung
    while not seen():
        assert time.monotonic() < end, pilot.app.screen
        await pilot.pause(0.01)


async def to_the_page(pilot: Pilot[Any]) -> None:
    await pilot.press("s", *"https://jam.example", "enter")
    await until(pilot, lambda: pilot.app.screen.query_one("#ways").display)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, Organisation) and pilot.app.screen._page is not None)


async def choose(pilot: Pilot[Any], way: str) -> None:
    """One that needs nothing typed: what follows is to go on."""
    await pilot.pause()
    pilot.app.screen.query_one("#way", Select).value = way
    await pilot.pause()
    assert not pilot.app.screen.query_one("#secret").display
    button = pilot.app.screen.query_one("#go")
    button.focus()
    await until(pilot, lambda: not button.has_class("-active"))  # for a moment it is not pressed twice
    await pilot.pause()
    assert pilot.app.focused is button


def text_of(app: JamApp) -> str:
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips(app.size))


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    yield made
    made.ended.set()


async def test_the_organisation_is_the_first_way_and_its_page_is_shown(door: Door, tmp_path: Path) -> None:
    app = app_of(door, tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await to_the_page(pilot)
        text = text_of(app)
        assert "https://id.example.org/device" in text
        assert "W D J B - M J H T" in text or "WDJB-MJHT" in text
        assert WHO in text
        assert "▀" in text
        assert "left" in text
        await pilot.press("c")
        assert app.clipboard == "https://id.example.org/device"
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SignIn))
        await until(pilot, lambda: door.stopped == 1)


async def test_what_went_wrong_stands_where_one_can_try_again(door: Door, tmp_path: Path) -> None:
    app = app_of(door, tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await to_the_page(pilot)
        door.outcome = NotSignedIn("The sign-in was refused at id.example.org", "Sign in again if that was a slip.")
        door.ended.set()
        await until(pilot, lambda: isinstance(app.screen, SignIn))
        await pilot.pause()
        assert "✗ The sign-in was refused at id.example.org" in text_of(app)


async def test_the_other_way_is_a_key_away(door: Door, tmp_path: Path) -> None:
    app = app_of(door, tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await to_the_page(pilot)
        await pilot.press("b")
        await until(pilot, lambda: "signs in at login.example.net" in text_of(app))
        assert [how.by for how in door.asked] == ["", "browser"]
        assert door.stopped == 1
        await pilot.press("d")
        await until(pilot, lambda: "/device" in text_of(app))
        assert [how.by for how in door.asked] == ["", "browser", "device"]


async def test_every_organisation_of_a_jam_is_offered_by_its_name(door: Door, tmp_path: Path) -> None:
    door.issuers.append(("https://second.example.net/realm", "second.example.net (“[bold]Partners[/]”)"))
    app = app_of(door, tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("s", *"https://jam.example", "enter")
        await until(pilot, lambda: app.screen.query_one("#ways").display)
        select = app.screen.query_one("#way", Select)
        assert [str(label) for label, _ in select._options] == [
            WHO, "second.example.net (“[bold]Partners[/]”)", "Token", "Read only, as a guest",
            f"{WHO}, by a code on another device",
            "second.example.net (“[bold]Partners[/]”), by a code on another device",
        ]  # fmt: skip
        await choose(pilot, "1")
        assert "[bold]Partners[/]" in text_of(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Organisation) and app.screen._page is not None)
        await pilot.press("b")  # the other way, of the same organisation
        await until(pilot, lambda: len(door.asked) == 2)
        assert {(how.issuer, how.by) for how in door.asked} == {
            ("https://second.example.net/realm", ""), ("https://second.example.net/realm", "browser")
        }  # fmt: skip
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SignIn))
        await choose(pilot, "5")
        await pilot.press("enter")
        await until(pilot, lambda: len(door.asked) == 3)
        assert (door.asked[-1].issuer, door.asked[-1].by) == ("https://second.example.net/realm", "device")


async def test_a_token_by_a_command_is_a_choice_where_there_is_one_and_told_of_where_not(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered: list[Credentials] = []
    gone_in = threading.Event()

    def enter(how: Credentials) -> Session:
        entered.append(how)
        gone_in.set()
        raise NotSignedIn("the token_command pass ended with code 1")

    monkeypatch.setattr(door, "enter", enter)
    door.ways = ("guest",)
    door.issuers = []
    app = app_of(door, tmp_path)
    async with app.run_test(size=(100, 34)) as pilot:
        await pilot.press("s", *"https://jam.example", "enter")
        await until(pilot, lambda: app.screen.query_one("#ways").display)
        assert "A token_command in config.toml" in text_of(app)
        await pilot.press("escape", "s")
        door.ways = ("guest", "command")
        await pilot.press(*"https://jam.example", "enter")
        await until(pilot, lambda: app.screen.query_one("#ways").display)
        assert "A token_command in config.toml" not in text_of(app)
        await choose(pilot, "1")
        assert "Token of your token_command" in text_of(app)
        assert "keep the token in a file" not in text_of(app)
        await pilot.press("enter")
        await until(pilot, gone_in.is_set)
        await until(pilot, lambda: "✗ The token_command pass ended with code 1" in text_of(app))
    assert [(how.way, how.secret) for how in entered] == [("command", "")]


async def test_what_another_address_answers_is_not_shown_below_this_one(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a password would go to another server than the one that stands there."""
    asked: list[str] = []
    answer = threading.Event()

    def offer(url: str) -> Offer:
        asked.append(url)
        assert answer.wait(30)
        return Offer(url, "Corporate Jam", "", ("password",))

    monkeypatch.setattr(door, "offer", offer)
    app = app_of(door, tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("s", *"https://jam.example", "enter")
        await until(pilot, lambda: bool(asked))
        await pilot.press(*".org")
        answer.set()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert not app.screen.query_one("#ways").display
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query_one("#ways").display)
        assert asked == ["https://jam.example", "https://jam.example.org"]


async def test_on_a_small_terminal_the_next_step_is_in_sight(door: Door, tmp_path: Path) -> None:
    app = app_of(door, tmp_path)
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.press("s", *"https://jam.example", "enter")
        await until(pilot, lambda: app.screen.query_one("#ways").display)
        await until(pilot, lambda: "Continue" in text_of(app))
        assert "keep the token in a file (0600)" in text_of(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Organisation) and app.screen._page is not None)
        door.outcome = NotSignedIn("Refused at id.example.org", "Sign in again.")
        door.ended.set()
        await until(pilot, lambda: isinstance(app.screen, SignIn) and "✗ Refused at id.example.org" in text_of(app))


async def test_one_who_is_in_sees_the_jam(door: Door, session: Session, tmp_path: Path) -> None:
    app = app_of(door, tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await to_the_page(pilot)
        door.outcome = session
        door.ended.set()
        await until(pilot, lambda: isinstance(app.screen, JamScreen) and app.screen.is_mounted)
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert app.session is session


async def test_signing_in_again_by_the_organisation_goes_on_with_the_session(
    door: Door, session: Session, tmp_path: Path
) -> None:
    """No way for guests then, who have another folder."""
    app = JamApp(session, again=lambda: door, reports=tmp_path / "reports", frozen=True)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        app.push_screen(SignIn(door, again=session))
        await until(pilot, lambda: app.screen.query("#ways") and app.screen.query_one("#ways").display)
        offered = [str(label) for label, _ in app.screen.query_one("#way", Select)._options]
        assert offered == [WHO, "Token", f"{WHO}, by a code on another device"]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Organisation) and app.screen._page is not None)
        door.outcome = session
        door.ended.set()
        await until(pilot, lambda: isinstance(app.screen, JamScreen))
        await pilot.pause()
        assert app.session is session
        assert [one.message for one in app._notifications] == ["Signed in again as @demo"]


CAROL = NewAccount("@carol", "@demo")


@pytest.mark.parametrize("answer", ["n", "escape", "enter"])
async def test_somebody_new_is_asked_about_and_no_is_what_enter_says(answer: str, door: Door, tmp_path: Path) -> None:
    app = app_of(door, tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await to_the_page(pilot)
        door.new = CAROL
        door.ended.set()
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.pause()
        assert "Is @carol you, too?" in text_of(app)
        shown = str(app.screen.query_one(".detail", Static).render())
        assert shown.startswith(
            "The page signed you in as @carol; known here until now: @demo. What you write as @carol"
        )
        await pilot.press(answer)
        await until(pilot, lambda: isinstance(app.screen, SignIn))
        await pilot.pause()
        assert "✗ Signed out again: @carol is not you" in text_of(app)


async def test_signing_in_again_as_somebody_else_goes_on_as_them(
    door: Door, session: Session, mirrored: registry.KnownJam, tmp_path: Path
) -> None:
    """Without a new start: the Jam of the other person is opened, and that of the first one closed with all in it."""
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    shutil.copytree(mirrored.folder, tmp_path / "jams" / "carols")
    theirs = registry.KnownJam(tmp_path / "jams" / "carols", mirrored.entry).changed(
        handle="carol", name="Carol", person_id="019b76da-a800-7000-8000-0000000000ca"
    )
    registry.remember(home, theirs)
    other = open_session(home, theirs, clock=lambda: NOW, rng=random.Random(1), environ={})
    started: list[Session] = []
    other.start = lambda on_change: started.append(other)  # type: ignore[method-assign] # off line
    app = JamApp(session, again=lambda: door, reports=tmp_path / "reports", frozen=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("enter", "enter", "r", *"half")
        await pilot.pause()
        before = app.screen
        app.push_screen(SignIn(door, again=session))
        await until(pilot, lambda: app.screen.query("#ways") and app.screen.query_one("#ways").display)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Organisation) and app.screen._page is not None)
        door.new, door.outcome, door.other = CAROL, session, other
        door.ended.set()
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: bool(started))
        await pilot.pause()
        assert app.session is other
        assert isinstance(app.screen, JamScreen)
        assert app.screen is not before
        assert app.screen_stack == [app.screen]
        assert "as Carol" in text_of(app)
        said = "You go on as @carol, who is not @demo. What @demo wrote stays on this machine, and is not sent"
        assert [one.message for one in app._notifications] == [said]
        with pytest.raises(apsw.ConnectionClosedError):
            session.drafts()  # it is closed
        await pilot.press("enter", "j")
        await pilot.pause()
    assert not (tmp_path / "reports").exists()
    again = open_session(home, session.known, clock=lambda: NOW, rng=random.Random(1), environ={})
    assert [draft.body for draft in again.drafts()] == ["half"]
    again.close()
    other.close()


@pytest.mark.parametrize("kind", ["ascii", "NO_COLOR", "narrow", "short"])
async def test_where_no_qr_code_is_drawn(
    kind: str, door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "NO_COLOR":
        monkeypatch.setenv("NO_COLOR", "1")
    app = app_of(door, tmp_path, ascii_only=kind == "ascii")
    size = {"narrow": (60, 40), "short": (100, 15)}.get(kind, (100, 30))
    async with app.run_test(size=size) as pilot:
        await to_the_page(pilot)
        text = text_of(app)
        assert not app.screen.query_one("#qr").display
        assert "https://id.example.org/device" in text
        if kind != "narrow":
            assert "WDJB-MJHT" in text
        if kind in ("ascii", "NO_COLOR"):
            assert "▀" not in text


@pytest.mark.parametrize(
    ("by", "size"),
    [("device", (80, 24)), ("device", (120, 40)), ("device", (40, 10)), ("browser", (80, 24))],
    ids=lambda value: value if isinstance(value, str) else f"{value[0]}x{value[1]}",
)
def test_the_page(
    by: str, size: tuple[int, int], door: Door, tmp_path: Path, snap_compare: Callable[..., bool]
) -> None:
    app = app_of(door, tmp_path)

    async def run(pilot: Pilot[Any]) -> None:
        how = Credentials("https://jam.example", "oidc", by=by)
        screen = Organisation(door.organisation, how, "Corporate Jam", clock=lambda: PAGES[by].ends - 287)
        app.push_screen(screen)
        await until(pilot, lambda: screen._page is not None)

    assert snap_compare(app, terminal_size=size, run_before=run)
