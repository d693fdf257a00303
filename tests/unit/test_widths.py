"""Columns: what the commands and plain mode count, against what the screens count, over what strangers write."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.output import fit, width
from widgets.steady import steady
from widgets.strips import Span, cell_width, cut, line_width

UNITS = {
    "a": 1,
    "\u8336": 2,  # a Chinese character
    "e\u0301": 1,  # an accent of its own
    "\u1112\u1161\u11ab": 2,  # Hangul in its parts
    "\u0e01\u0e49": 1,  # Thai with a tone mark
    "\U0001f468\u200d\U0001f469\u200d\U0001f467": 2,  # a family
    "\U0001f469\U0001f3fd\u200d\U0001f4bb": 2,  # a woman with a colour of skin, at a computer
    "\U0001f44d\U0001f3fd": 2,
    "\u2764\ufe0f": 2,
    "\U0001f3f3\ufe0f\u200d\U0001f308": 2,  # a flag that is joined
    "\U0001f1e9\U0001f1ea": 2,  # a flag of two letters
    "1\ufe0f\u20e3": 2,  # a key
}


@pytest.mark.parametrize("unit", UNITS)
def test_what_is_one_sign_is_counted_as_one(unit: str) -> None:
    assert (width(unit), cell_width(unit)) == (UNITS[unit], UNITS[unit])


@given(st.lists(st.sampled_from(list(UNITS)), max_size=12), st.integers(0, 16))
def test_names_of_any_signs_fit_where_they_have_to(units: list[str], columns: int) -> None:
    name = " ".join(units)
    assert width(name) == cell_width(name) == sum(UNITS[unit] for unit in units) + max(0, len(units) - 1)
    assert width(fit(name, columns)) == cell_width(fit(name, columns)) == columns
    assert line_width(cut([Span(name)], columns)) <= columns


ALIKE = ("a", "\u8336", "e\u0301", "\u0e01\u0e49")  # one width on all terminals
# What only some terminals know.
UNSTEADY = [
    *(unit for unit in UNITS if unit not in ALIKE),
    "\u0ba8\u0bbf",  # Tamil, with a vowel sign
    "\u0915\u094d\u0937\u093f",
    "\u1019\u103c\u1014\u103a",  # Burmese
    "\u0f40\u0fb1",
    "\u231a\ufe0e",
    "\u00a9\ufe0f",
    "\U0001f1e9",  # half a flag
    "\U0001fae8",  # an emoji of 2022
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland
    "\u0903",  # signs that hang on others, on Latin letters and on each other
    "\u0903" * 6,
    "\u1923\U00011002",
    "\u302e",
    "\U0001f3fd",
    "\u2630\u4dc0",  # wide since 2024
    "\u3248",
    "\U0001d306",
    "\ue000\U000f0000",  # private
    "\U0003ff00",  # nothing yet
]


def _each_by_itself(char: str) -> int:
    """As terminals do that know no joining: a variation selector is nothing, each other sign what it is alone."""
    return 0 if unicodedata.category(char) in ("Mn", "Me", "Cf") else 2 if ord(char) > 0x1F000 else 1


TERMINALS: dict[str, Callable[[str], int] | None] = {
    "of today": None,  # pyte's own
    "each sign by itself": _each_by_itself,
    "nothing but letters": lambda char: 1 if char.isascii() else 0,
    "all of it wide": lambda char: 1 if char.isascii() else 2,
}


@pytest.mark.parametrize("name", TERMINALS)
@pytest.mark.parametrize("unit", UNSTEADY, ids=ascii)
def test_what_stands_behind_a_sign_is_in_its_column_on_every_terminal(
    name: str, unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (measure := TERMINALS[name]) is not None:
        monkeypatch.setattr("pyte.screens.wcwidth", measure)
    screen = pyte.Screen(40, 1)
    stream = pyte.Stream(screen)
    stream.feed("#" * 40 + "\r")
    column = 2 + 2 * cell_width(unit)
    rest = "Y" + "-" * (38 - column)  # lines are written to their end
    stream.feed(steady(f"\x1b[1mab{unit}{unit}X\x1b[0m") + rest)
    line = [screen.buffer[0][at].data for at in range(40)]
    assert "".join(line[column:]) == f"X{rest}"
    assert (screen.buffer[0][column].bold, screen.buffer[0][column + 1].bold) == (True, False)
    assert "#" not in line[:column]  # no cell keeps what stood there before


@pytest.mark.parametrize(
    "text",
    [
        "plain \x1b[1mASCII\x1b[0m",
        "Grüße — “quoted” … │ ● ▲ 茶 é é",
        "日本語のタイトル",
        "Привет, κόσμε",
        "מילה",
        *ALIKE,
    ],
    ids=ascii,
)
def test_what_all_terminals_draw_alike_is_written_as_it_is(text: str) -> None:
    assert steady(text) is text


@pytest.mark.parametrize("mark", ["\ufe0f", "\u20e3", "\U0001f3fd", "\u0903", "\U0001f1e9", "\u2630"], ids=ascii)
@pytest.mark.parametrize("before", ["\x1b[1;38;2;1;2;3m", "\x1b[3;7H", "\x1b]22;text\x07", "\x1b8"], ids=ascii)
def test_a_text_that_begins_with_a_mark_breaks_no_sequence_before_it(before: str, mark: str) -> None:
    written = steady(f"\x1b[0m{before}{mark}Ada\x1b[0m")
    assert written.startswith(f"\x1b[0m{before}\x1b7")
    assert written.endswith("Ada\x1b[0m")
