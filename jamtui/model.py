"""The frozen rows that screens and commands draw.

Every text in a row is already harmless (`jamtui.safe_text`): control bytes made visible, bidi controls
neutralised, combining floods capped. What the mirror keeps is the text as it came; what a row holds is
the text for eyes. Times are aware datetimes in UTC. Rows are made by `jamtui.store`, drawn by
screens and widgets, and never written back.

A ``key`` is the mirror's own number of a post, stable for as long as the mirror lives: positive for
confirmed posts, negative for those still in the outbox. An ``id`` is the post's UUID, the same everywhere.
"""

from __future__ import annotations

import enum
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from jamtui.archive import Phase


class SendState(enum.StrEnum):
    """Where something of one's own stands on its way to the server."""

    QUEUED = "queued"  # in the outbox, not tried yet or to be tried again
    SENDING = "sending"  # under way, or confirmed but not yet in the mirror
    REFUSED = "refused"  # the Jam said no; the text is kept, a person decides


class Link(enum.StrEnum):
    """The state of the connection, in the words that the status line uses."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    SYNCING = "syncing"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    READER = "live elsewhere"  # another jamtui on this mirror holds the network
    SIGNED_OUT = "signed out"  # the token was refused: sign in again
    LOCAL = "archive"  # a file: there is no network


class JamRow(Struct, frozen=True):
    """One Jam. ``where`` is the origin of its server, or the name of the archive file."""

    id: str
    slug: str
    title: str
    summary: str
    opens_at: datetime
    closes_at: datetime
    where: str
    local: bool = False
    grace_seconds: int = 0
    archived_at: datetime | None = None
    phases: tuple[Phase, ...] = ()


class Me(Struct, frozen=True):
    """Who reads here. A guest has an empty ``person_id`` and can only read."""

    person_id: str
    handle: str
    name: str
    role: str

    @property
    def guest(self) -> bool:
        return not self.person_id


class ForumRow(Struct, frozen=True):
    id: str
    slug: str
    title: str
    brief: str
    position: int
    threads: int
    posts: int
    unread: int
    host_ids: tuple[str, ...] = ()
    version: int = 1  # of title, brief and hosts
    send: SendState | None = None  # of a brief of one's own that waits
    edited_by: str = ""  # the id of who changed title, brief or hosts last, and when
    edited_at: datetime | None = None


class ThreadRow(Struct, frozen=True):
    """An opening post as a line of a list; ``key`` and ``id`` are the opening post's."""

    key: int
    id: str
    forum_id: str
    title: str  # in brackets why there is none, when it is ``gone``
    author: str
    handle: str
    role: str
    author_id: str
    replies: int
    up: int
    voted: bool
    tags: tuple[str, ...]
    created_at: datetime
    last_at: datetime
    unread: int  # posts of the thread not read yet, the opener included
    saved: bool
    gone: str  # of the opener, as in `PostRow`
    send: SendState | None = None
    muted: bool = False  # the thread as a whole
    followed: bool = False
    alike: str = ""  # whom the author only looks like: ``@handle``, or what they claim to be; "" for nobody
    namesake: bool = False  # somebody else is called the same: the handle tells them apart
    locked: bool = False  # nothing is written in it any more, but by hosts and moderators
    kind: str = ""  # one of `archive.KINDS`, or ""
    idea_state: str = ""  # of an idea: one of `archive.IDEA_STATES`
    featured: str = ""  # why a host featured it; a space where no reason was given; "" when it is not


# Why a post is gone, by `PostRow.gone`: "this post was ..."
GONE = {
    "deleted": "taken back by its author",
    "removed": "removed by a moderator",
    "hidden": "hidden by a moderator for now",
}


def titled(title: str, gone: str = "") -> str:
    """What stands where the title of a thread does: the title; in brackets why there is none."""
    return f"({GONE.get(gone, gone)})" if gone else title


