"""Rows of what hosts do: announcements and polls; frozen and harmless like those of `jamtui.model`."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from jamtui.model import SendState


class AnnouncementRow(Struct, frozen=True):
    """What a host or moderator tells everybody, or everybody in one forum."""

    id: str
    author: str
    handle: str
    role: str
    author_id: str
    body: str  # CommonMark, harmless, uncut
    created_at: datetime
    seen: bool  # by the reader; one's own always is
    mine: bool
    forum_id: str = ""  # of the forum that it is for; "" for the whole Jam
    forum: str = ""  # its title
    alike: str = ""  # as in `jamtui.model.ThreadRow`
    send: SendState | None = None  # of one that waits in the outbox
    reason: str = ""  # why it was refused, in words
