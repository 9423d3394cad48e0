"""Teams, tokens and keys in a running local stack, beside the demo's own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3

from nereid.auth import tokens
from nereid.aws.accounts import DynamoAccountStore
from nereid.aws.table import Table
from nereid.clock import SystemClock
from nereid.core.teams import create_team
from tests.local_stack import LocalStack


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
    stack : LocalStack
        A running one.
    """

    def __init__(self, stack: LocalStack) -> None:
        functions = json.loads((stack.state_dir / "functions.json").read_text(encoding="utf-8"))
        #: What the function that creates teams is given.
        self.environment: dict[str, str] = functions["ManageCreateTeam"]
        self._stack = stack
        self._clients = SimpleNamespace(dynamodb=self._client("dynamodb"))
        secret = self._client("secretsmanager").get_secret_value(SecretId=self.environment["SIGNING_SECRET_ARN"])
        self.secret: str = secret["SecretString"]

    def _client(self, service: str) -> Any:
        variables = self.environment
        return boto3.Session("test", "test", "test", region_name=variables["AWS_REGION"]).client(
            service, endpoint_url=variables["AWS_ENDPOINT_URL"]
        )

    def team(self, environment: str = "dev") -> OtherTeam:
        """Make a team with one environment, as ManageCreateTeam does."""
        table: Any = Table(self._clients, self.environment["ACCOUNTS_TABLE"])  # type: ignore[arg-type]
        team, _, token = create_team(DynamoAccountStore(table), SystemClock(), self.secret, "Other", environment)
        return OtherTeam(team.id, token)

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
