"""Lines broken at words, in the columns of a terminal; without a screen library."""

from __future__ import annotations

from jamtui.output import columns_of, width


def wrap(text: str, columns: int, first: str = "", rest: str | None = None) -> list[str]:
    """``text`` in lines of at most ``columns``, broken between words; line feeds in it break lines too.

    ``first`` stands before the first line, ``rest`` before the others (spaces as wide as ``first`` when not given).
    """
    rest = " " * width(first) if rest is None else rest
    if columns - width(first) < 8 or columns - width(rest) < 8:
        first = rest = ""
    lines: list[str] = []
    for part in text.split("\n"):
        lines += _words(part, columns, rest if lines else first, rest)
    return lines


def _words(text: str, columns: int, first: str, rest: str) -> list[str]:
    lines: list[str] = []
    line, used, empty = first, width(first), True
    for word in text.split(" "):
        if not word:
            continue
        cells = width(word)
        if not empty and used + 1 + cells > columns:
            lines.append(line)
            line, used, empty = rest, width(rest), True
        if not empty:
            line += " "
            used += 1
        if used + cells <= columns:
            line += word
            used += cells
        else:
            *full, (line, used) = _broken(word, columns, line, used, rest)
            lines += [one for one, _ in full]
        empty = False
    lines.append(line.rstrip(" "))
    return lines


def _broken(word: str, columns: int, line: str, used: int, rest: str) -> list[tuple[str, int]]:
    """A word longer than a line, in pieces; a mark stays with what it stands on."""
    pieces: list[tuple[str, int]] = []
    for at, char in enumerate(word):
        cells = 1 if char.isascii() else columns_of(word, at)
        if used + cells > columns and cells > 0:
            pieces.append((line, used))
            line, used = rest, width(rest)
        line += char
        used += cells
    return [*pieces, (line, used)]
