"""Ideas that converge, by the session and its store: kinds, links in both directions, what is featured, how far ideas
are, threads that are like a new one; laid over the mirror while they wait, taken back, and told as they are."""

from __future__ import annotations

import json
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from jamserver import lifelike, shapes
from jamtui.archive import rfc3339
from jamtui.errors import JamError, Refused, UsageError
from jamtui.model import Draft, DraftKind, LinkRow, PostRow, SendState, Similar
from jamtui.paths import Home
from jamtui.session import Session
from jamtui.store import checking, connection, mirror, own, registry
from jamtui.store.likeness import similar, terms, titled
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ME, ANA, FORUM = "me-0001", "ana-001", "forum-1"


def post(n: int, title: str | None = None, **more: Any) -> tuple[str, dict[str, Any]]:
    post_id = f"post-{n:04}"
    return "post", {
        "id": post_id, "forum_id": FORUM, "thread_id": more.get("parent_id") or post_id, "author_id": ANA, "tags": [],
        "parent_id": None, "title": title, "body": f"Number {n}",
        "created_at": rfc3339(NOW - timedelta(hours=1) + timedelta(seconds=n)), **more,
    }  # fmt: skip


def link(source: int, kind: str, to: int | str, by: str = ANA, **more: Any) -> tuple[str, dict[str, Any]]:
    from_id, to_id = f"post-{source:04}", to if isinstance(to, str) else f"post-{to:04}"
    return "link", {
        "id": f"{from_id}.{kind}.{to_id}", "from_id": from_id, "kind": kind, "to_id": to_id, "author_id": by,
        "created_at": rfc3339(NOW), **more,
    }  # fmt: skip


JAM: list[tuple[str, dict[str, Any]]] = [
    ("jam", {"format": 1, "id": "j", "slug": "tea", "title": "Tea", "opens_at": rfc3339(NOW - timedelta(hours=5)),
             "closes_at": rfc3339(NOW + timedelta(hours=5))}),
    ("person", {"id": ME, "handle": "me", "name": "Me"}), ("person", {"id": ANA, "handle": "ana", "name": "Ana"}),
    ("forum", {"id": FORUM, "slug": "one", "title": "One", "position": 1}),
    post(1, "Coffee corners on every floor", kind="idea", idea_state="refined", tags=["office"]),
    post(2, parent_id="post-0001"),
    post(3, "Who pays for the coffee?", kind="question", author_id=ME),
    post(4, "Quiet hours", kind="idea", featured={"by": ANA, "reason": "\x9b31mSmall\nenough", "at": rfc3339(NOW)}),
    post(5, "Old thread"),
    post(6, "", state="deleted", body=""),
    link(4, "builds_on", 1), link(3, "objects", 1, ME), link(2, "answers", 3), link(1, "duplicates", 6),
    link(1, "answers", "elsewhere"), link(4, "duplicates", 5, gone=True), ("link", {"id": "odd", "kind": 7}),
    link(5, "likes", 1),
]  # fmt: skip


def opened(folder: Path, records: list[tuple[str, dict[str, Any]]], role: str = "participant") -> Session:
    home = Home.from_env({"JAMTUI_HOME": str(folder)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea").changed(
        person_id=ME, handle="me", name="Me", role=role, store="file"
    )
    registry.remember(home, jam)
    prepare(jam, NOW)
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "30-aaaa")
        for kind, data in records:
            data = data | {"role": role} if data["id"] == ME else data
            loading.feed(json.dumps({"type": kind, "data": data}).encode())
        loading.finish(rfc3339(NOW))
        assert checking.mirror_faults(db, full_text=True) == []
    return Session(jam, clock=lambda: NOW, rng=random.Random(1), new_client=None)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    one = opened(tmp_path, JAM)
    yield one
    one.close()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Session]:
    one = opened(tmp_path, JAM, "host")
    yield one
    one.close()


def shown(session: Session, n: int) -> PostRow:
    return session.post(f"post-{n:04}")


def told(links: tuple[LinkRow, ...]) -> list[tuple[str, bool, str, bool]]:
    return [(link.kind, link.out, link.title, link.gone) for link in links]


def waiting(session: Session) -> list[tuple[str, str]]:
    return [(row.kind, row.state.value) for row in session.outbox()]


def folded(session: Session, kind: str, data: dict[str, Any], cursor: str) -> None:
    with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        Mirror(db).apply([(kind, json.dumps(data).encode())], cursor)
        assert checking.mirror_faults(db, full_text=True) == []


# -- what threads are


