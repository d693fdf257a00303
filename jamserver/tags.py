"""Hosts look after the tags: a curated set with what each means, and tags that are merged into others."""

from __future__ import annotations

import msgspec

from jamserver import posts, records
from jamserver.allowed import Act, require_allowed
from jamserver.db import Connection, rows
from jamserver.log import Tx
from jamserver.objects import Fields, encode
from jamserver.posts import Actor
from jamserver.problems import Problem, invalid
from jamserver.tag_names import TYPE, Tag, became, find
from jamserver.wire import clean_text

PIECE = 50  # posts that are retagged in one write: others are written between two pieces


def _require_host(tx: Tx, actor: Actor) -> None:
    if not actor.hosts:
        raise Problem("forbidden", "Hosts and moderators look after the tags.")
    require_allowed(tx, actor, Act.STEERING)


def _put(tx: Tx, tag: Tag) -> tuple[bytes, int]:
    """Writes the record; what says nothing more is gone. What stands there already makes no change."""
    fields: Fields = {"id": tag.id, "about": tag.about, "curated": tag.curated}
    if tag.merged_into:
        fields["merged_into"] = tag.merged_into
    elif not (tag.about or tag.curated):
        fields = {"id": tag.id, "gone": True}
    before = records.find(tx.db, TYPE, tag.id)
    if before == encode(fields):
        return _as_it_is(tx.db, tag.id)
    return records.put(tx, TYPE, tag.id, fields)


def curate(tx: Tx, actor: Actor, name: str, about: str, *, curated: bool) -> tuple[bytes, int]:
    """Says what a tag means, and whether it is one of the curated set. Returns the record and its change."""
    _require_host(tx, actor)
    before = find(tx.db, name)
    if before is not None and before.merged_into and curated:
        raise invalid("", f"This tag was merged into {before.merged_into}. Undo that first, or curate that one.")
    return _put(tx, Tag(name, clean_text(about).strip(), curated, before.merged_into if before else None))


def forget(tx: Tx, actor: Actor, name: str) -> tuple[bytes, int]:
    """Takes a tag out of the curated set; posts keep it. One without a record is no error."""
    _require_host(tx, actor)
    before = find(tx.db, name)
    return _as_it_is(tx.db, name) if before is None else _put(tx, Tag(name, merged_into=before.merged_into))


def merge(tx: Tx, actor: Actor, name: str, into: str) -> tuple[bytes, int]:
    """From now on ``name`` means ``into``. The posts that carry it already are retagged by `retag`."""
    _require_host(tx, actor)
    target = became(tx.db, into)
    if name in (into, target):
        if into == name:
            raise invalid("/into", "A tag cannot be merged into itself.")
        raise invalid("/into", f"{into} was merged into {name}. Undo that first.")
    before = find(tx.db, name) or Tag(name)
    return _put(tx, msgspec.structs.replace(before, curated=False, merged_into=target))


def unmerge(tx: Tx, actor: Actor, name: str) -> tuple[bytes, int]:
    """``name`` is a tag of its own again, for what is tagged from now on. One that was not merged is no error."""
    _require_host(tx, actor)
    before = find(tx.db, name)
    if before is None or not before.merged_into:
        return _as_it_is(tx.db, name)
    return _put(tx, msgspec.structs.replace(before, merged_into=None))


def _as_it_is(db: Connection, name: str) -> tuple[bytes, int]:
    """What is answered where nothing is to be done. No change is named: there was none."""
    return records.find(db, TYPE, name) or encode({"id": name, "gone": True}), 0


def retag(tx: Tx, name: str) -> tuple[int, int]:
    """Gives up to `PIECE` posts that carry a merged tag the one that it became, a change each; who tagged stays
    recorded. Returns how many were changed (0: none is left) and the last change."""
    into = became(tx.db, name)
    if into == name:  # somebody undid it meanwhile
        return 0, 0
    found = [
        post_id
        for (post_id,) in rows(tx.db, "SELECT DISTINCT post_id FROM post_tags WHERE tag = ? LIMIT ?", (name, PIECE))
    ]
    last = max((posts.rename_tag(tx, post_id, name, into) for post_id in found), default=0)
    return len(found), last
