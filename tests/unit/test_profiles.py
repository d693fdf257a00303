"""Profiles and where people are from: what is taken, what is counted, and that no name of a country does harm."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jamtui.countries import code_of, countries, country_name, flag, language_name, language_of, nearest
from jamtui.errors import UsageError
from jamtui.model import Draft, DraftKind, Mark
from jamtui.output import width
from jamtui.paths import Home
from jamtui.profiles import own_data_file, write_new
from jamtui.session import Session, open_session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from jamtui.ways import Origin

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
EVIL = "[@click=app.quit]X[/]\x1b[31m\u202e"


def uid(n: int) -> str:
    return f"00000000-0000-7000-8000-{n:012x}"


def person(n: int, handle: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "person", {"id": uid(n), "handle": handle, "name": handle.title(), "role": "participant"} | more


RECORDS: list[tuple[str, dict[str, Any]]] = [
    ("jam", {"format": 1, "id": "j", "slug": "tea", "title": "Tea", "opens_at": "2026-11-20T00:00:00Z",
             "closes_at": "2026-11-30T00:00:00Z"}),
    person(1, "me", country="de", org="Tea  House", languages=["de", "en"], about="Two\nlines."),
    person(2, "ana", country="Germany", org="tea house", languages=["de-AT"]),
    person(3, "bo", country=EVIL, org=EVIL, languages=["en"], honour="First of all"),
    person(4, "cy"),
    person(5, "dee", country="JP"),
    ("person", {"id": uid(6), "handle": "left-1", "name": "(left)", "role": "participant", "state": "left"}),
    ("forum", {"id": uid(9), "slug": "ideas", "title": "Ideas", "position": 0}),
    *(
        ("post", {"id": uid(n), "forum_id": uid(9), "thread_id": uid(20), "parent_id": None if n == 20 else uid(parent),
                  "author_id": uid(author), "title": "T" if n == 20 else None, "body": "b",
                  "created_at": f"2026-11-21T00:00:{n:02}Z", "tags": tags, "votes": {"up": 1}})
        for n, parent, author, tags in ((20, 0, 1, ["tea", "pots"]), (21, 20, 2, []), (22, 21, 1, ["tea"]),
                                        (23, 20, 2, []), (24, 23, 1, []), (25, 24, 3, []))
    ),
]  # fmt: skip


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea").changed(
        person_id=uid(1), handle="me", name="Me", role="participant", store="file"
    )
    registry.remember(home, jam)
    prepare(jam, NOW)
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "1-aaaa")
        for kind, data in RECORDS:
            loading.feed(json.dumps({"type": kind, "data": data}).encode())
        loading.finish("2026-11-23T10:00:00.000Z")
    one = open_session(home, jam, clock=lambda: NOW, rng=random.Random(1), environ={})
    yield one
    one.close()


def arrives(session: Session, *changes: tuple[str, dict[str, Any]]) -> None:
    with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        mirrored = Mirror(db)
        seq = int(mirrored.cursor.partition("-")[0])
        mirrored.apply([(kind, json.dumps(data).encode()) for kind, data in changes], f"{seq + len(changes)}-aaaa")


def test_the_table_of_countries_is_whole() -> None:
    assert len(countries()) == 249
    assert all(len(code) == 2 and code.isupper() and name == name.strip() for code, name in countries().items())
    assert all(code_of(name) == code == code_of(code.lower()) for code, name in countries().items())
    assert {width(flag(code)) for code in countries()} == {2}
    for name in countries().values():
        assert not any(char in name for char in "[]\\\x1b"), "nothing in it is markup"


@pytest.mark.parametrize(
    ("written", "code", "name"),
    [
        ("DE", "DE", "Germany"),
        (" deutschland ", "DE", "Germany"),
        ("U.S.A.", "US", "United States"),
        ("côte d'ivoire", "CI", "Côte d'Ivoire"),
        ("Turkey", "TR", "Türkiye"),
        ("Atlantis", "", "Atlantis"),
        ("", "", ""),
        ("XX", "", "XX"),
    ],
)
def test_countries_by_code_and_name(written: str, code: str, name: str) -> None:
    assert (code_of(written), country_name(written)) == (code, name)
    assert bool(flag(written)) == bool(code)


def test_languages_and_near_misses() -> None:
    assert nearest("Germny") == "Germany"
    assert nearest("qqqq") == ""
    tags = [language_of(one) for one in ("German", "DE", "pt-br", "zh_hant", "klingon", "x!", "")]
    assert tags == ["de", "de", "pt-BR", "zh-hant", "", "", ""]
    assert [language_name(one) for one in ("de", "pt-BR", "tlh")] == ["German", "Portuguese (BR)", "tlh"]


def test_a_changed_profile_waits_in_the_outbox_and_shows_at_once(session: Session) -> None:
    before = session.profile()
    assert (before.org, before.languages, before.about) == ("Tea  House", ("de", "en"), "Two\nlines.")
    row, undo, notes = session.change_profile(
        {"name": " Mia  M ", "country": "Osterreich", "languages": "english, German"}
    )
    waiting = session.waiting_rows()
    assert [(one.id, one.kind, one.payload.path) for one in waiting] == [(row, "profile", ("me",))]
    assert waiting[0].payload.data == {"name": "Mia M", "country": "AT", "languages": ["en", "de"]}
    assert session.outbox()[0].summary == "profile: name, country, languages"
    now = session.profile()
    assert (now.name, now.country, now.languages, now.org) == ("Mia M", "AT", ("en", "de"), "Tea  House")
    assert notes == []
    assert session.change_profile({"country": "austria"})[1].nothing, "the same again is nothing"
    session.undo(undo)
    assert session.profile() == before


def test_another_name_is_shown_where_one_s_own_stands(session: Session) -> None:
    assert session.my_name() == "Me"
    arrives(session, ("person", RECORDS[1][1] | {"name": "Mia [b]\x1b[1m"}))
    assert session.my_name().startswith("Mia (b)")
    assert "\x1b" not in session.my_name()
    row = session.send(Draft(DraftKind.THREAD, uid(9), "T", "b"))
    assert session.post(row).author.startswith("Mia"), "also on what is not sent yet"


def test_taking_a_field_away_and_a_country_of_no_table(session: Session) -> None:
    session.change_profile({"about": "", "org": "  "})
    assert session.waiting_rows()[0].payload.data == {"org": None, "about": None}
    _, _, notes = session.change_profile({"country": "Germny"})
    assert notes == ["Germny is in no table of countries; did you mean Germany?"]
    assert session.profile().country == "Germny", "it is taken all the same"


@pytest.mark.parametrize(
    "given",
    [
        {"name": " "},
        {"name": "x" * 101},
        {"about": "x" * 1_001},
        {"languages": "de, klingon"},
        {"languages": ",".join(f"a{chr(97 + n)}" for n in range(13))},
        {"country": "x" * 61},
    ],
)
def test_what_the_jam_would_refuse_is_said_before(session: Session, given: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        session.change_profile(given)
    assert session.waiting_rows() == []


def test_who_is_from_where(session: Session) -> None:
    found = session.where_from()
    assert found.people == 5, "who left is nobody's countryman"
    assert found.countries[:2] == (Origin("DE", "Germany", 2, 5), Origin("JP", "Japan", 1, 0))
    assert found.countries[-1] == Origin("", "", 1, 0), "who tells nothing stands last"
    first = found.organisations[0]
    assert (first.name, first.people) == ("Tea House", 2), "one, however it is written"
    assert [(row.name, row.people) for row in found.languages] == [("German", 2), ("English", 2), ("", 2)]
    shown = "".join(row.name + row.code for rows in (found.countries, found.organisations) for row in rows)
    assert not any(char in shown for char in "\x1b\u202e"), "strangers' words are harmless"
    assert "[@click" in "".join(row.name for row in found.countries), "brackets are text"


def test_a_page_tells_first_post_tags_and_with_whom_one_talks(session: Session) -> None:
    more = session.person_more(uid(1))
    assert more.first_at == datetime(2026, 11, 21, 0, 0, 20, tzinfo=UTC)
    assert more.tags == (("tea", 2), ("pots", 1))
    assert [(one.handle, one.answered, one.answers) for one in more.companions] == [("ana", 2, 2), ("bo", 0, 1)]
    assert (more.answered, more.answers) == (2, 3)
    assert more.links == ()
    arrives(
        session,
        *(("link", {"id": f"{a}.{kind}.{b}", "from_id": a, "kind": kind, "to_id": b, "author_id": uid(4)})
          for a, kind, b in ((uid(20), "builds_on", uid(21)), (uid(25), "builds_on", uid(22)),
                             (uid(25), "builds_on", uid(24)), (uid(20), "answers", uid(22)),
                             (uid(23), "odd", uid(20)))),
    )  # fmt: skip
    assert session.person_more(uid(1)).links == (("built on by", 2), ("builds on", 1)), "of others, both ways"
    nobody = session.person_more(uid(4))
    assert (nobody.first_at, nobody.tags, nobody.companions) == (None, (), ())


def test_a_guest_of_honour_has_a_badge_and_words(session: Session) -> None:
    row = session.post(uid(25))
    assert (row.handle, row.role) == ("bo", "honour")
    assert session.person("bo").person.honour == "First of all"
    assert session.person("left-1").person.left


def test_marks_of_a_tag_go_with_it_when_it_is_merged(session: Session) -> None:
    session.set_mark("#pots", Mark.FOLLOWED)
    assert len(session.followed_keys()) == 3, "of others in that thread"
    arrives(session, ("tag", {"id": "pots", "about": "", "curated": False, "merged_into": "tea"}))
    arrives(session, ("post", RECORDS[-6][1] | {"tags": ["tea"]}))
    assert len(session.followed_keys()) == 3
    assert [row.name for row in session.mark_rows(Mark.FOLLOWED)] == ["#tea (#pots before)"]
    assert session.thread_keys(None, "active", session.filter("tag:pots")) == session.thread_keys(None)
    assert [hit.post.id for hit in session.search("tag:pots")] == [hit.post.id for hit in session.search("tag:tea")]
    undo = session.set_mark("#tea", Mark.FOLLOWED)
    assert undo.what == "no longer followed: #tea", "it is one mark, under whichever name"
    assert session.mark_rows(Mark.FOLLOWED) == []
    session.undo(undo)
    assert [row.target for row in session.mark_rows(Mark.FOLLOWED)] == ["tea"]


def test_a_merged_tag_that_is_put_is_the_new_one_at_once(session: Session) -> None:
    arrives(session, ("tag", {"id": "pots", "merged_into": "tea"}), ("tag", {"id": "odd", "merged_into": 7}))
    session.tag(uid(21), "#Pots")
    assert session.post(uid(21)).tags == ("tea",)
    assert [tag.name for tag in session.curated_tags()] == []


def test_only_hosts_look_after_tags(session: Session) -> None:
    for act in (
        lambda: session.curate_tag("tea"),
        lambda: session.merge_tag("pots", "tea"),
        lambda: session.forget_tag("tea"),
    ):
        with pytest.raises(Exception, match="hosts and moderators"):
            act()
    assert session.waiting_rows() == []


def test_a_host_curates_and_takes_it_back(session: Session) -> None:
    arrives(session, ("person", RECORDS[1][1] | {"role": "host"}))
    _, undo = session.curate_tag("#Tea", " Hot  water ")
    session.merge_tag("pots", "TEA")
    rows = [(row.kind, row.payload.path, row.payload.data) for row in session.waiting_rows()]
    assert rows == [
        ("tag-curate", ("tags", "tea"), {"about": "Hot water", "curated": True}),
        ("tag-merge", ("tags", "pots", "merged"), {"into": "tea"}),
    ]
    session.undo(undo)
    assert [row.kind for row in session.waiting_rows()][-1] == "tag-forget"
    with pytest.raises(UsageError, match="not curated"):
        session.forget_tag("pots")
    with pytest.raises(UsageError, match="into itself"):
        session.merge_tag("tea", "tea")
    with pytest.raises(UsageError, match="too long"):
        session.curate_tag("tea", "x" * 301)


def test_a_server_says_nothing_about_where_files_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a Jam calls itself and whoever signs in is a word of its server, and part of the name of a file."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path / "home")})
    for slug, handle in ((f"{tmp_path}/", "a/../b"), ("../..", ".."), ("a\nb\x1b]0;x\x07", "\u202eada"), ("", "-")):
        jam = registry.for_server(home, "https://jam.example", slug, "T", uid(1)).changed(handle=handle)
        target = own_data_file(jam, "")
        assert target.parent == here
        assert set(target.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    tea = registry.for_server(home, "https://jam.example", "tea-jam", "T", uid(1))
    assert own_data_file(tea.changed(handle="ada"), "").name == "tea-jam-ada.json"
    with pytest.raises(UsageError, match="no folder"):
        write_new(own_data_file(tea, "~nobody-here/mine.json"), b"{}")
    target = own_data_file(tea, "mine.json")
    target.write_text("somebody else's, written while the Jam was asked")
    with pytest.raises(UsageError, match="already"):
        write_new(target, b"{}")
