"""``jamtui doctor``: what could be wrong on this machine, looked at one by one; ``--repair`` mends what can be mended.

Looking changes nothing. Repairing never takes away what is the person's own: a mirror is set aside and fetched anew, a
damaged store of one's own is salvaged with the old file kept, modes are made private again. What only a person can
decide (a configuration, a damaged text in the outbox) is told with what to do.
"""

from __future__ import annotations

import argparse
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
from msgspec import Struct

from jamtui import token_command
from jamtui.commands import settings
from jamtui.commands.context import Context
from jamtui.credentials import open_store
from jamtui.errors import JamError
from jamtui.paths import Home
from jamtui.safe_text import safe_line
from jamtui.store import checking, connection, mirror, opening, own, registry, seal
from jamtui.store.connection import Schema
from jamtui.store.pages import torn_log
from jamtui.store.registry import KnownJam
from jamtui.sync.holder import Holder
from jamtui.sync.sign_in import environment_secret_of

_ROOM = 64 << 20  # bytes that should be free: a log, and a snapshot that is on its way
_OK, _WRONG, _REPAIRED = "ok", "wrong", "repaired"


class _Older(connection.StoreError):
    """Nothing is wrong with it: the next start brings it up to date."""


class Finding(Struct):
    """One line: what was looked at, how it is, what to do. ``jam`` is a slug, "" for what belongs to no Jam."""

    check: str
    state: str
    text: str
    hint: str = ""
    jam: str = ""


def run(context: Context, args: argparse.Namespace) -> int:
    """Tells each finding; 1 when something is wrong and was not repaired."""
    named = [context.jam()] if context.jam_name is not None else None
    findings = []
    for finding in _all(context, named, repair=args.repair):
        findings.append(finding)
        _tell(context, finding)
    wrong = sum(finding.state == _WRONG for finding in findings)
    if wrong and not args.repair:
        context.out.say(f"{wrong} wrong. jamtui doctor --repair mends what can be mended, and takes nothing away.")
    return 1 if wrong else 0


def _tell(context: Context, finding: Finding) -> None:
    out = context.out
    if out.json:
        out.row(
            {
                "check": finding.check, "jam": finding.jam, "state": finding.state, "text": finding.text,
                "hint": finding.hint,
            }
        )  # fmt: skip
        return
    name = f"{finding.check} of {safe_line(finding.jam, 40)}" if finding.jam else finding.check
    hint = f"  {safe_line(finding.hint)}" if finding.hint else ""
    out.line(f"{finding.state:<9}{name}: {safe_line(finding.text)}.{hint}")


def _all(context: Context, named: list[KnownJam] | None, *, repair: bool) -> Iterator[Finding]:
    """Of the Jams that are named, else of all, with the indexes of archive files."""
    yield _configuration(context.home)
    yield from _private(context.home, repair)
    yield _room(context.home)
    yield from _strays(context.home)
    jams = [*registry.known(context.home), *registry.indexes(context.home)]  # not before: reading makes files private
    for jam in jams if named is None else named:
        for finding in _one_jam(context, jam, repair):
            finding.jam = jam.slug
            yield finding


# -- what belongs to no Jam


def _configuration(home: Home) -> Finding:
    found = settings.problems(home)
    if found:
        first = found[0]
        where = f"line {first.line}: " if first.line else ""
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        text = f"{home.config_file} has problems: {where}{first.text.rstrip('.')}{more}"
        return Finding(
            "configuration", _WRONG, text, "jamtui config edit opens it; jamtui config check tells them all."
        )
    there = home.config_file.exists()
    return Finding("configuration", _OK, str(home.config_file) if there else "none, every setting has its default")


def _private(home: Home, repair: bool) -> Iterator[Finding]:
    """Modes, links and owners of everything that jamtui keeps."""
    wrong, looked, mended = [], 0, 0
    for path in _kept(home):
        looked += 1
        fault = _open_to_others(path, home)
        if fault and repair and fault == "mode" and _made_private(path):
            mended += 1
        elif fault:
            wrong.append((path, fault))
    if mended:
        yield Finding("files", _REPAIRED, f"{mended} could be read by others, and are private now")
    if not wrong:
        yield Finding("files", _OK, f"{looked} files and folders, nobody else can read them")
        return
    path, fault = wrong[0]
    words = {"mode": "can be read by others", "link": "is a symbolic link", "owner": "belongs to somebody else"}[fault]
    more = f", {len(wrong) - 1} more" if len(wrong) > 1 else ""
    hint = "jamtui doctor --repair makes it private." if fault == "mode" else "Put the file itself there."
    yield Finding("files", _WRONG, f"{path} {words}{more}", hint)


def _kept(home: Home) -> Iterator[Path]:
    seen = set[Path]()
    for root in (home.config, home.data, home.state, home.logs):
        for folder, folders, files in os.walk(root):
            for path in [Path(folder), *(Path(folder, name) for name in files)]:
                if path not in seen:
                    seen.add(path)
                    yield path
            for name in folders:
                if Path(folder, name).is_symlink():
                    yield Path(folder, name)


