"""The commands that write: the outbox first, then a few seconds of trying to send (`jamtui.commands.delivery`)."""

from __future__ import annotations

import argparse
from contextlib import closing

from msgspec.structs import replace

from jamtui.archive import normal_tag
from jamtui.commands import texts
from jamtui.commands.context import Context
from jamtui.commands.delivery import End, deliver
from jamtui.errors import JamError, NotSignedIn, Refused, UsageError
from jamtui.event import Act
from jamtui.model import Draft, DraftKind, SendState
from jamtui.safe_text import safe_line
from jamtui.session import Session
from jamtui.store.registry import KnownJam


def post(context: Context, args: argparse.Namespace) -> int:
    with closing(context.session()) as session:
        may_write(session, Act.THREADS)
        forum = session.forum(args.forum)
        draft = session.draft(DraftKind.THREAD, forum.id)
        start = draft.body if draft and args.body is None else ""
        body = texts.body_of(args.body, context.home, context.environ, start)
        new = Draft(
            DraftKind.THREAD, forum.id, args.title, body, _tags(args.tag), thread_kind=args.kind,
            links=_links(session, args.link),
        )  # fmt: skip
        if not args.anyway and not _wanted(context, session, new):
            session.save_draft(new)
            context.out.say("Kept as a draft: jamtui drafts.")
            return 0
        outbox_id = send(session, new, goes_on=args.body is None)
    return tell(context, session.known, [(outbox_id, "post", outbox_id)])


def _links(session: Session, given: list[str]) -> tuple[tuple[str, str], ...]:
    """``KIND:POST`` as a draft has it. Raises `UsageError`, `NotFound`."""
    from jamtui.ideas import link_kind

    return tuple((link_kind(one.partition(":")[0]), session.post(one.partition(":")[2]).id) for one in given)


def _wanted(context: Context, session: Session, new: Draft) -> bool:
    """Names the threads that are like a new one; where somebody can answer, asks whether it is to be sent."""
    from jamtui.commands.ideas import tell_similar

    found = tell_similar(context, session, new.title)
    if not found or new.links or context.out.json or not texts.on_terminal():
        return True  # a script means what it says
    return texts.ask("Send it all the same? [y/N]").lower() in ("y", "yes")


def reply(context: Context, args: argparse.Namespace) -> int:
    with closing(context.session()) as session:
        may_write(session, Act.REPLIES)
        target = session.post(args.post)
        draft = session.draft(DraftKind.REPLY, target.id)
        start = draft.body if draft and args.body is None else ""
        body = texts.body_of(args.body, context.home, context.environ, start)
        new = Draft(DraftKind.REPLY, target.id, "", body, _tags(args.tag))
        outbox_id = send(session, new, goes_on=args.body is None)
    return tell(context, session.known, [(outbox_id, "post", outbox_id)])


def edit(context: Context, args: argparse.Namespace) -> int:
    with closing(context.session()) as session:
        may_write(session, Act.EDITS)
        target = session.post(args.post)
        if not target.mine:
            raise Refused("this post is somebody else's", "You can change your own posts.", "forbidden")
        title, body = session.written(target)
        if args.title is not None and target.parent_id is not None:
            raise UsageError("a reply has no title", "Leave --title out.")
        draft = session.draft(DraftKind.EDIT, target.id)
        new_body = body
        if args.body is not None or args.title is None:
            start = draft.body if draft else body
            new_body = texts.body_of(args.body, context.home, context.environ, start)
        new_title = title if args.title is None else args.title
        if (new_title.strip(), new_body.strip()) == (title.strip(), body.strip()):
            context.out.say("Nothing was changed.")
            return 0
        new = Draft(DraftKind.EDIT, target.id, new_title, new_body, base_version=target.version)
        outbox_id = send(session, new, goes_on=args.body is None)
    return tell(context, session.known, [(outbox_id, "edit", target.id)])


def delete(context: Context, args: argparse.Namespace) -> int:
    with closing(context.session()) as session:
        may_write(session, Act.EDITS)
        target = session.post(args.post)
        if not args.yes and texts.on_terminal():  # a script means what it says
            words = target.title or " ".join(target.body.split())[:60]
            if texts.ask(f"Take back “{words}”? [y/N]").lower() not in ("y", "yes"):
                context.out.say("Nothing was changed.")
                return 0
        done = session.delete(target.id)
        asking = unsaid(session, target.id)
    if isinstance(done, str):
        return tell(context, session.known, [(done, "delete", target.id)])
    if context.out.json:
        context.out.row({"id": target.id, "outbox_id": "", "kind": "delete", "state": "dropped", "reason": ""})
    else:
        context.out.line(f"{done.what} {target.id}")
    return tell(context, session.known, asking)


