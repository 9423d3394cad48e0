"""Texts of strangers where they could become something else: headers of mails, lines of logs, other addresses."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email import message_from_bytes
from email.policy import default
from typing import Any

import jwt
import pytest

from nereid.aws.messaging.email_channel import _sender
from nereid.aws.outreach.mailbox_channel import _mail
from nereid.core.access.teams import create_api_token
from nereid.core.outreach.content import one_line
from nereid.errors import ProviderRefused
from nereid.logs import loggable, logger
from nereid.models.delivery import DeliveryJob, Recipient, Rendered
from nereid.models.lead_email import GivenContent, OutreachNotification
from nereid.models.team import Channels
from nereid.ports.messaging import MessageFilter
from tests.support import cloud as clouds
from tests.support.api import Api, Call
from tests.support.cloud import LINK_SECRET, SECRET, Cloud, World
from tests.support.notifications import MAIL

#: What begins a header of its own in a mail, if a line may begin there.
BREAKS = ("\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\n ", "\r\n\t")
VICTIM = "Bcc: victim@example.com"


@pytest.fixture(scope="module")
def shared_cloud() -> Iterator[Cloud]:
    with clouds.running(in_memory=True) as running:
        yield running


@pytest.fixture
def world(shared_cloud: Cloud) -> World:
    shared_cloud.forget()
    return World(shared_cloud)


def mailed(world: World, template: Mapping[str, str], to: str = "sam@example.com", **data: Any) -> list[dict[str, Any]]:
    """Return what SES was asked to send for an event, with everything it was told as one text."""
    world.configure("x", {**MAIL, "template": template})
    world.ingest("x", contact_infos=[{"type": "email", "value": to}], data=data)
    assert world.cloud.pump() == []
    return world.cloud.sent("sesv2:SendEmail")


@pytest.mark.parametrize("text", BREAKS, ids=ascii)
def test_a_subject_is_one_line_whatever_the_data(world: World, text: str) -> None:
    [mail] = mailed(world, {"subject": "Hello {{ name }}", "text": "t"}, name=f"Sam{text}{VICTIM}")
    subject = mail["Content"]["Simple"]["Subject"]["Data"]
    assert len(subject.splitlines()) == 1
    assert subject.startswith("Hello Sam ")


@pytest.mark.parametrize("text", BREAKS, ids=ascii)
def test_a_sender_is_one_line(world: World, text: str) -> None:
    [mail] = mailed(world, {"subject": "s", "text": "t", "from": f"Shop{text}{VICTIM} <hello@example.com>"})
    assert len(mail["FromEmailAddress"].splitlines()) == 1
    assert mail["FromEmailAddress"].endswith("<hello@example.com>")
    assert len(_sender(f"Shop{text}{VICTIM} <hello@example.com>").splitlines()) == 1


def test_a_sender_is_one_address() -> None:
    assert (
        _sender('Shop" <a@example.com>, "x <hello@example.com>')
        == '"Shop\\" <a@example.com>, \\"x" <hello@example.com>'
    )


def test_nothing_of_the_data_becomes_a_header(world: World) -> None:
    text = "{{ name }} {{ unsubscribe_url }}"
    [mail] = mailed(world, {"subject": "{{ name }}", "text": text, "html": text}, name=f"x\r\n{VICTIM}\r\n\r\nbody")
    headers = mail["Content"]["Simple"]["Headers"]
    assert [header["Name"] for header in headers] == ["List-Unsubscribe", "List-Unsubscribe-Post"]
    assert re.fullmatch(r"<https://nereid\.example\.com/u/[\w.-]+>", headers[0]["Value"])
    assert mail["Destination"] == {"ToAddresses": ["sam@example.com"]}
    assert all(re.fullmatch(r"[\w.@-]*", tag["Value"]) for tag in mail["EmailTags"])


@pytest.mark.parametrize(
    "address",
    [
        "Sam <sam@example.com>",
        "<sam@example.com>",
        "sam@example.com, victim@example.com",
        "sam@example.com; victim@example.com",
        "victim@example.com,sam@example.com",
        "sam@example.com\r\nBcc: victim@example.com",
        "(Sam)sam@example.com",
        '"sam"@example.com',
        "sam@example.com.",
        "sam @example.com",
        "sam@[127.0.0.1]",
        "group: sam@example.com;",
        "sam\x00@example.com",
        "s\u00e4m@example.com",
        "sam@ex\u00e4_mple.com",
        "sam@example.com@example.com",
        "example.com",
        "@example.com",
        "sam@",
        "\u202es\u0430m@example.com",
    ],
)
def test_mail_goes_to_plain_addresses_only(world: World, address: str) -> None:
    for email in ("sam@example.com", "victim@example.com"):
        world.runtime.suppressions.add(world.team_id, email, "complaint", world.runtime.clock.now())
    assert mailed(world, MAIL["template"], to=address) == []
    [stored] = world.runtime.messages.page(world.scope, MessageFilter(None, None), None, 1)[0]
    [(status, reason)] = world.outcomes(stored.message.message_id)
    assert (status, str(reason).partition(":")[0]) == ("failed", "unreachable")


@pytest.mark.parametrize(
    "address", ["sam@example.com", "SAM+tag@mail.example.co.uk", "o'neil!#$%&*/=?^`{|}~@example.com"]
)
def test_a_plain_address_is_taken(world: World, address: str) -> None:
    [mail] = mailed(world, MAIL["template"], to=address)
    assert mail["Destination"] == {"ToAddresses": [address]}


@pytest.mark.parametrize("text", BREAKS, ids=ascii)
def test_a_mail_from_a_mailbox_has_the_headers_that_we_made(world: World, text: str) -> None:
    content = GivenContent(campaign_id="c", lead_id="l", account="sales@example.com")
    job = DeliveryJob(
        team_id="t",
        environment="dev",
        mock=False,
        channels=Channels(),
        delivery_id="d",
        recipient=Recipient(type="email", value="lead@example.com"),
        notification=OutreachNotification(name="email", channel="email", retry="at_least_once", template=content),
        message_id="m",
        message=None,
        planned_at=world.runtime.clock.now(),
    )
    link = "https://nereid.example.com/u/x"
    hostile = Rendered({"subject": f"Hello{text}{VICTIM}", "text": f"t{text}{VICTIM}"}, [], link)
    with suppress(ProviderRefused):
        _assert_ours(_mail(job, hostile, "sales@example.com", job.planned_at))
    cleaned = hostile._replace(members={**hostile.members, "subject": one_line(str(hostile.members["subject"]))})
    _assert_ours(_mail(job, cleaned, "sales@example.com", job.planned_at))


def _assert_ours(raw: bytes) -> None:
    parsed = message_from_bytes(raw, policy=default)
    names = {"From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version"}
    assert set(parsed.keys()) <= names | {"Content-Type", "Content-Transfer-Encoding"}
    assert parsed["To"] == "lead@example.com"


def discarded(world: World, user: dict[str, str], **headers: str) -> None:
    """Let the Vibetrace API discard an event of a user, which it logs."""
    runtime = world.runtime
    token = create_api_token(
        runtime.account_store, runtime.clock, SECRET, world.team_id, "n", ["post_events"], world.identifier, 1
    )[1]
    body = json.dumps({"user": user, "event": {"login": {}}}).encode()
    sent = {"authorization": token, "user-agent": "Googlebot", **headers}
    assert Api(world.cloud).call(Call("POST", "/v1/event", {}, sent, body)).status == 200


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return what the functions log from now on."""
    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    return written


