"""Promise 6: what a person typed is never lost.

The real TUI on a pty is killed (SIGKILL) at random moments: while it starts, while one types without a pause, when one
rests, while a post goes out, and started again. What was on the screen for a second of typing, all of it once the
composer says "draft saved", and all of it once the post is said to be on its way, must be in a draft, in the outbox or
on the server at the end, and on the server not twice. A text that is still a draft must stand in the composer again.

JAMTUI_KILLS says how many kills (`make soak`: 1,000), JAMTUI_KILLS_SEED the seed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from writers import Kept, Writer, add_writer, drained, words

PROMISED = 1.0  # seconds from a key to the disk


class Person:
    """One who types and is killed, over and over, in one home."""

    def __init__(self, number: int, home: Any, rng: random.Random, threads: list[str]) -> None:
        self.number = number
        self.home = home
        self.rng = rng
        self.threads = threads
        self.must: set[str] = set()  # words that may not be lost
        self.typed = 0
        self.sent = 0
        self.kills = 0
        self.restored = 0

    def round(self) -> None:
        rng, kept = self.rng, Kept(self.home)
        tui = Writer(self.home)
        try:
            if rng.random() < 0.08:
                time.sleep(rng.random())  # somewhere in the start: that is the random moment
                return
            thread = rng.choice(self.threads)
            there = kept.drafts().get(thread, "")
            tui.open_reply(thread)
            for word in words([there[-40:]]):  # the end of it is what a small composer shows
                tui.wait_for(word)
                self.restored += 1
            self._type(tui)
        finally:
            tui.kill()
            self.kills += 1

    def _type(self, tui: Any) -> None:
        rng = self.rng
        seen: dict[str, float] = {}
        tui.press("enter")  # the draft may end in half a word
        for n in range(rng.randrange(2, 22)):
            word = f"w{self.number}x{self.kills}x{n}z"
            seen[word] = tui.type_word(word)
            time.sleep(rng.random() * 0.12)  # a person's pace
        self.typed += len(seen)
        end = rng.random()
        if end < 0.6:  # in the middle of it: what was seen a second before the last word, which shows that it lived
            last = max(seen.values())
            self.must |= {word for word, at in seen.items() if at <= last - PROMISED}
            return
        if end < 0.75:
            tui.wait_for("draft saved")
            self.must |= set(seen)
            return
        tui.press("ctrl+s")
        if rng.random() < 0.5:
            tui.wait(lambda screen: "On its way" in screen or "Queued:" in screen, "sent")
            self.must |= set(seen)
            self.sent += 1
        time.sleep(rng.random() * 0.3)


def test_no_word_is_lost_in_kills_while_typing_and_sending(
    new_server: Callable[..., Any],
    new_home: Callable[..., Any],
    many: Callable[[str, int], int],
    figure: Callable[[str], None],
) -> None:
    kills, seed = many("KILLS", 12), many("KILLS_SEED", 1)
    server = new_server()
    threads = [data["id"] for kind, data in server.exported() if kind == "post"]
    people = [
        Person(n, add_writer(server, server.url, new_home(), f"writer{n}"), random.Random(f"{seed} {n}"), threads)
        for n in range(2 if kills < 100 else 6)
    ]

    def life(person: Person) -> None:
        while person.kills * len(people) < kills:
            person.round()

    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(life, people))
    there = words(data["body"] for kind, data in server.exported() if kind == "post")
    lost, unsound = set[str](), list[str]()
    for person in people:
        drained(person.home)
        kept = Kept(person.home)
        here = words([*kept.drafts().values(), *(payload for _, _, payload in kept.outbox())])
        there = words(data["body"] for kind, data in server.exported() if kind == "post")
        lost |= {word for word in person.must if word not in here and word not in there}
        unsound += kept.unsound()
    doubled = [word for word, count in there.items() if count > 1]
    done, owed = sum(one.kills for one in people), sum(len(one.must) for one in people)
    figure(
        f"promise 6: {len(lost)} lost, {len(doubled)} doubled in {done:,} kills while typing and sending "
        f"({owed:,} words that were owed, {sum(one.restored for one in people):,} seen restored)"
    )
    assert (lost, doubled, unsound) == (set(), [], []), f"seed {seed}"
    assert owed
