"""Reports and acts of moderation over the wire: what each does, who may, and that all but removal can be undone."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from acts import Json, act, code, done, undone

from jamserver import accounts, objects, standing

LATER = (datetime.now(UTC) + timedelta(days=2)).isoformat()


def report(client: httpx.Client, post: Json, reason: str = "spam", **fields: Any) -> httpx.Response:
    return client.put(f"/reports/{uuid.uuid4()}", json={"post_id": post["id"], "reason": reason, **fields})


def me(client: httpx.Client) -> str:
    return str(client.get("/me").json()["id"])


def desk(client: httpx.Client) -> Json:
    return dict(client.get("/me/desk").json())


def post_of(jam: Any, post: Json | str) -> Json:
    return dict(jam.guest.get(f"/posts/{post['id'] if isinstance(post, dict) else post}").json())


def forum(jam: Any, slug: str = "second") -> Json:
    raw = jam.server.write(lambda tx: objects.add_forum(tx, uuid.uuid4(), slug, slug.title(), ""))
    return objects.decode(raw)


def state(jam: Any, fold: Callable[..., Any]) -> dict[str, Json]:
    """All posts as the folded log has them, but for what a change always raises."""
    found = {key[1]: dict(data) for key, data in fold(jam.changes()).items() if key[0] == "post"}
    for data in found.values():
        data.pop("version")
    return found


# -- each act and its undo


@pytest.mark.parametrize("kind", ["hide", "lock", "move", "merge"])
def test_an_act_undone_leaves_everything_as_it_was(
    jam: Any, fold: Callable[..., Any], kind: str, figure: Callable[..., None]
) -> None:
    other = forum(jam)
    thread = jam.thread(tags=["one", "two"])
    jam.reply(jam.reply(thread))
    target = jam.thread(title="The other one")
    to = {"move": {"to": other["id"]}, "merge": {"to": target["id"]}}.get(kind, {})
    before = state(jam, fold)
    one = done(jam.mod, kind, thread, **to)
    assert state(jam, fold) != before
    undone(jam.mod, one)
    assert state(jam, fold) == before
    rows = jam.mod.get("/moderation").json()["items"]
    assert [row["act"] for row in rows] == [kind, "undo"]
    assert rows[0]["undone_by"] == rows[1]["id"]
    kinds = [notice["kind"] for notice in desk(jam.ada)["notices"]]
    assert kinds == ["undone", kind]
    assert me(jam.mod) not in json.dumps(desk(jam.ada))
    figure(f"{kind} and undo: the folded log is what it was, 0 posts of {len(before)} differ")


def test_a_hidden_text_is_nowhere_but_with_its_author_and_moderators(jam: Any) -> None:
    thread = jam.thread(title="CANARY title", body="CANARY body", tags=["canary-tag"])
    jam.reply(thread)
    cursor = jam.head()
    done(jam.mod, "hide", thread)
    hidden = post_of(jam, thread)
    assert (hidden["state"], hidden["title"], hidden["body"], hidden["tags"]) == ("hidden", "", "", [])
    everything = jam.guest.get("/snapshot").text + json.dumps(jam.changes())
    everything += jam.guest.get("/tags").text + jam.guest.get("/posts").text + json.dumps(desk(jam.bob))
    assert "canary" not in everything.lower()
    for reader in (jam.ada, jam.mod):
        assert [one["body"] for one in desk(reader)["hidden"]] == ["CANARY body"]
    assert jam.guest.get("/changes", params={"after": cursor}).status_code == 200
    assert code(jam.bob.put(f"/posts/{thread['id']}/vote")) == (409, "post_gone")
    done(jam.mod, "unhide", thread)
    shown = post_of(jam, thread)
    assert (shown["title"], shown["body"], shown["tags"]) == ("CANARY title", "CANARY body", ["canary-tag"])
    assert "state" not in shown
    assert shown["version"] == 3
    assert "hidden" not in desk(jam.ada)


def test_removal_is_final_and_takes_a_hidden_text_along(jam: Any) -> None:
    thread = jam.thread(body="CANARY")
    hidden = done(jam.mod, "hide", thread)
    removed = done(jam.mod, "remove", thread)
    assert post_of(jam, thread)["state"] == "removed"
    assert code(act(jam.mod, "undo", of=removed["id"])) == (422, "invalid")
    assert code(act(jam.mod, "undo", of=hidden["id"])) == (409, "act_overtaken")
    assert code(act(jam.mod, "unhide", thread)) == (409, "post_gone")
    assert b"CANARY" not in jam.server.db.read_bytes()
    mine = jam.thread(body="CANARY")  # what its author takes back while it is hidden does not come again either
    hidden = done(jam.mod, "hide", mine)
    assert jam.ada.delete(f"/posts/{mine['id']}", headers={"If-Match": "*"}).json()["state"] == "deleted"
    assert code(act(jam.mod, "undo", of=hidden["id"])) == (409, "act_overtaken")


def test_the_delete_of_a_moderator_is_an_act_too(jam: Any) -> None:
    thread = jam.thread()
    report(jam.bob, thread)
    jam.mod.delete(f"/posts/{thread['id']}", headers={"If-Match": "*"}).raise_for_status()
    assert [row["act"] for row in jam.mod.get("/moderation").json()["items"]] == ["remove"]
    assert desk(jam.bob)["reports"][0]["state"] == "acted"
    assert [one["kind"] for one in desk(jam.ada)["notices"]] == ["remove"]


def test_a_locked_thread_takes_nothing_but_from_hosts_and_moderators(jam: Any) -> None:
    thread = jam.thread()
    mine = jam.reply(thread)
    done(jam.mod, "lock", thread)
    assert post_of(jam, thread)["locked"] is True
    locked = (403, "post_locked")
    content = {"parent_id": thread["id"], "body": "More"}
    assert code(jam.bob.put(f"/posts/{uuid.uuid4()}", json=content)) == locked
    assert code(jam.bob.patch(f"/posts/{mine['id']}", json={"body": "x"}, headers={"If-Match": '"1"'})) == locked
    assert code(jam.bob.put(f"/posts/{thread['id']}/tags/x")) == locked
    assert code(jam.bob.put(f"/posts/{mine['id']}/links/builds_on/{jam.thread()['id']}")) == locked
    assert jam.bob.put(f"/posts/{thread['id']}/vote").status_code == 200
    for client in (jam.mod, jam.host):
        assert client.put(f"/posts/{uuid.uuid4()}", json=content).status_code == 201
    assert jam.bob.delete(f"/posts/{mine['id']}", headers={"If-Match": "*"}).status_code == 200
    jam.server.write(lambda tx: tx.db.execute("UPDATE forums SET data = json_set(data, '$.host_ids', json('[\"x\"]'))"))
    assert code(jam.host.put(f"/posts/{uuid.uuid4()}", json=content)) == locked
    done(jam.mod, "unlock", thread)
    assert "locked" not in post_of(jam, thread)
    assert jam.bob.put(f"/posts/{uuid.uuid4()}", json=content).status_code == 201


def test_a_reply_on_its_way_arrives_where_its_thread_is_now(jam: Any) -> None:
    """Sent before the move, with the forum of then, its answer lost: the same again is answered, not refused."""
    other, thread, target = forum(jam), jam.thread(), jam.thread()
    post_id = str(uuid.uuid4())
    content = {"parent_id": thread["id"], "body": "On a train"}
    first = jam.bob.put(f"/posts/{post_id}", json=content)
    done(jam.mod, "move", thread, to=other["id"])
    again = jam.bob.put(f"/posts/{post_id}", json=content)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["forum_id"] == other["id"]
    done(jam.mod, "merge", thread, to=target["id"])
    assert jam.bob.put(f"/posts/{post_id}", json=content).json()["thread_id"] == target["id"]
    late = jam.bob.put(f"/posts/{uuid.uuid4()}", json=content).json()
    assert (late["thread_id"], late["forum_id"]) == (target["id"], jam.forum["id"])


# -- merges


def shape(jam: Any) -> dict[str, tuple[str, str | None]]:
    posts = jam.guest.get("/posts", params={"limit": 200}).json()["items"]
    return {post["id"]: (post["thread_id"], post["parent_id"]) for post in posts}


def test_merges_of_merges_split_again_in_any_order(jam: Any, fold: Callable[..., Any]) -> None:
    threads = [jam.thread(title=f"T{n}") for n in range(3)]
    replies = [jam.reply(thread) for thread in threads]
    before = shape(jam)
    a, b, c = (thread["id"] for thread in threads)
    first = done(jam.mod, "merge", a, to=b)  # the older one under the younger one
    assert post_of(jam, a)["merged_from"] == {"thread_id": a, "title": "T0"}
    assert "title" not in post_of(jam, a)
    second = done(jam.mod, "merge", b, to=c)
    assert {thread for thread, _ in shape(jam).values()} == {c}
    for wrong, to in ((c, c), (c, a), (c, b), (a, c)):  # itself, itself by what was merged into it, no opener
        assert code(act(jam.mod, "merge", wrong, to=to)) == (422, "invalid")
    snapshot = [json.loads(line) for line in jam.guest.get("/snapshot").text.splitlines()]
    seen: set[str] = set()
    for line in snapshot:
        if line["type"] == "post":
            assert line["data"]["parent_id"] in {None, *seen}
            seen.add(line["data"]["id"])
    late = jam.reply(replies[0])  # what is written meanwhile under a merged post belongs to its thread
    undone(jam.mod, first)
    assert post_of(jam, a)["title"] == "T0"
    assert post_of(jam, late)["thread_id"] == a
    assert post_of(jam, b)["thread_id"] == c
    undone(jam.mod, second)
    now = shape(jam)
    assert now.pop(late["id"]) == (a, replies[0]["id"])
    assert now == before
    assert {data["thread_id"] for key, data in fold(jam.changes()).items() if key[0] == "post"} == {a, b, c}


def test_merging_into_what_was_merged_means_where_it_is_now(jam: Any) -> None:
    a, b, c = (jam.thread()["id"] for _ in range(3))
    done(jam.mod, "merge", a, to=b)
    done(jam.mod, "merge", c, to=a)
    assert post_of(jam, c)["parent_id"] == b


def test_a_change_of_a_title_that_meets_a_merge_is_kept(jam: Any) -> None:
    a, b = jam.thread(title="Before"), jam.thread()
    one = done(jam.mod, "merge", a, to=b["id"])
    edit = {"title": "After", "body": "new"}
    assert jam.ada.patch(f"/posts/{a['id']}", json=edit, headers={"If-Match": '"1"'}).status_code == 200
    assert post_of(jam, a)["merged_from"]["title"] == "After"
    undone(jam.mod, one)
    assert post_of(jam, a)["title"] == "After"


def test_a_title_hidden_or_removed_while_merged_is_gone_from_the_log(jam: Any) -> None:
    a, b = jam.thread(title="CANARY"), jam.thread()
    merged = done(jam.mod, "merge", a, to=b["id"])
    hidden = done(jam.mod, "hide", a)
    assert "CANARY" not in json.dumps(jam.changes())
    undone(jam.mod, merged)
    assert "CANARY" not in json.dumps(jam.changes())
    undone(jam.mod, hidden)
    assert post_of(jam, a)["title"] == "CANARY"
    done(jam.mod, "merge", a, to=b["id"])
    done(jam.mod, "remove", a)
    assert "CANARY" not in json.dumps(jam.changes())  # a read that may be in the way of erasing it, for a moment
    end = time.monotonic() + 30
    while b"CANARY" in jam.server.db.read_bytes() and time.monotonic() < end:
        time.sleep(0.05)
    assert b"CANARY" not in jam.server.db.read_bytes()


# -- people


def test_a_suspended_person_reads_and_writes_nothing(jam: Any, figure: Callable[..., None]) -> None:
    thread, ada = jam.thread(), me(jam.ada)
    post_id, key = str(uuid.uuid4()), {"Idempotency-Key": "k"}
    content = {"forum_id": jam.forum["id"], "title": "T", "body": "B"}
    jam.ada.put(f"/posts/{post_id}", json=content).raise_for_status()
    jam.ada.put(f"/posts/{thread['id']}/vote", headers=key).raise_for_status()
    one = done(jam.mod, "suspend", person_id=ada, until=LATER, reason="Insults.")
    refused = 0
    for answer in (
        jam.ada.put(f"/posts/{uuid.uuid4()}", json=content),
        jam.ada.patch(f"/posts/{post_id}", json={"body": "x"}, headers={"If-Match": "*"}),
        jam.ada.delete(f"/posts/{post_id}", headers={"If-Match": "*"}),
        jam.ada.put(f"/posts/{post_id}/vote"),
        jam.ada.put(f"/posts/{post_id}/tags/x"),
        jam.ada.delete(f"/posts/{post_id}/tags/x"),
        report(jam.ada, thread),
        jam.ada.patch("/me", json={"about": "x"}),
        jam.ada.put(f"/announcements/{uuid.uuid4()}", json={"body": "x"}),
        act(jam.ada, "hide", thread),
    ):
        assert code(answer) == (403, "suspended")
        assert "Insults." in answer.json()["detail"]
        refused += 1
    # a key that was used lets in that write alone, whatever another one may be
    for answer in (
        jam.ada.put(f"/posts/{uuid.uuid4()}", json=content, headers=key),
        jam.ada.patch(f"/posts/{post_id}", json={"body": "x"}, headers=key | {"If-Match": "*"}),
        jam.ada.delete(f"/posts/{post_id}", headers=key | {"If-Match": "*"}),
        jam.ada.put(f"/posts/{post_id}/vote", headers=key),
        jam.ada.delete(f"/posts/{thread['id']}/vote", headers=key),
        jam.ada.put(f"/posts/{post_id}/tags/x", headers=key),
        jam.ada.put(f"/posts/{post_id}/links/answers/{thread['id']}", headers=key),
        jam.ada.patch("/me", json={"about": "x"}, headers=key),
    ):
        assert code(answer) == (403, "suspended")
        refused += 1
    # what was written before, its answer lost, is answered
    assert jam.ada.put(f"/posts/{post_id}", json=content).status_code == 200
    assert jam.ada.put(f"/posts/{thread['id']}/vote", headers=key).status_code == 200
    assert jam.ada.get("/changes").status_code == 200
    assert desk(jam.ada)["suspended"]["reason"] == "Insults."
    assert [row["person_id"] for row in desk(jam.mod)["suspensions"]] == [ada]
    undone(jam.mod, one)
    assert jam.ada.put(f"/posts/{uuid.uuid4()}", json=content).status_code == 201
    assert "suspended" not in desk(jam.ada)
    figure(f"a suspended person: {refused} of {refused} writes refused, reading stays")


def test_undoing_what_came_of_a_post_is_about_the_person(jam: Any) -> None:
    """Suspended from a post, as the dialog does it: the act names both."""
    post, ada = jam.thread(), me(jam.ada)
    one = done(jam.mod, "suspend", post, person_id=ada, until=LATER, reason="Insults.")
    undone(jam.mod, one)
    assert "suspended" not in desk(jam.ada)
    assert jam.ada.put(f"/posts/{post['id']}/vote").status_code == 200
    done(jam.mod, "suspend", post, person_id=ada, until=LATER, reason="Insults.")
    over = done(jam.mod, "unsuspend", post, person_id=ada)
    undone(jam.mod, over)
    assert [row["person_id"] for row in desk(jam.mod)["suspensions"]] == [ada]
    assert desk(jam.ada)["suspended"]["reason"] == "Insults."


def test_a_suspension_ends_by_itself_and_sign_in_tells_of_it(jam: Any) -> None:
    ada = me(jam.ada)
    jam.server.write(lambda tx: accounts.set_password(tx, ada, accounts.hash_password("correct horse")))
    done(jam.mod, "suspend", person_id=ada, until=LATER)
    sign_in = {"handle": "ada", "password": "correct horse"}
    assert jam.guest.post("/auth/password", json=sign_in).json()["suspended"]["reason"] == "Because."
    jam.server.write(lambda tx: standing.suspend(tx, ada, datetime.now(UTC) - timedelta(seconds=1), "Over."))
    assert "suspended" not in jam.guest.post("/auth/password", json=sign_in).json()
    assert jam.thread()["id"]


def test_undoing_suspends_no_moderator(jam: Any) -> None:
    """Who was suspended, and became a moderator after that was lifted."""
    bob = me(jam.bob)
    done(jam.mod, "suspend", person_id=bob, until=LATER)
    lifted = done(jam.mod, "unsuspend", person_id=bob)
    jam.server.write(lambda tx: objects.set_role(tx, bob, "moderator"))
    assert code(act(jam.mod, "undo", of=lifted["id"])) == (403, "forbidden")
    assert "suspended" not in desk(jam.bob)


def test_who_has_done_very_much_still_keeps_harm_away(start_jam: Any) -> None:
    """A thread of thousands of long posts, made to be moved, would take the moderator's day."""
    jam = start_jam(day_writes=3, day_of_hosts=1)
    thread = jam.thread()
    for reply in [jam.reply(thread, by=jam.mod) for _ in range(3)]:
        assert reply["id"]
    assert code(act(jam.mod, "unlock", thread)) == (429, "rate_limited")
    ada = me(jam.ada)
    for kind in ("hide", "remove"):
        done(jam.mod, kind, thread)
    done(jam.mod, "warn", person_id=ada)
    done(jam.mod, "suspend", person_id=ada, until=LATER)
    assert code(jam.mod.put(f"/posts/{uuid.uuid4()}/vote")) == (429, "rate_limited")


