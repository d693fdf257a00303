"""Hosts the demo Jam: a server of its own in a folder, on a free port of this machine, with people who go on posting.

    python -m jamserver.demo --folder F [--seed N] [--freeze TIME] [--archive FILE]

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
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from jamserver import accounts, app, importer, objects
from jamserver.content.people import uuid4
from jamserver.db import prepare, value
from jamserver.demo_jam import CLOSES, DEMO_HANDLE, DEMO_NAME, DemoJam, LivePost
from jamserver.log import Tx
from jamserver.writer import write_once
from jamtui import archive as archives
from jamtui.archive import Record, rfc3339
from jamtui.errors import JamError, UsageError

if TYPE_CHECKING:
    import httpx

REOPENED = timedelta(hours=72)  # how long an archive that is shown stays open
_TOKEN_LIFE = timedelta(days=30)
_log = logging.getLogger("jamserver.demo")

Announce = Callable[[dict[str, str]], None]


async def host(folder: Path, *, seed: int, now: datetime, live: bool, archive: Path | None, announce: Announce) -> None:
    """Runs the demo until the task is cancelled. ``folder`` must exist; the database is made in it.

    ``live``: the clock runs and, when the Jam is the package's own, generated people go on posting. Otherwise the
    server's clock stands at ``now``, and the same seed gives the same objects under the same change numbers and marks.
    ``announce`` gets ``url``, ``token`` and ``handle`` once. Raises `JamError` when the folder or the archive is bad.
    """
    database = folder / "demo.sqlite"
    prepare(database)
    rng = random.Random(f"server:{seed}")  # noqa: S311 (marks of changes; tokens come from `accounts.new_secret`)
    jam = None
    if archive is None:
        jam = DemoJam(seed, now)
        token = _load(database, now, rng, _records(jam))
    else:
        with archives.open_archive(archive) as stream:
            token = _load(database, now, rng, reopened(archives.read(stream), now, seed))
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[str] = loop.create_future()

    def clock() -> datetime:
        return app.system_clock() if live else now

    serving = asyncio.create_task(app.serve(database, on_ready=ready.set_result, clock=clock, rng=rng))
    try:
        either: set[asyncio.Future[Any]] = {serving, ready}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        announce({"url": ready.result(), "token": token, "handle": DEMO_HANDLE})
        if live and jam is not None:
            events = list(jam.live())
            tokens = await asyncio.to_thread(_tokens, database, events)
            await _go_on(ready.result(), events, tokens)
        await serving
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


def _records(jam: DemoJam) -> Iterator[Record]:
    for number, (kind, data) in enumerate(jam.records(), 1):
        yield _record(kind, data, number)


def _record(kind: str, data: dict[str, object], number: int) -> Record:
    raw = msgspec.json.encode(data)
    return Record(kind, raw, archives.decode(kind, raw), number)


def reopened(records: Iterable[Record], now: datetime, seed: int) -> Iterator[Record]:
    """An archive as it would be if it were open: until `REOPENED` after ``now``, and with a person for the demo."""
    found = False
    number = 0
    for record in records:
        number = record.line
        data = record.data
        if isinstance(data, archives.Jam):
            opens_at = min(data.opens_at, now - timedelta(minutes=1))
            times = {"opens_at": rfc3339(opens_at), "closes_at": rfc3339(now + REOPENED)}
            yield _record("jam", objects.decode(record.raw) | times, number)
            continue
        found = found or (isinstance(data, archives.Person) and data.handle == DEMO_HANDLE)
        yield record
    if not found:
        rng = random.Random(f"person:{seed}")  # noqa: S311 (an id)
        person: dict[str, object] = {"id": uuid4(rng), "handle": DEMO_HANDLE, "name": DEMO_NAME, "role": "participant"}
        yield _record("person", person, number + 1)


def _load(database: Path, now: datetime, rng: random.Random, records: Iterable[Record]) -> str:
    """Imports the records and makes a token for the demo participant, in one transaction. Returns the token."""

    def job(tx: Tx) -> str:
        importer.import_records(tx, records)
        person_id: str = value(tx.db, "SELECT id FROM people WHERE handle = ?", (DEMO_HANDLE,))
        return accounts.long_token(tx, person_id, _TOKEN_LIFE)

    return write_once(database, now, rng, job)


def _tokens(database: Path, events: list[LivePost]) -> dict[str, str]:
    """Person id to an access token, for everybody who is going to do something."""

    def job(tx: Tx) -> dict[str, str]:
        people = dict.fromkeys(event.person_id for event in events)
        return {person: accounts.long_token(tx, person, CLOSES) for person in people}

    return write_once(database, app.system_clock(), random.Random(0), job)  # noqa: S311 (writes no change)


async def _go_on(url: str, events: list[LivePost], tokens: dict[str, str]) -> None:
    """Does what the generated people do, over the wire like anybody else."""
    import httpx  # 0.2 s to import: after the announcement

    async with httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, timeout=30) as client:
        for event in events:
            await asyncio.sleep(event.delay)
            try:
                answer = await _do(client, event, {"Authorization": f"Bearer {tokens[event.person_id]}"})
            except httpx.TransportError as error:
                _log.warning("a generated %s did not get through: %r", event.kind, error)
                continue
            if answer.is_error:
                # The post that is answered may have been taken back by the reader: the next ones are not concerned.
                _log.info("a generated %s was refused: %s", event.kind, answer.text)


async def _do(client: httpx.AsyncClient, event: LivePost, headers: dict[str, str]) -> httpx.Response:
    address = f"/posts/{event.post_id}"
    if event.kind == "vote":
        return await client.put(f"{address}/vote", headers=headers)
    if event.kind == "tag":
        return await client.put(f"{address}/tags/{event.tag}", headers=headers)
    content: dict[str, object] = {"body": event.body, "forum_id": event.forum_id, "tags": event.tags}
    content |= {"parent_id": event.parent_id} if event.parent_id else {"title": event.title}
    if event.lang:
        content["lang"] = event.lang
    return await client.put(address, json=content, headers=headers)


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


def main(words: list[str] | None = None) -> int:
    """The program; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m jamserver.demo", description="Hosts the demo Jam.")
    parser.add_argument("--folder", type=Path, required=True, help="where the database goes; must exist")
    parser.add_argument("--seed", type=int, default=1, help="another number, another Jam")
    parser.add_argument("--freeze", metavar="TIME", help="stop the clock at TIME (RFC 3339) and post nothing")
    parser.add_argument("--archive", type=Path, metavar="FILE", help="show this archive, reopened")
    try:
        asyncio.run(_run(parser.parse_args(words)))
    except JamError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
