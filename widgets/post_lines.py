"""One post as lines: guides for its depth, a header, the body, and the blank line to the next post. Pure."""

from __future__ import annotations

import re
from datetime import datetime

from msgspec import Struct
from textual.strip import Strip

from jamtui.model import GONE, LINK_WORDS, PostRow, SendState
from widgets.colours import author_hue
from widgets.markdown_lines import BUDGET, BUDGET_ALL, Doc, layout, mark_words, overflow, parse
from widgets.rows import KIND_SIGNS, STATE_SIGNS, Ages, age, alike, badge, one_line, repeats
from widgets.strips import Line, Span, cell_width, cut, fit, line_width, wrap

MEASURE = 92  # cells of text in a line at most: longer lines are hard to read
# Cells at the left in which nothing stands that somebody wrote: each post begins with a mark here, and each line in it
# that jamtui says has one. So no text can pass for the next post, or for a word of ours.
MARGIN = 2
READ, UNREAD, OURS = "· ", "● ", "› "
STEP = 2  # cells a level of depth


class Fold(Struct, frozen=True):
    """What a folded post hides."""

    replies: int
    unread: int


class View(Struct, frozen=True):
    """All that the look of a post depends on beside the post. ``below`` is the depth of the next post, -1 for none."""

    width: int
    depth: int
    below: int
    unread: bool
    ago: str
    fold: Fold | None
    everything: bool
    words: re.Pattern[str] | None
    shift: int = 0  # cells by which wide tables and code are moved


class PostLines(Struct, frozen=True):
    """``lines`` of which the first ``end`` are the post and the rest the space to the next one. ``more``: lines of the
    body that are not shown."""

    lines: tuple[Line, ...]
    end: int
    doc: Doc
    more: int


class Drawn:
    """A post drawn: its lines for one view, and the strips that were painted of them."""

    __slots__ = ("doc", "everything", "post", "row", "strips", "view")

    def __init__(self, row: PostRow, doc: Doc, everything: bool) -> None:
        self.row = row
        self.doc = doc
        self.everything = everything
        self.view: View | None = None
        self.post = PostLines((), 0, doc, 0)
        self.strips: dict[tuple[int, bool, bool], Strip] = {}


