"""Reads a SQLite file page by page, without SQLite: what is left when SQLite itself gives up on it.

Only as much of the file format (https://www.sqlite.org/fileformat2.html) as it takes to find rows: the newest image of
each page (the write-ahead log counts), b-trees, records, overflow chains. Whatever makes no sense is passed over, so
that one bad page costs the rows on it and no others. Nothing is written, and no lock is taken.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

Value = int | float | str | bytes | None

MAGIC = b"SQLite format 3\0"
_TABLE_LEAF, _TABLE_INNER, _INDEX_LEAF, _INDEX_INNER = 0x0D, 0x05, 0x0A, 0x02
_INNER = (_TABLE_INNER, _INDEX_INNER)
_LONGEST = 64 << 20  # bytes of one record; more is a damaged length
_SIZES = {1 << power for power in range(9, 17)}


class Found(Struct, frozen=True):
    """One row as it lies on a page: ``rowid`` is None in an index and in a table without rowids."""

    page: int
    rowid: int | None
    values: tuple[Value, ...]


class Pages:
    """The pages of a database file with its log, by number from 1."""

    def __init__(self, path: Path) -> None:
        self._file = path.read_bytes()
        log_path = Path(f"{path}-wal")
        log = log_path.read_bytes() if log_path.exists() else b""
        self.size = _page_size(self._file, log)
        self._newer = _committed(log, self.size)
        reserved = self._file[20] if self._file.startswith(MAGIC) else 0
        self.usable = self.size - (reserved if reserved <= 32 else 0)
        self.count = max([-(-len(self._file) // self.size), *self._newer])

    def page(self, number: int) -> bytes:
        """The newest image of a page; b"" when there is none, or not a whole one."""
        newer = self._newer.get(number)
        if newer is not None:
            return newer
        image = self._file[(number - 1) * self.size : number * self.size] if number > 0 else b""
        return image if len(image) == self.size else b""

    def image(self) -> bytes:
        """The file as it would be with its log folded back, marked so that it can be opened without one."""
        whole = bytearray(b"".join(self.page(number) or bytes(self.size) for number in range(1, self.count + 1)))
        whole[18:20] = b"\1\1"  # neither written nor read through a log
        return bytes(whole)

    def roots(self) -> dict[str, int]:
        """Root pages of the tables, by name, as far as the schema can be read."""
        found: dict[str, int] = {}
        for row in self.tree(1):
            match row.values:
                case ("table", str(name), _, int(root), *_):
                    found[name] = root
        return found

    def tree(self, root: int) -> Iterator[Found]:
        """All rows under a root page that can be reached."""
        for number in self.under(root):
            yield from self.rows(number)

    def under(self, root: int) -> Iterator[int]:
        """The pages of a b-tree, each once."""
        waiting, seen = [root], set[int]()
        while waiting:
            number = waiting.pop()
            if number in seen or not 0 < number <= self.count:
                continue
            seen.add(number)
            yield number
            waiting += self._children(number)

    def rows(self, number: int) -> Iterator[Found]:
        """The rows on one page; none when it is no page of a b-tree that has rows."""
        page = self.page(number)
        start = 100 if number == 1 else 0
        kind = page[start] if len(page) > start else 0
        if kind not in (_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER):
            return
        for at in self._cells(page, start):
            try:
                found = self._row(number, page, at, kind)
            except (IndexError, ValueError, struct.error):
                continue  # torn: the other rows of the page may be whole
            if found is not None:
                yield found

    def _cells(self, page: bytes, start: int) -> list[int]:
        count = int.from_bytes(page[start + 3 : start + 5], "big")
        first = start + (12 if page[start] in _INNER else 8)
        if first + 2 * count > self.size:
            return []
        pointers = struct.unpack_from(f">{count}H", page, first)
        return [at for at in pointers if first + 2 * count <= at < self.usable]

    def _children(self, number: int) -> list[int]:
        page = self.page(number)
        start = 100 if number == 1 else 0
        if len(page) <= start or page[start] not in _INNER:
            return []
        last = int.from_bytes(page[start + 8 : start + 12], "big")
        return [last, *(int.from_bytes(page[at : at + 4], "big") for at in reversed(self._cells(page, start)))]

    def _row(self, number: int, page: bytes, at: int, kind: int) -> Found | None:
        if kind == _INDEX_INNER:
            at += 4
        length, at = _varint(page, at)
        rowid = None
        if kind == _TABLE_LEAF:
            rowid, at = _varint(page, at)
            rowid -= (1 << 64) if rowid >= 1 << 63 else 0
        if not 0 < length <= _LONGEST:
            return None
        payload = self._payload(page, at, length, kind == _TABLE_LEAF)
        return Found(number, rowid, _record(payload)) if payload is not None else None

    def _payload(self, page: bytes, at: int, length: int, table: bool) -> bytes | None:
        """The bytes of a record, followed through its overflow pages; None when the chain is broken."""
        most = self.usable - 35 if table else (self.usable - 12) * 64 // 255 - 23
        if length <= most:
            local = length
        else:
            least = (self.usable - 12) * 32 // 255 - 23
            local = least + (length - least) % (self.usable - 4)
            local = local if local <= most else least
        parts = [page[at : at + local]]
        left = length - len(parts[0])
        following = int.from_bytes(page[at + local : at + local + 4], "big") if left else 0
        seen = set[int]()
        while left:
            more = self.page(following)
            if not more or following in seen:
                return None
            seen.add(following)
            parts.append(more[4 : 4 + min(left, self.usable - 4)])
            left -= len(parts[-1])
            following = int.from_bytes(more[:4], "big")
        return b"".join(parts)


def _page_size(file: bytes, log: bytes) -> int:
    """From the log's header, the file's, or what jamtui makes."""
    said = [int.from_bytes(log[8:12], "big")] if len(log) >= 32 else []
    if file.startswith(MAGIC):
        told = int.from_bytes(file[16:18], "big")
        said.insert(0, 65_536 if told == 1 else told)
    return next((size for size in said if size in _SIZES), 4_096)


class _Frame(Struct):
    """A page in a write-ahead log: ``commit`` is not 0 at the end of a transaction; ``whole``: its checksum fits."""

    number: int
    commit: int
    whole: bool
    page: bytes


def _frames(log: bytes, size: int) -> list[_Frame]:
    """The frames of a log in the round that it is in.

    Checksums are cumulative, and each frame carries the sum so far: so a frame behind a damaged one can still be told
    to be whole, which SQLite itself does not try. A damaged header costs the first frame.
    """
    order = ">" if int.from_bytes(log[:4], "big") == 0x377F0683 else "<"
    salts, before = log[40:48], log[24:32]
    frames: list[_Frame] = []
    for at in range(32, len(log) - size - 23, size + 24):
        head, page = log[at : at + 24], log[at + 24 : at + 24 + size]
        if head[8:16] != salts and _sum(head[:8] + page, before, order) != head[16:24]:
            if frames and head[8:16] == log[16:24]:
                salts = head[8:16]  # it was the first one that was damaged
            elif any(log[later + 8 : later + 16] == salts for later in range(at, len(log) - size - 23, size + 24)):
                frames.append(_Frame(0, 0, False, b""))
                before = head[16:24]
                continue
            else:
                break  # of an earlier round: the log is used again from its beginning
        whole = _sum(head[:8] + page, before, order) == head[16:24]
        frames.append(_Frame(int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big"), whole, page))
        before = head[16:24]
    return frames


def _committed(log: bytes, size: int) -> dict[int, bytes]:
    """Whole pages of a log, the newest of each, up to its last commit."""
    found: dict[int, bytes] = {}
    waiting: dict[int, bytes] = {}
    for frame in _frames(log, size):
        if frame.whole:
            waiting[frame.number] = frame.page
            if frame.commit:
                found |= waiting
                waiting = {}
    return found


def torn_log(path: Path) -> bool:
    """Whether the log beside a database has whole transactions behind a damaged place, or a damaged header before them:
    SQLite would take it for the end, and throw away what is behind it."""
    log_path = Path(f"{path}-wal")
    if not log_path.exists() or not (log := log_path.read_bytes()):
        return False
    frames = _frames(log, _page_size(path.read_bytes()[:100] if path.exists() else b"", log))
    valid = _sum(log[:24], bytes(8), "<" if log[3:4] == b"\x82" else ">") == log[24:32]
    first = next((at for at, frame in enumerate(frames) if not frame.whole), len(frames)) if valid else 0
    return any(frame.whole and frame.commit for frame in frames[first:])


def _sum(data: bytes, start: bytes, order: str) -> bytes:
    one, two = struct.unpack(">2I", start)
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for at in range(0, len(words), 2):
        one = (one + words[at] + two) & 0xFFFFFFFF
        two = (two + words[at + 1] + one) & 0xFFFFFFFF
    return struct.pack(">2I", one, two)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for step in range(8):
        byte = data[at + step]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + step + 1
    return value << 8 | data[at + 8], at + 9


_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


def _record(payload: bytes) -> tuple[Value, ...]:
    """The values of a record. Raises `ValueError` when its header and its length do not agree."""
    header, at = _varint(payload, 0)
    kinds: list[int] = []
    while at < header:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if at != header:
        raise ValueError("the header is longer than it says")
    values: list[Value] = []
    for kind in kinds:
        length = (kind - 12) // 2 if kind >= 12 else _INTEGERS.get(kind, 8 if kind == 7 else 0)
        data, at = payload[at : at + length], at + length
        if len(data) != length or kind in (10, 11):
            raise ValueError("shorter than its header says")
        values.append(_value(kind, data))
    return tuple(values)


def _value(kind: int, data: bytes) -> Value:
    match kind:
        case 0:
            return None
        case 7:
            return float(struct.unpack(">d", data)[0])
        case 8 | 9:
            return kind - 8
        case _ if kind < 8:
            return int.from_bytes(data, "big", signed=True)
        case _ if kind % 2:
            return data.decode("utf-8", "replace")
    return data
