"""The template as the tests of this folder see it: as written, and as SAM translates it for a deployment."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from local_stack.template import translation
from local_stack.template.deployment import integrations

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATE = ROOT / "template.yaml"

Resource = dict[str, Any]


@cache
def written() -> dict[str, Any]:
    """Return the template as it is written."""
    return translation.parse(TEMPLATE.read_text(encoding="utf-8"))


@cache
def translated() -> dict[str, Any]:
    """Return the template as CloudFormation gets it, with references to parameters left open."""
    return translation.load(TEMPLATE, "us-east-1", written()["Parameters"])


def of_type(kind: str) -> dict[str, Resource]:
    """Return the translated resources of a type by logical id."""
    return {name: one for name, one in translated()["Resources"].items() if one["Type"] == kind}


def functions() -> dict[str, Resource]:
    """Return the properties of every function by logical id."""
    return {name: one["Properties"] for name, one in of_type("AWS::Lambda::Function").items()}


def mappings() -> dict[str, Resource]:
    """Return the properties of every event source mapping by logical id."""
    return {name: one["Properties"] for name, one in of_type("AWS::Lambda::EventSourceMapping").items()}


def queues() -> dict[str, Resource]:
    """Return the properties of every queue by logical id."""
    return {name: one["Properties"] for name, one in of_type("AWS::SQS::Queue").items()}


def target(reference: Any) -> str:
    """Return the logical id that a Ref, a GetAtt or an ARN made with Sub points to; of an If, where it holds."""
    if "Fn::If" in reference:
        return target(reference["Fn::If"][1])
    if "Ref" in reference:
        return str(reference["Ref"])
    if "Fn::GetAtt" in reference:
        return str(reference["Fn::GetAtt"][0])
    found = re.search(r"\$\{(\w+)\.Arn\}", reference["Fn::Sub"])
    assert found, reference
    return found[1]


def environment(function: str) -> dict[str, Any]:
    """Return the environment variables of a function."""
    variables: dict[str, Any] = functions()[function].get("Environment", {}).get("Variables", {})
    return variables


def consumers() -> dict[str, str]:
    """Return the function that takes from each queue, by the queue."""
    return {target(one["EventSourceArn"]): target(one["FunctionName"]) for one in mappings().values()}


def policies(function: str) -> list[dict[str, Any]]:
    """Return the statements of a function's policies: its own, and those that it shares with others of the stack."""
    return statements(target(functions()[function]["Role"]))


def statements(role: str) -> list[dict[str, Any]]:
    """Return the statements of a role's policies, but for those of AWS."""
    properties = translated()["Resources"][role]["Properties"]
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    shared = of_type("AWS::IAM::ManagedPolicy")
    attached = [target(one) for one in properties.get("ManagedPolicyArns", []) if not isinstance(one, str)]
    documents += [shared[name]["Properties"]["PolicyDocument"] for name in attached]
    return [statement for document in documents for statement in document["Statement"]]


def listed(value: Any) -> list[Any]:
    """Return a value that may stand alone as a list."""
    return value if isinstance(value, list) else [value]


def folder(function: str) -> Path:
    """Return the folder of a function's code."""
    return ROOT / str(written()["Resources"][function]["Properties"]["CodeUri"])


def definition() -> Resource:
    """Return the API's definition."""
    (api,) = of_type("AWS::ApiGatewayV2::Api").values()
    body: Resource = api["Properties"]["Body"]
    return body


@cache
def routes() -> dict[tuple[str, str], str]:
    """Return the function behind each method and path; the route of what nothing else takes is ("*", "$default")."""
    found = {}
    for method, path, integration in integrations(definition()):
        key = (method.upper().replace("X-AMAZON-APIGATEWAY-ANY-METHOD", "ANY"), path)
        found[("*", "$default") if path == "/$default" else key] = target(integration["uri"])
    return found


def schedules() -> dict[str, str]:
    """Return when each function runs that a clock starts."""
    return {
        target(one["Properties"]["Targets"][0]["Arn"]): one["Properties"]["ScheduleExpression"]
        for one in of_type("AWS::Events::Rule").values()
        if "ScheduleExpression" in one["Properties"]
    }
