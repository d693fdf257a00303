"""``jamtui forums``: what scripts ask most often, so that the JSON road is short (see `jamtui.store.objects`)."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False  # typing's own is not worth its import: see jamtui.output
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from jamtui.commands.context import Context
    from jamtui.store.objects import Object


def run(context: Context, _: argparse.Namespace) -> None:
    out = context.out
    if out.json and context.jam_name is None and (found := _short_road(context.environ)) is not None:
        for forum in found:
            out.row(forum)
        return
    session = context.session()
    try:
        if out.json:
            for row in session.stored().forums():
                out.row(row)
            return
        rows = session.forums()
    finally:
        session.close()
    out.table(
        ["forum", "title", "threads", "posts", "unread"],
        [(f.slug, f.title, f.threads, f.posts, f.unread) for f in rows],
        give=1,
        strong=[f.unread > 0 for f in rows],
        right="threads posts unread",
    )


def _at_once(path: str, flags: int) -> int:
    """A pipe in the place of a file is not waited for: the longer road refuses it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _short_road(environ: Mapping[str, str]) -> list[Object] | None:
    """The forums of the Jam used last, without what the longer road imports; None when anything is not as usual.

    It reads what `jamtui.store.registry` wrote. Whatever is missing, odd or damaged is left to `Context.session`, which
    says what is wrong in words.
    """
    home = environ.get("JAMTUI_HOME", "")
    if home:
        jams = os.path.join(os.path.abspath(os.path.expanduser(home)), "jams")  # noqa: PTH100, PTH111, PTH118 - pathlib
    else:
        from jamtui.paths import Home

        jams = str(Home.from_env(environ).jams)
    import apsw

    from jamtui.store import objects

    try:
        # With pathlib it would cost as much as all of SQLite.
        with open(os.path.join(jams, "last"), encoding="utf-8", opener=_at_once) as file:  # noqa: PTH118
            name = file.read().strip()
        folder = os.path.join(jams, name)  # noqa: PTH118
        with open(os.path.join(folder, "jam.json"), "rb", opener=_at_once) as entry:  # noqa: PTH118
            jam = json.load(entry)
        if not name or os.sep in name or jam.get("format", 1) != 1:
            return None
        if not objects.as_left(folder):
            return None
        db = objects.connect(os.path.join(folder, "mirror.sqlite"), os.path.join(folder, "own.sqlite"))  # noqa: PTH118
        if db is None:
            return None
        try:
            return list(objects.Objects(db, str(jam.get("person_id", "")), "").forums())
        finally:
            db.close()
    except (OSError, ValueError, AttributeError, apsw.Error):
        return None  # the longer road tells
