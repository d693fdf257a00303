"""Signing out: revoked where the server can be reached, wiped where it stands, ended by a second time after a kill."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from processes import LIMIT, ROOT, Home, Server
from proxy import PASS, Answer, Call, Delay, Fault

from api_client import errors
from jamtui.paths import Home as Folders
from jamtui.session import open_session
from jamtui.store import registry
from jamtui.sync import sign_in

EXPIRED = Answer(
    401, b'{"title":"expired","status":401,"code":"token_expired"}', (("Content-Type", "application/problem+json"),)
)


def tokens(server: Server) -> int:
    with closing(sqlite3.connect(server.db)) as db:
        return int(db.execute("SELECT count(*) FROM tokens").fetchone()[0])


def left(home: Home) -> list[str]:
    return [path.relative_to(home.path).as_posix() for path in home.path.rglob("*") if path.is_file()]


def secret_of(home: Home) -> bytes:
    (path,) = (home.path / "credentials").iterdir()
    return json.loads(path.read_bytes())["refresh_token"].encode()  # type: ignore[no-any-return]


def test_with_the_server_down_everything_is_wiped_and_it_is_said(
    new_server: Callable[..., Any], new_home: Callable[..., Any]
) -> None:
    server, home = new_server(), new_home()
    home.login(server.url, "ana")
    home.jamtui("sync")
    (home.path / "state" / "writing").mkdir(parents=True)
    (home.path / "state" / "writing" / "post-1.md").write_text("what an editor left")
    assert "post-1.md" in home.jamtui("logout", code=1).stderr
    (home.path / "state" / "writing" / "post-1.md").unlink()
    edited = next(home.path.glob("jams/*/jam.json")).parent
    (edited / "writing" / "tmp1").mkdir(parents=True)  # killed while an editor had the text of the full screen
    (edited / "writing" / "tmp1" / "post-2.md").write_text("what an editor left")
    assert "post-2.md" in home.jamtui("logout", code=1).stderr
    (edited / "writing" / "tmp1" / "post-2.md").unlink()
    server.stop()
    told = home.jamtui("logout")
    assert "could not be told" in told.stderr
    assert left(home) == []
    home.jamtui("logout", code=5)  # there is nothing to sign out of


def test_a_sign_in_that_another_replaced_is_ended(new_server: Callable[..., Any], new_home: Callable[..., Any]) -> None:
    server, home = new_server(), new_home()
    home.login(server.url, "ana")
    one_sign_in = tokens(server)
    home.login(server.url, "ana")
    assert tokens(server) == one_sign_in
    token = json.loads(server.admin("person", "token", "ana", "--json"))["token"]
    for _ in range(2):  # the second time it replaces itself, and stays
        home.jamtui("login", server.url, "--token-stdin", "--store", "file", stdin=token)
    assert tokens(server) == 1
    home.jamtui("sync")


def test_who_reads_without_holding_the_network_is_noticed(
    new_server: Callable[..., Any], new_home: Callable[..., Any]
) -> None:
    server, home = new_server(), new_home()
    home.login(server.url, "ana")
    home.jamtui("sync")
    folders = Folders.from_env({"JAMTUI_HOME": str(home.path)})
    session = open_session(
        folders, registry.find(folders, None), clock=lambda: datetime.now(UTC), rng=random.Random(1), environ={}
    )
    with closing(session):
        assert "another jamtui" in home.jamtui("logout", code=1).stderr
        assert "another jamtui" in home.jamtui("logout", "--discard", code=1).stderr
        assert session.forums()
    home.jamtui("logout")
    assert left(home) == []
    assert tokens(server) == 0


def test_with_the_keyring_down_all_else_goes_and_it_can_be_ended_later(
    new_server: Callable[..., Any], new_home: Callable[..., Any]
) -> None:
    """The keyring of these tests is one that jamtui refuses; the file stands in for what is in it."""
    server, home = new_server(), new_home()
    home.login(server.url, "ana")
    home.jamtui("sync")
    (entry,) = home.path.glob("jams/*/jam.json")
    as_it_was = entry.read_text()
    entry.write_text(json.dumps(json.loads(as_it_was) | {"store": "keyring"}))
    for _ in range(2):
        told = home.jamtui("logout", code=3).stderr
        assert "the token is still in the keyring" in told
        assert "jamtui logout small" in told
        folder = entry.parent
        assert not (folder / "mirror.sqlite").exists()
        assert not (folder / "own.sqlite").exists()
    entry.write_text(as_it_was)  # it answers again
    home.jamtui("logout")
    assert left(home) == []
    assert tokens(server) == 0

    home.login(server.url, "ana")
    (entry,) = home.path.glob("jams/*/jam.json")
    entry.write_text(json.dumps(json.loads(entry.read_text()) | {"store": "keyring"}))
    assert "could not be taken out" in home.jamtui("logout", "--discard").stderr
    assert list((home.path / "jams").iterdir()) == []


@pytest.mark.parametrize("gone", [("mirror.sqlite",), ("own.sqlite", "store.seal"), ("*.sqlite*", "*.lock", "*.seal")])
def test_a_folder_that_is_half_removed(
    gone: tuple[str, ...], new_server: Callable[..., Any], new_home: Callable[..., Any]
) -> None:
    server, home = new_server(), new_home()
    home.login(server.url, "ana")
    home.jamtui("sync")
    for pattern in gone:
        for path in home.path.glob(f"jams/*/{pattern}"):
            path.unlink()
    home.jamtui("logout")
    assert left(home) == []
    assert tokens(server) == 0


# Signs out of copies of a home, each time ended as by kill -9 before another step (a file that goes or is written, a
# connection): then once more, to the end. Prints how many steps there were.
KILLS = """
import os, shutil, sys

