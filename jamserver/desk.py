"""The desk: everything of the Jam that only one person may see, as one document.

It is what the change log must not hold: what somebody is told, what they chose in polls, what they reported; for
moderators what was reported, what was done, and the text of what is hidden. A client fetches it now and then, whoever
reads there and whatever is read, so asking says nothing.

Each section is a function of one module, named here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

import msgspec

from jamserver import moderation_desk, polls
from jamserver.db import Connection
from jamserver.posts import Actor

Section = Callable[[Connection, Actor, datetime], object]


def _role(db: Connection, actor: Actor, now: datetime) -> object:
    return actor.role


# Name of a field of `jamserver.wire.Desk` to what fills it. A section that is not a person's answers None: left out.
SECTIONS: dict[str, Section] = {
    "role": _role,
    **moderation_desk.SECTIONS,
    "ballots": polls.of_person,
}


def of(db: Connection, actor: Actor, now: datetime) -> tuple[bytes, str]:
    """The document of one person, and its ETag."""
    found = {name: section(db, actor, now) for name, section in SECTIONS.items()}
    body = msgspec.json.encode({name: value for name, value in found.items() if value is not None})
    return body, f'"{hashlib.sha256(body).hexdigest()[:24]}"'
