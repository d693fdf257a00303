"""An example of each body of a request and of each answer, for the OpenAPI document.

They are instances of the very shapes, so they cannot drift from them; `tests/contract/test_server_openapi.py` asks for
one of each shape, and reads those of requests as the server does.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from jamserver import wire
from jamserver.web import Route
from jamtui.archive import Forum, Jam, Person, Phase, Post

_AT = datetime(2011, 2, 9, 14, 2, 33, 120_000, UTC)
_JAM_ID = "019b76da-a800-7000-8000-000000000001"
_ADA = "019b76da-a800-7000-8000-000000000002"
_BEN = "019b76da-a800-7000-8000-000000000003"
_FORUM = "019b76da-a800-7000-8000-000000000004"
_THREAD = "019b76da-a800-7000-8000-000000000005"
_REPLY = "019b76da-a800-7000-8000-000000000006"
_ANNOUNCEMENT = "019b76da-a800-7000-8000-000000000007"
_REPORT = "019b76da-a800-7000-8000-000000000008"
_ACT = "019b76da-a800-7000-8000-000000000009"
_POLL = "019b76da-a800-7000-8000-00000000000a"

_jam = Jam(
    format=1,
    id=_JAM_ID,
    slug="social-business-jam",
    title="Social Business Jam",
    summary="How do we work when everybody can talk to everybody?",
    opens_at=datetime(2011, 2, 8, 14, tzinfo=UTC),
    closes_at=datetime(2011, 2, 11, 14, tzinfo=UTC),
    grace_seconds=3_600,
    phases=(
        Phase("ideas", "Ideas", datetime(2011, 2, 8, 14, tzinfo=UTC), "What is new is welcome."),
        Phase("refine", "Refining", datetime(2011, 2, 10, 14, tzinfo=UTC), "Make the best better.", ("threads",)),
    ),
)
_ada = Person(_ADA, "ada", "Ada Byron", "host", "Analytical Engines", "GB", languages=("en", "fr"))
_ben = Person(_BEN, "ben", "Ben Okri", "participant", country="NG")
_forum = Forum(_FORUM, "meetings", "Meetings", "Which of them do you need?", 0, (_ADA,), 2, _ADA, _AT)
_thread = Post(
    _THREAD,
    _FORUM,
    _THREAD,
    _ADA,
    _AT,
    "Half of ours could be a text.",
    title="Fewer meetings",
    tags=("meetings", "time"),
    votes={"up": 12},
    kind="idea",
)
_reply = Post(_REPLY, _FORUM, _THREAD, _BEN, _AT, "Ours too. Where do you begin?", parent_id=_THREAD, votes={"up": 1})
_announcement = wire.Announcement(_ANNOUNCEMENT, _ADA, "The second day begins. **Look at what is new.**", _AT)
_link = wire.Link(f"{_THREAD}.builds_on.{_REPLY}", _THREAD, "builds_on", _REPLY, _BEN, _AT)
_poll = wire.Poll(
    _POLL, _ADA, "When do we meet?", ("Mornings", "Afternoons"), _AT, (17, 4), _FORUM,
    datetime(2011, 2, 9, 18, tzinfo=UTC),
)  # fmt: skip


_act = wire.Act(_ACT, "lock", _ADA, _AT, "All is said.", _THREAD, seq=2_720)
_queued = wire.QueuedReport(_REPORT, _REPLY, "spam", "open", _AT, "", _ADA, 3, 1)


def _raw(one: object) -> dict[str, object]:
    """An object as a change has it."""
    found: dict[str, object] = msgspec.to_builtins(one)
    return found


EXAMPLES: dict[type, object] = {
    one.__class__: one
    for one in (
        _jam,
        _ada,
        _forum,
        _thread,
        _announcement,
        wire.Discovery(
            "Social Business Jam",
            "1.0",
            "/api/v1",
            _jam,
            (wire.SignInWay("guest"), wire.SignInWay("invite"), wire.SignInWay("password")),
            wire.Limits(),
            "2719-k3x9",
        ),
        {"openapi": "3.1.0", "info": {"title": "Jam", "version": "1.0"}, "paths": {}},
        wire.Forums((_forum,)),
        wire.Posts((_thread, _reply), "2719"),
        wire.PostTags((wire.PostTag("meetings", (_ADA, _BEN)), wire.PostTag("time", (_ADA,)))),
        wire.Tags((wire.TagCount("meetings", 41), wire.TagCount("time", 17))),
        wire.People((_ada, _ben), None),
        wire.MyVotes((_THREAD,)),
        wire.TagEdit("What could be a text."),
        wire.TagMerge("meetings"),
        wire.TagRecord("meetings", "What could be a text.", True),
        wire.ProfileEdit("Ada Byron", "Analytical Engines", "GB", ("en", "fr"), "I count what can be counted."),
        wire.MyData(
            "2011-02-09T14:02:33.120Z",
            _ben,
            "2011-02-08T14:00:00.000Z",
            None,
            (_reply,),
            (),
            (wire.MyTag(_THREAD, "meetings"),),
            (_THREAD,),
            {},
            (),
            (),
            (),
            (),
            ({"kind": "access", "expires_at": "2011-02-09T15:00:00.000Z"},),
            True,
            (),
        ),
        wire.Desk("moderator", queue=(_queued,), queue_size=214, audit=(_act,)),
        wire.Changes(
            (
                wire.ChangeItem(2_718, "p0qd", "post", _raw(_thread)),
                wire.ChangeItem(2_719, "k3x9", "votes", {"post_id": _THREAD, "up": 12}),
            ),
            "2719-k3x9",
        ),
        wire.Announcements((_announcement,), None),
        _link,
        wire.Links((_link,), None),
        wire.IdeaState("refined"),
        wire.Featuring("Says what it costs, and who would pay."),
        _poll,
        wire.Polls((_poll,), None),
        wire.Gone(_POLL, _ADA, _AT, True),
        wire.BallotAnswer(_POLL, 0, (18, 4)),
        wire.NewPoll("When do we meet?", ("Mornings", "Afternoons"), _FORUM, datetime(2011, 2, 9, 18, tzinfo=UTC)),
        wire.PollEdit(True),
        wire.NewBallot(0),
        wire.ForumEdit(brief="Which of them do you need? Tell us **when** they help."),
        wire.NewPost("Half of ours could be a text.", forum_id=_FORUM, title="Fewer meetings", tags=("meetings",)),
        wire.PostEdit(body="Half of ours could be a text. I counted."),
        wire.VoteAnswer(_THREAD, 13, True),
        wire.AnnouncementEdit("The second day begins at 14:00 UTC."),
        wire.NewAnnouncement("The second day begins. **Look at what is new.**"),
        wire.NewReport(_REPLY, "spam", "The same text stands in five threads."),
        wire.ReportDecision("dismissed"),
        wire.NewAct("lock", "All is said.", _THREAD),
        wire.Report(_REPORT, _REPLY, "spam", "open", _AT, "The same text stands in five threads."),
        _act,
        wire.Acts((_act,), None),
        wire.Reports((_queued,), None),
        wire.PasswordSignIn("ada", "correct horse battery staple"),
        wire.InviteSignIn("jam-7k2m-q9fw", "ben", "Ben Okri", "correct horse battery staple"),
        wire.OidcSignIn("eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "urn:ietf:params:oauth:token-type:id_token"),
        wire.Refresh("uM2v4yq0rJ8bq3Hn"),
        wire.Revoke("uM2v4yq0rJ8bq3Hn"),
        wire.TokenShape("k9Zt1s7w2Qe5", "Bearer", 3_600, "uM2v4yq0rJ8bq3Hn", _ben),
    )
}


def of(shape: type) -> object:
    """The example of a shape as JSON values; None when there is none."""
    one = EXAMPLES.get(shape)
    return None if one is None else msgspec.to_builtins(one)


def shapes(routes: tuple[Route, ...]) -> list[type]:
    """Every shape of a request or an answer, once."""
    found: dict[type, None] = {}
    for route in routes:
        for shape in (route.body, *(answer.shape for answer in route.answers)):
            if shape is not None:
                found[shape] = None
    return list(found)
