"""Ideas over the wire: kinds of thread, states of ideas, what is featured, typed links; and how a client gets them."""

from __future__ import annotations

import contextlib
import itertools
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest

from jamserver import accounts, db, ideas, objects, posts
from jamserver.app import random_id
from jamserver.log import Tx
from jamserver.posts import Actor
from jamserver.wire import NewPost

Json = dict[str, Any]


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def make_host(jam: Any, client: httpx.Client) -> None:
    person = client.get("/me").json()["id"]
    jam.server.write(lambda tx: objects.set_role(tx, person, "host"))


# -- kinds


def test_a_thread_has_a_kind_that_its_author_and_hosts_change_without_a_new_version(jam: Any) -> None:
    post = jam.thread(kind="question")
    assert post["kind"] == "question"
    path = f"/posts/{post['id']}"
    changed = jam.ada.patch(path, json={"kind": "idea"})
    assert (changed.status_code, changed.json()["kind"]) == (200, "idea")
    assert (changed.json()["version"], changed.headers["etag"]) == (1, '"1"')
    assert "edited_at" not in changed.json()
    assert refused(jam.bob.patch(path, json={"kind": "discussion"})) == (403, "forbidden")
    assert jam.mod.patch(path, json={"kind": "discussion"}).json()["kind"] == "discussion"
    both = jam.ada.patch(path, json={"kind": "idea", "body": "Other words"}, headers={"If-Match": '"1"'}).json()
    assert (both["kind"], both["body"], both["version"]) == ("idea", "Other words", 2)
    assert refused(jam.ada.patch(path, json={"kind": "idea", "body": "More"})) == (428, "if_match_required")
    assert refused(jam.mod.patch(path, json={"kind": "idea", "body": "More"})) == (403, "forbidden")


def test_a_reply_has_no_kind_and_no_other_kind_is_known(jam: Any) -> None:
    post = jam.thread()
    assert "kind" not in post
    reply = jam.reply(post)
    assert refused(jam.bob.patch(f"/posts/{reply['id']}", json={"kind": "idea"})) == (422, "invalid")
    new = {"parent_id": post["id"], "body": "An answer", "kind": "idea"}
    assert refused(jam.bob.put(f"/posts/{uuid.uuid4()}", json=new)) == (422, "invalid")
    assert refused(jam.ada.patch(f"/posts/{post['id']}", json={"kind": "poem"})) == (422, "invalid")


def test_the_same_thread_again_is_answered_and_another_kind_is_another_thread(jam: Any) -> None:
    new = {"forum_id": jam.forum["id"], "title": "T", "body": "B", "kind": "idea"}
    path = f"/posts/{uuid.uuid4()}"
    assert jam.ada.put(path, json=new).status_code == 201
    assert jam.mod.patch(path, json={"kind": "question"}).status_code == 200
    assert jam.ada.put(path, json=new).json()["kind"] == "question"  # what was sent first, as it now is
    assert refused(jam.ada.put(path, json=new | {"kind": "discussion"})) == (409, "id_taken")


# -- states


def test_hosts_say_how_far_an_idea_is_and_nobody_else(jam: Any) -> None:
    post = jam.thread(kind="idea")
    path = f"/posts/{post['id']}/idea-state"
    assert refused(jam.ada.put(path, json={"idea_state": "chosen"})) == (403, "forbidden")
    make_host(jam, jam.bob)
    for by, state in ((jam.bob, "discussed"), (jam.mod, "refined"), (jam.bob, "chosen"), (jam.bob, "new")):
        answer = by.put(path, json={"idea_state": state})
        assert (answer.status_code, answer.json()["idea_state"], answer.json()["version"]) == (200, state, 1)
        assert jam.changes()[-1]["seq"] == int(answer.headers["jam-seq"])
    before = len(jam.changes())
    jam.bob.put(path, json={"idea_state": "new"})
    assert len(jam.changes()) == before  # nothing changed, nothing is told
    assert refused(jam.mod.put(path, json={"idea_state": "done"})) == (422, "invalid")
    assert refused(jam.mod.put(path, json={"idea_state": "new", "why": "x"})) == (422, "invalid")


