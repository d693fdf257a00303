"""Which addresses are taken for a server, over the hostile corpus and what people mistype."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api_client.origin import BadAddress, is_local, parse_origin

CORPUS = json.loads((Path(__file__).parent.parent / "data" / "hostile" / "corpus.json").read_text())
URLS = {case["id"]: case["payload"] for case in CORPUS if case["kind"] == "server-url"}

# The one address of the corpus that is honest about its host once that is shown in punycode.
TAKEN = {"url-7": "https://xn--80ak6aa92e.com"}


@pytest.mark.parametrize("case", sorted(URLS))
def test_every_address_of_the_corpus_is_refused_or_shown_as_it_is(case: str) -> None:
    if case in TAKEN:
        assert parse_origin(URLS[case]) == TAKEN[case]
        return
    with pytest.raises(BadAddress) as caught:
        parse_origin(URLS[case])
    assert "https://" in caught.value.hint or "IPv4" in caught.value.title or "number" in caught.value.title


def test_the_corpus_has_addresses() -> None:
    assert len(URLS) == 10


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://jam.example", "https://jam.example"),
        ("  https://Jam.Example/ \n", "https://jam.example"),
        ("HTTPS://jam.example:443/", "https://jam.example"),
        ("https://jam.example:8443", "https://jam.example:8443"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("http://LOCALHOST", "http://localhost"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://127.9.8.7:5", "http://127.9.8.7:5"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://[2001:DB8:0:0::1]", "https://[2001:db8::1]"),
        ("https://203.0.113.7", "https://203.0.113.7"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://my_host.example", "https://my_host.example"),
    ],
)
def test_what_is_taken(typed: str, origin: str) -> None:
    assert parse_origin(typed) == origin
    assert parse_origin(origin) == origin


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "jam.example",
        "jam.example:8000",
        "localhost:8000",
        "//jam.example",
        "https:jam.example",
        "https://",
        "https:///path",
        "https://:8000",
        "https://jam.example:0",
        "https://jam.example:65536",
        "https://jam.example:",
        "https://jam.example:８０",
        "https://jam.example/path",
        "https://jam.example?x=1",
        "https://jam.example/#x",
        "https://jam.example\\@evil.example",
        "https://jam.exa mple",
        "https://jam.exa\u200bmple",
        "https://jam.example\x00",
        "https://jam\u202e.example",
        "https://jam..example",
        "https://-jam.example",
        "https://jam.example.",
        "https://%6aam.example",
        "https://xn--a.example",
        "https://" + "a" * 64 + ".example",
        "https://" + "a." * 130 + "example",
        "ftp://jam.example",
        "javascript://localhost/%0aalert(1)",
        "http://localhost.evil.example",
        "http://localhost.",
        "http://127.0.0.1.evil.example",
        "http://evil.example#@127.0.0.1",
        "http://127.1",
        "http://2130706433",
        "https://2130706433",
        "https://0x7f.1",
        "http://0177.0.0.1",
        "http://127.0.0.1.",
        "http://１２７.0.0.1",
        "http://ⓛocalhost",
        "http://0.0.0.0",
        "https://0.0.0.0",
        "https://[::]",
        "https://[::ffff:7f00:1]",
        "https://[fe80::1%eth0]",
        "https://[fe80::1]",
        "https://[::1",
        "https://[::1]x",
        "http://[::2]",
        "https://224.0.0.1",
        "https://\ud800.example",
    ],
)
def test_what_is_refused_says_what_to_type(typed: str) -> None:
    with pytest.raises(BadAddress) as caught:
        parse_origin(typed)
    assert caught.value.exit_code == 2
    assert caught.value.hint.startswith(("Type", "If you mean it, type"))


def test_http_elsewhere_names_the_https_address() -> None:
    with pytest.raises(BadAddress, match="Without https") as caught:
        parse_origin("http://jam.example:8000")
    assert "https://jam.example:8000" in caught.value.hint


def test_a_path_is_answered_with_the_origin() -> None:
    with pytest.raises(BadAddress) as caught:
        parse_origin("https://jam.example/forums/1")
    assert caught.value.hint == "Type https://jam.example."


def test_local_is_this_machine_alone() -> None:
    assert is_local("http://localhost:1")
    assert is_local("http://[::1]")
    assert is_local("https://127.0.0.1")
    assert not is_local("https://localhost.example")
