"""A team with all that the samples in events/ name, made through the functions themselves; and events of every kind."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from bench.aws.client import LocalAws
from bench.places import ROOT
from bench.sandboxes import BUILT, Code, Sandbox, Sandboxes
from bench.stack import arn

Event = dict[str, Any]
#: Which function takes from which queues, those of high priority first.
CONSUMERS = {
    "pipeline/process_messages": ("MessageQueue",),
    "pipeline/deliver_email": ("EmailHighQueue", "EmailQueue"),
    "pipeline/deliver_sms": ("SmsHighQueue", "SmsQueue"),
    "pipeline/deliver_push": ("PushHighQueue", "PushQueue"),
}
#: The event type that gives each of them work.
EVENT_TYPES = {
    "pipeline/process_messages": "mail",
    "pipeline/deliver_email": "mail",
    "pipeline/deliver_sms": "text",
    "pipeline/deliver_push": "phone",
}
#: Event types of one notification each, and the one of all four channels.
NOTIFICATIONS: dict[str, dict[str, Any]] = {
    "mail": {
        "name": "mail",
        "channel": "email",
        "template": {
            "subject": "Your code is {{ otp }}",
            "text": "Hello {{ user.name }}, your code is {{ otp }}.",
            "html": "<p>Hello {{ user.name }}, your code is <b>{{ otp }}</b>.</p>",
        },
    },
    "text": {"name": "text", "channel": "sms", "template": {"text": "{{ otp }} is your code"}},
    "phone": {"name": "phone", "channel": "push", "template": {"title": "Your code", "body": "{{ otp }}"}},
    "inbox": {
        "name": "inbox",
        "channel": "app",
        "template": {"title": "Code requested", "body": "We sent you {{ otp }}."},
    },
}
#: Who has one address of each kind.
USER = "user-000000"
_ADMIN = {"email": "admin@example.com", "full_name": "Ada Admin", "password": "correct horse battery"}
#: Credentials that stand in the samples of APIs whose form for them is not ours.
_PUBLIC, _SECRET, _VIBETRACE = (
    "pk_7c8e74b5-bc10-4090-bfdd-b13591bba5cd",
    "sk_0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2ln",
)
_TOKEN_ID, _KEY_ID = "b7c1f0de-2a44-4c7b-9a0e-3e5d7f9a1b2c", "c8d2a1ef-3b55-4d8c-8b1f-4f6e8a0b2c3d"
#: Samples of what is there already, made to be of something new.
_ANOTHER = {
    "vibetrace/create_user": {"sam@example.com": "new@example.com"},
    "neptune/add_contact_info": {"sam@example.com": "new@example.com"},
    "neptie/register": {"sam@example.com": "new@example.com"},
}
_MESSAGE_ID = re.compile(r'"message_id":\s*"[^"]+"')
_LINK = re.compile(r"/(u|verify)/([\w.-]+)")


@contextmanager
def opened(code: Code = BUILT, *, tls: bool = False, ahead: float = 0) -> Iterator[World]:
    """Start an AWS with nothing in it, and make a world there.

    Parameters
    ----------
    ahead
        By how many seconds the functions' clock is put forward, of those that only count.
    """
    with LocalAws(tls=tls) as aws, Sandboxes(aws, code, ahead) as sandboxes:
        world = World(sandboxes)
        try:
            yield world
        finally:
            world.close()


class World:
    """What there is.

    Parameters
    ----------
    sandboxes
        The functions, and the AWS that they call.
    """

    def __init__(self, sandboxes: Sandboxes) -> None:
        self.aws = sandboxes.aws
        self.sandboxes = sandboxes
        self._warm: dict[str, Sandbox] = {}
        #: What stands in for what, in the text of the samples.
        self._known: dict[str, str] = {}
        self._make()
        #: An event of each consumer, whose work is still to be done wherever the world begins anew.
        self._firsts = {function: self._first(function) for function in (*CONSUMERS, "pipeline/record_feedback")}
        self.aws.keep()
        self.aws.restore()
        self.close()

    @property
    def ids(self) -> list[str]:
        """What there was from the beginning."""
        return list(self._known.values())

    def close(self) -> None:
        """End the functions that made it."""
        while self._warm:
            self._warm.popitem()[1].close()

    def call(self, function: str, event: Event) -> Any:
        """Run a function, warm if it ran before; return its answer's body, parsed."""
        if function not in self._warm:
            self._warm[function] = self.sandboxes.quick(function)
        answer = self._warm[function].invoke(event).answer
        if isinstance(answer, dict) and "statusCode" in answer:
            if answer["statusCode"] >= 300:
                raise RuntimeError(f"{function} answered {answer['statusCode']}: {answer['body']}")
            return json.loads(answer["body"] or "null") if answer["body"][:1] in ("{", "[") else answer["body"]
        if isinstance(answer, dict) and answer.get("batchItemFailures"):
            raise RuntimeError(f"{function} failed")
        return answer

    def sample(self, function: str, body: Any = None, **swaps: str) -> Event:
        """Return the good sample of a function.

        Parameters
        ----------
        body
            Another body.
        swaps
            What stands in for what besides.
        """
        text = (ROOT / "events" / function / "good.json").read_text(encoding="utf-8")
        for known, value in {**self._known, **_ANOTHER.get(function, {}), **swaps}.items():
            text = text.replace(known, value)
        event: Event = json.loads(text)
        if body is not None:
            event["body"] = body if isinstance(body, str) else json.dumps(body)
        return event

    def first(self, function: str) -> Event:
        """Return an event of a function that is right for what there is: its sample, or a record of its queue."""
        return self._firsts[function] if function in self._firsts else self.sample(function)

    def _first(self, function: str) -> Event:
        if function in CONSUMERS:
            return self.records(function, self.work(function, EVENT_TYPES[function], 1))
        return self.reports(1)

    # -- events of the hot functions

    def ingest(self, event_type: str = "mail", message_id: str | None = None) -> Event:
        """Return a request of Neptune's with one event of a user with one address of each kind."""
        body = {
            "environment": "dev",
            "api_token": self._known["{{api_token}}"],
            "event_type": event_type,
            "user_id": USER,
            "message_id": message_id or str(uuid.uuid4()),
            "data": {"otp": 482913},
        }
        return self.sample("neptune/ingest_event", body)

    def client_events(self, count: int, event_type: str = "inbox") -> Event:
        """Return a request of the Client API with events, of an app's server: its key has no limits by the hour."""
        body = [{"external_id": "EXTERNAL_ID", "name": event_type, "data": {"otp": number}} for number in range(count)]
        return self.sample("client/post_events", body, **{self._known[_PUBLIC]: self._known[_SECRET]})

    def accepted(self, event_type: str, count: int, per_record: int = 1) -> list[str]:
        """Return bodies of records of the message queue: one as the accepting function wrote it, the others like it.

        Parameters
        ----------
        event_type
            What happened; `identify` is a client's operation.
        count
            Records.
        per_record
            Events of each; more than one come over the Client API.
        """
        self.aws.take("MessageQueue")
        if event_type == "identify":
            self.call("client/identify_user", self.sample("client/identify_user"))
        elif per_record > 1:
            self.call("client/post_events", self.client_events(per_record, event_type))
        else:
            self.call("neptune/ingest_event", self.ingest(event_type))
        first, *others = self.aws.take("MessageQueue")
        if others:
            raise ValueError("a request of so many events is several records")
        return [_MESSAGE_ID.sub(lambda _: f'"message_id":"{uuid.uuid4()}"', first) for _ in range(count)]

    def work(self, function: str, event_type: str, count: int, per_record: int = 1) -> list[str]:
        """Return bodies of records as the functions before a consumer put them on its queue; see :meth:`accepted`."""
        bodies = self.accepted(event_type, count, per_record)
        if function == "pipeline/process_messages":
            return bodies
        for first in range(0, count, 10):
            self.call(
                "pipeline/process_messages", self.records("pipeline/process_messages", bodies[first : first + 10])
            )
        return [body for queue in CONSUMERS[function] for body in self.aws.take(queue)]

    def records(self, function: str, bodies: Sequence[str]) -> Event:
        """Return an event of a queue's consumer."""
        return {"Records": [_record(CONSUMERS[function][-1], body) for body in bodies]}

    def reports(self, count: int) -> Event:
        """Return SES's reports that mails were delivered, of mails that were sent."""
        self.aws.mails()
        function = "pipeline/deliver_email"
        bodies = self.work(function, "mail", count)
        for first in range(0, count, 10):
            self.call(function, self.records(function, bodies[first : first + 10]))
        return self._reports()

    def _reports(self) -> Event:
        return {"Records": [_record("FeedbackQueue", _delivered(json.loads(mail))) for mail in self.aws.mails()]}

    def waiting(self, function: str) -> Event:
        """Return all that waits for a consumer."""
        if function == "pipeline/record_feedback":
            return self._reports()
        return self.records(function, [body for queue in CONSUMERS[function] for body in self.aws.take(queue)])

    # -- making it

    def _make(self) -> None:
        made = self.call(
            "manage/create_team", {"name": "Bench", "environment": "dev", "senders": ["*"], "account": _ADMIN}
        )
        self._known = {
            "{{api_token}}": made["api_token"],
            "{{team_id}}": made["team"]["id"],
            "{{email}}": _ADMIN["email"],
            "{{password}}": _ADMIN["password"],
            _VIBETRACE: made["api_token"],
        }
        self._make_credentials()
        for name, one in NOTIFICATIONS.items():
            self._configure(name, one)
        self._configure("all", *NOTIFICATIONS.values())
        self._configure("login_otp", NOTIFICATIONS["mail"])
        self._configure("Product Purchased", NOTIFICATIONS["inbox"])
        self._make_users()
        self._make_sales()
        self._make_letters()

    def _make_credentials(self) -> None:
        token = self.call("manage/create_api_token", self.sample("manage/create_api_token"))
        keys = {
            scope: self.call(
                "manage/create_client_key",
                self.sample("manage/create_client_key", {"environment": "dev", "scope": scope}),
            )
            for scope in ("public", "secret")
        }
        login = self.call("neptie/login", self.sample("neptie/login"))
        self._known |= {
            _TOKEN_ID: _id_of(token),
            _KEY_ID: _id_of(keys["public"]),
            _PUBLIC: keys["public"]["key"],
            _SECRET: keys["secret"]["key"],
            "{{account_token}}": login["token"],
            "{{refresh_token}}": login["refresh_token"],
        }
        self.call(
            "neptie/register",
            self.sample(
                "neptie/register", {"email": "kim@example.org", "password": "correct horse", "full_name": "Kim"}
            ),
        )
        self._find_link("{{verification_token}}")

    def _find_link(self, placeholder: str) -> None:
        found = [match[2] for mail in self.aws.mails() for match in _LINK.finditer(_opened(mail))]
        if not found:
            raise RuntimeError(f"no mail has a link for {placeholder}")
        self._known[placeholder] = found[0]

    def _configure(self, event_type: str, *notifications: Mapping[str, Any]) -> None:
        event = self.sample(
            "manage/put_event_type", {"notifications": list(notifications)}, **{"orders/placed": event_type}
        )
        self.call("manage/put_event_type", event)

    def _make_users(self) -> None:
        self.call("neptune/create_user", self.sample("neptune/create_user"))
        self._add_contacts("2", ("email", "sam@example.com"), ("mobile_number", "+91"), ("mobile_number", "+91989"))
        self.call("neptune/create_user", self.sample("neptune/create_user", {"user_id": USER, "meta": {"name": "Sam"}}))
        addresses = (
            ("email", "user-000000@example.com"),
            ("mobile_number", "+4915112345678"),
            ("firebase_token", "d" * 152),
        )
        self._add_contacts(USER, *addresses)
        self.call("client/identify_user", self.sample("client/identify_user"))
        self.call("client/register_device", self.sample("client/register_device"))
        event = self.sample(
            "neptune/post_event", {"event_type": "login_otp", "user_id": "2", "message_id": "m-1", "data": {"otp": 1}}
        )
        self.call("neptune/post_event", event)
        self.call("neptune/post_event", self.sample("neptune/post_event", {"event_type": "inbox", "user_id": "2"}))
        self.call(
            "manage/add_suppression",
            self.sample("manage/add_suppression", {"email": "kim@example.com", "reason": "bounce"}),
        )
        self._known["{{member}}"] = "kim@example.com"
        self.call("manage/add_member", self.sample("manage/add_member", {"email": "kim@example.com", "role": "User"}))
        self._pump()

    def _add_contacts(self, user_id: str, *contacts: tuple[str, str]) -> None:
        for kind, value in contacts:
            body = {"type": kind, "value": value}
            event = self.sample(
                "neptune/add_contact_info",
                body,
                **{"users/2/": f"users/{user_id}/", '"user_id": "2"': f'"user_id": "{user_id}"'},
            )
            try:
                self.call("neptune/add_contact_info", event)
            except RuntimeError as refused:
                # What the samples name need not be a number that can be reached.
                if "422" not in str(refused):
                    raise

    def _make_sales(self) -> None:
        lead = self.call(
            "neptie/create_lead",
            self.sample("neptie/create_lead", {"full_name": "Jo", "email": "jo@example.com", "industry": "Software"}),
        )
        campaign = self.call("neptie/create_campaign", self.sample("neptie/create_campaign"))
        self._known |= {"{{lead_id}}": _id_of(lead), "{{campaign_id}}": _id_of(campaign)}
        sent = self.call("neptie/send_email", self.sample("neptie/send_email"))
        self._known["{{email_id}}"] = sent["email_id"]
        self.aws.mails()
        self._pump()
        self._find_link("{{unsubscribe_token}}")

    def _make_letters(self) -> None:
        body = json.dumps(
            {"team_id": self._known["{{team_id}}"], "environment": "dev", "delivery_id": str(uuid.uuid4())}
        )
        self.aws.ask("letter", queue="EmailDeadLetterQueue", body=body)

    def _pump(self) -> None:
        """Let every consumer run over what waits."""
        for function, queues in CONSUMERS.items():
            for queue in queues:
                bodies = self.aws.take(queue)
                for first in range(0, len(bodies), 10):
                    self.call(function, self.records(function, bodies[first : first + 10]))


