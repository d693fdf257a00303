"""Strangers' text on a real terminal: every hostile payload in every field, in every place that shows one, by bytes.

The output is read as a terminal reads it: what is none of the sequences that the program itself sends, and no text, is
somebody's. `JAMTUI_HOSTILE=all` also pages through every list to its end.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostile_jam import BEHIND, MIX, TEXTS, driven, hostile_home, moderated, new, payload_controls
from hostile_places import MODERATED, PLACES, line

ALL = os.environ.get("JAMTUI_HOSTILE") == "all"
LAST = len(TEXTS) - 1
PASTED = MIX.replace("\n", " ")


def page_through(jam: Any, keys: tuple[str, ...], row: str, first: int = 0, last: int = LAST) -> None:
    """By ``keys`` to the ``first`` row of a list, and on to ``last``: ``row`` finds the numbers on the screen."""
    begin = len(jam.output)
    page: set[int] = set()

    def at_first(screen: str) -> bool:
        """What stood there before has such numbers, too."""
        here = set(map(int, re.findall(row, screen)))
        return first in here and last not in here

    jam.press(*keys)
    jam.wait(at_first, f"the first of {row}")

    def next_page(screen: str) -> bool:
        """Whether all of the page is there: of the one before only a row is left, which both show."""
        nonlocal page
        here = set(map(int, re.findall(row, screen)))
        whole = bool(here - page) and (len(here & page) <= 1 or last in here)
        if whole:
            page = here
        return whole

    while last not in page:
        jam.wait(next_page, f"more of {row} than {sorted(page)}")
        jam.press("pagedown")
    # A frame may be gone from the screen before we look; it was written all the same.
    written = set(map(int, re.findall(row.encode(), jam.output[begin:])))
    assert set(range(len(TEXTS))) - written == set()


def left(screen: str, words: str) -> bool:
    """Whether a place is gone, and the last line stands whole: half a frame lacks words, too.

    Hints, or what was just done: that stays for seconds, which nobody has to wait for."""
    last = screen.rstrip().splitlines()[-1]
    whole = re.search(r"help|Draft kept$|shows them$", last) is not None and "│" not in last
    return whole and re.search(words, screen) is None


@pytest.mark.slow
def test_no_payload_drives_the_terminal(
    terminal: Callable[..., Any], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    hostile_home(tmp_path / "jamtui")
    jam = terminal(size=(140, 50))
    jam.wait_for("f0 ")
    for place in PLACES:
        jam.press(*place.keys)
        jam.wait(lambda screen, place=place: re.search(place.words, screen) is not None, place.name)
        if place.name in ("reply", "search", "completion of a command", "filter"):
            jam.press(f"\x1b[200~{PASTED}\x1b[201~")  # as a terminal hands on what was pasted
            jam.wait_for("PWNED")
        jam.press(*place.leave)
        if place.leave:  # a lone ESC is known as such when nothing follows it
            jam.wait(lambda screen, place=place: left(screen, place.words), f"not {place.name}")
    page_through(jam, line(f"post {new('opener', 0)}"), r"mark(\d+)\.")
    if ALL:
        page_through(jam, ("1", "g"), r"f(\d+) ")
        page_through(jam, ("T", "g"), r"t(\d+) ", LAST, 1)  # the newest first
        jam.press(*line("people"), *["pagedown"] * 8)
        jam.wait_for("Who it is")
    jam.press("\x11")
    assert jam.wait_end() == 0
    hits, sent = payload_controls(jam.output), driven(jam.output)
    figure(
        f"promise 1: {len(hits) + len(sent)} payload control bytes over {len(TEXTS)} payloads x {len(PLACES)} places"
    )
    assert not hits, f"controls on the terminal: {hits[:9]}"
    assert not sent, f"escape sequences of payloads on the terminal: {sent[:9]}"
    assert jam.modes_left_on() == set()
    assert jam.line_settings() == jam.before


@pytest.mark.slow
def test_no_payload_of_the_desk_drives_the_terminal(
    terminal: Callable[..., Any], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    moderated(hostile_home(tmp_path / "jamtui"))
    jam = terminal(size=(90, 26))
    jam.wait_for("f0 ")
    for place in MODERATED:
        jam.press(*place.keys)
        jam.wait(lambda screen, place=place: re.search(place.words, screen) is not None, place.name)
        jam.press(*place.leave)
        if place.leave:
            jam.wait(lambda screen, place=place: left(screen, place.words), f"not {place.name}")
    jam.press("\x11")
    assert jam.wait_end() == 0
    hits, sent = payload_controls(jam.output), driven(jam.output)
    figure(f"promise 1: {len(hits) + len(sent)} payload control bytes in {len(MODERATED)} places of a moderator")
    assert (hits[:9], sent[:9]) == ([], [])


def test_what_is_counted() -> None:
    """The test above would see any of them: each sequence of each payload, sent as it is between two of our own."""
    for text in (*TEXTS, MIX):
        raw = f"\x1b[1;1H\x1b[1;38;2;1;2;3mbefore {text}{BEHIND}\x1b[0m".encode("utf-8", "replace")
        if re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text):
            assert payload_controls(raw) or driven(raw), ascii(text)
        else:
            assert not payload_controls(raw)
