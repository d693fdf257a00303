"""The session without a network: rows, overlay of the outbox, reading state, search, drafts, what is refused."""

from __future__ import annotations

import json
import queue
import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from api_client.client import JamClient
from jamtui.archive import rfc3339
from jamtui.errors import JamError, NotFound, NotSignedIn, Refused, UsageError
from jamtui.model import Draft, DraftKind, Found, SendState, Undo
from jamtui.paths import Home
from jamtui.session import Session
from jamtui.store import connection, mirror, own, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from jamtui.store.own import new_uuid7
from jamtui.sync.outbox import next_rows

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
FORUMS = ["0f000000-0000-4000-8000-000000000001", "0f000000-0000-4000-8000-000000000002"]
ME, ANA = "0a000000-0000-4000-8000-000000000001", "0a000000-0000-4000-8000-000000000002"


def uid(n: int) -> str:
    return f"00000000-0000-7000-8000-{n:012x}"


def record(kind: str, **data: object) -> bytes:
    return json.dumps({"type": kind, "data": data}, ensure_ascii=False).encode()


def post(n: int, thread: int, parent: int | None = None, *, forum: int = 0, author: str = ANA, **more: object) -> bytes:
    return record(
        "post",
        **{
            "id": uid(n), "forum_id": FORUMS[forum], "thread_id": uid(thread),
            "parent_id": None if parent is None else uid(parent), "author_id": author,
            "title": f"Idea {n}" if parent is None else "", "body": f"Body of number {n}",
            "created_at": rfc3339(NOW - timedelta(hours=1) + timedelta(seconds=n)), "tags": [], "votes": {"up": n},
            **more,
        },
    )  # fmt: skip


JAM = [
    record("jam", format=1, id="j", slug="tea", title="Tea [b]", opens_at=rfc3339(NOW - timedelta(hours=5)),
           closes_at=rfc3339(NOW + timedelta(hours=5))),
    record("person", id=ME, handle="me", name="Me Myself", role="participant"),
    record("person", id=ANA, handle="ana", name="Ana\x1b[31m", role="host"),
    record("forum", id=FORUMS[0], slug="one", title="One", brief="b", position=1),
    record("forum", id=FORUMS[1], slug="two", title="Two", brief="b", position=0),
    post(1, 1, tags=["tea"]),
    post(2, 1, 1, body="I disagree: coffee, says @me"),
    post(3, 1, 2, author=ME, body="Why?"),
    post(4, 1, 1, body="中文的茶 and more"),
    post(5, 1, 3, body="Because [/] \x9b31m"),
    post(6, 6, forum=1, body="Nothing about hot drinks"),
    post(7, 7, body="gone soon", author=ME),
]  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(tmp_path: Path) -> registry.KnownJam:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea").changed(
        person_id=ME, handle="me", name="Me Myself", role="participant", store="file"
    )
    registry.remember(home, jam)
    prepare(jam, NOW)
    db = connection.connect(jam.mirror, mirror.SCHEMA)
    loading = Loading(Mirror(db), "12-aaaa")
    for line in JAM:
        loading.feed(line)
    loading.finish(rfc3339(NOW))
    db.close()
    return jam


@pytest.fixture
def session(known: registry.KnownJam, clock: Clock) -> Iterator[Session]:
    one = Session(known, clock=clock, rng=random.Random(1), new_client=None)
    yield one
    one.close()


def apply(session: Session, *lines: bytes, cursor: str) -> None:
    """What the server's log brings, written by another connection as the network's thread does it."""
    db = connection.connect(session.known.mirror, mirror.SCHEMA)
    records = [json.loads(line) for line in lines]
    Mirror(db).apply([(r["type"], json.dumps(r["data"]).encode()) for r in records], cursor)
    db.close()


def bodies(session: Session, thread: int = 1) -> list[str]:
    return [row.body for row in session.posts(session.thread_index(uid(thread)).keys)]


def reply(session: Session, body: str, to: int = 1) -> str:
    return session.send(Draft(DraftKind.REPLY, uid(to), body=body))


def test_forums_come_by_position_with_derived_counts(session: Session) -> None:
    assert [(row.slug, row.threads, row.posts, row.unread) for row in session.forums()] == [
        ("two", 1, 1, 1),
        ("one", 2, 6, 4),
    ]


