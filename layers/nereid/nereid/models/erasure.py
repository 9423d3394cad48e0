"""Erasures: what is left to do of the wish that nothing of a user be kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from nereid.models.addresses import comparable, normal
from nereid.models.base import Model
from nereid.models.team import Scope

#: How long after the request an erasure is done again, for what was under way then.
ERASURE_SETTLES = timedelta(minutes=10)
#: How long hashes tell whom it was of: longer than any record stays on a queue, dead letters included.
ERASED_KNOWN = timedelta(days=15)


class Erasure(Model):
    """An erasure that is not done yet. Once it is, its receipt is all that remains."""

    team_id: str
    environment: str
    user_id: str
    receipt: str
    #: What came before this moment is erased.
    requested_at: datetime
    #: The user's addresses, `TYPE ADDRESS`, in the form in which they are compared; of type `user` the profiles that
    #: became it.
    addresses: frozenset[str] = frozenset()
    #: Up to where the environment's messages have been searched for the addresses.
    position: str | None = None

    @property
    def scope(self) -> Scope:
        """The environment as a tenant key."""
        return Scope(self.team_id, self.environment)

    def of_type(self, type_: str) -> list[str]:
        """Return the addresses of a type."""
        return sorted(each.partition(" ")[2] for each in self.addresses if each.startswith(f"{type_} "))

    @property
    def user_ids(self) -> list[str]:
        """The user's id, and those of the profiles that it was before."""
        return [self.user_id, *self.of_type("user")]

    def has(self, type_: str, address: str) -> bool:
        """Tell whether an address is one of the user's."""
        return address_of(type_, address) in self.addresses


def address_of(type_: str, address: str) -> str:
    """Return an address as an erasure names it."""
    return f"{type_} {comparable(type_, address)}"


def address_given(entry: Mapping[str, Any], country: str | None) -> str:
    """Return the address that an entry of `contact_infos` gives, in whatever form, as an erasure names it.

    Parameters
    ----------
    country
        ISO code of the country that phone numbers without one belong to; None if they belong to nowhere.
    """
    type_, value = str(entry.get("type")), str(entry.get("value") or "")
    return address_of(type_, normal(type_, value, country))


def name_of(user_id: str) -> str:
    """Return a user's id as an erasure names it."""
    return f"user {user_id}"
