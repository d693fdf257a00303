"""Threads that are like one that is being written: is it there already?

Of the words of the new title, those count that tell threads apart: a word that stands in few titles more than one that
stands in many (the logarithm of how rare it is), endings left out (``corner`` finds *corners*), and in scripts without
spaces every two characters. A thread is as like it as the share of that weight which its title and tags have; one whose
text has all the words is alike by half at least. What is less than half alike is not shown.

Each word is one short question to the full text, and no question looks at more than `_LOOKED_AT` threads, so a Jam of
46,000 posts answers within a few milliseconds; while one types it is asked on a thread of its own.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable

import apsw
import msgspec

from jamtui.model import Similar
from jamtui.store.columns import words_of
from jamtui.store.latest import Latest, Overtaken
from jamtui.store.mirror import numbers
from jamtui.store.query import fold
from jamtui.store.rows import Rows

SHOWN = 3
LEAST = 0.5  # likeness from which a thread is shown
REST = 0.2  # seconds without another letter, after which it is looked for
_LOOKED_AT = 2_000  # threads with one of the words, the newest
_WORDS = 12  # of a title that are asked for
_COMMON = 0.2  # a word that more of all threads have in their titles tells nothing
_ENDINGS = re.compile(r"(?<=\w{4})(?:ings?|ies|ions?|ed|es|en|e|s|n)$")
# Words of the languages that Jams have had most, which stand in so many titles that to look for them costs the most and
# tells the least; of other languages those that are common are left out as they are found.
_EMPTY = (
    "the and for are how can you our with what when that this from have will not but all who why out any its has was "
    "were been more than then them they their there here into about would could should does did "
    "und der die das wie fur mit von den dem ist auf ein eine einen nicht sich wir ich sie es zu im "
    "les des une pour dans que qui est sur con los las por para del como una son"
)
_EMPTY_WORDS = frozenset(_EMPTY.split())
_WORD = re.compile(r"\w+")
_ID = re.compile(r"[0-9a-f-]{6,36}")
_KEYS = msgspec.json.Decoder(list[int])


def terms(title: str) -> list[str]:
    """The words of a title as questions to the full text, each once, in their order."""
    found: list[str] = []
    for word in _WORD.findall(fold(title)[:400]):
        spaced = words_of(word).split()
        if len(spaced) > 1:  # a script without spaces: each two characters that stand together
            found += [f'"{one} {other}"' for one, other in itertools.pairwise(spaced)]
        elif len(word) > 2 and word not in _EMPTY_WORDS:
            stem = _ENDINGS.sub("", word)
            found.append(f'"{stem}"*' if len(stem) > 3 else f'"{stem}"')
    return list(dict.fromkeys(found))[:_WORDS]


def similar(rows: Rows, title: str, most: int = SHOWN) -> tuple[Similar, ...]:
    """Threads that are like a title, the most alike first; of as like ones those with more replies."""
    asked = terms(title)
    if not asked:
        return ()
    total = int(next(iter(rows.db.execute("SELECT count(*) FROM threads")))[0])
    having = {term: _threads(rows, f"{{title tags}} : {term}") for term in asked}
    telling = {term: keys for term, keys in having.items() if len(keys) <= max(3, _COMMON * total)} or having
    weights = {term: math.log(1 + total / (1 + len(keys))) for term, keys in telling.items()}
    whole = sum(weights.values()) or 1.0
    likeness: dict[int, float] = {}
    for term, keys in telling.items():
        for key in keys:
            likeness[key] = likeness.get(key, 0.0) + weights[term] / whole
    if len(telling) > 1:  # one word somewhere in a text says little
        for key in _threads(rows, " AND ".join(telling)):
            likeness[key] = max(likeness.get(key, 0.0), 0.5 + likeness.get(key, 0.0) / 2)
    near = {key: value for key, value in likeness.items() if value >= LEAST - 1e-9}
    if not near:
        return ()
    first = sorted(near, key=lambda key: (-near[key], -key))[: 4 * most]
    replies = {row.key: row.replies for row in rows.threads(first)}
    best = sorted(first, key=lambda key: (-round(near[key], 2), -replies.get(key, 0), -key))[:most]
    titles = rows.forum_titles()
    return tuple(
        Similar(post, titles.get(post.forum_id, ""), replies.get(post.key, 0), min(1.0, near[post.key]))
        for post in rows.posts(best)
        if not post.gone
    )


def _threads(rows: Rows, match: str, most: int = _LOOKED_AT) -> list[int]:
    """Keys of openers that the full text finds, the newest."""
    sql = (
        "SELECT json_group_array(n) FROM (SELECT t.n AS n FROM words CROSS JOIN threads t ON t.n = words.rowid "
        f"WHERE words MATCH ? ORDER BY words.rowid DESC LIMIT {int(most)})"
    )
    return _KEYS.decode(str(next(iter(rows.db.execute(sql, (match,))))[0]))


def titled(rows: Rows, text: str, most: int = 10) -> tuple[Similar, ...]:
    """Posts to choose from as one types: the post of that id; threads whose titles have all the words, the last one
    perhaps only begun; then other posts that have them."""
    words = _WORD.findall(fold(text)[:400])
    asked = " AND ".join(f'"{" ".join(words_of(word).split())}"*' for word in words)
    keys: list[int] = []
    name = text.strip().lower()
    if _ID.fullmatch(name):
        sql = "SELECT n FROM posts WHERE id >= ?1 AND id < ?1 || '~' AND gone = 0 LIMIT 2"
        keys += numbers(rows.db.execute(sql, (name,)))
    if asked and max(map(len, words)) > 1:  # of a letter alone there are too many endings
        keys += _threads(rows, f"{{title}} : ({asked})", most)
        if len(keys) < most:
            sql = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?"
            keys += numbers(rows.db.execute(sql, (asked, most)))
    titles = rows.forum_titles()
    found = rows.posts(list(dict.fromkeys(keys))[:most])
    return tuple(Similar(post, titles.get(post.forum_id, ""), 0, 1.0) for post in found if not post.gone)


Find = Callable[[Rows, str], tuple[Similar, ...]]
Deliver = Callable[[str, tuple[Similar, ...]], object]
_Asked = tuple[str, Find, Deliver]


class Likeness:
    """Looks for the latest text on a thread of its own. ``connect`` makes rows over a connection of that thread."""

    def __init__(self, connect: Callable[[], Rows]) -> None:
        self._latest = Latest("likeness", connect, _answer, REST)

    def ask(self, text: str, find: Find, deliver: Deliver) -> None:
        """Returns at once. ``find`` is `similar` or `titled`; ``deliver`` is not called for a text that was
        overtaken."""
        self._latest.ask((text, find, deliver))

    def close(self) -> None:
        """Returns when nothing is delivered any more."""
        self._latest.close()


def _answer(rows: Rows, asked: _Asked, overtaken: Overtaken) -> None:
    text, find, deliver = asked
    try:
        rows.renew()
        found = find(rows, text)
    except apsw.InterruptError:
        raise
    except apsw.Error:  # a torn mirror: the sync and the doctor see to that, and nothing is found meanwhile
        found = ()
    if not overtaken():
        deliver(text, found)
