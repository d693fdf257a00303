"""What was written and not sent, from the command line: drafts, what was thrown away, both versions of a conflict, a
text whose place is gone, signing out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jamtui.sync.holder import Holder

ANA = "00000000-0000-4000-8000-00000000000a"
JAM = {
    "format": 1, "id": "00000000-0000-4000-8000-000000000001", "slug": "small", "title": "A small Jam",
    "opens_at": "2026-01-01T00:00:00Z", "closes_at": "2026-01-02T00:00:00Z",
}  # fmt: skip
FORUM = {"id": "00000000-0000-4000-8000-0000000000f0", "slug": "ideas", "title": "Ideas", "position": 0}
THREAD = "00000000-0000-4000-8000-0000000000b0"
OPENER = {
    "id": THREAD, "thread_id": THREAD, "forum_id": FORUM["id"], "parent_id": None, "author_id": ANA,
    "title": "What next?", "body": "Ideas, please.", "created_at": "2026-01-01T10:00:00Z", "tags": [],
}  # fmt: skip
SMALL = [("jam", JAM), ("person", {"id": ANA, "handle": "old-hand", "name": "Old Hand"}), ("forum", FORUM)]


@pytest.fixture
def server(new_server: Callable[..., Any]) -> Any:
    return new_server([*SMALL, ("post", OPENER)])


def device(server: Any, new_home: Callable[..., Any], who: str) -> Any:
    home = new_home().login(server.url, who)
    home.jamtui("sync")
    return home


def test_drafts_are_listed_sent_thrown_away_and_brought_back(server: Any, new_home: Callable[..., Any]) -> None:
    home = device(server, new_home, "ana")
    assert "No drafts" in home.jamtui("drafts").stderr
    long = "x" * 20_001  # what cannot be sent stays a draft
    home.jamtui("reply", THREAD, "--body", long, code=2)
    row = home.row("drafts")
    assert (row["id"], row["place"], row["body"], row["thrown"]) == (
        f"reply:{THREAD}", "Reply to Old Hand: What next?", long, None
    )  # fmt: skip
    assert "restore 1 brings it back" in home.jamtui("drafts", "discard", f"reply:{THREAD}").stderr
    assert home.rows("drafts") == []
    assert [one["thrown"] for one in home.rows("drafts", "--thrown")] == ["discarded"]
    home.jamtui("drafts", "restore", "1")
    assert home.rows("drafts", "--thrown") == []
    assert "too long" in home.jamtui("drafts", "send", THREAD[:8], code=2).stderr
    assert home.row("drafts")["body"] == long
    home.jamtui("drafts", "discard", "ffffffff", code=5)
    assert "which one" in home.jamtui("drafts", "send", code=2).stderr


def test_signing_out_names_what_would_be_lost_and_how_to_send_it(server: Any, new_home: Callable[..., Any]) -> None:
    home = device(server, new_home, "ana")
    home.jamtui("reply", THREAD, "--body", "x" * 20_001, code=2)
    told = home.jamtui("logout", code=1).stderr
    assert "draft" in told
    assert "jamtui drafts send" in told
    assert len(home.rows("drafts")) == 1
    home.jamtui("drafts", "discard", THREAD[:8])
    home.jamtui("logout")
    assert [path for path in home.path.rglob("*") if path.is_file() and path.name != "last"] == []


def test_nobody_signs_out_under_an_open_jamtui(server: Any, new_home: Callable[..., Any]) -> None:
    home = device(server, new_home, "ana")
    (lock,) = home.path.rglob("network.lock")
    holder = Holder(lock)  # as any jamtui that is open holds it
    assert holder.take()
    assert "another jamtui" in home.jamtui("logout", code=1).stderr
    holder.release()
    home.jamtui("logout")


def test_both_versions_of_an_edit_are_shown_and_one_is_chosen(server: Any, new_home: Callable[..., Any]) -> None:
    here = device(server, new_home, "ana")
    post = here.row("post", "--forum", "ideas", "--title", "Mine", "--body", "as it was")["id"]
    there = device(server, new_home, "ana")
    for chosen, wanted in (("mine", "written here"), ("theirs", "written there"), ("edit", "a third")):
        here.jamtui("sync")
        there.jamtui("sync")
        server.stop()
        here.jamtui("edit", post, "--body", f"{wanted} {chosen}" if chosen == "mine" else f"written here {chosen}")
        server.start()
        there.jamtui("edit", post, "--body", f"written there {chosen}")
        here.jamtui("sync")
        (row,) = here.rows("outbox")
        assert (row["state"], row["code"]) == ("refused", "version_conflict")
        assert "both versions" in row["can"]
        shown = here.jamtui("outbox", "show", row["id"]).stdout
        assert shown.index(f"written there {chosen}") < shown.index(f"written here {chosen}")
        theirs = here.row("outbox", "show", row["id"])["theirs"]
        assert theirs["body"] == f"written there {chosen}"
        assert "choose" in here.jamtui("outbox", "retry", row["id"], code=2).stderr
        more = ("--body", "a third") if chosen == "edit" else ()
        here.jamtui("outbox", chosen, row["id"], *more)
        assert here.rows("outbox") == []
        body = next(data["body"] for kind, data in server.exported() if kind == "post" and data["id"] == post)
        assert body == (wanted if chosen == "edit" else f"{wanted} {chosen}")
    assert [one["thrown"] for one in here.rows("drafts", "--thrown")] == ["dropped"]


def test_a_text_whose_place_is_gone_goes_elsewhere(server: Any, new_home: Callable[..., Any]) -> None:
    ana, bob = device(server, new_home, "ana"), device(server, new_home, "bob")
    gone = bob.row("reply", THREAD, "--body", "taken back soon")["id"]
    ana.jamtui("sync")
    server.stop()
    ana.jamtui("reply", gone, "--body", "precious")
    server.start()
    bob.jamtui("delete", gone)
    ana.jamtui("sync")
    (row,) = ana.rows("outbox")
    assert (row["state"], row["code"], row["body"], row["when"]) == ("refused", "parent_gone", "precious", "")
    assert "elsewhere" in row["can"]
    ana.jamtui("outbox", "edit", row["id"], "--to", THREAD)
    assert ana.rows("outbox") == []
    posts = {data["body"]: data["parent_id"] for kind, data in server.exported() if kind == "post"}
    assert posts["precious"] == THREAD


def test_the_outbox_says_when_it_is_tried_again(server: Any, new_home: Callable[..., Any]) -> None:
    home = device(server, new_home, "ana")
    server.stop()
    home.jamtui("reply", THREAD, "--body", "one")
    home.jamtui("reply", THREAD, "--body", "two")
    assert [row["when"] for row in home.rows("outbox")] == [
        "when jamtui is started, or jamtui sync runs", "after what stands before it in its thread"
    ]  # fmt: skip
    assert "jamtui sync runs" in home.jamtui("outbox").stdout


def test_a_text_that_had_arrived_unheard_of_is_changed_and_not_doubled(
    server: Any, new_home: Callable[..., Any]
) -> None:
    home = device(server, new_home, "ana")
    server.stop()
    sent = home.row("reply", THREAD, "--body", "as it was")["id"]
    server.start()
    other = device(server, new_home, "ana")
    # It arrives by another way than this home hears of: the same id and content, from a copy of its outbox.
    (own,) = (path for path in home.path.rglob("own.sqlite"))
    (copy,) = (path for path in other.path.rglob("own.sqlite"))
    copy.write_bytes(own.read_bytes())
    for end in ("-wal", "-shm"):
        part = own.with_name(own.name + end)
        if part.exists():
            copy.with_name(copy.name + end).write_bytes(part.read_bytes())
    other.jamtui("sync")
    home.jamtui("outbox", "edit", sent, "--body", "changed before it was heard of")
    home.jamtui("sync")
    assert home.rows("outbox") == []
    bodies = [data["body"] for kind, data in server.exported() if kind == "post"]
    assert bodies == ["Ideas, please.", "changed before it was heard of"]
