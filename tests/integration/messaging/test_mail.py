"""Files of e-mails that are in the bucket, and copies: what is asked for, and what is done when it is not answered."""

from __future__ import annotations

import base64
import email
import email.policy
import uuid
from email.message import EmailMessage
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.support.cloud import Cloud, World
from tests.support.notifications import MAIL, SAM

IN_MEMORY = True
BUCKET = "nereid-attachments"
SEND, READ = "sesv2:SendEmail", "s3:GetObject"
TIMEOUT = ReadTimeoutError(endpoint_url="https://s3.example.com")


def mail(**members: Any) -> dict[str, Any]:
    return {**MAIL, "template": {**MAIL["template"], **members}}


def queued(world: World, notification: dict[str, Any], **data: Any) -> tuple[str, Any]:
    """Ingest an event; return the message's id and its records on the queue of e-mails."""
    event_type = str(uuid.uuid4())  # one that no sandbox has kept
    world.configure(event_type, notification)
    message_id = world.ingest(event_type, data={"otp": 1, **data}, contact_infos=SAM)
    world.cloud.pump("message")
    return message_id, world.cloud.receive("email")


@pytest.fixture
def file(cloud: Cloud, world: World) -> dict[str, str]:
    """Return an attachment whose object is there."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=f"{world.team_id}/a.pdf", Body=b"content", ContentType="application/pdf")
    return {"filename": "a.pdf", "url": f"s3://{BUCKET}/{world.team_id}/a.pdf"}


def sent(cloud: Cloud) -> EmailMessage:
    """Return the one mail as it was handed over, read as a program for mails does."""
    [request] = cloud.sent(SEND)
    data = base64.b64decode(request["Content"]["Raw"]["Data"])
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_mail_with_files_is_whole_and_names_no_blind_copy(cloud: Cloud, world: World, file: dict[str, str]) -> None:
    template = mail(
        html="<p>Grüße</p>",
        cc=["Jörg <j@example.com>"],
        bcc=["secret@example.com"],
        reply_to="Zoë <z@example.com>",
        headers={"X-Order": "x" * 300, "X-Name": "Grüße " * 30},
        attachments=[{**file, "filename": "Über uns - 説明.pdf"}],
        **{"from": "Büro <hello@example.com>"},
    )
    message_id, records = queued(world, template)
    assert cloud.hand_over("email", records) == []
    assert world.outcomes(message_id) == [("success", None)]
    [request] = cloud.sent(SEND)
    assert request["Destination"] == {
        "ToAddresses": ["sam@example.com"],
        "CcAddresses": ["=?utf-8?b?SsO2cmc=?= <j@example.com>"],
        "BccAddresses": ["secret@example.com"],
    }
    message = sent(cloud)
    assert "secret" not in message.as_string()
    assert (message["From"], message["To"], message["Cc"], message["Reply-To"], message["Subject"]) == (
        "Büro <hello@example.com>",
        "sam@example.com",
        "Jörg <j@example.com>",
        "Zoë <z@example.com>",
        "Code 1",
    )
    assert (message["X-Order"], message["X-Name"]) == ("x" * 300, ("Grüße " * 30).strip())
    [part] = message.iter_attachments()
    assert isinstance(part, EmailMessage)
    assert (part.get_filename(), part.get_content_type(), part.get_content()) == (
        "Über uns - 説明.pdf",
        "application/pdf",
        b"content",
    )
    assert [each.get_content_type() for each in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]


@pytest.mark.parametrize("retry", ["at_least_once", "at_most_once"])
@pytest.mark.parametrize("fault", [("SlowDown", 503), ("InternalError", 500), ("NoSuchBucket", 404), TIMEOUT])
def test_a_bucket_that_does_not_answer_is_asked_again_and_nothing_is_sent_before(
    cloud: Cloud, world: World, file: dict[str, str], retry: str, fault: Any
) -> None:
    message_id, records = queued(world, {**mail(attachments=[file]), "retry": retry})
    cloud.fail(READ, fault, fault)
    assert cloud.hand_over("email", records) == [records[0]["messageId"]]
    assert world.outcomes(message_id) == [("pending", None)]
    assert cloud.calls[SEND] == 0
    cloud.faults.clear()
    cloud.hand_over("email", records)
    assert world.outcomes(message_id) == [("success", None)]
    assert cloud.calls[SEND] == 1


@pytest.mark.parametrize("fault", [("AccessDenied", 403), ("NoSuchKey", 404), ("InvalidObjectState", 403)])
def test_an_object_that_is_not_there_ends_the_delivery(
    cloud: Cloud, world: World, file: dict[str, str], fault: tuple[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    message_id, records = queued(world, mail(attachments=[file]))
    cloud.fail(READ, fault)
    assert cloud.hand_over("email", records) == []
    assert world.outcomes(message_id) == [("failed", "attachment: not found")]
    assert cloud.calls[SEND] == 0
    [said] = (vars(record) for record in caplog.records if record.message == "delivery failed")
    assert said["reason"] == "attachment: not found"
    assert "a.pdf" not in str(said)


def test_the_object_of_another_team_is_not_even_asked_for(cloud: Cloud, world: World, file: dict[str, str]) -> None:
    url = file["url"].replace(world.team_id, "another")
    message_id, records = queued(world, mail(attachments=[{**file, "url": "{{ data.url }}"}]), url=url)
    assert cloud.hand_over("email", records) == []
    assert world.outcomes(message_id) == [("failed", "template: attachments[0].url is not an object of the team's")]
    assert cloud.calls[READ] == 0


def test_a_mail_that_comes_twice_is_sent_once(cloud: Cloud, world: World, file: dict[str, str]) -> None:
    message_id, records = queued(world, mail(attachments=[file], cc=["boss@example.com"]))
    cloud.hand_over("email", [*records, *records])
    assert world.outcomes(message_id) == [("success", None)]
    assert cloud.calls[SEND] == 1


def test_copies_cost_a_read_each_and_a_mail_without_them_none(cloud: Cloud, world: World) -> None:
    _, records = queued(world, MAIL)
    cloud.hand_over("email", records)
    before = cloud.calls["dynamodb:GetItem"]
    cloud.hand_over("email", queued(world, MAIL)[1])
    plain, before = cloud.calls["dynamodb:GetItem"] - before, cloud.calls["dynamodb:GetItem"]
    copies = [f"{number}@example.com" for number in range(3)]
    cloud.hand_over("email", queued(world, mail(cc=copies, bcc=copies))[1])
    assert cloud.calls["dynamodb:GetItem"] - before == plain + 3


def test_the_list_of_suppressed_addresses_that_cannot_be_read_holds_the_mail_back(cloud: Cloud, world: World) -> None:
    message_id, records = queued(world, mail(cc=["boss@example.com"]))

    def only_of_copies(request: dict[str, Any]) -> Any:
        return ("InternalServerError", 500) if "boss@" in str(request) else None

    cloud.fail("dynamodb:GetItem", *[only_of_copies] * 20)
    assert cloud.hand_over("email", records) == [records[0]["messageId"]]
    assert cloud.calls[SEND] == 0
    cloud.faults.clear()
    cloud.hand_over("email", records)
    assert world.outcomes(message_id) == [("success", None)]