def test_a_thread_is_read_depth_first_by_arrival(session: Session) -> None:
    index = session.thread_index(uid(1))
    assert [row.id for row in session.posts(index.keys)] == [uid(n) for n in (1, 2, 3, 5, 4)]
    assert index.depths == (0, 1, 2, 3, 1)
    assert index.parents == (-1, 0, 1, 2, 0)


def test_rows_are_harmless_and_brackets_are_text(session: Session) -> None:
    assert session.jam.title == "Tea [b]"
    row = session.post(uid(5))
    assert "\x9b" not in row.body
    assert "[/]" in row.body
    assert "\x1b" not in row.author


def test_threads_are_sorted_and_counted(session: Session) -> None:
    forum = session.forum("one")
    active = session.threads(session.thread_keys(forum.id))
    assert [(row.id, row.replies, row.unread) for row in active] == [(uid(7), 0, 0), (uid(1), 4, 4)]
    assert [row.id for row in session.threads(session.thread_keys(forum.id, "replies"))] == [uid(1), uid(7)]
    with pytest.raises(UsageError, match="no such order"):
        session.thread_keys(forum.id, "loudest")


def test_a_post_is_found_by_the_beginning_of_its_id(session: Session) -> None:
    assert session.post(uid(6)[:-1] + "6").id == uid(6)
    with pytest.raises(UsageError, match="several posts"):
        session.post("00000000-0000")
    with pytest.raises(NotFound):
        session.post("ffffffff")


def test_reading_is_kept_and_undone(session: Session) -> None:
    index = session.thread_index(uid(1))
    session.mark_read(index.keys[:2])
    assert session.thread_index(uid(1)).unread == set(index.keys[3:])
    undo = session.mark_all_read(session.forum("one").id)
    assert session.forum("one").unread == 0
    session.undo(undo)
    assert session.thread_index(uid(1)).unread == set(index.keys[3:])


def test_exploring_marks_nothing(known: registry.KnownJam, clock: Clock) -> None:
    session = Session(known, clock=clock, rng=random.Random(1), new_client=None, explore=True)
    session.mark_read(session.thread_index(uid(1)).keys)
    session.mark_all_read()
    assert session.status().unread == 5
    session.close()


def test_reading_on_goes_through_threads_and_forums_and_ends(session: Session) -> None:
    one, two = session.forum("one").id, session.forum("two").id
    assert session.next_unread(two, uid(6)) == (one, uid(1))
    assert session.next_unread(one, uid(1)) == (two, uid(6))
    session.mark_all_read(two)
    session.mark_all_read(one)
    assert session.next_unread(one, uid(1)) is None


def test_reading_on_goes_through_each_forum_in_the_order_in_which_it_is_shown(session: Session) -> None:
    """The next forum has an order of its own, which the list there shows as well."""
    new = [post(n, n, votes={"up": 90 - n}) for n in (7, 8)]
    db = connection.connect(session.known.mirror, mirror.SCHEMA)
    Mirror(db).apply([("post", json.dumps(json.loads(one)["data"]).encode()) for one in new], "2-aaaa")
    db.close()
    one, two = FORUMS
    assert session.next_unread(two, uid(6)) == (one, uid(8))
    session.keep_order(one, "votes")
    first = session.threads(session.thread_keys(one, session.order_of(one)))[0].id
    assert session.next_unread(two, uid(6)) == (one, first) == (one, uid(7))
    session.keep_order(one, "of another version")
    assert session.order_of(one) == "active"


def test_a_reply_shows_at_once_as_queued_under_its_post(session: Session) -> None:
    outbox_id = reply(session, "my [b]reply[/]\x07", to=2)
    index = session.thread_index(uid(1))
    rows = session.posts(index.keys)
    assert [row.id for row in rows].index(outbox_id) == 4  # after the answers of post 2, before post 4
    mine = rows[4]
    assert (mine.send, mine.mine, mine.unread, index.depths[4]) == (SendState.QUEUED, True, False, 2)
    assert "\x07" not in mine.body
    assert session.draft(DraftKind.REPLY, uid(2)) is None
    assert [
        row.replies for row in session.threads(session.thread_keys(session.forum("one").id)) if row.id == uid(1)
    ] == [5]


