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


def became(name: str, records: Mapping[str, TagRecord]) -> str:
    """What a tag is now: itself, or what it was merged into."""
    seen = {name}
    while (record := records.get(name)) is not None and record.merged_into and record.merged_into not in seen:
        name = record.merged_into
        seen.add(name)
    return name
