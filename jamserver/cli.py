"""The command ``jamserver``: its words and its exit codes. What the commands do stands in `jamserver.commands`.

Exit codes: 0 done, 1 failed, 2 usage, 5 no such database, person or file. Messages go to standard error.
"""

from __future__ import annotations

import argparse
import ipaddress
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from jamserver import commands, event_commands, event_words, forum_commands, sign_in_commands
from jamserver.faults import where
from jamserver.problems import Problem
from jamtui.errors import JamError
from jamtui.event import ROLES
from jamtui.safe_text import safe_line

_EXAMPLES = """\
examples:
  jamserver run                                        a server with an empty Jam in jam.sqlite, http://127.0.0.1:8787
  jamserver forum add ideas --title "Ideas"            its first forum
  jamserver person add ada --password-stdin            somebody who can sign in; asks standard input for the password
  jamserver import party.jsonl --db party.sqlite       a Jam from an archive
  jamserver export -o jam.jsonl.zst                    the Jam as an archive
  jamserver backup jam-monday.sqlite                   everything, accounts too, while the server runs
"""


class _Parser(argparse.ArgumentParser):
    """As argparse's, but what it repeats of the words that it was given reaches the terminal harmless."""

    def error(self, message: str) -> NoReturn:
        super().error(safe_line(message))


_Words: TypeAlias = "argparse._SubParsersAction[_Parser]"


class HarmlessLog(logging.Formatter):
    """What the log says, on standard error: words of strangers in it (a path) move no cursor and add no line, and an
    error is told by where it came from, without its own words, which may quote a secret."""

    def format(self, record: logging.LogRecord) -> str:
        text = safe_line(record.getMessage())
        error = record.exc_info[1] if record.exc_info else None
        return f"{text}: {where(error)}" if error is not None else text


def parser() -> argparse.ArgumentParser:
    """All commands and options, each with its help."""
    top = _Parser(
        prog="jamserver",
        description="The reference server of a Jam: one SQLite file, one process.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    file = _Parser(add_help=False)
    file.add_argument("--db", type=Path, default=Path("jam.sqlite"), metavar="FILE", help="the database (jam.sqlite)")
    rows = _Parser(add_help=False)
    rows.add_argument("--json", action="store_true", help="print one JSON object a line")
    words = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    _run_words(words, file, rows)
    _file_words(words, file, rows)
    _made_words(words, rows)
    _person_words(words, file, rows)
    _invite_words(words, file, rows)
    _oidc_words(words, file, rows)
    forum = words.add_parser("forum", help="forums").add_subparsers(metavar="COMMAND", required=True)
    forum_commands.add_words(forum, file, rows)
    _jam_words(words, file, rows)
    return top


def _run_words(words: _Words, file: _Parser, rows: _Parser) -> None:
    run = words.add_parser("run", parents=[file, rows], help="serve the Jam; makes the file when it is not there")
    run.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    run.add_argument("--port", type=_port, default=8787, help="the port (8787); 0 picks a free one")
    run.add_argument(
        "--proxy",
        action="append",
        default=[],
        type=_address,
        metavar="ADDRESS",
        help="believe what this address says of who asks (X-Forwarded-For); may be given several times",
    )
    _issuer_options(
        run.add_argument_group("sign-in by an OpenID Connect issuer (kept in the file, as by jamserver oidc set)"),
        "--oidc-",
        required=False,
    )
    run.set_defaults(do=commands.run)


def _file_words(words: _Words, file: _Parser, rows: _Parser) -> None:
    load = words.add_parser("import", parents=[file, rows], help="put an archive into a new database")
    load.add_argument("archive", type=Path, metavar="FILE", help="JSON lines, plain or gzip or zstd")
    load.add_argument(
        "--reopen",
        nargs="?",
        type=_hours,
        const=72.0,
        metavar="HOURS",
        help="open the Jam from now, for 72 hours or HOURS",
    )
    load.set_defaults(do=commands.import_archive)

    save = words.add_parser("export", parents=[file, rows], help="write the Jam as an archive")
    save.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="to a file (.gz and .zst compress); else, and with -, standard output",
    )
    save.set_defaults(do=commands.export_archive)

    keep = words.add_parser("backup", parents=[file, rows], help="copy the database into a file, while the server runs")
    keep.add_argument("target", type=Path, metavar="FILE", help="the copy; it appears when it is whole")
    keep.add_argument("--force", action="store_true", help="replace the file if it is there")
    keep.set_defaults(do=commands.backup)

    back = words.add_parser(
        "restore",
        parents=[file, rows],
        help="put a backup into the place of the database, which is kept under another name; the server must not run",
    )
    back.add_argument("source", type=Path, metavar="FILE", help="what jamserver backup wrote")
    back.set_defaults(do=commands.restore)


