"""A token from a command of the person's own (``token_command`` in ``config.toml``): a password manager, a vault, a
helper of the organisation.

The command is run without a shell and without a terminal, in its own process group, for at most 20 s; of what it says
64 KiB are read. The first line of its standard output is the token, which is kept in memory alone. It runs when a token
is first needed, and once more when the server refuses the one that it gave.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Final

from jamtui import config
from jamtui.credentials import TOKEN_VARIABLE, Secret
from jamtui.errors import NotSignedIn
from jamtui.paths import Home
from jamtui.safe_text import safe_line

JAM_VARIABLE: Final = "JAMTUI_JAM"  # in the command's environment: the address of the server that the token is for
STORE: Final = "command"  # how a Jam that is signed in to by one is marked
LIMIT: Final = 20.0  # seconds
_MOST: Final = 64 << 10  # bytes of each of its two streams
_SHOWN: Final = 200  # characters of what it complained about


def words_for(home: Home, origin: str) -> tuple[str, ...]:
    """The command for this server: its own, else the one for all; () when there is none. Raises `ConfigError`."""
    chosen = config.load(home)
    for entry in chosen.token_commands:
        if entry.name.rstrip("/").lower() == origin:
            return tuple(entry.value) if config.is_command(entry.value) else ()
    return tuple(chosen.token_command)


def secret_for(home: Home, origin: str, environ: Mapping[str, str]) -> Secret:
    """Runs the command. Blocks. Raises `NotSignedIn` with what went wrong."""
    words = words_for(home, origin)
    if not words:
        raise NotSignedIn(
            f"no token_command for {origin} is in {home.config_file}",
            "Put it there again, or sign in with jamtui login.",
        )
    return Secret(run(words, origin, environ))


def run(words: Sequence[str], origin: str, environ: Mapping[str, str], limit: float = LIMIT) -> str:
    """The first line that the command prints."""
    name = safe_line(os.path.basename(words[0]), 40)  # noqa: PTH119 - of a word, which need not be a path
    env = {key: value for key, value in environ.items() if key != TOKEN_VARIABLE} | {JAM_VARIABLE: origin}
    try:
        process = subprocess.Popen(  # noqa: S603 - the person's own command, without a shell
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            start_new_session=True,  # no terminal to ask on, which is jamtui's; and one group to end
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it cannot be run"
        raise NotSignedIn(f"the token_command {name} cannot be started: {why}", "Look at it in config.toml.") from None
    out, complaint = None, b""
    with process:
        try:
            out, complaint = _read(process, time.monotonic() + limit)
        finally:
            if out is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    if out is None:
        raise NotSignedIn(
            f"the token_command {name} did not end within {limit:g} seconds, or said too much",
            "It must print the token without asking anything on the terminal.",
        )
    token = out.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    if process.returncode:
        said = complaint.decode("utf-8", "replace").strip()
        said = safe_line(said.replace(token, "…") if token else said, _SHOWN)
        raise NotSignedIn(
            f"the token_command {name} ended with code {process.returncode}", f"It says: {said}" if said else ""
        )
    if not token:
        raise NotSignedIn(f"the token_command {name} printed nothing", "Its first line must be the token.")
    return token


def _read(process: subprocess.Popen[bytes], end: float) -> tuple[bytes | None, bytes]:
    """Both streams to their end, and the process's; None for the first when it took too long, or was too long."""
    assert process.stdout is not None  # noqa: S101 - both are pipes
    assert process.stderr is not None  # noqa: S101
    read = {process.stdout: bytearray(), process.stderr: bytearray()}
    with selectors.DefaultSelector() as waiting:
        for stream in read:
            waiting.register(stream, selectors.EVENT_READ)
        while waiting.get_map():
            left = end - time.monotonic()
            ready = waiting.select(left) if left > 0 else []
            if not ready:
                return None, b""
            for key, _ in ready:
                piece = os.read(key.fd, 65_536)
                held = read[key.fileobj]  # type: ignore[index]
                held += piece
                if not piece:
                    waiting.unregister(key.fileobj)
                elif len(held) > _MOST:
                    return None, b""
    try:
        process.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        return None, b""
    return bytes(read[process.stdout]), bytes(read[process.stderr])
