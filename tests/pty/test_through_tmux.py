"""A notification through a real tmux: the terminal around it gets exactly one whole sequence, or none where tmux is
not to pass anything on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pty_terminal import Terminal

from jamtui import notify

EVIL = "\x1b]0;owned\x07 \x1b\\ \x9c \u202e; 4;1;50 \U0001f1e9\U0001f1ea"
BEGUN = re.compile(rb"\x1b\](?:9|99|777);")
TRIES = 8
WAYS = {
    "osc9": rb"\x1b\]9;jamtui: [^\x00-\x1f\x7f]*\x1b\\",
    "osc777": rb"\x1b\]777;notify;jamtui;[^\x00-\x1f\x7f;]*\x1b\\",
    "osc99": rb"\x1b\]99;i=jamtui:e=1;[A-Za-z0-9+/=]*\x1b\\",
}


@pytest.fixture
def in_tmux(tmp_path: Path) -> Iterator[Callable[[str, bytes], bytes]]:
    """``in_tmux("on", data)``: what a terminal gets when a program inside tmux writes ``data``."""
    if shutil.which("tmux") is None:
        pytest.skip("there is no tmux here")
    opened: list[tuple[Terminal, str]] = []
    env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ} | {"TERM": "xterm-256color"}
    env |= {"TMUX_TMPDIR": str(tmp_path), "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}

    def run(passes: str, data: bytes) -> bytes:
        name = f"jamtui-{len(opened)}"
        (tmp_path / "data").write_bytes(data)
        (tmp_path / "tmux.conf").write_text(f"set -g allow-passthrough {passes}\nset -g status off\n")
        outer: Any = Terminal((), (100, 30), env, shell=True)
        opened.append((outer, name))
        outer.wait_for("ready>")
        shell = f"echo attached; while read go; do cat {tmp_path}/data; echo written $go; done"
        outer.press(f"tmux -L {name} -f {tmp_path}/tmux.conf new-session '{shell}'\n")
        outer.wait(lambda screen: "attached" in screen and "tmux" not in screen, "the program inside tmux")
        # While tmux has its whole window to draw it passes nothing on: then it is written once more.
        for go in range(TRIES):
            outer.press(f"{go}\n")
            outer.wait_for(f"written {go}")
            if BEGUN.search(outer.output):
                break
        return bytes(outer.output)

    yield run
    for outer, name in opened:
        subprocess.run(["tmux", "-L", name, "kill-server"], env=env, check=False, capture_output=True)
        outer.close()


@pytest.mark.parametrize("by", sorted(WAYS))
def test_one_whole_sequence_comes_through(by: str, in_tmux: Callable[[str, bytes], bytes]) -> None:
    written = in_tmux("on", notify.sequence(by, EVIL, tmux=True).encode())
    assert len(re.findall(WAYS[by], written)) == len(BEGUN.findall(written)) == 1, written
    assert b"owned\x07" not in written


def test_nothing_comes_through_where_tmux_lets_nothing(in_tmux: Callable[[str, bytes], bytes]) -> None:
    written = in_tmux("off", notify.sequence("osc9", EVIL, tmux=True).encode())
    assert BEGUN.findall(written) == []
