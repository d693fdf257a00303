"""Announcements: read by everybody, made, changed and withdrawn by hosts and moderators."""

from __future__ import annotations

from starlette.responses import Response

from jamserver import announcements, wire
from jamserver.db import Connection
from jamserver.routes.reading import AFTER, LIMIT, PAGE, after, page
from jamserver.routes.writing import actor_of, counted, own_id
from jamserver.web import Answer, Call, Route, Who, json_response
from jamtui.event import HOSTS


def list_announcements(db: Connection, call: Call) -> Response:
    limit = call.limit(PAGE, PAGE)
    return page(list(announcements.listed(db, after(call), limit + 1)), limit)


async def put_announcement(call: Call) -> Response:
    new_id, new = own_id(call, "announcement"), call.json(wire.NewAnnouncement)
    actor = actor_of(call)
    made, seq, created = await counted(call, lambda tx: announcements.make(tx, actor, new_id, new))
    return json_response(made, 201 if created else 200, {"Jam-Seq": str(seq)})


async def patch_announcement(call: Call) -> Response:
    actor, announcement_id, edit = actor_of(call), call.path("announcement"), call.json(wire.AnnouncementEdit)
    made, seq = await counted(call, lambda tx: announcements.change(tx, actor, announcement_id, edit.body))
    return json_response(made, 200, {"Jam-Seq": str(seq)})


async def delete_announcement(call: Call) -> Response:
    actor, announcement_id = actor_of(call), call.path("announcement")
    gone, seq = await counted(call, lambda tx: announcements.withdraw(tx, actor, announcement_id))
    return json_response(gone, 200, {"Jam-Seq": str(seq)})


_SEQ = (("Jam-Seq", "The change that the write became."),)
_PATH = "/api/v1/announcements"

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        _PATH,
        "list_announcements",
        "What hosts and moderators announced, oldest first.",
        Who.ANY,
        (Answer(200, "A page of announcements.", wire.Announcements),),
        parameters=(AFTER, LIMIT),
        read=list_announcements,
    ),
    Route(
        "PUT",
        f"{_PATH}/{{announcement}}",
        "put_announcement",
        "Announces something, for hosts and moderators; the same again is answered, not made twice.",
        Who.SIGNED_IN,
        (
            Answer(201, "The new announcement.", wire.Announcement, headers=_SEQ),
            Answer(200, "The announcement that this made before.", wire.Announcement, headers=_SEQ),
        ),
        ("forbidden", "id_taken", "post_gone", "rate_limited"),
        body=wire.NewAnnouncement,
        only=HOSTS,
        run=put_announcement,
    ),
    Route(
        "PATCH",
        f"{_PATH}/{{announcement}}",
        "patch_announcement",
        "Changes the text of an announcement, for the host who made it; the same again is no change.",
        Who.SIGNED_IN,
        (Answer(200, "The announcement as it now is.", wire.Announcement, headers=_SEQ),),
        ("forbidden", "jam_closed", "not_found", "post_gone", "rate_limited"),
        body=wire.AnnouncementEdit,
        only=HOSTS,
        run=patch_announcement,
    ),
    Route(
        "DELETE",
        f"{_PATH}/{{announcement}}",
        "delete_announcement",
        "Withdraws an announcement, text and all; its frame stays. For the host who made it, moderators.",
        Who.SIGNED_IN,
        (Answer(200, "What is left of it.", wire.Gone, headers=_SEQ),),
        ("forbidden", "jam_closed", "not_found", "rate_limited"),
        only=HOSTS,
        run=delete_announcement,
    ),
)
