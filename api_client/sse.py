"""Server-Sent Events (WHATWG HTML, 9.2), taken apart as the bytes come. Bytes in, events out; nothing waits here.

Right for any cutting of the bytes into chunks. Lines may end in CR, LF or CRLF; a BOM at the start is passed over;
what follows the last empty line when the stream ends is no event. Comments are handed out as well, since the wire's
heartbeat is one. One event may hold 1 MiB, counted from its first byte, data or not.
"""

from __future__ import annotations

import re

from msgspec import Struct

from api_client.errors import BadAnswer

MAX_RECORD = 1 << 20
MIN_RETRY, MAX_RETRY = 1.0, 120.0  # seconds

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")


class Event(Struct, frozen=True):
    """A dispatched event; ``id`` is the last event id so far, as the standard has it."""

    type: str
    data: bytes
    id: str


class Comment(Struct, frozen=True):
    text: str


class SseParser:
    """Feed it chunks; it gives the events and comments that are complete. ``retry`` is the server's wish in seconds,
    between 1 and 120, None as long as it has none."""

    def __init__(self, max_record: int = MAX_RECORD) -> None:
        self.retry: float | None = None
        self.last_id = ""
        self._max = max_record
        self._rest: list[bytes] = []  # of a line that has not ended; joined once, whatever the size of the chunks
        self._rest_size = 0
        self._started = False
        self._after_cr = False  # the last chunk ended in CR: an LF that follows belongs to it
        self._type = ""
        self._data: list[bytes] = []
        self._size = 0  # bytes of the event so far

    def feed(self, chunk: bytes) -> list[Event | Comment]:
        """What became complete with ``chunk``. `BadAnswer` when an event grows past the limit."""
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == 0x0A:
                chunk = chunk[1:]
        if not self._started:
            chunk = b"".join(self._rest) + chunk
            self._rest.clear()
            if len(chunk) < 3 and _BOM.startswith(chunk):
                self._rest.append(chunk)
                return []
            self._started = True
            chunk = chunk.removeprefix(_BOM)
        found: list[Event | Comment] = []
        at = 0
        for match in _LINE_END.finditer(chunk):
            line = chunk[at : match.start()]
            if self._rest:
                line = b"".join([*self._rest, line])
                self._rest.clear()
                self._rest_size = 0
            self._line(line, found)
            at = match.end()
        self._after_cr = at > 0 and at == len(chunk) and chunk[-1] == 0x0D
        if at < len(chunk):
            self._rest.append(chunk[at:])
            self._rest_size += len(chunk) - at
            if self._size + self._rest_size > self._max:
                raise self._too_big()
        return found

    def _line(self, line: bytes, found: list[Event | Comment]) -> None:
        if not line:
            self._dispatch(found)
            return
        self._size += len(line) + 1
        if self._size > self._max:
            raise self._too_big()
        if line[0] == 0x3A:  # ":"
            found.append(Comment(line[1:].decode("utf-8", "replace").removeprefix(" ")))
            if not (self._data or self._type):
                self._size = 0  # comments between events: a quiet stream is made of them
            return
        name, _, value = line.partition(b":")
        value = value[1:] if value[:1] == b" " else value
        match name:
            case b"data":
                self._data.append(value)
            case b"event":
                self._type = value.decode("utf-8", "replace")
            case b"id":
                if b"\0" not in value:
                    self.last_id = value.decode("utf-8", "replace")
            case b"retry":
                if value.isdigit():  # bytes.isdigit: ASCII digits alone
                    seconds = int(value) / 1000 if len(value) < 10 else MAX_RETRY
                    self.retry = min(max(seconds, MIN_RETRY), MAX_RETRY)

    def _dispatch(self, found: list[Event | Comment]) -> None:
        if self._data:
            found.append(Event(self._type or "message", b"\n".join(self._data), self.last_id))
        self._type, self._data, self._size = "", [], 0

    def _too_big(self) -> BadAnswer:
        return BadAnswer(f"The server sent an event of more than {self._max:,} bytes", "The stream was left.")
