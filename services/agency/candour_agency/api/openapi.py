"""What the OpenAPI document says beyond what the routes' signatures do: bodies, keys, problems."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from candour_agency.api.problems import MEDIA_TYPE, STATUSES

_REF: Final = "#/components/schemas/{model}"
_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key gives the same answer for ever.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_PREFER: Final = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`wait=N`: wait up to N seconds, at most 30, for the gateway's verdicts.",
    "schema": {"type": "string"},
}
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
        "violations": {"type": "array", "items": {"type": "object"}},
        "message": {"type": "object"},
    },
}


_MODELS: Final[dict[str, type[BaseModel]]] = {}


def takes(model: type[BaseModel], *, keyed: bool = False) -> dict[str, Any]:
    """The body of a route, for its ``openapi_extra``.

    ``keyed`` ones take the headers of a call that sends.
    """
    schema = {"$ref": _REF.format(model=model.__name__)}
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    _MODELS[model.__name__] = model  # FastAPI serialises what stands in ``extra``, so only the name goes in
    extra: dict[str, Any] = {"requestBody": body, "x-model": model.__name__}
    return extra | {"parameters": [_KEY, _PREFER]} if keyed else extra


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = _PROBLEM
        for operation in _operations(made):
            _complete(operation, schemas)
        made["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        app.openapi_schema = made
    return app.openapi_schema


def _operations(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in made["paths"].values() for operation in path.values()]


def _complete(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    model = _MODELS.get(operation.pop("x-model", ""))
    if model is not None:
        made = model.model_json_schema(ref_template=_REF, by_alias=True)
        schemas.update(made.pop("$defs", {}))
        schemas[model.__name__] = made
    answers = operation.setdefault("responses", {})
    answers.pop("422", None)
    problem = {"content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}}
    for status in STATUSES:
        answers.setdefault(str(status), {"description": "A problem", **problem})
    for answer in answers.values():
        for content in answer.get("content", {}).values():
            content.pop("itemSchema", None)  # of OpenAPI 3.2
