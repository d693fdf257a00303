"""Messages that the app sends to its screens."""

from __future__ import annotations

from textual.message import Message

from jamtui.model import Changed, Found


class JamChanged(Message):
    """What the commits since the last frame changed, joined; at most one of these a frame."""

    def __init__(self, changed: Changed) -> None:
        super().__init__()
        self.changed = changed


class AskToSignIn(Message):
    """A person wants to be connected, and the server does not take the sign-in any more."""


class HitsFound(Message):
    """A search that is gone through was asked again, and this is the whole answer, or the first of it."""

    def __init__(self, found: Found) -> None:
        super().__init__()
        self.found = found
