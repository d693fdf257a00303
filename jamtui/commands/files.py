"""``jamtui export`` writes the mirror into a file; ``jamtui open`` reads an archive by way of an index of it."""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, BinaryIO, cast

from jamtui import archive
from jamtui.archive import ArchiveError
from jamtui.commands.context import Context
from jamtui.errors import JamError, NotFound, UsageError
from jamtui.output import throttled
from jamtui.paths import make_private_dir
from jamtui.safe_text import ForEyes, safe_line
from jamtui.store import connection, mirror, registry
from jamtui.store.registry import KnownJam
from jamtui.sync.holder import Holder

_HEAD = 64 * 1024  # bytes of an archive that are compared beside its size and time
_SHOW_AFTER = 1.0  # seconds; what is quicker needs no progress
_STEP = 200  # records between two looks at the progress


# -- export


def export(context: Context, args: argparse.Namespace) -> int:
    target = Path(args.output) if args.output not in (None, "-") else None
    if target is not None and not args.force and os.path.lexists(target):
        raise _taken(target)
    if target is None and context.out.json and args.format != "jam":
        raise UsageError(
            f"--json and --format {args.format} do not go together", "Give one of them, or a file with -o."
        )
    with (
        closing(context.session()) as session,
        whole_file(target, replace=args.force, escaped=context.out.json) as file,
    ):
        if args.format == "jam":
            with closing(session.export()) as records:
                what = f"{archive.write(cast('BinaryIO', file), records):,} records"
        else:
            from jamtui.commands.markdown import write

            what = f"{write(session, file):,} posts"
    if target is not None:
        if context.out.json:
            context.out.row({"file": str(target), "format": args.format, "bytes": target.stat().st_size})
        else:
            context.out.say(f"{what} are in {target}.")
    return 0


@contextlib.contextmanager
def whole_file(target: Path | None, *, replace: bool, escaped: bool = False) -> Iterator[IO[bytes]]:
    """A file that is there whole or not at all (0600), compressed as its name says; standard output for None
    (``escaped``, as ``--json`` promises it)."""
    if target is None:
        sys.stdout.flush()
        yield cast("IO[bytes]", ForEyes(sys.stdout)) if escaped or sys.stdout.isatty() else sys.stdout.buffer
        sys.stdout.flush()
        sys.stdout.buffer.flush()
        return
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent}", "Make it first.")
    half = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            half.chmod(0o600)  # an umask may have taken away even the owner's rights
            with _packed(file, target.suffix) as packed:
                yield packed
            file.flush()
            os.fsync(file.fileno())
        if replace:
            half.replace(target)
        else:
            _link(half, target)
    finally:
        half.unlink(missing_ok=True)


def _link(half: Path, target: Path) -> None:
    """Gives the file its name unless somebody else took it meanwhile."""
    try:
        os.link(half, target)
    except FileExistsError:
        raise _taken(target) from None
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise _taken(target) from None
        half.replace(target)


def _taken(target: Path) -> UsageError:
    return UsageError(f"{target} is there already", "Choose another name, or add --force to replace it.")


@contextlib.contextmanager
def _packed(file: IO[bytes], suffix: str) -> Iterator[IO[bytes]]:
    match suffix.lower():
        case ".gz":
            # No time and no name inside: the same Jam makes the same file.
            with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                yield cast("IO[bytes]", packed)
        case ".zst":
            import zstandard

            with zstandard.ZstdCompressor(level=9).stream_writer(file, closefd=False) as packed:
                yield cast("IO[bytes]", packed)
        case _:
            yield file


# -- open


