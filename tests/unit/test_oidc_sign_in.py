"""Signing in with an organisation as a whole, before an issuer and a Jam that do what no real one does (or seldom)."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from raw_issuer import PERSON, TOKEN, RawIssuer, jwt
from raw_server import RawServer

from api_client import errors
from api_client.models import SignInWay, Token
from api_client.oidc import ACCESS_TOKEN, ID_TOKEN
from jamtui import cli
from jamtui.archive import Person
from jamtui.browser import place
from jamtui.commands import texts
from jamtui.credentials import open_store
from jamtui.device_page import NewAccount, Page
from jamtui.errors import JamError, UsageError
from jamtui.paths import Home
from jamtui.store import registry
from jamtui.store.registry import KnownJam
from jamtui.sync import oidc, sign_in

EXCHANGE = "/api/v1/auth/oidc"
DESKTOP = {"DISPLAY": ":0"}
SSH = {"SSH_CONNECTION": "10.0.0.9 50000 10.0.0.1 22", "USER": "ana"}


@pytest.fixture(autouse=True)
def _outside_a_container(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The tests may run in one; what is looked for on the disk is looked for in a folder of theirs."""
    monkeypatch.setattr("api_client.oidc._LEAST_INTERVAL", 0.01)
    monkeypatch.setattr(oidc, "place", lambda environ: place(environ, "linux", tmp_path / "root"))


class Seen:
    def __init__(self) -> None:
        self.pages: list[Page] = []
        self.told: list[str] = []
        self.asked: list[NewAccount] = []
        self.answer: bool | type[BaseException] = True

    def page(self, page: Page) -> None:
        self.pages.append(page)

    def tell(self, text: str) -> None:
        self.told.append(text)

    async def is_you(self, new: NewAccount) -> bool:
        self.asked.append(new)
        if not isinstance(self.answer, bool):
            raise self.answer
        return self.answer


@contextlib.asynccontextmanager
async def raw_jam() -> AsyncIterator[RawIssuer]:
    async with RawIssuer().running() as raw:
        yield raw


async def enter(
    raw: RawIssuer,
    tmp_path: Path,
    way: str = "device",
    environ: Mapping[str, str] = SSH,
    seen: Seen | None = None,
    **more: Any,
) -> tuple[KnownJam, Seen]:
    seen = seen or Seen()
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path / "home")})
    offer = await sign_in.discover(raw.url)
    jam = await oidc.enter(home, offer, seen, way=way, store="file", environ=environ, **more)
    assert registry.find(home, None).me == jam.me
    return jam, seen


def shown_to_jam(raw: RawIssuer) -> list[tuple[str, str]]:
    return [(one["subject_token"], one["subject_token_type"]) for one in raw.asked_at(EXCHANGE)]


async def test_the_access_token_first_then_the_id_token(tmp_path: Path, figure: Callable[[str], None]) -> None:
    async with raw_jam() as raw:
        refused = (401, {"code": "issuer_token_refused", "detail": "wrong audience"})
        raw.answers[EXCHANGE] = [refused, (200, TOKEN)]
        tokens = raw.tokens(refresh_token="of-the-issuer")
        raw.answers["/token"] = [(200, tokens)]
        jam, seen = await enter(raw, tmp_path)
        assert jam.me.handle == "ada"
        assert shown_to_jam(raw) == [(tokens["access_token"], ACCESS_TOKEN), (tokens["id_token"], ID_TOKEN)]
        assert [page.code for page in seen.pages] == ["ABCD-EFGH"]
        (revoked,) = raw.asked_at("/revoke")
        assert revoked == {"token": "of-the-issuer", "token_type_hint": "refresh_token", "client_id": "jamtui"}
        for path in ("/device", "/token"):
            assert {one["resource"] for one in raw.asked_at(path)} == {raw.url}
        kept = b"".join(file.read_bytes() for file in (tmp_path / "home").rglob("*") if file.is_file())
        assert b"of-the-jam" in kept
        held = ("of-the-issuer", tokens["access_token"], tokens["id_token"], '"dc"', "ABCD-EFGH")
        left = [one for one in held if one.encode() in kept]
        assert left == []
        figure(f"promise 5: {len(left)} of {len(held)} secrets of an issuer kept after a sign-in by it")


