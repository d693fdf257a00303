"""What a call can end with, and how an answer becomes one of these.

Everything is an `ApiError`, and so a `jamtui.errors.JamError` with a title and a hint; the kinds that the
command line tells apart are also of its own kinds, so that exit codes follow.

    ApiError
    ├── Unreachable        no answer: no network, no such host, TLS, time limit            exit 4
    │   └── NotAJam        an answer of something else: captive portal, redirect, HTML     exit 4
    ├── NotSignedIn        401                                                             exit 3
    ├── NotFound           404                                                             exit 5
    ├── Refused            any other 4xx with a problem document of the Jam; see ``code``  exit 6
    │   └── Conflict       version_conflict, id_taken: somebody was there first            exit 6
    ├── LogReplaced        410 log_replaced: the cursor is not of this log                 exit 1
    ├── RateLimited        408, 425, 429, see ``retry_after``                                        exit 1
    ├── ServerFault        5xx                                                             exit 4
    │   └── Unavailable    503, see ``retry_after``                                        exit 4
    └── BadAnswer          too big, cut off, wrong types: a server that breaks the wire    exit 1

``transient`` says whether the same call may succeed later without anybody doing anything: a refusal is believed
only when it comes as a problem document of a Jam, never from a proxy on the way, so that nothing that a person
wrote is given up because of a hotel's network.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from jamtui import errors

MAX_RETRY_AFTER = 900.0  # seconds; a longer wait is not believed
_MAX_TEXT = 400  # characters of a server's words that are kept

_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
# C0, DEL, C1, bidi controls and lone surrogates: an error travels further than a post (logs, notifications, stderr).
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


class ApiError(errors.JamError):
    """A call that did not give what it should.

    ``status`` is the HTTP status (0: there was no answer), ``code`` the stable code of the problem document ("" when
    there was none), ``detail`` the server's own words in one line, ``retry_after`` the seconds that it asked to wait.
    ``brief`` says why in a few words of our own, for a line that has to hold much else.
    """

    transient = False
    usual = "the server refused"  # what ``brief`` is when nothing better is known

    def __init__(
        self,
        title: str,
        hint: str = "",
        *,
        status: int = 0,
        code: str = "",
        detail: str = "",
        retry_after: float | None = None,
        brief: str = "",
    ) -> None:
        errors.JamError.__init__(self, title, hint)
        self.brief = brief or self.usual
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        self.moment: datetime | None = None  # when it was answered, by the clock of the server


class Unreachable(ApiError, errors.Unreachable):
    """No answer came, or not in time. ``unsent``: there was no connection, so nothing can have arrived."""

    transient = True
    usual = "no answer"
    unsent = False


class NotAJam(Unreachable):
    """Something answered that is no Jam server: a captive portal, a proxy, another site."""

    usual = "no Jam server answers"


class NotSignedIn(ApiError, errors.NotSignedIn):
    """No token, or one that the server does not take (401); also a wrong password or invite."""


class NotFound(ApiError, errors.NotFound):
    """The Jam has no such thing (404)."""


class Refused(ApiError, errors.Refused):
    """The Jam said no, and would say so again: closed, forbidden, locked, invalid."""


class Conflict(Refused):
    """``version_conflict``: it was edited meanwhile; ``id_taken``: the id belongs to something else."""


class LogReplaced(ApiError):
    """The cursor is of another log than the server has now: take a new snapshot."""

    usual = "the server was restored from a backup"


class RateLimited(ApiError):
    """Too much at once, or too slowly (408, 425, 429)."""

    transient = True
    usual = "the server asks to slow down"


class ServerFault(ApiError):
    """The server, or something before it, failed (5xx)."""

    exit_code = errors.Unreachable.exit_code
    transient = True
    usual = "the server failed"


class Unavailable(ServerFault):
    """The server asks to come back later (503)."""

    usual = "the server asks to come back later"


class BadAnswer(ApiError):
    """The answer breaks the wire: too big, cut off, not JSON, wrong types."""

    usual = "the server's answer cannot be used"


class Problem(msgspec.Struct, frozen=True):
    """The fields of a problem document (RFC 9457) that are used, whatever the server sent for them."""

    title: str = ""
    detail: str = ""
    code: str = ""
    places: tuple[str, ...] = ()  # "/boddy: unknown field", of ``errors``

    @property
    def of_a_jam(self) -> bool:
        return bool(self.code)


def plain(value: object) -> str:
    """A server's words as one harmless line: not a string → "", control characters → U+FFFD, cut at 400 characters."""
    if not isinstance(value, str):
        return ""
    text = _UNFIT.sub("\ufffd", " ".join(value[: 4 * _MAX_TEXT].split()))
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def parse_problem(body: bytes) -> Problem:
    """The problem document in ``body``; an empty `Problem` when it holds none. Never raises."""
    try:
        found = msgspec.json.decode(body, type=dict[str, object])
    except (ValueError, RecursionError):
        return Problem()
    code = found.get("code")
    listed = found.get("errors")
    places: list[str] = []
    for item in listed[:8] if isinstance(listed, list) else ():
        if isinstance(item, dict):
            pointer, detail = plain(item.get("pointer")), plain(item.get("detail"))
            places.append(f"{pointer}: {detail}" if pointer and detail else pointer or detail)
    return Problem(
        plain(found.get("title")),
        plain(found.get("detail")),
        code if isinstance(code, str) and _CODE.match(code) else "",
        tuple(place for place in places if place),
    )


