"""Search over the whole mirror: words, phrases in quotes, a prefix while the last word is being typed, a few operators.

    coffee "pilot project" tag:governance author:ana forum:risks

Words must all occur (title, body or tags); case and accents do not matter. In scripts without spaces every run of
characters is a phrase. Hits come best first (BM25, the title counts four times); with operators only, newest first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from jamtui.model import PostRow, SearchHit
from jamtui.safe_text import safe_line
from jamtui.store.mirror import words_of
from jamtui.store.rows import Rows

_PART = re.compile(r'(?:(tag|author|forum):)?(?:"([^"]*)"?|(\S+))')
_WORD = re.compile(r"\w+")
_CONTEXT = 60  # characters before the first hit that a snippet shows
_LENGTH = 200  # characters of a snippet
MAX_QUERY = 400


@dataclass(frozen=True, slots=True)
class Query:
    """A query taken apart. ``match`` is FTS5 syntax, "" when there are only operators."""

    match: str
    words: tuple[str, ...]  # folded, for marking hits; a trailing * is a prefix
    tags: tuple[str, ...]
    authors: tuple[str, ...]
    forums: tuple[str, ...]


def parse(text: str) -> Query:
    """Never fails: what cannot be meant as an operator is searched as text."""
    terms: list[str] = []
    words: list[str] = []
    operators: dict[str, list[str]] = {"tag": [], "author": [], "forum": []}
    text = text[:MAX_QUERY]
    for part in _PART.finditer(text):
        operator, phrase, word = part.groups()
        value = phrase if phrase is not None else word
        if operator and value:
            operators[operator].append(value.lstrip("#@") if operator != "forum" else value)
            continue
        found = _WORD.findall(words_of(value or ""))
        if not found:
            continue
        # The last word is still being typed, unless a space or a quote ended it.
        open_end = phrase is None and part.end() == len(text)
        terms.append('"' + " ".join(found) + '"' + ("*" if open_end else ""))
        whole = value if not value.isascii() and len(found) > 1 else None
        folded = [fold(whole)] if whole else [fold(one) for one in found]
        words.extend(folded[:-1])
        words.append(folded[-1] + ("*" if open_end else ""))
    return Query(
        " ".join(terms), tuple(words), tuple(operators["tag"]), tuple(operators["author"]), tuple(operators["forum"])
    )


def fold(text: str) -> str:
    """Lower case without accents, as the full-text index compares."""
    if text.isascii():
        return text.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()


def search(rows: Rows, text: str, limit: int) -> list[SearchHit]:
    """Hits for ``text``, at most ``limit``. Runs in the thread that owns ``rows``."""
    query = parse(text)
    where: list[str] = []
    values: list[object] = []
    for tag in query.tags:
        where.append("EXISTS (SELECT 1 FROM tags t WHERE t.post = p.n AND t.name = ?)")
        values.append(unicodedata.normalize("NFC", tag).lower())
    for author in query.authors:
        where.append("p.author IN (SELECT n FROM people WHERE handle = ? COLLATE NOCASE)")
        values.append(author)
    for forum in query.forums:
        where.append("p.forum IN (SELECT n FROM forums WHERE slug = ?)")
        values.append(forum)
    if query.match:
        # Words of posts that are gone are not in the index; only operators need the posts themselves.
        joined = "JOIN posts p ON p.n = words.rowid " if where else ""
        sql = (
            f"SELECT words.rowid, bm25(words, 4.0, 1.0, 2.0) AS score FROM words {joined}"
            f"WHERE {' AND '.join(['words MATCH ?', *where])} ORDER BY score LIMIT ?"
        )
        values.insert(0, query.match)
    elif where:
        sql = f"SELECT p.n, 0.0 FROM posts p WHERE p.gone = 0 AND {' AND '.join(where)} ORDER BY p.n DESC LIMIT ?"
    else:
        return []
    values.append(limit)
    ranks = {int(n): float(score) for n, score in rows.db.execute(sql, values)}
    found = rows.posts(list(ranks))
    titles = {row.id: row.title for row in rows.threads([k for k in map(rows.key, {r.thread_id for r in found}) if k])}
    forums = rows.forum_titles()
    return [
        SearchHit(
            row,
            titles.get(row.thread_id, row.title),
            forums.get(row.forum_id, ""),
            snippet(row, query.words),
            ranks[row.key],
        )
        for row in found
    ]


def snippet(row: PostRow, words: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """A line of the post around its first hit, in runs; True marks the words of the query."""
    text = safe_line(row.body or row.title)
    marks = hits_in(text, words)
    start = max(0, marks[0][0] - _CONTEXT) if marks else 0
    if start:
        space = text.find(" ", start, start + 20)
        start = space + 1 if space >= 0 else start
    end = min(len(text), start + _LENGTH)
    runs: list[tuple[str, bool]] = [("…", False)] if start else []
    at = start
    for begin, stop in marks:
        if begin < at or begin >= end:
            continue
        if begin > at:
            runs.append((text[at:begin], False))
        runs.append((text[begin : min(stop, end)], True))
        at = min(stop, end)
    if at < end:
        runs.append((text[at:end], False))
    if end < len(text):
        runs.append(("…", False))
    return tuple(runs)


def hits_in(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """(begin, end) of the places in ``text`` where words of a query stand, in order, not overlapping."""
    if not words:
        return []
    folded, places = _folded(text)
    pattern = re.compile("|".join(_pattern(word) for word in sorted(words, key=len, reverse=True)))
    return [(places[m.start()], places[m.end() - 1] + 1) for m in pattern.finditer(folded) if m.end() > m.start()]


def _pattern(word: str) -> str:
    """A word stands between other characters than letters; in scripts without spaces it stands anywhere."""
    stem = word.removesuffix("*")
    if words_of(stem) != stem:
        return re.escape(stem)
    return rf"(?<!\w){re.escape(stem)}" + (r"\w*" if stem != word else r"(?!\w)")


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """The folded text, and for each of its characters the place in ``text`` that it came from."""
    if text.isascii():
        return text.lower(), range(len(text))
    parts: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        new = fold(character)
        parts.append(new)
        places.extend([place] * len(new))
    return "".join(parts), places
