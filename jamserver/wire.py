"""The bodies of requests and answers as structs; requests refuse fields that they do not know.

The objects themselves (jam, person, forum, post) are those of `jamtui.archive`. Texts of people are counted in Unicode
code points.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from jamserver.problems import invalid
from jamtui.archive import Forum, Jam, Person, Post, normal_tag, rfc3339

MAX_TITLE = 200
MAX_BODY = 20_000
MAX_ANNOUNCEMENT = 2_000
MAX_NOTE = 1_000  # of a report
MAX_REASON = 500  # of an act of moderation
MAX_QUESTION = 300
MAX_CHOICE = 100
MAX_CHOICES = 8
MAX_HOSTS = 50
MAX_WHY = 300  # that a post is featured
MAX_LINKS = 24  # from one post by its author, or a host; by all others together; and of one person to one post
MAX_LINKS_ELSEWHERE = 5  # of one person from a post of another
MAX_LINKS_TO = 1_000  # to one post
MAX_TAG = 40
MAX_TAGS = 12
MAX_TAGS_ELSEWHERE = 5  # of one person on a post of another: nobody fills all places of a post that is not theirs
MAX_HANDLE = 40
MAX_NAME = 100
MAX_ABOUT = 1_000
MAX_TAG_ABOUT = 300
MAX_HONOUR = 80
MAX_LANGUAGES = 12
MIN_PASSWORD = 8
MAX_PASSWORD = 1_024
MAX_REQUEST = 128 << 10  # bytes
MAX_ISSUER_TOKEN = 16 << 10  # characters; what issuers put in fills a few thousand

Title = Annotated[str, Meta(max_length=MAX_TITLE)]
Body = Annotated[str, Meta(max_length=MAX_BODY)]
Uuid = Annotated[str, Meta(min_length=1, max_length=200)]
Lang = Annotated[str, Meta(max_length=35, pattern="^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$")]
Secret = Annotated[str, Meta(min_length=1, max_length=MAX_PASSWORD)]
Handle = Annotated[str, Meta(min_length=1, max_length=200)]
Name = Annotated[str, Meta(max_length=MAX_NAME)]
Time = Annotated[datetime, Meta(tz=True)]


Kind = Literal["idea", "question", "discussion"]
State = Literal["new", "discussed", "refined", "chosen"]
LinkKind = Literal["builds_on", "duplicates", "objects", "answers"]


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class _Hidden(msgspec.Struct, frozen=True):
    """What holds a secret: a log, an error or a traceback shows its name alone."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


class NewPost(_Request, frozen=True):
    """PUT /posts/{id}."""

    body: Body
    forum_id: Uuid | None = None
    thread_id: Uuid | None = None
    parent_id: Uuid | None = None
    title: Title | None = None
    tags: tuple[str, ...] = ()
    written_at: Time | None = None
    lang: Lang | None = None
    kind: Kind | None = None


class PostEdit(_Request, frozen=True):
    """PATCH /posts/{id}: a merge patch of what may be edited."""

    title: Title | msgspec.UnsetType = msgspec.UNSET
    body: Body | msgspec.UnsetType = msgspec.UNSET
    kind: Kind | msgspec.UnsetType = msgspec.UNSET


class IdeaState(_Request, frozen=True):
    """PUT /posts/{id}/idea-state."""

    idea_state: State


class Featuring(_Request, frozen=True):
    """PUT /posts/{id}/featured."""

    reason: Annotated[str, Meta(max_length=MAX_WHY)]


class NewAnnouncement(_Request, frozen=True):
    """PUT /announcements/{id}."""

    body: Annotated[str, Meta(max_length=MAX_ANNOUNCEMENT)]
    forum_id: Uuid | None = None


class AnnouncementEdit(_Request, frozen=True):
    """PATCH /announcements/{id}."""

    body: Annotated[str, Meta(max_length=MAX_ANNOUNCEMENT)]


class NewReport(_Request, frozen=True):
    """PUT /reports/{id}: tells moderators of a post."""

    post_id: Uuid
    reason: Literal["abuse", "spam", "off-topic", "private", "other"]
    note: Annotated[str, Meta(max_length=MAX_NOTE)] = ""


class ReportDecision(_Request, frozen=True):
    """PATCH /reports/{id}."""

    state: Literal["dismissed", "acted"]


