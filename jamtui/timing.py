"""The hours of the Jam as part of a session: how it stands, what it takes now, and why it does not take something.

What is told here is by this machine's clock, put right by the server's as far as that was heard; whether a write is
taken is the server's to say, when it arrives.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from jamtui import event
from jamtui.archive import Phase
from jamtui.errors import NotSignedIn, Refused
from jamtui.event import PHASED, Act, Refusal, State
from jamtui.model import JamRow, Me
from jamtui.refusals import ACT_OF
from jamtui.store.clock import CLOCK, clock_error
from jamtui.store.registry import KnownJam
from jamtui.store.rows import Rows

_NEAR = timedelta(minutes=5)  # before the end: what is being written has to be sent
_LATER = 1.0  # seconds behind a change, at which it is looked at: once
_LONGEST = 7 * 86_400.0  # seconds; more is no wait for the system's calls
_NEWS = {
    State.SCHEDULED: "The Jam is not open yet",
    State.OPEN: "The Jam is open",
    State.GRACE: "The Jam has closed; what waits in your outbox is taken until {until}",
    State.CLOSED: "The Jam has closed; it can still be read",
    State.ARCHIVED: "The Jam is archived",
}
# What hosts and moderators do in a Jam that takes no posts.
_STILL = {
    Act.ANNOUNCEMENTS: "announce",
    Act.STEERING: "sort",
    Act.MODERATION: "moderate",
    Act.REMOVAL: "remove",
}
_FAR = datetime.max.replace(tzinfo=UTC)


class Standing(Struct, frozen=True):
    """How the Jam stands from ``since`` until ``until``, for one role; between these nothing of it changes."""

    jam: JamRow
    role: str
    since: datetime
    until: datetime
    state: State
    phase: Phase | None
    refused: dict[Act, Refusal]


class Timing:
    """What `Session` gives: its rows and its clock."""

    known: KnownJam
    signs_in: str
    _rows: Rows
    _stood: Standing | None = None
    _told_hours: tuple[State, str, datetime, bool] | None = None  # state, phase, end, whether that is near

    if TYPE_CHECKING:  # `jamtui.moderating` has it; a body here would stand before that one

        def suspended_words(self) -> str: ...
        def my_name(self) -> str: ...

    @property
    def me(self) -> Me:
        raise NotImplementedError

    def now(self) -> datetime:
        raise NotImplementedError

    def _meta(self, key: str) -> str:
        raise NotImplementedError

    def _jam_row(self) -> JamRow | None:
        """None while the mirror is empty."""
        raise NotImplementedError

    def clock_error(self) -> timedelta:
        """How far this machine's clock is ahead of the server's; zero while that is not known."""
        return clock_error(self._meta(CLOCK), self.now())

    def event_now(self) -> datetime:
        """The time by the server's clock: the one that the Jam's hours are meant in."""
        return self.now() - self.clock_error()

    def counted_from(self) -> datetime:
        """The time from which ``2h`` and ``today`` count back: now, or the Jam's end when it is over."""
        row = self._jam_row()
        return self.now() if row is None else min(self.now(), row.closes_at)

    def jam_object(self) -> dict[str, object]:
        """The Jam as it came, for programs. Raises `NotFound` while the mirror is empty."""
        return self._rows.jam_object()

    def standing(self) -> Standing | None:
        """None while the mirror is empty."""
        row = self._jam_row()
        if row is None:
            return None
        role, now, stood = self._rows.my_role(), self.event_now(), self._stood
        if stood is None or stood.jam is not row or stood.role != role or not stood.since <= now < stood.until:
            after = event.next_of(row, now)
            refusals = ((act, event.may(row, now, role, act)) for act in Act)
            stood = self._stood = Standing(
                row, role, now, after.at if after is not None else _FAR, event.state_at(row, now),
                event.phase_at(row, now), {act: refusal for act, refusal in refusals if refusal is not None},
            )  # fmt: skip
        return stood

    def hours_news(self) -> str:
        """What has changed of the Jam's hours since this was asked last, in a sentence without a full stop; "" for
        nothing, and the first time."""
        stood = self.standing()
        if stood is None:
            return ""
        phase, closes = stood.phase, stood.jam.closes_at
        near = stood.state is State.OPEN and closes - self.event_now() <= _NEAR
        now = (stood.state, phase.id if phase is not None else "", closes, near)
        before, self._told_hours = self._told_hours, now
        if before is None or before == now:
            return ""
        if before[0] is not stood.state:
            news = _NEWS[stood.state].format(until=f"{event.grace_ends(stood.jam).astimezone():%d %B %H:%M}")
            if stood.state in (State.CLOSED, State.GRACE) and (still := self.still_does()):
                news = f"{news}; {still}"
            return f"{news}{f': {self.phase_line()}' if phase is not None else ''}"
        if phase is not None and before[1] != phase.id:
            return self.phase_line()
        if stood.state is State.OPEN and before[2] != closes:
            return f"The Jam closes {_when(closes)} now"
        return f"The Jam closes {_when(closes)}: send what you are writing" if near and not before[3] else ""

    def hours_change_in(self) -> float | None:
        """Seconds until `hours_news` has something to tell by the clock alone, or may have; None when it will not."""
        stood = self.standing()
        if stood is None or stood.until is _FAR:
            return None
        now, closes = self.event_now(), stood.jam.closes_at
        near = closes - _NEAR if stood.state is State.OPEN and closes - now > _NEAR else stood.until
        return min(max(0.0, (min(stood.until, near) - now).total_seconds()) + _LATER, _LONGEST)

    def phase_line(self) -> str:
        """The phase that the Jam is in and what it is for, harmless and on one line; "" when there is none."""
        stood = self.standing()
        if stood is None or stood.phase is None:
            return ""
        return ": ".join(" ".join(text.split()) for text in (stood.phase.title, stood.phase.guidance) if text.strip())

    def refusal(self, act: Act | None = None) -> str:
        """Why something cannot be done here, in words; without ``act``, why nothing can be written at all. "" when it
        can."""
        if self.known.local:
            return "This is an archive file: it can be read, not written"
        if self.me.guest:
            return f"You read as a guest: sign in to write ({self.signs_in})"
        if suspended := self.suspended_words():
            return suspended
        found = self.refused(act)
        return "" if found is None else event.reason(found, _when)

    def still_does(self) -> str:
        """What the reader may still do where nothing of theirs can be written, as a clause: ``you still announce, sort
        and moderate``; "" for who only reads then, and while something can be written."""
        stood = self.standing()
        if stood is None or self.only_reads() or self.suspended_words() or self.refused() is None:
            return ""
        still = [verb for act, verb in _STILL.items() if act not in stood.refused]
        if still == [_STILL[Act.REMOVAL]]:
            return "you can still remove what nobody may read"
        still = still[:3]  # who moderates also removes
        return f"you still {', '.join(still[:-1])} and {still[-1]}" if len(still) > 1 else ""

    def who_words(self) -> str:
        """Who reads, for the top line, or that they only read; and what a host is when nothing can be written."""
        if self.only_reads() or (self.refusal() and not self.still_does()):
            return "suspended: reading only" if self.suspended_words() else "reading only"
        name = f"as {self.my_name()}"
        if not (still := self.still_does()):
            return name
        if "remove" in still:
            return f"{name}, removing only"
        return f"{name}, still {'moderating' if self._rows.my_role() == 'moderator' else 'hosting'}"

    def only_reads(self) -> str:
        """Why this reader never writes here, whatever the Jam takes; "" for who has signed in."""
        return self.refusal() if self.known.local or self.me.guest else ""

    def refused(self, act: Act | None = None) -> Refusal | None:
        """What the Jam's hours say to it; without ``act``, only if they let nothing be written."""
        stood = self.standing()
        if stood is None:
            return None
        if act is not None:
            return stood.refused.get(act)
        return stood.refused[Act.REPLIES] if all(one in stood.refused for one in PHASED) else None

    def late_until(self, act: Act) -> datetime | None:
        """Until when the Jam takes what was written before it was refused; None when it does not, or need not."""
        stood = self.standing()
        return None if stood is None else event.late_until(stood.jam, self.event_now(), stood.role, act)

    def check_may_write(self, act: Act, *, late: bool = False) -> None:
        """Raises what `refusal` says: nothing new is begun that the Jam takes no more. ``late``: it was begun before,
        and is sent again with changes."""
        if late and self.late_until(act) is not None:
            return
        if reason := self.refusal(act):
            if self.me.guest and not self.known.local:
                raise NotSignedIn("you read as a guest", f"To write, sign in: {self.signs_in}.")
            if self.known.local:  # no Jam said so, hence no code
                raise Refused(reason)
            if self.suspended_words():
                raise Refused(reason, "Your text is kept as a draft; reading goes on.", "suspended")
            refused = self.refused(act)
            texts = set(ACT_OF.values()) - {Act.STEERING}  # that is a brief, but also what has no text
            hint = "Your text is kept as a draft." if act in texts else "Nothing was sent."
            raise Refused(reason, hint, refused.code if refused is not None else "jam_closed")


def _when(at: datetime) -> str:
    return f"on {at.astimezone():%d %B %Y at %H:%M}"
