"""What the local stack is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_stack.settings import OWN_HOSTS, SettingsError, read_settings
from tests.local_stack import launch
from tests.unit.local_stack.conftest import SAMPLE


def test_parameters_are_given_as_for_a_deployment() -> None:
    given = ["--parameter-overrides", "Stage=prod", "GmailUrl=http://x/?a=b", "--parameter-overrides", "Empty="]
    assert read_settings(given).parameters == {"Stage": "prod", "GmailUrl": "http://x/?a=b", "Empty": ""}
    assert read_settings().parameters == {}


@pytest.mark.parametrize(("text", "switched"), [(None, False), ("", False), ("0", False), ("1", True)])
def test_paths_are_decoded_as_by_aws_if_that_is_switched_on(
    monkeypatch: pytest.MonkeyPatch, text: str | None, *, switched: bool
) -> None:
    monkeypatch.delenv("NEREID_AWS_PATHS", raising=False)
    if text is not None:
        monkeypatch.setenv("NEREID_AWS_PATHS", text)
    assert read_settings().aws_paths is switched


@pytest.mark.parametrize("text", ["Stage", "=prod", ""])
def test_a_parameter_needs_a_name_and_a_value(text: str) -> None:
    with pytest.raises(SettingsError, match="takes NAME=VALUE"):
        read_settings(["--parameter-overrides", text])


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("Stages=prod", "the template has no parameter Stages"),
        ("Size=large", "parameter Size must be one of 1, 2, not 'large'"),
    ],
)
@pytest.mark.slow
def test_a_stack_does_not_start_with_a_parameter_that_the_template_does_not_take(
    tmp_path: Path, override: str, why: str
) -> None:
    stack = launch(tmp_path, "--parameter-overrides", override, NEREID_TEMPLATE=str(SAMPLE))
    assert stack.process.wait(60) == 1
    assert why in stack.printed()


def test_the_stack_answers_to_more_names_if_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEREID_HOSTS", raising=False)
    assert read_settings().hosts == OWN_HOSTS
    monkeypatch.setenv("NEREID_HOSTS", " Nereid.test, ,devbox")
    assert read_settings().hosts == OWN_HOSTS | {"nereid.test", "devbox"}


def test_ses_has_the_limits_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_SES_RATE", "2.5")
    monkeypatch.setenv("LOCAL_SES_DAILY_QUOTA", "200")
    read = read_settings()
    assert (read.ses_rate, read.ses_daily_quota) == (2.5, 200)


@pytest.mark.parametrize("text", [None, "", " "])
def test_ses_takes_any_number_if_nobody_says_otherwise(monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    for name in ("LOCAL_SES_RATE", "LOCAL_SES_DAILY_QUOTA"):
        monkeypatch.delenv(name, raising=False)
        if text is not None:
            monkeypatch.setenv(name, text)
    read = read_settings()
    assert (read.ses_rate, read.ses_daily_quota) == (None, None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *[("LOCAL_SES_RATE", text) for text in ("0", "-1", "fast", "inf", "nan")],
        *[("LOCAL_SES_DAILY_QUOTA", text) for text in ("0", "-1", "2.5", "many")],
    ],
)
def test_a_limit_of_ses_is_a_number_above_0(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(SettingsError, match=f"{name} must be a number above 0, not '{text}'"):
        read_settings()
