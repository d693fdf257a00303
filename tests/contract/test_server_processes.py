"""The real command in its own process: start and end, two processes on one file, kill -9, files of others."""

from __future__ import annotations

import itertools
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest

from jamserver.cli import main
from jamserver.db import SCHEMA

Command = Callable[..., "subprocess.CompletedProcess[str]"]


def command(*words: str, db: Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "jamserver", *words, "--db", str(db)],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


class Process:
    """``jamserver run`` in its own process; ``url`` once it listens."""

    def __init__(self, db: Path, *words: str) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "jamserver", "run", "--db", str(db), "--port", "0", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.popen.stdout is not None
        self.line = self.popen.stdout.readline()
        self.url = self.line.removeprefix("listening on ").strip()

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """(exit code, standard error) after a signal."""
        self.popen.send_signal(number)
        _, err = self.popen.communicate(timeout=60)
        return self.popen.returncode, err


@pytest.fixture
def running() -> Iterator[Callable[..., Process]]:
    """A function that starts ``jamserver run`` on a file."""
    started: list[Process] = []

    def start(db: Path, *words: str) -> Process:
        started.append(Process(db, *words))
        return started[-1]

    yield start
    for process in started:
        if process.popen.poll() is None:
            process.popen.kill()
        process.popen.communicate()


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "jam.sqlite"


def ready(db: Path) -> tuple[str, str]:
    """A file with a forum and ada; (forum id, her token)."""
    forum = json.loads(command("forum", "add", "ideas", "--title", "Ideas", "--json", db=db).stdout)
    assert command("person", "add", "ada", db=db).returncode == 0
    token = command("person", "token", "ada", db=db).stdout.strip()
    return forum["id"], token


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_empty_server_starts_says_how_to_go_on_and_ends(db: Path, running: Any, number: int) -> None:
    server = running(db)
    assert server.line == f"listening on {server.url}\n"
    jam = httpx.get(f"{server.url}/.well-known/jam").json()["jam"]
    assert jam["title"] == "New Jam"
    assert httpx.get(f"{server.url}/api/v1/forums").json() == {"items": []}
    with httpx.stream("GET", f"{server.url}/api/v1/stream") as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith(": head")
        code, err = server.end(number)
    assert code == 0
    assert "jamserver forum add" in err
    assert "Traceback" not in err
    assert stat.S_IMODE(db.stat().st_mode) == 0o600


def test_the_files_are_private_whatever_the_umask(db: Path, running: Any) -> None:
    before = os.umask(0)
    try:
        server = running(db)
    finally:
        os.umask(before)
    assert httpx.get(f"{server.url}/api/v1/jam").status_code == 200
    names = sorted(path.name for path in db.parent.iterdir())
    assert "jam.sqlite-wal" in names
    assert [stat.S_IMODE((db.parent / name).stat().st_mode) for name in names] == [0o600] * len(names)


def test_a_port_that_is_taken(db: Path, running: Any) -> None:
    server = running(db)
    found = command("run", "--port", server.url.rpartition(":")[2], db=db)
    assert (found.returncode, found.stdout) == (1, "")
    assert "--port" in found.stderr
    assert "Traceback" not in found.stderr


def test_commands_beside_a_running_server(db: Path, running: Any) -> None:
    forum, token = ready(db)
    server = running(db)
    with httpx.stream("GET", f"{server.url}/api/v1/stream") as answer:
        lines = (line for line in answer.iter_lines() if line.startswith("data: "))
        added = command(
            "person", "add", "bob", "--name", "Bob", "--password-stdin", "--json", db=db, text="long enough\n"
        )
        person = json.loads(added.stdout)
        assert json.loads(next(lines)[6:])["data"] == person
    signed_in = httpx.post(f"{server.url}/api/v1/auth/password", json={"handle": "bob", "password": "long enough"})
    assert signed_in.json()["person"] == person
    code = command("invite", db=db).stdout.strip()
    invited = httpx.post(f"{server.url}/api/v1/auth/invite", json={"code": code, "handle": "eve"})
    assert invited.json()["person"]["handle"] == "eve"
    content = {"forum_id": forum, "title": "T", "body": "B"}
    address = f"{server.url}/api/v1/posts/{uuid.uuid4()}"
    assert httpx.put(address, json=content, headers={"Authorization": f"Bearer {token}"}).status_code == 201