def parse_retry_after(value: str | None, now: datetime, date: str | None = None) -> float | None:
    """Seconds to wait (RFC 9110, 10.2.3: seconds or a date), at most 900; None when it says nothing useful.

    ``date`` is the answer's Date: from there a date counts, so that a clock of ours that is wrong changes nothing;
    without one it counts from ``now``. A date in the past is a clock that is wrong: None, so that the usual back-off
    applies.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        seconds = float(value) if len(value) < 10 else MAX_RETRY_AFTER
    else:
        moment = http_date(value)
        if moment is None:
            return None
        seconds = (moment - (http_date(date or "") or now)).total_seconds()
        if seconds <= 0:
            return None
    return min(seconds, MAX_RETRY_AFTER)


def http_date(text: str) -> datetime | None:
    """A date of HTTP (RFC 9110, 5.6.7, its old forms too)."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


# What a person is told for each code of docs/wire.md: title, hint.
_WORDS: dict[str, tuple[str, str]] = {
    "not_signed_in": ("You are not signed in", "Sign in with `jamtui login`."),
    "token_expired": ("Your sign-in has expired", "Sign in again with `jamtui login`."),
    "token_unknown": ("The server does not know your sign-in any more", "Sign in again with `jamtui login`."),
    "wrong_password": ("The handle or the password is wrong", "Check both, and try again."),
    "invite_unknown": ("This invite code is unknown or was used already", "Ask who invited you for a new one."),
    "issuer_token_refused": ("The Jam does not take this sign-in of the organisation", ""),
    "issuer_unreachable": ("The Jam cannot reach the organisation that signs you in", "Try again in a minute."),
    "forbidden": ("You may not do that here", "Only its author, or a moderator, may."),
    "jam_closed": ("The Jam is closed for writing", "You can go on reading; your text is kept."),
    "phase_closed": ("The Jam does not take this in its phase", "Your text is kept: send it when a phase takes it."),
    "post_locked": ("This thread is locked", "You can go on reading; your text is kept."),
    "suspended": ("You are suspended: you can read, not write", "Your text is kept; send it when that is over."),
    "guests_refused": ("This Jam is not open to guests", "Sign in with `jamtui login`."),
    "not_found": ("The Jam has no such thing", "It may have been removed, or never been there."),
    "id_taken": ("The id of this post is taken by another", "Reopen the text and send it again as a new post."),
    "handle_taken": ("This handle is taken", "Choose another."),
    "parent_gone": ("The post that you answer is not there any more", "Your text is kept: send it elsewhere."),
    "post_gone": ("The post is not there any more", "It was taken back, removed or hidden."),
    "poll_closed": ("The poll is closed", "It takes no more ballots; its result stays."),
    "report_taken": ("You reported this post already", "Moderators see it; nothing more is to be done."),
    "act_overtaken": ("Something later stands in the way", "Look at the audit log, and undo what came after it first."),
    "version_conflict": ("It was changed meanwhile", "Read the new version, then edit again."),
    "if_match_required": ("The server wants to know which version is meant", "Update jamtui."),
    "bad_request": ("The server does not understand what was asked", "Update jamtui."),
    "bad_cursor": ("The server does not know where the mirror stands", "Update jamtui."),
    "method_not_allowed": ("The server cannot do this", "It may be of an older version than this jamtui."),
    "unsupported_media_type": ("The server does not take what was sent", "Update jamtui."),
    "invalid": ("The Jam does not take this as it is", "It gives no reason."),
    "too_large": ("That is too long for this Jam", "Shorten it, and send it again."),
    "idempotency_key_reused": ("This change was sent before with other words", "Edit again."),
    "log_replaced": ("The server has another change log than before", "The mirror is fetched anew."),
    "too_slow": ("What was sent took too long to arrive", "It is tried again by itself."),
    "rate_limited": ("The server asks to slow down", "It is tried again by itself."),
    "unavailable": ("The server is not available for now", "It is tried again by itself."),
    "server_error": ("The server failed", "Try again later."),
}

