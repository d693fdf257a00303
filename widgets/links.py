"""Links in posts: which of them may be opened, and where they really lead.

A link counts as openable only when it is an absolute http or https URL, whole, without user name or password, to a
host that can be shown. Nothing here opens anything: the screen asks the person first, and shows `Link.host`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit, urlunsplit

from msgspec import Struct

from jamtui.safe_text import has_controls, safe_line

MAX_URL = 2000  # characters; what is longer is not opened and not looked at

# Text in which a URL stands by itself: bounded, one pass, no backtracking.
_BARE = re.compile(rf"https?://[^\s<>\"'`|\\^{{}}\x00-\x1f]{{1,{MAX_URL}}}", re.IGNORECASE)
_TRAIL = ".,;:!?*_~'\"”’»…。、，！？"
_LOOKS_LIKE_URL = re.compile(
    r"^\s*(?:[a-z][a-z0-9+.-]{1,20}://)?(?:[^\s/@]{1,64}@)?((?:[\w-]{1,63}\.)+\w{2,63})(?=[/:?#\s]|$)", re.IGNORECASE
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_SIX = re.compile(r"\[[0-9a-f:.]{2,45}\]")
MAX_HOST = 253  # characters: what the domain name system can hold


class Link(Struct, frozen=True):
    """A link of a post. ``number`` counts from 1 as in the text, 0 when it cannot be opened; ``host`` is the real one,
    in ASCII (punycode), with the port when there is one; ``text`` is what the link is called. All harmless to show."""

    number: int
    text: str
    url: str
    host: str
    openable: bool

    @property
    def deceptive(self) -> bool:
        """Whether the text looks like an address on another host."""
        return looks_like_other(self.text, self.host)


def check(url: str) -> tuple[str, str]:
    """The URL as it would be opened (ASCII) and its host; ("", "") when it must not be opened."""
    if len(url) > MAX_URL or has_controls(url) or any(char in url for char in " \\\n\"'<>`"):
        return "", ""
    try:
        parts = urlsplit(url)
        port = parts.port
        name = parts.hostname or ""
    except ValueError:
        return "", ""
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not name:
        return "", ""
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return "", ""
    if ":" in name:
        name = f"[{name}]"
    if not _host_like(name):
        return "", ""
    host = f"{name}:{port}" if port is not None else name
    path, query, fragment = (quote(part, safe="/%:=&?~#+!$,;@()*[]-._") for part in parts[2:])
    return urlunsplit((parts.scheme, host, path, query, fragment)), host


def _host_like(name: str) -> bool:
    """Whether it is made like the name of a host: label by label, since one pattern for all of them can be made to try
    every way to cut a name into labels, which takes minutes for thirty letters."""
    if _SIX.fullmatch(name):
        return True
    labels = name.removesuffix(".").split(".")
    return len(name) <= MAX_HOST and all(_LABEL.fullmatch(label) for label in labels)


def looks_like_other(text: str, host: str) -> bool:
    """Whether ``text`` names a host, and it is not ``host``."""
    match = _LOOKS_LIKE_URL.match(text[:300])
    if match is None or not host:
        return False
    named = match[1].lower().rstrip(".")
    if not named.isascii():
        try:
            named = named.encode("idna").decode("ascii")
        except UnicodeError:
            return True
    real = host.partition(":")[0]
    return named.removeprefix("www.") != real.removeprefix("www.")


def bare_urls(text: str) -> Iterator[tuple[int, int]]:
    """Where http(s) URLs stand in plain text, without the punctuation that ends a sentence; linear in its length."""
    for match in _BARE.finditer(text):
        url = match[0]
        end = len(url)
        # A URL that goes on with another one is two: nobody can tell where the first was meant to end.
        again = url.find("://", 8)
        if again > 0:
            end = max(url.rfind("http", 8, again), 0) or end
        while end and (url[end - 1] in _TRAIL or _unbalanced(url, end)):
            end -= 1
        if end > 8:
            yield match.start(), match.start() + end


def _unbalanced(url: str, end: int) -> bool:
    pairs = {")": "(", "]": "["}
    last = url[end - 1]
    return last in pairs and url.count(last, 0, end) > url.count(pairs[last], 0, end)


def make_link(number: int, text: str, href: str) -> Link:
    """A link as found in a post. ``number`` is kept only when it may be opened."""
    url, host = check(href)
    text = safe_line(text, 200)
    if not url:
        return Link(0, text, safe_line(href, 200), "", False)
    return Link(number, text, url, host, True)
