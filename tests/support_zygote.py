"""Runs commands in processes of their own without importing everything each time: one process imports, then forks.

    zygote = Zygote(root); code, out, err = zygote.run("jamtui", ["forums"], env, cwd, stdin); zygote.close()

Several threads may run commands at once, as people do. `Zygote.start` starts what goes on until it is ended: a server.

The forked child has its own environment, working folder and standard streams, and ends by itself: what it shows is what
``python -m jamtui`` shows, a second earlier. Start-up itself is tested with real processes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from importlib import import_module
from pathlib import Path
from typing import IO

IMPORTED = (
    "jamtui.cli", "jamserver.cli", "jamserver.commands", "jamtui.commands.reading", "jamtui.commands.writing",
    "jamtui.commands.signing", "jamtui.commands.syncing", "jamtui.commands.files", "jamtui.commands.outbox",
    "jamtui.sync.engine", "jamtui.sync.outbox", "jamserver.accounts", "jamserver.importer", "jamserver.app",
    "importlib.metadata",
)  # fmt: skip
_HUNG = 60  # seconds after which a child is ended by SIGALRM


class Zygote:
    """The test's side."""

    def __init__(self, root: Path, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )
        self._asking = threading.Lock()
        self.answered = threading.Condition()
        self.codes: dict[str, int] = {}  # by the folder of a command's streams
        self.pids: dict[str, int] = {}
        self._ended = False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def run(self, program: str, words: list[str], env: dict[str, str], cwd: Path, stdin: str) -> tuple[int, str, str]:
        """(exit code, standard output, standard error) of ``python -m program words…``."""
        with tempfile.TemporaryDirectory() as folder:
            names = [str(Path(folder) / name) for name in ("in", "out", "err")]
            Path(names[0]).write_text(stdin, "utf-8")
            self._ask(folder=folder, program=program, words=words, env=env, cwd=str(cwd), streams=names, lasts=False)
            self.answer(self.pids, folder)
            code = self.answer(self.codes, folder)
            # As a pipe would be read: line ends as they are.
            out, err = (Path(name).read_bytes().decode() for name in names[1:])
            return code, out, err

    def start(self, program: str, words: list[str], env: dict[str, str], cwd: Path) -> Started:
        """``python -m program words…``, which goes on; its standard error goes nowhere."""
        folder = tempfile.mkdtemp()
        out = str(Path(folder) / "out")
        os.mkfifo(out)
        streams = [os.devnull, out, os.devnull]
        self._ask(folder=folder, program=program, words=words, env=env, cwd=str(cwd), streams=streams, lasts=True)
        pid = self.answer(self.pids, folder)
        return Started(self, folder, pid, open(out, encoding="utf-8"))  # noqa: PTH123 - `Started` closes it

    def _ask(self, **asked: object) -> None:
        assert self._process.stdin is not None
        with self._asking:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()

    def answer(self, answers: dict[str, int], folder: str, seconds: float | None = None) -> int:
        with self.answered:
            self.answered.wait_for(lambda: folder in answers or self._ended, seconds)
            assert folder in answers, "it never ended, or the process that forks has"
            return answers.pop(folder)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            folder, what, number = json.loads(line)
            with self.answered:
                (self.pids if what == "pid" else self.codes)[folder] = number
                self.answered.notify_all()
        with self.answered:
            self._ended = True
            self.answered.notify_all()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._listener.join(10)
        assert not self._listener.is_alive(), "a server goes on"
        self._process.stdout.close()


class Started:
    """What goes on, used as a `subprocess.Popen` is."""

    def __init__(self, zygote: Zygote, folder: str, pid: int, stdout: IO[str]) -> None:
        self.pid = pid
        self.stdout = stdout
        self._zygote = zygote
        self._folder = folder

    def send_signal(self, number: int) -> None:
        with self._zygote.answered:
            if self._folder not in self._zygote.codes:  # else the number may be somebody else's by now
                os.kill(self.pid, number)

    def end(self, number: int, seconds: float) -> None:
        """By a signal; at the latest after so many seconds by SIGKILL, which fails the test."""
        try:
            self.send_signal(number)
            self._zygote.answer(self._zygote.codes, self._folder, seconds)
        except AssertionError:
            self.send_signal(signal.SIGKILL)
            raise
        finally:
            self.stdout.close()
            shutil.rmtree(self._folder)


def main(root: str, requests: IO[str], answers: IO[str]) -> None:
    """The other side: forks once a line, into who waits for the command and answers."""
    sys.path[0] = root
    for name in IMPORTED:
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who answered is gone without a word
    for line in requests:
        asked = json.loads(line)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            child = os.fork()
            if child == 0:
                os._exit(_child(asked))
            _answer(answers, asked["folder"], "pid", child)
            _, status = os.waitpid(child, 0)
            _answer(answers, asked["folder"], "code", os.waitstatus_to_exitcode(status))
            os._exit(0)


def _answer(answers: IO[str], *told: object) -> None:
    os.write(answers.fileno(), f"{json.dumps(told)}\n".encode())  # short: whole, whoever else writes


def _child(asked: dict[str, object]) -> int:
    if not asked["lasts"]:
        signal.alarm(_HUNG)
    os.environ.clear()
    os.environ.update(asked["env"])  # type: ignore[call-overload]
    os.chdir(str(asked["cwd"]))
    opened = [os.open(asked["streams"][0], os.O_RDONLY)]  # type: ignore[index]
    opened += [os.open(name, os.O_WRONLY | os.O_CREAT) for name in asked["streams"][1:]]  # type: ignore[index]
    for number, descriptor in enumerate(opened):
        os.dup2(descriptor, number)
    sys.stdin, sys.stdout, sys.stderr = (open(n, "r" if n == 0 else "w", encoding="utf-8") for n in range(3))  # noqa: PTH123, SIM115
    sys.argv = [str(asked["program"]), *asked["words"]]  # type: ignore[misc]
    code = 1
    try:
        code = import_module(f"{asked['program']}.cli").main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does it: told, and exit code 1
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    main(sys.argv[1], sys.stdin, sys.stdout)
