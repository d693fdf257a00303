"""The person's choices, from ``config.toml``. Read only: jamtui never writes that file.

A key that is unknown or has a value that cannot be meant is named in a warning, with its line and what is allowed, and
its default counts: such a slip keeps nobody from starting. Only a file that is no TOML at all is an error, since
nothing of it can be trusted then.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from jamtui.errors import JamError
from jamtui.paths import Home

_MAX_BYTES: Final = 1 << 20


class ConfigError(JamError):
    """``config.toml`` cannot be read, or is no TOML."""


@dataclass(frozen=True, slots=True)
class Config:
    """Every choice with its default. A choice is added by a field here and a line in docs/config.md."""

    theme: Literal["auto", "dark", "light", "high-contrast", "ansi"] = "auto"  # auto: what the terminal says, else dark
    mouse: bool = True
    editor: str = ""  # the command for Ctrl-O; "" is $VISUAL, then $EDITOR
    timestamps: Literal["relative", "absolute"] = "relative"
    ascii: bool = False  # marks, guides and bars of our own in ASCII; so they are where the locale is not UTF-8
    plain: bool = False  # lines of words instead of the full screen, as with --plain
    warnings: tuple[str, ...] = field(default=(), metadata={"internal": True})


def load(home: Home) -> Config:
    """The choices in ``home.config_file``, or the defaults when there is none."""
    path = home.config_file
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Config()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}", "Make the file readable, or move it away.") from None
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{path} has more than {_MAX_BYTES:,} bytes", "Move it away: it is no configuration.")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}, line {line}: not UTF-8", "Save the file as UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}", "Correct it, or move it away.") from None
    return _read(table, path, text)


def _read(table: dict[str, Any], path: Path, text: str) -> Config:
    hints = typing.get_type_hints(Config)
    known = {f.name: hints[f.name] for f in dataclasses.fields(Config) if not f.metadata.get("internal")}
    taken: dict[str, Any] = {}
    warnings: list[str] = []
    for key, value in table.items():
        where = f"{path}, line {_line_of(key, text)}"
        if key not in known:
            near = difflib.get_close_matches(key.lower(), known, n=1)
            told = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(known))}"
            warnings.append(f"{where}: there is no setting {key!r}; {told}")
        elif (allowed := _allowed(known[key], value)) is not None:
            default = getattr(Config(), key)
            warnings.append(f"{where}: {key} must be {allowed}; {_toml(default)} is used")
        else:
            taken[key] = value
    return Config(**taken, warnings=tuple(warnings))


def _allowed(kind: Any, value: Any) -> str | None:
    """None when ``value`` is of ``kind``, else what is, in words."""
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        if isinstance(value, str) and value in choices:
            return None
        near = difflib.get_close_matches(value.lower(), choices, n=1) if isinstance(value, str) else []
        return " or ".join(map(_toml, choices)) + (f" (did you mean {_toml(near[0])}?)" if near else "")
    if kind is bool:
        return None if isinstance(value, bool) else "true or false"
    return None if isinstance(value, str) else "text in quotes"


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def _line_of(key: str, text: str) -> int:
    """The line where ``key`` stands first, as ``key = …`` or ``[key]``; 1 when it is written in a way not foreseen."""
    name = re.escape(key)
    start = re.compile(rf"""^\s*\[*\s*["']?{name}["']?\s*(=|\.|\])""")
    for number, line in enumerate(text.split("\n"), 1):
        if start.match(line):
            return number
    return 1
