"""Rows of moderation: notices, reports, the queue, the audit log, hidden posts; frozen and harmless like those of
`jamtui.model`."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from jamtui.model import SendState

# What a report can be about, with what it means.
REASONS = {
    "abuse": "insults, threats, harassment",
    "spam": "advertising, the same text again and again",
    "off-topic": "does not belong here",
    "private": "private or confidential data of somebody",
    "other": "something else: say what",
}
MAX_NOTE = 1_000  # characters
MAX_REASON = 500

OF_HOSTS = ("lock", "unlock", "move", "merge")
ON_PEOPLE = ("warn", "suspend", "unsuspend")
NEED_REASON = ("hide", "remove", "lock", "move", "merge", "warn", "suspend")

# What was done, as it stands before what it was done to.
DONE = {
    "hide": "hid",
    "unhide": "showed again",
    "remove": "removed",
    "lock": "locked",
    "unlock": "unlocked",
    "move": "moved",
    "merge": "merged",
    "warn": "warned",
    "suspend": "suspended",
    "unsuspend": "ended the suspension of",
    "undo": "undid",
    "dismiss": "dismissed the reports of",
    "settle": "settled the reports of",
    "withdraw": "withdrew an announcement of",
    "remove-poll": "took away a poll of",
}
OF_RECORDS = ("withdraw", "remove-poll")  # rows of the audit log that are no acts on a post, and are final
NO_ACTS = ("undo", "dismiss", "settle", *OF_RECORDS)  # what stands in the audit log and is done in another way

# The key of each act in its dialog, what it is called, and what will happen.
KEYS = {
    "hide": "h",
    "unhide": "h",
    "remove": "d",
    "lock": "l",
    "unlock": "l",
    "move": "m",
    "merge": "g",
    "warn": "w",
    "suspend": "s",
    "unsuspend": "s",
}
CALLED = {
    "hide": "hide the post",
    "unhide": "show the post again",
    "remove": "remove the post for good",
    "lock": "lock the thread",
    "unlock": "unlock the thread",
    "move": "move the thread to another forum",
    "merge": "merge the thread into another",
    "warn": "warn its author",
    "suspend": "suspend its author",
    "unsuspend": "end the suspension of its author",
}
HAPPENS = {
    "hide": "Its text goes for everybody, also from the devices of those who have it. Its author and moderators still "
    "see it, and it can be shown again.",
    "unhide": "Everybody can read it again, with its tags.",
    "remove": "Its text goes for everybody and for good: there is no way back. Its place stays, so that replies keep "
    "theirs.",
    "lock": "Nobody but moderators and hosts of the forum can write in the thread any more. It can be read, and "
    "voted on.",
    "unlock": "Everybody can write in the thread again.",
    "move": "All its posts are in the other forum then, for everybody. What somebody has read or saved stays so, and "
    "replies that are on their way arrive there.",
    "merge": "All its posts stand under the other thread's opener then, this one's opener as a reply with its title. "
    "Undone, it stands by itself again, with what was written in it meanwhile.",
    "warn": "The author sees a line about it until they have read it.",
    "suspend": "The author can read but not write until then, and is told why and until when.",
    "unsuspend": "The author can write again.",
}
TOLD = "They are told the reason, never who did it."
# How long somebody is suspended: hours, what that is called.
TIMES = ((1, "an hour"), (24, "a day"), (72, "three days"), (168, "a week"), (24 * 30, "30 days"))


class ThreadFacts(Struct, frozen=True):
    """How a thread that is read stands, and the post in it that is answered ("" for none)."""

    thread: str
    forum: str
    locked: bool
    answered: str = ""
    gone: str = ""  # why the answered post is no longer there


class NoticeRow(Struct, frozen=True):
    """What moderators tell this person. ``grave``: it has to be seen."""

    id: str
    kind: str
    words: str  # a sentence
    reason: str
    at: datetime
    post_id: str
    seen: bool
    grave: bool


class ReportRow(Struct, frozen=True):
    """A report of one's own. ``state``: open, acted, dismissed, or of one that waits in the outbox "waiting" or
    "refused"."""

    id: str
    post_id: str
    about: str
    reason: str
    note: str
    state: str
    at: datetime
    became: str  # what became of it, in words


class Reporter(Struct, frozen=True):
    """One person's report of a post, as moderators see it; ``times``: their open reports of any post."""

    id: str
    name: str
    handle: str
    reason: str
    note: str
    at: datetime
    times: int


class QueueRow(Struct, frozen=True):
    """A post that was reported by so many ``people``, with what is said of it, the first report first."""

    post_id: str
    thread_id: str
    about: str  # how the post begins
    thread: str  # the title of its thread
    forum: str
    author: str
    handle: str
    author_id: str
    gone: str
    reports: tuple[Reporter, ...]
    people: int

    @property
    def reasons(self) -> str:
        """``spam, abuse``: each once, those said most often first."""
        said = [one.reason for one in self.reports]
        return ", ".join(sorted(dict.fromkeys(said), key=lambda reason: -said.count(reason)))

    @property
    def as_reason(self) -> str:
        """What the people concerned are told when it is decided by one key; "other" says nothing to them."""
        named = self.reasons.replace(", other", "").replace("other, ", "")
        return "Readers reported it." if named in ("", "other") else f"Reported: {named}."


class AuditRow(Struct, frozen=True):
    """An act. ``undoable``: by this reader, now. ``send`` is of one that waits in the outbox."""

    id: str
    act: str
    by: str
    words: str  # what was done, without who did it
    reason: str
    at: datetime
    post_id: str
    undone: bool
    undoable: bool
    changed: bool = True
    send: SendState | None = None
    why: str = ""  # it was refused


class HiddenRow(Struct, frozen=True):
    """A hidden post, whole."""

    post_id: str
    thread_id: str
    author: str
    handle: str
    title: str
    body: str
    at: datetime
    mine: bool


class Suspended(Struct, frozen=True):
    """That the reader may not write, until when (UTC) and why."""

    until: datetime
    reason: str
