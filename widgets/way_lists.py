"""The lists of the ways through a Jam: hot threads with the reason beside them, and people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from textual.content import Content

from jamtui.model import PersonRow, ThreadRow
from jamtui.ways import HotRow, PersonPage
from widgets.row_list import RowList
from widgets.rows import Ages, age, alike, badge, count, one_line, spread
from widgets.strips import Line, Span, cut, line_width

_BAR = 5  # cells of the bar that shows heat


class HotList(RowList[int, ThreadRow]):
    """Hot threads, two lines each: the title and its heat, then who is in it now."""

    def __init__(
        self,
        threads: Callable[[Sequence[int]], Sequence[ThreadRow]],
        heat: Callable[[], Mapping[int, HotRow]],
        forum_title: Callable[[str], str],
    ) -> None:
        super().__init__(
            threads,
            lambda row, width, _at, _focused: hot_row(row, heat().get(row.key), width, forum_title(row.forum_id)),
            row_height=2,
            empty="Nothing is hot: no posts yet.",
        )


class PeopleList(RowList[str, PersonRow]):
    """Everybody, those with the most posts first; keys are ids."""

    def __init__(self, people: Callable[[Sequence[str]], Sequence[PersonRow]]) -> None:
        super().__init__(
            people,
            lambda row, width, _at, _focused: person_row(row, width),
            row_height=2,
            empty="Nobody is here yet.",
            key_of=lambda row: row.id,
        )


def hot_row(row: ThreadRow, hot: HotRow | None, width: int, forum: str) -> list[Line]:
    """``▮▮▮▯▯`` and the title; below it the figures behind the heat."""
    title = Span(one_line(row.title) or "(no title)", "unread" if row.unread else "title")
    full = max(1, round(_BAR * hot.heat)) if hot else 0
    heat = [Span("▮" * full, "hit"), Span("▯" * (_BAR - full), "faint")]
    new = [Span(f"{row.unread:,} new", "accent")] if row.unread else []
    mark = Span("● ", "accent") if row.unread else Span("  ")
    why = [Span("  ")]
    if hot:
        people = count(hot.people, "person", "people")
        why.append(Span(f"{count(hot.posts, 'post', 'posts')} by {people}", "muted"))
        why.append(Span(f" · ▲ {hot.votes:,}", "muted" if hot.votes else "faint"))
    why.append(Span(f" · {forum}", "muted"))
    return [spread([mark, title], heat, width), spread(why, new, width)]


def person_row(row: PersonRow, width: int) -> list[Line]:
    """Name and posts; below it handle, role and where somebody is from."""
    role = [*_role(row), *alike(row.alike)]
    below = " · ".join(filter(None, (f"@{row.handle}", row.org, row.country)))
    posts = Span(count(row.posts, "post", "posts") if row.posts else "only reads", "muted" if row.posts else "faint")
    return [
        spread([Span("  "), *cut([Span(row.name, "author")], _kept(role, posts, width)), *role], [posts], width),
        cut([Span("  "), Span(below, "muted")], width),
    ]


def _role(row: PersonRow) -> list[Span]:
    return badge(row.role) or ([] if row.role == "participant" else [Span(" "), Span(f"[{row.role[:20]}]", "accent")])


def _kept(marks: list[Span], posts: Span, width: int) -> int:
    """Cells that a name may have beside what it must not push out."""
    return max(8, width - line_width(marks) - line_width([posts]) - 4)


def person_head(page: PersonPage, now: datetime, ages: Ages = age) -> Content:
    """Who somebody is, in three lines: name and role, where from, and figures."""
    who = page.person
    figures = [count(who.posts, "post", "posts"), count(page.threads, "thread", "threads")]
    figures.append(f"▲ {page.votes:,}")
    if page.last_at is not None:
        ago = ages(page.last_at, now)
        told_as_age = ages is age and not ago[-1].isdecimal()
        figures.append("last just now" if ago == "now" else f"last {ago}{' ago' if told_as_age else ''}")
    where = " · ".join(filter(None, (f"@{who.handle}", who.org, who.country)))
    return Content.assemble(
        (who.name, "bold $primary"),
        (f"  [{who.role[:20]}]" if who.role != "participant" else "", "$accent"),
        (f"  ≠ {who.alike}" if who.alike else "", "$error"),
        f"\n{where}\n",
        (" · ".join(figures), "$foreground"),
    )


def person_card(page: PersonPage, now: datetime, ages: Ages = age) -> Content:
    """The head, and in which forums somebody writes."""
    forums = [
        part
        for title, posts in page.forums
        for part in ((f"\n{posts:>6,}  ", "$text-muted"), (one_line(title), "$foreground"))
    ]
    return Content.assemble(person_head(page, now, ages), "\n", *forums, ("\n\nEnter: all posts", "$text-disabled"))
