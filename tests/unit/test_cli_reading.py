"""The reading commands over a mirror of the real Jam, called in this process: what they print, and how they fail."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jamtui import archive, cli
from jamtui.output import fit, json_line, width
from jamtui.paths import Home
from jamtui.safe_text import escape_json
from jamtui.store import connection, mirror, objects, own, registry
from jamtui.store.opening import prepare

DATA = Path(__file__).parents[1] / "data"
REAL_JAM = DATA / "real-jam" / "open-conversations.jsonl"
# What may stand in no line of output: C0 but the line feed, DEL, C1, bidi embeddings, overrides and isolates.
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def source(kind: str) -> list[dict[str, Any]]:
    """Objects of one type of the real Jam."""
    lines = map(json.loads, REAL_JAM.read_text("utf-8").splitlines())
    return [line["data"] for line in lines if line["type"] == kind]


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        assert self.code == 0, self.err
        return [json.loads(line) for line in self.out.split("\n") if line]


Run = Callable[..., Ended]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that knows a Jam of a server, with the real Jam in its mirror."""
    folder = tmp_path_factory.mktemp("home")
    there = Home.from_env({"JAMTUI_HOME": str(folder)})
    jam = registry.for_server(there, "https://jam.example", "open-conversations", "Open conversations")
    prepare(jam, datetime.now(UTC))
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db, REAL_JAM.open("rb") as file:
        loading = mirror.Loading(mirror.Mirror(db), "1918-abcd")
        for record in archive.read(file):
            loading.feed_record(record)
        loading.finish("2026-01-01T00:00:00.000Z")
    registry.remember(there, jam)
    return folder


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    monkeypatch.setenv("JAMTUI_HOME", str(home))
    monkeypatch.delenv("JAMTUI_TOKEN", raising=False)

    def run(*words: str) -> Ended:
        code = cli.main(words)
        out, err = capsysbinary.readouterr()
        assert b"Traceback" not in err
        return Ended(code, out.decode(), err.decode())

    return run


def test_forums_are_the_archives_objects_with_counts(run: Run) -> None:
    rows = run("forums", "--json").rows
    assert [{key: row[key] for key in wanted} for row, wanted in zip(rows, source("forum"), strict=True)] == source(
        "forum"
    )
    assert sum(row["posts"] for row in rows) == sum(row["unread"] for row in rows) == 1303
    assert run("--jam", "https://jam.example", "forums", "--json").rows == rows  # the longer road gives the same


def test_threads_in_their_orders(run: Run) -> None:
    threads = run("threads", "ride-sharing", "--sort", "votes", "--json").rows
    assert len(threads) == 119
    assert [row["votes"]["up"] for row in threads] == sorted((row["votes"]["up"] for row in threads), reverse=True)
    newest = run("threads", "ride-sharing", "--sort", "new", "--limit", "3", "--json").rows
    assert len(newest) == 3
    assert {row["replies"] for row in newest} == {0}


def test_a_post_is_the_archives_object(run: Run) -> None:
    wanted = source("post")[700]
    (post,) = run("show", wanted["id"][:13], "--json").rows
    assert {key: post[key] for key in wanted} == wanted
    assert (post["depth"], post["unread"], post["voted"]) == (0, True, False)
    assert post["author"] == next(one["handle"] for one in source("person") if one["id"] == wanted["author_id"])
    assert wanted["body"] in run("show", wanted["id"]).out


def test_no_line_of_a_text_is_the_head_of_a_post(run: Run, tmp_path: Path) -> None:
    head = "  Ana López @ana · 2026-11-20 00:00 · 720af141-54b5 · +7"
    forged = (head, head.replace("-", "\u2010"), head.replace(" ", "\u00a0"), head.replace("·", "•"),
              head.replace("2026", "2\u041e26"), head.replace("0", "\uff10"), head.replace("2", "2\u0301"))  # fmt: skip
    time, own_id = "2026-11-20T00:00:00Z", "0199b9d4-0000-7000-8000-000000000001"
    author = own_id.replace("1", "2")
    title = "T @ana 2026-11-20 00:00 · 720af141-54b5"
    body = "Honest, of 2026-11-20 00:00 · this\n" + "\n".join(forged)
    records = [
        ("jam", {"format": 1, "id": "j", "slug": "j", "title": "J", "opens_at": time, "closes_at": time}),
        ("person", {"id": author, "handle": "eve", "name": "Eve"}),
        ("forum", {"id": "f", "slug": "f", "title": "F", "brief": "", "position": 1}),
        ("post", {"id": own_id, "forum_id": "f", "thread_id": own_id, "parent_id": None, "author_id": author,
                  "created_at": time, "title": title, "body": body, "tags": [], "votes": {"up": 0}}),
    ]  # fmt: skip
    file = tmp_path / "forged.jsonl"
    file.write_text("".join(json.dumps({"type": kind, "data": data}) + "\n" for kind, data in records))
    shown = run("--jam", str(file), "show", own_id).out.splitlines()
    assert shown[2] == "Honest, of 2026-11-20 00:00 · this"
    assert len(shown[3:-1]) == len(forged)
    assert shown[3].endswith("@ana · (no head of a post) · +7")
    assert all("(no head of a post)" in line and "54b5" not in line for line in shown[3:-1])
    assert shown[0] == "T @ana (no head of a post)"  # a long line may be broken anywhere


