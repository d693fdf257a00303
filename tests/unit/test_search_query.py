"""The language of searching: what is understood, what is told in words, and that nothing at all makes it fail."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamtui.model import Me, SendState
from jamtui.store import connection, excerpts, mirror, own, rows, search
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.overlay import Overlay
from jamtui.store.query import Kind, parse

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
JAM = [
    (
        b'{"type":"jam","data":{"format":1,"id":"j","slug":"s","title":"T","opens_at":"2011-02-08T00:00:00Z",'
        b'"closes_at":"2011-02-12T00:00:00Z"}}'
    ),
    b'{"type":"person","data":{"id":"p1","handle":"ana","name":"Ana Silva"}}',
    b'{"type":"forum","data":{"id":"f1","slug":"ideas","title":"Ideas","position":1}}',
    (
        b'{"type":"post","data":{"id":"a1","forum_id":"f1","thread_id":"a1","author_id":"p1","title":"Caf\xc3\xa9",'
        b'"tags":["good idea"],'
        b'"body":"na\xc3\xafve \xe4\xb8\xad\xe6\x96\x87 text","created_at":"2011-02-08T10:00:00Z"}}'
    ),
]


def kinds(text: str) -> list[list[tuple[str, str, bool]]]:
    return [[(term.kind, term.value, term.negated) for term in clause] for clause in parse(text, NOW).clauses]


def test_the_parts_of_a_query() -> None:
    assert kinds('coffee "pilot project" -tea -tag:x from:ana OR from:@ben ') == [
        [("words", "coffee", False)],
        [("words", "pilot project", False)],
        [("words", "tea", True)],
        [("tag", "x", True)],
        [("author", "ana", False), ("author", "ben", False)],
    ]


def test_only_what_nothing_ended_yet_is_open() -> None:
    def opened(text: str) -> list[bool]:
        return [term.open for clause in parse(text, NOW).clauses for term in clause]

    assert opened("coffee tea") == [False, True]
    assert opened("coffee tea ") == [False, False]
    assert opened('"pilot pro') == [True]
    assert opened('"pilot pro"') == [False]
    assert opened("tag:gov") == [True]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("before:2011-02-09", "2011-02-09T00:00"),
        ("before:2011-02", "2011-02-01T00:00"),
        ("since:2011", "2011-01-01T00:00"),
        ("after:today", "2011-02-09T00:00"),
        ("after:yesterday", "2011-02-08T00:00"),
        ("after:3h", "2011-02-09T11:00"),
        ("after:2d", "2011-02-07T14:00"),
    ],
)
def test_dates(text: str, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    ((term,),) = parse(text, NOW).clauses
    assert datetime.fromtimestamp(term.number / 1000, UTC).strftime("%Y-%m-%dT%H:%M") == moment


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("before:tomorow coffee", "before:tomorow is no date"),
        ("before:2011-02-31 coffee", "is no date"),
        ("is:new coffee", "is:new is not known. There are unread, read, saved, mine, opener, reply and featured"),
        ("votes:many coffee", "is no number of votes"),
        ("tag: coffee", "tag: needs a value"),
        ("autor:ana coffee", "Did you mean author: ?"),
        ("subject:tea coffee", "subject: is no operator, it is searched as text"),
    ],
)
def test_what_is_not_right_is_told_and_the_rest_is_searched(text: str, said: str) -> None:
    query = parse(text, NOW)
    assert any(said in problem for problem in query.problems), query.problems
    assert query.clauses[-1][0].value == "coffee"


@pytest.mark.parametrize(
    "text", ["before:20", "before:tod", "is:un", "has:", "thread:", "thread:he", "votes:>", "from:", "a OR "]
)
def test_what_is_still_being_typed_is_no_problem(text: str) -> None:
    assert parse(text, NOW).problems == ()


@pytest.mark.parametrize("text", ["https://example.org/a:b", "10:30", "note: this", "a::b"])
def test_text_with_colons_is_text(text: str) -> None:
    query = parse(text, NOW)
    assert query.problems == ()
    assert all(term.kind is Kind.WORDS for clause in query.clauses for term in clause)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> rows.Rows:
    folder: Path = tmp_path_factory.mktemp("jam")
    connection.connect(folder / "own", own.SCHEMA).close()
    db = connection.connect(folder / "mirror", mirror.SCHEMA)
    loading = Loading(Mirror(db), "1-aaaa")
    for line in JAM:
        loading.feed(line)
    loading.finish("2011-02-09T14:00:00Z")
    db.close()
    one = rows.Rows(rows.connect(folder / "mirror", folder / "own"), Me("p1", "ana", "Ana", "participant"))
    one.here = "a1"
    return one


SYNTAX = st.text(
    st.sampled_from("abAB01 \t\n\"“”-:*^(){}[]+#@'<>=.,;\\/\0\x1b\x9b\u202e\u0301é中ก한ﬁİßOR")
    | st.characters(codec="utf-8"),
    max_size=500,
)
PIECES = st.lists(
    st.sampled_from(
        ["tag:", "from:", "forum:", "before:", "is:unread", "is:read", "has:code", "has:link", "lang:en", "votes:>1",
         "votes:=0", "OR", "AND", "NOT", "NEAR(", "-", '"', "a", "title:", "^", "*", "2d", "99999999w", "中文", "café"]
    ),
    max_size=80,
).flatmap(lambda some: st.sampled_from([" ".join(some), "".join(some), " -".join(some)]))  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(SYNTAX | PIECES)
def test_no_text_breaks_a_search(reader: rows.Rows, text: str) -> None:
    """Whatever is typed, SQLite is asked something that it understands, in every way in which it is asked."""
    for found in search.first(reader, text, NOW, 10, 5):
        assert set(found.keys) <= {1}
    for order in ("newest", "best"):
        assert set(search.whole(reader, text, NOW, order, 10, 5).keys) <= {1}


def test_a_pasted_page_is_cut_and_searched(reader: rows.Rows) -> None:
    assert search.whole(reader, "naïve " * 5_000, NOW, "best", 10, 5).keys == (1,)


def test_syntax_of_the_index_is_text(reader: rows.Rows) -> None:
    with pytest.raises(apsw.SQLError):
        list(reader.db.execute("SELECT rowid FROM words WHERE words MATCH ?", ('nosuch:a"',)))
    assert search.whole(reader, 'nosuch:a"', NOW, "newest", 10, 5).keys == ()
    assert search.whole(reader, 'cafe OR nosuch:a"', NOW, "newest", 10, 5).keys == (1,)


FOUND = [
    ("cafe", True), ("CAFÉ", True), ("cafe\u0301", True), ("naive", True), ("中", True), ("文", True),
    ("中文", True),
    ("文中", False), ("n", True), ("x", False), ('tag:"good idea"', True), ("tag:goo", True), ("tag:goo ", False),
    ("from:silva", True), ("from:me", True), ("from:bob ", False), ("forum:ideas", True), ("-cafe", False),
    ("-nothing", True), ("cafe -naive", False), ("nothing OR cafe", True), ("nothing OR tag:nothing", False),
    ("nothing OR is:mine", True), ("is:unread", False), ("is:read", True), ("is:opener", True), ("is:reply", False),
    ("has:link", False), ("-has:code", True), ("votes:=0", True), ("votes:>0", False), ("before:2011-02-09", True),
    ("thread:here", True), ("-thread:here", False), ("thread:a1", True), ("thread:nosuch ", False),
    ("cafe thread:here ", True),
    ("after:2011-02-09 ", False), ("is:saved", False), ("lang:en ", False), ("text -tag:x", True),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found"), FOUND)
def test_what_is_found(reader: rows.Rows, text: str, found: bool) -> None:
    for order in ("newest", "best"):
        assert bool(search.whole(reader, text, NOW, order, 10, 5).keys) is found


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> rows.Rows:
    """The same Jam, but its post waits in the outbox."""
    folder: Path = tmp_path_factory.mktemp("waiting")
    db = connection.connect(folder / "mirror", mirror.SCHEMA)
    loading = Loading(Mirror(db), "1-aaaa")
    for line in JAM[:-1]:
        loading.feed(line)
    loading.finish("2011-02-09T14:00:00Z")
    db.close()
    own_db = connection.connect(folder / "own", own.SCHEMA)
    written = datetime(2011, 2, 8, 10, tzinfo=UTC)
    post = json.loads(JAM[-1])["data"]
    payload = own.Payload(title=post["title"], body=post["body"], tags=tuple(post["tags"]))
    own.Own(own_db).enqueue("o1", "post", "a1", "a1", "f1", payload, written)
    one = rows.Rows(rows.connect(folder / "mirror", folder / "own"), Me("p1", "ana", "Ana", "participant"))
    one.overlay, one.here = Overlay.of(own.Own(own_db).outbox(), one.has), "a1"
    own_db.close()
    return one


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *FOUND, ('"naive 中文 text"', True), ('"text naive"', False), ("tex", True), ("tex ", False),
        ("has:code", False), ("after:2d", True), ("after:2h", False), ("text cafe", True), ("forum:risks", False),
    ],
)  # fmt: skip
def test_a_post_that_waits_is_found_by_what_finds_it_once_it_is_there(
    reader: rows.Rows, waiting: rows.Rows, text: str, found: bool
) -> None:
    for order in ("newest", "best"):
        there = search.whole(reader, text, NOW, order, 10, 5)
        waits = search.whole(waiting, text, NOW, order, 10, 5)
        assert (len(there.keys), there.total) == (len(waits.keys), waits.total) == ((1, 1) if found else (0, 0))
    *_, last = search.first(waiting, text, NOW, 10, 5)
    assert last.keys == ((-1,) if found else ())
    assert [hit.post.send for hit in last.hits] == ([SendState.QUEUED] if found else [])


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> rows.Rows:
    """150 posts of tea, every third also of coffee, every fortieth with a tag."""
    folder: Path = tmp_path_factory.mktemp("many")
    connection.connect(folder / "own", own.SCHEMA).close()
    db = connection.connect(folder / "mirror", mirror.SCHEMA)
    loading = Loading(Mirror(db), "1-aaaa")
    for line in JAM[:-1]:
        loading.feed(line)
    for n in range(1, 151):
        post = json.loads(JAM[-1])["data"] | {"id": f"b{n}", "thread_id": f"b{n}", "title": f"Number {n}"}
        post |= {"body": "coffee" if n % 3 == 0 else "tea, then", "tags": ["rare"] if n % 40 == 0 else []}
        loading.feed(json.dumps({"type": "post", "data": post}).encode())
    loading.finish("2011-02-09T14:00:00Z")
    db.close()
    return rows.Rows(rows.connect(folder / "mirror", folder / "own"), Me("p1", "ana", "Ana", "participant"))


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("tag:rare t", False),
        ("tag:none t", False),
        ("number -t", False),
        ("-t", False),
        ("t", False),
        ("number tea", False),
        ("c", True),
        ("number cof", True),
    ],
)
def test_a_letter_or_two_are_answered_from_the_newest_posts(many: rows.Rows, text: str, asks: bool) -> None:
    asked: list[object] = []

    def trace(_: apsw.Cursor, _sql: str, values: apsw.Bindings | None) -> bool:
        asked.append(values)
        return True

    many.db.exec_trace = trace
    try:
        answers = list(search.first(many, text, NOW, 200, 20))
    finally:
        many.db.exec_trace = None
    beginning = f'"{text.split()[-1].lstrip("-")}"*'
    assert any(beginning in str(values) for values in asked) is asks
    exact = search.whole(many, text, NOW, "newest", 200, 20)
    if answers[-1].total >= 0:
        assert (answers[-1].keys, answers[-1].total) == (exact.keys, exact.total)
    assert answers[0].keys == exact.keys[: len(answers[0].keys)]
    assert [hit.post.key for hit in answers[0].hits] == list(exact.keys[: len(answers[0].hits)])


@pytest.mark.parametrize(
    "text", ["c", "ca", "-c", "tag:x c", 'tag:"good idea" n', "from:ana t", "中", "-x", "x", "is:reply c"]
)
def test_the_first_answer_is_the_whole_one_where_it_says_so(reader: rows.Rows, text: str) -> None:
    *_, last = search.first(reader, text, NOW, 10, 5)
    exact = search.whole(reader, text, NOW, "newest", 10, 5)
    assert (last.keys, last.total) == (exact.keys, exact.total)


def test_without_an_open_thread_nothing_is_here_and_that_is_said(reader: rows.Rows) -> None:
    reader.here = ""
    found = search.whole(reader, "thread:here", NOW, "newest", 10, 5)
    reader.here = "a1"
    assert found.keys == ()
    assert found.problems == ("thread:here looks into the thread that is open, and none is",)


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ("**bold** and *this*, ***both***, _that_, __it__ and ~~gone~~", "bold and this, both, that, it and gone"),
        ("[the plan](https://x.org/a_b?c=d) is ![a chart](pic.png \"Chart\")", "the plan is a chart"),
        ("# Title\n\n> quoted **here**\n> > deeper\n\n* one\n- two", "Title\n\nquoted here\ndeeper\n\none\n- two"),
        ("```python\nx = a ** b * c\n```\nuse `snake_case_name`", "\nx = a ** b * c\n\nuse snake_case_name"),
        ("2 * 3 * 4 and a_b_c and 5 < 6 and \\*stars\\*", "2 * 3 * 4 and a_b_c and 5 < 6 and *stars*"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "| a | b |\n\n| 1 | 2 |"),
        ("<https://x.org/y> [half](https://x.org", "https://x.org/y [half](https://x.org"),
    ],
)  # fmt: skip
def test_an_excerpt_reads_without_the_signs_of_markdown(body: str, read: str) -> None:
    assert excerpts.unmarked(body) == read


@given(st.text(st.sampled_from("*_`[]()<>~#|\\! \nab"), max_size=300))
def test_no_signs_break_an_excerpt_and_a_page_of_them_is_read(text: str) -> None:
    assert len(excerpts.unmarked(text)) <= len(text)
    excerpts.unmarked((text or "*") * (20_000 // max(1, len(text))))


def test_marks_stand_where_the_words_are() -> None:
    assert excerpts.hits_in("A Café, cafés and decaf", ("cafe",)) == [(2, 6)]
    assert excerpts.hits_in("A Café, cafés and decaf", ("cafe*",)) == [(2, 6), (8, 13)]
    assert excerpts.hits_in("cafe\u0301 x", ("cafe",)) == [(0, 5)]
    assert excerpts.hits_in("我喜欢中文课", ("中文",)) == [(3, 5)]
