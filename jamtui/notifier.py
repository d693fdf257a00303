"""When somebody is told of what came for them: at most once in some seconds, the rest summed up; in quiet hours not.

Pure: `Notifier.hear` takes what came, `Notifier.due` gives the words of a notification when there is one to be made.
Who owns it (the app, plain mode) writes them. Clocks are handed in: one that is never set for the pauses, the time of
day for the quiet hours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from jamtui.notice import WORDS, Came, Reason
from jamtui.notify import Settings


class Notifier:
    """What waits to be told, and when it may be."""

    def __init__(self, chosen: Settings) -> None:
        self.chosen = chosen
        self._held: list[Came] = []
        self._next = 0.0  # not before then, by the clock that is never set

    def hear(self, came: Iterable[Came], on_screen: Callable[[str], bool] = lambda _: False) -> list[Came]:
        """Takes what came; those that are worth it. ``on_screen`` says whether a thread stands there to be seen."""
        worth = [
            one
            for one in came
            if one.reason in self.chosen.reasons and not (one.thread_id and on_screen(one.thread_id))
        ]
        self._held += worth
        return worth

    def wait(self, clock: float) -> float | None:
        """Seconds until `due` has something; None when nothing waits."""
        return max(0.0, self._next - clock) if self._held else None

    def due(self, clock: float, now: datetime) -> str:
        """The words of one notification for all that waits; "" when there is none to be made now. What comes in quiet
        hours is in the inbox, and is not made up for."""
        if not self._held or clock < self._next:
            return ""
        held, self._held = self._held, []
        if self.chosen.quiet_at(now):
            return ""
        self._next = clock + self.chosen.every
        return summary(held)

    def forget(self) -> None:
        """Nothing waits any more: whoever reads has seen the inbox."""
        self._held = []


def summary(came: Sequence[Came]) -> str:
    """One line: of one thing all that fits, of several how many and from whom."""
    if len(came) == 1:
        (one,) = came
        where = f" in “{one.title}”" if one.thread_id and one.title else ""
        who = f"{one.who} " if one.who and one.reason in _SAY else ""
        what = {Reason.ANNOUNCEMENT: f"{one.who or 'Somebody'} announces", Reason.POLL: f"{one.who or 'Somebody'} asks",
                Reason.NOTICE: "To you", Reason.REPORT: "Your report"}.get(one.reason)  # fmt: skip
        head = what or f"{who}{_SAY.get(one.reason, WORDS[one.reason])}{where}"
        return f"{head}: {one.text or one.title}" if one.text or one.title else head
    names = list(dict.fromkeys(one.who for one in came if one.who))
    rest = len(names) - 2
    shown = f"{', '.join(names[:2])} and {rest:,} more" if rest > 0 else " and ".join(names)
    return f"{len(came):,} for you{f', from {shown}' if shown else ''}"


_SAY = {
    Reason.ANSWER: "answers you",
    Reason.MENTION: "names you",
    Reason.LINK: "connects a post to yours",
    Reason.THREAD: "writes",
    Reason.PERSON: "writes",
    Reason.TAG: "writes",
}
