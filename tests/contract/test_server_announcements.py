"""Announcements over the wire: who may make them, who sees them, and how they travel."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from api_client import errors
from api_client.client import JamClient
from api_client.tokens import FixedToken
from jamserver import objects, records
from jamserver.db import connect

Json = dict[str, Any]


def announce(client: httpx.Client, body: str = "We open in an hour.", new_id: str = "") -> httpx.Response:
    return client.put(f"/announcements/{new_id or uuid.uuid4()}", json={"body": body})


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def test_moderators_and_hosts_announce_and_everybody_reads(jam: Any) -> None:
    made = announce(jam.mod)
    assert made.status_code == 201, made.text
    first = made.json()
    assert set(first) == {"id", "author_id", "body", "created_at"}
    assert first["author_id"] == jam.mod.get("/me").json()["id"]
    assert jam.changes()[-1] | {"mark": ""} == {
        "seq": int(made.headers["jam-seq"]),
        "mark": "",
        "type": "announcement",
        "data": first,
    }
    assert refused(announce(jam.bob)) == (403, "forbidden")
    assert refused(announce(jam.guest)) == (401, "not_signed_in")
    bob = jam.bob.get("/me").json()["id"]
    jam.server.write(lambda tx: objects.set_role(tx, bob, "host"))
    second = announce(jam.bob, "Lunch.").json()
    for reader in (jam.guest, jam.ada, jam.mod):
        assert reader.get("/announcements").json() == {"items": [first, second], "next": None}
    page = jam.guest.get("/announcements", params={"limit": 1}).json()
    assert page["items"] == [first]
    rest = jam.guest.get("/announcements", params={"after": page["next"]}).json()
    assert rest == {"items": [second], "next": None}


def test_the_same_again_is_answered_and_not_made_twice(jam: Any) -> None:
    new_id = str(uuid.uuid4())
    first = announce(jam.mod, new_id=new_id)
    again = announce(jam.mod, new_id=new_id)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["jam-seq"] == first.headers["jam-seq"]
    assert refused(announce(jam.mod, "Other words.", new_id)) == (409, "id_taken")
    assert len(jam.guest.get("/announcements").json()["items"]) == 1


@pytest.mark.parametrize("body", ["", " \n", "x" * 2_001])
def test_an_announcement_has_a_text_of_bounded_length(jam: Any, body: str) -> None:
    assert refused(announce(jam.mod, body)) == (422, "invalid")
    assert refused(announce(jam.mod, new_id="no-uuid")) == (422, "invalid")
    assert jam.guest.get("/announcements").json()["items"] == []


def test_people_are_thanked_after_the_jam_has_closed(jam: Any) -> None:
    now = objects.decode(jam.guest.get("/jam").content)
    times = {"opens_at": "2001-01-01T00:00:00Z", "closes_at": "2001-01-02T00:00:00Z"}
    jam.server.write(lambda tx: objects.change_jam(tx, now | times))
    assert announce(jam.mod, "Thank you.").status_code == 201


def test_announcements_count_as_writes(start_jam: Callable[..., Any]) -> None:
    jam = start_jam(writes=1, writes_in=timedelta(minutes=5).total_seconds())
    assert announce(jam.mod).status_code == 201
    assert refused(announce(jam.mod)) == (429, "rate_limited")


def test_an_archive_carries_them_and_what_only_bears_the_name_is_kept_unlisted(
    jam: Any, start_server: Callable[..., Any], client: Any, tmp_path: Path
) -> None:
    first = announce(jam.mod, "Kept.").json()
    jam.server.stop()
    file = tmp_path / "out.jsonl"
    jamserver = [sys.executable, "-m", "jamserver"]
    export = [*jamserver, "export", "--db", str(jam.server.db), "-o", str(file)]
    subprocess.run(export, check=True, capture_output=True)
    odd = {"type": "announcement", "data": {"id": "x"}}
    with file.open("a") as out:
        out.write(json.dumps(odd) + "\n")
    db = tmp_path / "second.sqlite"
    subprocess.run([*jamserver, "import", str(file), "--db", str(db)], check=True, capture_output=True)
    reader = client(start_server(db).url)
    assert reader.get("/announcements").json()["items"] == [first]
    lines = [json.loads(line) for line in reader.get("/snapshot").text.splitlines()]
    assert [line["data"] for line in lines if line["type"] == "announcement"] == [first, odd["data"]]


async def test_the_client_announces_and_reads(jam: Any) -> None:
    new_id = str(uuid.uuid4())
    token = jam.mod.headers["Authorization"].removeprefix("Bearer ")
    async with JamClient(jam.url, tokens=FixedToken(token)) as moderator, JamClient(jam.url) as guest:
        made = await moderator.announce(new_id, "[Hello] *all*")
        assert await moderator.announce(new_id, "[Hello] *all*") == made
        page = await guest.announcements()
        assert (page.items, page.next) == ([made], None)
        with pytest.raises(errors.NotSignedIn):
            await guest.announce(str(uuid.uuid4()), "x")


def test_who_announced_and_moderators_withdraw_and_no_text_is_left(jam: Any) -> None:
    made = announce(jam.host, "A quagga is in the canteen.").json()
    path = f"/announcements/{made['id']}"
    assert refused(jam.guest.delete(path)) == (401, "not_signed_in")
    assert refused(jam.ada.delete(path)) == (403, "forbidden")
    assert refused(jam.mod.delete(f"/announcements/{uuid.uuid4()}")) == (404, "not_found")
    gone = jam.host.delete(path)
    frame = {name: made[name] for name in ("id", "author_id", "created_at")} | {"gone": True}
    assert (gone.status_code, gone.json()) == (200, frame)
    assert jam.changes()[-1]["data"] == frame
    assert int(gone.headers["jam-seq"]) == jam.changes()[-1]["seq"]
    for text in (jam.guest.get("/changes").text, jam.guest.get("/snapshot").text, jam.guest.get("/announcements").text):
        assert "quagga" not in text
    assert jam.guest.get("/announcements").json()["items"] == []
    before = len(jam.changes())
    assert jam.mod.delete(path).json() == frame, "what is gone already is no error"
    assert len(jam.changes()) == before
    assert refused(announce(jam.host, "A quagga is in the canteen.", made["id"])) == (409, "post_gone")
    other = announce(jam.mod, "Of a moderator.").json()
    assert refused(jam.host.delete(f"/announcements/{other['id']}")) == (403, "forbidden"), "another host's"
    host = jam.host.get("/me").json()["id"]
    mine = announce(jam.host, "Mine").json()
    jam.server.write(lambda tx: objects.set_role(tx, host, "participant"))
    assert refused(jam.host.delete(f"/announcements/{mine['id']}")) == (403, "forbidden"), "who hosts no longer"
    assert jam.mod.delete(f"/announcements/{mine['id']}").status_code == 200
    with contextlib.closing(connect(jam.server.db)) as db:
        assert not list(db.execute("SELECT 1 FROM others WHERE instr(data, 'quagga')"))


def test_who_announced_changes_the_text_and_nobody_else(jam: Any) -> None:
    made = announce(jam.host, "At two.").json()
    path = f"/announcements/{made['id']}"
    for other in (jam.ada, jam.mod):
        assert refused(other.patch(path, json={"body": "Mine."})) == (403, "forbidden")
    assert refused(jam.guest.patch(path, json={"body": "Mine."})) == (401, "not_signed_in")
    for body in ({"body": " "}, {"body": "x" * 2_001}, {"text": "x"}, {}):
        assert refused(jam.host.patch(path, json=body)) == (422, "invalid")
    assert refused(jam.host.patch(f"/announcements/{uuid.uuid4()}", json={"body": "x"})) == (404, "not_found")
    changed = jam.host.patch(path, json={"body": "At three."})
    assert changed.status_code == 200
    assert changed.json() == made | {"body": "At three.", "edited_at": changed.json()["edited_at"]}
    assert jam.changes()[-1]["data"] == changed.json()
    assert int(changed.headers["jam-seq"]) == jam.changes()[-1]["seq"]
    assert jam.guest.get("/announcements").json()["items"] == [changed.json()]
    before = len(jam.changes())
    assert jam.host.patch(path, json={"body": "At three."}).json() == changed.json()
    again = announce(jam.host, "At two.", made["id"])
    assert (again.status_code, again.json()) == (200, changed.json()), "a repeat of what made it"
    assert len(jam.changes()) == before
    jam.host.delete(path).raise_for_status()
    assert refused(jam.host.patch(path, json={"body": "At four."})) == (409, "post_gone")
    mine = announce(jam.host, "Mine").json()
    host = jam.host.get("/me").json()["id"]
    jam.server.write(lambda tx: objects.set_role(tx, host, "participant"))
    assert refused(jam.host.patch(f"/announcements/{mine['id']}", json={"body": "x"})) == (403, "forbidden")


def test_what_a_moderator_takes_away_of_others_stands_in_the_audit_log_and_is_told_to_them(jam: Any) -> None:
    alert = announce(jam.host, "A quagga is in the canteen.").json()
    poll = jam.host.put(f"/polls/{uuid.uuid4()}", json={"question": "Tea?", "choices": ["Yes", "No"]}).json()
    host, mod = (who.get("/me").json()["id"] for who in (jam.host, jam.mod))
    for path in (f"/announcements/{alert['id']}", f"/polls/{poll['id']}"):
        for _ in range(2):  # what is gone already is not done again
            jam.mod.delete(path).raise_for_status()
    acts = jam.mod.get("/moderation").json()["items"]
    assert [(one["act"], one["by_id"], one["person_id"], one["record_id"]) for one in acts] == [
        ("withdraw", mod, host, alert["id"]),
        ("remove-poll", mod, host, poll["id"]),
    ]
    assert "quagga" not in json.dumps(acts)
    assert [one["kind"] for one in jam.host.get("/me/desk").json()["notices"]] == ["remove-poll", "withdraw"]
    assert mod not in json.dumps(jam.host.get("/me/desk").json()["notices"]), "never who did it"
    undo = {"act": "undo", "of": acts[0]["id"]}
    assert refused(jam.mod.put(f"/moderation/{uuid.uuid4()}", json=undo)) == (422, "invalid"), "its text is gone"
    own = announce(jam.mod, "Of a moderator.").json()
    jam.mod.delete(f"/announcements/{own['id']}").raise_for_status()
    assert len(jam.mod.get("/moderation").json()["items"]) == 2, "one's own is nobody's business"


def test_moderators_take_words_out_of_an_archived_jam_and_hosts_no_longer(jam: Any) -> None:
    alert = announce(jam.host, "Mine").json()
    poll = jam.host.put(f"/polls/{uuid.uuid4()}", json={"question": "Tea?", "choices": ["Yes", "No"]}).json()
    times = {
        "opens_at": "2001-01-01T00:00:00Z",
        "closes_at": "2001-01-02T00:00:00Z",
        "archived_at": "2001-01-03T00:00:00Z",
    }
    now = objects.decode(jam.guest.get("/jam").content)
    jam.server.write(lambda tx: objects.change_jam(tx, now | times))
    for path in (f"/announcements/{alert['id']}", f"/polls/{poll['id']}"):
        assert refused(jam.host.delete(path)) == (403, "jam_closed"), path
        assert jam.mod.delete(path).json()["gone"] is True, path
    assert refused(jam.host.patch(f"/announcements/{alert['id']}", json={"body": "x"})) == (409, "post_gone")


def test_an_announcement_of_an_archive_whose_id_has_a_slash_is_withdrawn(jam: Any) -> None:
    author = jam.host.get("/me").json()["id"]
    odd = {"id": "2014/a b%2F/é", "author_id": author, "body": "Old.", "created_at": "2014-01-01T00:00:00Z"}
    jam.server.write(lambda tx: records.put(tx, "announcement", str(odd["id"]), odd))
    path = f"/announcements/{quote(str(odd['id']), safe='')}"
    assert refused(jam.ada.delete(path)) == (403, "forbidden")
    assert jam.mod.delete(path).json()["gone"] is True
    assert jam.guest.get("/announcements").json()["items"] == []
    assert refused(jam.mod.delete("/announcements/2014%2Fnone")) == (404, "not_found")
    assert refused(jam.guest.get("/%2F%2f")) == (404, "not_found")
