"""Deploys a translated template locally, and returns the functions, queues and routes that the stack has to run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import botocore.exceptions

from local_stack.aws import resources
from local_stack.aws.permissions import Need, allows
from local_stack.aws.resources import Cloud, Physical, ResourceError
from local_stack.settings import ACCOUNT_ID
from local_stack.template.intrinsics import IntrinsicError, Resolver
from local_stack.template.translation import code_path
from local_stack.terminal import warn

_INTEGRATION = "x-amazon-apigateway-integration"
_FUNCTION_IN_ARN = re.compile(r":function:([A-Za-z0-9_-]+)")


@dataclass(frozen=True)
class FunctionSpec:
    """A Lambda function as the template declares it.

    Parameters
    ----------
    logical_id, name, arn : str
        What it is known by.
    handler : str
        module.function
    code : Path
        Its folder.
    layers : tuple of Path
        Folders of its layers, in order.
    environment : dict
        Exactly the variables that the template gives it.
    timeout : float
        Seconds.
    memory : int
        MB, for the context object only.
    statements : tuple of dict, or None
        What its role may do by policies of the template; None when the role is not in the template.
    """

    logical_id: str
    name: str
    arn: str
    handler: str
    code: Path
    layers: tuple[Path, ...]
    environment: dict[str, str]
    timeout: float
    memory: int
    statements: tuple[Mapping[str, Any], ...] | None = None


@dataclass(frozen=True)
class MappingSpec:
    """An SQS queue that feeds a function.

    Parameters
    ----------
    logical_id : str
        The event source mapping.
    function : str
        Logical id of the function.
    queue_arn, queue_url : str
        The queue.
    batch_size : int
        Most records of one invocation.
    window : float
        Seconds to wait for a fuller batch.
    partial : bool
        Whether the function reports the items that failed.
    patterns : tuple
        Filter patterns; a record that none matches is dropped.
    concurrency : int or None
        Most invocations at once.
    """

    logical_id: str
    function: str
    queue_arn: str
    queue_url: str
    batch_size: int
    window: float
    partial: bool
    patterns: tuple[Any, ...]
    concurrency: int | None


@dataclass(frozen=True)
class TargetSpec:
    """Where an event or a tick goes.

    Parameters
    ----------
    arn : str
        A function or a queue.
    input : str or None
        A constant to send in place of the event.
    input_path : str or None
        The part of the event to send.
    transformer : dict or None
        InputPathsMap and InputTemplate.
    """

    arn: str
    input: str | None = None
    input_path: str | None = None
    transformer: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class RuleSpec:
    """A rule of EventBridge, or a schedule of its Scheduler.

    Parameters
    ----------
    logical_id, arn, bus : str
        What it is known by.
    pattern : dict or None
        The events it takes.
    schedule : str or None
        rate(...) or at(...); cron(...) is not run here.
    timezone : str
        The schedule's.
    targets : tuple of TargetSpec
        What it triggers.
    scheduler : bool
        True for AWS::Scheduler::Schedule, which sends its Input as it is.
    """

    logical_id: str
    arn: str
    bus: str
    pattern: Mapping[str, Any] | None
    schedule: str | None
    timezone: str
    targets: tuple[TargetSpec, ...]
    scheduler: bool = False


@dataclass
class Deployment:
    """Everything that the template asks the local stack to run.

    Parameters
    ----------
    functions : dict
        By logical id.
    apis : list of dict
        OpenAPI documents of the HTTP APIs, resolved, with `cors` beside them.
    invokers : dict
        What the roles of those documents' integrations may do, by ARN; None for a role that is not in the template.
    mappings, rules : list
        What triggers functions besides HTTP.
    destinations : dict
        Event types that a configuration set sends to EventBridge.
    outputs : dict
        The stack's outputs.
    parameters : dict
        The values that the parameters got.
    """

    functions: dict[str, FunctionSpec] = field(default_factory=dict)
    apis: list[dict[str, Any]] = field(default_factory=list)
    invokers: dict[str, tuple[Mapping[str, Any], ...] | None] = field(default_factory=dict)
    mappings: list[MappingSpec] = field(default_factory=list)
    rules: list[RuleSpec] = field(default_factory=list)
    destinations: dict[str, set[str]] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)

    def function_of(self, arn: str) -> str | None:
        """Find the function that an ARN means.

        Parameters
        ----------
        arn : str
            Of a function, a version, an alias, or an integration URI around one.

        Returns
        -------
        str or None
            Its logical id.
        """
        match = _FUNCTION_IN_ARN.search(arn)
        if not match:
            return None
        return next((spec.logical_id for spec in self.functions.values() if spec.name == match.group(1)), None)

    def may_invoke(self, role_arn: str, function: str) -> bool:
        """Tell whether the policies of a role let API Gateway invoke a function.

        Parameters
        ----------
        role_arn : str
            The `credentials` of an integration.
        function : str
            Logical id.

        Returns
        -------
        bool
            True too for a role that is not in the template.
        """
        statements = self.invokers.get(role_arn)
        need = Need("lambda:InvokeFunction", self.functions[function].arn)
        return statements is None or any(allows(statement, need) for statement in statements)


_Collect: TypeAlias = "Callable[[Deployer, Deployment, str, Mapping[str, Any]], None]"


class Deployer:
    """Makes resources in the order in which they need each other.

    Parameters
    ----------
    template : dict
        Plain CloudFormation.
    root : Path
        The folder that code paths start from.
    cloud : Cloud
        The emulator.
    overrides : mapping of str to str
        Values for parameters of the template.
    base_url : str
        Where the local API is served.
    """

    def __init__(
        self, template: Mapping[str, Any], root: Path, cloud: Cloud, overrides: Mapping[str, str], base_url: str
    ) -> None:
        self._resources: Mapping[str, Any] = template["Resources"]
        self._outputs: Mapping[str, Any] = template.get("Outputs") or {}
        self._root = root
        self._cloud = cloud
        self._base_url = base_url
        self._made: dict[str, Physical] = {}
        self._under_way: list[str] = []
        self._layers: dict[str, Path] = {}
        pseudo = {
            "AWS::AccountId": ACCOUNT_ID,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": cloud.region,
            "AWS::StackId": cloud.arn("cloudformation", f"stack/{cloud.stack}/local"),
            "AWS::StackName": cloud.stack,
            "AWS::URLSuffix": "amazonaws.com",
        }
        self._resolver = Resolver(template, overrides, pseudo, self._attribute)

    def deploy(self) -> Deployment:
        """Make everything.

        Returns
        -------
        Deployment
            What is to be run.

        Raises
        ------
        ResourceError
            When a resource cannot be made; the message names it.
        """
        wanted = [name for name in self._resources if self._exists(name)]
        for name in wanted:
            self._make(name)
        deployment = Deployment(parameters=self._resolver.parameters)
        # Functions come first, because their triggers look them up.
        for name in sorted(wanted, key=lambda name: self._resources[name]["Type"] != "AWS::Lambda::Function"):
            collect = self._COLLECTORS.get(self._resources[name]["Type"])
            if collect:
                try:
                    collect(self, deployment, name, self._properties(name))
                except (IntrinsicError, KeyError, ValueError, TypeError) as error:
                    raise ResourceError(f"{name}: {type(error).__name__} {error}") from error
        for name, output in self._outputs.items():
            if "Condition" not in output or self._resolver.condition(output["Condition"]):
                deployment.outputs[name] = self._resolver.resolve(output.get("Value"))
        return deployment

    def _exists(self, name: str) -> bool:
        condition = self._resources[name].get("Condition")
        return condition is None or self._resolver.condition(condition)

    def _properties(self, name: str) -> dict[str, Any]:
        try:
            resolved: dict[str, Any] = self._resolver.resolve(self._resources[name].get("Properties") or {})
        except IntrinsicError as error:
            raise ResourceError(f"{name}: {error}") from error
        return resolved

    def _attribute(self, name: str, attribute: str | None) -> Any:
        if not self._exists(name):
            raise IntrinsicError(f"{name} is referred to, but its condition does not hold")
        physical = self._make(name)
        if attribute is None:
            return physical.ref
        if attribute not in physical.attributes:
            raise IntrinsicError(f"{name} ({self._resources[name]['Type']}) has no attribute {attribute} locally")
        return physical.attributes[attribute]

    def _make(self, name: str) -> Physical:
        if name in self._made:
            return self._made[name]
        if name in self._under_way:
            raise ResourceError(f"circular reference: {' -> '.join([*self._under_way, name])}")
        self._under_way.append(name)
        try:
            self._made[name] = self._create(name, self._resources[name]["Type"])
        finally:
            self._under_way.pop()
        return self._made[name]

    def _create(self, name: str, kind: str) -> Physical:
        identify = self._RUN_HERE.get(kind)
        if identify:
            return identify(self, name)
        creator = resources.CREATORS.get(kind)
        if creator is None:
            if kind not in resources.WITHOUT_EFFECT:
                warn(f"{name} is a {kind}, which the local stack does not know: it does not exist here")
            return resources.nothing(self._cloud, name)
        try:
            return creator(self._cloud, name, self._properties(name))
        except (botocore.exceptions.ClientError, botocore.exceptions.ParamValidationError, KeyError) as error:
            raise ResourceError(f"{name} ({kind}) cannot be made: {error}") from error

    # What follows runs inside the local stack; names are given without resolving the other properties,
    # because functions, their APIs and their roles refer to each other.

    def _function(self, name: str) -> Physical:
        given = self._resolver.resolve((self._resources[name].get("Properties") or {}).get("FunctionName"))
        function = given or self._cloud.name(name)
        return Physical(function, {"Arn": self._cloud.arn("lambda", f"function:{function}")})

    def _alias(self, name: str) -> Physical:
        function = self._resolver.resolve(self._resources[name]["Properties"]["FunctionName"])
        arn = function if function.startswith("arn:") else self._cloud.arn("lambda", f"function:{function}")
        return Physical(arn, {"Arn": arn, "FunctionArn": arn, "AliasArn": arn, "Version": "$LATEST"})

    def _layer(self, name: str) -> Physical:
        content = self._resources[name].get("Properties", {}).get("Content")
        path = code_path(content)
        arn = self._cloud.arn("lambda", f"layer:{name}:1")
        if path is None:
            warn(f"layer {name} is not a local folder: functions run without it")
        else:
            self._layers[arn] = self._root / path
        return Physical(arn, {"Arn": arn, "LayerVersionArn": arn})

    def _api(self, _: str) -> Physical:
        return Physical("local", {"ApiEndpoint": self._base_url, "ApiId": "local"})

    def _rule(self, name: str) -> Physical:
        physical = self._cloud.name(name)
        return Physical(physical, {"Arn": self._cloud.arn("events", f"rule/{physical}")})

    def _plain(self, name: str) -> Physical:
        return resources.nothing(self._cloud, name)

    def _collect_function(self, deployment: Deployment, name: str, properties: Mapping[str, Any]) -> None:
        path = code_path(properties.get("Code"))
        if path is None:
            raise ResourceError(f"{name}: the code of a function must be a local folder")
        layers = []
        for arn in properties.get("Layers") or []:
            if arn in self._layers:
                layers.append(self._layers[arn])
            else:
                warn(f"{name}: layer {arn} is not part of the template and is left out")
        variables = (properties.get("Environment") or {}).get("Variables") or {}
        physical = self._made[name]
        deployment.functions[name] = FunctionSpec(
            logical_id=name,
            name=physical.ref,
            arn=physical.attributes["Arn"],
            handler=properties["Handler"],
            code=self._root / path,
            layers=tuple(layers),
            environment={key: _text(value) for key, value in variables.items()},
            timeout=float(properties.get("Timeout") or 3),
            memory=int(properties.get("MemorySize") or 128),
            statements=self._statements(str(properties.get("Role"))),
        )

    def _statements(self, role_arn: str) -> tuple[Mapping[str, Any], ...] | None:
        roles = {made.attributes["Arn"]: name for name, made in self._of_type("AWS::IAM::Role")}
        role = roles.get(role_arn)
        if role is None:
            return None
        properties = self._properties(role)
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies") or []]
        attached = properties.get("ManagedPolicyArns") or []
        documents += [
            self._properties(name)["PolicyDocument"]
            for name, made in self._of_type("AWS::IAM::ManagedPolicy")
            if made.ref in attached
        ]
        statements = [document["Statement"] for document in documents]
        return tuple(one for each in statements for one in (each if isinstance(each, list) else [each]))

    def _of_type(self, kind: str) -> list[tuple[str, Physical]]:
        return [(name, made) for name, made in self._made.items() if self._resources[name]["Type"] == kind]

    def _collect_mapping(self, deployment: Deployment, name: str, properties: Mapping[str, Any]) -> None:
        source = str(properties.get("EventSourceArn") or "")
        if str(properties.get("Enabled", "true")).lower() == "false":
            return
        if ":sqs:" not in source:
            warn(f"{name}: the local stack feeds functions from queues only, not from {source or 'nothing'}")
            return
        function = deployment.function_of(_function_arn(self._cloud, properties["FunctionName"]))
        if function is None:
            raise ResourceError(f"{name}: there is no function {properties['FunctionName']}")
        url = self._cloud.client("sqs").get_queue_url(QueueName=source.rsplit(":", 1)[1])["QueueUrl"]
        filters = (properties.get("FilterCriteria") or {}).get("Filters") or []
        concurrency = (properties.get("ScalingConfig") or {}).get("MaximumConcurrency")
        deployment.mappings.append(
            MappingSpec(
                logical_id=name,
                function=function,
                queue_arn=source,
                queue_url=url,
                batch_size=int(properties.get("BatchSize") or 10),
                window=float(properties.get("MaximumBatchingWindowInSeconds") or 0),
                partial="ReportBatchItemFailures" in (properties.get("FunctionResponseTypes") or []),
                patterns=tuple(_json(item["Pattern"]) for item in filters if item.get("Pattern")),
                concurrency=int(concurrency) if concurrency else None,
            )
        )

    def _collect_api(self, deployment: Deployment, name: str, properties: Mapping[str, Any]) -> None:
        if properties.get("ProtocolType") not in (None, "HTTP"):
            warn(f"{name}: only HTTP APIs are served locally, not {properties['ProtocolType']}")
            return
        body = properties.get("Body") or {}
        cors = properties.get("CorsConfiguration") or body.get("x-amazon-apigateway-cors")
        api = {"name": name, "paths": body.get("paths") or {}, "cors": cors}
        deployment.apis.append(api)
        for _, _, integration in integrations(api):
            role = integration.get("credentials")
            if role:
                deployment.invokers[role] = self._statements(role)

    def _collect_rest_api(self, _: Deployment, name: str, __: Mapping[str, Any]) -> None:
        warn(f"{name}: REST APIs are not served locally, HTTP APIs are (AWS::Serverless::HttpApi)")

    def _collect_route(self, deployment: Deployment, name: str, properties: Mapping[str, Any]) -> None:
        target = str(properties.get("Target") or "").rsplit("/", 1)[-1]
        integration = next(
            (other for other, made in self._made.items() if made.ref == target and other in self._resources), None
        )
        if integration is None:
            raise ResourceError(f"{name}: there is no integration {target}")
        method, _, path = str(properties["RouteKey"]).partition(" ")
        if method == "$default":
            method, path = "x-amazon-apigateway-any-method", "/$default"
        method = "x-amazon-apigateway-any-method" if method == "ANY" else method.lower()
        values = self._properties(integration)
        described = {"uri": values["IntegrationUri"], "payloadFormatVersion": values.get("PayloadFormatVersion", "1.0")}
        paths = {path: {method: {"x-amazon-apigateway-integration": described}}}
        deployment.apis.append({"name": name, "paths": paths, "cors": None})

    def _collect_rule(self, deployment: Deployment, name: str, properties: Mapping[str, Any]) -> None:
        if properties.get("State") == "DISABLED":
            return
        bus = str(properties.get("EventBusName") or "default").rsplit("/", 1)[-1]
        deployment.rules.append(
            RuleSpec(
                logical_id=name,
                arn=self._made[name].attributes["Arn"],
                bus=bus,
                pattern=_json(properties.get("EventPattern")),
                schedule=properties.get("ScheduleExpression"),
                timezone="UTC",
                targets=tuple(
                    TargetSpec(
                        arn=target["Arn"],
                        input=target.get("Input"),
                        input_path=target.get("InputPath"),
                        transformer=target.get("InputTransformer"),
                    )
                    for target in properties.get("Targets") or []
                ),
            )
        )

    def _collect_schedule(self, deployment: Deployment, name: str, properties: Mapping[str, Any]) -> None:
        if properties.get("State") == "DISABLED":
            return
        target = properties["Target"]
        deployment.rules.append(
            RuleSpec(
                logical_id=name,
                arn=self._made[name].attributes["Arn"],
                bus="default",
                pattern=None,
                schedule=properties["ScheduleExpression"],
                timezone=properties.get("ScheduleExpressionTimezone") or "UTC",
                targets=(TargetSpec(arn=target["Arn"], input=target.get("Input") or "{}"),),
                scheduler=True,
            )
        )

    def _collect_destination(self, deployment: Deployment, name: str, properties: Mapping[str, Any]) -> None:
        destination = properties["EventDestination"]
        enabled = str(destination.get("Enabled", "true")).lower() == "true"
        if "EventBridgeDestination" not in destination:
            warn(f"{name}: the local stack plays events of configuration sets to EventBridge only")
        elif enabled:
            types = {str(kind).upper() for kind in destination.get("MatchingEventTypes") or []}
            deployment.destinations.setdefault(properties["ConfigurationSetName"], set()).update(types)

    _RUN_HERE: ClassVar[dict[str, Callable[[Deployer, str], Physical]]] = {
        "AWS::ApiGatewayV2::Api": _api,
        "AWS::ApiGatewayV2::Integration": _plain,
        "AWS::ApiGatewayV2::Route": _plain,
        "AWS::ApiGateway::RestApi": _plain,
        "AWS::Events::Rule": _rule,
        "AWS::Lambda::Alias": _alias,
        "AWS::Lambda::EventSourceMapping": _plain,
        "AWS::Lambda::Function": _function,
        "AWS::Lambda::LayerVersion": _layer,
        "AWS::Lambda::Version": _alias,
        "AWS::SES::ConfigurationSetEventDestination": _plain,
        "AWS::Scheduler::Schedule": _rule,
    }

    _COLLECTORS: ClassVar[dict[str, _Collect]] = {
        "AWS::Lambda::Function": _collect_function,
        "AWS::Lambda::EventSourceMapping": _collect_mapping,
        "AWS::ApiGatewayV2::Api": _collect_api,
        "AWS::ApiGatewayV2::Route": _collect_route,
        "AWS::ApiGateway::RestApi": _collect_rest_api,
        "AWS::Events::Rule": _collect_rule,
        "AWS::Scheduler::Schedule": _collect_schedule,
        "AWS::SES::ConfigurationSetEventDestination": _collect_destination,
    }


def integrations(api: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield the integration of each route of an OpenAPI document.

    Parameters
    ----------
    api : mapping
        With `paths` as in the API's definition.

    Yields
    ------
    tuple
        The method as it is written, the path, and the integration.
    """
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            if isinstance(operation, Mapping) and _INTEGRATION in operation:
                yield method, path, operation[_INTEGRATION]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _function_arn(cloud: Cloud, name_or_arn: str) -> str:
    return name_or_arn if name_or_arn.startswith("arn:") else cloud.arn("lambda", f"function:{name_or_arn}")