def test_a_log_line_is_one_json_object_whatever_an_id_holds(world: World, logged: io.StringIO) -> None:
    forged = '\n{"level":"ERROR","message":"forged"}\r\n\x1b[31mred\x00\u0085'
    world.user("known", ("email", "sam@example.com"))
    discarded(world, {"_id": "known"}, **{"idempotency-key": forged})
    entries = [json.loads(line) for line in logged.getvalue().split("\n")[:-1]]
    assert [(entry["message"], entry["message_id"]) for entry in entries] == [("event discarded", forged)]


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("7", "7"),
        ("0f0c2a1e-7d0b-4a56-9b7e-1c2d3e4f5a6b", "0f0c2a1e-7d0b-4a56-9b7e-1c2d3e4f5a6b"),
        ("order+12", "order+12"),
        ("sam@example.com", "sha256:cd25a6171969f2a3"),
        ("order-of-sam@example.com-7", "sha256:"),
        ("+4915112345678", "sha256:"),
        ("user:+49 (151) 123-456", "sha256:"),
        (None, None),
    ],
)
def test_an_id_that_is_an_address_is_logged_by_its_digest(text: str | None, logged: str | None) -> None:
    shown = loggable(text)
    assert shown == logged or (logged == "sha256:" and shown is not None and re.fullmatch("sha256:[0-9a-f]{16}", shown))


