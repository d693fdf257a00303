"""How far this machine's clock is from the server's: what is heard, what is kept of it, and what is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api_client import errors
from api_client.client import JamClient
from jamtui.archive import rfc3339
from jamtui.store.clock import clock_error

NOW = datetime(2026, 2, 8, 12, tzinfo=UTC)
DATE = "Sun, 08 Feb 2026 10:00:00 GMT"
JAM = (
    b'{"format":1,"id":"j","slug":"j","title":"J","opens_at":"2026-02-08T00:00:00Z","closes_at":"2026-02-09T00:00:00Z"}'
)


@pytest.mark.parametrize(
    ("status", "headers", "body", "heard"),
    [
        (200, {"Date": DATE}, JAM, timedelta(hours=2)),
        (200, {"Date": DATE, "Age": "7200"}, JAM, None),
        (200, {}, JAM, None),
        (200, {"Date": "yesterday"}, JAM, None),
        (200, {"Date": DATE, "Content-Type": "text/html"}, b"<html>Sign in</html>", None),
        (503, {"Date": DATE}, b"", None),
    ],
    ids=["an answer", "kept by a cache", "without a Date", "no date", "a captive portal", "a failure"],
)
async def test_a_good_answer_tells_the_time(
    status: int, headers: dict[str, str], body: bytes, heard: timedelta | None
) -> None:
    class Answering(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            given = {"Content-Type": "application/json"} | headers
            return httpx.Response(status, headers=given, stream=httpx.ByteStream(body))

    async with JamClient("https://jam.example", now=lambda: NOW, transport=Answering()) as client:
        if body != JAM:
            with pytest.raises(errors.ApiError):
                await client.jam()
        else:
            await client.jam()
        assert client.clock_error == heard


@pytest.mark.parametrize(
    ("kept", "error"),
    [
        ("", 0),
        ("7200", 0),
        ("soon 2026-02-08T12:00:00.000Z", 0),
        (f"7200 {rfc3339(NOW)}", 7200),
        (f"-7200 {rfc3339(NOW - timedelta(hours=20))}", -7200),
        (f"29 {rfc3339(NOW)}", 0),  # the Date has whole seconds, and was on its way
        (f"7200 {rfc3339(NOW - timedelta(hours=25))}", 0),  # a clock may be put right meanwhile
        (f"7200 {rfc3339(NOW + timedelta(hours=25))}", 0),
        (f"{10**30} {rfc3339(NOW)}", 0),
        ("7200 2026-02-08T12:00:00", 0),  # without a zone
    ],
)
def test_what_is_kept_of_it_is_believed_for_a_day(kept: str, error: int) -> None:
    assert clock_error(kept, NOW) == timedelta(seconds=error)
