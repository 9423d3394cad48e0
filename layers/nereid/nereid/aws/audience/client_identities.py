"""Anonymous ids in the audience table: the user of each, and the move from its profile to that user.

A link is one item by the anonymous id, and one beside its user, so that both can be found from the other. A profile
is absorbed by one transaction, which points the link to the user, deletes the profile's record and gives its data
to the user. From then on nothing can be added to the profile, for every addition to a user requires its record; so its
other items can be moved later, by the first request that reads the link, and by several at once.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from nereid.aws.audience.users import (
    DynamoUserStore,
    address_member,
    backlink_key,
    device_item,
    link_key,
    profile_shard,
    profiles_directory,
    to_contact,
    to_device,
    user_key,
)
from nereid.aws.errors import ConditionFailed, Contended
from nereid.aws.table import Item, Table
from nereid.clock import from_iso, to_exact_iso
from nereid.contention import until_uncontested
from nereid.errors import AlreadyExists, Conflict, NotFound
from nereid.models.operation import Link
from nereid.models.team import Scope
from nereid.models.user import User, profile_id
from nereid.ports.audience import Merging


class DynamoIdentityStore:
    """Implements `nereid.ports.audience.IdentityStore`."""

    def __init__(self, table: Table, users: DynamoUserStore) -> None:
        self._table = table
        self._users = users

    def link_of(self, scope: Scope, anonymous_id: str) -> Link | None:
        item = self._table.get(*link_key(scope, anonymous_id))
        if item is None:
            return None
        used_at = item.get("directory_sort")
        return Link(item["user_id"], item.get("moving"), from_iso(used_at) if used_at else None)

    def create_profile(self, scope: Scope, anonymous_id: str, profile: User, used_at: datetime | None = None) -> None:
        # A deletion has left this link behind without its profile.
        free = "attribute_not_exists(pk) OR user_id = :user_id"
        linking = self._linking(scope, anonymous_id, profile.user_id, free, used_at)
        self._write_new(*self._users.creating(scope, profile), *linking)

    def link(self, scope: Scope, anonymous_id: str, user: User, used_at: datetime | None = None) -> None:
        writes = [
            self._table.requiring(
                user_key(scope, user.user_id), "user", "generation = :generation", {":generation": user.generation}
            ),
            *self._linking(scope, anonymous_id, user.user_id, "attribute_not_exists(pk)", used_at),
        ]
        profile = profile_id(anonymous_id)
        if user.user_id != profile:
            writes.append(self._table.requiring(user_key(scope, profile), "user", "attribute_not_exists(pk)"))
        self._write_new(*writes)

    def note_use(self, scope: Scope, anonymous_id: str, link: Link, at: datetime) -> None:
        values = {**_listed(scope, anonymous_id, at), "user_id": link.user_id}
        same = "attribute_not_exists(directory_sort)"
        if link.used_at is not None:
            same, values["was"] = "directory_sort = :was", to_exact_iso(link.used_at)
        try:
            self._table.update(
                *link_key(scope, anonymous_id),
                "SET directory = :directory, directory_sort = :directory_sort",
                {f":{name}": value for name, value in values.items()},
                condition=f"user_id = :user_id AND {same}",
            )
        except (ConditionFailed, Contended) as error:
            raise Conflict from error

    def absorb(self, scope: Scope, anonymous_id: str, profile: User, user: User, *, is_new: bool) -> Link:
        link = Link(user.user_id, profile.generation)
        pk, sk = link_key(scope, anonymous_id)
        turned = {"pk": pk, "sk": sk, "user_id": link.user_id, "moving": link.moving}
        self._users.write(
            self._table.writing(
                turned, "attribute_not_exists(pk) OR user_id = :profile", {":profile": profile.user_id}
            ),
            self._table.writing(_backlink(scope, anonymous_id, user.user_id)),
            *self._users.succeeding(scope, profile, user, is_new=is_new),
        )
        return link

    def finish(self, scope: Scope, anonymous_id: str, link: Link, merging: Merging) -> None:
        profile = profile_id(anonymous_id)
        assert link.moving is not None
        try:
            for item in self._left(scope, profile, "user#contact#", link.moving):
                self._move_contact(scope, link.user_id, profile, item, merging)
            for item in self._left(scope, profile, "user#device#", link.moving):
                self._move_device(scope, link.user_id, item, merging)
            for item in self._users.collection(scope, profile, "inbox#"):
                self._move_notification(scope, link.user_id, item)
        except NotFound:
            pass  # the user was deleted since, and this was the user's
        if self._table.get(user_key(scope, profile), "user") is None:
            self._users.purge(scope, profile, link.moving)
        self._arrived(scope, anonymous_id, link)

    def _linking(
        self, scope: Scope, anonymous_id: str, user_id: str, condition: str, used_at: datetime | None
    ) -> list[Item]:
        pk, sk = link_key(scope, anonymous_id)
        values = {":user_id": user_id} if ":user_id" in condition else None
        listed = _listed(scope, anonymous_id, used_at) if used_at is not None else {}
        return [
            self._table.writing({"pk": pk, "sk": sk, "user_id": user_id, **listed}, condition, values),
            self._table.writing(_backlink(scope, anonymous_id, user_id)),
        ]

    def _write_new(self, *writes: Item) -> None:
        try:
            self._users.write(*writes)
        except Conflict as error:
            raise AlreadyExists("link") from error

    def _left(self, scope: Scope, profile: str, prefix: str, generation: str) -> Iterator[Item]:
        # Another user may have been given the profile's id since.
        found = self._users.collection(scope, profile, prefix)
        return (item for item in found if item["generation"] == generation)

    def _move_contact(self, scope: Scope, user_id: str, profile: str, item: Item, merging: Merging) -> None:
        contact = to_contact(item)
        address = address_member(scope, contact.type, contact.value, profile)
        forgotten = self._table.deleting(address["pk"], address["sk"])

        def attempt() -> None:
            user = self._user(scope, user_id)
            arriving = merging.contact(user, contact)
            puts = self._users.putting(scope, user, [arriving]) if arriving else []
            self._take_away(scope, user, item, [*puts, forgotten])

        until_uncontested("user", attempt)

    def _move_device(self, scope: Scope, user_id: str, item: Item, merging: Merging) -> None:
        def attempt() -> None:
            user = self._user(scope, user_id)
            device = to_device(item)
            own = {each.device_id: each for each in self._users.devices(scope, user)}.get(device.device_id)
            merged = merging.device(own, device)
            self._take_away(scope, user, item, [self._table.writing(device_item(scope, user, merged))])

        until_uncontested("user", attempt)

    def _take_away(self, scope: Scope, user: User, item: Item, writes: list[Item]) -> None:
        """Do the writes and take an item of the profile away; `Conflict` if nothing was done and it is still there.

        The user's version counts on, so that a writer that read the user before sees the new item and retries.
        """
        gone = self._table.deleting(item["pk"], item["sk"], "attribute_exists(pk)")
        try:
            self._users.write(gone, self._users.saving(scope, user), *writes)
        except Conflict:
            if self._table.get(item["pk"], item["sk"]) is not None:
                raise

    def _move_notification(self, scope: Scope, user_id: str, item: Item) -> None:
        user = self._user(scope, user_id)
        moved = {**item, "pk": user_key(scope, user_id), "user_id": user_id}

        def attempt() -> None:
            nonlocal user, moved
            # If it is marked as read meanwhile, this fails, and the next try takes the mark along.
            unchanged = "read_at = :read_at" if "read_at" in moved else "attribute_not_exists(read_at)"
            values = {":read_at": moved["read_at"]} if "read_at" in moved else None
            gone = self._table.deleting(item["pk"], item["sk"], f"attribute_exists(pk) AND {unchanged}", values)
            required = self._table.requiring(
                moved["pk"], "user", "generation = :generation", {":generation": user.generation}
            )
            try:
                self._users.write(gone, required, self._table.writing(moved))
            except Conflict:
                now = self._table.get(item["pk"], item["sk"])
                if now is None:
                    return
                moved = {**now, "pk": moved["pk"], "user_id": user_id}
                user = self._user(scope, user_id)
                raise

        until_uncontested("app notification", attempt)

    def _user(self, scope: Scope, user_id: str) -> User:
        user = self._users.load(scope, user_id)
        if user is None:
            raise NotFound("user")
        return user

    def _arrived(self, scope: Scope, anonymous_id: str, link: Link) -> None:
        values = {":user_id": link.user_id, ":moving": link.moving}
        with suppress(ConditionFailed):  # another run was faster
            self._table.update(
                *link_key(scope, anonymous_id),
                "REMOVE moving",
                values,
                condition="user_id = :user_id AND moving = :moving",
            )


def _listed(scope: Scope, anonymous_id: str, used_at: datetime) -> dict[str, str]:
    """Return what lists a link among those of profiles, by when they were used."""
    return {
        "directory": profiles_directory(scope, profile_shard(anonymous_id)),
        "directory_sort": to_exact_iso(used_at),
    }


def _backlink(scope: Scope, anonymous_id: str, user_id: str) -> dict[str, Any]:
    pk, sk = backlink_key(scope, anonymous_id, user_id)
    return {"pk": pk, "sk": sk, "anonymous_id": anonymous_id}
