"""The real server and the real commands, each a process of its own, on loopback.

Server(db)      `start` and `stop` it; `admin` runs its other commands
Home(path)      a folder for ``JAMTUI_HOME``: `Home.jamtui("forums", "--json")` runs the command there
zygote()        what runs commands without importing everything each time; close it at the end of the run
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
REAL_JAM = ROOT / "tests" / "data" / "real-jam" / "open-conversations.jsonl"
PASSWORDS = {"ana": "correct horse 1", "bob": "battery staple 2"}
END = int(signal.SIGTERM)
LIMIT = 60.0  # seconds after which a process is taken for hung


def environment(**more: str) -> dict[str, str]:
    """What a process gets: nothing of the person who runs the tests, but the same Python and its compiled files."""
    env = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT") if key in os.environ}
    # Dies at once where a keyring would be asked for: no test may touch the person's own.
    env |= {"PYTHONPATH": str(ROOT), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "TZ": "UTC"}
    return env | more


@functools.cache
def zygote() -> Any:
    """`tests/support_zygote.py`, one for the whole run."""
    spec = importlib.util.spec_from_file_location("support_zygote", ROOT / "tests" / "support_zygote.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Zygote(ROOT, environment())


@dataclass(frozen=True)
class Ended:
    returncode: int
    stdout: str
    stderr: str


@dataclass
class Server:
    """``jamserver`` on one database, in a process of its own. `start` again after `stop` takes the same port."""

    db: Path
    port: int = 0
    process: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def admin(self, *words: str, stdin: str = "") -> str:
        code, out, err = zygote().run("jamserver", [*words, "--db", str(self.db)], environment(), ROOT, stdin)
        assert code == 0, err
        return out

    def start(self) -> None:
        words = ["run", "--db", str(self.db), "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = zygote().start("jamserver", words, environment(), ROOT)
        ready, _, _ = select.select([self.process.stdout], [], [], LIMIT)
        line = self.process.stdout.readline() if ready else ""
        assert line.startswith("listening on http://"), line
        self.port = int(line.rsplit(":", 1)[1])

    def signal(self, number: signal.Signals) -> None:
        """SIGSTOP and SIGCONT, say."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """As the kernel does it when memory runs out: nothing is said and nothing is put away."""
        self.stop(signal.SIGKILL)

    def exported(self) -> list[tuple[str, dict[str, Any]]]:
        """What the server has, as (type, object); it may run meanwhile."""
        lines = self.admin("export").splitlines()
        return [(one["type"], one["data"]) for one in map(json.loads, lines)]

    def stop(self, number: int = END) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.end(number, LIMIT)


@dataclass
class Home:
    """A folder for ``JAMTUI_HOME``, and the command in it."""

    path: Path
    env: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        return environment(JAMTUI_HOME=str(self.path), **self.env)

    def jamtui(self, *words: str, stdin: str = "", code: int = 0) -> Ended:
        """Runs ``jamtui`` and checks its exit code; nothing may ever end in a traceback."""
        return self._checked(Ended(*zygote().run("jamtui", list(words), self.environment(), ROOT, stdin)), code)

    def process(self, *words: str, stdin: str = "", code: int = 0, cwd: Path | None = None) -> Ended:
        """The same by ``python -m``, start-up and all."""
        done = subprocess.run(
            [sys.executable, "-m", "jamtui", *words], input=stdin, capture_output=True, encoding="utf-8",
            timeout=LIMIT, env=self.environment(), check=False, cwd=cwd or self.path.parent,
        )  # fmt: skip
        return self._checked(Ended(done.returncode, done.stdout, done.stderr), code)

    @staticmethod
    def _checked(ended: Ended, code: int) -> Ended:
        assert "Traceback" not in ended.stderr, ended.stderr
        assert ended.returncode == code, f"exit {ended.returncode}: {ended.stdout}{ended.stderr}"
        return ended

    def rows(self, *words: str, stdin: str = "", code: int = 0) -> list[dict[str, Any]]:
        """What ``--json`` prints, a line each."""
        done = self.jamtui(*words, "--json", stdin=stdin, code=code)
        return [json.loads(line) for line in done.stdout.split("\n") if line]

    def row(self, *words: str, stdin: str = "", code: int = 0) -> dict[str, Any]:
        (found,) = self.rows(*words, stdin=stdin, code=code)
        return found

    def popen(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "jamtui", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, encoding="utf-8", env=self.environment(), cwd=self.path.parent, **more,
        )  # fmt: skip

    def login(self, url: str, handle: str) -> Home:
        words = ("--handle", handle, "--password-stdin", "--store", "file")
        self.jamtui("login", url, *words, stdin=PASSWORDS[handle] + "\n")
        return self


def line_of(process: subprocess.Popen[str], wanted: Callable[[str], bool]) -> str:
    """The first line of the process's output that is wanted; fails when it ends or `LIMIT` goes by before."""
    assert process.stdout is not None
    end = time.monotonic() + LIMIT
    seen = []
    while (left := end - time.monotonic()) > 0:
        ready, _, _ = select.select([process.stdout], [], [], left)
        line = process.stdout.readline() if ready else ""
        if not line:
            break
        seen.append(line)
        if wanted(line):
            return line
    raise AssertionError(f"not among the lines: {seen}")


def add_people(server: Server) -> None:
    for handle, password in PASSWORDS.items():
        server.admin("person", "add", handle, "--password-stdin", stdin=password + "\n")


def end_sign_ins(db: Path) -> None:
    """As a moderator, or a refresh token that was used twice, ends them: none of their tokens is known any more."""
    with closing(sqlite3.connect(db, timeout=30)) as opened:
        opened.execute("DELETE FROM tokens")
        opened.commit()
