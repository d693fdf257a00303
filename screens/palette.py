"""The command palette (Ctrl-P), fed from the action table."""

from __future__ import annotations

from functools import partial
from typing import Any

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.fuzzy import Matcher

from jamtui.actions import ACTIONS, Action
from jamtui.keys import AS_DELIVERED, Keymap
from screens.performs import Performs


class Palette(CommandPalette):
    """Textual's, left once (as `widgets.dialog` has it): the second click of a double click beside it would end the
    program, since it would take the screen below away."""

    def dismiss(self, result: Any = None) -> AwaitComplete:
        if self not in self.app.screen_stack:
            return AwaitComplete()
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
        if isinstance(screen, Performs):
            await screen.perform(action.id)


def _marked(matcher: Matcher, title: str) -> Content:
    """A title with the letters that were typed marked; `Matcher.highlight` would parse it as markup."""
    content = Content(title)
    for offset in matcher.fuzzy_search.match(matcher.query, title)[1]:
        if not title[offset].isspace():
            content = content.stylize(matcher.match_style, offset, offset + 1)
    return content
