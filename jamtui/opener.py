"""The address of a link, handed to the person's browser; `jamtui.browser` does it for the pages of a sign-in.

``$BROWSER`` comes first, as Python's `webbrowser` reads it: commands apart by colons, ``%s`` where the URL belongs,
else it comes last; ``&`` at the end means that nobody waits for it. A command is a list of arguments, never a line for
a shell, and it gets none of jamtui's secrets. Without ``$BROWSER`` it is the desktop's own opener, where there is one.

Only what `widgets.links` made openable may come here: an absolute http or https URL in ASCII.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from msgspec import Struct

from jamtui.browser import OPENERS, SECONDS, SECRETS
from jamtui.errors import JamError, UsageError

# Browsers that live in the terminal: it is theirs while they run.
IN_TERMINAL = frozenset(
    {"w3m", "lynx", "links", "links2", "elinks", "www-browser", "browsh", "carbonyl", "cha", "chawan"}
)
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


def find(environ: Mapping[str, str]) -> Browser | None:
    """The person's browser, or None where there is none to be had: see `missing`."""
    for line in environ.get("BROWSER", "").split(os.pathsep):
        try:
            command = shlex.split(line)
        except ValueError:  # a quotation mark without its other one
            continue
        waits = not (command and command[-1] == "&")
        command = command if waits else command[:-1]
        if command and shutil.which(command[0], path=environ.get("PATH")):
            return _browser(command, waits)
    if sys.platform == "darwin":
        return _browser(["open"], True) if not _remote(environ) else None
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") or environ.get("WSL_DISTRO_NAME")):
        return None
    for name in OPENERS:
        if shutil.which(name, path=environ.get("PATH")):
            return _browser([name, "open"] if name == "gio" else [name], True)
    return None


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
    if not _URL.fullmatch(url):
        raise UsageError("not an address that can be opened", "Only http and https addresses are.")
    browser = find(environ)
    if browser is None:
        raise NoBrowser(missing(environ), "Copy the address instead.")
    command = [browser.command[0], *(part.replace("%s", url) for part in browser.command[1:])]
    inherited = {name: value for name, value in environ.items() if name not in SECRETS}
    try:
        if browser.here:
            with terminal or nullcontext():
                ended: int | None = subprocess.run(command, check=False, env=inherited).returncode  # noqa: S603 - a list
        else:
            ended = _beside(command, inherited, wait if browser.waits else 0.0)
    except OSError as error:
        raise NoBrowser(f"{browser.name} could not be started: {error.strerror}", "Copy the address instead.") from None
    if ended:
        raise NoBrowser(f"{browser.name} ended with {ended}", "Copy the address instead.")


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
