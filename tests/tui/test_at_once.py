"""Keys that nothing listens to on their way are bound at once, and to the same as in Textual; others take their way."""

from __future__ import annotations

from typing import Any

import pytest
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widget import Widget

from screens.type_ahead import TypeAhead

PLACES: dict[str, tuple[str, ...]] = {
    "forums": (),
    "threads": ("enter",),
    "thread": ("enter", "enter"),
    "outbox": ("5",),
    "search": ("slash",),
    "command line": ("colon",),
    "composer": ("enter", "enter", "r"),
    "help": ("question_mark",),
}


@pytest.mark.parametrize("place", PLACES)
async def test_a_key_means_what_textual_finds_that_it_means(tui: Any, place: str) -> None:
    async with tui() as t:
        await t.press(*PLACES[place])
        screen = t.screen
        keys = {key for _, bindings in screen._binding_chain for key in bindings.key_to_bindings}
        keys |= {key for node in [t.app, *t.app.screen_stack] for key in node._bindings.key_to_bindings}
        assert len(keys) > 5
        for key in [*keys, "q", "Q", "é", "f9", "ctrl+y"]:
            for priority, chain in ((True, screen._binding_chain), (False, screen._modal_binding_chain)):
                wanted = [
                    (node, found)
                    for node, bindings in chain
                    if (found := [one for one in bindings.key_to_bindings.get(key, ()) if one.priority is priority])
                ]
                assert [pair for pair in t.app._bound_to(key, priority) if pair[1]] == wanted, (key, priority)


class Leaf(Widget, can_focus=True):
    pass


class Ear(Vertical):
    """Listens to each key that passes by."""

    heard = ""

    def on_key(self, event: events.Key) -> None:
        self.heard += event.key


class NamedEar(Vertical):
    """Listens to one key."""

    heard = ""

    def key_x(self) -> None:
        self.heard += "x"


class Passed(TypeAhead[None]):
    BINDINGS = [Binding("x", "did('x')"), Binding("y", "did('y')")]  # noqa: RUF012 - as Textual declares it

    def __init__(self, box: type[Vertical]) -> None:
        super().__init__()
        self.box = box
        self.done = ""
        self.carried = 0  # keys that came to the app by the way of the queues

    def compose(self) -> ComposeResult:
        with self.box():
            yield Leaf()

    def action_did(self, key: str) -> None:
        self.done += key

    async def on_event(self, event: events.Event) -> None:
        self.carried += isinstance(event, events.Key) and event.is_forwarded
        await super().on_event(event)


@pytest.mark.parametrize(
    ("box", "heard", "carried"), [(Vertical, None, 0), (Ear, "xyx", 3), (NamedEar, "xx", 2)], ids=str
)
async def test_who_listens_on_the_way_hears_the_key(box: type[Vertical], heard: str | None, carried: int) -> None:
    app = Passed(box)
    async with app.run_test() as pilot:
        app.query_one(Leaf).focus()
        await pilot.pause()
        await pilot.press("x", "y", "x")
        await pilot.pause()
        assert getattr(app.query_one(box), "heard", None) == heard
        assert (app.done, app.carried) == ("xyx", carried)


async def test_a_key_overtakes_nothing_that_was_to_be_done_before_it() -> None:
    """While something on its way has work, the key waits in the same queues, behind it."""
    app = Passed(Vertical)
    async with app.run_test() as pilot:
        app.query_one(Leaf).focus()
        await pilot.pause()
        app.query_one(Vertical).call_later(lambda: app.action_did("-"))
        app.post_message(events.Key("x", "x"))
        app.call_later(lambda: app.action_did("+"))  # in the app's own queue, which is the last on the way
        app.post_message(events.Key("y", "y"))
        await pilot.pause()
        assert app.done == "-+xy"
