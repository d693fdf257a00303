"""The client of OpenID Connect before issuers that are broken, hostile or unusual; and the port that a browser comes
back to."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from raw_issuer import RawIssuer, jwt
from raw_server import RawServer, endless, response

from api_client import errors
from api_client.loopback import _CONNECTIONS, Loopback
from api_client.oidc import Issuer
from api_client.oidc_answers import Metadata, Tokens, claims_of, shown
from jamtui.errors import JamError

IPV6 = Path("/proc/net/if_inet6").exists()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api_client.oidc._LEAST_INTERVAL", 0.01)


async def discover(raw: RawIssuer, **more: Any) -> Issuer:
    return await Issuer.discover(raw.url, "jamtui", **more)


# -- discovery


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://id.example", "is not protected by https"),
        ("https://user@id.example", "cannot be used"),
        ("https://2130706433/", "cannot be used"),
        ("id.example", "cannot be used"),
        ("https://id.example/?a=b", "with a question in its address"),
        ("https://id.example/a\r\nb", "cannot be used"),
    ],
)
async def test_addresses_that_are_no_issuer(url: str, words: str) -> None:
    with pytest.raises(errors.BadAnswer, match=words):
        await Issuer.discover(url, "jamtui")


async def test_another_name_in_the_document_is_refused() -> None:
    async with RawIssuer().running() as raw:
        for other in (f"{raw.url}/", "https://id.example"):
            raw.metadata["issuer"] = other
            with pytest.raises(errors.BadAnswer, match="calls itself"):
                await discover(raw)


@pytest.mark.parametrize("path", ["/realm/one", "/realm/one/"])
async def test_an_issuer_with_a_path_is_found_in_both_places(path: str) -> None:
    async with RawIssuer().running() as raw:
        raw.metadata["issuer"] = raw.url + path
        await Issuer.discover(raw.url + path, "jamtui")
        raw.answers["/realm/one/.well-known/openid-configuration"] = [(404, {})]
        raw.answers["/.well-known/oauth-authorization-server/realm/one"] = [(200, raw.metadata)]
        await Issuer.discover(raw.url + path, "jamtui")
    assert [where for where, _ in raw.asked] == [
        "/realm/one/.well-known/openid-configuration",
        "/realm/one/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/realm/one",
    ]


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((404, {}), errors.BadAnswer, "is no issuer"),
        ((302, {}), errors.BadAnswer, "leads elsewhere"),
        ((503, {}), errors.ServerFault, "failed"),
        ((200, b"<html>"), errors.BadAnswer, "cannot be read"),
        ((200, {"issuer": 7}), errors.BadAnswer, "cannot be read"),
        ((200, [1]), errors.BadAnswer, "cannot be read"),
    ],
)
async def test_answers_that_are_no_discovery(answer: tuple[int, Any], kind: type[Exception], words: str) -> None:
    async with RawIssuer().running() as raw:
        raw.answers["/.well-known/openid-configuration"] = [answer]
        with pytest.raises(kind, match=words):
            await discover(raw)


async def test_an_endless_document_is_not_read_on() -> None:
    head = response(b"", length=False).removesuffix(b"\r\n\r\n") + b"\r\n\r\n"
    async with RawServer(endless(head, b" " * 65_536)).running() as server:
        with pytest.raises(errors.BadAnswer, match="more than 262,144 bytes"):
            await Issuer.discover(server.origin, "jamtui")


async def test_endpoints_elsewhere_are_told_and_those_without_https_refused() -> None:
    async with RawIssuer().running() as raw:
        raw.metadata["authorization_endpoint"] = "https://login.example/auth?tenant=1"
        issuer = await discover(raw)
        assert issuer.other_hosts == ("login.example",)
        raw.metadata["authorization_endpoint"] = "https://pаypal.example/auth"  # with a Cyrillic letter
        assert (await discover(raw)).other_hosts == ("xn--pypal-4ve.example",)
        url = issuer.code("http://127.0.0.1:1/callback").url
        assert url.startswith("https://login.example/auth?tenant=1&response_type=code&")
        raw.metadata["authorization_endpoint"] = "http://login.example/auth"
        assert (await discover(raw)).other_hosts == ()
        with pytest.raises(errors.BadAnswer, match=r"sign-in page http://login.* is not protected"):
            (await discover(raw)).code("http://127.0.0.1:1/callback")


async def test_an_issuer_elsewhere_may_not_name_this_machine() -> None:
    far = Metadata("https://id.example", token_endpoint="http://127.0.0.1:80/x", authorization_endpoint="https://a.b")
    with pytest.raises(errors.BadAnswer, match="which is this machine"):
        Issuer(far, "jamtui", ("openid",), "").code("http://127.0.0.1:1/callback")


async def test_pkce_that_is_not_listed_is_used_and_another_kind_refused() -> None:
    async with RawIssuer().running() as raw:
        raw.metadata["code_challenge_methods_supported"] = None
        assert "code_challenge_method=S256" in (await discover(raw)).code("http://127.0.0.1:1/callback").url
        raw.metadata["code_challenge_methods_supported"] = ["plain"]
        with pytest.raises(errors.BadAnswer, match=r"no PKCE with S256\)\. Try --device"):
            (await discover(raw)).code("http://127.0.0.1:1/callback")


# -- device grant


async def test_an_issuer_without_device_endpoint() -> None:
    async with RawIssuer().running() as raw:
        del raw.metadata["device_authorization_endpoint"]
        issuer = await discover(raw)
        assert not issuer.has_device
        with pytest.raises(errors.BadAnswer, match="has no device endpoint"):
            await issuer.device()


async def test_a_page_for_the_code_that_is_no_page() -> None:
    async with RawIssuer().running() as raw:
        grant = raw.answers["/device"][0][1]
        raw.answers["/device"] = [(200, grant | {"verification_uri_complete": "javascript:alert(1)"})]
        async with await discover(raw) as issuer:
            assert (await issuer.device()).complete == ""
            raw.answers["/device"] = [(200, grant | {"verification_uri": "http://id.example/x"})]
            with pytest.raises(errors.BadAnswer, match="is not protected by https"):
                await issuer.device()


@pytest.mark.parametrize(
    ("said", "interval", "lives"),
    [
        ({"interval": 1e-9}, 1.0, 300.0),
        ({"interval": -1, "expires_in": -1}, 1.0, 0.0),
        ({"interval": 1e300, "expires_in": 1e300}, 60.0, 3600.0),
        ({"interval": None}, 5.0, 300.0),
        ({"interval": "nan"}, None, None),
        ({"expires_in": "nan"}, None, None),
        ({"expires_in": "inf"}, None, None),
        ({"expires_in": 10**400}, None, None),
    ],
)
async def test_times_that_are_none(
    said: dict[str, Any], interval: float | None, lives: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    async with RawIssuer().running() as raw, await discover(raw) as issuer:
        raw.answers["/device"] = [(200, raw.answers["/device"][0][1] | said)]
        if interval is None:
            with pytest.raises(errors.BadAnswer):
                await issuer.device()
            return
        grant = await issuer.device(lambda: 0.0)
        assert (grant.interval, grant.ends) == (interval, lives)


async def test_a_qr_code_leads_where_the_address_does() -> None:
    async with RawIssuer().running() as raw, await discover(raw) as issuer:
        grant = raw.answers["/device"][0][1]
        for complete, kept in (
            (f"{raw.url}/activate?code=1", True),
            ("https://evil.example/activate?code=1", False),
            (raw.url.replace("http://127.0.0.1", "http://localhost") + "/activate", False),
        ):
            raw.answers["/device"] = [(200, grant | {"verification_uri_complete": complete})]
            assert (await issuer.device()).complete == (complete if kept else "")


async def test_an_issuer_elsewhere_may_not_send_people_to_this_machine() -> None:
    """Its page, where a code is given, could be anybody's here."""
    for page in ("http://localhost:1/x", "https://127.0.0.1/", "http://[::1]/"):
        async with RawIssuer().running() as raw, await discover(raw) as issuer:
            raw.answers["/device"] = [(200, raw.answers["/device"][0][1] | {"verification_uri": page})]
            far = Issuer(Metadata("https://id.example", token_endpoint="https://id.example/token"), "jamtui", (), "")
            far._post = issuer._post  # type: ignore[method-assign]  # as if it answered from there
            with pytest.raises(errors.BadAnswer, match="which is this machine"):
                await far.device()


