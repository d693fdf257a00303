"""Writes titles and bodies out of the stock: varied, on topic, never twice the same sentence near each other."""

from __future__ import annotations

import functools
import itertools
import random
import re
from collections.abc import Sequence
from typing import Literal

from jamserver.content import stock
from jamserver.content.people import Author

Stance = Literal["open", "agree", "object", "ask", "tell", "build", "answer", "thanks", "short"]

_REPLIES: tuple[Stance, ...] = ("agree", "object", "ask", "tell", "build", "short")
_REPLY_WEIGHTS = (24, 18, 14, 22, 14, 8)
# A sentence is not used again before this many others were, where the stock allows it.
_REST = 260
SLOT = re.compile(r"\{(\w+)\}")
# Sentences that begin with one of these can follow "In practice, ": their first letter may be lowered.
_PLAIN_START = re.compile(r"(The|A|An|People|What|It|If|There|Each|Every|Nobody|One|We|They|Most) ")
_EMOJI = ("🙂", "👍🏽", "🎉", "👩‍💻", "👨‍👩‍👧‍👦", "🌍", "☕", "🧑🏿‍🏫", "🏳️‍🌈", "👩🏻‍🔬", "🚲", "❤️", "🤔", "🙌🏼")
UNSPACED = ("ja", "zh")


