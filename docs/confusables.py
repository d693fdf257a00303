"""Prints jamtui/confusables.txt from Unicode's own ``confusables.txt``: ``make confusables FROM=confusables.txt``.

The file of a version stands at https://www.unicode.org/Public/security/latest/confusables.txt. What `jamtui.names`
does before it looks here (NFKD) makes more than half of its rows needless; these are left out. Small capitals and
letters in boxes, which Unicode does not hold confusable with letters but people do, are put in.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from pathlib import Path

_VERSION = re.compile(r"^# Version: (\S+)", re.MULTILINE)
_COPYRIGHT = re.compile(r"^# (© .*)$", re.MULTILINE)
_BOXED = (
    (0x1F130, "A"),
    (0x1F150, "A"),
    (0x1F170, "A"),
    (0x1F1E6, "A"),
)  # squared, negative circled and squared, flags
_IN_A_ROW = 16
_SMALL_CAPITAL = re.compile(r"LATIN LETTER SMALL CAPITAL ([A-Z])")


def page(source: str) -> str:
    """The table, as `rows` has it."""
    version, copyright_line = _VERSION.search(source), _COPYRIGHT.search(source)
    if version is None or copyright_line is None:
        raise SystemExit("not Unicode's confusables.txt: it names no version and no copyright")
    pairs: dict[str, str] = {}
    for line in source.splitlines():
        fields = line.partition("#")[0].split(";")
        if len(fields) >= 2:
            char, shown = (_text(field) for field in fields[:2])
            if len(char) == 1 and ord(char) > 0x7F and unicodedata.normalize("NFKD", char) == char:
                pairs[char] = shown
    for code in range(0x250, 0xA800):
        if found := _SMALL_CAPITAL.fullmatch(unicodedata.name(chr(code), "")):
            pairs[chr(code)] = found[1].lower()
    for first, letter in _BOXED:
        for step in range(26):
            char = chr(first + step)
            if unicodedata.normalize("NFKD", char) == char:
                pairs.setdefault(char, chr(ord(letter) + step).lower())
    # Unicode's table is closed: what a character is taken for is taken for nothing else. It is so with ours in it, too.
    table = str.maketrans(pairs)
    pairs = {char: unicodedata.normalize("NFKD", shown).translate(table) for char, shown in pairs.items()}
    pairs = {char: shown for char, shown in pairs.items() if char != shown}
    head = [
        f"# Made by docs/confusables.py from confusables.txt {version[1]} of Unicode, with changes (see there).",
        f"# {copyright_line[1]}",
        "# Under the Unicode License V3, which stands in NOTICE. Code points, below them what each is taken for.",
        "",
    ]
    return "\n".join([*head, *rows(pairs)]) + "\n"


def rows(pairs: dict[str, str]) -> list[str]:
    """Pairs of lines: the code points of some characters, and what each of them is taken for, with ␟ between. It is
    read on the way to the first frame of the TUI, so there is next to nothing to do then."""
    chars = sorted(pairs)
    lines: list[str] = []
    for first in range(0, len(chars), _IN_A_ROW):
        some = chars[first : first + _IN_A_ROW]
        lines += [" ".join(f"{ord(char):x}" for char in some), "␟".join(pairs[char] for char in some)]
    return lines


def _text(field: str) -> str:
    return "".join(chr(int(code, 16)) for code in field.split())


if __name__ == "__main__":
    sys.stdout.write(page(Path(sys.argv[1]).read_text(encoding="utf-8-sig")))
