"""Plain mode without keys: a command a line in, lines out. For pipes, scripts, and shells inside of editors.

A line is the name of an action with what it takes (``search tea``), or one of its keys (``j``, ``1``); an empty line
reads on. The end of the input is the end of the conversation.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import termios
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import FrameType
from typing import Any, Self, TextIO

from jamtui.plain.console import Ended, Typed, nothing, stop
from jamtui.plain.keys import Key, key_of
from jamtui.safe_text import refuse_controls


class Pipe:
    """``prompt`` stands where a command is awaited; "" when nobody sees it."""

    keyed = False
    pasting = False
    page = 1_000_000

    def __init__(self, read: TextIO, write: TextIO, prompt: str = "", columns: int = 80) -> None:
        self._in = read
        self._out = write
        self._prompt = prompt
        self.columns = max(20, columns)
        self._handlers: dict[int, Any] = {}
        self._woken = self._wake = self._wake_before = -1  # the ends of a pipe that each signal writes into
        self.resting: Callable[[], AbstractContextManager[None]] = nothing

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGHUP):
            self._handlers[number] = signal.signal(number, self._signalled)
        if self._prompt:  # on a terminal, whose shell may stop it
            self._handlers[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, self._stopped)
        # A terminal that hands on a line at a time: of another one, lines may lie in Python's buffer, unseen by select.
        if self._prompt and termios.tcgetattr(self._in.fileno())[3] & termios.ICANON:
            self._woken, self._wake = os.pipe()
            os.set_blocking(self._woken, False)
            os.set_blocking(self._wake, False)
            self._wake_before = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if self._woken >= 0:
            signal.set_wakeup_fd(self._wake_before)
            os.close(self._woken)
            os.close(self._wake)
            self._woken = -1

    def _signalled(self, number: int, _: FrameType | None) -> None:
        raise Ended(128 + number)

    def _stopped(self, _number: int, _: FrameType | None) -> None:
        with self.resting():
            stop()

    def tell(self, lines: Sequence[str], item: Sequence[str] = ()) -> None:
        for line in (*lines, *item):
            self._out.write(refuse_controls(line) + "\n")
        self._out.flush()

    def whisper(self, lines: Sequence[str]) -> bool:
        return False  # told with the next answer: nothing comes between a prompt and its line

    def _next(self, prompt: str) -> str | None:
        """A line without its end; None at the end of the input."""
        if self._prompt:
            self._out.write(prompt)
            self._out.flush()
        try:
            self._until_there_is_input()
            line = self._in.readline()
        except KeyboardInterrupt:
            raise Ended(130) from None
        return line.rstrip("\r\n") if line else None

    def _until_there_is_input(self) -> None:
        """On a terminal: a signal that comes just before a read starts would be obeyed after the next line only."""
        while self._woken >= 0:
            ready, _, _ = select.select([self._in.fileno(), self._woken], [], [])
            if self._woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, 4_096)
            if self._in.fileno() in ready:
                return

    def command(self, timeout: float | None) -> Key | str | None:
        line = self._next(self._prompt)
        if line is None:
            raise Ended(0)
        line = line.strip()
        if not line:
            return "read-on"  # whatever key does that
        return key_of(line) if len(line) == 1 else line

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
        line = self._next(refuse_controls(label))
        if line is None:
            return Typed("escape", text)
        line = line or text  # an empty line leaves what is there
        if rested is not None:
            rested(line)
        return Typed("enter", line)

    def choose(self, question: str, keys: str) -> str:
        self.tell([question])
        answer = (self._next("") or "").strip()[:1]
        return answer if answer and answer in keys else ""

    def ring(self, sequence: str) -> bool:
        return False

    def copy(self, text: str) -> bool:
        return False

    def released(self) -> AbstractContextManager[None]:
        return nothing()

    def suspend(self) -> None:
        if self._prompt:
            with self.resting():
                stop()
        else:
            self.tell(["There is no shell to go back to here."])

    def wake(self) -> None:
        """Nothing is told before a line comes."""
