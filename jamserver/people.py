"""One's own data: the profile, all of it as one document, and leaving.

Who leaves ends their sign-ins. Their profile is blanked in every change that has it, as the text of a removed post is;
what stays is an id that says ``left``, under which their posts stand unless these are taken back first. Their handle is
given to nobody else for a while, so that no one is taken for them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from jamserver import objects, posts, records
from jamserver.accounts import millis
from jamserver.db import Connection, row, rows, value
from jamserver.log import Tx
from jamserver.objects import Fields, decode, encode
from jamserver.posts import Actor
from jamserver.problems import invalid
from jamserver.wire import ProfileEdit, clean_name, clean_text
from jamtui.archive import rfc3339

PIECE = 50  # posts, or votes, that are taken back in one write: others are written between two pieces
AGAIN = timedelta(
    hours=24
)  # until an issuer leads somebody who left to a new account: what a person may do is by the day
RESERVED = timedelta(days=180)  # for which a handle of somebody who left is given to nobody else
NAME_LEFT = "(left)"


def edit(tx: Tx, actor: Actor, change: ProfileEdit) -> tuple[bytes, int]:
    """Another profile; null, and what is empty, takes a field away. Returns the person and the change (0: none).
    Raises 401 ``token_unknown`` for who left, 422."""
    objects.require_account(tx.db, actor.person_id)
    before: bytes = value(tx.db, "SELECT data FROM people WHERE id = ?", (actor.person_id,))
    fields = decode(before)
    for name in ("org", "country", "about"):
        given = getattr(change, name)
        if given is not msgspec.UNSET:
            text = clean_text(given or "").strip() if name == "about" else clean_name(given or "")
            _set(fields, name, text.upper() if name == "country" and len(text) == 2 and text.isascii() else text)
    if change.languages is not msgspec.UNSET:
        _set(fields, "languages", list(dict.fromkeys(change.languages or ())))
    if change.name is not msgspec.UNSET:
        name = clean_name(change.name or "") or str(fields["handle"])
        if name.casefold() == NAME_LEFT:
            raise invalid("/name", "This is what people are called who left.")
        fields["name"] = name
        tx.db.execute("INSERT OR IGNORE INTO own_names VALUES (?)", (actor.person_id,))
    if encode(fields) == before:
        return before, 0
    return objects.put_person(tx, actor.person_id, decode(before), fields)


def _set(fields: Fields, name: str, given: str | list[str]) -> None:
    if given:
        fields[name] = given
    else:
        fields.pop(name, None)


def honour(tx: Tx, person_id: str, text: str) -> None:
    """Says who a guest of honour is; "" takes it away."""
    before = decode(value(tx.db, "SELECT data FROM people WHERE id = ?", (person_id,)))
    fields = dict(before)
    _set(fields, "honour", clean_name(text))
    objects.put_person(tx, person_id, before, fields)


# -- everything of one's own


def _documents(db: Connection, sql: str, person_id: str) -> list[msgspec.Raw]:
    return [msgspec.Raw(bytes(data)) for (data,) in rows(db, sql, (person_id,))]


def data(db: Connection, person_id: str, now: str) -> bytes:
    """All that the server has of one person, public and private, as one JSON document."""
    person: bytes = value(db, "SELECT data FROM people WHERE id = ?", (person_id,))
    suspended = row(db, "SELECT until, reason FROM suspensions WHERE person_id = ?", (person_id,))
    joined = value(db, "SELECT at FROM joined WHERE person_id = ?", (person_id,))
    tokens = "SELECT kind, max(expires) FROM tokens WHERE person_id = ? AND kind <> 'void' GROUP BY sign_in, kind"
    tags = "SELECT post_id, tag FROM post_tags WHERE person_id = ? ORDER BY post_id, tag"
    return msgspec.json.encode(
        {
            "made_at": now,
            "person": msgspec.Raw(person),
            "joined_at": _time(joined),
            "suspended": {"until": _time(suspended[0]), "reason": suspended[1]} if suspended else None,
            "posts": _documents(db, "SELECT data FROM posts WHERE author_id = ? ORDER BY seq", person_id),
            "hidden_posts": _documents(
                db,
                "SELECT h.data FROM hidden h JOIN posts p ON p.id = h.post_id WHERE p.author_id = ? ORDER BY p.seq",
                person_id,
            ),
            "tags": [{"post_id": post, "tag": tag} for post, tag in rows(db, tags, (person_id,))],
            "votes": [
                post for (post,) in rows(db, "SELECT post_id FROM votes WHERE person_id = ? ORDER BY 1", (person_id,))
            ],
            "ballots": dict(
                rows(db, "SELECT poll_id, choice FROM ballots WHERE person_id = ? ORDER BY 1", (person_id,))
            ),
            "reports": _documents(db, "SELECT data FROM reports WHERE person_id = ? ORDER BY n", person_id),
            "notices": _documents(db, "SELECT data FROM notices WHERE person_id = ? ORDER BY n", person_id),
            "moderated": _documents(db, "SELECT data FROM moderation WHERE by_id = ? ORDER BY n", person_id),
            "records": [
                {"type": kind, "data": msgspec.Raw(bytes(raw))}
                for kind, raw in rows(
                    db,
                    "SELECT type, data FROM others WHERE json_valid(CAST(data AS TEXT))"
                    " AND json_extract(CAST(data AS TEXT), '$.author_id') = ? ORDER BY seq",
                    (person_id,),
                )
            ],
            "sign_ins": [
                {"kind": kind, "expires_at": _time(expires)} for kind, expires in rows(db, tokens, (person_id,))
            ],
            "has_password": bool(value(db, "SELECT 1 FROM passwords WHERE person_id = ?", (person_id,))),
            "identities": [
                {"issuer": issuer, "subject": subject}
                for issuer, subject in rows(
                    db, "SELECT issuer, subject FROM identities WHERE person_id = ? ORDER BY 1, 2", (person_id,)
                )
            ],
        }
    )


def _time(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(datetime.fromtimestamp(ms / 1000, UTC))


# -- leaving


def take_back_posts(tx: Tx, actor: Actor) -> int:
    """Takes back up to `PIECE` of one's posts, text and all. Returns how many; 0 when none is left."""
    sql = "SELECT id FROM posts WHERE author_id = ? AND coalesce(state, '') NOT IN ('deleted', 'removed') LIMIT ?"
    found = [post_id for (post_id,) in rows(tx.db, sql, (actor.person_id, PIECE))]
    for post_id in found:
        posts.vanish(tx, post_id)
    return len(found)