def test_one_can_answer_a_post_that_is_not_sent_yet(session: Session) -> None:
    first = reply(session, "one", to=5)
    session.send(Draft(DraftKind.REPLY, first, body="two"))
    assert bodies(session)[4:6] == ["one", "two"]


def test_the_overlay_goes_when_the_mirror_has_the_post(session: Session) -> None:
    outbox_id = reply(session, "mine", to=4)
    line = json.loads(post(8, 1, 4, author=ME, body="mine"))
    line["data"]["id"] = outbox_id
    apply(session, json.dumps(line).encode(), cursor="13-aaaa")
    assert bodies(session).count("mine") == 1
    assert session.post(outbox_id).send is None


def test_a_new_thread_stands_first_and_needs_a_title(session: Session) -> None:
    forum = session.forum("one")
    with pytest.raises(UsageError, match="title"):
        session.send(Draft(DraftKind.THREAD, forum.id, " ", "text"))
    outbox_id = session.send(Draft(DraftKind.THREAD, forum.id, "A title", "text", ("new",)))
    rows = session.threads(session.thread_keys(forum.id))
    assert [(row.id, row.title, row.send) for row in rows[:1]] == [(outbox_id, "A title", SendState.QUEUED)]
    assert bodies_of(session, outbox_id) == ["text"]


def bodies_of(session: Session, thread_id: str) -> list[str]:
    return [row.body for row in session.posts(session.thread_index(thread_id).keys)]


