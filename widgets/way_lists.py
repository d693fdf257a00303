"""The lists of the ways through a Jam: hot threads with the reason beside them, and people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from textual.content import Content

from jamtui.model import PersonRow, ThreadRow
from jamtui.ways import HotRow, PersonMore, PersonPage
from widgets.row_list import RowList
from widgets.rows import BADGES, Ages, age, alike, badge, count, one_line, spread
from widgets.strips import Line, Span, cut, line_width
from widgets.wrapping import hanging

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
    below = " · ".join(filter(None, (f"@{row.handle}", f"★ {row.honour}" if row.honour else "", row.org, country(row))))
    posts = Span(count(row.posts, "post", "posts") if row.posts else "only reads", "muted" if row.posts else "faint")
    return [
        spread([Span("  "), *cut([Span(row.name, "author")], _kept(role, posts, width)), *role], [posts], width),
        cut([Span("  "), Span(below, "muted")], width),
    ]


def country(row: PersonRow) -> str:
    from jamtui.countries import country_name  # not for a start

    return country_name(row.country)


def _role(row: PersonRow) -> list[Span]:
    role = _badge_of(row)
    return badge(role) or ([] if role == "participant" else [Span(" "), Span(f"[{role[:20]}]", "accent")])


def _badge_of(row: PersonRow) -> str:
    """As on their posts: a guest of honour has a badge of that kind."""
    return "honour" if row.honour and row.role in ("participant", "expert") else row.role


def _kept(marks: list[Span], posts: Span, width: int) -> int:
    """Cells that a name may have beside what it must not push out."""
    return max(8, width - line_width(marks) - line_width([posts]) - 4)


def person_head(page: PersonPage, now: datetime, ages: Ages = age, *, flags: bool = True) -> Content:
    """Who somebody is, in three lines: name and role, where from, and figures."""
    from jamtui.countries import flag, language_name

    who, role = page.person, _badge_of(page.person)
    figures = [count(who.posts, "post", "posts"), count(page.threads, "thread", "threads")]
    figures.append(f"▲ {page.votes:,}")
    if page.last_at is not None:
        figures.append(f"last {_ago(page.last_at, now, ages)}")
    sign = flag(who.country) if flags else ""
    speaks = ", ".join(map(language_name, who.languages))
    where = " · ".join(filter(None, (f"@{who.handle}", who.org, f"{country(who)}{f' {sign}' if sign else ''}", speaks)))
    return Content.assemble(
        (who.name, "bold $primary" if not who.left else "$text-muted"),
        (f"  {BADGES.get(role, f'[{role[:20]}]')}" if role != "participant" else "", "$accent"),
        (f"  ≠ {who.alike}" if who.alike else "", "$error"),
        (f"  ★ {who.honour}" if who.honour else "", "$warning"),
        f"\n{where}\n",
        (" · ".join(figures), "$foreground"),
    )


def _ago(moment: datetime, now: datetime, ages: Ages) -> str:
    """``5d ago``, ``just now``, or the day."""
    ago = ages(moment, now)
    if ago == "now":
        return "just now"
    return f"{ago} ago" if ages is age and not ago[-1].isdecimal() else ago


def person_more(more: PersonMore, about: str, now: datetime, ages: Ages = age) -> Content:
    """What they say of themselves, what they are heard for, with whom they talk: a line each, where there is any."""
    lines: list[Content] = []
    if about:
        lines.append(Content.styled(one_line(about), "italic"))
    if more.tags:
        lines.append(
            Content.assemble(("heard for ", "$text-disabled"), *((f"#{name}  ", "$secondary") for name, _ in more.tags))
        )
    if more.companions:
        talks = (
            part
            for one in more.companions
            for part in ((one_line(one.name), "$foreground"), (f" {one.answered + one.answers:,}  ", "$text-disabled"))
        )
        lines.append(Content.assemble(("talks with ", "$text-disabled"), *talks))
    if more.links:
        told = " · ".join(f"{words} {number:,}" for words, number in more.links)
        lines.append(Content.assemble(("connected ", "$text-disabled"), (told, "$foreground")))
    if more.answered or more.answers:
        first = f", here since {_ago(more.first_at, now, ages)}" if more.first_at is not None else ""
        lines.append(
            Content.styled(
                f"answered {count(more.answered, 'time', 'times')}, "
                f"was answered {count(more.answers, 'time', 'times')}{first}",
                "$text-muted",
            )
        )
    return Content("\n").join(lines)


def person_card(
    page: PersonPage, more: PersonMore, now: datetime, ages: Ages = age, *, flags: bool = True, width: int = 76
) -> Content:
    """The head, more about them, and in which forums somebody writes."""
    forums = [
        hanging(Content.styled(f"{posts:>6,}  ", "$text-muted"), Content.styled(one_line(title), "$foreground"), width)
        for title, posts in page.forums
    ]
    told = person_more(more, "", now, ages)
    about = page.person.about
    return Content.assemble(
        person_head(page, now, ages, flags=flags),
        "\n\n" if about else "",
        (about, "italic"),
        "\n\n" if told.plain else "",
        told,
        "\n\n" if forums else "",
        Content("\n").join(forums),
        ("\n\nEnter: all posts", "$text-disabled"),
    )
