"""The digest and the commands of the inbox, called in this process on a mirror of a Jam that is over."""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jamtui import cli
from jamtui.archive import rfc3339
from jamtui.paths import Home
from jamtui.store import connection, mirror, own, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare

END = datetime(2025, 11, 23, 18, tzinfo=UTC)  # of the Jam: what is counted back from
FORUM = "0f000000-0000-4000-8000-000000000001"
ME, ANA = "0a000000-0000-4000-8000-000000000001", "0a000000-0000-4000-8000-000000000002"
EVIL = "\x1b]0;x\x07\x9b31m\u202e<b>[x](javascript:1)`|"
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def uid(n: int) -> str:
    return f"00000000-0000-7000-8000-{n:012x}"


def ago(**span: int) -> str:
    return rfc3339(END - timedelta(**span))


def record(kind: str, /, **data: object) -> bytes:
    return json.dumps({"type": kind, "data": data}).encode()


def post(n: int, parent: int | None = None, author: str = ANA, at: str = "", **more: object) -> bytes:
    return record("post", **{
        "id": uid(n), "forum_id": FORUM, "thread_id": uid(n if parent is None else 1),
        "parent_id": None if parent is None else uid(parent), "author_id": author,
        "title": f"Idea {n}" if parent is None else "", "body": "text", "created_at": at or ago(days=3), "tags": [],
        **more,
    })  # fmt: skip


JAM = [
    record("jam", format=1, id="j", slug="tea", title=f"Tea{EVIL}", opens_at=ago(days=5), closes_at=rfc3339(END)),
    record("person", id=ME, handle="me", name="Me", role="participant"),
    record("person", id=ANA, handle="ana", name=f"Ana{EVIL}", role="host"),
    record("forum", id=FORUM, slug="one", title="One", brief="b", position=1),
    post(1, author=ME),
    post(2, kind="idea", idea_state="discussed"),
    post(3, kind="idea", idea_state="chosen", title=f"Chosen{EVIL}", featured={
        "by": ANA, "reason": f"read it{EVIL}", "at": ago(hours=2)}),
    post(4, featured={"by": ANA, "reason": "long ago", "at": ago(days=2)}),
    post(5, featured=True),
    post(9, 1, at=ago(days=2), body="old"),
    post(10, 1, at=ago(hours=3), body=f"answer{EVIL}"),
    post(11, 1, at=ago(hours=2), body="another"),
    post(13, 2, author=ME, at=ago(hours=1), thread_id=uid(2)),
    record("announcement", id=uid(90), author_id=ANA, body=f"Lunch{EVIL}", created_at=ago(hours=4)),
    record("announcement", id=uid(91), author_id=ANA, body="Breakfast", created_at=ago(days=2)),
    record("poll", id=uid(92), author_id=ANA, question=f"Tea?{EVIL}", choices=["yes", "no"], counts=[3, 1],
           created_at=ago(hours=5)),
]  # fmt: skip


class Run:
    """``run("digest", ...)``: its standard output; ``again`` writes a change into the mirror."""

    def __init__(self, home: Path, capture: pytest.CaptureFixture[bytes]) -> None:
        self.home, self._capture, self._seq = home, capture, 12
        self.jam = registry.find(Home.from_env({"JAMTUI_HOME": str(home)}), None)

    def __call__(self, *words: str, code: int = 0) -> str:
        ended = cli.main(words)
        out, err = self._capture.readouterr()
        assert b"Traceback" not in err
        assert ended == code, err
        assert not CONTROLS.search(out.decode()), out
        return out.decode() if code == 0 else err.decode()

    def apply(self, line: bytes) -> None:
        self._seq += 1
        with closing(connection.connect(self.jam.mirror, mirror.SCHEMA)) as db:
            one = json.loads(line)
            Mirror(db).apply([(one["type"], json.dumps(one["data"]).encode())], f"{self._seq}-aaaa")

    def marks(self) -> list[object]:
        with closing(connection.connect(self.jam.own, own.SCHEMA)) as db:
            return [*db.execute("SELECT * FROM read"), *db.execute("SELECT kind, id FROM seen")]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    monkeypatch.setenv("JAMTUI_HOME", str(tmp_path))
    monkeypatch.setenv("TZ", "UTC")
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea").changed(
        person_id=ME, handle="me", name="Me", role="participant", store="file"
    )
    registry.remember(home, jam)
    prepare(jam, END)
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "12-aaaa")
        for line in JAM:
            loading.feed(line)
        loading.finish(rfc3339(END))
    return Run(tmp_path, capsysbinary)


