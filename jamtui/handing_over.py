"""The session's half for a host's shift: posts without an answer, and the hand-over from one host to the next.

Mixed into `jamtui.session.Session`. When the last shift ended, and the note for the next host, stay on this device.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jamtui.archive import rfc3339
from jamtui.model import PostRow, Undo, titled
from jamtui.safe_text import safe_body, safe_name

if TYPE_CHECKING:
    from jamtui.host_rows import Handed, HandOver
    from jamtui.model import ForumRow, JamRow
    from jamtui.store.rows import Rows

MAX_NOTE = 4_000  # characters
FIRST_SHIFT = timedelta(hours=8)  # what is looked back for where no shift has ended on this device
_SHIFT, _NOTE = "shift", "shift-note"  # names of places
_SPECIAL = r"([\\`*_{}\[\]<>()#+!|~&-])"


class HandingOver:
    """What `Session` gives: its rows, its places, who hosts what."""

    if TYPE_CHECKING:  # `Session` has these; a body here would stand before theirs

        @property
        def jam(self) -> JamRow: ...
        @property
        def role(self) -> str: ...
        def now(self) -> datetime: ...
        def counted_from(self) -> datetime: ...
        def forums(self) -> list[ForumRow]: ...
        def hosted(self) -> list[ForumRow]: ...
        def need_host(self, what: str, forum: ForumRow | None = None) -> None: ...
        def desk(self) -> dict[str, object]: ...
        def records(self, kind: str) -> list[dict[str, object]]: ...
        def posts(self, keys: Sequence[int]) -> list[PostRow]: ...
        def post(self, post_id: str) -> PostRow: ...
        def keys(self, post_ids: Collection[str]) -> list[int]: ...
        def place(self, name: str) -> str: ...
        def set_place(self, name: str, value: str) -> None: ...
        def address(self, post_id: str) -> str: ...
        def _fresh(self) -> Rows: ...

    def unanswered_keys(self) -> list[int]:
        """Keys of the threads of one's forums that nobody answered, the longest waiting first. For hosts."""
        from jamtui.store import shifts  # not for a start

        self.need_host("look after what nobody answered")
        return shifts.unanswered(self._fresh(), [row.id for row in self.hosted()])

    # -- the shift

    def last_shift(self) -> datetime | None:
        """When one's last shift ended, on this device."""
        try:
            return datetime.fromisoformat(self.place(_SHIFT))
        except ValueError:
            return None

    def end_shift(self) -> Undo:
        """The next hand-over begins now; the note stays until it is written anew."""
        before = self.place(_SHIFT)
        self.set_place(_SHIFT, self.now().astimezone(UTC).isoformat())
        return Undo("shift ended: the next hand-over begins here", ("shift", before))

    def undo_shift(self, token: object) -> bool:
        """Takes back what `end_shift` did; False when the token is of another kind."""
        match token:
            case ("shift", str() as before):
                self.set_place(_SHIFT, before)
                return True
        return False

    def shift_note(self) -> str:
        """The note for the next host, as it was written."""
        return self.place(_NOTE)

    def write_shift_note(self, text: str) -> None:
        """Keeps it on this device in place of the one before, cut to `MAX_NOTE` characters."""
        self.set_place(_NOTE, text[:MAX_NOTE])

    def hand_over(self, since: datetime | None = None) -> HandOver:
        """What happened in one's forums since ``since``, else since one's last shift ended, else in the last hours."""
        from jamtui.host_rows import HandOver
        from jamtui.store import shifts

        self.need_host("hand a shift over")
        last, until = self.last_shift(), self.counted_from()
        first = since is None and last is None
        start = since or last or until - FIRST_SHIFT
        rows, hosted = self._fresh(), self.hosted()
        forums = [row.id for row in hosted]
        reported = self._reports()
        since_text = rfc3339(start)  # as times of the wire are written, so that they compare as texts
        objections = [
            (str(one.get("from_id")), str(one.get("to_id")))
            for one in self.records("link")
            if one.get("kind") == "objects" and str(one.get("created_at", "")) >= since_text
        ]
        heated = shifts.heated(rows, forums, start, Counter(post for post, _ in reported), objections)
        promised = shifts.promises(rows, start)
        return HandOver(
            since=start,
            until=until,
            forums=tuple(row.title for row in hosted),
            everything=len(hosted) == len(self.forums()),
            first=first,
            note=safe_body(self.shift_note()),
            unanswered=self._handed([(key, "") for key in shifts.unanswered(rows, forums)]),
            heated=self._handed([(heat.key, heat.why) for heat in heated]),
            reported=self._reported(reported, set(forums)) if self.role == "moderator" else None,
            experts=self._handed([(key, "") for key in shifts.of_experts(rows, forums, start)]),
            promises=self._handed([(key, safe_name(words)) for key, words in promised]),
        )

    def _reports(self) -> list[tuple[str, str]]:
        """(post id, reason) of the open reports that the Jam tells the reader of."""
        queue = self.desk().get("queue")
        return [
            (str(one.get("post_id")), str(one.get("reason", "")))
            for one in (queue if isinstance(queue, list) else [])
            if isinstance(one, dict)
        ]

    def _reported(self, reports: list[tuple[str, str]], forums: set[str]) -> tuple[Handed, ...]:
        why: dict[str, Counter[str]] = {}
        for post_id, reason in reports:
            why.setdefault(post_id, Counter())[reason] += 1
        told: list[tuple[int, str]] = []
        for post_id, reasons in why.items():
            words = ", ".join(f"{safe_name(name)} ({n})" if n > 1 else safe_name(name) for name, n in reasons.items())
            told += [(key, words) for key in self.keys([post_id])]
        return tuple(one for one in self._handed(told) if one.post.forum_id in forums)

    def _handed(self, found: list[tuple[int, str]]) -> tuple[Handed, ...]:
        from jamtui.host_rows import Handed

        titles = {row.id: row.title for row in self.forums()}
        rows = {row.key: row for row in self.posts([key for key, _ in found])}
        openers = {row.thread_id for row in rows.values() if row.parent_id is not None}
        of_threads = {row.id: titled(row.title, row.gone) for row in self.posts(self.keys(list(openers)))}
        return tuple(
            Handed(row, row.title or of_threads.get(row.thread_id, ""), titles.get(row.forum_id, ""), why)
            for key, why in found
            if (row := rows.get(key)) is not None
        )


