"""Times programs from outside, on a real pty of 120 x 40: until a text is there, from a key to the end of its frame.

    with Terminal(argv, env) as terminal:
        start = terminal.wait_for("Ideas")       what it took until the chunk that shows it
        key = terminal.key("j")                  what it took until the frame of the key was whole

Everything that is read is stamped when it came; emulation comes after, so it is part of no figure. The queries
that terminals answer are answered, or programs would wait for their time-outs. A frame ends with the end of the first
synchronised update after the key, or, for programs without these, with the last output before `GAP` of silence.

Of each stretch there are two times: `wall`, less the time for which threads of the program were ready to run and waited
for a processor, which a machine with other work adds (a key passes through three of Textual's threads, one after the
other), and less what this process waited before it read; and `cpu`, the processor time of all threads of the program.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import shutil
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pyte

COLUMNS, LINES = 120, 40
GAP = 0.008  # seconds of silence that end a frame of a program without synchronised updates
QUIET = 0.03  # ... and that end everything that a key brings about
_SYNC_END = b"\x1b[?2026l"
_SEQUENCE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[P_][^\x1b]*\x1b\\|\x1b[()][A-Z0-9]|\x1b[=>78MDEH]"
)
_QUERY = re.compile(rb"\x1b\[([?>]?)([0-9;]*)(\$?)([cnpqtu])|\x1b\](1[0-2]);\?(?:\x07|\x1b\\)")
_ANSWERS = {  # introducer, number, intermediate and final byte of a query, and what XTerm would say
    (b"", b"", b"", b"c"): b"\x1b[?62;22c",
    (b"", b"0", b"", b"c"): b"\x1b[?62;22c",
    (b">", b"", b"", b"c"): b"\x1b[>41;370;0c",
    (b"", b"6", b"", b"n"): b"\x1b[1;1R",
    (b"", b"5", b"", b"n"): b"\x1b[0n",
    (b"?", b"2026", b"$", b"p"): b"\x1b[?2026;2$y",
    (b"?", b"", b"", b"u"): b"\x1b[?0u",
    (b">", b"", b"", b"q"): b"\x1bP>|XTerm(370)\x1b\\",
    (b">", b"0", b"", b"q"): b"\x1bP>|XTerm(370)\x1b\\",
}


@dataclass(frozen=True)
class Took:
    """Milliseconds. ``wall`` is without waiting for a processor; ``all`` of a key is until the last of its output."""

    wall: float
    cpu: float
    all: float = 0.0


@dataclass(frozen=True)
class _Stamp:
    at: float  # seconds of the clock
    waited: float  # seconds that threads had waited for a processor by then
    cpu: float


class Screen(pyte.Screen):
    """pyte's, which trips over private forms that it does not know."""

    def select_graphic_rendition(self, *attrs: int, **kwargs: bool) -> None:
        if not kwargs.get("private"):
            super().select_graphic_rendition(*attrs)

    def report_device_status(self, mode: int, **kwargs: bool) -> None:
        """Answered already, see `Terminal`."""

    def report_device_attributes(self, mode: int = 0, **kwargs: bool) -> None:
        """Answered already."""


