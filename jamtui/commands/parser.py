"""The words of the command line: every command with its arguments, its help and an example.

Only the parser of the command that is run is built; help, completion and the reference in the docs build them all.
"""

from __future__ import annotations

import argparse

from jamtui.commands.command import IDEA_STATES, KINDS, SORTS, Command, count, post_id
from jamtui.commands.hosting_words import HOSTING
from jamtui.commands.marking_words import MARKING
from jamtui.commands.moderating_words import MODERATING
from jamtui.commands.notice_words import NOTICE
from jamtui.commands.writing_words import WAITING, WRITING
from jamtui.errors import UsageError

TYPE_CHECKING = False  # typing's own is not worth its import: see jamtui.output
if TYPE_CHECKING:
    from typing import Any, NoReturn

PLAIN_HELP = "no table, no colour: fields apart by tabs; instead of the full screen: lines for screen readers"


class Parser(argparse.ArgumentParser):
    """Errors become `UsageError`, so that they look like all others and leave with code 2."""

    def error(self, message: str) -> NoReturn:
        name = self.prog
        raise UsageError(message[:1].lower() + message[1:], f"See {name} --help.")


class _Code(argparse.Action):
    """An invite code may be left out, and argparse takes the next word for it: an address is none."""

    def __call__(self, parser: object, namespace: object, values: object, option: object = None) -> None:
        code = str(values)
        if "://" in code:
            raise UsageError(
                f"--invite takes a code, and {code} is an address",
                f"The address comes first: jamtui login {code} --invite; the code is asked for then.",
            )
        setattr(namespace, self.dest, code)


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same number makes the same Jam")
    parser.add_argument("--freeze", metavar="TIME", help="stop the clock and the live posts at this RFC 3339 time")
    parser.add_argument("--archive", metavar="FILE", help="show this Jam archive instead, reopened from now")
    _explore(parser)
    _picture(parser)


def _explore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--explore", action="store_true", help="look around: nothing is marked as read, no place kept")


