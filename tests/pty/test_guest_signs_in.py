"""A guest who wants to write signs in where they are: the place stays, the mirror, and what was read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import Home


@pytest.fixture
def guest(server: str, tmp_path: Path) -> Home:
    home = Home(tmp_path / "jamtui")
    home.jamtui("login", server, "--guest")
    home.jamtui("sync")
    home.jamtui("mark-read", home.rows("threads", home.rows("forums")[0]["slug"])[0]["id"])
    return home


def folders(guest: Home) -> list[str]:
    return [folder.name for folder in (guest.path / "jams").iterdir() if folder.is_dir()]


def unread(guest: Home) -> list[int]:
    return [forum["unread"] for forum in guest.rows("forums")]


def test_on_the_full_screen(terminal: Callable[..., Any], guest: Home, password: str) -> None:
    before, read = folders(guest), unread(guest)
    one = terminal(size=(80, 24))
    one.wait_for("● live")
    one.press("enter")
    one.wait_for("31 threads")
    one.press("c")
    one.wait_for("You read as a guest: sign in to write (:sign-in)")
    for word, answer in (("no such word", "The handle or the password is wrong"), (password, "Signed in as @ana")):
        one.press(*":sign-in", "enter")
        one.wait_for("Handle and password")
        one.press("tab", "tab", " ")  # the token goes into a file: there is no keyring here
        one.wait_for("▐X▌")
        one.press("\x1b[Z", "\x1b[Z", *"ana", "enter", *word, "enter")
        screen = one.wait_for(answer)
        if word is not password:
            assert "Esc back" in screen  # the whole form has room
            one.press("\x1b")
            one.wait_gone("Handle and password")
            assert "31 threads" in one.screen()
    one.wait_for("3 Mentions")  # a place that guests have not
    assert "31 threads" in one.screen()  # nothing has moved
    one.press("q", "q")
    assert one.wait_end() == 0
    assert (folders(guest), unread(guest)) == (before, read)
    assert password not in one.output.decode()


def test_in_plain_mode(terminal: Callable[..., Any], guest: Home, password: str) -> None:
    before, read = folders(guest), unread(guest)
    one = terminal("--plain", size=(100, 60))
    one.wait_for("sign in to write (:sign-in)")
    one.press(":")
    one.press(*"sign-in", "enter")
    one.wait_for("How do you come in")
    one.press("1")
    one.wait_for("Handle:")
    one.press(*"ana", "enter")
    one.wait_for("(not shown):")
    one.press(*password, "enter")
    one.wait_for("Keep the secret in a file")
    one.press("y")
    one.wait_for("Signed in as @ana. What you read and saved is still here.")
    one.wait_for("You are ")
    one.press("q")
    assert one.wait_end() == 0
    assert (folders(guest), unread(guest)) == (before, read)
    assert password not in one.output.decode()
