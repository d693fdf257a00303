"""The words of the commands about what is kept for reading: see `jamtui.commands.parser`."""

from __future__ import annotations

from jamtui.commands.command import POST_HELP, Command, count

TYPE_CHECKING = False  # typing's own is not worth its import: see jamtui.output
if TYPE_CHECKING:
    from argparse import ArgumentParser


def _posts(parser: ArgumentParser) -> None:
    parser.add_argument("post", metavar="POST", nargs="+", help=POST_HELP)


def _saved(parser: ArgumentParser) -> None:
    parser.add_argument("--limit", type=count, metavar="N", help="at most so many")


def _mark_read(parser: ArgumentParser) -> None:
    parser.add_argument("post", metavar="POST", nargs="*", help=POST_HELP)
    parser.add_argument("--thread", action="store_true", help="with POST: the whole thread of each")
    parser.add_argument("--forum", metavar="F", help="everything in a forum (its slug or id)")
    parser.add_argument("--all", action="store_true", help="everything in the Jam")


def _mark_unread(parser: ArgumentParser) -> None:
    _posts(parser)
    parser.add_argument("--thread", action="store_true", help="the whole thread of each")


def _what(parser: ArgumentParser) -> None:
    parser.add_argument("what", metavar="WHAT", nargs="+", help="#tag, @handle, or a post of the thread that is meant")


def _state(parser: ArgumentParser) -> None:
    parser.add_argument("action", choices=("export", "import"), help="write the file, or merge one")
    parser.add_argument("file", metavar="FILE", nargs="?", help="import: the file")
    parser.add_argument("-o", "--output", metavar="FILE", help="export: a new file; .gz, .zst compressed; else stdout")
    parser.add_argument("--force", action="store_true", help="export: replace the file if it is there")


MARKING: dict[str, Command] = {
    "mute": Command(
        "marking:mark",
        "mute threads, tags and people on this device",
        "jamtui mute 0192f3a4\njamtui mute '#off-topic' @ana",
        _what,
        "What is muted is never unread, and reading on passes it over; nobody else learns of it.",
    ),
    "unmute": Command("marking:mark", "unmute them", "jamtui unmute '#off-topic'", _what),
    "follow": Command("marking:mark", "follow threads, tags and people", "jamtui follow 0192f3a4 '#energy'", _what),
    "unfollow": Command("marking:mark", "follow them no longer", "jamtui unfollow @ana", _what),
    "muted": Command("marking:listed", "what is muted", "jamtui muted --json"),
    "followed": Command("marking:listed", "what is followed", "jamtui followed"),
    "save": Command("marking:save", "keep posts in your list on this device", "jamtui save 0192f3a4", _posts),
    "unsave": Command("marking:save", "keep them no longer", "jamtui unsave 0192f3a4", _posts),
    "saved": Command(
        "marking:saved", "the posts that you keep", "jamtui saved\njamtui saved --json | jq -r .id", _saved
    ),
    "mark-read": Command(
        "marking:mark_read",
        "mark posts, threads, a forum or all as read, without reading them",
        "jamtui mark-read 0192f3a4 --thread\njamtui mark-read --forum off-topic\njamtui mark-read --all",
        _mark_read,
        "On this device; jamtui state carries it to another.",
    ),
    "mark-unread": Command(
        "marking:mark_unread",
        "mark posts or threads as unread again",
        "jamtui mark-unread 0192f3a4\njamtui mark-unread 0192f3a4 --thread",
        _mark_unread,
    ),
    "state": Command(
        "marking:state",
        "carry what was read, saved, muted, followed and the places to another device",
        "jamtui state export -o state.jsonl\njamtui state import state.jsonl",
        _state,
        "Import merges: it adds what is not here and takes nothing away. A broken file is refused whole.",
    ),
}
