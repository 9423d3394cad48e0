"""PUT /api/client/notifications/{id}: mark an app notification as read."""

from functools import partial

from nereid.dialects.client import frame as client
from nereid.dialects.client import notifications
from nereid.runtime import runtime

handler = client.endpoint(runtime)(partial(notifications.read, runtime))
