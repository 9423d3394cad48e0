"""A user after absorbing an anonymous profile: which of two records of the same thing stays."""

import uuid
from datetime import datetime

from nereid import jsontext
from nereid.models.user import MAX_META_BYTES, ContactInfo, Device, User


def renamed(profile: User, user_id: str, at: datetime) -> User:
    """Return the profile as the user that it becomes at a moment, where there is no such user yet."""
    made = {"user_id": user_id, "generation": uuid.uuid4().hex, "version": 1, "became_at": at}
    return profile.model_copy(update=made)


def combined(profile: User, user: User, now: datetime) -> User:
    """Return the user with the profile's data that the user lacks, as far as it fits into a record."""
    meta = dict(user.meta)
    for key, value in profile.meta.items():
        if key not in meta and jsontext.size({**meta, key: value}) <= MAX_META_BYTES:
            meta[key] = value
    changes = {
        "meta": meta,
        "timezone": user.timezone if user.timezone is not None else profile.timezone,
        "locale": user.locale if user.locale is not None else profile.locale,
        "opens": sorted({*user.opens, *profile.opens}),
        "updated_at": now,
    }
    return user.model_copy(update=changes)


class Merging:
    """Implements `nereid.ports.audience.Merging`."""

    def contact(self, user: User, arriving: ContactInfo) -> ContactInfo | None:
        """Return a contact info as it arrives at the user; None if the user's own of that address stays as it is.

        `identify` keeps one address of each type, so a moved one is no longer identify's if the user has one of those.
        """
        own = user.contact_info(arriving.type, arriving.value)
        if own is not None:
            is_proof = own.verified is False and arriving.verified is not False
            return own.model_copy(update={"verified": True}) if is_proof else None
        is_rival = arriving.origin == "identify" and any(
            own.origin == "identify" and own.type == arriving.type for own in user.contact_infos
        )
        return arriving.model_copy(update={"origin": "alias"}) if is_rival else arriving

    def device(self, own: Device | None, arriving: Device) -> Device:
        """Return the device that the user has then: its own of that id stays, if it has one.

        The profile may have taken the token of the user's own device, which so comes back.
        """
        return arriving if own is None else own.model_copy(update={"token": own.token or arriving.token})
