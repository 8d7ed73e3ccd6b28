"""The OpenAPI 3.1 document, made from the declarations of the views and the shapes they validate with."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
from flask import Flask
from werkzeug.routing import Rule

from core.permissions import GRANTABLE
from portals.api_v1.contract import problems
from portals.api_v1.contract.operation import JSON, Content, Operation
from portals.api_v1.contract.problems import Problem
from portals.api_v1.idempotency import NEVER_REFUSED
from portals.policy import POLICY

PROBLEM_JSON = "application/problem+json"
TITLE = "Equinomix ERP"
ABOUT = """\
The fleet over HTTP. Times are RFC 3339 in UTC, units are in the names, lists come in pages, refusals are problem
documents (RFC 9457) with a stable `type`. What is outside the client's parks does not exist for it: 404.

Get an access token from `POST /oauth/token` and send it as `Authorization: Bearer …`.
"""
TAGS = {
    "access": "Locking and releasing vehicles.",
    "assignments": "Who has which vehicle when: shifts, rentals, buy-outs.",
    "brakes": "What stops all immobilizations.",
    "changes": "Everything that happens, as a feed.",
    "debts": "What drivers owe, as your accounting system tells it.",
    "drivers": "People who drive, and their documents.",
    "event_log": "Incidents, fines, repairs, violations and trips: what happened, whose it is, and disputes of it.",
    "events": "What was detected about vehicles.",
    "geofences": "Places that vehicles enter and leave.",
    "imports": "Vehicles, drivers and fines out of CSV files.",
    "handovers": "Vehicles taken over and given back, and the damage that was found.",
    "inbox": "What wants a person.",
    "openapi": "This description.",
    "standings": "Whether drivers may drive, why, and what they are judged by.",
    "telemetry": "Points in, and what was made of them out.",
    "vehicles": "The registry of vehicles.",
    "webhooks": "Addresses that facts are told to, and what became of each message.",
}
# What the parts of a path are.
PATH_PARAMETERS = {
    "vehicle_id": "The id of a vehicle.",
    "driver_id": "The id of a driver.",
    "document_id": "The id of a document.",
    "field_id": "The id of a field that vehicles have.",
    "paper_id": "The id of a document of a vehicle.",
    "paper_file_id": "The id of a page of a document.",
    "photo_id": "The id of a photo of a vehicle.",
    "geofence_id": "The id of a geofence.",
    "event_id": "The id of an event of the log.",
    "dispute_id": "The id of a dispute.",
    "park_id": "The id of a park.",
    "endpoint_id": "The id of a webhook endpoint.",
    "message_id": "The id of a message, as in its `webhook-id`.",
    "job_id": "The id of an order, as the answer to it gave it.",
    "assignment_id": "The id of an assignment.",
    "handover_id": "The id of a handover.",
    "item_id": "The id of an item of the inbox.",
    "pattern_id": "The id of a weekly pattern of shifts.",
    "key": "Which one of its kind: `licence`, `medical`, the number of an incident. Yours to choose, and to keep.",
}
_CONVERTERS: dict[str, dict[str, Any]] = {
    "int": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1},
    "key": {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"},
    "uuid": {"type": "string", "format": "uuid"},
    "default": {"type": "string"},
}
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ALWAYS = (400, 406, 422, 429, 500, 503)
_WITH_BODY = (411, 413, 415)
_WITH_KEY = (409, 422)


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", **more}}


HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": _text("The name of the request in our logs: the one you sent, or one of ours."),
    "RateLimit": _text("What is left of the allowance, and in how many seconds it is whole again."),
    "RateLimit-Policy": _text("The allowance (draft-ietf-httpapi-ratelimit-headers)."),
    "Location": _text("The address of what was made or accepted.", format="uri-reference"),
    "ETag": _text("The version of what was read, for If-None-Match and If-Match."),
    "Link": _text("The address of the next page, if there is one (RFC 8288)."),
    "Idempotency-Replayed": _text("`true` when this was answered before to the same Idempotency-Key."),
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "WWW-Authenticate": _text("How to show who asks (RFC 6750)."),
    "Allow": _text("The methods that the address takes."),
}
_HEADERS_OF = {
    201: ("Location",),
    202: ("Location",),
    304: ("ETag",),
    401: ("WWW-Authenticate",),
    403: ("WWW-Authenticate",),
    412: ("ETag",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
EXAMPLE_KEY = "4e8f3c1a-5a0b-4a4e-9a53-0d4c1a7c8b11"
_REQUEST_HEADERS: dict[str, dict[str, Any]] = {
    "Idempotency-Key": _text(
        "A new random text for each new request, and the same one when it is repeated because its answer did not "
        "arrive: it is done once, and answered alike for a day.",
        pattern="^[!#-+.-~-]{1,255}$",
        examples=[EXAMPLE_KEY],
    ),
    "If-Match": _text(
        "The ETag as it was read: 412 when the record has changed since.",
        pattern=r'^(\*|"[1-9][0-9]{0,9}")$',
        examples=['"7"'],
    ),
    "If-None-Match": _text("The ETag of what you have: 304 without a body when it has not changed."),
}


class Endpoint(NamedTuple):
    """A declared view at one address and one method."""

    id: str
    method: str
    rule: Rule
    tag: str
    view: Any
    operation: Operation


def find_endpoints(app: Flask) -> Iterator[Endpoint]:
    """Every declared view under `/api/v1`, in the order of addresses."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = app.view_functions[rule.endpoint]
        declared = getattr(view, "operation", None)
        if rule.endpoint.startswith("api_v1.") and declared is not None:
            for method in sorted((rule.methods or set()).intersection(_METHODS)):
                name = rule.endpoint.removeprefix("api_v1.")
                yield Endpoint(name, method, rule, view.__module__.split(".")[2], view, declared)


