"""The main screen's part about hosts: announcements, and what only hosts do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.content import Content

from jamtui.model import EVERYBODY, Draft, DraftKind
from screens.messages import JamChanged
from screens.ways import Ways
from widgets.rows import BADGES, one_line
from widgets.status_line import Tabs

if TYPE_CHECKING:
    from jamtui.host_rows import AnnouncementRow


class Hosting(Ways):
    """Mixed into `screens.jam.JamScreen`, over `Ways`."""

    _alert: AnnouncementRow | None = None

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
        new = [row for row in self.session.announcements() if not row.seen and row.created_at.isoformat() > away]
        before, self._alert = self._alert, new[0] if new else None
        self._show_alert()
        low = self._alert is not None and not self.has_class("-tall")
        if low and self._alert is not None and (before is None or before.id != self._alert.id):
            # No tabs stand there, and no line is to be had: it is said where what was done is said.
            told = f"{self._alert.author or self._alert.handle} announces: {one_line(self._alert.body)}"
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
            (f"{to} · {self.ages(row.created_at, self.session.now())}", "$text-muted"),
        )
        keys = self.keymap.fill("{announcements} reads   {put-away} puts away")
        self.query_one(Alert).say(head, one_line(row.body[:600]), keys)
        self.query_one(Tabs).display = False

    def _tick(self) -> None:
        super()._tick()
        self._show_alert()

    def action_put_away(self) -> None:
        if self._alert is None:
            self.say("No alert stands there", "fact")
            return
        self.session.set_place("alert", self._alert.created_at.isoformat())
        self._look_for_alerts()

    def action_announcements(self) -> None:
        """All of them; what was listed counts as seen when one leaves."""
        from screens.announcements import AnnouncementsDialog

        self.app.push_screen(AnnouncementsDialog(self.session, self.ages), lambda _: self._look_for_alerts())

    # -- what only hosts do

    def action_announce(self, forum: str = "") -> None:
        self.write_as_host(DraftKind.ANNOUNCEMENT, self.session.forum(forum).id if forum else EVERYBODY)

    def write_as_host(self, kind: DraftKind, target: str) -> None:
        self.session.need_host("announce")
        draft = self.session.draft(kind, target) or Draft(kind, target)
        to = "everybody" if target == EVERYBODY else f"those of {one_line(self.session.forum(target).title)}"
        self._write(draft, f"Announce to {to}", titled=False)
