"""What is announced and written comes to who is there: full screen, plain mode, `jamtui watch`, on real terminals."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import Home, environment

FORUM = "A 15 dollar minimum wage"
BODY = "Refining begins at \x1b[5m14:00\u202e. Until then: more ideas"
SEEN = "Refining begins at"


@pytest.fixture
def host(server: str, password: str, tmp_path: Path) -> Home:
    """Signed in as a host, in a folder of their own."""
    words = ("person", "add", "hanna", "--role", "host", "--password-stdin", "--db", str(tmp_path / "jam.sqlite"))
    subprocess.run(
        [sys.executable, "-m", "jamserver", *words], input=f"{password}\n", text=True, check=True, env=environment(),
        capture_output=True,
    )  # fmt: skip
    home = Home(tmp_path / "host")
    home.jamtui("login", server, "--handle", "hanna", "--password-stdin", "--store", "file", stdin=f"{password}\n")
    home.jamtui("sync")
    return home


def test_an_announcement_and_a_post_come_to_everybody_who_is_there(
    terminal: Callable[..., Any], host: Home, server: str, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    home = Home(tmp_path / "jamtui")  # where the terminals' programs look
    home.jamtui("login", server, "--guest")
    home.jamtui("sync")
    watch = terminal("watch", size=(140, 30))  # holds the connection; the others read what it brings
    watch.wait_for("live")
    screen = terminal(size=(110, 36))
    screen.wait_for("● live elsewhere")
    plain = terminal("--plain", size=(110, 60))
    plain.wait_for("Forum 1 of")
    host.jamtui("announce", "--body", BODY)
    screen.wait_for(SEEN)
    watch.wait_for("new announcement  @hanna  " + SEEN)
    plain.wait_for(SEEN)
    forum = host.rows("forums")[0]["slug"]
    host.jamtui("post", "--forum", forum, "--title", "Written meanwhile", "--body", "by a host")
    watch.wait_for("Written meanwhile")
    assert "@hanna" in watch.screen().split("Written meanwhile")[0].split("\n")[-1]
    for one, keys in ((screen, "q"), (plain, "q"), (watch, "\x03")):
        one.press(keys)
        assert one.wait_end() == (130 if one is watch else 0)
        assert one.line_settings() == one.before
    sent = b"".join(one.output for one in (screen, plain, watch))
    assert b"\x1b[5m" not in sent
    assert "\u202e".encode() not in sent
    figure("announced while 3 terminals are open: 3 of 3 show it, and nothing of its control signs")
