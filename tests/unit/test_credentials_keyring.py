"""The keyring for real: a gnome-keyring on a bus of its own, and a secret service that never answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MISSING = [name for name in ("dbus-run-session", "dbus-daemon") if shutil.which(name) is None]
needs_dbus = pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)} (Debian: dbus)")
needs_gnome_keyring = pytest.mark.skipif(
    shutil.which("gnome-keyring-daemon") is None, reason="needs gnome-keyring-daemon (Debian: gnome-keyring)"
)

USE = """
from datetime import UTC, datetime
from jamtui.credentials import Secret, open_store
from jamtui.paths import Home

home = Home.from_env({"JAMTUI_HOME": "/nowhere"})
ana, ben = "https://ana.example", "https://ben.example"
secret = Secret("canary-access", "canary-refresh", datetime(2026, 1, 2, tzinfo=UTC))

def store():
    return open_store("keyring", home=home, environ={})

"""

ROUND_TRIP = """
store().check()
assert store().load(ana) is None
store().delete(ana)
store().save(ana, Secret("first"))
store().save(ana, secret)
store().save(ben, Secret("b"))
assert store().load(ana) == secret
store().delete(ana)
assert store().load(ana) is None
assert store().load(ben) == Secret("b")
print("kept, read back, deleted")
"""

REFUSED = """
from jamtui.credentials import NoStore
one = store()
for use in (one.check, lambda: one.save(ana, secret), lambda: one.load(ana), lambda: one.delete(ana)):
    try:
        use()
    except NoStore as error:
        print(error)
    else:
        raise SystemExit("no refusal")
"""

LOCK = """
import secretstorage
secretstorage.get_default_collection(secretstorage.dbus_init()).lock()
"""

# As `seahorse` does it: an entry that a person removes by hand.
REMOVE = """
import secretstorage
for item in secretstorage.get_default_collection(secretstorage.dbus_init()).get_all_items():
    item.delete()
"""

# Owns the name of the secret service, reads every call and answers none.
MUTE = """
import sys
from jeepney import DBusAddress, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

bus = open_dbus_connection()
reply = bus.send_and_get_reply(message_bus.RequestName("org.freedesktop.secrets", 4))
assert reply.body == (1,), reply.body
with open(3, "w") as ready:
    print("owner", file=ready)
while True:
    print("unanswered", bus.receive().header.message_type, flush=True)
"""


def on_a_bus(script: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a shell script with a session bus and a HOME of its own."""
    folders = {f"XDG_{name}_HOME": str(home / name) for name in ("CONFIG", "DATA", "CACHE", "STATE")}
    (home / "run").mkdir(mode=0o700)
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "PYTHON": sys.executable,
        **folders, **more,
    }  # fmt: skip
    return subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script],
        env=environ,
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@needs_dbus
@needs_gnome_keyring
def test_gnome_keyring_keeps_reads_back_and_deletes(tmp_path: Path) -> None:
    script = """
        printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null
        "$PYTHON" -c "$USE"
    """
    found = on_a_bus(script, tmp_path, USE=USE + ROUND_TRIP)
    assert found.stdout.strip() == "kept, read back, deleted", found.stderr
    kept = [path.read_bytes() for path in tmp_path.rglob("*.keyring")]
    assert kept
    assert not any(b"canary" in data for data in kept)


@needs_dbus
@needs_gnome_keyring
def test_a_locked_keyring_refuses_and_an_entry_that_was_removed_is_none(tmp_path: Path) -> None:
    """On one bus, to save time: every library's log is on, and holds no secret."""
    script = """
        printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null
        "$PYTHON" -c "$USE$SAVE" && "$PYTHON" -c "$REMOVE" && "$PYTHON" -c "$USE$GONE"
        "$PYTHON" -c "$USE$SAVE" && "$PYTHON" -c "$LOCK" && "$PYTHON" -c "$USE$REFUSED"
    """
    log = "import logging, sys\nlogging.basicConfig(level=logging.DEBUG, stream=sys.stderr)\nlogging.debug('loud')\n"
    found = on_a_bus(
        script, tmp_path, USE=USE + log, SAVE="store().save(ana, secret)", LOCK=LOCK, REMOVE=REMOVE, REFUSED=REFUSED,
        GONE="assert store().load(ana) is None\nstore().delete(ana)\nprint('gone')",
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    first, *refusals = found.stdout.splitlines()
    assert first == "gone"
    assert len(refusals) == 4
    for line in refusals:
        assert line.startswith("The keyring is locked")
        assert "--store file" in line
        assert "JAMTUI_TOKEN" in line
    assert "canary" not in found.stdout + found.stderr
    assert "DEBUG:root:loud" in found.stderr


@needs_dbus
def test_a_secret_service_that_never_answers_is_refused(tmp_path: Path) -> None:
    script = """
        mkfifo "$HOME/ready"
        "$PYTHON" -c "$MUTE" >"$HOME/calls" 3>"$HOME/ready" & mute=$!
        read owner <"$HOME/ready" && "$PYTHON" -c "$USE"
        status=$?
        kill $mute
        exit $status
    """
    found = on_a_bus(script, tmp_path, USE=USE + REFUSED, MUTE=MUTE)
    assert found.returncode == 0, found.stderr
    lines = found.stdout.splitlines()
    assert len(lines) == 4
    for line in lines:
        assert line.startswith("The keyring did not answer within 3 seconds")
        assert "--store file" in line
        assert "JAMTUI_TOKEN" in line
        assert "canary" not in line
    assert "unanswered" in (tmp_path / "calls").read_text()


@needs_dbus
def test_a_bus_without_a_secret_service_has_no_keyring(tmp_path: Path) -> None:
    config = tmp_path / "bus.conf"
    config.write_text(
        '<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><policy context="default">'
        '<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>'
    )
    script = 'exec dbus-run-session --config-file="$CONF" -- "$PYTHON" -c "$USE"'
    found = on_a_bus(script, tmp_path, USE=USE + REFUSED, CONF=str(config))
    assert found.returncode == 0, found.stderr
    assert all(line.startswith("There is no keyring on this machine") for line in found.stdout.splitlines())
    assert len(found.stdout.splitlines()) == 4
