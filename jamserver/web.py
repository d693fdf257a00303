"""The thin layer between HTTP and the routes.

There is one table of routes; the dispatch and the OpenAPI document both come from it.
"""

from __future__ import annotations

import enum
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from jamserver import accounts, bodies, objects, standing, wire
from jamserver.db import Connection
from jamserver.faults import where
from jamserver.problems import MEDIA_TYPE, FieldError, Problem
from jamtui.safe_text import safe_line

if TYPE_CHECKING:
    from jamserver.app import Services

_LOG = logging.getLogger("jamserver")
_ENCODED = "jamserver.encoded"  # in a scope: the parts of its path are still percent-encoded
R = TypeVar("R")

JSON = "application/json"
_JSON_TYPES = (JSON, "application/merge-patch+json")
_READING = ("GET", "HEAD")  # what changes nothing


_ONLY = {"author": "the author", "host": "hosts", "moderator": "moderators"}


class Who(enum.Enum):
    """Who may call a route."""

    ALWAYS = "anybody, whatever the Jam says of guests"
    ANY = "anybody, where the Jam lets guests read"
    SIGNED_IN = "people who are signed in"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter or a header: its name, meaning, and JSON schema."""

    name: str
    description: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})
    where: str = "query"


@dataclass(frozen=True, slots=True)
class Answer:
    """One successful answer. ``shape`` is a struct; None for no body or one that is not JSON."""

    status: int
    description: str
    shape: type | None = None
    media_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()  # name, description


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. Exactly one of ``read`` (in a reading thread) and ``run`` (in the event loop) is given."""

    method: str
    path: str
    name: str
    summary: str
    who: Who
    answers: tuple[Answer, ...]
    codes: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: type | None = None
    only: tuple[str, ...] = ()  # of those who are signed in: "author", "host", "moderator"; none: all of them
    read: Callable[[Connection, Call], Response] | None = None
    run: Callable[[Call], Awaitable[Response]] | None = None

    @property
    def whom(self) -> str:
        """Who may call it, in words."""
        if not self.only:
            return self.who.value
        *before, last = [_ONLY[name] for name in self.only]
        return f"{', '.join(before)} and {last}" if before else last

    @property
    def all_codes(self) -> tuple[str, ...]:
        """Every problem code that it may answer, those of its kind included."""
        codes = ["invalid", "too_large", "too_slow", "unavailable", "server_error", *self.codes]
        if self.who is not Who.ALWAYS:
            codes += ["token_expired", "token_unknown"]
            codes.append("not_signed_in" if self.who is Who.SIGNED_IN else "guests_refused")
        if self.who is Who.SIGNED_IN and self.method not in _READING:
            codes.append("suspended")
        if self.body is not None:
            codes += ["bad_request", "unsupported_media_type"]
        return tuple(dict.fromkeys(codes))


class Call:
    """One request: what the route's function needs of it."""

    __slots__ = ("body", "caller", "request", "route", "services")

    def __init__(self, services: Services, route: Route, request: Request) -> None:
        self.services = services
        self.route = route
        self.request = request
        self.caller = accounts.GUEST
        self.body: Any = None

    @property
    def now(self) -> datetime:
        return self.services.clock()

    @property
    def address(self) -> str:
        """The network address of the client."""
        return self.request.client.host if self.request.client else ""

    def path(self, name: str) -> str:
        """A part of the path, percent-decoded."""
        part = str(self.request.path_params[name])
        return unquote(part) if _ENCODED in self.request.scope else part

    def query(self, name: str) -> str | None:
        """A query parameter; the last when it is given several times."""
        return self.request.query_params.get(name)

    def header(self, name: str) -> str | None:
        return self.request.headers.get(name)

    @property
    def token(self) -> str:
        """The access token as it came; empty for a guest."""
        return (self.header("authorization") or "").partition(" ")[2].strip()

    def limit(self, default: int, most: int) -> int:
        """``?limit=``: at least 1; more than ``most`` gets ``most``. Raises 422."""
        text = self.query("limit")
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
            detail = "limit is a number of at least 1."
            raise Problem("invalid", detail, errors=[FieldError(detail, parameter="limit")])
        return min(int(text), most)

    def json(self, kind: type[R]) -> R:
        """The decoded body, which the route said is a ``kind``."""
        if not isinstance(self.body, kind):
            raise TypeError(f"{self.route.name} has no body of type {kind.__name__}")
        return self.body

    @property
    def actor(self) -> tuple[str, str]:
        """(person id, role) of who is signed in."""
        return self.caller.person_id, self.caller.role


