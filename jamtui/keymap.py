"""The keys of one person, from the ``[keys]`` table of the configuration.

    [keys]
    read-on = ["space", "f2"]         an action has the keys that are named, and no others
    down = "n"
    mute = []                         none; the ``:`` line and the palette still do it

Whatever cannot be meant is told with its line, and that action keeps the keys that it comes with: a slip locks nobody
out. Textual would let the later of two actions on one key win without a word, so clashes are found here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from jamtui.actions import ACTIONS, BY_ID, Where
from jamtui.config import Entry, Problem
from jamtui.keys import Keymap, key_name

# Without these one could neither leave nor learn how to.
KEPT: Final = ("quit", "help")

# Places where one types: a key that types or edits text would be lost to the text there.
_TYPING: Final = frozenset({Where.COMPOSER, Where.SEARCH, Where.APP})
_EDITING: Final = frozenset({"space", "enter", "backspace", "delete", "left", "right", "home", "end"})
# What the text itself does with keys, in the composer and the search: it is asked before we are.
_IN_TEXT: Final = frozenset(
    {
        "up",
        "down",
        "pageup",
        "pagedown",
        "ctrl+pageup",
        "ctrl+pagedown",
        "f6",
        "f7",
        "shift+left",
        "shift+right",
        "shift+up",
        "shift+down",
    }
    | {"shift+home", "shift+end", "shift+insert", "ctrl+left", "ctrl+right", "ctrl+shift+left", "ctrl+shift+right"}
    | {f"ctrl+{letter}" for letter in "acdefkuvwxyz"}
)

# Characters that have a name of their own as keys.
_SIGNS: Final[Mapping[str, str]] = {
    "/": "slash", "\\": "backslash", "@": "at", "-": "minus", "+": "plus", "_": "underscore", ":": "colon",
    "?": "question_mark", "!": "exclamation_mark", '"': "quotation_mark", "#": "number_sign", "$": "dollar_sign",
    "%": "percent_sign", "&": "ampersand", "'": "apostrophe", "(": "left_parenthesis", ")": "right_parenthesis",
    "*": "asterisk", ",": "comma", ".": "full_stop", ";": "semicolon", "<": "less_than_sign", "=": "equals_sign",
    ">": "greater_than_sign", "[": "left_square_bracket", "]": "right_square_bracket", "^": "circumflex_accent",
    "`": "grave_accent", "{": "left_curly_bracket", "|": "vertical_line", "}": "right_curly_bracket", "~": "tilde",
    " ": "space",
}  # fmt: skip
_NAMED: Final = frozenset(
    {"space", "enter", "escape", "tab", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown"}
    | {"up", "down", "left", "right"}
    | {f"f{number}" for number in range(1, 25)}
    | set(_SIGNS.values())
)
_OTHER_NAMES: Final[Mapping[str, str]] = {
    "esc": "escape", "return": "enter", "cr": "enter", "del": "delete", "ins": "insert", "pgup": "pageup",
    "pgdn": "pagedown", "pgdown": "pagedown", "page up": "pageup", "page down": "pagedown", "page-up": "pageup",
    "page-down": "pagedown", "spacebar": "space", "backtab": "shift+tab", "↑": "up", "↓": "down", "←": "left",
    "→": "right", "bs": "backspace",
}  # fmt: skip
_MODIFIERS: Final[Mapping[str, str]] = {
    "ctrl": "ctrl", "control": "ctrl", "c": "ctrl", "^": "ctrl", "shift": "shift", "s": "shift",
    "alt": "alt", "meta": "alt", "option": "alt", "m": "alt", "super": "super", "cmd": "super",
}  # fmt: skip
_MOVES: Final = frozenset({"up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete"})
_SAME_BYTE: Final = {"i": "tab", "m": "enter", "h": "backspace", "[": "escape", "j": "enter"}


class _NoKeyError(ValueError):
    """Not a key that can be used; its text says why."""


def key(text: str) -> str:
    """A key as people write it (``Ctrl-S``, ``^s``, ``?``, ``PgDn``, ``shift+tab``) as Textual spells it.

    Raises `ValueError` that says why not: no key is called that, or no terminal can send it.
    """
    if text in _SIGNS:
        return _SIGNS[text]
    if len(text) == 1 and text.isprintable():
        return _OTHER_NAMES.get(text, text)
    if re.fullmatch(r"\^[A-Za-z\\\]_@]", text):
        text = f"ctrl+{text[1]}"
    words = text.strip().lower()
    if words in _OTHER_NAMES:
        return _OTHER_NAMES[words]
    if words in _NAMED:
        return words
    modifiers, last = _parts(text.strip())
    return _modified(frozenset(modifiers), last, text)


def _parts(text: str) -> tuple[list[str], str]:
    """``Ctrl-Shift-x`` as ([ctrl, shift], x). The last part is everything after the last modifier, so that ``ctrl+-``
    is Ctrl and minus."""
    modifiers: list[str] = []
    while match := re.match(r"([A-Za-z^]+)[+-](?=.)", text):
        word = match[1].lower()
        if word not in _MODIFIERS or len(modifiers) == 4:
            break
        modifiers.append(_MODIFIERS[word])
        text = text[match.end() :]
    return modifiers, text


def _modified(modifiers: frozenset[str], last: str, text: str) -> str:
    name = _SIGNS.get(last) or _OTHER_NAMES.get(last.lower()) or (last.lower() if last.lower() in _NAMED else "")
    if not modifiers or not (name or len(last) == 1):
        near = difflib.get_close_matches(text.lower(), [*_NAMED, *_OTHER_NAMES], 1)
        raise _NoKeyError(f"no key is called {text!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    if "super" in modifiers:
        raise _NoKeyError(f"{text!r} does not reach programs in a terminal")
    name = name or last
    if name in _MOVES or re.fullmatch(r"f\d+", name):
        if "alt" in modifiers:
            raise _NoKeyError(f"{text!r} is not sent by every terminal; Ctrl or Shift with it is")
        return "+".join([*(one for one in ("ctrl", "shift") if one in modifiers), name])
    if modifiers == {"shift"}:
        if name == "tab":
            return "shift+tab"
        if len(name) == 1 and name.isalpha():
            return name.upper()
    if modifiers == {"ctrl"}:
        if last.lower() in _SAME_BYTE:
            raise _NoKeyError(f"a terminal sends the same for {text!r} and {_SAME_BYTE[last.lower()]!r}: name that")
        if name == "c":
            raise _NoKeyError("'ctrl+c' copies what is selected, and stays so")
        if len(name) == 1 and name.isascii() and name.isalpha():
            return f"ctrl+{name.lower()}"
        if name in ("backslash", "right_square_bracket", "circumflex_accent", "underscore"):
            return f"ctrl+{name}"
    raise _NoKeyError(f"a terminal cannot send {text!r}")


class _Wish(Struct, frozen=True):
    """What a line of the configuration asks for."""

    action: str
    keys: tuple[str, ...]
    line: int


def keymap(entries: Iterable[Entry]) -> tuple[Keymap, list[Problem]]:
    """The keymap that ``entries`` of ``[keys]`` ask for, as far as it can be, and what could not be, by line."""
    problems: list[Problem] = []
    wishes: dict[str, _Wish] = {}
    for entry in entries:
        try:
            wishes[entry.name] = _wish(entry)
        except _NoKeyError as error:
            problems.append(Problem(entry.line, f"keys.{entry.name}", str(error)))
    while (found := _clash(wishes)) is not None:
        loser, why = found
        problems.append(Problem(loser.line, f"keys.{loser.action}", why))
        del wishes[loser.action]
    changed = {wish.action: wish.keys for wish in wishes.values() if wish.keys != BY_ID[wish.action].keys}
    return Keymap(changed), sorted(problems, key=lambda problem: problem.line)


def _wish(entry: Entry) -> _Wish:
    action = BY_ID.get(entry.name)
    if action is None:
        near = difflib.get_close_matches(entry.name.lower().replace("_", "-"), BY_ID, 1, 0.5)
        told = f"did you mean {near[0]}?" if near else "? in jamtui, or docs/keys.md, names them all"
        raise _NoKeyError(f"there is no action {entry.name!r}; {told}")
    kept = f"{_named(action.keys)} stays" if action.keys else "it stays without a key"
    given = [entry.value] if isinstance(entry.value, str) else entry.value
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise _NoKeyError(f'{entry.name} must be a key in quotes, or several: ["j", "down"]; {kept}')
    keys: list[str] = []
    for text in given:
        try:
            one = key(text)
        except _NoKeyError as error:
            raise _NoKeyError(f"{entry.name}: {error}; {kept}") from None
        in_text = {Where.COMPOSER, Where.SEARCH}.intersection(action.where) and one in _IN_TEXT
        if in_text or (_TYPING.intersection(action.where) and (one in _EDITING or _types(one))):
            raise _NoKeyError(
                f"{entry.name}: {text!r} is needed for typing where this works; take another with Ctrl, or an F key; "
                f"{kept}"
            )
        if one not in keys:
            keys.append(one)
    if not keys and entry.name in KEPT:
        raise _NoKeyError(f"{entry.name} must keep a key; {kept}")
    return _Wish(entry.name, tuple(keys), entry.line)


def _types(one: str) -> bool:
    """Whether a key puts a character into a text."""
    return len(one) == 1 or one in _SIGNS.values()


def _named(keys: Iterable[str]) -> str:
    return ", ".join(key_name(one) for one in keys)


def _clash(wishes: Mapping[str, _Wish]) -> tuple[_Wish, str] | None:
    """A wish that cannot be granted, since another action has its key in the same place; None when all can.

    Against an action that keeps its keys the wish loses; of two wishes, the one further down in the file.
    """

    def keys_of(action_id: str) -> tuple[str, ...]:
        wish = wishes.get(action_id)
        return BY_ID[action_id].keys if wish is None else wish.keys

    for first, second, one in _doubles(keys_of):
        losers = [wishes[action_id] for action_id in (first, second) if action_id in wishes]
        if not losers:
            continue  # the table itself: a test holds that there are none
        loser = max(losers, key=lambda wish: wish.line)
        winner = second if loser.action == first else first
        default = BY_ID[loser.action].keys
        kept = f"{_named(default)} stays" if default else "it stays without a key"
        way_out = "" if winner in wishes else f"; give {winner} another key, too"
        return loser, f"{loser.action}: {key_name(one)!r} does {winner} already{way_out}; {kept}"
    return None


def _doubles(keys_of: Callable[[str], tuple[str, ...]]) -> Iterator[tuple[str, str, str]]:
    """Pairs of actions that have a key in common where both work."""
    for where in Where:
        taken: dict[str, str] = {}
        for action in ACTIONS:
            if where in action.where or Where.APP in action.where:
                for one in keys_of(action.id):
                    if one in taken:
                        yield taken[one], action.id, one
                    else:
                        taken[one] = action.id


def doubles() -> list[tuple[str, str, str]]:
    """Clashes of the table as it comes: (action, action, key). There must be none."""
    return list(_doubles(lambda action_id: BY_ID[action_id].keys))
