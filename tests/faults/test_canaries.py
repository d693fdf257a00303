"""Promise 5: secrets are planted in real sign-ins, then every byte that is written anywhere is searched for them.

Everything is as loud as it can be: each library logs all it has, asyncio too, Textual is asked for its log, and errors
come where secrets are in local variables and in the words of the error. Each search is also made where a secret was put
on purpose, so that it is seen to find one.
"""

from __future__ import annotations

import base64
import dataclasses
import importlib
import io
import json
import logging
import os
import pkgutil
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from conftest import small_jam
from oidc_provider import Issuer
from processes import LIMIT, ROOT, Home, environment, line_of, zygote
from pty_terminal import Terminal
from pty_terminal import environment as on_pty

from jamtui import cli, credentials
from jamtui.paths import Home as Folders

# Before everything else that Python imports: all logs at their loudest, and a fault where a password is at hand.
LOUD = """
import logging, os
where = os.environ.get("LOUD_LOG")
if where:
    logging.basicConfig(level=logging.DEBUG, filename=where)
if os.environ.get("FAULT") == "server":
    from jamserver import accounts
    def password_fits(stored, password):
        raise RuntimeError(f"cannot check {password}")
    accounts.password_fits = password_fits
if os.environ.get("FAULT") == "screen":
    from jamtui.sync import sign_in
    async def password(home, offer, handle, secret, **_):
        raise RuntimeError(f"cannot send {secret}")
    sign_in.password = password
"""


class Canaries:
    """The secrets by name, and the search for them."""

    def __init__(self, **named: str) -> None:
        self.named = named

    def add(self, **named: str) -> None:
        assert all(len(text) >= 12 for text in named.values())
        self.named |= named

    def forms(self) -> Iterator[tuple[str, bytes]]:
        for name, text in self.named.items():
            raw = text.encode()
            yield name, raw
            yield f"{name} reversed", raw[::-1]
            yield f"{name} in hex", raw.hex().encode()
            yield f"{name} quoted", quote(text).encode()
            for shift in range(3):  # whatever stands before it
                yield f"{name} in base64", base64.b64encode(b" " * shift + raw)[4 if shift else 0 : -4]
                yield f"{name} in base64", base64.urlsafe_b64encode(b" " * shift + raw)[4 if shift else 0 : -4]

    def hits(self, places: Iterable[tuple[str, bytes]]) -> list[str]:
        forms = list(self.forms())
        return [f"{name} in {place}" for place, data in places for name, form in forms if form in data]


def files(folder: Path, *without: str) -> Iterator[tuple[str, bytes]]:
    """Every file under the folder, its name included."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith(without or ("\0",)):
            yield name, name.encode() + b"\n" + path.read_bytes()


@pytest.fixture
def loud(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "loud"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(LOUD)
    return {
        "PYTHONPATH": f"{folder}:{ROOT}", "LOUD_LOG": str(tmp_path / "loud.log"), "PYTHONASYNCIODEBUG": "1",
        "TEXTUAL_LOG": str(tmp_path / "textual.log"), "TEXTUAL": "devtools,debug", "TEXTUAL_DEBUG": "1",
    }  # fmt: skip


class LoudServer:
    """jamserver with all its logs, and what it says on both of its streams."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.db, self.said = folder / "server.sqlite", folder / "server.said"
        archive = folder / "jam.jsonl"
        lines = [json.dumps({"type": kind, "data": data}) + "\n" for kind, data in small_jam()]
        archive.write_text("".join(lines))
        self.admin("import", str(archive), "--reopen")
        self.env = environment(**env)
        self.process = self._start()

    def admin(self, *words: str, stdin: str = "") -> str:
        code, out, err = zygote().run("jamserver", [*words, "--db", str(self.db)], environment(), ROOT, stdin)
        assert code == 0, err
        return out.strip()

    def _start(self) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "jamserver", "run", "--db", str(self.db), "--port", "0"]
        with self.said.open("wb") as log:
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True, env=self.env)
        self.url = line_of(process, lambda line: line.startswith("listening")).split()[-1]
        return process

    def stop(self) -> bytes:
        self.process.terminate()
        rest, _ = self.process.communicate(timeout=LIMIT)
        return rest.encode() + self.said.read_bytes()


