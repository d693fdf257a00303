"""Posts: made, edited, taken back, tagged. Each function runs inside one write (`jamserver.log.Tx`).

A post is kept as the JSON object that is served. Fields that the server does not know (of imported posts) survive every
change but a removal, which keeps the bare frame of the post and nothing that somebody wrote.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec

from jamserver import once, tag_names
from jamserver.allowed import Act, require_allowed
from jamserver.db import Connection, row, rows, value
from jamserver.locks import hosts_forum, require_unlocked
from jamserver.log import Tx
from jamserver.objects import Fields, decode, encode
from jamserver.once import Asked, Written
from jamserver.problems import Problem, invalid
from jamserver.standing import Newcomers
from jamserver.wire import MAX_TAGS, MAX_TAGS_ELSEWHERE, NewPost, PostEdit, clean_tags, clean_text, utc
from jamtui.archive import GONE, Post, rfc3339
from jamtui.event import HOSTS

# What is left of a post that was taken back: where it stands, who wrote it when, its tally, whether it is locked.
_FRAME = (
    "id", "forum_id", "thread_id", "parent_id", "author_id", "title", "body", "created_at", "tags", "votes", "locked",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes."""

    person_id: str
    role: str

    @property
    def moderates(self) -> bool:
        return self.role == "moderator"

    @property
    def hosts(self) -> bool:
        """Briefs forums and sorts what is in them; a moderator does so as well."""
        return self.role in HOSTS


ANYBODY = Actor("", "participant")  # whose votes count as everybody's do


@dataclass(frozen=True, slots=True)
class Stored:
    """A post's row."""

    seq: int
    id: str
    changed: int
    forum_id: str
    thread_id: str
    parent_id: str | None
    author_id: str
    version: int
    state: str | None
    up: int
    content: bytes | None
    data: bytes

    @property
    def gone(self) -> bool:
        return self.state in GONE


@dataclass(frozen=True, slots=True)
class Ballot:
    """A person's vote for a post, or its withdrawal."""

    person_id: str
    wanted: bool
    asked: Asked | None = None


def find(db: Connection, post_id: str) -> Stored | None:
    """The post's row, or None."""
    found = row(
        db,
        "SELECT seq, id, changed, forum_id, thread_id, parent_id, author_id, version, state, up, content, data"
        " FROM posts WHERE id = ?",
        (post_id,),
    )
    return None if found is None else Stored(*found)


def get(db: Connection, post_id: str) -> Stored:
    """Raises 404."""
    post = find(db, post_id)
    if post is None:
        raise Problem("not_found", "There is no such post.")
    return post


def tags_of(db: Connection, post_id: str) -> list[str]:
    """The post's tags, sorted."""
    return [tag for (tag,) in rows(db, "SELECT DISTINCT tag FROM post_tags WHERE post_id = ? ORDER BY tag", (post_id,))]


def _digest(
    author: str, forum: str, parent: str | None, title: str, body: str, tags: tuple[str, ...], lang: str | None,
    kind: str | None,
) -> bytes:  # fmt: skip
    """SHA-256 of what makes two sendings the same; the writer's own time does not."""
    kinds = () if kind is None else (kind,)
    return hashlib.sha256(msgspec.json.encode([author, forum, parent, title, body, tags, lang, *kinds])).digest()


def _first_content(post: Stored) -> bytes | None:
    """The digest of what was first sent; for an imported post it is made from the post while nobody has edited it."""
    if post.content is not None or post.version != 1 or post.gone:
        return post.content
    now = msgspec.json.decode(post.data, type=Post)
    return _digest(
        post.author_id, post.forum_id, post.parent_id, now.title or "", now.body, tuple(sorted(now.tags)), now.lang,
        now.kind,
    )  # fmt: skip


