"""A home in which everything is hostile: each payload in each field of a Jam, and of what is one's own.

    jam = hostile_home(folder)      its mirror, outbox, drafts, marks, saved posts, searches; the server is unreachable
    moderated(jam)                  who reads is a moderator, whose desk is hostile as well
    payload_controls(output)        what of the output of the program it did not send itself

A payload stands in each field of rows of its own; where there is one field only (the Jam's title, the name of who
reads) it is `MIX`, which has one of each kind. `BEHIND` stands after a payload where there is room, so that what
follows an escape sequence is known.
"""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hostile_posts import cases
from rich.cells import cell_len

from jamtui import archive
from jamtui.credentials import FileStore, Secret
from jamtui.model import Draft, DraftKind, Mark, MarkKind
from jamtui.paths import Home
from jamtui.session import open_session
from jamtui.store import connection, mirror, own, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from jamtui.store.own import Payload

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
TIME = "2026-11-23T09:00:00Z"
TEXTS = [case["payload"] for case in cases("esc", "c0", "c1", "uni", "markup", "md")]
BEHIND = "QZX"
SHORT = 150  # characters of a payload in fields of one line
# One of each kind: title of the terminal, screen, C1, bidi, backspace, DEL, isolate, action, line, link.
MIX = (
    "M\x1b]0;PWNED\x07\x1b[2J\x9b31m\u202egnp\x08\x7f\u2066[@click=app.quit]x[/] [/]\n\u2028\x85\x90q#0~\x9c"
    "\x1b]8;;https://evil.example/\x1b\\\U000e0041"
)
OLD = 40  # a post of one's own that is in the mirror, by its number


def new(kind: str, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}{number}"))


def records() -> Iterator[dict[str, Any]]:
    """A forum, a person and a thread for each payload, a thread with a reply of each, and one with all of them."""
    yield {
        "type": "jam",
        "data": {
            "format": 1, "id": new("jam", 0), "slug": f"hostile{MIX}", "title": MIX, "summary": MIX,
            "opens_at": "2026-11-20T00:00:00Z", "closes_at": "2099-01-01T00:00:00Z",
        },
    }  # fmt: skip
    for n, text in enumerate(TEXTS):
        short = text[:SHORT]
        person = {"id": new("person", n), "handle": f"h{n}{short}", "name": short + BEHIND, "role": short}
        who = {"org": short, "country": short, "languages": [short], "about": f"{text[:900]}{BEHIND}"}
        yield {"type": "person", "data": {**person, **who, "honour": short if n % 2 else ""}}
    for n, text in enumerate(TEXTS):
        forum = {"id": new("forum", n), "slug": f"f{n}{text[:SHORT]}", "title": f"f{n} {text[:SHORT]}{BEHIND}"}
        yield {"type": "forum", "data": {**forum, "brief": f"{text}{BEHIND}\n\n{MIX}", "position": n}}

    def post(n: int, what: str, thread: str, parent: str | None, **more: Any) -> dict[str, Any]:
        data = {"id": new(what, n), "thread_id": thread, "parent_id": parent, "author_id": new("person", n)}
        data |= {"forum_id": new("forum", 0), "created_at": TIME, "votes": {"up": n % 7}, "lang": TEXTS[n][:SHORT]}
        return {"type": "post", "data": {**data, "tags": [TEXTS[n][:SHORT], f"tag{n}{TEXTS[n][:SHORT]}"], **more}}

    first = new("opener", 0)
    for n, text in enumerate(TEXTS):
        title, kind = f"t{n} {text[:SHORT]}{BEHIND}", "idea" if n % 2 else text[:SHORT]
        why = {"by": new("person", 0), "at": TIME, "reason": f"{text[:SHORT]}{BEHIND}"} if n % 3 else text[:SHORT]
        sort = {"kind": kind, "idea_state": "chosen" if n % 4 == 1 else text[:SHORT], "featured": why}
        yield post(n, "opener", new("opener", n), None, title=title, body=f"{text}{BEHIND}", **sort)
    for n, text in enumerate(TEXTS):
        who = {"author_id": new("person", 0)} if n == OLD else {}
        yield post(n, "reply", first, first, body=f"mark{n}.\n\n{text}{BEHIND} @h0{TEXTS[0][:SHORT]}", **who)
    for n, text in enumerate(TEXTS[:12]):
        tag = {"id": f"tag{n}{text[:SHORT]}", "about": f"{text[:SHORT]}{BEHIND}", "curated": n % 2 == 0}
        yield {"type": "tag", "data": tag | ({} if n % 2 == 0 else {"merged_into": f"now{n}{text[:SHORT]}"})}
        yield post(n, "answer", first, new("reply", OLD), body=f"answer to you {text}{BEHIND}")
    for n in range(1, len(TEXTS)):  # the first thread, which is read, tells the titles of all others
        for source, to in ((new("opener", 0), new("opener", n)), (new("opener", n), new("opener", 0))):
            link = {"id": f"{source}.answers.{to}", "from_id": source, "kind": "answers", "to_id": to}
            yield {"type": "link", "data": link | {"author_id": new("person", n), "created_at": TIME}}
    for n, text in enumerate(TEXTS):
        said = {"author_id": new("person", n), "created_at": TIME, "forum_id": new("forum", n)}
        yield {"type": "announcement", "data": {**said, "id": new("alert", n), "body": f"alert{n} {text}{BEHIND}"}}
        asked = {"question": f"poll{n} {text}{BEHIND}", "choices": [f"{text}{BEHIND}", MIX, "plain"]}
        yield {"type": "poll", "data": {**said, **asked, "id": new("poll", n), "counts": [n, 1, 0]}}
        brief = {"id": f"{new('forum', 0)}.{n + 2}", "forum_id": new("forum", 0), "version": n + 2}
        by = {"edited_by": new("person", n), "edited_at": TIME}
        yield {"type": "brief", "data": {**brief, **by, "brief": f"brief{n} {text[:2_000]}{BEHIND}"}}


