"""The outbox laid over the mirror: one's own writes show at once, as *queued*, *sending* or *refused*.

The mirror's tables hold confirmed objects only. An overlay is built from the rows of the outbox whenever they change (a
person's outbox is small) and patches rows while they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from jamtui.model import PostRow, SendState
from jamtui.safe_text import safe_block, safe_line
from jamtui.store.own import Queued

_ORDER = {SendState.REFUSED: 2, SendState.QUEUED: 1, SendState.SENDING: 0}


class Overlay(Struct):
    """Rows of the outbox, by what they touch. Posts are keyed by ``-Queued.n``."""

    posts: dict[int, Queued] = field(default_factory=dict)
    by_thread: dict[str, list[Queued]] = field(default_factory=dict)
    changes: dict[str, list[Queued]] = field(default_factory=dict)  # post id -> edits, tags, votes…

    @classmethod
    def of(cls, rows: Iterable[Queued], mirrored: Callable[[str], bool]) -> Overlay:
        """``mirrored`` says whether the mirror has a post already: then its outbox row has nothing to show."""
        overlay = cls()
        for row in rows:
            if row.kind == "post":
                if not mirrored(row.post_id):
                    overlay.posts[-row.n] = row
                    overlay.by_thread.setdefault(row.thread_id, []).append(row)
            else:
                overlay.changes.setdefault(row.post_id, []).append(row)
        return overlay

    @property
    def any(self) -> bool:
        """Whether anything waits."""
        return bool(self.posts or self.changes)

    def threads(self, forum_id: str) -> list[int]:
        """Keys of threads opened in ``forum_id`` that the mirror does not have yet, the latest first."""
        return [
            key
            for key, row in reversed(self.posts.items())
            if row.forum_id == forum_id and row.payload.parent_id is None
        ]

    def vote_of(self, post_id: str, voted: bool) -> tuple[bool, int]:
        """Whether the person supports the post once the outbox is sent, and by how much the tally will differ."""
        now = voted
        for row in self.changes.get(post_id, ()):
            if row.state != "refused" and row.kind in ("vote", "unvote"):
                now = row.kind == "vote"
        return now, int(now) - int(voted)

    def patched(self, row: PostRow, voted: bool) -> PostRow:
        """The row as it will be; ``voted`` is the server's word on the person's vote."""
        pending = self.changes.get(row.id)
        if not pending:
            return replace(row, voted=voted) if voted != row.voted else row
        tags = list(row.tags)
        title, body, gone = row.title, row.body, row.gone
        send: SendState | None = None
        reason = ""
        for one in pending:
            state = one.shown
            if send is None or _ORDER[state] > _ORDER[send]:
                send, reason = state, one.reason
            if state is SendState.REFUSED:
                continue
            if one.kind == "edit":
                title, body = safe_line(one.payload.title), safe_block(one.payload.body)
            elif one.kind == "delete":
                gone = "deleted"
            elif one.kind == "tag" and one.payload.tag not in tags:
                tags.append(one.payload.tag)
            elif one.kind == "untag" and one.payload.tag in tags:
                tags.remove(one.payload.tag)
        now, difference = self.vote_of(row.id, voted)
        return replace(
            row, title=title, body="" if gone else body, gone=gone, tags=tuple(sorted(tags)), voted=now,
            up=row.up + difference, send=send, reason=safe_line(reason),
        )  # fmt: skip

    def row_of(self, key: int, me: tuple[str, str, str, str]) -> PostRow | None:
        """A post that only the outbox has. ``me``: person id, handle, name, role of the writer."""
        one = self.posts.get(key)
        if one is None:
            return None
        person_id, handle, name, role = me
        payload = one.payload
        tags = list(payload.tags)
        for change in self.changes.get(one.post_id, ()):
            if change.kind == "tag" and change.payload.tag not in tags:
                tags.append(change.payload.tag)
        return PostRow(
            key=key,
            id=one.post_id,
            forum_id=one.forum_id,
            thread_id=one.thread_id,
            parent_id=payload.parent_id,
            author=safe_line(name),
            handle=safe_line(handle),
            role=role,
            author_id=person_id,
            title=safe_line(payload.title),
            body=safe_block(payload.body),
            created_at=one.created,
            edited_at=None,
            version=0,
            up=0,
            voted=False,
            tags=tuple(safe_line(tag) for tag in tags),
            unread=False,
            mine=True,
            saved=False,
            gone="",
            send=one.shown,
            reason=safe_line(one.reason),
        )