@pytest.mark.parametrize(
    ("body", "words"), [("", "no text"), ("x" * 20_001, "1 characters too long"), ("\n \t", "no text")]
)
def test_what_cannot_be_sent_stays_a_draft(session: Session, body: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        reply(session, body)
    kept = session.draft(DraftKind.REPLY, uid(1))
    assert (kept.body if kept else "").strip() == body.strip()
    assert session.outbox() == []


def test_votes_and_tags_show_at_once_and_can_be_taken_back(session: Session) -> None:
    session.vote(uid(1))
    session.tag(uid(1), " #Green Tea ")
    row = session.post(uid(1))
    assert (row.up, row.voted, row.tags, row.send) == (2, True, ("green tea", "tea"), SendState.QUEUED)
    session.unvote(uid(1))
    session.untag(uid(1), "tea")
    row = session.post(uid(1))
    assert (row.up, row.voted, row.tags) == (1, False, ("green tea",))
    assert len(session.outbox()) == 4


@pytest.mark.parametrize("tag", ["a/b", ".", "..", "a,b", "a\u200bb", "\u202eb", "", "#", "x" * 41])
def test_what_the_jam_would_refuse_as_a_tag_is_never_queued(session: Session, tag: str) -> None:
    for write in (session.tag, session.untag):
        with pytest.raises(UsageError, match="not a tag"):
            write(uid(1), tag)
    with pytest.raises(UsageError, match="not a tag"):
        session.send(Draft(DraftKind.THREAD, FORUMS[0], "Kettles", "of copper", ("tea", tag)))
    assert session.outbox() == []
    assert [draft.tags for draft in session.drafts()] == [("tea", tag)]


def test_tags_are_queued_in_the_form_that_the_jam_keeps(session: Session) -> None:
    tags = (" #Gru\u0308n  Tee", "gr\u00fcn tee", "\U0001f469\u200d\U0001f4bb")
    session.send(Draft(DraftKind.THREAD, FORUMS[0], "Kettles", "of copper", tags))
    session.tag(uid(1), tags[0])
    first, second = session.stored().waiting
    assert first.payload.tags == ("gr\u00fcn tee", tags[2])
    assert second.payload.tag == "gr\u00fcn tee"
    assert {hit.post.id for hit in session.search('tag:"#GRU\u0308N tee"')} == {first.id}


@pytest.mark.parametrize(
    ("state", "words"), [("deleted", "taken back by its author"), ("removed", "removed by a moderator")]
)
def test_what_is_gone_is_told_with_who_did_it_and_with_the_code_of_the_wire(
    session: Session, state: str, words: str
) -> None:
    apply(session, post(3, 1, 2, author=ME, body="", state=state, version=2), cursor="13-aaaa")
    writes: list[tuple[Callable[[], object], str]] = [
        (lambda: session.vote(uid(3)), "post_gone"),
        (lambda: session.tag(uid(3), "tea"), "post_gone"),
        (lambda: session.delete(uid(3)), "post_gone"),
        (lambda: session.send(Draft(DraftKind.EDIT, uid(3), body="x", base_version=1)), "post_gone"),
        (lambda: reply(session, "x", to=3), "parent_gone"),
    ]
    for write, code in writes:
        with pytest.raises(Refused, match="gone") as caught:
            write()
        assert (caught.value.code, words in caught.value.hint) == (code, True)


def test_a_row_of_the_outbox_is_found_by_the_beginning_of_its_id(session: Session) -> None:
    first, _ = reply(session, "one"), reply(session, "two")  # of the same millisecond
    assert session.waiting(f" {first.upper()} ").id == session.waiting(first[:-1].upper()).id == first
    with pytest.raises(UsageError, match="several"):
        session.drop(first[:9])
    with pytest.raises(NotFound, match="nothing"):
        session.drop("00000000")
    with pytest.raises(NotFound, match="nothing"):
        session.retry(first[:5])


@pytest.mark.parametrize("state", ["queued", "refused", "sent"])
@pytest.mark.parametrize("target", ["confirmed", "waiting"])
@pytest.mark.parametrize(
    "kinds",
    [
        ("edit",), ("delete",), ("tag",), ("untag",), ("vote",), ("unvote",),
        ("untag", "vote"), ("tag", "edit", "vote", "unvote"), ("tag", "delete"),
    ],
)  # fmt: skip
def test_a_screen_and_a_program_see_the_same_waiting_writes(
    session: Session, target: str, kinds: tuple[str, ...], state: str
) -> None:
    post_id = uid(1) if target == "confirmed" else session.send(
        Draft(DraftKind.THREAD, FORUMS[0], "Kettles", "of copper", ("tea", "a"))
    )  # fmt: skip
    store = own.Own(connection.connect(session.known.own, own.SCHEMA))
    for at, kind in enumerate(kinds):
        payload = own.Payload(None, "Pots" if kind == "edit" else "", "of tin" if kind == "edit" else "", tag="tea")
        if kind == "tag":
            payload = own.Payload(tag="new")
        store.enqueue(f"o{at}", kind, post_id, post_id, FORUMS[0], payload, NOW)
        if state == "refused":
            store.refused(f"o{at}", f"reason {at}", "forbidden")
        elif state == "sent":
            store.sent(f"o{at}", 99)
    store.db.close()
    key = session.key(post_id)
    assert key is not None
    (row,), ((_, found),) = session.posts([key]), session.stored().posts([key])
    votes = found["votes"]
    assert isinstance(votes, dict)
    assert row.send is not None
    assert (found["title"], found["body"], found["tags"]) == (row.title, row.body, list(row.tags))
    assert (found["voted"], votes["up"], found.get("state") or "") == (row.voted, row.up, row.gone)
    assert (found["send"], found["reason"]) == (row.send.value, row.reason)
    if (target, kinds, state) == ("waiting", ("untag", "vote"), "queued"):
        assert (row.tags, row.voted, row.up) == (("a",), True, 1)


def test_an_edit_lies_over_the_post_and_knows_the_version_ahead(session: Session) -> None:
    session.send(Draft(DraftKind.EDIT, uid(3), body="Why not?", base_version=1))
    session.send(Draft(DraftKind.EDIT, uid(3), body="Why ever not?", base_version=1))
    assert "Why ever not?" in bodies(session)
    raw = connection.connect(session.known.own, mirror_of_own())
    versions = [
        json.loads(bytes(row[0])).get("base_version") for row in raw.execute("SELECT payload FROM outbox ORDER BY n")
    ]  # type: ignore[arg-type]
    raw.close()
    assert versions == [1, 2]
    with pytest.raises(Refused, match="somebody else's"):
        session.send(Draft(DraftKind.EDIT, uid(2), body="mine now"))


def test_a_change_begins_with_the_text_as_it_was_written(session: Session) -> None:
    written = "\tfoo\n\t\tbar \u2067x\u2069 a\u00adb\u200b"
    apply(session, post(8, 1, 4, author=ME, body=written, version=3), cursor="13-aaaa")
    assert session.post(uid(8)).body != written
    draft = session.edit_draft(uid(8))
    assert (draft.kind, draft.target, draft.body, draft.base_version) == (DraftKind.EDIT, uid(8), written, 3)
    session.save_draft(replace(draft, body="begun"))
    assert session.edit_draft(uid(8)).body == "begun"


def mirror_of_own() -> connection.Schema:
    from jamtui.store import own

    return own.SCHEMA


def test_taking_back_hides_the_text_and_a_queued_post_is_just_dropped(session: Session) -> None:
    session.delete(uid(3))
    assert session.post(uid(3)).gone == "deleted"
    assert session.post(uid(3)).body == ""
    queued = reply(session, "oops")
    session.delete(queued)
    assert [row.kind for row in session.outbox()] == ["delete"]


def queued(session: Session) -> list[tuple[str, str, str]]:
    return [(row.kind, row.state.value, row.summary) for row in session.outbox()]


@pytest.mark.parametrize("way", ["delete", "drop"])
def test_what_hangs_on_a_waiting_post_goes_with_it_but_no_text_is_lost(session: Session, way: str) -> None:
    thread = session.send(Draft(DraftKind.THREAD, FORUMS[0], "Kettles", "of copper", ("tea", "a")))
    session.untag(thread, "tea")
    session.vote(thread)
    answer = session.send(Draft(DraftKind.REPLY, thread, body="or of tin"))
    session.tag(answer, "tin")
    session.send(Draft(DraftKind.REPLY, answer, body="or of clay"))
    before = session.stored().waiting
    done = session.delete(thread) if way == "delete" else session.drop(thread)
    assert isinstance(done, Undo)
    assert "your answer to it is kept" in done.what
    assert queued(session) == [
        ("post", "refused", "or of tin"),
        ("tag", "queued", "tin: or of tin"),
        ("post", "queued", "or of clay"),  # which its sender holds back, as it does the tag
    ]
    assert "taken back before it was sent" in session.outbox()[0].reason
    assert next_rows(session.stored().waiting) == []
    session.undo(done)
    assert session.stored().waiting == before


def test_taking_back_what_is_confirmed_and_not_mirrored_yet_asks_the_jam_to_delete_it(session: Session) -> None:
    sent = reply(session, "oops")
    store = own.Own(connection.connect(session.known.own, own.SCHEMA))
    store.sent(sent, 99)
    store.db.close()
    row = session.delete(sent)
    assert [(one.id, one.kind, one.payload.base_version) for one in session.stored().waiting] == [
        (sent, "post", 0),
        (row, "delete", 1),
    ]
    assert (session.post(sent).gone, session.post(sent).body) == ("deleted", "")
    for change in (session.drop, session.reopen):
        with pytest.raises(UsageError, match="sent"):
            change(sent)
    assert len(session.outbox()) == 2
    assert session.drafts() == []


def test_changes_after_a_dropped_edit_no_longer_count_on_it(session: Session) -> None:
    first = session.send(Draft(DraftKind.EDIT, uid(3), body="Why not?", base_version=1))
    session.send(Draft(DraftKind.EDIT, uid(3), body="Why ever not?", base_version=1))
    session.delete(uid(3))
    before = session.stored().waiting
    undo = session.drop(first)
    assert [row.payload.base_version for row in session.stored().waiting] == [1, 2]
    session.undo(undo)
    assert session.stored().waiting == before


def test_a_waiting_post_that_is_opened_again_takes_its_tags_along(session: Session) -> None:
    thread = session.send(Draft(DraftKind.THREAD, FORUMS[0], "Kettles", "of copper", ("tea",)))
    session.untag(thread, "tea")
    session.tag(thread, "tin")
    assert session.reopen(thread).tags == ("tin",)
    assert session.outbox() == []


def test_dropping_a_row_can_be_undone_and_reopening_makes_a_draft(session: Session) -> None:
    outbox_id = reply(session, "precious")
    undo = session.drop(outbox_id)
    assert "precious" not in bodies(session)
    session.undo(undo)
    assert "precious" in bodies(session)
    draft = session.reopen(outbox_id)
    assert (draft.kind, draft.target, draft.body) == (DraftKind.REPLY, uid(1), "precious")
    assert session.outbox() == []
    assert session.draft(DraftKind.REPLY, uid(1)) is not None


def test_what_is_written_already_is_never_overwritten(session: Session) -> None:
    """Neither by taking a row back out of the outbox, nor by undoing a discard: both can be done when it is gone."""
    outbox_id = reply(session, "sent first")
    session.save_draft(Draft(DraftKind.REPLY, uid(1), body="begun meanwhile"))
    with pytest.raises(UsageError, match="another draft"):
        session.reopen(outbox_id)
    assert [row.id for row in session.outbox()] == [outbox_id]
    thrown_away = session.discard_draft(DraftKind.REPLY, uid(1))
    session.save_draft(Draft(DraftKind.REPLY, uid(1), body="begun again"))
    with pytest.raises(UsageError, match="another draft"):
        session.undo(thrown_away)
    assert [draft.body for draft in session.drafts()] == ["begun again"]
    reply(session, "begun again")
    session.undo(thrown_away)
    assert [draft.body for draft in session.drafts()] == ["begun meanwhile"]


def test_discarding_a_draft_can_be_undone(session: Session) -> None:
    session.save_draft(Draft(DraftKind.REPLY, uid(1), body="half a"))
    undo = session.discard_draft(DraftKind.REPLY, uid(1))
    assert session.drafts() == []
    session.undo(undo)
    assert [draft.body for draft in session.drafts()] == ["half a"]


def test_mentions_are_answers_to_me_and_my_name_by_others(session: Session) -> None:
    assert [row.id for row in session.posts(session.mention_keys())] == [uid(5), uid(2)]


def test_a_closed_jam_is_refused_in_words_and_keeps_the_draft(session: Session, clock: Clock) -> None:
    clock.now = NOW + timedelta(days=2)
    assert "closed" in session.refusal()
    with pytest.raises(Refused, match="closed") as caught:
        reply(session, "late")
    assert caught.value.exit_code == 6
    assert [draft.body for draft in session.drafts()] == ["late"]


def test_guests_read_and_are_told_how_to_sign_in(known: registry.KnownJam, clock: Clock) -> None:
    guest = known.changed(person_id="", handle="guest", role="guest", store="none")
    session = Session(guest, clock=clock, rng=random.Random(1), new_client=None)
    with pytest.raises(NotSignedIn) as caught:
        session.vote(uid(1))
    assert caught.value.exit_code == 3
    with pytest.raises(NotSignedIn) as report:
        session.need_reportable(uid(1))
    with pytest.raises(NotSignedIn) as acts:
        session.need_acts_on(session.post(uid(1)))
    for told in (caught, report, acts):  # on one line of 80 columns, behind a mark and with a space at each end
        assert len(f"{told.value.title}. {told.value.hint}") <= 76
    assert session.forum("one").unread == 6
    session.close()


def test_another_process_is_noticed(session: Session, known: registry.KnownJam, clock: Clock) -> None:
    assert len(bodies(session)) == 5
    other = Session(known, clock=clock, rng=random.Random(2), new_client=None)
    reply(other, "from the other window")
    other.mark_all_read()
    other.close()
    assert "from the other window" in bodies(session)
    assert session.status().unread == 0


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("coffee", [2]),
        ("COFF", [2]),
        ("中文", [4]),
        ("茶", [4]),
        ('"body of number"', [1]),
        ("tag:tea", [1]),
        ("author:me", [7, 3]),
        ("forum:two hot", [6]),
        ("nothing-that-is-there", []),
        ('"', []),
        ("AND OR NOT ( ) * ^ : {", [4]),
        ("   ", []),
    ],
)
def test_search_finds(session: Session, query: str, numbers: list[int]) -> None:
    assert [hit.post.id for hit in session.search(query)] == [uid(n) for n in numbers]


