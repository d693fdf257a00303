"""Backups taken while people write, and put back: what clients keep, and what they send again."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import apsw
import httpx
import pytest
from processes import Home, Server

from jamserver.cli import main
from jamtui.store import connection, own

FORUM = "00000000-0000-4000-8000-0000000000f0"


def run(server: Server, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main([*words, "--db", str(server.db)])
    told = capsys.readouterr()
    return code, told.out, told.err


class Writer(threading.Thread):
    """Posts until it is stopped; ``confirmed`` are the ids that were answered."""

    def __init__(self, server: Server, token: str) -> None:
        super().__init__()
        self.confirmed: list[str] = []
        self.enough = threading.Event()
        self._server, self._token, self._stop_now = server, token, threading.Event()

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        with httpx.Client(
            base_url=f"{self._server.url}/api/v1", headers=headers, timeout=60, trust_env=False
        ) as client:
            while not self._stop_now.is_set():
                post_id = str(uuid.uuid4())
                content = {"forum_id": FORUM, "title": "T", "body": f"body of {post_id}"}
                answer = client.put(f"/posts/{post_id}", json=content)
                if answer.status_code == 429:
                    self.enough.set()
                    return
                answer.raise_for_status()
                self.confirmed.append(post_id)
                if len(self.confirmed) >= 60:
                    self.enough.set()

    def stop(self) -> None:
        self._stop_now.set()
        self.join()


def posts_in(path: Path) -> set[str]:
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        assert list(db.execute("PRAGMA integrity_check")) == [("ok",)]
        seqs = [seq for (seq,) in db.execute("SELECT seq FROM changes ORDER BY seq")]
        assert seqs == list(range(1, len(seqs) + 1))  # one state: no change without those before it
        return {str(row[0]) for row in db.execute("SELECT id FROM posts")}
    finally:
        db.close()


def test_backups_taken_while_people_write_are_whole(
    new_server: Callable[..., Server],
    many: Callable[[str, int], int],
    figure: Callable[..., None],
    tmp_path: Path,
) -> None:
    server = new_server()
    for name in ("eve", "kim", "lee"):
        server.admin("person", "add", name)
    writers = [Writer(server, server.admin("person", "token", name).strip()) for name in ("eve", "kim", "lee")]
    for writer in writers:
        writer.start()
    count, seen = many("BACKUPS", 6), set[str]()
    for number in range(count):
        before = {post_id for writer in writers for post_id in list(writer.confirmed)}
        target = tmp_path / f"backup-{number}.sqlite"
        server.admin("backup", str(target))
        there = posts_in(target)
        assert before <= there, "confirmed before the backup began, and not in it"
        assert seen <= there
        seen = there
        assert target.stat().st_mode & 0o777 == 0o600
        assert not list(tmp_path.glob(f".{target.name}*"))
        assert not list(tmp_path.glob(f"{target.name}-*"))
    for writer in writers:
        writer.enough.wait(60)
        writer.stop()
    written = sum(len(writer.confirmed) for writer in writers)
    figure(f"promise 8: {count} backups while {written} posts were written: all whole, 0 confirmed before and missing")


def test_a_restore_refuses_while_the_server_runs_and_says_what_to_do(
    new_server: Callable[..., Server], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    server = new_server()
    kept = tmp_path / "kept.sqlite"
    assert run(server, capsys, "backup", str(kept))[0] == 0
    assert run(server, capsys, "backup", str(kept))[0] == 1  # nothing is replaced by accident
    assert run(server, capsys, "backup", str(kept), "--force")[0] == 0
    before = server.db.read_bytes()
    code, out, err = run(server, capsys, "restore", str(kept))
    assert (code, out) == (1, "")
    assert "has" in err
    assert "Stop it first" in err
    assert server.db.read_bytes() == before
    server.stop()
    head = apsw.Connection(str(server.db)).execute("SELECT mark FROM log").fetchone()
    code, out, err = run(server, capsys, "restore", str(kept), "--json")
    told = json.loads(out)
    assert (code, told["posts"]) == (0, 4)
    assert Path(told["replaced"]).exists()
    assert not told["head"].endswith(f"-{head[0]}")
    for wrong in (tmp_path / "none.sqlite", Path(__file__)):
        assert run(server, capsys, "restore", str(wrong))[0] in (1, 5)
    damaged = bytearray(kept.read_bytes())
    damaged[8_192:12_288] = bytes(4_096)
    (tmp_path / "damaged.sqlite").write_bytes(damaged)
    code, _, err = run(server, capsys, "restore", str(tmp_path / "damaged.sqlite"))
    assert (code, "damaged" in err or "no whole backup" in err) == (1, True)
    assert len(posts_in(server.db)) == 4


def test_a_damaged_database_is_replaced_by_its_backup(
    new_server: Callable[..., Server], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    server = new_server()
    kept = tmp_path / "kept.sqlite"
    assert run(server, capsys, "backup", str(kept))[0] == 0
    server.kill()
    server.db.write_bytes(b"\xff" * 20_000)
    code, _, err = run(server, capsys, "restore", str(kept))
    assert code == 0, err
    (aside,) = server.db.parent.glob(f"{server.db.name}.replaced-*[0-9]")
    assert aside.read_bytes() == b"\xff" * 20_000
    server.start()
    assert len(posts_in(server.db)) == 4


@pytest.fixture
def restored(
    new_server: Callable[..., Server], new_home: Callable[..., Home], tmp_path: Path
) -> tuple[Server, Home, dict[str, str]]:
    """A server that was put back to where it was before ana's last hour; her home, and the ids of what she did then."""
    server, home = new_server(), new_home()
    home.login(server.url, "ana")
    home.jamtui("sync")
    ids = {"early": home.row("post", "--forum", "ideas", "--title", "Early", "--body", "of the backup")["id"]}
    ids["taken back"] = home.row("post", "--forum", "ideas", "--title", "Regret", "--body", "an angry word")["id"]
    bob = server.admin("person", "token", "bob").strip()
    kept = tmp_path / "kept.sqlite"
    server.admin("backup", str(kept))
    ids["lost"] = home.row("post", "--forum", "ideas", "--title", "Late", "--tag", "tea", "--body", "after it")["id"]
    ids["answer"] = home.row("reply", ids["lost"], "--body", "and an answer")["id"]
    home.jamtui("edit", ids["early"], "--body", "of the backup, changed")
    home.jamtui("delete", ids["taken back"])
    thread = "00000000-0000-7000-8000-000000000000"
    home.jamtui("vote", thread)
    late = str(uuid.uuid4())
    httpx.put(
        f"{server.url}/api/v1/posts/{late}",
        headers={"Authorization": f"Bearer {bob}"},
        json={"forum_id": FORUM, "title": "Bob's", "body": "lost as well"},
    ).raise_for_status()
    home.jamtui("sync")
    home.jamtui("show", late)
    server.stop()
    home.jamtui("reply", thread, "--body", "written while it was down")
    server.admin("restore", str(kept))
    server.start()
    return server, home, ids


