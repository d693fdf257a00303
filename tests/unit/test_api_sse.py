"""The parser of Server-Sent Events: the standard's rules, whatever the chunks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_client.errors import BadAnswer
from api_client.sse import Comment, Event, SseParser

CORPUS = json.loads((Path(__file__).parent.parent / "data" / "hostile" / "corpus.json").read_text())
CASES: dict[str, bytes] = {case["id"]: case["payload"].encode() for case in CORPUS if case["kind"] == "sse"}


def parse(stream: bytes, cuts: list[int] | None = None) -> list[Event | Comment]:
    parser = SseParser()
    found: list[Event | Comment] = []
    at = 0
    for cut in sorted({cut for cut in cuts or [] if cut < len(stream)} | {len(stream)}):
        found += parser.feed(stream[at:cut])
        at = cut
    return found


def data(found: list[Event | Comment]) -> list[bytes]:
    return [event.data for event in found if isinstance(event, Event)]


def bytewise(stream: bytes) -> list[Event | Comment]:
    return parse(stream, list(range(len(stream))))


def reference(stream: bytes) -> tuple[list[tuple[str, bytes, str]], list[str]]:
    """The standard's algorithm, written down naively over the whole stream."""
    text = stream.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    events, comments = [], []
    lines: list[bytes] = []
    kind, last = b"", b""
    for line in text.split(b"\n")[:-1]:
        if not line:
            if lines:
                events.append(
                    (
                        (kind or b"message").decode("utf-8", "replace"),
                        b"\n".join(lines),
                        last.decode("utf-8", "replace"),
                    )
                )
            kind, lines = b"", []
        elif line.startswith(b":"):
            comment = line[1:].decode("utf-8", "replace")
            comments.append(comment[1:] if comment[:1] == " " else comment)
        else:
            name, _, value = line.partition(b":")
            value = value[1:] if value[:1] == b" " else value
            if name == b"data":
                lines.append(value)
            elif name == b"event":
                kind = value
            elif name == b"id" and b"\0" not in value:
                last = value
    return events, comments


ALPHABET = st.sampled_from(
    [
        b"data",
        b"id",
        b"event",
        b"retry",
        b":",
        b" ",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"x",
        b"\0",
        b"7",
        b"\xef\xbb\xbf",
        b"\xff",
        "é".encode(),
    ]
)


LINES = st.tuples(
    st.sampled_from(
        [b"data: x", b"data", b"data:  y", b"id: 7", b"id", b"id: 8\0", b"event: e", b": c", b"", b"", b"dat"]
    ),
    st.sampled_from([b"\n", b"\r", b"\r\n"]),
).map(b"".join)


@given(
    st.lists(LINES | ALPHABET, max_size=30).map(b"".join).map(lambda s: s if len(s) % 2 else b"\xef\xbb\xbf" + s),
    st.lists(st.integers(0, 120), max_size=12),
)
def test_any_chunking_gives_what_the_standard_says(stream: bytes, cuts: list[int]) -> None:
    events, comments = reference(stream)
    found = parse(stream, cuts)
    # A lone CR at the very end has ended its line for the reference as well as for the parser.
    assert [(e.type, e.data, e.id) for e in found if isinstance(e, Event)] == events
    assert [c.text for c in found if isinstance(c, Comment)] == comments
    assert bytewise(stream) == found


def test_corpus_mixed_line_ends_in_single_bytes() -> None:
    assert data(parse(CASES["sse-crlf-mix"])) == [b"a", b"b", b"c"]
    assert data(bytewise(CASES["sse-crlf-mix"])) == [b"a", b"b", b"c"]


def test_a_line_end_cut_in_two_is_one() -> None:
    whole = b"data: a\r\ndata: b\r\n\r\n"
    assert data(parse(whole)) == data(bytewise(whole)) == data(parse(whole, [8])) == [b"a\nb"]


def test_corpus_bom_and_half_event() -> None:
    assert data(bytewise(CASES["sse-bom-partial"])) == [b"a"]


def test_corpus_control_bytes() -> None:
    (event,) = parse(CASES["sse-event-esc"])
    assert isinstance(event, Event)
    assert event.type == "x\x1b[2J"  # none that the wire knows, so the client passes it over
    assert event.id == ""  # the id held a NUL
    assert event.data == b"a\x1b]0;t\x07"


def test_corpus_order_is_kept_as_sent() -> None:
    assert [event.id for event in parse(CASES["sse-dup-order"]) if isinstance(event, Event)] == ["5", "4", "5"]


@pytest.mark.parametrize(("case", "seconds"), [("sse-retry", 120.0), ("sse-retry0", 1.0)])
def test_corpus_retry_is_clamped(case: str, seconds: float) -> None:
    parser = SseParser()
    assert parser.retry is None
    parser.feed(CASES[case])
    assert parser.retry == seconds


def test_corpus_event_without_an_end_is_cut_at_the_limit() -> None:
    parser = SseParser()
    chunk = CASES["sse-noend"]
    for _ in range((1 << 20) // len(chunk)):
        assert parser.feed(chunk) == []
    with pytest.raises(BadAnswer, match="1,048,576"):
        parser.feed(chunk)


@pytest.mark.parametrize(
    "line", [b"data: " + b"x" * 100 + b"\n", b": in an event\ndata\n", b"id: 1\ndata:\n", b"event:x\nevent: y\n"]
)
def test_lines_without_an_end_of_the_event_are_bounded(line: bytes) -> None:
    parser = SseParser(max_record=1000)
    with pytest.raises(BadAnswer):
        feed_again_and_again(parser, b"data:\n" + line)


def feed_again_and_again(parser: SseParser, chunk: bytes) -> None:
    for _ in range(1000):
        parser.feed(chunk)


def test_the_limit_is_of_one_event() -> None:
    parser = SseParser(max_record=1000)
    for _ in range(50):
        assert len(parser.feed(b"data: " + b"x" * 900 + b"\n\n: ping\n")) == 2
    for _ in range(500):
        assert len(parser.feed(b": a quiet stream is made of these\n")) == 1


def test_every_case_of_the_corpus_is_tested() -> None:
    assert set(CASES) == {
        "sse-noend", "sse-retry", "sse-retry0", "sse-event-esc", "sse-crlf-mix", "sse-bom-partial", "sse-dup-order"
    }  # fmt: skip
