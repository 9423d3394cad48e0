"""docs/openapi.json: every route, with its requests and answers.

Paths come from routes.txt, bodies and queries from the models that the functions parse them with, examples from
the good samples in events/. Parts without a model (answers, credentials, the bodies of the Client API and Vibetrace)
are in the tables below.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from nereid.dialects import openapi as served_openapi
from nereid.dialects.body_types import LaxBody
from nereid.dialects.client import checks as client_checks
from nereid.dialects.neptie.bodies import MAX_LEADS
from tools.routes import Route

ROOT = Path(__file__).resolve().parent.parent
Schema = dict[str, Any]
#: A second route of an endpoint that also answers with a slash at the end.
SLASH = "/{slash+}"

APIS = {
    "neptune": "Neptune: events, users, contact infos, app notifications",
    "client": "Client API: users, devices and events straight from apps",
    "vibetrace": "Vibetrace: events with their restrictions, users by e-mail",
    "neptie": "Neptie: accounts, leads, campaigns, ranking and writing, e-mail, analytics",
    "manage": "Management: environments, tokens, event types, messages, suppressions",
    "public": "Pages and health",
}
#: The status of an API's success, unless SUCCESS has another for the endpoint.
USUAL = {"client": 204}
SUCCESS = {
    "client/list_notifications": 200,
    "neptie/register": 201,
    "neptie/create_lead": 201,
    "neptie/create_campaign": 201,
    "neptie/add_email_account": 201,
    "neptie/send_email": 202,
}
CREDENTIALS: dict[str, list[dict[str, list[str]]]] = {
    "neptune": [{"api_token": []}],
    "client": [{"client_key": []}],
    "vibetrace": [{"raw_api_token": []}],
    "neptie": [{"api_token": []}, {"service_api_key": []}],
    "manage": [{"api_token": []}],
    "public": [],
}
#: Endpoints that carry no credential, or carry it in the body.
OPEN = {"neptune/ingest_event", "neptie/register", "neptie/login", "neptie/refresh"}
#: Functions that are no endpoints: they answer requests that no endpoint handles.
FALLBACKS = {"client/refuse_request", "public/not_found"}


def _object(required: list[str], **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    return {**schema, "required": required} if required else schema


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_TEXT: Schema = {"type": "string"}
ERRORS = {
    "neptune": _object([], message=_TEXT, error=_TEXT, errorCode=_TEXT, errors={"type": "object"}),
    "client": _object(["status", "error"], status={"const": "error"}, error=_TEXT, code={"type": "integer"}),
    "vibetrace": _object(
        ["errors"], errors=_array(_object(["message", "description"], message=_TEXT, description=_TEXT))
    ),
    "neptie": _object(["message"], message=_TEXT, errors=_array(_object([], field=_TEXT, message=_TEXT))),
    "manage": _object(["message"], message=_TEXT, errors=_array(_object([], field=_TEXT, message=_TEXT))),
    "public": _object([], message=_TEXT, status=_TEXT),
}


def _of_checks(fields: tuple[client_checks.Field, ...], required: tuple[str, ...] = (), **more: Schema) -> Schema:
    """Return the schema of a body that the Client API checks field by field."""
    properties: dict[str, Schema] = {}
    for field in fields:
        schema: Schema = {"type": [field.type, "null"] if field.nullable else field.type}
        if field.type == "string":
            schema |= {"minLength": field.shortest} if field.shortest else {}
            schema |= {"maxLength": field.longest} if field.longest is not None else {}
        properties[field.name] = schema
    return _object(list(required), **{**properties, **more})


_TRAITS = _of_checks(client_checks.TRAITS)
_EVENT = _of_checks(client_checks.EVENT, user={**_TRAITS, "type": ["object", "null"]})
_READER = _of_checks((client_checks.ANONYMOUS_ID, client_checks.EXTERNAL_ID))
_ATTRIBUTES = {**_object(["email"], email=_TEXT), "additionalProperties": True}
_LEADS = {**_array({"$ref": "#/components/schemas/neptie_LeadBody"}), "minItems": 1, "maxItems": MAX_LEADS}
#: The bodies that no model describes.
BODIES: dict[str, Schema] = {
    "client/alias_user": _of_checks(client_checks.ALIAS, ("external_id", "anonymous_id")),
    "client/identify_user": {**_of_checks(client_checks.IDENTIFY), "additionalProperties": False},
    "client/register_device": _of_checks(client_checks.DEVICE, client_checks.DEVICE_REQUIRED),
    "client/post_events": {**_array(_EVENT), "minItems": 1, "maxItems": client_checks.MAX_ITEMS},
    "client/track_event": _of_checks(client_checks.TRACK),
    "client/post_segment_calls": {
        **_array(_of_checks(client_checks.SEGMENT, ("type",))),
        "minItems": 1,
        "maxItems": client_checks.MAX_ITEMS,
    },
    "client/read_notification": _READER,
    "neptie/import_leads": {
        "oneOf": [_LEADS, _object(["leads"], leads=_LEADS)],
        "description": "Or a CSV file with a header line, as text/csv, application/csv or application/vnd.ms-excel.",
    },
    "vibetrace/post_event": _object(
        ["user", "event"],
        user=_object([], _id={"type": ["string", "integer"]}, email=_TEXT),
        event={"type": "object", "minProperties": 1, "maxProperties": 21, "additionalProperties": {"type": "object"}},
    ),
    "vibetrace/create_user": _ATTRIBUTES,
    "vibetrace/update_user": {"type": "object", "additionalProperties": True},
}


def document(functions: Mapping[str, Mapping[str, Any]], table: Sequence[Route]) -> str:
    """Return docs/openapi.json.

    Parameters
    ----------
    functions
        The properties of the template's functions by logical id.
    table
        Every route.
    """
    whole = _document(functions, table, {"url": "http://127.0.0.1:3000", "description": "make run"})
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def served(functions: Mapping[str, Mapping[str, Any]], table: Sequence[Route]) -> str:
    """Return the same as the stack serves it, which puts its own URL in."""
    whole = _document(functions, table, {"url": served_openapi.URL})
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False) + "\n"


def _document(
    functions: Mapping[str, Mapping[str, Any]], table: Sequence[Route], server: Mapping[str, str]
) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Schema] = {f"{api}_error": schema for api, schema in ERRORS.items()}
    for name, properties in functions.items():
        folder = str(properties["CodeUri"]).removeprefix("functions/").rstrip("/")
        own = [one for one in table if one.function == name and SLASH not in one.path]
        # HEAD is GET without the body.
        routes = [(one.method.lower(), one.path) for one in own if one.method != "HEAD"]
        if folder in FALLBACKS or not routes:
            continue
        (method, path), *others = routes
        operation = {"operationId": name, **_operation(folder, properties, schemas, method, path)}
        if others:
            operation["description"] = f"Also at {', '.join(f'`{other}`' for _, other in others)}."
        paths.setdefault(path.replace("+}", "}"), {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Nereid", "version": "1", "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [server],
        "tags": [{"name": api, "description": text} for api, text in APIS.items()],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _SECURITY},
    }


_SECURITY = {
    "api_token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "raw_api_token": {"type": "apiKey", "in": "header", "name": "Authorization"},
    "service_api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "client_key": {"type": "http", "scheme": "bearer", "bearerFormat": "pk_… or sk_…"},
}


def _operation(
    folder: str, properties: Mapping[str, Any], schemas: dict[str, Schema], method: str, path: str
) -> dict[str, Any]:
    api = folder.split("/", maxsplit=1)[0]
    success = SUCCESS.get(folder, USUAL.get(api, 200))
    operation: dict[str, Any] = {
        "tags": [api],
        "summary": properties["Description"],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": _TEXT}
            for name in re.findall(r"{([^}+]+)\+?}", path)
        ],
        "responses": {
            str(success): {"description": "Done, or durably queued"},
            "default": {
                "description": "Refused or failed; docs/apis has every status",
                "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{api}_error"}}},
            },
        },
    }
    if api == "client" and folder != "client/refuse_request":
        operation["parameters"].append({"name": "X-User-Token", "in": "header", "required": False, "schema": _TEXT})
    if folder not in OPEN and CREDENTIALS[api]:
        operation["security"] = CREDENTIALS[api]
    for model in _models(folder):
        schema = _schema_of(model, schemas)
        if model.__name__.endswith("Query"):
            operation["parameters"] += [
                {"name": name, "in": "query", "required": name in schema.get("required", []), "schema": one}
                for name, one in schema["properties"].items()
            ]
        else:
            if folder == "neptune/ingest_event":
                schema["properties"]["api_token"] = _TEXT
                schema["required"].append("api_token")
            schemas[_named(api, model)] = schema
            _take(operation, folder, method, {"$ref": f"#/components/schemas/{_named(api, model)}"})
    if folder in BODIES:
        _take(operation, folder, method, BODIES[folder])
    return operation


def _take(operation: dict[str, Any], folder: str, method: str, schema: Schema) -> None:
    """Describe the body of an operation, with the good sample's as the example."""
    content: dict[str, dict[str, Any]] = {"application/json": {"schema": schema}}
    sample = json.loads((ROOT / "events" / folder / "good.json").read_text(encoding="utf-8"))
    if body := sample.get("body"):
        form = sample["headers"].get("content-type", "application/json").partition(";")[0]
        example = json.loads(body) if form == "application/json" else body
        content.setdefault(form, {"schema": _TEXT})["example"] = example
    operation["requestBody"] = {"required": method != "delete", "content": content}