def begins(row: PostRow, most: int = 120) -> str:
    """How a post begins, on one line; in brackets why nothing of it is there."""
    flat = " ".join((row.title or row.body[: 4 * most]).split())
    flat = titled(flat, row.gone) or "(no text)"
    return flat if len(flat) <= most else f"{flat[: most - 1].rstrip()}…"


# Kind of link in words: as it is said of the post that it is from, and of the other.
LINK_WORDS = {
    "builds_on": ("builds on", "built on by"),
    "duplicates": ("duplicates", "duplicated by"),
    "objects": ("objects to", "objected to by"),
    "answers": ("answers", "answered by"),
}


class LinkRow(Struct, frozen=True):
    """How a post stands to another. ``out``: it was said of this post about the other; else the other way round."""

    kind: str  # one of `archive.LINKS`
    out: bool
    post_id: str  # of the other
    title: str  # of the other, one line; of a reply how it begins; why it is not there when ``gone``
    gone: bool = False  # the other is not there, or not any more
    mine: bool = False  # who reads said so
    author_id: str = ""  # who said so
    waits: bool = False  # in the outbox


class PostRow(Struct, frozen=True):
    """A post, ready to draw. ``body`` is CommonMark, harmless, uncut."""

    key: int
    id: str
    forum_id: str
    thread_id: str
    parent_id: str | None
    author: str
    handle: str
    role: str
    author_id: str
    title: str
    body: str
    created_at: datetime
    edited_at: datetime | None
    version: int
    up: int
    voted: bool
    tags: tuple[str, ...]
    unread: bool
    mine: bool
    saved: bool
    gone: str  # one of `GONE`, "" while it is there
    featured: bool = False
    send: SendState | None = None
    reason: str = ""  # why it was refused, in words
    muted: bool = False  # by its thread, its author or a tag: never unread
    changed: bool = False  # edited since it was read
    alike: str = ""  # as in `ThreadRow`
    namesake: bool = False
    locked: bool = False  # of an opener: its thread takes nothing any more, but from hosts and moderators
    merged: bool = False  # a reply that opened a thread before that was merged; ``title`` is that one's
    kind: str = ""  # as in `ThreadRow`
    idea_state: str = ""
    featured_for: str = ""  # why it is featured, in a line
    links: tuple[LinkRow, ...] = ()


class ThreadIndex(Struct, frozen=True):
    """The order of a thread: parallel tuples in reading order (depth first, replies by arrival)."""

    thread_id: str
    keys: tuple[int, ...]
    depths: tuple[int, ...]
    # index of the parent in these tuples; -1 for the opener and for orphans of a broken archive
    parents: tuple[int, ...]
    unread: frozenset[int]  # keys

    def __len__(self) -> int:
        return len(self.keys)


class SearchHit(Struct, frozen=True):
    """A post found; ``snippet`` is text in runs, True where words of the query stand. Smaller ``rank`` is better."""

    post: PostRow
    thread_title: str  # in brackets why there is none, where the thread is gone
    forum_title: str
    snippet: tuple[tuple[str, bool], ...]
    rank: float
    title_marks: tuple[tuple[int, int], ...] = ()  # where words of the query stand in ``thread_title``


class Found(Struct, frozen=True):
    """An answer of a search: the keys of all hits in their order, and the first of them as rows."""

    text: str  # the query as it was typed
    order: str  # "newest" or "best"
    keys: tuple[int, ...]
    hits: tuple[SearchHit, ...] = ()
    total: int = 0  # hits there are, which may be more than keys; -1 while it is not known
    problems: tuple[str, ...] = ()  # what could not be understood, in harmless words
    marks: tuple[str, ...] = ()  # what `Searching.hits` needs to mark


class Completion(Struct, frozen=True):
    """What may stand in place of the end of a query, from ``start`` on: (text, note), the likeliest first."""

    start: int
    choices: tuple[tuple[str, str], ...]


