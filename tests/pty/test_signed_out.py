"""The sign-in ends on the server while one writes: one question, nothing lost, and on from where one was."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import Home, end_sign_ins, environment

FORUM = "A 15 dollar minimum wage"
QUESTION = "You are signed out. Sign in again?"


@pytest.fixture
def home(server: str, password: str, tmp_path: Path) -> Home:
    """Signed in as ana and synced, in the folder in which the terminal's program looks."""
    home = Home(tmp_path / "jamtui")
    home.jamtui("login", server, "--handle", "ana", "--password-stdin", "--store", "file", stdin=password + "\n")
    home.jamtui("sync")
    return home


def sent(tmp_path: Path) -> list[str]:
    command = [sys.executable, "-m", "jamserver", "export", "--db", str(tmp_path / "jam.sqlite")]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())
    records = [json.loads(line) for line in run.stdout.splitlines()]
    return [one["data"].get("body", "") for one in records if one["type"] == "post"]


def test_one_question_on_the_full_screen(
    terminal: Callable[..., Any], home: Home, server: str, password: str, tmp_path: Path
) -> None:
    end_sign_ins(tmp_path / "jam.sqlite")
    one = terminal(size=(100, 36))
    one.wait_for(QUESTION)
    assert "`jamtui" not in one.screen()  # the command is not needed: this question does it
    one.press("n")
    one.wait_gone(QUESTION)
    one.press("enter")
    one.wait_for("1 new post")
    one.press("enter", "r")
    one.wait_for("Reply to")
    one.press(*"Written before", "ctrl+s")
    one.wait_for("queued")
    assert QUESTION not in one.screen()  # it is asked once
    one.press("\x12")  # Ctrl-R
    one.wait_for(QUESTION)
    screen = one.wait_for("Later (n)")
    assert "1 in the outbox" in " ".join(screen.replace("│", "").split()), screen
    assert "@ana" in screen
    one.press("y")
    one.wait_for("Handle and password")
    one.press(*password, "enter")
    one.wait_for("Signed in again as @ana")
    one.wait(lambda text: "● live" in text and "to send" not in text, "sent after that")
    assert "1 new post" not in one.screen()  # still in the thread
    one.press("q", "q", "q")
    assert one.wait_end() == 0
    assert sent(tmp_path).count("Written before") == 1


def test_in_plain_mode(terminal: Callable[..., Any], home: Home, server: str, password: str, tmp_path: Path) -> None:
    end_sign_ins(tmp_path / "jam.sqlite")
    one = terminal("--plain", size=(100, 60))
    one.wait_for("What you write is kept. Ctrl-R signs in again.")
    one.wait_for("Forum 1 of")
    one.press("\x12")  # Ctrl-R
    one.wait_for("Sign in again as @ana?")
    one.press("n")
    one.wait_for("Still signed out.")
    one.press("\x12")
    one.wait(lambda text: text.count("Sign in again as @ana?") == 2, "asked again")
    one.press("y")
    one.wait_for("How do you come in")
    assert "read as a guest" not in one.screen()
    one.press("1")
    one.wait_for(f"Password for {server.partition('://')[2]} (not shown):")  # a Jam may call itself as another
    one.press(*password, "enter")
    one.wait_for("Signed in again as @ana.")
    one.wait_for("Connection: live.")
    one.press("q")
    assert one.wait_end() == 0
    assert password not in one.output.decode()


def test_after_a_command(terminal: Callable[..., Any], home: Home, server: str, password: str, tmp_path: Path) -> None:
    forum = home.rows("forums")[0]["slug"]
    end_sign_ins(tmp_path / "jam.sqlite")
    one = terminal("post", "--forum", forum, "--title", "By a command", "--body", "kept and sent")
    one.wait_for("Sign in to Open conversations again as @ana now?")
    one.press("n", "enter")
    assert one.wait_end() == 3
    assert "kept and sent" not in sent(tmp_path)
    one = terminal("sync")
    one.wait_for("(y/n)")
    one.press("y", "enter")
    one.wait_for("How do you want to sign in?")
    one.press("enter")
    one.wait_for("Handle (ana):")
    one.press("enter")
    one.wait_for(f"Password at {server.partition('://')[2]}:")
    one.press(*password, "enter")
    one.wait_for("Signed in as @ana.")
    assert one.wait_end() == 0
    assert sent(tmp_path).count("kept and sent") == 1
    assert password not in one.output.decode()


def test_a_command_asks_about_the_jam_that_it_was_given(
    terminal: Callable[..., Any], home: Home, server: str, tmp_path: Path
) -> None:
    """Not about the one used last, here a guest's; and who reads as a guest is told how to write, and not asked."""
    forum = home.rows("forums")[0]["slug"]
    home.jamtui("login", server, "--guest")
    home.jamtui("sync")
    end_sign_ins(tmp_path / "jam.sqlite")
    one = terminal("sync", f"ana@{server.removeprefix('http://')}")
    one.wait_for("Sign in to Open conversations again as @ana now?")
    one.press("n", "enter")
    assert one.wait_end() == 3
    one = terminal("post", "--forum", forum, "--title", "As a guest", "--body", "refused before it was written")
    one.wait_for("you read as a guest")
    assert one.wait_end() == 3
    assert "(y/n)" not in one.screen()


def test_where_nobody_is_the_command_says_what_to_do(home: Home, tmp_path: Path) -> None:
    end_sign_ins(tmp_path / "jam.sqlite")
    assert "Sign in again with `jamtui login`" in home.jamtui("sync", code=3).stderr
