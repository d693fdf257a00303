"""Which addresses are taken for a Jam server: the origin that a token is bound to.

An origin is ``scheme://host[:port]`` (RFC 6454) with the host in ASCII, as certificates and people's eyes should see
it: what is typed in Cyrillic letters that look Latin is shown as ``xn--…``.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

from jamtui.errors import UsageError

_EXAMPLE = "Type it like https://jam.example"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)\Z", re.DOTALL)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
# Browsers and C libraries read a last label like these as an IPv4 address: 2130706433, 0x7f000001, 127.1, 0177.0.0.1.
_NUMBER = re.compile(r"([0-9]+|0[xX][0-9a-fA-F]*)\Z")
_DEFAULT_PORTS = {"https": 443, "http": 80}


class BadAddress(UsageError):
    """What was typed cannot be the address of a Jam server; the hint says what to type instead."""


def parse_origin(text: str) -> str:
    """``text`` as an origin, or `BadAddress`.

    https only; http for this machine alone, when its host is literally ``localhost``, ``127.0.0.0/8`` or ``::1``. No
    user-info, no control characters, no numbers that stand for addresses, no path but "/".
    """
    text = text.strip(" \t\r\n")
    if not text:
        raise BadAddress("The address of the Jam is empty", f"{_EXAMPLE}.")
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp") for char in text) or "\\" in text:
        raise BadAddress("The address holds spaces, invisible characters or backslashes", f"{_EXAMPLE}, without them.")
    match = _SCHEME.match(text)
    if match is None or not match[2].startswith("//"):
        # "jam.example:8000" looks like a scheme to the standard, and like an address to whoever typed it
        raise BadAddress("The address of a Jam starts with https://", f"{_EXAMPLE}.")
    scheme, rest = match[1].lower(), match[2][2:]
    if scheme not in _DEFAULT_PORTS:
        raise BadAddress(f"A Jam is not reached by {scheme}:", f"{_EXAMPLE}.")
    authority, path = _split(rest)
    if "@" in authority:
        raise BadAddress(
            "The address holds a user name or hides its real host behind an @",
            f"{_EXAMPLE}; `jamtui login` asks for the handle.",
        )
    host, port = _host_and_port(authority)
    shown, local = _check_host(host)
    origin = f"{scheme}://{shown}"
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        origin = f"{origin}:{port}"
    if scheme == "http" and not local:
        raise BadAddress(
            "Without https others could read along and take your place",
            f"Type https{origin.removeprefix('http')}; http is for localhost alone.",
        )
    if path not in ("", "/"):
        raise BadAddress("The address goes on after the server's name", f"Type {origin}.")
    return origin


def is_local(origin: str) -> bool:
    """Whether an origin (as `parse_origin` gives it) is this machine."""
    host, _ = _host_and_port(_split(origin.partition("://")[2])[0])
    return _check_host(host)[1]


def proxy_of(origin: str) -> str:
    """What in the environment has calls to ``origin`` go through a proxy: the name of a variable; "" where nothing
    does."""
    from urllib.request import getproxies, proxy_bypass

    scheme, _, rest = origin.partition("://")
    found = getproxies()
    named = next((name for name in (scheme, "all") if found.get(name)), "")
    return f"{named.upper()}_PROXY" if named and not proxy_bypass(_split(rest)[0]) else ""


def _split(rest: str) -> tuple[str, str]:
    """Authority and what follows it."""
    end = min((at for at in (rest.find(char) for char in "/?#") if at >= 0), default=len(rest))
    return rest[:end], rest[end:]


def _host_and_port(authority: str) -> tuple[str, int | None]:
    if authority.startswith("["):
        host, bracket, after = authority.partition("]")
        if not bracket or (after and not after.startswith(":")):
            raise BadAddress("The address has a broken [IPv6] host", "Type it like https://[2001:db8::1]:8000.")
        return host + "]", _port(after[1:] if after else None)
    host, colon, port = authority.partition(":")
    return host, _port(port if colon else None)


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        raise BadAddress("The port of the address is no number from 1 to 65535", f"{_EXAMPLE}:8000.")
    return int(text)


def _check_host(host: str) -> tuple[str, bool]:
    """The host as it is shown and sent, and whether it is literally this machine."""
    if not host:
        raise BadAddress("The address names no server", f"{_EXAMPLE}.")
    if host.startswith("["):
        return _check_ipv6(host[1:-1])
    ascii_host = host.lower() if host.isascii() else _punycode(host)
    labels = ascii_host.split(".")
    if _NUMBER.match(labels[-1]):
        try:
            address = ipaddress.IPv4Address(host)
        except ValueError:
            raise BadAddress(
                "The address writes its host as a number", "Type the name of the server, or four numbers with dots."
            ) from None
        _refuse_special(address)
        return str(address), address.is_loopback
    if len(ascii_host) > 253 or not all(_LABEL.match(label) for label in labels):
        raise BadAddress("The address has no valid name of a server", f"{_EXAMPLE}.")
    for label in labels:
        if label.startswith("xn--"):
            _check_punycode(label)
    return ascii_host, host.lower() == "localhost"


def _check_ipv6(text: str) -> tuple[str, bool]:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise BadAddress("The address has a broken [IPv6] host", "Type it like https://[2001:db8::1]:8000.") from None
    if address.ipv4_mapped is not None:
        raise BadAddress(
            "The address hides an IPv4 address in an IPv6 one", f"If you mean it, type {address.ipv4_mapped}."
        )
    _refuse_special(address)
    return f"[{address.compressed}]", address == ipaddress.IPv6Address("::1")


def _refuse_special(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        raise BadAddress("No Jam can be at this address: it is for the machinery of networks", f"{_EXAMPLE}.")


def _punycode(host: str) -> str:
    import idna  # comes with httpx; half of the cost of this module, and most hosts are ASCII

    try:
        return idna.encode(host, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise BadAddress("The address has no valid name of a server", f"{_EXAMPLE}.") from None


def _check_punycode(label: str) -> None:
    import idna

    try:
        idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        raise BadAddress("The address has a name that is no valid punycode", f"{_EXAMPLE}.") from None
