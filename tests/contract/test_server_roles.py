"""Promise 15: each route answers nobody, another person, a moderator and the author as docs/wire.md says.

A row for each route; a route without a row fails the test. Every caller finds the Jam as it was: a post of ada's with a
tag of hers, and a vote.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from jamserver import accounts, objects, oidc
from jamserver.rights import CALLERS, allowed
from jamserver.routes import ROUTES
from jamserver.web import Who

WHO = ("guest", "bob", "mod", "ada")
OPEN = (200, 200, 200, 200)
SIGN_IN = (401, 401, 401, 401)  # what is sent is wrong, whoever sends it
MATCH = {"If-Match": '"1"'}

WRONG = ("sign_in_with_password", "sign_in_with_invite", "sign_in_with_oidc", "refresh_token")  # those with SIGN_IN

# operation: (address, body, headers, status for guest, bob, mod and ada, who wrote the post)
ROWS: dict[str, tuple[str, Any, dict[str, str], tuple[int, int, int, int]]] = {
    "discover": ("/.well-known/jam", None, {}, OPEN),
    "get_openapi": ("/openapi.json", None, {}, OPEN),
    "get_jam": ("/jam", None, {}, OPEN),
    "list_forums": ("/forums", None, {}, OPEN),
    "get_forum": ("/forums/ideas", None, {}, OPEN),
    "list_posts": ("/posts", None, {}, OPEN),
    "get_post": ("/posts/{post}", None, {}, OPEN),
    "get_post_tags": ("/posts/{post}/tags", None, {}, OPEN),
    "list_tags": ("/tags", None, {}, OPEN),
    "list_people": ("/people", None, {}, OPEN),
    "get_person": ("/people/ada", None, {}, OPEN),
    "list_changes": ("/changes", None, {}, OPEN),
    "list_announcements": ("/announcements", None, {}, OPEN),
    "get_snapshot": ("/snapshot", None, {}, OPEN),
    "get_stream": ("/stream", None, {}, OPEN),
    "get_me": ("/me", None, {}, (401, 200, 200, 200)),
    "get_my_votes": ("/me/votes", None, {}, (401, 200, 200, 200)),
    "get_my_desk": ("/me/desk", None, {}, (401, 200, 200, 200)),
    "put_post": ("/posts/{new}", {"forum_id": "{forum}", "title": "T", "body": "B"}, {}, (401, 201, 201, 201)),
    # What hosts and moderators may, too; words are the author's alone, see `test_only_the_author_changes_the_words`.
    "patch_post": ("/posts/{post}", {"kind": "question"}, MATCH, (401, 403, 200, 200)),
    "delete_post": ("/posts/{post}", None, MATCH, (401, 403, 200, 200)),
    "put_tag": ("/posts/{post}/tags/more", None, {}, (401, 200, 200, 200)),
    "delete_tag": ("/posts/{post}/tags/own", None, {}, (401, 403, 200, 200)),
    "put_tag_record": ("/tags/tea", {"about": "Hot"}, {}, (401, 403, 200, 403)),
    "delete_tag_record": ("/tags/tea", None, {}, (401, 403, 200, 403)),
    "put_tag_merge": ("/tags/coffees/merged", {"into": "coffee"}, {}, (401, 403, 200, 403)),
    "delete_tag_merge": ("/tags/coffees/merged", None, {}, (401, 403, 200, 403)),
    "patch_me": ("/me", {"org": "Tea House"}, {}, (401, 200, 200, 200)),
    "get_my_data": ("/me/data", None, {}, (401, 200, 200, 200)),
    "put_vote": ("/posts/{post}/vote", None, {}, (401, 200, 200, 200)),
    "delete_vote": ("/posts/{post}/vote", None, {}, (401, 200, 200, 200)),
    "put_report": ("/reports/{new}", {"post_id": "{post}", "reason": "spam"}, {}, (401, 201, 201, 422)),
    "patch_report": ("/reports/{new}", {"state": "dismissed"}, {}, (401, 403, 404, 403)),
    "list_reports": ("/reports", None, {}, (401, 403, 200, 403)),
    "list_acts": ("/moderation", None, {}, (401, 403, 200, 403)),
    "put_act": (
        "/moderation/{new}",
        {"act": "lock", "post_id": "{post}", "reason": "Enough said."},
        {},
        (401, 403, 201, 403),
    ),
    "put_announcement": ("/announcements/{new}", {"body": "Welcome"}, {}, (401, 403, 201, 403)),
    "patch_announcement": ("/announcements/{own alert}", {"body": "Hello"}, {}, (401, 403, 200, 403)),
    "delete_announcement": ("/announcements/{announced}", None, {}, (401, 403, 200, 403)),
    "patch_forum": ("/forums/{forum}", {"brief": "{new}"}, {"If-Match": "*"}, (401, 403, 200, 403)),
    "list_polls": ("/polls", None, {}, OPEN),
    "put_poll": ("/polls/{new}", {"question": "Q?", "choices": ["a", "b"]}, {}, (401, 403, 201, 403)),
    "patch_poll": ("/polls/{poll}", {"closed": True}, {}, (401, 403, 200, 403)),
    "delete_poll": ("/polls/{poll}", None, {}, (401, 403, 200, 403)),
    "put_ballot": ("/polls/{poll}/ballot", {"choice": 1}, {}, (401, 200, 200, 200)),
    "delete_ballot": ("/polls/{poll}/ballot", None, {}, (401, 200, 200, 200)),
    "put_idea_state": ("/posts/{post}/idea-state", {"idea_state": "refined"}, {}, (401, 403, 200, 403)),
    "put_featured": ("/posts/{post}/featured", {"reason": "Read this"}, {}, (401, 403, 200, 403)),
    "delete_featured": ("/posts/{post}/featured", None, {}, (401, 403, 200, 403)),
    "list_links": ("/posts/{post}/links", None, {}, OPEN),
    "put_link": ("/posts/{post}/links/builds_on/{other}", None, {}, (401, 201, 201, 201)),
    "delete_link": ("/posts/{post}/links/answers/{linked}", None, {}, (401, 403, 200, 200)),
    "sign_in_with_password": ("/auth/password", {"handle": "ada", "password": "wrong"}, {}, SIGN_IN),
    "sign_in_with_invite": ("/auth/invite", {"code": "wrong", "handle": "eve"}, {}, SIGN_IN),
    "sign_in_with_oidc": (
        "/auth/oidc",
        {"subject_token": "a.b.c", "subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {},
        SIGN_IN,
    ),
    "refresh_token": ("/auth/refresh", {"refresh_token": "wrong"}, {}, SIGN_IN),
    "revoke_token": ("/auth/revoke", {"token": "wrong"}, {}, (204, 204, 204, 204)),
    # Last: nobody of them is there any more.
    "delete_me": ("/me?posts=keep", None, {}, (401, 204, 204, 204)),
}


# What a host is answered where it is not what another person is.
HOSTS = {
    "patch_post": 200,
    "put_announcement": 201,
    "patch_announcement": 200,
    "delete_announcement": 200,
    "put_act": 201,
    "patch_forum": 200,
    "put_poll": 201,
    "patch_poll": 200,
    "delete_poll": 200,
    "put_tag_record": 200,
    "delete_tag_record": 200,
    "put_tag_merge": 200,
    "delete_tag_merge": 200,
    "put_idea_state": 200,
    "put_featured": 200,
    "delete_featured": 200,
    "delete_link": 200,
}


def test_the_table_of_rights_is_what_the_routes_answer(figure: Callable[..., None]) -> None:
    """docs/rights.md, made from `Route.only`, against the rows above, which a real server is held to below."""
    cells = 0
    for route in ROUTES:
        guest, other, mod, author = ROWS[route.name][3]
        answers = dict(zip(CALLERS, (guest, other, author, HOSTS.get(route.name, other), mod), strict=True))
        for caller, status in answers.items():
            if route.name in WRONG:
                continue
            assert allowed(route, caller) == (status not in (401, 403)), (route.name, caller)
            cells += 1
    figure(f"promise 15: {cells} cells of docs/rights.md are what the routes answer")


def test_there_is_a_row_for_each_route() -> None:
    assert set(ROWS) == {route.name for route in ROUTES}


@pytest.mark.parametrize("guests", [True, False], ids=["guests read", "no guests"])
def test_each_route_answers_each_caller_as_documented(
    start_jam: Callable[..., Any], guests: bool, figure: Callable[..., None]
) -> None:
    jam = start_jam(vote_join=0.0, tries_a_minute=10**6)
    jam.server.write(lambda tx: oidc.store(tx, oidc.Config("http://127.0.0.1:1", "jamtui")))
    kinds = {route.name: (route.method, route.who) for route in ROUTES}
    fresh = sum("{post}" in f"{address} {body}" for address, body, *_ in ROWS.values()) * (len(WHO) + 1)
    posts = iter([jam.thread(tags=["own"], kind="idea")["id"] for _ in range(fresh)])
    other, linked = jam.thread(by=jam.mod)["id"], jam.thread(by=jam.mod)["id"]
    jam.server.write(lambda tx: objects.change_jam(tx, {"guests": guests}))
    asked = 0
    for name, (address, body, headers, expected) in ROWS.items():
        method, who = kinds[name]
        root = jam.url if address in ("/.well-known/jam", "/openapi.json") else f"{jam.url}/api/v1"
        hosts = HOSTS.get(name, expected[1])
        for caller, status in zip((*WHO, "host"), (*expected, hosts), strict=True):
            places = {
                "{post}": next(posts) if "{post}" in f"{address} {body}" else "",
                "{new}": str(uuid.uuid4()),
                "{forum}": jam.forum["id"],
                "{poll}": ask(jam) if "{poll}" in address else "",
                "{announced}": announce(jam) if "{announced}" in address else "",
                "{own alert}": announce(jam, caller) if "{own alert}" in address else "",
                "{other}": other,
                "{linked}": linked,
            }
            if name == "delete_link":
                jam.ada.put(f"/posts/{places['{post}']}/links/answers/{linked}").raise_for_status()
            filled = {key: places.get(str(value), value) for key, value in body.items()} if body else None
            for place, value in places.items():
                address = address.replace(place, value)
            with getattr(jam, caller).stream(method, root + address, json=filled, headers=headers) as answer:
                refused = caller == "guest" and who is Who.ANY and not guests
                assert answer.status_code == (403 if refused else status), (name, caller)
            address = ROWS[name][0]
            asked += 1
    figure(
        f"promise 15: {asked} cells of route x caller answer as documented, guests {'read' if guests else 'refused'}"
    )


def test_nobody_reads_what_is_anothers(jam: Any, figure: Callable[..., None]) -> None:
    """What has a route of its own is one's own: votes, and who one is. All that others can read says nothing of it."""
    post = jam.thread()
    jam.ada.put(f"/posts/{post['id']}/vote").raise_for_status()
    jam.server.write(
        lambda tx: accounts.set_password(tx, jam_person(tx, "ada"), accounts.hash_password("correct horse"))
    )
    assert jam.ada.get("/me/votes").json() == {"items": [post["id"]]}
    for other in (jam.bob, jam.mod):
        assert other.get("/me/votes").json() == {"items": []}
        assert other.get("/me").json()["handle"] != "ada"
    ada = jam.ada.get("/me").json()
    everything = ""
    for route in ROUTES:
        if route.method == "GET" and route.who is not Who.SIGNED_IN and route.name not in ("get_stream", "get_openapi"):
            address = ROWS[route.name][0].replace("{post}", post["id"])
            root = jam.url if route.name == "discover" else f"{jam.url}/api/v1"
            everything += jam.bob.get(root + address).text
    assert "argon2" not in everything
    votes = [item for item in jam.changes() if item["type"] == "votes"]
    assert [set(item["data"]) for item in votes] == [{"post_id", "up"}]
    assert ada["id"] not in str(votes)
    figure("promise 15: 0 cross-reads of votes and accounts")


def test_only_the_author_changes_the_words(jam: Any) -> None:
    post = jam.thread()
    for words in ({"body": "other"}, {"title": "Other"}, {"body": "other", "kind": "question"}):
        for client in (jam.mod, jam.host, jam.bob):
            assert client.patch(f"/posts/{post['id']}", json=words, headers=MATCH).status_code == 403
    assert jam.ada.patch(f"/posts/{post['id']}", json={"body": "other"}, headers=MATCH).status_code == 200


def ask(jam: Any) -> str:
    """A poll in the forum that everybody finds."""
    poll_id = str(uuid.uuid4())
    fields = {"question": "Which?", "choices": ["a", "b"], "forum_id": jam.forum["id"]}
    jam.mod.put(f"/polls/{poll_id}", json=fields).raise_for_status()
    return poll_id


def announce(jam: Any, by: str = "host") -> str:
    """An announcement of somebody who may make one; of the host for who may not."""
    new_id = str(uuid.uuid4())
    (jam.mod if by == "mod" else jam.host).put(f"/announcements/{new_id}", json={"body": "Welcome"}).raise_for_status()
    return new_id


def jam_person(tx: Any, handle: str) -> str:
    found = objects.find_person(tx.db, handle)
    assert found is not None
    return found[0]
