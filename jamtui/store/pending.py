"""What the outbox makes of a post: its waiting writes, folded one after the other.

The one place that knows; rows for people (`jamtui.store.overlay`) and objects for programs (`jamtui.store.objects`)
both ask it. The latter are to start quickly, so nothing is imported here.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own is not worth its import here
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jamtui.store.own import Queued

_WORSE = {"": 0, "sending": 1, "queued": 2, "refused": 3}


class Pending:
    """A post as it will be once the outbox is sent. Texts are as written, not made harmless.

    ``gone`` is one of `jamtui.archive.GONE` or ""; ``up`` is by how much the tally will differ; ``send`` the worst
    state that one of its writes is in, as a `jamtui.model.SendState` has it, "" when none waits; ``reason`` belongs to
    that.
    """

    __slots__ = (
        "body", "featured", "gone", "idea_state", "kind", "reason", "send", "tags", "title", "up", "voted",
    )  # fmt: skip

    def __init__(self, title: str, body: str, tags: Sequence[str], gone: str = "", voted: bool = False) -> None:
        """The post without the outbox; ``voted`` is the server's word on the person's vote."""
        self.title, self.body, self.tags, self.gone, self.voted = title, body, tuple(tags), gone, voted
        self.up = 0
        self.send = self.reason = self.kind = self.idea_state = ""
        self.featured: object = None

    def sort_as(self, kind: object, idea_state: object, featured: object) -> None:
        """What the post is without the outbox, as its fields have it."""
        self.kind = kind if isinstance(kind, str) else ""
        self.idea_state = idea_state if isinstance(idea_state, str) else ""
        self.featured = featured

    def fold(self, rows: Iterable[Queued]) -> Pending:
        """Lays ``rows``, all of this post and in their order, over it. What was refused changes only ``send``."""
        for row in rows:
            state = row.shown.value
            if _WORSE[state] > _WORSE[self.send]:
                self.send, self.reason = state, row.reason
            elif state == self.send:
                self.reason = self.reason or row.reason
            if state != "refused" or row.kind == "post":  # the text of a refused post is all there is
                self._lay(row)
        if self.gone:
            self.title = self.body = ""
        return self

    def _lay(self, row: Queued) -> None:
        payload = row.payload
        match row.kind:
            case "post":
                self.title, self.body, self.tags, self.kind = payload.title, payload.body, payload.tags, payload.kind
            case "edit":
                self.title, self.body = payload.title or self.title, payload.body
            case "delete":
                self.gone, self.tags = self.gone or "deleted", ()
            case "tag":
                self.tags = tuple(sorted({*self.tags, payload.tag}))
            case "untag":
                self.tags = tuple(tag for tag in self.tags if tag != payload.tag)
            case "kind":
                self.kind = str(payload.data.get("kind", ""))
                self.idea_state = self.idea_state if self.kind == "idea" else ""
            case "idea-state":
                self.idea_state = str(payload.data.get("idea_state", ""))
            case "feature":
                self.featured = {"reason": payload.data.get("reason", "")}
            case "unfeature":
                self.featured = None
            case "vote" | "unvote":
                now = row.kind == "vote"
                self.up += int(now) - int(self.voted)
                self.voted = now


def changes_of(rows: Iterable[Queued]) -> dict[str, list[Queued]]:
    """The waiting writes of posts by the post's id, without the posts that wait themselves."""
    found: dict[str, list[Queued]] = {}
    for row in rows:
        if row.kind != "post":
            found.setdefault(row.post_id, []).append(row)
    return found
