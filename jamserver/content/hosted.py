"""What hosts and people of generated Jams do beside posting: profiles, guests of honour, tags that are agreed on,
announcements, polls.

As with `jamserver.content.converging`, all of it follows from ids, not from the dice of the Jam: what is written is the
same with it and without it.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jamserver.content.people import Author, uuid4
from jamtui.archive import rfc3339

Record = tuple[str, dict[str, object]]

# What people say of themselves, by their kind of work (`jamserver.content.people.KINDS`).
_ABOUT = {
    "consultant": (
        "I help organisations to listen to themselves, and write down what they said.",
        "Twenty years of other people's projects. I am here for the ones that failed and why.",
        "Changes of work, mostly in the public sector. Ask me about town halls.",
    ),
    "IT architect": (
        "I draw boxes and arrows for a living, and try to have fewer of both each year.",
        "Directories, identity, old mail servers. If it has been running since 1994, I probably know it.",
        "Ask me about *search that finds people*, not documents.",
    ),
    "HR": (
        "Learning and onboarding for 6,000 people, a third of whom have no desk.",
        "I collect what newcomers ask in their first week. The list is shorter than you think.",
    ),
    "marketing": (
        "I answer what customers write in public, and count how often a plain answer was enough.",
        "Communities around a product that nobody loves. It can be done.",
    ),
    "academic": (
        "I study why people write, and why most do not. Happy to share the papers.",
        "Sociology of work. I lend my tables to anybody who asks.",
    ),
    "manager": (
        "Two plants, 340 people, one canteen. The canteen is the better network.",
        "I was against all this in 2008. Ask me what changed my mind.",
        "I lead a team over four time zones, and read more than I write.",
    ),
    "developer": (
        "I build the small tools between the large ones.",
        "Feeds, streams, and `grep`. I like things that can be scripted.",
    ),
    "customer service": (
        "On the phone since 1999. The customers have not changed, the telephone has.",
        "I write the answers that everybody copies. Please copy them.",
    ),
    "legal": (
        "The lawyer in the room. I say *yes, if* more often than *no*.",
        "Works councils, privacy, records: I try to make one page of each.",
    ),
    "student": (
        "I write my thesis about Jams, so I am counting you.",
        "Last year at university. I ask what everybody else stopped asking.",
    ),
}
_MORE_LANGUAGES = ("fr", "es", "de", "nl", "pt", "it")
_DEMO_ABOUT = "Deliveries for eleven warehouses. I came to read, and stayed to ask."

_HONOURS = (
    "wrote *The Open Door Is Not Enough*",
    "ran the first Jam of a city",
    "thirty years of communities of practice",
)

# The curated set: a tag of the Jam and what it means.
_TAGS = (
    ("practice", "Somebody did it: what exactly, and what came of it."),
    ("pilot", "Tried on a small scale, with figures."),
    ("lessons", "What went wrong, and what was learned from it."),
    ("getting started", "First steps for who has nothing yet."),
    ("roi", "What it costs, what it brings, and how anybody would know."),
    ("trust", "Who believes whom, and what it takes."),
    ("culture", "How it is done here, written down or not."),
    ("decisions", "Who decides, who is heard before, who is told after."),
    ("transparency", "What is open, to whom, and what is better closed."),
    ("training", "Learning it: courses, neighbours, trying."),
    ("people finder", "Finding who knows something."),
    ("privacy", "What is nobody's business, and who makes sure of it."),
)
_MERGED = (("return on investment", "roi"), ("first steps", "getting started"), ("pilot project", "pilot"))

_WELCOME = (
    "**Welcome!** We are open for {hours} hours, day and night. Read a little before you write, answer somebody before "
    "you open a thread, and vote for what you would want to see."
)
_GUESTS = "Guests answer in *{title}* for the next two hours. Ask them what you have always wanted to ask."
_REFINING = (
    "**Refining begins at {at} UTC.** Until then ideas are welcome, however rough they are. Look whether yours is "
    "there already, and link what belongs together."
)
_LAST = "**Three hours to go.** What is not said yet will not be read by those who decide: say it now."


@dataclass(frozen=True, slots=True)
class Stage:
    """A Jam to be hosted: its times, its forums (id, title, ids of its hosts), how many posts there are, and who hosts
    the whole. ``refining`` is when no new threads are opened any more; None when that is not said."""

    opens_at: datetime
    closes_at: datetime
    now: datetime
    forums: Sequence[tuple[str, str, Sequence[str]]]
    hosts: Sequence[str]
    posts: int
    refining: datetime | None = None


def stage_of(forum: Record) -> tuple[str, str, Sequence[str]]:
    """A forum of a `Stage`."""
    data = forum[1]
    hosts = data.get("host_ids")
    return str(data["id"]), str(data["title"]), [str(one) for one in hosts] if isinstance(hosts, list) else []


def _dice(key: str, what: str) -> int:
    return zlib.crc32(f"{what} {key}".encode())


def with_profile(author: Author, *, demo: bool = False) -> dict[str, object]:
    """The ``person`` object of somebody with what they say about themselves: half say what they speak, a fifth more."""
    fields = author.record()
    if demo:
        return fields | {"languages": ["nl", "en"], "about": _DEMO_ABOUT}
    if _dice(author.id, "languages") % 2 == 0:
        spoken = [author.lang, "en"]
        if author.lang == "en" and _dice(author.id, "more") % 3 == 0:
            spoken.append(_MORE_LANGUAGES[_dice(author.id, "which") % len(_MORE_LANGUAGES)])
        fields["languages"] = list(dict.fromkeys(spoken))
    if _dice(author.id, "about") % 5 == 0:
        said = _ABOUT[author.kind]
        fields["about"] = said[_dice(author.id, "said") % len(said)]
    return fields


def honours(experts: Iterable[str]) -> dict[str, str]:
    """Who of the experts (ids) are guests of honour, and what is said of them."""
    return dict(zip(experts, _HONOURS, strict=False))


def records(stage: Stage) -> Iterator[Record]:
    """Tags, announcements and polls up to ``now``, the first made first of each type."""
    for name, about in _TAGS:
        yield "tag", {"id": name, "about": about, "curated": True}
    for name, into in _MERGED:
        yield "tag", {"id": name, "about": "", "curated": False, "merged_into": into}
    if stage.hosts and stage.forums:
        rng = random.Random(f"hosted:{stage.hosts[0]}")  # noqa: S311 (ids and counts, not secrets)
        yield from _announcements(stage, rng)
        yield from _polls(stage, rng)


def _announcements(stage: Stage, rng: random.Random) -> Iterator[Record]:
    forum_id, title, hosts = stage.forums[-1]
    length = stage.closes_at - stage.opens_at
    said: list[tuple[datetime, str, str, str]] = [
        (
            stage.opens_at + timedelta(minutes=2),
            stage.hosts[0],
            "",
            _WELCOME.format(hours=round(length.total_seconds() / 3600)),
        ),
        (
            stage.opens_at + length * 0.36,
            (list(hosts) or [*stage.hosts])[0],
            forum_id,
            _GUESTS.format(title=title),
        ),
    ]
    if stage.refining is not None:
        words = _REFINING.format(at=f"{stage.refining:%H:%M}")
        said.append((stage.now - timedelta(minutes=50), stage.hosts[-1], "", words))
    else:
        said.append((stage.closes_at - timedelta(hours=3), stage.hosts[-1], "", _LAST))
    for at, by, where, body in said:
        made: dict[str, object] = {"id": uuid4(rng), "author_id": by, "body": body, "created_at": rfc3339(at)}
        if where:
            made["forum_id"] = where
        if at <= stage.now:
            yield "announcement", made


def _polls(stage: Stage, rng: random.Random) -> Iterator[Record]:
    forum_id, _, hosts = stage.forums[1 % len(stage.forums)]
    length = stage.closes_at - stage.opens_at
    asked: list[tuple[datetime, datetime, str, str, str, tuple[tuple[str, int], ...]]] = [
        (
            stage.opens_at + length * 0.06,
            stage.opens_at + length * 0.34,
            stage.hosts[0],
            "",
            "Have you taken part in a Jam before?",
            (("Yes, and I wrote", 21), ("Yes, I read", 24), ("No, this is my first", 55)),
        ),
        (
            min(stage.opens_at + length * 0.45, stage.now - timedelta(hours=5)),
            stage.closes_at,
            (list(hosts) or [*stage.hosts])[0],
            forum_id,
            "What keeps people from taking part where you work?",
            (
                ("No time for it", 31),
                ("Nobody answers", 22),
                ("Fear to say something wrong", 29),
                ("They do not know that it exists", 18),
            ),
        ),
    ]
    for at, closes, by, where, question, shares in asked:
        made: dict[str, object] = {
            "id": uuid4(rng),
            "author_id": by,
            "question": question,
            "choices": [choice for choice, _ in shares],
            "created_at": rfc3339(at),
            "closes_at": rfc3339(closes),
            "counts": [round(stage.posts * share / 350 * (0.9 + 0.2 * rng.random())) for _, share in shares],
        }
        if where:
            made["forum_id"] = where
        if at <= stage.now:
            yield "poll", made
