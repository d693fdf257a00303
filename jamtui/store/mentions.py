"""Who is named in a text: ``@handle``, whatever the case, as a word of its own."""

from __future__ import annotations

import re

import apsw
import msgspec


class _Body(msgspec.Struct):
    body: str = ""


_BODY = msgspec.json.Decoder(_Body)


def mentions(
    db: apsw.Connection, handle: str, narrowed: str = "", values: tuple[object, ...] = (), *, after: int = 0
) -> list[int]:  # fmt: skip
    """Numbers of the posts whose text names ``@handle``; ``narrowed`` is a condition on ``p`` or ``w.rowid``, with
    ``values``, and ``after`` leaves only higher numbers."""
    if not handle:
        return []
    quoted = '"' + handle.replace('"', '""') + '"'
    # Asked of the index itself: a handle that is a common word stands in half of all posts.
    sql = f"SELECT p.n, p.raw FROM words w JOIN posts p ON p.n = w.rowid WHERE words MATCH ? AND w.rowid > ? {narrowed}"
    # @ana is not named by @anabel, @ana-lia or bob@ana.example; she is by "(@ana)" and "@ana."
    named = re.compile(rf"(?<![\w@.+-])@{re.escape(handle)}(?![\w@-]|\.\w)", re.IGNORECASE)
    return [
        int(n) for n, raw in db.execute(sql, (quoted, after, *values)) if named.search(_BODY.decode(bytes(raw)).body)
    ]
