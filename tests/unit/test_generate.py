"""Generated Jams: the same again for the same arguments, valid, and of the shape of real ones."""

from __future__ import annotations

import io
import random
import statistics
import tracemalloc
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import msgspec
import pytest

from jamserver import wire
from jamserver.content import stock
from jamserver.content.people import people
from jamserver.demo_events import LivePost
from jamserver.demo_jam import DEMO_HANDLE, DemoJam, demo_records, live_posts
from jamserver.generate import FORUM_THREADS, Record
from jamserver.lifelike import generate, main_generate
from jamserver.shapes import plain
from jamtui import archive
from jamtui.errors import UsageError

NOW = datetime(2011, 2, 9, 12, tzinfo=UTC)
BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def archive_bytes(posts: int, seed: int, big_thread: int = 0) -> bytes:
    out = io.BytesIO()
    main_generate(posts, seed, out, NOW, big_thread=big_thread)
    return out.getvalue()


def checked(data: bytes) -> list[archive.Record]:
    return list(archive.check(archive.read(io.BytesIO(data))))


def as_bytes(records: Iterable[Record]) -> bytes:
    return b"".join(archive.encode(kind, msgspec.json.encode(data)) for kind, data in records)


def posts_of(records: Iterable[archive.Record]) -> list[archive.Post]:
    return [record.data for record in records if isinstance(record.data, archive.Post)]


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert archive_bytes(600, 7) == archive_bytes(600, 7)
    # The first line names the seed: what follows it must differ too.
    ours, others = (archive_bytes(600, seed).split(b"\n", 1)[1] for seed in (7, 8))
    assert ours != others


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_valid_in_time_order_and_within_limits(seed: int) -> None:
    posts = posts_of(checked(archive_bytes(5_000, seed)))
    assert len(posts) == 5_000
    assert len({post.id for post in posts}) == 5_000
    assert all(before.created_at <= after.created_at for before, after in pairwise(posts))
    for post in posts:
        assert (post.title is None) == (post.parent_id is not None)
        assert len(post.title or "x") in range(1, 201)
        assert len(post.body) in range(1, 20_001)
        assert list(post.tags) == sorted({archive.normal_tag(tag) for tag in post.tags})
        assert "{" not in (post.title or "")  # no slot was left open


def test_ids_carry_the_time_of_their_post() -> None:
    for post in posts_of(checked(archive_bytes(300, 1))):
        assert post.id[14] == "7"
        assert post.id[19] in "89ab"
        assert int(post.id.replace("-", "")[:12], 16) == round(post.created_at.timestamp() * 1000)


def test_one_thread_of_many_posts() -> None:
    posts = posts_of(checked(archive_bytes(900, 1, big_thread=400)))
    sizes = Counter(post.thread_id for post in posts)
    assert sizes.most_common(1)[0][1] == 400
    assert len(posts) == 900


def test_posts_after_now_are_left_out() -> None:
    opens_at, closes_at = NOW - timedelta(hours=20), NOW + timedelta(hours=52)
    posts = [data for kind, data in generate(plain(500), 1, opens_at, closes_at, NOW) if kind == "post"]
    assert 100 < len(posts) < 500
    assert max(str(post["created_at"]) for post in posts) <= archive.rfc3339(NOW)


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one post"):
        archive_bytes(0, 1)
    with pytest.raises(UsageError, match="big thread"):
        archive_bytes(10, 1, big_thread=11)


def test_every_thread_by_hand_can_be_read() -> None:
    for forum in stock.forums():
        assert len(forum.scripts) >= 14
        topics = {topic.key for topic in forum.topics}
        for script in forum.scripts:
            assert script.topic in topics
            assert 4 <= len(script.lines) - 1 <= 11
            assert all(line.body for line in script.lines)


@pytest.fixture(scope="module")
def demo() -> tuple[list[archive.Record], DemoJam]:
    jam = DemoJam(1, NOW)
    return checked(as_bytes(jam.records())), jam


def test_what_hosts_do_beside_the_posts_changes_none_of_them(demo: tuple[list[archive.Record], DemoJam]) -> None:
    """Pictures and tests stand on the posts alone."""
    alone = checked(as_bytes(demo_records(1, NOW)))
    assert [record.raw for record in alone if record.type in ("post", "link", "forum", "jam")] == [
        record.raw for record in demo[0] if record.type in ("post", "link", "forum", "jam")
    ]
    assert {record.type for record in alone} == {"jam", "person", "forum", "post", "link"}
    people = [record.data for record in alone if isinstance(record.data, archive.Person)]
    assert not any(person.about or person.languages or person.honour for person in people)


