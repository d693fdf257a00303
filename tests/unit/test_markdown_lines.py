"""Posts drawn from CommonMark: what stands on the lines, and that no post costs more than it may."""

from __future__ import annotations

import unicodedata

import pytest
from hostile_posts import TEXTS, cases
from hypothesis import given, settings
from hypothesis import strategies as st

from jamtui.safe_text import safe_block
from widgets.highlight import LANGUAGES, MAX_CODE, highlight
from widgets.links import MAX_URL, bare_urls, check, looks_like_other
from widgets.markdown_lines import (
    BUDGET,
    BUDGET_ALL,
    MAX_ALL,
    MAX_COLUMNS,
    MAX_LINES,
    MAX_LINKS,
    MAX_ROWS,
    Doc,
    layout,
    mark_words,
    parse,
    word_pattern,
)
from widgets.strips import Line, line_width

HOSTILE = cases(*TEXTS)
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def text(line: Line) -> str:
    return "".join(span.text for span in line)


def drawn(body: str, width: int = 40) -> list[str]:
    lines, _more = layout(parse(body), width)
    return [text(line).rstrip() for line in lines]


def styles(body: str, word: str) -> str:
    """The styles of the span that is ``word``."""
    lines, _more = layout(parse(body), 60)
    return next(span.style for line in lines for span in line if span.text.strip() == word)


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("", []),
        ("one\ntwo\n\nthree", ["one two", "", "three"]),
        ("漢字\n漢字 a\nb", ["漢字漢字 a b"]),
        ("one  \ntwo\\\nthree", ["one", "two", "three"]),
        ("# Head\ntext", ["Head", "", "text"]),
        ("- a\n- b\n  - c\n- d", ["• a", "• b", "  ◦ c", "• d"]),
        ("- a\n\n- b", ["• a", "", "• b"]),
        ("9. a\n10. b\n\n    more", ["9. a", "", "10. b", "", "    more"]),
        ("> a\n>\n> > b\n\nc", ["▎ a", "▎", "▎ ▎ b", "", "c"]),
        ("> - a\n>   b", ["▎ • a b"]),
        ("```\na\n\n  b\n```", [" a", "", "   b"]),
        ("    code", [" code"]),
        ("a\n\n---\n\nb", ["a", "", "─" * 24, "", "b"]),
        ("| a | b |\n|---|--:|\n| x | 10 |", ["a │  b", "──┼───", "x │ 10"]),
        ("*a* **b** ~~c~~ `d`", ["a b c d"]),
        ("<b>x</b> &lt; &amp; \\*", ["<b>x</b> < & *"]),
        ("<div>\nblock</div>", ["<div> block</div>"]),
        ("[t](https://a.example/x)", ["t[1]"]),
        ("![alt](https://a.example/p.png)", ["▣ alt[1] → a.example"]),
        ("[![i](https://a.example/x.png)](https://b.example)", ["▣ i[1]"]),
        ("https://a.example/x, and", ["https://a.example/x[1], and"]),
        ("-", ["•"]),
        ("[@click=app.quit]x[/]", ["[@click=app.quit]x[/]"]),
    ],
)
def test_what_stands_on_the_lines(body: str, lines: list[str]) -> None:
    assert drawn(body) == lines


def test_styles_of_text() -> None:
    assert styles("a *b*", "b") == "em"
    assert styles("a **b**", "b") == "strong"
    assert styles("a ***b***", "b") == "em strong"
    assert styles("a ~~b~~", "b") == "strike"
    assert styles("a `b`", "b") == "inline-code"
    assert styles("> **b**", "b") == "quote strong"
    assert styles("# b", "b") == "heading"
    assert styles("[b](https://x.example)", "b") == "link"
    assert styles("```python\nreturn 1\n```", "return") == "code-keyword"
    assert styles("```sql\nSELECT 'x'\n```", "'x'") == "code-string"


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "ssh://h",
        "x-man-page://ls",
        "vscode://x",
        "smb://h/s",
        "mailto:a@b?attach=/etc/passwd",
        "//a.example/x",
        "/etc/passwd",
        "-remote",
        "https://",
        "https://github.com@evil.example/",
        "https://user:pass@a.example",
        "https://a.example:99999/",
        "https://a\u202eb.com",
        "https://a.example/\x1b]0;x",
        "https://a.example/ b",
        "https://[x",
        "https://a..b.example/%zz" + "x" * MAX_URL,
        "https://" + "a" * 60 + "*/",  # a pattern that tried every way to cut this into labels would not come back
        "https://" + "a." * 200 + "example/",
    ],
)
def test_links_that_must_not_be_opened(href: str) -> None:
    assert check(href) == ("", "")
    doc = parse(f"[text](<{href}>) and <{href}>")
    assert not any(link.url == href for link in doc.links)


