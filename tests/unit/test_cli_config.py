"""jamtui config: what is wrong is told by line, the file is found, made and mended. The editors are real programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def jamtui(home: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    own = {"PATH": os.environ["PATH"], "JAMTUI_HOME": str(home), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **env}
    return subprocess.run(
        [sys.executable, "-m", "jamtui", "config", *words], env=own, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def script(tmp_path: Path, body: str) -> str:
    """An editor: a shell script that gets the file as its last argument."""
    path = tmp_path / "editor"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return str(path)


def test_check_tells_settings_and_keys_by_line(home: Path) -> None:
    (home / "config.toml").write_text('version = 1\nthme = "dark"\n[keys]\nreply = "j"\nquit = []\n')
    done = jamtui(home, "check")
    assert done.returncode == 1
    assert [line.partition(" ")[2][:7] for line in done.stdout.splitlines()] == ["line 2:", "line 4:", "line 5:"]
    assert "did you mean theme?" in done.stdout
    rows = [json.loads(line) for line in jamtui(home, "check", "--json").stdout.splitlines()]
    assert [(row["line"], row["setting"]) for row in rows] == [(2, "thme"), (4, "keys.reply"), (5, "keys.quit")]
    assert rows[0]["problem"].startswith("there is no setting 'thme'")


def test_check_of_a_fine_file_and_of_none(home: Path) -> None:
    done = jamtui(home, "check", "--json")
    assert (done.returncode, done.stdout) == (0, "")
    assert "every setting has its default" in done.stderr
    (home / "config.toml").write_text("mouse = false\n")
    done = jamtui(home, "check")
    assert (done.returncode, done.stdout) == (0, "")
    assert "is fine" in done.stderr
    assert "older form" in done.stderr
    assert sorted(path.name for path in home.iterdir()) == ["config.toml"]  # a check writes nothing


def test_check_of_what_is_no_toml(home: Path) -> None:
    (home / "config.toml").write_text("version = 1\ntheme = \n")
    done = jamtui(home, "check")
    assert done.returncode == 1
    assert "not valid TOML" in done.stdout
    assert json.loads(jamtui(home, "check", "--json").stdout)["line"] == 2


def test_path(home: Path) -> None:
    done = jamtui(home, "path")
    assert (done.returncode, done.stdout) == (0, f"{home}/config.toml\n")
    assert json.loads(jamtui(home, "path", "--json").stdout) == {"path": f"{home}/config.toml", "exists": False}
    assert list(home.iterdir()) == []


def test_edit_makes_the_file(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    done = jamtui(home, "edit", EDITOR=script(tmp_path, 'grep -q "^# reply" "$1" && echo "mouse = false" > "$1"'))
    assert done.returncode == 0, done.stderr
    file = home / "config.toml"
    assert file.read_text() == "mouse = false\n"
    assert (file.stat().st_mode & 0o777, home.stat().st_mode & 0o777) == (0o600, 0o700)
    assert "is fine" in done.stderr


def test_edit_checks_afterwards(home: Path, tmp_path: Path) -> None:
    done = jamtui(home, "edit", VISUAL=script(tmp_path, 'printf "version = 1\\nmouse = 1\\n" > "$1"'), EDITOR="false")
    assert done.returncode == 1
    assert "line 2: mouse must be true or false" in done.stderr


def test_edit_opens_a_file_that_is_no_toml(home: Path, tmp_path: Path) -> None:
    (home / "config.toml").write_text("theme = \n")
    done = jamtui(home, "edit", EDITOR=script(tmp_path, 'echo "version = 1" > "$1"'))
    assert done.returncode == 0, done.stderr


def test_the_editor_of_the_configuration_comes_first(home: Path, tmp_path: Path) -> None:
    own = script(tmp_path, 'echo "# seen" >> "$2"')
    (home / "config.toml").write_text(f'version = 1\neditor = "{own} -f"\n')
    assert jamtui(home, "edit", EDITOR="false").returncode == 0
    assert "# seen" in (home / "config.toml").read_text()


@pytest.mark.parametrize(
    ("editor", "code", "words"),
    [("", 2, "there is no editor"), ("no-such-editor", 2, "cannot start no-such-editor"), ("false", 1, "ended with")],
)
def test_without_an_editor_that_runs(home: Path, editor: str, code: int, words: str) -> None:
    done = jamtui(home, "edit", EDITOR=editor)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
