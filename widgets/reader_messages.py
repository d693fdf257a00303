"""What the reader of a thread tells: `ThreadReader.Moved` and so on, handled by ``on_thread_reader_moved``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from widgets.links import Link

if TYPE_CHECKING:
    from widgets.thread_reader import ThreadReader


class _ReaderMessage(Message):
    """Which reader tells it."""

    def __init__(self, reader: ThreadReader) -> None:
        super().__init__()
        self.reader = reader

    @property
    def control(self) -> ThreadReader:
        return self.reader


class Moved(_ReaderMessage, namespace="thread_reader"):
    """The cursor came to stand on another post."""

    def __init__(self, reader: ThreadReader, key: int) -> None:
        super().__init__(reader)
        self.key = key


class Seen(_ReaderMessage, namespace="thread_reader"):
    """These unread posts have been read: their last line was on the screen, and the reader moved on."""

    def __init__(self, reader: ThreadReader, keys: frozenset[int]) -> None:
        super().__init__(reader)
        self.keys = keys


class LinkClicked(_ReaderMessage, namespace="thread_reader"):
    """A link was clicked. ``link.url`` is absolute http(s); whoever gets this asks the person first."""

    def __init__(self, reader: ThreadReader, link: Link) -> None:
        super().__init__(reader)
        self.link = link
