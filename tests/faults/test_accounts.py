"""Several people and a guest at one server, with one machine between them: nothing of one goes out as another."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

POST = "00000000-0000-7000-8000-000000000000"  # of tests/faults/conftest.py: Thread 0


def folders(home: Any) -> dict[str, str]:
    """Handle to folder."""
    entries = [(json.loads(path.read_text())["handle"], path.parent.name) for path in home.path.glob("jams/*/jam.json")]
    assert len(dict(entries)) == len(entries)
    return dict(entries)


def tokens(server: Any) -> dict[str, int]:
    """Handle to how many tokens the server takes."""
    with closing(sqlite3.connect(server.db)) as db:
        rows = db.execute("SELECT p.handle, count(*) FROM tokens t JOIN people p ON p.id = t.person_id GROUP BY 1")
        return dict(rows.fetchall())


def test_each_account_has_its_own(new_server: Any, new_home: Any, figure: Callable[..., None]) -> None:
    server, home = new_server(), new_home()
    home.jamtui("login", server.url, "--guest")
    home.jamtui("sync")
    home.jamtui("follow", POST)
    guest_folder = folders(home)["guest"]

    # The lurker signs in: what was followed is still followed, and the mirror is not fetched anew.
    home.login(server.url, "ana")
    assert folders(home) == {"ana": guest_folder}
    assert [row["target"] for row in home.rows("followed")] == [POST]
    assert len(home.rows("show", POST)) == 1
    server.stop()
    assert home.jamtui("reply", POST, "--body", "ana writes this").stdout.startswith("queued")
    server.start()

    words = ("login", server.url, "--handle", "bob", "--password-stdin", "--store", "file")
    assert "Kept as they are: ana@small." in home.jamtui(*words, stdin="battery staple 2\n").stderr
    assert folders(home)["ana"] == guest_folder
    assert {(row["handle"], row["queued"], row["last"]) for row in home.rows("jams")} == {
        ("ana", 1, False), ("bob", 0, True)
    }  # fmt: skip
    home.jamtui("sync")
    assert home.rows("outbox") == []
    assert [post["body"] for post in home.rows("show", POST)] == ["What about 0?"]
    told = home.jamtui("--jam", "small", "sync", code=2).stderr
    assert "ana@small" in told
    assert "bob@small" in told
    assert home.row("--jam", "ana@small", "auth", "status")["handle"] == "ana"
    home.jamtui("--jam", "ana@small", "sync")
    home.jamtui("reply", POST, "--body", "bob writes this")
    home.jamtui("--jam", server.url.replace("http://", "bob@"), "sync")
    posts = {post["body"]: post["author"] for post in home.rows("--jam", "bob@small", "show", POST)}
    assert posts == {"What about 0?": "old-hand", "ana writes this": "ana", "bob writes this": "bob"}

    # One signs out: his token is revoked and gone, hers stays.
    assert tokens(server) == {"ana": 2, "bob": 2}
    assert len(list((home.path / "credentials").iterdir())) == 2
    home.jamtui("logout", "bob@small")
    assert tokens(server) == {"ana": 2}
    assert set(folders(home)) == {"ana"}
    assert len(list((home.path / "credentials").iterdir())) == 1
    assert home.row("sync")["sent"] == 0  # the only one that is left needs no name
    assert home.row("auth", "status")["handle"] == "ana"
    home.jamtui("login", server.url, "--guest")
    assert set(folders(home)) == {"ana", "guest"}
    home.jamtui("logout", "ana@small")
    home.jamtui("logout")
    assert tokens(server) == {}
    assert list((home.path / "credentials").iterdir()) == []
    assert list((home.path / "jams").iterdir()) == []
    figure("promise 5: 0 of 2 texts of two people on one machine went out as the other's; 1 of 1 signed out alone")


def test_a_folder_of_nobody_is_told_by_the_doctor(new_home: Any) -> None:
    home = new_home()
    stray = home.path / "jams" / "small-00000000"
    stray.mkdir(parents=True, mode=0o700)
    (stray / "jam.json").write_text("{")
    (stray / "jam.json").chmod(0o600)
    (found,) = [row for row in home.rows("doctor", code=1) if row["check"] == "folder"]
    assert "small-00000000" in found["text"]
    assert found["state"] == "wrong"


def test_the_token_of_the_environment_is_kept_nowhere_and_goes_to_its_jam_alone(new_server: Any, new_home: Any) -> None:
    """And signing in with it takes the secret of before out of its store."""
    server, home = new_server(), new_home()
    token = server.admin("person", "token", "ana").strip()
    home.login(server.url, "ana")
    (stored,) = (home.path / "credentials").iterdir()
    home.env["JAMTUI_TOKEN"] = token
    assert "nobody signed in" in home.jamtui("sync", code=3).stderr
    home.jamtui("login", server.url)
    assert not stored.exists()
    home.jamtui("sync")
    assert home.row("auth", "status")["store"] == "env"
    assert not any(token.encode() in path.read_bytes() for path in home.path.rglob("*") if path.is_file())
    del home.env["JAMTUI_TOKEN"]
    assert "JAMTUI_TOKEN is not set" in home.jamtui("sync", code=3).stderr
    home.login(server.url, "bob")
    home.env["JAMTUI_TOKEN"] = token
    assert home.row("auth", "status")["handle"] == "bob"
    home.jamtui("sync")  # with his own


def test_a_command_that_gives_another_persons_token_sends_nothing(
    new_server: Any, new_home: Any, tmp_path: Any
) -> None:
    server, home = new_server(), new_home()
    given = tmp_path / "given"
    home.path.mkdir()
    (home.path / "config.toml").write_text(f'token_command = ["cat", "{given}"]\n')
    given.write_text(server.admin("person", "token", "ana"))
    home.jamtui("login", server.url)
    home.jamtui("sync")
    given.write_text(server.admin("person", "token", "bob"))
    told = home.jamtui("reply", POST, "--body", "ana writes this", code=3).stderr
    assert "gives the token of @bob, not of @ana" in told
    given.write_text(server.admin("person", "token", "ana"))
    assert home.row("sync")["sent"] == 1
    assert [post["author"] for post in home.rows("show", POST)] == ["old-hand", "ana"]
