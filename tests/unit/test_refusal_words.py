"""What is told of a refusal: why once, and apart from it what can be done."""

from __future__ import annotations

import pytest

from api_client.errors import from_answer
from jamserver.problems import CODES
from jamtui.plain.words import numbers
from jamtui.refusals import advice, said
from jamtui.store.own import KINDS

DETAIL = "A moderator is not warned or suspended by another; ask the organiser."


def error(code: str, detail: str = "") -> tuple[str, str, str]:
    from datetime import UTC, datetime

    from jamserver.problems import Problem

    body = Problem(code, detail).body()
    made = from_answer(CODES[code][0], body, retry_after=None, web_page=False, now=datetime.now(UTC), server="x")
    return made.title, made.hint, made.detail


@pytest.mark.parametrize("kind", KINDS)
def test_why_and_what_can_be_done_do_not_say_the_same(kind: str) -> None:
    for code in ("jam_closed", "phase_closed", "post_locked", "suspended", "parent_gone", "post_gone", "too_large"):
        why, can = said(kind, code, *error(code)), advice(kind, code)
        assert "kept" not in why, code
        assert why.split(". ")[0] not in can, code


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("moderate", "forbidden", f"You may not do that here: {DETAIL}"),
        ("edit", "forbidden", "You may not do that here. Only its author, or a moderator, may."),
        ("moderate", "act_overtaken", f"Something later stands in the way: {DETAIL}"),
        ("post", "post_locked", "This thread is locked"),
        ("post", "invalid", f"The Jam does not take this as it is. It says: {DETAIL}"),
    ],
)
def test_what_the_jam_says_itself_is_told_where_it_says_more(kind: str, code: str, words: str) -> None:
    assert said(kind, code, *error(code, DETAIL)) == words


def test_a_choice_of_one_is_no_range() -> None:
    assert [numbers(total) for total in (1, 2, 1_200)] == ["1", "1 to 2", "1 to 1,200"]