def test_two_servers_on_one_file_number_their_changes_together(db: Path, running: Any) -> None:
    forum, token = ready(db)
    servers = [running(db), running(db)]
    start = httpx.get(f"{servers[0].url}/.well-known/jam").json()["head"]
    count = 25

    def write(server: Process) -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
            for _ in range(count):
                content = {"forum_id": forum, "title": "T", "body": "B"}
                client.put(f"{server.url}/api/v1/posts/{uuid.uuid4()}", json=content).raise_for_status()

    with httpx.stream("GET", f"{servers[0].url}/api/v1/stream", params={"after": start}, timeout=60) as answer:
        lines = (line for line in answer.iter_lines() if line.startswith("data: "))
        writers = [threading.Thread(target=write, args=(server,)) for server in servers]
        for writer in writers:
            writer.start()
        seen = [json.loads(next(lines)[6:])["seq"] for _ in range(2 * count)]
        for writer in writers:
            writer.join()
    first = int(start.split("-")[0]) + 1
    assert seen == list(range(first, first + 2 * count))


def write_until_it_dies(url: str, forum: str, token: str, confirmed: list[str], enough: threading.Event) -> None:
    """Posts until the server is gone; every confirmed id is noted, and ``enough`` set after some."""
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        for count in itertools.count():
            post_id = str(uuid.uuid4())
            content = {"forum_id": forum, "title": "T", "body": "B"}
            try:
                client.put(f"{url}/api/v1/posts/{post_id}", json=content).raise_for_status()
            except httpx.TransportError:
                return
            confirmed.append(post_id)
            if count == 7:
                enough.set()


def test_kill_9_loses_no_confirmed_post(db: Path, running: Any) -> None:
    forum, token = ready(db)
    confirmed: list[str] = []
    for _ in range(3):
        server = running(db)
        enough = threading.Event()
        work = (server.url, forum, token, confirmed, enough)
        writers = [threading.Thread(target=write_until_it_dies, args=work) for _ in range(3)]
        for writer in writers:
            writer.start()
        assert enough.wait(60)
        server.popen.kill()
        for writer in writers:
            writer.join()
    server = running(db)
    found: list[Any] = httpx.get(f"{server.url}/api/v1/changes").json()["items"]
    posts = [item["data"]["id"] for item in found if item["type"] == "post"]
    assert len(confirmed) > 20
    assert set(confirmed) <= set(posts)
    assert len(posts) == len(set(posts))
    assert [item["seq"] for item in found] == list(range(1, len(found) + 1))


def test_a_newer_database_is_refused_untouched(db: Path) -> None:
    ready(db)
    with apsw.Connection(str(db)) as connection:
        connection.pragma("user_version", SCHEMA + 1)
    connection.close()
    before = db.read_bytes()
    for words in (["run"], ["export"], ["person", "add", "eve"]):
        found = command(*words, db=db)
        assert (found.returncode, found.stdout) == (1, "")
        assert "newer jamserver" in found.stderr
        assert "Update" in found.stderr
    assert db.read_bytes() == before


def test_files_that_are_no_jam(db: Path) -> None:
    db.write_text("Dear diary, " * 100)
    found = command("run", db=db)
    assert (found.returncode, "not a database" in found.stderr) == (1, True)
    assert db.read_text().startswith("Dear diary")
    db.unlink()
    with apsw.Connection(str(db)) as other:
        other.execute("CREATE TABLE theirs(x)")
    other.close()
    found = command("run", db=db)
    assert (found.returncode, "another program" in found.stderr) == (1, True)