def unsaid(session: Session, post_id: str) -> list[tuple[str, str, str]]:
    """The row that asks the Jam to take back a post that was dropped, if it may have arrived: for `tell`."""
    return [(row.id, row.kind, post_id) for row in session.outbox() if row.kind == "delete" and row.post_id == post_id]


def tag(context: Context, args: argparse.Namespace) -> int:
    return _tagging(context, args, "tag")


def untag(context: Context, args: argparse.Namespace) -> int:
    return _tagging(context, args, "untag")


def _tagging(context: Context, args: argparse.Namespace, kind: str) -> int:
    names = _tags(args.tag)
    with closing(context.session()) as session:
        may_write(session, Act.TAGS)
        target = session.post(args.post)
        write = session.tag if kind == "tag" else session.untag
        rows = [(write(target.id, name), kind, target.id) for name in names]
    return tell(context, session.known, rows)


def vote(context: Context, args: argparse.Namespace) -> int:
    with closing(context.session()) as session:
        may_write(session, Act.VOTES)
        target = session.post(args.post)
        outbox_id = session.vote(target.id)
    return tell(context, session.known, [(outbox_id, "vote", target.id)])


def unvote(context: Context, args: argparse.Namespace) -> int:
    with closing(context.session()) as session:
        may_write(session, Act.VOTES)
        target = session.post(args.post)
        outbox_id = session.unvote(target.id)
    return tell(context, session.known, [(outbox_id, "unvote", target.id)])


def _tags(given: list[str]) -> tuple[str, ...]:
    """As the Jam keeps them, each once. Raises `UsageError`."""
    try:
        return tuple(dict.fromkeys(normal_tag(one) for one in given))
    except ValueError as error:
        raise UsageError(str(error), "A tag is a short label, like: office") from None


def may_write(session: Session, act: Act) -> None:
    """Says no before anybody is asked for a text. Raises `NotSignedIn` (guests) or `Refused` (closed, a file)."""
    reason = session.refusal(act)
    if not reason:
        return
    if session.me.guest and not session.known.local:
        raise NotSignedIn("you read as a guest", "Sign in to write: jamtui login URL --handle NAME.")
    refused = session.refused(act)
    raise Refused(reason, "Nothing was written.", refused.code if refused is not None else "")


def need_name(session: Session) -> None:
    """As `may_write`, for what the Jam takes at any time."""
    if session.me.guest and not session.known.local:
        raise NotSignedIn("you read as a guest", "Sign in first: jamtui login URL --handle NAME.")
    session.need_name("account")


def send(session: Session, draft: Draft, *, goes_on: bool) -> str:
    """Puts ``draft`` into the outbox. Another draft for the same place, from the screen, stays; ``goes_on`` says that
    ``draft`` is that one continued. When it cannot be sent, both are kept as one draft."""
    if goes_on:
        session.save_draft(draft)
        return session.send(draft)
    try:
        return session.send_beside(draft)
    except JamError:
        before = session.draft(draft.kind, draft.target)
        if before is not None and before.body.strip() not in ("", draft.body.strip()):
            both = f"{before.body}\n\n{draft.body}"
            draft = replace(draft, title=draft.title or before.title, body=both, tags=draft.tags or before.tags)
        session.save_draft(draft)
        raise


def tell(context: Context, jam: KnownJam, rows: list[tuple[str, str, str]]) -> int:
    """Sends (outbox id, kind, post id) rows and prints how each ended. Raises for the first that was refused."""
    if not rows:
        return 0
    ends = deliver(context, jam, [outbox_id for outbox_id, _, _ in rows])
    told = ""
    for (outbox_id, kind, post_id), end in zip(rows, ends, strict=True):
        if context.out.json:
            context.out.row(
                {
                    "id": post_id, "outbox_id": outbox_id, "kind": kind,
                    "state": "sent" if end.state is None else end.state.value, "reason": end.reason,
                }
            )  # fmt: skip
        elif end.state is not SendState.REFUSED:
            line = f"sent {post_id}" if end.sent else f"queued: {safe_line(end.reason)} ({post_id})"
            if line != told:  # several tags of one post are one line
                context.out.line(line)
            told = line
    for end in ends:
        _raise_for(end)
    return 0


def _raise_for(end: End) -> None:
    short = end.outbox_id[:13]
    if end.state is SendState.REFUSED:
        raise Refused(end.reason, f"It is kept: jamtui outbox shows it; retry, edit or drop {short}.", end.code)
    if end.not_signed_in is not None:
        problem = end.not_signed_in
        raise NotSignedIn(problem.title, f"{problem.hint} It is kept, and sent after that.".strip())
