"""User tokens: with one, the server of an app says which user the app speaks for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cachetools import LRUCache, TTLCache

from nereid.errors import Unauthenticated
from nereid.models.operation import Who
from nereid.models.team import ClientKey, Scope
from nereid.ports.access import AccountStore
from nereid.ports.clock import Clock

#: Of how many environments the keys are kept in memory, and how many keys.
_KEPT = 1024


@dataclass(frozen=True)
class UserToken:
    """What a genuine token says: who the user is, and what belongs to that user."""

    external_id: str
    anonymous_id: str | None
    email: str | None
    phone: str | None

    def is_of(self, who: Who) -> bool:
        """Tell whether ids name its user, and no other one.

        An anonymous id alone does only if the token names it; beside the external id, if the token names no other.
        """
        if who.external_id:
            named = who.external_id == self.external_id
            return named and (not who.anonymous_id or self.anonymous_id in (None, who.anonymous_id))
        return bool(who.anonymous_id) and who.anonymous_id == self.anonymous_id


class UserTokens:
    """Checks user tokens, keeping each environment's keys for a bounded time.

    Parameters
    ----------
    open_secret
        Returns the secret of a key of scope `user_token`.
    cache_seconds
        How long the store's answer is believed, in seconds; 0 asks every time. So long, a deleted key's tokens may
        still be taken and a new one's be refused.
    """

    def __init__(
        self, accounts: AccountStore, open_secret: Callable[[ClientKey], str], clock: Clock, *, cache_seconds: float
    ) -> None:
        self._accounts = accounts
        self._open = open_secret
        self._clock = clock
        self._keys: TTLCache[Scope, Sequence[ClientKey]] = TTLCache(
            _KEPT, cache_seconds, lambda: clock.now().timestamp()
        )
        self._secrets: LRUCache[str, str] = LRUCache(_KEPT)

    def read(self, scope: Scope, token: str) -> UserToken | None:
        """Return what a token says; None unless one of the environment's keys has signed it and its time is right.

        Raises
        ------
        Unavailable
            If the keys cannot be had just now.
        """
        keys = self._keys.get(scope)
        if keys is None:
            self._keys[scope] = keys = self._accounts.user_token_keys(scope)
        if not keys:
            return None
        # Its library takes long to load, and few apps send one.
        from nereid.auth import tokens

        for key in keys:
            try:
                claims = tokens.verify_user_token(self._secret(key), token, self._clock.now())
            except Unauthenticated:
                continue
            return UserToken(claims["sub"], claims.get("anonymous_id"), claims.get("email"), claims.get("phone"))
        return None

    def _secret(self, key: ClientKey) -> str:
        secret = self._secrets.get(key.id)
        if secret is None:
            self._secrets[key.id] = secret = self._open(key)
        return secret
