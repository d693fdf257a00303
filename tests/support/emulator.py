"""The terminal that tests look at: pyte's, made quick where programs of today spend a terminal's time.

pyte goes through an escape sequence sign by sign, makes each cell by `_replace`, and its `display` makes every line
anew: that was more work than what the program under test does for the same frame. Here colours and moves are read
whole, text of narrow signs is put down cell by cell, and of the lines only those that changed are made. All else is
pyte's.
"""

from __future__ import annotations

import re
from typing import Any

import pyte
from pyte import charsets, modes
from pyte.screens import Char
from wcwidth import wcwidth

_WHOLE = re.compile(r"\x1b\[([0-9;]*)([mH])")


class _Cells(dict[str, "Char | None"]):
    """A sign to its cell in one style; None when it is no narrow one."""

    def __init__(self, style: Char) -> None:
        self._style = style

    def __missing__(self, sign: str) -> Char | None:
        self[sign] = cell = self._style._replace(data=sign) if wcwidth(sign) == 1 else None
        return cell


class Screen(pyte.Screen):
    """pyte 0.8 stumbles over private forms of SGR and DSR that terminals ignore."""

    def __init__(self, columns: int, lines: int) -> None:
        self._cells: dict[Char, _Cells] = {}
        self._lines: list[str] = []
        super().__init__(columns, lines)

    def select_graphic_rendition(self, *attrs: int, **private: Any) -> None:
        if not private.get("private"):
            super().select_graphic_rendition(*attrs)

    def draw(self, data: str) -> None:
        cursor = self.cursor
        if (
            cursor.x + len(data) > self.columns
            or modes.IRM in self.mode
            or self.charset
            or self.g0_charset is not charsets.LAT1_MAP
        ):
            super().draw(data)
            return
        cells = self._cells.get(cursor.attrs) or self._cells.setdefault(cursor.attrs, _Cells(cursor.attrs))
        line, x = self.buffer[cursor.y], cursor.x
        for at, sign in enumerate(data):
            cell = cells[sign]
            if cell is None:
                cursor.x = x
                super().draw(data[at:])
                return
            line[x] = cell
            x += 1
        cursor.x = x
        self.dirty.add(cursor.y)

    @property
    def display(self) -> list[str]:
        """As pyte has it, which stumbles over a cell that half of an overdrawn wide character left empty."""
        if len(self._lines) != self.lines:
            self._lines = [""] * self.lines
            self.dirty.update(range(self.lines))
        for y in self.dirty:
            if y < self.lines:
                self._lines[y] = self._line(y)
        self.dirty.clear()
        return list(self._lines)

    def _line(self, y: int) -> str:
        cells = [self.buffer[y][x].data for x in range(self.columns)]
        wide = [bool(cell) and not cell.isascii() and wcwidth(cell[0]) == 2 for cell in cells]
        return "".join(cell or " " for x, cell in enumerate(cells) if not (x and wide[x - 1]))

    def report_device_status(self, *_: Any, **__: Any) -> None: ...

    def report_device_attributes(self, *_: Any, **__: Any) -> None: ...


class Stream(pyte.ByteStream):
    """Bytes for a `Screen`."""

    def feed(self, data: bytes) -> None:
        text = self.utf8_decoder.decode(data) if self.use_utf8 else "".join(map(chr, data))
        begin = 0
        for found in _WHOLE.finditer(text):
            pyte.Stream.feed(self, text[begin : found.start()])
            if self._taking_plain_text:
                words = [min(int(word or 0), 9999) for word in found[1].split(";")]
                (self.listener.select_graphic_rendition if found[2] == "m" else self.listener.cursor_position)(*words)
            else:  # within another sequence: that of a title, say
                pyte.Stream.feed(self, found[0])
            begin = found.end()
        pyte.Stream.feed(self, text[begin:])
