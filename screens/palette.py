"""The command palette (Ctrl-P), fed from the action table."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

from textual import on
from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.fuzzy import Matcher
from textual.widgets import Input
from textual.worker import WorkerError

from jamtui.actions import ACTIONS, Action
from jamtui.keys import AS_DELIVERED, Keymap
from screens.performs import Performs
from screens.type_ahead import hold_keys, nowhere, release_keys


class Palette(CommandPalette):
    """Textual's, which somebody who knows the words may type into as fast as they like.

    What is chosen is one of those that were found for all that was typed: Textual's takes the first for what had been
    typed a moment before. It is done a while after the palette is left; the keys typed behind it are meant for what it
    leads to, so they are held until then. And it is left once (as `widgets.dialog` has it): the second click of a
    double click beside it would end the program, since it would take the screen below away.
    """

    @on(Input.Submitted)
    def _choose(self, event: Input.Submitted) -> None:
        event.stop()
        event.prevent_default()  # Textual's own choice
        hold_keys(self.app, nowhere)
        self.run_worker(self._choose_of_all(), name="choosing")

    async def _choose_of_all(self) -> None:
        try:
            for worker in [one for one in self.workers if one.group == self._GATHER_COMMANDS_GROUP]:
                with suppress(WorkerError):  # more was typed meanwhile, by a paste: those that are there now
                    await worker.wait()
            self._select_or_command()
        finally:
            found = (listed.highlighted_option for listed in self.query(CommandList) if self._list_visible)
            if not any(option and not option.disabled for option in found):
                release_keys(self.app, nowhere)  # nothing is done

    def dismiss(self, result: Any = None) -> AwaitComplete:
        if self not in self.app.screen_stack:
            return AwaitComplete()
        if self._selected_command is not None:
            hold_keys(self.app, nowhere)
        return super().dismiss(result)


class ActionCommands(Provider):
    """Every action that can do something on the screen from which the palette was called."""

    def _offered(self) -> list[Action]:
        screen = self.screen
        if not isinstance(screen, Performs):
            return []
        return [action for action in ACTIONS if action.id != "palette" and screen.offers(action)]

    def _title(self, action: Action) -> str:
        return f"{action.label}  ({self._keymap.shown(action.id) or f':{action.id}'})"

    def _help(self, action: Action) -> Content:
        """Textual asks for a string and parses it as markup; `Content` it shows as it is. A person's keys may be
        brackets."""
        return Content(self._keymap.help(action))

    @property
    def _keymap(self) -> Keymap:
        return self.screen.keymap if isinstance(self.screen, Performs) else AS_DELIVERED

    async def discover(self) -> Hits:
        for action in self._offered():
            yield DiscoveryHit(
                Content(self._title(action)),
                partial(self._perform, action),
                text=action.label,
                help=self._help(action),  # type: ignore[arg-type]
            )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in self._offered():
            score = max(
                matcher.match(action.label), matcher.match(action.id), 0.7 * matcher.match(self._keymap.help(action))
            )
            if score > 0:
                yield Hit(
                    score,
                    _marked(matcher, self._title(action)),
                    partial(self._perform, action),
                    text=action.label,
                    help=self._help(action),  # type: ignore[arg-type]
                )

    async def _perform(self, action: Action) -> None:
        screen = self.screen
        try:
            if isinstance(screen, Performs):
                await screen.perform(action.id)
        finally:
            release_keys(screen.app, nowhere)


def _marked(matcher: Matcher, title: str) -> Content:
    """A title with the letters that were typed marked; `Matcher.highlight` would parse it as markup."""
    content = Content(title)
    for offset in matcher.fuzzy_search.match(matcher.query, title)[1]:
        if not title[offset].isspace():
            content = content.stylize(matcher.match_style, offset, offset + 1)
    return content