def test_the_page_is_shown_with_its_real_host() -> None:
    assert shown("https://pаypal.example/device") == "https://xn--pypal-4ve.example/device"
    assert shown("https://id.example:443/a?code=1#x") == "https://id.example/a?code=1"


async def test_the_old_name_of_the_page_is_known_and_no_lifetime_is_ten_minutes() -> None:
    async with RawIssuer().running() as raw:
        grant = raw.answers["/device"][0][1]
        del grant["expires_in"]
        grant["verification_url"] = grant.pop("verification_uri")
        async with await discover(raw) as issuer:
            found = await issuer.device(lambda: 100.0)
            assert (found.page, found.ends) == (f"{raw.url}/activate", 700.0)


@pytest.mark.parametrize(
    "code",
    [
        "Gone. Go to https://evil.example",
        "type-it at evil.example",
        "A\x1b[2JB",
        "\u202eABC",
        "АВС",
        "-",
        "A" * 33,
        " ",
    ],
)
async def test_a_code_is_nothing_that_could_be_read_as_words_of_ours(code: str) -> None:
    async with RawIssuer().running() as raw, await discover(raw) as issuer:
        raw.answers["/device"] = [(200, raw.answers["/device"][0][1] | {"user_code": code})]
        with pytest.raises(errors.BadAnswer, match="nobody could type"):
            await issuer.device()


