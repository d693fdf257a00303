"""A folder that cannot be written: everything can be read, and whoever writes is told why that cannot be."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import ROOT, Home, Server, zygote
from pty_terminal import Terminal

# Ends with a log beside both files, as a crash does.
KILLED = """
import os, sys; from pathlib import Path
from jamtui.store import connection, marks, mirror, own
one = mirror.Mirror(connection.connect(Path(sys.argv[1], "mirror.sqlite"), mirror.SCHEMA))
one.touch("2026-01-01T00:00:00Z")
other = connection.connect(Path(sys.argv[1], "own.sqlite"), own.SCHEMA)
marks.MarkStore(other).set_place("a", "b")
os._exit(9)
"""


@pytest.mark.parametrize("crashed", [False, True])
def test_what_cannot_be_written_can_be_read(
    crashed: bool,
    new_server: Callable[..., Server],
    new_home: Callable[..., Home],
    new_tui: Callable[..., Terminal],
    small_disk: Callable[[float], Path],
) -> None:
    server, disk = new_server(), small_disk(8)
    home = new_home(disk / "home")
    home.login(server.url, "ana")
    home.jamtui("sync")
    home.jamtui("post", "--forum", "ideas", "--title", "Mine", "--body", "written before")
    (jam,) = home.path.glob("jams/*/jam.json")
    if crashed:
        words = (sys.executable, "-c", KILLED, str(jam.parent))
        assert subprocess.run(words, env=home.environment(), check=False).returncode == 9
        assert (jam.parent / "own.sqlite-wal").stat().st_size
    before = {path: path.read_bytes() for path in home.path.rglob("*") if path.is_file()}
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        titles = {row["title"] for row in home.rows("threads")}
        assert titles == {"Mine", *(f"Thread {n}" for n in range(4))}
        assert len(home.rows("forums")) == 1
        assert "written before" in home.jamtui("search", "before").stdout
        assert home.jamtui("outbox").returncode == 0
        for words in (("post", "--forum", "ideas", "--title", "t", "--body", "b"), ("sync",), ("mute", "#tea")):
            code, _, err = zygote().run("jamtui", list(words), home.environment(), ROOT, "")
            assert (code, "Traceback" in err) == (1, False), err
            assert re.search("read-?only", err, re.IGNORECASE), err
        tui = new_tui(home)
        tui.wait_for("Ideas")
        tui.press("enter")
        tui.wait_for("Mine")
        tui.press("enter")
        tui.wait_for("written before")
        tui.press("\x11")
        assert tui.wait_end() == 0
        assert {path: path.read_bytes() for path in home.path.rglob("*") if path.is_file()} == before
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert home.row("post", "--forum", "ideas", "--title", "Again", "--body", "b")["state"] == "sent"
