"""What hosts do: briefs of forums, quick polls; and the ballots of everybody."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from jamserver import forums, once, polls, wire
from jamserver.db import Connection
from jamserver.polls import Choice
from jamserver.posts import Actor
from jamserver.problems import Problem, invalid
from jamserver.routes.reading import AFTER, LIMIT, PAGE, after, page
from jamserver.routes.writing import actor_of, asked, counted, own_id
from jamserver.web import Answer, Call, Parameter, Route, Who, json_response
from jamtui.archive import Forum
from jamtui.event import HOSTS


async def patch_forum(call: Call) -> Response:
    actor, change, if_match = actor_of(call), call.json(wire.ForumEdit), call.header("if-match")
    if change == wire.ForumEdit():
        raise invalid("", "Name title, brief or host_ids.")
    name = call.path("forum")
    request = msgspec.json.encode(change)
    wanted = asked(call, f"forums/{name}", request)
    done = await counted(
        call, lambda tx: once.run(tx, wanted, "", lambda inner: forums.edit(inner, actor, name, change, if_match))
    )
    return json_response(done.post, 200, {"Jam-Seq": str(done.seq), "ETag": f'"{done.version}"'})


def list_polls(db: Connection, call: Call) -> Response:
    limit = call.limit(PAGE, PAGE)
    return page(polls.listed(db, after(call), limit + 1), limit)


def _answer(body: bytes, seq: int, status: int = 200) -> Response:
    return json_response(body, status, {"Jam-Seq": str(seq)})


async def put_poll(call: Call) -> Response:
    poll_id, new = own_id(call, "poll"), call.json(wire.NewPoll)
    actor = actor_of(call)
    made, seq, created = await counted(call, lambda tx: polls.make(tx, actor, poll_id, new))
    return _answer(made, seq, 201 if created else 200)


async def patch_poll(call: Call) -> Response:
    actor, change, poll_id = actor_of(call), call.json(wire.PollEdit), call.path("poll")
    if not change.closed:
        raise invalid("/closed", "A poll is ended; it is not opened again.")
    return _answer(*await counted(call, lambda tx: polls.close(tx, actor, poll_id)))


async def delete_poll(call: Call) -> Response:
    actor, poll_id = actor_of(call), call.path("poll")
    return _answer(*await counted(call, lambda tx: polls.take_away(tx, actor, poll_id)))


async def put_ballot(call: Call) -> Response:
    poll_id, choice = call.path("poll"), call.json(wire.NewBallot).choice
    actor = actor_of(call)
    choices = len((await call.services.readers.run(lambda db: polls.get(db, poll_id))).choices)  # they never change
    if choice >= choices:
        raise invalid("/choice", f"The choices of this poll are 0 to {choices - 1}.")
    return await _ballot(call, actor, choice, b"%d" % choice)


async def delete_ballot(call: Call) -> Response:
    return await _ballot(call, actor_of(call), None, b"")


async def _ballot(call: Call, actor: Actor, choice: int | None, request: bytes) -> Response:
    poll_id = call.path("poll")
    ballot = Choice(actor.person_id, choice, asked(call, f"{poll_id}/ballot", request))
    done = await call.services.ballots.cast(poll_id, ballot)
    if isinstance(done, Problem):
        raise done
    body = msgspec.json.encode(wire.BallotAnswer(poll_id, choice, done.counts))
    call.services.day.add(actor.person_id, len(body))
    return _answer(body, done.seq)


_SEQ = ("Jam-Seq", "The change that the write became.")
_ETAG = ("ETag", "The version of the forum, in quotes.")
_KEY = Parameter("Idempotency-Key", "The same key gets the first answer again for 7 days.", where="header")
_POLL = (Answer(200, "The poll as it now is.", wire.Poll, headers=(_SEQ,)),)
_COUNTS = (Answer(200, "How the poll stands.", wire.BallotAnswer, headers=(_SEQ,)),)
_V1 = "/api/v1"
_PATH = f"{_V1}/polls/{{poll}}"
_CLOSED = ("jam_closed", "phase_closed", "not_found", "rate_limited")

ROUTES: tuple[Route, ...] = (
    Route(
        "PATCH",
        f"{_V1}/forums/{{forum}}",
        "patch_forum",
        "Changes title, brief or hosts of a forum, for its hosts.",
        Who.SIGNED_IN,
        (Answer(200, "The forum as it now is.", Forum, headers=(_SEQ, _ETAG)),),
        ("jam_closed", "not_found", "forbidden", "version_conflict", "if_match_required", "idempotency_key_reused",
         "rate_limited"),
        (Parameter("If-Match", 'The version that was seen, in quotes: `"3"`.', where="header"), _KEY),
        body=wire.ForumEdit,
        run=patch_forum,
        only=HOSTS,
    ),
    Route(
        "GET",
        f"{_V1}/polls",
        "list_polls",
        "The polls that were asked, oldest first.",
        Who.ANY,
        (Answer(200, "A page of polls.", wire.Polls),),
        parameters=(AFTER, LIMIT),
        read=list_polls,
    ),
    Route(
        "PUT",
        _PATH,
        "put_poll",
        "Asks something, for hosts and moderators; the same again is answered, not asked twice.",
        Who.SIGNED_IN,
        (
            Answer(201, "The new poll.", wire.Poll, headers=(_SEQ,)),
            Answer(200, "The poll that this made before, as it now is.", wire.Poll, headers=(_SEQ,)),
        ),
        (*_CLOSED, "forbidden", "id_taken"),
        body=wire.NewPoll,
        run=put_poll,
        only=HOSTS,
    ),
    Route(
        "PATCH",
        _PATH,
        "patch_poll",
        "Closes a poll: it takes no more ballots. For who asked, the hosts of its forum, moderators.",
        Who.SIGNED_IN,
        _POLL,
        (*_CLOSED, "forbidden"),
        body=wire.PollEdit,
        run=patch_poll,
        only=HOSTS,
    ),
    Route(
        "DELETE",
        _PATH,
        "delete_poll",
        "Takes a poll away: its frame stays, its words and ballots go from everywhere.",
        Who.SIGNED_IN,
        (Answer(200, "What is left of the poll.", wire.Gone, headers=(_SEQ,)),),
        (*_CLOSED, "forbidden"),
        run=delete_poll,
        only=HOSTS,
    ),
    Route(
        "PUT",
        f"{_PATH}/ballot",
        "put_ballot",
        "Chooses in a poll, or chooses anew: one ballot a person.",
        Who.SIGNED_IN,
        _COUNTS,
        (*_CLOSED, "poll_closed", "idempotency_key_reused"),
        (_KEY,),
        body=wire.NewBallot,
        run=put_ballot,
    ),
    Route(
        "DELETE",
        f"{_PATH}/ballot",
        "delete_ballot",
        "Takes one's ballot back.",
        Who.SIGNED_IN,
        _COUNTS,
        (*_CLOSED, "poll_closed", "idempotency_key_reused"),
        (_KEY,),
        run=delete_ballot,
    ),
)  # fmt: skip
