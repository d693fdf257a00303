"""What a command is to the parser, and the arguments that several share: see `jamtui.commands.parser`."""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own is not worth its import: see jamtui.output
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable

# Said again here, since the parser is at every start and their modules are not; a test holds them together.
SORTS = ("active", "new", "votes", "replies", "state", "unanswered")
KINDS = ("idea", "question", "discussion")
IDEA_STATES = ("new", "discussed", "refined", "chosen")
LINKS = ("builds-on", "duplicates", "objects", "answers")
POST_HELP = "the post's id, or its first characters (6 or more)"
BODY_HELP = "the text; - reads standard input; without it $VISUAL or $EDITOR opens"


class Command:
    """One command: ``run`` is "module:function" in `jamtui.commands`; ``add`` gives its parser the arguments."""

    __slots__ = ("about", "add", "examples", "run", "summary")

    def __init__(
        self,
        run: str,
        summary: str,
        examples: str,
        add: Callable[[ArgumentParser], None] | None = None,
        about: str = "",
    ) -> None:
        self.run = run
        self.summary = summary
        self.examples = examples
        self.add = add
        self.about = about


def post_id(parser: ArgumentParser) -> None:
    parser.add_argument("post", metavar="POST", help=POST_HELP)


def count(text: str) -> int:
    import argparse  # the parser has it by then

    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"a number of at least 1 is needed, not {text}")
    return value