def test_the_rules_between_moderators(jam: Any) -> None:
    mod, bob = me(jam.mod), me(jam.bob)
    jam.server.write(lambda tx: objects.set_role(tx, bob, "moderator"))
    own = jam.thread(by=jam.mod)
    forbidden = (403, "forbidden")
    assert code(act(jam.bob, "warn", person_id=mod)) == forbidden
    assert code(act(jam.bob, "suspend", person_id=mod, until=LATER)) == forbidden
    assert code(act(jam.mod, "warn", person_id=mod)) == forbidden
    hidden = done(jam.bob, "hide", own)
    assert code(act(jam.mod, "unhide", own)) == forbidden
    assert code(act(jam.mod, "undo", of=hidden["id"])) == forbidden
    undone(jam.bob, hidden)
    said = report(jam.ada, own).json()
    assert desk(jam.mod)["queue"] == []
    assert len(desk(jam.bob)["queue"]) == 1
    assert code(jam.mod.patch(f"/reports/{said['id']}", json={"state": "dismissed"})) == forbidden


def test_hosts_lock_move_and_merge_in_their_forums_only(jam: Any) -> None:
    other, thread = forum(jam), jam.thread()
    host, own = me(jam.host), jam.forum["id"]
    jam.server.write(
        lambda tx: tx.db.execute("UPDATE forums SET data = json_set(data, '$.host_ids', json_array(?)) WHERE id = ?",
                                 (host, own))
    )  # fmt: skip
    jam.server.write(
        lambda tx: tx.db.execute("UPDATE forums SET data = json_set(data, '$.host_ids', json_array('x')) WHERE id = ?",
                                 (other["id"],))
    )  # fmt: skip
    for kind, fields in (("hide", {}), ("remove", {}), ("warn", {"person_id": me(jam.ada)})):
        assert code(act(jam.host, kind, thread, **fields)) == (403, "forbidden")
    assert code(act(jam.host, "move", thread, to=other["id"])) == (403, "forbidden")
    locked = done(jam.host, "lock", thread)
    assert [one["id"] for one in desk(jam.host)["audit"]] == [locked["id"]]
    undone(jam.host, locked)
    merged = done(jam.host, "merge", thread, to=jam.thread()["id"])
    done(jam.mod, "undo", of=merged["id"])
    done(jam.mod, "move", thread, to=other["id"])
    assert code(act(jam.host, "lock", thread)) == (403, "forbidden")
    assert code(jam.host.get("/moderation")) == (403, "forbidden")


