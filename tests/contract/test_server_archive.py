"""Import and export: the same objects, broken files of all kinds, the commands around them."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard

from jamserver.cli import main

JAM = {
    "format": 1,
    "id": "j",
    "slug": "s",
    "title": "T",
    "opens_at": "2026-01-01T00:00:00Z",
    "closes_at": "2026-01-04T00:00:00Z",
}
PERSON = {"id": "p1", "handle": "ada", "name": "Ada", "role": "participant"}
FORUM = {"id": "f1", "slug": "ideas", "title": "Ideas", "brief": "", "position": 0}
POST = {
    "id": "t1",
    "forum_id": "f1",
    "thread_id": "t1",
    "parent_id": None,
    "author_id": "p1",
    "title": "Title",
    "body": "Body",
    "created_at": "2026-01-01T01:00:00Z",
    "tags": ["z", "a"],
    "votes": {"up": 3, "down": 2},
}
Run = Any


def lines(*records: tuple[str, Any]) -> bytes:
    return b"".join(json.dumps({"type": kind, "data": data}).encode() + b"\n" for kind, data in records)


WHOLE = (("jam", JAM), ("person", PERSON), ("forum", FORUM), ("post", POST))


@pytest.fixture
def run(tmp_path: Path, capsysbinary: Any) -> Run:
    """Runs a command on a database of the test; (exit code, standard output, standard error)."""

    def run(*words: str, db: Path | None = tmp_path / "jam.sqlite") -> tuple[int, bytes, str]:
        capsysbinary.readouterr()
        code = main([*words, "--db", str(db)] if db else list(words))
        out, err = capsysbinary.readouterr()
        return code, out, err.decode()

    return run


def objects_of(raw: bytes) -> list[Any]:
    return [json.loads(line) for line in raw.splitlines()]


def test_the_real_jam_comes_out_as_it_went_in(
    run: Run, real_jam: Path, start_server: Any, client: Any, tmp_path: Path
) -> None:
    code, _, err = run("import", str(real_jam))
    assert (code, "606 people" in err, "1,303 posts" in err) == (0, True, True)
    assert (tmp_path / "jam.sqlite").stat().st_mode & 0o777 == 0o600
    code, out, _ = run("export")
    assert objects_of(out) == objects_of(real_jam.read_bytes())
    reader = client(start_server(tmp_path / "jam.sqlite").url)
    items: list[Any] = []
    after = "0-0"
    while len(items) < 1_916:
        page = reader.get("/changes", params={"after": after}).json()["items"]
        items += page
        after = f"{page[-1]['seq']}-{page[-1]['mark']}"
    # One change an object, in the file's order.
    assert [{"type": item["type"], "data": item["data"]} for item in items] == objects_of(out)
    assert [item["seq"] for item in items] == list(range(1, 1_917))
    assert objects_of(reader.get("/snapshot").content) == objects_of(out)


def test_what_is_not_known_is_kept(run: Run, tmp_path: Path) -> None:
    records = [
        ("jam", JAM | {"theme": "dark"}),
        ("poll", {"id": "x", "question": "?"}),
        (
            "person",
            PERSON | {"pronouns": "she", "big": 123456789012345678901234567890, "n": [1.5, None, {"a": "é\u2028"}]},
        ),
        ("forum", FORUM | {"colour": "red"}),
        ("post", POST | {"mood": {"deep": [True]}, "state": "odd", "featured": {"by": "p1"}}),
        ("poll", {"question": "no id"}),
        ("announcement", {"id": "x"}),
        ("badge", {"id": "x"}),
        ("award", {"question": "no id"}),
    ]
    file = tmp_path / "a.jsonl"
    file.write_bytes(lines(*records))
    code, _, err = run("import", str(file))
    assert code == 0
    assert err.splitlines()[-1] == "kept as they are, of types that this version does not know: award, badge"
    _, out, _ = run("export")
    assert objects_of(out) == objects_of(file.read_bytes())


def test_fields_that_are_not_known_survive_an_edit(run: Run, tmp_path: Path, start_server: Any, client: Any) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(lines(*WHOLE[:3], ("post", POST | {"mood": "odd"})))
    run("import", str(file), "--reopen")
    _, token, _ = run("person", "token", "ada")
    ada = client(start_server(tmp_path / "jam.sqlite").url, token.decode().strip())
    edited = ada.patch("/posts/t1", json={"body": "New"}, headers={"If-Match": '"1"'})
    assert (edited.json()["mood"], edited.json()["votes"], edited.json()["tags"]) == (
        "odd",
        {"up": 3, "down": 2},
        ["z", "a"],
    )
    ada.put("/posts/t1/vote").raise_for_status()
    ada.put("/posts/t1/tags/m").raise_for_status()
    post = ada.get("/posts/t1").json()
    assert (post["mood"], post["votes"], post["tags"]) == ("odd", {"up": 4, "down": 2}, ["a", "m", "z"])
    assert ada.get("/posts/t1/tags").json()["items"][2] == {"name": "z", "by": []}


@pytest.mark.parametrize(
    "pack", [gzip.compress, zstandard.compress, lambda raw: raw, lambda raw: b"\xef\xbb\xbf" + raw]
)
def test_packed_files_are_known_by_their_first_bytes(run: Run, tmp_path: Path, pack: Any) -> None:
    file = tmp_path / "archive"
    file.write_bytes(pack(lines(*WHOLE)))
    assert run("import", str(file))[0] == 0
    assert objects_of(run("export")[1]) == objects_of(lines(*WHOLE))


def test_a_dash_is_standard_output(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for ``jamtui export``: not a file of that name."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "a.jsonl"
    file.write_bytes(lines(*WHOLE))
    run("import", str(file))
    code, out, err = run("export", "-o", "-")
    assert (code, objects_of(out), err) == (0, objects_of(file.read_bytes()), "")
    assert run("generate", "--posts", "3", "-o", "-", db=None)[1].startswith(b'{"type":"jam"')
    assert not Path("-").exists()


def test_rows_of_import_export_and_the_rest(run: Run, tmp_path: Path) -> None:
    """``--json`` is known by each command, and prints an object a line."""
    file = tmp_path / "a.jsonl"
    file.write_bytes(lines(*WHOLE).replace(b"Body", "B\u202eody".encode()))
    (told,) = objects_of(run("import", str(file), "--json")[1])
    assert told["records"]["jam"] == 1
    out = run("export", "--json")[1]
    assert objects_of(out) == objects_of(file.read_bytes())
    assert "\u202e" not in out.decode()
    copy = tmp_path / "b.jsonl"
    (told,) = objects_of(run("export", "--json", "-o", str(copy))[1])
    assert told == {"file": str(copy), "records": len(objects_of(out))}
    (told,) = objects_of(run("generate", "--posts", "3", "--json", "-o", str(copy), db=None)[1])
    assert told == {"file": str(copy)}
    (document,) = objects_of(run("openapi", "--json", db=None)[1])
    assert document["openapi"] == "3.1.0"


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_export_writes_files_that_import_reads(run: Run, tmp_path: Path, suffix: str) -> None:
    file, copy = tmp_path / "a.jsonl", tmp_path / f"copy.jsonl{suffix}"
    file.write_bytes(lines(*WHOLE))
    run("import", str(file))
    assert run("export", "-o", str(copy))[0] == 0
    other = tmp_path / "other.sqlite"
    assert run("import", str(copy), db=other)[0] == 0
    assert objects_of(run("export", db=other)[1]) == objects_of(file.read_bytes())
    assert not list(tmp_path.glob("*.part"))


PACKED = gzip.compress(lines(*WHOLE), mtime=0)
BROKEN = {
    "no JSON": (lines(*WHOLE) + b"{oops\n", "line 5"),
    "no record": (lines(*WHOLE) + b"[1]\n", "line 5"),
    "no type": (lines(*WHOLE) + b'{"data":{}}\n', "line 5"),
    "no object": (lines(*WHOLE, ("poll", 5)), "line 5"),
    "cut off": (lines(*WHOLE)[:-30], "line 4"),
    "no utf-8": (lines(*WHOLE[:3]) + b'{"type":"person","data":{"id":"p","handle":"h","name":"\xff"}}\n', "line 4"),
    "no utf-8 where unknown": (lines(*WHOLE[:3]) + b'{"type":"poll","data":{"x":"\xff"}}\n', "line 4"),
    "too deep": (lines(*WHOLE) + b'{"type":"poll","data":{"x":' + b"[" * 99_999 + b"]" * 99_999 + b"}}\n", "line 5"),
    "too long": (lines(*WHOLE, ("post", POST | {"id": "t2", "thread_id": "t2", "body": "x" * (1 << 20)})), "line 5"),
    "jam not first": (lines(WHOLE[1], WHOLE[0]), "line 1"),
    "two jams": (lines(WHOLE[0], WHOLE[0]), "line 2"),
    "a newer format": (lines(("jam", JAM | {"format": 2})), "line 1"),
    "nothing": (b"", "empty"),
    "only blank lines": (b"\n \n\n", "empty"),
    "person before the jam": (b"\n" + lines(WHOLE[1], WHOLE[0]), "line 2"),
    "no such author": (lines(*WHOLE[:3], ("post", POST | {"author_id": "p9"})), "line 4"),
    "no such forum": (lines(*WHOLE[:3], ("post", POST | {"forum_id": "f9"})), "line 4"),
    "no such parent": (lines(*WHOLE[:3], ("post", POST | {"parent_id": "t9"})), "line 4"),
    "a reply in another thread": (
        lines(*WHOLE, ("post", POST | {"id": "r1", "parent_id": "t1", "thread_id": "r1"})),
        "line 5",
    ),
    "the same id": (lines(*WHOLE, WHOLE[3]), "line 5"),
    "the same handle": (lines(*WHOLE[:2], ("person", PERSON | {"id": "p2"})), "line 3"),
    "the same slug": (lines(*WHOLE[:3], ("forum", FORUM | {"id": "f2"})), "line 4"),
    "no zone": (lines(("jam", JAM | {"opens_at": "2026-01-01T00:00:00"})), "line 1"),
    "no time": (lines(("jam", JAM | {"opens_at": "tomorrow"})), "line 1"),
    "before all time": (lines(("jam", JAM | {"opens_at": "0001-01-01T00:00:00+14:00"})), "line 1"),
    "negative votes": (lines(*WHOLE[:3], ("post", POST | {"votes": {"up": -1}})), "line 4"),
    "votes without end": (lines(*WHOLE[:3], ("post", POST | {"votes": {"up": 10**30}})), "line 4"),
    "a change, not a record": (lines(*WHOLE, ("votes", {"post_id": "t1", "up": 4})), "line 5"),
    "gzip cut off": (gzip.compress(lines(*WHOLE))[:-9], "line"),
    "zstd cut off": (zstandard.compress(lines(*WHOLE))[:-9], "line"),
    "gzip torn": (PACKED[:40] + b"\0\xff\0\xff" + PACKED[44:], "line"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_says_where_and_leaves_nothing(run: Run, tmp_path: Path, name: str) -> None:
    raw, where = BROKEN[name]
    file = tmp_path / "broken.jsonl"
    file.write_bytes(raw)
    code, out, err = run("import", str(file))
    assert (code, out) == (1, b"")
    assert where in err, err
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["broken.jsonl"]


def test_a_broken_file_changes_nothing_in_a_database_that_is_there(run: Run, tmp_path: Path) -> None:
    assert run("jam", "set", "--title", "Mine")[0] == 0
    before = run("export")[1]
    file = tmp_path / "broken.jsonl"
    file.write_bytes(BROKEN["no JSON"][0])
    assert run("import", str(file))[0] == 1
    assert run("export")[1] == before


def test_a_jam_with_posts_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(lines(*WHOLE))
    run("import", str(file))
    before = run("export")[1]
    code, _, err = run("import", str(file))
    assert (code, "already holds a Jam with 1 post" in err, "--db" in err) == (1, True, True)
    assert run("export")[1] == before


def test_people_added_before_an_import_stay(run: Run, tmp_path: Path) -> None:
    run("person", "add", "zoe")
    _, token, _ = run("person", "token", "zoe")
    file = tmp_path / "a.jsonl"
    file.write_bytes(lines(*WHOLE))
    assert run("import", str(file))[0] == 0
    assert [o["data"].get("handle") for o in objects_of(run("export")[1]) if o["type"] == "person"] == ["ada", "zoe"]
    assert token


def test_an_archive_promotes_nobody_who_can_sign_in(run: Run, tmp_path: Path) -> None:
    run("person", "add", "zoe")
    zoe = json.loads(run("person", "role", "zoe", "participant", "--json")[1])
    file = tmp_path / "a.jsonl"
    file.write_bytes(
        lines(
            ("jam", JAM),
            ("person", PERSON | {"role": "host"}),
            ("person", zoe | {"role": "moderator", "name": "Z"}),
            ("person", {"id": "p3", "handle": "max", "name": "Max", "role": "moderator"}),
        )
    )
    code, _, err = run("import", str(file))
    assert code == 0
    assert "hosts, as the archive has it: ada" in err
    assert "moderators, as the archive has it: max\n" in err
    people = {o["data"]["handle"]: o["data"] for o in objects_of(run("export")[1]) if o["type"] == "person"}
    assert {handle: person["role"] for handle, person in people.items()} == {
        "ada": "host", "zoe": "participant", "max": "moderator",
    }  # fmt: skip
    assert people["zoe"]["name"] == "Z"


def test_an_archive_of_unknown_records_is_not_imported_twice(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(lines(("jam", JAM), ("person", PERSON), ("poll", {"id": "q"})))
    assert run("import", str(file))[0] == 0
    before = run("export")[1]
    code, _, err = run("import", str(file))
    assert (code, "already holds a Jam with 1 record" in err) == (1, True)
    assert run("export")[1] == before


def test_a_person_of_the_same_handle_stops_an_import(run: Run, tmp_path: Path) -> None:
    run("person", "add", "ada")
    file = tmp_path / "a.jsonl"
    file.write_bytes(lines(*WHOLE))
    code, _, err = run("import", str(file))
    assert (code, "ada" in err) == (1, True)


def test_reopen_opens_from_now_and_changes_nothing_else(
    run: Run, tmp_path: Path, start_server: Any, client: Any
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(lines(*WHOLE))
    assert run("import", str(file), "--reopen", "5")[0] == 0
    found = objects_of(run("export")[1])
    assert found[1:] == objects_of(file.read_bytes())[1:]
    assert {name for name in JAM if found[0]["data"][name] != JAM[name]} == {"opens_at", "closes_at"}
    _, token, _ = run("person", "token", "ada")
    ada = client(start_server(tmp_path / "jam.sqlite").url, token.decode().strip())
    assert ada.put("/posts/t1/vote").json()["up"] == 4


def test_an_imported_jam_that_is_over_refuses_writes(
    run: Run, real_jam: Path, tmp_path: Path, start_server: Any, client: Any
) -> None:
    run("import", str(real_jam))
    _, token, _ = run("person", "token", "minimum-wage-0")
    person = client(start_server(tmp_path / "jam.sqlite").url, token.decode().strip())
    post = person.get("/posts", params={"limit": 1}).json()["items"][0]
    answer = person.put(f"/posts/{post['id']}/vote")
    assert (answer.status_code, answer.json()["code"]) == (403, "jam_closed")


def test_a_post_sent_again_after_its_server_was_rebuilt_from_an_archive(
    jam: Any, run: Run, tmp_path: Path, start_server: Any, client: Any
) -> None:
    """The outbox of a client may still hold what the archive already has: it is answered, not doubled."""
    post = jam.thread(tags=["b", "a"])
    copy = tmp_path / "copy.jsonl"
    assert run("export", "-o", str(copy))[0] == 0
    other = tmp_path / "other.sqlite"
    assert run("import", str(copy), db=other)[0] == 0
    _, token, _ = run("person", "token", "ada", db=other)
    ada = client(start_server(other).url, token.decode().strip())
    content = {"forum_id": post["forum_id"], "title": post["title"], "body": post["body"], "tags": ["a", "b"]}
    assert ada.put(f"/posts/{post['id']}", json=content).status_code == 200
    assert ada.put(f"/posts/{post['id']}", json=content | {"body": "other"}).status_code == 409


def test_a_slow_pipe_gets_the_whole_export(tmp_path: Path, real_jam: Path) -> None:
    db = tmp_path / "jam.sqlite"
    main(["import", str(real_jam), "--db", str(db)])
    found = subprocess.run(
        [sys.executable, "-m", "jamserver", "export", "--db", str(db)], capture_output=True, check=True
    )
    assert io.BytesIO(found.stdout).readlines()[1:] == real_jam.read_bytes().splitlines(keepends=True)[1:]


def test_guests_read_the_imported_snapshot_with_httpx(
    run: Run, real_jam: Path, tmp_path: Path, start_server: Any
) -> None:
    """An ordinary client that asks for gzip gets the archive, unpacked by its library."""
    run("import", str(real_jam))
    server = start_server(tmp_path / "jam.sqlite")
    answer = httpx.get(f"{server.url}/api/v1/snapshot", headers={"Accept-Encoding": "gzip"})
    assert objects_of(answer.content) == objects_of(real_jam.read_bytes())
