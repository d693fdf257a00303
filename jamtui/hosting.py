"""The session's half about what hosts do: announcements, briefs of forums, polls, and who may do that.

Mixed into `jamtui.session.Session`. What is written goes through the outbox like everything else.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from jamtui.archive import rfc3339
from jamtui.errors import NotFound, NotSignedIn, Refused, UsageError
from jamtui.event import HOSTS, Act, Refusal
from jamtui.model import (
    CHANGE,
    EVERYBODY,
    MAX_ANNOUNCEMENT,
    Conflict,
    Draft,
    DraftKind,
    ForumRow,
    Limits,
    Me,
    PersonRow,
    Undo,
)
from jamtui.safe_text import safe_body, safe_line
from jamtui.store.own import Payload, new_uuid7

if TYPE_CHECKING:
    from jamtui.host_rows import AnnouncementRow, BriefChange, PollRow
    from jamtui.store.marks import MarkStore
    from jamtui.store.own import Own, Queued
    from jamtui.store.registry import KnownJam
    from jamtui.store.rows import Rows

MAX_QUESTION, MAX_CHOICE, MAX_CHOICES = 300, 100, 8  # characters, characters, how many
_POLL_KINDS = "'poll', 'close-poll', 'remove-poll', 'ballot', 'unballot'"


class Hosting:
    """What `Session` gives: its rows, its marks, its outbox, who reads."""

    if TYPE_CHECKING:  # `Session` has these; a body here would stand before theirs
        known: KnownJam
        explore: bool
        limits: Limits
        _own: Own
        _marks: MarkStore
        _rng: random.Random

        @property
        def me(self) -> Me: ...
        def now(self) -> datetime: ...
        def event_now(self) -> datetime: ...
        def refusal(self, act: Act | None = None) -> str: ...
        def refused(self, act: Act | None = None) -> Refusal | None: ...
        def check_may_write(self, act: Act, *, late: bool = False) -> None: ...
        def forum(self, name: str) -> ForumRow: ...
        def forums(self) -> list[ForumRow]: ...
        def desk(self) -> dict[str, object]: ...
        def drop(self, outbox_id: str) -> Undo: ...
        def _fresh(self) -> Rows: ...
        def _enqueue(
            self, outbox_id: str, kind: str, post_id: str, thread_id: str, forum_id: str,
            payload: Payload | Callable[[], Payload], draft: Draft | None = None,
        ) -> str: ...  # fmt: skip

    # -- who hosts

    @property
    def role(self) -> str:
        """What the reader is here, as the mirror has it: it may have changed since one signed in."""
        return self.me.role if self.me.guest else self._fresh().my_role()

    def hosts(self, forum: ForumRow | None = None) -> bool:
        """Whether the reader is a host or moderator; of ``forum``: one of its own, which every host is of a forum that
        names none."""
        if self.known.local or self.role not in HOSTS:
            return False
        own = forum is None or not forum.host_ids or self.me.person_id in forum.host_ids
        return own or self.role == "moderator"

    def hosted(self) -> list[ForumRow]:
        """The forums that the reader looks after: those that name them, else all that they may steer, else all."""
        forums = self.forums()
        if not self.hosts():
            return []
        named = [row for row in forums if self.me.person_id in row.host_ids]
        return named or [row for row in forums if self.hosts(row)] or forums

    def need_host(self, what: str, forum: ForumRow | None = None) -> None:
        """Raises `Refused` (or `NotSignedIn`), saying why, for who may not do ``what``."""
        if self.known.local:
            raise Refused(self.refusal())
        if self.me.guest:
            raise NotSignedIn("you read as a guest", f"Only hosts and moderators {what}: sign in as one.")
        if self.hosts(forum):
            return
        if forum is not None and self.hosts():
            raise Refused(f"you are no host of {forum.title}", f"Its own hosts and moderators {what}.", "forbidden")
        hint = f"Hosts and moderators {what}; your role here is {self.role}."
        raise Refused("this is for hosts", hint, "forbidden")

    # -- announcements

    def announcements(self) -> list[AnnouncementRow]:
        """What hosts announced, the newest first, one's own that wait to be sent before all. Harmless."""
        rows, waiting = self._fresh(), self._own.outbox("WHERE kind IN ('announce', 'announce-change', 'withdraw')")
        if not waiting and not rows.records("announcement"):
            return []
        from jamtui.store import hosting  # not for a start

        return hosting.announcements(rows, self._marks.seen("announcement"), waiting)

    def see_announcements(self, ids: Collection[str]) -> None:
        """They were looked at. Does nothing while exploring."""
        if not self.explore:
            marks = [row.mark for row in self.announcements() if row.id in ids]
            self._marks.see("announcement", marks, self.now())

    def announce(self, body: str, forum: str = "") -> str:
        """Tells everybody something, or those of one forum (its slug or id); the outbox row's id. Not held to the Jam's
        hours: people are greeted before it opens and thanked after it closed."""
        target = self.forum(forum).id if forum else EVERYBODY
        return self._announce(Draft(DraftKind.ANNOUNCEMENT, target, body=body), None)

    def _announce(self, draft: Draft, instead_of: Draft | None) -> str:
        self.need_host("announce")
        self.check_may_write(Act.ANNOUNCEMENTS)
        changed = self._own_announcement(draft.target.removeprefix(CHANGE)) if draft.target.startswith(CHANGE) else None
        text = draft.body.strip()
        if not text:
            raise UsageError("there is nothing to announce", "Write a text.")
        if len(text) > MAX_ANNOUNCEMENT:
            over = f"the announcement is {len(text) - MAX_ANNOUNCEMENT:,} characters too long"
            raise UsageError(over, f"The limit is {MAX_ANNOUNCEMENT:,}; what is longer belongs into a thread.")
        data: dict[str, object] = {"body": text}
        if changed is not None:
            return self._change_announcement(changed, text, instead_of)
        forum_id = "" if draft.target == EVERYBODY else self.forum(draft.target).id
        if forum_id:
            data["forum_id"] = forum_id
        new_id = draft.post_id
        if not new_id or self._own.one(new_id) is not None:
            new_id = new_uuid7(self.now(), self._rng)
        payload = Payload(title=_line(text), path=("announcements", new_id), data=data)
        return self._enqueue(new_id, "announce", "", "", forum_id, payload, instead_of)

    def _change_announcement(self, row: AnnouncementRow, text: str, instead_of: Draft | None) -> str:
        def payload() -> Payload:
            for one in self._own.outbox("WHERE kind = 'announce-change' AND state <> 'sent'"):
                if one.payload.path[-1] == row.id and not one.attempts:
                    self._own.replaced(one)  # this one takes its place
            return Payload(title=_line(text), path=("announcements", row.id), data={"body": text})

        new_id = new_uuid7(self.now(), self._rng)
        return self._enqueue(new_id, "announce-change", "", "", row.forum_id, payload, instead_of)

    def _own_announcement(self, name: str) -> AnnouncementRow:
        """One that the reader may change. Raises what says why not."""
        row = self.announcement(name)
        self.need_host("change announcements")
        if not row.mine:
            raise Refused("this announcement is another host's", "Who announced it changes it.", "forbidden")
        waiting = self._own.one(row.id)
        if waiting is not None and waiting.state != "sent":
            raise UsageError("it was not sent yet", "It waits in the outbox, and is changed there.")
        return row

    def changes(self, row: AnnouncementRow) -> bool:
        """Whether the reader may change its text: their own, once it was sent."""
        waiting = self._own.one(row.id) if row.mine else None
        return row.mine and self.hosts() and (waiting is None or waiting.state == "sent")

    def change_announcement(self, name: str, body: str) -> str:
        """Another text for an announcement of one's own; the outbox row's id. Who saw it sees it anew."""
        row = self._own_announcement(name)
        return self._announce(Draft(DraftKind.ANNOUNCEMENT, f"{CHANGE}{row.id}", body=body), None)

    def announcement_draft(self, name: str) -> Draft:
        """What a change of an announcement begins with: the draft that there is, else its text as it was written."""
        row = self._own_announcement(name)
        target = f"{CHANGE}{row.id}"
        if found := self._own.draft(DraftKind.ANNOUNCEMENT, target):
            return found
        waiting = self._own.outbox("WHERE kind = 'announce-change' AND state <> 'refused'")
        texts = [str(one.payload.data.get("body", "")) for one in waiting if one.payload.path[-1] == row.id]
        return Draft(DraftKind.ANNOUNCEMENT, target, body=texts[-1] if texts else self._written_announcement(row))

    def announcement(self, name: str) -> AnnouncementRow:
        """By its id, or its first characters (6 or more). Raises `NotFound`, `UsageError` when several fit."""
        return _named(name, self.announcements(), "announcement")

    def announcement_meant(self, what: str) -> tuple[str, AnnouncementRow]:
        """``withdraw 2`` or ``change 2``: what is to be done, and with which of `announcements`, by its number or id.
        Raises `UsageError`, `NotFound`."""
        return _meant(what, ("withdraw", "change"), self.announcements(), "announcement")

    def withdraws(self, row: AnnouncementRow) -> bool:
        """Whether the reader may withdraw it: one's own as long as one hosts and the Jam takes it, moderators any."""
        return self.refused(self._withdrawing) is None and (self.role == "moderator" or (row.mine and self.hosts()))

    @property
    def _withdrawing(self) -> Act:
        return Act.REMOVAL if self.role == "moderator" else Act.ANNOUNCEMENTS

    def withdraw(self, name: str) -> str | Undo:
        """Takes an announcement away, text and all, from everybody: the outbox row that asks for it, or, for one that
        was not sent, what brings it back. The text of one's own is kept as a draft where there is none."""
        row = self.announcement(name)
        self.need_host("withdraw announcements")
        self.check_may_write(self._withdrawing)
        if not self.withdraws(row):
            hint = "Who announced it and moderators withdraw it."
            raise Refused("this announcement is another host's", hint, "forbidden")
        waiting = self._own.one(row.id)
        if waiting is not None and waiting.state != "sent" and not waiting.attempts:
            return self.drop(row.id)
        target = row.forum_id or EVERYBODY
        if row.mine and self._own.draft(DraftKind.ANNOUNCEMENT, target) is None:
            self._own.save_draft(
                Draft(DraftKind.ANNOUNCEMENT, target, body=self._written_announcement(row)), self.now()
            )
        payload = Payload(title=_line(row.body), path=("announcements", row.id))
        return self._enqueue(new_uuid7(self.now(), self._rng), "withdraw", "", "", row.forum_id, payload)

    def _written_announcement(self, row: AnnouncementRow) -> str:
        """Its text as it was written, not made harmless."""
        found = (one.get("body") for one in self._fresh().records("announcement") if one.get("id") == row.id)
        return str(next(found, row.body))

    # -- briefs

    def brief_draft(self, name: str) -> Draft:
        """What a change of a forum's brief begins with: the draft that there is, else the brief as it was written."""
        forum = self.forum(name)
        self.need_host("write the brief", forum)
        if found := self._own.draft(DraftKind.BRIEF, forum.id):
            return found
        for row in self._own.outbox("WHERE kind = 'brief' AND forum_id = ? AND state <> 'refused'", (forum.id,)):
            waiting = str(row.payload.data.get("brief", ""))  # that is what one sees
            return Draft(DraftKind.BRIEF, forum.id, "", waiting, base_version=row.payload.base_version)
        return Draft(DraftKind.BRIEF, forum.id, "", self._written_brief(forum.id)[0], base_version=forum.version)

    def _written_brief(self, forum_id: str) -> tuple[str, int]:
        """The brief as it was written, not made harmless, and its version; both as the Jam has them."""
        return next(
            ((one.brief, one.version) for one in self._fresh().confirmed_forums() if one.id == forum_id), ("", 0)
        )

    def write_brief(self, name: str, body: str) -> str:
        """Changes a forum's brief as it is now; the outbox row's id."""
        forum = self.forum(name)
        draft = Draft(DraftKind.BRIEF, forum.id, "", body, base_version=self._written_brief(forum.id)[1])
        return self._send_brief(draft, None)

    def _send_brief(self, draft: Draft, instead_of: Draft | None) -> str:
        forum = self.forum(draft.target)
        self.need_host("write the brief", forum)
        self.check_may_write(Act.STEERING)
        text = draft.body.strip()
        if len(text) > self.limits.body:
            over = f"the brief is {len(text) - self.limits.body:,} characters too long"
            raise UsageError(over, f"The limit is {self.limits.body:,}; the draft is kept.")

        def payload() -> Payload:
            base = draft.base_version or forum.version
            for row in self._own.outbox("WHERE kind = 'brief' AND forum_id = ?", (forum.id,)):
                if row.state == "refused":
                    hint = "Look at both in the outbox, and choose yours, theirs, or write a third; your text is kept."
                    raise UsageError("an earlier brief of this forum was refused", hint)
                if row.state == "queued":  # this one takes its place, made upon what that was made upon
                    base = row.payload.base_version
                    self._own.replaced(row)
                else:
                    base = max(base, row.payload.base_version + 1)
            words = f"{forum.title}: {_line(text)}"
            return Payload(title=words, path=("forums", forum.id), data={"brief": text}, base_version=base)

        return self._enqueue(new_uuid7(self.now(), self._rng), "brief", "", "", forum.id, payload, instead_of)

    def forum_hosts(self, forum: ForumRow) -> list[PersonRow]:
        """The hosts that a forum names, as far as the mirror knows them."""
        found = self._fresh().persons(forum.host_ids) if forum.host_ids else {}
        return [found[one] for one in forum.host_ids if one in found]

    def changed_by(self, forum: ForumRow) -> PersonRow | None:
        """Who changed title, brief or hosts of a forum last (``edited_at`` says when); None where nobody did, or the
        mirror does not know them."""
        return self._fresh().persons((forum.edited_by,)).get(forum.edited_by) if forum.edited_by else None

    def brief_changes(self, name: str) -> list[BriefChange]:
        """Who changed a forum's brief, when, and what it said before, the latest first. For its hosts."""
        forum = self.forum(name)
        if not self.known.local:  # an archive is open to whoever has it
            self.need_host("see how the brief changed", forum)
        from jamtui.store import hosting  # not for a start

        return hosting.briefs(self._fresh(), forum.id)

    def _brief_conflict(self, row: Queued) -> Conflict:
        """Both versions of a brief that was changed meanwhile."""
        theirs, version = self._written_brief(row.forum_id)
        mine = safe_body(str(row.payload.data.get("brief", "")))
        if version <= row.payload.base_version:
            return Conflict(row.id, row.kind, "", "", 0, None, False, "", mine)
        return Conflict(row.id, row.kind, "", safe_body(theirs), version, None, False, "", mine)

    # -- polls

    def polls(self) -> list[PollRow]:
        """Polls, those that take ballots first, as they will stand once one's own ballot is sent. Harmless."""
        rows, waiting = self._fresh(), self._own.outbox(f"WHERE kind IN ({_POLL_KINDS})")
        if not waiting and not rows.records("poll"):
            return []
        from jamtui.store import hosting  # not for a start

        ballots = self.desk().get("ballots")
        now, jam = self.event_now(), rows.jam(self.known.where, self.known.local)
        over = jam.closes_at if jam is not None and jam.closes_at <= now else None
        return hosting.polls(
            rows, ballots if isinstance(ballots, dict) else {}, waiting, now, over, self._steers
        )  # fmt: skip

    def see_polls(self, ids: Collection[str]) -> None:
        """They were looked at, and are not new in the inbox any more. Does nothing while exploring."""
        if not self.explore:
            self._marks.see("poll", set(ids) - self._marks.seen("poll"), self.now())

    def _steers(self, author_id: str, forum_id: str) -> bool:
        forum = next((row for row in self.forums() if row.id == forum_id), None)
        mine = author_id == self.me.person_id and self.hosts()
        if self.refused(Act.STEERING) is not None:  # moderators still take away what nobody may read
            return self.role == "moderator" and self.refused(Act.REMOVAL) is None
        return mine or self.role == "moderator" or (forum is not None and self.hosts(forum))

    def poll(self, name: str) -> PollRow:
        """By its id, or its first characters (6 or more). Raises `NotFound`, `UsageError` when several fit."""
        return _named(name, self.polls(), "poll")

    def poll_meant(self, what: str) -> tuple[str, PollRow]:
        """``close 2`` or ``remove 2``: what is to be done, and with which of `polls`, by its number or id. Raises
        `UsageError`, `NotFound`."""
        return _meant(what, ("close", "remove"), self.polls(), "poll")

    def ask(
        self, question: str, choices: Sequence[str], forum: str = "", closes_at: datetime | None = None
    ) -> str:  # fmt: skip
        """Asks a poll, in a forum (slug or id) or the whole Jam. Returns its id, which is the outbox row's,
        too. Raises `Refused`, `NotFound`, `UsageError`."""
        there = self.forum(forum) if forum else None
        self.need_host("ask polls", there)
        self.check_may_write(Act.POLLS)
        question = " ".join(question.split())
        kept = [text for text in (" ".join(choice.split()) for choice in choices) if text]
        if not question:
            raise UsageError("a poll asks something", "Write a question.")
        if len(question) > MAX_QUESTION:
            raise UsageError(
                f"the question is {len(question) - MAX_QUESTION:,} characters too long", f"The limit is {MAX_QUESTION}."
            )
        if not 2 <= len(kept) <= MAX_CHOICES:
            raise UsageError(f"{len(kept)} choices", f"A poll has 2 to {MAX_CHOICES} of them, each another.")
        if len({text.casefold() for text in kept}) < len(kept):
            raise UsageError("two choices are the same", "Each is to say something else.")
        if long := next((text for text in kept if len(text) > MAX_CHOICE), ""):
            raise UsageError(f"a choice is too long: {safe_line(long)[:40]}…", f"The limit is {MAX_CHOICE} characters.")
        if closes_at is not None and closes_at <= self.now():
            raise UsageError("the poll would be closed already", "Name a time that is still to come.")
        data: dict[str, object] = {"question": question, "choices": kept}
        if there is not None:
            data["forum_id"] = there.id
        if closes_at is not None:
            data["closes_at"] = rfc3339(closes_at)
        new_id = new_uuid7(self.now(), self._rng)
        payload = Payload(title=question, path=("polls", new_id), data=data)
        return self._enqueue(new_id, "poll", "", "", there.id if there is not None else "", payload)

    def choose(self, poll_id: str, choice: int | None) -> str:
        """One's ballot, by the index of the choice; None takes it back. The outbox row's id. Raises
        `Refused`, `NotFound`, `UsageError`."""
        poll = self.poll(poll_id)
        self.check_may_write(Act.POLLS)
        if not poll.open:
            raise Refused("the poll is closed", "Its result stays; no ballot is taken any more.", "poll_closed")
        if choice is None:
            if poll.chosen < 0:
                raise UsageError("you have not chosen in this poll")
            return self._of_poll("unballot", poll, ("ballot",), f"taken back: {poll.question}")
        if not 0 <= choice < len(poll.choices):
            raise UsageError(f"no choice {choice + 1}", f"The choices are 1 to {len(poll.choices)}.")
        words = f"{poll.choices[choice]}: {poll.question}"
        return self._of_poll("ballot", poll, ("ballot",), words, {"choice": choice})

    def close_poll(self, poll_id: str) -> str:
        """It takes no more ballots. The outbox row's id. Raises `Refused`, `NotFound`, `UsageError`."""
        poll = self.need_to_end(poll_id, "close")
        if not poll.open:
            raise UsageError("the poll is closed already")
        return self._of_poll("close-poll", poll, (), poll.question, {"closed": True})

    def remove_poll(self, poll_id: str) -> str | Undo:
        """Takes it away with its ballots, for good: the row that asks for it, or, for one that was not sent, what
        brings it back."""
        poll = self.need_to_end(poll_id, "take away")
        row = self._own.one(poll.id)
        if row is not None and row.state != "sent" and not row.attempts:
            return self.drop(poll.id)
        return self._of_poll("remove-poll", poll, (), poll.question)

    def need_to_end(self, poll_id: str, verb: str) -> PollRow:
        """A poll that the reader may close or take away now. Raises what says why not."""
        poll = self.poll(poll_id)
        forum = next((row for row in self.forums() if row.id == poll.forum_id), None)
        self.need_host(f"{verb} polls", forum if not poll.mine else None)
        if not poll.steers:
            self.check_may_write(Act.STEERING)
            raise Refused("this poll is another host's", f"Who asked it and moderators {verb} it.", "forbidden")
        return poll

    def _of_poll(
        self, kind: str, poll: PollRow, below: tuple[str, ...], words: str, data: dict[str, object] | None = None
    ) -> str:
        payload = Payload(title=words, path=("polls", poll.id, *below), data=data or {})
        return self._enqueue(new_uuid7(self.now(), self._rng), kind, "", "", poll.forum_id, payload)

    def _send_as_host(self, draft: Draft, instead_of: Draft | None) -> str:
        send = self._send_brief if draft.kind is DraftKind.BRIEF else self._announce
        return send(draft, instead_of)


