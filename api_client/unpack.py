"""Content codings undone in bounded steps, so that a few bytes of a bomb never become gigabytes.

httpx decodes a whole received chunk at once: 64 KiB of zstd can be 2 GiB. Here each step gives at most `STEP` bytes,
and the caller counts between the steps.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

import zstandard

from api_client.errors import BadAnswer

ACCEPTED = "zstd, gzip"

STEP = 1 << 18  # bytes that one step gives at most
_ZSTD_WINDOW = 1 << 23  # 8 MiB: what RFC 8878 asks every decoder for, and more than a server needs
# A zstd block of 4 bytes may stand for 128 KiB. So a step is a small slice of the input, and a slice may not become
# more than this: 4,096 to 1, where the densest real record (a body of one repeated letter) has some 1,000 to 1.
_ZSTD_SLICE = 2048
_ZSTD_SLICE_OUT = 1 << 23


class Unpacker(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded bytes of ``data`` in pieces; take one, count, take the next. `BadAnswer` when broken."""
        ...


def unpacker(coding: str) -> Unpacker:
    """For the value of a Content-Encoding header; `BadAnswer` for what was not asked for."""
    match coding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip":
            return _Gzip()
        case "zstd":
            return _Zstd()
    raise BadAnswer("The server packed its answer in a way that was not asked for", "Its answer was not used.")


def _broken() -> BadAnswer:
    return BadAnswer("The server's answer is packed wrongly, or damaged on the way", "Its answer was not used.")


def _cut(data: bytes) -> Iterator[bytes]:
    if len(data) <= STEP:
        yield data
        return
    for start in range(0, len(data), STEP):
        yield data[start : start + STEP]


class _Plain:
    def feed(self, data: bytes) -> Iterator[bytes]:
        return _cut(data)


class _Gzip:
    """RFC 1952, several members one after the other too."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            while data:
                if self._member.eof:
                    self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
                piece = self._member.decompress(data, STEP)
                data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
                if piece:
                    yield piece
            # what zlib holds back when the input was used up exactly as a step was full
            while not self._member.eof and (piece := self._member.decompress(b"", STEP)):
                yield piece
        except zlib.error:
            raise _broken() from None


class _Sink:
    """Takes what the zstd library writes, and ends it when a slice grows too far."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self.size += len(data)
        if self.size > _ZSTD_SLICE_OUT:
            raise BadAnswer("The server's answer is packed beyond belief", "It was not unpacked.")
        self.pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        pieces, self.pieces, self.size = self.pieces, [], 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _Zstd:
    """RFC 8878."""

    def __init__(self) -> None:
        self._sink = _Sink()
        decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._writer = decompressor.stream_writer(self._sink, closefd=False)  # type: ignore[arg-type]  # only write() is called

    def feed(self, data: bytes) -> Iterator[bytes]:
        view = memoryview(data)
        try:
            for start in range(0, len(view), _ZSTD_SLICE):
                self._writer.write(view[start : start + _ZSTD_SLICE])
                if self._sink.pieces:
                    yield from _cut(self._sink.take())
        except zstandard.ZstdError:
            raise _broken() from None
