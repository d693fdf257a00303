"""jamtui is killed while somebody reads: the next start is where one was a moment before, in list and thread."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jamtui.model import ThreadRow
from jamtui.paths import Home
from jamtui.session import Session, open_session
from jamtui.store import registry

LIMIT = 30.0
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "jam.jsonl"
    command = [sys.executable, "-m", "jamserver", "generate", "--posts", "400", "--seed", "1", "-o", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


def opened(tmp_path: Path, archive: Path) -> Session:
    """The same Jam as another program sees it: what is on the disk."""
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path / "jamtui")})
    return open_session(home, registry.for_file(home, archive), clock=lambda: NOW, rng=random.Random(1), environ={})


def until(what: Callable[[], bool]) -> None:
    """Nobody tells when it is on the disk: looked at again and again."""
    late = threading.Event()
    timer = threading.Timer(LIMIT, late.set)
    timer.start()
    try:
        while not what():
            assert not late.wait(0.01), "it was never kept"
    finally:
        timer.cancel()


def panes(screen: str) -> tuple[list[str], list[str]]:
    """The lines of the list, but for the counts, and those of the thread, but for what says whether a post is new."""
    lines = [line.partition("│")[::2] for line in screen.splitlines()[3:-2]]
    mark = str.maketrans("●·▐", "   ")
    return [left[:36] for left, _ in lines], [right.translate(mark).rstrip() for _, right in lines]


def test_a_killed_reader_is_back_in_list_and_thread(
    terminal: Callable[..., Any], tmp_path: Path, archive: Path
) -> None:
    one = terminal("open", str(archive), size=(120, 20))
    one.wait_for("posts")
    one.press("enter")
    one.wait_for("threads")
    with closing(opened(tmp_path, archive)) as look:
        forum = look.forums()[0].id
        threads: list[ThreadRow] = look.threads(look.thread_keys(forum))
        at = next(at for at, row in enumerate(threads) if at > 8 and row.replies >= 5)
        thread = threads[at]
        third = look.posts(look.thread_index(thread.id).keys)[2]
        one.press(*"j" * at)
        until(lambda: look.place(f"forum:{forum}") == thread.id)
        until(lambda: int(look.place(f"above:forum:{forum}") or 0) > 1)
        one.press("enter")
        until(lambda: json.loads(look.place("spot")).get("reading", False))
        one.press("g", "j", "j")
        until(lambda: look.place(f"thread:{thread.id}").startswith(f"{third.id}:"))
        screen = one.wait(lambda screen: f"▌● │ │ {third.author}" in screen, "the third post under the cursor")
    one.send_signal(signal.SIGKILL)
    assert one.wait_end() == -signal.SIGKILL
    again = terminal("open", str(archive), size=(120, 20))
    again.wait(lambda now: panes(now) == panes(screen), screen)
    again.press("q")
    again.wait_for("Enter open")
    again.press("q", "q")
    assert again.wait_end() == 0
