"""What moderators do: one kind of write, an *act*, with its reason and its row in the audit log.

An act bears an id of the client's: the same again is answered, not done twice. ``before`` of its row is what undoing it
needs, never a text: a removal is final. Who did it is told to moderators alone; the people concerned are told what
became of their post and why, without a name.

Rights:

- Moderators do all acts. Hosts lock, unlock, move and merge, in forums that they host, and undo these.
- Nobody acts on themselves: not on their own standing or a warning to them, not on a hidden post of their own, not on
  a report about a post of theirs. Another moderator does.
- An act is undone while it is the last that stands on that thing, also by those who may do it to where things come
  from: what a moderator merged out of a forum, that forum's hosts take back, not the other's alone.
- A moderator is neither warned nor suspended by another: the organiser takes the role away first, on the machine.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from jamserver import allowed, hiding, locks, notices, objects, posts, reports, standing, threads
from jamserver.allowed import require_allowed
from jamserver.db import Connection, row, rows, value
from jamserver.log import Tx
from jamserver.objects import Fields, decode, encode
from jamserver.once import Written
from jamserver.posts import Actor, Stored
from jamserver.problems import Problem, invalid
from jamserver.wire import NewAct, clean_text, utc
from jamtui.archive import rfc3339

OF_HOSTS = ("lock", "unlock", "move", "merge")
OF_ONE_CHANGE = ("hide", "remove", "warn", "suspend")  # what keeps harm away, whatever else was done that day
_ON_PEOPLE = ("warn", "suspend", "unsuspend")
_NEED_REASON = ("hide", "remove", "lock", "move", "merge", "warn", "suspend")
OF_RECORDS = ("withdraw", "remove-poll")  # a moderator took another's announcement or poll away, for good
LONGEST = timedelta(days=366)  # that somebody is suspended at once

_NOT_MODERATORS = "A moderator is not warned or suspended by another; ask the organiser."

Effect = tuple[Fields | None, int]  # what undoing needs (None: nothing was changed), and the last change


def log(tx: Tx, actor: Actor, act_id: str, act: str, before: Fields | None, seq: int, **said: object) -> bytes:
    """Writes the row of the audit log. Returns the act as it is served."""
    told = {name: value for name, value in said.items() if value}
    fields: Fields = {"id": act_id, "act": act, "by_id": actor.person_id, **told, "created_at": rfc3339(tx.now)}
    if before is None:
        fields["changed"] = False
    if seq:
        fields["seq"] = seq
    data = encode(fields)
    tx.db.execute(
        "INSERT INTO moderation(id, act, by_id, post_id, person_id, data, before) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (act_id, act, actor.person_id, said.get("post_id") or "", said.get("person_id") or "", data,
         None if before is None else encode(before)),
    )  # fmt: skip
    return data


def new_id(tx: Tx) -> str:
    """For what an act makes beside itself."""
    return str(uuid.UUID(int=tx.rng.getrandbits(128), version=4))


def log_record(tx: Tx, actor: Actor, act: str, author_id: object, record_id: str, seq: int) -> None:
    """That somebody took away for good what another announced or asked: a row, and a notice to who had written it. Of
    one's own neither is made: nothing was done to anybody."""
    if not isinstance(author_id, str) or author_id == actor.person_id:
        return
    log(tx, actor, new_id(tx), act, {}, seq, person_id=author_id, record_id=record_id)
    if value(tx.db, "SELECT 1 FROM people WHERE id = ?", (author_id,)):  # an archive may not have who it was
        notices.tell(tx, author_id, act)


def listed(db: Connection, after: int, limit: int) -> Iterator[tuple[int, bytes]]:
    """The audit log, the oldest first: (place, act)."""
    for n, data, undone_by in rows(
        db, "SELECT n, data, undone_by FROM moderation WHERE n > ? ORDER BY n LIMIT ?", (after, limit)
    ):
        yield n, served(bytes(data), undone_by)


def served(data: bytes, undone_by: str | None) -> bytes:
    """An act, with the act that undid it."""
    return data if undone_by is None else encode(decode(data) | {"undone_by": undone_by})