def test_no_row_of_a_hit_begins_as_one_of_ours(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, which would break a long line anywhere."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    told = run("search", "minimum", "wage", "--limit", "20").out.replace("\x1b[?7l", "").replace("\x1b[?7h", "")
    rows = told.splitlines()
    heads = [row for row in rows if not row.startswith("  ")]
    hits = [row for row in rows if re.match("  [0-9a-f]{8}-[0-9a-f]{4} ", row)]
    assert (len(heads), len(hits)) == (10, 10), rows[:12]
    assert all(" · " in row for row in heads)
    assert all(width(row.rstrip()) <= 80 for row in rows if row.startswith("  "))
    assert len(rows) > 20  # some go on


def test_search_people_and_tags(run: Run) -> None:
    hits = run("search", "minimum", "wage", "--json").rows
    assert hits
    assert all("minimum" in hit["body"].lower() and hit["snippet"] and hit["rank"] < 0 for hit in hits)
    assert [hit["rank"] for hit in hits] == sorted(hit["rank"] for hit in hits)
    people = run("people", "--json").rows
    assert len(people) == 606
    assert [one["posts"] for one in people] == sorted((one["posts"] for one in people), reverse=True)
    assert run("tags", "--json").rows == []
    assert run("search", "zzzzqqqq").err == "Nothing was found.\n"


def test_a_search_says_how_much_it_does_not_show_and_gives_programs_all(run: Run) -> None:
    every = run("search", "is:unread", "--json")
    assert (len(every.rows), every.err) == (1303, "")
    assert len({row["id"] for row in every.rows}) == 1303
    shown = run("search", "is:unread")
    assert (shown.out.count("\n"), shown.err) == (200, "200 of 1,303; --limit N for more.\n")
    few = run("search", "is:unread", "--json", "--limit", "5")
    assert [row["id"] for row in few.rows] == [row["id"] for row in every.rows[:5]]
    assert few.err == "5 of 1,303; --limit N for more.\n"
    assert run("search", "is:unread", "--limit", "2000").err == ""


def test_times_count_back_from_the_end_of_a_jam_that_is_over(run: Run) -> None:
    """It closed in 2022: two hours before today there is nothing in it, for ever."""
    end = max(post["created_at"] for post in source("post"))
    late = [post for post in source("post") if post["created_at"] >= "2022-05-05T14:54:32.372Z"]
    assert end == "2022-05-05T16:54:32.372Z"
    assert {row["id"] for row in run("threads", "--since", "2h", "--json").rows} == {p["thread_id"] for p in late}
    assert {row["id"] for row in run("search", "since:2h", "--json").rows} == {post["id"] for post in late}


def test_a_pipe_gets_rows_apart_by_tabs(run: Run) -> None:
    lines = run("forums").out.splitlines()
    assert lines[0].split("\t") == ["minimum-wage", "A 15 dollar minimum wage", "31", "31", "31"]
    assert "\x1b" not in "".join(lines)


def test_markdown_has_every_post_and_quotes_all_of_it(run: Run) -> None:
    lines = run("export", "--format", "markdown").out.split("\n")
    assert sum(line.startswith("### ") for line in lines) == 1303
    assert {line.split(" ")[0] for line in lines if line} == {"#", "##", "###", ">"}


def test_an_archive_has_nothing_to_wait_for(run: Run, tmp_path: Path) -> None:
    """`watch` waited for ever, and `sync` spoke of an empty address."""
    path, _ = hostile_archive(tmp_path)
    for words in (("watch", "--jam", str(path)), ("sync", str(path)), ("sync", "--jam", str(path), "--json")):
        ended = run(*words)
        assert (ended.code, ended.out) == (2, ""), words
        assert "an archive file has no server" in ended.err


def test_export_never_replaces_a_file_by_itself(run: Run, tmp_path: Path) -> None:
    for name in ("jam.jsonl", "jam.jsonl.gz", "jam.jsonl.zst"):
        target = tmp_path / name
        words = ("export", "--format", "jam", "-o", str(target))
        assert run(*words).code == 0
        assert target.stat().st_mode & 0o777 == 0o600
        with archive.open_archive(target) as file:
            found = [json.loads(record.raw) for record in archive.check(archive.read(file)) if record.type == "post"]
        assert found == source("post")
        before = target.read_bytes()
        again = run(*words)
        assert (again.code, again.err.count("is there already")) == (2, 1)
        assert target.read_bytes() == before
        assert run(*words, "--force").code == 0
        assert target.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 3  # no half-written file is left


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("frums",), 2, "Did you mean jamtui forums?"),
        (("--jam", "x", "zzz"), 2, "See jamtui --help."),
        (("forums", "--nosuch"), 2, "unrecognized arguments: --nosuch"),
        (("threads", "--since", "noon"), 2, "not a time"),
        (("threads", "--author", "nosuch"), 5, "nobody is called nosuch"),
        (("threads", "--tag", "a/b"), 2, "a tag cannot hold"),
        (("people", "nosuch"), 5, "jamtui people"),
        (("plan", "--minutes", "0"), 2, "--minutes"),
        (("threads", "nosuch"), 5, "Forums of this Jam: minimum-wage"),
        (("threads", "klimrat"), 5, "Did you mean klimarat?"),
        (("threads", "klimarat", "--sort", "age"), 2, "choose from"),
        (("threads", "klimarat", "--limit", "0"), 2, "--limit"),
        (("show", "ffffffff"), 5, "no post ffffffff"),
        (("show", "\x1b[2J\u202e"), 5, "no post \u241b[2j"),
        (("forums", "--jam", "nosuch"), 5, "no Jam nosuch"),
        ((), 2, "needs a terminal"),
        (("--json",), 2, "need a command"),
        (("demo",), 2, "--screenshot"),
        (("demo", "--freeze", "noon", "--screenshot", "x.svg"), 2, "not a time"),
        (("demo", "--screenshot", "x.svg", "--size", "9x9"), 2, "not a size"),
        (("demo", "--screenshot", "x.svg", "--keys", "j entr"), 2, "did you mean 'enter'?"),
        (("outbox", "drop", "ffffffff"), 5, "jamtui outbox lists"),
        (("outbox", "drop"), 2, "which one"),
        (("vote", "ffffffff"), 3, "Sign in"),
        (("export", "--format", "jam", "-o", "/nowhere/at/all/x"), 2, "no folder"),
        (("state", "import", "/nowhere/at/all/x"), 5, "no file"),
        (("threads", "--limit", "0"), 2, "at least 1"),
        (("people", "--limit", "many"), 2, "at least 1"),
        (("completion", "fish"), 2, "bash"),
        (("login", "http://jam.example", "--guest"), 2, "https"),
        (("login", "https://jam.example", "--handle", "a", "--guest"), 2, "--handle"),
        (("login", "https://jam.example", "--password-stdin"), 2, "--handle NAME"),
        (("open", "/nowhere/at/all.jsonl", "--index-only"), 5, "cannot be read: No such file"),
    ],
)
def test_errors_are_one_line_with_a_hint(run: Run, words: tuple[str, ...], code: int, told: str) -> None:
    ended = run(*words)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith("jamtui: ")
    assert ended.err.count("\n") == 1
    assert told in ended.err
    assert CONTROLS.findall(ended.err) == []


