"""Ideas that converge: the state of an idea, what hosts feature, and typed links between posts.

States and what is featured are fields of the post; a link is a record (`jamserver.records`) of the id ``FROM.KIND.TO``.
Neither raises a post's version: its words are as they were. What hosts and moderators sort is not held to the Jam's
hours, since ideas are chosen when all have been heard; an archived Jam changes no more.
"""

from __future__ import annotations

import contextlib

import msgspec

from jamserver import hiding, posts, records
from jamserver.allowed import Act, require_allowed
from jamserver.db import Connection, rows, value
from jamserver.locks import hosts_forum, require_host, require_unlocked
from jamserver.log import Tx
from jamserver.objects import Fields, decode
from jamserver.once import Written
from jamserver.posts import Actor, Stored
from jamserver.problems import Problem, invalid
from jamserver.standing import Newcomers
from jamserver.wire import MAX_LINKS, MAX_LINKS_ELSEWHERE, MAX_LINKS_TO, Link, clean_name
from jamtui.archive import rfc3339
from jamtui.event import HOSTS

LINK = "link"
_DECODE = msgspec.json.Decoder(Link).decode


def _sorted(tx: Tx, actor: Actor, post_id: str) -> Stored:
    """A post that this person sorts: a host of its forum, a moderator; both write in locked threads, too."""
    require_allowed(tx, actor, Act.STEERING)
    post = posts.get(tx.db, post_id)
    require_host(tx.db, actor, post.forum_id)
    return post


def set_state(tx: Tx, actor: Actor, post_id: str, state: str) -> Written:
    """The state of an idea. Raises 404, 403, 409 ``post_gone``, 422 for what is no idea."""
    post = _sorted(tx, actor, post_id)
    posts.require_there(post)
    fields = decode(post.data)
    if post.parent_id is not None or fields.get("kind") != "idea":
        raise invalid("/idea_state", "Only a thread of the kind idea has a state.")
    return posts.put_fields(tx, post, fields | {"idea_state": state})


def feature(tx: Tx, actor: Actor, post_id: str, reason: str) -> Written:
    """Marks a post as worth everybody's time, and says why; another reason takes the place of the one before.
    Raises 403, 404, 409 ``post_gone``, 422."""
    post = _sorted(tx, actor, post_id)
    posts.require_there(post)
    words = clean_name(reason)
    if not words:
        raise invalid("/reason", "Say in a few words why the post is featured.")
    fields = decode(post.data)
    there = fields.get("featured")
    if isinstance(there, dict) and (there.get("by"), there.get("reason")) == (actor.person_id, words):
        return Written(post.data, post.version, post.changed)
    mark = {"by": actor.person_id, "reason": words, "at": rfc3339(tx.now)}
    return posts.put_fields(tx, post, fields | {"featured": mark})


def unfeature(tx: Tx, actor: Actor, post_id: str) -> Written:
    """Takes the mark off. One that is not there is no error."""
    post = _sorted(tx, actor, post_id)
    hiding.take(tx, post.id, ("featured",))
    fields = decode(post.data)
    fields.pop("featured", None)
    return posts.put_fields(tx, post, fields)


# -- links


def link(tx: Tx, actor: Actor, post_id: str, kind: str, to_id: str, newcomers: Newcomers | None = None) -> Written:
    """Says how a post stands to another. One that is there is answered as it is; one that was taken away is put anew.

    Raises 404 for a post that there is not, 409 ``post_gone``, 403 ``jam_closed``, 422, 429 for who is new.
    """
    if post_id == to_id:
        raise invalid("", "A post has no link to itself.")
    post, to = posts.get(tx.db, post_id), posts.get(tx.db, to_id)
    for one in (post, to):
        posts.require_there(one)
    record_id = f"{post_id}.{kind}.{to_id}"
    there = _find(tx.db, record_id)
    if there is not None and not there[1].gone:
        return Written(there[0], 1, 0)
    require_allowed(tx, actor, Act.STEERING if actor.hosts else Act.LINKS)
    require_unlocked(tx, actor, post.thread_id)
    _require_room(tx, actor, post, to)
    if newcomers is not None:
        newcomers.check_links(tx, actor.person_id)
    fields: Fields = {
        "id": record_id, "from_id": post_id, "kind": kind, "to_id": to_id, "author_id": actor.person_id,
        "created_at": rfc3339(tx.now),
    }  # fmt: skip
    data, seq = records.put(tx, LINK, record_id, fields)
    note_link(tx.db, record_id, data)
    return Written(data, 1, seq, created=True)