def test_a_restored_server_gets_back_what_it_lost_of_ones_own(
    restored: tuple[Server, Home, dict[str, str]], figure: Callable[..., None]
) -> None:
    server, home, ids = restored
    told = home.jamtui("sync")
    assert "does not have 2 posts, 1 edit, 1 deletion and 1 vote of yours: sending again" in told.stderr
    home.jamtui("sync")
    assert home.rows("outbox") == []
    posts = {data["id"]: data for kind, data in server.exported() if kind == "post"}
    assert posts[ids["lost"]]["title"] == "Late"
    assert posts[ids["lost"]]["tags"] == ["tea"]
    assert posts[ids["answer"]]["parent_id"] == ids["lost"]
    assert posts[ids["early"]]["body"] == "of the backup, changed"
    assert (posts[ids["taken back"]]["state"], posts[ids["taken back"]]["body"]) == ("deleted", "")
    assert posts["00000000-0000-7000-8000-000000000000"]["votes"] == {"up": 1}
    bodies = [data["body"] for data in posts.values()]
    assert bodies.count("written while it was down") == 1
    shown = {row["id"]: row for row in home.rows("threads")}
    assert shown[ids["lost"]]["title"] == "Late"
    assert "lost as well" not in bodies  # bob's own jamtui would bring it
    figure(
        "promise 8: a restored server: 2 posts, 1 edit, 1 deletion, 1 vote of one's own sent again, 0 lost, 0 doubled"
    )