class Composer:
    """One for each Jam; keeps which sentences were used of late. All chance comes from ``rng``."""

    def __init__(self, rng: random.Random, median_words: int, longest: int) -> None:
        """``median_words`` of a composed post (lognormal, sigma 0.8), cut at ``longest`` words."""
        self._rng = rng
        self._median = median_words
        self._longest = longest
        self._used: dict[str, int] = {}
        self._clock = 0
        self._phrases = stock.phrases()
        self._topics = {forum.slug: forum.topics for forum in stock.forums()}

    # choosing

    def _pick(self, choices: Sequence[str], said: set[str] | None = None) -> str:
        """One of ``choices``: best one not ``said`` in this thread and rested, else the most rested of a few."""
        best, best_rest = "", -1
        for _ in range(5):
            choice = choices[int(self._rng.random() * len(choices))]
            rest = self._clock - self._used.get(choice, -_REST)
            if said is not None and choice in said:
                rest = min(rest, _REST) // 8
            if rest > best_rest:
                best, best_rest = choice, rest
            if best_rest >= _REST:
                break
        self._clock += 1
        self._used[best] = self._clock
        if said is not None:
            said.add(best)
        return best

    def _fill(self, text: str, topic: stock.Topic, parent: str = "") -> str:
        if "{" not in text:
            return text
        return SLOT.sub(lambda match: self._slot(match[1], topic, parent), text)

    def _slot(self, name: str, topic: stock.Topic, parent: str) -> str:
        """What stands in a slot of a sentence."""
        rng = self._rng
        if name == "n":
            return str(3 + int(37 * rng.random() ** 2))
        if name == "N":
            return f"{10 * int(60 + 900 * rng.random() ** 2):,}"
        if name == "pct":
            return f"{4 + int(56 * rng.random())}%"
        if name == "name":
            return topic.name
        if name == "Name":
            return topic.name[0].upper() + topic.name[1:]
        if name == "parent":
            return f"@{parent}"
        if name == "url":
            page = rng.choice(("notes", "cases", "papers", "talks", "wiki", "templates"))
            return f"https://{page}.example.org/{topic.key}/{rng.randrange(10, 990)}"
        return self._pick(self._phrases[name])

    def _say(self, kind: str, topic: stock.Topic, said: set[str] | None = None, parent: str = "") -> str:
        choices = self._phrases[kind]
        if not parent:
            choices = tuple(choice for choice in choices if "{parent}" not in choice)
        return self._fill(self._pick(choices, said), topic, parent)

    # titles

    def title(self, topic: stock.Topic, said: set[str]) -> str:
        """A title for a thread on ``topic``; ``said`` are the templates used in this forum."""
        frames = topic.titles if self._rng.random() < 0.45 else self._phrases["titles"]
        return self._fill(self._pick(frames, said), topic)

    # bodies

    def opener(self, topic: stock.Topic, author: Author, said: set[str]) -> str:
        rng = self._rng
        if rng.random() < 0.12:  # a one-line idea
            return self._fill(self._pick(topic.claims if rng.random() < 0.6 else topic.questions, said), topic)
        parts = [self._say("intro", topic, said)] if rng.random() < 0.6 else []
        if rng.random() < 0.14:
            parts.append(self._say(f"as_{author.kind}", topic))
        target = self._words()
        body = self._body(parts, topic, said, target, "open")
        if rng.random() < 0.75:
            closing = (
                self._fill(self._pick(topic.questions, said), topic)
                if rng.random() < 0.5
                else self._say("outro", topic, said)
            )
            body += ("\n\n" if len(body) > 280 else " ") + closing
        return body

    def stance(self, parent: Stance, *, returns: bool) -> Stance:
        """How a reply stands to its parent. ``returns``: its author wrote what the parent answers."""
        chance = self._rng.random()
        if parent == "ask" and chance < 0.75:
            return "answer"
        if parent == "answer" and returns and chance < 0.7:
            return "thanks"
        return self._rng.choices(_REPLIES, _REPLY_WEIGHTS)[0]

    def reply(
        self, topic: stock.Topic, author: Author, stance: Stance, said: set[str], parent: str, excerpt: str
    ) -> str:
        """A reply to ``parent`` (a handle), who had said ``excerpt`` ("" when it cannot be quoted)."""
        rng = self._rng
        if stance == "short":
            return self._say("short", topic, None, parent)
        parts: list[str] = []
        lead = ""
        if excerpt and stance in ("agree", "object", "ask", "build") and rng.random() < 0.12:
            lead = f"> {excerpt}\n\n"
        elif rng.random() < 0.85:
            parts.append(self._say(stance, topic, None, parent))
        if stance == "thanks":
            return parts[0] if parts and rng.random() < 0.5 else self._body(parts, topic, said, 24, "thanks")
        if rng.random() < 0.13:
            parts.append(self._say(f"as_{author.kind}", topic))
        body = lead + self._body(parts, topic, said, self._words(), stance, excerpt)
        if rng.random() < 0.16:
            body += ("\n\n" if "\n" in body[-90:] else " ") + self._say("close", topic, said)
        if rng.random() < 0.035:
            body += " " + self.emoji()
        return body

    def emoji(self) -> str:
        return self._rng.choice(_EMOJI)

    def _words(self) -> int:
        return min(self._longest, int(self._median * self._rng.lognormvariate(0.0, 0.8)))

    def _order(self, stance: Stance) -> list[str]:
        """The kinds of sentence of a post (fields of a topic), in the order in which people say them."""
        rng = self._rng
        claims, told, doubts = "claims", "experiences", "doubts"
        if stance == "object":
            return [doubts, told if rng.random() < 0.6 else claims, claims]
        if stance == "ask":
            return ["questions", told, claims]
        if stance in ("tell", "answer"):
            return [told, claims, told]
        if stance == "thanks":
            return [claims]
        if stance == "open":
            return [claims, told, doubts] if rng.random() < 0.5 else [told, claims, claims]
        return [claims, told, claims] if rng.random() < 0.6 else [told, claims, claims]

    def _sentence(self, topic: stock.Topic, kind: str, said: set[str]) -> tuple[stock.Topic, str]:
        """A sentence of ``kind`` that this thread has not had, from a neighbouring topic where this one is used up."""
        own: tuple[str, ...] = getattr(topic, kind)
        neighbours = self._topics[topic.forum]
        for other in (topic, *(neighbours[int(self._rng.random() * len(neighbours))] for _ in range(4))):
            fresh = [sentence for sentence in getattr(other, kind) if sentence not in said]
            if fresh:
                return other, self._pick(fresh, said)
        return topic, self._pick(own, said)

    def _body(
        self,
        parts: list[str],
        topic: stock.Topic,
        said: set[str],
        target: int,
        stance: Stance,
        quoted: str = "",
    ) -> str:
        rng = self._rng
        extra = self._extra(topic, said)
        order = self._order(stance)
        paragraphs: list[str] = []
        sentences = list(parts)
        words = sum(part.count(" ") + 1 for part in sentences)
        said_here: set[str] = set()
        step = misses = 0
        while not said_here or words < target:
            kind = order[step] if step < len(order) else rng.choice(("claims", "experiences"))
            source, template = self._sentence(topic, kind, said)
            if template in said_here:
                # The stock of this topic is used up in this post: go on with a neighbour.
                topic = rng.choice(self._topics[topic.forum])
                misses += 1
                if misses > 60:
                    break
                step += 1
                continue
            said_here.add(template)
            sentence = self._fill(template, source)
            if sentence in quoted:  # nobody repeats what they have just quoted
                step += 1
                continue
            if step and rng.random() < 0.15 and _PLAIN_START.match(sentence):
                lowered = sentence[0].lower() + sentence[1:]
                sentence = f"{self._pick(self._phrases['bridge'])} {lowered}"
            elif rng.random() < 0.05:
                sentence = f"**{sentence}**" if rng.random() < 0.5 else f"*{sentence}*"
            sentences.append(sentence)
            words += sentence.count(" ") + 1
            step += 1
            if len(sentences) >= 4 and rng.random() < 0.5:
                paragraphs.append(" ".join(sentences))
                sentences = []
                if len(paragraphs) % 2 == 0:
                    topic = rng.choice(self._topics[topic.forum])
        if sentences:
            paragraphs.append(" ".join(sentences))
        if extra:
            paragraphs.append(extra)
        return "\n\n".join(paragraphs)

    def _extra(self, topic: stock.Topic, said: set[str]) -> str:
        """A link, list, table or block of code, in the shares of real Jams; mostly nothing."""
        rng = self._rng
        chance = rng.random()
        if chance < 0.05:
            return self._say("links", topic)
        if chance < 0.10:
            neighbour = rng.choice(self._topics[topic.forum])
            steps = list(dict.fromkeys((*topic.steps, *neighbour.steps)))
            rng.shuffle(steps)
            numbered = rng.random() < 0.5
            rows = [
                f"{f'{index}.' if numbered else '-'} {self._fill(step, topic)}"
                for index, step in enumerate(steps[: rng.randrange(2, 5)], 1)
            ]
            return self._say("list_lead", topic, said) + "\n\n" + "\n".join(rows)
        if chance < 0.115:
            return self._say("table_lead", topic) + "\n\n" + self._table()
        if chance < 0.135:
            return self._say("code_lead", topic) + "\n\n" + self._pick(self._phrases["code"])
        return ""

    def _table(self) -> str:
        rng = self._rng
        labels = rng.sample(
            ("questions asked", "answered in a day", "answered at all", "meetings a week", "people who wrote",
             "people who read", "days to decide", "mails a day", "found by search"),
            rng.randrange(3, 5),
        )  # fmt: skip
        rows = []
        for label in labels:
            before = rng.randrange(8, 900)
            after = int(before * rng.uniform(0.3, 2.2))
            rows.append(f"| {label} | {before} | {after} |")
        return "| | before | after |\n|---|---:|---:|\n" + "\n".join(rows)

    # other languages

    def foreign(self, lang: str, said: set[str]) -> str:
        """A reply of one to three sentences in ``lang``."""
        replies = stock.languages()[lang].replies
        chosen = dict.fromkeys(self._pick(replies, said) for _ in range(self._rng.choice((1, 2, 2, 3))))
        return ("" if lang in UNSPACED else " ").join(chosen)

    def foreign_opener(self, lang: str, said: set[str]) -> tuple[str, str] | None:
        """Title and body of a thread in ``lang``; None when each was used in this forum."""
        left = [pair for pair in stock.languages()[lang].openers if pair[0] not in said]
        if not left:
            return None
        pair = self._rng.choice(left)
        said.add(pair[0])
        return pair


@functools.cache
def _connecting() -> frozenset[str]:
    """Sentences that are no thought of their own, and so not worth quoting."""
    return frozenset(itertools.chain.from_iterable(stock.phrases().values()))


def excerpt(body: str) -> str:
    """A sentence from the beginning of ``body``, plain, short and worth quoting, else ""."""
    for sentence in re.split(r"(?<=[.!?:]) ", body.split("\n", 1)[0])[:3]:
        plain = not any(mark in sentence for mark in "*`|>@[#") and sentence[0].isupper()
        if plain and 24 <= len(sentence) <= 160 and sentence[-1] in ".?!" and sentence not in _connecting():
            return sentence
    return ""
