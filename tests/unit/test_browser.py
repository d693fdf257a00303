"""Where there is a browser, and opening a page in it: by what the environment says, with real programs."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

import pytest

from jamtui.browser import place
from jamtui.opener import open_page

SSH = {"SSH_CONNECTION": "10.0.0.9 50000 10.0.0.1 22", "USER": "ana"}
URL = "https://id.example/auth?state=a%20b&x='1'"


@pytest.mark.parametrize(
    ("environ", "platform", "why"),
    [
        ({"DISPLAY": ":0"}, "linux", ""),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", ""),
        ({}, "linux", "there is no display here"),
        ({}, "darwin", ""),
        ({"BROWSER": "firefox"}, "linux", ""),
        (SSH | {"DISPLAY": ":10"}, "linux", "you are here over SSH"),
        (SSH | {"BROWSER": "firefox"}, "linux", "you are here over SSH"),
        (SSH, "darwin", "you are here over SSH"),
        (SSH | {"BROWSER": "code", "VSCODE_IPC_HOOK_CLI": "/s"}, "linux", ""),
        ({"container": "podman", "DISPLAY": ":0"}, "linux", "this is a container"),
        ({"container": "podman", "BROWSER": "firefox"}, "linux", ""),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "linux", "this is a container"),
    ],
)
def test_where_there_is_a_browser(environ: dict[str, str], platform: str, why: str, tmp_path: Path) -> None:
    found = place(environ, platform, tmp_path)
    assert (found.why, found.has_browser) == (why, not why)


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_the_marks_of_containers(mark: str, tmp_path: Path) -> None:
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).touch()
    assert place({"DISPLAY": ":0"}, "linux", tmp_path).container


@pytest.mark.parametrize(
    ("environ", "told"),
    [(SSH, "ana@10.0.0.1"), ({"SSH_TTY": "/dev/pts/1", "LOGNAME": "bob"}, "bob@THIS-MACHINE"), ({"DISPLAY": ":0"}, "")],
)
def test_how_this_machine_is_reached(environ: dict[str, str], told: str, tmp_path: Path) -> None:
    assert place(environ, "linux", tmp_path).ssh == told


def program(folder: Path, name: str, code: int = 0) -> tuple[str, Path]:
    """A browser that writes down its words and its JAMTUI_TOKEN."""
    log = folder / f"{name}.log"
    script = folder / name
    script.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" "${{JAMTUI_TOKEN-none}}" > {shlex.quote(str(log))}\nexit {code}\n'
    )
    script.chmod(0o700)
    return str(script), log


@pytest.mark.parametrize(
    ("after", "words"),
    [("", [URL]), (" --new %s --quiet", ["--new", URL, "--quiet"]), (" --in=%s &", [f"--in={URL}"])],
    ids=["last", "in its place", "inside a word"],
)
def test_browser_is_given_the_page_and_no_secret(after: str, words: list[str], tmp_path: Path) -> None:
    command, log = program(tmp_path, "browser")
    assert open_page(URL, {"BROWSER": command + after, "PATH": "/usr/bin:/bin", "JAMTUI_TOKEN": "t"}, "linux")
    for _ in range(3_000):  # behind "&" nobody waits for it
        if log.exists() and log.read_text().endswith("none\n"):
            break
        time.sleep(0.01)
    assert log.read_text().splitlines() == [*words, "none"]


def test_the_next_one_is_tried_when_one_cannot(tmp_path: Path) -> None:
    (bad, tried), (good, log) = program(tmp_path, "bad", 1), program(tmp_path, "good")
    environ = {"BROWSER": f"/no/such/one:'half:{bad}:{good}", "PATH": "/usr/bin:/bin", "DISPLAY": ":0"}
    assert open_page(URL, environ, "linux")
    assert tried.exists()
    assert log.exists()
    environ["BROWSER"] = bad
    assert not open_page(URL, environ, "linux")  # what somebody has chosen is not passed over for another


def test_without_a_display_nothing_is_started(tmp_path: Path) -> None:
    _, log = program(tmp_path, "xdg-open")
    assert not open_page(URL, {"PATH": f"{tmp_path}:/usr/bin:/bin"}, "linux")
    assert not log.exists()
    assert open_page(URL, {"PATH": f"{tmp_path}:/usr/bin:/bin", "DISPLAY": ":0"}, "linux")
    assert log.read_text().splitlines() == [URL, "none"]
