"""Hosts look after the tags: a curated set with what each means, and tags that are merged into others."""

from __future__ import annotations

import contextlib

import msgspec

from jamserver import posts, records
from jamserver.allowed import Act, require_allowed
from jamserver.db import Connection, rows
from jamserver.log import Tx
from jamserver.objects import Fields, encode
from jamserver.posts import Actor
from jamserver.problems import Problem, invalid
from jamserver.tag_names import TYPE, Tag, all_of, became, find
from jamserver.wire import MAX_TAG, clean_text
from jamtui.archive import normal_tag

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
        if tag.merged_as not in (None, tag.merged_into):
            fields["merged_as"] = tag.merged_as
    elif not (tag.about or tag.curated):
        fields = {"id": tag.id, "gone": True}
    before = records.find(tx.db, TYPE, tag.id)
    if before == encode(fields):
        return _as_it_is(tx.db, tag.id)
    return records.put(tx, TYPE, tag.id, fields)


def curate(tx: Tx, actor: Actor, name: str, about: str, *, curated: bool) -> tuple[bytes, int]:
    """Says what a tag means, and whether it is one of the curated set. Returns the record and its change.
    Raises 403, and 422 for one that was merged."""
    _require_host(tx, actor)
    before = find(tx.db, name)
    if before is not None and before.merged_into and curated:
        raise invalid("", f"This tag was merged into {before.merged_into}. Undo that first, or curate that one.")
    merged = (before.merged_into, before.merged_as) if before else (None, None)
    return _put(tx, Tag(name, clean_text(about).strip(), curated, *merged))


def forget(tx: Tx, actor: Actor, name: str) -> tuple[bytes, int]:
    """Takes a tag out of the curated set; posts keep it. One without a record is no error."""
    _require_host(tx, actor)
    before = find(tx.db, name)
    if before is None:
        return _as_it_is(tx.db, name)
    return _put(tx, Tag(name, merged_into=before.merged_into, merged_as=before.merged_as))


def merge(tx: Tx, actor: Actor, name: str, into: str) -> tuple[bytes, int]:
    """From now on ``name`` means ``into``. The posts that carry it already are retagged by `retag`.
    Raises 403, and 422 where that would go in a circle."""
    _require_host(tx, actor)
    target = became(tx.db, into)
    if name in (into, target):
        if into == name:
            raise invalid("/into", "A tag cannot be merged into itself.")
        raise invalid("/into", f"{into} was merged into {name}. Undo that first.")
    before = find(tx.db, name) or Tag(name)
    others = _by_way_of(tx.db, name)
    for other in others:  # they end where this one does: nobody who tags walks a chain
        _put(tx, msgspec.structs.replace(other, merged_into=target, merged_as=_first(other)))
    if into in {other.id for other in others}:  # it goes where that one ends, not by way of it, which would be a ring
        into = target
    return _put(tx, msgspec.structs.replace(before, curated=False, merged_into=target, merged_as=into))


def unmerge(tx: Tx, actor: Actor, name: str) -> tuple[bytes, int]:
    """``name`` is a tag of its own again, for what is tagged from now on, and what was merged into it ends there. One
    that was not merged is no error."""
    _require_host(tx, actor)
    before = find(tx.db, name)
    if before is None or not before.merged_into:
        return _as_it_is(tx.db, name)
    for other in _by_way_of(tx.db, name):
        _put(tx, msgspec.structs.replace(other, merged_into=name, merged_as=_first(other)))
    return _put(tx, msgspec.structs.replace(before, merged_into=None, merged_as=None))


def _first(tag: Tag) -> str | None:
    """What a tag was merged into first."""
    return tag.merged_as or tag.merged_into


def _by_way_of(db: Connection, name: str) -> list[Tag]:
    """The tags that were merged into another, and those that were merged into them."""
    merged = [tag for tag in all_of(db) if tag.merged_into and tag.id != name]
    children: dict[str, list[Tag]] = {}
    for tag in merged:
        children.setdefault(_first(tag) or "", []).append(tag)
    found: list[Tag] = []
    ends = [name]
    while ends:
        among = children.pop(ends.pop(), [])  # taken out: a ring of an older file is gone round once
        found += among
        ends += (tag.id for tag in among)
    known = {tag.id for tag in found}  # what an archive says of the way there may lead nowhere, or round
    return found + [tag for tag in merged if tag.merged_into == name and tag.id not in known]


def came(tx: Tx) -> None:
    """After an import: each merged tag leads in one step to where it ends, rings and what is no tag lead nowhere, and
    the posts have the tags that theirs became."""
    there = {tag.id: tag for tag in all_of(tx.db)}
    ends: dict[str, str | None] = {}
    for tag in there.values():
        if tag.merged_into:
            end = _end(tag.id, there, ends)
            if end != tag.merged_into:
                _put(tx, msgspec.structs.replace(tag, merged_into=end, merged_as=_first(tag) if end else None))
            while end and retag(tx, tag.id)[0]:
                tx.changes.clear()  # nobody streams an import


def _end(name: str, there: dict[str, Tag], ends: dict[str, str | None]) -> str | None:
    """Where a merged tag of an archive ends; None in a ring, or at what is no tag. ``ends``: those that are known."""
    walked = {name: None}
    at: str | None = there[name].merged_into
    while at is not None and at not in walked and at in there and there[at].merged_into and at not in ends:
        walked[at] = None
        at = there[at].merged_into
    if at in ends:
        at = ends[at]
    elif at in walked or at is None or not _fits(at):
        at = None
    ends.update(dict.fromkeys(walked, at))
    return at


def _fits(name: str) -> bool:
    with contextlib.suppress(ValueError):
        return len(name) <= MAX_TAG and normal_tag(name) == name
    return False


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
