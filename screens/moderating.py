"""The main screen's part about moderation: reporting, acts, the queue, the audit log, and what moderators tell one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content

from jamtui.errors import UsageError
from jamtui.model import PostRow
from screens.hosting import Hosting
from screens.messages import JamChanged
from widgets.rows import one_line
from widgets.status_line import Tabs

if TYPE_CHECKING:
    from jamtui.mod_rows import NoticeRow
    from jamtui.moderating import Act
    from screens.moderate import Target

_MOST = 2_000  # threads that one can be merged into, the latest active ones


class Moderating(Hosting, part=True):
    """Mixed into `screens.jam.JamScreen`, over `Hosting`."""

    _notice: NoticeRow | None = None
    _reported = 0  # posts that waited for a decision when that was told last
    _merges: frozenset[str] = frozenset()  # ids of acts by which the reader merged threads

    def _post(self) -> PostRow:
        raise NotImplementedError

    def offer_undo(self, what: str, take_back: Callable[[], None]) -> None:
        raise NotImplementedError

    # -- notices: a quiet line in the place of the tabs, until the person has looked at them

    def on_mount(self) -> None:
        self.call_after_refresh(self._look_for_notices)  # not before the first frame

    @on(JamChanged)
    def told_by_moderators(self, message: JamChanged) -> None:
        if message.changed.desk or message.changed.everything:
            self._look_for_notices()
            self._refresh_lines()  # somebody may be suspended now

    def _look_for_notices(self) -> None:
        new = [row for row in self.session.notices() if not row.seen]
        before, self._notice = self._notice, next((row for row in new if row.grave), new[0] if new else None)
        self._show_alert()
        if self._notice is not None and not self.has_class("-tall") and self._notice != before:
            self.say(self._notice.words, "warning", tail=f"{self.keymap.name('notices')} reads it", lasting=True)

        self._tell_reported()

    def _tell_reported(self) -> None:
        """Moderators hear of posts that were reported since they were told last."""
        before, self._reported = self._reported, self.session.waiting_reports()
        if self._reported > before:
            posts = "1 post is" if self._reported == 1 else f"{self._reported:,} posts are"
            keys = self.keymap.name("reports")
            self.say(f"{posts} reported", "fact", tail=f"{keys} shows them", lasting=True)

    def _show_alert(self) -> None:
        row = self._notice
        if row is None or not self.has_class("-tall"):
            super()._show_alert()
            return
        from widgets.alert import Alert  # most starts have none

        if not self.query("#alert"):
            self.mount(Alert(), after=self.query_one(Tabs))
        alert = self.query_one(Alert)
        alert.display = True
        head = Content.assemble(
            ("! ", "bold $warning"), (one_line(row.words), "bold $warning" if row.grave else "bold")
        )
        alert.say(head, one_line(row.reason), self.keymap.fill("{notices} reads"))
        self.query_one(Tabs).display = False

    def action_put_away(self) -> None:
        if self._notice is not None:
            raise UsageError("this is for you alone", f"{self.keymap.name('notices')} reads it; then it is gone.")
        super().action_put_away()

    def action_notices(self) -> None:
        from screens.notices import NoticesDialog

        self.session.need_name("notices")
        self.session.look_at_desk()
        self.app.push_screen(NoticesDialog(self.session, self.ages), self._come_back)

    def _come_back(self, post_id: str | None) -> None:
        self._look_for_notices()
        self._go_to(post_id)

    def _go_to(self, post_id: str | None) -> None:
        self.reload()
        if post_id:
            with self.in_words():
                self.open_post(post_id)

    # -- reporting

    def action_report(self) -> None:
        from screens.report import ReportDialog

        post = self.session.need_reportable(self._post().id)

        def answered(answer: tuple[str, str] | None) -> None:
            if answer is None:
                return
            with self.in_words():
                done = self.session.report(post.id, *answer)
                self.offer_undo(self.session.thanks(), lambda: self.session.withdraw_report(done))

        begin = one_line(post.title) or one_line(post.body[:200])
        self.app.push_screen(ReportDialog(begin, post.author), answered)

    def action_reports(self) -> None:
        """For moderators the queue, for others what became of their own."""
        self.session.need_name("reports")
        self.session.look_at_desk()
        if self.session.moderates:
            from screens.reports import QueueDialog

            self.app.push_screen(QueueDialog(self.session, self.ages, self._moderate), self._go_to)
        else:
            from screens.reports import MyReportsDialog

            key = self.keymap.name("report")
            self.app.push_screen(MyReportsDialog(self.session, self.ages, key), self._go_to)

    # -- acts

    def action_moderate(self) -> None:
        self._moderate(self._post(), "", self._offer_act)

    def _offer_act(self, act_id: str, words: str) -> None:
        self.reload()
        if act_id:
            self.offer_undo(words, lambda: self._undo_act(act_id))
        else:
            self.say(words)

    def _undo_act(self, act_id: str) -> None:
        self._moved_it = self._shown if act_id in self._merges else ""
        self.session.undo_act(act_id)

    def _moderate(self, post: PostRow, act: str, told: Callable[[str, str], None]) -> None:
        """Opens the dialog of acts; ``told`` gets the act's id ("" for what cannot be undone) and what was done."""
        from jamtui.moderating import Act
        from screens.moderate import ModerateDialog, Target

        acts = self.session.need_acts_on(post)
        if act and act not in acts:
            raise UsageError("this cannot be done here", "It was done already, or your role does not allow it.")

        def answered(answer: Act | None) -> None:
            if answer is None:
                return
            with self.in_words():
                done = self.session.act(answer)
                if answer.act == "merge":
                    self._moved_it = post.thread_id
                    self._merges |= {done}
                told("" if answer.act == "remove" else done, self.session.told_of(answer))

        forums = [Target(row.id, row.title) for row in self.session.may_hold(post.forum_id)]
        begin = one_line(post.title) or one_line(post.body[:200]) or "(its text is not shown)"
        dialog = ModerateDialog(
            begin, post.author, [] if act else acts, Act(act, post_id=post.id, person_id=post.author_id),
            forums=forums, threads=lambda: self._threads_for(post), now=self.session.now(),
        )  # fmt: skip
        self.app.push_screen(dialog, answered)

    def _threads_for(self, post: PostRow) -> Sequence[Target]:
        """What a thread can be merged into: threads of its forum first."""
        from screens.moderate import Target

        session = self.session
        keys = [*session.thread_keys(post.forum_id, "active")]
        for forum in self.session.may_hold(post.forum_id):
            keys += session.thread_keys(forum.id, "active")
        return [
            Target(row.id, one_line(row.title) or "(no title)", f"{row.author}, {self._forum_title(row.forum_id)}")
            for row in session.threads(keys[:_MOST])
            if row.id != post.thread_id and not row.gone and row.send is None
        ]

    def action_audit(self) -> None:
        from screens.audit import AuditDialog

        self.session.need_host("read what was done")
        self.session.look_at_desk()
        self.app.push_screen(AuditDialog(self.session, self.ages), self._go_to)

    def action_hidden(self) -> None:
        from screens.hidden import HiddenDialog

        self.session.need_name("hidden posts")
        self.session.look_at_desk()
        self.app.push_screen(HiddenDialog(self.session, self.ages), self._go_to)
