"""Handlers of the action table in plain mode: reporting, acts, the queue, the audit log, notices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from jamtui.errors import sentence
from jamtui.mod_rows import CALLED, HAPPENS, KEYS, NEED_REASON, ON_PEOPLE, REASONS, TIMES, TOLD, QueueRow
from jamtui.model import PostRow
from jamtui.moderating import LOCAL, Act
from jamtui.plain import words
from jamtui.plain.hosting import Hosting
from jamtui.plain.wrap import wrap

_MOST = 20  # rows that are told of a list


class Moderating(Hosting):
    """Methods named ``do_...`` are those of the action table."""

    def _numbered(self, label: str, count: int) -> int | None:
        """The place, from 0 on, of the number that is typed; None for any other answer."""
        number = self.number(f"{label}, {words.numbers(count)}; Enter leaves: ", count)
        return None if number is None else number - 1

    # -- notices

    def do_notices(self) -> None:
        """The latest first, a page at a time; those that were told have been seen."""
        self.session.need_name("notices")
        self.session.look_at_desk()
        suspended = self.session.suspended()
        if suspended is not None:
            until = f"{suspended.until.astimezone():{LOCAL}}"
            self.say(f"You are suspended until {until}: {words.sentence(suspended.reason)} Reading goes on.")
        rows = self.session.notices()
        if not rows:
            self.say("No notices. What moderators decide about your posts and your reports is told here.")
            return
        self.flush()
        lines: list[str] = []
        ends: list[int] = []
        for row in rows:
            new = "New: " if not row.seen else ""
            reason = f" {words.sentence(row.reason)}" if row.reason else ""
            told = f"{new}{words.sentence(row.words)}{reason} Told {self.ages(row.at, self.session.now())}."
            lines += wrap(told, self.console.columns)
            ends.append(len(lines))
        told_lines = self.pages(lines)
        self.session.see_notices([row.id for row, end in zip(rows, ends, strict=True) if end <= told_lines])
        self.show()

    # -- reporting

    def do_report(self) -> None:
        post = self.session.need_reportable(self.need_post().id)
        self.say(f"Report the post of {post.author}: {words.one_line(post.title or post.body, 80)}")
        for number, (reason, about) in enumerate(REASONS.items(), 1):
            self.say(f"{number}. {reason}: {about}")
        at = self._numbered("Why", len(REASONS))
        if at is None:
            self.say("Nothing reported.")
            return
        typed = self.console.line("A note for the moderators (may stay empty): ")
        if typed.key == "escape":
            self.say("Nothing reported.")
            return
        done = self.session.report(post.id, list(REASONS)[at], typed.text)
        self.news.dropped(self.session, done, "report")
        self.offer(self.session.thanks(), lambda: self.session.withdraw_report(done))

    def do_reports(self) -> None:
        """For moderators each reported post in turn, to be decided on; for others what became of their own."""
        self.session.need_name("reports")
        self.session.look_at_desk()
        if self.session.moderates:
            self._go_through()
            return
        rows = self.session.my_reports()
        if not rows:
            self.say(self.with_keys("You reported nothing. {report} on a post tells the moderators of it."))
            return
        for row in rows[:_MOST]:
            self.say(f"{row.reason}: {words.one_line(row.about, 80)} -- {row.became}.")

    def _go_through(self) -> None:
        rows = self.session.queue()
        if not rows:
            self.say("Nothing waits: what people report is told here.")
            return
        self.say(f"{words.count(len(rows), 'post')} to decide on.")
        for number, row in enumerate(rows, 1):
            self._tell_reported(row, number, len(rows))
            self.flush()
            answer = self.console.choose(
                "x leaves it, h hides, l locks, w warns, m more, n next, any other key ends.", "xhlwmn"
            )
            if not answer:
                self.say("The others wait.")
                return
            if answer != "n":
                self._decide(row, answer)
        self.say("That was all.")

    def _tell_reported(self, row: QueueRow, number: int, total: int) -> None:
        self.say(f"{number} of {total}, reported {words.count(row.people, 'time')}: {row.reasons}.")
        for one in row.reports:
            note = f": {one.note}" if one.note else ""
            self.say(f"{one.name} @{one.handle}, {one.reason}{note}.")
        if more := row.people - len(row.reports):
            self.say(f"And {words.count(more, 'other person', 'other people')}.")
        self.say(f"In {row.forum}, {words.sentence(words.one_line(row.thread, 80))} By {row.author} @{row.handle}:")
        post = self.session.post(row.post_id)
        if post.title:
            self.say(words.one_line(post.title, 200))
        self.say(words.one_line(post.body, 600))

    def _decide(self, row: QueueRow, answer: str) -> None:
        session = self.session
        if answer == "x":
            done = session.dismiss(row)
            self.offer("Left as it is", lambda: session.undo_dismissal(done, row.post_id))
        elif answer == "m":
            self._moderate(session.post(row.post_id))
        else:
            act = {"h": "hide", "l": "lock", "w": "warn"}[answer]
            target = row.thread_id if act == "lock" else row.post_id
            self._do(Act(act, row.as_reason, target, row.author_id if act == "warn" else ""))

    # -- acts

    def do_moderate(self) -> None:
        self._moderate(self.need_post())

    def _moderate(self, post: PostRow) -> None:
        acts = self.session.need_acts_on(post)
        begin = words.one_line(post.title or post.body, 80) or "its text is not shown"
        self.say(f"The post of {post.author}: {begin}.")
        for act in acts:
            self.say(f"{KEYS[act]}: {CALLED[act]}.")
        self.flush()
        answer = self.console.choose("What is to be done? Any other key leaves it.", "".join(KEYS[act] for act in acts))
        act = next((one for one in acts if KEYS[one] == answer), "")
        if not act:
            self.say("Left as it is.")
            return
        self.say(f"{HAPPENS[act]}{f' {TOLD}' if act in NEED_REASON else ''}")
        asked = Act(act, "", post.id, post.author_id if act in ON_PEOPLE else "")
        to, until = "", None
        if act == "move":
            forums = self.session.may_hold(post.forum_id)
            if (at := self._of("Which forum", [row.title for row in forums])) is None:
                return
            to = forums[at].id
        elif act == "merge":
            typed = self.asked("Into which thread (its id, or its first six characters): ")
            if not typed:
                self.say("Left as it is.")
                return
            to = self.session.post(typed).thread_id
        elif act == "suspend":
            if (at := self._of("How long", [called for _, called in TIMES])) is None:
                return
            until = self.session.now() + timedelta(hours=TIMES[at][0])
        self.flush()
        typed_reason = self.console.line("The reason, for the people concerned: ")
        if typed_reason.key == "escape":
            self.say("Left as it is.")
            return
        self._do(Act(act, typed_reason.text.strip(), post.id, asked.person_id, to, until))

    def _of(self, label: str, choices: Sequence[str]) -> int | None:
        for number, choice in enumerate(choices, 1):
            self.say(f"{number}. {choice}")
        at = self._numbered(label, len(choices))
        if at is None:
            self.say("Left as it is.")
        return at

    def _do(self, act: Act) -> None:
        done = self.session.act(act)
        self.news.dropped(self.session, done, "moderate")
        self.reload()
        told = self.session.told_of(act)
        if act.act == "remove":
            self.say(words.sentence(told))
        else:
            self.offer(told, self._undoing(done))

    def _undoing(self, act_id: str) -> Callable[[], None]:
        def run() -> None:
            self.session.undo_act(act_id)

        return run

    def do_audit(self) -> None:
        """The latest first; one that is named by its number is undone."""
        self.session.need_host("read what was done")
        self.session.look_at_desk()
        rows = self.session.audit()[:_MOST]
        if not rows:
            self.say("Nothing was done yet: what moderators do is told here, and can be undone.")
            return
        for number, row in enumerate(rows, 1):
            state = ", undone" if row.undone else f", {row.send.value}" if row.send else ""
            reason = f": {row.reason.rstrip('.')}" if row.reason else ""
            self.say(f"{number}. {row.by} {row.words}{reason}{state}, {self.ages(row.at, self.session.now())}.")
        at = self._numbered("Undo which", len(rows))
        if at is None:
            self.say("Left as it is.")
            return
        self.session.undo_act(rows[at].id)
        self.say(f"Undone: {sentence(rows[at].words)}.")

    def do_hidden(self) -> None:
        self.session.need_name("hidden posts")
        self.session.look_at_desk()
        rows = self.session.hidden()
        if not rows:
            self.say("Nothing is hidden." if self.session.moderates else "No post of yours is hidden.")
            return
        for number, row in enumerate(rows[:_MOST], 1):
            self.say(f"{number}. {row.author} @{row.handle}: {words.one_line(f'{row.title} {row.body}', 400)}")
        if not self.session.moderates:
            return
        at = self._numbered("Show which again", min(len(rows), _MOST))
        if at is None:
            self.say("Left as it is.")
        else:
            self._do(Act("unhide", post_id=rows[at].post_id))
