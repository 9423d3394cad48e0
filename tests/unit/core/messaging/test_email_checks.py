"""What is wrong with an e-mail's template before it is stored."""

from __future__ import annotations

from typing import Any

import pytest

from nereid.core.messaging import email_checks
from nereid.core.messaging.email_checks import check_email, check_objects
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import EventTypeBody
from nereid.errors import Invalid
from nereid.models.event_type import EmailTemplate

FILE = {"filename": "a.txt", "content_type": "text/plain", "content_base64": "YWJj"}


def problems(**members: Any) -> dict[str, str]:
    try:
        check_email("t", EmailTemplate.model_validate({"subject": "s", "text": "t", **members}))
    except Invalid as error:
        return error.problems
    return {}


def addresses(count: int) -> list[str]:
    return [f"{number}@example.com" for number in range(count)]


@pytest.mark.parametrize(
    "members",
    [
        {"cc": addresses(49)},
        {"cc": addresses(20), "bcc": addresses(29)},
        {"headers": {f"X-{number}": "v" for number in range(13)}},
        {"headers": {"X-A": "x" * 870, "X-B": "{{ " + "x" * 1000 + " }}"}},
        {"attachments": [FILE] * 10},
        {"attachments": [{"filename": "{{ a }}", "url": "{{ b }}"}]},
        {"reply_to": "Sam <sam@example.com>", "cc": ["{{ anybody }}", "{% if a %}{% endif %}"]},
        {"text": None, "html": "<p>Hi</p>"},
    ],
)
def test_what_can_be_sent_is_taken(members: dict[str, Any]) -> None:
    assert problems(**members) == {}


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"text": None}, "t.text"),
        ({"cc": addresses(50)}, "t.cc"),
        ({"cc": addresses(20), "bcc": addresses(30)}, "t.bcc"),
        ({"cc": ["a@example.com", "x"]}, "t.cc[1]"),
        ({"bcc": [" "]}, "t.bcc[0]"),
        ({"cc": ["{{ a"]}, "t.cc[0]"),
        ({"reply_to": "a@example.com, b@example.com"}, "t.reply_to"),
        ({"reply_to": "{% if %}"}, "t.reply_to"),
        ({"headers": {f"X-{number}": "v" for number in range(14)}}, "t.headers"),
        ({"headers": {"X-A": "v", "x-a": "v"}}, "t.headers.x-a"),
        ({"headers": {"To": "v"}}, "t.headers.To"),
        ({"headers": {"X-A": "x" * 871}}, "t.headers.X-A"),
        ({"headers": {"X-A": "{{ a | nothing }}"}}, "t.headers.X-A"),
        ({"attachments": [{"filename": "a"}]}, "t.attachments[0].content_base64"),
        ({"attachments": [{**FILE, "url": "s3://b/k"}]}, "t.attachments[0].url"),
        ({"attachments": [FILE, {**FILE, "content_type": None}]}, "t.attachments[1].content_type"),
        ({"attachments": [{**FILE, "filename": " "}]}, "t.attachments[0].filename"),
        ({"attachments": [{**FILE, "content_base64": "*"}]}, "t.attachments[0].content_base64"),
        ({"attachments": [{**FILE, "content_base64": "="}]}, "t.attachments[0].content_base64"),
        ({"attachments": [{"filename": "a", "url": "{{"}]}, "t.attachments[0].url"),
    ],
)
def test_what_cannot_is_named(members: dict[str, Any], field: str) -> None:
    assert list(problems(**members)) == [field]


def test_files_in_the_template_have_a_limit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email_checks, "MAX_FILES_BYTES", 6)
    assert problems(attachments=[FILE, FILE]) == {}
    assert list(problems(attachments=[FILE, FILE, FILE])) == ["t.attachments"]


def test_each_object_that_is_not_the_teams_is_named() -> None:
    mail: dict[str, Any] = {"name": "a", "channel": "email"}
    urls = ["s3://b/team/k", "s3://b/other/k", "{{ url }}", "https://example.com/k"]
    attachments = [FILE, *({"filename": "f", "url": url} for url in urls)]
    template = {"subject": "s", "text": "t", "attachments": attachments}
    text = {"name": "b", "channel": "sms", "template": {"text": "t"}}
    notifications = manage.parse(EventTypeBody, {"notifications": [text, {**mail, "template": template}]}).notifications
    with pytest.raises(Invalid) as refused:
        check_objects(notifications, "b", "team")
    path, message = "notifications[1].template.attachments", "must be an object below s3://b/team/"
    assert refused.value.problems == {f"{path}[2].url": message, f"{path}[4].url": message}
