"""The language of searching: what a person types → a `Query`. Pure; never fails, takes no longer than its text.

    coffee "pilot project" -tea tag:governance author:ana OR author:ben since:2d is:unread has:link votes:>10

All parts must hold; OR between two parts binds tighter than that: ``pilot coffee OR tea`` is pilot, and coffee or tea.
A ``-`` in front turns a part round. What cannot be meant as an operator is searched as text; what was meant as one and
is not right is told in words (`Query.problems`) and left out, so that the rest still finds something.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches

from msgspec import Struct

from jamtui.errors import UsageError
from jamtui.safe_text import safe_line
from jamtui.store.mirror import words_of
from jamtui.ways import DAYS, SORTED, moment

MAX_QUERY = 400


class Kind(enum.StrEnum):
    """What a term asks of a post."""

    WORDS = "words"
    TAG = "tag"
    AUTHOR = "author"
    FORUM = "forum"
    THREAD = "thread"
    BEFORE = "before"
    AFTER = "after"
    IS = "is"
    HAS = "has"
    LANG = "lang"
    VOTES = "votes"
    KIND = "kind"
    STATE = "state"


NAMES = {
    "tag": Kind.TAG, "author": Kind.AUTHOR, "from": Kind.AUTHOR, "forum": Kind.FORUM, "thread": Kind.THREAD,
    "before": Kind.BEFORE,
    "after": Kind.AFTER, "since": Kind.AFTER, "is": Kind.IS, "has": Kind.HAS, "lang": Kind.LANG, "votes": Kind.VOTES,
    "kind": Kind.KIND, "state": Kind.STATE,
}  # fmt: skip
STATES = ("unread", "read", "saved", "mine", "opener", "reply", "featured")
FEATURES = ("link", "code")
HERE = "here"  # the value of thread: for the one that is open
_VOTES = re.compile(r"(>=|<=|>|<|=|)([0-9]{1,9})")
_NAME = re.compile(r"([A-Za-z]{2,12}):(?!//)")
_UNKNOWN = re.compile(r"(?!https?:|mailto:|ftp:)([a-z]{3,12}):(?!//)[^\s:]")
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»"}


class Term(Struct, frozen=True):
    """One part of a query. ``open``: it is still being typed, so what begins like it is meant as well.

    ``number`` is a moment (milliseconds since 1970) for BEFORE and AFTER, a tally for VOTES (``value`` then compares:
    ``>=``); ``value`` of WORDS is text with at least one letter or digit.
    """

    kind: Kind
    value: str
    negated: bool = False
    open: bool = False
    number: int = 0


class Query(Struct, frozen=True):
    """``clauses`` must all hold, of each at least one term. ``problems`` are harmless lines for people."""

    clauses: tuple[tuple[Term, ...], ...]
    problems: tuple[str, ...] = ()

    @property
    def marks(self) -> tuple[str, ...]:
        """What is to be marked in the posts found, folded; a trailing ``*`` is a prefix."""
        found: list[str] = []
        for term in (term for clause in self.clauses for term in clause):
            if term.kind is Kind.WORDS and not term.negated:
                pieces = _WORD.findall(words_of(term.value))
                if len(pieces) > 1 and not term.value.isascii():
                    pieces = [term.value]  # in scripts without spaces the run stands together in the text, too
                folded = [fold(piece) for piece in pieces]
                found += [*folded[:-1], folded[-1] + "*" * term.open] if folded else []
        return tuple(word for word in dict.fromkeys(found) if word.strip("*"))


_WORD = re.compile(r"\w+")


class _Fold(dict[int, str]):
    """Lower case without accents, character by character, found once for each."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c)).lower()
        self[code] = plain
        return plain


_FOLD = _Fold()
_NOT_ASCII = re.compile("[^\x00-\x7f]+")


def fold(text: str) -> str:
    """Lower case without accents, as the full-text index compares."""
    if text.isascii():
        return text.lower()
    # What is folded already stays as it is; nearly all of most texts is ASCII, which `translate` is slow for.
    return _NOT_ASCII.sub(lambda found: found[0].translate(_FOLD), text).lower()


class Part(Struct, frozen=True):
    """A piece of what was typed: ``name`` of an operator or "", its value, and where the value begins in the text."""

    name: str
    value: str
    start: int
    negated: bool = False
    quoted: bool = False
    open: bool = False  # nothing ended it yet: neither a space nor a quote


