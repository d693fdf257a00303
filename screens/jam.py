"""The main screen: every action of the table, on top of the panes and places of `screens.view`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from jamtui.actions import BY_ID, Action, Where, complete, unknown
from jamtui.errors import UsageError, sentence
from jamtui.model import PostRow, ThreadRow, Undo
from jamtui.notice import InboxRow
from jamtui.reading import ASK_ABOVE
from jamtui.safe_text import safe_line
from screens.converging import Converging
from screens.hints import idle, why_idle
from screens.inbox import Inboxing
from screens.moderating import Moderating
from screens.self_service import SelfService
from screens.type_ahead import hold_keys, nowhere, release_keys
from widgets.lists import ForumList
from widgets.rows import count
from widgets.status_line import HintLine

if TYPE_CHECKING:
    from widgets.command_line import CommandLine


class JamScreen(Converging, Inboxing, Moderating, SelfService):
    """What a person sees of a Jam. Methods named ``action_...`` are those of the action table."""

    CSS_PATH = ["jam.tcss", "../widgets/composer.tcss"]  # noqa: RUF012 - as Textual declares it

    # -- the table

    def can_perform(self, action: Action) -> bool:
        """Whether the action belongs to where one is."""
        if Where.APP in action.where:
            return True
        return (Where.OUTBOX if self.spot.kind == "outbox" else Where.JAM) in action.where

    def offers(self, action: Action) -> bool:
        """Whether it can do something, too, for this reader."""
        return self.can_perform(action) and action.id not in idle(self.session)

    async def perform(self, action_id: str, argument: str = "") -> None:
        """Does an action by its name, for the palette and the ``:`` line. Errors are told in words."""
        action = BY_ID.get(action_id)
        with self.in_words():
            if action is None:
                title, hint = unknown(safe_line(action_id, 40))
                raise UsageError(title, self.keymap.fill(hint))
            if not self.can_perform(action) and Where.COMPOSER in action.where:
                raise UsageError(f"{action.label} belongs to the composer")
            if not self.can_perform(action):
                raise UsageError(f"{action.label} does not work here")
            if action.argument and not argument and not action.argument.startswith("?"):
                self.action_command(f"{action.id} ")
                return
            target = self if hasattr(self, f"action_{action.method}") else self.app
            name = "suspend_process" if action.id == "suspend" else action.method
            result = getattr(target, f"action_{name}")(*([argument] if action.argument else []))
            if inspect.isawaitable(result):
                await result

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While the composer has the keys, the actions of the lists and the thread are asleep."""
        focused = self.focused
        if focused is not None and any(one.id == "composer" for one in focused.ancestors_with_self):
            return action not in _SCREEN_ACTIONS
        return True

    # -- undo

    def offer_undo(self, what: str, take_back: Callable[[], None]) -> None:
        """Says what was done and that z takes it back; behind what is done later, it does so, too."""
        self._undos.add(what, take_back)
        self.say(what, tail=f"{self.keymap.name('undo')} takes it back")

    def offer(self, undo: Undo) -> None:
        if undo.nothing:
            self.say(undo.what, "fact")
        else:
            self.offer_undo(sentence(undo.what), lambda: self.session.undo(undo))

    def action_undo(self) -> None:
        what = self._undos.take_back()
        if what is None:
            self.say("Nothing to take back", "warning")
            return
        self.reload()
        more = f"{self.keymap.name('undo')} takes back more ({len(self._undos)})" if self._undos else ""
        self.say(f"Taken back: {what}", tail=more)

    # -- moving

    def action_down(self) -> None:
        self._move(1)

    def action_up(self) -> None:
        self._move(-1)

    def _move(self, step: int) -> None:
        if self.spot.reading:
            self.reader.move(step)
        else:
            self.list_now.move(step)

    def action_first(self) -> None:
        if self.spot.reading:
            self.reader.first()
        else:
            self.list_now.first()

    def action_last(self) -> None:
        if self.spot.reading:
            self.reader.last()
        else:
            self.list_now.last()

    def action_page_down(self) -> None:
        self._page(1)

    def action_page_up(self) -> None:
        self._page(-1)

    def action_read_back(self) -> None:
        self._page(-1)

    def action_half_page_down(self) -> None:
        self._half_page(1)

    def action_half_page_up(self) -> None:
        self._half_page(-1)

    def _half_page(self, direction: int) -> None:
        if self.spot.reading:
            self.reader.half_page(direction)
        else:
            self.list_now.half_page(direction)

    def _page(self, direction: int) -> bool:
        return self.reader.page(direction) if self.spot.reading else self.list_now.page(direction)

    def action_open(self) -> None:
        if not self.spot.reading:
            self.open_row()
        elif not self.reader.unfold() and not self.reader.toggle_all():
            self.say("Nothing is folded or cut here", "fact")

    def action_back(self) -> None:
        self.query_one(HintLine).quiet()
        if not self.back():
            self.say(f"{self.keymap.name('leave')} leaves jamtui", "fact")

    def action_leave(self) -> None:
        self.query_one(HintLine).quiet()
        if not self.back():
            self.app.call_later(self.app.action_quit)

    def action_next_pane(self) -> None:
        """List and thread in turn, and the forums where there are three panes."""
        self._to_pane(1)

    def action_previous_pane(self) -> None:
        self._to_pane(-1)

    def _to_pane(self, step: int) -> None:
        """Panes go round: forums (where they have a pane), the list, the thread under its cursor."""
        spot = self.spot
        forums = replace(spot, forum="", thread="", reading=False)
        if spot.kind == "forums":
            self.open_row()
            if step < 0 and self.three_panes:
                self.open_row()
        elif spot.reading:
            self.go(
                forums if step > 0 and self.three_panes and spot.kind == "threads" else replace(spot, reading=False)
            )
        elif step < 0 and self.three_panes and spot.kind == "threads":
            self.go(forums)
        elif spot.kind in ("threads", "posts", "inbox"):
            self.open_row()

    def action_fold(self) -> None:
        if self.spot.reading:
            self.reader.fold()
        else:
            self.back()

    def action_unfold(self) -> None:
        if self.spot.reading:
            self.reader.unfold()
        else:
            self.open_row()

    def action_shift_right(self) -> None:
        self._shift(1)

    def action_shift_left(self) -> None:
        self._shift(-1)

    def _shift(self, direction: int) -> None:
        if not self.spot.reading or not self.reader.shift(direction):
            self.say("No table and no code goes on there", "fact")

    # -- reading on

    def action_read_on(self) -> None:
        if self.plan_on(1, page=True):
            return
        if self.spot.kind in ("outbox", "people"):
            self.list_now.page(1)
            return
        if self.spot.reading and self.reader.into_fold():
            self.say("Unfolded: there are unread replies", "fact")
            return
        if self.spot.reading and (self.reader.page(1) or self.reader.next_unread(1)):
            return
        if not self.open_next_unread():
            self.say(self.nothing_unread(), "fact")

    def action_next(self) -> None:
        self._step(1)

    def action_previous(self) -> None:
        self._step(-1)

    def _step(self, direction: int) -> None:
        if self.plan_on(direction):
            return
        if self.hits is not None:
            self.step_hit(direction)
        elif self.spot.reading:
            if not self.reader.next_unread(direction) and (direction < 0 or not self.open_next_unread()):
                self.say("Nothing unread before this" if direction < 0 else self.nothing_unread(), "fact")
        elif not self._next_unread_row(direction):
            self.say("Nothing unread further on" if direction > 0 else "Nothing unread before this", "fact")

    def _next_unread_row(self, direction: int) -> bool:
        """Moves the cursor of the list to the next row with something unread."""
        rows, at = self.list_now, self.list_now.cursor_index
        if self.spot.kind == "people":
            return False
        if self.spot.kind == "inbox":
            unread = self.unread_in_inbox()
        elif isinstance(rows, ForumList):
            unread = [index for index, row in enumerate(self.session.forums()) if row.unread]
        else:
            fetch = self.session.threads if self.spot.kind == "threads" else self.session.posts
            keys = rows.keys
            ahead = range(at + 1, len(keys)) if direction > 0 else range(at - 1, -1, -1)
            unread = []
            for start in range(0, len(ahead), 128):
                window = ahead[start : start + 128]
                marked = {row.key for row in fetch([keys[index] for index in window]) if row.unread}
                unread = [index for index in window if keys[index] in marked][:1]
                if unread:
                    break
        further = [index for index in unread if (index - at) * direction > 0]
        if not further:
            return False
        rows.go_to_index(min(further, key=lambda index: abs(index - at)))
        return True

    def action_next_thread(self) -> None:
        self._to_thread(1)

    def action_previous_thread(self) -> None:
        self._to_thread(-1)

    def _to_thread(self, direction: int) -> None:
        if not self.spot.reading:
            self.list_now.move(direction)
        elif not self.open_beside(direction):
            self.say(f"This is the {'last' if direction > 0 else 'first'} thread of the list", "fact")

    def action_next_forum(self) -> None:
        self._to_unread_forum(1)

    def action_previous_forum(self) -> None:
        self._to_unread_forum(-1)

    def _to_unread_forum(self, direction: int) -> None:
        forums = self.session.forums()
        row = self.list_now.cursor_row
        here = self.spot.forum or getattr(row, "forum_id", "") or getattr(row, "id", "")
        at = next((index for index, forum in enumerate(forums) if forum.id == here), -1 if direction > 0 else 0)
        order = [forums[(at + direction * step) % len(forums)] for step in range(1, len(forums) + 1)]
        found = next((forum for forum in order if forum.unread and forum.id != here), None)
        if found is None:
            self.say("No other forum has something unread", "fact")
            return
        self.go(replace(self.spot, place="forums", forum=found.id, thread="", reading=False))

    # -- read or not

    def action_toggle_read(self) -> None:
        if self.session.explore:
            raise UsageError("nothing is marked while exploring", "Start jamtui without --explore to mark.")
        row = self._row()
        if isinstance(row, ThreadRow | PostRow):
            self.offer(self.session.toggle_read(row))
            self.reload()
        elif isinstance(row, InboxRow):
            self.toggle_row(row)

    def action_all_read(self) -> None:
        if self.session.explore:
            raise UsageError("nothing is marked while exploring", "Start jamtui without --explore to mark.")
        spot, keys, session = self.spot, self.list_now.keys, self.session
        if spot.reading:
            found, where = session.all_unread(thread_id=spot.thread), "In this thread."
        elif spot.kind == "forums" and (row := self.list_now.cursor_row) is not None:
            found, where = session.all_unread(forum_id=row.id), f"In {row.title}."
        elif spot.kind == "threads":
            found, where = session.listed_unread(threads=keys), f"In {count(len(keys), 'thread', 'threads')}."
        elif spot.kind == "posts":
            found, where = session.listed_unread(posts=keys), "All that is listed."
        elif spot.kind == "inbox":
            self.read_all_of_inbox()
            return
        else:
            raise UsageError("nothing is read or unread here", "Open a forum or a thread first.")
        if len(found) <= ASK_ABOVE:
            self._mark_found(found)
            return
        from screens.dialogs import Confirm

        def answered(yes: bool | None) -> None:
            if yes:
                with self.in_words():
                    self._mark_found(found)

        detail = f"{where} {self.keymap.name('undo')} takes it back."
        self.app.push_screen(Confirm(f"Mark {len(found):,} posts as read?", detail, "Mark"), answered)

    def _mark_found(self, found: list[int]) -> None:
        self.offer(self.session.mark_found(found))
        self.reload()

    def _row(self) -> Any:
        """The row under the cursor of the pane that has the keys."""
        return self.reader.cursor_row if self.spot.reading else self.list_now.cursor_row

    # -- places

    def action_forums(self) -> None:
        self.to_place("forums")

    def action_live(self) -> None:
        self.to_place("live")

    def action_mentions(self) -> None:
        self.session.need_name("mentions")
        self.to_place("mentions")

    def action_saved(self) -> None:
        self.to_place("saved")

    def action_followed(self) -> None:
        self.to_place("followed")

    def action_outbox(self) -> None:
        self.session.need_name("outbox")
        self.to_place("outbox")

    def action_jam(self) -> None:
        from screens.event import EventPage

        self.app.push_screen(EventPage(self.session, frozen=self._frozen, keymap=self.keymap))

    def action_forum(self, name: str) -> None:
        forum = self.session.forum(name)
        self.go(replace(self.spot, place="forums", forum=forum.id, thread="", reading=False))

    def action_post(self, post_id: str) -> None:
        self.open_post(post_id)

    def action_tag(self, name: str) -> None:
        self.action_search(f"tag:{name} ")

    def action_sort(self, order: str) -> None:
        self.sort_by(order)

    def action_search(self, words: str = "") -> None:
        self.search(words)

    # -- program

    def action_help(self) -> None:
        from screens.help import Help

        self.app.push_screen(Help(self.keymap, idle(self.session), why_idle(self.session)))

    def action_messages(self) -> None:
        from screens.last_messages import LastMessages

        self.query_one(HintLine).quiet()  # it stands there whole
        self.app.push_screen(LastMessages(self.session, self.keymap.name("reconnect")))

    def on_hint_line_asked(self) -> None:
        self.action_messages()

    def on_composer_said(self) -> None:
        self.action_messages()

    def action_command(self, line: str = "") -> None:
        if not self.query("#command-line"):
            from widgets.command_line import CommandLine

            hold_keys(self.app, lambda widget: widget.id == "command")
            self.query_one(HintLine).display = False
            self.mount(CommandLine(self._complete, line, self._command_ends))

    def _command_ends(self) -> None:
        """What is typed behind the line is meant for what it leads to: it waits until that is there."""
        hold_keys(self.app, nowhere)

    def _complete(self, line: str) -> list[str]:
        return complete(
            line,
            {
                **self.session.argument_words(),
                # Everybody is read only when somebody is to be named: it takes longer than a key may.
                "HANDLE": self.handles() if line.startswith(("person ", "profile ")) else [],
                "THEME": ["dark", "light", "high-contrast", "ansi", *sorted(self.app.available_themes)],
            },
        )

    # Its handlers are named, not decorated: that would import it at every start.

    async def on_command_line_left(self) -> None:
        await self._close_command()
        release_keys(self.app, nowhere)

    async def _close_command(self) -> None:
        await self.query("#command-line").remove()
        self.query_one(HintLine).display = True
        self._arrange()

    async def on_command_line_entered(self, message: CommandLine.Entered) -> None:
        try:
            await self._close_command()
            name, _, argument = message.line.partition(" ")
            if name:
                await self.perform(name, argument.strip())
        finally:
            release_keys(self.app, nowhere)

    def action_theme(self, name: str = "") -> None:
        choose = getattr(self.app, "choose_theme", None)
        if choose is None or not choose(name):
            raise UsageError(f"no theme is called {name}", "dark, light, high-contrast, ansi, or one that Tab offers.")


_SCREEN_ACTIONS = frozenset(
    action.method for action in BY_ID.values() if Where.JAM in action.where or Where.OUTBOX in action.where
)
