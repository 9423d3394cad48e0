"""Teams, environments, accounts and credentials in the accounts table."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from nereid import jsontext
from nereid.aws.errors import ConditionFailed, Contended
from nereid.aws.table import Item, Table, can_be_key, seconds
from nereid.clock import from_iso, to_exact_iso
from nereid.contention import until_uncontested
from nereid.errors import AlreadyExists, BeingDeleted, Conflict, LimitReached, NotFound
from nereid.models.account import UNVERIFIED_LIFE, Account, Role, Session
from nereid.models.addresses import forms
from nereid.models.team import ApiToken, ClientKey, Environment, Quotas, Scope, Team

_ALL_TEAMS = "teams"
#: Written by earlier releases, which listed every environment.
_ALL_ENVIRONMENTS = "environments"
#: Environments that are being deleted, and how many of a team's deletions its record has.
_DELETIONS, _DELETIONS_KEPT = "deletions", 100
_QUOTAS = Quotas()
#: DynamoDB reserves the word.
_ROLE = {"#role": "role"}
#: What a team may have only so many of, as its sort keys begin.
_Kind = Literal["environment", "token", "client_key"]


class DynamoAccountStore:
    """Implements `nereid.ports.access.AccountStore`."""

    def __init__(self, table: Table, quotas: Quotas = _QUOTAS) -> None:
        self._table = table
        self._quotas = quotas

    def create_team(
        self, team: Team, environment: Environment, token: ApiToken | None, account: Account | None = None
    ) -> None:
        writes = [
            self._table.writing({"pk": _team(team.id), "sk": "team", **team.model_dump(mode="json")}),
            self._table.writing(_environment_item(environment)),
            self._table.writing({"pk": _ALL_TEAMS, "sk": team.id}),
        ]
        if token is not None:
            writes.append(self._table.writing(_token_item(token)))
        if account is not None:
            writes += self._writing_account(account, replacing=account.verified)
        try:
            self._table.transact(*writes)
        except ConditionFailed as error:
            raise AlreadyExists("account") from error

    def add_account(self, account: Account) -> None:
        try:
            self._table.transact(*self._writing_account(account, replacing=False))
        except ConditionFailed as error:
            raise AlreadyExists("account") from error

    def _writing_account(self, account: Account, *, replacing: bool) -> list[Item]:
        # Earlier releases may have one of the same address under another form.
        others = [form for form in forms("email", account.email) if form != account.email]
        free = [self._table.requiring(_account(form), "account", "attribute_not_exists(pk)") for form in others]
        item = {"pk": _account(account.email), "sk": "account", **account.model_dump(mode="json")}
        ends_at = account.password_expires_at
        if not account.verified:
            ends_at = account.created_at + UNVERIFIED_LIFE
        if ends_at is not None:
            # For this is the table's TTL attribute: whoever has the address can register it then.
            item["expires_at"] = seconds(ends_at)
        if replacing:
            return [self._table.writing(item, "attribute_not_exists(pk) OR verified = :no", {":no": False}), *free]
        return [self._table.writing(item, "attribute_not_exists(pk)"), *free]

    def verify_account(self, email: str, account_id: str) -> None:
        try:
            self._verify(email, account_id, " REMOVE expires_at", " AND attribute_not_exists(password_expires_at)")
        except ConditionFailed:
            # It is gone, or has a one-time password, and goes with that.
            try:
                self._verify(email, account_id)
            except ConditionFailed as error:
                raise NotFound("account") from error

    def _verify(self, email: str, account_id: str, lasting: str = "", condition: str = "") -> None:
        self._table.update(
            _account(email),
            "account",
            f"SET verified = :yes{lasting}",
            {":yes": True, ":id": account_id},
            names={"#id": "id"},
            condition=f"#id = :id{condition}",
        )

    def team(self, team_id: str) -> Team | None:
        item = self._table.get(_team(team_id), "team")
        return Team.model_validate(item) if item else None

    def set_senders(self, team_id: str, senders: Sequence[str]) -> Team:
        return self._change_team(team_id, "SET senders = :senders", {":senders": list(senders)})

    def set_quota_times(self, team_id: str, times: int) -> Team:
        return self._change_team(team_id, "SET quota_times = :times", {":times": times})

    def stop_team(self, team_id: str, at: datetime) -> Team:
        return self._change_team(team_id, "SET stopped_at = if_not_exists(stopped_at, :at)", {":at": to_exact_iso(at)})

    def note_erasure(self, scope: Scope, at: datetime, *, hashes: bool) -> None:
        team = self.team(scope.team_id)
        if team is not None and hashes and not team.has_erased:
            self._change_team(scope.team_id, "SET has_erased = :yes", {":yes": True})
        with suppress(ConditionFailed):  # it is noted, or the environment is gone
            self._table.update(
                _team(scope.team_id),
                f"environment#{scope.environment}",
                # Whoever replaces the record, and has read it before, has to read it again.
                "SET erased_at = :at, version = if_not_exists(version, :one) + :one",
                {":at": to_exact_iso(at), ":one": 1},
                condition="attribute_exists(pk) AND attribute_not_exists(deleting_at)"
                " AND (attribute_not_exists(erased_at) OR erased_at < :at)",
            )

    def resume_team(self, team_id: str, at: datetime) -> Team:
        team = self.team(team_id)
        if team is not None and team.stopped_at is None:
            return team
        return self._change_team(team_id, "SET resumed_at = :at REMOVE stopped_at", {":at": to_exact_iso(at)})

    def teams(self) -> Iterator[Team]:
        listed = [item["sk"] for item in self._table.query("pk = :pk", {":pk": _ALL_TEAMS})]
        older = [scope.team_id for scope in self.scopes()]
        keys = [(_team(team_id), "team") for team_id in dict.fromkeys([*older, *listed])]
        return map(Team.model_validate, self._table.get_many(keys, consistent=False).values())

    def _change_team(self, team_id: str, expression: str, values: Mapping[str, Any]) -> Team:
        if not can_be_key(_team(team_id), "team"):
            raise NotFound("team")
        try:
            item = self._table.update(_team(team_id), "team", expression, values, condition="attribute_exists(pk)")
        except ConditionFailed as error:
            raise NotFound("team") from error
        return Team.model_validate(item)

    def account(self, email: str) -> Account | None:
        for form in forms("email", email):
            item = self._table.get(_account(form), "account")
            if item:
                return Account.model_validate(item)
        return None

    def members(self, team_id: str, after: str | None, limit: int) -> tuple[list[Account], str | None]:
        condition, values = "team_id = :team", {":team": team_id}
        if after is not None:
            condition, values = f"{condition} AND email > :after", {**values, ":after": after}
        listed = list(islice(self._table.query(condition, values, index="members", limit=limit + 1), limit + 1))
        return self._members(team_id, listed[:limit]), listed[limit - 1]["email"] if len(listed) > limit else None

    def admins(self, team_id: str) -> Iterator[Account]:
        for item in self._table.query("team_id = :team", {":team": team_id}, index="members"):
            if item["role"] == "Admin":
                yield from (each for each in self._members(team_id, [item]) if each.role == "Admin")

    def _members(self, team_id: str, listed: Sequence[Item]) -> list[Account]:
        """Return the accounts that an index lists, as they are now: some may have gone, even to another team."""
        keys = [(item["pk"], item["sk"]) for item in listed]
        found = self._table.get_many(keys)
        accounts = [Account.model_validate(found[key]) for key in keys if key in found]
        return [account for account in accounts if account.team_id == team_id]

    def set_role(self, account: Account, role: Role, remaining: Account | None) -> None:
        condition, values = _unchanged(account)
        change = self._table.updating(
            _account(account.email),
            "account",
            "SET #role = :new",
            {**values, ":new": role},
            names=_ROLE,
            condition=condition,
        )
        self._change_member(change, remaining)

    def delete_account(self, account: Account, remaining: Account | None) -> None:
        condition, values = _unchanged(account)
        change = self._table.deleting(_account(account.email), "account", condition, values, names=_ROLE)
        self._change_member(change, remaining)

    def _change_member(self, change: Item, remaining: Account | None) -> None:
        writes = [change]
        if remaining is not None:
            condition, values = _unchanged(remaining)
            writes.append(self._table.requiring(_account(remaining.email), "account", condition, values, names=_ROLE))
        try:
            self._table.transact_once(*writes)
        except (ConditionFailed, Contended) as error:
            raise Conflict("account") from error

    def change_password(self, account: Account, password_hash: str, now: datetime) -> None:
        lasting = "" if account.password_expires_at is None else " REMOVE password_expires_at, expires_at"
        try:
            self._table.update(
                _account(account.email),
                "account",
                f"SET password_hash = :new, password_changed_at = :now{lasting}",
                {":new": password_hash, ":now": to_exact_iso(now), ":old": account.password_hash},
                condition="password_hash = :old",
            )
        except ConditionFailed as error:
            raise NotFound("password") from error

    def begin_session(self, session: Session, ends_at: datetime, account: Account) -> None:
        condition, values = _unchanged(account)
        try:
            self._table.transact(
                self._table.writing(_session_item(session)),
                self._table.writing(_session_of_account(session, ends_at)),
                self._table.requiring(_account(session.email), "account", condition, values, names=_ROLE),
            )
        except ConditionFailed as error:
            raise NotFound("password") from error

    def list_session(self, session: Session, ends_at: datetime) -> None:
        self._table.put(_session_of_account(session, ends_at))

    def sessions(self, email: str) -> list[str]:
        values = {":pk": _account(email), ":prefix": "session#"}
        found = self._table.query("pk = :pk AND begins_with(sk, :prefix)", values, consistent=True)
        return [item["sk"].removeprefix("session#") for item in found]

    def session(self, session_id: str) -> Session | None:
        item = self._table.get(_session(session_id), "session")
        return Session.model_validate(item) if item else None

    def renew_session(self, session: Session, token_hash: str) -> None:
        try:
            self._table.put(_session_item(session), "token_hash = :old", {":old": token_hash})
        except ConditionFailed as error:
            # The SDK repeats a write whose answer was lost; the repetition finds the first one's item.
            if error.old.get("token_hash") != session.token_hash:
                raise NotFound("session") from error

    def end_session(self, email: str, session_id: str) -> None:
        self._table.delete(_session(session_id), "session")
        self._table.delete(_account(email), _session(session_id))

    def environment(self, team_id: str, identifier: str) -> Environment | None:
        item = self._table.get(_team(team_id), f"environment#{identifier}")
        return _to_environment(item) if item and "deleting_at" not in item else None

    def environments(self, team_id: str) -> list[Environment]:
        items = [item for item in self._all(team_id, "environment#") if "deleting_at" not in item]
        return sorted(map(_to_environment, items), key=lambda each: each.created_at)

    def create_environment(self, environment: Environment) -> None:
        try:
            self._add(
                environment.team_id,
                "environment",
                self._table.writing(_environment_item(environment), "attribute_not_exists(pk)"),
            )
        except ConditionFailed as error:
            item = self._table.get(_team(environment.team_id), f"environment#{environment.identifier}")
            raise (
                BeingDeleted("environment") if item and "deleting_at" in item else AlreadyExists("environment")
            ) from error

    def delete_environment(self, scope: Scope, at: datetime) -> None:
        key = (_team(scope.team_id), f"environment#{scope.environment}")
        if not can_be_key(*key):
            raise NotFound("environment")
        listed = {"team_id": scope.team_id, "environment": scope.environment, "at": to_exact_iso(at)}

        def attempt() -> None:
            known = (self._table.get(_team(scope.team_id), "team") or {}).get("deleted", {})
            deleted = {**known, scope.environment: to_exact_iso(at)}
            latest = sorted(deleted, key=lambda name: str(deleted[name]))[-_DELETIONS_KEPT:]
            try:
                self._table.transact_once(
                    self._table.updating(
                        *key,
                        "SET deleting_at = :at",
                        {":at": to_exact_iso(at)},
                        condition="attribute_exists(pk) AND attribute_not_exists(deleting_at)",
                    ),
                    self._table.updating(
                        _team(scope.team_id),
                        "team",
                        "SET deleted = :deleted",
                        {":deleted": {name: deleted[name] for name in latest}, ":known": known},
                        condition="attribute_not_exists(deleted) OR deleted = :known",
                    ),
                    self._table.deleting(_ALL_ENVIRONMENTS, "#".join(scope)),
                    self._table.writing({"pk": _DELETIONS, "sk": "#".join(scope), **listed}),
                )
            except ConditionFailed as error:
                if 0 in error.which:
                    raise NotFound("environment") from error
                raise Conflict("team") from error

        until_uncontested("team", attempt, again=(Conflict, Contended))
        self.delete_client_keys(scope)

    def delete_client_keys(self, scope: Scope) -> None:
        for key in self.client_keys(scope.team_id):
            if key.environment == scope.environment:
                with suppress(NotFound):
                    self.delete_client_key(scope.team_id, key.id)

    def deletions(self) -> Iterator[tuple[Scope, datetime]]:
        for item in self._table.query("pk = :pk", {":pk": _DELETIONS}):
            yield Scope(item["team_id"], item["environment"]), from_iso(item["at"])

    def finish_deletion(self, scope: Scope) -> None:
        with suppress(ConditionFailed):  # done before, and perhaps made anew since
            self._table.delete(
                _team(scope.team_id), f"environment#{scope.environment}", "attribute_exists(deleting_at)"
            )
        # It goes last, so that who is interrupted comes by again.
        self._table.delete(_DELETIONS, "#".join(scope))

    def update_environment(self, environment: Environment) -> None:
        changed = environment.model_copy(update={"version": environment.version + 1})
        # Environments of earlier releases have no version.
        unchanged = "version = :version OR attribute_not_exists(version)"
        condition = f"attribute_exists(pk) AND attribute_not_exists(deleting_at) AND ({unchanged})"
        try:
            self._table.put(_environment_item(changed), condition, {":version": environment.version})
        except (ConditionFailed, Contended) as error:
            raise Conflict from error

    def api_token(self, team_id: str, token_id: str) -> ApiToken | None:
        item = self._table.get(_team(team_id), f"token#{token_id}")
        return ApiToken.model_validate(item) if item else None

    def api_tokens(self, team_id: str) -> list[ApiToken]:
        found = [ApiToken.model_validate(item) for item in self._all(team_id, "token#")]
        return sorted(found, key=lambda token: (token.created_at, token.id))

    def create_api_token(self, token: ApiToken) -> None:
        self._add(token.team_id, "token", self._table.writing(_token_item(token)))

    def delete_api_token(self, team_id: str, token_id: str) -> None:
        self._delete(_team(team_id), f"token#{token_id}")

    def client_key(self, key_hash: str) -> ClientKey | None:
        item = self._table.get(_key(key_hash), "client_key")
        return ClientKey.model_validate(item) if item else None

    def client_keys(self, team_id: str) -> list[ClientKey]:
        found = [ClientKey.model_validate(item) for item in self._all(team_id, "client_key#")]
        return sorted(found, key=lambda key: (key.created_at, key.id))

    def user_token_keys(self, scope: Scope) -> list[ClientKey]:
        found = self._all(scope.team_id, f"user_token_key#{scope.environment}#")
        return [ClientKey.model_validate(item) for item in found]

    def create_client_key(self, key: ClientKey) -> None:
        record = key.model_dump(mode="json")
        writes = [self._table.writing({"pk": pk, "sk": sk, **record}) for pk, sk in _client_key(key)]
        self._add(key.team_id, "client_key", *writes)

    def delete_client_key(self, team_id: str, key_id: str) -> None:
        item = self._table.get(_team(team_id), f"client_key#{key_id}")
        if item is None:
            raise NotFound("client key")
        self._table.transact(*(self._table.deleting(*place) for place in _client_key(ClientKey.model_validate(item))))

    def scopes(self) -> Iterator[Scope]:
        for item in self._table.query("pk = :pk", {":pk": _ALL_ENVIRONMENTS}):
            yield Scope(item["team_id"], item["environment"])

    def ping(self) -> None:
        self._table.get("health", "health", consistent=False)

    def _add(self, team_id: str, kind: _Kind, *writes: Item) -> None:
        """Do the writes that add one of a kind to a team, all or nothing; `LimitReached` if it has as many as it may.

        They are counted, since tokens remove themselves when they expire. Of two additions at once, which both count
        without the other, one does not find the version that it read, and counts again.
        """
        team = self.team(team_id)
        quotas = self._quotas.times(team.quota_times if team else 1)
        what, most = {
            "environment": ("environments", quotas.environments),
            "token": ("API tokens", quotas.api_tokens),
            "client_key": ("client keys", quotas.client_keys),
        }[kind]
        lock = (_team(team_id), f"quota#{kind}")
        values = {":pk": _team(team_id), ":prefix": f"{kind}#"}

        def attempt() -> None:
            version = (self._table.get(*lock) or {"version": 0})["version"]
            if self._table.count("pk = :pk AND begins_with(sk, :prefix)", values) >= most:
                raise LimitReached(what, most)
            unchanged = self._table.updating(
                *lock,
                "SET version = :next",
                {":next": version + 1, ":version": version},
                condition="attribute_not_exists(version) OR version = :version",
            )
            try:
                self._table.transact_once(*writes, unchanged)
            except ConditionFailed as error:
                if error.which == (len(writes),):
                    raise Conflict(what) from error
                raise

        until_uncontested(what, attempt, again=(Conflict, Contended))

    def _all(self, team_id: str, prefix: str) -> list[Item]:
        values = {":pk": _team(team_id), ":prefix": prefix}
        return list(self._table.query("pk = :pk AND begins_with(sk, :prefix)", values, consistent=True))

    def _delete(self, pk: str, sk: str) -> None:
        if not can_be_key(pk, sk):
            raise NotFound(sk)
        try:
            self._table.delete(pk, sk, "attribute_exists(pk)")
        except ConditionFailed as error:
            raise NotFound(sk) from error


def _team(team_id: str) -> str:
    return f"team#{team_id}"


def _account(email: str) -> str:
    return f"account#{email}"


def _unchanged(account: Account) -> tuple[str, Item]:
    """Return the condition that an account is there with the password and role that it was read with."""
    return "password_hash = :known AND #role = :role", {":known": account.password_hash, ":role": account.role}


def _session(session_id: str) -> str:
    return f"session#{session_id}"


def _session_item(session: Session) -> Item:
    return {
        **session.model_dump(mode="json"),
        "pk": _session(session.id),
        "sk": "session",
        # In seconds, for this is the table's TTL attribute.
        "expires_at": seconds(session.expires_at),
    }


def _session_of_account(session: Session, ends_at: datetime) -> Item:
    return {"pk": _account(session.email), "sk": _session(session.id), "expires_at": seconds(ends_at)}


def _key(key_hash: str) -> str:
    return f"client_key#{key_hash}"


def _client_key(key: ClientKey) -> list[tuple[str, str]]:
    """Return the places of a key: in the list of its team's, and where it is looked up when it is used."""
    listed = _team(key.team_id), f"client_key#{key.id}"
    if key.scope == "user_token":
        return [listed, (_team(key.team_id), f"user_token_key#{key.environment}#{key.id}")]
    return [listed, (_key(key.key_hash), "client_key")]


