"""The commands that read the mirror: threads, show, tags, search, people, and the Jams this machine knows.

None of them waits for the network. With ``--json`` the stored objects are printed, else rows for people.
"""

from __future__ import annotations

import argparse
import re
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import closing

from jamtui.archive import rfc3339
from jamtui.commands.context import Context
from jamtui.errors import NotFound, UsageError
from jamtui.model import GONE, PostRow, SearchHit, begins
from jamtui.names import beside
from jamtui.output import BOLD, DIM, GREEN, RED, YELLOW, Output, local_time, width
from jamtui.safe_text import safe_line
from jamtui.session import Session
from jamtui.store import registry
from jamtui.store.query import parse

SHORT = 13  # characters of an id that lists show: the milliseconds of a UUIDv7, enough to name it
# What a head of ours has, whatever dashes and dots it is written with. It is taken out of texts, or the next post would
# begin in the one before it: at a new line, or where the terminal breaks a long one.
_HEAD = re.compile(r"\w{4}\W\w\w\W\w\w\W{1,9}\w\w\W\w\w\W{1,9}\w{8}\W\w{4}")
_NO_HEAD = "(no head of a post)"
_DEEPEST = 12  # levels of indentation; what is deeper stands under each other
_WINDOW = 500  # posts read at once
HITS = 200  # that a search shows to people who give no other number


def jams(context: Context, _: argparse.Namespace) -> None:
    out = context.out
    known = registry.known(context.home)
    try:
        last = registry.find(context.home, None).folder
    except NotFound:
        last = None
    rows = []
    for jam in known:
        with closing(context.open(jam)) as session:
            rows.append((jam, session.status()))
    if out.json:
        for jam, status in rows:
            out.row(
                {
                    "slug": jam.slug, "title": jam.title, "origin": jam.origin, "handle": jam.me.handle,
                    "role": jam.me.role, "guest": jam.me.guest, "last": jam.folder == last, "unread": status.unread,
                    "queued": status.queued, "refused": status.refused,
                    "mirrored_at": rfc3339(status.mirrored_at) if status.mirrored_at else None,
                }
            )  # fmt: skip
        return
    if not rows:
        out.say("This machine knows no Jam yet. Try jamtui demo, or jamtui login URL.")
        return
    out.table(
        ["", "jam", "title", "server", "as", "unread", "mirrored"],
        [
            (
                "*" if jam.folder == last else "",
                *map(safe_line, (jam.slug, jam.title, jam.origin, jam.me.handle)),
                status.unread,
                local_time(status.mirrored_at) or "never",
            )
            for jam, status in rows
        ],
        give=2,
        right="unread",
    )


def show(context: Context, args: argparse.Namespace) -> None:
    """The post and everything under it, in reading order; ``--json``: one post a line, with its ``depth``."""
    from jamtui.commands.ideas import links_as_objects, print_links

    out = context.out
    with closing(context.session()) as session:
        post = session.post(args.post)
        keys, depths = _subtree(session, post)
        if out.json:
            depth_of = dict(zip(keys, depths, strict=True))
            for key, found in session.stored().posts(keys):
                links = links_as_objects(session, str(found["id"]))
                out.row(found | {"depth": depth_of[key]} | ({"links": links} if links else {}))
            return
        if post.parent_id is not None:
            opener = session.post(post.thread_id)
            out.line(out.style(f"in: {begins(opener)} ({opener.id[:SHORT]})", DIM))
        for start in range(0, len(keys), _WINDOW):
            window = keys[start : start + _WINDOW]
            at = dict(zip(window, depths[start : start + _WINDOW], strict=True))
            for row in session.posts(window):
                _print_post(out, row, at[row.key], session.whole(row))
                if row.links:
                    print_links(context, session, row.id, "  " * min(at[row.key], _DEEPEST))
                out.line()


