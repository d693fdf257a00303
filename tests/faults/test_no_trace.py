"""Reading leaves no trace on the server: a whole Jam read in the real TUI, each request counted, each row compared."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

REPLIES = 4


def rows(db: Path) -> dict[str, tuple[int, str]]:
    """How many rows each table of the server's file has, and what is in them."""
    with closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for name in names:
            lines = sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"')))
            found[name] = (len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest())
    return found


def jam(threads: int) -> list[tuple[str, dict[str, Any]]]:
    from conftest import small_jam  # type: ignore[import-not-found] # the room's own

    records: list[tuple[str, dict[str, Any]]] = small_jam(threads)
    for kind, opener in list(records):
        if kind == "post":
            for n in range(REPLIES):
                reply = {"id": f"{opener['id'][:-12]}{n + 1:010x}{opener['id'][-2:]}", "parent_id": opener["id"]}
                records.append(("post", opener | reply | {"title": "", "body": f"An answer with a word, {n}"}))
    return records


def test_a_whole_jam_is_read_and_the_server_learns_nothing(
    new_server: Callable[..., Any], new_proxy: Callable[..., Any], new_home: Callable[..., Any],
    new_tui: Callable[..., Any], many: Callable[[str, int], int], figure: Callable[[str], None],
) -> None:  # fmt: skip
    threads = many("THREADS_READ", 12)
    server = new_server(jam(threads))
    proxy = new_proxy(server)
    home = new_home().login(proxy.url, "ana")
    home.jamtui("sync")
    synced = len(proxy.done)
    tui = new_tui(home, size=(120, 30))
    tui.wait_for("● live")
    tui.wait_for(f"{threads * (1 + REPLIES)} unread")
    proxy.wait_for_call("/api/v1/me/desk", synced)  # as who connects does, whatever they read
    mirrored, before = len(proxy.done), rows(server.db)
    # Each post, with the one key that reads everything; then all else that one does who only reads.
    for _ in range(threads * (2 + REPLIES)):
        tui.press("space")
    tui.wait(lambda screen: " unread" not in screen.splitlines()[0], "all read")
    tui.press(
        "1", "enter", "enter", "s", "F", "y", "u", "u", "i", "escape", "H", "escape", "P", "escape", "T", "escape"
    )
    tui.press("0", "u", "A", "z", "enter", "3")
    tui.press("4", "6", "2", "3", "1", "/")
    tui.wait_for("Type to search")
    tui.press(*"a word")
    tui.wait(lambda screen: "An answer with a word" in screen, "a hit")
    tui.press("enter", "m", "escape", "escape")
    for words in (("forums",), ("threads", "ideas"), ("search", "word"), ("tags",), ("people",), ("hot",), ("plan",),
                  ("inbox",), ("digest", "--since", "last"), ("notify",)):  # fmt: skip
        home.jamtui(*words)
    tui.press("\x11")
    assert tui.wait_end() == 0
    asked = [f"{call.method} {call.path}" for call, _ in proxy.done[mirrored:]]
    about = [one for one in asked if "/posts" in one or "/forums" in one or "/people" in one or "/tags" in one]
    after = rows(server.db)
    changed = [name for name in before if before[name] != after[name]]
    posts = threads * (1 + REPLIES)
    tables = f"{len(changed)} tables of the server changed"
    figure(f"promise 14: {posts} posts read: {len(about)} requests about any of them, {tables}")
    assert about == []
    assert [one for one in asked if not one.startswith(("GET /api/v1/stream", "GET /api/v1/changes"))] == []
    assert changed == []
    assert after.keys() == before.keys()
