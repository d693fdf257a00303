"""Hosts the demo Jam: a server of its own in a folder, on a free port of this machine, with people who go on posting.

    python -m jamserver.demo --folder F [--remove] [--seed N] [--freeze TIME] [--archive FILE]

prints one line, ``{"url","token","handle"}``, once the server answers, and runs until SIGTERM or until its standard
input closes, so that it ends with the program that started it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import random
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jamserver import accounts, app, importer, log
from jamserver.db import prepare, value
from jamserver.demo_archive import ReopenedArchive, made
from jamserver.demo_events import Company
from jamserver.demo_jam import DEMO_HANDLE, DemoJam
from jamserver.demo_live import Answers, Life, Wait
from jamserver.log import Tx
from jamserver.writer import write_once
from jamtui import archive as archives
from jamtui.archive import Record
from jamtui.errors import JamError, UsageError
from jamtui.safe_text import safe_line

_TOKEN_LIFE = timedelta(days=30)
_log = logging.getLogger("jamserver.demo")

Announce = Callable[[dict[str, str]], None]


async def host(
    folder: Path,
    *,
    seed: int,
    now: datetime,
    live: bool,
    archive: Path | None,
    announce: Announce,
    clock: Callable[[], datetime] = app.system_clock,
    wait: Wait = asyncio.sleep,
) -> None:
    """Runs the demo until the task is cancelled. ``folder`` must exist; the database is made in it.

    ``live``: the clock runs, generated people go on posting, and they answer what the demo participant writes.
    Otherwise the server's clock stands at ``now``, and the same seed gives the same objects under the same change
    numbers and marks. ``announce`` gets ``url``, ``token`` and ``handle`` once. ``wait`` passes the time between what
    generated people do. Raises `JamError` when the folder or the archive is bad.
    """
    database = folder / "demo.sqlite"
    prepare(database)
    rng = random.Random(f"server:{seed}")  # noqa: S311 (marks of changes; tokens come from `accounts.new_secret`)
    company: Company
    if archive is None:
        jam = company = DemoJam(seed, now)
        reader = _load(database, now, rng, (made(*record, number) for number, record in enumerate(jam.records(), 1)))
    else:
        with archives.open_archive(archive) as stream:
            reopened = company = ReopenedArchive(archives.read(stream), now, seed, talk=live)
            reader = _load(database, now, rng, reopened.records())
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[str] = loop.create_future()

    serving = asyncio.create_task(
        app.serve(database, on_ready=ready.set_result, clock=clock if live else lambda: now, rng=rng)
    )
    living: asyncio.Task[None] | None = None
    try:
        either: set[asyncio.Future[Any]] = {serving, ready}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        announce({"url": ready.result(), "token": reader.token, "handle": DEMO_HANDLE})
        if live:
            tokens = await asyncio.to_thread(_tokens, database, now, company)
            living = asyncio.create_task(
                _go_on(ready.result(), company, tokens, Answers(seed, company, DEMO_HANDLE), reader, now, wait)
            )
            await asyncio.wait({serving, living}, return_when=asyncio.FIRST_COMPLETED)
            if living.done():
                living.result()
        await serving
    finally:
        for task in (living, serving):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


@dataclass(frozen=True, slots=True)
class _Reader:
    """The demo participant, as loaded: ``cursor`` is the last change before they can do anything."""

    person_id: str
    token: str = field(repr=False)
    cursor: str


def _load(database: Path, now: datetime, rng: random.Random, records: Iterable[Record]) -> _Reader:
    """Imports the records and makes a token for the demo participant, in one transaction."""

    def job(tx: Tx) -> _Reader:
        importer.import_records(tx, records)
        person_id: str = value(tx.db, "SELECT id FROM people WHERE handle = ?", (DEMO_HANDLE,))
        return _Reader(person_id, accounts.long_token(tx, person_id, _TOKEN_LIFE), str(log.head(tx.db)))

    return write_once(database, now, rng, job)


def _tokens(database: Path, now: datetime, company: Company) -> dict[str, str]:
    """Person id to an access token, for everybody who may do something."""

    def job(tx: Tx) -> dict[str, str]:
        return {writer.id: accounts.long_token(tx, writer.id, _TOKEN_LIFE) for writer in company.writers}

    return write_once(database, now, random.Random(0), job)  # noqa: S311 (writes no change)


async def _go_on(
    url: str,
    company: Company,
    tokens: Mapping[str, str],
    answers: Answers,
    reader: _Reader,
    since: datetime,
    wait: Wait,
) -> None:
    """Does what the generated people do, over the wire like anybody else."""
    import httpx  # 0.2 s to import: after the announcement

    async with httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, timeout=30) as client:
        await Life(client, company, tokens, wait).go_on(answers, reader.person_id, since, reader.cursor)


# the program


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text} is no time", "For example: --freeze 2011-02-09T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _watch_stdin(closed: Callable[[], None]) -> None:
    """Calls ``closed`` when standard input ends, from a thread: it may be a pipe, a terminal or a file."""

    def watch() -> None:
        try:
            while os.read(0, 4096):
                pass
        except OSError as error:
            _log.info("standard input: %s", error)
        closed()

    threading.Thread(target=watch, name="stdin", daemon=True).start()


async def _run(arguments: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    frozen = _moment(arguments.freeze) if arguments.freeze else None

    def announce(facts: dict[str, str]) -> None:
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()

    hosting = asyncio.create_task(
        host(
            arguments.folder,
            seed=arguments.seed,
            now=frozen or app.system_clock(),
            live=frozen is None,
            archive=arguments.archive,
            announce=announce,
        )
    )

    def end() -> None:
        hosting.cancel()

    def end_from_thread() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is over already: that is what was wanted
            loop.call_soon_threadsafe(end)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    _watch_stdin(end_from_thread)
    with contextlib.suppress(asyncio.CancelledError):
        await hosting
    # Whoever started us may have been killed: then nobody else is there to do it. After an error they read our words.
    if arguments.remove:
        shutil.rmtree(arguments.folder, ignore_errors=True)


def main(words: list[str] | None = None) -> int:
    """The program; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m jamserver.demo", description="Hosts the demo Jam.")
    parser.add_argument("--folder", type=Path, required=True, help="where the database goes; must exist")
    parser.add_argument("--remove", action="store_true", help="remove the folder and all that is in it at the end")
    parser.add_argument("--seed", type=int, default=1, help="another number, another Jam")
    parser.add_argument("--freeze", metavar="TIME", help="stop the clock at TIME (RFC 3339) and post nothing")
    parser.add_argument("--archive", type=Path, metavar="FILE", help="show this archive, reopened")
    try:
        asyncio.run(_run(parser.parse_args(words)))
    except JamError as error:
        sys.stderr.write(f"{safe_line(str(error))}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