def test_only_an_idea_has_a_state_and_loses_it_as_something_else(jam: Any) -> None:
    question, reply = jam.thread(kind="question"), jam.reply(jam.thread(kind="idea"))
    for post in (question, reply):
        assert refused(jam.mod.put(f"/posts/{post['id']}/idea-state", json={"idea_state": "new"})) == (422, "invalid")
    idea = jam.thread(kind="idea")
    jam.mod.put(f"/posts/{idea['id']}/idea-state", json={"idea_state": "refined"}).raise_for_status()
    assert "idea_state" not in jam.ada.patch(f"/posts/{idea['id']}", json={"kind": "question"}).json()


def test_hosts_sort_when_the_jam_has_closed_and_not_when_it_is_archived(jam: Any) -> None:
    post = jam.thread(kind="idea")
    times = {"opens_at": "2001-01-01T00:00:00Z", "closes_at": "2001-01-02T00:00:00Z"}
    jam.server.write(lambda tx: objects.change_jam(tx, times))
    path = f"/posts/{post['id']}"
    assert jam.mod.put(f"{path}/idea-state", json={"idea_state": "chosen"}).status_code == 200
    assert jam.mod.put(f"{path}/featured", json={"reason": "It won."}).status_code == 200
    assert refused(jam.ada.patch(path, json={"kind": "question"})) == (403, "jam_closed")
    jam.server.write(lambda tx: objects.change_jam(tx, {"archived_at": "2001-01-03T00:00:00Z"}))
    assert refused(jam.mod.put(f"{path}/idea-state", json={"idea_state": "new"})) == (403, "jam_closed")


# -- featured


def test_hosts_feature_any_post_with_a_reason(jam: Any) -> None:
    reply = jam.reply(jam.thread())
    path = f"/posts/{reply['id']}/featured"
    assert refused(jam.bob.put(path, json={"reason": "Mine"})) == (403, "forbidden")
    made = jam.mod.put(path, json={"reason": "  Says what\nit costs. "}).json()
    mod = jam.mod.get("/me").json()["id"]
    assert made["featured"] | {"at": ""} == {"by": mod, "reason": "Says what it costs.", "at": ""}
    again = jam.mod.put(path, json={"reason": "Says what it costs."}).json()
    assert again == made
    assert jam.mod.put(path, json={"reason": "Another"}).json()["featured"]["reason"] == "Another"
    assert "featured" not in jam.mod.delete(path).json()
    assert jam.mod.delete(path).status_code == 200


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 301])
def test_a_reason_is_a_line_of_bounded_length(jam: Any, reason: str) -> None:
    post = jam.thread()
    assert refused(jam.mod.put(f"/posts/{post['id']}/featured", json={"reason": reason})) == (422, "invalid")


# -- links


def test_a_link_is_a_record_that_both_posts_tell(jam: Any) -> None:
    one, two = jam.thread(), jam.thread()
    path = f"/posts/{one['id']}/links/builds_on/{two['id']}"
    made = jam.bob.put(path)
    assert made.status_code == 201, made.text
    link = made.json()
    assert link["id"] == f"{one['id']}.builds_on.{two['id']}"
    assert (link["from_id"], link["kind"], link["to_id"]) == (one["id"], "builds_on", two["id"])
    assert link["author_id"] == jam.bob.get("/me").json()["id"]
    assert jam.changes()[-1] | {"mark": ""} == {
        "seq": int(made.headers["jam-seq"]), "mark": "", "type": "link", "data": link,
    }  # fmt: skip
    assert (jam.ada.put(path).status_code, jam.ada.put(path).json()) == (200, link)
    for post in (one, two):
        assert jam.guest.get(f"/posts/{post['id']}/links").json() == {"items": [link], "next": None}


def test_who_put_it_the_authors_and_hosts_take_a_link_away(jam: Any) -> None:
    one, two = jam.thread(by=jam.mod), jam.thread(by=jam.mod)
    path = f"/posts/{one['id']}/links/duplicates/{two['id']}"
    jam.bob.put(path).raise_for_status()
    assert refused(jam.ada.delete(path)) == (403, "forbidden")
    gone = jam.bob.delete(path).json()
    assert gone["gone"] is True
    assert jam.bob.delete(path).json() == gone  # once more is no error
    assert jam.guest.get(f"/posts/{one['id']}/links").json()["items"] == []
    assert jam.bob.put(path).status_code == 201  # and it can be said again
    assert jam.mod.delete(path).json()["gone"] is True  # as the author of the posts, and as who moderates
    mine = jam.thread()
    jam.bob.put(f"/posts/{mine['id']}/links/objects/{two['id']}").raise_for_status()
    assert jam.ada.delete(f"/posts/{mine['id']}/links/objects/{two['id']}").status_code == 200  # the author of one