@pytest.mark.parametrize("code", ["WDJB-MJHT", "123-456-789", "a1b2_C3", " ABCD "])
async def test_codes_of_issuers_are_taken(code: str) -> None:
    async with RawIssuer().running() as raw, await discover(raw) as issuer:
        raw.answers["/device"] = [(200, raw.answers["/device"][0][1] | {"user_code": code})]
        assert (await issuer.device()).user_code == code.strip()


async def test_no_address_pushes_its_own_host_out_of_sight() -> None:
    """Of 60,000 characters, in the page for the code, the QR code, the sign-in page, or what the Jam calls us there."""
    long = "a" * 60_000
    async with RawIssuer().running() as raw:
        given = raw.answers["/device"][0][1]
        async with await discover(raw) as issuer:
            raw.answers["/device"] = [(200, given | {"verification_uri": f"{raw.url}/{long}"})]
            with pytest.raises(errors.BadAnswer, match="an address of 60,0"):
                await issuer.device()
            raw.answers["/device"] = [(200, given | {"verification_uri_complete": f"{raw.url}/{long}"})]
            assert (await issuer.device()).complete == ""
        async with await Issuer.discover(raw.url, long) as issuer:
            with pytest.raises(errors.BadAnswer, match="an address of 60,"):
                issuer.code("http://127.0.0.1:1/callback")
        raw.metadata["authorization_endpoint"] = f"{raw.url}/{long}"
        async with await discover(raw) as issuer:
            with pytest.raises(errors.BadAnswer, match="an address of 60,"):
                issuer.code("http://127.0.0.1:1/callback")


