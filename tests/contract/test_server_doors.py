"""The doors of the server: places for connections, time for a request to arrive, whose address counts, who hears on."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from jamserver import accounts

SOON = 0.15  # seconds that a request may take here


@contextlib.contextmanager
def connected(server: Any) -> Iterator[socket.socket]:
    address = urlsplit(server.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as sock:
        yield sock


def all_of(sock: socket.socket) -> bytes:
    """What comes until the server hangs up; waits for that."""
    pieces = []
    with contextlib.suppress(ConnectionResetError):
        while piece := sock.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)


def an_answer(sock: socket.socket) -> bytes:
    """One answer with a length."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65_536)
        assert piece, data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += sock.recv(65_536)
    return head + b"\r\n\r\n" + body


GET = b"GET /.well-known/jam HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("begun", [b"", b"G", GET[:-2], GET[:-2] + b"X-One: 1\r\n"])
def test_a_head_that_does_not_come_loses_its_place(start_server: Any, begun: bytes) -> None:
    server = start_server(head_within=SOON)
    with connected(server) as sock:
        sock.sendall(begun)
        answer = all_of(sock)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"too_slow"' in answer


def test_the_second_request_of_a_connection_has_the_same_time(start_server: Any) -> None:
    server = start_server(head_within=SOON)
    with connected(server) as sock:
        sock.sendall(GET)
        assert an_answer(sock).startswith(b"HTTP/1.1 200 ")
        sock.sendall(GET[:10])
        assert all_of(sock).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_does_not_come_ends_the_connection(start_jam: Any) -> None:
    jam = start_jam(body_within=SOON)
    head = jam.changes()[-1]
    with connected(jam.server) as sock:
        sock.sendall(
            b"POST /api/v1/auth/password HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b'Content-Length: 100\r\n\r\n{"handle":"ada"'
        )
        assert all_of(sock) == b""
    assert jam.changes()[-1] == head  # and the server goes on


def test_what_waits_for_the_server_is_not_hurried(start_jam: Any) -> None:
    """A stream outlives the times for requests many times over, and so does a connection that rests between two."""
    jam = start_jam(head_within=SOON, body_within=SOON, heartbeat=SOON)
    with connected(jam.server) as resting, jam.guest.stream("GET", "/stream") as answer:
        resting.sendall(GET)
        an_answer(resting)
        beats = 0
        for line in answer.iter_lines():
            beats += line.startswith(": head ")
            if beats == 6:
                break
        resting.sendall(GET)
        assert an_answer(resting).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("limit", ["connections", "connections_per_address"])
def test_places_are_counted_and_come_back(start_server: Any, limit: str) -> None:
    server = start_server(**{limit: 2})
    with connected(server) as one:
        with connected(server) as two:
            for sock in (one, two):
                sock.sendall(GET)
                an_answer(sock)
            with connected(server) as three:
                answer = all_of(three)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"Retry-After: 15\r\n" in answer
        while True:  # the server has to see that the second hung up
            with connected(server) as four:
                four.sendall(GET)
                answer = all_of(four) if four.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 503" else an_answer(four)
            if answer.startswith(b"HTTP/1.1 200 "):
                break
        one.sendall(GET)
        assert an_answer(one).startswith(b"HTTP/1.1 200 ")


def test_an_address_that_stands_for_many_may_have_all_places(start_server: Any) -> None:
    server = start_server(connections_per_address=1, proxies=["127.0.0.1"])
    with connected(server) as one, connected(server) as two:
        for sock in (one, two):
            sock.sendall(GET)
            assert an_answer(sock).startswith(b"HTTP/1.1 200 ")


def test_behind_a_proxy_each_client_has_its_own_tries(start_jam: Any) -> None:
    jam = start_jam(tries_a_minute=1, proxies=["127.0.0.1"])

    def tried(handle: str, address: str) -> int:
        words = {"handle": handle, "password": "wrong wrong wrong"}
        headers = {"X-Forwarded-For": address}
        return int(jam.guest.post("/auth/password", json=words, headers=headers).status_code)

    assert tried("ada", "203.0.113.1") == 401
    assert tried("bob", "203.0.113.1") == 429
    assert tried("bob", "203.0.113.2") == 401


