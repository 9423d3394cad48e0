"""Register an installation of an app, with the push token that reaches it."""

from collections.abc import Sequence
from dataclasses import dataclass

from nereid.contention import until_uncontested
from nereid.core.audience.client_identities import Identities
from nereid.core.audience.crowding import contact_of, crowded_out
from nereid.core.audience.token_owners import TokenOwners
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

    def register(
        self,
        scope: Scope,
        who: Who,
        device: Device,
        operation_id: str | None = None,
        *,
        verified: bool = True,
        may_take: bool = True,
    ) -> User:
        """Add a device to the user of the ids, or change the existing one; return the user as it was found.

        Its token becomes a contact info of this user and is taken from every other: a phone has one owner. The token
        that the device had before is forgotten; a device without a token keeps the one it has. Safe to repeat.

        Of a user with as many devices, or contact infos, as one can have, another device goes: see `crowding`.

        Parameters
        ----------
        verified
            Whether more than an app's public key says that the token is this user's.
        may_take
            Whether it takes the place of verified tokens, and is taken from who has it verified; if not, the device is
            registered without it then.

        Raises
        ------
        Unavailable
            If a store failed, others kept writing the same users, or more users had the token than one call takes
            it from.
        """

        def attempt() -> User:
            user = self.identities.find_or_create(scope, who, operation_id)
            loaded = self.identities.users.load(scope, user.user_id)
            if loaded is None:
                raise Conflict
            self._register(scope, loaded, device, verified=verified, may_take=may_take)
            return user

        return until_uncontested("user", attempt)

    def _register(self, scope: Scope, user: User, device: Device, *, verified: bool, may_take: bool) -> None:
        devices = self.store.devices(scope, user)
        known = _match(devices, device)
        if known is not None:
            device = device.model_copy(update={"created_at": known.created_at})
        tokens = TokenOwners(self.store, self.identities.clock)
        if device.token is not None and not may_take and tokens.has_another(scope, user.user_id, device.token):
            device = device.model_copy(update={"token": None})
        gone = []
        if known is None and len(devices) >= MAX_DEVICES:
            out = crowded_out(user, devices, device, verified=verified)
            if out is None:
                logger.warning("device dropped: the user has as many as one can have", extra={"devices": len(devices)})
                return
            gone.append(out)
        if device.token is None:
            self.store.save(scope, [_without(gone, user, _keeping_token(user, device, known))])
            return
        own = _with_token(user, device, known, devices, gone, verified=verified, may_take=may_take)
        tokens.give(scope, own, device.token)


def _with_token(
    user: User,
    device: Device,
    known: Device | None,
    devices: list[Device],
    gone: Sequence[Device],
    *,
    verified: bool,
    may_take: bool,
) -> DeviceChange:
    """Return the change of the user that has the device and its token from now on."""
    assert device.token is not None
    change = _without(gone, user, _replacing(user, device, known))
    others = [other for other in devices if other is not known and other not in gone]
    bereft = [other for other in others if other.token == device.token]
    old = contact_of(user, known) if known is not None and known.token != device.token else None
    if old is not None and old.value not in {other.token for other in others} and (may_take or old.verified is False):
        change = change._replace(removed_contacts=[*change.removed_contacts, old])
    contact = _contact(user, device, verified=verified)
    full = len(user.contact_infos) - len(change.removed_contacts) >= MAX_CONTACT_INFOS
    if full and user.contact_info(*contact.key) is None:
        reached = [other for other in others if contact_of(user, other) is not None]
        out = crowded_out(user, reached, device, verified=verified)
        if out is None:
            logger.warning("token dropped: the user has as many contact infos as one can have")
            return change
        change = _without([out], user, change)
    return change._replace(
        contacts=[contact],
        devices=[*change.devices, *(other.model_copy(update={"token": None}) for other in bereft)],
    )


def _without(gone: Sequence[Device], user: User, change: DeviceChange) -> DeviceChange:
    """Return a change that also removes devices, with the contact infos of their tokens."""
    contacts = [contact for contact in (contact_of(user, device) for device in gone) if contact is not None]
    return change._replace(
        removed_devices=[*change.removed_devices, *gone],
        removed_contacts=[*change.removed_contacts, *contacts],
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


def _contact(user: User, device: Device, *, verified: bool) -> ContactInfo:
    """Return the contact info of a device's token. A token that is registered anew may be revived again.

    What is verified stays so, whoever registers it again.
    """
    assert device.token is not None
    now = device.updated_at
    known = user.contact_info("firebase_token", device.token)
    if known is not None:
        changes = {"filterable": device.os, "origin": ORIGIN, "updated_at": now, "revived_at": None}
        return known.model_copy(update={**changes, "verified": verified or known.verified})
    return ContactInfo(
        type="firebase_token",
        value=device.token,
        filterable=device.os,
        origin=ORIGIN,
        verified=verified,
        created_at=now,
        updated_at=now,
    )