def _same_content(
    db: Connection, there: Stored, content: bytes, actor: Actor, new: NewPost, title: str | None, body: str,
    tags: tuple[str, ...],
) -> bool:  # fmt: skip
    """Whether it is what was first sent. A reply names no forum: it may have been sent when its thread was in another,
    before it was moved or merged."""
    first = _first_content(there)
    if first == content or first is None or new.parent_id is None:
        return first == content  # which has its author, too
    return any(
        _digest(actor.person_id, forum, new.parent_id, title or "", body, tags, new.lang, new.kind) == first
        for (forum,) in rows(db, "SELECT id FROM forums")
    )


def create(tx: Tx, actor: Actor, post_id: str, new: NewPost, newcomers: Newcomers | None = None) -> Written:
    """A new post; the same content again answers the post as it now is.

    Raises 409 ``id_taken`` (other content under this id), ``parent_gone``, 403 as `require_allowed`, 422.
    """
    title = clean_text(new.title) if new.title is not None else None
    body = clean_text(new.body)
    tags = clean_tags(new.tags)
    parent = _parent(tx.db, new)
    forum_id = parent.forum_id if parent else new.forum_id or ""
    content = _digest(actor.person_id, forum_id, new.parent_id, title or "", body, tags, new.lang, new.kind)
    there = find(tx.db, post_id)
    # Before anything that may have changed since the first time, such as where its parent stands: a repeat after a lost
    # answer gets its answer.
    if there is not None and _same_content(tx.db, there, content, actor, new, title, body, tags):
        return Written(there.data, there.version, there.seq)
    _check_shape(new, post_id, title, body, parent)
    if there is not None:
        raise Problem("id_taken", "Another post has this id. Take a new one.")
    require_allowed(tx, actor, Act.THREADS if parent is None else Act.REPLIES)
    if parent is not None and parent.gone:
        raise Problem("parent_gone", "The post that you answer was taken back, removed or hidden.")
    if parent is not None:
        require_unlocked(tx, actor, parent.thread_id)
    if newcomers is not None:
        newcomers.check(tx, actor.person_id, f"{title or ''}\n{body}", thread=parent is None)
    if parent is None and not value(tx.db, "SELECT 1 FROM forums WHERE id = ?", (forum_id,)):
        raise invalid("/forum_id", "There is no such forum.")
    tags = tag_names.now_called(tx.db, tags)
    fields: Fields = {
        "id": post_id,
        "forum_id": forum_id,
        "thread_id": parent.thread_id if parent else post_id,
        "parent_id": new.parent_id,
        "author_id": actor.person_id,
    }
    if parent is None:
        fields["title"] = title
    fields |= {"body": body, "created_at": rfc3339(tx.now), "tags": list(tags), "votes": {"up": 0}, "version": 1}
    if new.written_at is not None:
        fields["written_at"] = utc(new.written_at, "/written_at")
    if new.lang is not None:
        fields["lang"] = new.lang
    if new.kind is not None:
        fields["kind"] = new.kind
    data = encode(fields)
    seq = insert(tx, fields, data, content)
    tx.db.executemany("INSERT INTO post_tags VALUES (?, ?, ?)", [(tag, post_id, actor.person_id) for tag in tags])
    return Written(data, 1, seq, created=True)


def _parent(db: Connection, new: NewPost) -> Stored | None:
    if new.parent_id is None:
        return None
    parent = find(db, new.parent_id)
    if parent is None:
        raise invalid("/parent_id", "There is no such post to answer.")
    return parent


def _check_shape(new: NewPost, post_id: str, title: str | None, body: str, parent: Stored | None) -> None:
    if parent is None:
        if not (title and title.strip()):
            raise invalid("/title", "A post that opens a thread needs a title; a reply needs parent_id.")
        if new.forum_id is None:
            raise invalid("/forum_id", "A post that opens a thread names its forum.")
        if new.thread_id not in (None, post_id):
            raise invalid("/thread_id", "A post that opens a thread is its own thread.")
        return
    if title is not None:
        raise invalid("/title", "A reply has no title.")
    if new.kind is not None:
        raise invalid("/kind", "A reply has no kind.")
    if not body.strip():
        raise invalid("/body", "A reply cannot be empty.")
    if new.thread_id not in (None, parent.thread_id):
        raise invalid("/thread_id", "The post that is answered is in another thread.")
    if new.forum_id not in (None, parent.forum_id):
        raise invalid("/forum_id", "The post that is answered is in another forum.")


