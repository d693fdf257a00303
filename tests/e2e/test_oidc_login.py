"""Signing in with an organisation, whole: the real command, the real server, a real provider, and a browser that is a
process of its own."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from oidc_provider import Issuer, Provider
from processes import LIMIT, ROOT, Home, Server

# A person with a browser that opens the page it is given: signs in as ada, agrees, and follows where it leads.
BROWSER = """#!{python}
import sys
sys.path[:0] = [{support!r}, {root!r}]
import httpx
from oidc_provider import Browser
with Browser({login!r}) as browser:
    back = browser.authorize(sys.argv[1], agree={agree!r})
answer = httpx.get(back, trust_env=False)
open({log!r}, "w").write(f"{{answer.status_code}} {{answer.text}}")
"""


@pytest.fixture(autouse=True)
def _counted(figure: Callable[..., None]) -> None:
    """A test that fails says so itself."""
    figure("sign-in by an organisation: {:.0f} of {} ways in, and ways to fail, went wrong", 0)


@pytest.fixture(scope="module")
def issuer(oidc_provider: Provider) -> Iterator[Issuer]:
    with closing(oidc_provider.issuer(interval=0.05)) as made:
        yield made


@pytest.fixture(scope="module")
def corporate(jam_server: Server, issuer: Issuer) -> Server:
    trust(jam_server, issuer)
    return jam_server


def trust(server: Server, issuer: Issuer, *more: str) -> None:
    words = ("--issuer", issuer.url, "--client-id", "jamtui", "--audience", server.url, "--name", "Example Corp")
    server.admin("oidc", "set", *words, *more)


def browser(folder: Path, login: str = "ada", *, agree: bool = True) -> dict[str, str]:
    """The environment in which a browser opens by itself."""
    script, log = folder / f"browser-of-{login}", folder / "browser.log"
    support = str(ROOT / "tests" / "support")
    script.write_text(
        BROWSER.format(
            python=sys.executable, support=support, root=str(ROOT), login=login, agree=agree, log=str(log)
        )
    )  # fmt: skip
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return {"BROWSER": str(script)}


def on_device(home: Home, server: Server, issuer: Issuer, login: str = "ada", *, agree: bool = True) -> tuple[int, str]:
    """Runs ``login --device`` and does what it says; its exit code and what it printed."""
    with home.popen("login", server.url, "--device", "--store", "file", "--json") as process:
        assert process.stderr is not None
        said = ""
        while not re.search(r"^    \S+$", said, re.MULTILINE):
            line = process.stderr.readline()
            assert line, said
            said += line
        page = re.search(r"^http\S+$", said, re.MULTILINE)
        code = re.search(r"^    (\S+)$", said, re.MULTILINE)
        assert page is not None, said
        assert code is not None, said
        with issuer.browser(login) as one:
            one.enter_code(page[0], code[1], agree=agree)
        out, err = process.communicate(timeout=LIMIT)
    assert "Traceback" not in err
    return process.returncode, out + err


def test_on_another_device(corporate: Server, issuer: Issuer, new_home: Callable[..., Home]) -> None:
    home = new_home()
    code, printed = on_device(home, corporate, issuer)
    assert code == 0, printed
    row = json.loads(printed.splitlines()[0])
    assert (row["handle"], row["store"]) == ("ada", "file")
    home.jamtui("sync")
    forum = home.rows("forums")[0]["slug"]
    home.jamtui("post", "--forum", forum, "--title", "From another device", "--body", "Hello")
    assert "queued" not in home.jamtui("sync").stdout
    assert any(post.get("title") == "From another device" for _, post in corporate.exported())


def test_denied_there(corporate: Server, issuer: Issuer, new_home: Callable[..., Home]) -> None:
    home = new_home()
    code, printed = on_device(home, corporate, issuer, agree=False)
    assert code == 3
    assert "The sign-in was refused at 127.0.0.1" in printed
    assert not list(home.path.rglob("jam.json"))


@pytest.mark.parametrize("way", ["--device", "--browser"])
def test_given_up_with_ctrl_c(way: str, corporate: Server, issuer: Issuer, new_home: Callable[..., Home]) -> None:
    home = new_home(SSH_CONNECTION="10.0.0.9 50000 10.0.0.1 22")
    with home.popen("login", corporate.url, way, "--store", "file") as process:
        assert process.stderr is not None
        while not (line := process.stderr.readline()).startswith("Waiting for you"):
            assert line
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not list(home.path.rglob("jam.json"))


def test_in_a_browser_by_itself(corporate: Server, new_home: Callable[..., Home], tmp_path: Path) -> None:
    home = new_home(**browser(tmp_path))
    done = home.jamtui("login", corporate.url, "--store", "file")
    assert "Signed in to" in done.stdout
    assert "as @ada" in done.stdout
    assert "was opened in your browser" in done.stderr
    assert home.row("auth", "status")["handle"] == "ada"
    page = (tmp_path / "browser.log").read_text()
    assert page.startswith("200 ")
    assert "Go back to jamtui" in page


def test_a_port_that_was_agreed_on(corporate: Server, new_home: Callable[..., Home], tmp_path: Path) -> None:
    home = new_home(**browser(tmp_path))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        words = ("login", corporate.url, "--browser", "--store", "file", "--port", port)
        assert f"Port {port} of 127.0.0.1 cannot be listened on" in home.jamtui(*words, code=4).stderr
    done = home.jamtui(*words)
    assert f"127.0.0.1%3A{port}%2Fcallback" in done.stderr
    assert "as @ada" in done.stdout
    assert "not a port" in home.jamtui(*words[:-1], "70000", code=2).stderr


def test_refused_in_the_browser(corporate: Server, new_home: Callable[..., Home], tmp_path: Path) -> None:
    done = new_home(**browser(tmp_path, agree=False)).jamtui(
        "login", corporate.url, "--browser", "--store", "file", code=3
    )
    assert "The person said no" in done.stderr


def test_without_a_browser_and_without_a_device_endpoint(
    corporate: Server, issuer: Issuer, new_home: Callable[..., Home]
) -> None:
    """Over SSH: the line that brings the answer back is told, and following it signs in."""
    issuer.change(metadata={"device_authorization_endpoint": None})
    try:
        home = new_home(SSH_CONNECTION="10.0.0.9 50000 10.0.0.1 22", USER="ana")
        refused = home.jamtui("login", corporate.url, "--device", "--store", "file", code=1)
        assert "no device endpoint (RFC 8628)" in refused.stderr
        assert "--browser" in refused.stderr
        with home.popen("login", corporate.url, "--store", "file") as process:
            assert process.stderr is not None
            said = ""
            while not (page := re.search(r"^http\S+$", said, re.MULTILINE)):
                line = process.stderr.readline()
                assert line, said
                said += line
            with issuer.browser("ada") as one:
                back = one.authorize(page[0])
            subprocess.run([sys.executable, "-c", "import sys, httpx; httpx.get(sys.argv[1], trust_env=False)", back])
            out, err = process.communicate(timeout=LIMIT)
        assert process.returncode == 0, err
        assert "as @ada" in out
        port = re.search(r"127\.0\.0\.1:(\d+)/callback", back)
        assert port is not None
        assert f"ssh -N -L {port[1]}:127.0.0.1:{port[1]} ana@10.0.0.1" in said
    finally:
        issuer.change(metadata={})


def test_keys_that_were_rotated_a_moment_ago(
    corporate: Server, issuer: Issuer, new_home: Callable[..., Home], tmp_path: Path
) -> None:
    """The Jam asks for keys every few seconds at most; the command waits for that, and does not refuse."""
    home = new_home(**browser(tmp_path))
    words = ("login", corporate.url, "--browser", "--store", "file")
    home.jamtui(*words)
    issuer.rotate("second", keep=())
    assert "as @ada" in home.jamtui(*words).stdout


def test_clocks_that_are_apart(
    corporate: Server, issuer: Issuer, new_home: Callable[..., Home], tmp_path: Path
) -> None:
    home = new_home(**browser(tmp_path))
    words = ("login", corporate.url, "--browser", "--store", "file")
    home.jamtui(*words)
    issuer.clock(600)
    try:
        done = home.jamtui(*words, code=3)
    finally:
        issuer.clock(0)
    assert "is 10 minutes ahead of that of the Jam" in done.stderr
    assert home.row("auth", "status")["signed_in"] is True  # what was there stays


def test_whom_the_jam_does_not_let_in(
    corporate: Server, issuer: Issuer, new_home: Callable[..., Home], tmp_path: Path
) -> None:
    trust(corporate, issuer, "--require", "groups=staff")
    try:
        done = new_home(**browser(tmp_path)).jamtui("login", corporate.url, "--store", "file", code=6)
    finally:
        trust(corporate, issuer)
    assert "This Jam does not let you in" in done.stderr


def test_two_people_have_a_folder_each(corporate: Server, new_home: Callable[..., Home], tmp_path: Path) -> None:
    """Who signs in again finds what was waiting; somebody else does not send it."""
    home = new_home()
    words = ("login", corporate.url, "--browser", "--store", "file")
    for login in ("ada", "carol", "ada"):
        home.env = browser(tmp_path, login)
        home.jamtui(*words)
    assert sorted(row["handle"] for row in home.rows("jams")) == ["ada", "carol"]


@pytest.mark.parametrize(("answer", "left"), [("n", ["ada"]), ("y", ["ada", "carol"]), ("\x03", ["ada"])])
def test_somebody_new_is_asked_about(
    answer: str, left: list[str], corporate: Server, new_home: Callable[..., Home], tmp_path: Path
) -> None:
    """On a terminal: a stranger may have led the sign-in to an account of theirs."""
    home = new_home(**browser(tmp_path))
    words = ("login", corporate.url, "--browser", "--store", "file")
    home.jamtui(*words)
    home.env = browser(tmp_path, "carol")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "jamtui", *words],
        stdin=theirs, stdout=theirs, stderr=theirs, env=home.environment(), cwd=ROOT, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ) as process:  # fmt: skip
        os.close(theirs)
        said = b""
        while b"Is @carol you, too?" not in said:
            assert select.select([ours], [], [], LIMIT)[0], said
            said += os.read(ours, 4096)
        os.write(ours, answer.encode() if answer < " " else f"{answer}\n".encode())
        code = process.wait(LIMIT)
    os.close(ours)
    assert b"known here until now: @ada" in said
    assert code == {"n": 3, "y": 0}.get(answer, 130)
    assert sorted(row["handle"] for row in home.rows("jams")) == left
    assert len(list((home.path / "credentials").iterdir())) == len(left)


def test_a_token_by_a_command_of_ones_own(jam_server: Server, new_home: Callable[..., Home], tmp_path: Path) -> None:
    """It is written nowhere; where it changes, the next call that is refused asks again."""
    home = new_home()
    secret = tmp_path / "secret"
    token = json.loads(jam_server.admin("person", "token", "ana", "--json"))["token"]
    secret.write_text(f"{token}\n")
    home.path.mkdir(parents=True)
    (home.path / "config.toml").write_text(f'[token_commands]\n"{jam_server.url}" = ["cat", "{secret}"]\n')
    assert "as @ana" in home.jamtui("login", jam_server.url).stdout
    assert home.row("auth", "status").items() >= {"store": "command", "signed_in": True}.items()
    home.jamtui("sync")
    kept = [file for file in home.path.rglob("*") if file.is_file() and token.encode() in file.read_bytes()]
    assert kept == []
    secret.unlink()
    done = home.jamtui("sync", code=3)
    assert "the token_command cat ended with code 1" in done.stderr
    assert "No such file" in done.stderr
