import base64
import email
import email.policy
import json
from email.message import EmailMessage
from typing import Any

import pytest

from local_stack.console.outbox import Outbox

ENDPOINT = "arn:aws:sns:us-east-1:1:endpoint/GCM/app/id"


@pytest.fixture
def outbox() -> Outbox:
    return Outbox({ENDPOINT: "device-token"}.__getitem__)


def simple(**more: Any) -> dict[str, Any]:
    content = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Text"}, "Html": {"Data": "<p>Html</p>"}}, **more}
    return {
        "FromEmailAddress": "Acme <a@example.com>",
        "Destination": {"ToAddresses": ["Sam@Example.com"]},
        "Content": {"Simple": content},
        "EmailTags": [{"Name": "t", "Value": "v"}],
        "ConfigurationSetName": "set",
    }


def test_a_simple_email_is_shown_as_sent(outbox: Outbox) -> None:
    outbox.record_email(simple(Headers=[{"Name": "List-Unsubscribe", "Value": "<x>"}]), "id-1")
    (entry,) = outbox.messages()
    assert entry.pop("at").endswith("Z")
    assert entry == {
        "channel": "email",
        "to": "Sam@Example.com",
        "from": "Acme <a@example.com>",
        "subject": "Hi",
        "text": "Text",
        "html": "<p>Html</p>",
        "title": None,
        "body": None,
        "data": None,
        "cc": [],
        "bcc": [],
        "reply_to": None,
        "attachments": [],
        "headers": {"List-Unsubscribe": "<x>"},
        "provider_message_id": "id-1",
    }


