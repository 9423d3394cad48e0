"""Logs name ids and codes: no address, no token, no text of a message, whatever happens."""

from __future__ import annotations

import json
import logging

import pytest

from tests.support.cloud import Cloud, World
from tests.support.notifications import INBOX, MAIL, PHONE, TEXT

SECRETS = ["sam.secret@example.com", "+15550009", "device-secret", "hidden-text", "Sam's name"]


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_nobody_is_named_in_the_logs(
    cloud: Cloud, world: World, level: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(level)  # as LogLevel does in Lambda: for the root logger
    for simulator in ("moto", "asyncio", "werkzeug"):
        caplog.set_level("INFO", simulator)
    world.configure(
        "login",
        MAIL,
        TEXT,
        PHONE,
        INBOX,
        {**MAIL, "name": "broken", "template": {"subject": "{{ (1..zero) }}", "text": "hidden-text"}},
    )
    email, number, device, text, name = SECRETS
    device = f"{device}-{world.team_id}"
    world.user("u", ("email", email), ("mobile_number", number), ("firebase_token", device), name=name)
    world.ingest("login", user_id="u", data={"otp": text, "zero": 1_000_000})
    records = cloud.receive("message")
    cloud.fail("dynamodb:PutItem", ("ThrottlingException", 400), ("ValidationException", 400))
    for _ in range(3):
        cloud.hand_over("message", records)
    cloud.hand_over("message", [{**records[0], "body": records[0]["body"].replace("message_id", email)}])
    cloud.fail("sesv2:SendEmail", ("TooManyRequestsException", 429), ("MessageRejected", 400))
    cloud.fail("sns:Publish", ("InvalidParameter", 400), ValueError(device))
    for queue in ("email", "sms", "push"):
        jobs = cloud.receive(queue)
        cloud.hand_over(queue, [*jobs, *({**job, "body": job["body"][:-1]} for job in jobs)])
    mail = {"commonHeaders": {"to": [email]}, "tags": {}}
    report = {**records[0], "body": json.dumps({"id": "e", "detail": {"eventType": "Bounce", "mail": mail}})}
    cloud.invoke("pipeline/record_feedback", {"Records": [report, {**report, "body": f'{{"detail": "{email}"}}'}]})
    request = {
        "routeKey": "GET /manage/environments",
        "rawPath": "/manage/environments",
        "headers": {"authorization": f"Bearer {world.token}"},
        "requestContext": {"http": {"method": "GET", "sourceIp": "192.0.2.1"}},
    }
    cloud.fail("dynamodb:Query", RuntimeError(email))
    assert cloud.invoke("manage/list_environments", request)["statusCode"] == 500
    printed = capfd.readouterr()
    logged = printed.out + printed.err + caplog.text
    assert "record failed" in logged
    assert "endpoint failed" in logged
    for secret in [*SECRETS, world.token]:
        assert secret not in logged
    assert logging.getLogger("botocore").level == logging.INFO