sys.path.insert(0, sys.argv[1])
from jamtui import cli
import jamtui.commands.signing, jamtui.sync.engine, asyncio, keyring  # what is imported does not count as a step

STEPS = ("os.remove", "os.rmdir", "os.rename", "socket.connect", "shutil.rmtree")
armed, seen = 0, 0

def count(event, _):
    global seen
    if armed and event in STEPS:
        seen += 1
        if seen == armed:
            os._exit(9)

sys.addaudithook(count)
home, copies = sys.argv[2], sys.argv[3]
for n in range(1, 200):
    place = os.path.join(copies, str(n))
    shutil.copytree(home, place)
    os.environ["JAMTUI_HOME"] = place
    codes = []
    for kill_at in (n, 0):
        child = os.fork()
        if child == 0:
            armed = kill_at
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os._exit(cli.main(["logout", "--discard"]))
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    if codes[0] != 9:
        print(n - 1)
        break
    print(n, codes[1], flush=True)
"""


def test_killed_before_each_step_a_second_sign_out_ends_it(
    new_server: Callable[..., Any], new_home: Callable[..., Any], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    server, home = new_server(), new_home()
    home.login(server.url, "ana")
    home.jamtui("sync")
    home.jamtui("post", "--forum", "ideas", "--title", "One", "--body", "Two")
    secret = secret_of(home)
    copies = tmp_path / "copies"
    copies.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", KILLS, str(ROOT), str(home.path), str(copies)], env=home.environment(),
        capture_output=True, text=True, timeout=LIMIT * 3, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *each, last = done.stdout.splitlines()
    steps = int(last)
    assert steps >= 6
    ended = {0: 0, 5: 0}  # 5: the kill came when the Jam was forgotten already
    for line in each:
        ended[int(line.split()[1])] += 1
    remains = [path for path in copies.rglob("*") if path.is_file() and path.name != "last"]
    assert remains == []
    assert not any(secret in path.read_bytes() for path in copies.rglob("*") if path.is_file())
    assert tokens(server) == 0
    shutil.rmtree(home.path)
    figure(f"promise 12: {steps} of {steps} kills while signing out ended by a second time, 0 files left")


def test_signing_out_while_the_sign_in_is_renewed(
    new_server: Callable[..., Any], new_home: Callable[..., Any], new_proxy: Callable[..., Any]
) -> None:
    """Whoever comes first, no token comes back to a machine that was wiped, nor is one left on the server."""
    server = new_server()
    proxy = new_proxy(server)
    home = new_home()
    folders = Folders.from_env({"JAMTUI_HOME": str(home.path)})
    under_way = asyncio.Event()
    loop: list[asyncio.AbstractEventLoop] = []
    first: list[str] = []

    def decide(call: Call, _: random.Random) -> Fault:
        if call.path.endswith("/auth/refresh"):
            loop[0].call_soon_threadsafe(under_way.set)
            return Delay(0.3)
        bearer = call.headers.get("authorization", "")
        if bearer and not first and "/me" in call.path:
            first.append(bearer)
        return EXPIRED if bearer in first else PASS

    async def at_once() -> None:
        jam = registry.find(folders, None)
        async with sign_in.client_for(folders, jam, {}) as client:
            asked = asyncio.create_task(client.me())
            await asyncio.wait_for(under_way.wait(), LIMIT)
            assert await sign_in.sign_out(folders, jam, {}) == ""
            await asyncio.gather(asked, return_exceptions=True)

    async def after() -> None:
        """The server could not be told, so the old refresh token still works there."""
        jam = registry.find(folders, None)
        async with sign_in.client_for(folders, jam, {}) as client:
            shutil.rmtree(folders.data / "credentials")
            shutil.rmtree(jam.folder)
            jam.folder.mkdir()  # the lock stands there
            with pytest.raises(errors.NotSignedIn, match="signed out meanwhile"):
                await client.me()

    for story in (at_once, after):
        first.clear()
        proxy.decide = lambda _call, _rng: PASS
        home.login(proxy.url, "ana")
        proxy.decide = decide

        async def run(story: Callable[[], Any] = story) -> None:
            loop[:] = [asyncio.get_running_loop()]
            await story()

        asyncio.run(run())
        assert not list(home.path.glob("credentials/*"))
        if story is at_once:
            assert tokens(server) == 0
