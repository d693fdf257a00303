"""Handlers of the action table in plain mode: moving, reading on, places."""

from __future__ import annotations

from msgspec.structs import replace

from jamtui.actions import SORTS
from jamtui.errors import UsageError
from jamtui.model import ForumRow, PersonRow, PostRow, SearchHit, ThreadRow
from jamtui.notice import InboxRow
from jamtui.plain import words
from jamtui.plain.view import WAYS, Row, View
from screens.spot import Spot

HITS = 200  # hits that are listed, the best first
WINDOW = 128  # rows that are read at once when the next unread one is looked for


def _thread_of(row: Row) -> str:
    """The id of the thread that the row leads into; "" for none."""
    match row:
        case ThreadRow():
            return row.id
        case PostRow():
            return row.thread_id
        case SearchHit():
            return row.post.thread_id
        case InboxRow():
            return row.thread_id
    return ""


class Moving(View):
    """Methods named ``do_...`` are those of the action table."""

    # -- one step

    def do_down(self) -> None:
        self._step(1)

    def do_up(self) -> None:
        self._step(-1)

    def _step(self, step: int) -> None:
        if not self.spot.reading:
            self._row_to(self.at + step)
            return
        order = self.order
        at = order.index(self.post_key) + step
        if 0 <= at < len(order):
            self.leave_post()
            self.turn_to(order[at])
        elif step > 0:
            self._at_the_end()
        else:
            self.say("This is the first post.")

    def _at_the_end(self) -> None:
        left = len(self.unread - {self.post_key})
        self.say(f"End of the thread{f', {left:,} unread before this' if left else ''}.")

    def _row_to(self, at: int) -> None:
        last = len(self.keys) - 1
        if last >= 0 and not 0 <= at <= last:
            self.say("End of the list." if at > last else "Begin of the list.")
            return
        self.at = at if last >= 0 else 0
        self.show()

    def do_first(self) -> None:
        if self.spot.reading:
            self.turn_to(self.index.keys[0])
        else:
            self._row_to(0)

    def do_last(self) -> None:
        if self.spot.reading:
            self.turn_to(self.order[-1])
        else:
            self._row_to(len(self.keys) - 1)

    def do_page_down(self) -> None:
        """The rest of the post, or the next one; in a list, a page of rows with the first of them chosen."""
        if not self.spot.reading:
            self._page_rows(1)
        elif not self._more_of_post():
            self.leave_post()
            self._step(1)

    def do_page_up(self) -> None:
        if not self.spot.reading:
            self._page_rows(-1)
        elif self.top:
            self.top = max(0, self.top - self.console.page + 1)
            self.show_post()
        elif at := self.order.index(self.post_key):
            self.turn_to(self.order[at - 1])
        else:
            self.say("This is the first post.")

    def do_read_back(self) -> None:
        self.do_page_up()

    def do_half_page_down(self) -> None:
        if not self.spot.reading:
            self._page_rows(1, half=True)
        elif self.end < len(self._lines):
            self.top += max(1, self.console.page // 2)
            self.show_post()
        else:
            self.leave_post()
            self._step(1)

    def do_half_page_up(self) -> None:
        if self.spot.reading and self.top:
            self.top = max(0, self.top - max(1, self.console.page // 2))
            self.show_post()
        elif self.spot.reading:
            self.do_page_up()
        else:
            self._page_rows(-1, half=True)

    def _more_of_post(self) -> bool:
        if self.end >= len(self._lines):
            return False
        self.top = self.end
        self.show_post()
        return True

    def _page_rows(self, direction: int, *, half: bool = False) -> None:
        rows = min(20, max(1, self.console.page // 2))
        rows = max(1, rows // 2) if half else rows
        at = self.at + direction * rows
        last = len(self.keys) - 1
        if (direction > 0 and self.at >= last) or (direction < 0 and self.at <= 0):
            self._row_to(self.at + direction)
            return
        self.at = max(0, min(at, last))
        self.show_rows(self.at, min(self.at + rows, len(self.keys)))

    def do_open(self) -> None:
        """Opens the row; on a post, unfolds it and tells it from its beginning."""
        if self.spot.reading:
            self.folded -= {self.post_key}
            self.top = 0
            self.show_post()
        else:
            self.open_row()

    def open_row(self) -> None:
        self.open_row_at(self.row)

    def open_row_at(self, row: Row | None) -> None:
        if isinstance(row, ForumRow):
            self.go(replace(self.spot, forum=row.id, thread="", reading=False))
        elif isinstance(row, ThreadRow):
            self.go(replace(self.spot, thread=row.id, reading=True), unread=bool(row.unread))
        elif isinstance(row, PostRow):
            self.go(replace(self.spot, thread=row.thread_id, reading=True), post=row.id)
        elif isinstance(row, SearchHit):
            self.open_post(row.post.id)
        elif isinstance(row, InboxRow):
            self.open_inbox_row(row)
        elif isinstance(row, PersonRow):
            self.enter(Spot("person", sort=self.spot.sort, about=row.id, back="people"))
        else:
            self.say("There is nothing to open here.")

    def open_inbox_row(self, row: InboxRow) -> None:
        raise NotImplementedError

    def do_back(self) -> None:
        if not self.back():
            self.say(self.with_keys("{leave} leaves jamtui."))

    def do_leave(self) -> None:
        if not self.back():
            self.do_quit()

    def do_quit(self) -> None:
        raise NotImplementedError

    def do_next_pane(self) -> None:
        """The list and the thread in turn."""
        if self.spot.reading:
            self.go(replace(self.spot, reading=False))
        elif self.spot.kind in ("threads", "posts", "hits", "inbox"):
            self.open_row()
        else:
            self.say(self.with_keys("There is one list here; {open} opens its row."))

    def do_previous_pane(self) -> None:
        self.do_next_pane()

    def do_fold(self) -> None:
        if not self.spot.reading:
            self.back()
            return
        key = self.post_key
        if key in self.folded or not self.below(key):
            above = self.parent(key)
            if above is None:
                self.say("This is the opening post.")
            else:
                self.turn_to(above)
            return
        self.folded |= {key}
        hidden = self.below(key)
        unread = len(self.unread.intersection(hidden))
        self.say(
            f"Folded: {words.count(len(hidden), 'reply', 'replies')}{f', {unread:,} unread' if unread else ''}. "
            f"{self.with_keys('{unfold} unfolds, {down} goes on behind them.')}"
        )

    def do_unfold(self) -> None:
        if not self.spot.reading:
            self.open_row()
        elif self.post_key in self.folded:
            self.folded -= {self.post_key}
            self.say(f"Unfolded: {words.count(len(self.below(self.post_key)), 'reply', 'replies')}.")
        else:
            self.say("Nothing is folded here.")

    # -- reading on

    def do_read_on(self) -> None:
        """The rest of the post, the next unread post, thread, forum; then all is read."""
        if self._plan_on(1, page=True):
            return
        if self.spot.kind in ("outbox", "people") and not self.spot.reading:
            self._page_rows(1)
        elif self.spot.reading and self._more_of_post():
            return
        else:
            self.leave_post()
            if not (self.spot.reading and self._next_post(1)) and not self._next_thread():
                self.say(self.nothing_unread())

    def do_next(self) -> None:
        self._further(1)

    def do_previous(self) -> None:
        self._further(-1)

    def _plan_on(self, step: int, *, page: bool = False) -> bool:
        """Goes on in the plan; False when one is not in it. ``page``: first to the end of a long post."""
        if self.spot.place != "plan" or self.plan is None or not self.plan.steps:
            return False
        if self.spot.reading:
            if page and self._more_of_post():
                return True
            if not 0 <= self.at + step < len(self.plan.steps):
                if step > 0:
                    self.leave_post()
                self.say("The plan is done." if step > 0 else "This is the first post of the plan.")
                return True
            self.at += step
            if step > 0:
                self.leave_post()
        self.say(words.plan_step(self.plan, self.at))
        post = self.plan.steps[self.at].post
        self.go(replace(self.spot, thread=post.thread_id, reading=True), post=post.id, quiet=True)
        return True

    def _further(self, direction: int) -> None:
        if self._plan_on(direction):
            return
        if self.spot.kind == "hits":
            if self.spot.reading and self.keys:
                if direction > 0 and len(self.keys) > 1:
                    self.leave_post()
                self.at = (self.at + direction) % len(self.keys)
                self.open_row_again()
            else:
                self._row_to(self.at + direction)
        elif self.spot.reading:
            if not self._next_post(direction) and (direction < 0 or not self._next_thread()):
                self.say("Nothing unread before this." if direction < 0 else self.nothing_unread())
        elif not self._next_row(direction):
            self.say("Nothing unread further on." if direction > 0 else "Nothing unread before this.")

    def open_row_again(self) -> None:
        """Opens the next hit, from the thread of the one before."""
        hit = self.hits[self.at]
        self.say(f"Hit {words.at(self.at, len(self.hits))}, in {words.one_line(hit.thread_title, 80)}.")
        self.go(replace(self.spot, thread=hit.post.thread_id, reading=True), post=hit.post.id, quiet=True)

    def _next_post(self, direction: int) -> bool:
        """The next unread post of the thread; forwards also those from its top on, since replies come in between."""
        keys, unread = self.index.keys, self.unread
        here = keys.index(self.post_key)
        order = [*range(here + 1, len(keys)), *range(here)] if direction > 0 else range(here - 1, -1, -1)
        found = next((keys[at] for at in order if keys[at] in unread), None)
        if found is None:
            return False
        if direction > 0:
            self.leave_post()
        self.turn_to(found)
        return True

    def _next_thread(self) -> bool:
        """The next thread with something unread, in this forum or a later one; False when all is read."""
        spot, row = self.spot, self.row
        forum, thread = spot.forum, spot.thread
        if self._narrowed or spot.kind in ("posts", "inbox"):
            found = self._next_listed()
            if found or self._narrowed:
                return found
        if not spot.reading:
            thread = ""
            if isinstance(row, ForumRow):
                forum = row.id
            elif isinstance(row, ThreadRow | PostRow):
                if row.unread:
                    self.open_row()
                    return True
                forum = row.forum_id
                thread = row.id if isinstance(row, ThreadRow) else ""
        elif not forum and thread:
            forum = self.session.post(thread).forum_id
        self._passed |= {thread} if self.session.explore else set()
        further = self.session.next_unread(forum, thread, self._passed)
        if further is None:
            return False
        if further[0] != spot.forum:
            self.say(f"Forum {self.forum_title(further[0])}.")
        self.go(Spot("forums", further[0], further[1], True, spot.sort), unread=True)
        key = self.session.key(further[1])
        self.at = next((at for at, one in enumerate(self.keys) if one == key), 0)
        return True

    @property
    def _narrowed(self) -> bool:
        """Whether the list of threads is not that of a forum: reading on stays in it."""
        return self.spot.kind == "threads" and (self.spot.place != "forums" or bool(self.spot.filter))

    def nothing_unread(self) -> str:
        here = self.post
        said = "Nothing else is unread" if here is not None and here.unread else "All read"
        return f"{said} in this list." if self._narrowed else f"{said}."

    def _next_listed(self) -> bool:
        """In a list that is narrowed, of all forums, or of posts, reading goes on there: down, then from its top."""
        begin, end = self.at + self.spot.reading, len(self.keys)
        # Nothing is marked while exploring: there, once through the list is the end.
        for low, high in ((begin, end),) if self.session.explore else ((begin, end), (0, begin)):
            for start in range(low, high, WINDOW):
                for at, row in enumerate(self.rows(start, min(start + WINDOW, high)), start):
                    if isinstance(row, PostRow) and row.thread_id in self._passed:
                        continue
                    if isinstance(row, InboxRow) and row.unread and row.thread_id:
                        self.at = at
                        self.open_inbox_row(row)
                        return True
                    if isinstance(row, ThreadRow | PostRow) and row.unread:
                        self.at = at
                        self._passed |= {row.thread_id} if isinstance(row, PostRow) and self.session.explore else set()
                        if isinstance(row, ThreadRow):
                            self.go(replace(self.spot, thread=row.id, reading=True), unread=True)
                        else:
                            self.go(replace(self.spot, thread=row.thread_id, reading=True), post=row.id)
                        return True
        return False

    def _next_row(self, direction: int) -> bool:
        ahead = range(self.at + 1, len(self.keys)) if direction > 0 else range(self.at - 1, -1, -1)
        for start in range(0, len(ahead), WINDOW):
            window = ahead[start : start + WINDOW]
            low, high = min(window[0], window[-1]), max(window[0], window[-1])
            rows = dict(enumerate(self.rows(low, high + 1), low))
            for at in window:
                if getattr(rows.get(at), "unread", 0):
                    self._row_to(at)
                    return True
        return False

    def do_next_thread(self) -> None:
        self._to_thread(1)

    def do_previous_thread(self) -> None:
        self._to_thread(-1)

    def _to_thread(self, direction: int) -> None:
        """From the thread that is read to the next one of the list, or the one before."""
        if not self.spot.reading:
            self._row_to(self.at + direction)
            return
        ahead = range(self.at + 1, len(self.keys)) if direction > 0 else range(self.at - 1, -1, -1)
        for start in range(0, len(ahead), WINDOW):
            window = ahead[start : start + WINDOW]
            low, high = min(window[0], window[-1]), max(window[0], window[-1])
            rows = dict(enumerate(self.rows(low, high + 1), low))
            for at in window:
                if (row := rows.get(at)) is not None and _thread_of(row) not in ("", self.spot.thread):
                    self.at = at
                    self.open_row_at(row)
                    return
        self.say(f"This is the {'last' if direction > 0 else 'first'} thread of the list.")

    def do_next_forum(self) -> None:
        self._to_forum(1)

    def do_previous_forum(self) -> None:
        self._to_forum(-1)

    def _to_forum(self, direction: int) -> None:
        forums, row = self.session.forums(), self.row
        here = self.spot.forum or (row.id if isinstance(row, ForumRow) else getattr(row, "forum_id", ""))
        at = next((index for index, forum in enumerate(forums) if forum.id == here), -1 if direction > 0 else 0)
        order = [forums[(at + direction * step) % len(forums)] for step in range(1, len(forums) + 1)]
        found = next((forum for forum in order if forum.unread and forum.id != here), None)
        if found is None:
            self.say("No other forum has something unread.")
        else:
            self.go(Spot("forums", found.id, sort=self.spot.sort))

    # -- places

    def _to_place(self, place: str) -> None:
        if place in WAYS:
            self.enter(Spot(place, sort=self.spot.sort))
        else:
            self.hits, self._trail = [], []
            self.go(Spot(place, sort=self.spot.sort))

    def do_forums(self) -> None:
        self._to_place("forums")

    def do_live(self) -> None:
        self._to_place("live")

    def do_mentions(self) -> None:
        self.session.need_name("mentions")
        self._to_place("mentions")

    def do_saved(self) -> None:
        self._to_place("saved")

    def do_outbox(self) -> None:
        self.session.need_name("outbox")
        self._to_place("outbox")

    def do_forum(self, name: str = "") -> None:
        self.go(Spot("forums", self.session.forum(name).id, sort=self.spot.sort))

    def do_post(self, post_id: str = "") -> None:
        self.open_post(post_id)

    def do_sort(self, order: str = "") -> None:
        if order not in SORTS:
            raise UsageError("no such order", f"One of: {', '.join(SORTS)}.")
        spot = self.spot
        if spot.kind != "threads" or spot.place in (
            "hot",
            "unanswered",
        ):  # from anywhere else: the threads of all forums
            spot = Spot("all")
        self.session.keep_order(spot.forum, order)
        self.enter(replace(spot, sort=order, thread="", reading=False))

    def do_tag(self, name: str = "") -> None:
        self.find(f"tag:{name}")

    def do_search(self, query: str = "") -> None:
        if not query:
            self.flush()
            typed = self.console.line("Search: ", self.query if self.spot.kind == "hits" else "")
            if typed.key == "escape" or not typed.text.strip():
                self.show()
                return
            query = typed.text
        self.find(query.strip())

    def find(self, query: str) -> None:
        from jamtui.safe_text import safe_line

        self.session.searching.here = self.spot.thread if self.spot.reading else ""
        searching, name = self.session.searching, safe_line(query, 80)
        found = searching.ranked(query, HITS)
        hits = searching.hits(found.keys, found.marks, found.ranks)
        for problem in found.problems:
            self.say(f"Careful: {problem}.")
        self.totals[name] = found.total
        if hits:
            self.search_for(name, hits)
        else:
            self.say(f"Nothing found for {name}.")
