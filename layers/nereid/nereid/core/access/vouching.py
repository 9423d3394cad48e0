"""Who vouches for what an app says about a user: its public key stands in every copy, so that alone proves nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from nereid.auth.credentials import ClientCaller, Environments
from nereid.auth.user_tokens import UserToken, UserTokens
from nereid.errors import Forbidden, UserTokenRequired
from nereid.models.addresses import comparable, normal
from nereid.models.message import Alias, Operation, RegisterDevice
from nereid.models.operation import Traits, Unvouched, Who
from nereid.models.team import Scope

#: The traits that are addresses.
_ADDRESSES: tuple[Unvouched, ...] = ("email", "phone")


@dataclass(frozen=True)
class Vouching:
    """Checks the user tokens of requests with public keys."""

    environments: Environments
    user_tokens: UserTokens

    def marked(self, caller: ClientCaller, token: str | None, operations: Sequence[Operation]) -> list[Operation]:
        """Return operations with marks of the addresses in them for which nobody vouches but a public key.

        Parameters
        ----------
        token
            The request's user token; None if it has none. Where the environment does not ask for one, a token that
            is bad or another user's is as good as none.

        Raises
        ------
        UserTokenRequired
            If the environment asks for a user token, and one of the users is not the token's.
        Unavailable
            If the environment or its keys cannot be had just now.
        """
        if caller.is_secret:
            return list(operations)
        says = self.user_tokens.read(caller.scope, token) if token else None
        users = [_who(each) for each in operations]
        unproven = any(who.external_id and not (says and says.is_of(who)) for who in users)
        if unproven and self._asks_for_token(caller.scope):
            raise UserTokenRequired
        # Where numbers without a country belong, the app and its server may write one either way.
        country = self.environments.get(*caller.scope).default_country if says and says.phone else None
        return [
            _marked(each, says if says and says.is_of(who) else None, country)
            for each, who in zip(operations, users, strict=True)
        ]

    def open_inbox(self, caller: ClientCaller) -> None:
        """Raise `Forbidden` if the environment shows nobody's app notifications to public keys, and this is one."""
        if not caller.is_secret and self.environments.get(*caller.scope).client_access.inbox == "closed":
            raise Forbidden("the inbox is closed")

    def check_inbox(self, caller: ClientCaller, token: str | None, who: Who) -> None:
        """Check the user token of a request about one user's app notifications.

        Raises
        ------
        UserTokenRequired
            If the environment asks for a user token, and it is not this user's.
        Unavailable
            As :meth:`marked`.
        """
        if caller.is_secret:
            return
        access = self.environments.get(*caller.scope).client_access
        asks = access.inbox == "verified" or (access.identity == "verified" and who.external_id)
        if not asks:
            return
        says = self.user_tokens.read(caller.scope, token) if token else None
        if says is None or not says.is_of(who):
            raise UserTokenRequired

    def _asks_for_token(self, scope: Scope) -> bool:
        return self.environments.get(*scope).client_access.identity == "verified"


def _who(operation: Operation) -> Who:
    if isinstance(operation, Alias):
        return Who(anonymous_id=operation.anonymous_id, external_id=operation.external_id)
    return operation.who


def _marked(operation: Operation, token: UserToken | None, country: str | None) -> Operation:
    """Return an operation with its marks, given the token of its user and the environment's country."""
    unvouched = _unvouched(operation, token, country)
    return operation.model_copy(update={"unvouched": unvouched}) if unvouched else operation


def _unvouched(operation: Operation, token: UserToken | None, country: str | None) -> list[Unvouched]:
    if isinstance(operation, Alias):
        return []
    if isinstance(operation, RegisterDevice):
        return [] if token else ["token"]
    traits = operation.traits or Traits()
    email, phone = (token.email, token.phone) if token else (None, None)
    named = {
        "email": _is_named("email", traits.email, email),
        "phone": _is_named("mobile_number", traits.phone, phone, country),
    }
    return [name for name in _ADDRESSES if name in traits.model_fields_set and not named[name]]


def _is_named(type_: str, value: str | None, named: str | None, country: str | None = None) -> bool:
    if not value or not named:
        return False
    one, other = (comparable(type_, normal(type_, text, country)) for text in (value, named))
    return one == other