_PORTAL = "Open a web page in a browser: a network that wants a log-in first (a captive portal) answers like this."
PORTAL = "this network wants you to sign in: open a browser"

Factory = Callable[..., ApiError]


def not_a_jam(what: str, status: int, *, portal: bool = True) -> NotAJam:
    """``what`` answered in place of a Jam, in words: "a web page", "a redirect to another address"."""
    hint = f"{_PORTAL} Else check the address."
    return NotAJam(f"{what} answered instead of a Jam server", hint, status=status, brief=PORTAL if portal else "")


def from_answer(
    status: int,
    body: bytes,
    *,
    retry_after: str | None,
    web_page: bool,
    now: datetime,
    server: str,
    date: str | None = None,
) -> ApiError:
    """The error that an answer of ``status`` (not 2xx, not 304) means. ``web_page``: it says that it is HTML.

    ``server`` names it for a person: its origin. ``date`` is the answer's own.
    """
    problem = parse_problem(body)
    wait = parse_retry_after(retry_after, now, date)
    if 300 <= status < 400:
        return not_a_jam("A redirect to another address", status)
    if status == 511:  # RFC 6585, section 6: the network itself wants a log-in
        return not_a_jam("The network", status)
    if status >= 500:
        kind: Factory = Unavailable if status == 503 else ServerFault
        fallback = (f"{server} failed (status {status})", "Try again later.")
    elif status in (408, 425, 429):  # it came too slowly, too early, too often: another time it is taken
        kind, fallback = RateLimited, _WORDS["rate_limited"]
    elif web_page or not problem.of_a_jam:
        return not_a_jam("A web page" if web_page else f"Something (status {status})", status, portal=web_page)
    elif status == 401:
        kind, fallback = NotSignedIn, _WORDS["not_signed_in"]
    elif status == 404:
        kind, fallback = NotFound, _WORDS["not_found"]
    elif problem.code == "log_replaced":
        kind, fallback = LogReplaced, _WORDS["log_replaced"]
    else:
        kind = Conflict if problem.code in ("version_conflict", "id_taken") else Refused
        fallback = (problem.title or f"The Jam refused it ({problem.code})", "")
    title, hint = _WORDS.get(problem.code, fallback)
    words = [problem.detail, *problem.places]
    said = "; ".join(word for word in words if word)
    if problem.code == "invalid" or not hint:
        hint = f"It says: {said}" if said else hint or "It gives no reason."
    error = kind(title, hint, status=status, code=problem.code, detail=said or problem.title, retry_after=wait)
    error.moment = http_date(date or "")
    return error
