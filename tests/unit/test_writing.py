"""The writing half of a session: drafts that no window overwrites, what was thrown away, when and why a row waits, and
what can be done about a refusal."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from jamtui.archive import rfc3339
from jamtui.errors import NotFound, UsageError
from jamtui.model import Draft, DraftKind, Link, SendState
from jamtui.paths import Home
from jamtui.session import Session
from jamtui.store import connection, mirror, own, registry
from jamtui.store.drafts import KEPT
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from jamtui.sync.holder import Holder
from jamtui.sync.network import Network, NetworkState

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ME, ANA, FORUM = "me-0001", "ana-001", "forum-1"


def post(n: int, parent: int | None, **more: object) -> dict[str, object]:
    return {
        "id": f"post-{n:04}", "forum_id": FORUM, "thread_id": "post-0001", "author_id": ANA, "tags": [],
        "parent_id": None if parent is None else f"post-{parent:04}", "title": "Tea" if parent is None else None,
        "body": f"Number {n}", "created_at": rfc3339(NOW - timedelta(hours=1) + timedelta(seconds=n)), **more,
    }  # fmt: skip


JAM = [
    ("jam", {"format": 1, "id": "j", "slug": "tea", "title": "Tea", "opens_at": rfc3339(NOW - timedelta(hours=5)),
             "closes_at": rfc3339(NOW + timedelta(hours=5))}),
    ("person", {"id": ME, "handle": "me", "name": "Me"}),
    ("person", {"id": ANA, "handle": "ana", "name": "Ana"}),
    ("forum", {"id": FORUM, "slug": "one", "title": "One", "position": 1}),
    ("post", post(1, None)), ("post", post(2, 1)), ("post", post(3, 2, author_id=ME, body="Why?")),
]  # fmt: skip


@pytest.fixture
def known(tmp_path: Path) -> registry.KnownJam:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea").changed(
        person_id=ME, handle="me", name="Me", role="participant", store="file"
    )
    registry.remember(home, jam)
    prepare(jam, NOW)
    db = connection.connect(jam.mirror, mirror.SCHEMA)
    loading = Loading(Mirror(db), "12-aaaa")
    for kind, data in JAM:
        loading.feed(json.dumps({"type": kind, "data": data}).encode())
    loading.finish(rfc3339(NOW))
    db.close()
    return jam


@pytest.fixture
def session(known: registry.KnownJam) -> Iterator[Session]:
    one = Session(known, clock=lambda: NOW, rng=random.Random(1), new_client=None)
    yield one
    one.close()


@pytest.fixture
def store(session: Session) -> Iterator[own.Own]:
    """The outbox as the process that holds the network sees it."""
    db = connection.connect(session.known.own, own.SCHEMA)
    yield own.Own(db)
    db.close()


def arrives(session: Session, data: dict[str, object], cursor: str = "13-bbbb") -> None:
    db = connection.connect(session.known.mirror, mirror.SCHEMA)
    Mirror(db).apply([("post", json.dumps(data).encode())], cursor)
    db.close()


def reply(body: str, to: int = 1) -> Draft:
    return Draft(DraftKind.REPLY, f"post-{to:04}", body=body)


def edit(body: str) -> Draft:
    return Draft(DraftKind.EDIT, "post-0003", body=body, base_version=1)


# -- drafts


def test_two_windows_at_one_place_overwrite_nothing(session: Session) -> None:
    empty = reply("")
    session.save_draft(reply("here"), empty)
    session.save_draft(reply("here and on"), reply("here"))
    session.save_draft(reply("there"), empty)  # another window, which began when nothing was there
    assert [one.draft.body for one in session.thrown_rows()] == ["here and on"]
    assert session.thrown_rows()[0].why == "replaced"
    assert [one.body for one in session.drafts()] == ["there"]
    session.send(reply("there, sent by the first one"))
    assert [one.draft.body for one in session.thrown_rows()] == ["there", "here and on"]


def test_drafts_are_listed_with_their_place(session: Session) -> None:
    session.save_draft(reply("one", to=2))
    session.save_draft(Draft(DraftKind.THREAD, FORUM, "A title", "two"))
    session.save_draft(edit("three"))
    session.save_draft(Draft(DraftKind.REPLY, "post-9999", body="to a post that is not here"))
    listed = {row.id: (row.place, row.summary, row.there) for row in session.draft_rows()}
    assert listed == {
        "reply:post-0002": ("Reply to Ana: Number 2", "one", True),
        f"thread:{FORUM}": ("New thread in One", "A title", True),
        "edit:post-0003": ("Change of Why?", "three", True),
        "reply:post-9999": ("Reply", "to a post that is not here", False),
    }


def test_what_was_discarded_or_dropped_can_be_brought_back_later(session: Session) -> None:
    session.save_draft(Draft(DraftKind.REPLY, "post-0001", "", "half a", ("x",)))
    session.discard_draft(DraftKind.REPLY, "post-0001")
    session.drop(session.send(reply("whole", to=2)))
    assert session.drafts() == []
    assert [(row.draft.body, row.why) for row in session.thrown_rows()] == [
        ("whole", "dropped"), ("half a", "discarded")
    ]  # fmt: skip
    for row in session.thrown_rows():
        session.bring_back(int(row.id))
    assert sorted((one.target, one.body, one.tags) for one in session.drafts()) == [
        ("post-0001", "half a", ("x",)), ("post-0002", "whole", ())
    ]  # fmt: skip
    assert session.thrown_rows() == []
    with pytest.raises(NotFound):
        session.bring_back(1)


def test_what_is_brought_back_overwrites_nothing(session: Session) -> None:
    session.save_draft(reply("first"))
    undo = session.discard_draft(DraftKind.REPLY, "post-0001")
    session.save_draft(reply("second"))
    with pytest.raises(UsageError, match="another draft"):
        session.undo(undo)
    assert [one.body for one in session.drafts()] == ["second"]
    assert [row.draft.body for row in session.thrown_rows()] == ["first"]


def test_undoing_a_drop_leaves_one_copy(session: Session) -> None:
    session.undo(session.drop(session.send(reply("once"))))
    assert session.thrown_rows() == []
    assert [row.summary for row in session.outbox()] == ["once"]


def test_only_the_latest_of_what_was_thrown_away_are_kept(session: Session, store: own.Own) -> None:
    for n in range(KEPT + 5):
        session.save_draft(reply(f"text {n}"))
        session.discard_draft(DraftKind.REPLY, "post-0001")
    assert [row.draft.body for row in session.thrown_rows()] == [f"text {n}" for n in range(KEPT + 4, 4, -1)]
    store.save_draft(reply("much later"), NOW)
    store.throw_away(DraftKind.REPLY, "post-0001", NOW + timedelta(days=31))
    assert [row.draft.body for row in session.thrown_rows()] == ["much later"]


def test_what_was_sent_beside_a_draft_leaves_it_alone(session: Session) -> None:
    session.save_draft(reply("half a"))
    session.send_beside(reply("whole"))
    assert [one.body for one in session.drafts()] == ["half a"]
    with pytest.raises(UsageError, match="no text"):
        session.send_beside(reply(" "))
    assert [one.body for one in session.drafts()] == ["half a"]


@pytest.mark.parametrize("version", range(1, 4))
def test_drafts_of_every_schema_that_there_was_are_kept(tmp_path: Path, version: int) -> None:
    path = tmp_path / "own.sqlite"
    old = connection.Schema("old", own.SCHEMA.application_id, own.SCHEMA.migrations[:version], "FULL")
    db = connection.connect(path, old)
    db.execute("INSERT INTO drafts VALUES ('reply', 'p1', '', 'written long ago', '[\"x\"]', 0, 1)")
    db.close()
    db = connection.connect(path, own.SCHEMA)
    store = own.Own(db)
    (draft,) = store.drafts()
    assert (draft.body, draft.tags, draft.post_id) == ("written long ago", ("x",), "")
    store.throw_away(draft.kind, draft.target, NOW)
    assert [one.draft.body for one in store.thrown()] == ["written long ago"]
    db.close()


# -- the outbox: when, and what can be done


def test_a_text_taken_back_and_discarded_is_taken_back_at_the_jam_if_it_may_have_arrived(
    session: Session, store: own.Own
) -> None:
    first = session.send(reply("never tried"))
    session.reopen(first)
    assert session.discard_draft(DraftKind.REPLY, "post-0001").what == "draft discarded"
    assert session.outbox() == []
    second = session.send(reply("perhaps it arrived"))
    assert store.begin(second)
    session.reopen(second)
    assert session.outbox() == []  # as long as the draft goes on, it is the same post
    session.discard_draft(DraftKind.REPLY, "post-0001")
    assert [(row.kind, row.post_id, row.summary) for row in session.outbox()] == [
        ("delete", second, "perhaps it arrived")
    ]
    session.bring_back(int(session.thrown_rows()[0].id))
    (draft,) = session.drafts()
    assert session.send(draft) != second  # that one is being taken back


def test_a_text_that_goes_elsewhere_stays_nowhere_else(session: Session, store: own.Own) -> None:
    first = session.send(reply("perhaps it arrived"))
    assert store.begin(first)
    draft = session.reopen(first)
    moved = session.move_draft(draft, replace(draft, target="post-0002", post_id=""))
    session.send(moved)
    assert [(row.kind, row.summary) for row in session.outbox()] == [
        ("delete", "perhaps it arrived"), ("post", "perhaps it arrived")
    ]  # fmt: skip


def test_a_text_sent_again_is_still_one_that_may_have_arrived(session: Session, store: own.Own) -> None:
    first = session.send(reply("perhaps it arrived"))
    assert store.begin(first)
    assert session.send(session.reopen(first)) == first
    undo = session.drop(first)
    assert "it may have arrived" in undo.what
    assert [(row.kind, row.post_id) for row in session.outbox()] == [("delete", first)]
    session.undo(undo)
    assert [(row.kind, row.id) for row in session.outbox()] == [("post", first)]
    undo = session.drop(first)
    assert store.begin(session.outbox()[0].id)  # the Jam is being asked now
    with pytest.raises(UsageError, match="asked to take it back"):
        session.undo(undo)
    assert not store.begin(first)  # a sender that had it in its list finds it gone


def test_a_text_taken_back_to_change_it_keeps_its_id(session: Session) -> None:
    first = session.send(reply("arrived, though nobody heard of it"))
    draft = session.reopen(first)
    assert session.send(draft) == first
    session.save_draft(session.reopen(first))
    assert session.draft(DraftKind.REPLY, "post-0001") == draft.__class__(
        DraftKind.REPLY, "post-0001", body=draft.body, post_id=first, updated_at=NOW
    )


def test_what_the_server_has_under_that_id_is_changed_there(session: Session, store: own.Own) -> None:
    first = session.send(reply("as it was"))
    session.send(reply("another", to=2))
    store.there_already(first)
    row = store.one(first)
    assert row is not None
    assert (row.kind, row.post_id, row.payload.body, row.payload.base_version, row.intact) == (
        "edit", first, "as it was", 1, True
    )  # fmt: skip


def test_every_row_says_when_it_is_tried_again(session: Session, store: own.Own) -> None:
    first = session.send(reply("one"))
    session.send(reply("two"))
    session.vote("post-0002")

    def whens() -> list[str]:
        return [row.when for row in session.outbox()]

    behind = "after what stands before it in its thread"
    alone = "when jamtui is started, or jamtui sync runs"
    assert whens() == [alone, behind, alone]
    holder = Holder(session.known.lock)  # another jamtui holds the network
    assert holder.take()
    for link, again, words in [
        (Link.LIVE, None, "now"),
        (Link.CONNECTING, None, "as soon as the server answers"),
        (Link.SIGNED_OUT, None, "once you have signed in again (jamtui login)"),
        (Link.OFFLINE, NOW + timedelta(seconds=90), f"at {(NOW + timedelta(seconds=90)).astimezone():%H:%M:%S}"),
    ]:
        holder.tell(link if again is None else f"{link}\n{int(again.timestamp())}")
        assert whens() == [words, behind, words]
    assert session.outbox()[0].next_try == NOW + timedelta(seconds=90)
    holder.tell(Link.LIVE)
    store.later(first, "The server asks to slow down", NOW + timedelta(minutes=5))
    assert whens() == [f"at {(NOW + timedelta(minutes=5)).astimezone():%H:%M:%S}", behind, "now"]
    holder.release()


def test_the_next_try_of_ones_own_connection_is_known(known: registry.KnownJam) -> None:
    session = Session(known, clock=lambda: NOW, rng=random.Random(1), new_client=None)
    session.send(reply("one"))
    session._network = Network(known, lambda: None, now=lambda: NOW, rng=random.Random(1), notify=lambda _: None)  # type: ignore[arg-type, return-value]
    session._network.state = NetworkState(Link.RECONNECTING, next_try=NOW + timedelta(seconds=7))
    assert session.outbox()[0].next_try == NOW + timedelta(seconds=7)
    session.close()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("jam_closed", "Copy"),
        ("phase_closed", "jamtui jam"),
        ("post_locked", "elsewhere"),
        ("parent_gone", "elsewhere"),
        ("invalid", "Change it"),
    ],
)
def test_a_refusal_says_what_can_be_done(session: Session, store: own.Own, code: str, words: str) -> None:
    row_id = session.send(reply("precious"))
    store.refused(row_id, "The Jam said no.", code)
    (row,) = session.outbox()
    assert (row.state, row.reason, row.when) == (SendState.REFUSED, "The Jam said no.", "")
    assert words in row.can


def test_a_text_whose_place_is_gone_goes_elsewhere(session: Session, store: own.Own) -> None:
    row_id = session.send(reply("precious", to=3))
    store.refused(row_id, "The post that you answer was taken back", "parent_gone")
    arrives(session, post(3, 2, author_id=ME, body="", state="deleted", version=2))
    draft = session.reopen(row_id)
    assert not session.draft_rows()[0].there
    places = session.places_for(draft)
    assert [words for _, words in places] == ["Reply to Ana: Number 2", "Reply to Ana: Tea", "New thread in One"]
    moved = session.move_draft(draft, places[0][0])
    assert [(one.target, one.body) for one in session.drafts()] == [("post-0002", "precious")]
    assert session.send(moved) != row_id
    assert session.drafts() == []


def test_a_damaged_row_is_not_tried_again_unseen(session: Session, store: own.Own) -> None:
    row_id = session.send(reply("precious"))
    store.db.execute("UPDATE outbox SET payload = replace(payload, 'precious', 'precioux')")
    store.refused(row_id, "damaged", "damaged")
    with pytest.raises(UsageError, match="damaged"):
        session.retry(row_id)
    assert session.reopen(row_id).body == "precioux"


# -- conflicting edits


def test_an_edit_that_met_a_newer_version_shows_both(session: Session, store: own.Own) -> None:
    row_id = session.send(edit("Mine [b]\x1b"))
    with pytest.raises(UsageError, match="nobody else"):
        session.conflict(row_id)
    store.refused(row_id, "It was changed meanwhile", "version_conflict")
    assert session.conflict(row_id).version == 0  # theirs is still on its way
    with pytest.raises(UsageError, match="not come in"):
        session.choose_mine(row_id)
    arrives(session, post(3, 2, author_id=ME, body="Theirs \x9b", version=3, edited_at=rfc3339(NOW)))
    both = session.conflict(row_id)
    assert (both.body[:7], both.version, both.edited_at, both.gone) == ("Theirs ", 3, NOW, False)
    assert "\x9b" not in both.body
    assert "\x1b" not in both.my_body
    assert both.my_body.startswith("Mine [b]")
    with pytest.raises(UsageError, match="changed meanwhile"):
        session.retry(row_id)
    session.choose_mine(row_id)
    (row,) = session.stored().waiting
    assert (row.state, row.payload.base_version, row.payload.body) == ("queued", 3, "Mine [b]\x1b")


@pytest.mark.parametrize(
    ("state", "words"), [("deleted", "taken back by its author"), ("hidden", "hidden by a moderator for now")]
)
def test_an_edit_of_what_is_gone_meanwhile_says_what_became_of_it(
    session: Session, store: own.Own, state: str, words: str
) -> None:
    row_id = session.send(edit("Mine"))
    store.refused(row_id, "It was changed meanwhile", "version_conflict")
    arrives(session, post(3, 2, author_id=ME, body="", state=state, version=3))
    assert session.conflict(row_id).why_gone == f"The post was {words}."
    with pytest.raises(UsageError, match=f"the post was {words}"):
        session.choose_mine(row_id)


def test_theirs_stays_and_mine_can_be_brought_back(session: Session, store: own.Own) -> None:
    row_id = session.send(edit("Mine"))
    store.refused(row_id, "It was changed meanwhile", "version_conflict")
    arrives(session, post(3, 2, author_id=ME, body="Theirs", version=2))
    undo = session.choose_theirs(row_id)
    assert session.post("post-0003").body == "Theirs"
    assert session.outbox() == []
    session.undo(undo)
    assert session.conflict(row_id).my_body == "Mine"


def test_a_third_version_is_made_upon_theirs(session: Session, store: own.Own) -> None:
    row_id = session.send(edit("Mine"))
    store.refused(row_id, "It was changed meanwhile", "version_conflict")
    arrives(session, post(3, 2, author_id=ME, body="Theirs", version=4))
    assert session.reopen(row_id).base_version == 4


def test_what_was_written_upon_a_refused_edit_is_never_sent_over_theirs(session: Session, store: own.Own) -> None:
    first, second = session.send(edit("one")), session.send(edit("two"))
    taken_back = session.delete("post-0003")
    assert [row.payload.base_version for row in session.stored().waiting] == [1, 2, 3]
    store.refused(first, "It was changed meanwhile", "version_conflict")  # the Jam is at 2 now: "two" would fit
    assert [(row.state, row.code) for row in session.stored().waiting] == [("refused", "version_conflict")] * 3
    arrives(session, post(3, 2, author_id=ME, body="Theirs", version=2))
    session.choose_mine(second)
    session.choose_theirs(first)
    session.choose_mine(taken_back)
    assert [(row.kind, row.state, row.payload.base_version) for row in session.stored().waiting] == [
        ("edit", "queued", 2), ("delete", "queued", 3)
    ]  # fmt: skip


def test_what_was_written_upon_an_edit_that_is_too_long_counts_on_it_no_more(session: Session, store: own.Own) -> None:
    first = session.send(edit("one"))
    session.send(edit("two"))
    store.refused(first, "Too long", "too_large")
    assert [(row.state, row.payload.base_version) for row in session.stored().waiting] == [
        ("refused", 1), ("queued", 1)
    ]  # fmt: skip


def test_an_edit_begun_upon_one_that_waits_counts_on_it_once(session: Session, store: own.Own) -> None:
    first = session.send(edit("one"))
    begun = session.edit_draft("post-0003")
    assert (begun.body, begun.base_version) == ("one", 2)
    store.sent(first, 13)
    arrives(session, post(3, 2, author_id=ME, body="one", version=2))
    store.forget_sent(13)
    session.send(replace(begun, body="two"))
    (row,) = session.stored().waiting
    assert row.payload.base_version == 2


def test_an_edit_that_arrived_though_its_answer_was_lost_is_not_counted_on_twice(session: Session) -> None:
    session.send(edit("one"))
    arrives(session, post(3, 2, author_id=ME, body="one", version=2))  # and the row waits for its next try
    session.send(replace(session.edit_draft("post-0003"), body="two"))
    session.delete("post-0003")
    assert [row.payload.base_version for row in session.stored().waiting] == [1, 2, 3]


def test_an_edit_begun_upon_one_that_was_dropped_counts_on_it_no_more(session: Session) -> None:
    first = session.send(edit("one"))
    begun = session.edit_draft("post-0003")
    session.drop(first)
    session.send(replace(begun, body="two"))
    (row,) = session.stored().waiting
    assert row.payload.base_version == 1


def test_a_draft_begun_upon_an_edit_that_is_refused_does_not_go_over_theirs(session: Session, store: own.Own) -> None:
    first = session.send(edit("one"))
    session.save_draft(replace(session.edit_draft("post-0003"), body="begun"))
    arrives(session, post(3, 2, author_id=ME, body="Theirs", version=2))
    store.refused(first, "It was changed meanwhile", "version_conflict")
    session.choose_theirs(first)
    session.send(session.edit_draft("post-0003"))
    (row,) = session.stored().waiting
    assert (row.payload.body, row.payload.base_version) == ("begun", 1)  # the Jam is at 2, and will say so


def test_nothing_is_written_upon_a_change_that_met_a_newer_version_before_a_person_has_looked(
    session: Session, store: own.Own
) -> None:
    first = session.send(edit("one"))
    begun = session.edit_draft("post-0003")  # of the text "one", in a window that stays open
    arrives(session, post(3, 2, author_id=ME, body="Theirs", version=2))
    store.refused(first, "It was changed meanwhile", "version_conflict")
    with pytest.raises(UsageError, match="met a newer version"):
        session.send(replace(begun, body="two"))
    assert [one.body for one in session.drafts()] == ["two"]
    session.choose_mine(first)
    session.send(session.edit_draft("post-0003"))
    assert [row.payload.base_version for row in session.stored().waiting] == [2, 3]


def test_what_depends_on_the_outbox_is_made_while_nobody_else_changes_it(session: Session, store: own.Own) -> None:
    held: list[bool] = []

    def payload() -> own.Payload:
        held.append(store.db.in_transaction)
        return own.Payload(body="text")

    store.enqueue("o1", "post", "o1", "post-0001", FORUM, payload, NOW)
    assert held == [True]
    assert [row.payload.body for row in session.stored().waiting] == ["text"]
