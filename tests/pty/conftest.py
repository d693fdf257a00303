"""The real program on a real pty (`tests/support/pty_terminal.py`).

terminal("demo", "--seed", "1", size=(80, 24))   starts `python -m jamtui …`
.wait_for("Forums")                               until the text stands on the screen; fails with the screen
.press("j", "enter")                              keys by name or as they are typed
.screen()                                         the lines that a person sees now
.output                                           every byte that the program has written
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pty_terminal import PYTHON, ROOT, Terminal, environment

REAL_JAM = ROOT / "tests" / "data" / "real-jam" / "open-conversations.jsonl"
PASSWORD = "open sesame 2011"
_ENVIRON = {"PATH": os.environ["PATH"], **PYTHON}


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Starts the program; its home is a folder of the test's own."""
    opened: list[Terminal] = []

    def start(*words: str, size: tuple[int, int] = (100, 30), shell: bool = False, **env: str) -> Terminal:
        one = Terminal(words, size, environment(tmp_path) | env, shell=shell)
        opened.append(one)
        return one

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def password() -> str:
    return PASSWORD


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's file with the real Jam, open from now, and ana, who may sign in with `PASSWORD`: to be copied."""
    db = tmp_path_factory.mktemp("filled") / "jam.sqlite"

    def admin(*words: str, stdin: str = "") -> None:
        command = [sys.executable, "-m", "jamserver", *words, "--db", str(db)]
        subprocess.run(command, input=stdin, text=True, check=True, capture_output=True, env=_ENVIRON)

    admin("import", str(REAL_JAM), "--reopen")
    admin("person", "add", "ana", "--password-stdin", stdin=f"{PASSWORD}\n")
    return db


@contextlib.contextmanager
def serving(filled: Path, db: Path) -> Iterator[str]:
    """The address of a server on a copy of ``filled`` at ``db``."""
    shutil.copy(filled, db)
    command = [sys.executable, "-m", "jamserver", "run", "--db", str(db), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_ENVIRON)
    assert process.stdout is not None
    found = re.search(r"http://[\d.]+:\d+", process.stdout.readline())
    assert found is not None
    yield found[0]
    process.terminate()
    process.communicate()


@pytest.fixture
def server(filled: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a real server with what `filled` has, for one test."""
    with serving(filled, tmp_path / "jam.sqlite") as url:
        yield url


@pytest.fixture(scope="module")
def read_server(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same for all tests of a file, which only read."""
    with serving(filled, tmp_path_factory.mktemp("server") / "jam.sqlite") as url:
        yield url
