"""From the event to what the mail, SMS and push services are handed, and to the inbox in the app."""

import uuid
from typing import Any

import pytest

from tests.local_stack import LocalStack

TEMPLATES = [
    {
        "name": "mail",
        "channel": "email",
        "template": {
            "subject": "Code {{ otp }}",
            "text": "Your code is {{ otp }}.",
            "html": "<p>Your code is <b>{{ otp }}</b>, {{ name }}.</p>",
        },
    },
    {"name": "text", "channel": "sms", "template": {"text": "{{ otp }} is your code"}},
    {
        "name": "phone",
        "channel": "push",
        "template": {"title": "Login", "body": "{{ otp }}", "data": {"otp": "{{ otp }}"}},
    },
    {"name": "inbox", "channel": "app", "template": {"title": "Login", "body": "Code {{ otp }}", "data": {}}},
]


class Somebody:
    """A user whom no other test knows, with an address on each channel."""

    def __init__(self) -> None:
        unique = uuid.uuid4().hex
        self.user_id = f"user-{unique[:12]}"
        self.email = f"{unique[:12]}@example.com"
        self.phone = f"+1555{int(unique[:8], 16) % 10**7:07d}"
        self.token = f"token-{unique}"

    def contacts(self) -> list[dict[str, str]]:
        return [
            {"type": "email", "value": self.email},
            {"type": "mobile_number", "value": self.phone},
            {"type": "firebase_token", "value": self.token, "filterable": "iOS 16.3"},
        ]


@pytest.fixture
def somebody(local_stack: LocalStack) -> Somebody:
    person = Somebody()
    for environment in ("dev", "sandbox"):
        made = local_stack.request(
            "POST", f"/neptune/{environment}/users", {"user_id": person.user_id}, token=local_stack.demo["api_token"]
        )
        assert made.status == 200
    return person


@pytest.fixture
def event_type(local_stack: LocalStack) -> str:
    name = f"login {uuid.uuid4().hex[:8]}"
    for environment in ("dev", "sandbox"):
        path = f"/manage/{environment}/event_types/{name.replace(' ', '%20')}"
        body = {"notifications": TEMPLATES}
        put = local_stack.request("PUT", path, body, token=local_stack.demo["api_token"])
        assert put.status == 200, put.body
    return name


def ingest(stack: LocalStack, event_type: str, somebody: Somebody, environment: str = "dev", **more: Any) -> str:
    body = {
        "environment": environment,
        "api_token": stack.demo["api_token"],
        "event_type": event_type,
        "user_id": somebody.user_id,
        "data": {"otp": 482913, "name": "<Sam>"},
        "contact_infos": somebody.contacts(),
        **more,
    }
    answer = stack.request("POST", "/neptune/events/ingest", body)
    assert answer.status == 200, answer.body
    assert answer.json()["status"] == "accepted"
    return str(answer.json()["message_id"])


def settled(stack: LocalStack, message_id: str, environment: str = "dev") -> dict[str, Any]:
    """Wait until no delivery of a message is pending."""

    def look() -> dict[str, Any] | None:
        answer = stack.request("GET", f"/manage/{environment}/messages/{message_id}", token=stack.demo["api_token"])
        if answer.status != 200:
            return None
        message: dict[str, Any] = answer.json()
        pending = [delivery for delivery in message["deliveries"] if delivery["status"] == "pending"]
        return None if pending else message

    return stack.wait_for(look)