def do(tx: Tx, actor: Actor, act_id: str, new: NewAct) -> tuple[bytes, int, bool]:
    """(the act, the last change that it became or 0, whether it is new). Raises 403, 404, 409, 422."""
    reason = clean_text(new.reason).strip()
    said: Fields = {
        "post_id": new.post_id, "person_id": new.person_id, "reason": reason, "to": new.to,
        "until": utc(new.until, "/until"), "of": new.of,
    }  # fmt: skip
    there = row(tx.db, "SELECT by_id, data, undone_by FROM moderation WHERE id = ?", (act_id,))
    if there is not None:
        fields = decode(there[1])
        if there[0] == actor.person_id and fields["act"] == new.act and _said(fields) == _said(said):
            return served(bytes(there[1]), there[2]), int(str(fields.get("seq", 0))), False
        raise Problem("id_taken", "Another act has this id. Take a new one.")
    if not (actor.moderates or (actor.hosts and new.act in (*OF_HOSTS, "undo"))):
        raise Problem("forbidden", "Moderators do this; hosts lock, move and merge threads of their forums.")
    require_allowed(tx, actor, allowed.Act.REMOVAL if new.act == "remove" else allowed.Act.MODERATION)
    if new.act in _NEED_REASON and not reason:
        raise invalid("/reason", "Say why: the people concerned are told.")
    if new.act == "undo":
        before, seq = _undo(tx, actor, act_id, new)
    elif new.act in _ON_PEOPLE:
        before, seq = _on_person(tx, actor, new, reason)
    else:
        before, seq = _on_post(tx, actor, new, reason)
    if before is not None and _decides(tx.db, actor, new):
        decided = reports.decide(tx, new.post_id or "", "acted", new.act)
        before |= {"reports": decided} if decided else {}
    return log(tx, actor, act_id, new.act, before, seq, **said), seq, True


def _decides(db: Connection, actor: Actor, new: NewAct) -> bool:
    """Whether the act is also the decision on what was reported of the post: a moderator's, on somebody else's."""
    if new.post_id is None or new.act in ("unhide", "unlock", "unsuspend", "undo") or not actor.moderates:
        return False
    return bool(posts.get(db, new.post_id).author_id != actor.person_id)


def _said(fields: Fields) -> Fields:
    return {name: fields.get(name) or "" for name in ("post_id", "person_id", "reason", "to", "until", "of")}


# -- on posts and threads


def _on_post(tx: Tx, actor: Actor, new: NewAct, reason: str) -> Effect:
    if new.post_id is None:
        raise invalid("/post_id", "Name the post.")
    if new.person_id is not None or new.until is not None:
        raise invalid("", "An act on a post names no person and no time.")
    if (new.to is None) == (new.act in ("move", "merge")):
        raise invalid("/to", "Name where it goes; only move and merge do.")
    post = posts.get(tx.db, new.post_id)
    if new.act in OF_HOSTS:
        post = threads.opener(tx.db, new.post_id)
        locks.require_host(tx.db, actor, post.forum_id)
    before, seq = _EFFECTS[new.act](tx, actor, post, new)
    if before is not None and post.author_id != actor.person_id:
        notices.tell(tx, post.author_id, new.act, post_id=post.id, reason=reason, to=new.to)
    return before, seq


def _hide(tx: Tx, actor: Actor, post: Stored, new: NewAct) -> Effect:
    if post.state == "hidden":
        return None, post.changed
    posts.require_there(post)
    return {}, hiding.hide(tx, post).seq


def _unhide(tx: Tx, actor: Actor, post: Stored, new: NewAct) -> Effect:
    if not post.gone:
        return None, post.changed
    if post.state != "hidden":
        raise Problem("post_gone", "The post was removed or taken back: its text is not there any more.")
    if post.author_id == actor.person_id:
        raise Problem("forbidden", "Another moderator decides on a post of yours.")
    return {}, hiding.unhide(tx, post).seq


def _remove(tx: Tx, actor: Actor, post: Stored, new: NewAct) -> Effect:
    if post.state in ("deleted", "removed"):
        return None, post.changed
    return {}, posts.take_back(tx, actor, post.id, "*").seq


def _lock(tx: Tx, actor: Actor, post: Stored, new: NewAct) -> Effect:
    seq = threads.lock(tx, post, new.act == "lock")
    return (None, post.changed) if seq is None else ({}, seq)


def _move(tx: Tx, actor: Actor, post: Stored, new: NewAct) -> Effect:
    if not value(tx.db, "SELECT 1 FROM forums WHERE id = ?", (new.to,)):
        raise invalid("/to", "There is no such forum.")
    locks.require_host(tx.db, actor, new.to or "")
    seq = threads.move(tx, post, new.to or "")
    return (None, post.changed) if seq is None else ({"forum_id": post.forum_id}, seq)


def _merge(tx: Tx, actor: Actor, post: Stored, new: NewAct) -> Effect:
    target = threads.merge_target(tx.db, post, new.to or "")
    locks.require_host(tx.db, actor, target.forum_id)
    return threads.merge(tx, post, target)


_EFFECTS: dict[str, Callable[[Tx, Actor, Stored, NewAct], Effect]] = {
    "hide": _hide, "unhide": _unhide, "remove": _remove, "lock": _lock, "unlock": _lock, "move": _move,
    "merge": _merge,
}  # fmt: skip


