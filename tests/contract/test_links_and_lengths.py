"""Templates of HTML with links that would run something, and SMS that are longer than SNS takes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.manage_client import INBOX, MAIL, TEXT, Manage, email_to, phone_number, unique

IN_PROCESS = True


def with_html(notification: dict[str, Any], html: str) -> dict[str, Any]:
    return {**notification, "template": {**notification["template"], "html": html}}


def refusal(manage: Manage, notification: dict[str, Any]) -> dict[str, Any]:
    status, answer = manage.call("PUT", f"/{{env}}/event_types/{unique()}", {"notifications": [notification]})
    assert status == 422, answer
    [error] = answer["errors"]
    found: dict[str, Any] = error
    return found


@pytest.mark.parametrize("notification", [MAIL, INBOX], ids=["mail", "inbox"])
@pytest.mark.parametrize("link", ['href="javascript:x"', "src='data:text/html,x'"], ids=["href", "src"])
def test_a_link_that_would_run_is_refused_with_its_line(
    manage: Manage, notification: dict[str, Any], link: str
) -> None:
    error = refusal(manage, with_html(notification, f"<p>\n\n<a {link}>x</a></p>"))
    assert (error["field"], error["line"]) == ("notifications[0].template.html", 3)
    assert error["message"].startswith(link.partition("=")[0] + " must not begin with ")


def test_one_that_data_make_leads_nowhere_and_is_noted(manage: Manage) -> None:
    own = manage.in_environment(keep_rendered=True)
    notification = with_html(MAIL, '<a href="{{ to }}">{{ otp }}</a>{{ more | safe }}')
    data = {"otp": 1, "to": "JavaScript:alert(1)", "more": "<img src='https://example.com/1'><a href=data:x>y</a>"}
    [delivery] = own.told(notification, contact_infos=email_to("sam@example.com"), data=data)
    html = '<a href="#">1</a><img src=\'https://example.com/1\'><a href="#">y</a>'
    assert delivery["rendered"]["html"] == html
    assert delivery["template_notes"] == [
        "html: a link must not begin with javascript:",
        "html: a link must not begin with data:",
    ]


def test_an_sms_that_is_always_too_long_is_refused(manage: Manage) -> None:
    longest = {**TEXT, "template": {"text": "x" * 1600}}
    manage.configure(longest)
    error = refusal(manage, {**TEXT, "template": {"text": "x" * 1601}})
    assert (error["field"], error["message"]) == ("notifications[0].template.text", "must be 1600 characters at most")


def test_one_that_data_make_too_long_is_not_handed_over(manage: Manage) -> None:
    notification = {**TEXT, "template": {"text": "{{ text }}"}}
    to = [{"type": "mobile_number", "value": phone_number()}]
    [fits] = manage.told(notification, contact_infos=to, data={"text": "x" * 1600})
    assert fits["status"] == "success"
    [refused] = manage.told(notification, contact_infos=to, data={"text": "x" * 1601})
    reason = "template: text is longer than 1600 characters, which SNS refuses"
    assert (refused["status"], refused["reason"]) == ("failed", reason)


def test_a_preview_says_that_an_sms_is_too_long(manage: Manage) -> None:
    notification = {**TEXT, "template": {"text": "{{ text }}"}}
    body = {"notification": notification, "data": {"text": "x" * 1601}}
    [preview] = manage.ok("POST", "/{env}/previews", body)["previews"]
    assert preview["reason"] == "template: text is longer than 1600 characters, which SNS refuses"
