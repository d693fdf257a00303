"""What was chosen while jamtui ran and should be so again: a small file in the state folder, never ``config.toml``.

What ``config.toml`` says counts before it. A file that cannot be read or holds something else is as good as none: it
is written anew at the next choice.
"""

from __future__ import annotations

import json
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict, replace

from jamtui.paths import Home, make_private_dir, read_private, write_private


class Choices(Struct, frozen=True):
    """``theme`` is the name of the theme chosen last, "" when none was."""

    theme: str = ""


def _file(home: Home) -> Path:
    return home.state / "choices.json"


def load(home: Home) -> Choices:
    """The choices as they were kept. Raises `jamtui.paths.PathError` for a link or a file of somebody else."""
    try:
        found = json.loads(read_private(_file(home)) or b"{}")
    except ValueError:  # torn, or another program's
        return Choices()
    theme = found.get("theme") if isinstance(found, dict) else None
    return Choices(theme=theme if isinstance(theme, str) else "")


def keep_theme(home: Home, theme: str) -> None:
    """From now on ``theme`` is the one chosen. Raises `jamtui.paths.PathError`."""
    make_private_dir(home.state)
    data = json.dumps(asdict(replace(load(home), theme=theme)))
    write_private(_file(home), data.encode() + b"\n")
