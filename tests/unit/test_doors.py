"""What the ways in make of what people type."""

from __future__ import annotations

import argparse
import io
import re
from pathlib import Path

import pytest

from api_client import loopback
from api_client import oidc as issuers
from jamtui.commands import again, texts
from jamtui.commands.context import Context
from jamtui.commands.doors import on_screen
from jamtui.commands.parser import build
from jamtui.errors import NotSignedIn, UsageError
from jamtui.paths import Home
from jamtui.plain.pipe import Pipe
from jamtui.plain.ways_in import _how
from jamtui.store import registry
from jamtui.sync import oidc
from screens.doors import Offer, Organisation, address, choices


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("jam.example.org", "https://jam.example.org"),
        ("jam.example.org:8000", "https://jam.example.org:8000"),
        ("http://jam.example.org", "http://jam.example.org"),
        ("127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("LocalHost/", "http://LocalHost/"),
        ("[::1]:8787", "http://[::1]:8787"),
        ("127.0.0.1.example.org", "https://127.0.0.1.example.org"),
        ("localhost.example.org:80", "https://localhost.example.org:80"),
    ],
)
def test_an_address_without_its_beginning(typed: str, url: str) -> None:
    assert address(typed) == url


def test_what_is_said_on_the_screen_names_no_option_of_a_command() -> None:
    """Every hint of a sign-in with an organisation; what another one learns to say is found here."""
    said = "".join(Path(str(module.__file__)).read_text() for module in (issuers, loopback, oidc))
    hints = [hint for hint in re.findall(r'"([^"\n]+)"', said) if re.search(r"(?<!\S)--[a-z]", hint)]
    assert len(hints) >= 5
    assert [hint for hint in map(on_screen, hints) if "--" in hint] == []


def test_an_address_in_the_place_of_a_code_is_told_as_one() -> None:
    with pytest.raises(UsageError) as told:
        build("login").parse_args(["login", "--invite", "https://jam.example"])
    assert "--invite takes a code, and https://jam.example is an address" in told.value.title
    assert "jamtui login https://jam.example --invite" in told.value.hint
    args = build("login").parse_args(["login", "https://jam.example", "--invite"])
    assert (args.url, args.invite) == ("https://jam.example", "")
    assert build("login").parse_args(["login", "--invite", "c0de", "https://jam.example"]).invite == "c0de"


@pytest.mark.parametrize("store", ["env", "command"])
def test_a_token_that_is_kept_elsewhere_is_not_moved_by_a_command(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told what is wrong with it; whoever wants jamtui to keep one signs in anew."""
    environ = {"JAMTUI_HOME": str(tmp_path)}
    home = Home.from_env(environ)
    jam = registry.for_server(home, "https://jam.example", "tea", "Tea", "p").changed(handle="ana", store=store)
    registry.remember(home, jam)

    def asked(question: str) -> str:
        raise AssertionError(question)

    monkeypatch.setattr(texts, "on_terminal", lambda: True)
    monkeypatch.setattr(texts, "ask", asked)
    error = NotSignedIn("JAMTUI_TOKEN is not set", "Set it again.")
    context = Context(argparse.Namespace(json=False), environ)
    with pytest.raises(NotSignedIn) as told:
        again.after(context, "sync", None, error)
    assert told.value is error


def offered(number: int, *ways: str) -> Offer:
    named = tuple(Organisation(f"https://id{n}.example", f"id{n}.example") for n in range(1, number + 1))
    return Offer("https://jam.example", "Tea", "", ways, named)


@pytest.mark.parametrize(
    ("number", "typed", "chosen"),
    [
        (2, "2", ("oidc", "https://id2.example", "")),
        (2, "7", ("oidc", "https://id2.example", "device")),
        (2, "5", ("command", "", "")),
        (6, "12", ("oidc", "https://id3.example", "device")),
        (6, "15", ("oidc", "https://id6.example", "device")),
        (6, "16", None),
        (6, "", None),
    ],
)
def test_plain_mode_offers_every_organisation_by_its_name(
    number: int, typed: str, chosen: tuple[str, str, str] | None
) -> None:
    """With more ways than keys of digits, the number is typed as a line."""
    out = io.StringIO()
    offer = offered(number, "oidc", "guest", "command")
    how = _how(Pipe(io.StringIO(f"{typed}\n\n"), out), offer)
    assert (how and (how.way, how.issuer, how.by)) == chosen
    told = out.getvalue()
    for n in range(1, number + 1):
        assert f"{n}: with id{n}.example\n" in told
        assert f": with id{n}.example, by a code on another device\n" in told
    assert ("Keep the secret in a file" in told) == (chosen is not None and chosen[0] != "command")
    if chosen is not None and chosen[1]:
        assert f"Asking {chosen[1].removeprefix('https://')}." in told


def test_the_words_of_a_name_are_no_place_for_another() -> None:
    offer = Offer("https://jam.example", "Tea", "", ("oidc",), (Organisation("https://a.example", "a (“{} {0}”)"),))
    assert choices(offer, {"oidc": "with {}"})[0].label == "with a (“{} {0}”)"


def test_where_no_command_is_set_plain_mode_says_that_there_can_be_one() -> None:
    out = io.StringIO()
    how = _how(Pipe(io.StringIO("2\ns3cret\ny\n"), out), offered(0, "guest"))
    assert how is not None
    assert (how.way, how.secret, how.in_file) == ("token", "s3cret", True)
    assert "A token_command in config.toml" in out.getvalue()
