"""Who is meant: from the ids that a client gives to the one user that they name."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from nereid.contention import until_uncontested
from nereid.core.audience.merge import Merging, combined, renamed
from nereid.core.audience.users import new_user
from nereid.errors import AlreadyExists, Conflict, NotFound
from nereid.models.operation import Link, Who, announcement_id
from nereid.models.team import Scope
from nereid.models.user import User, anonymous_id_of, profile_id
from nereid.ports.audience import IdentityStore, WholeUserStore
from nereid.ports.clock import Clock

#: How old a note of a profile's last use may be before another use is noted.
NOTED_EVERY = timedelta(days=7)
#: How a user is read: with its contact infos, or without.
_Read = Callable[[Scope, str], User | None]


@dataclass(frozen=True)
class Identities:
    """Finds users by a client's ids, and makes those that are missing.

    Parameters
    ----------
    note_use
        Whether it is noted when profiles are used, so that those expire which are not.
    made_at
        When users that are made count as made; None for the moment in which they are.
    """

    store: IdentityStore
    users: WholeUserStore
    clock: Clock
    note_use: bool = False
    made_at: datetime | None = None

    def named(self, scope: Scope, who: Who) -> str:
        """Return the user_id that the ids name, whether or not there is such a user."""
        anonymous_id, external_id = who.ids()
        if external_id is not None:
            return external_id
        assert anonymous_id is not None
        link = self.store.link_of(scope, anonymous_id)
        return link.user_id if link else profile_id(anonymous_id)

    def find_or_create(
        self, scope: Scope, who: Who, operation_id: str | None = None, *, with_contacts: bool = False
    ) -> User:
        """Return the user of the ids; create it if there is none.

        An anonymous id that reaches no user yet and that comes with an external one is that one's alias from then on.

        Parameters
        ----------
        operation_id
            What a user that is made is noted as made by; None for nothing that anybody would be told of.
        with_contacts
            Whether the user is read with its contact infos.

        Raises
        ------
        Unavailable
            If others kept changing the ids' user at the same time.
        """
        anonymous_id, external_id = who.ids()
        read = self.users.load if with_contacts else self.users.get

        def attempt() -> User:
            if external_id is not None:
                return self._external(scope, external_id, anonymous_id, operation_id, read)
            assert anonymous_id is not None
            return self._anonymous(scope, anonymous_id, operation_id, read)

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

    def alias(self, scope: Scope, anonymous_id: str, external_id: str, operation_id: str | None = None) -> User | None:
        """Have an anonymous id reach the user with the external one, if it reaches none; return that user then.

        The user is made if need be. Of an anonymous id that has a profile, the user takes over all that is the
        profile's; if there is no such user yet, the profile becomes it.

        Raises
        ------
        AlreadyExists, Conflict, NotFound
            If others changed one of the users at the same time.
        """
        return self._alias(scope, anonymous_id, external_id, operation_id, self.users.get)

    def _alias(
        self, scope: Scope, anonymous_id: str, external_id: str, operation_id: str | None, read: _Read
    ) -> User | None:
        link = self.link_of(scope, anonymous_id)
        if link is not None and link.user_id != profile_id(anonymous_id):
            return None
        profile = self.users.get(scope, profile_id(anonymous_id))
        if profile is None and link is None:
            user = self._external_user(scope, external_id, operation_id, read)
            self.store.link(scope, anonymous_id, user)
            return user
        if profile is None:  # deleted just as the id was linked to it
            profile = self._new_profile(scope, anonymous_id, operation_id)
        known = self.users.get(scope, external_id)
        now = self.clock.now()
        successor = (
            renamed(profile, external_id, self.made_at or now) if known is None else combined(profile, known, now)
        )
        turned = self.store.absorb(scope, anonymous_id, profile, successor, is_new=known is None)
        self.store.finish(scope, anonymous_id, turned, Merging())
        return read(scope, external_id)

    def _external_user(self, scope: Scope, user_id: str, operation_id: str | None, read: _Read) -> User:
        """Return the user with this id, or make it; `AlreadyExists` if another call makes it just then."""
        user = read(scope, user_id)
        if user is None:
            user = self._new(user_id, operation_id)
            self.users.create(scope, user)
        return user

    def _external(
        self, scope: Scope, external_id: str, anonymous_id: str | None, operation_id: str | None, read: _Read
    ) -> User:
        aliased = (
            self._alias(scope, anonymous_id, external_id, operation_id, read) if anonymous_id is not None else None
        )
        return aliased or self._external_user(scope, external_id, operation_id, read)

    def _anonymous(self, scope: Scope, anonymous_id: str, operation_id: str | None, read: _Read) -> User:
        link = self.link_of(scope, anonymous_id)
        if link is not None and link.user_id != profile_id(anonymous_id):
            return self._external_user(scope, link.user_id, operation_id, read)
        profile = read(scope, profile_id(anonymous_id))
        if profile is None:
            return self._new_profile(scope, anonymous_id, operation_id)
        if link is None:  # made by another API, under the profile's id
            self.store.link(scope, anonymous_id, profile, self._used_at())
        else:
            self._note_use(scope, anonymous_id, link)
        return profile

    def _new_profile(self, scope: Scope, anonymous_id: str, operation_id: str | None) -> User:
        """Make the profile of an anonymous id; `AlreadyExists` if there is one, or it has become another user."""
        profile = self._new(profile_id(anonymous_id), operation_id)
        self.store.create_profile(scope, anonymous_id, profile, self._used_at())
        return profile

    def _note_use(self, scope: Scope, anonymous_id: str, link: Link) -> None:
        """Note that a profile is used, if the last note is old; `Conflict` if it has just expired."""
        now = self._used_at()
        if now is not None and (link.used_at is None or now - link.used_at > NOTED_EVERY):
            self.store.note_use(scope, anonymous_id, link, now)

    def _used_at(self) -> datetime | None:
        return self.clock.now() if self.note_use else None

    def _new(self, user_id: str, operation_id: str | None) -> User:
        user = new_user(user_id, self.made_at or self.clock.now())
        if operation_id is None:
            return user
        return user.model_copy(update={"announcement": announcement_id(operation_id, user_id)})