def take_back_votes(tx: Tx, actor: Actor) -> int:
    """The same of one's votes."""
    sql = "SELECT post_id FROM votes WHERE person_id = ? LIMIT ?"
    found = [post_id for (post_id,) in rows(tx.db, sql, (actor.person_id, PIECE))]
    for post_id in found:
        post = posts.find(tx.db, post_id)
        tx.db.execute("DELETE FROM votes WHERE post_id = ? AND person_id = ?", (post_id, actor.person_id))
        if post is not None and post.up > 0:
            posts.set_tally(tx, post, post.up - 1)
    return len(found)


def leave(tx: Tx, actor: Actor, *, remove: bool) -> int | None:
    """The end of an account, once its votes (and, with ``remove``, its posts) are taken back. Returns the change; None,
    and does nothing, while some are left that came in between."""
    person_id = actor.person_id
    if take_back_votes(tx, actor) or (remove and take_back_posts(tx, actor)):
        return None
    handle: str = value(tx.db, "SELECT handle FROM people WHERE id = ?", (person_id,))
    _take_back_ballots(tx, person_id)
    _leave_forums(tx, person_id)
    # An issuer leads who is suspended back to this account until that is over: leaving is no way around it.
    suspended = value(tx.db, "SELECT 1 FROM suspensions WHERE person_id = ? AND until > ?", (person_id, millis(tx.now)))
    for table in ("passwords", "tokens", "answers", "reports", "notices", "own_names"):
        tx.db.execute(f"DELETE FROM {table} WHERE person_id = ?", (person_id,))
    tx.db.execute("DELETE FROM left_handles WHERE until < ?", (millis(tx.now),))
    gone = [(objects.handle_digest(handle), millis(tx.now + RESERVED))]
    if not suspended:
        known = rows(tx.db, "SELECT issuer, subject FROM identities WHERE person_id = ?", (person_id,))
        gone += [(objects.identity_digest(*one), millis(tx.now + AGAIN)) for one in known]
        for table in ("identities", "suspensions", "joined"):
            tx.db.execute(f"DELETE FROM {table} WHERE person_id = ?", (person_id,))
    tx.db.execute("UPDATE OR REPLACE post_tags SET person_id = '' WHERE person_id = ?", (person_id,))
    tx.db.executemany("INSERT OR REPLACE INTO left_handles VALUES (?, ?)", gone)
    fields: Fields = {
        "id": person_id,
        "handle": _left_handle(tx),
        "name": NAME_LEFT,
        "role": "participant",
        "state": "left",
    }
    raw = encode(fields)
    tx.blank_person(person_id, raw)
    seq = tx.append("person", person_id, raw)
    tx.db.execute(
        "UPDATE people SET handle = ?, folded = ?, role = 'participant', data = ? WHERE id = ?",
        (fields["handle"], fields["handle"], raw, person_id),
    )
    return seq


def _left_handle(tx: Tx) -> str:
    while True:
        handle = f"left-{tx.rng.getrandbits(32):08x}"[:11]
        if not value(tx.db, "SELECT 1 FROM people WHERE folded = ?", (handle,)):
            return handle


def _take_back_ballots(tx: Tx, person_id: str) -> None:
    """One vote less for what was chosen in polls."""
    for poll_id, choice in list(rows(tx.db, "SELECT poll_id, choice FROM ballots WHERE person_id = ?", (person_id,))):
        raw = records.find(tx.db, "poll", poll_id)
        fields = decode(raw) if raw is not None else {}
        counts = fields.get("counts")
        if isinstance(counts, list) and 0 <= choice < len(counts) and isinstance(counts[choice], int):
            counts[choice] = max(0, counts[choice] - 1)
            records.put(tx, "poll", poll_id, fields)
    tx.db.execute("DELETE FROM ballots WHERE person_id = ?", (person_id,))


def _leave_forums(tx: Tx, person_id: str) -> None:
    for forum_id, raw in list(rows(tx.db, "SELECT id, data FROM forums WHERE instr(data, ?)", (person_id.encode(),))):
        fields = decode(raw)
        hosts = fields.get("host_ids")
        if isinstance(hosts, list) and person_id in hosts:
            fields["host_ids"] = [one for one in hosts if one != person_id]
            fields["version"] = int(str(fields.get("version", 1))) + 1
            data = encode(fields)
            tx.append("forum", forum_id, data)
            tx.db.execute("UPDATE forums SET data = ? WHERE id = ?", (data, forum_id))
