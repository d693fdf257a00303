"""Where secrets are kept: the stores without a keyring, and which keyrings are refused unseen."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.pretty import pretty_repr

from jamtui.credentials import KeyringStore, NoStore, Secret, environment_secret, open_store
from jamtui.errors import JamError
from jamtui.paths import Home

CANARY = "canary-5ec3e7"
SECRET = Secret(f"{CANARY}-access", f"{CANARY}-refresh", datetime(2026, 1, 2, tzinfo=UTC))
ANA, BEN = "https://ana.example", "https://ben.example"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.from_env({"JAMTUI_HOME": str(tmp_path / "home")})


def test_nothing_shows_a_secret() -> None:
    for shown in (repr(SECRET), str(SECRET), f"{SECRET}", f"{SECRET!r}", repr([SECRET]), f"{(SECRET,)}"):
        assert CANARY not in shown
        assert "hidden" in shown
    assert CANARY not in pretty_repr([SECRET])


def test_file_keeps_and_forgets(home: Home) -> None:
    store = open_store("file", home=home, environ={})
    assert store.load(ANA) is None
    store.delete(ANA)
    assert not home.data.exists()  # asking creates nothing
    store.check()
    store.save(ANA, SECRET)
    store.save(BEN, Secret("b"))
    again = open_store("file", home=home, environ={})
    assert again.load(ANA) == SECRET
    assert again.load(BEN) == Secret("b")
    again.delete(ANA)
    again.delete(ANA)
    assert store.load(ANA) is None
    assert store.load(BEN) == Secret("b")
    assert CANARY.encode() not in b"".join(p.read_bytes() for p in home.data.rglob("*") if p.is_file())


def test_file_is_private(home: Home) -> None:
    old = os.umask(0)
    try:
        open_store("file", home=home, environ={}).save(ANA, SECRET)
    finally:
        os.umask(old)
    paths = [home.data, *home.data.rglob("*")]
    assert {stat.S_IMODE(p.stat().st_mode) for p in paths if p.is_dir()} == {0o700}
    assert {stat.S_IMODE(p.stat().st_mode) for p in paths if p.is_file()} == {0o600}


@pytest.mark.parametrize("use", ["load", "delete"])
def test_a_folder_that_is_a_link_is_refused(home: Home, tmp_path: Path, use: str) -> None:
    store = open_store("file", home=home, environ={})
    store.save(ANA, SECRET)
    (home.data / "credentials").rename(tmp_path / "elsewhere")
    (home.data / "credentials").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NoStore, match="symbolic link"):  # by which a sign-out goes on with the rest
        getattr(store, use)(ANA)
    assert len(list((tmp_path / "elsewhere").iterdir())) == 1


class Slow:
    """A keyring that writes when the test lets it."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.go = threading.Event()

    def get_password(self, service: str, account: str) -> str | None:
        return self.held.get(account)

    def set_password(self, service: str, account: str, text: str) -> None:
        self.go.wait()
        self.held[account] = text

    def delete_password(self, service: str, account: str) -> None:
        del self.held[account]


@pytest.mark.parametrize("before", [{}, {ANA: "old"}])
def test_a_secret_that_is_written_after_the_refusal_is_deleted(before: dict[str, str]) -> None:
    store, backend = KeyringStore({}, limit=0.01), Slow()
    backend.held |= before
    store._backend = backend  # type: ignore[assignment]
    with pytest.raises(NoStore, match="did not answer"):
        store.save(ANA, SECRET)
    late = [thread for thread in threading.enumerate() if thread.name == "keyring"]
    backend.go.set()
    for thread in late:
        thread.join()
    # One that there was is known, and renewed: signing out finds it.
    assert (set(backend.held), backend.held.get(ANA) == "old") == (set(before), False)


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b'{"access_token":7}', b"\xff"])
def test_file_that_holds_something_else_is_no_secret(home: Home, junk: bytes) -> None:
    store = open_store("file", home=home, environ={})
    store.save(ANA, SECRET)
    (path,) = [p for p in home.data.rglob("*") if p.is_file()]
    path.write_bytes(junk)
    assert store.load(ANA) is None
    store.save(ANA, SECRET)
    assert store.load(ANA) == SECRET


def test_environment_is_read_and_never_written(home: Home) -> None:
    environ = {"JAMTUI_TOKEN": f" {CANARY}\n"}
    assert environment_secret(environ) == Secret(CANARY)
    assert environment_secret({"JAMTUI_TOKEN": " "}) is None
    store = open_store("env", home=home, environ=environ)
    assert store.load(ANA) == Secret(CANARY)
    with pytest.raises(NoStore, match="never written"):
        store.check()
    with pytest.raises(NoStore, match="never written"):
        store.save(ANA, SECRET)
    store.delete(ANA)
    assert store.load(ANA) == Secret(CANARY)
    assert open_store("none", home=home, environ=environ).load(ANA) is None
    assert not home.data.exists()


def test_a_kind_that_is_none(home: Home) -> None:
    with pytest.raises(NoStore, match="'vault'") as caught:
        open_store("vault", home=home, environ={})
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "backend",
    [
        "keyring.backends.null.Keyring",
        "keyring.backends.fail.Keyring",
        "keyring.backends.chainer.ChainerBackend",
        "keyrings.alt.file.PlaintextKeyring",
        "keyring.backends.macOS.Keyring" if sys.platform != "darwin" else "keyring.backends.SecretService.Keyring",
    ],
)
@pytest.mark.parametrize("how", ["environment", "keyringrc"])
def test_a_keyring_that_forgets_or_writes_plain_text_is_refused(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str, how: str
) -> None:
    environ = {}
    if how == "environment":
        environ["PYTHON_KEYRING_BACKEND"] = backend
    else:
        config = tmp_path / "config" / "python_keyring"
        config.mkdir(parents=True)
        (config / "keyringrc.cfg").write_text(f"[backend]\ndefault-keyring={backend}\n")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    store = open_store("keyring", home=home, environ=environ)
    with pytest.raises(NoStore, match="none that jamtui trusts") as caught:
        store.save(ANA, SECRET)
    assert "--store file" in caught.value.hint
    assert "JAMTUI_TOKEN" in caught.value.hint
    assert CANARY not in str(caught.value)


def test_a_broken_keyringrc_is_told(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config" / "python_keyring"
    config.mkdir(parents=True)
    (config / "keyringrc.cfg").write_bytes(b"no section\n\xff")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with pytest.raises(NoStore, match=r"keyringrc\.cfg"):
        open_store("keyring", home=home, environ={}).load(ANA)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a keyring")
def test_no_bus_no_keyring(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/nothing")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    store = open_store("keyring", home=home, environ={})
    uses: list[Callable[[], object]] = [
        store.check,
        lambda: store.save(ANA, SECRET),
        lambda: store.load(ANA),
        lambda: store.delete(ANA),
    ]
    for use in uses:
        with pytest.raises(JamError, match="no keyring on this machine") as caught:
            use()
        assert "--store file" in caught.value.hint


def test_keyring_is_not_imported_before_it_is_used() -> None:
    code = (
        "import sys; from jamtui.credentials import open_store; from jamtui.paths import Home;"
        "home = Home.from_env({'JAMTUI_HOME': '/nowhere'});"
        "[open_store(kind, home=home, environ={}) for kind in ('keyring', 'file', 'env', 'none')];"
        "print('keyring' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
