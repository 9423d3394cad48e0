"""GET /api/client/notifications: list the unread app notifications of a user."""

from functools import partial

from nereid.dialects.client import frame as client
from nereid.dialects.client import notifications
from nereid.runtime import runtime

handler = client.endpoint(runtime)(partial(notifications.show, runtime))
