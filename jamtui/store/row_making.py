"""Makes rows for people of the objects of the wire, their text harmless from here on."""

from __future__ import annotations

from msgspec.structs import replace

from jamtui.archive import IDEA_STATES, KINDS, Forum, Jam, Person, Post
from jamtui.model import ForumRow, JamRow, PersonRow, PostRow
from jamtui.names import shown
from jamtui.safe_text import safe_body, safe_name, safe_names
from jamtui.store.looks import Look
from jamtui.store.overlay import featured_words

MOST_PHASES = 40  # of a Jam


def post_row(
    key: int, post: Post, up: int, author: Person, look: Look, unread: bool, saved: bool, mine: bool
) -> PostRow:
    """Without what the outbox, muting and votes add. ``unread``, ``saved``, ``mine``: of the reader."""
    return PostRow(
        key=key,
        id=post.id,
        forum_id=post.forum_id,
        thread_id=post.thread_id,
        parent_id=post.parent_id,
        author=shown(author.name),
        handle=shown(author.handle),
        role=shown_role(author),
        author_id=author.id,
        title=safe_name(post.title or merged_title(post)),
        body=safe_body(post.body),
        created_at=post.created_at,
        edited_at=post.edited_at,
        version=post.version,
        up=up,
        voted=False,
        tags=safe_names(post.tags),
        unread=unread,
        mine=mine,
        saved=saved,
        gone=post.gone,
        featured=bool(post.featured),
        featured_for=featured_words(post.featured),
        kind=shown_kind(post),
        idea_state=shown_state(post),
        alike=look.alike,
        namesake=look.namesake,
        locked=post.locked,
        merged=post.parent_id is not None and post.merged_from is not None,
    )


def merged_title(post: Post) -> str:
    """What the thread was called that a post opened before it was merged; not harmless."""
    title = (post.merged_from or {}).get("title")
    return title if isinstance(title, str) else ""


def shown_role(person: Person) -> str:
    """The role by which somebody's posts are marked: guests of honour have one of their own, who they are comes on
    their page."""
    return "honour" if person.honour and person.role in ("participant", "expert") else safe_name(person.role)


def shown_kind(post: Post) -> str:
    """What a thread is, of an opener that is there and says something known; else ""."""
    return post.kind if post.kind in KINDS and post.parent_id is None and not post.gone else ""


def shown_state(post: Post) -> str:
    """How far an idea is; one that says nothing known is new."""
    if shown_kind(post) != "idea":
        return ""
    return post.idea_state if post.idea_state in IDEA_STATES else IDEA_STATES[0]


def person_row(person: Person, posts: int) -> PersonRow:
    """Without marks: see `Rows.marked`."""
    return PersonRow(
        person.id, shown(person.handle), shown(person.name), safe_name(person.role), shown(person.org),
        shown(person.country), posts, languages=tuple(map(shown, safe_names(person.languages))),
        about=safe_body(person.about),
        honour=safe_name(person.honour), left=person.state == "left",
    )  # fmt: skip


def jam_row(data: Jam, where: str, local: bool) -> JamRow:
    """``where`` is its server or file; ``local``: an archive on this machine."""
    first = sorted(data.phases, key=lambda phase: phase.starts_at)[:MOST_PHASES]
    phases = tuple(replace(one, title=safe_name(one.title), guidance=safe_body(one.guidance)) for one in first)
    return JamRow(
        data.id, safe_name(data.slug), safe_name(data.title), safe_body(data.summary), data.opens_at, data.closes_at,
        safe_name(where), local, data.grace_seconds, data.archived_at, phases,
    )  # fmt: skip


def forum_row(data: Forum) -> ForumRow:
    """Without counts."""
    return ForumRow(
        data.id, safe_name(data.slug), safe_name(data.title), safe_body(data.brief), data.position, 0, 0, 0,
        data.host_ids, data.version, None, data.edited_by or "", data.edited_at,
    )  # fmt: skip
