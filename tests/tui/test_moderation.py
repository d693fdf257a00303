"""Moderation on the screen: reporting, acts and undoing them, the queue, the audit log, hidden posts, notices."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from jamtui.app import JamApp
from jamtui.archive import rfc3339
from jamtui.session import Session
from jamtui.store import connection, mirror
from screens.messages import JamChanged

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
HOSTILE = "\x1b[2J\u202eevil[@click=app.quit]x[/]"


def at(minutes: int) -> str:
    return rfc3339(NOW - timedelta(minutes=minutes))


def put_desk(session: Session, role: str = "participant", **sections: Any) -> None:
    with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        row = next(iter(db.execute("SELECT raw FROM people WHERE id = ?", (session.me.person_id,))))
        me = msgspec.json.decode(bytes(row[0])) | {"role": role}
        mirror.Mirror(db).apply([("person", msgspec.json.encode(me))], "2-bbbb")
    desk = {"role": role, **sections}
    session._own.put_desk(msgspec.json.encode(desk), f"{len(str(desk))}")


def posts_of(session: Session) -> list[Any]:
    """The openers of a forum that is not the first, and a reply."""
    keys = session.thread_keys(session.forums()[1].id)[:4]
    openers = session.posts(keys)
    index = session.thread_index(openers[0].id)
    return [*openers, *session.posts(index.keys[1:2])]


def moderator(session: Session) -> list[Any]:
    """A moderator's desk: three reported posts, five acts, a hidden post."""
    posts = posts_of(session)
    people = [row.id for row in session.people()[:5]]
    a, b, c, d, reply = posts
    queue = [
        {"id": f"r{n}", "post_id": post.id, "reason": reason, "note": note, "state": "open", "created_at": at(90 - n),
         "person_id": people[n % 5]}
        for n, (post, reason, note) in enumerate(
            [(a, "spam", "The same text stands in five threads."), (reply, "abuse", ""), (a, "spam", ""),
             (a, "off-topic", f"Nothing to do with it {HOSTILE}"), (c, "other", "Is this true?")]
        )
    ]  # fmt: skip
    audit = [
        {"id": "a5", "act": "undo", "by_id": people[1], "of": "a4", "created_at": at(2)},
        {"id": "a4", "act": "lock", "by_id": people[0], "post_id": b.id, "reason": "All is said.", "undone_by": "a5",
         "created_at": at(9)},
        {"id": "a3", "act": "suspend", "by_id": people[0], "person_id": people[3], "post_id": d.id,
         "reason": "Insults, after a warning.", "until": rfc3339(NOW + timedelta(days=3)), "created_at": at(30)},
        {"id": "a2", "act": "move", "by_id": people[1], "post_id": c.id, "to": session.forums()[2].id,
         "reason": "It belongs there.", "created_at": at(45)},
        {"id": "a1", "act": "remove", "by_id": people[1], "post_id": reply.id, "reason": "A private address.",
         "created_at": at(300)},
    ]  # fmt: skip
    hidden = [
        {"id": d.id, "forum_id": d.forum_id, "thread_id": d.id, "author_id": d.author_id, "created_at": at(500),
         "title": "What was hidden", "body": f"Its **text**, kept apart. {HOSTILE}", "parent_id": None}
    ]  # fmt: skip
    put_desk(session, "moderator", queue=queue, audit=audit, hidden=hidden, suspensions=[])
    return posts


def told(session: Session) -> None:
    """What a participant is told."""
    post = posts_of(session)[0]
    put_desk(
        session,
        notices=[
            {"id": "n1", "kind": "warn", "at": at(3), "reason": f"Please do not shout at others. {HOSTILE}"},
            {"id": "n2", "kind": "report", "at": at(60), "post_id": post.id, "state": "acted", "act": "lock"},
            {"id": "n3", "kind": "move", "at": at(600), "post_id": post.id, "to": session.forums()[2].id,
             "reason": "It belongs there."},
        ],
        reports=[{"id": "r1", "post_id": post.id, "reason": "spam", "state": "acted", "created_at": at(90)}],
    )  # fmt: skip


