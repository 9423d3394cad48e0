"""Event types: the checks before a configuration is stored."""

from collections.abc import Sequence
from typing import Any

from nereid.core.messaging.email_checks import check_email, check_objects
from nereid.core.templates import links, render
from nereid.core.templates.mail_parts import is_literal
from nereid.core.time_limit import time_budget
from nereid.errors import Invalid
from nereid.models.event_type import (
    MAX_TEMPLATE_TEXT,
    AppTemplate,
    EmailTemplate,
    EventType,
    Notification,
    PushTemplate,
    SmsTemplate,
    Template,
)
from nereid.models.senders import REFUSED, Senders
from nereid.models.team import Scope
from nereid.ports.clock import Clock
from nereid.ports.messaging import EventTypeStore

#: How many seconds the templates of an event type may take to be parsed; a function has ten.
CHECK_SECONDS = 4

#: Names in the data of a push that FCM takes for itself, or with which it refuses a message.
#: Source: https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages#Message.FIELDS.data
_RESERVED, _RESERVED_BEGINNINGS = frozenset({"from", "message_type", "notification"}), ("google", "gcm")


def check_notifications(notifications: Sequence[Notification]) -> None:
    """Check what types cannot express: that names are unique and every template parses.

    Raises
    ------
    Invalid
        Naming the field, and for a template that does not parse its line.
    """
    with time_budget(CHECK_SECONDS):
        _check_notifications(notifications)


def _check_notifications(notifications: Sequence[Notification]) -> None:
    names = [notification.name for notification in notifications]
    for index, notification in enumerate(notifications):
        path = f"notifications[{index}]"
        if notification.name in names[:index]:
            raise Invalid({f"{path}.name": "must be unique in the event type"})
        if notification.when is not None:
            render.check_condition(f"{path}.when", notification.when)
        _check_template(f"{path}.template", notification.template)


def check_alone(notification: Notification, senders: Senders, bucket: str, team_id: str) -> None:
    """Check a notification that belongs to no event type as those of one are checked before they are stored.

    Raises
    ------
    Invalid
        Naming the field below `notification`, and for a template that does not parse its line.
    """
    try:
        check_notifications([notification])
        check_objects([notification], bucket, team_id)
        check_senders([notification], senders)
    except Invalid as error:
        problems = {
            field.replace("notifications[0]", "notification", 1): text for field, text in error.problems.items()
        }
        raise Invalid(problems, line=error.line) from error


def check_senders(notifications: Sequence[Notification], senders: Senders) -> None:
    """Check whom notifications are sent as; `Invalid` names each that the team may not use."""
    refused = {
        f"notifications[{index}].template.from": REFUSED
        for index, notification in enumerate(notifications)
        if isinstance(notification.template, EmailTemplate)
        and notification.template.from_ is not None
        and not senders.allow(notification.template.from_)
    }
    if refused:
        raise Invalid(refused)


def put_event_type(
    store: EventTypeStore,
    clock: Clock,
    scope: Scope,
    event_type: str,
    notifications: Sequence[Notification],
    *,
    public: bool | None = None,
    retain_data: bool | None = None,
    quota_times: int = 1,
) -> EventType:
    """Create or replace an event type as a whole; its notifications are checked before."""
    now = clock.now()
    return store.put(
        scope,
        EventType(
            event_type=event_type,
            environment=scope.environment,
            notifications=list(notifications),
            public=public,
            retain_data=retain_data,
            created_at=now,
            updated_at=now,
        ),
        quota_times,
    )


def _check_template(path: str, template: Template) -> None:
    match template:
        case EmailTemplate():
            check_email(path, template)
        case SmsTemplate():
            render.check_template(f"{path}.text", template.text)
            if is_literal(template.text) and len(template.text) > render.MAX_SMS:
                raise Invalid({f"{path}.text": f"must be {render.MAX_SMS} characters at most"})
        case AppTemplate() | PushTemplate():
            render.check_template(f"{path}.title", template.title)
            render.check_template(f"{path}.body", template.body)
            if isinstance(template, PushTemplate):
                _check_push(path, template)
            else:
                _check_app(path, template)
            _check_values(f"{path}.data", template.data)


def _check_app(path: str, template: AppTemplate) -> None:
    for name in ("html", "image", "action_url"):
        value = getattr(template, name)
        if value is not None:
            render.check_template(f"{path}.{name}", value, html=name == "html")
    if template.html is not None:
        render.check_links(f"{path}.html", template.html)
    _check_link(f"{path}.action_url", template.action_url)
    # Apps get it as one of their own values, and know no other name for where a notification leads.
    _check_link(f"{path}.data.action_url", (template.data or {}).get("action_url"))


def _check_link(path: str, value: Any) -> None:
    scheme = links.refused_scheme(links.fixed_beginning(value)) if isinstance(value, str) else None
    if scheme is not None:
        raise Invalid({path: f"must not begin with {scheme}:"})


def _check_push(path: str, template: PushTemplate) -> None:
    for name in ("sound", "badge", "channel", "collapse"):
        value = getattr(template, name)
        if isinstance(value, str):
            render.check_template(f"{path}.{name}", value)
    for key, value in (template.data or {}).items():
        if key in _RESERVED or key.startswith(_RESERVED_BEGINNINGS):
            raise Invalid({f"{path}.data.{key}": "is a name that FCM reserves"})
        if key == "aps" and not isinstance(value, dict):
            raise Invalid({f"{path}.data.aps": "must be an object"})


def _check_values(path: str, value: Any) -> None:
    if isinstance(value, str):
        if not 1 <= len(value) <= MAX_TEMPLATE_TEXT:
            raise Invalid({path: f"must be 1 to {MAX_TEMPLATE_TEXT} characters"})
        render.check_template(path, value)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_values(f"{path}.{key}", item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_values(f"{path}[{index}]", item)