def test_nothing_is_sent_to_another_jam_at_the_same_address(
    restored: tuple[Server, Home, dict[str, str]], new_server: Callable[..., Server], tmp_path: Path
) -> None:
    server, home, _ = restored
    db = apsw.Connection(str(server.db))
    (raw,) = next(iter(db.execute("SELECT data FROM jam")))
    jam = json.loads(bytes(raw)) | {"id": "00000000-0000-4000-8000-00000000dead"}
    db.execute("UPDATE jam SET id = ?, data = ?", (jam["id"], json.dumps(jam).encode()))
    db.close()
    before = len(server.exported())
    told = home.jamtui("sync")
    assert "sending again" not in told.stderr
    assert len(server.exported()) == before + 1  # what was in the outbox all along


def test_a_post_whose_server_was_put_back_by_hand_is_sent_again(
    new_server: Callable[..., Server], new_home: Callable[..., Home], tmp_path: Path
) -> None:
    """The file was copied back, marks and all, and others went on: no cursor tells, but the mirror lacks the post."""
    server, home = new_server(), new_home()
    home.login(server.url, "ana")
    home.jamtui("sync")
    kept = tmp_path / "kept.sqlite"
    server.admin("backup", str(kept))
    posted = home.row("post", "--forum", "ideas", "--title", "Confirmed", "--body", "and lost")["id"]
    (path,) = home.path.glob("jams/*/own.sqlite")
    mirror = path.with_name("mirror.sqlite")
    server.stop()
    for part in server.db.parent.glob(f"{server.db.name}*"):
        part.unlink()
    server.db.write_bytes(kept.read_bytes())
    server.start()
    mirror.unlink()  # the client had got no further than the backup
    home.jamtui("sync")
    db = connection.connect(path, own.SCHEMA)
    own.Own(db).enqueue(posted, "post", posted, posted, FORUM, own.Payload(None, "Confirmed", "and lost"), when())
    own.Own(db).sent(posted, 6)
    db.close()
    for number in range(3):
        server.admin("person", "add", f"other{number}")
    home.jamtui("sync")
    home.jamtui("sync")
    assert [data["title"] for kind, data in server.exported() if kind == "post" and data["id"] == posted] == [
        "Confirmed"
    ]
    assert home.rows("outbox") == []


def when() -> datetime:
    return datetime.now(UTC)


def test_after_a_restore_every_cursor_is_gone(new_server: Callable[..., Server], tmp_path: Path) -> None:
    """Also that of a client which had not yet fetched what the backup lacks: else it would take it for arrived."""
    server = new_server()
    changes = f"{server.url}/api/v1/changes"
    items = httpx.get(changes).json()["items"]
    cursors = [f"{item['seq']}-{item['mark']}" for item in items]
    assert len(cursors) == 9
    server.admin("backup", str(tmp_path / "kept.sqlite"))
    server.stop()
    server.admin("restore", str(tmp_path / "kept.sqlite"))
    server.start()
    answers = [httpx.get(changes, params={"after": cursor}) for cursor in cursors]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(410, "log_replaced")] * 9
    again = httpx.get(changes).json()
    assert [item["data"] for item in again["items"]] == [item["data"] for item in items]
    assert again["head"] == f"{again['items'][-1]['seq']}-{again['items'][-1]['mark']}"
