"""What the answers of the wire hold, frozen and typed.

The objects themselves (jam, person, forum, post) are those of `jamtui.archive`; where the mirror stores them, they come
as the bytes that the server sent (``raw``), so that fields unknown to this version are kept. ``raw`` is always valid
UTF-8 JSON without lone surrogates.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from api_client.errors import BadAnswer
from jamtui.archive import Forum, Jam, Person, Post, mend_surrogates

START = "0-0"  # the cursor before everything
_PIECE = 1 << 16  # bytes that are decoded at a time
_GROWN = 1 << 20  # bytes that an answer may become longer when it is mended

_CURSOR = re.compile(r"(0|[1-9][0-9]{0,18})-[0-9A-Za-z_~.]{1,32}\Z")

Seq = Annotated[int, Meta(ge=0, le=2**63 - 1)]  # what SQLite can keep
Cursor = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,18})-[0-9A-Za-z_~.]{1,32}$")]
Mark = Annotated[str, Meta(pattern=r"^[0-9A-Za-z_~.]{1,32}$")]
Name = Annotated[str, Meta(min_length=1, max_length=256)]
TokenText = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._~+/=-]{1,4096}$")]  # RFC 6750: b64token


def is_cursor(text: str) -> bool:
    return _CURSOR.match(text) is not None


class SignInWay(msgspec.Struct, frozen=True):
    """One way to sign in: guest, invite, password, oidc (with issuer and client id), or one not known yet.

    Of ``oidc``: ``name`` is what people call the issuer, ``scopes`` are those to ask for, ``resource`` names what the
    access token is for (RFC 8707).
    """

    type: str
    issuer: str = ""
    client_id: str = ""
    name: str = ""
    scopes: tuple[str, ...] = ("openid", "profile")
    resource: str = ""


class Limits(msgspec.Struct, frozen=True):
    """What the Jam takes: code points of a title, a body and a tag; tags of a post."""

    title: int = 200
    body: int = 20_000
    tag: int = 40
    tags: int = 12


class Discovery(msgspec.Struct, frozen=True):
    """``/.well-known/jam``: what answers here."""

    name: str
    api_version: str
    jam: Jam
    sign_in: tuple[SignInWay, ...] = ()
    limits: Limits = Limits()
    head: str = START

    def offers(self, way: str) -> bool:
        return any(offered.type == way for offered in self.sign_in)


class Token(msgspec.Struct, frozen=True):
    """A sign-in (RFC 6749, 5.1). ``expires_in`` are seconds from the answer on; None: not told."""

    access_token: TokenText
    token_type: str
    person: Person
    expires_in: Annotated[int, Meta(ge=0, le=2**31)] | None = None
    refresh_token: TokenText | None = None

    def __repr__(self) -> str:
        return f"Token(person={self.person.handle!r}, expires_in={self.expires_in}, secrets hidden)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("person", self.person.handle), ("expires_in", self.expires_in)]


UNREADABLE = "unreadable"  # the type of a change that does not say what it is


class Change(msgspec.Struct, frozen=True):
    """One entry of the change log; ``raw`` are the bytes of its ``data``."""

    seq: int
    mark: str
    type: str
    raw: bytes

    @property
    def cursor(self) -> str:
        """The cursor of a reader who has applied this change and all before it."""
        return f"{self.seq}-{self.mark}"


class Heartbeat(msgspec.Struct, frozen=True):
    """The stream is alive; ``head`` is the cursor of the server's last change."""

    head: str


class Resync(msgspec.Struct, frozen=True):
    """Too far behind for the stream: fetch by cursor, then follow again. ``head`` may be ""."""

    head: str


class Wish(msgspec.Struct, frozen=True):
    """How long the server wants a client to wait before it comes back when the stream has ended (``retry:``), seconds
    between 1 and 120."""

    seconds: float


class Look(msgspec.Struct, frozen=True):
    """What only this person may see (``/me/desk``) is another than it was."""


StreamEvent = Change | Heartbeat | Resync | Wish | Look


class DeskAnswer(msgspec.Struct, frozen=True):
    """What only the reader may see, as JSON bytes; None when it is as the ETag knew it."""

    raw: bytes | None
    etag: str


class ChangesPage(msgspec.Struct, frozen=True):
    """A page of the change log. ``unchanged``: the server answered 304 to the ETag, and there are no items."""

    items: list[Change]
    head: str
    etag: str = ""
    unchanged: bool = False