async def test_our_own_clock_ends_the_wait() -> None:
    """The issuer says ``authorization_pending`` for ever; the monotonic clock decides, never the one on the wall."""
    now = 100.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    async with RawIssuer().running() as raw:
        raw.answers["/token"] = [(400, {"error": "authorization_pending"})]
        grant = raw.answers["/device"][0][1]
        raw.answers["/device"] = [(200, grant | {"interval": 10, "expires_in": 35})]
        async with await discover(raw) as issuer:
            found = await issuer.device(lambda: now)
            with pytest.raises(errors.NotSignedIn, match="expired"):
                await issuer.poll(found, clock=lambda: now, sleep=sleep)
    assert len(raw.asked_at("/token")) == 3
    assert now == 135


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("access_denied", "was refused at"),
        ("expired_token", "has expired"),
        ("invalid_grant", "does not take the code"),
        ("invalid_client", "does not let the client jamtui sign you in"),
        ("invalid_scope", "does not know what the Jam asks for"),
        ("what_nobody_knows", r"would not sign you in \(what_nobody_knows: \ufffd\[31mred\)"),
    ],
)
async def test_refusals_in_words(error: str, words: str) -> None:
    async with RawIssuer().running() as raw:
        raw.answers["/token"] = [(400, {"error": error, "error_description": "\x1b[31mred"})]
        async with await discover(raw) as issuer:
            with pytest.raises(errors.ApiError, match=words) as caught:
                await issuer.poll(await issuer.device())
    assert caught.value.hint
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("status", [403, 428])
async def test_an_error_code_counts_whatever_the_status(status: int) -> None:
    async with RawIssuer().running() as raw:
        raw.answers["/token"] = [(status, {"error": "authorization_pending"}), (200, raw.tokens())]
        async with await discover(raw) as issuer:
            assert (await issuer.poll(await issuer.device())).access_token


# -- tokens


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"iss": "https://other.example"}, "for somebody else"),
        ({"aud": "other"}, "for somebody else"),
        ({"aud": ["jamtui", "other"], "azp": "other"}, "for somebody else"),
    ],
)
async def test_id_tokens_for_somebody_else_are_refused(claims: dict[str, Any], words: str) -> None:
    async with RawIssuer().running() as raw:
        raw.answers["/token"] = [(200, raw.tokens(id_token=jwt(**({"iss": raw.url, "aud": "jamtui"} | claims))))]
        async with await discover(raw) as issuer:
            with pytest.raises(errors.BadAnswer, match=words):
                await issuer.poll(await issuer.device())


async def test_the_nonce_has_to_be_ours() -> None:
    async with RawIssuer().running() as raw, await discover(raw) as issuer:
        grant = issuer.code("http://127.0.0.1:1/callback")
        raw.answers["/token"] = [(200, raw.tokens(id_token=jwt(iss=raw.url, aud="jamtui", nonce="another")))]
        with pytest.raises(errors.BadAnswer, match="belongs to another sign-in"):
            await grant.spend("code")
        raw.answers["/token"] = [(200, raw.tokens(id_token=jwt(iss=raw.url, aud="jamtui", nonce=grant.nonce)))]
        await grant.spend("code")


async def test_the_answer_has_to_be_from_the_issuer_when_it_says_so() -> None:
    async with RawIssuer().running() as raw:
        grant = (await discover(raw)).code("http://127.0.0.1:1/callback")
        assert grant.check({"code": "c"}) == "c"
        assert grant.check({"code": "c", "iss": raw.url}) == "c"
        with pytest.raises(errors.BadAnswer, match="is not from"):
            grant.check({"code": "c", "iss": "https://other.example"})
        raw.metadata["authorization_response_iss_parameter_supported"] = True
        grant = (await discover(raw)).code("http://127.0.0.1:1/callback")
        with pytest.raises(errors.BadAnswer, match="is not from"):
            grant.check({"code": "c"})
        with pytest.raises(errors.BadAnswer, match="has no code"):
            grant.check({"iss": raw.url})


@pytest.mark.parametrize(
    "text", ["", "opaque", "a.b", "a.b.c", "e30.e30.x", "é.é.é", "W10.W10.x", f"{'A' * 70_000}.x.y"]
)
def test_what_is_no_jwt(text: str) -> None:
    assert claims_of(text) is None


