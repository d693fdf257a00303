"""Reports: a person tells the moderators of a post. Private to who reported and to moderators.

The reports about one post are decided together.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from jamserver import notices, posts
from jamserver.allowed import Act, require_allowed
from jamserver.db import row, rows, value
from jamserver.log import Tx
from jamserver.objects import Fields, decode, encode
from jamserver.posts import Actor
from jamserver.problems import Problem, invalid, later
from jamserver.standing import Newcomers
from jamserver.wire import NewReport, clean_text
from jamtui.archive import rfc3339

DAY = timedelta(hours=24)
_OPEN_OF = "SELECT 1 FROM reports WHERE person_id = ? AND post_id = ? AND state = 'open'"


def make(
    tx: Tx, actor: Actor, report_id: str, new: NewReport, most: int, newcomers: Newcomers | None = None
) -> tuple[bytes, bool]:
    """(the report, whether it is new). The same again is answered. ``most`` of a person in 24 hours.

    Raises 404, 409 ``id_taken``, ``post_gone``, ``report_taken`` (an open one of this person about this post), 422,
    429.
    """
    note = clean_text(new.note).strip()
    there = row(tx.db, "SELECT person_id, data FROM reports WHERE id = ?", (report_id,))
    if there is not None:
        fields = decode(there[1])
        same = (there[0], fields["post_id"], fields["reason"], fields.get("note", ""))
        if same == (actor.person_id, new.post_id, new.reason, note):
            return bytes(there[1]), False
        raise Problem("id_taken", "Another report has this id. Take a new one.")
    require_allowed(tx, actor, Act.REPORTS)
    post = posts.get(tx.db, new.post_id)
    if post.author_id == actor.person_id:
        raise invalid("/post_id", "This post is your own.")
    posts.require_there(post)
    if row(tx.db, _OPEN_OF, (actor.person_id, post.id)):
        raise Problem("report_taken", "You reported this post already; moderators see it.")
    _require_room(tx, actor.person_id, most)
    if newcomers is not None:
        newcomers.check_reports(tx, actor.person_id)
    fields = {"id": report_id, "post_id": post.id, "reason": new.reason, "state": "open"}
    if note:
        fields["note"] = note
    data = encode(fields | {"created_at": rfc3339(tx.now)})
    tx.db.execute(
        "INSERT INTO reports(id, post_id, person_id, state, data) VALUES (?, ?, ?, 'open', ?)",
        (report_id, post.id, actor.person_id, data),
    )
    return data, True


def _require_room(tx: Tx, person_id: str, most: int) -> None:
    """Raises 429. Who made so many in a day buries what others report."""
    sql = "SELECT data FROM reports WHERE person_id = ? ORDER BY n DESC LIMIT 1 OFFSET ?"
    raw = value(tx.db, sql, (person_id, most - 1))
    if raw is None:
        return
    again = datetime.fromisoformat(str(decode(raw)["created_at"])) + DAY
    if again > tx.now:
        words = f"You reported {most} posts within a day. Moderators look at them; tell them of more tomorrow."
        raise later("rate_limited", words, (again - tx.now).total_seconds())


def find(tx: Tx, report_id: str) -> tuple[str, str, bytes]:
    """(post id, state, report). Raises 404."""
    found = row(tx.db, "SELECT post_id, state, data FROM reports WHERE id = ?", (report_id,))
    if found is None:
        raise Problem("not_found", "There is no such report.")
    return found[0], found[1], bytes(found[2])


def decide(tx: Tx, post_id: str, state: str, act: str = "") -> list[str]:
    """All open reports about a post are ``acted`` or ``dismissed``; who reported is told what became of it. Returns
    their ids."""
    sql = "SELECT id, person_id FROM reports WHERE post_id = ? AND state = 'open' ORDER BY n"
    found = list(rows(tx.db, sql, (post_id,)))
    _set(tx, (report_id for report_id, _ in found), state)
    for _, person_id in found:
        notices.tell(tx, person_id, "report", post_id=post_id, state=state, act=act)
    return [report_id for report_id, _ in found]


def reopen(tx: Tx, report_ids: object) -> None:
    """They wait for a decision again, which who reported is told, as they were told the one that does not hold."""
    for report_id in map(str, report_ids) if isinstance(report_ids, list) else ():
        found = row(tx.db, "SELECT person_id, post_id FROM reports WHERE id = ?", (report_id,))
        if found is None or row(tx.db, _OPEN_OF, found):  # who reported it again since waits already, once
            continue
        _set(tx, (report_id,), "open")
        notices.tell(tx, found[0], "report", post_id=found[1], state="open")


def _set(tx: Tx, report_ids: Iterable[str], state: str) -> None:
    for report_id in list(report_ids):
        found = row(tx.db, "SELECT data FROM reports WHERE id = ?", (report_id,))
        if found is None:  # who reported has left since, and their reports with them
            continue
        fields: Fields = decode(found[0]) | {"state": state}
        tx.db.execute(
            "UPDATE reports SET state = ?, data = ? WHERE id = ?", (state, msgspec.json.encode(fields), report_id)
        )