@pytest.fixture
def server(tmp_path: Path, loud: dict[str, str]) -> Iterator[LoudServer]:
    one = LoudServer(tmp_path, loud | {"LOUD_LOG": "", "FAULT": "", "PYTHONUNBUFFERED": "1"})
    yield one
    if one.process.poll() is None:
        one.stop()


class Commands:
    """Runs commands in this process, where all logs are caught, too."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capture, self.told = monkeypatch, capfd, b""
        monkeypatch.setenv("JAMTUI_HOME", str(home))
        monkeypatch.delenv("JAMTUI_TOKEN", raising=False)

    def __call__(self, *words: str, stdin: str = "", code: int = 0) -> str:
        self._patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8"))
        ended = cli.main(list(words))
        out, err = self._capture.readouterr()
        self.told += (out + err).encode()
        assert ended == code, out + err
        return out


def tokens_in(folder: Path) -> dict[str, str]:
    (path,) = (folder / "credentials").iterdir()
    kept = json.loads(path.read_bytes())
    return {"access": kept["access_token"], "refresh": kept["refresh_token"]}


def test_no_byte_of_a_secret_is_written_anywhere(
    server: LoudServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture, figure: Callable[[str], None],
) -> None:  # fmt: skip
    home, out = tmp_path / "home", tmp_path / "out"
    out.mkdir()
    found = Canaries(password=f"pass {secrets.token_hex(12)}", invite=server.admin("invite"))
    found.add(environment=server.admin("person", "token", "old-hand"))
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    caplog.set_level(logging.DEBUG)
    run = Commands(home, monkeypatch, capfd)

    run("login", server.url, "--invite", found.named["invite"], "--handle", "ana", "--password-stdin",
        "--store", "file", "--debug", stdin=found.named["password"] + "\n")  # fmt: skip
    found.add(**tokens_in(home))
    run("sync")
    run("post", "--forum", "ideas", "--title", "One", "--body", "Two")
    for words in (("export", "--format", "jam", "-o", str(out / "jam.jsonl")),
                  ("export", "--format", "markdown", "-o", str(out / "jam.md")),
                  ("state", "export", "-o", str(out / "state.jsonl")),
                  ("auth", "status"), ("auth", "status", "--json"), ("jams", "--json"), ("doctor", "--json"),
                  ("outbox", "--json"), ("forums", "--json")):  # fmt: skip
        run(*words)
    # What fails: a wrong password, a token that is no token, an error of our own at the worst place.
    run("login", server.url, "--handle", "ana", "--password-stdin", "--store", "file", "--debug", "--json",
        stdin=found.named["password"] + "x\n", code=3)  # fmt: skip
    found.add(wrong=found.named["password"] + "x")
    found.add(no_token=f"no token {secrets.token_hex(12)} at all")
    run(
        "login", server.url, "--token-stdin", "--store", "file", "--debug", stdin=found.named["no_token"] + "\n", code=3
    )
    with monkeypatch.context() as patch:
        # In the words of the error and in local variables; with its traceback, and with its report.
        def boom(self: object, account: str, secret: credentials.Secret) -> None:
            token = secret.access_token
            raise RuntimeError(f"cannot keep {token}")

        patch.setattr(credentials.FileStore, "save", boom)
        words = ("login", server.url, "--handle", "ana", "--password-stdin", "--store", "file")
        run(*words, stdin=found.named["password"] + "\n", code=1)
    assert list((home / "logs").glob("crash-*.txt"))

    # The token of the environment goes to the server, and to no file, no child and no other Jam.
    script = tmp_path / "editor"
    script.write_text(f'#!/bin/sh\n{{ env; cat /proc/$PPID/cmdline; }} > "{out}/child"\necho a body > "$1"\n')
    script.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(script))
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("JAMTUI_TOKEN", found.named["environment"])
    run("login", server.url)
    assert json.loads(run("auth", "status", "--json"))["store"] == "env"
    run("sync")
    with monkeypatch.context() as patch:
        patch.setattr("jamtui.commands.texts.on_terminal", lambda: True)
        run("post", "--forum", "ideas", "--title", "Edited", "--json")
    assert "EDITOR=" in (out / "child").read_text()
    monkeypatch.delenv("JAMTUI_TOKEN")
    run("sync", code=3)

    everywhere = [
        *files(home, "credentials/"), *files(out), ("what commands said", run.told), ("logs", caplog.text.encode())
    ]  # fmt: skip
    assert found.hits(everywhere) == []
    assert "httpcore" in caplog.text  # they were loud
    looked = sum(len(data) for _, data in everywhere)

    # The search finds: what is kept on purpose, and what is planted in each place.
    assert {hit.split()[0] for hit in found.hits(files(home))} == {"access", "refresh"}
    for name in found.named:
        for place, _ in everywhere:
            planted = [(place, b"x" + found.named[name].encode() + b"y")]
            assert name in {hit.split()[0] for hit in found.hits(planted)}
        packed = base64.b64encode(b'{"token":"' + found.named[name].encode() + b'"}')
        assert found.hits([("base64", packed)])

    for who in ("ana@small", "old-hand@small"):
        run("logout", who, "--discard")
    assert found.hits([*files(home), ("commands", run.told), ("logs", caplog.text.encode())]) == []
    left = [name for name, _ in files(home) if not name.startswith(("logs/", "state/"))]
    assert left == []
    said = server.stop()
    server_files = [(f"server's {name}", data) for name, data in files(tmp_path) if name.startswith("server.sqlite")]
    assert found.hits([("server", said), *server_files]) == []
    assert server_files
    places = f"{looked:,} bytes of {len(everywhere)} places"
    figure(f"promise 5: 0 hits of {len(found.named)} secrets in {places}, 0 after logout")


def test_no_byte_of_a_secret_is_on_the_terminal_or_in_what_the_screen_leaves(
    server: LoudServer, loud: dict[str, str], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Typed and pasted into the form of the full screen: with Textual's logs asked for, a crash, and a sign-in."""
    found = Canaries(password=f"pass {secrets.token_hex(12)}")
    server.admin("person", "add", "ana", "--password-stdin", stdin=found.named["password"] + "\n")
    home = tmp_path / "jamtui"
    written = b""
    for fault in ("screen", "", "signed in already"):
        one = Terminal((), (100, 36), on_pty(tmp_path) | loud | {"FAULT": fault})
        if fault == "signed in already":  # and leaves its last screen behind
            with closing(one):
                one.wait_for("live")
                one.press("\x11")
                assert one.wait_end() == 0
                written += one.output
            break
        try:
            one.wait_for("Try the demo")
            one.press("s")
            one.wait_for("Address of the Jam")
            one.press(*server.url.removeprefix("http://"), "enter")
            one.wait_for("Handle and password")
            one.press(*"ana", "enter")
            half = len(found.named["password"]) // 2
            one.press(*found.named["password"][:half])
            one.press(f"\x1b[200~{found.named['password'][half:]}\x1b[201~")  # pasted
            one.wait_for("•" * (2 * half))
            one.press("tab", "space", "tab", "enter")
            if fault:
                assert one.wait_end() == 1
            else:
                one.wait_for("Ideas")
                found.add(**tokens_in(home))
                one.wait_for("live")
                while_open = found.hits(files(home, "credentials/"))
                one.press("\x11")
                assert one.wait_end() == 0
                assert while_open == []
            written += one.output
        finally:
            one.close()
    assert (home / "state" / "screen").exists()
    assert list((home / "logs").glob("crash-*.txt"))
    places = [
        *files(home, "credentials/"), ("terminal", written), ("logs", (tmp_path / "loud.log").read_bytes()),
        *((name, data) for name, data in files(tmp_path) if name == "textual.log"),
    ]  # fmt: skip
    assert found.hits(places) == []
    assert not (tmp_path / "textual.log").exists()  # it would hold each key,
    assert not Path("keys.log").exists()  # and so would what Textual's driver writes where one is, when it is debugged
    # As they were typed, one by one, they stand in no log either.
    keys = "".join(re.findall(r"[Kk]ey\W+(\w)\b", (tmp_path / "loud.log").read_text()))
    assert found.named["password"][5:] not in keys
    assert found.hits([*places, ("terminal", written + found.named["password"].encode())]) == ["password in terminal"]
    figure(f"promise 5: 0 hits in {len(written):,} bytes of the terminal and {len(places)} places, with a crash")


