"""Sends what waits in the outbox: in order within a thread, side by side across threads, each exactly once.

A write carries its id from the moment it was written (a post's UUID, or the row's id as Idempotency-Key), so a repeat
after a lost answer is recognised by the server. Faults of the way (no answer, 429, 5xx) put it off; a refusal of the
Jam keeps the text with the reason and holds back only what depends on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from api_client import errors
from jamtui.archive import rfc3339
from jamtui.errors import JamError
from jamtui.refusals import said
from jamtui.store.own import Own, Queued
from jamtui.sync import acts
from jamtui.sync.backoff import Backoff

if TYPE_CHECKING:
    from api_client.client import JamClient

_WAITED = timedelta(seconds=5)  # what went out later than this after it was written is told to who wrote it
_FURTHEST = timedelta(seconds=errors.MAX_RETRY_AFTER + 1)  # that a try is put off
_SIDE_BY_SIDE = 4  # threads that are sent at the same time


class Sender:
    """Drains the outbox of one Jam through a client.

    ``changed`` is called after each row that moved on, with the post whose write went out after it had waited.
    """

    def __init__(
        self,
        own: Own,
        client: JamClient,
        backoff: Backoff,
        now: Callable[[], datetime],
        changed: Callable[[frozenset[str]], None],
    ) -> None:
        self._own = own
        self._client = client
        self._backoff = backoff
        self._now = now
        self._changed = changed
        self.acted = False  # since somebody looked: what only the person may see may be otherwise

    async def drain(self) -> datetime | None:
        """Tries everything that is due. Returns when something is due next, None when nothing waits.

        Raises what stops all sending: `errors.Unreachable` and kin, `errors.NotSignedIn`.
        """
        limit = asyncio.Semaphore(_SIDE_BY_SIDE)
        waiting = self._own.outbox()
        ends = await asyncio.gather(*(self._chain(one, limit) for one in chains(waiting)), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return min((self._put_off(row) or self._now() for row in next_rows(self._own.outbox())), default=None)

    def _put_off(self, row: Queued) -> datetime | None:
        """Until when a row is not to be tried; None: now. A time further off than any wait is one of before the clock
        was set back."""
        at, now = row.next_try, self._now()
        return at if at is not None and now < at <= now + _FURTHEST else None

    async def _chain(self, chain: list[Queued], limit: asyncio.Semaphore) -> None:
        async with limit:
            refused: set[str] = set()
            for listed in chain:
                row = self._own.one(listed.id)  # as it is now: meanwhile a person may have dropped or changed it
                if row is None or row.state == "sent":
                    continue
                if row.state == "refused" or depends(row, refused):
                    _hold(row, refused)
                    continue
                if self._put_off(row) is not None:
                    return
                if not await self._send(row):
                    current = self._own.one(row.id)
                    if current is None or current.state != "refused":
                        return
                    _hold(row, refused)

    async def _send(self, row: Queued) -> bool:
        """True when the server has it."""
        if not row.intact:
            self._own.refused(row.id, "This row was damaged on the disk; check the text and send it again.", "damaged")
            self._changed(frozenset())
            return False
        if not self._own.begin(row.id):
            return False  # a person took it back in this moment
        try:
            seq = await self._request(row)
        except (errors.RateLimited, errors.ServerFault) as error:
            wait = self._backoff.next(error.retry_after)
            told = f"{error.title}: {error.detail}" if error.code == "rate_limited" and error.detail else error.title
            code = "" if error.retry_after is None else error.code or "unavailable"
            self._own.later(row.id, told, self._now() + timedelta(seconds=wait), code)
            self._changed(frozenset())
            return False
        except (errors.NotSignedIn, errors.Unreachable, errors.NotAJam, errors.BadAnswer) as error:
            if isinstance(error, errors.NotSignedIn) or (isinstance(error, errors.Unreachable) and error.unsent):
                self._own.not_begun(row.id)
            raise
        except JamError as error:
            code = getattr(error, "code", "")
            if code == "id_taken" and row.kind == "post":
                # It arrived, the answer was lost, and the person took it back into the composer and changed it.
                self._own.there_already(row.id)
                changed = self._own.one(row.id)
                return changed is not None and await self._send(changed)
            if row.kind == "delete" and code == "not_found":
                self._own.not_there(row.id)
                self._changed(frozenset())
                return True
            detail = error.detail if isinstance(error, errors.ApiError) else ""
            self._own.refused(row.id, said(row.kind, code, error.title, error.hint, detail), code)
            self.acted = self.acted or code == "suspended"  # the desk says until when, and why
            self._changed(frozenset())
            return False
        self._backoff.reset()
        self.acted = self.acted or row.kind in acts.METHODS
        self._own.sent(row.id, seq)
        self._changed(frozenset({row.post_id}) if self._now() - row.created > _WAITED else frozenset())
        return True

    async def _request(self, row: Queued) -> int:
        """One write; returns the change that it became (Jam-Seq), 0 when it was there before and that is not known."""
        client, payload = self._client, row.payload
        written_at = payload.written_at or rfc3339(row.created)
        match row.kind:
            case "post":
                answer = await client.put_post(
                    row.post_id,
                    forum_id=None if payload.parent_id else row.forum_id,  # of a reply: where that is by then
                    parent_id=payload.parent_id,
                    title=payload.title or None,
                    body=payload.body,
                    tags=payload.tags,
                    written_at=written_at,
                    kind=payload.kind or None,
                )
                return answer.seq
            case "edit":
                try:
                    answer = await client.edit_post(
                        row.post_id, payload.base_version, row.id, title=payload.title or None, body=payload.body
                    )
                except errors.Conflict:
                    # It may have arrived without our hearing of it, before it was taken back and sent again anew.
                    there = (await client.post(row.post_id)).post
                    if (there.title or "", there.body) != (payload.title, payload.body):
                        raise
                    return 0
                return answer.seq
            case "delete":
                return (await client.delete_post(row.post_id, payload.base_version, row.id)).seq
            case "tag":
                return (await client.put_tag(row.post_id, payload.tag, row.id)).seq
            case "untag":
                return (await client.delete_tag(row.post_id, payload.tag, row.id)).seq
            case "vote":
                return (await client.put_vote(row.post_id, row.id)).seq
            case "unvote":
                return (await client.delete_vote(row.post_id, row.id)).seq
        if row.kind in acts.METHODS:
            method, data = acts.METHODS[row.kind], payload.data or None
            return await client.act(method, payload.path, data, row.id, payload.base_version)
        raise JamError(f"this version cannot send a write of the kind {row.kind}", "Update jamtui.")


def depends(row: Queued, refused: set[str]) -> bool:
    """Whether ``row`` answers or changes one of the refused posts."""
    return row.post_id in refused or (row.payload.parent_id or "") in refused


def _hold(row: Queued, refused: set[str]) -> None:
    """Only a post that the Jam does not have holds others back; a refused edit, tag or vote does not."""
    if row.kind == "post":
        refused.add(row.post_id)


def chains(rows: Iterable[Queued]) -> list[list[Queued]]:
    """Rows that must go one after the other. A vote on a post that the server has needs no order with the thread."""
    rows = list(rows)
    unsent = {row.post_id for row in rows if row.kind == "post" and row.state != "sent"}
    found: dict[str, list[Queued]] = {}
    for row in rows:
        alone = row.kind in ("vote", "unvote") and row.post_id not in unsent
        found.setdefault(f"vote {row.post_id}" if alone else row.thread_id, []).append(row)
    return list(found.values())


def next_rows(rows: Iterable[Queued]) -> list[Queued]:
    """The row of each chain that is to be sent next: what stands behind it, or hangs on a refused post, waits."""
    found: list[Queued] = []
    for chain in chains(rows):
        refused: set[str] = set()
        for row in chain:
            if row.state == "refused" or depends(row, refused):
                _hold(row, refused)
            elif row.state == "queued":
                found.append(row)
                break
    return found
