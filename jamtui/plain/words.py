"""Rows as words: what matters first, where it stands in its list last. Pure; the texts of rows are harmless already."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta

from jamtui.countdown import standing as stands
from jamtui.keys import Keymap, key_name
from jamtui.model import (
    LINK_WORDS,
    ForumRow,
    JamRow,
    Link,
    OutboxRow,
    PersonRow,
    PostRow,
    SearchHit,
    SendState,
    Status,
    ThreadRow,
    titled,
)
from jamtui.names import MIXED, YOU
from jamtui.notice import InboxRow
from jamtui.waiting import KINDS
from jamtui.ways import HotRow, PersonMore, PersonPage, Plan

_CHANGED = "changed since you read it"
_STATES = {SendState.QUEUED: "waiting to be sent", SendState.SENDING: "on its way", SendState.REFUSED: "refused"}


_ASCII = {"↓": "Down", "↑": "Up", "←": "Left", "→": "Right", "Esc": "Escape"}


def key(name: str) -> str:
    """What a key is called for the ear: no signs that a screen reader leaves out."""
    return _ASCII.get(key_name(name), key_name(name))


def fill(text: str, keymap: Keymap) -> str:
    """Our own words with the keys of actions filled in, or what is typed where an action has none."""

    def name(action_id: str) -> str:
        keys = keymap.of(action_id)
        return key(keys[0]) if keys else keymap.name(action_id)

    return keymap.fill(text, name)


def role(name: str) -> str:
    """A role in square brackets, which no name has (`jamtui.names`): nobody can be called so."""
    return f" [{name[:20]}]" if name and name != "participant" else ""


def author(row: ThreadRow | PostRow) -> str:
    """Who wrote it, what they are here, and whom they only look like."""
    told = row.role if row.role in ("host", "moderator", "expert") else ""
    told = "guest of honour" if row.role == "honour" else told
    handle = f" @{row.handle}" if row.namesake else ""
    return f"{one_line(row.author, 600)}{handle}{role(told)}{looks(row.alike, row.handle)}"


def looks(alike: str, handle: str) -> str:
    """The warning about somebody who looks like another, or claims what they are not; "" for an honest one."""
    if not alike:
        return ""
    if alike.startswith("@"):
        return f" [careful: looks like {alike}, is @{handle}]"
    if alike == MIXED:
        return f" [careful: letters of several alphabets, @{handle}]"
    if alike == YOU:
        return f" [careful: not you, is @{handle}]"
    return f" [careful: no {alike}, only called so]"


def count(number: int, one: str, many: str = "") -> str:
    """``1 post``, ``2,000 posts``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def numbers(total: int) -> str:
    """The numbers that one can type: ``1``, ``1 to 12``."""
    return f"1 to {total:,}" if total > 1 else "1"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in one unit; a year and more ago the day."""
    span = max(timedelta(0), now - moment)
    minutes = span // timedelta(minutes=1)
    if minutes < 1:
        return "just now"
    if span >= timedelta(days=365):
        here = moment.astimezone()
        return f"on {here.day} {here:%B %Y}"
    return f"{_length(minutes)} ago"


def clock_time(moment: datetime, now: datetime) -> str:
    """When, by the reader's own clock."""
    here, today = moment.astimezone(), now.astimezone()
    if here.date() == today.date():
        return f"at {here:%H:%M}"
    return f"on {here:%d %B}{'' if here.year == today.year else f' {here.year}'} at {here:%H:%M}"


Ages = Callable[[datetime, datetime], str]  # `ago` or `clock_time`


