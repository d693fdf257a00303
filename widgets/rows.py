"""How the rows of the lists look: forums, threads, posts, what waits in the outbox. Pure drawing, harmless rows in.

A row is drawn as lines of spans for `widgets.row_list.RowList`, fitted to ``width`` cells; the style names are those of
its component classes. The cards beside the lists are `Content`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from textual.content import Content

from jamtui.model import GONE, ForumRow, OutboxRow, PostRow, SearchHit, SendState, ThreadRow
from widgets.drawn import drawn
from widgets.strips import Line, Span, cut, line_width, pad

_FORUM_FROM = 96  # cells; from here on a hit names its forum
_BARS = "▁▂▃▄▅▆▇█"
COLUMNS_FROM = 96  # cells; from here on a thread is one line of columns, below it is two lines

WAITING = {
    SendState.QUEUED: ("↑ queued", "accent"),
    SendState.SENDING: ("↑ sending", "accent"),
    SendState.REFUSED: ("✗ refused", "bad"),
}
# Names have no square brackets.
BADGES = {"host": "[host]", "moderator": "[mod]", "expert": "[expert]", "honour": "[honour]"}
KIND_SIGNS = {"idea": "✦", "question": "?", "discussion": "≡"}
STATE_SIGNS = {"new": "", "discussed": "◔", "refined": "◑", "chosen": "✓"}
_LEAST_NAME = 8  # cells
_KINDS = {
    "post": "post",
    "edit": "change of a post",
    "delete": "take back a post",
    "tag": "tag",
    "untag": "take off tag",
    "vote": "vote",
    "unvote": "take back vote",
    "announce": "announcement",
    "announce-change": "change of an alert",
    "withdraw": "withdraw an alert",
    "brief": "forum brief",
    "poll": "poll",
    "close-poll": "close a poll",
    "remove-poll": "take a poll away",
    "ballot": "ballot",
    "unballot": "take back ballot",
    "kind": "what a thread is",
    "idea-state": "how far an idea is",
    "feature": "feature a post",
    "unfeature": "feature no longer",
    "connect": "link to a post",
    "disconnect": "take away a link",
}


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in one unit: ``now``, ``12 min``, ``5 h``, ``3 d``, ``4 mon``; a year and more ago the day:
    ``9 Feb 2011`` tells one from the other where all is ``15 y``."""
    minutes = max(timedelta(0), now - moment) // timedelta(minutes=1)
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h"
    days = minutes // (24 * 60)
    if days < 60:
        return f"{days} d"
    if days < 365:
        return f"{days // 30} mon"
    here = moment.astimezone()
    return f"{here.day} {here:%b %Y}"


def month(words: str) -> str:
    """What `age` said, for a column that has no room for a day: ``Feb 2011``."""
    return words.partition(" ")[2] if words[-4:].isdecimal() else words


def clock_time(moment: datetime, now: datetime) -> str:
    """When, by the reader's own clock: ``14:05`` today, ``02-09 14:05`` within a year, ``2011-02-09`` before that."""
    here, today = moment.astimezone(), now.astimezone()
    if here.date() == today.date():
        return f"{here:%H:%M}"
    return f"{here:%m-%d %H:%M}" if abs(today - here) < timedelta(days=300) else f"{here:%Y-%m-%d}"


Ages = Callable[[datetime, datetime], str]  # `age` or `clock_time`: how a moment is told


def spread(left: Iterable[Span], right: Iterable[Span], width: int) -> Line:
    """``left`` at the left, cut with an ellipsis where it meets ``right`` at the right edge."""
    right = tuple(right)
    taken = line_width(right)
    room = width - taken - (2 if taken else 0)
    if room < 4:
        return cut(left, width)
    left = cut(left, room)
    return (*left, Span(" " * (width - line_width(left) - taken)), *right)


def one_line(text: str) -> str:
    """Harmless text of several lines as one."""
    return " ".join(text.split())


def count(number: int, one: str, many: str) -> str:
    """``1 thread``, ``2 threads``."""
    return f"{number:,} {one if number == 1 else many}"


