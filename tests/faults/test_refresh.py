"""The sign-in is renewed once, however many calls of however many processes find the access token expired."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proxy import PASS, Answer, Call, Delay, Fault

# Calls side by side with the stored sign-in, as soon as the line "go" comes; prints how many of them worked.
CALLS = """
import asyncio, os, sys
from jamtui.paths import Home
from jamtui.store import registry
from jamtui.sync.sign_in import client_for

async def main():
    home = Home.from_env(os.environ)
    async with client_for(home, registry.find(home, None), os.environ) as client:
        print("ready", flush=True)
        sys.stdin.readline()
        await asyncio.gather(*(client.me() for _ in range(12)))
        print("12 worked", flush=True)

asyncio.run(main())
"""
EXPIRED = Answer(
    401, b'{"title":"expired","status":401,"code":"token_expired"}', (("Content-Type", "application/problem+json"),)
)


def test_one_refresh_for_all_calls_of_two_processes(
    new_server: Callable[..., Any], new_proxy: Callable[..., Any], new_home: Callable[..., Any],
    figure: Callable[[str], None], tmp_path: Path,
) -> None:  # fmt: skip
    proxy = new_proxy(new_server())
    home = new_home().login(proxy.url, "ana")
    first: list[str] = []  # the access token of the sign-in

    def decide(call: Call, _: random.Random) -> Fault:
        if call.path.endswith("/auth/refresh"):
            return Delay(0.3)  # long enough for everybody to come and ask
        bearer = call.headers.get("authorization", "")
        if bearer and not first:
            first.append(bearer)
        return EXPIRED if bearer in first else PASS

    proxy.decide = decide
    both = [
        subprocess.Popen(
            [sys.executable, "-c", CALLS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=home.environment(), cwd=tmp_path,
        )
        for _ in range(2)
    ]  # fmt: skip
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in both:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    said = [one.communicate(timeout=60)[0] for one in both]
    refreshes = sum(call.path.endswith("/auth/refresh") for call, _ in proxy.done)
    figure(f"promise 11: {refreshes} refresh for 24 calls of 2 processes that were refused at once")
    assert said == ["12 worked\n"] * 2
    assert refreshes == 1
    assert home.row("auth", "status")["handle"] == "ana"
    assert sum(fault is EXPIRED for _, fault in proxy.done) >= 2
