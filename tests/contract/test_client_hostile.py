"""The client against servers that lie, flood, stall and break off: real sockets, every ``net`` and ``json`` case of the
corpus in tests/data/hostile, and what the corpus only hints at."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import zstandard
from raw_server import BOMBS, MIB, Handler, Memory, RawServer, always, endless, response

from api_client import errors
from api_client.client import JamClient
from api_client.models import Change, Heartbeat, Resync, StreamEvent, Token, Wish
from api_client.tokens import FixedToken, RefreshingToken
from api_client.transport import Bounds
from jamtui.archive import Person

CORPUS = json.loads((Path(__file__).parent.parent / "data" / "hostile" / "corpus.json").read_text())
CASES: dict[str, str] = {case["id"]: case["payload"] for case in CORPUS if case["kind"] in ("net", "json", "sse")}

CANARY = "canary-f00d"


@contextlib.asynccontextmanager
async def against(
    handler: Handler, *, bounds: Bounds | None = None, token: str | None = None
) -> AsyncIterator[tuple[JamClient, RawServer]]:
    tokens = FixedToken(token) if token else None
    # The outer limit only turns a hang into a failure.
    async with (
        asyncio.timeout(60),
        RawServer(handler).running() as server,
        JamClient(server.origin, bounds=bounds, tokens=tokens) as client,
    ):
        yield client, server


async def events(client: JamClient) -> list[StreamEvent]:
    async with contextlib.aclosing(client.stream("0-0")) as stream:
        return [event async for event in stream]


async def snapshot_lines(client: JamClient) -> list[bytes]:
    async with client.snapshot() as snapshot:
        return [line async for line in snapshot]


Use = Callable[[JamClient], Awaitable[object]]
CALLS: dict[str, Use] = {
    "discovery": lambda client: client.discovery(),
    "changes": lambda client: client.changes(),
    "me": lambda client: client.me(),
    "forums": lambda client: client.forums(),
    "vote": lambda client: client.put_vote("x"),
    "password": lambda client: client.password("ana", CANARY),
    "snapshot": snapshot_lines,
    "stream": events,
}
every_call = pytest.mark.parametrize("use", CALLS.values(), ids=list(CALLS))


needs_proc = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the high-water mark needs Linux")


# -- who answers


@every_call
async def test_captive_portal(use: Use) -> None:
    page = response(CASES["net-0"].encode(), kind="text/html; charset=utf-8")
    async with against(always(page), token=CANARY) as (client, server):
        with pytest.raises(errors.NotAJam, match="web page") as caught:
            await use(client)
        assert "captive portal" in str(caught.value) or "not as a Jam" in str(caught.value)
        assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["changes", "me", "vote", "discovery"])
async def test_captive_portal_that_says_nothing_of_html(name: str) -> None:
    async with against(always(response(b"\n <html>" + CASES["net-0"].encode()))) as (client, _):
        with pytest.raises(errors.NotAJam):
            await CALLS[name](client)


@every_call
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_no_redirect_is_followed(use: Use, status: str) -> None:
    async with RawServer(always(response(b"{}"))).running() as other:
        moved = response(b"", status=status, Location=f"{other.origin}/stolen")
        async with against(always(moved), token=CANARY) as (client, server):
            with pytest.raises(errors.NotAJam, match="redirect"):
                await use(client)
            assert len(server.requests) == 1
        assert other.requests == []


@every_call
async def test_nobody_listens(use: Use) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with JamClient(f"http://127.0.0.1:{port}") as client:
        with pytest.raises(errors.Unreachable, match="cannot be reached") as caught:
            await use(client)
    assert caught.value.exit_code == 4


@every_call
@pytest.mark.parametrize(
    "data", [b"", b"SSH-2.0-OpenSSH_9.7\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"\0" * 2000, b"\xff\r\n\r\n"]
)
async def test_not_http(use: Use, data: bytes) -> None:
    async with against(always(data, close=True)) as (client, _):
        with pytest.raises(errors.Unreachable):
            await use(client)


@every_call
async def test_headers_without_end(use: Use) -> None:
    async with against(endless(b"HTTP/1.1 200 OK\r\n", b"X-Y: " + b"z" * 4000 + b"\r\n")) as (client, _):
        with pytest.raises(errors.Unreachable):
            await use(client)


async def test_a_certificate_that_nobody_knows(tmp_path: Path) -> None:
    async with RawServer(always(response())).running(self_signed(tmp_path)) as server:
        async with JamClient(server.origin, tokens=FixedToken(CANARY)) as client:
            with pytest.raises(errors.Unreachable, match="certificate"):
                await client.changes()
        assert server.requests == []


async def test_a_certificate_that_the_person_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    async with RawServer(always(response(PAGE))).running(context) as server, JamClient(server.origin) as client:
        assert len((await client.changes()).items) == 1


@pytest.mark.parametrize(("name", "value"), [("SSL_CERT_FILE", "/no/such/thing"), ("HTTPS_PROXY", "gopher://x")])
def test_settings_of_the_environment_that_cannot_be_used(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(errors.Unreachable, match="environment") as caught:
        JamClient("https://jam.example")
    assert name in caught.value.hint


def self_signed(folder: Path) -> ssl.SSLContext:
    x509 = pytest.importorskip("cryptography.x509", reason="makes the certificate; keyring brings it on Linux")
    from datetime import UTC, datetime, timedelta
    from ipaddress import IPv4Address

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


# -- how much


@needs_proc
@every_call
@pytest.mark.parametrize("coding", BOMBS)
@pytest.mark.parametrize("status", ["200 OK", "422 No", "500 Bad"])
async def test_bomb(use: Use, coding: str, status: str, figure: Callable[[str, float], None]) -> None:
    """`net-gzip-bomb`, and its like in zstd: 512 MiB of zeros."""
    bomb = BOMBS[coding](bytes(MIB))
    answer = response(
        bomb, status, Content_Encoding=coding, Jam_Cursor="5-abcd", Jam_Snapshot_Size=str(512 * MIB)
    )  # fmt: skip
    async with against(always(answer)) as (client, _):
        memory = Memory()
        with pytest.raises(errors.ApiError) as caught:
            await use(client)
        risen = memory.risen()
        figure("promise 11: memory rose by at most {:.1f} MiB at a bomb of 512 MiB, {} cases", risen / MIB)
        assert risen < 32 * MIB
    assert isinstance(caught.value, errors.BadAnswer | errors.NotAJam | errors.ServerFault)


@needs_proc
@pytest.mark.parametrize("coding", BOMBS)
async def test_bomb_of_line_ends(coding: str) -> None:
    bomb = BOMBS[coding](b"\n" * MIB)
    answer = response(bomb, Content_Encoding=coding, Jam_Cursor="5-abcd", Jam_Snapshot_Size=str(512 * MIB))
    async with against(always(answer)) as (client, _):
        memory = Memory()
        with pytest.raises(errors.BadAnswer, match=r"empty records|beyond belief"):
            await snapshot_lines(client)
        assert memory.risen() < 32 * MIB


@needs_proc
@every_call
async def test_body_without_end(use: Use) -> None:
    """`net-infinite`: no length, endless."""
    head = response(b"", length=False, Jam_Cursor="5-abcd", Jam_Snapshot_Size=str(100 * MIB))
    async with against(endless(head, b" " * 65536)) as (client, _):
        memory = Memory()
        with pytest.raises((errors.BadAnswer, errors.NotAJam)):
            await use(client)
        assert memory.risen() < 32 * MIB


@pytest.mark.parametrize("where", ["headers", "body"])
@every_call
async def test_a_byte_at_a_time(use: Use, where: str) -> None:
    """`net-slow`: each byte comes in time, the whole never does. The long answers may be slow, but not their heads."""
    if where == "body" and use in (events, snapshot_lines):
        pytest.skip("a long answer may be slow as long as bytes come")
    start = b"HTTP/1.1 200 OK\r\nX: " if where == "headers" else response(b"", length=False)
    async with against(endless(start, b" ", pause=0.05), bounds=Bounds(call_seconds=0.4)) as (client, _):
        with pytest.raises(errors.Unreachable, match=r"did not answer within 0\.4 seconds"):
            await use(client)


async def silence(request: str, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


@every_call
async def test_silence_instead_of_an_answer(use: Use) -> None:
    async with against(silence, bounds=Bounds(call_seconds=0.2)) as (client, _):
        with pytest.raises(errors.Unreachable, match="did not answer"):
            await use(client)


@pytest.mark.parametrize("use", [events, snapshot_lines])
async def test_a_long_answer_that_falls_silent(use: Use) -> None:
    async def handler(request: str, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b": hello\n", length=False, Jam_Cursor="5-abcd", Jam_Snapshot_Size="99"))
        await writer.drain()
        await silence(request, writer)

    async with against(handler, bounds=Bounds(quiet_seconds=0.2, stream_quiet_seconds=0.2)) as (client, _):
        with pytest.raises(errors.Unreachable, match="sent nothing for"):
            await use(client)


async def test_packed_in_a_way_that_was_not_asked_for() -> None:
    async with against(always(response(b"\x0b\x02\x80{}\x03", Content_Encoding="br"))) as (client, server):
        with pytest.raises(errors.BadAnswer, match="packed"):
            await client.changes()
        assert "accept-encoding: zstd, gzip\r\n" in server.requests[0].lower()


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_broken_packing(coding: str) -> None:
    for body in (
        b"not packed at all",
        (gzip.compress(b"{}" * 999) if coding == "gzip" else zstandard.compress(b"{}" * 999))[:-9],
    ):
        async with against(always(response(body, Content_Encoding=coding))) as (client, _):
            with pytest.raises(errors.BadAnswer):
                await client.changes()


PAGE = b'{"items":[{"seq":1,"mark":"abcd","type":"votes","data":{"post_id":"p","up":1}}],"head":"1-abcd"}'


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("identity", PAGE),
        ("gzip", gzip.compress(PAGE)),
        ("GZIP", gzip.compress(PAGE[:20]) + gzip.compress(PAGE[20:])),
        ("zstd", zstandard.compress(PAGE)),
        ("zstd", zstandard.compress(PAGE[:20]) + zstandard.compress(PAGE[20:])),
    ],
    ids=["identity", "gzip", "gzip in two members", "zstd", "zstd in two frames"],
)
async def test_every_coding_that_is_asked_for(coding: str, body: bytes) -> None:
    async def in_single_bytes(request: str, writer: asyncio.StreamWriter) -> None:
        whole = response(body, Content_Encoding=coding)
        for at in range(len(whole)):
            writer.write(whole[at : at + 1])
            await writer.drain()

    async with against(in_single_bytes) as (client, _):
        page = await client.changes()
    assert page.items == [Change(1, "abcd", "votes", b'{"post_id":"p","up":1}')]
    assert (page.head, page.items[0].cursor) == ("1-abcd", "1-abcd")


# -- what


@pytest.mark.parametrize("name", ["changes", "me", "forums", "vote", "password", "discovery", "stream"])
@pytest.mark.parametrize(
    "body",
    [CASES["json-types"].encode(), b"null", b"[]", b"7", b"{", b"", b'{"a":' * 200_000,
     b'{"items":[{"seq":"1"}],"head":"1-a"}',
     b'{"items":[{"seq":99999999999999999999,"mark":"abcd","type":"post","data":{}}],"head":"1-abcd"}',
     b'{"items":[{"seq":1,"mark":"../\\u001b","type":"post","data":{}}],"head":"1-abcd"}',
     b'{"items":[7],"head":"1-abcd"}'],
)  # fmt: skip
async def test_wrong_types(name: str, body: bytes) -> None:
    if name == "stream":
        body = b"data: " + body + b"\n\n"
    async with against(always(response(body, length=name != "stream"), close=name == "stream")) as (client, _):
        with pytest.raises((errors.BadAnswer, errors.NotAJam)) as caught:
            await CALLS[name](client)
    assert "\x1b" not in str(caught.value)


async def test_a_head_that_is_no_cursor() -> None:
    async with against(always(response(b'{"items":[],"head":"\\u001b[2J"}'))) as (client, _):
        with pytest.raises(errors.BadAnswer) as caught:
            await client.changes()
    assert "\x1b" not in str(caught.value)


async def test_lone_surrogates_and_broken_utf8_become_replacement_characters() -> None:
    hostile = CASES["json-surrogate"].encode()
    page = b'{"items":[{"seq":1,"mark":"abcd","type":"x","data":%s},{"seq":2,"mark":"abcd","type":"x","data":{"t":"\xff\xed\xa0\x80"}}],"head":"2-abcd"}'  # noqa: E501 - one JSON text
    async with against(always(response(page % hostile))) as (client, _):
        items = (await client.changes()).items
    assert json.loads(items[0].raw) == {"text": "a\ufffdb"}
    assert set(json.loads(items[1].raw)["t"]) == {"\ufffd"}


@pytest.mark.parametrize("name", ["me", "changes", "stream", "snapshot"])
async def test_escapes_in_a_problem_document(name: str) -> None:
    document = json.loads(CASES["json-escape-in-error"]) | {"code": "invalid", "detail": "\x1b[2J\u202e\x9b"}
    answer = response(json.dumps(document).encode(), "422 No", "application/problem+json")
    async with against(always(answer)) as (client, _):
        with pytest.raises(errors.Refused) as caught:
            await CALLS[name](client)
    error = caught.value
    assert error.code == "invalid"
    assert not set("\x1b\x07\u202e\x9b") & set(str(error) + error.detail)


async def test_retry_after_of_the_corpus() -> None:
    name, _, value = CASES["retry-after-1"].partition(": ")
    assert name == "Retry-After"
    async with against(always(response(b"{}", "503 Busy", Retry_After=value))) as (client, _):
        with pytest.raises(errors.Unavailable) as caught:
            await client.changes()
    assert caught.value.retry_after is None


def change(seq: int) -> bytes:
    return b'{"seq":%d,"mark":"abcd","type":"x","data":{}}' % seq


def of_the_stream(name: str) -> bytes:
    """A case with changes of the wire in the place of its short texts."""
    data = CASES[name].encode()
    for short, seq in ((b"a", 1), (b"b", 2), (b"c", 3)):
        data = re.sub(rb"data: " + short + rb"(?=[\r\n])", b"data: " + change(seq), data)
    return re.sub(rb'\{"seq":(\d)\}', lambda match: change(int(match[1])), data)


A, B, C, FOUR, FIVE = (Change(seq, "abcd", "x", b"{}") for seq in range(1, 6))
STREAMS: dict[str, list[StreamEvent]] = {
    "sse-crlf-mix": [A, B, Heartbeat(""), C],
    "sse-bom-partial": [A],
    "sse-dup-order": [FIVE, FOUR, FIVE],  # as sent: the mirror applies each once
    "sse-event-esc": [],
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_of_the_corpus_in_single_bytes(name: str) -> None:
    body = response(of_the_stream(name), kind="text/event-stream", length=False)

    async def handler(request: str, writer: asyncio.StreamWriter) -> None:
        for at in range(len(body)):
            writer.write(body[at : at + 1])
            await writer.drain()
        writer.close()

    async with against(handler) as (client, _):
        assert await events(client) == STREAMS[name]


@pytest.mark.parametrize(("name", "seconds"), [("sse-retry", 120.0), ("sse-retry0", 1.0)])
async def test_a_wish_of_the_corpus_is_bounded(name: str, seconds: float) -> None:
    wish, _, rest = CASES[name].encode().partition(b"\n")
    body = wish + b"\n" + rest.replace(b"data: x", b"data: " + change(1))
    body = body if b"seq" in body else body + b": x\n\n"
    async with against(always(response(body, kind="text/event-stream", length=False), close=True)) as (client, _):
        assert (await events(client))[0] == Wish(seconds)


async def test_an_event_of_the_corpus_without_end() -> None:
    case = CASES["sse-noend"].encode()
    async with against(endless(response(b"", length=False), case)) as (client, _):
        memory = Memory()
        with pytest.raises(errors.BadAnswer, match="1,048,576"):
            await events(client)
        assert memory.risen() < 8 * MIB


def test_every_case_of_the_corpus_is_tested() -> None:
    assert set(CASES) == {
        "net-0", "net-gzip-bomb", "net-infinite", "net-slow", "retry-after-1",
        "json-surrogate", "json-types", "json-escape-in-error",
        "sse-noend", "sse-retry", "sse-retry0", *STREAMS,
    }  # fmt: skip


# -- the snapshot


def snapshot_answer(
    body: bytes, size: int | str | None = None, cursor: str = "7-abcd", coding: str = "identity"
) -> bytes:
    return response(
        body, kind="application/x-ndjson", Content_Encoding=coding, Jam_Cursor=cursor,
        Jam_Snapshot_Size=str(len(body) if size is None else size),
    )  # fmt: skip


LINES = [b'{"type":"post","data":{"n":%d,"x":"%s"}}' % (n, b"y" * (n * 37 % 5000)) for n in range(400)]
ARCHIVE = b"\n".join(LINES) + b"\n"


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
@pytest.mark.parametrize("end", [b"\n", b""])
async def test_snapshot_line_by_line(coding: str, end: bytes) -> None:
    archive = b"\n".join(LINES) + end
    packed = {"identity": archive, "gzip": gzip.compress(archive), "zstd": zstandard.compress(archive)}[coding]
    answer = snapshot_answer(packed, len(archive), coding=coding)
    async with against(always(answer)) as (client, _), client.snapshot() as snapshot:
        assert (snapshot.cursor, snapshot.size) == ("7-abcd", len(archive))
        assert [line async for line in snapshot] == LINES


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (snapshot_answer(ARCHIVE, len(ARCHIVE) - 1), errors.BadAnswer, "longer than it said"),
        (snapshot_answer(ARCHIVE, len(ARCHIVE) + 1), errors.Unreachable, "cut off"),
        (snapshot_answer(ARCHIVE, ""), errors.BadAnswer, "its size"),
        (snapshot_answer(ARCHIVE, "-5"), errors.BadAnswer, "its size"),
        (snapshot_answer(ARCHIVE, 1 << 40), errors.BadAnswer, "at most"),
        (snapshot_answer(ARCHIVE, cursor="x"), errors.BadAnswer, "no cursor"),
        (snapshot_answer(b"x" * (MIB + 1) + b"\n"), errors.BadAnswer, "record of more than"),
        (snapshot_answer(b"{}\n" + b"x" * (MIB + 1)), errors.BadAnswer, "record of more than"),
        (snapshot_answer(ARCHIVE)[:-9], errors.Unreachable, "broke off"),
    ],
)
async def test_snapshot_that_is_not_what_it_says(answer: bytes, kind: type[errors.ApiError], words: str) -> None:
    async with against(always(answer, close=True)) as (client, _):
        with pytest.raises(kind, match=words):
            await snapshot_lines(client)


async def test_an_error_of_the_reader_stays_its_own() -> None:
    async with against(always(snapshot_answer(ARCHIVE))) as (client, _):
        with pytest.raises(OSError, match="disk full"):
            async with client.snapshot():
                raise OSError("disk full")


# -- the stream


async def test_stream_events() -> None:
    text = (
        b"\xef\xbb\xbf: head 4-aaaa\n\n"
        b'id: 5-bbbb\ndata: {"seq":5,"mark":"bbbb","type":"post","data":{"id":"p"}}\n\n'
        b"event: from-tomorrow\ndata: {\n\n"
        b": head \x1b[2J\n\n"
        b'data: {"seq":6,"mark":"cccc","type":"of tomorrow","data":{"t":"\\ud800"},"more":1}\n\n'
        b"event: resync\ndata: 9-dddd\n\n"
        b'data: {"seq":7,"mark":"eeee","type":"x","data":{}}\n\n'
    )
    async with against(always(response(text, kind="text/event-stream", length=False), close=True)) as (client, server):
        assert await events(client) == [
            Heartbeat("4-aaaa"),
            Change(5, "bbbb", "post", b'{"id":"p"}'),
            Heartbeat(""),
            Change(6, "cccc", "of tomorrow", b'{"t":"\\ufffd"}'),
            Resync("9-dddd"),
        ]
        assert server.requests[0].startswith("GET /api/v1/stream?after=0-0 ")
        assert "accept-encoding: identity\r\n" in server.requests[0].lower()


async def test_stream_that_breaks_off_is_unreachable_and_half_an_event_is_none() -> None:
    half = b'4\r\n: x\n\r\n20\r\ndata: {"seq":5,"mark":'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with against(always(head + half, close=True)) as (client, _):
        with pytest.raises(errors.Unreachable):
            await events(client)


async def test_stream_event_without_end() -> None:
    async with against(endless(response(b"", length=False), b"data: " + b"y" * 999 + b"\n")) as (client, _):
        with pytest.raises(errors.BadAnswer, match="1,048,576"):
            await events(client)


# -- what we send


async def test_no_cookie_is_kept() -> None:
    answer = response(PAGE, Set_Cookie="who=you; Path=/")
    async with against(always(answer)) as (client, server):
        await client.changes()
        await client.changes()
        assert len(server.requests) == 2
        assert "cookie:" not in server.requests[1].lower()


async def test_a_proxy_of_the_environment_never_sees_calls_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    async with RawServer(always(response(b"{}"))).running() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.origin)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        async with against(always(response(PAGE)), token=CANARY) as (client, server):
            await client.changes()
            assert f"Bearer {CANARY}" in server.requests[0]
        assert proxy.requests == []


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "ä", "a b", ""])
async def test_a_token_that_is_none_is_not_sent(token: str) -> None:
    async with against(always(response(PAGE))) as (client, server):
        client = JamClient(server.origin, tokens=FixedToken(token))
        with pytest.raises(errors.NotSignedIn) as caught:
            await client.changes()
        await client.aclose()
        assert server.requests == []
    assert not token or token not in str(caught.value)


async def test_names_stay_in_their_place_of_the_path() -> None:
    async with against(always(response(b"{}"))) as (client, server):
        for tag in ("..", ".", "a/b", "?x=1#y", "ü \r\n", "\ud800", "%2e%2e"):
            with pytest.raises(errors.BadAnswer):
                await client.put_tag("p", tag)
        paths = [request.split(" ")[1] for request in server.requests]
    assert paths == [
        f"/api/v1/posts/p/tags/{name}"
        for name in ("%2E%2E", "%2E", "a%2Fb", "%3Fx%3D1%23y", "%C3%BC%20%0D%0A", "%3F", "%252e%252e")
    ]


async def test_text_with_half_a_character_is_refused_before_it_is_sent() -> None:
    async with against(always(response(b"{}"))) as (client, server):
        with pytest.raises(errors.Refused, match="half of a character"):
            await client.put_post("p", body="a\ud800b")
        assert server.requests == []


async def test_one_refresh_for_all_calls_and_no_secret_in_any_words() -> None:
    problem = json.dumps({"title": "expired", "status": 401, "code": "token_expired"}).encode()
    fresh = json.dumps(
        {"access_token": "fresh", "token_type": "bearer", "expires_in": 3600, "refresh_token": "next",
         "person": {"id": "p", "handle": "ana", "name": "Ana"}}
    ).encode()  # fmt: skip

    async def handler(request: str, writer: asyncio.StreamWriter) -> None:
        if "/auth/refresh" in request.split("\r\n")[0]:
            writer.write(response(fresh))
        elif "Bearer fresh" in request:
            writer.write(response(PAGE))
        else:
            writer.write(response(problem, "401 No", "application/problem+json"))

    async with RawServer(handler).running() as server, JamClient(server.origin) as for_refresh:
        kept: list[Token] = []
        tokens = RefreshingToken(f"{CANARY}-1", f"{CANARY}-2", refresh=for_refresh.refresh, keep=kept.append)
        async with JamClient(server.origin, tokens=tokens) as client:
            pages = await asyncio.gather(*(client.changes() for _ in range(12)))
            assert CANARY not in repr(client) + repr(tokens)
    assert all(len(page.items) == 1 for page in pages)
    refreshes = [request for request in server.requests if "/auth/refresh" in request.split("\r\n")[0]]
    assert len(refreshes) == 1
    assert "authorization" not in refreshes[0].lower()
    assert [(token.refresh_token, token.person) for token in kept] == [("next", Person("p", "ana", "Ana"))]


async def test_a_dead_sign_in_is_told_once_without_a_loop() -> None:
    problem = json.dumps({"title": "x", "status": 401, "code": "token_unknown"}).encode()
    async with against(always(response(problem, "401 No")), token=CANARY) as (client, server):
        with pytest.raises(errors.NotSignedIn) as caught:
            await client.me()
        assert len(server.requests) == 1
    assert CANARY not in f"{caught.value!r}{caught.value}"
