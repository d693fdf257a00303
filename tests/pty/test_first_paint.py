"""The last screen is painted before the program is imported, and the full screen comes over it.

The program is held in its start by an `msgspec` of the test's own, which waits for a pipe to be closed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pty_terminal import Terminal, environment

ROOT = Path(__file__).resolve().parents[2]
FORUM = "A 15 dollar minimum wage"
ENTER = b"\x1b[?1049h"
HELD = """
import json, os, sys
with open(os.environ["MODULES"], "w") as file:
    json.dump(sorted(sys.modules), file)
open(os.environ["HOLD"]).read()
sys.path.remove(os.path.dirname(__file__))
del sys.modules["msgspec"]
import msgspec
"""


@pytest.fixture(scope="module")
def left(read_server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a first run leaves, which ended in a thread: the folder of its home."""
    home = tmp_path_factory.mktemp("left")
    env = environment(home)
    subprocess.run([sys.executable, "-m", "jamtui", "login", read_server, "--guest"], check=True, env=env)
    subprocess.run([sys.executable, "-m", "jamtui", "sync"], check=True, env=env)
    one = Terminal((), (100, 30), env)
    try:
        one.wait_for("live")
        one.press("enter")
        one.wait_for("Participant")
        one.press("enter")
        one.wait_gone("Enter open")  # the thread has the keys
        one.press("\x11")  # ctrl+q
        assert one.wait_end() == 0, one.screen()
    finally:
        one.close()
    return home / "jamtui"


@pytest.fixture
def read_once(terminal: Callable[..., Any], left: Path, tmp_path: Path) -> Callable[..., Any]:
    """A first run was left in a thread; what comes starts the second, held when ``hold`` is set."""
    shutil.copytree(left, tmp_path / "jamtui")  # with the times of its files, by which the screen is known
    (tmp_path / "held").mkdir()
    (tmp_path / "held" / "msgspec.py").write_text(HELD)
    os.mkfifo(tmp_path / "pipe")

    def again(*words: str, hold: bool = True, **given: Any) -> Any:
        if hold:
            given |= {
                "PYTHONPATH": f"{tmp_path / 'held'}:{ROOT}", "HOLD": str(tmp_path / "pipe"),
                "MODULES": str(tmp_path / "modules"),
            }  # fmt: skip
        return terminal(*words, **given)

    return again


def test_the_last_screen_stands_there_before_anything_is_imported(
    read_once: Callable[..., Any], tmp_path: Path
) -> None:
    one = read_once()
    painted = one.wait_for("Participant")
    assert "live" in painted
    assert not one.line_settings()[3] & termios.ECHO
    one.press("q")  # waits for the program: it is not written on the screen
    with (tmp_path / "pipe").open("w"):
        modules = set(json.loads((tmp_path / "modules").read_text()))
    assert modules.isdisjoint({"textual", "rich", "httpx", "keyring", "apsw"})
    one.wait_for("Enter open")
    assert one.output.count(ENTER) == 1
    one.press("q", "q")
    assert one.wait_end() == 0, one.screen()
    assert one.modes_left_on() == set()
    assert one.line_settings() == one.before


def test_the_first_frame_is_what_was_painted(read_once: Callable[..., Any], tmp_path: Path) -> None:
    """But for the state of the connection, which is not known yet."""
    one = read_once(hold=False)
    one.press("q")
    one.wait_for("Enter open")
    one.press("\x11")
    assert one.wait_end() == 0, one.screen()
    one = read_once()
    painted = one.wait_for("f filter").splitlines()  # the last line
    with (tmp_path / "pipe").open("w"):
        pass
    one.wait(lambda _: one.output.count(b"filter") > 1, "the first frame")
    shown = one.wait_for("live").splitlines()
    assert shown[1:] == painted[1:]
    one.press("\x11")
    assert one.wait_end() == 0, one.screen()


def test_what_is_left_between_two_layouts_is_painted(read_once: Callable[..., Any], tmp_path: Path) -> None:
    """Who goes back and leaves in one breath begins with the list, too."""
    one = read_once(hold=False)
    one.wait_for("live")
    one.press("q\x11")
    assert one.wait_end() == 0, one.screen()
    one = read_once()
    one.wait_for("Enter open")
    with (tmp_path / "pipe").open("w"):
        pass
    one.wait_for("live")
    one.press("\x11")
    assert one.wait_end() == 0, one.screen()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_gives_the_painted_terminal_back(
    read_once: Callable[..., Any], tmp_path: Path, number: signal.Signals
) -> None:
    one = read_once()
    one.wait_for("Participant")
    with (tmp_path / "pipe").open("w"):  # it is there when the program has come to its import
        one.send_signal(number)
        assert one.wait_end() == 128 + number
    assert one.modes_left_on() == set()
    assert one.line_settings() == one.before


