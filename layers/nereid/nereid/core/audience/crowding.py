"""Which device or address of a user has to go, where one more has no room."""

from collections.abc import Sequence

from nereid.models.user import ContactInfo, Device, User


def contact_of(user: User, device: Device) -> ContactInfo | None:
    """Return the contact info of a device's token; None if it has none, or the provider refused it."""
    return user.contact_info("firebase_token", device.token) if device.token is not None else None


def crowded_out(user: User, devices: Sequence[Device], newcomer: Device, *, verified: bool) -> Device | None:
    """Return the device that makes room for another; None if the other is the one that finds none.

    One that no push reaches goes first; then the one that was not registered for the longest time, of those that only
    a public key vouches for, then of all. A newcomer that no push reaches takes the room of such a one alone, and one
    that only a public key vouches for that of no verified one.
    """

    def rank(device: Device) -> tuple[bool, bool, float]:
        contact = contact_of(user, device)
        is_vouched = contact is not None and contact.verified is not False
        return contact is not None, is_vouched, device.updated_at.timestamp()

    def may_go(device: Device) -> bool:
        contact = contact_of(user, device)
        if contact is None:
            return True
        return newcomer.token is not None and (verified or not contact.verified)

    return min(filter(may_go, devices), key=rank, default=None)


def least_vouched(contacts: Sequence[ContactInfo]) -> ContactInfo | None:
    """Return the contact info that makes room for a verified one; None if no public key alone gave any.

    Else whoever has the app could fill a user's up, and keep out what the server gives.
    """
    unverified = [contact for contact in contacts if contact.verified is False]
    return min(unverified, key=lambda contact: contact.updated_at, default=None)
