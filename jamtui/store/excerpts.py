"""The words around a hit: a line of a post without the signs of Markdown, and what of it was sought."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from jamtui.model import PostRow
from jamtui.safe_text import safe_line
from jamtui.store.columns import words_of
from jamtui.store.query import fold

_CONTEXT = 60  # characters before the first hit that a snippet shows
_LENGTH = 240  # characters of a snippet

# Every repetition is bounded, so that no text takes longer than its length.
_LINKS = re.compile(
    r"!?\[(?P<text>[^\[\]\n]{0,300})\]\((?:<[^<>\n]{0,600}>|[^()\s]{0,600})(?:\s{1,4}\"[^\"\n]{0,200}\")?\)"
    r"|<(?P<address>https?://[^<>\s]{1,600})>"
)
_LINES = re.compile(
    r"^ {0,3}(?:(?:> ?){1,9}|#{1,6} |[*+] (?=\S)|(?:`{3}|~{3}).{0,60}$|[-|: =*_]{3,200}$)",
    re.MULTILINE,
)
_STRESS = re.compile(
    r"(?<!\\)(\*{1,3}|~~|`{1,2})(?=\S)([^*~`\n]{0,300}[^*~`\s\\])\1|(?<!\w)(_{1,3})(?=[^\s_])([^_\n]{0,300}[^_\s])\3(?!\w)"
)
_ESCAPES = re.compile(r"\\([!-/:-@\\[-`{-~])")


def unmarked(body: str) -> str:
    """A text in Markdown as it reads: links by their words, without stress, headings, fences, rules, quote marks."""
    if not any(sign in body for sign in "[*_`#>~<|\\="):
        return body
    text = _LINKS.sub(lambda found: found["address"] or found["text"] or "", body)
    text = _LINES.sub("", text)
    for _ in range(2):  # one kind may stand inside another
        text = _STRESS.sub(lambda found: found[2] or found[4] or "", text)
    return _ESCAPES.sub(r"\1", text)


@lru_cache(256)  # with each letter of a query the same posts are found again, or others of them
def _readable(body: str) -> tuple[str, str]:
    """A body as one harmless line without signs of Markdown, and the same folded, as words are looked for in it."""
    text = safe_line(unmarked(body))
    return text, fold(text)


def snippet(row: PostRow, marks: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """A line of the post around its first hit, in runs; True marks the words of the query."""
    text, folded = _readable(row.body) if row.body else ("", "")
    if not text:
        text = safe_line(row.title)
        folded = fold(text)
    found = next(places(folded, marks), None)
    if found is None and marks:  # in the address of a link, for one
        raw = safe_line(row.body)
        found = next(places(fold(raw), marks), None)
        text = raw if found is not None else text
    start = 0
    if found is not None:
        start = max(0, _place(text, found[0]) - _CONTEXT)
    if start:
        space = text.find(" ", start, start + 20)
        start = space + 1 if space >= 0 else start
    window = text[start : start + _LENGTH]
    runs: list[tuple[str, bool]] = [("…", False)] if start else []
    at = 0
    for begin, stop in hits_in(window, marks):
        if begin > at:
            runs.append((window[at:begin], False))
        runs.append((window[begin:stop], True))
        at = stop
    if at < len(window):
        runs.append((window[at:], False))
    if start + _LENGTH < len(text):
        runs.append(("…", False))
    return tuple(runs)


def _place(text: str, folded_at: int) -> int:
    """Where in ``text`` the character ``folded_at`` of its folded form comes from."""
    low, high = 0, len(text)
    if text.isascii():
        return folded_at
    while low < high:
        middle = (low + high + 1) // 2
        if len(fold(text[:middle])) <= folded_at:
            low = middle
        else:
            high = middle - 1
    return low


def hits_in(text: str, marks: Sequence[str]) -> list[tuple[int, int]]:
    """(begin, end) of the places in ``text`` where words of a query stand, in order, not overlapping."""
    folded = fold(text)
    found: list[tuple[int, int]] = []
    for begin, end in places(folded, marks):
        first_at, last = (begin, end) if len(folded) == len(text) else (_place(text, begin), _place(text, end))
        if last > first_at and (not found or first_at >= found[-1][1]):
            found.append((first_at, last))
    return found


def places(folded: str, marks: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The same in folded text. A word stands between other characters than letters; in scripts without spaces it
    stands anywhere. No regular expression: each mark is looked for once, from left to right."""
    nexts = {mark: span for mark in marks if (span := _find(folded, mark, 0))}
    while nexts:
        _, span = min(nexts.items(), key=lambda item: (item[1][0], -item[1][1]))
        yield span
        for other, (begin, _end) in tuple(nexts.items()):
            if begin < span[1]:
                further = _find(folded, other, span[1])
                if further:
                    nexts[other] = further
                else:
                    del nexts[other]


def _find(folded: str, mark: str, start: int) -> tuple[int, int] | None:
    stem = mark.removesuffix("*")
    anywhere = words_of(stem) != stem
    at = folded.find(stem, start)
    while at >= 0:
        end = at + len(stem)
        if anywhere:
            return at, end
        if not (at and folded[at - 1].isalnum()):
            while stem != mark and end < len(folded) and folded[end].isalnum():
                end += 1
            if not (end < len(folded) and folded[end].isalnum()):
                return at, end
        at = folded.find(stem, at + 1)
    return None
