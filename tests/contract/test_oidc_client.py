"""The client's half of OpenID Connect against a real, certified provider: device grant and code with PKCE.

What a provider does not do by itself (lies, silence, nonsense) is in tests/unit/test_oidc.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx
import pytest
from oidc_provider import Browser, Provider
from oidc_provider import Issuer as Provided

from api_client import errors
from api_client.loopback import Loopback
from api_client.oidc import Issuer
from api_client.oidc_answers import Tokens, audience_of, claims_of

RESOURCE = "https://jam.example"


@pytest.fixture(autouse=True)
def _counted(figure: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that fails says so itself."""
    monkeypatch.setattr("api_client.oidc._LEAST_INTERVAL", 0.01)
    figure("sign-in by an organisation: {:.0f} of {} ways in, and ways to fail, went wrong", 0)


async def discover(issuer: Provided, client_id: str = "jamtui", resource: str = RESOURCE) -> Issuer:
    return await Issuer.discover(issuer.url, client_id, scopes=("openid", "profile"), resource=resource)


async def on_device(issuer: Provided, browser: Browser, *, agree: bool = True, tell: list[str] | None = None) -> Tokens:
    """The whole grant; the person decides while the client polls."""
    async with await discover(issuer) as found:
        grant = await found.device()
        polling = asyncio.create_task(found.poll(grant, tell=(tell if tell is not None else []).append))
        try:
            if grant.complete:
                await asyncio.to_thread(browser.enter_code, grant.complete, agree=agree)
            else:
                await asyncio.to_thread(browser.enter_code, grant.page, grant.user_code, agree=agree)
            return await polling
        finally:
            polling.cancel()


@pytest.mark.parametrize("complete", [True, False], ids=["complete address", "code typed"])
async def test_device_grant(oidc_provider: Provider, complete: bool) -> None:
    issuer = oidc_provider.issuer(interval=0.05, verification_uri_complete=complete)
    with issuer.browser("ada") as browser:
        tokens = await on_device(issuer, browser)
    claims = claims_of(tokens.access_token)
    assert claims is not None
    assert audience_of(claims) == (RESOURCE,)
    assert claims_of(tokens.id_token or "").items() >= {"aud": "jamtui", "sub": "sub-of-ada"}.items()
    assert tokens.at > 0
    assert claims["sub"] not in repr(tokens)


async def test_denied_on_the_page(oidc_provider: Provider) -> None:
    issuer = oidc_provider.issuer(interval=0.05)
    with issuer.browser("ada") as browser, pytest.raises(errors.NotSignedIn, match="was refused at") as caught:
        await on_device(issuer, browser, agree=False)
    assert caught.value.code == "access_denied"


async def test_code_that_expires_at_the_issuer(oidc_provider: Provider) -> None:
    """Its lifetime is told as a minute; a provider whose clock jumps says ``expired_token`` before."""
    issuer = oidc_provider.issuer(interval=0.05, lifetimes={"DeviceCode": 60})
    async with await discover(issuer) as found:
        grant = await found.device()
        issuer.clock(120)
        try:
            with pytest.raises(errors.NotSignedIn, match="code has expired"):
                await found.poll(grant)
        finally:
            issuer.clock(0)


async def test_slow_down_makes_every_later_wait_longer(oidc_provider: Provider) -> None:
    issuer = oidc_provider.issuer(interval=0.05, slow_down=2)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 4:  # two were slowed down, one has waited at the new pace
            with issuer.browser("ada") as browser:
                await asyncio.to_thread(browser.enter_code, grant.complete)

    async with await discover(issuer) as found:
        grant = await found.device()
        await found.poll(grant, sleep=sleep)
    assert waits == [0.05, 5.05, 10.05, 10.05]


async def test_an_issuer_that_is_down_for_a_while(oidc_provider: Provider) -> None:
    issuer = oidc_provider.issuer(interval=0.05)
    told: list[str] = []
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            await asyncio.to_thread(issuer.down)
        elif len(waits) == 4:
            await asyncio.to_thread(issuer.up)
            with issuer.browser("ada") as browser:
                await asyncio.to_thread(browser.enter_code, grant.complete)

    async with await discover(issuer) as found:
        grant = await found.device()
        tokens = await found.poll(grant, sleep=sleep, tell=told.append)
    assert tokens.id_token
    assert waits == [0.05, 0.1, 0.2, 0.2]
    assert "cannot be reached" in told[0]
    assert told[-1] == ""


async def test_client_without_the_device_grant(oidc_issuer: Provided) -> None:
    async with await discover(oidc_issuer, "browser-only") as found:
        with pytest.raises(errors.BadAnswer, match="is not allowed for this client"):
            await found.device()


async def test_no_interval_means_five_seconds(oidc_provider: Provider) -> None:
    async with await discover(oidc_provider.issuer(interval=None)) as found:
        grant = await found.device()
    assert grant.interval == 5.0
    assert grant.ends - time.monotonic() == pytest.approx(300, abs=30)


async def test_resource_that_the_issuer_does_not_know(oidc_provider: Provider) -> None:
    async with await discover(oidc_provider.issuer(resources=False)) as found:
        with pytest.raises(errors.BadAnswer, match="does not know what the Jam asks for"):
            await found.device()


# -- in a browser


async def in_browser(issuer: Provided, *, agree: bool = True) -> Tokens:
    async with await discover(issuer) as found, Loopback.listening() as loopback:
        grant = found.code(loopback.redirect_uri)
        loopback.expect(grant.state)
        with issuer.browser("ada") as browser:
            back = await asyncio.to_thread(browser.authorize, grant.url, agree=agree)
        async with httpx.AsyncClient(trust_env=False) as client:
            page = await client.get(back)
        assert page.status_code == 200
        assert "jamtui" in page.text
        return await grant.spend(grant.check(await loopback.answer(10)))


async def test_code_with_pkce(oidc_issuer: Provided) -> None:
    tokens = await in_browser(oidc_issuer)
    assert audience_of(claims_of(tokens.access_token) or {}) == (RESOURCE,)
    assert tokens.refresh_token


async def test_refused_in_the_browser(oidc_issuer: Provided) -> None:
    with pytest.raises(errors.NotSignedIn, match="The person said no"):
        await in_browser(oidc_issuer, agree=False)


async def test_what_the_issuer_gave_is_revoked(oidc_issuer: Provided) -> None:
    tokens = await in_browser(oidc_issuer)
    fields = {"grant_type": "refresh_token", "client_id": "jamtui", "refresh_token": tokens.refresh_token}
    async with await discover(oidc_issuer) as found, httpx.AsyncClient(trust_env=False) as client:
        assert await found.revoke(tokens)
        answer = await client.post(f"{oidc_issuer.url}/token", data=fields)
        assert answer.json()["error"] == "invalid_grant"
        oidc_issuer.change(metadata={"revocation_endpoint": None})
    async with await discover(oidc_issuer) as found:
        assert not await found.revoke(tokens)