async def to_post(t: Any, post: Any) -> None:
    await t.command(f"post {post.id}")


async def test_a_post_is_reported_in_two_keys_and_a_note(tui: Any, session: Session) -> None:
    post = posts_of(session)[0]
    async with tui() as t:
        await to_post(t, post)
        await t.press("R", "2", "enter")
        assert "Thank you" in t.told
        row = session.outbox()[0]
        assert (row.kind, row.post_id) == ("report", post.id)
        await t.press("R")
        assert "already" in t.told
        await t.press("z")
        assert session.outbox() == []


async def test_the_reason_other_needs_a_note(tui: Any, session: Session) -> None:
    async with tui() as t:
        await to_post(t, posts_of(session)[0])
        await t.press("R", "5", "enter")
        assert "say what it is" in t.text
        await t.type("It has my address")
        await t.press("enter")
        assert session._own.outbox()[0].payload.data["note"] == "It has my address"


@pytest.mark.parametrize(
    ("keys", "act"),
    [(["h"], "hide"), (["d"], "remove"), (["l"], "lock"), (["m", "enter"], "move"), (["g", "enter"], "merge"),
     (["w"], "warn"), (["s", "down", "enter"], "suspend")],
)  # fmt: skip
async def test_each_act_in_few_keys_with_a_reason_and_back(
    tui: Any, session: Session, keys: list[str], act: str
) -> None:
    post = moderator(session)[0]
    async with tui() as t:
        await to_post(t, post)
        await t.press("M", *keys)
        assert session.outbox() == []
        await t.press("enter")
        assert "Say why" in t.text
        await t.type("Because of it")
        await t.press("enter")
        row = session._own.outbox()[0]
        assert (row.kind, row.payload.data["act"], row.payload.data["reason"]) == ("moderate", act, "Because of it")
        assert ("person_id" in row.payload.data) == (act in ("warn", "suspend"))
        assert ("to" in row.payload.data) == (act in ("move", "merge"))
        if act == "remove":
            assert "takes it back" not in t.told
        else:
            await t.press("z")
            assert session.outbox() == []


async def test_who_merged_a_thread_still_reads_how_it_is_taken_back(tui: Any, session: Session) -> None:
    """That it was merged is news for others; what the server did stood over the key that takes it back."""
    (a, b), seq = moderator(session)[:2], 9
    with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        rows = list(db.execute("SELECT raw FROM posts WHERE thread = (SELECT n FROM posts WHERE id = ?)", (a.id,)))
        posts = [msgspec.json.decode(bytes(raw)) for (raw,) in rows]

        async def come(t: Any, *into: str) -> None:
            records = [
                post | {"thread_id": into[0]} | ({} if post.get("parent_id") else {"parent_id": into[0]})
                if into else post for post in posts
            ]  # fmt: skip
            nonlocal seq
            seq += 1
            changed = mirror.Mirror(db).apply([("post", msgspec.json.encode(one)) for one in records], f"{seq}-bbbb")
            t.screen.post_message(JamChanged(changed))
            await t.settle()

        async with tui() as t:
            await to_post(t, a)
            await t.press("M", "g", "enter")
            await t.type("The same")
            await t.press("enter")
            assert "Merged" in t.told
            await come(t, b.id)
            assert t.screen.spot.thread == b.id
            assert "takes it back" in t.told
            await t.press("z")
            await come(t)
            assert t.screen.spot.thread == a.id
            assert "Taken back: Merged" in t.told
            await come(t, b.id)  # by somebody else, and that is told
            assert "was merged into another: you are where you were" in t.told


