"""What an OpenID Connect issuer says: its documents and tokens as they are read, its refusals in words.

`api_client.oidc` asks; nothing here does. What is wrong with an issuer is mostly none of the person's doing, so it is
told for whoever can mend it.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from api_client.errors import ApiError, BadAnswer, NotSignedIn, ServerFault, parse_retry_after, plain
from api_client.models import tidy
from api_client.origin import parse_origin
from api_client.transport import Answer
from jamtui.errors import UsageError

MEND = "Whoever runs the Jam can mend this"

_USER_CODE = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")

Text = Annotated[str, Meta(max_length=65_536)]
T = TypeVar("T")


class Metadata(Struct, frozen=True):
    """The fields of the discovery document that are used (RFC 8414, OpenID Connect Discovery)."""

    issuer: Text
    authorization_endpoint: Text | None = None
    token_endpoint: Text | None = None
    device_authorization_endpoint: Text | None = None
    revocation_endpoint: Text | None = None
    code_challenge_methods_supported: tuple[Text, ...] | None = None
    authorization_response_iss_parameter_supported: bool | None = None


class Tokens(Struct, frozen=True):
    """What the issuer gave. ``at`` is its own time (seconds since 1970), 0.0 when it did not tell."""

    access_token: Text
    id_token: Text | None = None
    refresh_token: Text | None = None
    at: float = 0.0

    def __repr__(self) -> str:
        held = [name for name in ("access_token", "id_token", "refresh_token") if getattr(self, name)]
        return f"Tokens({', '.join(held)}: hidden)"

    def __str__(self) -> str:
        return repr(self)

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("hidden", True)]


class Grant(Struct, frozen=True):
    """The answer of the device endpoint; ``verification_url`` is what it was called before the RFC."""

    device_code: Text
    user_code: Annotated[str, Meta(min_length=1, max_length=64)]
    expires_in: float = 600.0  # the RFC wants it told; who does not must not keep anybody out
    verification_uri: Text | None = None
    verification_url: Text | None = None
    verification_uri_complete: Text | None = None
    interval: float | None = None

    def __repr__(self) -> str:
        return "Grant(hidden)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("hidden", True)]


class DeviceGrant(Struct, frozen=True):
    """What a person is shown, and what is asked with. ``complete`` holds the code already, "" when there is none.

    ``ends`` is of the monotonic clock: a clock that is set does not end a sign-in.
    """

    user_code: str
    page: str
    complete: str
    ends: float
    interval: float
    device_code: str

    def __repr__(self) -> str:
        return f"DeviceGrant({self.page!r}, secrets hidden)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("page", self.page)]


# -- tokens, as far as a client looks into them


def claims_of(token: str) -> dict[str, Any] | None:
    """What a JWT says, unchecked; None when it is none (an opaque token)."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        head, claims = (
            msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), type=dict[str, Any])
            for part in parts[:2]
        )
    except (ValueError, RecursionError):
        return None
    return claims if "alg" in head else None


def audience_of(claims: dict[str, Any]) -> tuple[str, ...]:
    """``aud``, which is one or several."""
    audience = claims.get("aud")
    if isinstance(audience, str):
        return (audience,)
    return tuple(one for one in audience if isinstance(one, str)) if isinstance(audience, list) else ()


# -- answers