def test_what_a_link_cannot_be(jam: Any) -> None:
    one, two = jam.thread(), jam.thread()
    root = f"/posts/{one['id']}/links"
    assert refused(jam.ada.put(f"{root}/likes/{two['id']}")) == (422, "invalid")
    assert refused(jam.ada.put(f"{root}/builds_on/{one['id']}")) == (422, "invalid")
    assert refused(jam.ada.put(f"{root}/builds_on/{uuid.uuid4()}")) == (404, "not_found")
    assert refused(jam.ada.delete(f"{root}/builds_on/{two['id']}")) == (404, "not_found")
    jam.ada.delete(f"/posts/{two['id']}", headers={"If-Match": '"1"'}).raise_for_status()
    assert refused(jam.ada.put(f"{root}/builds_on/{two['id']}")) == (409, "post_gone")


def fill(jam: Any, links: list[tuple[str, str, str]]) -> None:
    """(from, to, who) of links that are there, as the server itself writes them."""

    def run(tx: Tx) -> None:
        for post, to, who in links:
            ideas.link(tx, Actor(who, "host"), post, "answers", to)

    jam.server.write(run)


def more_posts(jam: Any, count: int) -> list[str]:
    author = jam.bob.get("/me").json()["id"]

    def run(tx: Tx) -> list[str]:
        ids = [str(uuid.uuid4()) for _ in range(count)]
        for one in ids:
            posts.create(tx, Actor(author, "participant"), one, NewPost("B", forum_id=jam.forum["id"], title="T"))
        return ids

    return jam.server.write(run)  # type: ignore[no-any-return]


def add_kim(tx: Tx) -> str:
    return objects.add_person(tx, random_id(tx.rng), "kim", name="Kim", role="participant")


def test_others_cannot_take_all_places_of_a_post(jam: Any, client: Any) -> None:
    post, there = jam.thread()["id"], more_posts(jam, 60)
    kim = client(jam.url, jam.server.write(lambda tx: accounts.long_token(tx, add_kim(tx), timedelta(days=1))))
    root = f"/posts/{post}/links/answers"
    for to in there[:5]:
        jam.bob.put(f"{root}/{to}").raise_for_status()
    assert refused(jam.bob.put(f"{root}/{there[5]}")) == (422, "invalid"), "five of one person from another's post"
    fill(jam, [(post, to, f"sock-{n // 5}") for n, to in enumerate(there[5:24])])
    assert refused(kim.put(f"{root}/{there[24]}")) == (422, "invalid")
    for to in there[24:48]:  # all that others may put is taken; its author has places of their own, and so has a host
        jam.ada.put(f"{root}/{to}").raise_for_status()
    assert refused(jam.ada.put(f"{root}/{there[48]}")) == (422, "invalid")
    assert jam.mod.put(f"{root}/{there[48]}").status_code == 201
    assert jam.ada.delete(f"{root}/{there[0]}").status_code == 200, "the author takes off what others put"
    assert jam.ada.delete(f"{root}/{there[30]}").status_code == 200
    assert jam.ada.put(f"{root}/{there[49]}").status_code == 201, "and what was taken away does not count"
    assert kim.put(f"{root}/{there[50]}").status_code == 201, "the host's link took no place of those of all others"


