"""``jamtui config check|path|edit``: the person's choices, looked over, found, changed."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
from collections.abc import Mapping

from jamtui import config, keymap, migration, notify
from jamtui.commands.context import Context
from jamtui.commands.texts import ask, on_terminal
from jamtui.config import ConfigError, Problem
from jamtui.errors import JamError, UsageError
from jamtui.paths import Home, make_private_dir, write_private


def run(context: Context, args: argparse.Namespace) -> int:
    if args.action == "path":
        path = context.home.config_file
        if context.out.json:
            context.out.row({"path": os.fspath(path), "exists": path.exists()})
        else:
            context.out.line(os.fspath(path))
        return 0
    return check(context) if args.action == "check" else edit(context)


def problems(home: Home) -> list[Problem]:
    """All that is wrong with the configuration, by line; one alone when it is no TOML at all."""
    try:
        chosen = config.load(home)
    except ConfigError as error:
        return [Problem(error.line, "", str(error))]
    slips = [*keymap.keymap(chosen.keys)[1], *notify.settings(chosen.notify)[1]]
    return sorted([*chosen.problems, *slips], key=lambda problem: problem.line)


def check(context: Context) -> int:
    """Tells each problem on standard output, for the file is what was asked about; 1 when there is one."""
    path, found = context.home.config_file, problems(context.home)
    for problem in found:
        if context.out.json:
            context.out.row({"file": os.fspath(path), **_row(problem)})
        else:
            context.out.line(_told(context.home, problem))
    if not found:
        there = path.exists()
        context.out.say(f"{path} is fine" if there else f"There is no {path}: every setting has its default")
        if there and config.load(context.home).version < config.VERSION:
            context.out.say("It is of an older form: jamtui brings it up to date when it starts, and keeps a copy")
    return 1 if found else 0


def _row(problem: Problem) -> dict[str, object]:
    return {"line": problem.line, "setting": problem.setting, "problem": problem.text}


def _told(home: Home, problem: Problem) -> str:
    from jamtui.safe_text import safe_line

    # A file that is no TOML names itself in what is said.
    return safe_line(config.told(home.config_file, problem) if problem.setting else problem.text)


def edit(context: Context) -> int:
    """Opens the file in the person's editor until it is fine, or they leave it as it is."""
    home = context.home
    path = home.config_file
    command = editor(home, context.environ)
    if not path.exists():
        make_private_dir(home.config)
        write_private(path, migration.template().encode())
        context.out.say(f"{path} is new: every setting and key stands in it as a comment")
    else:
        _bring_up_to_date(context)
    while True:
        try:
            ended = subprocess.run([*command, os.fspath(path)], check=False)  # noqa: S603 - the person's own editor
        except OSError as error:
            raise UsageError(f"cannot start {command[0]}: {error.strerror}", "Check VISUAL and EDITOR.") from None
        if ended.returncode:
            raise JamError(f"{command[0]} ended with code {ended.returncode}", f"The file is {path}.")
        found = problems(home)
        if not found:
            context.out.say(f"{path} is fine; it counts from the next start")
            return 0
        for problem in found:
            context.out.say(_told(home, problem))
        if not on_terminal() or ask("Edit it again? [Y/n]").lower() in ("n", "no"):
            return 1


def _bring_up_to_date(context: Context) -> None:
    try:
        for line in migration.migrate(context.home, context.now()):
            context.out.say(line)
    except ConfigError:
        return  # no TOML: it is opened so that this can be mended, and is checked afterwards


def editor(home: Home, environ: Mapping[str, str]) -> list[str]:
    """The command of the person's editor. Raises `UsageError` when there is none.

    The configuration names one only as far as it can be read: here it may be the very file that is to be mended.
    """
    try:
        named = config.load(home).editor
    except ConfigError:
        named = ""
    wanted = named or environ.get("VISUAL") or environ.get("EDITOR") or ""
    try:
        command = shlex.split(wanted)
    except ValueError:
        command = []
    if not command:
        title = f"cannot start the editor {wanted}" if wanted else "there is no editor"
        raise UsageError(title, f"Set EDITOR, or open {home.config_file} yourself.")
    return command