def insert(tx: Tx, fields: Fields, data: bytes, content: bytes | None) -> int:
    """Writes a post as given, with its change. Returns the change's seq."""
    votes = fields.get("votes")
    up = votes.get("up", 0) if isinstance(votes, dict) else 0
    seq = tx.append("post", str(fields["id"]), data)
    bindings: tuple[Any, ...] = (
        seq,
        fields["id"],
        seq,
        fields["forum_id"],
        fields["thread_id"],
        fields.get("parent_id"),
        fields["author_id"],
        fields.get("version", 1),
        fields.get("state"),
        up,
        content,
        data,
    )
    tx.db.execute("INSERT INTO posts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", bindings)
    return seq


def store(tx: Tx, post: Stored, fields: Fields) -> Written:
    """The changed post as one more change."""
    data = encode(fields)
    version = int(str(fields.get("version", 1)))
    seq = tx.append("post", post.id, data)
    tx.db.execute(
        "UPDATE posts SET changed = ?, version = ?, state = ?, data = ? WHERE id = ?",
        (seq, version, fields.get("state"), data, post.id),
    )
    return Written(data, version, seq)


def require_version(post: Stored, if_match: str | None) -> None:
    """Raises 428 without ``If-Match``, 412 when it does not name the version that the post now has."""
    if if_match is None:
        raise Problem("if_match_required", 'Send If-Match: "VERSION" with the version that you saw.')
    names = [name.strip() for name in if_match.split(",")]
    if "*" not in names and f'"{post.version}"' not in names:
        raise Problem(
            "version_conflict", f"The post is at version {post.version} now.", headers={"ETag": f'"{post.version}"'}
        )


def require_there(post: Stored) -> None:
    """Raises 409 ``post_gone``."""
    if post.gone:
        raise Problem("post_gone", "The post was taken back, removed or hidden.")


def put_fields(tx: Tx, post: Stored, fields: Fields) -> Written:
    """The post with these fields, as one more change; nothing when they are those that it has."""
    if fields == decode(post.data):
        return Written(post.data, post.version, post.changed)
    return store(tx, post, fields)


def _set_kind(fields: Fields, post: Stored, kind: str) -> None:
    """What a thread is. Only an idea has a state."""
    if post.parent_id is not None:
        raise invalid("/kind", "A reply has no kind.")
    fields["kind"] = kind
    if kind != "idea":
        fields.pop("idea_state", None)


def edit(
    tx: Tx,
    actor: Actor,
    post_id: str,
    change: PostEdit,
    if_match: str | None,
    newcomers: Newcomers | None = None,
) -> Written:
    """Another title, body or kind, by the author; a host of the forum changes the kind alone. What changes nothing, and
    another kind, raise no version, so the version that was seen matters for title and body alone."""
    post = get(tx.db, post_id)
    words = change.title is not msgspec.UNSET or change.body is not msgspec.UNSET
    hosts = not words and hosts_forum(tx.db, actor, post.forum_id)
    if post.author_id != actor.person_id and not hosts:
        raise Problem("forbidden", "Only the author edits a post; hosts change the kind of threads in their forums.")
    require_there(post)
    require_allowed(tx, actor, Act.STEERING if hosts else Act.EDITS)
    require_unlocked(tx, actor, post.thread_id)
    if words:
        require_version(post, if_match)
    fields = decode(post.data)
    if change.kind is not msgspec.UNSET:
        _set_kind(fields, post, change.kind)
    if not words:
        return put_fields(tx, post, fields)
    kept = dict(fields)
    if change.title is not msgspec.UNSET:
        merged_from = fields.get("merged_from")  # an opener still when the change was written, perhaps
        if post.parent_id is not None and not isinstance(merged_from, dict):
            raise invalid("/title", "A reply has no title.")
        if not change.title.strip():
            raise invalid("/title", "A title cannot be empty.")
        title = clean_text(change.title)
        fields |= {"merged_from": merged_from | {"title": title}} if isinstance(merged_from, dict) else {"title": title}
    if change.body is not msgspec.UNSET:
        if post.parent_id is not None and not change.body.strip():
            raise invalid("/body", "A reply cannot be empty.")
        fields["body"] = clean_text(change.body)
    if fields == kept:
        return put_fields(tx, post, fields)
    if newcomers is not None:
        newcomers.check(tx, actor.person_id, f"{fields.get('title') or ''}\n{fields['body']}", thread=False)
    fields |= {"version": post.version + 1, "edited_at": rfc3339(tx.now)}
    return store(tx, post, fields)