# -- reports


def test_a_report_is_made_once_decided_once_and_told_of(jam: Any) -> None:
    thread, report_id = jam.thread(), str(uuid.uuid4())
    content = {"post_id": thread["id"], "reason": "abuse", "note": "See the second line."}
    first = jam.bob.put(f"/reports/{report_id}", json=content)
    again = jam.bob.put(f"/reports/{report_id}", json=content)
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert code(jam.bob.put(f"/reports/{report_id}", json=content | {"note": "Other"})) == (409, "id_taken")
    assert code(report(jam.bob, thread)) == (409, "report_taken")
    report(jam.host, thread).raise_for_status()
    assert [one["person_id"] for one in desk(jam.mod)["queue"]] == [me(jam.host), me(jam.bob)]  # the latest first
    decided = jam.mod.patch(f"/reports/{report_id}", json={"state": "dismissed"})
    assert decided.json()["state"] == "dismissed"
    assert desk(jam.mod)["queue"] == []
    for reporter in (jam.bob, jam.host):
        assert [(one["kind"], one["state"]) for one in desk(reporter)["notices"]] == [("report", "dismissed")]
    assert "notices" not in desk(jam.ada)
    row = jam.mod.get("/moderation").json()["items"][0]
    assert row["act"] == "dismiss"
    undone(jam.mod, row)
    assert len(desk(jam.mod)["queue"]) == 2
    for reporter in (jam.bob, jam.host):  # who was told of a decision is told that it does not hold
        assert [(one["kind"], one["state"]) for one in desk(reporter)["notices"]][:1] == [("report", "open")]
    hidden = done(jam.mod, "hide", thread)
    assert [(one["state"], one["act"]) for one in desk(jam.bob)["notices"][:1]] == [("acted", "hide")]
    assert desk(jam.mod)["queue"] == []
    jam.host.delete("/me", params={"posts": "keep"}).raise_for_status()  # and with them their report
    undone(jam.mod, hidden)
    assert [one["person_id"] for one in desk(jam.mod)["queue"]] == [me(jam.bob)]
    assert desk(jam.bob)["notices"][0]["state"] == "open"


