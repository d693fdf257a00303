"""What stands at the top of a forum: its brief, folded to one line or whole, and the polls that are open in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from textual.content import Content

from jamtui.host_rows import PollRow
from jamtui.model import ForumRow, PersonRow, SendState
from widgets.card import Fitted
from widgets.chart import leader
from widgets.drawn import drawn
from widgets.rows import BADGES, count, one_line

BRIEF_LINES = 12  # of a brief that is unfolded; the rest is told by its number
_POLLS = 2  # that are shown; the rest is told by its number


class ForumHead(Fitted):
    """Shown only where a forum has a brief or an open poll."""

    DEFAULT_CSS = """
    ForumHead { padding: 0 1 0 2; background: $surface; color: $text-muted; display: none; }
    """


def head(
    row: ForumRow, hosts: Sequence[PersonRow], polls: Sequence[PollRow], width: int, keys: tuple[str, str],
    *, unfolded: bool, changed: bool,
) -> Content:  # fmt: skip
    """``keys`` fold and open the polls; ``changed``: the brief is another since it was unfolded last."""
    lines: list[Content] = []
    if row.brief.strip():
        lines += _brief(row, hosts, width, keys[0], unfolded=unfolded, changed=changed)
    lines += [_poll(poll, width, keys[1]) for poll in polls[:_POLLS]]
    if len(polls) > _POLLS:
        lines.append(Content.styled(f"  {count(len(polls) - _POLLS, 'more poll', 'more polls')}", "$text-muted"))
    return Content("\n").join(lines)


def _brief(
    row: ForumRow, hosts: Sequence[PersonRow], width: int, key: str, *, unfolded: bool, changed: bool
) -> list[Content]:  # fmt: skip
    waits = row.send not in (None, SendState.REFUSED)
    if not unfolded:
        tail = f"  {key} unfolds" if width >= 44 else f"  {key}"
        mark = ("↑ ", "bold $accent") if waits else ("● ", "bold $accent") if changed else ("▸ ", "$accent")
        text = Content.assemble(mark, (plain_words(row.brief), "$text-muted"))
        room = max(8, width - len(tail))
        return [Content.assemble(text.truncate(room, ellipsis=True, pad=True), (tail, "$text-disabled"))]
    who = [
        piece
        for host in hosts
        for piece in (
            (", " if host is not hosts[0] else "", "$text-muted"),
            (host.name, "$foreground"),
            (f" {BADGES[host.role]}" if host.role in BADGES else "", "$warning"),
            (f" ≠ {host.alike}" if host.alike else "", "$error"),
        )
    ]
    told = Content.assemble(
        ("▾ ", "$accent"), ("Brief", "bold $primary"),
        (" ↑ yours is on its way" if waits else "", "$accent"),
        ("  hosts: " if who else "", "$text-muted"), *who, (f"  {key} folds", "$text-disabled"),
    )  # fmt: skip
    body = drawn(row.brief, max(12, width - 2)).split("\n")
    shown = [Content.assemble("  ", line) for line in body[:BRIEF_LINES]]
    if len(body) > BRIEF_LINES:
        more = count(len(body) - BRIEF_LINES, "more line", "more lines")
        shown.append(Content.styled(f"  {more}; :brief shows all of it", "$text-muted"))
    return [told.truncate(max(8, width), ellipsis=True), *shown]


@lru_cache(64)
def plain_words(text: str) -> str:
    """The beginning of a text on one line, without the signs of Markdown."""
    return one_line(drawn(text[:600], 400).plain)


def _poll(poll: PollRow, width: int, key: str) -> Content:
    """A poll on one line: the question, who leads, and how many chose."""
    chosen = " ✓" if poll.chosen >= 0 else ""
    tail = f"  {count(poll.total, 'ballot', 'ballots')}{chosen}  {key}"
    room = width - len(tail)
    lead = leader(poll, 8) if width >= 70 else Content("")
    question = Content.assemble(("? ", "bold $accent"), (poll.question, "$foreground"))
    space = max(8, room - (lead.cell_length + 2 if lead.plain else 0))
    return Content.assemble(
        question.truncate(space, ellipsis=True, pad=True), "  " if lead.plain else "", lead, (tail, "$text-disabled")
    )
