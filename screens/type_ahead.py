"""Keys typed faster than the screen changes reach what they were meant for.

Textual hands each key to what has the focus when it arrives, and does its binding later. So of ``/pilot`` written in
one go, ``pilot`` would reach the list below the search line that ``/`` is about to open. `TypeAhead` lets a key out
only when the one before it has been dealt with, and what that led to on the way of a key (a field that was entered,
a dialog that opens, a composer that closes) is over; it holds all of them while a field is on its way to the focus.
Nothing is dropped, nothing changes its order, and a single key waits for nobody.

Textual carries each key through the queue of every container up to the app, and copies all bindings of all of them,
twice: together more than what a list does on a key. So a key that nothing on its way listens to, while nothing on its
way has anything else to do, is bound at once; and of the bindings those of this key alone are looked at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from typing import Any, TypeVar

from textual import events
from textual._queue import Queue
from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import key_to_character
from textual.message import Message
from textual.message_pump import MessagePump
from textual.timer import Timer
from textual.widget import Widget

ROUNDS = 4  # at most, up the way of a key, behind what the key before it led to: work that never ends holds no key
LONGEST = 3.0  # seconds after which held keys are let out whatever happened, so that no fault of ours eats them

Result = TypeVar("Result")
_Typed = events.Key | events.Paste


class TypeAhead(App[Result]):
    """An app whose keys and pastes are dealt with one after the other."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._typed: deque[_Typed] = deque()
        self._in_hand: _Typed | None = None
        self._settling = False
        self._held_for: Callable[[Widget], bool] | None = None
        self._patience: Timer | None = None

    def hold_keys(self, until: Callable[[Widget], bool]) -> None:
        """No key is let out until what has the focus satisfies ``until``."""
        if self.focused is None or not until(self.focused):
            self._held_for = until
            self._be_patient()

    async def release_keys(self, held_for: Callable[[Widget], bool] | None = None) -> None:
        """What keys were held for is there. With ``held_for`` only what was held for that: meanwhile something else may
        have been opened, which they are held for now."""
        if held_for is None or self._held_for is held_for:
            self._held_for = None
            await self._next()

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, _Typed) or event.is_forwarded:
            await super().on_event(event)
        elif self._in_hand is not None or self._held_for is not None or self._typed:
            self._typed.append(event)
            self._be_patient()
        elif self._busy():
            self._typed.append(event)
            self._be_patient()
            self._settle()
        elif isinstance(event, events.Key) and self._may_skip(event):
            self._in_hand = event
            self.app_focus = True
            self.screen._clear_tooltip()
            if not await self._check_bindings(event.key, priority=True):
                await self._on_key(event)
            await self._dealt_with(event)
        else:
            await self._let_out(event)

    async def _let_out(self, event: _Typed) -> None:
        self._in_hand = event
        if self._patience is not None:
            self._patience.reset()
        await super().on_event(event)
        if event.is_forwarded:
            self._follow(self._way[0], lambda: self._dealt_with(event))
        else:
            await self._dealt_with(event)

    @property
    def _way(self) -> list[DOMNode]:
        """What a key would pass, from the focus up to the screen."""
        focused = self.focused
        return [self.screen] if focused is None else focused.ancestors_with_self[:-1] or [focused]

    def _busy(self) -> bool:
        """Whether something on the way of a key still has to do what a key before it led to, or anything else."""
        return any(map(_at_work, self._way))

    def _settle(self, rounds: int = ROUNDS) -> None:
        """Lets the next key out when what stands before it on its way is done, and what comes of that."""

        async def settled() -> None:
            if rounds > 1 and self._settling and (self._busy() or not _queue(self).empty()):
                self._settle(rounds - 1)
            elif self._settling:
                self._settling = False
                await self._next(settled=True)

        self._settling = True
        self._follow(self._way[0], settled)

    def _may_skip(self, key: events.Key) -> bool:
        """Whether the key may be bound at once: its way through the queues would change nothing but the time."""
        if self.focused is None or self.screen.maximized is not None or not _queue(self).empty():
            return False
        names = tuple(key.name_aliases)
        return not any(_at_work(node) or _listens(type(node), names) for node in self._way)

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        """As in Textual, whose own works out all bindings of all that has the focus, for each key anew."""
        if self._keymap:
            return await super()._check_bindings(key, priority)
        chain = list(self._bound_to(key, priority))
        for node, found in reversed(chain) if priority else chain:
            for binding in found:
                if await self.run_action(binding.action, node):
                    return True
        return False

    def _bound_to(self, key: str, priority: bool) -> Iterator[tuple[DOMNode, list[Binding]]]:
        """The bindings of a key, from the focus up to what would take the key for itself."""
        focused = self.focused
        nodes = [self.screen, self] if focused is None or focused.loading else focused.ancestors_with_self
        character = key_to_character(key)
        for node in nodes:
            yield node, [one for one in node._bindings.key_to_bindings.get(key, ()) if one.priority is priority]
            if node.check_consume_key(key, character) or (node.is_modal and not priority):
                return

    def _follow(self, pump: MessagePump, then: Callable[[], Awaitable[None]]) -> None:
        """Goes up behind an event and all else, queue by queue, until the app has done its binding; ``then`` is next.

        It goes all the way when the event is stopped, too: Textual marks an event so where it still hands it on.
        """

        async def here() -> None:
            parent = pump._parent
            if pump is self or parent is None:
                await then()
            else:
                self._follow(parent, then)

        if not pump.call_later(here):  # it was just closed: whatever became of the event, it is over
            self.call_later(then)

    async def _dealt_with(self, event: _Typed) -> None:
        if self._in_hand is event:
            self._in_hand = None
            await self._next()

    async def _next(self, *, settled: bool = False) -> None:
        if self._held_for is not None and self.focused is not None and self._held_for(self.focused):
            self._held_for = None
        if self._in_hand is None and self._held_for is None and not self._settling:
            if self._typed and not settled and self._busy():
                self._settle()
            elif self._typed:
                await self._let_out(self._typed.popleft())
            elif self._patience is not None:
                self._patience.stop()
                self._patience = None

    async def on_descendant_focus(self) -> None:
        if self._held_for is not None:
            await self._next()

    def _be_patient(self) -> None:
        if self._patience is None:
            self._patience = self.set_timer(LONGEST, self._give_up, name="type-ahead")

    async def _give_up(self) -> None:
        self._patience = None
        self._in_hand = self._held_for = None
        self._settling = False
        if self._typed:
            self._be_patient()
        await self._next()


