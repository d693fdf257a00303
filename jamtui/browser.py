"""The person's web browser: whether there is one here, and opening a page in it.

Python's own `webbrowser` is not asked: it takes over the terminal with a text browser where there is no display, lets
what it starts write on the screen, and waits for some of them.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

OPENERS: Final = ("xdg-open", "wslview", "gio", "x-www-browser", "sensible-browser")
SECONDS: Final = 2.0  # in which what cannot open a page says so; a browser that goes on running is one
SECRETS: Final = ("JAMTUI_TOKEN",)  # of the environment: not a browser's business


class Place(Struct, frozen=True):
    """Where jamtui runs, as far as a browser goes. ``why`` says in words why there is none here, "" when there is."""

    why: str
    ssh: str = ""  # "user@address" to reach this machine by, when one is here over SSH
    container: bool = False

    @property
    def has_browser(self) -> bool:
        return not self.why


def place(environ: Mapping[str, str], platform: str = sys.platform, root: Path = Path("/")) -> Place:
    """Looks around. ``root`` is where the marks of containers are."""
    container = (
        bool(environ.get("container") or environ.get("KUBERNETES_SERVICE_HOST"))
        or (root / ".dockerenv").exists()
        or (root / "run" / ".containerenv").exists()
    )
    ssh = environ.get("SSH_CONNECTION", "") or environ.get("SSH_TTY", "")
    if ssh and not environ.get("VSCODE_IPC_HOOK_CLI"):  # whose BROWSER opens pages where the person sits
        return Place("you are here over SSH", _reached_by(environ), container)
    if environ.get("BROWSER"):
        return Place("", container=container)  # somebody has said what opens pages here
    if container:
        return Place("this is a container", container=True)
    if platform in ("darwin", "win32") or environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return Place("")
    return Place("there is no display here")


def _reached_by(environ: Mapping[str, str]) -> str:
    words = environ.get("SSH_CONNECTION", "").split()
    user = environ.get("USER") or environ.get("LOGNAME") or ""
    host = words[2] if len(words) == 4 else "THIS-MACHINE"
    return f"{user}@{host}" if user else host


def open_page(url: str, environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Opens ``url``, an absolute one that was looked at; whether something took it. Blocks for 2 s at most for each
    that is tried."""
    if environ.get("BROWSER"):
        return any(
            _started(_words(command, url), environ) for command in environ["BROWSER"].split(os.pathsep) if command
        )
    if platform == "win32":
        os.startfile(url)  # type: ignore[attr-defined,unused-ignore]  # noqa: S606 - the system's own way
        return True
    if platform == "darwin":
        return _started(["/usr/bin/open", url], environ)
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return False
    for name in OPENERS:
        if (found := shutil.which(name, path=environ.get("PATH"))) is not None:
            words = [found, "open", url] if name == "gio" else [found, url]
            if _started(words, environ):
                return True
    return False


def _words(command: str, url: str) -> list[str]:
    """A command of BROWSER: the page stands where ``%s`` does, else at the end."""
    try:
        words = shlex.split(command.strip().removesuffix("&"))
    except ValueError:
        return []
    return [word.replace("%s", url) for word in words] if "%s" in command else [*words, url]


def _started(words: list[str], environ: Mapping[str, str]) -> bool:
    if not words:
        return False
    env = {name: value for name, value in environ.items() if name not in SECRETS}
    try:
        process = subprocess.Popen(  # noqa: S603 - the person's own browser
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is not meant for it
            env=env,
        )
    except (OSError, ValueError):
        return False
    try:
        return process.wait(SECONDS) == 0
    except subprocess.TimeoutExpired:
        threading.Thread(target=process.wait, name="browser", daemon=True).start()
        return True
