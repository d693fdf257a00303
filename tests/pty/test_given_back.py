"""However the program ends, or is stopped, the terminal is as it was: each mode, each setting, no word of a secret."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from jamtui.paths import Home
from jamtui.store import connection, own, registry

FROZEN = ("demo", "--seed", "1", "--freeze", "2011-02-09T14:00:00Z")
CANARY = "canary-f00d-my-unsent-thoughts"
ALTERNATE_OFF = b"\x1b[?1049l"

# Put before everything that Python imports: the fault is in the real program, at the place that WHERE names.
FAULT = """
import os, threading
where = os.environ.get("WHERE", "")
def boom(*_, **__):
    secret = os.environ["CANARY"]  # a local variable, as a token or a draft would be
    raise RuntimeError(secret)
async def boom_async(*_, **__):
    boom()
if where:
    from screens.jam import JamScreen
    match where:
        case "handler":
            JamScreen.action_save = boom
        case "worker":
            JamScreen.action_save = lambda self: self.run_worker(boom_async(), name="w") and None
        case "thread of a worker":
            JamScreen.action_save = lambda self: self.run_worker(boom, name="t", thread=True) and None
        case "timer":
            JamScreen.action_save = lambda self: self.set_timer(0.01, boom) and None
        case "drawing":
            from widgets.status_line import StatusLine
            def save(self):
                StatusLine.render = boom
                self.query_one(StatusLine).refresh()
            JamScreen.action_save = save
        case "sending":
            from jamtui.session import Session
            Session.send = lambda self, draft, *_, **__: boom()
        case "network":
            from jamtui.sync.engine import Engine
            Engine.follow = boom_async
        case "plain":
            from jamtui.plain.program import Plain
            Plain.do_save = boom
        case "command":
            import jamtui.commands.reading as reading
            reading.tags = boom
