"""The main screen's ways through a Jam: orders, filters, what is hot, people, a plan for the minutes that one has.

They are places of the screen like the five others (`Spot.place`): ``all`` (threads of all forums), ``hot``, ``people``,
``person`` (`Spot.about` is who), ``plan``. A plan is kept while the program runs; Space and n walk it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace
from textual.content import Content

from jamtui.errors import JamError, NotFound, UsageError
from jamtui.model import PersonRow, PostRow, ThreadRow
from jamtui.notice import InboxRow
from jamtui.ways import HotRow, PersonMore, PersonPage, Plan, chips, complete_filter, minutes_of
from screens.moving import Moving
from screens.performs import Program
from screens.spot import Spot
from widgets.banner import Banner
from widgets.card import Card
from widgets.rows import count

_HOT_FOR = timedelta(seconds=20)  # what is hot, and who writes most, is not sorted anew under the reader more often
_TRAIL = 20  # steps back that are remembered
_WAYS = ("all", "hot", "people", "person", "plan", "unanswered")


class Ways(Moving, part=True):
    """Mixed into `screens.jam.JamScreen`, over `Moving`."""

    places = (*Moving.places, "all", "hot", "people", "person")  # a plan is for now

    _hot: dict[int, HotRow]
    _hot_at: datetime | None = None
    _plan: Plan | None = None
    _more: tuple[tuple[str, int, int], PersonMore] | None = None
    _people: dict[str, PersonRow]
    _people_at: datetime | None = None
    _trail: Sequence[Spot] = ()  # where one went into the ways from

    def offer_undo(self, what: str, take_back: Callable[[], None]) -> None:
        raise NotImplementedError

    # -- what stands in the list

    def _remembered(self) -> Spot:
        spot = super()._remembered()
        try:
            self.session.filter(spot.filter)
            if spot.place == "person":
                self.session.person(spot.about)
        except JamError:  # somebody who is not in this mirror, a filter of another version
            return Spot()
        return spot

    def _keys(self) -> Sequence[str] | Sequence[int]:
        spot = self.spot
        if spot.kind == "people":
            return self._keys_of_people()
        if spot.place == "hot":
            return list(self._heat())
        if spot.place == "plan":
            return self._keys_of_plan()
        return super()._keys()

    def _keys_of_people(self) -> list[str]:
        now = self.session.now()
        if self._people_at is None or abs(now - self._people_at) >= _HOT_FOR:  # the clock may have been set back
            self._people, self._people_at = {row.id: row for row in self.session.people()}, now
        return list(self._people)

    def people_rows(self, keys: Sequence[str]) -> list[PersonRow]:
        return self.session.marked([self._people[key] for key in keys if key in self._people])

    def handles(self) -> list[str]:
        """Of those who wrote something, the most posts first."""
        self._keys_of_people()
        return [row.handle for row in self._people.values() if row.posts]

    def hot_rows(self) -> dict[int, HotRow]:
        return self._hot if self._hot_at else {}

    def _heat(self) -> dict[int, HotRow]:
        now, key = self.session.now(), self.session.key
        stale = self._hot_at is None or abs(now - self._hot_at) >= _HOT_FOR
        if stale or any(key(row.thread.id) != at for at, row in self._hot.items()):  # or the mirror was fetched anew
            self._hot = {row.thread.key: row for row in self.session.hot()}
            self._hot_at = now
        return self._hot

    def _keys_of_plan(self) -> list[int]:
        """Of the posts of the plan as they are now: they have other keys when the mirror was fetched anew."""
        if self._plan is None:
            return []
        keys = [self.session.key(step.post.id) for step in self._plan.steps]
        if keys != [step.post.key for step in self._plan.steps]:
            there = [(step, key) for step, key in zip(self._plan.steps, keys, strict=True) if key is not None]
            self._plan = replace(
                self._plan, steps=tuple(replace(step, post=replace(step.post, key=key)) for step, key in there)
            )
        return [step.post.key for step in self._plan.steps]

    def _tick(self) -> None:
        """What is narrowed by a time follows the clock."""
        if self.spot.filter and not self.spot.reading and self.session.filter(self.spot.filter).timed:
            self.reload()
        super()._tick()

    # -- heads, banner, card

    def _left_head(self) -> tuple[Content, Content]:
        spot, rows = self.spot, self.list_now
        threads = count(len(rows.keys), "thread", "threads")
        order = "" if spot.sort == "active" else f"by {spot.sort}  "
        if spot.kind == "threads" and spot.place != "hot":
            if not spot.filter and spot.place == "forums":
                return super()._left_head()
            title = self.session.forum(spot.forum).title if spot.forum else "All forums"
            return Content(title), Content(f"{order}{threads}")
        heads = {"hot": ("Hot now", threads), "people": ("People", f"{len(rows.keys):,}")}
        if spot.place in heads:
            return Content(heads[spot.place][0]), Content(heads[spot.place][1])
        if spot.place == "person":
            return Content("Posts, the newest first"), Content(f"{len(rows.keys):,}")
        if spot.place == "plan" and self._plan is not None:
            return Content(f"Plan for {self._plan.minutes} minutes"), Content(count(len(rows.keys), "post", "posts"))
        return super()._left_head()

    def _right_head(self) -> tuple[Content, Content]:
        return (Content("Who it is"), Content("")) if self.spot.kind == "people" else super()._right_head()

    def _refresh_heads(self) -> None:
        super()._refresh_heads()
        self.query_one(Banner).say(self._banner())

    def _banner(self) -> Content:
        spot = self.spot
        if spot.place == "person":
            from widgets.way_lists import person_head, person_more

            with contextlib.suppress(NotFound):
                page = self.session.person(spot.about)
                head = person_head(page, self.session.now(), self.ages, flags=self._flags)
                if not self.has_class("-tall"):
                    return head
                more = person_more(self._more_of(page), page.person.about, self.session.now(), self.ages)
                return Content("\n").join([head, more]) if more.plain else head
        if spot.place == "plan" and self._plan is not None:
            return self._plan_banner(self._plan)
        if spot.kind == "threads" and spot.filter:
            pieces = [part for chip in chips(spot.filter) for part in ((f" {chip} ", "reverse $accent"), " ")]
            return Content.assemble(*pieces, (f"  {self.keymap.name('filter-clear')} clears", "$text-disabled"))
        return Content("")

    def _plan_banner(self, plan: Plan) -> Content:
        if not plan.steps:
            return Content("Nothing unread fits into this time: all read, or the posts are longer.")
        at = self._plan_at()
        left = sum(step.seconds for step in plan.steps[at:])
        step = plan.steps[at]
        head = (f"{at + 1} of {len(plan.steps)}", "bold $primary")
        more = (f" · {max(1, round(left / 60))} min left", "$foreground")
        if not self.has_class("-tall"):  # one line: the last one of the screen tells the keys
            line = Content.assemble(head, more, f" · {step.why}")
            return line if line.cell_length <= self.app.size.width - 4 else Content.assemble(head, more)
        line = Content.assemble(
            (f"Post {at + 1} of {len(plan.steps)}", "bold $primary"),
            (f" · about {max(1, round(left / 60))} min left", "$foreground"),
            f" · {step.why}",
        )
        room = self.query_one("#left").size.width - 3
        if 0 < room < line.cell_length:
            line = Content.assemble(head, more, f" · {step.why}").truncate(room, ellipsis=True)
        keys = self.keymap.fill("{read-on} reads on   {next} next   {back} leaves")
        return Content.assemble(line, "\n", (keys, "$text-disabled"))

    def _draw_card(self) -> None:
        row = self.list_now.cursor_row
        if self.spot.kind == "people" and isinstance(row, PersonRow):
            from widgets.way_lists import person_card

            with contextlib.suppress(NotFound):
                page = self.session.person(row.id)
                more, now = self._more_of(page), self.session.now()
                self.query_one(Card).show(
                    lambda width: person_card(page, more, now, self.ages, flags=self._flags, width=width)
                )
        else:
            super()._draw_card()

    @property
    def _flags(self) -> bool:
        return not (isinstance(self.app, Program) and self.app.ascii_only)

    def _more_of(self, page: PersonPage) -> PersonMore:
        """Counted once for as long as somebody's posts are as many: it takes longer than a key may, asked each time."""
        known = (page.person.id, page.person.posts, page.votes)
        if self._more is None or self._more[0] != known:
            self._more = known, self.session.person_more(page.person.id)
        return self._more[1]

    # -- moving

    def open_row(self) -> None:
        row = self.list_now.cursor_row
        if isinstance(row, PersonRow):
            self.action_person(row.id)
        else:
            super().open_row()

    @property
    def _narrowed(self) -> bool:
        """Whether the list of threads is not that of a forum: reading on stays in it."""
        return self.spot.kind == "threads" and (self.spot.place != "forums" or bool(self.spot.filter))

    def open_next_unread(self) -> bool:
        """In a list that is narrowed or of all forums, reading goes on in that list: down, then from its top."""
        spot = self.spot
        if not self._narrowed:
            return super().open_next_unread()
        keys, passed = list(self.list_now.keys), self._passed
        here = self.session.key(spot.thread) if spot.reading else None
        passed |= {spot.thread} if spot.reading and self.session.explore else set()
        at = keys.index(here) + 1 if here in keys else max(self.list_now.cursor_index, 0)
        order = keys[at:] + keys[:at]
        for start in range(0, len(order), 128):
            for row in self.session.threads(order[start : start + 128]):
                if row.unread and row.key != here and row.id not in passed:
                    self.list_now.go_to(row.key)
                    self.go(replace(spot, thread=row.id, reading=True), unread=True)
                    return True
        return False

    def nothing_unread(self) -> str:
        words = super().nothing_unread()
        return f"{words} in this list" if self._narrowed else words

    def back(self) -> bool:
        spot = self.spot
        if self.hits is not None or spot.reading:
            return super().back()
        if spot.kind == "threads" and spot.filter and spot.place == "forums":
            self.action_filter_clear()
        elif spot.place in _WAYS and self._trail:
            self.go(self._came_from())
        elif spot.place == "person" and spot.back == "people":
            self.go(replace(spot, place="people", about="", back="", thread=""))
        elif spot.place in _WAYS:
            self.go(replace(spot, place="forums", filter="", about="", back="", thread=""))
        else:
            return super().back()
        return True

    def _to(self, place: str, **more: str) -> None:
        self.forget_hits()
        if (place, more.get("about", "")) != (self.spot.place, self.spot.about):
            self._trail = [*self._trail[1 - _TRAIL :], self.spot]
        self.go(replace(self.spot, place=place, forum="", thread="", reading=False, filter="", **more))

    def _came_from(self) -> Spot:
        """Where one went into this way from, as far as it still is there."""
        *self._trail, spot = self._trail
        if spot.thread:
            try:
                self.session.thread_index(spot.thread)
            except NotFound:
                return replace(spot, thread="", reading=False)
        return spot

    def to_place(self, place: str) -> None:
        self._trail = []
        super().to_place(place)

    # -- orders and filters

    def action_sort_by(self) -> None:
        from screens.way_dialogs import SortPicker

        self._need_threads()

        def chosen(order: str | None) -> None:
            if order:
                self.sort_by(order)

        self.app.push_screen(SortPicker(self.spot.sort), chosen)

    def _need_threads(self) -> None:
        if self.spot.kind not in ("threads", "forums") or self.spot.place == "hot":
            raise UsageError(
                "no threads to sort or narrow here", self.keymap.fill("{threads} shows all threads of the Jam.")
            )
        if self.spot.kind == "forums":
            self.action_threads()

    def action_threads(self) -> None:
        """All threads of the Jam in one list."""
        self._to("all")

    def action_filter(self, words: str = "") -> None:
        """Narrows the list; from the list of forums, all threads of the Jam."""
        from screens.way_dialogs import FilterPicker

        if words:
            self.session.filter(words)  # before one is led to the threads of all forums
            self._need_threads()
            self._narrow(words)
            return
        self._need_threads()
        spot, session = self.spot, self.session
        tags = [tag.name for tag in session.tags()]
        people = self.handles()
        langs = [name for name, _ in session.languages()]
        total = len(session.thread_keys(spot.forum or None))
        title = session.forum(spot.forum).title if spot.forum else "all forums"

        def found(line: str) -> str:
            keys = session.thread_keys(spot.forum or None, spot.sort, session.filter(line))
            return f"{len(keys):,} of {count(total, 'thread', 'threads')}"

        def answered(line: str | None) -> None:
            if line is not None:
                with self.in_words():
                    self._narrow(line)

        before = f"{spot.filter} " if spot.filter else ""
        picker = FilterPicker(title, before, lambda line: complete_filter(line, tags, people, langs), found)
        self.app.push_screen(picker, answered)

    def _narrow(self, line: str) -> None:
        self.session.filter(line)
        self.go(replace(self.spot, filter=line.strip(), thread="", reading=False))
        self.list_now.first()

    def sort_by(self, order: str) -> None:
        super().sort_by(order)
        self.list_now.first()

    def action_filter_clear(self) -> None:
        if not self.spot.filter:
            raise UsageError("nothing is narrowed here", self.keymap.fill("{filter} sets a filter."))
        before = replace(self.spot, thread="", reading=False)
        self._narrow("")
        # Wherever one went meanwhile: it is that list which is narrowed again.
        self.offer_undo("All threads again", lambda: self.go(before))

    # -- hot, people

    def action_hot(self) -> None:
        self._hot_at = None
        self._to_anew("hot")

    def action_people(self) -> None:
        self._people_at = None
        self._to_anew("people")

    def _to_anew(self, place: str) -> None:
        """Goes there, and shows it as it is now also when one is there already."""
        there = self.spot.place == place
        self._to(place)
        if there:
            self.reload()

    def action_person(self, handle: str = "") -> None:
        """The page of a person: the one named, else the author of the post under the cursor."""
        row: Any = self.reader.cursor_row if self.spot.reading else self.list_now.cursor_row
        if not handle and isinstance(row, PersonRow):
            handle = row.id
        if not handle and isinstance(row, ThreadRow | PostRow | InboxRow):
            handle = row.author_id
        if not handle:
            raise UsageError("nobody is chosen here", "Go to a post, or type :person HANDLE.")
        page = self.session.person(handle)
        self._to("person", about=page.person.id, back="people" if self.spot.kind == "people" else "")

    # -- the plan

    def action_plan(self, minutes: str = "") -> None:
        """Weighs all that is unread on a thread of its own, then shows the plan."""
        wanted = minutes_of(minutes)
        if self.spot.reading:
            self.reader.leave()  # what was just read is not planned again
        self.say(f"Looking for what is worth {wanted} minutes", "fact")
        self.run_worker(lambda: self._make_plan(wanted), name="plan", exclusive=True, thread=True)

    def _make_plan(self, minutes: int) -> None:
        try:
            plan = self.session.plan(minutes)
        except JamError as error:
            self.app.call_from_thread(self.complain, error)
            return
        self.app.call_from_thread(self._show_plan, plan)

    def _show_plan(self, plan: Plan) -> None:
        self._plan = plan
        self.session.set_place("list:plan", "")
        before = self._trail
        if again := self.spot.place == "plan":
            self.spot = Spot()  # another list under the same name
        self._to("plan")
        if again:
            self._trail = before
        self.list_now.empty = "Nothing unread fits into this time."
        begins = f"{self.keymap.name('read-on')} begins"
        self.say(f"{count(len(plan.steps), 'post', 'posts')} of {plan.unread:,} unread. {begins}.", "fact")

    def _plan_at(self) -> int:
        return max(0, self.list_now.cursor_index)

    def plan_on(self, step: int, *, page: bool = False) -> bool:
        """Goes on in the plan; False when one is not in it. ``page``: first to the end of a long post."""
        if self.spot.place != "plan" or self._plan is None or self.hits is not None:
            return False
        at, steps = self._plan_at(), self._plan.steps
        if not steps:
            return False
        if not self.spot.reading:
            self.open_row()
            return True
        post = steps[at].post
        if page and self.reader.cursor_key == post.key and not self.reader.ended and self.reader.page(1):
            return True
        if page:
            self.reader.leave()
        if not 0 <= at + step < len(steps):
            if step > 0:
                self.reader.leave()
                self.say("The plan is done", "fact")
            return True
        if step > 0:
            self.reader.leave_post()
        self.list_now.go_to_index(at + step)
        self.open_row()
        self._refresh_lines()
        return True
