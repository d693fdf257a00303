"""Brings a ``config.toml`` of an older version to this one, and makes the file that one begins with.

A step changes the text, not the values, so that comments and order stay. Before the first step the file is copied to
``config.toml.bak-DATE``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jamtui.actions import ACTIONS
from jamtui.config import VERSION, ConfigError, parse, read, settings
from jamtui.errors import JamError
from jamtui.keys import AS_DELIVERED, key_name
from jamtui.paths import Home, write_private

Step = Callable[[str], tuple[str, list[str]]]


def _to_1(text: str) -> tuple[str, list[str]]:
    """Files had no version before the first; nothing else changed."""
    return f"version = 1\n{text}", ["version = 1 was added"]


STEPS: Final[dict[int, Step]] = {0: _to_1}


def migrated(text: str, version: int) -> tuple[str, list[str]]:
    """``text`` as this version has it, and what was changed, in words."""
    changes: list[str] = []
    for number in range(version, VERSION):
        text = re.sub(r"(?m)^version\s*=.*$", f"version = {number + 1}", text, count=1) if number else text
        text, done = STEPS[number](text)
        changes += done
    return text, changes


def migrate(home: Home, now: datetime) -> list[str]:
    """Brings the file to this version if it is older; says what was done, in lines for people.

    A file that cannot be written (somebody else's, a link into a managed folder) stays as it is and is read all the
    same: that is told, and keeps nobody from starting. Raises `ConfigError` when the file is no TOML.
    """
    text = read(home)
    path = home.config_file
    if text is None or not text.strip() or (version := parse(text, path).version) >= VERSION:
        return []
    new, changes = migrated(text, version)
    parse(new, path)  # a step that breaks the file must not reach the disk
    backup = _free(path, now)
    try:
        write_private(backup, path.read_bytes())
        write_private(path, new.encode())
    except (JamError, OSError) as error:
        return [f"{path} is of an older form and could not be brought up to date ({_why(error)}); it is read as it is"]
    return [f"{path}: {change}" for change in changes] + [f"the file as it was is {backup}"]


def _why(error: Exception) -> str:
    return error.title if isinstance(error, JamError) else str(error)


def _free(path: Path, now: datetime) -> Path:
    """A name for the copy that nothing has."""
    base = path.with_name(f"{path.name}.bak-{now:%Y-%m-%d}")
    names = (base, *(base.with_name(f"{base.name}.{number}") for number in range(2, 1000)))
    for name in names:
        if not name.exists() and not name.is_symlink():
            return name
    raise ConfigError(f"there are too many copies like {base}", "Remove some of them.")


def template() -> str:
    """A file with every setting and every key as they come, all commented out but the version."""
    lines = [
        "# The choices of jamtui. What stands behind a # is not in force: it shows what holds anyway.",
        "# jamtui config check tells what is wrong here; docs/config.md explains.",
        "",
        f"version = {VERSION}",
    ]
    for one in settings():
        if one.name in ("version", "keys", "token_commands", "notify"):
            continue
        lines += ["", f"# {one.name}: {one.help}", f"# {one.name} = {_toml(one.default)}"]
    help_ = next(one.help for one in settings() if one.name == "keys")
    lines += [
        "",
        f"# Keys: {help_}.",
        "# Write them as they are called: j, G, ?, Space, PgDn, F5, Ctrl-S, Shift-Tab.",
        "[keys]",
    ]
    group = None
    for action in ACTIONS:
        if action.group is not group:
            group = action.group
            lines += ["", f"# {group}"]
        given = ", ".join(_toml(_typed(key)) for key in action.keys)
        lines.append(f"# {action.id} = [{given}]  # {AS_DELIVERED.help(action)}")
    help_ = next(one.help for one in settings() if one.name == "token_commands")
    lines += ["", f"# token_command: {help_}.", "[token_commands]", '# "https://jam.example" = ["pass", "show", "jam"]']
    help_ = next(one.help for one in settings() if one.name == "notify")
    lines += ["", f"# Notifications: {help_}.", "[notify]", *_NOTIFY]
    return "\n".join(lines) + "\n"


_NOTIFY: Final = (
    '# by = "auto"  # "osc9", "osc777", "osc99", "desktop", "nothing"; auto: what the terminal is known to show',
    '# reasons = ["answers", "mentions", "notices", "reports", "announcements", "links", "threads"]',
    "# banner = true  # a quiet line on the screen",
    "# bell = false",
    '# quiet = ""  # hours without notifications: "22:00-07:00"',
    "# every = 10  # seconds between two; the rest is summed up",
    "# tmux = false  # true: through tmux, with its option allow-passthrough",
)


def _typed(key: str) -> str:
    """A key in characters that stand on every keyboard: arrows by their names."""
    return key if key in ("up", "down", "left", "right") else key_name(key)


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, bool | int):
        return str(value).lower()
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