# A person with a browser, as a process of its own: signs in as ada, agrees, and follows where it leads.
BROWSER = """#!{python}
import sys
sys.path[:0] = [{support!r}, {root!r}]
import httpx
from oidc_provider import Browser
with Browser("ada") as browser:
    httpx.get(browser.authorize(sys.argv[1]), trust_env=False)
"""


def test_nothing_of_an_organisations_sign_in_is_written(
    server: LoudServer, oidc_issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, figure: Callable[[str], None],
) -> None:  # fmt: skip
    """In a browser, with a real provider: its tokens, the code that comes back, and what proves who asked for it."""
    from api_client import oidc as client_oidc
    from api_client.oidc_answers import Tokens
    from jamtui.sync import oidc as sync_oidc

    words = (
        "--issuer",
        oidc_issuer.url,
        "--client-id",
        "jamtui",
        "--audience",
        server.url,
        "--name",
        "Corp",
    )
    server.admin("oidc", "set", *words)
    script = tmp_path / "browser"
    script.write_text(BROWSER.format(python=sys.executable, support=str(ROOT / "tests" / "support"), root=str(ROOT)))
    script.chmod(0o755)
    found = Canaries()
    check, exchanged = client_oidc.CodeGrant.check, sync_oidc._exchanged

    def see_code(self: client_oidc.CodeGrant, given: dict[str, str]) -> str:
        found.add(verifier=self._verifier, code=given["code"])
        return check(self, given)

    async def see_tokens(*given: Any, **more: Any) -> Any:
        for one in (*given, *more.values()):
            if isinstance(one, Tokens):
                found.add(issued_access=one.access_token, issued_id=one.id_token or one.access_token)
        return await exchanged(*given, **more)

    monkeypatch.setattr(client_oidc.CodeGrant, "check", see_code)
    monkeypatch.setattr(sync_oidc, "_exchanged", see_tokens)
    monkeypatch.setenv("BROWSER", str(script))
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    caplog.set_level(logging.DEBUG)
    home = tmp_path / "home"
    run = Commands(home, monkeypatch, capfd)
    run("login", server.url, "--browser", "--store", "file", "--debug")
    found.add(**tokens_in(home))
    run("sync")
    assert set(found.named) == {"verifier", "code", "issued_access", "issued_id", "access", "refresh"}
    said = server.stop()
    places = [
        *files(home, "credentials/"), ("commands", run.told), ("logs", caplog.text.encode()), ("server", said),
        *(one for one in files(tmp_path) if one[0].startswith("server.sqlite")),
    ]  # fmt: skip
    assert found.hits(places) == []
    assert {hit.split()[0] for hit in found.hits(files(home))} == {"access", "refresh"}
    figure(f"promise 5: 0 hits of {len(found.named)} secrets of an organisation's sign-in in {len(places)} places")