def _require_room(tx: Tx, actor: Actor, post: Stored, to: Stored) -> None:
    """Nobody takes all places of a post that is not theirs: its author and hosts have places of their own, all others
    share some, of which one person gets a few. Raises 422."""
    mine = post.author_id == actor.person_id or actor.hosts
    own = _count(tx.db, "from_id = ? AND author_id = ?", post.id, actor.person_id)
    if own >= (MAX_LINKS if mine else MAX_LINKS_ELSEWHERE):
        if mine:
            raise invalid("", f"A post has at most {MAX_LINKS} links of one person to others.")
        raise invalid("", f"From a post of somebody else you put at most {MAX_LINKS_ELSEWHERE} links.")
    others = (
        "from_id = ? AND author_id <> ? "
        "AND NOT EXISTS (SELECT 1 FROM people WHERE people.id = links.author_id AND people.role IN (?, ?))"
    )
    if not mine and _count(tx.db, others, post.id, post.author_id, *HOSTS) >= MAX_LINKS:
        raise invalid("", f"A post has at most {MAX_LINKS} links by others than its author. It or a host may add more.")
    if actor.hosts:
        return
    if _count(tx.db, "to_id = ? AND author_id = ?", to.id, actor.person_id) >= MAX_LINKS:
        raise invalid("", f"To one post you put at most {MAX_LINKS} links.")
    if _count(tx.db, "to_id = ?", to.id) >= MAX_LINKS_TO:
        raise invalid("", f"At most {MAX_LINKS_TO} links lead to one post.")


def _count(db: Connection, where: str, *bindings: str) -> int:
    found: int = value(db, f"SELECT count(*) FROM links WHERE {where}", bindings)
    return found


def note_link(db: Connection, record_id: str, data: bytes) -> None:
    """Keeps which links are there beside their records, which a type says too little of; nothing for what is none."""
    try:
        one = _DECODE(data)
    except msgspec.ValidationError:
        return
    if one.id == record_id == f"{one.from_id}.{one.kind}.{one.to_id}":
        sql = "DELETE FROM links WHERE seq IN (SELECT seq FROM others WHERE type = 'link' AND id = ?)"
        db.execute(sql, (record_id,))
        if not one.gone:
            sql = (
                "INSERT INTO links SELECT seq, ?, ?, ? FROM others WHERE type = 'link' AND id = ? ORDER BY seq LIMIT 1"
            )
            db.execute(sql, (one.from_id, one.to_id, one.author_id, record_id))


def unlink(tx: Tx, actor: Actor, post_id: str, kind: str, to_id: str) -> Written:
    """Takes a link away: who put it, the author of either post, a host of either's forum or a moderator. One that is
    gone is no error.

    Raises 404, 403 ``forbidden``, ``jam_closed``.
    """
    record_id = f"{post_id}.{kind}.{to_id}"
    there = _find(tx.db, record_id)
    if there is None:
        raise Problem("not_found", "There is no such link.")
    data, known = there
    if known.gone:
        return Written(data, 1, 0)
    ends = [end for one in (post_id, to_id) if (end := posts.find(tx.db, one)) is not None]
    hosts = any(hosts_forum(tx.db, actor, end.forum_id) for end in ends)
    if not hosts and actor.person_id not in {known.author_id, *(end.author_id for end in ends)}:
        raise Problem("forbidden", "Who put a link, the authors of its posts and their hosts take it away.")
    require_allowed(tx, actor, Act.STEERING if hosts else Act.LINKS)
    data, seq = records.put(tx, LINK, record_id, decode(data) | {"gone": True})
    note_link(tx.db, record_id, data)
    return Written(data, 1, seq)


def links_of(db: Connection, post_id: str, after: int, limit: int) -> list[tuple[int, bytes]]:
    """(place, link) of the links from a post and to it that are there, the first made first. Raises 404."""
    posts.get(db, post_id)
    sql = (
        "SELECT seq, data FROM others WHERE seq IN (SELECT seq FROM links WHERE from_id = ?1 AND seq > ?2 "
        "UNION SELECT seq FROM links WHERE to_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3) ORDER BY seq"
    )
    return [(seq, bytes(data)) for seq, data in rows(db, sql, (post_id, after, limit))]


def _find(db: Connection, record_id: str) -> tuple[bytes, Link] | None:
    """None also for what an imported archive calls a link and is none of this form."""
    data = records.find(db, LINK, record_id)
    if data is not None:
        with contextlib.suppress(msgspec.ValidationError):
            return data, _DECODE(data)
    return None
