"""The session's half about moderation: reporting, acts and undoing them, notices, and what a locked thread or a
suspension means for who writes.

Mixed into `jamtui.session.Session`. What is done goes through the outbox like everything else: off line as well, once,
in order with what is written in its thread.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from jamtui import event
from jamtui.errors import NotFound, NotSignedIn, Refused, UsageError
from jamtui.mod_rows import (
    DONE,
    MAX_NOTE,
    MAX_REASON,
    NEED_REASON,
    NO_ACTS,
    OF_HOSTS,
    OF_RECORDS,
    ON_PEOPLE,
    REASONS,
    AuditRow,
    HiddenRow,
    NoticeRow,
    QueueRow,
    ReportRow,
    Suspended,
    ThreadFacts,
)
from jamtui.model import GONE, Draft, ForumRow, Link, Me, PostRow, ThreadRow, Undo, begins
from jamtui.refusals import act_of
from jamtui.store.own import Payload, new_uuid7

if TYPE_CHECKING:
    from jamtui.store.marks import MarkStore
    from jamtui.store.own import Own, Queued
    from jamtui.store.registry import KnownJam
    from jamtui.store.rows import Rows

LOCAL = "%d %B %H:%M"  # how a time is told
LOCKED = "This thread is locked: it can be read, and nothing more is written in it"


class Act(Struct, frozen=True):
    """One act as it is asked for."""

    act: str
    reason: str = ""
    post_id: str = ""
    person_id: str = ""
    to: str = ""
    until: datetime | None = None


class Moderating:
    """What `Session` gives: its rows, its marks, its outbox, who reads."""

    _acts: dict[str, tuple[str, str]] | None = None
    _waiting: tuple[object, int] | None = None  # what was counted when, and how many reports wait

    if TYPE_CHECKING:  # `Session` has these; a body here would stand before theirs
        known: KnownJam
        signs_in: str
        explore: bool
        _own: Own
        _marks: MarkStore
        _rng: random.Random

        @property
        def me(self) -> Me: ...
        @property
        def role(self) -> str: ...
        def now(self) -> datetime: ...
        def refusal(self, act: event.Act | None = None) -> str: ...
        def refused(self, act: event.Act | None = None) -> event.Refusal | None: ...
        def check_may_write(self, act: event.Act, *, late: bool = False) -> None: ...
        def forum(self, name: str) -> ForumRow: ...
        def forums(self) -> list[ForumRow]: ...
        def post(self, post_id: str) -> PostRow: ...
        def desk(self) -> dict[str, object]: ...
        def hosts(self, forum: ForumRow | None = None) -> bool: ...
        def _fresh(self) -> Rows: ...
        def _connection(self) -> tuple[Link | None, datetime | None]: ...
        def drop(self, outbox_id: str) -> Undo: ...
        def _enqueue(
            self, outbox_id: str, kind: str, post_id: str, thread_id: str, forum_id: str,
            payload: Payload | Callable[[], Payload], draft: Draft | None = None,
        ) -> str: ...  # fmt: skip

    # -- who may

    @property
    def moderates(self) -> bool:
        """Whether the reader is a moderator here, as the mirror has it; never of an archive."""
        return self.role == "moderator" and not self.known.local

    def moderators(self) -> int:
        """How many moderators see a report."""
        return sum(row.role == "moderator" for row in self._fresh().people())

    def suspended(self) -> Suspended | None:
        """The reader's own suspension, while it lasts."""
        desk = self.desk()
        if "suspended" not in desk:
            return None
        from jamtui.store import moderation  # not for a start

        return moderation.suspended(desk, self.now())

    def suspended_words(self) -> str:
        """Why the reader cannot write for now; "" when nothing of the kind is so."""
        found = self.suspended()
        if found is None:
            return ""
        return f"You are suspended until {found.until.astimezone():{LOCAL}}: {found.reason.rstrip('.')}"

    def suspensions(self) -> dict[str, datetime]:
        """For moderators: who is suspended (person id), and until when."""
        from jamtui.store import moderation

        return moderation.suspensions(self.desk(), self.now())

    def locked_for_me(self, post: PostRow | ThreadRow) -> bool:
        """Whether nothing can be written in the post's thread, or in the thread, by this reader."""
        rows = self._fresh()
        opener: PostRow | ThreadRow = post
        if isinstance(post, PostRow) and post.id != post.thread_id:
            try:
                opener = rows.post(post.thread_id)
            except NotFound:
                return False
        return opener.locked and not self.hosts(self.forum(opener.forum_id))

    def thread_facts(self, thread_id: str, answered: str = "") -> ThreadFacts | None:
        """How the thread stands that is read, and the post that is answered there; None when it is not there."""
        try:
            opener = self.post(thread_id)
            gone = self.post(answered).gone if answered else ""
        except NotFound:
            return None
        return ThreadFacts(thread_id, opener.forum_id, opener.locked, answered, gone)

    def meanwhile(self, before: ThreadFacts | None, after: ThreadFacts | None) -> str:
        """What moderators and hosts did to it between the two, as far as it makes a difference to who reads or writes
        there, in a line without a full stop; "" for nothing of the kind, and for what the reader did."""
        if before is None or after is None or before.thread != after.thread:
            return ""
        told = []
        if after.locked and not before.locked:
            told.append("This thread is locked now: it takes no more replies")
        if before.locked and not after.locked:
            told.append("This thread takes replies again")
        if after.forum != before.forum:
            told.append(f"This thread was moved to {self.forum(after.forum).title}")
        if after.gone and before.answered == after.answered and not before.gone:
            told.append(f"What you answer was {GONE[after.gone]}")
        mine = told and any(about == after.thread for _, about in self._mine_acts().values())
        return "" if mine else ". ".join(told)

    def need_open_thread(self, post: PostRow) -> None:
        """Raises `Refused` where a thread is locked, before anybody writes."""
        if self.locked_for_me(post):
            hint = "Hosts of its forum and moderators still can. A text that you had begun stays a draft."
            raise Refused(LOCKED[:1].lower() + LOCKED[1:], hint, "post_locked")

    def may_act(self, act: str, post: PostRow) -> bool:
        """Whether the reader may do it, to this post and in this state of the Jam, as far as is known here."""
        if self.refused(act_of("moderate", removes=act == "remove")) is not None:
            return False  # what is archived is removed, and nothing else
        if act not in OF_HOSTS:
            own = post.author_id == self.me.person_id
            return self.moderates and not (own and act in (*ON_PEOPLE, "unhide"))
        return post.id == post.thread_id and self.hosts(self.forum(post.forum_id))

    def acts_on(self, post: PostRow) -> list[str]:
        """The acts that make sense for a post now, by this reader."""
        opener = post.id == post.thread_id
        found = []
        if post.gone == "hidden":
            found += ["unhide", "remove"]
        elif not post.gone:
            found += ["hide", "remove"]
        if opener:
            found += ["unlock" if post.locked else "lock", "move", "merge"]
        suspended = post.author_id in self.suspensions() if self.moderates else False
        if post.role != "moderator" or suspended:
            found += ["warn", "unsuspend" if suspended else "suspend"]
        return [act for act in found if self.may_act(act, post)]

    def need_acts_on(self, post: PostRow) -> list[str]:
        """`acts_on`, never empty. Raises `Refused`, `NotSignedIn` or `UsageError` with what says why there is none."""
        if self.known.local:
            raise Refused(self.refusal())
        if self.me.guest:
            raise NotSignedIn("you read as a guest", f"To moderate, sign in: {self.signs_in}.")
        if not self.hosts():
            raise Refused("this is for moderators", f"{self._role_words()} You can report a post.", "forbidden")
        acts = self.acts_on(post)
        if not acts:
            if reason := self.refusal(event.Act.MODERATION):
                raise Refused(reason)
            hint = "Hosts lock, move and merge threads of their forums: choose the post that opens one."
            raise UsageError("nothing can be done to this post", hint)
        return acts

    def _role_words(self) -> str:
        return f"Your role here is {self.role}; if it is another by now, jamtui sync fetches it."

    # -- reporting

    def report(self, post_id: str, reason: str, note: str = "") -> str:
        """Tells the moderators of a post; the outbox row's id. Raises what says why it cannot be."""
        post = self.need_reportable(post_id)
        note = note.strip()
        if reason not in REASONS:
            raise UsageError(f"{reason[:40]} is no reason", f"Reasons: {', '.join(REASONS)}.")
        if reason == "other" and not note:
            raise UsageError("say what it is", "With the reason other, moderators need a note.")
        if len(note) > MAX_NOTE:
            raise UsageError(f"the note is {len(note) - MAX_NOTE:,} characters too long", f"The limit is {MAX_NOTE:,}.")
        new_id = new_uuid7(self.now(), self._rng)
        data: dict[str, object] = {"post_id": post.id, "reason": reason, **({"note": note} if note else {})}
        payload = Payload(title=f"{reason}: {_line(post)}", path=("reports", new_id), data=data)
        return self._enqueue(new_id, "report", post.id, post.thread_id, post.forum_id, payload)

    def need_reportable(self, post_id: str) -> PostRow:
        """The post, when the reader may report it. Raises what says why not."""
        post = self.post(post_id)
        if self.known.local:
            raise Refused(self.refusal())
        if self.me.guest:
            raise NotSignedIn("you read as a guest", f"To report, sign in: {self.signs_in}.")
        if post.author_id == self.me.person_id:
            raise UsageError("this post is your own", "You can change it or take it back.")
        if post.gone:
            raise UsageError(f"this post was {GONE[post.gone]}", "There is nothing left to report.")
        if any(row.post_id == post.id and row.state in ("open", "waiting") for row in self.my_reports()):
            raise UsageError("you reported this post already", "Moderators see it; you are told what becomes of it.")
        return post

    def withdraw_report(self, outbox_id: str) -> None:
        """A report that has not gone out yet is as if it had not been. Raises `UsageError` when moderators may have it
        already."""
        waiting = self._own.one(outbox_id)
        if waiting is None or waiting.state == "sent" or waiting.attempts:
            raise UsageError("the moderators have it already", "They decide; you are told what becomes of it.")
        self.drop(outbox_id)

    def may_hold(self, forum_id: str) -> list[ForumRow]:
        """Forums that a thread can go to from ``forum_id``: of a host those that they host."""
        return [row for row in self.forums() if row.id != forum_id and self.hosts(row)]

    def thanks(self) -> str:
        """What is told who reported."""
        count, link = self.moderators(), self._connection()[0]
        if not count:
            return "Thank you. This Jam has no moderator yet; the first one will see it"
        if link not in (None, Link.LIVE, Link.READER):
            return "Thank you. It goes out when the Jam can be reached"
        return f"Thank you, {count:,} moderator{'s see' if count > 1 else ' sees'} it"

    def my_reports(self) -> list[ReportRow]:
        """One's own reports with what became of them: those that wait in the outbox, then the latest first."""
        from jamtui.store import moderation

        waiting = self._own.outbox("WHERE kind = 'report'")
        return moderation.reports(self._fresh(), self.desk(), waiting)

    # -- acts

    def person_id(self, handle: str) -> str:
        """Who has a handle. Raises `NotFound`."""
        found = self._fresh().person_named(handle)
        if found is None:
            raise NotFound(f"nobody is called @{handle[:40]}", "jamtui people lists everybody.")
        return found

    def act(self, act: Act) -> str:
        """Puts one act into the outbox; its id, by which it can be undone. Raises what says why it cannot be."""
        reason = act.reason.strip()
        if act.act not in DONE or act.act in NO_ACTS:
            raise UsageError(f"{act.act[:40]} is no act", "jamtui moderate --help lists them.")
        if act.act in NEED_REASON and not reason:
            raise UsageError("say why", "The people concerned are told the reason, not who acted.")
        if len(reason) > MAX_REASON:
            over = f"the reason is {len(reason) - MAX_REASON:,} characters too long"
            raise UsageError(over, f"The limit is {MAX_REASON:,}.")
        post = self.post(act.post_id) if act.post_id else None
        self._need_rights(act, post)
        data: dict[str, object] = {"act": act.act}
        fields = {"reason": reason, "post_id": post.id if post else "", "person_id": act.person_id, "to": act.to}
        data |= {name: value for name, value in fields.items() if value}
        if act.until is not None:
            from jamtui.archive import rfc3339

            data["until"] = rfc3339(act.until)
        return self._moderate(data, self.in_words_of(act, post), post)

    def _need_rights(self, act: Act, post: PostRow | None) -> None:
        if self.known.local:
            raise Refused(self.refusal())
        if self.me.guest:
            raise NotSignedIn("you read as a guest", f"To moderate, sign in: {self.signs_in}.")
        if self.hosts() and (of_jam := act_of("moderate", removes=act.act == "remove")) is not None:
            self.check_may_write(of_jam)
        if act.act in OF_HOSTS:
            if post is None or post.id != post.thread_id:
                raise UsageError("this is no thread", "Name the post that opens it.")
            if not self.hosts(self.forum(post.forum_id)):
                hint = "Moderators and the hosts of its forum lock, move and merge threads."
                raise Refused("you may not do this here", hint, "forbidden")
        elif not self.moderates:
            raise Refused("this is for moderators", self._role_words(), "forbidden")

    def _moderate(self, data: dict[str, object], words: str, post: PostRow | None) -> str:
        new_id = new_uuid7(self.now(), self._rng)
        payload = Payload(title=words, path=("moderation", new_id), data=data)
        about = (post.id, post.thread_id, post.forum_id) if post is not None else ("", "", "")
        self._mine_acts()[new_id] = words, about[0]
        return self._enqueue(new_id, "moderate", *about, payload)

    def _mine_acts(self) -> dict[str, tuple[str, str]]:
        """What was done since the start, by its id: what, to which post. It is undone without the desk, too."""
        if self._acts is None:
            self._acts = {}
        return self._acts

    def in_words_of(self, act: Act, post: PostRow | None) -> str:
        """What an act does, as its line in the outbox and the audit log."""
        parts = [DONE[act.act]]
        rows = self._fresh()
        if act.person_id:
            found = rows.persons([act.person_id]).get(act.person_id)
            parts.append(f"{found.name} @{found.handle}" if found else "somebody")
        if post is not None:
            parts.append(f"{'for ' if act.person_id else ''}“{_line(post)}”")
        if act.act == "move":
            parts.append(f"to {self.forum(act.to).title}")
        elif act.act == "merge":
            parts.append(f"into “{_line(self.post(act.to))}”")
        if act.until is not None:
            parts.append(f"until {act.until.astimezone():{LOCAL}}")
        return " ".join(parts)

    def told_of(self, act: Act) -> str:
        """What was done, in a line for who did it."""
        words = self.in_words_of(act, self.post(act.post_id) if act.post_id else None)
        return f"{words[:1].upper()}{words[1:]}"

    def undo_act(self, act_id: str) -> str:
        """Takes an act back: out of the outbox while it waits there, else by an act of its own, whose row's id is
        returned ("" when none was needed). Raises `UsageError`."""
        waiting = self._own.one(act_id)
        if waiting is not None and (waiting.state == "refused" or (waiting.state != "sent" and not waiting.attempts)):
            self.drop(act_id)
            return ""
        row = next((row for row in self.audit() if row.id == act_id), None)
        mine = self._mine_acts().get(act_id)
        if waiting is None and (row is not None or mine is None):
            if row is None:
                raise UsageError("no such act in the audit log", "jamtui audit lists them.")
            if row.act == "remove":
                raise UsageError("a removal is final", "The text is not kept anywhere.")
            if row.act in OF_RECORDS:
                raise UsageError("this is final", "What was taken away is not kept anywhere.")
            if not row.undoable:
                why = "It was undone already." if row.undone else "Undo what came after it first."
                raise UsageError("this cannot be undone", why)
        words, about = mine or ("", "")
        if waiting is not None:
            words, about = waiting.payload.title, waiting.post_id
        elif row is not None:
            words, about = row.words, row.post_id
        try:
            post = self.post(about) if about else None
        except NotFound:
            post = None
        return self._moderate({"act": "undo", "of": act_id}, f"undid: {words}", post)

    def audit(self) -> list[AuditRow]:
        """What was done, the latest first; of hosts what they did themselves."""
        from jamtui.store import moderation

        waiting = self._own.outbox("WHERE kind = 'moderate'")
        return moderation.audit(self._fresh(), self.desk(), waiting, moderates=self.moderates, local=LOCAL)

    # -- the queue

    def queue(self) -> list[QueueRow]:
        """What was reported and not decided, most often reported first. Raises `Refused` for who does not moderate."""
        if not self.moderates:
            raise Refused("this is for moderators", self._role_words(), "forbidden")
        from jamtui.store import moderation

        return moderation.queue(self._fresh(), self.desk(), self._decided())

    def waiting_reports(self) -> int:
        """How many posts wait for a moderator's decision; 0 for who is none."""
        if not self.moderates or not self.desk().get("queue"):
            return 0
        stamp = self._own.stamp()  # it is asked for in every frame
        if self._waiting is None or self._waiting[0] != stamp:
            from jamtui.store import moderation

            desk = self.desk()
            listed = len(moderation.reported(desk) - self._decided())
            self._waiting = stamp, listed + moderation.not_listed(desk)
        return self._waiting[1]

    def _decided(self) -> set[str]:
        """Posts on which something is decided that the desk does not show yet."""
        return {row.post_id for row in self._own.outbox("WHERE kind IN ('moderate', 'decide')") if _decides(row)}

    def dismiss(self, row: QueueRow) -> str:
        """Leaves a reported post as it is; the outbox row's id."""
        first = row.reports[0]
        new_id = new_uuid7(self.now(), self._rng)
        words = f"dismissed the reports of “{row.about}”"
        payload = Payload(title=words, path=("reports", first.id), data={"state": "dismissed"})
        return self._enqueue(new_id, "decide", row.post_id, row.thread_id, "", payload)

    def undo_dismissal(self, row_id: str, post_id: str) -> None:
        """Puts a dismissed post back into the queue. Raises `UsageError` while the Jam has not told of it yet."""
        waiting = self._own.one(row_id)
        if waiting is not None and waiting.state != "sent" and waiting.attempts == 0:
            self.drop(row_id)
            return
        for act in self.audit():
            if act.act == "dismiss" and act.post_id == post_id and act.undoable:
                self.undo_act(act.id)
                return
        raise UsageError("the Jam has not told of it yet", "Undo it in the audit log in a moment.")

    # -- hidden posts, notices

    def desk_rows(self, name: str) -> list[dict[str, object]]:
        """A section of the desk as it came, for programs."""
        found = self.desk().get(name)
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def hidden(self) -> list[HiddenRow]:
        """Hidden posts, whole: of moderators all of them, of others their own."""
        desk = self.desk()
        if "hidden" not in desk:
            return []
        from jamtui.store import moderation

        return moderation.hidden(self._fresh(), desk)

    def notices(self) -> list[NoticeRow]:
        """What moderators tell this person, the latest first."""
        desk: Mapping[str, object] = self.desk()
        if "notices" not in desk:
            return []
        from jamtui.store import moderation

        seen = self._marks.seen("notice")
        return moderation.notices(self._fresh(), desk, seen, LOCAL)

    def see_notices(self, ids: Collection[str]) -> None:
        """They were looked at. Does nothing while exploring."""
        if not self.explore:
            self._marks.see("notice", ids, self.now())


def _line(post: PostRow) -> str:
    """How a post begins."""
    return begins(post, 80)


def _decides(row: Queued) -> bool:
    return row.state != "refused" and row.payload.data.get("act") not in ("unhide", "unlock", "unsuspend", "undo")