def _made_words(words: _Words, rows: _Parser) -> None:
    make = words.add_parser("generate", parents=[rows], help="write an archive of a made-up Jam")
    make.add_argument("--posts", type=_count, metavar="N", help="how many posts (without it: as many as the shape had)")
    make.add_argument(
        "--shape",
        metavar="NAME",
        help="forums, hours and people of a real Jam: worldjam-2001, managerjam-2002, valuesjam-2003, "
        "innovationjam-2006 or socialbusinessjam-2011",
    )
    make.add_argument("--big-thread", type=_count, default=0, metavar="N", help="one thread has N of the posts")
    make.add_argument(
        "--big-forum", type=_count, default=0, metavar="N", help="one forum has N of the posts as threads of their own"
    )
    make.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="S",
        help="the same seed makes the same Jam, moved to now by whole days (1)",
    )
    make.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="to a file (.gz and .zst compress); else, and with -, standard output",
    )
    make.set_defaults(do=commands.generate)

    document = words.add_parser("openapi", parents=[rows], help="print the OpenAPI 3.1 document")
    document.set_defaults(do=commands.openapi)


def _invite_words(words: _Words, file: _Parser, rows: _Parser) -> None:
    invite = words.add_parser("invite", parents=[file, rows], help="print a code that lets one person in")
    invite.add_argument("--role", choices=ROLES, default="participant", help="what they will be (participant)")
    invite.add_argument("--days", type=_count, default=30, metavar="N", help="how long it may be used (30)")
    invite.set_defaults(do=sign_in_commands.invite)
    invites = words.add_parser("invites", parents=[file, rows], help="list the codes that nobody has used")
    invites.add_argument("--withdraw", metavar="NAME", help="take the code of this name back instead")
    invites.set_defaults(do=sign_in_commands.invites)


def _jam_words(words: _Words, file: _Parser, rows: _Parser) -> None:
    jam = words.add_parser("jam", help="the Jam itself").add_subparsers(metavar="COMMAND", required=True)
    change = jam.add_parser("set", parents=[file, rows], help="change what is named")
    change.add_argument("--title", metavar="T")
    change.add_argument("--slug", metavar="S")
    change.add_argument("--summary", metavar="S")
    opens = "RFC 3339, such as 2026-02-08T14:00:00Z, or now"
    change.add_argument("--opens", type=event_words.moment, metavar="TIME", help=opens)
    change.add_argument("--closes", type=event_words.moment, metavar="TIME", help="RFC 3339, or now")
    change.add_argument(
        "--grace", type=event_words.length, metavar="LENGTH",
        help="for how long after the end what arrives late is still taken: 30m, 2h",
    )  # fmt: skip
    change.add_argument("--guests", choices=("yes", "no"), help="whether people without an account may read")
    change.set_defaults(do=event_commands.change)
    event_commands.add_words(jam, file, rows)


def _person_words(words: _Words, file: _Parser, rows: _Parser) -> None:
    person = words.add_parser("person", help="people").add_subparsers(metavar="COMMAND", required=True)
    add = person.add_parser("add", parents=[file, rows], help="add somebody")
    add.add_argument("handle", metavar="HANDLE")
    add.add_argument("--name", default="", metavar="N", help="as people see it (the handle)")
    add.add_argument("--role", choices=ROLES, default="participant")
    add.add_argument("--org", default="", metavar="O")
    add.add_argument("--country", default="", metavar="C")
    add.add_argument("--password-stdin", action="store_true", help="the first line of standard input is the password")
    add.set_defaults(do=commands.person_add)
    role = person.add_parser("role", parents=[file, rows], help="give somebody another role")
    role.add_argument("handle", metavar="HANDLE")
    role.add_argument("role", choices=ROLES, metavar="ROLE", help=", ".join(ROLES))
    role.set_defaults(do=commands.person_role)
    honour = person.add_parser("honour", parents=[file, rows], help="say who a guest of honour is")
    honour.add_argument("handle", metavar="HANDLE")
    honour.add_argument("text", metavar="TEXT", help="in a few words, as people see it; empty takes it away")
    honour.set_defaults(do=commands.person_honour)
    people = person.add_parser("list", parents=[file, rows], help="who is there, those who may do most first")
    people.add_argument("--role", choices=ROLES, help="only these")
    people.set_defaults(do=commands.person_list)
    token = person.add_parser("token", parents=[file, rows], help="print an access token")
    token.add_argument("handle", metavar="HANDLE")
    token.add_argument("--days", type=_count, default=30, metavar="N", help="how long it lives (30)")
    token.set_defaults(do=commands.person_token)
    link = person.add_parser("link", parents=[file, rows], help="say who somebody of the OpenID Connect issuer is")
    link.add_argument("handle", metavar="HANDLE")
    link.add_argument("subject", metavar="SUB", help="the claim sub of their tokens")
    link.set_defaults(do=commands.person_link)
    out = person.add_parser("signout", parents=[file, rows], help="end all sign-ins and tokens of somebody")
    out.add_argument("handle", metavar="HANDLE")
    out.set_defaults(do=commands.person_signout)
    password = person.add_parser("password", parents=[file, rows], help="give somebody a password, or another one")
    password.add_argument("handle", metavar="HANDLE")
    password.add_argument(
        "--password-stdin", action="store_true", required=True, help="the first line of standard input"
    )
    password.set_defaults(do=commands.person_password)


