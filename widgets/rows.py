"""How the rows of the lists look: forums, threads, posts, what waits in the outbox. Pure drawing, harmless rows in.

Each function gives the lines of one row as `Content` of exactly one line each, fitted to ``width`` cells. Styles are names
of the theme (``$accent``), resolved where they are painted.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from textual.content import Content

from jamtui.model import ForumRow, OutboxRow, PostRow, SearchHit, SendState, ThreadRow

COLUMNS_FROM = 96  # cells; from here on a thread is one line of columns, below it is two lines

_WAITING = {
    SendState.QUEUED: ("↑ queued", "$accent"),
    SendState.SENDING: ("↑ sending", "$accent"),
    SendState.REFUSED: ("✗ refused", "bold $error"),
}
_ROLES = {"host": "host", "moderator": "mod", "expert": "expert"}
GONE = {"deleted": "taken back by its author", "removed": "removed by a moderator"}


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in one unit: ``now``, ``12 min``, ``5 h``, ``3 d``, ``4 mon``, ``2 y``."""
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
    return f"{days // 30} mon" if days < 730 else f"{days // 365} y"


def fit(left: Content, right: Content, width: int) -> Content:
    """``left`` at the left, cut with an ellipsis where it meets ``right`` at the right edge."""
    room = width - right.cell_length - (1 if right.cell_length else 0)
    if room < 4:
        return left.truncate(max(0, width), ellipsis=True, pad=True)
    return Content.assemble(left.truncate(room, ellipsis=True, pad=True), " " if right.cell_length else "", right)


def one_line(text: str) -> str:
    """Harmless text of several lines as one."""
    return " ".join(text.split())


def author(name: str, role: str) -> Content:
    """A name, with the role where it matters."""
    tag = _ROLES.get(role, "")
    return Content.assemble((name, "$secondary"), (f" {tag}" if tag else "", "$accent"))


def tags(names: tuple[str, ...]) -> Content:
    return Content.styled(" ".join(f"#{name}" for name in names), "$primary 80%")


def votes(up: int, voted: bool) -> Content:
    """``▲ 12``; filled with colour when one's own vote is among them."""
    return Content.styled(f"▲ {up:,}", "bold $success" if voted else "$text-muted" if up else "$text-disabled")


def forum_row(row: ForumRow, width: int) -> list[Content]:
    """Title and unread; below it how much there is."""
    unread = Content.styled(f"{row.unread:,} new", "bold $accent") if row.unread else Content.styled("✓", "$success")
    title = Content.assemble(
        ("● " if row.unread else "  ", "$accent"), (row.title, "bold" if row.unread else "$foreground 90%")
    )
    counts = Content.styled(
        f"  {row.threads:,} {'thread' if row.threads == 1 else 'threads'} · {row.posts:,} posts", "$text-muted"
    )
    return [fit(title, unread, width), fit(counts, Content(""), width)]


def forum_card(row: ForumRow) -> Content:
    """The brief of a forum, with what is in it."""
    unread = (f"{row.unread:,} unread", "bold $accent") if row.unread else ("all read", "$success")
    return Content.assemble(
        (row.title, "bold $primary"),
        "\n",
        (f"{row.threads:,} threads · {row.posts:,} posts · ", "$text-muted"),
        unread,
        "\n\n",
        row.brief.strip(),
    )


def _thread_mark(row: ThreadRow) -> Content:
    if row.unread:
        return Content.styled("● ", "$accent")
    if row.saved:
        return Content.styled("★ ", "$warning")
    return Content("  ")


def _thread_title(row: ThreadRow) -> Content:
    if row.gone:
        return Content.styled("(taken back)", "italic $text-disabled")
    return Content.styled(one_line(row.title) or "(no title)", "bold" if row.unread else "$foreground 90%")


def thread_row(row: ThreadRow, width: int, now: datetime, lines: int = 2) -> list[Content]:
    """A thread: one line of columns when wide, else two lines, or one short line when ``lines`` is 1."""
    title = Content.assemble(_thread_mark(row), _thread_title(row))
    ago = age(row.last_at, now)
    if width >= COLUMNS_FROM:
        return [_thread_columns(row, title, width, ago)]
    state = Content.styled(*_WAITING[row.send]) if row.send else Content("")
    new = Content.styled(f"{row.unread:,} new", "$accent") if row.unread else Content("")
    if lines == 1:
        right = state if row.send else Content.styled(f"{row.replies:,} ↩ {ago:>6}", "$text-muted")
        return [fit(title, right, width)]
    numbers = Content.assemble((f"↩ {row.replies:,}", "$text-muted"), "  ", votes(row.up, row.voted))
    below = Content.assemble("  ", author(row.author, row.role), (f" · {ago}  ", "$text-muted"), tags(row.tags))
    return [fit(title, numbers, width), fit(below, state if row.send else new, width)]


