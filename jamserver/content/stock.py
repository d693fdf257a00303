"""Reads the texts of this package into frozen objects. Read once, on first use; the files are the project's own."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jamtui.archive import normal_tag

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Topic:
    """What can be said about one subject; each list holds sentences with slots."""

    forum: str
    key: str
    name: str
    tags: tuple[str, ...]
    titles: tuple[str, ...]
    claims: tuple[str, ...]
    experiences: tuple[str, ...]
    questions: tuple[str, ...]
    doubts: tuple[str, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One post written by hand. ``parent`` is its index in the script (-1 for the opener); ``voice`` says who speaks.

    A voice is ``op`` (who opened the thread), ``demo``, ``expert``, ``host``, ``mod``, ``legal`` or a letter; the same
    voice is the same person throughout the thread.
    """

    voice: str
    parent: int
    body: str
    lang: str


@dataclass(frozen=True, slots=True)
class Script:
    """A thread written by hand, opener first."""

    title: str
    topic: str
    tags: tuple[str, ...]
    by: str  # role or kind of who opens it; "" for anybody
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ForumStock:
    slug: str
    title: str
    brief: str
    hosts: int
    scripts: tuple[Script, ...]
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class Language:
    """Openers are (title, text); replies are sentences."""

    openers: tuple[tuple[str, str], ...]
    replies: tuple[str, ...]


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _tags(text: str) -> tuple[str, ...]:
    names = (normal_tag(part) for part in text.split(","))
    return tuple(sorted({name for name in names if name}))


@functools.cache
def forums() -> tuple[ForumStock, ...]:
    """The five forums, in order of position."""
    by_forum: dict[str, list[Topic]] = {}
    for topic in _topics(_read("topics.md")):
        by_forum.setdefault(topic.forum, []).append(topic)
    found = []
    for path in sorted((_HERE / "threads").glob("*.md")):
        head, *threads = re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        settings, _, brief = head.partition("\n\n")
        fields = dict(line.split(": ", 1) for line in settings.splitlines())
        topics = tuple(by_forum[fields["slug"]])
        found.append(
            ForumStock(
                slug=fields["slug"],
                title=fields["title"],
                brief=brief.strip(),
                hosts=int(fields["hosts"]),
                scripts=tuple(_script(text) for text in threads),
                topics=topics,
            )
        )
    return tuple(found)


_POST = re.compile(r"^--- (\d+) (\w+)(?: lang=(\w+))?\n", re.MULTILINE)


def _script(text: str) -> Script:
    title, settings, rest = text.split("\n", 2)
    fields = dict(part.strip().split(": ", 1) for part in settings.split(";"))
    parts = _POST.split(rest)
    lines = [Line("op", -1, parts[0].strip(), fields.get("lang", ""))]
    last_at_depth = {0: 0}
    for depth, voice, lang, body in zip(parts[1::4], parts[2::4], parts[3::4], parts[4::4], strict=True):
        lines.append(Line(voice, last_at_depth[int(depth) - 1], body.strip(), lang or ""))
        last_at_depth[int(depth)] = len(lines) - 1
    return Script(title, fields["topic"], _tags(fields["tags"]), fields.get("by", ""), tuple(lines))


def _topics(text: str) -> Iterator[Topic]:
    for block in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
        head, *lines = [line for line in block.splitlines() if line]
        where, name, tags = (part.strip() for part in head.split("|"))
        forum, key = where.split()
        kinds: dict[str, list[str]] = {kind: [] for kind in "tcxqds"}
        for line in lines:
            kind, sentence = line.split(": ", 1)
            kinds[kind].append(sentence)
        yield Topic(forum, key, name, _tags(tags), *(tuple(kinds[kind]) for kind in "tcxqds"))


@functools.cache
def anything() -> tuple[Topic, ...]:
    """What can be said about any subject, for Jams that are somebody else's. Their forum is called ``any``."""
    return tuple(_topics(_read("anything.md")))


@functools.cache
def phrases() -> dict[str, tuple[str, ...]]:
    """Section to its lines; the section ``code`` holds whole blocks."""
    return sections("phrases.md")


@functools.cache
def answers() -> dict[str, tuple[str, ...]]:
    """What begins and ends an answer to the reader of a demo, by section; ``in_LANG`` holds whole sentences."""
    return sections("answers.md")


@functools.cache
def words() -> dict[str, frozenset[str]]:
    """Small words by language code; ``dull`` are those of English that tell nothing about a subject."""
    return {name: frozenset(" ".join(lines).split()) for name, lines in sections("words.md").items()}


def sections(name: str) -> dict[str, tuple[str, ...]]:
    """Sections of a file to their lines (of ``code`` to its blocks)."""
    found: dict[str, tuple[str, ...]] = {}
    for section in re.split(r"^\[", _read(name), flags=re.MULTILINE)[1:]:
        title, _, text = section.partition("]\n")
        parts = text.strip().split("\n\n" if title == "code" else "\n")
        found[title] = tuple(part for part in parts if part.strip())
    return found


@functools.cache
def languages() -> dict[str, Language]:
    """Language code to its stock."""
    found = {}
    for section in re.split(r"^\[", _read("languages.md"), flags=re.MULTILINE)[1:]:
        name, _, text = section.partition("]\n")
        openers, replies = [], []
        for line in text.strip().splitlines():
            kind, sentence = line.split(": ", 1)
            if kind == "o":
                title, _, body = sentence.partition(" | ")
                openers.append((title, body))
            else:
                replies.append(sentence)
        found[name] = Language(tuple(openers), tuple(replies))
    return found