@pytest.mark.parametrize("whose", ["demo", "generated"])
def test_a_generated_jam_is_a_whole_one(whose: str, demo: tuple[list[archive.Record], DemoJam]) -> None:
    """All that hosts and people of a Jam do is there, in the form that the server takes."""
    records = demo[0] if whose == "demo" else checked(archive_bytes(2_000, 1))
    found: dict[str, list[bytes]] = {}
    for record in records:
        found.setdefault(record.type, []).append(record.raw)
    people = {r.data.id: r.data for r in records if isinstance(r.data, archive.Person)}
    forums = {r.data.id: r.data for r in records if isinstance(r.data, archive.Forum)}
    posts = posts_of(records)
    jam = records[0].data
    assert isinstance(jam, archive.Jam)
    assert [bool(phase.guidance) for phase in jam.phases] == [True, True]
    assert all(forum.brief and forum.host_ids for forum in forums.values())
    assert found["link"]
    assert {post.kind for post in posts if not post.parent_id} == {"idea", "question", "discussion"}
    assert any(isinstance(post.featured, dict) for post in posts)

    announced = [msgspec.json.decode(raw, type=wire.Announcement) for raw in found["announcement"]]
    polls = [msgspec.json.decode(raw, type=wire.Poll) for raw in found["poll"]]
    assert any(isinstance(one.forum_id, str) for one in announced)
    assert any(isinstance(one.forum_id, str) for one in polls)
    for said in (*announced, *polls):
        assert people[said.author_id].role == "host"
        assert jam.opens_at <= said.created_at <= NOW
        if isinstance(said.forum_id, str):
            assert said.author_id in forums[said.forum_id].host_ids
    for poll in polls:
        assert len(poll.counts) == len(poll.choices)
        assert min(poll.counts) > 0
        assert sum(poll.counts) < len(people) * (1 if whose == "demo" else 2)
    assert [isinstance(poll.closes_at, datetime) and poll.closes_at > NOW for poll in polls] == [
        False, whose == "demo",
    ]  # fmt: skip

    tags = {one.id: one for one in (msgspec.json.decode(raw, type=wire.TagRecord) for raw in found["tag"])}
    used = {tag for post in posts for tag in post.tags}
    curated = {name for name, tag in tags.items() if tag.curated}
    assert len(curated & used) > 8
    assert all(tag.about for tag in tags.values() if tag.curated)
    merged = {name: tag.merged_into for name, tag in tags.items() if tag.merged_into}
    assert merged
    assert set(merged.values()) <= curated
    assert not used & merged.keys()

    told = [person for person in people.values() if person.about or person.languages]
    assert len(told) > len(people) / 3
    for person in told:
        data = {"about": person.about, "languages": person.languages}
        msgspec.convert(data, wire.ProfileEdit)
    assert 1 <= sum(bool(person.honour) for person in people.values()) <= 5
    assert all(len(person.honour) <= wire.MAX_HONOUR for person in people.values())


def test_demo_figures_are_those_of_the_social_business_jam() -> None:
    jam = DemoJam(3, NOW)
    records = checked(as_bytes(jam.records()))
    there = posts_of(records)
    # The posts that are left of the 2,666 come first.
    posts = (event for event in jam.live() if event.kind == "post")
    live = list(islice(posts, 2_666 - len(there)))
    forums = [record.data for record in records if isinstance(record.data, archive.Forum)]
    assert [forum.position for forum in forums] == [0, 1, 2, 3, 4]
    assert len(there) + len(live) == 2_666
    assert 300 < len(live) < 1_200
    threads = Counter(post.forum_id for post in there if not post.parent_id)
    threads.update(event.forum_id for event in live if not event.parent_id)
    assert tuple(threads[forum.id] for forum in forums) == FORUM_THREADS
    assert sum(isinstance(record.data, archive.Person) for record in records) == 2_700
    first = records[0].data
    assert isinstance(first, archive.Jam)
    assert first.opens_at == NOW - timedelta(hours=40)
    assert first.closes_at == NOW + timedelta(hours=32)
    assert all(post.created_at <= NOW for post in there)


def test_demo_repeats_for_a_seed() -> None:
    assert as_bytes(demo_records(5, NOW)) == as_bytes(demo_records(5, NOW))
    assert as_bytes(demo_records(5, NOW)) != as_bytes(demo_records(6, NOW))
    first, second = (list(islice(live_posts(5, NOW), 4_000)) for _ in range(2))
    assert first == second


