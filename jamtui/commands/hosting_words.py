"""The words of the commands of hosts, and of what hosts put into a Jam: see `jamtui.commands.parser`."""

from __future__ import annotations

from jamtui.commands.command import Command, count

TYPE_CHECKING = False  # typing's own is not worth its import: see jamtui.output
if TYPE_CHECKING:
    from argparse import ArgumentParser


def _announce(parser: ArgumentParser) -> None:
    parser.add_argument("--forum", metavar="F", help="for those of one forum (its slug or id); else for everybody")
    parser.add_argument("--body", metavar="TEXT", help="the text; - reads standard input; without it an editor opens")
    parser.add_argument("--change", metavar="ID", help="give this one of yours another text; who saw it sees it anew")
    parser.add_argument("--withdraw", metavar="ID", help="take this one away (its id, or its first characters)")
    parser.add_argument("--yes", action="store_true", help="do not ask; off a terminal nothing is asked")


def _announcements(parser: ArgumentParser) -> None:
    parser.add_argument("--new", action="store_true", help="only those that you have not seen")
    parser.add_argument("--keep", action="store_true", help="do not count them as seen")


def _brief(parser: ArgumentParser) -> None:
    parser.add_argument("forum", metavar="FORUM", help="the forum's slug or id")
    parser.add_argument("--history", action="store_true", help="who changed it, when, and what it said before (hosts)")
    parser.add_argument("--edit", action="store_true", help="change it in $VISUAL or $EDITOR")
    parser.add_argument("--body", metavar="TEXT", help="change it to this text; - reads standard input")


def _polls(parser: ArgumentParser) -> None:
    parser.add_argument("--open", action="store_true", help="only those that take ballots")
    parser.add_argument("--forum", metavar="F", help="only those of one forum (its slug or id)")


def _poll(parser: ArgumentParser) -> None:
    parser.add_argument("poll", metavar="POLL", nargs="?", help="show this one; its id, or its first characters")
    parser.add_argument("--question", metavar="TEXT", help="ask a new one")
    parser.add_argument("--choice", action="append", default=[], metavar="TEXT", help="a choice; 2 to 8 of them")
    parser.add_argument("--forum", metavar="F", help="in one forum (its slug or id); else in the whole Jam")
    parser.add_argument("--closes", metavar="TIME", help="when it ends: 30min, 2h, 3d from now, or 2026-11-23T18:00Z")
    parser.add_argument("--close", action="store_true", help="end POLL now: it takes no more ballots")
    parser.add_argument("--remove", action="store_true", help="take POLL away with its ballots, for good")
    parser.add_argument("--yes", action="store_true", help="do not ask; off a terminal nothing is asked")


def _ballot(parser: ArgumentParser) -> None:
    parser.add_argument("poll", metavar="POLL", help="the poll's id, or its first characters (6 or more)")
    parser.add_argument("choice", metavar="N", nargs="?", help="the number of the choice, from 1")
    parser.add_argument("--withdraw", action="store_true", help="take your ballot back")


def _unanswered(parser: ArgumentParser) -> None:
    parser.add_argument("--limit", type=count, metavar="N", help="at most so many")


def _hand_over(parser: ArgumentParser) -> None:
    parser.add_argument("--since", metavar="TIME", help="since then: 2h, 3d, today, 2026-11-23; else your last shift")
    parser.add_argument("--format", choices=("markdown", "json"), help="markdown: a text to hand on; json as --json")
    parser.add_argument("--note", metavar="TEXT", help="keep a note for the next host; - reads standard input")
    parser.add_argument("--end", action="store_true", help="end the shift: the next hand-over begins now")


HOSTING: dict[str, Command] = {
    "announcements": Command(
        "hosting:announcements",
        "what hosts announced, the newest first",
        "jamtui announcements\njamtui announcements --new --json | jq -r .body",
        _announcements,
        "What is listed for people counts as seen; --json and --keep leave that as it is.",
    ),
    "announce": Command(
        "hosting:announce",
        "tell everybody something (hosts, moderators)",
        (
            'jamtui announce --body "Refining begins at 14:00 UTC."\n'
            "jamtui announce --forum ideas --body - < alert.md\njamtui announce --change 0192f3a4\n"
            "jamtui announce --withdraw 0192f3a4"
        ),
        _announce,
        (
            "At most 2,000 characters of Markdown, at any time: before the Jam opens, and after it closed. Who "
            "announced it changes it, and withdraws it as moderators do; the text of one's own stays as a draft."
        ),
    ),
    "brief": Command(
        "hosting:brief",
        "the brief of a forum; hosts change it",
        (
            "jamtui brief ideas\njamtui brief ideas --edit\njamtui brief ideas --history\n"
            "jamtui brief ideas --body - < brief.md"
        ),
        _brief,
        "A change is made upon the version that you saw: when somebody else was faster, jamtui outbox shows both.",
    ),
    "polls": Command(
        "hosting:polls",
        "quick polls and how they stand",
        "jamtui polls\njamtui polls --open --json | jq -r .question",
        _polls,
    ),
    "poll": Command(
        "hosting:poll",
        "one poll with its bars; hosts ask, close and take away",
        (
            "jamtui poll 0192f3a4\njamtui poll --question 'When?' --choice Now --choice Later --closes 2h\n"
            "jamtui poll 0192f3a4 --close"
        ),
        _poll,
        "Ballots are counted, and who chose what is told to nobody.",
    ),
    "ballot": Command(
        "hosting:ballot",
        "choose in a poll, or choose anew",
        "jamtui ballot 0192f3a4 2\njamtui ballot 0192f3a4 --withdraw",
        _ballot,
        "One ballot a person, the last counts; off line it waits in the outbox.",
    ),
    "unanswered": Command(
        "hosting:unanswered",
        "threads of your forums that nobody answered, the longest waiting first (hosts)",
        "jamtui unanswered\njamtui unanswered --json | jq -r .id",
        _unanswered,
    ),
    "hand-over": Command(
        "hosting:hand_over",
        "what happened since your last shift, to hand on (hosts)",
        (
            "jamtui hand-over\njamtui hand-over --since 8h --format markdown > shift.md\n"
            "jamtui hand-over --note 'Watch the thread on wages.' --end"
        ),
        _hand_over,
        (
            "Unanswered, heated, reported (for moderators), new from experts, and what you promised. When the shift "
            "ended and the note stay on this device: copy the Markdown to whoever comes next."
        ),
    ),
}
