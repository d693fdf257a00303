"""What is for the reader, as rows: why, who, where, and how it begins. Their texts are harmless already."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from datetime import datetime

from msgspec import Struct

from jamtui.errors import UsageError
from jamtui.safe_text import safe_line


class Reason(enum.StrEnum):
    """Why something is for the reader, what concerns them most first."""

    ANSWER = "answers"  # to a post of theirs
    MENTION = "mentions"  # of their handle
    NOTICE = "notices"  # of moderators, to them alone
    REPORT = "reports"  # what became of what they reported
    ANNOUNCEMENT = "announcements"
    LINK = "links"  # somebody connected a post to one of theirs
    POLL = "polls"
    THREAD = "threads"  # they follow it
    PERSON = "people"  # they follow who wrote it
    TAG = "tags"  # they follow a tag that it carries


REASONS = tuple(Reason)
OF_POSTS = (Reason.ANSWER, Reason.MENTION, Reason.THREAD, Reason.PERSON, Reason.TAG)  # that are read as posts are
WORDS = {
    Reason.ANSWER: "answers you",
    Reason.MENTION: "names you",
    Reason.NOTICE: "to you",
    Reason.REPORT: "your report",
    Reason.ANNOUNCEMENT: "announcement",
    Reason.LINK: "connects to yours",
    Reason.POLL: "poll",
    Reason.THREAD: "thread you follow",
    Reason.PERSON: "person you follow",
    Reason.TAG: "tag you follow",
}
# One, and several of them.
NOUNS = {
    Reason.ANSWER: ("answer", "answers"),
    Reason.MENTION: ("mention", "mentions"),
    Reason.NOTICE: ("notice", "notices"),
    Reason.REPORT: ("report", "reports"),
    Reason.ANNOUNCEMENT: ("announcement", "announcements"),
    Reason.LINK: ("link", "links"),
    Reason.POLL: ("poll", "polls"),
    Reason.THREAD: ("post", "posts"),
    Reason.PERSON: ("post", "posts"),
    Reason.TAG: ("post", "posts"),
}


class InboxRow(Struct, frozen=True):
    """One row: a thread with all in it that is for the reader, or one thing that is no post."""

    key: str  # what kind of row, a colon, and the id of what it is about
    reasons: tuple[Reason, ...]  # the weightiest first
    count: int
    unread: int
    at: datetime  # of the newest
    title: str = ""  # of the thread (in brackets why there is none), or what the thing says first
    excerpt: str = ""  # how the newest begins, one line
    body: str = ""  # of what is no post: all of its text
    who: tuple[str, ...] = ()  # names, the latest first, three at most
    people: int = 0  # how many wrote it
    role: str = ""  # of the first
    author_id: str = ""  # of the first
    forum_id: str = ""
    thread_id: str = ""
    told: tuple[Reason, ...] = ()  # of ``reasons`` those that are the weightiest of some post
    post_id: str = ""  # where opening goes: the first unread, else the newest; "" where there is no place
    gone: str = ""  # of the thread, as in `jamtui.model.PostRow`

    @property
    def id(self) -> str:
        """Its key, by which lists know their rows."""
        return self.key

    @property
    def figure(self) -> str:
        """How many of what: ``40 answers``, ``3 of 40 answers new``."""
        nouns = {NOUNS[reason] for reason in self.main}
        one, many = nouns.pop() if len(nouns) == 1 else ("post", "posts")
        if 0 < self.unread < self.count:
            return f"{self.unread:,} of {self.count:,} {many} new"
        return f"{self.count:,} {one if self.count == 1 else many}"

    @property
    def why(self) -> str:
        """The reasons in words, commas between them."""
        return ", ".join(WORDS[reason] for reason in self.main)

    @property
    def main(self) -> tuple[Reason, ...]:
        """The reasons that are told: an answer that names one is an answer."""
        return self.told or self.reasons

    @property
    def names(self) -> str:
        """``Ana``, ``Ana and Ben``, ``Ana, Ben and 3 others``."""
        rest = self.people - len(self.who[:2])
        if not self.who:
            return ""
        if rest > 0:
            return f"{', '.join(self.who[:2])} and {rest:,} {'other' if rest == 1 else 'others'}"
        return " and ".join(self.who[:2])


class Came(Struct, frozen=True):
    """One thing that came for the reader. Texts are harmless."""

    key: str  # of its row in the inbox
    reason: Reason
    who: str
    title: str
    text: str
    thread_id: str = ""


def reasons_of(words: str | Iterable[str]) -> frozenset[Reason]:
    """The reasons that are named, apart by spaces or commas; a beginning is enough. Raises `UsageError`."""
    named = words.replace(",", " ").split() if isinstance(words, str) else list(words)
    found: set[Reason] = set()
    for name in named:
        fitting = [reason for reason in REASONS if name and reason.startswith(name.lower())]
        if len(fitting) != 1:
            wrong = "fits several reasons" if fitting else "is no reason"
            raise UsageError(f"{safe_line(name, 40)} {wrong}", f"There are: {', '.join(fitting or REASONS)}.")
        found.add(fitting[0])
    return frozenset(found)


UNREAD = "unread"


def wanted(words: str) -> tuple[frozenset[Reason], bool]:
    """What words ask of the inbox: reasons (none: all), and whether only what is unread. Raises `UsageError`."""
    named = words.replace(",", " ").split()
    return reasons_of(word for word in named if word != UNREAD), UNREAD in named


def asked(reasons: Collection[Reason], unread: bool) -> str:
    """The same as words."""
    return " ".join([*([UNREAD] if unread else []), *(reason for reason in REASONS if reason in reasons)])