class TagRow(Struct, frozen=True):
    """A tag, how many posts carry it, and what hosts say of it. ``merged_into``: what it became."""

    name: str
    count: int
    about: str = ""
    curated: bool = False
    merged_into: str = ""


class PersonRow(Struct, frozen=True):
    id: str
    handle: str
    name: str
    role: str
    org: str
    country: str
    posts: int
    alike: str = ""  # as in `ThreadRow`
    namesake: bool = False
    languages: tuple[str, ...] = ()  # BCP 47
    about: str = ""
    honour: str = ""  # of a guest of honour: who that is
    left: bool = False  # the account was deleted


class Similar(Struct, frozen=True):
    """A thread that is like one that is being written; ``likeness`` is 1 for the same words."""

    post: PostRow  # its opener
    forum: str
    replies: int
    likeness: float


class Stages(Struct, frozen=True):
    """How many ideas are in each of `archive.IDEA_STATES`: in the whole Jam, and in each forum."""

    total: tuple[int, ...]
    forums: tuple[tuple[ForumRow, tuple[int, ...]], ...]


class Limits(Struct, frozen=True):
    """How long things may be, in Unicode code points; ``tags`` is how many a post may have."""

    title: int = 200
    body: int = 20_000
    tag: int = 40
    tags: int = 12


class DraftKind(enum.StrEnum):
    THREAD = "thread"  # a new thread in a forum; target is the forum's id
    REPLY = "reply"  # target is the post that is answered
    EDIT = "edit"  # target is the post that is changed
    BRIEF = "brief"  # of a forum; target is the forum's id
    ANNOUNCEMENT = "announcement"  # target is the id of the forum that it is for, "jam" for everybody, or a CHANGE


MAX_ANNOUNCEMENT = 2_000  # characters
EVERYBODY = "jam"  # the target of an announcement that is not for one forum
CHANGE = "change:"  # the target of another text for an announcement that is there: this and its id


class Draft(Struct, frozen=True):
    """What a person is writing, one for each place (kind and target). Texts are as typed, not made harmless."""

    kind: DraftKind
    target: str
    title: str = ""
    body: str = ""
    tags: tuple[str, ...] = ()
    base_version: int = 0  # EDIT: the version that is being changed
    updated_at: datetime | None = None
    post_id: str = ""  # of a post that was in the outbox already: the server may have it, so it keeps its id
    thread_kind: str = ""  # THREAD: one of `archive.KINDS`; "" is the first of them
    links: tuple[tuple[str, str], ...] = ()  # THREAD: how it stands to posts: (one of `archive.LINKS`, post id)

    @property
    def empty(self) -> bool:
        return not (self.title.strip() or self.body.strip() or self.tags)


class DraftRow(Struct, frozen=True):
    """A draft as a line of a list, or one that was thrown away (``why``: how). Harmless but for ``draft``."""

    id: str  # "reply:POST", "thread:FORUM", "edit:POST"; of what was thrown away a number
    draft: Draft
    place: str  # where it is written: "Reply to Ana: Coffee"
    summary: str  # its beginning, one line
    at: datetime
    why: str = ""
    there: bool = True  # whether the place can still be written to: the post is not gone


class OutboxRow(Struct, frozen=True):
    """One write on its way. ``kind``: one of `jamtui.store.own.KINDS`."""

    id: str
    kind: str
    state: SendState
    reason: str
    summary: str  # one harmless line for a list
    post_id: str
    thread_id: str
    forum_id: str
    created_at: datetime
    attempts: int
    next_try: datetime | None
    when: str = ""  # when it is tried again, in words; "" when nothing tries it
    can: str = ""  # what a person can do about a refusal, in words
    code: str = ""  # of the refusal