def test_links_to_a_post_are_bounded(jam: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    target, there = jam.thread()["id"], more_posts(jam, 30)
    for post in there[:24]:
        jam.bob.put(f"/posts/{post}/links/answers/{target}").raise_for_status()
    assert refused(jam.bob.put(f"/posts/{there[24]}/links/answers/{target}")) == (422, "invalid"), "of one person"
    monkeypatch.setattr(ideas, "MAX_LINKS_TO", 24)
    assert refused(jam.ada.put(f"/posts/{there[24]}/links/answers/{target}")) == (422, "invalid"), "of all"
    assert jam.mod.put(f"/posts/{there[24]}/links/answers/{target}").status_code == 201, "hosts sort, however many"


def test_links_come_in_pages(jam: Any) -> None:
    post, there = jam.thread()["id"], more_posts(jam, 9)
    fill(jam, [(post, to, "x") for to in there[:5]] + [(one, post, "x") for one in there[5:]])
    found: list[Json] = []
    after: str | None = "0"
    sizes = []
    while after:
        page = jam.guest.get(f"/posts/{post}/links", params={"after": after, "limit": 4}).json()
        found, after = found + page["items"], page["next"]
        sizes.append(len(page["items"]))
    assert sizes == [4, 4, 1]
    assert [(one["from_id"], one["to_id"]) for one in found] == [(post, to) for to in there[:5]] + [
        (one, post) for one in there[5:]
    ]
    assert refused(jam.guest.get(f"/posts/{post}/links", params={"before": "1"})) == (422, "invalid")


def test_a_link_costs_the_same_however_many_the_jam_has(jam: Any, figure: Callable[..., None]) -> None:
    """Counted in steps of the database's machine, which are the same on any processor."""
    post, there = jam.thread()["id"], more_posts(jam, 50)

    def steps(run: Callable[[Tx], object]) -> int:
        def job(tx: Tx) -> int:
            count = 0

            def more() -> bool:
                nonlocal count
                count += 1
                return False

            tx.db.set_progress_handler(more, 10)
            run(tx)
            tx.db.set_progress_handler(None)
            return count

        return jam.server.write(job)  # type: ignore[no-any-return]

    def one(to: str) -> tuple[int, int]:
        made = steps(lambda tx: ideas.link(tx, Actor("who", "participant"), post, "answers", to))
        return made, steps(lambda tx: ideas.links_of(tx.db, post, 0, 200))

    few = one(there[0])
    fill(jam, [(a, b, f"w{n % 90}") for n, (a, b) in enumerate(itertools.permutations(there[2:], 2)) if n < 2_000])
    many = one(there[1])
    figure(f"links: {few[0]} steps to put the 1st, {many[0]} the 2,002nd; {few[1]} and {many[1]} to read a post's")
    assert many[0] < 1.5 * few[0]
    assert many[1] < 2 * few[1]


def test_a_database_of_before_knows_its_links(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    text = (Path(__file__).parents[1] / "data" / "schemas" / "server-5.sql").read_text("utf-8")
    first, second = (f"00000000-0000-7000-8000-00000000000{n}" for n in (1, 2))
    link = {
        "from_id": first,
        "kind": "answers",
        "to_id": second,
        "author_id": "p",
        "created_at": "2026-01-01T00:00:00Z",
    }
    with contextlib.closing(apsw.Connection(str(path))) as old:
        old.execute(text)
        for seq, data in enumerate(
            [
                link | {"id": f"{first}.answers.{second}"},
                link | {"id": f"{first}.objects.{second}", "kind": "objects", "gone": True},
                link | {"id": "something else"},
                {"id": "no link"},
            ],
            7,
        ):
            old.execute("INSERT INTO others VALUES (?, 'link', ?, ?)", (seq, json.dumps(data).encode(), data["id"]))
        old.execute("INSERT INTO others VALUES (11, 'link', CAST('no JSON' AS BLOB), 'x')")
    db.prepare(path)
    with contextlib.closing(db.connect(path)) as new:
        assert list(new.execute("SELECT * FROM links")) == [(7, first, second, "p")]
        assert [seq for seq, _ in ideas.links_of(new, second, 0, 9)] == [7]


def test_a_repeat_under_its_key_gets_the_first_answer_whatever_happened_since(jam: Any) -> None:
    one, two = jam.thread(), jam.thread()
    path, key = f"/posts/{one['id']}/links/answers/{two['id']}", {"Idempotency-Key": "k1"}
    first = jam.bob.put(path, headers=key).json()
    jam.ada.delete(path).raise_for_status()
    assert jam.bob.put(path, headers=key).json() == first
    assert jam.guest.get(f"/posts/{one['id']}/links").json()["items"] == []  # it was not put again
