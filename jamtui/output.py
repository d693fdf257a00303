"""What commands print: JSON lines for programs, tables for people, messages on standard error.

    standard output   rows, and nothing but rows. ``--json``: one object a line, as the archive has it, UTF-8, with
                      every control that could drive a terminal escaped (\\u009b). A terminal: a table. Else (a pipe,
                      ``--plain``): the same rows, fields apart by a tab, nothing cut, no header, no colour.
    standard error    what happened, in words

Imports little: `jamtui forums --json` in a script must not be slower than the shell around it.
"""

from __future__ import annotations

import contextlib
import json
import os

TYPE_CHECKING = False  # typing's own is not worth its import: see above
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TextIO

# DEL and C1; the bidi controls (Unicode's Bidi_Control); line separators that would split a line of output.
_ESCAPED = (*range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_ESCAPES = {code: f"\\u{code:04x}" for code in _ESCAPED}

# Around the code of a style until a line is written. Noncharacters, which `jamtui.safe_text` takes out of all texts.
_STYLE, _STYLED = "\ufdd0", "\ufdd1"

BOLD, DIM, GREEN, YELLOW, RED = "1", "2", "32", "33", "31"


def json_line(row: Mapping[str, object]) -> str:
    """``row`` as one line of JSON (without the line feed) that no terminal can be driven by."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


class Output:
    """Where one command prints. ``columns`` is the width of the terminal."""

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        *,
        as_json: bool = False,
        plain: bool = False,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._out = out
        self._err = err
        self.json = as_json
        self.table_wanted = out.isatty() and not plain and not as_json
        self.colour = self.table_wanted and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        self._unbroken = self.table_wanted and environ.get("TERM") != "dumb"
        self.talks = err.isatty()
        self.paints = self.talks and not plain and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        self.columns = _columns(out) if self.table_wanted else 80

    # -- rows

    def row(self, row: Mapping[str, object]) -> None:
        """One object of ``--json``."""
        self._out.write(json_line(row) + "\n")

    def line(self, text: str = "") -> None:
        """One line for people; ``text`` is harmless already, and what of it is not is refused."""
        self._out.write(_shown(text) + "\n")

    def unbroken(self, text: str) -> None:
        """One line for people that ends where the terminal does. What went on in the next one would begin there as a
        line of ours: strangers choose their texts, and signs whose width a terminal knows otherwise than we."""
        self._out.write(f"\x1b[?7l{_shown(text)}\x1b[?7h\n" if self._unbroken and text else f"{_shown(text)}\n")

    def fields(self, cells: Iterable[object]) -> None:
        """One line for programs: fields apart by tabs."""
        self._out.write("\t".join(_shown(str(cell).replace("\t", " ").replace("\n", " ")) for cell in cells) + "\n")

    def flush(self) -> None:
        self._out.flush()

    def table(
        self,
        headers: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        give: int,
        right: str = "",
        strong: Sequence[bool] = (),
    ) -> None:
        """Rows for people; their texts are harmless already. Column ``give`` is cut when the terminal is too narrow;
        columns whose header is in ``right`` (space-separated) stand flush right; rows that are ``strong`` are bold.
        """
        if not self.table_wanted:
            for row in rows:
                self.fields(row)
            return
        texts = [[_text(cell) for cell in row] for row in rows]
        flush_right = [header in right.split() for header in headers]
        cells = [list(headers), *texts]
        widths = [max(width(row[at]) for row in cells) for at in range(len(headers))]
        spare = self.columns - sum(widths) - 2 * (len(widths) - 1)
        if spare < 0:
            widths[give] = max(10, widths[give] + spare)
        styles = [DIM, *(BOLD if one else "" for one in strong), *[""] * len(texts)]
        for row, style in zip(cells, styles, strict=False):
            parts = [fit(cell, widths[at], right=flush_right[at]) for at, cell in enumerate(row)]
            text = "  ".join(parts).rstrip()
            (self.line if text.replace("…", "").isascii() else self.unbroken)(self.style(text, style))

    def style(self, text: str, code: str) -> str:
        """``text`` in an SGR style, on a terminal that wants colour; else as it is."""
        return f"{_STYLE}{code}{_STYLED}{text}{_STYLE}0{_STYLED}" if self.colour and code and text else text

    # -- words

    def say(self, text: str) -> None:
        """A message for people, on standard error; strangers' words in it are made harmless here."""
        from jamtui.safe_text import safe_line

        self._err.write(f"{safe_line(text)}\n")
        self._err.flush()

    def drawing(self, lines: Sequence[str], code: str) -> None:
        """Lines of a drawing of ours on standard error, in an SGR style where the terminal wants colour."""
        for line in map(_shown, lines):
            self._err.write(f"\x1b[{code}m{line}\x1b[0m\n" if self.paints else f"{line}\n")
        self._err.flush()

    def status(self, text: str) -> None:
        """One line on standard error that is written over, on a terminal only; `progress_done` takes it away. It is cut
        where the terminal ends: what went on in the next line would stay there."""
        if self.talks:
            self._err.write(f"\r\x1b[K{fit(_shown(text), _columns(self._err) - 1).rstrip()}")
            self._err.flush()

    def progress(self, what: str, done: int, total: int) -> None:
        """How far something is, as `status` tells it; ``done`` and ``total`` in bytes."""
        self.status(f"{what} {100 * done // total}%" if total else f"{what} {done / 1e6:.1f} MB")

    def progress_done(self) -> None:
        if self.talks:
            self._err.write("\r\x1b[K")
            self._err.flush()


def _shown(text: str) -> str:
    """``text`` as it is written: no control code but line feeds and our own styles, whatever was forgotten before."""
    if text.isprintable():
        return text
    from jamtui.safe_text import refuse_controls

    text = "\n".join(map(refuse_controls, text.split("\n")))
    return _own_styles().sub("\x1b[\\1m", text) if _STYLE in text else text


def _own_styles() -> re.Pattern[str]:
    import re

    return re.compile(f"{_STYLE}(\\d{{1,2}}){_STYLED}")


def problem(title: str, hint: str) -> str:
    """What is told about an error: ``jamtui: title. hint``."""
    title = title.rstrip(".")
    title += "" if title.endswith(("?", "!", "…")) else "."
    return f"jamtui: {title} {hint}".rstrip()


def local_time(moment: object) -> str:
    """An aware datetime as people read it, in their own zone, to the minute."""
    from datetime import datetime

    if not isinstance(moment, datetime):
        return ""
    # At the edge of time another zone has no such hour: then it is told as it was written.
    with contextlib.suppress(OverflowError, ValueError, OSError):
        moment = moment.astimezone()
    return moment.strftime("%Y-%m-%d %H:%M")


def width(text: str) -> int:
    """Columns that ``text`` takes on a terminal: wide characters two, marks that stand on others none."""
    if text.isascii():
        return len(text)
    return sum(columns_of(text, at) for at in range(len(text)))


def fit(text: str, columns: int, *, right: bool = False) -> str:
    """``text`` in exactly that many columns: filled with spaces, or cut and ended by an ellipsis."""
    taken = width(text)
    if taken > columns:
        kept, room = 0, max(0, columns - 1)
        while kept < len(text) and (step := columns_of(text, kept)) <= room:
            room -= step
            kept += 1
        text = text[:kept] + "…" if columns else ""
        taken = columns - room if columns else 0
    space = " " * (columns - taken)
    return space + text if right else text + space


def columns_of(text: str, at: int) -> int:
    """The columns of one character, by what stands before it."""
    import unicodedata

    char = text[at]
    if char == "\ufe0f":  # asks for the emoji form of what stands before it, two columns wide
        return 1 if at and unicodedata.east_asian_width(text[at - 1]) not in "WF" else 0
    if unicodedata.category(char) in ("Mn", "Me", "Cf") or "\u1160" <= char <= "\u11ff":
        return 0  # the latter: vowels and finals that stand in the block of the Hangul consonant before them
    if at and unicodedata.category(char) in ("So", "Sk"):
        before = text[at - 1]
        joined = before == "\u200d" and at > 1 and _is_sign(text[at - 2])
        toned = "\U0001f3fb" <= char <= "\U0001f3ff" and _is_sign(before)
        if joined or toned:  # a family, a profession, a colour of skin: one sign with what stands before it
            return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _is_sign(char: str) -> bool:
    """Whether an emoji may go on after this: one, its colour of skin, or the mark that asks for its emoji form."""
    import unicodedata

    return char == "\ufe0f" or unicodedata.category(char) in ("So", "Sk")


def _text(cell: object) -> str:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}" if cell >= 10_000 else str(cell)
    return str(cell)


def _columns(out: TextIO) -> int:
    try:
        return os.get_terminal_size(out.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def throttled(show: Callable[[int, int], None], clock: Callable[[], float], after: float) -> Callable[[int, int], None]:
    """``show``, but only once ``after`` seconds have gone by since now: short work needs no progress."""
    begin = clock()

    def maybe(done: int, total: int) -> None:
        if clock() - begin >= after:
            show(done, total)

    return maybe
