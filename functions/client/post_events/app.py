"""POST /api/client/events: ingest up to 1000 events."""

from functools import partial

from nereid.dialects.client import frame as client
from nereid.dialects.client import intake
from nereid.models.message import EventBatch
from nereid.runtime import runtime

runtime.prepare("credentials", "message_queue", models=[EventBatch])
handler = client.endpoint(runtime)(partial(intake.events, runtime))