class Terminal:
    """A program on a pty of its own. At the end it and what it started are killed."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path | None = None) -> None:
        self._master, self._slave = os.openpty()
        name = os.ttyname(self._slave)
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        os.set_blocking(self._master, False)
        self._chunks: list[tuple[_Stamp, bytes]] = []
        self._gone: list[tuple[float, float]] = []
        self._threads: dict[str, tuple[float, float]] = {}
        self._tail = b""
        self._screen = Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._fed = 0
        self._ended = False
        # Opening the terminal by its name in a new session makes it the controlling one, as for a login.
        actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
            (os.POSIX_SPAWN_CLOSE, self._slave),
            (os.POSIX_SPAWN_CLOSE, self._master),
            (os.POSIX_SPAWN_OPEN, 0, name, os.O_RDWR, 0),
            (os.POSIX_SPAWN_DUP2, 0, 1),
            (os.POSIX_SPAWN_DUP2, 0, 2),
        ]
        program = shutil.which(argv[0], path=env.get("PATH")) or argv[0]
        here = Path.cwd()
        os.chdir(cwd or here)
        self._begin = _Stamp(time.perf_counter(), 0.0, 0.0)
        self.pid = os.posix_spawn(
            program, list(argv), env, setsid=True, setsigdef=[signal.SIGPIPE], file_actions=actions
        )
        os.chdir(here)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._alive():
            for pid in reversed(self._processes()):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._master)
        os.close(self._slave)

    # what the kernel says of the program

    def _alive(self) -> bool:
        if not self._ended:
            self._ended = os.waitpid(self.pid, os.WNOHANG)[0] == self.pid
        return not self._ended

    def _processes(self) -> list[int]:
        found = [self.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found += map(int, _text(task).split())
        return found

    def _stamp(self, at: float | None = None) -> _Stamp:
        """``at`` (or now), with what the kernel counted until now."""
        seen: dict[str, tuple[float, float]] = {}
        for pid in self._processes():
            for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                words = _text(task).split()
                if words:
                    seen[task.parts[-2]] = (int(words[0]) / 1e9, int(words[1]) / 1e9)
        self._gone += [self._threads[thread] for thread in self._threads.keys() - seen.keys()]
        self._threads = seen
        every = [*self._gone, *seen.values()]
        waited, cpu = sum(one for _, one in every), sum(one for one, _ in every)
        return _Stamp(time.perf_counter() if at is None else at, waited, cpu)

    def memory(self) -> float:
        """MiB, PSS of the program and its children: shared pages are shared out."""
        total = 0
        for pid in self._processes():
            rollup = _text(Path(f"/proc/{pid}/smaps_rollup"))
            total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        return total / 1024

    def cpu(self) -> float:
        """Milliseconds of processor time until now."""
        return self._stamp().cpu * 1000

    # reading

    def pump(self, timeout: float) -> bool:
        """Reads once; whether something came within ``timeout`` seconds."""
        before = _own_waiting()
        if not select.select([self._master], [], [], max(0.0, timeout))[0]:
            return False
        came = time.perf_counter() - (_own_waiting() - before)
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:
            return False
        self._chunks.append((self._stamp(came), data))
        self._answer(data)
        return True

    def _answer(self, data: bytes) -> None:
        whole = self._tail + data
        for match in _QUERY.finditer(whole):
            if match.end() <= len(self._tail):
                continue
            intro, number, dollar, final, colour = match.groups()
            if colour:
                answer: bytes | None = b"\x1b]%s;rgb:1e1e/1e1e/1e1e\x1b\\" % colour
            elif (dollar, final) == (b"$", b"p"):
                answer = _ANSWERS.get((intro, number, dollar, final), b"\x1b[?%s;0$y" % number)
            else:
                answer = _ANSWERS.get((intro, number, dollar, final))
            if answer:
                os.write(self._master, answer)
        begun = whole.rfind(b"\x1b")
        self._tail = (
            whole[begun:] if begun >= 0 and len(whole) - begun < 40 and not _SEQUENCE.match(whole[begun:]) else b""
        )

    def _feed(self) -> None:
        self._stream.feed(self._chunks[self._fed][1])
        self._fed += 1

    def text(self) -> str:
        """The screen as it is now."""
        while self._fed < len(self._chunks):
            self._feed()
        return "\n".join(self._screen.display)

    def settle(self, quiet: float = 0.25) -> None:
        """Waits for ``quiet`` seconds of silence."""
        while self.pump(quiet):
            pass

    def wait_for(
        self,
        wanted: str | Callable[[str], bool],
        timeout: float = 60,
        *,
        since: _Stamp | None = None,
        frame: bool = False,
    ) -> Took:
        """What it took (from the start, or from ``since``, which `now` gave) until a text, or a screen, was there.

        With ``frame`` only screens count that stood at the end of a synchronised update.
        """
        end = time.perf_counter() + timeout
        while True:
            if self.pump(0.02):  # what comes is stamped first, and drawn when nothing comes
                continue
            while self._fed < len(self._chunks) and not select.select([self._master], [], [], 0)[0]:
                stamp, data = self._chunks[self._fed]
                self._feed()
                screen = "\n".join(self._screen.display)
                if (wanted in screen if isinstance(wanted, str) else wanted(screen)) and (
                    not frame or _SYNC_END in data
                ):
                    return self._took(since or self._begin, stamp)
            if time.perf_counter() > end or not self._alive():
                why = "not seen in time" if self._alive() else "the program ended before"
                raise RuntimeError(f"{wanted!r}: {why}\n{self.text()}")

    def wait_for_end(self, timeout: float = 30) -> None:
        """Waits until the program has ended by itself."""
        end = time.perf_counter() + timeout
        while self._alive():
            self.pump(0.02)
            if time.perf_counter() > end:
                raise RuntimeError(f"the program did not end\n{self.text()}")

    def now(self) -> _Stamp:
        """A ``since`` for `wait_for`."""
        self.text()
        return self._stamp()

    @staticmethod
    def _took(begin: _Stamp, end: _Stamp) -> Took:
        wall = end.at - begin.at - (end.waited - begin.waited)
        return Took(max(0.0, wall) * 1000, (end.cpu - begin.cpu) * 1000)

    # keys

    def send(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def key(self, keys: str, timeout: float = 10, quiet: float = QUIET) -> Took:
        """From a key to the end of its frame; ``cpu`` is all that it brings about, until nothing more comes."""
        while self.pump(0):
            pass
        begin = self._stamp()
        at = time.perf_counter()
        self.send(keys)
        begin = _Stamp(at, begin.waited, begin.cpu)
        first, last, written = len(self._chunks), begin, b""
        frame: _Stamp | None = None
        while time.perf_counter() - at < timeout:
            if not self.pump(timeout if last is begin else quiet):
                break
            stamp, data = self._chunks[-1]
            silent = stamp.at - last.at - (stamp.waited - last.waited)
            if frame is None and last is not begin and silent > GAP and b"\x1b[?2026h" not in written:
                frame = last
            written += data
            if frame is None and _SYNC_END in written:
                frame = stamp
            last = stamp
        if len(self._chunks) == first:
            raise RuntimeError(f"nothing came of the key {keys!r}\n{self.text()}")
        cpu = (self._stamp().cpu - begin.cpu) * 1000
        return Took(self._took(begin, frame or last).wall, cpu, self._took(begin, last).wall)


def _text(path: Path) -> str:
    """What the kernel says in a file; nothing when the process or thread is gone."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _own_waiting() -> float:
    return int(_text(Path("/proc/self/schedstat")).split()[1]) / 1e9


def environment(home: Path, **more: str) -> dict[str, str]:
    """What programs are started with: a home of their own, a terminal with all colours, bytecode that is kept."""
    return {
        "PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor",
        "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", **more,
    }  # fmt: skip