def max_levels(width: int) -> int:
    """How many levels are indented: less on narrow screens, so that text keeps at least 28 cells."""
    text = min(64, max(28, width * 6 // 10))
    return max(1, (width - MARGIN - text) // STEP)


def parse_post(row: PostRow, everything: bool = False) -> Doc:
    """The body of a post, parsed once for each version."""
    return parse("" if row.gone else row.body, BUDGET_ALL if everything else BUDGET)


def overflow_of(doc: Doc, view: View) -> int:
    """How far tables and code of a post that is drawn for ``view`` can be moved sideways, in cells."""
    return overflow(doc, _measure(view)[2])


def _measure(view: View) -> tuple[int, Line, int]:
    """Levels that are indented, what stands at the left of each line, and the cells of text."""
    levels = min(view.depth, max_levels(view.width))
    guides: Line = (Span("│ " * levels, "guide"),) if levels else ()
    room = max(8, view.width - MARGIN - line_width(guides))
    return levels, guides, min(room, max(MEASURE - STEP * levels, MEASURE * 2 // 3))  # votes stand below each other


def draw_post(row: PostRow, doc: Doc, view: View) -> PostLines:
    """The lines of a post, each at most ``view.width`` cells."""
    levels, guides, measure = _measure(view)
    left: Line = (Span(" " * MARGIN), *guides)
    head: list[Line] = []
    if view.depth == 0 and not row.gone and (view.fold is not None or not repeats(row)):
        head += mark_words(wrap([Span(one_line(row.title) or "(no title)", "title")], measure), view.words)
    if row.merged and view.depth and not row.gone:
        head += wrap(
            [Span("↳ a thread before: ", "muted"), Span(one_line(row.title) or "(no title)", "title")], measure
        )
    head.append(_header(row, view, measure, levels))
    if row.tags or (row.kind and not row.gone):
        head += _tags(row, measure)
    ours: set[int] = set()  # lines of the head, then of the body
    if row.featured and not row.gone:
        why = f": {row.featured_for}" if row.featured_for.strip() else ""
        featured = wrap([Span(f"◆ featured{why}", "featured")], measure)
        ours |= set(range(len(head), len(head) + len(featured)))
        head += featured
    if row.reason and row.send is SendState.REFUSED:
        refused = wrap([Span(f"✗ refused: {row.reason}", "bad")], measure)
        ours |= set(range(len(head), len(head) + len(refused)))
        head += refused
    body: list[Line] = []
    more = 0
    linked = range(0)  # lines of the body that tell links
    if view.fold is not None:
        body = [_folded(row, view.fold, measure)]
    elif row.gone:
        body = [(Span(f"({GONE.get(row.gone, row.gone)})", "gone"),)]
    else:
        drawn, more = layout(doc, measure, everything=view.everything, shift=view.shift)
        body = list(mark_words(drawn, view.words))
        if row.muted:
            body = [tuple(span._replace(style="faint") for span in line) for line in body]
        links = _links(row, measure)
        if more:
            noun = "line" if more == 1 else "lines"
            ending = f"… {more:,} more {noun} not shown" if view.everything else f"… show all ({more:,} more {noun})"
            body.append((Span(ending, "more"),))
        linked = range(len(body), len(body) + len(links))
        body += links
    if view.depth == 0 and view.fold is None:
        head.append(())
    if row.gone or view.fold is not None:
        ours.add(len(head))
    elif more:
        ours.add(len(head) + len(body) - len(linked) - 1)
    ours |= {len(head) + at for at in linked}
    lines = [left + line for line in (*head, *body)]
    for at in ours:
        lines[at] = (Span(OURS, "muted"), *lines[at][1:])
    mark = Span(UNREAD, "unread") if view.unread else Span(READ, "muted")
    lines[0] = (mark, *guides, *lines[0][len(left) :])
    end = len(lines)
    if view.below >= 0:
        shared = min(view.below, levels)
        gap: Line = (Span(" " * MARGIN), Span("│ " * shared, "guide")) if shared else ()
        lines.append(gap)
    return PostLines(tuple(lines), end, doc, more)


def _header(row: PostRow, view: View, width: int, levels: int) -> Line:
    """Who, what they are here, when; at the right end how many agree."""
    right: list[Span] = []
    if row.send is SendState.QUEUED:
        right.append(Span("↑ queued", "sending"))
    elif row.send is SendState.SENDING:
        right.append(Span("↑ sending", "sending"))
    elif row.send is SendState.REFUSED:
        right.append(Span("✗ refused", "bad"))
    if row.saved:
        right.append(Span("★", "saved"))
    if row.up or row.voted:
        right.append(Span(f"▲{'✓' if row.voted else ' '}{row.up:,}", "voted" if row.voted else "votes"))
    tail: list[Span] = []
    for span in right:
        tail += [Span("  "), span]
    room = width - line_width(tail)
    left: list[Span] = []
    if view.depth > levels:
        left.append(Span(f"⋯{view.depth} ", "muted"))
    name = one_line(row.author) or one_line(row.handle) or "somebody"
    handle: list[Span] = []
    if row.mine:
        handle.append(Span(" you", "muted"))
    elif (width >= 60 or row.namesake) and row.handle and row.handle != name:
        handle.append(Span(f" @{row.handle}", "muted"))
    marks = [*badge(row.role), *alike(row.alike)]
    most = max(8, room - 16 - line_width(marks))  # the name gives way, not what somebody is or is not
    if row.alike or row.namesake:
        handle = list(cut(handle, max(0, room - line_width(marks) - min(most, cell_width(name)) - line_width(left))))
    left.append(Span(fit(name, most), f"author-{author_hue(row.author_id)}"))
    left += [*badge(row.role), *handle, *alike(row.alike)]
    left.append(Span(f" · {view.ago}", "muted"))
    if row.changed:
        left.append(Span(" · edited since you read it", "unread"))
    elif row.edited_at is not None:
        left.append(Span(" · edited", "muted"))
    if row.muted:
        left.append(Span(" · muted", "muted"))
    if row.locked:
        left.append(Span(" · locked", "muted"))
    kept = cut(left, room)
    return (*kept, Span(" " * (room - line_width(kept))), *tail) if tail else kept


def _links(row: PostRow, width: int) -> list[Line]:
    """How the post stands to others: a line for each link of its own, and one for each way in which others name it."""
    lines: list[Line] = []
    for link in row.links:
        if link.out:
            words = f"→ {LINK_WORDS[link.kind][0]} "
            lines.append(cut([Span(words, "tag"), Span(link.title, "muted" if link.gone else "more")], width))
    for kind, (_, words) in LINK_WORDS.items():
        others = [link for link in row.links if link.kind == kind and not link.out and not link.gone]
        if others:
            many = f"{len(others):,} posts: " if len(others) > 1 else ""
            titles = "; ".join(link.title for link in others[:3])
            lines.append(cut([Span(f"← {words} {many}", "tag"), Span(titles, "muted")], width))
    return lines


def _tags(row: PostRow, width: int) -> list[Line]:
    """What a thread is, and for an idea how far; then its tags."""
    spans: list[Span] = []
    if row.kind and not row.gone:
        state = f", {row.idea_state}" if row.idea_state else ""
        sign = STATE_SIGNS.get(row.idea_state) or KIND_SIGNS[row.kind]
        # No-break spaces, as in a tag below.
        spans.append(Span(f"{sign}\u00a0{row.kind}{state}".replace(" ", "\u00a0"), "badge"))
    for tag in row.tags:
        if spans:
            spans.append(Span(" "))
        # A no-break space inside, so that a tag of two words stays on one line.
        spans.append(Span("#" + tag.replace(" ", "\u00a0"), "tag"))
    return wrap(spans, width)


def _folded(row: PostRow, fold: Fold, width: int) -> Line:
    """How the post begins, and what is hidden under it."""
    hidden: list[Span] = [Span("▸ ", "more")]
    if fold.replies:
        hidden.append(Span(f"{fold.replies:,} {'reply' if fold.replies == 1 else 'replies'}", "more"))
        if fold.unread:
            hidden.append(Span(f", {fold.unread:,} unread", "unread"))
        hidden.append(Span("  "))
    room = width - line_width(hidden)
    text = " ".join(row.body[:400].split())
    if room >= 12 and text:
        hidden.append(Span(fit(text, room), "muted"))
    return cut(hidden, width)


def ago(row: PostRow, now: datetime, ages: Ages = age) -> str:
    """The age of a post in words, or when it was written."""
    words = ages(row.created_at, now)
    told_as_age = ages is age and words != "now" and not words[-1].isdecimal()
    return f"{words} ago" if told_as_age else words


def plain_text(row: PostRow) -> str:
    """A post as text for the clipboard: title and body as they were written, harmless."""
    return "\n\n".join(part for part in (row.title, row.body) if part)


def vanished(key: int, now: datetime) -> PostRow:
    """What stands where a post is no longer in the mirror, until the thread is read again."""
    return PostRow(
        key=key, id="", forum_id="", thread_id="", parent_id=None, author="", handle="", role="", author_id="",
        title="", body="", created_at=now, edited_at=None, version=0, up=0, voted=False, tags=(), unread=False,
        mine=False, saved=False, gone="removed",
    )  # fmt: skip
