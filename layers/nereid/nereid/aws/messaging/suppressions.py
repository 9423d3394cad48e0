"""Suppressions in the audience table: one item per team and address, with everything that decides about it.

Soft bounces stand on the same item, one attribute per mail with the moment of its bounce, beside the last moment at
which a mail arrived. Whether five of them came in a row is worked out when the item is read. So a report is one
write, it may be written again and in any order, and a send needs no second read.

A delivery that is reported is written only for addresses whose mail bounced softly before: for all others it costs
a read of an item that is not there.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from nereid.aws.errors import ConditionFailed
from nereid.aws.table import Item, Table, digest, seconds
from nereid.clock import from_iso, to_iso
from nereid.contention import until_uncontested
from nereid.errors import NotFound
from nereid.models.addresses import comparable, forms
from nereid.models.suppression import (
    SOFT_BOUNCES,
    SUPPRESSION_REASONS,
    Suppression,
    SuppressionReason,
    suppressed_softly,
    together,
)

#: What in an item names the address, or where it stands.
_NAMING = frozenset({"pk", "sk", "email", "directory", "directory_sort", "unlisted", "revision", "expires_at"})
#: The prefix of attributes with the moments of soft bounces; the delivery's id follows.
_SOFT = "soft_bounce#"
#: How long an item is kept that suppresses nothing: longer than any earlier report can be under way.
_KEPT = timedelta(days=30)
#: How many addresses a list looks at together when it wants some of them only, and how often for one page.
_CHUNK, _MOST_CHUNKS = 101, 10


class DynamoSuppressionStore:
    """Implements `nereid.ports.messaging.SuppressionStore`.

    Parameters
    ----------
    has_erased
        Tells whether a team has erased anybody, so that addresses are to be looked up by their hashes as well.
    """

    def __init__(self, table: Table, has_erased: Callable[[str], bool] = lambda _: False) -> None:
        self._table = table
        self._has_erased = has_erased

    def get(self, team_id: str, email: str) -> Suppression | None:
        items = [self._table.get(*key) for key in self._keys(team_id, email)]
        found = [suppression for item in items if item and (suppression := _to_suppression(item, email))]
        return together(found) if found else None

    def _keys(self, team_id: str, email: str) -> list[tuple[str, str]]:
        """Return where what suppresses an address may stand: for nearly all teams and addresses, in one place."""
        keys = [_key_of(team_id, form) for form in forms("email", email)]
        return [*keys, _hashed(team_id, email)] if self._has_erased(team_id) else keys

    def add(self, team_id: str, email: str, reason: SuppressionReason, at: datetime, detail: str | None = None) -> None:
        self._add(_key(team_id, email), _listing(team_id, email), reason, at, detail)

    def add_hashed(
        self, team_id: str, email: str, reason: SuppressionReason, at: datetime, detail: str | None = None
    ) -> None:
        self._add(_hashed(team_id, email), None, reason, at, detail)

    def erase(self, team_id: str, email: str, *, for_good: bool) -> None:
        for form in forms("email", email):
            key = _key_of(team_id, form)
            until_uncontested(
                "suppression", partial(self._erase, key, team_id, email, for_good=for_good), again=(ConditionFailed,)
            )

    def _erase(self, key: tuple[str, str], team_id: str, email: str, *, for_good: bool) -> None:
        item = self._table.get(*key)
        if item is None:
            return
        known = {":known": item["revision"]}
        if _to_suppression(item) is None:
            self._table.delete(*key, "revision = :known", known)
            return
        # First, so that there is no moment in which nothing suppresses the address.
        self._keep_hashed(team_id, email, item)
        if for_good:
            self._table.delete(*key, "revision = :known", known)
        elif "unlisted" not in item:
            self._table.update(
                *key,
                "SET unlisted = :yes ADD revision :one REMOVE directory, directory_sort",
                {**known, ":yes": True, ":one": 1},
                condition="revision = :known",
            )

    def _keep_hashed(self, team_id: str, email: str, item: Item) -> None:
        said = {name: value for name, value in item.items() if name not in _NAMING}
        names = {f"#{number}": name for number, name in enumerate(said)}
        values = {f":{number}": value for number, value in enumerate(said.values())}
        sets = ", ".join(f"#{number} = if_not_exists(#{number}, :{number})" for number in range(len(said)))
        self._table.update(
            *_hashed(team_id, email), f"SET {sets} ADD revision :one", {**values, ":one": 1}, names=names
        )

    def _add(
        self,
        key: tuple[str, str],
        listing: Mapping[str, str] | None,
        reason: SuppressionReason,
        at: datetime,
        detail: str | None,
    ) -> None:
        sets, removes = [f"{reason}_at = :at", *(_LISTED if listing else ())], ["expires_at", "unlisted"]
        values: dict[str, Any] = {":at": to_iso(at)}
        if detail is None:
            removes.append(f"{reason}_detail")
        else:
            sets.append(f"{reason}_detail = :detail")
            values[":detail"] = detail
        # Fails where it stands since this happened or longer, or somebody took it off the list after this happened.
        with suppress(ConditionFailed):
            self._table.update(
                *key,
                f"SET {', '.join(sets)} REMOVE {', '.join(removes)} ADD revision :one",
                {**values, **(listing or {}), ":one": 1},
                condition=f"(attribute_not_exists({reason}_at) OR {reason}_at > :at)"
                f" AND (attribute_not_exists({reason}_removed_at) OR {reason}_removed_at <= :at)",
            )

    def soft_bounced(self, team_id: str, email: str, delivery_id: str, at: datetime) -> Suppression | None:
        key, address = _key(team_id, email), comparable("email", email)
        item = self._table.update(
            *key,
            "SET email = :email, #bounce = if_not_exists(#bounce, :at) REMOVE expires_at ADD revision :one",
            {":email": address, ":at": to_iso(at), ":one": 1},
            names={"#bounce": _SOFT + delivery_id},
        )
        suppression = _to_suppression(item)
        if suppression is not None and "directory" not in item:
            values = {**_listing(team_id, email), ":one": 1}
            self._table.update(*key, f"SET {', '.join(_LISTED)} REMOVE expires_at ADD revision :one", values)
        return suppression

    def delivered(self, team_id: str, email: str, at: datetime) -> None:
        moment = to_iso(at)
        # Half the price, and enough for nearly all addresses. A bounce that is missed might have been reported a moment
        # later as well: reports come in any order.
        consistent = False

        def attempt() -> None:
            nonlocal consistent
            item = self._table.get(*_key(team_id, email), consistent=consistent)
            consistent = True
            if item is None or not _bounced_before(item) or item.get("delivered_at", "") >= moment:
                return
            over = [name for name, bounced_at in item.items() if name.startswith(_SOFT) and bounced_at <= moment]
            self._replace(item, {"delivered_at": moment}, over, at)

        until_uncontested("suppression", attempt, again=(ConditionFailed,))

    def remove(self, team_id: str, email: str, reasons: Collection[SuppressionReason], at: datetime) -> None:
        removed = [self._remove(key, email, reasons, at) for key in self._keys(team_id, email)]
        if not any(removed):
            raise NotFound("suppression")

    def _remove(self, key: tuple[str, str], email: str, reasons: Collection[SuppressionReason], at: datetime) -> bool:
        """Remove reasons from an item; tell whether it had one."""

        def attempt() -> bool:
            item = self._table.get(*key)
            suppression = _to_suppression(item, email) if item else None
            found = [reason for reason in reasons if suppression and reason in suppression.reasons]
            if item is None or not found:
                return False
            gone = [name for reason in found for name in (f"{reason}_at", f"{reason}_detail") if name in item]
            if "bounce" in found:
                gone += [name for name in item if name.startswith(_SOFT)]
            self._replace(item, {f"{reason}_removed_at": to_iso(at) for reason in found}, gone, at)
            return True

        return until_uncontested("suppression", attempt, again=(ConditionFailed,))

    def page(
        self, team_id: str, after: str | None, limit: int, reason: SuppressionReason | None
    ) -> tuple[list[Suppression], str | None]:
        condition, values = "directory = :directory", {":directory": _directory(team_id)}
        if after is not None:
            condition, values = f"{condition} AND directory_sort > :after", {**values, ":after": after}
        size = limit + 1 if reason is None else _CHUNK
        listed = self._table.query(condition, values, index="users", limit=size)
        found: list[Suppression] = []
        for _ in range(_MOST_CHUNKS):
            chunk = [(each["pk"], each["sk"]) for each in islice(listed, size)]
            items = self._table.get_many(chunk)
            suppressions = [_to_suppression(items[key]) for key in chunk if key in items]
            found += [each for each in suppressions if each and (reason is None or reason in each.reasons)]
            if len(found) > limit:
                return found[:limit], found[limit - 1].email
            if len(chunk) < size:
                return found, None
            after = chunk[-1][0].removeprefix(_key_of(team_id, "")[0])
        return found, after

    def _replace(self, item: Item, sets: dict[str, str], removed: Collection[str], now: datetime) -> None:
        """Set and remove attributes of an item; `ConditionFailed` if it was written since it was read.

        An item that suppresses nothing then is not listed any more; one that says nothing at all expires.
        """
        left = {"email": "", **{name: value for name, value in item.items() if name not in removed}} | sets
        gone = [name for name in removed if name in item]
        values: dict[str, Any] = dict(sets)
        if _to_suppression(left) is None:
            gone += [name for name in ("directory", "directory_sort") if name in item]
            # An expiry that is set stays: an address that is mailed daily is not written for ever.
            if "expires_at" not in item and not any(name.startswith(_SOFT) for name in left):
                values["expires_at"] = seconds(now + _KEPT)
        expression = "SET " + ", ".join(f"{name} = :{name}" for name in values) + " ADD revision :one"
        names = {f"#gone{number}": name for number, name in enumerate(gone)}
        if names:
            expression += f" REMOVE {', '.join(names)}"
        self._table.update(
            item["pk"],
            item["sk"],
            expression,
            {**{f":{name}": value for name, value in values.items()}, ":one": 1, ":known": item["revision"]},
            names=names or None,
            condition="revision = :known",
        )


#: Puts an address on its team's list.
_LISTED = ("email = :email", "directory = :directory", "directory_sort = :email")


def _listing(team_id: str, email: str) -> dict[str, str]:
    return {":email": comparable("email", email), ":directory": _directory(team_id)}


def _directory(team_id: str) -> str:
    return f"{team_id}#suppressions"


def _key(team_id: str, email: str) -> tuple[str, str]:
    return _key_of(team_id, comparable("email", email))


def _hashed(team_id: str, email: str) -> tuple[str, str]:
    """Return the key of what suppresses an address that was erased; no address looks like it."""
    hashed = digest(f"{team_id}#{comparable('email', email)}")
    return _key_of(team_id, f"sha256:{hashed}")


def _key_of(team_id: str, form: str) -> tuple[str, str]:
    return f"{team_id}#suppression#{form}", "suppression"


def _bounced_before(item: Item) -> bool:
    return "delivered_at" in item or any(name.startswith(_SOFT) for name in item)


def _to_suppression(item: Item, email: str = "") -> Suppression | None:
    """Return the suppression of an item; None if it suppresses nothing.

    Parameters
    ----------
    email
        The address that was asked for, which an item of an erased one does not name.
    """
    reasons = {reason: from_iso(item[f"{reason}_at"]) for reason in SUPPRESSION_REASONS if f"{reason}_at" in item}
    details = {reason: item[f"{reason}_detail"] for reason in reasons if f"{reason}_detail" in item}
    if "bounce" not in reasons:
        bounces = [from_iso(value) for name, value in item.items() if name.startswith(_SOFT)]
        ends = [from_iso(item[name]) for name in ("delivered_at", "bounce_removed_at") if name in item]
        since = suppressed_softly(bounces, max(ends, default=None))
        if since is not None:
            reasons["bounce"], details["bounce"] = since, f"{SOFT_BOUNCES} soft bounces in a row"
    if not reasons:
        return None
    is_erased = "unlisted" in item or "email" not in item
    return Suppression(email=item.get("email", email), reasons=reasons, details=details, is_erased=is_erased)
