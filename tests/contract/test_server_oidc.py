"""Signing in by an OpenID Connect issuer: what the server believes of a token, and what it makes of its claims.

The issuer is the real provider. Tokens that it would never make are signed here with its own key.
"""

from __future__ import annotations

import base64
import gzip
import hmac
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from oidc_provider import Issuer, Provider
from raw_server import RawServer, response

from jamserver import issuer as issuer_module
from jamserver import objects, oidc
from jamserver.cli import main
from jamserver.db import value
from jamserver.issuer import ACCESS_TOKEN, FRESH, ID_TOKEN, KEEP, LEEWAY
from jamserver.problems import Problem

AUDIENCE = "https://jam.example"
UNCHANGED = object()


class Clock:
    """The time of day, and the seconds that limits are counted by; the test moves both."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return self.now


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def told(issuer: Issuer, **more: Any) -> oidc.Config:
    return oidc.Config(issuer.url, issuer.client_id, AUDIENCE, **more)


def set_issuer(jam: Any, config: oidc.Config | None) -> None:
    jam.server.write(lambda tx: oidc.store(tx, config))


def enter(jam: Any, token: str, kind: str = ACCESS_TOKEN, **more: str) -> httpx.Response:
    asked = {"subject_token": token, "subject_token_type": kind} | more
    answer: httpx.Response = jam.guest.post("/auth/oidc", json=asked)
    return answer


def access_token(issuer: Issuer, login: str = "ada") -> str:
    return str(issuer.tokens(login, resource=AUDIENCE)["access_token"])


def made(
    issuer: Issuer, now: datetime, key: Any = None, header: dict[str, Any] | None = None, **claims: Any
) -> tuple[str, str]:
    """An access token as the issuer makes it, but for what is given; None takes a claim out."""
    signing = issuer.signing_key()
    moment = int(now.timestamp())
    all_claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": "sub-of-eve", "iat": moment, "exp": moment + 300}
    all_claims |= {"client_id": issuer.client_id, "preferred_username": "eve"} | claims
    fields = {"alg": signing["alg"], "kid": signing["kid"], "typ": "at+jwt"} | (header or {})
    token = jwt.encode(
        {name: value for name, value in fields.items() if value is not None},
        {name: value for name, value in all_claims.items() if value is not None},
        key or RSAKey.import_key(signing),
        algorithms=[fields["alg"]],
        default_type=None,
    )
    return token, ACCESS_TOKEN


def id_token(issuer: Issuer, now: datetime, header: dict[str, Any] | None = None, **claims: Any) -> tuple[str, str]:
    return made(issuer, now, None, {"typ": None} | (header or {}), aud=claims.pop("aud", issuer.client_id), **claims)[
        0
    ], ID_TOKEN


def person_of(jam: Any, handle: str) -> dict[str, Any]:
    return dict(jam.mod.get(f"/people/{handle}").json())


def test_an_id_token_gives_one_sign_in_and_a_copy_ends_it(start_jam: Any, oidc_issuer: Issuer) -> None:
    clock = Clock()
    jam = start_jam(clock=clock, tries_a_minute=10**6)
    set_issuer(jam, told(oidc_issuer))
    token, kind = id_token(oidc_issuer, clock.now)
    granted = enter(jam, token, kind).json()
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    assert jam.guest.get("/me", headers=headers).status_code == 200
    refused = [enter(jam, token, kind) for _ in range(2)]
    assert [code_of(answer) for answer in refused] == [(401, "issuer_token_refused")] * 2
    assert "anew" in refused[0].json()["detail"]
    assert jam.guest.get("/me", headers=headers).status_code == 401
    jam.guest.post("/auth/revoke", json={"token": granted["refresh_token"]})
    clock.now += timedelta(seconds=300 + LEEWAY - 1)  # as long as it would be believed
    assert "exchanged before" in enter(jam, token, kind).json()["detail"]
    clock.now += timedelta(seconds=300)
    assert enter(jam, *id_token(oidc_issuer, clock.now)).status_code == 200
    assert jam.server.write(lambda tx: value(tx.db, "SELECT count(*) FROM exchanged")) == 1


def test_both_kinds_of_tokens_of_a_real_issuer_are_exchanged(jam: Any, oidc_issuer: Issuer) -> None:
    assert code_of(enter(jam, "a.b.c")) == (404, "not_found")
    set_issuer(jam, told(oidc_issuer, name="Example Corp"))
    way = httpx.get(f"{jam.url}/.well-known/jam", trust_env=False).json()["sign_in"][-1]
    assert way == {
        "type": "oidc",
        "issuer": oidc_issuer.url,
        "client_id": "jamtui",
        "name": "Example Corp",
        "scopes": ["openid", "profile"],
        "resource": AUDIENCE,
    }
    tokens = oidc_issuer.tokens("carol", resource=AUDIENCE, nonce="n-1")
    before = len(jam.changes())
    first = enter(jam, tokens["access_token"])
    assert first.status_code == 200, first.text
    assert first.headers["cache-control"] == "no-store"
    person = first.json()["person"]
    assert (person["handle"], person["name"], person["role"]) == ("carol", "Carol Example", "participant")
    headers = {"Authorization": f"Bearer {first.json()['access_token']}"}
    assert jam.guest.get("/me", headers=headers).json() == person
    again = enter(jam, tokens["id_token"], ID_TOKEN, nonce="n-1")
    assert again.json()["person"] == person
    assert enter(jam, tokens["access_token"]).json()["person"] == person  # within its life, as often as one likes
    assert code_of(enter(jam, tokens["id_token"], ID_TOKEN, nonce="n-2")) == (401, "issuer_token_refused")
    # One change for the person, and nothing in it, nor in an archive, of who they are at the issuer.
    assert len(jam.changes()) == before + 1
    public = json.dumps(jam.changes()) + jam.guest.get("/snapshot").text
    assert "sub-of-carol" not in public
    assert oidc_issuer.url not in public


def refused_tokens(issuer: Issuer, now: datetime) -> dict[str, tuple[str, str]]:
    """What must not let anybody in, by why."""
    moment = int(now.timestamp())
    signing = RSAKey.import_key(issuer.signing_key())
    other = RSAKey.generate_key(2048)
    good, _ = made(issuer, now)
    head, body, signature = good.split(".")
    deep = issuer_module.jws.serialize_compact(
        {"alg": "RS256", "kid": "first", "typ": "at+jwt"}, b"[" * 3_000 + b"]" * 3_000, signing
    )
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    hs256 = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"first","typ":"at+jwt"}').rstrip(b"=").decode()
    sealed = hmac.digest(signing.as_pem(private=False), f"{hs256}.{body}".encode(), "sha256")
    return {
        "no JWT": ("opaque", ACCESS_TOKEN),
        "dots": ("..", ACCESS_TOKEN),
        "letters and dots": ("a.b.c", ACCESS_TOKEN),
        "not ASCII": ("ä.ö.ü", ACCESS_TOKEN),
        "unsigned": (f"{unsigned}.{body}.", ACCESS_TOKEN),
        "unsigned, with a signature": (f"{unsigned}.{body}.{signature}", ACCESS_TOKEN),
        "no signature": (f"{head}.{body}.", ACCESS_TOKEN),
        "another token's signature": (
            f"{head}.{made(issuer, now, sub='mod')[0].split('.')[1]}.{signature}",
            ACCESS_TOKEN,
        ),
        "HMAC with the public key": (
            f"{hs256}.{body}.{base64.urlsafe_b64encode(sealed).rstrip(b'=').decode()}",
            ACCESS_TOKEN,
        ),
        "another key under the same name": made(issuer, now, other),
        "another kind of key": made(issuer, now, ECKey.generate_key("P-256"), {"alg": "ES256"}),
        "a key that nobody knows": made(issuer, now, other, {"kid": "mine"}),
        "a key in its own header": made(issuer, now, other, {"kid": None, "jwk": other.as_dict(private=False)}),
        "an extension that must be understood": made(issuer, now, signing, {"crit": ["b64"], "b64": True}),
        "deeply nested": (deep, ACCESS_TOKEN),
        "another issuer": made(issuer, now, iss="https://id.example"),
        "the issuer with a slash": made(issuer, now, iss=f"{issuer.url}/"),
        "no issuer": made(issuer, now, iss=None),
        "another audience": made(issuer, now, aud="https://other.example"),
        "the client as audience": made(issuer, now, aud=issuer.client_id),
        "no audience": made(issuer, now, aud=None),
        "an audience that is an object": made(issuer, now, aud={AUDIENCE: 1}),
        "no end": made(issuer, now, exp=None),
        "an end that is a text": made(issuer, now, exp=str(moment + 60)),
        "over": made(issuer, now, exp=moment - LEEWAY),
        "from the future": made(issuer, now, iat=moment + LEEWAY + 1),
        "not yet": made(issuer, now, nbf=moment + LEEWAY + 1),
        "nobody": made(issuer, now, sub=None),
        "nobody's name": made(issuer, now, sub=""),
        "a number for a name": made(issuer, now, sub=7),
        "a name without end": made(issuer, now, sub="x" * 256),
        "a name that is not ASCII": made(issuer, now, sub="zoë"),
        "a program's own": made(issuer, now, sub=issuer.client_id),
        "an ID token for an access token": (id_token(issuer, now)[0], ACCESS_TOKEN),
        "an ID token with the audience of the API": made(issuer, now, header={"typ": "JWT"}),
        "a logout token": id_token(issuer, now, {"typ": "logout+jwt"}),
        "an access token for an ID token": (good, ID_TOKEN),
        "an ID token of another client": id_token(issuer, now, aud="another"),
        "an ID token that several share": id_token(issuer, now, aud=[issuer.client_id, "another"]),
        "an ID token that another was given": id_token(issuer, now, azp="another"),
    }


def test_no_bad_token_is_believed(
    start_jam: Any, oidc_issuer: Issuer, figure: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    jam = start_jam(clock=clock, tries_a_minute=10**6, issuer_pause=0.0)
    set_issuer(jam, told(oidc_issuer))
    people = jam.mod.get("/people").json()
    bad = refused_tokens(oidc_issuer, clock.now)
    for why, (token, kind) in bad.items():
        answer = enter(jam, token, kind)
        assert answer.status_code == 401, (why, answer.text)
        assert answer.json()["code"] == "issuer_token_refused"
        assert "sub-of" not in answer.text
        assert len(token) < 20 or token.split(".")[1] not in answer.text, why
    assert jam.mod.get("/people").json() == people
    assert [record.message for record in caplog.records if record.name == "jamserver"] == []
    # The same makers make tokens that are taken, and the clocks may differ by a minute.
    moment = int(clock.now.timestamp())
    for token, kind in (
        made(oidc_issuer, clock.now),
        made(
            oidc_issuer,
            clock.now,
            aud=["https://other.example", AUDIENCE],
            typ="x",
            header={"typ": "application/AT+JWT"},
        ),
        made(oidc_issuer, clock.now, exp=moment - LEEWAY + 1),
        made(oidc_issuer, clock.now, iat=moment + LEEWAY, nbf=moment + LEEWAY),
        made(oidc_issuer, clock.now, header={"kid": None}),
        id_token(oidc_issuer, clock.now, {"typ": "JWT"}, azp=oidc_issuer.client_id),
    ):
        assert enter(jam, token, kind).status_code == 200, token
    figure(f"sign-in: {len(bad)} kinds of bad issuer tokens, 0 believed")


@pytest.mark.parametrize(
    ("ahead", "answered"),
    [
        (45, ""),
        (90, "The token is from the future: here it is"),
        (-630, ""),
        (-700, "The token's time is over: here it is"),
    ],
)
def test_an_issuer_whose_clock_is_another_is_believed_within_a_minute(
    jam: Any, oidc_issuer: Issuer, ahead: int, answered: str
) -> None:
    """Its access tokens live for ten minutes."""
    set_issuer(jam, told(oidc_issuer))
    oidc_issuer.clock(ahead)
    answer = enter(jam, access_token(oidc_issuer))
    assert answer.status_code == (401 if answered else 200)
    assert answer.json().get("detail", "").startswith(answered)


def test_access_tokens_need_an_audience(jam: Any, oidc_issuer: Issuer) -> None:
    set_issuer(jam, oidc.Config(oidc_issuer.url, oidc_issuer.client_id))
    tokens = oidc_issuer.tokens("ada", resource=AUDIENCE)
    assert code_of(enter(jam, tokens["access_token"])) == (401, "issuer_token_refused")
    assert enter(jam, tokens["id_token"], ID_TOKEN).status_code == 200


@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
def test_issuers_sign_in_several_ways(jam: Any, oidc_provider: Provider, alg: str) -> None:
    issuer = oidc_provider.issuer(alg=alg)
    set_issuer(jam, told(issuer))
    assert enter(jam, access_token(issuer)).status_code == 200
    issuer.close()


def test_keys_are_rotated_and_a_flood_of_names_asks_once(
    start_jam: Any, oidc_issuer: Issuer, figure: Callable[..., None]
) -> None:
    clock = Clock()
    jam = start_jam(seconds=lambda: clock.seconds, tries_a_minute=10**6)
    set_issuer(jam, told(oidc_issuer))

    def asked() -> int:
        return oidc_issuer.requests().get("/jwks", 0)

    old = access_token(oidc_issuer)
    assert enter(jam, old).status_code == 200
    assert enter(jam, old).status_code == 200
    assert asked() == 1
    oidc_issuer.rotate("second")
    new = access_token(oidc_issuer)
    refused = enter(jam, new)
    assert code_of(refused) == (401, "issuer_token_refused")  # asked a moment ago
    assert 1 <= int(refused.headers["retry-after"]) <= 6
    clock.seconds += 5
    assert enter(jam, new).status_code == 200
    assert enter(jam, old).status_code == 200
    assert asked() == 2
    stranger = RSAKey.generate_key(2048)
    clock.seconds += 5
    for number in range(40):
        token, kind = made(oidc_issuer, datetime.now(UTC), stranger, {"kid": f"made-up-{number}"})
        assert code_of(enter(jam, token, kind)) == (401, "issuer_token_refused")
    figure(f"sign-in: 40 tokens with made-up key ids, the issuer was asked {asked() - 2} time(s)")
    assert asked() == 3
    # A key that was withdrawn is believed no longer than until the keys are asked for again.
    oidc_issuer.rotate("third", keep=("second",))
    assert enter(jam, old).status_code == 200
    clock.seconds += FRESH
    assert enter(jam, new).status_code == 200
    clock.seconds += 1
    assert code_of(enter(jam, old)) == (401, "issuer_token_refused")
    assert enter(jam, access_token(oidc_issuer)).status_code == 200


def test_while_the_issuer_is_down_known_keys_are_believed(start_jam: Any, oidc_issuer: Issuer) -> None:
    clock = Clock()
    jam = start_jam(clock=clock, seconds=lambda: clock.seconds, tries_a_minute=3)
    set_issuer(jam, told(oidc_issuer))
    token, _ = made(oidc_issuer, clock.now, exp=int(clock.now.timestamp() + 10 * KEEP))
    oidc_issuer.down()
    for _ in range(5):  # counts as nobody's failure
        answer = enter(jam, token)
        assert code_of(answer) == (503, "issuer_unreachable")
    assert answer.headers["retry-after"] == "5"
    oidc_issuer.up()
    clock.seconds += 5
    assert enter(jam, token).status_code == 200
    oidc_issuer.down()
    clock.seconds += FRESH + 1
    assert enter(jam, token).status_code == 200
    other, _ = made(oidc_issuer, clock.now, RSAKey.generate_key(2048), {"kid": "new"})
    assert code_of(enter(jam, other)) == (503, "issuer_unreachable")
    clock.seconds += KEEP
    assert code_of(enter(jam, token)) == (503, "issuer_unreachable")


async def test_an_issuer_that_hangs_holds_up_one_sign_in_and_not_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuer_module, "FETCH_WITHIN", 0.2)
    seconds = [0.0]

    async def hang(request: str, writer: Any) -> None:
        seconds[0] += 6.0  # as long as this would take; nothing is answered

    async with RawServer(hang).running() as server:
        issuer = issuer_module.Issuer(server.origin, lambda: seconds[0])
        for _ in range(3):
            with pytest.raises(Problem, match="issuer_unreachable"):
                await issuer._key("RS256", "first")
        assert len(server.requests) == 1
        await issuer.close()


BOMB = gzip.compress(b" " * (50 << 20), mtime=0)


@pytest.mark.parametrize(
    ("why", "answer"),
    [
        ("another issuer", b'{"issuer":"https://id.example","jwks_uri":"%s/jwks"}'),
        ("jwks_uri", b'{"issuer":"%s","jwks_uri":"http://keys.example/jwks"}'),
        ("jwks_uri", b'{"issuer":"%s","jwks_uri":"file:///etc/passwd"}'),
        ("jwks_uri", b'{"issuer":"%s","jwks_uri":"https://keys.example/jwks"}'),
        ("jwks_uri", b'{"issuer":"%s","jwks_uri":"https://127.0.0.1:1/jwks"}'),
        ("jwks_uri", b'{"issuer":"%s","jwks_uri":["%s"]}'),
        ("no JSON object", b"[" * 100_000),
        ("no JSON object", b"<html>"),
        ("more than", b" " * (1 << 20)),
        ("answered 302", 302),
        ("answered 200", BOMB),
        ("no key", b'{"issuer":"%s","jwks_uri":"%s/jwks","keys":[{"kty":"oct","k":"AAAA"},{"kty":"RSA","n":"1"},7]}'),
    ],
)
async def test_what_an_issuer_may_answer_is_bounded(why: str, answer: bytes | int) -> None:
    async def reply(request: str, writer: Any) -> None:
        if isinstance(answer, int):
            writer.write(response(b"", status=f"{answer} Found", Location="https://id.example/"))
        elif answer is BOMB:
            writer.write(response(BOMB, Content_Encoding="gzip"))
        else:
            writer.write(response(answer.replace(b"%s", origin.encode())))

    async with RawServer(reply).running() as server:
        origin = server.origin
        with pytest.raises(issuer_module.IssuerError, match=why):
            await issuer_module.fetch(origin)
        assert len(server.requests) <= 2


def test_a_handle_is_cleaned_and_never_somebody_elses(jam: Any, oidc_provider: Provider) -> None:
    wanted = {
        "one": "Ada", "two": "ADA", "three": "zoë.o'neill@example.org", "four": "", "five": None, "six": "..",
        "seven": "x" * 60, "eight": "x" * 60, "nine": "\u202ebob\x1b[31m", "ten": "Ｂｏｂ",
    }  # fmt: skip
    issuer = oidc_provider.issuer(
        claims={login: {"preferred_username": name, "email": "ada@example.org"} for login, name in wanted.items()}
        | {
            "nick": {"preferred_username": None, "nickname": "Nick N."},
            "nobody": {"preferred_username": 7, "name": None},
        }
    )
    set_issuer(jam, told(issuer))
    ada = person_of(jam, "ada")
    made_of = {login: enter(jam, access_token(issuer, login)).json()["person"] for login in (*wanted, "nick", "nobody")}
    assert {login: person["handle"] for login, person in made_of.items()} == {
        "one": "ada2", "two": "ada3", "three": "zoë.o-neill", "four": "four-example",
        "five": "five-example", "six": "person",
        "seven": "x" * 40, "eight": "x" * 39 + "2", "nine": "bob-31m", "ten": "ｂｏｂ",
        "nick": "nick-n", "nobody": "person2",
    }  # fmt: skip
    assert person_of(jam, "ada") == ada
    assert len({person["id"] for person in made_of.values()} | {ada["id"]}) == len(wanted) + 3
    issuer.close()


def test_roles_follow_the_issuer_until_somebody_gives_one_by_hand(start_jam: Any, oidc_provider: Provider) -> None:
    jam = start_jam()
    issuer = oidc_provider.issuer()
    rules = ("groups=hosts:host", "groups=mods:moderator", "realm.roles=wise:expert")
    set_issuer(jam, told(issuer, roles=tuple(oidc.rule(text, with_role=True) for text in rules)))

    def come(**claims: Any) -> str:
        issuer.change(claims={"carol": claims})
        answer = enter(jam, access_token(issuer, "carol"))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["person"]["role"])

    def by_hand(role: str) -> None:
        carol = person_of(jam, "carol")["id"]
        jam.server.write(lambda tx: objects.set_role(tx, carol, role))

    assert come(groups=["hosts", "mods"]) == "moderator"
    assert come(groups="hosts") == "host"
    assert come(realm={"roles": ["wise"]}) == "expert"
    assert come(groups=["other"]) == "participant"
    by_hand("moderator")
    assert come(groups=["hosts"]) == "moderator"
    assert come(groups=["mods"]) == "moderator"
    assert come() == "moderator"
    by_hand("participant")  # what the issuer gave last: it decides again
    assert come(groups=["hosts"]) == "host"
    by_hand("participant")
    assert come(groups=["hosts"]) == "participant"
    changes = len(jam.changes())
    assert come(groups=["hosts"], name="Carol the Second") == "participant"
    assert come(groups=["hosts"], name="Carol the Second") == "participant"
    assert person_of(jam, "carol")["name"] == "Carol the Second"
    assert len(jam.changes()) == changes + 1
    # Without rules the issuer says nothing of roles.
    set_issuer(jam, told(issuer))
    by_hand("host")
    assert come() == "host"
    issuer.close()


def test_a_person_who_was_here_before_is_linked_by_hand_alone(start_jam: Any, oidc_issuer: Issuer) -> None:
    jam = start_jam()
    file = ["--db", str(jam.server.db)]
    assert main(["person", "link", "mod", "sub-of-mod", *file]) == 5
    set_issuer(jam, told(oidc_issuer, roles=(oidc.rule("groups=x:host", with_role=True),)))
    assert enter(jam, access_token(oidc_issuer, "bob")).json()["person"]["handle"] == "bob2"
    assert main(["person", "link", "mod", "sub-of-mod", *file]) == 0
    assert main(["person", "link", "mod", "sub-of-mod", *file]) == 0
    person = enter(jam, access_token(oidc_issuer, "mod")).json()["person"]
    assert (person["handle"], person["role"]) == ("mod", "moderator")  # given by hand, and so it stays
    assert person["id"] == jam.mod.get("/me").json()["id"]
    assert main(["person", "link", "ada", "sub-of-mod", *file]) == 2
    assert main(["person", "link", "nobody", "sub-of-ada", *file]) == 5


def test_claims_may_be_required(jam: Any, oidc_provider: Provider) -> None:
    issuer = oidc_provider.issuer(
        claims={
            "ann": {"groups": ["staff"], "verified": True},
            "ben": {"groups": ["partners", "x"], "verified": True},
            "cid": {"groups": ["staff"], "verified": False},
            "dan": {"groups": ["visitors"], "verified": True},
            "eva": {"groups": None, "verified": True},
        }
    )
    rules = tuple(oidc.rule(text, with_role=False) for text in ("groups=staff", "groups=partners", "verified=true"))
    set_issuer(jam, told(issuer, require=rules))
    answers = {login: enter(jam, access_token(issuer, login)) for login in ("ann", "ben", "cid", "dan", "eva")}
    assert {login: answer.status_code for login, answer in answers.items()} == {
        "ann": 200, "ben": 200, "cid": 403, "dan": 403, "eva": 403,
    }  # fmt: skip
    assert code_of(answers["eva"]) == (403, "forbidden")
    assert {person["handle"] for person in jam.mod.get("/people").json()["items"]} == {
        "ada",
        "bob",
        "mod",
        "ann",
        "ben",
    }
    issuer.close()


def test_the_issuer_is_asked_again_after_its_hours(start_jam: Any, oidc_issuer: Issuer) -> None:
    clock = Clock()
    jam = start_jam(clock=clock)
    set_issuer(jam, told(oidc_issuer, hours=2.0))
    token = enter(jam, made(oidc_issuer, clock.now)[0]).json()
    for _ in range(3):
        clock.now += timedelta(minutes=39)
        answer = jam.guest.post("/auth/refresh", json={"refresh_token": token["refresh_token"]})
        assert answer.status_code == 200
        token = answer.json()
    clock.now += timedelta(minutes=3)
    answer = jam.guest.post("/auth/refresh", json={"refresh_token": token["refresh_token"]})
    assert code_of(answer) == (401, "token_unknown")
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert jam.guest.get("/me", headers=headers).status_code == 401
    assert enter(jam, made(oidc_issuer, clock.now)[0]).status_code == 200


def test_bad_tokens_are_limited_by_address_and_hold_up_nobody(start_jam: Any, oidc_issuer: Issuer) -> None:
    jam = start_jam(tries_a_minute=3, sign_ins=4)
    set_issuer(jam, told(oidc_issuer))
    codes = [code_of(enter(jam, "a.b.c")) for _ in range(5)]
    assert codes == [(401, "issuer_token_refused")] * 3 + [(429, "rate_limited")] * 2
    token = access_token(oidc_issuer)
    assert [enter(jam, token).status_code for _ in range(5)] == [200] * 4 + [429]
    assert enter(jam, access_token(oidc_issuer, "bob")).status_code == 200


def test_the_commands_tell_all_processes(
    start_jam: Any, start_server: Any, oidc_issuer: Issuer, capsys: pytest.CaptureFixture[str]
) -> None:
    jam = start_jam()
    other = start_server(jam.server.db)
    file = ["--db", str(jam.server.db)]
    assert main(["oidc", "show", *file]) == 5
    words = ["--issuer", oidc_issuer.url, "--client-id", "jamtui", "--audience", "jam-api", "--role", "groups=a:b:host"]
    assert main(["oidc", "set", *file, *words, "--require", "groups=staff", "--scope", "groups", "--hours", "8"]) == 0
    capsys.readouterr()
    assert main(["oidc", "show", *file, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["roles"] == [{"claim": "groups", "value": "a:b", "role": "host"}]
    assert (shown["audience"], shown["scopes"], shown["hours"]) == ("jam-api", ["openid", "groups"], 8.0)
    assert main(["oidc", "show", *file]) == 0
    assert "groups=a:b:host" in capsys.readouterr().out
    for server in (jam.server, other):
        way = httpx.get(f"{server.url}/.well-known/jam", trust_env=False).json()["sign_in"][-1]
        assert (way["issuer"], "resource" in way, way["scopes"]) == (oidc_issuer.url, False, ["openid", "groups"])
    assert main(["oidc", "check", *file]) == 0
    assert "has 1 keys; in a browser: yes; with a code on another device: yes" in capsys.readouterr().out
    oidc_issuer.down()
    assert main(["oidc", "check", *file]) == 1
    assert main(["oidc", "off", *file]) == 0
    assert "oidc" not in [
        way["type"] for way in httpx.get(f"{other.url}/.well-known/jam", trust_env=False).json()["sign_in"]
    ]
    refused = [
        ["--issuer", "http://id.example.com"],
        ["--issuer", "https://user@id.example.com"],
        ["--issuer", "https://id.example.com/#x"],
        ["--issuer", "id.example.com"],
        ["--issuer", "https://id.example.com", "--role", "groups=a"],
        ["--issuer", "https://id.example.com", "--role", "groups=a:king"],
        ["--issuer", "https://id.example.com", "--require", "groups"],
    ]
    for options in refused:
        assert main(["oidc", "set", *file, "--client-id", "x", *options]) == 2, options
    assert main(["run", *file, "--oidc-issuer", "https://id.example.com"]) == 2
    assert main(["run", *file, "--oidc-role", "groups=a:host"]) == 2


def test_the_start_of_the_server_pays_nothing_for_it() -> None:
    script = (
        "import sys, jamserver.cli, jamserver.routes\n"
        "found = {'joserfc', 'cryptography', 'httpx', 'jamserver.issuer'} & set(sys.modules)\n"
        "sys.exit(str(found) if found else 0)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
