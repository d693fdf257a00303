"""A damaged store of one's own: what can be read of it goes into a new one, and the old file stays beside it.

It is the one file that nobody else has, so it is never replaced silently: `Salvaged` says in words what was saved and
where the old file is. Rows are taken from the pages themselves (`jamtui.store.pages`), so that neither a torn header
nor a page in the middle costs more than what stood on it. A row of the outbox keeps its checksum: one that was damaged
is known to be, and is never sent by itself.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import apsw
from msgspec import Struct

from jamtui.model import DraftKind
from jamtui.paths import remove, write_private
from jamtui.store import connection, own
from jamtui.store.connection import transaction
from jamtui.store.pages import Found, Pages, Value

SUFFIXES = ("", "-wal", "-shm")
_MADE, _READY = "own.salvaging.sqlite", "own.salvaged.sqlite"  # being filled; whole, and to be put in its place

# What people call the rows of a table, one and several; what is not here is not worth a word.
_NAMES = {
    "drafts": ("draft", "drafts"),
    "thrown": ("thrown-away text", "thrown-away texts"),
    "outbox": ("text or change in the outbox", "texts and changes in the outbox"),
    "read": ("post marked as read", "posts marked as read"),
    "saved": ("saved post", "saved posts"),
    "marks": ("mute or follow", "mutes and follows"),
    "places": ("place", "places"),
}
_LEFT_OUT = ("stamp", "sqlite_sequence")  # made anew


class Salvaged(Struct, frozen=True):
    """What was saved, by table; ``aside`` is the damaged file."""

    aside: Path
    counts: dict[str, int]

    def words(self) -> str:
        """For people: what happened, what was saved, where the rest may be."""
        saved = [
            f"{self.counts[name]:,} {words[self.counts[name] != 1]}"
            for name, words in _NAMES.items()
            if self.counts.get(name)
        ]
        what = f"Saved from it: {_joined(saved)}." if saved else "Nothing in it could be read."
        return (
            f"The file with your drafts, outbox and reading state was damaged. {what} The damaged file is kept as "
            f"{self.aside}"
        )


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


class _Column(Struct):
    name: str
    kind: str
    nullable: bool
    needed: bool
    key: int  # its place in the key; 0: not in it


class _Table(Struct):
    """A table of the newest schema. A record has its columns in this order; an older file may not have the last ones,
    so ``least`` says how many there must be. ``numbered``: its rows have rowids; ``rowid`` is the column that is one,
    "" if there is none."""

    name: str
    columns: list[_Column]
    least: int
    numbered: bool
    rowid: str


def salvage(path: Path, aside: Path, *, foreign: bool = False) -> Salvaged:
    """Puts a new store with all that can be read into the place of the one at ``path``, which becomes ``aside``.

    ``foreign``: it does not say that it is ours, so where its schema can be read, it must name tables of ours. The
    caller sees to it that nobody else has it open. Killed at any moment, the next start goes on (`finish`).
    """
    pages = Pages(path)
    made = path.with_name(_MADE)
    for suffix in SUFFIXES:
        remove(Path(f"{made}{suffix}"))
    db = connection.connect(made, own.SCHEMA)
    with contextlib.closing(db):
        counts = _fill(db, pages, foreign)
        db.pragma("journal_mode", "delete")  # one file, so that one rename puts it in its place
    made.replace(path.with_name(_READY))
    finish(path, aside)
    return Salvaged(aside, counts)


def finish(path: Path, aside: Path) -> bool:
    """The last steps of `salvage`; False when there is nothing to finish."""
    ready = path.with_name(_READY)
    if not ready.exists():
        return False
    if not aside.exists():
        for suffix in SUFFIXES[:2]:  # -shm holds nothing that is not in the log
            old = Path(f"{path}{suffix}")
            if old.exists():
                _twin(old, Path(f"{aside}{suffix}"))
    for suffix in SUFFIXES[1:]:  # or the new file would be read with the old one's log
        remove(Path(f"{path}{suffix}"))
    ready.replace(path)
    return True


def _twin(old: Path, new: Path) -> None:
    """Another name for the file, so that it is under one of them at any moment."""
    try:
        os.link(old, new)
    except OSError:  # a file system without hard links
        write_private(new, old.read_bytes())


def _fill(db: apsw.Connection, pages: Pages, foreign: bool) -> dict[str, int]:
    """Inserts all that can be read; what two pages both have counts once."""
    tables = {table.name: table for table in _tables(db)}
    counts: dict[str, int] = {}
    with transaction(db):
        for name, row in _rows(pages, tables, foreign):
            table = tables[name]
            values: list[Value] = list(_mended(table, row.values[: len(table.columns)]))
            columns = [column.name for column in table.columns[: len(values)]]
            if table.rowid in columns:
                values[columns.index(table.rowid)] = row.rowid
            places = ", ".join("?" * len(values))
            before = db.total_changes()
            with contextlib.suppress(apsw.ConstraintError):  # a value that may not stand there: the row was damaged
                db.execute(f"INSERT OR IGNORE INTO {name}({', '.join(columns)}) VALUES ({places})", values)
            counts[name] = counts.get(name, 0) + db.total_changes() - before
        db.execute(own.BUMP_READING)
    return {name: count for name, count in counts.items() if count}


def _rows(pages: Pages, tables: dict[str, _Table], foreign: bool) -> Iterator[tuple[str, Found]]:
    """(table, row): by the b-trees as far as they can be followed, then by what rows on other pages look like."""
    roots = pages.roots()
    seen = {1}
    if foreign and roots and not {"drafts", "outbox", "read"} <= set(roots):
        return  # of another program, which may have rows that look like ours
    for name, root in roots.items():
        for number in pages.under(root):
            seen.add(number)
            if name in tables:
                yield from ((name, row) for row in pages.rows(number) if _fits(tables[name], row, named=True))
    for number in range(1, pages.count + 1):
        if number in seen:
            continue
        for row in pages.rows(number):
            fitting = [table.name for table in tables.values() if _fits(table, row, named=False)]
            if len(fitting) == 1:
                yield fitting[0], row


def _tables(db: apsw.Connection) -> list[_Table]:
    found = []
    for name, without in list(db.execute("SELECT name, wr FROM pragma_table_list WHERE type = 'table'")):
        if name in _LEFT_OUT or str(name).startswith("sqlite_"):
            continue
        columns = [
            _Column(str(column), str(kind), not must, bool(key) or (bool(must) and default is None), int(key))
            for column, kind, must, default, key in db.execute(
                'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)', (name,)
            )
        ]
        if without:  # the key stands first in the record
            columns.sort(key=lambda column: column.key or 1_000)
        least = max(at for at, column in enumerate(columns, 1) if column.needed)
        keys = [column.name for column in columns if column.key]
        rowid = keys[0] if not without and len(keys) == 1 else ""
        found.append(_Table(str(name), columns, least, not without, rowid))
    return found


_FEW = 4  # unreadable signs that a text may have
_LATEST = 253_370_764_799_999  # milliseconds: the end of the year 9998


def _mended(table: _Table, values: Sequence[Value]) -> Iterator[Value]:
    """A row whose end was on a torn page is worth having, but nothing in it may stop who reads it: texts end where they
    cannot be read any more, times are times, and what must be JSON is."""
    for column, value in zip(table.columns, values, strict=False):
        if column.name == "tags":
            try:
                yield json.dumps([str(tag) for tag in json.loads(str(value))], ensure_ascii=False)
            except ValueError:
                yield "[]"
        elif isinstance(value, str):
            whole = value.replace("\0", "\ufffd")
            # A bit that flipped costs a sign; where there are many such signs, the rest is of another page.
            yield whole if whole.count("\ufffd") <= _FEW else whole.partition("\ufffd")[0]
        elif isinstance(value, int) and column.name in ("updated", "created", "next_try", "at"):
            yield value if 0 <= value <= _LATEST else 0
        else:
            yield value


# What may stand in columns that have few values: another one is no row.
_WORDS = {
    ("drafts", "kind"): {kind.value for kind in DraftKind},
    ("thrown", "kind"): {kind.value for kind in DraftKind},
    ("outbox", "kind"): set(own.KINDS),
    ("outbox", "state"): {"queued", "refused", "sent"},
    ("marks", "kind"): {"thread", "tag", "person"},
    ("marks", "mark"): {"muted", "followed"},
}
_TYPES: dict[str, tuple[type, ...]] = {"TEXT": (str,), "INTEGER": (int,), "BLOB": (bytes, str), "REAL": (int, float)}

# Rows of these tables look alike; what stands in them does not.
_LOOKS: dict[str, Callable[[tuple[Value, ...]], bool]] = {
    "kept": lambda values: str(values[0]).startswith("{"),
    "my_votes": lambda values: not str(values[0]).startswith("{"),
    "desk": lambda values: isinstance(values[1], bytes) and values[1].startswith(b"{"),
    "seen": lambda values: isinstance(values[2], int) and values[2] > 1 << 36,
    "unheard": lambda values: values[3] in (0, 1),  # of a mark it is a time
    "saved": lambda values: isinstance(values[1], int) and values[1] > 1 << 36,  # a time; in an index it is a number
}


def _fits(table: _Table, row: Found, *, named: bool) -> bool:
    """Whether a row can be one of the table; ``named`` when it was found where the schema says that the table is."""
    values = row.values
    if not table.least <= len(values) <= len(table.columns) + (8 if named else 0):
        return False
    if (row.rowid is None) == table.numbered:
        return False
    for column, value in zip(table.columns, values, strict=False):
        if value is None:
            if column.name != table.rowid and not column.nullable:
                return False
        elif column.name == table.rowid or not _may_stand(table, column, value):
            return False
    looks = _LOOKS.get(table.name)
    return named or looks is None or looks(values)


def _may_stand(table: _Table, column: _Column, value: Value) -> bool:
    words = _WORDS.get((table.name, column.name))
    return isinstance(value, _TYPES.get(column.kind, (int, float, str, bytes))) and (words is None or value in words)
