"""Links in posts: which of them may be opened, and where they really lead.

A link counts as openable only when it is an absolute http or https URL, whole, without user name or password, to a
host that can be shown (`widgets.hosts`). Nothing here opens anything: the person is asked first, and shown the host.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote, urlsplit, urlunsplit

from msgspec import Struct

from jamtui.safe_text import has_controls, safe_line
from widgets.hosts import ascii_host, letters, punycoded, warning, with_port, without_port

MAX_URL = 2000  # characters; what is longer is not opened and not looked at

# Patterns are words here, which `re` compiles when the first link needs them: a start has no time for them.

# What stands where a control stood (`jamtui.safe_text`): the address that was written is not this one.
_REPLACED = "(?i)[\ufffd\u2400-\u2421]|%ef%bf%bd|%e2%90%(?:[89][0-9a-f]|a[01])"
# Text in which a URL stands by itself: bounded, one pass, no backtracking.
_BARE = rf"(?i)https?://[^\s<>\"'`|\\^{{}}\x00-\x1f]{{1,{MAX_URL}}}"
_TRAIL = ".,;:!?*_~'\"”’»…。、，！？"
# What people take for an address in the text of a link: with a scheme or www. anywhere, without one at its beginning.
_NAMED = (
    r"(?i)[a-z][a-z0-9+.-]{1,20}:[/\\]{1,3}([^\s/\\?#]{1,253})",
    r"(?i)(?<![\w.@/-])(www\.[^\s/\\?#,;()\[\]]{1,253})",
    r"(?i)^\s*((?:[^\s/@]{1,64}@)?(?:[\w-]{1,63}\.){1,20}\w{2,63}\.?(?::\d{1,5})?)(?=[/?#\s]|$)",
    r"^\s*(\d{1,3}(?:\.\d{1,3}){3})(?=[:/?#\s]|$)",
)
# ...and as a word further on: by the endings that people know, since "see README.md" and "then Node.js" name no host.
_ENDINGS = (
    "(?:(?i:com|org|edu|gov)|net|mil|int|info|biz|io|co|dev|app|example|test|uk|de|fr|eu|nl|ch|se|dk|fi|cz|ru|"
    "ua|cn|jp|kr|au|nz|ca|br|mx)"
)
_WORD = rf"(?<![\w.@/-])((?:[\w-]{{1,63}}\.){{1,20}}{_ENDINGS})(?![\w@-]|\.\w)"
_SPLIT = rf"\s*[(\[{{]\s*(?:\.|dot)\s*[)\]}}]\s*|·|(?<=\w) \.(?={_ENDINGS}\s*$)"
_OUR_MARKER = r"\[[1-9]\d*\]\s*→"  # how jamtui says where a link leads

_DOTS = str.maketrans("。․‧∙", "....")  # what is taken for the dot of a host; NFKC makes the others one of these


class Link(Struct, frozen=True):
    """A link of a post. ``number`` counts from 1 as in the text, 0 when it cannot be opened; ``host`` is the real one,
    in ASCII (punycode), with the port when it is not the usual one; ``text`` is what the link is called. All harmless
    to show."""

    number: int
    text: str
    url: str
    host: str
    openable: bool

    @property
    def deceptive(self) -> bool:
        """Whether the text looks like an address on another host."""
        return looks_like_other(self.text, self.host)

    @property
    def telling(self) -> bool:
        """Whether the host belongs behind the text in any case: the text names another, or its letters are not those
        that one reads."""
        return self.deceptive or punycoded(self.host)

    @property
    def told_host(self) -> str:
        """The host as people read it: with its own letters behind the ASCII where they cannot be mistaken."""
        own = letters(self.host)
        return f"{self.host} ({own})" if own else self.host

    @property
    def warning(self) -> str:
        """What a person should know before it is opened, in words; "" for most."""
        if not self.host:
            return ""
        if self.deceptive:
            return f"the text of the link names another: {self.text[:120]}"
        return warning(self.host)


def check(url: str) -> tuple[str, str]:
    """The URL as it would be opened (ASCII) and its host; ("", "") when it must not be opened."""
    if len(url) > MAX_URL or has_controls(url) or any(char in url for char in " \\\n\"'<>`"):
        return "", ""
    if re.search(_REPLACED, url):
        return "", ""
    try:
        parts = urlsplit(url)
        port = parts.port
        name = parts.hostname or ""
    except ValueError:
        return "", ""
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not name:
        return "", ""
    if ":" in name and not parts.netloc.startswith("["):
        return "", ""
    host = ascii_host(name)
    if not host:
        return "", ""
    host = with_port(host, parts.scheme, port)
    path, query, fragment = (quote(part, safe="/%:=&?~#+!$,;@()*[]-._") for part in parts[2:])
    return urlunsplit((parts.scheme, host, path, query, fragment)), host


def looks_like_other(text: str, host: str) -> bool:
    """Whether ``text`` names a host, and it is not ``host``."""
    if not host:
        return False
    text = text[:300]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_DOTS)
    real = without_port(host).removeprefix("www.")
    if re.search(_OUR_MARKER, text) or any(
        _names_other(found[1], real) for pattern in _NAMED for found in re.finditer(pattern, text)
    ):
        return True
    # A word may leave out how the host begins: "on python.org" for docs.python.org.
    return any(
        _names_other(found[1], real) and not f".{real}".endswith(f".{found[1].lower()}")
        for found in re.finditer(_WORD, re.sub(_SPLIT, ".", text))
    )


def _names_other(authority: str, real: str) -> bool:
    if "@" in authority:  # what stands before it is read as the host
        return True
    name = authority.rstrip(".,;:!?)]'\"")
    if not name.startswith("["):
        name = name.partition(":")[0]
    named = ascii_host(name.strip("[]"))
    return named.removeprefix("www.") != real


def bare_urls(text: str) -> Iterator[tuple[int, int]]:
    """Where http(s) URLs stand in plain text, without the punctuation that ends a sentence; linear in its length."""
    for match in re.finditer(_BARE, text):
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
