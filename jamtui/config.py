"""The person's choices, from ``config.toml``.

A key that is unknown or has a value that cannot be meant is named in a warning, with its line and what is allowed, and
its default counts: such a slip keeps nobody from starting. Only a file that is no TOML at all is an error, since
nothing of it can be trusted then.

The file belongs to the person. It is written at two moments only, both told: `jamtui config edit` makes it where there
is none, and a file of an older version is brought to this one, with a copy of it kept (`jamtui.migration`).
"""

from __future__ import annotations

import difflib
import re
import typing
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct
from msgspec.structs import fields

from jamtui.errors import JamError
from jamtui.paths import Home

VERSION: Final = 1  # of the file; raised when a setting is renamed or its meaning changes, with a step in the migration
_MAX_BYTES: Final = 1 << 20
_COMMAND: Final = 'a list of words, like ["pass", "show", "jam"]'


class ConfigError(JamError):
    """``config.toml`` cannot be read, or is no TOML. ``line`` is where, 0 when that is not known."""

    def __init__(self, title: str, hint: str = "", line: int = 0) -> None:
        super().__init__(title, hint)
        self.line = line


class Entry(Struct, frozen=True):
    """One line of a setting that is a table: its name, its value as TOML has it, and where it stands."""

    name: str
    value: Any
    line: int


class Problem(Struct, frozen=True):
    """One slip: its line (from 1), the setting (``theme``, ``keys.reply``), and what is wrong and what counts now."""

    line: int
    setting: str
    text: str


class Config(Struct, frozen=True):
    """Every choice with its default. A choice is added by a field here and a line in docs/config.md.

    What is described is a setting; the description is its comment in the file that `jamtui config edit` begins with.
    """

    theme: Annotated[
        Literal["auto", "dark", "light", "high-contrast", "ansi"],
        Meta(description="auto: the one chosen last with :theme, else dark"),
    ] = "auto"
    mouse: Annotated[bool, Meta(description="false leaves the mouse to the terminal")] = True
    editor: Annotated[str, Meta(description='the command behind Ctrl-O; "" is $VISUAL, then $EDITOR')] = ""
    timestamps: Annotated[Literal["relative", "absolute"], Meta(description='"5 min" or "14:05"')] = "relative"
    ascii: Annotated[bool, Meta(description="marks of our own in ASCII; so they are where the locale is not UTF-8")] = (
        False
    )
    plain: Annotated[bool, Meta(description="lines of words instead of the full screen, as with --plain")] = False
    token_command: Annotated[
        tuple[str, ...],
        Meta(description='a command that prints the token, as a list of words: ["pass", "show", "jam"]'),
    ] = ()
    version: Annotated[int, Meta(description="of this file's form; leave it as it is")] = VERSION
    keys: Annotated[
        tuple[Entry, ...],
        Meta(description="an action has the keys named here and no others; [] takes them all away"),
    ] = ()
    token_commands: Annotated[
        tuple[Entry, ...],
        Meta(description="one for each Jam, by its address; such a Jam does not get the token of token_command"),
    ] = ()
    notify: Annotated[
        tuple[Entry, ...],
        Meta(description="what came for you (the inbox): which of it is told, and how; docs/config.md has all"),
    ] = ()
    path: Path = Path("config.toml")
    problems: tuple[Problem, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """The problems as they are told: with file and line."""
        return tuple(told(self.path, problem) for problem in self.problems)


def told(path: Path, problem: Problem) -> str:
    return f"{path}, line {problem.line}: {problem.text}"


class Setting(Struct, frozen=True):
    """A field of `Config` that is a setting: what may be in it, and what it says of itself."""

    name: str
    kind: Any
    default: Any
    help: str


def settings() -> list[Setting]:
    """The settings in the order in which they are told."""
    hints = typing.get_type_hints(Config, include_extras=True)
    found = []
    for one in fields(Config):
        match typing.get_args(hints[one.name]):
            case (kind, Meta(description=str(help_))):
                found.append(Setting(one.name, kind, one.default, help_))
    return found


def load(home: Home) -> Config:
    """The choices in ``home.config_file``, or the defaults when there is none. Raises `ConfigError`."""
    text = read(home)
    return Config(path=home.config_file) if text is None else parse(text, home.config_file)


def read(home: Home) -> str | None:
    """The text of the file, with line feeds alone; None when there is none. Raises `ConfigError`."""
    path = home.config_file
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}", "Make the file readable, or move it away.") from None
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{path} has more than {_MAX_BYTES:,} bytes", "Move it away: it is no configuration.")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}, line {line}: not UTF-8", "Save the file as UTF-8.", line) from None