def test_nobody_is_counted_twice_when_a_decision_is_undone(jam: Any) -> None:
    """Who reported a post anew after their first report of it was dismissed."""
    thread = jam.thread()
    first = report(jam.bob, thread).json()
    jam.mod.patch(f"/reports/{first['id']}", json={"state": "dismissed"}).raise_for_status()
    dismissed = jam.mod.get("/moderation").json()["items"][-1]
    again = report(jam.bob, thread).json()
    undone(jam.mod, dismissed)
    assert [(one["id"], one["people"]) for one in desk(jam.mod)["queue"]] == [(again["id"], 1)]


def test_only_a_moderator_decides_on_reports_by_an_act_and_not_on_their_own(jam: Any) -> None:
    def waiting() -> set[str]:
        sql = "SELECT post_id FROM reports WHERE state = 'open'"
        return set(jam.server.write(lambda tx: [row[0] for row in tx.db.execute(sql)]))

    mine, its = jam.thread(by=jam.host), jam.thread(by=jam.mod)
    for post in (mine, its):
        assert report(jam.bob, post).status_code == 201
    for client, post in ((jam.host, mine), (jam.mod, its)):
        done(client, "lock", post)
        done(client, "unlock", post)
    assert waiting() == {mine["id"], its["id"]}
    done(jam.mod, "lock", mine)
    assert waiting() == {its["id"]}


