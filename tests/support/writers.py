"""People who write in the real TUI and are killed: what the tests of faults do with a terminal.

tui.open_reply(thread)       the composer under that post, whatever stood on the screen
tui.type_word("w1")          types it, waits until it is seen, and says when
tui.kill()                   SIGKILL, to the whole process group
Kept(home)                   what is on that home's disk: drafts, outbox, both files sound
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apsw
from processes import Home, Server
from pty_terminal import Terminal, environment

WORD = re.compile(r"\bw\d+x\d+x\d+z\b")  # worker, round, number: each is typed once; cut short it is none


class Writer(Terminal):
    def __init__(self, home: Home, size: tuple[int, int] = (100, 30)) -> None:
        env = environment(home.path.parent) | {"JAMTUI_HOME": str(home.path), **home.env}
        super().__init__((), size, env)

    def open_reply(self, post_id: str) -> None:
        self.wait(lambda screen: "A small Jam" in screen, "the Jam")
        self.press(":", f"post {post_id}")
        self.wait_for(post_id)
        self.press("enter")
        self.wait(lambda screen: "r reply" in screen and post_id not in screen, "the post")
        self.press("r")
        self.wait_for("Reply to")

    def type_word(self, word: str) -> float:
        self.press(f"{word} ")
        self.wait_for(word)
        return time.monotonic()

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.close()


class Kept:
    """Read by SQLite itself, not by the program that is tested."""

    def __init__(self, home: Home) -> None:
        (self.folder,) = (path.parent for path in home.path.rglob("own.sqlite"))

    def _rows(self, name: str, sql: str) -> list[tuple[Any, ...]]:
        db = apsw.Connection(str(self.folder / name))
        db.set_busy_timeout(30_000)
        try:
            return list(db.execute(sql))
        finally:
            db.close()

    def drafts(self) -> dict[str, str]:
        return {str(target): str(body) for target, body in self._rows("own.sqlite", "SELECT target, body FROM drafts")}

    def outbox(self) -> list[tuple[str, str, str]]:
        """(kind, state, payload as text), in order."""
        rows = self._rows("own.sqlite", "SELECT kind, state, payload FROM outbox ORDER BY n")
        return [(str(kind), str(state), bytes(payload).decode()) for kind, state, payload in rows]

    def unsound(self) -> list[str]:
        """What SQLite's own check says of both files, when it is not "ok"."""
        told = [
            str(row[0])
            for name in ("own.sqlite", "mirror.sqlite")
            for row in self._rows(name, "PRAGMA integrity_check")
        ]
        return [line for line in told if line != "ok"]


def add_writer(server: Server, url: str, home: Home, handle: str) -> Home:
    """A new person, signed in and synced in ``home``."""
    server.admin("person", "add", handle)
    token = server.admin("person", "token", handle)
    home.jamtui("login", url, "--token-stdin", "--store", "file", stdin=token)
    home.jamtui("sync")
    return home


def words(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for text in texts for word in WORD.findall(text))


def drained(home: Home, tries: int = 300) -> int:
    """Syncs until nothing waits any more, however often that fails; how often it took. Fails when it never does."""
    for n in range(tries):
        done = home.popen("sync")
        done.communicate()
        if not [row for row in Kept(home).outbox() if row[1] == "queued"]:
            return n + 1
    raise AssertionError(f"still waiting after {tries} syncs: {Kept(home).outbox()}")


def folder_of(home: Home) -> Path:
    return Kept(home).folder
