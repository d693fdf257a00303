"""Profiles, tags and who is from where, as commands against a real server: off line, sent once, followed by others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
from processes import Home, Server

FORBIDDEN = "hosts and moderators look after the tags"
RECORDS: list[tuple[str, dict[str, Any]]] = [
    ("jam", {"format": 1, "id": "j", "slug": "tea", "title": "Tea", "opens_at": "2026-01-01T00:00:00Z",
             "closes_at": "2026-01-02T00:00:00Z"}),
    ("forum", {"id": "00000000-0000-4000-8000-0000000000f0", "slug": "talks", "title": "Talks", "position": 0}),
]  # fmt: skip


def people(server: Server, handle: str) -> dict[str, Any]:
    return dict(httpx.get(f"{server.url}/api/v1/people/{handle}").json())


def test_a_profile_that_was_changed_off_line_is_sent_once(
    new_server: Callable[..., Server], new_home: Callable[..., Home], figure: Callable[..., None]
) -> None:
    server = new_server(RECORDS)
    home = new_home().login(server.url, "ana")
    home.jamtui("sync")
    server.stop()
    done = home.jamtui("profile", "--set", "country=Germany", "--set", "languages=English, de")
    assert "queued: " in done.stdout
    assert "country    Germany" in done.stdout
    assert home.rows("profile") == [
        {"handle": "ana", "name": "ana", "org": "", "country": "DE", "languages": ["en", "de"], "about": ""}
    ]
    assert home.rows("outbox")[0]["kind"] == "profile"
    server.start()
    home.jamtui("sync")
    assert home.rows("outbox") == []
    now = people(server, "ana")
    assert (now["country"], now["languages"]) == ("DE", ["en", "de"])
    changes = httpx.get(f"{server.url}/api/v1/changes").json()["items"]
    assert sum(one["type"] == "person" and one["data"].get("country") == "DE" for one in changes) == 1
    assert home.rows("people", "--where", "--by", "country")[0] == {
        "by": "country", "code": "DE", "name": "Germany", "people": 1, "posts": 0
    }  # fmt: skip
    (mine,) = home.rows("mydata", "--device")  # a line, as all rows
    assert mine == json.loads(home.jamtui("mydata", "--device").stdout) | {"made_at": mine["made_at"]}
    figure("profile: changed off line, sent once")


def test_words_that_do_not_fit_are_told_with_what_to_do(
    new_server: Callable[..., Server], new_home: Callable[..., Home]
) -> None:
    server = new_server(RECORDS)
    home = new_home().login(server.url, "ana")
    home.jamtui("sync")
    for words, told in (
        (("profile", "--set", "shoe=44"), "It has: name, org, country, languages, about."),
        (("profile", "--set", "name"), "Write it as --set"),
        (("profile", "--set", "languages=klingon"), "like: en, German"),
        (("tag-merge", "a"), "one tag becomes another"),
        (("tag-curate", "tea"), FORBIDDEN),
        (("tag-curate", "a", "--off", "--about", "x"), "do not go together"),
        (("people", "ana", "--where"), "about everybody"),
        (("mydata", "--posts", "keep"), "belong to --delete"),
        (("mydata", "--delete"), "Add --posts keep"),
        (("mydata", "--delete", "--posts", "keep"), "Add --confirm ana."),
        (("mydata", "--delete", "--posts", "keep", "--confirm", "bob"), "nothing was deleted"),
    ):
        assert told in home.jamtui(*words, code=6 if told == FORBIDDEN else 2).stderr, words
    guest = new_home()
    guest.jamtui("login", server.url, "--guest")
    guest.jamtui("sync")
    for words in (("profile",), ("mydata",), ("tag-merge", "a", "b")):
        assert "you read as a guest" in guest.jamtui(*words, code=3).stderr
    assert people(server, "ana")["handle"] == "ana"


def test_a_merge_reaches_posts_readers_and_who_follows(
    new_server: Callable[..., Server], new_home: Callable[..., Home], figure: Callable[..., None]
) -> None:
    server = new_server(RECORDS)
    server.admin("person", "role", "bob", "host")
    ana, bob = new_home().login(server.url, "ana"), new_home().login(server.url, "bob")
    ana.jamtui("sync")
    bob.jamtui("sync")
    forum = "talks"
    ids = [
        ana.row("post", "--forum", forum, "--title", f"T{n}", "--tag", "pilots", "--body", "b")["id"] for n in range(3)
    ]
    ana.jamtui("follow", "#pilots")
    bob.jamtui("sync")
    told = bob.jamtui("tag-merge", "pilots", "#pilot-projects").stderr
    assert "#pilots becomes #pilot-projects, on 3 posts and from now on." in told
    bob.jamtui("tag-curate", "pilot-projects", "--about", "Where we try it.")
    ana.jamtui("sync")
    assert [ana.rows("show", one)[0]["tags"] for one in ids] == [["pilot-projects"]] * 3
    assert ana.rows("tags", "--curated") == [
        {"name": "pilot-projects", "count": 3, "about": "Where we try it.", "curated": True}
    ]
    assert ana.rows("followed")[0]["name"] == "#pilot-projects (#pilots before)"
    later = ana.row("post", "--forum", forum, "--title", "Later", "--tag", "pilots", "--body", "b")["id"]
    assert ana.rows("show", later)[0]["tags"] == ["pilot-projects"]
    bob.jamtui("sync")
    assert len(bob.rows("threads", "--tag", "pilots")) == 4
    bob.jamtui("tag-merge", "pilots", "--undo")
    ana.jamtui("sync")
    again = ana.row("post", "--forum", forum, "--title", "Again", "--tag", "pilots", "--body", "b")["id"]
    assert ana.rows("show", again)[0]["tags"] == ["pilots"]
    figure("tags: a merge reached 4 of 4 posts, the filter, the search, and who follows")
