"""What keys do, below a dialog: laid out for the room that there is."""

from __future__ import annotations

import pytest
from textual.content import Content

from widgets.key_line import KeyLine
from widgets.wrapping import first_lines, hanging


def shown(text: str, width: int, height: int | None = None) -> list[str]:
    return [line.plain for line in KeyLine(text).lines(width, height)]


def test_a_line_never_ends_between_a_key_and_what_it_does() -> None:
    text = "Ctrl-S asks   Tab goes on   Esc keeps it and leaves"
    assert shown(text, 60) == [text]
    assert shown(text, 34) == ["Ctrl-S asks  Tab goes on", "Esc keeps it and leaves"]
    for width in range(23, 70):
        lines = shown(text, width)
        assert [thing.strip() for line in lines for thing in line.split("  ") if thing.strip()] == text.split("   ")
        assert all(len(line) <= width for line in lines)


def test_the_way_out_is_shown_where_not_all_has_room() -> None:
    text = "x leaves it   h hides   m more   z undoes   Esc leaves"
    assert shown(text, 30, 1) == ["x leaves it  Esc leaves"]
    assert shown(text, 30, 2) == ["x leaves it  h hides  m more", "z undoes  Esc leaves"]
    assert shown("Nobody asked anything yet.\nEsc leaves", 40, 1) == ["Esc leaves"]


def test_what_stands_above_the_last_line_is_prose() -> None:
    line = KeyLine("A word of advice, which is long.\nEsc leaves")
    assert [one.plain for one in line.lines(20)] == ["A word of advice,", "which is long.", "Esc leaves"]
    assert [str(span.style) for span in line.lines(40)[0].spans] == ["$text-muted"]


@pytest.mark.parametrize(
    ("thing", "keys"),
    [
        ("Enter opens", "Enter"),
        ("j k go through it", "j k"),
        ("↑ ↓ move", "↑ ↓"),
        ("Ctrl-S saves", "Ctrl-S"),
        ("→ completes", "→"),
        ("F2 renames", "F2"),
        ("Esc", "Esc"),
        ("Enter or its number chooses", "Enter"),
        ("its letter chooses", ""),
        ("1-3 choose", "1-3"),
    ],
)
def test_keys_stand_out(thing: str, keys: str) -> None:
    [line] = KeyLine(thing).lines(80)
    assert "".join(line.plain[one.start : one.end] for one in line.spans if "bold" in str(one.style)) == keys


def test_what_is_wrapped_keeps_its_column() -> None:
    text = Content.assemble(("Thank you for your report", "bold"), "\nIt was hidden.")
    whole = hanging(Content.styled("● ", "$accent"), text, 16)
    assert whole.plain.split("\n") == ["● Thank you for", "  your report", "  It was hidden."]
    assert all(len(line) <= 16 for line in whole.plain.split("\n"))


def test_what_is_left_out_is_told() -> None:
    text = Content("Its text goes for everybody, also from the devices of those who have it.")
    assert first_lines(text, 80, 1) is text
    assert first_lines(text, 34, 2).plain.split("\n") == [
        "Its text goes for everybody, also",
        "from the devices of those who hav…",
    ]
    assert first_lines(Content("One two three four"), 9, 1).plain == "One two…"
