"""The outbox as part of a session: what waits and why, when it is tried again, and what to do about a refusal.

Mixed into `jamtui.session.Session`, under `jamtui.writing.Writing`.
"""

from __future__ import annotations

import contextlib
from datetime import datetime

from msgspec.structs import replace

from jamtui.errors import NotFound, UsageError
from jamtui.event import Act, Refusal
from jamtui.model import Conflict, Draft, DraftKind, Link, OutboxRow, PostRow, SendState, Undo, begins
from jamtui.refusals import act_of, advice
from jamtui.safe_text import safe_body, safe_line, safe_name
from jamtui.store.own import ACTS, TEXTS, Dropped, Own, Queued, as_draft
from jamtui.store.pending import Pending
from jamtui.store.rows import Rows
from jamtui.sync.asked import LONGEST

# What waits, in words: the names of kinds are for programs.
KINDS = {
    "post": "post",
    "edit": "change of a post",
    "delete": "taking back a post",
    "tag": "tag",
    "untag": "taking off a tag",
    "vote": "vote",
    "unvote": "taking back a vote",
    "announce": "announcement",
    "announce-change": "change of an announcement",
    "withdraw": "withdrawing an announcement",
    "brief": "brief of a forum",
    "poll": "poll",
    "close-poll": "closing a poll",
    "remove-poll": "taking a poll away",
    "ballot": "ballot",
    "unballot": "taking back a ballot",
    "report": "report",
    "moderate": "act of moderation",
    "decide": "decision on reports",
    "kind": "saying what a thread is",
    "idea-state": "saying how far an idea is",
    "feature": "featuring a post",
    "unfeature": "featuring a post no longer",
    "connect": "link to a post",
    "disconnect": "taking away a link",
}


