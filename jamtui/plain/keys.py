"""What a terminal sends, as the keys of the action table: ``j``, ``pagedown``, ``ctrl+s``, ``question_mark``."""

from __future__ import annotations

import codecs
import unicodedata

from msgspec import Struct

ESCAPE = "\x1b"
MOST = 32  # characters of an escape sequence; what goes on longer is none of ours and is dropped

_CONTROLS = {"\r": "enter", "\n": "enter", "\t": "tab", "\x7f": "backspace", "\x08": "backspace", " ": "space"}
_SEQUENCES = {
    "[A": "up", "[B": "down", "[C": "right", "[D": "left", "OA": "up", "OB": "down", "OC": "right", "OD": "left",
    "[H": "home", "[F": "end", "OH": "home", "OF": "end", "[1~": "home", "[4~": "end", "[7~": "home", "[8~": "end",
    "[2~": "insert", "[3~": "delete", "[5~": "pageup", "[6~": "pagedown", "[Z": "shift+tab", "OM": "enter",
}  # fmt: skip
_MODIFIERS = {2: "shift", 5: "ctrl", 6: "ctrl+shift"}  # as xterm numbers them
_NUMBERED = (11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24)  # of F1 to F12
_SEQUENCES |= {f"[{number}~": f"f{at}" for at, number in enumerate(_NUMBERED, 1)}
_SEQUENCES |= {f"{begin}{letter}": f"f{at}" for begin in ("O", "[1;1") for at, letter in enumerate("PQRS", 1)}
_SEQUENCES |= {f"[[{letter}": f"f{at}" for at, letter in enumerate("ABCDE", 1)}  # the console of Linux
for _number, _modifier in _MODIFIERS.items():
    _SEQUENCES |= {f"[{number};{_number}~": f"{_modifier}+f{at}" for at, number in enumerate(_NUMBERED, 1)}
    _SEQUENCES |= {f"[1;{_number}{letter}": f"{_modifier}+f{at}" for at, letter in enumerate("PQRS", 1)}
    for _body, _name in (("A", "up"), ("B", "down"), ("C", "right"), ("D", "left"), ("H", "home"), ("F", "end")):
        _SEQUENCES[f"[1;{_number}{_body}"] = f"{_modifier}+{_name}"
    for _code, _name in ((2, "insert"), (3, "delete"), (5, "pageup"), (6, "pagedown")):
        _SEQUENCES[f"[{_code};{_number}~"] = f"{_modifier}+{_name}"
_CONTROL_SIGNS = {
    "\x00": "ctrl+at", "\x1c": "ctrl+backslash", "\x1d": "ctrl+right_square_bracket",
    "\x1e": "ctrl+circumflex_accent", "\x1f": "ctrl+underscore",
}  # fmt: skip
# Textual's own names, where they are not those of Unicode.
_NAMES = {
    "/": "slash", "\\": "backslash", "@": "at", "-": "minus", "+": "plus", "_": "underscore",
}  # fmt: skip


class Key(Struct, frozen=True):
    """``name`` as in the action table; ``text`` what it types, "" for keys that type nothing."""

    name: str
    text: str = ""


def key_of(char: str) -> Key:
    """One character as a key."""
    if char in _CONTROLS:
        return Key(_CONTROLS[char], " " if char == " " else "")
    if char == ESCAPE:
        return Key("escape")
    if char in _CONTROL_SIGNS:
        return Key(_CONTROL_SIGNS[char])
    if ord(char) < 0x20:
        return Key(f"ctrl+{chr(ord(char) + 0x60)}")
    if not char.isprintable() and unicodedata.category(char) not in ("Cf", "Mn", "Mc", "Me"):
        return Key("unknown")
    if char.isalnum():
        return Key(char, char)
    name = unicodedata.name(char, "").lower().replace("-", "_").replace(" ", "_")
    return Key(_NAMES.get(char, name or char), char)


class Keys:
    """Bytes in, keys out. A lone Escape is one only when nothing follows it for a moment: see `flush`."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""  # an escape sequence that is not whole

    @property
    def waiting(self) -> bool:
        """Whether an Escape was sent that may be a key or the beginning of one."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Key]:
        found: list[Key] = []
        for char in self._decoder.decode(data):
            if not self._held:
                if char == ESCAPE:
                    self._held = char
                else:
                    found.append(key_of(char))
                continue
            if char == ESCAPE and len(self._held) == 1:
                found.append(Key("escape"))
                continue
            self._held += char
            body = self._held[1:]
            if body in _SEQUENCES:
                found.append(Key(_SEQUENCES[body]))
                self._held = ""
            elif len(body) == 1 and body not in "[O":
                self._held = ""  # Alt with a key, or a key that follows Escape at once: both were meant
                found += [Key("escape"), key_of(char)]
            elif body != "[[" and len(body) > 1 and ("@" <= char <= "~" or len(body) > MOST):
                self._held = ""  # a key that we do not know
        return found

    def flush(self) -> list[Key]:
        """What was held back, when nothing followed it."""
        held, self._held = self._held, ""
        return [Key("escape")] if held == ESCAPE else []