def test_exit_codes_and_hints(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> tuple[int, str]:
        try:
            code = main([*words, "--db", str(db)])
        except SystemExit as end:  # of the parser
            code = int(str(end.code))
        return code, capsys.readouterr().err

    assert run("export") == (
        5,
        f"jamserver: no database at {db}\n  Name it with --db, or make one: jamserver run --db FILE\n",
    )
    assert run("import", str(db.with_name("none.jsonl")))[0] == 5
    assert not db.exists()
    assert run("person", "add", "ada")[0] == 0
    assert run("person", "add", "ADA")[0] == 1
    assert run("person", "add", "not a handle")[0] == 2
    assert run("person", "role", "nobody", "host")[0] == 5
    assert run("person", "token", "nobody")[0] == 5
    assert run("forum", "add", "No Slug", "--title", "T")[0] == 2
    assert run("forum", "add", "ideas", "--title", "T")[0] == 0
    assert run("forum", "add", "ideas", "--title", "T")[0] == 2
    assert run("jam", "set")[0] == 2
    assert run("jam", "set", "--closes", "tomorrow")[0] == 2
    assert run("jam", "set", "--closes", "2001-01-01T00:00:00Z")[0] == 2
    assert run("jam", "set", "--closes", "9999-01-01T00:00:00+02:00", "--guests", "no")[0] == 0
    for words in (["run", "--port", "70000"], ["import", "x", "--reopen", "0"], ["fly"], []):
        with pytest.raises(SystemExit) as error:
            main([*words, "--db", str(db)] if words else [])
        assert error.value.code == 2
    capsys.readouterr()


def test_an_issuer_that_run_names_is_kept_for_the_next(running: Callable[..., Process], db: Path) -> None:
    words = ("--oidc-issuer", "https://id.example.com", "--oidc-client-id", "jam", "--oidc-role", "groups=a:host")
    first = running(db, *words)
    second = running(db)  # one process more, to which nobody said anything
    for process in (first, second):
        way = httpx.get(f"{process.url}/.well-known/jam", trust_env=False).json()["sign_in"][-1]
        assert (way["issuer"], way["client_id"]) == ("https://id.example.com", "jam")
    assert [process.end()[0] for process in (first, second)] == [0, 0]


def test_rows_of_json(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> Any:
        assert main([*words, "--db", str(db), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert run("person", "add", "Ada", "--name", "A\u202eB", "--org", "O", "--country", "AT")["handle"] == "ada"
    assert run("person", "role", "ada", "host")["role"] == "host"
    assert set(run("person", "token", "ada")) == {"handle", "token", "expires_at"}
    assert set(run("invite", "--role", "expert")) == {"code", "name", "role", "expires_at"}
    assert run("forum", "add", "ideas", "--title", "Ideas")["position"] == 0
    jam = run(
        "jam",
        "set",
        "--title",
        "Our Jam",
        "--slug",
        "our-jam",
        "--summary",
        "S",
        "--opens",
        "2026-01-01T00:00:00Z",
        "--guests",
        "no",
    )
    assert (jam["title"], jam["slug"], jam["opens_at"], jam["guests"]) == (
        "Our Jam",
        "our-jam",
        "2026-01-01T00:00:00.000Z",
        False,
    )


def test_openapi_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi"]) == 0
    assert json.loads(capsys.readouterr().out)["openapi"] == "3.1.0"


def test_names_of_the_working_folder_do_not_shadow_the_package(tmp_path: Path) -> None:
    """`python -m jamserver` in a folder that has packages of the same names as ours uses ours."""
    (tmp_path / "jamtui").mkdir()
    (tmp_path / "jamtui" / "__init__.py").write_text("raise RuntimeError('shadowed')\n")
    root = Path(__file__).parents[2]
    found = subprocess.run(
        [sys.executable, "-m", "jamserver", "openapi"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
