"""Fields to type in that never draw a control character, whatever was pasted into them.

Textual's own fields hand pasted and loaded bytes to the terminal as they are. What is kept is the text as typed;
what is drawn has each control or bidi character replaced by one visible stand-in, so that columns still agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.geometry import Size
from textual.reactive import Reactive
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Checkbox, Input

from widgets.at_once import AtOnce

STAND_IN = "\N{REPLACEMENT CHARACTER}"

# C0 but tab and line feed, DEL, C1, bidi embeddings, overrides and isolates
CONTROLS: dict[int, str] = {
    code: STAND_IN
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if chr(code) not in "\t\n"
}


def one_line(text: str) -> str:
    """Text for a field of one line: white space of any kind is one space, control characters are dropped."""
    return " ".join(text.split()).translate(dict.fromkeys(CONTROLS)) if text else ""


def blinks(widget: Widget) -> bool:
    """A blinking cursor is an animation: not for who turned those off (TEXTUAL_ANIMATIONS), not when time stands."""
    return widget.app.animation_level != "none"


class Field(Input, AtOnce):  # Textual takes styles from the first alone
    """An `Input` whose value never holds control characters.

    Its size does not go with the text, so a letter more lays out nothing anew, as it would in Textual.
    """

    virtual_size = Reactive(Size(0, 0))

    def on_mount(self) -> None:
        self.cursor_blink = blinks(self)

    def validate_value(self, value: str) -> str:
        """Runs on every change of the value, typed, pasted or set."""
        return value.translate(CONTROLS).replace("\t", " ").replace("\n", " ")


class StepField(Field):
    """A field of a form: Enter does ``step`` before the next key is let out, which may be meant for another field."""

    step: Callable[[], None]

    async def action_submit(self) -> None:
        self.step()


class LastWord(Suggester):
    """Completes the word after the last comma, by a function that gives words for its beginning, best first: for a
    field of tags."""

    def __init__(self, words: Callable[[str], Sequence[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._words = words

    async def get_suggestion(self, value: str) -> str | None:
        before, comma, last = value.rpartition(",")
        word = last.lstrip()
        if not word:
            return None
        wanted = word.lstrip("#").casefold()
        for candidate in self._words(wanted):
            if candidate.startswith(wanted):
                return f"{before}{comma}{last[: len(last) - len(word)]}{word}{candidate[len(wanted) :]}"
        return None


class Lines(Suggester):
    """Completes the whole line by a function that gives candidates, best first."""

    def __init__(self, complete: Callable[[str], Sequence[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        if not value:
            return None
        return next(iter(self._complete(value)), None)


class Tick(Checkbox):
    """A box whose mark stands there only when it is on: Textual's own has one always, and tells by colour alone."""

    BUTTON_INNER = " "

    def watch_value(self) -> None:
        self.BUTTON_INNER = "X" if self.value else " "
        super().watch_value()
