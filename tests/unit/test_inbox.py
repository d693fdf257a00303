"""The inbox: what is for the reader, a row a thread, with unread that is what the posts say."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jamtui.archive import rfc3339
from jamtui.errors import UsageError
from jamtui.model import Mark
from jamtui.notice import InboxRow, Reason, asked, reasons_of, wanted
from jamtui.paths import Home
from jamtui.session import Session
from jamtui.store import connection, mirror, registry
from jamtui.store.inbox import Inbox
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from jamtui.store.own import Own

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
FORUM = "0f000000-0000-4000-8000-000000000001"
ME, ANA, BEN, CY = (f"0a000000-0000-4000-8000-00000000000{n}" for n in range(1, 5))


def uid(n: int) -> str:
    return f"00000000-0000-7000-8000-{n:012x}"


def record(kind: str, /, **data: object) -> bytes:
    return json.dumps({"type": kind, "data": data}, ensure_ascii=False).encode()


def post(
    n: int, thread: int, parent: int | None = None, author: str = ANA, body: str = "text", **more: object
) -> bytes:
    return record(
        "post",
        **{
            "id": uid(n), "forum_id": FORUM, "thread_id": uid(thread),
            "parent_id": None if parent is None else uid(parent), "author_id": author,
            "title": f"Idea {n}" if parent is None else "", "body": body,
            "created_at": rfc3339(NOW - timedelta(hours=1) + timedelta(seconds=n)), "tags": [], **more,
        },
    )  # fmt: skip


PEOPLE = [
    record("person", id=one, handle=name.lower(), name=name, role=role)
    for one, name, role in (
        (ME, "Me", "participant"), (ANA, "Ana", "host"), (BEN, "Ben", "participant"), (CY, "Cy", "participant")
    )
]  # fmt: skip
JAM = [
    record("jam", format=1, id="j", slug="tea", title="Tea", opens_at=rfc3339(NOW - timedelta(hours=5)),
           closes_at=rfc3339(NOW + timedelta(hours=5))),
    *PEOPLE,
    record("forum", id=FORUM, slug="one", title="One", brief="b", position=1),
    post(1, 1, author=ME),
    post(2, 2),
]  # fmt: skip

Write = Callable[..., None]


@pytest.fixture
def known(tmp_path: Path) -> registry.KnownJam:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea").changed(
        person_id=ME, handle="me", name="Me", role="participant", store="file"
    )
    registry.remember(home, jam)
    prepare(jam, NOW)
    load(jam, JAM)
    return jam


def load(jam: registry.KnownJam, lines: list[bytes]) -> None:
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "12-aaaa")
        for line in lines:
            loading.feed(line)
        loading.finish(rfc3339(NOW))


def opened(known: registry.KnownJam, *, explore: bool = False) -> Session:
    return Session(known, clock=lambda: NOW, rng=random.Random(1), new_client=None, explore=explore)


@pytest.fixture
def session(known: registry.KnownJam) -> Iterator[Session]:
    with closing(opened(known)) as one:
        yield one


@pytest.fixture
def write(known: registry.KnownJam) -> Write:
    """What the server's log brings, a change a line."""
    at = [12]

    def write(*lines: bytes) -> None:
        at[0] += len(lines)
        with closing(connection.connect(known.mirror, mirror.SCHEMA)) as db:
            records = [json.loads(line) for line in lines]
            Mirror(db).apply([(r["type"], json.dumps(r["data"]).encode()) for r in records], f"{at[0]}-aaaa")

    return write


def rows(session: Session, words: str = "") -> list[InboxRow]:
    reasons, unread = wanted(words)
    return session.inbox_rows(session.inbox_keys(reasons, unread=unread))


