"""Devices in the audience table, beside the user's contact infos."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

from nereid.aws.audience.users import DynamoUserStore, device_item
from nereid.aws.table import Item, Table, digest, seconds, tenant
from nereid.models.team import Scope
from nereid.models.user import Device, User
from nereid.ports.audience import DeviceChange, TokenHolder

_TYPE = "firebase_token"
#: How long the mark of a token's last registration stands, in days; only registrations at the same moment need it.
_MARK_DAYS = 1


class DynamoDeviceStore:
    """Implements `nereid.ports.audience.DeviceStore`."""

    def __init__(self, table: Table, users: DynamoUserStore) -> None:
        self._table = table
        self._users = users

    def devices(self, scope: Scope, user: User) -> list[Device]:
        return self._users.devices(scope, user)

    def last_registration(self, scope: Scope, token: str) -> str | None:
        mark = self._table.get(*_mark_key(scope, token))
        return str(mark["registration"]) if mark else None

    def holding(self, scope: Scope, token: str, at_most: int) -> list[str]:
        return list(islice(self._users.owners(scope, _TYPE, token), at_most))

    def holder(self, scope: Scope, user_id: str, token: str) -> TokenHolder | None:
        found = self._users.load_with_devices(scope, user_id)
        if found is None:
            return None
        user, devices = found
        contact = user.contact_info(_TYPE, token)
        return TokenHolder(user, contact, [each for each in devices if each.token == token]) if contact else None

    def save(self, scope: Scope, changes: Sequence[DeviceChange]) -> None:
        self._users.write(*self._writes(scope, changes))

    def save_with_token(
        self,
        scope: Scope,
        changes: Sequence[DeviceChange],
        token: str,
        registration: str,
        after: str | None,
        now: datetime,
    ) -> None:
        pk, sk = _mark_key(scope, token)
        expires_at = seconds(now + timedelta(days=_MARK_DAYS))
        mark = {"pk": pk, "sk": sk, "registration": registration, "expires_at": expires_at}
        condition = "attribute_not_exists(pk)" if after is None else "registration = :after"
        values = None if after is None else {":after": after}
        self._users.write(self._table.writing(mark, condition, values), *self._writes(scope, changes))

    def _writes(self, scope: Scope, changes: Sequence[DeviceChange]) -> list[Item]:
        writes = []
        for change in changes:
            user = change.user
            writes.append(self._users.saving(scope, user))
            writes += self._users.putting(scope, user, change.contacts)
            writes += self._users.removing(scope, user, change.removed_contacts)
            writes += [self._table.writing(device_item(scope, user, device)) for device in change.devices]
            for device in change.removed_devices:
                item = device_item(scope, user, device)
                writes.append(self._table.deleting(item["pk"], item["sk"]))
        return writes


def _mark_key(scope: Scope, token: str) -> tuple[str, str]:
    return tenant(scope, "token", digest(token)), "registration"
