"""Where the secret of a sign-in is kept, one entry for each account.

    keyring   the operating system's: Secret Service, KWallet, macOS Keychain, Windows Credential Locker. Only when it
              answers within 3 s and gives back what was written; never a package that falls back to a plain file
    file      a file of mode 0600 in the data folder; only when the person asked for it (``--store file``)
    env       ``JAMTUI_TOKEN``: read, never written anywhere
    command   a command of the person's own prints it (`jamtui.token_command`): never written anywhere
    none      nothing is kept (guests)

A token in ``JAMTUI_TOKEN`` wins over every store: ask `environment_secret` first.
"""

from __future__ import annotations

import configparser
import contextlib
import hashlib
import importlib
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import msgspec

from jamtui.errors import JamError, NotSignedIn
from jamtui.paths import Home, PathError, make_private_dir, read_private, refuse_link, remove, write_private

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

TOKEN_VARIABLE: Final = "JAMTUI_TOKEN"  # noqa: S105 - the name of a variable
KINDS: Final = ("keyring", "file", "env", "command", "none")

_SERVICE: Final = "jamtui"
_LIMIT: Final = 3.0  # seconds for one operation on a keyring, from looking for it to reading back
_BY_OPTION: Final = "with --store file (a file that only you can read)"
_BY_CHOICE: Final = "with the choice of a file that only you can read"
_WAYS_OUT: Final = f"Sign in again {_BY_OPTION}, or set {TOKEN_VARIABLE}, which is never stored."
_UNLOCK: Final = f"Unlock it where you sign in to this machine. Or: {_WAYS_OUT[0].lower()}{_WAYS_OUT[1:]}"
_LOCKED: Final = ("KeyringLocked", "InitError")  # keyring's errors when nobody answers its question for a password

# The only ones that are taken, in this order. keyring would also choose by itself: one that forgets (null), one that
# always fails, a chain of several, or a plain-text file that some other package brought.
_BACKENDS: Final[dict[str, tuple[str, ...]]] = {
    "darwin": ("keyring.backends.macOS.Keyring",),
    "win32": ("keyring.backends.Windows.WinVaultKeyring",),
    "": (
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.kwallet.DBusKeyringKWallet4",
    ),
}

T = TypeVar("T")


class NoStore(NotSignedIn):
    """The store cannot keep or give a secret; the hint names the ways out."""

    def where_it_is_asked(self) -> NoStore:
        """The same for the sign-in on the screen and in plain mode, where a file is a choice and no option."""
        return NoStore(self.title, self.hint.replace(_BY_OPTION, _BY_CHOICE))


class Secret(msgspec.Struct, frozen=True):
    """What a sign-in gave. ``expires_at`` is when the access token ends, as far as that is known."""

    access_token: str
    refresh_token: str | None = None
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Secret(hidden, expires_at={self.expires_at})"

    def __str__(self) -> str:
        return repr(self)

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("expires_at", self.expires_at)]


class CredentialStore(Protocol):
    """One place for secrets; ``account`` is who signed in where (`KnownJam.account`). All methods raise `NoStore` when
    it fails."""

    name: str  # for a person: "keyring", "file"

    def check(self) -> None:
        """Raises `NoStore` when no secret could be kept here: to ask before an invite or a password is sent."""
        ...

    def save(self, account: str, secret: Secret) -> None: ...

    def load(self, account: str) -> Secret | None:
        """None when there is none, or when what is there is no secret of ours."""
        ...

    def delete(self, account: str) -> None:
        """Nothing there is no error."""
        ...


def environment_secret(environ: Mapping[str, str]) -> Secret | None:
    """The token of ``JAMTUI_TOKEN``, if it is set."""
    token = environ.get(TOKEN_VARIABLE, "").strip()
    return Secret(token) if token else None


def open_store(kind: str, *, home: Home, environ: Mapping[str, str]) -> CredentialStore:
    """The store of that kind (`KINDS`); nothing is touched before it is used."""
    match kind:
        case "keyring":
            return KeyringStore(environ)
        case "file":
            return FileStore(home)
        case "env":
            return EnvironmentStore(environ)
        case "none":
            return EnvironmentStore({})
    raise NoStore(f"There is no store {kind!r} for secrets", "Choose keyring or file.")


def _packed(secret: Secret) -> bytes:
    return msgspec.json.encode(secret)


def _unpacked(data: bytes) -> Secret | None:
    try:
        return msgspec.json.decode(data, type=Secret)
    except ValueError:
        return None


class EnvironmentStore:
    """``JAMTUI_TOKEN``, which is never stored."""

    name = "env"

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def check(self) -> None:
        raise NoStore(f"{TOKEN_VARIABLE} is read, never written", "Sign in with --store keyring or --store file.")

    def save(self, account: str, secret: Secret) -> None:
        self.check()

    def load(self, account: str) -> Secret | None:
        return environment_secret(self._environ)

    def delete(self, account: str) -> None:
        """There is nothing of ours to delete."""


class FileStore:
    """One file of mode 0600 for each account: two processes that refresh two accounts do not meet."""

    name = "file"

    def __init__(self, home: Home) -> None:
        self._folder = home.data / "credentials"

    def check(self) -> None:
        make_private_dir(self._folder)

    def save(self, account: str, secret: Secret) -> None:
        make_private_dir(self._folder)
        write_private(self._path(account), _packed(secret))

    def load(self, account: str) -> Secret | None:
        data = read_private(self._path(account)) if self._made() else None
        return None if data is None else _unpacked(data)

    def delete(self, account: str) -> None:
        if self._made():
            remove(self._path(account))

    def _made(self) -> bool:
        """Whether there is a folder. A symbolic link is refused: it would say whose secrets are read and deleted.

        As a store that gives nothing away, so that signing out goes on with all else.
        """
        try:
            refuse_link(self._folder)
        except PathError as error:
            raise NoStore(error.title, error.hint) from None
        return self._folder.is_dir()

    def _path(self, account: str) -> Path:
        return self._folder / f"{hashlib.sha256(account.encode()).hexdigest()[:32]}.json"