def _picture(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--screenshot", metavar="FILE", help="no terminal: draw the screen into this SVG file and end")
    parser.add_argument("--size", default="120x40", metavar="CxL", help="columns and lines of the picture (120x40)")
    parser.add_argument("--keys", default="", help='keys pressed before the picture, e.g. "enter j j space"')


def _open(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a Jam archive: JSON lines, plain, .gz or .zst")
    parser.add_argument("--index-only", action="store_true", help="index the file and end; --json implies it")
    _explore(parser)
    _picture(parser)


def _login(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help="the Jam's address, like https://jam.example.org")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--guest", action="store_true", help="read only, without an account")
    way.add_argument(
        "--invite", metavar="CODE", nargs="?", const="", action=_Code,
        help="a code that a host gave you; it works once; without CODE it is asked for, or read from standard input",
    )  # fmt: skip
    way.add_argument("--token-stdin", action="store_true", help="read an access token from standard input")
    way.add_argument("--browser", action="store_true", help="sign in with the organisation's page, in a browser here")
    way.add_argument("--device", action="store_true", help="… in a browser on another device")
    parser.add_argument(
        "--issuer", metavar="NAME", help="which organisation, where the Jam names several: its name, host or address"
    )
    parser.add_argument(
        "--port", metavar="N", type=int, default=0, help="of 127.0.0.1, to which the browser comes back; any free one"
    )
    parser.add_argument(
        "--handle",
        metavar="NAME",
        help="your name in the Jam; the password is asked for. With --invite: the name to take, else one is made",
    )
    parser.add_argument("--name", metavar="NAME", help="with --invite: your full name, as others will read it")
    parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    parser.add_argument(
        "--store",
        choices=("keyring", "file"),
        help="where the secret stays (keyring); file: in a file only you can read (0600), not encrypted",
    )


def _logout(parser: argparse.ArgumentParser) -> None:
    _optional_jam(parser)
    parser.add_argument("--discard", action="store_true", help="even if drafts or unsent texts go with it")


def _auth(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("status",), help="status: who you are, where, and where the secret is kept")


def _optional_jam(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="JAM", nargs="?", help="slug or URL; else the Jam used last")


def _threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("forum", metavar="FORUM", nargs="?", help="the forum's slug or id; without it, all forums")
    parser.add_argument("--sort", choices=SORTS, default="active", help="the order (active)")
    parser.add_argument("--tag", action="append", default=[], metavar="T", help="with a post that carries this tag")
    parser.add_argument("--author", action="append", default=[], metavar="HANDLE", help="with a post by this person")
    parser.add_argument("--kind", action="append", default=[], choices=KINDS, help="of this kind; may be repeated")
    parser.add_argument("--state", action="append", default=[], choices=IDEA_STATES, help="ideas that are so far")
    parser.add_argument("--featured", action="store_true", help="with a post that a host features")
    parser.add_argument("--lang", action="append", default=[], metavar="L", help="with a post in this language: de, zh")
    parser.add_argument(
        "--since",
        metavar="TIME",
        help="with a post since then: 2h, 3d, today, 2026-11-23 (2h before the end when the Jam is over)",
    )
    parser.add_argument("--before", metavar="TIME", help="with a post before that time")
    parser.add_argument("--code", action="store_true", help="with a post that holds code")
    parser.add_argument("--unread", action="store_true", help="with a post that you have not read")
    parser.add_argument("--limit", type=count, metavar="N", help="at most so many")


def _hot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=count, default=30, metavar="N", help="at most so many (30)")


def _people(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("handle", metavar="HANDLE", nargs="?", help="one person's page: who, figures, latest posts")
    parser.add_argument("--posts", action="store_true", help="with HANDLE and --json: the posts instead of the person")
    parser.add_argument("--where", action="store_true", help="who is from where: countries, organisations, languages")
    parser.add_argument("--by", choices=("country", "org", "language"), help="with --where: that alone")
    parser.add_argument("--limit", type=count, default=30, metavar="N", help="at most so many posts, or rows (30)")


def _tags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--curated", action="store_true", help="those that hosts chose, with what they mean")


def _tag_curate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tag", metavar="TAG", help="with or without #")
    parser.add_argument("--about", metavar="TEXT", help="what it means, in a sentence")
    parser.add_argument("--off", action="store_true", help="take it out of the curated set; posts keep it")


def _tag_merge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tag", metavar="TAG", help="the tag that goes")
    parser.add_argument("into", metavar="INTO", nargs="?", help="the tag that stays")
    parser.add_argument("--undo", action="store_true", help="make TAG a tag of its own again; posts keep the other")


def _profile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE",
        help="name, org, country, languages or about; several times; an empty value takes the field away",
    )  # fmt: skip


def _mydata(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="FILE", help="a new file; .gz and .zst are compressed; else stdout")
    parser.add_argument("--force", action="store_true", help="replace the file if it is there")
    parser.add_argument("--device", action="store_true", help="only what this device has; needs no server")
    parser.add_argument("--delete", action="store_true", help="delete your account instead, after a question")
    parser.add_argument("--posts", choices=("keep", "remove"), help="with --delete: what becomes of what you wrote")
    parser.add_argument("--confirm", metavar="HANDLE", help="with --delete: your handle, where nobody can be asked")


def _plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("time", type=count, nargs="?", metavar="MINUTES", help="the time that you have (15)")
    parser.add_argument("--minutes", type=count, default=15, metavar="N", help="the same")


def _search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "query", metavar="QUERY", nargs="+", help="words, phrases, tag:T author:HANDLE since:2d is:unread -not"
    )
    parser.add_argument("--limit", type=count, metavar="N", help="at most so many (200; with --json all)")


def _export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", required=True, choices=("jam", "markdown"), help="a Jam archive, or a text to read")
    parser.add_argument("-o", "--output", metavar="FILE", help="a new file; .gz and .zst are compressed; else stdout")
    parser.add_argument("--force", action="store_true", help="replace the file if it is there")


def _config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", choices=("check", "path", "edit"), help="check: what is wrong; path: where; edit: open"
    )


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repair", action="store_true", help="mend what can be mended; nothing of your own is lost")


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh"), help="whose language the script is in")


