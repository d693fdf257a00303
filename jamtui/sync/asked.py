"""Until when a server asked one to wait, kept on the disk: for runs that end, of `jamtui sync` by cron, say.

A file beside the mirror with a time in it. It is believed for as long as any wait can be: a time further off is one of
before the clock was set back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jamtui.archive import rfc3339
from jamtui.errors import JamError, Unreachable
from jamtui.paths import read_private, remove, write_private

LONGEST = timedelta(minutes=15)


class Asked:
    """What the server of one mirror asked for. Belongs to whoever holds the network."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._file = folder / "retry-after"
        self._now = now

    def until(self) -> datetime | None:
        """Until when nothing is to be asked of the server; None: it may be asked now."""
        raw = read_private(self._file)
        if raw is None:
            return None
        try:
            at = datetime.fromisoformat(raw.decode("ascii").strip()).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        now = self._now()
        return at if now < at <= now + LONGEST else None

    def check(self) -> None:
        """Raises `Unreachable` while it is to be waited."""
        at = self.until()
        if at is not None:
            raise Unreachable(
                f"the server asked to be left alone until {at.astimezone():%H:%M:%S}",
                "What you wrote is kept. jamtui sync goes on after that.",
            )

    def keep(self, seconds: float) -> None:
        with contextlib.suppress(JamError):  # a full disk, say: then the server has to ask once more
            write_private(self._file, rfc3339(self._now() + min(timedelta(seconds=seconds), LONGEST)).encode())

    def forget(self) -> None:
        """It answered. A folder that cannot be written any more keeps a time that is over by itself."""
        with contextlib.suppress(JamError, OSError):
            if self._file.exists():
                remove(self._file)
