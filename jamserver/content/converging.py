"""How the threads of generated Jams stand: what they are, how far ideas are, what hosts feature, which build on which.

All of it follows from the posts themselves (their ids, titles, votes and sizes), not from the dice of the Jam: what is
written is the same with it and without it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

Record = tuple[str, dict[str, object]]

_REASONS = (
    "Says what it costs, and who would pay.",
    "Tried in three countries: read what went wrong.",
    "The question that everybody has asked since yesterday.",
    "Somebody from the shop floor, with figures.",
    "Small enough to begin on Monday.",
    "Brings four threads of yesterday together.",
)
_FAR = (("chosen", 60, 14), ("refined", 24, 9), ("discussed", 0, 4))  # state, votes, posts that a thread has at least
_FEATURED = 11  # of as many liked threads one is featured
_LINKED = 9  # of as many threads one has a link to an earlier one about the same
_KINDS = ("builds_on", "builds_on", "builds_on", "answers", "duplicates", "objects")


def _dice(post_id: str, what: str) -> int:
    return zlib.crc32(f"{what} {post_id}".encode())


def sorted_as(
    post_id: str, title: str, votes: int, size: int, created_at: str, hosts: Sequence[str]
) -> dict[str, object]:
    """The fields of a thread's opener; ``size`` is how many posts the thread gets, ``hosts`` the ids of all hosts."""
    asks = title.rstrip().endswith("?")
    kind = "question" if asks else ("idea", "discussion")[_dice(post_id, "kind") % 6 == 0]
    found: dict[str, object] = {"kind": kind}
    if kind == "idea":
        state = next((name for name, least, posts in _FAR if votes >= least and size >= posts), "")
        if state:
            found["idea_state"] = state
    if hosts and votes >= 12 and _dice(post_id, "featured") % _FEATURED == 0:
        by, reason = hosts[_dice(post_id, "by") % len(hosts)], _REASONS[_dice(post_id, "why") % len(_REASONS)]
        found["featured"] = {"by": by, "reason": reason, "at": created_at}
    return found


class Links:
    """Links between threads about the same, made while the posts go by; `records` are those of an archive."""

    def __init__(self) -> None:
        self._earlier: dict[str, str] = {}  # topic to the last thread about it
        self._links: list[dict[str, object]] = []

    def see(self, topic: str, post: dict[str, object]) -> None:
        """A post, after its thread's topic; replies have no links."""
        if post.get("parent_id") is not None:
            return
        post_id, other = str(post["id"]), self._earlier.get(topic)
        self._earlier[topic] = post_id
        if other is not None and _dice(post_id, "linked") % _LINKED == 0:
            kind = _KINDS[_dice(post_id, "link") % len(_KINDS)]
            self._links.append(
                {
                    "id": f"{post_id}.{kind}.{other}", "from_id": post_id, "kind": kind, "to_id": other,
                    "author_id": post["author_id"], "created_at": post["created_at"],
                }
            )  # fmt: skip

    def records(self) -> Iterator[Record]:
        for link in self._links:
            yield "link", link