def open_file(context: Context, args: argparse.Namespace) -> int:
    from jamtui.commands import screen

    index_only = args.index_only or context.out.json
    if not index_only and not args.screenshot and not context.plain:
        screen.need_terminal("Add --index-only to index the file without showing it.")
    jam, fresh = indexed(context, Path(args.file))
    if args.screenshot:
        return screen.picture(context, jam, args)
    if not index_only:
        return screen.show(context, jam)
    with closing(context.open(jam)) as session:
        row, forums = session.jam, session.forums()
    posts, threads = sum(f.posts for f in forums), sum(f.threads for f in forums)
    if context.out.json:
        context.out.row(
            {
                "file": str(jam.entry.file), "slug": jam.slug, "title": jam.title, "forums": len(forums),
                "threads": threads, "posts": posts, "indexed": fresh, "opens_at": archive.rfc3339(row.opens_at),
                "closes_at": archive.rfc3339(row.closes_at),
            }
        )  # fmt: skip
    else:
        how = "indexed" if fresh else "unchanged, the index was there"
        context.out.line(f"{row.title}: {len(forums)} forums, {threads:,} threads, {posts:,} posts ({how}).")
    return 0


def indexed(context: Context, path: Path) -> tuple[KnownJam, bool]:
    """The Jam of an archive file, and whether it had to be indexed now. Raises `ArchiveError`; nothing is kept then."""
    stamp = _stamp(path)
    jam = registry.for_file(context.home, path)
    known = jam.folder.exists()
    if known and jam.entry.stamp == stamp and _whole(context, jam):
        return jam, False
    make_private_dir(jam.folder)
    holder = Holder(jam.lock)
    if not holder.take():
        raise JamError(f"another jamtui is reading {path.name} into its index", "Try again when it is done.")
    try:
        jam = _index(context, jam, path, stamp)
    except BaseException:
        if known:  # what was read of an earlier state of the file is kept beside the index
            _remove_mirror(jam)
        else:
            registry.forget(context.home, jam)
        raise
    finally:
        holder.release()
    return jam, True


def _stamp(path: Path) -> str:
    """Size, time and first bytes: what a file that was changed does not keep all of."""
    try:
        with path.open("rb") as file:
            head = hashlib.sha256(file.read(_HEAD)).hexdigest()
            found = os.fstat(file.fileno())
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror or error}", "Check the path.") from None
    return f"{found.st_size}-{found.st_mtime_ns}-{head}"


def _whole(context: Context, jam: KnownJam) -> bool:
    with closing(context.open(jam)) as session:
        return session.status().mirrored_at is not None


def _remove_mirror(jam: KnownJam) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{jam.mirror}{suffix}").unlink(missing_ok=True)


def _index(context: Context, jam: KnownJam, path: Path, stamp: str) -> KnownJam:
    out = context.out
    show = throttled(
        lambda done, total: out.progress(f"Indexing {safe_line(path.name)}", done, total), time.monotonic, _SHOW_AFTER
    )
    found: archive.Jam | None = None
    try:
        with (
            path.open("rb") as file,
            closing(context.open(jam)),  # both databases are there and sound from here on
            closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db,
            _explained(path),
        ):
            size = os.fstat(file.fileno()).st_size
            loading = mirror.Loading(mirror.Mirror(db), mirror.START, beside=True)
            try:
                for record in archive.check(archive.read(archive.unpacked(file))):
                    if isinstance(record.data, archive.Jam):
                        found = record.data
                    loading.feed_record(record)
                    if loading.records % _STEP == 0:
                        show(file.tell(), size)
                loading.finish(archive.rfc3339(context.now()))
            finally:
                loading.abandon()  # before the connection is closed: a thread may be writing over it
    finally:
        out.progress_done()
    assert found is not None  # noqa: S101 - `archive.read` begins with a jam record, or raises
    jam = jam.changed(slug=found.slug, title=found.title, stamp=stamp)
    registry.remember(context.home, jam, last=False)
    return jam


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """A file that is cut off or damaged in its compression, in words."""
    import zstandard

    try:
        yield
    except (EOFError, gzip.BadGzipFile, zstandard.ZstdError) as error:
        raise ArchiveError(f"{path.name}: damaged or cut off ({error})") from None
