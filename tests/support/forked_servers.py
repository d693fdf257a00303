"""Real servers that start in a few milliseconds: one process imports the server, then forks a child for each.

    with Servers() as servers:
        port, pid = servers.start(db)          python -m jamserver run, but with short waits (`SETTINGS`)
        servers.kill(pid)                      SIGKILL, and the kernel has taken it away when this returns

A start of Python with all that the server imports takes a second; a test that kills servers by the hundred has no
time for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
# What is seconds by default is a moment here, so that nobody waits for it; what bounds people is out of the way.
SETTINGS = {
    "vote_join": 0.02, "heartbeat": 0.5, "snapshot_shared": 0.0, "poll": 0.05, "streams_per_person": 50,
    "writes": 100_000,
}  # fmt: skip


class Servers:
    """The test's side. Ends every server with itself."""

    def __init__(self) -> None:
        env = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL", "TMPDIR") if key in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=env | {"PYTHONPATH": str(ROOT), "TZ": "UTC"},
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def start(self, db: Path) -> tuple[int, int]:
        """(port, process id) of a server on this file, which answers already."""
        answer = self._ask({"start": str(db)})
        assert "port" in answer, answer
        return answer["port"], answer["pid"]

    def kill(self, pid: int) -> None:
        self._ask({"kill": pid})

    def _ask(self, what: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the process that forks has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


def main() -> None:
    """The other side."""
    from jamserver import app, routes  # noqa: F401 - before the fork, once for all

    started: set[int] = set()
    for line in sys.stdin:
        asked = json.loads(line)
        if "kill" in asked:
            _kill(asked["kill"])
            started.discard(asked["kill"])
            answer = {}
        else:
            answer = _start(asked["start"])
            started.add(answer["pid"])
        print(json.dumps(answer), flush=True)
    for pid in started:
        _kill(pid)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _start(db: str) -> dict[str, Any]:
    told, tells = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(told)
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_RDWR), 0)
            os.dup2(2, 1)
            _serve(db, tells)
        except BaseException:  # noqa: BLE001 - as the interpreter does it: told, and exit code 1
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(tells)
    with open(told, encoding="utf-8") as pipe:  # noqa: PTH123 - a descriptor
        line = pipe.readline()
    return {"pid": pid, **(json.loads(line) if line else {})}


def _serve(db: str, tells: int) -> None:
    from jamserver.app import Settings, serve

    def ready(url: str) -> None:
        os.write(tells, json.dumps({"port": int(url.rsplit(":", 1)[1])}).encode() + b"\n")
        os.close(tells)

    asyncio.run(serve(Path(db), on_ready=ready, settings=Settings(**SETTINGS)))


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    main()
