"""Who is meant: from the ids that a client gives to the one user that they name."""

from dataclasses import dataclass

from nereid.contention import until_uncontested
from nereid.core.audience.merge import Merging
from nereid.core.audience.users import new_user
from nereid.errors import AlreadyExists, Conflict, NotFound
from nereid.models.operation import Link, Who
from nereid.models.team import Scope
from nereid.models.user import User, anonymous_id_of, profile_id
from nereid.ports.audience import IdentityStore, WholeUserStore
from nereid.ports.clock import Clock


@dataclass(frozen=True)
class Identities:
    """Finds users by a client's ids, and makes those that are missing."""

    store: IdentityStore
    users: WholeUserStore
    clock: Clock

    def named(self, scope: Scope, who: Who) -> str:
        """Return the user_id that the ids name, whether or not there is such a user."""
        anonymous_id, external_id = who.ids()
        if external_id is not None:
            return external_id
        assert anonymous_id is not None
        link = self.store.link_of(scope, anonymous_id)
        return link.user_id if link else profile_id(anonymous_id)

    def find_or_create(self, scope: Scope, who: Who) -> User:
        """Return the user of the ids, without contact infos; create it if there is none.

        An anonymous id that nobody has used before and that comes with an external one is linked to that one's user.

        Raises
        ------
        Unavailable
            If others kept changing the ids' user at the same time.
        """
        anonymous_id, external_id = who.ids()

        def attempt() -> User:
            if external_id is not None:
                return self._external(scope, external_id, anonymous_id)
            assert anonymous_id is not None
            return self._anonymous(scope, anonymous_id)

        # Another call may have made, linked or deleted it since it was looked for.
        return until_uncontested("user", attempt, again=(AlreadyExists, Conflict, NotFound))

    def link_of(self, scope: Scope, anonymous_id: str) -> Link | None:
        """Return the link of an anonymous id, after everything of its profile has arrived at the user."""
        link = self.store.link_of(scope, anonymous_id)
        if link is not None and link.moving is not None:
            self.store.finish(scope, anonymous_id, link, Merging())
        return link

    def successor(self, scope: Scope, user_id: str) -> str | None:
        """Return the id of the user that an anonymous profile became; None if it became none, or is no profile."""
        anonymous_id = anonymous_id_of(user_id)
        link = self.store.link_of(scope, anonymous_id) if anonymous_id is not None else None
        return link.user_id if link is not None and link.user_id != user_id else None

    def external_user(self, scope: Scope, user_id: str) -> User:
        """Return the user with this id, or make it; `AlreadyExists` if another call makes it just then."""
        user = self.users.get(scope, user_id)
        if user is None:
            user = new_user(user_id, self.clock.now())
            self.users.create(scope, user)
        return user

    def _external(self, scope: Scope, external_id: str, anonymous_id: str | None) -> User:
        user = self.external_user(scope, external_id)
        if anonymous_id is not None and self.link_of(scope, anonymous_id) is None:
            profile = self.users.get(scope, profile_id(anonymous_id))
            if profile is None:
                self.store.link(scope, anonymous_id, user)
        return user

    def _anonymous(self, scope: Scope, anonymous_id: str) -> User:
        link = self.link_of(scope, anonymous_id)
        if link is not None and link.user_id != profile_id(anonymous_id):
            return self.external_user(scope, link.user_id)
        profile = self.users.get(scope, profile_id(anonymous_id))
        if profile is None:
            return self.new_profile(scope, anonymous_id)
        if link is None:  # made by another API, under the profile's id
            self.store.link(scope, anonymous_id, profile)
        return profile

    def new_profile(self, scope: Scope, anonymous_id: str) -> User:
        """Make the profile of an anonymous id; `AlreadyExists` if there is one, or it has become another user."""
        profile = new_user(profile_id(anonymous_id), self.clock.now())
        self.store.create_profile(scope, anonymous_id, profile)
        return profile
