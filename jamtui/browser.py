"""Whether a person who signs in has a web browser where jamtui runs: `jamtui.opener` opens pages in it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct


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
