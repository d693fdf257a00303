"""The OpenAPI document: valid, with an example of every body and every problem, and true of a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import msgspec
import openapi_spec_validator

from jamserver import examples
from jamserver.openapi import document_bytes
from jamserver.problems import CODES, MEDIA_TYPE
from jamserver.routes import ROUTES

DOCUMENT: dict[str, Any] = json.loads(document_bytes())
OPERATIONS = [operation for methods in DOCUMENT["paths"].values() for operation in methods.values()]


def contents() -> list[tuple[str, dict[str, Any]]]:
    """(where, content) of every JSON body that the document has."""
    found = []
    for operation in OPERATIONS:
        bodies = [("request", operation["requestBody"])] if "requestBody" in operation else []
        for where, body in [*bodies, *operation["responses"].items()]:
            for media_type, content in body.get("content", {}).items():
                if media_type in ("application/json", MEDIA_TYPE):
                    found.append((f"{operation['operationId']} {where}", content))
    return found


def test_the_document_is_openapi() -> None:
    openapi_spec_validator.validate(DOCUMENT)


def test_every_body_has_an_example_that_its_schema_takes(figure: Callable[..., None]) -> None:
    missing = [shape.__name__ for shape in examples.shapes(ROUTES) if shape not in examples.EXAMPLES]
    assert missing == []
    count = 0
    for where, content in contents():
        assert content["examples"], where
        schema = content["schema"] | {"components": DOCUMENT["components"]}
        for one in content["examples"].values():
            jsonschema.Draft202012Validator(schema).validate(one["value"])
            count += 1
    figure(f"promise 15: {count} examples in the OpenAPI document, each as its schema says")


def test_every_example_of_a_request_is_one_that_the_server_reads() -> None:
    """As JSON, it decodes to the shape that the handler gets: nothing in it is unknown or out of bounds."""
    bodies = {route.body for route in ROUTES if route.body is not None}
    for shape in bodies:
        raw = json.dumps(examples.of(shape)).encode()
        assert msgspec.json.decode(raw, type=shape) == examples.EXAMPLES[shape]


def test_the_codes_of_the_document_are_those_of_the_table() -> None:
    told = {
        code
        for operation in OPERATIONS
        for response in operation["responses"].values()
        for code in response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
    }
    # Those that no route answers by itself: an address that is not there, a method that it does not take.
    assert set(CODES) - told == {"method_not_allowed"}
    assert told <= set(CODES)