class NewAct(_Request, frozen=True):
    """PUT /moderation/{id}: one act of moderation."""

    act: Literal["hide", "unhide", "remove", "lock", "unlock", "move", "merge", "warn", "suspend", "unsuspend", "undo"]
    reason: Annotated[str, Meta(max_length=MAX_REASON)] = ""
    post_id: Uuid | None = None
    person_id: Uuid | None = None
    to: Uuid | None = None
    until: Time | None = None
    of: Uuid | None = None


class ForumEdit(_Request, frozen=True):
    """PATCH /forums/{id}: a merge patch of what its hosts may change."""

    title: Title | msgspec.UnsetType = msgspec.UNSET
    brief: Body | msgspec.UnsetType = msgspec.UNSET
    host_ids: Annotated[tuple[Uuid, ...], Meta(max_length=MAX_HOSTS)] | msgspec.UnsetType = msgspec.UNSET


class NewPoll(_Request, frozen=True):
    """PUT /polls/{id}."""

    question: Annotated[str, Meta(max_length=MAX_QUESTION)]
    choices: Annotated[tuple[str, ...], Meta(min_length=2, max_length=MAX_CHOICES)]
    forum_id: Uuid | None = None
    closes_at: Time | None = None


class PollEdit(_Request, frozen=True):
    """PATCH /polls/{id}: a poll that ended is not opened again, so ``closed`` is true."""

    closed: bool


class NewBallot(_Request, frozen=True):
    """PUT /polls/{id}/ballot: which of the choices, counted from 0."""

    choice: Annotated[int, Meta(ge=0, lt=MAX_CHOICES)]


class ProfileEdit(_Request, frozen=True):
    """PATCH /me: a merge patch of one's profile; null takes a field away."""

    name: Name | msgspec.UnsetType | None = msgspec.UNSET
    org: Name | msgspec.UnsetType | None = msgspec.UNSET
    country: Annotated[str, Meta(max_length=60)] | msgspec.UnsetType | None = msgspec.UNSET
    languages: Annotated[tuple[Lang, ...], Meta(max_length=MAX_LANGUAGES)] | msgspec.UnsetType | None = msgspec.UNSET
    about: Annotated[str, Meta(max_length=MAX_ABOUT)] | msgspec.UnsetType | None = msgspec.UNSET


class TagEdit(_Request, frozen=True):
    """PUT /tags/{tag}."""

    about: Annotated[str, Meta(max_length=MAX_TAG_ABOUT)] = ""
    curated: bool = True


class TagMerge(_Request, frozen=True):
    """PUT /tags/{tag}/merged: what the tag becomes."""

    into: Annotated[str, Meta(min_length=1, max_length=200)]


class PasswordSignIn(_Hidden, _Request, frozen=True):
    handle: Handle
    password: Secret


class InviteSignIn(_Hidden, _Request, frozen=True):
    code: Annotated[str, Meta(min_length=1, max_length=200)]
    handle: Handle
    name: Name | None = None
    password: Annotated[str, Meta(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)] | None = None


class OidcSignIn(_Hidden, _Request, frozen=True):
    """A token of the issuer, in the words of RFC 8693."""

    subject_token: Annotated[str, Meta(min_length=1, max_length=MAX_ISSUER_TOKEN)]
    subject_token_type: Literal[
        "urn:ietf:params:oauth:token-type:access_token", "urn:ietf:params:oauth:token-type:id_token"
    ]
    nonce: Annotated[str, Meta(min_length=1, max_length=MAX_PASSWORD)] | None = None


class Refresh(_Hidden, _Request, frozen=True):
    refresh_token: Annotated[str, Meta(min_length=1, max_length=200)]


class Revoke(_Hidden, _Request, frozen=True):
    token: Annotated[str, Meta(min_length=1, max_length=4_096)]


class Suspension(msgspec.Struct, frozen=True):
    """Until when somebody may only read, and why."""

    until: Time
    reason: str


class Token(_Hidden, frozen=True):
    """RFC 6749, section 5.1, with the person."""

    access_token: str
    expires_in: int
    refresh_token: str
    person: msgspec.Raw
    suspended: Suspension | msgspec.UnsetType = msgspec.UNSET
    token_type: str = "Bearer"  # noqa: S105  the name of a scheme


class VoteAnswer(msgspec.Struct, frozen=True):
    post_id: str
    up: int
    voted: bool