COMMANDS: dict[str, Command] = {
    "demo": Command(
        "demo:run",
        "try it: a live Jam in a temporary folder, no account, no network",
        "jamtui demo\njamtui demo --seed 7 --freeze 2011-02-08T15:00:00Z --screenshot forums.svg --size 120x40",
        _demo,
        "Starts a server of its own on a free port of this machine, signs you in, and leaves nothing behind.",
    ),
    "open": Command(
        "files:open_file",
        "read a Jam archive, without a server",
        "jamtui open open-conversations.jsonl\njamtui open big.jsonl.zst --index-only --json",
        _open,
        "The first time FILE is indexed; later that index is used until FILE changes.",
    ),
    "login": Command(
        "signing:login",
        "sign in to a Jam, or read it as a guest",
        "jamtui login https://jam.example.org --guest\n"
        "jamtui login https://jam.example.org --device\n"
        "jamtui login https://jam.example.org --handle ana --store keyring\n"
        "pass show jam | jamtui login https://jam.example.org --handle ana --password-stdin",
        _login,
        "Asks what it needs when no way is given; the sign-in of an organisation goes by the browser here, or a code "
        "where there is none (SSH, containers). Passwords and tokens are read from a prompt or standard input, never "
        "from the command line. JAMTUI_TOKEN in the environment, or a token_command in config.toml, signs in without "
        "any store. Each person at a server has a folder of their own: signing in as somebody else keeps both.",
    ),
    "logout": Command(
        "signing:logout",
        "sign out and remove everything of the Jam from this machine",
        "jamtui logout\njamtui logout https://jam.example.org --discard",
        _logout,
        "Works without the server, too. Refuses while another jamtui has the Jam open, and while drafts or unsent "
        "texts would be lost, unless --discard is given.",
    ),
    "auth": Command("signing:auth", "who you are, where, and where the secret is kept", "jamtui auth status", _auth),
    "jams": Command("reading:jams", "the Jams that this machine knows", "jamtui jams --json"),
    "jam": Command(
        "event:run",
        "how the Jam stands: its phases, what you may do now, its hours everywhere",
        "jamtui jam\njamtui jam --json | jq -r .state",
    ),
    "sync": Command(
        "syncing:sync",
        "bring the mirror up to date, send the outbox, and end",
        "jamtui sync\n*/10 * * * *  jamtui sync --jam https://jam.example.org   # in a crontab",
        _optional_jam,
        "Off line it ends with code 4, and mirror and outbox stay as they are.",
    ),
    "forums": Command("forums:run", "the forums and what is unread", "jamtui forums\njamtui forums --json | jq .slug"),
    "threads": Command(
        "ways:threads",
        "the threads of a forum, or of all, sorted and narrowed",
        "jamtui threads ideas --sort votes --limit 20\njamtui threads --unread --since 2h --tag pilot\n"
        "jamtui threads ideas --sort unanswered",
        _threads,
        "A thread is shown when one of its posts fits everything that is asked for.",
    ),
    "hot": Command("ways:hot", "the threads that people are in now, the hottest first", "jamtui hot --limit 10", _hot),
    "plan": Command(
        "ways:plan",
        "what to read in the minutes that you have",
        "jamtui plan 15\njamtui plan 5 --json | jq -r .body",
        _plan,
        "The unread posts most worth it, with those that they need, in the order to read them.",
    ),
    "show": Command(
        "reading:show",
        "a post and what was answered under it",
        "jamtui show 0192f3a4\njamtui show 0192f3a4 --json | jq -r .body",
        post_id,
    ),
    "tags": Command(
        "reading:tags", "the tags, the most used first", "jamtui tags --json\njamtui tags --curated", _tags
    ),
    "tag-curate": Command(
        "tagging:curate",
        "put a tag into the curated set, for hosts",
        "jamtui tag-curate pilot-projects --about 'Where we try it first.'\njamtui tag-curate pilots --off",
        _tag_curate,
        "Curated tags are suggested first to everybody who tags.",
    ),
    "tag-merge": Command(
        "tagging:merge",
        "merge a tag into another, for hosts",
        "jamtui tag-merge pilots pilot-projects\njamtui tag-merge pilots --undo",
        _tag_merge,
        "Posts that carry the first get the second, and so does whoever puts the first one later.",
    ),
    "search": Command(
        "reading:search",
        "search titles, texts and tags, best hits first",
        "jamtui search coffee '\"pilot project\"' tag:governance\njamtui search author:ana --json",
        _search,
    ),
    "people": Command(
        "reading:people",
        "the people, those with the most posts first, or one person's page",
        "jamtui people\njamtui people ana\njamtui people ana --posts --json\njamtui people --where --by country",
        _people,
    ),
    "profile": Command(
        "profile:profile",
        "who you are to others: print it, or change it",
        "jamtui profile\njamtui profile --set org='Tea House' --set country=Japan --set languages='en, ja'",
        _profile,
        "Everybody in the Jam can read it. Off line a change waits in the outbox.",
    ),
    "mydata": Command(
        "mydata:run",
        "all that is yours as one file, or the end of your account",
        "jamtui mydata -o mine.json\njamtui mydata --delete --posts keep",
        _mydata,
        "What the Jam's server has of you, and what only this device has: drafts, outbox, what you read, saved and "
        "follow. --delete says what goes, lets you type your handle, deletes your account there, and leaves nothing "
        "on this device.",
    ),
    **WRITING,
    **HOSTING,
    **NOTICE,
    **MODERATING,
    "watch": Command(
        "watching:watch",
        "follow the Jam, a line a change (posts, announcements, people, forums), until interrupted",
        "jamtui watch\njamtui watch --json | jq -r 'select(.change == \"new\") | .body'",
    ),
    **WAITING,
    "export": Command(
        "files:export",
        "the mirror as a Jam archive or as Markdown",
        "jamtui export --format jam -o jam.jsonl.zst\njamtui export --format markdown | less",
        _export,
    ),
    **MARKING,
    "config": Command(
        "settings:run",
        "the configuration: check it, say where it is, edit it",
        'jamtui config check\njamtui config edit\n$EDITOR "$(jamtui config path)"',
        _config,
        "check names each problem with its line and ends with code 1 when there is one. edit opens the file in your "
        "editor, made with every setting and key in it as comments if there is none, and checks it afterwards.",
    ),
    "doctor": Command(
        "doctor:run",
        "look whether everything that jamtui keeps is whole, and mend it",
        "jamtui doctor\njamtui doctor --repair\njamtui doctor --json | jq -r 'select(.state == \"wrong\") | .text'",
        _doctor,
        "Configuration, modes, disk space; of each Jam the mirror, drafts and outbox, connection and sign-in: a line "
        "each, with what to do. Ends with code 1 when something is wrong. Without --repair nothing is changed.",
    ),
    "completion": Command(
        "completion:run",
        "a completion script for your shell",
        'eval "$(jamtui completion bash)"\njamtui completion zsh > ~/.zfunc/_jamtui',
        _completion,
    ),
}

