"""The error root.

Every error that can reach a person is a `JamError`: it carries a one-line ``title`` that says what
happened and a ``hint`` that says what to do next, and the exit code of the command line.

    JamError
    ├── UsageError            exit 2   the words of the command are wrong
    ├── NotSignedIn           exit 3   no token, or the server refused it
    ├── Unreachable           exit 4   no answer from the server, or not one of a Jam
    ├── NotFound              exit 5   no such Jam, mirror, forum, thread, post
    ├── Refused               exit 6   the Jam said no: closed, forbidden, locked, conflict
    └── (others)              exit 1   files, configuration, storage
"""

from __future__ import annotations


class JamError(Exception):
    """What a person is told when something fails.

    ``title`` is one sentence without a full stop; ``hint`` is what to do next ("" when there is nothing).
    Texts may hold words of the server or of a file: they pass `jamtui.safe_text` where they are shown.
    """

    exit_code = 1

    def __init__(self, title: str, hint: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.title}. {self.hint}" if self.hint else self.title


class UsageError(JamError):
    """The words of the command cannot be meant (exit 2)."""

    exit_code = 2


class NotSignedIn(JamError):
    """No token for this Jam, or the server refused the one we have (exit 3)."""

    exit_code = 3


class Unreachable(JamError):
    """The server did not answer, or what answered is no Jam server (exit 4)."""

    exit_code = 4


class NotFound(JamError):
    """No such Jam, mirror, forum, thread, post, tag or person (exit 5)."""

    exit_code = 5


class Refused(JamError):
    """The Jam refused what was asked (exit 6). ``code`` is the stable code of its problem document."""

    exit_code = 6

    def __init__(self, title: str, hint: str = "", code: str = "") -> None:
        super().__init__(title, hint)
        self.code = code


def sentence(text: str) -> str:
    """``text`` with a capital at its beginning, unless its first word is written as it is (an address, a name)."""
    first = text.split(" ", 1)[0].rstrip(",:")
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() and first.isascii() else text