# The shapes of answers that are assembled from stored bytes; the OpenAPI document is made from them.


class SignInWay(msgspec.Struct, frozen=True):
    """``guest``, ``invite``, ``password``, or ``oidc`` with what follows."""

    type: str
    issuer: str | msgspec.UnsetType = msgspec.UNSET
    client_id: str | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    scopes: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    resource: str | msgspec.UnsetType = msgspec.UNSET


class Limits(msgspec.Struct, frozen=True):
    title: int = MAX_TITLE
    body: int = MAX_BODY
    tag: int = MAX_TAG
    tags: int = MAX_TAGS


class Discovery(msgspec.Struct, frozen=True):
    name: str
    api_version: str
    api: str
    jam: Jam
    sign_in: tuple[SignInWay, ...]
    limits: Limits
    head: str


class TokenShape(_Hidden, frozen=True):
    """A token answer as the OpenAPI document shows it."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    person: Person
    suspended: Suspension | msgspec.UnsetType = msgspec.UNSET


class Forums(msgspec.Struct, frozen=True):
    items: tuple[Forum, ...]


class Posts(msgspec.Struct, frozen=True):
    items: tuple[Post, ...]
    next: str | None


class Announcement(msgspec.Struct, frozen=True):
    """What hosts and moderators tell everybody, or those of one forum; the author's role is that of the person."""

    id: str
    author_id: str
    body: str
    created_at: Time
    forum_id: str | msgspec.UnsetType = msgspec.UNSET
    edited_at: Time | msgspec.UnsetType = msgspec.UNSET


class Announcements(msgspec.Struct, frozen=True):
    items: tuple[Announcement, ...]
    next: str | None


