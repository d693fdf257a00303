"""What terminals draw at different widths, written so that what stands behind it is in its column all the same.

Joined emoji, flags, skin tones, variation selectors and the vowel signs of many scripts take one cell on one terminal
and two or four on another. Around each, the cursor is saved, the cells that we reckon with are cleared, it is written,
and the cursor is put where it has to be: DECSC, DECRC and CUF, which every terminal has.
"""

from __future__ import annotations

import errno
import re
from functools import cache, lru_cache
from typing import IO, TYPE_CHECKING, Any

from rich.cells import cell_len
from textual._ansi_sequences import SYNC_END, SYNC_START

if TYPE_CHECKING:
    from textual.driver import Driver

_SIGN = "[^\x00-\x20\x7f]"
_MARK = "[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
_FLAG = "[\U0001f1e6-\U0001f1ff]"
# Unknown to older terminals.
_RECENT = "[\U0001f1ad-\U0001f1e5\U0001f6d5-\U0001f6df\U0001f7d9-\U0001f7ff\U0001f90c\U0001fa70-\U0001faff]"
# Scripts whose signs hang on others, take a cell of their own or none, as the terminal has it: Brahmic ones, Hangul in
# its parts, and marks of later than Unicode 14; wherever they stand, since strangers put them on any letter.
_JOINING = (
    "\u0897\u0900-\u0dff\u0ece\u0f00-\u109f\u1100-\u11ff\u1700-\u173f\u1780-\u17ff\u1900-\u194f\u1a00-\u1aad"
    "\u1acf-\u1c4f\u1cd0-\u1cff\u302e\u302f\ua800-\ua82f\ua880-\ua8ff\ua930-\ua9ff\uaa00-\uaa7f\uaae0-\uaaff"
    "\uabc0-\uabff\ud7b0-\ud7ff\U00010a00-\U00016fff\U0001bc9d-\U0001d2ff\U0001d800-\U0001e95f"
)
# Trigrams, hexagrams, counting rods: wide since Unicode 16. Circled numbers that some have wide; what is private, and
# what is nothing yet.
_UNSURE = (
    "\u2630-\u2637\u268a-\u268f\u3248-\u324f\u4dc0-\u4dff\ue000-\uf8ff\U00018d00-\U000191ff\U0001b123-\U0001b168"
    "\U0001d300-\U0001d3ff\U0002a6d7-\U0002f7ff\U0002fa1e-\U000e001f\U000e0080-\U0010ffff"
)
# What is ours between their texts: it stays whole.
_SEQUENCE = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*\x07?|[^\\[\\]])")


@cache
def _unsteady() -> re.Pattern[str]:
    return re.compile(
        f"{_FLAG}{{1,2}}|{_SIGN}(?:{_MARK}+|(?=\u200d))(?:\u200d{_SIGN}{_MARK}*)*|{_RECENT}|[{_UNSURE}]+|"
        f"{_SIGN}?[{_JOINING}][{_JOINING}\u0300-\u036f\u200c\u200d]*|{_MARK}+"
    )


@cache
def _suspects() -> re.Pattern[str]:
    """One character of what may be unsteady: looked for first, since most of what is written has none."""
    return re.compile(f"[{_JOINING}{_UNSURE}\u200d{_MARK[1:-1]}{_FLAG[1:-1]}{_RECENT[1:-1]}]")


def _held(found: re.Match[str]) -> str:
    text = found[0]
    cells = cell_len(text)
    # What takes none by our reckoning hangs on what stands before it; where it takes one, the next sign covers it.
    return f"\x1b7{' ' * cells}\x1b8\x1b7{text}\x1b8\x1b[{cells}C" if cells else f"\x1b7{text}\x1b8"


def steady(data: str) -> str:
    """``data`` as it goes to a terminal: text between escape sequences."""
    if data.isascii() or (suspect := _suspects().search(data)) is None:
        return data
    held = _unsteady().sub
    parts: list[str] = []
    done = 0
    while suspect is not None:  # of a frame of a thousand pieces one or two have such a sign
        begin, end = data.rfind("\x1b", done, suspect.start()), data.find("\x1b", suspect.end())
        # A text may begin with a mark: the sequence before it is not what it hangs on.
        ours = _SEQUENCE.match(data, begin) if begin >= 0 else None
        begin = done if begin < 0 else suspect.start() if ours is None else ours.end()
        end = end if end >= 0 else len(data)
        parts += (data[done:begin], held(_held, data[begin:end]))
        done = end
        suspect = _suspects().search(data, done)
    return "".join((*parts, data[done:]))


class Steady(str):
    """Output that is steady already, as is what is joined to it: sequences, no text."""

    __slots__ = ()

    def __add__(self, other: str) -> Steady:
        return Steady(str.__add__(self, other))


steady_line = lru_cache(4096)(steady)  # lines go out again and again; a frame that scrolls has 11,000 characters


class GoneQuietly:
    """A terminal that may be gone. What is written to it then is for nobody: the thread that writes goes on taking it,
    or the program would wait for ever for room in its queue, and neither save a draft nor end at SIGHUP."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, text: str) -> int:
        try:
            return self._file.write(text)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return len(text)

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError as error:
            if error.errno != errno.EIO:
                raise


def steadied(base: type[Driver]) -> type[Driver]:
    """A driver that writes what ``base`` does, steadily, a synchronised update in one piece, and outlives its terminal.

    Textual writes the beginning, the frame and the end of one. The thread that writes would wake with the first, and
    take Python's lock from the frame that is still being made.
    """

    class SteadyDriver(base):  # type: ignore[misc, valid-type] # which driver it is, the system decides
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self._update = ""  # what there is of it
            file: IO[str] | None = getattr(self, "_file", None)
            if file is not None:  # a driver without a terminal has none
                self._file: Any = GoneQuietly(file)

        def write(self, data: str) -> None:
            if data == SYNC_START and not self._update:
                self._update = data
                return
            ready = data if isinstance(data, Steady) else steady(data)
            if not self._update:
                super().write(ready)
                return
            self._update += ready
            if data == SYNC_END:
                self._let_go()

        def flush(self) -> None:
            self._let_go()
            super().flush()

        def _let_go(self) -> None:
            update, self._update = self._update, ""
            if update:
                super().write(update)

    return SteadyDriver
