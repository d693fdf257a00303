"""Where jamtui keeps its things, and how a file is made so that nobody else can read it or point it elsewhere.

Files are 0600 and folders 0700 whatever the umask (promise 12). A symbolic link in the last component is refused: it
would let somebody who may write in the folder choose which file is written. Folders above it are the person's own
business, and may be links.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from jamtui.errors import JamError

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)  # not on Windows, where making a link takes a right of its own
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
_POSIX = os.name == "posix"
_TEMPORARY = ".jamtui-"  # how the names of half-written files begin


class PathError(JamError):
    """A file or folder that cannot be used as it is: a link, somebody else's, no permission, a full disk."""


class Home(Struct, frozen=True):
    """The four folders. Nothing is created by asking for one."""

    config: Path
    data: Path
    state: Path
    logs: Path

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Home:
        """All under ``JAMTUI_HOME`` when that is set; else where the operating system wants such things."""
        if root := environ.get("JAMTUI_HOME", ""):
            home = Path(root).expanduser().absolute()
            return cls(config=home, data=home, state=home / "state", logs=home / "logs")
        import platformdirs  # not needed with JAMTUI_HOME

        dirs = platformdirs.PlatformDirs("jamtui", appauthor=False)
        return cls(
            config=dirs.user_config_path, data=dirs.user_data_path, state=dirs.user_state_path, logs=dirs.user_log_path
        )

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def jams(self) -> Path:
        """One folder a Jam: its mirror, and what is one's own."""
        return self.data / "jams"

    @property
    def files(self) -> Path:
        """Indexes of archive files that were opened."""
        return self.data / "files"


def make_private_dir(path: Path) -> None:
    """``path`` as a folder of mode 0700 of this person; folders above it are made 0700 too where they are missing."""
    missing = []
    above = path.parent
    while not above.exists():
        missing.append(above)
        above = above.parent
    with _told(path):
        for folder in [*reversed(missing), path]:
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                folder.chmod(0o700)  # an umask may have taken away even the owner's rights
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            raise _link(path)
        if not stat.S_ISDIR(found.st_mode):
            raise PathError(f"{path} is no folder", "Move it away, or set JAMTUI_HOME to another place.")
        _check_owner(path, found)
        if _POSIX and stat.S_IMODE(found.st_mode) != 0o700:
            # By descriptor, so that what was looked at is what is changed.
            descriptor = os.open(path, os.O_RDONLY | _NOFOLLOW | _DIRECTORY)
            try:
                os.fchmod(descriptor, 0o700)
            finally:
                os.close(descriptor)


def private_file(path: Path) -> None:
    """Makes ``path`` an empty file of mode 0600 if there is none, and 0600 if there is one.

    For files that a library opens by name afterwards: SQLite gives its -wal and -shm files the mode of the database.
    A file that is there is looked at but never opened: closing it would drop the locks (POSIX) that this process holds
    on it through SQLite, and with them the protection of the database.
    """
    with _told(path):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o600)
        except FileExistsError:
            found = path.lstat()
            _check_file(path, found)
            if _POSIX and stat.S_IMODE(found.st_mode) != 0o600:
                path.chmod(0o600)
        else:
            try:
                if _POSIX:
                    os.fchmod(descriptor, 0o600)
            finally:
                os.close(descriptor)


def write_private(path: Path, data: bytes) -> None:
    """Writes ``path`` whole or not at all, mode 0600: what was there stays until the new bytes are on disk."""
    with _told(path):
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISLNK(path.lstat().st_mode):
                raise _link(path)
        temporary = path.with_name(f"{_TEMPORARY}{os.urandom(8).hex()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                if _POSIX:
                    os.fchmod(file.fileno(), 0o600)  # an umask may have taken away even the owner's rights
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_dir(path.parent)


def read_private(path: Path) -> bytes | None:
    """What `write_private` wrote; None when there is no such file. Links and files of somebody else are refused, rights
    of others taken away."""
    with _told(path):
        try:
            descriptor = os.open(path, os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0))
        except FileNotFoundError:
            return None
        try:
            found = os.fstat(descriptor)
            _check_file(path, found)
            if _POSIX and stat.S_IMODE(found.st_mode) != 0o600:
                os.fchmod(descriptor, 0o600)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read()
        finally:
            os.close(descriptor)


def refuse_link(path: Path) -> None:
    """Raises `PathError` for a symbolic link; what is not there is no error."""
    with contextlib.suppress(OSError):
        if stat.S_ISLNK(path.lstat().st_mode):
            raise _link(path)


def remove(path: Path) -> None:
    """Removes a file (a link itself, never what it points to); none there is no error."""
    with _told(path):
        path.unlink(missing_ok=True)
        _sync_dir(path.parent)


def _check_file(path: Path, found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise _link(path)
    if not stat.S_ISREG(found.st_mode):
        raise PathError(f"{path} is no regular file", "Move it away, and try again.")
    _check_owner(path, found)


def _check_owner(path: Path, found: os.stat_result) -> None:
    if _POSIX and found.st_uid != os.geteuid():
        raise PathError(f"{path} belongs to somebody else", "Set JAMTUI_HOME to a folder of your own.")


def _link(path: Path) -> PathError:
    return PathError(f"{path} is a symbolic link", "Put the file or folder itself there, or set JAMTUI_HOME.")


def _sync_dir(folder: Path) -> None:
    """Makes a rename last through a power cut. Windows cannot, and does not need to."""
    if not _POSIX:
        return
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY | _DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """What the operating system says, in words and with a way out."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _link(path) from None
        hint = "Set JAMTUI_HOME to a folder of your own."
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "Free some space: nothing that was there is lost."
        raise PathError(f"{path}: {error.strerror or error}", hint) from None
