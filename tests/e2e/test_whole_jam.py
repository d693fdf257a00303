"""A Jam from schedule to archive, in fast-forward: an organiser, two hosts, a moderator, ten participants, a guest and
an abuser, through the real commands and real full screens, against a real server.

The story in its order: the Jam is made and not yet open; it opens; people join and write; ideas come together (kinds,
links, tags, votes, a poll, states); one of them is abusive, is reported, hidden and suspended; somebody is off line
when it closes, and what they wrote arrives in the grace period; it is archived. In the end everybody's mirror is what
the server has, and what was hidden or removed is in none of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from processes import Home, Server
from pty_terminal import Terminal, environment

PARTICIPANTS = tuple(f"p{n}" for n in range(10))
HOSTS = ("hedy", "hugo")
INSULT = "You are all fools, call 555-0100 for the truth"


def later(**amount: float) -> str:
    return (datetime.now(UTC) + timedelta(**amount)).isoformat(timespec="seconds")


class Cast:
    """Everybody with a home of their own, and how they sign in."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        self.server = server
        self.homes: dict[str, Home] = {}
        self.screens: list[Terminal] = []

    def home(self, handle: str) -> Home:
        # where a full screen of the same person looks, too
        return self.homes.setdefault(handle, Home(self.folder / handle / "jamtui"))

    def invited(self, handle: str, role: str = "participant") -> Home:
        code = json.loads(self.server.admin("invite", "--role", role, "--json"))["code"]
        home = self.home(handle)
        (self.folder / handle).mkdir(exist_ok=True)
        words = ("--invite", "--handle", handle, "--store", "file")
        home.jamtui("login", self.server.url, *words, stdin=code + "\n")
        home.jamtui("sync")
        return home

    def screen(self, handle: str, *, size: tuple[int, int] = (120, 36)) -> Terminal:
        one = Terminal((), size, environment(self.folder / handle))
        self.screens.append(one)
        return one


@pytest.fixture
def cast(tmp_path: Path) -> Iterator[Cast]:
    server = Server(tmp_path / "jam.sqlite")
    one = Cast(tmp_path, server)
    yield one
    for screen in one.screens:
        screen.close()
    server.stop()


def objects(home: Home) -> dict[tuple[str, str], dict[str, Any]]:
    """What a mirror has, by type and id."""
    lines = home.jamtui("export", "--format", "jam").stdout.splitlines()
    return {(one["type"], one["data"].get("id", "")): one["data"] for one in map(json.loads, lines)}


