"""What tags are suggested, in which order, and which spelling is warned of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.model import TagRow
from jamtui.tag_book import TagBook, spelling

TAGS = [
    TagRow("office", 90),
    TagRow("pilot-projects", 40, "Where we try it first.", curated=True),
    TagRow("tea", 30),
    TagRow("pilotage", 25),
    TagRow("energy", 20, curated=True),
    TagRow("büro", 12),
    TagRow("pilot", 3),
    TagRow("teas", 0, merged_into="tea"),
]


@pytest.fixture
def book() -> TagBook:
    return TagBook(TAGS, {"tea": 5, "pilot": 1})


def names(book: TagBook, *asked: object) -> list[str]:
    return [one.name for one in book.suggest(*asked)]  # type: ignore[arg-type]


def test_curated_ones_come_first_then_the_forum_s_then_the_text_s(book: TagBook) -> None:
    assert names(book, "") == ["pilot-projects", "energy", "tea", "pilot", "office", "pilotage", "büro"]
    text = "Each pilot project needs an office."
    assert names(book, "", text)[:5] == ["pilot-projects", "energy", "pilot", "tea", "office"]
    assert [one.why for one in book.suggest("", text)[:5]] == [
        "curated",
        "curated",
        "in this forum",
        "in this forum",
        "in your text",
    ]
    assert names(book, "", text, ["energy", "tea"])[:2] == ["pilot-projects", "pilot"], "what is on it already is not"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("pil", ["pilot-projects", "pilot", "pilotage"]),
        ("#PILO", ["pilot-projects", "pilot", "pilotage"]),
        ("rg", ["energy"]),
        ("pilot project", ["pilot-projects"]),
        ("buro", ["büro"]),
        ("nothing of it", []),
        ("teas", ["tea"]),
    ],
)
def test_what_was_begun_narrows(book: TagBook, typed: str, found: list[str]) -> None:
    assert names(book, typed) == found


@pytest.mark.parametrize(
    ("typed", "other"),
    [
        ("pilot projects", "pilot-projects"),
        ("pilotproject", "pilot-projects"),
        ("PILOT_PROJECT", "pilot-projects"),
        ("offices", "office"),
        ("teas", "tea"),
        ("Energies", "energy"),
        ("buro", "büro"),
        ("pilot-projects", ""),
        ("office", ""),
        ("pilots", "pilot"),
        ("business", ""),
        ("", ""),
        ("#", ""),
    ],
)
def test_another_spelling_of_one_that_is_there_is_told(book: TagBook, typed: str, other: str) -> None:
    assert book.variant(typed) == other


def test_what_is_said_of_it(book: TagBook) -> None:
    assert book.warning(("office", "pilot projects")) == "there is #pilot-projects"
    assert book.warning(("teas",)) == "#teas is #tea now"
    assert book.warning(("office", "energy")) == ""


def test_words_that_only_look_like_plurals_stay_apart() -> None:
    for one, other in (
        ("bus", "bu"),
        ("news", "new york"),
        ("glass", "glas-a"),
        ("analysis", "analysi-x"),
        ("gas", "ga"),
    ):
        assert spelling(one) != spelling(other)
    assert spelling("boxes") == spelling("box")
    assert spelling("companies") == spelling("company")


@given(st.lists(st.text(min_size=1, max_size=12), max_size=12), st.text(max_size=20), st.text(max_size=60))
def test_whatever_is_typed_it_answers(tags: list[str], typed: str, text: str) -> None:
    book = TagBook([TagRow(tag, at) for at, tag in enumerate(dict.fromkeys(tags))], {})
    found = [one.name for one in book.suggest(typed, text)]
    assert len(found) == len(set(found))
    assert set(found) <= set(tags)
    assert book.variant(typed) in {*tags, ""}