class Waiting:
    """What `Session` gives: its rows, its outbox, its clock, its network."""

    _own: Own
    _rows: Rows

    def now(self) -> datetime:
        raise NotImplementedError

    def late_until(self, act: Act) -> datetime | None:
        raise NotImplementedError

    def refused(self, act: Act | None = None) -> Refusal | None:
        raise NotImplementedError

    def post(self, post_id: str) -> PostRow:
        raise NotImplementedError

    def bring_back(self, n: int) -> Draft:
        """Makes a draft again of what was thrown away (`jamtui.writing`)."""
        raise NotImplementedError

    def _links_waiting(self, post_id: str) -> tuple[tuple[str, str], ...]:
        """Links of a post that waits."""
        raise NotImplementedError

    def _brief_conflict(self, row: Queued) -> Conflict:
        raise NotImplementedError

    def _wake(self, *, at_once: bool = False) -> None:
        """Something was put into the outbox: whoever holds the network is to look."""
        raise NotImplementedError

    def _not_before(self) -> datetime | None:
        raise NotImplementedError

    def _connection(self) -> tuple[Link | None, datetime | None]:
        """How the link is of whoever holds the network, and when that tries again. None: nobody holds it."""
        raise NotImplementedError

    def outbox(self) -> list[OutboxRow]:
        """What waits, in the order in which it was written, with why, when it is tried again, and what can be done."""
        from jamtui.sync.outbox import next_rows

        rows = self._own.outbox()
        if not rows:
            return []
        following = {row.id for row in next_rows(rows)}
        link, again = self._connection()
        return [self._outbox_row(row, row.id in following, link, again) for row in rows]

    def _outbox_row(self, row: Queued, is_next: bool, link: Link | None, again: datetime | None) -> OutboxRow:
        at, when = row.next_try, ""
        hours = self._late_words(row)
        if row.state == "queued" and is_next:
            at = max((one for one in (row.next_try, again) if one is not None), default=None)
            when = self._when(at, link)
        elif row.state == "queued":
            when = "after what stands before it in its thread"
        return OutboxRow(
            row.id, row.kind, row.shown, safe_name(row.reason), safe_line(self._summary(row), 200), row.post_id,
            row.thread_id, row.forum_id, row.created, row.attempts, at if row.state == "queued" else None,
            f"{when}; {hours}" if when and hours else when,
            advice(row.kind, row.code) if row.shown is SendState.REFUSED else "", row.code,
        )  # fmt: skip

    def _late_words(self, row: Queued) -> str:
        """What the Jam's hours mean for something that waits: it is sent whatever this machine thinks of them."""
        removes = row.payload.data.get("act") == "remove"
        act = act_of(row.kind, answers=row.payload.parent_id is not None, removes=removes)
        if act is None or (refused := self.refused(act)) is None:
            return ""
        until = self.late_until(act)
        if until is not None:
            ended = "the phase is over" if refused.phase is not None else "the Jam has closed"
            return f"{ended}, but takes this until {until.astimezone():%d %B %H:%M}"
        return "by now the Jam may refuse it"

    def _when(self, at: datetime | None, link: Link | None) -> str:
        """When a row that is next is tried, in words."""
        if link is Link.SIGNED_OUT:
            return "once you have signed in again (jamtui login)"
        if link is None:
            return "when jamtui is started, or jamtui sync runs"
        if at is not None and at > self.now():
            return f"at {at.astimezone():%H:%M:%S}"
        if link is Link.LIVE:
            return "now"
        return "as soon as the mirror is up to date" if link is Link.SYNCING else "as soon as the server answers"

    def _summary(self, row: Queued) -> str:
        if row.kind in ("post", "edit"):
            return row.payload.title or " ".join(row.payload.body[:2000].split())
        if row.kind in ACTS:
            return row.payload.title
        with contextlib.suppress(NotFound):
            target = self.post(row.post_id)
            about = begins(target, 80)
            if row.kind == "delete" and (there := self._rows.as_confirmed(row.post_id)) is not None and not there.gone:
                about = safe_line(there.title or " ".join(there.body[:400].split()), 80)  # what goes, not that it goes
            return f"{row.payload.tag}: {about}" if row.payload.tag else about
        return row.payload.title or row.payload.tag or row.post_id

    def waiting(self, name: str) -> Queued:
        """A row by its id, or by the first characters of one (6 or more). Raises `NotFound`, `UsageError` when several
        fit."""
        name = name.strip().lower()
        found = self._own.one(name)
        fits = [found] if found is not None else []
        if not fits and len(name) >= 6:
            fits = [row for row in self._own.outbox() if row.id.startswith(name)]
        if len(fits) > 1:
            raise UsageError(f"several rows begin with {safe_line(name)}", "Give more characters of the id.")
        if not fits:
            raise NotFound(f"nothing in the outbox is called {safe_line(name)}", "jamtui outbox lists what waits.")
        return fits[0]

    def retry(self, outbox_id: str) -> str:
        """Tries again as it is, now; what that does, in words: where the server asked for a wait, that stands. Raises
        `UsageError` for what would only be refused again."""
        row = self.waiting(outbox_id)
        if row.state == "refused" and row.code == "version_conflict":
            raise UsageError("it was changed meanwhile", "Look at both versions and choose: yours, theirs, or a third.")
        if row.state == "refused" and not row.intact:
            raise UsageError("this was damaged on the disk", "Edit it, look through it, and send it again; or drop it.")
        until = row.next_try if row.state == "queued" and row.code else None  # what the server asked for this one
        now = self.now()
        if until is None or not now < until <= now + LONGEST:  # a time further off is one of before the clock was set
            self._own.retry(row.id)
            self._wake(at_once=True)
            until = self._not_before()
        if until is None or until <= now:
            return "Trying again"
        return f"The server asked to be left alone until {until.astimezone():%H:%M:%S}: it is sent then"

    def conflict(self, outbox_id: str) -> Conflict:
        """Both versions of a post that was changed meanwhile. Raises `UsageError` for a row that met no newer one."""
        row = self.waiting(outbox_id)
        if row.state != "refused" or row.code != "version_conflict":
            raise UsageError("nobody else changed this", "jamtui outbox says why it waits.")
        if row.kind == "brief":
            return self._brief_conflict(row)
        mine, there = row.payload, self._rows.as_confirmed(row.post_id)
        my_title, my_body = safe_name(mine.title), safe_body(mine.body)
        if there is None or there.version <= mine.base_version:
            return Conflict(row.id, row.kind, "", "", 0, None, False, my_title, my_body)
        return Conflict(
            row.id, row.kind, safe_name(there.title or ""), safe_body(there.body), there.version, there.edited_at,
            bool(there.gone), my_title, my_body, there.gone,
        )  # fmt: skip

    def choose_mine(self, outbox_id: str) -> None:
        """My version of a post that was changed meanwhile goes over theirs. Raises `UsageError`."""
        conflict = self.conflict(outbox_id)
        if conflict.gone:
            why = conflict.why_gone.removesuffix(".")
            raise UsageError(f"{why[:1].lower()}{why[1:]}", "Send your text elsewhere, or drop it.")
        if not conflict.version:
            hint = "Try again when the mirror is up to date (jamtui sync)."
            raise UsageError("the newer version has not come in yet", hint)
        self._own.upon(conflict.outbox_id, conflict.version)
        self._wake()

    def choose_theirs(self, outbox_id: str) -> Undo:
        """Theirs stays; mine is dropped, and can be brought back."""
        return self.drop(self.conflict(outbox_id).outbox_id)

    def reopen(self, outbox_id: str) -> Draft:
        """A queued or refused post or edit becomes a draft again, and one that met a newer version goes on from that.
        Raises `UsageError` for anything else."""
        row = self.waiting(outbox_id)
        if row.kind not in TEXTS or row.state == "sent":
            raise UsageError("only texts that were not sent can be changed", "Drop it, or let it be sent.")
        tags = Pending("", "", row.payload.tags)
        if row.kind == "post":  # a tag that was put on it meanwhile is one of its tags
            tags.fold(self._own.outbox("WHERE post_id = ? AND kind IN ('tag', 'untag')", (row.post_id,)))
        draft = as_draft(row, tags.tags)
        if draft.kind is DraftKind.THREAD:
            draft = replace(draft, links=self._links_waiting(row.post_id))
        if row.code == "version_conflict":
            draft = replace(draft, base_version=self.conflict(row.id).version or draft.base_version)
        self._keep_what_is_there(draft)
        self._drop(row, draft)
        return draft

    def _keep_what_is_there(self, instead: Draft) -> None:
        """A draft that is written already at a place is never overwritten by another. Raises `UsageError`."""
        there = self._own.draft(instead.kind, instead.target)
        if there is not None and (there.title, there.body) not in (("", ""), (instead.title, instead.body)):
            hint = "Send it or throw it away first; nothing was changed."
            raise UsageError("there is another draft at that place", hint)

    def drop(self, outbox_id: str) -> Undo:
        """Raises `UsageError` for what has been sent."""
        row = self.waiting(outbox_id)
        return undo_of(f"{KINDS.get(row.kind, row.kind)} dropped from the outbox", self._drop(row))

    def _drop(self, row: Queued, draft: Draft | None = None) -> Dropped:
        dropped = self._own.drop(row.id, self.now(), draft)
        if dropped is None:
            raise UsageError("this was sent already", "It leaves the outbox by itself; change or take back the post.")
        self._wake()
        return dropped

    def undo_writing(self, token: object) -> bool:
        """Takes back what `discard_draft` or `drop` did; False when the token is of another kind. Raises `UsageError`
        when the Jam was asked already to take the post back."""
        match token:
            case ("thrown", int() as n):
                self.bring_back(n)
            case ("outbox", Dropped() as dropped):
                if not self._own.put_back(dropped):
                    hint = "Its text is among what was thrown away; sent again, it is another post."
                    raise UsageError("the Jam was asked to take it back already", hint)
                self._wake()
            case _:
                return False
        return True


def undo_of(what: str, dropped: Dropped) -> Undo:
    """``what`` was done, with what else became of what was dropped, and what takes it back."""
    if dropped.answers:
        kept = "your answer to it is" if dropped.answers == 1 else f"your {dropped.answers} answers to it are"
        what = f"{what}; {kept} kept in the outbox"
    if dropped.unsaid:
        what = f"{what}; it may have arrived, so the Jam is asked to take it back, too"
    return Undo(what, ("outbox", dropped))