@pytest.mark.parametrize(
    "access", ["opaque", jwt(aud="https://graph.example"), jwt(aud=["other"])], ids=["opaque", "other", "others"]
)
async def test_a_token_that_is_not_for_the_jam_never_gets_there(
    access: str, tmp_path: Path, figure: Callable[..., None]
) -> None:
    async with raw_jam() as raw:
        raw.answers["/token"] = [(200, raw.tokens(access_token=access))]
        await enter(raw, tmp_path)
        assert [kind for _, kind in shown_to_jam(raw)] == [ID_TOKEN]
        raw.answers["/token"] = [(200, {"access_token": access})]
        with pytest.raises(errors.BadAnswer, match="nothing that says who you are"):
            await enter(raw, tmp_path)
        assert len(shown_to_jam(raw)) == 1
        figure("promise 5: {:.0f} of {} access tokens for others given to a Jam", 0)


@pytest.mark.parametrize("audience", ["https://graph.example", "jamtui", "of the jam and another"])
async def test_a_jam_gets_no_token_for_what_it_names(
    audience: str, tmp_path: Path, figure: Callable[..., None]
) -> None:
    """A hostile Jam: a real issuer, a client that people agreed to long ago, and the scopes and resource to rob."""
    async with raw_jam() as raw:
        aud = [raw.url, "https://graph.example"] if audience.startswith("of the jam") else audience
        raw.way |= {"scopes": ["https://graph.example/.default", "offline_access", "email"], "resource": audience}
        raw.answers["/token"] = [(200, raw.tokens(access_token=jwt(iss=raw.url, aud=aud)))]
        _, seen = await enter(raw, tmp_path)
        (asked,) = raw.asked_at("/device")
        assert asked == {"client_id": "jamtui", "scope": "openid email"}
        assert "resource" not in raw.asked_at("/token")[0]
        assert [kind for _, kind in shown_to_jam(raw)] == [ID_TOKEN]
        said = (
            f"The Jam wants access to {audience}, https://graph.example/.default, offline_access: it is not asked for."
        )
        assert seen.pages[0].notes == (said,)
    figure("promise 5: {:.0f} of {} access tokens for others given to a Jam", 0)


@pytest.mark.parametrize("answer", [False, asyncio.CancelledError, True], ids=["no", "given up", "yes"])
async def test_nothing_is_kept_of_a_new_account_before_somebody_says_that_it_is_theirs(
    answer: bool | type[BaseException], tmp_path: Path
) -> None:
    """Beside a known one: a stranger may have led the sign-in to an account of theirs. The sign-in ends at the Jam."""
    async with raw_jam() as raw:
        raw.answers["/api/v1/auth/revoke"] = [(200, {})]
        jam, seen = await enter(raw, tmp_path)
        _, again = await enter(raw, tmp_path)
        assert (seen.asked, again.asked) == ([], [])  # the first one, and the same one
        ended = len(raw.asked_at("/api/v1/auth/revoke"))
        other = {"id": "019b76da-a800-7000-8000-000000000003", "handle": "carol\u202e", "name": "Carol", "role": "host"}
        raw.answers[EXCHANGE] = [
            (200, TOKEN | {"access_token": "of-carol", "refresh_token": "of-carol-too", "person": PERSON | other})
        ]
        seen = Seen()
        seen.answer = answer
        home = Home.from_env({"JAMTUI_HOME": str(tmp_path / "home")})
        if answer is True:
            assert (await enter(raw, tmp_path, seen=seen))[0].me.person_id == other["id"]
            assert len(registry.known(home)) == 2
            assert len(raw.asked_at("/api/v1/auth/revoke")) == ended
        else:
            with pytest.raises((JamError, asyncio.CancelledError)) as told:
                await enter(raw, tmp_path, seen=seen)
            if answer is False:
                assert "is not you" in str(told.value)
            assert [one.folder for one in registry.known(home)] == [jam.folder]
            assert registry.find(home, None).folder == jam.folder
            assert raw.asked_at("/api/v1/auth/revoke")[ended:] == [{"token": "of-carol-too"}]
            kept = b"".join(file.read_bytes() for file in (tmp_path / "home").rglob("*") if file.is_file())
            assert b"of-carol" not in kept
        (asked,) = seen.asked
        assert asked.known == "@ada"
        assert asked.handle.startswith("@carol")
        assert "\u202e" not in asked.question + asked.why