def test_a_crash_of_the_server_logs_no_secret(tmp_path: Path, loud: dict[str, str]) -> None:
    server = LoudServer(tmp_path, loud | {"LOUD_LOG": str(tmp_path / "server.log"), "FAULT": "server"})
    found = Canaries(password=f"pass {secrets.token_hex(12)}")
    try:
        server.admin("person", "add", "ana", "--password-stdin", stdin=found.named["password"] + "\n")
        home = Home(tmp_path / "home")
        words = ("login", server.url, "--handle", "ana", "--password-stdin", "--store", "file")
        told = home.jamtui(*words, stdin=found.named["password"] + "\n", code=4)
    finally:
        said = server.stop()
    log = (tmp_path / "server.log").read_bytes()
    assert b"RuntimeError in sitecustomize.py" in log  # where, but not what
    places = [("server", said), ("its log", log), ("client", (told.stdout + told.stderr).encode()), *files(home.path)]
    assert found.hits(places) == []


def test_an_error_that_any_library_logs_is_told_without_its_words() -> None:
    from jamserver.cli import HarmlessLog

    try:
        raise RuntimeError("canary-0123456789")
    except RuntimeError:
        record = logging.LogRecord("uvicorn", logging.ERROR, "", 0, "Exception in %s", ("ASGI",), sys.exc_info())
    text = HarmlessLog().format(record)
    assert text.startswith("Exception in ASGI: RuntimeError in test_canaries.py:")
    assert "canary" not in text


