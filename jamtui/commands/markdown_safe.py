"""Texts of strangers as Markdown that other programs draw: no HTML, no link but http and https, nothing fetched.

A body is CommonMark that somebody else wrote. Here it is drawn by code that knows its bounds; an exported file is drawn
by whatever the reader has: a forge, an editor, a browser. So outside of code every ``<`` is escaped (and with it each
tag and comment), pictures become links, and the result is parsed once more, with HTML on: where any tag or any other
kind of link is still found, or too much is in it to look through, every sign of it is escaped instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from widgets.links import check

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

BUDGET = 1600  # special characters that are looked through; each costs the parser up to 50 microseconds
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")
_RISKY = re.compile(r"[<&\[\]]")  # without any of these there is neither HTML nor a link
_COSTLY = re.compile(r"[\[\]!*_~`<>\\|&#+\-:\n]")
_TICKS = re.compile(r"`+")
_AUTOLINK = re.compile(r"<(https?://[^\s<>]{1,2000})>", re.IGNORECASE)


def plain(text: str) -> str:
    """One line in which no character means anything to Markdown."""
    return _SPECIAL.sub(r"\\\1", text)


def harmless(body: str) -> str:
    """A body (harmless for a terminal already) as Markdown that is harmless for whoever draws it."""
    if not _RISKY.search(body):
        return body
    if sum(1 for _ in _COSTLY.finditer(body)) <= BUDGET:
        lines = body.split("\n")
        code = _code_lines(_parser().parse(body))
        mended = "\n".join(
            "\n".join(lines[start:stop]) if is_code else _mended("\n".join(lines[start:stop]))
            for start, stop, is_code in _stretches(len(lines), code)
        )
        # Twice: with HTML on and off the same letters can be parsed otherwise.
        if all(_innocent(_parser(html).parse(mended)) for html in (True, False)):
            return mended
    return "\n".join(plain(line) for line in body.split("\n"))


@cache
def _parser(html: bool = False) -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": html, "maxNesting": 100}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True  # type: ignore[method-assign] # what others may make a link of is to be seen
    return parser


def _code_lines(tokens: Sequence[Token]) -> set[int]:
    """The lines of blocks of code."""
    return {
        line for token in tokens if token.type in ("fence", "code_block") and token.map for line in range(*token.map)
    }


def _stretches(count: int, code: set[int]) -> Iterator[tuple[int, int, bool]]:
    start = 0
    for line in range(1, count + 1):
        if line == count or (line in code) != (start in code):
            yield start, line, start in code
            start = line


def _mended(text: str) -> str:
    """``text`` without HTML and pictures; spans of code stay as they are."""
    out: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            out.append(text[at : at + 2])
            at += 2
        elif char == "`":
            ticks = _TICKS.match(text, at)
            run = ticks[0] if ticks else "`"
            end = next((one.end() for one in _TICKS.finditer(text, at + len(run)) if one[0] == run), at + len(run))
            out.append(text[at:end])
            at = end
        elif char == "<":
            link = _AUTOLINK.match(text, at)
            if link is not None and check(link[1])[0]:
                out.append(link[0])
                at = link.end()
            else:
                out.append("\\<")
                at += 1
        elif char == "!" and text[at + 1 : at + 2] == "[":
            out.append("\\!")
            at += 1
        else:
            out.append(char)
            at += 1
    return "".join(out)


def _innocent(tokens: Sequence[Token]) -> bool:
    """Whether nothing that was parsed is HTML, a picture, or a link that must not be opened."""
    for token in tokens:
        if token.type in ("html_block", "html_inline", "image"):
            return False
        if token.type == "link_open" and not check(str(token.attrs.get("href", "")))[0]:
            return False
        if token.children and not _innocent(token.children):
            return False
    return True
