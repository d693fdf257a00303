"""``jamtui watch``: a line a change, read from the mirror after each commit, whoever wrote it.

The session's network thread holds the connection when it is free, takes it over when its holder ends, and otherwise
tells that another process has written. Either way the mirror is compared with what was there at the last look, so that
the same lines come out. Changes that happened since the mirror was last up to date are told first.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import queue
import select
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing

from msgspec import Struct

from jamtui.archive import GONE
from jamtui.commands.context import Context
from jamtui.commands.reading import SHORT
from jamtui.model import Changed, Link
from jamtui.output import BOLD, DIM, GREEN, local_time
from jamtui.safe_text import safe_line
from jamtui.session import Session
from jamtui.store.objects import Object, Objects

_FRAME = 0.2  # seconds between two looks at the mirror, at least
_SHARE = 10  # a look that took long is followed by a rest of so many times as long
_TOLD = (Link.LIVE, Link.READER, Link.OFFLINE, Link.RECONNECTING, Link.SIGNED_OUT)
_ALERT = 2_000  # characters of an announcement in a line for people
_BODY = 100  # characters of a post's text in a line for people


class _Seen(Struct, frozen=True):
    """What is remembered of an object, enough to say what changed."""

    digest: bytes
    tags: tuple[str, ...] = ()
    up: int = 0
    gone: str = ""


class Watcher:
    """Compares the mirror with what it was at the last look."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], _Seen] = {}

    def look(self, objects: Objects) -> Iterator[tuple[str, str, Object]]:
        """(what changed, type, object); what: new, edited, deleted, removed, hidden, shown, tagged, votes, changed,
        withdrawn (of an announcement)."""
        for kind, object_id, raw, up in objects.fingerprints():
            digest = hashlib.blake2b(raw, digest_size=12).digest()
            before = self._seen.get((kind, object_id))
            if before is not None and before.digest == digest and before.up == up:
                continue
            found = objects.object(raw, up if kind == "post" else None)
            now = _Seen(digest, _tags(found), up, _gone(kind, found))
            self._seen[kind, object_id] = now
            yield _word(kind, before, now), kind, found

    def learn(self, objects: Objects) -> None:
        """Takes what is there as known."""
        for _ in self.look(objects):
            pass


def _gone(kind: str, found: Object) -> str:
    withdrawn = kind == "announcement" and found.get("gone") is True
    return "withdrawn" if withdrawn else str(found.get("state") or "")


def _tags(found: Object) -> tuple[str, ...]:
    tags = found.get("tags")
    return tuple(str(tag) for tag in tags) if isinstance(tags, list) else ()


def _word(kind: str, before: _Seen | None, now: _Seen) -> str:
    if before is None:
        return "new"
    if kind != "post":
        return now.gone if now.gone == "withdrawn" != before.gone else "changed"
    if now.gone != before.gone and now.gone in GONE:
        return now.gone
    if before.gone in GONE and not now.gone:
        return "shown"
    if now.tags != before.tags:
        return "tagged"
    return "votes" if now.digest == before.digest or now.up != before.up else "edited"


def watch(context: Context, _: argparse.Namespace) -> int:
    changes: queue.SimpleQueue[Changed | None] = queue.SimpleQueue()
    with closing(context.open(context.served())) as session:
        # Unset while a snapshot is being loaded: half a mirror is compared with nothing.
        watcher, known = Watcher(), session.status().mirrored_at is not None
        if known:
            watcher.learn(session.stored())
        session.start(changes.put)
        _notice_closed_pipe(changes)
        link: Link | None = None
        while (changed := changes.get()) is not None:
            began = time.monotonic()
            status = session.status()
            if status.link is not link and status.link in _TOLD:
                context.out.say(f"{status.link.value}{f': {status.detail}' if status.detail else ''}")
            link = status.link
            if status.mirrored_at is None:
                continue
            if not known:
                watcher.learn(session.stored())  # the first snapshot is where the watch begins
                known = True
            elif changed.everything or changed.posts or changed.new_posts or changed.forums or changed.records:
                _print(context, session, watcher)
            _rest(changes, began)
    return 0


def _rest(changes: queue.SimpleQueue[Changed | None], began: float) -> None:
    """Lets what arrives close together be one look, and keeps looks at a big mirror from filling the processor."""
    took = time.monotonic() - began
    time.sleep(max(_FRAME, took * _SHARE))
    last: Changed | None = Changed()
    joined = Changed()
    while last is not None and not changes.empty():
        last = changes.get()
        if last is not None:
            joined |= last
    if last is None:
        changes.put(None)
    elif joined != Changed():
        changes.put(joined)


def _notice_closed_pipe(changes: queue.SimpleQueue[Changed | None]) -> None:
    """Ends the watch when whoever reads the pipe has gone, though nothing is there to be written just now."""
    try:
        fileno = sys.stdout.fileno()
    except OSError:
        return
    if not hasattr(select, "poll") or os.isatty(fileno):
        return

    def look() -> None:
        poll = select.poll()
        poll.register(fileno, 0)  # nothing is asked for: errors and hang-ups are always told
        while not any(event & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, event in poll.poll()):
            pass
        changes.put(None)

    threading.Thread(target=look, name="jamtui-pipe", daemon=True).start()


def _print(context: Context, session: Session, watcher: Watcher) -> None:
    out, objects = context.out, session.stored()
    forums = {row.id: row.slug for row in session.forums()}
    handles = objects.handles()
    for word, kind, found in watcher.look(objects):
        if out.json:
            written = kind in ("post", "announcement")
            more: Object = {"author": handles.get(str(found.get("author_id")))} if written else {}
            out.row({"change": word, "type": kind} | found | more)
            continue
        if kind != "post":
            name = safe_line(str(found.get("title") or found.get("name") or found.get("slug") or ""))
            if kind == "announcement":  # all of it: it is for everybody, and short
                body = safe_line(" ".join(str(found.get("body") or "").split()), _ALERT)
                name = f"@{safe_line(handles.get(str(found.get('author_id')), '?'))}  {body}"
            out.unbroken(f"{local_time(session.now())}  {out.style(f'{word} {kind}', DIM)}  {name}")
            continue
        handle = safe_line(handles.get(str(found.get("author_id")), "?"))
        text = safe_line(" ".join(str(found.get("title") or found.get("body") or "").split()), _BODY)
        votes = found.get("votes")
        facts = {
            "votes": f"+{votes.get('up', 0)}" if isinstance(votes, dict) else "",
            "tagged": " ".join(f"#{safe_line(tag)}" for tag in _tags(found)),
        }.get(word, "")
        line = [
            local_time(session.now()), out.style(word, GREEN if word == "new" else DIM),
            safe_line(str(found["id"]))[:SHORT], forums.get(str(found.get("forum_id")), ""), f"@{handle}", facts,
            out.style(text, BOLD if found.get("title") else ""),
        ]  # fmt: skip
        out.unbroken("  ".join(part for part in line if part))
    out.flush()
