"""Three teams, and every kind of credential of each.

What only the first team has is marked, so that an answer to the second that shows any of it is found out.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import jwt

from nereid.auth import client_keys, tokens
from nereid.core.access.accounts import NewAccount, new_account
from nereid.core.access.teams import create_api_token, create_client_key, create_environment
from nereid.core.audience.users import create_or_update_user
from nereid.core.outreach.campaigns import create_campaign
from nereid.core.outreach.email_accounts import add_email_account
from nereid.core.outreach.leads import create_lead
from nereid.core.outreach.send_email import NewEmail
from nereid.models.account import Account, Role
from nereid.models.team import ApiToken, Channels, ClientAccess, ClientKey, Permission, Scope, Team
from nereid.runtime import Runtime
from nereid.settings import Settings
from tests.infrastructure import stack
from tests.support import cloud as clouds
from tests.support import moto_transactions
from tests.support.api import Api
from tests.support.cloud import SECRET, Cloud, World
from tests.support.notifications import INBOX, MAIL, SAM

#: Stands in everything of the first team that no request names.
MARK = "Marked7f3a"
#: The ids that the samples in events/ name.
TOKEN_ID = "b7c1f0de-2a44-4c7b-9a0e-3e5d7f9a1b2c"
KEY_ID = "c8d2a1ef-3b55-4d8c-8b1f-4f6e8a0b2c3d"
PASSWORD = "correct horse"
EVERYTHING: tuple[Permission, ...] = get_args(Permission)
#: An environment that only the first team has.
PRIVATE = "private"
SIBLING = "sibling"
#: The address of a member of the first team.
MEMBER = "member@example.net"
#: One that asks for user tokens.
STRICT = "strict"

moto_transactions.install()


@dataclass(frozen=True)
class Credentials:
    """Everything that opens something, or must not."""

    api_token: str
    expired: str
    revoked: str
    forged: str
    public_key: str
    secret_key: str
    sibling_key: str
    revoked_key: str
    admin: str
    user: str
    ended: str
    former_refresh: str
    refresh: str
    link: str
    #: Of an environment that asks for user tokens: its public key, and tokens by what is right or wrong with them.
    strict_key: str
    user_tokens: Mapping[str, str]


class Owner(World):
    """A team with at least one of everything in its environment `dev`."""

    def __init__(self, cloud: Cloud, mark: str, runtime_settings: Mapping[str, Any], *, empty: bool = False) -> None:
        super().__init__(cloud)
        self.mark = mark
        settings = self.runtime.settings.model_copy(update=dict(runtime_settings))
        self.runtime = Runtime()
        self.runtime.__dict__["settings"] = Settings.model_validate(settings.model_dump())
        self.account = self._account("Admin")
        self._store_account(self.account)
        self._environments()
        if not empty:
            self._seed()
        self.credentials = self._credentials()

    def _account(self, role: Role) -> Account:
        person = NewAccount(f"{uuid.uuid4().hex}@example.net", PASSWORD, f"{self.mark} Person")
        account = new_account(self.runtime.clock, self.team_id, "dev", person)
        return account.model_copy(update={"role": role})

    def _store_account(self, account: Account) -> None:
        now = self.runtime.clock.now()
        team = Team(id=self.team_id, name=f"{self.mark} Team", created_at=now)
        self.runtime.account_store.create_team(team, self.environment, None, account)

    def _environments(self) -> None:
        runtime = self.runtime
        strict = ClientAccess(identity="verified", inbox="verified")
        for identifier in (SIBLING, STRICT, *([PRIVATE] if self.mark else [])):
            create_environment(
                runtime.account_store,
                runtime.clock,
                self.team_id,
                identifier,
                f"{self.mark} Environment",
                mock=False,
                channels=Channels(),
                client_access=strict if identifier == STRICT else None,
            )

    def _seed(self) -> None:
        runtime = self.runtime
        self.configure("login_otp", {**MAIL, "template": {"subject": self.mark or "s", "text": "t"}}, INBOX)
        self.user("2", ("mobile_number", "+91"), ("firebase_token", f"token-{self.mark}"), name=f"{self.mark} User")
        self.user("EXTERNAL_ID", name=f"{self.mark} User")
        create_or_update_user(runtime.users, runtime.clock, Scope(self.team_id, STRICT), "EXTERNAL_ID", {})
        self.user("known-by-email", ("email", "sam@example.com"), city=f"{self.mark} City")
        self.ingest("login_otp", "m-1", user_id="2", contact_infos=SAM, data={"otp": self.mark})
        self.cloud.pump("message", "email")
        self.lead_id = self._lead("ranked")
        campaign = create_campaign(
            runtime.campaigns, runtime.clock, self.team_id, {"name": f"{self.mark} Spring", "type": "email"}
        )
        self.campaign_id = campaign.id
        new_email = NewEmail(self.campaign_id, self._lead("mailed"), f"{self.mark} Subject", "Hello")
        self.email_id = runtime.email_sender.send(self.environment, new_email)
        self.cloud.pump("message", "email")
        mailbox = f"{self.mark or 'sales'}@example.com".lower()
        add_email_account(
            runtime.email_accounts, runtime.token_cipher, runtime.clock, self.team_id, mailbox, "gmail", "ya29.token"
        )
        if self.mark:  # an address has one account
            runtime.accounts.add_member(self.team_id, "dev", MEMBER, f"{self.mark} Kim", "User", "192.0.2.9")
        for email in ("kim@example.com", *([f"{self.mark.lower()}@example.com"] if self.mark else [])):
            runtime.suppressions.add(self.team_id, email, "bounce", runtime.clock.now())
        if self.mark:  # the ids of the samples, which only one team can have
            self._samples()

    def _samples(self) -> None:
        now = self.runtime.clock.now()
        members: dict[str, Any] = {"team_id": self.team_id, "name": f"{self.mark} sample", "created_at": now}
        self.runtime.account_store.create_api_token(
            ApiToken(
                id=TOKEN_ID,
                permissions=["post_events"],
                default_environment="dev",
                expires_at=now + timedelta(days=1),
                **members,
            )
        )
        key = client_keys.mint("public")
        key_hash = client_keys.hash_key(key)
        self.runtime.account_store.create_client_key(
            ClientKey(id=KEY_ID, environment="dev", scope="public", shown=key, key_hash=key_hash, **members)
        )

    def _lead(self, name: str) -> str:
        fields = {"full_name": f"{self.mark} {name}", "email": f"{self.mark or 'a'}-{name}@example.com".lower()}
        return create_lead(self.runtime.leads, self.runtime.clock, self.team_id, fields).id

    def api_token(self, *permissions: Permission, days: int = 30) -> str:
        """Make a token of the team."""
        return create_api_token(
            self.runtime.account_store,
            self.runtime.clock,
            SECRET,
            self.team_id,
            "test",
            permissions,
            "dev",
            days,
        )[1]

    def key(self, scope: Any, environment: str = "dev") -> tuple[ClientKey, str]:
        """Make a client key of the team."""
        runtime = self.runtime
        return create_client_key(
            runtime.account_store,
            lambda: runtime.user_token_cipher,
            runtime.clock,
            self.team_id,
            environment,
            scope,
            None,
        )

    def _user_tokens(self) -> dict[str, str]:
        """Return user tokens by the columns of the table that they belong to."""
        key, sibling = self.key("user_token", STRICT)[1], self.key("user_token", SIBLING)[1]

        def token(user: str = "EXTERNAL_ID", hours: float = 23, signed_with: str = key) -> str:
            expires_at = datetime.now(UTC) + timedelta(hours=hours)
            return jwt.encode({"sub": user, "exp": expires_at}, signed_with, algorithm="HS256")

        wrong = {
            "uoth": token("2"),
            "uexp": token(hours=-1),
            "ufar": token(hours=25),
            "usib": token(signed_with=sibling),
        }
        return {"utok": token(), **wrong}

    def verification_token(self) -> str:
        """Return the token of a link that verifies the account's address."""
        mailed: list[str] = []
        send = replace(self.runtime.verification, mail=lambda *mail: mailed.extend(mail)).send
        send(self.account, "")
        [url] = re.findall(r"/verify/(\S+)", mailed[-1])
        return str(url)

    def refresh_token(self) -> str:
        """Log in; return the refresh token."""
        return self.runtime.accounts.log_in(self.account.email, PASSWORD, "192.0.2.9").refresh_token

    def _credentials(self) -> Credentials:
        runtime = self.runtime
        api_token, revoked_token = self.api_token("admin:all"), self.api_token("admin:all")
        runtime.account_store.delete_api_token(self.team_id, token_id(revoked_token))
        revoked_record, revoked_key = self.key("secret")
        runtime.account_store.delete_client_key(self.team_id, revoked_record.id)
        user = self._account("User")
        self._store_account(user)
        ended = runtime.sessions.begin(self.account)
        runtime.sessions.end_all(self.account.email)
        now = datetime.now(UTC)
        return Credentials(
            api_token=api_token,
            expired=self.api_token("admin:all", days=-1),
            revoked=revoked_token,
            forged=tokens.sign(
                "x" * 64,
                "nereid:api_token",
                {"team": self.team_id, "jti": token_id(api_token), "iat": now, "exp": now + timedelta(days=1)},
            ),
            public_key=self.key("public")[1],
            secret_key=self.key("secret")[1],
            sibling_key=self.key("secret", SIBLING)[1],
            revoked_key=revoked_key,
            admin=runtime.sessions.begin(self.account).token,
            user=runtime.sessions.begin(user).token,
            ended=ended.token,
            former_refresh=ended.refresh_token,
            refresh=self.refresh_token(),
            link=runtime.unsubscriber.url(self.team_id, "sam@example.com").rpartition("/")[2],
            strict_key=self.key("public", STRICT)[1],
            user_tokens=self._user_tokens(),
        )


