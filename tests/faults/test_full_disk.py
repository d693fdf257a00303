"""A full disk, a real one: the TUI's home is on a tmpfs that is filled to the last byte while one types.

Typing goes on, it is told at once, nothing that was saved is lost, and as soon as there is room everything that was
typed is saved, without another key; then it is sent.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from writers import Kept, Writer, drained

THREAD = "00000000-0000-7000-8000-000000000001"


def fill(folder: Path) -> Path:
    """A file that takes all the room that is left."""
    path = folder / "ballast"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(os.urandom(4096))
        except OSError:
            return path


def test_what_is_typed_on_a_full_disk_is_told_and_saved_when_there_is_room(
    new_server: Callable[..., Any],
    new_home: Callable[..., Any],
    small_disk: Callable[[float], Path],
    figure: Callable[[str], None],
) -> None:
    server = new_server()
    disk = small_disk(3)
    home = new_home(disk / "home").login(server.url, "ana")
    home.jamtui("sync")
    tui = Writer(home)
    try:
        tui.open_reply(THREAD)
        tui.type_word("w0x0x0")
        tui.wait_for("draft saved")
        ballast = fill(disk)
        typed = 1
        while "not saved" not in tui.screen():  # the log of the database may have room of its own for a while
            tui.type_word(f"w0x0x{typed}")
            typed += 1
            assert typed < 3_000, "it was never full"
            if typed % 20 == 0:
                fill(disk)
        told = tui.wait_for("nothing was lost")
        assert "not saved" in told
        for _ in range(5):  # typing goes on
            tui.type_word(f"w0x0x{typed}")
            typed += 1
        saved = Kept(home).drafts()[THREAD].split()
        assert saved == [f"w0x0x{n}" for n in range(len(saved))]
        assert 1 <= len(saved) < typed
        ballast.unlink()
        tui.wait_gone("not saved")
        whole = [f"w0x0x{n}" for n in range(typed)]
        assert Kept(home).drafts()[THREAD].split() == whole
        tui.press("ctrl+s")
        tui.wait_gone("Ctrl-S send")
    finally:
        tui.kill()
    drained(home)
    bodies = [data["body"].split() for kind, data in server.exported() if kind == "post"]
    assert whole in bodies
    assert Kept(home).unsound() == []
    figure(
        f"promise 6: 0 of {typed} words lost that were typed on a disk that filled up, {typed - len(saved)} while full"
    )
