"""Ways through a Jam as data: what a list is narrowed to, what is hot, whose page it is, what to read in a few minutes.

Frozen rows as in `jamtui.model`, their texts already harmless, and the words of a filter (``tag:tea is:unread``) with
their parser. Nothing here reads a file.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache

from msgspec import Struct

from jamtui.archive import IDEA_STATES, KINDS
from jamtui.errors import UsageError
from jamtui.model import PersonRow, PostRow, ThreadRow
from jamtui.safe_text import safe_line

WORDS_A_MINUTE = 240  # of silent reading, in scripts that have spaces
CHARACTERS_A_MINUTE = 400  # of Chinese, Japanese, Korean and others that have none
SECONDS_A_POST = 2.0  # to find out who speaks, and to whom

_PART = r'([^\s:"]+):(?:"([^"]*)"?|(\S*))|(\S+)'
_SPAN = r"([0-9]{1,5})\s*(min|m|h|d|w)"
_DATE = r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?"
DAYS = ("today", "yesterday")
SORTED = {"kind": KINDS, "state": IDEA_STATES}  # what threads are narrowed to by name, and the names there are
_SAME = {"from": "author", "after": "since"}  # as they may be typed in a search, too
_UNITS = {"min": "minutes", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_HINT = (
    "Use tag:T author:HANDLE kind:idea state:chosen lang:de since:2h before:2026-11-23 has:code is:unread is:featured."
)


class Filter(Struct, frozen=True):
    """What a list of threads is narrowed to: threads with a post that fits everything named here.

    The post has all of ``tags``, is by any of ``authors`` and in any of ``langs``, which it has one of only. ``since``
    is included, ``before`` is not. ``kinds`` and ``states`` are those of the thread.
    """

    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()
    since: datetime | None = None
    before: datetime | None = None
    code: bool = False
    unread: bool = False
    kinds: tuple[str, ...] = ()  # of the thread, any of `archive.KINDS`
    states: tuple[str, ...] = ()  # of an idea, any of `archive.IDEA_STATES`
    featured: bool = False

    def __bool__(self) -> bool:
        return self != EVERYTHING

    @property
    def timed(self) -> bool:
        """Whether other threads may fit when time went on."""
        return self.since is not None or self.before is not None


EVERYTHING = Filter()


def moment(text: str, now: datetime) -> datetime:
    """A time as filters and searches name it: ``90min``, ``2h``, ``3d``, ``1w`` before ``now``; ``today``,
    ``yesterday``; ``2026-11-23``, ``2026-11`` or ``2026``, from its beginning where the reader is; an RFC 3339 time.
    Raises `UsageError`."""
    word = text.strip()
    try:
        if found := re.fullmatch(_SPAN, word.lower()):
            return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
        if word.lower() in DAYS:
            day = now.astimezone().date() - timedelta(days=DAYS.index(word.lower()))
            return datetime(day.year, day.month, day.day).astimezone()
        if date := re.fullmatch(_DATE, word):
            # Python's astimezone of a naive time takes it as local, summer time included.
            return datetime(int(date[1]), int(date[2] or 1), int(date[3] or 1)).astimezone()
        return datetime.fromisoformat(word).astimezone(UTC)
    except (ValueError, OverflowError, OSError):  # the 31st of February, a time before all clocks
        raise UsageError(
            f"not a time: {safe_line(text)[:40]}", "Use 30min, 2h, 3d, 1w, today, yesterday or 2026-11-23."
        ) from None


def named(name: str, value: str) -> str:
    """A kind of thread or a state of an idea, by its name. Raises `UsageError`."""
    if value.lower() in SORTED[name]:
        return value.lower()
    raise UsageError(f"no such {name}: {safe_line(value)[:40]}", f"Use one of: {', '.join(SORTED[name])}.")


def until(text: str, now: datetime) -> datetime:
    """A time that is still to come: ``90min``, ``2h``, ``3d``, ``1w`` from ``now``, or a date or time as in `moment`.
    Raises `UsageError`."""
    word = text.strip().lower()
    try:
        if found := re.fullmatch(_SPAN, word):
            return now + timedelta(**{_UNITS[found[2]]: int(found[1])})
        then = moment(text, now)
    except (OverflowError, UsageError):
        raise UsageError(
            f"not a time: {safe_line(text)[:40]}", "Use 30min, 2h, 3d, 1w, 2026-11-23 or 2026-11-23T18:00Z."
        ) from None
    return then


def parse_filter(text: str, now: datetime) -> Filter:
    """The filter that ``text`` means. Raises `UsageError`, naming the word that is no filter."""
    lists: dict[str, list[str]] = {"tag": [], "author": [], "lang": []}
    times: dict[str, datetime] = {}
    sorted_as: dict[str, list[str]] = {name: [] for name in SORTED}
    flags: set[str] = set()
    for part in re.finditer(_PART, text):
        name, quoted, plain, bare = part.groups()
        value = (quoted if quoted is not None else plain or bare or "").strip()
        kind = (name or {"#": "tag", "@": "author"}.get(value[:1], "")).lower()
        kind = _SAME.get(kind, kind)
        if kind in lists and value.lstrip("#@"):
            lists[kind].append(value.lstrip("#@"))
        elif kind in SORTED and value:
            sorted_as[kind].append(named(kind, value))
        elif kind in ("since", "before") and value:
            times[kind] = moment(value, now)
        elif (kind, value.lower()) in (("has", "code"), ("is", "unread"), ("is", "featured")):
            flags.add(value.lower())
        else:
            raise UsageError(f"no such filter: {safe_line(part[0])[:40]}", _HINT)
    return Filter(
        tuple(lists["tag"]), tuple(lists["author"]), tuple(one.lower() for one in lists["lang"]),
        times.get("since"), times.get("before"), "code" in flags, "unread" in flags,
        tuple(sorted_as["kind"]), tuple(sorted_as["state"]), "featured" in flags,
    )  # fmt: skip


def chips(text: str) -> list[str]:
    """The words of a filter as they are shown, harmless: ``#tea``, ``@ana``, ``de``, ``since 2h``, ``code``."""
    shown = []
    for part in re.finditer(_PART, text):
        name, quoted, plain, bare = part.groups()
        value = quoted if quoted is not None else plain or bare or ""
        sign = {"tag": "#", "author": "@", "from": "@", "has": "", "is": "", "lang": "", "kind": "", "state": ""}.get(
            (name or "").lower()
        )
        shown.append(safe_line(value if not name else f"{name} {value}" if sign is None else sign + value.lstrip("#@")))
    return shown