def fields_of(kind: type) -> tuple[str, ...]:
    if issubclass(kind, msgspec.Struct):
        return kind.__struct_fields__
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else ()


def secretive() -> list[type]:
    """Every record of ours with a field that is named like a secret."""
    modules = [
        importlib.import_module(one.name)
        for package in ("api_client", "jamserver", "jamtui", "screens")
        for one in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
        if not one.name.endswith("__main__")
    ]
    assert len(modules) > 150
    found: set[type] = set()
    for module in modules:
        for one in vars(module).values():
            if isinstance(one, type) and one.__module__ == module.__name__:
                names = fields_of(one)
                if any(SECRET.search(name) for name in names) or {"code", "handle"} <= set(names):
                    found.add(one)
    return sorted(found, key=lambda one: one.__qualname__)


SECRET = re.compile(r"(^|_)(token|password|secret|verifier|nonce|device_code|user_code|access|refresh)$")
# Of jam.json `token` is a digest; of an undo it is what was done; `has_password` says whether there is one.
PUBLIC = {"_Entry", "Undo", "MyData"}


def test_no_record_shows_its_secret() -> None:
    from rich.pretty import pretty_repr

    kinds = secretive()
    assert {"Secret", "Token", "Credentials"} <= {one.__name__ for one in kinds}
    for kind in kinds:
        if kind.__name__ in PUBLIC:
            continue
        names = fields_of(kind)
        secret = [name for name in names if SECRET.search(name) or name == "code"]
        one: Any = kind(**{name: "canary-0123456789" if name in secret else _Named() for name in names})
        shown = [repr(one), str(one), f"{one}", repr([one]), pretty_repr([one])]
        assert not any("canary" in text for text in shown), kind


class _Named:
    """What any field may be."""

    handle = "ana"


def test_what_holds_a_token_does_not_show_it() -> None:
    from api_client.client import JamClient
    from api_client.tokens import FixedToken, RefreshingToken

    async def refresh(_: str) -> Any: ...

    canary = "canary-0123456789"
    environ = {"JAMTUI_TOKEN": canary}
    folders = Folders.from_env({"JAMTUI_HOME": "/nowhere"})
    tokens = RefreshingToken(canary, canary, refresh=refresh, keep=lambda _: None)
    client = JamClient("http://127.0.0.1:9", tokens=FixedToken(canary))
    stores = [credentials.open_store(kind, home=folders, environ=environ) for kind in ("keyring", "file", "env")]
    for one in (tokens, FixedToken(canary), client, client._transport, *stores):
        assert canary not in repr(one) + str(one)


def test_children_get_no_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever starts something (an editor, a browser, a bus) passes on what stands in `os.environ`."""
    import jamtui.commands.reading as reading

    seen: list[tuple[bool, str]] = []
    monkeypatch.setenv("JAMTUI_HOME", str(tmp_path))
    monkeypatch.setenv("JAMTUI_TOKEN", "canary-0123456789")

    def jams(context: Any, _: Any) -> None:
        child = subprocess.run(["env"], capture_output=True, text=True, check=True).stdout
        seen.append(("JAMTUI_TOKEN" in os.environ or "canary" in child, context.environ["JAMTUI_TOKEN"]))

    monkeypatch.setattr(reading, "jams", jams)
    assert cli.main(["jams"]) == 0
    assert seen == [(False, "canary-0123456789")]
    assert os.environ["JAMTUI_TOKEN"] == "canary-0123456789"
