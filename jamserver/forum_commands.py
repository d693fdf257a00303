"""The commands of an organiser about forums: made, changed, listed; who hosts them."""

from __future__ import annotations

import argparse
import contextlib
from typing import Any

import msgspec

from jamserver import app, db, forums, objects
from jamserver.log import Tx
from jamserver.terminal import RNG, say, show, told, write
from jamserver.wire import ForumEdit
from jamtui.archive import Forum
from jamtui.errors import JamError, NotFound, UsageError
from jamtui.event import HOSTS


class NoHost(JamError):
    """Who is to host a forum is no host of the Jam (exit 1)."""


def add_words(words: Any, file: argparse.ArgumentParser, rows: argparse.ArgumentParser) -> None:
    """The commands of ``jamserver forum``."""

    def command(name: str, text: str, do: Any) -> Any:
        made = words.add_parser(name, parents=[file, rows], help=text)
        made.set_defaults(do=do)
        return made

    made = command("add", "add a forum behind the others", add)
    made.add_argument("slug", metavar="SLUG", help="its short name in addresses, such as new-ideas")
    made.add_argument("--title", required=True, metavar="T", help="its name for people")
    made.add_argument("--brief", default="", metavar="B", help="the questions to discuss")
    _hosts_words(made)
    changed = command("set", "change title, brief or hosts of a forum", change)
    changed.add_argument("slug", metavar="SLUG", help="its slug or id")
    changed.add_argument("--title", metavar="T", help="its name for people")
    changed.add_argument("--brief", metavar="B", help="the questions to discuss; empty takes it away")
    _hosts_words(changed)
    changed.add_argument("--no-hosts", action="store_true", help="name nobody: every host of the Jam looks after it")
    command("list", "the forums, their hosts and how much is in them", listed)


def _hosts_words(words: Any) -> None:
    words.add_argument(
        "--host", action="append", default=[], metavar="HANDLE",
        help="who looks after it, in place of those named before; several times. Nobody named: every host",
    )  # fmt: skip


def add(arguments: argparse.Namespace) -> None:
    """A new forum."""
    slug: str = arguments.slug
    if not (slug and slug == slug.lower() and slug.replace("-", "").isalnum() and len(slug) <= 60):
        raise UsageError(f"{slug} cannot be a slug", "Take lower-case letters, digits and hyphens, such as new-ideas")

    def job(tx: Tx) -> bytes:
        raw = objects.add_forum(tx, app.random_id(RNG), slug, arguments.title, arguments.brief)
        if arguments.host:
            return forums.set_up(tx, slug, ForumEdit(host_ids=_ids(tx.db, arguments.host))).post
        return raw

    raw = write(arguments.db, job)
    show(arguments, objects.decode(raw), f"forum {slug} added")


def change(arguments: argparse.Namespace) -> None:
    """What is named, and nothing else."""
    if arguments.host and arguments.no_hosts:
        raise UsageError("--host and --no-hosts do not go together", "Give one of them.")
    named = {name: given for name in ("title", "brief") if (given := getattr(arguments, name)) is not None}
    if not (named or arguments.host or arguments.no_hosts):
        raise UsageError("nothing to change was named", "Give --title, --brief, --host or --no-hosts.")

    def job(tx: Tx) -> tuple[bytes, bytes]:
        before = forums.find(tx.db, _named(tx.db, arguments.slug))[1]
        hosts = {"host_ids": _ids(tx.db, arguments.host)} if arguments.host or arguments.no_hosts else {}
        wanted = msgspec.convert(named | hosts, ForumEdit)
        return before, forums.set_up(tx, arguments.slug, wanted).post

    try:
        before, after = write(arguments.db, job, create=False)
    except msgspec.ValidationError as error:
        raise UsageError("this does not fit a forum", str(error)) from None
    fields, was = objects.decode(after), objects.decode(before)
    told_of = [name for name in ("title", "brief", "host_ids") if fields.get(name) != was.get(name)]
    names = {"host_ids": "hosts"}
    line = f"{fields['slug']}: {', '.join(names.get(one, one) for one in told_of)} changed" if told_of else ""
    show(arguments, fields, line or f"{fields['slug']}: nothing to change")


def listed(arguments: argparse.Namespace) -> None:
    """A line a forum: slug, threads, posts, hosts, title. As JSON the object, with the handles of its hosts."""
    db.prepare(arguments.db, create=False)
    with told(arguments.db), contextlib.closing(db.connect(arguments.db)) as reading:
        found = list(db.rows(reading, "SELECT id, data FROM forums ORDER BY position, seq"))
        for forum_id, raw in found:
            threads, posts = next(
                iter(db.rows(
                    reading, "SELECT count(*) FILTER (WHERE parent_id IS NULL), count(*) FROM posts WHERE forum_id = ?",
                    (forum_id,),
                ))
            )  # fmt: skip
            forum = msgspec.json.decode(raw, type=Forum)
            hosts = [_handle(reading, one) for one in forum.host_ids]
            names = ", ".join(hosts) or "every host"
            line = f"{forum.slug:<24} {_many(threads, 'thread')} {_many(posts, 'post')} {names}  {forum.title}"
            show(arguments, objects.decode(raw) | {"hosts": hosts, "threads": threads, "posts": posts}, line)
    if not found:
        say(f'no forum yet; add one: jamserver forum add ideas --title "Ideas" --db {arguments.db}')


def _many(number: int, thing: str) -> str:
    return f"{number:>7,} {thing if number == 1 else f'{thing}s':<{len(thing) + 1}}"


def _handle(reading: db.Connection, person_id: str) -> str:
    return str(db.value(reading, "SELECT handle FROM people WHERE id = ?", (person_id,)) or person_id)


def _named(reading: db.Connection, slug: str) -> str:
    if not db.value(reading, "SELECT 1 FROM forums WHERE id = ?1 OR slug = ?1", (slug,)):
        raise NotFound(f"no forum {slug}", "jamserver forum list has them.")
    return slug


def _ids(reading: db.Connection, handles: list[str]) -> tuple[str, ...]:
    """Who they are. Raises `NotFound`, `NoHost`."""
    found = []
    for handle in handles:
        name = handle.removeprefix("@")
        who = next(iter(db.rows(reading, "SELECT id, role FROM people WHERE handle = ?", (name,))), None)
        if who is None:
            raise NotFound(f"nobody is called {name}", "jamserver person list has them.")
        if who[1] not in HOSTS:
            raise NoHost(f"{name} is {who[1]}, no host", f"Say so first: jamserver person role {name} host")
        found.append(who[0])
    return tuple(found)