def test_live_events_concern_what_is_there(demo: tuple[list[archive.Record], DemoJam]) -> None:
    known = {post.id for post in posts_of(demo[0])}
    polls = {
        poll.id: len(poll.choices)
        for poll in (msgspec.json.decode(one.raw, type=wire.Poll) for one in demo[0] if one.type == "poll")
        if isinstance(poll.closes_at, datetime) and poll.closes_at > NOW
    }
    events = list(islice(live_posts(1, NOW), 4_000))
    assert 100 < sum(event.kind == "ballot" for event in events) < 600
    for event in events:
        if event.kind == "ballot":
            assert event.choice < polls[event.post_id]
        elif event.kind == "post":
            assert event.post_id not in known
            assert event.parent_id is None or event.parent_id in known
            known.add(event.post_id)
        else:
            assert event.post_id in known
    assert 3 < statistics.mean(event.delay for event in events) < 5


def test_live_events_do_not_end_and_do_not_pile_up(capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty hours of a demo: after the planned posts come others, with new threads, and memory stays as it was."""
    events = live_posts(1, NOW)
    late: list[LivePost] = []
    for _ in islice(events, 6_000):
        pass
    tracemalloc.start()
    try:
        start = tracemalloc.take_snapshot()
        for number, event in enumerate(islice(events, 12_000)):
            if number >= 11_000:
                late.append(event)
        del event
        grown = sum(one.size_diff for one in tracemalloc.take_snapshot().compare_to(start, "filename"))
    finally:
        tracemalloc.stop()
    posts = [event for event in late if event.kind == "post"]
    openers = sum(not event.parent_id for event in posts)
    with capsys.disabled():
        print(
            f"\n12,000 late events: {grown / 1024:.0f} KiB more, {len({e.body for e in posts})} of {len(posts)} differ"
        )
    assert len(late) == 1_000
    assert 400 < len(posts) < 600
    assert 0.1 < openers / len(posts) < 0.35
    assert len({event.forum_id for event in posts}) == 5
    assert grown < 1 << 20


def test_the_top_threads_of_each_forum_are_those_by_hand(demo: tuple[list[archive.Record], DemoJam]) -> None:
    posts = posts_of(demo[0])
    by_hand = {script.title for forum in stock.forums() for script in forum.scripts}
    titles = {post.id: post.title for post in posts if post.title}
    last: dict[str, datetime] = {}
    forum_of: dict[str, str] = {}
    for post in posts:
        last[post.thread_id] = post.created_at
        forum_of[post.thread_id] = post.forum_id
    for forum_id in set(forum_of.values()):
        newest = sorted((at, thread) for thread, at in last.items() if forum_of[thread] == forum_id)[-14:]
        assert all(titles[thread] in by_hand for _, thread in newest)


def test_the_demo_participant_took_part_and_was_answered(demo: tuple[list[archive.Record], DemoJam]) -> None:
    posts = posts_of(demo[0])
    me = next(r.data.id for r in demo[0] if isinstance(r.data, archive.Person) and r.data.handle == DEMO_HANDLE)
    mine = {post.id for post in posts if post.author_id == me}
    assert len(mine) >= 5
    assert sum(post.parent_id in mine for post in posts) >= 4
    assert sum("@demo" in post.body for post in posts) >= 4


def test_names_have_a_space_where_their_script_has_one() -> None:
    """Vietnamese names were written as one word, as Chinese ones are."""
    names = [one.name for one in people(random.Random(3), 3_000, {})]
    joined = [name for name in names if " " not in name]
    assert all(unicodedata.east_asian_width(char) == "W" for name in joined for char in name)
    assert len(joined) > 20  # of 3,000
    wide = [
        name for name in names if " " in name and all(unicodedata.east_asian_width(c) == "W" for c in name if c != " ")
    ]
    print(f"{len(names):,} names: {len(joined)} in one word, {len(wide)} of those scripts in two")
    assert not wide


def test_no_control_characters_and_no_slots(demo: tuple[list[archive.Record], DemoJam]) -> None:
    for record in demo[0]:
        text = record.raw.decode()
        assert "@{" not in text
        for value in msgspec.json.decode(record.raw).values():
            if isinstance(value, str):
                bad = {char for char in value if (unicodedata.category(char) == "Cc" and char != "\n") or char in BIDI}
                assert not bad


@pytest.mark.parametrize(
    "script", ["ARABIC", "CJK UNIFIED", "HIRAGANA", "DEVANAGARI", "CYRILLIC", "LATIN", "COMBINING", "ZERO WIDTH JOINER"]
)
def test_every_script_is_there(demo: tuple[list[archive.Record], DemoJam], script: str) -> None:
    characters = set("".join(record.raw.decode() for record in demo[0]))
    assert any(unicodedata.name(char, "").startswith(script) for char in characters)


def test_no_sentence_comes_twice_in_a_post() -> None:
    for post in posts_of(checked(archive_bytes(800, 4))):
        sentences = [part for part in post.body.replace("\n", " ").split(". ") if len(part) > 60]
        assert len(sentences) == len(set(sentences))
