"""What tests of a terminal look at is what pyte makes of the same bytes, whatever they are and however they are cut."""

from __future__ import annotations

import random

import pyte
import pytest
from emulator import Screen, Stream

PARTS = (
    "plain words", "│ ─ ▌", "小さく", "e\u0301", "\u0301", "\t", "\r\n", "\b", "\x1b[m", "\x1b[0m", "\x1b[1;31m",
    "\x1b[38;2;1;2;3;48;5;7m", "\x1b[;H", "\x1b[3;7H", "\x1b[99;99H", "\x1b[2J", "\x1b[K", "\x1b[1K", "\x1b[4h",
    "\x1b[4l", "\x1b[?7l", "\x1b[?7h", "\x1b[2;5r", "\x1b[L", "\x1b[M", "\x1b[P", "\x1b[2@", "\x1bM",
    "\x1b]2;a title \x1b[31m\x07", "\x1b]0;b\x1b\\", "\x1b7", "\x1b8", "\x0e", "\x0f", "\x1b[31\x08m", "\x1b[\x18",
    "\x7f", "\x1b[3X", "\x1b[S", "\x1b[A", "\x1b[2G", "x" * 23, "\x1b[12", ";1H", "\x1b", "\x1bc",
)  # fmt: skip


class _Slow(pyte.Screen):
    """pyte's own, but for what it stumbles over."""

    def report_device_status(self, *_: object, **__: object) -> None: ...

    def report_device_attributes(self, *_: object, **__: object) -> None: ...


def cells(screen: pyte.Screen) -> list[list[object]]:
    return [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]


@pytest.mark.parametrize("seed", range(12))
def test_it_is_pyte_only_quicker(seed: int) -> None:
    rng = random.Random(seed)
    quick, slow = Screen(20, 6), _Slow(20, 6)
    fed, reference = Stream(quick), pyte.ByteStream(slow)
    for _ in range(400):
        data = "".join(rng.choices(PARTS, k=rng.randint(1, 4))).encode()
        cut = rng.randint(0, len(data))
        for piece in (data[:cut], data[cut:]):
            fed.feed(piece)
            reference.feed(piece)
        if rng.random() < 0.2:  # looked at now and then: what was made of a line before is not told again
            quick.display  # noqa: B018
        assert cells(quick) == cells(slow), data
        assert (quick.cursor.x, quick.cursor.y) == (slow.cursor.x, slow.cursor.y), data
    lines = quick.display
    quick.dirty.update(range(quick.lines))
    assert lines == quick.display
