"""One holder of the network for each mirror: a lock on a file that the kernel drops when its process ends."""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from msgspec import Struct

from jamtui.model import Link
from jamtui.paths import private_file

_MOST = 64  # bytes of what the holder tells


class Holder:
    """Takes and gives back the lock; taking never waits. The file holds what it tells the others (`Told`)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def take(self) -> bool:
        """True when this process holds the network from now on, or held it already."""
        if self._file is not None:
            return True
        private_file(self.path)
        file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except BaseException:
            os.close(file)
            raise
        self._file = file
        self.tell("")  # what a holder that was killed told is over
        return True

    def held(self) -> bool:
        """Whether any process holds the network now. Who tries to take it at this very moment may have to try again."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def tell(self, word: str) -> None:
        """Says to whoever reads the mirror how the link is. A full disk keeps the word that was there."""
        if self._file is not None:
            data = word.encode()[:_MOST]
            with contextlib.suppress(OSError):
                os.pwrite(self._file, data, 0)
                os.ftruncate(self._file, len(data))

    def told(self) -> str:
        """What the holder said last; "" when nothing can be read."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return ""
        try:
            return os.read(file, _MOST).decode("ascii", "replace")
        except OSError:
            return ""
        finally:
            os.close(file)

    def wish(self) -> None:
        """Asks whoever holds the network to try at once; of a disk that cannot be written nobody hears."""
        with contextlib.suppress(OSError):
            os.utime(self.path, follow_symlinks=False)

    def wished(self) -> int:
        """Another number after each `wish`, and after what the holder itself told."""
        try:
            return self.path.lstat().st_mtime_ns
        except OSError:
            return 0

    def release(self) -> None:
        if self._file is not None:
            self.tell("")
            os.close(self._file)
            self._file = None


class Told(Struct, frozen=True):
    """What a holder tells the others: its link (None: nothing yet, or another version tells something else), when it
    tries again, and until when the server asked to be left alone."""

    link: Link | None = None
    again: datetime | None = None
    not_before: datetime | None = None

    def word(self) -> str:
        times = [str(math.ceil(at.timestamp())) if at is not None else "" for at in (self.again, self.not_before)]
        return "\n".join([str(self.link or ""), *times]).rstrip("\n")


def link_of(word: str) -> Link | None:
    """The link that a holder told; None when it has told nothing yet, or another version told something else."""
    return told_of(word).link


def told_of(word: str) -> Told:
    link, *times = word.split("\n")
    try:
        again, not_before, *_ = [*(datetime.fromtimestamp(int(at), UTC) if at else None for at in times), None, None]
        return Told(Link(link), again, not_before)
    except (ValueError, OverflowError, OSError):
        return Told()
