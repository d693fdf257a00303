"""No post can freeze the program: what posts that are made to be slow cost, counted in calls and bytes, not by a clock.

A post may have 20,000 characters, and a record of an archive or a hostile server a mebibyte. The road is the one of the
event loop: made harmless where its row is built, parsed, laid out. Calls of Python and of C are counted, since they are
the same on every machine; that no regular expression hides work inside one call is what `test_patterns.py` is for. The
processor time is told as a figure. `JAMTUI_HOSTILE=all` takes every post on every road.
"""

from __future__ import annotations

import cProfile
import gc
import json
import os
import pstats
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hostile_posts import TEXTS, cases, slow_posts
from msgspec.structs import replace

from jamtui import cli
from jamtui.model import PostRow
from jamtui.plain.markdown import lines_of, spoken
from jamtui.safe_text import MAX_BODY, MAX_NAME, safe_body, safe_name, safe_names
from jamtui.store.excerpts import snippet
from widgets.drawn import drawn
from widgets.markdown_lines import BUDGET, BUDGET_ALL, MAX_ALL, MAX_LINES, layout, parse
from widgets.post_lines import vanished

LONG = 1_000_000
CALLS = 600_000  # of one road, a tenth of a microsecond each; a post of prose takes 3,000
MEMORY = 5 << 20
TIME = "2026-01-01T00:00:00Z"
ALL = os.environ.get("JAMTUI_HOSTILE") == "all"
# Those that were the slowest of their kind on any road.
USUAL = frozenset(
    {
        *("controls", "jamo", "vowel-signs", "joined", "directional", "wide", "marks-spread", "tabs-wide", "ordered"),
        *("autolinks", "images", "brackets-links", "table-long", "code-wide", "code-lines", "setext", "breaks", "urls"),
        *("paragraphs", "lists", "html-cdata", "refs-long", "code-strings", "braces"),
        *("table-short", "table-short-quoted", "tables-short", "addresses-long"),
    }
)
POSTS = {f"{name} 1,000,000": body for name, body in slow_posts(LONG).items() if ALL or name in USUAL} | {
    case["id"]: case["payload"] for case in cases(*(TEXTS if ALL else ("dos",)))
}
if ALL:
    POSTS |= {f"{name} 20,000": body for name, body in slow_posts(20_000).items()}


def row(body: str) -> PostRow:
    return replace(vanished(1, datetime(2026, 11, 26, tzinfo=UTC)), body=body)


def first(body: str) -> object:
    """As a thread shows it."""
    lines, _ = layout(parse(body, BUDGET), 80)
    assert len(lines) <= MAX_LINES
    return lines


def all_of_it(body: str) -> object:
    """As the reader asks for it."""
    lines, _ = layout(parse(body, BUDGET_ALL), 80, everything=True)
    assert len(lines) <= MAX_ALL
    return lines


def aloud(body: str) -> object:
    """In plain mode."""
    return lines_of(spoken(body), 80)


def previewed(body: str) -> object:
    """In the composer, and on the card of a forum."""
    return drawn(body, 80)


ROADS: tuple[Callable[[str], object], ...] = (first, all_of_it, aloud, previewed)


def calls(work: Callable[[], object]) -> int:
    profile = cProfile.Profile()
    profile.enable()
    work()
    profile.disable()
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined] # it has one


@pytest.fixture(autouse=True, scope="module")
def warm() -> None:
    """Patterns and parsers are made once, for whatever comes first."""
    for road in ROADS:
        road("*a* [b](https://c.example)\n\n|a|\n|-|\n\n```py\nx\n```\n\n漢\u0301 \U0001f469")


def test_a_row_is_bounded_whatever_came() -> None:
    for name, text in POSTS.items():
        assert len(safe_body(text)) <= MAX_BODY + 200, name
        assert len(safe_name(text)) <= MAX_NAME, name
        assert calls(lambda text=text: safe_body(text)) < CALLS, name
        assert calls(lambda text=text: safe_name(text)) < 15_000, name
    assert calls(lambda text=text: safe_names([text] * 1000)) < 60_000, name
    assert len(safe_names(["x" * 1000] * 100_000)) == 25


@pytest.mark.parametrize("road", ROADS if ALL else (first, aloud), ids=lambda road: road.__name__)
def test_no_post_costs_more_than_it_may(road: Callable[[str], object], figure: Callable[..., None]) -> None:
    bodies = {name: safe_body(text) for name, text in POSTS.items()}
    most = sorted(((calls(lambda body=body: road(body)), name) for name, body in bodies.items()), reverse=True)
    assert most[0][0] <= CALLS, most[:5]
    slowest = (0.0, "")
    gc.disable()
    for _, name in most[:6]:
        began = time.thread_time()
        road(safe_body(POSTS[name]))
        slowest = max(slowest, ((time.thread_time() - began) * 1000, name))
    gc.enable()
    words = f"promise 4: the slowest of {len(POSTS)} posts, {road.__name__}: {{:.0f}} ms ({slowest[1]})"
    figure(words, slowest[0])
    for _, name in most[:4]:
        body = bodies[name]
        tracemalloc.start()
        kept = road(body)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert kept is not None
        assert peak <= MEMORY, (name, peak)
        figure("promise 4: a post takes at most {:.1f} MiB of 5 ({} of those with the most calls)", peak / (1 << 20))


def test_the_words_around_a_hit_are_found_in_any_post() -> None:
    for name, text in POSTS.items():
        one = row(safe_body(text))
        assert calls(lambda one=one: snippet(one, ("nothing", "x*"))) < CALLS, name


@pytest.mark.parametrize("line", ["x" * 70 + "\n", "word ", "\t|\n"], ids=["lines", "words", "tabs"])
def test_what_prints_has_all_of_a_post_that_is_cut_on_the_screen(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"begin {line * (60_000 // len(line))} finish"
    file = tmp_path / "long.jsonl"
    when = {"created_at": TIME, "forum_id": "f", "thread_id": "p", "author_id": "a", "title": "T"}
    records = [
        ("jam", {"format": 1, "id": "j", "slug": "j", "title": "J", "opens_at": TIME, "closes_at": TIME}),
        ("person", {"id": "a", "handle": "ana", "name": "Ana"}),
        ("forum", {"id": "f", "slug": "f", "title": "F"}),
        ("post", {"id": "p", "body": text, **when}),
    ]
    file.write_text("".join(json.dumps({"type": kind, "data": data}) + "\n" for kind, data in records), "utf-8")
    monkeypatch.setenv("JAMTUI_HOME", str(tmp_path / "home"))
    assert "finish" not in safe_body(text)
    for words in (["show", "p"], ["export", "--format", "markdown"], ["show", "p", "--json"]):
        assert cli.main([*words, "--jam", str(file)]) == 0
        printed = capsys.readouterr().out
        assert "finish" in printed, words
        assert "more characters" not in printed, words
