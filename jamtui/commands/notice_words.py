"""The words of the commands about what is for the reader: see `jamtui.commands.parser`."""

from __future__ import annotations

from jamtui.commands.command import Command, count

TYPE_CHECKING = False  # typing's own is not worth its import: see jamtui.output
if TYPE_CHECKING:
    from argparse import ArgumentParser


def _inbox(parser: ArgumentParser) -> None:
    parser.add_argument("--unread", action="store_true", help="only what has something new in it")
    parser.add_argument(
        "--reason", action="append", default=[], metavar="R",
        help="only for this reason: answers, mentions, notices, reports, announcements, links, polls, threads, people, "
        "tags; may be repeated",
    )  # fmt: skip
    parser.add_argument("--limit", type=count, metavar="N", help="at most so many")
    parser.add_argument("--mark-read", action="store_true", help="mark what is listed as read afterwards")


def _digest(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--since", default="24h", metavar="TIME", help="24h, 3d, yesterday, an RFC 3339 time, or last: the last digest"
    )
    parser.add_argument("--format", choices=("text", "markdown", "json"), help="how it is written (text)")
    parser.add_argument("-o", "--output", metavar="FILE", help="into this file, whole or not at all; else stdout")
    parser.add_argument("--if-any", action="store_true", help="write nothing when nothing happened")


def _notify(parser: ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=("test",), help="send one to this terminal, to try it")


_DIGEST = (
    "jamtui digest --since yesterday\njamtui digest --since 3d --format markdown -o digest.md\n"
    "0 8 * * *  jamtui sync && jamtui digest --since last --if-any | mail -E -s Jam you@example.org   # in a crontab"
)

NOTICE: dict[str, Command] = {
    "inbox": Command(
        "inbox:run",
        "what is for you: answers, mentions, what you follow, announcements",
        "jamtui inbox --unread\njamtui inbox --reason answers --json | jq -r .body",
        _inbox,
        "A row a thread, the newest first; forty answers are one row that says 40. Made here: no server hears of it.",
    ),
    "digest": Command(
        "digest:run",
        "what happened since: for you, announcements, ideas, polls, what is hot, counts",
        _DIGEST,
        _digest,
        "Reads the mirror and marks nothing as read. --since last remembers when it was last asked so.",
    ),
    "notify": Command(
        "notifying:run",
        "how you are told of what came for you, and a notification to try it",
        "jamtui notify\njamtui notify test",
        _notify,
        "The [notify] table of config.toml says which of it is told and how: see docs/config.md.",
    ),
}
