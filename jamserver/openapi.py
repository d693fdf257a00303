"""The OpenAPI 3.1 document, made from the table of routes that the dispatch uses."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from jamserver import examples
from jamserver.problems import CODES, MEDIA_TYPE, Problem, ProblemDocument
from jamserver.web import Answer, Parameter, Route, Who

Json = dict[str, Any]
_REF = "#/components/schemas/{name}"


@functools.cache
def document_bytes() -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(document())


def _anything(kind: type) -> Json:
    """``object`` in a shape is any JSON value; msgspec says so for `Any` alone."""
    if kind is object:
        return {"description": "any JSON value"}
    raise NotImplementedError(kind)


def document() -> Json:
    """The whole document."""
    from jamserver.routes import ROUTES  # the routes serve this document: they import this module

    shapes = [ProblemDocument, *examples.shapes(ROUTES)]
    schemas, components = msgspec.json.schema_components(shapes, ref_template=_REF, schema_hook=_anything)
    by_shape = dict(zip(shapes, schemas, strict=True))
    paths: Json = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, by_shape)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Jam",
            "version": "1.0",
            "summary": "A massive online brainstorm: forums, posts, tags, votes, and the log of their changes.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, schemas: dict[type, Json]) -> Json:
    operation: Json = {"operationId": route.name, "summary": route.summary, "description": f"For {route.whom}."}
    if route.who is Who.ALWAYS:
        operation["security"] = []
    elif route.who is Who.ANY:
        operation["security"] = [{}, {"bearer": []}]
    else:
        operation["security"] = [{"bearer": []}]
    parameters = [_path_parameter(name) for name in re.findall(r"{(\w+)}", route.path)]
    parameters += [_parameter(parameter) for parameter in route.parameters]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": _content(route.body, schemas)}}
    responses: Json = {str(answer.status): _answer(answer, schemas) for answer in route.answers}
    for status, codes in sorted(_by_status(route.all_codes).items()):
        responses[str(status)] = _problem(status, codes, schemas[ProblemDocument])
    operation["responses"] = responses
    return operation


def _content(shape: type, schemas: dict[type, Json]) -> Json:
    made: Json = {"schema": schemas[shape]}
    example = examples.of(shape)
    if example is not None:
        made["examples"] = {"example": {"value": example}}
    return made


def _path_parameter(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }


def _answer(answer: Answer, schemas: dict[type, Json]) -> Json:
    made: Json = {"description": answer.description}
    if answer.headers:
        made["headers"] = {
            name: {"description": description, "schema": {"type": "string"}} for name, description in answer.headers
        }
    if answer.shape is not None:
        made["content"] = {answer.media_type: _content(answer.shape, schemas)}
    elif answer.status == HTTPStatus.OK:
        made["content"] = {answer.media_type: {"schema": {"type": "string"}}}
    return made


def _by_status(codes: Iterable[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for code in codes:
        found.setdefault(CODES[code][0], []).append(code)
    return found


def _problem(status: int, codes: list[str], schema: Json) -> Json:
    words = "; ".join(f"`{code}`: {CODES[code][1]}" for code in codes)
    shown = {code: {"value": msgspec.json.decode(Problem(code, f"{CODES[code][1]}.").body())} for code in codes}
    made: Json = {"description": f"{words}.", "content": {MEDIA_TYPE: {"schema": schema, "examples": shown}}}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        made["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}
    if status == HTTPStatus.UNAUTHORIZED:
        made["headers"] = {"WWW-Authenticate": {"description": "RFC 6750.", "schema": {"type": "string"}}}
    return made
