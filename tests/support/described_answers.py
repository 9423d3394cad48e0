"""Whether answers are as docs/openapi.json says: their statuses, their headers, and the body that goes with each."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator, FormatChecker

from local_stack.http.gateway import Route, Router
from tests.infrastructure import stack
from tools.openapi import SLASH

DOCUMENT: dict[str, Any] = json.loads((stack.ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
OPERATIONS: dict[str, Any] = {
    operation["operationId"]: operation for path in DOCUMENT["paths"].values() for operation in path.values()
}
_FORMATS = FormatChecker(())
_FORMS = {
    "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "date": r"\d{4}-\d\d-\d\d",
    "uuid": "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}
for _name, _form in _FORMS.items():
    _FORMATS.checks(_name)(lambda value, form=_form: not isinstance(value, str) or bool(re.fullmatch(form, value)))


def check(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Fail unless the answer to a request is one that the operation may give; what is no operation may answer anything.

    Parameters
    ----------
    path : str
        As it was asked for, percent-encoded, with the query if any.
    """
    found = _router().find(method, unquote(path.partition("?")[0]))
    if found is None:
        return
    route, _ = found
    # The route for a slash at the end also takes whatever is behind it, which is no operation.
    if route.function in OPERATIONS and not (SLASH in route.path and status == 404):
        operation = operation_of(route.function, path.partition("?")[0])
        check_operation(operation, status, headers, b"" if method == "HEAD" else body, has_body=method != "HEAD")


def operation_of(function: str, path: str) -> str:
    """Return the operation that a function answers at a path: exports of ids with slashes come to the erasure's."""
    return "ManageExportUser" if function == "ManageEraseUser" and path.endswith("/export") else function


def check_operation(
    operation: str, status: int, headers: Mapping[str, str], body: bytes, *, has_body: bool = True
) -> None:
    """Fail unless an answer is one that an operation may give.

    Parameters
    ----------
    operation : str
        Its id, which is the function's.
    has_body : bool
        Whether an answer to the request can have a body.
    """
    answered = f"{operation} answered {status}"
    described = OPERATIONS[operation]["responses"].get(str(status))
    assert described is not None, f"{answered}, which docs/openapi.json does not have: {body[:500]!r}"
    described = resolved(described)
    given = {name.lower(): value for name, value in headers.items()}
    for name, header in described.get("headers", {}).items():
        assert name.lower() in given or not header["required"], f"{answered} without {name}"
        if name.lower() in given and header["schema"]["type"] == "integer":
            assert given[name.lower()].isdigit(), f"{answered} with {name}: {given[name.lower()]}"
    if not has_body:
        return
    content = described.get("content")
    if content is None:
        assert body == b"", f"{answered} with a body: {body[:500]!r}"
        return
    kind = given.get("content-type", "").partition(";")[0]
    assert kind in content, f"{answered} as {kind}, which docs/openapi.json does not have: {body[:500]!r}"
    if kind == "application/json":
        errors = [
            f"{error.json_path}: {error.message[:300]}"
            for error in _validator(operation, status).iter_errors(json.loads(body))
        ]
        assert not errors, f"{answered} otherwise than docs/openapi.json says:\n" + "\n".join(errors)


def resolved(response: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a response of the document, which may be one that operations share."""
    name = response.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = DOCUMENT["components"]["responses"][name] if name else response
    return found


@cache
def _router() -> Router:
    return Router(Route(*route, function) for route, function in stack.routes().items())


@cache
def _validator(operation: str, status: int) -> Draft202012Validator:
    response = resolved(OPERATIONS[operation]["responses"][str(status)])
    schema = response["content"]["application/json"]["schema"]
    return Draft202012Validator({**_closed(schema), "components": {"schemas": _schemas()}}, format_checker=_FORMATS)


@cache
def _schemas() -> dict[str, Any]:
    return {name: _closed(schema) for name, schema in DOCUMENT["components"]["schemas"].items()}


def _closed(schema: Any) -> Any:
    """Return a schema without room for members that it does not have.

    What the document says leaves room, so that a client that is made of it reads the answers of later releases.
    """
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {
        key: {name: _closed(one) for name, one in value.items()} if key == "properties" else _closed(value)
        for key, value in schema.items()
    }
    return {"additionalProperties": False, **closed} if "properties" in schema else closed
