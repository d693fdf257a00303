"""A home that reaches its server through the fault proxy only: what tests of one fault on the way begin with."""

from __future__ import annotations

from typing import Any, NamedTuple

from processes import Home, Server


class BehindProxy(NamedTuple):
    """``home`` is signed in at the address of ``proxy``, which lets everything through until its ``decide`` says
    otherwise."""

    server: Server
    proxy: Any  # a `proxy.Proxy`
    home: Home
