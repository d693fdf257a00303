"""Profiles, who is from where, and tags that hosts look after, in plain mode: a conversation in lines."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from jamtui.archive import Person
from jamtui.paths import Home
from jamtui.plain import words
from jamtui.plain.console import Ended
from jamtui.plain.pipe import Pipe
from jamtui.plain.program import Plain
from jamtui.session import Session, open_session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from jamtui.store.row_making import person_row
from widgets import way_lists

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
PEOPLE = [("me", "de", ["en"]), ("ana", "JP", ["ja"]), ("bo", "JP", []), ("cy", "Atlantis\x1b[31m", [])]
Talk = Callable[..., str]


def uid(n: int) -> str:
    return f"00000000-0000-7000-8000-{n:012x}"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea").changed(
        person_id=uid(0), handle="me", name="Me", role="participant", store="file"
    )
    registry.remember(home, jam)
    prepare(jam, NOW)
    post = {"forum_id": uid(9), "thread_id": uid(20), "created_at": "2026-11-21T00:00:00Z", "votes": {"up": 2}}
    records = [
        ("jam", {"format": 1, "id": "j", "slug": "tea", "title": "Tea", "opens_at": "2026-11-20T00:00:00Z",
                 "closes_at": "2026-11-30T00:00:00Z"}),
        *(("person", {"id": uid(n), "handle": handle, "name": handle.title(), "role": "participant", "org": "Tea House",
                      "country": country, "languages": langs, "about": "I pour." if n == 1 else "",
                      "honour": "first of all" if n == 1 else ""})
          for n, (handle, country, langs) in enumerate(PEOPLE)),
        ("forum", {"id": uid(9), "slug": "ideas", "title": "Ideas", "position": 0}),
        ("post", post | {"id": uid(20), "author_id": uid(1), "title": "T", "body": "Pilot projects", "tags": ["pots"]}),
        ("post", post | {"id": uid(21), "author_id": uid(2), "parent_id": uid(20), "body": "b"}),
        ("tag", {"id": "pilot-projects", "about": "Where we try it.", "curated": True}),
    ]  # fmt: skip
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "1-aaaa")
        for kind, data in records:
            loading.feed(json.dumps({"type": kind, "data": data}).encode())
        loading.finish("2026-11-23T10:00:00.000Z")
    one = open_session(home, jam, clock=lambda: NOW, rng=random.Random(1), environ={})
    yield one
    one.close()


@pytest.fixture
def talk(session: Session) -> Talk:
    def run(*lines: str) -> str:
        out = io.StringIO()
        console = Pipe(io.StringIO("".join(f"{line}\n" for line in lines)), out, columns=200)
        with pytest.raises(Ended):
            Plain(session, console, edit=str, browse=str).run()
        return out.getvalue()

    return run


def test_a_profile_is_asked_for_line_by_line(talk: Talk, session: Session) -> None:
    told = talk("profile", "Mia", "Tea Guild", "Germny", "en, German", "I drink.", "z")
    assert "Germny is in no table of countries; did you mean Germany?" in told
    assert "Your profile has another name, organisation, country, languages, text about you. z takes it back." in told
    assert "Taken back: Your profile" in told
    kinds = [row.payload.data["name"] for row in session.waiting_rows()]
    assert kinds == ["Mia", "Me"]


def test_who_is_from_where_is_told_in_words(talk: Talk) -> None:
    told = talk("where-from")
    assert "Who is from where, of 4 people." in told
    assert "3 countries:\nJapan: 2, 2 posts\n" in told
    assert "\nGermany: 1, 0 posts\n" in told
    assert "1 organisation:\nTea House: 4, 2 posts\n" in told
    assert "2 do not tell." in told
    assert "\x1b" not in told


def test_a_page_of_a_person_tells_all_of_it(talk: Talk) -> None:
    told = talk("person ana")
    assert "Ana, @ana, [guest of honour: first of all], Tea House, Japan, speaks Japanese." in told
    assert "Heard for pots." in told
    assert "Talks with Bo (1)." in told
    assert "About: I pour." in told
    assert "[guest of honour]" in talk("open", "open"), "the badge of a post"


def test_nothing_that_somebody_says_of_themselves_is_an_honour() -> None:
    """Nor a badge: only the organiser's words stand in square brackets, and behind a star."""
    forged = "guest of honour: x] ★ [guest of honour: y] ★"
    eve = Person("1", "eve", "Eve", "participant", org=forged, country=forged, languages=(forged,))
    row = person_row(eve, 0)
    drawn = "".join(span.text for line in way_lists.person_row(row, 200) for span in line)
    assert "guest of honour" in drawn
    for told in (words.person(row, 0, 1), drawn):
        assert not {"[", "]", "★"} & set(told), told
    real = words.person(person_row(msgspec.structs.replace(eve, org="", country="", honour="y"), 0), 0, 1)
    assert "[guest of honour: y]" in real


def test_tags_are_suggested_and_another_spelling_is_told(talk: Talk, session: Session) -> None:
    told = talk("open", "open", "tags", "pilotproject", "")
    assert "Likely: pilot-projects." in told
    assert "There is #pilot-projects." in told
    assert session.waiting_rows()[0].payload.tag == "pilotproject", "it is said, not done"


def test_who_leaves_without_a_post_reads_no_nought(session: Session) -> None:
    assert session.what_goes("keep")[-1] == "your name on what you wrote; the text stays"
    assert session.what_goes("remove")[-1] == "what you wrote, text and all; replies of others stay"


def test_hosts_curate_and_merge(talk: Talk, session: Session) -> None:
    assert "Hosts and moderators look after the tags." in talk("tag-curate pots")
    me = {"id": uid(0), "handle": "me", "name": "Me", "role": "moderator"}
    with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        Mirror(db).apply([("person", json.dumps(me).encode())], "2-aaaa")
    told = talk(
        "tag-curate", "pots", "What holds tea.", "tag-merge pilots", "", "tag-merge pots", "pilot-projects", "y", "z"
    )
    assert "Curated: pilot-projects, Where we try it." in told
    assert "#pots is curated. z takes it back." in told
    assert "pots becomes pilot-projects on 1 post." in told
    assert [row.kind for row in session.waiting_rows()] == ["tag-curate", "tag-merge", "tag-unmerge"]
    told = talk("tag-curate pilot-projects", "o")
    assert "#pilot-projects is curated no longer." in told
