"""Promise 15 for what an issuer signs: any claims, keys and headers are taken or refused, never answered by 5xx."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import RSAKey
from oidc_provider import Issuer

from jamserver import issuer as issuer_module
from jamserver import oidc
from jamserver.issuer import ACCESS_TOKEN
from jamserver.problems import Problem

AUDIENCE = "https://jam.example"
HALVES = ["\ud800", "a\udc00b", "\0", "\u202e\x1b"]
ANY_TEXT = st.text(st.characters(), max_size=20) | st.sampled_from(HALVES)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)


def bounded(examples: int) -> settings:
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def test_no_claims_of_a_signed_token_make_the_server_fail(
    start_jam: Any, oidc_issuer: Issuer, figure: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    jam = start_jam(tries_a_minute=10**6, sign_ins=10**6)
    rules = tuple(oidc.rule(text, with_role=True) for text in ("groups=a:host", "realm.a=b:expert", "groups=1:expert"))
    jam.server.write(lambda tx: oidc.store(tx, oidc.Config(oidc_issuer.url, "jamtui", AUDIENCE, roles=rules)))
    key = RSAKey.import_key(oidc_issuer.signing_key())
    moment = int(datetime.now(UTC).timestamp())
    usual = {"iss": oidc_issuer.url, "aud": AUDIENCE, "iat": moment, "exp": moment + 300}
    seen: Counter[int] = Counter()
    of_tokens = st.dictionaries(st.sampled_from(["sub", "aud", "iat", "nbf", "jti", "client_id"]), ANY_JSON, max_size=1)
    of_people = st.dictionaries(
        st.sampled_from(["preferred_username", "name", "groups", "realm"]), ANY_TEXT | ANY_JSON, max_size=4
    )

    def ask(person: dict[str, Any], token: dict[str, Any]) -> None:
        claims = usual | {"sub": f"s{seen.total() % 40}"} | person | token
        header = {"alg": "RS256", "kid": "first", "typ": "at+jwt"}
        signed = jws.serialize_compact(header, json.dumps(claims).encode(), key, algorithms=["RS256"])
        answer = jam.guest.post("/auth/oidc", json={"subject_token": signed, "subject_token_type": ACCESS_TOKEN})
        assert answer.status_code in (200, 401), answer.text
        seen[answer.status_code] += 1

    bounded(80)(given(of_people, of_tokens)(ask))()
    assert min(seen[200], seen[401]) > 10
    assert [record.message for record in caplog.records if record.name == "jamserver"] == []
    assert jam.guest.get("/snapshot").status_code == 200
    figure(f"sign-in: {seen.total()} signed tokens with any claims, 0 answers of 5xx")


def test_a_broken_key_does_not_spoil_the_others() -> None:
    good = RSAKey.generate_key(2048).as_dict(private=False, kid="good")
    short = rsa.generate_private_key(65_537, 1_024).public_key().public_numbers().n
    broken: list[Any] = [
        {"kty": "OKP", "crv": "x", "x": "AQAB"},
        {"kty": "OKP", "crv": "P-521", "x": "AQAB"},
        {"kty": "OKP", "crv": "Ed25519", "x": "!!"},
        {"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "\ud800", "y": "="},
        {"kty": "RSA", "n": "", "e": "AQAB"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "n": 7, "e": []},
        {"kty": "oct", "k": "AQAB"},
        {"kty": []},
        good | {"use": "enc"},
        {"kty": "RSA", "e": "AQAB", "n": base64.urlsafe_b64encode(short.to_bytes(128)).decode().rstrip("=")},
        7,
    ]
    found = issuer_module._keys([*broken, good, *broken])
    assert [key.kid for key in found] == ["good"]
    assert issuer_module._keys(broken) == ()


def test_no_keys_or_headers_make_the_server_fail() -> None:
    numbers = st.sampled_from(["AA", "A" * 43, "AQAB", "_" * 43])
    fields = st.fixed_dictionaries(
        {"kty": st.sampled_from(["RSA", "EC", "OKP", "oct"]) | ANY_JSON},
        optional={
            **dict.fromkeys(("kid", "use", "alg", "key_ops", "x5c"), ANY_JSON),
            **dict.fromkeys(("n", "e", "d", "x", "y"), numbers | ANY_JSON),
            "crv": st.sampled_from(["P-256", "Ed25519", "X25519", "secp256k1"]) | ANY_JSON,
        },
    )
    headers = ANY_JSON | st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64"]), ANY_JSON)

    def look(keys: list[Any], header: Any) -> None:
        for key in issuer_module._keys(keys):
            issuer_module._fits(key, "RS256")
        raw = base64.urlsafe_b64encode(json.dumps(header).encode()).decode()
        with pytest.raises(Problem, match="issuer_token_refused"):
            issuer_module._header(f"{raw}.e30.AA", ACCESS_TOKEN)

    bounded(150)(given(st.lists(fields | ANY_JSON, max_size=3), headers)(look))()