def test_what_came_hidden_with_an_archive_has_no_text_to_be_shown(jam: Any) -> None:
    post = jam.thread()
    done(jam.mod, "hide", post)
    jam.server.write(lambda tx: tx.db.execute("DELETE FROM hidden"))
    assert code(act(jam.mod, "unhide", post)) == (409, "post_gone")


@pytest.mark.parametrize("until", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_is_none_in_utc_is_refused(jam: Any, until: str) -> None:
    assert code(act(jam.mod, "suspend", person_id=me(jam.ada), until=until)) == (422, "invalid")
    poll = {"question": "When?", "choices": ["Now", "Later"], "closes_at": until}
    assert code(jam.mod.put(f"/polls/{uuid.uuid4()}", json=poll)) == (422, "invalid")


def test_bad_reports_and_acts_are_refused_in_words(jam: Any) -> None:
    thread, mod = jam.thread(), me(jam.mod)
    reply = jam.reply(thread)
    assert code(report(jam.ada, thread)) == (422, "invalid")
    assert code(report(jam.bob, thread, "because")) == (422, "invalid")
    assert code(report(jam.bob, thread, note="x" * 1_001)) == (422, "invalid")
    assert code(report(jam.bob, {"id": str(uuid.uuid4())})) == (404, "not_found")
    assert code(report(jam.bob, thread, who="x")) == (422, "invalid")
    wrong: list[tuple[str, Json]] = [
        ("hide", {}), ("hide", {"post_id": thread["id"], "to": "x"}), ("move", {"post_id": thread["id"]}),
        ("move", {"post_id": thread["id"], "to": "nowhere"}), ("move", {"post_id": reply["id"], "to": "x"}),
        ("lock", {"post_id": reply["id"]}), ("merge", {"post_id": thread["id"], "to": thread["id"]}),
        ("merge", {"post_id": thread["id"], "to": reply["id"]}), ("warn", {}),
        ("suspend", {"person_id": me(jam.bob)}), ("hide", {"post_id": thread["id"], "reason": " "}),
        ("suspend", {"person_id": me(jam.bob), "until": "2001-01-01T00:00:00Z"}),
        ("suspend", {"person_id": me(jam.bob), "until": "9999-12-31T23:59:59Z"}),
        ("warn", {"person_id": me(jam.bob), "post_id": thread["id"]}), ("undo", {}), ("undo", {"of": mod, "to": mod}),
        ("burn", {"post_id": thread["id"]}),
    ]  # fmt: skip
    for kind, fields in wrong:
        assert code(act(jam.mod, kind, **fields)) == (422, "invalid"), (kind, fields)
    for kind, fields in (("hide", {"post_id": "x"}), ("warn", {"person_id": "x"}), ("undo", {"of": "x"})):
        assert code(act(jam.mod, kind, **fields)) == (404, "not_found")
    assert jam.mod.get("/moderation").json() == {"items": [], "next": None}


def test_an_act_is_done_once(jam: Any) -> None:
    thread, act_id = jam.thread(), str(uuid.uuid4())
    body = {"act": "lock", "post_id": thread["id"], "reason": "Enough."}
    first = jam.mod.put(f"/moderation/{act_id}", json=body)
    again = jam.mod.put(f"/moderation/{act_id}", json=body)
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert first.headers["jam-seq"] == again.headers["jam-seq"] != "0"
    assert code(jam.mod.put(f"/moderation/{act_id}", json=body | {"reason": "x"})) == (409, "id_taken")
    twice = done(jam.mod, "lock", thread)  # by another, at the same moment: nothing to do, and nothing to undo
    assert twice["changed"] is False
    undone(jam.mod, twice)
    assert post_of(jam, thread)["locked"] is True


# -- new accounts, an abuser, and what others may not see


def joined(jam: Any, client: Any, handle: str = "eve", role: str = "participant") -> httpx.Client:
    invite = jam.server.write(lambda tx: accounts.new_invite(tx, role))
    token = jam.guest.post("/auth/invite", json={"code": invite, "handle": handle}).json()["access_token"]
    return client(jam.url, token)  # type: ignore[no-any-return]


def test_a_new_account_begins_slowly(start_jam: Callable[..., Any], client: Any) -> None:
    ahead = [timedelta(0)]
    settings = {"new_account": 600, "new_threads": 2, "new_links": 1, "new_writes": 11}
    jam = start_jam(vote_join=0.0, clock=lambda: datetime.now(UTC) + ahead[0], **settings)
    eve = joined(jam, client)
    links = "http://a.example https://b.example"
    content = {"forum_id": jam.forum["id"], "title": "T", "body": "B"}
    answer = eve.put(f"/posts/{uuid.uuid4()}", json=content | {"body": links})
    assert code(answer) == (429, "rate_limited")
    assert 500 < int(answer.headers["retry-after"]) <= 600
    titled = eve.put(f"/posts/{uuid.uuid4()}", json=content | {"title": "www.a.example", "body": "b.com"})
    assert code(titled) == (429, "rate_limited"), "in the title, and without a scheme, as well"
    first = [eve.put(f"/posts/{uuid.uuid4()}", json=content) for _ in range(3)]
    assert [one.status_code for one in first] == [201, 201, 429]
    mine = first[0].json()
    edit = eve.patch(f"/posts/{mine['id']}", json={"body": links}, headers={"If-Match": "*"})
    assert code(edit) == (429, "rate_limited")
    assert jam.reply(mine, by=eve)["id"]
    linked = [eve.put(f"/posts/{mine['id']}/links/{kind}/{first[1].json()['id']}") for kind in ("answers", "objects")]
    assert [one.status_code for one in linked] == [201, 429], "links between posts are links"
    assert [eve.put(f"/posts/{mine['id']}/vote").status_code for _ in range(3)] == [200, 200, 429]
    known = joined(jam, client, "kim", "expert")
    assert all(jam.thread(by=one, body=links)["id"] for one in (known, jam.ada) for _ in range(3))
    ahead[0] = timedelta(minutes=11)
    assert all(jam.thread(by=eve, body=links)["id"] for _ in range(3))


def test_an_abuser_with_300_writes_is_held_up_and_put_right(
    start_jam: Callable[..., Any], figure: Callable[..., None]
) -> None:
    jam = start_jam(vote_join=0.0)
    target = jam.thread()
    posts = []
    statuses = []
    for n in range(310):
        answer = jam.bob.put(f"/posts/{uuid.uuid4()}", json={"parent_id": target["id"], "body": f"Buy {n}"})
        statuses.append(answer.status_code)
        posts += [answer.json()] if answer.status_code == 201 else []
    assert statuses == [201] * 300 + [429] * 10
    report(jam.ada, posts[0]).raise_for_status()
    done(jam.mod, "suspend", posts[0], person_id=me(jam.bob), until=LATER)
    assert desk(jam.mod)["queue"] == []
    for post in posts[:20]:
        done(jam.mod, "remove", post)
    assert jam.guest.get("/changes").text.count("Buy 1") < 200
    figure("an abuser: 300 of 310 writes taken, then 429; suspended with one act")


def test_nobody_sees_what_is_not_theirs(jam: Any, figure: Callable[..., None]) -> None:
    thread = jam.thread(body="HIDDEN-TEXT")
    other = jam.thread(by=jam.host)
    report(jam.bob, thread, note="NOTE-OF-BOB").raise_for_status()
    done(jam.mod, "warn", person_id=me(jam.ada), reason="WARNING-TO-ADA")
    done(jam.mod, "hide", thread, reason="REASON-TO-ADA")
    done(jam.mod, "suspend", person_id=me(jam.bob), until=LATER, reason="SUSPENDED-BOB")
    report(jam.ada, other, note="NOTE-OF-ADA").raise_for_status()
    secrets = {
        "HIDDEN-TEXT": {"ada", "mod"}, "NOTE-OF-BOB": {"bob"}, "WARNING-TO-ADA": {"ada", "mod"},
        "REASON-TO-ADA": {"ada", "mod"}, "SUSPENDED-BOB": {"bob", "mod"}, "NOTE-OF-ADA": {"ada", "mod"},
    }  # fmt: skip
    checked = 0
    public = jam.guest.get("/snapshot").text + json.dumps(jam.changes())
    for name in ("ada", "bob", "mod", "host"):
        text = json.dumps(desk(getattr(jam, name)))
        for secret, who in secrets.items():
            assert (secret in text) == (name in who), (secret, name)
            assert secret not in public
            checked += 1
        if name != "mod":
            assert me(jam.mod) not in text
    figure(f"private sections: 0 cross-reads in {checked} pairs of person and secret")
