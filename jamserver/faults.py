"""Errors of the server's own as the log has them: where they came from, and nothing that anybody sent."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

import apsw

from jamtui.safe_text import safe_line

_MOST = 10  # errors of a chain


def where(error: BaseException) -> str:
    """Types and lines, from the last error to the first: the words of an error may quote a post, a token or a password;
    those of the database and the disk do not."""
    told: list[str] = []
    one: BaseException | None = error
    while one is not None and len(told) < _MOST:
        words = f" ({safe_line(str(one), 200)})" if isinstance(one, (apsw.Error, OSError)) else ""
        frames = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in extract_tb(one.__traceback__)[::-1])
        told.append(f"{type(one).__name__}{words} in {frames}")
        one = one.__cause__ or one.__context__
    return "; after ".join(told)
