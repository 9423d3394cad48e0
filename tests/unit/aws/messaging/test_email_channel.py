"""How a sender and the tags of a mail are written."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nereid.aws.messaging.email_channel import _sender, _tags
from nereid.models.delivery import Rendered


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("sam@example.com", "sam@example.com"),
        ("Sam <sam@example.com>", "Sam <sam@example.com>"),
        ("Jörg <sam@example.com>", "=?utf-8?b?SsO2cmc=?= <sam@example.com>"),
        ("Jörg", "Jörg"),
        ("Sam <jörg@example.com>", "Sam <jörg@example.com>"),
    ],
)
def test_a_name_beyond_ascii_is_an_encoded_word(given: str, written: str) -> None:
    assert _sender(given) == written


@pytest.mark.parametrize(("sending", "more"), [(1, {}), (2, {"sending": "2"})])
def test_only_a_later_sending_is_tagged_as_one(sending: int, more: dict[str, str]) -> None:
    job: Any = SimpleNamespace(team_id="t", environment="dev", delivery_id="d", sending=sending)
    tags = {"team_id": "t", "environment": "dev", "delivery_id": "d"}
    assert _tags(job, Rendered({}, [], tags={"campaign_id": "c"})) == {"campaign_id": "c", **tags, **more}
