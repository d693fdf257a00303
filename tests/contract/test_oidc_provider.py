"""The real OpenID provider of the tests does what the tests of sign-in build upon."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from oidc_provider import CLIENT, REDIRECT, Issuer, Provider

AUDIENCE = "https://jam.example"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def part(token: str, which: int) -> dict[str, Any]:
    """The header (0) or the claims (1) of a JWT, not checked."""
    return dict(json.loads(base64.urlsafe_b64decode(token.split(".")[which] + "==")))


def ask_for_a_code(issuer: Issuer, client: str = CLIENT) -> httpx.Response:
    form = {"client_id": client, "scope": "openid profile", "resource": AUDIENCE}
    return httpx.post(f"{issuer.url}/device/auth", data=form, trust_env=False)


def poll(issuer: Issuer, device_code: str) -> dict[str, Any]:
    form = {"client_id": CLIENT, "grant_type": DEVICE_GRANT, "device_code": device_code, "resource": AUDIENCE}
    return dict(httpx.post(f"{issuer.url}/token", data=form, trust_env=False).json())


def test_the_code_grant_gives_a_jwt_for_the_resource(oidc_provider: Provider) -> None:
    issuer = oidc_provider.issuer(claims={"ada": {"groups": ["staff"], "email": None}})
    tokens = issuer.tokens("ada", resource=AUDIENCE)
    header, claims = part(tokens["access_token"], 0), part(tokens["access_token"], 1)
    assert (header["typ"], header["alg"], header["kid"]) == ("at+jwt", "RS256", "first")
    assert (claims["iss"], claims["aud"], claims["sub"]) == (issuer.url, AUDIENCE, "sub-of-ada")
    assert (claims["preferred_username"], claims["groups"], "email" in claims) == ("ada", ["staff"], False)
    own = part(tokens["id_token"], 1)
    assert (own["aud"], own["sub"], own["preferred_username"]) == (CLIENT, "sub-of-ada", "ada")
    assert tokens["refresh_token"]
    assert "." not in issuer.tokens("ada")["access_token"]  # without a resource it is opaque
    issuer.change(opaque=True)
    assert "." not in issuer.tokens("ada", resource=AUDIENCE)["access_token"]
    issuer.close()


def test_a_person_who_says_no_sends_access_denied_back(oidc_issuer: Issuer) -> None:
    asked = {"client_id": CLIENT, "redirect_uri": REDIRECT.replace(":1/", ":45678/"), "response_type": "code"}
    asked |= {"scope": "openid", "state": "s", "code_challenge_method": "S256", "code_challenge": "x" * 43}
    with oidc_issuer.browser() as browser:
        back = browser.authorize(f"{oidc_issuer.url}/auth?{urlencode(asked)}", agree=False)
    assert back.startswith("http://127.0.0.1:45678/callback?")  # any port
    assert parse_qs(urlsplit(back).query)["error"] == ["access_denied"]
    no_challenge = {name: value for name, value in asked.items() if not name.startswith("code_challenge")}
    with oidc_issuer.browser() as browser:
        refused = browser.authorize(f"{oidc_issuer.url}/auth?{urlencode(no_challenge)}")
    assert parse_qs(urlsplit(refused).query)["error"] == ["invalid_request"]


def test_the_device_grant_is_confirmed_or_denied(oidc_issuer: Issuer) -> None:
    given = ask_for_a_code(oidc_issuer).json()
    assert given["interval"] == 1
    assert poll(oidc_issuer, given["device_code"])["error"] == "authorization_pending"
    oidc_issuer.change(slow_down=1)
    assert [poll(oidc_issuer, given["device_code"])["error"] for _ in range(2)] == [
        "slow_down",
        "authorization_pending",
    ]
    with oidc_issuer.browser("bob") as browser:
        browser.enter_code(given["verification_uri_complete"])
    assert part(poll(oidc_issuer, given["device_code"])["access_token"], 1)["sub"] == "sub-of-bob"

    oidc_issuer.change(verification_uri_complete=False, interval=None)
    given = ask_for_a_code(oidc_issuer).json()
    assert {"verification_uri_complete", "interval"}.isdisjoint(given)
    with oidc_issuer.browser() as browser:
        browser.enter_code(given["verification_uri"], given["user_code"], agree=False)
    assert poll(oidc_issuer, given["device_code"])["error"] == "access_denied"
    with oidc_issuer.browser() as browser:
        assert "code" in browser.enter_code(given["verification_uri"], "WRON-GCOD")
    assert ask_for_a_code(oidc_issuer, "browser-only").status_code == 400


def test_metadata_keys_and_clock_change_at_once(oidc_issuer: Issuer) -> None:
    oidc_issuer.change(metadata={"device_authorization_endpoint": None})
    assert "device_authorization_endpoint" not in oidc_issuer.metadata()
    oidc_issuer.rotate("second")
    keys = httpx.get(f"{oidc_issuer.url}/jwks", trust_env=False).json()["keys"]
    assert [key["kid"] for key in keys] == ["second", "first"]
    before = part(oidc_issuer.tokens()["id_token"], 1)
    oidc_issuer.clock(-3_600)
    after = oidc_issuer.tokens()["id_token"]
    assert part(after, 1)["iat"] < before["iat"] - 3_000
    assert part(after, 0)["kid"] == "second"
    oidc_issuer.down()
    try:
        oidc_issuer.metadata()
    except httpx.ConnectError:
        pass
    else:
        raise AssertionError("somebody listens")
    oidc_issuer.up()
    assert oidc_issuer.metadata()["issuer"] == oidc_issuer.url
    assert oidc_issuer.requests()["/jwks"] == 1