def anew(session: Session) -> list[tuple[str, int, int, tuple[Reason, ...]]]:
    """The same as `rows` tells, looked for from nothing."""
    fresh, held = Inbox(), session.inbox()
    fresh.refresh(
        session._rows,
        session._marks.followed_since(),
        session.muted(),
        session._own.desk()[0],
        session._marks.all_seen,
        (0, 0),
    )
    assert fresh.keys == held.keys
    return [(row.key, row.count, row.unread, row.reasons) for row in fresh.rows(session._rows, fresh.keys)]


def test_forty_answers_are_one_row_that_says_forty(session: Session, write: Write) -> None:
    assert rows(session) == []
    write(*(post(n, 1, 1, author=(ANA, BEN, CY)[n % 3], body=f"answer {n}") for n in range(10, 50)))
    (row,) = rows(session)
    assert (row.count, row.unread, row.figure, row.names) == (40, 40, "40 answers", "Ben, Ana and 1 other")
    assert row.excerpt == "answer 49"
    assert row.title == "Idea 1"
    assert row.post_id == uid(10)  # the first unread
    session.mark_read(session.keys([uid(10), uid(11)]))
    (row,) = rows(session)
    assert (row.figure, row.post_id) == ("38 of 40 answers new", uid(12))
    assert session.for_me() == 1


def test_why_something_is_there(session: Session, write: Write) -> None:
    write(
        post(10, 1, 1, body="@ME, yes"),  # an answer that names me is an answer
        post(11, 2, 2, author=BEN, body="ask @me."),
        post(12, 12, author=CY, body="new"),
        post(13, 13, author=BEN, tags=["tea"]),
        post(14, 2, 2, author=ME, body="my own @me"),
        post(15, 15, body="@menno and bob@me.example and @me-too, not me"),
    )
    assert [(row.title, row.why) for row in rows(session)] == [("Idea 2", "names you"), ("Idea 1", "answers you")]
    assert rows(session)[1].reasons == (Reason.ANSWER, Reason.MENTION)
    assert [row.title for row in rows(session, "mentions")] == ["Idea 2", "Idea 1"]
    for what in ("@cy", "#tea", uid(15)):
        session.set_mark(what, Mark.FOLLOWED)
    assert len(rows(session)) == 2  # what is there is no news
    write(post(22, 22, author=CY), post(23, 23, author=BEN, tags=["tea"]), post(25, 15, 15))
    assert [(row.title, row.why, row.count) for row in rows(session)] == [
        ("Idea 15", "thread you follow", 1), ("Idea 23", "tag you follow", 1), ("Idea 22", "person you follow", 1),
        ("Idea 2", "names you", 1), ("Idea 1", "answers you", 1),
    ]  # fmt: skip
    assert anew(session) == [(row.key, row.count, row.unread, row.reasons) for row in rows(session)]


def test_what_is_muted_is_for_nobody(session: Session, write: Write) -> None:
    write(post(10, 1, 1), post(11, 2, 2, author=BEN, body="@me"))
    session.set_mark("@ben", Mark.MUTED)
    assert [row.title for row in rows(session)] == ["Idea 1"]
    session.set_mark(uid(1), Mark.MUTED)
    assert rows(session) == []
    session.set_mark(uid(1), Mark.MUTED, on=False)
    assert [row.title for row in rows(session)] == ["Idea 1"]


def test_reading_in_the_thread_reads_in_the_inbox_and_the_other_way_round(session: Session, write: Write) -> None:
    write(post(10, 1, 1), post(11, 1, 10, author=BEN, body="not for me"), post(12, 1, 1))
    undo = session.read_inbox(session.inbox_keys())
    assert rows(session)[0].unread == 0
    assert session.for_me() == 0
    assert len(session.thread_index(uid(1)).unread) == 1  # 11 is for nobody here
    session.undo(undo)
    assert rows(session)[0].unread == 2
    session.mark_all_read(thread_id=uid(1))
    assert rows(session)[0].unread == 0
    again = session.unread_inbox(rows(session)[0].key)
    assert rows(session)[0].unread == 2
    session.undo(again)
    assert rows(session)[0].unread == 0