def _open_to_others(path: Path, home: Home) -> str:
    """ "mode", "link" or "owner"; "" when it is private. The configuration may be a link into a managed folder."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return ""  # gone meanwhile
    if stat.S_ISLNK(found.st_mode):
        return "" if path == home.config_file else "link"
    if os.name == "posix" and found.st_uid != os.geteuid():
        return "owner"
    return "mode" if os.name == "posix" and stat.S_IMODE(found.st_mode) & 0o077 else ""


def _made_private(path: Path) -> bool:
    try:
        path.chmod(0o700 if path.is_dir() else 0o600)
    except OSError:
        return False
    return True


def _strays(home: Home) -> Iterator[Finding]:
    """Folders of which nobody knows whose they are: no command reads them, and nothing in them is ever sent."""
    known = {jam.folder for jam in registry.known(home)}
    there = sorted(home.jams.iterdir()) if home.jams.is_dir() else []
    for folder in [path for path in there if path.is_dir() and path not in known]:
        mine = folder / "own.sqlite"
        more = "What was written there is in its own.sqlite. " if mine.exists() else ""
        yield Finding(
            "folder", _WRONG, f"{folder} has no jam.json that can be read: nobody knows whose it is",
            f"{more}Signing in again goes on in it where its name says whose it is; else remove it by hand.",
        )  # fmt: skip


def _room(home: Home) -> Finding:
    folder = home.data
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:,.1f} GB free at {folder}"
    if free < _ROOM:
        return Finding("disk", _WRONG, text, "Free some space: drafts and the mirror need it.")
    return Finding("disk", _OK, text)


# -- one Jam


def _one_jam(context: Context, jam: KnownJam, repair: bool) -> Iterator[Finding]:
    faults = _mirror(jam)
    mine = _own(jam)
    if repair and (faults.state == _WRONG or mine.state == _WRONG):
        faults, mine = _repaired(context, jam, faults, mine)
    yield faults
    yield mine
    yield from _outbox(jam)
    if not jam.local:
        yield _lock(jam)
        yield _secret(context, jam)
    yield from _aside(jam)


def _mirror(jam: KnownJam) -> Finding:
    if not jam.mirror.exists():
        return Finding("mirror", _OK, "empty until the next jamtui sync")
    try:
        with closing(_looked_at(jam.mirror, mirror.SCHEMA)) as db:
            faults = checking.mirror_faults(db, full_text=True)
            known = mirror.Mirror(db)
            if not faults and not known.cursor:
                return Finding("mirror", _OK, "empty until the next jamtui sync")
            if not faults:
                posts = next(iter(db.execute("SELECT count(*) FROM posts")))[0]
                text = f"whole, {posts:,} posts, full text and figures fit, up to change {known.cursor}"
                return Finding("mirror", _OK, text)
    except _Older as error:
        return Finding("mirror", _OK, error.title)
    except connection.StoreTooNew as error:
        return Finding("mirror", _WRONG, error.title, "Update jamtui; or --repair sets it aside and fetches it anew.")
    except (connection.StoreError, apsw.Error, OSError) as error:
        faults = [error.title if isinstance(error, JamError) else str(error)]
    return Finding(
        "mirror",
        _WRONG,
        f"damaged: {'; '.join(faults)}",
        "--repair sets it aside and fetches it anew; nothing is lost.",
    )


def _own(jam: KnownJam) -> Finding:
    name = "drafts, outbox, reading"
    if not jam.own.exists():
        return Finding(name, _OK, "nothing yet")
    try:
        if torn_log(jam.own):
            faults = ["a hole in its log"]
        else:
            with closing(_looked_at(jam.own, own.SCHEMA)) as db:
                faults = checking.own_faults(db)
                if not faults:
                    counts = [
                        next(iter(db.execute(f"SELECT count(*) FROM {table}")))[0] for table in ("drafts", "outbox")
                    ]
                    return Finding(name, _OK, f"whole, {counts[0]} drafts, {counts[1]} in the outbox")
    except _Older as error:
        return Finding(name, _OK, error.title)
    except connection.StoreTooNew as error:
        return Finding(name, _WRONG, error.title, "Update jamtui. The file is left as it is.")
    except (connection.StoreError, apsw.Error, OSError) as error:
        faults = [error.title if isinstance(error, JamError) else str(error)]
    hint = "--repair saves all that can be read into a new file and keeps this one."
    return Finding(name, _WRONG, f"damaged: {'; '.join(faults)}", hint)


def _looked_at(path: Path, schema: Schema) -> apsw.Connection:
    """A connection that writes nothing, not even a log that it found."""
    writable = connection.may_write(path)  # else not even locks can be made beside it
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY) if writable else connection.reading(path)
    try:
        db.set_busy_timeout(connection.BUSY_MS)
        connection.recognise(db, path, schema)
        if db.pragma("user_version") < len(schema.migrations):
            raise _Older("of an older form, which the next start brings up to date")
    except BaseException:
        db.close()
        raise
    return db


def _repaired(context: Context, jam: KnownJam, faults: Finding, mine: Finding) -> tuple[Finding, Finding]:
    """Opens the Jam as a start does that looks everything through, and fetches what is missing."""
    if mine.state == _WRONG and "newer" in mine.text:
        return faults, mine
    now = context.now()
    if faults.state == _WRONG and "newer" in faults.text:
        opening.set_aside(jam.mirror, jam.folder / f"mirror.newer-{now:%Y%m%dT%H%M%S}-{os.getpid()}.sqlite")
    seal.broken(jam.seal)  # so that it looks
    try:
        opened = opening.open_store(jam, now)
    except JamError as error:
        return faults, Finding(mine.check, _WRONG, error.title, error.hint)
    told = [text for text in opened.told if not text.startswith("The mirror")]
    try:
        _full_text_anew(jam)
        if opened.set_aside is not None or faults.state == _WRONG:
            _fetched(context, jam)
    finally:
        opened.close()
    after, own_after = _mirror(jam), _own(jam)
    if not opened.alone:
        for finding in (after, own_after):
            finding.hint = "Another jamtui has it open: close it, then repair." if finding.state == _WRONG else ""
    if faults.state == _WRONG and after.state == _OK:
        after = Finding("mirror", _REPAIRED, f"was {faults.text}; now {after.text}")
    if mine.state == _WRONG and own_after.state == _OK:
        own_after = Finding(mine.check, _REPAIRED, "; ".join(told) or f"was {mine.text}; now {own_after.text}")
    return after, own_after


def _full_text_anew(jam: KnownJam) -> None:
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        if mirror.Mirror(db).cursor and checking.mirror_faults(db, full_text=True):
            checking.rebuild_words(db)


def _fetched(context: Context, jam: KnownJam) -> None:
    """Fetches the mirror anew, when the server can be reached; the next sync does it else."""
    if jam.local:
        return
    import asyncio

    from jamtui.commands.syncing import once

    holder = Holder(jam.lock)
    if not holder.take():
        return  # who holds the network fetches it
    try:
        asyncio.run(once(context, jam))
    except JamError as error:
        context.out.say(f"{error.title}. The mirror is fetched by the next jamtui sync.")
    finally:
        holder.release()


def _outbox(jam: KnownJam) -> Iterator[Finding]:
    try:
        with closing(_looked_at(jam.own, own.SCHEMA)) as db:
            damaged = checking.damaged_rows(db)
    except (connection.StoreError, apsw.Error, OSError):
        return  # told already
    if damaged:
        yield Finding(
            "outbox", _WRONG, f"{len(damaged)} damaged, never sent by itself: {', '.join(damaged[:5])}",
            "jamtui outbox edit ID shows the text to mend it; jamtui outbox drop ID takes it out.",
        )  # fmt: skip
    else:
        yield Finding("outbox", _OK, "every checksum fits")


def _lock(jam: KnownJam) -> Finding:
    if not jam.lock.exists():
        return Finding("connection", _OK, "nobody holds it")
    holder = Holder(jam.lock)
    try:
        free = holder.take()
    except JamError as error:
        return Finding("connection", _WRONG, error.title, error.hint)
    finally:
        holder.release()
    if free:
        return Finding("connection", _OK, "nobody holds it; the next jamtui or jamtui sync does")
    return Finding(
        "connection", _OK, f"another jamtui holds it: {safe_line(holder.told().partition(' ')[0]) or 'starting'}"
    )


def _secret(context: Context, jam: KnownJam) -> Finding:
    name = "sign-in"
    if jam.me.guest:
        return Finding(name, _OK, "a guest needs none")
    where = {"keyring": "in the keyring", "file": "in a file (0600)"}.get(jam.store, jam.store)
    try:
        if environment_secret_of(context.home, jam, context.environ) is not None:
            return Finding(name, _OK, "by JAMTUI_TOKEN")
        if jam.store == token_command.STORE:
            token_command.secret_for(context.home, jam.origin, context.environ)
            return Finding(name, _OK, "the token_command of config.toml gives a token")
        there = open_store(jam.store, home=context.home, environ=context.environ).load(jam.account) is not None
    except JamError as error:
        return Finding(name, _WRONG, error.title.rstrip("."), error.hint)
    if there:
        return Finding(name, _OK, f"the token is {where}")
    return Finding(name, _WRONG, f"there is no token {where}", "Sign in again with jamtui login.")


def _aside(jam: KnownJam) -> Iterator[Finding]:
    """What was set aside earlier, which nobody but its owner removes."""
    kept = sorted(path for kind in ("mirror", "own") for path in jam.folder.glob(f"{kind}.*-*.sqlite"))
    if kept:
        size = sum(path.stat().st_size for path in kept)
        names = ", ".join(path.name for path in kept[:5])
        yield Finding(
            "set aside", _OK, f"{len(kept)} damaged files, {size / 1e6:,.1f} MB: {names}",
            f"Remove them from {jam.folder} when you do not need them.",
        )  # fmt: skip