def _oidc_words(words: _Words, file: _Parser, rows: _Parser) -> None:
    oidc = words.add_parser("oidc", help="sign-in by an OpenID Connect issuer").add_subparsers(
        metavar="COMMAND", required=True
    )
    change = oidc.add_parser("set", parents=[file, rows], help="name the issuer, in place of what was there")
    _issuer_options(change, "--", required=True)
    change.set_defaults(do=sign_in_commands.oidc_set)
    show = oidc.add_parser("show", parents=[file, rows], help="print what is kept of it")
    show.set_defaults(do=sign_in_commands.oidc_show)
    check = oidc.add_parser("check", parents=[file, rows], help="ask the issuer for its keys, and tell what it offers")
    check.set_defaults(do=sign_in_commands.oidc_check)
    off = oidc.add_parser("off", parents=[file, rows], help="take it away; people who came by it stay")
    off.set_defaults(do=sign_in_commands.oidc_off)


def _issuer_options(to: argparse._ActionsContainer, prefix: str, *, required: bool) -> None:
    """The same words for ``oidc set`` and, with a prefix, for ``run``."""

    def option(name: str, metavar: str, text: str, **more: Any) -> None:
        to.add_argument(prefix + name, dest=f"oidc_{name.replace('-', '_')}", metavar=metavar, help=text, **more)

    option("issuer", "URL", "as its metadata names it; https, or http on this machine", required=required)
    option("client-id", "ID", "the public client that jamtui is there", required=required)
    option(
        "audience", "AUD", "take JWT access tokens for this audience, too; jamtui sends those for the Jam's own address"
    )
    option("name", "N", "what people know it as, such as Example Corp")
    option(
        "scope",
        "S",
        "ask for this scope (openid, profile, email: jamtui asks for no other); several times",
        action="append",
        default=[],
    )
    option("role", "CLAIM=VALUE:ROLE", "who has this claim gets the role", action="append", default=[])
    option("require", "CLAIM=VALUE", "who lacks this claim may not come in", action="append", default=[])
    option("hours", "H", "ask the issuer again after H hours (24)", type=_hours, default=24.0)


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"not an IP address: {text}") from None


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100_000_000:
        raise argparse.ArgumentTypeError("a number of at least 1 is wanted")
    return number


def _hours(text: str) -> float:
    number = float(text)
    if not 0 < number <= 100_000:
        raise argparse.ArgumentTypeError("a number of hours above 0 is wanted")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit code. argparse itself exits with 2 for words it does not know."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        "".join(words).encode()
    except UnicodeEncodeError:  # Python hands on the bytes of such a word as halves of surrogate pairs
        return _tell("a word of the command is not UTF-8", "Check how your terminal encodes what you type.", 2)
    arguments = parser().parse_args(words)
    told = logging.StreamHandler()  # warnings and errors, as Python does by itself
    told.setLevel(logging.WARNING)
    told.setFormatter(HarmlessLog())
    logging.getLogger().addHandler(told)
    try:
        return _done(arguments)
    finally:
        logging.getLogger().removeHandler(told)


def _done(arguments: argparse.Namespace) -> int:
    """The exit code."""
    try:
        arguments.do(arguments)
        sys.stdout.flush()
    except JamError as error:
        return _tell(error.title, error.hint, error.exit_code)
    except Problem as problem:
        return _tell(problem.detail.removesuffix("."), "", 2 if problem.code == "invalid" else 1)
    except BrokenPipeError:
        # Who reads us has seen enough. Nothing may be flushed into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _tell(title: str, hint: str, code: int) -> int:
    print(f"jamserver: {safe_line(title)}", file=sys.stderr)
    if hint:
        print(f"  {safe_line(hint)}", file=sys.stderr)
    return code
