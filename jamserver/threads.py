"""Whole threads: locked, moved to another forum, merged under another opener, and split again.

A merge needs no list of what was moved: replies keep their parents, so what hangs on the opener that became a reply is
its thread, whatever was written there since and whatever else was merged meanwhile. That makes merges of merges, and
undoing them in any order, one rule. An opener that became a reply bears ``merged_from`` and can open nothing, so there
are no cycles.
"""

from __future__ import annotations

from collections.abc import Iterator

from jamserver import hiding, posts
from jamserver.db import Connection, rows, value
from jamserver.log import Tx
from jamserver.objects import Fields, decode, encode
from jamserver.posts import Stored
from jamserver.problems import invalid

MAX_POSTS = 10_000  # of a thread that is moved or merged: each is a change that every reader gets
_SORTED = ("kind", "idea_state")  # which a hidden opener has, too, kept apart with its text
_OF_OPENERS = ("locked", *_SORTED)  # fields that a reply does not have


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
    require_size(tx.db, post.id)
    return move_back(tx, post, forum_id)


def move_back(tx: Tx, post: Stored, forum_id: str) -> int:
    """The same, however many posts the thread has by then."""
    seq = 0
    for post_id, data in _of_thread(tx.db, post.id):
        seq = _rewrite(tx, post_id, decode(data) | {"forum_id": forum_id})
    return seq


def merge_target(db: Connection, post: Stored, to: str) -> Stored:
    """The opener under which ``post`` is to stand; one that was merged itself stands for where it is now.
    Raises 404, 409 ``post_gone``, 422."""
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
    require_size(tx.db, post.id)
    before: Fields = {"forum_id": post.forum_id} | hiding.take(tx, post.id, _SORTED)
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
    """Gives a merged thread back its own opener, with all that hangs on it now, however much that has become. Returns
    the last change."""
    forum_id = str(before["forum_id"])
    seq = 0
    for post_id, data in _under(tx.db, post):
        fields = decode(data)
        if post_id == post.id:
            merged_from = fields.pop("merged_from", None)
            title = merged_from.get("title", "") if isinstance(merged_from, dict) else ""
            fields |= {"parent_id": None, "title": title} | _given_back(tx, post, before)
        seq = _rewrite(tx, post_id, fields | {"thread_id": post.id, "forum_id": forum_id})
    return seq


def _given_back(tx: Tx, post: Stored, before: Fields) -> Fields:
    """What it has again as an opener. Of a hidden post what it is stays with its text; a removed one is nothing."""
    locked: Fields = {"locked": before["locked"]} if "locked" in before else {}
    what = {name: before[name] for name in _SORTED if name in before}
    return locked if hiding.give(tx, post.id, what) or post.gone else locked | what


def require_size(db: Connection, thread_id: str) -> None:
    """Raises 422 for a thread that is too large to be moved or merged. It is put back whatever its size."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM posts WHERE thread_id = ? LIMIT ?)"
    if value(db, sql, (thread_id, MAX_POSTS + 1)) > MAX_POSTS:
        raise invalid("/post_id", f"A thread of more than {MAX_POSTS:,} posts stays where it is.")


def _of_thread(db: Connection, thread_id: str) -> Iterator[tuple[str, bytes]]:
    """Its posts, each behind the one that it answers. What they are is read before they are changed."""
    ids = [post_id for (post_id,) in rows(db, "SELECT id FROM posts WHERE thread_id = ? ORDER BY seq", (thread_id,))]
    return _each(db, ids)


def _under(db: Connection, post: Stored) -> Iterator[tuple[str, bytes]]:
    """A post and all that answers it, in that order."""
    ids, inside = [post.id], {post.id}
    sql = "SELECT id, parent_id FROM posts WHERE thread_id = ? ORDER BY seq"
    for post_id, parent_id in rows(db, sql, (post.thread_id,)):
        if parent_id in inside:
            inside.add(post_id)
            ids.append(post_id)
    return _each(db, ids)


def _each(db: Connection, ids: list[str]) -> Iterator[tuple[str, bytes]]:
    for post_id in ids:
        yield post_id, bytes(value(db, "SELECT data FROM posts WHERE id = ?", (post_id,)))


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