def test_nobody_else_is_believed_about_addresses(start_jam: Any) -> None:
    jam = start_jam(tries_a_minute=1)
    codes = [
        jam.guest.post(
            "/auth/password",
            json={"handle": handle, "password": "wrong wrong wrong"},
            headers={"X-Forwarded-For": address},
        ).status_code
        for handle, address in (("ada", "203.0.113.1"), ("bob", "203.0.113.2"))
    ]
    assert codes == [401, 429]


def test_guests_leave_places_to_who_is_signed_in(start_jam: Any) -> None:
    jam = start_jam(guest_streams=1)
    with jam.guest.stream("GET", "/stream") as first:
        assert first.status_code == 200
        refused = jam.guest.get("/stream")
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        with jam.ada.stream("GET", "/stream") as answer:
            assert answer.status_code == 200


def test_who_signs_out_hears_no_more(start_jam: Any, client: Any) -> None:
    jam = start_jam(heartbeat=SOON)
    token = jam.server.write(
        lambda tx: accounts.grant(tx, tx.db.execute("SELECT id FROM people WHERE handle = 'ada'").fetchall()[0][0])
    )
    with client(jam.url, token.access).stream("GET", "/stream") as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith(": head ")
        assert jam.guest.post("/auth/revoke", json={"token": token.refresh}).status_code == 204
        rest = [line for line, _ in zip(lines, range(40), strict=False) if line]  # it ends by itself
    with jam.ada.stream("GET", "/stream") as other:  # another sign-in of the same person goes on
        beats = [line for line, _ in zip(other.iter_lines(), range(8), strict=False) if line]
    assert len(rest) <= 1
    assert len(beats) == 4


def test_answers_that_nobody_takes_wait_only_so_long_as_there_is_room(
    start_jam: Any, figure: Callable[..., None]
) -> None:
    """Who asks for megabytes and takes nothing costs the server their memory; the first of them makes room."""
    jam = start_jam(unread_per_address=6 << 20)
    for _ in range(50):
        jam.thread(body="\N{SNOWMAN}" * 20_000)
    whole = len(jam.guest.get("/changes").content)
    assert whole > 2 << 20
    with contextlib.ExitStack() as stack:
        slow = []
        for _ in range(6):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            sock.settimeout(10)
            address = urlsplit(jam.server.url)
            sock.connect((str(address.hostname), int(address.port or 0)))
            sock.sendall(b"GET /api/v1/changes HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            sock.recv(1)
            slow.append(sock)
        assert len(jam.guest.get("/changes").content) == whole  # who takes it gets it
        taken = [len(all_of(sock)) > whole for sock in slow]
    assert taken[:4] + taken[5:] == [False] * 4 + [True]  # the fifth made room for who took it, perhaps
    figure("promise 15: of 6 answers of 3 MiB that nobody took, 6 MiB were kept waiting: {:.0f}", sum(taken))


BEGUN = (
    b"POST /api/v1/auth/refresh HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n"
    b'{"refresh_token":"none"'
)


@pytest.mark.parametrize("limit", ["bodies", "bodies_per_address"])
def test_requests_on_their_way_are_counted_and_come_back(start_server: Any, limit: str) -> None:
    """What has come of a body is kept, whoever sends it, and 12,000 connections would keep 1.5 GiB."""
    server = start_server(**{limit: 2})
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connected(server)) for _ in range(2)]
        for sock in slow:
            sock.sendall(BEGUN)
        for _ in range(50):  # the server has to see both
            with connected(server) as third:
                third.sendall(BEGUN)
                third.settimeout(0.2)
                with contextlib.suppress(TimeoutError):
                    assert all_of(third).startswith(b"HTTP/1.1 503 ")
                    break
        else:
            pytest.fail("any number of requests may be on their way")
        slow[0].sendall(b"}")
        assert an_answer(slow[0]).startswith(b"HTTP/1.1 401 ")
        with connected(server) as fourth:
            fourth.sendall(BEGUN + b"}")  # in one piece, and others are begun again
            assert an_answer(fourth).startswith(b"HTTP/1.1 401 ")
        slow[0].sendall(BEGUN)
        slow[0].sendall(b"}")
        assert an_answer(slow[0]).startswith(b"HTTP/1.1 401 ")
