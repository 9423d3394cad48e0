"""An export of a user, as the management API shows it."""

from typing import Any

from nereid.clock import to_iso
from nereid.dialects.manage import frame as manage
from nereid.models.export import Export
from nereid.models.lead import Lead
from nereid.models.team import Environment
from nereid.models.user import AppNotification, ContactInfo, Device, User
from nereid.ports.messaging import StoredMessage


def export_object(environment: Environment, export: Export) -> dict[str, Any]:
    """Return a part of an export; the next one goes on with its cursor."""
    users = [export.user] if export.user else []
    return {
        "users": [_user(each) for each in users],
        "contacts": [_contact(each) for user in users for each in user.contact_infos],
        "devices": [_device(each) for each in export.devices],
        "inbox": [_notification(each) for each in export.inbox],
        "messages": [manage.message_object(environment, StoredMessage(*each)) for each in export.messages],
        "deliveries": [
            {"message_id": message_id, **manage.delivery_object(each)} for message_id, each in export.deliveries
        ],
        "leads": [_lead(each) for each in export.leads],
        "suppressions": [manage.suppression_object(each) for each in export.suppressions],
        "next_cursor": manage.encode_cursor(export.following),
    }


def _user(user: User) -> dict[str, Any]:
    return {
        "user_id": user.user_id,
        "meta": user.meta,
        "timezone": user.timezone,
        "locale": user.locale,
        "created_at": to_iso(user.created_at),
        "updated_at": to_iso(user.updated_at),
    }


def _contact(contact: ContactInfo) -> dict[str, Any]:
    return {
        "type": contact.type,
        "value": contact.value,
        "filterable": contact.filterable,
        "meta": contact.meta,
        "verified": contact.verified is not False,
        "created_at": to_iso(contact.created_at),
        "updated_at": to_iso(contact.updated_at),
    }


def _device(device: Device) -> dict[str, Any]:
    shown = device.model_dump(exclude={"created_at", "updated_at"})
    return {**shown, "created_at": to_iso(device.created_at), "updated_at": to_iso(device.updated_at)}


def _notification(notification: AppNotification) -> dict[str, Any]:
    shown = notification.model_dump(exclude_none=True, exclude={"read_at", "created_at", "expires_at"})
    moments = {name: getattr(notification, name) for name in ("read_at", "created_at", "expires_at")}
    return {**shown, **{name: to_iso(moment) if moment else None for name, moment in moments.items()}}


def _lead(lead: Lead) -> dict[str, Any]:
    shown = lead.model_dump(exclude={"created_at", "updated_at", "version", "campaigns"})
    dates = {"created_at": to_iso(lead.created_at), "updated_at": to_iso(lead.updated_at)}
    return {**shown, "campaigns": sorted(lead.campaigns), **dates}
