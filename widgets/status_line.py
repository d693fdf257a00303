"""The two lines that are always there: who and where we are (top), and what to press or what was done (bottom)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer

from jamtui.countdown import standing
from jamtui.model import JamRow, Link, Status
from widgets.at_once import AtOnce
from widgets.rows import age as age_of
from widgets.strips import cell_width

TOAST_SECONDS = 6.0
_CAUSE = 16  # columns of a cause below which it is left out
_TITLE = 16  # columns that the title keeps, however much there is to say

_Part = tuple[str, str]
_MARKS = {"-error": "✗ ", "-warning": "! ", "-fact": ""}  # what was done has a check mark


def time_left(jam: JamRow, now: datetime) -> list[str]:
    """Where the Jam stands in time, the most words first: ``Ideas · 2 d 4 h left``, ``2 d 4 h left``; ``closed``."""
    return standing(jam, now, span)


def span(length: timedelta) -> str:
    """A length of time in at most two units, rounded down: ``2 d 4 h``, ``5 h``, ``12 min``."""
    minutes = max(0, int(length.total_seconds() // 60))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes and hours < 6 else f"{hours} h"
    return f"{minutes} min" if minutes else "under a minute"


def link_words(status: Status, now: datetime) -> _Part:
    """The link in words, with the age of the mirror when that matters, and the colour it is said in."""
    link = status.link
    age = ""
    if status.mirrored_at is not None and now - status.mirrored_at >= timedelta(minutes=1):
        years = now - status.mirrored_at >= timedelta(days=365)
        told = f"of {age_of(status.mirrored_at, now)}" if years else f"{span(now - status.mirrored_at)} old"
        age = f", mirror {told}"
    if link is Link.LIVE:
        return ("◌ live? asking", "$warning") if status.silent else ("● live", "$success")
    if link is Link.READER and status.elsewhere in (None, Link.LIVE):
        return "● live elsewhere", "$success"
    if link is Link.READER:
        return f"○ {status.elsewhere} elsewhere{age}", "$warning"
    if link is Link.LOCAL:
        return "■ archive", "$text-muted"
    if link is Link.SYNCING and status.progress is not None and status.progress[1]:
        done, total = status.progress
        return f"◐ syncing {min(99, 100 * done // total)}%", "$secondary"
    if link in (Link.CONNECTING, Link.SYNCING):
        return f"◐ {link}{age}", "$secondary"
    if link is Link.RECONNECTING:
        return f"◌ reconnecting{age}", "$warning"
    return f"○ {link}{age}", "$warning" if link is Link.OFFLINE else "$error"


def until(length: timedelta) -> tuple[str, timedelta]:
    """How long it is until something that is waited for, and for how long these words are right."""
    left = max(0.0, length.total_seconds())
    if left < 100:
        whole = math.ceil(left)
        return (f"in {whole} s", timedelta(seconds=left - whole + 1)) if whole else ("now", timedelta.max)
    return f"in {math.ceil(left / 60)} min", timedelta(seconds=left - max(100, 60 * (math.ceil(left / 60) - 1)))


def reasons(status: Status, now: datetime, key: str = "") -> list[str]:
    """The link in words with its cause and when it is tried again, most words first; [] when all is well. ``key`` is
    the one that tries now, or signs in again."""
    if not status.why:
        return []
    words, comma, age = link_words(status, now)[0].partition(", ")
    why = f"{key} signs in again" if key and status.link is Link.SIGNED_OUT else status.why
    least = f"{words}: {why}"
    if status.next_try is None:
        return [f"{least}{comma}{age}", least]
    again = f"{least}, next try {until(status.next_try - now)[0]}"
    by_key = f"{again}, {key} now" if key and not status.waits_for_server(now) else again
    return [f"{by_key}{comma}{age}", by_key, again, least]


class StatusLine(AtOnce):
    """One line: the Jam, its time left, the link, what waits, what is unread. Less of it on narrow terminals."""

    DEFAULT_CSS = "StatusLine { height: 1; width: 1fr; padding: 0 1; background: $panel; color: $foreground; }"

    def __init__(
        self, jam: JamRow, status: Status, now: datetime, who: str, key: str = "", there: datetime | None = None
    ) -> None:
        """``who`` is the name of the reader, or why one only reads; ``key`` the one that tries to connect now, or signs
        in again; ``there`` is the time by the server's clock, where that is another than ``now``."""
        super().__init__()
        self._jam = jam
        self._status = status
        self._now = now
        self._who = who
        self._key = key
        self._there = there or now
        self._said: tuple[int, object] | None = None  # the words of the last `show`, and for what width

    def show(self, jam: JamRow, status: Status, now: datetime, who: str, there: datetime) -> None:
        """Says something else, and repaints only when the words change."""
        width = self.content_size.width
        before = self._said[1] if self._said is not None and self._said[0] == width else self._words(width)
        self._jam, self._status, self._now, self._who, self._there = jam, status, now, who, there
        said = self._words(width)
        self._said = width, said
        if said != before:
            self.refresh()

    def count_down(self, now: datetime) -> float | None:
        """Says how long it is by now until the next try. Seconds until that is to be asked again; None when no time is
        shown: then nothing has to be woken for it."""
        jam, again = self._jam, self._status.next_try
        if again is None:
            return None
        self.show(jam, self._status, now, self._who, self._there + (now - self._now))
        if not any("next try in" in text for text, _ in self._words(self.content_size.width)[1]):
            return None
        return until(again - now)[1].total_seconds()

    def render(self) -> Content:
        left, right = self._words(self.content_size.width)
        width = self.content_size.width
        tail = Content.assemble(*_spaced(right, gap="   " if width >= 60 else "  "))
        room = max(0, width - tail.cell_length - 1)
        head = Content.assemble(*_spaced(left, gap="")).truncate(room, ellipsis=True)
        return Content.assemble(head, " " * (width - head.cell_length - tail.cell_length), tail)

    def _words(self, width: int) -> tuple[list[_Part], list[_Part]]:
        status = self._status
        left: list[_Part] = [("◆ ", "$accent"), (self._jam.title, "bold")]
        if width >= 100 and self._who:
            left.append((f"  {self._who}", "$text-muted"))
        right: list[_Part] = []
        if status.exploring:
            right.append(("exploring" if width >= 60 else "expl", "$warning"))
        if status.for_me:
            right.append((f"{status.for_me:,} for you" if width >= 60 else f"@ {status.for_me:,}", "$accent bold"))
        if status.reported:
            right.append(
                (f"{status.reported:,} reported" if width >= 60 else f"! {status.reported:,}", "$warning bold")
            )
        if status.unread:
            right.append((f"{status.unread:,} unread" if width >= 60 else f"● {status.unread:,}", "$foreground"))
        if status.refused:
            right.append((f"✗ {status.refused} refused" if width >= 60 else f"✗{status.refused}", "$error bold"))
        if status.queued:
            right.append((f"↑ {status.queued} to send" if width >= 60 else f"↑{status.queued}", "$accent"))
        times = time_left(self._jam, self._there)
        if width >= 50:
            right.append((times[-1], "$text-muted"))
        words, colour = link_words(status, self._now)
        whole = [part for part in right if part[1] != "$text-muted"]
        without = [part for part in whole if part[1] != "$foreground"]
        forms = reasons(status, self._now, self._key)
        # Why there is no connection comes before the time left, and that before what is unread.
        for kept in (right, whole, without):
            for form in forms:
                if _cells(kept) + len(form) + _TITLE <= width:
                    return left, [*kept, (form, colour)]
        if forms:
            room, least = width - _cells(without) - _TITLE, words.partition(",")[0]
            if room < len(least) + _CAUSE:  # two letters of a cause tell nothing: the last messages have it whole
                return left, [*without, (least, colour)]
            return left, [*without, (f"{forms[-1][: max(len(words.partition(',')[0]), room - 1)]}…", colour)]
        right.append((words if width >= 70 else words.partition(",")[0], colour))
        # With what is left, more of where the Jam stands: the phase, and how long that lasts.
        spare = width - sum(cell_width(text) for text, _ in left) - _cells(right)
        fuller = (text for text in times if cell_width(text) - len(times[-1]) <= spare)
        return left, [(next(fuller, text) if text == times[-1] else text, style) for text, style in right]


