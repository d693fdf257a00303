"""Promise 9: several jamtui on one mirror are safe.

Two TUIs write at the same time, commands write and `jamtui sync` runs beside them, and now and then a TUI is killed
(SIGKILL) and started again: often it is the one that holds the network, and the other takes over. At the end both files
are sound, what each wrote is on the server once and in its order, and the mirror equals what the server has.

JAMTUI_TOGETHER says for how many seconds (`make soak`: 600), JAMTUI_TOGETHER_SEED the seed.
"""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from writers import Kept, Writer, add_writer, drained, words

from jamtui.sync.holder import Holder


class Hands:
    """One of those who write at the same time: a TUI, or somebody with commands. ``wrote``: words, in order."""

    def __init__(self, number: int, home: Any, rng: random.Random, thread: str, until: float) -> None:
        self.number = number
        self.home = home
        self.rng = rng
        self.thread = thread
        self.until = until
        self.wrote: list[str] = []
        self.kills = 0
        self.turns = itertools.count()

    def next_word(self) -> str:
        return f"w{self.number}x{next(self.turns)}x0z"

    def more(self) -> bool:
        return not self.wrote or time.monotonic() < self.until

    def at_the_screen(self) -> None:
        tui = Writer(self.home)
        try:
            while self.more():
                word = self.next_word()
                tui.open_reply(self.thread)
                tui.type_word(word)
                tui.press("ctrl+s")
                tui.wait_gone("Ctrl-S send")
                self.wrote.append(word)
                if self.rng.random() < 0.15:
                    tui.kill()
                    self.kills += 1
                    tui = Writer(self.home)
        finally:
            tui.kill()

    def with_commands(self) -> None:
        while self.more():
            word = self.next_word()
            done = self.home.popen("reply", self.thread, "--body", word)
            out, err = done.communicate()
            assert done.returncode == 0, out + err
            self.wrote.append(word)

    def with_cron(self) -> None:
        while time.monotonic() < self.until:
            done = self.home.popen("sync")
            _, err = done.communicate()
            assert done.returncode in (0, 4), err  # 4: the one that holds the network is on its way to it
            assert "Traceback" not in err
            next(self.turns)


def test_two_screens_commands_and_cron_share_a_mirror(
    new_server: Callable[..., Any],
    new_home: Callable[..., Any],
    many: Callable[[str, int], int],
    figure: Callable[[str], None],
) -> None:
    seconds, seed = many("TOGETHER", 6), many("TOGETHER_SEED", 1)
    server = new_server()
    home = add_writer(server, server.url, new_home(), "writer")
    threads = [data["id"] for kind, data in server.exported() if kind == "post"]
    until = time.monotonic() + seconds
    hands = [Hands(n, home, random.Random(f"{seed} {n}"), threads[n], until) for n in range(4)]
    with ThreadPoolExecutor(len(hands)) as pool:
        ways = [hands[0].at_the_screen, hands[1].at_the_screen, hands[2].with_commands, hands[3].with_cron]
        for one in [pool.submit(way) for way in ways]:
            one.result()
    drained(home)
    posts = [data for kind, data in server.exported() if kind == "post"]
    there = words(post["body"] for post in posts)
    wrote = [word for one in hands for word in one.wrote]
    lost = [word for word in wrote if not there[word]]
    doubled = [word for word, count in there.items() if count > 1]
    for one in hands[:3]:
        order = [word for post in posts if post["thread_id"] == one.thread for word in words([post["body"]])]
        assert order == one.wrote, f"seed {seed}"
    kept = Kept(home)
    corrupt = kept.unsound()
    assert [row for row in kept.outbox() if row[1] != "sent"] == []
    home.jamtui("sync")
    mirrored = [json.loads(line) for line in home.jamtui("export", "--format", "jam").stdout.splitlines()]
    assert {one["data"]["id"]: one["data"] for one in mirrored if one["type"] == "post"} == {
        post["id"]: post for post in posts
    }
    kills, syncs = sum(one.kills for one in hands), next(hands[3].turns)
    figure(
        f"promise 9: {len(corrupt)} corruptions, {len(lost)} lost, {len(doubled)} doubled in {seconds:,} s of "
        f"two TUIs, commands and {syncs:,} syncs on one mirror: {len(wrote):,} texts, {kills} kills"
    )
    assert (corrupt, lost, doubled) == ([], [], []), f"seed {seed}"


def test_another_takes_over_when_the_holder_is_killed_or_stopped(
    new_server: Callable[..., Any], new_home: Callable[..., Any]
) -> None:
    server = new_server()
    home = add_writer(server, server.url, new_home(), "writer")
    lock = Kept(home).folder / "network.lock"
    first = Writer(home)
    first.wait_for("● live")
    second = Writer(home)
    try:
        second.wait_for("live elsewhere")
        assert Holder(lock).held()
        first.kill()
        second.wait(lambda screen: "● live" in screen and "elsewhere" not in screen, "the second one takes over")
        third = Writer(home)
        try:
            third.wait_for("live elsewhere")
            second.press("ctrl+z")  # to the shell: who is stopped holds up nobody
            third.wait(lambda screen: "● live" in screen and "elsewhere" not in screen, "the third one takes over")
        finally:
            third.kill()
    finally:
        second.kill()
