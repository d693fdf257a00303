"""The demo keeps nothing when it ends, as the README says: left, ended by a signal, or killed."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest


@pytest.mark.parametrize("end", ["q", "SIGTERM", "SIGKILL"])
def test_nothing_is_left_of_a_demo(terminal: Callable[..., Any], tmp_path: Path, end: str) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    before = {path for path in tmp_path.rglob("*") if path != temporary}
    demo = terminal("demo", "--freeze", "2011-02-09T14:00:00Z", TMPDIR=str(temporary))
    demo.wait_for("Building the social business")
    demo.press("enter")
    demo.wait_for("f filter")
    assert any(temporary.rglob("mirror*"))  # there is something to be left
    program = psutil.Process(demo.process.pid)
    servers = program.children(recursive=True)
    assert servers
    if end == "q":
        demo.press("q", "q")
        assert demo.wait_end() == 0
    else:
        demo.send_signal(signal.Signals[end])
        assert demo.wait_end() == (128 + signal.SIGTERM if end == "SIGTERM" else -signal.SIGKILL)
    _, alive = psutil.wait_procs(servers, 30)
    assert alive == []
    assert {path for path in tmp_path.rglob("*") if path != temporary} == before
