"""The keys of a secret: one that signs, and former ones that still verify, so that a secret can be rotated.

What is signed names its key by a `kid`. A secret is either one key as it is, whose `kid` is "0", or JSON:
``{"kid": "2", "key": "…", "signs_from": TIME?, "former": [{"kid": "1", "key": "…", "until": TIME?}]}``.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic import AwareDatetime

from nereid.models.base import Model

#: The `kid` of a secret that was never rotated, and of what was signed before signatures named their key.
FIRST = "0"


class Key(Model):
    """A key that verifies, until some time if it says so."""

    kid: str
    key: str
    until: AwareDatetime | None = None


class Keys(Model):
    """All keys of a secret.

    Functions read a secret once in a while. So a new key signs only from a time on by which all of them know it;
    until then the last of the former ones goes on.
    """

    kid: str = FIRST
    key: str
    signs_from: AwareDatetime | None = None
    #: Newest first.
    former: list[Key] = []

    def signing(self, now: datetime | None) -> Key:
        """Return the key that signs at a time; None for the newest."""
        if now is not None and self.former and self.signs_from is not None and now < self.signs_from:
            return self.former[0]
        return Key(kid=self.kid, key=self.key)

    def verifying(self, kid: str, now: datetime) -> str | None:
        """Return the key of a name; None if there is none any more."""
        if kid == self.kid:
            return self.key
        found = next((each for each in self.former if each.kid == kid), None)
        return found.key if found and (found.until is None or now < found.until) else None

    def rotated(self, kid: str, key: str, now: datetime, signs_from: datetime, until: datetime) -> "Keys":
        """Return them with a new key; the others end at `until` at the latest, and those that have ended are gone."""
        left = [
            each.model_copy(update={"until": each.until or until})
            for each in self.former
            if each.until is None or each.until > now
        ]
        signed = Key(kid=self.kid, key=self.key, until=until)
        return Keys(kid=kid, key=key, signs_from=signs_from, former=[signed, *left])

    def text(self) -> str:
        """Return them as the text of a secret."""
        return self.model_dump_json(exclude_none=True)


@lru_cache(maxsize=8)
def parse(secret: str) -> Keys:
    """Return the keys of a secret, whose text it is given."""
    return Keys.model_validate_json(secret) if secret.startswith("{") else Keys(key=secret)


def kid_of(header: dict[str, Any]) -> str:
    """Return the name of the key that a token's header gives."""
    return str(header.get("kid", FIRST))