def test_a_snippet_marks_the_words(session: Session) -> None:
    (hit,) = session.search("disagree coffee")
    assert [text for text, marked in hit.snippet if marked] == ["disagree", "coffee"]
    assert "".join(text for text, _ in hit.snippet) == "I disagree: coffee, says @me"
    assert hit.thread_title == "Idea 1"


def test_search_finds_what_waits_in_the_outbox(session: Session) -> None:
    reply(session, "a samovar of tea")
    (hit,) = session.search("samovar")
    assert hit.post.send is SendState.QUEUED
    assert hit.thread_title == "Idea 1"
    assert [text for text, marked in hit.snippet if marked] == ["samovar"]
    assert session.search("tea")[0] == session.search("tea", 1)[0]
    assert session.search("tea")[0].post.id == hit.post.id
    session.send(Draft(DraftKind.EDIT, uid(3), body="Why no kettle?", base_version=1))
    assert [hit.post.id for hit in session.search("kettle")] == [uid(3)]


def test_a_reply_that_waits_under_a_thread_that_waits_names_it(session: Session) -> None:
    forum = session.forums()[0]
    session.send(Draft(DraftKind.THREAD, forum.id, "Kettles", "of copper"))
    (opener,) = session.search("copper")
    session.send(Draft(DraftKind.REPLY, opener.post.id, body="of tin"))
    assert [(hit.thread_title, hit.post.body) for hit in session.search("tin")] == [("Kettles", "of tin")]