def json_response(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Bytes of JSON as they are."""
    return Response(body, status, headers, media_type=JSON)


def problem_response(problem: Problem) -> Response:
    return Response(problem.body(), problem.status, problem.headers, media_type=MEDIA_TYPE)


def _authenticate(db: Connection, call: Call) -> None:
    """Sets ``call.caller``. A token that is given must be good, even where none is needed."""
    header = call.header("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Problem("token_unknown", "Send Authorization: Bearer TOKEN.")
        call.caller = accounts.authenticate(db, token.strip(), call.now)
        _require_standing(db, call)
    elif call.route.who is Who.SIGNED_IN:
        raise Problem("not_signed_in", "Guests read only.")
    elif not objects.jam(db).guests:
        raise Problem("guests_refused", "Sign in to read this Jam.")


def _require_standing(db: Connection, call: Call) -> None:
    """Raises 403 ``suspended`` for a write of somebody who may only read. They may leave all the same, and what was
    written before gets its answer again."""
    route = call.route
    if route.method in _READING or route.who is not Who.SIGNED_IN:
        return
    if (route.method, route.path) == ("DELETE", "/api/v1/me"):
        return
    person_id = call.caller.person_id
    objects.require_account(db, person_id)  # who left while suspended may be signed in, to read
    found = standing.suspension(db, person_id, call.now)
    if found is None:
        return
    made = call.path("post") if route.name == "put_post" else None
    once = any(parameter.name == "Idempotency-Key" for parameter in route.parameters)
    # Whether it is that write, and not another one under the same key, is for `jamserver.once` to see.
    if not standing.asked_before(db, person_id, call.header("idempotency-key") if once else None, made):
        raise found.problem()


def _check_query(call: Call) -> None:
    names = {parameter.name for parameter in call.route.parameters if parameter.where == "query"}
    unknown = [name for name in call.request.query_params if name not in names]
    if unknown:
        errors = [FieldError("not a parameter of this address", parameter=name) for name in unknown]
        raise Problem("invalid", "The address has a parameter that the server does not know.", errors=errors)


async def _read_body(call: Call) -> None:
    request = call.request
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > wire.MAX_REQUEST:
        raise _too_large()
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > wire.MAX_REQUEST:
            raise _too_large()
    if call.route.body is None:
        return
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _JSON_TYPES:
        raise Problem("unsupported_media_type", f"Send Content-Type: {JSON}.")
    call.body = bodies.decode(call.route.body, bytes(raw))


def _too_large() -> Problem:
    return Problem("too_large", f"A request has at most {wire.MAX_REQUEST:,} bytes.", headers={"Connection": "close"})


async def _note_first_use(call: Call) -> None:
    """Once for each access token: that it came to its owner is what tells a lost answer from a copied refresh token."""
    if call.caller.first:
        await call.services.writer.run(lambda tx: accounts.first_use(tx, call.token))


async def _serve(call: Call) -> Response:
    route = call.route
    _check_query(call)
    await _read_body(call)
    readers = call.services.readers
    if route.read is not None:
        read = route.read

        def job(db: Connection) -> Response:
            if route.who is not Who.ALWAYS:
                _authenticate(db, call)
            return read(db, call)

        response = await readers.run(job)
        await _note_first_use(call)
        return response
    if route.who is not Who.ALWAYS:
        await readers.run(lambda db: _authenticate(db, call))
        await _note_first_use(call)
    if route.run is None:
        raise TypeError(f"{route.name} has no function")
    return await route.run(call)


class _Address:
    """One path with its methods."""

    def __init__(self, services: Services, routes: Sequence[Route]) -> None:
        self._services = services
        self._routes = {route.method: route for route in routes}
        if "GET" in self._routes:
            self._routes["HEAD"] = self._routes["GET"]
        self._allow = ", ".join(sorted(self._routes))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            route = self._routes.get(request.method)
            if route is None:
                raise Problem("method_not_allowed", f"Here are {self._allow}.", headers={"Allow": self._allow})
            response = await _serve(Call(self._services, route, request))
        except Problem as problem:
            response = problem_response(problem)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  the caller gets a number to ask for, the log gets the rest
            number = uuid.uuid4().hex[:12]
            _LOG.error("error %s in %s %s: %s", number, request.method, safe_line(scope["path"], 200), where(error))
            response = problem_response(Problem("server_error", f"The server's log has it under {number}."))
        await response(scope, receive, send)


class _Slashes:
    """Routes by the path's segments as they were sent: an id of an archive may hold a slash, which a client writes as
    ``%2F``. Decoded before routing it would part what is one name, and nobody could take that record away."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw: bytes = scope.get("raw_path") or b""
        if b"%2f" in raw.lower():
            parts = [quote(unquote(part), safe="") for part in raw.partition(b"?")[0].decode("latin-1").split("/")]
            scope = {**scope, "path": "/".join(parts), _ENCODED: True}
        await self._app(scope, receive, send)


async def _not_routed(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code != 404:
        return problem_response(Problem("bad_request", str(error.detail)))
    return problem_response(Problem("not_found", "There is nothing at this address."))


def application(services: Services, routes: Sequence[Route]) -> Starlette:
    """The ASGI application of a table of routes."""
    paths: dict[str, list[Route]] = {}
    for route in routes:
        paths.setdefault(route.path, []).append(route)
    app = Starlette(
        routes=[StarletteRoute(path, _Address(services, table)) for path, table in paths.items()],
        exception_handlers={HTTPException: _not_routed},
        middleware=[Middleware(_Slashes)],
    )
    app.router.redirect_slashes = False
    return app