class Conflict(Struct, frozen=True):
    """An edit (or a taking back) that met a newer version. Texts are harmless.

    ``version`` is the Jam's, 0 while it has not come into the mirror; ``gone`` when the post is, for the
    reason in ``state``.
    """

    outbox_id: str
    kind: str  # edit or delete
    title: str  # what the Jam has
    body: str
    version: int
    edited_at: datetime | None
    gone: bool
    my_title: str
    my_body: str
    state: str = ""  # one of `GONE`

    @property
    def why_gone(self) -> str:
        """What became of the post, as a sentence."""
        return f"The post was {GONE.get(self.state, GONE['deleted'])}."


class Status(Struct, frozen=True):
    """What the status line says."""

    link: Link
    detail: str = ""  # in words: why, and what happens next
    mirrored_at: datetime | None = None  # when the mirror was last known to be up to date
    queued: int = 0
    refused: int = 0
    unread: int = 0
    progress: tuple[int, int] | None = None  # done and total of a cold sync, in bytes
    elsewhere: Link | None = None  # the link of the jamtui that holds the network, when this one only reads (READER)
    exploring: bool = False  # nothing is marked as read
    why: str = ""  # the cause in a few words, while there is no connection
    next_try: datetime | None = None  # when it is tried again by itself
    not_before: datetime | None = None  # until when the server asked to be left alone: no key tries before
    silent: bool = False  # live, but nothing was heard for longer than it may be: the server is being asked
    for_me: int = 0  # rows of the inbox with something unread; 0 until somebody looked into it
    reported: int = 0  # posts that wait for this moderator's decision

    def waits_for_server(self, now: datetime) -> bool:
        """Whether the server asked for the wait, so that nobody can end it."""
        return self.not_before is not None and now < self.not_before


class Changed(Struct, frozen=True):
    """What a commit changed, told to screens once a frame. Sets of ids; ``everything`` after a new snapshot."""

    everything: bool = False
    forums: frozenset[str] = frozenset()
    threads: frozenset[str] = frozenset()
    posts: frozenset[str] = frozenset()
    new_posts: int = 0
    outbox: bool = False
    status: bool = False
    reading: bool = False
    sent: frozenset[str] = frozenset()  # posts whose writes went out after they had waited
    told: tuple[str, ...] = ()  # what a person should hear of, in sentences without a full stop
    unreadable: int = 0  # objects that could not be read or placed, and were passed over
    records: bool = False  # announcements, links, polls, curated tags
    desk: bool = False  # what only this person may see

    def __or__(self, other: Changed) -> Changed:
        return Changed(
            everything=self.everything or other.everything,
            forums=self.forums | other.forums,
            threads=self.threads | other.threads,
            posts=self.posts | other.posts,
            new_posts=self.new_posts + other.new_posts,
            outbox=self.outbox or other.outbox,
            status=self.status or other.status,
            reading=self.reading or other.reading,
            sent=self.sent | other.sent,
            told=self.told + other.told,
            unreadable=self.unreadable + other.unreadable,
            records=self.records or other.records,
            desk=self.desk or other.desk,
        )


class MarkKind(enum.StrEnum):
    """What can be muted and followed, in the order of the fields of `Marks`."""

    THREAD = "thread"
    TAG = "tag"
    PERSON = "person"


class Mark(enum.StrEnum):
    MUTED = "muted"
    FOLLOWED = "followed"


class Marks(Struct, frozen=True):
    """What is muted, or followed: ids of openers, names of tags, ids of people."""

    threads: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.threads or self.tags or self.people)


class MarkRow(Struct, frozen=True):
    """One thing that is muted or followed; ``name`` is for people: a title, ``#tag`` or ``@handle``."""

    mark: Mark
    kind: MarkKind
    target: str
    name: str
    at: datetime

    def named(self, name: str) -> MarkRow:
        return replace(self, name=name)


class Undo(Struct, frozen=True):
    """What was done, in words, and what `Session.undo` needs to take it back."""

    what: str
    token: object
    nothing: bool = False  # nothing was done: there was nothing to do

    def __repr__(self) -> str:
        return f"Undo({self.what!r})"  # the token holds texts as they came
