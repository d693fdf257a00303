"""Signing in: passwords, invites, refreshing, revoking, and what a token opens."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import apsw
import httpx
import pytest

from jamserver import accounts, objects
from jamserver.cli import main
from jamserver.log import Tx

PASSWORD = "correct horse"


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def give_password(jam: Any, handle: str, password: str = PASSWORD) -> None:
    hashed = accounts.hash_password(password)

    def job(tx: Tx) -> None:
        found = objects.find_person(tx.db, handle)
        assert found is not None
        accounts.set_password(tx, found[0], hashed)

    jam.server.write(job)


def sign_in(jam: Any, handle: str = "ada", password: str = PASSWORD) -> httpx.Response:
    return httpx.Client.post(jam.guest, "/auth/password", json={"handle": handle, "password": password})


def me(jam: Any, token: str) -> httpx.Response:
    return httpx.Client.get(jam.guest, "/me", headers={"Authorization": f"Bearer {token}"})


def test_a_password_gets_tokens(jam: Any) -> None:
    give_password(jam, "ada")
    answer = sign_in(jam, "ADA")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()
    assert set(token) == {"access_token", "token_type", "expires_in", "refresh_token", "person"}
    assert (token["token_type"], token["expires_in"], token["person"]["handle"]) == ("Bearer", 3600, "ada")
    assert me(jam, token["access_token"]).json() == token["person"]
    assert code_of(me(jam, token["refresh_token"])) == (401, "token_unknown")


def test_passwords_are_compared_in_one_unicode_form(jam: Any) -> None:
    give_password(jam, "ada", "cafe\u0301 au lait")
    assert sign_in(jam, "ada", "caf\u00e9 au lait").status_code == 200


def test_a_wrong_password_and_an_unknown_handle_are_answered_alike(jam: Any) -> None:
    give_password(jam, "ada")
    answers = [sign_in(jam, "ada", "wrong"), sign_in(jam, "nobody", "wrong"), sign_in(jam, "bob", PASSWORD)]
    assert [code_of(answer) for answer in answers] == [(401, "wrong_password")] * 3
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].headers["www-authenticate"].startswith("Bearer")


def test_failed_sign_ins_are_limited_by_handle_and_address(start_jam: Any) -> None:
    jam = start_jam(tries_a_minute=3)
    give_password(jam, "ada")
    for _ in range(3):
        assert sign_in(jam).status_code == 200  # what succeeds does not count
    for _ in range(3):
        assert code_of(sign_in(jam, "ada", "wrong")) == (401, "wrong_password")
    refused = sign_in(jam)
    assert code_of(refused) == (429, "rate_limited")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert code_of(sign_in(jam, "bob", "wrong")) == (429, "rate_limited")
    invite = jam.guest.post("/auth/invite", json={"code": "x", "handle": "eve"})
    assert code_of(invite) == (429, "rate_limited")


def test_wrong_tries_from_one_address_do_not_keep_a_person_out(start_jam: Any) -> None:
    jam = start_jam(tries_a_minute=2, proxies=["127.0.0.1"])
    give_password(jam, "ada")
    person = sign_in(jam).json()["person"]["id"]

    def tried(handle: str, address: int, password: str = "wrong") -> int:
        words = {"handle": handle, "password": password}
        headers = {"X-Forwarded-For": f"203.0.113.{address}"}
        return int(jam.guest.post("/auth/password", json=words, headers=headers).status_code)

    assert [tried("ada", 1) for _ in range(30)] == [401] * 2 + [429] * 28
    assert tried("ada", 2, PASSWORD) == 200
    # From many addresses together they have ten times as many, however the handle is written.
    assert [tried(("ADA", person, "ada")[at % 3], 10 + at // 2) for at in range(18)] == [401] * 18
    assert [tried(handle, 2, PASSWORD) for handle in ("ada", "Ada", person)] == [429] * 3
    # ...which costs nothing of what the address has for others.
    assert [tried("bob", 2) for _ in range(3)] == [401, 401, 429]
    # Nobody's handle is counted as well, in one Unicode form.
    assert [tried(("\u00e9ve", "E\u0301VE")[at % 2], 100 + at // 2) for at in range(21)] == [401] * 20 + [429]


def test_an_invite_makes_one_person(jam: Any) -> None:
    code = jam.server.write(lambda tx: accounts.new_invite(tx, "expert"))
    taken = jam.guest.post("/auth/invite", json={"code": code, "handle": "Ada"})
    assert code_of(taken) == (409, "handle_taken")
    wrong = jam.guest.post("/auth/invite", json={"code": code, "handle": "not a handle"})
    assert wrong.json()["errors"][0]["pointer"] == "/handle"
    for false in ("\u0430dmin", "ev\u0435", "\u03b1na"):  # a letter of another alphabet in it
        mixed = jam.guest.post("/auth/invite", json={"code": code, "handle": false})
        assert (mixed.status_code, mixed.json()["errors"][0]["pointer"]) == (422, "/handle")
    short = jam.guest.post("/auth/invite", json={"code": code, "handle": "eve", "password": "short"})
    assert short.json()["errors"][0]["pointer"] == "/password"
    # None of these spent the code.
    made = jam.guest.post("/auth/invite", json={"code": code, "handle": "Éve", "name": " Eve ", "password": PASSWORD})
    assert made.status_code == 200, made.text
    person = made.json()["person"]
    assert (person["handle"], person["name"], person["role"]) == ("éve", "Eve", "expert")
    assert me(jam, made.json()["access_token"]).json() == person
    assert jam.changes()[-1]["data"] == person
    assert sign_in(jam, "éve").status_code == 200
    assert code_of(jam.guest.post("/auth/invite", json={"code": code, "handle": "eve2"})) == (401, "invite_unknown")


def test_every_refusal_of_a_sign_in_costs_one_hash_off_the_event_loop(
    start_jam: Any, monkeypatch: pytest.MonkeyPatch, figure: Callable[..., None]
) -> None:
    """Who asks cannot tell a handle that is there from one that is not: not by the words, nor by the work."""
    jam = start_jam(tries_a_minute=10**6)
    give_password(jam, "ada")
    threads: list[str] = []
    real = accounts.password_fits

    def watched(stored: str, password: str) -> bool:
        threads.append(threading.current_thread().name)
        return real(stored, password)

    monkeypatch.setattr(accounts, "password_fits", watched)
    cases = {"wrong password": "ada", "unknown handle": "nobody", "no password": "bob", "no handle": "no such handle"}
    took: dict[str, list[float]] = {case: [] for case in cases}
    for _ in range(10):
        for case, handle in cases.items():
            before = len(threads)
            began = time.perf_counter()
            answer = sign_in(jam, handle, "wrong")
            took[case].append(time.perf_counter() - began)
            assert code_of(answer) == (401, "wrong_password")
            assert len(threads) == before + 1, case
    assert {name.partition("_")[0] for name in threads} == {"asyncio"}  # the pool of to_thread, not the loop's thread
    medians = {case: statistics.median(times) for case, times in took.items()}
    spread = max(medians.values()) / min(medians.values())
    figure("sign-in: refused for four reasons, the slowest median took {:.2f} of the fastest", spread)


def test_a_taken_handle_is_told_only_to_who_has_a_code(jam: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    monkeypatch.setattr(accounts, "hash_password", hashed.append)
    for handle in ("ada", "free", "not a handle"):
        asked = {"code": "made up", "handle": handle, "password": PASSWORD}
        assert code_of(jam.guest.post("/auth/invite", json=asked)) == (401, "invite_unknown")
    assert hashed == []
    jam.server.write(lambda tx: objects.change_jam(tx, {"guests": False}))
    answers = [jam.guest.get(f"/people/{handle}") for handle in ("ada", "nobody")]
    assert [code_of(answer) for answer in answers] == [(403, "guests_refused")] * 2


def test_a_code_tells_of_few_handles_a_minute_and_a_company_comes_from_one_address(start_jam: Any) -> None:
    jam = start_jam(tries_a_minute=3)
    codes = [jam.server.write(lambda tx: accounts.new_invite(tx, "participant")) for _ in range(6)]

    def enter(code: str, handle: str) -> int:
        return int(httpx.Client.post(jam.guest, "/auth/invite", json={"code": code, "handle": handle}).status_code)

    assert [enter(codes[0], "ada") for _ in range(4)] == [409, 409, 409, 429]
    assert [enter("made up", "eve") for _ in range(4)] == [401, 401, 401, 429]
    assert [enter(code, f"eve{number}") for number, code in enumerate(codes[1:])] == [200] * 5


def test_no_secret_is_taken_for_an_option() -> None:
    """``login URL --invite -x...`` is an option that nobody knows: one code in 64 began so."""
    assert not [made for made in (accounts.new_secret() for _ in range(2_000)) if made.startswith("-")]


def test_invites_end_and_are_taken_back(start_jam: Any, capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    jam = start_jam(clock=clock)
    file = ["--db", str(jam.server.db)]

    def made(*words: str) -> dict[str, Any]:
        capsys.readouterr()
        assert main(["invite", *file, "--json", *words]) == 0
        return dict(json.loads(capsys.readouterr().out))

    def enter(code: str, handle: str) -> httpx.Response:
        return httpx.Client.post(jam.guest, "/auth/invite", json={"code": code, "handle": handle})

    short, long, unwanted = made("--days", "1"), made("--role", "expert"), made()
    assert main(["invites", *file, "--json"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["name"]: row["role"] for row in listed} == {
        short["name"]: "participant", long["name"]: "expert", unwanted["name"]: "participant",
    }  # fmt: skip
    assert not any(one["code"] in json.dumps(listed) for one in (short, long, unwanted))
    assert main(["invites", *file, "--withdraw", unwanted["name"]]) == 0
    assert main(["invites", *file, "--withdraw", unwanted["name"]]) == 5
    assert code_of(enter(unwanted["code"], "eve")) == (401, "invite_unknown")
    clock.now += timedelta(days=2)
    assert code_of(enter(short["code"], "eve")) == (401, "invite_unknown")
    assert enter(long["code"], "eve").json()["person"]["role"] == "expert"
    clock.now += timedelta(days=29)
    assert code_of(enter(made()["code"] + "x", "eve2")) == (401, "invite_unknown")


def test_refreshing_is_limited_for_strangers_and_for_one_sign_in(start_jam: Any) -> None:
    jam = start_jam(tries_a_minute=3, sign_ins=3)
    give_password(jam, "ada")
    token = sign_in(jam).json()
    made_up = [jam.guest.post("/auth/refresh", json={"refresh_token": f"made-up-{n}"}) for n in range(4)]
    assert [answer.status_code for answer in made_up] == [401, 401, 401, 429]
    for _ in range(3):  # whom others of the address do not hold up
        answer = refreshed(jam, token)
        assert answer.status_code == 200
        token = answer.json()
    assert code_of(refreshed(jam, token)) == (429, "rate_limited")
    assert [sign_in(jam).status_code for _ in range(3)] == [200, 200, 429]


def test_somebody_is_signed_out_everywhere(jam: Any, capsys: pytest.CaptureFixture[str]) -> None:
    give_password(jam, "ada")
    tokens = [sign_in(jam).json() for _ in range(2)]
    assert main(["person", "signout", "ada", "--db", str(jam.server.db), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"handle": "ada", "ended": 3}  # with that of the fixture
    for token in tokens:
        assert code_of(me(jam, token["access_token"])) == (401, "token_unknown")
        assert code_of(refreshed(jam, token)) == (401, "token_unknown")
    assert jam.bob.get("/me").status_code == 200
    assert main(["person", "signout", "nobody", "--db", str(jam.server.db)]) == 5


def test_refresh_tokens_rotate_and_a_spent_one_ends_the_sign_in(jam: Any) -> None:
    give_password(jam, "ada")
    first, other = sign_in(jam).json(), sign_in(jam).json()
    second = jam.guest.post("/auth/refresh", json={"refresh_token": first["refresh_token"]}).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert me(jam, second["access_token"]).status_code == 200
    spent = jam.guest.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert code_of(spent) == (401, "token_unknown")
    for token in (first["access_token"], second["access_token"]):
        assert code_of(me(jam, token)) == (401, "token_unknown")
    ended = jam.guest.post("/auth/refresh", json={"refresh_token": second["refresh_token"]})
    assert code_of(ended) == (401, "token_unknown")
    assert me(jam, other["access_token"]).status_code == 200
    assert code_of(jam.guest.post("/auth/refresh", json={"refresh_token": other["access_token"]}))[0] == 401


def refreshed(jam: Any, token: dict[str, Any]) -> httpx.Response:
    return httpx.Client.post(jam.guest, "/auth/refresh", json={"refresh_token": token["refresh_token"]})


def test_a_lost_answer_to_a_refresh_ends_nothing(start_jam: Any) -> None:
    clock = Clock()
    jam = start_jam(clock=clock)
    give_password(jam, "ada")
    first = sign_in(jam).json()
    assert me(jam, first["access_token"]).status_code == 200
    lost = []
    for later in (timedelta(hours=2), timedelta(seconds=5), timedelta(days=3)):  # twice lost, and a long tunnel
        clock.now += later
        lost.append(refreshed(jam, first).json())
    got = lost.pop()
    assert me(jam, got["access_token"]).status_code == 200
    for nobodys in lost:
        assert code_of(me(jam, nobodys["access_token"])) == (401, "token_unknown")
    clock.now += timedelta(hours=2)
    assert refreshed(jam, got).status_code == 200


def test_whoever_comes_with_a_lost_refresh_token_ends_the_sign_in(start_jam: Any) -> None:
    clock = Clock()
    jam = start_jam(clock=clock)
    give_password(jam, "ada")
    first = sign_in(jam).json()
    clock.now += timedelta(hours=2)
    copied = refreshed(jam, first).json()
    clock.now += timedelta(seconds=5)
    got = refreshed(jam, first).json()
    assert me(jam, got["access_token"]).status_code == 200
    assert code_of(refreshed(jam, copied)) == (401, "token_unknown")
    assert code_of(me(jam, got["access_token"])) == (401, "token_unknown")


@pytest.mark.parametrize("used", ["access_token", "refresh_token"])
def test_a_copy_of_a_spent_refresh_token_is_known_however_late_it_comes(start_jam: Any, used: str) -> None:
    clock = Clock()
    jam = start_jam(clock=clock)
    give_password(jam, "ada")
    first = sign_in(jam).json()
    clock.now += timedelta(hours=2)
    second = refreshed(jam, first).json()
    clock.now += timedelta(seconds=5)
    if used == "access_token":
        assert me(jam, second["access_token"]).status_code == 200
    else:
        assert refreshed(jam, second).status_code == 200
    clock.now += timedelta(days=4)
    assert sign_in(jam).status_code == 200  # clears away what ended long ago
    assert code_of(refreshed(jam, first)) == (401, "token_unknown")
    assert code_of(refreshed(jam, second)) == (401, "token_unknown")


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_either_token_signs_out(jam: Any, which: str) -> None:
    give_password(jam, "ada")
    token = sign_in(jam).json()
    assert jam.guest.post("/auth/revoke", json={"token": token[which]}).status_code == 204
    assert code_of(me(jam, token["access_token"])) == (401, "token_unknown")
    assert jam.guest.post("/auth/refresh", json={"refresh_token": token["refresh_token"]}).status_code == 401
    assert jam.guest.post("/auth/revoke", json={"token": "never known"}).status_code == 204


def test_access_lives_an_hour_and_refresh_thirty_days(start_jam: Any) -> None:
    clock = Clock()
    jam = start_jam(clock=clock)
    give_password(jam, "ada")
    token = sign_in(jam).json()
    clock.now += timedelta(minutes=59)
    assert me(jam, token["access_token"]).status_code == 200
    clock.now += timedelta(minutes=2)
    expired = me(jam, token["access_token"])
    assert code_of(expired) == (401, "token_expired")
    assert 'error="invalid_token"' in expired.headers["www-authenticate"]
    clock.now += timedelta(days=29)
    renewed = jam.guest.post("/auth/refresh", json={"refresh_token": token["refresh_token"]})
    assert renewed.status_code == 200
    clock.now += timedelta(days=31)
    late = jam.guest.post("/auth/refresh", json={"refresh_token": renewed.json()["refresh_token"]})
    assert code_of(late) == (401, "token_unknown")


def test_a_bad_token_is_refused_even_where_guests_read(jam: Any) -> None:
    for header in ("Bearer nonsense", "Basic YTpi", "Bearer"):
        answer = jam.guest.get("/forums", headers={"Authorization": header})
        assert code_of(answer) == (401, "token_unknown")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert jam.guest.get("/forums").status_code == 200
    assert code_of(jam.guest.get("/me")) == (401, "not_signed_in")


def test_a_jam_without_guests(jam: Any) -> None:
    jam.server.write(lambda tx: objects.change_jam(tx, {"guests": False}))
    for address in ("/jam", "/forums", "/posts", "/changes", "/snapshot", "/stream", "/people"):
        assert code_of(jam.guest.get(address)) == (403, "guests_refused"), address
    assert jam.ada.get("/forums").status_code == 200
    root = jam.url
    ways = httpx.get(f"{root}/.well-known/jam").json()["sign_in"]
    assert [way["type"] for way in ways] == ["invite", "password"]


def test_a_role_counts_from_the_next_request(jam: Any) -> None:
    post = jam.thread()
    match = {"If-Match": '"1"'}
    assert jam.bob.delete(f"/posts/{post['id']}", headers=match).status_code == 403
    bob = jam.bob.get("/me").json()
    jam.server.write(lambda tx: objects.set_role(tx, bob["id"], "moderator"))
    assert jam.bob.get("/me").json()["role"] == "moderator"
    assert jam.bob.delete(f"/posts/{post['id']}", headers=match).status_code == 200


def test_no_secret_is_in_the_file(jam: Any) -> None:
    give_password(jam, "ada")
    token = sign_in(jam).json()
    code = jam.server.write(lambda tx: accounts.new_invite(tx, "participant"))
    jam.server.stop()
    raw = b"".join(path.read_bytes() for path in jam.server.db.parent.iterdir())
    for secret in (PASSWORD, token["access_token"], token["refresh_token"], code):
        assert secret.encode() not in raw
    with apsw.Connection(str(jam.server.db)) as db:
        (hashed,) = next(db.execute("SELECT hash FROM passwords"))
    assert str(hashed).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_stream_ends_with_the_token_that_opened_it(start_jam: Any) -> None:
    clock = Clock()
    jam = start_jam(clock=clock, heartbeat=0.05)
    give_password(jam, "ada")
    token = sign_in(jam).json()["access_token"]
    clock.now += timedelta(seconds=3599.8)
    with jam.guest.stream("GET", "/stream", headers={"Authorization": f"Bearer {token}"}) as answer:
        lines = list(answer.iter_lines())
    assert lines[0].startswith(": head")