@cache
def _listens(kind: type[MessagePump], names: tuple[str, ...]) -> bool:
    """Whether widgets of a class do anything with a key (all its ``names``) but hand it on."""
    for base in kind.__mro__:
        handlers: dict[type[Message], object] = base.__dict__.get("_decorated_handlers", {})
        if any(issubclass(events.Key, message) for message in handlers):
            return True
        if base not in (Widget, MessagePump) and not _EARS.isdisjoint(base.__dict__):
            return True
    return any(hasattr(kind, f"{before}_{name}") for before in ("key", "_key") for name in names)


_EARS = frozenset(["on_key", "_on_key", "handle_key", "on_event", "_on_message"])


def _queue(node: MessagePump) -> Queue[Message | None]:
    return node._message_queue


def _at_work(node: MessagePump) -> bool:
    """Whether a node has something to do, or does something: else it waits for a message."""
    queue = _queue(node)
    waits: object = getattr(queue.ready_event, "_waiters", None)
    return not queue.empty() or not waits or node._pending_message is not None


def release_keys(app: App[Any], held_for: Callable[[Widget], bool] | None = None) -> None:
    """See `TypeAhead.release_keys`; done by the app, after what it has in hand."""
    if isinstance(app, TypeAhead):
        app.call_later(app.release_keys, held_for)


def holds_keys(app: App[Any]) -> Callable[[], None]:
    """Keys are held until what this gives is called. Called late, it releases nothing that was held since."""

    def until(_: Widget) -> bool:
        return False

    hold_keys(app, until)
    return lambda: release_keys(app, until)


def nowhere(_: Widget) -> bool:
    """For `hold_keys`: until they are released."""
    return False


def hold_keys(app: App[Any], until: Callable[[Widget], bool]) -> None:
    """See `TypeAhead.hold_keys`; for screens, which do not know the class of their app."""
    if isinstance(app, TypeAhead):
        app.hold_keys(until)
