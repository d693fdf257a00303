"""The one place that starts the person's web browser: for links in posts, and for the page of a sign-in.

``$BROWSER`` comes first, as Python's `webbrowser` reads it: commands apart by colons, ``%s`` where the URL belongs,
else it comes last; ``&`` at the end means that nobody waits for it. A command is a list of arguments, never a line for
a shell, and it gets none of jamtui's secrets. Without ``$BROWSER`` it is the desktop's own opener, where there is one.
When one cannot open a page, the next is tried; what somebody has chosen is not passed over for what nobody has.

`webbrowser` itself is not asked: it takes over the terminal with a text browser where there is no display, lets what it
starts write on the screen, and waits for some of them.

Only what `widgets.links` made openable, or the client of a sign-in made itself, may come here: an absolute http or
https URL in ASCII.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from msgspec import Struct

from jamtui.errors import JamError, UsageError

OPENERS: Final = ("xdg-open", "wslview", "gio", "x-www-browser", "sensible-browser")
# Browsers that live in the terminal: it is theirs while they run.
IN_TERMINAL: Final = frozenset(
    {"w3m", "lynx", "links", "links2", "elinks", "www-browser", "browsh", "carbonyl", "cha", "chawan"}
)
SECONDS: Final = 2.0  # in which what cannot open a page says so; a browser that goes on running is one
SECRETS: Final = ("JAMTUI_TOKEN",)  # of the environment: not a browser's business
_URL = re.compile(r"https?://[!-~]+")  # printable ASCII, without a space


class NoBrowser(JamError):
    """There is none here, or it could not be started."""


class Browser(Struct, frozen=True):
    """``command`` with ``%s`` where the URL belongs. ``here``: it needs the terminal. ``waits`` False: what becomes of
    it is nobody's business."""

    command: tuple[str, ...]
    here: bool = False
    waits: bool = True

    @property
    def name(self) -> str:
        return os.path.basename(self.command[0])  # noqa: PTH119 - a command, not a file of ours


def candidates(environ: Mapping[str, str], platform: str = sys.platform) -> list[Browser]:
    """The browsers that are there, the first choice first."""
    path = environ.get("PATH")
    chosen = [one for line in environ.get("BROWSER", "").split(os.pathsep) if (one := _chosen(line)) is not None]
    chosen = [one for one in chosen if shutil.which(one.command[0], path=path)]
    if chosen:
        return chosen
    if platform == "darwin":
        return [_browser(["open"], True)] if not _remote(environ) else []
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") or environ.get("WSL_DISTRO_NAME")):
        return []
    there = [name for name in OPENERS if shutil.which(name, path=path)]
    return [_browser([name, "open"] if name == "gio" else [name], True) for name in there]


def find(environ: Mapping[str, str]) -> Browser | None:
    """The first choice, or None where there is none to be had: see `missing`."""
    return next(iter(candidates(environ)), None)


def _chosen(line: str) -> Browser | None:
    """A command of ``$BROWSER``; None for what is no command."""
    try:
        command = shlex.split(line)
    except ValueError:  # a quotation mark without its other one
        return None
    waits = not (command and command[-1] == "&")
    command = command if waits else command[:-1]
    return _browser(command, waits) if command else None


def _browser(command: list[str], waits: bool) -> Browser:
    if not any("%s" in part for part in command[1:]):
        command = [*command, "%s"]
    here = os.path.basename(command[0]) in IN_TERMINAL  # noqa: PTH119 - a command, not a file of ours
    return Browser(tuple(command), here, waits)


def missing(environ: Mapping[str, str]) -> str:
    """Why there is no browser here, in words; "" when there is one."""
    if find(environ) is not None:
        return ""
    if environ.get("BROWSER"):
        return "no browser here: what $BROWSER names is not there"
    if _remote(environ):
        return "no browser here: this is a machine far away (SSH)"
    return "no browser here: no display, and $BROWSER is not set"


def _remote(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))


def open_url(
    url: str, environ: Mapping[str, str], terminal: AbstractContextManager[object] | None = None, wait: float = SECONDS
) -> None:
    """Hands ``url`` to the browser. One that needs the terminal gets ``terminal`` and is waited for to its end; of any
    other it is seen for ``wait`` seconds whether it fails. Raises `NoBrowser`."""
    found = candidates(environ)
    # The terminal is handed over to the first choice alone.
    _open(url, found[:1] if found and found[0].here else _beside_us(found), environ, terminal, wait)


def open_page(url: str, environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """The page of a sign-in, beside jamtui, which goes on meanwhile; whether a browser took it. Blocks for `SECONDS` at
    most for each that is tried."""
    try:
        _open(url, _beside_us(candidates(environ, platform)), environ, None, SECONDS)
    except NoBrowser:
        return False
    return True


def _beside_us(browsers: Sequence[Browser]) -> list[Browser]:
    return [one for one in browsers if not one.here]


def _open(
    url: str,
    browsers: Sequence[Browser],
    environ: Mapping[str, str],
    terminal: AbstractContextManager[object] | None,
    wait: float,
) -> None:
    if not _URL.fullmatch(url):
        raise UsageError("not an address that can be opened", "Only http and https addresses are.")
    failed = NoBrowser(
        missing(environ) or "no browser here that can be used beside jamtui", "Copy the address instead."
    )
    for browser in browsers:
        problem = _tried(browser, url, environ, terminal, wait)
        if not problem:
            return
        failed = NoBrowser(problem, "Copy the address instead.")
    raise failed


def _tried(
    browser: Browser,
    url: str,
    environ: Mapping[str, str],
    terminal: AbstractContextManager[object] | None,
    wait: float,
) -> str:
    """Why this one did not open it, in words; "" when it did."""
    command = [browser.command[0], *(part.replace("%s", url) for part in browser.command[1:])]
    inherited = {name: value for name, value in environ.items() if name not in SECRETS}
    try:
        if browser.here:
            with terminal or nullcontext():
                ended: int | None = subprocess.run(command, check=False, env=inherited).returncode  # noqa: S603 - a list
        else:
            ended = _beside(command, inherited, wait if browser.waits else 0.0)
    except OSError as error:
        return f"{browser.name} could not be started: {error.strerror}"
    return f"{browser.name} ended with {ended}" if ended else ""


def _beside(command: list[str], environ: dict[str, str], wait: float) -> int | None:
    """Starts it in a session of its own, so that it outlives jamtui and no Ctrl-C reaches it; its exit code when it
    ends within ``wait`` seconds."""
    process = subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(wait)
    except subprocess.TimeoutExpired:
        threading.Thread(target=process.wait, name="browser", daemon=True).start()  # it leaves no zombie behind
        return None
