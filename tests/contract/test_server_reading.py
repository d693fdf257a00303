"""What everybody reads, the problem documents, and the OpenAPI document."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import httpx
import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from jamserver import examples
from jamserver.openapi import document, document_bytes
from jamserver.problems import CODES
from jamserver.routes import ROUTES


def test_discovery(jam: Any) -> None:
    found = httpx.get(f"{jam.url}/.well-known/jam").json()
    assert found["jam"] == jam.guest.get("/jam").json()
    assert (found["name"], found["api_version"], found["api"]) == ("New Jam", "1.0", "/api/v1")
    assert [way["type"] for way in found["sign_in"]] == ["guest", "invite", "password"]
    assert found["limits"] == {"title": 200, "body": 20_000, "tag": 40, "tags": 12}
    assert found["head"] == jam.head()


def test_forums_by_id_and_slug(jam: Any) -> None:
    assert jam.guest.get("/forums").json() == {"items": [jam.forum]}
    for name in (jam.forum["id"], "ideas"):
        assert jam.guest.get(f"/forums/{name}").json() == jam.forum
    missing = jam.guest.get("/forums/none")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_posts_are_filtered_and_paged_oldest_change_first(jam: Any) -> None:
    first = jam.thread(tags=["red"])
    second = jam.thread(by=jam.bob)
    reply = jam.reply(first)
    jam.mod.put(f"/posts/{first['id']}/tags/blue").raise_for_status()

    def ids(**params: Any) -> list[str]:
        page = jam.guest.get("/posts", params=params).raise_for_status().json()
        return [post["id"] for post in page["items"]]

    assert ids() == [second["id"], reply["id"], first["id"]]
    assert ids(thread=first["id"]) == [reply["id"], first["id"]]
    assert ids(author=first["author_id"]) == [first["id"]]
    assert ids(tag="RED") == [first["id"]]
    assert ids(forum="ideas", tag="blue") == [first["id"]]
    assert ids(tag="green") == []
    assert jam.guest.get("/posts", params={"forum": "none"}).status_code == 404
    page = jam.guest.get("/posts", params={"limit": 2}).json()
    assert [post["id"] for post in page["items"]] == [second["id"], reply["id"]]
    last = jam.guest.get("/posts", params={"limit": 2, "after": page["next"]}).json()
    assert ([post["id"] for post in last["items"]], last["next"]) == ([first["id"]], None)


def test_people_by_id_and_handle(jam: Any) -> None:
    people = jam.guest.get("/people").json()
    assert [person["handle"] for person in people["items"]] == ["ada", "bob", "mod"]
    page = jam.guest.get("/people", params={"limit": 2}).json()
    rest = jam.guest.get("/people", params={"after": page["next"]}).json()
    assert page["items"] + rest["items"] == people["items"]
    ada = people["items"][0]
    for name in (ada["id"], "ada", "Ada"):
        assert jam.guest.get(f"/people/{name}").json() == ada
    assert jam.guest.get("/people/none").status_code == 404


def test_tags_the_most_used_first(jam: Any) -> None:
    for tags in (["a", "b"], ["b"], ["c", "b"]):
        jam.thread(tags=tags)
    gone = jam.thread(tags=["gone"])
    jam.ada.delete(f"/posts/{gone['id']}", headers={"If-Match": '"1"'}).raise_for_status()
    items = jam.guest.get("/tags").json()["items"]
    assert items == [{"name": "b", "count": 3}, {"name": "a", "count": 1}, {"name": "c", "count": 1}]


def test_parameters_that_are_not_known_are_refused(jam: Any) -> None:
    answer = jam.guest.get("/changes", params={"afer": "1-abcd"})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "afer")


def test_addresses_and_methods_that_are_none(jam: Any) -> None:
    for address in ("/nothing", "/posts/", "/posts/x/y/z"):
        missing = jam.guest.get(address)
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
        assert missing.headers["content-type"] == "application/problem+json"
    wrong = jam.guest.post("/posts")
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (405, "method_not_allowed", "GET, HEAD")


def test_head_answers_as_get_without_a_body(jam: Any) -> None:
    for address in ("/jam", "/forums", "/changes", "/snapshot", "/people"):
        head, get = jam.guest.head(address), jam.guest.get(address)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == get.headers["content-type"]
        assert head.headers["content-length"] == get.headers["content-length"]


def test_the_document_is_valid_and_served(jam: Any) -> None:
    served = httpx.get(f"{jam.url}/openapi.json").json()
    assert served == json.loads(document_bytes())
    OpenAPIV31SpecValidator(served).validate()
    assert served["openapi"] == "3.1.0"


def test_every_route_documents_its_problems() -> None:
    paths = document()["paths"]
    for route in ROUTES:
        operation = paths[route.path][route.method.lower()]
        assert {str(answer.status) for answer in route.answers} < set(operation["responses"])
        for code in route.all_codes:
            assert code in operation["responses"][str(CODES[code][0])]["description"]


@pytest.mark.parametrize("who", ["guest", "bob", "mod"])
def test_every_route_answers_as_documented(jam: Any, who: str) -> None:
    """Each route once for nobody, another person, a moderator: the status, the media type and the body's schema."""
    post = jam.thread(tags=["t"])
    described = document()
    caller: httpx.Client = getattr(jam, who)
    values = {"post": post["id"], "forum": "ideas", "person": "ada", "tag": "t", "announcement": str(uuid.uuid4())}
    fresh = {route_part for route in ROUTES for route_part in re.findall(r"{(\w+)}", route.path)} - set(values)
    values |= {name: str(uuid.uuid4()) for name in fresh} | {"kind": "builds_on", "to": post["id"]}
    bodies: dict[str, Any] = {
        "put_post": {"forum_id": jam.forum["id"], "title": "T", "body": "B"},
        "patch_post": {"body": "New"},
        "put_announcement": {"body": "Hello"},
        "put_report": {"post_id": post["id"], "reason": "spam"},
        "patch_report": {"state": "dismissed"},
        "put_act": {"act": "lock", "post_id": post["id"], "reason": "Enough."},
        "sign_in_with_password": {"handle": "ada", "password": "wrong"},
        "sign_in_with_invite": {"code": "none", "handle": "eve"},
        "refresh_token": {"refresh_token": "none"},
        "revoke_token": {"token": "none"},
    }
    for route in sorted(ROUTES, key=lambda route: route.name == "delete_me"):  # after which one is nobody
        if route.name == "get_stream":
            continue  # it does not end; test_server_stream.py has it
        body = bodies.get(route.name, examples.of(route.body) if route.body is not None else None)
        names = values | ({"post": str(uuid.uuid4())} if route.name == "put_post" else {})
        answer = caller.request(
            route.method,
            f"{jam.url}{route.path.format(**names)}",
            json=body,
            headers={"If-Match": '"1"'},
        )
        operation = described["paths"][route.path][route.method.lower()]
        response = operation["responses"].get(str(answer.status_code))
        assert response is not None, (route.name, answer.status_code, answer.text)
        assert answer.status_code < 500, answer.text
        if who == "guest" and operation["security"] == [{"bearer": []}]:
            assert answer.status_code == 401, route.name
        if not answer.content:
            continue
        media_type = answer.headers["content-type"].partition(";")[0]
        schema = response["content"][media_type]["schema"]
        if "json" in media_type and "ndjson" not in media_type:
            jsonschema.Draft202012Validator(schema | {"components": described["components"]}).validate(answer.json())
