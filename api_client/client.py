"""The client of the wire: one method an endpoint (docs/wire.md). What a server may take of us is bounded in
`api_client.transport`."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from api_client import errors, models
from api_client.errors import BadAnswer, NotAJam
from api_client.models import (
    Announcement,
    AnnouncementsPage,
    ChangesPage,
    DeskAnswer,
    Discovery,
    Heartbeat,
    Look,
    PeoplePage,
    PostAnswer,
    PostsPage,
    Resync,
    StreamEvent,
    TagBy,
    TagCount,
    Token,
    VoteAnswer,
    Wish,
    WriteAnswer,
    decoded,
    is_cursor,
    tidy,
)
from api_client.origin import parse_origin
from api_client.sse import Comment, SseParser
from api_client.tokens import Guest, TokenProvider
from api_client.transport import Bounds, Snapshot, Transport
from jamtui.archive import Forum, Jam, Person, Post
from jamtui.errors import UsageError

if TYPE_CHECKING:
    import httpx

API = "/api/v1"

T = TypeVar("T")

_JAM = msgspec.json.Decoder(Jam)
_PERSON = msgspec.json.Decoder(Person)
_FORUM = msgspec.json.Decoder(Forum)
_POST = msgspec.json.Decoder(Post)
_DISCOVERY = msgspec.json.Decoder(Discovery)
_TOKEN = msgspec.json.Decoder(Token)
_FORUMS = msgspec.json.Decoder(models.WireForums)
_POSTS = msgspec.json.Decoder(models.WirePosts)
_ANNOUNCEMENTS = msgspec.json.Decoder(AnnouncementsPage)
_ANNOUNCEMENT = msgspec.json.Decoder(Announcement)
_PEOPLE = msgspec.json.Decoder(PeoplePage)
_TAGS = msgspec.json.Decoder(models.WireTags)
_TAGS_BY = msgspec.json.Decoder(models.WireTagsBy)
_IDS = msgspec.json.Decoder(models.WireIds)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_VOTE = msgspec.json.Decoder(models.WireVote)
_CHANGES = msgspec.json.Decoder(models.WireChanges)
_CHANGE = msgspec.json.Decoder(models.WireChange)
_ROUGH = 256 << 10  # bytes of a page in which what is wrong is looked for
_ROUGH_CHANGES = msgspec.json.Decoder(models.WireRawChanges)
_NUMBERED = msgspec.json.Decoder(models.WireNumbered)


class JamClient:
    """A client of one Jam server; use it as ``async with``.

    ``origin`` is what `api_client.origin.parse_origin` takes. ``tokens`` gives the bearer token of each call and is
    asked once for another when the server refuses it. ``now`` reads dates of Retry-After. ``transport`` is for tests.
    All methods raise `api_client.errors.ApiError`.
    """

    def __init__(
        self,
        origin: str,
        *,
        tokens: TokenProvider | None = None,
        user_agent: str = "jamtui",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        bounds: Bounds | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.origin = parse_origin(origin)
        self._transport = Transport(
            self.origin,
            tokens=tokens or Guest(),
            user_agent=user_agent,
            now=now,
            bounds=bounds or Bounds(),
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"JamClient({self.origin!r})"

    @property
    def clock_error(self) -> timedelta | None:
        """How far this machine's clock is ahead of the server's, by the Date of its last good answer; to the second."""
        return self._transport.clock_error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._transport.aclose()

    # -- reading

    async def discovery(self) -> Discovery:
        """What answers at the origin: the Jam, the ways to sign in, the limits. `NotAJam` when it is none."""
        try:
            found = decoded(
                _DISCOVERY, (await self._transport.call("GET", "/.well-known/jam", token=False)).body, "discovery"
            )
        except (errors.NotFound, BadAnswer, errors.Refused) as error:
            raise NotAJam(
                f"{self.origin} answers, but not as a Jam server", "Check the address.", status=error.status
            ) from None
        if found.api_version.partition(".")[0] != "1":
            raise NotAJam(
                f"{self.origin} speaks version {errors.plain(found.api_version)} of the wire, not 1", "Update jamtui."
            )
        return found

    async def openapi(self) -> bytes:
        """The server's OpenAPI document, as it came."""
        return (await self._transport.call("GET", "/openapi.json", limit=self._transport.bounds.call_bytes)).body

    async def jam(self) -> Jam:
        return await self._get(_JAM, f"{API}/jam", "jam")

    async def forums(self) -> list[Forum]:
        return (await self._list(_FORUMS, f"{API}/forums", "list of forums")).items

    async def forum(self, name: str) -> Forum:
        """A forum by id or slug."""
        return await self._get(_FORUM, f"{API}/forums/{_segment(name)}", "forum")

    async def posts(
        self,
        *,
        forum: str | None = None,
        thread: str | None = None,
        author: str | None = None,
        tag: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> PostsPage:
        """A page of posts, oldest change first."""
        path = f"{API}/posts" + _query(forum=forum, thread=thread, author=author, tag=tag, after=after, limit=limit)
        answer = await self._transport.call("GET", path, limit=self._transport.bounds.call_bytes)
        page = decoded(_POSTS, answer.body, "page of posts")
        return PostsPage([bytes(item) for item in page.items], page.next)

    async def post(self, post_id: str) -> PostAnswer:
        answer = await self._transport.call("GET", f"{API}/posts/{_segment(post_id)}")
        post = decoded(_POST, answer.body, "post")
        return PostAnswer(answer.body, post, post.version)

    async def post_tags(self, post_id: str) -> list[TagBy]:
        """The tags of a post, with who put them there."""
        return (await self._list(_TAGS_BY, f"{API}/posts/{_segment(post_id)}/tags", "list of tags")).items

    async def tags(self) -> list[TagCount]:
        """The Jam's tags, most used first."""
        return (await self._list(_TAGS, f"{API}/tags", "list of tags")).items

    async def people(self, *, after: str | None = None, limit: int | None = None) -> PeoplePage:
        return await self._list(_PEOPLE, f"{API}/people" + _query(after=after, limit=limit), "list of people")

    async def person(self, name: str) -> Person:
        """A person by id or handle."""
        return await self._get(_PERSON, f"{API}/people/{_segment(name)}", "person")

    async def announcements(self, *, after: str | None = None, limit: int | None = None) -> AnnouncementsPage:
        """What hosts and moderators announced, oldest first."""
        path = f"{API}/announcements" + _query(after=after, limit=limit)
        return await self._list(_ANNOUNCEMENTS, path, "list of announcements")

    async def me(self) -> Person:
        """Who the token belongs to; `NotSignedIn` for a guest."""
        return await self._get(_PERSON, f"{API}/me", "person")

    async def my_votes(self) -> list[str]:
        """The ids of the posts that one voted for; private, so not in the change log."""
        return (await self._list(_IDS, f"{API}/me/votes", "list of votes")).items

    async def desk(self, etag: str = "") -> DeskAnswer:
        """What only the reader may see. With the ``etag`` of an earlier one, None when nothing is different."""
        headers = {"If-None-Match": etag} if etag else None
        limit = self._transport.bounds.call_bytes
        answer = await self._transport.call("GET", f"{API}/me/desk", headers=headers, limit=limit)
        if answer.status == 304:
            return DeskAnswer(None, etag)
        decoded(_OBJECT, answer.body, "desk")
        return DeskAnswer(answer.body, answer.headers.get("ETag", ""))

    async def my_data(self) -> bytes:
        """All that the server has of who is signed in, as JSON."""
        limit = self._transport.bounds.call_bytes
        answer = await self._transport.call("GET", f"{API}/me/data", limit=limit)
        decoded(_OBJECT, answer.body, "document of your data")
        return answer.body

    # -- writing

    async def leave(self, posts: str) -> int:
        """Deletes the account of who is signed in; ``posts``: keep or remove. Asking again goes on with what is left;
        once it is done, the token is not known any more."""
        return (await self._transport.call("DELETE", f"{API}/me" + _query(posts=posts))).seq()

    async def act(
        self, method: str, path: Sequence[str], fields: Mapping[str, object] | None = None, key: str = "",
        version: int = 0,
    ) -> int:  # fmt: skip
        """One write of those that answer no post: ``path`` are its segments below the API. Returns the change that it
        became, 0 for one that stands in no log. Asking again is safe where the wire says so, or with a ``key``.
        ``version``: of what is changed, as it was seen; `Conflict` when it is not the newest. 0: does not matter."""
        address = "/".join([API, *map(_segment, path)])
        headers = {**(_once(key) or {}), **({"If-Match": f'"{version}"'} if version else {})}
        return (await self._transport.call(method, address, json=fields, headers=headers or None)).seq()

    async def put_post(
        self,
        post_id: str,
        *,
        body: str,
        forum_id: str | None = None,
        thread_id: str | None = None,
        parent_id: str | None = None,
        title: str | None = None,
        tags: Sequence[str] = (),
        written_at: str | None = None,
        lang: str | None = None,
        kind: str | None = None,
    ) -> WriteAnswer:
        """Creates a post under the id (UUIDv7) that the caller made. Asking again is safe: the same id and content
        answers with the post as it now is, the same id with other content is `Conflict` (``id_taken``)."""
        fields = {
            "body": body,
            "forum_id": forum_id,
            "thread_id": thread_id,
            "parent_id": parent_id,
            "title": title,
            "tags": list(tags) or None,
            "written_at": written_at,
            "lang": lang,
            "kind": kind,
        }
        return await self._write("PUT", f"{API}/posts/{_segment(post_id)}", _given(fields))

    async def edit_post(
        self, post_id: str, version: int, key: str, *, title: str | None = None, body: str | None = None
    ) -> WriteAnswer:
        """Changes title or body of ``version``; `Conflict` when it is not the newest. ``key``: asking again is safe."""
        headers = {"If-Match": f'"{version}"', "Idempotency-Key": key}
        return await self._write(
            "PATCH", f"{API}/posts/{_segment(post_id)}", _given({"title": title, "body": body}), headers
        )

    async def delete_post(self, post_id: str, version: int, key: str) -> WriteAnswer:
        """Takes a post back; the answer is the blanked post."""
        headers = {"If-Match": f'"{version}"', "Idempotency-Key": key}
        return await self._write("DELETE", f"{API}/posts/{_segment(post_id)}", None, headers)

    async def put_tag(self, post_id: str, tag: str, key: str = "") -> WriteAnswer:
        """``key``, as in all that follow: asking again gets the first answer, whatever has happened since."""
        return await self._write("PUT", f"{API}/posts/{_segment(post_id)}/tags/{_segment(tag)}", headers=_once(key))

    async def delete_tag(self, post_id: str, tag: str, key: str = "") -> WriteAnswer:
        return await self._write("DELETE", f"{API}/posts/{_segment(post_id)}/tags/{_segment(tag)}", headers=_once(key))

    async def put_vote(self, post_id: str, key: str = "") -> VoteAnswer:
        return await self._vote("PUT", post_id, key)

    async def delete_vote(self, post_id: str, key: str = "") -> VoteAnswer:
        return await self._vote("DELETE", post_id, key)

    async def announce(self, new_id: str, body: str) -> Announcement:
        """Tells everybody something, for hosts and moderators. Asking again with the same id and text is safe."""
        answer = await self._transport.call("PUT", f"{API}/announcements/{_segment(new_id)}", json={"body": body})
        return decoded(_ANNOUNCEMENT, answer.body, "announcement")

    async def _vote(self, method: str, post_id: str, key: str) -> VoteAnswer:
        answer = await self._transport.call(method, f"{API}/posts/{_segment(post_id)}/vote", headers=_once(key))
        vote = decoded(_VOTE, answer.body, "answer to the vote")
        return VoteAnswer(vote.post_id, vote.up, vote.voted, answer.seq())

    async def _write(
        self,
        method: str,
        path: str,
        fields: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WriteAnswer:
        answer = await self._transport.call(method, path, json=fields, headers=headers)
        post = decoded(_POST, answer.body, "post")
        return WriteAnswer(answer.body, answer.seq(), post.version, answer.status == 201)

    # -- signing in

    async def password(self, handle: str, password: str) -> Token:
        return await self._sign_in("password", {"handle": handle, "password": password})

    async def invite(self, code: str, handle: str, *, name: str | None = None, password: str | None = None) -> Token:
        """Spends an invite code on a new account."""
        return await self._sign_in("invite", {"code": code, "handle": handle, "name": name, "password": password})

    async def oidc(self, subject_token: str, subject_token_type: str, *, nonce: str | None = None) -> Token:
        """Exchanges a token of the issuer that the Jam trusts (RFC 8693's words) for one of the Jam's own."""
        fields = {"subject_token": subject_token, "subject_token_type": subject_token_type, "nonce": nonce}
        return await self._sign_in("oidc", fields)

    async def refresh(self, refresh_token: str) -> Token:
        """Spends a refresh token; keep the answer before using it."""
        return await self._sign_in("refresh", {"refresh_token": refresh_token})

    async def revoke(self, token: str) -> None:
        """Ends the sign-in that an access or refresh token belongs to; no error when the server does not know it."""
        await self._transport.call("POST", f"{API}/auth/revoke", json={"token": token}, token=False)

    async def _sign_in(self, way: str, fields: Mapping[str, object]) -> Token:
        answer = await self._transport.call("POST", f"{API}/auth/{way}", json=_given(fields), token=False)
        token = decoded(_TOKEN, answer.body, "answer to the sign-in")
        if token.token_type.lower() != "bearer":
            raise BadAnswer("The server gives tokens that jamtui cannot use", "Update jamtui.")
        return token

    # -- the change log

    async def changes(self, after: str = models.START, limit: int | None = None, etag: str = "") -> ChangesPage:
        """The changes after a cursor; `LogReplaced` when the log does not have it. With ``etag`` of an earlier page, an
        answer that is still the same comes as ``unchanged``."""
        headers = {"If-None-Match": etag} if etag else None
        path = f"{API}/changes" + _query(after=after, limit=limit)
        answer = await self._transport.call("GET", path, headers=headers, limit=self._transport.bounds.call_bytes)
        if answer.status == 304:
            return ChangesPage([], after, etag, unchanged=True)
        etag = answer.headers.get("ETag", "")
        try:
            page = decoded(_CHANGES, answer.body, "page of changes")
        except BadAnswer:  # one of them is wrong, or the page as a whole
            if len(answer.body) > _ROUGH:
                raise  # cut into pieces, many small ones would take many times the room: ask for fewer
            rough = decoded(_ROUGH_CHANGES, answer.body, "page of changes")
            return ChangesPage([_change(item) for item in rough.items], rough.head, etag)
        return ChangesPage([item.change() for item in page.items], page.head, etag)

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Snapshot]:
        """The whole Jam as an archive, line by line; its cursor and size are known before the first line."""
        async with self._transport.open(f"{API}/snapshot", accept="application/x-ndjson") as response:
            yield Snapshot(self._transport, response)

    @property
    def ends(self) -> tuple[str, tuple[str, int]] | None:
        """Address here, and address and port there, of the connection that the last stream or snapshot came by."""
        return self._transport.ends

    async def stream(self, after: str = "") -> AsyncGenerator[StreamEvent]:
        """The changes after a cursor as they come, until the server ends the stream; from its head on without one.

        Close it (``contextlib.aclosing``) when leaving early. After `Resync` comes nothing more.
        """
        bounds = self._transport.bounds
        parser = SseParser(bounds.record_bytes)
        wish: float | None = None
        path = f"{API}/stream" + _query(after=after or None)
        # Bytes as they come: a coding on the way would hold events back.
        plain = {"Accept-Encoding": "identity"}
        async with (
            self._transport.open(path, accept="text/event-stream", headers=plain) as response,
            contextlib.aclosing(self._transport.pieces(response, bounds.stream_quiet_seconds)) as pieces,
        ):
            async for piece in pieces:
                found = parser.feed(piece)
                if parser.retry is not None and parser.retry != wish:
                    wish = parser.retry
                    yield Wish(wish)
                for event in found:
                    if isinstance(event, Comment):
                        word, _, head = event.text.partition(" ")
                        yield Heartbeat(head if word == "head" and is_cursor(head) else "")
                    elif event.type == "resync":
                        head = event.data.decode("utf-8", "replace")
                        yield Resync(head if is_cursor(head) else "")
                        return
                    elif event.type == "message":
                        yield _change(tidy(event.data))
                    elif event.type == "desk":
                        yield Look()

    # -- the calls themselves

    async def _get(self, decoder: msgspec.json.Decoder[T], path: str, what: str) -> T:
        return decoded(decoder, (await self._transport.call("GET", path)).body, what)

    async def _list(self, decoder: msgspec.json.Decoder[T], path: str, what: str) -> T:
        limit = self._transport.bounds.list_bytes
        return decoded(decoder, (await self._transport.call("GET", path, limit=limit)).body, what)


def _change(raw: bytes | msgspec.Raw) -> models.Change:
    """A change; one of which only the number is right is passed on as that, so that it stops none behind it."""
    try:
        return decoded(_CHANGE, raw, "change").change()
    except BadAnswer:
        return decoded(_NUMBERED, raw, "change").change()


def _segment(text: str) -> str:
    """``text`` as one segment of a path, whatever it holds; "." and ".." would be taken for steps."""
    if not text:
        raise UsageError("A name or an id is missing")
    segment = quote(text, safe="", errors="replace")
    return segment.replace(".", "%2E") if segment in (".", "..") else segment


def _query(**values: str | int | None) -> str:
    given = {name: value for name, value in values.items() if value is not None}
    return f"?{urlencode(given, errors='replace')}" if given else ""


def _once(key: str) -> dict[str, str]:
    """The header under which asking again gets the first answer; without a key, none."""
    return {"Idempotency-Key": key} if key else {}


def _given(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields that have a value: one that is left out and one that is null are not the same to a server."""
    return {name: value for name, value in fields.items() if value is not None}