def complete_filter(text: str, tags: list[str], authors: list[str], langs: list[str]) -> list[str]:
    """Whole lines that ``text`` may become: its last word completed, the likeliest first."""
    before, space, last = text.rpartition(" ")
    name, colon, value = last.partition(":")
    spans = ["1h", "3h", "today", "1d", "yesterday", "1w"]
    values = {"tag": tags, "author": authors, "lang": langs, "since": spans, "before": spans, "has": ["code"],
              "is": ["unread", "featured"], **{kind: list(names) for kind, names in SORTED.items()}}  # fmt: skip
    if not colon:
        names = [
            "is:unread", "tag:", "kind:", "state:", "is:featured", "author:", "since:", "has:code", "lang:", "before:",
        ]  # fmt: skip
        return [f"{before}{space}{one}" for one in names if one.startswith(last.lower())]
    wanted = value.strip('"').casefold()
    found = [one for one in values.get(_SAME.get(name.lower(), name.lower()), []) if one.casefold().startswith(wanted)]
    return [f'{before}{space}{name}:"{one}"' if " " in one else f"{before}{space}{name}:{one}" for one in found]


class HotRow(Struct, frozen=True):
    """A thread that people are in right now; ``heat`` is 1.0 for the hottest. Figures are those of the window."""

    thread: ThreadRow
    heat: float
    posts: int
    people: int
    votes: int  # on the posts of the window


class PersonPage(Struct, frozen=True):
    """What there is to know about a person; ``votes`` are those that their posts received."""

    person: PersonRow
    threads: int
    votes: int
    last_at: datetime | None
    forums: tuple[tuple[str, int], ...]  # (title, posts), the most posts first
    keys: tuple[int, ...]  # of their posts, the newest first


class Companion(Struct, frozen=True):
    """Somebody with whom a person talks: how often that person answered them, and they answered that person."""

    id: str
    handle: str
    name: str
    answered: int
    answers: int


class PersonMore(Struct, frozen=True):
    """What a person's page tells beyond a line of a list."""

    first_at: datetime | None
    tags: tuple[tuple[str, int], ...]  # what they are heard for: tags of their posts, the most used first
    companions: tuple[Companion, ...]
    answered: int  # answers that they gave to others
    answers: int  # and got from others
    links: tuple[tuple[str, int], ...] = ()  # how their posts stand to those of others: words, how often


class Origin(Struct, frozen=True):
    """A country, an organisation or a language: how many people tell it, and how much they wrote. ``name`` is harmless,
    "" for those who tell nothing; ``code`` is of a country, as it was written when it is in no table."""

    code: str
    name: str
    people: int
    posts: int


class Origins(Struct, frozen=True):
    """Who is from where, the most people first; those who tell nothing stand last. A person may speak several
    languages."""

    people: int
    countries: tuple[Origin, ...]
    organisations: tuple[Origin, ...]
    languages: tuple[Origin, ...]


class Interests(Struct, frozen=True):
    """What a reader follows and has muted, by id (threads, people) and by name (tags)."""

    threads: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    muted_threads: frozenset[str] = frozenset()
    muted_tags: frozenset[str] = frozenset()
    muted_people: frozenset[str] = frozenset()


class PlanStep(Struct, frozen=True):
    """A post to read. ``context``: it is here because a later one needs it. ``why`` is a few words."""

    post: PostRow
    seconds: float
    context: bool
    why: str


class Plan(Struct, frozen=True):
    """Posts in the order in which to read them: the threads most worth it first, each in its reading order."""

    minutes: int  # that there were
    steps: tuple[PlanStep, ...]
    unread: int  # posts of the whole Jam that could have been in it

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps)


@cache  # made for the first text that needs it: classes of so many characters take milliseconds
def _unspaced() -> re.Pattern[str]:
    return re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")


def reading_seconds(text: str) -> float:
    """How long a post takes to read: words at `WORDS_A_MINUTE`, characters of unspaced scripts at
    `CHARACTERS_A_MINUTE`, and `SECONDS_A_POST`."""
    unspaced = 0
    if not text.isascii():
        text, unspaced = _unspaced().subn(" ", text)
    return SECONDS_A_POST + 60 * (len(text.split()) / WORDS_A_MINUTE + unspaced / CHARACTERS_A_MINUTE)


def minutes_of(text: str) -> int:
    """The time that somebody has to read, as typed; 15 where nothing is. Raises `UsageError`."""
    if not text:
        return 15
    if not text.isdecimal() or not 1 <= int(text) <= 600:
        raise UsageError("not a number of minutes", "Try :plan 15.")
    return int(text)
