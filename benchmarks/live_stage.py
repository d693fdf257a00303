"""What the benchmarks of a running client stand on: a real server, a signed-in reader who is caught up, a real pty.

with Stage(archive) as stage:                the server runs, the reader's home has the whole mirror, all is read
    with Terminal(stage.client(), stage.env) as terminal:
        terminal.pump(0.1)                   what the program wrote is stamped as it is read
    for frame in terminal.frames(): ...      drawn afterwards, so that drawing is part of no figure
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import re
import select
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyte

from jamserver import accounts, objects
from jamserver.app import random_id, system_clock
from jamserver.log import Tx
from jamserver.writer import write_once
from jamtui.paths import Home
from jamtui.session import open_session
from jamtui.sync import sign_in

ROOT = Path(__file__).parents[1]
COLUMNS, LINES = 120, 40
_SYNC_END = b"\x1b[?2026l"
_ASKS_SYNC = b"\x1b[?2026$p"
_EDGE = 51  # the column from which on the thread stands: 42% and a line, see `jam.tcss`
_AGES = re.compile(r"(?:now|\d+ (?:min|h|d) ago) *")
_UNREAD = re.compile(r"([\d,]+) unread")


class Stage:
    """A Jam on a real server, and a home whose mirror has all of it. ``tokens`` are of people who write."""

    def __init__(self, archive: Path | None, *, writers: int = 20) -> None:
        self._archive = archive
        self._writers = writers
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        self.db, self.home = folder / "jam.sqlite", folder / "home"
        self.env = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ} | {
            "JAMTUI_HOME": str(self.home), "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLORTERM": "truecolor",
            "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }  # fmt: skip
        self.archive = archive or folder / "jam.jsonl"
        self.url = ""
        self.tokens: list[str] = []
        self.me = ""

    def __enter__(self) -> Stage:
        def server(*words: str) -> list[str]:
            return [sys.executable, "-m", "jamserver", *words]

        if self._archive is None:
            made = ["generate", "--posts", "46000", "--seed", "1", "-o", str(self.archive)]
            subprocess.run(server(*made), check=True, env=self.env)
        words = server("import", str(self.archive), "--reopen", "--db", str(self.db))
        subprocess.run(words, check=True, env=self.env, capture_output=True)
        self.me, reader, *self.tokens = write_once(self.db, system_clock(), random.SystemRandom(), self._people)
        self._server = subprocess.Popen(
            server("run", "--db", str(self.db), "--port", "0"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env=self.env,
        )  # fmt: skip
        assert self._server.stdout is not None
        self.url = self._server.stdout.readline().split()[-1]
        asyncio.run(self._sign_in(reader))
        subprocess.run([sys.executable, "-m", "jamtui", "sync"], check=True, env=self.env, stdout=subprocess.DEVNULL)
        self._read_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.communicate()
        self._folder.cleanup()

    def _people(self, tx: Tx) -> list[str]:
        """The reader's id, then tokens: the reader's, and those of the people who write."""
        made = [objects.add_person(tx, random_id(tx.rng), f"bench-{n}") for n in range(self._writers + 1)]
        return [made[0], *(accounts.long_token(tx, person, timedelta(days=1)) for person in made)]

    async def _sign_in(self, token: str) -> None:
        home = Home.from_env(self.env)
        offer = await sign_in.discover(self.url)
        self.jam = await sign_in.token(home, offer, token, store="file", environ=self.env)

    def _read_all(self) -> None:
        session = open_session(
            Home.from_env(self.env), self.jam, clock=lambda: datetime.now(UTC), rng=random.Random(1), environ=self.env
        )
        session.mark_all_read()
        session.close()

    def client(self) -> list[str]:
        return [sys.executable, "-m", "jamtui"]

    def unread(self) -> int:
        """What the counter must say: the server's posts by others, without those that the reader's store calls read."""
        server, own = sqlite3.connect(self.db), sqlite3.connect(self.jam.own)
        there = server.execute("SELECT count(*) FROM posts WHERE state IS NULL AND author_id <> ?", (self.me,))
        read = own.execute("SELECT count(*) FROM read")
        answer = int(there.fetchone()[0]) - int(read.fetchone()[0])
        server.close()
        own.close()
        return answer

    def posts_in(self, thread_id: str) -> int:
        server = sqlite3.connect(self.db)
        answer = int(server.execute("SELECT count(*) FROM posts WHERE thread_id = ?", (thread_id,)).fetchone()[0])
        server.close()
        return answer


@dataclass(frozen=True)
class Spent:
    """Seconds of a process by now, of all its threads: on a processor, and ready but waiting for one."""

    cpu: float
    waited: float


def spent(pid: int) -> Spent:
    cpu = waited = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        first, second, _ = (task / "schedstat").read_text().split()
        cpu, waited = cpu + int(first), waited + int(second)
    return Spent(cpu / 1e9, waited / 1e9)


def memory(pid: int) -> float:
    """RSS in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


