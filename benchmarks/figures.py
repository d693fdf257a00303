"""What a benchmark tells, and the one table of it.

A part is a module with ``figures(ground: Ground) -> list[Figure]``; `benchmarks.parts` runs each in a process of its
own. A figure is one measured thing with its goals, the floor under it, and peers beside it, all in the unit of the
figure. What could not be measured has the value None and a note that says why: nothing is left out silently.
"""

from __future__ import annotations

import dataclasses
import random
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from rich import box
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True)
class Goal:
    """What the figure should keep to. ``limit`` is in the figure's unit; None when what it is a ratio of was not
    measured. ``words`` say where it comes from: "1.2 x a bare key"."""

    limit: float | None
    words: str = ""
    at_least: bool = False

    @staticmethod
    def times(factor: float, of: Beside) -> Goal:
        """At most ``factor`` times what ``of`` took."""
        return Goal(None if of.value is None else factor * of.value, f"{factor:g} x {of.name}")

    def met_by(self, value: float) -> bool | None:
        if self.limit is None:
            return None
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(frozen=True)
class Beside:
    """A floor or a peer, measured in the same run. Without a value, ``note`` says why."""

    name: str
    value: float | None
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """One line of the table. ``budget`` is the part it belongs to, ``goals`` all have to be met."""

    budget: str
    what: str
    value: float | None
    unit: str = "ms"
    goals: tuple[Goal, ...] = ()
    floor: tuple[Beside, ...] = ()
    peers: tuple[Beside, ...] = ()
    note: str = ""

    @property
    def verdict(self) -> str:
        """``met``, ``missed``, ``not measured``, or nothing when there is no goal."""
        if self.value is None:
            return "not measured"
        found = [goal.met_by(self.value) for goal in self.goals]
        if False in found:
            return "missed"
        return "" if not found else "not measured" if None in found else "met"


@dataclass(frozen=True)
class Ground:
    """What parts are given: a folder to work in, the Jam that is measured (46,000 posts unless asked otherwise), how
    often each thing is run, and where peers are, by name: how they are started, or why they cannot be."""

    folder: Path
    archive: Path
    runs: int = 5
    peers: dict[str, list[str] | str] = field(default_factory=dict)

    def peer(self, name: str) -> list[str] | None:
        """The words that start a peer; None when it cannot be started, or peers are not asked for."""
        words = self.peers.get(name)
        return list(words) if isinstance(words, list) else None

    def missing(self, name: str) -> Beside:
        """What is told of a peer that cannot be started."""
        why = self.peers.get(name, "not asked for")
        return Beside(name, None, why if isinstance(why, str) else "not measured")


def middle(values: Iterable[float]) -> float:
    return statistics.median(values)


def percentile(values: Iterable[float], part: float) -> float:
    """The value below which ``part`` (0 to 1) of the values are, the nearest one."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round((len(ordered) - 1) * part))]


def shuffled(names: Iterable[str], runs: int) -> list[str]:
    """Each name ``runs`` times, in no order: a fixed one flatters whoever comes after the same program."""
    every = [name for name in names for _ in range(runs)]
    random.shuffle(every)
    return every


def number(value: float | None, unit: str = "") -> str:
    """As it is read: three digits that matter, and the unit."""
    if value is None:
        return "not measured"
    digits = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()


def _goal(goal: Goal, unit: str) -> str:
    bound = "at least" if goal.at_least else "at most"
    if goal.limit is None:
        return f"{bound} {goal.words} (not measured)"
    told = f"{bound} {number(goal.limit, unit)}"
    return f"{told} ({goal.words})" if goal.words else told


def _beside(one: Beside) -> str:
    value = "–" if one.value is None else number(one.value)
    return f"{one.name} {value}" + (f" ({one.note})" if one.note else "")


def _verdict(figure: Figure) -> str:
    """The verdict, and which of several goals is missed."""
    missed = [goal for goal in figure.goals if figure.value is not None and goal.met_by(figure.value) is False]
    if missed and len(figure.goals) > 1:
        return "missed: " + ", ".join(goal.words or _goal(goal, figure.unit) for goal in missed)
    return figure.verdict


HEADS = ("what", "jamtui", "goal", "", "floor", "peers")


def cells(figure: Figure) -> tuple[str, ...]:
    """The words of a line of the table, in the order of `HEADS`."""
    return (
        figure.what + (f"; {figure.note}" if figure.note else ""),
        number(figure.value, figure.unit),
        "; ".join(_goal(goal, figure.unit) for goal in figure.goals),
        _verdict(figure),
        "; ".join(map(_beside, figure.floor)),
        "; ".join(map(_beside, figure.peers)),
    )


def table(figures: Sequence[Figure]) -> Table:
    """For the terminal."""
    shown = Table(box=box.SIMPLE, pad_edge=False)
    for head in HEADS:
        shown.add_column(head, justify="right" if head == "jamtui" else "left", overflow="fold")
    colour = {"met": "green", "missed": "red", "not measured": "yellow"}
    budget = ""
    for figure in figures:
        if figure.budget != budget:
            budget = figure.budget
            shown.add_section()
            shown.add_row(Text(budget, style="bold"))
        words = [Text(cell) for cell in cells(figure)]
        words[3].stylize(colour.get(figure.verdict, ""))
        shown.add_row(*words)
    return shown


def markdown(figures: Sequence[Figure]) -> str:
    """The same for docs/speed.md."""
    lines: list[str] = []
    budget = ""
    for figure in figures:
        if figure.budget != budget:
            budget = figure.budget
            lines += [
                "",
                f"### {budget.capitalize()}",
                "",
                "| " + " | ".join(HEADS) + " |",
                "|---|--:|---|---|---|---|",
            ]
        row = [cell.replace("|", "\\|") for cell in cells(figure)]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines).strip() + "\n"


BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def into_page(page: str, figures: Sequence[Figure], head: str) -> str:
    """A page with the figures between the marks `BEGIN` and `END`; without the marks the figures alone."""
    told = f"{head}\n\n{markdown(figures)}"
    if BEGIN not in page or END not in page:
        return told
    return f"{page.partition(BEGIN)[0]}{BEGIN}\n{told}\n{END}{page.partition(END)[2]}"


def plain(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """The same for programs, and for `again`."""
    return [dataclasses.asdict(figure) | {"verdict": figure.verdict} for figure in figures]


def again(told: object) -> list[Figure]:
    """The figures that `plain` gave."""
    return msgspec.convert(told, list[Figure])


def summary(figures: Sequence[Figure]) -> str:
    """How many goals are met, and which are not."""
    count = {name: [one for one in figures if one.verdict == name] for name in ("met", "missed", "not measured")}
    told = ", ".join(f"{len(found)} {name}" for name, found in count.items())
    return "\n".join([told, *(f"missed: {one.budget}: {one.what}" for one in count["missed"])])
