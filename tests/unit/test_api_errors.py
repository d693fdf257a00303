"""What an answer that is no success becomes, for a person and for the program."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import msgspec
import pytest

from api_client import errors
from jamserver.problems import CODES
from jamtui.errors import JamError

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def answer(
    status: int, code: str = "", *, retry_after: str | None = None, web_page: bool = False, **more: object
) -> errors.ApiError:
    body = msgspec.json.encode({"title": "T", "status": status, "code": code, **more})
    return errors.from_answer(
        status, body, retry_after=retry_after, web_page=web_page, now=NOW, server="https://jam.example"
    )


@pytest.mark.parametrize(
    ("status", "code", "kind", "exit_code", "transient"),
    [
        (401, "token_expired", errors.NotSignedIn, 3, False),
        (401, "wrong_password", errors.NotSignedIn, 3, False),
        (403, "jam_closed", errors.Refused, 6, False),
        (403, "guests_refused", errors.Refused, 6, False),
        (404, "not_found", errors.NotFound, 5, False),
        (405, "method_not_allowed", errors.Refused, 6, False),
        (408, "too_slow", errors.RateLimited, 1, True),
        (408, "", errors.RateLimited, 1, True),
        (409, "id_taken", errors.Conflict, 6, False),
        (409, "parent_gone", errors.Refused, 6, False),
        (410, "log_replaced", errors.LogReplaced, 1, False),
        (412, "version_conflict", errors.Conflict, 6, False),
        (422, "invalid", errors.Refused, 6, False),
        (422, "a_code_of_tomorrow", errors.Refused, 6, False),
        (429, "rate_limited", errors.RateLimited, 1, True),
        (500, "server_error", errors.ServerFault, 4, True),
        (502, "", errors.ServerFault, 4, True),
        (503, "unavailable", errors.Unavailable, 4, True),
        # Not from a Jam: what a person wrote must not be given up for it.
        (403, "", errors.NotAJam, 4, True),
        (404, "", errors.NotAJam, 4, True),
        (302, "", errors.NotAJam, 4, True),
        (511, "", errors.NotAJam, 4, True),
    ],
)
def test_kinds(status: int, code: str, kind: type[errors.ApiError], exit_code: int, transient: bool) -> None:
    error = answer(status, code)
    assert type(error) is kind
    assert isinstance(error, JamError)
    assert (error.status, error.code, error.exit_code, error.transient) == (status, code, exit_code, transient)
    assert error.title
    assert error.hint


@pytest.mark.parametrize("code", CODES)
def test_each_code_of_the_wire_has_words_of_its_own(code: str) -> None:
    error = answer(CODES[code][0], code)
    assert error.title != "T"  # the server's own words, which are for what this version does not know
    assert "https://jam.example" not in error.title
    assert error.hint


def test_a_web_page_is_no_refusal_whatever_it_says() -> None:
    assert type(answer(403, "forbidden", web_page=True)) is errors.NotAJam


def test_hostile_words_become_one_harmless_line() -> None:
    error = answer(422, "invalid", detail="\x1b]0;PWN\x07 a\nb \u202ec [/] [@click=app.quit]x[/]" + "y" * 9999)
    assert error.hint.startswith("It says: \ufffd]0;PWN\ufffd a b \ufffdc [/]")
    assert len(error.detail) <= 400


def test_places_of_an_invalid_request_are_told() -> None:
    error = answer(
        422, "invalid", detail="no", errors=[{"pointer": "/boddy", "detail": "not known"}, 7, {"pointer": 1}]
    )
    assert error.detail == "no; /boddy: not known"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[1]", b"{", b"\xff\xfe", b'{"code":7,"title":[1],"detail":{"a":1},"errors":"x"}',
        b'{"code":"\\u001b[2J","title":null}', b'{"a":' * 100_000, b'{"title":"\\ud800"}',
    ],
)  # fmt: skip
def test_no_body_breaks_it(body: bytes) -> None:
    error = errors.from_answer(422, body, retry_after=None, web_page=False, now=NOW, server="https://jam.example")
    assert (type(error), error.code, error.detail) == (errors.NotAJam, "", "")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("901", 900.0),
        ("9" * 400, 900.0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Fri, 02 Jan 2026 03:04:35 GMT", 30.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", None),
        ("Fri, 02 Jan 2026 03:04:05 GMT", None),
        ("Sat, 02 Jan 2027 03:04:05 GMT", 900.0),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Fri, 02 Jan 2026 03:04:35", 30.0),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert errors.parse_retry_after(value, NOW) == seconds
    assert answer(503, "unavailable", retry_after=value).retry_after == seconds


def test_a_date_to_retry_after_counts_from_the_servers_own_clock() -> None:
    """A clock of ours that is an hour ahead would take the date for past."""
    date, moment = "Fri, 02 Jan 2026 02:00:00 GMT", "Fri, 02 Jan 2026 02:05:00 GMT"
    assert errors.parse_retry_after(moment, NOW) is None
    assert errors.parse_retry_after(moment, NOW, date) == 300
    assert errors.parse_retry_after(moment, NOW, "no date") is None
    body = b'{"code":"unavailable"}'
    error = errors.from_answer(
        503, body, retry_after=moment, web_page=False, now=NOW, server="https://jam.example", date=date
    )
    assert error.retry_after == 300


@pytest.mark.parametrize(
    ("status", "web_page", "brief"),
    [
        (302, False, errors.PORTAL), (511, False, errors.PORTAL), (403, True, errors.PORTAL),
        (404, False, "no Jam server answers"), (503, False, "the server asks to come back later"),
        (502, True, "the server failed"), (429, False, "the server asks to slow down"),
    ],
)  # fmt: skip
def test_a_few_words_say_why(status: int, web_page: bool, brief: str) -> None:
    assert answer(status, web_page=web_page).brief == brief


def test_models_errors_and_origin_bring_no_network_library() -> None:
    code = (
        "import sys, api_client.models, api_client.errors, api_client.origin, api_client.sse, api_client.tokens;"
        "print([m for m in ('httpx', 'httpcore', 'anyio', 'idna', 'keyring') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