def badge(role: str) -> list[Span]:
    """The badge of a role, with the space before it; nothing for those that have none."""
    return [Span(" "), Span(BADGES[role], "badge")] if role in BADGES else []


def author(row: ThreadRow | PostRow, room: int) -> list[Span]:
    """Who wrote it, in at most ``room`` cells: the name, the badge, and whom they only look like. Where somebody else
    is called the same, the handle stands behind the name, or in its place where both do not fit: two halves tell
    nobody apart. The name or handle gives way, not what somebody is or is not."""
    name, handle = one_line(row.author), f"@{one_line(row.handle)}"
    marks = [*badge(row.role), *alike(row.alike)]
    if row.alike and room - line_width(marks) < _LEAST_NAME:
        marks = [*badge(row.role), Span(" ≠", "bad")]
    kept = max(1, room - line_width(marks))
    if not row.namesake or not row.handle:
        return [*cut([Span(name or handle, "author")], kept), *marks]
    both = [Span(name, "author"), Span(f" {handle}", "muted")] if name else []
    if not both or line_width(both) > kept:
        both = [Span(handle, "author")]
        if row.alike and line_width(both) > kept:  # the handle whole tells more than whose likeness it is
            marks = [*badge(row.role), Span(" ≠", "bad")]
            kept = max(1, room - line_width(marks))
    return [*cut(both, kept), *marks]


def alike(of: str) -> list[Span]:
    """The mark of those who look like somebody else, or claim to be what they are not."""
    return [Span(f" ≠ {of}", "bad")] if of else []


def _tags(names: tuple[str, ...]) -> list[Span]:
    return [Span(" ".join(f"#{name}" for name in names), "tag")] if names else []


def _votes(up: int, voted: bool) -> Span:
    """A vote of one's own has a sign, too: colours do not reach everybody."""
    return Span(f"▲{'✓' if voted else ' '}{up:,}", "vote" if voted else "muted" if up else "faint")


def _mark(unread: object, saved: bool) -> Span:
    return Span("● ", "accent") if unread else Span("★ ", "hit") if saved else Span("  ")


def sort_signs(row: ThreadRow) -> list[Span]:
    """What a thread is and, for an idea, how far; and whether it is featured: a sign each, told in words where it is
    read."""
    if row.gone:
        return []
    kind = STATE_SIGNS.get(row.idea_state) or KIND_SIGNS.get(row.kind, "")
    style = (
        "good" if row.idea_state == "chosen" else "accent" if row.idea_state in ("refined", "discussed") else "muted"
    )
    spans = [Span(f"{kind} ", style)] if kind else []
    return [*spans, Span("◆ ", "hit")] if row.featured else spans