def _subtree(session: Session, post: PostRow) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(keys, depths from 0) of the post and of what was answered under it."""
    index = session.thread_index(post.thread_id)
    if post.key not in index.keys:
        return (post.key,), (0,)
    start = index.keys.index(post.key)
    top, end = index.depths[start], start + 1
    while end < len(index) and index.depths[end] > top:
        end += 1
    return index.keys[start:end], tuple(depth - top for depth in index.depths[start:end])


_SEND = {"queued": YELLOW, "sending": YELLOW, "refused": RED}


def _print_post(out: Output, row: PostRow, depth: int, text: str) -> None:
    indent = "  " * min(depth, _DEEPEST)
    if row.title:
        out.line(indent + out.style(_without_heads(row.title), BOLD))
    facts = [f"{row.author} @{row.handle}{beside(row.alike)}", local_time(row.created_at), row.id[:SHORT]]
    if row.up:
        facts.append(f"+{row.up}" + (" (you too)" if row.voted else ""))
    facts.extend(f"#{tag}" for tag in row.tags)
    if row.edited_at is not None:
        facts.append("edited")
    facts += [row.kind] if row.kind else []
    facts += [row.idea_state] if row.idea_state not in ("", "new") else []
    line = indent + out.style(" · ".join(facts), DIM)
    if row.unread:
        line += " " + out.style("new", GREEN)
    if row.send is not None:
        line += " " + out.style(f"{row.send.value}{f': {row.reason}' if row.reason else ''}", _SEND[row.send.value])
    out.line(line)
    if row.featured:
        out.line(indent + out.style(f"◆ featured{f': {row.featured_for}' if row.featured_for.strip() else ''}", YELLOW))
    body = f"({GONE[row.gone]})" if row.gone else text
    for one in body.split("\n"):
        out.line(f"{indent}{_without_heads(one)}" if one else "")


def _without_heads(line: str) -> str:
    plain = line
    if not line.isascii():
        plain = "".join(char for char in unicodedata.normalize("NFKD", line) if not unicodedata.combining(char))
    return _HEAD.sub(_NO_HEAD, plain) if _HEAD.search(plain) is not None else line


def tags(context: Context, args: argparse.Namespace) -> None:
    """``--json``: ``name`` and ``count``, and where hosts say something of a tag ``about``, ``curated``,
    ``merged_into``."""
    out = context.out
    with closing(context.session()) as session:
        if out.json:
            for tag in session.stored().tags(curated=args.curated):
                out.row(tag)
            return
        rows = session.curated_tags() if args.curated else session.tags()
    if args.curated and not rows:
        out.say("No tag is curated yet. Hosts do it: jamtui tag-curate TAG --about TEXT.")
    told = args.curated or any(row.curated or row.merged_into for row in rows)
    out.table(
        ["tag", "posts", *(["", "what it means"] if told else [])],
        [
            (
                row.name,
                row.count,
                *(
                    ("curated" if row.curated else "", f"now #{row.merged_into}" if row.merged_into else row.about)
                    if told
                    else ()
                ),
            )
            for row in rows
        ],
        give=3 if told else 0,
        right="posts",
    )


def people(context: Context, args: argparse.Namespace) -> None:
    if args.where:
        if args.handle:
            raise UsageError("--where is about everybody", "Leave the handle out.")
        from jamtui.commands.profile import where

        where(context, args)
        return
    if args.handle:
        from jamtui.commands.ways import person

        person(context, args)
        return
    with closing(context.session()) as session:
        if context.out.json:
            for one in session.stored().people():
                context.out.row(one)
            return
        rows = session.marked(session.people())
    context.out.table(
        ["handle", "name", "role", "posts", "from"],
        [
            (
                row.handle, f"{row.name}{beside(row.alike)}", row.role, row.posts,
                ", ".join(filter(None, (row.org, row.country))),
            )
            for row in rows
        ],
        give=1,
        right="posts",
    )  # fmt: skip


def search(context: Context, args: argparse.Namespace) -> None:
    """Hits, best first; ``--json``: posts with ``snippet`` (harmless, one line) and ``rank`` (smaller is better)."""
    out = context.out
    with closing(context.session()) as session:
        # A space at the end: the last word is whole, not one that is still being typed.
        query = " ".join(args.query) + " "
        asked = parse(query, session.counted_from())
        if not asked.clauses:
            wrong = asked.problems[0] if asked.problems else "there is nothing to search for"
            raise UsageError(wrong, 'Try words, "a phrase", tag:T, author:HANDLE, since:2d, is:unread, or -not.')
        found = session.searching.ranked(query, args.limit or (None if out.json else HITS))
        for problem in found.problems:
            out.say(problem)
        shown = 0
        for start in range(0, len(found.keys), _WINDOW):
            window = found.keys[start : start + _WINDOW]
            hits = session.searching.hits(window, found.marks, found.ranks)
            shown += len(hits)
            if out.json:
                by_key = {hit.post.key: hit for hit in hits}
                for key, post in session.stored().posts(list(by_key)):
                    hit = by_key[key]
                    out.row(post | {"snippet": "".join(text for text, _ in hit.snippet), "rank": hit.rank})
            else:
                for hit in hits:
                    _print_hit(out, hit)
    if shown < found.total:
        out.say(f"{shown:,} of {found.total:,}; --limit N for more.")
    elif not shown and not out.json:
        out.say("Nothing was found.")


def _print_hit(out: Output, hit: SearchHit) -> None:
    title = hit.post.title or f"Re: {hit.thread_title}"
    who = f"{hit.post.handle}{beside(hit.post.alike)}"
    if not out.table_wanted:
        snippet = "".join(text for text, _ in hit.snippet)
        out.fields((hit.post.id, hit.forum_title, title, who, snippet))
        return
    out.unbroken(f"{out.style(title, BOLD)} {out.style(f'· {hit.forum_title} · @{who}', DIM)}")
    row, used = f"  {out.style(hit.post.id[:SHORT], DIM)} ", SHORT + 3
    for text, marked in hit.snippet:
        for word in re.split("(?<= )", text):
            if used + width(word.rstrip()) > out.columns:
                out.unbroken(row)
                row, used = "    ", 4  # no row of it begins where those of ours do
            row += out.style(word, YELLOW) if marked else word
            used += width(word)
    out.unbroken(row)


def list_posts(context: Context, keys: Callable[[Session], Sequence[int]], nothing: str, *, why: bool = False) -> None:
    """Posts in the order of ``keys``, whole with ``--json``; ``nothing`` is said where there are none, and ``why``
    tells why hosts feature them."""
    out = context.out
    with closing(context.session()) as session:
        found = keys(session)
        if out.json:
            for _, post in session.stored().posts(found):
                out.row(post)
            return
        rows = session.posts(found)
        slugs = {one.id: one.slug for one in session.forums()}
    if not rows:
        out.say(nothing)
        return
    shown = SHORT if out.table_wanted else None
    out.table(
        ["post", "text", *(["why"] if why else []), "forum", "by", "votes", "written"],
        [
            (
                row.id[:shown], begins(row, 200), *([row.featured_for.strip()] if why else []),
                slugs.get(row.forum_id, ""), f"{row.handle}{beside(row.alike)}", row.up, local_time(row.created_at),
            )
            for row in rows
        ],
        give=1,
        right="votes",
        strong=[row.unread for row in rows],
    )  # fmt: skip