def test_edits_and_taking_back_change_what_is_there(session: Session, write: Write) -> None:
    write(post(10, 2, 2, author=BEN, body="@me!"), post(11, 2, 2, body="nothing"))
    assert len(rows(session)) == 1
    write(post(10, 2, 2, author=BEN, body="nobody", version=2), post(11, 2, 2, body="now @me", version=2))
    assert [(row.count, row.names) for row in rows(session)] == [(1, "Ana")]
    write(post(11, 2, 2, body="", version=3, state="deleted"))
    assert rows(session) == []
    assert anew(session) == []


def test_a_mirror_that_is_fetched_anew_has_the_same_inbox(
    session: Session, write: Write, known: registry.KnownJam
) -> None:
    write(post(10, 1, 1), post(11, 1, 1, author=BEN))
    session.mark_read(session.keys([uid(10)]))
    before = [(row.key, row.count, row.unread) for row in rows(session)]
    load(known, [*JAM, post(10, 1, 1), post(11, 1, 1, author=BEN)])
    assert [(row.key, row.count, row.unread) for row in rows(session)] == before == [(f"thread:{uid(1)}", 2, 1)]


def test_exploring_marks_nothing(known: registry.KnownJam, write: Write) -> None:
    write(post(10, 1, 1), record("announcement", id=uid(90), author_id=ANA, body="Hello", created_at=rfc3339(NOW)))
    with closing(opened(known, explore=True)) as session:
        assert session.read_inbox(session.inbox_keys()).nothing
        assert [row.unread for row in rows(session)] == [1, 1]
    with closing(opened(known)) as session:
        assert [row.unread for row in rows(session)] == [1, 1]


def test_announcements_polls_links_and_what_only_i_am_told(session: Session, write: Write) -> None:
    at = rfc3339(NOW)
    write(
        post(10, 10, author=BEN),
        record("announcement", id=uid(90), author_id=ANA, body="Lunch\nat one", created_at=at),
        record("announcement", id=uid(91), author_id=ME, body="mine", created_at=at),
        record("announcement", id=uid(92), author_id=ANA, body="gone", created_at=at, gone=True),
        record("announcement", nonsense=True),
        record("poll", id=uid(93), author_id=ANA, question="Tea?", choices=["y", "n"], counts=[0, 0], created_at=at),
        record("link", id=f"{uid(10)}.builds_on.{uid(1)}", from_id=uid(10), kind="builds_on", to_id=uid(1),
               author_id=BEN, created_at=at),
        record("link", id=f"{uid(1)}.builds_on.{uid(10)}", from_id=uid(1), kind="builds_on", to_id=uid(10),
               author_id=BEN, created_at=at),
    )  # fmt: skip
    Own(session._own_db).put_desk(
        json.dumps(
            {"notices": [{"id": uid(95), "kind": "warn", "reason": "be kind", "at": at}, {"id": 7}, 5,
                         {"id": uid(96), "kind": "report", "state": "acted", "act": "hide", "at": at,
                          "post_id": uid(2)}],
             "reports": [{"id": uid(97), "state": "open", "created_at": at}]}
        ).encode(), "e",
    )  # fmt: skip
    found = {row.reasons[0]: row for row in rows(session, "unread")}
    assert set(found) == {Reason.ANNOUNCEMENT, Reason.POLL, Reason.LINK, Reason.NOTICE, Reason.REPORT}
    assert (found[Reason.ANNOUNCEMENT].title, found[Reason.ANNOUNCEMENT].names) == ("Lunch", "Ana")
    assert found[Reason.ANNOUNCEMENT].body == "Lunch\nat one"
    assert (found[Reason.LINK].post_id, found[Reason.LINK].excerpt) == (uid(10), "builds on")
    assert found[Reason.NOTICE].body.endswith("\n\nbe kind")  # a paragraph of its own, as Markdown has it
    assert found[Reason.REPORT].post_id == uid(2)
    assert found[Reason.REPORT].title == "Thank you for your report of “Idea 2”: moderators hid it"
    undo = session.read_inbox(session.inbox_keys())
    assert session.for_me() == 0
    assert session.announcements()[0].seen  # hosts' own list tells the same
    session.undo(undo)
    assert session.for_me() == 5