async def test_a_word_typed_into_the_list_of_acts_chooses_none_and_is_told(tui: Any, session: Session) -> None:
    post = moderator(session)[0]
    async with tui() as t:
        await to_post(t, post)
        await t.press("M", *"thanks", "enter", *"all of it", "enter")
        assert "What is to be done?" in t.text
        assert "t is none of these" in t.text
        assert session.outbox() == []
        await t.press("down")
        assert "is none of these" not in t.text
        await t.press("h")
        assert "Hide the post: why?" in t.text
        await t.press("escape", "escape")
        await t.press("M", "s", "h")
        assert "how long?" in t.text
        assert "h is none of these" in t.text
        await t.press("enter")
        assert "how long?" in t.text
        await t.press("down", "enter")
        assert "why?" in t.text
        await t.press("escape", "escape")
        assert session.outbox() == []


async def test_escape_goes_back_a_step_and_nothing_is_done(tui: Any, session: Session) -> None:
    post = moderator(session)[0]
    async with tui() as t:
        await to_post(t, post)
        await t.press("M", "m", "enter", "escape", "escape")
        assert session.outbox() == []
        await t.press("M", "g")
        await t.type("zzzz")
        assert "No other thread is called that" in t.text  # before Enter, too
        await t.press("enter")
        assert "No other thread is called that" in t.text


@pytest.mark.parametrize("state", ["deleted", "removed", "hidden"])
async def test_what_is_gone_is_acted_on_by_no_key_and_the_key_says_why(tui: Any, session: Session, state: str) -> None:
    """Before anybody is asked for a reason, a tag or another post."""
    moderator(session)
    post = posts_of(session)[0]
    with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        row = next(iter(db.execute("SELECT raw FROM posts WHERE id = ?", (post.id,))))
        gone = {"title": "", "body": "", "tags": [], "state": state, "version": 9, "kind": None, "featured": None}
        mirror.Mirror(db).apply([("post", msgspec.json.encode(msgspec.json.decode(bytes(row[0])) | gone))], "3-bbbb")
    why = {"deleted": "taken back by its author", "removed": "removed by", "hidden": "hidden by a moderator"}[state]
    async with tui() as t:
        await to_post(t, post)
        for key in ("asterisk", "L", "t", "r", "plus", "R"):
            await t.press(key)
            assert why in t.told, key
            assert len(t.app.screen_stack) == 1, key
        for line in ("kind", "idea-state"):
            await t.command(line)
            assert why in t.told, line


async def test_the_queue_is_gone_through_with_one_key_each(tui: Any, session: Session) -> None:
    moderator(session)
    async with tui() as t:
        assert "3 posts are reported" in t.told
        assert "3 reported" in t.text.splitlines()[0]
        await t.command("reports")
        assert "3 posts to decide on" in t.text
        await t.press("h")
        assert [row.payload.data["act"] for row in session._own.outbox()] == ["hide"]
        assert session._own.outbox()[0].payload.data["reason"] == "Reported: spam, off-topic."
        assert len(session.queue()) == 2
        assert "Hidden: " in t.text  # it stands there though the list is another now
        assert "z takes it back" in t.text
        await t.press("x")
        assert "Left as it is: " in t.text
        assert len(session.queue()) == 1
        await t.press("z")
        assert "Taken back" in t.text
        assert len(session.queue()) == 2
        await t.press("j")
        assert "Taken back" not in t.text  # one looks at another post
        await t.press("k")
        await t.press("x", "w")
        assert session.queue() == []
        assert "z takes it back" in t.text
        await t.press("escape")
        assert " reported" not in t.text.splitlines()[0]
        session.drop(session.outbox()[-1].id)
        await t.settle()
        t.screen.reload()
        assert "1 reported" in t.text.splitlines()[0]


async def test_all_that_was_decided_in_the_queue_is_taken_back_the_last_first(tui: Any, session: Session) -> None:
    moderator(session)
    async with tui() as t:
        await t.command("reports")
        await t.press("h", "x")
        assert len(session.queue()) == 1
        await t.press("d", *"Final", "enter")
        assert "z takes" not in t.text, "a removal is final"
        assert session.queue() == []
        await t.press("z")
        assert "Taken back: Left as it is" in t.text
        assert "z takes back the one before" in t.text
        await t.press("z")
        assert "Taken back: Hidden" in t.text
        assert "the one before" not in t.text
        assert len(session.queue()) == 2
        await t.press("z")
        assert "Nothing to take back" in t.text
        assert [row.payload.data["act"] for row in session._own.outbox()] == ["remove"]


