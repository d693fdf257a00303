"""The two databases of a Jam, made ready to be opened, whatever became of them since they were closed.

    mirror      damaged, torn, of another program: set aside under a name that says so, and fetched anew
    own         damaged: what can be read is salvaged into a new one, the old one stays beside it
    either      of a newer jamtui: refused, untouched. Not to be written: read as it stands

What was done is told in words (`Opened.told`). Files that are as they were left (`jamtui.store.seal`) cost two `stat`.
"""

from __future__ import annotations

import contextlib
import os
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from jamtui.paths import make_private_dir, refuse_link
from jamtui.store import connection, mirror, own
from jamtui.store.registry import KnownJam
from jamtui.store.salvage import SUFFIXES, finish, salvage
from jamtui.store.seal import Seal


class Opened(Struct):
    """A Jam's folder whose databases are there and sound. `close` it after all connections to them are closed."""

    seal: Seal
    set_aside: Path | None = None  # what was the mirror
    told: tuple[str, ...] = ()  # what a person should know, in sentences without a full stop
    read_only: bool = False
    alone: bool = False  # nobody else had them open: only then they are looked through

    def close(self) -> None:
        self.seal.close()


def prepare(jam: KnownJam, now: datetime) -> Path | None:
    """Sees to it that both databases are there and sound; what was a broken mirror is returned. See `open_store`."""
    opened = open_store(jam, now)
    opened.close()
    return opened.set_aside


def open_store(jam: KnownJam, now: datetime) -> Opened:
    """Both databases, there and sound. Raises `StoreTooNew` for either, `StoreBroken` for one's own store when somebody
    else has it open, `StorageFull` for what cannot be made where it should be."""
    read_only = jam.folder.exists() and not connection.may_write(jam.own)
    if not read_only:
        make_private_dir(jam.folder)
    opened = Opened(Seal(jam.seal, (jam.mirror, jam.own), now), read_only=read_only)
    try:
        _open(jam, now, opened)
    except BaseException:
        opened.close()
        raise
    return opened


def _open(jam: KnownJam, now: datetime, opened: Opened) -> None:
    seal = opened.seal
    opened.alone = seal.alone
    aside = f"-{now:%Y%m%dT%H%M%S}-{os.getpid()}.sqlite"
    mend = seal.alone and not opened.read_only
    if mend:
        finish(jam.own, jam.folder / f"own.damaged{aside}")
    look = not seal.intact
    try:
        _own(jam, look)
    except connection.StoreBroken as error:
        if not mend:
            raise
        saved = salvage(jam.own, jam.folder / f"own.damaged{aside}", foreign=error.foreign)
        opened.told += (saved.words(),)
        connection.connect(jam.own, own.SCHEMA).close()
    try:
        _mirror(jam, look, opened.read_only)
    except connection.StoreBroken as error:
        if opened.read_only:
            raise
        opened.set_aside = jam.folder / f"mirror.{_kind(error)}{aside}"
        set_aside(jam.mirror, opened.set_aside)
        why = f"The mirror was {_words(error)} ({error.reason})"
        opened.told += (f"{why} and is now {opened.set_aside.name}; jamtui sync fetches it anew",)
        connection.connect(jam.mirror, mirror.SCHEMA).close()
    if seal.alone:
        if look:
            seal.looked()
        seal.share()


def _own(jam: KnownJam, look: bool) -> None:
    if look:
        from jamtui.store.pages import torn_log

        if torn_log(jam.own):  # before SQLite sees it
            reason = "a hole in its log"
            raise connection.StoreBroken(
                f"the {own.SCHEMA.name} {jam.own.name} is damaged: {reason}", own.SCHEMA.if_broken, reason=reason
            )
    with contextlib.closing(connection.connect(jam.own, own.SCHEMA)) as db:
        if look:
            from jamtui.store.checking import own_faults

            for fault in own_faults(db):
                raise connection.StoreBroken(
                    f"the {own.SCHEMA.name} {jam.own.name} is damaged: {fault}", own.SCHEMA.if_broken, reason=fault
                )


def _mirror(jam: KnownJam, look: bool, read_only: bool) -> None:
    refuse_link(jam.mirror)
    if jam.mirror.exists() and not jam.mirror.is_file():
        raise connection.StoreBroken(f"{jam.mirror.name} is no file", mirror.SCHEMA.if_broken, reason="no file at all")
    with contextlib.closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        if look:
            from jamtui.store.checking import mirror_faults

            for fault in mirror_faults(db, full_text=jam.local or read_only):
                raise connection.StoreBroken(
                    f"the mirror {jam.mirror.name} is damaged: {fault}", mirror.SCHEMA.if_broken, reason=fault
                )
            known = mirror.Mirror(db)
            if known.cursor and not (jam.local or read_only):
                known.set_meta("suspect", "1")  # the next who is connected makes the full text anew


def set_aside(path: Path, aside: Path) -> None:
    """A database with what belongs to it under another name, so that nobody takes it for what it was."""
    for suffix in SUFFIXES:
        part = Path(f"{path}{suffix}")
        if part.exists():
            part.rename(Path(f"{aside}{suffix}"))


def _kind(error: connection.StoreBroken) -> str:
    return "foreign" if error.foreign else "broken"


def _words(error: connection.StoreBroken) -> str:
    return "of another program" if error.foreign else "damaged"
