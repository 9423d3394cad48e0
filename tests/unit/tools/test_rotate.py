from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from nereid.auth import keys
from nereid.aws.secrets import KEPT
from tools import rotate


class Aws:
    """CloudFormation, and Secrets Manager with one secret."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[Any] = []

    def describe_stack_resource(self, **asked: Any) -> Any:
        self.asked.append(asked)
        return {"StackResourceDetail": {"PhysicalResourceId": "arn:secret"}}

    def get_secret_value(self, **_: Any) -> Any:
        return {"SecretString": self.text}

    def put_secret_value(self, SecretId: str, SecretString: str) -> None:  # noqa: N803 - as boto3 names them
        assert SecretId == "arn:secret"
        self.text = SecretString


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    aws = Aws("a" * 64)
    monkeypatch.setattr(boto3, "client", lambda _: aws)
    return aws


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["rotate.py", "--stage", "prod", *arguments])
    rotate.main()


def test_the_new_key_signs_after_all_functions_know_it(monkeypatch: pytest.MonkeyPatch, aws: Aws) -> None:
    run(monkeypatch, "--secret", "links")
    had, now = keys.parse(aws.text), datetime.now(UTC)
    assert aws.asked == [{"StackName": "nereid-prod", "LogicalResourceId": "SigningSecret"}]
    assert had.signing(now).key == "a" * 64
    assert had.signing(now + KEPT).key == "a" * 64
    later = had.signing(now + timedelta(minutes=16))
    assert (later.kid, len(later.key)) == ("1", 64)


def test_the_former_key_is_good_for_as_long_as_the_operator_says(monkeypatch: pytest.MonkeyPatch, aws: Aws) -> None:
    run(monkeypatch, "--secret", "tokens", "--overlap-days", "7")
    had, now = keys.parse(aws.text), datetime.now(UTC)
    assert had.verifying("0", now + timedelta(days=7)) == "a" * 64
    assert had.verifying("0", now + timedelta(days=7, hours=1)) is None


def test_a_key_that_somebody_has_ends_at_once(monkeypatch: pytest.MonkeyPatch, aws: Aws) -> None:
    run(monkeypatch, "--secret", "tokens", "--at-once")
    had, now = keys.parse(aws.text), datetime.now(UTC)
    assert had.verifying("0", now) is None
    assert had.signing(now).kid == "1"


def test_a_rotation_waits_for_the_one_before(monkeypatch: pytest.MonkeyPatch, aws: Aws) -> None:
    run(monkeypatch, "--secret", "links")
    once = aws.text
    with pytest.raises(SystemExit, match="does not sign yet"):
        run(monkeypatch, "--secret", "links")
    assert aws.text == once


def test_showing_the_keys_changes_nothing_and_shows_none(
    monkeypatch: pytest.MonkeyPatch, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "--secret", "links", "--show")
    assert aws.text == "a" * 64
    assert capsys.readouterr().out == "0: signs\n"