_Row = TypeVar("_Row", "AnnouncementRow", "PollRow")


def _named(name: str, rows: Sequence[_Row], what: str) -> _Row:
    """The row of an id, or of its first characters (6 or more)."""
    name = name.strip().lower()
    found = [row for row in rows if row.id == name] or [
        row for row in rows if len(name) >= 6 and row.id.startswith(name)
    ]
    if len(found) > 1:
        raise UsageError(f"several {what}s begin with {safe_line(name)}", "Give more characters of the id.")
    if not found:
        raise NotFound(f"no {what} {safe_line(name)}", f"jamtui {what}s lists them.")
    return found[0]


def _meant(what: str, verbs: Sequence[str], rows: Sequence[_Row], thing: str) -> tuple[str, _Row]:
    """A verb and a row, by its number in the list or its id, of what was typed behind the list's name."""
    verb, _, name = what.strip().partition(" ")
    verb, name = verb.casefold(), name.strip()
    if verb not in verbs or not name:
        hint = f"{' or '.join(f'{thing}s {one} 1' for one in verbs)}: the number is that of the list."
        raise UsageError(f"{thing}s {safe_line(what, 40)}", hint)
    if name.isdecimal() and len(name) < 6:  # an id is named by six characters or more
        if not 1 <= int(name) <= len(rows):
            raise UsageError(f"no {thing} {name}", f":{thing}s tells them with their numbers.")
        return verb, rows[int(name) - 1]
    return verb, _named(name, rows, thing)


def _line(text: str) -> str:
    """The beginning of a text on one line."""
    return " ".join(text[:400].split())
