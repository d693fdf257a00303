"""Prints docs/commands.md, the command reference, from the parsers of both programs: ``make docs``.

It reads the parsers rather than their help, whose form differs between versions of Python.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import jamserver.cli
from jamtui.commands import parser as jamtui_parser

HEAD = """\
# Commands

Made from the parsers by `make docs`; a test keeps it true. `jamtui COMMAND --help` says the same with examples.
"""


def page() -> str:
    """The whole page: a section for each program and each of its commands, each with a table of its words."""
    parts = [HEAD]
    for parser in (jamtui_parser.build(), jamserver.cli.parser()):
        parts.append(f"## {parser.prog}\n\n{(parser.description or '').strip()}\n")
        parts.append(_table(parser))
        if parser.epilog:
            parts.append(f"```text\n{parser.epilog.strip()}\n```\n")
        # What every command of the program takes stands above and need not be said again.
        common = frozenset(flag for action in parser._actions for flag in action.option_strings)
        for command, summary in _commands(parser):
            about = (command.description or summary or "").strip().rstrip(".")
            parts.append(f"### {command.prog}\n\n{about[:1].upper()}{about[1:]}.\n")
            parts.append(_table(command, common))
    return "\n".join(part for part in parts if part)


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[argparse.ArgumentParser, str | None]]:
    """Every command under ``parser`` that does something itself, with its summary, in the order of the help."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {choice.dest: choice.help for choice in action._choices_actions}
            for name, command in action.choices.items():
                if not _only_leads_on(command):
                    yield command, summaries.get(name)
                yield from _commands(command)


def _only_leads_on(parser: argparse.ArgumentParser) -> bool:
    """Whether ``parser`` does nothing without a further command."""
    return any(action.required for action in parser._actions if isinstance(action, argparse._SubParsersAction))


def _table(parser: argparse.ArgumentParser, known: frozenset[str] = frozenset()) -> str:
    rows = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction | argparse._HelpAction) or action.help == argparse.SUPPRESS:
            continue
        if known.intersection(action.option_strings):
            continue
        rows.append(f"| `{_words(action)}` | {_cell(action.help or '')} |")
    return "\n".join(["| word | what it means |", "|---|---|", *rows, ""]) if rows else ""


def _words(action: argparse.Action) -> str:
    """``-o, --output FILE`` for an option, ``FILE...`` for an argument."""
    choices = "{" + ",".join(map(str, action.choices)) + "}" if action.choices else ""
    metavar = action.metavar if isinstance(action.metavar, str) else None
    value = "" if action.nargs == 0 else metavar or choices or action.dest.upper()
    if not action.option_strings:
        return value + {"*": "...", "+": "..."}.get(str(action.nargs), "")
    return f"{', '.join(action.option_strings)} {value}".strip().replace("|", "\\|")


def _cell(text: str) -> str:
    return text.replace("%%", "%").replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