def test_an_address_as_id_is_not_in_the_logs(world: World, logged: io.StringIO) -> None:
    world.user("sam@example.com", ("email", "sam@example.com"))
    discarded(world, {"email": "sam@example.com"}, **{"idempotency-key": "order of sam@example.com"})
    assert "event discarded" in logged.getvalue()
    assert "@" not in logged.getvalue()


def encoded(value: Any) -> str:
    """Write a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def tampered(link: str) -> Iterator[str]:
    """Yield what somebody may make of the token of a link."""
    kid, data = link.split(".")
    raw = base64.urlsafe_b64decode(data + "==")
    for position in range(len(raw)):
        changed = bytes([*raw[:position], raw[position] ^ 1, *raw[position + 1 :]])
        yield f"{kid}.{base64.urlsafe_b64encode(changed).decode().rstrip('=')}"
    yield f"{kid}."
    yield f"{kid}1.{data}"
    yield f".{data}"
    yield data
    yield f"{kid}.{data[::-1]}"
    yield f"{kid}.{data}.{data}"
    yield link[:-2]
    yield link + "x.y"
    yield "x" * 5000


def tampered_of_former_versions(link: str) -> Iterator[str]:
    """Yield the same of a link of former versions, which was a JWT."""
    head, payload, signature = link.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    none = encoded({"alg": "none"})
    for changes in ({"email": "victim@example.com"}, {"team": "other"}, {"aud": "nereid:api_token"}):
        changed = encoded({**claims, **changes})
        yield f"{head}.{changed}.{signature}"
        yield f"{none}.{changed}."
    yield f"{head}.{payload}."
    yield f"{head}.{payload}"
    yield f"{head}.{payload}.{signature[::-1]}"
    yield payload


def test_a_link_that_was_changed_unsubscribes_nobody(world: World) -> None:
    api = Api(world.cloud)
    link = world.runtime.unsubscriber.url(world.team_id, "sam@example.com").rpartition("/")[2]
    former = jwt.encode({"team": world.team_id, "email": "sam@example.com", "aud": "nereid:unsubscribe"}, LINK_SECRET)
    for token in [*tampered(link), *tampered_of_former_versions(former), world.token]:
        world.cloud.requests.clear()
        for method in ("GET", "POST"):
            assert api.call(Call(method, f"/u/{token}")).status == 404
        assert world.cloud.requests == []
    assert api.call(Call("GET", f"/u/{former}")).status == 200
    assert api.call(Call("POST", f"/u/{link}")).status == 200
    assert world.runtime.suppressions.get(world.team_id, "sam@example.com") is not None


def test_a_link_concerns_its_own_team_and_address_alone(world: World) -> None:
    other = World(world.cloud)
    link = world.runtime.unsubscriber.url(world.team_id, "sam@example.com").rpartition("/")[2]
    assert Api(world.cloud).call(Call("POST", f"/u/{link}")).status == 200
    assert other.runtime.suppressions.get(other.team_id, "sam@example.com") is None
    assert world.runtime.suppressions.get(world.team_id, "kim@example.com") is None


def test_a_page_shows_nothing_of_its_link(world: World) -> None:
    link = world.runtime.unsubscriber.url(world.team_id, "sam<script>@example.com").rpartition("/")[2]
    for method in ("GET", "POST"):
        body = Api(world.cloud).call(Call(method, f"/u/{link}")).body
        assert "script" not in body
        assert "sam" not in body
