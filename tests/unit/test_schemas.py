"""Files of every version that there was are opened by this one, with all that stood in them."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from jamserver import db as server
from jamserver import importer
from jamtui.model import Me
from jamtui.store import checking, connection, mirror, own
from jamtui.store.connection import Schema
from jamtui.store.mirror import Mirror, objects
from jamtui.store.own import Own
from jamtui.store.rows import Rows
from jamtui.store.rows import connect as rows_of

FOLDER = Path(__file__).parents[1] / "data" / "schemas"
NEWEST = {"mirror": len(mirror.SCHEMA.migrations), "own": len(own.SCHEMA.migrations), "server": server.SCHEMA}
VERSIONS = [(name, version) for name, newest in NEWEST.items() for version in range(1, newest + 1)]


def made(folder: Path, name: str, version: int) -> Path:
    path = folder / f"{name}.sqlite"
    with contextlib.closing(apsw.Connection(str(path))) as db:
        db.execute((FOLDER / f"{name}-{version}.sql").read_text("utf-8"))
    return path


def schema_of(db: apsw.Connection) -> set[tuple[object, ...]]:
    """Without the comments in it, which say more of the same table later."""
    sql = "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
    return {(kind, name, " ".join(re.sub("--[^\n]*", "", str(text)).split())) for kind, name, text in db.execute(sql)}


def fresh(schema: Schema) -> set[tuple[object, ...]]:
    with contextlib.closing(apsw.Connection(":memory:")) as db:
        connection.migrate(db, schema)
        return schema_of(db)


def test_there_is_a_file_of_every_version() -> None:
    there = {path.stem for path in FOLDER.glob("*.sql")}
    assert there == {f"{name}-{version}" for name, version in VERSIONS}


@pytest.mark.parametrize("version", range(1, NEWEST["mirror"] + 1))
def test_a_mirror_of_an_older_version_is_whole_afterwards(tmp_path: Path, version: int) -> None:
    path = made(tmp_path, "mirror", version)
    db = connection.connect(path, mirror.SCHEMA)
    assert db.pragma("user_version") == NEWEST["mirror"]
    assert schema_of(db) == fresh(mirror.SCHEMA)
    assert checking.mirror_faults(db, full_text=True) == []
    assert Mirror(db).cursor == "7-abcd"
    assert [kind for kind, _ in objects(db)] == ["jam", "person", "forum", "post", "post", "post", "poll"]
    derived = list(db.execute("SELECT lang, code, featured FROM posts ORDER BY n"))
    assert derived == [("de", 1, 1), ("", 0, 0), ("", 0, 0)]
    found = [row[0] for row in db.execute("SELECT rowid FROM words WHERE words MATCH 'schatten'")]
    assert found == [1]
    Mirror(db).apply([("votes", b'{"post_id":"00000000-0000-7000-8000-000000000002","up":5}')], "8-bbbb")
    assert checking.mirror_faults(db, full_text=True) == []
    db.close()
    connection.connect(tmp_path / "own.sqlite", own.SCHEMA).close()
    rows = Rows(rows_of(path, tmp_path / "own.sqlite"), Me("", "guest", "Guest", "guest"))
    rows.count(None)
    assert [(forum.title, forum.posts) for forum in rows.forums()] == [("Ideas", 2)]
    rows.db.close()


@pytest.mark.parametrize("version", range(1, NEWEST["own"] + 1))
def test_ones_own_store_of_an_older_version_keeps_everything(tmp_path: Path, version: int) -> None:
    path = made(tmp_path, "own", version)
    db = connection.connect(path, own.SCHEMA)
    assert db.pragma("user_version") == NEWEST["own"]
    assert schema_of(db) == fresh(own.SCHEMA)
    assert (checking.own_faults(db), checking.damaged_rows(db)) == ([], [])
    store = Own(db)
    drafts = [(draft.target, draft.body, draft.tags) for draft in store.drafts()]
    assert drafts == [("post-1", "half a thought", ("a",))]
    assert [(row.n, row.payload.title, row.payload.body, row.intact) for row in store.outbox()] == [
        (3, "A title", "waiting", True)
    ]
    assert list(db.execute("SELECT h FROM read ORDER BY h")) == [(-9,), (7,)]
    for table in ("saved", "my_votes", "places"):
        assert len(list(db.execute(f"SELECT * FROM {table}"))) == 1
    if version >= 2:
        assert list(db.execute("SELECT version FROM read WHERE h = 7")) == [(4,)]
        assert [len(list(db.execute(f"SELECT * FROM {table}"))) for table in ("marks", "kept")] == [1, 1]
    if version >= 4:
        assert list(db.execute("SELECT body FROM thrown")) == [("thrown away",)]
    if version >= 6:
        assert store.used_up("post-8")
    db.close()


@pytest.mark.parametrize("version", range(1, NEWEST["server"] + 1))
def test_a_servers_database_of_an_older_version_serves_the_same(tmp_path: Path, version: int) -> None:
    path = made(tmp_path, "server", version)
    assert not server.prepare(path)
    with contextlib.closing(server.connect(path)) as db:
        assert db.pragma("user_version") == NEWEST["server"]
        new = tmp_path / "new.sqlite"
        server.prepare(new)
        with contextlib.closing(server.connect(new)) as other:
            assert schema_of(db) == schema_of(other)
        assert server.value(db, "PRAGMA integrity_check") == "ok"
        out = io.BytesIO()
        assert importer.export(db, out) == 6
        records: list[Any] = [json.loads(line) for line in out.getvalue().splitlines()]
        assert [record["type"] for record in records] == ["jam", "person", "forum", "post", "post", "post"]
        assert records[3]["data"]["tags"] == ["grün", "stadt"]


def test_how_many_versions(figure: Callable[..., None]) -> None:
    figure(
        f"promise 8: files of all {len(VERSIONS)} versions (mirror, own, server) are opened, with everything in them"
    )
