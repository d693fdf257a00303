"""The terminal is gone, as when its window is closed: jamtui ends, keeps what it had, leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from jamtui.paths import Home
from jamtui.store import connection, own, registry
from widgets.steady import GoneQuietly

ROOT = Path(__file__).resolve().parents[2]
REAL_JAM = ROOT / "tests" / "data" / "real-jam" / "open-conversations.jsonl"
LIMIT = 30.0


def test_a_terminal_that_is_gone_ends_the_program_and_the_place_is_kept(
    terminal: Callable[..., Any],
) -> None:
    one = terminal("open", str(REAL_JAM), size=(80, 24))
    one.wait_for("posts")
    one.press("enter")
    one.wait_for("threads")
    one.press("j", "enter")
    one.wait(lambda screen: "▌" in screen and "threads" not in screen, "a thread")
    one.press("j", "j")
    title = one.wait(lambda screen: "▌" in screen, "its third post").splitlines()[2][:40]
    one.hang_up()
    assert one.wait_end() == 129
    again = terminal("open", str(REAL_JAM), size=(80, 24))
    assert again.wait(lambda screen: "▌" in screen, "the same thread").splitlines()[2].startswith(title)
    again.press("q", "q", "q")
    assert again.wait_end() == 0


def test_a_terminal_that_is_gone_leaves_no_process_and_no_folder(terminal: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    demo = terminal("demo", "--seed", "1", size=(80, 24), TMPDIR=str(folder))
    demo.wait_for("live")
    demo.press("enter")
    demo.wait_for("threads")
    demo.press("enter", "r")
    demo.wait_for("Reply to")
    demo.press(*"half a sentence")
    demo.wait_for("half a sentence")
    children = psutil.Process(demo.process.pid).children(recursive=True)
    assert children, "the server of the demo"
    demo.hang_up()
    assert demo.wait_end() == 129
    _, alive = psutil.wait_procs(children, timeout=LIMIT)
    assert alive == []
    assert list(folder.iterdir()) == []


def test_what_was_being_written_is_kept_when_the_terminal_is_gone(
    terminal: Callable[..., Any], server: str, password: str, tmp_path: Path
) -> None:
    env = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
    env |= {"JAMTUI_HOME": str(tmp_path / "jamtui"), "PYTHONPATH": str(ROOT)}
    login = [sys.executable, "-m", "jamtui", "login", server, "--handle", "ana", "--store", "file", "--password-stdin"]
    subprocess.run(login, input=f"{password}\n", text=True, check=True, env=env)
    jam = terminal(size=(80, 24))
    jam.wait_for("live")
    jam.press("enter")
    jam.wait_for("threads")
    jam.press("enter", "r")
    jam.wait_for("Reply to")
    jam.press(*"half a sentence")
    jam.wait_for("half a sentence")
    jam.hang_up()
    assert jam.wait_end() == 129
    known = registry.find(Home.from_env({"JAMTUI_HOME": str(tmp_path / "jamtui")}), None)
    db = connection.connect(known.own, own.SCHEMA)
    assert [draft.body for draft in own.Own(db).drafts()] == ["half a sentence"]
    db.close()


def test_whatever_is_written_to_a_terminal_that_is_gone_is_taken() -> None:
    """More than the queue holds of the thread that writes: if that thread ended, the program would wait for ever."""
    master, slave = os.openpty()
    gone = os.fdopen(slave, "w")
    os.close(master)
    writer = WriterThread(GoneQuietly(gone))  # type: ignore[arg-type]
    writer.start()
    for _ in range(4 * MAX_QUEUED_WRITES):
        writer._queue.put("drawn", timeout=LIMIT)
    writer.stop()
    with contextlib.suppress(OSError):  # what it still holds has nowhere to go
        gone.close()
