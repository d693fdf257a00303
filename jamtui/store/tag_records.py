"""What hosts say of tags, as records of the mirror have it: the curated set, and what a merged tag became."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec


class TagRecord(msgspec.Struct, frozen=True):
    """Not harmless."""

    id: str
    about: str = ""
    curated: bool = False
    merged_into: str | None = None


def tag_records(records: Iterable[Mapping[str, object]]) -> dict[str, TagRecord]:
    """Those that can be read, by the name of the tag."""
    found: dict[str, TagRecord] = {}
    for record in records:
        try:
            one = msgspec.convert(record, TagRecord)
        except msgspec.ValidationError:  # of an archive that means something else by this type
            continue
        found[one.id] = one
    return found


def merged(records: Mapping[str, TagRecord]) -> dict[str, str]:
    """Each merged tag, and what it is now. Whatever an archive says of them, each is walked over once, and a ring leads
    nowhere."""
    ends: dict[str, str | None] = {}
    for name in records:
        walked: dict[str, None] = {}
        at = name
        while at not in ends and at not in walked and (record := records.get(at)) is not None and record.merged_into:
            walked[at] = None
            at = record.merged_into
        ends.update(dict.fromkeys(walked, ends.get(at, None if at in walked else at)))  # None: nowhere
    return {name: end for name, end in ends.items() if end is not None}
