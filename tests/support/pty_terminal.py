"""A terminal of the tests' own: the real program on a real pty, its output drawn by an emulator.

Terminal(("demo", "--seed", "1"), (80, 24), environment(home))   starts `python -m jamtui …`
.wait_for("Forums")                               until the text stands on the screen; fails with the screen
.press("j", "enter")                              keys by name or as they are typed
.screen()                                         the lines that a person sees now
.output                                           every byte that the program has written
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emulator import Screen, Stream

ROOT = Path(__file__).resolve().parents[2]
# Seconds after which what was waited for is taken for lost; JAMTUI_PATIENCE times as many on a machine that is busy.
LIMIT = 30.0 * float(os.environ.get("JAMTUI_PATIENCE", "1"))
KEYS = {
    "enter": "\r", "escape": "\x1b", "space": " ", "tab": "\t", "up": "\x1b[A", "down": "\x1b[B", "ctrl+s": "\x13",
    "ctrl+p": "\x10", "ctrl+c": "\x03", "ctrl+z": "\x1a", "backspace": "\x7f", "ctrl+r": "\x12", "pagedown": "\x1b[6~",
    "shift+tab": "\x1b[Z",
}  # fmt: skip
PYTHON = {"PYTHONPATH": str(ROOT), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
_LAST = b"\x1b]2;the last of it\x1b\\"  # a title, which pyte shows nowhere
# Modes that must be off again when the program has ended: mouse, paste, focus, alternate screen; the cursor visible.
_MODE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
_KEYBOARD_ON = re.compile(rb"\x1b\[>[0-9;]*u")


class Terminal:
    def __init__(
        self, words: tuple[str, ...], size: tuple[int, int], env: dict[str, str], *, shell: bool = False
    ) -> None:
        """``shell``: an interactive shell instead, its prompt ``ready>``, with the Python of the tests in $PYTHON."""
        self.columns, self.rows = size
        self._written = bytearray()
        self._screen = Screen(*size)
        self._stream = Stream(self._screen)
        self._told = threading.Condition()
        self._master, slave = os.openpty()
        self._size(size)
        self.before = termios.tcgetattr(slave)
        self._slave = slave
        command = [sys.executable, "-m", "jamtui", *words]
        if shell:
            env = env | {"PS1": "ready>", "HISTFILE": "", "PYTHON": sys.executable}
            command = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=env,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        self._gone = os.pipe()  # closed at its writing end: nobody reads any more
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _size(self, size: tuple[int, int]) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the terminal was closed
            while self._gone[0] not in select.select([self._master, self._gone[0]], [], [])[0]:
                data = os.read(self._master, 1 << 16)
                with self._told:
                    self._written += data
                    self._stream.feed(data)
                    self._told.notify_all()

    @property
    def output(self) -> bytes:
        with self._told:
            return bytes(self._written)

    def screen(self) -> str:
        with self._told:
            return "\n".join(line.rstrip() for line in self._screen.display)

    def columns_of(self, text: str) -> set[int]:
        """The cells at which ``text`` begins on the lines of the screen."""
        with self._told:
            return {
                x
                for y in range(self._screen.lines)
                for x in range(self.columns - len(text) + 1)
                if all(self._screen.buffer[y][x + at].data == sign for at, sign in enumerate(text))
            }

    def wait(self, what: Callable[[str], bool], why: str = "") -> str:
        """Until ``what`` holds of the screen; the screen then."""
        with self._told:
            held = self._told.wait_for(lambda: what("\n".join(self._screen.display)), LIMIT)
            assert held, f"never came: {why}\n{self.screen()}"
            return self.screen()

    def wait_for(self, text: str) -> str:
        return self.wait(lambda screen: text in screen, text)

    def wait_gone(self, text: str) -> str:
        return self.wait(lambda screen: text not in screen, f"not {text}")

    def press(self, *keys: str) -> None:
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def resize(self, columns: int, rows: int) -> None:
        """Nothing of what stood there is kept: of what a terminal cuts off or wraps, each keeps something else."""
        self.columns, self.rows = columns, rows
        with self._told:
            self._screen.resize(rows, columns)
            self._screen.erase_in_display(2)
        self._size((columns, rows))

    def send_signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def hang_up(self) -> None:
        """The terminal is gone: what the program sees when its window is closed."""
        os.close(self._gone[1])
        self._reader.join(LIMIT)
        for end in (self._gone[0], self._slave, self._master):
            os.close(end)
        self._gone = (-1, -1)

    def wait_end(self) -> int:
        """The exit code, when all is read that the program wrote; fails with the screen when it does not end."""
        try:
            code = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it never ended\n{self.screen()}") from None
        if self._gone == (-1, -1):  # hung up: there is nothing more to read
            return code
        os.write(self._slave, _LAST)  # comes behind everything else
        with self._told:
            assert self._told.wait_for(lambda: self._written.endswith(_LAST), LIMIT)
            del self._written[-len(_LAST) :]
        return code

    def modes_left_on(self) -> set[int]:
        """Private modes switched and not switched back; 25 (the cursor) counts as left on when it is hidden."""
        state: dict[int, bool] = {}
        for match in _MODE.finditer(self.output):
            for number in match[1].split(b";"):
                state[int(number)] = match[2] == b"h"
        normal_on = {7, 25}
        return {number for number, on in state.items() if on != (number in normal_on)}

    def keyboards_left(self) -> int:
        """How many times the keyboard's protocol (kitty's) was changed more often than it was given back."""
        return len(_KEYBOARD_ON.findall(self.output)) - self.output.count(b"\x1b[<u")

    def line_settings(self) -> list[Any]:
        """The terminal's settings now (termios), to compare with `before`."""
        return termios.tcgetattr(self._slave)

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self._gone != (-1, -1):
            self.hang_up()


def environment(home: Path) -> dict[str, str]:
    """What the program gets on such a terminal: nothing of the person who runs the tests; it keeps what it keeps in
    the folder ``jamtui`` of ``home``."""
    own = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
    return own | {
        "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC",
        "HOME": str(home), "JAMTUI_HOME": str(home / "jamtui"), **PYTHON,
    }  # fmt: skip
