"""Reading state and what a person set for reading: read, saved, places, muted and followed.

Written with synchronous=NORMAL: a killed program loses nothing, and no key waits for the disk; a machine that loses
its power may forget the last marks, never tear the file. Nothing here compares this machine's clock with anything.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import apsw

from jamtui.model import Mark, MarkKind, MarkRow, Marks
from jamtui.store.connection import transaction
from jamtui.store.own import BUMP, BUMP_READING

# What is followed, by kind and target, with the time (milliseconds since 1970) of the newest post that was there then.
Followed = Mapping[MarkKind, Mapping[str, int]]

_READ = "INSERT INTO read VALUES (?, ?) ON CONFLICT(h) DO UPDATE SET version = max(version, excluded.version)"
_UNREAD = "DELETE FROM read WHERE h = ?"


class MarkStore:
    """Reads and writes the marks over a connection to one's own store."""

    def __init__(self, db: apsw.Connection) -> None:
        self.db = db

    @contextlib.contextmanager
    def _writing(self, bump: str = BUMP_READING) -> Iterator[None]:
        self.db.execute("PRAGMA synchronous=NORMAL")
        try:
            with transaction(self.db):
                yield
                if bump:
                    self.db.execute(bump)
        finally:
            self.db.execute("PRAGMA synchronous=FULL")

    # -- read

    def mark_hashes(self, hashes: Sequence[int], read: bool) -> None:
        """Without a word on the versions: for posts that were not looked at one by one."""
        if not hashes:
            return
        with self._writing():
            self.db.executemany(_READ if read else _UNREAD, [(h, 0) if read else (h,) for h in hashes])

    def mark_versions(self, rows: Sequence[tuple[int, int]]) -> None:
        """(hash, version) of posts that were read as they stood."""
        if not rows:
            return
        with self._writing():
            self.db.executemany(_READ, rows)

    # -- saved

    def save(self, post_id: str, saved: bool, now: datetime) -> None:
        with self._writing(bump=BUMP):
            if saved:
                self.db.execute("INSERT OR IGNORE INTO saved VALUES (?, ?)", (post_id, _ms(now)))
            else:
                self.db.execute("DELETE FROM saved WHERE post_id = ?", (post_id,))

    # -- places

    def place(self, name: str) -> str:
        row = next(iter(self.db.execute("SELECT value FROM places WHERE name = ?", (name,))), None)
        return str(row[0]) if row else ""

    def set_place(self, name: str, value: str) -> None:
        self.set_places({name: value})

    def set_places(self, places: Mapping[str, str]) -> None:
        with self._writing(bump=""):
            self.db.executemany("INSERT OR REPLACE INTO places VALUES (?, ?)", list(places.items()))

    # -- hosts whose links are opened without a question: places, since rows of a table of their own would be as long as
    # those of ``saved``, which `jamtui.store.salvage` tells by their looks

    def hosts(self) -> list[str]:
        """In the order of their names."""
        sql = (
            "SELECT substr(name, 6) FROM places WHERE name >= 'host:' AND name < 'host;' AND value <> '' ORDER BY name"
        )
        return [str(row[0]) for row in self.db.execute(sql)]

    def trusts(self, host: str) -> bool:
        return self.place(f"host:{host}") != ""

    def trust(self, host: str, on: bool, now: datetime) -> None:
        self.set_place(f"host:{host}", now.isoformat() if on else "")

    # -- what was looked at that is no post: announcements, notices, polls

    def seen(self, kind: str) -> frozenset[str]:
        """The ids of those of one kind."""
        return frozenset(str(row[0]) for row in self.db.execute("SELECT id FROM seen WHERE kind = ?", (kind,)))

    def see(self, kind: str, ids: Collection[str], now: datetime, *, seen: bool = True) -> None:
        """They were looked at; or, for an undo, were not."""
        if not ids:
            return
        with self._writing(bump=BUMP):
            if seen:
                rows = [(kind, one, _ms(now)) for one in ids]
                self.db.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", rows)
            else:
                self.db.executemany("DELETE FROM seen WHERE kind = ? AND id = ?", [(kind, one) for one in ids])

    def all_seen(self) -> set[str]:
        """Of all kinds, each as ``kind:id``."""
        return {f"{kind}:{name}" for kind, name in self.db.execute("SELECT kind, id FROM seen")}

    def see_all(self, keys: Iterable[str], now: datetime, *, seen: bool = True) -> None:
        """`see` of several kinds, each as ``kind:id``."""
        by_kind: dict[str, list[str]] = {}
        for key in keys:
            kind, _, name = key.partition(":")
            by_kind.setdefault(kind, []).append(name)
        for kind, names in by_kind.items():
            self.see(kind, names, now, seen=seen)

    # -- muted and followed

    def marks(self, mark: Mark) -> Marks:
        """The targets of one mark, by kind."""
        found: dict[str, set[str]] = {kind.value: set() for kind in MarkKind}
        for kind, target in self.db.execute("SELECT kind, target FROM marks WHERE mark = ?", (mark.value,)):
            found.setdefault(str(kind), set()).add(str(target))
        return Marks(*(frozenset(found[kind.value]) for kind in MarkKind))

    def mark_rows(self, mark: Mark) -> list[MarkRow]:
        """One mark's rows, the latest first; ``name`` is still the bare target."""
        sql = "SELECT kind, target, at FROM marks WHERE mark = ? ORDER BY at DESC, kind, target"
        return [
            MarkRow(mark, MarkKind(str(kind)), str(target), str(target), datetime.fromtimestamp(int(at) / 1000, UTC))
            for kind, target, at in self.db.execute(sql, (mark.value,))
        ]

    def mark_of(self, kind: MarkKind, target: str) -> Mark | None:
        sql = "SELECT mark FROM marks WHERE kind = ? AND target = ?"
        row = next(iter(self.db.execute(sql, (kind.value, target))), None)
        return Mark(str(row[0])) if row else None

    def followed_since(self) -> Followed:
        """What is followed, and from which time on what is written there is for the reader. Who followed it before
        that was kept has the time at which they did, by their own clock: there is no other."""
        found: dict[MarkKind, dict[str, int]] = {kind: {} for kind in MarkKind}
        sql = (
            "SELECT m.kind, m.target, CAST(coalesce(p.value, m.at) AS INTEGER) FROM marks m "
            "LEFT JOIN places p ON p.name = 'since:' || m.kind || ':' || m.target WHERE m.mark = ?"
        )
        for kind, target, since in self.db.execute(sql, (Mark.FOLLOWED.value,)):
            found[MarkKind(str(kind))][str(target)] = int(since)
        return found

    def since(self, kind: MarkKind, target: str) -> int | None:
        """The time that was kept of it, if it is followed."""
        kept = self.place(f"since:{kind.value}:{target}")
        return int(kept) if kept.isdecimal() else None

    def set_mark(self, kind: MarkKind, target: str, mark: Mark | None, now: datetime, since: int | None = None) -> None:
        """None takes it off. Muted and followed exclude each other. ``since``, of what is followed: the time of the
        newest post that was there, in milliseconds since 1970; what is newer is for the reader."""
        name = f"since:{kind.value}:{target}"
        with self._writing():
            self.db.execute("DELETE FROM places WHERE name = ?", (name,))
            if mark is Mark.FOLLOWED and since is not None:
                self.db.execute("INSERT INTO places VALUES (?, ?)", (name, str(since)))
            if mark is None:
                self.db.execute("DELETE FROM marks WHERE kind = ? AND target = ?", (kind.value, target))
            else:
                self.db.execute(
                    "INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)", (kind.value, target, mark.value, _ms(now))
                )


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