def test_guests_have_what_they_follow(known: registry.KnownJam, write: Write) -> None:
    with closing(opened(known.changed(person_id="", handle="", role="guest", store="none"))) as guest:
        guest.set_mark("@ana", Mark.FOLLOWED)
        assert rows(guest) == []
        write(post(10, 1, 1, body="@guest and @"), post(11, 2, 2))
        assert {row.title for row in rows(guest)} == {"Idea 1", "Idea 2"}


@pytest.mark.parametrize("what", ["@ben", "#tea", uid(2)])
def test_what_is_followed_brings_what_comes_after_it(
    session: Session, write: Write, what: str, figure: Callable[[str], None]
) -> None:
    write(*(post(n, 2, 2, author=BEN, tags=["tea"]) for n in range(10, 210)))
    assert session.for_me() == len(rows(session)) == 0
    undo = session.set_mark(what, Mark.FOLLOWED)
    old = sum(row.count for row in rows(session))
    write(post(300, 2, 2, author=BEN, tags=["tea"]), post(301, 2, 2, author=BEN, body="@me", tags=["tea"]))
    (row,) = rows(session)
    assert (row.count, row.unread, row.post_id) == (2, 2, uid(300))
    assert len(session.followed_keys()) >= 202  # the list of all that is followed has the old ones
    figure(f"following brings {old} of 200 old posts into the inbox, and 2 of 2 new ones")
    assert old == 0
    # Off and on again by an undo is as if it had not been: since when it is followed is taken back with it.
    session.undo(session.set_mark(what, Mark.FOLLOWED))
    assert anew(session)[0][:3] == (f"thread:{uid(2)}", 2, 2)
    session.undo(undo)
    assert [row.why for row in rows(session)] == ["names you"]
    session.set_mark(what, Mark.FOLLOWED)
    assert [row.count for row in rows(session)] == [1]  # from now on; what names one is there all the same


def test_a_post_with_two_tags_counts_from_when_the_first_of_them_was_followed(session: Session, write: Write) -> None:
    write(post(10, 10))
    session.set_mark("#tea", Mark.FOLLOWED)
    write(post(11, 11, tags=["tea", "coffee"]), post(12, 12, tags=["coffee"]))
    session.set_mark("#coffee", Mark.FOLLOWED)
    assert [row.title for row in rows(session)] == ["Idea 11"]
    write(post(13, 13, tags=["coffee"]))
    assert [row.title for row in rows(session)] == ["Idea 13", "Idea 11"]


def test_who_followed_before_it_was_kept_since_when_has_what_came_after_that(session: Session, write: Write) -> None:
    session.set_mark("@ana", Mark.FOLLOWED)
    session._own_db.execute("DELETE FROM places WHERE name LIKE 'since:%'")
    write(post(10, 2, 2, created_at=rfc3339(NOW + timedelta(seconds=1))))
    write(post(11, 2, 2, created_at=rfc3339(NOW - timedelta(seconds=1))))
    assert [row.count for row in rows(session)] == [1]


def test_a_post_of_next_year_does_not_silence_what_is_followed(session: Session, write: Write) -> None:
    write(post(10, 2, 2, created_at=rfc3339(NOW + timedelta(days=400))))
    session.set_mark("@ana", Mark.FOLLOWED)
    write(post(11, 2, 2))
    assert session.inbox().posts(f"thread:{uid(2)}") == session.keys([uid(10), uid(11)])


