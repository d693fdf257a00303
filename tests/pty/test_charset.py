"""A terminal of eight bits takes bytes of UTF-8 for controls: 0x9B begins an escape sequence there, and ``ě`` ends with
it. Where the locale names its charset, it gets that."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TIME = "2026-01-01T00:00:00Z"
# Letters whose second byte is a control of eight bits, each with what would clear the screen behind it.
TITLE = "Grüße ě2J Ő0;x õ " + "".join(map(chr, range(0x100, 0x120))) + " 茶茶 end"


@pytest.fixture
def archive(tmp_path: Path) -> str:
    post = {"id": "p", "forum_id": "f", "thread_id": "p", "parent_id": None, "author_id": "a", "created_at": TIME}
    records = [
        ("jam", {"format": 1, "id": "j", "slug": "j", "title": "J", "opens_at": TIME, "closes_at": TIME}),
        ("person", {"id": "a", "handle": "eve", "name": "Eve"}),
        ("forum", {"id": "f", "slug": "f", "title": "One", "brief": TITLE, "position": 1}),
        ("post", {**post, "title": TITLE, "body": TITLE, "tags": [], "votes": {"up": 7}}),
    ]
    file = tmp_path / "letters.jsonl"
    file.write_text("".join(json.dumps({"type": kind, "data": data}) + "\n" for kind, data in records))
    return str(file)


def controls(output: bytes) -> int:
    return sum(0x80 <= byte < 0xA0 for byte in output)


@pytest.mark.parametrize("charset", ["ISO-8859-1", "UTF-16"])
@pytest.mark.parametrize("how", ["screen", "command", "plain"])
def test_a_terminal_of_eight_bits_gets_no_controls(
    terminal: Callable[..., Any], archive: str, how: str, charset: str
) -> None:
    env = {"LC_ALL": f"de_DE.{charset}@euro"}
    if how == "command":
        one = terminal("--jam", archive, "threads", size=(160, 30), **env)
        one.wait_for("end")
    else:
        one = terminal(*(("--plain",) if how == "plain" else ()), "open", archive, size=(160, 30), **env)
        one.wait_for("One")
        one.press("\r", *(("\r",) if how == "plain" else ()))
        assert "?2J" in one.wait_for("7 votes" if how == "plain" else "^ 7")
        one.press(*("q" * 3 if how == "plain" else "\x11"))
    assert one.wait_end() == 0
    assert controls(one.output) == 0
    assert ("Grüße".encode("latin-1") in one.output) == (charset == "ISO-8859-1")


def test_one_of_utf_8_gets_all_letters(terminal: Callable[..., Any], archive: str) -> None:
    one = terminal("--jam", archive, "threads", size=(160, 30), LC_ALL="de_DE.utf8")
    assert "Grüße ě2J" in one.wait_for("end")
    assert one.wait_end() == 0
    assert controls(one.output) > 0  # the test above would see them
