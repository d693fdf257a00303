"""Signing in with an organisation on a real terminal, over SSH as far as the program can tell: a real provider, a real
server, and a person with another device."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from oidc_provider import Issuer, Provider
from processes import Home, end_sign_ins, environment

SSH = {"SSH_CONNECTION": "10.0.0.9 50000 10.0.0.1 22", "USER": "ana"}
FORUM = "A 15 dollar minimum wage"


@pytest.fixture(autouse=True)
def _counted(figure: Callable[..., None]) -> None:
    """A test that fails says so itself."""
    figure("sign-in by an organisation: {:.0f} of {} ways in, and ways to fail, went wrong", 0)


@pytest.fixture
def issuer(oidc_provider: Provider, server: str, tmp_path: Path) -> Issuer:
    """One that the server of the test trusts."""
    made = oidc_provider.issuer(interval=0.05)
    words = (
        "--issuer",
        made.url,
        "--client-id",
        "jamtui",
        "--name",
        "Example Corp",
        "--db",
        str(tmp_path / "jam.sqlite"),
    )
    subprocess.run([sys.executable, "-m", "jamserver", "oidc", "set", *words], env=environment(), check=True)
    return made


def code_on(text: str) -> str:
    """The code that is shown last."""
    return re.findall(r"\b[A-Z]{4}-[A-Z]{4}\b", text)[-1]


def test_on_the_full_screen(terminal: Callable[..., Any], server: str, issuer: Issuer) -> None:
    one = terminal(size=(100, 30), **SSH)
    one.wait_for("Try the demo")
    one.press("s")
    one.wait_for("Address of the Jam")
    one.press(*server, "enter")
    one.wait_for("Example Corp")
    one.press("shift+tab", "space", "tab", "enter")
    screen = one.wait_for("Waiting for you:")
    assert "▀" in screen  # the QR code
    with issuer.browser("ada") as browser:
        browser.enter_code(f"{issuer.url}/device", code_on(screen))
    one.wait_for(FORUM)
    one.press("q")
    assert one.wait_end() == 0
    assert one.modes_left_on() == set()
    again = terminal(size=(100, 30), **SSH)
    again.wait_for(FORUM)
    again.press("q")
    assert again.wait_end() == 0


def test_in_plain_mode(terminal: Callable[..., Any], server: str, issuer: Issuer) -> None:
    one = terminal("--plain", size=(100, 90), **SSH)
    one.wait_for("t: try the demo")
    one.press("s")
    one.wait_for("Address of the Jam:")
    one.press(*server, "enter")
    one.wait_for("1: with 127.0.0.1")
    one.press("1")
    one.wait_for("y does")
    one.press("y")
    screen = one.wait_for("Escape gives up")
    assert "Letter by letter:" in screen
    assert "▀" not in screen
    one.press("escape")
    one.wait(lambda text: text.count("t: try the demo") == 2, "given up, and back at the doors")
    one.press("s")
    one.wait(lambda text: text.count("Address of the Jam:") == 2, "asked again")
    one.press(*server, "enter")
    one.wait(lambda text: text.count("1: with 127.0.0.1") == 2, "offered again")
    one.press("1", "y")
    one.wait(lambda text: text.count("Letter by letter:") == 2, "another code")
    with issuer.browser("ada") as browser:
        browser.enter_code(f"{issuer.url}/device", code_on(one.screen()))
    one.wait_for("Forum 1 of")
    one.press("q")
    assert one.wait_end() == 0
    assert one.line_settings() == one.before


@pytest.mark.parametrize("plain", [False, True], ids=["screen", "plain"])
def test_signing_in_again_as_somebody_else(
    plain: bool, terminal: Callable[..., Any], server: str, password: str, issuer: Issuer, tmp_path: Path
) -> None:
    """The other account is asked about; then one goes on as it, without a new start, and what was written stays."""
    home = Home(tmp_path / "jamtui")
    home.jamtui("login", server, "--handle", "ana", "--password-stdin", "--store", "file", stdin=f"{password}\n")
    home.jamtui("sync")
    end_sign_ins(tmp_path / "jam.sqlite")
    one = terminal(*(["--plain"] if plain else []), size=(100, 60 if plain else 36), **SSH)
    one.wait_for("Ctrl-R signs in again" if plain else "You are signed out. Sign in again?")
    if plain:
        one.press("\x12")  # Ctrl-R
        one.wait_for("Sign in again as @ana?")
    one.press("y")
    if plain:
        one.wait_for("1: with 127.0.0.1")
        one.press("1")
    else:
        one.wait_for("Example Corp")
        one.wait_for("Continue")
        one.press("enter")
    screen = one.wait_for("if you have begun this yourself" if plain else "Waiting for you:")
    with issuer.browser("carol") as browser:
        browser.enter_code(f"{issuer.url}/device", code_on(screen))
    one.wait_for("Is @carol you, too?")
    one.press("y")
    one.wait_for("You go on as @carol")
    one.wait_for("● live" if not plain else "Forum 1 of")
    one.press("q")
    assert one.wait_end() == 0
    assert sorted(row["handle"] for row in home.rows("jams")) == ["ana", "carol"]
    assert home.row("auth", "status")["handle"] == "carol"