def test_rows_tell_kind_state_and_why_a_post_is_featured_in_harmless_words(session: Session) -> None:
    first, reply, question, quiet, old = (shown(session, n) for n in (1, 2, 3, 4, 5))
    assert [(row.kind, row.idea_state) for row in (first, reply, question, quiet, old)] == [
        ("idea", "refined"), ("", ""), ("question", ""), ("idea", "new"), ("", ""),
    ]  # fmt: skip
    assert quiet.featured
    assert quiet.featured_for.endswith("Small enough")
    assert "\x9b" not in quiet.featured_for
    threads = {row.id: row for row in session.threads(session.thread_keys(FORUM))}
    assert threads["post-0001"].idea_state == "refined"
    assert "Small" in threads["post-0004"].featured
    assert [session.posts([key])[0].id for key in session.featured_keys()] == ["post-0004"]


def test_lists_are_narrowed_and_sorted_by_kind_and_state(session: Session) -> None:
    def found(words: str, sort: str = "new") -> list[str]:
        keys = session.thread_keys(FORUM, sort, session.filter(words))
        return [row.id[-1] for row in session.threads(keys)]

    assert found("kind:idea") == ["4", "1"]
    assert found("kind:idea kind:question") == ["4", "3", "1"]
    assert found("state:refined") == ["1"]
    assert found("state:new is:featured") == ["4"]
    assert found("kind:idea tag:office") == ["1"]
    assert found("kind:discussion") == []
    assert found("", "state")[:2] == ["1", "4"]
    with pytest.raises(UsageError, match="no such kind: poem"):
        session.filter("kind:poem")


def test_a_search_knows_kinds_states_and_what_is_featured(session: Session) -> None:
    def found(words: str) -> set[str]:
        return {hit.post.id[-1] for hit in session.search(words)}

    assert found("kind:idea") == {"1", "2", "4"}  # posts of threads of that kind
    assert found("coffee kind:question") == {"3"}
    assert found("state:refined number") == {"1", "2"}
    assert found("is:featured") == {"4"}
    assert found("-kind:idea number") == {"3", "5"}


def test_changes_of_the_wire_move_a_thread_from_list_to_list(session: Session) -> None:
    assert session.stages().total == (1, 0, 1, 0)
    _, data = post(4, "Quiet hours", kind="idea", idea_state="chosen")
    folded(session, "post", data, "31-aaaa")
    assert session.stages().total == (0, 0, 1, 1)
    assert session.featured_keys() == []
    _, data = post(1, "", state="removed", body="")
    folded(session, "post", data, "32-aaaa")
    assert session.stages().total == (0, 0, 0, 1)
    assert session.thread_keys(FORUM, "new", session.filter("state:refined")) == []


def test_the_author_says_what_a_thread_is_and_takes_it_back(session: Session) -> None:
    undo = session.set_kind("post-0003", "disc")
    assert (shown(session, 3).kind, shown(session, 3).send) == ("discussion", SendState.QUEUED)
    assert session.threads([shown(session, 3).key])[0].kind == "discussion"
    assert waiting(session) == [("kind", "queued")]
    session.undo(undo)
    assert (shown(session, 3).kind, waiting(session)) == ("question", [])
    assert session.set_kind("post-0003", "question").nothing
    with pytest.raises(Refused, match="somebody else's"):
        session.set_kind("post-0001", "question")
    with pytest.raises(UsageError, match="no such kind"):
        session.set_kind("post-0003", "poem")


def test_hosts_say_how_far_an_idea_is_and_feature_posts(host: Session) -> None:
    undo = host.set_idea_state("post-0002", "chosen")  # of the thread that the post is in
    assert shown(host, 1).idea_state == "chosen"
    host.undo(undo)
    assert shown(host, 1).idea_state == "refined"
    with pytest.raises(UsageError, match="not an idea"):
        host.set_idea_state("post-0003", "new")
    undo = host.feature("post-0002", "  Says what\nit costs. ")
    assert (shown(host, 2).featured, shown(host, 2).featured_for) == (True, "Says what it costs.")
    host.undo(undo)
    assert not shown(host, 2).featured
    undo = host.unfeature("post-0004")
    assert not shown(host, 4).featured
    host.undo(undo)
    assert shown(host, 4).featured
    with pytest.raises(UsageError, match="needs a reason"):
        host.feature("post-0002", " ")
    with pytest.raises(UsageError, match="1 characters too long"):
        host.feature("post-0002", "x" * 301)
    with pytest.raises(Refused, match="gone"):
        host.feature("post-0006", "Was good")


