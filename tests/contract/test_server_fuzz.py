"""Promise 15: requests made from the server's own description, and spoilt ones, are answered as it says, never by 5xx.

Each route is asked by nobody, by another person and by a moderator. The requests repeat: Hypothesis is not random here.
"""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jamserver import oidc
from jamserver.openapi import document

Json = dict[str, Any]
EXAMPLES = int(os.environ.get("JAMTUI_FUZZ", "25"))  # of each route for each caller
DOCUMENT = document()
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
ANY_TEXT = st.text(st.characters(), max_size=30)  # half surrogate pairs and controls included
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
HEADER_TEXT = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="".join(map(chr, range(0x7F, 0xA1))))
)


def fitting(schema: Json, real: dict[str, list[str]], name: str = "") -> st.SearchStrategy[Any]:
    """Values that a schema of the document describes; now and then one that exists, where ``name`` has some."""
    if "$ref" in schema:
        return fitting(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]], real, name)
    if "anyOf" in schema:
        return st.one_of([fitting(one, real, name) for one in schema["anyOf"]])
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        fields = {field: fitting(one, real, field) for field, one in schema["properties"].items()}
        required = set(schema.get("required", ()))
        return st.fixed_dictionaries(
            {field: one for field, one in fields.items() if field in required},
            optional={field: one for field, one in fields.items() if field not in required},
        )
    if kind == "array":
        return st.lists(fitting(schema.get("items", {}), real, name), max_size=14)
    if kind == "string":
        return text_fitting(schema, real.get(name, []))
    simple: dict[str, st.SearchStrategy[Any]] = {
        "integer": st.integers(),
        "number": st.floats(),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    return simple.get(str(kind), ANYTHING)


def text_fitting(schema: Json, real: list[str]) -> st.SearchStrategy[str]:
    made: st.SearchStrategy[str]
    if schema.get("format") == "date-time":
        made = st.datetimes().map(lambda moment: moment.isoformat() + "Z")
    elif "pattern" in schema:
        made = st.from_regex(schema["pattern"])
    else:
        least, most = schema.get("minLength", 0), schema.get("maxLength", 1_000)
        made = st.text(st.characters(), min_size=least, max_size=min(most, least + 30))
        # At the limit and one beyond it, which is the server's to refuse.
        made |= st.sampled_from([most, most + 1]).map(lambda length: "x" * length)
    return st.sampled_from(real) | made if real else made


@st.composite
def spoilt(draw: st.DrawFn, value: st.SearchStrategy[Any]) -> Any:
    """A fitting object with one field missing, of another kind, or too many."""
    found = draw(value)
    if not isinstance(found, dict) or not found:
        return draw(ANYTHING)
    field = draw(st.sampled_from(sorted(found)))
    how = draw(st.sampled_from(["drop", "other", "more"]))
    if how == "drop":
        return {name: one for name, one in found.items() if name != field}
    return found | {draw(ANY_TEXT) if how == "more" else field: draw(ANYTHING)}


@st.composite
def requests(draw: st.DrawFn, name: str, real: dict[str, list[str]]) -> tuple[str, dict[str, str], bytes | None, bool]:
    """(address, headers, body, whether the address is surely that of this route)."""
    _, path, operation = OPERATIONS[name]
    sure, query, headers = True, [], {}
    for parameter in operation.get("parameters", ()):
        known = st.sampled_from(real.get(parameter["name"], [""]))
        if parameter["in"] == "path":
            part = draw(
                known
                | known
                | st.uuids().map(str)
                | st.text(min_size=1, max_size=50)
                | st.binary(min_size=1, max_size=9)
            )
            raw = part if isinstance(part, bytes) else part.encode()
            sure = sure and b"/" not in raw and raw not in (b".", b"..", b"")
            path = path.replace("{" + parameter["name"] + "}", quote(raw, safe=""))
        elif draw(st.booleans()):
            if parameter["in"] == "query":
                numbers = st.integers().map(str)
                query.append((parameter["name"], draw(known | numbers | st.text(max_size=30))))
            else:
                headers[parameter["name"]] = draw(known | HEADER_TEXT)
    if draw(st.integers(0, 9)) == 0:
        query.append((draw(st.text(max_size=5)), draw(st.text(max_size=5))))
    body = None
    if "requestBody" in operation:
        fits = fitting(operation["requestBody"]["content"]["application/json"]["schema"], real)
        good = st.just({"body": "B", "forum_id": real["forum"][0], "title": "T"})
        good |= st.sampled_from([{"body": "B", "parent_id": parent} for parent in real["post"]]) | st.just(
            {"body": "B"}
        )
        made = (fits | spoilt(fits) | good | spoilt(good) | ANYTHING).map(lambda value: json.dumps(value).encode())
        body = draw(made | made | made | st.binary(max_size=40))
        headers["Content-Type"] = draw(st.sampled_from(["application/json"] * 9 + ["text/plain"]))
    return path + ("?" + urlencode(query) if query else ""), headers, body, sure


def check(name: str, answer: httpx.Response, sure: bool) -> None:
    """The status is one that the document has, the body what it says of it."""
    operation = OPERATIONS[name][2]
    assert answer.status_code < 500, answer.text
    if not sure:
        return
    response = operation["responses"].get(str(answer.status_code))
    assert response is not None, (answer.status_code, answer.text)
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if "content" not in response:
        assert answer.content == b""
    elif media_type in ("application/json", "application/problem+json"):
        schema = response["content"][media_type]["schema"] | {"components": DOCUMENT["components"]}
        jsonschema.Draft202012Validator(schema).validate(answer.json())
    else:
        assert media_type in response["content"]


@pytest.mark.parametrize("who", ["guest", "bob", "mod"])
def test_no_request_makes_the_server_fail(
    start_jam: Callable[..., Any], who: str, figure: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    jam = start_jam(vote_join=0.0, writes=10**9, tries_a_minute=10**9)
    # An issuer that nobody is: no made-up token gets as far as its keys.
    jam.server.write(lambda tx: oidc.store(tx, oidc.Config("http://127.0.0.1:1", "jamtui", "https://jam.example")))
    post = jam.thread(tags=["red"])
    reply = jam.reply(post)
    ids = [post["id"], reply["id"]]
    forums, people, tags = [jam.forum["id"], "ideas"], ["ada", post["author_id"]], ["red", "#Blue"]
    real = {
        "post": ids,
        "thread": ids,
        "thread_id": ids,
        "parent_id": ids,
        "forum": forums,
        "forum_id": forums,
        "person": people,
        "author": people,
        "handle": people,
        "tag": tags,
        "tags": tags,
        "announcement": ["0190a5f4-7d1c-7a3e-9b52-3c6f0a1b2c3d"],
        "If-Match": ['"1"', '"2"', "*"],
        "Idempotency-Key": ["k"],
        "limit": ["1"],
        "after": ["0", "0-0", jam.head()],
        "Last-Event-ID": ["0-0"],
    }
    caller: httpx.Client = getattr(jam, who)
    seen: Counter[int] = Counter()

    def ask(name: str, request: tuple[str, dict[str, str], bytes | None, bool]) -> None:
        address, headers, body, sure = request
        raw = {key: value.encode("latin-1") for key, value in headers.items()}
        with caller.stream(OPERATIONS[name][0], jam.url + address, content=body, headers=raw) as answer:
            endless = answer.headers.get("content-type", "").startswith("text/event-stream")
            if not endless:
                answer.read()
                check(name, answer, sure)
            seen[answer.status_code] += 1

    bounded = settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    # One that is surely taken, so that what comes after it meets posts of the caller's own.
    whole = json.dumps({"forum_id": forums[0], "title": "T", "body": "B"}).encode()
    ask("put_post", (f"/api/v1/posts/{uuid.uuid4()}", {"Content-Type": "application/json"}, whole, True))
    for name in sorted(OPERATIONS):
        bounded(given(st.just(name), requests(name, real))(ask))()
    assert [record for record in caplog.records if record.name == "jamserver"] == []
    # The requests reach the inside: what is made of them is not all refused at the door.
    assert seen[200] > len(OPERATIONS)
    assert who == "guest" or seen[201] > 0
    figure(f"promise 15: 0 answers of 5xx to {seen.total():,} made-up requests over {len(OPERATIONS)} routes as {who}")
