"""Moderation off line: rows of a desk whatever a server puts on it, plain mode, commands, mirrors of merged threads."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from demo_mirror import copied

from jamtui.archive import rfc3339
from jamtui.cli import main
from jamtui.errors import UsageError
from jamtui.moderating import Act
from jamtui.paths import Home
from jamtui.plain.console import Ended
from jamtui.plain.pipe import Pipe
from jamtui.plain.program import Plain
from jamtui.session import Session, open_session
from jamtui.store import checking, connection, mirror, registry
from jamtui.store.mirror import Mirror

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
HOSTILE = "\x1b[2J\u202eevil[@click=app.quit]x[/] \x9b31m"


class World:
    def __init__(self, jam: registry.KnownJam, folder: Path) -> None:
        self.folder = folder
        self.seq = 1
        self.session: Session = open_session(*copied(jam, folder), clock=lambda: NOW, rng=random.Random(1), environ={})

    def desk(self, role: str = "moderator", **sections: Any) -> None:
        with closing(connection.connect(self.session.known.mirror, mirror.SCHEMA)) as db:
            row = next(iter(db.execute("SELECT raw FROM people WHERE id = ?", (self.session.me.person_id,))))
            me = json.loads(bytes(row[0])) | {"role": role}
            self.seq += 1
            Mirror(db).apply([("person", msgspec.json.encode(me))], f"{self.seq}-bbbb")
        self.session._own.put_desk(msgspec.json.encode({"role": role, **sections}), '"e"')

    def openers(self) -> list[Any]:
        session = self.session
        return session.posts(session.thread_keys(session.forums()[1].id)[:3])

    def put(self, *posts: dict[str, Any]) -> None:
        with closing(connection.connect(self.session.known.mirror, mirror.SCHEMA)) as db:
            self.seq += len(posts)
            Mirror(db).apply([("post", msgspec.json.encode(data)) for data in posts], f"{self.seq}-bbbb")

    def raw(self, post_id: str) -> dict[str, Any]:
        with closing(connection.connect(self.session.known.mirror, mirror.SCHEMA)) as db:
            row = next(iter(db.execute("SELECT raw FROM posts WHERE id = ?", (post_id,))))
        return dict(json.loads(bytes(row[0])))

    def talk(self, *lines: str) -> str:
        out = io.StringIO()
        console = Pipe(io.StringIO("".join(f"{line}\n" for line in lines)), out, columns=200)
        with pytest.raises(Ended):
            Plain(self.session, console, edit=str, browse=str, environ={}).run()
        return out.getvalue()


@pytest.fixture
def world(mirrored: registry.KnownJam, tmp_path: Path) -> Iterator[World]:
    one = World(mirrored, tmp_path)
    yield one
    one.session.close()


def reported(post: Any, **more: Any) -> dict[str, Any]:
    return {"id": f"r{post.id[-5:]}", "post_id": post.id, "reason": "spam", "created_at": rfc3339(NOW),
            "person_id": "p", **more}  # fmt: skip


def texts(found: Any) -> Iterator[str]:
    """Every text in rows, as it is."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict | list | tuple):
        for one in found.values() if isinstance(found, dict) else found:
            yield from texts(one)


# -- a desk of anybody


ODD: list[Any] = [
    None, 7, "text", [], {}, {"id": 1}, {"id": "x"}, {"id": "x", "kind": []}, {"post_id": "x", "reason": 7},
    {"id": "x", "act": {"a": 1}, "created_at": "never"}, {"until": "9999-99-99"}, {"until": None}, [[[]]],
]  # fmt: skip


def test_a_desk_of_anything_shows_nothing_and_breaks_nothing(world: World, figure: Callable[..., None]) -> None:
    session = world.session
    for odd in (*ODD, ODD):
        world.desk(**dict.fromkeys(("notices", "reports", "queue", "audit", "hidden", "suspended", "suspensions"), odd))
        shown = [session.notices(), session.my_reports(), session.queue(), session.audit(), session.hidden()]
        assert not any(shown)
        assert session.suspended() is None
    figure(f"a desk of {len(ODD) + 1} wrong forms: 0 rows shown, 0 errors")


