"""The main screen's part about hosts: announcements, and what only hosts do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content

from jamtui.errors import UsageError
from jamtui.event import Act
from jamtui.handing_over import waited
from jamtui.model import EVERYBODY, Draft, DraftKind, ForumRow
from jamtui.ways import until
from screens.messages import JamChanged
from screens.ways import Ways
from widgets.forum_head import ForumHead, head, plain_words
from widgets.rows import BADGES, count, one_line
from widgets.status_line import Tabs

if TYPE_CHECKING:
    from jamtui.host_rows import AnnouncementRow


class Hosting(Ways, part=True):
    """Mixed into `screens.jam.JamScreen`, over `Ways`."""

    _alert: AnnouncementRow | None = None
    _head_shows: tuple[object, ...] = ()  # what the head of the forum was made of

    def _write(self, draft: Draft, heading: str, *, titled: bool) -> None:
        raise NotImplementedError

    # -- the alert: the newest announcement that was not seen, in the place of the tabs

    def on_mount(self) -> None:
        self.call_after_refresh(self._look_for_alerts)  # not before the first frame

    @on(JamChanged)
    def announced(self, message: JamChanged) -> None:
        if message.changed.records or message.changed.everything:
            self._look_for_alerts()

    def on_resize(self) -> None:
        self._show_alert()

    def _look_for_alerts(self) -> None:
        away = self.session.place("alert")
        new = [row for row in self.session.announcements() if not row.seen and row.at.isoformat() > away]
        before, self._alert = self._alert, new[0] if new else None
        self._show_alert()
        low = self._alert is not None and not self.has_class("-tall")
        if low and self._alert is not None and (before is None or before.mark != self._alert.mark):
            # No tabs stand there, and no line is to be had: it is said where what was done is said.
            does = "changed an alert" if self._alert.edited_at else "announces"
            told = f"{self._alert.author or self._alert.handle} {does}: {plain_words(self._alert.body)}"
            self.say(told, "fact", tail=f"{self.keymap.name('announcements')} reads it", lasting=True)

    def _show_alert(self) -> None:
        row, there = self._alert, self.query("#alert")
        if row is None or not self.has_class("-tall"):
            if there:
                there.first().display = False
                self.query_one(Tabs).styles.clear_rule("display")
            return
        from widgets.alert import Alert  # most starts have none

        if not there:
            self.mount(Alert(), after=self.query_one(Tabs))
        to = f" to {row.forum}" if row.forum else ""
        head = Content.assemble(
            ("! ", "bold $warning"),
            (row.author or f"@{row.handle}", "bold $primary"),
            (f" {BADGES[row.role]}" if row.role in BADGES else "", "$warning"),
            (f" ≠ {row.alike}" if row.alike else "", "$error"),
            (f"{to}{' changed' if row.edited_at else ''} · {self.ages(row.at, self.session.now())}", "$text-muted"),
        )
        keys = self.keymap.fill("{announcements} reads   {put-away} puts away")
        self.query_one(Alert).say(head, plain_words(row.body), keys)
        self.query_one(Tabs).display = False

    def _tick(self) -> None:
        super()._tick()
        self._show_alert()

    def action_put_away(self) -> None:
        if self._alert is None:
            self.say("No alert stands there", "fact")
            return
        self.session.set_place("alert", self._alert.at.isoformat())
        self._look_for_alerts()

    def action_announcements(self, what: str = "") -> None:
        """All of them; what was listed counts as seen when one leaves. ``withdraw 2`` asks there whether the second is
        to be withdrawn, ``change 2`` opens its text."""
        from screens.announcements import AnnouncementsDialog

        verb, here = "", ""
        if what.strip():
            verb, row = self.session.announcement_meant(what)
            here = row.id
        if verb == "change":
            self._change_announcement(here)
            return
        dialog = AnnouncementsDialog(self.session, self.ages, here, verb)

        def left(answer: str | None) -> None:
            self._look_for_alerts()
            if answer:
                with self.in_words():
                    self._change_announcement(answer)

        self.app.push_screen(dialog, left)

    def _change_announcement(self, announcement_id: str) -> None:
        self._write(self.session.announcement_draft(announcement_id), "Change the announcement", titled=False)

    # -- the head of a forum: its brief and its polls

    def _draw_head(self) -> None:
        """Where one is in a list of a forum that has something to say."""
        there, spot = self.query_one(ForumHead), self.spot
        in_forum = spot.kind == "threads" and spot.place == "forums" and not spot.filter
        row = next((one for one in self.session.forums() if in_forum and one.id == spot.forum), None)
        polls = [one for one in self.session.polls() if one.open and one.forum_id == spot.forum] if row else []
        there.display = row is not None and bool(row.brief.strip() or polls) and self.has_class("-tall")
        if row is None or not there.display:
            return
        told, unfolded = self._brief_told(row.id)
        keys = self.keymap.name("brief-fold"), self.keymap.name("polls")
        hosts = self.session.forum_hosts(row) if unfolded else []
        changed = bool(told) and told != row.version
        forum = row
        # Of the forum what stands there: its counts are others with each post that comes.
        shows = (row.id, row.brief, row.send, tuple(hosts), tuple(polls), keys, unfolded, changed)
        if shows == self._head_shows:
            return
        self._head_shows = shows
        there.show(
            lambda width: head(forum, hosts, polls, width, keys, unfolded=unfolded, changed=changed)
        )  # fmt: skip

    def _brief_told(self, forum_id: str) -> tuple[int, bool]:
        """(the version of the brief that was unfolded last, whether it is unfolded now); 0 for never."""
        version, _, state = self.session.place(f"brief:{forum_id}").partition(":")
        return (int(version) if version.isdecimal() else 0), state == "open"

    def _refresh_heads(self) -> None:
        super()._refresh_heads()
        self._draw_head()

    def _forum_here(self, name: str = "") -> ForumRow:
        """The forum that is meant: the one named, else the one where one is or that is under the cursor."""
        row = self.list_now.cursor_row
        found = name or self.spot.forum or (row.id if isinstance(row, ForumRow) else "")
        if not found:
            raise UsageError("no forum is chosen here", "Open a forum first, or name it: :brief FORUM.")
        return self.session.forum(found)

    def action_brief_fold(self) -> None:
        """The brief whole, or one line of it again; where there is no room for it, as a page of its own."""
        row = self._forum_here()
        if not row.brief.strip():
            self.say("This forum has no brief yet", "fact")
            return
        _, unfolded = self._brief_told(row.id)
        in_list = self.query_one(ForumHead).display and not self.has_class("-reading")
        if not in_list:
            self._show_brief(row)
            return
        self.session.set_place(f"brief:{row.id}", f"{row.version}:{'' if unfolded else 'open'}")
        self._draw_head()

    def _show_brief(self, row: ForumRow) -> None:
        from screens.brief import BriefDialog

        self.session.set_place(f"brief:{row.id}", f"{row.version}:{'open' if self._brief_told(row.id)[1] else ''}")
        hosts = self.session.forum_hosts(row)
        self.app.push_screen(BriefDialog(row, hosts, self._changed_by(row)), lambda _: self._draw_head())

    def _changed_by(self, row: ForumRow) -> str:
        if row.edited_at is None:
            return ""
        who = self.session.changed_by(row)
        name = (who.name or f"@{who.handle}") + (f" ≠ {who.alike}" if who.alike else "") if who else ""
        return f"changed{f' by {name}' if name else ''} · {self.ages(row.edited_at, self.session.now())}"

    # -- polls

    def action_polls(self, what: str = "") -> None:
        """All polls with their bars; in a forum, its own first under the cursor. ``close 2`` (or ``remove 2``) asks
        there whether that is to be done with the second."""
        from screens.polls import PollsDialog

        here = next((row.id for row in self.session.polls() if row.open and row.forum_id == self.spot.forum), "")
        verb = ""
        if what.strip():
            verb, row = self.session.poll_meant(what)
            here = row.id

        def done(answer: str | None) -> None:
            self.reload()
            if answer == "ask":
                with self.in_words():
                    self.action_poll(self.session.forum(self.spot.forum).slug if self.spot.forum else "")

        self.app.push_screen(PollsDialog(self.session, self.ages, here, verb), done)

    def action_poll(self, forum: str = "") -> None:
        """Asks a poll, in the forum that is named, else in the whole Jam. For hosts."""
        from screens.polls import PollForm

        session = self.session
        row = session.forum(forum) if forum else None
        session.need_host("ask polls", row)
        session.check_may_write(Act.POLLS)
        try:
            before = json.loads(session.place("poll-draft") or "[]")
            kept = (str(before[0]), str(before[1]), str(before[2]))
        except (ValueError, IndexError, TypeError, KeyError):  # none, or of another version
            kept = ("", "", "")

        def ask(question: str, choices: list[str], ends: str) -> None:
            session.ask(question, choices, row.id if row else "", until(ends, session.now()) if ends else None)

        def keep(typed: tuple[str, str, str]) -> None:
            session.set_place("poll-draft", json.dumps(typed) if any(typed) else "")

        def asked(answer: tuple[str, list[str], str] | None) -> None:
            if answer is not None:
                self.reload()
                self.say(f"Asked: {one_line(answer[0])}", tail=f"{self.keymap.name('polls')} shows the polls")

        where = f"those of {one_line(row.title)}" if row else "everybody"
        self.app.push_screen(PollForm(where, kept, ask, keep), asked)

    # -- a host's shift

    def action_unanswered(self) -> None:
        """Threads of one's forums that nobody answered: a list like others, in which one key answers."""
        self.session.need_host("look after what nobody answered")
        self._to_anew("unanswered")

    def _left_head(self) -> tuple[Content, Content]:
        if self.spot.place == "unanswered":
            return Content("Waiting for an answer"), Content(count(len(self.list_now.keys), "thread", "threads"))
        return super()._left_head()

    def _banner(self) -> Content:
        if self.spot.place != "unanswered":
            return super()._banner()
        keys = self.session.threads(self.list_now.keys[:1])
        if not keys:
            return Content("")
        forums = self.session.hosted()
        where = "all forums" if len(forums) == len(self.session.forums()) else ", ".join(row.title for row in forums)
        longest = waited(keys[0].created_at, self.session.counted_from())
        answers = "" if self.session.refusal(Act.REPLIES) else f" {self.keymap.name('reply')} answers."
        told = f"The longest waits {longest}.{answers}"
        return Content.assemble((told, "$foreground"), (f"  {one_line(where)}", "$text-muted"))

    def _need_threads(self) -> None:
        if self.spot.place == "unanswered":
            raise UsageError("this list has one order: the longest waiting first")
        super()._need_threads()

    def action_hand_over(self) -> None:
        from screens.hand_over import HandOverDialog

        self.session.need_host("hand a shift over")
        self.session.look_at_desk()

        def chosen(post_id: str | None) -> None:
            if post_id:
                with self.in_words():
                    self.open_post(post_id)

        self.app.push_screen(HandOverDialog(self.session, self.ages), chosen)

    # -- texts of hosts

    def action_announce(self, forum: str = "") -> None:
        self.write_as_host(DraftKind.ANNOUNCEMENT, self.session.forum(forum).id if forum else EVERYBODY)

    def action_brief(self, forum: str = "") -> None:
        """Its hosts change it; who is none of them reads all of it, and is told why."""
        row = self._forum_here(forum)
        if self.session.hosts(row):
            self.write_as_host(DraftKind.BRIEF, row.id)
        elif row.brief.strip():
            self._show_brief(row)
        else:
            self.session.need_host("write the brief", row)

    def action_brief_history(self, forum: str = "") -> None:
        from screens.brief_history import BriefHistoryDialog

        row = self._forum_here(forum)
        self.session.brief_changes(row.id)  # says who may not
        self.app.push_screen(BriefHistoryDialog(self.session, self.ages, row.id))

    def write_as_host(self, kind: DraftKind, target: str) -> None:
        session = self.session
        if kind is DraftKind.BRIEF:
            draft = session.brief_draft(target)
            self._write(draft, f"Brief of {one_line(session.forum(target).title)}", titled=False)
            return
        session.need_host("announce")
        draft = session.draft(kind, target) or Draft(kind, target)
        to = "everybody" if target == EVERYBODY else f"those of {one_line(session.forum(target).title)}"
        self._write(draft, f"Announce to {to}", titled=False)
