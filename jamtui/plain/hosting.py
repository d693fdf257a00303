"""Handlers of the action table in plain mode: announcements, and what only hosts do."""

from __future__ import annotations

from collections.abc import Sequence

from jamtui.host_rows import AnnouncementRow
from jamtui.model import EVERYBODY, Draft, DraftKind
from jamtui.plain import words
from jamtui.plain.composer import Composer
from jamtui.plain.markdown import lines_of, spoken
from jamtui.plain.ways import Ways
from jamtui.plain.wrap import wrap
from jamtui.plain.writing import CONNECTED


class Hosting(Ways):
    """Methods named ``do_...`` are those of the action table."""

    def pages(self, lines: Sequence[str]) -> int:
        """Tells lines a page at a time, as long as one wants more; how many were told."""
        raise NotImplementedError

    # -- announcements

    def do_announcements(self) -> None:
        """All of them, the newest first, a page at a time; those that were told have been seen."""
        rows = self.session.announcements()
        if not rows:
            self.say("Nothing was announced yet. What hosts announce is told here.")
            return
        new = sum(not row.seen for row in rows)
        self.say(f"{words.count(len(rows), 'announcement')}{f', {new:,} new' if new else ''}.")
        self.flush()
        lines: list[str] = []
        ends: list[int] = []  # of each, the line behind its last
        for row in rows:
            lines += wrap(self._announcement(row), self.console.columns)
            lines += lines_of(spoken(row.body), self.console.columns)
            ends.append(len(lines))
        told = self.pages(lines)
        seen = [row.id for row, end in zip(rows, ends, strict=True) if end <= told and not row.seen]
        self.session.see_announcements(seen)
        self.show()

    def _announcement(self, row: AnnouncementRow) -> str:
        to = f" to {row.forum or 'one forum'}" if row.forum_id else ""
        facts = words.joined(
            "" if row.seen else "new",
            f"{row.author or row.handle}{words.role(row.role)}{words.looks(row.alike, row.handle)}{to}",
            words.sent(row.send, row.reason),
            self.ages(row.created_at, self.session.now()),
        )
        return f"{facts[:1].upper()}{facts[1:]}:"

    def do_put_away(self) -> None:
        self.say("In plain mode an alert is told once; nothing stands in the way.")

    def do_announce(self, forum: str = "") -> None:
        self._write_as_host(DraftKind.ANNOUNCEMENT, self.session.forum(forum).id if forum else EVERYBODY)

    def _write_as_host(self, kind: DraftKind, target: str) -> None:
        session = self.session
        session.need_host("announce")
        draft = session.draft(kind, target) or Draft(kind, target)
        to = "everybody" if target == EVERYBODY else f"those of {words.one_line(session.forum(target).title)}"
        self._compose_as_host(draft, f"Announce to {to}")

    def _compose_as_host(self, draft: Draft, heading: str) -> None:
        composer = Composer(
            self.session, self.console, self.edit, draft, heading, titled=False, keymap=self.keymap
        )  # fmt: skip
        if not composer.run():
            self.say("Draft kept." if composer.kept else "Nothing was written.")
        else:
            going = self.session.status().link in CONNECTED
            self.say("On its way." if going else "Queued: it goes out when the connection is back.")
            self.news.dropped(self.session)
        self.show()
