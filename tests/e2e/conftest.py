"""The real server and the real commands, each a process of its own, in folders that go away (`processes` in
tests/support).

jam_server      a server with the real Jam, reopened from now, for all tests of a file; people: ana, bob (passwords)
new_server      makes servers with an archive of the test's own
new_home        makes homes: `Home.jamtui("forums", "--json")` runs the command there
ana_home        a home signed in as ana and synced; a new one for each test
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import REAL_JAM, Home, Server, add_people, zygote


@pytest.fixture(scope="session", autouse=True)
def _end_zygote() -> Iterator[None]:
    yield
    if zygote.cache_info().currsize:
        zygote().close()


@pytest.fixture(scope="module")
def jam_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server") / "jam.sqlite")
    server.admin("import", str(REAL_JAM), "--reopen")
    add_people(server)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """``new_server(records)`` serves an archive of (type, object) records, open from now unless told otherwise."""
    made: list[Server] = []

    def make(records: list[tuple[str, dict[str, Any]]], *options: str) -> Server:
        archive = tmp_path / f"jam-{len(made)}.jsonl"
        archive.write_text("".join(json.dumps({"type": kind, "data": data}) + "\n" for kind, data in records))
        server = Server(tmp_path / f"jam-{len(made)}.sqlite")
        server.admin("import", str(archive), *(options or ("--reopen",)))
        add_people(server)
        server.start()
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def new_home(tmp_path: Path) -> Callable[..., Home]:
    counted: list[int] = []

    def make(**env: str) -> Home:
        counted.append(1)
        return Home(tmp_path / f"home-{len(counted)}", env)

    return make


@pytest.fixture(scope="module")
def synced(jam_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home signed in as ana and synced, which tests copy or read from, and never write to."""
    home = Home(tmp_path_factory.mktemp("synced") / "home").login(jam_server.url, "ana")
    home.jamtui("sync")
    return home


@pytest.fixture
def ana_home(synced: Home, new_home: Callable[..., Home]) -> Home:
    home = new_home()
    shutil.copytree(synced.path, home.path)
    return home


@pytest.fixture
def bob_home(jam_server: Server, new_home: Callable[..., Home]) -> Home:
    home = new_home().login(jam_server.url, "bob")
    home.jamtui("sync")
    return home
