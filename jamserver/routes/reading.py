"""What anybody reads: discovery, the objects, tags, people, oneself."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from starlette.responses import Response

from jamserver import desk, log, objects, oidc, posts, tag_names, wire
from jamserver.db import Connection, made_once, rows, value
from jamserver.posts import Actor
from jamserver.problems import FieldError, Problem
from jamserver.web import Answer, Call, Parameter, Route, Who, json_response
from jamtui.archive import Forum, Jam, Person, Post

API_VERSION = "1.0"
PAGE = 200

LIMIT = Parameter("limit", f"How many at most; more than {PAGE} gets {PAGE}.", {"type": "integer", "minimum": 1})
AFTER = Parameter("after", "`next` of the page before.", {"type": "string"})


def _items(found: Iterable[bytes], next_token: str | bool | None = False) -> bytes:
    """``{"items":[...]}`` of stored bytes; with ``next`` unless that is False."""
    body = b'{"items":[%s]' % b",".join(found)
    if next_token is not False:
        body += b',"next":%s' % msgspec.json.encode(next_token)
    return body + b"}"


def after(call: Call) -> int:
    text = call.query("after") or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        detail = "after is the `next` of a page."
        raise Problem("invalid", detail, errors=[FieldError(detail, parameter="after")])
    return int(text)


def page(found: list[tuple[int, bytes]], limit: int) -> Response:
    """A page of (place, object); one more than ``limit`` was asked for, to know whether there is a next page."""
    token = str(found[limit - 1][0]) if len(found) > limit else None
    return json_response(_items((data for _, data in found[:limit]), token))


def joined_page(db: Connection, sql: str, bindings: tuple[str | int, ...], limit: int) -> Response:
    """A page of objects. ``sql`` selects (place, data) behind the place that is the first of ``bindings``, in order.

    SQLite joins them, in the order of the subquery: row by row, Python's lock would be taken for each.
    """

    def made() -> bytes:
        joined = f"SELECT max(place), count(*), CAST(group_concat(data, ',') AS BLOB) FROM ({sql} LIMIT ?)"
        last, count, items = next(rows(db, joined, (*bindings, limit)))
        more = count == limit and value(db, f"SELECT 1 FROM ({sql} LIMIT 1)", (last, *bindings[1:]))
        return _items([items] if count else [], str(last) if more else None)

    return json_response(made_once(db, (sql, bindings, limit), made))


def discovery(db: Connection, call: Call) -> Response:
    raw = objects.jam_json(db)
    event = objects.jam(db)
    ways: list[dict[str, object]] = [
        {"type": kind} for kind in ("guest", "invite", "password") if kind != "guest" or event.guests
    ]
    issuer = oidc.stored(db)
    if issuer is not None:
        ways.append(issuer.way())
    return json_response(
        msgspec.json.encode(
            {
                "name": event.title,
                "api_version": API_VERSION,
                "api": "/api/v1",
                "jam": msgspec.Raw(raw or b"{}"),
                "sign_in": ways,
                "limits": wire.Limits(),
                "head": str(log.head(db)),
            }
        ),
        headers={"Cache-Control": "no-cache"},
    )


def get_jam(db: Connection, call: Call) -> Response:
    objects.jam(db)
    return json_response(objects.jam_json(db) or b"{}")


def list_forums(db: Connection, call: Call) -> Response:
    return json_response(_items(data for (data,) in rows(db, "SELECT data FROM forums ORDER BY position, seq")))


def get_forum(db: Connection, call: Call) -> Response:
    return json_response(objects.find_forum(db, call.path("forum"))[1])


def list_posts(db: Connection, call: Call) -> Response:
    limit = call.limit(PAGE, PAGE)
    where = ["changed > ?"]
    bindings: list[str | int] = [after(call)]
    forum = call.query("forum")
    if forum is not None:
        where.append("forum_id = ?")
        bindings.append(objects.find_forum(db, forum)[0])
    for name in ("thread", "author"):
        wanted = call.query(name)
        if wanted is not None:
            where.append(f"{name}_id = ?")
            bindings.append(wanted)
    tag = call.query("tag")
    if tag is not None:
        where.append("id IN (SELECT post_id FROM post_tags WHERE tag = ?)")
        bindings.append(wire.clean_tag(tag, "/tag"))
    sql = f"SELECT changed AS place, data FROM posts WHERE {' AND '.join(where)} ORDER BY changed"
    return joined_page(db, sql, tuple(bindings), limit)


def get_post(db: Connection, call: Call) -> Response:
    post = posts.get(db, call.path("post"))
    return json_response(post.data, headers={"ETag": f'"{post.version}"'})


def post_tags(db: Connection, call: Call) -> Response:
    posts.get(db, call.path("post"))
    by: dict[str, list[str]] = {}
    sql = "SELECT tag, person_id FROM post_tags WHERE post_id = ? ORDER BY tag, person_id"
    for tag, person_id in rows(db, sql, (call.path("post"),)):
        by.setdefault(tag, []).extend([person_id] if person_id else [])
    return json_response(msgspec.json.encode({"items": [{"name": tag, "by": people} for tag, people in by.items()]}))


def list_tags(db: Connection, call: Call) -> Response:
    sql = "SELECT tag, count(DISTINCT post_id) AS posts FROM post_tags GROUP BY tag ORDER BY posts DESC, tag"
    said = {tag.id: tag for tag in tag_names.all_of(db)}
    used = dict(rows(db, sql))
    unused = {name: 0 for name, tag in said.items() if name not in used}
    items = [
        wire.TagCount(name, count, tag.about, tag.curated, tag.merged_into)
        if (tag := said.get(name)) is not None
        else wire.TagCount(name, count)
        for name, count in (used | unused).items()
    ]
    return json_response(msgspec.json.encode({"items": items}))


def list_people(db: Connection, call: Call) -> Response:
    limit = call.limit(PAGE, PAGE)
    return joined_page(db, "SELECT seq AS place, data FROM people WHERE seq > ? ORDER BY seq", (after(call),), limit)


def get_person(db: Connection, call: Call) -> Response:
    person = objects.find_person(db, call.path("person"))
    if person is None:
        raise Problem("not_found", "There is no such person.")
    return json_response(person[2])


def me(db: Connection, call: Call) -> Response:
    return json_response(value(db, "SELECT data FROM people WHERE id = ?", (call.caller.person_id,)))


def my_votes(db: Connection, call: Call) -> Response:
    found = rows(db, "SELECT post_id FROM votes WHERE person_id = ? ORDER BY post_id", (call.caller.person_id,))
    return json_response(msgspec.json.encode({"items": [post_id for (post_id,) in found]}))


def my_desk(db: Connection, call: Call) -> Response:
    body, etag = desk.of(db, Actor(*call.actor), call.now)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if _has(call, etag):
        return Response(status_code=304, headers=headers)
    return json_response(body, headers=headers)


def _has(call: Call, etag: str) -> bool:
    """Whether ``If-None-Match`` names what would be answered (RFC 9110, 13.1.2)."""
    return etag in [name.strip().removeprefix("W/") for name in (call.header("if-none-match") or "").split(",")]


def changes(db: Connection, call: Call) -> Response:
    limit = call.limit(log.PAGE_ITEMS, log.PAGE_ITEMS)
    cursor = log.parse_cursor(call.query("after") or str(log.START))
    log.require(db, cursor)
    etag = f'"{cursor}.{limit}.{log.head(db)}.{log.removals(db)}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if _has(call, etag):
        return Response(status_code=304, headers=headers)
    page = made_once(db, ("changes", cursor.seq, limit), lambda: log.page(db, cursor.seq, limit))
    return json_response(page, headers=headers)


def _ok(description: str, shape: type, *headers: tuple[str, str]) -> tuple[Answer, ...]:
    return (Answer(200, description, shape, headers=headers),)


_ETAG = ("ETag", "The version of the post's content, in quotes.")
_IF_NONE_MATCH = Parameter("If-None-Match", "The ETag of what one has.", where="header")
_V1 = "/api/v1"

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/.well-known/jam",
        "discover",
        "What this server is, the Jam it holds, and how to sign in.",
        Who.ALWAYS,
        _ok("Discovery.", wire.Discovery),
        read=discovery,
    ),
    Route("GET", f"{_V1}/jam", "get_jam", "The Jam.", Who.ANY, _ok("The Jam.", Jam), read=get_jam),
    Route(
        "GET",
        f"{_V1}/forums",
        "list_forums",
        "All forums by position.",
        Who.ANY,
        _ok("The forums.", wire.Forums),
        read=list_forums,
    ),
    Route(
        "GET",
        f"{_V1}/forums/{{forum}}",
        "get_forum",
        "A forum by id or slug.",
        Who.ANY,
        _ok("The forum.", Forum),
        ("not_found",),
        read=get_forum,
    ),
    Route(
        "GET",
        f"{_V1}/posts",
        "list_posts",
        "Posts, the one that changed longest ago first.",
        Who.ANY,
        _ok("A page of posts.", wire.Posts),
        ("not_found",),
        (
            Parameter("forum", "Only of this forum (id or slug)."),
            Parameter("thread", "Only of this thread (id)."),
            Parameter("author", "Only by this person (id)."),
            Parameter("tag", "Only with this tag."),
            AFTER,
            LIMIT,
        ),
        read=list_posts,
    ),
    Route(
        "GET",
        f"{_V1}/posts/{{post}}",
        "get_post",
        "A post.",
        Who.ANY,
        _ok("The post.", Post, _ETAG),
        ("not_found",),
        read=get_post,
    ),
    Route(
        "GET",
        f"{_V1}/posts/{{post}}/tags",
        "get_post_tags",
        "The tags of a post, and who put them.",
        Who.ANY,
        _ok("The tags.", wire.PostTags),
        ("not_found",),
        read=post_tags,
    ),
    Route(
        "GET",
        f"{_V1}/tags",
        "list_tags",
        "All tags, the most used first.",
        Who.ANY,
        _ok("The tags.", wire.Tags),
        read=list_tags,
    ),
    Route(
        "GET",
        f"{_V1}/people",
        "list_people",
        "The people of the Jam.",
        Who.ANY,
        _ok("A page of people.", wire.People),
        parameters=(AFTER, LIMIT),
        read=list_people,
    ),
    Route(
        "GET",
        f"{_V1}/people/{{person}}",
        "get_person",
        "A person by id or handle.",
        Who.ANY,
        _ok("The person.", Person),
        ("not_found",),
        read=get_person,
    ),
    Route("GET", f"{_V1}/me", "get_me", "Who is signed in.", Who.SIGNED_IN, _ok("The person.", Person), read=me),
    Route(
        "GET",
        f"{_V1}/me/votes",
        "get_my_votes",
        "The posts that one supports.",
        Who.SIGNED_IN,
        _ok("Ids of posts.", wire.MyVotes),
        read=my_votes,
    ),
    Route(
        "GET",
        f"{_V1}/me/desk",
        "get_my_desk",
        "Everything that only this person may see.",
        Who.SIGNED_IN,
        (
            *_ok("The desk.", wire.Desk, ("ETag", "Changes with the desk.")),
            Answer(304, "The desk is as `If-None-Match` knows it.", headers=(("ETag", "As before."),)),
        ),
        parameters=(_IF_NONE_MATCH,),
        read=my_desk,
    ),
    Route(
        "GET",
        f"{_V1}/changes",
        "list_changes",
        "A page of the change log, at most 1,000 items or 4 MiB.",
        Who.ANY,
        (
            *_ok("The page.", wire.Changes, ("ETag", "Changes with the page.")),
            Answer(304, "The page is as `If-None-Match` knows it.", headers=(("ETag", "As before."),)),
        ),
        ("bad_cursor", "log_replaced"),
        (
            Parameter("after", "A cursor; without one, from the beginning."),
            Parameter("limit", "How many at most.", {"type": "integer", "minimum": 1}),
            _IF_NONE_MATCH,
        ),
        read=changes,
    ),
)