def make_document(app: Flask, *, base_url: str) -> dict[str, Any]:
    """The whole document of an application that is reached at `base_url`."""
    endpoints = list(find_endpoints(app))
    schemas = _Schemas(endpoints)
    paths: dict[str, Any] = {}
    for one in endpoints:
        paths.setdefault(_path(one.rule), {})[one.method.lower()] = _operation(one, schemas)
    statuses = sorted({status for one in endpoints for status in _refusals(one)})
    tags = sorted({one.tag for one in endpoints})
    return {
        "openapi": "3.1.1",
        "info": {"title": TITLE, "version": "1", "description": ABOUT, "license": {"name": "Proprietary"}},
        "servers": [{"url": base_url}],
        "tags": [{"name": tag, "description": TAGS[tag]} for tag in tags],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {_name(status): _problem(status, schemas) for status in statuses},
            "headers": HEADERS,
            "securitySchemes": {"oauth2": _security_scheme(base_url)},
        },
    }


class _Schemas:
    """The schemas of every shape that an endpoint names, and where each stands."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        shapes = [Problem, *dict.fromkeys(shape for one in endpoints for shape in _shapes(one.operation))]
        found, self.components = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
        self._found = {id(shape): schema for shape, schema in zip(shapes, found, strict=True)}

    def of(self, shape: Any) -> dict[str, Any]:
        """The schema of one shape, by reference where it has a name."""
        return self._found[id(shape)]

    def parameters(self, shape: type[msgspec.Struct]) -> list[dict[str, Any]]:
        """The parameters of a query, each with its own schema."""
        _, parts = msgspec.json.schema_components([shape], ref_template="#/components/schemas/{name}")
        schema = parts.pop(shape.__name__)
        self.components.update(parts)
        required = schema["required"]
        return [_parameter(name, part, name in required) for name, part in schema["properties"].items()]


def _shapes(declared: Operation) -> Iterator[Any]:
    if declared.body is not None:
        yield declared.body
    for content in declared.answers.values():
        yield from (shape for shape in _by_media(content).values() if shape is not None)


def _by_media(content: Content) -> Mapping[str, Any]:
    if content is None:
        return {}
    return content if isinstance(content, Mapping) else {JSON: content}


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def _operation(one: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    declared = one.operation
    made: dict[str, Any] = {
        "operationId": one.id,
        "tags": [one.tag],
        "summary": _summary(one.id),
        "description": inspect.cleandoc(one.view.__doc__ or ""),
        "security": [{"oauth2": [name]} for name in POLICY[one.rule.endpoint].permissions],
    }
    parameters = [_in_path(name, one.rule) for name in re.findall(r"<(?:\w+:)?(\w+)>", one.rule.rule)]
    if declared.query is not None:
        parameters += schemas.parameters(declared.query)
    parameters += _in_headers(one)
    if parameters:
        made["parameters"] = parameters
    if declared.body is not None:
        content: dict[str, Any] = {"schema": schemas.of(declared.body)}
        if declared.example is not None:
            content["example"] = declared.example
        made["requestBody"] = {"required": True, "content": {JSON: content}}
    made["responses"] = _responses(one, schemas)
    return made


def _summary(name: str) -> str:
    words = name.replace("_", " ").capitalize()
    return re.sub(r"\b(csv|gpx|openapi)\b", lambda found: found[0].upper(), words).replace("OPENAPI", "OpenAPI")


def _in_path(name: str, rule: Rule) -> dict[str, Any]:
    found = re.search(rf"<(?:(\w+):)?{name}>", rule.rule)
    kind = (found and found[1]) or "default"
    description = PATH_PARAMETERS[name]
    return {"name": name, "in": "path", "required": True, "description": description, "schema": _CONVERTERS[kind]}


def _in_headers(one: Endpoint) -> list[dict[str, Any]]:
    declared, asked = one.operation, {}
    if one.method == "GET":
        asked["If-None-Match"] = False
    else:
        asked["Idempotency-Key"] = declared.keyed
    if declared.conditional:
        asked["If-Match"] = False
    made = {
        name: {"name": name, "in": "header", "required": must, **_REQUEST_HEADERS[name]} for name, must in asked.items()
    }
    if one.rule.endpoint in NEVER_REFUSED:
        made["Idempotency-Key"]["schema"] = {"type": "string"}  # what is no key is done as if there were none
    return list(made.values())


def _parameter(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    schema = _without_null(schema)
    description = schema.pop("description", "")
    made = {"name": name, "in": "query", "required": required, "description": description, "schema": schema}
    if schema.get("type") == "array":
        made |= {"style": "form", "explode": False}
    return made


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the null that stands for leaving a parameter out: no address can say it."""
    rest = {key: value for key, value in schema.items() if (key, value) != ("default", None)}
    kinds = [kind for kind in rest.pop("anyOf", []) if kind != {"type": "null"}]
    return {**rest, **kinds[0]} if len(kinds) == 1 else rest | ({"anyOf": kinds} if kinds else {})


