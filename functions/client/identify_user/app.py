"""POST /api/client/identify: create or update a user with contact details and attributes."""

from functools import partial

from nereid.dialects.client import frame as client
from nereid.dialects.client import intake
from nereid.models.message import EventBatch
from nereid.runtime import runtime

runtime.prepare("credentials", "message_queue", models=[EventBatch])
handler = client.endpoint(runtime)(partial(intake.identify, runtime))
