"""docs/openapi.json says what the functions do. tests/infrastructure/test_docs.py holds that it is up to date."""

from __future__ import annotations

import json
import re
from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from tests.infrastructure import stack

DOCUMENT: dict[str, Any] = json.loads((stack.ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
COMPONENTS = {"components": DOCUMENT["components"]}
OPERATIONS = {
    operation["operationId"]: (method, operation)
    for path in DOCUMENT["paths"].values()
    for method, operation in path.items()
}
#: Endpoints that change something and read no body.
BODILESS = {"ManageEraseUser", "ManageExportUser", "NeptieLogout", "PublicUnsubscribe", "PublicVerifyAddress"}
EXAMPLES = [
    (name, content["schema"], content["example"])
    for name, (_, operation) in OPERATIONS.items()
    for content in operation.get("requestBody", {}).get("content", {}).values()
    if "example" in content
]


def test_it_is_an_openapi_document() -> None:
    validate(DOCUMENT)


def test_every_endpoint_is_in_it() -> None:
    assert set(stack.routes().values()) - set(OPERATIONS) == {"ClientRefuseRequest", "PublicNotFound"}


def test_what_changes_something_says_what_body_it_takes() -> None:
    changing = {name: one for name, (method, one) in OPERATIONS.items() if method in ("post", "put")}
    assert {name for name, one in changing.items() if "requestBody" not in one} == BODILESS


def test_an_example_keeps_to_its_schema() -> None:
    errors = {
        name: [error.message for error in Draft202012Validator({**schema, **COMPONENTS}).iter_errors(example)]
        for name, schema, example in EXAMPLES
    }
    assert errors
    assert {name: messages for name, messages in errors.items() if messages} == {}


def test_the_status_of_success_is_the_function_s() -> None:
    answered = {
        name: set(re.findall(r"Response\((2\d\d)", (stack.folder(name) / "app.py").read_text(encoding="utf-8")))
        for name in OPERATIONS
    }
    missing = {name: statuses - set(OPERATIONS[name][1]["responses"]) for name, statuses in answered.items()}
    assert {name: statuses for name, statuses in missing.items() if statuses} == {}
