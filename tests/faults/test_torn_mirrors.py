"""Promise 8: mirrors that are cut, flipped, zeroed or mixed with yesterday's pages, at random places of real files.

Each time: a home as a TUI left it (closed, or killed with its log), one of its mirror's files damaged, then the real
commands. The start is never blocked, nothing of one's own is lost, and after a sync the mirror is what the server has.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from processes import REAL_JAM, ROOT, Home, Server, environment, zygote

from jamtui.model import Draft, DraftKind
from jamtui.store import checking, connection, mirror, own
from jamtui.store.marks import MarkStore
from jamtui.store.own import Own, Payload

NOW = datetime(2026, 11, 26, tzinfo=UTC)
TABLES = ("drafts", "outbox", "read", "saved", "places", "marks", "kept", "my_votes")

# Changes the mirror and dies before the log is folded back: a fifth of the way through another run's changes.
KILLED = """
import os, sys; from pathlib import Path; from jamtui.store import connection, mirror
one = mirror.Mirror(connection.connect(Path(sys.argv[1]), mirror.SCHEMA))
one.db.execute("PRAGMA wal_autocheckpoint=0")
raws = [bytes(raw) for (raw,) in one.db.execute("SELECT raw FROM posts ORDER BY n LIMIT 200")]
for at, raw in enumerate(raws):
    one.apply([("post", raw)], one.cursor)
    if at == 120: one.db.wal_checkpoint(mode=0)
