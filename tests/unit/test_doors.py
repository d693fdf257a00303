"""What the ways in make of what people type."""

from __future__ import annotations

import pytest

from screens.doors import address


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
