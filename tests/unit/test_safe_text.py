"""Text of strangers is made harmless once, and stays as it is when it is honest."""

from __future__ import annotations

import io
import json
import unicodedata

import pytest
from hostile_posts import cases
from hypothesis import given
from hypothesis import strategies as st

from jamtui.safe_text import (
    MAX_BODY,
    MAX_MARKS,
    MAX_NAMES,
    ForEyes,
    escape_json,
    has_controls,
    refuse_controls,
    safe_block,
    safe_body,
    safe_line,
    safe_name,
    safe_names,
)

HOSTILE = cases("esc", "c0", "c1", "uni", "markup", "md", "dos", "json", "sse", "net", "server-url")
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
KISS = "\U0001f469\U0001f3fb\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f469\U0001f3ff"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"

# Text that leans towards the trouble: controls, marks, joiners, tags, halves of surrogate pairs, right-to-left.
nasty = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "aא ا\n\t\r\x00\x1b\x7f\x85\x9b\u0301\u0316\u200b\u200c\u200d\u200e\u200f\u061c\u2028\ufe0f\ufe0e"
        ),
        st.sampled_from(BIDI),
        st.sampled_from(
            "\U0001f469\U0001f3f4\U0001f3fb\u2764\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
        ),
        st.integers(0xD800, 0xDFFF).map(chr),
    ),
    max_size=40,
)


def forbidden(text: str, allow: str = "") -> list[str]:
    """What must not be in text for a terminal, by the definition of the promise, not by the code under test."""
    return [
        char
        for char in text
        if (unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char not in allow) or char in BIDI
    ]


@given(nasty)
def test_a_line_is_harmless_and_stays_as_it_is(text: str) -> None:
    line = safe_line(text)
    assert forbidden(line) == []
    assert safe_line(line) == line
    assert not has_controls(line)
    assert refuse_controls(line) == line
    line.encode()


@given(nasty)
def test_a_block_is_harmless_and_stays_as_it_is(text: str) -> None:
    block = safe_block(text)
    assert forbidden(block, "\n") == []
    assert safe_block(block) == block
    assert not has_controls(block)
    block.encode()


@given(nasty, st.integers(0, 30))
def test_a_cut_line_keeps_its_limit(text: str, limit: int) -> None:
    line = safe_line(text, limit)
    assert len(line) <= limit
    assert safe_line(line, limit) == line
    assert forbidden(line) == []


@given(nasty)
def test_the_second_guard_trusts_nobody(text: str) -> None:
    assert forbidden(refuse_controls(text)) == []
    assert has_controls(text) == bool(forbidden(text, "\n\u2028\u2029"))


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_text_is_untouched(text: str) -> None:
    assert safe_line(text) == text
    assert safe_block(text) == text


@given(st.text(st.sampled_from("e\u0301\u0316\u200d\u200e\u0489\ufe0f\u1161\u0bcdא"), max_size=60))
def test_never_more_than_six_marks_on_a_base(text: str) -> None:
    run = 0
    for char in safe_line(text):
        run = run + 1 if unicodedata.category(char) in ("Mn", "Me", "Mc", "Cf") or char == "\u1161" else 0
        assert run <= MAX_MARKS


@pytest.mark.parametrize(
    "text",
    [
        "x = a[i][j]; t: list[dict[str, int]] = {}",
        "漢字かな交じり文 と 한국어",
        "مرحبا (v1.2) world",
        "می‌خواهم",  # Persian needs its non-joiner
        "क्‍ष and க்ஷ",
        "naïve café, e\u0301te\u0301",
        FAMILY,
        KISS,
        SCOTLAND,
        "\U0001f642\u200d\u2194\ufe0f",
        "❤️ 1️⃣ 🇩🇪",
        "שלום\u200f!",
        "ཧཱུྃ",
        "⠠⠃⠗⠇ └─┐ ∑ \ue0b0",
    ],
)
def test_honest_text_of_any_script_is_untouched(text: str) -> None:
    assert safe_line(text) == text
    assert safe_block(f"{text}\n\n{text}") == f"{text}\n\n{text}"


