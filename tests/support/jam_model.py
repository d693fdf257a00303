"""What people wrote and what must have become of it, said as simply as it can be: the model of tests/faults/test_model.

A `Ledger` is told what people do. `Ledger.check` holds it against what the server has and what each home has, once all
is quiet. Each text has a word of its own, so that it can be found wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from jamtui.store.columns import hash_of
from jamtui.store.own import Queued

Json = dict[str, Any]
Place = tuple[str, str]  # of a draft: kind and target
WORD = re.compile(r"w\d{5}")


@dataclass
class Text:
    """Something that a person sent: a post, or another body for one."""

    word: str
    body: str
    home: str
    edit: bool
    row_id: str
    post_id: str
    thread_id: str
    n: int  # counted from 0, in the order in which it was written
    saw: str = ""  # EDIT: the body that it replaces, as its writer saw it
    dropped: bool = False  # taken back by its writer: it may have arrived before that
    moved: bool = False  # refused, taken back, tried again by hand: its place among others is open
    unwanted: bool = False  # taken back for good: wherever it arrived, it must be gone
    undone: bool = False  # taken back, and put back again
    lost: bool = False  # confirmed, and then the server lost it with its disk


@dataclass
class Op:
    """A tag or a vote, set or taken off."""

    row_id: str
    wanted: bool
    unsure: bool = False


@dataclass
class Server:
    """All that the server has, as a reader with the key to its file sees it."""

    head: str
    objects: dict[str, dict[str, Json]]  # of the snapshot, by type and id, in its order
    log: list[Json]
    votes: set[tuple[str, str]]  # post, person

    def __post_init__(self) -> None:
        self.posts = self.objects.get("post", {})
        self.bodies: dict[str, list[tuple[int, str]]] = {}  # of each post, by version
        for item in self.log:
            if item["type"] == "post":
                data, seen = item["data"], self.bodies.setdefault(item["data"]["id"], [])
                if (data["version"], data["body"]) not in seen:
                    seen.append((data["version"], data["body"]))

    def folded(self) -> dict[str, dict[str, Json]]:
        """The log, one change after the other."""
        found: dict[str, dict[str, Json]] = {}
        for item in self.log:
            data = dict(item["data"])
            if item["type"] == "votes":
                found["post"][data["post_id"]]["votes"] = {"up": data["up"]}
            else:
                found.setdefault(item["type"], {})[data["id"]] = data
        return found

    def there(self, post_id: str) -> bool:
        return post_id in self.posts and not self.posts[post_id].get("state")


@dataclass
class HomeState:
    """What a home has on its disk, and what its program shows."""

    person_id: str
    outbox: list[Queued]
    drafts: dict[Place, tuple[str, str]]
    objects: dict[str, list[Json]]  # of the mirror, by type, in its order
    up: dict[str, int]  # the tally that stands beside each post
    shown: dict[str, tuple[bool, bool, int, str]]  # of each post: unread, voted, up, send
    unread: int
    threads: dict[str, list[str]]  # ids in reading order
    listed: dict[str, tuple[int, int, int]]  # of each thread: replies, tally, unread, as its list shows them
    forums: dict[str, tuple[int, int, int]]  # of each forum: threads, posts, unread


def held(rows: Iterable[Queued]) -> set[str]:
    """Ids of rows that hang on a post which the Jam refused, and so wait for a person."""
    found: set[str] = set()
    missing: set[str] = set()
    for row in rows:
        hangs = row.post_id in missing or (row.payload.parent_id or "") in missing
        if row.state == "queued" and hangs:
            found.add(row.id)
        if row.kind == "post" and (row.state == "refused" or hangs):
            missing.add(row.post_id)
    return found


@dataclass
class Ledger:
    texts: list[Text] = field(default_factory=list)
    drafts: dict[str, dict[Place, tuple[str, str]]] = field(default_factory=dict)
    read: dict[str, set[int]] = field(default_factory=dict)
    ops: dict[tuple[str, str, str], list[Op]] = field(default_factory=dict)  # (home, post, tag or "") to what was asked
    before: dict[tuple[str, str, str], bool | None] = field(default_factory=dict)  # the same, in a restored server
    ids: list[str] = field(default_factory=list)  # of all posts that there ever were
    saw: dict[tuple[str, str], str] = field(default_factory=dict)  # home and post: the body that a draft began with
    web: set[str] = field(default_factory=set)  # posts that were changed, not by a client of ours
    gone: set[str] = field(default_factory=set)  # posts that somebody asked to take back or remove
    words: int = 0
    closed: bool = False  # the Jam was closed at some time
    restored: bool = False

    def word(self) -> str:
        self.words += 1
        return f"w{self.words:05}"

    def text(self, row_id: str) -> Text | None:
        return next((one for one in self.texts if one.row_id == row_id), None)

    # -- what happened

    def sent(self, text: Text) -> None:
        for one in self.texts:  # taken back into the composer, and sent again under its id
            if one.post_id == text.post_id and not text.edit:
                one.unwanted = False
            if one.row_id == text.row_id:
                one.row_id, text.moved = f"{one.row_id} before", True
        self.texts.append(text)
        if not text.edit:
            self.ids.append(text.post_id)

    def asked(self, home: str, post_id: str, tag: str, row_id: str, wanted: bool) -> None:
        self.ops.setdefault((home, post_id, tag), []).append(Op(row_id, wanted))

    def unsure(self, row_ids: Collection[str], *, dropped: bool) -> None:
        """A person took these rows out, put them back, or had them tried again."""
        for text in self.texts:
            if text.row_id in row_ids:
                text.moved = True
                text.dropped = text.dropped or dropped
        for ops in self.ops.values():
            for op in ops:
                op.unsure = op.unsure or op.row_id in row_ids

    def unwanted(self, post_id: str) -> None:
        """A person took this post back for good, whether it had arrived or not."""
        for text in self.texts:
            if text.post_id == post_id and not text.edit:
                text.unwanted = True

    def back(self, row_ids: Collection[str]) -> None:
        """Rows that had been taken out stand there again."""
        for text in self.texts:
            if text.row_id in row_ids:
                text.dropped, text.undone, text.unwanted = False, True, False

    def restore(self, server: Server, waiting: dict[str, list[Queued]], people: dict[str, str]) -> None:
        """The server has lost what came after its backup; ``waiting`` are the outboxes of the homes."""
        self.restored = True
        for text in self.texts:
            kept = text.row_id in {row.id for row in waiting[text.home]}
            there = any(text.word in body for _, body in server.bodies.get(text.post_id, []))
            # A post that the mirror had is sent again, with the latest body; of its earlier ones nobody has a copy.
            text.lost = text.lost or (text.edit and not (kept or there or text.dropped))
        for (home, post_id, tag), ops in self.ops.items():
            here = {row.id for row in waiting[home]}
            ops[:] = [op for op in ops if op.row_id in here or op.unsure]  # what is undone comes back
            # Votes, and one's own posts with their tags, are sent again when the server does not know them any more.
            there = (
                tag in server.posts.get(post_id, {}).get("tags", []) if tag else (post_id, people[home]) in server.votes
            )
            mine = not tag or server.posts.get(post_id, {}).get("author_id", people[home]) == people[home]
            self.before[home, post_id, tag] = None if mine else there

    # -- what must be so

    def check(self, server: Server, homes: dict[str, HomeState]) -> None:
        assert server.folded() == server.objects, "the snapshot is not the log, folded"
        for name, home in homes.items():
            self._mirror(name, server, home)
            self._outbox(name, server, home)
            self._reading(name, server, home)
            self._votes_and_tags(name, server, home)
            assert home.drafts == self.drafts[name], f"drafts of {name}"
        self._texts(server, homes)
        self._order(server)

    def _mirror(self, name: str, server: Server, home: HomeState) -> None:
        for kind in ("jam", "person", "forum", "post"):
            assert home.objects.get(kind, []) == list(server.objects.get(kind, {}).values()), f"{kind}s of {name}"
        assert home.up == {one["id"]: one["votes"]["up"] for one in server.posts.values()}, f"tallies of {name}"
        waiting = {row.post_id for row in home.outbox}
        counts = {one["id"]: [0, 0, 0] for one in server.objects["forum"].values()}
        for post_id, (replies, up, unread) in home.listed.items():
            posts = [one for one in server.posts.values() if one["thread_id"] == post_id and not one.get("state")]
            new = [one for one in posts if home.shown[one["id"]][0]]
            mine = [row for row in home.outbox if row.kind == "post" and row.thread_id == post_id]
            there = [one for one in posts if one["parent_id"]]
            assert replies == len(there) + len(mine), f"replies in {post_id} for {name}"
            assert post_id in waiting or up == server.posts[post_id]["votes"]["up"], f"tally of {post_id} for {name}"
            assert unread == len(new), f"unread in {post_id} for {name}"
            for at, more in enumerate((1, len(posts), len(new))):
                counts[server.posts[post_id]["forum_id"]][at] += more
        assert home.forums == {forum: tuple(found) for forum, found in counts.items()}, f"forums of {name}"
        for thread, ids in home.threads.items():
            assert sorted(ids) == sorted(
                one["id"] for one in server.posts.values() if one["thread_id"] == thread
            ), f"thread {thread} of {name}"  # fmt: skip

    def _outbox(self, name: str, server: Server, home: HomeState) -> None:
        waits = held(home.outbox)
        for row in home.outbox:
            assert row.intact
            assert row.state == "refused" or row.id in waits, f"{name} has not sent {row}"
            if row.state == "refused":
                assert row.reason, f"refused without a reason: {row}"
                assert self._may_refuse(row, server), f"refused for nothing: {row}"
                assert not (row.kind == "post" and row.post_id in server.posts), f"the server has it: {row}"

    def _may_refuse(self, row: Queued, server: Server) -> bool:
        texts = [one for one in self.texts if one.post_id == row.post_id and (one.row_id != row.id or one.undone)]
        parent = row.payload.parent_id or row.post_id
        match row.code:
            case "jam_closed":
                return self.closed
            case "post_gone" | "parent_gone":
                taken = any(one.dropped or one.moved for one in self.texts if one.post_id == parent)
                return bool({row.post_id, parent} & self.gone) or self.restored or taken or not server.there(parent)
            case "version_conflict":
                return row.post_id in self.web | self.gone or self.restored or any(one.moved for one in texts)
            case "not_found" | "invalid":  # what it hangs on was taken back before it was sent, or lost by the server
                return self.restored or any(one.dropped for one in self.texts if one.post_id in (parent, row.post_id))
        return False

    def _reading(self, name: str, server: Server, home: HomeState) -> None:
        unread = {
            one["id"] for one in server.posts.values()
            if not one.get("state") and one["author_id"] != home.person_id and hash_of(one["id"]) not in self.read[name]
        }  # fmt: skip
        assert {one for one, shown in home.shown.items() if shown[0]} == unread, f"unread of {name}"
        assert home.unread == len(unread), f"{name} counts {home.unread} unread of {len(unread)}"

    def _votes_and_tags(self, name: str, server: Server, home: HomeState) -> None:
        waiting = {row.post_id for row in home.outbox}
        for post_id, (_, voted, up, send) in home.shown.items():
            if post_id not in waiting:
                assert not send, f"{post_id} is {send} for {name}, and nothing waits"
            # A vote that was taken back may have been on its way: the next connection tells.
            if post_id not in waiting and not any(op.unsure for op in self.ops.get((name, post_id, ""), [])):
                assert voted == ((post_id, home.person_id) in server.votes), f"vote of {name} for {post_id}"
                assert up == server.posts[post_id]["votes"]["up"], f"tally of {post_id} for {name}"
        refused = {row.id for row in home.outbox}
        for (whose, post_id, tag), ops in self.ops.items():
            if whose != name or not server.there(post_id) or any(op.unsure for op in ops):
                continue
            # A refusal is the truth, also of what was asked for again because the first answer was lost.
            done = [op for op in ops if op.row_id not in refused]
            wanted = done[-1].wanted if done else self.before.get((whose, post_id, tag), False)
            there = tag in server.posts[post_id]["tags"] if tag else (post_id, home.person_id) in server.votes
            assert wanted in (there, None), f"{tag or 'vote'} of {name} on {post_id}: {there}, wanted {wanted}"

    def _texts(self, server: Server, homes: dict[str, HomeState]) -> None:
        known = {(one.word, one.post_id) for one in self.texts}
        ours = {one.word for one in self.texts}
        for post_id, bodies in server.bodies.items():
            for _, body in bodies:
                for word in set(WORD.findall(body)) & ours:
                    assert (word, post_id) in known, f"{word} stands in {post_id}, too"
        for text in self.texts:
            if text.unwanted:
                asked = [row for row in homes[text.home].outbox if (row.kind, row.post_id) == ("delete", text.post_id)]
                assert asked or not server.there(text.post_id), f"taken back, and still there: {text}"
            if text.dropped or text.lost:
                continue
            row = next((row for row in homes[text.home].outbox if row.id == text.row_id), None)
            bodies = [body for _, body in server.bodies.get(text.post_id, [])]
            arrived = text.body in bodies or bool(server.posts.get(text.post_id, {}).get("state"))
            arrived = arrived or (self.restored and not text.edit and text.post_id in server.posts)
            if row is not None:
                text.moved = True  # refused, or behind something refused
                assert self.restored or row.payload.body == text.body
                there = text.edit and text.body in bodies
                assert text.undone or not there, f"the server has {text}, and it waits: {row}"
            else:
                assert arrived, f"lost: {text}"
            if text.edit and row is None and text.body in bodies:
                self._saw(text, bodies)

    def _saw(self, text: Text, bodies: list[str]) -> None:
        """Nobody overwrites what they have not seen: it replaces what was there when it was written, or what that was
        to replace, if it was refused."""
        at, saw = bodies.index(text.body), text.saw
        before = {one.body: one.saw for one in self.texts if one.post_id == text.post_id and one.edit}
        while saw not in bodies and saw in before:
            saw = before[saw]
        if at and not (self.restored or text.moved):
            assert bodies[at - 1] == saw, f"{text} overwrote {bodies[at - 1]!r}"

    def _order(self, server: Server) -> None:
        """What one person wrote in one thread stands there in the order in which it was written."""
        place = {post_id: at for at, post_id in enumerate(server.posts)}
        written: dict[tuple[str, str], list[Text]] = {}
        for text in self.texts:
            if not (text.edit or text.moved or text.dropped or text.lost) and text.post_id in place:
                written.setdefault((text.home, text.thread_id), []).append(text)
        for texts in written.values():
            order = sorted(texts, key=lambda one: place[one.post_id])
            assert [one.n for one in order] == [one.n for one in texts], f"out of order: {order}"
