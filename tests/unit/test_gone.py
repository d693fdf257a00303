"""What is not there any more says why, wherever it is told: taken back by its author, removed, or hidden."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jamtui import cli
from jamtui.archive import rfc3339
from jamtui.commands.watching import Watcher
from jamtui.model import Draft, DraftKind, Mark
from jamtui.paths import Home
from jamtui.plain.console import Ended
from jamtui.plain.pipe import Pipe
from jamtui.plain.program import Plain
from jamtui.session import Session, open_session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from widgets.inbox_list import inbox_row
from widgets.rows import hit_row, thread_row

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
FORUM = "0f000000-0000-4000-8000-000000000001"
ME, ANA = (f"0a000000-0000-4000-8000-00000000000{n}" for n in (1, 2))
STATES = {
    "deleted": "taken back by its author",
    "removed": "removed by a moderator",
    "hidden": "hidden by a moderator for now",
}
PLACES = {state: 10 * (n + 1) for n, state in enumerate(STATES)}  # the thread of each


def uid(n: int) -> str:
    return f"00000000-0000-7000-8000-{n:012x}"


def post(n: int, parent: int | None = None, **more: object) -> bytes:
    data = {
        "id": uid(n), "forum_id": FORUM, "thread_id": uid(n // 10 * 10), "author_id": ANA, "tags": [],
        "parent_id": None if parent is None else uid(parent), "title": f"Idea {n}" if parent is None else None,
        "body": f"Kettle{n} for @me", "created_at": rfc3339(NOW - timedelta(hours=1) + timedelta(seconds=n)), **more,
    }  # fmt: skip
    return json.dumps({"type": "post", "data": data}).encode()


def blank(n: int, state: str, **more: object) -> bytes:
    return post(n, title="" if n % 10 == 0 else None, body="", state=state, version=2, **more)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Three threads without their opener, each with an answer that names the reader; and one that is there."""
    monkeypatch.setenv("JAMTUI_HOME", str(tmp_path))
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea").changed(
        person_id=ME, handle="me", name="Me", role="participant", store="file"
    )
    registry.remember(home, jam)
    prepare(jam, NOW)
    head: list[tuple[str, dict[str, object]]] = [
        ("jam", {"format": 1, "id": "j", "slug": "tea", "title": "Tea", "opens_at": rfc3339(NOW - timedelta(hours=5)),
                 "closes_at": rfc3339(NOW + timedelta(days=3650))}),
        ("person", {"id": ME, "handle": "me", "name": "Me", "role": "participant"}),
        ("person", {"id": ANA, "handle": "ana", "name": "Ana", "role": "host"}),
        ("forum", {"id": FORUM, "slug": "one", "title": "One", "brief": "b", "position": 1}),
    ]  # fmt: skip
    gone = [one for state, n in PLACES.items() for one in (blank(n, state), post(n + 1, n))]
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "9-aaaa")
        for kind, data in head:
            loading.feed(json.dumps({"type": kind, "data": data}).encode())
        for record in [*gone, post(50, author_id=ME)]:
            loading.feed(record)
        loading.finish(rfc3339(NOW))
    one = open_session(home, jam, clock=lambda: NOW, rng=random.Random(1), environ={})
    yield one
    one.close()


def text(lines: Any) -> str:
    return "\n".join("".join(span.text for span in line) for line in lines)


def run(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    assert cli.main(list(args)) == 0
    return capsys.readouterr().out


def talk(session: Session, *lines: str) -> str:
    out = io.StringIO()
    console = Pipe(io.StringIO("".join(f"{line}\n" for line in lines)), out, columns=200)
    with pytest.raises(Ended):
        Plain(session, console, edit=str, browse=str, environ={}).run()
    return out.getvalue()


@pytest.mark.parametrize("state", STATES)
def test_lists_say_why_a_thread_has_no_text(session: Session, state: str) -> None:
    n, why = PLACES[state], f"({STATES[state]})"
    row = next(one for one in session.threads(session.thread_keys(FORUM)) if one.id == uid(n))
    assert row.gone == state
    assert [why in text(thread_row(row, width, NOW, lines)) for width in (50, 120) for lines in (1, 2)] == [True] * 4
    mine = next(one for one in session.inbox_rows(session.inbox_keys()) if one.thread_id == uid(n))
    assert why in text(inbox_row(mine, 100, NOW, "One"))
    hit = session.search(f"kettle{n + 1}")[0]
    assert why in text(hit_row(hit, 100, NOW))
    session.set_mark(uid(n), Mark.FOLLOWED)
    assert [one.name for one in session.mark_rows(Mark.FOLLOWED)] == [why]
    session.save_draft(Draft(DraftKind.REPLY, uid(n), body="x"))
    assert [(one.place, one.there) for one in session.draft_rows()] == [(f"Reply to Ana: {why}", False)]


def test_plain_mode_says_why(session: Session) -> None:
    told = talk(session, "enter", "down", "down", "down", "inbox", "down", "down")
    for why in STATES.values():
        assert f"({why}). Ana" in told  # the row of the thread
        assert f"({why}), Kettle" in told  # of the inbox
    assert "This post was hidden by a moderator for now" in talk(session, f"post {uid(PLACES['hidden'])}")


def test_commands_say_why(session: Session, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    listed, inbox, digest = run(capsys, "threads", "one"), run(capsys, "inbox"), run(capsys, "digest", "--since", "1w")
    file = tmp_path / "tea.md"
    run(capsys, "export", "--format", "markdown", "-o", str(file))
    for state, n in PLACES.items():
        why = f"({STATES[state]})"
        found = run(capsys, "search", f"kettle{n + 1}")
        assert [why in one for one in (listed, inbox, digest, found)] == [True] * 4
        assert run(capsys, "show", uid(n + 1)).startswith(f"in: {why}")
        assert f"### \\({STATES[state]}\\)" in file.read_text()
    rows = map(json.loads, run(capsys, "inbox", "--json").splitlines())
    assert {(one["thread_title"], one["thread_state"]) for one in rows} == {(None, state) for state in STATES}
    objects = map(json.loads, run(capsys, "threads", "one", "--json").splitlines())
    assert {one["id"]: one.get("state") for one in objects} == {uid(50): None} | {
        uid(n): state for state, n in PLACES.items()
    }


def test_watch_says_hidden_and_shown(session: Session) -> None:
    watcher = Watcher()
    watcher.learn(session.stored())
    said = []
    for at, record in enumerate((blank(50, "hidden", author_id=ME), post(50, author_id=ME, version=3))):
        with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
            data = json.dumps(json.loads(record)["data"]).encode()
            Mirror(db).apply([("post", data)], f"{10 + at}-aaaa")
        said += [word for word, kind, _ in watcher.look(session.stored()) if kind == "post"]
    assert said == ["hidden", "shown"]


def test_a_thread_that_is_to_be_taken_back_is_listed_so_and_the_outbox_tells_which(session: Session) -> None:
    session.delete(uid(50))
    row = next(one for one in session.threads(session.thread_keys(FORUM)) if one.id == uid(50))
    assert (row.title, row.gone) == ("(taken back by its author)", "deleted")
    assert session.outbox()[0].summary == "Idea 50"
