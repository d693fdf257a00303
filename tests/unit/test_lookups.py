"""A resolver that does not answer holds up nobody: not the end of a loop, not that of a process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

from api_client.lookups import Lookups

DEAD = """
import asyncio, socket, threading
from api_client.client import JamClient
from api_client.errors import Unreachable
from api_client.tokens import FixedToken
from api_client.transport import Bounds

def getaddrinfo(*_, **__):
    threading.Event().wait()  # as the library does, for ever

socket.getaddrinfo = getaddrinfo

async def ask():
    async with JamClient("https://jam.example", tokens=FixedToken("t"), bounds=Bounds(connect_seconds=0.2)) as client:
        try:
            await client.my_votes()
        except Unreachable as error:
            print(error.brief, error.unsent)

asyncio.run(ask())
print("the loop has ended")
"""


def test_a_resolver_that_never_answers_holds_up_neither_the_call_nor_the_end() -> None:
    ended = subprocess.run([sys.executable, "-c", DEAD], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "no answer for 0.2 s True\nthe loop has ended\n"


def test_what_is_no_lookup_is_waited_for() -> None:
    begun, done = threading.Event(), list[int]()

    def write() -> None:
        begun.wait()
        done.append(1)

    async def leave() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(Lookups())
        loop.run_in_executor(None, write)
        found = await loop.getaddrinfo("127.0.0.1", 80)
        assert found[0][4][:2] == ("127.0.0.1", 80)
        begun.set()

    asyncio.run(leave())
    assert done == [1]
