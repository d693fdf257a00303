"""What generated people say to the reader of a demo: it takes up what was written, and it varies."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from jamserver.content import answers, stock
from jamserver.content.answers import Answerer, Heard
from jamserver.demo_archive import REOPENED, ReopenedArchive
from jamserver.demo_events import LivePost
from jamserver.demo_jam import DEMO_HANDLE, DemoJam
from jamserver.demo_live import ANSWER, FIRST, MOST_ANSWERS, Answers, Written
from jamtui import archive

NOW = datetime(2011, 2, 9, 12, tzinfo=UTC)
REAL = Path(__file__).parents[1] / "data" / "real-jam" / "open-conversations.jsonl"
TOPICS = {forum.slug: forum.topics for forum in stock.forums()}


@pytest.mark.parametrize(
    ("body", "mood"),
    [
        ("Hello everybody!", "greet"),
        ("Thank you, that helps.", "thanks"),
        ("We began with two pilots. How did you stop yours?", "ask"),
        ("I disagree: phones are forbidden in our factory, and for good reasons.", "object"),
        ("Exactly my experience, and it took us a year to say so aloud.", "agree"),
        ("ok", "brief"),
        ("We used a wiki for the pumps and nobody found anything in it.", "tell"),
        ("> Who pays?\n\nWe do, and we have done so since the first year of it.", "tell"),
        ("```python\nwhy = '?'\n```", "tell"),
    ],
)
def test_the_mood_of_a_post(body: str, mood: str) -> None:
    assert answers.mood_of(body) == mood


@pytest.mark.parametrize(
    ("body", "quoted"),
    [
        ("We began small. How did you stop yours? It hurts.", "How did you stop yours?"),
        ("It costs approx. ten thousand a year. We pay.", "It costs approx. ten thousand a year."),
        ("no capitals and no full stop", "no capitals and no full stop"),
        ("> quoted by me\n\n- a list", ""),
        ("[@click=app.quit]live[/]", ""),
        ("\x1b[31mred\x1b[0m is the colour of this sentence.", ""),
        ("word " * 60, "word " * 31 + "word …"),
        ("要从哪里开始呢？我们没有办法。", "要从哪里开始呢？"),
    ],
)
def test_what_is_quoted_is_one_plain_sentence(body: str, quoted: str) -> None:
    assert answers.worth_quoting(body) == quoted


@pytest.mark.parametrize("lang", ["de", "es", "fr", "pt", "ja", "zh", "ar", "hi", "ru", "ko", "vi"])
def test_an_answer_is_in_the_language_of_the_post(lang: str) -> None:
    """Recognised by itself: the composer of the TUI does not ask for a language."""
    for body in (" ".join(stock.answers()[f"in_{lang}"]), stock.languages()[lang].openers[0][1]):
        assert answers.language(body) == lang
        assert Answerer(random.Random(1), TOPICS).answer(Heard(body))[1] == lang
    for topic in stock.forums()[0].topics:
        assert not any(answers.language(claim) for claim in topic.claims)


def test_an_answer_takes_up_what_was_said() -> None:
    """It quotes, or it uses the word that the post is about, or its title."""
    body = (
        "We began with two pilots in purchasing. Neither of them ended, and both have a budget. How did you stop yours?"
    )
    for seed in range(200):
        said, lang = Answerer(random.Random(seed), TOPICS).answer(Heard(body, "Two pilots", True, "building", "demo"))
        assert lang == ""
        assert (
            said.startswith("> How did you stop yours?")
            or '"pilots"' in said
            or '"purchasing"' in said
            or "Two pilots" in said
        )


def test_answers_differ() -> None:
    answerer = Answerer(random.Random(1), TOPICS)
    claims = [claim for forum in stock.forums() for topic in forum.topics for claim in topic.claims if "{" not in claim]
    said = [answerer.answer(Heard(claim, parent="demo"))[0] for claim in claims]
    assert len(set(said)) > 0.97 * len(said) > 100
    assert not [text for text in said if "{" in text]


def test_slots_in_what_was_written_are_not_filled() -> None:
    body = "Who knows the {dept} of {nothing}?"
    said = [
        Answerer(random.Random(seed), TOPICS).answer(Heard(body, "{word} {dept}", True, "it", "demo"))[0]
        for seed in range(50)
    ]
    assert any(text.startswith(f"> {body}") for text in said)
    assert any('"{word} {dept}"' in text for text in said)


def plans(seed: int, posts: int = 40) -> Iterator[tuple[Written, list[LivePost]]]:
    jam = DemoJam(1, NOW)
    for _ in jam.records():
        pass
    planned = Answers(seed, jam, DEMO_HANDLE)
    for number in range(posts):
        asked = jam.writers[number].id if number % 2 else ""
        post = Written(
            f"p{number}", "t", "f", "building", "Two pilots", f"We stopped pilot {number}. Why?", "", asked, NOW
        )
        yield post, planned.to(post)


def test_every_post_is_answered_within_tens_of_seconds_and_a_talk_ends() -> None:
    for post, plan in plans(3):
        spoken = [event for event in plan if event.kind == "post"]
        assert spoken[0].parent_id == post.post_id
        until = sum(event.delay for event in plan[: plan.index(spoken[0]) + 1])
        assert FIRST[0] + ANSWER[0] <= until <= FIRST[1] + ANSWER[1]
        assert 1 <= len(spoken) <= MOST_ANSWERS
        assert plan[0].kind == "vote"
        there = {post.post_id}
        for event in spoken:  # nothing is answered that is not there yet
            assert event.parent_id in there
            there.add(event.post_id)
        if post.parent_author:
            assert spoken[0].person_id == post.parent_author
        assert all(event.handle != DEMO_HANDLE for event in plan)


def test_talks_repeat_for_a_seed() -> None:
    first, again, other = (list(plans(seed)) for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert any(event.kind == "tag" for _, plan in first for event in plan)
    assert any(len([event for event in plan if event.kind == "post"]) > 1 for _, plan in first)


@pytest.fixture(scope="module")
def reopened() -> tuple[list[archive.Record], ReopenedArchive]:
    with archive.open_archive(REAL) as stream:
        shown = ReopenedArchive(archive.read(stream), NOW, 1)
        return list(archive.check(shown.records())), shown


def test_only_invented_people_talk_in_an_archive(reopened: tuple[list[archive.Record], ReopenedArchive]) -> None:
    with archive.open_archive(REAL) as stream:
        before = list(archive.read(stream))
    records, shown = reopened
    handles = {record.data.handle for record in before if isinstance(record.data, archive.Person)}
    forums = {record.data.id for record in before if isinstance(record.data, archive.Forum)}
    known = {record.data.id for record in before if isinstance(record.data, archive.Post)}
    threads = set(known)
    invented = {writer.id: writer for writer in shown.writers}
    events = list(islice(shown.live(), 2_000))
    for event in events:
        person = invented[event.person_id]
        assert person.handle not in handles
        assert person.handle.startswith("invented.")
        assert "(invented)" in person.name
        if event.kind == "post":
            assert event.forum_id in forums
            assert event.parent_id is None or event.parent_id in known
            known.add(event.post_id)
        else:
            assert event.post_id in known
    posts = [event for event in events if event.kind == "post"]
    assert len({event.forum_id for event in posts}) == len(forums)
    assert sum(event.parent_id in threads for event in posts) > 100
    assert any(not event.parent_id for event in posts)
    # What was in the archive is there as it was; the Jam alone is open for longer.
    there = {record.raw for record in records}
    assert all(record.raw in there for record in before if record.type != "jam")
    jam = records[0].data
    assert isinstance(jam, archive.Jam)
    assert jam.closes_at == NOW + REOPENED


def test_a_real_persons_post_is_answered_without_taking_a_side() -> None:
    agreeing = {
        *stock.answers()["agree"],
        *stock.answers()["tell"],
        *stock.answers()["object"],
        *stock.answers()["opener"],
    }
    for seed in range(100):
        answerer = Answerer(random.Random(seed), {"any": stock.anything()})
        for body in (
            "Send all of them home, the traffic is terrible.",
            "Das ist eine Schande und nicht mehr zu retten.",
        ):
            said, _ = answerer.answer(Heard(body, neutral=True))
            assert not [phrase for phrase in agreeing if "{" not in phrase and phrase in said]
            assert "einverstanden" not in said
            assert "einig" not in said


def test_an_archive_without_posts_and_one_without_forums() -> None:
    head = (
        '{"type":"jam","data":{"format":1,"id":"j","slug":"old","title":"Old",'
        '"opens_at":"2009-01-01T00:00:00.000Z","closes_at":"2009-01-02T00:00:00.000Z"}}\n'
    )
    forum = '{"type":"forum","data":{"id":"f","slug":"f","title":"F"}}\n'
    empty, talking = (
        ReopenedArchive(archive.read(io.BytesIO(text.encode())), NOW - timedelta(days=1), 1)
        for text in (head, head + forum)
    )
    assert sum(1 for _ in empty.records()) == 32
    assert list(empty.live()) == []
    assert sum(1 for _ in talking.records()) == 33
    first = next(talking.live())
    assert first.kind == "post"
    assert first.title
    assert first.forum_id == "f"


def test_a_frozen_archive_gets_the_readers_person_alone() -> None:
    with archive.open_archive(REAL) as stream:
        before = list(archive.read(stream))
    shown = ReopenedArchive(iter(before), NOW, 1, talk=False)
    assert len(list(shown.records())) == len(before) + 1
    assert shown.writers == ()
