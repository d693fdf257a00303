"""Writing from the command line: seen by another client, queued while the server is away, refused in words."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

ANA = "00000000-0000-4000-8000-00000000000a"
JAM = {"format": 1, "id": "00000000-0000-4000-8000-000000000001", "slug": "small", "title": "A small Jam"}
OPEN = JAM | {"opens_at": "2026-01-01T00:00:00Z", "closes_at": "2026-01-02T00:00:00Z"}
FORUM = {"id": "00000000-0000-4000-8000-0000000000f0", "slug": "ideas", "title": "Ideas", "position": 0}
OTHER = {"id": ANA, "handle": "old-hand", "name": "Old Hand"}
THREAD = {
    "id": "00000000-0000-4000-8000-0000000000b0", "forum_id": FORUM["id"], "author_id": ANA, "title": "What next?",
    "thread_id": "00000000-0000-4000-8000-0000000000b0", "body": "Ideas, please.", "parent_id": None,
    "created_at": "2026-01-01T10:00:00Z", "tags": [], "votes": {"up": 2},
}  # fmt: skip
SMALL = [("jam", OPEN), ("person", OTHER), ("forum", FORUM), ("post", THREAD)]


def test_what_one_writes_another_reads(ana_home: Any, bob_home: Any) -> None:
    posted = ana_home.row(
        "post", "--forum", "klimarat", "--title", "[Bäume] 漢字", "--tag", "#Stadt  Grün", "--body", "-",
        stdin="Mehr **Schatten**.\n",
    )  # fmt: skip
    assert (posted["state"], posted["kind"]) == ("sent", "post")
    thread = posted["id"]
    bob_home.jamtui("sync")
    (seen,) = bob_home.rows("show", thread)
    assert (seen["title"], seen["body"], seen["tags"], seen["author"], seen["unread"]) == (
        "[Bäume] 漢字", "Mehr **Schatten**.", ["stadt grün"], "ana", True,
    )  # fmt: skip

    reply = bob_home.row("reply", thread, "--body", "Ja, bitte!")["id"]
    assert bob_home.jamtui("vote", thread).stdout == f"sent {thread}\n"
    assert [row["state"] for row in bob_home.rows("tag", thread, "hitze", "x")] == ["sent", "sent"]
    assert bob_home.row("untag", thread, "x")["state"] == "sent"
    assert bob_home.jamtui("edit", thread, "--body", "not mine", code=6).stdout == ""
    assert bob_home.rows("show", thread)[0]["voted"] is True

    ana_home.jamtui("sync")
    opener, answer = ana_home.rows("show", thread)
    assert (opener["votes"], opener["tags"], opener["voted"]) == ({"up": 1}, ["hitze", "stadt grün"], False)
    assert (answer["id"], answer["parent_id"], answer["depth"], answer["author"]) == (reply, thread, 1, "bob")
    assert ana_home.rows("show", reply) == [answer | {"depth": 0}]

    assert ana_home.row("edit", thread, "--title", "Bäume")["state"] == "sent"
    assert "Nothing was changed" in ana_home.jamtui("edit", thread, "--title", "Bäume").stderr
    assert bob_home.row("unvote", thread)["state"] == "sent"
    assert bob_home.row("delete", reply)["state"] == "sent"
    opener, answer = bob_home.rows("show", thread)
    assert (opener["title"], opener["body"], opener["version"], opener["votes"]) == (
        "Bäume", "Mehr **Schatten**.", 2, {"up": 0},
    )  # fmt: skip
    assert (answer["state"], answer["body"]) == ("deleted", "")
    assert ana_home.rows("outbox") == bob_home.rows("outbox") == []


def test_the_editor_writes_the_text_and_loses_none(ana_home: Any, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "from the editor" >> "$1"\nexit ${EDITOR_CODE:-0}\n')
    editor.chmod(0o755)
    ana_home.env["EDITOR"] = str(editor)
    words = ("post", "--forum", "klimarat", "--title", "Written with an editor")
    sent = ana_home.row(*words)
    assert ana_home.rows("show", sent["id"])[0]["body"] == "from the editor"
    assert list(ana_home.path.glob("state/writing/*")) == []

    ana_home.env["EDITOR_CODE"] = "1"
    told = ana_home.jamtui(*words, code=1).stderr
    (kept,) = ana_home.path.glob("state/writing/*")
    assert str(kept) in told
    assert kept.read_text() == "from the editor"
    assert kept.stat().st_mode & 0o777 == 0o600
    del ana_home.env["EDITOR"]
    assert "set EDITOR" in ana_home.jamtui(*words, code=2).stderr


def test_written_off_line_is_sent_exactly_once(new_server: Any, new_home: Any) -> None:
    server = new_server(SMALL)
    home = new_home().login(server.url, "ana")
    home.jamtui("sync")
    server.stop()

    queued = home.process("reply", str(THREAD["id"]), "--body", "written off line")
    assert queued.stdout.startswith("queued: ")
    (reply,) = home.rows("outbox")
    assert (reply["kind"], reply["state"], reply["body"]) == ("post", "queued", "written off line")
    assert [row.get("send") for row in home.rows("show", str(THREAD["id"]))] == [None, "queued"]
    assert "not sent yet" in home.jamtui("edit", reply["id"], "--body", "x", code=2).stderr
    before = home.rows("forums")
    assert home.process("sync", code=4).stderr.startswith("jamtui: ")
    assert home.rows("forums") == before
    assert [row["id"] for row in home.rows("outbox")] == [reply["id"]]
    assert "written off line" in home.jamtui("logout", code=1).stderr

    server.start()
    assert "1 sent" in home.process("sync").stdout
    home.jamtui("sync")
    assert home.rows("outbox") == []
    other = new_home()
    other.jamtui("login", server.url, "--guest")
    other.jamtui("sync")
    assert [row["body"] for row in other.rows("show", str(THREAD["id"]))] == ["Ideas, please.", "written off line"]


def test_a_text_waiting_can_be_changed_and_dropped(new_server: Any, new_home: Any) -> None:
    server = new_server(SMALL)
    home = new_home().login(server.url, "ana")
    home.jamtui("sync")
    server.stop()
    words = ("post", "--forum", "ideas", "--title", "One", "--tag", "t")
    first, second = (home.row(*words, "--body", body)["id"] for body in ("first", "second"))
    edited = home.row("outbox", "edit", first[:20], "--body", "first, mended")
    assert edited["state"] == "queued"
    assert all(re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{3}Z", row["created_at"]) for row in home.rows("outbox"))
    assert "dropped" in home.jamtui("outbox", "drop", second).stderr
    server.start()
    assert home.row("outbox", "retry", edited["outbox_id"])["state"] == "sent"
    assert [(row["title"], row["body"], row["tags"]) for row in home.rows("threads", "ideas")][:1] == [
        ("One", "first, mended", ["t"])
    ]
    assert len(home.rows("threads", "ideas")) == 2


def test_the_jams_no_is_told_and_the_text_kept(new_server: Any, new_home: Any) -> None:
    server = new_server(SMALL)
    home = new_home().login(server.url, "ana")
    home.jamtui("sync")
    server.stop()
    server.admin("jam", "set", "--closes", "2026-01-01T00:00:01Z", "--opens", "2026-01-01T00:00:00Z")
    server.start()
    # This mirror does not know yet that the Jam is closed: the server says it.
    refused = home.jamtui("reply", str(THREAD["id"]), "--body", "too late", code=6)
    assert "closed" in refused.stderr
    (row,) = home.rows("outbox")
    assert (row["state"], row["body"]) == ("refused", "too late")
    assert row["reason"]
    # And now it knows.
    home.jamtui("sync")
    assert "closed" in home.jamtui("reply", str(THREAD["id"]), "--body", "later still", code=6).stderr
    assert len(home.rows("outbox")) == 1


def test_guests_and_bad_words_are_refused_before_anything_is_written(new_server: Any, new_home: Any) -> None:
    server = new_server(SMALL)
    home = new_home()
    home.jamtui("login", server.url, "--guest")
    home.jamtui("sync")
    for words in (("vote", str(THREAD["id"])), ("post", "--forum", "ideas", "--title", "T", "--body", "B")):
        assert "Sign in" in home.jamtui(*words, code=3).stderr
    home.login(server.url, "ana")
    assert "1 characters too long" in home.jamtui("reply", str(THREAD["id"]), "--body", "x" * 20_001, code=2).stderr
    assert "a tag cannot hold" in home.jamtui("tag", str(THREAD["id"]), "a/b", code=2).stderr
    assert "no text" in home.jamtui("reply", str(THREAD["id"]), "--body", "-", code=2).stderr
    assert "somebody else" in home.jamtui("delete", str(THREAD["id"]), code=6).stderr
    assert home.rows("outbox") == []


def test_a_token_that_is_refused_keeps_the_text(new_server: Any, new_home: Any) -> None:
    server = new_server(SMALL)
    home = new_home().login(server.url, "ana")
    home.jamtui("sync")
    home.env["JAMTUI_TOKEN"] = "not-a-token-of-this-server"
    told = home.jamtui("reply", str(THREAD["id"]), "--body", "kept", code=3)
    assert told.stdout.startswith("queued: ")
    assert "not-a-token" not in told.stdout + told.stderr
    home.jamtui("sync", code=3)
    del home.env["JAMTUI_TOKEN"]
    assert "1 sent" in home.jamtui("sync").stdout


def test_one_holds_the_network_and_the_other_is_told(new_server: Any, new_home: Any) -> None:
    server = new_server(SMALL)
    home = new_home().login(server.url, "ana")
    home.jamtui("sync")
    with home.popen("watch", "--json") as watcher:
        assert watcher.stderr is not None
        assert watcher.stderr.readline() == "live\n"
        told = home.row("sync")
        assert (told["held_elsewhere"], told["sent"], told["queued"], told["refused"]) == (True, 0, 0, 0)
        # The holder sends what a command wrote, and tells it.
        assert home.row("reply", str(THREAD["id"]), "--body", "by way of the holder")["state"] == "sent"
        assert watcher.stdout is not None
        change = json.loads(watcher.stdout.readline())
        assert (change["change"], change["type"], change["body"], change["author"]) == (
            "new", "post", "by way of the holder", "ana",
        )  # fmt: skip
        # In the tunnel a sync for cron must not say that all is well.
        server.stop()
        assert watcher.stderr.readline() != ""
        told = home.jamtui("sync", code=4).stderr
        assert "another jamtui on this machine holds the connection, and it is" in told
        watcher.terminate()


def test_watch_tells_each_kind_of_change(new_server: Any, new_home: Any) -> None:
    server = new_server(SMALL)
    watching = new_home()
    watching.jamtui("login", server.url, "--guest")
    watching.jamtui("sync")
    home = new_home().login(server.url, "ana")
    home.jamtui("sync")
    with watching.popen("watch", "--json") as watcher, watching.popen("watch", "--json") as reader:
        assert watcher.stdout is not None
        assert reader.stdout is not None
        assert watcher.stderr is not None
        assert watcher.stderr.readline()
        reply = home.row("reply", str(THREAD["id"]), "--body", "a")["id"]
        steps = [
            ("new", lambda: None),
            ("edited", lambda: home.row("edit", reply, "--body", "b")),
            ("tagged", lambda: home.row("tag", reply, "t")),
            ("votes", lambda: home.row("vote", reply)),
            ("deleted", lambda: home.row("delete", reply, "--yes")),
        ]
        for word, do in steps:
            do()
            for process in (watcher, reader):
                change = json.loads(process.stdout.readline())
                assert (change["change"], change["id"]) == (word, reply)
        for process in (watcher, reader):
            process.stdout.close()  # nobody reads any more: it ends by itself, in silence
            assert process.wait(30) == 0


def test_no_jam_answers(new_home: Any) -> None:
    home = new_home()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert home.jamtui("login", f"http://127.0.0.1:{port}", "--guest", code=4).stderr.startswith("jamtui: ")


@pytest.mark.parametrize("words", [("login", "ftp://x", "--guest"), ("login", "https://user@x", "--guest")])
def test_a_bad_address_is_a_usage_error(new_home: Any, words: tuple[str, ...]) -> None:
    assert new_home().jamtui(*words, code=2).stderr.startswith("jamtui: ")
