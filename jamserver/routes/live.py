"""The snapshot, the stream, and the document of the wire itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from jamserver import log, openapi
from jamserver.log import Cursor
from jamserver.snapshot import SMALL, Snapshot, preferred_encoding
from jamserver.stream import Hub
from jamserver.web import Answer, Call, Parameter, Route, Who, json_response


async def snapshot(call: Call) -> Response:
    made = await call.services.snapshots.get(preferred_encoding(call.header("accept-encoding") or ""))
    headers = {
        "ETag": made.etag,
        "Jam-Cursor": str(made.cursor),
        "Jam-Snapshot-Size": str(made.size),
        "Vary": "Accept-Encoding",
        "Cache-Control": "no-cache",
    }
    asked = call.header("if-none-match") or ""
    if made.etag in [name.strip().removeprefix("W/") for name in asked.split(",")]:
        return Response(status_code=304, headers=headers)
    if made.encoding:
        headers["Content-Encoding"] = made.encoding
    if call.request.method == "HEAD" or made.size <= SMALL:
        await made.whole()
    if made.packed_size is not None:
        headers["Content-Length"] = str(made.packed_size)
    return _Pieces(made, headers)


class _Pieces(Response):
    """A snapshot in pieces, as they come, so that a slow client does not make the server hold a copy of it."""

    SIZE = 64 << 10

    def __init__(self, made: Snapshot, headers: Mapping[str, str]) -> None:
        super().__init__(None, 200, headers, "application/x-ndjson")
        if "Content-Length" not in headers:
            del self.headers["Content-Length"]  # which the framework takes for 0
        self._made = made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            try:
                await self._send(send)
            except asyncio.CancelledError:
                if not self._made.gone:
                    raise
            if self._made.gone:
                return  # without an end: the connection is closed, so that nobody takes it for the whole
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, send: Send) -> None:
        async for piece in self._made.pieces():
            for start in range(0, len(piece), self.SIZE):
                part = piece[start : start + self.SIZE]
                await send({"type": "http.response.body", "body": part, "more_body": True})


class _Stream(Response):
    """Hands the connection to the hub; what a HEAD request gets is the headers alone."""

    def __init__(self, hub: Hub, after: Cursor | None, person_id: str, until: float | None, token: str | None) -> None:
        super().__init__()
        self._hub = hub
        self._after = after
        self._until = until
        self._token = token
        self._person_id = person_id
        hub.take_place(person_id)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._hub.serve(self._after, self._person_id, self._until, self._token, receive, send)
        finally:
            self._hub.leave_place(self._person_id)


async def stream(call: Call) -> Response:
    services = call.services
    text = call.header("last-event-id") or call.query("after")
    after = log.parse_cursor(text) if text else None
    if after is not None:
        wanted = after
        await services.readers.run(lambda db: log.require(db, wanted))
    if call.request.method == "HEAD":
        return Response(media_type="text/event-stream")
    until = token = None
    if call.caller.expires is not None:
        # A stream lives no longer than the token that opened it.
        until = services.monotonic() + (call.caller.expires - call.now).total_seconds()
        token = call.token
    return _Stream(services.hub, after, call.caller.person_id, until, token)


async def openapi_document(call: Call) -> Response:
    return json_response(openapi.document_bytes())


_CURSOR_HEADERS = (
    ("Jam-Cursor", "The last change that is in it; go on with the changes after it."),
    ("Jam-Snapshot-Size", "Its size in bytes when decoded."),
    ("ETag", "Changes with the snapshot."),
)

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/v1/snapshot",
        "get_snapshot",
        "The Jam as an archive; compressed as `Accept-Encoding` asks (zstd, gzip).",
        Who.ANY,
        (
            Answer(200, "A Jam archive.", media_type="application/x-ndjson", headers=_CURSOR_HEADERS),
            Answer(304, "The snapshot is as `If-None-Match` knows it.", headers=_CURSOR_HEADERS),
        ),
        parameters=(Parameter("If-None-Match", "The ETag of a snapshot that one has.", where="header"),),
        run=snapshot,
    ),
    Route(
        "GET",
        "/api/v1/stream",
        "get_stream",
        "The change log as Server-Sent Events: `id` is the cursor, `data` an item; `event: desk`: look at `/me/desk`.",
        Who.ANY,
        (Answer(200, "Events without end.", media_type="text/event-stream"),),
        ("bad_cursor", "log_replaced", "rate_limited"),
        (
            Parameter("after", "A cursor; without one, from the head."),
            Parameter("Last-Event-ID", "A cursor; wins over `after`.", where="header"),
        ),
        run=stream,
    ),
    Route(
        "GET",
        "/openapi.json",
        "get_openapi",
        "This document.",
        Who.ALWAYS,
        (Answer(200, "OpenAPI 3.1.", dict),),
        run=openapi_document,
    ),
)
