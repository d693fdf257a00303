"""A thread of thousands of posts, read from top to end: draws what is seen, knows the height of nothing else.

The view is anchored at (post, line), so a thread of 3,000 posts opens as fast as one of three. Bodies are loaded
`LOAD_AT_ONCE` at a time, `POSTS_KEPT` drawn posts are kept. When posts arrive or change, the post that is read stays
on the line of the screen where it is.

A post counts as seen when its last line has been on the screen and the reader moves on (as slrn does it); what stands
on the screen when a thread is opened and left at once by the cursor alone is seen too, what was skipped is not.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from jamtui.model import PostRow, ThreadIndex
from widgets.colours import author_colours
from widgets.line_view import LineView
from widgets.links import Link
from widgets.markdown_lines import Doc, word_pattern
from widgets.post_lines import Fold, PostLines, View, ago, draw_post, parse_post, plain_text
from widgets.strips import Line, Span, link_at, paint, wrap

LOAD_AT_ONCE = 8
POSTS_KEPT = 512
WHEEL_LINES = 3
OVERLAP = 2  # lines of a page that are still there on the next

_STYLE_NAMES = (
    *("cursor", "blurred", "guide", "unread", "title", "author", "badge", "muted", "tag", "votes", "voted", "saved"),
    *("featured", "sending", "bad", "gone", "more", "em", "strong", "strike", "inline-code", "link", "dead-link"),
    *("link-number", "link-host", "heading", "heading-minor", "quote", "quote-bar", "bullet", "rule", "table-rule"),
    *("faint", "hit", "thumb", "code", "code-keyword", "code-string", "code-comment", "code-number", "code-name"),
    *("code-inserted", "code-deleted"),
)
_NO_THREAD = ThreadIndex("", (), (), (), frozenset())


class _Drawn:
    """A post drawn: its lines for one view, and the strips that were painted of them."""

    __slots__ = ("doc", "everything", "post", "row", "strips", "view")

    def __init__(self, row: PostRow, doc: Doc, everything: bool) -> None:
        self.row = row
        self.doc = doc
        self.everything = everything
        self.view: View | None = None
        self.post = PostLines((), 0, doc, 0)
        self.strips: dict[tuple[int, bool, bool], Strip] = {}


class ThreadReader(LineView):
    """The reader of a thread. ``load`` gives the posts of some keys, in their order, without those that vanished;
    ``now`` is the clock that ages are told by."""

    PREFIX = "thread-reader"
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"thread-reader--{name}" for name in _STYLE_NAMES}
    DEFAULT_CSS = """
    ThreadReader {
        width: 1fr; height: 1fr; background: $background; color: $foreground;
        & > .thread-reader--cursor { color: $accent; }
        & > .thread-reader--blurred { color: $border; }
        & > .thread-reader--guide { color: $border; }
        & > .thread-reader--unread { color: $accent; }
        & > .thread-reader--title { color: $primary; text-style: bold; }
        & > .thread-reader--author { text-style: bold; }
        & > .thread-reader--badge { background: $panel; color: $accent; }
        & > .thread-reader--muted { color: $text-muted; }
        & > .thread-reader--tag { color: $primary; }
        & > .thread-reader--votes { color: $text-muted; }
        & > .thread-reader--voted { color: $success; text-style: bold; }
        & > .thread-reader--saved { color: $warning; }
        & > .thread-reader--featured { color: $secondary; }
        & > .thread-reader--sending { color: $accent; }
        & > .thread-reader--bad { color: $error; }
        & > .thread-reader--gone { color: $text-muted; text-style: italic; }
        & > .thread-reader--more { color: $primary; }
        & > .thread-reader--em { text-style: italic; }
        & > .thread-reader--strong { text-style: bold; }
        & > .thread-reader--strike { text-style: strike; }
        & > .thread-reader--inline-code { background: $panel; }
        & > .thread-reader--link { color: $primary; text-style: underline; }
        & > .thread-reader--link-number { color: $text-muted; }
        & > .thread-reader--link-host { color: $warning; }
        & > .thread-reader--heading { color: $primary; text-style: bold; }
        & > .thread-reader--heading-minor { text-style: bold; }
        & > .thread-reader--quote { color: $text-muted; }
        & > .thread-reader--quote-bar { color: $secondary; }
        & > .thread-reader--bullet { color: $text-muted; }
        & > .thread-reader--rule { color: $border; }
        & > .thread-reader--table-rule { color: $border; }
        & > .thread-reader--faint { color: $text-muted; }
        & > .thread-reader--hit { background: $warning; color: $background; text-style: bold; }
        & > .thread-reader--thumb { color: $scrollbar; }
        & > .thread-reader--code { background: $surface; }
        & > .thread-reader--code-keyword { background: $surface; color: $primary; }
        & > .thread-reader--code-string { background: $surface; color: $success; }
        & > .thread-reader--code-comment { background: $surface; color: $text-muted; text-style: italic; }
        & > .thread-reader--code-number { background: $surface; color: $accent; }
        & > .thread-reader--code-name { background: $surface; color: $secondary; }
        & > .thread-reader--code-inserted { background: $surface; color: $success; }
        & > .thread-reader--code-deleted { background: $surface; color: $error; }
    }
    """
    watched_styles = ("muted", "link", "thumb", "code", "cursor", "blurred")

    class Moved(Message):
        """The cursor came to stand on another post."""

        def __init__(self, reader: ThreadReader, key: int) -> None:
            super().__init__()
            self.reader = reader
            self.key = key

        @property
        def control(self) -> ThreadReader:
            return self.reader

    class Seen(Message):
        """These unread posts have been read: their last line was on the screen, and the reader moved on."""

        def __init__(self, reader: ThreadReader, keys: frozenset[int]) -> None:
            super().__init__()
            self.reader = reader
            self.keys = keys

        @property
        def control(self) -> ThreadReader:
            return self.reader

    class NewBelow(Message):
        """So many posts arrived where they cannot be seen."""

        def __init__(self, reader: ThreadReader, count: int) -> None:
            super().__init__()
            self.reader = reader
            self.count = count

        @property
        def control(self) -> ThreadReader:
            return self.reader

    class LinkClicked(Message):
        """A link was clicked. ``link.url`` is absolute http(s); whoever gets this asks the person first."""

        def __init__(self, reader: ThreadReader, link: Link) -> None:
            super().__init__()
            self.reader = reader
            self.link = link

        @property
        def control(self) -> ThreadReader:
            return self.reader

    def __init__(
        self,
        load: Callable[[Sequence[int]], Sequence[PostRow]],
        now: Callable[[], datetime],
        *,
        empty: str = "",
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's own name
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._load = load
        self._now = now
        self._empty = empty
        self._index = _NO_THREAD
        self._shown: Sequence[int] = ()  # places in the index of the posts that no fold hides
        self._cursor = 0  # a place in _shown, as is the first of the anchor
        self._anchor = (0, 0)  # the post and the line of it on the first line of the view
        self._folded: set[int] = set()
        self._expanded: set[int] = set()
        self._words: tuple[str, ...] = ()
        self._told: set[int] = set()  # keys that Seen has named
        self._drawn: OrderedDict[int, _Drawn] = OrderedDict()
        self._rows: OrderedDict[int, PostRow | None] = OrderedDict()
        self._view: list[tuple[int, int]] = []  # what stands on each line of the view; empty: to be found
        self._clock = now()

    # the thread

    @property
    def index(self) -> ThreadIndex:
        return self._index

    @property
    def cursor_key(self) -> int | None:
        """The key of the post under the cursor; None without a thread."""
        return self._key(self._cursor) if self._shown else None

    @property
    def cursor_row(self) -> PostRow | None:
        """The post under the cursor; None without a thread, or when it vanished."""
        return self._row(self._cursor) if self._shown else None

    @property
    def cursor_line(self) -> int:
        """Where the view begins, in lines from the first line of the post under the cursor (negative: above it)."""
        return self.place()[1]

    def place(self) -> tuple[int | None, int]:
        """What `set_thread` needs to come back exactly here: the cursor's key and `cursor_line`."""
        if not self._shown:
            return None, 0
        at, line = self._anchor
        if not 0 <= self._cursor - at <= self.size.height or not self._laid_out:
            return self._key(at), line
        return self.cursor_key, line - sum(self._height(one) for one in range(at, self._cursor))

    def set_thread(
        self, index: ThreadIndex, *, cursor: int | None = None, line: int = 0, words: Sequence[str] = ()
    ) -> None:
        """Another thread. ``cursor`` and ``line`` are what `place` gave; ``words`` are marked in the text."""
        self._report_seen()
        self._index = index
        self._shown = range(len(index))
        self._folded.clear()
        self._expanded.clear()
        self._told.clear()
        self._drawn.clear()
        self._rows.clear()
        self._words = tuple(words)
        self._clock = self._now()
        place = self._find(cursor) if cursor is not None else -1
        self._cursor = max(place, 0)
        self._anchor = (self._cursor, line if place >= 0 else 0)
        self._moved()
        if self._shown:
            self.post_message(self.Moved(self, self._key(self._cursor)))

    def update_thread(self, index: ThreadIndex, changed: Collection[int] | None = None) -> None:
        """The same thread later. ``changed``: keys of the posts whose rows changed; None: any of them may have.

        The post under the cursor stays on its line of the screen if it is seen, else the first post of the view does.
        """
        if not self._shown:
            self.set_thread(index)
            return
        held = self._held()
        old_index, seen = self._index, {self._key(at) for at, _ in self._lines_in_view()}
        cursor_key = self._key(self._cursor)
        vanished = {key for key in (held[0], cursor_key) if key not in set(index.keys)}
        follow = self._renamed(index, vanished)
        if changed is None:
            changed = list(self._rows)
        for key in changed:
            self._rows.pop(key, None)
        self._index = index
        self._told &= index.unread
        self._folded &= set(index.keys)
        self._fold_again()
        self._clock = self._now()
        near = min(self._cursor, max(0, len(self._shown) - 1))
        place = self._find(follow.get(cursor_key, cursor_key))
        self._cursor = place if place >= 0 else near
        place = self._find(follow.get(held[0], held[0]))
        self._anchor = (place, held[1]) if place >= 0 else (self._cursor, 0)
        self._moved(by_reader=False)
        if self._shown and self._key(self._cursor) != cursor_key:
            self.post_message(self.Moved(self, self._key(self._cursor)))
        new = set(index.keys) - set(old_index.keys) - set(follow.values())
        if new and self._laid_out:
            outside = new - {self._key(at) for at, _ in self._lines_in_view()} - seen
            if outside:
                self.post_message(self.NewBelow(self, len(outside)))

    def _held(self) -> tuple[int, int]:
        """The post that must not move, and the line of it that is on the first line of the view."""
        view = self._lines_in_view()
        for y, (at, line) in enumerate(view):
            if at == self._cursor:
                return self._key(at), line - y
        return self._key(self._anchor[0]), self._anchor[1]

    def _renamed(self, index: ThreadIndex, vanished: Collection[int]) -> dict[int, int]:
        """The new keys of posts that have another key now: what was in the outbox and is confirmed."""
        known = {row.id: key for key in vanished if (row := self._rows.get(key)) is not None}
        if not known:
            return {}
        new = [key for key in index.keys if key not in set(self._index.keys)]
        return {known[row.id]: row.key for row in self._load(new[-64:]) if row.id in known}

    @property
    def words(self) -> tuple[str, ...]:
        """Words marked in the text, as those of a search."""
        return self._words

    @words.setter
    def words(self, words: Sequence[str]) -> None:
        if tuple(words) != self._words:
            self._words = tuple(words)
            self._moved(by_reader=False)

    def redraw(self) -> None:
        """The time went on: ages are told anew."""
        self._clock = self._now()
        self.refresh()

    # moving

    def move(self, delta: int) -> bool:
        """Moves the cursor by posts and shows the post; whether it moved."""
        return self._go(self._cursor + delta)

    def first(self) -> bool:
        return self._go(0)

    def last(self) -> bool:
        return self._go(len(self._shown) - 1)

    def go_to(self, key: int, line: int = 0) -> bool:
        """Moves to a post, out of any fold, and puts it at the top of the view; False when it is not in the thread."""
        if key not in self._index.keys:
            return False
        self._report_seen()
        self._unfold_above(key)
        self._set_cursor(self._find(key))
        self._anchor = (self._cursor, line)
        self._moved()
        return True

    def scroll_lines(self, delta: int) -> bool:
        """Moves the view by lines; the cursor stays unless it would leave the view. Whether it moved."""
        if not self._shown or not self._laid_out:
            return False
        self._report_seen()
        before = self._settled()
        at, line = before
        self._anchor = (at, line + delta)
        self._view = []
        if self._settled() == before:
            return False
        self._moved()
        view = self._lines_in_view()
        if not any(at == self._cursor for at, _ in view):
            self._set_cursor(self._first_whole(view, delta))
        return True

    def page(self, direction: int = 1) -> bool:
        """Moves by a screenful; False when the end (or the start) is already on the screen."""
        if not self._shown or not self._laid_out:
            return False
        before = self._lines_in_view()
        step = max(1, self.size.height - OVERLAP) * (1 if direction > 0 else -1)
        if not self.scroll_lines(step):
            self._report_seen()
            return False
        view = self._lines_in_view()
        if direction > 0:
            # On to the first post that was not there in full before.
            done = {at for at, line in before if line >= self._draw(at).post.end - 1}
            fresh = next((at for at, line in view if line == 0 and at not in done), None)
            self._set_cursor(fresh if fresh is not None else view[0][0])
        else:
            self._set_cursor(self._first_whole(view, direction))
        return True

    def next_unread(self, direction: int = 1) -> bool:
        """Moves to the next unread post (the one before with -1), out of any fold; forwards also to those above when
        there is none below. False when there is none."""
        self._report_seen()
        keys, unread = self._index.keys, self._index.unread - self._told
        if not self._shown or not unread:
            return False
        here = self._shown[self._cursor]
        below, above = range(here + 1, len(keys)), range(here - 1, -1, -1)
        order = [*below, *reversed(above)] if direction > 0 else list(above)
        key = next((keys[at] for at in order if keys[at] in unread), None)
        return key is not None and self.go_to(key)

    def _go(self, place: int) -> bool:
        if not self._shown:
            return False
        place = min(max(place, 0), len(self._shown) - 1)
        moved = place != self._cursor
        self._report_seen()
        self._set_cursor(place)
        self._show_cursor()
        return moved

    def _set_cursor(self, place: int) -> None:
        if place != self._cursor:
            self._cursor = place
            self.post_message(self.Moved(self, self._key(place)))
            self.refresh()

    def _show_cursor(self) -> None:
        """Scrolls as little as shows the post under the cursor; a post longer than the view from its first line on."""
        if not self._laid_out:
            self._anchor = (self._cursor, 0)
            return
        height = self.size.height
        at, line = self._settled()
        if self._cursor < at or (self._cursor == at and line > 0) or self._cursor - at > height:
            self._anchor = (self._cursor, 0)
        else:
            end = self._draw(self._cursor).post.end
            top = sum(self._height(one) for one in range(at, self._cursor)) - line
            if top + end > height:
                self._anchor = (self._cursor, -max(0, height - end))
        self._moved()

    def _first_whole(self, view: Sequence[tuple[int, int]], direction: int) -> int:
        """The first (moving down) or last post of ``view`` whose first line is in it."""
        heads = [at for at, line in view if line == 0]
        if not heads:
            return view[0][0] if view else 0
        return heads[0] if direction > 0 else heads[-1]

    # folding

    def fold(self) -> bool:
        """Hides the replies of the post under the cursor, or, when it is folded, those of its parent's."""
        if not self._shown:
            return False
        place = self._shown[self._cursor]
        key = self._index.keys[place]
        if key in self._folded:
            parent = self._index.parents[place]
            if parent < 0:
                return False
            key = self._index.keys[parent]
        return self._change_folds(self._folded | {key}, key)

    def unfold(self) -> bool:
        """Shows the replies of the post under the cursor again; whether it was folded."""
        key = self.cursor_key
        return key is not None and key in self._folded and self._change_folds(self._folded - {key}, key)

    def _change_folds(self, folded: set[int], key: int) -> bool:
        self._report_seen()
        _, line = self._held()
        self._folded = folded
        self._fold_again()
        self._set_cursor(self._find(key))
        self._anchor = (self._cursor, min(0, line))
        self._moved()
        return True

    def _fold_again(self) -> None:
        """Finds out which posts no fold hides."""
        index = self._index
        if not self._folded:
            self._shown = range(len(index))
            return
        shown: list[int] = []
        limit = -1  # depth of the fold that we are in
        for place, (key, depth) in enumerate(zip(index.keys, index.depths, strict=True)):
            if limit >= 0 and depth > limit:
                continue
            limit = depth if key in self._folded else -1
            shown.append(place)
        self._shown = shown

    def _unfold_above(self, key: int) -> None:
        place = self._index.keys.index(key)
        above: set[int] = set()
        while (place := self._index.parents[place]) >= 0:
            above.add(self._index.keys[place])
        if above & self._folded:
            self._folded -= above
            self._fold_again()

    def _hidden(self, place: int) -> Fold | None:
        """What the fold of the post at ``place`` of the index hides; None when it is not folded."""
        index = self._index
        if index.keys[place] not in self._folded:
            return None
        end = place + 1
        while end < len(index) and index.depths[end] > index.depths[place]:
            end += 1
        below = index.keys[place + 1 : end]
        return Fold(len(below), sum(key in index.unread for key in below))

    # the post under the cursor

    def toggle_all(self) -> bool:
        """Shows all of a post that was cut, or cuts it again; False when there is nothing to show."""
        if not self._shown:
            return False
        key = self._key(self._cursor)
        if key not in self._expanded and not self._draw(self._cursor).post.more:
            return False
        self._expanded ^= {key}
        self._moved(by_reader=False)
        return True

    def links(self) -> tuple[Link, ...]:
        """The links of the post under the cursor that may be opened, numbered as in the text."""
        if not self._shown or self._row(self._cursor) is None:
            return ()
        return self._draw(self._cursor).doc.links

    def text(self) -> str:
        """The post under the cursor as text to copy: its title and body as they were written, made harmless."""
        row = self.cursor_row
        return "" if row is None else plain_text(row)

    def visible_keys(self) -> tuple[int, ...]:
        """The keys of the posts on the screen, from top to bottom."""
        return tuple(dict.fromkeys(self._key(at) for at, _ in self._lines_in_view()))

    # what is where

    def _key(self, place: int) -> int:
        return self._index.keys[self._shown[place]]

    def _find(self, key: int) -> int:
        """The place of a key among the posts shown; that of the fold that hides it; -1 when it is not in the thread."""
        try:
            place = self._index.keys.index(key)
        except ValueError:
            return -1
        if isinstance(self._shown, range):
            return place
        low, high = 0, len(self._shown)
        while low < high:
            middle = (low + high) // 2
            if self._shown[middle] <= place:
                low = middle + 1
            else:
                high = middle
        return low - 1

    def _row(self, place: int) -> PostRow | None:
        key = self._key(place)
        if key not in self._rows:
            start = place - place % LOAD_AT_ONCE
            wanted = [self._key(at) for at in range(start, min(start + LOAD_AT_ONCE, len(self._shown)))]
            wanted = [one for one in wanted if one not in self._rows]
            self._rows.update(dict.fromkeys(wanted))
            self._rows.update((row.key, row) for row in self._load(wanted))
            while len(self._rows) > POSTS_KEPT:
                self._rows.popitem(last=False)
        return self._rows[key]

    def _draw(self, place: int) -> _Drawn:
        """The post at ``place`` as it has to look now, drawn before if it can be."""
        key, at = self._key(place), self._shown[place]
        row = self._row(place) or _vanished(key, self._clock)
        everything = key in self._expanded
        drawn = self._drawn.get(key)
        if drawn is None or drawn.everything != everything or drawn.row.body != row.body or drawn.row.gone != row.gone:
            drawn = self._drawn[key] = _Drawn(row, parse_post(row, everything), everything)
            if len(self._drawn) > POSTS_KEPT:
                self._drawn.popitem(last=False)
        below = self._index.depths[self._shown[place + 1]] if place + 1 < len(self._shown) else -1
        view = View(
            width=max(1, self.size.width - 2),
            depth=self._index.depths[at],
            below=below,
            unread=key in self._index.unread,
            ago=ago(row, self._clock),
            fold=self._hidden(at),
            everything=everything,
            words=word_pattern(self._words) if self._words else None,
        )
        if drawn.view != view or drawn.row is not row:
            drawn.row, drawn.view = row, view
            drawn.post = draw_post(row, drawn.doc, view)
            drawn.strips.clear()
        return drawn

    def _height(self, place: int) -> int:
        return len(self._draw(place).post.lines)

    @property
    def _laid_out(self) -> bool:
        return self.size.width > 2 and self.size.height > 0

    def _settled(self) -> tuple[int, int]:
        """The anchor with its line inside its post, and no view that goes past the end of the thread."""
        at, line = self._anchor
        last = len(self._shown) - 1
        at = min(max(at, 0), last)
        while line < 0 and at > 0:
            at -= 1
            line += self._height(at)
        line = max(line, 0)
        while at < last and line >= (height := self._height(at)):
            line -= height
            at += 1
        line = min(line, self._height(at) - 1)
        # From the anchor to the end must fill the view, unless the thread is shorter.
        left, one = -line, at
        while one <= last and left < self.size.height:
            left += self._height(one)
            one += 1
        line -= max(0, self.size.height - left)
        while line < 0 and at > 0:
            at -= 1
            line += self._height(at)
        self._anchor = (at, max(line, 0))
        return self._anchor

    def _lines_in_view(self) -> list[tuple[int, int]]:
        """The place of the post and the line of it on each line of the view, as far as there are posts."""
        if not self._view and self._shown and self._laid_out:
            at, line = self._settled()
            view: list[tuple[int, int]] = []
            while len(view) < self.size.height and at < len(self._shown):
                view += [(at, one) for one in range(line, self._height(at))]
                at, line = at + 1, 0
            self._view = view[: self.size.height]
        return self._view

    def _moved(self, *, by_reader: bool = True) -> None:
        self._view = []
        if by_reader:
            self.unselect()
        self.refresh()

    def _report_seen(self) -> None:
        """Tells which unread posts have been on the screen to their last line."""
        if not self._view:
            return
        seen = {
            self._key(at) for at, line in self._view if line == self._draw(at).post.end - 1 and at < len(self._shown)
        }
        new = frozenset(seen & self._index.unread - self._told)
        if new:
            self._told |= new
            self.post_message(self.Seen(self, new))

    def leave(self) -> None:
        """The reader turns to something else: what has been on the screen to its last line is seen."""
        self._report_seen()

    # drawing

    def palette(self, names: str) -> Style:
        """As always, and ``author-N`` is the colour N of authors."""
        style = self._styles.get(names)
        if style is None and names.startswith("author-"):
            colours = author_colours(self.background_colors[1])
            color = colours[int(names.removeprefix("author-"))]
            style = self._styles[names] = super().palette("author") + Style(color=color.rich_color)
        return style if style is not None else super().palette(names)

    def forget_strips(self) -> None:
        for drawn in self._drawn.values():
            drawn.strips.clear()
        self._view = []

    def prepare(self) -> None:
        self._lines_in_view()

    def bar(self) -> tuple[int, int]:
        view, height = self._view, self.size.height
        if not view or height < 2:
            return 0, 0
        (first, first_line), (last, last_line) = view[0], view[-1]
        count = len(self._shown)
        start = (first + first_line / self._height(first)) / count
        end = (last + (last_line + 1) / self._height(last)) / count
        if start <= 0 and end >= 1:
            return 0, 0
        length = max(1, min(height - 1, round((end - start) * height)))
        top = 0 if start <= 0 else height - length if end >= 1 else round(start * height)
        if start > 0 and end < 1 and height - length > 2:
            top = min(max(top, 1), height - length - 1)
        return top, length

    def drag_to(self, part: float) -> None:
        if self._shown:
            self._report_seen()
            self._anchor = (min(len(self._shown) - 1, int(part * len(self._shown))), 0)
            self._moved()
            view = self._lines_in_view()
            if not any(at == self._cursor for at, _ in view):
                self._set_cursor(self._first_whole(view, 1))

    def strip_at(self, y: int) -> Strip:
        view = self._view
        if y >= len(view):
            return self._empty_strip(y)
        at, line = view[y]
        first, length = self.bar()
        thumb = first <= y < first + length
        drawn = self._draw(at)
        current = at == self._cursor and line < drawn.post.end
        strip = drawn.strips.get((line, current, thumb))
        if strip is None:
            mark = Span("▌", "cursor" if self.has_focus else "blurred") if current else Span(" ")
            width = self.size.width
            strip = paint((mark, *drawn.post.lines[line]), width - 1, self.palette, self.rich_style)
            strip = Strip([*strip, self.bar_segment(y)], width)
            drawn.strips[line, current, thumb] = strip
        return strip

    def _empty_strip(self, y: int) -> Strip:
        width, height = self.size
        if self._shown or not self._empty:
            return Strip.blank(width, self.rich_style)
        lines = wrap([Span(self._empty, "muted")], max(1, width - 4))
        start = max(0, (height - len(lines)) // 3)
        line: Line = (Span("  "), *lines[y - start]) if start <= y < start + len(lines) else ()
        return paint(line, width, self.palette, self.rich_style)

    # events

    def on_resize(self) -> None:
        """The post under the cursor stays in sight; lines changed, so its place in the view cannot be kept exactly."""
        if self._shown and self._laid_out:
            self._view = []
            self._show_cursor()

    def on_focus(self) -> None:
        self._repaint_cursor()

    def on_blur(self) -> None:
        self._repaint_cursor()

    def _repaint_cursor(self) -> None:
        if self._shown:
            self._draw(self._cursor).strips.clear()
            self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_lines(WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_lines(-WHEEL_LINES)

    def on_click(self, event: events.Click) -> None:
        event.prevent_default()  # Textual would select the whole thread on a double click
        if event.x >= self.size.width - 1 or event.y >= len(self._view) or self.has_selected_text:
            return
        event.stop()
        at, number = self._view[event.y]
        drawn = self._draw(at)
        line = drawn.post.lines[number]
        link = link_at(line, event.x - 1)
        self._set_cursor(at)
        if 0 <= link < len(drawn.doc.links):
            self.post_message(self.LinkClicked(self, drawn.doc.links[link]))
        elif any(span.style == "more" for span in line):
            if drawn.view is not None and drawn.view.fold is not None:
                self.unfold()
            else:
                self.toggle_all()


def _vanished(key: int, now: datetime) -> PostRow:
    """What stands where a post is no longer in the mirror, until the thread is read again."""
    return PostRow(
        key=key, id="", forum_id="", thread_id="", parent_id=None, author="", handle="", role="", author_id="",
        title="", body="", created_at=now, edited_at=None, version=0, up=0, voted=False, tags=(), unread=False,
        mine=False, saved=False, gone="removed",
    )  # fmt: skip
