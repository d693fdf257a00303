"""What tags are called: records of tags, and what a tag that was merged became.

A ``tag`` record stands for what people agreed on; a tag needs none to be used. One that was merged names what it became
(``merged_into``): posts are retagged (`jamserver.tags`), and whoever puts the old one afterwards puts the new one.
"""

from __future__ import annotations

import msgspec

from jamserver import records
from jamserver.db import Connection, value

TYPE = "tag"


class Tag(msgspec.Struct, frozen=True):
    """A record as it is kept; `Tag.gone` when it was taken away.

    ``merged_into`` is where the tag ends, in one step however often it was merged further; ``merged_as`` what it was
    merged into first, where that is another.
    """

    id: str
    about: str = ""
    curated: bool = False
    merged_into: str | None = None
    merged_as: str | None = None
    gone: bool = False


_DECODE = msgspec.json.Decoder(Tag).decode


def find(db: Connection, name: str) -> Tag | None:
    """The record of a tag, None when it has none that is there and can be read."""
    raw = records.find(db, TYPE, name)
    try:
        found = None if raw is None else _DECODE(raw)
    except msgspec.ValidationError:  # an imported archive may call something else by this type
        return None
    return found if found is not None and not found.gone else None


def all_of(db: Connection) -> list[Tag]:
    """The records that are there, in the order in which they were made."""
    return [tag for _, _, tag in records.listed(db, TYPE, _DECODE) if not tag.gone]


def became(db: Connection, name: str) -> str:
    """What a tag is now: itself, or what it was merged into."""
    seen = {name}
    while (record := find(db, name)) is not None and record.merged_into and record.merged_into not in seen:
        name = record.merged_into
        seen.add(name)
    return name


def now_called(db: Connection, names: tuple[str, ...]) -> tuple[str, ...]:
    """The tags of a new post as they are now, sorted, without doubles."""
    if not value(db, "SELECT 1 FROM others WHERE type = ? LIMIT 1", (TYPE,)):
        return names
    return tuple(sorted({became(db, name) for name in names}))
