"""What was read, saved, muted, followed, and where one was, as JSON lines: to carry to another device.

The format is described in docs/reading.md. Import merges and loses nothing that is here; a file with one broken line
is refused whole. Records of a type that this version does not know are kept and exported again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, BinaryIO

import apsw
import msgspec
from msgspec import Struct, field

from jamtui.errors import UsageError
from jamtui.safe_text import escape_json, safe_line
from jamtui.store.connection import transaction
from jamtui.store.own import BUMP_READING

FORMAT = 1
_CHUNK = 200  # posts a `read` record
_MAX_LINE = 1 << 20
_MAX_FILE = 16 << 20  # enough for what was read of 800,000 posts


class StateBroken(UsageError):
    """The file is no state of this Jam, or one of its lines is not a record; nothing of it was taken."""


class Head(msgspec.Struct, frozen=True):
    format: int
    jam: str


# Milliseconds since 1970 that are a time in every zone: up to the end of the year 9998.
Millis = Annotated[int, msgspec.Meta(ge=0, le=253_370_764_799_999)]


class Read(msgspec.Struct, frozen=True):
    """``posts``: the last 16 hex digits of ids; ``version`` that was read, 0 when it is not known."""

    posts: list[str]
    version: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] = 0


class Saved(msgspec.Struct, frozen=True):
    post_id: str
    at: Millis


class Marked(msgspec.Struct, frozen=True):
    kind: str
    target: str
    at: Millis


class Place(msgspec.Struct, frozen=True):
    name: str
    value: str


_TYPES: Mapping[str, type[Any]] = {
    "read": Read, "saved": Saved, "muted": Marked, "followed": Marked, "place": Place,
}  # fmt: skip


class Merged(Struct):
    """What an import did: (records in the file, of them new here) by type; ``unknown`` types that were kept."""

    counts: dict[str, list[int]] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, there: int, new: int) -> None:
        count = self.counts.setdefault(kind, [0, 0])
        count[0] += there
        count[1] += new


def export(db: apsw.Connection, jam_id: str, slug: str) -> Iterator[str]:
    """The lines of the file, as of one moment, in a fixed order."""
    db.execute("BEGIN")
    try:
        yield _line("state", {"format": FORMAT, "jam": jam_id, "slug": slug})
        chunk: list[str] = []
        before = 0
        for h, version in db.execute("SELECT h, version FROM read ORDER BY version, h"):
            if chunk and (version != before or len(chunk) == _CHUNK):
                yield _line("read", {"posts": chunk, "version": before})
                chunk = []
            before = int(version)
            chunk.append(f"{int(h) & ((1 << 64) - 1):016x}")
        if chunk:
            yield _line("read", {"posts": chunk, "version": before})
        for post_id, at in db.execute("SELECT post_id, at FROM saved ORDER BY post_id"):
            yield _line("saved", {"post_id": post_id, "at": at})
        for kind, target, mark, at in db.execute(
            "SELECT kind, target, mark, at FROM marks ORDER BY mark, kind, target"
        ):
            yield _line(str(mark), {"kind": kind, "target": target, "at": at})
        for name, value in db.execute("SELECT name, value FROM places WHERE name NOT LIKE 'host:%' ORDER BY name"):
            yield _line("place", {"name": name, "value": value})
        for (raw,) in db.execute("SELECT raw FROM kept ORDER BY raw"):
            yield f"{raw}\n"
    finally:
        db.execute("ROLLBACK")


def _line(kind: str, data: Mapping[str, object]) -> str:
    return escape_json(json.dumps({"type": kind, "data": data}, ensure_ascii=False, separators=(",", ":"))) + "\n"


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file that may be anything: of one that is too long no more than is needed to know it. Raises
    `StateBroken` past `_MAX_FILE`."""
    size = 0
    while line := file.readline(_MAX_LINE + 1):
        size += len(line)
        if size > _MAX_FILE:
            raise StateBroken(f"the file is larger than {_MAX_FILE >> 20} MiB", "Nothing of it was taken.")
        yield line


def parse(lines: Iterable[bytes], jam_id: str) -> list[tuple[str, Any]]:
    """(type, record) pairs; of an unknown type the line itself. Raises `StateBroken` with the line and the reason."""
    records: list[tuple[str, Any]] = []
    number = 0
    for number, line in enumerate(lines, 1):
        try:
            records.append(_record(line, first=number == 1, jam_id=jam_id))
        except (ValueError, RecursionError, msgspec.DecodeError) as error:
            raise StateBroken(
                f"line {number}: {safe_line(str(error))}", "Nothing of the file was taken; export it again."
            ) from None
    if not number:
        raise StateBroken("the file is empty", "jamtui state export writes one.")
    return records


def _record(line: bytes, *, first: bool, jam_id: str) -> tuple[str, Any]:
    if len(line) > _MAX_LINE:
        raise ValueError("longer than 1 MiB")
    whole = msgspec.json.decode(line)
    kind = whole.get("type") if isinstance(whole, dict) else None
    if not isinstance(kind, str) or not isinstance(whole.get("data"), dict):
        raise ValueError('not a record like {"type":…,"data":{…}}')
    if first != (kind == "state"):
        raise ValueError("the first line, and no other, says what state this is")
    if first:
        head = msgspec.convert(whole["data"], Head)
        if head.format > FORMAT:
            raise ValueError(f"written by a newer jamtui (format {head.format})")
        if head.jam != jam_id:
            raise ValueError("the state of another Jam")
        return kind, head
    known = _TYPES.get(kind)
    if known is None:
        return kind, line.decode().strip()
    record = msgspec.convert(whole["data"], known)
    if isinstance(record, Read):
        for digits in record.posts:
            if len(digits) != 16 or int(digits, 16) < 0:
                raise ValueError(f"not the end of a post's id: {digits[:40]}")
    if isinstance(record, Marked) and record.kind not in ("thread", "tag", "person"):
        raise ValueError(f"nothing called {record.kind[:40]} can be {kind}")
    return kind, record


def merge(db: apsw.Connection, records: Iterable[tuple[str, Any]]) -> Merged:
    """Adds what is not here, in one transaction. What is here and says otherwise (a place, muted instead of followed)
    stays."""
    merged = Merged()
    with transaction(db):
        for kind, record in records:
            before = db.total_changes()
            match record:
                case Head():
                    continue
                case Read():
                    sql = (
                        "INSERT INTO read VALUES (?, ?) ON CONFLICT(h) DO UPDATE SET version = excluded.version "
                        "WHERE excluded.version > version"
                    )
                    db.executemany(sql, [(_signed(digits), record.version) for digits in record.posts])
                case Saved():
                    db.execute("INSERT OR IGNORE INTO saved VALUES (?, ?)", (record.post_id, record.at))
                case Marked():
                    db.execute(
                        "INSERT OR IGNORE INTO marks VALUES (?, ?, ?, ?)",
                        (record.kind, record.target, kind, record.at),
                    )
                case Place():
                    # Whose links open without a question is chosen on each device, and by nobody's file.
                    if not record.name.startswith("host:"):
                        db.execute("INSERT OR IGNORE INTO places VALUES (?, ?)", (record.name, record.value))
                case _:
                    db.execute("INSERT OR IGNORE INTO kept VALUES (?)", (record,))
                    merged.unknown[kind] = merged.unknown.get(kind, 0) + 1
                    continue
            there = len(record.posts) if isinstance(record, Read) else 1
            merged.add(kind, there, db.total_changes() - before)
        db.execute(BUMP_READING)
    return merged


def _signed(digits: str) -> int:
    value = int(digits, 16)
    return value - (1 << 64) if value >= 1 << 63 else value
