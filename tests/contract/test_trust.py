"""TLS with a certificate authority that was made for the test: who vouches, and what is said when nobody does."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from raw_server import RawServer, always, response

from api_client import errors, trust
from api_client.client import JamClient
from api_client.tokens import FixedToken

ROOT = Path(__file__).parents[2]
CANARY = "canary-7e57"
PAGE = json.dumps({"items": [], "head": "0-aaaa"}).encode()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    yield
    trust._context.cache_clear()


def server_side(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def trust_file(authority: trustme.CA, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))


NOW = datetime.now(UTC)
FAULTS: dict[str, tuple[Callable[[trustme.CA], trustme.LeafCert], str, str]] = {
    "expired": (
        lambda ca: ca.issue_cert("127.0.0.1", not_before=NOW - timedelta(9), not_after=NOW - timedelta(1)),
        "has expired", "clock",
    ),
    "not yet valid": (
        lambda ca: ca.issue_cert("127.0.0.1", not_before=NOW + timedelta(1), not_after=NOW + timedelta(9)),
        "is not valid yet", "clock",
    ),
    "another host": (lambda ca: ca.issue_cert("jam.example"), "is that of another server", "wrong address"),
    "another address": (lambda ca: ca.issue_cert("127.0.0.2"), "is that of another server", "captive portal"),
    "another authority": (lambda _: trustme.CA().issue_cert("127.0.0.1"), "Nobody whom this system trusts",
                          "SSL_CERT_FILE"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_certificate_that_is_not_right_is_told_and_gets_nothing(
    fault: str, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, title, hint = FAULTS[fault]
    trust_file(authority, tmp_path, monkeypatch)
    async with RawServer(always(response(PAGE))).running(server_side(make(authority))) as server:
        async with JamClient(server.origin, tokens=FixedToken(CANARY)) as client:
            with pytest.raises(errors.Unreachable) as caught:
                await client.changes()
        assert server.requests == []
    assert title in caught.value.title
    assert server.origin in caught.value.title
    assert hint in caught.value.hint
    assert caught.value.hint.endswith("Nothing was sent.")
    assert caught.value.transient  # what was written waits
    assert caught.value.unsent  # so it is tried again soon: a captive portal is left in a minute


async def test_an_authority_of_ones_own_is_taken_from_the_file_that_is_named(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = server_side(authority.issue_cert("127.0.0.1"))
    async with RawServer(always(response(PAGE))).running(context) as server:
        async with JamClient(server.origin) as client:
            with pytest.raises(errors.Unreachable, match="Nobody whom this system trusts"):
                await client.changes()
        trust_file(authority, tmp_path, monkeypatch)
        async with JamClient(server.origin) as client:
            assert (await client.changes()).items == []


ASK = """
import asyncio, sys
from api_client.client import JamClient

async def main():
    async with JamClient(sys.argv[1]) as client:
        print(len((await client.changes()).items), "changes")

asyncio.run(main())
"""


@pytest.fixture
def system_store(authority: trustme.CA, tmp_path: Path) -> tuple[Path, Path]:
    """The folder where the system keeps its authorities, and one of ours in its form."""
    place = Path(ssl.get_default_verify_paths().openssl_capath).resolve()
    needed = [name for name in ("unshare", "openssl") if not shutil.which(name)]
    if not place.is_dir() or needed or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("needs openssl, a folder of authorities, and a mount of one's own (unshare)")
    store = tmp_path / "store"
    store.mkdir()
    authority.cert_pem.write_to_path(str(store / "ours.pem"))
    words = ["openssl", "x509", "-hash", "-noout", "-in", str(store / "ours.pem")]
    name = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    (store / "ours.pem").rename(store / f"{name}.0")
    return place, store


async def test_an_authority_that_the_system_trusts_vouches(
    authority: trustme.CA, system_store: tuple[Path, Path], figure: Callable[[str], None]
) -> None:
    """Where the system keeps its authorities stands a folder of ours, for one process."""
    place, store = system_store
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "ASK": ASK}
    context = server_side(authority.issue_cert("127.0.0.1"))
    said = []
    async with RawServer(always(response(PAGE))).running(context) as server:
        for mount in (f'mount --bind "{store}" "{place}" && ', ""):
            child = await asyncio.create_subprocess_exec(
                "unshare", "-rm", "sh", "-c", f'{mount}exec "{sys.executable}" -c "$ASK" {server.origin}',
                env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, err = await child.communicate()
            said.append((child.returncode, out.decode(), err.decode()))
    assert said[0][:2] == (0, "0 changes\n"), said[0][2]
    assert said[1][0] == 1
    assert "Nobody whom this system trusts" in said[1][2]
    figure(
        f"promise 5: {len(FAULTS)} of {len(FAULTS)} wrong certificates told, 0 requests; the system's authority taken"
    )


def test_nothing_switches_the_check_off() -> None:
    sources = [path for room in ("jamtui", "api_client", "screens", "widgets") for path in (ROOT / room).rglob("*.py")]
    assert len(sources) > 100
    for path in sources:
        text = path.read_text()
        for word in ("verify=False", "CERT_NONE", "check_hostname = False", "_create_unverified_context"):
            assert word not in text, path


@pytest.mark.parametrize(
    ("variable", "bypass", "told"),
    [
        ("HTTPS_PROXY", "", "The proxy that HTTPS_PROXY names cannot be reached"),
        ("all_proxy", "other.invalid", "The proxy that ALL_PROXY names cannot be reached"),
        ("HTTPS_PROXY", "jam.invalid", "https://jam.invalid cannot be reached"),
        ("HTTP_PROXY", "", "https://jam.invalid cannot be reached"),
    ],
)
async def test_a_proxy_that_is_not_there_is_told_as_that(
    variable: str, bypass: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that somebody set in another network: of the Jam's server it tells nothing."""
    for name in ("NO_PROXY", "ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    monkeypatch.setenv(variable, f"http://ana:CANARY@127.0.0.1:{port}")
    monkeypatch.setenv("NO_PROXY", bypass)
    with pytest.raises(errors.Unreachable) as caught:
        async with JamClient("https://jam.invalid") as client:
            await client.changes()
    assert caught.value.title == told
    assert caught.value.unsent
    assert "CANARY" not in str(caught.value)


async def test_a_socks_proxy_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "socksio", None)  # as where it is not installed
    with pytest.raises(errors.Unreachable) as caught:
        JamClient("https://jam.invalid")
    assert "SOCKS" in caught.value.title
    assert caught.value.hint == "Install socksio beside jamtui, or let HTTPS_PROXY name an HTTP proxy."


@pytest.mark.parametrize(
    "proxy",
    ["gopher://ana:CANARY@x", "http://ana:CANARY/more@x:99", "http://ana:CANARY@x:999999", "http://ana:CAN ARY@x"],
)
async def test_the_password_of_a_proxy_is_not_told(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy.replace("CANARY", CANARY))
    with pytest.raises(errors.Unreachable) as caught:
        async with JamClient("https://jam.invalid") as client:
            await client.discovery()
    assert "canary" not in str(caught.value)
    assert "CAN" not in str(caught.value)
