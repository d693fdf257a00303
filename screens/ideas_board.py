"""How ideas stand: how many are new, discussed, refined and chosen, as bars, and for each forum as one bar of parts."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from jamtui.archive import IDEA_STATES
from jamtui.model import Stages
from widgets.key_line import key_line
from widgets.list_dialog import LETTERS, ListDialog
from widgets.rows import count, one_line
from widgets.strips import fit, pad

COLOURS = dict(zip(IDEA_STATES, ("$text-muted", "$secondary", "$primary", "$success"), strict=True))
SIGNS = dict(zip(IDEA_STATES, ("✦", "◔", "◑", "✓"), strict=True))  # what is told by colour alone is told to few
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_PARTS = dict(zip(IDEA_STATES, ("░", "▒", "▓", "█"), strict=True))


class IdeasBoard(ListDialog[tuple[str, str] | None]):
    """Answers (id of a forum or "", state or ""): whose ideas are to be listed; None when it was left."""

    CSS_PATH = ["../widgets/dialog.tcss", "ideas_board.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [*LETTERS]

    def __init__(self, stages: Stages) -> None:
        super().__init__()
        self._stages = stages
        self._rows: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._head(), classes="question")
            yield OptionList()
            yield Static(id="board-keys")

    def _head(self) -> Content:
        total = sum(self._stages.total)
        return Content.assemble(("How ideas stand", "bold"), (f"   {count(total, 'idea', 'ideas')}", "$text-muted"))

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        total = sum(self._stages.total)
        options.display = bool(total)
        keys = "Enter lists them   Esc leaves"
        nothing = "No ideas yet: threads of the kind idea are counted here.\nEsc leaves"
        self.query_one("#board-keys", Static).update(key_line(keys if total else nothing))
        self.call_after_refresh(self._fill)
        options.focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        width = max(24, options.size.width - 2)
        self._rows = []
        drawn: list[Option] = []
        longest = max(self._stages.total, default=0)
        for state, number in zip(IDEA_STATES, self._stages.total, strict=True):
            self._rows.append(("", state))
            drawn.append(Option(state_line(state, number, longest, width)))
        forums = [(forum, counts) for forum, counts in self._stages.forums if sum(counts)]
        if len(forums) > 1:
            most = max(sum(counts) for _, counts in forums)
            drawn.append(Option(Content.styled("Forums", "$text-muted"), disabled=True))
            self._rows.append(("", ""))
            for forum, counts in forums:
                self._rows.append((forum.id, ""))
                drawn.append(Option(forum_line(one_line(forum.title), counts, most, width)))
        options.clear_options()
        options.add_options(drawn)
        options.highlighted = min(at, len(drawn) - 1)

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._rows[event.option_index])


def bar(number: int, most: int, cells: int) -> str:
    """A bar of at most ``cells``; a little is never nothing."""
    eighths = max(1 if number else 0, round(8 * cells * number / most)) if most else 0
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def state_line(state: str, number: int, longest: int, width: int) -> Content:
    """``● chosen     12 ████``."""
    room = max(4, width - 22)
    return Content.assemble(
        (f"{SIGNS[state]} {state:<10}", COLOURS[state]),
        (f"{number:>6,}  ", "bold" if number else "$text-disabled"),
        (bar(number, longest, room), COLOURS[state]),
    )


def forum_line(title: str, counts: tuple[int, ...], most: int, width: int) -> Content:
    """The title of a forum, how many ideas it has, and a bar whose parts are the states, furthest last."""
    whole = sum(counts)
    room = max(4, min(40, width // 3))
    name = max(8, width - room - 10)
    cells = max(1, round(room * whole / most))
    pieces: list[tuple[str, str]] = [(f"  {pad(fit(title, name), name)}", "$foreground"), (f"{whole:>5,}  ", "bold")]
    done = 0
    for at, state in enumerate(IDEA_STATES):
        end = round(cells * sum(counts[: at + 1]) / whole)
        pieces.append((_PARTS[state] * (end - done), COLOURS[state]))
        done = end
    return Content.assemble(*pieces)
