"""The page of a Jam as an event: how it stands, its phases and what they are for, what may be done now, the hours."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from jamtui import countdown, event
from jamtui.archive import Phase
from jamtui.countdown import day_and_time, short_title
from jamtui.event import Act, Refusal, State
from jamtui.model import JamRow
from widgets.drawn import drawn
from widgets.status_line import span
from widgets.strips import pad
from widgets.timeline import timeline

_STATES = {
    State.SCHEDULED: ("◌", "$secondary"),
    State.OPEN: ("●", "$success"),
    State.GRACE: ("◐", "$warning"),
    State.CLOSED: ("○", "$text-muted"),
    State.ARCHIVED: ("■", "$text-muted"),
}
_PLACES = {"over": ("✓", "$text-muted"), "now": ("▶", "bold $primary"), "later": ("·", "$text-muted")}
_CLOCKS = 44  # cells below which it tells no time of the day
_BARE = 62  # cells below which the table of hours tells the opening or the closing


def event_head(jam: JamRow, now: datetime, width: int, keys: Content) -> Content:
    """The title and, beside it, ``keys``; how the Jam stands."""
    state = event.state_at(jam, now)
    mark, colour = _STATES[state]
    phase = event.phase_at(jam, now)
    words = countdown.state_words(state) + (f": {short_title(phase)}" if phase is not None else "")
    title = " ".join(jam.title.split())
    return Content.assemble(
        (pad(title, max(8, width - keys.cell_length - 2)), "bold $primary"),
        "  ",
        keys,
        "\n",
        (f"{mark} {words[:1].upper()}{words[1:]}", colour),
    )


def digits(jam: JamRow, now: datetime) -> tuple[str, str]:
    """(large figures, what they count to) until what comes next; ("", "") when nothing does."""
    after = countdown.coming(jam, now)
    if after is None:
        return "", ""
    words, at = after
    minutes = max(0, int((at - now).total_seconds() // 60))
    figures = f"{minutes // 60}:{minutes % 60:02}" if minutes < 100 * 60 else str(minutes // 1440)
    unit = "hours and minutes" if minutes < 100 * 60 else "days"
    return figures, f"{unit} until {_begin(words)}, {countdown.here(at, now)}"


def counts_to(words: str) -> Content:
    return Content.styled(words, "$text-muted")


def _begin(words: str) -> str:
    """“Refining” begins; the Jam opens."""
    return f"{words[:1].lower()}{words[1:]}"


def coming_line(jam: JamRow, now: datetime) -> Content:
    """The same on one line, for small terminals."""
    after = countdown.coming(jam, now)
    if after is None:
        return Content.styled("Nothing more is planned.", "$text-muted")
    words, at = after
    return Content.assemble(
        (f"{words} in ", "$foreground"),
        (span(at - now), "bold $accent"),
        (f", {countdown.here(at, now)}", "$text-muted"),
    )


def event_body(jam: JamRow, now: datetime, refused: dict[Act, Refusal], width: int, *, only_reads: str) -> Content:
    """All below the countdown. ``only_reads``: why the reader writes nothing at all, "" when they do."""
    blocks = [timeline(jam, now, width)]
    phases = countdown.where_in(event.phases_of(jam), jam, now)
    if phases:
        blocks.append(Content("\n\n").join([_heading("Phases"), *(_phase(*one, now, width) for one in phases)]))
    elif jam.summary.strip():
        blocks.append(drawn(jam.summary, width))
    blocks += [_may(refused, only_reads, now, width), _hours(jam, now, width)]
    return Content("\n\n").join(block for block in blocks if block.plain)


def _heading(words: str) -> Content:
    return Content.styled(words, "bold $accent")


def _phase(phase: Phase, end: datetime, place: str, now: datetime, width: int) -> Content:
    mark, colour = _PLACES[place]
    times = f"{countdown.here(phase.starts_at, now)} – {countdown.here(end, now)}"
    parts: list[Content] = [Content.assemble((f"{mark} ", colour), (short_title(phase), colour))]
    parts.append(Content.styled(f"  {times}" if width >= 2 * len(times) else f"\n  {times}", "$text-muted"))
    if closed := countdown.does_not_take(phase):
        parts.append(Content.styled(f"\n  takes {closed}", "$warning"))
    if phase.guidance.strip():
        shown = drawn(phase.guidance, width - 2)
        parts.append(Content("\n"))
        parts.append(Content("\n").join(Content.assemble("  ", line) for line in shown.split("\n")))
    return Content.assemble(*parts)


def _may(refused: dict[Act, Refusal], only_reads: str, now: datetime, width: int) -> Content:
    lines = [_heading("What you may do now")]
    if only_reads:
        return Content("\n").join([*lines, Content.styled(f"{only_reads}.", "$text-muted")])
    for words, refusal in countdown.allowed(refused):
        if refusal is None:
            lines.append(Content.assemble(("✓ ", "$success"), (words, "$foreground")))
        else:
            again = f", from {countdown.here(refusal.again, now)}" if refusal.again is not None else ""
            lines.append(Content.assemble(("✗ ", "$error"), (f"{words}{again}", "$text-muted")))
    if width >= _BARE and len(lines) > 4:  # two columns
        rows, half = lines[1:], len(lines) // 2
        left, right = rows[:half], [*rows[half:], Content("")]
        column = width // 2
        both = [
            Content.assemble(one.truncate(column - 1), " " * (column - min(column - 1, one.cell_length)), two)
            for one, two in zip(left, right, strict=False)
        ]
        lines = [lines[0], *both]
    return Content("\n").join(lines)


def _hours(jam: JamRow, now: datetime, width: int) -> Content:
    rows = countdown.hours(jam, now)
    over = rows[0].next is None
    columns = ["opens", "closes"] if width >= _BARE else ["opens" if now < jam.opens_at else "closes"]
    clocks = width >= _CLOCKS
    names = f"{'':14}{'now':11}" if clocks else " " * 14
    lines = [_heading("Hours"), Content.styled(names + "".join(f"{one:18}" for one in columns), "$text-disabled")]
    for row in rows:
        times = {"opens": row.opens, "closes": row.closes}
        strong = row.place == "UTC" or row.place.startswith("here")
        clock = (f"{row.now:%a %H:%M}  ", "$accent" if row.awake and not over else "$text-disabled")
        lines.append(
            Content.assemble(
                (f"{row.place:14}", "bold $foreground" if strong else "$foreground"),
                *([clock] if clocks else []),
                *((f"{day_and_time(times[one], now):18}", "$text-muted") for one in columns),
            )
        )
    return Content("\n").join(lines)