def sparkline(counts: Sequence[int], top: int) -> str:
    """``counts`` as bars of one cell; ``top`` is what fills one. A little is never nothing."""
    return "".join(
        _BARS[min(len(_BARS) - 1, -(-count * (len(_BARS) - 1) // top))] if top else _BARS[0] for count in counts
    )


def forum_row(row: ForumRow, width: int, active: Sequence[int] = (), top: int = 0) -> list[Line]:
    """Title and unread; below it how much there is, and how busy it was (``active``, of ``top`` at most)."""
    unread = Span(f"{row.unread:,} new", "accent") if row.unread else Span("all read", "good")
    title = Span(row.title, "unread" if row.unread else "title")
    counts = f"  {count(row.threads, 'thread', 'threads')} · {count(row.posts, 'post', 'posts')}"
    return [spread([_mark(row.unread, False), title], [unread], width), _busy(counts, active, top, width), ()]


def _busy(counts: str, active: Sequence[int], top: int, width: int) -> Line:
    fits = len(counts) + 3 + len(active) <= width
    return spread([Span(counts, "muted")], [Span(sparkline(active, top), "author")] if fits else [], width)


def thread_row(row: ThreadRow, width: int, now: datetime, lines: int, ages: Ages = age) -> list[Line]:
    """A thread: one line of columns when wide, else two lines, or one short line when ``lines`` is 1."""
    if row.gone:
        title = Span(row.title, "faint")
    else:
        title = Span(one_line(row.title) or "(no title)", "unread" if row.unread else "title")
    marks = [*([Span("◉ ", "accent")] if row.followed else []), *([Span("locked ", "muted")] if row.locked else [])]
    left = [_mark(row.unread, row.saved), *marks, *sort_signs(row), title]
    if row.muted:
        left = [_mark(False, row.saved), *sort_signs(row), title._replace(style="faint")]
    ago = ages(row.last_at, now)
    if width >= COLUMNS_FROM:
        return [_columns(row, left, width, pad(ago, 13, right=True))]
    new = f"{row.unread:,} new" if row.unread else ""
    state = Span("muted", "faint") if row.muted else Span(new, "accent")
    if row.send:
        state = Span(*WAITING[row.send])
    if lines == 1:
        short = month(ago)
        figures = Span(f"↩ {row.replies:,}{short:>{max(8, len(short) + 2)}}", "muted")
        return [spread(left, [state if row.send else figures], width)]
    numbers = [Span(f"↩ {row.replies:,}  ", "muted"), _votes(row.up, row.voted)]
    room = width - line_width(numbers) - 2
    when = Span(f" · {ago}", "muted")
    below: list[Span] = [
        *cut([Span("  "), *author(row, room - 2 - line_width([when]))], room - line_width([when])),
        when,
    ]
    tags = _tags(row.tags)  # have what is left, and are left out rather than cut to nothing
    if tags and room - line_width(below) - 2 >= min(line_width(tags), 8):
        below += [Span("  "), *tags]
    return [spread(left, [state] if state.text else [], width), spread(below, numbers, width)]


def _columns(row: ThreadRow, left: list[Span], width: int, ago: str) -> Line:
    votes = _votes(row.up, row.voted)
    new = f"{row.unread:,} new" if row.unread else ""
    state, style = ("muted", "faint") if row.muted else (new, "accent")
    if row.send:
        state, style = WAITING[row.send]
    who = author(row, 20)
    right = [
        *who,
        Span(" " * (20 - line_width(who))),
        Span(pad(f"↩ {row.replies:,}", 8, right=True), "muted"),
        votes._replace(text=pad(votes.text, 8, right=True)),
        Span(ago, "muted"),
        Span(pad(state, 11, right=True), style),
    ]
    room = width - line_width(right) - 2
    # Tags have what the title leaves, and are left out rather than cut to nothing.
    tags = _tags(row.tags)
    if tags and line_width(left) + 2 + min(line_width(tags), 12) <= room:
        left = [*left, Span("  "), *tags]
    return spread(left, right, width)


def repeats(row: PostRow) -> bool:
    """Whether the title is no more than how the text begins, as where people write one sentence and nothing else."""
    title = " ".join(row.title.removesuffix("…").removesuffix("...").split())
    return bool(title) and " ".join(row.body[: len(title) * 2 + 20].split()).startswith(title)


def post_row(row: PostRow, width: int, now: datetime, forum: str = "", ages: Ages = age) -> list[Line]:
    """A post in a list of posts of many threads: who, when and where, and how it begins."""
    where = f" · {ages(row.created_at, now)}{f' · {forum}' if forum else ''}"
    state = Span(*WAITING[row.send]) if row.send else _votes(row.up, row.voted)
    room = max(12, width - line_width([state]) - 4 - min(len(where), 9))  # when it was has room, in any case
    head = [_mark(row.unread, row.saved), *author(row, room), Span(where, "muted")]
    if row.gone:
        text = [Span(f"  ({GONE.get(row.gone, row.gone)})", "faint")]
    else:
        why = row.featured_for.strip()  # says more than how the text begins
        more = [Span(f"◆ {why}", "hit")] if why else [Span(one_line(row.body[:600]), "muted")]
        begin, style = row.title, "unread" if row.unread else "faint" if row.muted else "title"
        if repeats(row) and not why:  # one sentence and nothing else: all of it stands there, once
            begin, more = row.body[:600], []
        text = [Span("  "), Span(f"{one_line(begin)}  " if begin else "↳ ", style), *more]
    return [spread(head, [state], width), cut(text, width)]


def hit_row(hit: SearchHit, width: int, now: datetime, ages: Ages = age) -> list[Line]:
    """A hit: the thread it is in, who wrote it, and the words around what was sought."""
    post = hit.post
    head = [_mark(post.unread, False), *_marked_title(hit)]
    when = Span(f" · {ages(post.created_at, now)}", "muted")
    who = cut([*author(post, width // 2 - line_width([when])), when], width // 2)
    where: list[Span] = []
    if width >= _FORUM_FROM and hit.forum_title:
        free = width - line_width(head) - line_width(who) - 5  # what the title leaves, a quarter in any case
        where = [*cut([Span(one_line(hit.forum_title), "muted")], max(free, width // 4)), Span(" · ", "muted")]
    side = (*where, *who)
    runs = [Span(" ".join(text.split("\n")), "hit" if hot else "muted") for text, hot in hit.snippet]
    return [spread(head, side, width), cut([Span("  "), *runs], width)]


def _marked_title(hit: SearchHit) -> list[Span]:
    """The title of the thread; a reply stands under it, and what was sought is marked where it is in the title."""
    title = hit.thread_title
    if not title.strip():
        return [Span("(no title)", "faint")]
    reply = hit.post.parent_id is not None
    spans = [Span("↳ ", "muted")] if reply else []
    at = 0
    for begin, end in hit.title_marks:
        spans += [Span(title[at:begin], "title" if reply else "unread"), Span(title[begin:end], "hit")]
        at = end
    return [*spans, Span(title[at:], "title" if reply else "unread")]


def outbox_row(row: OutboxRow, width: int, now: datetime, ages: Ages = age) -> list[Line]:
    """What waits, and since when."""
    head = [Span(*WAITING[row.state]), Span(f"  {_KINDS.get(row.kind, row.kind)}", "muted")]
    if row.when:
        head.append(Span(f"  {row.when}", "muted"))
    return [
        spread(head, [Span(ages(row.created_at, now), "muted")], width),
        cut([Span("  "), Span(row.summary, "title")], width),
    ]


def forum_card(row: ForumRow, width: int) -> Content:
    """The brief of a forum, with what is in it."""
    unread = (f"{row.unread:,} unread", "bold $accent") if row.unread else ("all read", "$success")
    return Content.assemble(
        (row.title, "bold $primary"),
        "\n",
        (f"{count(row.threads, 'thread', 'threads')} · {count(row.posts, 'post', 'posts')} · ", "$text-muted"),
        unread,
        "\n\n",
        drawn(row.brief, width) if row.brief.strip() else Content.styled("No brief yet.", "$text-muted"),
    )


def outbox_card(row: OutboxRow, now: datetime) -> Content:
    """One row of the outbox in full: what it is, why it waits, what can be done."""
    words, style = WAITING[row.state]
    colour = "bold $error" if style == "bad" else "$accent"
    if row.state is SendState.REFUSED:
        why = row.reason or "The Jam refused it."
    elif row.reason:
        why = row.reason
    elif row.state is SendState.SENDING:
        why = "Under way, or confirmed and on its way back into the mirror."
    else:
        why = "Not sent yet; it goes out as soon as the server can be reached."
    tried = f"Tried {row.attempts:,} times. " if row.attempts > 1 else "Tried once. " if row.attempts else ""
    if row.when:
        tried += f"Tried {'again ' if row.attempts else ''}{row.when}."
    return Content.assemble(
        (words, colour),
        (f"  {_KINDS.get(row.kind, row.kind)}\n\n", "$text-muted"),
        (why, "$foreground"),
        "\n",
        (f"{row.can}\n" if row.can else "", "$text-muted"),
        (f"{tried}\n\n" if tried else "\n", "$text-muted"),
        row.summary,
    )
