"""Promise 7: what was sent arrives exactly once.

Commands that write, syncs and the TUI go through a proxy that drops a third of all answers after the server has done
what was asked, and are killed (SIGKILL) at random moments. At the end every text that was ever in the outbox is on the
server exactly once, in the order in which it was written; an edit raised the version by one; a vote counts as it was
meant last; nothing was refused.

JAMTUI_ANSWERS says how many kills (`make soak`: 200), JAMTUI_ANSWERS_SEED the seed.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
from collections.abc import Callable
from typing import Any

from proxy import DropAnswer, lottery
from writers import Kept, Writer, add_writer, drained, words

DROPPED = 1 / 3


class Life:
    """One who writes with commands and in the TUI, and is killed whatever it is."""

    def __init__(self, server: Any, home: Any, rng: random.Random, threads: list[str], own: str) -> None:
        self.server = server
        self.home = home
        self.rng = rng
        self.threads = threads
        self.own = own  # a post of one's own, to be edited
        self.round = 0
        self.kills = 0
        self.replies: dict[str, list[str]] = {thread: [] for thread in threads}  # words as they were queued, in order
        self.edits: list[str] = []
        self.voted = False  # as it was meant last
        self.tags: dict[str, bool] = {}  # as it was meant last

    def live(self) -> None:
        self.round += 1
        word = f"w0x{self.round}x0z"
        thread = self.rng.choice(self.threads)
        way = self.rng.choice(["reply", "reply", "reply", "edit", "vote", "tag", "sync", "tui"])
        match way:
            case "reply":
                self._command("reply", thread, "--body", word)
            case "edit":
                self._command("edit", self.own, "--body", word)
            case "vote":
                self._command("unvote" if self.voted else "vote", self.threads[0])
            case "tag":
                word = f"tag {self.rng.randrange(5)}"
                self._command("untag" if self.tags.get(word) else "tag", self.threads[1], word)
            case "sync":
                self._command("sync")
            case "tui":
                self._tui(thread, word)
        self._note(way, thread, word)

    def _command(self, *command: str) -> None:
        """Killed at a random moment of the time that it takes here, or let end."""
        process = self.home.popen(*command)
        try:
            process.communicate(timeout=self.rng.random() * 2.5)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            self.kills += 1
            process.communicate()

    def _tui(self, thread: str, word: str) -> None:
        tui = Writer(self.home)
        try:
            tui.open_reply(thread)
            tui.press("enter")
            tui.type_word(word)
            tui.press("ctrl+s")
            if self.rng.random() < 0.7:
                tui.wait_gone("Ctrl-S send")
            self._rest(tui)
        finally:
            tui.kill()
            self.kills += 1

    def _rest(self, tui: Any) -> None:
        try:
            tui.process.wait(self.rng.random() * 2)
        except subprocess.TimeoutExpired:
            return
        raise AssertionError(f"it ended by itself\n{tui.screen()}")

    def _note(self, way: str, thread: str, word: str) -> None:
        """What was queued must arrive. A command that was killed before that has written nothing."""
        kept = Kept(self.home)
        waiting = [(kind, json.loads(payload)) for kind, _, payload in kept.outbox()]
        if way in ("reply", "tui"):
            if word in kept.drafts().get(thread, ""):
                return  # still a draft: the next one there goes on with it
            arrived = any(word in payload.get("body", "") for _, payload in waiting) or self._arrived(word)
            if arrived:
                self.replies[thread].append(word)
        elif way == "edit" and (any(word == payload.get("body") for _, payload in waiting) or self._edited(word)):
            self.edits.append(word)
        elif way == "tag":
            meant = [kind for kind, payload in waiting if payload.get("tag") == word]
            self.tags[word] = meant[-1] == "tag" if meant else self._tagged(word)
        elif way == "vote":
            meant = [kind for kind, _ in waiting if kind in ("vote", "unvote")]
            self.voted = meant[-1] == "vote" if meant else self._supported()

    # -- what the server has

    def posts(self) -> dict[str, dict[str, Any]]:
        return {data["id"]: data for kind, data in self.server.exported() if kind == "post"}

    def _arrived(self, word: str) -> bool:
        return any(word in post["body"] for post in self.posts().values())

    def _edited(self, word: str) -> bool:
        return bool(self.posts()[self.own]["body"] == word)

    def _tagged(self, word: str) -> bool:
        return word in self.posts()[self.threads[1]]["tags"]

    def _supported(self) -> bool:
        return bool(self.posts()[self.threads[0]]["votes"]["up"])


def test_a_third_of_all_answers_dropped_and_killed_everything_arrives_once(
    new_server: Callable[..., Any],
    new_proxy: Callable[..., Any],
    new_home: Callable[..., Any],
    many: Callable[[str, int], int],
    figure: Callable[[str], None],
) -> None:
    kills, seed = many("ANSWERS", 8), many("ANSWERS_SEED", 1)
    server = new_server()
    proxy = new_proxy(server, seed=seed)
    home = add_writer(server, proxy.url, new_home(), "writer")
    threads = [data["id"] for kind, data in server.exported() if kind == "post"]
    own = home.row("post", "--forum", "ideas", "--title", "Mine", "--body", "to be edited")["id"]
    proxy.decide = lottery({DropAnswer(): DROPPED})
    life = Life(server, home, random.Random(seed), threads, own)
    while life.kills < kills:
        life.live()
    syncs = drained(home)
    posts = life.posts()
    here = Kept(home)
    assert [row for row in here.outbox() if row[1] != "sent"] == [], f"seed {seed}"
    there = words(post["body"] for post in posts.values())
    owed = [word for queued in life.replies.values() for word in queued]
    lost = [word for word in owed if not there[word]]
    doubled = [word for word, count in there.items() if count > 1]
    changed, dropped = posts[own], proxy.count(DropAnswer)
    wrong = [
        f"{words_there} in place of {queued}"
        for thread, queued in life.replies.items()
        if (words_there := _in_order(server, thread, queued)) != queued
    ]
    if (changed["body"], changed.get("version", 1)) != (([*life.edits] or ["to be edited"])[-1], 1 + len(life.edits)):
        wrong.append(f"edited to {changed['body']}, version {changed.get('version')}, by {life.edits}")
    if bool(posts[threads[0]]["votes"]["up"]) is not life.voted or posts[threads[0]]["votes"]["up"] > 1:
        wrong.append(f"votes {posts[threads[0]]['votes']}, meant {life.voted}")
    if set(posts[threads[1]]["tags"]) != {tag for tag, meant in life.tags.items() if meant}:
        wrong.append(f"tags {posts[threads[1]]['tags']}, meant {life.tags}")
    figure(
        f"promise 7: {len(lost)} lost, {len(doubled)} doubled, {len(wrong)} otherwise wrong: "
        f"{len(owed) + len(life.edits):,} texts, {dropped:,} of {len(proxy.done):,} answers dropped, "
        f"{life.kills:,} kills, {syncs} syncs at the end"
    )
    assert (lost, doubled, wrong, here.unsound()) == ([], [], [], []), f"seed {seed}"
    assert owed
    assert dropped


def _in_order(server: Any, thread: str, queued: list[str]) -> list[str]:
    """The words of ``queued`` as they stand in the thread, in the server's order."""
    found = []
    for kind, data in server.exported():
        if kind == "post" and data["thread_id"] == thread:
            found += [word for word in words([data["body"]]) if word in queued]
    return found
