"""Files 0600 and folders 0700 whatever the umask; links and other people's files refused; nothing half written."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jamtui.paths import Home, PathError, make_private_dir, private_file, read_private, remove, write_private


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277, 0o777], ids=lambda mask: f"umask{mask:03o}")
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    old = os.umask(request.param)
    yield request.param
    os.umask(old)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_home_under_one_folder(tmp_path: Path) -> None:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path / "h")})
    assert home.config_file == tmp_path / "h" / "config.toml"
    assert home.jams == tmp_path / "h" / "jams"
    assert home.files == tmp_path / "h" / "files"
    assert home.state == tmp_path / "h" / "state"
    assert home.logs == tmp_path / "h" / "logs"
    assert not (tmp_path / "h").exists()


def test_home_of_the_operating_system() -> None:
    home = Home.from_env({"JAMTUI_HOME": ""})
    assert "jamtui" in str(home.config)
    assert home.jams.name == "jams"


def test_home_under_one_folder_needs_no_platformdirs() -> None:
    code = (
        "import sys; from jamtui.paths import Home; Home.from_env({'JAMTUI_HOME': '/x'});"
        "print('platformdirs' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_modes_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "a" / "b" / "c"
    make_private_dir(folder)
    make_private_dir(folder)
    assert [mode(p) for p in (folder, folder.parent, folder.parent.parent)] == [0o700] * 3
    private_file(folder / "db")
    private_file(folder / "db")
    write_private(folder / "json", b"1")
    write_private(folder / "json", b"2")
    assert [mode(folder / name) for name in ("db", "json")] == [0o600, 0o600]
    assert read_private(folder / "json") == b"2"
    assert sorted(p.name for p in folder.iterdir()) == ["db", "json"]


def test_files_of_sqlite_are_private_too(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        private_file(tmp_path / "db")
        db = sqlite3.connect(tmp_path / "db")
        db.execute("PRAGMA journal_mode=wal")
        db.execute("CREATE TABLE t (x)")
        assert {p.name: mode(p) for p in tmp_path.iterdir()} == {"db": 0o600, "db-wal": 0o600, "db-shm": 0o600}
        db.close()
    finally:
        os.umask(old)


def test_rights_that_others_have_are_taken_away(tmp_path: Path) -> None:
    for name in ("db", "json"):
        (tmp_path / name).write_bytes(b"x")
        (tmp_path / name).chmod(0o666)
    (tmp_path / "d").mkdir(mode=0o755)
    make_private_dir(tmp_path / "d")
    private_file(tmp_path / "db")
    assert read_private(tmp_path / "json") == b"x"
    assert (mode(tmp_path / "d"), mode(tmp_path / "db"), mode(tmp_path / "json")) == (0o700, 0o600, 0o600)
    assert (tmp_path / "db").read_bytes() == b"x"


def test_locks_of_an_open_database_survive(tmp_path: Path) -> None:
    """Opening and closing the file would drop this process's POSIX locks: another process could then write."""
    path = tmp_path / "db"
    private_file(path)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("CREATE TABLE t (x)")
    db.execute("BEGIN EXCLUSIVE")
    path.chmod(0o644)
    private_file(path)
    assert mode(path) == 0o600
    code = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('INSERT INTO t VALUES (1)')"
    other = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert "database is locked" in other.stderr
    db.close()


@pytest.mark.parametrize("dangling", [False, True])
def test_links_are_refused(tmp_path: Path, dangling: bool) -> None:
    target = tmp_path / "target"
    if not dangling:
        target.write_bytes(b"theirs")
    link = tmp_path / "link"
    link.symlink_to(target)
    for use in (private_file, read_private, lambda p: write_private(p, b"x"), make_private_dir):
        with pytest.raises(PathError, match="symbolic link") as caught:
            use(link)
        assert caught.value.hint
    assert link.is_symlink()
    assert not dangling or not target.exists()
    assert dangling or target.read_bytes() == b"theirs"


def test_a_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(PathError, match="symbolic link"):
        make_private_dir(tmp_path / "link")
    assert mode(tmp_path / "real") == 0o755


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for use in (private_file, read_private):
        for name in ("pipe", "folder"):
            with pytest.raises(PathError, match="no regular file"):
                use(tmp_path / name)
    (tmp_path / "file").touch()
    with pytest.raises(PathError, match="no folder"):
        make_private_dir(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file of somebody else")
def test_what_belongs_to_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    os.chown(tmp_path / "file", 12345, 12345)
    os.chown(tmp_path / "folder", 12345, 12345)
    for use in (private_file, read_private):
        with pytest.raises(PathError, match="somebody else"):
            use(tmp_path / "file")
    with pytest.raises(PathError, match="somebody else"):
        make_private_dir(tmp_path / "folder")


def test_what_is_not_there(tmp_path: Path) -> None:
    assert read_private(tmp_path / "nothing") is None
    assert read_private(tmp_path / "no" / "thing") is None
    remove(tmp_path / "nothing")
    with pytest.raises(PathError, match="No such file"):
        write_private(tmp_path / "no" / "thing", b"x")


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    """A full disk, by the limit that the kernel puts on the size of files."""
    path = tmp_path / "f"
    write_private(path, b"old")
    code = (
        "import resource, signal, sys; from pathlib import Path; from jamtui.paths import write_private, PathError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_private(Path(sys.argv[1]), b'x' * 5000)\n"
        "except PathError as error: print(error.title)"
    )
    found = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "File too large" in found.stdout
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_killed_at_any_moment_the_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_private(path, b"0" * 200_000)
    code = (
        "import sys, itertools; from pathlib import Path; from jamtui.paths import write_private\n"
        "print('go', flush=True)\n"
        "for n in itertools.count(): write_private(Path(sys.argv[1]), str(n % 10).encode() * 200_000)"
    )
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            for _ in range(50):
                read = read_private(path)
                assert read is not None
                assert (len(read), len(set(read))) == (200_000, 1)
            writer.kill()
        read = read_private(path)
        assert read is not None
        assert (len(read), len(set(read))) == (200_000, 1)