class Link(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a post stands to another: a record of the id ``FROM.KIND.TO``; ``gone`` when it was taken away."""

    id: str
    from_id: str
    kind: LinkKind
    to_id: str
    author_id: str
    created_at: Time
    gone: bool = False


class Links(msgspec.Struct, frozen=True):
    items: tuple[Link, ...]
    next: str | None


class Poll(msgspec.Struct, frozen=True):
    """A question of hosts with a few choices; ``counts`` has how often each was chosen."""

    id: str
    author_id: str
    question: str
    choices: tuple[str, ...]
    created_at: Time
    counts: tuple[int, ...]
    forum_id: str | msgspec.UnsetType = msgspec.UNSET
    closes_at: Time | msgspec.UnsetType = msgspec.UNSET
    closed_at: Time | msgspec.UnsetType = msgspec.UNSET


class Polls(msgspec.Struct, frozen=True):
    items: tuple[Poll, ...]
    next: str | None


class Gone(msgspec.Struct, frozen=True):
    """What is left of a record that was taken away."""

    id: str
    author_id: str
    created_at: Time
    gone: bool  # true
    forum_id: str | msgspec.UnsetType = msgspec.UNSET


class BallotAnswer(msgspec.Struct, frozen=True):
    """``choice`` is None when the ballot was taken back."""

    poll_id: str
    choice: int | None
    counts: tuple[int, ...]


class People(msgspec.Struct, frozen=True):
    items: tuple[Person, ...]
    next: str | None


class TagCount(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tag with how many posts carry it, and what hosts say of it, if anything."""

    name: str
    count: int
    about: str = ""
    curated: bool = False
    merged_into: str | None = None


class Tags(msgspec.Struct, frozen=True):
    items: tuple[TagCount, ...]


class PostTag(msgspec.Struct, frozen=True):
    name: str
    by: tuple[str, ...]


class PostTags(msgspec.Struct, frozen=True):
    items: tuple[PostTag, ...]


class MyVotes(msgspec.Struct, frozen=True):
    items: tuple[str, ...]


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """A report as who made it sees it."""

    id: str
    post_id: str
    reason: str
    state: Literal["open", "dismissed", "acted"]
    created_at: Time
    note: str = ""


class QueuedReport(Report, frozen=True):
    """An open report as moderators see it: who made it, who has so many open ones, and how many people reported the
    post, of whose reports the latest are listed."""

    person_id: str = ""
    people: int = 1
    of_person: int = 1


class Reports(msgspec.Struct, frozen=True):
    items: tuple[QueuedReport, ...]
    next: str | None


class Act(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of the audit log. ``changed`` false: it was so already. ``undone_by``: the act that undid it.
    ``record_id``: the announcement or poll that was taken away."""

    id: str
    act: str
    by_id: str
    created_at: Time
    reason: str = ""
    post_id: str = ""
    person_id: str = ""
    to: str = ""
    until: Time | None = None
    of: str = ""
    seq: int = 0
    changed: bool = True
    undone_by: str = ""
    record_id: str = ""


class Acts(msgspec.Struct, frozen=True):
    items: tuple[Act, ...]
    next: str | None


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one person is told: ``kind`` is an act, ``report`` or ``undone``."""

    id: str
    kind: str
    at: Time
    post_id: str = ""
    reason: str = ""
    to: str = ""
    until: Time | None = None
    state: str = ""  # of a report: acted, dismissed; open: it waits again
    act: str = ""  # what was done about it
    of: str = ""  # which act does not hold any more


class Suspended(Suspension, frozen=True):
    """Somebody who is suspended now, as moderators see it."""

    person_id: str


class TagRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What hosts say of a tag."""

    id: str
    about: str = ""
    curated: bool = False
    merged_into: str | None = None
    merged_as: str | None = None
    gone: bool = False


class MyTag(msgspec.Struct, frozen=True):
    post_id: str
    tag: str


class MyData(msgspec.Struct, frozen=True):
    """All that the server has of one person (`jamserver.people.data`)."""

    made_at: str
    person: Person
    joined_at: str | None
    suspended: dict[str, object] | None
    posts: tuple[Post, ...]
    hidden_posts: tuple[dict[str, object], ...]
    tags: tuple[MyTag, ...]
    votes: tuple[str, ...]
    ballots: dict[str, int]
    reports: tuple[dict[str, object], ...]
    notices: tuple[dict[str, object], ...]
    moderated: tuple[dict[str, object], ...]
    records: tuple[dict[str, object], ...]
    sign_ins: tuple[dict[str, object], ...]
    has_password: bool
    identities: tuple[dict[str, str], ...]


class Desk(msgspec.Struct, frozen=True, omit_defaults=True):
    """What only one person may see (`jamserver.desk`). Lists that are long have the latest."""

    role: str
    notices: tuple[Notice, ...] = ()
    reports: tuple[Report, ...] = ()
    hidden: tuple[Post, ...] = ()
    suspended: Suspension | None = None
    queue: tuple[QueuedReport, ...] = ()
    queue_size: int = 0  # posts that were reported, where more are than are listed
    audit: tuple[Act, ...] = ()
    suspensions: tuple[Suspended, ...] = ()
    ballots: dict[str, int] | msgspec.UnsetType = msgspec.UNSET  # what one chose, by the id of the poll


class ChangeItem(msgspec.Struct, frozen=True):
    seq: int
    mark: str
    type: str
    data: dict[str, object]


class Changes(msgspec.Struct, frozen=True):
    items: tuple[ChangeItem, ...]
    head: str


def utc(moment: datetime | None, pointer: str) -> str | None:
    """A time of a request as it is kept. Raises 422 naming ``pointer`` for one that does not exist in UTC."""
    try:
        return None if moment is None else rfc3339(moment)
    except OverflowError:
        raise invalid(pointer, "This time does not exist in UTC.") from None


def clean_text(text: str) -> str:
    """Text of a person as it is kept: U+0000 becomes U+FFFD, as CommonMark demands; all else stays."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def clean_name(text: str) -> str:
    """A name as it is kept: NFC, on one line, its space evened out."""
    return " ".join(unicodedata.normalize("NFC", clean_text(text)).split())


def clean_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Sorted normal tags without doubles. Raises 422 with the place of the first that cannot be one."""
    found: set[str] = set()
    for index, text in enumerate(tags):
        found.add(clean_tag(text, f"/tags/{index}"))
    if len(found) > MAX_TAGS:
        raise invalid("/tags", f"A post has at most {MAX_TAGS} tags.")
    return tuple(sorted(found))


def clean_tag(text: str, pointer: str) -> str:
    """One tag as it is kept. Raises 422 naming ``pointer``."""
    try:
        tag = normal_tag(text)
    except ValueError as error:
        raise invalid(pointer, f"{error}.") from None
    if len(tag) > MAX_TAG:
        raise invalid(pointer, f"A tag has at most {MAX_TAG} characters.")
    return tag
