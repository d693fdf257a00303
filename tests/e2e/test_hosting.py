"""What hosts do by commands against a real server: announced, briefed, asked; ballots that waited off line; a shift."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from processes import Home, Server


def test_a_host_steers_and_others_follow(jam_server: Server, ana_home: Home, bob_home: Home) -> None:
    """One road through all: ana hosts, bob takes part, and goes off line for a while."""
    ana, bob, server = ana_home, bob_home, jam_server
    server.admin("person", "role", "ana", "host")
    ana.jamtui("sync")
    forum = ana.rows("forums")[0]

    # Alerts
    refused = bob.jamtui("announce", "--body", "Hello", code=6)
    assert "This is for hosts" in refused.stderr or "this is for hosts" in refused.stderr
    assert ana.row("announce", "--body", "Refining begins.")["state"] == "sent"
    bob.jamtui("sync")
    (alert,) = bob.rows("announcements", "--new")
    assert (alert["body"], alert["handle"], alert["seen"]) == ("Refining begins.", "ana", False)
    assert "Refining begins." in bob.jamtui("announcements").stdout
    assert bob.rows("announcements", "--new") == []

    changed = ana.row("announce", "--change", alert["id"][:13], "--body", "Refining begins at two.")
    assert (changed["state"], changed["kind"]) == ("sent", "announce-change")
    assert "Refining begins at two." in ana.jamtui("announcements", "--keep").stdout
    bob.jamtui("sync")
    (mended,) = bob.rows("announcements", "--new")
    assert (mended["body"], mended["created_at"]) == ("Refining begins at two.", alert["created_at"])

    assert ana.row("announce", "--withdraw", alert["id"][:13])["state"] == "sent"
    bob.jamtui("sync")
    assert bob.rows("announcements") == []

    # Briefs: ana's second change meets one that came from elsewhere
    assert ana.row("brief", forum["slug"], "--body", "What do *you* see?")["state"] == "sent"
    (changed,) = ana.rows("brief", forum["slug"], "--history")
    assert (changed["handle"], changed["before"], changed["after"]) == ("ana", forum["brief"], "What do *you* see?")
    assert "+ What do *you* see?" in ana.jamtui("brief", forum["slug"], "--history").stdout
    assert "hosts" in bob.jamtui("brief", forum["slug"], "--history", code=6).stderr
    other = ana.path.parent / "other"
    elsewhere = Home(other).login(server.url, "ana")
    elsewhere.jamtui("sync")
    elsewhere.jamtui("brief", forum["slug"], "--body", "Words from elsewhere")
    met = ana.jamtui("brief", forum["slug"], "--body", "Words from here", code=6)
    (waiting,) = [row for row in ana.rows("outbox") if row["kind"] == "brief"]
    shown = ana.jamtui("outbox", "show", waiting["id"]).stdout
    assert "Words from elsewhere" in shown, met.stderr
    assert "Words from here" in shown
    ana.jamtui("outbox", "mine", waiting["id"])
    bob.jamtui("sync")
    assert bob.row("brief", forum["slug"])["brief"] == "Words from here"

    # Polls: a ballot off line waits, is changed, and counts once
    choices = ("--choice", "Now", "--choice", "Later", "--choice", "Never")
    asked = ana.row("poll", "--question", "When?", *choices, "--forum", forum["slug"], "--closes", "2h")
    poll = asked["id"]
    bob.jamtui("sync")
    server.stop()
    assert bob.row("ballot", poll[:13], "3")["state"] == "queued"
    assert bob.row("ballot", poll, "2")["state"] == "queued"
    (row,) = bob.rows("polls", "--open")
    assert (row["counts"], row["choice"], row["state"]) == ([0, 1, 0], 2, "queued")
    server.start()
    bob.jamtui("sync")
    assert [row["counts"] for row in bob.rows("polls")] == [[0, 1, 0]]
    assert bob.rows("outbox") == []
    ana.jamtui("ballot", poll, "2")
    ana.jamtui("sync")
    assert ana.row("poll", poll)["counts"] == [0, 2, 0]
    assert bob.jamtui("poll", poll, "--close", code=6).stderr
    assert ana.row("poll", poll, "--close")["state"] == "sent"
    bob.jamtui("sync")
    late = bob.jamtui("ballot", poll, "1", code=6)
    assert "closed" in late.stderr
    assert ana.row("poll", poll, "--remove")["state"] == "sent"
    bob.jamtui("sync")
    assert bob.rows("polls") == []

    # A shift
    assert ana.rows("unanswered")
    told = ana.jamtui("hand-over", "--since", "8h", "--format", "markdown", "--note", "Watch wages.", "--end").stdout
    assert told.startswith("# Hand-over: ")
    assert "> Watch wages." in told
    after = ana.row("hand-over")
    assert (after["first"], after["note"]) == (False, "Watch wages.")
    assert bob.jamtui("hand-over", code=6).stderr


def test_what_is_wrong_is_told_in_a_line(jam_server: Server, ana_home: Home, figure: Callable[..., None]) -> None:
    cases: list[tuple[tuple[str, ...], int, str]] = [
        (("poll", "--question", "Q", "--choice", "a"), 2, "2 to 8"),
        (("poll", "--question", "Q", "--choice", "a", "--choice", "A"), 2, "the same"),
        (("poll", "--question", "Q", "--choice", "a", "--choice", "b", "--closes", "noon"), 2, "not a time"),
        (("poll", "--question", "Q", "--choice", "a", "--choice", "b", "--closes", "2001-01-01"), 2, "closed already"),
        (("poll",), 2, "which poll"),
        (("poll", "ffffffff"), 5, "no poll"),
        (("ballot", "ffffffff", "1"), 5, "no poll"),
        (("ballot", "ffffffff"), 2, "choose one"),
        (("ballot", "ffffffff", "x"), 2, "by its number"),
        (("brief", "nosuch"), 5, "no forum"),
        (("announce", "--body", ""), 2, "nothing to announce"),
        (("announce", "--forum", "nosuch", "--body", "x"), 5, "no forum"),
        (("hand-over", "--since", "noon"), 2, "not a time"),
    ]
    jam_server.admin("person", "role", "ana", "host")
    ana_home.jamtui("sync")
    for words, code, told in cases:
        ended: Any = ana_home.jamtui(*words, code=code)
        assert told.lower() in ended.stderr.lower(), (words, ended.stderr)
        assert ended.stderr.count("\n") == 1
    figure(f"commands of hosts: {len(cases)} wrong ones told in a line each")
