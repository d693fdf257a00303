"""Signing in and out."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from jamserver import accounts, oidc, wire
from jamserver.accounts import Grant
from jamserver.problems import Problem
from jamserver.web import Answer, Call, Route, Who, json_response


def _token(grant: Grant) -> Response:
    answer = wire.Token(
        access_token=grant.access,
        expires_in=int(accounts.ACCESS.total_seconds()),
        refresh_token=grant.refresh,
        person=msgspec.Raw(grant.person),
        suspended=_suspended(grant),
    )
    return json_response(msgspec.json.encode(answer), headers={"Cache-Control": "no-store"})


def _suspended(grant: Grant) -> wire.Suspension | msgspec.UnsetType:
    if grant.suspended is None:
        return msgspec.UNSET
    return wire.Suspension(grant.suspended.until, grant.suspended.reason)


async def password(call: Call) -> Response:
    services, asked = call.services, call.json(wire.PasswordSignIn)
    address = f"address {call.address}"
    who, found = await services.readers.run(
        lambda db: (accounts.whose(db, asked.handle), accounts.stored_password(db, asked.handle))
    )
    services.tries.begin(address)
    try:
        services.handle_tries.begin(who)
    except Problem:  # nothing was tried
        services.tries.succeeded(address)
        raise
    if not await services.hashing.fits(found[1] if found else None, asked.password) or found is None:
        # The same words whether the handle or the password is wrong, and as slow.
        raise Problem("wrong_password", "Handle or password is wrong.")
    services.tries.succeeded(address)
    services.handle_tries.succeeded(who)
    person_id = found[0]
    services.sign_ins.begin(f"person {person_id}")
    return _token(await services.writer.run(lambda tx: accounts.grant(tx, person_id, services.new_secret)))


async def invite(call: Call) -> Response:
    services, asked = call.services, call.json(wire.InviteSignIn)
    try:
        # Before the password is hashed, which is work: a code that nobody made costs next to nothing.
        await services.readers.run(lambda db: accounts.require_invite(db, asked.code, call.now))
    except Problem:
        # Counted afterwards: nobody guesses a code, and a whole company may come from one address at once.
        services.tries.begin(f"address {call.address}")
        raise
    # Whoever has a code learns with it which handles are taken, so many a minute.
    services.tries.begin(f"code {accounts.invite_name(asked.code)}")
    hashed = await services.hashing.hash(asked.password) if asked.password else None
    name = wire.clean_name(asked.name or "")
    granted = await services.writer.run(
        lambda tx: accounts.accept_invite(tx, asked.code, asked.handle, name, hashed, services.new_secret)
    )
    return _token(granted)


async def oidc_token(call: Call) -> Response:
    services, asked = call.services, call.json(wire.OidcSignIn)
    config = await services.readers.run(oidc.stored)
    if config is None:
        raise Problem("not_found", "This Jam has no issuer to sign in by.")
    issuer = await services.issuer(config.issuer)
    try:
        claims = await issuer.claims(asked.subject_token, asked.subject_token_type, config, asked.nonce, call.now)
        services.sign_ins.begin(f"subject {claims['sub']}")
        once = asked.subject_token if asked.subject_token_type.endswith(":id_token") else None
        granted = await services.writer.run(lambda tx: oidc.enter(tx, config, claims, services.new_secret, once))
        if granted is None:
            raise Problem(
                "issuer_token_refused",
                "The ID token was exchanged before, and what it gave is ended. Begin the sign-in anew.",
            )
    except Problem as problem:
        # Counted afterwards: nobody guesses a signature, and a whole company may come from one address at once.
        if problem.status in (401, 403):
            services.tries.begin(f"address {call.address}")
        raise
    return _token(granted)


async def refresh(call: Call) -> Response:
    services, asked = call.services, call.json(wire.Refresh)
    sign_in = await services.readers.run(lambda db: accounts.sign_in_of(db, asked.refresh_token))
    # A token that is known is never held up by what others of its address try.
    if sign_in is None:
        services.tries.begin(f"refresh {call.address}")
        raise Problem("token_unknown", "Sign in again.")
    services.sign_ins.begin(f"sign-in {sign_in}")
    granted = await services.writer.run(lambda tx: accounts.refresh(tx, asked.refresh_token, services.new_secret))
    if granted is None:
        raise Problem("token_unknown", "Sign in again.")
    return _token(granted)


async def revoke(call: Call) -> Response:
    asked = call.json(wire.Revoke)
    # Looked for by a reader: what nobody has, which anybody may send without end, keeps no write waiting.
    if await call.services.readers.run(lambda db: accounts.sign_in_of(db, asked.token)) is not None:
        await call.services.writer.run(lambda tx: accounts.revoke(tx, asked.token))
    return Response(status_code=204)


_TOKEN = (Answer(200, "Fresh tokens.", wire.TokenShape),)

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/v1/auth/password",
        "sign_in_with_password",
        "Signs in.",
        Who.ALWAYS,
        _TOKEN,
        ("wrong_password", "rate_limited"),
        body=wire.PasswordSignIn,
        run=password,
    ),
    Route(
        "POST",
        "/api/v1/auth/invite",
        "sign_in_with_invite",
        "Makes a person of who has an invite code, which is spent by it.",
        Who.ALWAYS,
        _TOKEN,
        ("invite_unknown", "handle_taken", "rate_limited"),
        body=wire.InviteSignIn,
        run=invite,
    ),
    Route(
        "POST",
        "/api/v1/auth/oidc",
        "sign_in_with_oidc",
        "Takes a token of the Jam's OpenID Connect issuer; makes the person with the first one.",
        Who.ALWAYS,
        _TOKEN,
        ("issuer_token_refused", "issuer_unreachable", "forbidden", "not_found", "rate_limited"),
        body=wire.OidcSignIn,
        run=oidc_token,
    ),
    Route(
        "POST",
        "/api/v1/auth/refresh",
        "refresh_token",
        "New tokens for a refresh token, which is spent by it.",
        Who.ALWAYS,
        _TOKEN,
        ("token_unknown", "rate_limited"),
        body=wire.Refresh,
        run=refresh,
    ),
    Route(
        "POST",
        "/api/v1/auth/revoke",
        "revoke_token",
        "Signs out (RFC 7009): ends the access and refresh tokens of that sign-in.",
        Who.ALWAYS,
        (Answer(204, "Whether it was known or not."),),
        body=wire.Revoke,
        run=revoke,
    ),
)
