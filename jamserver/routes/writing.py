"""What people write: posts, tags, votes."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import TypeVar

import msgspec
from starlette.responses import Response

from jamserver import moderation, once, posts, wire
from jamserver.log import Tx
from jamserver.once import MAX_KEY, Asked, Written
from jamserver.posts import Actor, Ballot
from jamserver.problems import FieldError, Problem, invalid
from jamserver.web import Answer, Call, Parameter, Route, Who, json_response
from jamtui.archive import Post
from jamtui.event import HOSTS

T = TypeVar("T")


def actor_of(call: Call, *, any_day: bool = False) -> Actor:
    """Who writes. Each write counts, also one that is refused or was made before: asking costs the same. ``any_day``:
    also when nothing is left of the day."""
    call.services.writes.begin(call.caller.person_id)
    if call.services.newcomers.holds(call.caller.joined, call.now):
        call.services.new_writes.begin(call.caller.person_id)
    actor = Actor(*call.actor)
    if not any_day:
        call.services.day.begin(actor.person_id, _times(call, actor))
    return actor


def _times(call: Call, actor: Actor) -> int:
    """So many times as much as others may this person write in a day."""
    return call.services.day_of_hosts if actor.hosts else 1


async def counted(call: Call, job: Callable[[Tx], T], *, alone: bool = False, any_day: bool = False) -> T:
    """Runs a write, and counts for the day what it made the file grow by: of an act on a thread a change for each of
    its posts, and the answer that is kept. Looks once more whether there is room, just before: of many at once all
    passed `actor_of`."""
    day, actor = call.services.day, Actor(*call.actor)
    grown: list[int] = []

    def run(tx: Tx) -> T:
        if not any_day:
            day.begin(actor.person_id, _times(call, actor))
        result = job(tx)
        grown.append(sum(len(change.item) for change in tx.changes) + tx.kept)
        day.add(actor.person_id, grown[0])
        return result

    try:
        return await call.services.writer.run(run, alone=alone)
    except Problem:
        if grown:  # the disk refused what it was written with
            day.add(actor.person_id, -grown[0], -1)
        raise


def _written(done: Written) -> Response:
    headers = {"Jam-Seq": str(done.seq), "ETag": f'"{done.version}"'}
    return json_response(done.post, 201 if done.created else 200, headers)


def own_id(call: Call, name: str) -> str:
    """The id that a client made for a new object, in the address under ``name``. Raises 422."""
    text = call.path(name)
    try:
        found = str(uuid.UUID(text))
    except ValueError:
        raise invalid("", f"The id of a new {name} is a UUID.") from None
    if found != text.lower():
        raise invalid("", f"The id of a new {name} is a UUID in its usual form.")
    return found


async def put_post(call: Call) -> Response:
    post_id = own_id(call, "post")
    actor, new = actor_of(call), call.json(wire.NewPost)
    fresh = call.services.newcomers
    return _written(await counted(call, lambda tx: posts.create(tx, actor, post_id, new, fresh)))


async def patch_post(call: Call) -> Response:
    actor, change, if_match = actor_of(call), call.json(wire.PostEdit), call.header("if-match")
    if change.title is change.body is change.kind is msgspec.UNSET:
        raise invalid("", "Name title, body or kind.")
    post_id = call.path("post")
    request = msgspec.json.encode(change)
    fresh = call.services.newcomers
    return await post_once(call, request, post_id, lambda tx: posts.edit(tx, actor, post_id, change, if_match, fresh))


async def delete_post(call: Call) -> Response:
    actor, if_match = actor_of(call), call.header("if-match")
    post_id = call.path("post")
    return await post_once(call, b"", post_id, lambda tx: moderation.take_back(tx, actor, post_id, if_match))


def asked(call: Call, path: str, request: bytes = b"") -> Asked | None:
    """What an ``Idempotency-Key`` asks to be done once; None without one. Raises 422."""
    key = call.header("idempotency-key")
    if key is None:
        return None
    if not 0 < len(key) <= MAX_KEY:
        detail = f"Idempotency-Key has 1 to {MAX_KEY} characters."
        raise Problem("invalid", detail, errors=[FieldError(detail, parameter="Idempotency-Key")])
    return Asked(call.caller.person_id, key, call.request.method, path, hashlib.sha256(request).digest())


async def post_once(call: Call, request: bytes, path: str, write: Callable[[Tx], Written]) -> Response:
    """Runs the write; with an ``Idempotency-Key`` once: a repeat gets the first answer, kept in the same commit."""
    wanted, post_id = asked(call, path, request), call.path("post")
    return _written(await counted(call, lambda tx: once.run(tx, wanted, post_id, write)))


def _tag_path(post_id: str, name: str) -> str:
    """What is kept with an answer names the tag by its digest: a tag is a text, too, and goes with a removed post."""
    return f"{post_id}/tags/{hashlib.sha256(name.encode()).hexdigest()[:32]}"


async def put_tag(call: Call) -> Response:
    actor, post_id, name = actor_of(call), call.path("post"), wire.clean_tag(call.path("tag"), "")
    return await post_once(call, b"", _tag_path(post_id, name), lambda tx: posts.tag(tx, actor, post_id, name))


async def delete_tag(call: Call) -> Response:
    actor, post_id, name = actor_of(call), call.path("post"), wire.clean_tag(call.path("tag"), "")
    return await post_once(call, b"", _tag_path(post_id, name), lambda tx: posts.untag(tx, actor, post_id, name))


async def put_vote(call: Call) -> Response:
    return await _vote(call, wanted=True)


async def delete_vote(call: Call) -> Response:
    return await _vote(call, wanted=False)


async def _vote(call: Call, *, wanted: bool) -> Response:
    post_id, _ = call.path("post"), actor_of(call)
    ballot = Ballot(call.caller.person_id, wanted, asked(call, f"{post_id}/vote"))
    done = await call.services.votes.cast(post_id, ballot)
    if isinstance(done, Problem):
        raise done
    up, seq = done
    body = msgspec.json.encode(wire.VoteAnswer(post_id, up, wanted))
    call.services.day.add(call.caller.person_id, len(body))
    return json_response(body, headers={"Jam-Seq": str(seq)})


_SEQ = ("Jam-Seq", "The change that the write became.")
_ETAG = ("ETag", "The version of the post's content, in quotes.")
_POST = (Answer(200, "The post as it now is.", Post, headers=(_SEQ, _ETAG)),)
_VOTE = (Answer(200, "The tally.", wire.VoteAnswer, headers=(_SEQ,)),)
_KEY = Parameter("Idempotency-Key", "The same key gets the first answer again for 7 days.", where="header")
_ONCE = (Parameter("If-Match", 'The version that was seen, in quotes: `"3"`.', where="header"), _KEY)
_PATH = "/api/v1/posts/{post}"
_CLOSED = ("jam_closed", "phase_closed", "not_found", "rate_limited")

ROUTES: tuple[Route, ...] = (
    Route(
        "PUT",
        _PATH,
        "put_post",
        "Makes a post under an id of the client's; the same again is answered, not made twice.",
        Who.SIGNED_IN,
        (
            Answer(201, "The new post.", Post, headers=(_SEQ, _ETAG)),
            Answer(200, "The post that this made before, as it now is.", Post, headers=(_SEQ, _ETAG)),
        ),
        ("jam_closed", "phase_closed", "id_taken", "parent_gone", "post_locked", "rate_limited"),
        body=wire.NewPost,
        run=put_post,
    ),
    Route(
        "PATCH",
        _PATH,
        "patch_post",
        "Edits one's own post; of a thread of others a host of its forum or a moderator changes the kind alone.",
        Who.SIGNED_IN,
        _POST,
        (
            *_CLOSED,
            "forbidden",
            "post_gone",
            "post_locked",
            "version_conflict",
            "if_match_required",
            "idempotency_key_reused",
        ),
        _ONCE,
        body=wire.PostEdit,
        only=("author", *HOSTS),
        run=patch_post,
    ),
    Route(
        "DELETE",
        _PATH,
        "delete_post",
        "Takes back one's own post; a moderator removes anybody's.",
        Who.SIGNED_IN,
        _POST,
        (*_CLOSED, "forbidden", "version_conflict", "if_match_required", "invalid", "idempotency_key_reused"),
        _ONCE,
        only=("author", "moderator"),
        run=delete_post,
    ),
    Route(
        "PUT",
        f"{_PATH}/tags/{{tag}}",
        "put_tag",
        "Puts a tag on a post.",
        Who.SIGNED_IN,
        _POST,
        (*_CLOSED, "post_gone", "post_locked", "invalid"),
        (_KEY,),
        run=put_tag,
    ),
    Route(
        "DELETE",
        f"{_PATH}/tags/{{tag}}",
        "delete_tag",
        "Takes off a tag that one put, or any from one's own post; a moderator any.",
        Who.SIGNED_IN,
        _POST,
        (*_CLOSED, "forbidden", "post_locked", "invalid"),
        (_KEY,),
        only=("author", "moderator"),
        run=delete_tag,
    ),
    Route(
        "PUT",
        f"{_PATH}/vote",
        "put_vote",
        "Supports a post.",
        Who.SIGNED_IN,
        _VOTE,
        (*_CLOSED, "post_gone", "invalid"),
        (_KEY,),
        run=put_vote,
    ),
    Route(
        "DELETE",
        f"{_PATH}/vote",
        "delete_vote",
        "Withdraws one's support.",
        Who.SIGNED_IN,
        _VOTE,
        (*_CLOSED, "invalid"),
        (_KEY,),
        run=delete_vote,
    ),
)