def _environment_item(environment: Environment) -> Item:
    return {
        "pk": _team(environment.team_id),
        "sk": f"environment#{environment.identifier}",
        "team_id": environment.team_id,
        "identifier": environment.identifier,
        "name": environment.name,
        "mock": environment.mock,
        # As text, because a channel that is null (no provider) differs from one that is left out (the stack's).
        "channels": jsontext.dumps(environment.channels.model_dump(mode="json", by_alias=True, exclude_unset=True)),
        "client_access": jsontext.dumps(environment.client_access.model_dump(mode="json", exclude_unset=True)),
        "keep_rendered": environment.keep_rendered,
        "default_country": environment.default_country,
        "version": environment.version,
        **({"erased_at": to_exact_iso(environment.erased_at)} if environment.erased_at else {}),
        # Two may be made within a millisecond, and are listed in their order.
        "created_at": to_exact_iso(environment.created_at),
    }


def _to_environment(item: dict[str, Any]) -> Environment:
    texts = {"channels": item["channels"], "client_access": item.get("client_access", "{}")}
    parsed = {name: jsontext.loads(text) for name, text in texts.items()}
    return Environment.model_validate({**item, **parsed, "created_at": from_iso(item["created_at"])})


def _token_item(token: ApiToken) -> Item:
    return {
        **token.model_dump(mode="json"),
        "pk": _team(token.team_id),
        "sk": f"token#{token.id}",
        # In seconds, for this is the table's TTL attribute: the record of an expired token removes itself.
        "expires_at": seconds(token.expires_at),
    }
