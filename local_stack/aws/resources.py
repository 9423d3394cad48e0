"""Makes the template's resources in the AWS emulator: one small creator per resource type.

A creator gets the resolved properties of the very resource that a deployment would make, and answers with
what Ref and GetAtt give for it. Types that only guard, watch or grant are known and skipped; a type that
nobody here knows is said aloud, never dropped in silence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.config
import botocore.exceptions

from local_stack.settings import ACCOUNT_ID, StartError


class ResourceError(StartError):
    """Raised when a resource cannot be made."""


@dataclass(frozen=True)
class Physical:
    """What a made resource is known by.

    Parameters
    ----------
    ref : str
        The value of Ref.
    attributes : dict
        The values of GetAtt.
    """

    ref: str
    attributes: dict[str, Any] = field(default_factory=dict)


class Cloud:
    """Clients for the emulator, and names in it.

    Parameters
    ----------
    endpoint : str
        URL of the emulator.
    region : str
        The pretended region.
    stack : str
        Name of the pretended stack; names of resources begin with it.
    """

    def __init__(self, endpoint: str, region: str, stack: str) -> None:
        self.region = region
        self.stack = stack
        # Nothing of the user's own AWS setup is read: neither profile nor proxy nor credentials.
        self._session: Any = boto3.Session("test", "test", "test", region_name=region)
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Give the client of a service.

        Parameters
        ----------
        service : str
            boto3's name of it.

        Returns
        -------
        Any
            A client, always the same one.
        """
        if service not in self._clients:
            config = botocore.config.Config(
                proxies={}, retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=50
            )
            self._clients[service] = self._session.client(service, endpoint_url=self._endpoint, config=config)
        return self._clients[service]

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()

    def call(self, service: str, operation: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation with what it takes of some CloudFormation properties.

        Parameters
        ----------
        service : str
            boto3's name of the service.
        operation : str
            The operation's name in the API, as CreateTable.
        values : mapping
            Properties; members that the operation does not know are left out, numbers and booleans
            written as text become what the operation wants.

        Returns
        -------
        dict
            The answer.
        """
        client = self.client(service)
        shape = client.meta.service_model.operation_model(operation).input_shape
        method = getattr(client, _snake(operation))
        answer: dict[str, Any] = method(**_fit(shape, values))
        return answer

    def name(self, logical_id: str, limit: int = 64) -> str:
        """Name a resource that the template leaves unnamed.

        Parameters
        ----------
        logical_id : str
            The resource.
        limit : int
            The longest name that the service takes.

        Returns
        -------
        str
            The same name at each run.
        """
        return f"{self.stack}-{logical_id}"[:limit]

    def arn(self, service: str, resource: str) -> str:
        """Build an ARN.

        Parameters
        ----------
        service, resource : str
            Its parts.

        Returns
        -------
        str
            The ARN.
        """
        return f"arn:aws:{service}:{self.region}:{ACCOUNT_ID}:{resource}"


def _snake(operation: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")


def _fit(shape: Any, value: Any) -> Any:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        return {name: _fit(member, value[name]) for name, member in shape.members.items() if name in value}
    if kind == "list" and isinstance(value, list):
        return [_fit(shape.member, item) for item in value]
    if kind == "map" and isinstance(value, Mapping):
        return {key: _fit(shape.value, item) for key, item in value.items()}
    return _scalar(kind, value)


def _scalar(kind: str, value: Any) -> Any:
    if kind in ("integer", "long"):
        return int(value)
    if kind == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    return json.dumps(value) if kind == "string" and not isinstance(value, str) else value


def _is(error: botocore.exceptions.ClientError, *codes: str) -> bool:
    return any(code in str(error.response.get("Error", {}).get("Code", "")) for code in codes)


Properties = Mapping[str, Any]
Creator = Callable[[Cloud, str, Properties], Physical]


def _table(cloud: Cloud, logical_id: str, properties: Properties) -> Physical:
    name = properties.get("TableName") or cloud.name(logical_id, 255)
    values = {**properties, "TableName": name}
    # CloudFormation and the API name these differently, and neither changes what the product sees.
    for extra in ("SSESpecification", "ResourcePolicy", "OnDemandThroughput"):
        values.pop(extra, None)
    try:
        cloud.call("dynamodb", "CreateTable", values)
    except botocore.exceptions.ClientError as error:
        if not _is(error, "ResourceInUse"):
            raise
    expiry = properties.get("TimeToLiveSpecification")
    if expiry and str(expiry.get("Enabled", "")).lower() == "true":
        try:
            cloud.call("dynamodb", "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": expiry})
        except botocore.exceptions.ClientError as error:
            if not _is(error, "Validation"):
                raise
    table = cloud.client("dynamodb").describe_table(TableName=name)["Table"]
    return Physical(name, {"Arn": table["TableArn"], "StreamArn": table.get("LatestStreamArn", "")})


def _queue(cloud: Cloud, logical_id: str, properties: Properties) -> Physical:
    fifo = str(properties.get("FifoQueue", "")).lower() == "true"
    name = properties.get("QueueName") or cloud.name(logical_id, 75) + (".fifo" if fifo else "")
    attributes = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in properties.items()
        if key not in ("QueueName", "Tags")
    }
    client = cloud.client("sqs")
    try:
        url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    except botocore.exceptions.ClientError as error:
        if not _is(error, "QueueNameExists", "QueueAlreadyExists"):
            raise
        url = client.get_queue_url(QueueName=name)["QueueUrl"]
        client.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Physical(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})


def _topic(cloud: Cloud, logical_id: str, properties: Properties) -> Physical:
    name = properties.get("TopicName") or cloud.name(logical_id, 256)
    arn = cloud.client("sns").create_topic(Name=name)["TopicArn"]
    for subscription in properties.get("Subscription") or []:
        _subscription(cloud, logical_id, {**subscription, "TopicArn": arn})
    return Physical(arn, {"TopicArn": arn, "TopicName": name})


def _subscription(cloud: Cloud, logical_id: str, properties: Properties) -> Physical:
    if properties.get("Protocol") == "lambda":
        raise ResourceError(f"{logical_id}: topics cannot invoke functions in the local stack; go through a queue")
    attributes = {
        name: properties[name] if isinstance(properties[name], str) else json.dumps(properties[name])
        for name in ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")
        if name in properties
    }
    values = {**properties, "Attributes": attributes, "ReturnSubscriptionArn": True}
    arn = cloud.call("sns", "Subscribe", values)["SubscriptionArn"]
    return Physical(arn, {"Arn": arn})


def _with_secrets(cloud: Cloud, text: str) -> str:
    """Put the values of other secrets where dynamic references name them."""

    def value(reference: re.Match[str]) -> str:
        return str(cloud.call("secretsmanager", "GetSecretValue", {"SecretId": reference[1]})["SecretString"])

    return re.sub(r"\{\{resolve:secretsmanager:([^}]+)\}\}", value, text)


def _secret(cloud: Cloud, logical_id: str, properties: Properties) -> Physical:
    name = properties.get("Name") or cloud.name(logical_id, 512)
    text = properties.get("SecretString")
    generate = properties.get("GenerateSecretString")
    if generate is not None:
        text = cloud.call("secretsmanager", "GetRandomPassword", generate)["RandomPassword"]
        if generate.get("GenerateStringKey"):
            document = json.loads(_with_secrets(cloud, generate.get("SecretStringTemplate") or "{}"))
            text = json.dumps({**document, generate["GenerateStringKey"]: text})
    client = cloud.client("secretsmanager")
    try:
        arn = client.create_secret(Name=name, **({"SecretString": text} if text else {}))["ARN"]
    except botocore.exceptions.ClientError as error:
        if not _is(error, "ResourceExists"):
            raise
        arn = client.describe_secret(SecretId=name)["ARN"]
    return Physical(arn, {"Id": arn, "Arn": arn})


def _parameter(cloud: Cloud, logical_id: str, properties: Properties) -> Physical:
    name = properties.get("Name") or cloud.name(logical_id)
    cloud.call("ssm", "PutParameter", {**properties, "Name": name, "Overwrite": True})
    return Physical(name, {"Type": properties.get("Type"), "Value": properties.get("Value")})


def _key(cloud: Cloud, logical_id: str, properties: Properties) -> Physical:
    values = {"Description": properties.get("Description") or logical_id, **properties}
    values = {name: value for name, value in values.items() if name not in ("KeyPolicy", "Tags")}
    key = cloud.call("kms", "CreateKey", values)["KeyMetadata"]
    return Physical(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})


def _alias(cloud: Cloud, _: str, properties: Properties) -> Physical:
    try:
        cloud.call("kms", "CreateAlias", properties)
    except botocore.exceptions.ClientError as error:
        if not _is(error, "AlreadyExists"):
            raise
    return Physical(properties["AliasName"])


def _bucket(cloud: Cloud, logical_id: str, properties: Properties) -> Physical:
    name = properties.get("BucketName") or cloud.name(logical_id, 63).lower()
    options = {} if cloud.region == "us-east-1" else {"LocationConstraint": cloud.region}
    try:
        cloud.call(
            "s3", "CreateBucket", {"Bucket": name, **({"CreateBucketConfiguration": options} if options else {})}
        )
    except botocore.exceptions.ClientError as error:
        if not _is(error, "BucketAlready"):
            raise
    return Physical(name, {"Arn": f"arn:aws:s3:::{name}", "DomainName": f"{name}.s3.amazonaws.com"})


def _identity(cloud: Cloud, _: str, properties: Properties) -> Physical:
    name = properties["EmailIdentity"]
    try:
        cloud.client("sesv2").create_email_identity(EmailIdentity=name)
    except botocore.exceptions.ClientError as error:
        if not _is(error, "AlreadyExists"):
            raise
    return Physical(name, {"Arn": cloud.arn("ses", f"identity/{name}")})


def _configuration_set(cloud: Cloud, logical_id: str, properties: Properties) -> Physical:
    name = properties.get("Name") or cloud.name(logical_id)
    try:
        cloud.client("sesv2").create_configuration_set(ConfigurationSetName=name)
    except botocore.exceptions.ClientError as error:
        if not _is(error, "AlreadyExists"):
            raise
    return Physical(name, {"Arn": cloud.arn("ses", f"configuration-set/{name}")})


def _event_bus(cloud: Cloud, _: str, properties: Properties) -> Physical:
    name = properties["Name"]
    return Physical(name, {"Arn": cloud.arn("events", f"event-bus/{name}"), "Name": name})


def _log_group(cloud: Cloud, logical_id: str, properties: Properties) -> Physical:
    name = properties.get("LogGroupName") or cloud.name(logical_id, 512)
    return Physical(name, {"Arn": cloud.arn("logs", f"log-group:{name}:*")})


def _role(cloud: Cloud, logical_id: str, properties: Properties) -> Physical:
    name = properties.get("RoleName") or cloud.name(logical_id)
    return Physical(name, {"Arn": f"arn:aws:iam::{ACCOUNT_ID}:role/{name}", "RoleId": name})


def _managed_policy(cloud: Cloud, logical_id: str, properties: Properties) -> Physical:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:policy/{properties.get('ManagedPolicyName') or cloud.name(logical_id, 128)}"
    return Physical(arn, {"PolicyArn": arn})


CREATORS: dict[str, Creator] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::Events::EventBus": _event_bus,
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::IAM::Role": _role,
    "AWS::KMS::Alias": _alias,
    "AWS::KMS::Key": _key,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": _bucket,
    "AWS::SES::ConfigurationSet": _configuration_set,
    "AWS::SES::EmailIdentity": _identity,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
    "AWS::SSM::Parameter": _parameter,
    "AWS::SecretsManager::Secret": _secret,
}

# These hold no data and run no code: they grant, guard, watch or name, and nothing here would notice them.
WITHOUT_EFFECT = {
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::Stage",
    "AWS::ApplicationInsights::Application",
    "AWS::Budgets::Budget",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::AnomalyDetector",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::RolePolicy",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition",
    "AWS::Logs::ResourcePolicy",
    "AWS::ResourceGroups::Group",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::SecretsManager::RotationSchedule",
}


def nothing(cloud: Cloud, logical_id: str) -> Physical:
    """Name a resource that has no effect here.

    Parameters
    ----------
    cloud : Cloud
        The emulator.
    logical_id : str
        The resource.

    Returns
    -------
    Physical
        A name and an ARN for those that refer to it.
    """
    name = cloud.name(logical_id, 255)
    return Physical(name, {"Arn": cloud.arn("local", name)})