class _Screen(pyte.Screen):
    """pyte 0.8 stumbles over private forms of SGR and DSR that terminals ignore."""

    def select_graphic_rendition(self, *attrs: int, **private: Any) -> None:
        if not private.get("private"):
            super().select_graphic_rendition(*attrs)

    def report_device_status(self, *_: Any, **__: Any) -> None: ...

    def report_device_attributes(self, *_: Any, **__: Any) -> None: ...


@dataclass(frozen=True)
class Frame:
    """What stood on the screen when a frame was complete. ``waited``: seconds that the program, its main thread, had
    waited for a processor by then."""

    at: float
    waited: float
    cells: tuple[tuple[str, ...], ...]

    @property
    def lines(self) -> list[str]:
        return ["".join(line) for line in self.cells]

    @property
    def unread(self) -> int:
        """The counter of the first line; 0 when it says nothing."""
        found = _UNREAD.search("".join(self.cells[0]))
        return int(found[1].replace(",", "")) if found else 0

    @property
    def head(self) -> str:
        """What stands over the thread."""
        return "".join(self.cells[2][_EDGE:])

    @property
    def thread(self) -> str:
        """The pane of the thread, without its head, the scroll bar in its last column, and the ages, which may turn."""
        return _AGES.sub("", "\n".join("".join(line[_EDGE:-1]) for line in self.cells[3 : LINES - 1]))


class Terminal:
    """A program on a pty of 120 x 40. It is read by `pump` alone, so call that while waiting for anything."""

    def __init__(self, argv: list[str], env: dict[str, str]) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=ROOT, start_new_session=True
        )
        os.close(slave)
        self.pid = self.process.pid
        self.chunks: list[tuple[float, float, bytes]] = []  # when it was read, what the program had waited, the bytes
        self._drawn = 0
        self._rest = b""
        self._screen = _Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._cells: list[tuple[str, ...]] = [()] * LINES
        self._sched = Path(f"/proc/{self.pid}/schedstat")  # of the main thread

    def waited(self) -> float:
        return int(self._sched.read_text().split()[1]) / 1e9

    def pump(self, seconds: float) -> bool:
        """Reads what comes within ``seconds``, at most one piece; whether one came."""
        if not select.select([self._master], [], [], max(0.0, seconds))[0]:
            return False
        data = os.read(self._master, 1 << 16)
        self.chunks.append((time.monotonic(), self.waited(), data))
        if _ASKS_SYNC in data:
            os.write(self._master, b"\x1b[?2026;2$y")
        return True

    def pump_until(self, end: float) -> None:
        while (left := end - time.monotonic()) > 0:
            self.pump(left)

    def settle(self, quiet: float = 0.5) -> None:
        """Until nothing has come for ``quiet`` seconds."""
        while self.pump(quiet):
            pass

    def press(self, keys: str) -> float:
        os.write(self._master, keys.encode())
        return time.monotonic()

    def type(self, text: str) -> None:
        """Key by key, each when the one before has been drawn."""
        for key in text:
            self.press(key)
            self.settle(0.05)

    def frames(self) -> Iterator[Frame]:
        """The frames that were not asked for before, drawn now."""
        while self._drawn < len(self.chunks):
            at, waited, data = self.chunks[self._drawn]
            self._drawn += 1
            whole, end, rest = (self._rest + data).rpartition(_SYNC_END)
            self._rest = rest
            if end:
                self._stream.feed(whole + end)
                for y in self._screen.dirty:
                    row = self._screen.buffer[y]
                    self._cells[y] = tuple(row[x].data for x in range(COLUMNS))
                self._screen.dirty.clear()
                self._last = Frame(at, waited, tuple(self._cells))
                yield self._last

    def now(self) -> Frame:
        """The last frame, after drawing those that came meanwhile."""
        for _ in self.frames():
            pass
        return self._last

    def wait_for(self, text: str, seconds: float = 30.0) -> Frame:
        """Until ``text`` stands on the screen; the frame that had it. What else came is drawn, too."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for frame in self.frames():
                if text in "\n".join(frame.lines):
                    return frame
            self.pump(0.2)
        raise SystemExit(f"{text!r} never came:\n" + "\n".join("".join(line) for line in self._cells))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.pid, signal.SIGTERM)
            end = time.monotonic() + 10
            while self.process.poll() is None and time.monotonic() < end:
                try:
                    self.pump(0.05)
                except OSError:  # it has closed the terminal
                    time.sleep(0.05)
            if self.process.poll() is None:
                os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._master)
