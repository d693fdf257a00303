"""What people do with what is their own: the profile, all their data, and leaving."""

from __future__ import annotations

from starlette.responses import Response

from jamserver import people, wire
from jamserver.db import Connection
from jamserver.posts import Actor
from jamserver.problems import FieldError, Problem
from jamserver.routes.writing import actor_of, counted
from jamserver.web import Answer, Call, Parameter, Route, Who, json_response
from jamtui.archive import Person, rfc3339


async def patch_me(call: Call) -> Response:
    actor, change = actor_of(call), call.json(wire.ProfileEdit)
    raw, seq = await counted(call, lambda tx: people.edit(tx, actor, change))
    return json_response(raw, headers={"Jam-Seq": str(seq)})


def my_data(db: Connection, call: Call) -> Response:
    body = people.data(db, call.caller.person_id, rfc3339(call.now))
    return json_response(body, headers={"Cache-Control": "private, no-store"})


async def delete_me(call: Call) -> Response:
    """In pieces, so that others are written in between; a repeat goes on with what is left. Who may not write may
    leave all the same."""
    what = call.query("posts") or ""
    if what not in ("keep", "remove"):
        detail = "posts is keep or remove: what becomes of what you wrote."
        raise Problem("invalid", detail, errors=[FieldError(detail, parameter="posts")])
    call.services.writes.begin(call.caller.person_id)
    actor, run = Actor(*call.actor), call.services.writer.run
    if what == "remove":
        while await run(lambda tx: people.take_back_posts(tx, actor)):
            pass
    while await run(lambda tx: people.take_back_votes(tx, actor)):
        pass
    while (seq := await run(lambda tx: people.leave(tx, actor, remove=what == "remove"))) is None:
        pass
    return Response(status_code=204, headers={"Jam-Seq": str(seq)})


_SEQ = ("Jam-Seq", "The change that the write became, 0 when nothing changed.")
_PATH = "/api/v1/me"

ROUTES: tuple[Route, ...] = (
    Route(
        "PATCH",
        _PATH,
        "patch_me",
        "Changes one's own profile; null takes a field away.",
        Who.SIGNED_IN,
        (Answer(200, "The person as it now is.", Person, headers=(_SEQ,)),),
        ("rate_limited",),
        body=wire.ProfileEdit,
        run=patch_me,
    ),
    Route(
        "GET",
        f"{_PATH}/data",
        "get_my_data",
        "All that the server has of one, public and private.",
        Who.SIGNED_IN,
        (Answer(200, "Everything.", wire.MyData),),
        read=my_data,
    ),
    Route(
        "DELETE",
        _PATH,
        "delete_me",
        "Deletes one's account: sign-ins end, the profile goes from every change, votes and ballots are taken back.",
        Who.SIGNED_IN,
        (Answer(204, "It is gone.", headers=(_SEQ,)),),
        ("rate_limited",),
        (
            Parameter(
                "posts",
                "What becomes of one's posts: `keep` leaves them without a name, `remove` takes them back.",
                {"type": "string", "enum": ["keep", "remove"]},
            ),
        ),
        run=delete_me,
    ),
)
