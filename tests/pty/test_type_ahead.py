"""Type-ahead on a real terminal: several keys in one write reach the field that the first of them opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

START = ("demo", "--seed", "1", "--freeze", "2011-02-09T14:00:00Z")


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ("/pilot qj", "/ pilot qj"),
        (":sort new", ":sort new"),
    ],
)
def test_what_is_typed_with_the_key_that_opens_a_line_stands_in_it(
    terminal: Callable[..., Any], keys: str, shown: str
) -> None:
    demo = terminal(*START, size=(120, 40))
    demo.wait_for("Building the social business")
    demo.press(keys)
    demo.wait_for(shown)


@pytest.mark.parametrize(
    ("keys", "heading"),
    [
        ("\r\rrq1 quick answer", "Reply to"),
        ("\rcq1 quick answer", "New thread in"),
        ("\r\r>q1 quick answer", "wrote:"),
    ],
)
def test_what_is_typed_with_the_key_that_opens_the_composer_stands_there(
    terminal: Callable[..., Any], keys: str, heading: str
) -> None:
    demo = terminal(*START, size=(120, 50))  # a quoted post and the line above it stand in the composer at once
    demo.wait_for("Building the social business")
    demo.press(keys)
    demo.wait(lambda screen: heading in screen and "q1 quick answer" in screen, f"{heading} and the text")


def test_a_paste_right_after_the_key_is_not_lost(terminal: Callable[..., Any]) -> None:
    demo = terminal(*START, size=(120, 40))
    demo.wait_for("Building the social business")
    demo.press("/\x1b[200~pilot\x1b[201~ x")
    demo.wait_for("/ pilot x")


def test_keys_go_on_to_what_the_keys_before_them_opened(terminal: Callable[..., Any]) -> None:
    """Open a forum and a thread, search, open the hit, leave it and the search again: all in one write."""
    demo = terminal(*START, size=(120, 40))
    demo.wait_for("Building the social business")
    demo.press("\r\r/pilot")
    demo.wait_for("hits")
    demo.press("\rn")
    demo.wait_for("hit 2 of")


def test_what_is_typed_behind_the_enter_of_a_line_is_not_lost(
    terminal: Callable[..., Any], figure: Callable[[str], None]
) -> None:
    """Each of a dozen lines, one of them no command, with the key behind it in the same write."""
    demo = terminal(*START, size=(100, 30))
    demo.wait_for("Building the social business")
    demo.press("\r")
    demo.wait_for("128 threads │  Verdient sich das?")
    lines = [":theme light\rj", ":theme dark\rj", ":no such thing\rj", ":\rj"] * 3
    for line in lines:
        demo.press(line)
    demo.wait_for("128 threads │  Who owns")  # the thirteenth of the list
    demo.press(":search pilot\r qj")  # what is behind this one is meant for what it opens
    demo.wait_for("/ pilot qj")
    figure(f"{len(lines)} keys right behind the Enter of a line: 0 lost")