@pytest.mark.parametrize(
    ("text", "line", "block"),
    [
        ("a\nb", "a b", "a\nb"),
        ("a\r\nb", "a b", "a\nb"),
        ("a\rb", "a␍b", "a␍b"),
        ("a\tb\tc", "a b c", "a   b   c"),
        ("漢\tb", "漢 b", "漢  b"),
        ("ab\n\tc", "ab  c", "ab\n    c"),
        ("a\u2028b\u2029c\x85d", "a b c d", "a\nb\nc\nd"),
        ("A\x1b[2J", "A␛[2J", "A␛[2J"),
        ("A\x9b2J\x7f\x00", "A�2J␡␀", "A�2J␡␀"),
        ("user\u202egnp.exe", "user�gnp.exe", "user�gnp.exe"),
        ("a\ud800b", "a�b", "a�b"),
        ("hi\U000e0069\U000e0067", "hi", "hi"),
        ("\U0001f3f4\U000e0069\U000e007f", "\U0001f3f4", "\U0001f3f4"),
        ("pay\u200bpal so\u00adft \ufeffx\u2060\u3164", "paypal soft x", "paypal soft x"),
        ("ad\u200dmin\u200c", "admin", "admin"),
        ("a\u200fb", "ab", "ab"),
        ("a" + "\u0301" * 50 + "b", "a" + "\u0301" * 6 + "b", "a" + "\u0301" * 6 + "b"),
        ("x\ufe0f\ufe0e\ufe0f", "x\ufe0f", "x\ufe0f"),
    ],
)
def test_what_becomes_of_odd_text(text: str, line: str, block: str) -> None:
    assert safe_line(text) == line
    assert safe_block(text) == block


def test_a_chain_of_joined_emoji_is_cut() -> None:
    assert safe_line("\u200d".join(["\U0001f469"] * 50)).count("\u200d") < 50
    assert safe_line(FAMILY * 3) == FAMILY * 3


def test_the_limit_cuts_whole_and_says_so() -> None:
    assert safe_line("abcdef", 6) == "abcdef"
    assert safe_line("abcdef", 4) == "abc…"
    assert safe_line("a" * 1_000_000, 3) == "aa…"
    assert safe_line(f"ab{FAMILY}", 4) == "ab\U0001f469…"


@given(st.dictionaries(nasty.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)), st.integers()))
def test_escaped_json_is_the_same_object_without_controls(value: dict[str, int]) -> None:
    line = escape_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(line) == value
    assert forbidden(line) == []


def test_json_keeps_its_line_feeds() -> None:
    assert escape_json('{"a":"\x7f\u202e"}\n') == '{"a":"\\u007f\\u202e"}\n'


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case["id"])
def test_the_hostile_corpus_is_harmless(case: dict[str, str]) -> None:
    assert forbidden(safe_line(case["payload"])) == []
    assert forbidden(safe_block(case["payload"]), "\n") == []


def test_what_takes_the_quick_road_is_what_the_careful_one_leaves_alone() -> None:
    """Below U+0300 what counts as printable is harmless; with a letter beyond it, each text is looked through."""
    for code in range(0x300):
        char = chr(code)
        if char.isprintable():
            assert safe_line(f"a{char}b") == f"a{char}b"
            assert safe_line(f"a{char}b中") == f"a{char}b中"
            assert safe_block(f"a{char}\nb中") == f"a{char}\nb中"


def test_fields_without_bounds_are_cut() -> None:
    assert safe_name("x" * 600) == "x" * 600
    assert safe_name("x" * 1_000_000) == "x" * 599 + "…"
    assert safe_names(["a", "b\x1b"]) == ("a", "b␛")
    assert safe_names([f"t{n}" for n in range(9000)]) == (*(f"t{n}" for n in range(MAX_NAMES)), "…")


@pytest.mark.parametrize("text", ["a line\n" * 3000, "x" * MAX_BODY, "\t" * (MAX_BODY // 4)])
def test_a_body_that_a_jam_allows_is_not_cut(text: str) -> None:
    assert safe_body(text) == safe_block(text)


@pytest.mark.parametrize("text", ["a line\n" * 200_000, "x" * 1_000_000, "\t" * 20_000, "e\u0301\u0316" * 100_000])
def test_a_body_longer_than_that_is_cut_and_says_so(text: str) -> None:
    body = safe_body(text)
    assert len(body) <= MAX_BODY + 100
    assert "more characters" in body.splitlines()[-1]
    assert safe_block(text).startswith(body[: body.rindex("\n\n[…")])
    assert safe_body(body) == body


def test_a_file_of_bytes_for_eyes_moves_no_cursor() -> None:
    out = io.StringIO()
    eyes = ForEyes(out)
    line = json.dumps({"a": "\x7f\x9b\u202e漢"}, ensure_ascii=False) + "\n"
    for at, byte in enumerate(line.encode()):  # wherever a write ends
        assert eyes.write(bytes([byte])) == 1, at
    assert json.loads(out.getvalue()) == json.loads(line)
    assert forbidden(out.getvalue(), "\n") == []
