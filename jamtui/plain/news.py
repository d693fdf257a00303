"""What others did meanwhile, collected and told in one line: never while somebody types, and seldom."""

from __future__ import annotations

import threading
from collections.abc import Callable

from msgspec import Struct, field
from msgspec.structs import replace

from jamtui.keys import AS_DELIVERED, Keymap
from jamtui.model import Changed, Link, SendState
from jamtui.notice import Came, Reason
from jamtui.notifier import summary
from jamtui.plain import words
from jamtui.session import Session
from jamtui.waiting import KINDS
from screens.doors import without_command

IDLE = 2.0  # seconds without a key after which something may be told by itself
# Announcements and what moderators tell one have words of their own.
_ELSEWHERE = (Reason.ANNOUNCEMENT, Reason.NOTICE, Reason.REPORT)
SELDOM = 15.0  # seconds between two things told by themselves


class News(Struct):
    """`changed` is called by the network's thread, the rest by the conversation, whose wait ``wake`` interrupts."""

    wake: Callable[[], None]
    keymap: Keymap = AS_DELIVERED
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pending: Changed | None = None
    _posts: int = 0  # new, and not told yet
    _here: int = 0  # of them, in the thread that is read
    _for_me: list[Came] = field(default_factory=list)  # of what came, and not told yet
    _came: list[Came] = field(default_factory=list)  # for `jamtui.plain.notifying`
    _outbox: dict[str, tuple[str, SendState]] = field(default_factory=dict)
    _link: tuple[Link, str] | None = None  # the link that was told, and why there is none; None: not known yet
    _fetching: bool = False  # the first load goes on while what is there is read already
    _lines: list[str] = field(default_factory=list)
    _reported: int = 0  # posts that wait for a moderator's decision
    _notices: set[str] = field(default_factory=set)  # of moderators, that were told or were there before
    _alerts: set[str] = field(default_factory=set)  # announcements that were told, or were there before

    def changed(self, changed: Changed) -> None:
        with self._lock:
            first = self._pending is None
            self._pending = changed if self._pending is None else self._pending | changed
        if first:
            self.wake()

    def take(self) -> Changed | None:
        """What changed since it was taken last."""
        with self._lock:
            pending, self._pending = self._pending, None
        return pending

    def begin(self, session: Session) -> None:
        """From here on, what differs is news."""
        session.came_in()
        status = session.status()
        self._link = None if status.link is Link.OFFLINE and not status.why else (status.link, status.why)
        self._fetching = status.progress is not None
        self._outbox = {row.id: (row.kind, row.state) for row in session.outbox()}
        self._alerts = {row.mark for row in session.announcements()}
        self._notices = {row.id for row in session.notices()}
        self._reported = session.waiting_reports()

    def hear(self, line: str) -> None:
        """Adds a sentence of our own."""
        self._lines.append(line)

    def note(self, session: Session, changed: Changed, here: int) -> None:
        """Adds what ``changed`` says. ``here`` new posts came into the thread that is read."""
        own = self._note_outbox(session)
        new = max(0, changed.new_posts - own)
        self._posts += new
        self._here += min(here, new)
        came = session.came_in()
        self._for_me += [one for one in came if one.reason not in _ELSEWHERE]
        self._came += came
        self._lines += [f"{text}." for text in changed.told]
        if changed.records or changed.everything:
            self._note_alerts(session)
        if changed.desk:
            self._note_notices(session)
        self._note_link(session)

    def _note_notices(self, session: Session) -> None:
        """What moderators tell this person since."""
        for row in reversed(session.notices()):
            if row.id not in self._notices and not row.seen:
                reason = f" {words.sentence(row.reason)}" if row.reason else ""
                more = words.fill("{notices} tells all notices.", self.keymap)
                self._lines.append(f"{words.sentence(row.words)}{reason} {more}")
            self._notices.add(row.id)
        before, self._reported = self._reported, session.waiting_reports()
        if self._reported > before:
            told = words.count(self._reported, "reported post")
            self._lines.append(words.fill(f"{told} to decide on. {{reports}} tells them.", self.keymap))

    def _note_alerts(self, session: Session) -> None:
        """What hosts announced since: whole where it is short."""
        for row in reversed(session.announcements()):
            if row.mark not in self._alerts and not row.seen:
                to = f" to {row.forum}" if row.forum else ""
                who = f"{row.author or row.handle}{words.role(row.role)}{words.looks(row.alike, row.handle)}"
                text = words.sentence(words.one_line(row.body, 300))
                more = words.fill("{announcements} tells all announcements.", self.keymap)
                what = "Changed announcement" if row.edited_at else "Announcement"
                self._lines.append(f"{what} by {who}{to}: {text} {more}")
            self._alerts.add(row.mark)

    def _note_outbox(self, session: Session) -> int:
        """How many posts of one's own arrived."""
        now = {row.id: (row.kind, row.state) for row in session.outbox()}
        posts = 0
        for outbox_id, (kind, _) in self._outbox.items():
            if outbox_id not in now:
                posts += kind == "post"
                if kind in ("post", "edit", "delete"):
                    self._lines.append(f"Sent: {KINDS[kind]}.")
        for row in session.outbox():
            if row.state is SendState.REFUSED and self._outbox.get(row.id, ("", None))[1] is not SendState.REFUSED:
                about = KINDS.get(row.kind, row.kind)
                outbox = words.fill("{outbox}", self.keymap)
                self._lines.append(
                    f"Refused: {about}. {row.reason.rstrip('.')}. It is kept, {outbox} opens the outbox."
                )
        self._outbox = now
        return posts

    def dropped(self, session: Session, sent: str = "", kind: str = "post") -> None:
        """The reader changed the outbox: that is no news. ``sent`` was put into it, and may have arrived already."""
        self._outbox = {row.id: (row.kind, row.state) for row in session.outbox()}
        if sent:
            self._outbox.setdefault(sent, (kind, SendState.QUEUED))

    def _note_link(self, session: Session) -> None:
        status = session.status()
        settled = (Link.LIVE, Link.OFFLINE, Link.SIGNED_OUT, Link.READER)
        if status.link in settled and (status.link, status.why) != self._link:
            if status.link is Link.SIGNED_OUT:  # the key behind it does what the command would
                status = replace(status, detail=without_command(status.detail))
            self._lines.append(f"Connection: {words.link(status, session.now())}.")
            if status.link is Link.SIGNED_OUT:
                self._lines.append(self.keymap.fill("What you write is kept. {reconnect} signs in again."))
            elif status.next_try is not None and not status.waits_for_server(session.now()):
                self._lines.append(self.keymap.fill("{reconnect} tries now."))
            self._link = (status.link, status.why)
        if self._fetching and status.link in (Link.LIVE, Link.READER):
            self._fetching = False
            posts = words.count(sum(forum.posts for forum in session.forums()), "post")
            self._lines.insert(0, f"The whole Jam is here: {posts}, {status.unread:,} unread.")

    def lines(self) -> list[str]:
        """What is to be told, once; [] for nothing."""
        lines, self._lines = self._lines, []
        if self._posts:
            facts = words.joined(
                words.count(self._posts, "new post"),
                f"{self._here:,} in this thread" if self._here else "",
                f"{len(self._for_me):,} for you" if self._for_me else "",
            )
            lines.append(f"{facts}.")
        if self._for_me:
            lines.append(
                f"{words.sentence(summary(self._for_me))} {words.fill('{inbox}', self.keymap)} opens the inbox."
            )
        self._posts = self._here = 0
        self._for_me = []
        return list(dict.fromkeys(lines))

    @property
    def waiting(self) -> bool:
        return bool(self._lines or self._posts or self._for_me)

    def take_came(self) -> list[Came]:
        """What came for the reader since it was taken last."""
        came, self._came = self._came, []
        return came
