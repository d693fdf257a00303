"""The shapes of generated Jams, measured on what is written and held against the figures of real ones."""

from __future__ import annotations

import io
import math
import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from jamserver import cli
from jamserver.lifelike import main_generate
from jamserver.shapes import SHAPES, people_of, plain, quotas
from jamtui import archive

NOW = datetime(2011, 2, 9, 12, tzinfo=UTC)
POSTS = 8_000


class Generated:
    """An archive, checked, and what is counted of it."""

    def __init__(self, now: datetime = NOW, **wanted: object) -> None:
        out = io.BytesIO()
        main_generate(now=now, out=out, **wanted)  # type: ignore[arg-type]  # passed on as they are
        self.raw = out.getvalue()
        records = list(archive.check(archive.read(io.BytesIO(self.raw))))
        self.jam = next(record.data for record in records if isinstance(record.data, archive.Jam))
        self.people = [record.data for record in records if isinstance(record.data, archive.Person)]
        self.forums = [record.data for record in records if isinstance(record.data, archive.Forum)]
        self.posts = [record.data for record in records if isinstance(record.data, archive.Post)]
        self.sizes = Counter(post.thread_id for post in self.posts)
        self.written = sorted(Counter(post.author_id for post in self.posts).values(), reverse=True)
        self.depths: dict[str, int] = {}
        for post in self.posts:
            self.depths[post.id] = self.depths[post.parent_id] + 1 if post.parent_id else 0

    def share(self, holds: Callable[[archive.Post], object]) -> float:
        return sum(1 for post in self.posts if holds(post)) / len(self.posts)


@pytest.fixture(scope="module")
def jam() -> Generated:
    return Generated(posts=POSTS, seed=3)


def test_threads_are_lognormal_and_a_third_are_single_posts(jam: Generated) -> None:
    assert POSTS / len(jam.sizes) == pytest.approx(6, abs=0.7)
    assert sum(size == 1 for size in jam.sizes.values()) / len(jam.sizes) == pytest.approx(0.31, abs=0.04)
    large = sorted(math.log(size) for size in jam.sizes.values())
    # Rounding to whole posts moves the lower half; what stands above it follows from mu 1.05 and sigma 1.2.
    assert large[int(len(large) * 0.84)] == pytest.approx(1.05 + 1.2, abs=0.15)
    assert large[int(len(large) * 0.977)] == pytest.approx(1.05 + 2 * 1.2, abs=0.25)


def test_trees_have_the_replies_and_depths_of_real_ones(jam: Generated) -> None:
    replies = Counter(post.parent_id for post in jam.posts)
    got = Counter(min(3, replies[post.id]) for post in jam.posts)
    for number, real in enumerate((0.58, 0.31, 0.07, 0.04)):
        assert got[number] / POSTS == pytest.approx(real, abs=0.04)
    popular = [post for post in jam.posts if post.parent_id and jam.sizes[post.thread_id] >= 30]
    depths = Counter(min(5, jam.depths[post.id]) for post in popular)
    for depth, real in enumerate((0.37, 0.23, 0.13, 0.09, 0.18), 1):
        assert depths[depth] / len(popular) == pytest.approx(real, abs=0.05)


def test_a_thread_of_thousands_becomes_deep_and_no_deeper_than_forty() -> None:
    jam = Generated(posts=3_500, seed=1, big_thread=3_000)
    assert jam.sizes.most_common(1)[0][1] == 3_000
    assert 20 <= max(jam.depths.values()) <= 40