class PostsPage(msgspec.Struct, frozen=True):
    """Posts as they came; ``next`` is what to give as ``after`` for the following page, None at the end."""

    items: list[bytes]
    next: str | None


class PostAnswer(msgspec.Struct, frozen=True):
    """A post as it came, as it is understood, and its version (of the ETag)."""

    raw: bytes
    post: Post
    version: int


class WriteAnswer(msgspec.Struct, frozen=True):
    """A write that the server has: the post as it now is, and the change ``seq`` that the write became."""

    raw: bytes
    seq: int
    version: int
    created: bool = False


class VoteAnswer(msgspec.Struct, frozen=True):
    post_id: str
    up: int
    voted: bool
    seq: int


class TagCount(msgspec.Struct, frozen=True):
    name: str
    count: int


class TagBy(msgspec.Struct, frozen=True):
    """A tag of one post, and the ids of the people who put it there."""

    name: str
    by: tuple[str, ...] = ()


class PeoplePage(msgspec.Struct, frozen=True):
    items: list[Person]
    next: str | None = None


class Announcement(msgspec.Struct, frozen=True):
    """What a host or moderator told everybody; ``body`` is CommonMark by a stranger, like that of a post."""

    id: Name
    author_id: Name
    body: str
    created_at: datetime


class AnnouncementsPage(msgspec.Struct, frozen=True):
    """Announcements, oldest first; ``next`` as in `PostsPage`."""

    items: list[Announcement]
    next: str | None = None


# -- decoding: shapes of the wire that are not handed out

T = TypeVar("T")


class WireChange(msgspec.Struct, frozen=True):
    seq: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    mark: Mark
    type: Name
    data: msgspec.Raw

    def change(self) -> Change:
        return Change(self.seq, self.mark, self.type, bytes(self.data))


class WireChanges(msgspec.Struct, frozen=True):
    items: list[WireChange]
    head: Cursor


class WireNumbered(msgspec.Struct, frozen=True):
    """A change of which only the number is right: it says nothing, and the next one follows it."""

    seq: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    mark: Mark
    data: msgspec.Raw = msgspec.Raw(b"null")

    def change(self) -> Change:
        return Change(self.seq, self.mark, UNREADABLE, bytes(self.data))


class WireRawChanges(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw]
    head: Cursor


class WirePosts(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw]
    next: str | None = None


class WireForums(msgspec.Struct, frozen=True):
    items: list[Forum]


class WireTags(msgspec.Struct, frozen=True):
    items: list[TagCount]


class WireTagsBy(msgspec.Struct, frozen=True):
    items: list[TagBy]


class WireIds(msgspec.Struct, frozen=True):
    items: list[Name]


class WireVote(msgspec.Struct, frozen=True):
    post_id: str
    up: Seq
    voted: bool


def tidy(body: bytes) -> bytes:
    """JSON that every reader can take: broken UTF-8 and lone surrogate escapes become U+FFFD."""
    if not body.isascii():
        try:
            for _ in _texts(body, "strict"):
                pass
        except UnicodeDecodeError:
            body = _mended_utf8(body)
    return mend_surrogates(body)


def _texts(body: bytes, on_error: str) -> Iterator[str]:
    """``body`` as text, in pieces: the whole of it would take four times the room if one character is rare."""
    decoder = codecs.getincrementaldecoder("utf-8")(on_error)
    for start in range(0, len(body), _PIECE):
        yield decoder.decode(body[start : start + _PIECE])
    yield decoder.decode(b"", final=True)


def _mended_utf8(body: bytes) -> bytes:
    """U+FFFD for what is broken. Each takes up to three times the room: `BadAnswer` when that becomes too much."""
    mended = bytearray()
    for text in _texts(body, "replace"):
        mended += text.encode()
        if len(mended) > len(body) + _GROWN:
            raise BadAnswer("The server's answer is not UTF-8", "It was not used.")
    return bytes(mended)


def decoded(decoder: msgspec.json.Decoder[T], body: bytes | msgspec.Raw, what: str) -> T:
    """``body`` (of `tidy`) as the decoder's type, or `BadAnswer` that names the place."""
    try:
        return decoder.decode(body)
    except RecursionError:
        raise BadAnswer(f"The server's {what} is nested too deeply", "Its answer was not used.") from None
    except ValueError as error:  # msgspec.DecodeError, ValidationError: they name types and paths, not contents
        raise BadAnswer(
            f"The server's {what} is not as the wire has it ({error})", "Its answer was not used."
        ) from None
