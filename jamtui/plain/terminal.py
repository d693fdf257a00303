"""The terminal of plain mode: keys one at a time, lines below lines, and the terminal given back as it was.

Of all control sequences it writes five: up, down and to the end of a row for the cursor, the clipboard's, and that of a
notification, which `jamtui.notify` makes.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import select
import signal
import sys
import termios
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import FrameType
from typing import Any, Self

from jamtui.plain.console import Ended, Typed, nothing, stop
from jamtui.plain.field import Field
from jamtui.plain.keys import Key, Keys
from jamtui.safe_text import leaving, refuse_controls

ESCAPE_AFTER = 0.1  # seconds after which an Escape is a key of its own
RESTED_AFTER = 0.4  # seconds after a change: promised is one second until a draft is on the disk
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH, signal.SIGCONT, signal.SIGTSTP)

_CERTAIN = re.compile("[\x00-\u02ff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]*")  # one cell each, everywhere


class Terminal:
    """A context manager: inside, keys come as they are pressed; afterwards every setting is as before.

    Belongs to one thread; `wake` alone may be called from others.
    """

    keyed = True

    def __init__(self, read: int, write: int, environ: Mapping[str, str]) -> None:
        """``read`` and ``write`` are file descriptors of a terminal."""
        self._in = read
        self._out = write
        self._environ = environ
        self._before: list[Any] = termios.tcgetattr(read)
        self._keys = Keys()
        self._queue: deque[Key] = deque()
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._waker, False)
        self._handlers: dict[int, Any] = {}
        self._wakeup = -1
        self._ended = 0
        self._resized = False
        self._again = False  # brought back to the foreground
        self._stop = False
        self._below = 0  # rows of text under the row of the cursor
        self._blank = True  # nothing stands on the row of the cursor
        self.resting: Callable[[], AbstractContextManager[None]] = nothing

    # -- taken and given back

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._handlers[number] = signal.signal(number, self._signalled)
        self._wakeup = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._raw()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._blank:
            with contextlib.suppress(Ended):  # nobody is there to see it
                self._write(self._to_new_row())
        self._restore()
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._woken)
        os.close(self._waker)

    def _raw(self) -> None:
        mode = termios.tcgetattr(self._in)
        mode[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON | termios.ISTRIP | termios.BRKINT)
        mode[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        self._set(mode)

    def _restore(self) -> None:
        self._set(self._before)

    def _set(self, mode: list[Any]) -> None:
        try:
            termios.tcsetattr(self._in, termios.TCSADRAIN, mode)
        except termios.error:
            self._ended = self._ended or 128 + signal.SIGHUP  # the terminal is gone

    def _signalled(self, number: int, _: FrameType | None) -> None:
        if number in (signal.SIGTERM, signal.SIGHUP):
            self._ended = 128 + number
        elif number == signal.SIGTSTP:
            self._stop = True
        elif number == signal.SIGCONT:
            self._again = True
        else:
            self._resized = True

    @contextlib.contextmanager
    def released(self) -> Iterator[None]:
        self._write(self._to_new_row())
        self._blank = True
        self._restore()
        try:
            yield
        finally:
            self._raw()

    def suspend(self) -> None:
        with self.resting(), self.released():
            stop()

    # -- lines

    @property
    def columns(self) -> int:
        return max(20, self._size()[0] - 1)  # the last column stays free: what happens past it differs

    @property
    def page(self) -> int:
        return max(2, self._size()[1] - 2)

    def _size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self._out)
        except OSError:
            return 80, 24
        return size.columns or 80, size.lines or 24

    def _to_new_row(self) -> str:
        """The way from the cursor to a new row under all that was written."""
        if self._resized:
            self._resized = False
            self._below = 999  # rows may have been broken anew: the last row is below whatever they are
        down = f"\x1b[{self._below}B" if self._below else ""
        self._below = 0
        return "" if self._blank else f"{down}\r\n"

    def tell(self, lines: Sequence[str], item: Sequence[str] = ()) -> None:
        told = [*lines, *item]
        if not told:
            return
        text = self._to_new_row() + "\r\n".join(map(_row, told))
        self._below = min(len(item or told), self._size()[1]) - 1
        self._blank = False
        self._write(text + (f"\x1b[{self._below}A" if self._below else "") + "\r")

    def whisper(self, lines: Sequence[str]) -> bool:
        if self._resized or self._blank or self._below + len(lines) >= self._size()[1]:
            return False
        up = self._below + len(lines)
        self._write(self._to_new_row() + "\r\n".join(map(_row, lines)) + f"\x1b[{up}A\r")
        self._below = up
        return True

    def _write(self, text: str) -> None:
        data = text.encode(sys.stdout.encoding or "utf-8", "replace")  # as `jamtui.cli` found the terminal to want it
        while data:
            try:
                data = data[os.write(self._out, data) :]
            except BlockingIOError:
                select.select([], [self._out], [])
            except OSError:
                raise Ended(128 + signal.SIGHUP) from None

    # -- keys

    @property
    def pasting(self) -> bool:
        return bool(self._queue) or self._ready()

    def _ready(self) -> bool:
        return bool(select.select([self._in], [], [], 0)[0])

    def wake(self) -> None:
        with contextlib.suppress(OSError):  # full of calls already; or closed, at the end
            os.write(self._waker, b"w")

    def command(self, timeout: float | None) -> Key | None:
        """A key; None after ``timeout`` seconds or when something happened. See `Console.command`."""
        if self._queue:
            return self._queue.popleft()
        while True:
            if self._ended:
                raise Ended(self._ended)
            if self._stop:
                self._stop = False
                self.suspend()
                self._again = True
            if self._again:
                self._again = False
                self._raw()
                return Key("ctrl+l")  # says again where one is
            wait = ESCAPE_AFTER if self._keys.waiting else timeout
            ready, _, _ = select.select([self._in, self._woken], [], [], wait)
            if self._in in ready:
                self._queue.extend(self._keys.feed(self._read()))
            elif not ready and self._keys.waiting:
                self._queue.extend(self._keys.flush())
            if self._queue:
                return self._queue.popleft()
            if self._woken in ready:
                os.read(self._woken, 4096)
                if not self._interrupted():
                    return None
            elif not ready:
                return None

    def _interrupted(self) -> bool:
        """Whether a signal came that is to be dealt with."""
        return bool(self._ended or self._again or self._stop)

    def _read(self) -> bytes:
        try:
            data = os.read(self._in, 4096)
        except OSError:
            data = b""
        if not data:
            raise Ended(128 + signal.SIGHUP)
        return data

    def line(
        self,
        label: str,
        text: str = "",
        *,
        ends: frozenset[str] = frozenset(),
        complete: Callable[[str], Sequence[str]] | None = None,
        secret: bool = False,
        rested: Callable[[str], None] | None = None,
    ) -> Typed:
        field = Field(refuse_controls(label), refuse_controls(text), self.columns, complete, secret)
        self._write(self._to_new_row() + field.shown())
        self._blank = False
        saved = text
        due: float | None = None
        try:
            while True:
                key = self.command(None if due is None else max(0.0, due - time.monotonic()))
                if rested is not None and due is not None and time.monotonic() >= due:
                    rested(field.text)
                    saved, due = field.text, None
                if key is None:
                    continue
                if key.name == "ctrl+l":
                    self._write(field.shown())
                elif key.name == "ctrl+c":
                    return Typed("escape", field.text)
                elif key.name in ends or key.name in ("enter", "escape"):
                    return Typed(key.name, field.text)
                elif written := field.press(key):
                    self._write(written)
                if field.text != saved and due is None:
                    due = time.monotonic() + RESTED_AFTER
        finally:
            if rested is not None and field.text != saved:
                rested(field.text)

    def choose(self, question: str, keys: str) -> str:
        from jamtui.plain.wrap import wrap

        self.tell(wrap(question, self.columns))
        while (key := self.command(None)) is None:
            pass
        return key.text if key.text and key.text in keys else ""

    def ring(self, sequence: str) -> bool:
        self._write(sequence)
        return True

    def copy(self, text: str) -> bool:
        if self._environ.get("TERM", "").startswith("linux"):
            return False  # the console of Linux would print it
        self._write(f"\x1b]52;c;{base64.b64encode(leaving(text).encode()).decode()}\a")
        return True


def _row(line: str) -> str:
    """A row as it is written. It ends where the terminal does, whatever cells that takes for signs of no certain width:
    what went on in the next row would stand there as if it were ours, and the cursor in another row than we count."""
    line = refuse_controls(line)
    return line if _CERTAIN.fullmatch(line) else f"\x1b[?7l{line}\x1b[?7h"
