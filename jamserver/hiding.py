"""Hidden posts: a text that others do not see for now. It leaves the log as a removed one does, and is kept apart."""

from __future__ import annotations

from jamserver.db import rows, value
from jamserver.log import Tx
from jamserver.objects import decode, encode
from jamserver.once import Written
from jamserver.posts import Stored, blanked, store
from jamserver.problems import Problem


def hide(tx: Tx, post: Stored) -> Written:
    """The text goes from everywhere that others see, and is kept apart, with who put which tag, until `unhide`."""
    tags = list(rows(tx.db, "SELECT tag, person_id FROM post_tags WHERE post_id = ?", (post.id,)))
    kept = encode({"post": decode(post.data), "tags": tags})
    tx.db.execute("INSERT OR REPLACE INTO hidden VALUES (?, ?)", (post.id, kept))
    return blanked(tx, post, "hidden")


def unhide(tx: Tx, post: Stored) -> Written:
    """The text as it was, where the post stands now: its thread may have been moved, merged or split meanwhile."""
    data: bytes | None = value(tx.db, "SELECT data FROM hidden WHERE post_id = ?", (post.id,))
    if data is None:  # it came hidden, with an archive, which has no text of it
        raise Problem("post_gone", "The text of this post is not here.")
    kept = decode(data)
    was, now = dict(_items(kept["post"])), decode(post.data)
    before = was.pop("merged_from", None)
    title = was.pop("title", None) or (before.get("title") if isinstance(before, dict) else None)
    fields = was | {name: now[name] for name in ("forum_id", "thread_id", "parent_id", "votes") if name in now}
    if isinstance(merged_from := now.get("merged_from"), dict):
        fields["merged_from"] = merged_from | {"title": title or ""}
    elif title is not None:
        fields["title"] = title
    fields["version"] = post.version + 1
    for name in ("locked", "state"):
        fields.pop(name, None)
    if now.get("locked") is True:
        fields["locked"] = True
    tx.db.execute("DELETE FROM hidden WHERE post_id = ?", (post.id,))
    tags = [(tag, post.id, person_id) for tag, person_id in kept["tags"]] if isinstance(kept["tags"], list) else []
    tx.db.executemany("INSERT INTO post_tags VALUES (?, ?, ?)", tags)
    return store(tx, post, fields)


def _items(found: object) -> list[tuple[str, object]]:
    return list(found.items()) if isinstance(found, dict) else []
