"""From the command line to the full screen: on a Jam, on an archive, in a demo, or drawn into a picture."""

from __future__ import annotations

import asyncio
import gc
import re
import sys
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jamtui import choices, config, first_paint, keymap, migration
from jamtui.commands.context import Context, utc_now
from jamtui.config import Config
from jamtui.errors import NotFound, UsageError
from jamtui.paths import Home, PathError
from jamtui.safe_text import safe_line
from jamtui.session import Session
from jamtui.store import registry
from jamtui.store.registry import KnownJam

if TYPE_CHECKING:
    import argparse

    from jamtui.first_paint import Painted
    from jamtui.keys import Keymap
    from screens.doors import Doors

_SIZE = r"(\d{1,3})x(\d{1,3})"


def need_terminal(hint: str) -> None:
    """Raises `UsageError` when nobody could see or use the full screen."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the full screen needs a terminal", hint)


def on_jam(args: object, environ: Mapping[str, str], painted: Painted | None = None) -> int:
    """The TUI on the Jam that ``--jam`` names, else on the last one used, else the welcome."""
    context = Context(args, environ, painted=painted)
    try:
        jam = context.jam()
    except NotFound:
        if context.jam_name is not None or registry.known(context.home):
            raise
        from jamtui.commands.doors import CommandDoors

        with closing(CommandDoors(context)) as doors:
            return run(context, None, doors=doors)
    session = context.open(jam)
    if not (session.read_only or jam.local):
        registry.used(context.home, jam)
    return run(context, session, keep_screen=args is None and not session.read_only)


def show(context: Context, jam: KnownJam) -> int:
    return run(context, context.open(jam))


def run(
    context: Context,
    session: Session | None,
    *,
    doors: Doors | None = None,
    frozen: bool = False,
    keep: bool = True,
    keep_screen: bool = False,
) -> int:
    """Runs the TUI with the person's configuration, or plain mode where it is wanted; the session is closed then.

    ``keep`` False leaves no trace of the run (the demo): a theme that is chosen holds until its end. ``keep_screen``
    lets the next start begin with what is shown at the end.
    """
    home = context.home
    chosen, keys = configured(context, migrate=keep)
    if context.plain or chosen.plain:
        gc.enable()  # what `jamtui.cli` turned off for the full screen
        from jamtui.commands.texts import edited
        from jamtui.plain.ways_in import run as converse

        return converse(
            session,
            doors=doors,
            again=(lambda: doors or _doors(context)) if keep else None,
            edit=lambda text: edited(text, home, context.environ),
            absolute_times=chosen.timestamps == "absolute",
            keymap=keys,
            notify=chosen.notify,
            end_account=lambda session, posts: _end_account(context, session, posts),
        )
    gc.disable()
    from jamtui import app

    # What is kept is UTF-8, and what is wrong with the configuration has to be seen again.
    keep_screen = keep_screen and not chosen.problems and sys.stderr.encoding.lower() == "utf-8"
    if context.theme:
        app.check_theme(context.theme)
    made = app.JamApp(
        session,
        doors=doors,
        again=(lambda: doors or _doors(context)) if keep else None,
        reports=home.logs,
        theme=theme_of(context, chosen),
        keep_theme=(lambda theme: kept_theme(home, chosen, theme)) if keep else None,
        frozen=frozen,
        ascii_only=context.ascii or chosen.ascii or not speaks_utf8(context.environ),
        keymap=keys,
        editor=chosen.editor,
        absolute_times=chosen.timestamps == "absolute",
        painted=context.painted,
        notify=chosen.notify,
        keep_screen=partial(first_paint.keep, context.environ) if keep_screen else None,
    )
    code = app.run(made, mouse=chosen.mouse)
    return _end_account(context, made.session, made.leaving) if made.leaving else code


def _end_account(context: Context, session: Session | None, posts: str) -> int:
    """What the person asked for on the screen, now that the session is closed."""
    from jamtui.commands.mydata import finish

    return 0 if session is None else finish(context, session.known, posts)


def _doors(context: Context) -> Doors:
    """The ways into a Jam; imported when somebody goes one."""
    from jamtui.commands.doors import CommandDoors

    return CommandDoors(context)


def configured(context: Context, *, migrate: bool) -> tuple[Config, Keymap]:
    """The configuration and the keys in it. What is wrong is told on standard error, before the screen takes over."""
    home = context.home

    def tell(line: str) -> None:
        context.uncover()
        sys.stderr.write(safe_line(f"jamtui: {line}.") + "\n")

    if migrate:
        for line in migration.migrate(home, utc_now()):
            tell(line)
    chosen = config.load(home)
    keys, clashes = keymap.keymap(chosen.keys)
    slips = []
    if chosen.notify:
        from jamtui import notify  # most have none of it

        slips = notify.settings(chosen.notify)[1]
    for problem in sorted([*chosen.problems, *clashes, *slips], key=lambda problem: problem.line):
        tell(config.told(chosen.path, problem))
    return chosen, keys


def theme_of(context: Context, chosen: Config) -> str:
    """The theme of ``--theme``, else of ``config.toml``, else the one that was chosen last, else dark."""
    if context.theme:
        return context.theme
    if chosen.theme != "auto":
        return chosen.theme
    try:
        return choices.load(context.home).theme or "dark"
    except PathError as error:  # no reason not to start
        context.uncover()
        sys.stderr.write(safe_line(f"jamtui: {error}") + "\n")
        return "dark"


def kept_theme(home: Home, chosen: Config, theme: str) -> str:
    """Keeps a theme that was chosen in the TUI for the next start; says so where ``config.toml`` will overrule it."""
    if chosen.theme != "auto":
        return f'config.toml says theme = "{chosen.theme}": that is what jamtui starts with'
    choices.keep_theme(home, theme)
    return ""


def speaks_utf8(environ: Mapping[str, str]) -> bool:
    """Whether the locale is UTF-8, by the variables of POSIX in their order; unset means that nobody said otherwise."""
    said = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    return not said or said.startswith("C.UTF") or "utf-8" in said.lower() or "utf8" in said.lower()


def picture(context: Context, jam: KnownJam, args: argparse.Namespace) -> int:
    """Draws the TUI on an archive into a file."""
    return draw(context, context.open(jam), args, frozen=False)


def draw(context: Context, session: Session, args: argparse.Namespace, *, frozen: bool) -> int:
    """Runs the TUI without a terminal, presses ``--keys``, and writes what it shows as SVG to ``--screenshot``."""
    from jamtui.app import JamApp, check_theme
    from jamtui.commands.files import whole_file

    if context.theme:
        check_theme(context.theme)
    columns, lines = size_of(args.size)
    keys = keys_of(args.keys)
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
            for key in keys:
                await pilot.press(key)
                await app.workers.wait_for_complete()
            await pilot.pause()
            return app.export_screenshot()

    try:
        drawn = asyncio.run(take())
        with whole_file(target, replace=True) as file:
            file.write(drawn.encode())
    finally:
        session.close()
    return 0


def keys_of(text: str) -> list[str]:
    """``enter j PgDn`` as Textual spells them. Raises `UsageError` for what is no key."""
    try:
        return [keymap.key(one) for one in text.split()]
    except ValueError as error:
        raise UsageError(f"{error}", 'Write keys with spaces between them: "enter j j PgDn".') from None


def size_of(text: str) -> tuple[int, int]:
    """``120x40`` as columns and lines. Raises `UsageError`."""
    found = re.fullmatch(_SIZE, text)
    columns, lines = map(int, found.groups()) if found else (0, 0)
    if columns < 20 or lines < 5:
        raise UsageError(f"not a size: {text}", "Write it like 120x40; the smallest is 20x5.")
    return columns, lines