os._exit(9)
"""


POSTS = 300  # of the real Jam, with all its people: files of a megabyte, and many tries


@pytest.fixture
def server(tmp_path: Path) -> Any:
    one = Server(tmp_path / "jam.sqlite")
    lines = REAL_JAM.read_text("utf-8").splitlines(keepends=True)
    posts = [line for line in lines if line.startswith('{"type":"post"')]
    part = tmp_path / "part.jsonl"
    part.write_text("".join([*(line for line in lines if line not in set(posts)), *posts[:POSTS]]), "utf-8")
    one.admin("import", str(part), "--reopen")
    one.admin("person", "add", "ana", "--password-stdin", stdin="correct horse 1\n")
    one.start()
    yield one
    one.stop()


def mirror_of(home: Home) -> Path:
    (found,) = home.path.glob("jams/*/jam.json")
    return found.with_name("mirror.sqlite")


def fill_own(path: Path) -> None:
    """Drafts, refused texts (which no sync sends), what was read, saved, muted."""
    db = connection.connect(path, own.SCHEMA)
    store, marks = Own(db), MarkStore(db)
    for n in range(12):
        store.save_draft(Draft(DraftKind.REPLY, f"post-{n}", "", f"draft {n} " * (1 + n * 60), ("a",)), NOW)
        store.enqueue(f"row-{n}", "post", f"new-{n}", f"new-{n}", "f", Payload(None, "t", f"kept {n} " * 99), NOW)
        store.refused(f"row-{n}", "The Jam is closed", "jam_closed")
        marks.set_place(f"place-{n}", "here")
    with connection.transaction(db):
        db.executemany("INSERT INTO read VALUES (?, 1)", [(n * 7_919,) for n in range(500)])
        db.executemany("INSERT INTO saved VALUES (?, ?)", [(f"saved-{n}", 1_700_000_000_000) for n in range(20)])
    db.close()


def own_things(path: Path) -> dict[str, list[Any]]:
    db = connection.connect(path, own.SCHEMA)
    try:
        return {name: sorted(db.execute(f"SELECT * FROM {name}"), key=repr) for name in TABLES}
    finally:
        db.close()


def tear(path: Path, yesterday: Path, rng: random.Random) -> str:
    """Damages a file somewhere; says how."""
    data = bytearray(path.read_bytes())
    size = len(data)
    at = rng.randrange(size) if size else 0
    length = min(size - at, rng.choice([1, 16, 512, 4_096, 8_192, 65_536]))
    page = at // 8_192 * 8_192
    how = rng.choice(["bit", "bit", "bits", "noise", "zeros", "cut", "cut at a page", "empty", "longer", "yesterday"])
    match how:
        case "bit" if size:
            data[at] ^= 1 << rng.randrange(8)
        case "bits" if size:
            for _ in range(rng.randrange(2, 40)):
                data[rng.randrange(size)] ^= 1 << rng.randrange(8)
        case "noise":
            data[at : at + length] = rng.randbytes(length)
        case "zeros":
            data[at : at + length] = bytes(length)
        case "cut":
            del data[at:]
        case "cut at a page":
            del data[page:]
        case "empty":
            data.clear()
        case "longer":
            data += rng.randbytes(length)
        case _:
            old = yesterday.read_bytes()
            data[page : page + 8_192] = old[page : page + 8_192]
    path.write_bytes(data)
    return f"{how} in {path.name} at {at} of {size}"


def test_torn_mirrors_never_block_a_start(
    server: Server,
    new_home: Callable[..., Home],
    many: Callable[[str, int], int],
    figure: Callable[..., None],
    tmp_path: Path,
) -> None:
    template = new_home().login(server.url, "ana")
    template.jamtui("sync")
    yesterday = tmp_path / "yesterday.sqlite"
    shutil.copy2(mirror_of(template), yesterday)
    people = [data["handle"] for kind, data in server.exported() if kind == "person"]
    for handle in people[:30]:  # today: many pages are others than yesterday
        server.admin("person", "role", handle, "host")
    template.jamtui("sync")
    fill_own(mirror_of(template).with_name("own.sqlite"))
    template.jamtui("forums")  # seals it
    killed = new_home()
    shutil.copytree(template.path, killed.path)
    words = [sys.executable, "-c", KILLED, str(mirror_of(killed))]
    assert subprocess.run(words, env=environment(), check=False).returncode == 9
    kept = own_things(mirror_of(template).with_name("own.sqlite"))
    wanted = Counter(f"{kind} {json.dumps(data, sort_keys=True)}" for kind, data in server.exported())

    tries, seed = many("TORN", 20), many("TORN_SEED", 1)
    started = aside = 0
    hows: Counter[str] = Counter()
    for number in range(tries):
        rng = random.Random(f"{seed} {number}")
        home = new_home(tmp_path / "torn")
        shutil.copytree(rng.choice([template, killed]).path, home.path)
        path = mirror_of(home)
        parts = [part for part in (path, Path(f"{path}-wal"), Path(f"{path}-shm")) if part.exists()]
        how = tear(rng.choice(parts), yesterday, rng)
        hows[how.split(" in ")[1].split(" at ")[0]] += 1
        told = f"try {number} (seed {seed}): {how}"
        words = rng.choice([("forums",), ("forums", "--json"), ("threads", "--json"), ("tags",), ("sync",)])
        code, _, first = zygote().run("jamtui", list(words), home.environment(), ROOT, "")
        assert code in (0, 5), f"{told}: {first}"  # 5: the mirror is empty until the next sync
        started += 1
        home.jamtui("sync")
        assert own_things(path.with_name("own.sqlite")) == kept, told
        db = connection.connect(path, mirror.SCHEMA)
        found = Counter(f"{kind} {json.dumps(json.loads(raw), sort_keys=True)}" for kind, raw in mirror.objects(db))
        assert found == wanted, told
        assert checking.mirror_faults(db, full_text=True) == [], told
        db.close()
        broken = list(path.parent.glob("mirror.*-*.sqlite"))
        aside += bool(broken)
        assert bool(broken) == ("is now mirror." in first), f"{told}: {first}"
        shutil.rmtree(home.path)
    where = ", ".join(f"{count} {name}" for name, count in sorted(hows.items()))
    figure(
        f"promise 8: {started} of {tries} torn mirrors started ({where}; {aside} set aside), 0 of one's own lost, "
        f"all equal to the server after a sync"
    )
