"""Columns: what the commands and plain mode count, against what the screens count, over what strangers write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.output import fit, width
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
