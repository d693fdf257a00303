"""Rows of what hosts do: announcements and polls; frozen and harmless like those of `jamtui.model`."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from jamtui.model import PostRow, SendState

_COMPARED = 200_000  # lines times lines of two briefs that are compared


class AnnouncementRow(Struct, frozen=True):
    """What a host or moderator tells everybody, or everybody in one forum."""

    id: str
    author: str
    handle: str
    role: str
    author_id: str
    body: str  # CommonMark, harmless, uncut
    created_at: datetime
    seen: bool  # by the reader; one's own always is
    mine: bool
    forum_id: str = ""  # of the forum that it is for; "" for the whole Jam
    forum: str = ""  # its title
    alike: str = ""  # as in `jamtui.model.ThreadRow`
    send: SendState | None = None  # of one that waits in the outbox
    reason: str = ""  # why it was refused, in words
    edited_at: datetime | None = None  # when its text was changed last

    @property
    def at(self) -> datetime:
        """When it said for the first time what it says now."""
        return self.edited_at or self.created_at

    @property
    def mark(self) -> str:
        """The name under which it was seen."""
        return mark_of(self.id, self.edited_at)


def mark_of(announcement_id: str, edited_at: datetime | None) -> str:
    """Another text is to be seen anew: who read that it begins at two has not read that it begins at three."""
    return announcement_id if edited_at is None else f"{announcement_id}~{edited_at.timestamp():.3f}"


class PollRow(Struct, frozen=True):
    """A question with a few choices, as it will stand once one's own ballot is sent. ``chosen`` is the index of one's
    own choice, -1 for none."""

    id: str
    author: str
    handle: str
    role: str
    author_id: str
    question: str
    choices: tuple[str, ...]
    counts: tuple[int, ...]
    created_at: datetime
    closes_at: datetime | None
    closed_at: datetime | None  # when it ended, by a host or by its time; None while it takes ballots
    forum_id: str
    forum: str
    chosen: int
    mine: bool
    steers: bool  # whether the reader may close it and take it away
    alike: str = ""
    send: SendState | None = None  # of the poll, or of one's own ballot, while that waits
    reason: str = ""

    @property
    def open(self) -> bool:
        """Whether it takes ballots."""
        return self.closed_at is None

    @property
    def total(self) -> int:
        """How many ballots there are."""
        return sum(self.counts)

    def share(self, index: int) -> float:
        """The part of all ballots that chose ``index``, 0 to 1."""
        return self.counts[index] / self.total if self.total else 0.0


class BriefChange(Struct, frozen=True):
    """One change of a forum's brief, harmless. ``version`` is that of the forum after it; nobody is named where the
    organiser made it, or where it is from before changes were kept."""

    version: int
    by: str
    handle: str
    role: str
    alike: str
    at: datetime | None
    before: str
    after: str

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What is different, a line each: ``-`` and what went, ``+`` and what came, a space and what stands around
        it, ``…`` where lines are left out."""
        old, new = self.before.split("\n"), self.after.split("\n")
        if len(old) * len(new) > _COMPARED:  # of anybody: comparing takes as long as both are long
            return [*(("-", line) for line in old), *(("+", line) for line in new)]
        import difflib  # not for a start

        found: list[tuple[str, str]] = []
        for group in difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(1):
            if found or group[0][1]:
                found.append(("…", ""))
            for _, a, b, c, d in group:
                same = old[a:b] == new[c:d]
                found += [(" " if same else "-", line) for line in old[a:b]]
                found += [("+", line) for line in new[c:d] if not same]
        return found


class Handed(Struct, frozen=True):
    """A post that the next host should look at, and why, in words."""

    post: PostRow
    title: str  # of its thread
    forum: str
    why: str


class HandOver(Struct, frozen=True):
    """What happened in one's forums since a shift ended. ``reported`` is None for who is not told of reports."""

    since: datetime
    until: datetime
    forums: tuple[str, ...]  # their titles
    everything: bool  # whether these are all forums of the Jam
    first: bool  # no shift has ended on this device yet: ``since`` is a guess
    note: str  # for the next host, harmless
    unanswered: tuple[Handed, ...]
    heated: tuple[Handed, ...]
    reported: tuple[Handed, ...] | None
    experts: tuple[Handed, ...]
    promises: tuple[Handed, ...]

    def sections(self) -> list[tuple[str, str, tuple[Handed, ...]]]:
        """(name, heading, posts)."""
        return [
            ("unanswered", "Waiting for an answer", self.unanswered),
            ("heated", "Heated", self.heated),
            *([("reported", "Reported", self.reported)] if self.reported is not None else []),
            ("experts", "New from experts", self.experts),
            ("promises", "What you promised", self.promises),
        ]
