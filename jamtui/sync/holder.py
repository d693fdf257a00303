"""One holder of the network for each mirror: a lock on a file that the kernel drops when its process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from jamtui.paths import private_file


class Holder:
    """Takes and gives back the lock; taking never waits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

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
        return True

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