def _models(folder: str) -> list[type[BaseModel]]:
    """Return the models of bodies and queries that a function imports: it parses those."""
    found = [value for value in vars(_load(folder)).values() if isinstance(value, type) and issubclass(value, LaxBody)]
    return [model for model in found if model is not LaxBody]


def _load(folder: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("app", ROOT / "functions" / folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _named(api: str, model: type[BaseModel]) -> str:
    return f"{api}_{model.__name__}"


def _schema_of(model: type[BaseModel], schemas: dict[str, Schema]) -> Schema:
    """Return a model's schema, with its references moved to the document's own."""
    schema: Schema = _plain(model.model_json_schema(ref_template="#/components/schemas/{model}"))
    schemas.update(schema.pop("$defs", {}))
    if model.__name__.endswith("UpdateBody"):
        # Fields that a change leaves out stay; the defaults are never stored.
        for one in schema["properties"].values():
            one.pop("default", None)
    return schema


def _plain(schema: Any) -> Any:
    """Leave out the titles, which only repeat the names, and keys that are not JSON Schema's."""
    if isinstance(schema, dict):
        renamed = {"ge": "minimum", "le": "maximum"}
        return {
            renamed.get(key, key): (
                {name: _plain(one) for name, one in value.items()} if key in ("properties", "$defs") else _plain(value)
            )
            for key, value in schema.items()
            if key != "title" or isinstance(value, dict)
        }
    return [_plain(one) for one in schema] if isinstance(schema, list) else schema
