"""``jamtui`` on the command line: finds the command, runs it, and says how it went.

Exit codes: 0 done, 1 failed, 2 usage, 3 not signed in, 4 not reachable, 5 no such thing, 6 refused by the Jam (all from
`jamtui.errors`), 130 interrupted. Errors are one line on standard error; a traceback comes only with ``--debug``, and
without locals.
"""

from __future__ import annotations

import errno
import os
import sys

from jamtui.errors import JamError, NotSignedIn, UsageError

TYPE_CHECKING = False  # typing's own is not worth its import: see jamtui.output
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from jamtui.commands.context import Context
    from jamtui.first_paint import Painted

    Run = Callable[[Context, argparse.Namespace], int | None]

INTERRUPTED = 130
_TOKEN = "JAMTUI_TOKEN"  # noqa: S105 - the name of a variable, also in jamtui.credentials
_MOST_WORDS = 2_000  # characters of what is told about an error: a hint may name every forum of the Jam


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code. ``argv`` is without the program's name."""
    words = list(sys.argv[1:] if argv is None else argv)
    environ: Mapping[str, str] = os.environ
    token = os.environ.get(_TOKEN)
    if token is None:
        return _ended(words, environ)
    environ = dict(os.environ)
    del os.environ[_TOKEN]  # for us alone: editors, browsers and whatever else is started get none
    try:
        return _ended(words, environ)
    finally:
        os.environ[_TOKEN] = token


def _ended(words: list[str], environ: Mapping[str, str]) -> int:
    debug = "--debug" in words
    _utf8()
    try:
        code = _run(words, environ)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError as error:
                if stream is sys.stdout and error.errno != errno.EIO:
                    raise
                _read_by_nobody(stream)  # the terminal is gone: that is what ended us
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _read_by_nobody(sys.stdout)  # whoever read has enough
        return 0
    except JamError as error:
        return _failed(error, error.title, error.hint, error.exit_code, debug)
    except OSError as error:
        # No file of ours: those are told by jamtui.paths and the store, in their own words.
        return _failed(error, error.strerror or type(error).__name__, _file_of(error), 1, debug)
    except Exception as error:  # noqa: BLE001 - a fault of the program must not show strangers' text or secrets
        if isinstance(error.__cause__, SystemExit):  # a signal while a class was made: so in Python 3.11
            return int(error.__cause__.code or 0)
        return _failed(error, f"unexpected {type(error).__name__}", "" if debug else _reported(error), 1, debug)


def _reported(error: Exception) -> str:
    """Writes a report of an error of our own; what to do about it."""
    from datetime import UTC, datetime

    from jamtui.paths import Home
    from jamtui.reports import advice, write_report

    return advice(write_report(Home.from_env(os.environ).logs, error, datetime.now(UTC)))


def _read_by_nobody(stream: TextIO) -> None:
    """``stream`` leads nowhere from here: Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _utf8() -> None:
    """JSON is UTF-8 everywhere; what a terminal of another encoding cannot show must not end the program.

    Where the locale names another charset, a terminal gets that: bytes of UTF-8 would be letters to it, and controls
    (0x9B begins an escape sequence).
    """
    charset = _charset()
    for stream, errors in ((sys.stdout, "strict"), (sys.stderr, "backslashreplace")):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        if charset and stream.isatty():
            reconfigure(encoding=charset, errors="jamtui")
        elif stream.encoding.lower() != "utf-8" or stream.errors != errors:
            reconfigure(encoding="utf-8", errors=errors)


def _charset() -> str:
    """The charset that the locale names, "" for UTF-8 and where it names none."""
    said = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "")
    name = said.partition("@")[0].partition(".")[2]
    if not name or name.lower().replace("-", "") == "utf8":
        return ""
    from jamtui.safe_text import charset

    return charset(name)


def _file_of(error: OSError) -> str:
    return f"The file is {error.filename}." if error.filename else ""


def _failed(error: BaseException, title: str, hint: str, code: int, debug: bool) -> int:
    from jamtui.output import problem
    from jamtui.safe_text import safe_block, safe_line

    if debug:
        import traceback

        sys.stderr.write(safe_block("".join(traceback.format_exception(error))))
    sys.stderr.write(safe_line(problem(title, hint), _MOST_WORDS) + "\n")
    return code


def _run(words: list[str], environ: Mapping[str, str]) -> int:
    if not words:
        return _last_screen(environ)
    try:
        "".join(words).encode()
    except UnicodeEncodeError:  # Python hands on the bytes of such a word as halves of surrogate pairs
        raise UsageError(
            "a word of the command is not UTF-8", "Check how your terminal encodes what you type."
        ) from None
    from jamtui.commands import parser

    name = parser.command_in(words)
    if name is not None and name not in parser.COMMANDS:
        raise UsageError(f"there is no command {name}", parser.nearest(name))
    asks = name is None and not {"-h", "--help"}.isdisjoint(words)
    try:
        args = parser.build(None if asks else name or "forums").parse_args(words)
    except SystemExit as end:  # argparse has printed the help
        return int(end.code or 0)
    if args.version:
        return _version(as_json=getattr(args, "json", False))
    if name is None:
        if getattr(args, "json", False):
            raise UsageError("--json and its rows need a command", "See jamtui --help.")
        return _screen(args, environ)
    if getattr(args, "explore", False) and name not in ("demo", "open"):
        raise UsageError("--explore is for the full screen", "Use jamtui --explore, or jamtui demo or open with it.")
    return _command(name, args, environ)


def _command(name: str, args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from importlib import import_module

    from jamtui.commands.context import Context
    from jamtui.commands.parser import COMMANDS

    context = Context(args, environ)
    module, _, function = COMMANDS[name].run.partition(":")
    run: Run = getattr(import_module(f"jamtui.commands.{module}"), function)
    try:
        return run(context, args) or 0
    except NotSignedIn as error:
        from jamtui.commands import again

        return again.after(context, name, getattr(args, "name", None), error)
    except (JamError, OSError):
        raise
    except Exception:
        context.suspect()
        raise


def _version(*, as_json: bool) -> int:
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("jamtui")
    except PackageNotFoundError:
        number = "(not installed: run from its source)"
    sys.stdout.write(f'{{"version":"{number}"}}\n' if as_json else f"jamtui {number}\n")
    return 0


def _last_screen(environ: Mapping[str, str]) -> int:
    """The full screen where one left off; what it showed then is painted before anything else is imported."""
    from jamtui.first_paint import paint

    painted = paint(environ)
    try:
        return _screen(None, environ, painted)
    finally:
        if painted is not None:
            painted.withdraw()


def _screen(args: argparse.Namespace | None, environ: Mapping[str, str], painted: Painted | None = None) -> int:
    import gc

    gc.disable()  # nothing of what is imported now is garbage; the app goes on with it when the first frame is out
    from jamtui.commands.screen import need_terminal, on_jam

    if not getattr(args, "plain", False):
        need_terminal("jamtui forums lists the forums; jamtui --plain reads commands; jamtui --help names all.")
    return on_jam(args, environ, painted)
