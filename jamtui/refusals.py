"""What a row of the outbox is to the Jam (`jamtui.event.Act`), and what a person can do about a refusal, in words."""

from __future__ import annotations

from jamtui.event import Act
from jamtui.model import DraftKind

ACT_OF = {
    DraftKind.THREAD: Act.THREADS,
    DraftKind.REPLY: Act.REPLIES,
    DraftKind.EDIT: Act.EDITS,
    DraftKind.BRIEF: Act.STEERING,
    DraftKind.ANNOUNCEMENT: Act.ANNOUNCEMENTS,
}

# By the kind of the row (`jamtui.store.own.KINDS`). What is not here is held to no hours (a profile), or to
# those of who does it (the kind of a thread).
_ACTS = {
    "edit": Act.EDITS,
    "kind": Act.EDITS,
    "delete": Act.EDITS,
    "tag": Act.TAGS,
    "untag": Act.TAGS,
    "vote": Act.VOTES,
    "unvote": Act.VOTES,
    "connect": Act.LINKS,
    "disconnect": Act.LINKS,
    "idea-state": Act.STEERING,
    "feature": Act.STEERING,
    "unfeature": Act.STEERING,
    "ballot": Act.POLLS,
    "unballot": Act.POLLS,
    "poll": Act.POLLS,
    "close-poll": Act.STEERING,
    "remove-poll": Act.STEERING,
    "announce": Act.ANNOUNCEMENTS,
    "announce-change": Act.ANNOUNCEMENTS,
    "withdraw": Act.ANNOUNCEMENTS,
    "brief": Act.STEERING,
    "tag-curate": Act.STEERING,
    "tag-forget": Act.STEERING,
    "tag-merge": Act.STEERING,
    "tag-unmerge": Act.STEERING,
    "report": Act.REPORTS,
    "decide": Act.REPORTS,
    "moderate": Act.MODERATION,
}


def act_of(kind: str, *, answers: bool = False, removes: bool = False) -> Act | None:
    """What the row does; ``answers``: it is a post with a parent; ``removes``: it moderates by a removal. None for what
    the Jam's hours do not touch."""
    if kind == "post":
        return Act.REPLIES if answers else Act.THREADS
    if removes:
        return Act.REMOVAL
    return _ACTS.get(kind)


# What can be done about a refusal, by its code. Whatever it is, the text is kept until a person decides.
_ADVICE = {
    "jam_closed": "Nothing more can be written here. Copy the text, or try again if the Jam is opened once more.",
    "phase_closed": "Try again when a phase takes it (jamtui jam says when), or take the text elsewhere.",
    "post_locked": "Send it elsewhere: edit it, and choose another place. Or try again when the thread is open.",
    "suspended": "Your text is kept. Try again when the suspension is over.",
    "parent_gone": "Send it elsewhere: edit it, and choose another place.",
    "post_gone": "Send the text elsewhere, or drop it.",
    "version_conflict": "Look at both versions, and choose yours, theirs, or write a third.",
    "damaged": "The text may not be what you wrote: edit it, look through it, and send it again. Or drop it.",
    "poll_closed": "The poll takes no more ballots: drop it.",
    "id_taken": "An earlier text of it has arrived already, and that counts: drop this one, or write it anew.",
    "forbidden": "It stays refused unless somebody gives you the right. Try again then, or drop it.",
    "too_large": "Shorten it: edit it, and send it again.",
}
# The same of what has no text that could go elsewhere.
_ADVICE_OTHERWISE = {
    "jam_closed": "Nothing more can be done here. Try again if the Jam is opened once more, or drop it.",
    "phase_closed": "Try again when a phase takes it (jamtui jam says when), or drop it.",
    "post_locked": "Try again when the thread is open, or drop it.",
    "post_gone": "Drop it: nothing about the post can be changed any more.",
    "act_overtaken": "Undo what came after it first (:audit), then try again. Or drop it.",
    "report_taken": "You reported this post already: drop it.",
}
# Codes of which the Jam's own words say what stands in the way.
_SAID = ("forbidden", "act_overtaken", "report_taken")


def said(kind: str, code: str, title: str, hint: str, detail: str) -> str:
    """Why a row of the outbox was refused, in words, without what can be done: `advice` has that. ``title`` and
    ``hint`` are those of the error, ``detail`` is what the Jam itself says."""
    if code in _SAID and detail and kind not in ("post", "edit", "delete"):
        return f"{title}: {detail}"
    known = _ADVICE if kind in ("post", "edit") else _ADVICE | _ADVICE_OTHERWISE
    return title if code in known and code != "forbidden" else f"{title}. {hint}" if hint else title


_OTHERWISE = "Change it and send it again, try again as it is, or drop it."


def advice(kind: str, code: str) -> str:
    """What can be done about the refusal of a row."""
    told = _ADVICE if kind in ("post", "edit") else _ADVICE | _ADVICE_OTHERWISE
    return told.get(code, _OTHERWISE)