class KeyringStore:
    """The operating system's keyring, by one of the accepted backends."""

    name = "keyring"

    def __init__(self, environ: Mapping[str, str], limit: float = _LIMIT) -> None:
        self._environ = environ
        self._limit = limit
        self._backend: KeyringBackend | None = None
        self._silent = False

    def check(self) -> None:
        probe = "jamtui: may a secret be kept here?"

        def work() -> None:
            self._write(probe, "yes")
            self._found().delete_password(_SERVICE, probe)

        self._limited(work)

    def save(self, account: str, secret: Secret) -> None:
        text = _packed(secret).decode()

        def work() -> bool:
            new = self._found().get_password(_SERVICE, account) is None
            self._write(account, text)
            return new

        def late(new: bool) -> None:
            # Nobody knows of an entry that was not there before. One that is renewed is known, and better than spent.
            backend = self._found()
            if new and backend.get_password(_SERVICE, account) == text:
                backend.delete_password(_SERVICE, account)

        self._limited(work, late)

    def load(self, account: str) -> Secret | None:
        text = self._limited(lambda: self._found().get_password(_SERVICE, account))
        return None if text is None else _unpacked(text.encode())

    def delete(self, account: str) -> None:
        def work() -> None:
            backend = self._found()
            if backend.get_password(_SERVICE, account) is not None:
                backend.delete_password(_SERVICE, account)

        self._limited(work)

    def _write(self, account: str, text: str) -> None:
        backend = self._found()
        backend.set_password(_SERVICE, account, text)
        if backend.get_password(_SERVICE, account) != text:
            raise NoStore("The keyring does not give back what was written to it", _WAYS_OUT)

    def _found(self) -> KeyringBackend:
        """The first accepted backend that can work here. Asks the bus: may block, so only within `_limited`."""
        if self._backend is None:
            for name in self._accepted():
                module, _, cls = name.rpartition(".")
                backend = getattr(importlib.import_module(module), cls)
                if backend.viable:
                    self._backend = backend()
                    break
            else:
                raise NoStore("There is no keyring on this machine", _WAYS_OUT)
        return self._backend

    def _accepted(self) -> tuple[str, ...]:
        """Those of this platform; only the person's own choice when keyring was configured.

        A choice that is not accepted (``null`` is how a keyring is switched off) is a refusal, not a reason to take
        another.
        """
        names = _BACKENDS.get(sys.platform, _BACKENDS[""])
        chosen = self._environ.get("PYTHON_KEYRING_BACKEND") or _configured()
        if not chosen:
            return names
        if chosen not in names:
            raise NoStore("The keyring that Python is set to use is none that jamtui trusts", _WAYS_OUT)
        return (chosen,)

    def _limited(self, work: Callable[[], T], late: Callable[[T], None] | None = None) -> T:
        """``work`` in a thread of its own, for 3 s: a secret service that nobody unlocks never answers.

        A thread that hangs is left behind, and ends with the process. When its work is done after all, ``late`` gets
        what it returned, to undo it.
        """
        if self._silent:
            raise self._no_answer()
        for name in self._accepted():  # here, since a slow machine is no silent keyring
            importlib.import_module(name.rpartition(".")[0])
        answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

        deciding = threading.Lock()
        given_up = False  # read in the thread

        def run() -> None:
            value, failed = None, None
            try:
                value = work()
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                failed = error
            with deciding:
                if not given_up:
                    answers.put((value, failed))
                    return
            if late is not None and failed is None:
                # Nobody waits, and there is no screen to tell it on: the refusal has been told.
                with contextlib.suppress(Exception):
                    late(value)  # type: ignore[arg-type]  # there was no error, so this is what work() returned

        threading.Thread(target=run, name="keyring", daemon=True).start()
        try:
            value, error = answers.get(timeout=self._limit)
        except queue.Empty:
            with deciding:
                given_up = answers.empty()
            if given_up:
                self._silent = True
                raise self._no_answer() from None
            value, error = answers.get()
        if isinstance(error, JamError):
            raise error
        if error is not None:
            # Only the kind of the error: what a backend says might hold what it was given.
            if type(error).__name__ in _LOCKED:
                raise NoStore("The keyring is locked, and nobody could be asked to unlock it", _UNLOCK) from None
            raise NoStore(f"The keyring refused ({type(error).__name__})", _WAYS_OUT) from None
        return value  # type: ignore[return-value]  # there was no error, so this is what work() returned

    def _no_answer(self) -> NoStore:
        return NoStore(f"The keyring did not answer within {self._limit:g} seconds (is it locked?)", _WAYS_OUT)


def _configured() -> str:
    """The backend in the person's ``keyringrc.cfg``, without loading it; "" when there is none."""
    from keyring.util import platform_

    parser = configparser.RawConfigParser()
    try:
        parser.read(platform_.config_root() / "keyringrc.cfg", encoding="utf-8")
        return parser.get("backend", "default-keyring", fallback="").strip()
    except (configparser.Error, UnicodeDecodeError):
        raise NoStore("The configuration of Python's keyring is broken (keyringrc.cfg)", _WAYS_OUT) from None
