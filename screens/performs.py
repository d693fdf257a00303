"""What the palette and the ``:`` line need of a screen, and a screen of the app."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from jamtui.actions import Action
from jamtui.errors import JamError
from jamtui.keys import Keymap


@runtime_checkable
class Performs(Protocol):
    """A screen that does actions of the table by their id, with the person's keys."""

    keymap: Keymap

    def can_perform(self, action: Action) -> bool:
        """Whether the action works here and now."""
        ...

    def offers(self, action: Action) -> bool:
        """Whether it can do something, too, for who reads."""
        ...

    async def perform(self, action_id: str, argument: str = "") -> None:
        """Does it. An action that needs an argument and has none opens the ``:`` line to ask for it."""
        ...


@runtime_checkable
class Program(Protocol):
    """The app that screens stand in, as `jamtui.app` has it: what it was started with, and what ends it. Dialogs are
    tested in apps that are none, and draw all marks there."""

    ascii_only: bool

    @property
    def signs_in(self) -> bool: ...

    @property
    def may_delete(self) -> bool: ...

    def leave_jam(self, posts: str) -> None: ...


@runtime_checkable
class Leaves(Protocol):
    """A screen that has something to put on the disk before the program ends."""

    def leave(self) -> None: ...


@runtime_checkable
class Holds(Protocol):
    """A screen on which something may be written that cannot be put on the disk: then why, and its harmless text."""

    def unsaved(self) -> tuple[JamError, str] | None: ...


@runtime_checkable
class Complains(Protocol):
    """A screen that tells in words, in place, what could not be done."""

    def complain(self, error: JamError) -> None: ...


@runtime_checkable
class Speaks(Protocol):
    """A screen with a line in which it says what was done, until the next key does something."""

    @property
    def spoken(self) -> int: ...

    def key_done(self, spoken: int) -> None: ...
