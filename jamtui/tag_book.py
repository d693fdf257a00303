"""The tags that somebody may mean: the curated ones first, then those of the forum, then words of the text.

A `TagBook` is made once, when a picker or a composer opens, and answers with every letter from memory.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from jamtui.archive import tag_form
from jamtui.model import TagRow

_APART = re.compile(r"[\s\-_./·]+")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_LONGEST = 20_000  # characters of a text that are looked through


class TagChoice(Struct, frozen=True):
    """A tag to choose. ``why`` says in a word or two why it stands where it does; "" for no other reason than use."""

    name: str
    count: int
    about: str = ""
    why: str = ""


def _stem(word: str) -> str:
    """A word without what makes it a plural in English; of other languages, an -s."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 4 and word.endswith(("ses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _parts(name: str) -> list[str]:
    letters = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(one for one in letters if not unicodedata.combining(one))
    return [_stem(part) for part in _APART.split(plain) if part]


def spelling(name: str) -> str:
    """What tags have in common that differ in a plural, a hyphen, a space or an accent."""
    return "".join(_parts(name))


class TagBook:
    """``tags``: of the whole Jam; ``here``: how many posts of this forum carry one."""

    def __init__(self, tags: Iterable[TagRow], here: Mapping[str, int]) -> None:
        rows = list(tags)
        self._merged = {tag.name: tag.merged_into for tag in rows if tag.merged_into}
        self._tags = {tag.name: tag for tag in rows if not tag.merged_into}
        self._here = here
        self._spelled: dict[str, list[str]] = {}
        for name in self._tags:
            self._spelled.setdefault(spelling(name), []).append(name)
        self._order = sorted(self._tags, key=self._rank)
        self._fitting: tuple[str, list[str]] = ("", [])

    def _rank(self, name: str) -> tuple[bool, bool, int, str]:
        tag = self._tags[name]
        return not tag.curated, not self._here.get(name), -self._here.get(name, 0) or -tag.count, name

    def count(self, name: str) -> int:
        """How many posts of the Jam carry a tag; 0 for one that is not known."""
        return self._tags[name].count if name in self._tags else 0

    def known(self, name: str) -> bool:
        """Whether there is such a tag, whatever it became; a name that is not known would be a new one."""
        return name in self._tags or name in self._merged

    def became(self, name: str) -> str:
        """What a merged tag is now; "" for any other."""
        return self._merged.get(name, "")

    def _in_text(self, text: str) -> list[str]:
        """Tags whose words stand in the text, the longest first."""
        if self._fitting[0] != text:
            words = [spelling(word.group()) for word in _WORD.finditer(text[:_LONGEST])]
            there = {*words, *(a + b for a, b in itertools.pairwise(words))}
            names = [name for key in there for name in self._spelled.get(key, ())]
            self._fitting = (text, sorted(names, key=lambda name: (-len(name), self._rank(name))))
        return self._fitting[1]

    def suggest(self, typed: str, text: str = "", leave_out: Collection[str] = (), limit: int = 60) -> list[TagChoice]:
        """What ``typed`` may become, the likeliest first: of the curated set, of the forum, of the text's words, then
        all others by use. Without anything typed, curated tags that the text speaks of come before other curated."""
        wanted = tag_form(typed)
        speaks = self._in_text(text)
        fits = set(speaks)
        found = [name for name in self._order if name not in leave_out and (not wanted or wanted in name)]
        near = [] if not wanted else [name for name in self._spelled.get(spelling(wanted), ()) if name not in leave_out]
        place = {name: at for at, name in enumerate(found)}
        names = sorted(
            {*found, *near},
            key=lambda name: (
                bool(wanted) and not name.startswith(wanted) and name not in near,
                not self._tags[name].curated,
                not (self._tags[name].curated and name in fits),
                not self._here.get(name),
                name not in fits,
                place.get(name, len(place)),
            ),
        )
        return [self._choice(name, fits) for name in names[:limit]]

    def _choice(self, name: str, fits: Collection[str]) -> TagChoice:
        tag = self._tags[name]
        why = "curated" if tag.curated else "in this forum" if self._here.get(name) else ""
        if not why and name in fits:
            why = "in your text"
        return TagChoice(name, tag.count, tag.about, why)

    def variant(self, name: str) -> str:
        """Another spelling of a tag that people agreed on more: curated, or on more posts; "" when there is none."""
        name = tag_form(name)
        if not name or (name in self._tags and self._tags[name].curated):
            return ""
        others = [one for one in self._spelled.get(spelling(name), ()) if one != name]
        better = [one for one in others if self._tags[one].curated or self._tags[one].count > self.count(name)]
        return min(better, key=self._rank, default="")

    def warning(self, names: Sequence[str]) -> str:
        """What is to be said of these tags, in words: ``there is #pilot-projects``; "" for nothing."""
        for name in map(tag_form, names):
            if now := self.became(name):
                return f"#{name} is #{now} now"
            if other := self.variant(name):
                return f"there is #{other}"
        return ""
