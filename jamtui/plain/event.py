"""The page of the Jam in plain mode: the same words as `jamtui jam` prints."""

from __future__ import annotations

from collections.abc import Sequence

from jamtui.countdown import day_and_time, hours, told
from jamtui.plain import words
from jamtui.plain.view import View
from jamtui.plain.wrap import wrap


class Event(View):
    """Methods named ``do_...`` are those of the action table."""

    def pages(self, lines: Sequence[str]) -> int:
        raise NotImplementedError

    def do_jam(self) -> None:
        session = self.session
        jam, now, standing = session.jam, session.event_now(), session.standing()
        refused = standing.refused if standing is not None else {}
        told_now = told(jam, now, refused, session.only_reads(), words.length)
        lines = [f"{jam.title}.", *told_now, "Hours."]
        for row in hours(jam, now):
            opens, closes = (day_and_time(one, now) for one in (row.opens, row.closes))
            lines.append(f"{row.place}: now {row.now:%a %H:%M}, opens {opens}, closes {closes}.")
        self.flush()
        self.pages([line for text in lines for line in wrap(text, self.console.columns)])
        self.show()