@pytest.mark.parametrize(
    "act",
    [
        lambda s: s.set_idea_state("post-0001", "new"),
        lambda s: s.feature("post-0001", "Mine"),
        lambda s: s.unfeature("post-0004"),
    ],
)
def test_others_are_told_that_hosts_do_that(session: Session, act: Callable[[Session], object]) -> None:
    with pytest.raises(Refused, match="only hosts of this forum and moderators"):
        act(session)
    assert waiting(session) == []


def test_an_undo_of_what_was_sent_does_it_the_other_way_round(host: Session) -> None:
    undo = host.set_idea_state("post-0001", "chosen")
    with closing(connection.connect(host.known.own, own.SCHEMA)) as db:
        own.Own(db).sent(host.outbox()[0].id, 31)
    host.undo(undo)
    assert [row.summary.partition(":")[0] for row in host.outbox()] == ["chosen", "refined"]
    assert shown(host, 1).idea_state == "refined"


# -- links


def test_links_stand_under_both_posts_with_what_became_of_the_other(session: Session) -> None:
    assert told(session.links("post-0001")) == [
        ("duplicates", True, "a post that was taken back by its author", True),
        ("answers", True, "a post that is not here", True),
        ("builds_on", False, "Quiet hours", False),
        ("objects", False, "Who pays for the coffee?", False),
    ]
    assert told(shown(session, 4).links) == [("builds_on", True, "Coffee corners on every floor", False)]
    assert told(shown(session, 3).links)[-1] == ("answers", False, "Number 2", False)  # a reply, by how it begins
    assert shown(session, 5).links == ()


def test_the_title_of_a_post_that_goes_goes_from_under_the_others(session: Session) -> None:
    assert shown(session, 4).links[0].title.startswith("Coffee")
    _, data = post(1, "", state="hidden", body="")
    with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        changed = Mirror(db).apply([("post", json.dumps(data).encode())], "31-aaaa")
    assert {"post-0004", "post-0003"} <= changed.posts  # so that who reads them sees it
    assert told(shown(session, 4).links) == [("builds_on", True, "a post that was hidden by a moderator for now", True)]


def test_a_link_is_made_off_line_and_taken_away_again(session: Session) -> None:
    undo = session.connect("post-0003", "b", "post-0004")
    assert told(shown(session, 3).links)[-1] == ("builds_on", True, "Quiet hours", False)
    assert [one.waits for one in shown(session, 4).links if not one.out] == [True]
    assert session.connect("post-0003", "builds-on", "post-0004").nothing
    session.undo(undo)
    assert shown(session, 4).links == (replace(shown(session, 4).links[0]),)
    assert waiting(session) == []
    mine = next(one for one in session.links("post-0003") if one.kind == "objects")
    undo = session.disconnect("post-0003", mine)
    assert "objects" not in [one.kind for one in session.links("post-0001")]
    assert waiting(session) == [("disconnect", "queued")]
    session.undo(undo)
    assert "objects" in [one.kind for one in session.links("post-0001")]


def test_what_a_link_cannot_be_is_said_before_it_is_sent(session: Session) -> None:
    for args, said in (
        (("post-0001", "likes", "post-0003"), "no such link"),
        (("post-0001", "answers", "post-0001"), "no link to itself"),
        (("post-0001", "answers", "post-0006"), "gone"),
        (("post-0001", "answers", "nobody-has-this"), "no post"),
    ):
        with pytest.raises(JamError, match=said):
            session.connect(*args)
    draft = Draft(DraftKind.THREAD, FORUM, "New", "Body")
    new_id = session.send(draft)
    with pytest.raises(UsageError, match="not sent yet"):
        session.connect("post-0003", "answers", new_id)
    builds = next(one for one in session.links("post-0001") if one.kind == "builds_on")
    with pytest.raises(Refused, match="others said this"):
        session.disconnect("post-0001", builds)
    assert waiting(session) == [("post", "queued")]


def test_a_link_that_came_and_one_that_went_are_seen_at_once(session: Session) -> None:
    assert shown(session, 5).links == ()
    kind, data = link(5, "objects", 4)
    folded(session, kind, data, "31-aaaa")
    assert told(shown(session, 5).links) == [("objects", True, "Quiet hours", False)]
    folded(session, kind, data | {"gone": True}, "32-aaaa")
    assert shown(session, 5).links == ()


