"""Teams, tokens and keys in a running local stack, beside the demo's own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from nereid.auth import tokens
from nereid.aws.access.accounts import DynamoAccountStore
from nereid.aws.audience.users import DynamoUserStore, contact_item
from nereid.aws.messaging.messages import DynamoMessageStore
from nereid.aws.table import Table
from nereid.clock import SystemClock
from nereid.core.access.accounts import NewAccount, new_account
from nereid.core.access.sessions import Sessions
from nereid.core.access.teams import create_team
from nereid.models.account import Role
from nereid.models.delivery import Plan, PlannedNotification, Recipient
from nereid.models.message import Message
from nereid.models.team import Environment, Scope, Team
from nereid.models.user import ContactInfo
from tests.local_stack import Stack
from tests.support.stored_messages import store


@dataclass(frozen=True)
class OtherTeam:
    """A team that was not there when the stack started.

    Parameters
    ----------
    id : str
        Its id.
    token : str
        Its first API token, which may do everything.
    """

    id: str
    token: str


class Operator:
    """Who has the AWS credentials of a stack, and so can do what no route offers.

    Parameters
    ----------
    stack : Stack
        A running one.
    """

    def __init__(self, stack: Stack) -> None:
        #: What the function that creates teams is given.
        self.environment = stack.environment("ManageCreateTeam")
        self._stack = stack
        secret = stack.client("secretsmanager").get_secret_value(SecretId=self.environment["TOKEN_SECRET_ARN"])
        self.secret: str = secret["SecretString"]
        clients: Any = SimpleNamespace(dynamodb=stack.client("dynamodb"))
        self._accounts = DynamoAccountStore(Table(clients, self.environment["ACCOUNTS_TABLE"]))
        self._audience = Table(clients, stack.environment("NeptuneCreateUser")["AUDIENCE_TABLE"])
        #: What the function that puts dead letters back is given, all queues among it.
        self.queues = stack.environment("ManageRedriveDeadLetters")
        self.activity_table = stack.environment("ManageGetMessage")["ACTIVITY_TABLE"]
        self.sqs = stack.client("sqs")
        self.messages = DynamoMessageStore(Table(clients, self.activity_table), 86400)

    def team(self, environment: str = "dev", *, senders: Sequence[str] = ("*",)) -> OtherTeam:
        """Make a team with one environment, as ManageCreateTeam does."""
        team, _, token = create_team(self._accounts, SystemClock(), self.secret, "Other", environment, senders=senders)
        return OtherTeam(team.id, token)

    def set_senders(self, team_id: str, senders: Sequence[str]) -> None:
        """Give a team another list of senders."""
        self._accounts.set_senders(team_id, senders)

    def account(self, role: Role) -> str:
        """Make a team with an account of some role; return the access token of its login."""
        now = SystemClock().now()
        team = Team(id=str(uuid.uuid4()), name="Other", created_at=now)
        environment = Environment(team_id=team.id, identifier="dev", name="dev", created_at=now)
        person = NewAccount(f"{uuid.uuid4().hex}@example.com", "correct horse battery", "Sam")
        account = new_account(SystemClock(), team.id, "dev", person).model_copy(update={"role": role})
        self._accounts.create_team(team, environment, None, account)
        return Sessions(self._accounts, SystemClock(), lambda: self.secret).begin(account).token

    def forged(self, audience: tokens.Audience = "nereid:api_token", secret: str | None = None, **claims: Any) -> str:
        """Sign a token that no call of the API hands out."""
        now = datetime.now(UTC)
        given = {"team": str(uuid.uuid4()), "jti": str(uuid.uuid4()), "iat": now, "exp": now + timedelta(days=1)}
        return tokens.sign(secret or self.secret, audience, {**given, **claims})

    def token(self, permissions: Sequence[str], owner: str | None = None, environment: str = "dev") -> str:
        """Make a token of the demo's team, or of the one that `owner` is a token of, with just these permissions."""
        body = {"name": "test", "permissions": list(permissions), "default_environment": environment}
        answer = self._stack.request(
            "POST", "/manage/api_tokens", body, token=owner or str(self._stack.demo["api_token"])
        )
        assert answer.status == 200, answer.body
        return str(answer.json()["token"])

    def bury(self, queue: str, body: Any) -> str:
        """Set a record aside, as a queue does that handed it over too often; return its id."""
        text = body if isinstance(body, str) else json.dumps(body)
        url = self.queues[f"{queue.upper()}_DEAD_LETTER_QUEUE_URL"]
        return str(self.sqs.send_message(QueueUrl=url, MessageBody=text)["MessageId"])

    def letters(self, queue: str) -> int:
        """Return how many letters a queue has, hidden or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self.queues[f"{queue.upper()}_DEAD_LETTER_QUEUE_URL"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def forget_letters(self, queue: str) -> None:
        """Delete all that a queue set aside."""
        url = self.queues[f"{queue.upper()}_DEAD_LETTER_QUEUE_URL"]
        while found := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def team_of(self, token: str) -> str:
        """Return the id of a token's team."""
        return str(tokens.verify(self.secret, "nereid:api_token", token, datetime.now(UTC))["team"])

    def store(self, token: str, environment: str, event_type: str, address: str) -> str:
        """Store a message with one planned e-mail as if its function had died then; return its id."""
        now, message_id = datetime.now(UTC), str(uuid.uuid4())
        message = Message(message_id=message_id, event_type=event_type, source="neptune", received_at=now)
        recipients = [Recipient(type="email", value=address)]
        notifications = [PlannedNotification(name="mail", channel="email", to=[0])]
        plan = Plan(planned_at=now, recipients=recipients, notifications=notifications)
        store(self.messages, Scope(self.team_of(token), environment), message, plan)
        return message_id

    def add_contact_infos(self, token: str, environment: str, user_id: str, count: int) -> None:
        """Give a user mobile numbers without asking the API, for which so many would take long."""
        scope = Scope(self.team_of(token), environment)
        user = DynamoUserStore(self._audience).get(scope, user_id)
        assert user is not None
        for number in range(count):
            now = datetime.now(UTC)
            contact = ContactInfo(type="mobile_number", value=str(number), created_at=now, updated_at=now)
            self._audience.put(contact_item(scope, user, contact))


def made(printed: str) -> tuple[dict[str, Any], str]:
    """Return the team and the token that `make team` printed."""
    shown, _, rest = printed.partition("\nAPI token (shown this once):\n")
    return json.loads(shown), rest.split("\n")[0]
