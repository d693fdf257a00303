"""The list of the inbox, and how its rows look: why, who, how much of it is new, and how it begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from textual.content import Content

from jamtui.notice import WORDS, InboxRow, Reason
from widgets.drawn import drawn
from widgets.forum_head import plain_words
from widgets.row_list import RowList
from widgets.rows import Ages, age, badge, one_line, spread
from widgets.strips import Line, Span, cell_width, cut, line_width

MARKS = {
    Reason.ANSWER: ("↩", "accent"),
    Reason.MENTION: ("@", "accent"),
    Reason.NOTICE: ("!", "bad"),
    Reason.REPORT: ("!", "hit"),
    Reason.ANNOUNCEMENT: ("◆", "hit"),
    Reason.LINK: ("→", "tag"),
    Reason.POLL: ("▮", "tag"),
    Reason.THREAD: ("◉", "good"),
    Reason.PERSON: ("◉", "author"),
    Reason.TAG: ("#", "tag"),
}
_WORDS_FROM = 64  # cells; from here on reasons are told in words, too
_FORUM_FROM = 110


class InboxList(RowList[str, InboxRow]):
    """What is for the reader, a row a thread; keys are those of the rows."""

    window = 32  # a row costs more than others: names, title and text of it stand in three places

    def __init__(
        self,
        rows: Callable[[Sequence[str]], Sequence[InboxRow]],
        now: Callable[[], datetime],
        forum_title: Callable[[str], str],
        ages: Ages = age,
    ) -> None:
        super().__init__(
            rows,
            lambda row, width, _at, _focused: inbox_row(row, width, now(), forum_title(row.forum_id), ages),
            row_height=2,
        )


def inbox_row(row: InboxRow, width: int, now: datetime, forum: str, ages: Ages = age) -> list[Line]:
    """Why and who, with how much is new; below it where, and how the newest begins."""
    roomy = width >= _WORDS_FROM
    figure = row.figure if roomy else f"{row.unread or row.count:,}" if row.count > 1 else ""
    right = [
        Span(figure if row.count > 1 else "", "accent" if row.unread else "muted"),
        Span(f"  {ages(row.at, now)}", "muted"),
    ]
    marks = [Span(MARKS[reason][0], MARKS[reason][1] if row.unread else "faint") for reason in row.main]
    who = [Span(one_line(row.names), "author"), *badge(row.role)] if row.who else []
    why = [Span(f"{'  ' if who else ''}{row.why}", "muted")] if roomy or not who else []
    head = [Span("● ", "accent") if row.unread else Span("  "), *marks, Span(" "), *who, *why]
    where = [Span(forum, "muted")] if forum and width >= _FORUM_FROM else []
    where = list(cut(where, width // 4))
    room = width - 2 - line_width(where)
    kept = max(room // 2, room - cell_width(row.excerpt) - 4)  # how it begins has half of the line, if it needs it
    begin = plain_words(row.title) if Reason.ANNOUNCEMENT in row.reasons else row.title  # which has no title of its own
    title = cut([Span(begin or "(no title)", "unread" if row.unread else "title")], kept)
    below = [Span("  "), *title, Span(f"  {row.excerpt}" if row.excerpt else "", "muted")]
    return [spread(head, right, width), spread(below, where, width) if where else cut(below, width)]


def thing_card(row: InboxRow, width: int, now: datetime, ages: Ages = age) -> Content:
    """All of what is no post: what it is, from whom, since when, and its text."""
    style = {"bad": "bold $error", "hit": "bold $warning"}.get(MARKS[row.reasons[0]][1], "bold $primary")
    role = badge(row.role)[-1].text if badge(row.role) else ""
    facts = " · ".join(filter(None, (f"{row.names} {role}".strip(), ages(row.at, now))))
    return Content.assemble(
        (WORDS[row.reasons[0]].capitalize(), style), "\n", (facts, "$text-muted"), "\n\n", drawn(row.body, width)
    )
