"""The state of an idea, what is featured, and the links between posts."""

from __future__ import annotations

from typing import get_args

import msgspec
from starlette.responses import Response

from jamserver import ideas, once, wire
from jamserver.db import Connection
from jamserver.log import Tx
from jamserver.once import Written
from jamserver.problems import invalid
from jamserver.routes.reading import AFTER, LIMIT, PAGE, after, page
from jamserver.routes.writing import actor_of, asked, counted, post_once
from jamserver.web import Answer, Call, Parameter, Route, Who, json_response
from jamtui.archive import Post
from jamtui.event import HOSTS


async def put_idea_state(call: Call) -> Response:
    actor, post_id, change = actor_of(call), call.path("post"), call.json(wire.IdeaState)
    request, path = msgspec.json.encode(change), f"{post_id}/idea-state"
    return await post_once(call, request, path, lambda tx: ideas.set_state(tx, actor, post_id, change.idea_state))


async def put_featured(call: Call) -> Response:
    actor, post_id, change = actor_of(call), call.path("post"), call.json(wire.Featuring)
    request, path = msgspec.json.encode(change), f"{post_id}/featured"
    return await post_once(call, request, path, lambda tx: ideas.feature(tx, actor, post_id, change.reason))


async def delete_featured(call: Call) -> Response:
    actor, post_id = actor_of(call), call.path("post")
    return await post_once(call, b"", f"{post_id}/featured", lambda tx: ideas.unfeature(tx, actor, post_id))


def _kind(call: Call) -> str:
    kind = call.path("kind")
    if kind not in get_args(wire.LinkKind):
        raise invalid("", f"A link is one of: {', '.join(get_args(wire.LinkKind))}.")
    return kind


async def put_link(call: Call) -> Response:
    return await _link(call, wanted=True)


async def delete_link(call: Call) -> Response:
    return await _link(call, wanted=False)


async def _link(call: Call, *, wanted: bool) -> Response:
    actor, post_id, kind, to_id = actor_of(call), call.path("post"), _kind(call), call.path("to")
    wanted_once = asked(call, f"{post_id}/links/{kind}/{to_id}")
    fresh = call.services.newcomers

    def write(tx: Tx) -> Written:
        if wanted:
            return ideas.link(tx, actor, post_id, kind, to_id, fresh)
        return ideas.unlink(tx, actor, post_id, kind, to_id)

    def run(tx: Tx) -> Written:
        return once.run(tx, wanted_once, "", write)

    done = await counted(call, run)
    return json_response(done.post, 201 if done.created else 200, {"Jam-Seq": str(done.seq)})


def list_links(db: Connection, call: Call) -> Response:
    limit = call.limit(PAGE, PAGE)
    return page(ideas.links_of(db, call.path("post"), after(call), limit + 1), limit)


_SEQ = ("Jam-Seq", "The change that the write became; 0 when nothing was to do.")
_ETAG = ("ETag", "The version of the post's content, in quotes; none of these raises it.")
_POST = (Answer(200, "The post as it now is.", Post, headers=(_SEQ, _ETAG)),)
_KEY = (Parameter("Idempotency-Key", "The same key gets the first answer again for 7 days.", where="header"),)
_PATH = "/api/v1/posts/{post}"
_LINK = f"{_PATH}/links/{{kind}}/{{to}}"
_CODES = ("forbidden", "jam_closed", "not_found", "invalid", "idempotency_key_reused", "rate_limited")

ROUTES: tuple[Route, ...] = (
    Route(
        "PUT",
        f"{_PATH}/idea-state",
        "put_idea_state",
        "Says how far an idea is.",
        Who.SIGNED_IN,
        _POST,
        (*_CODES, "post_gone"),
        _KEY,
        body=wire.IdeaState,
        only=HOSTS,
        run=put_idea_state,
    ),
    Route(
        "PUT",
        f"{_PATH}/featured",
        "put_featured",
        "Features a post with a reason.",
        Who.SIGNED_IN,
        _POST,
        (*_CODES, "post_gone"),
        _KEY,
        body=wire.Featuring,
        only=HOSTS,
        run=put_featured,
    ),
    Route(
        "DELETE",
        f"{_PATH}/featured",
        "delete_featured",
        "Features a post no longer.",
        Who.SIGNED_IN,
        _POST,
        _CODES,
        _KEY,
        only=HOSTS,
        run=delete_featured,
    ),
    Route(
        "GET",
        f"{_PATH}/links",
        "list_links",
        "The links from a post and to it, the first made first.",
        Who.ANY,
        (Answer(200, "A page of links.", wire.Links),),
        ("not_found",),
        (AFTER, LIMIT),
        read=list_links,
    ),
    Route(
        "PUT",
        _LINK,
        "put_link",
        "Says how a post stands to another; what was said before is answered, not said twice.",
        Who.SIGNED_IN,
        (
            Answer(201, "The new link.", wire.Link, headers=(_SEQ,)),
            Answer(200, "The link that is there.", wire.Link, headers=(_SEQ,)),
        ),
        ("jam_closed", "not_found", "post_gone", "post_locked", "invalid", "idempotency_key_reused", "rate_limited"),
        _KEY,
        run=put_link,
    ),
    Route(
        "DELETE",
        _LINK,
        "delete_link",
        "Takes a link away; the author is who put it or wrote either post.",
        Who.SIGNED_IN,
        (Answer(200, "What is left of the link.", wire.Link, headers=(_SEQ,)),),
        _CODES,
        _KEY,
        only=("author", *HOSTS),
        run=delete_link,
    ),
)
