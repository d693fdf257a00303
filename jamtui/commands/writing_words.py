"""The words of the commands that write, and of what waits to be sent: see `jamtui.commands.parser`."""

from __future__ import annotations

from jamtui.commands.command import BODY_HELP, IDEA_STATES, KINDS, LINKS, Command, count, post_id

TYPE_CHECKING = False  # typing's own is not worth its import: see jamtui.output
if TYPE_CHECKING:
    from argparse import ArgumentParser


def _new_post(parser: ArgumentParser) -> None:
    parser.add_argument("--forum", required=True, metavar="F", help="the forum's slug or id")
    parser.add_argument("--title", required=True, metavar="T", help="one line that says what it is about")
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0], help="what the thread is (idea)")
    parser.add_argument(
        "--link", action="append", default=[], metavar="KIND:POST",
        help="how it stands to another post, like builds-on:0192f3a4; may be repeated",
    )  # fmt: skip
    parser.add_argument("--anyway", action="store_true", help="do not ask about threads that are like it")
    parser.add_argument("--tag", action="append", default=[], metavar="T", help="a tag; may be repeated")
    parser.add_argument("--body", metavar="TEXT", help=BODY_HELP)


def _connect(parser: ArgumentParser) -> None:
    post_id(parser)
    parser.add_argument("kind", metavar="KIND", choices=LINKS, help=f"one of: {', '.join(LINKS)}")
    parser.add_argument("to", metavar="OTHER", help="the other post's id, or its first characters (6 or more)")
    parser.add_argument("--remove", action="store_true", help="take the link away")


def _kind(parser: ArgumentParser) -> None:
    post_id(parser)
    parser.add_argument("kind", choices=KINDS, help="what the thread of the post is")


def _idea_state(parser: ArgumentParser) -> None:
    post_id(parser)
    parser.add_argument("state", choices=IDEA_STATES, help="how far the idea is")


def _feature(parser: ArgumentParser) -> None:
    post_id(parser)
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why it is worth everybody's time, in a line")


def _featured(parser: ArgumentParser) -> None:
    parser.add_argument("--limit", type=count, metavar="N", help="at most so many")


def _reply(parser: ArgumentParser) -> None:
    post_id(parser)
    parser.add_argument("--tag", action="append", default=[], metavar="T", help="a tag; may be repeated")
    parser.add_argument("--body", metavar="TEXT", help=BODY_HELP)


def _edit(parser: ArgumentParser) -> None:
    post_id(parser)
    parser.add_argument("--title", metavar="T", help="a new title (posts that open a thread)")
    parser.add_argument("--body", metavar="TEXT", help=BODY_HELP)


def _delete(parser: ArgumentParser) -> None:
    post_id(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask; off a terminal nothing is asked")


def _tag(parser: ArgumentParser) -> None:
    post_id(parser)
    parser.add_argument("tag", metavar="TAG", nargs="+", help="a tag, with or without #")


def _outbox(parser: ArgumentParser) -> None:
    choices = ("retry", "edit", "drop", "show", "mine", "theirs")
    parser.add_argument("action", nargs="?", choices=choices, help="without it: list what waits")
    parser.add_argument("id", metavar="ID", nargs="?", help="the row's id, or its first characters (6 or more)")
    parser.add_argument("--body", metavar="TEXT", help=f"with edit: {BODY_HELP}")
    parser.add_argument("--to", metavar="POST", help="with edit: answer that post instead")


def _drafts(parser: ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=("send", "discard", "restore"), help="without it: list them")
    parser.add_argument("id", metavar="ID", nargs="?", help="the draft's id, or its first characters (6 or more)")
    parser.add_argument("--thrown", action="store_true", help="list what was thrown away in the last 30 days")


WRITING: dict[str, Command] = {
    "post": Command(
        "writing:post",
        "open a new thread",
        'jamtui post --forum ideas --title "Quiet hours" --tag office --body "Two a day."\n'
        'jamtui post --forum ideas --kind question --title "Who has tried it?" --body "And how did it go?"\n'
        'fortune | jamtui post --forum ideas --title "Of the day" --body -',
        _new_post,
        "The text is put into the outbox first, then sent for up to five seconds; off line it waits there. "
        "Threads that are like it are named; on a terminal you are asked then, unless --anyway is given.",
    ),
    "kind": Command(
        "ideas:kind",
        "say what a thread is: an idea, a question or a discussion",
        "jamtui kind 0192f3a4 question",
        _kind,
        "Its author does, and hosts do.",
    ),
    "connect": Command(
        "ideas:connect",
        "say how a post stands to another: it builds on it, duplicates it, objects to it or answers it",
        "jamtui connect 0192f3a4 builds-on 0192f3b5\njamtui connect 0192f3a4 duplicates 0192f3b5 --remove",
        _connect,
        "jamtui show tells the links of a post in both directions.",
    ),
    "ideas": Command(
        "ideas:ideas",
        "how many ideas are new, discussed, refined and chosen, in the Jam and in each forum",
        "jamtui ideas\njamtui ideas --json | jq 'select(.forum == null)'\njamtui threads --state chosen",
    ),
    "idea-state": Command(
        "ideas:idea_state",
        "say how far an idea is, for hosts and moderators",
        "jamtui idea-state 0192f3a4 refined",
        _idea_state,
    ),
    "feature": Command(
        "ideas:feature",
        "feature a post with a reason, for hosts and moderators",
        'jamtui feature 0192f3a4 --reason "Shows what it costs, and who would pay."',
        _feature,
    ),
    "unfeature": Command("ideas:unfeature", "feature a post no longer", "jamtui unfeature 0192f3a4", post_id),
    "featured": Command(
        "ideas:featured",
        "the posts that hosts feature, and why",
        "jamtui featured\njamtui featured --json",
        _featured,
    ),
    "reply": Command("writing:reply", "answer a post", 'jamtui reply 0192f3a4 --body "I agree."', _reply),
    "edit": Command(
        "writing:edit",
        "change a post of your own",
        "jamtui edit 0192f3a4\njamtui edit 0192f3a4 --body - < new.md",
        _edit,
    ),
    "delete": Command("writing:delete", "take back a post of your own", "jamtui delete 0192f3a4", _delete),
    "tag": Command("writing:tag", "put tags on a post", "jamtui tag 0192f3a4 office energy", _tag),
    "untag": Command("writing:untag", "take tags off a post", "jamtui untag 0192f3a4 office", _tag),
    "vote": Command("writing:vote", "support a post", "jamtui vote 0192f3a4", post_id),
    "unvote": Command("writing:unvote", "take your support back", "jamtui unvote 0192f3a4", post_id),
}
WAITING: dict[str, Command] = {
    "outbox": Command(
        "outbox:run",
        "what you wrote and the Jam has not confirmed: why, and when it is tried again",
        "jamtui outbox\njamtui outbox retry 0192f3a4\njamtui outbox drop 0192f3a4\n"
        "jamtui outbox show 0192f3a4\njamtui outbox edit 0192f3a4 --to 0192f3b5",
        _outbox,
        "show tells all about one. Where a post was changed meanwhile, it shows both versions: mine sends yours over "
        "theirs, theirs drops yours, edit writes a third.",
    ),
    "drafts": Command(
        "drafts:run",
        "what you are writing and have not sent",
        "jamtui drafts\njamtui drafts send reply:0192f3a4\njamtui drafts discard reply:0192f3a4\n"
        "jamtui drafts --thrown\njamtui drafts restore 12",
        _drafts,
        "What was discarded, dropped from the outbox, or gave way to another window can be brought back for 30 days.",
    ),
}