def refused(host: str, client_id: str, error: str, said: str, to_do: str) -> ApiError:
    """An error code of OAuth (RFC 6749, 8628, 8707, OpenID Connect) in words."""
    words = f" ({said})" if said else ""
    match error:
        case "access_denied":
            return NotSignedIn(
                f"The sign-in was refused at {host}{words}", "Sign in again if that was a slip.", code=error
            )
        case "login_required" | "interaction_required" | "consent_required" | "account_selection_required":
            return NotSignedIn(
                f"{host} wants you to do something on its page first{words}", "Sign in again.", code=error
            )
        case "invalid_client" | "unauthorized_client" | "unsupported_grant_type" | "unsupported_response_type":
            return BadAnswer(
                f"{host} does not let the client {plain(client_id)} {to_do} ({error}{': ' + said if said else ''})",
                f"{MEND}: the client has to be public, and allowed this way. Or choose another way to sign in.",
                code=error,
            )
        case "invalid_scope" | "invalid_target":
            return BadAnswer(
                f"{host} does not know what the Jam asks for ({error}{': ' + said if said else ''})",
                f"{MEND}: its scopes and its resource have to be known to the issuer.",
                code=error,
            )
        case "invalid_grant":
            return NotSignedIn(
                f"{host} does not take the code{words}", "It was late, or used before. Sign in again.", code=error
            )
        case "temporarily_unavailable" | "server_error":
            return ServerFault(f"{host} failed{words}", "Try again later.", code=error)
    told = error or "no reason given"
    return BadAnswer(
        f"{host} would not {to_do} ({told}{': ' + said if said else ''})",
        f"{MEND}, or choose another way to sign in.",
        code=error,
    )


def is_user_code(text: str) -> bool:
    """Letters and digits, in groups with dashes between them (RFC 8628, 6.1, and what issuers do)."""
    return len(text) <= 32 and _USER_CODE.fullmatch(text) is not None


def expired() -> NotSignedIn:
    return NotSignedIn("The code has expired before it was used", "Sign in again to get another.", code="expired_token")


def no_document(host: str, answer: Answer) -> ApiError:
    if 300 <= answer.status < 400:
        return BadAnswer(
            f"The issuer {host} leads elsewhere instead of answering", f"{MEND}: it has to name the last address."
        )
    if answer.status == 429 or answer.status >= 500:
        return ServerFault(
            f"The issuer {host} failed (status {answer.status})", "Try again later.", retry_after=wait_of(answer)
        )
    return BadAnswer(
        f"{host} is no issuer of sign-ins: it has no discovery document (status {answer.status})",
        f"{MEND}: it names the address.",
    )


def taken_apart(url: str, what: str) -> tuple[str, str]:
    """An absolute URL as the origin that is called and the path behind it. `BadAnswer` for what may not be called."""
    scheme, colon, rest = url.partition("://")
    end = min((at for at in (rest.find(char) for char in "/?#") if at >= 0), default=len(rest))
    path = rest[end:]
    try:
        if not (colon and (path.isascii() and path.isprintable() and " " not in path)):
            raise UsageError("no address")
        origin = parse_origin(f"{scheme}://{rest[:end]}")
    except UsageError as error:
        insecure = scheme.lower() == "http"
        why = "is not protected by https" if insecure else f"cannot be used ({error.title.lower()})"
        raise BadAnswer(f"The {what} {plain(url)[:120]} {why}", f"{MEND}.") from None
    return origin, path.partition("#")[0] if path.startswith("/") else f"/{path.partition('#')[0]}"


def shown(url: str) -> str:
    """A URL of an issuer as people should see it: its real host, in ASCII. It has passed `taken_apart`."""
    origin, path = taken_apart(url, "page")
    return origin + ("" if path == "/" and not url.endswith("/") else path)


def read(answer: Answer, kind: type[T], host: str, what: str) -> T:
    try:
        return msgspec.json.decode(tidy(answer.body), type=kind, strict=False)
    except (ValueError, RecursionError):
        # Not what the decoder says: it might tell of what is in the answer.
        raise BadAnswer(f"The {what} of {host} cannot be read", f"{MEND}: it is no JSON of OpenID Connect.") from None


def _fields(answer: Answer) -> dict[str, Any]:
    try:
        return msgspec.json.decode(tidy(answer.body), type=dict[str, Any])
    except (ValueError, RecursionError, ApiError):
        return {}


def error_of(answer: Answer) -> str:
    return plain(_fields(answer).get("error"))[:64] if answer.status != 200 else ""


def described(answer: Answer) -> str:
    return plain(_fields(answer).get("error_description"))[:200]


def wait_of(answer: Answer) -> float | None:
    return parse_retry_after(answer.headers.get("Retry-After"), datetime.now(UTC), answer.headers.get("Date"))


def date_of(answer: Answer) -> float:
    try:
        return parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
