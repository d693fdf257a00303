"""Writing on in an editor of one's own: $VISUAL or $EDITOR on a private file, with the terminal handed over."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from jamtui.errors import JamError
from jamtui.paths import make_private_dir


def write_outside(app: App[Any], text: str, folder: Path, editor: str = "") -> str:
    """``text`` as the editor left it: ``editor``, a command line, or what $VISUAL or $EDITOR says. The file stands in
    ``folder``, readable by this account alone, and is removed afterwards with what the editor put beside it.

    Raises `JamError` when there is no editor, it cannot be run, or it fails; the text in the composer is then as
    before, and what an editor that failed had written is kept where the error says.
    """
    wanted = editor or os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    try:
        command = shlex.split(wanted)
    except ValueError as error:
        raise JamError(f"the editor cannot be started: {wanted}", f"{error}".capitalize()) from None
    if not command:
        raise JamError("no editor is set", "Set editor in config.toml, $VISUAL or $EDITOR and start jamtui again")
    make_private_dir(folder)
    made = Path(tempfile.mkdtemp(dir=folder))  # 0700, and mkstemp makes 0600
    keep = False
    try:
        handle, name = tempfile.mkstemp(suffix=".md", dir=made)
        path = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        try:
            with app.suspend():
                done = subprocess.run([*command, name], check=False)  # noqa: S603 # the person's own editor
        except SuspendNotSupported:
            raise JamError("this terminal cannot be handed to an editor") from None
        except OSError as error:
            raise JamError(f"{command[0]} could not be run", error.strerror or "") from None
        written = path.read_text(encoding="utf-8", errors="replace").rstrip("\n") if path.exists() else None
        if done.returncode:
            keep = written not in (None, "", text.rstrip("\n"))
            hint = f"What it wrote is in {path}" if keep else "The text is as it was before"
            raise JamError(f"{command[0]} ended with {done.returncode}", hint)
        if written is None:
            raise JamError(f"{command[0]} left no file", "The text is as it was before")
        return written
    finally:
        if not keep:
            shutil.rmtree(made, ignore_errors=True)
