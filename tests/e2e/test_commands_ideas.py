"""Ideas that converge from the command line, against a real server: what one says, another reads; queued while the
server is away; refused in words; and in an export."""

from __future__ import annotations

import json
from typing import Any


def test_what_one_says_of_threads_and_links_another_reads(
    ana_home: Any, bob_home: Any, jam_server: Any, tmp_path: Any
) -> None:
    new = ("post", "--forum", "klimarat", "--anyway")
    one = ana_home.row(*new, "--title", "Schatten für jede Straße", "--body", "Bäume.")["id"]
    two = ana_home.row(
        *new, "--title", "Wer pflegt die Bäume?", "--body", "Und wann?", "--kind", "question",
        "--link", f"builds-on:{one}",
    )["id"]  # fmt: skip
    ana_home.jamtui("sync")
    bob_home.jamtui("sync")
    (seen,) = bob_home.rows("show", two)
    assert seen["kind"] == "question"
    assert seen["links"] == [{"kind": "builds_on", "direction": "out", "id": one, "gone": False}]
    assert bob_home.rows("show", one)[0]["kind"] == "idea"
    assert "← built on by: Wer pflegt die Bäume?" in bob_home.jamtui("show", one).stdout

    # What is like a new thread is told on standard error, and a script is not held up.
    told = bob_home.jamtui("post", "--forum", "klimarat", "--title", "Schatten für die Straßen", "--body", "Mehr.")
    assert "There is something like it already" in told.stderr
    assert told.stdout.startswith("sent ")

    # Only hosts sort: refused before anything is sent, then by what the Jam says of one's role.
    refused = bob_home.jamtui("idea-state", one, "refined", code=6)
    assert "only hosts of this forum and moderators" in refused.stderr.lower()
    assert bob_home.jamtui("feature", one, "--reason", "Good", code=6).stdout == ""
    assert "somebody else's" in bob_home.jamtui("kind", one, "question", code=6).stderr
    jam_server.admin("person", "role", "bob", "host")
    bob_home.jamtui("sync")
    assert "not an idea" in bob_home.jamtui("idea-state", two, "refined", code=2).stderr
    assert bob_home.row("idea-state", one, "refined")["state"] == "sent"
    assert bob_home.row("feature", one, "--reason", "Says where, and when.")["state"] == "sent"
    assert bob_home.row("feature", one, "--reason", "Says where, and when.")["state"] in ("sent", "nothing")
    ana_home.jamtui("sync")
    assert [row["id"] for row in ana_home.rows("threads", "--state", "refined", "--featured")] == [one]
    (row,) = ana_home.rows("featured")
    assert (row["id"], row["featured"]["reason"]) == (one, "Says where, and when.")
    whole = ana_home.rows("ideas")[-1]
    assert (whole["forum"], whole["refined"]) == (None, 1)
    assert "Klimarat\t2\t1\t0\t1\t0" in ana_home.jamtui("ideas").stdout

    # A link is taken away by who put it, and is in an export as a record.
    assert bob_home.row("connect", two, "answers", one)["state"] == "sent"
    ana_home.jamtui("sync")
    out = ana_home.jamtui("export", "--format", "jam").stdout
    links = [json.loads(line)["data"] for line in out.splitlines() if line.startswith('{"type":"link"')]
    assert {(link["kind"], link["to_id"]) for link in links} == {("builds_on", one), ("answers", one)}
    assert ana_home.row("connect", two, "answers", one, "--remove")["state"] == "sent"
    assert [link["kind"] for link in ana_home.rows("show", two)[0]["links"]] == ["builds_on"]
    assert "no such link" in ana_home.jamtui("connect", two, "objects", one, "--remove", code=5).stderr

    # Off line it waits, shows at once, and goes out once.
    jam_server.stop()
    assert ana_home.row("kind", two, "discussion")["state"] == "queued"
    assert ana_home.row("connect", one, "objects", two)["state"] == "queued"
    assert ana_home.rows("show", two)[0]["kind"] == "discussion"
    jam_server.start()
    ana_home.jamtui("sync")
    assert ana_home.rows("outbox") == []
    bob_home.jamtui("sync")
    (seen,) = bob_home.rows("show", two)
    assert (seen["kind"], [link["kind"] for link in seen["links"]]) == ("discussion", ["builds_on", "objects"])
