"""The words of the commands of hosts, and of what hosts put into a Jam: see `jamtui.commands.parser`."""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own is not worth its import: see jamtui.output
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable


def _announce(parser: ArgumentParser) -> None:
    parser.add_argument("--forum", metavar="F", help="for those of one forum (its slug or id); else for everybody")
    parser.add_argument("--body", metavar="TEXT", help="the text; - reads standard input; without it an editor opens")


def _announcements(parser: ArgumentParser) -> None:
    parser.add_argument("--new", action="store_true", help="only those that you have not seen")
    parser.add_argument("--keep", action="store_true", help="do not count them as seen")


# Name to what `parser.Command` takes: function, summary, examples, arguments, about.
HOSTING: dict[str, tuple[str, str, str, Callable[..., None] | None, str]] = {
    "announcements": (
        "hosting:announcements",
        "what hosts announced, the newest first",
        "jamtui announcements\njamtui announcements --new --json | jq -r .body",
        _announcements,
        "What is listed for people counts as seen; --json and --keep leave that as it is.",
    ),
    "announce": (
        "hosting:announce",
        "tell everybody something (hosts, moderators)",
        'jamtui announce --body "Refining begins at 14:00 UTC."\njamtui announce --forum ideas --body - < alert.md',
        _announce,
        "At most 2,000 characters of Markdown, at any time: before the Jam opens, and after it closed.",
    ),
}
