"""Problem documents (RFC 9457): the one table of codes, and the exception that carries one to the caller.

A code is stable; its status is fixed here, so that the OpenAPI document and the answers cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

MEDIA_TYPE = "application/problem+json"

# code: (status, title)
CODES: dict[str, tuple[int, str]] = {
    "bad_request": (400, "The request is not understood"),
    "bad_cursor": (400, "This is not a cursor"),
    "not_signed_in": (401, "Sign in first"),
    "token_expired": (401, "The token has expired"),
    "token_unknown": (401, "The token is not known"),
    "wrong_password": (401, "Handle or password is wrong"),
    "invite_unknown": (401, "The invite code is not known or was used"),
    "issuer_token_refused": (401, "The issuer's token is refused"),
    "forbidden": (403, "You may not do this"),
    "jam_closed": (403, "The Jam is closed"),
    "phase_closed": (403, "The phase of the Jam does not take this"),
    "suspended": (403, "You are suspended"),
    "post_locked": (403, "The thread is locked"),
    "guests_refused": (403, "This Jam does not let guests read"),
    "not_found": (404, "No such thing here"),
    "method_not_allowed": (405, "This method is not for this address"),
    "too_slow": (408, "The request took too long"),
    "id_taken": (409, "The id stands for another post"),
    "handle_taken": (409, "The handle is taken"),
    "parent_gone": (409, "The post that is answered is gone"),
    "post_gone": (409, "The post is gone"),
    "report_taken": (409, "You reported this already"),
    "act_overtaken": (409, "Something later stands in the way"),
    "poll_closed": (409, "The poll is closed"),
    "log_replaced": (410, "The change log does not have this cursor"),
    "version_conflict": (412, "The post was changed meanwhile"),
    "too_large": (413, "The request is too large"),
    "unsupported_media_type": (415, "Send JSON"),
    "invalid": (422, "The request does not fit"),
    "idempotency_key_reused": (422, "The idempotency key was used for something else"),
    "if_match_required": (428, "Say which version is meant"),
    "rate_limited": (429, "Too many requests"),
    "server_error": (500, "The server failed"),
    "unavailable": (503, "The server cannot do this now"),
    "issuer_unreachable": (503, "The issuer of the sign-in cannot be reached"),
}


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One place that does not fit: ``pointer`` (RFC 6901) into the body, or the name of a query parameter."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class ProblemDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """What every error answers, as ``application/problem+json``."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[FieldError, ...] = ()


class Problem(Exception):
    """An answer that is an error. ``detail`` is for a person and holds nothing of the server's inside."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.code = code
        self.status, self.title = CODES[code]
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        if self.status == 401:
            self.headers.setdefault("WWW-Authenticate", "Bearer")

    def body(self) -> bytes:
        """The document as JSON."""
        return msgspec.json.encode(
            ProblemDocument(
                f"urn:jam:problem:{self.code}", self.title, self.status, self.detail, self.code, self.errors
            )
        )


def invalid(pointer: str, detail: str) -> Problem:
    """422 for one field of the body."""
    return Problem("invalid", detail, errors=[FieldError(detail, pointer=pointer)])


def later(code: str, detail: str, seconds: float) -> Problem:
    """429 or 503 with ``Retry-After`` in whole seconds, at least one."""
    return Problem(code, detail, headers={"Retry-After": str(max(1, int(seconds + 0.999)))})
