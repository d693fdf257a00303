"""The conversation of plain mode: a command in, its answer out, and the news between them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from jamtui.actions import ACTIONS, BY_ID, Action, Where, complete, unknown
from jamtui.errors import JamError, UsageError
from jamtui.keys import Keymap, grouped, key_name
from jamtui.mod_rows import ThreadFacts
from jamtui.plain import words
from jamtui.plain.console import Ended
from jamtui.plain.event import Event
from jamtui.plain.here import NOT_NEEDED, idle_here
from jamtui.plain.ideas import Ideas
from jamtui.plain.inbox import Inboxing
from jamtui.plain.keys import Key
from jamtui.plain.moderating import Moderating
from jamtui.plain.news import IDLE, SELDOM
from jamtui.plain.self_service import SelfService
from jamtui.plain.wrap import wrap
from jamtui.safe_text import safe_line
from screens.spot import Spot


def key_words(action: Action, keymap: Keymap) -> str:
    """The keys of an action for the ear: ``j or Down``."""
    return " or ".join(map(words.key, keymap.of(action.id))) or f":{action.id}"


class Plain(Moderating, Inboxing, SelfService, Event, Ideas):
    """All handlers of the action table, and what belongs to the program itself."""

    _stood: ThreadFacts | None = None  # how the thread that is read stood when it was looked at last

    # -- the table

    def places(self) -> tuple[Where, ...]:
        """Where one is, for the table: its keys differ in the outbox."""
        return (Where.OUTBOX if self.spot.kind == "outbox" and not self.spot.reading else Where.JAM, Where.APP)

    def action_of(self, key: str) -> Action | None:
        here = self.places()
        return next(
            (one for one in ACTIONS if key in self.keymap.of(one.id) and not set(here).isdisjoint(one.where)), None
        )

    def perform(self, action_id: str, argument: str = "") -> None:
        """Does an action by its name. What fails is told in words."""
        action = BY_ID.get(action_id)
        try:
            if action is None:
                title, hint = unknown(safe_line(action_id, 40))
                raise UsageError(title, self.with_keys(hint))
            if set(self.places()).isdisjoint(action.where):
                raise UsageError(f"{action.label} does not work here", f"It works in: {', '.join(action.where)}.")
            handler = getattr(self, f"do_{action.method}", None)
            if handler is None:
                self.say(NOT_NEEDED.get(action.id, f"{action.label} is not there in plain mode."))
            elif not action.argument:
                handler()
            elif argument or action.argument.startswith("?"):
                handler(argument)
            elif asked := self._ask(action):
                handler(asked)
        except JamError as error:
            self.complain(error)

    def _ask(self, action: Action) -> str:
        """The argument that an action cannot do without; "" when there is none."""
        begin = f"{action.id} "
        return self.asked(
            f"{action.argument.capitalize()}: ",
            lambda text: [line.removeprefix(begin) for line in complete(begin + text, self.session.argument_words())],
        )

    def do_sort_by(self) -> None:
        if order := self._ask(BY_ID["sort"]):
            self.do_sort(order)
        else:
            self.show()

    # -- the loop

    def run(self) -> None:
        """Until `Ended`; what is on the disk then is where one was."""
        self.begin()
        rested = time.monotonic()
        told = rested - SELDOM
        try:
            while True:
                self.catch_up()  # what came while something was typed has woken nobody
                now = time.monotonic()
                wait = None
                if self.news.waiting:
                    wait = max(0.0, rested + IDLE - now, told + SELDOM - now)
                for other in (self.notices.wait(), self.session.hours_change_in()):
                    if other is not None:
                        wait = other if wait is None else min(wait, other)
                command = self.console.command(wait)
                self.catch_up()
                self.notices.ring_when_due()
                if command is not None:
                    self.answer(command)
                    rested = time.monotonic()
                elif self.news.waiting and time.monotonic() >= max(rested + IDLE, told + SELDOM):
                    told = time.monotonic()
                    self._whisper()
        finally:
            if self.spot.reading:
                self.leave_post()
            self.keep_spot()

    def begin(self) -> None:
        """What is told first: where one is, then how the Jam stands and who one is, then the row or the post."""
        session = self.session
        who = f"You are {session.my_name()}"
        if still := session.still_does():
            who = f"{who}. {session.refusal()}; {still}"
        elif session.refusal():
            who = f"You read only: {session.refusal()}"
        self.news.begin(session)
        spot = self.remembered()
        self.spot = Spot()
        self.go(spot, quiet=True)
        self.say(f"{session.jam.title}: {self.where_words()}")
        self.say(words.standing(session.jam, session.status(), session.now(), session.event_now()))
        self.say(f"{who}. {self.with_keys('{help} tells the keys, {leave} leaves.')}")
        if (coming := session.status().progress) is not None and coming[1]:
            share = min(99, 100 * coming[0] // coming[1])
            self.say(f"More is on its way: {share} percent of it is here, and can be read already.")
        if alerts := sum(not row.seen for row in session.announcements()):
            told = words.count(alerts, "new announcement")
            self.say(f"{told} of hosts. {self.with_keys('{announcements} tells them.')}")
        if notices := sum(not row.seen for row in session.notices()):
            told = words.count(notices, "new notice")
            self.say(f"{told} of moderators to you. {self.with_keys('{notices} tells them.')}")
        if reported := session.waiting_reports():
            self.say(
                f"{words.count(reported, 'reported post')} to decide on. {self.with_keys('{reports} tells them.')}"
            )
        session.inbox()
        if mine := session.for_me():
            self.say(f"{words.count(mine, 'row')} for you. {self.with_keys('{inbox} opens the inbox.')}")
        if waiting := len(session.drafts()):
            self.say(f"{words.count(waiting, 'draft')} not sent yet. {self.with_keys('{drafts} lists them.')}")
        if not spot.reading:
            self._tell_brief()
        self.flush()

    def catch_up(self) -> None:
        """Takes in what changed since; nothing is told yet, and one stays where one is."""
        if hours := self.session.hours_news():
            self.news.hear(words.sentence(hours))
        changed = self.news.take()
        if self._stood is None or self._stood.thread != self.spot.thread or not self.spot.reading:
            self._stood = self._thread_facts()  # of a thread that was just opened
        if changed is not None:
            here = 0
            if changed.everything or changed.new_posts or changed.posts or changed.threads or changed.outbox:
                here = self.reload()
            self.news.note(self.session, changed, here)
            before, self._stood = self._stood, self._thread_facts()
            if told := self.session.meanwhile(before, self._stood):
                self.news.hear(f"{told}.")
            self.notices.hear(
                self.news.take_came(), lambda thread_id: self.spot.reading and self.spot.thread == thread_id
            )

    def _thread_facts(self) -> ThreadFacts | None:
        return self.session.thread_facts(self.spot.thread) if self.spot.reading else None

    def _whisper(self) -> None:
        lines = self.news_lines()
        if lines and not self.console.whisper(lines):
            self.console.tell(lines)

    def answer(self, command: Key | str) -> None:
        """Does what a key or a line asks for, and tells what came of it."""
        if isinstance(command, str):
            name, _, argument = command.removeprefix(":").partition(" ")
            key = name.lower() if self.action_of(name.lower()) and name.lower() not in BY_ID else ""
            if key:
                self.answer(Key(key))
                return
            self.perform(name, argument.strip())
        elif command.name == "ctrl+l":
            self.say(
                words.status(self.session.jam, self.session.status(), self.session.now(), self.session.event_now())
            )
            self.say(self.where_words())
            self.show()
        elif command.name == "ctrl+c":
            self.say(self.with_keys("{leave} goes back and leaves, {quit} leaves at once."))
        elif (action := self.action_of(command.name)) is not None:
            self.perform(action.id)
        else:
            pressed = safe_line(command.text) or key_name(command.name)
            self.say(f"{pressed} does nothing here. {self.with_keys('{help} tells the keys.')}")
        self.flush()

    def where_words(self) -> str:
        """Where one is, in a sentence."""
        if not self.spot.reading:
            return self.list_words()
        forum = self.forum_title(self.session.post(self.spot.thread).forum_id)
        left = len(self.unread)
        return (
            f"In {forum}, {words.one_line(self.thread_title(), 200)}: {words.count(len(self.index), 'post')}"
            f"{f', {left:,} unread' if left else ''}."
        )

    # -- program

    def do_help(self) -> None:
        """What does something here, in words, a page at a time; for a word, what belongs elsewhere, too."""
        self.flush()
        typed = self.console.line("Help about (Enter: all that works here): ")
        if typed.key == "escape":
            self.show()
            return
        wanted = typed.text.strip()
        idle, here = self.idle_here(), {*self.places(), Where.COMPOSER}
        lines: list[str] = []
        for group, actions in grouped(wanted, self.keymap):
            told = []
            for action in actions:
                works = action.id not in idle and not here.isdisjoint(action.where)
                if works or wanted:
                    about = self.with_keys(action.help_words) if works else self._elsewhere(action)
                    told += wrap(f"{key_words(action, self.keymap)}: {about}", self.console.columns, "  ")
            lines += [f"{group.value}:", *told] if told else []
        if not lines:
            self.say("No action is called that.")
            return
        if not wanted:
            lines += wrap("Ctrl-L: Tell again where you are, and how the Jam stands.", self.console.columns, "  ")
            names = "Every name works on the {command} line. {help} and a word tells what belongs elsewhere, too."
            lines += wrap(self.with_keys(names), self.console.columns, "  ")
        self.pages(lines)
        self.show()

    def idle_here(self) -> frozenset[str]:
        """Ids of actions that do nothing where one is; see `jamtui.plain.here`."""
        folded = self.spot.reading and self.post_key in self.folded
        undo = bool(self.undos)
        return idle_here(
            self.session,
            self.spot,
            self.row,
            rows=bool(self.keys),
            post=self.session.post,
            folded=folded,
            undo=undo,
            drafted=(not self.spot.reading or self.row is not None)
            and self.session.draft(*self.draft_place()) is not None,
        )

    def _elsewhere(self, action: Action) -> str:
        if action.id in NOT_NEEDED:
            return f"Not in plain mode. {NOT_NEEDED[action.id]}"
        return f"Not here. {self.with_keys(action.help_words)}"

    def pages(self, lines: Sequence[str]) -> int:
        page, told = self.console.page - 1, 0
        for start in range(0, len(lines), page):
            told = min(start + page, len(lines))
            more = told < len(lines)
            self.console.tell(
                [
                    *lines[start:told],
                    *([f"More: {self.with_keys('{read-on}')}. Any other key leaves."] if more else []),
                ]
            )
            if more and self._key() not in self._goes_on():
                break
        return told

    def _goes_on(self) -> set[str]:
        return {key for action in ("read-on", "open", "page-down", "down") for key in self.keymap.of(action)}

    def _key(self) -> str:
        while (key := self.console.command(None)) is None:
            pass
        return key.name if isinstance(key, Key) else key

    def do_messages(self) -> None:
        """What was said besides rows and posts, the newest last: that is where one hears on."""
        said = self.session.said.newest_first[: self.console.page]
        for one in reversed(said):
            self.say(f"{words.clock_time(one.at, self.session.now())}: {words.sentence(one.text)}")
        if not said:
            self.say("No messages yet.")

    def do_command(self) -> None:
        self.flush()
        typed = self.console.line(
            ":", complete=lambda line: complete(line, self.session.argument_words()) if line else []
        )
        name, _, argument = typed.text.strip().partition(" ")
        if typed.key == "escape" or not name:
            self.show()
        else:
            self.perform(name, argument.strip())

    def do_palette(self) -> None:
        """Finds an action by what it does."""
        self.flush()
        typed = self.console.line("What do you want to do? ")
        here = set(self.places())
        found = [
            one for _, actions in grouped(typed.text, self.keymap) for one in actions if not here.isdisjoint(one.where)
        ]
        if typed.key == "escape" or not typed.text.strip() or not found:
            self.say("No action is called that." if typed.text.strip() and typed.key != "escape" else "Nothing done.")
            return
        if len(found) > 1:
            for number, action in enumerate(found[:20], 1):
                self.say(f"{number}. {action.label}: {self.with_keys(action.help_words)}")
            shown = min(20, len(found))
            picked = self.number(f"Which, {words.numbers(shown)}: ", shown)
            found = [] if picked is None else [found[picked - 1]]
        if found:
            self.perform(found[0].id)
        else:
            self.say("Nothing done.")

    def do_theme(self, name: str = "") -> None:
        self.say("Plain mode has the colours of your terminal, and needs none.")

    def do_suspend(self) -> None:
        self.console.suspend()  # coming back is a Ctrl-L: it is told anew where one is

    def do_quit(self) -> None:
        raise Ended(0)
