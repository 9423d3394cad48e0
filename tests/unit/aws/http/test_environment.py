"""Where services are, and who gets which client."""

from __future__ import annotations

import boto3
import pytest
from botocore.client import BaseClient

from nereid.aws.clients import Clients
from nereid.aws.http.environment import endpoint, is_ordinary
from nereid.aws.http.service import Service
from tests.unit.aws.http.function import ENVIRONMENT, enter

#: What boto3 calls a service, what the host begins with and how its variable ends.
SERVICES = {
    "dynamodb": ("dynamodb", "DYNAMODB"),
    "sqs": ("sqs", "SQS"),
    "secretsmanager": ("secretsmanager", "SECRETS_MANAGER"),
    "kms": ("kms", "KMS"),
    "sesv2": ("email", "SESV2"),
    "sns": ("sns", "SNS"),
}


def regions() -> list[str]:
    session = boto3.Session()
    return [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("dynamodb", partition)
    ]


@pytest.fixture(autouse=True)
def function(monkeypatch: pytest.MonkeyPatch) -> None:
    enter(monkeypatch)


@pytest.mark.parametrize("service", SERVICES)
def test_hosts_are_those_that_boto3_calls(monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    known = []
    for region in regions():
        monkeypatch.setenv("AWS_DEFAULT_REGION", region)
        if is_ordinary():
            known.append(region)
            assert endpoint(*SERVICES[service]) == boto3.client(service, region_name=region).meta.endpoint_url
    assert {"us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"} <= set(known)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("ignored", ["", "false", "true"])
def test_another_endpoint_is_the_one_that_boto3_calls(
    monkeypatch: pytest.MonkeyPatch, service: str, ignored: str
) -> None:
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", ignored)
    for name in ("AWS_ENDPOINT_URL", f"AWS_ENDPOINT_URL_{SERVICES[service][1]}"):
        monkeypatch.setenv(name, f"http://{name.lower().replace('_', '-')}:4566")
        assert endpoint(*SERVICES[service]) == boto3.client(service).meta.endpoint_url


@pytest.mark.parametrize("service", ["dynamodb", "sqs", "secrets", "kms", "ses", "sns"])
def test_a_function_pays_for_no_boto3(service: str) -> None:
    assert isinstance(getattr(Clients(), service), Service)


@pytest.mark.parametrize("service", ["s3", "bedrock"])
def test_what_few_functions_call_is_left_to_boto3(service: str) -> None:
    assert isinstance(getattr(Clients(), service), BaseClient)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        ("HTTPS_PROXY", "http://proxy.example.com:3128"),
        ("https_proxy", "http://proxy.example.com:3128"),
        ("AWS_CA_BUNDLE", "/opt/certificates.pem"),
        ("AWS_DEFAULT_REGION", "us-iso-east-1"),
        ("AWS_DEFAULT_REGION", "eusc-de-east-1"),
    ],
)
def test_what_only_boto3_heeds_is_left_to_it(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert isinstance(Clients().sqs, BaseClient)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_whoever_is_no_function_uses_boto3(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    assert is_ordinary() == (name in {"AWS_SESSION_TOKEN", "_X_AMZN_TRACE_ID"})
