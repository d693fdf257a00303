"""The session's part about ideas that converge: kinds of thread, links between posts, what is featured, how far an idea
is, and which threads are like one that is being written.

Mixed into `jamtui.session.Session`. What is written goes through the outbox, so it is done off line as well; each act
answers an `Undo`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from jamtui.archive import IDEA_STATES, KINDS, LINKS
from jamtui.errors import NotFound, Refused, UsageError
from jamtui.event import Act
from jamtui.model import GONE, LINK_WORDS, Draft, ForumRow, LinkRow, PostRow, Similar, Stages, Undo
from jamtui.safe_text import safe_line
from jamtui.store.links import ends
from jamtui.store.own import Payload, Queued
from jamtui.writing import Writing

if TYPE_CHECKING:
    from jamtui.store.likeness import Likeness
    from jamtui.store.rows import Rows

MAX_REASON = 300  # characters


def link_kind(text: str) -> str:
    """The kind of link that somebody means: ``builds-on``, ``builds on``, ``b``. Raises `UsageError`."""
    wanted = "_".join(text.strip().lower().replace("-", " ").split())
    found = [kind for kind in LINKS if wanted and kind.startswith(wanted)]
    if len(found) != 1:
        names = ", ".join(kind.replace("_", "-") for kind in LINKS)
        raise UsageError(f"no such link: {safe_line(text)[:40]}", f"Use one of: {names}.")
    return found[0]


def chosen(text: str, names: Sequence[str], what: str) -> str:
    """One of ``names``, by itself or its beginning. Raises `UsageError`."""
    wanted = text.strip().lower()
    found = [name for name in names if wanted and name.startswith(wanted)]
    if len(found) != 1:
        raise UsageError(f"no such {what}: {safe_line(text)[:40]}", f"Use one of: {', '.join(names)}.")
    return found[0]


class Ideas(Writing):
    """What `Session` gives beside what `Writing` asks for."""

    _likeness: Likeness | None = None

    def _fresh(self) -> Rows:
        raise NotImplementedError

    def _connect(self) -> Rows:
        """Rows over a connection of the calling thread's own."""
        raise NotImplementedError

    @property
    def role(self) -> str:
        """What the reader is here, as the Jam said last."""
        raise NotImplementedError

    def hosts(self, forum: ForumRow | None = None) -> bool:
        """Whether the reader hosts a forum (None: any), or moderates."""
        raise NotImplementedError

    def sorts(self, post: PostRow) -> bool:
        """Whether the reader may feature a post and say how far an idea is: a host of its forum, a moderator."""
        return self.hosts(self.forum(post.forum_id))

    # -- what a thread is

    def set_kind(self, post_id: str, kind: str) -> Undo:
        """An idea, a question or a discussion: said by who opened the thread, by hosts and moderators.
        ``post_id`` is any post of it. Raises `Refused`, `UsageError` for another kind, `NotFound`."""
        post = self.there(self.post(post_id).thread_id)
        kind = chosen(kind, KINDS, "kind")
        self.need_to_say_kind(post)
        if post.kind == kind:
            return Undo(f"it is {_a(kind)} already", None, nothing=True)
        before = post.kind or KINDS[-1]
        row = self._act("kind", ("posts", post.id), f"{_a(kind)}: {post.title}", {"kind": kind}, post)
        return Undo(f"now {_a(kind)}", ("ideas", row, "kind", post.id, before))

    def set_idea_state(self, post_id: str, state: str) -> Undo:
        """How far an idea is (one of `IDEA_STATES`), for hosts and moderators. Raises `Refused`, `NotFound`, and
        `UsageError` for another state and for a thread that is no idea."""
        post = self.there(self.post(post_id).thread_id)
        state = chosen(state, IDEA_STATES, "state")
        self.need_to_sort(post, "say how far an idea is")
        if post.kind != "idea":
            raise UsageError("this thread is not an idea", "Make it one first (:kind idea, or jamtui kind POST idea).")
        if post.idea_state == state:
            return Undo(f"it is {state} already", None, nothing=True)
        path = ("posts", post.id, "idea-state")
        row = self._act("idea-state", path, f"{state}: {post.title}", {"idea_state": state}, post)
        return Undo(f"the idea is {state} now", ("ideas", row, "idea-state", post.id, post.idea_state))

    def stages(self) -> Stages:
        """How many ideas are how far, in the Jam and in each forum; what waits in the outbox is not counted yet."""
        rows = self._fresh()
        counted: dict[int, list[int]] = {}
        for forum, stage, ideas in rows.stages():
            counted.setdefault(forum, [0] * len(IDEA_STATES))[stage - 1] += ideas
        forums = tuple(
            (forum, tuple(counted.get(rows.forum_n(forum.id), [0] * len(IDEA_STATES)))) for forum in rows.forums()
        )
        total = tuple(sum(counts[at] for _, counts in forums) for at in range(len(IDEA_STATES)))
        return Stages(total, forums)

    # -- what is featured

    def feature(self, post_id: str, reason: str) -> Undo:
        """Marks a post as worth everybody's time, and says why: ``reason`` is one line of at most `MAX_REASON`
        characters. Raises `Refused`, `UsageError`, `NotFound`."""
        post = self.there(post_id)
        words = " ".join(reason.split())
        self.need_to_sort(post, "feature posts")
        if not words:
            raise UsageError("a featured post needs a reason", "Say in a few words why it is worth everybody's time.")
        if len(words) > MAX_REASON:
            raise UsageError(f"the reason is {len(words) - MAX_REASON:,} characters too long",
                             f"The limit is {MAX_REASON}.")  # fmt: skip
        path = ("posts", post.id, "featured")
        row = self._act("feature", path, f"{words}: {_begin(post)}", {"reason": words}, post)
        return Undo("featured", ("ideas", row, "featured", post.id, post.featured_for))

    def unfeature(self, post_id: str) -> Undo:
        """Takes that away; does nothing to a post that is not featured. Raises `Refused`, `NotFound`."""
        post = self.there(post_id)
        self.need_to_sort(post, "feature posts")
        if not post.featured:
            return Undo("it is not featured", None, nothing=True)
        row = self._act("unfeature", ("posts", post.id, "featured"), _begin(post), None, post)
        return Undo("no longer featured", ("ideas", row, "featured", post.id, post.featured_for))

    def featured_keys(self) -> list[int]:
        """Posts that hosts feature, the newest first."""
        return self._fresh().featured_keys()

    # -- links

    def links(self, post_id: str) -> tuple[LinkRow, ...]:
        """All links of a post: those from it, then those to it."""
        found = self._fresh().links([post_id], most=100_000).get(post_id, ())
        return tuple(sorted(found, key=lambda link: (not link.out, LINKS.index(link.kind))))

    def connect(self, post_id: str, kind: str, to_id: str) -> Undo:
        """Says how a post stands to another. Raises `UsageError`, `Refused`."""
        kind = link_kind(kind)
        post, to = self.there(post_id), self.there(to_id)
        if post.id == to.id:
            raise UsageError("a post has no link to itself", "Choose another post.")
        if any((link.kind, link.out, link.post_id) == (kind, True, to.id) for link in self.links(post.id)):
            return Undo("this was said already", None, nothing=True)
        self.check_may_write(Act.LINKS)
        if to.key < 0:
            raise UsageError("that post is not sent yet", "Say it again when the Jam has that post.")
        row = self._put_link("connect", post, kind, to.id, _begin(to))
        return Undo(f"{LINK_WORDS[kind][0]}: {_begin(to)}", ("ideas", row, "link", f"{post.id} {kind} {to.id}", "off"))

    def disconnect(self, post_id: str, link: LinkRow) -> Undo:
        """Takes a link of the post away: one's own, or of one's own post; hosts any in their forums.
        Raises `Refused`."""
        from_id, to_id = (post_id, link.post_id) if link.out else (link.post_id, post_id)
        self.check_may_write(Act.LINKS)
        if not (link.mine or any(self._may_unlink(one) for one in (from_id, to_id))):
            raise Refused("others said this about posts of others", "Who said it, the authors of the posts and the "
                          "hosts of their forums can take it away.", "forbidden")  # fmt: skip
        post = self.post(from_id) if link.out else self.post(post_id)
        what = f"{LINK_WORDS[link.kind][0]}: {link.title}"
        row = self._act("disconnect", ("posts", from_id, "links", link.kind, to_id), what, None, post)
        return Undo("the link is taken away", ("ideas", row, "link", f"{from_id} {link.kind} {to_id}", "on"))

    def _may_unlink(self, post_id: str) -> bool:
        """Whether the reader wrote this end of a link, or sorts what is there."""
        try:
            post = self.post(post_id)
            return post.mine or self.sorts(post)
        except NotFound:
            return False

    def _put_link(self, act: str, post: PostRow, kind: str, to_id: str, title: str) -> str:
        path = ("posts", post.id, "links", kind, to_id)
        return self._act(act, path, f"{LINK_WORDS[kind][0]}: {title}", None, post)

    def _rows_behind(self, draft: Draft, post_id: str, new_id: Callable[[], str]) -> list[tuple[str, str, Payload]]:
        """The links of a new thread, as acts that are sent behind it; those to posts that are gone are left out."""
        found = []
        for kind, to_id in dict.fromkeys(draft.links):
            try:
                to = self.there(to_id)
            except (NotFound, Refused):
                continue
            path = ("posts", post_id, "links", kind, to.id)
            found.append((new_id(), "connect", Payload(title=f"{LINK_WORDS[kind][0]}: {_begin(to)}", path=path)))
        return found

    def _links_waiting(self, post_id: str) -> tuple[tuple[str, str], ...]:
        """Links of a post that waits, for when it becomes a draft again."""
        rows = self._own.outbox("WHERE post_id = ? AND kind = 'connect'", (post_id,))
        return tuple((kind, to) for _, kind, to in map(ends, rows) if kind in LINKS)

    # -- threads like one that is being written

    def ask_similar(self, title: str, deliver: Callable[[str, tuple[Similar, ...]], object]) -> None:
        """Returns at once and drops what was asked before; ``deliver`` is called from another thread, once typing
        rests, with the title and the threads that are like it, the most alike first."""
        from jamtui.store.likeness import similar

        self._looking().ask(title, similar, deliver)

    def ask_titled(self, text: str, deliver: Callable[[str, tuple[Similar, ...]], object]) -> None:
        """The same for posts to choose from: by the words of a title, or by id."""
        from jamtui.store.likeness import titled

        self._looking().ask(text, titled, deliver)

    def _looking(self) -> Likeness:
        if self._likeness is None:
            from jamtui.store.likeness import Likeness  # most who start write no thread

            self._likeness = Likeness(self._connect)
        return self._likeness

    def similar(self, title: str) -> tuple[Similar, ...]:
        """The same at once, for commands."""
        from jamtui.store.likeness import similar

        return similar(self._fresh(), title)

    # -- undo

    def undo_ideas(self, token: object) -> bool:
        """Takes back what one of these did; False when the token is of another kind."""
        match token:
            case ("ideas", str() as row_id, str() as what, str() as target, str() as before):
                row = self._own.one(row_id)
                if row is not None and row.state != "sent" and not row.attempts and self._drop_act(row):
                    return True
                self._do_again(what, target, before)
                return True
        return False

    def _drop_act(self, row: Queued) -> bool:
        if self._own.drop(row.id, self.now()) is None:
            return False
        self._wake()
        return True

    def _do_again(self, what: str, target: str, before: str) -> None:
        match what:
            case "kind":
                self.set_kind(target, before)
            case "idea-state":
                self.set_idea_state(target, before)
            case "featured" if before.strip():
                self.feature(target, before)
            case "featured":
                self.unfeature(target)
            case "link":
                from_id, kind, to_id = target.split(" ")
                if before == "on":
                    self.connect(from_id, kind, to_id)
                    return
                for link in self.links(from_id):
                    if (link.kind, link.out, link.post_id) == (kind, True, to_id):
                        self.disconnect(from_id, replace(link, mine=True))

    # -- checks

    def there(self, post_id: str) -> PostRow:
        """A post that something can be done to. Raises `Refused`, saying why, for one that is gone."""
        post = self.post(post_id)
        if post.gone:
            raise Refused("the post is gone", f"It was {GONE[post.gone]}.", "post_gone")
        return post

    def need_to_say_kind(self, post: PostRow) -> None:
        """Raises `Refused` for who neither opened the thread nor sorts what is in its forum."""
        sorts = self.sorts(post)
        if not post.mine and not sorts:
            hint = "Its author and the hosts of its forum say what it is."
            raise Refused("this thread is somebody else's", hint, "forbidden")
        self.check_may_write(Act.STEERING if sorts else Act.EDITS)

    def need_to_sort(self, post: PostRow, what: str) -> None:
        """Raises `Refused` or `NotSignedIn`. Hosts sort also when the Jam has closed; nobody does in a file, and no
        guest. ``what`` of it: "feature posts"."""
        if not (self.known.local or self.me.guest or self.sorts(post)):
            raise Refused(f"only hosts of this forum and moderators {what}", "Ask one of them.", "forbidden")
        self.check_may_write(Act.STEERING)


def _a(kind: str) -> str:
    return f"an {kind}" if kind == "idea" else f"a {kind}"


def _begin(post: PostRow) -> str:
    return " ".join((post.title or post.body[:200]).split())[:120]
