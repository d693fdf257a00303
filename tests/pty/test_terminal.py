"""The real program in a real terminal: the demo is read, answered and left, and the terminal is as it was."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_the_demo_is_read_answered_and_left(terminal: Callable[..., Any]) -> None:
    demo = terminal("demo", "--seed", "1", size=(120, 40))
    demo.wait_for("Building the social business")
    demo.wait_for("live")
    demo.press("enter")
    demo.wait_for("threads")
    demo.press("enter", "r")
    demo.wait_for("Reply to")
    demo.press(*"typed by a test")
    demo.wait_for("typed by a test")
    demo.press("ctrl+s")
    demo.wait_gone("Reply to")
    demo.press("5")
    demo.wait_for("Outbox")
    demo.press("1", "/")
    demo.wait_for("Type to search")
    demo.press(*"typed by a test")
    demo.wait(lambda screen: screen.count("typed by a test") >= 2, "the hit under the search line")
    demo.press("escape", "escape", "q", "q", "q")
    assert demo.wait_end() == 0
    assert demo.modes_left_on() == set()
    assert demo.line_settings() == demo.before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(terminal: Callable[..., Any], number: signal.Signals) -> None:
    demo = terminal("demo", "--seed", "1", "--freeze", "2011-02-09T14:00:00Z")
    demo.wait_for("Building the social business")
    demo.send_signal(number)
    assert demo.wait_end() == 128 + number
    assert demo.modes_left_on() == set()
    assert demo.line_settings() == demo.before


def test_the_first_run_welcomes(terminal: Callable[..., Any]) -> None:
    welcome = terminal(size=(80, 24))
    screen = welcome.wait_for("demo")
    assert "Read only" in screen
    assert "Sign in" in screen
    welcome.press("q")
    assert welcome.wait_end() == 0


def test_what_an_editor_that_fails_had_written_is_kept(terminal: Callable[..., Any], tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "hours of work" > "$1"\nexit 3\n')
    editor.chmod(0o755)
    (tmp_path / "tmp").mkdir()
    env = {"EDITOR": str(editor), "TMPDIR": str(tmp_path / "tmp")}
    demo = terminal("demo", "--seed", "1", size=(160, 40), **env)
    demo.wait_for("Building the social business")
    demo.press("enter", "enter", "r")
    demo.wait_for("Reply to")
    demo.press(*"before", "\x0f")  # ctrl+o
    demo.wait_for("ended with 3")
    assert "before" in demo.screen()
    kept = list((tmp_path / "tmp").rglob("jams/*/writing/*/*.md"))  # the demo's folder is there
    assert kept == list((tmp_path / "tmp").rglob("*.md"))
    assert [path.read_text() for path in kept] == ["hours of work"]
    assert kept[0].stat().st_mode & 0o777 == 0o600
    demo.press("\x11")
    assert demo.wait_end() == 0


def test_an_editor_that_leaves_no_file_takes_nothing_away(terminal: Callable[..., Any], tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nrm "$1"\n')
    editor.chmod(0o755)
    demo = terminal("demo", "--seed", "1", size=(160, 40), EDITOR=str(editor))
    demo.wait_for("Building the social business")
    demo.press("enter", "enter", "r")
    demo.wait_for("Reply to")
    demo.press(*"before", "\x0f")  # ctrl+o
    demo.wait_for("left no file")
    assert "before" in demo.screen()
    demo.press("\x11")
    assert demo.wait_end() == 0


def test_every_size_from_40x10_up_is_drawn(terminal: Callable[..., Any]) -> None:
    demo = terminal("demo", "--seed", "1", "--freeze", "2011-02-09T14:00:00Z", size=(40, 10))
    demo.wait_for("Building")
    for columns, rows in ((160, 45), (80, 24), (40, 10), (120, 40)):
        demo.resize(columns, rows)
        demo.wait_for("Building")
    demo.press("q")
    assert demo.wait_end() == 0


def test_what_was_of_another_size_for_a_moment_is_drawn_anew(terminal: Callable[..., Any]) -> None:
    """As a window manager does it, or who zooms a pane of tmux and back: the program may see the last size only."""
    demo = terminal("demo", "--seed", "1", "--freeze", "2011-02-09T14:00:00Z", size=(80, 24))
    demo.wait_for("Building")
    for opened, text in (("", "Building"), ("?", "Move one row")):
        demo.press(opened)
        demo.wait_for(text)
        for _ in range(5):
            demo.resize(40, 10)
            demo.resize(80, 24)
            demo.wait_for(text)


def test_a_theme_that_is_not_there_is_told_before_the_screen_is_taken(terminal: Callable[..., Any]) -> None:
    demo = terminal("demo", "--freeze", "2011-02-09T14:00:00Z", "--theme", "darc")
    assert demo.wait_end() == 2
    assert "no theme is called darc. Did you mean dark?" in demo.wait_for("ansi.")
    assert demo.modes_left_on() == set()