def markdown(hand: HandOver, jam: JamRow, who: str, address: Callable[[str], str]) -> str:
    """A hand-over as Markdown that means nothing else to who draws it: titles are one line each, their signs escaped.
    ``address`` gives the address of a post by its id."""
    where = "the whole Jam" if hand.everything else ", ".join(map(plain, hand.forums)) or "no forum"
    guess = " (no shift had ended on this device)" if hand.first else ""
    when = f"{moment(hand.since)} to {moment(hand.until)}{guess}"
    lines = [f"# Hand-over: {plain(jam.title)}", "", f"{plain(who)}, {where}, {when}"]
    if hand.note.strip():
        lines += ["", "## Note", "", *(f"> {plain(line)}" if line else ">" for line in hand.note.strip().split("\n"))]
    for _, heading, posts in hand.sections():
        lines += ["", f"## {heading} ({len(posts)})", ""]
        lines += [_item(one, hand.until, address) for one in posts] or ["Nothing."]
    return "\n".join(lines) + "\n"


def _item(one: Handed, now: datetime, address: Callable[[str], str]) -> str:
    link = address(one.post.id)
    facts = [plain(f"@{one.post.handle}"), plain(one.forum), waited(one.post.created_at, now)]
    facts += [plain(one.why)] if one.why else []
    name = plain(" ".join((one.title or one.post.body[:200]).split())[:200]) or "(no title)"
    at = f" <{link}>" if link.startswith(("https://", "http://")) else ""
    return f"- **{name}**: {', '.join(filter(None, facts))}{at}"


def plain(text: str) -> str:
    """One line in which no character means anything to Markdown."""
    return re.sub(_SPECIAL, r"\\\1", " ".join(text.split()))


def moment(at: datetime) -> str:
    """A time as it stands in a text that is handed on, to the minute: there nobody knows whose zone it would be."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def waited(at: datetime, now: datetime) -> str:
    """How long something waits, in one unit: ``12 min``, ``5 h``, ``3 d``, ``4 mon``, ``12 y``."""
    minutes = max(timedelta(), now - at) // timedelta(minutes=1)
    days = minutes // (24 * 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{days} d" if days < 60 else f"{days // 30} mon" if days < 730 else f"{days // 365} y"