@pytest.mark.parametrize("key", ["\x11", "q"], ids=["ctrl+q", "q"])
def test_who_leaves_at_once_leaves(read_once: Callable[..., Any], tmp_path: Path, key: str) -> None:
    """Keys that were typed before the program was there are all done: nothing is mounted yet when the first comes."""
    one = read_once()
    one.wait_for("Participant")
    one.press(*[key] * 3)
    with (tmp_path / "pipe").open("w"):
        pass
    assert one.wait_end() == 0, one.screen()
    assert one.modes_left_on() == set()
    assert one.line_settings() == one.before


def test_an_error_of_the_start_is_seen(read_once: Callable[..., Any], tmp_path: Path) -> None:
    """The terminal is given back before it is told."""
    one = read_once()
    one.wait_for("Participant")
    for own in (tmp_path / "jamtui" / "jams").glob("*/own.sqlite"):
        own.write_bytes(b"")
        own.unlink()
        own.mkdir()
    with (tmp_path / "pipe").open("w"):
        pass
    assert one.wait_end() != 0
    assert "jamtui: " in one.screen()
    assert one.modes_left_on() == set()
    assert one.line_settings() == one.before


def _configured(folder: Path) -> None:
    (folder / "config.toml").write_text('version = 1\ntheme = "light"\n')


def _open_to_others(folder: Path) -> None:
    (folder / "state" / "screen").chmod(0o644)


def _linked(folder: Path) -> None:
    kept = folder / "state" / "screen"
    kept.rename(folder / "elsewhere")
    kept.symlink_to(folder / "elsewhere")


def _of_another_jam(folder: Path) -> None:
    (folder / "jams" / "last").write_text("another\n")


@pytest.mark.parametrize("change", [_configured, _open_to_others, _linked, _of_another_jam])
def test_nothing_is_painted_when_something_is_different(
    read_once: Callable[..., Any], tmp_path: Path, change: Callable[[Path], None]
) -> None:
    change(tmp_path / "jamtui")
    _not_painted(read_once(), tmp_path)


@pytest.mark.parametrize(
    "given",
    [{"size": (90, 30)}, {"NO_COLOR": "1"}, {"TERM": "xterm"}, {"LC_ALL": "C"}],
    ids=lambda one: next(iter(one)),
)
def test_nothing_is_painted_on_another_terminal(
    read_once: Callable[..., Any], tmp_path: Path, given: dict[str, Any]
) -> None:
    _not_painted(read_once(**given), tmp_path)


def test_nothing_is_painted_for_a_run_with_words(read_once: Callable[..., Any], tmp_path: Path) -> None:
    _not_painted(read_once("--explore"), tmp_path)


def _not_painted(one: Any, tmp_path: Path) -> None:
    with (tmp_path / "pipe").open("w"):  # opens when the program has come to its import
        assert one.output == b""
    one.wait_for("Participant")
    one.press("\x11")
    assert one.wait_end() == 0, one.screen()


def test_a_run_that_was_killed_leaves_nothing_to_paint(read_once: Callable[..., Any], tmp_path: Path) -> None:
    one = read_once(hold=False)
    one.wait_for("live")
    one.send_signal(signal.SIGKILL)
    one.wait_end()
    _not_painted(read_once(), tmp_path)


def test_signing_out_takes_it_away(read_once: Callable[..., Any], tmp_path: Path) -> None:
    kept = tmp_path / "jamtui" / "state" / "screen"
    assert kept.stat().st_mode & 0o777 == 0o600
    env = {"PATH": os.environ["PATH"], "JAMTUI_HOME": str(tmp_path / "jamtui"), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "jamtui", "logout"], check=True, env=env)
    assert not kept.exists()


@pytest.mark.parametrize("name", ["state/screen", "jams/last", "network.lock"])
def test_a_pipe_in_the_place_of_a_file_holds_nothing_up(
    read_once: Callable[..., Any], tmp_path: Path, name: str
) -> None:
    """Nobody will ever write into it: the screen comes, or it is told what is wrong."""
    home = tmp_path / "jamtui"
    (jam,) = (entry.parent for entry in home.glob("jams/*/jam.json"))
    place = home / name if "/" in name else jam / name
    place.unlink()
    os.mkfifo(place)
    one = read_once(hold=False)
    told = one.wait(lambda screen: FORUM in screen or "Move it away" in screen, name)
    if FORUM in told:
        one.press("\x11")
    assert one.wait_end() == (0 if FORUM in told else 1)
    env = {"PATH": os.environ["PATH"], "JAMTUI_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "jamtui", "forums", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=60)
    assert FORUM in done.stdout or "Move it away" in done.stderr