def test_links_that_may_be_opened_and_their_real_host() -> None:
    assert check("https://A.Example:8443/p?q=1#f") == ("https://a.example:8443/p?q=1#f", "a.example:8443")
    assert check("http://[::1]/x") == ("http://[::1]/x", "[::1]")
    assert check("https://\u0440\u0430ypal.com/")[1] == "xn--ypal-43d9g.com"
    assert check("https://a.example/ü") == ("https://a.example/%C3%BC", "a.example")


def test_a_link_that_looks_like_another_shows_where_it_leads() -> None:
    assert drawn("[https://bank.example](https://evil.example)", 60) == ["https://bank.example[1] → evil.example"]
    assert drawn("[bank.example/login](https://evil.example)", 60) == ["bank.example/login[1] → evil.example"]
    assert drawn("[www.a.example](https://a.example)") == ["www.a.example[1]"]
    assert drawn("[the text](https://evil.example)") == ["the text[1]"]
    assert not looks_like_other("e.g. this", "evil.example")
    assert drawn("[s](ssh://h) [f](/etc/x)") == ["s (ssh://h) f (/etc/x)"]


@pytest.mark.parametrize(
    "text",
    ["go to paypal.com now", "PayPal .com", "paypal(.)com", "paypal [dot] com", "paypal·com", "see PayPal.COM.",
     "1.2.3.4",
     "x[2] → github.com", "x[2] → internal"],
)  # fmt: skip
def test_a_host_anywhere_in_the_text_of_a_link_is_another(text: str) -> None:
    assert looks_like_other(text, "evil.example")
    assert looks_like_other(text, "evil-paypal.com")


@pytest.mark.parametrize(
    ("text", "host"),
    [("see the README.md", "a.example"), ("then Node.js", "a.example"), ("the .com boom", "a.example"),
     ("docs on python.org", "docs.python.org"), ("go to paypal.com now", "paypal.com"),
     ("mail ana@acme.com", "a.example"),
     ("version 1.2.3.4", "a.example"), ("la Gal·la", "a.example"), ("see f(x)", "a.example"),
     ("row[0] → x", "a.example")],
)  # fmt: skip
def test_what_names_no_host_is_not_called_deceptive(text: str, host: str) -> None:
    assert not looks_like_other(text, host)


def test_bare_urls_end_where_a_sentence_goes_on() -> None:
    def found(line: str) -> list[str]:
        return [line[start:end] for start, end in bare_urls(line)]

    assert found("see https://a.example/x. Then") == ["https://a.example/x"]
    assert found("(https://a.example/x)") == ["https://a.example/x"]
    assert found("https://a.example/wiki/X_(y)!") == ["https://a.example/wiki/X_(y)"]
    assert found("ftp://a.example javascript:x https://") == []


def test_entities_for_controls_are_harmless() -> None:
    lines = drawn("A&#27;[2J&#x1b;]0;T&#7; &#155;31m &#x202e;x &#xE0041; e" + "&#769;" * 50, 80)
    assert not any(unicodedata.category(char) == "Cc" or char in BIDI for line in lines for char in line)
    assert "\U000e0041" not in "".join(lines)
    assert "".join(lines).count("\u0301") == 6


def test_caps() -> None:
    assert len(parse("[a](https://a.example) " * 1000, 100_000).links) == MAX_LINKS
    table = "|" + "a|" * 50 + "\n|" + "-|" * 50 + "\n" + ("|" + "b|" * 50 + "\n") * 300
    content = parse(table, 100_000).blocks[0].content
    assert len(content.rows) == MAX_ROWS + 1  # type: ignore[union-attr] # a table
    assert {len(row) for row in content.rows} == {MAX_COLUMNS}  # type: ignore[union-attr]
    lines, more = layout(parse("a\n\n" * 1000), 40)
    assert (len(lines), more) == (MAX_LINES, 1999 - MAX_LINES)
    everything, none = layout(parse("a\n\n" * 1000), 40, everything=True)
    assert (len(everything), none) == (1999, 0)


def test_the_parser_sees_no_more_than_the_budget_pays_for() -> None:
    body = "- item\n" * 3000
    doc = parse(body)
    assert len(doc.blocks) <= BUDGET // 3 + 1
    assert doc.tail.startswith("- item")
    lines, more = layout(doc, 40)
    assert len(lines) == MAX_LINES
    assert more >= 2500
    whole, none = layout(parse(body, BUDGET_ALL), 40, everything=True)
    assert none == 0
    assert sum("item" in text(line) for line in whole) == 3000  # what was not parsed is there as plain text


