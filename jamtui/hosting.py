"""The session's half about what hosts do: announcements, and what only hosts may do.

Mixed into `jamtui.session.Session`. What is written goes through the outbox like everything else.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING

from jamtui.errors import NotSignedIn, Refused, UsageError
from jamtui.model import EVERYBODY, MAX_ANNOUNCEMENT, Draft, DraftKind, ForumRow, Me
from jamtui.store.own import Payload, new_uuid7

if TYPE_CHECKING:
    from jamtui.host_rows import AnnouncementRow
    from jamtui.store.marks import MarkStore
    from jamtui.store.own import Own
    from jamtui.store.registry import KnownJam
    from jamtui.store.rows import Rows

HOSTS = ("host", "moderator")


class Hosting:
    """What `Session` gives: its rows, its marks, its outbox, who reads."""

    if TYPE_CHECKING:  # `Session` has these; a body here would stand before theirs
        known: KnownJam
        explore: bool
        _own: Own
        _marks: MarkStore
        _rng: random.Random

        @property
        def me(self) -> Me: ...
        def now(self) -> datetime: ...
        def refusal(self) -> str: ...
        def forum(self, name: str) -> ForumRow: ...
        def forums(self) -> list[ForumRow]: ...
        def desk(self) -> dict[str, object]: ...
        def _fresh(self) -> Rows: ...
        def _enqueue(
            self, outbox_id: str, kind: str, post_id: str, thread_id: str, forum_id: str,
            payload: Payload | Callable[[], Payload], draft: Draft | None = None,
        ) -> str: ...  # fmt: skip

    # -- who hosts

    @property
    def role(self) -> str:
        """What the reader is here, as the Jam said last: it may have changed since one signed in."""
        told = self.desk().get("role")
        return told if isinstance(told, str) and not self.me.guest else self.me.role

    def hosts(self, forum: ForumRow | None = None) -> bool:
        """Whether the reader is a host or moderator; of ``forum``: one of its own, which every host is of a forum that
        names none."""
        if self.known.local or self.role not in HOSTS:
            return False
        own = forum is None or not forum.host_ids or self.me.person_id in forum.host_ids
        return own or self.role == "moderator"

    def hosted(self) -> list[ForumRow]:
        """The forums that the reader is a host of: those that name them, else all that they may steer."""
        named = [row for row in self.forums() if self.me.person_id in row.host_ids]
        return named if named and self.hosts() else [row for row in self.forums() if self.hosts(row)]

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
        rows, waiting = self._fresh(), self._own.outbox("WHERE kind = 'announce'")
        if not waiting and not rows.records("announcement"):
            return []
        from jamtui.store import hosting  # not for a start

        return hosting.announcements(rows, self._marks.seen("announcement"), waiting)

    def see_announcements(self, ids: Collection[str]) -> None:
        """They were looked at. Does nothing while exploring."""
        if not self.explore:
            self._marks.see("announcement", ids, self.now())

    def announce(self, body: str, forum: str = "") -> str:
        """Tells everybody something, or those of one forum (its slug or id); the outbox row's id. Not held to the Jam's
        hours: people are greeted before it opens and thanked after it closed."""
        target = self.forum(forum).id if forum else EVERYBODY
        return self._announce(Draft(DraftKind.ANNOUNCEMENT, target, body=body), None)

    def _announce(self, draft: Draft, instead_of: Draft | None) -> str:
        self.need_host("announce")
        text = draft.body.strip()
        if not text:
            raise UsageError("there is nothing to announce", "Write a text.")
        if len(text) > MAX_ANNOUNCEMENT:
            over = f"the announcement is {len(text) - MAX_ANNOUNCEMENT:,} characters too long"
            raise UsageError(over, f"The limit is {MAX_ANNOUNCEMENT:,}; what is longer belongs into a thread.")
        data: dict[str, object] = {"body": text}
        forum_id = "" if draft.target == EVERYBODY else self.forum(draft.target).id
        if forum_id:
            data["forum_id"] = forum_id
        new_id = draft.post_id
        if not new_id or self._own.one(new_id) is not None:
            new_id = new_uuid7(self.now(), self._rng)
        payload = Payload(title=_line(text), path=("announcements", new_id), data=data)
        return self._enqueue(new_id, "announce", "", "", forum_id, payload, instead_of)

    def _send_as_host(self, draft: Draft, instead_of: Draft | None) -> str:
        return self._announce(draft, instead_of)


def _line(text: str) -> str:
    """The beginning of a text on one line."""
    return " ".join(text[:400].split())
