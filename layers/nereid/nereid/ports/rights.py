"""The interfaces of data rights: all that there is of a user, and its erasure."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Protocol

from nereid.models.erasure import Erasure
from nereid.models.team import Scope
from nereid.models.user import Device, User


class ErasureStore(Protocol):
    """Erasures that are not done yet."""

    def request(self, scope: Scope, user_id: str, receipt: str, at: datetime) -> Erasure:
        """Note the wish to erase a user; of one that is noted already, the receipt and addresses stay."""
        ...

    def all(self) -> Iterator[Erasure]:
        """Yield the erasures of all teams; one that was requested just now may be missing."""
        ...

    def note(self, erasure: Erasure, addresses: Collection[str]) -> Erasure:
        """Add addresses; return the erasure as it is then."""
        ...

    def advance(self, erasure: Erasure, position: str) -> None:
        """Note up to where messages have been searched, unless it was requested again since."""
        ...

    def mark(self, erasure: Erasure) -> None:
        """Have it known, by hashes and for as long as a record may be on a queue, who was erased."""
        ...

    def finish(self, erasure: Erasure, at: datetime) -> None:
        """Keep the receipt alone, unless the erasure was requested again since."""
        ...


class PeopleStore(Protocol):
    """Users with all that belongs to them."""

    def load_with_devices(self, scope: Scope, user_id: str) -> tuple[User, list[Device]] | None:
        """Return a user with all contact infos, and the devices, by one query; None if there is none."""
        ...

    def anonymous_ids(self, scope: Scope, user_id: str) -> list[str]:
        """Return the anonymous ids that reach a user."""
        ...

    def delete(self, scope: Scope, user_id: str) -> None:
        """Delete a user with everything that belongs to it; `NotFound` if there is none."""
        ...

    def delete_remains(self, scope: Scope, user_id: str, until: datetime) -> bool:
        """Delete what there is of an id beside its user: inbox items from before a moment, links; tell if there was."""
        ...

    def endpoints(self, scope: Scope, token: str) -> list[str]:
        """Return the ARNs of the endpoints that are known of a push token that nobody has."""
        ...

    def forget_token(self, scope: Scope, token: str) -> None:
        """Forget the registration and the endpoints of a push token that nobody has."""
        ...


class PlatformEndpoints(Protocol):
    """The endpoints that the provider of push notifications made of tokens."""

    def delete(self, endpoint: str) -> None:
        """Delete one; no error if it is gone. Who uses it for another team or environment makes it again."""
        ...
