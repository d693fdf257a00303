"""How busy a forum was, as bars of several lines: for where there is room that a sparkline leaves empty."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from textual.content import Content

from widgets.rows import count
from widgets.status_line import span

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