def take_back(tx: Tx, actor: Actor, post_id: str, if_match: str | None) -> Written:
    """`posts.take_back`, which is the act ``remove`` when it is somebody else's post."""
    post = posts.get(tx.db, post_id)
    done = posts.take_back(tx, actor, post_id, if_match)
    if post.author_id != actor.person_id and done.seq != post.changed:
        notices.tell(tx, post.author_id, "remove", post_id=post_id)
        decided = reports.decide(tx, post_id, "acted", "remove")
        log(tx, actor, new_id(tx), "remove", {"reports": decided} if decided else {}, done.seq, post_id=post_id)
    return done


# -- on people


def _on_person(tx: Tx, actor: Actor, new: NewAct, reason: str) -> Effect:
    if new.person_id is None:
        raise invalid("/person_id", "Name the person.")
    if new.to is not None or (new.until is None) == (new.act == "suspend"):
        raise invalid("/until", "Say until when somebody is suspended; nothing else has a time.")
    role = value(tx.db, "SELECT role FROM people WHERE id = ?", (new.person_id,))
    if role is None:
        raise Problem("not_found", "There is no such person.")
    if new.person_id == actor.person_id:
        raise Problem("forbidden", "Another moderator decides on you.")
    if role == "moderator" and new.act != "unsuspend":
        raise Problem("forbidden", _NOT_MODERATORS)
    if new.post_id is not None and posts.get(tx.db, new.post_id).author_id != new.person_id:
        raise invalid("/post_id", "This post is somebody else's.")
    was = standing.suspension(tx.db, new.person_id, tx.now)
    # Who left while suspended may be led back there by an issuer: that may be made longer, or lifted.
    if new.act in ("warn", "suspend") and objects.has_left(tx.db, new.person_id) and (was is None or new.act == "warn"):
        raise Problem("not_found", "This account was deleted: nobody is there any more.")
    before: Fields | None = {}
    until = ""
    if new.act == "suspend" and new.until is not None:
        if not tx.now < new.until <= tx.now + LONGEST:
            raise invalid("/until", f"A time to come, at most {LONGEST.days} days off.")
        before, until = {"suspension": was.fields() if was else None}, rfc3339(new.until)
        standing.suspend(tx, new.person_id, new.until, reason)
    elif new.act == "unsuspend":
        before = {"suspension": was.fields()} if was is not None else None
        standing.unsuspend(tx, new.person_id)
    if before is not None:
        notices.tell(tx, new.person_id, new.act, post_id=new.post_id, reason=reason, until=until)
    return before, 0


# -- undoing


def _undo(tx: Tx, actor: Actor, act_id: str, new: NewAct) -> Effect:
    if new.of is None or new.to is not None or new.until is not None or new.post_id or new.person_id:
        raise invalid("/of", "Name the act that is undone, and nothing else.")
    found = row(tx.db, "SELECT n, act, post_id, person_id, before, undone_by FROM moderation WHERE id = ?", (new.of,))
    if found is None:
        raise Problem("not_found", "There is no such act.")
    n, act, post_id, person_id, raw, undone_by = found
    if act in ("remove", "undo", *OF_RECORDS):
        raise invalid("/of", "Do the act itself again." if act == "undo" else "A removal is final.")
    if not actor.moderates and act not in OF_HOSTS:
        raise Problem("forbidden", "Moderators undo this.")
    if undone_by is not None:
        return None, 0
    if not actor.moderates:
        locks.require_host(tx.db, actor, posts.get(tx.db, post_id).forum_id)
    if person_id == actor.person_id:
        raise Problem("forbidden", "Another moderator decides on you.")
    # An act on a person may name the post that it came of, too.
    target = person_id if act in _ON_PEOPLE else post_id
    _require_last(tx.db, n, act, target)
    tx.db.execute("UPDATE moderation SET undone_by = ? WHERE id = ?", (act_id, new.of))
    if raw is None:  # it changed nothing, but it stood, so that an earlier one could not be undone
        return None, 0
    before = decode(raw)
    seq = _UNDONE[act](tx, actor, target, before)
    reports.reopen(tx, before.get("reports"))
    told = person_id or value(tx.db, "SELECT author_id FROM posts WHERE id = ?", (post_id,))
    if told != actor.person_id and act not in ("dismiss", "settle"):
        notices.tell(tx, told, "undone", of=act, post_id=post_id)
    return {}, seq


# Acts on the same thing of a post or a person: only the last of them that stands is undone.
_OF_ONE_THING = (("hide", "unhide"), ("lock", "unlock"), ("move", "merge"), ("suspend", "unsuspend"))


