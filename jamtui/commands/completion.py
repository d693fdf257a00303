"""``jamtui completion bash|zsh``: made from the parser by shtab, so that it knows what the help knows."""

from __future__ import annotations

import argparse
from typing import Any

from jamtui.commands import parser
from jamtui.commands.context import Context
from jamtui.errors import UsageError


def run(context: Context, args: argparse.Namespace) -> None:
    if context.out.json:
        raise UsageError("a completion script is no JSON", "Leave --json out.")
    import shtab

    whole = parser.build()
    _files(whole, shtab)
    context.out.line(shtab.complete(whole, args.shell, root_prefix="jamtui").rstrip("\n"))


def _files(whole: argparse.ArgumentParser, shtab: Any) -> None:
    """Arguments called FILE complete to files."""
    for action in whole._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                _files(sub, shtab)
        elif action.metavar == "FILE":
            action.complete = shtab.FILE  # type: ignore[attr-defined]
