"""Strangers' text in what commands and plain mode print on a terminal: every payload in every field, by bytes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from commands_pty import Pty
from hostile_jam import MIX, OLD, TEXTS, TIME, driven, hostile_home, moderated, new, payload_controls
from pty_terminal import PYTHON

from jamtui import cli
from jamtui.commands import parser

ALL = os.environ.get("JAMTUI_HOSTILE") == "all"
POST, REPLY, OWN = new("opener", 0), new("reply", 5), new("reply", OLD)
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("forums",), ("threads", f"f0{TEXTS[0][:150]}"), ("threads",), ("threads", MIX), ("threads", "--sort", "votes"),
    ("show", POST), ("show", REPLY), ("show", MIX), ("tags",), ("people",), ("people", f"@h3{TEXTS[3][:150]}"),
    ("people", MIX), ("people", "--where", "--limit", "500"), ("tags", "--curated"), ("profile",),
    ("profile", "--set", MIX), ("profile", "--set", f"languages={MIX}"), ("mydata", "--device"),
    ("search", "mark5"), ("search", MIX), ("search", f"tag:{MIX}"), ("hot",), ("plan", "5"),
    ("outbox",), ("outbox", "show", new("out", 1)), ("outbox", "show", new("out", 2)), ("outbox", "show", MIX),
    ("outbox", "show", new("edit", 0)), ("drafts",), ("drafts", "--thrown"), ("muted",), ("followed",), ("jams",),
    ("auth", "status"), ("doctor",), ("export", "--format", "markdown"), ("export", "--format", "jam"),
    ("state", "export"), ("config", "check"), ("mute", f"#{MIX}"), ("follow", f"@{MIX}"), ("tag", POST, MIX),
    ("vote", POST), ("reply", POST, "--body", MIX), ("post", "--forum", MIX, "--title", MIX, "--body", MIX),
    ("edit", new("reply", OLD), "--body", MIX), ("login", f"http://127.0.0.1:9/{MIX}", "--guest"), ("logout", MIX),
    ("open", f"/nowhere/{MIX}", "--index-only"), (MIX,), (f"--{MIX}",), ("forums", "--jam", MIX), ("sync",),
    ("announcements",), ("polls",), ("poll", new("poll", 3)), ("poll", MIX), ("ballot", new("poll", 4), MIX),
    ("ballot", new("poll", 4), "1"), ("brief", new("forum", 3)), ("brief", MIX), ("announce", "--body", MIX),
    ("brief", new("forum", 0), "--history"), ("announce", "--change", MIX, "--body", MIX),
    ("poll", "--question", MIX, "--choice", MIX), ("unanswered",), ("hand-over", "--since", MIX),
    ("forums", "--theme", MIX), ("show", f"--{MIX}"), ("completion", MIX), ("demo", "--freeze", MIX),
    ("jam",), ("ideas",), ("featured",), ("kind", POST, MIX), ("kind", OWN, "question"),
    ("idea-state", POST, "refined"),
    ("feature", POST, "--reason", MIX), ("unfeature", POST), ("connect", POST, "answers", REPLY),
    ("connect", POST, "answers", MIX), ("delete", OWN), ("untag", POST, MIX), ("unvote", POST), ("tag-curate", MIX),
    ("tag-curate", "plain", "--about", MIX), ("tag-merge", f"tag5{TEXTS[5][:20]}", "plain"), ("tag-merge", MIX, MIX),
    ("unmute", f"#{MIX}"), ("unfollow", f"@{MIX}"), ("save", POST), ("save", MIX), ("saved",), ("unsave", POST),
    ("mark-read", POST, "--thread"), ("mark-read", "--forum", MIX), ("mark-unread", POST), ("mark-unread", MIX),
    ("inbox",), ("inbox", "--reason", MIX), ("digest", "--since", TIME), ("digest", "--since", MIX),
    ("digest", "--since", TIME, "--format", "markdown"), ("notify",), ("notices", "--keep"), ("reports",),
    ("reports", "--mine"), ("reports", "--dismiss", MIX), ("reports", "--dismiss", new("opener", 3)), ("audit",),
    ("hidden",), ("report", new("opener", 4), "--reason", "spam", "--note", MIX),
    ("moderate", "hide", new("opener", 5), "--reason", MIX),
    ("moderate", "warn", f"@h6{TEXTS[6][:150]}", "--reason", MIX),
    ("moderate", "move", POST, "--to", MIX, "--reason", MIX), ("moderate", "undo", new("act", 7)),
    ("moderate", "suspend", f"@{MIX}", "--until", MIX, "--reason", MIX),
)  # fmt: skip
# Ends only when it is interrupted: tests/pty/test_announced.py has it.
ENDLESS = {"watch"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    moderated(hostile_home(folder / "jamtui"))
    config = folder / "jamtui" / "config.toml"
    config.touch(mode=0o600)
    hostile = MIX.encode("unicode_escape").decode().replace("\\x", "\\u00").replace('"', "")
    config.write_text(f'version = 1\ntheme = "{hostile}"\n"a{hostile}" = 1\n[keys]\nnext = "{hostile}"\n', "utf-8")
    return folder


@pytest.fixture
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("JAMTUI_HOME", str(home / "jamtui"))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in PYTHON.items():
        monkeypatch.setenv(name, value)
    return


@pytest.mark.usefixtures("at_home")
def test_no_command_hands_a_payload_to_the_terminal(figure: Callable[[str], None]) -> None:
    terminal = Pty()
    printed = 0
    try:
        for words in COMMANDS:
            for more in ((), ("--json",), ("--plain",), ("--debug",)) if ALL else ((), ("--json",)):
                output = terminal.run((*words, *more))
                printed += len(output)
                assert payload_controls(output) == [], (ascii(words), more)
                assert driven(output) == [], (ascii(words), more)
                assert b"unexpected" not in output, (ascii(words), output)
    finally:
        terminal.close()
    assert printed > 600_000
    figure(f"promise 1: 0 payload control bytes over {len(TEXTS)} payloads x {len(COMMANDS)} commands")


def test_every_command_is_among_them() -> None:
    assert {words[0] for words in COMMANDS} >= parser.COMMANDS.keys() - ENDLESS


@pytest.mark.usefixtures("at_home")
def test_json_has_the_text_as_it_came_without_controls(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """What programs read is whole, and moves no cursor when it is looked at."""
    assert cli.main(["show", POST, "--json"]) == 0
    out = capsysbinary.readouterr().out
    assert b"\\u001b[2J" in out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out.decode())


# Keys of plain mode: through every list and every kind of dialog; "." and an empty line end what is asked.
PLAIN = (
    "j" * 30, "g", "\r", "j" * len(TEXTS), "g", "\r", " " * 60, "q", "2", "j" * 20, "3", "j" * 20, "4", "j" * 20, "5",
    "j" * 20, "6", "j" * 20, "H", "j" * 20, "T", "j" * 20, "i", "q", "7", "\r", ":people\r", "j" * 30, ":tag x\r",
    "/mark1\r", "j" * 10, "?", ":muted\r", ":forum nothing\r", f":post {REPLY}\r", "o", "s", "m", "+", "t", "\r",
    ":forum f1\t\t\r",
    ":notices\r", " " * 9, ".", ":audit\r", "\r", ":hidden\r", "\r", ":reports\r", "n" * 5, ".", "0", "j" * 20,
    ":featured\r", "j" * 20, ":jam\r", ".", ":announcements\r", " " * 9, ".", f":post {new('opener', 7)}\r", "M", ".",
    "R", "\r", "I", ".", ":where-from\r", ".",
)  # fmt: skip


def test_plain_mode_hands_no_payload_to_the_terminal(
    terminal: Callable[..., Any], home: Path, figure: Callable[[str], None]
) -> None:
    one = terminal("--plain", size=(140, 50), JAMTUI_HOME=str(home / "jamtui"))
    one.wait_for("Forum 1 of")
    for keys in PLAIN:
        one.press(*keys)
    one.press(*f":post {new('reply', 155)}\r")
    one.wait_for("mark155.")
    one.press("\x11")
    assert one.wait_end() == 0
    hits, sent = payload_controls(one.output, "\b"), driven(one.output)
    assert (hits[:9], sent[:9]) == ([], [])
    assert len(one.output) > 200_000
    for words in (b"to decide on", b"Undo which", b"Show which again", b"What is to be done", b"Why, 1 to 5"):
        assert words in one.output
    assert one.line_settings() == one.before
    figure(f"promise 1: 0 payload control bytes over {len(TEXTS)} payloads in plain mode, {len(one.output):,} bytes")