def length(span: timedelta) -> str:
    """A length of time in one unit, rounded down."""
    return _length(max(1, span // timedelta(minutes=1)))


def _length(minutes: int) -> str:
    if minutes < 60:
        return count(minutes, "minute")
    if minutes < 48 * 60:
        return count(minutes // 60, "hour")
    days = minutes // (24 * 60)
    if days < 60:
        return count(days, "day")
    return count(days // 30, "month") if days < 730 else count(days // 365, "year")


# How a line of ours ends, and how code does: a text that holds it is told as what it is, a text.
_OURS = re.compile(
    r"\b(?:post|thread|forum|hit|person) \d[\d,.]{0,12} of \d[\d,.]{0,12}\b|(?:^|[.!?:] )end of code(?:\.|$)",
    re.IGNORECASE,
)
_LETTERS = str.maketrans("АВЕНІОРСТаеһіорсѕтԁΑΕΗΙΟΡΤορτıɩ", "ABEHIOPCTaehiopcstdAEHIOPToptii")  # Cyrillic, Greek
IN_THE_TEXT = "In the text: "


def imitation(text: str) -> str:
    """A text that goes on as a line of ours ends, made one that does not: "thread 2/3"; "" for one that never did.
    Whatever spaces and look-alike letters it is written with."""
    flat = " ".join(text.split())
    plain = _plain(flat)
    if _OURS.search(plain) is None:
        return ""
    told = _OURS.sub(_otherwise, flat)
    return told if _OURS.search(_plain(told)) is None else _OURS.sub(_otherwise, plain)


def _plain(text: str) -> str:
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    return " ".join("".join(char for char in apart if not unicodedata.combining(char)).translate(_LETTERS).split())


def _otherwise(found: re.Match[str]) -> str:
    return re.sub(" of ", "/", found[0], flags=re.IGNORECASE) if "code" not in found[0].lower() else "."


def one_line(text: str, most: int = 160) -> str:
    """``text`` on one line, cut after a word, and not as if a line of ours ended in it."""
    flat = " ".join(text.split())
    if told := imitation(flat):
        flat = IN_THE_TEXT + told
    if len(flat) <= most:
        return flat
    return flat[:most].rpartition(" ")[0] + " ..." if " " in flat[:most] else flat[:most] + "..."


def sentence(text: str) -> str:
    """``text`` with a full stop, unless it ends as a sentence does."""
    return text if text.endswith((".", "!", "?", "…", ":")) else f"{text}."


def joined(*parts: str) -> str:
    """Facts in one sentence: those that are not empty, with commas between them."""
    return ", ".join(part for part in parts if part)


def at(index: int, total: int) -> str:
    return f"{index + 1:,} of {total:,}"


def votes(up: int, voted: bool) -> str:
    return joined(count(up, "vote") if up else "", "yours among them" if voted else "")


def sent(state: SendState | None, reason: str = "") -> str:
    """Where a write of one's own stands; "" for what the server has."""
    if state is None:
        return ""
    return f"{_STATES[state]}: {reason}" if reason else _STATES[state]


def forum(row: ForumRow, index: int, total: int) -> str:
    unread = f"{row.unread:,} unread" if row.unread else "all read"
    if not row.posts:
        unread = ""
    figures = joined(unread, count(row.threads, "thread"), count(row.posts, "post"))
    return f"{sentence(one_line(row.title, 600))} {figures}. Forum {at(index, total)}."


def thread(row: ThreadRow, now: datetime, index: int, total: int, ages: Ages = ago, hot: HotRow | None = None) -> str:
    """``hot``: in the list of what is hot, why it is."""
    title = one_line(row.title, 300)
    facts = joined(
        author(row),
        "locked" if row.locked else "",
        "muted" if row.muted else "followed" if row.followed else "",
        f"{row.unread:,} unread" if row.unread else "",
        f"lately {heat(hot)}" if hot is not None else "",
        count(row.replies, "reply", "replies"),
        votes(row.up, row.voted),
        sort(row.kind, row.idea_state),
        featured(row.featured),
        f"tags: {' and '.join(row.tags)}" if row.tags else "",
        "saved" if row.saved else "",
        sent(row.send),
        f"last {ages(row.last_at, now)}",
    )
    return f"{sentence(title)} {facts}. Thread {at(index, total)}."


def listed(row: PostRow, forum_title: str, now: datetime, index: int, total: int, ages: Ages = ago) -> str:
    """A post as a line of a list."""
    text = titled("", row.gone) or one_line(row.title or row.body)
    facts = joined(
        author(row),
        "unread" if row.unread else "muted" if row.muted else _CHANGED if row.changed else "",
        f"in {one_line(forum_title)}" if forum_title else "",
        votes(row.up, row.voted),
        "saved" if row.saved else "",
        featured(row.featured_for),
        sent(row.send, row.reason),
        ages(row.created_at, now),
    )
    return f"{text} -- {facts}. Post {at(index, total)}."


def sort(kind: str, state: str) -> str:
    """What a thread is, and how far an idea is."""
    return f"{kind}, {state}" if state else kind


def featured(why: str) -> str:
    """That a post is featured, and why; "" when it is not."""
    return f"featured: {why}" if why.strip() else "featured" if why else ""


def links(row: PostRow) -> list[str]:
    """How a post stands to others, a line for each link of its own, and one for each way in which others do."""
    lines = [
        sentence(f"{LINK_WORDS[link.kind][0].capitalize()}: {one_line(link.title)}") for link in row.links if link.out
    ]
    for kind, (_, words) in LINK_WORDS.items():
        others = [link for link in row.links if link.kind == kind and not link.out and not link.gone]
        if others:
            many = f" {count(len(others), 'post')}" if len(others) > 1 else ""
            titles = "; ".join(one_line(link.title, 80) for link in others[:3])
            lines.append(sentence(f"{words.capitalize()}{many}: {titles}"))
    return lines


def inbox(row: InboxRow, forum_title: str, now: datetime, index: int, total: int, ages: Ages = ago) -> str:
    """A row of the inbox: why first, then who, where, and how it begins."""
    facts = joined(
        row.figure if row.count > 1 else "unread" if row.unread else "",
        f"{row.names}{role(row.role)}" if row.who else "",
        f"in {forum_title}" if forum_title else "",
        ages(row.at, now),
    )
    said = joined(row.title or "no title", row.excerpt) if row.thread_id else row.title
    return f"{row.why[:1].upper()}{row.why[1:]}: {said} -- {facts}. Row {at(index, total)}."


def heat(hot: HotRow) -> str:
    """Why a thread is hot."""
    by = f"{count(hot.posts, 'post')} by {count(hot.people, 'person', 'people')}"
    return f"{by} with {count(hot.votes, 'vote')}" if hot.votes else by


def person(row: PersonRow, index: int, total: int) -> str:
    posts = count(row.posts, "post") if row.posts else "only reads"
    who = f"{one_line(row.name, 600)}{role(row.role)}{looks(row.alike, row.handle)}"
    honour = f"[guest of honour: {row.honour}]" if row.honour else ""
    return f"{who} -- {joined(f'@{row.handle}', honour, row.org, country(row), posts)}. Person {at(index, total)}."


def country(row: PersonRow) -> str:
    from jamtui.countries import country_name  # not for a start

    return country_name(row.country)


def person_page(page: PersonPage, more: PersonMore, now: datetime, ages: Ages = ago) -> str:
    """Who somebody is, before the list of what they wrote."""
    from jamtui.countries import language_name

    who = page.person
    figures = joined(
        count(who.posts, "post"), count(page.threads, "thread"), f"{count(page.votes, 'vote')} received",
        f"first {ages(more.first_at, now)}" if more.first_at else "",
        f"last {ages(page.last_at, now)}" if page.last_at else "",
    )  # fmt: skip
    where = joined(*(f"{posts:,} in {one_line(title, 60)}" for title, posts in page.forums))
    honour = f"[guest of honour: {who.honour}]" if who.honour else ""
    speaks = f"speaks {', '.join(map(language_name, who.languages))}" if who.languages else ""
    tags = f" Heard for {', '.join(name for name, _ in more.tags)}." if more.tags else ""
    talks = ", ".join(f"{one_line(one.name, 60)} ({one.answered + one.answers:,})" for one in more.companions)
    talks = f" Talks with {talks}." if talks else ""
    links = ", ".join(f"{link} {number:,}" for link, number in more.links)
    links = f" Connected: {links}." if links else ""
    about = f" About: {one_line(who.about, 600)}" if who.about else ""
    return (
        f"{one_line(who.name, 600)}{role(who.role)}{looks(who.alike, who.handle)}, "
        f"{joined(f'@{who.handle}', honour, who.org, country(who), speaks)}. "
        f"{figures}{f': {where}' if where else ''}.{tags}{talks}{links}{about}"
    )


def plan(plan: Plan) -> str:
    """What a plan holds."""
    posts = f"{count(len(plan.steps), 'post')} of {plan.unread:,} unread"
    if not plan.steps:
        return f"Plan for {count(plan.minutes, 'minute')}: nothing."
    time = count(minutes_of(plan, 0), "minute")
    return f"Plan for {count(plan.minutes, 'minute')}: {posts}, about {time}."


def minutes_of(plan: Plan, start: int) -> int:
    """Minutes that the plan still takes from its step ``start`` on."""
    return max(1, round(sum(step.seconds for step in plan.steps[start:]) / 60))


def plan_step(plan: Plan, index: int) -> str:
    step = plan.steps[index]
    return (
        f"Plan, post {at(index, len(plan.steps))}, {step.why}, about {count(minutes_of(plan, index), 'minute')} left."
    )


def hit(row: SearchHit, now: datetime, index: int, total: int, ages: Ages = ago) -> str:
    text = one_line("".join(part for part, _ in row.snippet))
    facts = joined(
        author(row.post),
        f"in {one_line(row.thread_title, 80)}",
        one_line(row.forum_title),
        ages(row.post.created_at, now),
    )
    return f"{text} -- {facts}. Hit {at(index, total)}."


def waiting(row: OutboxRow, now: datetime, index: int, total: int, ages: Ages = ago) -> str:
    facts = joined(
        sent(row.state, row.reason), count(row.attempts, "try", "tries") if row.attempts else "",
        f"tried {'again ' if row.attempts else ''}{row.when}" if row.when else "", ages(row.created_at, now),
    )  # fmt: skip
    can = f" {row.can}" if row.can else ""
    kind = KINDS.get(row.kind, row.kind).capitalize()
    return f"{kind}: {one_line(row.summary)} -- {facts}.{can} {at(index, total)}."


def head(
    row: PostRow, *, answers: str, depth: int, unread: bool, now: datetime, index: int, total: int, ages: Ages = ago
) -> str:
    """The line before the text of a post. ``answers`` is the author of the post that it answers."""
    if not row.parent_id:
        place = "opening post"
    elif answers:
        place = f"reply to {answers}, level {depth}"
    else:
        place = f"reply, level {depth}"
    facts = joined(
        "you" if row.mine else "", place,
        "unread" if unread else "muted" if row.muted else "",
        sent(row.send, row.reason),
    )  # fmt: skip
    more = joined(
        sort(row.kind, row.idea_state),
        votes(row.up, row.voted),
        f"tags: {' and '.join(row.tags)}" if row.tags else "",
        "saved" if row.saved else "",
        ages(row.created_at, now),
        featured(row.featured_for),
        _CHANGED if row.changed else "changed since" if row.edited_at else "",
    )
    return f"{author(row)}, {facts}. {more[:1].upper()}{more[1:]}. Post {at(index, total)}."


def link(status: Status, now: datetime) -> str:
    """The connection in words."""
    age = ""
    if status.mirrored_at is not None and now - status.mirrored_at >= timedelta(minutes=1):
        age = f", what you read is {length(now - status.mirrored_at)} old"
    if status.link is Link.LIVE:
        return "live, but silent for some time: the server is asked" if status.silent else "live"
    if status.link is Link.READER:
        how = status.elsewhere or Link.LIVE
        return f"{how}{'' if how is Link.LIVE else age}, through another jamtui on this machine"
    if status.link is Link.LOCAL:
        return "a file, without a server"
    if status.link is Link.SYNCING and status.progress and status.progress[1]:
        done, whole = status.progress
        return f"fetching, {min(99, 100 * done // whole)} percent"
    detail = f": {status.detail.rstrip('.')}" if status.detail else ""
    return f"{status.link}{age}{detail}"


def time_left(jam: JamRow, now: datetime) -> str:
    """Where the Jam stands, with its phase."""
    words = stands(jam, now, length)[0].replace(" · ", ", ")
    return "closed, it can still be read" if words == "closed" else words


def standing(jam: JamRow, state: Status, now: datetime, there: datetime) -> str:
    """What matters of it when the program begins. The connection is only just being made then: it is told when
    something waits for it, or what one reads is old. ``there`` is the time by the server's clock."""
    old = state.mirrored_at is not None and now - state.mirrored_at >= timedelta(hours=1)
    facts = joined(
        f"{state.unread:,} unread" if state.unread else "all read",
        f"{state.queued:,} to send" if state.queued else "",
        f"{state.refused:,} refused, 5 lists them" if state.refused else "",
        time_left(jam, there),
        link(state, now) if (old or state.queued) and state.link is not Link.LOCAL else "",
    )
    return sentence(facts)


def status(jam: JamRow, state: Status, now: datetime, there: datetime) -> str:
    """Everything that the status line of the full screen shows, in a sentence."""
    facts = joined(
        f"{state.unread:,} unread" if state.unread else "all read",
        f"{state.queued:,} to send" if state.queued else "",
        f"{state.refused:,} refused, 5 lists them" if state.refused else "",
        f"{count(state.reported, 'post')} reported" if state.reported else "",
        time_left(jam, there),
        link(state, now),
    )
    return f"{one_line(jam.title, 600)}: {facts}."
