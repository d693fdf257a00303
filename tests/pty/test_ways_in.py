"""Every way into a Jam from nothing, as a person goes it the first time: the real program on a pty, a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORUM = "A 15 dollar minimum wage"


def leave(one: Any) -> None:
    one.press("q")
    assert one.wait_end() == 0, one.screen()
    assert one.modes_left_on() == set()
    assert one.line_settings() == one.before


def test_the_demo_by_the_welcome(terminal: Callable[..., Any]) -> None:
    one = terminal()
    one.wait_for("Try the demo")
    one.press("enter")
    one.wait_for("Building the social business")
    one.press("enter", "enter", "r")
    one.wait_for("Reply to")
    one.press("escape", "escape", "escape")
    one.wait_for("What it is about")
    leave(one)


@pytest.mark.parametrize("size", [(100, 30), (40, 10)])
def test_reading_only_by_the_welcome(terminal: Callable[..., Any], server: str, size: tuple[int, int]) -> None:
    one = terminal(size=size)
    one.wait_for("Try the demo")
    one.press("down", "enter")
    one.wait_for("Address of the Jam")
    one.press(*server, "enter")
    one.wait_for("Regulating UberX")
    one.press("enter")
    one.wait_gone("Regulating UberX")  # another forum: the list of threads has come, whichever are there by now
    one.press("escape")
    one.wait_for("Regulating UberX")
    leave(one)
    again = terminal(size=size)
    again.wait_for(FORUM)
    leave(again)


def test_signing_in_by_the_welcome(terminal: Callable[..., Any], server: str, password: str) -> None:
    """Without a keyring the form says how to go on; Enter never lets a password into a field that shows it."""
    one = terminal(size=(100, 36))
    one.wait_for("Try the demo")
    one.press("s")
    one.wait_for("Address of the Jam")
    one.press(*server.removeprefix("http://"), "enter")
    one.wait_for("Handle and password")
    one.press(*"ana", "enter")
    one.press(*password, "enter")
    one.wait_for("✗")
    screen = one.wait(lambda screen: "choice of a file" in " ".join(screen.replace("│", " ").split()), "the way out")
    assert password not in screen
    assert "keyring" in screen
    assert "--store" not in screen  # which is no word of this form
    assert "▐ ▌ keep the token in a file" in screen
    one.press("tab", "space")
    one.wait_for("▐X▌ keep the token in a file")  # told by more than a colour
    one.press("tab", "enter")
    one.wait_for(FORUM)
    one.press("enter", "enter", "r")
    one.wait_for("Reply to")
    one.press(*"From the welcome", "ctrl+s")
    one.wait_for("you · now")
    one.press("escape", "escape")
    one.wait_for("What it is about")
    leave(one)


def test_the_first_look_after_login(terminal: Callable[..., Any], server: str, tmp_path: Path) -> None:
    """Nothing is mirrored yet: the Jam is fetched while one looks."""
    env = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
    env |= {"JAMTUI_HOME": str(tmp_path / "jamtui"), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "jamtui", "login", server, "--guest"], check=True, env=env)
    one = terminal()
    one.wait_for(FORUM)
    one.press("enter", "enter")
    one.wait_for("1 new post")
    one.press("escape", "escape")
    one.wait_for("What it is about")
    leave(one)