def test_what_waits_is_found_as_one_types(session: Session) -> None:
    reply(session, "a samovar of tea")
    answers: queue.Queue[Found] = queue.Queue()
    session.searching.ask("samo", "newest", answers.put)
    while (found := answers.get(timeout=30)).total < 0:
        pass
    assert [hit.post.body for hit in found.hits] == ["a samovar of tea"]


def test_search_sees_what_another_connection_wrote(session: Session) -> None:
    assert session.search("samovar") == []
    apply(session, post(9, 1, 1, body="a samovar"), cursor="13-aaaa")
    assert [hit.post.id for hit in session.search("samovar")] == [uid(9)]


def test_a_broken_mirror_is_set_aside_and_ones_own_things_stay(known: registry.KnownJam, clock: Clock) -> None:
    session = Session(known, clock=clock, rng=random.Random(1), new_client=None)
    reply(session, "kept")
    session.close()
    known.mirror.write_bytes(b"\0" * 5000)
    again = Session(known, clock=clock, rng=random.Random(1), new_client=None)
    assert again.set_aside is not None
    assert again.set_aside.exists()
    assert not again.mirrored
    assert [row.summary for row in again.outbox()] == ["kept"]
    again.close()


def test_a_newer_mirror_is_refused_untouched(known: registry.KnownJam, clock: Clock) -> None:
    db = connection.connect(known.mirror, mirror.SCHEMA)
    db.execute("PRAGMA user_version=77")
    db.close()
    before = known.mirror.read_bytes()
    with pytest.raises(JamError, match="newer jamtui"):
        Session(known, clock=clock, rng=random.Random(1), new_client=None)
    assert known.mirror.read_bytes() == before