def token_id(token: str) -> str:
    """Return the id that an API token carries."""
    return str(tokens.verify(SECRET, "nereid:api_token", token, datetime.now(UTC))["jti"])


class Estate:
    """The API with all teams."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        key = cloud.client("kms").create_key()["KeyMetadata"]["KeyId"]
        urls = {"GmailUrl": "http://127.0.0.1:9", "GraphUrl": "http://127.0.0.1:9"}
        cloud.parameters = {"EmailAccountKey": key, "UserTokenKey": key, **urls}
        settings = {
            "outreach_table": "OutreachTable",
            "limits_table": "LimitsTable",
            "email_account_key": key,
            "user_token_key": key,
        }
        self.api = Api(cloud)
        self.first = Owner(cloud, MARK, settings)
        #: A team with nothing but its environments, and one with the same things under the same names.
        self.second = Owner(cloud, "", settings, empty=True)
        self.twin = Owner(cloud, "", settings)
        #: One that an operator has stopped.
        self.stopped = Owner(cloud, "", settings, empty=True)
        self.stopped.runtime.account_store.stop_team(self.stopped.team_id, self.stopped.runtime.clock.now())
        #: One that may send as nobody but the stack's own senders.
        self.plain = Owner(cloud, "", settings, empty=True)
        self.plain.runtime.account_store.set_senders(self.plain.team_id, [])
        self._items = self.everything()
        cloud.requests.clear()

    def values(self) -> dict[str, str]:
        """Return what the placeholders of the samples stand for: things of the first team."""
        first = self.first
        return {
            "api_token": first.credentials.api_token,
            "team_id": first.team_id,
            "unsubscribe_token": first.credentials.link,
            "verification_token": first.verification_token(),
            "email": first.account.email,
            "password": PASSWORD,
            "refresh_token": first.credentials.refresh,
            "account_token": first.credentials.admin,
            "lead_id": first.lead_id,
            "campaign_id": first.campaign_id,
            "member": MEMBER,
            "email_id": first.email_id,
        }

    def bury(self) -> None:
        """Put a job of the first team on a dead-letter queue."""
        self.first.ingest("login_otp", user_id="2", contact_infos=SAM, data={"otp": MARK})
        self.cloud.pump("message")
        for record in self.cloud.receive("email"):
            self.cloud.client("sqs").send_message(QueueUrl=self.cloud.dead["email"], MessageBody=record["body"])
        self.restore()

    def drain(self) -> None:
        """Take away what waits in the message queue, if anything was put there."""
        if any(name.startswith("sqs:Send") for name, _ in self.cloud.requests):
            self.cloud.receive("message")

    def restore(self) -> None:
        """Make all tables what they were at first, by undoing what was written since the last time."""
        dynamodb = self.cloud.client("dynamodb")
        for table, pk, sk in written(self.cloud.requests):
            before = self._items.get((table, pk, sk))
            if before is None:
                dynamodb.delete_item(TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}})
            else:
                dynamodb.put_item(TableName=table, Item=before)
        self.cloud.requests.clear()

    def keep(self) -> None:
        """Let what was written since the last time stay, as if it had been there from the first."""
        dynamodb = self.cloud.client("dynamodb")
        for table, pk, sk in written(list(self.cloud.requests)):
            item = dynamodb.get_item(TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}}).get("Item")
            self._items[table, pk, sk] = item
        self.cloud.requests.clear()

    def changed(self) -> set[tuple[str, str, str]]:
        """Return the table and keys of every item that is not what it was at first."""
        dynamodb = self.cloud.client("dynamodb")
        requests = list(self.cloud.requests)
        found = set()
        for table, pk, sk in written(requests):
            item = dynamodb.get_item(TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}}).get("Item")
            if item != self._items.get((table, pk, sk)):
                found.add((table, pk, sk))
        self.cloud.requests[:] = requests
        return found

    def items_of(self, team_id: str) -> str:
        """Return everything that is stored of a team, as text."""
        found = [item for item in self.everything().values() if team_id in json.dumps(item, default=str)]
        return json.dumps(found, sort_keys=True, default=str)

    def everything(self) -> dict[tuple[str, str, str], Any]:
        """Return all items of all tables, by table and keys."""
        assert self.cloud.memory is not None
        return {
            (table, item["pk"]["S"], item["sk"]["S"]): item
            for table in stack.of_type("AWS::DynamoDB::Table")
            for item in self.cloud.memory.items(table)
        }


def written(requests: list[tuple[str, dict[str, Any]]]) -> set[tuple[str, str, str]]:
    """Return the table and keys of every item that requests wrote or tried to."""
    found = set()

    def note(table: str, key: Mapping[str, Any]) -> None:
        found.add((table, key["pk"]["S"], key["sk"]["S"]))

    for name, body in requests:
        match name.removeprefix("dynamodb:"):
            case "PutItem":
                note(body["TableName"], body["Item"])
            case "UpdateItem" | "DeleteItem":
                note(body["TableName"], body["Key"])
            case "TransactWriteItems":
                for each in body["TransactItems"]:
                    for kind, part in each.items():
                        if kind != "ConditionCheck":
                            note(part["TableName"], part.get("Item") or part["Key"])
            case "BatchWriteItem":
                for table, parts in body["RequestItems"].items():
                    for part in parts:
                        [(kind, inner)] = part.items()
                        note(table, inner["Key"] if kind == "DeleteRequest" else inner["Item"])
    return found


@contextmanager
def running() -> Iterator[Estate]:
    """Make the estate in a cloud of its own, in memory: a request is over in a fraction of the time."""
    with clouds.running(in_memory=True) as cloud:
        cloud.forget()
        for url in cloud.queues.values():  # what was taken away stays away, however long the tests take
            cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "43200"})
        yield Estate(cloud)
