"""Users and their contact infos in the audience table: one item collection per user, read by one query."""

import heapq
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from nereid import jsontext
from nereid.aws.errors import ConditionFailed, Contended
from nereid.aws.table import Item, Table, digest, seconds, tenant
from nereid.clock import from_iso, to_exact_iso, to_iso
from nereid.errors import AlreadyExists, Conflict, NotFound
from nereid.models.addresses import forms, stored_form
from nereid.models.team import Scope
from nereid.models.user import ContactInfo, Device, User, anonymous_id_of, profile_id

#: Over how many items the count of an environment's users is spread, so that creating users in parallel works:
#: transactions that meet on an item give way. Each has a partition key of its own: a partition takes 1,000 write units
#: per second, and the table's local index keeps DynamoDB from splitting the items of a key.
_COUNT_SHARDS = 32
#: Over how many keys of the index an environment's users are spread.
_LIST_SHARDS = 8
#: Over how many keys of the index the links of its profiles are spread.
PROFILE_SHARDS = 8
#: Longest sort key that DynamoDB takes.
_SORT_BYTES = 1024


class Owner(NamedTuple):
    """A user, as far as its contact infos tell who it is."""

    user_id: str
    generation: str


class DynamoUserStore:
    """Implements `nereid.ports.audience.AddressedUserStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, scope: Scope, user_id: str) -> User | None:
        item = self._table.get(user_key(scope, user_id), "user")
        return _to_user(item) if item else None

    def load(self, scope: Scope, user_id: str) -> User | None:
        found = self._load(scope, user_id, "user#contact~")
        return found[0] if found else None

    def load_with_devices(self, scope: Scope, user_id: str) -> tuple[User, list[Device]] | None:
        """Return a user with all contact infos, and the devices, by one query; None if there is none."""
        return self._load(scope, user_id, "user#device~")

    def _load(self, scope: Scope, user_id: str, last: str) -> tuple[User, list[Device]] | None:
        # The record, the contact infos and the devices stand in this order; links stand behind them.
        values = {":pk": user_key(scope, user_id), ":first": "user", ":last": last}
        items = list(self._table.query("pk = :pk AND sk BETWEEN :first AND :last", values, consistent=True))
        record = next((item for item in items if item["sk"] == "user"), None)
        if record is None:
            return None
        # A user of this id that was deleted may have left some behind.
        own = [item for item in items if item["generation"] == record["generation"]]
        contacts = [to_contact(item) for item in own if item["sk"].startswith("user#contact#")]
        devices = [to_device(item) for item in own if item["sk"].startswith("user#device#")]
        return _to_user(record, sorted(contacts, key=lambda contact: contact.created_at)), devices

    def create(self, scope: Scope, user: User) -> None:
        try:
            self._table.transact(*self.creating(scope, user))
        except ConditionFailed as error:
            raise AlreadyExists("user") from error

    def devices(self, scope: Scope, user: User) -> list[Device]:
        found = self.collection(scope, user.user_id, "user#device#")
        return [to_device(item) for item in found if item["generation"] == user.generation]

    def owners(self, scope: Scope, type_: str, value: str) -> Iterator[str]:
        """Return the ids of the owners of an address; some may have lost it, or be deleted."""
        return map(_member, self._members(scope, type_, value))

    def holders(self, scope: Scope, type_: str, value: str) -> list[tuple[Owner, ContactInfo]]:
        """Return the owners of an address with the contact info; a user may have been deleted before it was."""
        keys = {contact_key(scope, user_id, type_, value): user_id for user_id in self.owners(scope, type_, value)}
        found = self._table.get_many(keys)
        return [
            (Owner(user_id, found[key]["generation"]), to_contact(found[key]))
            for key, user_id in keys.items()
            if key in found
        ]

    def update(self, scope: Scope, user: User) -> None:
        try:
            self._table.put(*replacing(scope, user))
        except (ConditionFailed, Contended) as error:
            raise Conflict from error

    def save(self, scope: Scope, user: User, put: Sequence[ContactInfo], removed: Sequence[ContactInfo] = ()) -> None:
        writes = [self.saving(scope, user), *self.putting(scope, user, put), *self.removing(scope, user, removed)]
        self.write(*writes)

    def write(self, *writes: Item) -> None:
        """Do all writes or none; `Conflict` if a condition of one is false, or others were writing the same."""
        transact_or_conflict(self._table, *writes)

    def anonymous_ids(self, scope: Scope, user_id: str) -> list[str]:
        return [str(item["anonymous_id"]) for item in self.collection(scope, user_id, "user#link#")]

    def delete(self, scope: Scope, user_id: str) -> None:
        user = self.get(scope, user_id)
        if user is None:
            raise NotFound("user")
        pk = user_key(scope, user_id)
        for item in self.collection(scope, user_id, "user#link#"):
            self._unlink(scope, user_id, item["anonymous_id"])
        # The record goes last, so that a deletion that failed half way can be repeated.
        self.purge(scope, user_id)
        try:
            self._table.transact(
                self._table.deleting(pk, "user", "generation = :generation", {":generation": user.generation}),
                self._counting(scope, user_id, -1),
            )
        except ConditionFailed as error:
            raise NotFound("user") from error
        # The items that were added until the record was gone; nothing can be added since.
        self._delete_leftovers(scope, user)

    def purge(self, scope: Scope, user_id: str, generation: str | None = None) -> None:
        """Delete everything of a user but the record itself; of one generation, if one is named."""
        keys = []
        for prefix in ("user#", "inbox#"):
            for item in self.collection(scope, user_id, prefix):
                if generation is None or item.get("generation", generation) == generation:
                    keys.append((item["pk"], item["sk"]))
                    if item["sk"].startswith("user#contact#"):
                        address = address_member(scope, item["type"], item["value"], user_id)
                        keys.append((address["pk"], address["sk"]))
        self._table.delete_many(keys)

    def delete_remains(self, scope: Scope, user_id: str, until: datetime) -> bool:
        """Delete what there is of an id beside its user; see `nereid.ports.rights.PeopleStore`."""
        pk, last = user_key(scope, user_id), f"inbox#{to_iso(until)}~"
        values = {":pk": pk, ":first": "inbox#", ":last": last}
        found = self._table.query("pk = :pk AND sk BETWEEN :first AND :last", values, consistent=True)
        keys = [(item["pk"], item["sk"]) for item in found]
        anonymous_id = anonymous_id_of(user_id)
        if anonymous_id is not None and self.get(scope, user_id) is None:
            link = self._table.get(*link_key(scope, anonymous_id))
            keys += [(link["pk"], link["sk"])] if link is not None and link["user_id"] == user_id else []
        self._table.delete_many(keys)
        return bool(keys)

    def endpoints(self, scope: Scope, token: str) -> list[str]:
        """Return the endpoints of a push token, unless another user has it."""
        return [str(item["endpoint"]) for item in self._of_token(scope, token) if "endpoint" in item]

    def forget_token(self, scope: Scope, token: str) -> None:
        """Forget the registration and the endpoints of a push token, unless another user has it."""
        self._table.delete_many((item["pk"], item["sk"]) for item in self._of_token(scope, token))

    def _of_token(self, scope: Scope, token: str) -> list[Item]:
        if next(self._members(scope, "firebase_token", token), None) is not None:
            return []
        key = tenant(scope, "token", digest(token))
        return list(self._table.query("pk = :pk", {":pk": key}, consistent=True))

    def _unlink(self, scope: Scope, user_id: str, anonymous_id: str) -> None:
        """Delete the link of an anonymous id to a user, and the items that were not moved to the user yet."""
        link = self._table.get(*link_key(scope, anonymous_id))
        if link is None or link["user_id"] != user_id:
            return
        if "moving" in link:
            self.purge(scope, profile_id(anonymous_id), link["moving"])
        with suppress(ConditionFailed):  # turned to another user since
            self._table.delete(link["pk"], link["sk"], "user_id = :user_id", {":user_id": user_id})

    def page(self, scope: Scope, page: int, per_page: int) -> tuple[list[User], int]:
        first = (page - 1) * per_page
        total = self._count(scope)
        if first >= total:
            return [], total
        listings = [
            self._table.query(
                "directory = :directory",
                {":directory": _directory(scope, shard)},
                index="users",
                forward=False,
                # Each key has about its share of the users; some more, since another call takes longer than its keys.
                limit=min(2 * (first + per_page) // _LIST_SHARDS + 8, 1000),
            )
            for shard in range(_LIST_SHARDS)
        ]
        listed = heapq.merge(*listings, key=lambda item: str(item["directory_sort"]), reverse=True)
        keys = [(item["pk"], item["sk"]) for item in islice(listed, first, first + per_page)]
        found = self._table.get_many(keys)
        return [_to_user(found[key]) for key in keys if key in found], total

    def some(self, scope: Scope, limit: int) -> list[str]:
        found: list[str] = []
        for shard in range(_LIST_SHARDS):
            if len(found) < limit:
                directory = {":directory": _directory(scope, shard)}
                listed = self._table.query("directory = :directory", directory, index="users", limit=limit)
                found += [item["pk"].split("#", 3)[3] for item in islice(listed, limit - len(found))]
        return found

    def forget_counts(self, scope: Scope) -> None:
        self._table.delete_many(_count_key(scope, shard) for shard in range(_COUNT_SHARDS))

    def put_contact_info(self, scope: Scope, user: User | Owner, contact: ContactInfo, *, new: bool) -> None:
        generation: dict[str, Any] = {":generation": user.generation}
        if new:
            # Leftovers of a deleted user of this id do not count.
            item = contact_item(scope, user, contact)
            condition, values = "attribute_not_exists(pk) OR generation <> :generation", generation
        else:
            item = contact_item(scope, user, contact.model_copy(update={"version": contact.version + 1}))
            condition = "generation = :generation AND version = :version"
            values = {**generation, ":version": contact.version}
        there = self._table.requiring(item["pk"], "user", "generation = :generation", generation)
        if new and anonymous_id_of(user.user_id) is not None:
            # A profile that was read without contact infos expires, unless its version tells that it was given one.
            there = self._table.updating(
                item["pk"], "user", "ADD version :one", {**generation, ":one": 1}, condition="generation = :generation"
            )
        try:
            self._table.transact(
                there,
                self._table.writing(item, condition, values),
                *(self._table.writing(each) for each in address_items(scope, user.user_id, contact)),
            )
        except ConditionFailed as error:
            if 0 in error.which:
                raise NotFound("user") from error
            raise (AlreadyExists("contact info") if new else Conflict) from error

    def holding(self, scope: Scope, type_: str, value: str) -> list[str]:
        holders = [member for form in forms(type_, value) for member in self._members(scope, type_, form)]
        in_order = sorted(holders, key=lambda item: (item["since"], item["sk"]))
        return list(map(_member, in_order))

    def _members(self, scope: Scope, type_: str, value: str) -> Iterator[Item]:
        return self._table.query("pk = :pk", {":pk": address_key(scope, type_, value)}, consistent=True)

    def address_stamp(self, scope: Scope, type_: str, value: str) -> str | None:
        item = self._table.get(_stamp_key(scope, type_, value), "stamp")
        return str(item["stamp"]) if item else None

    def create_with_contact(self, scope: Scope, user: User, contact: ContactInfo, stamp: str | None) -> None:
        transact_or_conflict(
            self._table,
            self._table.writing(_user_item(scope, user), "attribute_not_exists(pk)"),
            self._counting(scope, user.user_id, 1),
            *adding_contact(self._table, scope, user, contact, stamp),
        )

    def delete_contact_info(self, scope: Scope, user: User | Owner, contact: ContactInfo) -> None:
        with suppress(ConditionFailed):  # a later user of this id has it
            self._table.transact(*self.removing(scope, user, [contact]))

    def _delete_leftovers(self, scope: Scope, user: User) -> None:
        for item in list(self.collection(scope, user.user_id, "user#contact#")):
            if item["generation"] == user.generation:
                self.delete_contact_info(scope, user, to_contact(item))
        devices = self.collection(scope, user.user_id, "user#device#")
        self._table.delete_many([(item["pk"], item["sk"]) for item in devices if item["generation"] == user.generation])

    def collection(self, scope: Scope, user_id: str, prefix: str) -> Iterator[Item]:
        """Yield the items of a user whose sort key begins with a prefix."""
        values = {":pk": user_key(scope, user_id), ":prefix": prefix}
        return self._table.query("pk = :pk AND begins_with(sk, :prefix)", values, consistent=True)

    def creating(self, scope: Scope, user: User) -> list[Item]:
        """Return the parts of a transaction that store a new user."""
        return [
            self._table.writing(_user_item(scope, user), "attribute_not_exists(pk)"),
            self._counting(scope, user.user_id, 1),
        ]

    def saving(self, scope: Scope, user: User) -> Item:
        """Return the part of a transaction that stores a user read before, as :meth:`update` does."""
        changed = user.model_copy(update={"version": user.version + 1})
        values = {":version": user.version, ":generation": user.generation}
        return self._table.writing(
            _user_item(scope, changed), "version = :version AND generation = :generation", values
        )

    def succeeding(self, scope: Scope, profile: User, user: User, *, is_new: bool) -> list[Item]:
        """Return the parts of a transaction that store a user in the place of a profile, whose record is deleted."""
        record, uncounting = self.vanishing(scope, profile)
        if not is_new:
            return [record, self.saving(scope, user), uncounting]
        writes = [record, self._table.writing(_user_item(scope, user), "attribute_not_exists(pk)")]
        # A transaction may name an item once, and the two may be counted on the same one.
        if _shard(user.user_id) != _shard(profile.user_id):
            writes += [self._counting(scope, user.user_id, 1), uncounting]
        return writes

    def vanishing(self, scope: Scope, user: User) -> list[Item]:
        """Return the parts of a transaction that delete the record of a user read before, and count it no longer."""
        values = {":version": user.version, ":generation": user.generation}
        condition = "version = :version AND generation = :generation"
        return [
            self._table.deleting(user_key(scope, user.user_id), "user", condition, values),
            self._counting(scope, user.user_id, -1),
        ]

    def putting(self, scope: Scope, user: User, contacts: Sequence[ContactInfo]) -> list[Item]:
        """Return the parts of a transaction that add contact infos, or replace those with which the user was read."""
        writes = []
        for contact in contacts:
            known = user.contact_info(*contact.key)
            condition = "attribute_not_exists(pk) OR generation <> :generation"
            values: dict[str, Any] = {":generation": user.generation}
            item = contact_item(scope, user, contact)
            if known is not None:
                condition = "generation = :generation AND version = :version"
                values[":version"] = known.version
                item["version"] = known.version + 1
            writes.append(self._table.writing(item, condition, values))
            writes += [self._table.writing(each) for each in address_items(scope, user.user_id, contact)]
        return writes

    def removing(self, scope: Scope, user: User | Owner, contacts: Sequence[ContactInfo]) -> list[Item]:
        """Return the parts of a transaction that delete contact infos."""
        writes = []
        for contact in contacts:
            item = contact_item(scope, user, contact)
            address = address_member(scope, contact.type, contact.value, user.user_id)
            # One that a later user of this id has added is not this user's.
            own = "attribute_not_exists(pk) OR generation = :generation"
            writes.append(self._table.deleting(item["pk"], item["sk"], own, {":generation": user.generation}))
            writes.append(self._table.deleting(address["pk"], address["sk"]))
        return writes

    def _counting(self, scope: Scope, user_id: str, change: int) -> Item:
        return self._table.updating(*_count_key(scope, _shard(user_id)), "ADD how_many :change", {":change": change})

    def _count(self, scope: Scope) -> int:
        # As consistent as the listing that it is the total of, which an index gives.
        shards = self._table.get_many([_count_key(scope, shard) for shard in range(_COUNT_SHARDS)], consistent=False)
        return sum(item["how_many"] for item in shards.values())


def user_key(scope: Scope, user_id: str) -> str:
    """Return the partition key of everything that belongs to a user."""
    return tenant(scope, "user", user_id)


def address_key(scope: Scope, type_: str, value: str) -> str:
    """Return the partition key of the owners of an address."""
    return tenant(scope, "address", type_, digest(stored_form(type_, value)))


def address_member(scope: Scope, type_: str, value: str, user_id: str) -> Item:
    """Return the key of the item that says that a user has an address; it holds a user_id too long for a key."""
    pk = address_key(scope, type_, value)
    if len(user_id.encode()) <= _SORT_BYTES:
        return {"pk": pk, "sk": user_id}
    return {"pk": pk, "sk": digest(user_id), "user_id": user_id}


def _member(item: Item) -> str:
    """Return the user that an item of :func:`address_member` names."""
    return str(item.get("user_id", item["sk"]))


def link_key(scope: Scope, anonymous_id: str) -> tuple[str, str]:
    """Return the key of the item that says which user an anonymous id reaches."""
    return tenant(scope, "anonymous", anonymous_id), "link"


def backlink_key(scope: Scope, anonymous_id: str, user_id: str) -> tuple[str, str]:
    """Return the key of the item beside a user that names an anonymous id which reaches it."""
    return user_key(scope, user_id), f"user#link#{digest(anonymous_id)}"


def profile_shard(anonymous_id: str) -> int:
    """Return which key of the index lists the link of an anonymous id to its profile."""
    return _shard(anonymous_id, PROFILE_SHARDS)


def profiles_directory(scope: Scope, shard: int) -> str:
    """Return a key of the index, which lists links to profiles by when these were used."""
    return tenant(scope, "profiles", str(shard))


def _count_key(scope: Scope, shard: int) -> tuple[str, str]:
    return tenant(scope, "counts", str(shard)), "users"


def _directory(scope: Scope, shard: int) -> str:
    return tenant(scope, "users", str(shard))


def _shard(user_id: str, of: int = _COUNT_SHARDS) -> int:
    return int(digest(user_id)[:8], 16) % of


def address_items(scope: Scope, user_id: str, contact: ContactInfo) -> list[Item]:
    """Return the items beside a contact info: the address's owner, and, for e-mail, the stamp of its newest owner.

    The stamp lets a write rest on "nobody has this address". It is of no use once the writes that may have read it
    are over, so it expires.
    """
    member = address_member(scope, contact.type, contact.value, user_id)
    items: list[Item] = [{**member, "since": to_exact_iso(contact.created_at)}]
    if contact.type == "email":
        items.append(
            {
                "pk": _stamp_key(scope, contact.type, contact.value),
                "sk": "stamp",
                "stamp": uuid.uuid4().hex,
                "expires_at": seconds(datetime.now(UTC) + timedelta(days=1)),
            }
        )
    return items


def adding_contact(table: Table, scope: Scope, user: User, contact: ContactInfo, stamp: str | None) -> list[Item]:
    """Return the parts of a transaction that give an e-mail address to a user, if nobody came to have it since."""
    address, new_stamp = address_items(scope, user.user_id, contact)
    unchanged = "attribute_not_exists(pk)" if stamp is None else "stamp = :stamp"
    return [
        table.writing(contact_item(scope, user, contact)),
        table.writing(address),
        table.writing(new_stamp, unchanged, {":stamp": stamp} if stamp else None),
    ]


def replacing(scope: Scope, user: User) -> tuple[Item, str, Item]:
    """Return the item, condition and values that write a user over the version that was read."""
    changed = user.model_copy(update={"version": user.version + 1})
    values = {":version": user.version, ":generation": user.generation}
    return _user_item(scope, changed), "version = :version AND generation = :generation", values


def transact_or_conflict(table: Table, *writes: Item) -> None:
    """Do all writes, or none and raise `Conflict` if a condition failed or others were writing the same."""
    try:
        table.transact_once(*writes)
    except (ConditionFailed, Contended) as error:
        raise Conflict from error


def to_user(item: Item) -> User:
    """Return the user in an item, without contact infos."""
    return _to_user(item)


def _stamp_key(scope: Scope, type_: str, value: str) -> str:
    return f"{address_key(scope, type_, value)}#stamp"


def _user_item(scope: Scope, user: User) -> Item:
    return {
        "pk": user_key(scope, user.user_id),
        "sk": "user",
        "user_id": user.user_id,
        "meta": jsontext.dumps(user.meta),
        "timezone": user.timezone,
        "locale": user.locale,
        "created_at": to_exact_iso(user.created_at),
        "updated_at": to_exact_iso(user.updated_at),
        "generation": user.generation,
        "version": user.version,
        "opens": user.opens or None,
        "announcement": user.announcement,
        "became_at": to_exact_iso(user.became_at) if user.became_at is not None else None,
        "directory": _directory(scope, _shard(user.user_id, _LIST_SHARDS)),
        "directory_sort": f"{to_exact_iso(user.created_at)}#{digest(user.user_id)}",
    }


def _to_user(item: Item, contacts: list[ContactInfo] | None = None) -> User:
    return User(
        user_id=item["user_id"],
        meta=jsontext.loads(item["meta"]),
        timezone=item.get("timezone"),
        locale=item.get("locale"),
        created_at=from_iso(item["created_at"]),
        updated_at=from_iso(item["updated_at"]),
        generation=item["generation"],
        version=item["version"],
        opens=item.get("opens", []),
        announcement=item.get("announcement"),
        became_at=from_iso(item["became_at"]) if item.get("became_at") else None,
        contact_infos=contacts or [],
    )


def contact_key(scope: Scope, user_id: str, type_: str, value: str) -> tuple[str, str]:
    """Return the key of a contact info under its user."""
    return user_key(scope, user_id), f"user#contact#{type_}#{digest(stored_form(type_, value))}"


def contact_item(scope: Scope, user: User | Owner, contact: ContactInfo) -> Item:
    """Return a contact info as it is stored under a user."""
    pk, sk = contact_key(scope, user.user_id, contact.type, contact.value)
    return {
        "pk": pk,
        "sk": sk,
        "type": contact.type,
        "value": contact.value,
        "filterable": contact.filterable,
        "meta": jsontext.dumps(contact.meta),
        "created_at": to_exact_iso(contact.created_at),
        "updated_at": to_exact_iso(contact.updated_at),
        "version": contact.version,
        "origin": contact.origin,
        "verified": contact.verified,
        "revived_at": to_exact_iso(contact.revived_at) if contact.revived_at else None,
        "generation": user.generation,
    }


def to_contact(item: Item) -> ContactInfo:
    """Return a contact info as it was stored."""
    fields: dict[str, Any] = {**item, "meta": jsontext.loads(item["meta"])}
    return ContactInfo.model_validate(fields)


def device_item(scope: Scope, user: User, device: Device) -> Item:
    """Return a device as it is stored under a user."""
    return {
        "pk": user_key(scope, user.user_id),
        "sk": f"user#device#{digest(device.device_id)}",
        "device": device.model_dump_json(),
        "generation": user.generation,
    }


def to_device(item: Item) -> Device:
    """Return a device as it was stored."""
    return Device.model_validate_json(item["device"])
