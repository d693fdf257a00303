"""Whole threads: locked, moved to another forum, merged under another opener, and split again.

A merge needs no list of what was moved: replies keep their parents, so what hangs on the opener that became a reply is
its thread, whatever was written there since and whatever else was merged meanwhile. That makes merges of merges, and
undoing them in any order, one rule. An opener that became a reply bears ``merged_from`` and can open nothing, so there
are no cycles.
"""

from __future__ import annotations

from jamserver import posts
from jamserver.db import Connection, rows
from jamserver.log import Tx
from jamserver.objects import Fields, decode, encode
from jamserver.posts import Stored
from jamserver.problems import invalid

MAX_POSTS = 10_000  # of a thread that is moved or merged: each is a change that every reader gets
_OF_OPENERS = ("locked", "kind", "idea_state")  # fields that a reply does not have


def opener(db: Connection, post_id: str, pointer: str = "/post_id") -> Stored:
    """The post that opens a thread. Raises 404, 422."""
    post = posts.get(db, post_id)
    if post.parent_id is not None:
        raise invalid(pointer, "This post opens no thread: it is a reply, or its thread was merged into another.")
    return post


def lock(tx: Tx, post: Stored, locked: bool) -> int | None:
    """Returns the change, None when the thread was so already."""
    fields = decode(post.data)
    if (fields.get("locked") is True) == locked:
        return None
    if locked:
        fields["locked"] = True
    else:
        del fields["locked"]
    return _rewrite(tx, post.id, fields)


def move(tx: Tx, post: Stored, forum_id: str) -> int | None:
    """Puts a whole thread into another forum. Returns the last change, None when it is there already."""
    if post.forum_id == forum_id:
        return None
    seq = 0
    for post_id, data in _of_thread(tx.db, post.id):
        seq = _rewrite(tx, post_id, decode(data) | {"forum_id": forum_id})
    return seq


def merge_target(db: Connection, post: Stored, to: str) -> Stored:
    """The opener under which ``post`` is to stand; one that was merged itself stands for where it is now."""
    target = posts.get(db, to)
    if target.parent_id is not None:
        if "merged_from" not in decode(target.data):
            raise invalid("/to", "This post opens no thread.")
        target = posts.get(db, target.thread_id)
    if target.id == post.id:
        raise invalid("/to", "A thread cannot be merged into itself.")
    posts.require_there(target)
    return target


def merge(tx: Tx, post: Stored, target: Stored) -> tuple[Fields, int]:
    """Puts all posts of a thread under the opener of another. Returns what `split` needs, and the last change.

    In an archive each post stands behind the one that it answers: where the other thread is the younger one, the posts
    get their places anew, behind it.
    """
    before: Fields = {"forum_id": post.forum_id}
    seq = 0
    for post_id, data in _of_thread(tx.db, post.id):
        fields = decode(data)
        if post_id == post.id:
            before |= {name: fields.pop(name) for name in _OF_OPENERS if name in fields}
            merged_from = {"thread_id": post.id, "title": fields.pop("title", "")}
            fields |= {"parent_id": target.id, "merged_from": merged_from}
        fields |= {"thread_id": target.id, "forum_id": target.forum_id}
        seq = _rewrite(tx, post_id, fields, behind=target.seq > post.seq)
    return before, seq


def split(tx: Tx, post: Stored, before: Fields) -> int:
    """Gives a merged thread back its own opener, with all that hangs on it now. Returns the last change."""
    forum_id = str(before["forum_id"])
    inside = {post.id}
    seq = 0
    for post_id, data in _of_thread(tx.db, post.thread_id):
        fields = decode(data)
        if post_id == post.id:
            merged_from = fields.pop("merged_from", None)
            title = merged_from.get("title", "") if isinstance(merged_from, dict) else ""
            fields |= {"parent_id": None, "title": title}
            fields |= {name: before[name] for name in _OF_OPENERS if name in before}
        elif fields.get("parent_id") not in inside:
            continue
        inside.add(post_id)
        seq = _rewrite(tx, post_id, fields | {"thread_id": post.id, "forum_id": forum_id})
    return seq


def _of_thread(db: Connection, thread_id: str) -> list[tuple[str, bytes]]:
    """Its posts, each behind the one that it answers."""
    sql = "SELECT id, data FROM posts WHERE thread_id = ? ORDER BY seq LIMIT ?"
    found = list(rows(db, sql, (thread_id, MAX_POSTS + 1)))
    if len(found) > MAX_POSTS:
        raise invalid("/post_id", f"A thread of more than {MAX_POSTS:,} posts stays where it is.")
    return [(post_id, bytes(data)) for post_id, data in found]


def _rewrite(tx: Tx, post_id: str, fields: Fields, *, behind: bool = False) -> int:
    """A post that stands elsewhere now, or is locked: a change, but no new version of its text."""
    data = encode(fields)
    seq = tx.append("post", post_id, data)
    place = "seq = ?1, " if behind else ""
    tx.db.execute(
        f"UPDATE posts SET {place}changed = ?1, forum_id = ?2, thread_id = ?3, parent_id = ?4, data = ?5 WHERE id = ?6",
        (seq, fields["forum_id"], fields["thread_id"], fields.get("parent_id"), data, post_id),
    )
    return seq