def _cells(parts: Sequence[_Part]) -> int:
    """The most that parts of our own words take, each with the gap after it."""
    return sum(len(text) + 3 for text, _ in parts)


def _spaced(parts: Sequence[_Part], gap: str = "   ") -> list[Content]:
    pieces: list[Content] = []
    for text, style in parts:
        if pieces and gap:
            pieces.append(Content(gap))
        pieces.append(Content.styled(text, style))
    return pieces


class HintLine(AtOnce):
    """The last line: the keys that help here, or for a few seconds what was just done."""

    DEFAULT_CSS = """
    HintLine { height: 1; width: 1fr; padding: 0 1; background: $surface; color: $text-muted; }
    HintLine.-warning { color: $warning; }
    HintLine.-error { color: $error; }
    """

    toast: reactive[str] = reactive("")

    class Asked(Message):
        """Somebody clicked on what was said: it is to be shown whole."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = ""  # the key that shows what was cut
        self._hints: Sequence[tuple[str, str]] = ()
        self._last: tuple[str, str] | None = None
        self._timer: Timer | None = None
        self._tail = ""
        self._lasting = False
        self.spoken = 0  # how many messages there were

    def set_hints(self, hints: Sequence[tuple[str, str]], last: tuple[str, str] | None = None) -> None:
        """(key, label) pairs, the most useful first; as many as fit, and ``last`` in any case."""
        if (list(hints), last) != (list(self._hints), self._last):
            self._hints, self._last = hints, last
            self.refresh()

    def say(self, text: str, severity: str = "", tail: str = "", *, lasting: bool = False) -> None:
        """Shows ``text`` instead of the hints for a few seconds, or until the next key does something (`key_done`)
        unless it is ``lasting``. ``severity`` is "" for what was done, "fact", "warning" or "error".

        Where there is not enough room, ``text`` is cut and ``tail`` is not.
        """
        self.spoken += 1
        self._lasting = lasting
        self.set_class(severity == "fact", "-fact")
        if self._timer is not None:
            self._timer.stop()
        self.set_class(severity == "warning", "-warning")
        self.set_class(severity == "error", "-error")
        self._tail = tail
        self.toast = text
        self.refresh()
        self._timer = self.set_timer(TOAST_SECONDS, self.quiet, name="toast")

    def key_done(self, spoken: int) -> None:
        """A key did something. ``spoken`` is the number of messages before it: what it said itself stays."""
        if spoken == self.spoken and self.toast and not self._lasting:
            self.quiet()

    def quiet(self) -> None:
        """Back to the hints."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.remove_class("-warning", "-error", "-fact")
        self.toast = ""

    def render(self) -> Content:
        width = self.content_size.width
        if self.toast:
            mark = next((mark for name, mark in _MARKS.items() if self.has_class(name)), "✓ ")
            text = Content.assemble((mark, "bold"), (self.toast, "bold"))
            tail = Content.styled(f"   {self._tail}", "bold") if self._tail else Content("")
            if not self._tail and self.whole and text.cell_length > width:
                tail = Content("  ") + self._hint(self.whole, "whole")
            return text.truncate(max(0, width - tail.cell_length), ellipsis=True) + tail
        last = [self._hint(*self._last)] if self._last else []
        room = width - sum(3 + piece.cell_length for piece in last)
        pieces: list[Content] = []
        for hint in self._hints:
            piece = self._hint(*hint)
            if piece.cell_length > room:
                break
            pieces.append(piece)
            room -= 3 + piece.cell_length
        return Content("   ").join([*pieces, *last])

    def on_click(self) -> None:
        if self.toast:
            self.post_message(self.Asked())

    @staticmethod
    def _hint(key: str, label: str) -> Content:
        return Content.assemble((key, "bold $primary"), " ", (label, "$text-muted"))


