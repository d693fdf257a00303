"""What generated people do while a demo runs, as objects; `jamserver.demo_live` does it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from jamserver.content.people import Author
from jamserver.content.stock import Topic

MEAN_DELAY = 4.0  # seconds between two events that nobody asked for


@dataclass(frozen=True, slots=True)
class LivePost:
    """Something that a generated participant does, ``delay`` seconds after the one before.

    ``post``: a new post with the id ``post_id``; an opener has no ``parent_id`` and a title. ``vote`` and ``tag``
    concern the existing post ``post_id``; ``tag`` names the tag. ``ballot`` chooses ``choice`` in the poll ``post_id``.
    """

    delay: float
    kind: Literal["post", "vote", "tag", "ballot"]
    handle: str
    person_id: str
    post_id: str
    forum_id: str = ""
    parent_id: str | None = None
    title: str = ""
    body: str = ""
    tags: tuple[str, ...] = ()
    lang: str = ""
    thread_kind: str = ""  # of an opener
    tag: str = ""
    choice: int = 0


class Company(Protocol):
    """The generated people of a demo: who they are, what they can talk about, what they do unasked."""

    @property
    def writers(self) -> Sequence[Author]: ...

    @property
    def topics(self) -> Mapping[str, Sequence[Topic]]:
        """By slug of the forum."""

    def live(self) -> Iterator[LivePost]:
        """What happens unasked, without end; the same for the same seed."""


def pause(rng: random.Random) -> float:
    """Seconds until the next event that nobody asked for."""
    return min(12.0, max(0.6, rng.expovariate(1 / MEAN_DELAY)))
