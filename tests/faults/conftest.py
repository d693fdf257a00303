"""Real processes and real faults: the server, the commands, the TUI on a pty, a proxy between them, full disks.

new_server      `new_server()` starts a `processes.Server` with a small Jam, open from now; people: ana, bob
new_home        makes a `processes.Home`: `home.login(url, "ana")`, `home.jamtui("sync")`
new_proxy       `new_proxy(server, seed=1)` is a `proxy.Proxy` before the server: see there what it can do
behind_proxy    `behind_proxy("ana")`: a server, a proxy before it, and her home behind that, signed in
new_tui         `new_tui(home)` starts the TUI of a home on a pty (`pty_terminal.Terminal`)
small_disk      `small_disk(megabytes)` is an empty folder on a disk of that size; skips where none can be made
many            how often and how long: `many("KILLS", 30)`, JAMTUI_KILLS in the long form (``make soak``)
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from behind_proxy import BehindProxy
from processes import Home, Server, add_people, zygote
from proxy import Proxy
from pty_terminal import Terminal, environment

HOST = "00000000-0000-4000-8000-00000000000a"
FORUM = "00000000-0000-4000-8000-0000000000f0"


def thread_id(n: int) -> str:
    return f"00000000-0000-7000-8000-0000000000{n:02x}"


def small_jam(threads: int = 4) -> list[tuple[str, dict[str, Any]]]:
    """One forum with threads named Thread 0, Thread 1 ..., each of one post by its host."""
    jam = {
        "format": 1, "id": "00000000-0000-4000-8000-000000000001", "slug": "small", "title": "A small Jam",
        "opens_at": "2026-01-01T00:00:00Z", "closes_at": "2026-01-02T00:00:00Z",
    }  # fmt: skip
    posts = [
        {
            "id": thread_id(n), "thread_id": thread_id(n), "forum_id": FORUM, "parent_id": None, "author_id": HOST,
            "title": f"Thread {n}", "body": f"What about {n}?", "created_at": f"2026-01-01T10:00:{n:02}Z", "tags": [],
            "votes": {"up": 0},
        }
        for n in range(threads)
    ]  # fmt: skip
    return [
        ("jam", jam),
        ("person", {"id": HOST, "handle": "old-hand", "name": "Old Hand"}),
        ("forum", {"id": FORUM, "slug": "ideas", "title": "Ideas", "position": 0}),
        *(("post", post) for post in posts),
    ]


@pytest.fixture(scope="session", autouse=True)
def _end_zygote() -> Iterator[None]:
    yield
    if zygote.cache_info().currsize:
        zygote().close()


@pytest.fixture
def many() -> Callable[[str, int], int]:
    """``many("KILLS", 30)``: how many in the short form; JAMTUI_KILLS in the environment says how many else."""
    return lambda name, short: int(os.environ.get(f"JAMTUI_{name}", str(short)))


def filled(folder: Path, name: str, records: list[tuple[str, dict[str, Any]]], *options: str) -> Server:
    archive = folder / f"{name}.jsonl"
    archive.write_text("".join(json.dumps({"type": kind, "data": data}) + "\n" for kind, data in records))
    server = Server(folder / f"{name}.sqlite")
    server.admin("import", str(archive), *(options or ("--reopen",)))
    add_people(server)
    return server


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a server with the small Jam, to be copied: two passwords take half a second to be made safe."""
    return filled(tmp_path_factory.mktemp("small"), "jam", small_jam()).db


@pytest.fixture
def new_server(tmp_path: Path, small: Path) -> Iterator[Callable[..., Server]]:
    """``new_server(records)``: an archive of (type, object) records, `small_jam` by default, open from now."""
    made: list[Server] = []

    def make(records: list[tuple[str, dict[str, Any]]] | None = None, *options: str) -> Server:
        name = f"jam-{len(made)}"
        if records is None and not options and not made:
            server = Server(tmp_path / f"{name}.sqlite")
            shutil.copy(small, server.db)
        else:  # a second one of a test is another Jam, with people of its own
            server = filled(tmp_path, name, records or small_jam(), *options)
        server.start()
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def new_home(tmp_path: Path) -> Callable[..., Home]:
    counted: list[int] = []

    def make(path: Path | None = None, **env: str) -> Home:
        counted.append(1)
        return Home(path or tmp_path / f"home-{len(counted)}", env)

    return make


@pytest.fixture
def new_proxy() -> Iterator[Callable[..., Proxy]]:
    made: list[Proxy] = []

    def make(server: Server, *, seed: int = 1) -> Proxy:
        made.append(Proxy(server.port, seed).__enter__())
        return made[-1]

    yield make
    for one in made:
        one.__exit__(None, None, None)


@pytest.fixture
def behind_proxy(
    new_server: Callable[..., Server], new_proxy: Callable[..., Proxy], new_home: Callable[..., Home]
) -> Callable[[str], BehindProxy]:
    def make(handle: str) -> BehindProxy:
        server = new_server()
        proxy = new_proxy(server)
        return BehindProxy(server, proxy, new_home().login(proxy.url, handle))

    return make


@pytest.fixture
def new_tui(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """``new_tui(home, "--explore", size=(80, 24))``: the program of that home on a pty of its own."""
    opened: list[Terminal] = []

    def start(home: Home, *words: str, size: tuple[int, int] = (100, 30)) -> Terminal:
        env = environment(tmp_path) | {"JAMTUI_HOME": str(home.path), **home.env}
        opened.append(Terminal(words, size, env))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[float], Path]]:
    """``small_disk(2)``: an empty folder on a tmpfs of 2 MiB. Skips the test where this account may not mount one."""
    mounted: list[Path] = []

    def make(megabytes: float) -> Path:
        folder = tmp_path / f"disk-{len(mounted)}"
        folder.mkdir()
        size = f"size={int(megabytes * 1024)}k,mode=0700"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
