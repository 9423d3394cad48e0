"""docs/openapi.json says what the functions do. tests/infrastructure/test_docs.py holds that it is up to date."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from tests.infrastructure import stack
from tools import generate

DOCUMENT: dict[str, Any] = json.loads((stack.ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
FUNCTIONS = generate.functions()
OPERATIONS = {
    operation["operationId"]: (method, operation)
    for path in DOCUMENT["paths"].values()
    for method, operation in path.items()
}
#: Endpoints that change something and read no body.
BODILESS = {"PublicUnsubscribe"}
EXAMPLES = [
    pytest.param(content["schema"], content["example"], id=name)
    for name, (_, operation) in OPERATIONS.items()
    for content in operation.get("requestBody", {}).get("content", {}).values()
    if "example" in content
]


def test_it_is_an_openapi_document() -> None:
    validate(DOCUMENT)


def test_every_endpoint_is_in_it() -> None:
    routed = {
        name
        for name, function in FUNCTIONS.items()
        if any("Path" in event["Properties"] for event in function.get("Events", {}).values())
    }
    assert routed - set(OPERATIONS) == {"ClientRefuseRequest"}


@pytest.mark.parametrize("name", [name for name, (method, _) in OPERATIONS.items() if method in ("post", "put")])
def test_what_changes_something_says_what_body_it_takes(name: str) -> None:
    assert ("requestBody" in OPERATIONS[name][1]) == (name not in BODILESS)


@pytest.mark.parametrize(("schema", "example"), EXAMPLES)
def test_an_example_keeps_to_its_schema(schema: dict[str, Any], example: Any) -> None:
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(example)


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_status_of_success_is_the_function_s(name: str) -> None:
    code = (stack.ROOT / FUNCTIONS[name]["CodeUri"] / "app.py").read_text(encoding="utf-8")
    answered = set(re.findall(r"Response\((2\d\d)", code))
    documented = {status for status in OPERATIONS[name][1]["responses"] if status != "default"}
    assert answered <= documented