"""


def clean(one: Any) -> None:
    """Nothing of what was switched on is left on."""
    figures = (one.modes_left_on(), one.line_settings() == one.before, one.keyboards_left())
    assert figures == (set(), True, 0)


@pytest.fixture
def faulty(terminal: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    (tmp_path / "fault").mkdir()
    (tmp_path / "fault" / "sitecustomize.py").write_text(FAULT)

    def start(where: str, *words: str, **options: Any) -> Any:
        from pty_terminal import PYTHON

        path = f"{tmp_path / 'fault'}:{PYTHON['PYTHONPATH']}"
        return terminal(*words, PYTHONPATH=path, WHERE=where, CANARY=CANARY, **options)

    return start


def reports(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "jamtui" / "logs").glob("crash-*.txt"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("words", [FROZEN, (*FROZEN, "--plain")], ids=["full", "plain"])
def test_a_signal(
    terminal: Callable[..., Any], number: signal.Signals, words: tuple[str, ...], figure: Callable[[str], None]
) -> None:
    one = terminal(*words, size=(120, 30))
    one.wait_for("? tells the keys" if "--plain" in words else "Building the social business")
    one.send_signal(number)
    assert one.wait_end() == 128 + number
    clean(one)
    assert "Traceback" not in one.screen()
    figure("promise 13: 0 modes left on after SIGTERM, SIGHUP, SIGINT, crashes and Ctrl-Z")


@pytest.mark.parametrize("where", ["handler", "worker", "thread of a worker", "timer", "drawing"])
def test_a_crash(faulty: Callable[..., Any], where: str, tmp_path: Path) -> None:
    one = faulty(where, *FROZEN, size=(120, 30))
    one.wait_for("Building the social business")
    one.press("enter", "enter")
    one.wait_for("Reply" if where == "never" else "▌")
    one.press("s")
    assert one.wait_end() == 1
    clean(one)
    check_report(one, tmp_path)


def check_report(one: Any, tmp_path: Path, kind: str = "RuntimeError") -> None:
    """One report, private, without a secret; its path and what to do stand on the terminal, after it is given back."""
    (report,) = reports(tmp_path)
    assert report.stat().st_mode & 0o777 == 0o600
    assert report.parent.stat().st_mode & 0o777 == 0o700
    text = report.read_text()
    assert f"builtins.{kind}" in text
    assert "sitecustomize.py" in text
    after = one.output.rpartition(ALTERNATE_OFF)[2].decode()
    told = "".join(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", after).split())
    assert str(report) in told
    assert "Whatyouwroteissafe" in told
    assert "Startjamtuiagain" in told
    for place in (text, after):
        assert CANARY not in place
        assert "Traceback" not in place


def test_a_crash_while_one_sends_keeps_the_text_and_tells_nobody(
    faulty: Callable[..., Any], server: str, password: str, tmp_path: Path
) -> None:
    login = faulty("", "login", server, "--handle", "ana", "--store", "file")
    login.wait_for("Password of ana at ")
    login.press(*password, "enter")
    assert login.wait_end() == 0
    one = faulty("sending", size=(100, 30))
    one.wait_for("live")
    one.press("enter")
    one.wait_for("threads")
    one.press("enter", "r")
    one.wait_for("Reply to")
    one.press(*CANARY)
    one.wait_for(CANARY)
    one.press("ctrl+s")
    assert one.wait_end() == 1
    clean(one)
    check_report(one, tmp_path)
    known = registry.find(Home.from_env({"JAMTUI_HOME": str(tmp_path / "jamtui")}), None)
    with closing(connection.connect(known.own, own.SCHEMA)) as db:
        assert [draft.body for draft in own.Own(db).drafts()] == [CANARY]


def test_an_error_in_the_networks_thread_ends_nothing(faulty: Callable[..., Any], server: str, tmp_path: Path) -> None:
    assert faulty("", "login", server, "--guest").wait_end() == 0
    one = faulty("network", size=(140, 30))
    one.wait_for("an error of jamtui's own")
    one.press("enter")
    one.wait_for("f filter")
    one.press("\x11")
    assert one.wait_end() == 0
    clean(one)
    (report,) = reports(tmp_path)
    assert CANARY not in report.read_text() + one.output.decode("utf-8", "replace")


def test_a_crash_of_plain_mode_and_of_a_command(faulty: Callable[..., Any], server: str, tmp_path: Path) -> None:
    one = faulty("plain", *FROZEN, "--plain", size=(120, 30))
    one.wait_for("? tells the keys")
    one.press("enter", "enter", "s")
    assert one.wait_end() == 1
    clean(one)
    check_report(one, tmp_path)
    reports(tmp_path)[0].unlink()
    assert faulty("", "login", server, "--guest").wait_end() == 0
    two = faulty("command", "tags", size=(200, 30))
    assert two.wait_end() == 1
    check_report(two, tmp_path)


def test_ctrl_z_and_back(terminal: Callable[..., Any]) -> None:
    """In a shell with job control: stopped, the shell's terminal is its own again; `fg` brings everything back."""
    one = terminal(shell=True, size=(100, 30))

    def until(*words: str) -> None:
        """Until these have been written, one after the other, since the last time; the shell has no other screen."""
        nonlocal mark
        pattern = re.compile(".*".join(words).encode(), re.DOTALL)
        one.wait(lambda _: pattern.search(one.output, mark) is not None, str(words))
        mark = len(one.output)

    mark = 0
    until("ready>")
    one.press(*"$PYTHON -m jamtui demo --seed 1 --freeze 2011-02-09T14:00:00Z", "enter")
    one.wait_for("Building the social business")
    for _ in range(2):
        mark = len(one.output)
        one.press("ctrl+z")
        until("Stopped", "ready>")
        clean(one)
        one.press(*"echo the shell is $((20 + 22))", "enter")
        until("the shell is 42", "ready>")
        one.press(*"fg", "enter")
        until("1049h", "Building the social business")
        assert one.modes_left_on() >= {1049, 1004}
    one.press("enter")
    one.wait_for("f filter")
    mark = len(one.output)
    one.press("\x11")
    until("1049l", "ready>")
    clean(one)
    one.press(*"exit", "enter")
    one.wait_end()


def test_a_signal_while_a_secret_is_typed(terminal: Callable[..., Any], server: str) -> None:
    """The echo, which was off for it, is on again."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        one = terminal("login", server, "--handle", "ana", "--store", "file")
        one.wait_for("Password of ana at ")
        one.wait(lambda _, one=one: one.line_settings() != one.before, "no echo")
        one.send_signal(number)
        assert one.wait_end() == 128 + number
        clean(one)


def test_a_signal_at_any_moment_of_the_start(
    terminal: Callable[..., Any], server: str, figure: Callable[[str], None]
) -> None:
    """With the screen of last time painted first, and without."""
    assert terminal("login", server, "--guest").wait_end() == 0
    many = int(os.environ.get("JAMTUI_START_SIGNALS", "6"))
    rng = random.Random(1)
    painted = 0
    for n in range(many):
        one = terminal(size=(100, 30))
        if n % 3 == 0:  # a whole run, which leaves its screen for the next
            one.wait_for("live")
            one.press("\x11")
            assert one.wait_end() == 0
        else:
            time.sleep(rng.random() * 1.2)  # the moment is what is tried here
            one.send_signal(rng.choice((signal.SIGTERM, signal.SIGHUP)))
            assert one.wait_end() in (143, 129, -15, -1)
            painted += b"\x1b[?1049h" in one.output
        clean(one)
    signals = many - (many + 2) // 3
    figure(f"promise 13: {signals} signals at random moments of the start, {painted} of them on the alternate screen")
