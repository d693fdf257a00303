"""A thread of thousands of posts, read from top to end, as `widgets.thread_view` draws it.

When posts arrive or change, the post that is read stays on the line of the screen where it is.

A post counts as seen when its last line has been on the screen and the reader reads on: a page on, or out of the
thread, counts all that the screen shows to its end; a step to another post counts the post that is left. Going back,
jumping, folding and pointing count nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar, TypeAlias

from textual import events

from jamtui.model import ThreadIndex
from widgets import reader_messages
from widgets.links import Link
from widgets.markdown_lines import word_pattern
from widgets.post_lines import overflow_of, plain_text
from widgets.strips import link_at
from widgets.thread_order import ThreadOrder
from widgets.thread_style import CSS, STYLE_NAMES
from widgets.thread_view import ThreadView

SHIFT = 16  # cells that tables and code move at a key
OVERLAP = 2  # lines of a page that are still there on the next


class ThreadReader(ThreadView):
    """The reader of a thread. ``load`` gives the posts of some keys, in their order, without those that vanished;
    ``now`` is the clock that ages are told by."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"thread-reader--{name}" for name in STYLE_NAMES}
    DEFAULT_CSS = CSS
    watched_styles = ("muted", "link", "thumb", "code", "cursor", "blurred")

    # What it tells.
    Moved: TypeAlias = reader_messages.Moved
    Seen: TypeAlias = reader_messages.Seen
    LinkClicked: TypeAlias = reader_messages.LinkClicked

    def set_thread(
        self, index: ThreadIndex, *, cursor: int | None = None, line: int = 0, words: Sequence[str] = ()
    ) -> None:
        """Another thread. ``cursor`` and ``line`` are what `place` gave; ``words`` are marked in the text. What the one
        before showed is not told as seen: see `leave`."""
        self._order = ThreadOrder(index)
        self._expanded.clear()
        self._shifts.clear()
        self._told.clear()
        self._pending.clear()
        self._drawn.clear()
        self._rows.clear()
        self.words = tuple(words)
        self._clock = self._now()
        place = self._order.find(cursor) if cursor is not None else -1
        self._cursor = max(place, 0)
        self._anchor = (self._cursor, line if place >= 0 else 0)
        self._moved()
        self._keep_in_sight()
        if self._order:
            self.tell(self.Moved(self, self._key(self._cursor)))

    def update_thread(self, index: ThreadIndex, changed: Collection[int] | None = None) -> int:
        """The same thread later; how many posts arrived where they cannot be seen. ``changed``: keys of the posts whose
        rows changed; None: any of them may have.

        The post under the cursor stays on its line of the screen if it is seen, else the first post of the view does.
        """
        if not self._order:
            self.set_thread(index)
            return 0
        held = self._held()
        old, seen = self._order, {self._key(at) for at, _ in self._lines_in_view()}
        cursor_key = self._key(self._cursor)
        there = set(index.keys)
        vanished = {key for key in (held[0], cursor_key, *old.folded, *self._expanded) if key not in there}
        follow = self._renamed(index, vanished)
        if changed is None:
            changed = list(self._rows)
        for key in changed:
            self._rows.pop(key, None)
        self._order = ThreadOrder(index, frozenset(follow.get(key, key) for key in old.folded))
        self._expanded = {follow.get(key, key) for key in self._expanded}
        self._pending.clear()
        self._clock = self._now()
        near = min(self._cursor, max(0, len(self._order) - 1))
        place = self._order.find(follow.get(cursor_key, cursor_key))
        self._cursor = place if place >= 0 else near
        place = self._order.find(follow.get(held[0], held[0]))
        self._anchor = (place, held[1]) if place >= 0 else (self._cursor, 0)
        self._view = []
        self.repaint()
        if self._order and self._key(self._cursor) != cursor_key:
            self.tell(self.Moved(self, self._key(self._cursor)))
        new = there.difference(old.index.keys, follow.values())
        if not new or not self._laid_out:
            return 0
        return len(new - {self._key(at) for at, _ in self._lines_in_view()} - seen)

    def _held(self) -> tuple[int, int]:
        """The post that must not move, and the line of it that is on the first line of the view."""
        view = self._lines_in_view()
        for y, (at, line) in enumerate(view):
            if at == self._cursor:
                return self._key(at), line - y
        return self._key(self._anchor[0]), self._anchor[1]

    def _renamed(self, index: ThreadIndex, vanished: Collection[int]) -> dict[int, int]:
        """The new keys of posts that have another key now: what was in the outbox and is confirmed, and everything
        when the mirror was fetched anew."""
        known = {row.id: key for key in vanished if (row := self._rows.get(key)) is not None}
        if not known:
            return {}
        if self.find_key is not None:
            found = {key: self.find_key(post_id) for post_id, key in known.items()}
            return {key: new for key, new in found.items() if new is not None}
        new = [key for key in index.keys if key not in set(self.index.keys)]
        return {known[row.id]: row.key for row in self._load(new[-64:]) if row.id in known}

    @property
    def words(self) -> tuple[str, ...]:
        """Words marked in the text, as those of a search."""
        return self._words

    @words.setter
    def words(self, words: Sequence[str]) -> None:
        if tuple(words) != self._words:
            self._words = tuple(words)
            self._pattern = word_pattern(self._words)
            self._moved(by_reader=False)

    def redraw(self) -> None:
        """The time went on: ages are told anew."""
        self._clock = self._now()
        self._view = []
        self.repaint()

    @property
    def ended(self) -> bool:
        """Whether the last line of the post under the cursor is on the screen, or above it."""
        if not self._order or not self._laid_out:
            return False
        lines = [line for at, line in self._lines_in_view() if at == self._cursor]
        return not lines or max(lines) >= self._draw(self._cursor).post.end - 1

    # moving

    def move(self, delta: int) -> bool:
        """Moves the cursor by posts and shows the post; whether it moved. The post that is left is seen."""
        if self._order and self._inside(self._cursor + delta) != self._cursor:
            self.leave_post()
        return self._go(self._cursor + delta)

    def first(self) -> bool:
        return self._go(0)

    def last(self) -> bool:
        return self._go(len(self._order) - 1)

    def go_to(self, key: int, line: int = 0) -> bool:
        """Moves to a post, out of any fold, and puts it at the top of the view; False when it is not in the thread."""
        if key not in self.index.keys:
            return False
        hiding = self._order.folds_above(key)
        if hiding:
            self._order = ThreadOrder(self.index, self._order.folded - hiding)
        self._set_cursor(self._order.find(key))
        self._anchor = (self._cursor, line)
        self._moved()
        return True

    def wheel(self, lines: int) -> None:
        self.scroll_lines(lines)

    def scroll_lines(self, delta: int) -> bool:
        """Moves the view by lines; the cursor stays unless it would leave the view. Whether it moved.

        Posts that end above the view then, and were in it, are seen."""
        if not self._order or not self._laid_out:
            return False
        passed = self._ended_in_view()
        before = self._settled()
        at, line = before
        self._anchor = (at, line + delta)
        self._view = []
        if self._settled() == before:
            return False
        self._moved()
        view = self._lines_in_view()
        if delta > 0:
            self._tell(passed - self._ended_in_view())
        if not any(at == self._cursor for at, _ in view):
            self._set_cursor(self._first_whole(view, delta))
        return True

    def page(self, direction: int = 1) -> bool:
        """Moves by a screenful; False when the end (or the start) is already on the screen.

        Forwards, all that is on the screen to its last line is seen."""
        if not self._order or not self._laid_out:
            return False
        before = self._lines_in_view()
        shown = self._in_view
        if direction > 0:
            self.leave()
        step = max(1, self.size.height - OVERLAP) * (1 if direction > 0 else -1)
        if not self.scroll_lines(step):
            return False
        view = self._lines_in_view()
        if direction > 0:
            # On to the first post that was not there in full before.
            done = {at for at, line in before if line >= shown[at].post.end - 1}
            fresh = next((at for at, line in view if line == 0 and at not in done), None)
            self._set_cursor(fresh if fresh is not None else view[0][0])
            self.look_ahead()
        else:
            self._set_cursor(self._first_whole(view, 1))
        return True

    def half_page(self, direction: int) -> bool:
        """Scrolls by half a screenful; whether it moved. Posts that it moves out at the top are seen."""
        return self.scroll_lines(max(1, self.size.height // 2) * direction)

    def into_fold(self) -> bool:
        """Unfolds the first branch in the view that hides unread posts and stands at the cursor or below, and goes to
        the first of them, so that reading on passes none of them by. What the screen shows to its end is seen, down to
        that branch: what stands below it comes after it."""
        if not self._order.folded or not self._laid_out:
            return False
        unread = self.index.unread - self._pending
        ended = dict.fromkeys(at for at, line in self._lines_in_view() if line == self._draw(at).post.end - 1)
        for at in ended:
            hidden = self._order.below(at) if at >= self._cursor and self._key(at) in self._order.folded else ()
            key = next((one for one in hidden if one in unread), None)
            if key is not None:
                self._tell({self._key(one) for one in ended if one <= at})
                return self.go_to(key)
        return False

    def next_unread(self, direction: int = 1) -> bool:
        """Moves to the next unread post (the one before with -1), out of any fold; forwards also to those above when
        there is none below. False when there is none. The post that is left forwards is seen."""
        key = self._order.next_unread(self._cursor, direction, self._pending)
        if key is None:
            return False
        if direction > 0:
            self.leave_post()
        place = self._order.find(key)
        if self._order.key(place) != key or not self._whole_in_view(place):
            return self.go_to(key)
        self._set_cursor(place)  # the text stays where it is
        return True

    def _whole_in_view(self, place: int) -> bool:
        lines = {line for at, line in self._lines_in_view() if at == place}
        return {0, self._draw(place).post.end - 1} <= lines

    def _inside(self, place: int) -> int:
        return min(max(place, 0), len(self._order) - 1)

    def _go(self, place: int) -> bool:
        if not self._order:
            return False
        place = self._inside(place)
        moved = place != self._cursor
        self._set_cursor(place)
        self._show_cursor()
        return moved

    def _set_cursor(self, place: int) -> None:
        if place != self._cursor:
            self._cursor = place
            self.tell(self.Moved(self, self._key(place)))
            self.refresh()
            self._place_changed()

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
        if not self._order:
            return False
        key: int | None = self._key(self._cursor)
        if key in self._order.folded:
            key = self._order.parent(self._cursor)
        return key is not None and self._change_folds(self._order.folded | {key}, key)

    def unfold(self) -> bool:
        """Shows the replies of the post under the cursor again; whether it was folded."""
        key = self.cursor_key
        if key is None or key not in self._order.folded:
            return False
        return self._change_folds(self._order.folded - {key}, key)

    def _change_folds(self, folded: frozenset[int], key: int) -> bool:
        _, line = self._held()
        self._order = ThreadOrder(self.index, folded)
        self._set_cursor(self._order.find(key))
        self._anchor = (self._cursor, min(0, line))
        self._moved()
        return True

    # the post under the cursor

    def toggle_all(self) -> bool:
        """Shows all of a post that was cut, or cuts it again; False when there is nothing to show."""
        if not self._order:
            return False
        key = self._key(self._cursor)
        if key not in self._expanded and not self._draw(self._cursor).post.more:
            return False
        self._expanded ^= {key}
        self._now_drawn.clear()
        self._moved(by_reader=False)
        return True

    def shift(self, direction: int) -> bool:
        """Moves wide tables and code of the post under the cursor by `SHIFT` cells; whether they moved."""
        if not self._order or not self._laid_out:
            return False
        key, drawn = self._key(self._cursor), self._draw(self._cursor)
        most = overflow_of(drawn.doc, drawn.view) if drawn.view is not None else 0
        before = self._shifts.get(key, 0)
        self._shifts[key] = max(0, min(before + SHIFT * direction, most))
        if self._shifts[key] != before:
            self._now_drawn.clear()
            self._moved(by_reader=False)
        return self._shifts[key] != before

    def links(self) -> tuple[Link, ...]:
        """The links of the post under the cursor that may be opened, numbered as in the text."""
        if not self._order or self._row(self._cursor) is None:
            return ()
        return self._draw(self._cursor).doc.links

    def text(self) -> str:
        """The post under the cursor as text to copy: its title and body as they were written, made harmless."""
        row = self.cursor_row
        return "" if row is None else plain_text(row)

    # what was read

    def _ended_in_view(self) -> set[int]:
        """The keys of the posts whose last line is on the screen."""
        view = self._lines_in_view()
        return {self._key(at) for at, line in view if line == self._in_view[at].post.end - 1}

    def _tell(self, seen: set[int]) -> None:
        """Tells which of these posts were unread, or were edited since they were read."""
        if self.previewing or not seen:
            return
        new = frozenset(seen & self.index.unread - self._told)
        if new:
            self._told |= new
            self._pending |= new
            self.tell_seen(new)
        again = [key for key in seen if (row := self._rows.get(key)) is not None and row.changed]
        if again and not new.issuperset(again):
            self.tell_seen(frozenset(again))

    def tell_seen(self, keys: frozenset[int]) -> None:
        """Tells that posts were read; `mark` has noted it before the message comes, however the program ends."""
        if self.mark is not None:
            self.mark(keys)
        self.tell(self.Seen(self, keys))

    def leave(self) -> None:
        """The reader reads on or turns to something else: what is on the screen to its last line is seen."""
        if self._order and self._laid_out and self._view:
            self._tell(self._ended_in_view())

    def leave_post(self) -> None:
        """The reader steps to another post: the one under the cursor is seen if its last line is on the screen."""
        if self._order and self._laid_out:
            self._tell(self._ended_in_view() & {self._key(self._cursor)})

    def drag_to(self, part: float) -> None:
        if self._order:
            self._anchor = (min(len(self._order) - 1, int(part * len(self._order))), 0)
            self._moved()
            view = self._lines_in_view()
            if not any(at == self._cursor for at, _ in view):
                self._set_cursor(self._first_whole(view, 1))

    # events

    def on_resize(self) -> None:
        """The first line stays where it was, as far as its post is as long as before, and the cursor stays in sight."""
        if not self._order or not self._laid_out:
            return
        self._moved()
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        """Shows the post under the cursor where the view does not have it: a place kept on a larger terminal may
        begin a screen above its post."""
        if self._order and self._laid_out and all(at != self._cursor for at, _ in self._lines_in_view()):
            self._show_cursor()

    def focus_changed(self) -> None:
        if self._order and self._laid_out:
            self._draw(self._cursor).strips.clear()
            self.refresh()

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
