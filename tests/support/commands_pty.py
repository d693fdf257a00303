"""Commands that run in the process of the tests and print on a terminal: no start of Python for each."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import sys
import termios
import threading

import pytest

from jamtui import cli


class Pty:
    """A terminal of 140 columns, for standard output and standard error of commands that run in this process."""

    def __init__(self) -> None:
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 140, 0, 0))
        self._told = threading.Condition()
        self._got = b""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while data := os.read(self._master, 1 << 16):
                with self._told:
                    self._got += data
                    self._told.notify_all()

    def run(self, words: tuple[str, ...]) -> bytes:
        with os.fdopen(os.dup(self._slave), "w", encoding="utf-8") as out, pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", out)
            cli.main(words)
        os.write(self._slave, b"<the end>")
        with self._told:
            assert self._told.wait_for(lambda: self._got.endswith(b"<the end>"), 30)
            got, self._got = self._got.removesuffix(b"<the end>"), b""
        return got

    def close(self) -> None:
        os.close(self._slave)
        os.close(self._master)
