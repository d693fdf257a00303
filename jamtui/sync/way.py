"""Notices that this machine has another way to the network: a cable, a wireless network, a tunnel that came.

Linux tells who asks it, so that waiting for it costs nothing; elsewhere nothing is told, and the next try comes in its
time. What is told is not looked at: that something changed is a reason to try, and the try says the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

# Groups of RTNETLINK: addresses and routes of both families that came or went.
_GROUPS = 0x10 | 0x100 | 0x40 | 0x400
_MOST = 1 << 16  # bytes that are taken at once, and thrown away


def is_cut(here: str, there: tuple[str, int]) -> bool:
    """Whether no connection from the address ``here`` can go on: this machine does not have it any more, or knows no
    way to ``there``. Nothing is sent."""
    family = socket.AF_INET6 if ":" in here else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_DGRAM)) as probe:
        try:
            if not here.startswith("fe80:"):  # of such a one the interface would have to be known as well
                probe.bind((here, 0))
            probe.connect(there)
        except OSError:
            return True
    return False


@contextlib.contextmanager
def another_way() -> Iterator[asyncio.Event]:
    """An event that is set when addresses or routes of this machine change, from here on. Needs a running loop."""
    changed = asyncio.Event()
    if not hasattr(socket, "AF_NETLINK"):
        yield changed
        return
    loop = asyncio.get_running_loop()
    with contextlib.ExitStack() as stack:
        try:
            told = stack.enter_context(
                socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
            )
            told.setblocking(False)
            told.bind((0, _GROUPS))
        except OSError:  # a sandbox that has none of it
            yield changed
            return

        def look() -> None:
            # Too much at once (ENOBUFS) is a change as well.
            with contextlib.suppress(OSError):
                told.recv(_MOST)
            changed.set()

        loop.add_reader(told, look)
        stack.callback(loop.remove_reader, told)
        yield changed