def parse(text: str, path: Path) -> Config:
    """The choices in ``text``; ``path`` is how the file is named to people. Raises `ConfigError`."""
    import tomllib  # most have no file

    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        hint = "Correct it (jamtui config edit), or move it away."
        raise ConfigError(f"{path} is not valid TOML: {error}", hint, line) from None
    return _read(table, path, text)


def _read(table: dict[str, Any], path: Path, text: str) -> Config:
    known = {one.name: one.kind for one in settings()}
    lines = _lines(text)
    taken: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in table.items():
        line = lines.get((key,), 1)
        if key not in known:
            near = difflib.get_close_matches(key.lower(), known, n=1)
            said = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(known))}"
            problems.append(Problem(line, key, f"there is no setting {key!r}; {said}"))
        elif known[key] == tuple[Entry, ...] and isinstance(value, dict):
            taken[key] = tuple(Entry(name, one, lines.get((key, name), line)) for name, one in value.items())
            if key == "token_commands":
                problems += [
                    Problem(one.line, f"{key}.{one.name}", f"{one.name} must be {_COMMAND}; it has no command")
                    for one in taken[key]
                    if not is_command(one.value)
                ]
        elif (allowed := _allowed(known[key], value, key)) is not None:
            default = getattr(Config(), key)
            counts = "none of it counts" if default == () else f"{_toml(default)} is used"
            problems.append(Problem(line, key, f"{key} must be {allowed}; {counts}"))
        elif key == "version" and value > VERSION:
            said = f"this file is for a later jamtui (version {value}, this one knows {VERSION})"
            problems.append(Problem(line, key, f"{said}; it is read as far as it is understood"))
            taken[key] = value
        else:
            taken[key] = value
    taken.setdefault("version", VERSION if "version" in table else 0)  # files before the first version had none
    if "token_command" in taken:
        taken["token_command"] = tuple(taken["token_command"])
    return Config(**taken, path=path, problems=tuple(problems))


def is_command(value: object) -> bool:
    """Whether it is a program and its arguments."""
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(word, str) and word for word in value)


def _allowed(kind: Any, value: Any, key: str) -> str | None:
    """None when ``value`` is of ``kind``, else what is, in words."""
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        if isinstance(value, str) and value in choices:
            return None
        near = difflib.get_close_matches(value.lower(), choices, n=1) if isinstance(value, str) else []
        return " or ".join(map(_toml, choices)) + (f" (did you mean {_toml(near[0])}?)" if near else "")
    if kind is bool:
        return None if isinstance(value, bool) else "true or false"
    if kind is int:
        return None if isinstance(value, int) and not isinstance(value, bool) and value > 0 else "a number above 0"
    if kind is str:
        return None if isinstance(value, str) else "text in quotes"
    if kind == tuple[str, ...]:
        return None if value == [] or is_command(value) else _COMMAND
    return f"a table, below a line [{key}]"


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, int):
        return str(value).lower()
    return f'"{value}"'


_NAME: Final = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_HEADER: Final = rf"\s*\[\[?\s*({_NAME}(?:\s*+\.\s*+{_NAME})*)\s*+\]"
_LINE: Final = rf"\s*({_NAME}(?:\s*+\.\s*+{_NAME})*)\s*+="


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Where each setting, and each entry of a table, stands first: (table, name) to its line, from 1.

    TOML's own parser does not tell. What is written in a way not foreseen is told with the line of its table, or 1.
    """
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        if header := re.match(_HEADER, line):
            table = _split(header[1])
            found.setdefault(table[:1], number)
        elif entry := re.match(_LINE, line):
            path = (*table, *_split(entry[1]))
            found.setdefault(path[:1], number)
            found.setdefault(path[:2], number)
    return found


def _split(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_NAME, name))
