"""The words of the commands of moderation: see `jamtui.commands.parser`."""

from __future__ import annotations

from jamtui.commands.command import Command

TYPE_CHECKING = False  # typing's own is not worth its import: see jamtui.output
if TYPE_CHECKING:
    from argparse import ArgumentParser

_REASONS = ("abuse", "spam", "off-topic", "private", "other")
_ACTS = ("hide", "unhide", "remove", "lock", "unlock", "move", "merge", "warn", "suspend", "unsuspend", "undo")


def _report(parser: ArgumentParser) -> None:
    parser.add_argument("post", metavar="POST", help="the post's id, or its first characters (6 or more)")
    parser.add_argument("--reason", choices=_REASONS, required=True, help="what is wrong with it")
    parser.add_argument("--note", metavar="TEXT", help="for the moderators; needed with the reason other")


def _reports(parser: ArgumentParser) -> None:
    parser.add_argument("--dismiss", metavar="POST", help="leave a reported post as it is (moderators)")
    parser.add_argument("--mine", action="store_true", help="for moderators too: what you reported yourself")


def _moderate(parser: ArgumentParser) -> None:
    parser.add_argument("act", choices=_ACTS, metavar="ACT", help=", ".join(_ACTS))
    parser.add_argument("post", metavar="WHAT", help="a post, for people also @HANDLE; for undo the id of an act")
    parser.add_argument("--reason", metavar="TEXT", help="for the people concerned, who are not told who acted")
    parser.add_argument("--to", metavar="WHERE", help="the forum of a move, the thread of a merge")
    parser.add_argument("--until", metavar="TIME", help="of a suspension: 12h, 3d, 1w, or an RFC 3339 time")


def _notices(parser: ArgumentParser) -> None:
    parser.add_argument("--keep", action="store_true", help="do not count them as seen")


_MODERATE_EXAMPLES = """\
jamtui moderate hide 0192f3a4 --reason "Insults."
jamtui moderate merge 0192f3a4 --to 0192f3b5 --reason "The same idea."
jamtui moderate suspend @eve --until 3d --reason "Spam, after a warning."
jamtui moderate undo 0192f3c6"""

MODERATING: dict[str, Command] = {
    "report": Command(
        "moderating:report",
        "tell the moderators of a post that should not be there",
        'jamtui report 0192f3a4 --reason spam\njamtui report 0192f3a4 --reason other --note "My address stands there."',
        _report,
        "Only moderators see who reported. What becomes of it: jamtui reports, jamtui notices.",
    ),
    "reports": Command(
        "moderating:reports",
        "what you reported; for moderators, what is to be decided",
        "jamtui reports\njamtui reports --dismiss 0192f3a4",
        _reports,
        "As of the last sync: run jamtui sync before you decide.",
    ),
    "notices": Command(
        "moderating:notices",
        "what moderators tell you: about your posts, your reports, yourself",
        "jamtui notices\njamtui notices --json | jq -r .words",
        _notices,
        "What is listed for people counts as seen; --json and --keep leave that as it is.",
    ),
    "moderate": Command(
        "moderating:moderate",
        "hide, remove, lock, move, merge, warn, suspend (moderators; hosts lock, move, merge)",
        _MODERATE_EXAMPLES,
        _moderate,
        "It goes by the last jamtui sync. All but remove can be undone. People are told the reason, never who acted.",
    ),
    "audit": Command(
        "moderating:audit",
        "what was done, by whom and why (moderators; of hosts their own)",
        "jamtui audit\njamtui audit --json | jq -r 'select(.act == \"hide\") | .post_id'",
        None,
        "The latest 200 acts, as of the last sync.",
    ),
    "hidden": Command(
        "moderating:hidden",
        "posts that are hidden, with their text (moderators; of others their own)",
        "jamtui hidden\njamtui moderate unhide 0192f3a4",
        None,
        "As of the last sync.",
    ),
}