_INTRO = (
    "The terminal client for a Jam, a massive online brainstorm. Without a command: the full screen, or with --plain "
    "a conversation in lines, for screen readers, Braille displays and slow connections."
)
_OUTRO = """\
exit codes:
  0 done · 1 failed · 2 usage · 3 not signed in, or token refused · 4 server not reachable
  5 no such thing · 6 refused by the Jam (closed, forbidden, locked) · 130 interrupted

environment:
  JAMTUI_HOME   one folder for configuration, mirrors, state and logs
  JAMTUI_TOKEN  signs in without any store, to the Jam of jamtui login URL alone
  VISUAL, EDITOR, NO_COLOR

examples:
  jamtui demo
  jamtui login https://jam.example.org --guest && jamtui sync
  jamtui threads ideas --sort votes --json | jq -r .title"""


def build(only: str | None = None) -> Parser:
    """The parser; with ``only``, of that command alone (the others are named in no message then)."""
    parser = Parser(
        prog="jamtui", description=_INTRO, epilog=_OUTRO, formatter_class=_Formatter, allow_abbrev=False, add_help=False
    )
    _add_globals(parser, version=True)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=Parser)
    for name in COMMANDS if only is None else (only,):
        command = COMMANDS[name]
        sub = commands.add_parser(
            name,
            help=command.summary,
            description=_sentence(command),
            epilog="examples:\n" + "\n".join(f"  {line}" for line in command.examples.splitlines()),
            formatter_class=_Formatter,
            allow_abbrev=False,
            add_help=False,
        )
        if command.add is not None:
            command.add(sub)
        _add_globals(sub, version=False)
    return parser


def _sentence(command: Command) -> str:
    first = f"{command.summary[:1].upper()}{command.summary[1:]}."
    return f"{first} {command.about}" if command.about else first


def _add_globals(parser: Parser, *, version: bool) -> None:
    """The same before and after the command's name; ``SUPPRESS`` lets either count."""
    group = parser.add_argument_group("for all commands")
    group.add_argument("-h", "--help", action="help", help="this help")
    unset: Any = argparse.SUPPRESS
    which = "which Jam (or archive file), HANDLE@SLUG where several people use it; else the last"
    group.add_argument("--jam", metavar="SLUG|URL", default=unset, help=which)
    group.add_argument("--json", action="store_true", default=unset, help="one JSON object a line, for programs")
    group.add_argument("--plain", action="store_true", default=unset, help=PLAIN_HELP)
    group.add_argument(
        "--theme", metavar="NAME", default=unset, help="colours of the full screen: dark, light, ansi ..."
    )
    group.add_argument("--ascii", action="store_true", default=unset, help="the full screen without marks beyond ASCII")
    group.add_argument("--debug", action="store_true", default=unset, help="tell where in the program an error arose")
    if version:
        group.add_argument("--explore", action="store_true", default=unset, help="mark nothing as read")
        group.add_argument("--version", action="store_true", help="the version, and end")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps examples as they are, fills descriptions, and gives names room."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return super()._fill_text(text, width, indent)
        return argparse.HelpFormatter._fill_text(self, text, width, indent)


def command_in(words: list[str]) -> str | None:
    """The first word that is no global option, or None."""
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in ("--jam", "--theme"):
            skip = True
        elif not word.startswith("-"):
            return word
    return None


def nearest(word: str) -> str:
    """A hint for a word that is no command."""
    import difflib

    near = difflib.get_close_matches(word, COMMANDS, 1, 0.5)
    return f"Did you mean jamtui {near[0]}? See jamtui --help." if near else "See jamtui --help."
