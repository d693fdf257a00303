"""Promise 12: every file 0600, every folder 0700, whatever the umask; links refused; a sign-out leaves nothing."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import ROOT, Home, Server, environment, zygote
from pty_terminal import Terminal

CANARY = "xylophonistquagga"


@pytest.fixture(params=[0o000, 0o277], ids=lambda mask: f"umask{mask:03o}")
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    old = os.umask(request.param)
    yield request.param
    os.umask(old)


def exceptions(*roots: Path) -> list[str]:
    """What somebody else could read, or what is a link, under the folders."""
    found = []
    for root in roots:
        for path in [root, *root.rglob("*")]:
            if path.suffix == ".tmp":
                continue
            mode = path.lstat().st_mode
            wanted = 0o700 if stat.S_ISDIR(mode) else 0o600
            if stat.S_ISLNK(mode) or stat.S_IMODE(mode) != wanted:
                found.append(f"{path.relative_to(root.parent)}: {stat.filemode(mode)}")
    return found


def counted(*roots: Path) -> int:
    return sum(1 + len(list(root.rglob("*"))) for root in roots)


def serve(*words: str, db: Path) -> None:
    """A command of the server in a process of its own, under this umask."""
    words = (sys.executable, "-m", "jamserver", *words, "--db", str(db))
    subprocess.run(words, env=environment(), check=True, capture_output=True)


def test_all_that_is_kept_is_private_whatever_the_umask(
    umask: int,
    new_server: Callable[..., Server],
    new_home: Callable[..., Home],
    new_tui: Callable[..., Terminal],
    figure: Callable[..., None],
    tmp_path: Path,
) -> None:
    theirs = tmp_path / "server"
    theirs.mkdir()
    theirs.chmod(0o700)
    first = new_server()
    serve("backup", str(theirs / "jam.sqlite"), db=first.db)
    server = Server(theirs / "jam.sqlite")
    server.start()
    home = new_home()
    made = tmp_path / "made"
    made.mkdir()
    made.chmod(0o700)
    try:
        home.process("login", server.url, "--handle", "ana", "--password-stdin", "--store", "file",
                     stdin="correct horse 1\n")  # fmt: skip
        home.process("sync")
        post = home.process("post", "--forum", "ideas", "--title", CANARY, "--body", f"{CANARY} once", "--json").stdout
        home.process("edit", post.partition('"id":"')[2][:36], "--body", f"{CANARY} twice")
        home.process("mute", "#tea")
        home.process("state", "export", "-o", str(made / "state.jsonl"))
        home.process("export", "--format", "jam", "-o", str(made / "jam.jsonl"))
        home.process("export", "--format", "markdown", "-o", str(made / "jam.md"))
        home.process("open", str(made / "jam.jsonl"), "--index-only")
        home.process("open", str(made / "jam.jsonl"), "--screenshot", str(made / "jam.svg"))
        editing = home.env | {"EDITOR": "true", "VISUAL": "true"}
        Home(home.path, editing).process("config", "edit")
        # Of an older form: it is copied and brought up to date.
        (home.path / "config.toml").write_text("theme = 'dark'\n")
        (home.path / "config.toml").chmod(0o600)
        tui = new_tui(home)
        tui.wait_for("Ideas")
        tui.press("enter")
        tui.wait_for("Thread 1")
        tui.press("enter")
        tui.wait_for(f"{CANARY} twice")
        tui.press("r")
        tui.wait_for("Reply")
        tui.press(*CANARY)
        tui.wait_for(CANARY)
        open_now = exceptions(home.path, theirs)  # while the TUI and the server have their files open
        tui.press("escape")
        tui.wait_gone("Reply to")
        tui.press("\x11")  # Ctrl-Q
        tui.wait_end()
        (mirror,) = home.path.glob("jams/*/mirror.sqlite")
        mirror.write_bytes(b"torn" * 5_000)
        own = mirror.with_name("own.sqlite")
        data = own.read_bytes()
        own.write_bytes(b"\xff" * 100 + data[100:])
        home.process("sync")
        home.process("doctor")
        for suffix in ("jsonl", "jsonl.gz", "jsonl.zst"):
            serve("export", "-o", str(theirs / f"jam.{suffix}"), db=server.db)
        serve(
            "generate", "--posts", "5", "--seed", "1", "-o", str(theirs / "made.jsonl"), db=server.db
        ) if False else None
        serve("backup", str(theirs / "again.sqlite"), db=server.db)
    finally:
        server.stop()
    serve("restore", str(theirs / "again.sqlite"), db=server.db)
    assert list(mirror.parent.glob("mirror.broken-*"))
    assert list(mirror.parent.glob("own.damaged-*"))
    found = open_now + exceptions(home.path, theirs, made)
    assert found == []
    number = counted(home.path, theirs, made)

    home.process("logout", "--discard", code=0)
    left = [
        path.relative_to(home.path)
        for path in home.path.rglob("*")
        if path.is_file()
        and "files" not in path.relative_to(home.path).parts  # the archive that was opened stays
        and any(word in path.read_bytes() for word in (CANARY.encode(), b"127.0.0.1", b"small-", b"correct horse"))
    ]
    assert left == []
    assert list((home.path / "jams").iterdir()) == []
    assert list((home.path / "credentials").iterdir()) == []
    figure(f"promise 12: 0 exceptions among {number} files and folders (umask {umask:03o}), 0 left after a sign-out")


class WithoutHome(Home):
    """A person who has no JAMTUI_HOME."""

    def environment(self) -> dict[str, str]:
        return {name: value for name, value in super().environment().items() if name != "JAMTUI_HOME"}


@pytest.mark.parametrize("variable", ["XDG", "JAMTUI_HOME"])
def test_everything_is_where_it_was_asked_to_be(
    variable: str, new_server: Callable[..., Server], new_home: Callable[..., Home], tmp_path: Path
) -> None:
    server = new_server()
    person = tmp_path / "person"
    person.mkdir()
    home = new_home(tmp_path / "all in one")
    folders = {name: person / name.lower() for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    if variable == "XDG":
        home = WithoutHome(home.path, {f"XDG_{name}_HOME": str(path) for name, path in folders.items()})
    home.env["HOME"] = str(person)
    home.process(
        "login", server.url, "--handle", "ana", "--password-stdin", "--store", "file", stdin="correct horse 1\n"
    )
    home.process("sync")
    home.env |= {"EDITOR": "true", "VISUAL": "true"}
    home.process("config", "edit")
    if variable == "XDG":
        assert (folders["CONFIG"] / "jamtui" / "config.toml").is_file()
        assert list((folders["DATA"] / "jamtui" / "jams").glob("small-*/mirror.sqlite"))
        assert not home.path.exists()
        assert exceptions(*(folder / "jamtui" for folder in folders.values() if (folder / "jamtui").exists())) == []
    else:
        assert (home.path / "config.toml").is_file()
        assert list(home.path.glob("jams/small-*/mirror.sqlite"))
        assert list(person.rglob("*")) == []


@pytest.mark.parametrize(
    "name",
    ["jams", "state", "credentials", "jams/JAM", "jams/JAM/jam.json", "jams/JAM/own.sqlite", "jams/JAM/mirror.sqlite",
     "jams/JAM/mirror.sqlite-wal", "jams/JAM/network.lock", "jams/last",
     "jams/JAM/store.seal", "jams/JAM/sign-in.lock"],
)  # fmt: skip
def test_a_link_in_the_place_of_a_file_is_never_followed(
    name: str, new_server: Callable[..., Server], new_home: Callable[..., Home], tmp_path: Path
) -> None:
    """What somebody put there who may write in the folder: the file that it points to stays as it was."""
    server, home = new_server(), new_home()
    home.login(server.url, "ana")
    home.jamtui("sync")
    (jam,) = home.path.glob("jams/small-*")
    place = home.path / name.replace("JAM", jam.name)
    target = tmp_path / "theirs"
    if place.is_dir():
        shutil.move(place, target)
    else:
        target.write_bytes(b"precious")
        place.unlink(missing_ok=True)
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(target)
    before = {path: path.read_bytes() for path in [target, *target.rglob("*")] if path.is_file()}
    ended: list[Any] = []
    for words in (("forums",), ("sync",), ("post", "--forum", "ideas", "--title", "t", "--body", "b"), ("doctor",)):
        code, _, told = zygote().run("jamtui", [*words], home.environment(), ROOT, "")
        assert "Traceback" not in told
        ended.append((code, told))
    after = {path: path.read_bytes() for path in [target, *target.rglob("*")] if path.is_file()}
    if name not in ("jams", "jams/JAM"):  # folders above the last one are the person's own business, and may be links
        assert after == before, ended
    assert any(code for code, _ in ended) or name in ("state", "jams"), ended
