"""Forums as their hosts change them: title, brief, and who hosts. Runs inside one write (`jamserver.log.Tx`).

What a brief said before stays as a record of type ``brief`` in the log, snapshots and archives, so that hosts see off
line as well who changed what; of each forum the last few.
"""

from __future__ import annotations

import msgspec

from jamserver import objects, records
from jamserver.allowed import Act, require_allowed
from jamserver.db import Connection, rows, value
from jamserver.log import Tx
from jamserver.once import Written
from jamserver.posts import Actor
from jamserver.problems import Problem, invalid
from jamserver.wire import ForumEdit, clean_name, clean_text
from jamtui.archive import Forum, rfc3339
from jamtui.event import HOSTS

EARLIER = 10  # briefs of a forum that are kept beside the one that holds


def hosted_by(actor: Actor, forum: Forum) -> bool:
    """Whether somebody hosts a forum: moderators any; hosts those that name them, and those that name nobody. To be
    named without being a host here gives nothing."""
    return actor.moderates or (actor.hosts and (not forum.host_ids or actor.person_id in forum.host_ids))


def find(db: Connection, name: str) -> tuple[Forum, bytes]:
    """By id or slug. Raises 404."""
    raw = objects.find_forum(db, name)[1]
    return msgspec.json.decode(raw, type=Forum), raw


def require_host(db: Connection, actor: Actor, name: str) -> Forum:
    """The forum, which this person hosts. Raises 404, 403 ``forbidden``."""
    forum, _ = find(db, name)
    if not hosted_by(actor, forum):
        raise Problem("forbidden", "The hosts of this forum do that, and moderators.")
    return forum


def edit(tx: Tx, actor: Actor, name: str, change: ForumEdit, if_match: str | None) -> Written:
    """Another title, brief or set of hosts. What changes nothing raises no version.

    Raises 404, 403, 428 ``if_match_required``, 412 ``version_conflict``, 422.
    """
    forum = require_host(tx.db, actor, name)
    require_allowed(tx, actor, Act.STEERING)
    _require_version(forum, if_match)
    return _changed(tx, name, change, actor.person_id)


def set_up(tx: Tx, name: str, change: ForumEdit) -> Written:
    """The same by the organiser, who is nobody in the Jam: at any time, whatever the version is. Raises 404, 422."""
    return _changed(tx, name, change, None)


def _changed(tx: Tx, name: str, change: ForumEdit, by: str | None) -> Written:
    forum, raw = find(tx.db, name)
    fields = objects.decode(raw)
    before = dict(fields)
    if change.title is not msgspec.UNSET:
        title = clean_name(change.title)
        if not title:
            raise invalid("/title", "A forum has a title.")
        fields["title"] = title
    if change.brief is not msgspec.UNSET:
        fields["brief"] = clean_text(change.brief).strip()
    if change.host_ids is not msgspec.UNSET:
        hosts = _hosts(tx.db, change.host_ids)
        if hosts or "host_ids" in fields:
            fields["host_ids"] = hosts
    if fields == before:
        return Written(raw, forum.version, _seq(tx.db, forum.id))
    fields |= {"version": forum.version + 1, "edited_at": rfc3339(tx.now)}
    fields.pop("edited_by", None)
    if by is not None:
        fields["edited_by"] = by
    if fields.get("brief") != before.get("brief"):
        _keep(tx, forum.id, fields, before.get("brief", ""))
    data = objects.encode(fields)
    seq = tx.append("forum", forum.id, data)
    tx.db.execute("UPDATE forums SET data = ? WHERE id = ?", (data, forum.id))
    return Written(data, forum.version + 1, seq)


def _keep(tx: Tx, forum_id: str, after: objects.Fields, brief: object) -> None:
    """The brief that held until this change, with who made the change, and when (a later one may be of the title, and
    somebody else's); the oldest of too many goes, text and all."""
    kept: objects.Fields = {"id": f"{forum_id}.{after['version']}", "forum_id": forum_id, "brief": brief}
    kept |= {name: after[name] for name in ("version", "edited_by", "edited_at") if name in after}
    records.put(tx, "brief", str(kept["id"]), kept)
    sql = (
        "SELECT id FROM others WHERE type = 'brief' AND id >= ?1 || '.' AND id < ?1 || '/' "
        "AND json_extract(CAST(data AS TEXT), '$.gone') IS NULL ORDER BY seq DESC LIMIT -1 OFFSET ?2"
    )
    for (old,) in rows(tx.db, sql, (forum_id, EARLIER)):
        frame: objects.Fields = {"id": old, "forum_id": forum_id, "gone": True}
        tx.blank_record("brief", old, objects.encode(frame))
        records.put(tx, "brief", old, frame)


def _require_version(forum: Forum, if_match: str | None) -> None:
    if if_match is None:
        raise Problem("if_match_required", 'Send If-Match: "VERSION" with the version that you saw.')
    names = [one.strip() for one in if_match.split(",")]
    if "*" not in names and f'"{forum.version}"' not in names:
        detail = f"The forum is at version {forum.version} now."
        raise Problem("version_conflict", detail, headers={"ETag": f'"{forum.version}"'})


def _hosts(db: Connection, ids: tuple[str, ...]) -> list[str]:
    """Each once, in their order. Raises 422 for who is no host of the Jam."""
    found = list(dict.fromkeys(ids))
    for index, person_id in enumerate(ids):
        role = value(db, "SELECT role FROM people WHERE id = ?", (person_id,))
        if role not in HOSTS:
            raise invalid(f"/host_ids/{index}", "Hosts and moderators of the Jam host a forum.")
    return found


def _seq(db: Connection, forum_id: str) -> int:
    """The change that made the forum: what is known of one that is as it was."""
    seq: int = value(db, "SELECT seq FROM forums WHERE id = ?", (forum_id,))
    return seq
