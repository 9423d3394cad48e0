"""docs/openapi.json: every route, with its requests and answers.

Paths come from routes.txt, bodies and queries from the models that the functions parse them with, answers from the
models in tools/answers, examples from the good samples in events/. Parts without a model (credentials, headers, the
bodies of the Client API and Vibetrace) are in the tables below.
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
from tools.answers import client, manage, neptie, neptune, public, vibetrace
from tools.answers.form import HEADERS, Reply, Success
from tools.routes import Route

ROOT = Path(__file__).resolve().parent.parent
Schema = dict[str, Any]
#: A second route of an endpoint that also answers with a slash at the end.
SLASH = "/{slash+}"
#: A second route of endpoints below a user whose id has slashes.
SLASHED = "/users/{rest+}"

APIS = {
    "neptune": "Neptune: events, users, contact infos, app notifications",
    "client": "Client API: users, devices and events straight from apps",
    "vibetrace": "Vibetrace: events with their restrictions, users by e-mail",
    "neptie": "Neptie: accounts, leads, campaigns, ranking and writing, e-mail, analytics",
    "manage": "Management: environments, tokens, event types, messages, suppressions",
    "public": "Pages and health",
}
SUCCESS: dict[str, Success] = {
    f"{api}/{name}": success
    for api, table in {
        "neptune": neptune.SUCCESS,
        "client": client.SUCCESS,
        "vibetrace": vibetrace.SUCCESS,
        "neptie": neptie.SUCCESS,
        "manage": manage.SUCCESS,
        "public": public.SUCCESS,
    }.items()
    for name, success in table.items()
}
ERRORS: dict[str, dict[int, Reply]] = {
    "neptune": neptune.ERRORS,
    "client": client.ERRORS,
    "client/list_notifications": client.INBOX_ERRORS,
    "vibetrace": vibetrace.ERRORS,
    "neptie": neptie.ERRORS,
    "manage": manage.ERRORS,
    "public": public.PAGE_ERRORS,
    "public/health": public.HEALTH_ERRORS,
    "public/show_openapi": public.DESCRIPTION_ERRORS,
}
CREDENTIALS: dict[str, list[dict[str, list[str]]]] = {
    "neptune": [{"api_token": []}],
    "client": [{"client_key": []}],
    "vibetrace": [{"raw_api_token": []}],
    "neptie": [{"api_token": []}, {"service_api_key": []}],
    "manage": [{"api_token": []}],
    "public": [],
    "neptie/logout": [{"session_token": []}],
    "neptie/change_password": [{"session_token": []}],
}
#: Endpoints that carry no credential, or carry it in the body.
OPEN = {"neptune/ingest_event", "neptie/register", "neptie/login", "neptie/refresh"}
#: Functions that are no endpoints of an API: they answer what no endpoint handles, or serve the console.
UNDESCRIBED = {"client/refuse_request", "public/not_found", "public/show_console"}
#: Errors about bodies, queries and paths of endpoints that seem to have none of these.
FURTHER: dict[str, set[int]] = {
    "neptune/ingest_event": {404},
    "neptie/login": {401},
    "neptie/refresh": {401},
    "neptie/rank_leads": {404},
    "neptie/generate_email": {404},
    "neptie/send_email": {404},
    "neptie/campaign_performance": {404},
    "vibetrace/post_event": {404},
    "manage/create_api_token": {404},
    "manage/create_client_key": {404},
    "manage/add_member": {409},
    "manage/update_member": {409},
    "manage/remove_member": {409},
    "manage/list_senders": {404},
    "manage/redrive_dead_letters": {404},
    "manage/purge_dead_letters": {404},
    "public/show_openapi": {304},
}


def _object(required: list[str], **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    return {**schema, "required": required} if required else schema


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _ref(name: str, kind: str = "schemas") -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}


_TEXT: Schema = {"type": "string"}


def _parameter(where: str, name: str, text: str, schema: Schema | None = None, *, required: bool = False) -> Schema:
    return {"name": name, "in": where, "required": required, "description": text, "schema": schema or _TEXT}


_KEY: Schema = {"type": "string", "minLength": 1, "maxLength": 256}
_USER_TOKEN = _parameter(
    "header", "X-User-Token", "A JWT of the app's server, where the environment asks public keys for it."
)
_READ_AGAIN = "Makes a repetition of the request have no effect"
#: Parameters that no model has.
PARAMETERS: dict[str, list[Schema]] = {
    "neptune/get_user": [
        _parameter(
            "query", "includes", "`contact_infos`: the user is shown with them.", {"enum": ["contact_infos"], **_TEXT}
        )
    ],
    "neptune/delete_contact_info": [
        _parameter("query", "type", "As in the body; only where there is none."),
        _parameter("query", "value", "As in the body; only where there is none."),
    ],
    "client/post_events": [_parameter("header", "Idempotency-Key", f"{_READ_AGAIN}.", _KEY)],
    "client/track_event": [_parameter("header", "Idempotency-Key", f"{_READ_AGAIN}.", _KEY)],
    "client/list_notifications": [
        _parameter("header", "x-external-id", "Whose notifications: this, or the anonymous id."),
        _parameter("header", "x-anonymous-id", "Whose notifications: this, or the external id."),
        _parameter("query", "limit", "How many.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 25}),
        _parameter("query", "cursor", "An earlier answer's `nextCursor`."),
    ],
    "vibetrace/post_event": [_parameter("header", "Idempotency-Key", f"{_READ_AGAIN}.", _KEY)],
    "vibetrace/update_user": [
        _parameter(
            "query", "upsert", "Whether a user is created if there is none.", {"type": "boolean", "default": False}
        )
    ],
    "public/show_openapi": [_parameter("header", "If-None-Match", "The `ETag` of what the caller has.")],
    "neptie/send_email": [
        _parameter("header", "Idempotency-Key", f"{_READ_AGAIN} within a day.", {"type": "string", "maxLength": 256})
    ],
}


def _of_checks(fields: tuple[client_checks.Field, ...], required: tuple[str, ...] = (), **more: Schema) -> Schema:
    """Return the schema of a body that the Client API checks field by field."""
    properties: dict[str, Schema] = {}
    for field in fields:
        schema: Schema = {"type": [field.type, "null"] if field.nullable else field.type}
        if field.type == "object":
            schema["additionalProperties"] = True
        if field.type == "string":
            schema |= {"minLength": field.shortest} if field.shortest else {}
            schema |= {"maxLength": field.longest} if field.longest is not None else {}
        properties[field.name] = schema
    return _object(list(required), **{**properties, **more})


_TRAITS = _of_checks(client_checks.TRAITS)
_LEADS = {**_array(_ref("NeptieLeadBody")), "minItems": 1, "maxItems": MAX_LEADS}
_MANY: Schema = {"minItems": 1, "maxItems": client_checks.MAX_ITEMS}
#: Schemas of what no model describes.
SCHEMAS: dict[str, Schema] = {
    "ClientAlias": _of_checks(client_checks.ALIAS, ("external_id", "anonymous_id")),
    "ClientIdentify": {**_of_checks(client_checks.IDENTIFY), "additionalProperties": False},
    "ClientDevice": _of_checks(client_checks.DEVICE, client_checks.DEVICE_REQUIRED),
    "ClientTraits": _TRAITS,
    "ClientEvent": _of_checks(client_checks.EVENT, user={"anyOf": [_ref("ClientTraits"), {"type": "null"}]}),
    "ClientTrackedEvent": _of_checks(client_checks.TRACK),
    "ClientReader": _of_checks((client_checks.ANONYMOUS_ID, client_checks.EXTERNAL_ID)),
    "SegmentCall": _of_checks(client_checks.SEGMENT, ("type",)),
    "VibetraceEvent": _object(
        ["user", "event"],
        user=_ref("VibetraceEventUser"),
        event={
            "type": "object",
            "minProperties": 1,
            "maxProperties": 21,
            "additionalProperties": _ref("VibetraceFields"),
        },
    ),
    "VibetraceFields": {"type": "object", "additionalProperties": True},
    "VibetraceEventUser": _object([], _id={"type": ["string", "integer"]}, email=_TEXT),
    "VibetraceNewUser": {**_object(["email"], email=_TEXT), "additionalProperties": True},
    "VibetraceAttributes": {"type": "object", "additionalProperties": True},
    "NeptieLeads": _object(["leads"], leads=_LEADS),
}
#: The bodies that no model describes.
BODIES: dict[str, Schema] = {
    "client/alias_user": _ref("ClientAlias"),
    "client/identify_user": _ref("ClientIdentify"),
    "client/register_device": _ref("ClientDevice"),
    "client/post_events": {**_array(_ref("ClientEvent")), **_MANY},
    "client/track_event": _ref("ClientTrackedEvent"),
    "client/post_segment_calls": {**_array(_ref("SegmentCall")), **_MANY},
    "client/read_notification": _ref("ClientReader"),
    "neptie/import_leads": {
        "oneOf": [_LEADS, _ref("NeptieLeads")],
        "description": "Or a CSV file with a header line, as text/csv, application/csv or application/vnd.ms-excel.",
    },
    "vibetrace/post_event": _ref("VibetraceEvent"),
    "vibetrace/create_user": _ref("VibetraceNewUser"),
    "vibetrace/update_user": _ref("VibetraceAttributes"),
}
#: Bodies whose members stay as they are if they are left out, and models within these.
CHANGES = ("UpdateBody", "ChangesBody", "ChannelsBody", "ClientAccessBody", "HourlyLimitsBody")


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
    schemas = _Schemas()
    for name, properties in functions.items():
        folder = str(properties["CodeUri"]).removeprefix("functions/").rstrip("/")
        own = [one for one in table if one.function == name and SLASH not in one.path and SLASHED not in one.path]
        # HEAD is GET without the body.
        routes = [(one.method.lower(), one.path) for one in own if one.method != "HEAD"]
        if folder in UNDESCRIBED or not routes:
            continue
        (method, path), *others = routes
        operation = {"operationId": name, **_operation(folder, properties, schemas, method, path)}
        if others:
            operation["description"] = f"Also at {', '.join(f'`{other}`' for _, other in others)}."
        paths.setdefault(path.replace("+}", "}"), {})[method] = operation
    responses = {
        _named(errors, status): _response(reply, schemas)
        for errors, replies in ERRORS.items()
        for status, reply in replies.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Nereid", "version": "1", "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [server],
        "tags": [{"name": api, "description": text} for api, text in APIS.items()],
        "paths": paths,
        "components": {
            "schemas": dict(sorted({**SCHEMAS, **schemas.found}.items())),
            "responses": responses,
            "securitySchemes": _SECURITY,
        },
    }


_SECURITY = {
    "api_token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "session_token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The token of a login; an API token has no session.",
    },
    "raw_api_token": {"type": "apiKey", "in": "header", "name": "Authorization"},
    "service_api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "client_key": {"type": "http", "scheme": "bearer", "bearerFormat": "pk_… or sk_…"},
}


def _operation(folder: str, properties: Mapping[str, Any], schemas: _Schemas, method: str, path: str) -> dict[str, Any]:
    api = folder.split("/", maxsplit=1)[0]
    operation: dict[str, Any] = {
        "tags": [api],
        "summary": properties["Description"],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": _TEXT}
            for name in re.findall(r"{([^}+]+)\+?}", path)
        ],
    }
    if api == "client":
        operation["parameters"].append(_USER_TOKEN)
    credentials = CREDENTIALS.get(folder, CREDENTIALS[api])
    if folder not in OPEN and credentials:
        operation["security"] = credentials
    for model in _models(folder):
        if model.__name__.endswith("Query"):
            operation["parameters"] += _of_query(model)
        else:
            _take(operation, folder, method, schemas.of_body(folder, model))
    if folder in BODIES:
        _take(operation, folder, method, BODIES[folder])
    operation["parameters"] += PARAMETERS.get(folder, [])
    operation["responses"] = _responses(folder, operation, schemas)
    return operation


def _responses(folder: str, operation: Mapping[str, Any], schemas: _Schemas) -> dict[str, Any]:
    success = SUCCESS[folder]
    errors = folder if folder in ERRORS else folder.split("/", maxsplit=1)[0]
    failed = {
        str(status): _ref(_named(errors, status), "responses")
        for status in sorted(_statuses(folder, operation) & set(ERRORS[errors]))
    }
    return {str(success.status): _response(success.reply, schemas), **failed}


def _named(errors: str, status: int) -> str:
    """Return the name of an error that operations share."""
    words = errors.rpartition("/")[2].split("_")
    return f"{''.join(word.capitalize() for word in words)}{status}"


def _statuses(folder: str, operation: Mapping[str, Any]) -> set[int]:
    """Return the statuses of the errors that an operation can answer."""
    where = {one["in"] for one in operation["parameters"]}
    api = folder.split("/", maxsplit=1)[0]
    found = {413, 429, 500, 503, *FURTHER.get(folder, ())}
    if folder in OPEN:
        found.add(403)
    if "security" in operation:
        found |= {401, 403}
    if folder == "neptune/ingest_event":
        found.add(401)
    if "path" in where:
        found.add(404)
    if "requestBody" in operation or "query" in where:
        found |= {400, 422}
    if api == "client":
        # It reads the body first, whatever the method, and a key that is unknown is a 404.
        found |= {400, 404, 422}
    if api == "neptune" and "requestBody" not in operation:
        found.discard(400)
    return found


def _response(reply: Reply, schemas: _Schemas) -> dict[str, Any]:
    response: dict[str, Any] = {"description": reply.text}
    if names := [*reply.headers, *(name for name in reply.may_have if name not in reply.headers)]:
        response["headers"] = {name: _header(name, required=name in reply.headers) for name in names}
    content: dict[str, Any] = {}
    if reply.text_type:
        # Clients that know one type for each status take the first, and JSON is text as well.
        content[reply.text_type] = {"schema": _TEXT}
    if reply.models:
        refs = [schemas.of_answer(model) for model in reply.models]
        content["application/json"] = {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}}
    return {**response, "content": content} if content else response


def _header(name: str, *, required: bool) -> Schema:
    text, kind = HEADERS[name]
    return {"description": text, "required": required, "schema": {"type": kind}}


def _of_query(model: type[BaseModel]) -> list[Schema]:
    schema = _plain(model.model_json_schema())
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _given(one)}
        for name, one in schema["properties"].items()
    ]


def _given(schema: Schema) -> Schema:
    """Return the schema of a query's value: left out where a model has null, and text where a model says nothing."""
    rest = {key: value for key, value in schema.items() if not (key == "default" and value is None)}
    choices = [one for one in rest.pop("anyOf", []) if one != {"type": "null"}]
    if choices:
        rest |= choices[0] if len(choices) == 1 else {"anyOf": choices}
    return rest or _TEXT


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