def _thread_columns(row: ThreadRow, title: Content, width: int, ago: str) -> Content:
    state = Content.styled(*_WAITING[row.send]) if row.send else Content.styled(f"{row.unread:,} new", "$accent")
    right = Content.assemble(
        "  ",
        author(row.author, row.role).truncate(20, ellipsis=True, pad=True),
        (f"{row.replies:>6,} ↩", "$text-muted"),
        Content(" " * max(0, 8 - votes(row.up, row.voted).cell_length)),
        votes(row.up, row.voted),
        (f"{ago:>8}", "$text-muted"),
        Content(" " * max(1, 10 - (state.cell_length if row.unread or row.send else 0))),
        state if row.unread or row.send else Content(""),
    )
    left = Content.assemble(title, "  ", tags(row.tags))
    return fit(left, right, width)


def post_row(row: PostRow, width: int, now: datetime, forum: str = "") -> list[Content]:
    """A post in a list of posts of many threads: who and when, and how it begins."""
    mark = ("● ", "$accent") if row.unread else ("★ ", "$warning") if row.saved else ("  ", "")
    head = Content.assemble(
        mark,
        author(row.author, row.role),
        (f" · {age(row.created_at, now)}", "$text-muted"),
        (f" · {forum}" if forum else "", "$text-muted"),
    )
    state = Content.styled(*_WAITING[row.send]) if row.send else votes(row.up, row.voted)
    if row.gone:
        text = Content.styled(f"  ({GONE.get(row.gone, row.gone)})", "italic $text-disabled")
    else:
        text = Content.assemble(
            "  ",
            (f"{one_line(row.title)}  " if row.title else "↳ ", "bold" if row.unread else "$foreground 90%"),
            (one_line(row.body[:600]), "$text-muted"),
        )
    return [fit(head, state, width), fit(text, Content(""), width)]


def hit_row(hit: SearchHit, width: int, now: datetime) -> list[Content]:
    """A hit: the thread it is in, who wrote it, and the words around what was sought."""
    post = hit.post
    head = Content.assemble(
        ("● " if post.unread else "  ", "$accent"),
        (one_line(hit.thread_title) or "(no title)", "bold"),
    )
    side = Content.assemble(author(post.author, post.role), (f" · {age(post.created_at, now)}", "$text-muted"))
    snippet = Content.assemble(
        "  ",
        *((" ".join(text.split("\n")), "bold $background on $warning" if hot else "$text-muted") for text, hot in hit.snippet),
    )
    if side.cell_length > width // 2:
        side = side.truncate(width // 2, ellipsis=True)
    return [fit(head, side, width), fit(snippet, Content(""), width)]


_KINDS = {
    "post": "post",
    "edit": "change of a post",
    "delete": "take back a post",
    "tag": "tag",
    "untag": "take off tag",
    "vote": "vote",
    "unvote": "take back vote",
}


def outbox_row(row: OutboxRow, width: int, now: datetime) -> list[Content]:
    """What waits, and why."""
    words, colour = _WAITING[row.state]
    head = Content.assemble((f"{words}  ", colour), (_KINDS.get(row.kind, row.kind), "$text-muted"))
    below = Content.assemble("  ", (row.summary, "$foreground"))
    return [fit(head, Content.styled(age(row.created_at, now), "$text-muted"), width), fit(below, Content(""), width)]


def outbox_card(row: OutboxRow, now: datetime) -> Content:
    """One row of the outbox in full: what it is, why it waits, what can be done."""
    words, colour = _WAITING[row.state]
    if row.state is SendState.REFUSED:
        why = row.reason or "The Jam refused it."
    elif row.reason:
        why = row.reason
    elif row.state is SendState.SENDING:
        why = "Under way, or confirmed and on its way back into the mirror."
    else:
        why = "Not sent yet; it goes out as soon as the server can be reached."
    tried = f"Tried {row.attempts:,} times. " if row.attempts > 1 else "Tried once. " if row.attempts else ""
    if row.next_try is not None and row.next_try > now:
        tried += f"Next try in {age(now, row.next_try)}."
    return Content.assemble(
        (words, colour),
        (f"  {_KINDS.get(row.kind, row.kind)}\n\n", "$text-muted"),
        (why, "$foreground"),
        "\n",
        (f"{tried}\n\n" if tried else "\n", "$text-muted"),
        row.summary,
    )