async def test_beside_a_guest_nobody_is_asked(tmp_path: Path) -> None:
    """Who reads as a guest is nobody yet: the folder becomes that of the one who signs in."""
    async with raw_jam() as raw:
        home = Home.from_env({"JAMTUI_HOME": str(tmp_path / "home")})
        guest = await sign_in.guest(home, await sign_in.discover(raw.url))
        jam, seen = await enter(raw, tmp_path)
        assert seen.asked == []
        assert jam.folder == guest.folder


async def test_one_of_several_organisations_is_meant_by_name_host_or_address(tmp_path: Path) -> None:
    async with raw_jam() as raw, raw_jam() as other:
        raw.way["name"] = "Staff"
        raw.more = [
            other.way | {"name": "Part\u202eners"},
            raw.way | {"issuer": "https://third.example/a", "name": "Third"},
        ]
        offer = await sign_in.discover(raw.url)
        assert oidc.organisation(offer).issuer == raw.url
        host = other.url.removeprefix("http://")
        shown = oidc.name_of(oidc.organisations(offer)[1]).partition("“")[2].removesuffix("”)")
        assert "\u202e" not in shown
        for named in (other.url, host, shown, f" {shown.upper()} "):
            assert oidc.organisation(offer, named).issuer == other.url
        with pytest.raises(UsageError) as told:
            oidc.organisation(offer, "Fourth")
        assert "names no organisation Fourth" in told.value.title
        assert f"Staff”) at {raw.url}; {host} (“{shown}”) at {other.url}; third.example" in told.value.hint
        raw.more[1]["name"] = "Staff"
        with pytest.raises(UsageError, match="more than one organisation goes by staff"):
            oidc.organisation(await sign_in.discover(raw.url), "staff")
        await enter(raw, tmp_path, issuer=host)
        assert len(other.asked_at("/device")) == 1
        assert raw.asked_at("/device") == []
        assert len(raw.asked_at(EXCHANGE)) == 1  # the Jam's own