def test_what_is_followed_stays_so_where_hosts_and_moderators_put_it(session: Session, write: Write) -> None:
    """A tag that was merged into another, and a thread that was merged into another."""
    write(post(3, 3, author=CY))
    session.set_mark("#pilots", Mark.FOLLOWED)
    session.set_mark(uid(2), Mark.FOLLOWED)
    write(record("tag", id="pilots", about="", curated=False, merged_into="pilot-projects"))
    write(post(2, 3, 3))
    assert rows(session) == []
    write(post(10, 10, tags=["pilot-projects"]), post(11, 3, 3, author=BEN))
    assert [(row.title, row.why) for row in rows(session)] == [
        ("Idea 3", "thread you follow"), ("Idea 10", "tag you follow")
    ]  # fmt: skip
    assert anew(session) == [(row.key, row.count, row.unread, row.reasons) for row in rows(session)]


def test_texts_of_strangers_are_harmless_in_rows(session: Session, write: Write) -> None:
    evil = "\x1b]0;x\x07\x9b31m\u202e[/]"
    write(
        record("person", id=CY, handle="cy", name=f"C{evil}", role=f"host{evil}"),
        post(10, 1, 1, author=CY, body=f"{evil}\n{evil}"),
        record("announcement", id=uid(90), author_id=CY, body=evil, created_at=rfc3339(NOW)),
    )
    for row in rows(session):
        for text in (row.title, row.excerpt, row.role, *row.who, row.names):
            assert text.isprintable(), repr(text)
        assert row.body.replace("\n", "").isprintable()


def test_reasons_by_name() -> None:
    assert reasons_of("ans, tags") == {Reason.ANSWER, Reason.TAG}
    assert wanted("unread answers") == (frozenset({Reason.ANSWER}), True)
    assert asked(*wanted("tags unread answers")) == "unread answers tags"
    with pytest.raises(UsageError, match="fits several"):
        reasons_of("p")
    with pytest.raises(UsageError, match="no reason"):
        reasons_of("x\x1b")


def test_what_is_held_is_what_would_be_found(session: Session, write: Write) -> None:
    """Random changes, marks and reading: the held inbox is always the one looked for from nothing."""
    rng = random.Random(7)
    there: dict[int, tuple[int, int | None, str]] = {1: (1, None, ME), 2: (2, None, ANA)}
    steps = 0
    for n in range(10, 130):
        match rng.randrange(7):
            case 0 | 1 | 2:
                parent = rng.choice([None, *there])
                thread = n if parent is None else there[parent][0]
                there[n] = (thread, parent, rng.choice([ME, ANA, BEN, CY]))
                write(post(n, *there[n], body=rng.choice(["a", "@me", "@ana"]), tags=rng.choice([[], ["tea"]])))
            case 3:
                old = rng.choice(list(there))
                state = rng.choice([None, None, "deleted"])
                write(post(old, *there[old], body=rng.choice(["b", "@me"]), version=n, state=state))
            case 4:
                session.mark_read(rng.sample(session.live_keys(), 1))
            case 5:
                what = rng.choice(["@ben", "#tea", uid(rng.choice(list(there)))])
                session.set_mark(what, rng.choice([Mark.FOLLOWED, Mark.MUTED]))
            case 6 if keys := session.inbox_keys():
                row = session.inbox_rows([rng.choice(keys)])[0]
                session.toggle_inbox(row)
        steps += 1
        assert [(row.key, row.count, row.unread, row.reasons) for row in rows(session)] == anew(session), n
        for row in rows(session):
            posts = session.posts(session.inbox().posts(row.key))
            assert row.unread == sum(one.unread for one in posts)
    assert steps == 120


