"""What SES is asked to do with an e-mail."""

from __future__ import annotations

from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import parseaddr
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from nereid.aws.messaging.attachment_bucket import AttachmentBucket
from nereid.aws.messaging.email_channel import SesChannel, _sender, _tags
from nereid.errors import TryAgain
from nereid.models.delivery import DeliveryJob, Rendered
from tests.support.notifications import MAIL

JOB = DeliveryJob.model_validate(
    {
        "team_id": "t",
        "environment": "dev",
        "mock": False,
        "channels": {"email": {"from": "hello@example.com"}},
        "delivery_id": "d",
        "recipient": {"type": "email", "value": "sam@example.com"},
        "notification": MAIL,
        "message_id": "m",
        "message": None,
        "planned_at": datetime(2026, 1, 31, tzinfo=UTC),
    }
)
PLAIN = Rendered({"subject": "Hi", "text": "t"}, [])


def asked(rendered: Rendered) -> dict[str, Any]:
    """Send a mail; return the request, which is one that the SDK takes."""
    requests: list[dict[str, Any]] = []

    def send_email(**request: Any) -> dict[str, str]:
        requests.append(request)
        return {"MessageId": "id"}

    clients: Any = SimpleNamespace(ses=SimpleNamespace(send_email=send_email))
    assert SesChannel(clients, "set", AttachmentBucket(clients, "files")).send(JOB, rendered, lambda: None) == "id"
    model = botocore.session.get_session().get_service_model("sesv2").operation_model("SendEmail")
    assert not ParamValidator().validate(requests[0], model.input_shape).has_errors()
    return requests[0]


@pytest.mark.parametrize(("tracking", "status"), [(False, "DISABLED"), (True, "ENABLED")])
def test_each_mail_says_whether_it_is_tracked(*, tracking: bool, status: str) -> None:
    overrides = asked(PLAIN._replace(tracking=tracking))["ConfigurationOverrides"]
    assert overrides == {"Tracking": {"OpenTrackingEnabled": status, "ClickTrackingEnabled": status}}


def test_a_link_to_unsubscribe_may_be_as_long_as_a_header() -> None:
    link = "https://example.com/".ljust(993, "x")
    headers = asked(PLAIN._replace(unsubscribe_url=link))["Content"]["Simple"]["Headers"]
    assert headers[0] == {"Name": "List-Unsubscribe", "Value": f"<{link}>"}


def test_a_longer_link_to_unsubscribe_is_no_header() -> None:
    assert "Headers" not in asked(PLAIN._replace(unsubscribe_url="x" * 994))["Content"]["Simple"]


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


@pytest.mark.parametrize(
    "given",
    [
        r'"Dwayne \"The Rock\" Johnson" <d@example.com>',
        r'"Back\\slash" <b@example.com>',
        r'"\"Quoted\"" <q@example.com>',
        '"Müller, \\"Söhne\\" & Co." <m@example.com>',
        '"" <empty@example.com>',
        '"O\'Brien (Sales)" <o@example.com>',
        "Zoë <z@example.com>",
        "=?utf-8?q?Zo=C3=AB?= <z@example.com>",
        "Plain Name <p@example.com>",
        "<bare@example.com>",
        "bare@example.com",
    ],
)
def test_a_sender_is_written_with_the_name_that_was_given(given: str) -> None:
    def read(text: str) -> tuple[str, str]:
        name, address = parseaddr(text)
        return str(make_header(decode_header(name))), address

    assert read(_sender(given)) == read(given)


def test_quotes_within_a_name_are_part_of_it() -> None:
    assert parseaddr(_sender('Dwayne "The Rock" Johnson <d@example.com>'))[0] == 'Dwayne "The Rock" Johnson'
    assert parseaddr(_sender('Dwayne "The Rock" <d@example.com>'))[0] == 'Dwayne "The Rock"'


@pytest.mark.parametrize(("sending", "more"), [(1, {}), (2, {"sending": "2"})])
def test_only_a_later_sending_is_tagged_as_one(sending: int, more: dict[str, str]) -> None:
    job: Any = SimpleNamespace(team_id="t", environment="dev", delivery_id="d", sending=sending)
    tags = {"team_id": "t", "environment": "dev", "delivery_id": "d"}
    assert _tags(job, Rendered({}, [], tags={"campaign_id": "c"})) == {"campaign_id": "c", **tags, **more}


def test_ses_is_not_asked_when_the_time_is_over() -> None:
    def check_time() -> None:
        raise TryAgain(1, "no time was left")

    nobody: Any = SimpleNamespace()
    with pytest.raises(TryAgain):
        SesChannel(nobody, "set", nobody).send(JOB, PLAIN, check_time)
