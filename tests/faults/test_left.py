"""Who deleted their account is nowhere any more: not in the bytes of any file of the server, a backup, a mirror, nor on
the device that did it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from processes import Home, Server
from proxy import PASS, Call, DropAnswer, DropRequest, Fault

FORUM = "00000000-0000-4000-8000-0000000000f0"
# Name, organisation, country, and what was said about oneself; the earlier ones, too.
WORDS = ("Quaggabert", "Zebuworks", "Okapiland", "xylophonist", "Firstname", "Oldorgan")
TEXT = "bumfuzzle"


def files_with(folder: Path, words: tuple[str, ...]) -> list[str]:
    """Files under the folder in whose bytes one of the words stands."""
    return [
        f"{path.name}: {word}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for word in words
        if word.encode() in path.read_bytes()
    ]


def test_no_word_of_a_deleted_profile_is_left(
    new_server: Callable[..., Server],
    new_home: Callable[..., Home],
    figure: Callable[..., None],
    tmp_path: Path,
) -> None:
    server, home, reader = new_server(), new_home(), new_home()
    home.login(server.url, "ana")
    reader.login(server.url, "bob")
    home.jamtui("sync")
    home.jamtui("profile", "--set", "name=Firstname", "--set", "org=Oldorgan")
    home.jamtui("profile", "--set", "name=Quaggabert", "--set", "org=Zebuworks", "--set", "country=Okapiland")
    home.jamtui("profile", "--set", "about=I am a xylophonist. " + "really, a xylophonist " * 30)
    home.row("post", "--forum", "ideas", "--title", "Mine", "--body", f"{TEXT} " * 50)
    reader.jamtui("sync")
    copy = tmp_path / "mine.json"
    home.jamtui("mydata", "-o", str(copy))
    data = json.loads(copy.read_text())
    assert data["server"]["person"]["name"] == "Quaggabert"
    assert [post["title"] for post in data["server"]["posts"]] == ["Mine"]
    assert copy.stat().st_mode & 0o777 == 0o600
    copy.unlink()
    watching = reader.popen("watch", "--json")  # holds the mirror open, with its log, while the change comes
    assert watching.stdout is not None
    assert files_with(server.db.parent, WORDS)
    assert files_with(reader.path, WORDS)
    person = httpx.get(f"{server.url}/api/v1/people/ana").json()["id"]

    ended = home.jamtui("mydata", "--delete", "--posts", "keep", "--confirm", "somebody", code=2)
    assert "nothing was deleted" in ended.stderr
    home.jamtui("mydata", "--delete", "--posts", "keep", "--confirm", "ana")
    assert httpx.get(f"{server.url}/api/v1/people/{person}").json()["state"] == "left"
    marker = reader.row("post", "--forum", "ideas", "--title", "After", "--body", "that")["id"]
    while f'"{marker}"' not in (line := watching.stdout.readline()):  # the reader has all that came before
        assert line
    served = [server.db, server.db.with_name(f"{server.db.name}-wal")]
    in_server = [word for path in served if path.exists() for word in WORDS if word.encode() in path.read_bytes()]
    assert in_server == [], "the server's file, its free pages, or its log"
    running = files_with(reader.path, WORDS)
    watching.terminate()
    watching.communicate()
    assert running == [], "the mirror of a reader that was running all along"
    assert files_with(home.path, (*WORDS, TEXT)) == [], "the device that did it"
    assert home.jamtui("forums", code=5).returncode == 5, "nothing of the Jam is left there"

    backup = tmp_path / "backup.sqlite"
    server.admin("backup", str(backup))
    assert [word for word in WORDS if word.encode() in backup.read_bytes()] == []
    fresh = new_home()
    fresh.login(server.url, "bob")
    fresh.jamtui("sync")
    assert files_with(fresh.path, WORDS) == []
    changes: Any = httpx.get(f"{server.url}/api/v1/changes").text
    assert not any(word in changes for word in WORDS)
    assert TEXT in changes, "posts were to stay, without a name"
    left = [one for one in fresh.rows("people") if one.get("state") == "left"]
    assert [one["name"] for one in left] == ["(left)"]
    figure(f"leaving: {len(WORDS)} words in 0 bytes of the database, its log, a backup, 2 mirrors, the device")


def test_an_answer_that_is_lost_leaves_nobody_in_between(
    new_server: Callable[..., Server],
    new_proxy: Callable[..., Any],
    new_home: Callable[..., Home],
    figure: Callable[..., None],
) -> None:
    """The account is deleted and nobody hears of it: asked again, the token is not known, and that is what it means.
    Where nothing arrived, nothing is deleted, here neither."""
    server = new_server()
    proxy = new_proxy(server)
    home = new_home().login(proxy.url, "ana")
    home.jamtui("sync")
    post = home.row("post", "--forum", "ideas", "--title", "Mine", "--body", "b")["id"]
    person = httpx.get(f"{server.url}/api/v1/people/ana").json()["id"]
    words = ("mydata", "--delete", "--posts", "remove", "--confirm", "ana")

    proxy.decide = lambda call, _: DropRequest() if call.method == "DELETE" else PASS
    ended = home.jamtui(*words, code=4)
    assert "Nothing was deleted on this device" in ended.stderr
    assert httpx.get(f"{server.url}/api/v1/people/ana").json()["id"] == person
    assert home.rows("show", post)[0]["body"] == "b", "the device still has it"

    dropped: list[Call] = []

    def lose(call: Call, _: random.Random) -> Fault:
        if call.method == "DELETE" and len(dropped) < 2:
            dropped.append(call)
            return DropAnswer()
        return PASS

    proxy.decide = lose
    home.jamtui(*words)
    assert dropped
    assert httpx.get(f"{server.url}/api/v1/people/{person}").json()["state"] == "left"
    assert httpx.get(f"{server.url}/api/v1/posts/{post}").json()["state"] == "deleted"
    home.jamtui("forums", code=5)
    figure("leaving: an answer lost on its way, and the account is gone once, here and there")


def test_an_account_ends_in_plain_mode_as_by_the_command(
    new_server: Callable[..., Server], new_home: Callable[..., Home], tmp_path: Path, figure: Callable[..., None]
) -> None:
    """What is one's own is written first; a wrong handle ends nothing; the right one leaves nothing on the device."""
    server, ended = new_server(), []
    for handle, posts in (("ana", "remove"), ("bob", "keep")):
        home = new_home().login(server.url, handle)
        home.jamtui("sync")
        post = home.row("post", "--forum", "ideas", "--title", f"Of {handle}", "--body", TEXT)["id"]
        person = httpx.get(f"{server.url}/api/v1/people/{handle}").json()["id"]
        copy = tmp_path / f"{handle}.json"
        key = posts[0]
        told = home.jamtui("--plain", stdin=f"my-data {copy}\ndelete-account\n{key}\nsomebody\nq\n").stdout
        assert "That is not your handle: nothing was deleted" in told
        assert json.loads(copy.read_text())["server"]["person"]["handle"] == handle
        assert copy.stat().st_mode & 0o777 == 0o600
        assert httpx.get(f"{server.url}/api/v1/people/{person}").json().get("state") is None
        told = home.jamtui("--plain", stdin=f"delete-account\n{key}\n{handle}\n").stdout
        assert f"@{handle} is gone from" in told
        assert httpx.get(f"{server.url}/api/v1/people/{person}").json()["state"] == "left"
        ended.append(httpx.get(f"{server.url}/api/v1/posts/{post}").json().get("state"))
        assert home.jamtui("forums", code=5).returncode == 5, "nothing of the Jam is left there"
    assert ended == ["deleted", None]
    figure("leaving in plain mode: 2 accounts ended, their posts taken back or kept as asked, 0 by a wrong handle")
