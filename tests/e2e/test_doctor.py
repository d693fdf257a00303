"""`jamtui doctor`: finds what is wrong, changes nothing, and mends without taking anything away."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def jam_file(home: Any, name: str) -> Path:
    (found,) = home.path.glob(f"jams/*/{name}")
    return Path(found)


def state_of(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {row["check"]: row["state"] for row in rows}


def everything(home: Any) -> dict[str, tuple[bytes, int, int]]:
    files = [path for path in home.path.rglob("*") if path.is_file() and path.suffix != ".sqlite-shm"]
    return {
        str(path): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in files
        if not path.name.endswith("-shm") and path.stat().st_size
    }


def sql(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def test_what_is_whole_is_told_a_line_each(ana_home: Any) -> None:
    rows = ana_home.rows("doctor")
    assert {row["state"] for row in rows} == {"ok"}
    assert [row["check"] for row in rows] == [
        "configuration", "files", "disk", "mirror", "drafts, outbox, reading", "outbox", "connection", "sign-in",
    ]  # fmt: skip
    assert "1,303 posts" in rows[3]["text"]
    told = ana_home.jamtui("doctor").stdout.splitlines()
    assert len(told) == len(rows)
    assert all(line.startswith("ok ") for line in told)
    assert ana_home.jamtui("doctor", "--jam", "nowhere", code=5).stdout == ""


WRONG: dict[str, tuple[str, Callable[[Any], object]]] = {
    "configuration": (
        "configuration",
        lambda home: ((home.path / "config.toml").write_text("theme = 7\n"), (home.path / "config.toml").chmod(0o600)),
    ),
    "mode": ("files", lambda home: jam_file(home, "mirror.sqlite").chmod(0o644)),
    "torn mirror": ("mirror", lambda home: jam_file(home, "mirror.sqlite").write_bytes(b"torn" * 5_000)),
    "another letter": (
        "mirror",
        lambda home: sql(
            jam_file(home, "mirror.sqlite"),
            "UPDATE posts SET raw = CAST(replace(CAST(raw AS TEXT), 'e', 'o') AS BLOB) WHERE n = 4",
        ),
    ),
    "a figure": ("mirror", lambda home: sql(jam_file(home, "mirror.sqlite"), "UPDATE threads SET replies = 99")),
    "full text": (
        "mirror",
        lambda home: sql(
            jam_file(home, "mirror.sqlite"),
            "INSERT INTO words(rowid, title, body, tags) VALUES (3, 'nowhere', 'xylophone', '')",
        ),
    ),
    "a newer mirror": ("mirror", lambda home: sql(jam_file(home, "mirror.sqlite"), "PRAGMA user_version = 88")),
    "own": ("drafts, outbox, reading", lambda home: jam_file(home, "own.sqlite").write_bytes(b"\0" * 9_000)),
    "no token": ("sign-in", lambda home: next(home.path.glob("credentials/*")).unlink()),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_finds_and_mends(ana_home: Any, name: str) -> None:
    check, damage = WRONG[name]
    damage(ana_home)
    before = everything(ana_home)
    found = ana_home.rows("doctor", code=1)
    wrong = [row for row in found if row["state"] == "wrong"]
    assert [row["check"] for row in wrong] == [check]
    assert wrong[0]["hint"]
    assert everything(ana_home) == before, "looking changed something"

    by_hand = name in ("configuration", "no token")  # what only a person can mend
    mended = ana_home.rows("doctor", "--repair", code=1 if by_hand else 0)
    assert state_of(mended)[check] == ("wrong" if by_hand else "repaired") or check == "files"
    again = ana_home.rows("doctor", code=1 if by_hand else 0)
    assert state_of(again) | {check: "ok"} == dict.fromkeys(state_of(again), "ok")
    if check == "mirror":
        assert len(ana_home.rows("threads")) > 100  # fetched anew, or mended


def test_drafts_and_outbox_come_through_a_repair(ana_home: Any) -> None:
    ana_home.jamtui("sync")
    path = jam_file(ana_home, "own.sqlite")
    sql(
        path,
        "INSERT INTO drafts(kind, target, title, body, tags, base_version, updated) "
        "VALUES ('reply', 'p1', '', 'half a thought', '[]', 0, 1)",
        "INSERT INTO outbox(id, kind, post_id, thread_id, forum_id, payload, sha256, state, created) "
        "VALUES ('row-1-of-mine', 'post', 'p', 'p', 'f', '{\"body\":\"kept\"}', x'00', 'queued', 1)",
    )
    found = {row["check"]: row for row in ana_home.rows("doctor", code=1)}
    assert "row-1-of-mine" in found["outbox"]["text"]  # its checksum does not fit: told, and left
    assert found["drafts, outbox, reading"]["state"] == "ok"
    data = path.read_bytes()
    path.write_bytes(b"\xff" * 100 + data[100:])
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    mended = {row["check"]: row for row in ana_home.rows("doctor", "--repair", code=1)}
    assert mended["drafts, outbox, reading"]["state"] == "repaired"
    assert "1 draft" in mended["drafts, outbox, reading"]["text"]
    assert mended["outbox"]["state"] == "wrong"
    assert "own.damaged-" in mended["set aside"]["text"]
    assert jam_file(ana_home, "own.damaged-*.sqlite").read_bytes()[100:] == data[100:]
    assert [row["state"] for row in ana_home.rows("outbox")] == ["queued"]
    assert ana_home.jamtui("outbox", "drop", "row-1-of-mine").returncode == 0
    assert {row["state"] for row in ana_home.rows("doctor")} == {"ok"}


def test_off_line_the_mirror_is_set_aside_and_fetched_later(new_server: Any, new_home: Any) -> None:
    jam = {"format": 1, "id": "00000000-0000-4000-8000-000000000001", "slug": "small", "title": "S",
           "opens_at": "2026-01-01T00:00:00Z", "closes_at": "2026-01-02T00:00:00Z"}  # fmt: skip
    server, home = new_server([("jam", jam)]), new_home()
    home.login(server.url, "ana")
    home.jamtui("sync")
    server.stop()
    jam_file(home, "mirror.sqlite").write_bytes(b"torn" * 5_000)
    done = home.jamtui("doctor", "--repair")
    assert "repaired mirror of small" in done.stdout
    assert "fetched by the next jamtui sync" in done.stderr
    server.start()
    home.jamtui("sync")
    assert {row["state"] for row in home.rows("doctor")} == {"ok"}


def test_what_another_jamtui_has_open_is_left_and_told(ana_home: Any) -> None:
    watching = ana_home.popen("watch", "--json")
    seal = jam_file(ana_home, "store.seal")
    path = jam_file(ana_home, "mirror.sqlite")
    while not ana_home.rows("doctor")[6]["text"].startswith("another jamtui holds it"):
        assert watching.poll() is None
    sql(path, "UPDATE threads SET replies = 99")
    mended = {row["check"]: row for row in ana_home.rows("doctor", "--repair", code=1)}
    assert (mended["mirror"]["state"], mended["mirror"]["hint"]) == (
        "wrong",
        "Another jamtui has it open: close it, then repair.",
    )
    assert not list(path.parent.glob("mirror.broken-*"))
    watching.terminate()
    watching.communicate()
    assert seal.exists()
    mended = {row["check"]: row for row in ana_home.rows("doctor", "--repair")}
    assert mended["mirror"]["state"] in ("repaired", "ok")
