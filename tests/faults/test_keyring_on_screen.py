"""A keyring that is silent, missing or none that is trusted: nothing freezes, and everywhere stands what to do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import thread_id
from processes import LIMIT, ROOT, Home
from pty_terminal import Terminal

pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="needs dbus-daemon (Debian: dbus)")

# Owns the name of the secret service, reads every call and answers none.
MUTE = """
from jeepney import DBusAddress, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

bus = open_dbus_connection()
assert bus.send_and_get_reply(message_bus.RequestName("org.freedesktop.secrets", 4)).body == (1,)
print("owner", flush=True)
while True:
    bus.receive()
"""
CASES = {
    "silent": ({"PYTHON_KEYRING_BACKEND": ""}, "did not answer within 3 seconds"),
    "none": (
        {"PYTHON_KEYRING_BACKEND": "", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere/bus"},
        "There is no keyring",
    ),
    "forgetful": ({"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}, "none that jamtui trusts"),
    "plain text": ({"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring"}, "none that jamtui trusts"),
}


@pytest.fixture
def silent_bus() -> Iterator[str]:
    """The address of a bus on which the secret service never answers."""
    words = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as bus:
        assert bus.stdout is not None
        address = bus.stdout.readline().strip()
        env = {"DBUS_SESSION_BUS_ADDRESS": address, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen([sys.executable, "-c", MUTE], stdout=subprocess.PIPE, text=True, env=env) as mute:
            assert mute.stdout is not None
            assert mute.stdout.readline() == "owner\n"
            yield address
            mute.kill()
        bus.terminate()


@pytest.fixture
def signed_in(new_server: Callable[..., Any], new_home: Callable[..., Any]) -> Home:
    """Signed in with a keyring, which then went; mirrored, the server down."""
    server, home = new_server(), new_home()
    home.login(server.url, "ana")
    home.jamtui("sync")
    server.stop()
    (entry,) = home.path.glob("jams/*/jam.json")
    entry.write_text(json.dumps(json.loads(entry.read_text()) | {"store": "keyring"}))
    shutil.rmtree(home.path / "credentials")
    return home


def test_commands_and_screens_say_what_is_wrong_with_the_keyring(
    signed_in: Home, silent_bus: str, new_tui: Callable[..., Terminal], figure: Callable[[str], None], tmp_path: Path
) -> None:
    home = signed_in
    post = thread_id(0)
    for case, (env, words) in CASES.items():
        home.env.clear()
        home.env |= {"DBUS_SESSION_BUS_ADDRESS": silent_bus, "HOME": str(tmp_path)} | env
        # Commands: reading is not touched, what is written waits, whoever needs the secret is told what to do.
        assert home.rows("forums")
        told = [home.jamtui("reply", post, "--body", f"while it was {case}", code=3).stderr]
        if case == "none":
            status = home.jamtui("auth", "status", code=3)
            assert "you      @ana" in status.stdout
            told += [status.stderr, home.jamtui("sync", code=3).stderr]
        for text in told:
            assert words in text, case
            assert "--store file" in text
            assert "JAMTUI_TOKEN" in text
    assert len(home.rows("outbox")) == len(CASES)
    assert list(home.path.rglob("credentials/*")) == []

    # Plain mode, in lines from a pipe, does not wait for it either.
    home.env.clear()
    home.env |= {"DBUS_SESSION_BUS_ADDRESS": silent_bus, "HOME": str(tmp_path), "PYTHON_KEYRING_BACKEND": ""}
    plain = subprocess.run(
        [sys.executable, "-m", "jamtui", "--plain"], input="q\n", env=home.environment(), text=True,
        capture_output=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert plain.returncode == 0, plain.stderr
    assert "Ideas" in plain.stdout

    # The screen is there before the keyring has said anything, is used meanwhile, and then tells.
    tui = new_tui(home)
    tui.wait_for("Ideas")
    tui.press("enter")
    tui.wait_for("Thread 1")
    tui.wait_for("signed out")
    first, then = tui.output.find(b"Ideas"), tui.output.find(b"signed out")
    assert 0 <= first < then
    tui.press("\x11")
    assert tui.wait_end() == 0
    figure(f"promise 5: {len(CASES)} of {len(CASES)} keyrings that fail told by commands, 0 secrets kept, screen first")
