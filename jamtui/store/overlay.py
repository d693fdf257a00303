"""The outbox laid over the mirror: one's own writes show at once, as *queued*, *sending* or *refused*.

The mirror's tables hold confirmed objects only. An overlay is built from the rows of the outbox whenever they change (a
person's outbox is small) and patches rows while they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from jamtui.archive import IDEA_STATES, KINDS
from jamtui.model import PostRow, SendState, ThreadRow, titled
from jamtui.safe_text import safe_body, safe_line, safe_name, safe_names
from jamtui.store.own import Queued
from jamtui.store.pending import Pending, changes_of


class Overlay(Struct):
    """Rows of the outbox, by what they touch. Posts are keyed by ``-Queued.n``."""

    posts: dict[int, Queued] = field(default_factory=dict)
    by_thread: dict[str, list[Queued]] = field(default_factory=dict)
    changes: dict[str, list[Queued]] = field(default_factory=dict)  # post id -> edits, tags, votes…
    briefs: dict[str, Queued] = field(default_factory=dict)  # forum id -> its brief
    links: list[Queued] = field(default_factory=list)  # acts that make links and take them away

    @classmethod
    def of(cls, rows: Iterable[Queued], mirrored: Callable[[str], bool]) -> Overlay:
        """``mirrored`` says whether the mirror has a post already: then its outbox row has nothing to show."""
        rows = list(rows)
        overlay = cls(changes=changes_of(rows), links=[row for row in rows if row.kind in ("connect", "disconnect")])
        for row in rows:
            if row.kind == "brief" and row.state != "refused":
                overlay.briefs[row.forum_id] = row
            if row.kind == "post" and not mirrored(row.post_id):
                overlay.posts[-row.n] = row
                overlay.by_thread.setdefault(row.thread_id, []).append(row)
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
        then = Pending("", "", (), voted=voted).fold(self.changes.get(post_id, ()))
        return then.voted, then.up

    def patched(self, row: PostRow, voted: bool) -> PostRow:
        """The row as it will be; ``voted`` is the server's word on the person's vote."""
        waiting = self.changes.get(row.id)
        if not waiting:
            return replace(row, voted=voted) if voted != row.voted else row
        then = Pending(row.title, row.body, row.tags, row.gone, voted)
        then.sort_as(row.kind, row.idea_state, row.featured_for if row.featured else None)
        then.fold(waiting)
        return replace(
            row,
            title=row.title if then.title == row.title else safe_name(then.title),
            body=row.body if then.body == row.body else safe_body(then.body),
            gone=then.gone,
            tags=row.tags if then.tags == row.tags else safe_names(then.tags),
            voted=then.voted,
            up=row.up + then.up,
            send=SendState(then.send),
            reason=safe_name(then.reason),
            kind=then.kind,
            idea_state=state_shown(then),
            featured=bool(then.featured),
            featured_for=featured_words(then.featured),
        )

    def sorted(self, row: ThreadRow) -> ThreadRow:
        """The row of a thread with what it will be: its kind, its state, whether it is featured, or taken back."""
        waiting = self.changes.get(row.id)
        if not waiting:
            return row
        then = Pending("", "", (), row.gone)
        then.sort_as(row.kind, row.idea_state, row.featured or None)
        then.fold(waiting)
        featured = featured_words(then.featured)
        state = state_shown(then)
        if (then.kind, state, featured, then.gone) == (row.kind, row.idea_state, row.featured, row.gone):
            return row
        title = row.title if then.gone == row.gone else titled("", then.gone)
        return replace(row, title=title, gone=then.gone, kind=then.kind, idea_state=state, featured=featured)

    def row_of(self, key: int, me: tuple[str, str, str, str]) -> PostRow | None:
        """A post that only the outbox has. ``me``: person id, handle, name, role of the writer."""
        one = self.posts.get(key)
        if one is None:
            return None
        person_id, handle, name, role = me
        then = Pending("", "", ()).fold((one, *self.changes.get(one.post_id, ())))
        return PostRow(
            key=key,
            id=one.post_id,
            forum_id=one.forum_id,
            thread_id=one.thread_id,
            parent_id=one.payload.parent_id,
            author=safe_name(name),
            handle=safe_name(handle),
            role=role,
            author_id=person_id,
            title=safe_name(then.title),
            body=safe_body(then.body),
            created_at=one.created,
            edited_at=None,
            version=0,
            up=then.up,
            voted=then.voted,
            tags=safe_names(then.tags),
            unread=False,
            mine=True,
            saved=False,
            gone=then.gone,
            send=SendState(then.send),
            reason=safe_name(then.reason),
            kind=then.kind if then.kind in KINDS else "",
            idea_state=state_shown(then),
            featured=bool(then.featured),
            featured_for=featured_words(then.featured),
        )


def state_shown(then: Pending) -> str:
    """How far an idea is; one that says nothing is new."""
    return (then.idea_state or IDEA_STATES[0]) if then.kind == "idea" else ""


def featured_words(value: object) -> str:
    """Why a post is featured, as its field says it, in a harmless line; a space where it says no reason, "" when it is
    not featured."""
    reason = value.get("reason") if isinstance(value, dict) else value
    if isinstance(reason, str):
        return safe_line(reason, 300) or (" " if value else "")
    return " " if value else ""
