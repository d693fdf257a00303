"""The mirror as one Markdown text: forums, threads, and posts quoted as deep as they stand.

Every line of a post stands behind a quote mark, so that nothing in it can pass for a heading of another thread. Text is
made harmless as on the screen: somebody may well print the file on a terminal. And it is harmless for what draws it
(`jamtui.commands.markdown_safe`): no HTML, no pictures that are fetched, no links but http and https.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from jamtui.commands.markdown_safe import harmless, plain
from jamtui.model import GONE, PostRow
from jamtui.names import beside
from jamtui.output import local_time
from jamtui.session import Session

_DEEPEST = 8  # quote marks in front of a line; what is deeper stands at that depth
_WINDOW = 500  # posts read at once


def write(session: Session, file: IO[bytes]) -> int:
    """Writes everything; returns how many posts."""
    jam, count = session.jam, 0
    _put(file, f"# {plain(jam.title)}\n")
    if jam.summary:
        _put(file, "\n".join(_quoted(jam.summary, 1)) + "\n")
    for forum in session.forums():
        _put(file, f"## {plain(forum.title)}\n")
        if forum.brief:
            _put(file, "\n".join(_quoted(forum.brief, 1)) + "\n")
        for key in session.thread_keys(forum.id, "new"):
            for thread in session.threads([key]):
                _put(file, f"### {plain(thread.title)}\n")
                for row, depth in _posts(session, thread.id):
                    _put(file, "\n".join(_lines(row, depth, session.whole(row))) + "\n")
                    count += 1
    return count


def _put(file: IO[bytes], text: str) -> None:
    file.write((text + "\n").encode())


def _posts(session: Session, thread_id: str) -> Iterator[tuple[PostRow, int]]:
    index = session.thread_index(thread_id)
    depth_of = dict(zip(index.keys, index.depths, strict=True))
    for start in range(0, len(index), _WINDOW):
        for row in session.posts(index.keys[start : start + _WINDOW]):
            yield row, depth_of[row.key]


def _lines(row: PostRow, depth: int, text: str) -> Iterator[str]:
    marks = "> " * min(depth + 1, _DEEPEST)
    facts = [f"**{plain(row.author)}** @{plain(row.handle)}{plain(beside(row.alike))}", local_time(row.created_at)]
    if row.up:
        facts.append(f"+{row.up}")
    facts.extend(f"\\#{plain(tag)}" for tag in row.tags)
    yield marks + " · ".join(facts)
    yield marks.rstrip()
    body = f"*{GONE.get(row.gone, 'gone')}*" if row.gone else text
    yield from _quoted(body, min(depth + 1, _DEEPEST))


def _quoted(text: str, depth: int) -> Iterator[str]:
    marks = "> " * depth
    for line in harmless(text).split("\n"):
        yield (marks + line).rstrip()
