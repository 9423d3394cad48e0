"""How long clients wait for AWS."""

from __future__ import annotations

import pytest

from nereid.aws.clients import Clients
from tests.unit.aws.http.function import enter

#: Longest pause before the SDK's first repetition, in seconds: its standard mode waits up to 1 s times 2^0.
_PAUSE = 1.0


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Clients:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return Clients()


@pytest.mark.parametrize("service", ["dynamodb", "sqs", "secrets", "kms"])
def test_a_call_without_an_answer_leaves_an_endpoint_time_to_say_so(clients: Clients, service: str) -> None:
    config = getattr(clients, service).meta.config
    attempts = config.retries["total_max_attempts"]
    assert attempts > 1
    assert attempts * (config.connect_timeout + config.read_timeout) + (attempts - 1) * _PAUSE <= 7


@pytest.mark.parametrize("service", ["ses", "sns", "bedrock"])
def test_what_sends_or_writes_is_never_repeated_by_the_sdk(clients: Clients, service: str) -> None:
    assert getattr(clients, service).meta.config.retries["total_max_attempts"] == 1


@pytest.mark.parametrize("service", ["dynamodb", "sqs", "secrets", "kms", "ses", "sns"])
def test_in_a_function_clients_wait_as_long_as_elsewhere(
    clients: Clients, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    config = getattr(clients, service).meta.config
    enter(monkeypatch)
    limits = getattr(Clients(), service).limits
    assert limits[:3] == (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"])


@pytest.mark.parametrize(("service", "seconds"), [("dynamodb", 20), ("sqs", 20), ("ses", 5), ("sns", 5)])
def test_what_must_not_be_repeated_is_sent_on_connections_that_are_surely_there(
    monkeypatch: pytest.MonkeyPatch, service: str, seconds: int
) -> None:
    enter(monkeypatch)
    assert getattr(Clients(), service).limits.idle_seconds == seconds
