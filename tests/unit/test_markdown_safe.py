"""What strangers wrote, as Markdown for other programs: no HTML, nothing fetched, no links but http and https."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from jamtui.commands.markdown_safe import BUDGET, harmless, plain

HOSTILE = Path(__file__).parent.parent / "data" / "hostile"
CORPUS = [
    case["payload"] for name in ("corpus.json", "more.json") for case in json.loads((HOSTILE / name).read_text("utf-8"))
]
CASES = [
    "<script>alert(1)</script>",
    "a\n<div>\n\nb",
    "<!-- x",
    "<?php x ?>",
    "<![CDATA[x]]>",
    '<a href="`">`',
    "`<b>",
    "``<b>`",
    "`a` <i> `b`",
    "\\\\<b>",
    "```\n<b>\n```\n<i>",
    "> ```\n<b>x</b>",
    "- ```\n  <b>\n<i>",
    "    <b>\n\n<i>",
    "~~~\n<b>",
    "[x](javascript:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](JaVaScRiPt:x)",
    "[x][r]\n\n[r]: javascript:x",
    "[x][r]\n\n[r]: <data:text/html,x>",
    "<javascript:x>",
    "<ssh://-o>",
    "[x](/etc/passwd)",
    "[x](file:///etc/passwd)",
    "[x](//evil.example)",
    "[x](https://a@evil.example)",
    "![p](https://t.example/p.png)",
    "![p][r]\n\n[r]: https://t.example/p.png",
    "[![i](https://a.example/x.png)](https://b.example)",
    "| <b> |\n|-|\n| ![a](b) |",
    "# <b>",
    "<https://a.example/<b>>",
    "\\![a](https://a.example)",
    "!\\[a](b) ![a](b)",
    "&lt;b&gt; <b>",
    "<\nb>",
    "<b\n>",
]


def drawn(text: str) -> Iterator[Token]:
    """All that a program finds that allows HTML, and any scheme."""
    for html in (True, False):
        parser = MarkdownIt("commonmark", {"html": html, "maxNesting": 200}).enable(["table", "strikethrough"])
        parser.validateLink = lambda url: True  # type: ignore[method-assign] # some do
        for token in parser.parse("\n".join(f"> > {line}" for line in text.split("\n"))):
            yield token
            yield from token.children or ()


def live(text: str) -> list[str]:
    """What does something: tags, pictures, links to anything but http and https."""
    return [
        f"{token.type} {token.content} {token.attrs}"
        for token in drawn(text)
        if token.type in ("html_block", "html_inline", "image")
        or (token.type == "link_open" and not str(token.attrs["href"]).lower().startswith(("http://", "https://")))
    ]


def test_nothing_in_an_export_is_alive(figure: Callable[..., None]) -> None:
    found = {text: live(harmless(text)) for text in (*CASES, *CORPUS)}
    alive = sum(map(bool, found.values()))
    figure(f"export --format markdown: {alive} of {len(found)} texts have tags, pictures or other links", alive)
    assert {text: tokens for text, tokens in found.items() if tokens} == {}
    assert sum(bool(live(text)) for text in CASES) > 25  # which they have as they were written


def test_what_is_harmless_stays_as_it_was_written() -> None:
    for text in (
        "**bold**, *em*, `a < b`, [a link](https://a.example), <https://b.example>",
        "```html\n<b>code</b>\n```\n\n    <i>more</i>\n\nand `<u>`",
        "x[0] and list[int]",
        "- [ ] todo\n- [x] done",
        "> quote & co",
        "| a | b |\n|---|---|\n| 1 | 2 |",
    ):
        assert harmless(text) == text
    assert harmless("a < b, <b> and ![pic](https://a.example/p.png)") == (
        "a \\< b, \\<b> and \\![pic](https://a.example/p.png)"
    )


def test_a_text_that_costs_too_much_is_escaped_whole() -> None:
    text = "[" * (BUDGET + 1)
    assert harmless(text) == plain(text)


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="<>`![]()\\a:/&#;-~ \njsx\"'*_|", max_size=60))
def test_nothing_made_of_such_signs_is_alive(text: str) -> None:
    assert live(harmless(text)) == []


@pytest.mark.parametrize("text", CASES)
def test_being_harmless_lasts(text: str) -> None:
    assert live(harmless(harmless(text))) == []