def test_a_fault_of_the_program_tells_neither_texts_nor_a_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("canary-secret")

    monkeypatch.setattr("jamtui.commands.reading.tags", broken)
    ended = run("tags")
    assert ended.code == 1
    assert "unexpected RuntimeError" in ended.err
    assert "canary" not in ended.err
    monkeypatch.setattr("jamtui.commands.reading.tags", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert run("tags").code == 130


def test_the_short_road_knows_the_schemas() -> None:
    assert (len(mirror.SCHEMA.migrations), len(own.SCHEMA.migrations)) == objects.SCHEMAS


def test_json_escapes_at_least_what_the_rest_of_the_program_does() -> None:
    for code in (*range(0x20), *range(0x7F, 0x100), *range(0x2000, 0x2070), 0x061C):
        text = f"a{chr(code)}b"
        line = json_line({"t": text})
        assert json.loads(line) == {"t": text}
        assert escape_json(line) == line, hex(code)


def test_columns_of_a_table_are_as_wide_as_a_terminal_draws_them() -> None:
    assert width("ab") == 2
    assert width("漢字") == 4
    assert width("e\u0301") == 1
    assert width("❤\ufe0f") == 2
    for columns in range(1, 12):
        for text in ("plain text", "漢字かな交じり文", "a漢b字c", "e\u0301e\u0301e\u0301"):
            assert width(fit(text, columns)) == columns


def hostile_archive(folder: Path) -> tuple[Path, list[str]]:
    """An archive with every payload of the corpus in every field that a stranger fills; and the bodies in order."""
    corpus = json.loads((DATA / "hostile" / "corpus.json").read_text("utf-8"))
    texts = [case["payload"] for case in corpus if isinstance(case["payload"], str)]
    texts = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    texts = [text for text in texts if 0 < len(text) <= 20_000]
    lines: list[tuple[str, dict[str, Any]]] = [
        ("jam", {"format": 1, "id": "j", "slug": texts[0], "title": texts[2], "summary": texts[3],
                 "opens_at": "2026-01-01T00:00:00Z", "closes_at": "2026-01-02T00:00:00Z"}),
        ("forum", {"id": "f-0", "slug": "hostile", "title": "All"}),
    ]  # fmt: skip
    for number, text in enumerate(texts):
        person = {"id": f"p-{number}", "handle": f"{number}{text[:60]}", "name": text[:60], "org": text[:60]}
        forum = {"id": f"f-{number + 1}", "slug": f"{number}{text[:60]}", "title": text, "brief": text}
        post = {
            "id": f"post-{number:04}", "forum_id": "f-0", "thread_id": f"post-{number:04}", "author_id": f"p-{number}",
            "title": text[:190], "body": text, "created_at": "2026-01-01T00:00:00Z", "tags": [f"{number}{text[:30]}"],
        }  # fmt: skip
        lines += [("person", person), ("forum", forum), ("post", post)]
    path = folder / "hostile.jsonl"
    path.write_text("\n".join(json.dumps({"type": kind, "data": data}) for kind, data in lines), "utf-8")
    return path, texts


def test_hostile_text_comes_back_whole_and_drives_no_terminal(run: Run, tmp_path: Path) -> None:
    path, texts = hostile_archive(tmp_path)
    opened = run("open", str(path), "--json")
    assert opened.code == 0, opened.err
    jam = ("--jam", str(path))
    shown = {row["id"]: row for row in run("threads", "hostile", *jam, "--json").rows}
    assert [shown[f"post-{number:04}"]["body"] for number in range(len(texts))] == texts
    for words in (
        ("forums",), ("threads", "hostile"), ("tags",), ("people",), ("search", "a"), ("show", "post-0003"),
        ("export", "--format", "markdown"), ("show", "post-0007"),
    ):  # fmt: skip
        for more in ((), ("--json",)):
            if words[0] == "export" and more:
                continue
            ended = run(*words, *jam, *more)
            assert ended.code == 0, ended.err
            assert ended.out
            assert CONTROLS.findall((ended.out + ended.err).replace("\t", "")) == [], (words, more)


def test_json_is_one_object_a_line_and_nothing_else(run: Run, tmp_path: Path) -> None:
    """Whatever else the command writes: an archive keeps its objects and escapes their controls; a text is refused."""
    path, texts = hostile_archive(tmp_path)
    raw = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in raw), "utf-8")
    jam = ("--jam", str(path))
    assert run("open", str(path), "--json").code == 0
    ended = run("export", "--format", "jam", "--json", *jam)
    assert CONTROLS.findall(ended.out) == []
    assert [row["data"]["body"] for row in ended.rows if row["type"] == "post"] == texts
    assert CONTROLS.findall(run("export", "--format", "jam", *jam).out) != []  # a file of bytes, as it came
    for words in (("export", "--format", "markdown"), ("completion", "bash")):
        ended = run(*words, "--json", *jam)
        assert (ended.code, ended.out) == (2, ""), words
    for words in (("--version",), ("state", "export")):
        rows = run(*words, "--json").rows
        assert all(isinstance(row, dict) for row in rows), words
        assert rows, words


@pytest.mark.parametrize("query", ["tag:", "author: ", '""', "before:tomorow", "- , !"])
def test_a_search_that_asks_nothing_is_an_error_in_words(run: Run, query: str) -> None:
    ended = run("search", query)
    assert (ended.code, ended.out) == (2, "")
    assert "since:2d" in ended.err
    assert run("search", f"{query} the").code == 0  # the rest is searched


def test_a_plan_takes_its_minutes_with_or_without_the_option(run: Run) -> None:
    plans = [run("plan", *words, "--json").rows for words in (["5"], ["--minutes", "5"], ["--minutes=5"], [])]
    assert plans[0] == plans[1] == plans[2] != plans[3]
    assert plans[3] == run("plan", "15", "--json").rows
    assert run("plan", "0").code == 2