def _require_last(db: Connection, n: int, act: str, target: str) -> None:
    """Raises 409 ``act_overtaken`` while a later act on the same thing stands: undoing this one would undo that one,
    whoever did it, or bring back a state that nobody meant to follow it."""
    kinds = next((kinds for kinds in _OF_ONE_THING if act in kinds), None)
    if kinds is None:
        return
    column = "person_id" if act in _ON_PEOPLE else "post_id"
    sql = (
        f"SELECT act, data FROM moderation WHERE n > ? AND {column} = ? AND act IN (?, ?) AND undone_by IS NULL "
        "ORDER BY n DESC LIMIT 1"
    )
    later = row(db, sql, (n, target, *kinds))
    if later is not None:
        what = "person" if column == "person_id" else "post"
        raise _overtaken(f"{later[0]} of {decode(later[1])['created_at']} came after it, on the same {what}.")


def _overtaken(what: str) -> Problem:
    return Problem("act_overtaken", what)


def _un_hide(tx: Tx, actor: Actor, post_id: str, before: Fields) -> int:
    post = posts.get(tx.db, post_id)
    if post.state in ("deleted", "removed"):
        raise _overtaken("The post was removed or taken back since.")
    if post.author_id == actor.person_id:
        raise Problem("forbidden", "Another moderator decides on a post of yours.")
    return hiding.unhide(tx, post).seq if post.gone else post.changed


def _re_hide(tx: Tx, actor: Actor, post_id: str, before: Fields) -> int:
    post = posts.get(tx.db, post_id)
    return post.changed if post.gone else hiding.hide(tx, post).seq


def _set_lock(locked: bool) -> Callable[[Tx, Actor, str, Fields], int]:
    def run(tx: Tx, actor: Actor, post_id: str, before: Fields) -> int:
        post = posts.get(tx.db, post_id)
        if post.parent_id is not None:
            raise _overtaken("The thread was merged into another since: undo that first.")
        return threads.lock(tx, post, locked) or post.changed

    return run


def _move_back(tx: Tx, actor: Actor, post_id: str, before: Fields) -> int:
    post = posts.get(tx.db, post_id)
    if post.parent_id is not None:
        raise _overtaken("The thread was merged into another since: undo that first.")
    forum_id = str(before["forum_id"])
    locks.require_host(tx.db, actor, forum_id)
    return post.changed if post.forum_id == forum_id else threads.move_back(tx, post, forum_id)


def _split(tx: Tx, actor: Actor, post_id: str, before: Fields) -> int:
    post = posts.get(tx.db, post_id)
    locks.require_host(tx.db, actor, str(before["forum_id"]))
    return post.changed if post.parent_id is None else threads.split(tx, post, before)


def _stand(tx: Tx, actor: Actor, person_id: str, before: Fields) -> int:
    was = before.get("suspension")
    if isinstance(was, dict):
        if value(tx.db, "SELECT role FROM people WHERE id = ?", (person_id,)) == "moderator":
            raise Problem("forbidden", _NOT_MODERATORS)  # who was suspended as something else has the role since
        until = datetime.fromisoformat(str(was["until"]))
        standing.suspend(tx, person_id, until, str(was["reason"]))
    else:
        standing.unsuspend(tx, person_id)
    return 0


def _nothing(tx: Tx, actor: Actor, target: str, before: Fields) -> int:
    return 0  # a warning that was read stays read; its notice is followed by one that takes it back


_UNDONE: dict[str, Callable[[Tx, Actor, str, Fields], int]] = {
    "hide": _un_hide, "unhide": _re_hide, "lock": _set_lock(False), "unlock": _set_lock(True), "move": _move_back,
    "merge": _split, "warn": _nothing, "suspend": _stand, "unsuspend": _stand, "dismiss": _nothing, "settle": _nothing,
}  # fmt: skip


# -- reports


def decide(tx: Tx, actor: Actor, report_id: str, state: str) -> tuple[bytes, bool]:
    """A moderator's decision on a report, and on all others about the same post. (the report, whether it changed)

    Raises 403, 404.
    """
    if not actor.moderates:
        raise Problem("forbidden", "Moderators decide on reports.")
    require_allowed(tx, actor, allowed.Act.REPORTS)
    post_id, now, data = reports.find(tx, report_id)
    if value(tx.db, "SELECT author_id FROM posts WHERE id = ?", (post_id,)) == actor.person_id:
        raise Problem("forbidden", "Another moderator decides on a post of yours.")
    if now != "open":
        return data, False
    decided: Fields = {"reports": reports.decide(tx, post_id, state)}
    log(tx, actor, new_id(tx), "dismiss" if state == "dismissed" else "settle", decided, 0, post_id=post_id)
    return reports.find(tx, report_id)[2], True
