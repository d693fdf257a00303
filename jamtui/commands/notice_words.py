"""The words of the commands about what is for the reader: see `jamtui.commands.parser`."""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own is not worth its import: see jamtui.output
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable


def _inbox(parser: ArgumentParser) -> None:
    parser.add_argument("--unread", action="store_true", help="only what has something new in it")
    parser.add_argument(
        "--reason", action="append", default=[], metavar="R",
        help="only for this reason: answers, mentions, notices, reports, announcements, links, polls, threads, people, "
        "tags; may be repeated",
    )  # fmt: skip
    parser.add_argument("--limit", type=_count, metavar="N", help="at most so many")
    parser.add_argument("--mark-read", action="store_true", help="mark what is listed as read afterwards")


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def _notify(parser: ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=("test",), help="send one to this terminal, to try it")


# Name to what `parser.Command` takes: function, summary, examples, arguments, about.
NOTICE: dict[str, tuple[str, str, str, Callable[..., None] | None, str]] = {
    "inbox": (
        "inbox:run",
        "what is for you: answers, mentions, what you follow, announcements",
        "jamtui inbox --unread\njamtui inbox --reason answers --json | jq -r .body",
        _inbox,
        "A row a thread, the newest first; forty answers are one row that says 40. Made here: no server hears of it.",
    ),
    "notify": (
        "notifying:run",
        "how you are told of what came for you, and a notification to try it",
        "jamtui notify\njamtui notify test",
        _notify,
        "The [notify] table of config.toml says which of it is told and how: see docs/config.md.",
    ),
}
