"""The curated tags and their merging, for hosts and moderators."""

from __future__ import annotations

from starlette.responses import Response

from jamserver import tags, wire
from jamserver.routes.writing import actor_of, counted
from jamserver.web import Answer, Call, Route, Who, json_response
from jamtui.event import HOSTS


def _name(call: Call) -> str:
    return wire.clean_tag(call.path("tag"), "")


def _written(raw: bytes, seq: int) -> Response:
    return json_response(raw, headers={"Jam-Seq": str(seq)})


async def put_tag_record(call: Call) -> Response:
    actor, name, new = actor_of(call), _name(call), call.json(wire.TagEdit)
    done = await counted(call, lambda tx: tags.curate(tx, actor, name, new.about, curated=new.curated))
    return _written(*done)


async def delete_tag_record(call: Call) -> Response:
    actor, name = actor_of(call), _name(call)
    return _written(*await counted(call, lambda tx: tags.forget(tx, actor, name)))


async def put_merge(call: Call) -> Response:
    """The record first, so that nothing new gets the old tag; then the posts, in pieces. These count for the day, and
    are not held to it: a merge that began is brought to its end, else half of the posts had a tag that is no more. A
    repeat goes on with those that are left."""
    actor, name, new = actor_of(call), _name(call), call.json(wire.TagMerge)
    into = wire.clean_tag(new.into, "/into")
    raw, seq = await counted(call, lambda tx: tags.merge(tx, actor, name, into))
    while True:
        changed, last = await counted(call, lambda tx: tags.retag(tx, name), any_day=True)
        if not changed:
            return _written(raw, seq)
        seq = max(seq, last)


async def delete_merge(call: Call) -> Response:
    actor, name = actor_of(call), _name(call)
    return _written(*await counted(call, lambda tx: tags.unmerge(tx, actor, name)))


_SEQ = (("Jam-Seq", "The change that the write became, 0 when there was nothing to do."),)
_RECORD = (Answer(200, "The record as it now is.", wire.TagRecord, headers=_SEQ),)
_CODES = ("forbidden", "rate_limited")
_PATH = "/api/v1/tags/{tag}"

ROUTES: tuple[Route, ...] = (
    Route(
        "PUT",
        _PATH,
        "put_tag_record",
        "Says what a tag means and whether it is one of the curated set, for hosts and moderators.",
        Who.SIGNED_IN,
        _RECORD,
        _CODES,
        body=wire.TagEdit,
        run=put_tag_record,
        only=HOSTS,
    ),
    Route(
        "DELETE",
        _PATH,
        "delete_tag_record",
        "Takes a tag out of the curated set; posts keep it.",
        Who.SIGNED_IN,
        _RECORD,
        _CODES,
        run=delete_tag_record,
        only=HOSTS,
    ),
    Route(
        "PUT",
        f"{_PATH}/merged",
        "put_tag_merge",
        "Merges a tag into another: posts are retagged, a change each; who puts the old one later puts the new one.",
        Who.SIGNED_IN,
        _RECORD,
        _CODES,
        body=wire.TagMerge,
        run=put_merge,
        only=HOSTS,
    ),
    Route(
        "DELETE",
        f"{_PATH}/merged",
        "delete_tag_merge",
        "Undoes a merge for what is tagged from now on; posts keep the new tag.",
        Who.SIGNED_IN,
        _RECORD,
        _CODES,
        run=delete_merge,
        only=HOSTS,
    ),
)
