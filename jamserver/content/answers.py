"""Answers to what somebody really wrote: they quote it or take up a word of it, and say something on its subject.

What is answered is a stranger's text. It is quoted only where it is plain, and never searched for slots again.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from jamserver.content import stock
from jamserver.content.compose import SLOT, UNSPACED, Composer
from jamserver.content.people import Author

Mood = Literal["ask", "tell", "agree", "object", "thanks", "greet", "brief", "neutral"]

# A full stop ends a sentence where a capital follows: not in "approx. ten".
_ENDS = re.compile(r"(?<=[!?…])\s+|(?<=\.)\s+(?=[^\W\d_a-zß-öø-ÿ])|(?<=[。！？])|\n+")
_CODE = re.compile(r"^(```|~~~).*?(^\1|\Z)|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\bhttps?://\S+")
_MENTION = re.compile(r"(?<!\w)@[\w.-]+")
_LAID_OUT = re.compile(r"\s*([>|#]|[-*+] |\d+[.)] )")  # quotes, tables, headings, lists
_MARKS = frozenset("*_`|<>[]@#\\~")  # what Markdown would make something of
_WORD = re.compile(r"[^\W\d_]{4,}")
_SHORTEST, _LONGEST = 8, 160  # characters of what is quoted
_TITLE = 80
_AGREES = re.compile(r"\b(agree|agreed|exactly|same here|good point|well said|true|yes)\b|\+1", re.IGNORECASE)
_OBJECTS = re.compile(
    r"\b(disagree|not (so |quite |really )?sure|doubt|wrong|not true|nonsense|(do not|don't) (think|believe|see)|"
    r"however|but (i|we|it|that|this|what|who|how|not))\b",
    re.IGNORECASE,
)
_THANKS = re.compile(r"\b(thank|thanks|thx|cheers)\b", re.IGNORECASE)
_GREETS = re.compile(r"\b(hi|hello|hey|hallo|good (morning|evening|day|afternoon)|test|testing)\b", re.IGNORECASE)
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ar", re.compile("[\u0620-\u064a]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("ru", re.compile("[\u0410-\u044f]")),
    ("vi", re.compile("[ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")),
)


@dataclass(frozen=True, slots=True)
class Heard:
    """A post that is answered. ``parent``: the handle of who wrote it, "" where they shall not be named.

    ``neutral``: it is a real person's, on a matter that may be a grave one; the answer takes no side.
    """

    body: str
    title: str = ""  # of its thread
    opener: bool = False
    forum: str = ""  # slug
    parent: str = ""
    lang: str = ""
    neutral: bool = False


class Answerer(Composer):
    """Answers on the subjects of some forums. All chance comes from ``rng``."""

    def __init__(self, rng: random.Random, topics: Mapping[str, Sequence[stock.Topic]]) -> None:
        """``topics`` by slug of the forum; a forum that is not in it is spoken of with all of them."""
        super().__init__(rng, median_words=24, longest=60)
        self._topics = {slug: tuple(those) for slug, those in topics.items()}
        self._all = tuple(topic for those in self._topics.values() for topic in those)
        self._openings = stock.answers()

    def answer(self, heard: Heard, *, again: bool = False) -> tuple[str, str]:
        """Body and language ("" is English). ``again``: who answers is answered by this post themselves."""
        rng = self._rng
        lang = heard.lang if f"in_{heard.lang}" in self._openings else language(heard.body)
        quoted = worth_quoting(heard.body)
        if lang:
            return self._foreign(lang, quoted, heard), lang
        mood: Mood = "neutral" if heard.neutral else mood_of(heard.body)
        topic = self.topic(heard)
        given = self._given(heard)
        address = f"@{heard.parent} " if heard.parent and rng.random() < 0.4 else ""
        if mood in ("thanks", "greet", "brief"):
            return address + self._open(mood, topic, given), ""
        lead, refers = "", False
        if quoted and rng.random() < (0.35 if heard.opener or heard.neutral else 0.5):
            lead, refers = f"> {quoted}\n\n", True
        section = "opener" if heard.opener and rng.random() < 0.6 else "again" if again and rng.random() < 0.5 else mood
        opening = "" if heard.neutral else self._extra_opening(heard.body, topic, given)
        opening = opening or self._open(section, topic, given)
        parts = [opening]
        refers = refers or any(given.get(name, "\0") in opening for name in ("word", "title"))
        if not refers and "word" in given:
            parts.append(self._open("about", topic, given))
        parts += self._thoughts(mood, topic)
        if mood == "ask" and rng.random() < 0.25:
            given["step"] = self._fill(self._pick(topic.steps), topic)
            parts.append(self._open("step", topic, given))
        elif rng.random() < 0.45:
            parts.append(self._open("back", topic, given))
        return lead + address + " ".join(parts), ""

    def aside(self, heard: Heard, asked: str) -> str:
        """What a third person says to an answer that ``asked`` (a handle) gave to the post ``heard``."""
        topic, given = self.topic(heard), self._given(heard)
        given["asked"] = asked
        kind = "claims" if self._rng.random() < 0.5 else "experiences"
        return f"{self._open('aside', topic, given)} {self._fill(self._pick(getattr(topic, kind)), topic)}"

    def thanks(self, to: str) -> str:
        """What is said to ``to`` (a handle) at the end of a talk."""
        return self._fill(self._pick(self._phrases["thanks"]), self._all[0], to)

    def thread(self, heard: Heard, tag: str) -> tuple[str, str]:
        """Title and body of a new thread in a forum where ``heard`` is a post; ``tag`` is one of that Jam, or ""."""
        rng = self._rng
        topic = self.topic(Heard("", forum=heard.forum))
        title = self._fill(self._pick(topic.titles), topic)
        given = self._given(heard)
        if "title" in given and rng.random() < 0.6:
            title = f"{given['title'].rstrip('?.! ')}: {title[0].lower()}{title[1:]}"
        elif tag:
            title = f"{tag[0].upper()}{tag[1:]}: {title[0].lower()}{title[1:]}"
        kinds = ["claims", "experiences", "questions"] if rng.random() < 0.5 else ["experiences", "doubts", "questions"]
        return title, " ".join(self._fill(self._pick(getattr(topic, kind)), topic) for kind in kinds)

    # parts

    def _open(self, section: str, topic: stock.Topic, given: Mapping[str, str]) -> str:
        """A phrase of a section all of whose slots can be filled."""
        choices = [
            phrase
            for phrase in self._openings[section]
            if all(
                f"{{{name}}}" not in phrase or name in given for name in ("word", "title", "parent", "asked", "step")
            )
        ]
        # In one pass: the braces of what others wrote are no slots.
        return SLOT.sub(lambda match: given.get(match[1]) or self._slot(match[1], topic, ""), self._pick(choices))

    def _extra_opening(self, body: str, topic: stock.Topic, given: Mapping[str, str]) -> str:
        for section, found in (("code", _CODE.search(body)), ("link", _LINK.search(body))):
            if found and self._rng.random() < 0.6:
                return self._open(section, topic, given)
        return ""

    def _thoughts(self, mood: Mood, topic: stock.Topic) -> list[str]:
        rng = self._rng
        kinds = {
            "ask": ("experiences", "claims"),
            "object": ("claims", "experiences"),
            "agree": ("claims", "doubts"),
        }.get(mood, ("experiences", "claims") if rng.random() < 0.5 else ("claims", "doubts"))
        number = 2 if rng.random() < 0.4 else 1
        return [self._fill(self._pick(getattr(topic, kind)), topic) for kind in kinds[:number]]

    def _foreign(self, lang: str, quoted: str, heard: Heard) -> str:
        rng = self._rng
        stock_of = self._openings[f"in_{lang}"]
        if heard.neutral:  # where nothing was written for it, questions take no side
            questions = tuple(one for one in stock_of if one.rstrip()[-1] in "?？؟")
            stock_of = self._openings.get(f"neutral_{lang}", questions)
        sentences = dict.fromkeys(self._pick(stock_of) for _ in range(rng.choice((1, 2, 2))))
        quoted = "" if quoted in sentences else quoted
        lead = f"> {quoted}\n\n" if quoted and rng.random() < 0.6 else f"@{heard.parent} " if heard.parent else ""
        return lead + ("" if lang in UNSPACED else " ").join(sentences)

    def _given(self, heard: Heard) -> dict[str, str]:
        given = {}
        telling = _named(self._all)
        word = key_word(heard.body, telling) or key_word(heard.title, telling)
        if word:
            given["word"] = f'"{word}"'
        title = " ".join(heard.title.split())
        if title and len(title) <= _TITLE and title.isprintable() and not _MARKS & set(title):
            given["title"] = title
        if heard.parent:
            given["parent"] = f"@{heard.parent}"
        return given

    def topic(self, heard: Heard) -> stock.Topic:
        """The subject that shares the most with the post, then with its title; any of the forum where none does."""
        here = self._topics.get(heard.forum, self._all)
        for text in (heard.body, heard.title):
            heard_of = {_stem(word) for word in _WORD.findall(_LINK.sub(" ", text.lower())[:4_000])} - stock.words()[
                "dull"
            ]
            if not heard_of:
                continue
            best = max(
                here, key=lambda topic: sum(_weights(self._all).get(word, 0.0) for word in heard_of & _of(topic))
            )
            if heard_of & _of(best):
                return best
        return self._rng.choice(here)


def _stem(word: str) -> str:
    """Rough: one form for ``pilot`` and ``pilots``, ``measure`` and ``measured``."""
    for ending in ("ing", "ies", "es", "ed", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


@functools.cache
def _of(topic: stock.Topic) -> frozenset[str]:
    """The words of a subject, in their rough form."""
    lists = (topic.titles, topic.claims, topic.experiences, topic.questions, topic.doubts, topic.steps)
    text = " ".join((topic.name, *topic.tags, *(sentence for those in lists for sentence in those)))
    return frozenset(_stem(word) for word in _WORD.findall(text.lower()) if word not in stock.words()["dull"])


@functools.cache
def _weights(topics: tuple[stock.Topic, ...]) -> dict[str, float]:
    """How much a word tells: the fewer subjects have it, the more."""
    counts: dict[str, int] = {}
    for topic in topics:
        for word in _of(topic):
            counts[word] = counts.get(word, 0) + 1
    return {word: 1 / count for word, count in counts.items()}


@functools.cache
def _named(topics: tuple[stock.Topic, ...]) -> frozenset[str]:
    """The words, in rough form, by which subjects are called."""
    text = " ".join(" ".join((topic.name, *topic.tags)) for topic in topics).lower()
    return frozenset(_stem(word) for word in _WORD.findall(text) if word not in stock.words()["dull"])


def plain_part(body: str) -> str:
    """The text of a body without code, links, mentions, quotes, tables and lists."""
    text = _MENTION.sub(" ", _LINK.sub(" ", _CODE.sub(" ", body)))
    return "\n".join(line for line in text.splitlines() if not _LAID_OUT.match(line))


def worth_quoting(body: str) -> str:
    """A sentence of ``body``, the first question if there is one; plain text of at most 160 characters, else ""."""
    lines = [line for line in _CODE.sub("\n", body).splitlines() if not _LAID_OUT.match(line)]
    sentences = [" ".join(part.split()) for part in _ENDS.split("\n".join(lines))]
    good = [
        sentence
        for sentence in sentences
        if _SHORTEST <= len(sentence) <= 8 * _LONGEST and sentence.isprintable() and not _MARKS & set(sentence)
    ]
    if not good:
        return ""
    chosen = next((one for one in good if one[-1] in "?？"), None) or next(
        (one for one in good if len(one) >= 24), good[0]
    )
    if len(chosen) <= _LONGEST:
        return chosen
    return chosen[:_LONGEST].rsplit(" ", 1)[0].rstrip(",;: ") + " …"


def key_word(text: str, telling: Container[str]) -> str:
    """The word of ``text`` that it is most likely about, "" where there is none. ``telling`` are likely ones, rough."""
    text = plain_part(text)[:4_000]
    best, best_score = "", 0.0
    for word in _WORD.findall(text):
        lower = word.lower()
        if lower in stock.words()["dull"] or len(word) > 24:
            continue
        score = min(len(word), 9) / 9 + (1.5 if _stem(lower) in telling else 0.0)
        if lower.endswith(("ed", "ing", "ly", "en")):
            score -= 0.3  # a verb or an adverb, more often than a thing
        if score > best_score:
            best, best_score = word, score
    # A capital may only be that of the sentence.
    return best.lower() if best.istitle() and (best.lower() in text or text.lstrip().startswith(best)) else best


def mood_of(body: str) -> Mood:
    """What kind of post this is, by a few marks of English."""
    text = plain_part(body).strip()
    words = len(text.split())
    if _THANKS.search(text) and words < 25 and "?" not in text:
        return "thanks"
    if "?" in text or "？" in text:
        return "ask"
    if _GREETS.search(text) and words < 9:
        return "greet"
    if words < 5 and not _CODE.search(body) and not _LINK.search(body):
        return "agree" if _AGREES.search(text) else "brief"
    if _OBJECTS.search(text):
        return "object"
    return "agree" if _AGREES.search(text[:80]) else "tell"


def language(body: str) -> str:
    """The language of a text that is not in English: one that there are answers in, else ""."""
    text = plain_part(body)
    for lang, letters in _SCRIPTS:
        if len(letters.findall(text)) >= (3 if lang != "vi" else 2):
            return lang
    words = re.findall(r"[^\W\d_]+", text.lower())
    if re.search("[äöüß]", text):
        words += ["und", "und"]
    found = {lang: sum(word in small for word in words) for lang, small in stock.words().items() if lang != "dull"}
    lang = max(found, key=lambda name: found[name])
    return lang if found[lang] >= 2 and found[lang] * 7 >= len(words) else ""


def somebody(rng: random.Random, writers: Sequence[Author], lang: str, but: Sequence[str]) -> Author:
    """One of ``writers`` whose id is not in ``but``; who speaks ``lang`` where there is such a person."""
    free = [writer for writer in writers if writer.id not in but] or list(writers)
    fits = [writer for writer in free if lang and writer.lang == lang]
    return rng.choice(fits or free)