def statuses(message: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {delivery["notification"]: (delivery["status"], delivery["reason"]) for delivery in message["deliveries"]}


def test_one_event_is_told_on_all_four_channels(local_stack: LocalStack, event_type: str, somebody: Somebody) -> None:
    message = settled(local_stack, ingest(local_stack, event_type, somebody))
    assert statuses(message) == dict.fromkeys(("mail", "text", "phone", "inbox"), ("success", None))
    (mail,) = local_stack.outbox(somebody.email)
    (text,) = local_stack.outbox(somebody.phone)
    (push,) = local_stack.outbox(somebody.token)
    assert (mail["subject"], mail["text"]) == ("Code 482913", "Your code is 482913.")
    assert mail["html"] == "<p>Your code is <b>482913</b>, &lt;Sam&gt;.</p>"
    assert mail["from"] == "hello@example.com"
    assert text["text"] == "482913 is your code"
    assert (push["title"], push["body"], push["data"]) == ("Login", "482913", {"otp": "482913"})
    listed = local_stack.request(
        "GET", f"/neptune/app_notifications/dev?user_id={somebody.user_id}", token=local_stack.demo["api_token"]
    )
    assert listed.status == 200
    assert len(listed.json()["data"]) == 1
    sent = {delivery["notification"]: delivery["provider_message_id"] for delivery in message["deliveries"]}
    assert sent["mail"] == mail["provider_message_id"]
    assert sent["text"] == text["provider_message_id"]
    assert sent["phone"] == push["provider_message_id"]


def test_the_same_event_twice_is_told_once(local_stack: LocalStack, event_type: str, somebody: Somebody) -> None:
    message_id = f"m-{uuid.uuid4()}"
    for _ in range(2):
        ingest(local_stack, event_type, somebody, message_id=message_id)
    settled(local_stack, message_id)
    # A third event comes after both and goes the same way: when it is through, they are.
    settled(local_stack, ingest(local_stack, event_type, Somebody()))
    assert len(local_stack.outbox(somebody.email)) == 1


def test_nothing_leaves_a_mock_environment(local_stack: LocalStack, event_type: str, somebody: Somebody) -> None:
    message = settled(local_stack, ingest(local_stack, event_type, somebody, "sandbox"), "sandbox")
    assert {status for status, _ in statuses(message).values()} == {"mocked"}
    assert message["deliveries"][0]["rendered"]["subject"] == "Code 482913"
    for address in (somebody.email, somebody.phone, somebody.token):
        assert local_stack.outbox(address) == []


def test_a_bounce_fails_the_delivery_and_stops_further_mail(
    local_stack: LocalStack, event_type: str, somebody: Somebody
) -> None:
    message_id = ingest(local_stack, event_type, somebody)
    settled(local_stack, message_id)
    (mail,) = local_stack.outbox(somebody.email)
    report = {"provider_message_id": mail["provider_message_id"], "type": "bounce"}
    assert local_stack.request("POST", "/_local/feedback", report).status == 202

    def bounced() -> bool:
        return statuses(settled(local_stack, message_id))["mail"] == ("failed", "bounced")

    assert local_stack.wait_for(bounced)
    second = settled(local_stack, ingest(local_stack, event_type, somebody))
    assert statuses(second)["mail"] == ("failed", "suppressed: bounce")
    assert len(local_stack.outbox(somebody.email)) == 1


def test_a_click_is_listed_with_the_delivery(local_stack: LocalStack, event_type: str, somebody: Somebody) -> None:
    message_id = ingest(local_stack, event_type, somebody)
    settled(local_stack, message_id)
    (mail,) = local_stack.outbox(somebody.email)
    report = {"provider_message_id": mail["provider_message_id"], "type": "click", "link": "https://example.com/x"}
    assert local_stack.request("POST", "/_local/feedback", report).status == 202

    def clicked() -> bool:
        (delivery,) = [one for one in settled(local_stack, message_id)["deliveries"] if one["notification"] == "mail"]
        return [event["type"] for event in delivery.get("events", [])] == ["click"] and delivery["status"] == "success"

    assert local_stack.wait_for(clicked)


def test_what_one_channel_lacks_keeps_no_other_from_its_message(
    local_stack: LocalStack, event_type: str, somebody: Somebody
) -> None:
    contacts = [{"type": "email", "value": somebody.email}]
    message = settled(local_stack, ingest(local_stack, event_type, somebody, contact_infos=contacts))
    found = statuses(message)
    assert found["mail"] == ("success", None)
    assert found["text"][0] == found["phone"][0] == "no_contact"


def test_a_notification_is_previewed_and_a_user_exported_and_erased(
    local_stack: LocalStack, event_type: str, somebody: Somebody
) -> None:
    def asked(path: str, body: dict[str, Any] | None = None) -> Any:
        answer = local_stack.request("POST", f"/manage/dev/{path}", body, token=local_stack.demo["api_token"])
        assert answer.status == 200, answer.body
        return answer.json()

    shown = asked("previews", {"event_type": event_type, "data": {"otp": 7}, "user_id": somebody.user_id})["previews"]
    assert [each["channel"] for each in shown] == ["email", "sms", "push", "app"]
    message_id = ingest(local_stack, event_type, somebody)
    settled(local_stack, message_id)
    exported = asked(f"users/{somebody.user_id}/export")
    assert [message["message_id"] for message in exported["messages"]] == [message_id]
    asked(f"users/{somebody.user_id}/erase")
    left = settled(local_stack, message_id)
    assert left["data"] == {}
    assert somebody.email not in str(left)
