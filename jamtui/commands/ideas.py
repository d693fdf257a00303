"""``jamtui kind``, ``idea-state``, ``ideas``, ``feature``, ``unfeature``, ``featured`` and ``connect``: ideas that
converge."""

from __future__ import annotations

import argparse
from contextlib import closing

from jamtui.archive import IDEA_STATES
from jamtui.commands.context import Context
from jamtui.commands.reading import SHORT, list_posts
from jamtui.commands.writing import tell
from jamtui.errors import NotFound
from jamtui.ideas import link_kind
from jamtui.model import LINK_WORDS, Similar, Undo
from jamtui.output import BOLD, DIM
from jamtui.session import Session
from jamtui.store.registry import KnownJam

_BAR = 30  # characters of the longest bar


def kind(context: Context, args: argparse.Namespace) -> int:
    with closing(context.session()) as session:
        done, post_id = session.set_kind(args.post, args.kind), session.post(args.post).thread_id
        jam = session.known
    return _tell(context, jam, done, "kind", post_id)


def idea_state(context: Context, args: argparse.Namespace) -> int:
    with closing(context.session()) as session:
        done, post_id = session.set_idea_state(args.post, args.state), session.post(args.post).thread_id
        jam = session.known
    return _tell(context, jam, done, "idea-state", post_id)


def feature(context: Context, args: argparse.Namespace) -> int:
    with closing(context.session()) as session:
        done, post_id = session.feature(args.post, args.reason), session.post(args.post).id
        jam = session.known
    return _tell(context, jam, done, "feature", post_id)


def unfeature(context: Context, args: argparse.Namespace) -> int:
    with closing(context.session()) as session:
        done, post_id = session.unfeature(args.post), session.post(args.post).id
        jam = session.known
    return _tell(context, jam, done, "unfeature", post_id)


def connect(context: Context, args: argparse.Namespace) -> int:
    """``--remove`` takes the link away."""
    with closing(context.session()) as session:
        post, to, how = session.post(args.post), session.post(args.to), link_kind(args.kind)
        if args.remove:
            found = [one for one in session.links(post.id) if (one.kind, one.out, one.post_id) == (how, True, to.id)]
            if not found:
                raise NotFound("there is no such link", f"jamtui show {post.id[:SHORT]} tells those there are.")
            done = session.disconnect(post.id, found[0])
        else:
            done = session.connect(post.id, how, to.id)
        jam = session.known
    return _tell(context, jam, done, "disconnect" if args.remove else "connect", post.id)


def _tell(context: Context, jam: KnownJam, done: Undo, what: str, post_id: str) -> int:
    match done.token:
        case ("ideas", str() as row_id, *_):
            return tell(context, jam, [(row_id, what, post_id)])
    if context.out.json:
        context.out.row({"id": post_id, "outbox_id": "", "kind": what, "state": "nothing", "reason": done.what})
    else:
        context.out.line(f"{done.what[:1].upper()}{done.what[1:]}.")
    return 0


def ideas(context: Context, args: argparse.Namespace) -> None:
    """How many ideas are how far; ``--json``: a line for each forum, and one for the Jam (``forum`` null)."""
    out = context.out
    with closing(context.session()) as session:
        stages = session.stages()
    rows = [(forum.slug, forum.title, counts) for forum, counts in stages.forums]
    if out.json:
        for slug, title, counts in [*rows, (None, "", stages.total)]:
            states = dict(zip(IDEA_STATES, counts, strict=True))
            out.row({"forum": slug, "title": title, "ideas": sum(counts), **states})
        return
    if not sum(stages.total):
        out.say("No ideas here yet: threads of the kind idea are counted.")
        return
    if out.table_wanted:
        longest = max(stages.total)
        for state, number in zip(IDEA_STATES, stages.total, strict=True):
            bar = "█" * max(1 if number else 0, round(_BAR * number / longest))
            out.line(f"{state:<10}{number:>7,}  {bar}")
        out.line()
    out.table(
        ["forum", "ideas", *IDEA_STATES],
        [(title, sum(counts), *counts) for _, title, counts in rows],
        give=0,
        right=" ".join(("ideas", *IDEA_STATES)),
    )


def featured(context: Context, args: argparse.Namespace) -> None:
    """Posts that hosts feature, the newest first, with their reasons."""
    list_posts(context, lambda session: session.featured_keys()[: args.limit], "Nothing is featured yet.", why=True)


def tell_similar(context: Context, session: Session, title: str) -> tuple[Similar, ...]:
    """Says on standard error which threads are like a new one; returns them."""
    found = session.similar(title)
    if found:
        out = context.out
        out.say("There is something like it already:")
        for one in found:
            replies = "1 reply" if one.replies == 1 else f"{one.replies:,} replies"
            out.say(f"  {one.post.id[:SHORT]}  {' '.join(one.post.title.split())[:80]} · {one.forum} · {replies}")
    return found


def links_as_objects(session: Session, post_id: str) -> list[dict[str, object]]:
    """Links of a post for ``jamtui show --json``."""
    return [
        {"kind": one.kind, "direction": "out" if one.out else "in", "id": one.post_id, "gone": one.gone}
        for one in session.links(post_id)
    ]


def print_links(context: Context, session: Session, post_id: str, indent: str) -> None:
    """Links of a post, a line each, below its text."""
    out = context.out
    for one in session.links(post_id):
        words = LINK_WORDS[one.kind][0 if one.out else 1]
        title = out.style(one.title, DIM if one.gone else BOLD)
        out.line(f"{indent}{'→' if one.out else '←'} {words}: {title} {out.style(one.post_id[:SHORT], DIM)}")