class _Schemas:
    """The schemas of the document's models, each under one name."""

    def __init__(self) -> None:
        self.found: dict[str, Schema] = {}

    def of_body(self, folder: str, model: type[BaseModel]) -> Schema:
        """Return a reference to what a function takes."""
        schema = self._schema(model)
        if folder == "neptune/ingest_event":
            schema["properties"]["api_token"] = _TEXT
            schema["required"].append("api_token")
        return self._keep(folder.split("/", maxsplit=1)[0].capitalize() + model.__name__, schema)

    def of_answer(self, model: type[BaseModel]) -> Schema:
        """Return a reference to what is answered."""
        return self._keep(model.__name__, self._schema(model))

    def _schema(self, model: type[BaseModel]) -> Schema:
        schema: Schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        for name, one in schema.pop("$defs", {}).items():
            self._keep(name, _without_defaults(name, _plain(one)))
        return _without_defaults(model.__name__, _plain(schema))

    def _keep(self, name: str, schema: Schema) -> Schema:
        if self.found.setdefault(name, schema) != schema:
            raise ValueError(f"two models are called {name}")
        return _ref(name)


def _without_defaults(name: str, schema: Schema) -> Schema:
    """Leave out what a member is if nobody gives it: clients that are made of the document would send it.

    What is not sent is the server's to choose, in a later release perhaps otherwise; in a change, it stays as it is.
    """
    for member in schema.get("properties", {}).values():
        default = member.pop("default", None)
        if isinstance(default, str | int | float) and not name.endswith(CHANGES):
            member["description"] = (
                f"{member.get('description', '')} If left out, it is `{json.dumps(default)}`.".strip()
            )
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
