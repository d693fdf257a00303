"""The two databases of a Jam, made ready to be opened."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from jamtui.paths import make_private_dir
from jamtui.store import connection, mirror, own
from jamtui.store.registry import KnownJam


def prepare(jam: KnownJam, now: datetime) -> Path | None:
    """Sees to it that both databases are there and sound; a broken mirror is set aside (its new path is returned).

    Raises `StoreTooNew` for either, and `StoreBroken` for one's own store, which is never set aside by itself.
    """
    make_private_dir(jam.folder)
    connection.connect(jam.own, own.SCHEMA).close()
    try:
        connection.connect(jam.mirror, mirror.SCHEMA).close()
    except connection.StoreBroken:
        aside = jam.mirror.with_name(f"mirror.broken-{now:%Y%m%dT%H%M%S}-{os.getpid()}.sqlite")
        for suffix in ("", "-wal", "-shm"):
            part = Path(f"{jam.mirror}{suffix}")
            if part.exists():
                part.rename(Path(f"{aside}{suffix}"))
        connection.connect(jam.mirror, mirror.SCHEMA).close()
        return aside
    return None