def hostile_home(folder: Path) -> registry.KnownJam:
    """Everything on the disk; who reads is the first person, who may write."""
    home = Home.from_env({"JAMTUI_HOME": str(folder)})
    me = f"h0{TEXTS[0][:SHORT]}"
    jam = registry.for_server(home, "http://127.0.0.1:9", f"hostile{MIX}", MIX, new("person", 0)).changed(
        handle=me, name=MIX, role="participant", store="file"
    )
    registry.remember(home, jam)
    FileStore(home).save(jam.account, Secret("of-nobody"))  # else one is asked to sign in again
    prepare(jam, NOW)
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "1-aaaa")
        for number, record in enumerate(records(), 1):
            loading.feed_record(archive.parse_line(json.dumps(record).encode(), number))
        loading.finish(TIME)
    with closing(open_session(home, jam, clock=lambda: NOW, rng=random.Random(1), environ={})) as session:
        for n, raw in enumerate(TEXTS):
            text = raw.encode("utf-8", "replace").decode()  # nobody can type half of a pair
            body = f"{text}{BEHIND}"
            kind, target = (DraftKind.THREAD, new("forum", n)) if n % 2 else (DraftKind.REPLY, new("opener", n))
            session.save_draft(Draft(kind, target, text[:SHORT], body, (text[:SHORT],)))
            session._own.enqueue(
                new("out", n), "post", new("mine", n), new("opener", 1), new("forum", 0),
                Payload(parent_id=new("opener", 1), title=text[:SHORT], body=f"out{n} {body}", tags=(text[:20],)), NOW,
            )  # fmt: skip
            if n % 2:
                session._own.refused(new("out", n), f"{text[:SHORT]}{BEHIND}", "forbidden")
            else:
                session._own.later(new("out", n), text[:SHORT], NOW)
            session.save(new("opener", n), True)
            session.searching.remember(text[:SHORT].strip() or "x")
            mark = Mark.FOLLOWED if n % 5 else Mark.MUTED  # from the first post on
            session._marks.set_mark(MarkKind.TAG, text[:SHORT], mark, NOW, 0)
            session._marks.set_mark(MarkKind.PERSON, new("person", n), mark, NOW, 0)
            session._marks.set_mark(MarkKind.THREAD, new("opener", n), mark, NOW, 0)
        for n in range(0, len(TEXTS), 2):
            text = TEXTS[n].encode("utf-8", "replace").decode()
            session._own.throw(Draft(DraftKind.REPLY, new("opener", n), text[:SHORT], text), text[:20], NOW)
        # An edit that met a newer version, of which both texts are hostile.
        session._own.enqueue(
            new("edit", 0), "edit", new("reply", OLD), new("opener", 0), new("forum", 0),
            Payload(body=f"mine {MIX}{BEHIND}", base_version=0), NOW,
        )  # fmt: skip
        session._own.refused(new("edit", 0), MIX, "version_conflict")
    return jam


