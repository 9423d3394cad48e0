"""Erasures in the audience table. All that are not done stand in one partition, for the sweeper."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime

from nereid.aws.errors import ConditionFailed
from nereid.aws.table import Item, Table, digest, seconds, tenant
from nereid.clock import from_iso, to_exact_iso
from nereid.models.erasure import ERASED_KNOWN, Erasure, name_of
from nereid.models.team import Scope

_ALL = "erasures"


class DynamoErasureStore:
    """Implements `nereid.ports.rights.ErasureStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def request(self, scope: Scope, user_id: str, receipt: str, at: datetime) -> Erasure:
        values = {
            ":team_id": scope.team_id,
            ":environment": scope.environment,
            ":user_id": user_id,
            ":receipt": receipt,
            ":at": to_exact_iso(at),
        }
        sets = "team_id = :team_id, environment = :environment, user_id = :user_id, requested_at = :at"
        item = self._table.update(
            *_key(scope, user_id), f"SET {sets}, receipt = if_not_exists(receipt, :receipt) REMOVE searched", values
        )
        return _to_erasure(item)

    def all(self) -> Iterator[Erasure]:
        return map(_to_erasure, self._table.query("pk = :pk", {":pk": _ALL}))

    def note(self, erasure: Erasure, addresses: Collection[str]) -> Erasure:
        if erasure.addresses.issuperset(addresses):
            return erasure
        try:
            # Whoever comes by a place that was searched for others has to look again.
            item = self._table.update(
                *_key(erasure.scope, erasure.user_id),
                "ADD addresses :more REMOVE searched",
                {":more": set(addresses)},
                condition="attribute_exists(pk)",
            )
        except ConditionFailed:  # another run is done with it
            return erasure.model_copy(update={"addresses": erasure.addresses.union(addresses), "position": None})
        return _to_erasure(item)

    def advance(self, erasure: Erasure, position: str) -> None:
        with suppress(ConditionFailed):
            self._table.update(
                *_key(erasure.scope, erasure.user_id),
                "SET searched = :position",
                {":position": position, ":at": to_exact_iso(erasure.requested_at)},
                condition="requested_at = :at",
            )

    def mark(self, erasure: Erasure) -> None:
        names = {name_of(erasure.user_id), *erasure.addresses}
        at, expires_at = to_exact_iso(erasure.requested_at), seconds(erasure.requested_at + ERASED_KNOWN)
        self._table.put_many(
            [
                {"pk": pk, "sk": sk, "requested_at": at, "expires_at": expires_at}
                for pk, sk in (_mark_key(erasure.scope, name) for name in sorted(names))
            ]
        )

    def erased(self, scope: Scope, names: Collection[str]) -> dict[str, datetime]:
        keys = {_mark_key(scope, name): name for name in names}
        found = self._table.get_many(keys)
        return {keys[key]: from_iso(item["requested_at"]) for key, item in found.items()}

    def finish(self, erasure: Erasure, at: datetime) -> None:
        receipt = {
            "pk": tenant(erasure.scope, "receipts"),
            "sk": erasure.receipt,
            "requested_at": to_exact_iso(erasure.requested_at),
            "erased_at": to_exact_iso(at),
        }
        # The receipt first: whoever is interrupted comes by again.
        self._table.put(receipt)
        values = {":at": to_exact_iso(erasure.requested_at)}
        with suppress(ConditionFailed):
            self._table.delete(*_key(erasure.scope, erasure.user_id), "requested_at = :at", values)


def _key(scope: Scope, user_id: str) -> tuple[str, str]:
    return _ALL, "#".join([*scope, digest(user_id)])


def _mark_key(scope: Scope, name: str) -> tuple[str, str]:
    """Return where it stands that somebody was erased. No name can be read from it."""
    return tenant(scope, "erased", digest(name)), "erased"


def _to_erasure(item: Item) -> Erasure:
    return Erasure(
        team_id=item["team_id"],
        environment=item["environment"],
        user_id=item["user_id"],
        receipt=item["receipt"],
        requested_at=from_iso(item["requested_at"]),
        addresses=frozenset(item.get("addresses", ())),
        position=item.get("searched"),
    )