def test_prose_is_not_cut_by_the_budget() -> None:
    body = "\n\n".join(["A sentence, with *some* words and [a link](https://a.example). " * 4] * 20)
    assert parse(body).tail == ""


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case["id"])
@pytest.mark.parametrize("width", [3, 20, 79])
def test_the_hostile_corpus_is_drawn_within_its_width(case: dict[str, str], width: int) -> None:
    for budget, everything in ((BUDGET, False), (BUDGET_ALL, True)):
        lines, _more = layout(parse(safe_block(case["payload"]), budget), width, everything=everything)
        assert len(lines) <= (MAX_ALL if everything else MAX_LINES)
        for line in lines:
            assert line_width(line) <= width
            assert not any(unicodedata.category(char) in ("Cc", "Zl", "Zp") or char in BIDI for char in text(line))


@settings(max_examples=60)
@given(st.text(st.sampled_from("ab *_`[]()<>!#-+1.|~&;\\\n:/h漢\u0301"), max_size=120), st.integers(12, 40))
def test_any_text_is_drawn_within_its_width(body: str, width: int) -> None:
    lines, more = layout(parse(safe_block(body)), width)
    assert more == 0
    assert all(line_width(line) <= width for line in lines)


def test_deep_nesting_leaves_room_for_text() -> None:
    for body in ("> " * 30 + "some words here", "- " * 30 + "some words here", "> - " * 20 + "some words here"):
        lines, _more = layout(parse(body), 30)
        shown = " ".join("".join(char for char in text(line) if char not in "▎•◦▪") for line in lines)
        assert shown.split() == ["some", "words", "here"]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_highlighting_loses_no_character(language: str) -> None:
    code = '/* a */ # b\n<!-- c --> \'d\' "e\\" f" `g` x = 0x1F + 1.5e3; if (a) { return b; }\n\n'
    code += "'''k\n+l\n-m é漢\n[n]\nkey: \"v"
    for nasty in (code, *(unit * (MAX_CODE // len(unit)) for unit in ("a-", "'", "\n ", "/*", "${", "<a", "\\", "."))):
        lines = highlight(nasty, language)
        assert "\n".join("".join(run for run, _style in line) for line in lines) == nasty


def test_code_in_an_unknown_language_or_too_long_is_plain() -> None:
    assert highlight("if x", "scala") == [[("if x", "code")]]
    assert highlight("if x\n" * 3000, "python")[0] == [("if x", "code")]
    assert highlight("if x", "PY")[0][0] == ("if", "code-keyword")


def test_searched_words_are_marked_whatever_their_case() -> None:
    lines, _more = layout(parse("One **two** [three](https://a.example) (.*)"), 60)
    marked = mark_words(lines, word_pattern(["TWO", "(.*)", "ree", ""]))
    assert [span.text for line in marked for span in line if "hit" in span.style] == ["two", "ree", "(.*)"]
    assert text(marked[0]) == text(lines[0])
    assert word_pattern([" ", ""]) is None


def test_a_doc_is_a_value() -> None:
    assert parse("a *b*") == parse("a *b*")
    assert isinstance(hash(parse("a\n\n| b |\n|---|\n| c |")), int)
    assert parse("") == Doc(blocks=parse("").blocks, links=(), tail="")


def test_wide_tables_and_code_are_windows_that_move() -> None:
    from widgets.markdown_lines import overflow

    doc = parse("| one | two |\n|---|---|\n| aaaaaaaaaa | bbbbbbbbbb |\n\n```\nabcdefghijklmnopqrstuvwxyz\n```\n\ntext")
    most = overflow(doc, 20)
    assert most == 8  # the code: 26 cells in a room of 18
    lines = ["".join(span.text for span in line) for line in layout(doc, 20)[0]]
    assert lines == [
        "one        │ two   ›", "───────────┼───────›", "aaaaaaaaaa │ bbbbbb›", "", " abcdefghijklmnopq› ", "", "text",
    ]  # fmt: skip
    lines = ["".join(span.text for span in line) for line in layout(doc, 20, shift=most)[0]]
    assert lines == [
        "‹       │ two       ", "‹───────┼───────────", "‹aaaaaa │ bbbbbbbbbb", "", " ‹jklmnopqrstuvwxyz ", "", "text",
    ]  # fmt: skip
    assert overflow(doc, 40) == 0