async def test_the_smallest_queue_says_how_to_take_back_and_how_to_leave(tui: Any, session: Session) -> None:
    moderator(session)
    async with tui(size=(40, 10)) as t:
        await t.command("reports")
        for waiting in (2, 1, 0):
            await t.press("w")
            assert len(session.queue()) == waiting
            assert "is warned for: " in t.text
            assert "z takes it back" in t.text
            assert "Esc leaves" in t.text
        assert "Nothing waits" in t.text


async def test_the_smallest_dialogs_of_moderators_say_each_step_and_its_keys(tui: Any, session: Session) -> None:
    post = moderator(session)[0]
    async with tui(size=(40, 10)) as t:
        await to_post(t, post)
        for act, where in (("g", "Merge: into which thread?"), ("m", "Move: where to?"), ("s", "Suspend: how long?")):
            await t.press("M", act)
            assert where in t.text, t.text
            assert "Enter chooses  Esc goes back" in t.text
            await t.press(*(("down",) if act == "s" else ()), "enter")
            assert "why?" in t.text
            assert "Enter does it  Esc goes back" in t.text
            await t.press("escape", "escape")
        put_desk(session, "moderator")
        for line, told in (
            ("audit", "Nothing was done yet."),
            ("polls", "Nothing was asked yet."),
            ("notices", "No notices."),
        ):
            await t.command(line)
            assert told in t.text, line
            assert "Esc leaves" in t.text, line
            await t.press("escape")


async def test_an_act_is_undone_from_the_audit_log(tui: Any, session: Session) -> None:
    moderator(session)
    async with tui() as t:
        await t.command("audit")
        await t.press("u")
        assert "cannot be undone" in t.text
        await t.press("j", "j", "u")
        assert session._own.outbox()[0].payload.data == {"act": "undo", "of": "a3"}
        await t.press("G", "u")
        assert "final" in t.text


async def test_the_audit_log_names_only_keys_that_do_something_to_the_row(tui: Any, session: Session) -> None:
    post, people = posts_of(session)[0], [row.id for row in session.people()[:2]]
    acts = [
        {
            "id": "a3",
            "act": "withdraw",
            "by_id": people[0],
            "person_id": people[1],
            "record_id": "x",
            "created_at": at(1),
        },
        {"id": "a2", "act": "lock", "by_id": people[0], "post_id": post.id, "reason": "Enough.", "created_at": at(2)},
        {"id": "a1", "act": "remove", "by_id": people[0], "post_id": post.id, "reason": "x", "created_at": at(3)},
    ]
    put_desk(session, "moderator", audit=acts)
    async with tui() as t:
        await t.command("audit")
        assert "withdrew an announcement of" in t.text
        assert "Esc leaves" in t.text
        assert "u undoes" not in t.text
        assert "Enter goes" not in t.text
        await t.press("u")
        assert "This is final" in t.text
        await t.press("escape")
        await t.command("audit")
        await t.press("j")
        assert "u undoes   Enter goes to the post   Esc leaves" in t.text
        await t.press("j")
        assert "u undoes" not in t.text
        assert "Enter goes to the post   Esc leaves" in t.text


async def test_a_warning_stands_there_until_it_was_read(tui: Any, session: Session) -> None:
    told(session)
    async with tui() as t:
        assert "A moderator warns you" in t.text
        await t.press("X")
        assert "A moderator warns you" in t.text
        await t.press("N")
        assert "Please do not shout" in t.text
        await t.press("escape")
        assert "A moderator warns you" not in t.text
        assert all(row.seen for row in session.notices())