def moderated(jam: registry.KnownJam) -> None:
    """Who reads is a moderator, on whose desk each payload stands in each field, too."""
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        row = next(iter(db.execute("SELECT raw FROM people WHERE id = ?", (jam.me.person_id,))))
        me = json.loads(bytes(row[0])) | {"role": "moderator"}
        Mirror(db).apply([("person", json.dumps(me).encode())], "2-bbbb")
    desk: dict[str, Any] = {"role": "moderator", "notices": [], "reports": [], "queue": [], "audit": [], "hidden": []}
    for n, raw in enumerate(TEXTS):
        text = f"{raw}{BEHIND}".encode("utf-8", "replace").decode()
        post, person = new("opener", n), new("person", n)
        told = {"reason": text, "post_id": post, "note": text, "state": text, "to": text, "person_id": person}
        act = ("hide", "move", "warn", text)[n % 4]
        desk["notices"].append({**told, "id": new("notice", n), "kind": act, "act": act, "of": text, "at": TIME})
        for name in ("reports", "queue"):
            desk[name].append({**told, "id": new("report", n), "created_at": TIME})
        said = {"by_id": person, "act": act, "created_at": TIME, "of": text, "undone_by": "" if n % 2 else text}
        desk["audit"].append({**told, **said, "id": new("act", n)})
        whole = {"id": new("hidden", n), "thread_id": post, "forum_id": new("forum", 0), "author_id": person}
        desk["hidden"].append(
            {**whole, "title": text[:SHORT], "body": text, "created_at": TIME, "tags": [text[:SHORT]]}
        )
    with closing(connection.connect(jam.own, own.SCHEMA)) as db:
        own.Own(db).put_desk(json.dumps(desk).encode(), f'"{MIX}"')


# -- what a terminal would do

# All that the program itself may send. A sequence that is none of these is somebody's.
OWN = re.compile(
    rb"\x1b\[[0-9;]*H"  # moves
    rb"|\x1b\[(?:[0-9];?){0,8}m"  # attributes
    rb"|\x1b\[(?:[0-9];)*(?:[34]8;(?:2;\d{1,3};\d{1,3};\d{1,3}|5;\d{1,3});?|[349]\d;?|10[0-7];?){1,3}m"  # colours
    rb"|\x1b\[\d+[ABC]|\x1b\[K|\x1b\[J|\x1b\[2J|\x1b[78]"  # plain mode and signs of no certain width
    rb"|\x1b\[\?(?:1049|25|7|1000|1002|1003|1004|1006|1015|1016|2004|2026|2048)[hl]"  # modes
    rb"|\x1b\[\?(?:2026|2048)\$p|\x1b\[>\d*u|\x1b\[<u|\x1b\[\?1049[hl]|\x1b\[6n|\x1b\[c|\x1b\[>4;[0-2]m"
    rb"|\x1b\]22;[a-z-]*\x07"  # the shape of the pointer
)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def payload_controls(output: bytes, own: str = "") -> list[str]:
    """What of the output of the program is a control that it did not send itself; the text around each.

    ``own``: what else it sends. CR is the terminal's own, which puts one before each line feed.
    """
    rest = OWN.sub(b"", output).decode("utf-8", "surrogateescape").translate(dict.fromkeys(map(ord, own)))
    return [ascii(rest[max(0, one.start() - 20) : one.end() + 20]) for one in _FORBIDDEN.finditer(rest)]


_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[^\[])")  # ECMA-48: CSI in full, of others the first two


def escapes_of(text: str) -> set[bytes]:
    """Each escape sequence of a payload with the characters behind it, as it would be written if it were let through.

    The characters behind, `BEHIND` at the latest, are the payload's: a sequence alone, such as a reset of colours, is
    among what Textual itself writes. They are looked for as they are and with ESC made visible, since one sequence
    may be let through and the next one not.
    """
    whole, found = text + BEHIND, set()
    for sequence in _SEQUENCE.finditer(whole):
        if whole[sequence.end() :].startswith("\x1b") and OWN.fullmatch(sequence[0].encode("utf-8", "replace")):
            continue  # the program sends both itself
        rest = re.split(r"[\x00-\x1a\x1c-\x1f\x7f-\x9f]", whole[sequence.end() : sequence.end() + 3])[0]
        found |= (
            {sequence[0] + rest, sequence[0] + rest.replace("\x1b", "\u241b")} if rest else {whole[sequence.start() :]}
        )
    return {one.encode("utf-8", "replace") for one in found}


def _without_cells(found: re.Match[bytes]) -> bytes:
    """A mark that takes no cell, as `widgets.steady` holds it: those sequences are ours, and any text may follow."""
    return b"" if cell_len(found[1].decode(errors="replace")) == 0 else found[0]


def driven(output: bytes) -> list[bytes]:
    """Sequences of payloads that stand in the output with what follows them there."""
    output = re.sub(rb"\x1b\]22;[a-z-]*\x07", b"", output)
    output = re.sub(rb"\x1b7([^\x1b]{1,200})\x1b8", _without_cells, output)
    return sorted(escape for text in (*TEXTS, MIX) for escape in escapes_of(text) if escape in output)
