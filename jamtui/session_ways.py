"""The session's half that finds ways through a Jam: narrowed lists, what is hot, people's pages, a reading plan."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

from jamtui.actions import SORTS
from jamtui.archive import IDEA_STATES, KINDS, LINKS
from jamtui.model import Mark
from jamtui.store import rows, ways
from jamtui.store.marks import MarkStore
from jamtui.ways import EVERYTHING, Filter, HotRow, Interests, PersonPage, Plan, parse_filter

if TYPE_CHECKING:
    from jamtui.model import ForumRow, TagRow
    from jamtui.store.registry import KnownJam


class Ways:
    """Mixed into `jamtui.session.Session`, which has what is declared here."""

    known: KnownJam

    def _fresh(self) -> rows.Rows:
        raise NotImplementedError

    def now(self) -> datetime:
        raise NotImplementedError

    def counted_from(self) -> datetime:
        raise NotImplementedError

    def forums(self) -> list[ForumRow]:
        raise NotImplementedError

    def tags(self) -> list[TagRow]:
        raise NotImplementedError

    def argument_words(self) -> dict[str, list[str]]:
        """What may be offered for the arguments of the ``:`` line, by their names in `jamtui.actions`."""
        return {
            "FORUM": [forum.slug for forum in self.forums()],
            "TAG": [tag.name for tag in self.tags()],
            "ORDER": list(SORTS),
            "KIND": list(KINDS),
            "STATE": list(IDEA_STATES),
            "LINK": [f"{kind.replace('_', '-')} " for kind in LINKS],
            "MINUTES": ["5", "10", "15", "30"],
        }

    def thread_keys(self, forum_id: str | None, sort: str = "active", only: Filter = EVERYTHING) -> list[int]:
        """Keys of a forum's threads (None: of all forums) in an order of `jamtui.store.rows.SORTS`, narrowed by
        ``only``. Raises `UsageError`, `NotFound` for a person that there is not."""
        return ways.thread_keys(self._fresh(), forum_id, sort, only)

    def filter(self, text: str) -> Filter:
        """What ``tag:tea since:2h`` means now; in a Jam that is over, at its end. Raises `UsageError`, `NotFound` for a
        person that there is not."""
        only = parse_filter(text, self.counted_from())
        ways.check(self._fresh(), only)
        return only

    def languages(self) -> list[tuple[str, int]]:
        """(language, posts), the most used first; posts that do not say theirs are not counted."""
        return ways.languages(self._fresh())

    def hot(self, limit: int = 100) -> list[HotRow]:
        """The threads that people are in now, the hottest first."""
        return ways.hot(self._fresh(), self.now(), limit)

    def person(self, handle: str) -> PersonPage:
        """A person by handle or id. Raises `NotFound`."""
        return ways.person(self._fresh(), handle)

    def plan(self, minutes: int, interests: Interests | None = None) -> Plan:
        """What to read in ``minutes``, by ``interests``; without them, by what is followed and muted. All that is
        unread is weighed, which may take longer than a frame: so this has a connection of its own and may be called
        from any thread."""
        with closing(rows.connect(self.known.mirror, self.known.own)) as db:
            return ways.plan(rows.Rows(db, self.known.me), minutes, self.now(), interests or _marked(MarkStore(db)))


def _marked(marks: MarkStore) -> Interests:
    """The interests of who has set these marks."""
    loud, mute = marks.marks(Mark.FOLLOWED), marks.marks(Mark.MUTED)
    return Interests(loud.threads, loud.tags, loud.people, mute.threads, mute.tags, mute.people)
