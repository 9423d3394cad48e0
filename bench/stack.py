"""The stack as it would be deployed: what template.yaml says of each function, queue and table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from bench.places import ROOT, STATE, TEMPLATE
from local_stack.template import translation
from local_stack.template.intrinsics import NO_VALUE, Resolver

REGION = "us-east-1"
ACCOUNT = "123456789012"
NAME = "nereid"
#: What an operator sets who sends over all channels. Paces are so high that none is ever waited for.
PARAMETERS = {
    "EmailFrom": "hello@example.com",
    "SmsEnabled": "true",
    "SmsPerSecond": "1000000",
    "PushesPerSecond": "1000000",
    "PushApplicationArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:app/GCM/nereid",
    "Registration": "open",
    "BaseUrl": "https://nereid.example.com",
}


@dataclass(frozen=True)
class Function:
    """A function as the template declares it.

    Parameters
    ----------
    name
        Its folder, such as neptune/ingest_event.
    logical_id
        Its name in the template.
    environment
        The variables that the template gives it.
    timeout
        Seconds.
    memory
        MB.
    """

    name: str
    logical_id: str
    environment: dict[str, str]
    timeout: int
    memory: int


@cache
def translated() -> dict[str, Any]:
    """Return the template as CloudFormation gets it, with references to its parameters left open."""
    declared = translation.parse(TEMPLATE.read_text(encoding="utf-8"))["Parameters"]
    return translation.load(TEMPLATE, REGION, declared, STATE)


class Stack:
    """The resources of a deployment.

    Parameters
    ----------
    queue_url
        Where queues are, up to their names.
    parameters
        Of the template, beside its defaults.
    """

    def __init__(self, queue_url: str = "", parameters: Mapping[str, str] | None = None) -> None:
        self._queue_url = queue_url
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{NAME}/1",
            "AWS::StackName": NAME,
            "AWS::URLSuffix": "amazonaws.com",
        }
        given = PARAMETERS if parameters is None else parameters
        self._resolver = Resolver(translated(), given, pseudo, self._attribute)

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of the resources of a type that this deployment has, by logical id."""
        return {
            name: self._resolver.resolve(one.get("Properties") or {})
            for name, one in translated()["Resources"].items()
            if one["Type"] == kind and ("Condition" not in one or self._resolver.condition(one["Condition"]))
        }

    @cached_property
    def functions(self) -> dict[str, Function]:
        """All functions by their folders."""
        found = {}
        for logical_id, one in self.of_type("AWS::Lambda::Function").items():
            folder = str(translation.code_path(one["Code"])).rstrip("/").removeprefix("functions/")
            variables = one.get("Environment", {}).get("Variables", {})
            environment = {name: str(value) for name, value in variables.items()}
            found[folder] = Function(folder, logical_id, environment, one["Timeout"], one["MemorySize"])
        return dict(sorted(found.items()))

    @cached_property
    def tables(self) -> dict[str, dict[str, Any]]:
        """The properties of each table by its name."""
        return self.of_type("AWS::DynamoDB::Table")

    def logs_of_lambda(self) -> bool:
        """Tell whether Lambda itself writes lines of start and end into the functions' logs."""
        levels = {
            one["LoggingConfig"].get("SystemLogLevel", "INFO") for one in self.of_type("AWS::Lambda::Function").values()
        }
        return bool(levels - {"WARN"})

    def _attribute(self, name: str, attribute: str | None) -> Any:
        """Stand in for what a resource is called once it is made."""
        kind = translated()["Resources"][name]["Type"]
        service, _, thing = kind.removeprefix("AWS::").lower().partition("::")
        if kind == "AWS::SQS::Queue" and attribute is None:
            return f"{self._queue_url}/{name}"
        if attribute in (None, "Name", "QueueName") and kind not in ("AWS::SNS::Topic", "AWS::SecretsManager::Secret"):
            return name
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{thing}/{name}" if kind != "AWS::SQS::Queue" else arn(name)


def arn(queue: str) -> str:
    """Return the ARN of a queue."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"


__all__ = ["ACCOUNT", "NO_VALUE", "REGION", "ROOT", "Function", "Stack", "arn", "translated"]