async def test_secrets_stay_out_of_sight() -> None:
    async with RawIssuer().running() as raw, await discover(raw) as issuer:
        grant, code = await issuer.device(), issuer.code("http://127.0.0.1:1/callback")
        tokens = Tokens("canary-1", "canary-2", "canary-3")
        raw.answers["/token"] = [(200, b'{"access_token": "canary-4')]
        with pytest.raises(JamError) as caught:
            await issuer.poll(grant)
        seen = f"{tokens!r} {tokens} {grant!r} {code!r} {issuer!r} {caught.value!r} {caught.value}"
        assert "canary" not in seen
        for secret in (grant.device_code, code.state, code.nonce, code._verifier):
            assert secret not in seen.replace("hidden", "")


# -- the port


async def ask(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


def request(port: int, target: str, method: str = "GET", host: str = "") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: {host or f'127.0.0.1:{port}'}\r\n\r\n".encode()


async def test_one_answer_and_no_other(figure: Callable[[str], None]) -> None:
    async with Loopback.listening() as loopback:
        port = loopback.port
        assert (await ask(port, request(port, "/callback?state=&code=c"))).startswith(b"HTTP/1.1 400 ")
        loopback.expect("ours")
        false = (
            (request(port, "/"), b"404"),
            (request(port, "/favicon.ico"), b"404"),
            (request(port, "/callback?state=ours&code=c", "POST"), b"405"),
            (request(port, "/callback?state=ours&code=c", host=f"localhost:{port}"), b"421"),
            (request(port, "/callback?state=ours&code=c", host=f"evil.example:{port}"), b"421"),
            (f"GET /callback?state=ours&code=c HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: b\r\n\r\n".encode(), b"421"),
            (request(port, "/callback?state=theirs&code=c"), b"400"),
            (request(port, "/callback?code=c"), b"400"),
            (request(port, "/callback?state=ours&state=ours&code=c"), b"400"),
            (request(port, f"/callback?state=ours&{'&'.join('a' * 40)}"), b"400"),
            (b"\x00\r\n\r\n", b"400"),
        )
        for refused, status in false:
            answer = await ask(port, refused)
            assert answer.startswith(b"HTTP/1.1 " + status), answer
        assert await ask(port, b"GET /" + b"a" * 70_000) == b""
        good = await ask(port, request(port, "/callback?state=ours&code=c%2Fd&iss=x"))
        assert good.startswith(b"HTTP/1.1 200 ")
        assert b"default-src 'none'" in good
        assert (await ask(port, request(port, "/callback?state=ours&code=other"))).startswith(b"HTTP/1.1 410 ")
        assert await loopback.answer(5) == {"state": "ours", "code": "c/d", "iss": "x"}
    figure(f"promise 5: 0 of {len(false) + 3} false answers taken by the port that a browser comes back to")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_connections_that_say_nothing_do_not_keep_the_answer_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than are held, and none runs into its time."""
    monkeypatch.setattr("api_client.loopback._SLOW", 60.0)
    async with Loopback.listening() as loopback:
        loopback.expect("ours")
        silent = [await asyncio.open_connection("127.0.0.1", loopback.port) for _ in range(70)]
        async with asyncio.timeout(20):
            await ask(loopback.port, request(loopback.port, "/callback?state=ours&code=c"))
            assert await silent[0][0].read() == b""  # the oldest was dropped
        assert (await loopback.answer(5))["code"] == "c"
        assert not silent[-1][0].at_eof()
        for _, writer in silent:
            writer.close()


async def test_nobody_comes() -> None:
    async with Loopback.listening() as loopback:
        with pytest.raises(errors.NotSignedIn, match="Nobody signed in within 0 seconds"):
            await loopback.answer(0.01)


async def test_guessing_the_state_neither_ends_it_nor_gets_in() -> None:
    async with Loopback.listening() as loopback:
        loopback.expect("ours")
        for guess in range(202):
            await ask(loopback.port, request(loopback.port, f"/callback?state={guess}&code=c"))
        await ask(loopback.port, request(loopback.port, "/callback?state=ours&code=good"))
        assert (await loopback.answer(5))["code"] == "good"


async def test_the_start_page_leads_to_the_issuer_once() -> None:
    async with Loopback.listening() as loopback:
        loopback.expect("ours")
        port, path = loopback.port, loopback.start("https://id.example/auth?state=ours").rpartition("/")[2]
        for target, method, host in (
            (f"/{path}x", "GET", ""), (f"/{path}", "HEAD", ""), (f"/{path}", "GET", f"localhost:{port}"),
        ):  # fmt: skip
            assert b"id.example" not in await ask(port, request(port, target, method, host))
        led = await ask(port, request(port, f"/{path}"))
        assert led.startswith(b"HTTP/1.1 303 ")
        assert b"\r\nLocation: https://id.example/auth?state=ours\r\n" in led
        again = await ask(port, request(port, f"/{path}"))
        assert again.startswith(b"HTTP/1.1 410 ")
        assert b"id.example" not in again
        with pytest.raises(errors.NotSignedIn, match="opened twice"):
            await loopback.answer(5)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a connection is")
@pytest.mark.parametrize(
    ("family", "source"),
    [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2"), (socket.AF_INET6, "::ffff:127.0.0.1")],
    ids=["plain", "from another address", "mapped into IPv6"],
)
async def test_the_start_page_is_for_no_other_account(
    monkeypatch: pytest.MonkeyPatch, family: socket.AddressFamily, source: str
) -> None:
    """As the kernel's own tables say, however they reach us; here they say of every connection that it is of the
    account 4711."""
    if family == socket.AF_INET6 and not IPV6:
        pytest.skip("no IPv6 here")

    class Another:
        def __init__(self, real: Path) -> None:
            self.real = real

        def read_text(self) -> str:
            rows = [line.split() for line in self.real.read_text().splitlines()]
            return "\n".join(" ".join([*row[:7], "4711", *row[8:]]) for row in rows)

    async def opened(target: str) -> bytes:
        with socket.socket(family) as end:
            end.setblocking(False)
            end.bind((source, 0))
            loop = asyncio.get_running_loop()
            await loop.sock_connect(end, ("::ffff:127.0.0.1" if family == socket.AF_INET6 else "127.0.0.1", port))
            await loop.sock_sendall(end, request(port, target))
            return await loop.sock_recv(end, 4_096)

    async with Loopback.listening() as loopback:
        port, path = loopback.port, loopback.start("https://id.example/auth").rpartition("/")[2]
        with monkeypatch.context() as patched:
            patched.setattr("api_client.loopback._CONNECTIONS", [Another(table) for table in _CONNECTIONS])
            assert (await opened(f"/{path}")).startswith(b"HTTP/1.1 403 ")
        assert (await opened(f"/{path}")).startswith(b"HTTP/1.1 303 ")


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs Linux, and the right to be others")
@pytest.mark.parametrize("host", ["127.0.0.1", "::ffff:127.0.0.1"])
async def test_another_account_is_not_led_to_the_issuer(host: str) -> None:
    """A process of another account, as the kernel has it."""
    if ":" in host and not IPV6:
        pytest.skip("no IPv6 here")
    async with Loopback.listening() as loopback:
        port, path = loopback.port, loopback.start("https://id.example/auth").rpartition("/")[2]
        script = (
            "import os, socket, sys; 'x'.encode('idna'); os.setgid(65534); os.setuid(65534)\n"
            "end = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
            "end.sendall(sys.stdin.buffer.read()); sys.stdout.buffer.write(end.recv(4096))"
        )
        other = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", "-c", script, host, str(port),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await other.communicate(request(port, f"/{path}"))
        assert said.startswith(b"HTTP/1.1 403 ")
        assert (await ask(port, request(port, f"/{path}"))).startswith(b"HTTP/1.1 303 ")
