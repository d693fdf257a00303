"""Wrapping and cutting in cells: nothing is lost, nothing is too wide, in any script."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from jamtui.safe_text import safe_line
from widgets.strips import Span, cell_width, cut, fit, line_width, link_at, pad, window, wrap

texts = st.text(st.sampled_from("ab e\u0301 漢字、。「」 👩\u200d👩 🇩🇪 é…ア ｱ\u3000мир"), max_size=80).map(safe_line)


def plain(line: tuple[Span, ...]) -> str:
    return "".join(span.text for span in line)


@given(st.lists(texts, max_size=4), st.integers(2, 30))
@example(parts=["a\u3000\u0301「"], width=2)
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(parts: list[str], width: int) -> None:
    lines = wrap([Span(text, str(n), n) for n, text in enumerate(parts)], width)
    assert all(line_width(line) <= width for line in lines)
    squeezed = "".join(parts).replace(" ", "").replace("\u3000", "")
    assert "".join(map(plain, lines)).replace(" ", "").replace("\u3000", "") == squeezed
    for line in lines:
        for span in line:
            assert span.style == str(span.link)
            assert span.text in parts[span.link]


@given(st.text("ab ", max_size=60), st.integers(1, 12))
def test_words_are_broken_only_when_they_must_be(text: str, width: int) -> None:
    for line in map(plain, wrap([Span(text)], width)):
        for word in line.split():
            assert word in text.split() or len(max(text.split(), key=len)) > width


@given(texts, st.integers(0, 30))
def test_fit_and_pad_keep_to_their_cells(text: str, cells: int) -> None:
    assert cell_width(fit(text, cells)) <= cells
    assert cell_width(pad(text, cells)) == cells
    assert line_width(cut([Span(text, "a"), Span(text, "b")], cells)) <= cells


def test_where_lines_break() -> None:
    def broken(text: str, width: int) -> list[str]:
        return [plain(line) for line in wrap([Span(text)], width)]

    assert broken("", 10) == [""]
    assert broken("one two three", 8) == ["one two", "three"]
    assert broken("one  two", 20) == ["one  two"]
    assert broken("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert broken("see abcdefghij", 6) == ["see", "abcdef", "ghij"]
    assert broken("漢字漢字漢字", 5) == ["漢字", "漢字", "漢字"]
    assert broken("漢字漢字。漢字", 8) == ["漢字漢", "字。漢字"]
    assert broken("word漢字word", 6) == ["word漢", "字word"]
    assert broken("e\u0301e\u0301e\u0301e\u0301", 2) == ["e\u0301e\u0301", "e\u0301e\u0301"]
    assert broken("👩\u200d👩\u200d👧👩\u200d👩\u200d👧", 3) == ["👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"]


def test_fit_tells_that_it_cut() -> None:
    assert fit("abcdef", 4) == "abc…"
    assert fit("漢字漢字", 4) == "漢…"
    assert fit("abc", 3) == "abc"
    assert fit("abc", 0) == ""
    assert pad("ab", 4, right=True) == "  ab"


def test_the_link_under_a_cell() -> None:
    line = (Span("漢 "), Span("link", "link", 0), Span(" end"))
    assert [link_at(line, column) for column in range(9)] == [-1, -1, -1, 0, 0, 0, 0, -1, -1]
    assert cell_len("漢 ") == 3


@given(texts, st.integers(0, 40), st.integers(2, 30))
@example("\u0301", 0, 2)
def test_a_window_keeps_to_its_cells_and_says_where_there_is_more(text: str, start: int, cells: int) -> None:
    seen = window([Span(text)], start, cells)
    assert line_width(seen) <= cells
    assert (plain(seen)[:1] == "‹") == (start > 0)
    assert (plain(seen)[-1:] == "›") == (start + cells < cell_width(text))
    if start == 0 and cell_width(text) <= cells:
        assert plain(seen) == text


def test_a_window_moves_over_wide_characters() -> None:
    assert plain(window([Span("ab漢字cd")], 0, 6)) == "ab漢 ›"
    assert plain(window([Span("ab漢字cd")], 2, 6)) == "‹ 字cd"
    assert plain(window([Span("abcdef"), Span("ghij")], 3, 5)) == "‹efg›"
