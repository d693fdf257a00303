"""``jamtui profile`` and ``people --where``: who one is to others, and who is from where."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing

from jamtui.commands.context import Context
from jamtui.commands.writing import need_name, tell
from jamtui.countries import country_name, flag, language_name
from jamtui.errors import UsageError, sentence
from jamtui.output import BOLD, DIM
from jamtui.profiles import FIELDS, Profile, field_named
from jamtui.safe_text import safe_block, safe_line
from jamtui.ways import Origin

_BAR = 24  # cells of the longest bar
_KINDS = {"country": "country", "org": "organisation", "language": "language"}


def profile(context: Context, args: argparse.Namespace) -> int:
    """Prints one's own profile, or changes what ``--set FIELD=VALUE`` names."""
    out = context.out
    with closing(context.session()) as session:
        need_name(session)
        given = dict(_given(words) for words in args.set)
        if not given:
            _print(context, session.me.handle, session.profile())
            return 0
        row, done, notes = session.change_profile(given)
        now = session.profile()
        handle = session.me.handle
    code = tell(context, session.known, [(row, "profile", f"@{handle}")] if row else [])
    for note in notes:
        out.say(sentence(note) if note.endswith("?") else f"{sentence(note)}.")
    if done.nothing:
        out.say(f"{done.what}.")
    if not out.json:
        _print(context, handle, now)
    return code


def _given(words: str) -> tuple[str, str]:
    name, equals, value = words.partition("=")
    if not equals:
        raise UsageError(f"no value in {safe_line(words)[:40]}", "Write it as --set org='Tea House'; empty takes away.")
    return field_named(name), value


def _print(context: Context, handle: str, now: Profile) -> None:
    out = context.out
    if out.json:
        out.row({"handle": handle} | {name: getattr(now, name) for name in FIELDS})
        return
    told = {
        "handle": f"@{safe_line(handle)}",
        "name": safe_line(now.name),
        "org": safe_line(now.org),
        "country": safe_line(country_name(now.country)),
        "languages": ", ".join(safe_line(language_name(one)) for one in now.languages),
        "about": "\n           ".join(safe_block(now.about).split("\n")),
    }
    for name, text in told.items():
        out.line(f"{out.style(f'{name:<9}', DIM)}  {text or '-'}".rstrip())


def where(context: Context, args: argparse.Namespace) -> None:
    """Who is from where. ``--json``: a row for each country, organisation and language, with ``by``."""
    out = context.out
    with closing(context.session()) as session:
        found = session.where_from()
    lists = {"country": found.countries, "org": found.organisations, "language": found.languages}
    wanted = [args.by] if args.by else list(lists)
    if out.json:
        for kind in wanted:
            for row in lists[kind]:
                code = {"code": row.code} if kind == "country" else {}
                out.row({"by": kind} | code | {"name": row.name or None, "people": row.people, "posts": row.posts})
        return
    for kind in wanted:
        _table(context, kind, lists[kind][: args.limit], found.people)
    if not any(row.name for rows in lists.values() for row in rows):
        out.say("Nobody tells where they are from. jamtui profile --set country=... says it of you.")


def _table(context: Context, kind: str, rows: Sequence[Origin], people: int) -> None:
    out = context.out
    top = max((row.people for row in rows), default=0)
    if not out.table_wanted:
        for row in rows:
            out.fields((kind, row.code or row.name, row.name or "not told", row.people, row.posts))
        return
    out.line(out.style(f"By {_KINDS[kind]}, of {people:,} people", BOLD))
    out.table(
        ["", "name", "people", "", "posts"],
        [
            (
                flag(row.code) if row.name else "",
                row.name or "not told",
                row.people,
                "█" * max(1, round(_BAR * row.people / top)),
                row.posts,
            )
            for row in rows
        ],
        give=1,
        right="people posts",
    )  # fmt: skip
    out.line()
