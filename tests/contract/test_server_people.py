"""One's own profile, all one's data, and leaving: what the routes answer, and what is left."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jamserver import accounts, db, objects, oidc, people, polls, posts, records, wire
from jamserver.log import Tx
from jamserver.posts import Actor
from jamserver.problems import Problem
from jamtui.archive import rfc3339

PROFILE = {
    "name": "Ada  Lovelace-Quagga",
    "org": "Zebu Works",
    "country": "gb",
    "languages": ["en", "fr", "en"],
    "about": "I count\nwhat can be counted.",
}
WORDS = ("quagga", "zebu works", "what can be counted", "ada")


def test_a_profile_is_changed_field_by_field(jam: Any) -> None:
    answer = jam.ada.patch("/me", json=PROFILE)
    assert answer.status_code == 200
    now = answer.json()
    assert {name: now[name] for name in PROFILE} == {
        "name": "Ada Lovelace-Quagga",
        "org": "Zebu Works",
        "country": "GB",
        "languages": ["en", "fr"],
        "about": "I count\nwhat can be counted.",
    }
    assert jam.changes()[-1] == {
        "seq": int(answer.headers["Jam-Seq"]),
        "mark": jam.head().partition("-")[2],
        "type": "person",
        "data": now,
    }
    assert jam.ada.patch("/me", json={"org": "Zebu Works"}).headers["Jam-Seq"] == "0", "nothing is different"
    left = jam.ada.patch("/me", json={"org": None, "about": "", "languages": None}).json()
    assert set(left) == {"id", "handle", "name", "role", "country"}
    assert jam.ada.patch("/me", json={"name": None}).json()["name"] == "ada", "a name goes back to the handle"
    jam.server.write(
        lambda tx: objects.change_jam(tx, {"closes_at": "2020-01-02T00:00:00Z", "opens_at": "2020-01-01T00:00:00Z"})
    )
    assert jam.ada.patch("/me", json={"org": "Later"}).status_code == 200, "also when the Jam is over"


@pytest.mark.parametrize(
    "body",
    [
        {"handle": "eve"},
        {"role": "moderator"},
        {"honour": "Queen"},
        {"name": "x" * 101},
        {"about": "x" * 1_001},
        {"languages": ["english!"]},
        {"languages": ["en"] * 13},
        {"country": "x" * 61},
        {"name": "(left)"},
        {"name": 7},
    ],
)
def test_what_is_no_profile_is_refused(jam: Any, body: dict[str, Any]) -> None:
    before = jam.ada.get("/me").json()
    assert jam.ada.patch("/me", json=body).status_code == 422
    assert jam.ada.get("/me").json() == before


def test_a_name_that_somebody_chose_stays_at_the_next_sign_in_with_the_issuer(jam: Any) -> None:
    config = oidc.Config("https://id.example", "jamtui")
    claims = {"sub": "s-1", "name": "Eve Issuer", "preferred_username": "eve", "exp": 2_000_000_000}

    def enter(name: str) -> Any:
        return jam.server.write(lambda tx: oidc.enter(tx, config, claims | {"name": name}, accounts.new_secret))

    token = enter("Eve Issuer").access
    assert json.loads(enter("Eve Other").person)["name"] == "Eve Other"
    jam.ada.patch("/me", json={"name": "Evie"}, headers={"Authorization": f"Bearer {token}"}).raise_for_status()
    assert json.loads(enter("Eve Third").person)["name"] == "Evie"


def everything_of(jam: Any) -> None:
    """ada with one of each thing that the server can have of somebody."""

    def fill(tx: Tx) -> None:
        ada = objects.find_person(tx.db, "ada")
        assert ada is not None
        records.put(
            tx, "poll", "poll-1", {"id": "poll-1", "author_id": ada[0], "choices": ["a", "b"], "counts": [3, 1]}
        )
        tx.db.execute("INSERT INTO ballots VALUES ('poll-1', ?, 1)", (ada[0],))
        tx.db.execute(
            "INSERT INTO reports VALUES (1, 'r', 'p', ?, 'open', ?)", (ada[0], b'{"note":"zebu works report"}')
        )
        tx.db.execute("INSERT INTO notices VALUES (1, 'n', ?, ?)", (ada[0], b'{"text":"quagga notice"}'))
        tx.db.execute("INSERT OR REPLACE INTO joined VALUES (?, 1767225600000)", (ada[0],))
        tx.db.execute("INSERT INTO identities VALUES ('https://id.example', 'sub-quagga', ?, 'participant')", (ada[0],))
        accounts.set_password(tx, ada[0], accounts.hash_password("correct horse"))
        for forum_id, raw in list(tx.db.execute("SELECT id, data FROM forums")):
            fields = objects.decode(raw) | {"host_ids": [ada[0], "someone-else"]}
            tx.db.execute("UPDATE forums SET data = ? WHERE id = ?", (objects.encode(fields), forum_id))

    jam.server.write(fill)


def test_all_of_ones_data_is_one_document_and_nobody_elses(jam: Any) -> None:
    everything_of(jam)
    jam.ada.patch("/me", json=PROFILE).raise_for_status()
    mine, bobs = jam.thread(tags=["tea"]), jam.thread(by=jam.bob, body="bob wrote this")
    jam.ada.put(f"/posts/{bobs['id']}/vote").raise_for_status()
    jam.ada.put(f"/posts/{bobs['id']}/tags/cake").raise_for_status()
    answer = jam.ada.get("/me/data")
    data = answer.json()
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert [post["id"] for post in data["posts"]] == [mine["id"]]
    assert (data["votes"], data["ballots"]) == ([bobs["id"]], {"poll-1": 1})
    assert {(one["post_id"], one["tag"]) for one in data["tags"]} == {(mine["id"], "tea"), (bobs["id"], "cake")}
    assert data["reports"] == [{"note": "zebu works report"}]
    assert data["notices"] == [{"text": "quagga notice"}]
    assert data["identities"] == [{"issuer": "https://id.example", "subject": "sub-quagga"}]
    assert [one["type"] for one in data["records"]] == ["poll"]
    assert data["has_password"]
    assert data["joined_at"] == "2026-01-01T00:00:00.000Z"
    assert data["sign_ins"]
    assert "bob wrote this" not in answer.text
    assert "argon2" not in answer.text
    other = jam.bob.get("/me/data").text
    assert not any(word in other.lower() for word in WORDS[:3])


@pytest.mark.parametrize("what", ["keep", "remove"])
def test_who_leaves_is_gone(jam: Any, what: str, figure: Callable[..., None]) -> None:
    everything_of(jam)
    ada = jam.ada.get("/me").json()
    jam.ada.patch("/me", json=PROFILE).raise_for_status()
    mine = [jam.thread(title=f"Mine {number}", body=f"text of mine {number}", tags=["tea"]) for number in range(120)]
    answer = jam.reply(mine[0])
    for _ in range(2):
        jam.ada.patch("/me", json={"org": f"Zebu Works {uuid.uuid4()}"}).raise_for_status()
    jam.ada.put(f"/posts/{answer['id']}/vote").raise_for_status()
    jam.bob.put(f"/posts/{answer['id']}/vote").raise_for_status()
    assert jam.ada.delete("/me").status_code == 422, "what becomes of the posts is said"
    assert jam.ada.delete("/me", params={"posts": "burn"}).status_code == 422
    done = jam.ada.delete("/me", params={"posts": what})
    assert done.status_code == 204
    changes = jam.changes()
    last = changes[-1]["data"]
    assert (changes[-1]["type"], changes[-1]["seq"]) == ("person", int(done.headers["Jam-Seq"]))
    assert last == {"id": ada["id"], "handle": last["handle"], "name": "(left)", "role": "participant", "state": "left"}
    assert last["handle"].startswith("left-")
    assert len(last["handle"]) == 11
    assert [one["data"] for one in changes if one["data"].get("id") == ada["id"]] == [last] * 5, "blanked in place"
    # Nobody is signed in, nothing private is left, and what was chosen is taken back.
    assert jam.ada.get("/me").status_code == 401
    assert jam.guest.get("/people/ada").status_code == 404
    tally = jam.guest.get(f"/posts/{answer['id']}").json()["votes"]
    assert tally == {"up": 1}
    poll = next(one["data"] for one in reversed(changes) if one["type"] == "poll")
    assert poll["counts"] == [3, 0]
    assert jam.guest.get("/forums/ideas").json()["host_ids"] == ["someone-else"]
    posts = [jam.guest.get(f"/posts/{post['id']}").json() for post in mine]
    assert {post.get("state") for post in posts} == ({None} if what == "keep" else {"deleted"})
    reading = db.connect(jam.server.db)
    tables = [name for (name,) in reading.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    kept = {
        name
        for name in tables
        for row in reading.execute(f"SELECT * FROM {name}")
        if name not in ("changes", "people", "posts", "others") and ada["id"] in map(str, row)
    }
    reading.close()
    assert kept == set(), "no private row names who left"
    # The log has no word of it; the files are looked at in tests/faults/test_left.py.
    log = json.dumps(changes).lower()
    words = (*WORDS[:3], "text of mine") if what == "remove" else WORDS[:3]
    assert [word for word in words if word in log] == []
    # The handle is nobody's for a while, whoever gives it.
    with pytest.raises(Problem) as taken:
        jam.server.write(lambda tx: objects.new_handle(tx.db, "ADA", tx.now))
    assert taken.value.code == "handle_taken"
    later = datetime.now(UTC) + people.RESERVED + timedelta(days=1)
    assert jam.server.write(lambda tx: objects.new_handle(tx.db, "ada", later)) == "ada"
    figure(f"leaving ({what}): 0 words of the profile in {len(changes):,} changes, 0 private rows, 0 sign-ins")


def test_what_was_under_way_when_somebody_left_brings_nothing_back(jam: Any) -> None:
    person, _, _ = jam.server.write(lambda tx: objects.find_person(tx.db, "ada"))
    jam.ada.delete("/me", params={"posts": "keep"}).raise_for_status()

    def late(tx: Tx) -> None:
        from jamserver.posts import Actor
        from jamserver.wire import ProfileEdit

        people.edit(tx, Actor(person, "participant"), ProfileEdit(name="Back again"))

    with pytest.raises(Problem):
        jam.server.write(late)


def test_who_is_suspended_may_leave_and_comes_back_to_the_same_suspension(jam: Any, client: Any) -> None:
    everything_of(jam)
    ada = jam.ada.get("/me").json()["id"]
    until = accounts.millis(datetime.now(UTC) + timedelta(days=3))
    jam.server.write(lambda tx: tx.db.execute("INSERT INTO suspensions VALUES (?, ?, 'spam')", (ada, until)))
    jam.ada.delete("/me", params={"posts": "keep"}).raise_for_status()
    config = oidc.Config("https://id.example", "jamtui")
    claims = {"sub": "sub-quagga", "name": "Ada", "exp": 2_000_000_000}
    granted = jam.server.write(lambda tx: oidc.enter(tx, config, claims, accounts.new_secret))
    person = json.loads(granted.person)
    assert person["id"] == ada
    assert (person["name"], person["state"]) == ("(left)", "left")  # the issuer's name does not come back
    again = client(jam.url, granted.access)
    assert again.get("/me").status_code == 200
    content = {"forum_id": jam.forum["id"], "title": "T", "body": "B"}
    jam.server.write(lambda tx: tx.db.execute("UPDATE suspensions SET until = 1"))
    assert again.put(f"/posts/{uuid.uuid4()}", json=content).status_code == 401  # that account is no more
    anew = json.loads(jam.server.write(lambda tx: oidc.enter(tx, config, claims, accounts.new_secret)).person)
    assert anew["id"] != ada
    assert "state" not in anew


def test_who_left_is_told_nothing_and_warned_of_nothing(jam: Any, figure: Callable[..., None]) -> None:
    post = jam.thread()
    ada = jam.ada.get("/me").json()["id"]
    report = {"post_id": post["id"], "reason": "spam"}
    jam.bob.put(f"/reports/{uuid.uuid4()}", json=report).raise_for_status()
    assert jam.ada.delete("/me?posts=keep").status_code == 204
    assert jam.bob.delete("/me?posts=keep").status_code == 204
    acts = []
    for act in ("hide", "unhide", "lock"):
        acts.append(str(uuid.uuid4()))
        said = {"act": act, "post_id": post["id"], "reason": "Because."}
        jam.mod.put(f"/moderation/{acts[-1]}", json=said).raise_for_status()
    jam.mod.put(f"/moderation/{uuid.uuid4()}", json={"act": "undo", "of": acts[-1]}).raise_for_status()
    with contextlib.closing(db.connect(jam.server.db)) as reading:
        left = db.value(reading, "SELECT count(*) FROM notices")
    figure(f"who left: {left} notices kept of 4 acts on their posts")
    assert left == 0
    for said in ({"act": "warn"}, {"act": "suspend", "until": "2100-01-01T00:00:00Z"}):
        soon = {"until": rfc3339(datetime.now(UTC) + timedelta(days=1))} if "until" in said else {}
        answer = jam.mod.put(f"/moderation/{uuid.uuid4()}", json=said | soon | {"person_id": ada, "reason": "Because."})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), answer.text


def test_a_vote_and_a_ballot_that_wait_do_not_outlive_their_account(jam: Any) -> None:
    """They are counted with others two seconds later; an account that was deleted meanwhile leaves no row."""
    post, poll_id = jam.thread(by=jam.mod), str(uuid.uuid4())
    poll = {"question": "When?", "choices": ["Now", "Later"]}
    jam.mod.put(f"/polls/{poll_id}", json=poll).raise_for_status()
    ada, bob = (client.get("/me").json()["id"] for client in (jam.ada, jam.bob))
    jam.ada.delete("/me", params={"posts": "keep"}).raise_for_status()
    votes = [posts.Ballot(person, True) for person in (ada, bob)]
    ballots = [polls.Choice(person, 1, None) for person in (ada, bob)]
    for gone, counted in (
        jam.server.write(lambda tx: posts.vote(tx, post["id"], votes)),
        jam.server.write(lambda tx: polls.cast(tx, poll_id, ballots)),
    ):
        assert isinstance(gone, Problem)
        assert not isinstance(counted, Problem)
    for table in ("votes", "ballots"):
        sql = f"SELECT person_id FROM {table}"
        assert list(jam.server.write(lambda tx, sql=sql: list(tx.db.execute(sql)))) == [(bob,)]


def test_words_taken_off_a_profile_are_gone_from_the_log(
    jam: Any, fold: Callable[..., Any], figure: Callable[..., None]
) -> None:
    """They stood in the changes of before, for whoever asked from the beginning."""
    canaries = {"name": "CANARY name", "org": "CANARY org", "about": "CANARY about"}
    jam.ada.patch("/me", json=canaries | {"languages": ["fr"]}).raise_for_status()
    jam.ada.patch("/me", json={"about": "CANARY about, again", "country": "DE"}).raise_for_status()
    ada = jam.ada.get("/me").json()["id"]
    jam.server.write(lambda tx: people.honour(tx, ada, "CANARY honour"))
    assert "CANARY about, again" in json.dumps(jam.changes())
    jam.ada.patch("/me", json={"name": "Ada", "org": None, "about": "Hello"}).raise_for_status()
    jam.server.write(lambda tx: people.honour(tx, ada, ""))
    items = jam.changes()
    assert "CANARY" not in json.dumps(items) + jam.guest.get("/snapshot").text
    assert fold(items)["person", ada] == jam.ada.get("/me").json()
    kept = [item["data"] for item in items if item["type"] == "person" and item["data"]["id"] == ada]
    assert [one["name"] for one in kept] == ["ada", "ada", "ada", "ada", "Ada", "Ada"]
    assert [one.get("country") for one in kept] == [None, None, "DE", "DE", "DE", "DE"]  # what still holds stays
    assert jam.head() == f"{items[-1]['seq']}-{items[-1]['mark']}"
    assert len({item["seq"] for item in items}) == len(items)
    end = time.monotonic() + 30
    files = [jam.server.db, jam.server.db.with_name(f"{jam.server.db.name}-wal")]
    while any(b"CANARY" in one.read_bytes() for one in files) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(b"CANARY" in one.read_bytes() for one in files)
    figure("words taken off a profile: 0 of 5 in the log, the snapshot or on the disk afterwards")


def test_another_name_by_the_issuer_or_the_organiser_leaves_none_of_before(jam: Any) -> None:
    ada = jam.ada.get("/me").json()["id"]
    jam.server.write(lambda tx: objects.change_person(tx, ada, {"name": "CANARY name"}))
    jam.server.write(lambda tx: objects.change_person(tx, ada, {"name": "Ada", "role": "expert"}))
    assert "CANARY" not in json.dumps(jam.changes())
    assert (jam.ada.get("/me").json()["name"], jam.ada.get("/me").json()["role"]) == ("Ada", "expert")


def test_a_profile_that_is_changed_without_end_costs_no_more_each_time(jam: Any) -> None:
    def rows(tx: Tx, number: int) -> int:
        before = tx.db.total_changes()
        people.edit(tx, Actor(ada, "participant"), wire.ProfileEdit(about=f"About {number}", name=f"Name {number}"))
        return int(tx.db.total_changes() - before)

    ada = jam.ada.get("/me").json()["id"]
    written = [jam.server.write(lambda tx, number=number: rows(tx, number)) for number in range(40)]
    assert written[-1] == written[5] < 10


def test_nobody_leaves_to_come_back_as_somebody_new(jam: Any, client: Any) -> None:
    """What a person may do in a day, and in the first hour, would begin anew each time."""
    config = oidc.Config("https://id.example", "jamtui")
    claims = {"sub": "s-1", "name": "Eve", "exp": 2_000_000_000}
    granted = jam.server.write(lambda tx: oidc.enter(tx, config, claims, accounts.new_secret))
    client(jam.url, granted.access).delete("/me", params={"posts": "keep"}).raise_for_status()
    with pytest.raises(Problem, match="You deleted your account here") as refused:
        jam.server.write(lambda tx: oidc.enter(tx, config, claims, accounts.new_secret))
    assert refused.value.code == "rate_limited"
    assert 3_600 * 23 < int(refused.value.headers["Retry-After"]) <= 3_600 * 24
    other = jam.server.write(lambda tx: oidc.enter(tx, config, claims | {"sub": "s-2"}, accounts.new_secret))
    assert json.loads(other.person)["name"] == "Eve"
    later = datetime.now(UTC) + timedelta(hours=24)

    def back(tx: Tx) -> Any:
        tx.now = later
        return oidc.enter(tx, config, claims, accounts.new_secret)

    assert json.loads(jam.server.write(back).person)["name"] == "Eve"