def _responses(one: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    made = {str(status): _answer(one, status, content, schemas) for status, content in one.operation.answers.items()}
    if one.method == "GET":
        made["304"] = {"description": "It has not changed.", "headers": _headers(304)}
    for status in sorted(_refusals(one)):
        made[str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
    return made


def _refusals(one: Endpoint) -> set[int]:
    """The statuses of refusals that follow from a declaration, and those it names."""
    found = {*_ALWAYS, *one.operation.refuses}
    if POLICY[one.rule.endpoint].permissions:
        found |= {401, 403}
    if one.operation.body is not None:
        found.update(_WITH_BODY)
    if one.method != "GET":
        found.update(_WITH_KEY)
    if one.operation.conditional:
        found.add(412)
    if "<" in one.rule.rule:
        found.add(404)
    return found


def _answer(one: Endpoint, status: int, content: Content, schemas: _Schemas) -> dict[str, Any]:
    further = ["ETag", "Link"] if one.method == "GET" else ["Idempotency-Replayed"]
    if one.operation.conditional or status == 201:
        further.append("ETag")
    made: dict[str, Any] = {"description": HTTPStatus(status).phrase, "headers": _headers(status, *further)}
    by_media = _by_media(content)
    if by_media:
        made["content"] = {
            media: {"schema": {"type": "string"} if shape is None else schemas.of(shape)}
            for media, shape in by_media.items()
        }
    return made


def _problem(status: int, schemas: _Schemas) -> dict[str, Any]:
    content = {"schema": schemas.of(Problem), "example": problems.example(status)}
    return {
        "description": problems.describe(status),
        "headers": _headers(status),
        "content": {PROBLEM_JSON: content},
    }


def _headers(status: int, *further: str) -> dict[str, Any]:
    names = ("X-Request-Id", "RateLimit", "RateLimit-Policy", *_HEADERS_OF.get(status, ()), *further)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _name(status: int) -> str:
    return re.sub(r"\W", "", HTTPStatus(status).phrase.title())


def _security_scheme(base_url: str) -> dict[str, Any]:
    token_url = f"{base_url}/oauth/token"
    scopes = dict(sorted(GRANTABLE.items()))
    return {
        "type": "oauth2",
        "description": "An API client asks for itself; an application asks for the person who agreed to it.",
        "flows": {
            "clientCredentials": {"tokenUrl": token_url, "scopes": scopes},
            "authorizationCode": {
                "authorizationUrl": f"{base_url}/oauth/authorize",
                "tokenUrl": token_url,
                "refreshUrl": token_url,
                "scopes": scopes,
            },
        },
    }