class Tabs(AtOnce):
    """One line with the places of a Jam; a click goes there. (Their keys are bindings of the screen.)"""

    DEFAULT_CSS = "Tabs { height: 1; width: 1fr; padding: 0 1; background: $surface; }"

    class Chosen(Message):
        """A place was clicked."""

        def __init__(self, place: str) -> None:
            super().__init__()
            self.place = place

    def __init__(self, places: Sequence[tuple[str, str]], current: str) -> None:
        """``places`` are (key, place) pairs; ``current`` is the place where one is."""
        super().__init__()
        self._places = tuple(places)
        self._current = current
        self._counts: dict[str, int] = {}
        self._hidden: frozenset[str] = frozenset()
        self._ends: list[int] = []

    def show(self, current: str, counts: dict[str, int], hidden: frozenset[str] = frozenset()) -> None:
        """``counts`` of what waits at a place; a zero is not shown. ``hidden``: places that would be empty."""
        if (current, counts, hidden) != (self._current, self._counts, self._hidden):
            self._current, self._counts, self._hidden = current, dict(counts), hidden
            self.refresh()

    @property
    def _shown(self) -> list[tuple[str, str]]:
        return [(key, place) for key, place in self._places if place not in self._hidden]

    def render(self) -> Content:
        pieces: list[Content] = []
        self._ends = []
        used = 0
        shown = self._shown
        counts = sum(len(f" {self._counts[place]}") for _, place in shown if self._counts.get(place))
        room = self.content_size.width - counts - sum(len(key) + 1 + len(place) for key, place in shown)
        roomy = room >= 2 * (len(shown) - 1)
        gap = 3 if room >= 3 * (len(shown) - 1) else 2 if roomy else 1
        for key, place in shown:
            here = place == self._current
            label = place.capitalize() if roomy or here else place[:3].capitalize()
            count = self._counts.get(place, 0)
            piece = Content.assemble(
                (f"{key} ", "$primary bold" if here else "$text-disabled"),
                (label, "$primary bold underline" if here else "$text-muted"),
                (f" {count}" if count and roomy else "", "$accent"),
            )
            pieces += [piece, Content(" " * gap)]
            used += piece.cell_length + gap
            self._ends.append(used)
        return Content.assemble(*pieces).truncate(self.content_size.width)

    def on_click(self, event: events.Click) -> None:
        column = event.x - 1
        for (_, place), end in zip(self._shown, self._ends, strict=True):
            if column < end:
                self.post_message(self.Chosen(place))
                return
