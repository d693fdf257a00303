"""The writing half of the session's facade: drafts and sending. What waits then is in `jamtui.waiting`.

Mixed into `jamtui.session.Session`. Every method returns as soon as what it wrote is on the disk; the network's thread,
or the jamtui that holds the network, does the rest.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from jamtui.archive import KINDS, normal_tag, rfc3339
from jamtui.errors import JamError, NotFound, Refused, UsageError, sentence
from jamtui.event import Act
from jamtui.model import (
    CHANGE,
    EVERYBODY,
    GONE,
    MAX_ANNOUNCEMENT,
    Draft,
    DraftKind,
    DraftRow,
    ForumRow,
    Limits,
    Me,
    PostRow,
    Undo,
    begins,
)
from jamtui.refusals import ACT_OF, act_of
from jamtui.safe_text import UNCUT, safe_block, safe_line
from jamtui.store.objects import Objects
from jamtui.store.own import Payload, new_uuid7
from jamtui.store.registry import KnownJam
from jamtui.waiting import Waiting, undo_of

_PLACES = {
    DraftKind.THREAD: "New thread",
    DraftKind.REPLY: "Reply",
    DraftKind.EDIT: "Change",
    DraftKind.BRIEF: "Brief",
    DraftKind.ANNOUNCEMENT: "Announcement",
}


class Writing(Waiting):
    """What `Session` gives beside what `Waiting` asks for."""

    known: KnownJam
    limits: Limits
    _rng: random.Random

    @property
    def me(self) -> Me:
        raise NotImplementedError

    def check_may_write(self, act: Act, *, late: bool = False) -> None:
        raise NotImplementedError

    def forum(self, name: str) -> ForumRow:
        raise NotImplementedError

    def stored(self) -> Objects:
        raise NotImplementedError

    def _rows_behind(self, draft: Draft, post_id: str, new_id: Callable[[], str]) -> list[tuple[str, str, Payload]]:
        """What is sent behind a new thread: its links."""
        raise NotImplementedError

    def body_limit(self, kind: DraftKind) -> int:
        """How long a text of a kind may be, in characters."""
        return MAX_ANNOUNCEMENT if kind is DraftKind.ANNOUNCEMENT else self.limits.body

    def need_open_thread(self, post: PostRow) -> None:
        """Raises `Refused` where a thread is locked (`jamtui.moderating`)."""
        raise NotImplementedError

    def _send_as_host(self, draft: Draft, instead_of: Draft | None) -> str:
        """Sends what only hosts write (`jamtui.hosting`)."""
        raise NotImplementedError

    # -- drafts

    def draft(self, kind: DraftKind, target: str) -> Draft | None:
        """The one at a place, as the person left it; None where there is none."""
        return self._own.draft(kind, target)

    def edit_draft(self, post_id: str) -> Draft:
        """What a change of one's own post begins with: the draft of it that there is, else the post as it was written,
        not as it is shown."""
        post = self.post(post_id)
        if found := self._own.draft(DraftKind.EDIT, post.id):
            return found
        version = max(1, sum(self._versions(post.id)))  # with what waits, since that is what one sees
        title, body = self.written(post)
        return Draft(DraftKind.EDIT, post.id, title, body, base_version=version)

    def written(self, post: PostRow) -> tuple[str, str]:
        """Title and body of a post as they were written, not made harmless: to be changed, never to be shown."""
        for _, found in self.stored().posts([post.key]):
            return str(found.get("title") or ""), str(found.get("body") or "")
        return post.title, post.body

    def whole(self, post: PostRow) -> str:
        """The body of a post, harmless and all of it, for what prints: on a screen a very long one is cut."""
        return post.body if len(post.body) < UNCUT else safe_block(self.written(post)[1])

    def drafts(self) -> list[Draft]:
        """All of them, the latest first."""
        return self._own.drafts()

    def draft_rows(self) -> list[DraftRow]:
        """All drafts, the latest first, with where they are written."""
        return [self._draft_row(f"{draft.kind}:{draft.target}", draft, draft.updated_at) for draft in self.drafts()]

    def thrown_rows(self) -> list[DraftRow]:
        """What was thrown away and can still be brought back, the latest first."""
        return [self._draft_row(str(one.n), one.draft, one.at, one.why) for one in self._own.thrown()]

    def _draft_row(self, row_id: str, draft: Draft, at: datetime | None, why: str = "") -> DraftRow:
        place, there = self._place_of(draft)
        summary = safe_line(draft.title or " ".join(draft.body[:2000].split()), 200)
        return DraftRow(row_id, draft, place, summary, at or self.now(), why, there)

    def _place_of(self, draft: Draft) -> tuple[str, bool]:
        """Where a draft is written, in harmless words, and whether one can still write there."""
        try:
            if draft.kind is DraftKind.THREAD:
                return f"New thread in {self.forum(draft.target).title}", True
            if draft.kind is DraftKind.BRIEF:
                return f"Brief of {self.forum(draft.target).title}", True
            if draft.kind is DraftKind.ANNOUNCEMENT:
                if draft.target.startswith(CHANGE):
                    return "Change of an announcement", True
                everybody = draft.target == EVERYBODY
                return f"Announcement{'' if everybody else f' in {self.forum(draft.target).title}'}", True
            post = self.post(draft.target)
        except NotFound:
            return _PLACES[draft.kind], False
        about = begins(post, 80)
        if draft.kind is DraftKind.EDIT:
            return f"Change of {about}", not post.gone
        return f"Reply to {post.author}: {about}", not post.gone

    def save_draft(self, draft: Draft, before: Draft | None = None) -> None:
        """On disk when this returns. ``before`` is what this window believes to be there: what another window wrote at
        the same place meanwhile is not overwritten but kept (`thrown_rows`)."""
        self._own.save_draft(draft, self.now(), before)

    def discard_draft(self, kind: DraftKind, target: str) -> Undo:
        """Throws it away; it can be brought back for 30 days (`thrown_rows`)."""
        n = self._own.throw_away(kind, target, self.now())
        if n is None:
            return Undo("there was no draft", ("nothing",), nothing=True)
        self._wake()  # it may have been a post that the Jam is asked to take back now
        return Undo("draft discarded", ("thrown", n))

    def bring_back(self, n: int) -> Draft:
        """What was thrown away under number ``n`` is a draft again, at its place. Raises `NotFound`; `UsageError` when
        another draft is there."""
        for one in self._own.thrown():
            if one.n == n:
                self._keep_what_is_there(one.draft)
                self._own.bring_back(n, self.now())
                return one.draft
        raise NotFound(f"nothing that was thrown away has the number {n}", "jamtui drafts --thrown lists it.")

    def places_for(self, draft: Draft) -> list[tuple[Draft, str]]:
        """Where a text can go whose place is gone: (the draft there, where in words), the nearest first."""
        found: list[tuple[Draft, str]] = []
        forum_id = ""
        target = draft.target
        if draft.kind in (DraftKind.BRIEF, DraftKind.ANNOUNCEMENT):
            return []
        while draft.kind is not DraftKind.THREAD and target:
            try:
                post = self.post(target)
            except NotFound:
                break
            forum_id = post.forum_id
            if not post.gone and post.id != draft.target:
                found.append(self._at(draft, DraftKind.REPLY, post.id))
            target = post.parent_id or ""
        if not forum_id and draft.kind is DraftKind.THREAD:
            forum_id = draft.target
        if forum_id:
            found.append(self._at(draft, DraftKind.THREAD, forum_id))
        return found

    def _at(self, draft: Draft, kind: DraftKind, target: str) -> tuple[Draft, str]:
        there = replace(draft, kind=kind, target=target, base_version=0, post_id="")
        return there, self._place_of(there)[0]

    def move_draft(self, draft: Draft, to: Draft) -> Draft:
        """``draft`` is written at the place of ``to`` from now on. Raises `UsageError` when another draft is there."""
        self._keep_what_is_there(to)
        self._own.move_draft(draft, to, self.now())
        self._wake()
        return to

    # -- writing

    def send(self, draft: Draft) -> str:
        """The draft becomes an outbox row, in one transaction: it is the one or the other on the disk at any moment.
        Raises `JamError` when it cannot be sent as it is, and keeps the draft."""
        try:
            return self._send(draft, instead_of=draft)
        except JamError:
            self._own.save_draft(draft, self.now())
            raise

    def send_beside(self, draft: Draft) -> str:
        """Sends ``draft`` and leaves the draft that is written at its place as it is. Raises `JamError` when it cannot
        be sent as it is; then nothing was written."""
        return self._send(draft, instead_of=None)

    def _send(self, draft: Draft, instead_of: Draft | None) -> str:
        if draft.kind in (DraftKind.BRIEF, DraftKind.ANNOUNCEMENT):
            return self._send_as_host(draft, instead_of)
        self.check_may_write(ACT_OF[draft.kind], late=bool(draft.post_id))
        title, body = draft.title.strip(), draft.body.strip()
        self._check_text(draft.kind, title, body)
        tags = self._tags(draft.tags)
        now = self.now()
        written_at = rfc3339(now)
        if draft.kind is DraftKind.THREAD:
            forum = self.forum(draft.target)
            post_id = self._new_post_id(draft, now)
            payload = Payload(None, title, body, tags, written_at=written_at, kind=draft.thread_kind or KINDS[0])
            behind = self._rows_behind(draft, post_id, lambda: new_uuid7(now, self._rng))
            row = (post_id, "post", post_id, post_id, forum.id, payload, now)
            self._own.enqueue(*row, instead_of=instead_of, behind=behind)
            self._wake()
            return post_id
        target = self.post(draft.target)
        if target.gone:
            code = "post_gone" if draft.kind is DraftKind.EDIT else "parent_gone"
            raise Refused("the post is gone", f"It was {GONE[target.gone]}; your text is kept as a draft.", code)
        self.need_open_thread(target)
        if draft.kind is DraftKind.REPLY:
            post_id = self._new_post_id(draft, now)
            payload = Payload(target.id, "", body, tags, written_at=written_at)
            return self._enqueue(post_id, "post", post_id, target.thread_id, target.forum_id, payload, instead_of)
        return self._send_edit(draft, target, title, body, instead_of)

    def _new_post_id(self, draft: Draft, now: datetime) -> str:
        """A text that was in the outbox before keeps its id: the server may have got it without our hearing of it."""
        if draft.post_id and not self._own.used_up(draft.post_id):
            return draft.post_id
        return new_uuid7(now, self._rng)

    def _send_edit(self, draft: Draft, target: PostRow, title: str, body: str, instead_of: Draft | None) -> str:
        self._check_own(target)
        if target.key < 0:
            raise UsageError("this post is not sent yet", "Take it back from the outbox to change it.")

        def payload() -> Payload:
            self._check_no_conflict(target.id)
            there, ahead = self._versions(target.id)
            if not there:
                raise UsageError("this post is not here any more", "Try again when the mirror is up to date.")
            begun = draft.base_version or there
            # Begun upon edits that wait, it counts on them, as far as they still do; begun upon a version that somebody
            # has changed since, it is for the Jam to say so.
            version = there + ahead if begun == there else min(begun, there + ahead)
            return Payload(target.parent_id, title, body, base_version=version)

        return self._enqueue(
            new_uuid7(self.now(), self._rng), "edit", target.id, target.thread_id, target.forum_id, payload, instead_of
        )

    def _check_no_conflict(self, post_id: str) -> None:
        """What was begun upon a change that met a newer version would go over that unseen: a person looks first."""
        where = "WHERE post_id = ? AND kind = 'edit' AND state = 'refused' AND code = 'version_conflict'"
        if self._own.outbox(where, (post_id,)):
            hint = "Look at both in the outbox, and choose yours, theirs, or write a third; your text is kept."
            raise UsageError("an earlier change of this post met a newer version", hint)

    def _versions(self, post_id: str) -> tuple[int, int]:
        """The version of a post that the mirror has (0: none), and how many edits that wait will raise it.

        The outbox is read first: what is confirmed in between is in the mirror then, and not counted twice. Nor is an
        edit whose answer was lost, or that will be refused: it was made upon a version that is over.
        """
        waiting = self._own.outbox("WHERE post_id = ? AND kind = 'edit' AND state <> 'refused'", (post_id,))
        there = self._rows.as_confirmed(post_id)
        version = there.version if there is not None else 0
        return version, sum(row.payload.base_version >= version for row in waiting)

    def _enqueue(
        self,
        outbox_id: str,
        kind: str,
        post_id: str,
        thread_id: str,
        forum_id: str,
        payload: Payload | Callable[[], Payload],
        draft: Draft | None = None,
    ) -> str:
        self._own.enqueue(outbox_id, kind, post_id, thread_id, forum_id, payload, self.now(), instead_of=draft)
        self._wake()
        return outbox_id

    def _check_text(self, kind: DraftKind, title: str, body: str) -> None:
        limits = self.limits
        if not body:
            raise UsageError("there is no text to send", "Write something first.")
        if kind is DraftKind.THREAD and not title:
            raise UsageError("a new thread needs a title", "Give it one line that says what it is about.")
        if len(title) > limits.title:
            raise UsageError(
                f"the title is {len(title) - limits.title:,} characters too long", f"The limit is {limits.title:,}."
            )
        if len(body) > limits.body:
            raise UsageError(
                f"the text is {len(body) - limits.body:,} characters too long",
                f"The limit is {limits.body:,}; the draft is kept.",
            )

    def _tags(self, given: Sequence[str]) -> tuple[str, ...]:
        tags = tuple(dict.fromkeys(map(self._tag, given)))
        if len(tags) > self.limits.tags:
            raise UsageError(f"{len(tags)} tags are too many", f"The limit is {self.limits.tags}.")
        return tags

    def _tag(self, given: str) -> str:
        """As the Jam will have it: what a merged tag became. Raises `UsageError` for what it would refuse."""
        tag = self._tag_as_typed(given)
        return self._rows.merged_tags.get(tag, tag)

    def _tag_as_typed(self, given: str) -> str:
        """As the Jam keeps it. Raises `UsageError` for what it would refuse."""
        try:
            tag = normal_tag(given)
            if len(tag) > self.limits.tag:
                raise ValueError(f"a tag has at most {self.limits.tag} characters")
        except ValueError as error:
            raise UsageError(f"not a tag: {safe_line(given)[:60]}", f"{sentence(str(error))}.") from None
        return tag

    def _check_own(self, target: PostRow) -> None:
        if not target.mine:
            raise Refused("this post is somebody else's", "You can change and take back your own posts.", "forbidden")

    def delete(self, post_id: str) -> str | Undo:
        """The id of the row that asks for it, or, for a post that was not sent, what takes that back again."""
        target = self.post(post_id)
        self._check_own(target)
        if target.key < 0:
            dropped = self._own.drop(self._rows.overlay.posts[target.key].id, self.now())
            if dropped is not None:
                self._wake()
                return undo_of("taken back", dropped)
            target = self.post(post_id)  # the Jam has it, though the mirror may not show it yet
        self.check_may_write(Act.EDITS)

        def payload() -> Payload:
            there, edits = self._versions(target.id)
            return Payload(base_version=max(1, there) + edits)

        return self._change("delete", target, payload)

    def tag(self, post_id: str, tag: str) -> str:
        """Puts a tag on a post. The outbox row's id. Raises `Refused`, `NotFound`, `UsageError` for what is no tag."""
        return self._tagging("tag", post_id, tag)

    def untag(self, post_id: str, tag: str) -> str:
        """Takes it off. The outbox row's id. Raises `Refused`, `NotFound`."""
        return self._tagging("untag", post_id, tag)

    def _tagging(self, kind: str, post_id: str, tag: str) -> str:
        self.check_may_write(Act.TAGS)
        if kind == "tag" and tag.lstrip().startswith(":"):  # typed into a list of tags that was still open
            raise UsageError(f"not a tag: {safe_line(tag)[:60]}", "Commands begin with : and tags do not.")
        target = self.post(post_id)
        self.need_open_thread(target)
        return self._change(kind, target, Payload(tag=self._tag(tag)))

    def vote(self, post_id: str) -> str:
        """Supports a post. The outbox row's id. Raises `Refused`, `NotFound`."""
        self.check_may_write(Act.VOTES)
        return self._change("vote", self.post(post_id), Payload())

    def unvote(self, post_id: str) -> str:
        """Takes that back. The outbox row's id. Raises `Refused`, `NotFound`."""
        self.check_may_write(Act.VOTES)
        return self._change("unvote", self.post(post_id), Payload())

    def _act(
        self, kind: str, path: Sequence[str], what: str, data: dict[str, object] | None = None,
        post: PostRow | None = None,
    ) -> str:  # fmt: skip
        """Puts an act into the outbox (`jamtui.sync.acts`) and returns the row's id. ``path`` are the segments of its
        address; ``what`` says in one line what it does; ``post`` is the post that it is about, if any."""
        if (act := act_of(kind)) is not None:
            self.check_may_write(act)
        outbox_id = new_uuid7(self.now(), self._rng)
        payload = Payload(title=what, path=tuple(path), data=data or {})
        about = (post.id, post.thread_id, post.forum_id) if post is not None else ("", "", "")
        return self._enqueue(outbox_id, kind, *about, payload)

    def _change(self, kind: str, target: PostRow, payload: Payload | Callable[[], Payload]) -> str:
        if target.gone:
            raise Refused("the post is gone", f"It was {GONE[target.gone]}.", "post_gone")
        outbox_id = new_uuid7(self.now(), self._rng)
        return self._enqueue(outbox_id, kind, target.id, target.thread_id, target.forum_id, payload)