async def test_a_long_warning_is_read_to_its_end_on_the_smallest_screen(tui: Any, session: Session) -> None:
    reason = f"{'Please stay calm. ' * 20}That is all."
    put_desk(session, notices=[{"id": "n1", "kind": "warn", "at": at(3), "reason": reason}])
    async with tui(size=(40, 10)) as t:
        await t.press("N")
        for _ in range(12):
            if "That is all" in t.text:
                break
            await t.press("j")
        assert "That is all" in t.text


async def test_a_warning_that_was_read_in_the_inbox_stands_there_no_more(tui: Any, session: Session) -> None:
    told(session)
    async with tui() as t:
        assert "A moderator warns you" in t.text.splitlines()[1]
        await t.command("inbox notices")
        await t.press("g", "enter")
        assert "Please do not shout" in t.text
        await t.press("escape")
        assert "A moderator warns you" not in t.text.splitlines()[1]
        assert "was moved to" in t.text.splitlines()[1] or "Thank you for your report" in t.text.splitlines()[1]


async def test_who_is_suspended_sees_why_and_until_when(tui: Any, session: Session) -> None:
    until = NOW + timedelta(days=3)
    put_desk(
        session,
        suspended={"until": rfc3339(until), "reason": "Insults."},
        notices=[{"id": "n", "kind": "suspend", "at": at(1), "until": rfc3339(until), "reason": "Insults."}],
    )
    async with tui() as t:
        assert "You are suspended until 12 February" in t.text
        await to_post(t, posts_of(session)[0])
        await t.press("r")
        assert "You are suspended until 12 February 14:00: Insults" in t.told
        assert session.drafts() == []


async def test_people_who_may_not_are_told_so(tui: Any, session: Session) -> None:
    async with tui() as t:
        await to_post(t, posts_of(session)[0])
        await t.press("M")
        assert "for moderators" in t.told
        await t.command("audit")
        assert "This is for hosts" in t.told
        await t.command("reports")
        assert "You reported nothing" in t.text


# -- pictures

_PICTURES = [
    ("report", (100, 30)), ("moderate", (100, 30)), ("moderate", (40, 10)), ("reason", (100, 30)), ("queue", (120, 40)),
    ("queue", (40, 10)), ("queue", (160, 45)), ("audit", (120, 40)), ("hidden", (100, 30)), ("notices", (100, 30)),
    ("notices", (40, 10)), ("line", (120, 40)),
]  # fmt: skip


@pytest.mark.parametrize(("what", "size"), _PICTURES, ids=[f"{what}-{size[0]}x{size[1]}" for what, size in _PICTURES])
def test_pictures(
    session: Session, tmp_path: Path, snap_compare: Callable[..., bool], what: str, size: tuple[int, int]
) -> None:
    if what in ("notices", "line"):
        told(session)
    else:
        moderator(session)
    app = JamApp(session, reports=tmp_path / "reports", theme="dark", frozen=True, clock=lambda: NOW)
    post = posts_of(session)[0].id
    to_post = ("colon", *(f"post {post}".replace(" ", "_")), "enter")
    keys = {
        "report": (*to_post, "R"), "moderate": (*to_post, "M"), "reason": (*to_post, "M", "d"),
        "queue": ("colon", *"reports", "enter"), "audit": ("colon", *"audit", "enter"),
        "hidden": ("colon", *"hidden", "enter"), "notices": ("N",), "line": (),
    }[what]  # fmt: skip

    async def show(pilot: Pilot[None]) -> None:
        await pilot.pause()  # what comes after the first frame is there
        for key in keys:
            await pilot.press({"_": "space", "-": "minus"}.get(key, key))

    assert snap_compare(app, terminal_size=size, run_before=show)


async def test_what_is_typed_right_behind_the_target_is_the_reason(tui: Any, session: Session) -> None:
    post = moderator(session)[0]
    async with tui() as t:
        await to_post(t, post)
        await t.press("M", "g")
        await t.type("champions")
        await t.pilot.press("enter", "T", "h", "e")  # in one go
        await t.type(" same idea")
        await t.press("enter")
        assert session._own.outbox()[0].payload.data["reason"] == "The same idea"
