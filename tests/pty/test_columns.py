"""Strangers' signs on a terminal that knows other widths than we: no column moves, in lists, threads and hits."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

TIME = "2026-01-01T00:00:00Z"
TITLES = [
    "plain",
    "\u8336\u8336\u8336",
    "e\u0301e\u0301",
    "\u0e01\u0e49\u0e01\u0e49",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 family",
    "\U0001f469\U0001f3fd\u200d\U0001f4bb at work",
    "\U0001f44d\U0001f3fd\U0001f44d\U0001f3fd",
    "\u2764\ufe0f\u2764\ufe0f\u2764\ufe0f",
    "\U0001f3f3\ufe0f\u200d\U0001f308 joined",
    "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7 flags",
    "1\ufe0f\u20e3 2\ufe0f\u20e3",
    "\u0ba8\u0bbf\u0ba8\u0bcd\u0ba4\u0bbf\u0baf\u0bbe",  # Tamil
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u0915\u094d\u0937\u093f",  # Hindi
    "\u1112\u1161\u11ab\u1100\u1173\u11af",  # Hangul in its parts
    "Z\u0301\u0316\u0334" * 6,
    "\ufdfd \U0001242b",
    "\u0645\u0631\u062d\u0628\u0627 (v1.2)",
    "hi\U000e0069\U000e0067",
    "\U0001fae8\U0001fae8",
    "\U0001f3fdbegins with a mark",
]


def records() -> Iterator[dict[str, Any]]:
    def new(kind: str, number: int) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}{number}"))

    jam = {"format": 1, "id": new("jam", 0), "slug": "signs", "title": "Signs", "opens_at": TIME}
    yield {"type": "jam", "data": {**jam, "closes_at": "2099-01-01T00:00:00Z"}}
    yield {"type": "forum", "data": {"id": new("forum", 0), "slug": "one", "title": "One", "brief": "b", "position": 1}}
    for n, title in enumerate(TITLES):
        yield {"type": "person", "data": {"id": new("person", n), "handle": f"h{n}", "name": title}}
    for n, title in enumerate(TITLES):
        post = {"forum_id": new("forum", 0), "author_id": new("person", n), "created_at": TIME, "votes": {"up": 7}}
        thread = {"id": new("post", n), "thread_id": new("post", n), "parent_id": None, "title": f"{title} t{n}."}
        yield {"type": "post", "data": {**post, **thread, "body": f"begin {title} end b{n}.", "tags": [f"{title}"]}}
        reply = {"id": new("reply", n), "thread_id": new("post", n), "parent_id": new("post", n), "tags": []}
        yield {"type": "post", "data": {**post, **reply, "body": f"reply {title} end"}}


@pytest.mark.parametrize("columns", [80, 130, 160])
def test_no_sign_moves_what_stands_right_of_it(terminal: Callable[..., Any], tmp_path: Path, columns: int) -> None:
    """pyte, which draws what the program writes, knows no joined emoji, flags and selectors, as older terminals."""
    archive = tmp_path / "signs.jsonl"
    archive.write_text("".join(json.dumps(record) + "\n" for record in records()), "ascii")
    panes = 1 if columns < 100 else 2
    jam = terminal("open", str(archive), size=(columns, 46))
    jam.wait_for("One")
    jam.press("enter")
    seen = jam.wait(lambda screen: all(f"t{n}." in screen for n in range(len(TITLES))), "all threads")
    assert len(jam.columns_of("↩ 1  ▲ 7")) == 1, seen
    for n in reversed(range(len(TITLES))):
        jam.press("enter")
        seen = jam.wait(
            lambda screen, n=n: (
                f"b{n}." in screen  # its text: the title stands in the list as well
                and "\n Space read on" in screen
                and ("↩ 1  ▲ 7" in screen) == (panes == 2)  # one pane: the list is no longer there
            ),
            f"thread {n}",
        )
        assert len(jam.columns_of("▲ 7")) == panes, seen
        assert len(jam.columns_of("↩ 1  ▲ 7")) == panes - 1, seen
        jam.press("q", "j")
        jam.wait(lambda screen: f"{len(TITLES)} threads" in screen and "Space read on" in screen, f"back from {n}")
    jam.press("1", "q")
    assert jam.wait_end() == 0