def test_a_few_people_write_most_and_half_of_them_once(jam: Generated) -> None:
    writers = len(jam.written)
    assert 1 - writers / len(jam.people) == pytest.approx(0.84, abs=0.02)
    assert sum(jam.written[: writers // 100]) / POSTS == pytest.approx(0.17, abs=0.03)
    assert sum(jam.written[: writers // 10]) / POSTS == pytest.approx(0.61, abs=0.03)
    assert sum(number == 1 for number in jam.written) / writers == pytest.approx(0.5, abs=0.06)
    ascending = jam.written[::-1]
    gini = 2 * sum(rank * number for rank, number in enumerate(ascending, 1)) / (writers * POSTS) - 1 - 1 / writers
    assert gini == pytest.approx(0.73, abs=0.05)


def test_nobody_answers_themselves_more_than_now_and_then(jam: Generated) -> None:
    by = {post.id: post.author_id for post in jam.posts}
    assert jam.share(lambda post: post.parent_id and by[post.parent_id] == post.author_id) < 0.01


def test_posts_are_as_long_as_real_ones(jam: Generated) -> None:
    words = sorted(len(post.body.split()) for post in jam.posts if not post.lang)
    assert statistics.median(words) == pytest.approx(75, rel=0.1)
    assert statistics.pstdev([math.log(number) for number in words]) == pytest.approx(0.8, abs=0.1)
    lines = [post.body for post in jam.posts if post.title and not post.lang and len(post.body.split()) <= 24]
    assert len(lines) / len(jam.sizes) == pytest.approx(0.14, abs=0.05)
    assert statistics.median(map(len, lines)) == pytest.approx(100, abs=25)


def test_posts_hold_code_links_tables_and_quotes(jam: Generated) -> None:
    assert jam.share(lambda post: "```" in post.body) == pytest.approx(0.02, abs=0.008)
    assert jam.share(lambda post: "https://" in post.body) == pytest.approx(0.05, abs=0.015)
    assert 0.005 < jam.share(lambda post: "\n|---" in post.body) < 0.03
    assert 0.01 < jam.share(lambda post: post.body.startswith("> ")) < 0.06


def test_votes_are_seventeen_to_three_posts(jam: Generated) -> None:
    assert sum(post.up for post in jam.posts) / POSTS == pytest.approx(17 / 3, rel=0.1)


def test_half_is_written_in_the_first_fifth_and_days_have_humps(jam: Generated) -> None:
    first = jam.jam.opens_at + (jam.jam.closes_at - jam.jam.opens_at) / 5
    assert jam.share(lambda post: post.created_at < first) == pytest.approx(0.5, abs=0.04)
    # On the last day the rush of the beginning is over, and what is left is the course of a day.
    last = [post for post in jam.posts if post.created_at > jam.jam.closes_at - timedelta(hours=24)]
    hours = Counter(post.created_at.hour for post in last)
    four = {hour: sum(hours[(hour + step) % 24] for step in range(4)) for hour in range(24)}
    busiest = max(four, key=lambda hour: four[hour])
    assert four[busiest] / len(last) == pytest.approx(0.25, abs=0.05)
    assert busiest in (14, 15, 16, 17)


def test_replies_come_within_minutes_to_hours(jam: Generated) -> None:
    opened = {post.id: post.created_at for post in jam.posts if not post.parent_id}
    late = sorted(
        (post.created_at - opened[post.thread_id]).total_seconds() / 3600 for post in jam.posts if post.parent_id
    )
    assert 0.05 < late[len(late) // 10] < 1
    assert 0.5 < statistics.median(late) < 6
    assert late[len(late) * 9 // 10] > 8


def test_most_is_english_and_the_last_forum_is_mixed(jam: Generated) -> None:
    assert 0.02 < jam.share(lambda post: post.lang) < 0.12
    foreign = Counter(post.forum_id for post in jam.posts if post.title and post.lang)
    openers = Counter(post.forum_id for post in jam.posts if post.title)
    shares = [foreign[forum.id] / openers[forum.id] for forum in jam.forums]
    assert shares[-1] == max(shares)
    text = "".join(post.body for post in jam.posts)
    names = {unicodedata.name(char, "").split(" ")[0] for char in set(text)}
    assert {"CJK", "HIRAGANA", "HANGUL", "ARABIC", "DEVANAGARI", "CYRILLIC"} <= names
    assert "\u200d" in text


def test_few_sentences_come_twice(jam: Generated, capsys: pytest.CaptureFixture[str]) -> None:
    said = Counter(
        sentence
        for post in jam.posts
        for sentence in re.split(r"(?<=[.!?])\s+|\n+", post.body)
        if len(sentence.split()) >= 5
    )
    repeated = 1 - len(said) / said.total()
    with capsys.disabled():
        print(f"\n{said.total():,} sentences, {repeated:.0%} of them said before")
    assert repeated < 0.3
    titles = Counter(post.title for post in jam.posts if post.title)
    assert 1 - len(titles) / titles.total() < 0.2


@pytest.mark.parametrize("name", SHAPES)
def test_named_shapes_have_the_forums_hours_and_people_of_their_jam(name: str) -> None:
    shape = SHAPES[name]
    jam = Generated(posts=900, seed=1, shape=shape)
    assert len(jam.posts) == 900
    assert len(jam.people) == people_of(shape, 900)
    assert jam.jam.closes_at - jam.jam.opens_at == timedelta(hours=shape.hours)
    assert len(jam.forums) == len(shape.forums)
    assert len({forum.slug for forum in jam.forums}) == len({forum.title for forum in jam.forums}) == len(jam.forums)
    threads = Counter(post.forum_id for post in jam.posts if post.title)
    got = [threads[forum.id] / len(jam.sizes) for forum in jam.forums]
    for share, wanted in zip(got, shape.forums, strict=True):
        assert share == pytest.approx(wanted / sum(shape.forums), abs=0.1)


def test_a_shape_brings_its_own_size() -> None:
    jam = Generated(posts=None, seed=1, shape=SHAPES["socialbusinessjam-2011"])
    assert len(jam.posts) == 2_666
    assert len(jam.people) == 2_700
    assert len(jam.written) == pytest.approx(432, abs=30)


def test_a_forum_of_many_threads() -> None:
    jam = Generated(posts=2_000, seed=1, big_forum=1_500)
    threads = Counter(post.forum_id for post in jam.posts if post.title)
    assert threads[jam.forums[0].id] >= 1_500
    assert len(jam.posts) == 2_000


def test_quotas_add_up_for_any_size() -> None:
    for posts, writers in ((10, 3), (60, 18), (2_666, 432), (46_000, 3_200)):
        counts = quotas(posts, writers)
        assert len(counts) == writers
        assert sum(counts) == posts
        assert min(counts) >= 1


def test_the_same_words_give_the_same_jam_moved_by_whole_days() -> None:
    one, later = Generated(posts=400, seed=5), Generated(posts=400, seed=5, now=NOW + timedelta(days=5, hours=7))
    moved = later.jam.opens_at - one.jam.opens_at
    assert moved in (timedelta(days=5), timedelta(days=6))
    assert timedelta(0) <= NOW - one.jam.closes_at < timedelta(days=1)
    for post, same in zip(one.posts, later.posts, strict=True):
        assert (post.body, post.title, post.author_id, post.tags) == (same.body, same.title, same.author_id, same.tags)
        assert same.created_at - post.created_at == moved


def test_the_smallest_jams_can_be_made() -> None:
    for posts in (1, 2, 7, 40):
        assert len(Generated(posts=posts, seed=1).posts) == posts
    assert plain(1).posts == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["generate"], "how large"),
        (["generate", "--shape", "jam-1999"], "no shape jam-1999"),
        (["generate", "--posts", "10", "--big-forum", "11"], "cannot have more posts"),
        (["generate", "--posts", "10", "--big-thread", "6", "--big-forum", "5"], "cannot have more posts"),
    ],
)
def test_what_cannot_be_generated_is_told(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 2
    assert told in capsys.readouterr().err