def test_what_stands_on_the_desk_is_made_harmless(world: World) -> None:
    post, session = world.openers()[0], world.session
    at = rfc3339(NOW)
    world.desk(
        notices=[{"id": "n", "kind": HOSTILE, "at": at, "reason": HOSTILE, "post_id": post.id},
                 {"id": "m", "kind": "warn", "at": at, "reason": HOSTILE}],
        queue=[reported(post, reason=HOSTILE, note=HOSTILE)],
        reports=[reported(post, reason=HOSTILE, note=HOSTILE, state=HOSTILE)],
        audit=[{"id": "a", "act": HOSTILE, "by_id": "x", "created_at": at, "reason": HOSTILE, "post_id": post.id}],
        hidden=[{"id": "h", "forum_id": post.forum_id, "thread_id": "h", "author_id": "x", "created_at": at,
                 "title": HOSTILE, "body": HOSTILE}],
        suspended={"until": rfc3339(NOW + timedelta(days=1)), "reason": HOSTILE},
    )  # fmt: skip
    rows = [session.notices(), session.queue(), session.audit(), session.hidden(), session.suspended()]
    rows.append(session.my_reports())
    shown = "".join(texts(msgspec.to_builtins(rows)))
    assert "evil" in shown
    assert session.who_words() == "suspended: reading only"
    said = world.talk("notices", "audit", "", "hidden", "", "reports", "n")
    for text in (shown, said, session.refusal()):
        assert not {"\x1b", "\x9b", "\u202e"} & set(text)


# -- plain mode


def test_moderating_in_plain_mode(world: World) -> None:
    post = world.openers()[0]
    world.desk(queue=[reported(post)], audit=[])
    said = world.talk(f"post {post.id}", "moderate", "l", "All is said.", "undo")
    assert "Nobody but moderators and hosts" in said
    assert "Locked" in said
    assert "Taken back: Locked" in said
    assert world.session.outbox() == []
    said = world.talk("reports", "h")
    assert "1 reported post to decide on." in said
    assert "1 of 1, reported 1 time: spam" in said
    row = world.session._own.outbox()[0]
    assert row.payload.data == {"act": "hide", "post_id": post.id, "reason": "Reported: spam."}
    assert "Nothing waits" in world.talk("reports")


def test_reporting_in_plain_mode(world: World) -> None:
    post = world.openers()[0]
    world.desk("participant")
    assert "Nothing reported." in world.talk(f"post {post.id}", "report", "")
    said = world.talk(f"post {post.id}", "report", "2", "Twice")
    assert "Thank you" in said
    assert world.session._own.outbox()[0].payload.data == {"post_id": post.id, "reason": "spam", "note": "Twice"}
    assert "waits to be sent" in world.talk("reports")
    assert "for moderators" in world.talk(f"post {post.id}", "moderate")


# -- commands, off line


