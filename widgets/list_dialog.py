"""What dialogs with a list have in common: the arrows move through it wherever the keys are, Esc leaves."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding
from textual.widgets import OptionList

from widgets.dialog import LOW, Answer, Dialog

# Of a dialog in which nothing is typed; a person's own keys reach them by their ids (`jamtui.keymap`).
LETTERS: Final = (
    Binding("escape", "leave", show=False),
    Binding("q", "leave", show=False, id="dialog.leave"),
    Binding("j", "move(1)", show=False, id="dialog.down"),
    Binding("k", "move(-1)", show=False, id="dialog.up"),
)


class TallList(OptionList):
    """A list whose rows may be higher than it is: the keys go through all of such a row before they go to the next."""

    @property
    def _tall(self) -> bool:
        """Whether the row under the cursor is higher than the list."""
        at = self.highlighted
        return at is not None and self._heights.get(at, 0) > self.scrollable_content_region.height

    def _through(self, step: int) -> bool:
        """Scrolls within the row under the cursor; False where there is no more of it."""
        at, room = self.highlighted, self.scrollable_content_region.height
        if at is None or not self._tall:
            return False
        first, shown = self._index_to_line[at], self.scroll_offset.y
        last = first + self._heights[at] - room
        to = min(last, shown + max(1, room - 1)) if step > 0 else max(first, shown - max(1, room - 1))
        if (to - shown) * step <= 0:
            return False
        self.scroll_to(y=to, animate=False, force=True, immediate=True)
        return True

    def action_cursor_down(self) -> None:
        if not self._through(1):
            super().action_cursor_down()

    def action_cursor_up(self) -> None:
        if not self._through(-1):
            super().action_cursor_up()

    def action_page_down(self) -> None:
        if not self._through(1):
            (super().action_cursor_down if self._tall else super().action_page_down)()

    def action_page_up(self) -> None:
        if not self._through(-1):
            (super().action_cursor_up if self._tall else super().action_page_up)()


class ListDialog(Dialog[Answer]):
    """Has one `OptionList`. Which keys do what stands in the bindings of each dialog.

    ``pointed``: the arrows chose the row that is highlighted. Where a line narrows the list, Enter takes that row then,
    and the line when it was typed in later; a dialog sets it back where it fills its list anew.
    """

    pointed = False

    def action_move(self, step: int) -> None:
        self.pointed = True
        options = self.query_one(OptionList)
        if step > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def action_leave(self) -> None:
        self.dismiss(None)

    def fit_list(self, room: int, room_low: int) -> None:
        """The list has what the rest leaves: it scrolls, the dialog does not. ``room`` is how many lines stand around
        it, ``room_low`` how many on a terminal of a few lines."""
        height = self.app.size.height
        self.query_one(OptionList).styles.max_height = max(3, height - (room_low if height < LOW else room))
