"""Reports, acts of moderation, and the audit log."""

from __future__ import annotations

from starlette.responses import Response

from jamserver import moderation, moderation_desk, reports, wire
from jamserver.db import Connection
from jamserver.posts import Actor
from jamserver.problems import Problem
from jamserver.routes.reading import AFTER, LIMIT, PAGE, after, page
from jamserver.routes.writing import actor_of, counted, own_id
from jamserver.web import Answer, Call, Route, Who, json_response
from jamtui.event import HOSTS


async def put_report(call: Call) -> Response:
    report_id, new = own_id(call, "report"), call.json(wire.NewReport)
    actor = actor_of(call)
    most, fresh = call.services.day_reports, call.services.newcomers
    made, created = await counted(call, lambda tx: reports.make(tx, actor, report_id, new, most, fresh))
    return json_response(made, 201 if created else 200, {"Jam-Seq": "0"})


async def patch_report(call: Call) -> Response:
    report_id, state = call.path("report"), call.json(wire.ReportDecision).state
    actor = actor_of(call)
    found, _ = await counted(call, lambda tx: moderation.decide(tx, actor, report_id, state))
    return json_response(found, headers={"Jam-Seq": "0"})


async def put_act(call: Call) -> Response:
    act_id, new = own_id(call, "act"), call.json(wire.NewAct)
    # One large thread that is moved may use up a day: what is harmful is hidden all the same.
    any_day = new.act in moderation.OF_ONE_CHANGE
    actor = actor_of(call, any_day=any_day)
    done, seq, created = await counted(
        call, lambda tx: moderation.do(tx, actor, act_id, new), alone=True, any_day=any_day
    )
    return json_response(done, 201 if created else 200, {"Jam-Seq": str(seq)})


def list_acts(db: Connection, call: Call) -> Response:
    if not Actor(*call.actor).moderates:
        raise Problem("forbidden", "Moderators read the audit log.")
    limit = call.limit(PAGE, PAGE)
    return page(list(moderation.listed(db, after(call), limit + 1)), limit)


def list_reports(db: Connection, call: Call) -> Response:
    actor = Actor(*call.actor)
    if not actor.moderates:
        raise Problem("forbidden", "Moderators read what was reported.")
    limit = call.limit(PAGE, PAGE)
    return page(moderation_desk.waiting(db, actor, after(call), limit + 1), limit)


_SEQ = (("Jam-Seq", "The last change that it became; 0 for what stands in no log."),)

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/v1/reports",
        "list_reports",
        "What was reported and waits for a decision, the oldest report first.",
        Who.SIGNED_IN,
        (Answer(200, "A page of reports.", wire.Reports),),
        ("forbidden",),
        parameters=(AFTER, LIMIT),
        only=("moderator",),
        read=list_reports,
    ),
    Route(
        "PUT",
        "/api/v1/reports/{report}",
        "put_report",
        "Reports a post to the moderators; the same again is answered, not made twice.",
        Who.SIGNED_IN,
        (
            Answer(201, "The new report.", wire.Report, headers=_SEQ),
            Answer(200, "The report that this made before, as it now is.", wire.Report, headers=_SEQ),
        ),
        ("jam_closed", "forbidden", "id_taken", "not_found", "post_gone", "report_taken", "rate_limited"),
        body=wire.NewReport,
        run=put_report,
    ),
    Route(
        "PATCH",
        "/api/v1/reports/{report}",
        "patch_report",
        "Decides on a report, and on all others about the same post.",
        Who.SIGNED_IN,
        (Answer(200, "The report as it now is.", wire.Report, headers=_SEQ),),
        ("jam_closed", "forbidden", "not_found", "rate_limited"),
        body=wire.ReportDecision,
        only=("moderator",),
        run=patch_report,
    ),
    Route(
        "GET",
        "/api/v1/moderation",
        "list_acts",
        "The audit log, the oldest act first.",
        Who.SIGNED_IN,
        (Answer(200, "A page of acts.", wire.Acts),),
        ("forbidden",),
        parameters=(AFTER, LIMIT),
        only=("moderator",),
        read=list_acts,
    ),
    Route(
        "PUT",
        "/api/v1/moderation/{act}",
        "put_act",
        "One act of moderation, once; hosts lock, unlock, move and merge in their forums.",
        Who.SIGNED_IN,
        (
            Answer(201, "The act.", wire.Act, headers=_SEQ),
            Answer(200, "The act that this was before.", wire.Act, headers=_SEQ),
        ),
        ("jam_closed", "forbidden", "id_taken", "not_found", "post_gone", "act_overtaken", "rate_limited"),
        body=wire.NewAct,
        only=HOSTS,
        run=put_act,
    ),
)