def run(world: World, *words: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> tuple[int, str, str]:
    monkeypatch.setenv("JAMTUI_HOME", str(world.folder))
    monkeypatch.setattr("jamtui.commands.delivery.PATIENCE", 0.2)
    code = main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


def test_a_report_is_withdrawn_until_a_try_to_send_it_was_begun(world: World) -> None:
    session, (one, other, _) = world.session, world.openers()
    done = session.report(one.id, "spam")
    session.withdraw_report(done)
    assert session.outbox() == []
    done = session.report(other.id, "spam")
    assert session._own.begin(done)
    with pytest.raises(UsageError, match="the moderators have it already"):
        session.withdraw_report(done)
    assert [row.id for row in session.outbox()] == [done]


def test_the_commands_write_rows_and_tell_them(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    post, other = world.openers()[:2]
    at = rfc3339(NOW)
    people = world.session.people()
    who = next(row for row in people if row.role == "participant" and row.handle != "demo")
    world.desk(queue=[reported(post)], audit=[{"id": "a1b2c3d4", "act": "lock", "by_id": who.id, "created_at": at,
                                               "post_id": other.id, "reason": "R"}],
               notices=[{"id": "n", "kind": "warn", "at": at, "reason": "R"}])  # fmt: skip

    def ran(*words: str) -> tuple[int, list[dict[str, Any]]]:
        code, out, _ = run(world, *words, "--json", monkeypatch=monkeypatch, capsys=capsys)
        return code, [json.loads(line) for line in out.splitlines()]

    assert ran("reports")[1][0]["post_id"] == post.id
    assert ran("audit")[1][0]["words"].startswith("locked")
    assert ran("notices")[1][0]["words"] == "A moderator warns you"
    assert not world.session.notices()[0].seen  # --json leaves that
    _, rows = ran("moderate", "suspend", f"@{who.handle}", "--until", "3d", "--reason", "R")
    assert (rows[0]["kind"], rows[0]["state"]) == ("moderate", "queued")
    assert ran("moderate", "merge", post.id, "--to", other.id, "--reason", "R")[1][0]["id"] == post.id
    assert ran("moderate", "undo", "a1b2c3")[0] == 3  # there is no token here; what is to be done waits
    assert ran("reports", "--dismiss", post.id)[0] == 5  # decided on already, by the merge
    acts = [row.payload.data.get("act") for row in world.session._own.outbox()]
    assert acts == ["suspend", "merge", "undo"]
    for words in (
        ("moderate", "suspend", post.id, "--reason", "R"), ("moderate", "hide", post.id, "--to", "x", "--reason", "R"),
        ("moderate", "hide", post.id), ("moderate", "suspend", post.id, "--until", "soon", "--reason", "R"),
    ):  # fmt: skip
        assert ran(*words)[0] == 2, words
    world.desk("participant")
    assert ran("moderate", "hide", post.id, "--reason", "R")[0] == 6
    assert ran("audit")[0] == 6
    assert ran("report", post.id, "--reason", "spam")[1][0]["state"] == "queued"


def test_hidden_posts_are_told_whole_to_programs_and_harmless_to_people(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = world.raw(world.openers()[0].id) | {"title": HOSTILE, "body": HOSTILE}
    world.desk(hidden=[whole])
    code, out, _ = run(world, "hidden", "--json", monkeypatch=monkeypatch, capsys=capsys)
    assert (code, json.loads(out)) == (0, whole)
    code, out, _ = run(world, "hidden", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
    assert whole["id"][:13] in out
    assert "evil[@click=app.quit]x[/]" in out
    assert "\x1b" not in out
    assert "\x9b" not in out
    world.desk()
    assert run(world, "hidden", monkeypatch=monkeypatch, capsys=capsys)[1:] == ("", "Nothing is hidden.\n")


# -- mirrors


def test_a_merge_that_comes_in_pieces_is_right_after_each(world: World, figure: Callable[..., None]) -> None:
    """A stream may end between two changes of one merge: the mirror is sound at each of them."""
    session = world.session
    a, b = world.openers()[:2]
    posts = [world.raw(row.id) for row in session.posts(session.thread_index(a.id).keys)]
    unread = sum(row.unread for row in session.forums())
    total = len(session.thread_index(a.id)) + len(session.thread_index(b.id))
    pieces = 0
    for post in posts:
        title = post.pop("title", None)
        post |= {"thread_id": b.id, "forum_id": b.forum_id}
        if post["id"] == a.id:
            post |= {"parent_id": b.id, "merged_from": {"thread_id": a.id, "title": title}}
        world.put(post)
        with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
            assert checking.mirror_faults(db, full_text=True) == []
        session.forums()
        pieces += 1
    assert len(session.thread_index(b.id)) == total
    assert session.thread_of(a.id) == b.id
    assert sum(row.unread for row in session.forums()) == unread
    fresh = open_session(
        Home.from_env({"JAMTUI_HOME": str(world.folder)}), session.known, clock=lambda: NOW, rng=random.Random(1),
        environ={},
    )  # fmt: skip
    assert [(row.id, row.threads, row.posts, row.unread) for row in fresh.forums()] == [
        (row.id, row.threads, row.posts, row.unread) for row in session.forums()
    ]
    fresh.close()
    figure(f"a merge in {pieces} pieces: the mirror sound after each, counts as if counted anew")


def test_an_act_that_was_not_sent_is_taken_out_of_the_outbox(world: World) -> None:
    world.desk(audit=[])
    post = world.openers()[0]
    done = world.session.act(Act("hide", "R", post.id))
    assert [row.undoable for row in world.session.audit()] == [True]
    assert world.session.undo_act(done) == ""
    assert world.session.outbox() == []
    with pytest.raises(UsageError, match="no such act"):
        world.session.undo_act("nothing")


def test_of_acts_on_the_same_thing_the_last_one_is_undone(world: World) -> None:
    """The Jam would refuse the others (409 `act_overtaken`)."""
    post, at = world.openers()[0], "2026-02-06T16:00:00Z"
    kinds = ["hide", "lock", "hide", "warn", "warn"]  # the latest first
    acts: list[dict[str, object]] = [
        {"id": f"a{n}", "act": kind, "by_id": "x", "created_at": at, "post_id": post.id, "person_id": "p" * (n > 2)}
        for n, kind in enumerate(kinds)
    ]
    world.desk(audit=acts)
    assert [row.undoable for row in world.session.audit()] == [True, True, False, True, True]
    with pytest.raises(UsageError, match="cannot be undone"):
        world.session.undo_act("a2")
    acts[0] |= {"changed": False}  # it stands all the same, so that the earlier one waits for it
    world.desk(audit=acts)
    assert [row.undoable for row in world.session.audit()][:3] == [True, True, False]
    acts[0] |= {"undone_by": "u"}
    world.desk(audit=acts)
    assert [row.undoable for row in world.session.audit()][:3] == [False, True, True]


def test_a_post_that_many_reported_is_first_and_says_how_many(world: World) -> None:
    """The Jam lists the latest reports of a post, and the first of the posts."""
    first, second = world.openers()[:2]
    world.desk(queue=[reported(first, of_person=40), reported(second, people=9, id="r2")], queue_size=230)
    rows = world.session.queue()
    assert [(row.post_id, row.people, row.reports[0].times) for row in rows] == [(second.id, 9, 2), (first.id, 1, 40)]
    assert world.session.waiting_reports() == 230
    said = world.talk("reports", "n", "")
    assert "reported 9 times" in said
    assert "And 8 other people." in said
    world.desk(queue=[reported(first, people=-(10**9)), reported(second)], queue_size=-5)
    assert [row.people for row in world.session.queue()] == [1, 1]
    assert world.session.waiting_reports() == 2


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        (("spam", "off-topic", "spam"), "Reported: spam, off-topic."),
        (("other",), "Readers reported it."),
        (("other", "abuse", "other"), "Reported: abuse."),
    ],
)
def test_who_is_warned_by_one_key_is_told_about_which_post_and_why(
    world: World, reasons: tuple[str, ...], told: str
) -> None:
    post, session = world.openers()[0], world.session
    world.desk(queue=[reported(post, reason=one, id=f"r{n}") for n, one in enumerate(reasons)])
    assert session.queue()[0].as_reason == told
    warned = {"id": "n", "kind": "warn", "at": rfc3339(NOW), "reason": told, "post_id": post.id}
    world.desk("participant", notices=[warned])
    assert session.notices()[0].words.startswith(f"A moderator warns you about your post “{post.title[:20]}")
