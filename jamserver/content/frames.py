"""A writer for large Jams: most sentences are put together out of parts, so that few of them come twice.

Of the stock alone a Jam of 46,000 posts would say each sentence six times. The demo, which has few posts that are not
written by hand, keeps to the stock, whose sentences read better.
"""

from __future__ import annotations

import functools
import random
import re

from jamserver.content import stock
from jamserver.content.compose import Composer, Stance
from jamserver.content.people import Author

FRAMED = 0.86  # of sentences; the others are those of the stock
_SLOT = re.compile(r"\{(\w+)\}")
_DEEPEST = 6  # slots within slots
_COMPUTED = frozenset(("n", "N", "pct", "name", "Name", "parent", "url"))
# Shares of replies by how they stand to their parent; a short one ("Thank you!") is rare.
_REPLIES: tuple[Stance, ...] = ("agree", "object", "ask", "tell", "build", "short")
_REPLY_WEIGHTS = (25, 19, 15, 25, 15, 1)
_LINE = 0.14  # of openers are an idea in a line


@functools.cache
def frames() -> dict[str, tuple[str, ...]]:
    """Section to its lines; those whose name begins with ``t_`` are whole sentences."""
    return stock.sections("frames.md")


@functools.cache
def _taken_apart(text: str) -> tuple[str, ...]:
    """Text and names of slots, in turn."""
    return tuple(_SLOT.split(text))


@functools.cache
def _flat(name: str) -> tuple[str, ...]:
    """Parts without further parts in them, so that there is an end."""
    choices = frames().get(name) or stock.phrases()[name]
    return tuple(choice for choice in choices if not re.search(r"\{[fqd]_", choice))


class FramedComposer(Composer):
    """Composes like its base, of frames for the most part."""

    def __init__(self, rng: random.Random, median_words: int, longest: int) -> None:
        super().__init__(rng, median_words, longest)
        self._phrases = {**self._phrases, **frames()}

    def _fill(self, text: str, topic: stock.Topic, parent: str = "") -> str:
        if "{" not in text:
            return text
        pieces: list[str] = []
        self._put(pieces, text, topic, parent, 0)
        return "".join(pieces)

    def _put(self, pieces: list[str], text: str, topic: stock.Topic, parent: str, depth: int) -> None:
        for at, piece in enumerate(_taken_apart(text)):
            if at % 2 == 0:
                pieces.append(piece)
            elif piece in _COMPUTED:
                pieces.append(self._slot(piece, topic, parent))
            else:
                choices = self._phrases[piece] if depth < _DEEPEST else _flat(piece)
                choice = choices[int(self._rng.random() * len(choices))]
                if "{" in choice:
                    self._put(pieces, choice, topic, parent, depth + 1)
                else:
                    pieces.append(choice)

    def _framed(self, kind: str, topic: stock.Topic) -> str:
        choices = self._phrases[f"t_{kind}"]
        text = self._fill(choices[int(self._rng.random() * len(choices))], topic)
        return text[0].upper() + text[1:]

    def _sentence(self, topic: stock.Topic, kind: str, said: set[str]) -> tuple[stock.Topic, str]:
        if self._rng.random() < FRAMED:
            return topic, self._framed(kind, topic)
        return super()._sentence(topic, kind, said)

    def title(self, topic: stock.Topic, said: set[str]) -> str:
        if self._rng.random() < FRAMED:
            return self._framed("titles", topic)[:200]
        return super().title(topic, said)

    def opener(self, topic: stock.Topic, author: Author, said: set[str]) -> str:
        rng = self._rng
        if rng.random() < _LINE:
            return self._framed("claims" if rng.random() < 0.6 else "questions", topic)
        parts = [self._say("intro", topic, said)] if rng.random() < 0.2 else []
        if rng.random() < 0.06:
            parts.append(self._say(f"as_{author.kind}", topic))
        body = self._body(parts, topic, said, self._words(), "open")
        if rng.random() < 0.5:
            body += ("\n\n" if len(body) > 280 else " ") + self._framed("questions", topic)
        return body

    def stance(self, parent: Stance, *, returns: bool) -> Stance:
        chance = self._rng.random()
        if parent == "ask" and chance < 0.75:
            return "answer"
        if parent == "answer" and returns and chance < 0.1:
            return "thanks"
        return self._rng.choices(_REPLIES, _REPLY_WEIGHTS)[0]

    def reply(
        self, topic: stock.Topic, author: Author, stance: Stance, said: set[str], parent: str, excerpt: str
    ) -> str:
        rng = self._rng
        if stance == "short":
            return self._say("short", topic, None, parent)
        lead = ""
        parts: list[str] = []
        if excerpt and stance in ("agree", "object", "ask", "build") and rng.random() < 0.07:
            lead = f"> {excerpt}\n\n"
        elif stance == "thanks" or rng.random() < 0.22:
            parts.append(self._say(stance, topic, None, parent))
        if rng.random() < 0.05:
            parts.append(self._say(f"as_{author.kind}", topic))
        body = lead + self._body(parts, topic, said, self._words(), stance, excerpt)
        if rng.random() < 0.03:
            body += ("\n\n" if "\n" in body[-90:] else " ") + self._say("close", topic, said)
        if rng.random() < 0.035:
            body += " " + self.emoji()
        return body
