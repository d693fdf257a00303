"""The end of one's account on the real screen: what is one's own is written, jamtui ends, and nothing is left of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from processes import Home


def test_an_account_ends_with_the_screen(
    terminal: Callable[..., Any], server: str, password: str, tmp_path: Path
) -> None:
    home = Home(tmp_path / "jamtui")
    home.jamtui("login", server, "--handle", "ana", "--password-stdin", "--store", "file", stdin=password + "\n")
    home.jamtui("sync")
    person = httpx.get(f"{server}/api/v1/people/ana").json()["id"]
    copy = tmp_path / "mine.json"

    one = terminal(size=(100, 30))
    one.wait_for("● live")
    one.press(":", *f"my-data {copy}", "enter")
    one.wait_for("All that is yours is in")
    assert json.loads(copy.read_text())["server"]["person"]["handle"] == "ana"
    one.press(":", *"delete-account", "enter")
    one.wait_for("type your handle")
    one.press(*"anna", "enter")
    one.wait_for("That is not your handle: nothing was deleted.")
    one.press("escape")
    one.wait_gone("What goes:")  # an Escape with a key right behind it is another key
    assert httpx.get(f"{server}/api/v1/people/{person}").json().get("state") is None
    one.press(":", *"delete-account", "enter")
    one.wait_for("type your handle")
    one.press(*"ana", "enter")
    assert one.wait_end() == 0
    assert "@ana is gone from" in one.output.decode()
    assert one.modes_left_on() == set()
    assert httpx.get(f"{server}/api/v1/people/{person}").json()["state"] == "left"
    assert home.jamtui("forums", code=5).returncode == 5, "nothing of the Jam is left there"
