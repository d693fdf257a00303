"""Somebody answers while one reads: the bytes of the terminal hold one whole notification, whatever the answer is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

EVIL = "\x1b]0;owned\x07 \x1b\\ \x9c \x9b2J \u202ethe end; 4;1;50 \U0001f1e9\U0001f1ea \U0001f469\u200d\U0001f4bb"
BEGUN = re.compile(rb"\x1b\](?:9|99|777);[^\n]*")
WHOLE = re.compile(rb"\x1b\]9;jamtui: ([^\x00-\x1f\x7f]+)\x1b\\")


def test_an_answer_is_one_whole_sequence_on_a_real_terminal(
    new_server: Callable[..., Any], new_home: Callable[..., Any], new_tui: Callable[..., Any],
    figure: Callable[..., None],
) -> None:  # fmt: skip
    """On the screen and, of the same person on another device, in plain mode."""
    server = new_server()
    bob, *homes = (new_home().login(server.url, name) for name in ("bob", "ana", "ana"))
    homes[0].jamtui("sync")
    words = ("post", "--forum", "ideas", "--title", "Mine", "--body", "text", "--json")
    mine = json.loads(homes[0].jamtui(*words).stdout)
    homes[1].jamtui("sync")
    terminals = []
    for home, mode, there in zip(homes, ((), ("--plain",)), ("● live", "Connection: "), strict=True):
        (home.path / "config.toml").write_text('version = 1\n[notify]\nby = "osc9"\nbell = true\nevery = 1\n')
        terminals.append(new_tui(home, *mode, size=(100, 30)))
        terminals[-1].wait_for(there)
    bob.jamtui("sync")
    bob.jamtui("reply", mine["id"], "--body", f"I agree {EVIL}")
    for tui in terminals:
        tui.wait_for("answers you")
        with tui._told:
            assert tui._told.wait_for(lambda tui=tui: WHOLE.findall(tui.output), 30)
        begun, whole = BEGUN.findall(tui.output), WHOLE.findall(tui.output)
        assert len(begun) == len(whole) == 1, begun
        text = whole[0].decode()
        assert "I agree" in text
        assert text.isprintable()
        figure("notifications: {:.0f} whole sequence and no other on each of {} real terminals", len(whole))
