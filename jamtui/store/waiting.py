"""What a search finds in the outbox: one's own posts and edits that the mirror's index does not have yet.

They are few, so each is held against the query by itself. It must mean here what it means in SQL: `Planner` looks names
up for both, and a test asks the same queries of a post that waits and of one that is there.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Protocol

from jamtui.archive import tag_form
from jamtui.model import PostRow
from jamtui.store.columns import has_code, words_of
from jamtui.store.query import Kind, Query, Term, fold
from jamtui.store.rows import Rows

_TOKEN = re.compile(r"[^\W_]+")
_COMPARED: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "": operator.ge,
}


class Names(Protocol):
    """Who, which forums (as numbers of the mirror) and which thread (by its id) a term means."""

    def authors(self, term: Term) -> list[int]: ...
    def forums(self, term: Term) -> list[int]: ...
    def thread(self, term: Term) -> str: ...


def waiting_keys(rows: Rows, query: Query, names: Names) -> list[int]:
    """Keys of posts that wait, or whose edit waits, and that ``query`` finds with it; the latest first."""
    overlay = rows.overlay
    if not overlay.any:
        return []
    keys = [key for key, row in reversed(overlay.posts.items()) if not rows.has(row.post_id)]
    edited = (
        rows.key(post_id)
        for post_id, changes in overlay.changes.items()
        if any(one.kind == "edit" and one.state != "refused" for one in changes)
    )
    keys += sorted({key for key in edited if key is not None and key > 0}, reverse=True)
    return [
        row.key
        for row in rows.posts(keys)
        if not row.gone and all(any(_holds(rows, row, term, names) for term in clause) for clause in query.clauses)
    ]


def _holds(rows: Rows, row: PostRow, term: Term, names: Names) -> bool:
    return _says(rows, row, term, names) is not term.negated


def _says(rows: Rows, row: PostRow, term: Term, names: Names) -> bool:
    match term.kind:
        case Kind.WORDS:
            return any(_has_words(text, term) for text in (row.title, row.body, " ".join(row.tags)))
        case Kind.TAG:
            name = tag_form(term.value)
            return any(tag.startswith(name) if term.open else tag == name for tag in row.tags)
        case Kind.AUTHOR:
            me = rows.my_n()
            return me in names.authors(term) if me else row.handle.lower() == term.value.lower()
        case Kind.FORUM:
            return rows.forum_n(row.forum_id) in names.forums(term)
        case Kind.THREAD:
            return row.thread_id == names.thread(term)
        case Kind.BEFORE:
            return row.created_at.timestamp() * 1000 < term.number
        case Kind.AFTER:
            return row.created_at.timestamp() * 1000 >= term.number
        case Kind.IS:
            return {
                "unread": False,  # one's own
                "read": True,
                "saved": row.saved,
                "mine": True,
                "opener": row.parent_id is None,
                "reply": row.parent_id is not None,
                "featured": row.featured,
            }[term.value]
        case Kind.HAS:
            return has_code(row.body) if term.value == "code" else "http://" in row.body or "https://" in row.body
        case Kind.LANG:
            return False  # nothing says it before the server does
        case Kind.KIND | Kind.STATE:
            opener = row if row.parent_id is None else _opener(rows, row)
            return term.value == (opener.kind if term.kind is Kind.KIND else opener.idea_state)
        case Kind.VOTES:
            return _COMPARED[term.value](row.up, term.number)


def _opener(rows: Rows, row: PostRow) -> PostRow:
    key = rows.key(row.thread_id)
    return next(iter(rows.posts([key])), row) if key is not None else row


def _has_words(text: str, term: Term) -> bool:
    """Whether the words of ``term`` stand in ``text`` one after the other, the last one perhaps only begun."""
    wanted, there = _tokens(term.value), _tokens(text)
    begun = term.open and term.value[-1:].isalnum()
    return any(_fits(there[at : at + len(wanted)], wanted, begun) for at in range(len(there) - len(wanted) + 1))


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(fold(words_of(text)))


def _fits(there: Sequence[str], wanted: Sequence[str], begun: bool) -> bool:
    if there[:-1] != wanted[:-1]:
        return False
    return there[-1:] == wanted[-1:] or (begun and there[-1].startswith(wanted[-1]))
