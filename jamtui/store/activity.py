"""How busy each forum was over the time of the Jam: posts in equal stretches of time, for a sparkline.

Posts are numbered in the order in which the server took them, so a moment is found among them by halving, and the
counts come from the index of forums alone: no post is read but those few.
"""

from __future__ import annotations

from datetime import datetime

import apsw

STRETCHES = 16
SAMPLE = 8_000  # of more posts than this, every second, third ... is counted: the shape is the same


def activity(
    db: apsw.Connection, start: datetime, end: datetime, stretches: int = STRETCHES
) -> dict[str, tuple[int, ...]]:
    """Posts of each forum (by its id) in each of ``stretches`` parts of the time from ``start`` to ``end``."""
    first, last = int(start.timestamp() * 1000), int(end.timestamp() * 1000)
    found: dict[str, list[int]] = {
        str(forum_id): [0] * stretches for (forum_id,) in db.execute("SELECT id FROM forums")
    }
    top = next(iter(db.execute("SELECT coalesce(max(n), 0) FROM posts")))[0]
    if last <= first or not top:
        return {forum_id: tuple(counts) for forum_id, counts in found.items()}
    every = max(1, int(top) // SAMPLE)
    ends = [_before(db, first + (last - first) * part // stretches, int(top)) for part in range(1, stretches)]
    cases = " ".join(f"WHEN p.n <= {number} THEN {part}" for part, number in enumerate(ends))
    counted = db.execute(
        "SELECT f.id, x.part, x.posts FROM forums f JOIN ("
        f"SELECT p.forum, CASE {cases} ELSE {stretches - 1} END AS part, count(*) AS posts"
        f" FROM posts p WHERE p.gone = 0 AND p.n % {every} = 0 GROUP BY 1, 2) x ON x.forum = f.n"
    )
    for forum_id, part, posts in counted:
        found[str(forum_id)][part] = int(posts) * every
    return {forum_id: tuple(counts) for forum_id, counts in found.items()}


def _before(db: apsw.Connection, moment: int, top: int) -> int:
    """The number of the last post made before ``moment`` (milliseconds since 1970); 0 when there is none."""
    low, high = 0, top
    while low < high:
        middle = (low + high + 1) // 2
        row = next(iter(db.execute("SELECT created FROM posts WHERE n >= ? ORDER BY n LIMIT 1", (middle,))))
        if int(row[0]) < moment:
            low = middle
        else:
            high = middle - 1
    return low
