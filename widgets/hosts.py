"""Hosts of links: as they are opened, as they are shown, and what is to be said of them.

A host is opened in ASCII, as the domain name system has it, and numbers that mean an address (``0x7f000001``) as that
address: what is shown is what is opened, and nothing is decoded after it was checked. The letters of a name of another
script are shown beside the ASCII where nobody can take them for others (`letters`).
"""

from __future__ import annotations

import re

from jamtui.names import one_script, skeleton
from jamtui.safe_text import has_controls

MAX_HOST = 253  # characters: what the domain name system can hold
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_SIX = r"[0-9a-f:.]{2,45}"
_NUMBER = r"0x[0-9a-f]*|[0-9]+"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def ascii_host(name: str) -> str:
    """The host as it is opened, without port: labels in punycode, addresses in their usual form, IPv6 in brackets; ""
    when it is none."""
    if ":" in name:
        return _six(name)
    if not name.isascii() or "xn--" in name.lower():
        name = _punycode(name)
    name = name.lower().removesuffix(".")
    labels = name.split(".")
    if not name or len(name) > MAX_HOST or not all(re.fullmatch(_LABEL, label) for label in labels):
        return ""
    if re.fullmatch(_NUMBER, labels[-1]):  # then a browser takes all of it for an address (WHATWG URL)
        return _four(labels)
    return name


def _punycode(name: str) -> str:
    """In punycode, as browsers write it. What came in punycode is decoded first: the parser of Markdown encodes letters
    that no name may have (fullwidth ones), which a browser takes for others."""
    import idna  # few links need it

    try:
        name = ".".join(map(_decoded, name.split(".")))
        return idna.encode(name, uts46=True, transitional=False, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError, IndexError, OverflowError, ValueError):
        return ""


def _decoded(label: str) -> str:
    return label[4:].encode("ascii").decode("punycode") if label[:4].lower() == "xn--" else label


def _six(name: str) -> str:
    if not re.fullmatch(_SIX, name.lower()):
        return ""
    import ipaddress  # few links need it

    try:
        return f"[{ipaddress.IPv6Address(name).compressed}]"
    except ValueError:
        return ""


def _four(labels: list[str]) -> str:
    """``127.1``, ``0x7f000001``, ``0177.0.0.1``: each is an address to a browser; "" for numbers that are none."""
    if len(labels) > 4:
        return ""
    numbers: list[int] = []
    for label in labels:
        if not re.fullmatch(_NUMBER, label):
            return ""
        digits, base = (label[2:] or "0", 16) if label[:2] == "0x" else (label, 8) if label[:1] == "0" else (label, 10)
        try:
            numbers.append(int(digits, base))
        except ValueError:  # an 8 in a number that begins with 0
            return ""
    import ipaddress

    *first, last = numbers
    if any(number > 255 for number in first) or last >= 256 ** (5 - len(numbers)):
        return ""
    return str(ipaddress.IPv4Address(sum(number << (8 * (3 - at)) for at, number in enumerate(first)) + last))


def with_port(host: str, scheme: str, port: int | None) -> str:
    return host if port is None or port == _DEFAULT_PORTS.get(scheme) else f"{host}:{port}"


def without_port(host: str) -> str:
    return host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0]


def punycoded(host: str) -> bool:
    """Whether a label stands in punycode: letters that are not those that one sees."""
    return any(label.startswith("xn--") for label in without_port(host).split("."))


def letters(host: str) -> str:
    """The name in its own letters, where each label keeps to one script and looks like no ASCII name; "" else, and for
    hosts that are ASCII anyway."""
    if not punycoded(host):
        return ""
    import idna

    try:
        name = idna.decode(without_port(host))
    except (idna.IDNAError, UnicodeError):
        return ""
    safe = not has_controls(name) and all(
        label.isascii() or (one_script(label) and not skeleton(label).isascii()) for label in name.split(".")
    )
    return name if safe and ascii_host(name) == without_port(host) else ""


def warning(host: str) -> str:
    """What a person should know of a host before it is opened, in words; "" for most."""
    name = without_port(host)
    if punycoded(name) and not letters(host):
        return "its letters look like those of another name"
    import ipaddress

    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        if name == "localhost" or name.endswith(".localhost"):
            return "this computer"
        if "." not in name or name.endswith((".local", ".internal", ".lan", ".home.arpa")):
            return "a machine of your own network"
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if address.is_loopback or address.is_unspecified:
        return "this computer"
    if address.is_private or address.is_link_local:
        return "a machine of your own network"
    return "an address without a name"