def take_back(tx: Tx, actor: Actor, post_id: str, if_match: str | None) -> Written:
    """The author deletes, a moderator removes: the post's frame stays, its text goes from everywhere.

    A moderator may still do so when the Jam has closed. What is gone already is no error.
    """
    post = get(tx.db, post_id)
    own = post.author_id == actor.person_id
    if not (own or actor.moderates):
        raise Problem("forbidden", "Only the author or a moderator takes a post back.")
    if post.state in ("deleted", "removed"):
        return Written(post.data, post.version, post.changed)
    require_allowed(tx, actor, Act.REMOVAL if actor.moderates else Act.EDITS)
    require_version(post, if_match)
    tx.db.execute("DELETE FROM hidden WHERE post_id = ?", (post_id,))
    return blanked(tx, post, "deleted" if own else "removed")


def vanish(tx: Tx, post_id: str) -> None:
    """Somebody left and takes their posts along: as `take_back`, whatever the state of the Jam and of the post."""
    blanked(tx, get(tx.db, post_id), "deleted")
    tx.db.execute("DELETE FROM hidden WHERE post_id = ?", (post_id,))


def blanked(tx: Tx, post: Stored, state: str) -> Written:
    """Leaves the frame of a post, in the log of before as well."""
    was = decode(post.data)
    fields = {name: was[name] for name in _FRAME if name in was}
    if isinstance(merged_from := was.get("merged_from"), dict):
        fields["merged_from"] = merged_from | {"title": ""}
    if post.parent_id is None or fields.get("title"):
        fields["title"] = ""
    fields |= {"body": "", "tags": [], "version": post.version + 1, "state": state}
    tx.db.execute("DELETE FROM post_tags WHERE post_id = ?", (post.id,))
    tx.blank(post.id, encode(fields))
    return store(tx, post, fields)


def tag(tx: Tx, actor: Actor, post_id: str, name: str) -> Written:
    """Puts a tag on a post and records who did; ``name`` is a clean tag, in whose place comes what it was merged into.
    One that is there is no error."""
    post = get(tx.db, post_id)
    require_there(post)
    require_allowed(tx, actor, Act.TAGS)
    require_unlocked(tx, actor, post.thread_id)
    name = tag_names.became(tx.db, name)
    before = tags_of(tx.db, post_id)
    if name not in before and len(before) >= MAX_TAGS:
        raise invalid("/tags", f"A post has at most {MAX_TAGS} tags.")
    if name not in before and post.author_id != actor.person_id and not actor.hosts:
        own: int = value(
            tx.db, "SELECT count(*) FROM post_tags WHERE post_id = ? AND person_id = ?", (post_id, actor.person_id)
        )
        if own >= MAX_TAGS_ELSEWHERE:
            raise invalid("/tags", f"On a post of somebody else you put at most {MAX_TAGS_ELSEWHERE} tags.")
    tx.db.execute("INSERT OR IGNORE INTO post_tags VALUES (?, ?, ?)", (name, post_id, actor.person_id))
    return _retag(tx, post, before)


