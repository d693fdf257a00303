"""How busy a forum was, as bars of several lines, for where there is room that a sparkline leaves empty; and how a poll
stands, as a bar for each of its choices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from textual.content import Content

from widgets.rows import count
from widgets.status_line import span

if TYPE_CHECKING:
    from jamtui.host_rows import PollRow

HEIGHT = 5  # lines of the bars
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_HOURS_BELOW = timedelta(days=4)  # of a shorter time the ends are told with the hour


def activity_chart(counts: Sequence[int], start: datetime, end: datetime, width: int) -> Content:
    """``counts`` of posts in equal stretches from ``start`` to ``end``, in at most ``width`` cells; nothing where
    nothing was posted, or where a bar and its gap have no room."""
    top = max(counts, default=0)
    cell = min(5, width // len(counts)) if counts else 0
    if not top or cell < 2 or end <= start:
        return Content("")
    whole = cell * len(counts) - 1
    # A little is never nothing.
    heights = [0 if not one else max(1, round(one * HEIGHT * 8 / top)) for one in counts]
    lines = []
    for line in range(HEIGHT - 1, -1, -1):
        bars = (_EIGHTHS[min(8, max(0, height - 8 * line))] * (cell - 1) for height in heights)
        lines.append(Content.styled(" ".join(bars), "$secondary"))
    first, last = (_moment(one, end - start) for one in (start, end))
    busiest = f"{count(top, 'post', 'posts')} in the busiest {span((end - start) / len(counts))}"
    if len(first) + len(last) + len(busiest) + 4 <= whole:
        gap = whole - len(first) - len(last) - len(busiest)
        below = f"{first}{' ' * (gap // 2)}{busiest}{' ' * (gap - gap // 2)}{last}"
    else:
        below = f"{first}{last:>{max(0, whole - len(first))}}"
    rule = Content.styled("─" * whole, "$text-disabled")
    return Content("\n").join([*lines, rule, Content.styled(below, "$text-muted")])


def _moment(moment: datetime, length: timedelta) -> str:
    here = moment.astimezone()
    return f"{here.day} {here:%b %H:%M}" if length < _HOURS_BELOW else f"{here.day} {here:%b %Y}"


def bar(share: float, width: int) -> str:
    """A bar of at most ``width`` cells, to an eighth of a cell. A little is never nothing."""
    eighths = round(share * width * 8)
    if share > 0:
        eighths = max(1, eighths)
    whole, rest = divmod(min(eighths, width * 8), 8)
    return "█" * whole + ("▏▎▍▌▋▊▉"[rest - 1] if rest else "")


def poll_bars(poll: PollRow, width: int) -> Content:
    """A line for each choice of a poll, in at most ``width`` cells: its number, one's own mark, the text, a bar, the
    part of all ballots and how many that are. Where there is no room beside the text, the bar stands below it."""
    figures = [f"{100 * poll.share(index):.0f}%" for index in range(len(poll.choices))]
    counts = [f"{number:,}" for number in poll.counts]
    right = 4 + 1 + max(map(len, counts))
    texts = [Content(text) for text in poll.choices]
    longest = max(text.cell_length for text in texts)
    beside = width >= 48
    names = min(longest, max(10, (width - right - 8) // 2)) if beside else width - 4
    room = width - 4 - names - 2 - right - 1 if beside else width - 4 - right - 1
    lead = max(poll.counts)
    lines: list[Content] = []
    for index, text in enumerate(texts):
        mine, leads = index == poll.chosen, poll.counts[index] == lead > 0
        colour = "$accent" if mine else "$primary" if leads else "$secondary"
        drawn = bar(poll.share(index), max(1, room))
        tail = f"{figures[index]:>4} {counts[index]:>{right - 5}}"
        begin = ((f"{index + 1} ", "bold $primary"), ("✓ " if mine else "  ", "$accent"))
        name = text.truncate(names, ellipsis=True, pad=beside).stylize("bold $accent" if mine else "$foreground")
        bars = ((drawn, colour), " " * (max(1, room) - len(drawn) + 1), (tail, "$text-muted"))
        if beside:
            lines.append(Content.assemble(*begin, name, "  ", *bars))
        else:
            lines += [Content.assemble(*begin, name), Content.assemble("    ", *bars)]
    return Content("\n").join(lines)


def leader(poll: PollRow, width: int) -> Content:
    """What most chose, with a bar of ``width`` cells; nothing while nobody chose."""
    top = max(poll.counts, default=0)
    if not top:
        return Content("")
    at = poll.counts.index(top)
    drawn = bar(poll.share(at), width)
    name = Content(poll.choices[at]).truncate(20, ellipsis=True)
    return Content.assemble(
        (drawn, "$secondary"),
        (" " * (width - len(drawn) + 1), ""),
        name,
        (f" {100 * poll.share(at):.0f}%", "$text-muted"),
    )