def _id_of(made: Mapping[str, Any]) -> str:
    """Return the id of what was made, wherever the API shows it."""
    if "id" in made:
        return str(made["id"])
    return next(str(member["id"]) for member in made.values() if isinstance(member, Mapping) and "id" in member)


def _opened(mail: str) -> str:
    """Return a mail's request with its raw message, if it has one, in clear."""
    content = json.loads(mail)["Content"]
    if "Raw" not in content:
        return mail
    raw = base64.b64decode(content["Raw"]["Data"]).decode()
    return raw.replace("=\r\n", "").replace("\r\n ", "")


def _record(queue: str, body: str) -> dict[str, Any]:
    return {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": "AQEB" + "w" * 300,
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1769851800000",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1769851800010",
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": arn(queue),
        "awsRegion": "us-east-1",
    }


def _delivered(mail: Mapping[str, Any]) -> str:
    """Return SES's report on a mail, as EventBridge puts it on the feedback queue."""
    tags = {tag["Name"]: [tag["Value"]] for tag in mail["EmailTags"]}
    to = mail["Destination"]["ToAddresses"]
    stamp = "2026-01-31T09:30:00.000Z"
    detail = {
        "eventType": "Delivery",
        "mail": {
            "timestamp": stamp,
            "source": "hello@example.com",
            "messageId": f"0100018d-{uuid.uuid4()}-000000",
            "destination": to,
            "headersTruncated": False,
            "headers": [{"name": "To", "value": to[0]}, {"name": "Subject", "value": "Your code is 482913"}],
            "commonHeaders": {"from": ["hello@example.com"], "to": to, "subject": "Your code is 482913"},
            "tags": {**tags, "ses:configuration-set": ["nereid"], "ses:source-ip": ["192.0.2.1"]},
        },
        "delivery": {
            "timestamp": stamp,
            "processingTimeMillis": 546,
            "recipients": to,
            "smtpResponse": "250 2.6.0 Message received",
            "reportingMTA": "mta.example.com",
        },
    }
    return json.dumps(
        {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Email Delivered",
            "source": "aws.ses",
            "account": "123456789012",
            "time": "2026-01-31T09:30:02Z",
            "region": "us-east-1",
            "resources": ["arn:aws:ses:us-east-1:123456789012:configuration-set/nereid"],
            "detail": detail,
        }
    )