def parts(text: str) -> Iterator[Part]:
    """Takes ``text`` apart from left to right, looking at each character a bounded number of times."""
    at, end = 0, len(text)
    while at < end:
        if text[at].isspace():
            at += 1
            continue
        negated = text[at] == "-" and at + 1 < end and not text[at + 1].isspace()
        at += negated
        name = ""
        if (match := _NAME.match(text, at)) and (match[1].lower() in NAMES or _near(text, match)):
            name, at = match[1].lower(), match.end()
        if at < end and text[at] in _QUOTES:
            close = text.find(_QUOTES[text[at]], at + 1)
            stop = close if close >= 0 else end
            yield Part(name, text[at + 1 : stop], at + 1, negated, quoted=True, open=close < 0)
            at = stop + 1
            continue
        stop = at
        while stop < end and not text[stop].isspace():
            stop += 1
        yield Part(name, text[at:stop], at, negated, open=stop == end)
        at = stop


def _near(text: str, match: re.Match[str]) -> bool:
    """Whether an unknown ``name:`` was meant as an operator: it resembles one, and a value follows at once."""
    value = match.end() < len(text) and not text[match.end()].isspace()
    return value and bool(get_close_matches(match[1].lower(), NAMES, 1, 0.6))


def parse(text: str, now: datetime) -> Query:
    """``now`` is the time from which relative dates count; days begin at midnight where the reader is."""
    clauses: list[list[Term]] = []
    problems: list[str] = []
    joins = False  # an OR stands before what comes next
    for part in parts(text[:MAX_QUERY]):
        if part.value == "OR" and not (part.name or part.quoted or part.negated):
            joins = bool(clauses)
            continue
        if part.name == "" and not part.quoted and (match := _UNKNOWN.match(part.value)):
            problems.append(safe_line(f"{match[1]}: is no operator, it is searched as text"))
        try:
            term = _term(part, now)
        except _Wrong as wrong:
            problems.append(safe_line(str(wrong)))
            term = None
        if term is None:
            joins = False
            continue
        if joins:
            clauses[-1].append(term)
        else:
            clauses.append([term])
        joins = False
    return Query(tuple(tuple(clause) for clause in clauses), tuple(dict.fromkeys(problems)))


class _Wrong(Exception):
    """An operator that is not right; the words say why and what would be."""


def _term(part: Part, now: datetime) -> Term | None:
    """None for a part that asks nothing: punctuation, or an operator whose value is not there yet."""
    value = part.value
    if not part.name:
        if not any(map(str.isalnum, value)):
            return None
        return Term(Kind.WORDS, value, part.negated, part.open)
    kind = NAMES.get(part.name)
    shown = f"{part.name}:{value[:30]}"
    if kind is None:
        near = get_close_matches(part.name, NAMES, 1, 0.6)[0]
        raise _Wrong(f"{shown} is no operator. Did you mean {near}: ?")
    value = value.strip().lstrip("#@") if kind in (Kind.TAG, Kind.AUTHOR) else value.strip()
    if not value:
        if part.open:
            return None
        raise _Wrong(f"{part.name}: needs a value right after it, without a space")
    match kind:
        case Kind.THREAD if part.open and len(value) < len(HERE) and HERE.startswith(value.lower()):
            return None
        case Kind.IS | Kind.HAS:
            return _choice(part, kind, value.lower(), STATES if kind is Kind.IS else FEATURES)
        case Kind.KIND | Kind.STATE:
            return _choice(part, kind, value.lower(), SORTED[kind.value])
        case Kind.BEFORE | Kind.AFTER:
            number = _moment(value, now)
            if number is not None:
                return Term(kind, value, part.negated, number=number)
            if part.open and _may_become_date(value.lower()):
                return None
            raise _Wrong(f"{shown} is no date. Write 2011-02-09, 2011-02, 3d, 2h, today or yesterday")
        case Kind.VOTES:
            found = _VOTES.fullmatch(value)
            if found:
                return Term(kind, found[1] or ">=", part.negated, number=int(found[2]))
            if part.open and value in (">", "<", "=", ">=", "<="):
                return None
            raise _Wrong(f"{shown} is no number of votes. Write votes:>10, votes:<3 or votes:=0")
        case _:
            return Term(kind, value, part.negated, part.open)


def _choice(part: Part, kind: Kind, value: str, choices: tuple[str, ...]) -> Term | None:
    if value in choices:
        return Term(kind, value, part.negated)
    if part.open and any(choice.startswith(value) for choice in choices):
        return None
    known = f"{', '.join(choices[:-1])} and {choices[-1]}"
    raise _Wrong(f"{part.name}:{value[:30]} is not known. There are {known}")


def _moment(value: str, now: datetime) -> int | None:
    """A time in milliseconds since 1970; None when it is none."""
    try:
        return int(moment(value, now).timestamp() * 1000)
    except UsageError:
        return None


def _may_become_date(value: str) -> bool:
    return bool(re.fullmatch(r"[0-9][0-9-]*", value)) or any(day.startswith(value) for day in DAYS)
