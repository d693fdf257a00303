"""Reports of errors of our own: what is needed to find the fault, and nothing that a person wrote.

Types, files, lines and functions only: the words of an error may quote a post, a draft, a token or a password, and so
may local variables.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from jamtui.paths import PathError, make_private_dir, write_private

KEPT = 20  # the newest; older ones go


def write_report(folder: Path, error: BaseException, now: datetime) -> str:
    """Writes a report readable by this account alone (0600 in 0700); returns where, or why it is not there."""
    name = f"crash-{now:%Y%m%dT%H%M%S}-{now.microsecond:06d}-{os.getpid()}.txt"
    try:
        make_private_dir(folder)
        write_private(folder / name, _text(error, now).encode("utf-8", "backslashreplace"))
        for old in sorted(folder.glob("crash-*.txt"))[:-KEPT]:
            old.unlink(missing_ok=True)
    except PathError as failure:
        return f"it could not be written ({failure.title})"
    except OSError as failure:
        return f"it could not be written ({failure.strerror})"
    return str(folder / name)


def stopped(error: BaseException, where: str) -> str:
    """What a person is told when the program ended on ``error``: what happened, and what to do."""
    return f"jamtui stopped on an error of its own ({type(error).__name__}).\n{advice(where)}"


def advice(where: str) -> str:
    """What to do after an error of our own, whose report is at ``where``."""
    return (
        "What you wrote is safe on the disk.\n"
        f"A report that holds no texts and no secrets: {where}\n"
        "Start jamtui again to go on where you were; please send us the report if it happens again."
    )


def _text(error: BaseException, now: datetime) -> str:
    import platform
    import traceback
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("jamtui")
    except PackageNotFoundError:
        number = "(not installed)"
    lines = [f"jamtui {number} on Python {platform.python_version()}, {now:%Y-%m-%dT%H:%M:%SZ}", ""]
    left: list[BaseException | None] = [error]
    seen: set[int] = set()
    while left:
        one = left.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        lines.append(f"{type(one).__module__}.{type(one).__qualname__}")
        lines += [f"  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(one.__traceback__)]
        left += [one.__context__, one.__cause__, *(one.exceptions if isinstance(one, BaseExceptionGroup) else ())]
        left += [held for held in vars(one).values() if isinstance(held, BaseException)]  # Textual's WorkerFailed
    return "\n".join(lines) + "\n"
