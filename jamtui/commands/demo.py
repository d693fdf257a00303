"""``jamtui demo``: a server of its own in a temporary folder, the TUI on it, nothing left behind however it ends."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Self

from jamtui.commands import screen
from jamtui.commands.context import Context, utc_now
from jamtui.commands.signals import ended_by_signals
from jamtui.commands.syncing import once
from jamtui.errors import JamError, UsageError
from jamtui.paths import Home
from jamtui.session import Session, open_session
from jamtui.store.registry import KnownJam
from jamtui.sync import sign_in

_READY = 30.0  # seconds that the server may take to load its Jam
_END = 5.0  # seconds that it may take to end
_MODULE = "jamserver.demo"


@dataclass(slots=True)
class Demo:
    """The server as a child process and a home of its own, both in one temporary folder. `close` removes it all.

    The child's standard input is a pipe that nobody writes to: it ends with us, even when we are killed, and
    then removes the folder in our place.
    """

    seed: int = 1
    freeze: str | None = None
    archive: str | None = None
    folder: Path = field(init=False)
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="jamtui-demo-"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def home(self) -> Home:
        return Home.from_env({"JAMTUI_HOME": str(self.folder / "home")})

    def close(self) -> None:
        """Ends the server and removes the folder. May be called twice."""
        child, self._child = self._child, None
        if child is not None:
            if child.stdin is not None:
                child.stdin.close()
            try:
                child.wait(_END)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            if child.stdout is not None:
                child.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def join(self) -> KnownJam:
        """Signs in at the server, which is started if `start` has not done it. Raises `JamError` with the server's own
        words when it cannot start."""
        self.start()
        url, token = self._told()
        return asyncio.run(self._sign_in(url, token))

    async def _sign_in(self, url: str, token: str) -> KnownJam:
        offer = await sign_in.discover(url)
        return await sign_in.token(self.home, offer, token, store="file", environ={})

    def start(self) -> None:
        """Starts the server, which takes a second to make its Jam. Does nothing when it is started already."""
        if self._child is not None:
            return
        words = [sys.executable, "-m", _MODULE, "--folder", str(self.folder), "--remove", "--seed", str(self.seed)]
        if self.freeze is not None:
            words += ["--freeze", self.freeze]
        if self.archive is not None:
            words += ["--archive", str(Path(self.archive).absolute())]
        with self._errors.open("wb") as log:
            # A session of its own: Ctrl-C on the terminal is for us, and we end the server in order.
            self._child = subprocess.Popen(  # noqa: S603 - our own module
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env=_environment(),
            )

    @property
    def _errors(self) -> Path:
        return self.folder / "server.log"

    def _told(self) -> tuple[str, str]:
        """The address and the token that the server says when it is there."""
        assert self._child is not None  # noqa: S101 - it was started
        line = self._first_line(self._child)
        try:
            told = json.loads(line)
            return str(told["url"]), str(told["token"])
        except (ValueError, KeyError, TypeError):
            words_of_it = self._errors.read_text("utf-8", "replace").strip().splitlines()
            why = words_of_it[-1] if words_of_it else "it said nothing"
            raise JamError(
                f"the demo could not be started: {why.removeprefix('jamserver: ')}",
                "Check the options; see jamtui demo --help.",
            ) from None

    @staticmethod
    def _first_line(child: subprocess.Popen[bytes]) -> bytes:
        assert child.stdout is not None  # noqa: S101 - a pipe was asked for
        ready, _, _ = select.select([child.stdout], [], [], _READY)
        return child.stdout.readline() if ready else b""


def _environment() -> dict[str, str]:
    """For the child: the same Python finds the same packages, also where only ``sys.path`` knows of them."""
    ours = str(Path(__file__).resolve().parents[2])
    paths = [ours, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def clock_of(freeze: str | None) -> Callable[[], datetime]:
    """The session's clock: it stands at ``freeze``, or goes. Raises `UsageError`."""
    if freeze is None:
        return utc_now
    try:
        moment = datetime.fromisoformat(freeze)
    except ValueError:
        raise UsageError(f"not a time: {freeze}", "Write it like 2011-02-08T15:00:00Z.") from None
    return lambda: moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def session_on(demo: Demo, *, explore: bool = False) -> Session:
    """A session on a demo that has just been started, with its mirror filled: the first screen shows the Jam."""
    clock = clock_of(demo.freeze)
    jam = demo.join()
    inside = Context(argparse.Namespace(), {"JAMTUI_HOME": str(demo.folder / "home")}, clock)
    inside.open(jam).close()
    asyncio.run(once(inside, jam))
    rng = random.SystemRandom() if demo.freeze is None else random.Random(demo.seed)  # noqa: S311 - it is to repeat
    return open_session(demo.home, jam, clock=clock, rng=rng, explore=explore, environ={})


def run(context: Context, args: argparse.Namespace) -> int:
    clock_of(args.freeze)
    if args.screenshot:
        screen.size_of(args.size)
        screen.keys_of(args.keys)
    elif not context.plain:
        screen.need_terminal("jamtui demo --screenshot FILE.svg draws its screen into a picture.")
    context.out.say("Starting the demo …")
    with ended_by_signals(), Demo(args.seed, args.freeze, args.archive) as demo:
        demo.start()
        if not context.plain:
            _get_ready()
        session = session_on(demo, explore=args.explore)
        if args.screenshot:
            return screen.draw(context, session, args, frozen=args.freeze is not None)
        return screen.run(context, session, frozen=args.freeze is not None, keep=False)


def _get_ready() -> None:
    """Imports what is needed next while the server makes its Jam on another processor."""
    for name in ("jamtui.app", "screens.jam", "api_client.client"):
        import_module(name)