def test_a_network_that_is_stopped_while_it_starts_ends(known: registry.KnownJam, clock: Clock) -> None:
    for _ in range(20):
        one = Session(known, clock=clock, rng=random.Random(1), new_client=lambda: JamClient("http://127.0.0.1:9"))
        one.start(lambda _: None)
        one.close()
        assert "jamtui-network" not in [thread.name for thread in threading.enumerate()]


def test_who_leaves_does_not_wait_for_a_silent_keyring(known: registry.KnownJam, clock: Clock) -> None:
    asked, answer = threading.Event(), threading.Event()

    def silent() -> JamClient:
        asked.set()
        answer.wait()
        return JamClient("http://127.0.0.1:9")

    one = Session(known, clock=clock, rng=random.Random(1), new_client=silent)
    one.start(lambda _: None)
    assert asked.wait(60)
    assert one.forums()  # who reads does not, either
    one.close()
    names = [thread.name for thread in threading.enumerate()]
    assert "jamtui-network" not in names
    assert "jamtui-sign-in" in names  # still waiting, and ends with the process
    answer.set()


def test_a_damaged_store_of_ones_own_is_told_with_where_it_is(known: registry.KnownJam, clock: Clock) -> None:
    known.own.write_bytes(b"not a database, but long enough to look at it" * 40)
    session = Session(known, clock=clock, rng=random.Random(1), new_client=None)
    (told,) = session.told
    assert "Nothing in it could be read" in told
    (aside,) = known.folder.glob("own.damaged-*")
    assert told.endswith(str(aside))
    assert aside.read_bytes() == b"not a database, but long enough to look at it" * 40
    assert session.outbox() == []
    session.close()


def test_uuid7_carries_the_time_and_its_version() -> None:
    one = new_uuid7(NOW, random.Random(1))
    assert one[14] == "7"
    assert one[19] in "89ab"
    assert int(one.replace("-", "")[:12], 16) == int(NOW.timestamp() * 1000)
