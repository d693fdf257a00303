"""A token from a command: bounded, without a shell, and nothing of it where it does not belong."""

from __future__ import annotations

import os
import shlex
import sys
import time
from pathlib import Path

import pytest

from api_client.tokens import AskedToken
from jamtui import config
from jamtui.config import Problem
from jamtui.errors import NotSignedIn
from jamtui.paths import Home
from jamtui.token_command import run, words_for

ORIGIN = "https://jam.example"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.from_env({"JAMTUI_HOME": str(tmp_path)})


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_first_line_is_the_token_and_the_jam_is_told() -> None:
    code = (
        "import os; assert 'JAMTUI_TOKEN' not in os.environ; print(' t-' + os.environ['JAMTUI_JAM'] + ' '); print('x')"
    )
    assert run(python(code), ORIGIN, {**os.environ, "JAMTUI_TOKEN": "another"}) == f"t-{ORIGIN}"


def test_there_is_no_shell_and_no_terminal(tmp_path: Path) -> None:
    assert run(["/bin/echo", f"$HOME; touch {tmp_path}/x"], ORIGIN, {}) == f"$HOME; touch {tmp_path}/x"
    assert not (tmp_path / "x").exists()
    code = "import sys\ntry: open('/dev/tty')\nexcept OSError: print('none', repr(sys.stdin.read()))"
    assert run(python(code), ORIGIN, {}) == "none ''"


@pytest.mark.parametrize(
    ("words", "title", "hint"),
    [
        (["/no/such/program"], "program cannot be started: No such file", "config.toml"),
        (python("pass"), "printed nothing", "first line"),
        (python("import sys; print('t-1'); sys.exit('\x1b[31mlocked: t-1')"), "ended with code 1", "locked: …"),
        (python("print('t' * 70_000)"), "said too much", "without asking"),
        (python("import sys; sys.stderr.write('e' * 70_000)"), "said too much", "without asking"),
    ],
)
def test_what_goes_wrong_is_told(words: list[str], title: str, hint: str) -> None:
    with pytest.raises(NotSignedIn, match=title) as caught:
        run(words, ORIGIN, {})
    assert hint in caught.value.hint
    assert "t-1" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_command_that_does_not_end_is_ended() -> None:
    with pytest.raises(NotSignedIn, match=r"did not end within 0\.1 seconds"):
        run(["/bin/sleep", "600"], ORIGIN, {}, limit=0.1)


def test_what_a_command_has_started_ends_with_it(tmp_path: Path) -> None:
    """Here because it says too much, which is after its child is there, however slow the machine."""
    started = tmp_path / "pid"
    script = f"sleep 600 & echo $! > {shlex.quote(str(started))}; yes"
    with pytest.raises(NotSignedIn, match="said too much"):
        run(["/bin/sh", "-c", script], ORIGIN, {"PATH": os.environ["PATH"]})
    child = int(started.read_text())
    end = time.monotonic() + 30
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < end, "the child runs on"
        time.sleep(0.01)


def test_a_jam_has_its_own_command_or_that_for_all(home: Home) -> None:
    assert words_for(home, ORIGIN) == ()
    home.config_file.write_text(
        'token_command = ["pass", "all"]\n[token_commands]\n'
        '"https://jam.example/" = ["pass", "one"]\n"https://b" = "pass"\n'
    )
    assert words_for(home, ORIGIN) == ("pass", "one")
    assert words_for(home, "https://other.example") == ("pass", "all")
    assert words_for(home, "https://b") == ()
    said = 'https://b must be a list of words, like ["pass", "show", "jam"]; it has no command'
    assert config.load(home).problems == (Problem(4, "token_commands.https://b", said),)


@pytest.mark.parametrize("value", ['"pass show jam"', "[1]", '[""]', "true"])
def test_what_is_no_command_is_named(value: str, home: Home) -> None:
    home.config_file.write_text(f"version = 1\ntoken_command = {value}\n")
    chosen = config.load(home)
    assert chosen.token_command == ()
    assert [(one.line, one.setting) for one in chosen.problems] == [(2, "token_command")]


async def test_it_runs_once_and_once_more_when_the_token_is_refused() -> None:
    given = iter(["one", "two", "two", "three"])
    tokens = AskedToken(lambda: next(given))
    assert await tokens.token() == await tokens.token() == "one"
    assert await tokens.refreshed("one") == "two"
    assert await tokens.refreshed("one") == "two"  # another call that was refused with the first
    assert await tokens.refreshed("two") is None  # the command gives the same again
    assert await tokens.refreshed("two") is None
    assert next(given) == "three"
    assert "one" not in repr(tokens)


def test_nothing_of_it_is_imported_before_it_is_used() -> None:
    names = ("jamtui.token_command", "jamtui.sync.oidc", "api_client.oidc", "jamtui.device_page", "segno")
    code = f"import sys, jamtui.app, screens.jam, jamtui.session; print([n for n in {names} if n in sys.modules])"
    assert run(python(code), ORIGIN, dict(os.environ), limit=60) == "[]"