@pytest.mark.parametrize(
    ("words", "typed", "taken"),
    [
        (["--device", "--issuer", "partners"], "", "second"),
        (["--issuer", "partners"], "", "second"),
        (["--device"], "", "first"),
        (["--device"], "2", "second"),
        (["--device"], "Partners", "second"),
        (["--device"], "3", ""),
        (["--device", "--issuer", "nobody"], "", ""),
        (["--guest", "--issuer", "partners"], "", ""),
    ],
    ids=" ".join,
)
async def test_the_command_takes_the_organisation_that_is_named_or_asks(
    words: list[str], typed: str, taken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("JAMTUI_HOME", str(tmp_path))
    monkeypatch.setenv("SSH_CONNECTION", SSH["SSH_CONNECTION"])
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(texts, "on_terminal", lambda: True)
    asked: list[str] = []
    monkeypatch.setattr(texts, "ask", lambda question: (asked.append(question), typed)[1])
    async with raw_jam() as raw, raw_jam() as other:
        raw.way["name"] = "Staff"
        raw.more = [other.way | {"name": "Partners"}]
        code = await asyncio.to_thread(cli.main, ["login", raw.url, *words, "--store", "file"])
        told = capsys.readouterr().err
        assert (code, bool(asked)) == (0 if taken else 2, "--issuer" not in words), told
        assert [len(one.asked_at("/device")) for one in (raw, other)] == [taken == "first", taken == "second"]
        assert ("Staff”)" in told) == (words[0] != "--guest" and "partners" not in words)


async def test_two_who_sign_in_at_once_do_not_both_take_the_folder_of_the_guest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would have the drafts of both, and what the second one wrote down would say whose it is."""
    held_off, free, locked = threading.Event(), registry._free, sign_in._locked

    def looked(jam: KnownJam) -> bool:
        """Whoever sees the guest's folder goes on only when another one is here too, or has to wait."""
        if threading.current_thread() is not first:
            held_off.set()
        else:
            assert held_off.wait(60)
        return free(jam)

    def tried(file: int) -> bool:
        mine = locked(file)
        if not mine:
            held_off.set()
        return mine

    monkeypatch.setattr(registry, "_free", looked)
    monkeypatch.setattr(sign_in, "_locked", tried)
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    async with raw_jam() as raw:
        offer = await sign_in.discover(raw.url)
        guest = await sign_in.guest(home, offer)
    entered: list[KnownJam] = []

    def enter_as(handle: str) -> None:
        keep = open_store("file", home=home, environ={})
        person = Person(f"id of {handle}", handle, handle.title())
        token = Token(f"token-of-{handle}", "Bearer", person)
        entered.append(asyncio.run(sign_in.kept(home, offer, keep, token, {})))

    inside = threading.Event()
    monkeypatch.setattr(registry, "known", lambda home, known=registry.known: (inside.set(), known(home))[1])
    first = threading.Thread(target=enter_as, args=("ana",))
    first.start()
    assert await asyncio.to_thread(inside.wait, 60)
    second = threading.Thread(target=enter_as, args=("bob",))
    second.start()
    for one in (first, second):
        await asyncio.to_thread(one.join)
    assert {jam.me.handle: jam.folder.is_dir() for jam in entered} == {"ana": True, "bob": True}
    assert len({jam.folder for jam in entered}) == 2
    assert {jam.me.handle: jam.folder for jam in registry.known(home)} == {j.me.handle: j.folder for j in entered}
    assert next(jam for jam in entered if jam.me.handle == "ana").folder == guest.folder
    assert sorted(path.name for path in home.jams.iterdir()) == sorted([*(j.folder.name for j in entered), "last"])


@pytest.mark.parametrize("how", ["nobody listens", "breaks off"])
async def test_an_issuer_that_is_down_is_told_as_the_organisations(how: str, tmp_path: Path) -> None:
    """Not as an address to check: the person has typed none of it."""

    async def hang_up(_: str, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with raw_jam() as raw, contextlib.AsyncExitStack() as stack:
        there = await stack.enter_async_context(RawServer(hang_up).running())
        raw.way["issuer"] = there.origin
        if how == "nobody listens":
            await stack.aclose()
        with pytest.raises(errors.Unreachable) as told:
            await enter(raw, tmp_path)
        assert f"The sign-in of the organisation at {raw.way['issuer'][7:]} is down" in told.value.title
        assert told.value.hint.startswith("The Jam itself answers. Try again later, or another way to sign in")


def test_the_host_of_an_issuer_stands_before_its_name() -> None:
    way = SignInWay("oidc", "https://evil.example/x", "jamtui", "Microsoft (login.microsoftonline.com)” \u202e")
    assert oidc.name_of(way).startswith("evil.example (“Microsoft (login.microsoftonline.com)' ")
    assert oidc.name_of(SignInWay("oidc", "https://id.example", "jamtui")) == "id.example"


async def test_clocks_that_are_apart_are_told(tmp_path: Path) -> None:
    async with raw_jam() as raw:
        raw.answers[EXCHANGE] = [(401, {"code": "issuer_token_refused", "detail": "issued in the future"})]
        raw.clock = 600
        with pytest.raises(errors.NotSignedIn, match="10 minutes ahead of that of the Jam") as caught:
            await enter(raw, tmp_path)
        assert "issued in the future" in caught.value.hint
        raw.clock = 0
        with pytest.raises(errors.NotSignedIn) as caught:
            await enter(raw, tmp_path)
        assert "clock" not in str(caught.value)
        assert "issued in the future" in caught.value.hint
        assert len(raw.asked_at("/revoke")) == 2


@pytest.mark.parametrize("issued", [10**400, -(10**400), 1e308, True, "soon", [1]], ids=lambda one: repr(one)[:9])
async def test_a_time_that_no_clock_shows_explains_nothing(issued: object, tmp_path: Path) -> None:
    async with raw_jam() as raw:
        raw.answers["/token"] = [(200, raw.tokens(id_token=jwt(iss=raw.url, aud="jamtui", iat=issued, exp=issued)))]
        raw.answers[EXCHANGE] = [(401, {"code": "issuer_token_refused", "detail": "no time"})]
        with pytest.raises(errors.NotSignedIn) as caught:
            await enter(raw, tmp_path)
        assert "no time" in caught.value.hint


async def test_a_page_for_the_code_elsewhere_is_told(tmp_path: Path) -> None:
    async with raw_jam() as raw:
        grant = raw.answers["/device"][0][1]
        raw.answers["/device"] = [(200, grant | {"verification_uri": "https://login.example/device"})]
        _, seen = await enter(raw, tmp_path)
    (page,) = seen.pages
    assert (page.url, page.qr) == ("https://login.example/device", "https://login.example/device")
    assert page.notes == (f"The page for the code is at login.example, not at {raw.url.partition('://')[2]}.",)


async def test_a_jam_that_cannot_reach_the_issuer_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await real(0)

    async with raw_jam() as raw:
        monkeypatch.setattr(oidc.asyncio, "sleep", sleep)
        raw.answers[EXCHANGE] = [(503, {"code": "issuer_unreachable"})] * 2 + [(200, TOKEN)]
        _, seen = await enter(raw, tmp_path)
    assert waits[-2:] == [1.0, 2.0]
    assert sum("it is tried again" in text for text in seen.told) == 2


async def test_a_person_who_may_not_come_in_is_told_why(tmp_path: Path) -> None:
    async with raw_jam() as raw:
        raw.answers[EXCHANGE] = [(403, {"code": "forbidden", "detail": "only for the group staff"})]
        with pytest.raises(errors.Refused, match="does not let you in") as caught:
            await enter(raw, tmp_path)
        assert "only for the group staff" in caught.value.hint
        assert caught.value.exit_code == 6


# -- the way by itself


async def click(url: str, fields: Mapping[str, str]) -> None:
    """What a browser does after the issuer said yes."""
    query = dict(httpx.URL(url).params)
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.get(query["redirect_uri"], params={"state": query["state"], **fields})


def at_once(raw: RawIssuer, opened: list[str]) -> Any:
    """A browser that signs in as soon as a page is opened."""
    loop = asyncio.get_running_loop()

    def opening(url: str, environ: Mapping[str, str]) -> bool:
        if not url.startswith(f"{raw.url}/auth"):  # what stands in the list of processes tells nothing
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}", url)
            url = httpx.get(url, trust_env=False).headers["location"]
        opened.append(url)
        nonce = dict(httpx.URL(url).params)["nonce"]
        raw.answers["/token"] = [(200, raw.tokens(id_token=jwt(iss=raw.url, aud="jamtui", nonce=nonce)))]
        asyncio.run_coroutine_threadsafe(click(url, {"code": "c"}), loop)
        return True

    return opening


async def test_a_browser_here_is_taken(tmp_path: Path) -> None:
    opened: list[str] = []
    async with raw_jam() as raw:
        _, seen = await enter(raw, tmp_path, "", DESKTOP, opening=at_once(raw, opened))
        (page,) = seen.pages
        assert (page.way, page.opened) == ("browser", True)
        assert dict(httpx.URL(opened[0]).params)["resource"] == raw.url
        (spent,) = raw.asked_at("/token")
        assert spent["code"] == "c"
        assert len(spent["code_verifier"]) == 64
        assert raw.asked_at(EXCHANGE)[0].get("nonce") is None  # the access token was taken, which has none


async def test_the_nonce_goes_along_with_the_id_token(tmp_path: Path) -> None:
    async with raw_jam() as raw:
        raw.answers[EXCHANGE] = [(401, {"code": "issuer_token_refused"}), (200, TOKEN)]
        opened: list[str] = []
        await enter(raw, tmp_path, "browser", DESKTOP, opening=at_once(raw, opened))
        assert raw.asked_at(EXCHANGE)[1]["nonce"] == dict(httpx.URL(opened[0]).params)["nonce"]


@pytest.mark.parametrize("environ", [SSH, {}], ids=["ssh", "no display"])
async def test_without_a_browser_here_the_device_grant_is_taken(environ: dict[str, str], tmp_path: Path) -> None:
    async with raw_jam() as raw:
        _, seen = await enter(raw, tmp_path, "", environ, opening=lambda *_: pytest.fail("nothing to open"))
    assert [page.way for page in seen.pages] == ["device"]


async def test_a_browser_that_does_not_open_gives_way(tmp_path: Path) -> None:
    async with raw_jam() as raw:
        _, seen = await enter(raw, tmp_path, "", DESKTOP, opening=lambda *_: False)
    (page,) = seen.pages
    assert page.way == "device"
    assert "No browser could be opened here." in page.notes


async def test_over_ssh_without_device_endpoint_the_way_back_is_told(tmp_path: Path) -> None:
    async with raw_jam() as raw:
        del raw.metadata["device_authorization_endpoint"]

        class Follows(Seen):
            def page(self, page: Page) -> None:
                super().page(page)
                at_once(raw, [])(page.url, {})

        seen = Follows()
        home = Home.from_env({"JAMTUI_HOME": str(tmp_path / "home")})
        offer = await sign_in.discover(raw.url)
        await oidc.enter(home, offer, seen, store="file", environ=SSH, opening=lambda *_: pytest.fail("over ssh"))
        (page,) = seen.pages
        port = httpx.URL(dict(httpx.URL(page.url).params)["redirect_uri"]).port
        assert not page.opened
        assert any("has no device endpoint" in note for note in page.notes)
        assert any(note.endswith(f"ssh -N -L {port}:127.0.0.1:{port} ana@10.0.0.1") for note in page.notes)
        with pytest.raises(errors.BadAnswer, match="no device endpoint") as caught:
            await enter(raw, tmp_path, "device")
        assert "--browser" in caught.value.hint


@pytest.mark.parametrize(
    ("environ", "has", "word"),
    [
        ({"DISPLAY": ":0"}, True, ""),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True, ""),
        ({}, False, "display"),
        (SSH | DESKTOP, False, "SSH"),
        (SSH | {"BROWSER": "firefox"}, False, "SSH"),
        (SSH | {"BROWSER": "helper", "VSCODE_IPC_HOOK_CLI": "/run/x"}, True, ""),
        ({"BROWSER": "firefox"}, True, ""),
        ({"container": "podman", "DISPLAY": ":0"}, False, "container"),
        ({"container": "podman", "BROWSER": "helper"}, True, ""),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, False, "container"),
    ],
)
def test_where_a_browser_is(environ: dict[str, str], has: bool, word: str, tmp_path: Path) -> None:
    found = place(environ, "linux", tmp_path)
    assert found.has_browser is has
    assert word in found.why
    if not environ:
        assert place(environ, "darwin", tmp_path).has_browser


def test_marks_of_containers_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / ".dockerenv").touch()
    assert not place(DESKTOP, "linux", tmp_path).has_browser


async def test_a_jam_elsewhere_may_not_name_this_machine_as_issuer(tmp_path: Path) -> None:
    async with raw_jam() as raw:
        offer = await sign_in.discover(raw.url)
        far = sign_in.Offer("https://jam.example", offer.discovery)
        asked = len(raw.asked)
        home = Home.from_env({"JAMTUI_HOME": str(tmp_path / "home")})
        with pytest.raises(JamError, match="names this machine itself"):
            await oidc.enter(home, far, Seen(), store="file", environ=SSH)
        assert len(raw.asked) == asked