def test_a_raw_email_is_taken_apart(outbox: Outbox) -> None:
    message = EmailMessage()
    message["From"] = "Acmé <a@example.com>"
    message["To"] = "sam@example.com"
    message["Subject"] = "Grüße"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content("Text\nzwei")
    message.add_alternative("<p>Html</p>", subtype="html")
    outbox.record_email({"Content": {"Raw": {"Data": base64.b64encode(message.as_bytes()).decode()}}}, "id-1")
    (entry,) = outbox.messages()
    assert (entry["to"], entry["from"]) == ("sam@example.com", "Acmé <a@example.com>")
    assert (entry["subject"], entry["text"], entry["html"]) == ("Grüße", "Text\nzwei", "<p>Html</p>")
    assert entry["headers"] == {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def test_each_recipient_has_an_entry_which_shows_the_copies(outbox: Outbox) -> None:
    request = {**simple(), "ReplyToAddresses": ["=?utf-8?q?J=C3=B6rg?= <j@example.com>"]}
    request["Destination"] = {
        "ToAddresses": ["a@example.com", "b@example.com"],
        "CcAddresses": ["=?utf-8?q?J=C3=B6rg?= <c@example.com>"],
        "BccAddresses": ["d@example.com"],
    }
    outbox.record_email(request, "id-1")
    entries = outbox.messages()
    assert [entry["to"] for entry in entries] == ["a@example.com", "b@example.com"]
    for entry in entries:
        assert (entry["cc"], entry["bcc"]) == (["Jörg <c@example.com>"], ["d@example.com"])
        assert (entry["reply_to"], entry["headers"]["Reply-To"]) == ("Jörg <j@example.com>",) * 2


def test_files_are_shown_by_their_name_type_and_size(outbox: Outbox) -> None:
    message = EmailMessage()
    message["Subject"] = "s"
    message["Reply-To"] = "b@example.com"
    message.set_content("Text")
    message.add_attachment(b"12345", maintype="application", subtype="pdf", filename="Grüße.pdf")
    request = {**simple(), "Content": {"Raw": {"Data": base64.b64encode(message.as_bytes()).decode()}}}
    outbox.record_email(request, "id-1")
    request["Content"] = {
        "Simple": {"Attachments": [{"FileName": "a.txt", "ContentType": "text/plain", "RawContent": "YWJj"}]}
    }
    outbox.record_email(request, "id-2")
    raw, made = outbox.messages()
    assert raw["attachments"] == [{"filename": "Grüße.pdf", "content_type": "application/pdf", "size": 5}]
    assert raw["reply_to"] == "b@example.com"
    assert made["attachments"] == [{"filename": "a.txt", "content_type": "text/plain", "size": 3}]


def test_a_text_message_has_its_sender(outbox: Outbox) -> None:
    request = {
        "PhoneNumber": "+1555",
        "Message": "Code 1",
        "MessageAttributes.entry.1.Name": "AWS.SNS.SMS.SMSType",
        "MessageAttributes.entry.1.Value.StringValue": "Transactional",
        "MessageAttributes.entry.2.Name": "AWS.SNS.SMS.SenderID",
        "MessageAttributes.entry.2.Value.StringValue": "Acme",
    }
    outbox.record_publish(request, "id-1")
    (entry,) = outbox.messages()
    assert (entry["channel"], entry["to"], entry["from"], entry["text"]) == ("sms", "+1555", "Acme", "Code 1")
    assert (entry["subject"], entry["body"]) == (None, None)


@pytest.mark.parametrize(
    "platforms",
    [
        {"GCM": {"fcmV1Message": {"message": {"notification": {"title": "T", "body": "B"}, "data": {"k": "v"}}}}},
        {"GCM": {"notification": {"title": "T", "body": "B"}, "data": {"k": "v"}}},
        {"default": {"aps": {"alert": {"title": "T", "body": "B"}}, "k": "v"}},
    ],
)
def test_a_push_notification_is_shown_as_its_platform_shows_it(outbox: Outbox, platforms: dict[str, Any]) -> None:
    message = json.dumps({name: json.dumps(payload) for name, payload in platforms.items()})
    outbox.record_publish({"TargetArn": ENDPOINT, "Message": message, "MessageStructure": "json"}, "id-1")
    (entry,) = outbox.messages()
    assert (entry["to"], entry["title"], entry["body"], entry["data"]) == ("device-token", "T", "B", {"k": "v"})


def test_a_message_to_a_topic_is_no_delivery(outbox: Outbox) -> None:
    outbox.record_publish({"TopicArn": "arn:aws:sns:us-east-1:1:alarms", "Message": "x"}, "id-1")
    assert outbox.messages() == []


def test_the_case_of_an_address_matters_for_email_alone_not(outbox: Outbox) -> None:
    outbox.record_email(simple(), "id-1")
    outbox.record_publish({"TargetArn": ENDPOINT, "Message": "x"}, "id-2")
    assert len(outbox.messages("sam@example.COM")) == 1
    assert len(outbox.messages("device-token")) == 1
    assert outbox.messages("DEVICE-TOKEN") == []


def test_feedback_finds_an_email_by_its_id(outbox: Outbox) -> None:
    outbox.record_email(simple(), "id-1")
    sent = outbox.sent_email("id-1")
    assert sent is not None
    assert (sent.tags, sent.configuration_set, sent.recipients) == ({"t": "v"}, "set", ["Sam@Example.com"])
    assert outbox.sent_email("id-2") is None


def test_the_brief_list_has_the_newest_first_and_no_more_than_is_asked_for(outbox: Outbox) -> None:
    for number in range(3):
        outbox.record_publish({"PhoneNumber": "+1", "Message": f"text {number}"}, f"id-{number}")
    assert [each["summary"] for each in outbox.summaries(2)] == ["text 2", "text 1"]
    assert outbox.summaries(0) == []


def test_a_change_is_counted(outbox: Outbox) -> None:
    before = outbox.changes
    outbox.record_publish({"PhoneNumber": "+1", "Message": "x"}, "id-1")
    sent = outbox.changes
    outbox.delete("id-1")
    assert before < sent < outbox.changes


def test_what_is_deleted_can_still_be_reported_on(outbox: Outbox) -> None:
    outbox.record_email(simple(), "id-1")
    assert outbox.delete("id-1") == 1
    assert (outbox.messages(), outbox.find("id-1"), outbox.source("id-1")) == ([], [], None)
    assert outbox.sent_email("id-1") is not None


def test_the_source_of_a_mail_has_its_headers_texts_and_files(outbox: Outbox) -> None:
    file = {"FileName": "a.pdf", "ContentType": "application/pdf", "RawContent": "YWJj"}
    body = {"Text": {"Data": "plain"}, "Html": {"Data": "<p>rich"}}
    request = simple(Subject={"Data": "one\nBcc: two"}, Body=body, Attachments=[file])
    request["Destination"] = {"ToAddresses": ["a@example.com"], "CcAddresses": ["c@example.com"]}
    outbox.record_email(request, "id-1")
    source = email.message_from_string(outbox.source("id-1") or "", policy=email.policy.default)
    assert (source["To"], source["Cc"], source["Subject"], source["Bcc"]) == (
        "a@example.com",
        "c@example.com",
        "one Bcc: two",
        None,
    )
    kinds = [part.get_content_type() for part in source.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "application/pdf"]


def test_the_source_of_a_raw_mail_is_what_was_handed_over(outbox: Outbox) -> None:
    raw = b"Subject: x\r\nTo: a@example.com\r\n\r\nbody"
    outbox.record_email({"Content": {"Raw": {"Data": base64.b64encode(raw).decode()}}}, "id-1")
    assert outbox.source("id-1") == raw.decode()


def test_the_source_of_a_text_message_is_what_sns_was_asked(outbox: Outbox) -> None:
    outbox.record_publish({"PhoneNumber": "+1", "Message": "x"}, "id-1")
    assert json.loads(outbox.source("id-1") or "") == {"PhoneNumber": "+1", "Message": "x"}


def test_the_sources_of_the_last_sendings_alone_are_kept(outbox: Outbox) -> None:
    for number in range(201):
        outbox.record_publish({"PhoneNumber": "+1", "Message": "x"}, f"id-{number}")
    assert outbox.source("id-0") is None
    assert outbox.source("id-200") is not None
    assert outbox.find("id-0")