def test_the_most_important_stands_first(run: Run) -> None:
    told = run("digest")
    heads = re.findall(r"(?m)^([A-Z ]+) \((\d+)\)$", told)
    assert heads == [("FOR YOU", "1"), ("ANNOUNCEMENTS", "1"), ("IDEAS THAT MOVED", "1"), ("FEATURED", "1"),
                     ("POLLS", "1"), ("WHERE PEOPLE ARE NOW", "2")]  # fmt: skip
    assert "3 answers" in told
    assert "discussed" in told
    assert "yes: 75%; no: 25%" in told
    assert "3 posts, 0 threads by 2 people: One" in told
    assert "Breakfast" not in told
    assert "long ago" not in told
    assert "Breakfast" in run("digest", "--since", "3d")
    assert run.marks() == []


def test_nothing_is_marked_and_the_last_one_is_remembered(run: Run) -> None:
    first = run("digest", "--since", "last")
    assert "FOR YOU" in first
    assert run("digest", "--since", "last", "--if-any") == ""
    assert "Nothing happened." in run("digest", "--since", "last")
    run.apply(post(2, kind="idea", idea_state="refined"))
    told = run("digest", "--since", "last", "--if-any")
    assert "discussed -> refined" in told
    assert "FOR YOU" not in told
    assert run("digest", "--since", "last", "--if-any") == ""
    assert run.marks() == []


def test_markdown_has_no_tag_and_no_link_of_strangers(run: Run) -> None:
    from markdown_it import MarkdownIt

    told = run("digest", "--format", "markdown")
    kinds = {child.type for token in MarkdownIt("commonmark", {"html": True}).parse(told)
             for child in [token, *(token.children or [])]}  # fmt: skip
    assert not kinds & {"html_inline", "html_block", "link_open", "image"}
    assert "## For you" in told
    assert "| One | 3 | 0 | 2 |" in told


def test_json_is_one_object(run: Run) -> None:
    (line,) = run("digest", "--json").splitlines()
    told = json.loads(line)
    assert [row["count"] for row in told["for_me"]] == [3]
    assert told["moved"] == [
        {"post_id": uid(2), "title": "Idea 2", "state": "discussed", "before": None, "votes": 0}
    ]  # fmt: skip
    assert told["polls"][0]["counts"] == [3, 1]
    assert told["forums"] == [
        {"forum_id": FORUM, "title": "One", "posts": 3, "threads": 0, "people": 2, "unread": 7}
    ]  # fmt: skip
    assert run("digest", "--format", "json") == f"{line}\n"
    assert "do not go together" in run("digest", "--json", "--format", "text", code=2)


def test_into_a_file_whole_or_not_at_all(run: Run) -> None:
    target = run.home / "digest.txt"
    assert run("digest", "-o", str(target)) == ""
    assert target.read_text() == run("digest")
    assert target.stat().st_mode & 0o777 == 0o600
    run("digest", "--since", "last")
    run("digest", "--since", "last", "--if-any", "-o", str(target))
    assert "FOR YOU" in target.read_text()  # nothing happened, and nothing was written


@pytest.mark.parametrize("since", ["tomorrow", "2199-01-01", "x\x1b", ""])
def test_a_time_that_cannot_be_meant(run: Run, since: str) -> None:
    run("digest", "--since", since, code=2)


def test_the_inbox_as_a_command(run: Run) -> None:
    rows = [json.loads(line) for line in run("inbox", "--json").splitlines()]
    assert [(row["row"].partition(":")[0], row["reasons"]) for row in rows] == [
        ("thread", ["answers"]), ("announcement", ["announcements"]), ("poll", ["polls"]),
        ("announcement", ["announcements"]),
    ]  # fmt: skip
    assert (rows[0]["count"], rows[0]["unread"], rows[0]["thread_title"]) == (3, 3, "Idea 1")
    assert rows[0]["body"] == "another"  # the newest post as it came
    assert rows[1]["body"] == f"Lunch{EVIL}"
    (line,) = run("inbox", "--plain", "--reason", "answers").splitlines()
    assert line.split("\t")[1] == "answers you"
    assert len(run("inbox", "--unread", "--limit", "2").splitlines()) == 2
    assert run.marks() == []
    run("inbox", "--reason", "answers", "--mark-read")
    assert len(run.marks()) == 3
    assert run("inbox", "--unread", "--json", "--reason", "answers") == ""
    assert "no reason" in run("inbox", "--reason", "nonsense", code=2)


def test_what_is_used_to_notify(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-kitty")
    for name in ("TMUX", "STY", "ZELLIJ", "KITTY_WINDOW_ID"):
        monkeypatch.delenv(name, raising=False)
    assert "OSC 99 (kitty shows them)" in run("notify")
    told = json.loads(run("notify", "--json"))
    assert (told["by"], told["bell"], told["quiet"]) == ("osc99", False, None)
    (run.home / "config.toml").write_text('version = 1\n[notify]\nby = "nothing"\nquiet = "22:00-07:00"\nbell = 3\n')
    assert "none (so it is set)" in run("notify")
    assert json.loads(run("notify", "--json"))["quiet"] == "22:00-07:00"
    assert "so it is set" in run("notify", "test", code=1)
