"""From the command line to the full screen: on a Jam, on an archive, in a demo, or drawn into a picture."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from jamtui import config
from jamtui.commands.context import Context
from jamtui.errors import NotFound, UsageError
from jamtui.session import Session
from jamtui.store import registry
from jamtui.store.registry import KnownJam

if TYPE_CHECKING:
    from screens.doors import Doors

_SIZE = re.compile(r"(\d{1,3})x(\d{1,3})")


def need_terminal(hint: str) -> None:
    """Raises `UsageError` when nobody could see or use the full screen."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the full screen needs a terminal", hint)


def on_jam(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """The TUI on the Jam that ``--jam`` names, else on the last one used, else the welcome."""
    context = Context(args, environ)
    try:
        jam = context.jam()
    except NotFound:
        if context.jam_name is not None or registry.known(context.home):
            raise
        from jamtui.commands.doors import CommandDoors

        with closing(CommandDoors(context)) as doors:
            return run(context, None, doors=doors)
    registry.remember(context.home, jam)
    return show(context, jam)


def show(context: Context, jam: KnownJam) -> int:
    return run(context, context.open(jam))


def run(context: Context, session: Session | None, *, doors: Doors | None = None, frozen: bool = False) -> int:
    """Runs the TUI with the person's configuration, or plain mode where it is wanted; the session is closed then."""
    home = context.home
    chosen = config.load(home)
    for warning in chosen.warnings:
        sys.stderr.write(f"jamtui: {warning}.\n")
    if context.plain or chosen.plain:
        from jamtui.commands.texts import edited
        from jamtui.plain.ways_in import run as converse

        return converse(session, doors=doors, edit=lambda text: edited(text, home, context.environ))
    from jamtui import app

    theme = context.theme or ("dark" if chosen.theme == "auto" else chosen.theme)
    return app.run(
        session,
        doors=doors,
        reports=home.logs,
        theme=theme,
        frozen=frozen,
        ascii_only=context.ascii or chosen.ascii or not speaks_utf8(context.environ),
    )


def speaks_utf8(environ: Mapping[str, str]) -> bool:
    """Whether the locale is UTF-8, by the variables of POSIX in their order; unset means that nobody said otherwise."""
    said = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    return not said or said.startswith("C.UTF") or "utf-8" in said.lower() or "utf8" in said.lower()


def picture(context: Context, jam: KnownJam, args: argparse.Namespace) -> int:
    """Draws the TUI on an archive into a file."""
    return draw(context, context.open(jam), args, frozen=False)


def draw(context: Context, session: Session, args: argparse.Namespace, *, frozen: bool) -> int:
    """Runs the TUI without a terminal, presses ``--keys``, and writes what it shows as SVG to ``--screenshot``."""
    from jamtui.app import JamApp

    columns, lines = size_of(args.size)
    target = Path(args.screenshot)
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent}", "Make it first.")
    app = JamApp(
        session,
        reports=context.home.logs,
        frozen=frozen,
        theme=context.theme or "dark",
        ascii_only=context.ascii,
    )

    async def take() -> str:
        async with app.run_test(size=(columns, lines)) as pilot:
            await pilot.pause()
            await app.workers.wait_for_complete()
            for key in args.keys.split():
                await pilot.press(key)
                await app.workers.wait_for_complete()
            await pilot.pause()
            return app.export_screenshot()

    try:
        target.write_text(asyncio.run(take()), encoding="utf-8")
    finally:
        session.close()
    return 0


def size_of(text: str) -> tuple[int, int]:
    """``120x40`` as columns and lines. Raises `UsageError`."""
    found = _SIZE.fullmatch(text)
    columns, lines = map(int, found.groups()) if found else (0, 0)
    if columns < 20 or lines < 5:
        raise UsageError(f"not a size: {text}", "Write it like 120x40; the smallest is 20x5.")
    return columns, lines