def untag(tx: Tx, actor: Actor, post_id: str, name: str) -> Written:
    """Takes a tag off: one's own, or anybody's from one's own post and for a moderator. One that is gone is no error.

    Where others put the same tag too, it stays with them.
    """
    post = get(tx.db, post_id)
    require_allowed(tx, actor, Act.TAGS)
    require_unlocked(tx, actor, post.thread_id)
    before = tags_of(tx.db, post_id)
    if name not in before:
        name = tag_names.became(tx.db, name)
    if name in before:
        if post.author_id == actor.person_id or actor.moderates:
            tx.db.execute("DELETE FROM post_tags WHERE post_id = ? AND tag = ?", (post_id, name))
        else:
            tx.db.execute(
                "DELETE FROM post_tags WHERE post_id = ? AND tag = ? AND person_id = ?",
                (post_id, name, actor.person_id),
            )
            if not tx.db.changes():
                raise Problem("forbidden", "Others put this tag; its author or a moderator can take it off.")
    return _retag(tx, post, before)


def _retag(tx: Tx, post: Stored, before: list[str]) -> Written:
    now = tags_of(tx.db, post.id)
    if now == before:
        return Written(post.data, post.version, post.changed)
    return store(tx, post, decode(post.data) | {"tags": now})


def rename_tag(tx: Tx, post_id: str, old: str, new: str) -> int:
    """A post that carries one tag carries the other instead, put by whoever put that one. Returns the change."""
    tx.db.execute(
        "INSERT OR IGNORE INTO post_tags SELECT ?, post_id, person_id FROM post_tags WHERE tag = ? AND post_id = ?",
        (new, old, post_id),
    )
    tx.db.execute("DELETE FROM post_tags WHERE tag = ? AND post_id = ?", (old, post_id))
    post = get(tx.db, post_id)
    if post.gone:
        return post.changed
    return store(tx, post, decode(post.data) | {"tags": tags_of(tx.db, post_id)}).seq


def set_tally(tx: Tx, post: Stored, up: int) -> int:
    """Publishes a tally: one ``votes`` change, and the post's object with it. Returns the seq."""
    fields = decode(post.data)
    votes = fields.get("votes")
    fields["votes"] = (votes if isinstance(votes, dict) else {}) | {"up": up}
    seq = tx.append("votes", post.id, encode({"post_id": post.id, "up": up}))
    tx.db.execute("UPDATE posts SET changed = ?, up = ?, data = ? WHERE id = ?", (seq, up, encode(fields), post.id))
    return seq


def vote(tx: Tx, post_id: str, ballots: list[Ballot]) -> list[tuple[int, int] | Problem]:
    """Ballots of several people for one post. Returns (tally, the change that it became), or what is wrong, of each.

    Raises 404, 409 ``post_gone`` when one of them wants to support it, 403 as `require_allowed`.
    """
    before = once.each(tx, [(ballot.person_id, ballot.asked) for ballot in ballots])
    fresh = [ballot for ballot, answer in zip(ballots, before, strict=True) if answer is None]
    done = _count(tx, get(tx.db, post_id), fresh) if fresh else (0, 0)
    for asked in {ballot.asked for ballot in fresh if ballot.asked is not None}:
        once.keep(tx, asked, "", Written(b"%d" % done[0], 0, done[1]))
    return [done if answer is None else _told(answer) for answer in before]


def _told(answer: Written | Problem) -> tuple[int, int] | Problem:
    return answer if isinstance(answer, Problem) else (int(answer.post), answer.seq)


def _count(tx: Tx, post: Stored, ballots: list[Ballot]) -> tuple[int, int]:
    if any(ballot.wanted for ballot in ballots):
        require_there(post)
    require_allowed(tx, ANYBODY, Act.VOTES)
    up = post.up
    for ballot in ballots:
        if ballot.wanted:
            tx.db.execute("INSERT OR IGNORE INTO votes VALUES (?, ?)", (post.id, ballot.person_id))
            up += tx.db.changes()
        else:
            tx.db.execute("DELETE FROM votes WHERE post_id = ? AND person_id = ?", (post.id, ballot.person_id))
            up -= tx.db.changes()
    return (up, set_tally(tx, post, up)) if up != post.up else (up, post.changed)
