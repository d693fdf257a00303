"""What plain mode speaks through. `jamtui.plain.terminal` and `jamtui.plain.pipe` are the two of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from msgspec import Struct

from jamtui.plain.keys import Key
from jamtui.plain.wrap import wrap
from jamtui.session import Session


class Ended(Exception):
    """The conversation is over; ``code`` is the exit code of the program."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Leaving(Ended):
    """The conversation is over, and so is the account; ``posts``: what becomes of one's posts, keep or remove."""

    def __init__(self, posts: str) -> None:
        super().__init__(0)
        self.posts = posts


class Another(Exception):
    """The conversation goes on as somebody else; ``session`` is theirs, open and not started."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session


class Typed(Struct, frozen=True):
    """A line that was typed, and the key that ended it: ``enter``, or one of those that the caller named."""

    key: str
    text: str


class Console(Protocol):
    """Lines out; keys or lines in. Every text is harmless already and is looked at once more on its way out."""

    resting: Callable[[], AbstractContextManager[None]]
    """What is done around a stop by Ctrl-Z: who is stopped holds up nobody."""

    @property
    def keyed(self) -> bool:
        """Whether keys come one at a time; else whole lines do."""
        ...

    @property
    def columns(self) -> int:
        """Columns that a line may have."""
        ...

    @property
    def page(self) -> int:
        """Lines that may be told at once, so that their first one is still to be seen."""
        ...

    @property
    def pasting(self) -> bool:
        """Whether more was typed than has been read: what is pasted comes like that."""
        ...

    def tell(self, lines: Sequence[str], item: Sequence[str] = ()) -> None:
        """Writes below all that was written: ``lines``, then ``item``. The cursor then stands at the start of
        ``item``, or of ``lines`` when there is none."""
        ...

    def whisper(self, lines: Sequence[str]) -> bool:
        """Writes ``lines`` at the end and leaves the cursor where it is; False when that cannot be done now."""
        ...

    def command(self, timeout: float | None) -> Key | str | None:
        """A key (or a line, where lines come); None when ``timeout`` seconds have passed, or `wake` was called.
        Raises `Ended`."""
        ...

    def line(
        self,
        label: str,
        text: str = "",
        *,
        ends: frozenset[str] = frozenset(),
        complete: Callable[[str], Sequence[str]] | None = None,
        secret: bool = False,
        rested: Callable[[str], None] | None = None,
    ) -> Typed:
        """Lets a line be typed behind ``label``. ``complete`` gives whole lines, best first; ``rested`` gets the text
        within half a second after it was changed. Escape ends it with the key ``escape``. Raises `Ended`."""
        ...

    def choose(self, question: str, keys: str) -> str:
        """One of the characters ``keys``; "" for any other answer."""
        ...

    def copy(self, text: str) -> bool:
        """Puts ``text`` on the clipboard of the terminal; False where there is none to be had."""
        ...

    def ring(self, sequence: str) -> bool:
        """Writes a bell, or a whole control sequence of `jamtui.notify`; False where no terminal would take it."""
        ...

    def released(self) -> AbstractContextManager[None]:
        """The terminal as other programs want it, for as long as one of them runs."""
        ...

    def suspend(self) -> None:
        """Stops the program until the shell brings it back; ``resting`` is held meanwhile."""
        ...

    def wake(self) -> None:
        """Makes `command` return; may be called from any thread."""
        ...


def tell(console: Console, *texts: str) -> None:
    """Sentences, each on lines of its own, broken at words."""
    console.tell([line for text in texts for line in wrap(text, console.columns)])


@contextmanager
def nothing() -> Iterator[None]:
    """For consoles that hold nothing to be given back."""
    yield


def stop() -> None:
    """Stops this process; returns when the shell has brought it back."""
    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    try:
        os.kill(os.getpid(), signal.SIGTSTP)  # goes on here after SIGCONT
    finally:
        signal.signal(signal.SIGTSTP, before)
