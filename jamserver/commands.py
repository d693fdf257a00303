"""What the commands do. Each takes the parsed arguments, prints rows to standard output, and raises JamError."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import secrets
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from jamserver import accounts, app, backups, db, importer, objects, oidc, people, records, sign_in_commands
from jamserver.log import Tx
from jamserver.terminal import RNG, say, show, told, write
from jamserver.wire import MAX_HONOUR, MIN_PASSWORD, clean_name
from jamserver.writer import write_once
from jamtui import archive
from jamtui.archive import rfc3339
from jamtui.errors import JamError, NotFound, UsageError
from jamtui.event import HOSTS, ROLES
from jamtui.safe_text import ForEyes


def run(arguments: argparse.Namespace) -> None:
    """Serves until SIGTERM or SIGINT."""
    _raise_file_limit()
    path: Path = arguments.db

    def ready(url: str) -> None:
        show(arguments, {"url": url}, f"listening on {url}")
        sys.stdout.flush()

    async def until_told() -> None:
        serving = app.serve(path, arguments.host, arguments.port, on_ready=ready, proxies=arguments.proxy)
        task = asyncio.ensure_future(serving)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    config = sign_in_commands.config_of(arguments)
    made = db.prepare(path)
    if config is not None:
        write(path, lambda tx: oidc.store(tx, config))
    with contextlib.closing(db.connect(path)) as reading:
        empty = not db.value(reading, "SELECT count(*) FROM forums")
    if made:
        say(f"made {path}, with a Jam that is open for {objects.NEW_JAM_HOURS} hours")
    if empty:
        say(f'this Jam has no forum yet; add one: jamserver forum add ideas --title "Ideas" --db {path}')
    asyncio.run(until_told())


def _raise_file_limit() -> None:
    """Every stream is an open file: take as many as the system lets us have."""
    try:
        import resource  # not on every system
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def import_archive(arguments: argparse.Namespace) -> None:
    """Puts an archive into a database, in one transaction: all of it or nothing."""
    path: Path = arguments.db
    reopen = None if arguments.reopen is None else timedelta(hours=arguments.reopen)
    with archive.open_archive(arguments.archive) as stream:
        made = db.prepare(path)
        try:
            with told(path):
                counts = write_once(
                    path,
                    app.system_clock(),
                    RNG,
                    lambda tx: importer.import_records(tx, archive.read(stream), reopen),
                )
        except BaseException:
            if made:
                _unmake(path)
            raise
    if arguments.json:
        show(arguments, {"db": str(path), "records": dict(sorted(counts.items()))}, "")
    else:
        say(f"imported {_counted(counts)} into {path}")
    with contextlib.closing(db.connect(path)) as reading:
        _tell_roles(reading)
    unknown = sorted(set(counts) - set(archive.TYPES) - set(records.KNOWN))
    if unknown:
        say(f"kept as they are, of types that this version does not know: {', '.join(unknown)}")


def _tell_roles(reading: db.Connection) -> None:
    """Who may do more than others: a file says so, and whoever made it wrote it."""
    for role in HOSTS:
        sql = "SELECT handle FROM people WHERE role = ? ORDER BY seq"
        found = [handle for (handle,) in db.rows(reading, sql, (role,))]
        if found:
            more = f" and {len(found) - 20:,} more" if len(found) > 20 else ""
            say(f"{role}s, as the archive has it: {', '.join(found[:20])}{more}")
            say("  they cannot sign in before you give them a password or a token; see jamserver person role")


def _unmake(path: Path) -> None:
    """Takes away a database that this command made and could not fill."""
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        name.unlink(missing_ok=True)


def _counted(counts: Counter[str]) -> str:
    many = {
        "person": "people", "forum": "forums", "post": "posts", "announcement": "announcements",
        "brief": "earlier briefs",
        "link": "links", "poll": "polls", "tag": "tags",
    }  # fmt: skip
    named = {kind: kind if number == 1 else many.get(kind, kind) for kind, number in counts.items()}
    return ", ".join(f"{counts[kind]:,} {named[kind]}" for kind in sorted(counts) if kind != "jam") or "a Jam"


def _file(output: Path | None) -> Path | None:
    """None for standard output, which has the name ``-``, too."""
    return None if output is None or str(output) == "-" else output


@contextlib.contextmanager
def _output(path: Path | None, *, escaped: bool) -> Iterator[BinaryIO]:
    """Standard output for None (``escaped``, as ``--json`` promises it), or a file that appears when it is complete;
    ``.gz`` and ``.zst`` compress."""
    if path is None:
        yield cast("BinaryIO", ForEyes(sys.stdout)) if escaped or sys.stdout.isatty() else sys.stdout.buffer
        return
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            part.chmod(0o600)  # an umask may have taken away even the owner's rights
            with _compressed(file, path.suffix) as out:
                yield out
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise JamError(f"cannot write {path}: {error.strerror or error}", "Choose another place with -o") from None
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _compressed(file: BinaryIO, suffix: str) -> Iterator[BinaryIO]:
    if suffix == ".gz":
        import gzip  # packers are not for the start of a server

        packed: Any = gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0)
    elif suffix == ".zst":
        import zstandard

        packed = zstandard.ZstdCompressor(write_checksum=True).stream_writer(file, closefd=False)
    else:
        yield file
        return
    with packed:
        out = io.BufferedWriter(packed, 1 << 16)
        yield out
        out.flush()
        out.detach()


def export_archive(arguments: argparse.Namespace) -> None:
    """Writes the Jam as it is at one moment."""
    path: Path = arguments.db
    db.prepare(path, create=False)
    with told(path), contextlib.closing(db.connect(path)) as reading, db.transaction(reading):
        if objects.jam_json(reading) is None:
            raise NotFound(f"{path} has no Jam yet", "Import one, or start it: jamserver run")
        with _output(target := _file(arguments.output), escaped=arguments.json) as out:
            count = importer.export(reading, out)
    if target is not None and arguments.json:
        show(arguments, {"file": str(target), "records": count}, "")
    elif target is not None:
        say(f"wrote {count:,} records to {target}")


def backup(arguments: argparse.Namespace) -> None:
    """Copies the database, while the server runs."""
    with told(arguments.db):
        kept = backups.backup(arguments.db, arguments.target, replace=arguments.force)
    fields: objects.Fields = {"file": str(arguments.target), "bytes": kept.size, "posts": kept.posts, "head": kept.head}
    show(arguments, fields, f"{kept.posts:,} posts up to change {kept.head} are in {arguments.target}")


def restore(arguments: argparse.Namespace) -> None:
    """Puts a backup back."""
    with told(arguments.db):
        kept, aside = backups.restore(arguments.db, arguments.source, app.system_clock(), RNG)
    fields: objects.Fields = {
        "file": str(arguments.db), "posts": kept.posts, "head": kept.head, "replaced": str(aside) if aside else None
    }  # fmt: skip
    show(arguments, fields, f"{arguments.db} has {kept.posts:,} posts again, up to change {kept.head}")
    if aside is not None:
        say(f"what was there is kept as {aside}; remove it when you are sure")
    say("clients notice, take a new snapshot, and send again what the backup does not have of theirs")


def generate(arguments: argparse.Namespace) -> None:
    """Writes an archive of a made-up Jam."""
    from jamserver.lifelike import main_generate  # large, and of use to this command alone
    from jamserver.shapes import SHAPES

    if arguments.shape is not None and arguments.shape not in SHAPES:
        raise UsageError(f"there is no shape {arguments.shape}", f"Shapes: {', '.join(SHAPES)}.")
    with _output(target := _file(arguments.output), escaped=arguments.json) as out:
        main_generate(
            arguments.posts,
            arguments.seed,
            out,
            app.system_clock(),
            shape=SHAPES.get(arguments.shape),
            big_thread=arguments.big_thread,
            big_forum=arguments.big_forum,
        )
    if target is not None and arguments.json:
        show(arguments, {"file": str(target)}, "")


def openapi(arguments: argparse.Namespace) -> None:
    """Prints the OpenAPI document."""
    from jamserver.openapi import document_bytes

    raw = document_bytes()
    print(raw.decode() if arguments.json else msgspec.json.format(raw, indent=2).decode())


def _password_from_stdin() -> str:
    password = sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    if not password:
        raise UsageError(
            "standard input has no password", "For example: jamserver person add ada --password-stdin < FILE"
        )
    if len(password) < MIN_PASSWORD:
        say(f"warning: the password has fewer than {MIN_PASSWORD} characters")
    return password


def person_add(arguments: argparse.Namespace) -> None:
    """A new person."""
    hashed = accounts.hash_password(_password_from_stdin()) if arguments.password_stdin else None

    def job(tx: Tx) -> bytes:
        handle = objects.new_handle(tx.db, arguments.handle, tx.now)
        person_id = objects.add_person(
            tx,
            app.random_id(RNG),
            handle,
            name=clean_name(arguments.name),
            role=arguments.role,
            org=arguments.org,
            country=arguments.country,
        )
        if hashed is not None:
            accounts.set_password(tx, person_id, hashed)
        return _person(tx, handle)[1]

    fields = objects.decode(write(arguments.db, job))
    show(arguments, fields, f"{fields['handle']} added ({fields['role']})")
    if hashed is None and not arguments.json:
        say(f"without a password; print a token: jamserver person token {fields['handle']} --db {arguments.db}")


def _person(tx: Tx, handle: str) -> tuple[str, bytes]:
    found = objects.find_person(tx.db, handle)
    if found is None:
        raise NotFound(f"nobody has the handle {handle}", f"Add them: jamserver person add {handle}")
    return found[0], found[2]


def person_role(arguments: argparse.Namespace) -> None:
    """Another role."""

    def job(tx: Tx) -> bytes:
        objects.set_role(tx, _person(tx, arguments.handle)[0], arguments.role)
        return _person(tx, arguments.handle)[1]

    fields = objects.decode(write(arguments.db, job, create=False))
    show(arguments, fields, f"{fields['handle']} is {fields['role']} now")


def person_honour(arguments: argparse.Namespace) -> None:
    """A guest of honour, or no longer one."""
    text = clean_name(arguments.text)
    if len(text) > MAX_HONOUR:
        raise UsageError(f"that is {len(text) - MAX_HONOUR} characters too long", f"The limit is {MAX_HONOUR}")

    def job(tx: Tx) -> bytes:
        people.honour(tx, _person(tx, arguments.handle)[0], text)
        return _person(tx, arguments.handle)[1]

    fields = objects.decode(write(arguments.db, job, create=False))
    words = f"is a guest of honour now: {text}" if text else "is no guest of honour any more"
    show(arguments, fields, f"{fields['handle']} {words}")


def person_token(arguments: argparse.Namespace) -> None:
    """An access token in clear, told once."""
    lifetime = timedelta(days=arguments.days)

    def job(tx: Tx) -> tuple[str, str]:
        return accounts.long_token(tx, _person(tx, arguments.handle)[0], lifetime), rfc3339(tx.now + lifetime)

    token, expires = write(arguments.db, job, create=False)
    show(arguments, {"handle": arguments.handle, "token": token, "expires_at": expires}, token)


def person_signout(arguments: argparse.Namespace) -> None:
    """Nobody is signed in as this person any more."""

    def job(tx: Tx) -> int:
        return accounts.sign_out(tx, _person(tx, arguments.handle)[0])

    count = write(arguments.db, job, create=False)
    line = f"{arguments.handle} is signed out: {count} sign-in{'' if count == 1 else 's'} and tokens ended"
    show(arguments, {"handle": arguments.handle, "ended": count}, line)


def person_link(arguments: argparse.Namespace) -> None:
    """Somebody who is here already comes by the issuer from now on."""
    issuer = sign_in_commands.stored(arguments.db).issuer
    write(arguments.db, lambda tx: oidc.link(tx, issuer, arguments.subject, _person(tx, arguments.handle)[0]))
    fields: objects.Fields = {"handle": arguments.handle, "issuer": issuer, "subject": arguments.subject}
    show(arguments, fields, f"{arguments.subject} of {issuer} is {arguments.handle}")


def person_password(arguments: argparse.Namespace) -> None:
    """A password, or another one."""
    hashed = accounts.hash_password(_password_from_stdin())

    def job(tx: Tx) -> bytes:
        person_id, data = _person(tx, arguments.handle)
        accounts.set_password(tx, person_id, hashed)
        return data

    fields = objects.decode(write(arguments.db, job, create=False))
    show(arguments, fields, f"{fields['handle']} has a password now")


def person_list(arguments: argparse.Namespace) -> None:
    """A line a person: handle, role, name, what else was said of them; those who may do most first."""
    db.prepare(arguments.db, create=False)
    with told(arguments.db), contextlib.closing(db.connect(arguments.db)) as reading:
        found = list(db.rows(reading, "SELECT role, data FROM people ORDER BY handle"))
    found.sort(key=lambda one: -ROLES.index(one[0]) if one[0] in ROLES else 1)
    listed = 0
    for role, data in found:
        fields = objects.decode(data)
        if fields.get("state") == "left" or arguments.role not in (None, role):
            continue
        listed += 1
        more = ", ".join(str(fields[name]) for name in ("org", "country", "honour") if fields.get(name))
        line = f"{fields['handle']:<24} {role:<12} {fields.get('name', '')}{f'  ({more})' if more else ''}"
        show(arguments, fields, line)
    if not listed:
        who = f"nobody is {arguments.role}" if arguments.role else "nobody is here yet"
        say(f"{who}; jamserver person add HANDLE --role ROLE adds somebody")
