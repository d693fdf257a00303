"""How the two databases of a Jam were when the last one closed them, and who has them open.

``store.seal`` is a line of numbers: size and time of both files, and when they were last looked through. Whoever opens
the Jam holds a shared lock on it; whoever is alone when he closes it writes the line. So a start knows, for the price
of two `stat`, whether the files are as they were left. They are not after a crash, a power cut, or when something else
wrote to them: then they are looked through (`jamtui.store.checking`) before anybody reads them. Once a month they are
anyway, since disks forget.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from jamtui.paths import PathError, private_file

_FORM = "1"
_MOST = 256  # bytes of the line
_MONTH = 30 * 24 * 3_600  # seconds after which files are looked through without a reason


class Seal:
    """The seal of one Jam's folder; from here on it is open for this process, until `close`."""

    def __init__(self, path: Path, files: Sequence[Path], now: datetime) -> None:
        """Waits while another process looks the files through. A folder that cannot be written has no lock."""
        self._path = path
        self._files = files
        self._now = int(now.timestamp())
        self._looked = 0
        self._suspected = False
        self._file: int | None = None
        self.alone = False  # whether nobody else has them open: then they may be moved
        with contextlib.suppress(PathError, OSError):
            private_file(path)
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        if self._file is None:
            self.intact = self._fits(_read(path))
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.alone = True
        except OSError:
            fcntl.flock(self._file, fcntl.LOCK_SH)
        # Who is not alone need not look: the one who came first has.
        self.intact = self._fits(os.pread(self._file, _MOST, 0)) or not self.alone

    def _fits(self, line: bytes) -> bool:
        form, *numbers = line.decode("ascii", "replace").split() or [""]
        if form != _FORM or not numbers or not all(number.isdigit() for number in numbers):
            self._looked = 0 if any(path.exists() for path in self._files) else self._now
            return bool(self._looked)
        self._looked = int(numbers[-1])
        return numbers[:-1] == self._state() and 0 <= self._now - self._looked < _MONTH

    def _state(self) -> list[str] | None:
        """Size and time of each file; None while one has a log that was not folded back."""
        state: list[str] = []
        for path in self._files:
            try:
                found = path.lstat()
            except FileNotFoundError:
                state += ["0", "0"]
                continue
            with contextlib.suppress(FileNotFoundError):
                if Path(f"{path}-wal").lstat().st_size:
                    return None
            state += [f"{found.st_size}", f"{found.st_mtime_ns}"]
        return state

    def looked(self) -> None:
        """The files were looked through and are as they should be."""
        self._looked = self._now
        if self._file is not None:  # who comes while they are open learns it from here
            with contextlib.suppress(OSError):
                self._write(["0"] * (2 * len(self._files)))

    def share(self) -> None:
        """What only one may do is done: others may open the files now."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_SH)
        self.alone = False

    def suspect(self) -> None:
        """Something went wrong: whoever opens the files next looks them through."""
        self._suspected = True
        if self._file is None:
            broken(self._path)

    @contextlib.contextmanager
    def let_go(self) -> Iterator[None]:
        """Inside, the files count as open to nobody here: a guest's folder can become that of who signs in."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        try:
            yield
        finally:
            if self._file is not None:
                fcntl.flock(self._file, fcntl.LOCK_SH)

    def close(self) -> None:
        """After all connections are closed."""
        if self._file is None:
            return
        file = self._file
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            state = self._state()
            if self._suspected:
                os.ftruncate(file, 0)
            elif state is not None:
                self._write(state)
        except OSError:
            pass  # others have them open, and will write it; or the disk is full, and the next start looks
        finally:
            self._file = None
            os.close(file)

    def _write(self, state: list[str]) -> None:
        line = " ".join([_FORM, *state, f"{self._looked}\n"]).encode()
        if self._file is not None and os.pread(self._file, _MOST, 0) != line:
            os.pwrite(self._file, line, 0)
            os.ftruncate(self._file, len(line))


def broken(path: Path) -> None:
    """Whoever opens the files next looks them through. A link in the place of the seal is left alone, and fits nothing:
    what it points to is not ours to empty."""
    with contextlib.suppress(OSError):
        file = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.ftruncate(file, 0)
        finally:
            os.close(file)


def _read(path: Path) -> bytes:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        return os.read(file, _MOST)
    finally:
        os.close(file)


@contextlib.contextmanager
def alone_with(path: Path) -> Iterator[bool]:
    """Inside, nobody else can open the Jam whose seal this is; False when somebody has it open, on line or not."""
    if not path.parent.is_dir():
        yield True
        return
    private_file(path)
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        yield False
        return
    try:
        yield True
    finally:
        os.close(file)