def test_a_jam_from_schedule_to_archive(cast: Cast, figure: Callable[..., None]) -> None:
    server = cast.server

    # -- the organiser prepares it
    admin = server.admin
    admin(
        "jam", "create", "--title", "Fast Forward", "--slug", "fast-forward", "--opens", later(hours=1),
        "--closes", later(hours=3), "--grace", "30m",
    )  # fmt: skip
    admin("jam", "phase", "add", "ideas", "--title", "Ideas", "--starts", later(hours=1), "--guidance", "What is new?")
    admin(
        "jam", "phase", "add", "refining", "--title", "Refining", "--starts", later(hours=2),
        "--guidance", "Make the best better.", "--closed-to", "threads",
    )  # fmt: skip
    admin("forum", "add", "work", "--title", "How we work", "--brief", "What should change?")
    admin("forum", "add", "tools", "--title", "Tools", "--brief", "With what?")
    server.start()
    hosts = [cast.invited(handle, "host") for handle in HOSTS]
    mod = cast.invited("mia", "moderator")
    people = {handle: cast.invited(handle) for handle in (*PARTICIPANTS, "abe")}
    guest = cast.home("guest")
    (cast.folder / "guest").mkdir()
    guest.jamtui("login", server.url, "--guest")
    guest.jamtui("sync")

    # -- before it opens: hosts prepare, others read
    welcome = hosts[0].row("post", "--forum", "work", "--title", "Welcome", "--body", "Begin here.")["id"]
    early = people["p0"].jamtui("post", "--forum", "work", "--title", "Too early", "--body", "x", code=6)
    assert "opens" in early.stderr
    assert people["p0"].row("jam")["state"] == "scheduled"

    # -- it opens; a screen that was open all the time says so
    lurker = cast.screen("p9")
    lurker.wait_for("How we work")
    admin("jam", "open")
    hosts[0].jamtui("announce", "--body", "The Jam is open. Say what is on your mind.")
    poll = hosts[0].row("poll", "--question", "Fewer meetings?", "--choice", "Yes", "--choice", "No")["id"]
    lurker.wait_for("The Jam is open")
    for home in (guest, *people.values()):
        home.jamtui("sync")
    assert guest.jamtui("post", "--forum", "work", "--title", "Me too", "--body", "x", code=3).stderr

    # -- ten people write at once; each text is there once
    def write(handle: str) -> str:
        words = ("--forum", "work", "--title", f"Idea of {handle}", "--body", f"Text of {handle}.")
        written = str(people[handle].row("post", *words)["id"])
        people[handle].jamtui("reply", welcome, "--body", f"Hello from {handle}.")
        people[handle].jamtui("vote", welcome)
        return written

    with ThreadPoolExecutor(len(PARTICIPANTS)) as pool:
        ideas = dict(zip(PARTICIPANTS, pool.map(write, PARTICIPANTS), strict=True))
    hosts[0].jamtui("sync")
    assert hosts[0].rows("show", welcome)[0]["votes"] == {"up": 10}
    lurker.wait_for("11 threads · 21 posts")

    # -- the reader of the screen writes as well
    lurker.press("enter")
    lurker.wait_for("Idea of p")
    lurker.press("enter", "r")
    lurker.wait_for("Reply to")
    lurker.press(*"Written with keys.", "ctrl+s")
    lurker.wait(lambda screen: "Written with keys." in screen and "Reply to" not in screen)

    # -- a poll, one ballot each; one chooses anew
    with ThreadPoolExecutor(len(PARTICIPANTS)) as pool:
        list(pool.map(lambda handle: people[handle].jamtui("ballot", poll, "1"), PARTICIPANTS))
    people["p3"].jamtui("ballot", poll, "2")
    hosts[0].jamtui("sync")
    assert hosts[0].row("poll", poll)["counts"] == [9, 1]

    # -- ideas come together: tags that mean the same, links, a feature, a state
    first, second = ideas["p0"], ideas["p1"]
    people["p0"].jamtui("tag", first, "meeting")
    people["p1"].jamtui("tag", second, "meetings")
    hosts[0].jamtui("sync")
    hosts[0].jamtui("tag-merge", "meeting", "meetings")
    people["p2"].jamtui("sync")
    people["p2"].jamtui("connect", second, "duplicates", first)
    hosts[1].jamtui("sync")
    hosts[1].jamtui("feature", first, "--reason", "Three of you say so")
    hosts[1].jamtui("idea-state", first, "discussed")
    hosts[0].jamtui("sync")
    shown = hosts[0].rows("show", first)[0]
    assert shown["tags"] == ["meetings"]
    assert shown["featured"]["reason"] == "Three of you say so"
    assert shown["idea_state"] == "discussed"

    # -- an abuser: reported, hidden, suspended; the author and the reporter are told
    people["abe"].jamtui("sync")
    insult = people["abe"].row("reply", first, "--body", INSULT)["id"]
    people["p4"].jamtui("sync")
    people["p4"].jamtui("report", insult, "--reason", "abuse")
    assert "1 reported post to decide on: jamtui reports." in mod.jamtui("sync").stderr
    assert [row["post_id"] for row in mod.rows("reports")] == [insult]
    desk = cast.screen("mia")
    desk.wait_for("How we work")
    desk.press(":", *"reports", "enter")
    desk.wait_for("1 post to decide on")
    desk.press("h")  # the reason is that of the report
    desk.wait_for("Nothing waits")
    desk.press("escape")
    desk.wait(lambda screen: "Nothing waits" not in screen)
    desk.press("\x11")
    assert desk.wait_end() == 0
    mod.jamtui("moderate", "suspend", "@abe", "--until", later(hours=1), "--reason", "After a warning")
    assert "suspended" in people["abe"].jamtui("reply", welcome, "--body", "And again", code=6).stderr
    people["p4"].jamtui("sync")
    assert INSULT not in people["p4"].jamtui("show", first).stdout
    people["abe"].jamtui("sync")
    assert {"notices"} <= {reason for row in people["abe"].rows("inbox") for reason in row["reasons"]}

    # -- the second phase takes no new threads
    admin("jam", "phase", "set", "refining", "--starts", "now")
    people["p5"].jamtui("sync")
    assert people["p5"].jamtui("post", "--forum", "work", "--title", "One more", "--body", "x", code=6).stderr
    people["p5"].jamtui("reply", first, "--body", "Refined.")

    # -- somebody writes on a train, and the Jam closes before they are back
    people["p6"].jamtui("sync")
    server.stop()
    assert people["p6"].row("reply", first, "--body", "From the train.")["state"] == "queued"
    server.start()
    admin("jam", "close")
    people["p7"].jamtui("sync")
    assert people["p7"].jamtui("reply", first, "--body", "Too late", code=6).stderr
    people["p6"].jamtui("sync")
    assert people["p6"].rows("outbox") == []

    # -- the last words, the archive
    hosts[1].jamtui("sync")
    hosts[1].jamtui("idea-state", first, "chosen")
    admin("jam", "archive")
    mod.jamtui("sync")
    assert mod.row("jam")["state"] == "archived"

    # -- everybody has what the server has, and nobody has what was hidden
    there = {(kind, data.get("id", "")): data for kind, data in server.exported()}
    bodies = [data["body"] for (kind, _), data in there.items() if kind == "post"]
    assert bodies.count("From the train.") == bodies.count("Written with keys.") == 1
    assert all(bodies.count(f"Hello from {handle}.") == 1 for handle in PARTICIPANTS)
    homes = (*hosts, mod, guest, *people.values())
    for home in homes:
        home.jamtui("sync")
        assert objects(home) == there
    assert INSULT not in json.dumps(list(there.values()))
    lurker.press("\x11")
    assert lurker.wait_end() == 0
    figure(
        f"a whole Jam, {len(homes)} people: {len(there)} objects, each mirror as the server has it, 0 lost, 0 doubled"
    )
