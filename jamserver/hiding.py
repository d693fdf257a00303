"""Hidden posts: a text that others do not see for now. It leaves the log as a removed one does, and is kept apart."""

from __future__ import annotations

from collections.abc import Iterable

from jamserver import tag_names
from jamserver.db import Connection, rows, value
from jamserver.log import Tx
from jamserver.objects import Fields, decode, encode, has_left
from jamserver.once import Written
from jamserver.posts import Stored, blanked, store, tags_of
from jamserver.problems import Problem


def hide(tx: Tx, post: Stored) -> Written:
    """The text goes from everywhere that others see, and is kept apart, with who put which tag, until `unhide`."""
    tags = list(rows(tx.db, "SELECT tag, person_id FROM post_tags WHERE post_id = ?", (post.id,)))
    kept = encode({"post": decode(post.data), "tags": tags})
    tx.db.execute("INSERT OR REPLACE INTO hidden VALUES (?, ?)", (post.id, kept))
    return blanked(tx, post, "hidden")


def unhide(tx: Tx, post: Stored) -> Written:
    """The text as it was, where the post stands now: its thread may have been moved, merged or split meanwhile. Its
    tags are those of now: what they became by merging, and nobody's whose account is not there any more.
    Raises 409 ``post_gone`` where the text is not here."""
    kept = _kept(tx.db, post.id)
    if kept is None:  # it came hidden, with an archive, which has no text of it
        raise Problem("post_gone", "The text of this post is not here.")
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
    for tag, person_id in kept["tags"] if isinstance(kept["tags"], list) else ():
        who = "" if has_left(tx.db, person_id) else person_id
        tx.db.execute("INSERT OR IGNORE INTO post_tags VALUES (?, ?, ?)", (tag_names.became(tx.db, tag), post.id, who))
    return store(tx, post, fields | {"tags": tags_of(tx.db, post.id)})


def take(tx: Tx, post_id: str, names: Iterable[str]) -> Fields:
    """Takes fields off what is kept of a hidden post, which are not to come again with it. Returns those that it had;
    none for a post that is not hidden."""
    kept = _kept(tx.db, post_id)
    if kept is None:
        return {}
    was = dict(_items(kept["post"]))
    taken = {name: was.pop(name) for name in names if name in was}
    if taken:
        _keep(tx, post_id, kept | {"post": was})
    return taken


def give(tx: Tx, post_id: str, fields: Fields) -> bool:
    """Adds fields to what is kept of a hidden post, which come again with it. False for a post that is not hidden."""
    kept = _kept(tx.db, post_id)
    if kept is None:
        return False
    _keep(tx, post_id, kept | {"post": dict(_items(kept["post"])) | fields})
    return True


def _kept(db: Connection, post_id: str) -> Fields | None:
    data: bytes | None = value(db, "SELECT data FROM hidden WHERE post_id = ?", (post_id,))
    return None if data is None else decode(data)


def _keep(tx: Tx, post_id: str, kept: Fields) -> None:
    tx.db.execute("UPDATE hidden SET data = ? WHERE post_id = ?", (encode(kept), post_id))


def _items(found: object) -> list[tuple[str, object]]:
    return list(found.items()) if isinstance(found, dict) else []
