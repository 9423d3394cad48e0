"""Which errors of SNS a push can do with, and which it is refused or tried again for."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from nereid.aws.messaging.push_channel import PushChannel
from nereid.clock import SystemClock
from nereid.errors import OutcomeUnknown, ProviderBusy, ProviderRefused, TryAgain
from nereid.models.delivery import Rendered
from nereid.models.team import PushProvider, Scope

JOB: Any = SimpleNamespace(
    scope=Scope("t", "dev"),
    channels=SimpleNamespace(push=PushProvider(application_arn="arn:aws:sns:eu-west-1:123456789012:app/GCM/app")),
    recipient=SimpleNamespace(value="token", filterable=None),
)
RENDERED = Rendered({"title": "a", "body": "b"}, [])
ENDPOINT = "arn:aws:sns:eu-west-1:1:endpoint/GCM/app/1"


def error(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Publish")


class Sns:
    """Answers the calls as it is told, and else that all is well; notes them."""

    def __init__(self, **answers: list[ClientError | ReadTimeoutError | None]) -> None:
        self.answers = answers
        self.calls: list[str] = []

    def _answer(self, name: str) -> dict[str, str]:
        self.calls.append(name)
        found = self.answers.get(name, [])
        failure = found.pop(0) if found else None
        if failure is not None:
            raise failure
        return {"EndpointArn": "made", "MessageId": "id"}

    def create_platform_endpoint(self, **_: object) -> dict[str, str]:
        return self._answer("create")

    def publish(self, **given: str) -> dict[str, str]:
        self.target = given["TargetArn"]
        return self._answer("publish")

    def set_endpoint_attributes(self, **_: object) -> dict[str, str]:
        return self._answer("enable")

    def delete_endpoint(self, **_: object) -> dict[str, str]:
        return self._answer("delete")


def sent(sns: Sns, *, may_revive: bool = True, check_time: Callable[[], None] = lambda: None) -> str | None:
    tokens: Any = SimpleNamespace(
        may_revive=lambda *_: may_revive,
        note_revived=lambda *_: sns.calls.append("note"),
        drop=lambda *_: sns.calls.append("drop"),
    )
    endpoints: Any = SimpleNamespace(get=lambda *_: None, keep=lambda *_: None, forget=lambda *_: None)
    clients: Any = SimpleNamespace(sns=sns)
    return PushChannel(clients, endpoints, tokens, SystemClock()).send(JOB, RENDERED, check_time)


def test_a_push_goes_to_the_endpoint_of_its_token() -> None:
    sns = Sns()
    assert (sent(sns), sns.target, sns.calls) == ("id", "made", ["create", "publish"])


def test_an_endpoint_that_is_there_with_other_attributes_is_used() -> None:
    sns = Sns(create=[error("InvalidParameter", f"Reason: Endpoint {ENDPOINT} already exists with the same Token")])
    assert (sent(sns), sns.target) == ("id", ENDPOINT)


def test_a_token_that_sns_takes_for_none_is_refused() -> None:
    sns = Sns(create=[error("InvalidParameter")])
    with pytest.raises(ProviderRefused, match="InvalidParameter"):
        sent(sns)
    assert sns.calls == ["create"]


def test_an_endpoint_that_is_gone_is_made_anew() -> None:
    sns = Sns(publish=[error("NotFound")])
    assert (sent(sns), sns.calls) == ("id", ["create", "publish", "create", "publish"])


def test_a_refusal_that_says_nothing_of_the_endpoint_stays_one() -> None:
    sns = Sns(publish=[error("InvalidParameter")])
    with pytest.raises(ProviderRefused, match="InvalidParameter"):
        sent(sns)
    assert sns.calls == ["create", "publish"]


def test_a_disabled_endpoint_is_enabled_once() -> None:
    sns = Sns(publish=[error("EndpointDisabled")])
    assert (sent(sns), sns.calls) == ("id", ["create", "publish", "enable", "note", "publish"])


@pytest.mark.parametrize("failure", [error("Throttled"), ReadTimeoutError(endpoint_url="u")], ids=["busy", "silent"])
def test_an_endpoint_that_sns_has_no_time_to_enable_may_be_enabled_later(failure: ClientError) -> None:
    """Its token would be dropped else, when the push comes again."""
    sns = Sns(publish=[error("EndpointDisabled")], enable=[failure])
    with pytest.raises(ProviderBusy):
        sent(sns)
    assert sns.calls == ["create", "publish", "enable"]


@pytest.mark.parametrize(
    ("call", "disabled", "may_revive"), [("create", 0, True), ("enable", 1, True), ("delete", 1, False)]
)
def test_a_call_that_hands_nothing_over_leaves_no_doubt(call: str, disabled: int, *, may_revive: bool) -> None:
    failures: Any = {"publish": [error("EndpointDisabled")] * disabled, call: [ReadTimeoutError(endpoint_url="u")]}
    with pytest.raises(ProviderBusy, match="ReadTimeoutError"):
        sent(Sns(**failures), may_revive=may_revive)


def test_what_became_of_a_publication_without_an_answer_nobody_knows() -> None:
    with pytest.raises(OutcomeUnknown):
        sent(Sns(publish=[ReadTimeoutError(endpoint_url="u")]))


def test_a_token_that_was_revived_before_is_dropped_without_another_try() -> None:
    sns = Sns(publish=[error("EndpointDisabled")])
    with pytest.raises(ProviderRefused, match="unregistered"):
        sent(sns, may_revive=False)
    assert sns.calls == ["create", "publish", "delete", "drop"]


def test_an_endpoint_that_cannot_be_enabled_is_dropped() -> None:
    sns = Sns(publish=[error("EndpointDisabled")] * 2)
    with pytest.raises(ProviderRefused, match="unregistered"):
        sent(sns)
    assert sns.calls == ["create", "publish", "enable", "note", "publish", "delete", "drop"]


def test_a_revived_endpoint_that_sns_has_no_time_for_is_kept() -> None:
    sns = Sns(publish=[error("EndpointDisabled"), error("Throttling")])
    with pytest.raises(ProviderBusy):
        sent(sns)
    assert sns.calls == ["create", "publish", "enable", "note", "publish"]


@pytest.mark.parametrize(
    ("in_time", "failures", "calls"),
    [
        (0, [], ["create"]),
        (1, ["NotFound"], ["create", "publish", "create"]),
        (1, ["EndpointDisabled"], ["create", "publish", "enable", "note"]),
    ],
)
def test_nothing_is_published_when_the_time_is_over(in_time: int, failures: list[str], calls: list[str]) -> None:
    left = [None] * in_time

    def check_time() -> None:
        if not left:
            raise TryAgain(1, "no time was left")
        left.pop()

    sns = Sns(publish=[error(each) for each in failures])
    with pytest.raises(TryAgain):
        sent(sns, check_time=check_time)
    assert sns.calls == calls
