"""``jamtui`` with its event loop looked at: python benchmarks/live_client.py FILE

Each time the loop of the main thread goes back to waiting, the stretch since it last woke is noted: for so long no key
could have been taken. At the end FILE gets, as JSON, [[monotonic seconds of its begin, seconds, of these waited for a
processor]...] of all stretches over 5 ms. The time for a lock that another thread holds is part of a stretch.
"""

from __future__ import annotations

import json
import os
import selectors
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

STRETCHES: list[tuple[float, float, float]] = []


class Watched(selectors.DefaultSelector):  # type: ignore[misc, valid-type] # it is a class, of one kind or another
    def __init__(self) -> None:
        super().__init__()
        self._woke: tuple[float, int] | None = None
        self._sched = os.open("/proc/thread-self/schedstat", os.O_RDONLY) if _in_main() else -1

    def _waited(self) -> int:
        return int(os.pread(self._sched, 64, 0).split()[1])

    def select(self, timeout: float | None = None) -> Any:
        if self._sched < 0:
            return super().select(timeout)
        if self._woke is not None:
            (begin, waited), now = self._woke, time.monotonic()
            if now - begin > 0.005:
                STRETCHES.append((begin, now - begin, (self._waited() - waited) / 1e9))
        ready = super().select(timeout)
        self._woke = time.monotonic(), self._waited()
        return ready


def _in_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def main() -> int:
    from jamtui.cli import main as jamtui

    selectors.DefaultSelector = Watched  # type: ignore[misc]
    code = jamtui([])
    Path(sys.argv[1]).write_text(json.dumps(STRETCHES))
    return code


if __name__ == "__main__":
    sys.exit(main())
