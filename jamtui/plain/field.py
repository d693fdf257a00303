"""A line that is being typed, on one row of the terminal: each key writes as little as it can.

Letters at the end are echoed, a letter at the end is rubbed out; any other change writes the row anew from where it
begins. A line longer than the row is shown in part, the caret always in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jamtui.output import width
from jamtui.plain.keys import Key

ERASE = "\x1b[K"  # from the cursor to the end of the row


class Field:
    """``label`` stands before the text on its row. `press` answers what is to be written for a key."""

    def __init__(
        self,
        label: str,
        text: str,
        columns: int,
        complete: Callable[[str], Sequence[str]] | None = None,
        secret: bool = False,
    ) -> None:
        self.text = text
        self.at = len(text)
        self._label = label
        self._room = max(8, columns - width(label) - 1)
        self._from = 0  # index of the first character that is shown
        self._complete = complete
        self._secret = secret
        self._stem = ""
        self._turn = -1

    def shown(self) -> str:
        """The row, from its first column; the cursor ends at the caret."""
        if self._secret:
            return f"\r{self._label}"
        self._from = min(self._from, self.at)
        while width(self.text[self._from : self.at]) > self._room:
            self._from += max(1, self._room // 2)  # jumps, so that not every key writes the row
        self._from = min(self._from, self.at)
        stop = self.at
        while stop < len(self.text) and width(self.text[self._from : stop + 1]) <= self._room:
            stop += 1
        behind = "\b" * width(self.text[self.at : stop])
        return f"\r{self._label}{self.text[self._from : stop]}{ERASE}{behind}"

    def press(self, key: Key) -> str:
        """Changes the text as the key says; what is to be written then."""
        if key.name != "tab":
            self._turn = -1
        if key.text:
            return self._insert(key.text)
        match key.name:
            case "backspace":
                return self._rub_out()
            case "delete" | "ctrl+d":
                return self._cut(self.at, self.at + 1) if self.at < len(self.text) else ""
            case "left" | "ctrl+b" if self.at:
                self.at -= 1
            case "right" | "ctrl+f" if self.at < len(self.text):
                self.at += 1
            case "home" | "ctrl+a":
                self.at = 0
            case "end" | "ctrl+e":
                self.at = len(self.text)
            case "ctrl+u":
                return self._cut(0, self.at)
            case "ctrl+k":
                return self._cut(self.at, len(self.text))
            case "ctrl+w":
                kept = self.text[: self.at].rstrip(" ").rpartition(" ")
                return self._cut(len(kept[0] + kept[1]), self.at)
            case "tab":
                return self._completed()
            case _:
                return ""
        return self.shown()

    def _insert(self, text: str) -> str:
        at_end = self.at == len(self.text)
        self.text = self.text[: self.at] + text + self.text[self.at :]
        self.at += len(text)
        if self._secret:
            return ""
        if at_end and width(self.text[self._from :]) <= self._room:
            return text
        return self.shown()

    def _rub_out(self) -> str:
        if not self.at:
            return ""
        gone = self.text[self.at - 1]
        at_end = self.at == len(self.text)
        self.text = self.text[: self.at - 1] + self.text[self.at :]
        self.at -= 1
        if self._secret:
            return ""
        cells = width(gone)
        if at_end and cells and (self.at > self._from or not self._from):
            return "\b" * cells + " " * cells + "\b" * cells
        return self.shown()

    def _cut(self, start: int, stop: int) -> str:
        self.text = self.text[:start] + self.text[stop:]
        self.at = start
        return self.shown()

    def _completed(self) -> str:
        """Tab goes through the completions of what was typed."""
        if self._complete is None:
            return ""
        if self._turn < 0:
            self._stem = self.text
        found = self._complete(self._stem)
        if not found:
            return ""
        self._turn = (self._turn + 1) % len(found)
        self.text = found[self._turn]
        self.at = len(self.text)
        return self.shown()
