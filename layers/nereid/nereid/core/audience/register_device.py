"""Register an installation of an app, with the push token that reaches it."""

import uuid
from dataclasses import dataclass

from nereid.contention import until_uncontested
from nereid.core.audience.client_identities import Identities
from nereid.errors import Conflict
from nereid.logs import logger
from nereid.models.operation import Who
from nereid.models.team import Scope
from nereid.models.user import MAX_CONTACT_INFOS, MAX_DEVICES, ContactInfo, Device, User
from nereid.ports.audience import DeviceChange, DeviceStore

ORIGIN = "device"


@dataclass(frozen=True)
class Devices:
    """Registers devices."""

    store: DeviceStore
    identities: Identities

    def register(self, scope: Scope, who: Who, device: Device) -> None:
        """Add a device to the user of the ids, or change the existing one.

        Its token becomes a contact info of this user and is taken from every other: a phone has one owner. The token
        that the device had before is forgotten; a device without a token keeps the one it has. Safe to repeat.

        Raises
        ------
        Unavailable
            If a store failed, or others kept writing the same users.
        """

        def attempt() -> None:
            user = self.identities.find_or_create(scope, who)
            loaded = self.identities.users.load(scope, user.user_id)
            if loaded is None:
                raise Conflict
            self._register(scope, loaded, device)

        until_uncontested("user", attempt)

    def _register(self, scope: Scope, user: User, device: Device) -> None:
        devices = self.store.devices(scope, user)
        known = _match(devices, device)
        if known is None and len(devices) >= MAX_DEVICES:
            logger.warning("device dropped: the user has as many as one can have", extra={"devices": len(devices)})
            return
        if known is not None:
            device = device.model_copy(update={"created_at": known.created_at})
        if device.token is None:
            self.store.save(scope, [_keeping_token(user, device, known)])
            return
        last = self.store.last_registration(scope, device.token)
        changes = [self._with_token(user, device, known, devices)]
        changes += [
            self._without_token(scope, holder, contact)
            for holder, contact in self.store.holders(scope, device.token)
            if holder.user_id != user.user_id
        ]
        now = self.identities.clock.now()
        self.store.save_with_token(scope, changes, device.token, uuid.uuid4().hex, last, now)

    def _with_token(self, user: User, device: Device, known: Device | None, devices: list[Device]) -> DeviceChange:
        """Return the change of the user that has the device and its token from now on."""
        assert device.token is not None
        change = _replacing(user, device, known)
        others = [other for other in devices if other is not known]
        bereft = [other for other in others if other.token == device.token]
        removed = []
        if known is not None and known.token != device.token and known.token not in {other.token for other in others}:
            old = user.contact_info("firebase_token", known.token) if known.token is not None else None
            removed = [old] if old else []
        contact = _contact(user, device)
        full = len(user.contact_infos) - len(removed) >= MAX_CONTACT_INFOS
        if full and user.contact_info(*contact.key) is None:
            logger.warning("token dropped: the user has as many contact infos as one can have")
            return change._replace(removed_contacts=removed)
        return change._replace(
            contacts=[contact],
            removed_contacts=removed,
            devices=[*change.devices, *(other.model_copy(update={"token": None}) for other in bereft)],
        )

    def _without_token(self, scope: Scope, holder: User, contact: ContactInfo) -> DeviceChange:
        """Return the change of another user that had the token."""
        bereft = [device for device in self.store.devices(scope, holder) if device.token == contact.value]
        return DeviceChange(
            holder,
            removed_contacts=[contact],
            devices=[device.model_copy(update={"token": None}) for device in bereft],
        )


def _match(devices: list[Device], device: Device) -> Device | None:
    """Return the device that is meant: the one with the same id, else the one with the same token."""
    same = next((each for each in devices if each.device_id == device.device_id), None)
    if same is None and device.token is not None:
        same = next((each for each in devices if each.token == device.token), None)
    return same


def _replacing(user: User, device: Device, known: Device | None) -> DeviceChange:
    renamed = known is not None and known.device_id != device.device_id
    return DeviceChange(user, devices=[device], removed_devices=[known] if known is not None and renamed else [])


def _keeping_token(user: User, device: Device, known: Device | None) -> DeviceChange:
    """Return the change of a user whose device was registered without a token.

    A contact info that is gone (the provider may have refused the token for good) does not come back by this.
    """
    if known is None or known.token is None:
        return _replacing(user, device, known)
    contact = user.contact_info("firebase_token", known.token)
    contacts = (
        [contact.model_copy(update={"filterable": device.os, "updated_at": device.updated_at})] if contact else []
    )
    return _replacing(user, device.model_copy(update={"token": known.token}), known)._replace(contacts=contacts)


def _contact(user: User, device: Device) -> ContactInfo:
    """Return the contact info of a device's token. A token that is registered anew may be revived again."""
    assert device.token is not None
    now = device.updated_at
    known = user.contact_info("firebase_token", device.token)
    if known is not None:
        changes = {"filterable": device.os, "origin": ORIGIN, "updated_at": now, "revived_at": None}
        return known.model_copy(update=changes)
    return ContactInfo(
        type="firebase_token",
        value=device.token,
        filterable=device.os,
        origin=ORIGIN,
        created_at=now,
        updated_at=now,
    )