def test_two_thousand_hits_among_many_posts_cost_a_few_milliseconds(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    times = []
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea").changed(
        person_id=ME, handle="me", name="Me", role="participant", store="file"
    )
    prepare(jam, NOW)
    load(jam, [*JAM, *(post(n, n if n % 9 == 0 else n - n % 9, None if n % 9 == 0 else n - n % 9,
                            author=ME if n % 9 == 0 else (ANA, BEN, CY)[n % 3]) for n in range(9, 2_259))])  # fmt: skip
    with closing(opened(jam)) as session:
        session.forums()
        begin = time.perf_counter()
        inbox = session.inbox()
        cold = time.perf_counter() - begin
        assert len(inbox.keys) == 250
        for n in range(5_000, 5_010):
            with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
                one = json.loads(post(n, 9, 9))
                Mirror(db).apply([("post", json.dumps(one["data"]).encode())], f"{n}-aaaa")
            session.forums()
            begin = time.perf_counter()
            session.inbox()
            times.append(time.perf_counter() - begin)
        assert sum(len(inbox.posts(key)) for key in inbox.keys) == 2_010
    figure(f"inbox of 2,000 posts: {1e3 * cold:.1f} ms at first, {1e3 * statistics.median(times):.1f} ms after a post")


def test_a_thread_that_is_merged_while_it_is_looked_for_is_no_crash(session: Session, write: Write) -> None:
    """The network's thread writes when it likes, also between two questions of the inbox."""
    session.set_mark(uid(2), Mark.FOLLOWED)
    write(post(3, 2, 2))
    merged = [
        post(2, 1, 1, title="", merged_from={"thread_id": uid(2), "forum_id": FORUM, "title": "Idea 2"}),
        post(3, 1, 2),
    ]

    def merge_now(_: object, sql: str, __: object) -> bool:
        if "json_array(p.n, p.thread" in sql and merged:
            lines = merged[:]
            merged.clear()
            write(*lines)
        return True

    session._rows.db.exec_trace = merge_now
    keys = session.inbox_keys()
    session._rows.db.exec_trace = None
    assert (keys, merged) == ([f"thread:{uid(2)}"], [])
    assert [row.key for row in rows(session)] == [f"thread:{uid(1)}"]
    assert anew(session)


def test_a_handle_that_is_a_common_word_costs_nothing_when_a_post_comes(
    known: registry.KnownJam, write: Write, figure: Callable[[str], None]
) -> None:
    """The reader's handle is me: while posts came by the hundred, each frame looked through all that have the word."""
    load(known, [*JAM, post(1_000, 1_000), post(1_001, 1_000, 1_000, BEN, "For me, too"),
                 *(post(n, 2, 2, BEN, "For me that is tea") for n in range(3, 1_000))])  # fmt: skip
    with closing(opened(known)) as session:
        session.inbox_keys()
        steps = [0]

        def step() -> bool:
            steps[0] += 1
            return False

        def told(key: str, *lines: bytes) -> int:
            """How many steps it took to see that this thread names the reader."""
            write(*lines)
            session.forums()  # what is counted anew is not meant
            steps[0] = 0
            db = session.readable().db
            db.set_progress_handler(step, 1)
            keys = session.inbox_keys()
            db.set_progress_handler(None)
            assert key in keys
            (row,) = session.inbox_rows([key])
            assert row.reasons == (Reason.MENTION,)
            return steps[0]

        new = told(f"thread:{uid(2)}", post(2_000, 2, 2, BEN, "For @me that is tea"))
        changed = told(f"thread:{uid(1_000)}", post(1_001, 1_000, 1_000, BEN, "For @me, too", version=2))
        assert max(new, changed) < 2_000
        write(post(2_000, 2, 2, BEN, "For me that is tea", version=2))
        assert f"thread:{uid(2)}" not in session.inbox_keys()
        told(
            f"thread:{uid(2)}", post(500, 2, 2, BEN, "For @me that is tea", version=2)
        )  # looked through, as it is long
    figure(f"posts that name @me beside 1,000 with the word: new {new:,} steps of SQLite, changed {changed:,}")
