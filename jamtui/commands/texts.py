"""Where the text of a post comes from: ``--body``, standard input, or an editor; and questions on a terminal."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from jamtui import config
from jamtui.commands.signals import while_asked
from jamtui.errors import JamError, UsageError
from jamtui.paths import Home, make_private_dir
from jamtui.safe_text import safe_line

_MOST = 1 << 20  # bytes of standard input or of a file; a post holds far less, and the limit is told by the session


def body_of(given: str | None, home: Home, environ: Mapping[str, str], start: str = "") -> str:
    """The text of ``--body``: itself, standard input for ``-``, else what an editor makes of ``start``."""
    if given == "-":
        return _decoded(sys.stdin.buffer.read(_MOST + 1), "standard input")
    if given is not None:
        return given
    return edited(start, home, environ)


def _decoded(raw: bytes, where: str) -> str:
    if len(raw) > _MOST:
        raise UsageError(f"{where} holds more than {_MOST:,} bytes", "A post is shorter than that.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{where} is not UTF-8 (byte {error.start + 1:,})", "Convert it first (iconv).") from None


def edited(start: str, home: Home, environ: Mapping[str, str]) -> str:
    """What the editor of the configuration, $VISUAL or $EDITOR makes of ``start``.

    The file is kept, and named, when the editor fails.
    """
    command = config.load(home).editor or environ.get("VISUAL") or environ.get("EDITOR")
    if not command:
        raise UsageError("there is no text to send", "Use --body TEXT, or --body - (standard input), or set EDITOR.")
    folder = home.state / "writing"
    make_private_dir(folder)
    descriptor, name = tempfile.mkstemp(".md", "post-", folder)
    path = Path(name)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(start)
    try:
        ended = subprocess.run([*shlex.split(command), name], check=False)  # noqa: S603 - the person's own editor
    except (OSError, ValueError) as error:
        path.unlink()
        raise UsageError(
            f"cannot start the editor {command}: {error}", "Check editor in config.toml, VISUAL and EDITOR."
        ) from None
    if ended.returncode:
        raise JamError(f"the editor ended with code {ended.returncode}", f"Nothing was sent; your text is in {path}.")
    with path.open("rb") as file:
        raw = file.read(_MOST + 1)
    try:
        text = _decoded(raw, "the file")
    except UsageError as error:
        raise UsageError(error.title, f"{error.hint} Your text is in {path}.") from None
    path.unlink()
    return text


def ask(question: str) -> str:
    """An answer from the terminal; the question goes to standard error."""
    with while_asked():  # before the question is seen, which may be answered by Ctrl-C at once
        sys.stderr.write(f"{safe_line(question)} ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
    if not answer:
        raise KeyboardInterrupt
    return answer.strip()


def on_terminal() -> bool:
    """Whether somebody is there who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