def test_a_new_thread_takes_its_kind_and_links_along_also_as_a_draft_and_out_of_the_outbox(session: Session) -> None:
    draft = Draft(DraftKind.THREAD, FORUM, "More coffee", "On each floor.", (), thread_kind="question",
                  links=(("builds_on", "post-0001"), ("duplicates", "post-0006")))  # fmt: skip
    session.save_draft(draft)
    kept = session.draft(DraftKind.THREAD, FORUM)
    assert kept is not None
    assert (kept.thread_kind, kept.links) == (draft.thread_kind, draft.links)
    undo = session.discard_draft(DraftKind.THREAD, FORUM)
    session.undo(undo)
    new_id = session.send(draft)
    row = session.post(new_id)
    assert (row.kind, row.idea_state) == ("question", "")
    assert told(row.links) == [("builds_on", True, "Coffee corners on every floor", False)]  # not to what is gone
    assert waiting(session) == [("post", "queued"), ("connect", "queued")]
    again = session.reopen(new_id)
    assert (again.thread_kind, again.links, waiting(session)) == ("question", (("builds_on", "post-0001"),), [])
    plain = session.send(Draft(DraftKind.THREAD, FORUM, "An idea", "Body"))
    assert session.post(plain).kind == "idea"  # unless somebody says otherwise


# -- threads like a new one


def test_the_words_of_a_title_are_asked_for_without_their_endings_and_those_that_tell_nothing() -> None:
    assert terms("The coffee corners of every floor") == ['"coffe"*', '"corner"*', '"every"*', '"floor"*']
    assert terms("Tea") == ['"tea"']
    assert terms('a OR "b" NEAR(c) * -') == ['"near"*']
    assert terms("咖啡角落") == ['"咖 啡"', '"啡 角"', '"角 落"']
    assert terms("und die der") == []
    assert len(terms(" ".join(f"word{n}" for n in range(99)))) == 12


def test_threads_that_are_like_a_new_title_are_found_and_nothing_else(session: Session) -> None:
    rows = session.readable()
    assert [one.post.id for one in similar(rows, "A coffee corner on each floor")][:1] == ["post-0001"]
    assert similar(rows, "Coffee corners on every floor")[0].likeness == pytest.approx(1.0)
    assert [one.replies for one in similar(rows, "coffee corners")] == [1]
    for nothing in ("", "the", "Something else entirely", '"', "\0\x9b", "*" * 400):
        assert similar(rows, nothing) == ()


def test_a_post_is_found_by_words_of_its_title_or_by_its_id(session: Session) -> None:
    rows = session.readable()

    def ids(text: str) -> list[str]:
        return [one.post.id for one in titled(rows, text)]

    assert ids("coff flo") == ["post-0001"]
    assert ids("number 2") == ["post-0002"]  # words of a text, where no title has them
    assert ids("a") == ids("") == ids("!!") == []


def test_it_is_looked_for_beside_everything_else_and_only_for_the_latest_title(session: Session) -> None:
    told: list[tuple[str, tuple[Similar, ...]]] = []
    done = threading.Event()

    def deliver(title: str, found: tuple[Similar, ...]) -> None:
        told.append((title, found))
        done.set()

    for end in range(3, len("coffee corners") + 1):
        session.ask_similar("coffee corners"[:end], deliver)
    assert done.wait(10)
    assert [title for title, _ in told] == ["coffee corners"]
    assert [one.post.id for one in told[0][1]] == ["post-0001"]


def test_a_large_jam_answers_in_milliseconds(tmp_path: Path, figure: Callable[..., None]) -> None:
    """The long form, of 46,000 posts, is made with JAMTUI_SOAK; see docs/ideas.md for its figures."""
    import os

    posts = 46_000 if os.environ.get("JAMTUI_SOAK") else 4_000
    opens = NOW - timedelta(hours=72)
    records = list(lifelike.generate(shapes.plain(posts), 1, opens, NOW, NOW))
    session = opened(tmp_path, [*records, JAM[1]])
    try:
        rows = session.readable()
        titles = [data["title"] for kind, data in records if kind == "post" and not data["parent_id"]]
        took, itself = [], 0
        chosen = titles[:: max(1, len(titles) // 60)]
        for title in chosen:
            start = time.perf_counter()
            found = similar(rows, str(title))
            took.append(1000 * (time.perf_counter() - start))
            # Itself, or others of the same words: there are dozens of those in a generated Jam.
            itself += any(one.post.title == title or one.likeness > 0.99 for one in found)
    finally:
        session.close()
    figure(f"threads like a title, in {posts:,} posts: {statistics.median(took):.1f} ms in the middle, "
           f"{max(took):.1f} at most; {itself} of {len(chosen)} titles found themselves")  # fmt: skip
    assert itself >= 0.95 * len(chosen)
