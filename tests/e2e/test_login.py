"""Signing in by the commands, as far as no organisation has a part in it."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable

from processes import LIMIT, ROOT, Home, Server


def invite_code(server: Server) -> str:
    return str(json.loads(server.admin("invite", "--json"))["code"])


def test_an_invite_code_from_standard_input(jam_server: Server, new_home: Callable[..., Home]) -> None:
    """So that it stands in no list of processes; once."""
    code = invite_code(jam_server)
    words = ("login", jam_server.url, "--invite", "--handle", "newcomer", "--store", "file")
    home = new_home()
    assert "there is no invite code on standard input" in home.jamtui(*words, code=2).stderr
    assert "as @newcomer" in home.jamtui(*words, stdin=f"{code}\n").stdout
    spent = new_home().jamtui(*words, stdin=f"{code}\n", code=3)
    assert code not in spent.stdout + spent.stderr


def test_a_code_alone_is_enough(jam_server: Server, new_home: Callable[..., Home]) -> None:
    """Where nobody can be asked for a handle one is made, and told: what ``jamserver invite`` prints is what
    ``jamtui login URL --invite CODE`` takes."""
    home = new_home()
    home.jamtui("login", jam_server.url, "--invite", invite_code(jam_server), "--store", "file")
    me = json.loads(home.jamtui("auth", "status", "--json").stdout)
    assert (me["role"], me["signed_in"]) == ("participant", True)
    assert me["handle"].startswith("jammer-")
    other = new_home()
    entered = other.jamtui("login", jam_server.url, "--invite", invite_code(jam_server), "--store", "file")
    theirs = json.loads(other.jamtui("auth", "status", "--json").stdout)["handle"]
    assert theirs != me["handle"]
    assert f"@{theirs}" in entered.stderr  # how else it would have been chosen


def test_a_token_that_the_server_does_not_take(jam_server: Server, new_home: Callable[..., Home]) -> None:
    """What is told is where the token came from, not to do again what was just done."""
    words = ("login", jam_server.url, "--token-stdin", "--store", "file")
    told = new_home().jamtui(*words, stdin="made-up\n", code=3).stderr
    assert "does not take this token" in told
    assert "jamserver person token" in told
    told = new_home(JAMTUI_TOKEN="made-up").jamtui("login", jam_server.url, code=3).stderr
    assert "JAMTUI_TOKEN holds" in told
    assert "made-up" not in told


def test_in_ci_nobody_is_waited_for(jam_server: Server, new_home: Callable[..., Home]) -> None:
    """A code of an organisation would stand in the log, and the job would wait for its end."""
    told = new_home(CI="true").jamtui("login", jam_server.url, code=2).stderr
    assert "JAMTUI_TOKEN" in told
    assert "CI is set" in told


def test_without_a_keyring_nothing_is_asked_first(jam_server: Server, new_home: Callable[..., Home]) -> None:
    """On a terminal: who has typed a password is not told afterwards that it cannot be kept."""
    home = new_home(PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "jamtui", "login", jam_server.url, "--handle", "ana"],
        stdin=theirs, stdout=theirs, stderr=theirs, env=home.environment(), cwd=ROOT, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        said = b""
        while b"JAMTUI_TOKEN" not in said:
            assert select.select([ours], [], [], LIMIT)[0], said
            said += os.read(ours, 4096)
            assert b"Password" not in said
        assert process.wait(LIMIT) == 3
    os.close(ours)
    assert b"--store file" in said
