"""Profiles that may expire, in the audience table: found by their links, which the index `users` lists by last use.

A profile goes in one transaction: its record, if it is as it was read, its count, and its link, if no use was noted
since. One that has devices or app notifications keeps its link until they are deleted, so that the next run finds what
a run that broke off has left.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import chain, islice

from nereid.aws.audience.users import (
    PROFILE_SHARDS,
    DynamoUserStore,
    backlink_key,
    link_key,
    profiles_directory,
)
from nereid.aws.errors import ConditionFailed
from nereid.aws.parallel import all_at_once
from nereid.aws.table import Item, Table
from nereid.clock import from_iso, to_exact_iso
from nereid.models.team import Scope
from nereid.models.user import User, profile_id
from nereid.ports.audience import IdleProfile

#: How many devices and app notifications of a profile one run deletes; the next ones delete the others.
_ITEMS = 500
_SAME_USE = "user_id = :profile AND directory_sort = :used_at"


class DynamoIdleProfiles:
    """Implements `nereid.ports.audience.IdleProfiles`."""

    def __init__(self, table: Table, users: DynamoUserStore) -> None:
        self._table = table
        self._users = users

    def idle(self, scope: Scope, before: datetime, turn: int) -> Iterator[IdleProfile]:
        directory = profiles_directory(scope, turn % PROFILE_SHARDS)
        values = {":directory": directory, ":before": to_exact_iso(before)}
        listed = self._table.query("directory = :directory AND directory_sort < :before", values, index="users")
        for item in listed:
            yield IdleProfile(item["pk"].split("#", 3)[3], from_iso(item["directory_sort"]))

    def load(self, scope: Scope, profiles: Sequence[IdleProfile]) -> list[User | None]:
        return all_at_once([partial(self._users.load, scope, profile_id(each.anonymous_id)) for each in profiles])

    def keep(self, scope: Scope, profiles: Sequence[tuple[IdleProfile, datetime]]) -> None:
        all_at_once([partial(self._keep, scope, *each) for each in profiles])

    def expire(self, scope: Scope, profiles: Sequence[tuple[IdleProfile, User | None]]) -> int:
        return sum(all_at_once([partial(self._expire, scope, *each) for each in profiles]))

    def _keep(self, scope: Scope, profile: IdleProfile, used_at: datetime) -> None:
        values = {**_values(profile), ":now": to_exact_iso(used_at)}
        with suppress(ConditionFailed):  # used, aliased or deleted since
            key = link_key(scope, profile.anonymous_id)
            self._table.update(*key, "SET directory_sort = :now", values, condition=_SAME_USE)

    def _expire(self, scope: Scope, profile: IdleProfile, user: User | None) -> bool:
        """Delete a profile; tell whether there was one."""
        # They are read first: what is found before there is no record can be no later profile's.
        items = list(islice(self._items(scope, profile), _ITEMS))
        pk, sk = link_key(scope, profile.anonymous_id)
        if user is not None:
            link = (
                [self._table.requiring(pk, sk, _SAME_USE, _values(profile))]
                if items
                else self._unlinking(scope, profile)
            )
            try:
                self._table.transact(*self._users.vanishing(scope, user), *link)
            except ConditionFailed:  # used, given a contact info, aliased or deleted since
                return False
            if not items:
                return True
        elif self._users.get(scope, profile_id(profile.anonymous_id)) is not None:
            return False
        self._delete(items)
        if len(items) < _ITEMS:
            with suppress(ConditionFailed):  # there is a new profile of the anonymous id
                self._table.transact(*self._unlinking(scope, profile))
        return user is not None

    def _items(self, scope: Scope, profile: IdleProfile) -> Iterator[Item]:
        """Yield the devices and app notifications that are left of all profiles of an anonymous id."""
        collection = partial(self._users.collection, scope, profile_id(profile.anonymous_id))
        return chain(collection("user#device#"), collection("inbox#"))

    def _delete(self, items: Sequence[Item]) -> None:
        for item in items:
            if "generation" in item:
                with suppress(ConditionFailed):  # a new profile has registered the device
                    same, values = "generation = :generation", {":generation": item["generation"]}
                    self._table.delete(item["pk"], item["sk"], same, values)
        self._table.delete_many([(item["pk"], item["sk"]) for item in items if "generation" not in item])

    def _unlinking(self, scope: Scope, profile: IdleProfile) -> list[Item]:
        """Return the parts of a transaction that delete the link of a profile, if no use was noted since."""
        pk, sk = link_key(scope, profile.anonymous_id)
        return [
            self._table.deleting(pk, sk, _SAME_USE, _values(profile)),
            self._table.deleting(*backlink_key(scope, profile.anonymous_id, profile_id(profile.anonymous_id))),
        ]


def _values(profile: IdleProfile) -> Item:
    return {":profile": profile_id(profile.anonymous_id), ":used_at": to_exact_iso(profile.used_at)}
